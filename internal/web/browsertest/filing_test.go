package browsertest

import (
	"context"
	"slices"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/registry/conduct"
	"redsteward/registry/filing"
)

// filingPages are the pages of filings.
func filingPages(waiting, filed string) []opened {
	return []opened{{"filings", "/filings", 200}, {"filings-none", "/filings?q=zzz", 200}, {"filing-sign", "/filings/" + waiting, 200}, {"filing-filed", "/filings/" + filed, 200}, {"filing-sheet", "/filings/" + filed + "/sheets/supervision", 200}, {"filing-receipt", "/filings/" + filed + "/receipt", 200}}
}

// conductPages are the pages of the books of conduct; each book has the same templates.
func conductPages(credit, mark, honour, returned string) []opened {
	return []opened{{"credit", "/credit", 200}, {"credit-none", "/credit?q=zzz", 200}, {"credit-one", "/credit/" + credit, 200}, {"mark-one", "/marks/" + mark, 200}, {"mark-correct", "/marks/" + mark + "/correct", 200}, {"marks", "/marks", 200},
		{"honours", "/honours", 200}, {"honour-one", "/honours/" + honour, 200}, {"credit-new", "/credit/new", 200}, {"honour-new", "/honours/new", 200}, {"conduct-imports", "/credit/imports", 200}, {"honour-edit", "/honours/" + returned + "/edit", 200}, {"printers", "/account/print", 200}, {"printer", "/account/print/put", 200}, {"ruler", "/account/print/ruler", 200}, {"prints", "/prints", 200}, {"sign-batch", "/approvals/sign", 200}, {"sent", "/sent", 200}, {"sent-numbers", "/sent/numbers", 200}, {"sent-new", "/sent/new", 200}}
}

// conductElsewhere are the pages of the books that have the template of another book's page, or that tests without a browser open.
var conductElsewhere = []string{"/marks/new", "/credit/1/edit", "/marks/1/edit", "/marks/imports", "/honours/imports", "/credit/imports/1", "/marks/imports/1", "/honours/imports/1", "/credit/imports/1/reverse", "/marks/imports/1/reverse",
	"/honours/imports/1/reverse", "/party/industry", "/party/sheets/imports/1", "/party/sheets/imports/1/reverse"}

// partyPages are the pages of the sheets of party organisations and of the coverage.
func partyPages(firm, community string) []opened {
	return []opened{{"party", "/party", 200}, {"party-sheets", "/party/sheets", 200}, {"party-new", "/party/sheets/new", 200}, {"party-imports", "/party/sheets/imports", 200}, {"party-sheet", "/party/sheets/" + firm + "/" + community + "/2026Q4", 200}}
}

// conductFile reports whether a route of the books of conduct or of the sheets answers with a file or for a script.
func conductFile(path string) bool {
	if strings.Contains(path, "/imports/") && (strings.HasSuffix(path, ".xlsx") || strings.HasSuffix(path, "/progress") || strings.Contains(path, "/marked/")) {
		return true
	}
	if strings.HasPrefix(path, "/party") {
		return strings.HasSuffix(path, ".xlsx") || strings.Contains(path, "/photos/") || strings.Contains(path, "/files/")
	}
	book := slices.ContainsFunc([]string{"/credit", "/marks", "/honours"}, func(prefix string) bool { return strings.HasPrefix(path, prefix) })
	return book && (strings.HasSuffix(path, ".xlsx") || strings.HasSuffix(path, "/paper") || strings.HasSuffix(path, "/progress") || strings.Contains(path, "/marked/"))
}

// recorded enters an entry of each book for a firm: the first of each is confirmed, a second honour is returned. It returns the ids.
func (f *Fixture) recorded(ctx context.Context, firm string) (credit, mark, honour, returned string, err error) {
	chief := policy.Actor{ID: "f-chief", Appointments: []policy.Appointment{{Role: "section_chief", Scopes: []string{policy.County}}}}
	day := calendar.DateOf(noon).Add(-20)
	record := func(b conduct.Book, in conduct.Input) (conduct.At, error) {
		doc, err := f.Conduct.Record(ctx, registerStaff, b, in, nil, nil)
		return conduct.At{ID: doc.ID, Seq: doc.Seq}, err
	}
	for _, one := range []struct {
		book conduct.Book
		id   *string
		in   conduct.Input
		back bool
	}{
		{conduct.Credit, &credit, conduct.Input{Firm: firm, Class: "ordinary", Source: "penalty", Title: "收费不公示且拒不改正", Number: "都建罚决〔2026〕3号", Authority: "都昌县住房和城乡建设局", Decided: day, Months: 6}, false},
		{conduct.Marks, &mark, conduct.Input{Firm: firm, Class: "late", Title: "第三季度统计资料晚报", Authority: "物业管理股", Decided: day}, false},
		{conduct.Honours, &honour, conduct.Input{Firm: firm, Class: "county", Title: "抗洪抢险先进集体", Number: "都府发〔2026〕8号", Authority: "都昌县人民政府", Decided: day}, false},
		{conduct.Honours, &returned, conduct.Input{Firm: firm, Class: "county", Title: "文明创建先进集体", Number: "都府发〔2026〕9号", Authority: "都昌县人民政府", Decided: day}, true},
	} {
		at, err := record(one.book, one.in)
		if err == nil && one.back {
			_, err = f.Conduct.Return(ctx, chief, one.book, at, "文号与扫描件不一致")
		} else if err == nil {
			_, err = f.Conduct.Confirm(ctx, chief, one.book, at)
		}
		if *one.id = at.ID; err != nil {
			return "", "", "", "", err
		}
	}
	return credit, mark, honour, returned, nil
}

// TestFilings looks at the pages of a firm that files, and of who signs.
func TestFilings(t *testing.T) {
	f := started(t, 1)
	ctx := context.Background()
	firm, _, project := fillRegister(t, f)
	for login, ap := range map[string]policy.Appointment{
		"filer": {Role: "firm_manager", Unit: policy.FirmKey(firm), Scopes: []string{policy.FirmKey(firm)}}, "chief": {Role: "section_chief", Unit: policy.County, Scopes: []string{policy.County}},
		"party": {Role: "industry_secretary", Unit: policy.County, Scopes: []string{policy.County}}, "clerk": {Role: "property_officer", Unit: policy.County, Scopes: []string{policy.County}},
		"law": {Role: "legal_officer", Unit: policy.County, Scopes: []string{policy.County}},
	} {
		if err := f.Appoint(ctx, login, "周望平", ap); err != nil {
			t.Fatal(err)
		}
	}
	actor := func(login string) policy.Actor {
		by, err := f.People.ActorOf(ctx, login)
		if err != nil {
			t.Fatal(err)
		}
		return by
	}
	var ids []string
	for n := range 2 {
		id, err := f.Filed(ctx, actor("filer"), project)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := f.Filings.One(ctx, registerStaff, id)
		if err != nil {
			t.Fatal(err)
		}
		if doc, err = f.Filings.Accept(ctx, registerStaff, filing.At{ID: id, Seq: doc.Seq}); err != nil {
			t.Fatal(err)
		}
		for _, login := range []string{"chief", "law"} {
			if n == 0 {
				continue
			}
			if doc, err = f.Filings.Sign(ctx, actor(login), filing.At{ID: id, Seq: doc.Seq}, filing.Signing{Move: policy.MoveAgree, Hash: doc.State.Approval.SubjectHash, Password: Password}); err != nil {
				t.Fatal(err)
			}
		}
		ids = append(ids, id)
	}
	credit, mark, honour, returned, err := f.recorded(ctx, firm)
	if err != nil {
		t.Fatal(err)
	}
	tb := newTab(t, browser(t))
	signIn(t, tb, f, "chief", Password)
	tb.look(t, f, filingPages(ids[0], ids[1]))
	signIn(t, tb, f, "filer", Password)
	tb.look(t, f, []opened{{"filing-new", "/filings/new", 200}, {"credit-object", "/credit/" + credit, 200}})
	signIn(t, tb, f, "clerk", Password)
	tb.look(t, f, conductPages(credit, mark, honour, returned))
	signIn(t, tb, f, "party", Password)
	row, err := f.Register.OneProject(ctx, registerStaff, project)
	if err != nil {
		t.Fatal(err)
	}
	tb.look(t, f, partyPages(firm, row.Community))
}
