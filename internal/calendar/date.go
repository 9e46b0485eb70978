package calendar

import (
	"fmt"
	"time"
)

// zone is the time of the whole country. It is fixed and not looked up as Asia/Shanghai: the offset has not changed since 1991, so a fixed one gives the
// same periods without time zone data, which a bare server may lack.
var zone = time.FixedZone("UTC+8", 8*60*60)

// Date is a day as a calendar shows it, without a time. The zero value is no date. Dates compare with == and Compare.
type Date struct {
	// n counts days; 0001-01-01 is 1.
	n int32
}

// epoch is the day before day 1.
var epoch = time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC)

// secondsADay is the length of every day of a zone without summer time.
const secondsADay = 24 * 60 * 60

// NewDate returns the date of a year, month and day; Invalid for one that does not exist or lies outside the years 1 to 9999.
func NewDate(year int, month time.Month, day int) (Date, error) {
	t := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	if y, m, d := t.Date(); y != year || m != month || d != day || year < 1 || year > 9999 {
		return Date{}, fmt.Errorf("没有 %d年%d月%d日 这一天", year, int(month), day)
	}
	return fromUTC(t), nil
}

// ParseDate reads the form 2026-10-13, which String writes.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1 {
		return Date{}, fmt.Errorf("%q 不是日期，要写成 2026-10-13 这样", s)
	}
	return fromUTC(t), nil
}

// DateOf returns the day on which an instant falls in China.
func DateOf(t time.Time) Date {
	y, m, d := t.In(zone).Date()
	return fromUTC(time.Date(y, m, d, 0, 0, 0, 0, time.UTC))
}

// fromUTC counts the days to a midnight in UTC.
func fromUTC(t time.Time) Date { return Date{int32((t.Unix() - epoch.Unix()) / secondsADay)} }

// utc is the midnight that stands for the date.
func (d Date) utc() time.Time {
	return time.Unix(epoch.Unix()+int64(d.n)*secondsADay, 0).UTC()
}

// IsZero reports whether there is no date.
func (d Date) IsZero() bool { return d.n == 0 }

// Parts returns year, month and day.
func (d Date) Parts() (int, time.Month, int) { return d.utc().Date() }

// Year returns the year.
func (d Date) Year() int { return d.utc().Year() }

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday { return d.utc().Weekday() }

// Add returns the date that many days later; earlier for a negative number.
func (d Date) Add(days int) Date { return Date{d.n + int32(days)} }

// AddMonths returns the same day of the month that many months later, or the last day of that month if it is shorter, as periods by month and year end.
func (d Date) AddMonths(months int) Date {
	year, month, day := d.Parts()
	first := time.Date(year, month+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return fromUTC(first.AddDate(0, 0, min(day, last)-1))
}

// Sub returns the number of days from other to d.
func (d Date) Sub(other Date) int { return int(d.n - other.n) }

// Compare returns a negative number if d is before other, 0 if they are the same day, a positive number if it is after.
func (d Date) Compare(other Date) int { return int(d.n) - int(other.n) }

// Moment is an instant as people read it in China: 2026年10月19日 09:12. "" for none.
func Moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return DateOf(t).Chinese() + t.In(zone).Format(" 15:04")
}

// Begins returns the first instant of the day in China, in UTC.
func (d Date) Begins() time.Time { return d.utc().Add(-8 * time.Hour) }

// Ends returns the first instant after the day in China, in UTC: an act is in time if it happened before it.
func (d Date) Ends() time.Time { return d.Add(1).Begins() }

// String gives 2026-10-13, and "" for no date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.utc().Format(time.DateOnly)
}

// Chinese gives 2026年10月13日, and "" for no date.
func (d Date) Chinese() string {
	if d.IsZero() {
		return ""
	}
	y, m, day := d.Parts()
	return fmt.Sprintf("%d年%d月%d日", y, int(m), day)
}

// MarshalText writes what String gives.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes; empty text is no date.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
