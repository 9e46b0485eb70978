package main

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/rating/cycle"
	"redsteward/registry"
	"redsteward/registry/party"
	"redsteward/supervision"
	"redsteward/supervision/evidence"
	"redsteward/supervision/inspection"
	"redsteward/supervision/wish"
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

// A small county goes through all services: seven quarters and a year, and on the desk of every role something waits. Everything stored can be recomputed.
func TestSmallCounty(t *testing.T) {
	result, plan, dir := loadedCounty(t, smallCounty())
	if result.period.ID != "2025" || len(result.results) != 13 || result.period.Publication.Number != "都建发〔2026〕12号" || result.period.Publication.Minutes == "" {
		t.Errorf("%+v", result.period)
	}
	settings, err := loadConfig("", nil, []string{"store.uri=" + dir, "business_clock=" + demoStart, "log.level=warn"})
	if err != nil {
		t.Fatal(err)
	}
	p := &program{ctx: t.Context(), out: os.Stderr, errOut: os.Stderr, now: time.Now}
	s, err := openService(p, settings, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	grades := map[string]string{}
	for _, stored := range result.results {
		r, err := rating.ReadResult([]byte(stored.Result))
		if err != nil {
			t.Fatal(err)
		}
		grades[stored.Name] = r.Grade
	}
	for i := range plan.projects {
		pr := &plan.projects[i]
		want := map[oddity]string{vetoed: "vetoed", noSurvey: "insufficient", newlyTaken: "ineligible", unfiled: "ineligible"}[pr.oddity]
		if got := grades[pr.input.Name]; want != "" && got != want || want == "" && (got == "vetoed" || got == "insufficient" || got == "ineligible") {
			t.Errorf("%s (%q) is %s", pr.input.Name, pr.oddity, got)
		}
	}
	if checked, err := s.archive.Verify(t.Context(), result.period.Evaluation); err != nil || checked.Results != 13 {
		t.Error(checked, err)
	}
	actor := func(login string) policy.Actor {
		t.Helper()
		a, err := s.accounts.ActorOf(t.Context(), login)
		if err != nil {
			t.Fatal(login, err)
		}
		return a
	}
	for _, row := range result.accounts {
		if in, err := s.accounts.SignIn(t.Context(), policy.Credentials{Login: row[0], Password: row[1]}); err != nil || in.Actor.MustChangePassword {
			t.Errorf("%s: %v", row[0], err)
		}
	}
	officer := actor("property-officer")
	for period, want := range map[string]cycle.State{"2025Q1": cycle.StatePublished, "2026Q2": cycle.StatePublished, "2026Q3": cycle.StateClosed, "2026Q4": cycle.StateOpen, "2025": cycle.StatePublished} {
		if got, err := s.cycle.Period(t.Context(), officer, period); err != nil || got.State != want {
			t.Errorf("%s is %s, want %s: %v", period, got.State, want, err)
		}
	}
	// Who visits the demonstration evaluates the third quarter: its slot lies before the first look of the job, which makes up for nothing.
	if ended, err := s.jobs.Tick(t.Context()); err != nil || ended != 0 {
		t.Errorf("the jobs of the demonstration ended %d slots at once: %v", ended, err)
	}
	if next := s.jobs.Next(cycle.QuarterEndJob, s.clocks.Business()); calendar.DateOf(next) != calendar.Year(2027).Span().First {
		t.Errorf("the next quarter is evaluated at %s", next)
	}
	if p, err := s.cycle.Period(t.Context(), officer, "2026Q3"); err != nil || p.State != cycle.StateClosed {
		t.Errorf("2026Q3 is %s after the first look of the job: %v", p.State, err)
	}
	waiting := map[string]func() (int, error){
		"records for the secretary": func() (int, error) {
			page, err := s.observations.Queue(t.Context(), actor("community-secretary"), "")
			return len(page.Docs), err
		},
		"returned records": func() (int, error) {
			page, err := s.observations.Returned(t.Context(), actor("community-worker"), "")
			return len(page.Docs), err
		},
		"party sheets for the industry's branch": func() (int, error) {
			list, err := s.party.Queue(t.Context(), actor("industry-secretary"), party.Passing)
			return len(list), err
		},
		"party sheets for the organisation department": func() (int, error) {
			list, err := s.party.Queue(t.Context(), actor("organisation"), party.Passing)
			return len(list), err
		},
		"records for the chief": func() (int, error) {
			page, err := s.observations.List(t.Context(), actor("section-chief"), supervision.ObservationFilter{State: supervision.ObservationRecorded}, "")
			return len(page.Docs), err
		},
		"proof for the community": func() (int, error) {
			page, err := s.proofs.Queue(t.Context(), actor("community-worker"), evidence.StageCommunity, "")
			return len(page.Docs), err
		},
		"flagged proof": func() (int, error) {
			page, err := s.proofs.Queue(t.Context(), officer, evidence.StageBureau, "")
			return len(page.Docs), err
		},
		"returned proof": func() (int, error) {
			page, err := s.proofs.List(t.Context(), officer, evidence.Filter{State: evidence.Returned}, "")
			return len(page.Docs), err
		},
		"visits for the inspector": func() (int, error) {
			page, err := s.visits.Mine(t.Context(), actor("inspector"), "")
			return len(page.Docs), err
		},
		"days of the guarantee fund": func() (int, error) {
			rows, err := s.fund.Soon(t.Context(), officer)
			return len(rows), err
		},
		"wishes that nobody has taken": func() (int, error) {
			list, err := s.wishes.List(t.Context(), actor("cobuilder"), wish.Filter{State: wish.Pooled})
			return len(list), err
		},
		"wishes of the unit itself": func() (int, error) {
			list, err := s.wishes.List(t.Context(), actor("cobuilder"), wish.Filter{Mine: true, Open: true})
			return len(list), err
		},
		"wishes on the public board": func() (int, error) {
			list, _, err := s.wishes.Board(t.Context(), "", "")
			return len(list), err
		},
		"signed sheets": func() (int, error) {
			page, err := s.visits.Queue(t.Context(), actor("property-officer-03"), "")
			return len(page.Docs), err
		},
	}
	for what, count := range waiting {
		if n, err := count(); err != nil || n == 0 {
			t.Errorf("%s: %d, %v", what, n, err)
		}
	}
	veto, err := s.observations.List(t.Context(), officer, supervision.ObservationFilter{Fact: "veto_decisions"}, "")
	if err != nil || len(veto.Docs) != 1 {
		t.Fatal(veto, err)
	}
	if o := veto.Docs[0].State; o.State != supervision.ObservationConfirmed || o.Recorded.By == o.Reviewed.By || o.Cells[0].Document == "" || o.Cells[0].Text == "" || o.Cells[0].Until.IsZero() {
		t.Errorf("%+v", o)
	}
	feedEveryFact(t, s, plan, actor)
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(dir), ".redsteward-loading-*")); err != nil || len(left) > 0 {
		t.Error(left, err)
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
