package main

import (
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"redsteward/policy"
)

// BenchmarkTodoPages opens the to-do page of every role on the demonstration county (bar: p95 ≤ 20 ms, of the slowest role). Short runs take a small county.
func BenchmarkTodoPages(b *testing.B) {
	benchmarkPages(b, func(policy.Role, *service) []string { return []string{"/todo"} })
}

// BenchmarkCoachPages opens the page of the coach for each compound of the manager of a firm: the search for the least effort and what would lose the star, each from the register as it is now.
func BenchmarkCoachPages(b *testing.B) {
	benchmarkPages(b, func(login policy.Role, s *service) (paths []string) {
		if login != "firm-manager" {
			return nil
		}
		by, err := s.accounts.ActorOf(b.Context(), string(login))
		if err != nil {
			b.Fatal(err)
		}
		rows, _, err := s.cycle.Coaches(b.Context(), by, "", 0, 0)
		if err != nil || len(rows) == 0 {
			b.Fatalf("%d compounds, %v", len(rows), err)
		}
		for i := range rows {
			paths = append(paths, "/coach/"+rows[i].Project)
		}
		return paths
	})
}

// benchmarkPages opens some pages of every role on the demonstration county and tells the 95th percentile of the slowest page.
func benchmarkPages(b *testing.B, pages func(login policy.Role, s *service) []string) {
	size := wholeCounty()
	if testing.Short() {
		size = smallCounty()
	}
	result, _, dir := loadedCounty(b, size)
	settings, err := loadConfig("", nil, []string{"store.uri=" + dir, "business_clock=" + demoStart, "log.level=warn"})
	if err != nil {
		b.Fatal(err)
	}
	s, err := openService(&program{ctx: b.Context(), out: os.Stderr, errOut: os.Stderr, now: time.Now}, settings, false)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.close(); err != nil {
			b.Error(err)
		}
	})
	people := map[policy.Role]policy.Actor{}
	for _, row := range result.accounts {
		if people[policy.Role(row[0])], err = s.accounts.ActorOf(b.Context(), row[0]); err != nil {
			b.Fatal(err)
		}
	}
	address := servedFor(b, s, people)
	const asks = 40
	var worst time.Duration
	slowest := ""
	b.ResetTimer()
	for range b.N {
		for login := range people {
			for _, path := range pages(login, s) {
				times := make([]time.Duration, asks)
				for i := range times {
					begun := time.Now()
					if status, _ := askAs(b, login, address+path); status != http.StatusOK {
						b.Fatalf("%s at %s: %d", login, path, status)
					}
					times[i] = time.Since(begun)
				}
				slices.Sort(times)
				if p95 := times[asks*95/100]; p95 > worst {
					worst, slowest = p95, string(login)+" at "+path
				}
			}
		}
	}
	b.ReportMetric(float64(worst.Microseconds())/1000, "slowest-p95-ms")
	b.Logf("slowest: %s", slowest)
}
