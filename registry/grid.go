package registry

import (
	"context"
	"fmt"

	"redsteward/internal/fault"
	"redsteward/policy"
)

// GridFacts are counts of a grid (网格). Counts only: no names of households, workers or members.
type GridFacts struct {
	// Households is the number of households.
	Households int64 `json:"households,omitempty"`
	// FullTime and PartTime are the numbers of its workers.
	FullTime int64 `json:"full_time,omitempty"`
	PartTime int64 `json:"part_time,omitempty"`
	// Branches, Groups and Homes are 网格党支部, 楼栋党小组 and 党员中心户.
	Branches int64 `json:"branches,omitempty"`
	Groups   int64 `json:"groups,omitempty"`
	Homes    int64 `json:"homes,omitempty"`
	// Residents is how many people live there (常住居民), 0 if not known.
	Residents int64 `json:"residents,omitempty"`
}

// A grid is meant to have so many households; outside of it there is a warning, never a refusal.
const (
	leastGrid = 300
	mostGrid  = 500
)

// SizeWarning says in one Chinese sentence that a grid is smaller or larger than meant, "" if it is not or if its households are not known.
func (g GridFacts) SizeWarning() string {
	switch {
	case g.Households == 0 || g.Households >= leastGrid && g.Households <= mostGrid:
		return ""
	case g.Households < leastGrid:
		return fmt.Sprintf("这个网格有 %d 户，少于 %d 户", g.Households, leastGrid)
	}
	return fmt.Sprintf("这个网格有 %d 户，多于 %d 户", g.Households, mostGrid)
}

// check checks the counts of a division of a level.
func (g GridFacts) check(level Level, bad *faults) {
	if level != LevelGrid && g != (GridFacts{}) {
		bad.add("grid_households", "只有网格才填户数、网格员、党组织数和常住居民")
		return
	}
	bad.count("grid_households", "网格户数", "户", g.Households, 0, 20_000)
	bad.count("full_time", "专职网格员", "人", g.FullTime, 0, 99)
	bad.count("part_time", "兼职网格员", "人", g.PartTime, 0, 999)
	bad.count("branches", "网格党支部", "个", g.Branches, 0, 99)
	bad.count("groups", "楼栋党小组", "个", g.Groups, 0, 999)
	bad.count("homes", "党员中心户", "户", g.Homes, 0, 999)
	bad.count("residents", "常住居民", "人", g.Residents, 0, 99_999)
}

// SetGrid enters the counts of a grid. Returns Forbidden without UpdateDivision, NotFound, also for what is no grid, Invalid for refused fields
// (grid_households, full_time, part_time, branches, groups, homes, residents), Conflict if seq is not the last change.
func (s *Service) SetGrid(ctx context.Context, by policy.Actor, id string, seq int64, g GridFacts) error {
	if !gridCode.MatchString(id) {
		return fault.New("registry.SetGrid", fault.NotFound, "没有编号为“"+id+"”的网格")
	}
	_, err := s.changeDivision(ctx, by, id, seq, "", func(d *Division, bad *faults) error {
		g.check(d.Level, bad)
		d.Grid = g
		return nil
	})
	return err
}

// told says what differs from earlier counts.
func (g GridFacts) told(before GridFacts) []string {
	var said []string
	for _, part := range []struct {
		what    string
		was, is int64
	}{{"户数", before.Households, g.Households}, {"专职网格员", before.FullTime, g.FullTime}, {"兼职网格员", before.PartTime, g.PartTime},
		{"网格党支部", before.Branches, g.Branches}, {"楼栋党小组", before.Groups, g.Groups}, {"党员中心户", before.Homes, g.Homes}, {"常住居民", before.Residents, g.Residents}} {
		if part.was != part.is {
			said = append(said, fmt.Sprintf("%s由 %d 改为 %d", part.what, part.was, part.is))
		}
	}
	return said
}
