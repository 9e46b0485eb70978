package deliberation

import (
	"context"
	"slices"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// Register is what a deliberation looks up; registry.Service answers.
type Register interface {
	// OneProject returns a project of the actor's scope. Returns Forbidden without ReadRegister, NotFound.
	OneProject(ctx context.Context, by policy.Actor, id string) (registry.ProjectRow, error)
	// Division returns a division. Returns NotFound.
	Division(ctx context.Context, id string) (registry.DivisionRow, error)
	// Votes lists the votes of the owners of a project.
	Votes(ctx context.Context, by policy.Actor, project string) ([]registry.VoteRow, error)
	// FirmNames returns the names of firms by id.
	FirmNames(ctx context.Context, ids []string) (map[string]string, error)
}

// Days resolves deadlines; *calendar.Calendar does.
type Days interface {
	// Resolve gives a deadline its due date if the calendar reaches that far.
	Resolve(d calendar.Deadline) calendar.Deadline
}

// Config is what deliberation needs; everything is required.
type Config struct {
	// DB keeps it, Guard says who may do what, Now is the business clock.
	DB    *store.DB
	Guard *policy.Guard
	Now   func() time.Time
	// Register is looked up, Terms are the lists, Deadlines starts a deadline by its rule, Days resolves those of tasks.
	Register  Register
	Terms     *Terms
	Deadlines func(rule string, start calendar.Date) (calendar.Deadline, error)
	Days      Days
}

// Service runs the deliberations. Every call names the actor; a refused call writes nothing.
type Service struct {
	Config
	items    *casework.Rows[Item]
	meetings *casework.Rows[Meeting]
}

const (
	itemKind    = "deliberation-item"
	meetingKind = "deliberation-meeting"
	// voteClaim belongs a vote to one item.
	voteClaim = "deliberation-vote"
	// byScope lists by scope key, byOpen what is not over, byAgenda the items of a meeting, byPublic what everybody sees.
	byScope  = "scope"
	byOpen   = "open"
	byAgenda = "agenda"
	byPublic = "public"
	// everybody is the key of byPublic.
	everybody = "public"
)

// The deadlines that are not data of a class.
const (
	publishRule = "deliberation.publish"
	forwardRule = "deliberation.forward"
	taskRule    = "deliberation.task"
)

func itemDocument() casework.Kind[Item] {
	stored := store.Kind[Item]{Name: itemKind, Version: 1, Indexes: []store.Index[Item]{
		{Name: byScope, Keys: func(_ string, i *Item) []string { return append([]string{policy.County}, i.Keys...) }, Sort: func(_ string, i *Item) string { return i.Day.String() }},
		{Name: byOpen, Keys: func(_ string, i *Item) []string {
			if i.State.Final() {
				return nil
			}
			return append([]string{policy.County}, i.Keys...)
		}, Sort: func(_ string, i *Item) string { return i.Day.String() }},
		{Name: byAgenda, Keys: func(_ string, i *Item) []string {
			var out []string
			for _, h := range i.Heard {
				out = append(out, h.Meeting)
			}
			if i.Meeting != "" && !slices.Contains(out, i.Meeting) {
				out = append(out, i.Meeting)
			}
			return out
		}},
		{Name: byPublic, Keys: func(_ string, i *Item) []string {
			if !i.Shown() {
				return nil
			}
			return []string{everybody, policy.CommunityKey(i.Community)}
		}, Sort: func(_ string, i *Item) string { return i.Published.String() }},
	}}
	return casework.Kind[Item]{Kind: stored, Word: "这件议题", Read: policy.ReadDeliberation, Row: func(i *Item) casework.Row { return casework.Row{Keys: i.Keys, Day: i.Day, State: i.State.Title()} }}
}

func meetingDocument() casework.Kind[Meeting] {
	stored := store.Kind[Meeting]{Name: meetingKind, Version: 1, Indexes: []store.Index[Meeting]{
		{Name: byScope, Keys: func(_ string, m *Meeting) []string { return append([]string{policy.County}, m.Keys...) }, Sort: func(_ string, m *Meeting) string { return m.On.String() + m.At }},
		{Name: byOpen, Keys: func(_ string, m *Meeting) []string {
			if m.State == Archived || m.State == Cancelled {
				return nil
			}
			return append([]string{policy.County}, m.Keys...)
		}, Sort: func(_ string, m *Meeting) string { return m.On.String() + m.At }},
	}}
	return casework.Kind[Meeting]{Kind: stored, Word: "这次会议", Read: policy.ReadDeliberation, Row: func(m *Meeting) casework.Row { return casework.Row{Keys: m.Keys, Day: m.Day, State: m.State.Title()} }}
}

// New opens the deliberations.
func New(ctx context.Context, c Config) (*Service, error) {
	items, err := casework.NewRows(ctx, c.DB, c.Guard, itemDocument())
	if err != nil {
		return nil, err
	}
	meetings, err := casework.NewRows(ctx, c.DB, c.Guard, meetingDocument())
	return &Service{Config: c, items: items, meetings: meetings}, err
}

func (s *Service) today() calendar.Date { return calendar.DateOf(s.Now()) }

// bad gathers what is wrong with an input.
type bad struct{ registry.Faults }

// text checks a text and that it holds nothing personal.
func (b *bad) text(name, label string, value *string, least, most int) {
	b.Words(name, label, value, least, most)
	if found := supervision.Personal(*value); found != "" {
		b.Add(name, "%s里的“%s”像是电话、证件号或门牌：不写个人信息，参加人员只写身份", label, found)
	}
}

// where stamps a community, or a project of it, that lies in a scope.
func (s *Service) where(ctx context.Context, by policy.Actor, scope policy.Scope, community, project string) (supervision.Where, error) {
	const op = "deliberation.where"
	w := supervision.Where{Day: s.today()}
	if project != "" {
		row, err := s.Register.OneProject(ctx, by, project)
		if err != nil {
			return w, err
		}
		if community != "" && community != row.Community {
			return w, fault.InvalidFields(op, fault.Field{Name: "project", Message: row.Name + "在" + row.CommunityName + "，不在所选的社区"})
		}
		w.Community, w.CommunityName, w.Township, w.TownshipName = row.Community, row.CommunityName, row.Township, row.TownshipName
		w.Project, w.ProjectName, w.Firm, w.FirmName, w.Keys = project, row.Name, row.Firm, row.FirmName, row.Keys()
		return w, scope.Require(op, w.Keys, w.Day)
	}
	if community == "" {
		return w, fault.InvalidFields(op, fault.Field{Name: "community", Message: "请选择社区"})
	}
	d, err := s.Register.Division(ctx, community)
	if err != nil {
		return w, err
	}
	w.Keys = []string{policy.CommunityKey(community), policy.TownshipKey(d.Parent)}
	if err := scope.Require(op, w.Keys, w.Day); err != nil {
		return w, err
	}
	if d.Level != registry.LevelCommunity {
		return w, fault.InvalidFields(op, fault.Field{Name: "community", Message: d.Display + "不是社区"})
	}
	town, err := s.Register.Division(ctx, d.Parent)
	w.Community, w.CommunityName, w.Township, w.TownshipName = community, d.Display, d.Parent, town.Display
	return w, err
}

// step does a step of the table with what f makes of the item.
func (s *Service) step(ctx context.Context, by policy.Actor, at casework.At, step Step, f func(*Item, *bad) error) (store.Doc[Item], error) {
	action := step.Action()
	return s.items.Change(ctx, by, action, at, string(step), func(i *Item) error {
		s.resolve(i)
		to, err := i.next(step)
		if err != nil {
			return err
		}
		i.Heard, i.Reason = slices.Clone(i.Heard), ""
		var b bad
		if err := f(i, &b); err != nil {
			return err
		}
		if err := b.Err("deliberation.step"); err != nil {
			return err
		}
		if to == onward {
			to = i.onward()
		}
		if to != i.State {
			if i.Due, err = s.dueOf(i, to); err != nil {
				return err
			}
		}
		if to.Final() {
			i.Ended = s.today()
		}
		i.State, i.Last = to, step
		if step != StepVote {
			return nil
		}
		// The claim comes last of what can refuse: it says which item the vote settles.
		return s.claimVote(ctx, store.Meta{By: by.ID, Action: string(action), Why: string(step)}, at.ID, i.Vote)
	})
}

// dueOf starts the deadline of a state, empty without one.
func (s *Service) dueOf(i *Item, to State) (calendar.Deadline, error) {
	switch to {
	case Topical, Enquired, Scheduled:
		if class, ok := s.Terms.class(i.Class.ID); ok && i.Due.Rule != class.Within {
			return s.Deadlines(class.Within, s.today())
		}
		return i.Due, nil
	case Decided, Reviewing:
		if i.Due.Rule == publishRule {
			return i.Due, nil
		}
		return s.Deadlines(publishRule, s.today())
	case Forwarding:
		return s.Deadlines(forwardRule, s.today())
	}
	return calendar.Deadline{}, nil
}

// resolve gives deadlines the due date that the calendar knows by now.
func (s *Service) resolve(i *Item) {
	if i.Due.Rule != "" {
		i.Due = s.Days.Resolve(i.Due)
	}
	i.Tasks = slices.Clone(i.Tasks)
	for n := range i.Tasks {
		i.Tasks[n].Due = s.Days.Resolve(i.Tasks[n].Due)
	}
}

// EveryLife calls yield with the changes, oldest first, of every item that was known by a day, with the deadlines of its tasks as the calendar has them by now, whoever asks: for the rating.
func (s *Service) EveryLife(ctx context.Context, until calendar.Date, yield func([]store.Change[Item]) error) error {
	return s.items.Docs.EachLife(ctx, func(d *store.Doc[Item]) bool { return len(d.State.Tasks) > 0 && d.State.Day.Compare(until) <= 0 }, func(life []store.Change[Item]) error {
		for n := range life {
			s.resolve(&life[n].State)
		}
		return yield(life)
	})
}

// onAgenda are the items that stand or stood on the agenda of a meeting.
func (s *Service) onAgenda(ctx context.Context, meeting string) ([]store.Doc[Item], error) {
	page, err := s.items.Docs.List(ctx, store.Query{Index: byAgenda, Key: meeting, Limit: store.MaxLimit})
	for n := range page.Docs {
		s.resolve(&page.Docs[n].State)
	}
	return page.Docs, err
}
