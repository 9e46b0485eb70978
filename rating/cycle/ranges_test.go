package cycle

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/rating"
)

// TestRanges: an evaluation from the page leaves ranges beside it; they come out the same again, are internal and scoped, and an evaluation stands without them.
func TestRanges(t *testing.T) {
	d := newDesk(t, 4)
	for i := range 3 {
		d.full(t, fmt.Sprintf("p%04d", i+1), "2026-08-10", "visit_clean", "visit_order")
	}
	for i, points := range []int{18, 12} { // p0003 lacks both: the numbers of the others may stand in
		d.tell(t, fmt.Sprintf("p%04d", i+1), "2026-08-11", fmt.Sprintf("visit_clean visit_clean_points=%d visit_clean_full=20", points))
		d.tell(t, fmt.Sprintf("p%04d", i+1), "2026-08-11", fmt.Sprintf("visit_order visit_order_points=%d visit_order_full=20", points))
	}
	d.closed(t, "2026Q3")
	d.refused(t, fault.NotFound, "还没有算过", func() error { _, err := d.Ranges(t.Context(), officer, "2026Q3"); return err })
	d.refused(t, fault.Conflict, "还没有评价", func() error { _, err := d.MakeRanges(t.Context(), officer, "2026Q3"); return err })
	if err := d.StartEvaluation(t.Context(), officer, "2026Q3"); err != nil {
		t.Fatal(err)
	}
	at, err := d.Progress(t.Context(), officer, "2026Q3")
	if err != nil || at.Running() || at.Failure != "" || at.Ranges != "" || at.Evaluation == "" {
		t.Fatalf("progress %+v, %v", at, err)
	}
	v, err := d.Ranges(t.Context(), officer, "2026Q3")
	if err != nil {
		t.Fatal(err)
	}
	if v.Runs != 10_000 || v.EachRuns != 2000 || v.Seed != d.rules.file.Ranges.Seed || v.Count != 4 || v.Gaps == 0 || len(v.Rows) != 4 || v.Pages != 1 || len(v.Digest) != 64 {
		t.Errorf("ranges %+v with %d rows", v.Ranges, len(v.Rows))
	}
	rows := map[string]*RangedRow{}
	for i := range v.Rows {
		r := &v.Rows[i]
		rows[r.RangeRow.Project] = r
		sum := 0
		for _, n := range r.Grades {
			sum += n
		}
		if sum != v.Runs || len(r.Grades) != len(v.Ranges.Grades)+1 || len(r.Alone) != 3 {
			t.Errorf("%s: %d grades in %d runs, %+v", r.RangeRow.Project, sum, v.Runs, r.RangeRow)
		}
		if r.Total != nil && (Points(r.Low).Cmp(*r.Total) > 0 || Points(r.High).Less(*r.Total)) {
			t.Errorf("%s: %s lies outside of %d to %d", r.RangeRow.Project, r.Total, r.Low, r.High)
		}
	}
	if a, b := rows["p0001"], rows["p0002"]; a.Group != 1 || a.RankHigh >= b.RankLow || a.Alone[1].Low == a.Alone[1].High {
		t.Errorf("p0001 %+v is above p0002 %+v whatever is assumed, and who visited could be milder", a.RangeRow, b.RangeRow)
	}
	if c := rows["p0003"]; c.Moves() != ByMissing || c.Alone[2].High <= c.Alone[2].Low {
		t.Errorf("p0003 lacks two visits: %+v moves by %s", c.RangeRow, c.Moves().Title())
	}
	if at := slices.IndexFunc(v.Removals, func(r Removal) bool { return r.Indicator == "svc_clean" }); at < 0 || v.Removals[at].Project != "p0002" || v.Removals[at].Most <= 0 {
		t.Errorf("without the worst line p0002 rises most: %+v", v.Removals)
	}
	if same, err := d.RepeatRanges(t.Context(), officer, "2026Q3"); err != nil || !same {
		t.Errorf("repeated: %v, %v", same, err)
	}
	part, err := d.Ranges(t.Context(), person("town", "property_officer", policy.CommunityKey("360428100001")), "2026Q3")
	if err != nil || len(part.Rows) != 2 {
		t.Errorf("an officer of one community sees %d rows, %v", len(part.Rows), err)
	}
	d.refused(t, fault.Forbidden, "", func() error { _, err := d.Ranges(t.Context(), firmOne, "2026Q3"); return err })
	d.refused(t, fault.Conflict, "已经算好", func() error { _, err := d.MakeRanges(t.Context(), officer, "2026Q3"); return err })
	for by, want := range map[*policy.Actor]bool{&officer: true, &firmOne: false} {
		if one, err := d.RangeOf(t.Context(), *by, at.Evaluation, "p0001"); err != nil || (one != nil) != want {
			t.Errorf("%s sees the range: %v, %v", by.ID, one, err)
		}
	}
	d.rules.file.Ranges.Publish = "都建发〔2026〕12号"
	if one, err := d.RangeOf(t.Context(), policy.Actor{}, at.Evaluation, "p0001"); err != nil || one == nil || one.Row.Project != "p0001" {
		t.Errorf("adopted for the public: %v, %v", one, err)
	}
}

// rangesOfYear: the quarters of a year are tried along with it, which widens its ranges; what was tried without them comes out the same again and is called narrow.
func (d *desk) rangesOfYear(t *testing.T, evaluation string) {
	t.Helper()
	head := must[Ranges](t)(d.MakeRanges(t.Context(), officer, "2026"))
	v := must[*RangesView](t)(d.Ranges(t.Context(), officer, "2026"))
	if !head.Deep || head.Earlier != 6 || v.Shallow(v.Scheme) {
		t.Errorf("two projects have three quarters each: %+v", head)
	}
	if same, err := d.RepeatRanges(t.Context(), officer, "2026"); err != nil || !same {
		t.Errorf("repeated: %v, %v", same, err)
	}
	before := head
	before.Deep = false
	shallow, pages, err := d.tried(t.Context(), evaluation, before, func(int, int) error { return nil })
	if err != nil || !shallow.Shallow(v.Scheme) || shallow.Digest == head.Digest || shallow.Scorers != head.Scorers {
		t.Fatalf("without the quarters: %+v, %v", shallow, err)
	}
	for i, row := range pages[0].Rows {
		deep := v.Rows[i].RangeRow
		if row.Project != deep.Project || row.Rated > 0 && deep.High-deep.Low <= row.High-row.Low {
			t.Errorf("%s lies within %d to %d, without its quarters %d to %d", row.Project, deep.Low, deep.High, row.Low, row.High)
		}
	}
}

// TestRangeRules names every mistake of a ranges.yaml.
func TestRangeRules(t *testing.T) {
	good := string(shipped(t, "ranges.yaml"))
	for _, bad := range [][3]string{
		{"runs: 10000", "runs: 9999", "10000 至 100000"}, {"each_runs: 2000", "each_runs: 10", "1000 至"}, {"weights_percent: 10", "weights_percent: 60", "0 至 50"},
		{"severity_sources: [inspection]", "severity_sources: []", "severity_sources"}, {`publish: ""`, `publish: "是"`, "4 至 40"}, {`within: "0.5"`, `within: "半"`, "0 至 5"},
		{"quarter: ask", "quarter: maybe", "“maybe”"}, {`window: "1"`, `window: "0"`, "不能是零"}, {"{grade: star4,", "{grade: star5,", "写了两次"}, {"least: 10", "least: 2", "5 至 1000"},
	} {
		_, err := ParseRangeRules("ranges.yaml", []byte(strings.Replace(good, bad[0], bad[1], 1)))
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fmt.Sprint(fault.FieldsOf(err)), bad[2]) {
			t.Errorf("%s: %v, want %q", bad[1], fault.FieldsOf(err), bad[2])
		}
	}
}

// TestConcentrated: one star that holds too many, and a best star that more have than is usual, are told; a quarter has no stars.
func TestConcentrated(t *testing.T) {
	scheme := &rating.Scheme{}
	scheme.Grades.List = []rating.Grade{{ID: "star5", Label: "五星"}, {ID: "star4", Label: "四星"}, {ID: "void", Label: "一票否决", Special: true}}
	for _, tt := range []struct {
		rhythm        string
		counts        []int
		top           int64
		holds, best   string
		stars, graded int
	}{
		{RhythmYear, []int{10, 90, 50}, 10, "四星", "", 0, 100},
		{RhythmYear, []int{11, 89, 50}, 10, "四星", "五星", 11, 100},
		{RhythmYear, []int{30, 70, 0}, 0, "", "", 0, 100},
		{RhythmYear, []int{85, 15, 0}, 10, "五星", "五星", 85, 100},
		{RhythmQuarter, []int{85, 15, 0}, 10, "", "", 0, 0},
	} {
		v := &Preview{Period: Period{Rhythm: tt.rhythm}, Scheme: scheme}
		for i, n := range tt.counts {
			v.Spread = append(v.Spread, GradeCount{ID: scheme.Grades.List[i].ID, Label: scheme.Grades.List[i].Label, Count: n})
		}
		d := &Spreads{Concentration: 80, Top: tt.top}
		d.concentrated(v)
		if d.Holds != tt.holds || d.Best != tt.best || d.Stars != tt.stars || d.Rated != tt.graded {
			t.Errorf("%s %v: %+v", tt.rhythm, tt.counts, d)
		}
	}
}
