package cycle

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/supervision/inspection"
)

// How people score is looked at by their supervisor only, and never as a ranking (practice.md §7): whether totals bunch just above a cut where somebody scored, and how severely he scores beside those
// with whom he overlaps (双评). Too few of either are said and not shown as a number.

// Scorers are the people who scored in some quarters.
type Scorers struct {
	// From and Until are the days that were looked at, Quarters the names of the quarters whose totals were.
	From, Until calendar.Date
	Quarters    []string
	// Cuts are the totals around which bunching is tested, Window how far on either side.
	Cuts   []num.Num
	Window num.Num
	// Least is how many totals a test needs, Level the level of all tests together in percent, Tests how many there were.
	Least, Level int64
	Tests        int
	// Overlaps is how many visits scored twice a severity needs, Shrink how many that say nothing are added.
	Overlaps, Shrink int64
	// People are in the order of their accounts, Teams in that of their members' accounts. Nothing in it is ordered by what it says.
	People []Scorer
	Teams  []Scorer
}

// Scorer is one person or team.
type Scorer struct {
	// Who are the accounts, one for a person.
	Who []string
	// Visits is how many visits were scored.
	Visits int
	// Bunching is whether totals bunch above a cut.
	Bunching Bunching
	// Overlaps is how many visits were scored twice; Gives is by how much more or less than others a person gives, in percent of full marks, nil if there are too few. A team has none of its own.
	Overlaps int
	Gives    *float64
}

// Bunching is the exact test whether more totals lie just above a cut than just below.
type Bunching struct {
	// Above and Below are how many lie there; Tested reports whether there are enough.
	Above, Below int
	Tested       bool
	// Chance is how often as many or more would lie above if each were as likely as not (exact binomial, one-sided), Adjusted the same held against all tests (Holm); Flagged says that Adjusted is not above the level.
	Chance, Adjusted float64
	Flagged          bool
}

// Scorers looks at how people scored in the last quarters that were evaluated, within the scope. Returns Forbidden without ReadScorers.
func (s *Service) Scorers(ctx context.Context, by policy.Actor) (*Scorers, error) {
	if err := s.guard.Require(by, policy.ReadScorers); err != nil {
		return nil, err
	}
	scope, err := s.guard.Scope(ctx, by, policy.ReadScorers)
	if err != nil {
		return nil, err
	}
	f := &s.rules.file.Scorers
	out := &Scorers{Cuts: s.cuts(), Window: s.rules.window, Least: f.Least, Level: f.Level, Overlaps: f.Overlaps, Shrink: f.Shrink}
	if s.seconds == nil {
		return out, nil
	}
	periods, err := s.list(ctx, "")
	if err != nil {
		return nil, err
	}
	periods = slices.DeleteFunc(periods, func(p Period) bool { return p.Rhythm != RhythmQuarter || p.Evaluation == "" })
	periods = periods[:min(len(periods), int(f.Quarters))]
	if len(periods) == 0 {
		return out, nil
	}
	out.From, out.Until = periods[len(periods)-1].Days.First, calendar.DateOf(s.db.Now())
	var scorings []inspection.Scoring
	if err := s.seconds.EachScoring(ctx, calendar.Span{First: out.From, Last: out.Until}, func(one inspection.Scoring) error {
		scorings = append(scorings, one)
		return nil
	}); err != nil {
		return nil, err
	}
	people, teams := map[string]*Scorer{}, map[string]*Scorer{}
	of := func(list map[string]*Scorer, who ...string) *Scorer {
		key := strings.Join(who, "/")
		if list[key] == nil {
			list[key] = &Scorer{Who: who}
		}
		return list[key]
	}
	each := func(one *inspection.Scoring, do func(*Scorer)) {
		for _, who := range one.Officers {
			do(of(people, who))
		}
		if len(one.Officers) > 1 {
			do(of(teams, slices.Sorted(slices.Values(one.Officers))...))
		}
	}
	for i := range scorings {
		each(&scorings[i], func(who *Scorer) { who.Visits++ })
	}
	for i := range periods {
		p := &periods[i]
		out.Quarters = append(out.Quarters, p.Name)
		if err := s.bunch(ctx, p, scope, scorings, each, out); err != nil {
			return nil, err
		}
	}
	for _, one := range inspection.Severities(inspection.Overlaps(scorings), float64(f.Shrink)) {
		who := of(people, one.Scorer)
		if who.Overlaps = one.Overlaps; int64(one.Overlaps) >= f.Overlaps {
			who.Gives = &one.Gives
		}
	}
	out.People, out.Teams = sortedScorers(people), sortedScorers(teams)
	out.test()
	return out, nil
}

func sortedScorers(list map[string]*Scorer) []Scorer {
	var out []Scorer
	for _, key := range slices.Sorted(maps.Keys(list)) {
		out = append(out, *list[key])
	}
	return out
}

// bunch counts for everybody who scored a project in a period whether its total lies just above or below a cut.
func (s *Service) bunch(ctx context.Context, p *Period, scope policy.Scope, scorings []inspection.Scoring, each func(*inspection.Scoring, func(*Scorer)), out *Scorers) error {
	scheme, _, err := s.schemeOf(ctx, p)
	if err != nil {
		return err
	}
	rows, err := s.rows(ctx, p, scheme, func(keys []string) bool { return scope.Covers(keys, p.Days.Last) })
	if err != nil {
		return err
	}
	side := map[string]int{} // by project: 1 just above a cut, −1 just below
	for i := range rows {
		if total := rows[i].Total; total != nil {
			side[rows[i].Project] = sideOf(*total, out.Cuts, out.Window)
		}
	}
	counted := map[string]map[*Scorer]bool{} // each project counts once for everybody
	for i := range scorings {
		one := &scorings[i]
		at := side[one.Project]
		if at == 0 || !p.Days.Has(one.Day) {
			continue
		}
		each(one, func(who *Scorer) {
			if counted[one.Project] == nil {
				counted[one.Project] = map[*Scorer]bool{}
			}
			if counted[one.Project][who] {
				return
			}
			counted[one.Project][who] = true
			if at > 0 {
				who.Bunching.Above++
			} else {
				who.Bunching.Below++
			}
		})
	}
	return nil
}

// sideOf is 1 for a total at a cut or less than window above one, −1 for one at most window below, 0 for all others; of two cuts the lower is asked first.
func sideOf(total num.Num, cuts []num.Num, window num.Num) int {
	for _, cut := range cuts {
		switch d := total.Sub(cut); {
		case d.Sign() >= 0 && d.Less(window):
			return 1
		case d.Sign() < 0 && !window.Less(d.Neg()):
			return -1
		}
	}
	return 0
}

// test tests everybody with enough totals and holds the chances against each other (Holm 1979).
func (o *Scorers) test() {
	var tested []*Bunching
	for _, list := range [][]Scorer{o.People, o.Teams} {
		for i := range list {
			b := &list[i].Bunching
			if b.Tested = int64(b.Above+b.Below) >= o.Least; b.Tested {
				b.Chance = atLeast(b.Above, b.Above+b.Below)
				tested = append(tested, b)
			}
		}
	}
	o.Tests = len(tested)
	slices.SortStableFunc(tested, func(a, b *Bunching) int { return cmp.Compare(a.Chance, b.Chance) })
	highest := 0.0
	for i, b := range tested {
		highest = max(highest, min(1, b.Chance*float64(len(tested)-i)))
		b.Adjusted, b.Flagged = highest, highest*100 <= float64(o.Level)
	}
}

// atLeast is the chance of k or more heads in n throws of a coin.
func atLeast(k, n int) float64 {
	sum := 0.0
	ln := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	for i := k; i <= n; i++ {
		sum += math.Exp(ln(n) - ln(i) - ln(n-i) - float64(n)*math.Ln2)
	}
	return min(1, sum)
}
