package cycle

import (
	"maps"
	"reflect"
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/rating"
)

// TestCompared: what stands in one of two periods only is new or gone, what has no total in one of them is not compared, and a year compares stars where a quarter compares totals.
func TestCompared(t *testing.T) {
	total := func(n int64) *num.Num { x := num.FromInt(n); return &x }
	row := func(id string, level int, points *num.Num, firm string) BoardRow {
		return BoardRow{PreviewRow: PreviewRow{Project: id, Total: points, Firm: firm, Grade: "g"}, level: level}
	}
	now := func() []BoardRow {
		return []BoardRow{row("more", 4, total(90), "甲"), row("lost", 3, total(85), "甲"), row("none", 0, nil, "甲"), row("new", 5, total(95), "甲"), row("firm", 2, total(70), "乙"), row("nostar", 0, total(55), "甲")}
	}
	before := []BoardRow{row("more", 4, total(85), "甲"), row("lost", 4, total(85), "甲"), row("none", 3, total(80), "甲"), row("gone", 1, total(61), "甲"), row("firm", 2, total(70), "甲"), row("nostar", 1, total(60), "甲")}
	for _, c := range []struct {
		name  string
		stars bool
		want  map[string]BoardMove
	}{
		{"quarter", false, map[string]BoardMove{"more": MovedUp, "lost": MovedNone, "none": MovedUnknown, "new": MovedNew, "firm": MovedNone, "nostar": MovedDown, "gone": MovedGone}},
		{"year", true, map[string]BoardMove{"more": MovedNone, "lost": MovedDown, "none": MovedUnknown, "new": MovedNew, "firm": MovedNone, "nostar": MovedDown, "gone": MovedGone}},
	} {
		got, firms := map[string]BoardMove{}, 0
		for _, r := range compared(c.stars, true, now(), before) {
			got[r.Project] = r.Move
			if r.WasFirm != "" {
				firms++
			}
			if both := r.Total != nil && r.Was != nil; both != (r.Change != nil) {
				t.Errorf("%s: %s has the change %v", c.name, r.Project, r.Change)
			}
			if r.Move == MovedGone && (r.Total != nil || r.Was == nil) {
				t.Errorf("%s: %+v is gone", c.name, r)
			}
		}
		if !maps.Equal(got, c.want) || firms != 1 {
			t.Errorf("%s: %v, %d with another firm", c.name, got, firms)
		}
	}
	if rows := compared(true, false, now(), nil); len(rows) != 6 || rows[0].Move != "" {
		t.Errorf("compared with nothing: %+v", rows[0])
	}
}

// boardsOfPreview looks at the boards of the desk of TestPreview: four compounds of one township, 2026Q2 published, 2026Q3 evaluated.
func boardsOfPreview(t *testing.T, d *desk) {
	t.Helper()
	ctx := t.Context()
	shown := must[*Boards](t)(d.Boards(ctx, officer, BoardAsk{}))
	if shown.Period == nil || shown.Period.ID != "2026Q2" || shown.Before != nil || len(shown.Trend) != 1 {
		t.Errorf("without a question: %+v", shown.Period)
	}
	b := must[*Boards](t)(d.Boards(ctx, officer, BoardAsk{Period: "2026Q3", Township: "都昌镇"}))
	moves, sum := map[string]BoardMove{}, 0
	for _, m := range BoardMoves() {
		those := b.Those(BoardFilter{Move: m})
		sum += len(those)
		for _, r := range those {
			moves[r.Project] = m
		}
	}
	if want := map[string]BoardMove{"p0001": MovedDown, "p0002": MovedNone, "p0003": MovedUnknown, "p0004": MovedUnknown}; !maps.Equal(moves, want) || sum != len(b.Rows) {
		t.Errorf("moves %v, %d of %d rows", moves, sum, len(b.Rows))
	}
	if b.Before.ID != "2026Q2" || len(b.Trend) != 1 || b.Trend[0].Period != b.Before.Name {
		t.Errorf("%+v, trend %+v", b.Before, b.Trend)
	}
	// A mean is that of the list behind it, of a part as of an indicator.
	for _, f := range []BoardFilter{{Part: "service"}, {Line: "img_complaints"}, {Rated: true}} {
		n, mean := Mean(b.Rows, b.Figure(&f))
		those := b.Those(f)
		again, same := Mean(those, b.Figure(&f))
		if n == 0 || n != len(those) || again != n || !mean.Equal(*same) {
			t.Errorf("%+v: %d and %v, the list has %d", f, n, mean, len(those))
		}
	}
	if again := must[*Boards](t)(d.Boards(ctx, officer, BoardAsk{Period: "2026Q3", Township: "都昌镇"})); !reflect.DeepEqual(again.Rows, b.Rows) {
		t.Error("asked again, the rows differ")
	}
	town := person("town", "township_party", policy.CommunityKey("360428100001"))
	own := must[*Boards](t)(d.Boards(ctx, town, BoardAsk{}))
	if len(own.Periods) != 1 || own.Period.ID != "2026Q2" || len(own.Rows) != 2 {
		t.Errorf("a township sees %d periods and %d rows", len(own.Periods), len(own.Rows))
	}
	for name, ask := range map[string]BoardAsk{"not published": {Period: "2026Q3"}, "none": {Period: "2031Q1"}, "elsewhere": {Township: "别的镇"}, "not earlier": {With: "2026Q2"}} {
		if _, err := d.Boards(ctx, town, ask); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := d.Boards(ctx, firmOne, BoardAsk{}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a firm looks at boards: %v", err)
	}
}

// TestTwoYears publishes two years and looks at the table of transitions between them: every compound stands in one cell, a cell is its list, and rows and columns add up to the spreads of the two years.
func TestTwoYears(t *testing.T) {
	d := newDesk(t, 4)
	ctx := t.Context()
	for _, year := range []struct {
		id, plan, submit, after, cutoff, evaluate string
		tell                                      func(day string)
	}{
		{"2025", "2026-01-12", "2026-01-15", "2026-01-16", "2026-01-20", "2026-01-21", func(day string) {
			d.full(t, "p0001", day)
			d.full(t, "p0002", day)
			d.full(t, "p0003", day, "matter_callbacks", "repair_callbacks")
		}},
		{"2026", "2027-01-12", "2027-01-15", "2027-01-16", "2027-01-20", "2027-01-21", func(day string) {
			d.full(t, "p0001", day)
			d.full(t, "p0002", day, "visit_clean", "visit_order", "visit_facility", "openness")
			for _, text := range []string{"visit_clean visit_clean_points=2 visit_clean_full=20", "visit_order visit_order_points=2 visit_order_full=20", "visit_facility visit_facility_points=2 visit_facility_full=20", "openness openness_shown=0 openness_due=8"} {
				d.tell(t, "p0002", day, text)
			}
			d.full(t, "p0004", day)
		}},
	} {
		for n, day := range []string{"-05-10", "-08-10", "-11-10"} {
			year.tell(year.id + day)
			d.published(t, year.id+"Q"+string(rune('2'+n)))
		}
		d.set(t, year.plan)
		must[Period](t)(d.Plan(ctx, officer, year.id, on(t, year.submit), on(t, year.cutoff)))
		must[Period](t)(d.Open(ctx, officer, year.id))
		d.set(t, year.after)
		must[Period](t)(d.Close(ctx, officer, year.id))
		d.set(t, year.evaluate)
		made := must[rating.Evaluation](t)(d.Evaluate(ctx, officer, year.id))
		d.approved(t, year.id, chief, vice, boss)
		must[Period](t)(d.Publish(ctx, chief, year.id, made.ID, "都建发〔"+year.plan[:4]+"〕12号"))
	}
	b := must[*Boards](t)(d.Boards(ctx, officer, BoardAsk{Period: "2026"}))
	if b.Before == nil || b.Before.ID != "2025" {
		t.Fatalf("2026 stands beside %+v", b.Before)
	}
	cells, sum := map[string]string{}, 0
	for _, was := range b.Grades() {
		row := 0
		for _, now := range b.Grades() {
			those := b.Those(BoardFilter{Was: was.ID, Grade: now.ID})
			for _, r := range those {
				cells[r.Project] = was.Label + "→" + now.Label + " " + string(r.Move)
			}
			row += len(those)
		}
		if all := len(b.Those(BoardFilter{Was: was.ID})); row != all {
			t.Errorf("%s: the row adds up to %d, the spread has %d", was.Label, row, all)
		}
		sum += row
	}
	if sum != len(b.Rows) || len(cells) != 4 {
		t.Errorf("%d in cells, %d compounds: %v", sum, len(b.Rows), cells)
	}
	if down := cells["p0002"]; !strings.HasPrefix(down, "五星→") || strings.HasPrefix(down, "五星→五星") || !strings.HasSuffix(down, " "+string(MovedDown)) {
		t.Errorf("who lost points stands in %s", down)
	}
	delete(cells, "p0002")
	want := map[string]string{"p0001": "五星→五星 " + string(MovedNone), "p0003": "五星→数据不足 " + string(MovedUnknown), "p0004": "不参评→五星 " + string(MovedUnknown)}
	if !maps.Equal(cells, want) {
		t.Errorf("%v", cells)
	}
}
