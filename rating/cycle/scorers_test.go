package cycle

import (
	"fmt"
	"math"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/supervision/inspection"
)

// TestBunching counts what lies on either side of a cut, tests what is enough, and holds many tests against each other.
func TestBunching(t *testing.T) {
	cuts, window := []num.Num{num.FromInt(60), num.FromInt(84)}, num.FromInt(1)
	for text, want := range map[string]int{"60": 1, "60.99": 1, "61": 0, "59.99": -1, "59": -1, "58.99": 0, "84.5": 1, "83": -1, "82.99": 0} {
		if got := sideOf(mustNum(t, text), cuts, window); got != want {
			t.Errorf("%s lies on side %d, want %d", text, got, want)
		}
	}
	for _, c := range []struct {
		k, n int
		want float64
	}{{0, 10, 1}, {10, 10, 1.0 / 1024}, {9, 10, 11.0 / 1024}, {5, 9, 0.5}} {
		if got := atLeast(c.k, c.n); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%d of %d: %v, want %v", c.k, c.n, got, c.want)
		}
	}
	o := &Scorers{Least: 10, Level: 5, People: []Scorer{{Bunching: Bunching{Above: 11}}, {Bunching: Bunching{Above: 9, Below: 1}}, {Bunching: Bunching{Above: 9}}}, Teams: []Scorer{{Bunching: Bunching{Above: 5, Below: 5}}}}
	o.test()
	a, b, c, d := o.People[0].Bunching, o.People[1].Bunching, o.People[2].Bunching, o.Teams[0].Bunching
	if o.Tests != 3 || !a.Flagged || math.Abs(a.Adjusted-3.0/2048) > 1e-12 || !b.Flagged || math.Abs(b.Adjusted-2*11.0/1024) > 1e-12 || c.Tested || c.Flagged || !d.Tested || d.Flagged {
		t.Errorf("%+v", o)
	}
}

// TestScorers: who scored what is told to the supervisor only; too few are no number.
func TestScorers(t *testing.T) {
	d := newDesk(t, 4)
	for i := range 4 {
		id := fmt.Sprintf("p%04d", i+1)
		d.full(t, id, "2026-08-10", "visit_clean", "visit_order")
		for _, text := range []string{"visit_clean visit_clean_points=0 visit_clean_full=20", "visit_order visit_order_points=0 visit_order_full=20"} {
			d.tell(t, id, "2026-08-11", text)
		}
	}
	d.evaluated(t, "2026Q3")
	visit := func(id, project, again string, points int64, who ...string) inspection.Scoring {
		return inspection.Scoring{Visit: id, Project: project, Officers: who, Day: on(t, "2026-08-11"), Points: points, Full: 100, Again: again}
	}
	list := []inspection.Scoring{visit("v1", "p0001", "", 80, "b", "a"), visit("v2", "p0001", "v1", 90, "c", "d"), visit("v3", "p0002", "", 70, "a", "b"), visit("v4", "p0009", "", 70, "a")}
	d.seconds = fakeScorings{fakeSeconds{}, list}
	supervisor := person("chief", "section_chief")
	got := must[*Scorers](t)(d.Scorers(t.Context(), supervisor))
	if len(got.People) != 4 || len(got.Teams) != 2 || got.Tests != 0 || len(got.Quarters) != 1 {
		t.Fatalf("%+v", got)
	}
	if a := got.People[0]; a.Who[0] != "a" || a.Visits != 3 || a.Bunching.Above != 2 || a.Bunching.Tested || a.Overlaps != 1 || a.Gives != nil {
		t.Errorf("a: %+v", a)
	}
	if team := got.Teams[0]; fmt.Sprint(team.Who) != "[a b]" || team.Visits != 2 || team.Bunching.Above != 2 {
		t.Errorf("the team a and b, whoever leads: %+v", team)
	}
	d.rules.file.Scorers.Overlaps, d.rules.file.Scorers.Least = 1, 2
	got = must[*Scorers](t)(d.Scorers(t.Context(), supervisor))
	if a, c := got.People[0], got.People[2]; a.Gives == nil || c.Gives == nil || *a.Gives >= 0 || math.Abs(*a.Gives+*c.Gives) > 1e-9 || !a.Bunching.Tested || a.Bunching.Flagged {
		t.Errorf("enough: %+v, %+v", a, c)
	}
	for _, by := range []policy.Actor{officer, vice, boss, firmOne} {
		d.refused(t, fault.Forbidden, "", func() error { _, err := d.Scorers(t.Context(), by); return err })
	}
}
