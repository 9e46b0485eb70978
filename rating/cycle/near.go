package cycle

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/supervision/inspection"
)

// What lies near a cut is scored by a second person (practice.md §7): others go once more, see nothing of the first answers, and both count when the period is evaluated anew. What is near, and
// whether the result waits for it, ranges.yaml says by rhythm.

// Seconds tells where the second scoring of a project stands, and how people scored. inspection.Visits implements it.
type Seconds interface {
	// EachScoring yields every visit of some days that counts and gives points.
	EachScoring(ctx context.Context, span calendar.Span, yield func(inspection.Scoring) error) error
	// Second looks at what was scored in some days of a project that a firm served.
	Second(ctx context.Context, project, firm string, days calendar.Span) (inspection.Second, error)
}

// NearView is what lies near a cut in the present evaluation of a period.
type NearView struct {
	Period Period
	// Rule is what is done about it.
	Rule NearRule
	// Rows are the projects within the scope, the nearest first.
	Rows []NearRow
}

// NearRow is a project near a cut with its second scoring.
type NearRow struct {
	NearCut
	Second inspection.Second
}

// Asks reports whether a second person is to score what is near.
func (v *NearView) Asks() bool { return v.Rule != NearShow }

// Near lists what lies near a cut in the present evaluation of a period. Returns Forbidden without ReadRanges, NotFound if the period was not planned, Conflict if it was not evaluated.
func (s *Service) Near(ctx context.Context, by policy.Actor, id string) (*NearView, error) {
	if err := s.guard.Require(by, policy.ReadRanges); err != nil {
		return nil, err
	}
	scope, err := s.guard.Scope(ctx, by, policy.ReadRanges)
	if err != nil {
		return nil, err
	}
	p, err := s.load(ctx, id)
	if err != nil {
		return nil, err
	}
	if p.Evaluation == "" {
		return nil, fault.New("cycle.Near", fault.Conflict, p.Name+"还没有评价，看不出谁临界")
	}
	return s.nearOf(ctx, &p, func(keys []string) bool { return scope.Covers(keys, p.Days.Last) })
}

func (s *Service) nearOf(ctx context.Context, p *Period, covers func(keys []string) bool) (*NearView, error) {
	scheme, _, err := s.schemeOf(ctx, p)
	if err != nil {
		return nil, err
	}
	v := &Preview{Period: *p, Scheme: scheme, Cuts: s.cuts(), Within: s.rules.within}
	if v.Rows, err = s.rows(ctx, p, scheme, covers); err != nil {
		return nil, err
	}
	v.near()
	out := &NearView{Period: *p, Rule: s.rules.near(p.Rhythm)}
	for _, n := range v.NearCut {
		row := NearRow{NearCut: n}
		if s.seconds != nil && out.Asks() && slices.Contains(p.Near, n.Project) {
			if row.Second, err = s.second(ctx, p, n.Project); err != nil {
				return nil, err
			}
		}
		out.Rows = append(out.Rows, row)
	}
	return out, nil
}

func (s *Service) second(ctx context.Context, p *Period, project string) (inspection.Second, error) {
	f, err := s.Facts(ctx, p.ID, project)
	if err != nil {
		return inspection.Second{}, err
	}
	return s.seconds.Second(ctx, project, f.Firm, p.Days)
}

// maxNear bounds what a period keeps of what lies near a cut.
const maxNear = 1000

// nearest are the projects near a cut, the nearest first.
func (s *Service) nearest(entries []rating.Entry) []string {
	v := &Preview{Cuts: s.cuts(), Within: s.rules.within}
	for i := range entries {
		if r := entries[i].Result; r.Status == rating.StatusRated && r.Total.Counted {
			v.Rows = append(v.Rows, PreviewRow{Project: r.Subject, Total: &r.Total.Points})
		}
	}
	v.near()
	var out []string
	for _, n := range v.NearCut {
		if !slices.Contains(out, n.Project) && len(out) < maxNear {
			out = append(out, n.Project)
		}
	}
	return out
}

// asksSecond reports whether a second person is to score what lies near a cut of a period: it is evaluated and not published, and the rules ask for it.
func (s *Service) asksSecond(p *Period) bool {
	return s.seconds != nil && p.State == StateEvaluated && s.rules.near(p.Rhythm) != NearShow
}

// SecondsAsked are the periods that ask for a second person to score what lies near a cut, with what that is. It asks for no right.
func (s *Service) SecondsAsked(ctx context.Context) ([]inspection.Asked, error) {
	var out []inspection.Asked
	for _, rhythm := range []string{RhythmQuarter, RhythmYear} {
		periods, err := s.list(ctx, periodKey(rhythm, StateEvaluated))
		if err != nil {
			return nil, err
		}
		for i := range periods {
			if p := &periods[i]; s.asksSecond(p) && len(p.Near) > 0 {
				out = append(out, inspection.Asked{Period: p.ID, Days: p.Days, Projects: p.Near})
			}
		}
	}
	return out, nil
}

// OpenSeconds counts the projects near a cut of a period within the scope for which nobody was sent to score them a second time, up to most. Returns Forbidden without ReadRanges.
func (s *Service) OpenSeconds(ctx context.Context, by policy.Actor, p *Period, most int) (int, error) {
	if err := s.guard.Require(by, policy.ReadRanges); err != nil {
		return 0, err
	}
	if !s.asksSecond(p) {
		return 0, nil
	}
	scope, err := s.guard.Scope(ctx, by, policy.ReadRanges)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, project := range p.Near {
		if n == most {
			break
		}
		one, err := s.second(ctx, p, project)
		if err != nil {
			return 0, err
		}
		if one.State != inspection.SecondOpen {
			continue
		}
		stored, err := s.archive.Result(ctx, p.Evaluation, project)
		if err != nil {
			return 0, err
		}
		if scope.Covers(stored.Keys, p.Days.Last) {
			n++
		}
	}
	return n, nil
}

// NearScored counts the projects that lay near a cut in the present evaluation of a period and those of them that a second person has scored, whatever the rules require. It asks for no right and names nobody.
func (s *Service) NearScored(ctx context.Context, p *Period) (near, scored int, err error) {
	if s.seconds == nil {
		return len(p.Near), 0, nil
	}
	for _, project := range p.Near {
		one, err := s.second(ctx, p, project)
		if err != nil {
			return 0, 0, err
		}
		if one.State == inspection.SecondDone {
			scored++
		}
	}
	return len(p.Near), scored, nil
}

// scoredTwice refuses a result of which the rules require what lies near a cut to be scored a second time, as long as something of that waits: Conflict that says how many, and names some.
func (s *Service) scoredTwice(ctx context.Context, p *Period) error {
	const op = "cycle.scoredTwice"
	if !s.asksSecond(p) || s.rules.near(p.Rhythm) != NearRequire {
		return nil
	}
	const shown = 3
	var names []string
	waits := 0
	for _, project := range p.Near {
		one, err := s.second(ctx, p, project)
		if err != nil {
			return err
		}
		fresh := one.State == inspection.SecondDone && one.For == p.ID && one.Accepted.After(p.Evaluated.At.Time)
		if !fresh && !one.State.Waits() {
			continue
		}
		stored, err := s.archive.Result(ctx, p.Evaluation, project)
		if err != nil {
			return err
		}
		if fresh {
			return fault.New(op, fault.Conflict, stored.Name+"的第二人评分通过以后还没有重新评价，请重新评价"+p.Name+"再公示、送审")
		}
		if waits++; waits <= shown {
			names = append(names, stored.Name)
		}
	}
	if waits == 0 {
		return nil
	}
	return fault.New(op, fault.Conflict, fmt.Sprintf("%s有 %d 个临界的小区等第二人评分：%s。再评通过复核、重新评价以后才能公示、送审", p.Name, waits, strings.Join(names, "、")))
}
