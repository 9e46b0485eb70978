package matter

import (
	"context"
	"fmt"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
)

// Order is what another platform (12345, 综治) says of a matter that it passed on.
type Order struct {
	// System is one of Platforms, Number the number of the order there.
	System Source `json:"system" privacy:"internal"`
	Number string `json:"number" privacy:"internal"`
	// Received is when it came, Due until when it is to be answered; zero if the platform set no day.
	Received calendar.Date `json:"received"`
	Due      calendar.Date `json:"due,omitzero"`
	// Outcome is the result there, "" before; Done when it was closed there, Words what it says, Satisfied what whoever called said.
	Outcome   Outcome       `json:"outcome,omitempty" privacy:"internal"`
	Done      calendar.Date `json:"done,omitzero"`
	Words     string        `json:"words,omitempty" privacy:"internal"`
	Satisfied Satisfied     `json:"satisfied,omitempty" privacy:"internal"`
}

// SystemTitle is the platform for people.
func (o *Order) SystemTitle() string { return registry.TextOf(Platforms(), o.System) }

// Outcome is the result of another platform.
type Outcome string

// The outcomes.
const (
	OutcomeFixed   Outcome = "fixed"
	OutcomeUnfixed Outcome = "unfixed"
)

// Outcomes lists the outcomes.
func Outcomes() []registry.Choice {
	return []registry.Choice{{ID: string(OutcomeFixed), Text: "已解决"}, {ID: string(OutcomeUnfixed), Text: "未解决"}}
}

const (
	// outerRule names a deadline that another platform set.
	outerRule = "matter.outer"
	// ordersBefore stands before the scope keys of what came from other platforms.
	ordersBefore = "o:"
	// maxNumber is the longest number of an order, in characters.
	maxNumber = 60
)

// outer is the clock of another platform, which wins over ours.
func (o *Order) outer() calendar.Deadline {
	return calendar.Deadline{Rule: outerRule, Start: o.Received, N: o.Due.Sub(o.Received), Unit: calendar.UnitDay, Basis: o.SystemTitle() + "工单的办理期限", Due: o.Due}
}

// clock starts one of our clocks today; it never runs longer than that of another platform.
func (s *Service) clock(m *Matter, rule string) (calendar.Deadline, error) {
	d, err := s.Deadlines(rule, s.today())
	if err == nil && m.Order != nil && !m.Order.Due.IsZero() && (!d.Resolved() || m.Order.Due.Compare(d.Due) < 0) {
		d = m.Order.outer()
	}
	return d, err
}

// answerClock is until when a matter is to be answered: the day that another platform set, else our own term from today.
func (s *Service) answerClock(m *Matter) (calendar.Deadline, error) {
	if m.Order != nil && !m.Order.Due.IsZero() {
		return m.Order.outer(), nil
	}
	return s.Deadlines(m.AnswerRule, s.today())
}

// plainClock is a clock that does not say that another platform set it.
func plainClock(d calendar.Deadline) calendar.Deadline {
	if d.Rule == outerRule {
		d.Basis = "交办时规定的期限"
	}
	return d
}

// OrderLine is one row of a file of orders, read but not yet checked.
type OrderLine struct {
	// Row is the number of the row in the sheet.
	Row int64 `json:"row"`
	// Order is what the platform says.
	Order Order `json:"order"`
	// Category is a code of matters.yaml; Township, Community and Project name the place, the last one may be "".
	Category  string `json:"category" privacy:"public"`
	Township  string `json:"township,omitempty" privacy:"public"`
	Community string `json:"community" privacy:"public"`
	Project   string `json:"project,omitempty" privacy:"public"`
	// Where says the place in words, Words what is the matter.
	Where string `json:"where" privacy:"internal"`
	Words string `json:"words" privacy:"internal"`
	// Office is the office in which the importing person acts; set when the file is checked.
	Office string `json:"office,omitempty" privacy:"public"`
}

// key names the order: platform and number.
func (l OrderLine) key() string {
	return string(l.Order.System) + "/" + strings.TrimSpace(l.Order.Number)
}

// openOrders opens the import of orders.
func (s *Service) openOrders(ctx context.Context) (err error) {
	s.Orders, err = registry.OpenIntake(ctx, s.Guard, policy.ImportMatter, imports.Config[OrderLine]{
		DB: s.DB, Name: "matter-order", Row: func(l OrderLine) int64 { return l.Row }, Target: OrderLine.key,
		// Right and scope were asked when the file was accepted.
		Checker: func() imports.Checker[OrderLine] {
			return (&orderChecker{s, s.Finder(), func([]string, calendar.Date) bool { return true }}).check
		},
	}, func(ctx context.Context, by policy.Actor) (imports.Checker[OrderLine], error) {
		scope, err := s.Guard.Scope(ctx, by, policy.ImportMatter)
		return (&orderChecker{s, s.Finder(), scope.Covers}).check, err
	})
	if err == nil {
		s.Orders.Stamp = func(by policy.Actor, l *OrderLine) { l.Office = s.hand(by, policy.ImportMatter).Office }
	}
	return err
}

// handlesOrders reports whether a person has to know which platform a matter came from: to answer there.
func (s *Service) handlesOrders(by policy.Actor) bool {
	return s.Guard.Allow(by, policy.ImportMatter) || s.Guard.Allow(by, policy.HandleMatter)
}

// orderChecker checks the lines of one file, one after the other.
type orderChecker struct {
	*Service
	find   *registry.Finder
	covers func(keys []string, day calendar.Date) bool
}

// check says what a line would do: take an order in (New), take over what the platform says of it now (Changed), or nothing. An order that is there keeps its place, category and words.
func (c *orderChecker) check(ctx context.Context, l OrderLine) (imports.Step, error) {
	faulty := func(bad ...fault.Field) (imports.Step, error) {
		return imports.Step{Outcome: imports.Faulty, Faults: bad}, nil
	}
	m, bad, err := c.taken(ctx, l)
	if err != nil {
		return imports.Step{}, err
	}
	if len(bad) > 0 {
		return faulty(bad...)
	}
	id := c.DB.MAC("matter/order", l.key())[:32]
	step := imports.Step{Outcome: imports.New, Key: id}
	head, err := c.rows.Head(ctx, id)
	if fault.Is(err, fault.NotFound) {
		step.Do = func(ctx context.Context, meta store.Meta, _ string) error {
			return c.commitOrder(ctx, meta, id, 0, &m, *m.Order, l.Office)
		}
		return step, nil
	}
	if err != nil {
		return step, err
	}
	now := head.State
	if now.Category != m.Category || now.Community != m.Community || now.Project != m.Project || now.Where != m.Where || now.Words != m.Words || now.Order.Received != m.Order.Received {
		return faulty(fault.Field{Name: "number", Message: "这张工单已经登记，来件日期、分类、位置或者内容与登记的不同；重新导入只更新期限和结果，其余请在那件事项里办理"})
	}
	step.ID, step.Cause = id, head.Meta.Cause
	said := now.Order.with(*m.Order)
	if said == *now.Order {
		step.Outcome = imports.Same
		return step, nil
	}
	step.Outcome = imports.Changed
	step.Do = func(ctx context.Context, meta store.Meta, _ string) error {
		return c.commitOrder(ctx, meta, id, head.Seq, &now, said, l.Office)
	}
	return step, nil
}

// with is what the platform says now; what a file leaves empty stays as it was.
func (o Order) with(news Order) Order {
	if !news.Due.IsZero() {
		o.Due = news.Due
	}
	if news.Outcome != "" {
		o.Outcome, o.Done, o.Words, o.Satisfied = news.Outcome, news.Done, news.Words, news.Satisfied
	}
	return o
}

// taken is the matter that a line would make, with everything that is wrong with the line.
func (c *orderChecker) taken(ctx context.Context, l OrderLine) (Matter, []fault.Field, error) {
	var b bad
	kind, category, err := c.Tree.Category(l.Category)
	if err != nil {
		b.add("category", "没有这个分类")
	}
	o := l.Order
	m := Matter{Kind: kind.ID, KindTitle: kind.Title, Category: category.ID, CategoryTitle: category.Title, Hazard: kind.Hazard, Urgent: category.Urgent, AnswerRule: category.Answer,
		Where: l.Where, Words: l.Words, Day: o.Received, Source: o.System, Order: &o}
	b.text("where", "具体位置", &m.Where, 2, MaxPlace)
	b.text("words", "情况", &m.Words, 5, MaxWords)
	o.check(&b, c.today())
	if len(b) > 0 {
		return m, b, nil
	}
	var in Input
	var missing []fault.Field
	if strings.TrimSpace(l.Project) == "" {
		in.Community, missing, err = c.find.Community(ctx, l.Township, l.Community)
	} else {
		in.Project, missing, err = c.find.Project(ctx, l.Township, l.Community, l.Project)
	}
	if err != nil || len(missing) > 0 {
		return m, missing, err
	}
	if err := c.place(ctx, in, &m, &b); err != nil || len(b) > 0 {
		return m, b, err
	}
	if !c.covers(m.Keys, m.Day) {
		b.add("community", "“%s”不在你的任职范围内", strings.TrimSpace(l.Community))
	}
	return m, b, nil
}

// check completes what a platform says, and tells what is wrong with it.
func (o *Order) check(b *bad, today calendar.Date) {
	o.Number, o.Words = strings.TrimSpace(o.Number), strings.TrimSpace(o.Words)
	if !knows(Platforms(), o.System) {
		b.add("system", "来件平台只能填12345热线、综治平台")
	}
	b.text("number", "工单编号", &o.Number, 1, maxNumber)
	switch {
	case o.Received.IsZero():
		b.add("received", "请填写来件日期")
	case o.Received.Compare(today) > 0:
		b.add("received", "来件日期 %s 还没有到", o.Received.Chinese())
	case !o.Due.IsZero() && o.Due.Compare(o.Received) < 0:
		b.add("due", "办理期限 %s 早于来件日期 %s", o.Due.Chinese(), o.Received.Chinese())
	}
	if o.Outcome == "" {
		if !o.Done.IsZero() || o.Words != "" || o.Satisfied != "" {
			b.add("outcome", "填了办结情况的，要填办理结果：已解决或者未解决")
		}
		return
	}
	if !knows(Outcomes(), o.Outcome) {
		b.add("outcome", "办理结果只能填已解决、未解决")
	}
	switch {
	case o.Done.IsZero():
		b.add("done", "有办理结果的要填办结日期")
	case o.Done.Compare(o.Received) < 0:
		b.add("done", "办结日期 %s 早于来件日期 %s", o.Done.Chinese(), o.Received.Chinese())
	case o.Done.Compare(today) > 0:
		b.add("done", "办结日期 %s 还没有到", o.Done.Chinese())
	}
	b.text("result", "结果说明", &o.Words, 2, supervision.MaxReason)
	if o.Satisfied != "" && !knows(Satisfactions(), o.Satisfied) {
		b.add("satisfied", "回访只能填满意、基本满意、不满意、没有联系上")
	}
}

// commitOrder stores a matter as the platform has it now: its result closes the matter, its deadline replaces ours.
func (s *Service) commitOrder(ctx context.Context, meta store.Meta, id string, seq int64, m *Matter, o Order, office string) (err error) {
	move, was := MoveOrderNews, m.Order
	result := o.Outcome != "" && (seq == 0 || o.Outcome != was.Outcome) && m.State != Merged
	m.Order, m.Reason = &o, ""
	hand := supervision.Hand{By: meta.By, Office: office, At: journal.At(s.Now())}
	switch {
	case result:
		move, m.Reason = map[Outcome]Move{OutcomeFixed: MoveOrderFixed, OutcomeUnfixed: MoveOrderUnfixed}[o.Outcome], o.Words
		if err = s.close(m); err != nil {
			return err
		}
	case seq == 0:
		move = MoveOrder
		m.Due, err = s.clock(m, dispatchRule)
	case !m.State.Closed() && o.Due != was.Due:
		m.Reason = fmt.Sprintf("办理期限改为 %s", o.Due.Chinese())
		if !m.AnswerBy.Start.IsZero() {
			m.AnswerBy = o.outer()
		}
		if m.State == Accepted || m.State == Working || m.Due.Rule == outerRule || o.Due.Compare(m.Due.Due) < 0 && m.Due.Resolved() {
			m.Due = o.outer()
		}
	}
	if err != nil {
		return err
	}
	if seq == 0 {
		m.Reported = hand
	}
	if m.State, err = m.State.next(move); err != nil {
		return err
	}
	m.Last, m.Hand = move, hand
	_, err = s.rows.Commit(ctx, meta, id, seq, *m)
	return err
}
