package deliberation

import (
	"context"
	"slices"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
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

// key is the narrowest scope key under which the items of the filter are listed, "" for all of the scope.
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
	return ""
}

func (w Filter) lets(i *Item) bool {
	return (w.State == "" || i.State == w.State) && (w.Outcome == "" || i.Decided().Outcome == w.Outcome) && (w.Class == "" || i.Class.ID == w.Class) && (w.Subject == "" || i.Subject.ID == w.Subject) &&
		(w.key() == "" || slices.Contains(i.Keys, w.key())) && (w.Community == "" || i.Community == w.Community) && (w.Township == "" || i.Township == w.Township) && finds(w.Text, i.Title, i.Problem, i.CommunityName, i.ProjectName, i.FirmName)
}

// finds reports whether a text is part of one of the names.
func finds(text string, names ...string) bool {
	text = strings.TrimSpace(text)
	return slices.ContainsFunc(names, func(name string) bool { return registry.Finds(name, text) })
}

// Items returns every item of the actor's scope that the filter lets through, the last first. Returns Forbidden without ReadDeliberation.
func (s *Service) Items(ctx context.Context, by policy.Actor, w Filter) ([]store.Doc[Item], error) {
	index := byScope
	if w.Open {
		index = byOpen
	}
	out, err := s.items.All(ctx, by, store.Query{Index: index, Key: w.key(), Desc: true}, w.lets)
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
	return s.meetings.All(ctx, by, store.Query{Index: index, Key: key, Desc: true}, func(m *Meeting) bool {
		return (w.State == "" || m.State == w.State) && (w.Kind == "" || m.Kind.ID == w.Kind) && (w.Community == "" || m.Community == w.Community) && (w.Township == "" || m.Township == w.Township) &&
			(w.Project == "" || m.Project == w.Project) && finds(w.Text, m.CommunityName, m.ProjectName, m.Spot)
	})
}

// One returns an item. Returns Forbidden without ReadDeliberation, NotFound outside the scope.
func (s *Service) One(ctx context.Context, by policy.Actor, id string) (store.Doc[Item], error) {
	doc, err := s.items.One(ctx, by, id)
	s.resolve(&doc.State)
	return doc, err
}

// OneMeeting returns a meeting and the items on its agenda that lie in the actor's scope. Errors as those of One.
func (s *Service) OneMeeting(ctx context.Context, by policy.Actor, id string) (store.Doc[Meeting], []store.Doc[Item], error) {
	doc, err := s.meetings.One(ctx, by, id)
	if err != nil {
		return doc, nil, err
	}
	list, err := s.items.All(ctx, by, store.Query{Index: byAgenda, Key: id}, func(*Item) bool { return true })
	for n := range list {
		s.resolve(&list[n].State)
	}
	return doc, list, err
}

// History returns the changes of an item, oldest first. Errors as those of One.
func (s *Service) History(ctx context.Context, by policy.Actor, id string) ([]store.Change[Item], error) {
	return s.items.History(ctx, by, id)
}

// MeetingHistory returns the changes of a meeting, oldest first. Errors as those of One.
func (s *Service) MeetingHistory(ctx context.Context, by policy.Actor, id string) ([]store.Change[Meeting], error) {
	return s.meetings.History(ctx, by, id)
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
	page, err := s.items.Docs.List(ctx, store.Query{Index: byPublic, Key: key, Desc: true, After: after, Limit: registry.PageSize})
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
	at := func(p supervision.Where) *Tally {
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
	if said, err := s.items.Touched(ctx, byScope, key, since, "件议题"); err != nil || said != "" {
		return said, err
	}
	return s.meetings.Touched(ctx, byScope, key, since, "次议事会议")
}
