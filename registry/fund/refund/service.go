package refund

import (
	"context"
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/fund"
)

// Claims knows what is being repaired from the fund; claim.Service does.
type Claims interface {
	// Running counts the claims of a project from which a repair may still come.
	Running(ctx context.Context, project string) (int, error)
}

// Estate says where a project lies; registry.Register answers.
type Estate interface {
	// Place returns NotFound if there is no such project.
	Place(ctx context.Context, project string, on calendar.Date) (registry.Place, error)
}

// Config is what the refunds need; everything but Ahead is required.
type Config struct {
	fund.Desk
	// Estate and Claims: see there.
	Estate Estate
	Claims Claims
	// Ahead is how many days before the end of a period its refund may begin.
	Ahead int
}

// Service runs refunds. Every call names the actor; a refused call writes nothing. It is safe for concurrent use.
type Service struct {
	Config
	*fund.Cases[Refund]
}

const (
	refundKind  = "fund-refund"
	chainRefund = "fund-refund"
	// The periods of deadlines.yaml.
	ruleJoint   = "fund.refund_joint"
	ruleShown   = "fund.refund_shown"
	ruleDispute = "fund.refund_dispute"
	ruleRefund  = "fund.refund"
	// The bounds of a refund's texts in characters, and of its objections.
	maxWords      = 200
	maxPlace      = 60
	maxObjections = 30
)

// New opens the refunds on a store.
func New(ctx context.Context, c Config) (*Service, error) {
	cases, err := fund.NewCases(ctx, c.Desk, refundKind, "这件退还", policy.ReadRefund, func(r *Refund) string { return r.Project },
		func(r *Refund) ([]string, calendar.Date) { return r.Keys, r.Opened }, func(r *Refund) (calendar.Date, bool) { return r.DueNow() })
	return &Service{Config: c, Cases: cases}, err
}

// Open begins the refund of an amount. Returns Forbidden without HandleRefund, NotFound outside the scope or for an unknown amount, Conflict before its time, for
// an amount without an end or one that was paid back, or if one runs for it.
func (s *Service) Open(ctx context.Context, by policy.Actor, project, due string, idem *store.Idem) (store.Doc[Refund], error) {
	const op = "refund.Open"
	return s.Begin(ctx, by, policy.HandleRefund, StepOpen.Title(), idem, func(scope policy.Scope) (Refund, error) {
		place, err := s.Estate.Place(ctx, project, s.Today())
		if err != nil {
			return Refund{}, err
		}
		if err := scope.Require(op, place.DutyKeys(), s.Today()); err != nil {
			return Refund{}, err
		}
		ledger, err := s.Fund.Balance(ctx, project)
		if err != nil {
			return Refund{}, err
		}
		d, err := s.ready(ledger, due)
		if err != nil {
			return Refund{}, err
		}
		before, err := s.Of(ctx, project)
		if err != nil {
			return Refund{}, err
		}
		if slices.ContainsFunc(before, func(o store.Doc[Refund]) bool { return o.State.Due == due && !o.State.State.Final() }) {
			return Refund{}, fault.New(op, fault.Conflict, d.Phase+"已经在办退还，请在那里接着办")
		}
		r := Refund{Project: project, Name: place.Name, Place: place.TownshipName + " " + place.CommunityName, Keys: place.DutyKeys(), Opened: s.Today(), Developer: place.Developer, Due: due, Phase: d.Phase, Ends: d.Ends(),
			By: by.ID, State: Checking, Last: StepOpen}
		r.Clock, err = s.Deadlines(ruleJoint, s.Today())
		return r, err
	})
}

// ready is an amount whose refund may begin.
func (s *Service) ready(ledger fund.Ledger, due string) (fund.Due, error) {
	const op = "refund.ready"
	i := slices.IndexFunc(ledger.Dues, func(d fund.Due) bool { return d.ID == due && !d.Cancelled && d.Claim == "" })
	if i < 0 {
		return fund.Due{}, fault.New(op, fault.NotFound, "没有找到这笔保修金")
	}
	d := ledger.Dues[i]
	switch {
	case d.Refunded != 0:
		return d, fault.New(op, fault.Conflict, d.Phase+"的保修金已经退还")
	case d.Begun.IsZero():
		return d, fault.New(op, fault.Conflict, d.Phase+"的存储期起算日还没有登记，算不出什么时候届满")
	case s.Today().Compare(d.Ends().Add(-s.Ahead)) < 0:
		return d, fault.New(op, fault.Conflict, fmt.Sprintf("%s的存储期到%s届满，届满前 %d 日（%s）起才能办理退还", d.Phase, d.Ends().Chinese(), s.Ahead, d.Ends().Add(-s.Ahead).Chinese()))
	}
	return d, nil
}

// Ready are the amounts of a ledger whose refund may begin and that no refund runs for.
func (s *Service) Ready(ctx context.Context, project string, ledger fund.Ledger) ([]fund.Due, error) {
	running, err := s.Of(ctx, project)
	var out []fund.Due
	for _, d := range ledger.Dues {
		if _, why := s.ready(ledger, d.ID); why == nil && !slices.ContainsFunc(running, func(o store.Doc[Refund]) bool { return o.State.Due == d.ID && !o.State.State.Final() }) {
			out = append(out, d)
		}
	}
	return out, err
}

// Do carries a step out with what its form said. Returns Forbidden without the right of the step or for who must not do it, NotFound outside the scope, Invalid
// for refused fields (day, number, text, choice, paper), Conflict for a step that the state does not know, before a clock has run, while objections, claims or courts stand
// in its way, or if somebody was quicker. Signatures are Sign's, beginning is Open's.
func (s *Service) Do(ctx context.Context, by policy.Actor, at fund.At, do Step, in fund.Input) (store.Doc[Refund], error) {
	if do.Action() == policy.SignApproval || do == StepOpen {
		return store.Doc[Refund]{}, fault.New("refund.Do", fault.Conflict, "签署要在审批里办理")
	}
	return s.Change(ctx, by, do.Action(), at, do.Title(), func(r *Refund) error {
		next, err := r.State.next(do)
		if err != nil {
			return err
		}
		if err := s.step(ctx, by, at, r, do, in); err != nil {
			return err
		}
		if next.Final() {
			r.Clock = calendar.Deadline{}
		}
		r.State, r.Last = next, do
		return nil
	})
}

// step does what a step means.
func (s *Service) step(ctx context.Context, by policy.Actor, at fund.At, r *Refund, do Step, in fund.Input) error {
	switch do {
	case StepCheck:
		return s.check(by, r, in)
	case StepGone:
		return s.gone(ctx, by, r, in)
	case StepShow:
		return s.show(ctx, by, r, in)
	case StepObject:
		return s.object(by, r, in)
	case StepSettle, StepSue, StepDrop:
		return s.settle(by, r, do, in)
	case StepSend:
		return s.send(ctx, by, at, r)
	case StepPay:
		return s.pay(ctx, by, at, r, in)
	case StepBounce:
		return s.bounce(ctx, by, at, r, in)
	case StepExtend, StepResume, StepStop:
		f := s.Check()
		f.Text("text", "理由", &in.Text, 4, maxWords)
		if err := f.Err(); err != nil {
			return err
		}
		r.Reason, r.Clock = in.Text, calendar.Deadline{}
		if do != StepResume {
			return nil
		}
		// What was found and shown before counts no more; objections stay as they were settled.
		r.Checks, r.Shown, r.Fen, r.Lines, r.Approval = nil, nil, 0, nil, nil
		var err error
		r.Clock, err = s.Deadlines(ruleJoint, s.Today())
		return err
	}
	return fault.New("refund.step", fault.Internal, "没有这一步："+string(do))
}

// check keeps what a side found. Fields choice (clean or defect), text.
func (s *Service) check(by policy.Actor, r *Refund, in fund.Input) error {
	side := SideOf(by)
	if side == "" {
		return &fault.Error{Op: "refund.check", Kind: fault.Forbidden, Message: "联合查验由业主、物业企业、社区和住建局参加", Rule: "保修金退还：联合查验"}
	}
	f := s.Check()
	if in.Choice != "clean" && in.Choice != "defect" {
		f.Fail("choice", "请选择查验结果")
	}
	f.Text("text", "查验情况", &in.Text, 4, maxWords)
	r.Checks = append(slices.DeleteFunc(slices.Clone(r.Checks), func(c Check) bool { return c.Side == side }), Check{Side: side, Clean: in.Choice == "clean", Text: in.Text, By: by.ID, Day: s.Today()})
	return f.Err()
}

// gone records the paper that says that the developer is gone. Fields number, day, text, paper.
func (s *Service) gone(ctx context.Context, by policy.Actor, r *Refund, in fund.Input) error {
	if r.Gone != nil {
		return fault.New("refund.gone", fault.Conflict, "已经登记过："+r.Gone.Text)
	}
	f := s.Check()
	f.Text("text", "情况", &in.Text, 2, maxPlace)
	f.Text("number", "文书编号", &in.Number, 2, 40)
	f.Past("day", "文书日期", in.Day, calendar.Date{})
	if err := f.Err(); err != nil {
		return err
	}
	paper, err := s.Keep(ctx, by, policy.HandleRefund, in.Upload, "请上传歇业、注销或者破产的文书")
	r.Gone = &fund.Paper{Number: in.Number, Day: in.Day, Text: in.Text, File: &paper, By: by.ID}
	return err
}

// show gives the owners notice, once all sides found nothing open. Fields day, text (where it hangs), paper (a photo of it).
func (s *Service) show(ctx context.Context, by policy.Actor, r *Refund, in fund.Input) error {
	const op = "refund.show"
	for _, side := range Sides() {
		c, ok := r.CheckOf(side)
		switch {
		case !ok:
			return fault.New(op, fault.Conflict, side.Title()+"还没有登记联合查验结果，不能公示")
		case !c.Clean:
			return fault.New(op, fault.Conflict, side.Title()+"查出还有缺陷："+c.Text+"；请延长存储，修复以后重新查验")
		}
	}
	if err := s.free(ctx, r); err != nil {
		return err
	}
	f := s.Check()
	f.Past("day", "公示第一天", in.Day, r.Opened)
	f.Text("text", "公示地点", &in.Text, 2, maxPlace)
	if err := f.Err(); err != nil {
		return err
	}
	photo, err := s.Keep(ctx, by, policy.HandleRefund, in.Upload, "请上传看得出地点的公示照片")
	if err != nil {
		return err
	}
	r.Reason, r.Shown = "", &fund.Paper{Day: in.Day, Text: in.Text, File: &photo, By: by.ID}
	r.Clock, err = s.Deadlines(ruleShown, in.Day)
	return err
}

// free refuses while a claim runs.
func (s *Service) free(ctx context.Context, r *Refund) error {
	n, err := s.Claims.Running(ctx, r.Project)
	if err == nil && n > 0 {
		err = fault.New("refund.free", fault.Conflict, fmt.Sprintf("%s有 %d 件保修金使用申请正在办，办结以前不能退还；请延长存储", r.Name, n))
	}
	return err
}

// object takes an objection, with its own clock. Field text.
func (s *Service) object(by policy.Actor, r *Refund, in fund.Input) error {
	if r.Clock.Late(s.Now()) {
		return fault.New("refund.object", fault.Conflict, "公示到"+r.Clock.Due.Chinese()+"为止，现在不能提出异议")
	}
	f := s.Check()
	f.Text("text", "异议", &in.Text, 4, maxWords)
	if len(r.Objections) >= maxObjections {
		f.Fail("text", "异议已有 %d 条，请合并提出", maxObjections)
	}
	if err := f.Err(); err != nil {
		return err
	}
	clock, err := s.Deadlines(ruleDispute, s.Today())
	r.Objections = append(slices.Clone(r.Objections), Objection{ID: fmt.Sprintf("o%d", len(r.Objections)+1), Text: in.Text, By: by.ID, Day: s.Today(), Standing: Open, Clock: clock})
	return err
}

// settle says how an objection stands. Fields choice (its id), text.
func (s *Service) settle(by policy.Actor, r *Refund, do Step, in fund.Input) error {
	const op = "refund.settle"
	r.Objections = slices.Clone(r.Objections)
	i := slices.IndexFunc(r.Objections, func(o Objection) bool { return o.ID == in.Choice })
	if i < 0 {
		return fault.InvalidFields(op, fault.Field{Name: "choice", Message: "请选择是哪一条异议"})
	}
	o := &r.Objections[i]
	f := s.Check()
	f.Text("text", "情况", &in.Text, 4, maxWords)
	if err := f.Err(); err != nil {
		return err
	}
	switch {
	case o.Standing != Open && o.Standing != Sued:
		return fault.New(op, fault.Conflict, "这条异议已经是“"+o.Standing.Title()+"”")
	case do == StepSue && o.Standing == Sued:
		return fault.New(op, fault.Conflict, "已经登记过起诉或者仲裁")
	case do == StepDrop && o.By != by.ID:
		return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "异议由提出的人撤回", Rule: "保修金退还：异议"}
	}
	o.Standing, o.Answer = map[Step]Standing{StepSettle: Settled, StepSue: Sued, StepDrop: Dropped}[do], in.Text
	return nil
}

// inTheWay says why the money cannot be sent back yet, "" if nothing stands in its way: an objection that is open lapses with its clock, a suit does not.
func (s *Service) inTheWay(r *Refund) string {
	switch {
	case !r.Clock.Resolved():
		return "公示期满日还算不出来"
	case !r.Clock.Late(s.Now()):
		return "公示到" + r.Clock.Due.Chinese() + "才满"
	}
	for _, o := range r.Objections {
		switch {
		case o.Standing == Sued:
			return "异议“" + o.Text + "”已起诉或者仲裁，等裁判以后再办"
		case o.Standing == Open && !o.Clock.Late(s.Now()):
			return "异议“" + o.Text + "”还没有处理完，期限到" + o.Clock.Due.Chinese()
		}
	}
	return ""
}

// said is what everybody signs.
func (r *Refund) said() any {
	return []any{r.Project, r.Due, r.Ends, r.Gone, r.Checks, r.Shown, r.Objections, r.Fen, r.Lines}
}

// send computes what is paid and sends it through its approval.
func (s *Service) send(ctx context.Context, by policy.Actor, at fund.At, r *Refund) error {
	if r.State == Showing {
		if why := s.inTheWay(r); why != "" {
			return fault.New("refund.send", fault.Conflict, why+"，不能送审")
		}
	}
	if err := s.free(ctx, r); err != nil {
		return err
	}
	ledger, err := s.Fund.Balance(ctx, r.Project)
	if err != nil {
		return err
	}
	share, err := ledger.Share(r.Due)
	if err != nil {
		return err
	}
	r.Fen, r.Lines, r.Reason = share.Fen(), share.Lines, ""
	r.Approval, err = s.Desk.Open(by, chainRefund, fund.Subject(refundKind, at), r.Approval, r.said())
	return err
}

// Sign signs, returns or refuses at the actor's level, or looks at a signed paper a second time, with the password again. Returns Forbidden with the rule for
// whom it does not wait, Invalid (current, reason), Conflict if it does not wait for approval, was changed, or somebody was quicker.
func (s *Service) Sign(ctx context.Context, by policy.Actor, at fund.At, sign policy.Sign, password string) (store.Doc[Refund], error) {
	return s.sign(ctx, by, at, password, nil, func(*Refund) (policy.Sign, error) { return sign, nil })
}

// SignOnPaper records what somebody signed on paper; it counts once another person has looked at the scan. Returns as Sign, and Invalid for refused fields (paper, signer, signed_on).
func (s *Service) SignOnPaper(ctx context.Context, by policy.Actor, at fund.At, in fund.OnPaper, password string) (store.Doc[Refund], error) {
	return s.sign(ctx, by, at, password, in.Upload, func(r *Refund) (policy.Sign, error) { return s.PaperSign(ctx, in, r.Keys, r.Opened) })
}

// sign carries a signature out; a scan is kept with it.
func (s *Service) sign(ctx context.Context, by policy.Actor, at fund.At, password string, scan *files.Upload, signed func(*Refund) (policy.Sign, error)) (store.Doc[Refund], error) {
	return s.Change(ctx, by, policy.SignApproval, at, StepSign.Title(), func(r *Refund) error {
		if _, err := r.State.next(StepSign); err != nil {
			return err
		}
		sign, err := signed(r)
		if err != nil {
			return err
		}
		next, err := s.Decide(ctx, by, r.Approval, sign, r.Keys, r.Opened)
		if err != nil {
			return err
		}
		if err := s.Persons.Reauthenticate(ctx, by, password); err != nil {
			return err
		}
		if scan != nil {
			stored, err := s.Keep(ctx, by, policy.SignApproval, scan, "")
			if err != nil {
				return err
			}
			r.Scans = append(slices.Clone(r.Scans), stored)
		}
		r.Approval, r.Last = &next, StepSign
		switch next.State {
		case policy.ApprovalApproved:
			r.Last = StepApprove
			r.Clock, err = s.Deadlines(ruleRefund, r.Ends)
		case policy.ApprovalRefused:
			r.Last, r.Reason, r.Clock = StepReject, sign.Reason, calendar.Deadline{}
		case policy.ApprovalReturned:
			r.Last, r.Reason = StepReturn, sign.Reason
		}
		if err == nil {
			r.State, err = r.State.next(r.Last)
		}
		return err
	})
}

// pay pays what was approved, once the period has ended. Fields number (of the voucher), paper (the bank's slip).
func (s *Service) pay(ctx context.Context, by policy.Actor, at fund.At, r *Refund, in fund.Input) error {
	if s.Today().Compare(r.Ends) <= 0 {
		return fault.New("refund.pay", fault.Conflict, "存储期到"+r.Ends.Chinese()+"才满，现在不能退还")
	}
	if err := s.free(ctx, r); err != nil {
		return err
	}
	if err := fund.Apart(by, r.By, r.Approval); err != nil {
		return err
	}
	f := s.Check()
	f.Text("number", "支付凭证号", &in.Number, 2, 40)
	if err := f.Err(); err != nil {
		return err
	}
	ledger, err := s.Fund.Balance(ctx, r.Project)
	if err != nil {
		return err
	}
	if b := ledger.Balances; b.Court > 0 {
		return fault.New("refund.pay", fault.Conflict, "司法冻结 "+fund.Yuan(b.Court)+" 元，解除以前不能退还")
	}
	slip, err := s.Keep(ctx, by, policy.PayRefund, in.Upload, "请上传银行付款回单")
	if err != nil {
		return err
	}
	words := r.Phase + "保修金退还建设单位"
	if r.Gone != nil {
		words = r.Phase + "保修金转入小区住宅专项维修资金"
	}
	if _, err := s.Fund.Refund(ctx, r.Due, fund.Order{By: by, Action: policy.PayRefund, Project: r.Project, For: at.ID, Fen: r.Fen, Text: words, Document: in.Number, Paper: &slip, HandOn: r.Gone != nil}); err != nil {
		return err
	}
	r.Paid = &fund.Paper{Number: in.Number, Day: s.Today(), File: &slip, By: by.ID}
	return nil
}

// bounce records that the bank sent the payment back: the money is kept as before, and is to be paid again within the same clock. Fields as those of fund.Desk.Bounced.
func (s *Service) bounce(ctx context.Context, by policy.Actor, at fund.At, r *Refund, in fund.Input) error {
	paper, err := s.Bounced(ctx, by, r.Paid, len(r.Bounced), in)
	if err != nil {
		return err
	}
	if _, err := s.Fund.Bounce(ctx, fund.Order{By: by, Action: policy.ReverseFund, Project: r.Project, For: at.ID, Text: r.Phase + "保修金退还退汇：" + in.Text, Document: in.Number, Day: in.Day, Paper: paper.File}); err != nil {
		return err
	}
	r.Bounced, r.Paid = append(slices.Clone(r.Bounced), paper), nil
	r.Clock, err = s.Deadlines(ruleRefund, r.Ends)
	return err
}

// Can reports whether the actor may do a step now, as far as state and rights say; what the form must hold is told by Do.
func (s *Service) Can(ctx context.Context, by policy.Actor, r *Refund, do Step) bool {
	if _, err := r.State.next(do); err != nil {
		return false
	}
	switch do {
	case StepSign:
		return s.MaySign(ctx, by, r.Approval, r.Keys, r.Opened)
	case StepReturn, StepReject, StepApprove:
		return false
	case StepGone:
		return s.Guard.Allow(by, policy.HandleRefund) && r.Gone == nil
	case StepObject:
		return s.Guard.Allow(by, policy.ObjectRefund) && !r.Clock.Late(s.Now())
	case StepSend:
		return s.Guard.Allow(by, policy.HandleRefund) && (r.State != Showing || s.inTheWay(r) == "")
	case StepPay:
		return s.Guard.Allow(by, policy.PayRefund) && s.Today().Compare(r.Ends) > 0
	case StepCheck:
		return s.Guard.Allow(by, policy.CheckRefund) && SideOf(by) != ""
	case StepBounce:
		return s.Guard.Allow(by, policy.ReverseFund) && r.Paid.By != by.ID
	}
	return s.Guard.Allow(by, do.Action())
}

// Filter narrows a list; what is zero does not narrow.
type Filter struct {
	// Text is looked for in name, place and phase; State and Project are codes.
	Text, Project string
	State         State
}

// lets reports whether a refund passes.
func (w Filter) lets(r *Refund) bool {
	return (w.State == "" || r.State == w.State) && (w.Project == "" || r.Project == w.Project) && fund.Says(w.Text, r.Name, r.Place, r.Phase)
}

// List returns a page of refunds, the latest first, or with due what is due first. Returns Forbidden without ReadRefund.
func (s *Service) List(ctx context.Context, by policy.Actor, w Filter, due bool, after string) (store.Page[Refund], error) {
	q := store.Query{Index: fund.ByScope, Desc: true, After: after}
	if due {
		q = store.Query{Index: fund.ByWork, After: after}
	}
	return s.Page(ctx, by, q, w.lets)
}
