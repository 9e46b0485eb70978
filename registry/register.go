package registry

import (
	"context"
	"maps"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Register is what is registered, without any question of rights: for other packages of the program, which ask for their own. It implements
// policy.Tenure. Service adds people and their rights.
type Register struct {
	db         *store.DB
	divisions  *store.Collection[Division]
	firms      *store.Collection[Firm]
	developers *store.Collection[Developer]
	votes      *store.Collection[Vote]
	projects   *store.Collection[Project]
	reminders  *store.Collection[Reminders]
	revenues   *store.Collection[Revenue]
	repairs    *store.Collection[RepairFund]
}

// Open opens the registers on a store.
func Open(ctx context.Context, db *store.DB) (*Register, error) {
	r := &Register{db: db}
	var err error
	if r.divisions, err = store.NewCollection(ctx, db, divisionDocument()); err != nil {
		return nil, err
	}
	if r.firms, err = store.NewCollection(ctx, db, firmDocument()); err != nil {
		return nil, err
	}
	if r.developers, err = store.NewCollection(ctx, db, developerDocument()); err != nil {
		return nil, err
	}
	if r.votes, err = store.NewCollection(ctx, db, voteDocument()); err != nil {
		return nil, err
	}
	if r.projects, err = store.NewCollection(ctx, db, projectDocument()); err != nil {
		return nil, err
	}
	if r.reminders, err = store.NewCollection(ctx, db, reminderDocument()); err != nil {
		return nil, err
	}
	if r.revenues, err = store.NewCollection(ctx, db, revenueDocument()); err != nil {
		return nil, err
	}
	if r.repairs, err = store.NewCollection(ctx, db, repairDocument()); err != nil {
		return nil, err
	}
	return r, db.Register(r.followUp())
}

// Spans implements policy.Tenure from the contracts of the project; none for a project that does not exist.
func (r *Register) Spans(ctx context.Context, firm, project string) ([]policy.Span, error) {
	d, err := r.projects.Load(ctx, project)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fault.Wrap("registry.Spans", fault.Unavailable, "暂时查不到小区的合同", err)
	}
	var out []policy.Span
	for _, c := range d.State.Contracts {
		if c.Firm == firm {
			out = append(out, c.Days)
		}
	}
	return out, nil
}

// Place says where a project lies and which firm's contract runs on the day. Returns NotFound if there is no such project.
func (r *Register) Place(ctx context.Context, project string, on calendar.Date) (Place, error) {
	d, err := r.projects.Load(ctx, project)
	if err != nil {
		return Place{}, noProject("registry.Place", err)
	}
	return r.placeOf(ctx, project, d.State, on)
}

// Contractor is the firm of a contract. If its registration was withdrawn in the moment in which the contract was entered, the contract says so and can be corrected.
// Names and phones of its people are left out.
func (r *Register) Contractor(ctx context.Context, id string) (Firm, error) {
	d, err := r.firms.LoadOpen(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return Firm{Name: "登记已撤回的企业"}, nil
	}
	if err != nil {
		return Firm{}, fault.Wrap("registry.Contractor", fault.Internal, "合同所写企业的登记缺失", err)
	}
	return d.State, nil
}

// noProject puts a plain sentence on the error of a project that does not exist.
func noProject(op string, err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(op, fault.NotFound, "没有找到这个小区", err)
	}
	return err
}

func (r *Register) placeOf(ctx context.Context, id string, p Project, day calendar.Date) (Place, error) {
	out := Place{Project: id, Name: p.Name, Community: p.Community, Township: p.Township, Households: p.Households, Kind: p.Kind, Firm: p.ContractOn(day).Firm, Developer: p.Developer}
	divisions, err := r.divisions.LoadEach(ctx, []string{p.Community, p.Township})
	switch {
	case err != nil:
		return Place{}, fault.Wrap("registry.Place", "", "暂时查不到小区所在的社区", err)
	case divisions[0] == nil:
		return Place{}, fault.New("registry.Place", fault.Internal, "小区所在社区的登记缺失")
	case divisions[1] == nil:
		return Place{}, fault.New("registry.Place", fault.Internal, "小区所在乡镇的登记缺失")
	}
	out.CommunityName, out.TownshipName = divisions[0].State.Display, divisions[1].State.Display
	if out.Firm != "" {
		firm, err := r.Contractor(ctx, out.Firm)
		if err != nil {
			return Place{}, err
		}
		out.FirmName = firm.Name
	}
	return out, nil
}

// Holding returns what is known of a project on a day. Returns NotFound if there is no such project.
func (r *Register) Holding(ctx context.Context, project string, on calendar.Date) (Holding, error) {
	d, err := r.projects.Load(ctx, project)
	if err != nil {
		return Holding{}, noProject("registry.Holding", err)
	}
	h := Holding{Since: d.State.heldSince(on), TakenOver: d.State.TakenOver}
	h.Insured, h.InsuredUntil = d.State.insuredOn(on)
	if h.Place, err = r.placeOf(ctx, project, d.State, on); err != nil || h.Firm == "" {
		return h, err
	}
	h.ServedUntil, _, _ = d.State.served(h.Firm, on)
	firm, err := r.Contractor(ctx, h.Firm)
	if err != nil {
		return Holding{}, err
	}
	h.PartyForm = string(firm.PartyOn(on).Form)
	h.Halves, err = r.halvesOf(ctx, project, h.Since, on)
	return h, err
}

// EachHolding yields what is known on a day of every project, in order of project id.
func (r *Register) EachHolding(ctx context.Context, on calendar.Date, yield func(Holding) error) error {
	var ids []string
	for d, err := range r.projects.Each(ctx) {
		if err != nil {
			return err
		}
		ids = append(ids, d.ID)
	}
	slices.Sort(ids)
	for _, id := range ids {
		h, err := r.Holding(ctx, id, on)
		if err != nil {
			return err
		}
		if err := yield(h); err != nil {
			return err
		}
	}
	return nil
}

// Compound is a compound with its place and size.
type Compound struct {
	// ID is that of the project, Name what it is called; Community and Township are ids of divisions.
	ID, Name, Community, Township string
	// Households is how many live there.
	Households int64
}

// Compounds lists the compounds under a scope key (policy.County for all), by name. It asks for no right and says nothing that is not public.
func (r *Register) Compounds(ctx context.Context, key string) ([]Compound, error) {
	var out []Compound
	if key == policy.County {
		key = "" // under which the list of all stands
	}
	err := every(ctx, r.projects, store.Query{Index: ByName, Key: key}, func(*store.Doc[Project]) bool { return true }, func(d store.Doc[Project]) error {
		out = append(out, Compound{ID: d.ID, Name: d.State.Name, Community: d.State.Community, Township: d.State.Township, Households: d.State.Households})
		return nil
	})
	return out, err
}

// Communities returns the communities in which projects lie, by name, with their townships; the rest of a Place stays empty. It asks for no right.
func (r *Register) Communities(ctx context.Context) ([]Place, error) {
	seen := map[string]Place{}
	for d, err := range r.projects.Each(ctx) {
		if err != nil {
			return nil, err
		}
		seen[d.State.Community] = Place{Community: d.State.Community, Township: d.State.Township}
	}
	out := slices.Collect(maps.Values(seen))
	for some := range slices.Chunk(out, store.MaxLimit) {
		ids := make([]string, len(some))
		for i := range some {
			ids[i] = some[i].Community
		}
		divisions, err := r.divisions.LoadEach(ctx, ids)
		if err != nil {
			return nil, err
		}
		for i, d := range divisions {
			if d != nil {
				some[i].CommunityName = d.State.Display
			}
		}
	}
	slices.SortFunc(out, func(a, b Place) int { return strings.Compare(a.CommunityName+a.Community, b.CommunityName+b.Community) })
	return out, nil
}

// firmByCode returns the id of the firm that holds a code, "" if none does.
func (r *Register) firmByCode(ctx context.Context, code USCC) (string, error) {
	return r.coded().byCode(ctx, r, code)
}

// claimed returns the id that holds a key, "" if none does or the one that claimed it never came to be.
func claimed[T any](ctx context.Context, db *store.DB, docs *store.Collection[T], name, key, kind string) (string, error) {
	target, err := db.Claimed(ctx, name, key)
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	id := strings.TrimPrefix(target, kind+"/")
	if _, err = docs.LoadOpen(ctx, id); fault.Is(err, fault.NotFound) {
		return "", nil
	}
	return id, err
}
