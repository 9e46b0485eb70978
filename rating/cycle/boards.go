package cycle

import (
	"cmp"
	"context"
	"slices"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/rating"
)

// Circular is a published quarter: scores by name, without rank.
type Circular struct {
	// Period is published, Scheme the rule, Rows the results in order of name.
	Period Period
	Scheme *rating.Scheme
	Rows   []PreviewRow
}

// Result is the whole result behind a row.
func (r *PreviewRow) Result() *rating.Result { return r.result }

// PublishedQuarter returns a published quarter without its results. Returns NotFound if there is none or it is not published.
func (s *Service) PublishedQuarter(ctx context.Context, id string) (Period, error) {
	p, err := s.load(ctx, id)
	if err == nil && (p.State != StatePublished || p.Rhythm != RhythmQuarter) {
		return Period{}, fault.New("cycle.PublishedQuarter", fault.NotFound, "没有这个评价周期")
	}
	return p, err
}

// Circular returns a published quarter with its results. Errors as those of PublishedQuarter.
func (s *Service) Circular(ctx context.Context, id string) (*Circular, error) {
	p, err := s.PublishedQuarter(ctx, id)
	if err != nil {
		return nil, err
	}
	c := &Circular{Period: p}
	if c.Scheme, _, err = s.schemeOf(ctx, &p); err != nil {
		return nil, err
	}
	if c.Rows, err = s.rows(ctx, &p, c.Scheme, func([]string) bool { return true }); err != nil {
		return nil, err
	}
	slices.SortFunc(c.Rows, func(a, b PreviewRow) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Project, b.Project))
	})
	return c, nil
}

// Boards are the figures of the bureau's boards, from published periods within the scope of who looks.
type Boards struct {
	// Name is the newest published period, "" if there is none.
	Name string
	// Bands are its totals, Trend the means of all published quarters from the oldest, Moves how totals changed against the period before,
	// Heat the mean rates by community and part of the first level.
	Bands []Band
	Trend []TrendPoint
	Moves []Moved
	Heat  Heat
}

// TrendPoint is one period of the trend.
type TrendPoint struct {
	// Period is its name, Rated how many had a total.
	Period string
	Rated  int
	// Mean is the mean total, nil if nobody had one; Parts are the mean rates of the parts in percent, nil where there is none.
	Mean  *num.Num
	Parts []*num.Num
}

// Heat is a table of mean rates in percent.
type Heat struct {
	// Rows are communities, Columns parts of the first level; Cells holds a row of cells for each community, nil where nobody has a rate.
	Rows, Columns []string
	Cells         [][]*num.Num
}

// trendPeriods is how many quarters the trend shows.
const trendPeriods = 8

// Boards returns the figures of the boards. Returns Forbidden without the right to read periods.
func (s *Service) Boards(ctx context.Context, by policy.Actor) (*Boards, error) {
	if err := s.guard.Require(by, policy.ReadPeriods); err != nil {
		return nil, err
	}
	scope, err := s.guard.Scope(ctx, by, policy.ReadPeriods)
	if err != nil {
		return nil, err
	}
	list, err := s.Published(ctx, RhythmQuarter)
	if err != nil || len(list) == 0 {
		return &Boards{}, err
	}
	b := &Boards{Name: list[0].Name}
	for i := min(len(list), trendPeriods) - 1; i >= 0; i-- {
		p := &list[i]
		scheme, _, err := s.schemeOf(ctx, p)
		if err != nil {
			return nil, err
		}
		rows, err := s.rows(ctx, p, scheme, func(keys []string) bool { return scope.Covers(keys, p.Days.Last) })
		if err != nil {
			return nil, err
		}
		b.Trend = append(b.Trend, trendOf(p.Name, rows))
		if i > 0 {
			continue
		}
		v := &Preview{Period: *p, Scheme: scheme, Rows: rows}
		v.count()
		if err := s.compare(ctx, v, scope); err != nil {
			return nil, err
		}
		b.Bands, b.Moves, b.Heat = v.Bands, v.Moved, heatOf(scheme, rows)
	}
	return b, nil
}

// average is a running mean.
type average struct {
	sum   num.Num
	count int64
}

func (a *average) add(x *num.Num) {
	if x != nil {
		a.sum, a.count = a.sum.Add(*x), a.count+1
	}
}

// mean is rounded to two decimals; nil of nothing.
func (a *average) mean() *num.Num {
	if a.count == 0 {
		return nil
	}
	m := a.sum.Mul(num.FromFrac(1, a.count)).Round(2, num.HalfUp)
	return &m
}

func trendOf(name string, rows []PreviewRow) TrendPoint {
	point := TrendPoint{Period: name}
	var total average
	var parts []average
	for i := range rows {
		if rows[i].Total != nil {
			point.Rated++
		}
		total.add(rows[i].Total)
		for j, rate := range rows[i].Rates {
			if j == len(parts) {
				parts = append(parts, average{})
			}
			parts[j].add(rate)
		}
	}
	point.Mean = total.mean()
	for i := range parts {
		point.Parts = append(point.Parts, parts[i].mean())
	}
	return point
}

// heatOf is the table of the mean rates by community, communities in order of name.
func heatOf(s *rating.Scheme, rows []PreviewRow) Heat {
	var h Heat
	for i := range s.Parts {
		if in := s.Parts[i].In; in == "" || in == "total" {
			h.Columns = append(h.Columns, s.Parts[i].Name)
		}
	}
	cells := map[string][]average{}
	for i := range rows {
		name := rows[i].Community
		if cells[name] == nil {
			cells[name] = make([]average, len(h.Columns))
			h.Rows = append(h.Rows, name)
		}
		for j, rate := range rows[i].Rates {
			cells[name][j].add(rate)
		}
	}
	slices.Sort(h.Rows)
	for _, name := range h.Rows {
		line := make([]*num.Num, len(h.Columns))
		for j := range line {
			line[j] = cells[name][j].mean()
		}
		h.Cells = append(h.Cells, line)
	}
	return h
}

// NewestStar returns the newest published year and a project's result in it, whoever asks. Returns NotFound if nothing is published or the project has no result in it.
func (s *Service) NewestStar(ctx context.Context, project string) (Period, rating.ArchivedResult, error) {
	p, _, err := s.Newest(ctx, RhythmYear)
	if err != nil {
		return Period{}, rating.ArchivedResult{}, err
	}
	stored, err := s.archive.Result(ctx, p.Evaluation, project)
	return p, stored, err
}

// Newest returns the newest published period of a rhythm and the published one before it; before is nil if there is none. Anybody may ask. Returns NotFound
// if nothing is published.
func (s *Service) Newest(ctx context.Context, rhythm string) (now Period, before *Period, err error) {
	list, err := s.newest(ctx, periodKey(rhythm, StatePublished), 2)
	if err != nil {
		return Period{}, nil, err
	}
	switch len(list) {
	case 0:
		return Period{}, nil, fault.New("cycle.Newest", fault.NotFound, "还没有公布的评价结果")
	case 1:
		return list[0], nil, nil
	}
	return list[0], &list[1], nil
}
