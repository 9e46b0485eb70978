package veto

import (
	"context"
	"os"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/registrytest"
	"redsteward/supervision"
)

func TestStoredFields(t *testing.T) {
	if err := store.CheckType[Veto](); err != nil {
		t.Error(err)
	}
	golden, err := os.ReadFile("testdata/veto.fields")
	if got := strings.Join(store.FieldNames[Veto](), "\n") + "\n"; err != nil || got != string(golden) {
		t.Errorf("stored fields of veto changed; old records would not be read:\n%s%v", got, err)
	}
}

// desk is a service on a real store with a clock that the test moves; p1 is served by f1, p2 by nobody.
type desk struct {
	*Service
	*registrytest.Desk
	c store.Doc[Veto]
}

var (
	day          = registrytest.Day
	officer      = registrytest.Person("officer", "property_officer", policy.County)
	chief        = registrytest.Person("chief", "section_chief", policy.County)
	chief2       = registrytest.Person("chief2", "section_chief", policy.County)
	organisation = registrytest.Person("organisation", "organisation", policy.County)
	deputy       = registrytest.Person("deputy", "deputy_director", policy.County)
	director     = registrytest.Person("director", "director", policy.County)
	legal        = registrytest.Person("legal", "legal_officer", policy.County)
	firm         = registrytest.Person("firm", "firm_manager", "f:f1")
	rival        = registrytest.Person("rival", "firm_manager", "f:f2")
)

func (d *desk) Place(_ context.Context, project string, _ calendar.Date) (registry.Place, error) {
	p := registry.Place{Project: project, Name: "望湖苑", Community: "c1", CommunityName: "城东社区", Township: "t1"}
	switch project {
	case "p1":
		p.Firm, p.FirmName = "f1", "一盏灯物业"
	case "p2":
	default:
		return p, fault.New("veto.Place", fault.NotFound, "没有找到这个小区")
	}
	return p, nil
}

func must[T any](t testing.TB) func(T, error) T { return registrytest.Must[T](t) }

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{Desk: registrytest.NewDesk(t, day("2026-09-01").Begins())}
	terms := must[*casework.Grounds](t)(ParseTerms("vetoes.yaml", registrytest.Config(t, "vetoes.yaml")))
	d.Service = must[*Service](t)(New(t.Context(), Config{Places: d, Terms: terms, Desk: casework.Desk{DB: d.DB, Letters: d.Letters, Guard: d.Guard, Keeper: d.Keeper, Persons: registrytest.Persons{officer, chief, chief2, organisation, deputy, director, legal}, Chains: d.Chains(), Now: d.Clock, Deadlines: d.Desk.Deadlines}}))
	return d
}

func opening() Opening {
	return Opening{Project: "p1", Rests: casework.Rests{Ground: "fire_hazard", Source: "fire", Number: "都消重判〔2026〕1号", Issuer: "消防救援大队", Text: "消防控制室停用", Effective: day("2026-08-20")}}
}

// open begins the case of the desk.
func (d *desk) open() {
	d.c = must[store.Doc[Veto]](d.T)(d.Open(d.T.Context(), officer, opening(), nil))
}

// step is a call that takes a step with everything that its form can hold.
func (d *desk) step(by policy.Actor, do Step, choice ...string) func() error {
	return func() error {
		in := casework.Input{Day: d.Desk.Today(), Number: string(do) + "〔2026〕1号", Text: "写明事实和理由", Upload: d.Photo()}
		if len(choice) > 0 {
			in.Choice = choice[0]
		}
		doc, err := d.Do(d.T.Context(), by, casework.At{ID: d.c.ID, Seq: d.c.Seq}, do, in)
		if err == nil {
			d.c = doc
		}
		return err
	}
}

func (d *desk) sign(by policy.Actor, move policy.ApprovalMove) func() error {
	return func() error {
		doc, err := d.Sign(d.T.Context(), by, casework.At{ID: d.c.ID, Seq: d.c.Seq}, policy.Sign{Move: move, Reason: "事实要核对", SubjectHash: d.c.State.Signing().SubjectHash}, registrytest.Password)
		if err == nil {
			d.c = doc
		}
		return err
	}
}

func (d *desk) ok(calls ...func() error) {
	d.T.Helper()
	for _, call := range calls {
		if err := call(); err != nil {
			d.T.Fatal(err, fault.FieldsOf(err))
		}
	}
}

// told are the events of the rating as of now.
func (d *desk) told() (out []supervision.Reading) {
	d.T.Helper()
	span := calendar.Span{First: day("2020-01-01"), Last: day("2030-12-31")}
	if err := d.EachReading(d.T.Context(), span, d.Clock(), 1<<40, func(r supervision.Reading) error { out = append(out, r); return nil }); err != nil {
		d.T.Fatal(err)
	}
	return out
}

// issued goes on until the decision was delivered on 21 September.
func (d *desk) issued() {
	d.T.Helper()
	d.open()
	d.ok(d.step(officer, StepScan), d.step(officer, StepServe))
	d.Forward("2026-09-10")
	d.ok(d.step(officer, StepSend), d.sign(chief, policy.MoveAgree), d.sign(organisation, policy.MoveAgree), d.sign(deputy, policy.MoveAgree))
	d.Forward("2026-09-21")
	d.ok(d.step(officer, StepIssue))
}

// TestOpening refuses what is no document in effect, or not for this ground.
func TestOpening(t *testing.T) {
	d := newDesk(t)
	open := func(by policy.Actor, change func(*Opening)) func() error {
		return func() error {
			in := opening()
			change(&in)
			_, err := d.Open(t.Context(), by, in, nil)
			return err
		}
	}
	d.Refused("by the firm", fault.Forbidden, open(firm, func(*Opening) {}))
	d.Refused("an unknown compound", fault.NotFound, open(officer, func(o *Opening) { o.Project = "p9" }))
	for name, bad := range map[string]func(*Opening){
		"理由": func(o *Opening) { o.Ground = "noise" }, "种类": func(o *Opening) { o.Source = "" }, "不能只凭": func(o *Opening) { o.Source = "penalty" }, "不是生效文书": func(o *Opening) { o.Number = "听证告知1号" },
		"还没有到": func(o *Opening) { o.Effective = day("2026-09-02") }, "没有物业企业服务": func(o *Opening) { o.Project = "p2" },
	} {
		d.Refused(name, fault.Invalid, open(officer, bad), name)
	}
	d.open()
	d.Refused("twice", fault.Conflict, open(officer, func(*Opening) {}), "立过案")
	d.Refused("the firm does not know of it", fault.NotFound, func() error { _, err := d.One(t.Context(), firm, d.c.ID); return err })
	d.ok(d.step(officer, StepWithdraw))
	d.open()
}

// TestLife follows a decision to its last day, with what is refused on its way.
func TestLife(t *testing.T) {
	d := newDesk(t)
	d.open()
	d.Refused("notice without the document", fault.Conflict, d.step(officer, StepServe), "还没有上传生效文书")
	d.ok(d.step(officer, StepScan), d.step(officer, StepServe))
	if d.c.State.Clock.Due != day("2026-09-08") {
		t.Fatal(d.c.State.Clock)
	}
	d.Refused("another firm", fault.NotFound, d.step(rival, StepPlead))
	d.Refused("before the period is over", fault.Conflict, d.step(officer, StepSend), "才满")
	d.ok(d.step(firm, StepPlead))
	d.Refused("heard by who drafted", fault.Forbidden, d.step(officer, StepHear, "reject"))
	d.Forward("2026-09-09")
	d.Refused("pleaded late", fault.Conflict, d.step(firm, StepPlead), "已经过了")
	d.Refused("sent unheard", fault.Conflict, d.step(officer, StepSend), "笔录")
	d.ok(d.step(chief2, StepHear, "reject"), d.step(officer, StepSend))
	d.Refused("signed by who drafted", fault.Forbidden, d.sign(officer, policy.MoveAgree))
	d.Refused("signed by who heard", fault.Forbidden, d.sign(chief2, policy.MoveAgree), "审批必须由另一人")
	if d.Can(t.Context(), chief2, &d.c.State, StepSign) {
		t.Error("the page lets sign who heard")
	}
	d.ok(d.sign(chief, policy.MoveReturn), d.step(officer, StepSend), d.sign(chief, policy.MoveAgree))
	d.Refused("delivered before it is decided", fault.Conflict, d.step(officer, StepIssue), "联审中")
	d.ok(d.sign(organisation, policy.MoveAgree))
	d.ok(d.sign(deputy, policy.MoveAgree))
	if len(d.told()) != 0 {
		t.Error("a decision counts that was not delivered")
	}
	d.ok(d.step(officer, StepIssue))
	told := d.told()
	if len(told) != 1 || told[0].Firm != "f1" || told[0].Cells[0].Text != "fire_hazard" || told[0].Cells[0].Until != day("2027-09-08") || told[0].Day != day("2026-09-09") || told[0].ReviewedBy != "deputy_director/deputy" {
		t.Fatalf("%+v", told)
	}
	d.Refused("eased while the firm may object", fault.Conflict, d.step(officer, StepEase), "才满")
	d.Forward("2026-09-25")
	d.Refused("objected late", fault.Conflict, d.step(firm, StepObject), "已经过了")
	d.ok(d.step(officer, StepEase), d.sign(chief, policy.MoveRefuse))
	if d.c.State.State != InForce {
		t.Fatal(d.c.State.State)
	}
	d.ok(d.step(officer, StepEase), d.sign(chief, policy.MoveAgree), d.sign(organisation, policy.MoveAgree), d.sign(deputy, policy.MoveAgree))
	if told := d.told(); d.c.State.State != Lifted || len(told) != 1 || told[0].Cells[0].Until != day("2026-09-24") {
		t.Errorf("%s %+v", d.c.State.State, told)
	}
}

// TestObjection: who took part does not answer; what is upheld never counted, what is not stands until its last day.
func TestObjection(t *testing.T) {
	d := newDesk(t)
	d.issued()
	d.ok(d.step(firm, StepObject))
	d.Refused("answered by who signed", fault.Forbidden, d.step(deputy, StepAnswer, "dismiss"), "没有参与")
	d.Refused("no answer", fault.Invalid, d.step(director, StepAnswer), "是否成立")
	d.ok(d.step(director, StepAnswer, "dismiss"))
	d.Refused("objected twice", fault.Conflict, d.step(firm, StepObject), "不能再提")
	if d.c.State.State != InForce || d.c.State.StateOn(day("2027-09-20")) != InForce || d.c.State.StateOn(day("2027-09-21")) != Expired || len(d.told()) != 1 {
		t.Errorf("%+v", d.c.State)
	}

	d = newDesk(t)
	d.issued()
	d.ok(d.step(firm, StepObject), d.step(legal, StepAnswer, "uphold"))
	if d.c.State.State != Revoked || len(d.told()) != 0 {
		t.Errorf("%s %+v", d.c.State.State, d.told())
	}
}

// TestTerms names every mistake of a vetoes.yaml.
func TestTerms(t *testing.T) {
	good := string(registrytest.Config(t, "vetoes.yaml"))
	for old, bad := range map[string]string{"documents: [fire]": "documents: [letter]", "months: 12": "months: 0", "id: owner_data": "id: accident", "title: 提供虚假材料": "title: 假"} {
		if _, err := ParseTerms("vetoes.yaml", []byte(strings.Replace(good, old, bad, 1))); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// to leads a fresh desk into a state.
func to(t *testing.T, state State) *desk {
	t.Helper()
	d := newDesk(t)
	sent := func() {
		d.open()
		d.ok(d.step(officer, StepScan), d.step(officer, StepServe))
		d.Forward("2026-09-10")
		d.ok(d.step(officer, StepSend))
	}
	agreed := func() {
		d.ok(d.sign(chief, policy.MoveAgree), d.sign(organisation, policy.MoveAgree), d.sign(deputy, policy.MoveAgree))
	}
	eased := func() {
		d.issued()
		d.Forward("2026-10-09")
		d.ok(d.step(officer, StepEase))
	}
	switch state {
	case Draft:
		d.open()
	case Hearing:
		d.open()
		d.ok(d.step(officer, StepScan), d.step(officer, StepServe))
	case Approving:
		sent()
	case SentBack:
		sent()
		d.ok(d.sign(chief, policy.MoveReturn))
	case Refused:
		sent()
		d.ok(d.sign(chief, policy.MoveRefuse))
	case Decided:
		sent()
		agreed()
	case InForce:
		d.issued()
	case Objected:
		d.issued()
		d.ok(d.step(firm, StepObject))
	case Revoked:
		d.issued()
		d.ok(d.step(firm, StepObject), d.step(legal, StepAnswer, "uphold"))
	case Easing:
		eased()
	case Lifted:
		eased()
		agreed()
	case Expired:
		d.issued()
		d.Forward("2027-09-21")
	case Withdrawn:
		d.open()
		d.ok(d.step(officer, StepWithdraw))
	}
	if got := d.c.State.StateOn(d.Desk.Today()); got != state {
		t.Fatalf("%s, want %s", got, state)
	}
	return d
}

// TestEveryState tries every step in every state: what the table does not know, what nobody takes directly and what needs another right is refused and writes nothing, and no page offers it.
func TestEveryState(t *testing.T) {
	actors := map[policy.Action]policy.Actor{policy.HandleVeto: officer, policy.PleadVeto: firm, policy.HearVeto: chief2, policy.AnswerVeto: director, policy.SignApproval: chief}
	auditor := registrytest.Person("auditor", "auditor", policy.County)
	for _, state := range States() {
		d := to(t, state)
		allowed := 0
		for _, do := range Steps() {
			name, by := string(state)+" "+string(do), actors[do.Action()]
			_, known := steps[state][do]
			if known {
				allowed++
			}
			if !known {
				if d.Can(t.Context(), by, &d.c.State, do) {
					t.Errorf("%s is offered", name)
				}
				kind := fault.Conflict
				if do.Action() == policy.PleadVeto && d.c.State.Notice == nil {
					kind = fault.NotFound // the firm was told nothing yet
				}
				d.Refused(name, kind, d.step(by, do))
			}
			if do.Action() != policy.SignApproval {
				if do != StepDraft && do != StepUphold && do != StepDismiss {
					d.Refused(name+" without the right", fault.Forbidden, d.step(auditor, do))
				}
				continue
			}
			d.Refused(name+" not by its form", fault.Conflict, d.step(by, do))
			if !known {
				d.Refused(name+" signed", fault.Conflict, func() error {
					_, err := d.Sign(t.Context(), by, casework.At{ID: d.c.ID, Seq: d.c.Seq}, policy.Sign{Move: policy.MoveAgree}, registrytest.Password)
					return err
				})
			}
		}
		if state.Final() != (allowed == 0) {
			t.Errorf("%s: %d steps, final %v", state, allowed, state.Final())
		}
		if state.Title() == "" || (state.Final() || state == InForce) != (d.c.State.Next(d.Desk.Today()) == "" || state == InForce) {
			t.Errorf("%s: %q, next %q", state, state.Title(), d.c.State.Next(d.Desk.Today()))
		}
	}
}

// TestForms refuses what the form of a step lacks, names the field and writes nothing.
func TestForms(t *testing.T) {
	tried := func(d *desk, by policy.Actor, do Step, change func(*casework.Input)) func() error {
		return func() error {
			in := casework.Input{Day: d.Desk.Today(), Number: "都住建否〔2026〕9号", Text: "写明事实和理由", Choice: "reject", Upload: d.Photo()}
			change(&in)
			_, err := d.Do(t.Context(), by, casework.At{ID: d.c.ID, Seq: d.c.Seq}, do, in)
			return err
		}
	}
	noPaper := func(in *casework.Input) { in.Upload = nil }
	d := to(t, Draft)
	d.Refused("no scan", fault.Invalid, tried(d, officer, StepScan, noPaper), "paper")
	d.Refused("no reason", fault.Invalid, tried(d, officer, StepWithdraw, func(in *casework.Input) { in.Text = "" }), "text")
	d.ok(d.step(officer, StepScan))
	d.Refused("no number, no day, no way", fault.Invalid, tried(d, officer, StepServe, func(in *casework.Input) { in.Number, in.Day, in.Text = "", calendar.Date{}, "" }), "number", "day", "text")
	d.Refused("tomorrow", fault.Invalid, tried(d, officer, StepServe, func(in *casework.Input) { in.Day = in.Day.Add(1) }), "day")
	d.Refused("before it was drafted", fault.Invalid, tried(d, officer, StepServe, func(in *casework.Input) { in.Day = in.Day.Add(-1) }), "day")
	d.Refused("no receipt", fault.Invalid, tried(d, officer, StepServe, noPaper), "paper")
	d.ok(d.step(officer, StepServe), d.step(firm, StepPlead))
	d.Refused("nothing pleaded", fault.Invalid, tried(d, firm, StepPlead, func(in *casework.Input) { in.Text = "" }), "text")
	d.Refused("heard without an opinion", fault.Invalid, tried(d, chief2, StepHear, func(in *casework.Input) { in.Choice = "" }), "choice")
	d.Refused("heard without a record", fault.Invalid, tried(d, chief2, StepHear, noPaper), "paper")
	d.ok(d.step(chief2, StepHear, "adopt"), d.step(firm, StepPlead))
	d.Forward("2026-09-10")
	d.Refused("pleaded again and not heard again", fault.Conflict, d.step(officer, StepSend), "笔录")
	d.ok(d.step(chief2, StepHear, "reject"))
	d.Refused("no minutes", fault.Invalid, tried(d, officer, StepSend, noPaper), "paper")
	d.Refused("reviewed within the firm's period", fault.Invalid, tried(d, officer, StepSend, func(in *casework.Input) { in.Day = day("2026-09-07") }), "day")
	d.ok(d.step(officer, StepSend), d.sign(chief, policy.MoveAgree), d.sign(organisation, policy.MoveAgree), d.sign(deputy, policy.MoveAgree))
	d.Refused("the number of the notice again", fault.Invalid, tried(d, officer, StepIssue, func(in *casework.Input) { in.Number = "serve〔2026〕1号" }), "已用于望湖苑的告知书")
	d.Refused("delivered before the review met", fault.Invalid, tried(d, officer, StepIssue, func(in *casework.Input) { in.Day = day("2026-09-09") }), "day")
	old := d.c.Seq - 1
	d.Refused("an old page", fault.Conflict, func() error {
		_, err := d.Do(t.Context(), officer, casework.At{ID: d.c.ID, Seq: old}, StepIssue, casework.Input{Day: d.Desk.Today(), Number: "都住建否〔2026〕9号", Text: "直接送达", Upload: d.Photo()})
		return err
	}, "刚被别人办过")
	d.ok(d.step(officer, StepIssue))
	d.Forward("2026-10-09")
	d.Refused("eased without minutes", fault.Invalid, tried(d, officer, StepEase, noPaper), "paper")
	d.ok(d.step(officer, StepEase))
	d.Refused("its end is decided by nobody who drafted it", fault.Forbidden, d.sign(officer, policy.MoveAgree))

	// The number of a paper belongs to one case; a form that is sent twice begins one.
	first := d.c.ID
	again := opening()
	again.Number = "都消重判〔2026〕2号"
	sent := &store.Idem{Key: "once"}
	second := must[store.Doc[Veto]](t)(d.Open(t.Context(), officer, again, sent))
	before := d.Records(t)
	if same := must[store.Doc[Veto]](t)(d.Open(t.Context(), officer, again, sent)); same.ID != second.ID || second.ID == first || d.Records(t) != before {
		t.Errorf("sent twice: %s and %s", second.ID, same.ID)
	}
	d.c = second
	d.ok(d.step(officer, StepScan))
	d.Refused("the number of another case", fault.Invalid, tried(d, officer, StepServe, func(in *casework.Input) { in.Number = "serve〔2026〕1号" }), "已用于望湖苑的告知书")

	// The firm's period runs on while nobody can compute its end.
	d = newDesk(t)
	d.Forward("2027-03-01")
	d.open()
	d.ok(d.step(officer, StepScan), d.step(officer, StepServe))
	d.Forward("2027-04-30")
	d.Refused("no calendar", fault.Conflict, d.step(officer, StepSend), "放假安排")
	d.ok(d.step(firm, StepPlead))
}

// TestKnownAt: what was known at a moment is known of it for good, by who looks back and by an evaluation of that day.
func TestKnownAt(t *testing.T) {
	d := newDesk(t)
	d.issued()
	d.Forward("2026-10-09")
	d.ok(d.step(officer, StepEase))
	d.Forward("2026-11-02")
	d.ok(d.sign(chief, policy.MoveAgree), d.sign(organisation, policy.MoveAgree), d.sign(deputy, policy.MoveAgree))
	then := must[store.Doc[Veto]](t)(d.One(store.KnownAt(t.Context(), day("2026-10-09").Begins()), officer, d.c.ID))
	if then.State.State != InForce || then.State.Until != day("2027-09-20") || d.c.State.State != Lifted || d.c.State.Until != day("2026-11-01") {
		t.Errorf("%+v", then.State)
	}
	at := func(moment calendar.Date, upTo int64) (out []supervision.Reading) {
		if err := d.EachReading(t.Context(), calendar.Span{First: day("2020-01-01"), Last: day("2030-12-31")}, moment.Begins(), upTo, func(r supervision.Reading) error { out = append(out, r); return nil }); err != nil {
			t.Fatal(err)
		}
		return out
	}
	all, ended, before := at(day("2026-10-31"), 1<<40), at(day("2026-12-01"), 1<<40), at(day("2026-09-21"), 1<<40)
	if len(before) != 0 || len(all) != 1 || all[0].Cells[0].Until != day("2027-09-20") || len(ended) != 1 || ended[0].Cells[0].Until != day("2026-11-01") || all[0].Record == ended[0].Record || len(at(day("2026-12-01"), all[0].N-1)) != 0 {
		t.Errorf("before %v, while it stood %v, after its early end %v", before, all, ended)
	}
}
