package returns

import (
	"fmt"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

// Rhythm is how often a return is made.
type Rhythm string

// The rhythms.
const (
	Weekly    Rhythm = "week"
	Monthly   Rhythm = "month"
	Quarterly Rhythm = "quarter"
	Yearly    Rhythm = "year"
)

// Word is the rhythm for people.
func (r Rhythm) Word() string {
	switch r {
	case Weekly:
		return "每周"
	case Monthly:
		return "每月"
	case Quarterly:
		return "每季"
	case Yearly:
		return "每年"
	}
	return string(r)
}

// Term is one week (2026W42, as ISO 8601 counts), month (2026-10), quarter (2026Q3) or year (2026) of a return.
type Term struct {
	// ID is the form above, which may stand in a record id.
	ID string
	// Span are its days; a month that closes early runs from the day after the close of the month before.
	Span calendar.Span
	// rhythm and closes are those of the return.
	rhythm Rhythm
	closes int
}

// Term is the term of an id. Returns Invalid for what is none of the return's.
func (f *Form) Term(id string) (Term, error) {
	for _, day := range firstDays(f.Rhythm, id) {
		if t := f.TermOf(day); t.ID == id {
			return t, nil
		}
	}
	return Term{}, fault.New("returns.Term", fault.Invalid, "“"+id+"”不是“"+f.Title+"”的报告期")
}

// firstDays are days of which one lies in the term of an id, none if it is no id of a rhythm.
func firstDays(r Rhythm, id string) []calendar.Date {
	switch r {
	case Weekly:
		var year, week int
		if n, err := fmt.Sscanf(id, "%04dW%02d", &year, &week); err != nil || n != 2 || week < 1 || week > 53 || year < 2000 || year > 2099 {
			return nil
		}
		// The fourth of January lies in the first week.
		return []calendar.Date{calendar.Year(year).Span().First.Add(3 + 7*(week-1))}
	case Monthly:
		if day, err := calendar.ParseDate(id + "-01"); err == nil {
			return []calendar.Date{day}
		}
	case Quarterly:
		if q, err := calendar.ParseQuarter(id); err == nil {
			return []calendar.Date{q.Span().First}
		}
	case Yearly:
		if y, err := calendar.ParseYear(id); err == nil {
			return []calendar.Date{y.Span().First}
		}
	}
	return nil
}

// TermOf is the term in which a day lies.
func (f *Form) TermOf(day calendar.Date) Term {
	t := Term{rhythm: f.Rhythm, closes: f.Closes}
	year, _, inMonth := day.Parts()
	switch f.Rhythm {
	case Weekly:
		at := day.Begins().Add(12 * time.Hour)
		isoYear, week := at.ISOWeek()
		back := (int(at.Weekday()) + 6) % 7
		t.ID = fmt.Sprintf("%04dW%02d", isoYear, week)
		t.Span = calendar.Span{First: day.Add(-back), Last: day.Add(6 - back)}
	case Quarterly:
		q := calendar.QuarterOf(day)
		t.ID, t.Span = q.String(), q.Span()
	case Yearly:
		t.ID, t.Span = calendar.Year(year).String(), calendar.Year(year).Span()
	default:
		first := day.Add(1 - inMonth)
		if t.closes > 0 && inMonth > t.closes {
			first = first.AddMonths(1)
		}
		year, month, _ := first.Parts()
		t.ID = fmt.Sprintf("%04d-%02d", year, int(month))
		t.Span = calendar.Span{First: first, Last: first.AddMonths(1).Add(-1)}
		if t.closes > 0 {
			t.Span = calendar.Span{First: first.AddMonths(-1).Add(t.closes), Last: first.Add(t.closes - 1)}
		}
	}
	return t
}

// before is the term before.
func (f *Form) before(t Term) Term { return f.TermOf(t.Span.First.Add(-1)) }

// yearBefore is the same term of the year before: of a week the one with the same number, or the last of that year.
func (f *Form) yearBefore(t Term) Term {
	switch f.Rhythm {
	case Weekly:
		return f.TermOf(t.Span.First.Add(3 - 364))
	case Yearly:
		return f.before(t)
	}
	return f.TermOf(t.Span.Last.AddMonths(-12))
}

// Chinese is the term for people.
func (t Term) Chinese() string {
	switch t.rhythm {
	case Weekly:
		return t.ID[:4] + "年第" + trimZero(t.ID[5:]) + "周"
	case Quarterly:
		q, _ := calendar.ParseQuarter(t.ID) // TermOf made it
		return q.Chinese()
	case Yearly:
		return t.ID + "年"
	}
	return t.ID[:4] + "年" + trimZero(t.ID[5:]) + "月"
}

func trimZero(digits string) string {
	if len(digits) > 1 && digits[0] == '0' {
		return digits[1:]
	}
	return digits
}

// Days says from when to when it runs.
func (t Term) Days() string { return t.Span.First.Chinese() + "至" + t.Span.Last.Chinese() }
