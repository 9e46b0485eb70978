package rating

import "testing"

// TestEarlierPeriod: a year counts its own quarters from the last, a quarter counts years from the one before its own.
func TestEarlierPeriod(t *testing.T) {
	for _, c := range []struct {
		period, rhythm string
		back           int
		want           string
	}{
		{"2026Q3", "", 1, "2026Q2"}, {"2026Q1", "quarter", 1, "2025Q4"}, {"2026Q1", "", 6, "2024Q3"},
		{"2026", "quarter", 1, "2026Q4"}, {"2026", "quarter", 4, "2026Q1"}, {"2026", "quarter", 5, "2025Q4"},
		{"2026", "", 1, "2025"}, {"2026", "year", 2, "2024"}, {"2026Q3", "year", 1, "2025"},
		{"2026Q3", "month", 1, ""}, {"2026", "half", 1, ""}, {"", "quarter", 1, ""}, {"第一批", "", 1, ""},
	} {
		if got := EarlierPeriod(c.period, c.rhythm, c.back); got != c.want {
			t.Errorf("%s, %d back by %q: %q, want %q", c.period, c.back, c.rhythm, got, c.want)
		}
	}
}
