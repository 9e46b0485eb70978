package cycle

import (
	"cmp"
	"context"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/rating"
)

// shownYear loads a year whose stars were shown to the public. Returns NotFound for every other period.
func (s *Service) shownYear(ctx context.Context, id string) (Period, error) {
	p, err := s.load(ctx, id)
	if err == nil && (!p.Stars() || len(p.Tellings) == 0) {
		err = fault.New("cycle.shown", fault.NotFound, "没有公示这一年的星级")
	}
	return p, err
}

// Publicity is the publicity of the stars of a year, as far as everybody may know of it.
type Publicity struct {
	// Period is the year, Scheme its rule.
	Period Period
	Scheme *rating.Scheme
	// First is the first day of the publicity, Until its last; Runs reports whether it runs. Appeals is the last day of appeals.
	First      calendar.Date
	Until      calendar.Deadline
	Runs       bool
	Appeals    calendar.Deadline
	AppealsRun bool
	// Rows are the compounds by name, without rank; none in a list of publicities.
	Rows []PublicityRow
}

// PublicityRow is one compound.
type PublicityRow struct {
	// Project is the id; Name, Firm, Place and Township are for people, Grade the id of the grade, Label what is proposed.
	Project, Name, Firm, Place, Township, Grade, Label string
	// Level is the star, 0 for none. Contested: an appeal about it has not come to its end.
	Level     int64
	Contested bool
}

// Publicities returns the years whose stars were shown to the public, the newest first, without their compounds. Anybody may ask.
func (s *Service) Publicities(ctx context.Context) ([]Publicity, error) {
	var out []Publicity
	for _, state := range []State{StateEvaluated, StatePublished} {
		list, err := s.list(ctx, periodKey(RhythmYear, state))
		if err != nil {
			return nil, err
		}
		for i := range list {
			if len(list[i].Tellings) == 0 {
				continue
			}
			v, err := s.publicity(ctx, list[i])
			if err != nil {
				return nil, err
			}
			out = append(out, *v)
		}
	}
	return out, nil
}

func (s *Service) publicity(ctx context.Context, p Period) (*Publicity, error) {
	h, err := s.Hearing(ctx, &p)
	if err != nil {
		return nil, err
	}
	open := p.State == StateEvaluated
	return &Publicity{Period: p, First: calendar.DateOf(p.Tellings[0].At.Time), Until: h.Shown, Runs: open && h.Shows, Appeals: h.Ends, AppealsRun: open && h.Runs}, nil
}

// Publicity returns the stars of a year as they were shown to the public last: compounds by name, without rank and without a line. Anybody may ask. Returns NotFound if nothing was shown.
func (s *Service) Publicity(ctx context.Context, id string) (*Publicity, error) {
	p, err := s.shownYear(ctx, id)
	if err != nil {
		return nil, err
	}
	v, err := s.publicity(ctx, p)
	if err != nil {
		return nil, err
	}
	if v.Scheme, _, err = s.schemeOf(ctx, &p); err != nil {
		return nil, err
	}
	contested := map[string]bool{}
	if err := s.objected.heads(ctx, p.ID, func(o *Objection) {
		if !o.State.Final() {
			contested[o.Project] = true
		}
	}); err != nil {
		return nil, err
	}
	shown := p.shown()
	rows, err := s.rows(ctx, &shown, v.Scheme, func([]string) bool { return true })
	if err != nil {
		return nil, err
	}
	for i := range rows {
		r := &rows[i]
		row := PublicityRow{Project: r.Project, Name: r.Name, Firm: r.Firm, Place: place(r.Community, r.Township), Township: r.Township, Label: r.Label, Contested: contested[r.Project]}
		if r.result != nil {
			row.Grade = r.result.Grade
			if r.result.Level != nil {
				row.Level = int64(*r.result.Level)
			}
		}
		v.Rows = append(v.Rows, row)
	}
	slices.SortStableFunc(v.Rows, func(a, b PublicityRow) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Project, b.Project))
	})
	return v, nil
}

// MayHandleRemarks reports whether the actor answers remarks of the public.
func (s *Service) MayHandleRemarks(by policy.Actor) bool {
	return s.guard.Allow(by, policy.HandleRemark)
}
