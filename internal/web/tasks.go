package web

import (
	"cmp"
	"context"
	"slices"
	"time"

	"redsteward/internal/calendar"
	"redsteward/policy"
)

// Task is one line of a to-do page: something that the actor can act on now or, if Waits, that somebody else has to do first.
type Task struct {
	// Due is the last day on which it is in time, no date without a deadline; At, if not zero, is the instant on that day before which it must be done.
	Due calendar.Date
	At  time.Time
	// Unresolved: there is a deadline, but the calendar of its year is not loaded. It is never late.
	Unresolved bool
	// Basis says which deadline it is, "" for none.
	Basis string
	// Title is a sentence with verb and object, Context one line about it, Party the responsible unit (责任单位).
	Title, Context, Party string
	// Link is where it is done, Button says so in two to six characters.
	Link, Button string
	// Nav is the path of the navigation entry that counts it, "" for none.
	Nav string
	// Order is the place among what is due on the same day, for work that was put in an order; 0 for none.
	Order int64
	// Count is how many pieces the line stands for, at least 1.
	Count int
	// Waits: nothing can be done but wait for Party.
	Waits bool
}

// Tasks is one part of the program that makes work for people.
type Tasks interface {
	// Tasks returns what the actor can act on now, all of it and in any order (a long page lets equal lines stand together); none for somebody without the rights. It reads declared lists only.
	Tasks(ctx context.Context, by policy.Actor, now time.Time) ([]Task, error)
}

// partsWithTasks are the parts of this installation that make work. A new part gets a line here.
func (s *Server) partsWithTasks() []Tasks {
	parts := []Tasks{EmergencyTasks{Guard: s.guard, People: s.people}}
	if s.privacy != nil {
		parts = append(parts, DataRequestTasks{Requests: s.privacy.Requests})
	}
	if s.evidence != nil {
		parts = append(parts, ProofTasks{Guard: s.guard, Proofs: s.evidence.Proofs, Projects: s.evidence.Projects})
	}
	if s.supervision != nil {
		var terms Terms = noTerms{}
		if s.cycle != nil {
			terms = s.cycle
		}
		parts = append(parts, VisitTasks{Guard: s.guard, Visits: s.supervision.Visits, Terms: terms}, ObservationTasks{Guard: s.guard, Observations: s.supervision.Observations, Terms: terms})
	}
	if s.inspections != nil {
		parts = append(parts, InspectionTasks{Cases: s.inspections})
		if s.draws != nil {
			parts = append(parts, DrawTasks{Draws: s.draws})
		}
	}
	if s.responses != nil {
		parts = append(parts, ResponseTasks{Responses: s.responses})
	}
	if s.vetoes != nil {
		parts = append(parts, VetoTasks{Vetoes: s.vetoes})
	}
	if s.rectifications != nil {
		parts = append(parts, RectificationTasks{Cases: s.rectifications})
	}
	if s.standings != nil {
		parts = append(parts, StandingTasks{Standings: s.standings})
	}
	if s.cycle != nil {
		parts = append(parts, PeriodTasks{Guard: s.guard, Cycle: s.cycle}, ObjectionTasks{Guard: s.guard, Cycle: s.cycle}, RemarkTasks{Cycle: s.cycle}, CoachWork{Guard: s.guard, Cycle: s.cycle})
	}
	if s.applications != nil {
		parts = append(parts, ApplicationTasks{Applications: s.applications, Cycle: s.cycle})
	}
	if s.letters != nil {
		parts = append(parts, OfficeTasks{Guard: s.guard, Letters: s.letters})
	}
	if s.collections != nil {
		parts = append(parts, CollectionTasks{Collections: s.collections})
	}
	if s.notices != nil {
		parts = append(parts, NoticeTasks{Guard: s.guard, Notices: s.notices})
	}
	if s.adoptions != nil {
		parts = append(parts, SchemeTasks{Schemes: s.adoptions})
	}
	if s.returns != nil {
		parts = append(parts, ReturnTasks{Guard: s.guard, Returns: s.returns})
	}
	if s.handovers != nil {
		parts = append(parts, HandoverTasks{Guard: s.guard, Service: s.handovers.Service})
	}
	if s.registered != nil {
		parts = append(parts, StartTasks{Guard: s.guard, People: s.people, Register: s.registered}, ExpiryTasks{Guard: s.guard, Expiries: s.registered})
	}
	if s.changes != nil {
		parts = append(parts, ChangeTasks{Guard: s.guard, Changes: s.changes})
	}
	if s.bodies != nil {
		parts = append(parts, BodyTasks{Guard: s.guard, Bodies: s.bodies})
	}
	if s.matters != nil {
		parts = append(parts, MatterTasks{Guard: s.guard, Matters: s.matters})
	}
	if s.deliberations != nil {
		parts = append(parts, DeliberationTasks{Guard: s.guard, Deliberations: s.deliberations})
	}
	if s.wishes != nil {
		parts = append(parts, WishTasks{Guard: s.guard, Wishes: s.wishes})
	}
	if s.surveys != nil {
		parts = append(parts, SurveyTasks{Guard: s.guard, Surveys: s.surveys})
	}
	if s.repairs != nil {
		parts = append(parts, RepairTasks{Guard: s.guard, Repairs: s.repairs})
	}
	if s.fund != nil {
		parts = append(parts, FundTasks{Guard: s.guard, Fund: s.fund})
	}
	if s.party != nil {
		parts = append(parts, PartyTasks{Guard: s.guard, Sheets: s.party})
	}
	if s.conduct != nil {
		parts = append(parts, ConductTasks{Guard: s.guard, Books: s.conduct})
	}
	if s.claims != nil {
		parts = append(parts, ClaimTasks{Claims: s.claims})
	}
	if s.refunds != nil {
		parts = append(parts, RefundTasks{Refunds: s.refunds})
	}
	if s.dunnings != nil {
		parts = append(parts, DunningTasks{Dunnings: s.dunnings})
	}
	if s.filings != nil {
		parts = append(parts, FilingTasks{Guard: s.guard, Filings: s.filings})
	}
	if s.stations != nil {
		parts = append(parts, StationTasks{Guard: s.guard, Stations: s.stations})
	}
	return parts
}

// collectTasks asks every part.
func (s *Server) collectTasks(ctx context.Context, by policy.Actor) ([]Task, error) {
	now := s.clocks.Business()
	var all []Task
	for _, part := range s.tasks {
		some, err := part.Tasks(ctx, by, now)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	all = s.withoutOff(all)
	for i := range all {
		all[i].Count = max(1, all[i].Count)
	}
	return all, nil
}

// The sections of a to-do page, in their order.
const (
	taskLate = iota
	taskToday
	taskSoon
	taskOpen
	taskLater
	taskWaits
	taskSections
)

// soonWorkdays is how many working days ahead 五个工作日内 reaches; soonDays stands in for it where the calendar is not loaded.
const (
	soonWorkdays = 5
	soonDays     = 7
)

// taskClock tells how a deadline stands today.
type taskClock struct {
	now      time.Time
	today    calendar.Date
	holidays *calendar.Calendar
	// soon is the last day of the section 五个工作日内; exact says that it was counted in working days.
	soon  calendar.Date
	exact bool
}

func newTaskClock(now time.Time, holidays *calendar.Calendar) taskClock {
	t := taskClock{now: now, today: calendar.DateOf(now), holidays: holidays}
	if holidays != nil {
		t.soon, t.exact = holidays.Workdays(t.today, soonWorkdays)
	}
	if !t.exact {
		t.soon = t.today.Add(soonDays)
	}
	return t
}

// late reports whether a task is overdue.
func (t taskClock) late(k Task) bool {
	return !k.Due.IsZero() && (k.Due.Compare(t.today) < 0 || !k.At.IsZero() && !t.now.Before(k.At))
}

// section is where a task stands.
func (t taskClock) section(k Task) int {
	switch {
	case k.Waits:
		return taskWaits
	case t.late(k):
		return taskLate
	case k.Due.IsZero():
		return taskOpen
	case k.Due == t.today:
		return taskToday
	case k.Due.Compare(t.soon) <= 0:
		return taskSoon
	}
	return taskLater
}

// farDays is how far ahead working days are counted; beyond it calendar days say enough.
const farDays = 60

// worked counts the working days after one day up to another; false if the calendar does not know all of them, or they are far apart.
func (t taskClock) worked(from, to calendar.Date) (int, bool) {
	if t.holidays == nil || to.Sub(from) > farDays {
		return 0, false
	}
	n := 0
	for d := from.Add(1); d.Compare(to) <= 0; d = d.Add(1) {
		worked, known := t.holidays.Workday(d)
		if !known {
			return 0, false
		}
		if worked {
			n++
		}
	}
	return n, true
}

// soonChip is how many working days before its end a deadline is called 临期 (ui.md §3).
const soonChip = 3

// left says how a deadline stands: a word of the status list and the precise words for it. The word is "" without a deadline.
func (t taskClock) left(k Task) (state, precise string) {
	switch {
	case k.Unresolved:
		return "时限未定", "时限暂不能计算"
	case k.Due.IsZero():
		return "", ""
	case t.late(k):
		switch n, ok := t.worked(k.Due, t.today); {
		case k.Due == t.today:
			return "逾期", "今天已过时"
		case ok && n > 0:
			return "逾期", "逾期 " + count(n) + " 个工作日"
		}
		return "逾期", "逾期 " + count(t.today.Sub(k.Due)) + " 日"
	case k.Due == t.today:
		return "今天到期", ""
	}
	n, ok := t.worked(t.today, k.Due)
	switch {
	case !ok:
		return "期限内", "还剩 " + count(k.Due.Sub(t.today)) + " 日"
	case n == 0:
		return "临期", "下一个工作日前到期"
	case n <= soonChip:
		return "临期", "还剩 " + count(n) + " 个工作日"
	}
	return "期限内", "还剩 " + count(n) + " 个工作日"
}

// byDue orders what is due first on top; what has no date comes last.
func byDue(a, b Task) int {
	if a.Due.IsZero() != b.Due.IsZero() {
		if a.Due.IsZero() {
			return 1
		}
		return -1
	}
	return cmp.Or(a.Due.Compare(b.Due), a.At.Compare(b.At), cmp.Compare(a.Order, b.Order), cmp.Compare(a.Title, b.Title))
}

// pieces is how many pieces of work some tasks stand for.
func pieces(list []Task) int {
	n := 0
	for _, k := range list {
		n += k.Count
	}
	return n
}

// pile gathers equal pieces of work that are due on the same day into one line.
type pile struct {
	order []calendar.Date
	tasks map[calendar.Date]*Task
	// parties are the responsible units of each line.
	parties map[calendar.Date][]string
}

// add puts a piece on its line; the first piece of a day is the line.
func (p *pile) add(k Task) {
	if p.tasks == nil {
		p.tasks, p.parties = map[calendar.Date]*Task{}, map[calendar.Date][]string{}
	}
	line, ok := p.tasks[k.Due]
	if !ok {
		line = &k
		line.Count = 0
		p.tasks[k.Due] = line
		p.order = append(p.order, k.Due)
	}
	line.Count++
	if k.Party != "" && !slices.Contains(p.parties[k.Due], k.Party) {
		p.parties[k.Due] = append(p.parties[k.Due], k.Party)
	}
}

// lines are the lines with their titles: what to do with how many of which measure word. most says that there are more pieces than were read.
func (p *pile) lines(title func(n string) string, unit string, most bool) []Task {
	var out []Task
	for i, due := range p.order {
		line := *p.tasks[due]
		n := count(line.Count)
		if most && i == len(p.order)-1 {
			n = "至少 " + n
		}
		line.Title = title(n)
		if parties := p.parties[due]; len(parties) > 1 {
			line.Party = count(len(parties)) + " " + unit
		}
		out = append(out, line)
	}
	return out
}
