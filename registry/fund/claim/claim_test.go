package claim

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
)

func TestStoredFields(t *testing.T) {
	if err := store.CheckType[Claim](); err != nil {
		t.Error(err)
	}
	golden, err := os.ReadFile("testdata/claim.fields")
	if got := strings.Join(store.FieldNames[Claim](), "\n") + "\n"; err != nil || got != string(golden) {
		t.Errorf("stored fields of claim changed; old records would not be read:\n%s%v", got, err)
	}
}

// opening is a claim about a leaking roof, warranted until 2028.
func (d *desk) opening() Opening {
	return Opening{Project: "p1", Part: "waterproof", Where: "3幢屋面", Defect: "顶层雨天渗漏", Completed: day("2023-05-31"), Delivered: day("2023-06-30"), Photo: d.Photo()}
}

// input fills every field of a form, so that only what a test changes is wrong.
func (d *desk) input() casework.Input {
	d.numbers++
	return casework.Input{Day: d.Today(), Fen: 500_000, Number: fmt.Sprintf("都建保〔2026〕%d号", d.numbers), Text: "现场情况属实", Upload: d.Photo()}
}

// do carries a step out.
func (d *desk) do(c *store.Doc[Claim], by policy.Actor, step Step, change ...func(*casework.Input)) {
	d.T.Helper()
	in := d.input()
	for _, f := range change {
		f(&in)
	}
	*c = must[store.Doc[Claim]](d.T)(d.Do(d.T.Context(), by, casework.At{ID: c.ID, Seq: c.Seq}, step, in))
}

func amount(fen int64) func(*casework.Input) { return func(in *casework.Input) { in.Fen = fen } }

func chosen(id string) func(*casework.Input) { return func(in *casework.Input) { in.Choice = id } }

func (d *desk) sign(c *store.Doc[Claim], by policy.Actor, move policy.ApprovalMove, reason string) {
	d.T.Helper()
	*c = must[store.Doc[Claim]](d.T)(d.Sign(d.T.Context(), by, casework.At{ID: c.ID, Seq: c.Seq}, policy.Sign{Move: move, Reason: reason, SubjectHash: c.State.Signing().SubjectHash}, password))
}

// letter sends the bureau's next letter through its approval and has it signed.
func (d *desk) letter(c *store.Doc[Claim]) {
	d.T.Helper()
	d.do(c, officer, StepLetter)
	d.sign(c, chief, policy.MoveAgree, "")
}

// documents hands everything of a time in.
func (d *desk) documents(c *store.Doc[Claim], when ...When) {
	for _, w := range d.Rules.Documents {
		for _, one := range when {
			if w.When == one {
				d.do(c, committee, StepAttach, chosen(w.ID))
			}
		}
	}
}

// claimTo leads a new claim along the ordinary way to a state; the days are those of the shipped periods.
func (d *desk) claimTo(state State) store.Doc[Claim] {
	d.T.Helper()
	d.Forward("2026-09-01")
	c := must[store.Doc[Claim]](d.T)(d.Open(d.T.Context(), committee, d.opening()))
	agree := func(by policy.Actor) func() { return func() { d.sign(&c, by, policy.MoveAgree, "") } }
	step := func(by policy.Actor, s Step, change ...func(*casework.Input)) func() {
		return func() { d.do(&c, by, s, change...) }
	}
	until := func(day string) func() { return func() { d.Forward(day) } }
	for _, part := range []struct {
		reaches State
		acts    []func()
	}{
		{Draft, nil},
		{Noticed, []func(){step(committee, StepDeliver)}},
		{Urged, []func(){until("2026-09-08"), func() { d.letter(&c) }, step(officer, StepUrge)}},
		{Filed, []func(){until("2026-09-28"), func() { d.documents(&c, WhenFile) }, step(committee, StepFile, amount(600_000))}},
		{Checked, []func(){step(officer, StepCheck)}},
		{Approving, []func(){step(officer, StepSend)}},
		{SentBack, nil},
		{Repairing, []func(){agree(chief), agree(vice)}},
		{Shown, []func(){func() { d.documents(&c, WhenAccount) }, step(committee, StepAccount, amount(450_000))}},
		{Paid, []func(){step(officer, StepReview), until("2026-10-06"), step(cashier, StepPay)}},
		{Replenishing, []func(){func() { d.letter(&c) }, step(officer, StepAsk)}},
	} {
		if part.reaches == SentBack {
			if state == SentBack {
				d.sign(&c, chief, policy.MoveReturn, "预算没有单价")
				return c
			}
			continue
		}
		for _, act := range part.acts {
			act()
		}
		if c.State.State != part.reaches {
			d.T.Fatalf("the claim is %s, not %s", c.State.State, part.reaches)
		}
		if part.reaches == state {
			return c
		}
	}
	d.T.Fatalf("no way leads to %s", state)
	return c
}

func (d *desk) ledger() fund.Ledger {
	d.T.Helper()
	return must[fund.Ledger](d.T)(d.Fund.Balance(d.T.Context(), "p1"))
}

// settled checks that the ledger and the claims agree.
func (d *desk) settled() {
	d.T.Helper()
	if _, err := d.Audit(d.T.Context(), func(f fund.Finding) { d.T.Errorf("%+v", f) }); err != nil {
		d.T.Error(err)
	}
	if _, _, err := d.Fund.Audit(d.T.Context(), func(f fund.Finding) { d.T.Errorf("%+v", f) }); err != nil {
		d.T.Error(err)
	}
}

// TestLife follows a claim from the notice to the replenished fund, with what is refused on its way.
func TestLife(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	act := func(c store.Doc[Claim], by policy.Actor, step Step, change ...func(*casework.Input)) func() error {
		return func() error {
			in := d.input()
			for _, f := range change {
				f(&in)
			}
			_, err := d.Do(ctx, by, casework.At{ID: c.ID, Seq: c.Seq}, step, in)
			return err
		}
	}
	none := func(in *casework.Input) { in.Upload = nil }
	c := d.claimTo(Noticed)
	if got := c.State.Clock.Due; got != day("2026-09-07") { // five days end on a Sunday
		t.Errorf("the developer answers until %s", got)
	}
	d.Refused("urged before the clock", fault.Conflict, act(c, officer, StepUrge), "2026年9月7日才满")
	d.Refused("claimed before the clock", fault.Conflict, act(c, committee, StepFile), "督促通知书")
	d.Refused("the developer urges nobody", fault.Forbidden, act(c, developer, StepUrge))
	d.Refused("a stranger sees nothing", fault.NotFound, act(c, stranger, StepWithdraw))
	d.do(&c, developer, StepAnswer)
	d.Forward("2026-09-08")
	d.letter(&c)
	d.do(&c, officer, StepUrge)
	d.Refused("claimed before the second clock", fault.Conflict, act(c, committee, StepFile), "2026年9月23日才满")
	d.Forward("2026-09-24")
	d.Refused("without documents", fault.Invalid, act(c, committee, StepFile), "还缺“启动使用申请表”", "还缺“质量鉴定报告或者规划书面意见”", "还缺“使用方案”", "还缺“预算书”")
	d.Refused("a document without file", fault.Invalid, act(c, committee, StepAttach, chosen("plan"), none), "请选择文件")
	d.documents(&c, WhenFile)
	d.do(&c, committee, StepFile, amount(600_000))
	if got := c.State.Clock.Due; got != day("2026-09-30") { // 25 to 27 September 2026 are Mid-Autumn, 20 is worked
		t.Logf("the site check is due on %s", got)
	}
	d.Refused("more than asked for", fault.Invalid, act(c, officer, StepCheck, amount(600_001)), "超过申请的 6,000.00")
	frozen := fund.CourtOrder{Court: "都昌县人民法院", Document: "（2026）赣0428执8号", Fen: 1_700_000, Day: d.Today(), Paper: d.stored()}
	frozen.Freeze = must[store.Doc[fund.Ledger]](t)(d.Fund.FreezeMoney(ctx, officer, "p1", frozen, nil)).State.Freezes[0].ID
	d.Refused("more than is there", fault.Invalid, act(c, officer, StepCheck), "核定 5,000.00 元，保修金只有 3,000.00 元可用")
	must[store.Doc[fund.Ledger]](t)(d.Fund.Release(ctx, chief, "p1", frozen, nil))
	d.do(&c, officer, StepCheck)
	d.do(&c, officer, StepSend)
	sign := func(by policy.Actor, typed string) func() error {
		return func() error {
			_, err := d.Sign(ctx, by, casework.At{ID: c.ID, Seq: c.Seq}, policy.Sign{Move: policy.MoveAgree, SubjectHash: c.State.Approval.SubjectHash, Reason: "代"}, typed)
			return err
		}
	}
	d.Refused("who prepared it approves nothing", fault.Forbidden, sign(officer, password), "由你经办，审批必须由另一人完成")
	d.Refused("a wrong password", fault.Invalid, sign(chief, "x"), "密码不正确")
	d.sign(&c, chief, policy.MoveAgree, "")
	if held := d.ledger().Balances.Held; held != 0 {
		t.Errorf("%d is held before the last signature", held)
	}
	d.sign(&c, vice, policy.MoveAgree, "")
	if b := d.ledger().Balances; b.Held != 500_000 || b.Bank != 2_000_000 {
		t.Errorf("after the approval %+v", b)
	}
	d.Refused("without the documents of the account", fault.Invalid, act(c, committee, StepAccount), "还缺“决算单”", "还缺“票据”")
	d.documents(&c, WhenAccount)
	d.Refused("more than is held", fault.Invalid, act(c, committee, StepAccount, amount(500_001)), "超过批准预留的 5,000.00")
	d.do(&c, committee, StepAccount, amount(450_000))
	d.Refused("paid before it was shown its days", fault.Conflict, act(c, cashier, StepPay), "才满")
	d.Forward("2026-10-02")
	d.Refused("paid before it was reviewed", fault.Conflict, act(c, cashier, StepPay), "还没有审核决算")
	if d.Can(ctx, cashier, &c.State, StepPay) || !d.Can(ctx, officer, &c.State, StepReview) {
		t.Error("the page offers to pay before the review")
	}
	d.Refused("the claimant reviews nothing", fault.Forbidden, act(c, committee, StepReview))
	d.Refused("reviewed before it was shown", fault.Invalid, act(c, officer, StepReview, func(in *casework.Input) { in.Day = day("2026-09-01") }), "day 审核日期")
	second := person("second", "property_officer", policy.County)
	d.do(&c, second, StepReview)
	d.Refused("reviewed twice", fault.Conflict, act(c, officer, StepReview), "已经在2026年10月2日审核过")
	d.Refused("who reviewed pays nothing", fault.Forbidden, act(c, person("second", "cashier", policy.County), StepPay), "另一人")
	d.Refused("the officer pays nothing", fault.Forbidden, act(c, officer, StepPay))
	both := person("vice", "cashier", policy.County)
	d.Refused("who approved pays nothing", fault.Forbidden, act(c, both, StepPay), "另一人")
	d.Refused("no slip", fault.Invalid, act(c, cashier, StepPay, none), "付款回单")
	before := c
	d.do(&c, cashier, StepPay)
	d.Refused("paid twice", fault.Conflict, act(before, cashier, StepPay), "刚被别人办过")
	if b := d.ledger().Balances; b.Bank != 1_550_000 || b.Held != 0 || b.Deposit != 1_550_000 {
		t.Errorf("after the payment %+v", b)
	}
	d.letter(&c)
	d.do(&c, officer, StepAsk)
	due, ok := func() (fund.Due, bool) { l := d.ledger(); return l.Replenishment(c.ID) }()
	if !ok || due.Fen != 450_000 || due.Day != day("2026-10-19") { // fifteen days end on a Saturday
		t.Errorf("to be replenished: %+v", due)
	}
	d.Refused("closed too early", fault.Conflict, act(c, officer, StepSettle), "还差 4,500.00")
	d.Forward("2026-10-19")
	d.Refused("dunned on the last day", fault.Conflict, act(c, officer, StepDun), "才满")
	d.Forward("2026-10-20")
	pay := func(fen int64, receipt string) {
		t.Helper()
		must[store.Doc[fund.Ledger]](t)(d.Fund.Pay(ctx, cashier, "p1", fund.Money{Due: due.ID, Fen: fen, Day: d.Today(), Receipt: receipt, Paper: d.stored()}, nil))
	}
	d.letter(&c)
	pay(50_000, "赣财0002")
	d.Refused("dunned for what was paid meanwhile", fault.Conflict, act(c, officer, StepDun), "有变化")
	if d.Can(ctx, officer, &c.State, StepDun) || !d.Can(ctx, officer, &c.State, StepLetter) {
		t.Error("the page offers a letter that says too much")
	}
	d.letter(&c)
	d.do(&c, officer, StepDun)
	if c.State.Owed != 400_000 || d.Can(ctx, officer, &c.State, StepSettle) {
		t.Errorf("dunned for %d", c.State.Owed)
	}
	pay(400_000, "赣财0003")
	d.Refused("dunned although it is replenished", fault.Conflict, act(c, officer, StepLetter), "已经补足")
	if d.Can(ctx, officer, &c.State, StepLetter) || !d.Can(ctx, officer, &c.State, StepSettle) {
		t.Error("the page offers another letter instead of the end")
	}
	d.do(&c, officer, StepSettle)
	if b := d.ledger().Balances; c.State.State != Closed || b.Bank != 2_000_000 || b.Due != 0 {
		t.Errorf("at the end %s, %+v", c.State.State, b)
	}
	d.settled()
	history := must[[]store.Change[Claim]](t)(d.History(ctx, developer, c.ID))
	if history[0].State.Last != StepOpen || history[len(history)-1].State.Last != StepSettle {
		t.Errorf("the history begins with %s and ends with %s", history[0].State.Last, history[len(history)-1].State.Last)
	}
}

// TestOpening: who may claim what, and until when.
func TestOpening(t *testing.T) {
	d := newDesk(t)
	open := func(by policy.Actor, change func(*Opening)) func() error {
		return func() error {
			in := d.opening()
			change(&in)
			_, err := d.Open(t.Context(), by, in)
			return err
		}
	}
	same := func(*Opening) {}
	d.Refused("the community, where there is a committee", fault.Conflict, open(community, same), "望湖苑有业委会", "没有业委会、物管会的小区才由社区提出")
	d.Refused("an officer", fault.Forbidden, open(officer, same))
	d.Refused("out of scope", fault.NotFound, open(stranger, same))
	d.Refused("lapsed", fault.Conflict, open(owner, func(in *Opening) { in.Part = "installation" }), "保修期已届满", "自竣工验收合格之日2023年5月31日起至2025年5月31日", "自交付之日2023年6月30日起至2025年6月30日")
	d.Refused("nothing filled in", fault.Invalid, open(owner, func(in *Opening) { *in = Opening{Project: "p1"} }), "请选择保修部位", "请填写位置", "请填写缺陷情况", "请填写竣工验收合格日期", "请填写交付日期")
	d.Refused("delivered before it was completed", fault.Invalid, open(owner, func(in *Opening) { in.Delivered = day("2023-05-01") }), "早于竣工验收合格日期")
	d.Refused("without photo", fault.Invalid, open(owner, func(in *Opening) { in.Photo = nil }), "看得出缺陷的照片")
	d.found = fault.New("handover.Defect", fault.Conflict, "建设单位的整改期限还没有过")
	d.Refused("a finding that is not overdue", fault.Conflict, open(owner, func(in *Opening) { in.Handover, in.Finding = "h1", "i1" }), "期限还没有过")
	d.found = nil
	d.Refused("a finding of another project", fault.Conflict, open(community, func(in *Opening) { in.Project, in.Handover, in.Finding = "p2", "h1", "i1" }), "不在芝城花园")
	for _, tt := range []struct {
		name   string
		by     policy.Actor
		change func(*Opening)
		role   policy.Role
	}{
		{"the committee", committee, same, "owners_committee"}, {"an owner from a finding", owner, func(in *Opening) { in.Handover, in.Finding = "h1", "i1" }, "owner"},
		{"the community, where there is none", community, func(in *Opening) { in.Project = "p2" }, "community_worker"},
		// Completed in 2023-05-31, delivered later: one period still runs.
		{"one period runs", owner, func(in *Opening) { in.Part, in.Delivered = "installation", day("2024-10-01") }, "owner"},
	} {
		in := d.opening()
		tt.change(&in)
		if c := must[store.Doc[Claim]](t)(d.Open(t.Context(), tt.by, in)); c.State.Claimant != tt.role || c.State.State != Draft {
			t.Errorf("%s: %s claims, %s", tt.name, c.State.Claimant, c.State.State)
		}
	}
	in, place, err := d.Prefill(t.Context(), owner, "", "h1", "i1")
	if err != nil || in.Project != "p1" || in.Where != "3幢" || in.Defect != "屋面 渗漏" || in.Completed != day("2023-05-31") || in.Delivered != day("2023-06-30") || place.Name != "望湖苑" {
		t.Errorf("prefilled: %+v %v", in, err)
	}
}

// TestSeasons: a period of heating seasons ends with the second one that began after its start.
func TestSeasons(t *testing.T) {
	for _, tt := range []struct {
		season     Season
		start, end string
	}{
		{Season{"11-15", "03-15", 2}, "2023-05-31", "2025-03-15"}, {Season{"11-15", "03-15", 2}, "2023-11-15", "2025-03-15"}, {Season{"11-15", "03-15", 2}, "2023-11-16", "2026-03-15"},
		{Season{"06-15", "09-15", 2}, "2023-05-31", "2024-09-15"}, {Season{"06-15", "09-15", 1}, "2023-07-01", "2024-09-15"},
	} {
		if got := tt.season.end(day(tt.start)); got != day(tt.end) {
			t.Errorf("%+v from %s ends on %s, not %s", tt.season, tt.start, got, tt.end)
		}
	}
}

// TestPaper: a signature on paper counts once a second person has looked at it; the last one holds the money, and whatever is refused wrote nothing.
func TestPaper(t *testing.T) {
	d := newDesk(t)
	c := d.claimTo(Approving)
	d.sign(&c, chief, policy.MoveAgree, "")
	record := func(by policy.Actor, typed string, change func(*policy.OnPaper)) (store.Doc[Claim], error) {
		in := policy.OnPaper{Hash: c.State.Approval.SubjectHash, Signer: vice.ID, SignedOn: d.Today(), Upload: d.Photo()}
		change(&in)
		return d.SignOnPaper(t.Context(), by, casework.At{ID: c.ID, Seq: c.Seq}, in, typed)
	}
	right := func(*policy.OnPaper) {}
	for _, tt := range []struct {
		name   string
		by     policy.Actor
		kind   fault.Kind
		typed  string
		change func(*policy.OnPaper)
		said   string
	}{
		{"no scan", officer, fault.Invalid, password, func(in *policy.OnPaper) { in.Upload = nil }, "paper 请上传签字件"},
		{"nobody signed", officer, fault.Invalid, password, func(in *policy.OnPaper) { in.Signer = "" }, "signer 请选择"},
		{"for whom it does not wait", officer, fault.Forbidden, password, func(in *policy.OnPaper) { in.Signer = officer.ID }, ""},
		{"another content", officer, fault.Conflict, password, func(in *policy.OnPaper) { in.Hash = "sha256:" + strings.Repeat("0", 64) }, ""},
		{"a wrong password", officer, fault.Invalid, "x", right, "current"},
		{"the committee records nothing", committee, fault.Forbidden, password, right, ""},
	} {
		d.Refused(tt.name, tt.kind, func() error { _, err := record(tt.by, tt.typed, tt.change); return err }, tt.said)
	}
	c = must[store.Doc[Claim]](t)(record(officer, password, right))
	scan := c.State.Approval.Papers()[0].Paper.FileHash
	look := func(by policy.Actor, move policy.ApprovalMove, reason string) error {
		doc, err := d.Sign(t.Context(), by, casework.At{ID: c.ID, Seq: c.Seq}, policy.Sign{Move: move, Reason: reason, SubjectHash: c.State.Approval.SubjectHash, Paper: &policy.PaperSignature{FileHash: scan}}, password)
		if err == nil {
			c = doc
		}
		return err
	}
	if held := d.ledger().Balances.Held; c.State.State != Approving || held != 0 || len(c.State.Scans) != 1 || c.State.Scans[0].Original != strings.TrimPrefix(scan, "sha256:") {
		t.Fatalf("%s, %d held, %+v", c.State.State, held, c.State.Scans)
	}
	d.Refused("who recorded it looks", fault.Forbidden, func() error { return look(officer, policy.MoveConfirmPaper, "") })
	d.Refused("who signed it looks", fault.Forbidden, func() error { return look(vice, policy.MoveConfirmPaper, "") })
	second := person("officer2", "property_officer", policy.County)
	if err := look(second, policy.MoveRejectPaper, "签字日期看不清"); err != nil || c.State.State != Approving {
		t.Fatal(err, c.State.State)
	}
	c = must[store.Doc[Claim]](t)(record(officer, password, right))
	if err := look(second, policy.MoveConfirmPaper, ""); err != nil || c.State.State != Repairing || d.ledger().Balances.Held != 500_000 {
		t.Errorf("%v %s %+v", err, c.State.State, d.ledger().Balances)
	}
	d.settled()
}

// TestBounced: a payment that the bank sends back is held again and paid again once, before and after the developer was asked to replenish.
func TestBounced(t *testing.T) {
	d := newDesk(t)
	free := d.ledger().Balances
	c := d.claimTo(Paid)
	paid := d.ledger().Balances
	bounce := func(by policy.Actor, change func(*casework.Input)) func() error {
		return func() error {
			in := d.input()
			change(&in)
			_, err := d.Do(t.Context(), by, casework.At{ID: c.ID, Seq: c.Seq}, StepBounce, in)
			return err
		}
	}
	right := func(*casework.Input) {}
	both := policy.Actor{ID: cashier.ID, Appointments: append(append([]policy.Appointment(nil), cashier.Appointments...), chief.Appointments...)}
	d.Refused("the cashier has no right to it", fault.Forbidden, bounce(cashier, right))
	d.Refused("who paid", fault.Forbidden, bounce(both, right), "另一人")
	d.Refused("before the payment", fault.Invalid, bounce(chief, func(in *casework.Input) { in.Day = c.State.Paid.Day.Add(-1) }), "day 退汇到账日期")
	d.Refused("no reason", fault.Invalid, bounce(chief, func(in *casework.Input) { in.Text = "" }), "text 请填写退汇原因")
	d.Refused("no paper", fault.Invalid, bounce(chief, func(in *casework.Input) { in.Upload = nil }), "退汇凭证")
	d.do(&c, chief, StepBounce)
	held := d.ledger().Balances
	if c.State.State != Bounced || held.Bank != free.Bank || held.Held != 450_000 || c.State.Paid != nil || len(c.State.Bounced) != 1 {
		t.Errorf("%s, %+v", c.State.State, held)
	}
	d.settled()
	d.Refused("who prepared it pays nothing", fault.Forbidden, func() error {
		_, err := d.Do(t.Context(), person("officer", "cashier", policy.County), casework.At{ID: c.ID, Seq: c.Seq}, StepPay, d.input())
		return err
	})
	before := c
	d.do(&c, cashier, StepPay)
	d.Refused("paid twice", fault.Conflict, func() error {
		_, err := d.Do(t.Context(), cashier, casework.At{ID: before.ID, Seq: before.Seq}, StepPay, d.input())
		return err
	})
	if got := d.ledger().Balances; got != paid {
		t.Errorf("paid again: %+v, want %+v", got, paid)
	}
	d.letter(&c)
	d.do(&c, officer, StepAsk)
	d.do(&c, chief, StepBounce)
	d.Forward("2026-10-12")
	d.do(&c, cashier, StepPay)
	d.letter(&c)
	d.do(&c, officer, StepAsk, func(in *casework.Input) { in.Number = "都建补〔2026〕2号" })
	l := d.ledger()
	due, ok := l.Replenishment(c.ID)
	if !ok || due.Document != "都建补〔2026〕2号" || due.Day != c.State.Clock.Due || due.Open() != 450_000 || l.Balances.Due != 450_000 {
		t.Errorf("asked again: %+v, clock %s", due, c.State.Clock.Due)
	}
	d.settled()
}

// TestEveryStepOfEveryState tries each step in each state: what the table does not know is refused and writes nothing.
func TestEveryStepOfEveryState(t *testing.T) {
	d := newDesk(t)
	must[store.Doc[fund.Ledger]](t)(d.Fund.Assess(t.Context(), officer, "p1", fund.AssessInput{Phase: "二期", Cost: 1_000_000_000, Day: day("2026-08-20")}, nil))
	must[store.Doc[fund.Ledger]](t)(d.Fund.Pay(t.Context(), cashier, "p1", fund.Money{Due: "d2", Fen: 20_000_000, Day: day("2026-08-19"), Receipt: "赣财0009", Paper: d.stored()}, nil))
	actors := map[policy.Action]policy.Actor{policy.ApplyClaim: committee, policy.AnswerClaim: developer, policy.HandleClaim: officer, policy.PayClaim: cashier, policy.SignApproval: vice, policy.ReverseFund: chief}
	ends := map[State]struct {
		from State
		do   Step
	}{Refused: {Filed, StepRefuse}, Withdrawn: {Draft, StepWithdraw}, Repaired: {Noticed, StepRepaired}}
	tried := 0
	for _, state := range States() {
		var c store.Doc[Claim]
		switch end, ok := ends[state]; {
		case ok:
			c = d.claimTo(end.from)
			d.do(&c, actors[end.do.Action()], end.do)
		case state == Bounced:
			c = d.claimTo(Paid)
			d.do(&c, chief, StepBounce)
		case state == Closed:
			c = d.claimTo(Paid)
			d.do(&c, officer, StepGone)
			d.do(&c, officer, StepWaive)
		default:
			c = d.claimTo(state)
		}
		if c.State.State != state {
			t.Fatalf("%s instead of %s", c.State.State, state)
		}
		for _, step := range Steps() {
			if _, known := steps[state][step]; known {
				continue
			}
			tried++
			d.Refused(string(state)+" "+string(step), fault.Conflict, func() error {
				_, err := d.Do(t.Context(), actors[step.Action()], casework.At{ID: c.ID, Seq: c.Seq}, step, d.input())
				return err
			})
			if step == StepSign {
				d.Refused(string(state)+" signed", fault.Conflict, func() error {
					_, err := d.Sign(t.Context(), vice, casework.At{ID: c.ID, Seq: c.Seq}, policy.Sign{Move: policy.MoveAgree}, password)
					return err
				})
			}
		}
		d.settled()
	}
	if tried < 200 {
		t.Errorf("only %d refused pairs", tried)
	}
}

// TestWaysOut: what ends a claim without a payment gives its hold back.
func TestWaysOut(t *testing.T) {
	d := newDesk(t)
	for _, tt := range []struct {
		name string
		from State
		by   policy.Actor
		do   Step
		want State
	}{
		{"withdrawn while it is repaired", Repairing, committee, StepWithdraw, Withdrawn}, {"repaired by the developer meanwhile", Repairing, officer, StepRepaired, Repaired},
		{"refused after it was sent back", SentBack, officer, StepRefuse, Refused}, {"refused on site", Filed, officer, StepRefuse, Refused}, {"repaired after the urging", Urged, committee, StepRepaired, Repaired},
	} {
		c := d.claimTo(tt.from)
		d.do(&c, tt.by, tt.do)
		if b := d.ledger().Balances; c.State.State != tt.want || b.Held != 0 || b.Bank != 2_000_000 {
			t.Errorf("%s: %s, %+v", tt.name, c.State.State, b)
		}
		d.settled()
	}
	// An objection takes the account down; it is shown and reviewed anew for all its days.
	c := d.claimTo(Shown)
	d.do(&c, officer, StepReview)
	d.do(&c, officer, StepRedo)
	if c.State.State != Repairing || c.State.Cost != 0 || c.State.Reviewed != nil || d.ledger().Balances.Held != 500_000 {
		t.Errorf("redone: %s, %+v", c.State.State, d.ledger().Balances)
	}
	d.do(&c, committee, StepWithdraw)
	// The developer is gone: no clock, and nobody replenishes.
	c = d.claimTo(Draft)
	d.documents(&c, WhenFile)
	d.do(&c, officer, StepGone)
	d.do(&c, committee, StepFile)
	if c.State.State != Filed {
		t.Errorf("with the developer gone it is %s", c.State.State)
	}
	// A compound that never paid.
	unpaid := d.opening()
	unpaid.Project = "p2"
	c = must[store.Doc[Claim]](t)(d.Open(t.Context(), community, unpaid))
	d.do(&c, officer, StepGone)
	for _, w := range d.Rules.Documents {
		d.do(&c, community, StepAttach, chosen(w.ID))
	}
	d.Refused("without money in the fund", fault.Conflict, func() error {
		_, err := d.Do(t.Context(), community, casework.At{ID: c.ID, Seq: c.Seq}, StepFile, d.input())
		return err
	}, "芝城花园没有可以使用的保修金")
	// Not enough money: the last signature is not stored.
	c = d.claimTo(Filed)
	d.do(&c, officer, StepCheck, amount(600_000))
	d.do(&c, officer, StepSend)
	d.sign(&c, chief, policy.MoveAgree, "")
	must[store.Doc[fund.Ledger]](t)(d.Fund.FreezeMoney(t.Context(), officer, "p1", fund.CourtOrder{Court: "都昌县人民法院", Document: "（2026）赣0428执12号", Fen: 1_500_000, Day: d.Today(), Paper: d.stored()}, nil))
	d.Refused("frozen", fault.Conflict, func() error {
		_, err := d.Sign(t.Context(), vice, casework.At{ID: c.ID, Seq: c.Seq}, policy.Sign{Move: policy.MoveAgree, SubjectHash: c.State.Approval.SubjectHash}, password)
		return err
	}, "可用 5,000.00 元，不够预留 6,000.00 元")
}

// TestUrgent: the work comes first, the second signature within its clock; refused, the money goes back.
func TestUrgent(t *testing.T) {
	d := newDesk(t)
	danger := func() store.Doc[Claim] {
		d.Forward("2026-09-01")
		in := d.opening()
		in.Danger = "外墙砖脱落，砸到人行道"
		return must[store.Doc[Claim]](t)(d.Open(t.Context(), committee, in))
	}
	c := danger()
	d.Refused("without the photo of the danger", fault.Invalid, func() error {
		_, err := d.Do(t.Context(), officer, casework.At{ID: c.ID, Seq: c.Seq}, StepUrgent, d.input())
		return err
	}, "险情照片")
	d.documents(&c, WhenUrgent)
	d.do(&c, officer, StepUrgent)
	if b := d.ledger().Balances; c.State.State != Approving || b.Held != 500_000 || c.State.Clock.Due != day("2026-09-04") {
		t.Errorf("urgent: %s until %s, %+v", c.State.State, c.State.Clock.Due, b)
	}
	d.sign(&c, vice, policy.MoveAgree, "")
	if c.State.State != Repairing || d.ledger().Balances.Held != 500_000 {
		t.Errorf("signed afterwards: %s", c.State.State)
	}
	d.Refused("shown without the documents that could wait", fault.Invalid, func() error {
		_, err := d.Do(t.Context(), committee, casework.At{ID: c.ID, Seq: c.Seq}, StepAccount, d.input())
		return err
	}, "还缺“预算书”", "还缺“决算单”")
	d.do(&c, committee, StepWithdraw)
	c = danger()
	d.documents(&c, WhenUrgent)
	d.do(&c, officer, StepUrgent)
	d.sign(&c, vice, policy.MoveRefuse, "不属于险情")
	if c.State.State != Refused || d.ledger().Balances.Held != 0 {
		t.Errorf("refused afterwards: %s, %+v", c.State.State, d.ledger().Balances)
	}
	d.settled()
}

// TestAtOnce: two sign at the same moment, two pay at the same moment, one request comes twice: everything happens once.
func TestAtOnce(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	c := d.claimTo(Approving)
	d.sign(&c, chief, policy.MoveAgree, "")
	once := func(n int, f func(i int) error) int {
		errs := make([]error, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() { errs[i] = f(i) })
		}
		wg.Wait()
		good := 0
		for _, err := range errs {
			if err == nil {
				good++
			} else if !fault.Is(err, fault.Conflict) {
				t.Errorf("%v", err)
			}
		}
		return good
	}
	at, hash := casework.At{ID: c.ID, Seq: c.Seq}, c.State.Approval.SubjectHash
	signers, moves := []policy.Actor{vice, director}, []policy.ApprovalMove{policy.MoveAgree, policy.MoveAgree}
	if good := once(2, func(i int) error {
		_, err := d.Sign(ctx, signers[i], at, policy.Sign{Move: moves[i], Reason: "代", SubjectHash: hash}, password)
		return err
	}); good != 1 || d.ledger().Balances.Held != 500_000 {
		t.Errorf("%d signatures, %+v", good, d.ledger().Balances)
	}
	c = must[store.Doc[Claim]](t)(d.One(ctx, officer, c.ID))
	d.documents(&c, WhenAccount)
	d.do(&c, committee, StepAccount, amount(450_000))
	d.do(&c, officer, StepReview)
	d.Forward("2026-10-20")
	at.Seq = c.Seq
	at.Idem = &store.Idem{Key: "pay", Body: []byte("450000")}
	inputs := []casework.Input{d.input(), d.input(), d.input()}
	if good := once(3, func(i int) error { _, err := d.Do(ctx, cashier, at, StepPay, inputs[i]); return err }); good < 1 || d.ledger().Balances.Bank != 1_550_000 {
		t.Errorf("%d answers, %+v", good, d.ledger().Balances)
	}
	if again := must[store.Doc[Claim]](t)(d.Do(ctx, cashier, at, StepPay, d.input())); again.State.State != Paid || d.ledger().Balances.Bank != 1_550_000 {
		t.Errorf("the same request again: %s, %+v", again.State.State, d.ledger().Balances)
	}
	// One agrees, the other refuses: whoever was quicker, nothing stays held for a claim that ended, and nothing is missing for one that goes on.
	moves[1] = policy.MoveRefuse
	for range 8 {
		c = d.claimTo(Approving)
		d.sign(&c, chief, policy.MoveAgree, "")
		at, hash = casework.At{ID: c.ID, Seq: c.Seq}, c.State.Approval.SubjectHash
		if good := once(2, func(i int) error {
			_, err := d.Sign(ctx, signers[i], at, policy.Sign{Move: moves[i], Reason: "代", SubjectHash: hash}, password)
			return err
		}); good != 1 {
			t.Errorf("%d decisions", good)
		}
		d.settled()
		if c = must[store.Doc[Claim]](t)(d.One(ctx, officer, c.ID)); c.State.State == Repairing {
			d.do(&c, committee, StepWithdraw, func(in *casework.Input) { in.Text = "业主自己修好了" })
			d.settled()
		}
	}
}

// TestStrayHold: what a stop, or somebody slower, left held for a claim that has ended goes back with the next try of anybody.
func TestStrayHold(t *testing.T) {
	d := newDesk(t)
	c := d.claimTo(Approving)
	hash := c.State.Approval.SubjectHash
	d.sign(&c, chief, policy.MoveRefuse, "预算没有单价")
	if _, err := d.Fund.HoldMoney(t.Context(), fund.Order{By: chief, Action: policy.SignApproval, Project: "p1", For: c.ID, Fen: 500_000, Text: "维修预留"}); err != nil || d.ledger().Balances.Held != 500_000 {
		t.Fatal(err, d.ledger().Balances)
	}
	if _, err := d.Sign(t.Context(), vice, casework.At{ID: c.ID, Seq: c.Seq}, policy.Sign{Move: policy.MoveAgree, SubjectHash: hash}, password); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	d.settled()
}

func TestRuleMistakes(t *testing.T) {
	_, err := ParseRules("fund.yaml", []byte("parts:\n  - {id: Roof, title: 屋面, rule: no.rule}\n  - {id: a, title: 甲}\n  - {id: b, title: 乙, season: {begins: \"13-01\", ends: \"03-15\", n: 2}}\ndocuments:\n  - {id: x, title: 甲, when: later}\nrefund: {n: 900}\n"), func(string) bool { return false })
	text := fault.MessageOf(err)
	for _, f := range fault.FieldsOf(err) {
		text += f.Name + " " + f.Message + "\n"
	}
	for _, want := range []string{"代码“Roof”", "期限表里没有 no.rule", "要写 rule 或者 season", "要写成 {begins", "“later”不对", "要在 0 到 365 天之间"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q does not say %q", text, want)
		}
	}
}
