package matter

import (
	"slices"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
)

// TestReadings: only what was closed with the firm liable and the claim reasonable is held against it, each matter once, by its first closing; a compound whose matters say nothing against the firm has no complaint, once.
func TestReadings(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	read := func(first, last string) []string {
		t.Helper()
		var out []string
		if err := d.EachReading(ctx, calendar.Span{First: day(first), Last: day(last)}, d.Now(), 1<<40, func(r supervision.Reading) error {
			said := r.Fact
			for _, c := range r.Cells {
				if c.NA {
					said += " -"
				} else {
					said += " " + c.Number.String()
				}
			}
			if r.Project != d.project || r.Firm != d.firm || r.Record == "" || r.Hash == "" || r.N == 0 {
				t.Errorf("%+v", r)
			}
			out = append(out, said)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		slices.Sort(out)
		return out
	}
	// closed answers a matter and, if the sample draws it, verifies it.
	closed := func(category, department string, handler policy.Actor, liable, reasonable string) store.Doc[Matter] {
		t.Helper()
		in := good()
		in.Liable, in.Reasonable = liable, reasonable
		m := d.did(d.Answer(ctx, handler, at(d.working(d.grid, category, department, handler)), in))
		if m.State.State == Answered {
			m = d.did(d.Verify(ctx, d.grid2, at(m), CheckInput{Move: MoveFixed, Words: "看过了", Photos: []*files.Upload{d.Photo()}}))
		}
		return m
	}
	closed("fee", "housing", d.officer, "owner", "yes")
	closed("order", "housing", d.officer, "firm", "no")
	if got := read("2026-10-01", "2026-12-31"); !slices.Equal(got, []string{"answers - -", "complaints 0"}) {
		t.Errorf("nothing against the firm: %v", got)
	}
	hazard := closed("fire_exit", "fire", d.fire, "firm", "yes")
	d.take(d.line("J-1"))
	order := d.order()
	order = d.did(d.Dispatch(ctx, d.dispatcher, at(order), "housing"))
	order = d.did(d.Accept(ctx, d.officer, at(order)))
	order = d.did(d.Begin(ctx, d.officer, at(order)))
	d.did(d.Answer(ctx, d.officer, at(order), good()))
	result := d.line("J-1")
	result.Order.Outcome, result.Order.Done, result.Order.Words, result.Order.Satisfied = OutcomeFixed, day("2026-10-19"), "已清运", "no"
	d.take(result)
	// Whether one of the matters that say nothing is told beside those against the firm depends on the order of what was reported at one moment, and changes no sum.
	against := func() []string {
		return slices.DeleteFunc(read("2026-10-01", "2026-12-31"), func(said string) bool { return said == "complaints 0" || said == "answers - -" })
	}
	want := []string{"answers 1 1", "answers 1 1", "complaints 1", "complaints 1", "matter_callbacks 0 1"}
	if got := against(); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if got := read("2026-07-01", "2026-09-30"); len(got) != 0 {
		t.Errorf("another quarter: %v", got)
	}
	held := func(by policy.Actor, from string) int {
		t.Helper()
		list, err := d.Held(ctx, by, day(from))
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range list {
			if !doc.State.against() || doc.State.Project != d.project {
				t.Errorf("it is held against a firm: %+v", doc.State)
			}
		}
		return len(list)
	}
	if all, later := held(d.officer, "2026-10-01"), held(d.officer, "2026-12-01"); all != 2 || later != 0 {
		t.Errorf("%d matters are held against the firm, %d of them later", all, later)
	}
	// Reopening it changes nothing of what counted.
	d.did(d.Reopen(ctx, d.grid, at(hazard), "又被堵上了"))
	if all := held(d.officer, "2026-10-01"); all != 1 {
		t.Errorf("%d are held against the firm while one is open again", all)
	}
	if got := against(); !slices.Equal(got, want) {
		t.Errorf("after reopening %v", got)
	}
	// What is answered after its deadline was due and is not in time.
	late := d.working(d.grid, "fire_gear", "fire", d.fire)
	d.Forward("2026-10-28")
	late = d.did(d.Answer(ctx, d.fire, at(late), good()))
	d.did(d.Verify(ctx, d.grid2, at(late), CheckInput{Move: MoveFixed, Words: "看过了", Photos: []*files.Upload{d.Photo()}}))
	if got := against(); !slices.Equal(got, slices.Insert(slices.Insert(slices.Clone(want), 2, "complaints 1"), 0, "answers 0 1")) {
		t.Errorf("after a late answer %v", got)
	}
}
