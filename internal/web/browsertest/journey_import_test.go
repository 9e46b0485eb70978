package browsertest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry"
)

// TestJourneyImport is the import of journey 14: an administrator on a fresh system loads firms, then projects with seventeen mistakes, mends them, and everything is there.
func TestJourneyImport(t *testing.T) {
	f := started(t, 1)
	if err := f.Appoint(context.Background(), "administrator", "刘建华", policy.Appointment{Role: "administrator", Scopes: []string{policy.County}}); err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.Register.Run(running, func(err error) { t.Error(err) })
	}()
	defer func() { stop(); <-ended }()
	tb := newTab(t, browser(t))
	signIn(t, tb, f, "administrator", Password)
	// upload sends a workbook to its dry run and tells how many cells are wrong.
	upload := func(kind registry.ImportKind, name string, data []byte, err error) int {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		tb.open(t, f.Base+"/register/imports?kind="+string(kind), 1440, 900)
		tb.do(t, chromedp.SetUploadFiles("#file", []string{file}))
		tb.submitBelow(t)
		return value[int](t, tb, `document.querySelectorAll("td.late").length`)
	}
	var firms []registry.FirmLine
	for i, code := range []string{"91350100M000100Y43", "91360428MA0TEYAT30", "91360428MA7XAMPL5W"} {
		firms = append(firms, registry.FirmLine{FirmInput: registry.FirmInput{Name: fmt.Sprintf("青瓦第%d物业服务有限公司", i+1), Code: code, Origin: registry.OriginMarket}})
	}
	data, err := report.Write(report.Firms().Filled(firms))
	if wrong := upload(registry.ImportFirms, "企业.xlsx", data, err); wrong != 0 {
		t.Fatalf("%d faults in the firms", wrong)
	}
	tb.imported(t)

	rows := make([]registry.ProjectLine, 17)
	for i := range rows {
		rows[i] = registry.ProjectLine{ProjectInput: registry.ProjectInput{Name: fmt.Sprintf("青瓦小区%d", i+1), Address: fmt.Sprintf("东风大道 %d 号", i+1), Households: 300, Kind: registry.KindCommodity, Area: num.FromInt(20000)}, CommunityName: "城东社区"}
	}
	// One mistake a row: an unknown division, no households, three decimals, no kind.
	spoiled := append([]registry.ProjectLine(nil), rows...)
	for i := range spoiled {
		switch i % 4 {
		case 0:
			spoiled[i].CommunityName = "没有的社区"
		case 1:
			spoiled[i].Households = 0
		case 2:
			spoiled[i].Area = num.MustParse("20000.125")
		case 3:
			spoiled[i].Kind = ""
		}
	}
	data, err = report.Write(report.Projects().Filled(spoiled))
	if wrong := upload(registry.ImportProjects, "小区.xlsx", data, err); wrong != 17 {
		t.Fatalf("%d faults are listed, want 17", wrong)
	}
	if found, err := f.Register.Projects(context.Background(), registerStaff, registry.ProjectQuery{}); err != nil || found.Count != 0 {
		t.Fatalf("a dry run wrote %d projects: %v", found.Count, err)
	}
	data, err = report.Write(report.Projects().Filled(rows))
	if wrong := upload(registry.ImportProjects, "小区.xlsx", data, err); wrong != 0 {
		t.Fatalf("%d faults are left", wrong)
	}
	tb.imported(t)
	if found, err := f.Register.Projects(context.Background(), registerStaff, registry.ProjectQuery{Text: "qwxq"}); err != nil || found.Count != len(rows) {
		t.Fatalf("%d projects were imported: %v", found.Count, err)
	}
	if wrong := upload(registry.ImportProjects, "小区.xlsx", data, nil); wrong != 0 || value[bool](t, tb, `!!document.querySelector("main form button")`) {
		t.Fatal("the same file again has something to import")
	}
}
