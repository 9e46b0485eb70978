package matter

import (
	"context"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
)

// Dispatch gives a matter to a department. Returns Forbidden without DispatchMatter, Invalid with the field department for an unknown one and for the one that has just refused it, Conflict for who
// was overtaken.
func (s *Service) Dispatch(ctx context.Context, by policy.Actor, at supervision.At, department string) (store.Doc[Matter], error) {
	const op = "matter.Dispatch"
	return s.change(ctx, by, policy.DispatchMatter, at, MoveDispatch, func(m *Matter) (Move, error) {
		d, err := s.Tree.Department(department)
		if err != nil {
			return "", fault.InvalidFields(op, fault.Field{Name: "department", Message: "请选择派给哪个部门"})
		}
		if m.State == Returned && m.Department == d.ID {
			return "", fault.InvalidFields(op, fault.Field{Name: "department", Message: d.Title + "刚刚退回，请改派别的部门"})
		}
		m.Department, m.DepartmentTitle, m.Handler, m.More, m.Check = d.ID, d.Title, "", nil, nil
		if !m.hadBy(d.ID) {
			m.Departments = append(slices.Clone(m.Departments), d.ID)
		}
		m.Due, err = s.clock(m, signRule)
		return MoveDispatch, err
	})
}

// handle is change for the people of the department that has the matter; own asks for the 承办人.
func (s *Service) handle(ctx context.Context, by policy.Actor, at supervision.At, move Move, own bool, f func(m *Matter) (Move, error)) (store.Doc[Matter], error) {
	return s.change(ctx, by, policy.HandleMatter, at, move, func(m *Matter) (Move, error) {
		if !s.Has(by, m) {
			return "", &fault.Error{Op: "matter.handle", Kind: fault.Forbidden, Message: "这件事项由" + m.DepartmentTitle + "办理", Rule: "matters.yaml：departments"}
		}
		if own && m.Handler != by.ID {
			return "", &fault.Error{Op: "matter.handle", Kind: fault.Forbidden, Message: "这件事项有承办人，不是你；要由你办理的，请先接手", Rule: "承办人办理"}
		}
		return f(m)
	})
}

// Has reports whether a person acts for the department that has the matter.
func (s *Service) Has(by policy.Actor, m *Matter) bool {
	d, err := s.Tree.Department(m.Department)
	return err == nil && d.has(by)
}

// Accept makes the actor the 承办人; the clock of the answer begins. Returns Forbidden for another department.
func (s *Service) Accept(ctx context.Context, by policy.Actor, at supervision.At) (store.Doc[Matter], error) {
	return s.handle(ctx, by, at, MoveAccept, false, func(m *Matter) (_ Move, err error) {
		m.Handler, m.Signed = by.ID, journal.At(s.Now())
		m.AnswerBy, err = s.answerClock(m)
		m.Due = m.AnswerBy
		return MoveAccept, err
	})
}

// Refuse sends a matter back to the dispatcher, once. Returns Invalid without a reason, Conflict if it was refused before.
func (s *Service) Refuse(ctx context.Context, by policy.Actor, at supervision.At, reason string) (store.Doc[Matter], error) {
	return s.handle(ctx, by, at, MoveRefuse, false, func(m *Matter) (Move, error) {
		if m.Refused {
			return "", fault.New("matter.Refuse", fault.Conflict, "这件事项已经退回过一次，第二次派单不能再退回，请受理办理")
		}
		m.Refused = true
		var err error
		if err = m.say("matter.Refuse", "reason", "退回理由", reason); err == nil {
			m.Due, err = s.clock(m, dispatchRule)
		}
		return MoveRefuse, err
	})
}

// say keeps what was said with a move, under the name of its field.
func (m *Matter) say(op, field, label, words string) error {
	var b bad
	b.text(field, label, &words, 2, supervision.MaxReason)
	m.Reason = words
	return b.err(op)
}

// Begin says that the work has begun.
func (s *Service) Begin(ctx context.Context, by policy.Actor, at supervision.At) (store.Doc[Matter], error) {
	return s.handle(ctx, by, at, MoveBegin, true, func(*Matter) (Move, error) { return MoveBegin, nil })
}

// Take makes another person of the department the 承办人. Returns Conflict for who is it already.
func (s *Service) Take(ctx context.Context, by policy.Actor, at supervision.At) (store.Doc[Matter], error) {
	return s.handle(ctx, by, at, MoveTake, false, func(m *Matter) (Move, error) {
		if m.Handler == by.ID {
			return "", fault.New("matter.Take", fault.Conflict, "你已经是承办人")
		}
		m.Handler = by.ID
		return MoveTake, nil
	})
}

// AskMore asks for more time, once and before the deadline. Returns Invalid without a reason, Conflict after the deadline, the second time, and while the deadline is unresolved.
func (s *Service) AskMore(ctx context.Context, by policy.Actor, at supervision.At, reason string) (store.Doc[Matter], error) {
	const op = "matter.AskMore"
	return s.handle(ctx, by, at, MoveAsk, true, func(m *Matter) (Move, error) {
		switch due := s.Resolve(m.AnswerBy); {
		case m.More != nil:
			return "", fault.New(op, fault.Conflict, "这件事项已经申请过一次延期")
		case m.Order != nil && !m.Order.Due.IsZero():
			return "", fault.New(op, fault.Conflict, "期限由"+m.Order.SystemTitle()+"规定，请向该平台申请延期，改期以后重新导入工单")
		case !due.Resolved():
			return "", fault.New(op, fault.Conflict, "答复期限要等节假日安排装载以后才能算出，现在不会逾期，不用延期")
		case due.Late(s.Now()):
			return "", fault.New(op, fault.Conflict, "答复期限"+due.Due.Chinese()+"已经过了，延期要在届满以前申请")
		}
		err := m.say(op, "reason", "延期理由", reason)
		m.More = &More{Reason: m.Reason, Asked: journal.At(s.Now())}
		return MoveAsk, err
	})
}

// Decide grants more time or not. Returns Conflict if nothing is asked for.
func (s *Service) Decide(ctx context.Context, by policy.Actor, at supervision.At, grant bool) (store.Doc[Matter], error) {
	const op = "matter.Decide"
	move := MoveDeny
	if grant {
		move = MoveGrant
	}
	return s.change(ctx, by, policy.DispatchMatter, at, move, func(m *Matter) (Move, error) {
		switch {
		case !m.Asks():
			return "", fault.New(op, fault.Conflict, "没有等待决定的延期申请")
		case m.Handler == by.ID:
			return "", apart(op, "延期由你申请，必须由另一人决定")
		}
		more := *m.More
		more.Decided, more.Granted = journal.At(s.Now()), grant
		m.More = &more
		if !grant {
			return move, nil
		}
		var err error
		m.AnswerBy, err = s.Deadlines(moreRule, s.Resolve(m.AnswerBy).Due)
		m.Due = m.AnswerBy
		return move, err
	})
}

// apart refuses somebody who did the other half.
func apart(op, message string) error {
	return &fault.Error{Op: op, Kind: fault.Forbidden, Message: message, Rule: "不相容岗位规则 S-2：经办与核实必须由不同的人完成"}
}

// AnswerInput is what a department answers.
type AnswerInput struct {
	// Words say what was done, Fixed whether it is set right.
	Words string
	Fixed bool
	// Liable is a choice of Liables, Reasonable “yes” or “no”.
	Liable, Reasonable string
	// Photos show it; they stay the caller's to close.
	Photos []*files.Upload
}

// Answer answers a matter. A hazard is verified by a photo; of everything else one in five is drawn to be verified, and what is not drawn is closed by the answer. Returns Invalid for refused fields
// (words, liable, reasonable, photos).
func (s *Service) Answer(ctx context.Context, by policy.Actor, at supervision.At, in AnswerInput) (store.Doc[Matter], error) {
	return s.handle(ctx, by, at, MoveAnswer, true, func(m *Matter) (Move, error) {
		a := Answer{Words: in.Words, Fixed: in.Fixed, Liable: Liable(in.Liable), Reasonable: in.Reasonable == "yes", By: s.hand(by, policy.HandleMatter), Late: s.Resolve(m.AnswerBy).Late(s.Now())}
		var b bad
		b.text("words", "答复", &a.Words, 5, MaxWords)
		b.photos(in.Photos)
		if !knows(Liables(), a.Liable) {
			b.add("liable", "请选择责任方")
		}
		if in.Reasonable != "yes" && in.Reasonable != "no" {
			b.add("reasonable", "请选择诉求是否合理")
		}
		if err := b.err("matter.Answer"); err != nil {
			return "", err
		}
		var err error
		if a.Photos, err = s.keep(ctx, store.Meta{By: by.ID, Action: string(policy.HandleMatter)}, in.Photos); err != nil {
			return "", err
		}
		m.Answer, m.Check = &a, &Check{Way: s.way(m, at)}
		if m.Check.Way == WayPlatform {
			m.Due = calendar.Deadline{}
			return MoveAnswer, nil
		}
		if m.Check.Way != WayNone {
			m.Due, err = s.Deadlines(checkRule, s.today())
			return MoveAnswer, err
		}
		if a.Fixed {
			return MoveAnswerFixed, s.close(m)
		}
		return MoveAnswerUnfixed, s.close(m)
	})
}

// way is how the answer that comes in now is verified.
func (s *Service) way(m *Matter, at supervision.At) Way {
	switch {
	case m.Order != nil:
		return WayPlatform
	case m.Ticket != nil && !m.Hazard:
		return WayAsked
	case m.Hazard:
		return WayPhoto
	case s.drawn(at):
		return WaySample
	}
	return WayNone
}

// close ends the clocks; the reporter has some days left.
func (s *Service) close(m *Matter) (err error) {
	m.Closed, m.Due = journal.At(s.Now()), calendar.Deadline{}
	m.ReopenBy, err = s.Deadlines(reopenRule, s.today())
	return err
}

// CheckInput is what somebody found who verified an answer.
type CheckInput struct {
	// Move is MoveFixed, MoveUnfixed or MoveRedo.
	Move Move
	// Words say what was found, Satisfied is a choice of Satisfactions or "".
	Words     string
	Satisfied Satisfied
	// Photos show it; they stay the caller's to close.
	Photos []*files.Upload
}

// Verify says what became of an answer. Returns Forbidden without VerifyMatter, for who worked on it or reported it, and for a hazard for who is no grid worker; Invalid for refused fields (outcome, words, satisfied,
// photos: a hazard needs one).
func (s *Service) Verify(ctx context.Context, by policy.Actor, at supervision.At, in CheckInput) (store.Doc[Matter], error) {
	const op = "matter.Verify"
	if !slices.Contains([]Move{MoveFixed, MoveUnfixed, MoveRedo}, in.Move) {
		return store.Doc[Matter]{}, fault.InvalidFields(op, fault.Field{Name: "outcome", Message: "请选择核实结果"})
	}
	return s.change(ctx, by, policy.VerifyMatter, at, in.Move, func(m *Matter) (Move, error) {
		if err := s.verifier(by, m); err != nil {
			return "", err
		}
		c := Check{Way: m.Check.Way, By: s.hand(by, policy.VerifyMatter), Words: in.Words, Satisfied: in.Satisfied}
		var b bad
		b.text("words", "核实情况", &c.Words, 2, MaxWords)
		b.photos(in.Photos)
		if c.Way == WayPhoto && len(in.Photos) == 0 {
			b.add("photos", "公共安全隐患要拍现场照片核实")
		}
		if c.Satisfied != "" && !knows(Satisfactions(), c.Satisfied) {
			b.add("satisfied", "请选择上报人是否满意")
		}
		if err := b.err(op); err != nil {
			return "", err
		}
		var err error
		if c.Photos, err = s.keep(ctx, store.Meta{By: by.ID, Action: string(policy.VerifyMatter)}, in.Photos); err != nil {
			return "", err
		}
		m.Check, m.Reason = &c, c.Words
		if in.Move != MoveRedo {
			return in.Move, s.close(m)
		}
		m.AnswerBy, err = s.answerClock(m)
		m.Due = m.AnswerBy
		return in.Move, err
	})
}

// verifier refuses who may not verify this answer.
func (s *Service) verifier(by policy.Actor, m *Matter) error {
	const op = "matter.Verify"
	switch {
	case m.Check == nil:
		return fault.New(op, fault.Conflict, "还没有答复，不能核实")
	case m.Check.Way == WayPlatform:
		return fault.New(op, fault.Conflict, "这件事项以来件平台的结果为准，导入结果以后办结，不另行核实")
	case by.ID == m.Handler || m.Answer != nil && by.ID == m.Answer.By.By:
		return apart(op, "这件事项由你办理，必须由另一人核实")
	case by.ID == m.Reported.By:
		return apart(op, "这件事项由你上报，必须由另一人核实")
	case m.Check.Way == WayPhoto && s.Tree.SourceOf(by) != SourceGrid:
		return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "公共安全隐患由另一名网格员到现场拍照核实", Rule: "matters.yaml：kinds 的 hazard"}
	}
	return nil
}

// MayVerify reports whether the actor can verify the answer that is there.
func (s *Service) MayVerify(by policy.Actor, m *Matter) bool {
	return m.State == Answered && s.Guard.Allow(by, policy.VerifyMatter) && s.verifier(by, m) == nil
}

// MayReopen reports whether the actor can have a closed matter reopened: who reported it, in time.
func (s *Service) MayReopen(by policy.Actor, m *Matter) bool {
	return m.Can(MoveReopen) && by.ID != "" && m.Reported.By == by.ID && !s.Resolve(m.ReopenBy).Late(s.Now())
}

// Reopen has a closed matter dispatched again, by who reported it. Returns NotFound for anybody else, Invalid without a reason, Conflict after the days that are left for it.
func (s *Service) Reopen(ctx context.Context, by policy.Actor, at supervision.At, reason string) (store.Doc[Matter], error) {
	const op = "matter.Reopen"
	return s.change(ctx, by, policy.ReportMatter, at, MoveReopen, func(m *Matter) (Move, error) {
		if m.Reported.By != by.ID {
			return "", fault.New(op, fault.NotFound, "没有找到要看的内容")
		}
		if until := s.Resolve(m.ReopenBy); until.Late(s.Now()) {
			return "", fault.New(op, fault.Conflict, "要求重新办理的期限"+until.Due.Chinese()+"已经过了，可以另行上报")
		}
		return MoveReopen, s.reopen(m, reason)
	})
}

// reopen begins a closed matter anew. Returns Invalid without a reason.
func (s *Service) reopen(m *Matter, reason string) (err error) {
	if err := m.say("matter.reopen", "reason", "要求重新办理的理由", strings.TrimSpace(reason)); err != nil {
		return err
	}
	m.Reopened++
	m.Refused = false // the department that gets it now has not refused it
	m.Closed, m.ReopenBy = journal.Time{}, calendar.Deadline{}
	m.Due, err = s.clock(m, dispatchRule)
	return err
}
