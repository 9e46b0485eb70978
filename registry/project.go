package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
)

const (
	projectKind      = "project"
	projectNameClaim = "project-name"
)

// Project is one residential compound. Its id is opaque. Contracts and owners' bodies live in its stream, so that one command sees all of them.
type Project struct {
	// Name is what people call it; it is unique within its community.
	Name string `json:"name" privacy:"public"`
	// Address is the street address.
	Address string `json:"address" privacy:"public"`
	// Community and Township are the ids of its divisions.
	Community string `json:"community" privacy:"public"`
	Township  string `json:"township" privacy:"public"`
	// Grids are the ids of the grids of its community in which it lies, in order; none if that is not known.
	Grids []string `json:"grids,omitempty" privacy:"public"`
	// Households is the number of households.
	Households int64 `json:"households"`
	// Area is the floor area in m², at most two decimals; 0 if not known.
	Area num.Num `json:"area"`
	// Kind is what was built.
	Kind ProjectKind `json:"kind" privacy:"public"`
	// Completed is the day on which it passed its acceptance as built (竣工验收), of the last phase if there are several; no date if not known.
	Completed calendar.Date `json:"completed,omitzero"`
	// Delivered is the day on which it was handed over to the owners; no date if not known.
	Delivered calendar.Date `json:"delivered"`
	// TakenOver is the day on which the compound was first taken over by a firm (承接); no date if not known.
	TakenOver calendar.Date `json:"taken_over"`
	// Contracts are all contracts, in the order in which they were entered; no two of them run on the same day for the same phase.
	Contracts []Contract `json:"contracts,omitempty"`
	// Developer is the id of the developer that built it, "" if not known or if there was none.
	Developer string `json:"developer,omitempty" privacy:"public"`
	// Phases are the parts in which it was built, in the order in which they were entered; none if it was built at once.
	Phases []Phase `json:"phases,omitempty"`
	// Buildings are its buildings, in the order in which they were entered, withdrawn ones too.
	Buildings []Building `json:"buildings,omitempty"`
	// Rooms are the rooms that the developer hands over for property service and for the community, withdrawn ones too.
	Rooms []Room `json:"rooms,omitempty"`
	// Papers are insurances, certificates and tests that end on a day, renewed and withdrawn ones too.
	Papers []Paper `json:"papers,omitempty"`
	// Bodies are the owners' bodies since when, oldest first, without overlap.
	Bodies []Body `json:"bodies,omitempty"`
}

// Contract is one service contract of a project.
type Contract struct {
	// ID is unique within the project: c1, c2, ….
	ID string `json:"id" privacy:"public"`
	// Firm is the id of the firm.
	Firm string `json:"firm" privacy:"public"`
	// Kind says who chose the firm.
	Kind ContractKind `json:"kind" privacy:"public"`
	// Level is the promised service level.
	Level ServiceLevel `json:"level" privacy:"public"`
	// Charge says how the firm is paid, "" if that is not known; Fee is the fee in fen per m² and month.
	Charge Charge `json:"charge,omitempty" privacy:"public"`
	Fee    int64  `json:"fee"`
	// Days are the first and the last day; without last day it runs until it is ended.
	Days policy.Span `json:"days"`
	// Ended is the reason why it ended before its time, "" if it did not.
	Ended string `json:"ended,omitempty" privacy:"internal"`
	// Phase is the id of the phase that it is about, "" for the whole project.
	Phase string `json:"phase,omitempty" privacy:"public"`
}

// covers reports whether the contract is about a phase, "" for the whole project.
func (c Contract) covers(phase string) bool { return c.Phase == "" || phase == "" || c.Phase == phase }

// Body is an owners' body of a project for a term.
type Body struct {
	// Kind is the body.
	Kind BodyKind `json:"kind" privacy:"public"`
	// Days are the days of the term.
	Days policy.Span `json:"days"`
	// Members is how many people the body has, PartyMembers how many of them are members of the party; 0 if it was not told. Never who they are.
	Members      int64 `json:"members,omitempty"`
	PartyMembers int64 `json:"party_members,omitempty"`
}

// maxBodyMembers is the largest owners' body: rules on 物管会 go up to fifteen, and a register must hold what it finds.
const maxBodyMembers = 31

// InOffice reports whether it is a 业委会 or a 物管会: the zero value and BodyNone are nobody.
func (b Body) InOffice() bool { return b.Kind != "" && b.Kind != BodyNone }

func (b Body) days() policy.Span     { return b.Days }
func (c Contract) days() policy.Span { return c.Days }

// ContractOn returns the contract that runs on a day; the zero value if none does. If phases have contracts of their own, it is the one that was entered first: the
// project is rated with that firm.
func (p Project) ContractOn(day calendar.Date) Contract { return on(p.Contracts, day) }

// ContractsOn returns all contracts that run on a day, one for each phase at most.
func (p Project) ContractsOn(day calendar.Date) []Contract {
	var out []Contract
	for _, c := range p.Contracts {
		if c.Days.Holds(day) {
			out = append(out, c)
		}
	}
	return out
}

// heldOn reports whether a firm holds the project or a phase of it on a day.
func (p Project) heldOn(firm string, day calendar.Date) bool {
	return slices.ContainsFunc(p.ContractsOn(day), func(c Contract) bool { return c.Firm == firm })
}

// BodyOn returns the owners' body on a day; the zero value if nothing is known for it.
func (p Project) BodyOn(day calendar.Date) Body { return on(p.Bodies, day) }

// heldSince is the first day from which the firm of that day has held the project without a day between; no date if none holds it.
func (p Project) heldSince(day calendar.Date) calendar.Date {
	now := p.ContractOn(day)
	first := now.Days.From
	for again := true; again; {
		again = false
		for _, c := range p.Contracts {
			if c.Firm == now.Firm && c.covers(now.Phase) && !c.Days.Until.IsZero() && c.Days.Until.Add(1) == first && c.Days.From.Compare(first) < 0 {
				first, again = c.Days.From, true
			}
		}
	}
	return first
}

// placeKeys are the scope keys of the places, without the firm's.
func (p Project) placeKeys(id string) []string {
	return []string{policy.ProjectKey(id), policy.CommunityKey(p.Community), policy.TownshipKey(p.Township)}
}

// keysOn are the scope keys on a day: a firm's counts only while it holds the project or a phase of it, the developer's always.
func (p Project) keysOn(id string, day calendar.Date) []string {
	running := p.ContractsOn(day)
	place := Place{Project: id, Community: p.Community, Township: p.Township, Developer: p.Developer}
	if len(running) == 0 {
		return place.DutyKeys()
	}
	place.Firm = running[0].Firm
	keys := place.DutyKeys()
	for _, c := range running[1:] {
		keys = append(keys, policy.FirmKey(c.Firm))
	}
	return keys
}

// listKeys are the keys of every list of projects: all, by scope, by any firm that ever held it, by developer, by kind, by grid.
func listKeys(id string, p *Project) []string {
	keys := append(p.placeKeys(id), "", "k:"+string(p.Kind))
	for _, c := range p.Contracts {
		keys = append(keys, policy.FirmKey(c.Firm))
	}
	if p.Developer != "" {
		keys = append(keys, policy.DeveloperKey(p.Developer))
	}
	for _, grid := range p.Grids {
		keys = append(keys, gridKey(grid))
	}
	if len(p.Grids) > 0 {
		keys = append(keys, griddedKey(p.Community))
	}
	return keys
}

// projectDocument is how projects are stored.
func projectDocument() store.Kind[Project] {
	return store.Kind[Project]{
		Name: projectKind, Version: 1,
		Indexes: []store.Index[Project]{
			{
				Name: "name",
				Keys: func(id string, p *Project) []string { return append(listKeys(id, p), findKeys(p.Name, p.Address)...) },
				Sort: func(_ string, p *Project) string { return spelled(p.Name) },
			},
			{Name: "households", Keys: listKeys, Sort: func(_ string, p *Project) string { return store.SortInt(p.Households) }},
			{Name: "delivered", Keys: listKeys, Sort: func(_ string, p *Project) string { return p.Delivered.String() }},
			{Name: byWatch, Keys: watchKeys, Sort: watchSort},
		},
	}
}

// ProjectInput is what an officer says about a project.
type ProjectInput struct {
	// The fields are those of Project.
	Name       string        `json:"name" privacy:"public"`
	Address    string        `json:"address" privacy:"public"`
	Community  string        `json:"community" privacy:"public"`
	Households int64         `json:"households"`
	Area       num.Num       `json:"area"`
	Kind       ProjectKind   `json:"kind" privacy:"public"`
	Completed  calendar.Date `json:"completed,omitzero"`
	Delivered  calendar.Date `json:"delivered"`
	TakenOver  calendar.Date `json:"taken_over"`
	Developer  string        `json:"developer,omitempty" privacy:"public"`
	// Grids name grids of the community by number, code or name (SplitGrids); checked they are ids.
	Grids []string `json:"grids,omitempty" privacy:"public"`
}

// chooseCommunity is what a project without community is told.
const chooseCommunity = "请选择所在社区"

// maxArea bounds the floor area: no compound has 100 km².
const maxArea = 100_000_000

// check completes the input and returns the township.
func (in *ProjectInput) check(ctx context.Context, r *Register, today calendar.Date, bad *faults) (township string, err error) {
	bad.text("name", "小区名称", &in.Name, 2, 40)
	bad.text("address", "地址", &in.Address, 2, 100)
	bad.count("households", "户数", "户", in.Households, 1, 100_000)
	bad.area("area", "建筑面积", in.Area)
	choice(bad, "kind", "物业类型", in.Kind, ProjectKinds())
	bad.past("completed", "竣工验收日期", in.Completed, today)
	bad.past("delivered", "交付日期", in.Delivered, today)
	if !in.Completed.IsZero() && !in.Delivered.IsZero() && in.Delivered.Compare(in.Completed) < 0 {
		bad.add("delivered", "交付日期%s早于竣工验收日期%s", in.Delivered.Chinese(), in.Completed.Chinese())
	}
	bad.past("taken_over", "首次承接日期", in.TakenOver, today)
	if in.Developer != "" {
		if _, err := r.developers.Load(ctx, in.Developer); fault.Is(err, fault.NotFound) {
			bad.add("developer", "没有编号为“%s”的建设单位", in.Developer)
		} else if err != nil {
			return "", err
		}
	}
	if in.Community == "" {
		bad.add("community", "%s", chooseCommunity)
		return "", nil
	}
	d, err := r.divisions.Load(ctx, in.Community)
	switch {
	case fault.Is(err, fault.NotFound):
		bad.add("community", "没有编号为“%s”的社区", in.Community)
		return "", nil
	case err != nil:
		return "", err
	case d.State.Level != LevelCommunity || d.State.Statistical:
		bad.add("community", "“%s”不是社区或村", d.State.Display)
	case !d.State.Days.Holds(today):
		bad.add("community", "“%s”已经撤销，请选择现有的社区", d.State.Display)
	default:
		if in.Grids, err = r.gridsOf(ctx, DivisionRow{ID: d.ID, Seq: d.Seq, Division: d.State}, in.Grids, today, bad); err != nil {
			return "", err
		}
	}
	return d.State.Parent, nil
}

// onto gives the project after the input, with body, if not nil, put behind its owners' bodies; what is wrong goes to bad.
func (in ProjectInput) onto(ctx context.Context, r *Register, today calendar.Date, p Project, body *Body, bad *faults) (Project, error) {
	township, err := in.check(ctx, r, today, bad)
	if err != nil {
		return p, err
	}
	if body != nil {
		body.check(bad)
		p.Bodies = appendBody(bad, slices.Clone(p.Bodies), *body)
	}
	p.Name, p.Address, p.Community, p.Township, p.Households = in.Name, in.Address, in.Community, township, in.Households
	p.Area, p.Kind, p.Completed, p.Delivered, p.TakenOver, p.Developer, p.Grids = in.Area, in.Kind, in.Completed, in.Delivered, in.TakenOver, in.Developer, in.Grids
	return p, nil
}

// projectNameKey is what a claim makes unique.
func projectNameKey(community, name string) string { return community + "/" + string(plain(name)) }

// claimProjectName takes a name within a community. Returns Conflict.
func (s *Service) claimProjectName(ctx context.Context, meta store.Meta, community, name, id string) error {
	err := s.db.Claim(ctx, meta, projectNameClaim, projectNameKey(community, name), projectKind+"/"+id)
	if fault.Is(err, fault.Conflict) {
		return fault.Wrap("registry.claimProjectName", fault.Conflict, "这个社区已经登记了名为“"+name+"”的小区", err)
	}
	return err
}

// CreateProject registers a project and returns its id. Returns Forbidden without WriteRegister, NotFound if its community lies outside of the actor's
// scope, Invalid for refused fields (name, address, community, grids, households, area, kind, completed, delivered, taken_over, developer), Conflict if the community has one of that name.
func (s *Service) CreateProject(ctx context.Context, by policy.Actor, in ProjectInput) (string, error) {
	const op = "registry.CreateProject"
	if err := s.guard.Require(by, policy.WriteRegister); err != nil {
		return "", err
	}
	var bad faults
	p, err := in.onto(ctx, s.Register, s.Today(), Project{}, nil, &bad)
	if err != nil {
		return "", err
	}
	if err := bad.err(op); err != nil {
		return "", err
	}
	meta := s.meta(by, policy.WriteRegister, "")
	id := s.db.NewID(meta)
	if err := s.within(ctx, by, policy.WriteRegister, p.keysOn(id, s.Today())); err != nil {
		return "", err
	}
	return id, s.putProject(ctx, meta, store.Doc[Project]{ID: id}, p)
}

// putProject stores a checked project after its present state, which is the zero value for a new one, and moves the claim on its name.
func (s *Service) putProject(ctx context.Context, meta store.Meta, now store.Doc[Project], p Project) error {
	old, next := projectNameKey(now.State.Community, now.State.Name), projectNameKey(p.Community, p.Name)
	if old != next {
		if err := s.claimProjectName(ctx, meta, p.Community, p.Name, now.ID); err != nil {
			return err
		}
	}
	if _, err := s.projects.Commit(ctx, meta, now.ID, now.Seq, p); err != nil {
		return err
	}
	if old != next && now.Seq > 0 {
		return s.db.Release(ctx, meta, projectNameClaim, old, projectKind+"/"+now.ID)
	}
	return nil
}

// ChangeProject corrects a project. Returns Forbidden without WriteRegister, NotFound, also for a new community outside of the actor's scope, Invalid for
// refused fields as CreateProject, Conflict for a name that the community has already or if seq is not the last change.
func (s *Service) ChangeProject(ctx context.Context, by policy.Actor, id string, seq int64, in ProjectInput) error {
	const op = "registry.ChangeProject"
	d, err := s.projectFor(ctx, by, policy.WriteRegister, id)
	if err != nil {
		return err
	}
	if d.Seq != seq {
		return overtaken(op)
	}
	var bad faults
	p, err := in.onto(ctx, s.Register, s.Today(), d.State, nil, &bad)
	if err != nil {
		return err
	}
	if err := bad.err(op); err != nil {
		return err
	}
	if err := s.within(ctx, by, policy.WriteRegister, p.keysOn(id, s.Today())); err != nil {
		return err
	}
	return s.putProject(ctx, s.meta(by, policy.WriteRegister, ""), d, p)
}

// check completes a new owners' body. Its field names are body, body_from, body_until, members, party_members.
func (b *Body) check(bad *faults) {
	choice(bad, "body", "业主组织", b.Kind, BodyKinds())
	bad.count("members", "成员", "人", b.Members, 0, maxBodyMembers)
	bad.count("party_members", "党员", "人", b.PartyMembers, 0, b.Members)
	if b.Kind == BodyNone && b.Members > 0 {
		bad.add("members", "没有业主组织的，不填成员人数")
	}
	if b.Days.From.IsZero() {
		bad.add("body_from", "请填写任期起始日，例如 2026-10-19")
	}
	bad.span("body_until", b.Days)
	if b.Kind == BodyNone && !b.Days.Until.IsZero() {
		bad.add("body_until", "没有业主组织的，不填任期届满日")
	}
}

// appendBody puts a term behind the others and cuts the one before if it reaches into it. A term of the same first day is corrected.
func appendBody(bad *faults, list []Body, next Body) []Body {
	if n := len(list); n > 0 && !next.Days.From.IsZero() {
		last := &list[n-1]
		switch order := next.Days.From.Compare(last.Days.From); {
		case order < 0:
			bad.add("body_from", "任期起始日%s早于现有登记的起始日%s", next.Days.From.Chinese(), last.Days.From.Chinese())
			return list
		case order == 0:
			if next.Members == 0 && next.Kind == last.Kind {
				next.Members, next.PartyMembers = last.Members, last.PartyMembers // a row of an import does not tell them
			}
			list[n-1] = next
			return list
		}
		if touches(last.Days, next.Days) {
			last.Days.Until = next.Days.From.Add(-1)
		}
	}
	if len(list) >= maxSpans {
		bad.add("body_from", "业主组织登记已有 %d 条，不能再加", len(list))
		return list
	}
	return append(list, next)
}

// SetBody says which owners' body a project has from a day on; the one before ends on the day before at the latest. Returns Forbidden without
// WriteRegister, NotFound, Invalid for refused fields (body, body_from, body_until, members, party_members), Conflict if seq is not the last change.
func (s *Service) SetBody(ctx context.Context, by policy.Actor, project string, seq int64, b Body) error {
	return s.change(ctx, by, project, seq, "", func(p *Project, bad *faults) error {
		b.check(bad)
		p.Bodies = appendBody(bad, p.Bodies, b)
		return nil
	})
}

// change loads a project in the actor's scope, applies a change and stores it after seq.
func (s *Service) change(ctx context.Context, by policy.Actor, project string, seq int64, why string, f func(*Project, *faults) error) error {
	const op = "registry.change"
	d, err := s.projectFor(ctx, by, policy.WriteRegister, project)
	if err != nil {
		return err
	}
	if d.Seq != seq {
		return overtaken(op)
	}
	var bad faults
	if err := f(&d.State, &bad); err != nil {
		return err
	}
	if err := bad.err(op); err != nil {
		return err
	}
	_, err = s.projects.Commit(ctx, s.meta(by, policy.WriteRegister, why), project, seq, d.State)
	return err
}

// projectFor loads a project that lies in the actor's scope for the action. Returns Forbidden and NotFound.
func (s *Service) projectFor(ctx context.Context, by policy.Actor, action policy.Action, id string) (store.Doc[Project], error) {
	if err := s.guard.Require(by, action); err != nil {
		return store.Doc[Project]{}, err
	}
	d, err := s.projects.Load(ctx, id)
	if err != nil {
		return d, noProject("registry.project", err)
	}
	if err := s.within(ctx, by, action, d.State.keysOn(id, s.On(ctx))); err != nil {
		return store.Doc[Project]{}, noProject("registry.project", err)
	}
	return d, nil
}

// feeText is 1.20 元.
func feeText(fen int64) string { return fmt.Sprintf("%d.%02d 元", fen/100, fen%100) }

// reason trims a reason and checks its length.
func reason(bad *faults, why string) string {
	why = strings.TrimSpace(why)
	bad.text("reason", "原因", &why, 2, 200)
	return why
}
