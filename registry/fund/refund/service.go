package refund

import (
	"context"
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
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
	*casework.Cases[Refund]
}

// Chain is the id of the way of approval of refunds in approvals.yaml.
const Chain = "fund-refund"

const (
	refundKind = "fund-refund"
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
	cases, err := casework.NewCases(ctx, c.Desk.Desk, refundKind, word, policy.ReadRefund, func(r *Refund) *casework.Case { return &r.Case.Case }, func(r *Refund) bool { return r.State.Final() })
	return &Service{Config: c, Cases: cases}, err
}

// Open begins the refund of an amount, or, with a stage from 1, of the part that its rule gives back then. Returns Forbidden without HandleRefund, NotFound outside the scope or for an unknown amount or stage,
// Conflict before its time, for an amount without an end or one that was paid back, for a stage before an earlier one, or if a refund runs for the amount.
func (s *Service) Open(ctx context.Context, by policy.Actor, project, due string, stage int64, idem *store.Idem) (store.Doc[Refund], error) {
	const op = "refund.Open"
	return s.Begin(ctx, by, policy.HandleRefund, StepOpen.Title(), idem, func(begun casework.New) (Refund, error) {
		place, err := s.Estate.Place(ctx, project, s.Today())
		if err != nil {
			return Refund{}, err
		}
		if err := begun.Scope.Require(op, place.DutyKeys(), s.Today()); err != nil {
			return Refund{}, err
		}
		ledger, err := s.Fund.Balance(ctx, project)
		if err != nil {
			return Refund{}, err
		}
		d, ends, err := s.ready(ledger, due, stage)
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
		r := Refund{Case: s.Case(by, place), Due: due, Stage: stage, Phase: d.Phase, Ends: ends, State: Checking, Last: StepOpen}
		if stage > 0 {
			r.Terms = stageTerms(d, stage)
		}
		r.Clock, err = s.Deadlines(ruleJoint, s.Today())
		return r, err
	})
}

// stageTerms is what the rule of an amount says about a stage.
func stageTerms(d fund.Due, stage int64) string {
	one := d.Stages[stage-1]
	return fmt.Sprintf("满 %d 年退还 %s%%（%s）", one.After, one.Percent, d.Document)
}

// ready is an amount whose refund may begin, whole with stage 0, and the last day before which nothing is paid.
func (s *Service) ready(ledger fund.Ledger, due string, stage int64) (fund.Due, calendar.Date, error) {
	const op = "refund.ready"
	i := slices.IndexFunc(ledger.Dues, func(d fund.Due) bool { return d.ID == due && !d.Cancelled && d.Claim == "" })
	if i < 0 {
		return fund.Due{}, calendar.Date{}, fault.New(op, fault.NotFound, "没有找到这笔保修金")
	}
	d := ledger.Dues[i]
	refuse := func(format string, args ...any) (fund.Due, calendar.Date, error) {
		return d, calendar.Date{}, fault.New(op, fault.Conflict, d.Phase+fmt.Sprintf(format, args...))
	}
	begins := func(ends calendar.Date) calendar.Date { return ends.Add(-s.Ahead) }
	early := func(ends calendar.Date) bool { return s.Today().Compare(begins(ends)) < 0 }
	switch {
	case d.Refunded != 0:
		return refuse("的保修金已经退还")
	case d.Begun.IsZero():
		return refuse("的存储期起算日还没有登记，算不出什么时候届满")
	case stage == 0 && early(d.Ends()):
		return refuse("的存储期到%s届满，届满前 %d 日（%s）起才能办理退还", d.Ends().Chinese(), s.Ahead, begins(d.Ends()).Chinese())
	case stage == 0:
		return d, d.Ends(), nil
	case !early(d.Ends()):
		return refuse("的存储期到%s届满，余下的一并办理到期退还，不再分期", d.Ends().Chinese())
	}
	ends := d.StageEnds(stage)
	switch next := d.NextStage(); {
	case ends.IsZero():
		return d, ends, fault.New(op, fault.NotFound, "没有找到这一次分期退还")
	case next == 0 || stage < next:
		return refuse("的第 %d 次分期退还已经退过", stage)
	case stage > next:
		return refuse("的第 %d 次分期退还还没有办，要先办它", next)
	case early(ends):
		return refuse("的第 %d 次分期退还到%s才满年限，届满前 %d 日（%s）起才能办理", stage, ends.Chinese(), s.Ahead, begins(ends).Chinese())
	}
	return d, ends, nil
}

// Offer is a refund that may begin.
type Offer struct {
	// Due is the amount, Stage the stage from 1, 0 for all of it; Ends the last day before which nothing is paid.
	Due   fund.Due
	Stage int64
	Ends  calendar.Date
}

// Terms is what the rule says about the stage, "" for a whole refund.
func (o Offer) Terms() string {
	if o.Stage == 0 {
		return ""
	}
	return stageTerms(o.Due, o.Stage)
}

// Ready are the refunds of a ledger that may begin: of amounts for which none runs.
func (s *Service) Ready(ctx context.Context, project string, ledger fund.Ledger) ([]Offer, error) {
	running, err := s.Of(ctx, project)
	var out []Offer
	for _, d := range ledger.Dues {
		if slices.ContainsFunc(running, func(o store.Doc[Refund]) bool { return o.State.Due == d.ID && !o.State.State.Final() }) {
			continue
		}
		for _, stage := range []int64{0, d.NextStage()} {
			if found, ends, why := s.ready(ledger, d.ID, stage); why == nil {
				out = append(out, Offer{found, stage, ends})
				break
			}
		}
	}
	return out, err
}

// Do carries a step out with what its form said. Returns Forbidden without the right of the step or for who must not do it, NotFound outside the scope, Invalid
// for refused fields (day, number, text, choice, paper), Conflict for a step that the state does not know, before a clock has run, while objections, claims or courts stand
// in its way, or if somebody was quicker. Signatures are Sign's, beginning is Open's.
func (s *Service) Do(ctx context.Context, by policy.Actor, at casework.At, do Step, in casework.Input) (store.Doc[Refund], error) {
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
func (s *Service) step(ctx context.Context, by policy.Actor, at casework.At, r *Refund, do Step, in casework.Input) error {
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
func (s *Service) check(by policy.Actor, r *Refund, in casework.Input) error {
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
func (s *Service) gone(ctx context.Context, by policy.Actor, r *Refund, in casework.Input) error {
	if r.Stage > 0 {
		return fault.New("refund.gone", fault.Conflict, "建设单位已不存在的，钱留到存储期届满一并转入维修资金，这次分期退还请终止办理")
	}
	return s.RecordGone(ctx, by, policy.HandleRefund, &r.Case, in)
}

// show gives the owners notice, once all sides found nothing open. Fields day, text (where it hangs), paper (a photo of it).
func (s *Service) show(ctx context.Context, by policy.Actor, r *Refund, in casework.Input) error {
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
	r.Reason, r.Shown = "", &casework.Paper{Day: in.Day, Text: in.Text, File: &photo, By: by.ID}
	r.Clock, err = s.Deadlines(ruleShown, in.Day)
	r.Shown.Until = r.Clock.Due
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
func (s *Service) object(by policy.Actor, r *Refund, in casework.Input) error {
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
func (s *Service) settle(by policy.Actor, r *Refund, do Step, in casework.Input) error {
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
	return []any{r.Project, r.Due, r.Stage, r.Terms, r.Ends, r.Gone, r.Checks, r.Shown, r.Objections, r.Fen, r.Lines}
}

// send computes what is paid and sends it through its approval.
func (s *Service) send(ctx context.Context, by policy.Actor, at casework.At, r *Refund) error {
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
	share, err := ledger.Share(r.Due, r.Stage)
	if err != nil {
		return err
	}
	r.Fen, r.Lines, r.Reason, r.Clock = share.Fen(), share.Lines, "", calendar.Deadline{}
	r.Approval, err = s.Approvals().Open(by, Chain, casework.Subject(refundKind, at), r.Approval, r.said())
	return err
}

// Sign signs, returns or refuses at the actor's level, or looks at a signed paper a second time, with the password again. Returns Forbidden with the rule for
// whom it does not wait, Invalid (current, reason), Conflict if it does not wait for approval, was changed, or somebody was quicker.
func (s *Service) Sign(ctx context.Context, by policy.Actor, at casework.At, sign policy.Sign, password string) (store.Doc[Refund], error) {
	return s.sign(ctx, by, at, casework.Signature{Sign: sign, Password: password})
}

// SignOnPaper records what somebody signed on paper; it counts once another person has looked at the scan. Returns as Sign, and Invalid for refused fields (paper, signer, signed_on).
func (s *Service) SignOnPaper(ctx context.Context, by policy.Actor, at casework.At, in policy.OnPaper, password string) (store.Doc[Refund], error) {
	return s.sign(ctx, by, at, casework.Signature{Paper: &in, Password: password})
}

// sign carries a signature out.
func (s *Service) sign(ctx context.Context, by policy.Actor, at casework.At, in casework.Signature) (store.Doc[Refund], error) {
	on := func(r *Refund) (*policy.Approval, error) { _, err := r.State.next(StepSign); return r.Approval, err }
	return s.Cases.Sign(ctx, by, at, StepSign.Title(), in, on, func(r *Refund, next policy.Approval) (err error) {
		r.Last, r.Approval = StepSign, &next
		switch next.State {
		case policy.ApprovalApproved:
			r.Last = StepApprove
			r.Clock, err = s.Deadlines(ruleRefund, r.Ends)
		case policy.ApprovalRefused:
			r.Last = StepReject
		case policy.ApprovalReturned:
			r.Last = StepReturn
		}
		if err == nil {
			r.State, err = r.State.next(r.Last)
		}
		return err
	})
}

// pay pays what was approved, once the period has ended. Fields number (of the voucher), paper (the bank's slip).
func (s *Service) pay(ctx context.Context, by policy.Actor, at casework.At, r *Refund, in casework.Input) error {
	if s.Today().Compare(r.Ends) <= 0 {
		return fault.New("refund.pay", fault.Conflict, r.Term()+"到"+r.Ends.Chinese()+"才满，现在不能退还")
	}
	if err := s.free(ctx, r); err != nil {
		return err
	}
	ledger, err := s.Fund.Balance(ctx, r.Project)
	if err != nil {
		return err
	}
	if b := ledger.Balances; b.Court > 0 {
		return fault.New("refund.pay", fault.Conflict, "司法冻结 "+fund.Yuan(b.Court)+" 元，解除以前不能退还")
	}
	bureau, _ := r.CheckOf(SideBureau)
	slip, err := s.PaySlip(ctx, by, policy.PayRefund, &r.Case, in, r.Shown, &casework.Paper{By: bureau.By})
	if err != nil {
		return err
	}
	words := r.What() + "建设单位"
	if r.Gone != nil {
		words = r.Phase + "保修金转入小区住宅专项维修资金"
	}
	if _, err := s.Fund.Refund(ctx, r.Due, fund.Order{By: by, Action: policy.PayRefund, Project: r.Project, For: at.ID, Fen: r.Fen, Text: words, Document: slip.Number, Paper: slip.File, HandOn: r.Gone != nil, Stage: r.Stage}); err != nil {
		return err
	}
	r.Paid = &slip
	return nil
}

// bounce records that the bank sent the payment back: the money is kept as before, and is to be paid again within the same clock. Fields as those of fund.Desk.Bounced.
func (s *Service) bounce(ctx context.Context, by policy.Actor, at casework.At, r *Refund, in casework.Input) (err error) {
	if err = s.Bounced(ctx, by, at.ID, &r.Case, r.What(), in); err == nil {
		r.Clock, err = s.Deadlines(ruleRefund, r.Ends)
	}
	return err
}

// Can reports whether the actor may do a step now, as far as state and rights say; what the form must hold is told by Do.
func (s *Service) Can(ctx context.Context, by policy.Actor, r *Refund, do Step) bool {
	if _, err := r.State.next(do); err != nil {
		return false
	}
	switch do {
	case StepSign:
		return s.Approvals().MaySign(ctx, by, r.Approval, r.Keys, r.Opened)
	case StepReturn, StepReject, StepApprove:
		return false
	case StepGone:
		return s.Guard.Allow(by, policy.HandleRefund) && r.Gone == nil && r.Stage == 0
	case StepShow:
		clean, _ := r.Found()
		return s.Guard.Allow(by, policy.HandleRefund) && clean
	case StepObject:
		return s.Guard.Allow(by, policy.ObjectRefund) && !r.Clock.Late(s.Now())
	case StepSettle, StepSue, StepDrop:
		return s.Guard.Allow(by, do.Action()) && len(r.Unsettled()) > 0
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

// List returns a page of refunds, the latest first, or with due what is due first; the text of a filter is looked for in name, place and phase. Returns Forbidden without ReadRefund.
func (s *Service) List(ctx context.Context, by policy.Actor, w casework.Filter, due bool, after string) (store.Page[Refund], error) {
	return s.Page(ctx, by, casework.ListQuery(due, after), func(r *Refund) bool {
		return w.Lets(&r.Case.Case, string(r.State), r.Name, r.Place, r.Phase)
	})
}
