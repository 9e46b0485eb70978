package deliberation

import (
	"context"
	"fmt"
	"regexp"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// Meeting is one meeting with who took part by role, and its minutes.
type Meeting struct {
	supervision.Where
	// State is where it stands, Last what was done last, Reason why it was moved or cancelled.
	State  MeetingState `json:"state" privacy:"public"`
	Last   MeetingStep  `json:"last" privacy:"internal"`
	Reason string       `json:"reason,omitempty" privacy:"internal"`
	// Kind is what kind of meeting it is, On the day, At the hour (19:30), Spot the place.
	Kind Choice        `json:"kind"`
	On   calendar.Date `json:"on"`
	At   string        `json:"at" privacy:"public"`
	Spot string        `json:"spot" privacy:"public"`
	// Seats are who is invited and who came.
	Seats []Seat `json:"seats"`
	// Minutes is what was said, without names; Agenda the ids of the items that were heard.
	Minutes string   `json:"minutes,omitempty" privacy:"internal"`
	Agenda  []string `json:"agenda,omitempty" privacy:"public"`
	// Returned are the results that went back to the minutes, Ended the day on which they were closed.
	Returned []Returned    `json:"returned,omitempty"`
	Ended    calendar.Date `json:"ended,omitzero"`
}

// Seat is who takes part in one role.
type Seat struct {
	// ID and Title are those of the list, Firm the id of the firm that sits there, Unit the firm or unit for people.
	ID    string `json:"id" privacy:"public"`
	Title string `json:"title" privacy:"public"`
	Firm  string `json:"firm,omitempty" privacy:"public"`
	Unit  string `json:"unit,omitempty" privacy:"public"`
	// Invited and Present are numbers of people.
	Invited int64 `json:"invited"`
	Present int64 `json:"present,omitempty"`
}

// Returned is what became of one item of the agenda.
type Returned struct {
	// Item is its id, Title its topic, Outcome what the meeting decided.
	Item    string  `json:"item" privacy:"public"`
	Title   string  `json:"title" privacy:"public"`
	Outcome Outcome `json:"outcome" privacy:"public"`
	// State is where the item ended, "" if another meeting heard it again; Result says how, On the day.
	State  State         `json:"state,omitempty" privacy:"public"`
	Result string        `json:"result,omitempty" privacy:"internal"`
	On     calendar.Date `json:"on,omitzero"`
}

// MeetingState is where a meeting stands. A new one gets a row in meetingSteps and a word and colour in internal/web.
type MeetingState string

// The states of a meeting.
const (
	// Planned: to be held.
	Planned MeetingState = "planned"
	// Held: held with its quorum; the minutes are there.
	Held MeetingState = "held"
	// Archived: every result went back to the minutes. Final.
	Archived MeetingState = "archived"
	// Cancelled: not held, or without its quorum. Final.
	Cancelled MeetingState = "cancelled"
)

// MeetingStates are all states in the order of a life.
func MeetingStates() []registry.Choice {
	return []registry.Choice{{ID: string(Planned), Text: "待召开"}, {ID: string(Held), Text: "已召开"}, {ID: string(Archived), Text: "已归档"}, {ID: string(Cancelled), Text: "已取消"}}
}

// Title is the state for people.
func (s MeetingState) Title() string { return registry.TextOf(MeetingStates(), s) }

// MeetingStep is what is done to a meeting; its text is for people.
type MeetingStep string

// The steps of a meeting.
const (
	// MeetingPlan calls it.
	MeetingPlan MeetingStep = "召集会议"
	// MeetingMove to MeetingArchive are the later ones.
	MeetingMove    MeetingStep = "改期"
	MeetingHold    MeetingStep = "登记会议纪要"
	MeetingCancel  MeetingStep = "取消会议"
	MeetingArchive MeetingStep = "纪要归档"
)

// MeetingSteps are the steps after the first.
func MeetingSteps() []MeetingStep {
	return []MeetingStep{MeetingMove, MeetingHold, MeetingCancel, MeetingArchive}
}

// meetingSteps is the one table of transitions of meetings; what is not in it is a Conflict.
var meetingSteps = map[MeetingState]map[MeetingStep]MeetingState{
	Planned:   {MeetingMove: Planned, MeetingHold: Held, MeetingCancel: Cancelled},
	Held:      {MeetingArchive: Archived},
	Archived:  {},
	Cancelled: {},
}

// Can reports whether the table knows a step from the present state.
func (m *Meeting) Can(step MeetingStep) bool { _, ok := meetingSteps[m.State][step]; return ok }

// Name is the meeting for people.
func (m *Meeting) Name() string { return m.On.Chinese() + m.CommunityName + m.Kind.Title }

// People are how many were invited and how many came.
func (m *Meeting) People() (invited, present int64) {
	for _, s := range m.Seats {
		invited, present = invited+s.Invited, present+s.Present
	}
	return invited, present
}

// MeetingInput is what is said when a meeting is called.
type MeetingInput struct {
	// Community is a code, Project an id, "" for a meeting of the whole community.
	Community, Project string
	// Kind is a code, On the day, At the hour, Spot the place.
	Kind     string
	On       calendar.Date
	At, Spot string
	// Seats are who is invited: ID, Firm or Unit where the list asks for one, and Invited.
	Seats []Seat
}

var hourForm = regexp.MustCompile(`^([01]\d|2[0-3]):[0-5]\d$`)

// plan checks the day, hour and place of a meeting.
func (b *bad) plan(m *Meeting, today calendar.Date) {
	if m.On.IsZero() {
		b.Add("on", "请填写开会日期，例如 2026-10-19")
	} else if m.On.Sub(today) > 365 {
		b.Add("on", "开会日期%s在一年以后", m.On.Chinese())
	}
	if !hourForm.MatchString(m.At) {
		b.Add("at", "开会时间“%s”要写成 19:30", m.At)
	}
	b.text("spot", "开会地点", &m.Spot, 2, 60)
}

// Plan calls a meeting and returns it. Returns Forbidden without RunDeliberation, NotFound outside the scope, Invalid for refused fields (community, kind, on, at, spot, seats and firm-, unit-,
// invited- with the code of a seat).
func (s *Service) Plan(ctx context.Context, by policy.Actor, in MeetingInput, idem *store.Idem) (store.Doc[Meeting], error) {
	return s.meetings.Begin(ctx, by, policy.RunDeliberation, string(MeetingPlan), idem, func(begun casework.New) (Meeting, error) {
		where, err := s.where(ctx, by, begun.Scope, in.Community, in.Project)
		if err != nil {
			return Meeting{}, err
		}
		m := Meeting{Where: where, State: Planned, Last: MeetingPlan, On: in.On, At: in.At, Spot: in.Spot}
		var b bad
		kind, ok := s.Terms.kind(in.Kind)
		if !ok {
			b.Add("kind", "请选择会议形式")
		}
		m.Kind = Choice{kind.ID, kind.Title}
		b.plan(&m, s.today())
		if err := s.seat(ctx, &m, in.Seats, kind, &b); err != nil {
			return Meeting{}, err
		}
		if err := b.Err("deliberation.Plan"); err != nil {
			return Meeting{}, err
		}
		return m, nil
	})
}

// seat fills the seats of a meeting that is called.
func (s *Service) seat(ctx context.Context, m *Meeting, asked []Seat, kind Kind, b *bad) error {
	for _, in := range asked {
		known, ok := s.Terms.Seat(in.ID)
		if !ok || in.Invited == 0 {
			continue
		}
		out := Seat{ID: in.ID, Title: known.Title, Invited: in.Invited}
		if in.Invited < 0 || in.Invited > MaxPeople {
			b.Add("invited-"+in.ID, "%s的应到人数 %d 要在 0 至 %d 之间", known.Title, in.Invited, MaxPeople)
		}
		switch {
		case known.Firm:
			names, err := s.Register.FirmNames(ctx, []string{in.Firm})
			if err != nil {
				return err
			}
			if out.Firm, out.Unit = in.Firm, names[in.Firm]; out.Unit == "" {
				b.Add("firm-"+in.ID, "请选择参加的企业")
			}
			m.Reach(in.Firm)
		case known.Unit:
			out.Unit = in.Unit
			b.text("unit-"+in.ID, "参加的单位", &out.Unit, 2, 40)
		}
		m.Seats = append(m.Seats, out)
	}
	if len(m.Seats) == 0 {
		b.Add("seats", "请填写各类参加人员的应到人数")
	}
	for _, id := range kind.Seats {
		if !slices.ContainsFunc(m.Seats, func(out Seat) bool { return out.ID == id }) {
			need, _ := s.Terms.Seat(id)
			b.Add("invited-"+id, "%s要有%s参加", kind.Title, need.Title)
		}
	}
	return nil
}

// Move gives a planned meeting another day, hour or place. Returns Invalid for refused fields (on, at, spot, reason).
func (s *Service) Move(ctx context.Context, by policy.Actor, at casework.At, on calendar.Date, hour, spot, reason string) (store.Doc[Meeting], error) {
	return s.meet(ctx, by, at, MeetingMove, func(m *Meeting, b *bad) error {
		m.On, m.At, m.Spot = on, hour, spot
		b.plan(m, s.today())
		b.text("reason", "改期原因", &reason, 2, 200)
		m.Reason = reason
		return nil
	})
}

// Cancel ends a meeting that was not held, or that lacked its quorum; its items can be put on another agenda. Returns Invalid without a reason.
func (s *Service) Cancel(ctx context.Context, by policy.Actor, at casework.At, reason string) (store.Doc[Meeting], error) {
	return s.meet(ctx, by, at, MeetingCancel, func(m *Meeting, b *bad) error {
		b.text("reason", "取消原因", &reason, 2, 200)
		m.Reason, m.Ended = reason, s.today()
		return nil
	})
}

// Hold enters how many came in which role and the minutes; the items that stand on the agenda now are the ones that were heard. present is by the code of the seat. Returns Conflict before the
// day or without an item, Invalid for refused fields (minutes, present- with the code of a seat, quorum).
func (s *Service) Hold(ctx context.Context, by policy.Actor, at casework.At, present map[string]int64, minutes string) (store.Doc[Meeting], error) {
	const op = "deliberation.Hold"
	return s.meet(ctx, by, at, MeetingHold, func(m *Meeting, b *bad) error {
		if m.On.Compare(s.today()) > 0 {
			return fault.New(op, fault.Conflict, "会议定在"+m.On.Chinese()+"，还没有开")
		}
		list, err := s.onAgenda(ctx, at.ID)
		if err != nil {
			return err
		}
		for _, d := range list {
			if d.State.State == Scheduled {
				m.Agenda = append(m.Agenda, d.ID)
			}
		}
		if len(m.Agenda) == 0 {
			return fault.New(op, fault.Conflict, "会议还没有议题，请先把议题排入会议")
		}
		m.Seats = slices.Clone(m.Seats)
		for i := range m.Seats {
			seat := &m.Seats[i]
			if seat.Present = present[seat.ID]; seat.Present < 0 || seat.Present > seat.Invited {
				b.Add("present-"+seat.ID, "%s实到 %d 人，要在 0 至应到的 %d 人之间", seat.Title, seat.Present, seat.Invited)
			}
		}
		b.text("minutes", "会议纪要", &minutes, 10, 2000)
		m.Minutes = minutes
		if lack := s.Terms.lacks(m); lack != "" {
			b.Add("quorum", "%s；人数不够的不能作出决定，请取消这次会议另行召集", lack)
		}
		return nil
	})
}

// lacks says which part of the quorum a meeting lacks, "" for none.
func (t *Terms) lacks(m *Meeting) string {
	kind, ok := t.kind(m.Kind.ID)
	if !ok {
		return "会议形式“" + m.Kind.Title + "”已不在名单里"
	}
	invited, present := m.People()
	if present < kind.Least {
		return fmt.Sprintf("%s至少要到 %d 人，实到 %d 人", kind.Title, kind.Least, present)
	}
	if present*100 < invited*kind.Percent {
		return fmt.Sprintf("%s至少要到应到人数的 %d%%，应到 %d 人，实到 %d 人", kind.Title, kind.Percent, invited, present)
	}
	for _, id := range kind.Seats {
		if !slices.ContainsFunc(m.Seats, func(s Seat) bool { return s.ID == id && s.Present > 0 }) {
			need, _ := t.Seat(id)
			return kind.Title + "要有" + need.Title + "到场"
		}
	}
	return ""
}

// Archive writes what became of every item back to the minutes and closes them. Returns Conflict while an item that this meeting decided last is open.
func (s *Service) Archive(ctx context.Context, by policy.Actor, at casework.At) (store.Doc[Meeting], error) {
	const op = "deliberation.Archive"
	return s.meet(ctx, by, at, MeetingArchive, func(m *Meeting, _ *bad) error {
		docs, err := s.items.Docs.LoadEach(ctx, m.Agenda)
		if err != nil {
			return err
		}
		for n, d := range docs {
			if d == nil {
				return fault.New(op, fault.Internal, "议题 "+m.Agenda[n]+" 不见了")
			}
			item := &d.State
			heard, ok := found(item.Heard, func(h Hearing) bool { return h.Meeting == at.ID })
			again := ok && item.Decided().Meeting != at.ID
			if !again && !item.State.Final() {
				return fault.New(op, fault.Conflict, "议题“"+item.Name()+"”现在是“"+item.State.Title()+"”，办结以后才能归档")
			}
			r := Returned{Item: d.ID, Title: item.Name(), Outcome: heard.Outcome}
			if !again {
				r.State, r.Result, r.On = item.State, item.Result, item.Ended
			}
			m.Returned = append(m.Returned, r)
		}
		m.Ended = s.today()
		return nil
	})
}

// meet does a step of the table with what f makes of the meeting.
func (s *Service) meet(ctx context.Context, by policy.Actor, at casework.At, step MeetingStep, f func(*Meeting, *bad) error) (store.Doc[Meeting], error) {
	const op = "deliberation.meet"
	return s.meetings.Change(ctx, by, policy.RunDeliberation, at, string(step), func(m *Meeting) error {
		to, ok := meetingSteps[m.State][step]
		if !ok {
			return fault.New(op, fault.Conflict, fmt.Sprintf("这次会议现在是“%s”，不能%s", m.State.Title(), step))
		}
		var b bad
		if err := f(m, &b); err != nil {
			return err
		}
		m.State, m.Last = to, step
		return b.Err(op)
	})
}
