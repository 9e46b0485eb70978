package inspection

import (
	"context"
	"maps"
	"math"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/supervision"
)

// Scoring is one visit that counts, as far as it says how somebody scores.
type Scoring struct {
	// Visit and Project are ids, Officers those who went, the first leads; Day is the day as of which it counts.
	Visit, Project string
	Officers       []string
	Day            calendar.Date
	// Points of Full were given; Again is the visit that it scores a second time, "" for none.
	Points, Full int64
	Again        string
}

// Percent is what was given in percent of what could be.
func (s *Scoring) Percent() float64 { return 100 * float64(s.Points) / float64(s.Full) }

// EachScoring yields every visit of some days that counts and gives points, in no particular order. It asks for no right: who shows it asks for one.
func (s *Visits) EachScoring(ctx context.Context, span calendar.Span, yield func(Scoring) error) error {
	return s.EachCounted(ctx, span, func(one Scoring) error {
		if one.Full == 0 {
			return nil
		}
		return yield(one)
	})
}

// EachCounted is EachScoring with the visits too whose sheet gives no points, of which Full is 0.
func (s *Visits) EachCounted(ctx context.Context, span calendar.Span, yield func(Scoring) error) error {
	return supervision.EachCounting(ctx, s.visits, counting, span, func(last store.Change[Visit]) error {
		v := &last.State
		if !span.Has(v.counts()) {
			return nil
		}
		return yield(Scoring{Visit: last.ID, Project: v.Project, Officers: v.Officers, Day: v.counts(), Points: v.Points, Full: v.Full, Again: v.Again})
	})
}

// Overlap is one visit that was scored twice: Difference is what the second gave more than the first, in percent of full marks.
type Overlap struct {
	First, Second []string
	Difference    float64
}

// Overlaps pairs the scorings of visits that were scored twice, in the order of the second ones' ids. A pair of which one is not among them is left out.
func Overlaps(list []Scoring) []Overlap {
	of := map[string]*Scoring{}
	for i := range list {
		of[list[i].Visit] = &list[i]
	}
	var out []Overlap
	for _, id := range slices.Sorted(maps.Keys(of)) {
		second := of[id]
		if first := of[second.Again]; first != nil {
			out = append(out, Overlap{First: first.Officers, Second: second.Officers, Difference: second.Percent() - first.Percent()})
		}
	}
	return out
}

// Severity says how somebody scores beside those with whom he overlaps.
type Severity struct {
	// Scorer is the account, Overlaps how many visits that he scored were scored twice.
	Scorer   string
	Overlaps int
	// Gives is by how much he gives more (milder) or, below zero, less (stricter) than the others, in percent of full marks, drawn towards zero as if there were some more overlaps that say nothing.
	Gives float64
}

// Severities tells the severity of everybody who has an overlap, in the order of their accounts: the values that explain the differences best, a visit having the mean of its officers, and
// drawn towards zero by shrink overlaps (ridge regression). Differences between people who never overlap, directly or through others, are not known: each group is measured against itself.
func Severities(list []Overlap, shrink float64) []Severity {
	place := map[string]int{}
	var out []Severity
	for _, o := range list {
		for _, who := range slices.Concat(o.First, o.Second) {
			if _, known := place[who]; !known {
				place[who] = 0
			}
		}
	}
	for i, who := range slices.Sorted(maps.Keys(place)) {
		place[who] = i
		out = append(out, Severity{Scorer: who})
	}
	n := len(out)
	normal := make([][]float64, n) // the normal equations, with the right side in the last column
	for i := range normal {
		normal[i] = make([]float64, n+1)
		normal[i][i] = shrink
	}
	for _, o := range list {
		row := make([]float64, n)
		for _, who := range o.Second {
			row[place[who]] += 1 / float64(len(o.Second))
		}
		for _, who := range o.First {
			row[place[who]] -= 1 / float64(len(o.First))
		}
		for i, x := range row {
			if x == 0 {
				continue
			}
			out[i].Overlaps++
			for j, y := range row {
				normal[i][j] += x * y
			}
			normal[i][n] += x * o.Difference
		}
	}
	for i, x := range solved(normal) {
		out[i].Gives = x
	}
	return out
}

// solved solves a symmetric, positive definite system by elimination with the largest pivot first.
func solved(m [][]float64) []float64 {
	n := len(m)
	for i := range n {
		best := i
		for k := i + 1; k < n; k++ {
			if math.Abs(m[k][i]) > math.Abs(m[best][i]) {
				best = k
			}
		}
		m[i], m[best] = m[best], m[i]
		for k := i + 1; k < n; k++ {
			f := m[k][i] / m[i][i]
			for j := i; j <= n; j++ {
				m[k][j] -= f * m[i][j]
			}
		}
	}
	out := make([]float64, n)
	for i := n - 1; i >= 0; i-- {
		out[i] = m[i][n]
		for j := i + 1; j < n; j++ {
			out[i] -= m[i][j] * out[j]
		}
		out[i] /= m[i][i]
	}
	return out
}
