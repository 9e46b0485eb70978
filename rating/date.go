package rating

import (
	"fmt"
	"time"
)

// Date is a day of the Gregorian calendar; the zero value is "no date". It counts days, so that dates can be compared and subtracted.
type Date int32

// day one of the count is 0001-01-01, so that zero is free for "no date".
var dateEpoch = time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC).Unix()

const secondsPerDay = 24 * 60 * 60

// ParseDate reads YYYY-MM-DD.
func ParseDate(text string) (Date, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() < 1 {
		return 0, fmt.Errorf("日期要写成 2026-03-31 的样子，不能是 %q", short(text))
	}
	return Date((t.Unix() - dateEpoch) / secondsPerDay), nil
}

// DateOf returns the day of t in t's own zone.
func DateOf(t time.Time) Date {
	y, m, d := t.Date()
	return Date((time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() - dateEpoch) / secondsPerDay)
}

// Time returns the midnight in UTC that begins the day.
func (d Date) Time() time.Time { return time.Unix(dateEpoch+int64(d)*secondsPerDay, 0).UTC() }

// String is YYYY-MM-DD, or "" for no date.
func (d Date) String() string {
	if d == 0 {
		return ""
	}
	return d.Time().Format(time.DateOnly)
}

// lastDay returns the last day of a span of months that begins on d. As in the Civil Code (民法典 201, 202) the first day does not count
// and the span ends on the corresponding day, or on the last day of a month that has none: 12 months from 2026-03-05 end on
// 2027-03-05, one month from 2026-01-31 on 2026-02-28.
func (d Date) lastDay(months int) Date {
	t := d.Time()
	first := time.Date(t.Year(), t.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	days := first.AddDate(0, 1, -1).Day()
	return DateOf(first.AddDate(0, 0, min(t.Day(), days)-1))
}

// within reports whether the day lies in the validity.
func (v Validity) within(d Date) bool {
	return (v.From == 0 || d >= v.From) && (v.Until == 0 || d <= v.Until)
}

// short cuts a text that is quoted in a message.
func short(text string) string {
	r := []rune(text)
	if len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return text
}
