package deliberation

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
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
	items    *store.Collection[Item]
	meetings *store.Collection[Meeting]
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

func itemDocument() store.Kind[Item] {
	return store.Kind[Item]{Name: itemKind, Version: 1, Indexes: []store.Index[Item]{
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
}

func meetingDocument() store.Kind[Meeting] {
	return store.Kind[Meeting]{Name: meetingKind, Version: 1, Indexes: []store.Index[Meeting]{
		{Name: byScope, Keys: func(_ string, m *Meeting) []string { return append([]string{policy.County}, m.Keys...) }, Sort: func(_ string, m *Meeting) string { return m.On.String() + m.At }},
		{Name: byOpen, Keys: func(_ string, m *Meeting) []string {
			if m.State == Archived || m.State == Cancelled {
				return nil
			}
			return append([]string{policy.County}, m.Keys...)
		}, Sort: func(_ string, m *Meeting) string { return m.On.String() + m.At }},
	}}
}

// New opens the deliberations.
func New(ctx context.Context, c Config) (*Service, error) {
	items, err := store.NewCollection(ctx, c.DB, itemDocument())
	if err != nil {
		return nil, err
	}
	meetings, err := store.NewCollection(ctx, c.DB, meetingDocument())
	return &Service{Config: c, items: items, meetings: meetings}, err
}

// At is the item or meeting that a command is about.
type At struct {
	// ID is its id, Seq the change of it that the actor saw.
	ID  string
	Seq int64
	// Idem makes a retry safe, nil for none.
	Idem *store.Idem
}

func (s *Service) today() calendar.Date { return calendar.DateOf(s.Now()) }

// bad gathers what is wrong with an input.
type bad []fault.Field

func (b *bad) add(name, format string, args ...any) {
	*b = append(*b, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
}

func (b *bad) err(op string) error {
	if len(*b) == 0 {
		return nil
	}
	return fault.InvalidFields(op, *b...)
}

// personal is what no text may hold: phones and identity numbers, and doors.
var personal = regexp.MustCompile(`\d{7,}[\dXx]?|\d{3,4}\s*(?:室|号房|户)`)

// text trims a text, checks its length in signs and that it holds nothing personal.
func (b *bad) text(name, label string, value *string, least, most int) {
	*value = strings.TrimSpace(*value)
	if n := utf8.RuneCountInString(*value); n < least || n > most {
		b.add(name, "%s要写 %d 至 %d 个字，现在有 %d 个", label, least, most, n)
	}
	if found := personal.FindString(*value); found != "" {
		b.add(name, "%s里的“%s”像是电话、证件号或门牌：不写个人信息，参加人员只写身份", label, found)
	}
}

// past checks a day that must have come, and not before another one.
func (b *bad) past(name, label string, day, earliest, today calendar.Date) {
	switch {
	case day.IsZero():
		b.add(name, "请填写%s，例如 2026-10-19", label)
	case day.Compare(today) > 0:
		b.add(name, "%s%s还没有到", label, day.Chinese())
	case day.Compare(earliest) < 0:
		b.add(name, "%s%s早于%s", label, day.Chinese(), earliest.Chinese())
	}
}

func (s *Service) scope(ctx context.Context, by policy.Actor, action policy.Action) (policy.Scope, error) {
	if err := s.Guard.Require(by, action); err != nil {
		return policy.Scope{}, err
	}
	return s.Guard.Scope(ctx, by, action)
}

// where stamps a community, or a project of it, that lies in the actor's scope for an action.
func (s *Service) where(ctx context.Context, by policy.Actor, action policy.Action, community, project string) (Where, error) {
	const op = "deliberation.where"
	scope, err := s.scope(ctx, by, action)
	if err != nil {
		return Where{}, err
	}
	w := Where{Day: s.today()}
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

// step loads an item inside the scope, checks the step and that nobody was quicker, and commits what f makes of it.
func (s *Service) step(ctx context.Context, by policy.Actor, at At, step Step, f func(*Item, *bad) error) (store.Doc[Item], error) {
	const op = "deliberation.step"
	none := store.Doc[Item]{}
	action := step.Action()
	scope, err := s.scope(ctx, by, action)
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(action), Why: string(step), Idem: at.Idem}
	if doc, done, err := s.items.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	doc, err := s.load(ctx, scope, at.ID)
	if err != nil {
		return none, err
	}
	i := doc.State
	if doc.Seq != at.Seq {
		return none, fault.New(op, fault.Conflict, "这件议题刚被别人办过，现在是“"+i.State.Title()+"”，请刷新后再办")
	}
	to, err := i.next(step)
	if err != nil {
		return none, err
	}
	i.Tasks, i.Heard, i.Reason = slices.Clone(i.Tasks), slices.Clone(i.Heard), ""
	var b bad
	if err := f(&i, &b); err != nil {
		return none, err
	}
	if err := b.err(op); err != nil {
		return none, err
	}
	if to == onward {
		to = i.onward()
	}
	if to != i.State {
		if i.Due, err = s.dueOf(&i, to); err != nil {
			return none, err
		}
	}
	if to.Final() {
		i.Ended = s.today()
	}
	if step == StepVote {
		// The claim comes last of what can refuse: it says which item the vote settles.
		if err := s.claimVote(ctx, meta, at.ID, i.Vote); err != nil {
			return none, err
		}
	}
	i.State, i.Last = to, step
	return s.items.Commit(ctx, meta, at.ID, at.Seq, i)
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

// load is an item inside the scope with its deadlines as far as the calendar reaches now; NotFound for everything else.
func (s *Service) load(ctx context.Context, scope policy.Scope, id string) (store.Doc[Item], error) {
	const op = "deliberation.load"
	if !journal.ValidPart(id) {
		return store.Doc[Item]{}, fault.New(op, fault.NotFound, "没有找到要看的内容")
	}
	doc, err := s.items.Load(ctx, id)
	if err != nil {
		return doc, err
	}
	s.resolve(&doc.State)
	return doc, scope.Require(op, doc.State.Keys, doc.State.Day)
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

// loadMeeting is a meeting inside the scope; NotFound for everything else.
func (s *Service) loadMeeting(ctx context.Context, scope policy.Scope, id string) (store.Doc[Meeting], error) {
	const op = "deliberation.loadMeeting"
	if !journal.ValidPart(id) {
		return store.Doc[Meeting]{}, fault.New(op, fault.NotFound, "没有找到要看的内容")
	}
	doc, err := s.meetings.Load(ctx, id)
	if err != nil {
		return doc, err
	}
	return doc, scope.Require(op, doc.State.Keys, doc.State.Day)
}

// onAgenda are the items that stand or stood on the agenda of a meeting.
func (s *Service) onAgenda(ctx context.Context, meeting string) ([]store.Doc[Item], error) {
	page, err := s.items.List(ctx, store.Query{Index: byAgenda, Key: meeting, Limit: store.MaxLimit})
	for n := range page.Docs {
		s.resolve(&page.Docs[n].State)
	}
	return page.Docs, err
}
