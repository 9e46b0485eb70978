package application

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

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
	if err := store.CheckType[Application](); err != nil {
		t.Error(err)
	}
	if err := store.CheckType[Round](); err != nil {
		t.Error(err)
	}
	got := strings.Join(slices.Concat(store.FieldNames[Application](), store.FieldNames[Round]()), "\n") + "\n"
	if golden, err := os.ReadFile("testdata/application.fields"); err != nil || got != string(golden) {
		t.Errorf("stored fields of applications changed; old records would not be read:\n%s%v", got, err)
	}
}

// desk is a service on a real store with a clock that the test moves; p1 and p2 are served by f1, p3 by nobody.
type desk struct {
	*Service
	*registrytest.Desk
	c store.Doc[Application]
	// unloaded: no calendar knows the days. settled are the years whose stars are published.
	unloaded bool
	settled  []string
}

var (
	day       = registrytest.Day
	officer   = registrytest.Person("officer", "property_officer", policy.County)
	officer2  = registrytest.Person("officer2", "property_officer", policy.County)
	chief     = registrytest.Person("chief", "section_chief", policy.County)
	secretary = registrytest.Person("secretary", "community_secretary", policy.CommunityKey("c1"))
	elsewhere = registrytest.Person("elsewhere", "community_secretary", policy.CommunityKey("c2"))
	township  = registrytest.Person("township", "township_party", policy.TownshipKey("t1"))
	firm      = registrytest.Person("firm", "firm_manager", "f:f1")
	rival     = registrytest.Person("rival", "firm_manager", "f:f2")
)

func (d *desk) Place(_ context.Context, project string, _ calendar.Date) (registry.Place, error) {
	p := registry.Place{Project: project, Name: "望湖苑", Community: "c1", CommunityName: "城东社区", Township: "t1"}
	switch project {
	case "p1", "p2":
		p.Firm, p.FirmName = "f1", "一盏灯物业"
	case "p3":
	default:
		return p, fault.New("application.Place", fault.NotFound, "没有找到这个小区")
	}
	return p, nil
}

func (d *desk) EachHolding(ctx context.Context, on calendar.Date, yield func(registry.Holding) error) error {
	for _, id := range []string{"p1", "p2", "p3"} {
		place, _ := d.Place(ctx, id, on)
		if err := yield(registry.Holding{Place: place}); err != nil {
			return err
		}
	}
	return nil
}

func must[T any](t testing.TB) func(T, error) T { return registrytest.Must[T](t) }

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{Desk: registrytest.NewDesk(t, day("2026-10-19").Begins().Add(9*time.Hour))}
	terms := must[*Terms](t)(ParseTerms("applications.yaml", registrytest.Config(t, "applications.yaml"), d.HasPeriod))
	deadlines := func(rule string, from calendar.Date) (calendar.Deadline, error) {
		out, err := d.Desk.Deadlines(rule, from)
		if d.unloaded {
			out.Due = calendar.Date{}
		}
		return out, err
	}
	resolve := func(w calendar.Deadline) calendar.Deadline {
		if d.unloaded {
			w.Due = calendar.Date{}
		}
		return w
	}
	d.Service = must[*Service](t)(New(t.Context(), Config{Register: d, Terms: terms, Resolve: resolve, Settled: func(_ context.Context, year string) (bool, error) { return slices.Contains(d.settled, year), nil },
		Desk: casework.Desk{DB: d.DB, Letters: d.Letters, Guard: d.Guard, Keeper: d.Keeper, Persons: registrytest.Persons{officer, officer2, chief, secretary, township}, Chains: d.Chains(), Now: d.Clock, Deadlines: deadlines}}))
	return d
}

// ok lets calls happen; begin, do and sign are calls about the application of the desk.
func (d *desk) ok(calls ...func() error) {
	d.T.Helper()
	for _, call := range calls {
		if err := call(); err != nil {
			d.T.Fatal(err, fault.FieldsOf(err))
		}
	}
}

func (d *desk) call() error { _, err := d.Call(d.T.Context(), officer, "2026", ""); return err }

func (d *desk) begin(by policy.Actor, project string) func() error {
	return func() error {
		doc, err := d.Begin(d.T.Context(), by, project, "2026", "全年按合同服务", nil)
		if err == nil {
			d.c = doc
		}
		return err
	}
}

func (d *desk) do(by policy.Actor, step Step, in casework.Input) func() error {
	return func() error {
		doc, err := d.Do(d.T.Context(), by, casework.At{ID: d.c.ID, Seq: d.c.Seq}, step, in)
		if err == nil {
			d.c = doc
		}
		return err
	}
}

func (d *desk) submit() error {
	return d.do(firm, StepSubmit, casework.Input{Text: "补上了说明", Password: registrytest.Password})()
}

func (d *desk) sign(by policy.Actor, move policy.ApprovalMove, words ...string) func() error {
	return func() error {
		hash := ""
		if a := d.c.State.Approval; a != nil {
			hash = a.SubjectHash
		}
		doc, err := d.Sign(d.T.Context(), by, casework.At{ID: d.c.ID, Seq: d.c.Seq}, policy.Sign{Move: move, Reason: append(words, "情况属实")[0], SubjectHash: hash}, registrytest.Password)
		if err == nil {
			d.c = doc
		}
		return err
	}
}

// dues are the clocks of which somebody is reminded, sorted: item, what, whether that is only allowed, and whose turn it is.
func (d *desk) dues() []string {
	d.T.Helper()
	var out []string
	for _, due := range must[[]casework.Due](d.T)(d.Dues(d.T.Context())) {
		said := due.Project + " " + due.Item + " " + due.What
		if d.c.ID != "" {
			said = strings.Replace(said, d.c.ID, "1", 1)
		}
		if due.May {
			said += "（可以不办）"
		}
		for _, by := range []policy.Actor{officer, officer2, chief, secretary, elsewhere, township, firm, rival} {
			if must[bool](d.T)(due.Acts(d.T.Context(), by)) {
				said += " " + by.ID
			}
		}
		out = append(out, said)
	}
	slices.Sort(out)
	return out
}

// told are what the rating is told of the year 2026 by fact and project.
func (d *desk) told() map[string]string {
	d.T.Helper()
	out := map[string]string{}
	span := calendar.Span{First: day("0001-01-01"), Last: day("2026-12-31")}
	if err := d.EachReading(d.T.Context(), span, d.Clock(), 1<<40, func(r supervision.Reading) error {
		if r.Record == "" || len(r.Hash) != 64 {
			d.T.Errorf("%+v names no record", r)
		}
		out[r.Fact+" "+r.Project] = r.Cells[0].Text
		return nil
	}); err != nil {
		d.T.Fatal(err)
	}
	return out
}

func (d *desk) tells(what map[string]string) {
	d.T.Helper()
	told := d.told()
	for key, want := range what {
		if told[key] != want {
			d.T.Errorf("%s is %q, want %q", key, told[key], want)
		}
	}
}

// TestLife walks through an application: the window, the pledge, each level once by another person, one return, what the joint review keeps back, and what the rating is told each time.
func TestLife(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	if len(d.told()) != 0 {
		t.Error("without a call nothing is said")
	}
	d.Refused("without a call", fault.NotFound, d.begin(firm, "p1"), "还没有通知")
	d.Refused("a firm does not call", fault.Forbidden, func() error { _, err := d.Call(ctx, firm, "2026", ""); return err })
	d.Refused("a year long ago", fault.Invalid, func() error { _, err := d.Call(ctx, officer, "2024", ""); return err }, "year")
	d.ok(d.call)
	d.Refused("called twice", fault.Conflict, d.call, "已经通知过")
	d.tells(map[string]string{"application p1": "none", "application p2": "none", "joint_star p1": ""})

	d.Refused("another firm", fault.NotFound, d.begin(rival, "p1"))
	d.Refused("nobody serves it", fault.NotFound, d.begin(firm, "p3"))
	if got := d.dues(); !slices.Equal(got, []string{"p1 star-call/2026 望湖苑申报2026年度星级，企业（可以不办） firm", "p2 star-call/2026 望湖苑申报2026年度星级，企业（可以不办） firm"}) {
		t.Errorf("whom the call waits for: %q", got)
	}
	d.ok(d.begin(firm, "p1"))
	d.Refused("twice", fault.Conflict, d.begin(firm, "p1"), "已经申报")
	waits := func(when, first string) {
		t.Helper()
		want := []string{"p2 star-call/2026 望湖苑申报2026年度星级，企业（可以不办） firm"}
		if first != "" {
			want = append([]string{"p1 star-application/1/rating." + first}, want...)
		}
		if got := d.dues(); !slices.Equal(got, want) {
			t.Errorf("%s it waits for %q", when, got)
		}
	}
	waits("a draft:", "apply 望湖苑的2026年度星级申报，企业签承诺书并提交（可以不办） firm")
	d.tells(map[string]string{"application p1": "none"})
	if page := must[store.Page[Application]](t)(d.List(ctx, secretary, Filter{}, false, "")); len(page.Docs) != 0 {
		t.Error("a draft is the firm's own")
	}
	if left := must[[]registry.Place](t)(d.Unapplied(ctx, firm, "2026")); len(left) != 1 || left[0].Project != "p2" {
		t.Error(left)
	}
	d.Refused("no pledge", fault.Invalid, d.do(firm, StepSubmit, casework.Input{}), "current")
	d.Refused("a wrong password", fault.Invalid, d.do(firm, StepSubmit, casework.Input{Password: "x"}), "current")
	d.Refused("an opinion before it was handed in", fault.NotFound, d.sign(secretary, policy.MoveAgree))
	d.ok(d.submit)
	if a := d.c.State; a.Clock.Rule != "rating.apply_community" || a.Standing() != "社区党组织初评中" {
		t.Error(a.Clock, a.Standing())
	}
	if told := d.told(); told["application p1"] != "" {
		t.Error("while a level decides nothing is said", told)
	}
	d.Refused("another community", fault.NotFound, d.sign(elsewhere, policy.MoveAgree))
	d.Refused("not the turn", fault.Forbidden, d.sign(township, policy.MoveAgree))
	d.Refused("no words", fault.Invalid, d.sign(secretary, policy.MoveAgree, ""), "reason")
	waits("handed in:", "apply_community 望湖苑的2026年度星级申报，社区党组织初评 secretary")
	d.ok(d.sign(secretary, policy.MoveReturn, "少了说明"))
	waits("returned:", "apply_completion 望湖苑的2026年度星级申报，企业补正 firm")
	d.Refused("too early", fault.Conflict, d.do(officer, StepLapse, casework.Input{Text: "没有补正"}), "才满")
	d.unloaded = true
	d.Refused("a clock that nobody can compute is never late", fault.Conflict, d.do(officer, StepLapse, casework.Input{Text: "没有补正"}), "还没有装载")
	d.unloaded = false
	d.ok(d.submit)
	d.Refused("returned twice", fault.Conflict, d.sign(secretary, policy.MoveReturn), "已经退回补正过一次")
	d.ok(d.sign(secretary, policy.MoveAgree), d.sign(township, policy.MoveAgree))
	if a := d.c.State; a.Clock.Rule != "rating.apply_bureau" || a.Approval.Round != 1 {
		t.Error(a.Clock, a.Approval.Round)
	}
	d.ok(d.sign(officer, policy.MoveAgree))
	waits("passed:", "")
	d.tells(map[string]string{"application p1": "passed", "joint_star p1": ""})

	minutes := func(choice string) casework.Input {
		return casework.Input{Choice: choice, Number: "联审纪〔2027〕1号", Day: day("2026-10-19"), Text: "信访事项正在核查", Upload: d.Photo()}
	}
	d.Refused("who gave an opinion", fault.Forbidden, d.do(officer, StepHold, minutes("3")), "另一人")
	d.Refused("five stars are not kept back", fault.Invalid, d.do(officer2, StepHold, minutes("5")), "choice")
	d.ok(d.do(officer2, StepHold, minutes("3")))
	d.tells(map[string]string{"application p1": "passed", "joint_star p1": "star3"})
	d.ok(d.do(officer2, StepFree, casework.Input{Text: "已经核查清楚"}))
	d.tells(map[string]string{"joint_star p1": ""})
	d.settled = []string{"2026"}
	d.Refused("after the publication", fault.Conflict, d.do(officer2, StepHold, minutes("0")), "已经公布")
	if st := must[Standing](t)(d.Standing(ctx, "2026")); st.Open != 0 || st.By[Passed] != 1 || !st.Runs {
		t.Errorf("%+v", st)
	}
}

// TestEnds: what is refused, lapsed, withdrawn and late.
func TestEnds(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	d.ok(d.call, d.begin(firm, "p1"), d.submit)
	d.ok(d.do(firm, StepWithdraw, casework.Input{Text: "合同将到期"}), d.begin(firm, "p1"), d.submit)
	first := d.c
	d.ok(d.begin(firm, "p2"), d.submit)
	seen := []casework.At{{ID: first.ID, Seq: first.Seq}, {ID: d.c.ID, Seq: d.c.Seq}}
	d.Refused("many at once, no words", fault.Invalid, func() error { _, err := d.AgreeAll(ctx, secretary, seen, "", registrytest.Password); return err }, "reason")
	d.Refused("many at once, wrong password", fault.Invalid, func() error { _, err := d.AgreeAll(ctx, secretary, seen, "同意", "x"); return err }, "current")
	if n := must[int](t)(d.AgreeAll(ctx, secretary, seen, "同意", registrytest.Password)); n != 2 {
		t.Error(n)
	}
	d.Refused("many at once, not one's turn any more", fault.Conflict, func() error { _, err := d.AgreeAll(ctx, secretary, seen, "同意", registrytest.Password); return err }, "已签 0 份")
	if waiting := must[[]store.Doc[Application]](t)(d.Waiting(ctx, township)); len(waiting) != 2 {
		t.Error(len(waiting))
	}
	d.c = must[store.Doc[Application]](t)(d.One(ctx, firm, d.c.ID))
	d.ok(d.sign(township, policy.MoveRefuse, "投诉没有办结"))
	d.tells(map[string]string{"application p2": "refused_2"})
	d.Refused("refused for good", fault.Conflict, d.begin(firm, "p2"), "已经申报")
	d.c = must[store.Doc[Application]](t)(d.One(ctx, firm, first.ID))
	d.ok(d.sign(township, policy.MoveReturn, "少了说明"))
	d.Forward("2026-11-10")
	d.Refused("completed late", fault.Conflict, d.submit, "已经过了")
	d.ok(d.do(officer, StepLapse, casework.Input{Text: "没有补正"}))
	d.tells(map[string]string{"application p1": "refused_2"})

	e := newDesk(t)
	e.ok(e.call, e.begin(firm, "p1"))
	e.Forward("2026-11-30")
	e.Refused("handed in after the window", fault.Conflict, e.submit, "不能再申报")
	e.Refused("begun after the window", fault.Conflict, e.begin(firm, "p2"), "不能再申报")
	e.unloaded = true
	e.ok(e.begin(firm, "p2"), e.submit)
}

// passed begins an application of a compound and lets every level agree.
func (d *desk) passed(project string) store.Doc[Application] {
	d.T.Helper()
	d.ok(d.begin(firm, project), d.submit, d.sign(secretary, policy.MoveAgree), d.sign(township, policy.MoveAgree), d.sign(officer, policy.MoveAgree))
	if d.c.State.State != Passed {
		d.T.Fatalf("%s is %s", project, d.c.State.Standing())
	}
	return d.c
}

// TestReview: a joint review records each verdict for itself, says what came of it, writes nothing where the form is wrong, and an agreement makes no new evaluation necessary.
func TestReview(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	d.ok(d.call)
	first := d.passed("p1")
	second := d.passed("p2")
	scan := func() casework.Input {
		return casework.Input{Number: "联审纪要第3期", Day: d.Today(), Text: "两次被通报", Upload: d.Photo()}
	}
	at := func(doc store.Doc[Application]) casework.At { return casework.At{ID: doc.ID, Seq: doc.Seq} }
	review := func(by policy.Actor, in casework.Input, verdicts ...Verdict) func() error {
		return func() error { _, err := d.Review(ctx, by, verdicts, in); return err }
	}
	d.Refused("a firm", fault.Forbidden, review(firm, scan(), Verdict{at(first), ChoiceAgree}))
	d.Refused("nothing chosen", fault.Invalid, review(officer2, scan()), "chosen")
	d.Refused("no such result", fault.Invalid, review(officer2, scan(), Verdict{at(first), "5"}), "chosen")
	d.Refused("no minutes", fault.Invalid, review(officer2, casework.Input{Number: "联审纪要第3期", Day: d.Today()}, Verdict{at(first), ChoiceAgree}), "paper")
	d.Refused("no reason for less", fault.Invalid, review(officer2, casework.Input{Number: "联审纪要第3期", Day: d.Today(), Upload: scan().Upload}, Verdict{at(first), "3"}), "text")
	stood := must[Standing](t)(d.Standing(ctx, "2026"))

	d.Forward("2026-10-20")
	out := must[[]Reviewed](t)(d.Review(ctx, officer2, []Verdict{{at(first), ChoiceAgree}, {casework.At{ID: second.ID, Seq: second.Seq - 1}, "3"}, {casework.At{ID: "nobody", Seq: 1}, ChoiceAgree}}, scan()))
	if len(out) != 3 || out[0].Err != nil || out[0].Result != JointAgreed || !fault.Is(out[1].Err, fault.Conflict) || !fault.Is(out[2].Err, fault.NotFound) {
		t.Fatalf("%+v", out)
	}
	after := must[store.Doc[Application]](t)(d.One(ctx, officer2, first.ID))
	if a := after.State; a.Joint() != JointAgreed || a.State != Passed || a.Agreed.Minutes.File == nil || a.Agreed.Minutes.Text != "" {
		t.Errorf("%+v", a.Agreed)
	}
	if now := must[Standing](t)(d.Standing(ctx, "2026")); now.N != stood.N || !now.At.Equal(stood.At) {
		t.Errorf("an agreement moved the last change from %d to %d", stood.N, now.N)
	}
	d.tells(map[string]string{"application p1": "passed", "joint_star p1": ""})

	// Who signed does not record; what is kept back counts as a change, and so does taking it back by agreeing.
	out = must[[]Reviewed](t)(d.Review(ctx, officer, []Verdict{{at(second), "0"}}, scan()))
	if !fault.Is(out[0].Err, fault.Forbidden) {
		t.Errorf("who signed records: %v", out[0].Err)
	}
	d.Forward("2026-10-21")
	d.Refused("minutes of another day under the same number", fault.Invalid, review(officer2, scan(), Verdict{at(second), "3"}), "number", "联审纪要（2026年10月20日）")
	again := scan()
	again.Number = "联审纪要第4期"
	out = must[[]Reviewed](t)(d.Review(ctx, officer2, []Verdict{{at(second), "3"}, {at(after), "0"}}, again))
	if out[0].Err != nil || out[1].Err != nil {
		t.Fatal(out)
	}
	d.tells(map[string]string{"joint_star p1": "star0", "joint_star p2": "star3"})
	held := must[store.Doc[Application]](t)(d.One(ctx, officer2, first.ID))
	if held.State.Agreed != nil || held.State.Joint() != "不评星" {
		t.Errorf("%+v stands beside %+v", held.State.Agreed, held.State.Held)
	}
	kept := must[Standing](t)(d.Standing(ctx, "2026"))
	if kept.N == stood.N {
		t.Error("what is kept back needs no new evaluation")
	}
	d.Forward("2026-10-22")
	again = scan()
	again.Number = "联审纪要第5期"
	out = must[[]Reviewed](t)(d.Review(ctx, officer2, []Verdict{{at(held), ChoiceAgree}}, again))
	if freed := must[Standing](t)(d.Standing(ctx, "2026")); out[0].Err != nil || freed.N <= kept.N {
		t.Errorf("%v, a limit was taken away and nothing changed: %d after %d", out[0].Err, freed.N, kept.N)
	}
	d.tells(map[string]string{"joint_star p1": ""})
}
