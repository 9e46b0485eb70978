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
func (t Time) String() string { return t.UTC().Format(timeLayout) }

// MarshalText gives the stored text.
func (t Time) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// MarshalJSON gives the stored text in quotes; it hides the looser form of the embedded time.Time.
func (t Time) MarshalJSON() ([]byte, error) { return []byte(`"` + t.String() + `"`), nil }

// UnmarshalText reads the stored text. Returns Invalid for any other form.
func (t *Time) UnmarshalText(text []byte) error {
	parsed, err := time.Parse(timeLayout, string(text))
	if err != nil || parsed.Format(timeLayout) != string(text) {
		return fault.Wrap("journal.Time", fault.Invalid, "时间要写成 2026-10-19T01:00:00.000Z 的形式", err)
	}
	t.Time = parsed
	return nil
}

// UnmarshalJSON reads the stored text in quotes. Returns Invalid for any other form.
func (t *Time) UnmarshalJSON(text []byte) error {
	if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		return fault.New("journal.Time", fault.Invalid, "时间要写成 2026-10-19T01:00:00.000Z 的形式")
	}
	return t.UnmarshalText(text[1 : len(text)-1])
}
