package deliberation

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Filter narrows a list of items; what is zero does not narrow.
type Filter struct {
	// State and Outcome are codes, Class and Subject too; Text is looked for in topic, problem and the names of places, their pinyin and initials.
	State          State
	Outcome        Outcome
	Class, Subject string
	Text           string
	// Project, Firm, Community and Township are ids.
	Project, Firm, Community, Township string
	// Open keeps what is not over.
	Open bool
}

// key is the narrowest scope key under which the items of the filter are listed.
func (w Filter) key() string {
	switch {
	case w.Project != "":
		return policy.ProjectKey(w.Project)
	case w.Firm != "":
		return policy.FirmKey(w.Firm)
	case w.Community != "":
		return policy.CommunityKey(w.Community)
	case w.Township != "":
		return policy.TownshipKey(w.Township)
	}
	return policy.County
}

func (w Filter) lets(i *Item) bool {
	return (w.State == "" || i.State == w.State) && (w.Outcome == "" || i.Decided().Outcome == w.Outcome) && (w.Class == "" || i.Class.ID == w.Class) && (w.Subject == "" || i.Subject.ID == w.Subject) &&
		(slices.Contains(i.Keys, w.key()) || w.key() == policy.County) && (w.Community == "" || i.Community == w.Community) && (w.Township == "" || i.Township == w.Township) && finds(w.Text, i.Title, i.Problem, i.CommunityName, i.ProjectName, i.FirmName)
}

// finds reports whether a text is part of one of the names.
func finds(text string, names ...string) bool {
	text = strings.TrimSpace(text)
	return slices.ContainsFunc(names, func(name string) bool { return registry.Finds(name, text) })
}

// listed reads every row of an index of a kind inside the actor's scope, the last first.
func listed[T any](ctx context.Context, s *Service, rows *store.Collection[T], by policy.Actor, index, key string, keep func(policy.Scope, *T) bool) ([]store.Doc[T], error) {
	scope, err := s.scope(ctx, by, policy.ReadDeliberation)
	if err != nil {
		return nil, err
	}
	q := store.Query{Index: index, Key: key, Desc: true, Limit: store.MaxLimit}
	if !scope.All() {
		q.Key, q.In = "", scope.Keys()
	}
	var out []store.Doc[T]
	for {
		page, err := rows.ListWhere(ctx, q, func(d *store.Doc[T]) bool { return keep(scope, &d.State) })
		if err != nil {
			return nil, err
		}
		out = append(out, page.Docs...)
		if q.After = page.Next; q.After == "" {
			return out, nil
		}
	}
}

// Items returns every item of the actor's scope that the filter lets through, the last first. Returns Forbidden without ReadDeliberation.
func (s *Service) Items(ctx context.Context, by policy.Actor, w Filter) ([]store.Doc[Item], error) {
	index := byScope
	if w.Open {
		index = byOpen
	}
	out, err := listed(ctx, s, s.items, by, index, w.key(), func(scope policy.Scope, i *Item) bool { return scope.Covers(i.Keys, i.Day) && w.lets(i) })
	for n := range out {
		s.resolve(&out[n].State)
	}
	return out, err
}

// MeetingFilter narrows a list of meetings; what is zero does not narrow.
type MeetingFilter struct {
	// Open keeps what is not over. State and Kind are codes, Text is looked for in the names of places; Community, Township and Project are ids.
	Open                         bool
	State                        MeetingState
	Kind, Text                   string
	Community, Township, Project string
}

// Meetings returns every meeting of the actor's scope that the filter lets through, the last day first. Returns Forbidden without ReadDeliberation.
func (s *Service) Meetings(ctx context.Context, by policy.Actor, w MeetingFilter) ([]store.Doc[Meeting], error) {
	key := Filter{Community: w.Community, Township: w.Township, Project: w.Project}.key()
	index := byScope
	if w.Open {
		index = byOpen
	}
	return listed(ctx, s, s.meetings, by, index, key, func(scope policy.Scope, m *Meeting) bool {
		return scope.Covers(m.Keys, m.Day) && (w.State == "" || m.State == w.State) && (w.Kind == "" || m.Kind.ID == w.Kind) && (w.Community == "" || m.Community == w.Community) && (w.Township == "" || m.Township == w.Township) &&
			(w.Project == "" || m.Project == w.Project) && finds(w.Text, m.CommunityName, m.ProjectName, m.Spot)
	})
}

// One returns an item. Returns Forbidden without ReadDeliberation, NotFound outside the scope.
func (s *Service) One(ctx context.Context, by policy.Actor, id string) (store.Doc[Item], error) {
	scope, err := s.scope(ctx, by, policy.ReadDeliberation)
	if err != nil {
		return store.Doc[Item]{}, err
	}
	return s.load(ctx, scope, id)
}

// OneMeeting returns a meeting and the items on its agenda that lie in the actor's scope. Errors as those of One.
func (s *Service) OneMeeting(ctx context.Context, by policy.Actor, id string) (store.Doc[Meeting], []store.Doc[Item], error) {
	scope, err := s.scope(ctx, by, policy.ReadDeliberation)
	if err != nil {
		return store.Doc[Meeting]{}, nil, err
	}
	doc, err := s.loadMeeting(ctx, scope, id)
	if err != nil {
		return doc, nil, err
	}
	list, err := s.onAgenda(ctx, id)
	return doc, slices.DeleteFunc(list, func(d store.Doc[Item]) bool { return !scope.Covers(d.State.Keys, d.State.Day) }), err
}

// Happened is one step: when, which, and why.
type Happened struct {
	// At is when, Step what was done, Reason why, "" for none.
	At           time.Time
	Step, Reason string
}

// History returns the steps of an item, oldest first. Errors as those of One.
func (s *Service) History(ctx context.Context, by policy.Actor, id string) ([]Happened, error) {
	if _, err := s.One(ctx, by, id); err != nil {
		return nil, err
	}
	return past(s.items.History(ctx, id), func(i Item) (string, string) { return string(i.Last), i.Reason })
}

// MeetingHistory returns the steps of a meeting, oldest first. Errors as those of One.
func (s *Service) MeetingHistory(ctx context.Context, by policy.Actor, id string) ([]Happened, error) {
	if _, _, err := s.OneMeeting(ctx, by, id); err != nil {
		return nil, err
	}
	return past(s.meetings.History(ctx, id), func(m Meeting) (string, string) { return string(m.Last), m.Reason })
}

func past[T any](changes func(func(store.Change[T], error) bool), said func(T) (step, reason string)) ([]Happened, error) {
	var out []Happened
	for c, err := range changes {
		if err != nil {
			return nil, err
		}
		step, reason := said(c.State)
		out = append(out, Happened{c.At, step, reason})
	}
	return out, nil
}

// PublicResult is what everybody sees of a result: reviewed words and where, nothing of who took part.
type PublicResult struct {
	// Title is the topic, Place the community and project, Words those that were reviewed; Community is the code.
	Title, Place, Words, Community string
	// Class and Outcome are for people, On the day of publication; Solved says that everything was done.
	Class, Outcome string
	On             calendar.Date
	Solved         bool
}

// Results returns a page of what is public, the last first, and the cursor of the next page. It asks for no right.
func (s *Service) Results(ctx context.Context, community, after string) ([]PublicResult, string, error) {
	key := everybody
	if community != "" {
		key = policy.CommunityKey(community)
	}
	page, err := s.items.List(ctx, store.Query{Index: byPublic, Key: key, Desc: true, After: after, Limit: registry.PageSize})
	if err != nil {
		return nil, "", err
	}
	var out []PublicResult
	for _, d := range page.Docs {
		i := &d.State
		out = append(out, PublicResult{Title: i.Title, Place: i.Place(), Words: i.Public, Community: i.Community, Class: i.Class.Title, Outcome: i.Decided().Outcome.Title(), On: i.Published, Solved: i.State == Done})
	}
	return out, page.Next, nil
}

// Tally is what a community, or a township, counts.
type Tally struct {
	// Community and Township are codes with their names; Community is "" for the sum of a township.
	Community, CommunityName string
	Township, TownshipName   string
	// Meetings were held; Items were collected, Heard by a meeting, Published, Solved and Unsolved; Declined were not deliberated.
	Meetings, Items, Heard, Published, Solved, Unsolved, Declined int
	// Tasks were given, Done of them are done; Due had a known last day by now, InTime of those were reported by it.
	Tasks, Done, Due, InTime int
}

func (t *Tally) add(i *Item, now time.Time) {
	t.Items++
	if len(i.Heard) > 0 {
		t.Heard++
	}
	if !i.Published.IsZero() {
		t.Published++
	}
	switch i.State {
	case Done:
		t.Solved++
	case Unsolved:
		t.Unsolved++
	case Declined:
		t.Declined++
	}
	for _, k := range i.Tasks {
		t.Tasks++
		if k.State == TaskDone {
			t.Done++
		}
		due, settled := k.Due.Late(now), k.State != TaskOpen
		if k.Due.Resolved() && (due || settled) {
			t.Due++
			if settled && k.Reported.Compare(k.Due.Due) <= 0 {
				t.InTime++
			}
		}
	}
}

// TallyFilter narrows what is counted; what is zero does not narrow.
type TallyFilter struct {
	// Township is a code; ByTown sums up by township.
	Township string
	ByTown   bool
	// From and Until bound the day on which the problem was entered, and the day of the meeting.
	From, Until calendar.Date
}

// Tallies counts meetings, items and tasks of the actor's scope, by community or township, in order of code. Returns Forbidden without ReadDeliberation.
func (s *Service) Tallies(ctx context.Context, by policy.Actor, w TallyFilter) ([]Tally, error) {
	items, err := s.Items(ctx, by, Filter{Township: w.Township})
	if err != nil {
		return nil, err
	}
	meetings, err := s.Meetings(ctx, by, MeetingFilter{Township: w.Township})
	if err != nil {
		return nil, err
	}
	counted := func(day calendar.Date) bool {
		return (w.From.IsZero() || day.Compare(w.From) >= 0) && (w.Until.IsZero() || day.Compare(w.Until) <= 0)
	}
	sums := map[string]*Tally{}
	at := func(p Where) *Tally {
		id := p.Township
		if !w.ByTown {
			id = p.Community
		}
		if sums[id] == nil {
			sums[id] = &Tally{Township: p.Township, TownshipName: p.TownshipName}
			if !w.ByTown {
				sums[id].Community, sums[id].CommunityName = p.Community, p.CommunityName
			}
		}
		return sums[id]
	}
	now := store.ClockIn(ctx, s.Now)
	for _, d := range items {
		if counted(d.State.Day) {
			at(d.State.Where).add(&d.State, now)
		}
	}
	for _, d := range meetings {
		if m := &d.State; counted(m.On) && (m.State == Held || m.State == Archived) {
			at(m.Where).Meetings++
		}
	}
	out := make([]Tally, 0, len(sums))
	for _, t := range sums {
		out = append(out, *t)
	}
	slices.SortFunc(out, func(a, b Tally) int {
		if c := strings.Compare(a.Township, b.Township); c != 0 {
			return c
		}
		return strings.Compare(a.Community, b.Community)
	})
	return out, nil
}

// Uses implements registry.Uses: “2 件议题” that name a scope key and were touched since a moment, "" for none. It asks for no right and shows nothing of them.
func (s *Service) Uses(ctx context.Context, key string, since time.Time) (string, error) {
	items, err := s.items.ListWhere(ctx, store.Query{Index: byScope, Key: key, Limit: store.MaxLimit}, func(d *store.Doc[Item]) bool { return !d.At.Before(since) })
	if err != nil {
		return "", err
	}
	meetings, err := s.meetings.ListWhere(ctx, store.Query{Index: byScope, Key: key, Limit: store.MaxLimit}, func(d *store.Doc[Meeting]) bool { return !d.At.Before(since) })
	switch {
	case err != nil:
		return "", err
	case len(items.Docs) > 0:
		return strconv.Itoa(len(items.Docs)) + " 件议题", nil
	case len(meetings.Docs) > 0:
		return strconv.Itoa(len(meetings.Docs)) + " 次议事会议", nil
	}
	return "", nil
}
