package collection

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Filter narrows a list; what is zero does not narrow.
type Filter struct {
	// Text is looked for in titles and, of answers, in the names of who answers.
	Text string
	// State keeps the tasks in a state, Sheets the answers in one, Missing those that have something to do; Task those of one task.
	State   State
	Sheets  SheetState
	Missing bool
	Task    string
	// Unit keeps the answers of the unit with this scope key, also to tasks of the actor's own office; "" does not narrow.
	Unit string
}

// listed is the query of a list: the latest first, or by deadline.
func listed(due bool, after string) store.Query {
	if due {
		return store.Query{Index: byDue, After: after}
	}
	return store.Query{Index: byScope, Desc: true, After: after}
}

// Tasks returns a page of the tasks of the actor's office, the latest first or with due by deadline. Returns Forbidden without ReadCollection.
func (s *Service) Tasks(ctx context.Context, by policy.Actor, w Filter, due bool, after string) (store.Page[Task], error) {
	return s.tasks.Page(ctx, by, listed(due, after), func(t *Task) bool {
		return registry.Finds(t.Title, w.Text) && (w.State == "" || t.State == w.State)
	})
}

// Sheets returns a page of the answers in the actor's scope whose tasks were sent by others: what his unit has to answer, and what was asked of units in his area; the latest first or with due by deadline. Returns Forbidden without ReadCollection.
func (s *Service) Sheets(ctx context.Context, by policy.Actor, w Filter, due bool, after string) (store.Page[Sheet], error) {
	scope, err := s.sheets.Scope(ctx, by, policy.ReadCollection)
	if err != nil {
		return store.Page[Sheet]{}, err
	}
	return s.sheets.Page(ctx, by, listed(due, after), func(a *Sheet) bool {
		return (w.Unit != "" || scope.All() || !scope.Covers(a.Owner, a.Day)) && s.fitsSheet(a, w)
	})
}

func (s *Service) fitsSheet(a *Sheet, w Filter) bool {
	return (registry.Finds(a.Title, w.Text) || registry.Finds(a.To.Name, w.Text)) && (w.Sheets == "" || a.State == w.Sheets) && (!w.Missing || a.State.Open()) && (w.Task == "" || a.Task == w.Task) && (w.Unit == "" || a.To.Key() == w.Unit)
}

// Work are the answers that the actor's own units have to sign for, fill in, or were reminded of. Returns none without FillCollection.
func (s *Service) Work(ctx context.Context, by policy.Actor) ([]store.Doc[Sheet], error) {
	if !s.Guard.Allow(by, policy.FillCollection) {
		return nil, nil
	}
	scope, err := s.sheets.Scope(ctx, by, policy.FillCollection)
	if err != nil || scope.Empty() || scope.All() {
		return nil, err
	}
	var out []store.Doc[Sheet]
	for q := (store.Query{Index: byWork, In: scope.Keys(), Limit: store.MaxLimit}); ; {
		page, err := s.sheets.Docs.List(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, d := range page.Docs {
			if scope.Covers([]string{d.State.To.Key()}, d.State.Day) {
				out = append(out, d)
			}
		}
		if q.After = page.Next; q.After == "" {
			return out, nil
		}
	}
}

// Running are the tasks of the actor's office that collect answers or wait to be sent, for who sends them. Returns none without SendCollection.
func (s *Service) Running(ctx context.Context, by policy.Actor) ([]store.Doc[Task], error) {
	if !s.Guard.Allow(by, policy.SendCollection) {
		return nil, nil
	}
	return s.tasks.All(ctx, by, store.Query{Index: byScope, Desc: true}, func(t *Task) bool { return !t.State.Final() })
}

// answers are all answers to a task, in the order of its list, whoever asks.
func (s *Service) answers(ctx context.Context, task string) ([]store.Doc[Sheet], error) {
	var out []store.Doc[Sheet]
	for q := (store.Query{Index: byTask, Key: task, Limit: store.MaxLimit}); ; {
		page, err := s.sheets.Docs.List(ctx, q)
		if err != nil {
			return nil, err
		}
		out = append(out, page.Docs...)
		if q.After = page.Next; q.After == "" {
			return out, nil
		}
	}
}

// Count is how the answers to a task stand.
type Count struct {
	// All is how many units have to answer, without those that were lifted; Signed how many of them signed, Answered how many answered, Late how many of these after the deadline, Missing how many have something to do.
	All, Signed, Answered, Late, Missing int
	// Unsigned, Unfilled, Returned and Partial are the parts of Missing.
	Unsigned, Unfilled, Returned, Partial int
}

func countOf(list []store.Doc[Sheet]) (c Count) {
	for i := range list {
		a := &list[i].State
		if a.State == Lifted {
			continue
		}
		c.All++
		if a.Receipt != nil {
			c.Signed++
		}
		if a.Answered() {
			c.Answered++
		}
		if a.Late && a.Answered() {
			c.Late++
		}
		if a.State.Open() {
			c.Missing++
		}
		switch a.State {
		case Unsigned:
			c.Unsigned++
		case Signed:
			c.Unfilled++
		case Returned:
			c.Returned++
		case Partial:
			c.Partial++
		}
	}
	return c
}

// Counted is how the answers to a task stand, whoever asks: it names nobody.
func (s *Service) Counted(ctx context.Context, task string) (Count, error) {
	list, err := s.answers(ctx, task)
	return countOf(list), err
}

// View is a task as an actor sees it.
type View struct {
	store.Doc[Task]
	// Manages: the actor sends, reminds and closes it. Reads: he sees every answer.
	Manages, Reads bool
	// Sheets are the answers in his scope, in the order of the list; Count is how all of these stand.
	Sheets []store.Doc[Sheet]
	Count  Count
	// Alone are the places of those for whom nobody holds an office that could answer.
	Alone map[int64]bool
}

// Task returns a task with the answers that the actor sees: all of them for the office that sent it, else those of units in his scope. Returns Forbidden without ReadCollection, NotFound if he sees none.
func (s *Service) Task(ctx context.Context, by policy.Actor, id string) (View, error) {
	v := View{}
	scope, err := s.sheets.Scope(ctx, by, policy.ReadCollection)
	if err != nil {
		return v, err
	}
	v.Doc, err = s.tasks.In(ctx, by, scope, id)
	v.Reads = err == nil
	if fault.Is(err, fault.NotFound) {
		hidden := err
		if v.Doc, err = s.tasks.Docs.Load(ctx, id); err != nil {
			return View{}, hidden
		}
	}
	if err != nil {
		return v, err
	}
	all, err := s.answers(ctx, id)
	if err != nil {
		return v, err
	}
	for _, d := range all {
		if v.Reads || scope.Covers(d.State.Keys, d.State.Day) {
			v.Sheets = append(v.Sheets, d)
		}
	}
	if !v.Reads && len(v.Sheets) == 0 {
		return View{}, fault.New("collection.Task", fault.NotFound, "没有找到收表任务")
	}
	v.Count = countOf(v.Sheets)
	if v.Manages, err = s.manages(ctx, by, v.State.Owner, v.State.Day); err != nil || !v.Manages {
		return v, err
	}
	return v, s.alone(ctx, &v)
}

// alone finds the units for whom nobody could answer.
func (s *Service) alone(ctx context.Context, v *View) error {
	held, err := s.Holding(ctx, policy.FillCollection)
	if err != nil {
		return err
	}
	v.Alone = map[int64]bool{}
	for i, a := range v.State.To {
		if !held[a.Key()] {
			v.Alone[int64(i)] = true
		}
	}
	return nil
}

func (s *Service) manages(ctx context.Context, by policy.Actor, owner []string, day calendar.Date) (bool, error) {
	if !s.Guard.Allow(by, policy.SendCollection) {
		return false, nil
	}
	scope, err := s.tasks.Scope(ctx, by, policy.SendCollection)
	return err == nil && scope.Covers(owner, day), err
}

// SheetView is an answer as an actor sees it.
type SheetView struct {
	store.Doc[Sheet]
	Task store.Doc[Task]
	// Fills: it is his unit's to answer. Manages: his office sent the task.
	Fills, Manages bool
	// Rows are the rows as they are being written for who fills it in, else those that were sent, as far as he sees them; Hidden is how many he does not see. Names are those of their compounds by id.
	Rows   []Row
	Hidden int
	Names  map[string]Where
	// Compounds are those that a column may name; only for who fills it in.
	Compounds []Compound
	// Whole: names and phones are whole.
	Whole bool
}

// Where is a compound and where it lies.
type Where struct{ Name, Community, Township string }

// Sheet returns an answer. Returns Forbidden without ReadCollection, NotFound outside the scope.
func (s *Service) Sheet(ctx context.Context, by policy.Actor, id string) (SheetView, error) {
	v := SheetView{}
	scope, err := s.sheets.Scope(ctx, by, policy.ReadCollection)
	if err != nil {
		return v, err
	}
	if v.Doc, err = s.sheets.In(ctx, by, scope, id); err != nil {
		return v, err
	}
	if v.Task, err = s.tasks.Docs.Load(ctx, v.State.Task); err != nil {
		return v, err
	}
	if v.Manages, err = s.manages(ctx, by, v.State.Owner, v.State.Day); err != nil {
		return v, err
	}
	if s.Guard.Allow(by, policy.FillCollection) {
		own, err := s.sheets.Scope(ctx, by, policy.FillCollection)
		if err != nil {
			return v, err
		}
		v.Fills = own.Covers([]string{v.State.To.Key()}, v.State.Day)
	}
	v.Whole = v.Fills || v.Manages
	v.Rows = v.State.Rows
	if v.Fills && v.Task.State.State == Running && (v.State.State.Open() || v.State.Drafted) {
		if v.Rows, err = s.working(ctx, &v.Task.State, &v.State); err != nil {
			return v, err
		}
	}
	if v.Fills {
		if v.Compounds, err = s.compounds(ctx, v.State.To, s.Today()); err != nil {
			return v, err
		}
	}
	names := s.names(ctx)
	v.Names = map[string]Where{}
	var seen []Row
	for _, r := range v.Rows {
		shows, err := s.shows(ctx, scope, &v.State, &r, v.Task.State.Columns, v.Whole)
		if err != nil {
			return v, err
		}
		if !shows {
			v.Hidden++
			continue
		}
		for i := range v.Task.State.Columns {
			if v.Task.State.Columns[i].Kind != KindProject || r.At(i) == "" {
				continue
			}
			if v.Names[r.At(i)], err = names(r.At(i), v.State.Day); err != nil {
				return v, err
			}
		}
		if r.Project != "" {
			if v.Names[r.Project], err = names(r.Project, v.State.Day); err != nil {
				return v, err
			}
		}
		seen = append(seen, r)
	}
	v.Rows = seen
	return v, nil
}

// namer finds compounds, each once.
type namer func(project string, day calendar.Date) (Where, error)

func (s *Service) names(ctx context.Context) namer {
	known := map[string]Where{}
	return func(project string, day calendar.Date) (Where, error) {
		if w, ok := known[project]; ok {
			return w, nil
		}
		p, err := s.Register.Place(ctx, project, day)
		if fault.Is(err, fault.NotFound) {
			return Where{Name: "登记已撤回"}, nil
		}
		if err != nil {
			return Where{}, err
		}
		known[project] = Where{Name: p.Name, Community: p.CommunityName, Township: p.TownshipName}
		return known[project], nil
	}
}

// shows tells whether a row of an answer exists for an actor with that scope: all of them for who asked, who answers and the whole county; those of a unit inside the scope; else those about a compound inside the scope.
func (s *Service) shows(ctx context.Context, scope policy.Scope, a *Sheet, r *Row, columns []Column, whole bool) (bool, error) {
	if whole || scope.All() || scope.Covers(a.Owner, a.Day) || a.To.Kind != ToFirm {
		return true, nil
	}
	project := r.about(columns)
	if project == "" {
		return scope.Covers([]string{a.To.Key()}, a.Day), nil
	}
	place, err := s.Register.Place(ctx, project, a.Day)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil && scope.Covers(append(place.Keys(), a.To.Key()), a.Day), err
}

// Text is what a cell says for people.
func (v *SheetView) Text(r *Row, place int) string {
	return textOf(v.Task.State.Columns[place], r.At(place), v.Names, v.Whole)
}

func textOf(c Column, kept string, names map[string]Where, whole bool) string {
	switch {
	case kept == "":
		return ""
	case kept == store.PurgedText:
		return "已销毁"
	case c.Kind == KindProject:
		return names[kept].Name
	case !whole:
		kept = c.Masked(kept)
	}
	return c.Typed(kept)
}

// Merged is one row of the answers to a task put together.
type Merged struct {
	// To is who answered, Where the compound that the row is about with its places; of a row about none the place of the unit, as far as it has one.
	To    Addressee
	Where Where
	// Late: it came after the deadline. Version is that of the form which it answers.
	Late    bool
	Version int64
	Filed   time.Time
	// Texts are the cells for people, Kept the kept values, both by place of the column.
	Texts, Kept []string
	// Matter: the row became a matter.
	Matter bool
}

// Merge puts together what was answered to a task, in the order of its list, as far as the actor sees it; a unit that answered nothing has no row. Returns as Task.
func (s *Service) Merge(ctx context.Context, by policy.Actor, id string) (View, []Merged, error) {
	v, err := s.Task(ctx, by, id)
	if err != nil {
		return v, nil, err
	}
	scope, err := s.sheets.Scope(ctx, by, policy.ReadCollection)
	if err != nil {
		return v, nil, err
	}
	own := policy.Scope{}
	if s.Guard.Allow(by, policy.FillCollection) {
		if own, err = s.sheets.Scope(ctx, by, policy.FillCollection); err != nil {
			return v, nil, err
		}
	}
	names := s.names(ctx)
	var out []Merged
	for i := range v.Sheets {
		a := &v.Sheets[i].State
		if len(a.Rows) == 0 || !a.Answered() {
			continue
		}
		whole := v.Manages || own.Covers([]string{a.To.Key()}, a.Day)
		for k := range a.Rows {
			r := &a.Rows[k]
			shows, err := s.shows(ctx, scope, a, r, v.State.Columns, whole)
			if err != nil {
				return v, nil, err
			}
			if !shows {
				continue
			}
			m, err := s.merged(names, v.State.Columns, a, r, whole)
			if err != nil {
				return v, nil, err
			}
			out = append(out, m)
		}
	}
	return v, out, nil
}

func (s *Service) merged(names namer, columns []Column, a *Sheet, r *Row, whole bool) (m Merged, err error) {
	m = Merged{To: a.To, Late: a.Late, Version: a.Version, Filed: a.Filed.At.Time, Matter: a.MatterOf(r.ID) != ""}
	if project := r.about(columns); project != "" {
		m.Where, err = names(project, a.Day)
	} else if a.To.Kind == ToCommunity {
		m.Where = Where{Community: a.To.Name, Township: a.To.TownshipName}
	} else if a.To.Kind == ToTownship {
		m.Where = Where{Township: a.To.Name}
	}
	for n, c := range columns {
		kept := r.At(n)
		named := map[string]Where{}
		if c.Kind == KindProject && kept != "" && err == nil {
			named[kept], err = names(kept, a.Day)
		}
		m.Texts, m.Kept = append(m.Texts, textOf(c, kept, named, whole)), append(m.Kept, kept)
	}
	return m, err
}

// History returns the changes of a task, oldest first, for who sees it whole. Returns as casework.Rows.History.
func (s *Service) History(ctx context.Context, by policy.Actor, id string) ([]store.Change[Task], error) {
	return s.tasks.History(ctx, by, id)
}

// OpenFile opens the n-th attachment (from 1) of a task. Returns as Task, NotFound for a number that there is not.
func (s *Service) OpenFile(ctx context.Context, by policy.Actor, id string, n int) (io.ReadSeekCloser, int64, files.Stored, error) {
	v, err := s.Task(ctx, by, id)
	if err != nil {
		return nil, 0, files.Stored{}, err
	}
	if n < 1 || n > len(v.State.Files) {
		return nil, 0, files.Stored{}, fault.New("collection.OpenFile", fault.NotFound, "没有找到这个附件")
	}
	f := v.State.Files[n-1]
	r, size, err := s.Keeper.Open(ctx, f.Original)
	return r, size, f, err
}

// Can reports whether a task can take a step now, as far as its state says.
func (t *Task) Can(do Step) bool {
	_, err := t.next(do)
	return err == nil
}

// Can reports whether an answer can take a step now, as far as its state says.
func (a *Sheet) Can(do SheetStep) bool {
	_, err := a.next(do)
	return err == nil
}

// forgetBack is how many days back the ends of tasks are looked through for names and phones whose term has passed.
const forgetBack = 800

// Forget destroys the names and phones of the answers to tasks that ended longer ago than their term. A job of every night; twice is once.
func (s *Service) Forget(ctx context.Context) error {
	meta := store.Meta{By: policy.SystemActor().ID, Action: string(policy.RunJob), Why: "收表里的个人信息保存期满"}
	var failed error
	for back := 1; back <= forgetBack; back++ {
		day := s.Today().Add(-back)
		term, err := s.Deadlines(keepRule, day)
		if err != nil {
			return err
		}
		if !term.Late(s.Now()) {
			continue
		}
		page, err := s.tasks.Docs.List(ctx, store.Query{Index: byEnd, Key: day.String(), Limit: store.MaxLimit})
		if err != nil {
			return err
		}
		for i := range page.Docs {
			failed = errors.Join(failed, s.forget(ctx, meta, page.Docs[i].ID))
		}
	}
	return failed
}

func (s *Service) forget(ctx context.Context, meta store.Meta, task string) error {
	list, err := s.answers(ctx, task)
	if err != nil {
		return err
	}
	for i := range list {
		personal := slices.ContainsFunc(slices.Concat(list[i].State.Rows, list[i].State.Draft), func(r Row) bool { return len(r.Personal) > 0 })
		if list[i].Purged || !personal {
			continue
		}
		if err := s.DB.Purge(ctx, meta, sheetKind+"/"+list[i].ID); err != nil {
			return err
		}
	}
	return nil
}

// Audit holds every answer against its task, and the matters that its rows became against it, and tells what does not fit. It returns how many tasks were sent and how many answers they have. It asks for no right: for doctor.
func (s *Service) Audit(ctx context.Context, found func(title, text string)) (tasks, sheets int, err error) {
	for d, err := range s.tasks.Docs.Each(ctx) {
		if err != nil {
			return tasks, sheets, err
		}
		t := &d.State
		if t.Sent == nil {
			continue
		}
		list, err := s.answers(ctx, d.ID)
		if err != nil {
			return tasks, sheets, err
		}
		tasks, sheets = tasks+1, sheets+len(list)
		there := make([]bool, len(t.To))
		for i := range list {
			a := &list[i].State
			if a.N < 0 || int(a.N) >= len(t.To) || t.To[a.N] != a.To || list[i].ID != SheetID(d.ID, int(a.N)) {
				found(t.Title, "：“"+a.To.Name+"”的表和任务的名单不符")
				continue
			}
			there[a.N] = true
			for _, p := range a.Matters {
				from, err := s.Matters.Admitted(ctx, p.Matter)
				if err != nil && !fault.Is(err, fault.NotFound) {
					return tasks, sheets, err
				}
				if from != list[i].ID {
					found(t.Title, "：“"+a.To.Name+"”转出的事项 "+p.Matter+" 不是由这张表转来的")
				}
			}
		}
		for n, ok := range there {
			if !ok {
				found(t.Title, "：“"+t.To[n].Name+"”还没有表，服务启动后补发")
			}
		}
	}
	return tasks, sheets, nil
}
