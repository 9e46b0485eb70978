package dunning

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
	"redsteward/registry/registrytest"
)

func TestStoredFields(t *testing.T) {
	if err := store.CheckType[Dunning](); err != nil {
		t.Error(err)
	}
	golden, err := os.ReadFile("testdata/dunning.fields")
	if got := strings.Join(store.FieldNames[Dunning](), "\n") + "\n"; err != nil || got != string(golden) {
		t.Errorf("stored fields of dunning changed; old records would not be read:\n%s%v", got, err)
	}
}

// desk is a service on a real store with a clock that the test moves; p1 owes 20,000.00 yuan since 20 August 2026 by a rule with a late fee, and as much again for a second phase by 1 December.
type desk struct {
	*Service
	*registrytest.Desk
}

var (
	day       = registrytest.Day
	officer   = registrytest.Person("officer", "property_officer", policy.County)
	chief     = registrytest.Person("chief", "section_chief", policy.County)
	director  = registrytest.Person("director", "director", policy.County)
	cashier   = registrytest.Person("cashier", "cashier", policy.County)
	developer = registrytest.Person("developer", "developer", "d:dev1")
	stranger  = registrytest.Person("stranger", "developer", "d:dev2")
)

func (d *desk) Place(_ context.Context, project string, _ calendar.Date) (registry.Place, error) {
	if project != "p1" {
		return registry.Place{}, fault.New("dunning.Place", fault.NotFound, "没有找到这个小区")
	}
	return registry.Place{Project: project, Name: "望湖苑", Community: "c1", CommunityName: "城东社区", Township: "t1", TownshipName: "都昌镇", Developer: "dev1"}, nil
}

func (d *desk) DeveloperName(context.Context, string) (string, error) { return "都昌某置业", nil }

func must[T any](t testing.TB) func(T, error) T { return registrytest.Must[T](t) }

// newDesk opens the desk; clause says whether the rule has a late fee.
func newDesk(t *testing.T, clause bool) *desk {
	t.Helper()
	ctx := t.Context()
	d := &desk{Desk: registrytest.NewDesk(t, day("2026-09-01").Begins())}
	ledgers := must[*fund.Service](t)(fund.NewService(ctx, d.DB, d.Guard, d))
	d.Service = must[*Service](t)(New(ctx, Config{Estate: d, Desk: fund.Desk{Fund: ledgers, Desk: casework.Desk{DB: d.DB, Letters: d.Letters, Guard: d.Guard, Keeper: d.Keeper, Persons: registrytest.Persons{officer, chief, director}, Chains: d.Chains(), Now: d.Clock, Deadlines: d.Desk.Deadlines}}}))
	terms := fund.Terms{Title: "暂行办法", Document: "都建发〔2026〕3号", Rate: num.FromInt(2), Base: fund.BaseCost, DueBefore: fund.EventAcceptance, Years: 8, Starts: fund.EventFirstDelivery, Rounding: fund.RoundFen, Days: policy.Span{From: day("2026-01-01")}}
	if clause {
		terms.LatePercent, terms.LateClause = num.MustParse("0.05"), "第十二条"
	}
	id := must[string](t)(ledgers.ProposeRule(ctx, officer, terms, nil))
	if err := ledgers.AdoptRule(ctx, director, id, nil); err != nil {
		t.Fatal(err)
	}
	for phase, until := range map[string]string{"一期": "2026-08-20", "二期": "2026-12-01"} {
		must[store.Doc[fund.Ledger]](t)(ledgers.Assess(ctx, officer, "p1", fund.AssessInput{Phase: phase, Cost: 100_000_000, Day: day(until)}, nil))
	}
	return d
}

// due is the id of the amount of a phase.
func (d *desk) due(phase string) string {
	d.T.Helper()
	for _, one := range must[fund.Ledger](d.T)(d.Fund.Balance(d.T.Context(), "p1")).Dues {
		if one.Phase == phase {
			return one.ID
		}
	}
	d.T.Fatalf("no %s", phase)
	return ""
}

// pay books a payment of the first phase.
func (d *desk) pay(fen int64, receipt string) {
	d.T.Helper()
	ctx := d.T.Context()
	paper := must[files.Stored](d.T)(d.Keeper.Keep(ctx, store.Meta{By: "cashier", Action: "fund.book"}, d.Photo()))
	must[store.Doc[fund.Ledger]](d.T)(d.Fund.Pay(ctx, cashier, "p1", fund.Money{Due: d.due("一期"), Fen: fen, Day: d.Today(), Receipt: receipt, Paper: paper}, nil))
}

func (d *desk) step(c *store.Doc[Dunning], by policy.Actor, do Step) func() error {
	return func() error {
		doc, err := d.Do(d.T.Context(), by, casework.At{ID: c.ID, Seq: c.Seq}, do, casework.Input{Day: d.Today(), Number: fmt.Sprintf("都建催〔2026〕%d号", c.Seq), Text: "直接送达", Upload: d.Photo()})
		if err == nil {
			*c = doc
		}
		return err
	}
}

func (d *desk) ok(call func() error) {
	d.T.Helper()
	if err := call(); err != nil {
		d.T.Fatal(err, fault.FieldsOf(err))
	}
}

func (d *desk) sign(c *store.Doc[Dunning], by policy.Actor, move policy.ApprovalMove) func() error {
	return func() error {
		doc, err := d.Sign(d.T.Context(), by, casework.At{ID: c.ID, Seq: c.Seq}, policy.Sign{Move: move, Reason: "金额要核对", SubjectHash: c.State.Letter.Approval.SubjectHash}, registrytest.Password)
		if err == nil {
			*c = doc
		}
		return err
	}
}

// TestLife follows a letter from its draft to the amount that was paid, with what is refused on its way.
func TestLife(t *testing.T) {
	d := newDesk(t, true)
	ctx := t.Context()
	open := func(by policy.Actor, project, due string) func() error {
		return func() error { _, err := d.Open(ctx, by, project, due, nil); return err }
	}
	first := d.due("一期")
	d.Refused("opened by the developer", fault.Forbidden, open(developer, "p1", first))
	d.Refused("an unknown compound", fault.NotFound, open(officer, "p9", first))
	d.Refused("an unknown amount", fault.NotFound, open(officer, "p1", "d9"))
	d.Refused("before its day", fault.Conflict, open(officer, "p1", d.due("二期")), "还没有过")
	if ready := must[[]fund.Due](t)(d.Ready(ctx, "p1", must[fund.Ledger](t)(d.Fund.Balance(ctx, "p1")))); len(ready) != 1 || ready[0].ID != first {
		t.Fatalf("ready %+v", ready)
	}
	c := must[store.Doc[Dunning]](t)(d.Open(ctx, officer, "p1", first, nil))
	d.Refused("opened twice", fault.Conflict, open(officer, "p1", first), "已经在催缴")
	if ready := must[[]fund.Due](t)(d.Ready(ctx, "p1", must[fund.Ledger](t)(d.Fund.Balance(ctx, "p1")))); len(ready) != 0 {
		t.Errorf("ready beside the open case %+v", ready)
	}
	d.Refused("out without approval", fault.Conflict, d.step(&c, officer, StepDeliver), "还没有送审")
	d.Refused("settled while it is open", fault.Conflict, d.step(&c, officer, StepSettle), "20,000.00")
	if d.Can(ctx, officer, &c.State, StepSettle) {
		t.Error("the page offers to close what is open")
	}
	d.Refused("sent by the developer", fault.Forbidden, d.step(&c, developer, StepLetter))
	d.Refused("outside the scope", fault.NotFound, func() error { _, err := d.One(ctx, stranger, c.ID); return err })
	d.ok(d.step(&c, officer, StepLetter))
	// 12 days after 20 August, 0.05 % of 20,000.00 a day.
	if c.State.Fen != 2_000_000 || c.State.Fee != 12_000 || len(c.State.Lines) != 2 {
		t.Errorf("the letter says %d, late fee %d, %v", c.State.Fen, c.State.Fee, c.State.Lines)
	}
	d.Refused("sent twice", fault.Conflict, d.step(&c, officer, StepLetter), "已经送审")
	d.Refused("out before it is signed", fault.Conflict, d.step(&c, officer, StepDeliver), "股长签发")
	d.Refused("signed by who sent it", fault.Forbidden, d.sign(&c, officer, policy.MoveAgree), "由你经办")
	d.ok(d.sign(&c, chief, policy.MoveReturn))
	d.Refused("out after it came back", fault.Conflict, d.step(&c, officer, StepDeliver), "重新送审")
	d.ok(d.step(&c, officer, StepLetter))
	d.ok(d.sign(&c, chief, policy.MoveAgree))
	d.Refused("sent although it is signed", fault.Conflict, d.step(&c, officer, StepLetter), "已经签发")

	// A part is paid: the signed letter says too much, and is signed anew.
	d.pay(500_000, "赣财0001")
	if d.Can(ctx, officer, &c.State, StepDeliver) || !d.Can(ctx, officer, &c.State, StepLetter) {
		t.Error("the page offers to deliver a letter that is wrong")
	}
	d.Refused("out although a part was paid", fault.Conflict, d.step(&c, officer, StepDeliver), "有变化")
	d.ok(d.step(&c, officer, StepLetter))
	d.ok(d.sign(&c, chief, policy.MoveAgree))
	d.ok(d.step(&c, officer, StepDeliver))
	if c.State.State != Dunned || c.State.Fen != 1_500_000 || len(c.State.Sent) != 1 || c.State.Clock.Due != day("2026-09-16") {
		t.Fatalf("after delivery %+v", c.State)
	}
	d.Refused("the next letter before its period", fault.Conflict, d.step(&c, officer, StepLetter), "才满")
	if letters := must[map[string][]casework.Paper](t)(d.Dunned(ctx, officer)); len(letters["p1/"+first]) != 1 {
		t.Errorf("letters %v", letters)
	}
	d.Forward("2026-09-17")
	d.ok(d.step(&c, officer, StepLetter))
	d.ok(d.sign(&c, chief, policy.MoveAgree))
	d.ok(d.step(&c, officer, StepDeliver))
	d.pay(1_500_000, "赣财0002")
	d.Refused("dunned although it is paid", fault.Conflict, d.step(&c, officer, StepLetter), "已经缴清")
	if d.Can(ctx, officer, &c.State, StepLetter) || !d.Can(ctx, officer, &c.State, StepSettle) {
		t.Error("the page offers another letter instead of the end")
	}
	d.ok(d.step(&c, officer, StepSettle))
	if c.State.State != Settled || len(c.State.Sent) != 2 || !c.State.Clock.Due.IsZero() {
		t.Errorf("at the end %+v", c.State)
	}
	for _, do := range Steps() {
		if do.Action() != policy.SignApproval && do != StepOpen {
			d.Refused("after the end: "+string(do), fault.Conflict, d.step(&c, officer, do), "已缴清")
		}
	}
}

// TestWithoutClause: without a clause in the rule no late fee stands in a letter; who gives up says why, and can begin anew.
func TestWithoutClause(t *testing.T) {
	d := newDesk(t, false)
	c := must[store.Doc[Dunning]](t)(d.Open(t.Context(), officer, "p1", d.due("一期"), nil))
	d.ok(d.step(&c, officer, StepLetter))
	if c.State.Fen != 2_000_000 || c.State.Fee != 0 || c.State.Lines != nil {
		t.Errorf("the letter says %d, late fee %d, %v", c.State.Fen, c.State.Fee, c.State.Lines)
	}
	d.Refused("given up without a word", fault.Invalid, func() error {
		_, err := d.Do(t.Context(), officer, casework.At{ID: c.ID, Seq: c.Seq}, StepWithdraw, casework.Input{})
		return err
	}, "理由")
	d.ok(d.step(&c, officer, StepWithdraw))
	d.Refused("signed after it was given up", fault.Conflict, d.sign(&c, chief, policy.MoveAgree))
	if again := must[store.Doc[Dunning]](t)(d.Open(t.Context(), officer, "p1", d.due("一期"), nil)); again.State.State != Draft {
		t.Errorf("%+v", again.State)
	}
}
