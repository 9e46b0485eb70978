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

// A province has some 50,000 communities and grids: what a page shows of the tree is read level by level. A sight answers what an actor may see of it without reading the rest.

// sight is what an actor sees of the tree: whatever his scope covers, and what stands above it or above one of his projects. It serves one request.
type sight struct {
	*Service
	scope policy.Scope
	day   calendar.Date
	// way are the divisions above what he sees, whose children he does not all see; nothing for who sees everything.
	way map[string]bool
	// mine are his projects by community, for communities that his scope does not cover.
	mine map[string][]store.Doc[Project]
	// known are divisions that were read.
	known map[string]DivisionRow
}

// sightOf returns what an actor sees. Returns Forbidden without ReadRegister.
func (s *Service) sightOf(ctx context.Context, by policy.Actor) (*sight, error) {
	scope, err := s.readScope(ctx, by)
	if err != nil {
		return nil, err
	}
	v := &sight{Service: s, scope: scope, day: s.On(ctx), way: map[string]bool{}, mine: map[string][]store.Doc[Project]{}, known: map[string]DivisionRow{}}
	if scope.All() {
		return v, nil
	}
	for _, key := range scope.Keys() {
		kind, id, _ := strings.Cut(key, ":")
		if kind+":" != townshipPrefix && kind+":" != communityPrefix || !scope.Covers([]string{key}, v.day) {
			continue
		}
		if err := v.seeTo(ctx, id); err != nil {
			return nil, err
		}
	}
	mine := func(d *store.Doc[Project]) bool { return scope.Covers(d.State.keysOn(d.ID, v.day), v.day) }
	err = every(ctx, s.projects, store.Query{Index: ByName, In: scope.Keys()}, mine, func(d store.Doc[Project]) error {
		community := d.State.Community
		if !scope.Covers([]string{policy.CommunityKey(community), policy.TownshipKey(d.State.Township)}, v.day) {
			v.mine[community] = append(v.mine[community], d)
		}
		for _, grid := range d.State.Grids {
			if err := v.seeTo(ctx, grid); err != nil {
				return err
			}
		}
		return v.seeTo(ctx, community)
	})
	return v, err
}

// The kinds of scope keys that name a division.
var townshipPrefix, communityPrefix = policy.TownshipKey(""), policy.CommunityKey("")

// seeTo marks a division and everything above it.
func (v *sight) seeTo(ctx context.Context, id string) error {
	for id != "" && !v.way[id] {
		d, err := v.load(ctx, id)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		v.way[id], id = true, d.Parent
	}
	return nil
}

// load returns a division, once read for all.
func (v *sight) load(ctx context.Context, id string) (DivisionRow, error) {
	if d, known := v.known[id]; known {
		return d, nil
	}
	d, err := v.Division(ctx, id)
	if err == nil {
		v.known[id] = d
	}
	return d, err
}

// covered reports whether the scope covers a division, and thus everything below it.
func (v *sight) covered(ctx context.Context, d DivisionRow) (bool, error) {
	var keys []string
	switch d.Level {
	case LevelTownship:
		keys = []string{policy.TownshipKey(d.ID)}
	case LevelCommunity:
		keys = []string{policy.CommunityKey(d.ID), policy.TownshipKey(d.Parent)}
	case LevelGrid:
		if v.scope.All() {
			return true, nil
		}
		up, err := v.load(ctx, d.Parent)
		if err != nil {
			return false, err
		}
		keys = []string{policy.CommunityKey(d.Parent), policy.TownshipKey(up.Parent)}
	}
	return v.scope.Covers(keys, v.day), nil
}

// sees reports whether the actor sees a division.
func (v *sight) sees(ctx context.Context, d DivisionRow) (bool, error) {
	if v.way[d.ID] {
		return true, nil
	}
	return v.covered(ctx, d)
}

// leaf returns a division that the actor sees with what is above it. Returns NotFound.
func (v *sight) leaf(ctx context.Context, id string) (DivisionLeaf, error) {
	d, err := v.load(ctx, id)
	if err != nil {
		return DivisionLeaf{}, err
	}
	seen, err := v.sees(ctx, d)
	if err == nil && !seen {
		err = fault.New("registry.leaf", fault.NotFound, "没有编号为“"+id+"”的行政区划")
	}
	leaf := DivisionLeaf{DivisionRow: d}
	for up := d.Parent; err == nil && up != ""; up = d.Parent {
		if d, err = v.load(ctx, up); err == nil {
			leaf.Above = append(leaf.Above, d)
		}
	}
	slices.Reverse(leaf.Above)
	return leaf, err
}

// children lists the divisions right below one, the county below "", that exist on the day and that the actor sees, in order of id.
func (v *sight) children(ctx context.Context, parent string) ([]DivisionRow, error) {
	below, err := v.divisionsUnder(ctx, "o:"+parent, func(Division) bool { return true })
	if err != nil {
		return nil, err
	}
	ending, err := v.divisionsUnder(ctx, "x:"+parent, func(d Division) bool {
		return DivisionQuery{}.shows(DivisionRow{Division: d}, v.day)
	})
	if err != nil {
		return nil, err
	}
	below = append(below, ending...)
	slices.SortFunc(below, func(a, b DivisionRow) int { return strings.Compare(a.ID, b.ID) })
	var out []DivisionRow
	for _, d := range below {
		seen, err := v.sees(ctx, d)
		if err != nil {
			return nil, err
		}
		if seen {
			out = append(out, d)
		}
	}
	return out, nil
}

// count is how much the actor sees right below a division, without reading it where he sees everything there.
func (v *sight) count(ctx context.Context, d DivisionRow) (int, error) {
	all, err := v.covered(ctx, d)
	if err != nil {
		return 0, err
	}
	if !all {
		children, err := v.children(ctx, d.ID)
		if err != nil {
			return 0, err
		}
		projects, err := v.projectsBelow(ctx, d)
		return len(children) + len(projects), err
	}
	open, err := countRows(ctx, v.divisions, byPlace, "o:"+d.ID)
	if err != nil {
		return 0, err
	}
	ending, err := v.divisionsUnder(ctx, "x:"+d.ID, func(d Division) bool { return DivisionQuery{}.shows(DivisionRow{Division: d}, v.day) })
	if err != nil {
		return 0, err
	}
	projects, err := v.countBelow(ctx, d)
	return open + len(ending) + projects, err
}

// countRows counts the rows of an index key without decoding any.
func countRows[T any](ctx context.Context, c *store.Collection[T], index, key string) (int, error) {
	n := 0
	for q := (store.Query{Index: index, Key: key, Limit: store.MaxLimit}); ; {
		page, err := c.Rows(ctx, q)
		if err != nil {
			return 0, err
		}
		n += len(page.Rows)
		if q.After = page.Next; q.After == "" {
			return n, nil
		}
	}
}

// DivisionBranch is one opened place of the tree, with the way to it and a page of what stands right below: divisions first, behind those of a community its projects that lie in none of them, below a grid its projects, and below
// a project its buildings.
type DivisionBranch struct {
	// Way are the divisions from the county to the opened one; none if the actor sees nothing.
	Way []DivisionLeaf
	// Project is the opened project, nil if a division is opened.
	Project *ProjectRow
	// Divisions, Projects and Buildings are the page.
	Divisions []DivisionLeaf
	Projects  []ProjectRow
	Buildings []Building
	// From is how many stand before the page, Count how many there are in all.
	From, Count int
}

// Branch opens the tree at a division, by any of its codes, or at a project; at the county for "". from is how many of what stands below are passed over. Divisions that
// do not exist today, or for statistics only, are left out below it. Returns Forbidden without ReadRegister, NotFound for what the actor does not see.
func (s *Service) Branch(ctx context.Context, by policy.Actor, open string, from int) (DivisionBranch, error) {
	v, err := s.sightOf(ctx, by)
	if err != nil {
		return DivisionBranch{}, err
	}
	b := DivisionBranch{From: max(from, 0)}
	at := open
	switch {
	case open == "":
		roots, err := v.children(ctx, "")
		if err != nil || len(roots) == 0 {
			return b, err
		}
		at = roots[0].ID
	case !divisionCode.MatchString(open) && !gridCode.MatchString(open):
		row, err := s.OneProject(ctx, by, open)
		if err != nil {
			return b, err
		}
		b.Project, at = &row, row.Community
		if len(row.Project.Grids) > 0 {
			at = row.Project.Grids[0]
		}
	default:
		if at, err = s.idOfCode(ctx, open); err != nil {
			return b, err
		}
	}
	leaf, err := v.leaf(ctx, at)
	if err != nil {
		return b, noDivision(open, err)
	}
	for i, up := range leaf.Above {
		step := DivisionLeaf{DivisionRow: up, Above: leaf.Above[:i]}
		if step.Below, err = v.count(ctx, up); err != nil {
			return b, err
		}
		b.Way = append(b.Way, step)
	}
	if leaf.Below, err = v.count(ctx, leaf.DivisionRow); err != nil {
		return b, err
	}
	b.Way = append(b.Way, leaf)
	if b.Project != nil {
		buildings := b.Project.Project.StandingBuildings()
		b.Count = len(buildings)
		b.Buildings = pageOf(buildings, b.From)
		return b, nil
	}
	return b, v.fill(ctx, leaf, &b)
}

// pageOf is the page of a list behind some that are passed over.
func pageOf[T any](list []T, from int) []T {
	from = min(from, len(list))
	return list[from:min(from+PageSize, len(list))]
}

// fill completes a branch with a page of what stands below its last division.
func (v *sight) fill(ctx context.Context, leaf DivisionLeaf, b *DivisionBranch) error {
	children, err := v.children(ctx, leaf.ID)
	if err != nil {
		return err
	}
	b.Count = len(children)
	for _, d := range pageOf(children, b.From) {
		row := DivisionLeaf{DivisionRow: d, Above: append(slices.Clone(leaf.Above), leaf.DivisionRow)}
		if row.Below, err = v.count(ctx, d); err != nil {
			return err
		}
		b.Divisions = append(b.Divisions, row)
	}
	projects, err := v.projectsBelow(ctx, leaf.DivisionRow)
	if err != nil {
		return err
	}
	b.Count += len(projects)
	for _, d := range pageOf(projects, max(b.From-len(children), 0)) {
		if len(b.Divisions)+len(b.Projects) == PageSize {
			break
		}
		row, err := v.projectRow(ctx, d, v.day)
		if err != nil {
			return err
		}
		b.Projects = append(b.Projects, row)
	}
	return nil
}
