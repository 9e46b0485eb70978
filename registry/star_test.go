package registry

import (
	"testing"

	"redsteward/policy"
)

// TestServed is the table of how long the star of a firm stands that held a project on the last day of 2025.
func TestServed(t *testing.T) {
	type contract struct{ firm, from, until, phase, ended string }
	for _, tt := range []struct {
		name      string
		contracts []contract
		last      string
		ended     bool
		held      bool
	}{
		{"nobody", nil, "", false, false},
		{"another firm", []contract{{firm: "g", from: "2025-01-01"}}, "", false, false},
		{"only before", []contract{{firm: "f", from: "2024-01-01", until: "2025-12-30"}}, "", false, false},
		{"without end", []contract{{firm: "f", from: "2025-01-01"}}, "", false, true},
		{"until a day", []contract{{firm: "f", from: "2025-01-01", until: "2026-06-30"}}, "2026-06-30", false, true},
		{"until the last day of the year", []contract{{firm: "f", from: "2025-01-01", until: "2025-12-31"}}, "2025-12-31", false, true},
		{"ended early", []contract{{firm: "f", from: "2025-01-01", until: "2026-03-31", ended: "弃管"}}, "2026-03-31", true, true},
		{"renewed without a day between", []contract{{firm: "f", from: "2025-01-01", until: "2026-06-30"}, {firm: "f", from: "2026-07-01", until: "2027-06-30"}}, "2027-06-30", false, true},
		{"renewed without end", []contract{{firm: "f", from: "2025-01-01", until: "2026-06-30"}, {firm: "f", from: "2026-07-01"}}, "", false, true},
		{"renewed a day late", []contract{{firm: "f", from: "2025-01-01", until: "2026-06-30"}, {firm: "f", from: "2026-07-02"}}, "2026-06-30", false, true},
		{"another firm follows", []contract{{firm: "f", from: "2025-01-01", until: "2026-06-30"}, {firm: "g", from: "2026-07-01"}}, "2026-06-30", false, true},
		{"came back later", []contract{{firm: "f", from: "2025-01-01", until: "2026-06-30"}, {firm: "g", from: "2026-07-01", until: "2026-08-31"}, {firm: "f", from: "2026-09-01"}}, "2026-06-30", false, true},
		{"of one phase", []contract{{firm: "f", from: "2025-01-01", until: "2026-06-30", phase: "ph1"}, {firm: "f", from: "2026-07-01", phase: "ph2"}}, "2026-06-30", false, true},
		{"a phase goes on with the whole", []contract{{firm: "f", from: "2025-01-01", until: "2026-06-30", phase: "ph1"}, {firm: "f", from: "2026-07-01"}}, "", false, true},
	} {
		var p Project
		for _, c := range tt.contracts {
			days := policy.Span{From: day(t, c.from)}
			if c.until != "" {
				days.Until = day(t, c.until)
			}
			p.Contracts = append(p.Contracts, Contract{Firm: c.firm, Days: days, Phase: c.phase, Ended: c.ended})
		}
		last, ended, held := p.served("f", day(t, "2025-12-31"))
		if got := map[bool]string{true: "", false: last.String()}[last.IsZero()]; got != tt.last || ended != tt.ended || held != tt.held {
			t.Errorf("%s: until %q, ended early %v, held %v", tt.name, got, ended, held)
		}
	}
}
