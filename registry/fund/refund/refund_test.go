package refund

import (
	"context"
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

// desk is a service on a real store with a clock that tests move; the deposit of p1 ends on 2026-10-31.
type desk struct {
	*Service
	*registrytest.Desk
	running int
	ledgers int
}

func person(id string, role policy.Role) policy.Actor {
	return registrytest.Person(id, role, policy.County)
}

var (
	owners    = person("owners", "owners_committee")
	firm      = person("firm", "firm_manager")
	community = person("community", "community_worker")
	officer   = person("officer", "property_officer")
	chief     = person("chief", "section_chief")
	vice      = person("vice", "deputy_director")
	cashier   = person("cashier", "cashier")
	developer = policy.Actor{ID: "developer", Appointments: []policy.Appointment{{Role: "developer", Scopes: []string{"d:other"}}}}
)

func (d *desk) Running(context.Context, string) (int, error) { return d.running, nil }

func (d *desk) Place(_ context.Context, project string, _ calendar.Date) (registry.Place, error) {
	return registry.Place{Project: project, Name: project, Community: "c1", CommunityName: "城东社区", Township: "t1", TownshipName: "都昌镇", Developer: "dev1"}, nil
}

var day = registrytest.Day

func must[T any](t testing.TB) func(T, error) T { return registrytest.Must[T](t) }

func newDesk(t *testing.T) *desk {
	t.Helper()
	ctx := t.Context()
	d := &desk{Desk: registrytest.NewDesk(t, day("2026-09-01").Begins())}
	ledgers := must[*fund.Service](t)(fund.NewService(ctx, d.DB, d.Guard, d))
	d.Service = must[*Service](t)(New(ctx, Config{Estate: d, Claims: d, Ahead: 90, Desk: fund.Desk{Fund: ledgers, Desk: casework.Desk{DB: d.DB, Letters: d.Letters, Guard: d.Guard, Keeper: d.Keeper, Persons: registrytest.Persons{officer, chief, vice}, Chains: d.Chains(), Now: d.Clock, Deadlines: d.Desk.Deadlines}}}))
	id := must[string](t)(ledgers.ProposeRule(ctx, officer, fund.Terms{Title: "暂行办法", Document: "都建发〔2018〕3号", Rate: num.FromInt(2), Base: fund.BaseCost, DueBefore: fund.EventAcceptance, Years: 8, Starts: fund.EventFirstDelivery,
		Rounding: fund.RoundFen, Days: policy.Span{From: day("2018-01-01")}}, nil))
	if err := ledgers.AdoptRule(ctx, vice, id, nil); err != nil {
		t.Fatal(err)
	}
	return d
}

// ledger opens an account with 20,000.00 yuan paid and 123.45 yuan of interest.
func (d *desk) ledger(project string) {
	d.T.Helper()
	ctx := d.T.Context()
	paper := must[files.Stored](d.T)(d.Keeper.Keep(ctx, store.Meta{By: "cashier", Action: "fund.book"}, d.Photo()))
	ok := must[store.Doc[fund.Ledger]](d.T)
	ok(d.Fund.Assess(ctx, officer, project, fund.AssessInput{Phase: "一期", Cost: 100_000_000, Day: day("2018-10-01"), Begun: day("2018-10-31")}, nil))
	ok(d.Fund.Pay(ctx, cashier, project, fund.Money{Due: "d1", Fen: 2_000_000, Day: day("2018-09-20"), Receipt: "赣财" + project, Paper: paper}, nil))
	ok(d.Fund.BookInterest(ctx, cashier, project, fund.Money{Fen: 12_345, Day: day("2026-06-30"), Paper: paper}, nil))
}

func (d *desk) input() casework.Input {
	return casework.Input{Day: d.Today(), Number: "都建退〔2026〕1号", Text: "没有发现问题", Choice: "clean", Upload: d.Photo()}
}

func (d *desk) do(r *store.Doc[Refund], by policy.Actor, step Step, change ...func(*casework.Input)) {
	d.T.Helper()
	in := d.input()
	for _, f := range change {
		f(&in)
	}
	*r = must[store.Doc[Refund]](d.T)(d.Do(d.T.Context(), by, casework.At{ID: r.ID, Seq: r.Seq}, step, in))
}

func (d *desk) sign(r *store.Doc[Refund], by policy.Actor, move policy.ApprovalMove) {
	d.T.Helper()
	*r = must[store.Doc[Refund]](d.T)(d.Sign(d.T.Context(), by, casework.At{ID: r.ID, Seq: r.Seq}, policy.Sign{Move: move, Reason: "金额要核对", SubjectHash: r.State.Approval.SubjectHash}, registrytest.Password))
}

func chosen(id string) func(*casework.Input) { return func(in *casework.Input) { in.Choice = id } }

func (d *desk) step(r *store.Doc[Refund], by policy.Actor, step Step, change ...func(*casework.Input)) func() error {
	return func() error {
		in := d.input()
		for _, f := range change {
			f(&in)
		}
		_, err := d.Do(d.T.Context(), by, casework.At{ID: r.ID, Seq: r.Seq}, step, in)
		return err
	}
}

// refundTo leads a refund of a new project along the ordinary way to a state.
func (d *desk) refundTo(state State) store.Doc[Refund] {
	d.T.Helper()
	d.Forward("2026-09-01")
	d.ledgers++
	project := "p" + string(rune('a'+d.ledgers))
	d.ledger(project)
	r := must[store.Doc[Refund]](d.T)(d.Open(d.T.Context(), officer, project, "d1", 0, nil))
	for _, part := range []struct {
		reaches State
		act     func()
	}{
		{Checking, func() {}},
		{Extended, nil},
		{Showing, func() {
			for _, by := range []policy.Actor{owners, firm, community, officer} {
				d.do(&r, by, StepCheck)
			}
			d.do(&r, officer, StepShow)
		}},
		{Approving, func() { d.Forward("2026-10-02"); d.do(&r, officer, StepSend) }},
		{SentBack, nil},
		{Approved, func() { d.sign(&r, chief, policy.MoveAgree); d.sign(&r, vice, policy.MoveAgree) }},
		{Paid, func() { d.Forward("2026-11-01"); d.do(&r, cashier, StepPay) }},
	} {
		switch {
		case part.act != nil:
			part.act()
		case part.reaches != state:
			continue
		case state == Extended:
			d.do(&r, officer, StepExtend)
		case state == SentBack:
			d.sign(&r, chief, policy.MoveReturn)
		}
		if r.State.State != part.reaches {
			d.T.Fatalf("the refund is %s, not %s", r.State.State, part.reaches)
		}
		if part.reaches == state {
			return r
		}
	}
	d.T.Fatalf("no way leads to %s", state)
	return r
}

func TestStoredFields(t *testing.T) {
	if err := store.CheckType[Refund](); err != nil {
		t.Error(err)
	}
	golden, err := os.ReadFile("testdata/refund.fields")
	if got := strings.Join(store.FieldNames[Refund](), "\n") + "\n"; err != nil || got != string(golden) {
		t.Errorf("stored fields of refund changed; old records would not be read:\n%s%v", got, err)
	}
}

// TestRefund follows a refund with its objections to the payment of everything that is there.
func TestRefund(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	d.ledger("p1")
	open := func(by policy.Actor) func() error {
		return func() error { _, err := d.Open(ctx, by, "p1", "d1", 0, nil); return err }
	}
	d.Forward("2026-08-01")
	d.Refused("too early", fault.Conflict, open(officer), "届满前 90 日（2026年8月2日）起")
	d.Forward("2026-09-01")
	d.Refused("the cashier begins nothing", fault.Forbidden, open(cashier))
	r := must[store.Doc[Refund]](t)(d.Open(ctx, officer, "p1", "d1", 0, nil))
	d.Refused("begun twice", fault.Conflict, open(officer), "已经在办退还")
	d.Refused("another developer sees nothing", fault.NotFound, func() error { _, err := d.One(ctx, developer, r.ID); return err })
	d.Refused("shown before all checked", fault.Conflict, d.step(&r, officer, StepShow), "业主还没有登记联合查验结果")
	for _, by := range []policy.Actor{owners, firm, officer} {
		d.do(&r, by, StepCheck)
	}
	d.do(&r, community, StepCheck, chosen("defect"), func(in *casework.Input) { in.Text = "地下车库渗水" })
	d.Refused("shown with a defect", fault.Conflict, d.step(&r, officer, StepShow), "社区查出还有缺陷：地下车库渗水")
	if clean, defect := r.State.Found(); clean || !defect || d.Can(ctx, officer, &r.State, StepShow) {
		t.Errorf("with a defect the check found %t, %t", clean, defect)
	}
	d.do(&r, officer, StepExtend)
	d.do(&r, officer, StepResume)
	for _, by := range []policy.Actor{owners, firm, officer, community} {
		d.do(&r, by, StepCheck)
	}
	if clean, defect := r.State.Found(); !clean || defect || !d.Can(ctx, officer, &r.State, StepShow) {
		t.Errorf("without a defect the check found %t, %t", clean, defect)
	}
	d.running = 1
	d.Refused("shown while a claim runs", fault.Conflict, d.step(&r, officer, StepShow), "1 件保修金使用申请正在办")
	d.running = 0
	d.do(&r, officer, StepShow)
	if r.State.Clock.Due != day("2026-10-01") {
		t.Errorf("shown until %s", r.State.Clock.Due)
	}
	d.do(&r, owners, StepObject, func(in *casework.Input) { in.Text = "北门围墙开裂" })
	d.do(&r, community, StepObject, func(in *casework.Input) { in.Text = "5幢外墙空鼓" })
	d.Refused("sent before the notice has run", fault.Conflict, d.step(&r, officer, StepSend), "公示到2026年10月1日才满")
	d.Forward("2026-10-02")
	d.Refused("objected too late", fault.Conflict, d.step(&r, owners, StepObject), "公示到2026年10月1日为止")
	d.Refused("sent with an objection", fault.Conflict, d.step(&r, officer, StepSend), "北门围墙开裂", "2027年3月1日")
	d.Refused("taken back by another", fault.Forbidden, d.step(&r, community, StepDrop, chosen("o1")), "由提出的人撤回")
	if first := r.State.Disputed(); first.Due != day("2027-03-01") {
		t.Errorf("the first objection is to be settled until %s", first.Due)
	}
	d.do(&r, officer, StepSettle, chosen("o1"))
	d.do(&r, officer, StepSue, chosen("o2"))
	if r.State.Disputed().Rule != "" {
		t.Error("a suit has no clock of ours")
	}
	d.Refused("sent with a suit", fault.Conflict, d.step(&r, officer, StepSend), "已起诉或者仲裁")
	d.do(&r, community, StepDrop, chosen("o2"))
	d.do(&r, officer, StepSend)
	if r.State.Fen != 2_012_345 {
		t.Errorf("%d is sent through the approval", r.State.Fen)
	}
	d.Refused("who sent it approves nothing", fault.Forbidden, func() error {
		_, err := d.Sign(ctx, officer, casework.At{ID: r.ID, Seq: r.Seq}, policy.Sign{Move: policy.MoveAgree, SubjectHash: r.State.Approval.SubjectHash}, registrytest.Password)
		return err
	})
	d.sign(&r, chief, policy.MoveAgree)
	d.sign(&r, vice, policy.MoveAgree)
	d.Forward("2026-10-31")
	d.Refused("paid on the last day of the period", fault.Conflict, d.step(&r, cashier, StepPay), "2026年10月31日才满")
	d.Forward("2026-11-01")
	both := person("vice", "cashier")
	d.Refused("who approved pays nothing", fault.Forbidden, d.step(&r, both, StepPay), "另一人")
	d.Refused("who checked and showed it pays nothing", fault.Forbidden, d.step(&r, person(officer.ID, "cashier"), StepPay), "另一人")
	paper := must[files.Stored](t)(d.Keeper.Keep(ctx, store.Meta{By: "cashier", Action: "fund.book"}, d.Photo()))
	order := fund.CourtOrder{Court: "都昌县人民法院", Document: "（2026）赣0428执12号", Fen: 100, Day: d.Today(), Paper: paper}
	frozen := must[store.Doc[fund.Ledger]](t)(d.Fund.FreezeMoney(ctx, officer, "p1", order, nil))
	d.Refused("frozen", fault.Conflict, d.step(&r, cashier, StepPay), "司法冻结 1.00 元")
	order.Freeze = frozen.State.Freezes[0].ID
	must[store.Doc[fund.Ledger]](t)(d.Fund.Release(ctx, chief, "p1", order, nil))
	before := r
	d.do(&r, cashier, StepPay)
	d.Refused("paid twice", fault.Conflict, d.step(&before, cashier, StepPay))
	l := must[fund.Ledger](t)(d.Fund.Balance(ctx, "p1"))
	if l.Balances != (fund.Balances{}) || r.State.State != Paid {
		t.Errorf("after the refund %s, %+v", r.State.State, l.Balances)
	}
	d.Refused("begun again after it was paid", fault.Conflict, open(officer), "已经退还")
	if _, _, err := d.Fund.Audit(ctx, func(f fund.Finding) { t.Errorf("%+v", f) }); err != nil {
		t.Error(err)
	}
}

// TestBounced: a refund that the bank sends back is kept as before and is paid again once.
func TestBounced(t *testing.T) {
	d := newDesk(t)
	r := d.refundTo(Paid)
	d.Refused("the cashier has no right to it", fault.Forbidden, d.step(&r, cashier, StepBounce))
	d.Refused("who paid", fault.Forbidden, d.step(&r, person("cashier", "section_chief"), StepBounce), "另一人")
	d.Refused("no paper", fault.Invalid, d.step(&r, chief, StepBounce, func(in *casework.Input) { in.Upload = nil }), "退汇凭证")
	for range 2 {
		d.do(&r, chief, StepBounce)
		l := must[fund.Ledger](t)(d.Fund.Balance(t.Context(), r.State.Project))
		if r.State.State != Approved || r.State.Paid != nil || r.State.Clock.Rule != ruleRefund || l.Balances != (fund.Balances{Bank: 2_012_345, Deposit: 2_000_000, Interest: 12_345}) {
			t.Fatalf("%s, %+v", r.State.State, l.Balances)
		}
		before := r
		d.do(&r, cashier, StepPay)
		d.Refused("paid twice", fault.Conflict, d.step(&before, cashier, StepPay))
	}
	l := must[fund.Ledger](t)(d.Fund.Balance(t.Context(), r.State.Project))
	if r.State.State != Paid || len(r.State.Bounced) != 2 || l.Balances != (fund.Balances{}) {
		t.Errorf("%s, %+v", r.State.State, l.Balances)
	}
	if _, _, err := d.Fund.Audit(t.Context(), func(f fund.Finding) { t.Errorf("%+v", f) }); err != nil {
		t.Error(err)
	}
}

// TestPaper: a refund's signatures on paper count after a second look.
func TestPaper(t *testing.T) {
	d := newDesk(t)
	r := d.refundTo(Approving)
	for _, signer := range []policy.Actor{chief, vice} {
		paper := policy.OnPaper{Hash: r.State.Approval.SubjectHash, Signer: signer.ID, SignedOn: d.Today(), Upload: d.Photo()}
		r = must[store.Doc[Refund]](t)(d.SignOnPaper(t.Context(), officer, casework.At{ID: r.ID, Seq: r.Seq}, paper, registrytest.Password))
		scans := r.State.Approval.Papers()
		if len(scans) != 1 || r.State.State != Approving {
			t.Fatalf("%s, %d scans wait", r.State.State, len(scans))
		}
		look := policy.Sign{Move: policy.MoveConfirmPaper, SubjectHash: r.State.Approval.SubjectHash, Paper: &policy.PaperSignature{FileHash: scans[0].Paper.FileHash}}
		d.Refused("who recorded it looks", fault.Forbidden, func() error {
			_, err := d.Sign(t.Context(), officer, casework.At{ID: r.ID, Seq: r.Seq}, look, registrytest.Password)
			return err
		})
		r = must[store.Doc[Refund]](t)(d.Sign(t.Context(), person("officer2", "property_officer"), casework.At{ID: r.ID, Seq: r.Seq}, look, registrytest.Password))
	}
	if r.State.State != Approved || len(r.State.Scans) != 2 {
		t.Errorf("%s with %d scans", r.State.State, len(r.State.Scans))
	}
}

// TestHandedOn: the developer is gone, and the money goes to the maintenance fund after the same notice; an objection that nobody sued for lapses with its clock.
func TestHandedOn(t *testing.T) {
	d := newDesk(t)
	r := d.refundTo(Showing)
	d.do(&r, officer, StepGone)
	d.do(&r, owners, StepObject)
	d.Forward("2027-03-02")
	d.do(&r, officer, StepSend)
	d.sign(&r, chief, policy.MoveAgree)
	d.sign(&r, vice, policy.MoveAgree)
	d.do(&r, cashier, StepPay)
	st := must[fund.Statement](t)(d.Fund.Statement(t.Context(), officer, r.State.Project))
	if last := st.Movements[len(st.Movements)-1]; last.Kind != fund.EntryHandOn || last.Fen != 2_012_345 || st.Ledger.Balances != (fund.Balances{}) {
		t.Errorf("the last entry is %s of %d, %+v", last.Kind, last.Fen, st.Ledger.Balances)
	}
}

// TestEveryStepOfEveryState tries each step in each state: what the table does not know is refused and writes nothing.
func TestEveryStepOfEveryState(t *testing.T) {
	d := newDesk(t)
	actors := map[policy.Action]policy.Actor{policy.CheckRefund: owners, policy.ObjectRefund: owners, policy.HandleRefund: officer, policy.PayRefund: cashier, policy.SignApproval: vice, policy.ReverseFund: chief}
	tried := 0
	for _, state := range States() {
		var r store.Doc[Refund]
		if state == Stopped {
			r = d.refundTo(Checking)
			d.do(&r, officer, StepStop)
		} else {
			r = d.refundTo(state)
		}
		for _, step := range Steps() {
			if _, known := steps[state][step]; known {
				continue
			}
			tried++
			d.Refused(string(state)+" "+string(step), fault.Conflict, d.step(&r, actors[step.Action()], step))
		}
		if state != Approving {
			d.Refused(string(state)+" signed", fault.Conflict, func() error {
				_, err := d.Sign(t.Context(), vice, casework.At{ID: r.ID, Seq: r.Seq}, policy.Sign{Move: policy.MoveAgree}, registrytest.Password)
				return err
			})
		}
	}
	if tried < 80 {
		t.Errorf("only %d refused pairs", tried)
	}
}

// TestStages: a stage of the rule runs as a refund does, before the end of the period and in its order; one refund of an amount runs at a time, the rest is kept, and the last refund pays it with the interest.
func TestStages(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	id := must[string](t)(d.Fund.ProposeRule(ctx, officer, fund.Terms{Title: "分期办法", Document: "都建发〔2018〕5号", Rate: num.FromInt(2), Base: fund.BaseCost, DueBefore: fund.EventAcceptance, Years: 9, Starts: fund.EventFirstDelivery,
		Stages: []fund.Stage{{After: 7, Percent: num.FromInt(20)}, {After: 8, Percent: num.FromInt(30)}}, Rounding: fund.RoundFen, Days: policy.Span{From: day("2018-06-01")}}, nil))
	if err := d.Fund.AdoptRule(ctx, vice, id, nil); err != nil {
		t.Fatal(err)
	}
	d.ledger("p1") // from 2018-10-31
	open := func(stage int64) func() error {
		return func() error { _, err := d.Open(ctx, officer, "p1", "d1", stage, nil); return err }
	}
	paidBack := func(r *store.Doc[Refund], on string) {
		t.Helper()
		for _, by := range []policy.Actor{owners, firm, community, officer} {
			d.do(r, by, StepCheck)
		}
		d.do(r, officer, StepShow)
		d.Forward(on)
		d.do(r, officer, StepSend)
		d.sign(r, chief, policy.MoveAgree)
		d.sign(r, vice, policy.MoveAgree)
		d.do(r, cashier, StepPay)
	}
	offered := func() string {
		l := must[fund.Ledger](t)(d.Fund.Balance(ctx, "p1"))
		var out []string
		for _, o := range must[[]Offer](t)(d.Ready(ctx, "p1", l)) {
			out = append(out, o.Terms()+o.Ends.String())
		}
		return strings.Join(out, "；")
	}
	d.Refused("the end is far", fault.Conflict, open(0), "2027年10月31日届满")
	d.Refused("the second before the first", fault.Conflict, open(2), "第 1 次分期退还还没有办")
	d.Refused("a stage that the rule does not have", fault.NotFound, open(3), "没有找到这一次分期退还")
	d.Refused("no stage", fault.NotFound, open(-1))
	if got := offered(); got != "满 7 年退还 20%（都建发〔2018〕5号）2025-10-31" {
		t.Errorf("offered: %s", got)
	}
	r := must[store.Doc[Refund]](t)(d.Open(ctx, officer, "p1", "d1", 1, nil))
	d.Refused("begun twice", fault.Conflict, open(1), "已经在办退还")
	if got := offered(); got != "" {
		t.Errorf("offered while one runs: %s", got)
	}
	d.Refused("to the maintenance fund before the end", fault.Conflict, d.step(&r, officer, StepGone), "存储期届满一并转入")
	// Every way of a refund holds for a stage too: an open defect, a claim, an objection.
	for _, by := range []policy.Actor{owners, firm, officer} {
		d.do(&r, by, StepCheck)
	}
	d.do(&r, community, StepCheck, chosen("defect"))
	d.Refused("shown with a defect", fault.Conflict, d.step(&r, officer, StepShow), "查出还有缺陷")
	d.do(&r, officer, StepExtend)
	d.do(&r, officer, StepResume)
	before := r
	paidBack(&r, "2026-10-02")
	d.Refused("paid twice", fault.Conflict, d.step(&before, cashier, StepPay))
	l := must[fund.Ledger](t)(d.Fund.Balance(ctx, "p1"))
	if r.State.State != Paid || r.State.Fen != 400_000 || l.Balances != (fund.Balances{Bank: 1_612_345, Deposit: 1_600_000, Interest: 12_345}) || len(r.State.Lines) != 5 {
		t.Fatalf("after the first stage %s %d, %+v", r.State.State, r.State.Fen, l.Balances)
	}
	second := must[store.Doc[Refund]](t)(d.Open(ctx, officer, "p1", "d1", 2, nil))
	for _, by := range []policy.Actor{owners, firm, community, officer} {
		d.do(&second, by, StepCheck)
	}
	d.do(&second, officer, StepShow)
	d.do(&second, owners, StepObject)
	d.Forward("2026-11-02")
	d.Refused("sent with an objection", fault.Conflict, d.step(&second, officer, StepSend), "还没有处理完")
	d.do(&second, officer, StepSettle, chosen("o1"))
	d.do(&second, officer, StepSend)
	d.sign(&second, chief, policy.MoveAgree)
	d.sign(&second, vice, policy.MoveAgree)
	d.Refused("who approved pays nothing", fault.Forbidden, d.step(&second, person("vice", "cashier"), StepPay), "另一人")
	d.do(&second, cashier, StepPay)
	d.do(&second, chief, StepBounce)
	if l := must[fund.Ledger](t)(d.Fund.Balance(ctx, "p1")); l.Balances.Bank != 1_612_345 || l.Dues[0].NextStage() != 2 {
		t.Errorf("after it came back %+v", l.Balances)
	}
	d.do(&second, cashier, StepPay)
	d.Forward("2027-08-05")
	d.Refused("a stage when the end is near", fault.Conflict, open(2), "一并办理到期退还")
	if got := offered(); got != "2027-10-31" {
		t.Errorf("offered at the end: %s", got)
	}
	last := must[store.Doc[Refund]](t)(d.Open(ctx, officer, "p1", "d1", 0, nil))
	paidBack(&last, "2027-11-01")
	if l := must[fund.Ledger](t)(d.Fund.Balance(ctx, "p1")); last.State.Fen != 1_012_345 || l.Balances != (fund.Balances{}) {
		t.Errorf("the last refund pays %d, %+v is left", last.State.Fen, l.Balances)
	}
	if _, _, err := d.Fund.Audit(ctx, func(f fund.Finding) { t.Errorf("%+v", f) }); err != nil {
		t.Error(err)
	}
}

// TestStageBeforeItsYears: a stage may begin before its years are over, and is not paid before.
func TestStageBeforeItsYears(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	id := must[string](t)(d.Fund.ProposeRule(ctx, officer, fund.Terms{Title: "分期办法", Document: "都建发〔2018〕5号", Rate: num.FromInt(2), Base: fund.BaseCost, DueBefore: fund.EventAcceptance, Years: 10, Starts: fund.EventFirstDelivery,
		Stages: []fund.Stage{{After: 8, Percent: num.FromInt(20)}}, Rounding: fund.RoundFen, Days: policy.Span{From: day("2018-06-01")}}, nil))
	if err := d.Fund.AdoptRule(ctx, vice, id, nil); err != nil {
		t.Fatal(err)
	}
	d.ledger("p1")
	begin := func() error { _, err := d.Open(ctx, officer, "p1", "d1", 1, nil); return err }
	d.Forward("2026-08-01")
	d.Refused("too early", fault.Conflict, begin, "2026年10月31日才满年限", "2026年8月2日")
	d.Forward("2026-08-02")
	r := must[store.Doc[Refund]](t)(d.Open(ctx, officer, "p1", "d1", 1, nil))
	for _, by := range []policy.Actor{owners, firm, community, officer} {
		d.do(&r, by, StepCheck)
	}
	d.do(&r, officer, StepShow)
	d.Forward("2026-10-31")
	d.do(&r, officer, StepSend)
	d.sign(&r, chief, policy.MoveAgree)
	d.sign(&r, vice, policy.MoveAgree)
	d.Refused("paid on the last day of its years", fault.Conflict, d.step(&r, cashier, StepPay), "分期退还的年限到2026年10月31日才满")
	d.Forward("2026-11-01")
	d.do(&r, cashier, StepPay)
	if r.State.Fen != 400_000 {
		t.Errorf("%d was paid", r.State.Fen)
	}
}
