package fund

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Desk is what the desks of claims and refunds need; everything is required.
type Desk struct {
	// DB keeps the cases, Guard says who may do what, Keeper takes papers in.
	DB     *store.DB
	Guard  *policy.Guard
	Keeper *files.Keeper
	// Fund keeps the ledgers.
	Fund *Service
	// Persons and Chains serve the approvals.
	Persons policy.Persons
	Chains  *policy.Chains
	// Deadlines starts a period of deadlines.yaml; NotFound for an unknown rule.
	Deadlines func(rule string, start calendar.Date) (calendar.Deadline, error)
	// Now is the business clock.
	Now func() time.Time
}

// Today is the business day.
func (d Desk) Today() calendar.Date { return calendar.DateOf(d.Now()) }

// Keep takes the paper of a form in. Returns Invalid (paper) if there is none, with what it should be.
func (d Desk) Keep(ctx context.Context, by policy.Actor, action policy.Action, upload *files.Upload, missing string) (files.Stored, error) {
	if upload == nil {
		return files.Stored{}, fault.InvalidFields("fund.Keep", fault.Field{Name: "paper", Message: missing})
	}
	return d.Keeper.Keep(ctx, store.Meta{By: by.ID, Action: string(action)}, upload)
}

// Approvals runs the approvals of the cases.
func (d Desk) Approvals() policy.ApprovalDesk {
	return policy.ApprovalDesk{Guard: d.Guard, Persons: d.Persons, Chains: d.Chains, Now: d.Now}
}

// Paper is a paper of a case.
type Paper struct {
	// Number is that of the paper, Day its day, Text what it says or how it was delivered.
	Number string        `json:"number,omitempty" privacy:"internal"`
	Day    calendar.Date `json:"day,omitzero"`
	Text   string        `json:"text,omitempty" privacy:"internal"`
	// File is its scan, nil if there is none.
	File *files.Stored `json:"file,omitempty"`
	// By is who entered it.
	By string `json:"by,omitempty" privacy:"internal"`
}

// Input is what a form of a case says; each step reads the fields that it names.
type Input struct {
	// Day is a date, Fen an amount, Number the number of a paper, Text words, Choice one of a list.
	Day                  calendar.Date
	Fen                  int64
	Number, Text, Choice string
	// Upload is the paper, nil for none.
	Upload *files.Upload
}

// Check gathers what is wrong with the fields of a form.
type Check struct {
	bad   bad
	today calendar.Date
}

// Check begins a check of fields.
func (d Desk) Check() *Check { return &Check{today: d.Today()} }

// Fail names what is wrong with a field.
func (c *Check) Fail(name, format string, args ...any) { c.bad.add(name, format, args...) }

// Text trims a text and checks its length.
func (c *Check) Text(name, label string, value *string, least, most int) {
	c.bad.text(name, label, value, least, most)
}

// Past refuses a day that is missing, has not come, or lies before another one.
func (c *Check) Past(name, label string, day, after calendar.Date) {
	switch {
	case day.IsZero():
		c.Fail(name, "请填写%s，例如 %s", label, c.today)
	case day.Compare(c.today) > 0:
		c.Fail(name, "%s%s还没有到，今天是%s", label, day.Chinese(), c.today.Chinese())
	case !after.IsZero() && day.Compare(after) < 0:
		c.Fail(name, "%s%s早于%s", label, day.Chinese(), after.Chinese())
	}
}

// Money refuses an amount that is none.
func (c *Check) Money(fen int64) { checkFen(&c.bad, fen) }

// Err is what was refused, nil for nothing.
func (c *Check) Err() error { return c.bad.err("fund.Check") }

// At names the case that somebody saw.
type At struct {
	// ID is the id, Seq the last change seen.
	ID  string
	Seq int64
	// Idem makes a retry safe; nil for none.
	Idem *store.Idem
}

// Cases keeps the cases of one kind: every call asks for right and scope, one change after the other, a refused one writes nothing.
type Cases[T any] struct {
	desk Desk
	rows *store.Collection[T]
	// read is the right to see them, shared is what a case of the kind has of every case.
	read   policy.Action
	shared func(*T) *Case
	// word is what people call one.
	word string
}

// The lists of cases.
const (
	// ByScope lists all by scope key, the latest first.
	ByScope = "scope"
	// ByWork lists those in which something is to be done, by scope key, what is due first on top.
	ByWork = "work"
	// ByProject lists those of a project.
	ByProject = "project"
)

// NewCases opens the cases of a kind with the lists ByScope, ByWork and ByProject. shared is what a case has of every case, over whether nothing is to be done about it any more.
func NewCases[T any](ctx context.Context, desk Desk, kind, word string, read policy.Action, shared func(*T) *Case, over func(*T) bool) (*Cases[T], error) {
	listed := func(c *T) []string { return append([]string{policy.County}, shared(c).Keys...) }
	sort := func(_ string, c *T) string { return shared(c).Opened.String() }
	rows, err := store.NewCollection(ctx, desk.DB, store.Kind[T]{Name: kind, Version: 1, Indexes: []store.Index[T]{
		{Name: ByScope, Keys: func(_ string, c *T) []string { return listed(c) }, Sort: sort},
		{Name: ByWork, Keys: func(_ string, c *T) []string {
			if over(c) {
				return nil
			}
			return listed(c)
		}, Sort: func(_ string, c *T) string {
			if day := shared(c).Clock.Due; !over(c) && !day.IsZero() {
				return day.String()
			}
			return "9999-99-99"
		}},
		{Name: ByProject, Keys: func(_ string, c *T) []string { return []string{shared(c).Project} }, Sort: sort},
	}})
	return &Cases[T]{desk: desk, rows: rows, read: read, shared: shared, word: word}, err
}

// scope is the right and the rows of it.
func (c *Cases[T]) scope(ctx context.Context, by policy.Actor, action policy.Action) (policy.Scope, error) {
	if err := c.desk.Guard.Require(by, action); err != nil {
		return policy.Scope{}, err
	}
	return c.desk.Guard.Scope(ctx, by, action)
}

// load is a case inside a scope; NotFound for everything else.
func (c *Cases[T]) load(ctx context.Context, scope policy.Scope, id string) (store.Doc[T], error) {
	const op = "fund.load"
	hidden := fault.New(op, fault.NotFound, "没有找到"+c.word)
	if !journal.ValidPart(id) {
		return store.Doc[T]{}, hidden
	}
	doc, err := c.rows.Load(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return doc, hidden
	}
	if err != nil {
		return doc, err
	}
	shared := c.shared(&doc.State)
	return doc, scope.Require(op, shared.Keys, shared.Opened)
}

// One returns a case. Returns Forbidden without the right to read, NotFound outside the scope.
func (c *Cases[T]) One(ctx context.Context, by policy.Actor, id string) (store.Doc[T], error) {
	scope, err := c.scope(ctx, by, c.read)
	if err != nil {
		return store.Doc[T]{}, err
	}
	return c.load(ctx, scope, id)
}

// Begin stores a new case that f makes; f gets the scope of the action to ask for the project in it. Returns Forbidden without the action, and what f returns.
func (c *Cases[T]) Begin(ctx context.Context, by policy.Actor, action policy.Action, why string, idem *store.Idem, f func(scope policy.Scope) (T, error)) (store.Doc[T], error) {
	none := store.Doc[T]{}
	scope, err := c.scope(ctx, by, action)
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(action), Why: why, Idem: idem}
	if doc, done, err := c.rows.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	state, err := f(scope)
	if err != nil {
		return none, err
	}
	return c.rows.Commit(ctx, meta, c.desk.DB.NewID(meta), 0, state)
}

// Change commits what f makes of a case inside the scope of an action, if nobody was quicker. Returns Forbidden without the action, NotFound outside the scope,
// Conflict if somebody was quicker, and what f returns.
func (c *Cases[T]) Change(ctx context.Context, by policy.Actor, action policy.Action, at At, why string, f func(*T) error) (store.Doc[T], error) {
	none := store.Doc[T]{}
	scope, err := c.scope(ctx, by, action)
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(action), Why: why, Idem: at.Idem}
	if doc, done, err := c.rows.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	doc, err := c.load(ctx, scope, at.ID)
	if err != nil {
		return none, err
	}
	overtaken := fault.New("fund.Change", fault.Conflict, c.word+"刚被别人办过，请刷新后再办")
	if doc.Seq != at.Seq {
		return none, overtaken
	}
	if err := f(&doc.State); err != nil {
		return none, err
	}
	out, err := c.rows.Commit(ctx, meta, at.ID, at.Seq, doc.State)
	if fault.Is(err, fault.Conflict) {
		if now, headErr := c.rows.Head(ctx, at.ID); headErr == nil && now.Seq != at.Seq {
			return none, overtaken
		}
	}
	return out, err
}

// Page returns one page of a list inside the actor's scope, as far as keep lets it through. Returns Forbidden without the right to read.
func (c *Cases[T]) Page(ctx context.Context, by policy.Actor, q store.Query, keep func(*T) bool) (store.Page[T], error) {
	scope, err := c.scope(ctx, by, c.read)
	if err != nil {
		return store.Page[T]{}, err
	}
	if q.Index != ByProject {
		q.Key = policy.County
		if !scope.All() {
			q.In = scope.Keys()
		}
	}
	q.Limit = PageSize
	return c.rows.ListWhere(ctx, q, func(d *store.Doc[T]) bool {
		shared := c.shared(&d.State)
		return scope.Covers(shared.Keys, shared.Opened) && keep(&d.State)
	})
}

// Of yields the cases of a project, whoever asks: for the desks themselves and for doctor.
func (c *Cases[T]) Of(ctx context.Context, project string) ([]store.Doc[T], error) {
	page, err := c.rows.List(ctx, store.Query{Index: ByProject, Key: project, Limit: store.MaxLimit})
	return page.Docs, err
}

// Every calls yield for every case, whoever asks: for doctor.
func (c *Cases[T]) Every(ctx context.Context, yield func(store.Doc[T])) error {
	for d, err := range c.rows.Each(ctx) {
		if err != nil {
			return err
		}
		yield(d)
	}
	return nil
}

// History returns the changes of a case, oldest first. Errors as those of One.
func (c *Cases[T]) History(ctx context.Context, by policy.Actor, id string) ([]store.Change[T], error) {
	if _, err := c.One(ctx, by, id); err != nil {
		return nil, err
	}
	var out []store.Change[T]
	for change, err := range c.rows.History(ctx, id) {
		if err != nil {
			return nil, err
		}
		out = append(out, change)
	}
	return out, nil
}

// Subject names a case for its approval.
func Subject(kind string, at At) string { return fmt.Sprintf("%s/%s/%d", kind, at.ID, at.Seq) }

// Apart refuses who prepared or approved a case: he does not pay it. Returns Forbidden with the rule.
func Apart(by policy.Actor, made string, a *policy.Approval) error {
	acts := []policy.Act{{Part: policy.PartMake, By: made}}
	if a != nil {
		acts = append(acts, policy.Act{Part: policy.PartMake, By: a.Maker})
		for _, d := range a.Decisions {
			acts = append(acts, policy.Act{Part: policy.PartMake, By: d.By})
		}
	}
	if err := policy.Separate(by, policy.PartCheck, acts); err != nil {
		return &fault.Error{Op: "fund.Apart", Kind: fault.Forbidden, Message: "这件由你经办或者审批，支付必须由另一人完成", Rule: "不相容岗位规则 S-2：经办与审批必须由不同的人完成"}
	}
	return nil
}

// Defect is a finding of a handover inspection for which the developer is liable and which was not repaired in time.
type Defect struct {
	// Project is where, Name what was inspected, Where and Text describe the finding.
	Project, Name, Where, Text string
}

// Says reports whether one of some texts contains a search text; an empty one is in all.
func Says(text string, in ...string) bool {
	text = strings.TrimSpace(text)
	return text == "" || slices.ContainsFunc(in, func(one string) bool { return strings.Contains(one, text) })
}
