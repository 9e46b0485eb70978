package calendar

import (
	"fmt"
	"strconv"
	"time"
)

// Span is an unbroken run of days, both ends included.
type Span struct {
	First Date `json:"first"`
	Last  Date `json:"last"`
}

// Has reports whether the day lies in the span.
func (s Span) Has(d Date) bool { return s.First.Compare(d) <= 0 && d.Compare(s.Last) <= 0 }

// Days returns the number of days.
func (s Span) Days() int { return s.Last.Sub(s.First) + 1 }

// Instants returns the first instant of the span and the first one after it, cut in Chinese time, in UTC.
func (s Span) Instants() (from, until time.Time) { return s.First.Begins(), s.Last.Ends() }

// Quarter is a quarter of a year, such as 2026Q3.
type Quarter struct {
	Year int
	// N is 1 to 4.
	N int
}

// QuarterOf returns the quarter of a day.
func QuarterOf(d Date) Quarter {
	year, month, _ := d.Parts()
	return Quarter{year, (int(month)-1)/3 + 1}
}

// ParseQuarter reads the form 2026Q3, which String writes and which may stand in a record id.
func ParseQuarter(s string) (Quarter, error) {
	if len(s) == 6 && s[4] == 'Q' && s[5] >= '1' && s[5] <= '4' {
		if y, err := parseYear(s[:4]); err == nil {
			return Quarter{y, int(s[5] - '0')}, nil
		}
	}
	return Quarter{}, fmt.Errorf("%q 不是季度，要写成 2026Q3 这样", s)
}

// String gives 2026Q3.
func (q Quarter) String() string { return fmt.Sprintf("%04dQ%d", q.Year, q.N) }

// Chinese gives 2026年第三季度.
func (q Quarter) Chinese() string {
	return fmt.Sprintf("%d年第%s季度", q.Year, []string{"一", "二", "三", "四"}[q.N-1])
}

// Span returns the days of the quarter.
func (q Quarter) Span() Span {
	return monthsFrom(q.Year, q.N*3-2, 3)
}

// Add returns the quarter that many later; earlier for a negative number.
func (q Quarter) Add(n int) Quarter {
	count := q.Year*4 + q.N - 1 + n
	return Quarter{count / 4, count%4 + 1}
}

// MarshalText writes what String gives.
func (q Quarter) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (q *Quarter) UnmarshalText(text []byte) error {
	parsed, err := ParseQuarter(string(text))
	if err != nil {
		return err
	}
	*q = parsed
	return nil
}

// Year is a calendar year.
type Year int

// ParseYear reads four digits.
func ParseYear(s string) (Year, error) {
	y, err := parseYear(s)
	return Year(y), err
}

// parseYear reads exactly four digits other than 0000.
func parseYear(s string) (int, error) {
	y, err := strconv.ParseUint(s, 10, 16)
	if len(s) != 4 || err != nil || y == 0 {
		return 0, fmt.Errorf("%q 不是年份，要写成 2026 这样", s)
	}
	return int(y), nil
}

// String gives 2026.
func (y Year) String() string { return fmt.Sprintf("%04d", int(y)) }

// Chinese gives 2026年.
func (y Year) Chinese() string { return strconv.Itoa(int(y)) + "年" }

// Span returns the days of the year.
func (y Year) Span() Span { return monthsFrom(int(y), 1, 12) }

// Quarters returns the four quarters of the year in order.
func (y Year) Quarters() [4]Quarter {
	return [4]Quarter{{int(y), 1}, {int(y), 2}, {int(y), 3}, {int(y), 4}}
}

// monthsFrom returns the days of n months from the first of one.
func monthsFrom(year, month, n int) Span {
	first := fromUTC(time.Date(year, time.Month(month), 1, 0, 0, 0, 0, time.UTC))
	return Span{first, first.AddMonths(n).Add(-1)}
}
