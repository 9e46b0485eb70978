package returns

import (
	"context"
	"maps"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/registry"
	"redsteward/registry/fund"
	"redsteward/registry/handover"
	"redsteward/registry/party"
	"redsteward/registry/station"
	"redsteward/supervision/deliberation"
	"redsteward/supervision/inspection"
	"redsteward/supervision/matter"
	"redsteward/supervision/rectification"
	"redsteward/supervision/wish"
)

// Sources are the registers from which figures come. All are read as the program itself, with the rights that roles.csv gives to it.
type Sources struct {
	Register       *registry.Service
	Books          *registry.Books
	Party          *party.Service
	Fund           *fund.Service
	Handovers      *handover.Service
	Stations       *station.Service
	Matters        *matter.Service
	Inspections    *inspection.Inspections
	Visits         *inspection.Visits
	Rectifications *rectification.Service
	Deliberations  *deliberation.Service
	Wishes         *wish.Service
	Cycle          *cycle.Service
}

// Kinds of what a row of a list is: a page opens each by its id.
const (
	OfProject   = "project"
	OfFirm      = "firm"
	OfDivision  = "division"
	OfMatter    = "matter"
	OfCheck     = "check"
	OfVisit     = "visit"
	OfCase      = "case"
	OfHandover  = "handover"
	OfFund      = "fund"
	OfMeeting   = "meeting"
	OfItem      = "item"
	OfWish      = "wish"
	OfBook      = "book"
	OfModel     = "model"
	OfPartyWork = "party"
	OfScore     = "score"
)

// Row is one line of the list behind a number.
type Row struct {
	// Of is what it is, ID the id by which a page opens it; of a row of a book `<book>/<id>`, of a score `<quarter>/<project>`.
	Of string `json:"of"`
	ID string `json:"id"`
	// Name is what people call it, Sub where it is or what else tells it apart, Day its day, no date for none.
	Name string        `json:"name"`
	Sub  string        `json:"sub,omitempty"`
	Day  calendar.Date `json:"day,omitzero"`
	// N is what it adds to the number.
	N num.Num `json:"n"`
	// In are the groups of the return's tables in which it counts, as `<way>/<id>`.
	In []string `json:"in,omitempty"`
}

// Counts reports whether it counts in a group of a table.
func (r *Row) Counts(by By, group string) bool { return slices.Contains(r.In, inGroup(by, group)) }

func inGroup(by By, group string) string { return string(by) + "/" + group }

// counted is a row with where it counts and by what tables group it.
type counted struct {
	Row
	// towns are the ids of the townships in which it counts, groups its group in each other way of a table, as id and name.
	towns  []string
	groups map[By]registry.Choice
}

// loaded are the registers as far as they were read for one making of figures, so that each is read once.
type loaded struct {
	from Sources
	// as is who reads: the program.
	as        policy.Actor
	compounds map[calendar.Date][]registry.CoverageRow
	firms     map[calendar.Date][]servingFirm
	names     map[string]string
	entries   map[string][]registry.EntryRow
	cases     []store.Doc[rectification.Case]
	checks    []store.Doc[inspection.Inspection]
	meetings  []store.Doc[deliberation.Meeting]
	items     []store.Doc[deliberation.Item]
	wishes    []store.Doc[wish.Wish]
	handed    []store.Doc[handover.Handover]
	money     []fund.Booked
	sheets    map[calendar.Span][]party.Sheet
	models    []station.ModelRow
	grids     map[calendar.Date][]registry.DivisionRow
	matters   map[calendar.Span][]matter.Counted
	visits    map[calendar.Span][]inspection.Scoring
	scores    map[string][]cycle.PreviewRow
	// where is the township of each compound and community, for registers that do not name it.
	where map[string]registry.CoverageRow
	done  map[string]bool
}

// servingFirm is a firm with where it serves on a day.
type servingFirm struct {
	id       string
	firm     registry.Firm
	party    registry.Party
	crossing int64
	towns    []string
}

func newLoaded(from Sources) *loaded {
	return &loaded{from: from, as: policy.SystemActor(), compounds: map[calendar.Date][]registry.CoverageRow{}, firms: map[calendar.Date][]servingFirm{}, names: map[string]string{}, entries: map[string][]registry.EntryRow{}, grids: map[calendar.Date][]registry.DivisionRow{},
		matters: map[calendar.Span][]matter.Counted{}, visits: map[calendar.Span][]inspection.Scoring{}, sheets: map[calendar.Span][]party.Sheet{}, scores: map[string][]cycle.PreviewRow{}, done: map[string]bool{}}
}

// once reports whether something is to be read now.
func (l *loaded) once(what string) bool {
	if l.done[what] {
		return false
	}
	l.done[what] = true
	return true
}

// compoundsOn are all compounds as they were served on a day.
func (l *loaded) compoundsOn(ctx context.Context, day calendar.Date) ([]registry.CoverageRow, error) {
	if rows, known := l.compounds[day]; known {
		return rows, nil
	}
	found, err := l.from.Register.Coverage(ctx, l.as, registry.CoverageQuery{On: day})
	if err != nil {
		return nil, err
	}
	l.compounds[day] = found.Rows
	if l.where == nil {
		l.where = map[string]registry.CoverageRow{}
		for _, r := range found.Rows {
			l.where[r.Project] = r
		}
	}
	return found.Rows, nil
}

// place is where a compound lies.
func (l *loaded) place(ctx context.Context, project string, day calendar.Date) (registry.CoverageRow, error) {
	if _, err := l.compoundsOn(ctx, day); err != nil {
		return registry.CoverageRow{}, err
	}
	return l.where[project], nil
}

// firmsOn are the firms that hold a compound on a day.
func (l *loaded) firmsOn(ctx context.Context, day calendar.Date) ([]servingFirm, error) {
	if list, known := l.firms[day]; known {
		return list, nil
	}
	rows, err := l.compoundsOn(ctx, day)
	if err != nil {
		return nil, err
	}
	towns := map[string]map[string]bool{}
	for _, r := range rows {
		if r.Firm == "" {
			continue
		}
		if towns[r.Firm] == nil {
			towns[r.Firm] = map[string]bool{}
		}
		towns[r.Firm][r.Township] = true
	}
	posts, err := l.from.Books.CrossPosts(ctx, day)
	if err != nil {
		return nil, err
	}
	list := make([]servingFirm, 0, len(towns))
	for _, id := range slices.Sorted(maps.Keys(towns)) {
		firm, err := l.from.Register.Contractor(ctx, id)
		if err != nil {
			return nil, err
		}
		list = append(list, servingFirm{id, firm, firm.PartyOn(day), posts.Of(id, firm), slices.Sorted(maps.Keys(towns[id]))})
	}
	slices.SortStableFunc(list, func(a, b servingFirm) int { return strings.Compare(a.firm.Name, b.firm.Name) })
	l.firms[day] = list
	return list, nil
}

// division is the name of a division.
func (l *loaded) division(ctx context.Context, id string) (string, error) {
	if name, known := l.names[id]; known || id == "" {
		return name, nil
	}
	d, err := l.from.Register.Division(ctx, id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return "", err
	}
	l.names[id] = d.Display
	return d.Display, nil
}

// mattersIn are the matters that were reported in some days.
func (l *loaded) mattersIn(ctx context.Context, span calendar.Span) ([]matter.Counted, error) {
	if list, known := l.matters[span]; known {
		return list, nil
	}
	var list []matter.Counted
	err := l.from.Matters.EachReported(ctx, span, func(c matter.Counted) { list = append(list, c) })
	l.matters[span] = list
	return list, err
}

// rows are the rows of a book that count.
func (l *loaded) rows(ctx context.Context, book string) ([]registry.EntryRow, error) {
	if list, known := l.entries[book]; known {
		return list, nil
	}
	var list []registry.EntryRow
	err := l.from.Books.AllEntries(ctx, l.as, registry.EntryQuery{Book: book}, func(r registry.EntryRow) error {
		list = append(list, r)
		return nil
	})
	l.entries[book] = list
	return list, err
}

// townOf is the township of a community, by the compounds and, without one, the divisions.
func (l *loaded) townOf(ctx context.Context, community string) (string, error) {
	key := "town/" + community
	if id, known := l.names[key]; known {
		return id, nil
	}
	d, err := l.from.Register.Division(ctx, community)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return "", err
	}
	l.names[key] = d.Parent
	return d.Parent, nil
}

// paged reads all pages of a list.
func paged[T any](page func(after string) (store.Page[T], error)) ([]store.Doc[T], error) {
	var out []store.Doc[T]
	for after := ""; ; {
		p, err := page(after)
		if err != nil {
			return nil, err
		}
		out = append(out, p.Docs...)
		if after = p.Next; after == "" {
			return out, nil
		}
	}
}

func (l *loaded) allCases(ctx context.Context) (_ []store.Doc[rectification.Case], err error) {
	if l.once("cases") {
		l.cases, err = paged(func(after string) (store.Page[rectification.Case], error) {
			return l.from.Rectifications.List(ctx, l.as, rectification.Filter{}, false, after)
		})
	}
	return l.cases, err
}

func (l *loaded) allChecks(ctx context.Context) (_ []store.Doc[inspection.Inspection], err error) {
	if l.once("checks") {
		l.checks, err = paged(func(after string) (store.Page[inspection.Inspection], error) {
			return l.from.Inspections.List(ctx, l.as, inspection.CheckFilter{}, false, after)
		})
	}
	return l.checks, err
}

func (l *loaded) allMeetings(ctx context.Context) (_ []store.Doc[deliberation.Meeting], err error) {
	if l.once("meetings") {
		l.meetings, err = l.from.Deliberations.Meetings(ctx, l.as, deliberation.MeetingFilter{})
	}
	return l.meetings, err
}

func (l *loaded) allItems(ctx context.Context) (_ []store.Doc[deliberation.Item], err error) {
	if l.once("items") {
		l.items, err = l.from.Deliberations.Items(ctx, l.as, deliberation.Filter{})
	}
	return l.items, err
}

func (l *loaded) allWishes(ctx context.Context) (_ []store.Doc[wish.Wish], err error) {
	if l.once("wishes") {
		l.wishes, err = l.from.Wishes.List(ctx, l.as, wish.Filter{})
	}
	return l.wishes, err
}

func (l *loaded) allHandovers(ctx context.Context) (_ []store.Doc[handover.Handover], err error) {
	if l.once("handovers") {
		l.handed, err = paged(func(after string) (store.Page[handover.Handover], error) {
			return l.from.Handovers.ListPage(ctx, l.as, handover.Filter{}, after)
		})
	}
	return l.handed, err
}

func (l *loaded) allMoney(ctx context.Context) (_ []fund.Booked, err error) {
	if l.once("money") {
		_, l.money, err = l.from.Fund.BankEntries(ctx, l.as)
	}
	return l.money, err
}

// sheetsIn are the sheets of the quarters of some days as they were confirmed last, as the page of the party counts them: one that was opened again counts as confirmed before.
func (l *loaded) sheetsIn(ctx context.Context, span calendar.Span) ([]party.Sheet, error) {
	if list, known := l.sheets[span]; known {
		return list, nil
	}
	var list []party.Sheet
	err := l.from.Party.EachConfirmed(ctx, span, func(sheet *party.Sheet) { list = append(list, *sheet) })
	l.sheets[span] = list
	return list, err
}

func (l *loaded) allModels(ctx context.Context) (_ []station.ModelRow, err error) {
	if l.once("models") {
		l.models, err = l.from.Stations.Models(ctx, l.as, "")
	}
	return l.models, err
}

// gridsOn are the grids of a day.
func (l *loaded) gridsOn(ctx context.Context, day calendar.Date) (_ []registry.DivisionRow, err error) {
	if list, known := l.grids[day]; known {
		return list, nil
	}
	l.grids[day], err = l.from.Register.DivisionsAt(ctx, registry.LevelGrid, day)
	return l.grids[day], err
}

func (l *loaded) visitsIn(ctx context.Context, span calendar.Span) ([]inspection.Scoring, error) {
	if list, known := l.visits[span]; known {
		return list, nil
	}
	var list []inspection.Scoring
	err := l.from.Visits.EachCounted(ctx, span, func(s inspection.Scoring) error {
		list = append(list, s)
		return nil
	})
	slices.SortFunc(list, func(a, b inspection.Scoring) int { return strings.Compare(a.Visit, b.Visit) })
	l.visits[span] = list
	return list, err
}

// scoresOf are the published scores of the quarter in which a day lies, none before they are published.
func (l *loaded) scoresOf(ctx context.Context, day calendar.Date) (quarter string, _ []cycle.PreviewRow, _ error) {
	quarter = calendar.QuarterOf(day).String()
	if list, known := l.scores[quarter]; known {
		return quarter, list, nil
	}
	c, err := l.from.Cycle.Circular(ctx, quarter)
	switch {
	case fault.Is(err, fault.NotFound):
		l.scores[quarter] = nil
		return quarter, nil, nil
	case err != nil:
		return "", nil, err
	}
	l.scores[quarter] = c.Rows
	return quarter, c.Rows, nil
}
