package web_test

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/internal/web/browsertest"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
	"redsteward/supervision/survey"
)

var mainOfPage = regexp.MustCompile(`(?s)<main.*</main>`)

// TestLookBack: the registers are opened as they were known, by who may see them now, and nothing can be done there.
func TestLookBack(t *testing.T) {
	var days atomic.Int64
	begun := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	now := func() time.Time { return begun.AddDate(0, 0, int(days.Load())) }
	f := browsertest.Serve(t, engine(t), browsertest.FixtureClocks(now).Business, func(ctx context.Context, db *store.DB) (*browsertest.Fixture, error) {
		return browsertest.Start(ctx, db, now, readConfig(t, "roles.conf"), readConfig(t, "roles.csv"), 3)
	})
	firm, project := fill(t, f)
	first := f.Register.Today()
	ctx := context.Background()
	paper := map[string]string{"number": "都住建发〔2026〕2号", "title": "物业服务管理办法（试行）", "open": "yes"}
	paperID, err := f.Stations.Books.CreateEntry(ctx, clerk, registry.BookPapers, "", paper)
	if err != nil {
		t.Fatal(err)
	}
	early, err := f.Reported(ctx, project, "收费没有公示")
	if err != nil {
		t.Fatal(err)
	}
	runs := policy.Actor{ID: "a-officer", Appointments: []policy.Appointment{{Role: "property_officer", Scopes: []string{policy.County}}}}
	asked, err := f.Surveys.Prepare(ctx, runs, survey.Plan{Project: project, By: survey.ByCode, Frame: []survey.Block{{Name: "1幢", Households: 60}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	days.Store(3)
	if _, err := f.Surveys.Open(ctx, runs, supervision.At{ID: asked.ID, Seq: asked.Seq}); err != nil {
		t.Fatal(err)
	}
	second, err := f.Reported(ctx, project, "多收了一个月")
	if err != nil {
		t.Fatal(err)
	}
	paper["title"] = "物业服务管理办法"
	if err := f.Stations.Books.ChangeEntry(ctx, clerk, paperID, 1, paper); err != nil {
		t.Fatal(err)
	}
	if err := f.Register.ChangeProject(ctx, clerk, project, 2, registry.ProjectInput{Name: "望湖新苑", Address: "东风大道 8 号", Community: cityEast, Households: 1200, Kind: registry.KindCommodity}); err != nil {
		t.Fatal(err)
	}
	if err := f.Register.ChangeFirm(ctx, clerk, firm, 1, registry.FirmInput{Name: "赣北新物业有限公司", Code: codeOne, Origin: registry.OriginMarket}); err != nil {
		t.Fatal(err)
	}
	later, err := f.Register.CreateProject(ctx, clerk, registry.ProjectInput{Name: "芝城花园", Address: "东风大道 9 号", Community: cityEast, Households: 20, Kind: registry.KindCommodity})
	if err != nil {
		t.Fatal(err)
	}
	days.Store(4)
	staff(t, f, firm)
	known := "?known=" + first.String()
	projectPage, firmPage := "/register/projects/"+project, "/register/firms/"+firm
	before, err := f.DB.Engine().LastN(ctx)
	if err != nil {
		t.Fatal(err)
	}
	people := map[string]*person{}
	banner := "回看：这一页是" + first.Chinese()
	for _, s := range []scenario{
		{name: "now", role: "officer", path: "/register/projects", status: 200, contains: []string{"望湖新苑", "芝城花园", "回看某天登记的内容"}, excludes: []string{"回看：这一页"}},
		{name: "list", role: "officer", path: "/register/projects" + known, status: 200, contains: []string{banner, "望湖苑", "1,164", "赣北物业服务有限公司", "共 1 个", projectPage + known, `name="known" value="` + first.String()},
			excludes: []string{"望湖新苑", "芝城花园", "登记小区</a>", "Excel 导入</a></div>"}},
		{name: "filter by the old name", role: "officer", path: "/register/projects" + known + "&q=why", status: 200, contains: []string{"望湖苑"}},
		{name: "filter by the new name", role: "officer", path: "/register/projects" + known + "&q=whxy", status: 200, contains: []string{"没有符合条件的小区"}},
		{name: "project", role: "officer", path: projectPage + known, status: 200, contains: []string{banner, "望湖苑", "生效中"}, excludes: []string{"望湖新苑", "修改登记", "登记合同", "/edit"}},
		{name: "project that came later", role: "officer", path: "/register/projects/" + later + known, status: 404},
		{name: "firm", role: "officer", path: firmPage + known, status: 200, contains: []string{banner, "赣北物业服务有限公司", "张小敏", "13812345678"}, excludes: []string{"赣北新物业", "修改登记"}},
		{name: "dossier", role: "officer", path: projectPage + "/dossier" + known, status: 200, contains: []string{banner, "望湖苑一小区一档", "1,164", "赣北物业服务有限公司"}, excludes: []string{"望湖新苑", "1,200", "赣北新物业", `id="stars"`}},
		{name: "dossier of the firm", role: "officer", path: firmPage + "/dossier" + known, status: 200, contains: []string{banner, "赣北物业服务有限公司一企一档", "望湖苑"}, excludes: []string{"望湖新苑", "赣北新物业"}},
		{name: "before the first record", role: "officer", path: "/register/projects?known=2026-01-01", status: 200, contains: []string{"还没有登记小区"}},
		{name: "in the own community", role: "secretary", path: projectPage + known, status: 200, contains: []string{"望湖苑"}},
		{name: "in another", role: "elsewhere", path: projectPage + known, status: 404},
		{name: "nor the list", role: "elsewhere", path: "/register/projects" + known, status: 200, excludes: []string{"望湖苑"}},
		{name: "as the firm", role: "firm", path: projectPage + known, status: 200, contains: []string{"望湖苑"}},
		{name: "policy papers", role: "officer", path: "/papers" + known, status: 200, contains: []string{banner, "物业服务管理办法（试行）"}, excludes: []string{"/papers/new"}},
		{name: "a policy paper", role: "officer", path: "/papers/" + paperID + known, status: 200, contains: []string{banner, "物业服务管理办法（试行）"}, excludes: []string{"/edit"}},
		{name: "policy papers for everybody are those of today", path: "/papers", status: 200, contains: []string{"物业服务管理办法"}, excludes: []string{"（试行）", "回看某天"}},
		{name: "and nobody outside looks back", path: "/papers" + known, status: 401},
		{name: "nor whoever may not read what is not open", role: "firm", path: "/papers" + known, status: 403},
		{name: "a book", role: "officer", path: "/books/rooms" + known, status: 200, contains: []string{banner}, excludes: []string{"/books/rooms/new"}},
		{name: "bookings of the day", role: "officer", path: "/stations/bookings" + known, status: 200, contains: []string{banner, first.Chinese()}},
		{name: "who approves, and who lacked", role: "admin", path: "/approvals" + known, status: 200, contains: []string{banner, "登记备案审批", "岗位的权限和流程文件是现在的", "“经办”要 1 名不同的人，现有 0 名能办"}},
		{name: "models are open", path: "/models", status: 200, excludes: []string{"回看某天"}},
		{name: "but nobody outside looks back at them", path: "/models" + known, status: 401},
		{name: "today", role: "officer", path: "/register/projects?known=" + f.Register.Today().String(), status: 422, contains: []string{"只能回看今天"}},
		{name: "no day", role: "officer", path: "/register/projects?known=gestern", status: 422, contains: []string{"回看的日期", "gestern"}},
		{name: "signed out", path: "/register/projects" + known, status: 401},
	} {
		s.run(t, f, people)
	}
	officer := people["officer"]
	a := officer.get(t, "/register/projects.xlsx"+known)
	read, err := report.ReadRegister(registry.ImportProjects, strings.NewReader(a.body))
	if name, _ := url.PathUnescape(a.Header.Get("Content-Disposition")); err != nil || len(read.Lines) != 1 || !strings.Contains(name, first.Chinese()) {
		t.Fatalf("Excel: %d lines, %s: %v", len(read.Lines), name, err)
	}
	// Every page of the registers that needs no id: it says the day, has nothing to send and no link to where something could be.
	seen := 0
	for _, r := range f.Server.Routes() {
		register := strings.HasPrefix(r.Path, "/register/") && r.Action == policy.ReadRegister
		beside := slices.Contains([]string{"/credit", "/marks", "/honours", "/party", "/stations", "/matters", "/matters/figures", "/matters/feedback", "/repairs", "/repairs/calls", "/surveys"}, r.Path)
		if r.Method != "GET" || !register && !beside || strings.Contains(r.Path, ":") || strings.HasSuffix(r.Path, ".xlsx") {
			continue
		}
		page := mainOfPage.FindString(officer.get(t, r.Path+known).body)
		if seen++; !strings.Contains(page, banner) || strings.Contains(page, `method="post"`) || strings.Contains(page, "/new") || strings.Contains(page, "/edit") {
			t.Errorf("%s:\n%s", r.Path, page)
		}
		for _, link := range regexp.MustCompile(`href="(/register/[^"]*)"`).FindAllStringSubmatch(page, -1) {
			if !strings.Contains(link[1], "known="+first.String()) && !strings.Contains(page, `href="`+link[1]+`" data-now`) {
				t.Errorf("%s links to %s", r.Path, link[1])
			}
		}
	}
	if seen < 10 {
		t.Fatalf("only %d pages seen", seen)
	}
	// A month later the duty roster opens at the month that is looked back to.
	days.Store(34)
	year, month, _ := first.Parts()
	scenario{name: "the roster", role: "officer", path: "/stations/duty" + known, status: 200, contains: []string{banner, fmt.Sprintf("%d年%d月值班表", year, month)}, excludes: []string{"换班</th>", "/stations/duty/plan"}}.run(t, f, map[string]*person{})
	// Days are counted from the day that is looked back to: the contract until 2026-12-31 had 73 days left on the first day, and has 39 now.
	late := map[string]*person{}
	for _, s := range []scenario{
		{name: "days left now", role: "officer", path: "/register/expiry?stage=60", status: 200, contains: []string{"还剩 39 日", "31–60 日"}},
		{name: "days left then", role: "officer", path: "/register/expiry" + known, status: 200, contains: []string{banner, "还剩 73 日"}, excludes: []string{"还剩 39 日"}},
		{name: "by the stage of then", role: "officer", path: "/register/expiry" + known + "&stage=60", status: 200, contains: []string{"没有符合条件的内容"}},
		{name: "matters now", role: "officer", path: "/matters", status: 200, contains: []string{"</svg>逾期</span>", "/matters/" + second.ID}},
		{name: "matters then: in time", role: "officer", path: "/matters" + known, status: 200, contains: []string{banner, "/matters/" + early.ID + known}, excludes: []string{"</svg>逾期</span>", second.ID}},
		{name: "a matter then", role: "officer", path: "/matters/" + early.ID + known, status: 200, contains: []string{banner, "收费没有公示"}},
		{name: "a matter that came later", role: "officer", path: "/matters/" + second.ID + known, status: 404},
		{name: "surveys now", role: "officer", path: "/surveys?state=open", status: 200, contains: []string{"调查中", "截止并汇总", "/surveys/" + asked.ID}},
		{name: "surveys then: not begun", role: "officer", path: "/surveys" + known, status: 200, contains: []string{banner, "待开始", "/surveys/" + asked.ID + known}, excludes: []string{"截止并汇总"}},
		{name: "a survey while it ran: nobody kept how many had answered", role: "officer", path: "/surveys/" + asked.ID + "?known=" + first.Add(5).String(), status: 200, contains: []string{"调查中", "社区发放通知单"}, excludes: []string{"已收答卷", "</svg>逾期</span>", "/close", "/slips", "/enter"}},
		{name: "its notice then", role: "officer", path: "/surveys/" + asked.ID + "/notice" + known, status: 200, contains: []string{first.Chinese()}},
		{name: "the board then", role: "officer", path: "/matters/figures" + known + "&period=2026", status: 200, contains: []string{banner}, excludes: []string{`href="/matters?period=2026"`}},
		{name: "at risk then", role: "officer", path: "/register/risk" + known, status: 200, contains: []string{"还剩 73 日"}, excludes: []string{"还剩 39 日"}},
	} {
		s.run(t, f, late)
	}
	if after, err := f.DB.Engine().LastN(ctx); err != nil || after != before {
		t.Fatalf("looking back wrote %d records: %v", after-before, err)
	}
}
