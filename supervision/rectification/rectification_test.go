package rectification

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

func TestStoredFields(t *testing.T) {
	for name, got := range map[string][]string{"case": store.FieldNames[Case](), "address": store.FieldNames[Address]()} {
		golden, err := os.ReadFile("testdata/" + name + ".fields")
		if text := strings.Join(got, "\n") + "\n"; err != nil || text != string(golden) {
			t.Errorf("stored fields of %s changed; old records would not be read:\n%s%v", name, text, err)
		}
	}
	if err := errors.Join(store.CheckType[Case](), store.CheckType[Address]()); err != nil {
		t.Error(err)
	}
}

// TestStory follows a case through answer, failed look, second period and fix: the clocks stop and start where they should.
func TestStory(t *testing.T) {
	d := newDesk(t)
	at, c := d.running("v1")
	if c.State != Running || c.Clock.Rule != "rectification.service" || c.Clock.Due != day("2026-09-29") || c.Round != 1 || c.FirmName != "一盏灯物业" {
		t.Fatalf("%s %+v round %d of %s", c.State, c.Clock, c.Round, c.FirmName)
	}
	if c = d.do(firm, &at, StepAnswer, casework.Input{Choice: "2.3", Text: "已清理", Upload: d.Photo()}); c.State != Running || c.Clock.Rule != "rectification.service" {
		t.Fatalf("the firm's clock stopped before everything was answered: %s %s", c.State, c.Clock.Rule)
	}
	d.Refused("answered twice", fault.Invalid, func() error {
		_, err := d.Do(t.Context(), firm, at, StepAnswer, casework.Input{Choice: "2.3", Text: "再答", Upload: d.Photo()})
		return err
	}, "choice")
	if c = d.do(firm, &at, StepAnswer, casework.Input{Choice: "2.4", Text: "已修好", Upload: d.Photo()}); c.State != Answered || c.Clock.Rule != ruleLook || c.Clock.Due.IsZero() {
		t.Fatalf("%s %+v", c.State, c.Clock)
	}
	if c = d.do(inspector, &at, StepLook, casework.Input{Choice: "2.3:fixed", Text: "看过"}); c.State != Answered {
		t.Fatal(c.State)
	}
	d.Refused("failed without a photo", fault.Invalid, func() error {
		_, err := d.Do(t.Context(), inspector, at, StepLook, casework.Input{Choice: "2.4:failed", Text: "还是坏的"})
		return err
	}, "paper")
	if c = d.do(inspector, &at, StepLook, casework.Input{Choice: "2.4:failed", Text: "还是坏的", Upload: d.Photo()}); c.State != Failed || len(c.Open()) != 1 || c.Open()[0].Failed != 1 || c.Proposed(d.Clock()) != RungRemind {
		t.Fatalf("%s, open %+v", c.State, c.Open())
	}
	d.do(officer, &at, StepRung, casework.Input{Choice: string(RungRemind), Text: "电话提醒", Day: d.Desk.Today()})
	if c = d.do(officer, &at, StepAgain, casework.Input{}); c.State != Running || c.Round != 2 || c.Open()[0].Answer != nil {
		t.Fatalf("%s, round %d", c.State, c.Round)
	}
	d.do(firm, &at, StepAnswer, casework.Input{Choice: "2.4", Text: "换了新的", Upload: d.Photo()})
	if c = d.do(officer2, &at, StepLook, casework.Input{Choice: "2.4:fixed", Text: "已换新"}); c.State != Fixed || c.Closed != d.Desk.Today() || len(c.Open()) != 0 || c.Clock.Rule != "" {
		t.Fatalf("%s, closed %s", c.State, c.Closed)
	}
	// The same item at the next visit is known to have been there before.
	next := must[store.Doc[Case]](t)(d.Draft(t.Context(), officer, "v2", supervision.PaperAssignment, "", &store.Idem{Key: "again"}))
	if f := next.State.Findings[0]; f.Before != 1 {
		t.Errorf("%s was there %d times before", f.Item, f.Before)
	}
	// The journal knows every step.
	history := must[[]store.Change[Case]](t)(d.History(t.Context(), officer, at.ID))
	if last := history[len(history)-1].State.Last; len(history) != 12 || last != StepFixed {
		t.Errorf("%d changes, the last %s", len(history), last)
	}
}

// TestLadder climbs rung by rung, each only after the one before was given its days, to the transfer; closed is not fixed.
func TestLadder(t *testing.T) {
	d := newDesk(t)
	at, c := d.running("v1")
	take := func(kind RungKind, paper bool) error {
		in := casework.Input{Choice: string(kind), Text: "按步骤办理", Day: d.Desk.Today()}
		if paper {
			in.Upload = d.Photo()
		}
		doc, err := d.Do(t.Context(), officer, at, StepRung, in)
		if err == nil {
			at.Seq, c = doc.Seq, &doc.State
		}
		return err
	}
	d.Refused("in time", fault.Conflict, func() error { return take(RungRemind, false) }, "没有要升级的")
	d.Forward("2026-09-30")
	d.Refused("a rung left out", fault.Invalid, func() error { return take(RungTalk, true) }, "choice", "提醒")
	for i, k := range RungKinds() {
		kind := RungKind(k.ID)
		if got := c.Proposed(d.Clock()); got != kind {
			t.Fatalf("%d: %q is proposed, want %q", i, got, kind)
		}
		if kind == RungTalk {
			d.Refused("a talk without a record", fault.Invalid, func() error { return take(kind, false) }, "paper")
		}
		if err := take(kind, kind == RungTalk || kind == RungHandOn); err != nil {
			t.Fatal(kind, err, fault.FieldsOf(err))
		}
		if kind == RungHandOn {
			break
		}
		d.Refused("too soon", fault.Conflict, func() error { return take(RungHandOn, true) })
		d.Wait(14 * 24 * time.Hour)
	}
	if c.State != HandedOn || len(c.Rungs) != 5 || c.Clock.Rule != "" || c.RungClock.Rule != "" {
		t.Fatalf("%s after %d rungs", c.State, len(c.Rungs))
	}
	c = d.do(officer, &at, StepOutcome, casework.Input{Text: "立案查处", Day: d.Desk.Today()})
	if c.State != Settled || len(c.Open()) != 2 {
		t.Errorf("%s, %d open", c.State, len(c.Open()))
	}
}

// TestExtension: once, before the period has run, decided by the bureau.
func TestExtension(t *testing.T) {
	d := newDesk(t)
	at, _ := d.running("v1")
	ask := func(until string) error {
		doc, err := d.Do(t.Context(), firm, at, StepMore, casework.Input{Day: day(until), Text: "配件在途"})
		if err == nil {
			at.Seq = doc.Seq
		}
		return err
	}
	d.Refused("not later", fault.Invalid, func() error { return ask("2026-09-29") }, "day")
	d.Refused("too long", fault.Invalid, func() error { return ask("2026-10-30") }, "day", "2026年10月29日")
	if err := ask("2026-10-10"); err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	d.Refused("a second time", fault.Conflict, func() error { return ask("2026-10-11") }, "一次")
	d.Forward("2026-10-09")
	c := d.do(officer, &at, StepGrant, casework.Input{Choice: "yes", Text: "同意"})
	if c.Clock.Due != day("2026-10-10") || c.Clock.Late(d.Clock()) || c.Proposed(d.Clock()) != "" {
		t.Errorf("due %s, proposed %q", c.Clock.Due, c.Proposed(d.Clock()))
	}
	d.Refused("decided twice", fault.Conflict, func() error {
		_, err := d.Do(t.Context(), officer, at, StepGrant, casework.Input{Choice: "no", Text: "不同意"})
		return err
	})
	other, _ := d.running("v2")
	d.Forward("2026-12-01")
	d.Refused("after the period", fault.Conflict, func() error {
		_, err := d.Do(t.Context(), firm, other, StepMore, casework.Input{Day: day("2026-12-05"), Text: "来不及"})
		return err
	}, "已经过了")
}

// TestRefusals lists who and what is refused; a refused call writes nothing.
func TestRefusals(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	idem := func(key string) *store.Idem { return &store.Idem{Key: key} }
	at := d.draft("v1", supervision.PaperSuggestion, "")
	run, _ := d.running("v2")
	do := func(by policy.Actor, at casework.At, do Step, in casework.Input) func() error {
		return func() error { _, err := d.Do(ctx, by, at, do, in); return err }
	}
	draft := func(by policy.Actor, visit string, kind supervision.PaperKind, to, key string) func() error {
		return func() error { _, err := d.Draft(ctx, by, visit, kind, to, idem(key)); return err }
	}
	for _, r := range []struct {
		name string
		kind fault.Kind
		call func() error
		said string
	}{
		{"drafted twice", fault.Conflict, draft(officer2, "v1", supervision.PaperSuggestion, "", "k1"), "已经起草过"},
		{"an order from a visit", fault.Invalid, draft(officer, "v1", supervision.PaperOrder, "", "k2"), "不能责令"},
		{"another authority", fault.Invalid, draft(officer, "v1", supervision.PaperTransfer, "城管局", "k3"), "没有要写进"},
		{"nobody to serve", fault.Conflict, draft(officer, "v3", supervision.PaperSuggestion, "", "k4"), "没有物业企业服务"},
		{"a visit that does not count", fault.Conflict, draft(officer, "v4", supervision.PaperSuggestion, "", "k5"), "复核"},
		{"drafted by the firm", fault.Forbidden, draft(firm, "v1", supervision.PaperAssignment, "", "k6"), ""},
		{"no period", fault.Invalid, do(officer, at, StepSend, casework.Input{}), "整改期限"},
		{"served before it was signed", fault.Conflict, do(officer, at, StepServe, casework.Input{Number: "1号", Day: d.Desk.Today(), Choice: meansHand}), "不能登记送达"},
		{"the firm before it was served", fault.NotFound, do(firm, at, StepAnswer, casework.Input{Choice: "1.1", Text: "好了"}), ""},
		{"another firm answers", fault.NotFound, do(rival, run, StepAnswer, casework.Input{Choice: "2.3", Text: "好了"}), ""},
		{"the community answers", fault.Forbidden, do(community, run, StepAnswer, casework.Input{Choice: "2.3", Text: "好了"}), ""},
		{"the firm looks", fault.Forbidden, do(firm, run, StepLook, casework.Input{Choice: "2.3:fixed", Text: "好了"}), ""},
		{"looked at before it was answered", fault.Conflict, do(inspector, run, StepLook, casework.Input{Choice: "2.3:fixed", Text: "好了"}), "不能登记复查"},
		{"an item that is not in it", fault.Invalid, do(firm, run, StepAnswer, casework.Input{Choice: "9.9", Text: "好了"}), "哪一项"},
		{"answered without a photo", fault.Invalid, do(firm, run, StepAnswer, casework.Input{Choice: "2.3", Text: "好了"}), "照片"},
		{"closed in time", fault.Conflict, do(officer, run, StepClose, casework.Input{Text: "算了算了"}), "还没有过"},
		{"an outdated page", fault.Conflict, do(officer, casework.At{ID: run.ID, Seq: run.Seq - 1}, StepGrant, casework.Input{Choice: "yes", Text: "同意"}), "刚被别人办过"},
		{"a step that is not one's own", fault.Conflict, do(officer, run, StepFixed, casework.Input{}), "不能直接"},
		{"a transfer of what is no transfer", fault.Conflict, do(officer, run, StepHandOver, casework.Input{}), ""},
	} {
		d.Refused(r.name, r.kind, r.call, r.said)
	}
	// What was not delivered does not exist for the firm; another community never sees it.
	for _, who := range []policy.Actor{firm, rival, elsewhere} {
		if _, err := d.One(ctx, who, at.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s sees the draft: %v", who.ID, err)
		}
	}
	seen := must[store.Page[Case]](t)(d.List(ctx, firm, Filter{}, false, ""))
	if len(seen.Docs) != 1 || seen.Docs[0].ID != run.ID {
		t.Errorf("the firm sees %d cases", len(seen.Docs))
	}
}

// TestServing: electronic delivery needs the confirmed address, a number is used once, and who was refused can draft again.
func TestServing(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	d.running("v2")
	at := d.draft("v1", supervision.PaperAssignment, "")
	d.do(officer, &at, StepSend, casework.Input{Choice: "rectification.service"})
	d.signed(&at)
	serve := func(number, means string) error {
		doc, err := d.Do(ctx, officer, at, StepServe, casework.Input{Number: number, Day: d.Desk.Today(), Choice: means})
		if err == nil {
			at.Seq = doc.Seq
		}
		return err
	}
	d.Refused("electronic without an address", fault.Invalid, func() error { return serve("都住建交〔2026〕9号", meansElectronic) }, "送达地址确认书")
	d.Refused("by hand without a receipt", fault.Invalid, func() error { return serve("都住建交〔2026〕9号", meansHand) }, "送达回证")
	d.Refused("an address without its paper", fault.Invalid, func() error {
		return d.ConfirmAddress(ctx, officer, at.ID, casework.Input{Text: "政务微信：一盏灯物业", Day: d.Desk.Today()})
	}, "送达地址确认书")
	if err := d.ConfirmAddress(ctx, officer, at.ID, casework.Input{Text: "政务微信：一盏灯物业", Day: d.Desk.Today(), Upload: d.Photo()}); err != nil {
		t.Fatal(err)
	}
	d.Refused("a number that is taken", fault.Invalid, func() error { return serve("都住建交〔2026〕v2assignment号", meansElectronic) }, "已用于望湖苑的")
	d.Refused("a number that is taken, with a receipt", fault.Invalid, func() error {
		_, err := d.Do(ctx, officer, at, StepServe, casework.Input{Number: "都住建交〔2026〕v2assignment号", Day: d.Desk.Today(), Choice: meansHand, Upload: d.Photo()})
		return err
	}, "已用于望湖苑的")
	if err := serve("都住建交〔2026〕9号", meansElectronic); err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	transfer := d.draft("v1", supervision.PaperTransfer, "消防救援大队")
	d.do(officer, &transfer, StepSend, casework.Input{})
	d.signed(&transfer)
	if c := d.do(officer, &transfer, StepHandOver, casework.Input{Number: "都住建移〔2026〕1号", Day: d.Desk.Today(), Upload: d.Photo()}); c.State != HandedOn || c.Clock.Rule != "" {
		t.Errorf("%s %+v", c.State, c.Clock)
	}
	refused := d.draft("v1", supervision.PaperSuggestion, "")
	d.do(officer, &refused, StepSend, casework.Input{Choice: "rectification.service"})
	now := must[store.Doc[Case]](t)(d.One(ctx, officer, refused.ID))
	doc := must[store.Doc[Case]](t)(d.Sign(ctx, chief, casework.At{ID: refused.ID, Seq: now.Seq}, policy.Sign{Move: policy.MoveRefuse, Reason: "已当场改好", SubjectHash: now.State.Approval.SubjectHash}, password))
	if doc.State.State != Withdrawn {
		t.Fatal(doc.State.State)
	}
	if _, err := d.Draft(ctx, officer2, "v1", supervision.PaperSuggestion, "", &store.Idem{Key: "anew"}); err != nil {
		t.Errorf("cannot be drafted again: %v", err)
	}
}

// TestTable: every state but the final ones leads on, every state can be reached, and has a word.
func TestTable(t *testing.T) {
	reached := map[State]bool{}
	for from, moves := range steps {
		for _, to := range moves {
			if reached[to] = true; from.Final() {
				t.Errorf("%s is final and leads to %s", from, to)
			}
		}
	}
	for _, s := range States() {
		if !reached[s] || s.Title() == string(s) {
			t.Errorf("%s is not reached or has no word", s)
		}
	}
	for _, do := range Steps() {
		if do.Title() == "" {
			t.Errorf("%s has no word", do)
		}
	}
}

// TestProposedIsLawful: whatever was taken before, a proposal is the next rung or none, and never one while the firm is in time or the last rung has its days.
func TestProposedIsLawful(t *testing.T) {
	d := newDesk(t)
	rapid.Check(t, func(r *rapid.T) {
		c := Case{State: rapid.SampledFrom(States()).Draw(r, "state")}
		var err error
		if c.Clock, err = d.Deadlines("rectification.service", day("2026-09-01")); err != nil {
			r.Fatal(err)
		}
		if rapid.Bool().Draw(r, "rung") {
			if c.RungClock, err = d.Deadlines(ruleRung, day("2026-09-10")); err != nil {
				r.Fatal(err)
			}
		}
		n := rapid.IntRange(0, len(RungKinds())).Draw(r, "taken")
		for _, k := range RungKinds()[:n] {
			c.Rungs = append(c.Rungs, Rung{Kind: RungKind(k.ID)})
		}
		now := day("2026-09-01").Add(rapid.IntRange(0, 40).Draw(r, "days")).Begins().Add(9 * time.Hour)
		got := c.Proposed(now)
		late := c.State == Running && c.Clock.Late(now)
		switch {
		case got == "" && (late || c.State == Failed) && (c.RungClock.Rule == "" || c.RungClock.Late(now)) && n < len(RungKinds()):
			r.Fatalf("nothing is proposed for %s after %d rungs", c.State, n)
		case got != "" && !late && c.State != Failed:
			r.Fatalf("%s is proposed while it is %s and in time", got, c.State)
		case got != "" && string(got) != RungKinds()[n].ID:
			r.Fatalf("%s is proposed after %d rungs", got, n)
		case got != "" && c.RungClock.Rule != "" && !c.RungClock.Late(now):
			r.Fatalf("%s is proposed while the last rung has its days", got)
		}
	})
}

// TestOrder: an order comes from an inspection only, rests on law, article and competence, needs two signatures, and carries the remedies that were switched on.
func TestOrder(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	waiting := must[store.Page[supervision.FoundKinds]](t)(d.Waiting(ctx, officer, ""))
	if len(waiting.Docs) != 1 || waiting.Docs[0].ID != "i1" {
		t.Fatalf("what waits: %+v", waiting.Docs)
	}
	d.Refused("an order without competence", fault.Invalid, func() error {
		_, err := d.Draft(ctx, officer, "i2", supervision.PaperOrder, "", &store.Idem{Key: "a"})
		return err
	}, "职权依据")
	d.Refused("what nobody found", fault.NotFound, func() error {
		_, err := d.Draft(ctx, officer, "i3", supervision.PaperOrder, "", &store.Idem{Key: "b"})
		return err
	})
	at := d.draft("i1", supervision.PaperOrder, "")
	c := d.do(officer, &at, StepSend, casework.Input{Choice: "rectification.facility"})
	if !c.Formal || c.Remedy != "可以申请行政复议" || c.Findings[0].Article != "第五十九条" || c.Approval.Chain.ID != "rectification-order" {
		t.Fatalf("%+v", c)
	}
	if c = d.signed(&at); c.State != Approving {
		t.Fatalf("one signature is enough: %s", c.State)
	}
	doc := must[store.Doc[Case]](t)(d.Sign(ctx, deputy, at, policy.Sign{Move: policy.MoveAgree, SubjectHash: c.Approval.SubjectHash}, password))
	if doc.State.State != Ready {
		t.Fatalf("%s", doc.State.State)
	}
	if waiting = must[store.Page[supervision.FoundKinds]](t)(d.Waiting(ctx, officer, "")); len(waiting.Docs) != 0 {
		t.Errorf("what was drafted still waits: %+v", waiting.Docs)
	}
}

// TestKeptFromTheSecondScorer: who scores a visit a second time finds no trace of what its findings became, neither in lists nor by its address, and does nothing about it; others do.
func TestKeptFromTheSecondScorer(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	at := d.draft("v1", supervision.PaperAssignment, "")
	sees := func(by policy.Actor) bool {
		t.Helper()
		page := must[store.Page[Case]](t)(d.List(ctx, by, Filter{Project: "p1"}, true, ""))
		all := must[[]store.Doc[Case]](t)(d.All(ctx, by, casework.ListQuery(false, ""), func(*Case) bool { return true }))
		_, one := d.One(ctx, by, at.ID)
		_, history := d.History(ctx, by, at.ID)
		if listed := len(page.Docs) == 1; listed != (len(all) == 1) || listed != (one == nil) || listed != (history == nil) || one != nil && !(fault.Is(one, fault.NotFound) && fault.Is(history, fault.NotFound)) {
			t.Errorf("%s: %d in the list, %d in Excel, opened %v, history %v", by.ID, len(page.Docs), len(all), one, history)
		}
		return len(page.Docs) == 1
	}
	if !sees(officer) {
		t.Fatal("who drafted it does not see it")
	}
	d.again = map[string]map[string]bool{officer.ID: {"v1": true}}
	if sees(officer) || !sees(chief) {
		t.Error("who scores again sees what was found, or others do not")
	}
	d.Refused("done by who scores again", fault.NotFound, func() error {
		_, err := d.Do(ctx, officer, at, StepSend, casework.Input{Choice: "rectification.service"})
		return err
	}, "没有找到这件整改")
	d.again = nil
	if c := d.do(officer, &at, StepSend, casework.Input{Choice: "rectification.service"}); !sees(officer) || c.State != Approving {
		t.Errorf("after the second scoring was accepted: %s", c.State)
	}
}
