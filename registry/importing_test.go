package registry

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

func firmRow(row int64, name, code string) Line {
	return Line{Row: row, Firm: &FirmLine{FirmInput: firmOf(name, code)}}
}

func projectRow(row int64, name, town, community string) Line {
	return Line{Row: row, Project: &ProjectLine{ProjectInput: projectOf(name, ""), TownshipName: town, CommunityName: community}}
}

func contractRow(t testing.TB, row int64, project, community, code, from, until string) Line {
	in := contractOf(t, "", from, until)
	return Line{Row: row, Contract: &ContractLine{ContractInput: in, CommunityName: community, ProjectName: project, FirmCode: code}}
}

func fileOf(kind ImportKind, lines ...Line) File {
	return File{Kind: kind, Name: "登记.xlsx", Hash: strings.Repeat("0", 64), Lines: lines}
}

// said joins the faults of a dry run: “3 code 校验码应为…”.
func said(list []imports.LineFault) string {
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "%d %s %s\n", f.Row, f.Field, f.Message)
	}
	return b.String()
}

// codes makes valid codes.
func codes(n int) []string {
	out := make([]string, n)
	for i := range out {
		body := fmt.Sprintf("91360428MA%07d", i)
		out[i] = body + string(usccCheck(body))
	}
	return out
}

func (d *desk) dry(f File) imports.DryRun {
	d.t.Helper()
	run, err := d.DryImport(context.Background(), d.officer, f)
	if err != nil {
		d.t.Fatal(err)
	}
	return run
}

// imported takes a file through all steps and returns what became of it.
func (d *desk) imported(f File, onlyGood bool) imports.View {
	d.t.Helper()
	ctx := context.Background()
	id, err := d.AcceptImport(ctx, d.officer, d.dry(f).Draft, onlyGood)
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.RunImports(ctx); err != nil {
		d.t.Fatal(err)
	}
	v, err := d.OneImport(ctx, d.officer, id)
	if err != nil || v.State != imports.Done || v.Done != v.Lines {
		d.t.Fatalf("%+v %v", v, err)
	}
	return v
}

func TestImportTypes(t *testing.T) {
	for name, check := range map[string]struct {
		err    error
		fields []string
	}{
		"import":      {store.CheckType[imports.Import](), store.FieldNames[imports.Import]()},
		"import-line": {store.CheckType[storedLine](), store.FieldNames[storedLine]()},
	} {
		golden, err := os.ReadFile("testdata/" + name + ".fields")
		if got := strings.Join(check.fields, "\n") + "\n"; check.err != nil || err != nil || got != string(golden) {
			t.Errorf("%s: %v %v\n%s", name, check.err, err, got)
		}
	}
}

func TestDryImport(t *testing.T) {
	d := newDesk(t)
	d.firm("赣北物业服务有限公司", codeOne)
	id := d.project("望湖苑", east)
	d.contract(id, contractOf(t, d.firm("长岭物业服务有限公司", codeThree), "2026-01-01", "2026-12-31"))
	withParty := firmRow(9, "安居物业服务有限公司", codeTwo)
	withParty.Firm.Party = Party{Members: 3}
	inBody := projectRow(9, "东湖花园", "都昌镇", "东湖社区")
	inBody.Project.Body = Body{Days: span(t, "2026-01-01", "")}
	for _, tt := range []struct {
		name                         string
		file                         File
		fresh, changed, same, faulty int64
		said                         []string
	}{
		{"firms", fileOf(ImportFirms, firmRow(2, "赣北物业服务有限公司", codeOne), firmRow(3, "安居物业服务有限公司", codeTwo), firmRow(4, "又一家物业公司", codeTwo), firmRow(5, "错码物业公司", "91350100M000100Y42"), withParty),
			1, 0, 1, 3, []string{"4  与第 3 行重复", "5 code 校验码应为 3", "9 form 填了党员人数"}},
		{"a firm that is corrected", fileOf(ImportFirms, firmRow(2, "赣北物业有限公司", codeOne)), 0, 1, 0, 0, nil},
		{"projects", fileOf(ImportProjects, projectRow(2, "望湖苑", "", "城东社区"), projectRow(3, "芝城花园", "都昌镇", "城东居委会"), projectRow(4, "安居苑", "", east), projectRow(5, "无名小区", "都昌镇", "城南社区"),
			projectRow(6, "无名小区", "城关镇", "城东社区"), projectRow(7, " ", "", ""), inBody),
			2, 0, 1, 4, []string{"5 community 都昌镇没有名为“城南社区”的社区（村）", "6 township 没有名为“城关镇”的乡镇", "7 community 请填写社区（村）", "7 name 请填写小区名称", "9 body 填了任期"}},
		{"contracts", fileOf(ImportContracts, contractRow(t, 2, "望湖苑", "城东社区", codeThree, "2026-01-01", "2026-12-31"), contractRow(t, 3, "望湖苑", "城东社区", codeOne, "2027-01-01", ""),
			contractRow(t, 4, "望湖苑", "城东社区", codeThree, "2028-01-01", ""), contractRow(t, 5, "望湖苑", "城东社区", codeOne, "2026-12-31", ""), contractRow(t, 6, "没有", "城东社区", codeTwo, "2026-12-31", "2026-01-01")),
			1, 0, 1, 3, []string{"4 from 与“赣北物业服务有限公司”2027年1月1日起的合同有重叠", "5 from 与“长岭物业服务有限公司”2026年1月1日至2026年12月31日", "6 project 城东社区没有登记名为“没有”的小区", "6 firm 没有登记统一社会信用代码为 " + codeTwo, "6 until 截止日"}},
		{"rows that could not be read", File{Kind: ImportFirms, Lines: []Line{firmRow(2, "安居物业服务有限公司", "1")}, Unread: []imports.LineFault{{Row: 3, Field: "form", Message: "x"}, {Row: 3, Field: "from", Message: "y"}}}, 0, 0, 0, 2, []string{"2 code", "3 form x"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := d.records()
			run := d.dry(tt.file)
			if run.New != tt.fresh || run.Changed != tt.changed || run.Same != tt.same || run.Faulty != tt.faulty || (run.Draft == "") != (tt.fresh+tt.changed == 0) {
				t.Errorf("%+v", run)
			}
			if !slices.IsSortedFunc(run.Faults, func(a, b imports.LineFault) int { return int(a.Row - b.Row) }) {
				t.Errorf("faults are not in the order of the sheet: %+v", run.Faults)
			}
			got := said(run.Faults)
			for _, part := range tt.said {
				if !strings.Contains(got, part) {
					t.Errorf("%q is not said:\n%s", part, got)
				}
			}
			if strings.Contains(got, chooseCommunity) {
				t.Errorf("said twice:\n%s", got)
			}
			if d.records() != before {
				t.Error("a dry run wrote to the journal")
			}
		})
	}
	dry := func(by policy.Actor, f File) func() error {
		return func() error { _, err := d.DryImport(t.Context(), by, f); return err }
	}
	d.refused("no right", fault.Forbidden, dry(person("community_secretary", "c:"+east), fileOf(ImportFirms, firmRow(2, "甲", codeOne))))
	d.refused("no rows", fault.Invalid, dry(d.officer, fileOf(ImportFirms)), "没有数据行")
	d.refused("no kind", fault.Invalid, dry(d.officer, fileOf("x", firmRow(2, "甲", codeOne))))
	d.refused("too many", fault.Invalid, dry(d.officer, fileOf(ImportFirms, make([]Line, imports.MaxLines+1)...)), "20001 行")
	// An officer of one township may import what lies there, and nothing else exists for him.
	local := person("property_officer", "t:360428101000")
	run, err := d.DryImport(t.Context(), local, fileOf(ImportProjects, projectRow(2, "棠荫新村", "周溪镇", "棠荫村"), projectRow(3, "望湖苑", "都昌镇", "城东社区")))
	if err != nil || run.New != 1 || run.Faulty != 1 || !strings.Contains(said(run.Faults), "3 community 没有名为“城东社区”的社区（村）") {
		t.Errorf("%+v %v", run, err)
	}
}

func TestImportTwiceIsOnce(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	firms := fileOf(ImportFirms, firmRow(2, "赣北物业服务有限公司", codeOne), firmRow(3, "安居物业服务有限公司", codeTwo), firmRow(4, "错码物业公司", "1"))
	firms.Lines[0].Firm.Party = Party{Form: PartyOwn, Members: 5, Days: span(t, "2026-01-01", "")}
	run := d.dry(firms)
	d.refused("with faults", fault.Conflict, func() error { _, err := d.AcceptImport(ctx, d.officer, run.Draft, false); return err }, "还有 1 行有错")
	d.refused("somebody else's dry run", fault.NotFound, func() error {
		_, err := d.AcceptImport(ctx, person("section_chief", policy.County), run.Draft, true)
		return err
	}, "重新上传")
	d.refused("no right", fault.Forbidden, func() error {
		_, err := d.AcceptImport(ctx, person("director", policy.County), run.Draft, true)
		return err
	})
	id, err := d.AcceptImport(ctx, d.officer, run.Draft, true)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := d.OneImport(ctx, d.officer, id); err != nil || v.State != imports.Accepted || v.Done != 0 || v.Lines != 2 || v.Faulty != 1 {
		t.Fatalf("%+v %v", v, err)
	}
	before := d.records()
	if again, err := d.AcceptImport(ctx, d.officer, run.Draft, true); err != nil || again != id || d.records() != before {
		t.Fatal("accepted twice", again, err, d.records()-before)
	}
	if n, err := d.RunImports(ctx); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	if n, err := d.RunImports(ctx); err != nil || n != 0 {
		t.Fatal(n, err)
	}
	v, err := d.OneImport(ctx, d.officer, id)
	if err != nil || v.State != imports.Done || v.Created != 2 || v.Changed+v.Unchanged+v.Failed != 0 {
		t.Fatalf("%+v %v", v, err)
	}
	d.refused("the same dry run again", fault.Conflict, func() error { _, err := d.AcceptImport(ctx, d.officer, run.Draft, true); return err }, "没有要导入的行")
	if again := d.dry(firms); again.New+again.Changed != 0 || again.Same != 2 || again.Draft != "" {
		t.Errorf("%+v", again)
	}
	// What a person changed since is seen as a change, and the row brings it back.
	page, err := d.Firms(ctx, d.officer, FirmQuery{Text: codeOne})
	if err != nil || len(page.Rows) != 1 || page.Rows[0].Party.Members != 5 {
		t.Fatal(page, err)
	}
	if err := d.ChangeFirm(ctx, d.officer, page.Rows[0].ID, page.Rows[0].Seq, firmOf("赣北物业集团", codeOne)); err != nil {
		t.Fatal(err)
	}
	if v := d.imported(firms, true); v.Changed != 1 || v.Created != 0 || v.Same != 1 {
		t.Errorf("%+v", v)
	}
	list, err := d.Imports(ctx, d.officer)
	if err != nil || len(list) != 2 {
		t.Error(list, err)
	}
}

func TestImportAllKinds(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	project := projectRow(2, "望湖苑", "都昌镇", "城东社区")
	project.Project.Body = Body{Kind: BodyCommittee, Days: span(t, "2024-05-01", "2029-04-30")}
	if v := d.imported(fileOf(ImportFirms, firmRow(2, "赣北物业服务有限公司", codeOne)), false); v.Created != 1 {
		t.Fatalf("%+v", v)
	}
	if v := d.imported(fileOf(ImportProjects, project), false); v.Created != 1 {
		t.Fatalf("%+v", v)
	}
	contracts := fileOf(ImportContracts, contractRow(t, 2, "望湖苑", "城东社区", codeOne, "2024-01-01", "2025-12-31"), contractRow(t, 3, "望湖苑", "城东社区", codeOne, "2026-01-01", ""))
	if v := d.imported(contracts, false); v.Created != 2 {
		t.Fatalf("%+v", v)
	}
	page, err := d.Projects(ctx, d.officer, ProjectQuery{})
	if err != nil || len(page.Rows) != 1 || page.Rows[0].FirmName != "赣北物业服务有限公司" || page.Rows[0].Body.Kind != BodyCommittee || len(page.Rows[0].Project.Contracts) != 2 {
		t.Fatalf("%+v %v", page, err)
	}
	contracts.Lines[1].Contract.Fee = 150
	if v := d.imported(contracts, false); v.Changed != 1 || v.Same != 1 {
		t.Fatalf("%+v", v)
	}
}

// TestCutOffImportIsCompleted: wherever a run stops, the next one completes it, and nothing is doubled or lost.
func TestCutOffImportIsCompleted(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	const n = 40
	var lines []Line
	for i, code := range codes(n) {
		lines = append(lines, firmRow(int64(i+2), fmt.Sprintf("第%d物业服务公司", i), code))
	}
	id, err := d.AcceptImport(ctx, d.officer, d.dry(fileOf(ImportFirms, lines...)).Draft, false)
	if err != nil {
		t.Fatal(err)
	}
	// A run that died after some lines, and in one of them between the claim and the firm.
	meta := store.Meta{By: d.officer.ID, Action: "register.import"}
	for _, n := range []int64{1, 2, 7, 30} {
		step, err := d.Service.checker().look(ctx, storedLine{Line: lines[n-1]})
		if err != nil || step.Outcome != imports.New {
			t.Fatal(step, err)
		}
		done := meta
		done.Cause = d.imports.LineCause(id, n)
		if err := step.Do(ctx, done, journal.DerivedID(done.Cause)); err != nil {
			t.Fatal(err)
		}
	}
	if err := claimCode(ctx, d.Register, d.coded(), meta, USCC(lines[4].Firm.Code), journal.DerivedID(d.imports.LineCause(id, 5))); err != nil {
		t.Fatal(err)
	}
	// Runs that are stopped after a while, until one gets through.
	runs := 0
	for v := (imports.View{}); v.State != imports.Done; runs++ {
		limit, cancel := context.WithTimeout(ctx, time.Millisecond<<min(runs, 16))
		if _, err := d.RunImports(limit); err != nil && limit.Err() == nil {
			t.Fatal(err)
		}
		cancel()
		if v, err = d.OneImport(ctx, d.officer, id); err != nil {
			t.Fatal(err)
		}
	}
	if v, err := d.OneImport(ctx, d.officer, id); err != nil || v.Created != n || v.Failed != 0 {
		t.Fatalf("after %d runs: %+v %v", runs, v, err)
	}
	page, err := d.Firms(ctx, d.officer, FirmQuery{})
	if err != nil || page.Count != n {
		t.Fatal(page.Count, err)
	}
	for doc, err := range d.firms.Each(ctx) {
		if err != nil || doc.Seq != 1 {
			t.Fatalf("%s was written %d times %v", doc.State.Name, doc.Seq, err)
		}
	}
}

// TestLineRefusedAfterTheDryRun: what the register refuses in the end is a result of that line; the others go through.
func TestLineRefusedAfterTheDryRun(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	firm, id := d.firm("赣北物业服务有限公司", codeOne), d.project("望湖苑", east)
	d.project("芝城花园", east)
	other := d.firm("安居物业服务有限公司", codeTwo)
	f := fileOf(ImportContracts, contractRow(t, 2, "望湖苑", "城东社区", codeOne, "2026-01-01", ""), contractRow(t, 3, "芝城花园", "城东社区", codeOne, "2026-01-01", ""))
	imp, err := d.AcceptImport(ctx, d.officer, d.dry(f).Draft, false)
	if err != nil {
		t.Fatal(err)
	}
	d.contract(id, contractOf(t, other, "2026-06-01", ""))
	if _, err := d.RunImports(ctx); err != nil {
		t.Fatal(err)
	}
	v, err := d.OneImport(ctx, d.officer, imp)
	if err != nil || v.Created != 1 || v.Failed != 1 || len(v.Failures) != 1 || v.Failures[0].Row != 2 || !strings.Contains(v.Failures[0].Message, "安居物业服务有限公司") {
		t.Fatalf("%+v %v", v, err)
	}
	if spans, err := d.Spans(ctx, firm, id); err != nil || len(spans) != 0 {
		t.Error(spans, err)
	}
}

// TestRunIsWoken: Run applies what was accepted before it began and what is accepted while it waits, and ends with its context.
func TestRunIsWoken(t *testing.T) {
	d := newDesk(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	accept := func(f File) string {
		id, err := d.AcceptImport(ctx, d.officer, d.dry(f).Draft, false)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	first := accept(fileOf(ImportFirms, firmRow(2, "赣北物业服务有限公司", codeOne)))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d.Run(ctx, func(err error) { t.Error(err) })
	}()
	second := accept(fileOf(ImportFirms, firmRow(2, "安居物业服务有限公司", codeTwo)))
	for _, id := range []string{first, second} { // how long that may take is for go test to say
		for {
			v, err := d.OneImport(ctx, d.officer, id)
			if err != nil {
				t.Fatal(err)
			}
			if v.State == imports.Done {
				break
			}
		}
	}
	stop()
	<-ended
}

// TestNobodyElsesImport: while another process holds the work, RunImports leaves it alone.
func TestNobodyElsesImport(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	if _, err := d.AcceptImport(ctx, d.officer, d.dry(fileOf(ImportFirms, firmRow(2, "赣北物业服务有限公司", codeOne))).Draft, false); err != nil {
		t.Fatal(err)
	}
	if err := d.db.Lease(ctx, "import-run", "other", time.Minute); err != nil {
		t.Fatal(err)
	}
	if n, err := d.RunImports(ctx); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if err := d.db.Unlease(ctx, "import-run", "other"); err != nil {
		t.Fatal(err)
	}
	if n, err := d.RunImports(ctx); n != 1 || err != nil {
		t.Fatal(n, err)
	}
}
