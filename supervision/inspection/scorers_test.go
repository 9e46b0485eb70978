package inspection

import (
	"math"
	"slices"
	"testing"
)

// TestSeverities: who gives more is milder, by as much as shrinkage leaves; who never overlaps with the others is measured against his own group.
func TestSeverities(t *testing.T) {
	var list []Overlap
	for range 10 {
		list = append(list, Overlap{First: []string{"strict"}, Second: []string{"mild"}, Difference: 6})
	}
	list = append(list, Overlap{First: []string{"c", "d"}, Second: []string{"e", "f"}, Difference: -4})
	got := Severities(list, 5)
	// Two people: s(10+λ) of each against the other gives ±60/(20+λ); of the teams each of four takes ±4·½/(1+λ)…
	want := map[string]float64{"mild": 60.0 / 25, "strict": -60.0 / 25, "c": 2.0 / 6, "d": 2.0 / 6, "e": -2.0 / 6, "f": -2.0 / 6}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for _, s := range got {
		if math.Abs(s.Gives-want[s.Scorer]) > 1e-9 || s.Overlaps != map[bool]int{true: 10, false: 1}[s.Scorer == "mild" || s.Scorer == "strict"] {
			t.Errorf("%+v, want %v", s, want[s.Scorer])
		}
	}
	if !slices.IsSortedFunc(got, func(a, b Severity) int {
		if a.Scorer < b.Scorer {
			return -1
		}
		return 1
	}) {
		t.Errorf("not in the order of the accounts: %+v", got)
	}
	if more := Severities(list, 50); math.Abs(more[4].Gives) >= math.Abs(got[4].Gives) {
		t.Errorf("more shrinkage does not draw nearer to zero: %+v", more)
	}
	if Severities(nil, 5) != nil {
		t.Error("nobody has a severity")
	}
	scorings := []Scoring{{Visit: "v1", Officers: []string{"a"}, Points: 80, Full: 100}, {Visit: "v2", Officers: []string{"b"}, Points: 45, Full: 50, Again: "v1"}, {Visit: "v3", Officers: []string{"b"}, Points: 1, Full: 2, Again: "v9"}}
	if pairs := Overlaps(scorings); len(pairs) != 1 || math.Abs(pairs[0].Difference-10) > 1e-9 || pairs[0].First[0] != "a" {
		t.Errorf("%+v", pairs)
	}
}
