package cycle

import (
	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/rating"
	"redsteward/registry"
)

// registerRules are the rules by which what the register holds becomes facts.
type registerRules struct {
	// handoverFrom is the day from which the handover rule (承接查验) applies.
	handoverFrom calendar.Date
	// revenueDue is the last day on which the public revenue of a half-year that ended on a day is to be shown.
	revenueDue func(ended calendar.Date) calendar.Date
}

// factInsurance is the fact that says whether the insurance of a compound runs.
const factInsurance = "insurance"

// values are the facts that the register holds on the last day of a period, by their ids in the schemes.
func (k registerRules) values(h *registry.Holding, last calendar.Date) map[string]rating.Value {
	values := map[string]rating.Value{factInsurance: rating.Bool(h.Insured)}
	if h.Firm != "" {
		name := h.FirmName
		if name == "" {
			name = h.Firm
		}
		values["firm"] = rating.Text(name)
		values["managed_months"] = rating.Number(num.FromInt(wholeMonths(h.Since, last)))
	}
	if h.Households > 0 {
		values["households"] = rating.Number(num.FromInt(h.Households))
	}
	if h.PartyForm != "" {
		values["party_form"] = rating.Text(h.PartyForm)
	}
	if !h.TakenOver.IsZero() {
		values["handover_rule_applies"] = rating.Bool(k.handoverFrom.Compare(h.TakenOver) <= 0)
	}
	if revenue, known := k.revenue(h.Halves, last); known {
		values["revenue"] = revenue
	}
	return values
}

// revenue is how many half-years of public revenue (公共收益) were shown to the owners in time of those whose showing fell due in the twelve months up to a day. A half-year of which the
// register says that there was no public revenue need not be shown, one that is not recorded was not. Nothing is known if none of them is recorded.
func (k registerRules) revenue(halves []registry.HalfShown, last calendar.Date) (v rating.Value, known bool) {
	var shown, due int64
	for _, h := range halves {
		until := k.revenueDue(h.Last)
		if until.Compare(last) > 0 || until.Compare(last.Add(1).AddMonths(-12)) < 0 {
			continue
		}
		known = known || h.Recorded
		if h.Nothing {
			continue
		}
		due++
		if !h.Published.IsZero() && h.Published.Compare(until) <= 0 {
			shown++
		}
	}
	if due == 0 {
		return rating.NA(), known
	}
	return rating.Ratio(num.FromInt(shown), num.FromInt(due)), known
}
