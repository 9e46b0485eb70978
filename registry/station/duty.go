package station

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Roster is who is on duty in one community in one month: one stream a month.
type Roster struct {
	// Community and Township are codes, Keys the scope keys, Month is 2026-10.
	Community string   `json:"community" privacy:"public"`
	Township  string   `json:"township" privacy:"public"`
	Keys      []string `json:"keys" privacy:"internal"`
	Month     string   `json:"month" privacy:"public"`
	// Shifts are those of every day of the month, in order.
	Shifts []Shift `json:"shifts"`
}

// Shift is one duty.
type Shift struct {
	// Day is when, Kind which part of it.
	Day  calendar.Date `json:"day"`
	Kind ShiftKind     `json:"kind" privacy:"public"`
	// Worker is the row of the worker, "" for a gap.
	Worker string `json:"worker,omitempty" privacy:"internal"`
	// Unsure: the calendar of the year was not loaded when it was planned, so that the kind follows the weekday only.
	Unsure bool `json:"unsure,omitempty"`
}

// ShiftKind says which part of a day a shift is.
type ShiftKind string

// The kinds of shifts: every day of the year has one.
const (
	// ShiftNoon: a working day is open as usual; one stays over noon and after hours (延时错时).
	ShiftNoon ShiftKind = "noon"
	// ShiftDay: a weekend or public holiday, the whole day.
	ShiftDay ShiftKind = "day"
)

// Title is the kind for people.
func (k ShiftKind) Title() string {
	if k == ShiftNoon {
		return "午间、延时"
	}
	return "全天"
}

const (
	rosterKind = "duty-roster"
	// byMonth lists the rosters of a month by scope key.
	byMonth = "month"
	// gapDays is how far ahead gaps are watched.
	gapDays = 7
)

// rosterDocument is how rosters are stored.
func rosterDocument() store.Kind[Roster] {
	return store.Kind[Roster]{Name: rosterKind, Version: 1, Indexes: []store.Index[Roster]{{
		Name: byMonth,
		Keys: func(_ string, r *Roster) []string { return listKeys(r.Month, r.Keys) },
		Sort: func(_ string, r *Roster) string { return r.Community },
	}}}
}

// listKeys are the keys under which a row of a month or day is listed.
func listKeys(of string, keys []string) []string {
	out := []string{of + "/" + policy.County}
	for _, key := range keys {
		out = append(out, of+"/"+key)
	}
	return out
}

func rosterID(community, month string) string { return community + "/" + month }

// monthOf reads 2026-10. Returns Invalid with the field month.
func monthOf(text string) (first calendar.Date, err error) {
	first, err = calendar.ParseDate(text + "-01")
	if err != nil {
		return first, fault.InvalidFields("station.monthOf", fault.Field{Name: "month", Message: "月份“" + text + "”要写成 2026-10"})
	}
	return first, nil
}

// shiftOn is the kind of a day's shift, and whether the calendar does not know the day.
func (s *Service) shiftOn(day calendar.Date) (kind ShiftKind, unsure bool) {
	worked, known := s.days.Workday(day)
	if !known {
		worked = day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
	}
	if worked {
		return ShiftNoon, !known
	}
	return ShiftDay, !known
}

// plan makes the shifts of a month. Each kind goes round the workers by itself, so that nobody has only the weekends; who had the last one of a kind before goes last. A shift
// that is kept stays as it is. Nobody has two days running while there are three or more.
func (s *Service) plan(first calendar.Date, workers []string, last map[ShiftKind]string) []Shift {
	turn := map[ShiftKind]int{}
	for kind, worker := range last {
		turn[kind] = slices.Index(workers, worker) + 1
	}
	if _, ok := last[ShiftDay]; !ok {
		turn[ShiftDay] = len(workers) / 2
	}
	before := ""
	var out []Shift
	for day, month := first, first.String()[:7]; day.String()[:7] == month; day = day.Add(1) {
		kind, unsure := s.shiftOn(day)
		shift := Shift{Day: day, Kind: kind, Unsure: unsure}
		if len(workers) > 0 {
			shift.Worker = workers[turn[kind]%len(workers)]
			if shift.Worker == before && len(workers) > 2 {
				turn[kind]++
				shift.Worker = workers[turn[kind]%len(workers)]
			}
			turn[kind]++
		}
		before = shift.Worker
		out = append(out, shift)
	}
	return out
}

// onDuty are the workers of a community who take part, in order of their number: those who are in office on a day, by row.
func (s *Service) onDuty(ctx context.Context, by policy.Actor, community string) ([]registry.EntryRow, error) {
	var out []registry.EntryRow
	err := s.Books.AllEntries(ctx, by, registry.EntryQuery{Book: registry.BookWorkers, Community: community}, func(row registry.EntryRow) error {
		out = append(out, row)
		return nil
	})
	return out, err
}

// serves reports whether a worker takes part in duty on a day.
func serves(row registry.EntryRow, day calendar.Date) bool {
	from, _ := calendar.ParseDate(row.Values["from"])
	until, _ := calendar.ParseDate(row.Values["until"])
	return row.Values["duty"] == "yes" && !row.Withdrawn && from.Compare(day) <= 0 && (until.IsZero() || day.Compare(until) <= 0)
}

// MonthView is the roster of a month for people.
type MonthView struct {
	// Community and Name say where, Month is 2026-10; Seq is 0 while nothing was planned.
	Community, Name, Month string
	Seq                    int64
	Days                   []DayView
	// Workers are those who may be put on duty, by row and name; Loads how many shifts each has, in the same order.
	Workers []registry.Choice
	Loads   []int
	// Gaps is how many shifts nobody has, or somebody who is not there on that day. Unsure: the public holidays of the year are not known yet.
	Gaps   int
	Unsure bool
}

// DayView is one shift for people.
type DayView struct {
	Shift
	// Name is that of the worker, masked where the actor may not see it; Holiday names the holiday, “国庆节调休上班” a weekend that is worked for it, "" an ordinary day.
	Name, Holiday string
	// Gap: nobody is on duty, or somebody who is not in office on that day.
	Gap bool
}

// Month shows the roster of a community; of a month that was not planned every day is a gap. Returns Forbidden without ReadStation, NotFound outside the scope, Invalid for the month.
func (s *Service) Month(ctx context.Context, by policy.Actor, community, month string) (MonthView, error) {
	first, err := monthOf(month)
	if err != nil {
		return MonthView{}, err
	}
	name, _, err := s.within(ctx, by, policy.ReadStation, community)
	if err != nil {
		return MonthView{}, err
	}
	v := MonthView{Community: community, Name: name, Month: month}
	d, err := s.rosters.Load(ctx, rosterID(community, month))
	if err != nil && !fault.Is(err, fault.NotFound) {
		return MonthView{}, err
	}
	shifts := d.State.Shifts
	v.Seq = d.Seq
	if d.Seq == 0 {
		shifts = s.plan(first, nil, nil)
	}
	rows, err := s.onDuty(ctx, by, community)
	if err != nil {
		return MonthView{}, err
	}
	known, load := map[string]registry.EntryRow{}, map[string]int{}
	for _, row := range rows {
		known[row.ID] = row
	}
	for _, shift := range shifts {
		day := DayView{Shift: shift, Holiday: s.days.Name(shift.Day), Gap: true}
		if worked, _ := s.days.Workday(shift.Day); worked && day.Holiday != "" {
			day.Holiday += "调休上班"
		}
		if row, ok := known[shift.Worker]; ok {
			day.Name, day.Gap = row.Texts["name"], !serves(row, shift.Day)
			load[shift.Worker]++
		}
		if day.Gap {
			v.Gaps++
		}
		v.Unsure = v.Unsure || shift.Unsure
		v.Days = append(v.Days, day)
	}
	for _, row := range rows {
		if row.Values["duty"] == "yes" {
			v.Workers, v.Loads = append(v.Workers, registry.Choice{ID: row.ID, Text: row.Texts["name"]}), append(v.Loads, load[row.ID])
		}
	}
	return v, nil
}

// PlanMonth plans the roster of a month from those who take part in duty, after the rotation of the month before. With again it is planned anew from today's workers: days that
// are over stay as they were. Returns Forbidden without WriteStation, NotFound outside the scope, Invalid for a month (field month) or if nobody takes part,
// Conflict if it was planned already or seq is not the last change.
func (s *Service) PlanMonth(ctx context.Context, by policy.Actor, community, month string, seq int64, again bool) error {
	const op = "station.PlanMonth"
	first, err := monthOf(month)
	if err != nil {
		return err
	}
	_, keys, err := s.within(ctx, by, policy.WriteStation, community)
	if err != nil {
		return err
	}
	if first.Sub(s.today()) > 400 || first.AddMonths(1).Compare(s.today()) <= 0 {
		return fault.InvalidFields(op, fault.Field{Name: "month", Message: "只能排本月到以后 12 个月的班，现在是" + month})
	}
	id := rosterID(community, month)
	now, err := s.rosters.Load(ctx, id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if now.Seq != seq || now.Seq > 0 != again {
		return fault.New(op, fault.Conflict, "这个月的班已经排过，请刷新后再办")
	}
	rows, err := s.onDuty(ctx, by, community)
	if err != nil {
		return err
	}
	var workers []string
	for _, row := range rows {
		if serves(row, latest(first, s.today())) {
			workers = append(workers, row.ID)
		}
	}
	if len(workers) == 0 {
		return fault.InvalidFields(op, fault.Field{Name: "month", Message: "没有参加值班的在任社区工作者，请先在“社区工作者”里登记"})
	}
	last := map[ShiftKind]string{}
	before, err := s.rosters.Load(ctx, rosterID(community, first.Add(-1).String()[:7]))
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	for _, shift := range before.State.Shifts {
		last[shift.Kind] = shift.Worker
	}
	next := Roster{Community: community, Township: keys[1][2:], Keys: keys, Month: month, Shifts: s.plan(first, workers, last)}
	for i, shift := range now.State.Shifts {
		if shift.Day.Compare(s.today()) <= 0 && i < len(next.Shifts) {
			next.Shifts[i] = shift
		}
	}
	_, err = s.rosters.Commit(ctx, store.Meta{By: by.ID, Action: string(policy.WriteStation), Why: "排" + month + "值班"}, id, now.Seq, next)
	return err
}

func latest(a, b calendar.Date) calendar.Date {
	if a.Compare(b) < 0 {
		return b
	}
	return a
}

// Swap puts a worker on the shift of a day, with a reason; with another day the two shifts change places. Returns Forbidden, NotFound outside the scope or for a month that was not planned,
// Invalid for the fields day, with, worker, reason, Conflict if seq is not the last change.
func (s *Service) Swap(ctx context.Context, by policy.Actor, community, month string, seq int64, day calendar.Date, worker string, with calendar.Date, why string) error {
	const op = "station.Swap"
	if _, _, err := s.within(ctx, by, policy.WriteStation, community); err != nil {
		return err
	}
	now, err := s.rosters.Load(ctx, rosterID(community, month))
	if err != nil {
		return fault.Wrap(op, "", "这个月的班还没有排", err)
	}
	if now.Seq != seq {
		return fault.New(op, fault.Conflict, "值班表刚被别人改过，请刷新后再办")
	}
	var bad []fault.Field
	add := func(name, message string) { bad = append(bad, fault.Field{Name: name, Message: message}) }
	why = strings.TrimSpace(why)
	if n := utf8.RuneCountInString(why); n < 2 || n > 100 {
		add("reason", fmt.Sprintf("换班的原因有 %d 个字，要写 2 至 100 个字", n))
	}
	next := now.State
	next.Shifts = slices.Clone(next.Shifts)
	at := func(day calendar.Date) int {
		return slices.IndexFunc(next.Shifts, func(shift Shift) bool { return shift.Day == day })
	}
	i := at(day)
	switch {
	case i < 0:
		add("day", "日期"+day.String()+"不在这个月里")
	case day.Compare(s.today()) < 0:
		add("day", day.Chinese()+"已经过去，不能换班")
	case !with.IsZero():
		k := at(with)
		if k < 0 || with == day || with.Compare(s.today()) < 0 {
			add("with", "对换的日期要是这个月里没有过去的另一天")
			break
		}
		next.Shifts[i].Worker, next.Shifts[k].Worker = next.Shifts[k].Worker, next.Shifts[i].Worker
	default:
		rows, err := s.onDuty(ctx, by, community)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(rows, func(row registry.EntryRow) bool { return row.ID == worker && serves(row, day) }) {
			add("worker", "请选择那天在任、参加值班的人")
			break
		}
		next.Shifts[i].Worker = worker
	}
	if len(bad) > 0 {
		return fault.InvalidFields(op, bad...)
	}
	_, err = s.rosters.Commit(ctx, store.Meta{By: by.ID, Action: string(policy.WriteStation), Why: why}, now.ID, now.Seq, next)
	return err
}

// Gap is how many of the next seven days of a community have nobody on duty.
type Gap struct {
	// Community and Name say where, First is the first such day, Days how many there are.
	Community, Name string
	First           calendar.Date
	Days            int
}

// Gaps lists the communities for which the actor makes rosters that have a gap within the next seven days, in order of code. Returns Forbidden without WriteStation.
func (s *Service) Gaps(ctx context.Context, by policy.Actor) ([]Gap, error) {
	if err := s.guard.Require(by, policy.WriteStation); err != nil {
		return nil, err
	}
	communities, err := s.Books.CommunitiesFor(ctx, by, policy.WriteStation)
	if err != nil {
		return nil, err
	}
	var out []Gap
	for some := range slices.Chunk(communities, store.MaxLimit) {
		gaps, err := s.gapsOf(ctx, by, some)
		if err != nil {
			return nil, err
		}
		out = append(out, gaps...)
	}
	return out, nil
}

// gapsOf looks at the next seven days of some communities: only of those that have workers on duty at all.
func (s *Service) gapsOf(ctx context.Context, by policy.Actor, communities []registry.DivisionRow) ([]Gap, error) {
	today := s.today()
	workers := map[string]map[string]registry.EntryRow{}
	err := s.Books.AllEntries(ctx, by, registry.EntryQuery{Book: registry.BookWorkers}, func(row registry.EntryRow) error {
		if workers[row.Community] == nil {
			workers[row.Community] = map[string]registry.EntryRow{}
		}
		workers[row.Community][row.ID] = row
		return nil
	})
	if err != nil {
		return nil, err
	}
	on := map[string]map[calendar.Date]string{}
	for _, month := range slices.Compact([]string{today.String()[:7], today.Add(gapDays).String()[:7]}) {
		ids := make([]string, len(communities))
		for i, d := range communities {
			ids[i] = rosterID(d.ID, month)
		}
		docs, err := s.rosters.LoadEach(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			if d == nil {
				continue
			}
			if on[d.State.Community] == nil {
				on[d.State.Community] = map[calendar.Date]string{}
			}
			for _, shift := range d.State.Shifts {
				on[d.State.Community][shift.Day] = shift.Worker
			}
		}
	}
	var out []Gap
	for _, d := range communities {
		if len(workers[d.ID]) == 0 {
			continue
		}
		gap := Gap{Community: d.ID, Name: d.Display}
		for day := today; day.Sub(today) < gapDays; day = day.Add(1) {
			row, ok := workers[d.ID][on[d.ID][day]]
			if ok && serves(row, day) {
				continue
			}
			if gap.Days++; gap.Days == 1 {
				gap.First = day
			}
		}
		if gap.Days > 0 {
			out = append(out, gap)
		}
	}
	return out, nil
}
