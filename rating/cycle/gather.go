package cycle

import (
	"context"
	"slices"
	"sync"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/rating"
	"redsteward/registry"
	"redsteward/supervision"
	"redsteward/supervision/application"
)

// gathering collects the facts of one period from all sources in one pass over each. What it holds grows with projects and facts, and by one hash for each
// reading that counts.
type gathering struct {
	scheme *rating.Scheme
	period string
	days   calendar.Span
	// cutoff is the last instant at which acceptance counted, upTo the last log number.
	cutoff time.Time
	upTo   int64
	// known are the rules by which the register is read.
	known registerRules
	// admitted are, by project, the facts for which what was accepted after the cut-off counts too.
	admitted map[string]map[string]bool

	mergers []merger
	// bySource are the sources by name, the preferred ones and those that stand in for them.
	bySource map[string]*sourceFacts
	buckets  map[string]*bucket
	order    []string
	// mu guards what readings are put into: sources are read side by side.
	mu sync.Mutex
	// ofOthers counts readings about a project of the list while another firm held it, strays those about no project of the list.
	ofOthers, strays int
}

// sourceFacts are the facts that one source tells, and the days from which it is asked.
type sourceFacts struct {
	span   calendar.Span
	places map[string]int
	// always: what it tells happens after the period by its nature, and counts whenever it was accepted.
	always bool
	// connected: it is asked. One that nobody asks, since its module is switched off, tells nothing; that is not the same as one that says there was nothing.
	connected bool
	// standIns are those of the facts that another source tells better: they count for a project of which that one says nothing.
	standIns map[string]bool
}

// bucket is one project.
type bucket struct {
	holding registry.Holding
	facts   []gathered
	// instead are, by place, the facts as told by the source that stands in.
	instead map[int]*gathered
	late    []LateReading
}

func newGathering(s *rating.Scheme, period string, days calendar.Span, cutoff time.Time, upTo int64, known registerRules, connected []string) *gathering {
	g := &gathering{scheme: s, period: period, days: days, cutoff: cutoff, upTo: upTo, known: known,
		mergers: make([]merger, len(s.Facts)), bySource: map[string]*sourceFacts{}, buckets: map[string]*bucket{}}
	for i := range s.Facts {
		f := &s.Facts[i]
		g.mergers[i] = newMerger(f, days)
		for _, name := range []string{f.Source, f.Otherwise} {
			if name == "" || name == SourceRegistry {
				continue
			}
			src := g.bySource[name]
			if src == nil {
				src = &sourceFacts{span: g.mergers[i].span, places: map[string]int{}, standIns: map[string]bool{}, always: name == application.Source, connected: slices.Contains(connected, name)}
				g.bySource[name] = src
			}
			src.places[f.ID], src.standIns[f.ID] = i, name == f.Otherwise
			if first := g.mergers[i].span.First; first.Compare(src.span.First) < 0 {
				src.span.First = first
			}
		}
	}
	return g
}

// fed reports whether anybody is asked for a fact.
func (g *gathering) fed(f *rating.Fact) bool {
	return slices.ContainsFunc([]string{f.Source, f.Otherwise}, func(name string) bool { asked := g.bySource[name]; return asked != nil && asked.connected })
}

// told is what the readings of a fact came to, and which source told it: the one that the scheme prefers or, for a project of which that one says nothing, the other.
func (b *bucket) told(place int, f *rating.Fact) (*gathered, string) {
	if g := b.instead[place]; g != nil && b.facts[place].readings == 0 {
		return g, f.Otherwise
	}
	return &b.facts[place], f.Source
}

// projects takes the list of projects from the register.
func (g *gathering) projects(ctx context.Context, register Register) error {
	return register.EachHolding(ctx, g.days.Last, func(h registry.Holding) error {
		if !journal.ValidID(h.Project) {
			return fault.New("cycle.Gather", fault.Invalid, "项目编号“"+h.Project+"”不合规则")
		}
		g.buckets[h.Project] = &bucket{holding: h, facts: make([]gathered, len(g.mergers))}
		g.order = append(g.order, h.Project)
		return nil
	})
}

// read takes every reading of one source that the scheme asks for. It may be called for several sources at once.
func (g *gathering) read(ctx context.Context, source supervision.Readings, now time.Time) error {
	asked := g.bySource[source.Source()]
	if asked == nil {
		return nil
	}
	take := func(r supervision.Reading) error {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.take(asked, &r)
		return nil
	}
	if again, ok := source.(restated); ok {
		// What is admitted counts as it stands now, everything else as of the cut-off.
		admitted := func(want bool) func(supervision.Reading) error {
			return func(r supervision.Reading) error {
				if g.admitted[r.Project][r.Fact] != want {
					return nil
				}
				return take(r)
			}
		}
		if err := again.eachTwice(ctx, asked.span, g.cutoff, now, g.upTo, admitted(false)); err != nil || len(g.admitted) == 0 {
			return err
		}
		return source.EachReading(ctx, asked.span, now, g.upTo, admitted(true))
	}
	if sifted, ok := source.(supervision.Sifted); ok {
		wanted := func(fact string, day calendar.Date) bool {
			place, ok := asked.places[fact]
			return ok && g.mergers[place].span.Has(day)
		}
		return sifted.EachSifted(ctx, asked.span, now, g.upTo, wanted, take)
	}
	return source.EachReading(ctx, asked.span, now, g.upTo, take)
}

// take sorts one reading: counted, too late, of another firm, of no project, or outside of its window.
func (g *gathering) take(asked *sourceFacts, r *supervision.Reading) {
	place, ok := asked.places[r.Fact]
	if !ok {
		return
	}
	m := &g.mergers[place]
	if !m.span.Has(r.Day) {
		return
	}
	b := g.buckets[r.Project]
	admitted := asked.always || g.admitted[r.Project][r.Fact] || r.Asked != "" && r.Asked == g.period
	switch {
	case b == nil:
		g.strays++
		return
	case r.Firm != "" && r.Firm != b.holding.Firm:
		g.ofOthers++
		return
	case !r.Replaced.IsZero() && (admitted || !r.Replaced.After(g.cutoff)):
		return // its correction counts
	case r.Accepted.After(g.cutoff) && !admitted:
		b.late = append(b.late, LateReading{Fact: r.Fact, Day: r.Day, Accepted: journal.At(r.Accepted), Record: r.Record})
		return
	}
	into := &b.facts[place]
	if asked.standIns[r.Fact] {
		if b.instead == nil {
			b.instead = map[int]*gathered{}
		}
		if b.instead[place] == nil {
			b.instead[place] = &gathered{}
		}
		into = b.instead[place]
	}
	m.add(into, r)
}

// wholeMonths is how many whole months lie between two days, both included: from 1 July to 30 September there are three.
func wholeMonths(first, last calendar.Date) int64 {
	if first.IsZero() || last.Compare(first) < 0 {
		return 0
	}
	after := last.Add(1)
	y1, m1, _ := first.Parts()
	y2, m2, _ := after.Parts()
	months := (y2-y1)*12 + int(m2-m1)
	if after.Compare(first.AddMonths(months)) < 0 {
		months--
	}
	return int64(months)
}
