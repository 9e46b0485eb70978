package browsertest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/change"
	"redsteward/registry/owners"
)

// registerStaff is who fills the register of the tests.
var registerStaff = policy.Actor{ID: "clerk", Appointments: []policy.Appointment{{Role: "property_officer", Scopes: []string{policy.County}}}}

// fillRegister registers more than a page of projects, among them one with a hostile name, and two firms; and a developer; it returns one of each.
func fillRegister(t *testing.T, f *Fixture) (firm, developer, project string) {
	t.Helper()
	ctx := context.Background()
	day := func(text string) calendar.Date {
		d, err := calendar.ParseDate(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	firm, err := f.Register.CreateFirm(ctx, registerStaff, registry.FirmInput{Name: "赣北一盏灯物业服务有限公司", Code: "91350100M000100Y43", LegalPerson: "张小敏", Phone: "13812345678",
		Address: "都昌县都昌镇东风大道 128 号县总部经济大楼 A 座 1204 室", Origin: registry.OriginMarket})
	must(err)
	must(f.Register.SetParty(ctx, registerStaff, firm, 1, registry.Party{Form: registry.PartyInstructor, Members: 2, Office: "县住建局机关党委", Days: policy.Span{From: day("2025-01-01")}}))
	must(f.Register.SetParty(ctx, registerStaff, firm, 2, registry.Party{Form: registry.PartyOwn, Members: 5, Days: policy.Span{From: day("2026-07-01")}}))
	_, err = f.Register.CreateFirm(ctx, registerStaff, registry.FirmInput{Name: Hostile[:50], Code: "91360428MA0TEYAT30", Origin: registry.OriginState})
	must(err)
	developer, err = f.Register.CreateDeveloper(ctx, registerStaff, registry.DeveloperInput{Name: Hostile[:50], Code: "91360428MA7XAMPL5W", Contact: "王小红", Phone: "13912345678"})
	must(err)
	must(f.Register.SetStanding(ctx, registerStaff, developer, 1, registry.Standing{State: registry.StandingGone, From: day("2026-03-01"), Basis: Hostile[:40]}))
	admin := policy.Actor{ID: "admin", Appointments: []policy.Appointment{{Role: "administrator", Scopes: []string{policy.County}}}}
	const community = "360428100001"
	for n, name := range []string{"城东第一网格", "城东第二网格"} {
		must(f.Register.AddDivision(ctx, admin, fmt.Sprintf("%s-%02d", community, n+1), community, registry.DivisionInput{Name: name}))
	}
	must(f.Register.ChangeCode(ctx, admin, "360428100009", 1, registry.CodeChange{Code: "360428100040", From: day("2026-06-30"), Reason: "统计用区划代码调整"}))
	must(f.Register.CloseDivision(ctx, admin, community+"-01", 1, day("2026-06-30"), nil, "并入城东第二网格"))
	labels := sampleLabels(registry.PageSize + 3)
	for i := range labels {
		name := labels[i].Name
		if name == Hostile {
			name = Hostile[:30]
		}
		id, err := f.Register.CreateProject(ctx, registerStaff, registry.ProjectInput{Name: name, Address: fmt.Sprintf("都昌镇东风大道 %d 号", i+1), Community: community, Households: int64(120 + 31*i),
			Kind: registry.KindCommodity, Delivered: day("2015-06-30"), TakenOver: day("2015-07-01"), Developer: developer})
		must(err)
		if i%3 != 1 {
			until := day("2028-12-31")
			if i%5 == 0 {
				until = day("2026-12-31")
			}
			must(f.Register.AddContract(ctx, registerStaff, id, 1, registry.ContractInput{Firm: firm, Kind: registry.ContractChosen, Level: registry.LevelSecond, Fee: 125, Days: policy.Span{From: day("2024-01-01"), Until: until}}))
		}
		if i == 0 {
			project = id
			must(f.Register.AddContract(ctx, registerStaff, id, 2, registry.ContractInput{Firm: firm, Kind: registry.ContractEarly, Level: registry.LevelNone, Fee: 60, Days: policy.Span{From: day("2020-01-01"), Until: day("2023-12-31")}}))
			must(f.Register.SetBody(ctx, registerStaff, id, 3, registry.Body{Kind: registry.BodyCommittee, Days: policy.Span{From: day("2024-05-01"), Until: day("2029-04-30")}}))
			owners := registry.Owners{Area: num.MustParse("52000.5"), Heads: 400}
			_, err = f.Register.RecordVote(ctx, registerStaff, id, registry.VoteInput{Matter: registry.MatterCommonUse, Title: Hostile[:50], Notified: day("2026-09-10"), Held: day("2026-09-20"), All: owners, Joined: owners,
				Agreed: registry.Owners{Area: num.MustParse("100.5"), Heads: 2}})
			must(err)
			must(f.Register.PutPhase(ctx, registerStaff, id, 4, "", "一期"))
			must(f.Register.PutBuilding(ctx, registerStaff, id, 5, "", registry.BuildingInput{Name: "1幢", Phase: "ph1", Kind: registry.BuildingHigh, Floors: 18, Area: num.MustParse("9600.5"), Households: 72,
				Completed: day("2015-05-30"), Delivered: day("2015-06-30")}))
			must(f.Register.PutRoom(ctx, registerStaff, id, 6, "", registry.RoomInput{Kind: registry.RoomCommunity, Place: Hostile[:40], Area: num.MustParse("350.25"), HandedOver: day("2015-06-30")}))
			must(f.Register.PutRoom(ctx, registerStaff, id, 7, "", registry.RoomInput{Kind: registry.RoomService, Place: "1幢一层", Area: num.MustParse("120")}))
			must(f.Register.PutPaper(ctx, registerStaff, id, 8, "", registry.PaperInput{Kind: registry.PaperLift, Subject: Hostile[:20], Number: "TS0001", Days: policy.Span{From: day("2025-11-01"), Until: day("2026-10-31")}}))
		}
	}
	return firm, developer, project
}

// registerPages are the pages of the register for a firm, a developer, a project, a vote of its owners, a change of its firm and the founding of its owners' body.
func registerPages(firm, developer, project, vote, moved, body string) []opened {
	firmPage, developerPage, projectPage := "/register/firms/"+firm, "/register/developers/"+developer, "/register/projects/"+project
	return []opened{
		{"projects", "/register/projects", 200}, {"projects-found", "/register/projects?q=ty&served=ending&sort=households&desc=1", 200}, {"projects-none", "/register/projects?q=zzz", 200},
		{"project", projectPage, 200}, {"tiles", "/register/tiles", 200}, {"tiles-risk", "/register/tiles?measure=risk", 200}, {"search-found", "/search?q=w", 200}, {"project-dossier", projectPage + "/dossier", 200}, {"project-timeline", projectPage + "/timeline", 200}, {"firm-dossier", firmPage + "/dossier", 200}, {"project-new", "/register/projects/new", 200}, {"project-edit", projectPage + "/edit", 200}, {"project-body", projectPage + "/body", 200},
		{"contract-new", projectPage + "/contracts/new", 200}, {"contract-correct", projectPage + "/contracts/c1", 200}, {"contract-end", projectPage + "/contracts/c1/end", 200},
		{"developers", "/register/developers", 200}, {"developer", developerPage, 200}, {"developer-new", "/register/developers/new", 200}, {"developer-edit", developerPage + "/edit", 200},
		{"developer-standing", developerPage + "/standing", 200}, {"phase-new", projectPage + "/phases/new", 200}, {"phase", projectPage + "/phases/ph1", 200}, {"building-new", projectPage + "/buildings/new", 200},
		{"building", projectPage + "/buildings/b1", 200}, {"building-withdraw", projectPage + "/buildings/b1/withdraw", 200}, {"room-new", projectPage + "/rooms/new", 200}, {"room", projectPage + "/rooms/r1", 200},
		{"room-withdraw", projectPage + "/rooms/r1/withdraw", 200}, {"vote-new", projectPage + "/votes/new", 200}, {"vote", projectPage + "/votes/" + vote, 200},
		{"registered-firms", "/register/firms", 200}, {"registered-firm", firmPage, 200}, {"firm-new", "/register/firms/new", 200}, {"firm-edit", firmPage + "/edit", 200},
		{"firm-party", firmPage + "/party", 200}, {"divisions", "/register/divisions", 200}, {"divisions-open", "/register/divisions?open=360428100001", 200},
		{"divisions-found", "/register/divisions?q=sq&level=community", 200}, {"divisions-none", "/register/divisions?q=zzz", 200}, {"division", "/register/divisions/360428100001", 200}, {"imports", "/register/imports?kind=firms", 200}, {"register-help", "/help", 200}, {"paper-new", projectPage + "/papers/new", 200}, {"paper", projectPage + "/papers/q1", 200}, {"paper-withdraw", projectPage + "/papers/q1/withdraw", 200}, {"risk", "/register/risk", 200}, {"risk-days", "/register/risk?sort=days&cause=ending", 200}, {"changes", "/changes", 200}, {"change-start", "/changes/new", 200}, {"change-new", "/changes/new?project=" + project, 200}, {"change", "/changes/" + moved, 200}, {"bodies", "/register/bodies", 200}, {"bodies-none", "/register/bodies?q=zzz", 200}, {"body-start", "/register/bodies/new", 200}, {"body-new", "/register/bodies/new?project=" + project, 200}, {"body", "/register/bodies/" + body, 200}, {"vote-scans", projectPage + "/votes/" + vote + "/scans", 200}, {"revenue-photos", projectPage + "/revenue/2025H2/photos", 200}, {"revenue-new", projectPage + "/revenue/new", 200}, {"revenue", projectPage + "/revenue/2025H2", 200}, {"repair-new", projectPage + "/repair/new", 200}, {"repair-withdraw", projectPage + "/repair/0/withdraw", 200}, {"money", "/register/money?half=2025H2", 200}, {"expiry", "/register/expiry", 200}, {"expiry-none", "/register/expiry?kind=body&q=zzz", 200}, {"coverage", "/register/coverage", 200}, {"coverage-none", "/register/coverage?form=state&q=zzz", 200}, {"coverage-whole", "/register/coverage?all=1&sort=households&desc=1", 200},
	}
}

// matterPages are the pages of matters, for a department that is to accept one.
func matterPages(id string) []opened {
	return []opened{{"matters", "/matters", 200}, {"matters-platform", "/matters/platforms/hotline", 200}, {"matters-due", "/matters?sort=due&state=dispatched", 200}, {"matters-none", "/matters?q=zzz", 200}, {"matter", "/matters/" + id, 200}, {"matter-orders", "/matters/orders", 200}, {"matter-figures", "/matters/figures?by=category", 200}, {"matter-figures-none", "/matters/figures?period=2020", 200}, {"matter-feedbacks", "/matters/feedback", 200}}
}

// repairPages are the pages of repairs, for who reads and calls back.
func repairPages(id, sample string) []opened {
	return []opened{{"repairs", "/repairs", 200}, {"repairs-none", "/repairs?q=zzz", 200}, {"repair", "/repairs/" + id, 200}, {"repair-calls", "/repairs/calls", 200}, {"repair-call", "/repairs/calls/" + sample, 200}}
}

// divisionForms are the forms about a division, for who may change them.
func divisionForms() []opened {
	const page = "/register/divisions/360428100001"
	return []opened{{"division-new", page + "/new", 200}, {"division-edit", page + "/edit", 200}, {"division-move", page + "/move", 200}, {"division-close", page + "/close", 200},
		{"division-reopen", page + "-01/reopen", 200}, {"division-grid", page + "-02/grid", 200},
		{"division-code", page + "/code", 200}, {"division-code-back", "/register/divisions/360428100009/code/back", 200}, {"division-codes", "/register/divisions/360428100009", 200}}
}

// TestRegisterPages opens every page of the register at both widths, and imports a workbook with mistakes through the browser.
func TestRegisterPages(t *testing.T) {
	f := started(t, 3)
	firm, developer, project := fillRegister(t, f)
	votes, err := f.Register.Votes(context.Background(), registerStaff, project)
	if err != nil || len(votes) != 1 {
		t.Fatal(votes, err)
	}
	if err := f.Appoint(context.Background(), "officer", "陈静", policy.Appointment{Role: "property_officer", Scopes: []string{policy.County}}); err != nil {
		t.Fatal(err)
	}
	if err := f.Appoint(context.Background(), "administrator", "刘建华", policy.Appointment{Role: "administrator", Scopes: []string{policy.County}}); err != nil {
		t.Fatal(err)
	}
	tb := newTab(t, browser(t))
	signIn(t, tb, f, "administrator", Password)
	tb.look(t, f, divisionForms())
	signIn(t, tb, f, "officer", Password)
	moved, err := f.Changes.Open(context.Background(), registerStaff, project, "c1", change.Notice{Giver: change.GiverFirm, Given: f.Register.Today(), Leaves: f.Register.Today().Add(20), Reason: Hostile[:40]}, nil)
	if err == nil {
		moved, err = f.Changes.Announce(context.Background(), registerStaff, casework.At{ID: moved.ID, Seq: moved.Seq}, f.Register.Today(), Hostile[:30])
	}
	if err != nil {
		t.Fatal(err)
	}
	founding, err := f.Bodies.Open(context.Background(), registerStaff, project, registry.BodyCommittee, owners.Group{On: f.Register.Today(), Members: 9, Owners: 5, Party: 4}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Register.RecordRevenue(context.Background(), registerStaff, project, 0, registry.RevenueInput{Half: "2025H2", Income: []registry.RevenueLine{{Kind: "parking", Fen: 120_050}}, Objection: Hostile[:40]}, ""); err != nil {
		t.Fatal(err)
	}
	if err := f.Register.AddRepair(context.Background(), registerStaff, project, 0, registry.RepairFact{Kind: registry.RepairUrgent, On: f.Register.Today(), Fen: 100, What: Hostile[:40]}); err != nil {
		t.Fatal(err)
	}
	reported, err := f.Reported(context.Background(), project, "没有得到服务，拒交物业费"+Hostile[:40])
	if err != nil {
		t.Fatal(err)
	}
	tb.look(t, f, registerPages(firm, developer, project, votes[0].ID, moved.ID, founding.ID))
	tb.look(t, f, matterPages(reported.ID))
	told, err := f.FedBack(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	tb.look(t, f, []opened{{"matter-feedback", "/matters/feedback/" + told, 200}})
	repaired, sample, err := f.Repaired(context.Background(), project, "水管漏水"+Hostile[:40])
	if err != nil {
		t.Fatal(err)
	}
	tb.look(t, f, repairPages(repaired, sample))
	if err := f.Appoint(context.Background(), "grid", "吴梅", policy.Appointment{Role: "grid_worker", Scopes: []string{policy.County}}); err != nil {
		t.Fatal(err)
	}
	signIn(t, tb, f, "grid", Password)
	tb.look(t, f, []opened{{"matter-new", "/matters/new", 200}})
	if err := f.Appoint(context.Background(), "manager", "周强", policy.Appointment{Role: "firm_manager", Unit: policy.FirmKey(firm), Scopes: []string{policy.FirmKey(firm)}}); err != nil {
		t.Fatal(err)
	}
	signIn(t, tb, f, "manager", Password)
	tb.look(t, f, []opened{{"repair-entry", "/repairs/new", 200}, {"repair-imports", "/repairs/imports", 200}, {"repair-of-ours", "/repairs/" + repaired, 200}})
	signIn(t, tb, f, "officer", Password)

	// A form with mistakes comes back with everything typed, at both widths.
	for _, w := range widths {
		tb.open(t, f.Base+"/register/firms/new", w.width, w.height)
		tb.do(t, chromedp.SetValue("#name", "安居物业服务有限公司"), chromedp.SetValue("#code", "91350100M000100Y42"))
		tb.submitBelow(t)
		if text := value[string](t, tb, `document.querySelector("#code-e").innerText+document.title+document.activeElement.id`); text != "校验码应为 3，请核对营业执照错误：登记企业 - 红色管家 都昌县住房和城乡建设局errsum" {
			t.Errorf("a wrong code: %q", text)
		}
		tb.shoot(t, "firm-refused-"+w.name)
		check(t, tb, "firm-refused", w.width, 422)
	}

	// An import: dry run with a fault for each cell, then the good rows, with progress until it is done.
	running, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.Register.Run(running, func(err error) { t.Error(err) })
	}()
	defer func() { stop(); <-ended }()
	for k, w := range widths {
		lines := []registry.FirmLine{{FirmInput: registry.FirmInput{Name: "赣北一盏灯物业服务有限公司", Code: "91350100M000100Y4Z", Origin: registry.OriginMarket}}, {FirmInput: registry.FirmInput{Name: "四季安物业服务有限公司"}}}
		code := []string{"91360428MA7XAMPL5W", "91360428MA0TEYAKX9", "91360428MA00000034"}[k]
		lines = append(lines, registry.FirmLine{FirmInput: registry.FirmInput{Name: fmt.Sprintf("青瓦第%d物业服务有限公司", k), Code: code, Origin: registry.OriginMarket}})
		data, err := report.Write(report.Firms().Filled(lines))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "企业登记表.xlsx")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		tb.open(t, f.Base+"/register/imports?kind=firms", w.width, w.height)
		tb.do(t, chromedp.SetUploadFiles("#file", []string{file}))
		tb.submitBelow(t)
		if rows := value[int](t, tb, `document.querySelectorAll("td.late").length`); rows != 3 {
			t.Errorf("%d faults are listed", rows)
		}
		tb.shoot(t, "import-dry-"+w.name)
		check(t, tb, "import-dry", w.width, 200)
		tb.imported(t)
		tb.shoot(t, "import-done-"+w.name)
		check(t, tb, "import-done", w.width, 200)
		if firms, err := f.Register.Firms(context.Background(), registerStaff, registry.FirmQuery{Text: code}); err != nil || firms.Count != 1 {
			t.Errorf("%s was not imported: %v", code, err)
		}

		// And taken back.
		tb.open(t, value[string](t, tb, "location.href")+"/reverse", w.width, w.height)
		tb.shoot(t, "import-reverse-"+w.name)
		check(t, tb, "import-reverse", w.width, 200)
		tb.do(t, chromedp.SetValue("#reason", "导错了文件"))
		tb.imported(t)
		tb.shoot(t, "import-reversed-"+w.name)
		check(t, tb, "import-reversed", w.width, 200)
		if firms, err := f.Register.Firms(context.Background(), registerStaff, registry.FirmQuery{Text: code}); err != nil || firms.Count != 0 {
			t.Errorf("%s was not taken back: %v", code, err)
		}
	}
}

// imported sends the first form of the page and waits for the result of an import; the page of its progress may come and go meanwhile.
func (tb *tab) imported(t *testing.T) {
	t.Helper()
	tb.press(t, "main form button")
	tb.until(t, `document.querySelector("main dl.kv")`)
}

// submitBelow sends the first form of a page whose button may stand behind the navigation at the foot of a phone until one scrolls on.
func (tb *tab) submitBelow(t *testing.T) {
	t.Helper()
	value[bool](t, tb, `window.scrollTo(0, document.querySelector("main form button").getBoundingClientRect().top + scrollY - innerHeight/2), true`)
	tb.submit(t, nil)
}
