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

// Preview is what the bureau looks at before it publishes. It is internal.
type Preview struct {
	// Period and Evaluation are looked at; Scheme is the rule.
	Period     Period
	Evaluation rating.Evaluation
	Scheme     *rating.Scheme
	// Rows are the results within the scope of who looks, the highest total first.
	Rows []PreviewRow
	// Spread counts the rows by grade in the order of the scheme, Bands by total in steps of bandWidth points from the highest.
	Spread []GradeCount
	Bands  []Band
	// Before is the published period of the same rhythm that came before, nil if there is none; Moved are the rows whose total or grade differs from it,
	// the largest change first. New counts the rows that were not in it.
	Before *Period
	Moved  []Moved
	New    int
	// Cuts are the totals around which NearCut looks, Within how far on either side in points (ranges.yaml); NearCut lists the rows near one.
	Within  num.Num
	Cuts    []num.Num
	NearCut []NearCut
	// Late are rows with readings that came after the cut-off, Refused those with facts that the scheme does not allow.
	Late    []LateRow
	Refused []RefusedRow

	kept policy.Scope // of which rows the actor sees the lines that the scheme keeps back too
}

// PreviewRow is one result.
type PreviewRow struct {
	// Project is the id; the names are for people.
	Project, Name, Firm, Community, Township string
	// Grade and Label are those of the result; Total is nil if there is none, or if it does not count because of too little data or a veto.
	Grade, Label string
	Total        *num.Num
	// Rates are the shares of the parts of the first level in percent, in the order of Parts of the scheme, nil where a part did not count, and
	// everywhere without a total.
	Rates []*num.Num

	result *rating.Result
	keys   []string
}

// GradeCount is how many rows have a grade.
type GradeCount struct {
	ID, Label string
	Count     int
}

// Band is how many rows have a total of at least From and below Until; the highest band holds its end too.
type Band struct {
	From, Until num.Num
	Count       int
}

// Moved is one row that changed.
type Moved struct {
	PreviewRow
	// Was is the total before, nil if there was none; Change is the difference, nil if either is missing.
	Was, Change *num.Num
	// WasLabel is the grade before.
	WasLabel string
	// Why are the lines that changed most, at most three.
	Why []LineChange
}

// LineChange is one line that gave more or fewer points than before.
type LineChange struct {
	// Changed are the points by the id of the indicator; a line that did not count has none.
	rating.Changed
	// Name is the indicator's.
	Name string
}

// NearCut is one row near a cut.
type NearCut struct {
	PreviewRow
	// Cut is the cut, Distance the total less the cut.
	Cut, Distance num.Num
}

// LateRow is one row with late readings.
type LateRow struct {
	Project, Name string
	Count         int
	Readings      []LateReading
}

// RefusedRow is one row with refused facts.
type RefusedRow struct {
	Project, Name string
	Facts         []RefusedFact
}

// bandWidth is the width of a band.
var bandWidth = num.FromInt(5)

// Preview compares the evaluation of a period with the published one before. Returns NotFound if the period was not planned, Conflict if it has not been
// evaluated yet.
func (s *Service) Preview(ctx context.Context, by policy.Actor, id string) (*Preview, error) {
	p, scope, err := s.readable(ctx, by, id)
	if err != nil {
		return nil, err
	}
	if p.Evaluation == "" {
		return nil, fault.New("cycle.Preview", fault.Conflict, p.Name+"还没有评价，没有可以预览的结果")
	}
	v := &Preview{Period: p}
	if v.Scheme, _, err = s.schemeOf(ctx, &p); err != nil {
		return nil, err
	}
	if v.Evaluation, err = s.archive.Evaluation(ctx, p.Evaluation); err != nil {
		return nil, err
	}
	if v.Rows, err = s.rows(ctx, &p, v.Scheme, func(keys []string) bool { return scope.Covers(keys, p.Days.Last) }); err != nil {
		return nil, err
	}
	v.count()
	if v.kept, err = s.guard.KeptScope(ctx, by); err != nil {
		return nil, err
	}
	if err := s.compare(ctx, v, scope); err != nil {
		return nil, err
	}
	v.Cuts, v.Within = s.cuts(), s.rules.within
	v.near()
	return v, s.late(ctx, v)
}

// rows reads the results of a period whose scope keys are covered.
func (s *Service) rows(ctx context.Context, p *Period, scheme *rating.Scheme, covers func(keys []string) bool) ([]PreviewRow, error) {
	var rows []PreviewRow
	for stored, err := range s.archive.Results(ctx, p.Evaluation) {
		if err != nil {
			return nil, err
		}
		if !covers(stored.Keys) {
			continue
		}
		r, err := rating.ReadResult([]byte(stored.Result))
		if err != nil {
			return nil, err
		}
		rows = append(rows, ratedRow(&stored, r, scheme))
	}
	return rows, nil
}

// ratedRow is a stored result with the rates of its parts.
func ratedRow(stored *rating.ArchivedResult, r *rating.Result, scheme *rating.Scheme) PreviewRow {
	row := rowOf(stored, r)
	for _, part := range topParts(scheme) {
		var rate *num.Num
		if r.Status == rating.StatusRated {
			rate = percent(r.Part(part.ID))
		}
		row.Rates = append(row.Rates, rate)
	}
	return row
}

// rowOf is a stored result without the rates of its parts.
func rowOf(stored *rating.ArchivedResult, r *rating.Result) PreviewRow {
	row := PreviewRow{Project: stored.Subject, Name: stored.Name, Firm: stored.Firm, Community: stored.Community, Township: stored.Township, Grade: r.Grade, Label: r.Label, result: r, keys: stored.Keys}
	if r.Status == rating.StatusRated && r.Total.Counted {
		row.Total = &r.Total.Points
	}
	return row
}

func percent(part *rating.PartLine) *num.Num {
	if part == nil || !part.Counted {
		return nil
	}
	q, ok := part.Rate()
	if !ok {
		return nil
	}
	q = q.Mul(num.FromInt(100))
	return &q
}

// count fills Spread and Bands.
func (v *Preview) count() {
	counts := map[string]int{}
	for i := range v.Rows {
		counts[v.Rows[i].Grade]++
	}
	for _, g := range v.Scheme.Grades.List {
		v.Spread = append(v.Spread, GradeCount{ID: g.ID, Label: g.Label, Count: counts[g.ID]})
	}
	top := num.FromInt(100)
	for from := top.Sub(bandWidth); from.Sign() >= 0; from = from.Sub(bandWidth) {
		band := Band{From: from, Until: from.Add(bandWidth)}
		for i := range v.Rows {
			if t := v.Rows[i].Total; t != nil && !t.Less(band.From) && (t.Less(band.Until) || t.Equal(top) && band.Until.Equal(top)) {
				band.Count++
			}
		}
		v.Bands = append(v.Bands, band)
	}
}

// maxBack is how many periods the one before may lie back, when some were left out.
const maxBack = 8

// before is the published period of the same rhythm before p, nil if there is none.
func (s *Service) before(ctx context.Context, p *Period) (*Period, error) {
	for back := 1; back <= maxBack; back++ {
		earlier, err := s.load(ctx, rating.EarlierPeriod(p.ID, "", back))
		if fault.Is(err, fault.NotFound) || err == nil && earlier.State != StatePublished {
			continue
		}
		return &earlier, err
	}
	return nil, nil
}

// compare fills Before, Moved and New.
func (s *Service) compare(ctx context.Context, v *Preview, scope policy.Scope) error {
	before, err := s.before(ctx, &v.Period)
	if err != nil || before == nil {
		v.New = len(v.Rows)
		return err
	}
	v.Before = before
	scheme, _, err := s.schemeOf(ctx, before)
	if err != nil {
		return err
	}
	rows, err := s.rows(ctx, before, scheme, func(keys []string) bool { return scope.Covers(keys, before.Days.Last) })
	if err != nil {
		return err
	}
	was := make(map[string]*PreviewRow, len(rows))
	for i := range rows {
		was[rows[i].Project] = &rows[i]
	}
	for _, row := range v.Rows {
		old := was[row.Project]
		if old == nil {
			v.New++
			continue
		}
		m := Moved{PreviewRow: row, Was: old.Total, WasLabel: old.Label}
		if row.Total != nil && old.Total != nil {
			change := row.Total.Sub(*old.Total)
			m.Change = &change
		}
		if m.Change != nil && m.Change.IsZero() && row.Grade == old.Grade {
			continue
		}
		m.Why = lineChanges(v.Scheme, old.result, row.result, v.kept.Covers(row.keys, v.Period.Days.Last))
		v.Moved = append(v.Moved, m)
	}
	slices.SortStableFunc(v.Moved, func(a, b Moved) int {
		return cmp.Or(size(b.Change).Cmp(size(a.Change)), cmp.Compare(a.Project, b.Project))
	})
	return nil
}

// size is how much something changed; what cannot be compared changed most.
func size(change *num.Num) num.Num {
	switch {
	case change == nil:
		return num.FromInt(1_000_000)
	case change.Sign() < 0:
		return change.Neg()
	}
	return *change
}

// shownChanges is how many lines explain a change.
const shownChanges = 3

// lineChanges are the lines that changed most between two results; without whole, what the scheme keeps back is told by the total of its part.
func lineChanges(s *rating.Scheme, was, is *rating.Result, whole bool) []LineChange {
	var ids []string
	names := make(map[string]string, len(s.Indicators))
	for i := range s.Indicators {
		if in := &s.Indicators[i]; whole || !s.Keeps(in.ID) {
			ids, names[in.ID] = append(ids, in.ID), in.Name
		}
	}
	if !whole {
		for _, part := range topParts(s) {
			if part.Disclose == "total" {
				ids, names[part.ID] = append(ids, part.ID), part.Name
			}
		}
	}
	of := func(r *rating.Result) func(string) *num.Num {
		return func(id string) *num.Num {
			if part := r.Part(id); part != nil && part.Counted && r.Line(id) == nil {
				return &part.Points
			}
			return linePoints(r, id)
		}
	}
	changes := rating.Changes(ids, of(was), of(is))
	var list []LineChange
	for _, c := range changes[:min(len(changes), shownChanges)] {
		list = append(list, LineChange{c, names[c.ID]})
	}
	return list
}

func linePoints(r *rating.Result, indicator string) *num.Num {
	if l := r.Line(indicator); l != nil && l.Counted {
		return &l.Points
	}
	return nil
}

// cuts are the passing mark and the cuts of the upper grades, as the scheme of the year says them.
func (s *Service) cuts() []num.Num { return s.rules.cuts(s.schemes[RhythmYear].scheme) }

// near fills NearCut, the nearest first.
func (v *Preview) near() {
	for _, row := range v.Rows {
		for _, cut := range v.Cuts {
			if row.Total == nil {
				continue
			}
			if d := row.Total.Sub(cut); !v.Within.Less(size(&d)) {
				v.NearCut = append(v.NearCut, NearCut{PreviewRow: row, Cut: cut, Distance: d})
			}
		}
	}
	slices.SortStableFunc(v.NearCut, func(a, b NearCut) int {
		return cmp.Or(size(&a.Distance).Cmp(size(&b.Distance)), cmp.Compare(a.Project, b.Project))
	})
}

// late fills Late and Refused from the frozen facts.
func (s *Service) late(ctx context.Context, v *Preview) error {
	for i := range v.Rows {
		row := &v.Rows[i]
		f, err := s.Facts(ctx, v.Period.ID, row.Project)
		if err != nil {
			return err
		}
		if f.LateCount > 0 {
			v.Late = append(v.Late, LateRow{Project: row.Project, Name: row.Name, Count: f.LateCount, Readings: f.Late})
		}
		if len(f.Refused) > 0 {
			v.Refused = append(v.Refused, RefusedRow{Project: row.Project, Name: row.Name, Facts: f.Refused})
		}
	}
	return nil
}
