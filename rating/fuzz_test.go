package rating

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"redsteward/internal/fault"
)

// FuzzParseScheme looks for a file that makes the reader panic or hang, and evaluates what it accepts.
func FuzzParseScheme(f *testing.F) {
	for _, pattern := range []string{"testdata/good/*.yaml", "testdata/bad/*.yaml"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseScheme(data)
		if err != nil {
			if len(ProblemsOf(err)) == 0 {
				t.Fatalf("refused without a reason: %v", err)
			}
			return
		}
		sub := s.NewSubject("a", "", 1)
		empty := Evaluate(s, nil, sub, nil)
		for i := range s.Facts {
			v := Number(hundred)
			for range s.Facts[i].itemIDs() {
				v.Items = append(v.Items, ItemValue{State: Present, Number: one})
			}
			v.Den, v.Day, v.Text = hundred, 5, "x"
			_ = sub.Set(s.Facts[i].ID, v)
		}
		full := Evaluate(s, nil, sub, nil)
		for _, r := range []Result{empty, full} {
			if _, err := ReadResult(r.Canonical()); err != nil {
				t.Fatalf("%v\n%s", err, r.Canonical())
			}
		}
	})
}

// FuzzReadTable looks for a table that makes the reader panic, or that is accepted without a row for each id.
func FuzzReadTable(f *testing.F) {
	s := readScheme(f, "testdata/good/county.yaml")
	small := mustParse(f, `
format: 1
id: small
version: "1"
title: t
proposal: true
engine: 1
table: {id: [a, b], na: [N/A]}
facts:
  - {id: x, name: x, type: number, min: 0}
  - {id: r, name: r, type: ratio}
  - {id: e, name: e, type: events, codes: [{id: G, name: g, months: 3}]}
indicators: [{id: i, name: i, max: 10, rule: {kind: linear, of: x, each: 1}}]
`)
	f.Add("a,b,x,r.num,r.den,e\n1,2,3,4,5,G|2026-01-01\n")
	f.Add("a,b,x,r.num,r.den,e\n1,2,\"1,164\",4,,G|2026-01-01|2025-01-01;H|x|y|z|w|v\n1,2,-,N/A,5,-\n")
	f.Add("\uFEFFa,b\n")
	f.Fuzz(func(t *testing.T, text string) {
		for _, scheme := range []*Scheme{small, s} {
			subjects, err := ReadTable(scheme, strings.NewReader(text), TableOptions{})
			if (err == nil) != (len(subjects) > 0) {
				t.Fatalf("%d subjects with error %v", len(subjects), err)
			}
			seen := map[string]bool{}
			for _, sub := range subjects {
				if seen[sub.ID] {
					t.Fatalf("id %q twice", sub.ID)
				}
				seen[sub.ID] = true
				frozen, err := scheme.ReadSubject(sub.Canonical())
				if err != nil || frozen.Hash() != sub.Hash() {
					t.Fatalf("%v\n%s", err, sub.Canonical())
				}
			}
		}
	})
}

// FuzzReadJoin: a second table gives each key one row of as many cells as it has headings, or is refused with its problems.
func FuzzReadJoin(f *testing.F) {
	for _, seed := range []string{"", "a,b\n1,2\n", "b,a\n1\n", "a,a\n1,1\n", "b,a\n1,2,3\n", "a\n\"", "\xef\xbb\xbfa\n1\n1\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		j, err := ReadJoin(strings.NewReader(text), "a")
		if err != nil {
			if len(ProblemsOf(err)) == 0 {
				t.Fatalf("refused without a reason: %v", err)
			}
			return
		}
		for key, row := range j.rows {
			if len(row) != len(j.header) {
				t.Fatalf("%q has %d cells under %d headings", key, len(row), len(j.header))
			}
		}
	})
}

// FuzzReadResult: a result that is taken is the canonical one of what it says.
func FuzzReadResult(f *testing.F) {
	s := readScheme(f, "testdata/good/county.yaml")
	r := Evaluate(s, nil, s.NewSubject("a", "", 1), nil)
	good := r.Canonical()
	for _, seed := range [][]byte{nil, []byte("{}"), good, good[:len(good)/2], append([]byte(" "), good...)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ReadResult(data)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || fault.MessageOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		if string(r.Canonical()) != string(data) {
			t.Fatalf("%s", r.Canonical())
		}
	})
}
