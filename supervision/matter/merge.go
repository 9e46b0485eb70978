package matter

import (
	"context"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
)

// suggested is how many matters are suggested as the same one.
const suggested = 5

// Same suggests up to five open matters into which this one can be merged: of the same category, in the same compound or, outside of compounds, in the same community; the latest first. Returns Forbidden without
// DispatchMatter, and the errors of One.
func (s *Service) Same(ctx context.Context, by policy.Actor, id string) ([]store.Doc[Matter], error) {
	scope, err := s.desk.Scope(ctx, by, policy.DispatchMatter)
	if err != nil {
		return nil, err
	}
	d, err := s.one(ctx, by, id)
	if err != nil {
		return nil, err
	}
	m := &d.State
	key := policy.CommunityKey(m.Community)
	if m.Project != "" {
		key = policy.ProjectKey(m.Project)
	}
	page, err := s.rows.ListWhere(ctx, store.Query{Index: byDue, Key: key, Limit: suggested}, func(o *store.Doc[Matter]) bool {
		return o.ID != id && o.State.Category == m.Category && o.State.Project == m.Project && scope.Covers(o.State.Keys, o.State.Day)
	})
	for i := range page.Docs {
		page.Docs[i] = s.seen(by, page.Docs[i])
	}
	return page.Docs, err
}

// Merge says that a matter which waits for the dispatcher is the same as another one: it is over, and counts as weight of the other. Returns Forbidden without DispatchMatter, Invalid with the field into for a matter that
// is none, is over, or lies in another community.
func (s *Service) Merge(ctx context.Context, by policy.Actor, at supervision.At, into string) (store.Doc[Matter], error) {
	refuse := func(message string) error {
		return fault.InvalidFields("matter.Merge", fault.Field{Name: "into", Message: message})
	}
	return s.change(ctx, by, policy.DispatchMatter, at, MoveMerge, func(m *Matter) (Move, error) {
		if !journal.ValidPart(into) || into == at.ID {
			return "", refuse("请选择并入哪一件")
		}
		scope, err := s.desk.Scope(ctx, by, policy.DispatchMatter)
		if err != nil {
			return "", err
		}
		other, err := s.desk.Load(ctx, "matter.Merge", scope, into)
		switch {
		case fault.Is(err, fault.NotFound):
			return "", refuse("请选择并入哪一件")
		case err != nil:
			return "", err
		case other.State.State.Closed():
			return "", refuse("那件事项已经是“" + other.State.State.Title() + "”，不能再并入")
		case other.State.Community != m.Community:
			return "", refuse("那件事项在" + other.State.CommunityName + "，不在同一个社区")
		}
		m.Into, m.Due, m.Closed = into, calendar.Deadline{}, journal.At(s.Now())
		return MoveMerge, nil
	})
}

// Weights are how many reports each of some matters stands for, itself included; at most 64 ids.
func (s *Service) Weights(ctx context.Context, ids []string) (map[string]int, error) {
	out := map[string]int{}
	for _, id := range ids {
		out[id] = 1
	}
	q := store.Query{Index: byWork, In: make([]string, len(ids)), Limit: store.MaxLimit}
	for i, id := range ids {
		q.In[i] = intoKey(id)
	}
	for len(ids) > 0 {
		page, err := s.rows.List(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, d := range page.Docs {
			out[d.State.Into]++
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	return out, nil
}

// Rung is a step of the ladder for a department that is late.
type Rung string

// The rungs.
const (
	// RungUrge reminds the department.
	RungUrge Rung = "urge"
	// RungSupervise is for who is still late some days after that.
	RungSupervise Rung = "supervise"
)

// Rungs lists the rungs in their order.
func Rungs() []registry.Choice {
	return []registry.Choice{{ID: string(RungUrge), Text: "催办"}, {ID: string(RungSupervise), Text: "督办"}}
}

// Title is the rung for people.
func (r Rung) Title() string { return registry.TextOf(Rungs(), r) }

// Urged is one rung that a person confirmed.
type Urged struct {
	// Rung is which, By who confirmed it and when.
	Rung Rung             `json:"rung" privacy:"public"`
	By   supervision.Hand `json:"by"`
	// Of is the deadline that was missed, Until when the next rung is proposed.
	Of    calendar.Date     `json:"of"`
	Until calendar.Deadline `json:"until"`
}

// Proposes is the rung that the system proposes now, "" for none: the first one once the deadline is over, the second one once the days after it are over too. Nothing unresolved is late.
func (s *Service) Proposes(m *Matter) Rung {
	if !m.Can(MoveUrge) || !s.Resolve(m.Due).Late(s.Now()) {
		return ""
	}
	i := slices.IndexFunc(m.Urges, func(u Urged) bool { return u.Of == s.Resolve(m.Due).Due })
	switch {
	case i < 0:
		return RungUrge
	case m.Urges[len(m.Urges)-1].Rung == RungUrge && s.Resolve(m.Urges[len(m.Urges)-1].Until).Late(s.Now()):
		return RungSupervise
	}
	return ""
}

// Urge confirms the rung that is proposed. Returns Forbidden without DispatchMatter, Conflict if none is, or another one.
func (s *Service) Urge(ctx context.Context, by policy.Actor, at supervision.At, rung Rung) (store.Doc[Matter], error) {
	return s.change(ctx, by, policy.DispatchMatter, at, MoveUrge, func(m *Matter) (Move, error) {
		if now := s.Proposes(m); now == "" || now != rung {
			return "", fault.New("matter.Urge", fault.Conflict, "现在不用"+rung.Title()+"：没有逾期，或者刚刚催过")
		}
		until, err := s.Deadlines(superviseRule, s.today())
		m.Urges = append(slices.Clone(m.Urges), Urged{Rung: rung, By: s.hand(by, policy.DispatchMatter), Of: s.Resolve(m.Due).Due, Until: until})
		m.Reason = rung.Title()
		return MoveUrge, err
	})
}

// ToUrge returns up to 500 matters for which a rung is proposed, the longest overdue first. Returns Forbidden without DispatchMatter.
func (s *Service) ToUrge(ctx context.Context, by policy.Actor) ([]store.Doc[Matter], error) {
	scope, err := s.desk.Scope(ctx, by, policy.DispatchMatter)
	if err != nil {
		return nil, err
	}
	var out []store.Doc[Matter]
	q := supervision.ScopeQuery(scope, byDue, "", "")
	for q.Limit = store.MaxLimit; ; {
		page, err := s.rows.List(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, d := range page.Docs {
			// The list is in order of the deadlines: behind the first one that is not over only those are late that were unresolved when they were stored, at its end.
			if d.State.Due.Resolved() && !d.State.Due.Late(s.Now()) || len(out) == store.MaxLimit {
				return out, nil
			}
			if s.Proposes(&d.State) != "" && scope.Covers(d.State.Keys, d.State.Day) {
				out = append(out, s.seen(by, d))
			}
		}
		if q.After = page.Next; q.After == "" {
			return out, nil
		}
	}
}
