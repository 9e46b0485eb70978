package registry

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
)

// A project lies in grids of its community: a small one in one, a large one in several, and not every community has them.

// gridKey finds the projects of a grid, griddedKey those of a community that lie in any.
func gridKey(grid string) string           { return "g:" + grid }
func griddedKey(community string) string   { return "i:" + community }
func (p *Project) liesIn(grid string) bool { return grid == "" || slices.Contains(p.Grids, grid) }

// SplitGrids reads what a person or a cell says of grids: codes, numbers or names with 、 or a space between; none for an empty text.
func SplitGrids(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("、，,；; \t\n\u3000", r) })
}

// gridsOf finds the named grids of a community that exist on a day, in order and each once; what is none goes to bad.
func (r *Register) gridsOf(ctx context.Context, community DivisionRow, said []string, day calendar.Date, bad *faults) ([]string, error) {
	if len(said) == 0 {
		return nil, nil
	}
	all, err := r.divisionsUnder(ctx, "d:"+community.ID, func(d Division) bool { return d.Level == LevelGrid && d.Days.Holds(day) })
	if err != nil {
		return nil, err
	}
	var out []string
	for _, text := range said {
		i := slices.IndexFunc(all, func(d DivisionRow) bool { return isGrid(d, community.codeOn(community.ID, day), text) })
		if i < 0 {
			bad.add("grids", "“%s”不是%s现有的网格，要填它的序号、编号或名称", text, community.Display)
			continue
		}
		out = append(out, all[i].ID)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// isGrid reports whether a text means a grid: its id, the code of the day, its number within the community or its name.
func isGrid(d DivisionRow, communityCode, text string) bool {
	number := d.ID[strings.LastIndex(d.ID, "-")+1:]
	if text == d.ID || text == communityCode+"-"+number || text == d.Name || text == d.Display {
		return true
	}
	a, errA := strconv.Atoi(number)
	b, errB := strconv.Atoi(text)
	return errA == nil && errB == nil && a == b
}

// GridsOf are the grids in which a project lies, in order; none if that is not known.
func (r *Register) GridsOf(ctx context.Context, p Project) ([]DivisionRow, error) {
	return r.namesOf(ctx, p.Grids)
}

// projectsBelow lists the projects that the tree shows right below a division: those of a grid, and below a community those that lie in none of its grids. In order of name.
func (v *sight) projectsBelow(ctx context.Context, d DivisionRow) ([]store.Doc[Project], error) {
	here := func(doc *store.Doc[Project]) bool { return len(doc.State.Grids) == 0 }
	community, key := d.ID, ""
	switch d.Level {
	case LevelCommunity:
		key = communityPrefix + d.ID
	case LevelGrid:
		community, key = d.Parent, gridKey(d.ID)
		here = func(doc *store.Doc[Project]) bool { return doc.State.liesIn(d.ID) }
	default:
		return nil, nil
	}
	all, err := v.covered(ctx, d)
	if err != nil {
		return nil, err
	}
	var out []store.Doc[Project]
	if !all {
		for _, doc := range v.mine[community] {
			if here(&doc) {
				out = append(out, doc)
			}
		}
		return out, nil
	}
	err = every(ctx, v.projects, store.Query{Index: ByName, Key: key}, here, func(doc store.Doc[Project]) error {
		out = append(out, doc)
		return nil
	})
	return out, err
}

// countBelow counts what projectsBelow lists below a division that the scope covers, without reading it.
func (v *sight) countBelow(ctx context.Context, d DivisionRow) (int, error) {
	switch d.Level {
	case LevelCommunity:
		all, err := countRows(ctx, v.projects, ByName, communityPrefix+d.ID)
		if err != nil {
			return 0, err
		}
		placed, err := countRows(ctx, v.projects, ByName, griddedKey(d.ID))
		return all - placed, err
	case LevelGrid:
		return countRows(ctx, v.projects, ByName, gridKey(d.ID))
	}
	return 0, nil
}
