package collection

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// Register is what tasks need of the register; registry.Register implements it.
type Register interface {
	// Place is where a compound lies and who serves it on a day. Returns NotFound if there is none.
	Place(ctx context.Context, project string, on calendar.Date) (registry.Place, error)
	// Built is a compound as it is registered. Returns NotFound if there is none.
	Built(ctx context.Context, project string) (registry.Project, error)
	// Held are the compounds that a firm serves on a day, Compounds those under the key of a division, both by name.
	Held(ctx context.Context, firm string, on calendar.Date) ([]registry.Place, error)
	Compounds(ctx context.Context, key string) ([]registry.Compound, error)
	// EachHolding yields what is known on a day of every project that is not closed.
	EachHolding(ctx context.Context, on calendar.Date, yield func(registry.Holding) error) error
	// DivisionsAt lists the divisions of a level that exist on a day.
	DivisionsAt(ctx context.Context, level registry.Level, day calendar.Date) ([]registry.DivisionRow, error)
	// Contractor is a firm. Returns NotFound if there is none.
	Contractor(ctx context.Context, id string) (registry.Firm, error)
}

// Matters takes hazards in; matter.Service implements it.
type Matters interface {
	// Admit makes a matter of a row, or returns the one that it became. Returns Invalid for refused words or places.
	Admit(ctx context.Context, by policy.Actor, h supervision.Hazard) (id string, err error)
	// Admitted is the id of the answer whose row a matter was, "" for none. Returns NotFound if there is no such matter. It asks for no right.
	Admitted(ctx context.Context, id string) (from string, err error)
	// Hazards are the categories under which a row can become one.
	Hazards() []registry.Choice
}

// Config is what the tasks need; everything but Persons and Chains of the desk is required.
type Config struct {
	casework.Desk
	Register Register
	Matters  Matters
	// Manager is who answers for a compound on the side of its firm on a day, "" if nobody is registered.
	Manager func(ctx context.Context, project string, on calendar.Date) (name, phone string, err error)
	// Holding tells for which scope keys somebody holds an office that allows an action today; policy.Service.Holding does.
	Holding func(ctx context.Context, action policy.Action) (map[string]bool, error)
}

// Service runs the tasks. Every call names the actor; a refused call writes nothing. It is safe for concurrent use.
type Service struct {
	Config
	tasks  *casework.Rows[Task]
	sheets *casework.Rows[Sheet]
	plans  *casework.Rows[Plan]
}

const (
	taskKind  = "collection-task"
	sheetKind = "collection-sheet"
	planKind  = "collection-plan"
	// followRule completes what a task decided for its addressees.
	followRule = "collection-followed"
	// byScope lists everything by scope keys, byTask the answers of a task, byWork the open ones by the keys of who is addressed, byEnd what ended by the day.
	byScope = "scope"
	byTask  = "task"
	byWork  = "work"
	byEnd   = "end"
	// byDue lists everything by scope keys and deadline.
	byDue = "due"
	// keepRule is how long names and phones of an answer are kept after the end of its task.
	keepRule = "collection.personal"
	// The bounds of texts in signs, of lists in pieces, of the rows of an answer in bytes.
	leastWords, maxWords, maxHead, maxContact = 4, 1000, 40, 60
	maxFiles, maxTo, maxReminders             = 5, 400, 20
	// MaxRows is how many rows an answer has at most.
	MaxRows  = 200
	maxBytes = 22_000
	// longest is how many days ahead a task may end.
	longest = 366
)

// New opens the tasks on a store and registers their follow-up.
func New(ctx context.Context, c Config) (*Service, error) {
	s := &Service{Config: c}
	var err error
	s.tasks, err = casework.NewRows(ctx, c.DB, c.Guard, casework.Kind[Task]{Word: "收表任务", Read: policy.ReadCollection,
		Row: func(t *Task) casework.Row { return casework.Row{Keys: t.Owner, Day: t.Day, State: t.State.Title()} },
		Kind: store.Kind[Task]{Name: taskKind, Version: 1, Indexes: []store.Index[Task]{
			{Name: byScope, Keys: func(_ string, t *Task) []string { return supervision.ListKeys(t.Owner) }, Sort: func(_ string, t *Task) string { return store.SortTime(t.Made.At.Time) }},
			{Name: byDue, Keys: func(_ string, t *Task) []string { return supervision.ListKeys(t.Owner) }, Sort: func(_ string, t *Task) string { return t.Due.Due.String() }},
			{Name: byEnd, Keys: func(_ string, t *Task) []string {
				if t.Ended == nil {
					return nil
				}
				return []string{calendar.DateOf(t.Ended.At.Time).String()}
			}},
		}}})
	if err != nil {
		return nil, err
	}
	s.sheets, err = casework.NewRows(ctx, c.DB, c.Guard, casework.Kind[Sheet]{Word: "这张表", Read: policy.ReadCollection,
		Row: func(a *Sheet) casework.Row {
			return casework.Row{Keys: slices.Concat(a.Keys, a.Owner), Day: a.Day, State: a.State.Title()}
		},
		Kind: store.Kind[Sheet]{Name: sheetKind, Version: 1, Subject: func(id string, _ *Sheet) string { return sheetKind + "/" + id }, Indexes: []store.Index[Sheet]{
			{Name: byTask, Keys: func(_ string, a *Sheet) []string { return []string{a.Task} }, Sort: func(_ string, a *Sheet) string { return store.SortInt(a.N) }},
			{Name: byScope, Keys: func(_ string, a *Sheet) []string { return supervision.ListKeys(slices.Concat(a.Keys, a.Owner)) }, Sort: func(_ string, a *Sheet) string { return a.Day.String() }},
			{Name: byDue, Keys: func(_ string, a *Sheet) []string { return supervision.ListKeys(slices.Concat(a.Keys, a.Owner)) }, Sort: func(_ string, a *Sheet) string { return a.Due.Due.String() }},
			{Name: byWork, Keys: func(_ string, a *Sheet) []string {
				if !a.State.Open() && a.Unseen() == 0 || a.State == Missed || a.State == Lifted {
					return nil
				}
				return []string{a.To.Key()}
			}},
		}}})
	if err != nil {
		return nil, err
	}
	if s.plans, err = s.openPlans(ctx); err != nil {
		return nil, err
	}
	return s, c.DB.Register(store.Rule{Name: followRule, Title: "收表任务办理以后更新各张表", Kinds: []string{taskKind}, Apply: func(ctx context.Context, e store.Event) error {
		return s.follow(ctx, e.ID, store.Meta{By: e.Meta.By, Action: e.Meta.Action, Why: e.Meta.Why, Cause: journal.Cause(e.RecordID, followRule)})
	}})
}

func (s *Service) hand(by policy.Actor, action policy.Action) supervision.Hand {
	return supervision.HandOf(s.Guard.Rules(), by, action, journal.At(s.Now()))
}

// TaskInput is what the form of a task says.
type TaskInput struct {
	// Title, Text and Contact are the notice; Due is the last day.
	Title, Text, Contact string
	Due                  calendar.Date
	Rows                 RowsKind
	Columns              []ColumnInput
	// Hazard is the number (from 1) of the described column that tells of a hazard, 0 for none; Category the code of its matters.
	Hazard   int
	Category string
	// Uploads are attached, beside what is attached already.
	Uploads []*files.Upload
}

// Make begins a task. Returns Forbidden without SendCollection, Invalid for refused fields (title, text, contact, due, rows, category, files, and those of the columns).
func (s *Service) Make(ctx context.Context, by policy.Actor, in TaskInput, idem *store.Idem) (store.Doc[Task], error) {
	return s.tasks.Begin(ctx, by, policy.SendCollection, StepMake.Title(), idem, func(begun casework.New) (Task, error) {
		owner, name, err := s.officeOf(ctx, begun.Scope)
		if err != nil {
			return Task{}, err
		}
		if len(owner) == 0 {
			return Task{}, &fault.Error{Op: "collection.Make", Kind: fault.Forbidden, Message: "只有县和乡镇的经办人能下发收表任务", Rule: "收表任务由下发单位管理"}
		}
		t := Task{Owner: owner, OwnerName: name, Day: s.Today(), State: Draft, Last: StepMake, Made: s.hand(by, policy.SendCollection), Version: 1}
		return t, s.write(ctx, begun.Meta, &t, in)
	})
}

// officeOf is whose task an actor's becomes: that of the county, or of his townships, whose names are given.
func (s *Service) officeOf(ctx context.Context, scope policy.Scope) (keys []string, name string, err error) {
	if scope.All() {
		return []string{policy.County}, "", nil
	}
	known, err := s.townships(ctx, s.Today())
	var names []string
	for _, key := range scope.Keys() {
		if id, ok := strings.CutPrefix(key, "t:"); ok {
			keys, names = append(keys, key), append(names, known[id])
		}
	}
	return keys, strings.Join(names, "、"), err
}

// Edit writes a task that was not sent. Returns as Make, NotFound outside the scope, Conflict if it was sent or somebody was quicker.
func (s *Service) Edit(ctx context.Context, by policy.Actor, at casework.At, in TaskInput) (store.Doc[Task], error) {
	return s.change(ctx, by, at, StepEdit, func(meta store.Meta, t *Task) error {
		t.Columns, t.Version, t.Hazard = nil, 1, ""
		return s.write(ctx, meta, t, in)
	})
}

// change takes a step of a task by who sends it.
func (s *Service) change(ctx context.Context, by policy.Actor, at casework.At, do Step, f func(meta store.Meta, t *Task) error) (store.Doc[Task], error) {
	return s.tasks.Change(ctx, by, policy.SendCollection, at, do.Title(), func(t *Task) error {
		next, err := t.next(do)
		if err != nil {
			return err
		}
		if err := f(store.Meta{By: by.ID, Action: string(policy.SendCollection), Why: do.Title()}, t); err != nil {
			return err
		}
		t.State, t.Last = next, do
		return nil
	})
}

// write checks what a form says of a task and puts it there.
func (s *Service) write(ctx context.Context, meta store.Meta, t *Task, in TaskInput) error {
	f := s.Check()
	f.Text("title", "标题", &in.Title, leastWords, maxHead)
	f.Text("text", "通知正文", &in.Text, leastWords, maxWords)
	f.Text("contact", "联系人", &in.Contact, 2, maxContact)
	if strings.ContainsAny(in.Title, "\r\n") {
		f.Fail("title", "标题只能写一行")
	}
	due := s.until(f, in.Due)
	if !slices.ContainsFunc(RowsKinds(), func(c registry.Choice) bool { return c.ID == string(in.Rows) }) {
		f.Fail("rows", "请选择填几行")
	}
	columns, _, refused := Revise(nil, 1, in.Columns)
	for _, bad := range refused {
		f.Fail(bad.Name, "%s", bad.Message)
	}
	hazard := s.hazard(f, in, columns)
	if len(t.Files)+len(in.Uploads) > maxFiles {
		f.Fail("files", "最多 %d 个附件，现在有 %d 个", maxFiles, len(t.Files)+len(in.Uploads))
	}
	if err := f.Err(); err != nil {
		return err
	}
	kept := slices.Clone(t.Files)
	for _, upload := range in.Uploads {
		file, err := s.Keeper.Keep(ctx, meta, upload)
		if err != nil {
			return err
		}
		kept = append(kept, file)
	}
	t.Title, t.Text, t.Contact, t.Due, t.Rows, t.Columns, t.Files = in.Title, in.Text, in.Contact, due, in.Rows, columns, kept
	t.Hazard, t.Category = hazard, ""
	if hazard != "" {
		t.Category = in.Category
	}
	return nil
}

// until is the deadline of a day that somebody chose.
func (s *Service) until(f *casework.Check, last calendar.Date) calendar.Deadline {
	today := s.Today()
	switch {
	case last.IsZero():
		f.Fail("due", "请填写上报期限，例如 %s", today.Add(7))
	case last.Compare(today) < 0:
		f.Fail("due", "上报期限%s已经过了，今天是%s", last.Chinese(), today.Chinese())
	case last.Sub(today) > longest:
		f.Fail("due", "上报期限%s在一年以后，请分期下发", last.Chinese())
	}
	return calendar.Deadline{Rule: "collection.notice", Start: today, N: last.Sub(today), Unit: calendar.UnitDay, Basis: "收表通知", Due: last}
}

// hazard is the id of the column that tells of a hazard.
func (s *Service) hazard(f *casework.Check, in TaskInput, columns []Column) string {
	if in.Hazard < 1 {
		return ""
	}
	if !slices.ContainsFunc(s.Matters.Hazards(), func(c registry.Choice) bool { return c.ID == in.Category }) {
		f.Fail("category", "请选择隐患转为哪一类事项")
	}
	if in.Hazard <= len(in.Columns) {
		title := strings.TrimSpace(in.Columns[in.Hazard-1].Title)
		for _, c := range columns {
			if c.Stands() && c.Title == title && (c.Kind == KindText || c.Kind == KindLong) {
				return c.ID
			}
		}
	}
	f.Fail("hazard", "写隐患情况的一栏要是文字")
	return ""
}

// Candidates are whom a task of the actor can address: firms that serve a compound today, communities in which one lies, or townships; those of one township only, "" for all of his scope. Returns Forbidden without
// SendCollection.
func (s *Service) Candidates(ctx context.Context, by policy.Actor, kind UnitKind, township string) ([]Addressee, error) {
	scope, err := s.tasks.Scope(ctx, by, policy.SendCollection)
	if err != nil {
		return nil, err
	}
	return s.candidates(ctx, kind, func(id string) bool {
		return (township == "" || id == township) && scope.Covers([]string{policy.TownshipKey(id)}, s.Today())
	})
}

// candidates are the units of a kind in the townships that inside lets through.
func (s *Service) candidates(ctx context.Context, kind UnitKind, inside func(township string) bool) ([]Addressee, error) {
	today := s.Today()
	names, err := s.townships(ctx, today)
	if err != nil {
		return nil, err
	}
	found := map[string]Addressee{}
	switch kind {
	case ToTownship:
		for id, name := range names {
			if inside(id) {
				found[id] = Addressee{Kind: kind, ID: id, Name: name}
			}
		}
	case ToFirm, ToCommunity:
		err = s.Register.EachHolding(ctx, today, func(h registry.Holding) error {
			switch {
			case !inside(h.Township):
			case kind == ToFirm && h.Firm != "":
				found[h.Firm] = Addressee{Kind: kind, ID: h.Firm, Name: h.FirmName}
			case kind == ToCommunity:
				found[h.Community] = Addressee{Kind: kind, ID: h.Community, Name: h.CommunityName, Township: h.Township, TownshipName: names[h.Township]}
			}
			return nil
		})
	default:
		err = fault.InvalidFields("collection.Candidates", fault.Field{Name: "kind", Message: "请选择发给企业、社区还是乡镇"})
	}
	out := make([]Addressee, 0, len(found))
	for _, a := range found {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b Addressee) int {
		return strings.Compare(a.TownshipName+"\x00"+a.Name+"\x00"+a.ID, b.TownshipName+"\x00"+b.Name+"\x00"+b.ID)
	})
	return out, err
}

// townships are the townships of a day by id.
func (s *Service) townships(ctx context.Context, day calendar.Date) (map[string]string, error) {
	list, err := s.Register.DivisionsAt(ctx, registry.LevelTownship, day)
	out := map[string]string{}
	for _, d := range list {
		out[d.ID] = d.Display
	}
	return out, err
}

// Address says to whom a task goes: kind and ids of candidates. While it is a draft they replace who was chosen; once it was sent they are added. Returns as Edit, Invalid (to) for nobody, too many, or somebody who is no candidate.
func (s *Service) Address(ctx context.Context, by policy.Actor, at casework.At, kind UnitKind, ids []string) (store.Doc[Task], error) {
	candidates, err := s.Candidates(ctx, by, kind, "")
	if err != nil {
		return store.Doc[Task]{}, err
	}
	doc, err := s.change(ctx, by, at, StepAddress, func(_ store.Meta, t *Task) error {
		f := s.Check()
		var to []Addressee
		if t.State == Running {
			to = slices.Clone(t.To)
		}
		before := len(to)
		for _, id := range ids {
			i := slices.IndexFunc(candidates, func(a Addressee) bool { return a.ID == id })
			if i < 0 {
				f.Fail("to", "选中的单位里有一个不在你的范围内，或者现在没有服务的小区，请刷新后再选")
				break
			}
			if !slices.ContainsFunc(to, func(a Addressee) bool { return a.Kind == kind && a.ID == id }) {
				to = append(to, candidates[i])
			}
		}
		switch {
		case len(to) == before && t.State == Running && len(ids) > 0:
			f.Fail("to", "选中的单位都已经收到这个任务")
		case len(to) == before:
			f.Fail("to", "请至少选一个单位")
		case len(to) > maxTo:
			f.Fail("to", "一个任务最多发给 %d 个单位，现在选了 %d 个，请分开下发", maxTo, len(to))
		}
		t.To = to
		return f.Err()
	})
	return s.followed(ctx, by, doc, err)
}

// Send hands a task out to who was chosen. Returns as Edit, Conflict if nobody was chosen or its deadline has passed.
func (s *Service) Send(ctx context.Context, by policy.Actor, at casework.At) (store.Doc[Task], error) {
	const op = "collection.Send"
	doc, err := s.change(ctx, by, at, StepSend, func(_ store.Meta, t *Task) error {
		switch {
		case len(t.To) == 0:
			return fault.New(op, fault.Conflict, "还没有选填报单位")
		case t.Due.Late(s.Now()):
			return fault.New(op, fault.Conflict, "上报期限"+t.Due.Due.Chinese()+"已经过了，请先修改期限")
		}
		sent := s.hand(by, policy.SendCollection)
		t.Sent, t.Day = &sent, s.Today()
		return nil
	})
	return s.followed(ctx, by, doc, err)
}

// Remind reminds everybody who is missing now (催报), and returns how many that are. Returns as Edit, Conflict if nobody is missing or the task was reminded of today.
func (s *Service) Remind(ctx context.Context, by policy.Actor, at casework.At) (store.Doc[Task], int, error) {
	const op = "collection.Remind"
	to := []int64{}
	doc, err := s.change(ctx, by, at, StepRemind, func(_ store.Meta, t *Task) error {
		n := len(t.Reminders)
		switch {
		case n > 0 && calendar.DateOf(t.Reminders[n-1].By.At.Time) == s.Today():
			return fault.New(op, fault.Conflict, "今天已经催过一次，各单位的待办里都有；要紧的请用催办话术打电话")
		case n >= maxReminders:
			return fault.New(op, fault.Conflict, fmt.Sprintf("已经催过 %d 次，请打电话或者结束收表", n))
		}
		all, err := s.answers(ctx, at.ID)
		if err != nil {
			return err
		}
		for i := range all {
			if all[i].State.State.Open() {
				to = append(to, all[i].State.N)
			}
		}
		if len(to) == 0 {
			return fault.New(op, fault.Conflict, "所有单位都已上报，不用催")
		}
		t.Reminders = append(slices.Clone(t.Reminders), Reminder{By: s.hand(by, policy.SendCollection), To: to})
		return nil
	})
	if err == nil && len(to) == 0 { // a retry of what was done
		if n := len(doc.State.Reminders); n > 0 {
			to = doc.State.Reminders[n-1].To
		}
	}
	doc, err = s.followed(ctx, by, doc, err)
	return doc, len(to), err
}

// Revise gives a task that runs another version of its form. Who answered is asked only for what is new. Returns as Edit, Invalid for refused fields (why and those of the columns), Conflict if nothing is different.
func (s *Service) Revise(ctx context.Context, by policy.Actor, at casework.At, columns []ColumnInput, why string) (store.Doc[Task], error) {
	doc, err := s.change(ctx, by, at, StepRevise, func(_ store.Meta, t *Task) error {
		f := s.Check()
		f.Text("why", "修改的原因", &why, leastWords, maxHint)
		next, _, refused := Revise(t.Columns, t.Version+1, columns)
		for _, bad := range refused {
			f.Fail(bad.Name, "%s", bad.Message)
		}
		if err := f.Err(); err != nil {
			return err
		}
		hints := func(c Column) Column { c.Hint = ""; return c }
		if slices.EqualFunc(next, t.Columns, func(a, b Column) bool { return hints(a).same(hints(b)) && a.Until == b.Until && a.Hint == b.Hint }) {
			return fault.New("collection.Revise", fault.Conflict, "表样没有改动")
		}
		t.Version++
		t.Columns = next
		if _, c, ok := t.Column(t.Hazard); ok && !c.Stands() {
			t.Hazard, t.Category = "", ""
		}
		t.Changed = append(slices.Clone(t.Changed), Changed{Version: t.Version, Why: why, By: s.hand(by, policy.SendCollection)})
		return nil
	})
	return s.followed(ctx, by, doc, err)
}

// Extend gives a task another last day, from today on. Returns as Edit, Invalid (due), Conflict if it is the same.
func (s *Service) Extend(ctx context.Context, by policy.Actor, at casework.At, last calendar.Date) (store.Doc[Task], error) {
	doc, err := s.change(ctx, by, at, StepExtend, func(_ store.Meta, t *Task) error {
		f := s.Check()
		due := s.until(f, last)
		if last == t.Due.Due {
			f.Fail("due", "期限本来就是%s", last.Chinese())
		}
		due.Start = t.Due.Start
		due.N = last.Sub(due.Start)
		t.Due = due
		return f.Err()
	})
	return s.followed(ctx, by, doc, err)
}

// Close ends a task and archives it: who did not answer stays told as missing, and nothing changes any more. Returns as Edit.
func (s *Service) Close(ctx context.Context, by policy.Actor, at casework.At) (store.Doc[Task], error) {
	doc, err := s.change(ctx, by, at, StepClose, func(_ store.Meta, t *Task) error {
		ended := s.hand(by, policy.SendCollection)
		t.Ended = &ended
		return nil
	})
	return s.followed(ctx, by, doc, err)
}

// Withdraw gives a task up; nobody has to answer any more. Returns as Edit, Invalid (text) without a reason.
func (s *Service) Withdraw(ctx context.Context, by policy.Actor, at casework.At, why string) (store.Doc[Task], error) {
	doc, err := s.change(ctx, by, at, StepWithdraw, func(_ store.Meta, t *Task) error {
		f := s.Check()
		f.Text("text", "理由", &why, leastWords, maxHint)
		ended := s.hand(by, policy.SendCollection)
		t.Ended, t.Reason = &ended, why
		return f.Err()
	})
	return s.followed(ctx, by, doc, err)
}

// followed lets the answers follow a task that changed; what a stop leaves is completed by the rule.
func (s *Service) followed(ctx context.Context, by policy.Actor, doc store.Doc[Task], err error) (store.Doc[Task], error) {
	if err != nil {
		return doc, err
	}
	return doc, s.follow(ctx, doc.ID, store.Meta{By: by.ID, Action: string(policy.SendCollection), Why: doc.State.Last.Title()})
}

// follow brings the answers in line with their task. It may be repeated.
func (s *Service) follow(ctx context.Context, id string, meta store.Meta) error {
	doc, err := s.tasks.Docs.Load(ctx, id)
	if err != nil || doc.State.Sent == nil {
		return err
	}
	t := &doc.State
	for n, a := range t.To {
		if err := s.followOne(ctx, meta, id, t, n, a); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) followOne(ctx context.Context, meta store.Meta, id string, t *Task, n int, a Addressee) error {
	for try := 0; ; try++ {
		doc, err := s.sheets.Docs.Load(ctx, SheetID(id, n))
		switch {
		case fault.Is(err, fault.NotFound):
			if doc.State, err = s.open(ctx, id, t, n, a); err != nil {
				return err
			}
		case err != nil:
			return err
		case !doc.State.keepUp(t):
			return nil
		}
		if doc.Seq == 0 {
			doc.State.keepUp(t)
		}
		_, err = s.sheets.Docs.Commit(ctx, meta, SheetID(id, n), doc.Seq, doc.State)
		if !fault.Is(err, fault.Conflict) || try == 3 {
			return err
		}
	}
}

// open is the answer of an addressee before he saw it.
func (s *Service) open(ctx context.Context, id string, t *Task, n int, a Addressee) (Sheet, error) {
	day := calendar.DateOf(t.Sent.At.Time)
	keys := []string{a.Key()}
	switch a.Kind {
	case ToCommunity:
		keys = append(keys, policy.TownshipKey(a.Township))
	case ToFirm:
		held, err := s.Register.Held(ctx, a.ID, day)
		if err != nil {
			return Sheet{}, err
		}
		for _, p := range held {
			keys = append(keys, policy.TownshipKey(p.Township), policy.CommunityKey(p.Community))
		}
	}
	slices.Sort(keys)
	return Sheet{Task: id, Title: t.Title, To: a, N: int64(n), Keys: slices.Compact(keys), Owner: t.Owner, Day: day, Due: t.Due, State: Unsigned, Last: SheetOpen, Asked: t.Version}, nil
}

// keepUp brings an answer in line with its task and reports whether that changed it.
func (a *Sheet) keepUp(t *Task) bool {
	changed := a.Due != t.Due
	a.Due = t.Due
	for i, r := range t.Reminders {
		n := int64(i + 1)
		if slices.Contains(r.To, a.N) && !slices.ContainsFunc(a.Reminded, func(d Reminded) bool { return d.N == n }) {
			a.Reminded = append(slices.Clone(a.Reminded), Reminded{N: n, At: r.By.At})
			changed = true
		}
	}
	if a.Asked < t.Version {
		a.Asked, changed = t.Version, true
		if next, err := a.next(SheetAsk); err == nil && slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Stands() && c.Since > a.Version }) {
			a.State, a.Last = next, SheetAsk
			a.Draft, a.Drafted = nil, false
		}
	}
	if end := endOf(t.State, a.State); t.State.Final() && end != a.State {
		a.State, a.Last, changed = end, SheetEnd, true
		a.Draft, a.Drafted = nil, false
	}
	return changed
}
