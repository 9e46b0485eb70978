package registry

import (
	"cmp"
	"context"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
)

// nameBook reads places of many projects, each division and each firm once.
type nameBook struct {
	r         *Register
	divisions map[string]string
	firms     map[string]Firm
}

func (r *Register) nameBook() *nameBook {
	return &nameBook{r: r, divisions: map[string]string{}, firms: map[string]Firm{}}
}

// firm is a firm of a contract, without names and phones of its people.
func (b *nameBook) firm(ctx context.Context, id string) (Firm, error) {
	if f, known := b.firms[id]; known {
		return f, nil
	}
	f, err := b.r.Contractor(ctx, id)
	if err == nil {
		b.firms[id] = f
	}
	return f, err
}

func (b *nameBook) division(ctx context.Context, id string) (string, error) {
	if name, known := b.divisions[id]; known {
		return name, nil
	}
	d, err := b.r.divisions.Load(ctx, id)
	if err != nil {
		return "", fault.Wrap("registry.nameBook", "", "暂时查不到小区所在的社区", err)
	}
	b.divisions[id] = d.State.Display
	return d.State.Display, nil
}

// place says where a project lies and who holds it on a day.
func (b *nameBook) place(ctx context.Context, id string, p *Project, day calendar.Date) (out Place, err error) {
	out = Place{Project: id, Name: p.Name, Community: p.Community, Township: p.Township, Households: p.Households, Firm: p.ContractOn(day).Firm, Developer: p.Developer}
	if out.CommunityName, err = b.division(ctx, p.Community); err != nil {
		return out, err
	}
	if out.TownshipName, err = b.division(ctx, p.Township); err != nil || out.Firm == "" {
		return out, err
	}
	firm, err := b.firm(ctx, out.Firm)
	out.FirmName = firm.Name
	return out, err
}

// eachProject calls yield for every project of the actor's scope that a filter of the whole register lets through, by name.
func (s *Service) eachProject(ctx context.Context, by policy.Actor, q ProjectQuery, yield func(id string, p *Project) error) error {
	q.Sort, q.Desc, q.After = ByName, false, ""
	ask, keep, err := s.projectQuery(ctx, by, policy.ReadRegister, q)
	if err != nil {
		return err
	}
	return every(ctx, s.projects, ask, keep, func(d store.Doc[Project]) error { return yield(d.ID, &d.State) })
}

// Cover says how a project is served on a day.
type Cover string

// The ways in which a project is served.
const (
	// CoverMarket: by a firm of the market (市场化).
	CoverMarket Cover = "market"
	// CoverState: by the state-owned fallback (国有兜底).
	CoverState Cover = "state"
	// CoverCustody: in custody until a firm is chosen (应急托管).
	CoverCustody Cover = "custody"
	// CoverPart: some of its phases have no contract (部分分期无合同).
	CoverPart Cover = "part"
	// CoverNone: nobody (无企业服务).
	CoverNone Cover = "none"
)

// Served reports whether a firm serves the project, be it some of its phases only: what every page counts as 有物业服务的小区.
func (c Cover) Served() bool { return c != "" && c != CoverNone }

// Covers lists the ways in which a project is served.
func Covers() []Choice {
	return []Choice{{string(CoverMarket), "市场化"}, {string(CoverState), "国有兜底"}, {string(CoverCustody), "应急托管"}, {string(CoverPart), "部分分期无合同"}, {string(CoverNone), "无企业服务"}}
}

// uncovered are the phases without a contract that runs on a day; none for a project without phases.
func (p *Project) uncovered(day calendar.Date) []Phase {
	running := p.ContractsOn(day)
	if slices.ContainsFunc(running, func(c Contract) bool { return c.Phase == "" }) {
		return nil
	}
	var out []Phase
	for _, phase := range p.Phases {
		if !slices.ContainsFunc(running, func(c Contract) bool { return c.Phase == phase.ID }) {
			out = append(out, phase)
		}
	}
	return out
}

// CoverageQuery asks how the projects are served today. The zero value is all of them by name.
type CoverageQuery struct {
	// Text is looked for in name and address; Township keeps those there; Form those that are served so. "" keeps all.
	Text, Township string
	Form           Cover
	// On is the day as of which contracts and owners' bodies count; no date: the day that a page shows.
	On calendar.Date
	// Sort is ByName (also "") or ByHouseholds; Desc reverses it.
	Sort string
	Desc bool
}

// CoverageRow is how one project is served.
type CoverageRow struct {
	// Place says where it lies and who holds it.
	Place
	// Form is the way; Contract the running contract, the zero value for CoverNone; Without the names of the phases that have none.
	Form     Cover
	Contract Contract
	Without  []string
	// Area is the floor area in m², 0 if not known; Body the owners' body of that day, the zero value if nothing is known.
	Area num.Num
	Body Body
}

// CoverageFigure adds up the projects of one form.
type CoverageFigure struct {
	// Form is the way; Projects and Households are how many are served so.
	Form                 Cover
	Projects, Households int64
}

// Coverage is how all projects of a query are served.
type Coverage struct {
	// Rows are the projects of the query.
	Rows []CoverageRow
	// Figures add up all projects of text and township, whatever the form, in the order of Covers.
	Figures []CoverageFigure
}

// Coverage tells how every project of the actor's scope is served on a day. Returns Forbidden without ReadRegister.
func (s *Service) Coverage(ctx context.Context, by policy.Actor, q CoverageQuery) (Coverage, error) {
	today, book := q.On, s.nameBook()
	if today.IsZero() {
		today = s.On(ctx)
	}
	var out Coverage
	for _, c := range Covers() {
		out.Figures = append(out.Figures, CoverageFigure{Form: Cover(c.ID)})
	}
	err := s.eachProject(ctx, by, ProjectQuery{Text: q.Text, Township: q.Township}, func(id string, p *Project) error {
		place, err := book.place(ctx, id, p, today)
		if err != nil {
			return err
		}
		row := CoverageRow{Place: place, Form: CoverNone, Contract: p.ContractOn(today), Area: p.Area, Body: p.BodyOn(today)}
		for _, phase := range p.uncovered(today) {
			row.Without = append(row.Without, phase.Name)
		}
		if row.Firm != "" {
			firm, err := book.firm(ctx, row.Firm)
			if err != nil {
				return err
			}
			row.Form = formOf(row, firm.Origin)
		}
		f := &out.Figures[slices.IndexFunc(out.Figures, func(f CoverageFigure) bool { return f.Form == row.Form })]
		f.Projects, f.Households = f.Projects+1, f.Households+row.Households
		if q.Form == "" || q.Form == row.Form {
			out.Rows = append(out.Rows, row)
		}
		return nil
	})
	if q.Sort == ByHouseholds {
		slices.SortStableFunc(out.Rows, func(a, b CoverageRow) int { return cmp.Compare(a.Households, b.Households) })
	}
	if q.Desc {
		slices.Reverse(out.Rows)
	}
	return out, err
}

// formOf decides the form of a project that somebody holds.
func formOf(row CoverageRow, origin Origin) Cover {
	switch {
	case len(row.Without) > 0:
		return CoverPart
	case row.Contract.Kind == ContractCustody:
		return CoverCustody
	case origin == OriginState:
		return CoverState
	}
	return CoverMarket
}
