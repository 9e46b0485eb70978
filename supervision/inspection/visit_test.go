package inspection

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
)

func TestEveryTransition(t *testing.T) {
	allowed := map[VisitState][]visitStep{"": {stepPlan}, Planned: {stepMove, stepStart, stepCancel}, Started: {stepSign, stepCancel},
		Returned: {stepSign, stepCancel}, Submitted: {stepAccept, stepReturn}, Accepted: {}, Cancelled: {}}
	for _, state := range append(VisitStates(), "") {
		for _, do := range []visitStep{stepPlan, stepMove, stepStart, stepSign, stepAccept, stepReturn, stepCancel} {
			next, err := state.step(do)
			if slices.Contains(allowed[state], do) {
				if err != nil || !slices.Contains(VisitStates(), next) {
					t.Errorf("%q %s: %q, %v", state, do, next, err)
				}
				continue
			}
			if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.MessageOf(err), state.Title()) {
				t.Errorf("%q %s: %v", state, do, err)
			}
		}
	}
}

func TestStoredFields(t *testing.T) {
	for name, got := range map[string][]string{"visit": store.FieldNames[Visit](), "answer": store.FieldNames[Answer](), "sheet": store.FieldNames[Sheet](), "inspection": store.FieldNames[Inspection](),
		"certificate": store.FieldNames[Certificate](), "recusal": store.FieldNames[Recusal](), "draw": store.FieldNames[Draw](), "drawlist": store.FieldNames[frozen]()} {
		golden, err := os.ReadFile("testdata/" + name + ".fields")
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(got, "\n") + "\n"; got != string(golden) {
			t.Errorf("stored fields of %s changed; old records would not be read:\n%s", name, got)
		}
	}
}

// The whole way: planned, begun with the sheet of the contract's level, answered, signed by both, reviewed by a third, counted.
func TestVisitCounts(t *testing.T) {
	d := newDesk(t)
	doc := d.begin(t, plan())
	if doc.State.Sheet.ID != "visit-level-2" || doc.State.Sheet.Items != 27 {
		t.Fatalf("%+v", doc.State.Sheet)
	}
	for key, want := range map[string]string{policy.ProjectKey(doc.State.Project): "1 次走访", policy.ProjectKey("none"): ""} {
		if said, err := d.Uses(t.Context(), key, time.Time{}); said != want || err != nil {
			t.Errorf("uses of %s: %q %v", key, said, err)
		}
	}
	d.answerAll(t, zhou, doc.ID, map[string]Found{
		"3.1": {Value: NotApplicable},
		"4.3": {Value: Fail, Lost: 2, Where: "3号楼1单元", Note: "纸箱占通道一半。", Photos: []Photo{photo}},
		"5.1": {Value: Fail, Photos: []Photo{photo}},
	})
	one := d.sign(t, zhou, doc.ID)
	if one.State.State != Started || !one.State.Signed("zhou") || one.State.Signed("lin") {
		t.Fatalf("one signature: %+v", one.State)
	}
	if len(d.readings(t)) != 0 {
		t.Fatal("what is not reviewed counts")
	}
	both := d.sign(t, lin, doc.ID)
	if both.State.State != Submitted || both.State.Points != 72-4-2-4 || both.State.Full != 72-4 {
		t.Fatalf("%s, %d of %d", both.State.State, both.State.Points, both.State.Full)
	}
	before := d.Records(t)
	for _, by := range []policy.Actor{zhou, lin} {
		_, err := d.Accept(t.Context(), by, at(both))
		wantKind(t, err, fault.Forbidden)
	}
	if d.Records(t) != before {
		t.Fatal("a refused review wrote something")
	}
	d.Wait(time.Minute)
	done, err := d.Accept(t.Context(), chief, at(both))
	if err != nil {
		t.Fatal(err)
	}
	got := d.readings(t)
	want := map[string][2]string{"visit_clean": {"12", "16"}, "visit_order": {"16", "18"}, "visit_facility": {"23", "23"}, "openness": {"5", "5"}, "visit_look": {"6", "6"}}
	if len(got) != len(want) {
		t.Errorf("%d readings", len(got))
	}
	for fact, sum := range want {
		r := got[fact]
		if len(r.Cells) != 2 || r.Cells[0].Number.String() != sum[0] || r.Cells[1].Number.String() != sum[1] {
			t.Errorf("%s: %+v, want %v", fact, r.Cells, sum)
		}
		if r.Project != "p1" || r.Firm != "f1" || r.ScoredBy != "inspector/zhou" || r.ReviewedBy != "section_chief/chief" || r.N != done.N || len(r.Hash) != 64 || r.Day != mustDate("2027-02-10") {
			t.Errorf("%s: %+v", fact, r)
		}
	}
	if len(d.readingsAsOf(t, d.Clock(), done.N-1)) != 0 || len(d.readingsAsOf(t, d.Clock().Add(-time.Second), done.N)) != 0 {
		t.Error("a reading counts before it was accepted")
	}
	w, err := d.One(t.Context(), chief, doc.ID)
	if err != nil {
		t.Fatal(err)
	}
	paper := w.Answers["4.3"].Paper
	if paper.Kind != supervision.PaperTransfer || paper.To != "消防救援机构" || !strings.Contains(paper.Problem, "3号楼1单元") || !strings.Contains(paper.Problem, "纸箱占通道一半") || paper.Request == "" {
		t.Errorf("%+v", paper)
	}
	if paper := w.Answers["5.1"].Paper; paper.Kind != supervision.PaperAssignment || w.Answers["5.1"].Lost != 4 {
		t.Errorf("%+v", paper)
	}
	if w.Answers["5.2"].Paper != (Paper{}) {
		t.Error("what conforms drafts a paper")
	}
}

// TestScoredTwice: a visit that was drawn is scored again by others, once, in its quarter; they do not see the first answers before theirs are accepted, and both count.
func TestScoredTwice(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	d.Draw = func(string, int64) bool { return true }
	first := d.begin(t, plan())
	d.answerAll(t, zhou, first.ID, map[string]Found{"5.1": {Value: Fail, Photos: []Photo{photo}}})
	d.sign(t, zhou, first.ID)
	// Nothing of the first is seen by the second until it is accepted, nor by anybody who may be sent, from the beginning; a list leaves it out.
	sees := func(by policy.Actor) bool {
		t.Helper()
		_, err := d.One(ctx, by, first.ID)
		page, listErr := d.List(ctx, by, VisitFilter{}, "")
		if listErr != nil || err != nil && !fault.Is(err, fault.Forbidden) {
			t.Fatal(err, listErr)
		}
		listed := slices.ContainsFunc(page.Docs, func(v store.Doc[Visit]) bool { return v.ID == first.ID })
		if listed != (err == nil) {
			t.Errorf("%s: listed %v, opened %v", by.ID, listed, err)
		}
		return listed
	}
	apart := func(when string) {
		t.Helper()
		for _, by := range []policy.Actor{worker, gridder, person("joint", "joint_check", policy.County)} {
			if sees(by) {
				t.Errorf("%s: %s may be sent again and sees the first", when, by.ID)
			}
		}
		for _, by := range []policy.Actor{zhou, lin, officer, chief, secretary, person("auditor", "auditor", policy.County)} {
			if !sees(by) {
				t.Errorf("%s: %s does not see it", when, by.ID)
			}
		}
	}
	apart("while it is scored")
	first = d.sign(t, lin, first.ID)
	apart("before somebody is sent")
	for account, may := range map[string]bool{"worker": true, "gridder": true, "zhou": false, "officer": false, "clerk": false, "pollster": false, "nobody": false} {
		if got, err := d.MayGoAgain(ctx, account, &first.State); got != may || err != nil {
			t.Errorf("%s may go again: %v %v", account, got, err)
		}
	}
	quarter, before := calendar.QuarterOf(first.State.Day), d.Clock()
	d.Wait(time.Minute)
	if pairs, err := d.Pairs(ctx, officer, quarter); err != nil || !first.State.Drawn || len(pairs) != 1 || pairs[0].Second.ID != "" || pairs[0].First.State.Points == 0 {
		t.Fatalf("drawn %v: %+v %v", first.State.Drawn, pairs, err)
	}
	again := func(day string, officers ...string) func() (store.Doc[Visit], error) {
		return func() (store.Doc[Visit], error) {
			return d.Plan(ctx, chief, PlanVisit{Again: first.ID, Day: mustDate(day), Order: 1, Officers: officers})
		}
	}
	refused := func(name string, kind fault.Kind, says string, call func() (store.Doc[Visit], error)) {
		t.Helper()
		before := d.Records(t)
		_, err := call()
		if said := fault.MessageOf(err) + fmt.Sprint(fault.FieldsOf(err)); !fault.Is(err, kind) || !strings.Contains(said, says) || d.Records(t) != before {
			t.Errorf("%s: %v, %d records", name, said, d.Records(t)-before)
		}
	}
	refused("the same person", fault.Invalid, "前一次的走访人员不能再去", again("2027-02-11", "zhou", "gridder"))
	refused("who plans there", fault.Invalid, "officer还有安排、复核或者查看这里走访的职务", again("2027-02-11", "worker", "officer"))
	refused("another quarter", fault.Invalid, "本季度末2027年3月31日", again("2027-04-01", "worker", "gridder"))
	second, err := again("2027-02-10", "worker", "gridder")()
	if err != nil || second.State.Project != "p1" || second.State.Series != "service" {
		t.Fatalf("%+v %v", second.State, err)
	}
	refused("a third time", fault.Conflict, "再评已经安排", again("2027-02-11", "worker", "gridder"))
	refused("what nobody drew", fault.Conflict, "没有抽中", func() (store.Doc[Visit], error) {
		return d.Plan(ctx, chief, PlanVisit{Again: second.ID, Day: mustDate("2027-02-11"), Order: 1, Officers: []string{"zhou", "lin"}})
	})
	apart("while it is scored again")
	// Before, nobody was to score it again; who looks back learns nothing either.
	if _, err := d.One(store.KnownAt(ctx, before), gridder, first.ID); !fault.Is(err, fault.Forbidden) {
		t.Errorf("who scores again looks back to the first: %v", err)
	}
	if second, err = d.Start(ctx, worker, at(second)); err != nil {
		t.Fatal(err)
	}
	if a, err := d.Last(ctx, worker, second.ID, "5.1"); !fault.Is(err, fault.NotFound) {
		t.Errorf("the first answer is shown as the last one: %+v %v", a, err)
	}
	if pairs, err := d.Pairs(ctx, officer, quarter); err != nil || len(pairs) != 1 || pairs[0].Kept || pairs[0].First.State.Points == 0 || pairs[0].Second.ID != second.ID {
		t.Errorf("%+v %v", pairs, err)
	}
	d.answerAll(t, worker, second.ID, nil)
	for _, by := range []policy.Actor{worker, gridder} {
		w, err := d.One(ctx, chief, second.ID)
		if err == nil {
			second, err = d.Sign(ctx, by, at(w.Visit))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if second.State.State != Submitted || second.State.Drawn || sees(worker) {
		t.Errorf("%s, drawn %v", second.State.State, second.State.Drawn)
	}
	if mine, err := d.Mine(ctx, worker, ""); err != nil || len(mine.Docs) != 0 {
		t.Errorf("what is signed is still to do: %d %v", len(mine.Docs), err)
	}
	for _, one := range []store.Doc[Visit]{first, second} {
		if _, err := d.Accept(ctx, chief, at(one)); err != nil {
			t.Fatal(err)
		}
	}
	if !sees(worker) {
		t.Error("what was accepted is still kept from him")
	}
	counted := 0
	if err := d.EachReading(ctx, quarter.Span(), d.Clock(), d.Records(t), func(r supervision.Reading) error {
		if r.Fact == "visit_clean" {
			counted++
		}
		return nil
	}); err != nil || counted != 2 {
		t.Errorf("%d of both count: %v", counted, err)
	}
	// Who accepted the first has seen it.
	reviewed, err := d.Plan(ctx, chief, plan())
	if err == nil {
		reviewed, err = d.Start(ctx, zhou, at(reviewed))
	}
	if err != nil {
		t.Fatal(err)
	}
	d.answerAll(t, zhou, reviewed.ID, map[string]Found{"5.1": {Value: Fail, Photos: []Photo{photo}}})
	d.sign(t, zhou, reviewed.ID)
	if _, err := d.Accept(ctx, officer, at(d.sign(t, lin, reviewed.ID))); err != nil {
		t.Fatal(err)
	}
	first = reviewed
	refused("who reviewed the first", fault.Invalid, "复核过前一次的人不能去", again("2027-02-11", "worker", "officer"))
	kept := func() bool {
		t.Helper()
		all, err := d.Kept(ctx, worker)
		found, listErr := d.WithFindings(ctx, worker, "")
		if err != nil || listErr != nil {
			t.Fatal(err, listErr)
		}
		if all[reviewed.ID] == slices.ContainsFunc(found.Docs, func(v store.Doc[supervision.FoundKinds]) bool { return v.ID == reviewed.ID }) {
			t.Error("what is kept is listed among what was found, or the other way round")
		}
		return all[reviewed.ID]
	}
	if !kept() || !sees(officer) || sees(worker) {
		t.Error("what was accepted and waits for its second scoring is shown to who may be sent")
	}
	d.MoveTo(mustDate("2027-04-01").Begins())
	if kept() {
		t.Error("nobody can be sent any more, and it is still kept")
	}
}

func TestDisplaysGoIntoTheirColumns(t *testing.T) {
	d := newDesk(t)
	in := plan()
	in.Series, in.Officers = "displays", []string{"gridder"}
	doc := d.begin(t, in)
	d.answerAll(t, gridder, doc.ID, map[string]Found{"flag": {Value: "2"}, "identity": {Value: "1"}, "vehicle": {Value: NotApplicable}})
	signed := d.sign(t, gridder, doc.ID)
	if signed.State.State != Submitted {
		t.Fatal(signed.State.State)
	}
	_, err := d.Accept(t.Context(), neighbour, at(signed))
	wantKind(t, err, fault.NotFound)
	if _, err := d.Accept(t.Context(), secretary, at(signed)); err != nil {
		t.Fatal(err)
	}
	r := d.readings(t)["four_displays"]
	var got []string
	for _, c := range r.Cells {
		value := c.Number.String()
		if c.NA {
			value = "na"
		}
		got = append(got, c.Column+"="+value)
	}
	want := []string{"display_flag=2", "display_identity=1", "display_vehicle=na", "display_promise=0", "display_dedication=0", "display_duty=0"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWhatIsRefusedWritesNothing(t *testing.T) {
	d := newDesk(t)
	planned, err := d.Plan(t.Context(), officer, plan())
	if err != nil {
		t.Fatal(err)
	}
	started := d.begin(t, plan())
	full := d.begin(t, plan())
	d.answerAll(t, zhou, full.ID, nil)
	d.sign(t, zhou, full.ID)
	full = d.sign(t, lin, full.ID)
	with := func(change func(*PlanVisit)) func() error {
		in := plan()
		change(&in)
		return func() error { _, err := d.Plan(t.Context(), officer, in); return err }
	}
	reply := func(by policy.Actor, visit, item string, f Found) func() error {
		return func() error { _, err := d.Reply(t.Context(), by, visit, item, f, nil); return err }
	}
	ok := Found{Value: Conform}
	fail := func(change func(*Found)) Found {
		f := Found{Value: Fail, Photos: []Photo{photo}}
		change(&f)
		return f
	}
	stranger := person("stranger", "inspector", policy.County)
	tests := []struct {
		name string
		do   func() error
		kind fault.Kind
		want string
	}{
		{"an inspector plans", func() error { _, err := d.Plan(t.Context(), zhou, plan()); return err }, fault.Forbidden, ""},
		{"nobody plans", func() error { _, err := d.Plan(t.Context(), policy.Actor{}, plan()); return err }, fault.Unauthenticated, ""},
		{"another community plans", func() error { _, err := d.Plan(t.Context(), neighbour, plan()); return err }, fault.NotFound, ""},
		{"no such project", with(func(in *PlanVisit) { in.Project = "p9" }), fault.NotFound, ""},
		{"yesterday", with(func(in *PlanVisit) { in.Day = mustDate("2027-02-09") }), fault.Invalid, "走访日期 2027年2月9日 已经过去"},
		{"no day", with(func(in *PlanVisit) { in.Day = calendar.Date{} }), fault.Invalid, "走访日期"},
		{"no order", with(func(in *PlanVisit) { in.Order = 0 }), fault.Invalid, "现在是 0"},
		{"no such sheet", with(func(in *PlanVisit) { in.Series = "check" }), fault.Invalid, "没有“check”这种评价表"},
		{"alone", with(func(in *PlanVisit) { in.Officers = []string{"zhou"} }), fault.Invalid, "要 2 至 4 人"},
		{"the same twice", with(func(in *PlanVisit) { in.Officers = []string{"zhou", "zhou"} }), fault.Invalid, "选了两次"},
		{"nobody knows him", with(func(in *PlanVisit) { in.Officers = []string{"zhou", "x"} }), fault.Invalid, "没有找到第 2 位"},
		{"a firm's manager is sent", with(func(in *PlanVisit) { in.Officers = []string{"zhou", "clerk"} }), fault.Invalid, "clerk没有走访这个小区的权限"},
		{"sent beyond his community", with(func(in *PlanVisit) { in.Project, in.Officers = "p2", []string{"zhou", "worker"} }), fault.Invalid, "worker没有走访"},
		{"begin another's visit", func() error { _, err := d.Start(t.Context(), stranger, at(planned)); return err }, fault.NotFound, ""},
		{"begin without the right", func() error { _, err := d.Start(t.Context(), secretary, at(planned)); return err }, fault.Forbidden, ""},
		{"begin twice", func() error { _, err := d.Start(t.Context(), zhou, at(started)); return err }, fault.Conflict, "走访中"},
		{"begin an old page", func() error {
			_, err := d.Start(t.Context(), zhou, supervision.At{ID: planned.ID, Seq: 9})
			return err
		}, fault.Conflict, "刚被别人办过"},
		{"begin nothing", func() error { _, err := d.Start(t.Context(), zhou, supervision.At{ID: "../x"}); return err }, fault.NotFound, ""},
		{"move what has begun", func() error {
			_, err := d.Move(t.Context(), officer, at(started), mustDate("2027-02-11"), 1, []string{"zhou", "lin"})
			return err
		}, fault.Conflict, "走访中"},
		{"move to yesterday", func() error {
			_, err := d.Move(t.Context(), officer, at(planned), mustDate("2027-02-09"), 1, []string{"zhou", "lin"})
			return err
		}, fault.Invalid, "已经过去"},
		{"cancel without reason", func() error { _, err := d.Cancel(t.Context(), officer, at(planned), ""); return err }, fault.Invalid, "理由"},
		{"cancel what is signed", func() error { _, err := d.Cancel(t.Context(), officer, at(full), "重复"); return err }, fault.Conflict, "待复核"},
		{"cancel by an inspector", func() error { _, err := d.Cancel(t.Context(), zhou, at(planned), "重复"); return err }, fault.Forbidden, ""},
		{"answer before the visit begins", reply(zhou, planned.ID, "1.1", ok), fault.Conflict, "待走访"},
		{"answer another's visit", reply(stranger, started.ID, "1.1", ok), fault.NotFound, ""},
		{"answer without the right", reply(secretary, started.ID, "1.1", ok), fault.Forbidden, ""},
		{"answer what names others", reply(clerk, started.ID, "1.1", ok), fault.NotFound, ""},
		{"answer after signing", reply(zhou, full.ID, "1.1", ok), fault.Conflict, "不能再改答案"},
		{"answer what is not asked", reply(zhou, started.ID, "9.9", ok), fault.NotFound, "9.9"},
		{"no answer", reply(zhou, started.ID, "1.1", Found{}), fault.Invalid, "请选择符合、不符合、不适用"},
		{"a digit", reply(zhou, started.ID, "1.1", Found{Value: "2"}), fault.Invalid, "没有“2”这个答案"},
		{"no photo", reply(zhou, started.ID, "4.3", fail(func(f *Found) { f.Photos = nil })), fault.Invalid, "至少拍 1 张"},
		{"no such photo", reply(zhou, started.ID, "4.3", fail(func(f *Found) { f.Photos = []Photo{{Original: "x", Shown: photo.Shown}} })), fault.Invalid, "没有“x”这张照片"},
		{"too many photos", reply(zhou, started.ID, "4.3", fail(func(f *Found) { f.Photos = slices.Repeat([]Photo{photo}, 10) })), fault.Invalid, "现在有 10 张"},
		{"a deduction of one's own", reply(zhou, started.ID, "4.3", fail(func(f *Found) { f.Lost = 3 })), fault.Invalid, "不能扣 3 分，本项 4 分，可扣 1、2、4 分"},
		{"a deduction for nothing", reply(zhou, started.ID, "4.3", Found{Value: Conform, Lost: 1}), fault.Invalid, "不能扣 1 分"},
		{"a long place", reply(zhou, started.ID, "4.3", fail(func(f *Found) { f.Where = strings.Repeat("长", 61) })), fault.Invalid, "现在有 61 个"},
		{"a long note", reply(zhou, started.ID, "4.3", fail(func(f *Found) { f.Note = strings.Repeat("长", 201) })), fault.Invalid, "现在有 201 个"},
		{"sign with items left", func() error { _, err := d.Sign(t.Context(), zhou, at(started)); return err }, fault.Invalid, "还有 27 项没有查"},
		{"sign another's visit", func() error { _, err := d.Sign(t.Context(), stranger, at(started)); return err }, fault.NotFound, ""},
		{"sign again", func() error { _, err := d.Sign(t.Context(), zhou, at(full)); return err }, fault.Conflict, "待复核"},
		{"accept what is not signed", func() error { _, err := d.Accept(t.Context(), chief, at(started)); return err }, fault.Conflict, "走访中"},
		{"accept by an inspector", func() error { _, err := d.Accept(t.Context(), stranger, at(full)); return err }, fault.Forbidden, ""},
		{"return without reason", func() error { _, err := d.Return(t.Context(), chief, at(full), " "); return err }, fault.Invalid, "理由"},
		{"return by an inspector without reason", func() error { _, err := d.Return(t.Context(), stranger, at(full), " "); return err }, fault.Forbidden, ""},
	}
	before := d.Records(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.do()
			wantKind(t, err, tt.kind)
			if all := err.Error(); !strings.Contains(all, tt.want) {
				t.Errorf("%q does not say %q", all, tt.want)
			}
			if n := d.Records(t); n != before {
				t.Fatalf("%d records were written", n-before)
			}
		})
	}
}

// An officer of the bureau who was on site does not review, even if he has not signed.
func TestOfficersDoNotReview(t *testing.T) {
	d := newDesk(t)
	in := plan()
	in.Officers = []string{"officer", "zhou"}
	doc := d.begin(t, in)
	d.answerAll(t, officer, doc.ID, nil)
	d.sign(t, officer, doc.ID)
	doc = d.sign(t, zhou, doc.ID)
	_, err := d.Accept(t.Context(), officer, at(doc))
	wantKind(t, err, fault.Forbidden)
	if page, err := d.Queue(t.Context(), officer, ""); err != nil || len(page.Docs) != 0 {
		t.Error(len(page.Docs), err)
	}
	if page, err := d.Queue(t.Context(), chief, ""); err != nil || len(page.Docs) != 1 {
		t.Error(len(page.Docs), err)
	}
	_, err = d.Queue(t.Context(), zhou, "")
	wantKind(t, err, fault.Forbidden)
}

// A resend by the phone makes no second record, and one that comes late does not undo what was answered since.
func TestResendCountsOnce(t *testing.T) {
	d := newDesk(t)
	doc := d.begin(t, plan())
	key := func(k, body string) *store.Idem { return &store.Idem{Key: k, Body: []byte(body)} }
	send := func(value Value, idem *store.Idem) error {
		_, err := d.Reply(t.Context(), zhou, doc.ID, "4.1", Found{Value: value}, idem)
		return err
	}
	if err := send(Conform, key("k1", "conform")); err != nil {
		t.Fatal(err)
	}
	after := d.Records(t)
	if err := send(Conform, key("k1", "conform")); err != nil || d.Records(t) != after {
		t.Fatal("a resend made a record", err)
	}
	if err := send(NotApplicable, key("k2", "na")); err != nil {
		t.Fatal(err)
	}
	if err := send(Conform, key("k1", "conform")); err != nil {
		t.Fatal(err)
	}
	w, err := d.One(t.Context(), zhou, doc.ID)
	if err != nil || w.Answers["4.1"].Value != NotApplicable || d.Records(t) != after+1 {
		t.Errorf("%+v, %d records, %v", w.Answers["4.1"], d.Records(t)-after, err)
	}
	wantKind(t, send(Conform, key("k2", "other")), fault.Conflict)
	d.answerAll(t, zhou, doc.ID, nil)
	d.sign(t, zhou, doc.ID)
	d.sign(t, lin, doc.ID)
	// Sent again after the visit was submitted, an answer that had arrived is still an answer that had arrived.
	if err := send(NotApplicable, key("k2", "na")); err != nil {
		t.Error(err)
	}
}

// Who signs signs what stands there: a change takes the signatures away.
func TestSignaturesFallWithTheAnswers(t *testing.T) {
	d := newDesk(t)
	doc := d.begin(t, plan())
	d.answerAll(t, zhou, doc.ID, nil)
	d.sign(t, zhou, doc.ID)
	if _, err := d.Reply(t.Context(), lin, doc.ID, "4.1", Found{Value: NotApplicable}, nil); err != nil {
		t.Fatal(err)
	}
	if w, err := d.One(t.Context(), zhou, doc.ID); err != nil || w.Signed("zhou") || w.Signatures() != 0 {
		t.Fatal("a signature stands under answers that were not signed", err)
	}
	second := d.sign(t, lin, doc.ID)
	if w, err := d.One(t.Context(), zhou, doc.ID); err != nil || !w.Signed("lin") || w.Signatures() != 1 {
		t.Fatal(w.Signatures(), err)
	}
	if second.State.State != Started || second.State.Signed("zhou") || !second.State.Signed("lin") {
		t.Fatalf("%+v", second.State)
	}
	if again := d.sign(t, lin, doc.ID); again.State.State != Started || len(again.State.Signatures) != 1 {
		t.Fatalf("one who signs twice are two: %+v", again.State)
	}
	if done := d.sign(t, zhou, doc.ID); done.State.State != Submitted {
		t.Fatalf("%+v", done.State)
	}
}

// An answer that slips in while the last signature is given: answers and visit are streams of their own.
func TestAnswerBesideTheLastSignatureIsFound(t *testing.T) {
	d := newDesk(t)
	doc := d.begin(t, plan())
	d.answerAll(t, zhou, doc.ID, nil)
	d.sign(t, zhou, doc.ID)
	doc = d.sign(t, lin, doc.ID)
	head, err := d.answers.Head(t.Context(), doc.ID+"/4.1")
	if err != nil {
		t.Fatal(err)
	}
	head.State.Value = NotApplicable
	if _, err := d.answers.Commit(t.Context(), store.Meta{By: "zhou", Action: "visit.do"}, head.ID, head.Seq, head.State); err != nil {
		t.Fatal(err)
	}
	_, err = d.Accept(t.Context(), chief, at(doc))
	wantKind(t, err, fault.Conflict)
	if doc, err = d.Return(t.Context(), chief, at(doc), "第 4.1 项签名后有改动"); err != nil || doc.State.State != Returned {
		t.Fatal(doc.State.State, err)
	}
	d.sign(t, zhou, doc.ID)
	doc = d.sign(t, lin, doc.ID)
	if _, err := d.Accept(t.Context(), chief, at(doc)); err != nil {
		t.Fatal(err)
	}
	if got := d.readings(t)["visit_order"].Cells; got[1].Number.String() != "14" {
		t.Errorf("%+v", got)
	}
}

func TestLastResultOfTheSameItem(t *testing.T) {
	d := newDesk(t)
	first := d.begin(t, plan())
	_, err := d.Last(t.Context(), zhou, first.ID, "4.3")
	wantKind(t, err, fault.NotFound)
	d.answerAll(t, zhou, first.ID, map[string]Found{"4.3": {Value: Fail, Lost: 2, Where: "3号楼", Photos: []Photo{photo}}})
	d.sign(t, zhou, first.ID)
	d.sign(t, lin, first.ID)
	d.Wait(30 * 24 * time.Hour)
	in := plan()
	in.Day = mustDate("2027-03-12")
	// A visit that was taken off the list says nothing.
	gone := d.begin(t, in)
	if _, err := d.Reply(t.Context(), zhou, gone.ID, "4.3", Found{Value: Conform}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Cancel(t.Context(), officer, at(gone), "下雨改期"); err != nil {
		t.Fatal(err)
	}
	second := d.begin(t, in)
	if _, err := d.Reply(t.Context(), zhou, second.ID, "4.3", Found{Value: Conform}, nil); err != nil {
		t.Fatal(err)
	}
	last, err := d.Last(t.Context(), zhou, second.ID, "4.3")
	if err != nil || last.Value != Fail || last.Lost != 2 || last.Day != mustDate("2027-02-10") {
		t.Errorf("%+v %v", last, err)
	}
	_, err = d.Last(t.Context(), zhou, second.ID, "4/3")
	wantKind(t, err, fault.NotFound)
}

func TestListIsInTheOrderSet(t *testing.T) {
	d := newDesk(t)
	var want []string
	for _, p := range []struct {
		project, day string
		order        int64
	}{{"p2", "2027-02-11", 1}, {"p1", "2027-02-10", 2}, {"p2", "2027-02-10", 1}} {
		in := plan()
		in.Project, in.Day, in.Order = p.project, mustDate(p.day), p.order
		doc, err := d.Plan(t.Context(), officer, in)
		if err != nil {
			t.Fatal(err)
		}
		want = append([]string{doc.ID}, want...)
	}
	mine := func(by policy.Actor) []string {
		page, err := d.Mine(t.Context(), by, "")
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, doc := range page.Docs {
			ids = append(ids, doc.ID)
		}
		return ids
	}
	if got := mine(zhou); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := mine(lin); !slices.Equal(got, want) {
		t.Errorf("the second officer sees %v", got)
	}
	if got := mine(officer); got != nil {
		t.Errorf("who goes nowhere sees %v", got)
	}
	w, err := d.One(t.Context(), officer, want[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Move(t.Context(), officer, at(w.Visit), mustDate("2027-02-12"), 1, []string{"zhou", "lin"}); err != nil {
		t.Fatal(err)
	}
	if got := mine(zhou); got[2] != want[0] {
		t.Errorf("after a move: %v", got)
	}
	for _, tt := range []struct {
		by     policy.Actor
		filter VisitFilter
		want   int
	}{{officer, VisitFilter{}, 3}, {secretary, VisitFilter{}, 1}, {officer, VisitFilter{Project: "p2"}, 2}, {officer, VisitFilter{State: Accepted}, 0},
		{officer, VisitFilter{Quarter: calendar.Quarter{Year: 2026, N: 4}}, 0}, {officer, VisitFilter{Series: "service", State: Planned}, 3}, {officer, VisitFilter{Project: "a/b"}, 0}} {
		if page, err := d.List(t.Context(), tt.by, tt.filter, ""); err != nil || len(page.Docs) != tt.want {
			t.Errorf("%s %+v: %d, want %d (%v)", tt.by.ID, tt.filter, len(page.Docs), tt.want, err)
		}
	}
}

// A sheet that changes while a visit is on changes nothing for it.
func TestVisitKeepsItsSheet(t *testing.T) {
	d := newDesk(t)
	doc := d.begin(t, plan())
	d.Sheets = &Sheets{}
	w, err := d.One(t.Context(), zhou, doc.ID)
	if err != nil || w.Sheet.Count() != 27 {
		t.Fatal(err)
	}
	d.answerAll(t, zhou, doc.ID, nil)
}

// Points never exceed what was possible, what does not apply counts in neither sum, and the order of answers does not matter.
func TestSums(t *testing.T) {
	sheets := shippedSheets(t)
	sheet, _, err := sheets.Pick("service", "三级", mustDate("2027-02-10"))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		var given []Given
		points, full := map[string]int64{}, map[string]int64{}
		for _, item := range sheet.Items() {
			g := Given{Item: item.ID, Value: rapid.SampledFrom(item.Values()).Draw(t, item.ID)}
			if g.Value == Fail {
				g.Lost = rapid.SampledFrom(item.Losses()).Draw(t, "lost")
			}
			if g.Value != NotApplicable {
				points[item.Feed], full[item.Feed] = points[item.Feed]+item.Points-g.Lost, full[item.Feed]+item.Points
			}
			given = append(given, g)
		}
		given = rapid.Permutation(given).Draw(t, "order")
		for i, sum := range sheet.sums(given) {
			feed := sheet.Feeds[i]
			if full[feed.ID] == 0 {
				if !sum.Cells[0].NA || !sum.Cells[1].NA {
					t.Fatalf("%s: %+v", feed.ID, sum)
				}
				continue
			}
			got, ok := sum.Cells[0].Number.Int64()
			of, ok2 := sum.Cells[1].Number.Int64()
			if !ok || !ok2 || got != points[feed.ID] || of != full[feed.ID] || got > of || got < 0 {
				t.Fatalf("%s: %+v, want %d of %d", feed.ID, sum, points[feed.ID], full[feed.ID])
			}
		}
	})
}
