package filing

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Notice is what the community was told when a filing came in, and what it answered.
type Notice struct {
	// Due is until when it may answer.
	Due calendar.Deadline `json:"due,omitzero"`
	// Answer is what it answered, "" while it has not; Text what it says.
	Answer NoticeAnswer `json:"answer,omitempty" privacy:"internal"`
	Text   string       `json:"text,omitempty" privacy:"internal"`
	// By is who answered, At when.
	By string       `json:"by,omitempty" privacy:"internal"`
	At journal.Time `json:"at,omitzero"`
}

// NoticeAnswer is how a notice to the community stands.
type NoticeAnswer string

// The answers; the first two are stored, the others follow from the clock and the filing.
const (
	// NoticeAgreed: no objection. NoticeObjected: an objection, with what it says.
	NoticeAgreed   NoticeAnswer = "agreed"
	NoticeObjected NoticeAnswer = "objected"
	// NoticeOpen: may still answer. NoticeSilent: said nothing in time, which is no objection. NoticeOver: the filing ended before.
	NoticeOpen   NoticeAnswer = "open"
	NoticeSilent NoticeAnswer = "silent"
	NoticeOver   NoticeAnswer = "over"
)

// Title is the answer for people.
func (a NoticeAnswer) Title() string {
	switch a {
	case NoticeAgreed:
		return "社区无异议"
	case NoticeObjected:
		return "社区有意见"
	case NoticeOpen:
		return "等社区答复"
	case NoticeSilent:
		return "期满未答复，视为无异议"
	case NoticeOver:
		return "备案已终止，不再答复"
	}
	return ""
}

// Noticed is how the notice to the community stands at a moment; "" if the community is not told of this filing.
func (f *Filing) Noticed(now time.Time) NoticeAnswer {
	switch {
	case f.Notice == nil:
		return ""
	case f.Notice.Answer != "":
		return f.Notice.Answer
	case f.State == Refused || f.State == Withdrawn:
		return NoticeOver
	case f.Notice.Due.Late(now):
		return NoticeSilent
	}
	return NoticeOpen
}

// Answer records what the community says about a filing that it was told of. Returns Invalid for refused fields (answer, text), Conflict after its time, if it was
// answered, or if the filing ended.
func (s *Service) Answer(ctx context.Context, by policy.Actor, at At, answer NoticeAnswer, text string) (store.Doc[Filing], error) {
	const op = "filing.Answer"
	return s.change(ctx, by, policy.AnswerFiling, at, MoveAnswer, func(f *Filing) error {
		if now := f.Noticed(s.Now()); now != NoticeOpen {
			said := now.Title()
			if now == "" {
				said = "这种备案不告知社区"
			}
			return fault.New(op, fault.Conflict, said+"，现在不能再答复")
		}
		text = strings.TrimSpace(text)
		switch n := utf8.RuneCountInString(text); {
		case answer != NoticeAgreed && answer != NoticeObjected:
			return fault.InvalidFields(op, fault.Field{Name: "answer", Message: "请选择有没有意见"})
		case answer == NoticeObjected && n == 0:
			return fault.InvalidFields(op, fault.Field{Name: "text", Message: "有意见的，请写明是什么意见"})
		case n > MaxText:
			return fault.InvalidFields(op, fault.Field{Name: "text", Message: "意见太长，请压缩到 200 字以内"})
		}
		next := *f.Notice
		next.Answer, next.Text, next.By, next.At = answer, text, by.ID, journal.At(s.Now())
		f.Notice = &next
		return nil
	})
}

// Unanswered returns up to 50 filings that the actor may still answer for the community, what ends first on top. Returns Forbidden without AnswerFiling.
func (s *Service) Unanswered(ctx context.Context, by policy.Actor) ([]store.Doc[Filing], error) {
	scope, err := s.scope(ctx, by, policy.AnswerFiling)
	if err != nil {
		return nil, err
	}
	q := store.Query{Index: byNotice, Desc: true, Limit: perPage}
	if scope.All() {
		q.Key = policy.County
	} else {
		q.In = append([]string{}, scope.Keys()...)
	}
	// What nobody answered stays in the index; the latest come first, so the first whose time is over ends the reading.
	page, err := s.rows.List(ctx, q)
	if err != nil {
		return nil, err
	}
	var out []store.Doc[Filing]
	for _, d := range page.Docs {
		if d.State.Noticed(s.Now()) == NoticeOpen && scope.Covers(d.State.Keys, d.State.Day) {
			out = append([]store.Doc[Filing]{d}, out...)
		}
	}
	return out, nil
}
