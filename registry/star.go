package registry

import (
	"context"
	"maps"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

// StarEnd says that a star lapsed. A star belongs to project, firm and contract: it lapses on the day after the last one on which the firm that earned it served the project. A contract that the
// same firm renews without a day between goes on. Nothing is stored of it: it follows from the contracts, and a corrected contract corrects it.
type StarEnd struct {
	// Last is the last day on which the star stood.
	Last calendar.Date
	// Why says in Chinese why it lapsed; it is for everybody and names no person.
	Why string
}

// served is the last day of the unbroken service of a firm that held the project on a day; no date if it goes on without end, false if the firm did not hold it then. ended is whether the last of the
// contracts was ended before its time.
func (p Project) served(firm string, day calendar.Date) (last calendar.Date, ended, held bool) {
	at := slices.IndexFunc(p.Contracts, func(c Contract) bool { return c.Firm == firm && c.Days.Holds(day) })
	if at < 0 {
		return last, false, false
	}
	now := p.Contracts[at]
	for !now.Days.Until.IsZero() {
		next := slices.IndexFunc(p.Contracts, func(c Contract) bool {
			return c.Firm == firm && c.covers(now.Phase) && c.Days.Holds(now.Days.Until.Add(1))
		})
		if next < 0 {
			break
		}
		now = p.Contracts[next]
	}
	return now.Days.Until, now.Ended != "", true
}

// StarEnds says which of the stars that firms earned with projects, held says which firm with which project, had lapsed on a day; rated is the last day of the period that was rated. A project that
// the register does not have, or that the firm did not hold on that day, is left out. It asks for no right: what it tells is for everybody.
func (r *Register) StarEnds(ctx context.Context, held map[string]string, rated, day calendar.Date) (map[string]StarEnd, error) {
	out, book := map[string]StarEnd{}, r.nameBook()
	for _, project := range slices.Sorted(maps.Keys(held)) {
		d, err := r.projects.Load(ctx, project)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		last, ended, there := d.State.served(held[project], rated)
		if !there || last.IsZero() || day.Compare(last) <= 0 {
			continue
		}
		end := StarEnd{Last: last, Why: "物业服务合同到期"}
		if ended {
			end.Why = "物业服务合同提前终止"
		}
		if next := d.State.ContractOn(last.Add(1)); next.Firm != "" {
			firm, err := book.firm(ctx, next.Firm)
			if err != nil {
				return nil, err
			}
			end.Why = "物业服务企业更换为" + firm.Name
		}
		out[project] = end
	}
	return out, nil
}
