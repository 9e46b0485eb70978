package journal

import (
	"time"

	"redsteward/internal/fault"
)

// timeLayout is RFC 3339 in UTC with exactly three decimals, so that texts sort like the times they stand for.
const timeLayout = "2006-01-02T15:04:05.000Z"

// Time is a moment as it is stored: UTC, cut to milliseconds, written as RFC 3339 with three decimals and Z.
// Stored types use it instead of time.Time, whose own text varies with zone and trailing zeros.
type Time struct{ time.Time }

// At cuts t to a stored moment.
func At(t time.Time) Time { return Time{t.UTC().Truncate(time.Millisecond)} }

// String gives the stored text.
func (t Time) String() string { return string(t.appendTo(nil)) }

// MarshalText gives the stored text.
func (t Time) MarshalText() ([]byte, error) { return t.appendTo(nil), nil }

// MarshalJSON gives the stored text in quotes; it hides the looser form of the embedded time.Time.
func (t Time) MarshalJSON() ([]byte, error) {
	return append(t.appendTo(append(make([]byte, 0, len(timeLayout)+2), '"')), '"'), nil
}

// appendTo appends the stored text. Times are half of what a record says, and the general form of the library takes several times as long.
func (t Time) appendTo(dst []byte) []byte {
	u := t.UTC()
	year, month, day := u.Date()
	if year < 0 || year > 9999 {
		return u.AppendFormat(dst, timeLayout)
	}
	hour, minute, second := u.Clock()
	digits := func(n, width int) {
		at := len(dst) + width
		dst = append(dst, "0000"[:width]...)
		for i := at - 1; n > 0; i-- {
			dst[i], n = byte('0'+n%10), n/10
		}
	}
	digits(year, 4)
	for _, part := range [...]struct {
		before byte
		n      int
	}{{'-', int(month)}, {'-', day}, {'T', hour}, {':', minute}, {':', second}} {
		dst = append(dst, part.before)
		digits(part.n, 2)
	}
	dst = append(dst, '.')
	digits(u.Nanosecond()/int(time.Millisecond), 3)
	return append(dst, 'Z')
}

// UnmarshalText reads the stored text. Returns Invalid for any other form.
func (t *Time) UnmarshalText(text []byte) error {
	parsed, ok := parseTime(text)
	if !ok {
		return fault.New("journal.Time", fault.Invalid, "时间要写成 2026-10-19T01:00:00.000Z 的形式")
	}
	t.Time = parsed
	return nil
}

// parseTime reads the stored text.
func parseTime(text []byte) (t time.Time, ok bool) {
	if len(text) != len(timeLayout) {
		return time.Time{}, false
	}
	ok = true
	number := func(from, to int) (n int) {
		for _, c := range text[from:to] {
			ok = ok && '0' <= c && c <= '9'
			n = n*10 + int(c-'0')
		}
		return n
	}
	t = time.Date(number(0, 4), time.Month(number(5, 7)), number(8, 10), number(11, 13), number(14, 16), number(17, 19), number(20, 23)*int(time.Millisecond), time.UTC)
	// A day or an hour that does not exist has become another one, whose text differs; so have the signs between the numbers.
	var again [len(timeLayout)]byte
	return t, ok && string(Time{t}.appendTo(again[:0])) == string(text)
}

// UnmarshalJSON reads the stored text in quotes. Returns Invalid for any other form.
func (t *Time) UnmarshalJSON(text []byte) error {
	if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		return fault.New("journal.Time", fault.Invalid, "时间要写成 2026-10-19T01:00:00.000Z 的形式")
	}
	return t.UnmarshalText(text[1 : len(text)-1])
}
