package conduct

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/policy/policytest"
	"redsteward/registry"
	"redsteward/registry/registrytest"
)

// desk is the books on a real store over a real register of two firms, one of which holds 望湖苑 since 2026-01-01.
type desk struct {
	*Service
	*registrytest.Desk
	firm, rival, built string
	people             map[string]policy.Actor
}

const (
	codeOne = "91360428MA7XAMPL5W"
	codeTwo = "91360428MA0TEYAT30"
	east    = "360428100001" // 城东社区
)

var (
	day    = registrytest.Day
	person = registrytest.Person
	read   = registrytest.Config
)

func must[T any](t testing.TB) func(T, error) T { return registrytest.Must[T](t) }

func newDesk(t *testing.T) *desk {
	t.Helper()
	ctx := t.Context()
	county, register, service := registrytest.NewCounty(t, time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC))
	d := &desk{Desk: county}
	terms := must[*Terms](t)(ParseTerms("conduct.yaml", read(t, "conduct.yaml"), d.HasPeriod))
	d.Service = must[*Service](t)(New(ctx, Config{DB: d.Desk.DB, Guard: county.Guard, Keeper: d.Keeper, Now: d.Clock, Register: register, Finder: service.Finder, Terms: terms,
		Deadlines: d.Desk.Deadlines}))
	officer := person("officer", "property_officer", policy.County)
	firm := func(name, code string) string {
		return must[string](t)(service.CreateFirm(ctx, officer, registry.FirmInput{Name: name, Code: code, Origin: registry.OriginMarket}))
	}
	d.firm, d.rival = firm("一盏灯物业服务有限公司", codeOne), firm("赣北物业服务有限公司", codeTwo)
	d.built = must[string](t)(service.CreateProject(ctx, officer, registry.ProjectInput{Name: "望湖苑", Address: "东湖路 1 号", Community: east, Households: 300, Kind: registry.KindCommodity}))
	if err := service.AddContract(ctx, officer, d.built, 1, registry.ContractInput{Firm: d.firm, Kind: registry.ContractChosen, Level: registry.LevelSecond, Days: policy.Span{From: day("2026-01-01")}}); err != nil {
		t.Fatal(err)
	}
	d.people = map[string]policy.Actor{"officer": officer, "officer2": person("officer2", "property_officer", policy.County), "chief": person("chief", "section_chief", policy.County),
		"law": person("law", "legal_officer", policy.County), "vice": person("vice", "deputy_director", policy.County), "firm": person("firm", "firm_manager", policy.FirmKey(d.firm)),
		"rival": person("rival", "firm_manager", policy.FirmKey(d.rival)), "secretary": person("secretary", "community_secretary", policy.CommunityKey(east))}
	return d
}

// sample is a good input of a book.
func (d *desk) sample(b Book) Input {
	in := Input{Firm: d.firm, Title: "收费不公示且拒不改正", Number: "都建罚决〔2026〕3号", Authority: "都昌县住房和城乡建设局", Decided: day("2026-09-01"), Class: "ordinary", Source: "penalty", Months: 6}
	switch b {
	case Marks:
		in = Input{Firm: d.firm, Project: d.built, Title: "收费和服务不公开，提醒后未改", Authority: "物业管理股", Decided: day("2026-09-01"), Class: "openness"}
	case Honours:
		in = Input{Firm: d.firm, Project: d.built, Title: "抗洪抢险先进集体", Number: "都府发〔2026〕8号", Authority: "都昌县人民政府", Decided: day("2026-09-01"), Class: "county"}
	}
	return in
}

// do is one command about an entry; its text names it.
type do struct {
	who  string
	what Move
	want State
	kind fault.Kind
}

// call runs a command with good arguments.
func (d *desk) call(b Book, who string, move Move, at At) (store.Doc[Entry], error) {
	ctx, by := context.Background(), d.people[who]
	switch move {
	case MoveRecord:
		return d.Record(ctx, by, b, d.sample(b), nil, nil)
	case MoveEdit:
		return d.Edit(ctx, by, b, at, d.sample(b), nil)
	case MoveWithdraw:
		return d.Withdraw(ctx, by, b, at)
	case MoveConfirm:
		return d.Confirm(ctx, by, b, at)
	case MoveReturn:
		return d.Return(ctx, by, b, at, "文号与扫描件不一致")
	case MoveObject:
		return d.Object(ctx, by, b, at, "处罚决定已经撤销")
	case MoveKeep, MoveUphold:
		return d.Answer(ctx, by, b, at, move == MoveUphold, "经核查")
	case MoveRepair:
		return d.Repair(ctx, by, at, "信修〔2026〕11号", day("2026-10-10"))
	case MoveAnnul:
		return d.Annul(ctx, by, b, at, "都复决〔2026〕1号撤销了原决定")
	}
	panic(move)
}

// tell runs commands over one entry and checks that a refused one wrote nothing.
func (d *desk) tell(b Book, doc store.Doc[Entry], steps ...do) store.Doc[Entry] {
	d.T.Helper()
	for i, s := range steps {
		before := d.Records(d.T)
		next, err := d.call(b, s.who, s.what, At{ID: doc.ID, Seq: doc.Seq})
		if fault.KindOf(err) != s.kind {
			d.T.Fatalf("%s step %d, %s by %s: %v %v, want %q", b, i, s.what, s.who, err, fault.FieldsOf(err), s.kind)
		}
		if err != nil {
			if after := d.Records(d.T); after != before {
				d.T.Fatalf("%s step %d, %s by %s was refused and wrote %d records", b, i, s.what, s.who, after-before)
			}
			continue
		}
		if doc = next; doc.State.State != s.want {
			d.T.Fatalf("%s step %d, %s by %s: %s, want %s", b, i, s.what, s.who, doc.State.State, s.want)
		}
	}
	return doc
}

// TestCredit follows 失信信息 from the penalty decision to the end of its term, with everything that is refused on the way.
func TestCredit(t *testing.T) {
	d := newDesk(t)
	doc := d.tell(Credit, store.Doc[Entry]{}, do{"firm", MoveRecord, "", fault.Forbidden}, do{"secretary", MoveRecord, "", fault.Forbidden}, do{"law", MoveRecord, "", fault.Forbidden}, do{"officer", MoveRecord, Recorded, ""},
		do{"officer2", MoveRecord, "", fault.Conflict}, do{"officer", MoveConfirm, "", fault.Forbidden}, do{"firm", MoveConfirm, "", fault.Forbidden}, do{"firm", MoveObject, "", fault.Conflict},
		do{"chief", MoveReturn, Returned, ""}, do{"chief", MoveConfirm, "", fault.Conflict}, do{"officer", MoveEdit, Recorded, ""})
	seen := func(who string, want int) {
		t.Helper()
		page, err := d.List(t.Context(), d.people[who], Credit, Filter{}, "")
		if err != nil || len(page.Docs) != want {
			t.Errorf("%s sees %d, want %d: %v", who, len(page.Docs), want, err)
		}
		one, err := d.One(t.Context(), d.people[who], Credit, doc.ID)
		if (err == nil) != (want == 1) || err != nil && !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %+v %v", who, one, err)
		}
	}
	public := func(want int) {
		t.Helper()
		if list := must[[]Entry](t)(d.PublicCredit(t.Context(), d.firm)); len(list) != want || want == 1 && (list[0].Number != "都建罚决〔2026〕3号" || list[0].Acts != nil) {
			t.Errorf("the public sees %+v, want %d", list, want)
		}
	}
	seen("officer", 1)
	seen("firm", 0)
	public(0)
	doc = d.tell(Credit, doc, do{"law", MoveConfirm, Effective, ""}, do{"rival", MoveObject, "", fault.NotFound}, do{"officer", MoveObject, "", fault.Forbidden})
	seen("firm", 1)
	seen("rival", 0)
	public(1)
	if doc.State.Until != day("2027-02-28") {
		t.Errorf("six months from 1 September end on %s", doc.State.Until)
	}
	if _, err := d.List(t.Context(), d.people["secretary"], Credit, Filter{}, ""); !fault.Is(err, fault.Forbidden) {
		t.Error(err)
	}
	doc = d.tell(Credit, doc, do{"firm", MoveObject, Objected, ""}, do{"firm", MoveObject, "", fault.Conflict}, do{"law", MoveKeep, "", fault.Forbidden}, do{"officer", MoveKeep, "", fault.Forbidden})
	if due := doc.State.Objection.Due.Due; due != day("2026-10-22") {
		t.Errorf("three working days after 19 October end on %s", due)
	}
	public(1) // marked, and shown until it is answered
	for who, want := range map[string]int{"chief": 0, "law": 0, "vice": 1} {
		if who == "chief" {
			want = 1 // he returned it, which is no part that excludes the answer
		}
		if list := must[[]store.Doc[Entry]](t)(d.Queue(t.Context(), d.people[who], Credit, Objected)); len(list) != want {
			t.Errorf("%d objections wait for %s, want %d", len(list), who, want)
		}
	}
	doc = d.tell(Credit, doc, do{"vice", MoveKeep, Effective, ""}, do{"officer", MoveRepair, "", fault.Forbidden}, do{"firm", MoveRepair, "", fault.Forbidden})
	d.MoveTo(d.Clock().AddDate(0, 0, 140))
	if doc.State.StateOn(d.today()) != Lapsed {
		t.Errorf("on %s it is %s", d.today(), doc.State.StateOn(d.today()))
	}
	public(0)
	d.tell(Credit, doc, do{"firm", MoveObject, "", fault.Conflict}, do{"law", MoveRepair, "", fault.Conflict})
	d.MoveTo(d.Clock().AddDate(0, 0, -140))
	d.tell(Credit, doc, do{"law", MoveRepair, Repaired, ""}, do{"law", MoveAnnul, "", fault.Conflict})
	public(0)
	if history := must[[]Happened](t)(d.History(t.Context(), d.people["firm"], Credit, doc.ID)); len(history) != 4 || history[0].Move != MoveConfirm || history[3].Move != MoveRepair {
		t.Errorf("%+v", history)
	}
}

// TestWhatIsNoCredit: a missed rectification and everything else that is no decision cannot be entered as 失信信息, and terms keep to their grades.
func TestWhatIsNoCredit(t *testing.T) {
	d := newDesk(t)
	for name, tt := range map[string]struct {
		change func(*Input)
		fields []string
	}{
		"an order to rectify":   {func(in *Input) { in.Number = "都建责改〔2026〕3号" }, []string{"number"}},
		"rectification inside":  {func(in *Input) { in.Title = "逾期未完成整改" }, []string{"number"}},
		"no paper":              {func(in *Input) { in.Source = "" }, []string{"source"}},
		"a notice":              {func(in *Input) { in.Source = "notice" }, []string{"source"}},
		"no number":             {func(in *Input) { in.Number = " " }, []string{"number"}},
		"no date":               {func(in *Input) { in.Decided = calendar.Date{} }, []string{"decided"}},
		"tomorrow":              {func(in *Input) { in.Decided = day("2026-10-20") }, []string{"decided"}},
		"too long for ordinary": {func(in *Input) { in.Months = 13 }, []string{"months"}},
		"too short for serious": {func(in *Input) { in.Class, in.Months = "serious", 11 }, []string{"months"}},
		"minor is not shown":    {func(in *Input) { in.Class = "minor" }, []string{"months"}},
		"no grade":              {func(in *Input) { in.Class = "openness" }, []string{"class"}},
		"a compound":            {func(in *Input) { in.Project = d.built }, []string{"project"}},
		"a person":              {func(in *Input) { in.Person = "李四" }, []string{"person"}},
		"no such firm":          {func(in *Input) { in.Firm = "none" }, []string{"firm"}},
		"nothing at all":        {func(in *Input) { *in = Input{} }, []string{"class", "title", "number", "authority", "decided", "source", "firm"}},
	} {
		in, before := d.sample(Credit), d.Records(d.T)
		tt.change(&in)
		_, err := d.Record(t.Context(), d.people["officer"], Credit, in, nil, nil)
		var names []string
		for _, f := range fault.FieldsOf(err) {
			names = append(names, f.Name)
		}
		if !fault.Is(err, fault.Invalid) || !slices.Equal(names, tt.fields) || d.Records(d.T) != before {
			t.Errorf("%s: %v %v", name, names, err)
		}
	}
	minor := d.sample(Credit)
	minor.Class, minor.Months = "minor", 0
	doc := must[store.Doc[Entry]](t)(d.Record(t.Context(), d.people["officer"], Credit, minor, nil, nil))
	d.tell(Credit, doc, do{"chief", MoveConfirm, Effective, ""})
	if list := must[[]Entry](t)(d.PublicCredit(t.Context(), d.firm)); len(list) != 0 {
		t.Errorf("the public sees what is minor: %+v", list)
	}
}

// TestMarks: points count for a year, an objection has its clock, and a correction is a new record that takes the place of the old one.
func TestMarks(t *testing.T) {
	d := newDesk(t)
	points := func(want string, n int) {
		t.Helper()
		sum, count, err := d.Points(t.Context(), d.people["firm"], d.firm)
		if err != nil || !sum.Equal(num.MustParse(want)) || count != n {
			t.Errorf("%s points in %d marks, want %s in %d: %v", sum, count, want, n, err)
		}
	}
	doc := d.tell(Marks, store.Doc[Entry]{}, do{"chief", MoveRecord, Recorded, ""}, do{"chief", MoveConfirm, "", fault.Forbidden})
	points("0", 0)
	doc = d.tell(Marks, doc, do{"law", MoveConfirm, Effective, ""}, do{"law", MoveRepair, "", fault.NotFound})
	points("-2", 1)
	if doc.State.Until != day("2027-08-31") {
		t.Errorf("a year from 1 September ends on %s", doc.State.Until)
	}
	if list := must[[]Entry](t)(d.PublicCredit(t.Context(), d.firm)); len(list) != 0 {
		t.Errorf("the public sees a mark: %+v", list)
	}
	better := d.sample(Marks)
	better.Class = "report"
	correct := func(who string) (store.Doc[Entry], error) {
		return d.Correct(t.Context(), d.people[who], doc.ID, better, nil, nil)
	}
	if _, err := correct("firm"); !fault.Is(err, fault.Forbidden) {
		t.Error(err)
	}
	next := must[store.Doc[Entry]](t)(correct("officer"))
	if _, err := correct("officer2"); !fault.Is(err, fault.Conflict) {
		t.Errorf("two corrections of one mark: %v", err)
	}
	points("-2", 1) // the old one counts until the new one is confirmed
	next = d.tell(Marks, next, do{"chief", MoveConfirm, Effective, ""})
	points("-1", 1)
	must[int](t)(d.Desk.DB.RunRules(t.Context()))
	if old := must[store.Doc[Entry]](t)(d.One(t.Context(), d.people["officer"], Marks, doc.ID)); old.State.State != Replaced {
		t.Errorf("the old one is %s", old.State.State)
	}
	next = d.tell(Marks, next, do{"firm", MoveObject, Objected, ""}, do{"chief", MoveUphold, "", fault.Forbidden}, do{"vice", MoveUphold, Annulled, ""}, do{"firm", MoveObject, "", fault.Conflict})
	points("0", 0)
	if due := next.State.Objection.Due.Due; due != day("2026-10-26") {
		t.Errorf("five working days after 19 October end on %s", due)
	}
	if _, _, err := d.Points(t.Context(), d.people["rival"], d.firm); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	term := d.sample(Marks)
	term.Months, term.Project = 3, ""
	if _, err := d.Record(t.Context(), d.people["officer"], Marks, term, nil, nil); !fault.Is(err, fault.Invalid) || fault.FieldsOf(err)[0].Name != "months" {
		t.Errorf("a term of one's own: %v", err)
	}
	early := d.sample(Marks)
	early.Decided = day("2025-12-31")
	if _, err := d.Record(t.Context(), d.people["officer"], Marks, early, nil, nil); !fault.Is(err, fault.Invalid) || fault.FieldsOf(err)[0].Name != "project" {
		t.Errorf("before the contract: %v", err)
	}
}

// TestHonours: an honour is confirmed by another person; the name of a person is shown with consent only.
func TestHonours(t *testing.T) {
	d := newDesk(t)
	doc := d.tell(Honours, store.Doc[Entry]{}, do{"officer", MoveRecord, Recorded, ""}, do{"chief", MoveConfirm, Effective, ""}, do{"firm", MoveObject, "", fault.NotFound}, do{"chief", MoveAnnul, Annulled, ""})
	if doc.State.Until != day("2027-08-31") {
		t.Errorf("twelve months from 1 September end on %s", doc.State.Until)
	}
	in := d.sample(Honours)
	in.Title, in.Person = "最美物业人", "李有才"
	for name, consent := range map[string]calendar.Date{"李*才": {}, "李有才": day("2026-10-01")} {
		in.Consent, in.Number = consent, "都府发〔2026〕9号"+name
		doc := must[store.Doc[Entry]](t)(d.Record(t.Context(), d.people["officer"], Honours, in, nil, nil))
		doc = d.tell(Honours, doc, do{"vice", MoveConfirm, Effective, ""})
		if one := must[store.Doc[Entry]](t)(d.One(t.Context(), d.people["firm"], Honours, doc.ID)); one.State.Person != name {
			t.Errorf("the firm reads %q, want %q", one.State.Person, name)
		}
		if one := must[store.Doc[Entry]](t)(d.One(t.Context(), d.people["officer"], Honours, doc.ID)); one.State.Person != "李有才" {
			t.Errorf("who handles the book reads %q", one.State.Person)
		}
	}
}

// TestMoves: the table of each book, move by move.
func TestMoves(t *testing.T) {
	all := []Move{MoveRecord, MoveEdit, MoveWithdraw, MoveConfirm, MoveReturn, MoveObject, MoveKeep, MoveUphold, MoveRepair, MoveAnnul, MoveReplace}
	for b, want := range map[Book]int{Credit: 12, Marks: 12, Honours: 8} {
		allowed := 0
		for _, from := range []State{"", Recorded, Returned, Effective, Objected, Repaired, Annulled, Replaced, Withdrawn} {
			for _, m := range all {
				to, err := b.next(from, m)
				switch {
				case err == nil && (to == "" || to.Title() == string(to)):
					t.Errorf("%s: %s from %s leads to %q", b, m, from, to)
				case err == nil:
					allowed++
				case !fault.Is(err, fault.Conflict):
					t.Error(err)
				}
			}
		}
		if allowed != want {
			t.Errorf("%s: %d transitions, want %d", b, allowed, want)
		}
	}
}

// TestImport takes a workbook's rows in, twice, and takes them back.
func TestImport(t *testing.T) {
	d := newDesk(t)
	row := func(n int64, change func(*Line)) Line {
		l := Line{Row: n, Input: d.sample(Credit), FirmCode: codeOne}
		l.Firm = ""
		change(&l)
		return l
	}
	file := imports.File[Line]{Name: "失信.xlsx", Hash: strings.Repeat("0", 64), Lines: []Line{row(2, func(*Line) {}), row(3, func(l *Line) { l.FirmCode = "91360428MA7XAMPL5X" }),
		row(4, func(l *Line) { l.Number = "都建责改〔2026〕1号" }), row(5, func(l *Line) { l.FirmCode = codeTwo })}}
	before := d.Records(d.T)
	if _, err := d.Intake(Credit).DryRun(t.Context(), d.people["firm"], file); !fault.Is(err, fault.Forbidden) {
		t.Error(err)
	}
	run := must[imports.DryRun](t)(d.Intake(Credit).DryRun(t.Context(), d.people["officer"], file))
	if run.New != 2 || run.Faulty != 2 || d.Records(d.T) != before {
		t.Fatalf("%+v", run)
	}
	if _, err := d.Intake(Credit).Accept(t.Context(), d.people["officer"], run.Draft, false); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	id := must[string](t)(d.Intake(Credit).Accept(t.Context(), d.people["officer"], run.Draft, true))
	must[int](t)(d.Intake(Credit).RunAccepted(t.Context()))
	page := must[store.Page[Entry]](t)(d.List(t.Context(), d.people["officer"], Credit, Filter{State: Recorded}, ""))
	if len(page.Docs) != 2 {
		t.Fatalf("%d entries", len(page.Docs))
	}
	if again := must[imports.DryRun](t)(d.Intake(Credit).DryRun(t.Context(), d.people["officer"], file)); again.Same != 2 || again.New != 0 {
		t.Errorf("the same file again: %+v", again)
	}
	// The one that is confirmed meanwhile stays, the other is taken back.
	for _, doc := range page.Docs {
		if doc.State.Firm == d.firm {
			d.tell(Credit, doc, do{"chief", MoveConfirm, Effective, ""})
		}
	}
	look := must[imports.Lookback](t)(d.Intake(Credit).LookBack(t.Context(), d.people["officer"], id))
	if err := d.Intake(Credit).Reverse(t.Context(), d.people["officer"], id, look.Seq, "文件传错了"); err != nil {
		t.Fatal(err)
	}
	must[int](t)(d.Intake(Credit).RunAccepted(t.Context()))
	left := map[State]int{}
	if err := d.Each(t.Context(), d.people["officer"], Credit, Filter{}, func(doc store.Doc[Entry]) error { left[doc.State.State]++; return nil }); err != nil || left[Effective] != 1 || left[Withdrawn] != 1 {
		t.Errorf("%v %v", left, err)
	}
	if _, err := d.Intake(Credit).One(t.Context(), d.people["officer2"], id); !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody else's import: %v", err)
	}
}

func TestFaultyTerms(t *testing.T) {
	good := string(read(t, "conduct.yaml"))
	for name, tt := range map[string]struct{ old, new, says string }{
		"a class twice":         {"id: serious", "id: minor", "代码“minor”重复"},
		"a term upside down":    {"least: 3, most: 12", "least: 13, most: 12", "least 不大于 most"},
		"a hidden grade's term": {"title: 轻微", "title: 轻微, most: 3", "不公示的程度不写"},
		"a mark without points": {"points: 2", "points: 0", "都要写分值"},
		"an unknown deadline":   {"objection: conduct.mark_objection", "objection: conduct.none", "期限表里没有 conduct.none"},
		"a term for ever":       {"months: 12\n  levels", "months: 61\n  levels", "有效月数要在 1 至 60 之间"},
		"an unknown key":        {"title: 县级", "title: 县级, colour: red", "colour"},
	} {
		if !strings.Contains(good, tt.old) {
			t.Fatalf("%s: the file has no %q", name, tt.old)
		}
		_, err := ParseTerms("conduct.yaml", []byte(strings.Replace(good, tt.old, tt.new, 1)), func(id string) bool { return id != "conduct.none" })
		text := ""
		for _, f := range fault.FieldsOf(err) {
			text += f.Name + " " + f.Message + "\n"
		}
		if !fault.Is(err, fault.Invalid) || !strings.Contains(text, tt.says) {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}

func TestStoredFields(t *testing.T) {
	for name, check := range map[string]struct {
		err    error
		fields []string
	}{"entry": {store.CheckType[Entry](), store.FieldNames[Entry]()}, "line": {store.CheckType[Line](), store.FieldNames[Line]()}} {
		golden, err := os.ReadFile("testdata/" + name + ".fields")
		if got := strings.Join(check.fields, "\n") + "\n"; check.err != nil || err != nil || got != string(golden) {
			t.Errorf("%s: %v %v; stored fields changed, old records would not be read:\n%s", name, check.err, err, got)
		}
	}
}

// TestHonouredPerson: who was honoured is forgotten when the term after the honour has passed; one that still counts is kept, and the log stays whole.
func TestHonouredPerson(t *testing.T) {
	d := newDesk(t)
	in := d.sample(Honours)
	in.Title, in.Person, in.Consent = "最美物业人", "李有才", day("2026-10-01")
	doc := must[store.Doc[Entry]](t)(d.Record(t.Context(), d.people["officer"], Honours, in, nil, nil))
	doc = d.tell(Honours, doc, do{"vice", MoveConfirm, Effective, ""})
	person := func() string {
		t.Helper()
		return must[store.Doc[Entry]](t)(d.One(t.Context(), d.people["officer"], Honours, doc.ID)).State.Person
	}
	forget := func() int { return policytest.Forget(t, d.Desk.DB, d.Clock, 30, d.Outlived) }
	if n := forget(); n != 0 || person() != "李有才" {
		t.Errorf("while it counts: %d purges", n)
	}
	d.MoveTo(doc.State.Until.Add(30).Begins())
	if n := forget(); n != 0 || person() != "李有才" {
		t.Errorf("on the last day of the term: %d purges", n)
	}
	d.MoveTo(doc.State.Until.Add(31).Begins())
	if n := forget(); n != 1 || person() != store.PurgedText {
		t.Errorf("after the term: %d purges, %s", n, person())
	}
}
