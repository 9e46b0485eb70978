package cycle

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/rating"
)

// Circular is a published period: of a quarter scores, of a year stars, by name and without rank.
type Circular struct {
	// Period is published, Scheme the rule, Rows the results in order of name.
	Period Period
	Scheme *rating.Scheme
	Rows   []PreviewRow
}

// Result is the whole result behind a row.
func (r *PreviewRow) Result() *rating.Result { return r.result }

// PublishedPeriod returns a published period without its results. Anybody may ask. Returns NotFound if there is none or it is not published.
func (s *Service) PublishedPeriod(ctx context.Context, id string) (Period, error) {
	p, err := s.load(ctx, id)
	if err == nil && p.State != StatePublished {
		return Period{}, fault.New("cycle.PublishedPeriod", fault.NotFound, "没有这个评价周期")
	}
	return p, err
}

// Circular returns a published period with its results. Anybody may ask. Errors as those of PublishedPeriod.
func (s *Service) Circular(ctx context.Context, id string) (*Circular, error) {
	p, err := s.PublishedPeriod(ctx, id)
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

// BoardAsk says what boards are asked about; the zero value is the newest published quarter, or year if there is no quarter, of the whole scope.
type BoardAsk struct {
	// Period is the id of the period, With that of the one that it is compared with; Township is the name of one township, "" for all.
	Period, With, Township string
}

// Boards are the figures of the bureau's boards, within the scope of who looks. What they count are the Rows: every number can be told by its rows again.
type Boards struct {
	// Periods are those that can be looked at, the newest first. Period is the one looked at, nil if there is none.
	Periods []Period
	Period  *Period
	// Earlier are the periods of the same rhythm with which it can be compared, the newest first; Before is the one with which it is, nil if there is none.
	Earlier []Period
	Before  *Period
	// Scheme is the rule of Period, Cuts are the totals at which it gives another star; of a quarter those of the year's rule.
	Scheme *rating.Scheme
	Cuts   []Cut
	// Townships are those of the scope, Township is the chosen one.
	Townships []string
	Township  string
	// Rows are the compounds of Period, the highest total first, then those that were in Before and are in Period no more. None while Period has no result.
	Rows []BoardRow
	// Trend are the means of the published periods of the rhythm up to Period, from the oldest.
	Trend []TrendPoint
}

// Cut is a total at which a scheme gives another star.
type Cut struct {
	// Label is the word of the grade that begins there.
	Label string
	At    num.Num
}

// BoardMove is how a compound stands against the period before.
type BoardMove string

// The moves. A year compares stars, no star being the lowest; a quarter compares totals.
const (
	MovedUp   BoardMove = "up"
	MovedDown BoardMove = "down"
	MovedNone BoardMove = "same"
	// MovedNew is in the period only, MovedGone only in the one before.
	MovedNew  BoardMove = "new"
	MovedGone BoardMove = "gone"
	// MovedUnknown was in both, in one of them without a total that counts.
	MovedUnknown BoardMove = "unknown"
)

// BoardMoves are all moves in the order in which they are shown.
func BoardMoves() []BoardMove {
	return []BoardMove{MovedUp, MovedNone, MovedDown, MovedNew, MovedGone, MovedUnknown}
}

// Title is the move for people.
func (m BoardMove) Title() string {
	return map[BoardMove]string{MovedUp: "升", MovedNone: "持平", MovedDown: "降", MovedNew: "新参评", MovedGone: "不再参评", MovedUnknown: "不可比"}[m]
}

// BoardRow is one compound of the boards.
type BoardRow struct {
	// PreviewRow is its result; of one that is gone only its names, as they stood before.
	PreviewRow
	// Lines are the shares of the indicators in percent, to ten decimals as Rates are here, in the order of the scheme, nil where one did not count, and everywhere without a total.
	Lines []*num.Num
	// Move is how it stands against the period before, "" if there is none. Was, WasGrade and WasLabel are its result then, WasFirm its firm if that was another one; Change is the difference
	// of the totals, nil if either is missing.
	Move                        BoardMove
	Was, Change                 *num.Num
	WasGrade, WasLabel, WasFirm string

	level int
}

// open leaves of the lines, unless they are shown whole, those that the scheme does not keep back.
func (r *BoardRow) open(s *rating.Scheme, whole bool) {
	if whole {
		return
	}
	r.Lines = slices.Clone(r.Lines) // other readers have the same
	for i := range r.Lines {
		if s.Keeps(s.Indicators[i].ID) {
			r.Lines[i] = nil
		}
	}
}

// TrendPoint is one period of the trend.
type TrendPoint struct {
	// Period is its name, Rated how many had a total.
	Period string
	Rated  int
	// Mean is the mean total, nil if nobody had one; Parts are the mean rates of the parts of the first level in percent, by name.
	Mean  *num.Num
	Parts map[string]*num.Num
}

// trendPeriods is how many periods the trend shows.
const trendPeriods = 8

// Boards returns the figures of the boards: of published periods, and for who may read periods of all others. Returns Forbidden without ReadBoards, NotFound for a period or township that does not exist for the actor.
func (s *Service) Boards(ctx context.Context, by policy.Actor, ask BoardAsk) (*Boards, error) {
	if err := s.guard.Require(by, policy.ReadBoards); err != nil {
		return nil, err
	}
	scope, err := s.guard.Scope(ctx, by, policy.ReadBoards)
	if err != nil {
		return nil, err
	}
	b := &Boards{Township: ask.Township}
	if b.Periods, err = s.list(ctx, ""); err != nil {
		return nil, err
	}
	if !s.guard.Allow(by, policy.ReadPeriods) {
		b.Periods = slices.DeleteFunc(b.Periods, func(p Period) bool { return p.State != StatePublished })
	}
	if err := b.choose(ask); err != nil || b.Period == nil {
		return b, err
	}
	if b.Scheme, _, err = s.schemeOf(ctx, b.Period); err != nil {
		return nil, err
	}
	b.Cuts = cutsOf(s.schemes[RhythmYear].scheme)
	if b.Period.Stars() {
		b.Cuts = cutsOf(b.Scheme)
	}
	now, err := s.figures(ctx, b.Period, scope)
	if err != nil {
		return nil, err
	}
	kept, err := s.guard.KeptScope(ctx, by)
	if err != nil {
		return nil, err
	}
	for i := range now {
		now[i].open(b.Scheme, kept.Covers(now[i].keys, b.Period.Days.Last))
	}
	var before []BoardRow
	if b.Before != nil {
		if before, err = s.figures(ctx, b.Before, scope); err != nil {
			return nil, err
		}
	}
	if !b.towns(now, before) {
		return nil, fault.New("cycle.Boards", fault.NotFound, "没有这个乡镇，或者不在你的任职范围以内")
	}
	b.Rows = compared(b.Period.Stars(), b.Before != nil, b.inTown(now), b.inTown(before))
	return b, s.trend(ctx, b, scope)
}

// choose finds the periods that are asked for. Returns NotFound for one that is not there.
func (b *Boards) choose(ask BoardAsk) error {
	none := fault.New("cycle.Boards", fault.NotFound, "没有这个评价周期")
	for _, rhythm := range []string{RhythmQuarter, RhythmYear} {
		if at := slices.IndexFunc(b.Periods, func(p Period) bool { return p.Rhythm == rhythm && p.State == StatePublished }); at >= 0 && b.Period == nil {
			b.Period = &b.Periods[at]
		}
	}
	if b.Period == nil && len(b.Periods) > 0 {
		b.Period = &b.Periods[0]
	}
	if ask.Period != "" {
		at := slices.IndexFunc(b.Periods, func(p Period) bool { return p.ID == ask.Period })
		if at < 0 {
			return none
		}
		b.Period = &b.Periods[at]
	}
	if b.Period == nil {
		return nil
	}
	for _, p := range b.Periods {
		if p.Rhythm == b.Period.Rhythm && p.Days.Last.Compare(b.Period.Days.Last) < 0 && p.State == StatePublished {
			b.Earlier = append(b.Earlier, p)
		}
	}
	if len(b.Earlier) > 0 {
		b.Before = &b.Earlier[0]
	}
	if ask.With != "" {
		at := slices.IndexFunc(b.Earlier, func(p Period) bool { return p.ID == ask.With })
		if at < 0 {
			return none
		}
		b.Before = &b.Earlier[at]
	}
	return nil
}

// towns fills Townships and reports whether the chosen one is among them.
func (b *Boards) towns(lists ...[]BoardRow) bool {
	for _, rows := range lists {
		for i := range rows {
			if t := rows[i].Township; t != "" && !slices.Contains(b.Townships, t) {
				b.Townships = append(b.Townships, t)
			}
		}
	}
	slices.Sort(b.Townships)
	return b.Township == "" || slices.Contains(b.Townships, b.Township)
}

// inTown keeps the rows of the chosen township.
func (b *Boards) inTown(rows []BoardRow) []BoardRow {
	if b.Township == "" {
		return rows
	}
	return slices.DeleteFunc(rows, func(r BoardRow) bool { return r.Township != b.Township })
}

// cutsOf are the totals at which a scheme gives another star, the highest first.
func cutsOf(s *rating.Scheme) (out []Cut) {
	if s == nil {
		return nil
	}
	for i := range s.Grades.List {
		if g := &s.Grades.List[i]; g.AtLeast != nil && g.Level != nil {
			out = append(out, Cut{g.Label, *g.AtLeast})
		}
	}
	return out
}

// boardCache keeps what boards need of the evaluations that were looked at last; an evaluation never changes.
type boardCache struct {
	mu   sync.Mutex
	of   map[string][]BoardRow
	rows int
}

// cachedRows is how many rows are kept at most, about 1.5 KB each.
const cachedRows = 20_000

func (c *boardCache) get(evaluation string) ([]BoardRow, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	rows, ok := c.of[evaluation]
	return rows, ok
}

func (c *boardCache) put(evaluation string, rows []BoardRow) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rows+len(rows) > cachedRows || c.of == nil {
		c.of, c.rows = map[string][]BoardRow{}, 0
	}
	if _, ok := c.of[evaluation]; !ok && len(rows) <= cachedRows {
		c.of[evaluation], c.rows = rows, c.rows+len(rows)
	}
}

// figures are the results of a period within a scope, the highest total first; none without an evaluation. The rows are the caller's, what they point at is shared.
func (s *Service) figures(ctx context.Context, p *Period, scope policy.Scope) ([]BoardRow, error) {
	if p.Evaluation == "" {
		return nil, nil
	}
	all, ok := s.boarded.get(p.Evaluation)
	if !ok {
		scheme, _, err := s.schemeOf(ctx, p)
		if err != nil {
			return nil, err
		}
		for stored, err := range s.archive.Results(ctx, p.Evaluation) {
			if err != nil {
				return nil, err
			}
			r, err := rating.ReadResult([]byte(stored.Result))
			if err != nil {
				return nil, err
			}
			row := BoardRow{PreviewRow: ratedRow(&stored, r, scheme), Lines: linesOf(scheme, r)}
			row.result = nil // the rest of a result takes a hundred times the memory
			for k, rate := range row.Rates {
				row.Rates[k] = decimal(rate)
			}
			if r.Level != nil {
				row.level = *r.Level
			}
			all = append(all, row)
		}
		s.boarded.put(p.Evaluation, all)
	}
	out := make([]BoardRow, 0, len(all))
	for i := range all {
		if scope.Covers(all[i].keys, p.Days.Last) {
			out = append(out, all[i])
		}
	}
	return out, nil
}

// linesOf are the shares of the indicators of a result in percent.
func linesOf(scheme *rating.Scheme, r *rating.Result) []*num.Num {
	out := make([]*num.Num, len(scheme.Indicators))
	for i := range scheme.Indicators {
		if l := r.Line(scheme.Indicators[i].ID); l != nil && l.Counted && l.Max.Sign() > 0 && r.Status == rating.StatusRated {
			if rate, err := l.Points.Mul(num.FromInt(100)).Quo(l.Max); err == nil {
				out[i] = decimal(&rate)
			}
		}
	}
	return out
}

// ratePlaces are the decimals of the rates of boards, which show two: sums of such numbers stay within 64 bits, sums of fractions of all kinds do not.
const ratePlaces = 10

// decimal rounds a rate to ratePlaces.
func decimal(rate *num.Num) *num.Num {
	if rate == nil {
		return nil
	}
	x := rate.Round(ratePlaces, num.HalfUp)
	return &x
}

// compared puts the rows of a period beside those of the one before; there says that there is one.
func compared(stars, there bool, now, before []BoardRow) []BoardRow {
	if !there {
		return now
	}
	was := make(map[string]*BoardRow, len(before))
	for i := range before {
		was[before[i].Project] = &before[i]
	}
	for i := range now {
		r := &now[i]
		old := was[r.Project]
		if old == nil {
			r.Move = MovedNew
			continue
		}
		delete(was, r.Project)
		r.Was, r.WasGrade, r.WasLabel = old.Total, old.Grade, old.Label
		if old.Firm != r.Firm {
			r.WasFirm = old.Firm
		}
		r.Move = MovedUnknown
		if r.Total == nil || old.Total == nil {
			continue
		}
		change := r.Total.Sub(*old.Total)
		r.Change = &change
		way := change.Sign()
		if stars {
			way = cmp.Compare(r.level, old.level)
		}
		r.Move = map[int]BoardMove{1: MovedUp, 0: MovedNone, -1: MovedDown}[way]
	}
	for i := range before {
		old := &before[i]
		if was[old.Project] == nil {
			continue
		}
		now = append(now, BoardRow{PreviewRow: PreviewRow{Project: old.Project, Name: old.Name, Firm: old.Firm, Community: old.Community, Township: old.Township},
			Move: MovedGone, Was: old.Total, WasGrade: old.Grade, WasLabel: old.Label})
	}
	return now
}

// trend fills Trend.
func (s *Service) trend(ctx context.Context, b *Boards, scope policy.Scope) error {
	periods := b.Earlier[:min(len(b.Earlier), trendPeriods-1)]
	if b.Period.State == StatePublished {
		periods = slices.Insert(slices.Clone(periods), 0, *b.Period)
	}
	for i := len(periods) - 1; i >= 0; i-- {
		scheme, _, err := s.schemeOf(ctx, &periods[i])
		if err != nil {
			return err
		}
		rows, err := s.figures(ctx, &periods[i], scope)
		if err != nil {
			return err
		}
		rows = b.inTown(rows)
		point := TrendPoint{Period: periods[i].Name, Parts: map[string]*num.Num{}}
		point.Rated, point.Mean = Mean(rows, func(r *BoardRow) *num.Num { return r.Total })
		for k, part := range topParts(scheme) {
			_, point.Parts[part.Name] = Mean(rows, func(r *BoardRow) *num.Num { return at(r.Rates, k) })
		}
		b.Trend = append(b.Trend, point)
	}
	return nil
}

// at is the figure at a place, nil if there is none.
func at(list []*num.Num, i int) *num.Num {
	if i < 0 || i >= len(list) {
		return nil
	}
	return list[i]
}

// topParts are the parts of the first level in the order of the scheme.
func topParts(s *rating.Scheme) (out []rating.Part) {
	for i := range s.Parts {
		if in := s.Parts[i].In; in == "" || in == "total" {
			out = append(out, s.Parts[i])
		}
	}
	return out
}

// Mean is the mean, rounded to two decimals, of one figure of those rows that have it, and how many have it; nil of nothing. Each compound weighs the same.
func Mean(rows []BoardRow, of func(*BoardRow) *num.Num) (count int, mean *num.Num) {
	var sum num.Num
	for i := range rows {
		if x := of(&rows[i]); x != nil {
			sum, count = sum.Add(*x), count+1
		}
	}
	if count == 0 {
		return 0, nil
	}
	m := sum.Mul(num.FromFrac(1, int64(count))).Round(2, num.HalfUp)
	return count, &m
}

// BoardFilter says which rows a number of the boards counts; what is zero does not narrow.
type BoardFilter struct {
	// Community is the name of one; Grade and Was are the ids of the grades now and before; Move is one move.
	Community, Grade, Was string
	Move                  BoardMove
	// From and Until bound the total: at least From and below Until.
	From, Until *num.Num
	// Part and Line name a part of the first level or an indicator: only compounds for which it counted.
	Part, Line string
	// Rated: only compounds with a total; Present: not those that are gone.
	Rated, Present bool
}

// Figure is the figure of a row that the filter is about: the rate of its part or line, else the total.
func (b *Boards) Figure(f *BoardFilter) func(*BoardRow) *num.Num {
	switch {
	case f.Line != "":
		i := slices.IndexFunc(b.Scheme.Indicators, func(one rating.Indicator) bool { return one.ID == f.Line })
		return func(r *BoardRow) *num.Num { return at(r.Lines, i) }
	case f.Part != "":
		i := slices.IndexFunc(topParts(b.Scheme), func(one rating.Part) bool { return one.ID == f.Part })
		return func(r *BoardRow) *num.Num { return at(r.Rates, i) }
	}
	return func(r *BoardRow) *num.Num { return r.Total }
}

// Those returns the rows that a filter lets through, in their order.
func (b *Boards) Those(f BoardFilter) []BoardRow {
	var out []BoardRow
	figure := b.Figure(&f)
	for i := range b.Rows {
		r := &b.Rows[i]
		gone := r.Move == MovedGone
		switch {
		case f.Community != "" && r.Community != f.Community,
			f.Grade != "" && (gone || r.Grade != f.Grade),
			f.Was != "" && r.WasGrade != f.Was,
			f.Move != "" && r.Move != f.Move,
			(f.From != nil || f.Until != nil || f.Rated) && r.Total == nil,
			f.From != nil && r.Total.Less(*f.From),
			f.Until != nil && !r.Total.Less(*f.Until),
			(f.Part != "" || f.Line != "") && figure(r) == nil,
			f.Present && gone:
			continue
		}
		out = append(out, *r)
	}
	return out
}

// Grades are the grades of the scheme in its order.
func (b *Boards) Grades() []rating.Grade { return b.Scheme.Grades.List }

// Parts are the parts of the first level in the order of the scheme.
func (b *Boards) Parts() []rating.Part { return topParts(b.Scheme) }

// Communities are those of the rows, in order of name.
func (b *Boards) Communities() []string {
	var out []string
	for i := range b.Rows {
		if c := b.Rows[i].Community; !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	slices.Sort(out)
	return out
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
