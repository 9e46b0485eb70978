package collection

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// Every is how often a plan hands its task out.
type Every string

// The rhythms.
const (
	Weekly     Every = "week"
	Monthly    Every = "month"
	Quarterly  Every = "quarter"
	HalfYearly Every = "half"
	Yearly     Every = "year"
)

// Rhythms lists them for a form.
func Rhythms() []registry.Choice {
	return []registry.Choice{{ID: string(Weekly), Text: "每周"}, {ID: string(Monthly), Text: "每月"}, {ID: string(Quarterly), Text: "每季度"}, {ID: string(HalfYearly), Text: "每半年"}, {ID: string(Yearly), Text: "每年"}}
}

// months is how many months a period has, 0 for a week.
func (e Every) months() int {
	return map[Every]int{Monthly: 1, Quarterly: 3, HalfYearly: 6, Yearly: 12}[e]
}

// next is the first day of the period after the one that begins on a day.
func (e Every) next(first calendar.Date) calendar.Date {
	if e == Weekly {
		return first.Add(7)
	}
	return first.AddMonths(e.months())
}

// DueRules are the rules of deadlines.yaml by which a task of a plan can be due.
func DueRules() []registry.Choice {
	return []registry.Choice{{ID: "collection.three", Text: "3 个工作日"}, {ID: "collection.five", Text: "5 个工作日"}, {ID: "collection.ten", Text: "10 个工作日"}}
}

// The last days of a week and of a month on which a plan can hand out; a month that is shorter does on its last one.
const (
	lastWeekday = 7
	lastDay     = 31
)

// workedRule is the rule of deadlines.yaml that moves a day to the next worked one, counted from the day before.
const workedRule = "collection.worked"

// Plan hands the same task out in every period (周期任务).
type Plan struct {
	// Form is the task as it will be handed out: notice, form and owner; what belongs to one task is empty.
	Form Task `json:"form"`
	// Kind and IDs say to whom; without ids it goes to everybody of the kind in the owner's area on that day.
	Kind UnitKind `json:"kind" privacy:"public"`
	IDs  []string `json:"ids,omitempty" privacy:"internal"`
	// Every is the rhythm, On the day: of a week from 1 (Monday) to 7, otherwise of a month from 1 to 31, where a shorter month has its last day. Month is which month of a quarter, a half-year or a year, from 1; 0 is the first one.
	Every Every `json:"every" privacy:"public"`
	On    int64 `json:"on"`
	Month int64 `json:"month,omitempty"`
	// Rolls: a day of rest is moved to the next worked one. Rule is the rule of deadlines.yaml that runs from the day.
	Rolls bool   `json:"rolls,omitempty"`
	Rule  string `json:"rule" privacy:"public"`
	// From is the first day on which it counts, Until the last one on which it hands out; no date for no end.
	From  calendar.Date `json:"from"`
	Until calendar.Date `json:"until,omitzero"`
	// Stopped is who stopped it for good, Paused who made it pause; nil while it runs.
	Stopped *supervision.Hand `json:"stopped,omitempty"`
	Paused  *supervision.Hand `json:"paused,omitempty"`
	// Last is the period that was handed out last, "" for none yet.
	Last string `json:"last,omitempty" privacy:"public"`
}

func (s *Service) openPlans(ctx context.Context) (*casework.Rows[Plan], error) {
	return casework.NewRows(ctx, s.DB, s.Guard, casework.Kind[Plan]{Word: "周期任务", Read: policy.SendCollection,
		Row: func(p *Plan) casework.Row { return casework.Row{Keys: p.Form.Owner, Day: p.Form.Day} },
		Kind: store.Kind[Plan]{Name: planKind, Version: 1, Indexes: []store.Index[Plan]{
			{Name: byScope, Keys: func(_ string, p *Plan) []string { return supervision.ListKeys(p.Form.Owner) }, Sort: func(_ string, p *Plan) string { return p.Form.Title }}}}})
}

// period is the period of a rhythm in which a day lies: its id, its words and its first day.
func (e Every) period(day calendar.Date) (id, name string, first calendar.Date) {
	year, month, dom := day.Parts()
	switch e {
	case Weekly:
		noon := day.Begins().Add(12 * time.Hour)
		year, week := noon.ISOWeek() // as weekly returns count
		return fmt.Sprintf("%04dW%02d", year, week), fmt.Sprintf("%d年第%d周", year, week), day.Add(-((int(day.Weekday()) + 6) % 7))
	case Quarterly:
		q := calendar.QuarterOf(day)
		return q.String(), q.Chinese(), q.Span().First
	case HalfYearly:
		half := (int(month) + 5) / 6
		return fmt.Sprintf("%04dH%d", year, half), fmt.Sprintf("%d年%s半年", year, map[int]string{1: "上", 2: "下"}[half]), calendar.Year(year).Span().First.AddMonths(6 * (half - 1))
	case Yearly:
		return fmt.Sprintf("%04d", year), fmt.Sprintf("%d年", year), calendar.Year(year).Span().First
	}
	return fmt.Sprintf("%04d-%02d", year, int(month)), fmt.Sprintf("%d年%d月", year, int(month)), day.Add(1 - dom)
}

// planned is one period of a plan: its id, of which later ones come later in the order of texts too, its words, its first day and the day on which it is handed out.
type planned struct {
	id, name  string
	first, on calendar.Date
}

// day is the day of a period that begins on a day.
func (p *Plan) day(first calendar.Date) calendar.Date {
	if p.Every == Weekly {
		return first.Add(int(p.On) - 1)
	}
	month := first.AddMonths(int(max(p.Month, 1)) - 1)
	return month.Add(min(int(p.On), month.AddMonths(1).Sub(month)) - 1)
}

// plannedOn is the period in which a day lies. A year whose worked days nobody knows yet moves nothing.
func (s *Service) plannedOn(p *Plan, day calendar.Date) (planned, error) {
	var out planned
	out.id, out.name, out.first = p.Every.period(day)
	out.on = p.day(out.first)
	if !p.Rolls {
		return out, nil
	}
	worked, err := s.Deadlines(workedRule, out.on.Add(-1))
	if err == nil && worked.Resolved() {
		out.on = worked.Due
	}
	return out, err
}

// counts reports whether a plan hands a period out at all and has not yet.
func (p *Plan) counts(t planned) bool {
	return t.first.Compare(p.From) >= 0 && t.id > p.Last && (p.Until.IsZero() || t.on.Compare(p.Until) <= 0)
}

// dueOn is the period that a plan is to hand out on a day, the zero value for none. What was missed is made up for as long as its period runs; a day that was moved beyond the end of its period counts in the period after.
func (s *Service) dueOn(p *Plan, today calendar.Date) (planned, error) {
	now, err := s.plannedOn(p, today)
	if err != nil {
		return planned{}, err
	}
	before, err := s.plannedOn(p, now.first.Add(-1))
	if err != nil {
		return planned{}, err
	}
	switch {
	case now.on.Compare(today) <= 0 && p.counts(now):
		return now, nil
	case before.on.Compare(today) <= 0 && before.on.Compare(now.first) >= 0 && p.counts(before):
		return before, nil
	}
	return planned{}, nil
}

// When says in words on which days a plan hands out.
func (p *Plan) When() string {
	day := fmt.Sprintf(" %d 日", p.On)
	if p.On == lastDay {
		day = "最后一天"
	} else if p.On > 28 {
		day += "（没有这一天的，在最后一天）"
	}
	said := registry.TextOf(Rhythms(), p.Every)
	switch p.Every {
	case Weekly:
		said += "星期" + string([]rune("一二三四五六日")[(p.On+6)%7])
	case Monthly:
		said += day
	case Yearly:
		said += fmt.Sprintf(" %d 月", max(p.Month, 1)) + day
	default:
		said += fmt.Sprintf("第 %d 个月", max(p.Month, 1)) + day
	}
	if p.Rolls {
		said += "，遇休息日顺延"
	}
	if !p.Until.IsZero() {
		said += "，到" + p.Until.Chinese() + "为止"
	}
	return said
}

// PlanInput is what the form of a plan says.
type PlanInput struct {
	Every Every
	// On, Month, Rolls, Rule and Until as in Plan.
	On, Month int64
	Rolls     bool
	Rule      string
	Until     calendar.Date
	// Everybody: it goes to everybody of the kind on that day, not only to who had the task.
	Everybody bool
}

// Repeat makes a plan of a task that was sent to units of one kind: from the next period on it is handed out by itself. Returns Forbidden without SendCollection, NotFound outside the scope, Invalid for refused fields (every, on, month, rule, until), Conflict if the task was
// not sent, went to several kinds of units, or has a plan.
func (s *Service) Repeat(ctx context.Context, by policy.Actor, task string, in PlanInput, idem *store.Idem) (store.Doc[Plan], error) {
	const op = "collection.Repeat"
	return s.plans.Begin(ctx, by, policy.SendCollection, "设为周期任务", idem, func(begun casework.New) (Plan, error) {
		doc, err := s.tasks.In(ctx, by, begun.Scope, task)
		if err != nil {
			return Plan{}, err
		}
		t := doc.State
		switch {
		case t.Sent == nil:
			return Plan{}, fault.New(op, fault.Conflict, "任务下发以后才能设为周期任务")
		case slices.ContainsFunc(t.To, func(a Addressee) bool { return a.Kind != t.To[0].Kind }):
			return Plan{}, fault.New(op, fault.Conflict, "这个任务发给了不同种类的单位，周期任务只发给一种")
		case t.Plan != "":
			return Plan{}, fault.New(op, fault.Conflict, "这个任务本来就是周期任务发出的")
		}
		p := Plan{Kind: t.To[0].Kind, Every: in.Every, On: in.On, Month: in.Month, Rolls: in.Rolls, Rule: in.Rule, Until: in.Until}
		if err := s.checkPlan(&p); err != nil {
			return Plan{}, err
		}
		if !in.Everybody {
			for _, a := range t.To {
				p.IDs = append(p.IDs, a.ID)
			}
		}
		p.Form = blankOf(t)
		p.Form.Made = s.hand(by, policy.SendCollection)
		return p, s.DB.Claim(ctx, begun.Meta, planKind, task, planKind+"/"+begun.ID)
	})
}

// checkPlan checks rhythm, days and rule, and lets the plan begin with the next period.
func (s *Service) checkPlan(p *Plan) error {
	f := s.Check()
	known := func(list []registry.Choice, id string) bool {
		return slices.ContainsFunc(list, func(c registry.Choice) bool { return c.ID == id })
	}
	if !known(Rhythms(), string(p.Every)) {
		f.Fail("every", "请选择多久一次")
	}
	switch {
	case p.Every == Weekly && (p.On < 1 || p.On > lastWeekday):
		f.Fail("on", "每周的下发日填 1 至 %d（星期一至星期日），现在是 %d", lastWeekday, p.On)
	case p.On < 1 || p.On > lastDay:
		f.Fail("on", "下发日要在 1 至 %d 日之间，现在是 %d", lastDay, p.On)
	}
	switch most := int64(p.Every.months()); {
	case most <= 1 && p.Month > 1:
		f.Fail("month", "%s的不填第几个月", registry.TextOf(Rhythms(), p.Every))
	case p.Month < 0 || most > 1 && p.Month > most:
		f.Fail("month", "%s的填 1 至 %d，不填是第一个月，现在是 %d", registry.TextOf(Rhythms(), p.Every), most, p.Month)
	}
	if !known(DueRules(), p.Rule) {
		f.Fail("rule", "请选择几天内上报")
	}
	if err := f.Err(); err != nil {
		return err
	}
	_, _, first := p.Every.period(s.Today())
	p.From = p.Every.next(first)
	next, err := s.plannedOn(p, p.From)
	if err != nil {
		return err
	}
	if !p.counts(next) {
		f.Fail("until", "第一次下发是%s，要到那天或者以后为止", next.on.Chinese())
	}
	return f.Err()
}

// blankOf is a task as it can be handed out again: the columns that stand, under new names in their order, and nothing that happened to it.
func blankOf(t Task) Task {
	out := Task{Title: t.Title, Text: t.Text, Contact: t.Contact, Files: t.Files, Rows: t.Rows, Version: 1, Category: t.Category, Owner: t.Owner, OwnerName: t.OwnerName, Day: t.Day, State: Draft, Last: StepMake, Made: t.Made}
	var in []ColumnInput
	hazard := -1
	for _, place := range Standing(t.Columns) {
		if t.Columns[place].ID == t.Hazard {
			hazard = len(in)
		}
		one := InputOf(t.Columns[place])
		one.ID = ""
		in = append(in, one)
	}
	out.Columns, _, _ = Revise(nil, 1, in) // they were accepted as they are
	if hazard >= 0 {
		out.Hazard = out.Columns[hazard].ID
	}
	return out
}

// Copy begins a task that asks the same as another one, to be edited. Returns as Make, NotFound outside the scope.
func (s *Service) Copy(ctx context.Context, by policy.Actor, task string, due calendar.Date, idem *store.Idem) (store.Doc[Task], error) {
	return s.tasks.Begin(ctx, by, policy.SendCollection, StepMake.Title(), idem, func(begun casework.New) (Task, error) {
		doc, err := s.tasks.In(ctx, by, begun.Scope, task)
		if err != nil {
			return Task{}, err
		}
		f := s.Check()
		t := blankOf(doc.State)
		t.Due, t.Day, t.To, t.Made = s.until(f, due), s.Today(), doc.State.To, s.hand(by, policy.SendCollection)
		return t, f.Err()
	})
}

// Plans are the plans of the actor's office, by title. Returns Forbidden without SendCollection.
func (s *Service) Plans(ctx context.Context, by policy.Actor) ([]store.Doc[Plan], error) {
	return s.plans.All(ctx, by, store.Query{Index: byScope}, func(*Plan) bool { return true })
}

// Stop stops a plan for good; what it handed out goes on. Returns Forbidden without SendCollection, NotFound outside the scope, Conflict if it was stopped or somebody was quicker.
func (s *Service) Stop(ctx context.Context, by policy.Actor, at casework.At) (store.Doc[Plan], error) {
	return s.plans.Change(ctx, by, policy.SendCollection, at, "停止周期任务", func(p *Plan) error {
		if p.Stopped != nil {
			return fault.New("collection.Stop", fault.Conflict, "这个周期任务已经停止")
		}
		hand := s.hand(by, policy.SendCollection)
		p.Stopped = &hand
		return nil
	})
}

// Pause lets a plan hand nothing out until it is resumed. Returns Forbidden without SendCollection, NotFound outside the scope, Conflict if it does not run or somebody was quicker.
func (s *Service) Pause(ctx context.Context, by policy.Actor, at casework.At) (store.Doc[Plan], error) {
	return s.plans.Change(ctx, by, policy.SendCollection, at, "暂停周期任务", func(p *Plan) error {
		if p.Stopped != nil || p.Paused != nil {
			return fault.New("collection.Pause", fault.Conflict, "这个周期任务没有在运行")
		}
		hand := s.hand(by, policy.SendCollection)
		p.Paused = &hand
		return nil
	})
}

// Resume lets a plan that pauses go on from today: what fell into the pause is not handed out any more. Returns Forbidden without SendCollection, NotFound outside the scope, Conflict if it does not pause or somebody was quicker.
func (s *Service) Resume(ctx context.Context, by policy.Actor, at casework.At) (store.Doc[Plan], error) {
	return s.plans.Change(ctx, by, policy.SendCollection, at, "恢复周期任务", func(p *Plan) error {
		if p.Stopped != nil || p.Paused == nil {
			return fault.New("collection.Resume", fault.Conflict, "这个周期任务没有暂停")
		}
		missed, err := s.dueOn(p, s.Today().Add(-1))
		if err != nil {
			return err
		}
		p.Paused, p.Last = nil, max(p.Last, missed.id)
		return nil
	})
}

// Next is the day on which a plan hands out next, and the period's name; no date if it has come to its end.
func (s *Service) Next(p *Plan) (on calendar.Date, name string, err error) {
	today := s.Today()
	due, err := s.dueOn(p, today)
	if err != nil || due.id != "" {
		return due.on, due.name, err
	}
	day := today
	if day.Compare(p.From) < 0 {
		day = p.From
	}
	// The period before may hand out late, this one may have handed out already.
	_, _, first := p.Every.period(day)
	day = first.Add(-1)
	for range 3 {
		t, err := s.plannedOn(p, day)
		if err != nil {
			return calendar.Date{}, "", err
		}
		if p.counts(t) && t.on.Compare(today) >= 0 {
			return t.on, t.name, nil
		}
		day = p.Every.next(t.first)
	}
	return calendar.Date{}, "", nil
}

// RunPlans hands out what is due today, each period once. A job of every morning; twice is once.
func (s *Service) RunPlans(ctx context.Context) error {
	var failed error
	for d, err := range s.plans.Docs.Each(ctx) {
		if err != nil {
			return errors.Join(failed, err)
		}
		if d.State.Stopped == nil && d.State.Paused == nil {
			failed = errors.Join(failed, s.runPlan(ctx, d))
		}
	}
	return failed
}

func (s *Service) runPlan(ctx context.Context, d store.Doc[Plan]) error {
	p, today := &d.State, s.Today()
	now, err := s.dueOn(p, today)
	if err != nil || now.id == "" {
		return err
	}
	to, err := s.candidates(ctx, p.Kind, func(township string) bool {
		return slices.Contains(p.Form.Owner, policy.County) || slices.Contains(p.Form.Owner, policy.TownshipKey(township))
	})
	if err != nil {
		return err
	}
	if len(p.IDs) > 0 {
		to = slices.DeleteFunc(to, func(a Addressee) bool { return !slices.Contains(p.IDs, a.ID) })
	}
	due, err := s.Deadlines(p.Rule, today)
	if err != nil {
		return err
	}
	by := policy.SystemActor().ID
	meta := store.Meta{By: by, Action: string(policy.RunJob), Why: "周期任务"}
	if len(to) > 0 {
		t := p.Form
		hand := supervision.Hand{By: by, At: journal.At(s.Now())}
		t.Title += "（" + now.name + "）"
		t.To, t.Due, t.Day, t.State, t.Last, t.Sent, t.Plan, t.Period = to[:min(len(to), maxTo)], due, today, Running, StepSend, &hand, d.ID, now.name
		t.Made.At = hand.At
		id := d.ID + "." + now.id
		if _, err := s.tasks.Docs.Commit(ctx, meta, id, 0, t); err != nil && !fault.Is(err, fault.Conflict) {
			return err
		}
		if err := s.follow(ctx, id, meta); err != nil {
			return err
		}
	}
	p.Last = now.id
	_, err = s.plans.Docs.Commit(ctx, meta, d.ID, d.Seq, *p)
	if fault.Is(err, fault.Conflict) {
		return nil // stopped meanwhile, or done by another process
	}
	return err
}
