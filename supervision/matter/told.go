package matter

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
)

// mostReopened is how often somebody without an account has a matter reopened.
const mostReopened = 1

// Told is what somebody without an account sees of a matter that he told of: nothing of a person.
type Told struct {
	// Number is the number, Code the code, only right after he told of it.
	Number, Code string
	// Seq is the change that it shows.
	Seq int64
	// Category, Place and Words are what he told, State where it stands, Department who has it, "" before.
	Category, Place, Words, Department string
	State                              State
	// Reported and Closed are when, zero before; Due until when it is answered, ReopenBy until when he may have it reopened.
	Reported, Closed calendar.Date
	Due, ReopenBy    calendar.Deadline
	// Answer is what the department answered, "" before.
	Answer string
	// CanJudge: he can say whether it was set right. CanReopen: he can have it reopened.
	CanJudge, CanReopen bool
}

// stranger is who acts without an account.
func (s *Service) stranger() supervision.Hand {
	return supervision.Hand{By: string(policy.Anonymous), Office: string(policy.Anonymous), At: journal.At(s.Now())}
}

func strangerMeta(move Move, idem *store.Idem) store.Meta {
	return store.Meta{By: string(policy.Anonymous), Action: string(policy.AskOpenly), Why: string(move), Idem: idem}
}

// Tell takes in what somebody without an account tells of, and gives the number and the code with which he finds it again; nothing of a person is kept. The same form twice is one matter. Returns Forbidden
// without AskOpenly, Invalid for refused fields (category, community, project, where, words, photos), Conflict for a form that was sent before with other words.
func (s *Service) Tell(ctx context.Context, by policy.Actor, in Input) (Told, error) {
	if err := s.Guard.Require(by, policy.AskOpenly); err != nil {
		return Told{}, err
	}
	number, code := s.tickets.Draw(in.Idem)
	meta := strangerMeta(MoveReport, in.Idem)
	doc, done, err := s.rows.Replay(ctx, meta)
	if err != nil {
		return Told{}, err
	}
	if !done {
		if doc, err = s.tell(ctx, meta, in, number, code); err != nil {
			return Told{}, err
		}
	}
	told := s.told(doc)
	told.Code = code
	return told, nil
}

// tell stores what a stranger told of, under a number and a code.
func (s *Service) tell(ctx context.Context, meta store.Meta, in Input, number, code string) (store.Doc[Matter], error) {
	m, err := s.written(ctx, "matter.Tell", in)
	if err != nil {
		return store.Doc[Matter]{}, err
	}
	m.Source, m.Reported, m.Ticket, m.Reason = SourceResident, s.stranger(), s.tickets.Ticket(number, code), in.Redirected
	for i, photo := range in.Photos {
		photo.Name = "照片" + string(rune('1'+i)) // what a phone calls a file may name a person
	}
	return s.first(ctx, meta, s.tickets.ID(number), m, in.Photos)
}

// TellSealed takes in what an outer zone sealed, under the number and the code that were drawn there; deadlines run from today, when the bureau got it. fresh is false if it was taken in before, however long ago. Returns Forbidden
// without AskOpenly, Invalid as Tell and for the fields number and code, Conflict for a number that another matter has.
func (s *Service) TellSealed(ctx context.Context, by policy.Actor, in Input, number, code string) (fresh bool, err error) {
	const op = "matter.TellSealed"
	if err := s.Guard.Require(by, policy.AskOpenly); err != nil {
		return false, err
	}
	var b bad
	if !registry.IsTicket(number, supervision.NumberLength) {
		b.add("number", "查询号不是接收程序给的")
	}
	if !registry.IsTicket(code, supervision.CodeLength) {
		b.add("code", "查询码不是接收程序给的")
	}
	if err := b.err(op); err != nil {
		return false, err
	}
	doc, err := s.rows.Load(ctx, s.tickets.ID(number))
	switch {
	case err == nil && s.tickets.Opens(doc.State.Ticket, number, code):
		return false, nil
	case err == nil:
		return false, fault.New(op, fault.Conflict, "查询号 "+number+" 已是另一件事项的")
	case !fault.Is(err, fault.NotFound):
		return false, err
	}
	_, err = s.tell(ctx, strangerMeta(MoveReport, in.Idem), in, number, code)
	return err == nil, err
}

// CheckWords says what is refused of a stranger's own words, as far as it can be told without the registers.
func CheckWords(where, words string) []fault.Field {
	var b bad
	b.ownWords(&where, &words)
	return b
}

// told is what a stranger sees.
func (s *Service) told(d store.Doc[Matter]) Told {
	m := &d.State
	t := Told{Number: m.Ticket.Number, Seq: d.Seq, Category: m.CategoryTitle, Place: m.Place(), Words: m.Words, Department: m.DepartmentTitle, State: m.State, Reported: m.Day, Due: s.Resolve(m.AnswerBy), ReopenBy: s.Resolve(m.ReopenBy)}
	if !m.Closed.IsZero() {
		t.Closed = calendar.DateOf(m.Closed.Time)
	}
	if m.Answer != nil {
		t.Answer = m.Answer.Words
	}
	t.CanJudge = m.State == Answered && m.Check != nil && m.Check.Way == WayAsked
	t.CanReopen = m.Can(MoveReopen) && m.Reopened < mostReopened && !t.ReopenBy.Late(s.Now())
	return t
}

// toldOf loads the matter of a number and a code. Returns NotFound, which does not say which of both is wrong.
func (s *Service) toldOf(ctx context.Context, by policy.Actor, number, code string) (store.Doc[Matter], error) {
	none := fault.New("matter.toldOf", fault.NotFound, "没有这个查询号，或者查询码不对，请看清再填")
	if err := s.Guard.Require(by, policy.AskOpenly); err != nil {
		return store.Doc[Matter]{}, err
	}
	doc, err := s.rows.Load(ctx, s.tickets.ID(number))
	switch {
	case fault.Is(err, fault.NotFound):
		return doc, none
	case err != nil:
		return doc, err
	case !s.tickets.Opens(doc.State.Ticket, number, code):
		return store.Doc[Matter]{}, none
	}
	return doc, nil
}

// LookUp is what became of a matter, for who has its number and code. Returns Forbidden without AskOpenly, NotFound.
func (s *Service) LookUp(ctx context.Context, by policy.Actor, number, code string) (Told, error) {
	doc, err := s.toldOf(ctx, by, number, code)
	if err != nil {
		return Told{}, err
	}
	return s.told(doc), nil
}

// strange changes a matter for who has its number and code.
func (s *Service) strange(ctx context.Context, by policy.Actor, number, code string, move Move, idem *store.Idem, f func(m *Matter) error) (Told, error) {
	doc, err := s.toldOf(ctx, by, number, code)
	if err != nil {
		return Told{}, err
	}
	meta := strangerMeta(move, idem)
	if again, done, err := s.rows.Replay(ctx, meta); err != nil || done {
		return s.told(again), err
	}
	m := &doc.State
	next, err := m.State.next(move)
	if err != nil {
		return Told{}, err
	}
	m.Reason = ""
	if err := f(m); err != nil {
		return Told{}, err
	}
	m.State, m.Last, m.Hand = next, move, s.stranger()
	if doc, err = s.desk.Commit(ctx, meta, doc.ID, doc.Seq, *m); err != nil {
		return Told{}, err
	}
	return s.told(doc), nil
}

// Judge says for a stranger whether what he told of was set right, and how satisfied he is: it closes the matter. Returns NotFound, Invalid for the field satisfied, Conflict if there is no answer that he is asked about.
func (s *Service) Judge(ctx context.Context, by policy.Actor, number, code string, fixed bool, satisfied Satisfied, idem *store.Idem) (Told, error) {
	const op = "matter.Judge"
	if !knows(Satisfactions(), satisfied) || satisfied == "unreached" {
		return Told{}, fault.InvalidFields(op, fault.Field{Name: "satisfied", Message: "请选择是否满意"})
	}
	move := MoveUnfixed
	if fixed {
		move = MoveFixed
	}
	return s.strange(ctx, by, number, code, move, idem, func(m *Matter) error {
		if m.Check == nil || m.Check.Way != WayAsked {
			return fault.New(op, fault.Conflict, "这件事项由工作人员到现场核实，不用你确认")
		}
		m.Check = &Check{Way: WayAsked, By: s.stranger(), Satisfied: satisfied}
		return s.close(m)
	})
}

// ReopenTold has a closed matter dispatched again, once, by who has its number and code. Returns NotFound, Invalid without a reason, Conflict after the days that are left for it and the second time.
func (s *Service) ReopenTold(ctx context.Context, by policy.Actor, number, code, reason string, idem *store.Idem) (Told, error) {
	const op = "matter.ReopenTold"
	return s.strange(ctx, by, number, code, MoveReopen, idem, func(m *Matter) error {
		switch until := s.Resolve(m.ReopenBy); {
		case until.Late(s.Now()):
			return fault.New(op, fault.Conflict, "要求重新办理的期限"+until.Due.Chinese()+"已经过了，可以另行反映")
		case m.Reopened >= mostReopened:
			return fault.New(op, fault.Conflict, "已经重新办理过一次，仍没有解决的请联系社区")
		}
		return s.reopen(m, reason)
	})
}

// OpenPlaces are the communities of today and, for one of them, its compounds, for the form without an account. Returns Forbidden without AskOpenly.
func (s *Service) OpenPlaces(ctx context.Context, by policy.Actor, community string) (communities, compounds []registry.Choice, err error) {
	if err := s.Guard.Require(by, policy.AskOpenly); err != nil {
		return nil, nil, err
	}
	return supervision.OpenPlaces(ctx, s.Places, s.today(), community)
}
