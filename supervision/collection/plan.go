package collection

import (
	"context"
	"errors"
	"fmt"
	"slices"

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
	Monthly   Every = "month"
	Quarterly Every = "quarter"
)

// Rhythms lists them for a form.
func Rhythms() []registry.Choice {
	return []registry.Choice{{ID: string(Monthly), Text: "每月"}, {ID: string(Quarterly), Text: "每季度"}}
}

// DueRules are the rules of deadlines.yaml by which a task of a plan can be due.
func DueRules() []registry.Choice {
	return []registry.Choice{{ID: "collection.three", Text: "3 个工作日"}, {ID: "collection.five", Text: "5 个工作日"}, {ID: "collection.ten", Text: "10 个工作日"}}
}

// mostDay is the last day of a period on which a plan can hand out: every month has it.
const mostDay = 28

// Plan hands the same task out in every period (周期任务).
type Plan struct {
	// Form is the task as it will be handed out: notice, form and owner; what belongs to one task is empty.
	Form Task `json:"form"`
	// Kind and IDs say to whom; without ids it goes to everybody of the kind in the owner's area on that day.
	Kind UnitKind `json:"kind" privacy:"public"`
	IDs  []string `json:"ids,omitempty" privacy:"internal"`
	// Every is the rhythm, On the day of the period, from 1 to 28, Rule the rule of deadlines.yaml from that day.
	Every Every  `json:"every" privacy:"public"`
	On    int64  `json:"on"`
	Rule  string `json:"rule" privacy:"public"`
	// From is the first day on which it counts.
	From calendar.Date `json:"from"`
	// Stopped is who stopped it; nil while it runs.
	Stopped *supervision.Hand `json:"stopped,omitempty"`
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
	if e == Quarterly {
		q := calendar.QuarterOf(day)
		return q.String(), q.Chinese(), q.Span().First
	}
	year, month, dom := day.Parts()
	return fmt.Sprintf("%04d-%02d", year, int(month)), fmt.Sprintf("%d年%d月", year, int(month)), day.Add(1 - dom)
}

// PlanInput is what the form of a plan says.
type PlanInput struct {
	Every Every
	On    int64
	Rule  string
	// Everybody: it goes to everybody of the kind on that day, not only to who had the task.
	Everybody bool
}

// Repeat makes a plan of a task that was sent to units of one kind: from the next period on it is handed out by itself. Returns Forbidden without SendCollection, NotFound outside the scope, Invalid for refused fields (every, on, rule), Conflict if the task was
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
		p := Plan{Kind: t.To[0].Kind, Every: in.Every, On: in.On, Rule: in.Rule}
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
		_, _, first := p.Every.period(s.Today())
		next := first.AddMonths(1)
		if p.Every == Quarterly {
			next = first.AddMonths(3)
		}
		p.From = next
		return p, s.DB.Claim(ctx, begun.Meta, planKind, task, planKind+"/"+begun.ID)
	})
}

// checkPlan checks rhythm, day and rule.
func (s *Service) checkPlan(p *Plan) error {
	f := s.Check()
	known := func(list []registry.Choice, id string) bool {
		return slices.ContainsFunc(list, func(c registry.Choice) bool { return c.ID == id })
	}
	if !known(Rhythms(), string(p.Every)) {
		f.Fail("every", "请选择每月还是每季度")
	}
	if p.On < 1 || p.On > mostDay {
		f.Fail("on", "下发日要在 1 至 %d 日之间，现在是 %d", mostDay, p.On)
	}
	if !known(DueRules(), p.Rule) {
		f.Fail("rule", "请选择几天内上报")
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

// Stop stops a plan; what it handed out goes on. Returns Forbidden without SendCollection, NotFound outside the scope, Conflict if it was stopped or somebody was quicker.
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

// Next is the day on which a plan hands out next, and the period's name.
func (p *Plan) Next(today calendar.Date) (calendar.Date, string) {
	day := today
	if day.Compare(p.From) < 0 {
		day = p.From
	}
	id, name, first := p.Every.period(day)
	if id != p.Last {
		return first.Add(int(p.On) - 1), name
	}
	months := 1
	if p.Every == Quarterly {
		months = 3
	}
	_, name, first = p.Every.period(first.AddMonths(months))
	return first.Add(int(p.On) - 1), name
}

// RunPlans hands out what is due today, each period once. A job of every morning; twice is once.
func (s *Service) RunPlans(ctx context.Context) error {
	var failed error
	for d, err := range s.plans.Docs.Each(ctx) {
		if err != nil {
			return errors.Join(failed, err)
		}
		if d.State.Stopped == nil {
			failed = errors.Join(failed, s.runPlan(ctx, d))
		}
	}
	return failed
}

func (s *Service) runPlan(ctx context.Context, d store.Doc[Plan]) error {
	p, today := &d.State, s.Today()
	period, name, first := p.Every.period(today)
	on := first.Add(int(p.On) - 1)
	if today.Compare(p.From) < 0 || today.Compare(on) < 0 || p.Last == period {
		return nil
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
		t.Title += "（" + name + "）"
		t.To, t.Due, t.Day, t.State, t.Last, t.Sent, t.Plan, t.Period = to[:min(len(to), maxTo)], due, today, Running, StepSend, &hand, d.ID, name
		t.Made.At = hand.At
		id := d.ID + "." + period
		if _, err := s.tasks.Docs.Commit(ctx, meta, id, 0, t); err != nil && !fault.Is(err, fault.Conflict) {
			return err
		}
		if err := s.follow(ctx, id, meta); err != nil {
			return err
		}
	}
	p.Last = period
	_, err = s.plans.Docs.Commit(ctx, meta, d.ID, d.Seq, *p)
	if fault.Is(err, fault.Conflict) {
		return nil // stopped meanwhile, or done by another process
	}
	return err
}
