package rating

import "redsteward/internal/calendar"

// The rhythms whose periods are named by the calendar.
const (
	rhythmQuarter = "quarter"
	rhythmYear    = "year"
)

// EarlierPeriod is the id of the period of a rhythm that lies back places before another one, such as 2026Q3 or 2026: for the year 2026 the last quarter is one back,
// for a quarter of 2026 the last year is 2025. rhythm "" is that of the period itself. "" if the period is none of the calendar, or the rhythm has none.
func EarlierPeriod(period, rhythm string, back int) string {
	quarter, err := calendar.ParseQuarter(period)
	if err == nil {
		if rhythm == rhythmYear {
			return calendar.Year(quarter.Year - back).String()
		}
		if rhythm == "" || rhythm == rhythmQuarter {
			return quarter.Add(-back).String()
		}
		return ""
	}
	year, err := calendar.ParseYear(period)
	switch {
	case err != nil:
		return ""
	case rhythm == "" || rhythm == rhythmYear:
		return (year - calendar.Year(back)).String()
	case rhythm == rhythmQuarter:
		return year.Quarters()[3].Add(1 - back).String()
	}
	return ""
}
