package store

import (
	"testing"

	"redsteward/internal/fault"
)

// FuzzPlace: a place in a list comes back from an address; whatever stands there is a place of that list, or refused.
func FuzzPlace(f *testing.F) {
	f.Add(cursor{Index: "day", Sort: "2026-10-19", Stream: "ab/note/x"}.text())
	f.Add(cursor{Index: "day", Desc: true, Sort: "\U0010FFFF"}.text())
	f.Add("bnVsbA")
	f.Add("e30x")
	f.Fuzz(func(t *testing.T, after string) {
		for _, desc := range []bool{false, true} {
			place, err := Query{Index: "day", Desc: desc, After: after}.place()
			if err != nil {
				if !fault.Is(err, fault.Invalid) {
					t.Fatal(err)
				}
				continue
			}
			if after == "" {
				continue
			}
			again, err := Query{Index: "day", Desc: desc, After: cursor{"day", desc, place.Sort, place.Stream}.text()}.place()
			if err != nil || *again != *place {
				t.Fatalf("%+v, again %+v %v", place, again, err)
			}
		}
	})
}
