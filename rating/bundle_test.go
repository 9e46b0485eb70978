package rating

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

// publishedYear stores four quarters and a year that reads them, and returns the archive, the year's evaluation and its entries.
func publishedYear(t testing.TB) (*Archive, Evaluation, []Entry) {
	t.Helper()
	a, _ := openArchive(t, t.TempDir())
	y := storedYear{a, t}
	quarter, quarterFile := shipped(t, "../configs/schemes/five-goods-quarter.yaml")
	year, yearFile := shipped(t, "../configs/schemes/five-goods-year.yaml")
	quarters := map[string][]Entry{}
	const n = 6
	for i := range 4 {
		_, entries := y.rate(quarter, n-i, uint64(i+1), fmt.Sprintf("2027Q%d", i+1), noPast) // not every project has every quarter
		quarters[fmt.Sprintf("q%d", i+1)] = entries
		y.save(quarterFile, nil, entries)
	}
	_, entries := y.rate(year, n, 5, "2027", pastOf(quarters))
	for i := range entries {
		entries[i].Name, entries[i].Firm, entries[i].Community = fmt.Sprintf("演示小区%d", i), "演示物业", "演示社区"
	}
	made, err := a.Evaluation(t.Context(), y.save(yearFile, nil, entries))
	if err != nil {
		t.Fatal(err)
	}
	return a, made, entries
}

// smallQuarter and smallYear are schemes with one of everything that a bundle holds, so that every field can be tried.
const smallQuarter = `
format: 1
id: small
version: "1"
title: 小方案
proposal: true
engine: 1
rhythm: quarter
facts:
  - {id: a, name: 甲, type: number, min: 0, max: 10}
  - {id: b, name: 乙, type: ratio}
  - {id: e, name: 表彰, type: events, codes: [{id: P, name: 表彰, months: 12}]}
indicators:
  - {id: i_a, name: 甲, in: shut, max: 10, missing: block, rule: {kind: linear, of: a, each: 1}}
  - {id: i_b, name: 乙, in: wide, max: 10, missing: zero, rule: {kind: target, of: b, zero: 0, target: 1}}
parts:
  - {id: shut, name: 只公开合计, disclose: total}
  - {id: wide, name: 逐项公开}
adjust:
  - {id: prize, name: 表彰, kind: bonus, points: "1", events: {fact: e}, unknown: skip}
outputs:
  - {id: usable, name: 可用, value: "counted.i_a ? 1 : 0"}
grades:
  list: [{id: none, label: 数据不足, blocked: true}, {id: good, label: 好, at_least: 12}, {id: plain, label: 一般, otherwise: true}]
`

var smallYearScheme = strings.NewReplacer("rhythm: quarter", "rhythm: year", "indicators:", `history: [{id: q4, rhythm: quarter, back: 1, parts: [wide], outputs: [usable]}]
indicators:
  - {id: i_q, name: 季度, in: wide, max: 10, missing: exclude, rule: {kind: linear, of: history.q4.points.wide, each: 1}}`).Replace(smallQuarter)

// smallYear stores a quarter and a year by the small schemes.
func smallYear(t testing.TB) (*Archive, Evaluation) {
	t.Helper()
	a, _ := openArchive(t, t.TempDir())
	y := storedYear{a, t}
	_, quarter := y.rate(mustParse(t, smallQuarter), 5, 1, "2027Q4", noPast)
	y.save([]byte(smallQuarter), nil, quarter)
	_, entries := y.rate(mustParse(t, smallYearScheme), 5, 2, "2027", pastOf(map[string][]Entry{"q4": quarter}))
	for i := range entries {
		entries[i].Name = fmt.Sprintf("演示小区%d", i)
	}
	made, err := a.Evaluation(t.Context(), y.save([]byte(smallYearScheme), nil, entries))
	if err != nil {
		t.Fatal(err)
	}
	return a, made
}

// bundleOf makes one bundle; the record of the publication is stood in for by that of the evaluation.
func bundleOf(t testing.TB, a *Archive, made Evaluation, subject string, full bool) []byte {
	t.Helper()
	head, err := a.evaluations.Head(t.Context(), made.ID)
	if err != nil {
		t.Fatal(err)
	}
	p := &Publication{Period: made.Period, Number: "都建发〔2028〕3号", N: made.N, Hash: head.Hash}
	data, err := a.Bundle(t.Context(), BundleRequest{Evaluation: made.ID, Subject: subject, Publication: p, Full: full})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// checked verifies a bundle that can be read.
func checked(t testing.TB, data []byte, key string) *BundleReport {
	t.Helper()
	report, err := VerifyBundle(data, key)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// TestBundlesRecompute makes both forms of every star, twice the same, recomputes them without the archive, and looks for what the public form must not tell.
func TestBundlesRecompute(t *testing.T) {
	a, made, entries := publishedYear(t)
	s := entries[0].Subject.scheme
	for _, e := range entries {
		public, full := bundleOf(t, a, made, e.Subject.ID, false), bundleOf(t, a, made, e.Subject.ID, true)
		if !bytes.Equal(public, bundleOf(t, a, made, e.Subject.ID, false)) {
			t.Fatalf("%s: another file the second time", e.Subject.ID)
		}
		for _, data := range [][]byte{public, full} {
			report := checked(t, data, "")
			if !report.OK() || !report.OwnKey || len(report.Steps) < 8 {
				t.Fatalf("%s: %+v", e.Subject.ID, report.First)
			}
			if report.Result.Grade != e.Result.Grade || !report.Result.Total.Points.Equal(e.Result.Total.Points) || report.Sheet.Full.Result != e.Result.Hash() {
				t.Errorf("%s: another result", e.Subject.ID)
			}
		}
		if !bytes.Contains(full, []byte(`"org_cobuild"`)) {
			t.Error("the full form lacks a party line")
		}
		wantNothingKept(t, s, public)
	}
}

// wantNothingKept looks for what everybody may not see outside of the text of the scheme: ids of kept lines, parts and facts, who scored and who reviewed.
func wantNothingKept(t *testing.T, s *Scheme, public []byte) {
	t.Helper()
	var b map[string]json.RawMessage
	if err := json.Unmarshal(public, &b); err != nil {
		t.Fatal(err)
	}
	delete(b, "scheme")
	var words []string
	for node, kept := range s.program.open.nodes {
		if kept {
			words = append(words, s.program.id(node))
		}
	}
	for i, kept := range s.program.open.facts {
		if kept {
			words = append(words, s.Facts[i].ID)
		}
	}
	if len(words) < 15 || !slices.Contains(words, "org_cobuild") || !slices.Contains(words, "branch_attendance") || slices.Contains(words, "svc_clean") || slices.Contains(words, "organisation") || slices.Contains(words, "households") {
		t.Fatalf("kept are %v", words)
	}
	for member, text := range b {
		for _, word := range append(words, "reviewed", "salt") {
			if bytes.Contains(text, []byte(`"`+word+`"`)) {
				t.Errorf("%s tells %s", member, word)
			}
		}
		if member != "evaluation" && member != "history" && bytes.Contains(text, []byte(`"by"`)) {
			t.Errorf("%s tells who", member) // the record of an evaluation names the account that let it run, by its opaque id
		}
	}
}

// places lists the paths to every scalar of a JSON value.
func places(path string, v any) []string {
	var out []string
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			out = append(out, places(path+"\x00"+name, inner)...)
		}
	case []any:
		for i, inner := range v {
			out = append(out, places(fmt.Sprintf("%s\x00%d", path, i), inner)...)
		}
	default:
		out = append(out, path)
	}
	return out
}

// altered returns the bundle with one scalar changed by one bit.
func altered(t *testing.T, data []byte, path string) []byte {
	t.Helper()
	var root any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&root); err != nil {
		t.Fatal(err)
	}
	steps := strings.Split(strings.TrimPrefix(path, "\x00"), "\x00")
	at := root
	for i, step := range steps {
		set := func(v any) {}
		switch holder := at.(type) {
		case map[string]any:
			at, set = holder[step], func(v any) { holder[step] = v }
		case []any:
			var n int
			_, _ = fmt.Sscan(step, &n)
			at, set = holder[n], func(v any) { holder[n] = v }
		}
		if i < len(steps)-1 {
			continue
		}
		switch v := at.(type) {
		case string:
			b := []byte(v)
			if len(b) == 0 {
				b = []byte("x")
			}
			at := len(b) - 1
			for b[at] >= 0x80 && at > 0 { // a character of one byte, so that it stays a text
				at--
			}
			if b[at] >= 0x80 {
				b = append([]byte("a"), b...)
				at = 0
			}
			b[at] ^= 1
			set(string(b))
		case json.Number:
			n, _ := v.Int64()
			set(n ^ 1)
		case bool:
			set(!v)
		}
	}
	raw, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	out, err := journal.Canonical(raw)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestAnAlteredBundleIsNamed changes every field of both forms by one bit: each is found, and the place that is named is the changed one, what holds it, or the
// one that it was held against.
func TestAnAlteredBundleIsNamed(t *testing.T) {
	a, made := smallYear(t)
	for _, full := range []bool{false, true} {
		data := bundleOf(t, a, made, "p00", full)
		var root any
		if err := json.Unmarshal(data, &root); err != nil {
			t.Fatal(err)
		}
		all := places("", root)
		slices.Sort(all)
		if len(all) < 150 {
			t.Fatalf("only %d fields", len(all))
		}
		for _, changed := range all {
			report, err := VerifyBundle(altered(t, data, changed), "")
			top, _, _ := strings.Cut(strings.TrimPrefix(changed, "\x00"), "\x00")
			switch {
			case fault.Is(err, fault.Invalid):
				if !strings.Contains(fault.MessageOf(err), top) {
					t.Errorf("%q: refused without its name: %v", changed, fault.MessageOf(err))
				}
			case err != nil:
				t.Errorf("%q: %v", changed, err)
			case report.OK():
				t.Errorf("%q: not found", changed)
			default:
				named, _, _ := strings.Cut(report.First.Path, ".")
				named, _, _ = strings.Cut(named, "[")
				if !heldAgainst(top, named) {
					t.Errorf("%q: named as %s", changed, report.First.Path)
				}
			}
		}
	}
}

// heldAgainst reports whether a change below top may be told at named: what two members say of each other is told at one of them.
func heldAgainst(top, named string) bool {
	other := map[string][]string{"evaluation": {"scheme", "publication", "history", "result", "checkpoint"}, "publication": {"checkpoint"}, "history": {"result"}, "digests": {"digests"}, "key": {"checkpoint"}, "full": {"result"}, "result": {"full"}}
	if top == "digests" {
		return true // told at the member whose digest it is
	}
	return top == named || slices.Contains(other[top], named)
}

// TestForeignBundles: another key, an older checkpoint, a subject of another evaluation, a bundle that lost its end.
func TestForeignBundles(t *testing.T) {
	a, made, _ := publishedYear(t)
	older := bundleOf(t, a, made, "p00", false) // signs the first checkpoint
	_, file := shipped(t, "../configs/schemes/five-goods-year.yaml")
	y := storedYear{a, t}
	_, entries := y.rate(mustParse(t, string(file)), 3, 9, "2028", noPast)
	later, err := a.Evaluation(t.Context(), y.save(file, nil, entries))
	if err != nil {
		t.Fatal(err)
	}
	newer := bundleOf(t, a, later, "p01", false)
	_, otherKey, err := journal.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	if r := checked(t, older, otherKey); r.First.Path != "key" || r.First.Want == "" || r.OwnKey {
		t.Errorf("another key: %+v", r.First)
	}
	if r := checked(t, older, checked(t, newer, "").Bundle.Key); !r.OK() || r.OwnKey {
		t.Errorf("the right key: %+v", r.First)
	}
	swap := func(data []byte, change func(b *Bundle)) []byte {
		b, err := ReadBundle(data)
		if err != nil {
			t.Fatal(err)
		}
		change(b)
		signed, err := a.signBundle(t.Context(), b) // as somebody who holds the key
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	before, err := ReadBundle(older)
	if err != nil {
		t.Fatal(err)
	}
	if r := checked(t, swap(newer, func(b *Bundle) { b.Checkpoint = before.Checkpoint }), ""); r.First.Path != "checkpoint" || !strings.Contains(r.First.Why, "早") {
		t.Errorf("an older checkpoint: %+v", r.First)
	}
	if r := checked(t, swap(newer, func(b *Bundle) { b.Result = before.Result }), ""); r.OK() || !strings.HasPrefix(r.First.Path, "result") {
		t.Errorf("a subject of another evaluation: %+v", r.First)
	}
	if _, err := a.Bundle(t.Context(), BundleRequest{Evaluation: made.ID, Subject: "p09"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("no such subject: %v", err)
	}
	for _, bad := range [][]byte{nil, []byte("{}"), older[:len(older)/2], append([]byte(" "), older...), bytes.Replace(older, []byte(`"bundle":1`), []byte(`"bundle":2`), 1), make([]byte, MaxBundleBytes+1)} {
		if _, err := VerifyBundle(bad, ""); !fault.Is(err, fault.Invalid) || fault.MessageOf(err) == "" {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
}

// TestBundleOfATable: a scheme that compares subjects brings its statistics, one that belongs to no period no publication.
func TestBundleOfATable(t *testing.T) {
	a, _ := openArchive(t, t.TempDir())
	file, err := os.ReadFile("testdata/guarantees/mixed.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := mustParse(t, string(file))
	y := storedYear{a, t}
	cohort, entries := y.rate(s, 9, 3, "", noPast)
	if cohort == nil {
		t.Fatal("the scheme compares nobody")
	}
	made := y.save(file, cohort, entries)
	for _, e := range entries {
		data, err := a.Bundle(t.Context(), BundleRequest{Evaluation: made, Subject: e.Subject.ID})
		if err != nil {
			t.Fatal(err)
		}
		if r := checked(t, data, ""); !r.OK() || len(r.Bundle.Cohort) == 0 || r.Bundle.Publication != nil {
			t.Errorf("%s: %+v", e.Subject.ID, r.First)
		}
	}
}

// TestOpenResultsRecompute keeps back parts, indicators and facts of every scheme at random: from what is left the open result comes out again to the byte, and
// nothing that is kept stands in it.
func TestOpenResultsRecompute(t *testing.T) {
	var paths []string
	for _, pattern := range []string{"testdata/good/*.yaml", "testdata/guarantees/*.yaml", "../configs/schemes/five-goods-*.yaml"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatal(pattern, err)
		}
		paths = append(paths, found...)
	}
	given := 0
	for n, path := range paths {
		s, _ := shipped(t, path)
		rnd := rand.New(rand.NewPCG(7, uint64(n)))
		for range 12 {
			for i := range s.Parts {
				s.Parts[i].Disclose = []string{"", "", "total"}[rnd.IntN(3)]
			}
			for i := range s.Indicators {
				s.Indicators[i].Disclose = []string{"", "", "", "", "", "total"}[rnd.IntN(6)]
			}
			for i := range s.Facts {
				s.Facts[i].Visibility = []string{"public", "public", "public", "public", "internal"}[rnd.IntN(5)]
			}
			(&schemeChecker{s: s, p: s.program}).openness()
			given += len(s.program.open.given)
			d := newDrawer(s, rnd.Uint64())
			subjects := []Subject{d.subject("p1", 20), d.subject("p2", 20), d.subject("p3", 20)}
			cohort, err := NewCohort(s, slices.Values(subjects), nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, sub := range subjects {
				whole := Evaluate(s, cohort, sub, nil)
				facts := sub.openFacts()
				want := s.openResult(&whole, hashOf(facts.Canonical()))
				from := cohort
				if s.program.open.cohort {
					from = nil
				}
				got := evaluateOpen(s, from, facts, nil, want)
				if d, differs := firstDifference("", got.Canonical(), want.Canonical()); differs {
					t.Fatalf("%s: %+v", path, d)
				}
				for i, kept := range s.program.open.facts {
					if kept && bytes.Contains(append(got.Canonical(), facts.Canonical()...), []byte(`"`+s.Facts[i].ID+`":{`)) {
						t.Fatalf("%s: %s is told", path, s.Facts[i].ID)
					}
				}
			}
		}
	}
	if given < 100 {
		t.Errorf("only %d outcomes were given", given)
	}
}

// keptBundle is a bundle of the first version of the format: what was handed out once must verify for good.
func keptBundle(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/bundle.json")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestKeptBundle verifies it.
func TestKeptBundle(t *testing.T) {
	if r := checked(t, keptBundle(t), ""); !r.OK() || r.Bundle.Form != BundleFull || len(r.Bundle.History) != 1 || len(r.Sheet.Kept) != 1 {
		t.Errorf("%+v", r.First)
	}
}

// FuzzReadBundle: no input makes the reader or the verifier panic, and nothing is accepted without a checkpoint.
func FuzzReadBundle(f *testing.F) {
	f.Add(keptBundle(f))
	f.Add([]byte(`{"bundle":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		report, err := VerifyBundle(data, "")
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
			return
		}
		if report.OK() && report.Checkpoint == nil {
			t.Fatal("accepted without a checkpoint")
		}
	})
}
