//go:build !race

package main

import (
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redsteward/rating"
	"redsteward/rating/cycle"
)

// The whole county is loaded once (CI part demo): its stars are spread beside Nanchang's, firms rose and fell, some projects lack data or take no part, one is vetoed.
// It writes 40,000 records, so it is left out of short runs and of the race detector, which sees the small county.
func TestWholeCounty(t *testing.T) {
	if testing.Short() {
		t.Skip("loads a whole county")
	}
	dir := os.Getenv("REDSTEWARD_COUNTY") // where the check wants the county kept for the browser tests
	if dir == "" {
		dir = filepath.Join(t.TempDir(), "data")
	}
	result, plan, dir := loadedInto(t, wholeCounty(), dir)
	if os.Getenv("REDSTEWARD_COUNTY") != "" {
		keepAccounts(t, result, dir+".accounts")
	}
	var out strings.Builder
	if err := result.write(&out); err != nil {
		t.Fatal(err)
	}
	t.Log(out.String())
	counts, rated := map[string]int{}, 0
	for _, stored := range result.results {
		r, err := rating.ReadResult([]byte(stored.Result))
		if err != nil {
			t.Fatal(err)
		}
		counts[r.Grade]++
		if stored.Rank > 0 {
			rated++
		}
	}
	if len(result.results) != 129 || rated < 115 {
		t.Errorf("%d results, %d rated", len(result.results), rated)
	}
	for _, s := range starShares {
		if want := s.share * float64(rated); math.Abs(float64(counts[s.grade])-want) > 6 || counts[s.grade] == 0 {
			t.Errorf("%s: %d projects, Nanchang's share would be %.1f", s.grade, counts[s.grade], want)
		}
	}
	if counts["vetoed"] != 1 || counts["insufficient"] < 2 || counts["ineligible"] < 4 {
		t.Error(counts)
	}
	rose, fell := 0, 0
	for _, f := range plan.firms {
		switch {
		case f.trend > 1:
			rose++
		case f.trend < -1:
			fell++
		}
	}
	if rose == 0 || fell == 0 {
		t.Errorf("%d firms rise, %d fall", rose, fell)
	}
	s := countyService(t, dir)
	moved := movement(t, s, plan)
	for i, f := range plan.firms {
		if f.trend > 1 && moved[i] < 2 || f.trend < -1 && moved[i] > -2 {
			t.Errorf("%s: trend %.1f a quarter, moved %.1f points in a year", f.input.Name, f.trend, moved[i])
		}
	}
	if len(result.accounts) < 25 {
		t.Errorf("%d accounts printed", len(result.accounts))
	}
	registersOfCounty(t, s)
}

// countyService opens a loaded county.
func countyService(t *testing.T, dir string) *service {
	t.Helper()
	settings, err := loadConfig("", nil, []string{"store.uri=" + dir, "business_clock=" + demoStart, "log.level=warn"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := openService(&program{ctx: t.Context(), out: os.Stderr, errOut: os.Stderr, now: time.Now}, settings, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// keepAccounts writes down how to sign in.
func keepAccounts(t *testing.T, result *countyResult, name string) {
	t.Helper()
	var accounts strings.Builder
	if err := result.writeAccounts(&accounts); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(accounts.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// movement is by how many points the mean of each firm's ordinary projects moved from the first half of 2025 to that of 2026. A single quarter says little about a firm: one
// training more or less is five points.
func movement(t *testing.T, s *service, plan *countyPlan) map[int]float64 {
	t.Helper()
	totals := func(period string) map[string]float64 {
		published, err := s.cycle.Published(t.Context(), cycle.RhythmQuarter)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]float64{}
		for _, q := range published {
			if q.ID != period {
				continue
			}
			for stored, err := range s.archive.Results(t.Context(), q.Evaluation) {
				if err != nil {
					t.Fatal(err)
				}
				r, err := rating.ReadResult([]byte(stored.Result))
				if err != nil {
					t.Fatal(err)
				}
				out[stored.Name] = r.Total.Points.Float64()
			}
		}
		if len(out) != len(plan.projects) {
			t.Fatalf("%s has %d results", period, len(out))
		}
		return out
	}
	before := []map[string]float64{totals("2025Q1"), totals("2025Q2")}
	after := []map[string]float64{totals("2026Q1"), totals("2026Q2")}
	sum, n := map[int]float64{}, map[int]float64{}
	for i := range plan.projects {
		if pr := &plan.projects[i]; pr.oddity == ordinary {
			for k := range before {
				sum[pr.firm] += (after[k][pr.input.Name] - before[k][pr.input.Name]) / float64(len(before))
			}
			n[pr.firm]++
		}
	}
	for firm := range sum {
		sum[firm] /= n[firm]
	}
	return sum
}

// The order in which people who act at once come first does not matter: the same seed gives the same stars.
func TestSameSeedSameStars(t *testing.T) {
	tiny := smallCounty()
	tiny.communities, tiny.projects, tiny.firms, tiny.ownBranches, tiny.first = 1, 5, 2, 1, tiny.current.Add(-2)
	one, _, _ := loadedCounty(t, tiny)
	two, _, _ := loadedCounty(t, tiny)
	if a, b := stars(t, one), stars(t, two); len(a) != 5 || !maps.Equal(a, b) {
		t.Errorf("other stars from the same seed:\n%v\n%v", a, b)
	}
}
