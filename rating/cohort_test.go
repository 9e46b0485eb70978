package rating

import (
	"testing"

	"pgregory.net/rapid"

	"redsteward/internal/num"
)

// TestAroundCountsEveryone holds the counts that a percentile reads against counting one by one.
func TestAroundCountsEveryone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var values []num.Num
		for _, x := range rapid.SliceOfN(rapid.Int64Range(-4, 9), 1, 30).Draw(t, "values") {
			values = append(values, num.FromInt(x))
		}
		s, err := describe(values, true)
		if err != nil {
			t.Fatal(err)
		}
		x := num.FromFrac(rapid.Int64Range(-12, 24).Draw(t, "x"), 2)
		below, equal := 0, 0
		for _, v := range values {
			if v.Less(x) {
				below++
			} else if v.Equal(x) {
				equal++
			}
		}
		if gotBelow, gotEqual := s.around(x); gotBelow != below || gotEqual != equal {
			t.Fatalf("around %s of %v: %d below and %d equal, want %d and %d", x, values, gotBelow, gotEqual, below, equal)
		}
	})
}
