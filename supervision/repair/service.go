package repair

import (
	"context"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
)

// Places says where a compound lies and what its contract asks; registry.Register answers.
type Places interface {
	// Place says where a project lies and who holds it on a day. Returns NotFound.
	Place(ctx context.Context, project string, on calendar.Date) (registry.Place, error)
	// ServiceLevel is the service level of the contract that runs on a day, in the words of ServiceLevels.
	ServiceLevel(ctx context.Context, project string, on calendar.Date) (string, error)
}

// Config is what the logs need; everything is required.
type Config struct {
	// DB keeps them, Guard says who may do what, Now is the business clock.
	DB    *store.DB
	Guard *policy.Guard
	Now   func() time.Time
	// Places and Terms: see there.
	Places Places
	Terms  *Terms
	// Finder makes what finds compounds by their names, for one file and one goroutine.
	Finder func() *registry.Finder
	// Deadlines starts a deadline by its rule; NotFound for an unknown one. Resolve gives an unresolved one its due date if the calendar reaches that far by now.
	Deadlines func(rule string, start calendar.Date) (calendar.Deadline, error)
	Resolve   func(calendar.Deadline) calendar.Deadline
}

// Service keeps the logs. Every call names the actor; a refused call writes nothing.
type Service struct {
	Config
	rows    *store.Collection[Repair]
	samples *store.Collection[Sample]
	desk    supervision.Desk[Repair]
	calls   supervision.Desk[Sample]
	// Imports is where the monthly files come in.
	Imports *registry.Intake[Line]
}

const (
	repairKind = "repair"
	sampleKind = "repair-sample"
	// byScope lists everything by scope keys, the moment of the report decides the order. byMonth lists by month of the report (r/), by month of the end (d/), and by both months with which the rating is concerned (Repair.months), compound by compound.
	byScope = "scope"
	byMonth = "month"
	// The rules of deadlines.yaml: until when a month can be completed before it is drawn, until when it is called back, and how long phones are kept.
	enterRule   = "repair.enter"
	callRule    = "repair.callback"
	contactRule = "repair.contact"
)

// monthOf is the month of a moment in local time: 2026-10.
func monthOf(t time.Time) string { return MomentText(t)[:7] }

// subjectOf is whose key encrypts the phones of a compound's month: the id without its end.
func subjectOf(id string) string {
	return repairKind + "/" + id[:max(0, strings.LastIndexByte(id, '.'))]
}

func document() store.Kind[Repair] {
	return store.Kind[Repair]{Name: repairKind, Version: 1, Subject: func(id string, _ *Repair) string { return subjectOf(id) }, Indexes: []store.Index[Repair]{
		{Name: byScope, Keys: func(_ string, r *Repair) []string { return supervision.ListKeys(r.Keys) }, Sort: func(_ string, r *Repair) string { return store.SortTime(r.Said.Reported.Time) }},
		{Name: byMonth, Keys: func(_ string, r *Repair) []string {
			keys := []string{"r/" + monthOf(r.Said.Reported.Time)}
			if r.State() == Done {
				keys = append(keys, "d/"+monthOf(r.Said.Done.Time))
			}
			return append(keys, r.months()...)
		}, Sort: func(_ string, r *Repair) string { return r.Project + "/" + r.Firm }},
	}}
}

// New opens the logs.
func New(ctx context.Context, c Config) (*Service, error) {
	s := &Service{Config: c}
	var err error
	if s.rows, err = store.NewCollection(ctx, c.DB, document()); err != nil {
		return nil, err
	}
	if s.samples, err = store.NewCollection(ctx, c.DB, sampleDocument()); err != nil {
		return nil, err
	}
	s.desk = supervision.Desk[Repair]{Guard: c.Guard, Rows: s.rows, Place: func(r *Repair) ([]string, calendar.Date) { return r.Keys, r.Day }, Outdated: func(r *Repair) error {
		return fault.New("repair.change", fault.Conflict, "这条报修刚被别人改过，现在是“"+r.State().Title()+"”，请刷新后再办")
	}}
	s.calls = supervision.Desk[Sample]{Guard: c.Guard, Rows: s.samples, Place: func(a *Sample) ([]string, calendar.Date) { return a.Keys, a.Day }, Outdated: func(*Sample) error {
		return fault.New("repair.call", fault.Conflict, "这个月的回访刚被别人登记过，请刷新后再登记")
	}}
	return s, s.openImports(ctx)
}

func (s *Service) today() calendar.Date { return calendar.DateOf(s.Now()) }

// idOf is the stream of a repair.
func (s *Service) idOf(project string, reported time.Time, number string) string {
	month := monthOf(reported)
	return project + "." + month + "." + s.DB.MAC(repairKind, project+"/"+month+"/"+number)[:22]
}

// Input is what a firm enters.
type Input struct {
	// Project is the id, Number the firm's own number; "" for one of ours.
	Project, Number string
	// Said is what it says.
	Said Said
	// Idem makes a retry safe, nil for none.
	Idem *store.Idem
}

// Enter takes a repair into the log. Returns Forbidden without WriteRepairs, NotFound for a compound outside the scope, Invalid for refused fields (project, number and those of Said), Conflict for a number that is there already.
func (s *Service) Enter(ctx context.Context, by policy.Actor, in Input) (store.Doc[Repair], error) {
	const op = "repair.Enter"
	none := store.Doc[Repair]{}
	scope, err := s.desk.Scope(ctx, by, policy.WriteRepairs)
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(policy.WriteRepairs), Why: "登记报修", Idem: in.Idem}
	if doc, done, err := s.rows.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	if in.Number == "" {
		in.Number = strings.ToUpper(s.DB.MAC(repairKind, s.DB.NewID(meta))[:8])
	}
	var w wrong
	r, err := s.entered(ctx, &w, in)
	if err != nil {
		return none, err
	}
	if len(w) > 0 {
		return none, fault.InvalidFields(op, w...)
	}
	if err := scope.Require(op, r.Keys, r.Day); err != nil {
		return none, err
	}
	r.Hand = supervision.HandOf(s.Guard.Rules(), by, policy.WriteRepairs, journal.At(s.Now()))
	doc, err := s.rows.Commit(ctx, meta, s.idOf(r.Project, r.Said.Reported.Time, r.Number), 0, r)
	if fault.Is(err, fault.Conflict) {
		err = fault.Wrap(op, fault.Conflict, "这个月已经登记了编号为“"+r.Number+"”的报修，请改那一条", err)
	}
	return masked(doc), err
}

// entered is the repair that an input makes, with everything that is wrong with it.
func (s *Service) entered(ctx context.Context, w *wrong, in Input) (Repair, error) {
	r := Repair{Number: in.Number, Said: in.Said}
	w.text("number", "编号", &r.Number, 1, MaxNumber)
	r.Said.check(w, s.Terms, s.Now())
	if !journal.ValidPart(in.Project) {
		w.add("project", "请选择小区")
		return r, nil
	}
	if r.Said.Reported.IsZero() {
		return r, nil
	}
	r.Day = calendar.DateOf(r.Said.Reported.Time)
	if r.Day.Compare(s.today().Add(-maxBack)) < 0 {
		w.add("reported", "报修时间 %s 已过 %d 日，不能再登记", MomentText(r.Said.Reported.Time), maxBack)
	}
	p, err := s.Places.Place(ctx, in.Project, r.Day)
	if err != nil {
		return r, err
	}
	if p.Firm == "" {
		w.add("reported", "%s当天没有企业服务%s", r.Day.Chinese(), p.Name)
	}
	r.Project, r.ProjectName, r.Firm, r.FirmName = p.Project, p.Name, p.Firm, p.FirmName
	r.Community, r.CommunityName, r.Township, r.TownshipName, r.Keys = p.Community, p.CommunityName, p.Township, p.TownshipName, p.Keys()
	return r, s.judge(ctx, &r)
}

// judge says until when it was to be answered.
func (s *Service) judge(ctx context.Context, r *Repair) error {
	level, err := s.Places.ServiceLevel(ctx, r.Project, r.Day)
	r.CategoryTitle = registry.TextOf(s.Terms.Categories(), r.Said.Category)
	r.Due = journal.At(s.Terms.due(r.Said.Urgent, level, r.Said.Reported.Time, r.Said.Agreed.Time))
	return err
}

// rewrite lets f change what is said of a repair and checks the whole of it again.
func (s *Service) rewrite(ctx context.Context, by policy.Actor, at supervision.At, why string, f func(r *Repair) error) (store.Doc[Repair], error) {
	const op = "repair.change"
	doc, err := s.desk.Change(ctx, by, policy.WriteRepairs, at, why, func(_ policy.Scope, r *Repair) error {
		if err := open(r); err != nil {
			return err
		}
		month := monthOf(r.Said.Reported.Time)
		r.Reason = ""
		if err := f(r); err != nil {
			return err
		}
		var w wrong
		r.Said.check(&w, s.Terms, s.Now())
		if !r.Said.Reported.IsZero() && monthOf(r.Said.Reported.Time) != month {
			w.add("reported", "报修时间不能改到别的月份；登记错月份的，请撤销后重新登记")
		}
		if len(w) > 0 {
			return fault.InvalidFields(op, w...)
		}
		r.Hand = supervision.HandOf(s.Guard.Rules(), by, policy.WriteRepairs, journal.At(s.Now()))
		return s.judge(ctx, r)
	})
	return masked(doc), err
}

// open refuses to change what was withdrawn, and what has lost its phone for good.
func open(r *Repair) error {
	if r.Withdrawn {
		return fault.New("repair.open", fault.Conflict, "这条报修已经撤销，不能再改")
	}
	if r.Said.Phone == store.PurgedText {
		return fault.New("repair.open", fault.Conflict, "这条报修的联系电话已按期清除，不能再改")
	}
	return nil
}

// Arrive says when somebody was there. Errors as those of Enter, NotFound outside the scope, Conflict if it stands already or somebody was quicker.
func (s *Service) Arrive(ctx context.Context, by policy.Actor, at supervision.At, when time.Time) (store.Doc[Repair], error) {
	return s.rewrite(ctx, by, at, "登记到场", func(r *Repair) error {
		if r.State() != Waiting {
			return fault.New("repair.Arrive", fault.Conflict, "到场时间已经登记，改动请用更正")
		}
		if when.IsZero() {
			return fault.InvalidFields("repair.Arrive", fault.Field{Name: "arrived", Message: "请填写到场时间"})
		}
		r.Said.Arrived = journal.At(when)
		return nil
	})
}

// Finish says when it was done and how. Errors as those of Arrive.
func (s *Service) Finish(ctx context.Context, by policy.Actor, at supervision.At, when time.Time, result string) (store.Doc[Repair], error) {
	return s.rewrite(ctx, by, at, "登记完成", func(r *Repair) error {
		if r.State() == Done {
			return fault.New("repair.Finish", fault.Conflict, "完成时间已经登记，改动请用更正")
		}
		if when.IsZero() {
			return fault.InvalidFields("repair.Finish", fault.Field{Name: "done", Message: "请填写完成时间"})
		}
		r.Said.Done, r.Said.Result = journal.At(when), result
		return nil
	})
}

// Correct puts right what was said, with the reason; a phone that is given masked or empty stays as it is. Errors as those of Arrive, Invalid also for the field reason or if nothing changes.
func (s *Service) Correct(ctx context.Context, by policy.Actor, at supervision.At, said Said, reason string) (store.Doc[Repair], error) {
	return s.rewrite(ctx, by, at, "更正报修", func(r *Repair) error {
		if err := supervision.CheckReason("repair.Correct", reason); err != nil {
			return err
		}
		before := *r
		if said.Phone = strings.TrimSpace(said.Phone); said.Phone == "" || said.Phone == Mask(r.Said.Phone) {
			said.Phone = r.Said.Phone
		}
		said.Where, said.What, said.Result = strings.TrimSpace(said.Where), strings.TrimSpace(said.What), strings.TrimSpace(said.Result)
		r.Said, r.Reason = said, strings.TrimSpace(reason)
		r.CategoryTitle = registry.TextOf(s.Terms.Categories(), said.Category)
		if len(changes(&before, r)) == 0 {
			return fault.InvalidFields("repair.Correct", fault.Field{Name: "reason", Message: "没有改动任何一项"})
		}
		return nil
	})
}

// Withdraw takes back what was entered by mistake, with the reason. Errors as those of Correct.
func (s *Service) Withdraw(ctx context.Context, by policy.Actor, at supervision.At, reason string) (store.Doc[Repair], error) {
	return s.rewrite(ctx, by, at, "撤销报修", func(r *Repair) error {
		if err := supervision.CheckReason("repair.Withdraw", reason); err != nil {
			return err
		}
		r.Withdrawn, r.Reason = true, strings.TrimSpace(reason)
		return nil
	})
}

// masked takes the phone out.
func masked(d store.Doc[Repair]) store.Doc[Repair] {
	d.State.Said.Phone = Mask(d.State.Said.Phone)
	return d
}

// Filter narrows the list; the zero value is everything.
type Filter struct {
	// Text is searched in number, place, words and names.
	Text string
	// Project and Firm are ids, Category a code, Month that of the report (2026-10).
	Project, Firm, Category, Month string
	// State is one of States, "" for all. Late: only what is or was late. Urgent: only what is urgent.
	State        State
	Late, Urgent bool
	// Asc: the oldest first.
	Asc bool
}

func (w Filter) lets(r *Repair, now time.Time) bool {
	if w.Project != "" && r.Project != w.Project || w.Firm != "" && r.Firm != w.Firm || w.Category != "" && r.Said.Category != w.Category || w.State != "" && r.State() != w.State ||
		w.Late && !r.Late(now) || w.Urgent && !r.Said.Urgent || w.Month != "" && monthOf(r.Said.Reported.Time) != w.Month {
		return false
	}
	text := strings.TrimSpace(w.Text)
	if text == "" || strings.Contains(r.Said.What, text) || strings.Contains(r.Said.Where, text) || strings.Contains(r.Number, text) {
		return true
	}
	return registry.Finds(r.ProjectName, text) || registry.Finds(r.FirmName, text) || registry.Finds(r.CommunityName, text)
}

const perPage = 50

// List returns up to 50 repairs, the last reported first, and the cursor of the next page; phones are masked. Returns Forbidden without ReadRepairs.
func (s *Service) List(ctx context.Context, by policy.Actor, w Filter, after string) (store.Page[Repair], error) {
	scope, err := s.desk.Scope(ctx, by, policy.ReadRepairs)
	if err != nil {
		return store.Page[Repair]{}, err
	}
	q := supervision.ScopeQuery(scope, byScope, "", "")
	switch {
	case w.Project != "":
		q.Key, q.In = policy.ProjectKey(w.Project), nil
	case w.Firm != "":
		q.Key, q.In = policy.FirmKey(w.Firm), nil
	}
	q.After, q.Limit, q.Desc = after, perPage, !w.Asc
	now := store.ClockIn(ctx, s.Now)
	page, err := s.rows.ListWhere(ctx, q, func(d *store.Doc[Repair]) bool {
		return scope.Covers(d.State.Keys, d.State.Day) && w.lets(&d.State, now)
	})
	for i := range page.Docs {
		page.Docs[i] = masked(page.Docs[i])
	}
	return page, err
}

// Each yields every repair of a list, for an export. Errors as those of List.
func (s *Service) Each(ctx context.Context, by policy.Actor, w Filter, yield func(store.Doc[Repair])) error {
	for after := ""; ; {
		page, err := s.List(ctx, by, w, after)
		if err != nil {
			return err
		}
		for _, d := range page.Docs {
			yield(d)
		}
		if after = page.Next; after == "" {
			return nil
		}
	}
}

// One returns a repair with its phone masked. Returns Forbidden without ReadRepairs, NotFound outside the scope.
func (s *Service) One(ctx context.Context, by policy.Actor, id string) (store.Doc[Repair], error) {
	scope, err := s.desk.Scope(ctx, by, policy.ReadRepairs)
	if err != nil {
		return store.Doc[Repair]{}, err
	}
	doc, err := s.desk.Load(ctx, "repair.One", scope, id)
	return masked(doc), err
}

// Happened is one change of a repair: when, by which office, why, and what it changed.
type Happened struct {
	At      time.Time
	Office  string
	Why     string
	Changes []Change
}

// History returns what was done to a repair, oldest first. Errors as those of One.
func (s *Service) History(ctx context.Context, by policy.Actor, id string) ([]Happened, error) {
	if _, err := s.One(ctx, by, id); err != nil {
		return nil, err
	}
	var out []Happened
	var before *Repair
	for c, err := range s.rows.History(ctx, id) {
		if err != nil {
			return nil, err
		}
		now := c.State
		h := Happened{At: c.At, Office: now.Hand.Office, Why: now.Reason}
		if before != nil {
			h.Changes = changes(before, &now)
		}
		before = &now
		out = append(out, h)
	}
	return out, nil
}

// Uses implements registry.Uses: “2 条报修” that name a scope key and were touched since a moment, "" for none. It asks for no right and shows nothing of them.
func (s *Service) Uses(ctx context.Context, key string, since time.Time) (string, error) {
	return supervision.UsesSince(ctx, s.rows, byScope, key, since, "条报修")
}

// Forget destroys the phones of the months whose term has passed; everything else of them stays. A job of every night.
func (s *Service) Forget(ctx context.Context) error {
	meta := store.Meta{By: policy.SystemActor().ID, Action: string(policy.RunJob), Why: "报修联系电话保存期满"}
	first, err := firstOf(s.today())
	if err != nil {
		return err
	}
	for back := 1; back <= 12; back++ {
		ended := first.AddMonths(1 - back).Add(-1)
		term, err := s.Deadlines(contactRule, ended)
		if err != nil {
			return err
		}
		if !term.Late(s.Now()) {
			continue
		}
		due := map[string]bool{}
		if err := s.eachOfMonth(ctx, "r/"+ended.String()[:7], func(d *store.Doc[Repair]) error {
			if !d.Purged && d.State.Said.Phone != "" {
				due[subjectOf(d.ID)] = true
			}
			return nil
		}); err != nil {
			return err
		}
		for subject := range due {
			if err := s.DB.Purge(ctx, meta, subject); err != nil {
				return err
			}
		}
	}
	return nil
}

// firstOf is the first day of the month of a day.
func firstOf(day calendar.Date) (calendar.Date, error) {
	year, month, _ := day.Parts()
	return calendar.NewDate(year, month, 1)
}

// eachOfMonth yields the repairs under a key of byMonth, compound by compound.
func (s *Service) eachOfMonth(ctx context.Context, key string, yield func(d *store.Doc[Repair]) error) error {
	for q := (store.Query{Index: byMonth, Key: key, Limit: store.MaxLimit}); ; {
		page, err := s.rows.List(ctx, q)
		if err != nil {
			return err
		}
		for i := range page.Docs {
			if err := yield(&page.Docs[i]); err != nil {
				return err
			}
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}
