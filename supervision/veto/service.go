package veto

import (
	"context"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// Config is what the cases need; everything is required.
type Config struct {
	casework.Desk
	// Places tells who held a project on a day, Terms what a veto can rest on.
	Places supervision.Places
	Terms  *Terms
}

// Service runs cases. Every call names the actor; a refused call writes nothing. It is safe for concurrent use.
type Service struct {
	Config
	*casework.Cases[Veto]
}

// Chain is the id of the way of approval of the joint review in approvals.yaml; an early end takes the same.
const Chain = "veto"

// The firm's periods of deadlines.yaml: to plead after the notice, and to object to the decision.
const (
	RuleHearing   = "rating.veto_hearing"
	RuleObjection = "rating.veto_objection"
)

const (
	caseKind = "veto"
	// documentClaim holds a document of a project for one case, numberClaim the number of a paper.
	documentClaim = "veto-document"
	numberClaim   = "veto-number"
	// ruleAnswer is the period of an answer in deadlines.yaml.
	ruleAnswer = "rating.veto_answer"
	// The bounds of texts in characters, and of what a case holds.
	maxWords  = 500
	maxNumber = 40
	maxPapers = 20
)

// New opens the cases on a store.
func New(ctx context.Context, c Config) (*Service, error) {
	cases, err := casework.NewCases(ctx, c.Desk, caseKind, word, policy.ReadVeto, func(v *Veto) *casework.Case { return &v.Case }, func(v *Veto) bool { return v.State.Final() || v.State == InForce })
	if err != nil {
		return nil, err
	}
	s := &Service{Config: c, Cases: cases}
	s.Shows = s.shows
	return s, nil
}

// shows tells which cases inside the scope exist for an actor: a firm knows of one once it was given notice.
func (s *Service) shows(_ context.Context, by policy.Actor) (func(*Veto) bool, error) {
	inside := s.Guard.Allow(by, policy.HandleVeto) || s.Guard.Allow(by, policy.HearVeto) || s.Guard.Allow(by, policy.AnswerVeto) || !s.Guard.Allow(by, policy.PleadVeto)
	return func(v *Veto) bool { return inside || v.Notice != nil }, nil
}

// Opening is what a new case says.
type Opening struct {
	// Project is an id, Ground and Source are codes of vetoes.yaml.
	Project, Ground, Source string
	// Number is that of the document, Issuer who made it, Text what it found; Effective is the day on which it took effect.
	Number, Issuer, Text string
	Effective            calendar.Date
}

// Open begins a case about the firm that held the project on the day on which its document took effect. Returns Forbidden without HandleVeto, NotFound outside the scope, Invalid for refused fields (project, ground, source, number, issuer,
// effective, text), Conflict if there is a case of this project on the document.
func (s *Service) Open(ctx context.Context, by policy.Actor, in Opening, idem *store.Idem) (store.Doc[Veto], error) {
	const op = "veto.Open"
	return s.Begin(ctx, by, policy.HandleVeto, StepDraft.Title(), idem, func(begun casework.New) (Veto, error) {
		f := s.Check()
		why, known := s.Terms.ground(in.Ground)
		if !known {
			f.Fail("ground", "请选择理由")
		}
		source := registry.TextOf(s.Terms.Documents(), in.Source)
		switch {
		case source == "" || source == in.Source:
			f.Fail("source", "请选择生效文书的种类")
		case known && !slices.Contains(why.Documents, in.Source):
			f.Fail("source", "“%s”不能只凭%s认定", why.Title, source)
		}
		f.Text("number", "文号", &in.Number, 2, maxNumber)
		f.Text("issuer", "作出单位", &in.Issuer, 2, maxNumber)
		f.Text("text", "认定的事实", &in.Text, 4, maxWords)
		f.Past("effective", "生效日期", in.Effective, calendar.Date{})
		if w := s.Terms.without(in.Number, in.Issuer); w != "" {
			f.Fail("number", "写有“%s”的不是生效文书，不能凭它认定", w)
		}
		if err := f.Err(); err != nil {
			return Veto{}, err
		}
		place, err := s.Places.Place(ctx, in.Project, in.Effective)
		if err != nil {
			return Veto{}, err
		}
		if err := begun.Scope.Require(op, place.Keys(), in.Effective); err != nil {
			return Veto{}, err
		}
		if place.Firm == "" {
			return Veto{}, fault.InvalidFields(op, fault.Field{Name: "effective", Message: place.Name + "在" + in.Effective.Chinese() + "没有物业企业服务"})
		}
		err = s.DB.Claim(ctx, begun.Meta, documentClaim, in.Project+"/"+in.Number, caseKind+"/"+begun.ID)
		if fault.Is(err, fault.Conflict) {
			return Veto{}, fault.Wrap(op, fault.Conflict, place.Name+"已经凭这份文书立过案，请在一票否决列表里办理", err)
		}
		return Veto{Case: casework.Case{Project: in.Project, Name: place.Name, Place: place.CommunityName, Keys: place.Keys(), Opened: in.Effective, By: by.ID}, Firm: place.Firm, FirmName: place.FirmName, Drafted: s.Today(),
			Ground: why.ID, GroundTitle: why.Title, Months: why.Months, Source: in.Source, SourceTitle: source, Issuer: in.Issuer, Document: casework.Paper{Number: in.Number, Day: in.Effective, Text: in.Text, By: by.ID}, State: Draft, Last: StepDraft}, err
	})
}

// Do carries a step out with what its form said. Returns Forbidden without the right of the step or for who must not do it, NotFound outside the scope, Invalid for refused fields (day, number, text, choice,
// paper), Conflict for a step that the state does not know, that comes too early or too late, or if somebody was quicker. Signatures are Sign's, beginning is Open's.
func (s *Service) Do(ctx context.Context, by policy.Actor, at casework.At, do Step, in casework.Input) (store.Doc[Veto], error) {
	if do.Action() == policy.SignApproval || slices.Contains([]Step{StepDraft, StepUphold, StepDismiss}, do) {
		return store.Doc[Veto]{}, fault.New("veto.Do", fault.Conflict, "这一步不能直接办理")
	}
	doc, err := s.Change(ctx, by, do.Action(), at, do.Title(), func(v *Veto) error {
		if _, err := v.next(do, s.Today()); err != nil {
			return err
		}
		if err := s.waits(by, v, do); err != nil {
			return err
		}
		v.Last = do
		if err := s.step(ctx, by, at, v, do, in); err != nil {
			return err
		}
		next, err := v.next(v.Last, s.Today())
		if err != nil {
			return err
		}
		if v.State = next; next.Final() {
			v.Clock = calendar.Deadline{}
		}
		return nil
	})
	if err == nil && doc.State.State == Withdrawn {
		err = s.DB.Release(ctx, store.Meta{By: by.ID, Action: string(do.Action()), Why: do.Title()}, documentClaim, doc.State.Project+"/"+doc.State.Document.Number, caseKind+"/"+doc.ID)
	}
	return doc, err
}

// waits says why a step cannot be taken yet, or by this actor, or any more; nil if it can.
func (s *Service) waits(by policy.Actor, v *Veto, do Step) error {
	const op = "veto.waits"
	now := s.Now()
	switch do {
	case StepServe:
		if v.Document.File == nil {
			return fault.New(op, fault.Conflict, "还没有上传生效文书的扫描件")
		}
	case StepPlead, StepObject:
		what := map[Step]string{StepPlead: "陈述申辩", StepObject: "提出异议"}[do]
		switch {
		case do == StepObject && v.Objection != nil:
			return fault.New(op, fault.Conflict, "已经提出过异议，不能再提")
		case v.Clock.Late(now):
			return fault.New(op, fault.Conflict, what+"的期限到"+v.Clock.Due.Chinese()+"为止，已经过了")
		}
	case StepHear:
		if v.By == by.ID || v.Notice != nil && v.Notice.By == by.ID {
			return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "这一件由你立案、告知，听取陈述申辩必须由另一人完成", Rule: "一票否决认定：立案的人不听取，立案和听取的人不决定"}
		}
	case StepSend:
		switch {
		case v.State == Hearing && !v.Clock.Resolved():
			return fault.New(op, fault.Conflict, "陈述申辩期限那一年的放假安排还没有装载，现在不能提交联审")
		case v.State == Hearing && !v.Clock.Late(now):
			return fault.New(op, fault.Conflict, "企业陈述申辩的期限到"+v.Clock.Due.Chinese()+"才满，现在不能提交联审")
		case v.Unheard():
			return fault.New(op, fault.Conflict, "企业陈述申辩了，还没有登记听取的笔录")
		}
	case StepIssue:
		digest, err := policy.Digest(v.says())
		if err != nil {
			return err
		}
		if v.Approval == nil || digest != v.Approval.SubjectHash {
			return fault.New(op, fault.Conflict, "内容和联审签署的不一样，不能送达")
		}
	case StepAnswer:
		if v.took()[by.ID] {
			return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "你参与了这一件的认定，异议必须由没有参与的人答复", Rule: "一票否决认定：参与认定的人不答复异议"}
		}
	case StepEase:
		if v.Clock.Rule != "" && !v.Clock.Late(now) {
			return fault.New(op, fault.Conflict, "企业提出异议的期限到"+v.Clock.Due.Chinese()+"才满，异议成立的直接撤销，现在不能提请解除")
		}
	}
	return nil
}

// step does what a step means; it may say that another step was taken in its place.
func (s *Service) step(ctx context.Context, by policy.Actor, at casework.At, v *Veto, do Step, in casework.Input) (err error) {
	switch do {
	case StepScan:
		file, err := s.Keep(ctx, by, do.Action(), in.Upload, "请上传生效文书的扫描件（PDF 或照片）")
		if err == nil {
			v.Document.File = &file
		}
		return err
	case StepServe:
		v.Notice, err = s.served(ctx, by, at, v, do, in, v.Drafted)
		if err == nil {
			v.Clock, err = s.Deadlines(RuleHearing, in.Day)
		}
		return err
	case StepPlead:
		return s.said(ctx, by, do, in, "陈述申辩", &v.Pleas)
	case StepHear:
		if in.Choice != "adopt" && in.Choice != "reject" {
			return fault.InvalidFields("veto.step", fault.Field{Name: "choice", Message: "请选择是否采纳"})
		}
		if in.Upload == nil {
			return fault.InvalidFields("veto.step", fault.Field{Name: "paper", Message: "请上传听取陈述申辩的笔录"})
		}
		in.Text = map[string]string{"adopt": "建议采纳：", "reject": "建议不采纳："}[in.Choice] + in.Text
		v.Heard = int64(len(v.Pleas))
		return s.said(ctx, by, do, in, "听取情况", &v.Hearings)
	case StepSend:
		return s.send(ctx, by, at, v, in)
	case StepIssue:
		if v.Decision, err = s.served(ctx, by, at, v, do, in, v.Minutes.Day); err != nil {
			return err
		}
		v.From, v.Until = in.Day, in.Day.AddMonths(int(v.Months)).Add(-1)
		v.Clock, err = s.Deadlines(RuleObjection, in.Day)
		return err
	case StepObject:
		var all []casework.Paper
		if err := s.said(ctx, by, do, in, "异议", &all); err != nil {
			return err
		}
		v.Objection = &all[0]
		v.Clock, err = s.Deadlines(ruleAnswer, s.Today())
		return err
	case StepAnswer:
		return s.answer(ctx, by, v, in)
	case StepEase:
		return s.ease(ctx, by, at, v, in)
	case StepWithdraw:
		f := s.Check()
		f.Text("text", "理由", &in.Text, 4, maxWords)
		v.Reason = in.Text
		return f.Err()
	}
	return fault.New("veto.step", fault.Internal, "没有这一步："+string(do))
}

// served is the delivery of a paper to the firm. Fields number, day, text (how), paper (the receipt).
func (s *Service) served(ctx context.Context, by policy.Actor, at casework.At, v *Veto, do Step, in casework.Input, after calendar.Date) (*casework.Paper, error) {
	f := s.Check()
	f.Text("number", "文号", &in.Number, 2, maxNumber)
	f.Past("day", "送达日期", in.Day, after)
	f.Text("text", "送达方式", &in.Text, 2, maxNumber)
	switch holder, err := s.DB.Claimed(ctx, numberClaim, in.Number); {
	case err != nil && !fault.Is(err, fault.NotFound):
		return nil, err
	case err == nil && (holder != caseKind+"/"+at.ID || v.Notice != nil && v.Notice.Number == in.Number):
		f.Fail("number", "文号“%s”已经用过", in.Number)
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	file, err := s.Keep(ctx, by, do.Action(), in.Upload, "请上传送达回证或者签收照片")
	if err != nil {
		return nil, err
	}
	err = s.DB.Claim(ctx, store.Meta{By: by.ID, Action: string(do.Action()), Why: do.Title()}, numberClaim, in.Number, caseKind+"/"+at.ID)
	return &casework.Paper{Number: in.Number, Day: in.Day, Text: in.Text, File: &file, By: by.ID}, err
}

// said adds what somebody said today, with a paper or without. Fields text, paper.
func (s *Service) said(ctx context.Context, by policy.Actor, do Step, in casework.Input, label string, to *[]casework.Paper) error {
	if len(*to) >= maxPapers {
		return fault.New("veto.said", fault.Conflict, label+"登记得太多了，请并在一起")
	}
	f := s.Check()
	f.Text("text", label, &in.Text, 4, maxWords)
	if err := f.Err(); err != nil {
		return err
	}
	paper := casework.Paper{Day: s.Today(), Text: in.Text, By: by.ID}
	if in.Upload != nil {
		file, err := s.Keep(ctx, by, do.Action(), in.Upload, "")
		if err != nil {
			return err
		}
		paper.File = &file
	}
	*to = append(slices.Clone(*to), paper)
	return nil
}

// send brings a case before the joint review. Fields number, day, text (who took part), paper (the minutes).
func (s *Service) send(ctx context.Context, by policy.Actor, at casework.At, v *Veto, in casework.Input) error {
	file, err := s.minutes(ctx, by, StepSend, v.Clock.Due, &in)
	if err != nil {
		return err
	}
	v.Minutes, v.Reason = &casework.Paper{Number: in.Number, Day: in.Day, Text: in.Text, File: &file, By: by.ID}, ""
	v.Approval, err = s.Approvals().Open(by, Chain, casework.Subject(caseKind, at), v.Approval, v.says())
	if err == nil && v.State == Hearing {
		v.Clock = calendar.Deadline{}
	}
	return err
}

// minutes checks and keeps the minutes of a joint review, which meets once the firm's period is over.
func (s *Service) minutes(ctx context.Context, by policy.Actor, do Step, after calendar.Date, in *casework.Input) (files.Stored, error) {
	f := s.Check()
	f.Text("number", "联审纪要文号", &in.Number, 2, maxNumber)
	f.Past("day", "联审日期", in.Day, after)
	f.Text("text", "联审意见、参加单位（提前解除的写明理由）", &in.Text, 4, maxWords)
	if err := f.Err(); err != nil {
		return files.Stored{}, err
	}
	return s.Keep(ctx, by, do.Action(), in.Upload, "请上传联审纪要")
}

// answer says what came of the objection. Fields choice (uphold or dismiss), text, paper (optional).
func (s *Service) answer(ctx context.Context, by policy.Actor, v *Veto, in casework.Input) error {
	last, known := map[string]Step{"uphold": StepUphold, "dismiss": StepDismiss}[in.Choice]
	if !known {
		return fault.InvalidFields("veto.answer", fault.Field{Name: "choice", Message: "请选择异议是否成立"})
	}
	var all []casework.Paper
	if err := s.said(ctx, by, StepAnswer, in, "答复和理由", &all); err != nil {
		return err
	}
	v.Answer, v.Upheld, v.Last, v.Clock = &all[0], last == StepUphold, last, calendar.Deadline{}
	if v.Upheld {
		v.Reason = in.Text
	}
	return nil
}

// ease proposes the early end. Fields as those of send; text is the reason.
func (s *Service) ease(ctx context.Context, by policy.Actor, at casework.At, v *Veto, in casework.Input) error {
	file, err := s.minutes(ctx, by, StepEase, v.From, &in)
	if err != nil {
		return err
	}
	v.Lift, v.Clock = &casework.Paper{Number: in.Number, Day: in.Day, Text: in.Text, File: &file, By: by.ID}, calendar.Deadline{}
	v.Lifting, err = s.Approvals().Open(by, Chain, casework.Subject(caseKind, at), nil, v.saysLift())
	return err
}

// Sign signs, returns or refuses at the actor's seat, or looks at a signed paper a second time, with the password again. Returns Forbidden with the rule for whom it does not wait and for who drafted, served or heard the case, Invalid
// (current, reason), Conflict if it does not wait for approval, was changed, or somebody was quicker.
func (s *Service) Sign(ctx context.Context, by policy.Actor, at casework.At, sign policy.Sign, password string) (store.Doc[Veto], error) {
	return s.sign(ctx, by, at, casework.Signature{Sign: sign, Password: password})
}

// SignOnPaper records what somebody signed on paper; it counts once another person has looked at the scan. Returns as Sign, and Invalid for refused fields (paper, signer, signed_on).
func (s *Service) SignOnPaper(ctx context.Context, by policy.Actor, at casework.At, in policy.OnPaper, password string) (store.Doc[Veto], error) {
	return s.sign(ctx, by, at, casework.Signature{Paper: &in, Password: password})
}

// sign carries a signature out.
func (s *Service) sign(ctx context.Context, by policy.Actor, at casework.At, in casework.Signature) (store.Doc[Veto], error) {
	on := func(v *Veto) (*policy.Approval, error) {
		_, err := v.next(StepSign, s.Today())
		return v.Signing(), err
	}
	return s.Cases.Sign(ctx, by, at, StepSign.Title(), in, on, func(v *Veto, next policy.Approval) (err error) {
		if signed := next.Decisions[len(next.Decisions)-1]; signed.Move != policy.MoveConfirmPaper && signed.Move != policy.MoveRejectPaper {
			signer := by
			if signed.Paper != nil {
				signer = policy.Actor{ID: signed.Paper.Signer}
			}
			if err := policy.Separate(signer, policy.PartCheck, v.prepared()); err != nil {
				return err
			}
		}
		v.Last = StepSign
		if v.State == Easing {
			v.Lifting = &next
			switch next.State {
			case policy.ApprovalApproved:
				v.Last, v.Until = StepLift, s.Today().Add(-1)
				v.Reason = v.Lift.Text
			case policy.ApprovalRefused, policy.ApprovalReturned:
				v.Last = StepKeep
			}
		} else {
			v.Approval = &next
			switch next.State {
			case policy.ApprovalApproved:
				v.Last = StepApprove
			case policy.ApprovalRefused:
				v.Last = StepReject
			case policy.ApprovalReturned:
				v.Last = StepReturn
			}
		}
		v.State, err = v.next(v.Last, s.Today())
		return err
	})
}

// Can reports whether the actor may do a step now, as far as state, clocks and rights say; what the form must hold is told by Do.
func (s *Service) Can(ctx context.Context, by policy.Actor, v *Veto, do Step) bool {
	if _, err := v.next(do, s.Today()); err != nil {
		return false
	}
	switch do {
	case StepSign:
		return s.Approvals().MaySign(ctx, by, v.Signing(), v.Keys, v.Opened) && policy.Separate(by, policy.PartCheck, v.prepared()) == nil
	case StepReturn, StepReject, StepApprove, StepUphold, StepDismiss, StepKeep, StepLift:
		return false
	}
	return s.Guard.Allow(by, do.Action()) && s.waits(by, v, do) == nil
}

// Filter narrows a list; what is zero does not narrow.
type Filter struct {
	// Text is looked for in the names of project and firm, in the place and in the numbers; Project and Firm are ids, State and Ground codes.
	Text, Project, Firm, Ground string
	State                       State
}

// List returns a page of cases, the latest document first, or with due what is due first. A firm sees those of which it has notice. Returns Forbidden without ReadVeto.
func (s *Service) List(ctx context.Context, by policy.Actor, w Filter, due bool, after string) (store.Page[Veto], error) {
	today := s.Today()
	return s.Page(ctx, by, casework.ListQuery(due, after), func(v *Veto) bool {
		numbers := v.Document.Number
		for _, p := range []*casework.Paper{v.Notice, v.Decision} {
			if p != nil {
				numbers += " " + p.Number
			}
		}
		said := registry.Finds(v.Name, w.Text) || registry.Finds(v.FirmName, w.Text) || casework.Says(w.Text, v.Place, v.GroundTitle, numbers)
		return said && (w.State == "" || v.StateOn(today) == w.State) && (w.Ground == "" || v.Ground == w.Ground) && (w.Project == "" || v.Project == w.Project) && (w.Firm == "" || v.Firm == w.Firm)
	})
}
