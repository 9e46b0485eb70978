package filing

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/policy/policytest"
	"redsteward/registry"
	"redsteward/registry/registrytest"
)

// desk is a service on a real store with a clock that tests move.
type desk struct {
	*registrytest.Desk
	*Service
}

const password = registrytest.Password

// people are the persons of the tests; everybody has the same password.
var people, persons = func() (map[string]policy.Actor, registrytest.Persons) {
	by, all := map[string]policy.Actor{}, registrytest.Persons{}
	for _, p := range []struct {
		id    string
		role  policy.Role
		scope string
	}{{"firm", "firm_manager", "f:f1"}, {"rival", "firm_manager", "f:f2"}, {"owners", "owners_committee", "p:p1"}, {"officer", "property_officer", policy.County}, {"officer2", "property_officer", policy.County},
		{"chief", "section_chief", policy.County}, {"builder", "developer", "d:d1"}, {"community", "community_worker", "c:c1"}, {"elsewhere", "community_secretary", "c:c2"},
		{"vice", "deputy_director", policy.County}, {"party", "industry_secretary", policy.County}, {"inspector", "inspector", policy.County}} {
		by[p.id] = registrytest.Person(p.id, p.role, p.scope)
		all = append(all, by[p.id])
	}
	return by, all
}()

// Place implements Places.
func (d *desk) Place(_ context.Context, project string, _ calendar.Date) (registry.Place, error) {
	if project != "p1" {
		return registry.Place{}, fault.New("filing.Place", fault.NotFound, "没有找到这个小区")
	}
	return registry.Place{Project: "p1", Name: "望湖苑", Community: "c1", Township: "t1", Firm: "f1", FirmName: "一盏灯物业", Developer: "d1"}, nil
}

// FirmNames implements Places.
func (d *desk) FirmNames(_ context.Context, ids []string) (map[string]string, error) {
	out := map[string]string{}
	for _, id := range ids {
		if name := map[string]string{"f1": "一盏灯物业", "f2": "赣北物业"}[id]; name != "" {
			out[id] = name
		}
	}
	return out, nil
}

// DeveloperName implements Places.
func (d *desk) DeveloperName(_ context.Context, id string) (string, error) {
	return "开发商" + id, nil
}

// names are the periods of the shipped file and one way of approval.
func names(t testing.TB) Names {
	t.Helper()
	periods := registrytest.Must[*calendar.Rules](t)(calendar.ParseRules("deadlines.yaml", registrytest.Config(t, "deadlines.yaml")))
	return Names{Deadline: func(id string) bool { _, err := periods.Find(id); return err == nil }, Chain: func(id string) bool { return id == "filing" }}
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{Desk: registrytest.NewDesk(t, time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC))}
	kinds := registrytest.Must[*Kinds](t)(ParseKinds("filings.yaml", registrytest.Config(t, "filings.yaml"), d.Rights, names(t)))
	d.Service = registrytest.Must[*Service](t)(New(t.Context(), Config{DB: d.Desk.DB, Letters: d.Desk.Letters, Now: d.Clock, Guard: d.Desk.Guard, Keeper: d.Desk.Keeper, Places: d, Persons: persons, Chains: d.Desk.Chains(), Kinds: kinds, Deadlines: d.Desk.Deadlines, Days: d.Holidays}))
	return d
}

func (d *desk) wait(days int) { d.Wait(time.Duration(days) * 24 * time.Hour) }

func (d *desk) upload(t *testing.T, text string) *files.Upload {
	t.Helper()
	u, err := d.Keeper.Receive("材料.pdf", strings.NewReader("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%"+text+"\n%%EOF\n"), files.PDF)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = u.Close() })
	return u
}

// told is one step of a story: what somebody does, and what must come of it.
type told struct {
	who  string
	do   func(by policy.Actor, at At) (store.Doc[Filing], error)
	want State
	kind fault.Kind
}

// tell runs the steps over one filing and checks that a refused one wrote nothing.
func (d *desk) tell(t *testing.T, doc store.Doc[Filing], steps ...told) store.Doc[Filing] {
	t.Helper()
	for i, s := range steps {
		before := d.Records(t)
		next, err := s.do(people[s.who], At{ID: doc.ID, Seq: doc.Seq})
		if fault.KindOf(err) != s.kind {
			t.Fatalf("step %d by %s: %v, want %q", i, s.who, err, s.kind)
		}
		after := d.Records(t)
		if err != nil {
			if after != before {
				t.Fatalf("step %d by %s was refused and wrote %d records", i, s.who, after-before)
			}
			continue
		}
		if doc = next; doc.State.State != s.want {
			t.Fatalf("step %d by %s: %s, want %s", i, s.who, doc.State.State, s.want)
		}
	}
	return doc
}

type act = func(by policy.Actor, at At) (store.Doc[Filing], error)

func (d *desk) submit(day string) act {
	return func(by policy.Actor, at At) (store.Doc[Filing], error) {
		happened := calendar.Date{}
		if day != "" {
			happened, _ = calendar.ParseDate(day)
		}
		return d.Submit(context.Background(), by, at, happened, "")
	}
}

func (d *desk) sign(move policy.ApprovalMove, typed string) act {
	return func(by policy.Actor, at At) (store.Doc[Filing], error) {
		doc, err := d.rows.Load(context.Background(), at.ID)
		if err != nil {
			return doc, err
		}
		in := Signing{Move: move, Reason: "材料与合同不一致", Password: typed}
		if doc.State.Approval != nil {
			in.Hash = doc.State.Approval.SubjectHash
			for _, scan := range doc.State.Approval.Papers() {
				in.Scan = scan.Paper.FileHash
			}
		}
		if move == policy.MoveAgree {
			in.Scan, in.Reason = "", ""
		}
		return d.Sign(context.Background(), by, at, in)
	}
}

func (d *desk) accept(by policy.Actor, at At) (store.Doc[Filing], error) {
	return d.Accept(context.Background(), by, at)
}

func (d *desk) resend(by policy.Actor, at At) (store.Doc[Filing], error) {
	return d.Resend(context.Background(), by, at)
}

func (d *desk) ask(by policy.Actor, at At) (store.Doc[Filing], error) {
	return d.Ask(context.Background(), by, at, "合同缺最后一页")
}

func (d *desk) refuse(by policy.Actor, at At) (store.Doc[Filing], error) {
	return d.Refuse(context.Background(), by, at, "不是本县的小区", "《物业管理条例》第二十四条")
}

func (d *desk) withdraw(by policy.Actor, at At) (store.Doc[Filing], error) {
	return d.Withdraw(context.Background(), by, at)
}

// sheet fills a sheet in as the shipped file asks; with empty it forgets what is required.
func (d *desk) sheet(kind SheetKind, finish, empty bool) act {
	return func(by policy.Actor, at At) (store.Doc[Filing], error) {
		values := map[SheetKind]map[string]string{
			SheetParty:       {"step": "拟单独组建", "onsite": "2", "crossing": "planned"},
			SheetSupervision: {"address": "signed", "first": "2026-11-20", "rhythm": "quarter", "focus": "电梯"},
			SheetRating:      {"from": "2027-01-01", "promise": "handed", "told": "yes"},
		}[kind]
		if empty {
			values = map[string]string{"focus": "电梯", "onsite": "很多"}
		}
		return d.FillSheet(context.Background(), by, at, kind, values, finish)
	}
}

func (d *desk) answer(answer NoticeAnswer, text string) act {
	return func(by policy.Actor, at At) (store.Doc[Filing], error) {
		return d.Answer(context.Background(), by, at, answer, text)
	}
}

// draft is a draft of a contract filing with all its documents.
func (d *desk) draft(t *testing.T) store.Doc[Filing] {
	t.Helper()
	doc, err := d.Start(t.Context(), people["firm"], Opening{Kind: "contract", Subject: "p1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"contract", "licence", "choice"} {
		if doc, err = d.Attach(t.Context(), people["firm"], At{ID: doc.ID, Seq: doc.Seq}, id, d.upload(t, id)); err != nil {
			t.Fatal(err)
		}
	}
	return doc
}

// TestFiled is a filing from the draft to the receipt, with everything that is refused on the way.
func TestFiled(t *testing.T) {
	d := newDesk(t)
	draft, err := d.Start(t.Context(), people["firm"], Opening{Kind: "contract", Subject: "p1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Submit(t.Context(), people["firm"], At{ID: draft.ID, Seq: draft.Seq}, calendar.Date{}, strings.Repeat("长", 201))
	var fields []string
	for _, f := range fault.FieldsOf(err) {
		fields = append(fields, f.Name)
	}
	if !slices.Equal(fields, []string{"note", "happened", "document-contract", "document-licence", "document-choice"}) {
		t.Errorf("%v %v", fields, err)
	}
	doc := d.tell(t, d.draft(t),
		told{"rival", d.submit("2026-10-01"), "", fault.NotFound}, told{"owners", d.submit("2026-10-01"), "", fault.Forbidden}, told{"firm", d.submit("2026-10-20"), "", fault.Invalid},
		told{"officer", d.accept, "", fault.NotFound}, // a draft is nobody's business
		told{"firm", d.submit("2026-10-01"), Submitted, ""}, told{"firm", d.submit("2026-10-01"), "", fault.Conflict},
		told{"firm", d.accept, "", fault.Forbidden}, told{"chief", d.sign(policy.MoveAgree, password), "", fault.Conflict}, told{"officer", d.accept, Approving, ""},
		told{"officer", d.refuse, "", fault.Conflict}, told{"firm", d.withdraw, "", fault.Conflict},
		told{"inspector", d.sign(policy.MoveAgree, password), "", fault.Forbidden}, told{"officer", d.sign(policy.MoveAgree, password), "", fault.Forbidden},
		told{"vice", d.sign(policy.MoveAgree, "wrong"), "", fault.Invalid}, told{"chief", d.sign(policy.MoveAgree, "wrong"), "", fault.Invalid},
		told{"chief", d.sign(policy.MoveAgree, password), Approving, ""}, told{"chief", d.sign(policy.MoveAgree, password), "", fault.Forbidden},
		told{"vice", d.sign(policy.MoveAgree, password), Registered, ""}, told{"vice", d.sign(policy.MoveAgree, password), "", fault.Conflict},
		told{"officer", d.sheet(SheetParty, true, false), "", fault.Forbidden}, told{"party", d.sheet(SheetRating, true, false), "", fault.Forbidden}, told{"community", d.sheet(SheetParty, true, false), "", fault.Forbidden},
		told{"party", d.sheet(SheetParty, false, true), "", fault.Invalid}, told{"party", d.sheet(SheetParty, true, false), Registered, ""}, told{"party", d.sheet(SheetParty, false, false), Registered, ""},
		told{"officer", d.sheet(SheetSupervision, true, true), "", fault.Invalid}, told{"officer", d.sheet(SheetSupervision, false, true), Registered, ""})
	if sheet, _ := doc.State.Sheet(SheetSupervision); sheet.State() != SheetBegun || sheet.Values["focus"] != "电梯" {
		t.Errorf("a sheet that was begun: %+v", sheet)
	}
	doc = d.tell(t, doc, told{"officer", d.sheet(SheetSupervision, true, false), Registered, ""}, told{"officer", d.sheet(SheetRating, true, false), Registered, ""}, told{"officer", d.sheet(SheetRating, true, true), "", fault.Invalid})
	for who, want := range map[string][3]bool{"party": {true, false, false}, "officer": {false, true, true}, "firm": {}} {
		one, err := d.One(t.Context(), people[who], doc.ID)
		for i, sheet := range one.State.Sheets {
			if err != nil || (len(sheet.Values) > 0) != want[i] || sheet.State() != SheetFilled {
				t.Errorf("%s reads %s: %v %s %v", who, sheet.Kind, sheet.Values, sheet.State(), err)
			}
		}
	}
	f := doc.State
	if f.Number != "物合备〔2026〕1号" || f.Filed.String() != "2026-10-19" || len(f.Sheets) != 3 || f.Stage() != "" {
		t.Errorf("%+v", f)
	}
	if got := f.Sheets[0].Due.Due.String(); got != "2026-11-18" {
		t.Errorf("the party sheet is due %s", got)
	}
	// The next one of the kind and year gets the next number.
	second := d.tell(t, d.draft(t), told{"firm", d.submit("2026-10-01"), Submitted, ""}, told{"officer2", d.accept, Approving, ""}, told{"chief", d.sign(policy.MoveAgree, password), Approving, ""},
		told{"vice", d.sign(policy.MoveAgree, password), Registered, ""})
	if second.State.Number != "物合备〔2026〕2号" {
		t.Error(second.State.Number)
	}
	page, err := d.List(t.Context(), people["officer"], Filter{State: Registered, Text: "2号"}, "")
	if err != nil || len(page.Docs) != 1 || page.Docs[0].ID != second.ID {
		t.Errorf("%+v %v", page.Docs, err)
	}
	for kind, want := range map[string]string{ContractKind: "2026-11-03", "manager": "2026-10-29", "area": "", "gone": ""} {
		if due, err := d.Within(kind, d.Today()); err != nil || due.Due.String() != want {
			t.Errorf("%s is to be filed until %q: %v", kind, due.Due, err)
		}
	}
	// What stands on a filing sees those that came in, registered or not, and no draft.
	waits := d.tell(t, d.draft(t), told{"firm", d.submit("2026-10-02"), Submitted, ""})
	refs, err := d.FiledOf(t.Context(), people["officer"], "p1", "contract")
	if err != nil || len(refs) != 3 || !slices.ContainsFunc(refs, func(r registry.FiledRef) bool { return r.ID == waits.ID && r.Number == "" && r.Submitted == d.Today() }) ||
		!slices.ContainsFunc(refs, func(r registry.FiledRef) bool {
			return r.ID == second.ID && r.Number == second.State.Number && r.Happened.String() == "2026-10-01"
		}) {
		t.Errorf("%+v %v", refs, err)
	}
	d.tell(t, waits, told{"firm", d.withdraw, Withdrawn, ""})
	if refs, err := d.FiledOf(t.Context(), people["officer"], "p1", "contract"); err != nil || len(refs) != 2 {
		t.Errorf("what was taken back counts: %+v %v", refs, err)
	}
	for text, want := range map[string]int{"湖苑": 3, "why": 3, "wanghuy": 3, "yizhand": 3, "wyh": 0} {
		if page, err := d.List(t.Context(), people["officer"], Filter{Text: text}, ""); err != nil || len(page.Docs) != want {
			t.Errorf("%q finds %d of %d: %v", text, len(page.Docs), want, err)
		}
	}
	for who, want := range map[string]int{"firm": 4, "officer": 3, "rival": 0} {
		if page, err := d.List(t.Context(), people[who], Filter{}, ""); err != nil || len(page.Docs) != want {
			t.Errorf("%s sees %d of %d: %v", who, len(page.Docs), want, err)
		}
	}
}

// TestCorrectedOnce: the correction is asked once, the clock stands meanwhile and goes on with what is left.
func TestCorrectedOnce(t *testing.T) {
	d := newDesk(t)
	doc := d.tell(t, d.draft(t), told{"firm", d.submit("2026-10-01"), Submitted, ""})
	if got := doc.State.Clock.Due.String(); got != "2026-11-02" {
		t.Errorf("ten working days after 19 October end on %s", got)
	}
	d.wait(3)
	doc = d.tell(t, doc, told{"officer", d.ask, Correcting, ""}, told{"officer", d.refuse, "", fault.Conflict})
	if f := doc.State; f.Left == nil || *f.Left != 7 || f.Due.Due.String() != "2026-11-06" {
		t.Errorf("left %v, correction due %s", f.Left, f.Due.Due)
	}
	if f := doc.State; f.Asking == nil || f.Asking.Day != d.Today() || f.Asking.Text != "合同缺最后一页" || f.Asking.Until.Due.String() != "2026-11-06" {
		t.Errorf("what was asked is %+v", f.Asking)
	}
	d.wait(7)
	doc = d.tell(t, doc, told{"firm", d.submit("2026-10-01"), Submitted, ""}, told{"officer", d.ask, "", fault.Conflict})
	if f := doc.State; f.Left != nil || f.Clock.Due.String() != "2026-11-09" {
		t.Errorf("seven working days after 29 October end on %s", f.Clock.Due)
	}
	// An approver sends it back: the officer resends it, everybody signs anew, and it is not filed in the end.
	doc = d.tell(t, doc, told{"officer", d.accept, Approving, ""}, told{"chief", d.sign(policy.MoveReturn, password), SentBack, ""}, told{"officer", d.ask, "", fault.Conflict},
		told{"officer2", d.resend, Approving, ""}, told{"officer2", d.sign(policy.MoveAgree, password), "", fault.Forbidden},
		told{"chief", d.sign(policy.MoveAgree, password), Approving, ""}, told{"vice", d.sign(policy.MoveRefuse, password), Refused, ""}, told{"officer", d.accept, "", fault.Conflict})
	if doc.State.Reason == "" || doc.State.Number != "" || len(doc.State.Sheets) != 0 {
		t.Errorf("%+v", doc.State)
	}
	// What was asked and why it is not filed stay for their papers, and stand in the register of what goes out.
	if f := doc.State; f.Asking == nil || f.Asking.Text != "合同缺最后一页" || f.Refusal == nil || f.Refusal.Day != d.Today() || f.Refusal.Clause != f.Basis {
		t.Errorf("asked %+v, refused %+v", f.Asking, f.Refusal)
	}
	var sent []string
	for _, p := range doc.State.borne().Papers {
		sent = append(sent, p.Title+" "+p.To+" "+p.Way+" "+p.Paper.Day.String()+" "+p.For)
	}
	if got := strings.Join(sent, "\n"); got != "备案材料收件回执 一盏灯物业 系统内送达 2026-10-19 \n一次性告知书 一盏灯物业 系统内送达 2026-10-22 filing.ask\n不予备案告知书 一盏灯物业 系统内送达 2026-10-29 filing.refuse" {
		t.Errorf("it sends\n%s", got)
	}
	// Who lets the correction pass by is refused after its deadline.
	late := d.tell(t, d.draft(t), told{"firm", d.submit("2026-10-01"), Submitted, ""}, told{"officer", d.ask, Correcting, ""})
	d.wait(31)
	if late = d.tell(t, late, told{"officer", d.refuse, Refused, ""}); late.State.Refusal == nil || late.State.Refusal.Clause != "《物业管理条例》第二十四条" {
		t.Errorf("refused with %+v", late.State.Refusal)
	}
}

// TestNotice: the community is told in parallel; its answer stands on the filing, its silence is no objection, and neither delays anything.
func TestNotice(t *testing.T) {
	d := newDesk(t)
	sent := func() store.Doc[Filing] {
		return d.tell(t, d.draft(t), told{"firm", d.submit("2026-10-01"), Submitted, ""})
	}
	waiting := func(who string) int {
		docs, err := d.Unanswered(t.Context(), people[who])
		if err != nil {
			t.Fatal(err)
		}
		return len(docs)
	}
	doc := sent()
	if due := doc.State.Notice.Due.Due.String(); due != "2026-10-22" || waiting("community") != 1 || waiting("elsewhere") != 0 {
		t.Errorf("told until %s, %d wait", due, waiting("community"))
	}
	doc = d.tell(t, doc, told{"elsewhere", d.answer(NoticeAgreed, ""), "", fault.NotFound}, told{"officer", d.answer(NoticeAgreed, ""), "", fault.Forbidden}, told{"community", d.answer("", ""), "", fault.Invalid},
		told{"community", d.answer(NoticeSilent, ""), "", fault.Invalid}, told{"community", d.answer(NoticeObjected, " "), "", fault.Invalid}, told{"community", d.answer(NoticeAgreed, strings.Repeat("长", 201)), "", fault.Invalid},
		told{"officer", d.accept, Approving, ""}, told{"community", d.answer(NoticeObjected, "合同的楼栋写错了"), Approving, ""}, told{"community", d.answer(NoticeAgreed, ""), "", fault.Conflict})
	if f := doc.State; f.Noticed(d.Clock()) != NoticeObjected || f.Notice.Text != "合同的楼栋写错了" || waiting("community") != 0 {
		t.Errorf("%+v", f.Notice)
	}
	// One that ends before is answered no more; one that nobody answers is not held up, and its time passes.
	gone := d.tell(t, sent(), told{"firm", d.withdraw, Withdrawn, ""}, told{"community", d.answer(NoticeAgreed, ""), "", fault.Conflict})
	silent := sent()
	if gone.State.Noticed(d.Clock()) != NoticeOver || waiting("community") != 1 {
		t.Errorf("%s, %d wait", gone.State.Noticed(d.Clock()), waiting("community"))
	}
	d.wait(4)
	silent = d.tell(t, silent, told{"community", d.answer(NoticeObjected, "晚了"), "", fault.Conflict}, told{"officer", d.accept, Approving, ""})
	if silent.State.Noticed(d.Clock()) != NoticeSilent || waiting("community") != 0 {
		t.Errorf("%s, %d wait", silent.State.Noticed(d.Clock()), waiting("community"))
	}
}

// TestAbout: a kind about a firm has no compound, one of a developer is seen by it.
func TestAbout(t *testing.T) {
	d := newDesk(t)
	for _, s := range []struct {
		who, kind, subject string
		want               fault.Kind
		keys               []string
	}{
		{"firm", "branch", "f1", "", []string{"f:f1"}}, {"firm", "branch", "f2", fault.NotFound, nil}, {"firm", "branch", "f9", fault.NotFound, nil}, {"firm", "branch", "", fault.Invalid, nil},
		{"builder", "tender", "p1", "", []string{"p:p1", "c:c1", "t:t1", "f:f1", "d:d1"}}, {"firm", "contract", "", fault.Invalid, nil}, {"builder", "contract", "p1", fault.Forbidden, nil},
	} {
		doc, err := d.Start(t.Context(), people[s.who], Opening{Kind: s.kind, Subject: s.subject}, nil)
		if fault.KindOf(err) != s.want || !slices.Equal(doc.State.Keys, s.keys) {
			t.Errorf("%s files %s for %q: %v %v", s.who, s.kind, s.subject, doc.State.Keys, err)
		}
	}
	// What another part of the register knows stands in the draft already; a paper that the kind does not want is left out.
	known := Opening{Kind: "handover", Subject: "p1", Happened: d.Today(), Note: "一期", Files: map[string]files.Stored{"agreement": {Name: "协议.pdf"}, "poem": {Name: "诗.pdf"}}}
	if doc, err := d.Start(t.Context(), people["firm"], known, nil); err != nil || doc.State.Happened != d.Today() || doc.State.Note != "一期" || len(doc.State.Documents) != 1 || doc.State.Documents[0].Title != "物业承接查验协议" {
		t.Errorf("%+v %v", doc.State, err)
	}
	known.Happened = d.Today().Add(1)
	d.Refused("of tomorrow", fault.Invalid, func() error { _, err := d.Start(t.Context(), people["firm"], known, nil); return err }, "happened 物业交接日期 2026年10月20日 晚于今天")
	firms, err := d.Firms(t.Context(), people["rival"])
	if err != nil || len(firms) != 1 || firms[0].Text != "赣北物业" {
		t.Errorf("%v %v", firms, err)
	}
	doc, err := d.Start(t.Context(), people["firm"], Opening{Kind: "branch", Subject: "f1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"licence", "head"} {
		if doc, err = d.Attach(t.Context(), people["firm"], At{ID: doc.ID, Seq: doc.Seq}, id, d.upload(t, id)); err != nil {
			t.Fatal(err)
		}
	}
	doc = d.tell(t, doc, told{"firm", d.submit("2026-10-01"), Submitted, ""}, told{"officer", d.accept, Approving, ""}, told{"chief", d.sign(policy.MoveAgree, password), Approving, ""}, told{"vice", d.sign(policy.MoveAgree, password), Registered, ""})
	if f := doc.State; f.Subject() != "一盏灯物业" || f.Notice != nil || len(f.Sheets) != 3 {
		t.Errorf("%+v", f)
	}
	if page, err := d.List(t.Context(), people["officer"], Filter{Text: "yizhand"}, ""); err != nil || len(page.Docs) == 0 {
		t.Errorf("not found by the firm: %v", err)
	}
}

// TestPaper: a signed paper counts once somebody who neither recorded nor signed it has looked at it.
func TestPaper(t *testing.T) {
	d := newDesk(t)
	doc := d.tell(t, d.draft(t), told{"firm", d.submit("2026-10-01"), Submitted, ""}, told{"officer", d.accept, Approving, ""}, told{"chief", d.sign(policy.MoveAgree, password), Approving, ""})
	record := func(signer string) act {
		return func(by policy.Actor, at At) (store.Doc[Filing], error) {
			day := calendar.DateOf(d.Clock())
			return d.Sign(context.Background(), by, at, Signing{Move: policy.MoveAgree, Hash: doc.State.Approval.SubjectHash, Password: password, Upload: d.upload(t, "签字"), Signer: signer, SignedOn: day})
		}
	}
	doc = d.tell(t, doc, told{"officer", record("nobody"), "", fault.Invalid}, told{"officer", record("chief"), "", fault.Forbidden}, told{"officer", record("vice"), Approving, ""})
	if f := doc.State; len(f.Scans) != 1 || len(f.Approval.Papers()) != 1 || f.Number != "" {
		t.Errorf("%+v", f)
	}
	queue, err := d.Queue(t.Context(), people["officer2"], StageSign)
	if err != nil || len(queue) != 1 {
		t.Errorf("the second look waits for nobody: %d %v", len(queue), err)
	}
	doc = d.tell(t, doc, told{"officer", d.sign(policy.MoveConfirmPaper, password), "", fault.Forbidden}, told{"vice", d.sign(policy.MoveConfirmPaper, password), "", fault.Forbidden},
		told{"officer2", d.sign(policy.MoveConfirmPaper, password), Registered, ""})
	if doc.State.Number == "" {
		t.Error("no number")
	}
}

// TestMoves: whatever stands not in the table is a Conflict.
func TestMoves(t *testing.T) {
	all := []Move{MoveEdit, MoveSubmit, MoveWithdraw, MoveAccept, MoveAsk, MoveRefuse, MoveResend, MoveSign, MoveReturn, MoveReject, MoveRegister, MoveSheetSave, MoveSheet, MoveSheetCorrect, MoveAnswer}
	allowed := 0
	for _, state := range States() {
		for _, move := range all {
			to, ok := moves[state][move]
			next, err := state.next(move)
			if ok != (err == nil) || next != to || !ok && !fault.Is(err, fault.Conflict) {
				t.Errorf("%s %s: %s %v", state, move, next, err)
			}
			if ok {
				allowed++
			}
		}
		if state.Final() && state != Registered && len(moves[state]) > 0 {
			t.Errorf("%s is final", state)
		}
	}
	if allowed != 26 {
		t.Errorf("%d transitions", allowed)
	}
}

func TestFieldsOfFilingAreTagged(t *testing.T) {
	if err := store.CheckType[Filing](); err != nil {
		t.Error(err)
	}
	golden, err := os.ReadFile("testdata/filing.fields")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(store.FieldNames[Filing](), "\n") + "\n"; got != string(golden) {
		t.Errorf("stored fields changed; old records would not be read:\n%s", got)
	}
}

// sheetOf is the beginning of a filings.yaml with one sheet of one field.
func sheetOf(id, kind string) string {
	return "sheets:\n  - id: party\n    title: 党建信息采集表\n    within: filing.party_form\n    by: [industry_secretary]\n    fields:\n      - {id: " + id + ", label: 填什么, kind: " + kind + "}\nfilings:\n"
}

func TestFaultyKinds(t *testing.T) {
	rules := policytest.Rules(t)
	known := names(t)
	const good = `filings:
  - id: contract
    title: 物业服务合同备案
    basis: 建议
    series: 物合备
    by: [firm_manager]
    event: 合同签订日期
    within: filing.contract
    clock: filing.decide
    chain: filing
    documents:
      - {id: contract, title: 物业服务合同}
`
	for _, tt := range []struct{ name, old, new, want string }{
		{"right", "", "", ""},
		{"an unknown deadline", "clock: filing.decide", "clock: filing.never", "filings.yaml:9:12"},
		{"an unknown limit", "within: filing.contract", "within: filing.never", "filings.yaml:8:13"},
		{"an unknown chain", "chain: filing", "chain: fund", "filings.yaml:10:12"},
		{"who cannot file", "[firm_manager]", "[inspector]", "filings.yaml:6:10"},
		{"a document twice", "物业服务合同}\n", "物业服务合同}\n      - {id: contract, title: 又一份}\n", "filings.yaml:13:14"},
		{"a notice about a firm", "clock: filing.decide", "clock: filing.decide\n    firm_wide: true\n    notice: filing.decide", "filings.yaml:11:13"},
		{"sheets that are asked for and not there", "chain: filing", "chain: filing\n    synchronous: true", "filings.yaml:2:3"},
		{"a sheet about a person", "filings:\n", sheetOf("name", "person"), "filings.yaml:7:38"},
		{"a sheet that a firm would fill in", "filings:\n", strings.Replace(sheetOf("step", "text"), "industry_secretary", "firm_manager", 1), "filings.yaml:5:10"},
		{"the same kind twice", "filings:\n", good, "filings.yaml:13:9"},
	} {
		text := strings.Replace(good, tt.old, tt.new, 1)
		_, err := ParseKinds("filings.yaml", []byte(text), rules, known)
		fields := fault.FieldsOf(err)
		if tt.want == "" && err != nil || tt.want != "" && (len(fields) == 0 || fields[0].Name != tt.want) {
			t.Errorf("%s: %v, want one at %s", tt.name, fields, tt.want)
		}
	}
}
