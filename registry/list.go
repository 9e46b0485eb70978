package registry

import (
	"context"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// The page of a list and how far it counts; beyond that it says “more than”.
const (
	PageSize = 50
	CountTo  = 1000
)

// FirmQuery asks for a page of firms. The zero value is the first page of all firms by name.
type FirmQuery struct {
	// Text is looked for in the name, its pinyin and initials, and at the beginning of the code.
	Text string
	// Form and Origin keep those with this party form today and this origin; "" keeps all.
	Form   PartyForm
	Origin Origin
	// Desc reverses the order by name.
	Desc bool
	// After is the cursor of the page before, "" for the first.
	After string
}

// FirmRow is one line of the list of firms.
type FirmRow struct {
	// ID and Seq as in the store.
	ID  string
	Seq int64
	// Name, Code and Origin as in Firm.
	Name   string
	Code   USCC
	Origin Origin
	// Party is the party organisation today, the zero value if nothing is known.
	Party Party
	// Projects and Households are what the firm holds today.
	Projects, Households int64
}

// Page is one page of a list.
type Page[T any] struct {
	// Rows are in the order asked for.
	Rows []T
	// Next is the cursor of the next page, "" if this is the last.
	Next string
	// Count is how many rows the query has; CountTo+1 stands for more than CountTo.
	Count int
}

// firmQuery gives the index query of an actor's list of firms and what decides each row. Returns Forbidden without ReadRegister.
func (s *Service) firmQuery(ctx context.Context, by policy.Actor, q FirmQuery) (store.Query, func(*store.Doc[Firm]) bool, error) {
	scope, err := s.readScope(ctx, by)
	if err != nil {
		return store.Query{}, nil, err
	}
	today := s.On(ctx)
	ask := store.Query{Index: ByName, Desc: q.Desc, After: q.After, Limit: PageSize}
	if scope.All() {
		if ask.Key, err = narrowest(ctx, s.firms, ByName, q.Text); err != nil {
			return store.Query{}, nil, err
		}
	} else {
		ask.In = scope.Keys()
	}
	return ask, func(d *store.Doc[Firm]) bool {
		f := &d.State
		return scope.Covers([]string{policy.FirmKey(d.ID)}, today) && (q.Form == "" || formOn(*f, today) == q.Form) && (q.Origin == "" || f.Origin == q.Origin) &&
			(finds(f.Name, q.Text) || strings.HasPrefix(strings.ToLower(string(f.Code)), string(plain(q.Text))))
	}, nil
}

// readScope asks for the right to read the register and the rows that go with it.
func (s *Service) readScope(ctx context.Context, by policy.Actor) (policy.Scope, error) {
	return s.scopeOf(ctx, by, policy.ReadRegister)
}

// scopeOf asks for the right to an action and the rows that go with it.
func (s *Service) scopeOf(ctx context.Context, by policy.Actor, action policy.Action) (policy.Scope, error) {
	if err := s.guard.Require(by, action); err != nil {
		return policy.Scope{}, err
	}
	return s.guard.Scope(ctx, by, action)
}

// Firms lists firms in the actor's scope. Returns Forbidden without ReadRegister.
func (s *Service) Firms(ctx context.Context, by policy.Actor, q FirmQuery) (Page[FirmRow], error) {
	ask, keep, err := s.firmQuery(ctx, by, q)
	if err != nil {
		return Page[FirmRow]{}, err
	}
	docs, next, count, err := listed(ctx, s.firms, ask, keep)
	if err != nil {
		return Page[FirmRow]{}, err
	}
	page := Page[FirmRow]{Next: next, Count: count, Rows: make([]FirmRow, 0, len(docs))}
	for _, d := range docs {
		row, err := s.firmRow(ctx, d)
		if err != nil {
			return Page[FirmRow]{}, err
		}
		page.Rows = append(page.Rows, row)
	}
	return page, nil
}

func (s *Service) firmRow(ctx context.Context, d store.Doc[Firm]) (FirmRow, error) {
	today := s.On(ctx)
	row := FirmRow{ID: d.ID, Seq: d.Seq, Name: d.State.Name, Code: d.State.Code, Origin: d.State.Origin, Party: d.State.PartyOn(today)}
	held, err := s.heldBy(ctx, d.ID, today)
	for _, p := range held {
		row.Projects++
		row.Households += p.State.Households
	}
	return row, err
}

// AllFirms calls yield for every firm that the query finds, in its order, with its people masked as OneFirm masks them. Returns Forbidden without
// ReadRegister, and what yield returns.
func (s *Service) AllFirms(ctx context.Context, by policy.Actor, q FirmQuery, yield func(FirmRow, Firm) error) error {
	ask, keep, err := s.firmQuery(ctx, by, q)
	if err != nil {
		return err
	}
	contacts, err := s.guard.Scope(ctx, by, policy.ReadContacts)
	if err != nil {
		return err
	}
	return every(ctx, s.firms, ask, keep, func(d store.Doc[Firm]) error {
		row, err := s.firmRow(ctx, d)
		if err != nil {
			return err
		}
		return yield(row, s.masked(d, contacts))
	})
}

// masked hides names and phones of a firm's people from who may not see them.
func (s *Service) masked(d store.Doc[Firm], contacts policy.Scope) Firm {
	f := d.State
	if !d.Purged && !contacts.Covers([]string{policy.FirmKey(d.ID)}, s.Today()) {
		f.LegalPerson, f.Phone = policy.MaskName(f.LegalPerson), policy.MaskPhone(f.Phone)
		f.Party = slices.Clone(f.Party)
		for i := range f.Party {
			f.Party[i].Secretary, f.Party[i].Instructor = policy.MaskName(f.Party[i].Secretary), policy.MaskName(f.Party[i].Instructor)
		}
	}
	return f
}

// formOn is the party form that counts on a day: PartyNone if nothing is known.
func formOn(f Firm, day calendar.Date) PartyForm {
	if form := f.PartyOn(day).Form; form != "" {
		return form
	}
	return PartyNone
}

// listed reads one page of the rows that keep lets through, and counts them all up to CountTo+1.
func listed[T any](ctx context.Context, c *store.Collection[T], ask store.Query, keep func(*store.Doc[T]) bool) (docs []store.Doc[T], next string, count int, err error) {
	page, err := c.ListWhere(ctx, ask, keep)
	if err != nil {
		return nil, "", 0, err
	}
	// The first page is counted already; behind any other, counting begins at the top.
	rest, counted := ask, ask.After == ""
	rest.After, rest.Limit = "", store.MaxLimit
	if counted {
		count, rest.After = len(page.Docs), page.Next
	}
	for (!counted || rest.After != "") && count <= CountTo {
		more, err := c.ListWhere(ctx, rest, keep)
		if err != nil {
			return nil, "", 0, err
		}
		count, rest.After, counted = count+len(more.Docs), more.Next, true
	}
	return page.Docs, page.Next, min(count, CountTo+1), nil
}

// every calls yield for all rows that keep lets through.
func every[T any](ctx context.Context, c *store.Collection[T], ask store.Query, keep func(*store.Doc[T]) bool, yield func(store.Doc[T]) error) error {
	ask.Limit = store.MaxLimit
	for {
		page, err := c.ListWhere(ctx, ask, keep)
		if err != nil {
			return err
		}
		for _, d := range page.Docs {
			if err := yield(d); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		ask.After = page.Next
	}
}

// heldBy returns the projects that a firm holds on a day, whole or a phase of them, by name.
func (r *Register) heldBy(ctx context.Context, firm string, day calendar.Date) ([]store.Doc[Project], error) {
	var out []store.Doc[Project]
	holds := func(d *store.Doc[Project]) bool { return d.State.heldOn(firm, day) }
	err := every(ctx, r.projects, store.Query{Index: ByName, Key: policy.FirmKey(firm)}, holds, func(d store.Doc[Project]) error {
		out = append(out, d)
		return nil
	})
	return out, err
}

// FirmChoices lists all firms by name, for pickers: id and name with code.
func (r *Register) FirmChoices(ctx context.Context) ([]Choice, error) {
	return choices(ctx, r.firms)
}

// The orders of a list of projects; the names are those of the indexes.
const (
	ByName       = "name"
	ByHouseholds = "households"
	ByDelivered  = "delivered"
)

// Service states of a project, for filters.
const (
	// ServedNow: a contract runs today (在管).
	ServedNow = "served"
	// ServedNone: no contract runs today (无合同).
	ServedNone = "none"
	// ServedEnding: the running contract ends within 90 days (即将到期).
	ServedEnding = "ending"
)

// endingDays is how long before its end a contract counts as ending.
const endingDays = 90

// Services lists the service states.
func Services() []Choice {
	return []Choice{{ServedNow, "有合同"}, {ServedNone, "无合同"}, {ServedEnding, "90 日内到期"}}
}

// ProjectQuery asks for a page of projects. The zero value is the first page of all projects by name.
type ProjectQuery struct {
	// Text is looked for in name and address, their pinyin and initials.
	Text string
	// Township, Community and Firm keep the projects there or of this firm today, Developer those that it built, Kind and Served those of that kind and service state; "" keeps all.
	Township, Community, Firm, Developer string
	// Grid keeps the projects that lie in this grid, "" all.
	Grid   string
	Kind   ProjectKind
	Served string
	// Sort is ByName (also ""), ByHouseholds or ByDelivered; Desc reverses it.
	Sort string
	Desc bool
	// After is the cursor of the page before, "" for the first.
	After string
}

// ProjectRow is one line of the list of projects.
type ProjectRow struct {
	// ID and Seq as in the store.
	ID  string
	Seq int64
	// Day is the day for which the row was made: today, or the day looked back to.
	Day calendar.Date
	// Place says where it lies and who holds it on that day.
	Place
	// Project is what is registered.
	Project Project
	// Contract runs today, the zero value if none does.
	Contract Contract
	// Body is the owners' body today, the zero value if nothing is known.
	Body Body
}

// Ending reports whether the running contract ends within 90 days of the day.
func (c Contract) Ending(day calendar.Date) bool {
	return c.Firm != "" && !c.Days.Until.IsZero() && c.Days.Until.Sub(day) <= endingDays
}

// covers decides one row of a list of projects.
func (q ProjectQuery) covers(p *Project, today calendar.Date) bool {
	now := p.ContractOn(today)
	switch {
	case q.Township != "" && p.Township != q.Township, q.Community != "" && p.Community != q.Community, q.Firm != "" && !p.heldOn(q.Firm, today), q.Developer != "" && p.Developer != q.Developer, q.Kind != "" && p.Kind != q.Kind, !p.liesIn(q.Grid):
		return false
	case q.Served == ServedNow && now.Firm == "", q.Served == ServedNone && now.Firm != "", q.Served == ServedEnding && !now.Ending(today):
		return false
	}
	return finds(p.Name, q.Text) || finds(p.Address, q.Text)
}

// key is the most selective key of the query for somebody who may see every row; found is that of its text.
func (q ProjectQuery) key(found string) string {
	switch {
	case q.Firm != "":
		return policy.FirmKey(q.Firm)
	case q.Developer != "":
		return policy.DeveloperKey(q.Developer)
	case q.Grid != "":
		return gridKey(q.Grid)
	case q.Community != "":
		return policy.CommunityKey(q.Community)
	case found != "" && q.Sort == ByName:
		return found
	case q.Township != "":
		return policy.TownshipKey(q.Township)
	case q.Kind != "":
		return "k:" + string(q.Kind)
	}
	return ""
}

// projectQuery gives the index query of the projects in which the actor may do an action and what decides each row. Returns Forbidden without the right to it, Invalid for an
// unknown order.
func (s *Service) projectQuery(ctx context.Context, by policy.Actor, action policy.Action, q ProjectQuery) (store.Query, func(*store.Doc[Project]) bool, error) {
	scope, err := s.scopeOf(ctx, by, action)
	if err != nil {
		return store.Query{}, nil, err
	}
	if q.Sort == "" {
		q.Sort = ByName
	}
	if !slices.Contains([]string{ByName, ByHouseholds, ByDelivered}, q.Sort) {
		return store.Query{}, nil, fault.New("registry.Projects", fault.Invalid, "不能按“"+q.Sort+"”排序")
	}
	today := s.On(ctx)
	ask := store.Query{Index: q.Sort, Desc: q.Desc, After: q.After, Limit: PageSize}
	if scope.All() {
		found, err := narrowest(ctx, s.projects, ByName, q.Text)
		if err != nil {
			return store.Query{}, nil, err
		}
		ask.Key = q.key(found)
	} else {
		ask.In = scope.Keys()
	}
	return ask, func(d *store.Doc[Project]) bool {
		return scope.Covers(d.State.keysOn(d.ID, today), today) && q.covers(&d.State, today)
	}, nil
}

// Projects lists projects in the actor's scope. Returns Forbidden without ReadRegister, Invalid for an unknown order.
func (s *Service) Projects(ctx context.Context, by policy.Actor, q ProjectQuery) (Page[ProjectRow], error) {
	return s.ProjectsFor(ctx, by, policy.ReadRegister, q)
}

// ProjectsFor lists the projects in which the actor may do an action, also for who must not read the register: an owner claims for his own. Returns Forbidden without the right
// to it, Invalid for an unknown order.
func (s *Service) ProjectsFor(ctx context.Context, by policy.Actor, action policy.Action, q ProjectQuery) (Page[ProjectRow], error) {
	ask, keep, err := s.projectQuery(ctx, by, action, q)
	if err != nil {
		return Page[ProjectRow]{}, err
	}
	docs, next, count, err := listed(ctx, s.projects, ask, keep)
	if err != nil {
		return Page[ProjectRow]{}, err
	}
	page := Page[ProjectRow]{Next: next, Count: count, Rows: make([]ProjectRow, 0, len(docs))}
	for _, d := range docs {
		row, err := s.projectRow(ctx, d, s.On(ctx))
		if err != nil {
			return Page[ProjectRow]{}, err
		}
		page.Rows = append(page.Rows, row)
	}
	return page, nil
}

// AllProjects calls yield for every project that the query finds, in its order. Returns as Projects, and what yield returns.
func (s *Service) AllProjects(ctx context.Context, by policy.Actor, q ProjectQuery, yield func(ProjectRow) error) error {
	ask, keep, err := s.projectQuery(ctx, by, policy.ReadRegister, q)
	if err != nil {
		return err
	}
	return every(ctx, s.projects, ask, keep, func(d store.Doc[Project]) error {
		row, err := s.projectRow(ctx, d, s.On(ctx))
		if err != nil {
			return err
		}
		return yield(row)
	})
}

func (r *Register) projectRow(ctx context.Context, d store.Doc[Project], day calendar.Date) (ProjectRow, error) {
	place, err := r.placeOf(ctx, d.ID, d.State, day)
	return ProjectRow{ID: d.ID, Seq: d.Seq, Day: day, Place: place, Project: d.State, Contract: d.State.ContractOn(day), Body: d.State.BodyOn(day)}, err
}

// OneProject returns a project of the actor's scope as it is today. Returns Forbidden without ReadRegister, NotFound.
func (s *Service) OneProject(ctx context.Context, by policy.Actor, id string) (ProjectRow, error) {
	d, err := s.projectFor(ctx, by, policy.ReadRegister, id)
	if err != nil {
		return ProjectRow{}, err
	}
	return s.projectRow(ctx, d, s.On(ctx))
}

// FirmView is a firm with what it holds.
type FirmView struct {
	// ID and Seq as in the store.
	ID  string
	Seq int64
	Firm
	// Purged: the personal data of the firm's people were destroyed.
	Purged bool
	// Holds are the projects that it holds today, by name.
	Holds []ProjectRow
	// Head is the id of its head office if that is registered too, "" otherwise; Branches are the registered branches of which it is the head office, by name: id and name.
	Head     string
	Branches []Choice
}

// OneFirm returns a firm of the actor's scope; names and phones of its people are masked without ReadContacts. Returns Forbidden without ReadRegister,
// NotFound.
func (s *Service) OneFirm(ctx context.Context, by policy.Actor, id string) (FirmView, error) {
	d, err := s.firmFor(ctx, by, policy.ReadRegister, id)
	if err != nil {
		return FirmView{}, err
	}
	contacts, err := s.guard.Scope(ctx, by, policy.ReadContacts)
	if err != nil {
		return FirmView{}, err
	}
	v := FirmView{ID: d.ID, Seq: d.Seq, Firm: s.masked(d, contacts), Purged: d.Purged}
	today := s.On(ctx)
	held, err := s.heldBy(ctx, id, today)
	if err != nil {
		return FirmView{}, err
	}
	for _, p := range held {
		row, err := s.projectRow(ctx, p, today)
		if err != nil {
			return FirmView{}, err
		}
		v.Holds = append(v.Holds, row)
	}
	return v, s.relatives(ctx, &v)
}

// FirmNames returns the names of firms by id, for pages that show a contract; a firm that does not exist is left out.
func (r *Register) FirmNames(ctx context.Context, ids []string) (map[string]string, error) {
	names := make(map[string]string, len(ids))
	for _, id := range ids {
		if _, known := names[id]; known || id == "" {
			continue
		}
		d, err := r.firms.Load(ctx, id)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		if err == nil {
			names[id] = d.State.Name
		}
	}
	return names, nil
}

// relatives fills in the head office and the branches of a firm, each of which has a code of its own.
func (r *Register) relatives(ctx context.Context, v *FirmView) (err error) {
	if v.HeadCode != "" {
		if v.Head, err = r.firmByCode(ctx, v.HeadCode); err != nil {
			return err
		}
	}
	return every(ctx, r.firms, store.Query{Index: ByName}, func(d *store.Doc[Firm]) bool { return d.State.HeadCode == v.Code }, func(d store.Doc[Firm]) error {
		v.Branches = append(v.Branches, Choice{d.ID, d.State.Name})
		return nil
	})
}
