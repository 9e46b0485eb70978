package web

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/change"
	"redsteward/registry/filing"
	"redsteward/registry/handover"
)

// tilesPath is the grid of the communities: a tile each, grouped by township, with the measure that was chosen.
const tilesPath = "/register/tiles"

// The measures of a tile.
const (
	measureCover = "cover"
	measureStars = "stars"
	measureRisk  = "risk"
	measureWork  = "work"
)

func tileMeasures() []option {
	return []option{{measureCover, "物业覆盖"}, {measureStars, "评价得分"}, {measureRisk, "风险小区"}, {measureWork, "在办事项"}}
}

// communityFigures are the figures of one community within the actor's scope.
type communityFigures struct {
	ID, Name, Town, TownName string
	// Projects and Households are all, Served those projects that a firm serves (Cover.Served).
	Projects, Served, Households int64
	// Risk is how many projects are at risk, Work how many filings, handovers and changes of firm are open.
	Risk, Work int64
	// rated is how many projects of the shown evaluation have a total, sum what their totals add up to.
	rated int64
	sum   num.Num
}

// mean is the mean total, nil if nothing is rated.
func (f *communityFigures) mean() *num.Num {
	mean, err := f.sum.Quo(num.FromInt(f.rated))
	if err != nil {
		return nil // nothing is rated
	}
	return &mean
}

// tileLine is a tile and its row of the table.
type tileLine struct {
	*communityFigures
	// Value is the chosen measure, Word says how it stands, Class is its look: good, fair, bad or none.
	Value, Word, Class     string
	Path, RiskPath, Served string
	Mean                   string
}

// tileTown are the tiles of one township.
type tileTown struct {
	Name  string
	Tiles []tileLine
}

// tilesView is what tiles.html shows.
type tilesView struct {
	Towns             []tileTown
	Townships         []option
	Measures          []option
	Township, Measure string
	Legend, Excel     string
	Filtered          bool
	Rows              int
}

// communityGrid counts what the actor may see, community by community, in order of township and name. A measure that he has no right to is not counted.
func (s *Server) communityGrid(ctx context.Context, by policy.Actor, township string) ([]*communityFigures, error) {
	covered, err := s.registered.Coverage(ctx, by, registry.CoverageQuery{Township: township})
	if err != nil {
		return nil, err
	}
	at, of := map[string]*communityFigures{}, map[string]*communityFigures{}
	for _, r := range covered.Rows {
		f := at[r.Community]
		if f == nil {
			f = &communityFigures{ID: r.Community, Name: r.CommunityName, Town: r.Township, TownName: r.TownshipName}
			at[r.Community] = f
		}
		of[r.Project] = f
		f.Projects, f.Households = f.Projects+1, f.Households+r.Households
		if r.Form.Served() {
			f.Served++
		}
	}
	if s.changes != nil {
		risks, err := s.changes.Risks(ctx, by, change.RiskQuery{Township: township})
		if err != nil {
			return nil, err
		}
		for _, r := range risks {
			if f := of[r.Project]; f != nil {
				f.Risk++
			}
		}
	}
	if err := s.countWorkOf(ctx, by, of); err != nil {
		return nil, err
	}
	b, err := s.boardNow(ctx)
	if err == nil {
		for _, r := range b.byID {
			for _, key := range r.Keys {
				if f := of[strings.TrimPrefix(key, policy.ProjectKey(""))]; f != nil && strings.HasPrefix(key, policy.ProjectKey("")) && r.Total != nil {
					f.rated, f.sum = f.rated+1, f.sum.Add(*r.Total)
				}
			}
		}
	} else if err := ignoreMissing(err); err != nil {
		return nil, err
	}
	out := make([]*communityFigures, 0, len(at))
	for _, f := range at {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b *communityFigures) int {
		return cmp.Or(strings.Compare(a.Town, b.Town), strings.Compare(a.ID, b.ID))
	})
	return out, nil
}

// countWorkOf counts what is open about each project: filings, handovers and changes of firm, as far as the actor may read them.
func (s *Server) countWorkOf(ctx context.Context, by policy.Actor, of map[string]*communityFigures) error {
	open := func(project string, running bool) {
		if f := of[project]; f != nil && running {
			f.Work++
		}
	}
	if s.filings != nil && s.guard.Allow(by, policy.ReadFiling) {
		if err := s.filings.Each(ctx, by, filing.Filter{}, func(_ string, f *filing.Filing) { open(f.Project, !f.State.Final()) }); err != nil {
			return err
		}
	}
	if s.handovers != nil && s.guard.Allow(by, policy.ReadHandover) {
		err := eachPage(func(after string) (store.Page[handover.Handover], error) {
			return s.handovers.Service.ListPage(ctx, by, handover.Filter{}, after)
		}, func(d store.Doc[handover.Handover]) { open(d.State.Project, d.State.State.Running()) })
		if err != nil {
			return err
		}
	}
	if s.changes == nil {
		return nil
	}
	running, err := s.changes.Running(ctx, by)
	for _, d := range running {
		open(d.State.Project, true)
	}
	return err
}

// The mean totals from which a community counts as good and as fair (proposal).
var goodMean, fairMean = num.FromInt(80), num.FromInt(70)

// tileOf says a measure of a community in words.
func tileOf(f *communityFigures, measure string) tileLine {
	t := tileLine{communityFigures: f, Path: projectsPath + "?community=" + f.ID, Served: shareText(f.Served, f.Projects), RiskPath: riskPath + "?township=" + f.Town}
	mean := f.mean()
	if mean != nil {
		t.Mean = mean.Fixed(1)
	}
	say := func(value, word, class string) { t.Value, t.Word, t.Class = value, word, class }
	number := func(n int64, none, some string) {
		if say(count(int(n)), some, "fair"); n == 0 {
			say("0", none, "good")
		}
	}
	switch measure {
	case measureStars:
		switch {
		case mean == nil:
			say("—", "没有评价结果", "none")
		case !mean.Less(goodMean):
			say(t.Mean, "均分 80 以上", "good")
		case !mean.Less(fairMean):
			say(t.Mean, "均分 70 至 80", "fair")
		default:
			say(t.Mean, "均分不足 70", "bad")
		}
	case measureRisk:
		if number(f.Risk, "没有风险小区", "个风险小区"); f.Risk*4 >= f.Projects && f.Risk > 0 {
			t.Class = "bad"
		}
	case measureWork:
		number(f.Work, "没有在办事项", "件在办")
	default:
		switch {
		case f.Served == f.Projects:
			say(t.Served, "全部覆盖", "good")
		case f.Served*10 >= f.Projects*9:
			say(t.Served, count(int(f.Projects-f.Served))+" 个没有覆盖", "fair")
		default:
			say(t.Served, count(int(f.Projects-f.Served))+" 个没有覆盖", "bad")
		}
	}
	return t
}

// tiles shows the grid with its table.
func (s *Server) tiles(c *fiber.Ctx, by policy.Actor) error {
	l := readList(c, tilesPath, "township", "measure")
	found, err := s.communityGrid(c.UserContext(), by, l.value["township"])
	if err != nil {
		return err
	}
	v := tilesView{Measures: tileMeasures(), Township: l.value["township"], Measure: cmp.Or(l.value["measure"], measureCover), Excel: l.excel(), Filtered: l.filtered(), Rows: len(found)}
	if v.Townships, err = s.townshipOptions(c.UserContext()); err != nil {
		return err
	}
	for _, o := range v.Measures {
		if o.Value == v.Measure {
			v.Legend = o.Label
		}
	}
	for _, f := range found {
		if n := len(v.Towns); n == 0 || v.Towns[n-1].Name != f.TownName {
			v.Towns = append(v.Towns, tileTown{Name: f.TownName})
		}
		town := &v.Towns[len(v.Towns)-1]
		town.Tiles = append(town.Tiles, tileOf(f, v.Measure))
	}
	return s.render(c, by, "tiles", page{Title: "社区一览", Nav: tilesPath, Data: v, Script: true})
}

// tilesExcel writes the table of the grid.
func (s *Server) tilesExcel(c *fiber.Ctx, by policy.Actor) error {
	l := readList(c, tilesPath, "township", "measure")
	found, err := s.communityGrid(c.UserContext(), by, l.value["township"])
	if err != nil {
		return err
	}
	sheet := report.Figures{Sheet: "社区一览", Heads: []string{"社区（村）", "乡镇", "小区", "户数", "已覆盖", "覆盖率", "评价均分", "风险小区", "在办事项"}, Note: "任职范围内的小区；部分分期无合同的算已覆盖；在办事项是没有办结的备案、承接查验和物业更换"}
	for _, f := range found {
		sheet.Rows = append(sheet.Rows, []any{f.Name, f.TownName, f.Projects, f.Households, f.Served, shareText(f.Served, f.Projects), report.Maybe(f.mean(), 1), f.Risk, f.Work})
	}
	return sendFigures(c, "社区一览.xlsx", sheet)
}
