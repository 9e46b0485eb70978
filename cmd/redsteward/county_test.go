package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"redsteward/internal/calendar"
	"redsteward/rating"
	"redsteward/registry"
	"redsteward/supervision/inspection"
)

// The county has what the founding article counts, and nothing in it has two names.
func TestCountyPlan(t *testing.T) {
	p, err := planCounty(countySeed, wholeCounty())
	if err != nil {
		t.Fatal(err)
	}
	communities, forms, odd, names := map[string]int{}, map[registry.PartyForm]int{}, map[oddity]int{}, map[string]bool{}
	for _, pr := range p.projects {
		communities[pr.input.Community]++
		odd[pr.oddity]++
		names[pr.input.Name] = true
	}
	for _, f := range p.firms {
		forms[f.party.Form]++
	}
	if len(communities) != 13 || len(p.projects) != 129 || len(names) != 129 || len(p.grids) != 93 || len(p.firms) != 24 {
		t.Errorf("%d communities, %d projects with %d names, %d grids, %d firms", len(communities), len(p.projects), len(names), len(p.grids), len(p.firms))
	}
	if forms[registry.PartyOwn] != 8 || forms[registry.PartyInstructor] != 16 {
		t.Error(forms)
	}
	if odd[vetoed] != 1 || odd[noSurvey] == 0 || odd[newlyTaken] == 0 || odd[unfiled] == 0 {
		t.Error(odd)
	}
	inside, small := map[string]int64{}, 0
	for _, pr := range p.projects {
		for k, grid := range pr.input.Grids {
			inside[grid] += pr.inGrid(k)
		}
	}
	for _, g := range p.grids {
		if g.households < inside[g.id] {
			t.Errorf("grid %s counts %d households, its projects have %d", g.id, g.households, inside[g.id])
		}
		if (registry.GridFacts{Households: g.households}).SizeWarning() != "" {
			small++
		}
	}
	if len(inside) != 93 || small == 0 || small > 12 {
		t.Errorf("%d grids with projects, %d too small or too large", len(inside), small)
	}
	if q := p.size.quarters(); q != 7 || len(p.size.years()) != 1 || p.size.years()[0] != 2025 {
		t.Error(q, p.size.years())
	}
}

// The same seed gives the same county; every seed gives one in which every firm has a valid code and a project, and no number exceeds what it is a part of.
func TestCountyPlanOfAnySeed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := smallCounty()
		size.projects, size.firms = rapid.IntRange(6, 40).Draw(t, "projects"), rapid.IntRange(1, 6).Draw(t, "firms")
		seed := rapid.Uint64().Draw(t, "seed")
		p, err := planCounty(seed, size)
		if err != nil {
			t.Fatal(err)
		}
		again, err := planCounty(seed, size)
		if err != nil || !reflect.DeepEqual(p, again) {
			t.Fatalf("another county from the same seed: %v", err)
		}
		held := map[int]int{}
		for i := range p.projects {
			held[p.projects[i].firm]++
			n := rapid.IntRange(0, size.quarters()).Draw(t, "quarter")
			for _, s := range append(append(p.projectSays(i, n), p.proofSaid(i, n)...), p.onceSaid(i)...) {
				if len(s.cells) == 2 && (s.cells[1].Number.Less(s.cells[0].Number) || s.cells[0].Number.Sign() < 0) {
					t.Fatalf("%s of project %d in quarter %d: %s of %s", s.fact, i, n, s.cells[0].Number, s.cells[1].Number)
				}
			}
			if !reflect.DeepEqual(p.projectSays(i, n), again.projectSays(i, n)) {
				t.Fatal("other records from the same seed")
			}
		}
		for i, f := range p.firms {
			if code, err := registry.ParseUSCC(f.input.Code); err != nil || code.InnerWarning() != "" || held[i] == 0 {
				t.Fatalf("firm %d: %s %v, holds %d", i, f.input.Code, err, held[i])
			}
		}
	})
}

// smallCounty is a county that loads in a moment.
func smallCounty() countySize {
	s := wholeCounty()
	s.communities, s.projects, s.grids, s.firms, s.ownBranches = 2, 13, 4, 4, 2
	s.matters = 240
	return s
}

// loadedCounty loads a county and returns what came out and its folder.
func loadedCounty(t testing.TB, size countySize) (*countyResult, *countyPlan, string) {
	t.Helper()
	return loadedInto(t, size, filepath.Join(t.TempDir(), "data"))
}

// loadedInto is loadedCounty with a folder of the caller's.
func loadedInto(t testing.TB, size countySize, dir string) (*countyResult, *countyPlan, string) {
	t.Helper()
	plan, err := planCounty(countySeed, size)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	result, err := loadCounty(&program{ctx: t.Context(), out: &out, errOut: os.Stderr, now: time.Now}, plan, dir, &out)
	if err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	t.Log(result.seconds)
	return result, plan, dir
}

// stars are name, firm, total and grade of every project.
func stars(t *testing.T, r *countyResult) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, stored := range r.results {
		result, err := rating.ReadResult([]byte(stored.Result))
		if err != nil {
			t.Fatal(err)
		}
		out[stored.Name] = stored.Firm + " " + result.Total.Points.String() + " " + result.Grade
	}
	return out
}

// The order in which people who act at once come first does not matter: the same seed gives the same stars.
func TestSameSeedSameStars(t *testing.T) {
	tiny := smallCounty()
	tiny.communities, tiny.projects, tiny.firms, tiny.ownBranches, tiny.first = 1, 5, 2, 1, tiny.current.Add(-2)
	tiny.matters = 60
	one, _, _ := loadedCounty(t, tiny)
	two, _, _ := loadedCounty(t, tiny)
	if a, b := stars(t, one), stars(t, two); len(a) != 5 || !maps.Equal(a, b) {
		t.Errorf("other stars from the same seed:\n%v\n%v", a, b)
	}
}

// Answers stay inside what a sheet allows, and lose what the share says.
func TestVisitAnswers(t *testing.T) {
	sheets, err := loadSheets(nil)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := planCounty(countySeed, smallCounty())
	if err != nil {
		t.Fatal(err)
	}
	day := calendar.DateOf(mustTime(demoStart))
	for series, level := range map[string]string{serviceSeries: "二级", displaySeries: "二级"} {
		sheet, _, err := sheets.Pick(series, level, day)
		if err != nil {
			t.Fatal(err)
		}
		lost := 0
		for i := range plan.projects {
			for _, a := range plan.answers(&sheet, i, 2) {
				item, _, ok := sheet.Find(a.item)
				if !ok {
					t.Fatal(a.item)
				}
				allowed := false
				for _, v := range item.Values() {
					allowed = allowed || v == a.found.Value
				}
				if !allowed {
					t.Errorf("%s: %q", a.item, a.found.Value)
				}
				if a.found.Value == inspection.Fail || item.Scale > 0 && a.found.Value != inspection.Value("2") {
					lost++
				}
			}
		}
		if lost == 0 {
			t.Errorf("%s: nobody lost a point", series)
		}
	}
}
