package registry

import (
	"context"
	"slices"

	"redsteward/internal/calendar"
)

// The forms of a firm's party organisation. The words are those of the schemes.
const (
	PartyOwn        = "own"        // 单建: a branch of its own
	PartyJoint      = "joint"      // 联建: a branch together with others
	PartyInstructor = "instructor" // 选派指导员: an instructor was sent
	PartyNone       = "no_form"    // 无: none of them
)

// Holding is what the register says of a project and of the firm that holds it on one day: what a rating takes from here and asks nobody for.
type Holding struct {
	Place
	// Since is the first day of the firm's unbroken service of the project; no date if no firm holds it.
	Since calendar.Date
	// PartyForm is one of the forms above on that day, "" if none was recorded.
	PartyForm string
	// TakenOver is the day on which the compound was first taken over (承接), no date if it is not known.
	TakenOver calendar.Date
	// Insured reports whether an insurance against damage to third parties (公众责任险) runs on that day.
	Insured bool
	// InsuredUntil is the last day on which it runs without a break, ServedUntil that of the firm's unbroken service; no date without an end, and where there is none.
	InsuredUntil, ServedUntil calendar.Date
	// Halves are the last three half-years of public revenue that ended before that day, oldest first, without those that ended before Since; none if no firm holds it.
	Halves []HalfShown
}

// HalfShown is a half-year of public revenue (公共收益), as far as it was to be shown to the owners.
type HalfShown struct {
	// Half is the half-year, as 2026H1, Last its last day.
	Half string
	Last calendar.Date
	// Recorded: the register holds it. Nothing: it says that there was none, neither before nor in the half-year.
	Recorded, Nothing bool
	// Published is the first day on which it was shown, no date if it was not.
	Published calendar.Date
}

// HalfEnd is the last day of a half-year, no date for what is none.
func HalfEnd(half string) calendar.Date {
	m := halfForm.FindStringSubmatch(half)
	if m == nil {
		return calendar.Date{}
	}
	day, err := calendar.ParseDate(m[1] + map[string]string{"1": "-06-30", "2": "-12-31"}[m[2]])
	if err != nil {
		return calendar.Date{}
	}
	return day
}

// halvesBefore are the three half-years before the one of a day, oldest first: those that may have had to be shown in the year up to it.
func halvesBefore(day calendar.Date) []string {
	out := []string{HalfBefore(HalfOf(day))}
	for len(out) < 3 {
		out = append(out, HalfBefore(out[len(out)-1]))
	}
	slices.Reverse(out)
	return out
}

// halvesOf are the half-years of a project that ended before a day while the firm of that day served it, oldest first.
func (r *Register) halvesOf(ctx context.Context, project string, since, day calendar.Date) ([]HalfShown, error) {
	halves := halvesBefore(day)
	ids := make([]string, len(halves))
	for i, half := range halves {
		ids[i] = revenueID(project, half)
	}
	found, err := r.revenues.LoadEach(ctx, ids)
	if err != nil {
		return nil, err
	}
	var out []HalfShown
	for i, half := range halves {
		h := HalfShown{Half: half, Last: HalfEnd(half)}
		if h.Last.Compare(since) < 0 {
			continue
		}
		if found[i] != nil {
			in := found[i].State.RevenueInput
			h.Recorded, h.Nothing, h.Published = true, in.Opening == 0 && in.In() == 0 && in.Out() == 0, in.Published
		}
		out = append(out, h)
	}
	return out, nil
}

// PartyOf is how the party is organised in a firm on a day, without names; the zero value if nothing is known for it or there is no such firm.
func (r *Register) PartyOf(ctx context.Context, firm string, day calendar.Date) (Party, error) {
	f, err := r.Contractor(ctx, firm)
	return f.PartyOn(day), err
}

// insuredOn reports whether an insurance of the project runs on a day, and the last day on which it does without a break; no date if it has no end.
func (p *Project) insuredOn(day calendar.Date) (runs bool, until calendar.Date) {
	papers := p.StandingPapers()
	for on := day; ; {
		longest := calendar.Date{}
		for i := range papers {
			q := &papers[i]
			if q.Kind != PaperInsurance || !q.Days.Holds(on) {
				continue
			}
			if runs = true; q.Days.Until.IsZero() {
				return true, calendar.Date{}
			}
			if q.Days.Until.Compare(longest) > 0 {
				longest = q.Days.Until
			}
		}
		if longest.IsZero() {
			return runs, until
		}
		until = longest
		on = longest.Add(1)
	}
}
