package cycle

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/supervision/inspection"
)

// fakeSeconds are second scorings by project.
type fakeSeconds map[string]inspection.Second

func (f fakeSeconds) Second(_ context.Context, project, firm string, _ calendar.Span) (inspection.Second, error) {
	if firm == "" {
		return inspection.Second{}, fault.New("fakeSeconds", fault.Internal, "没有企业")
	}
	one, ok := f[project]
	if !ok {
		one.State = inspection.SecondOpen
	}
	return one, nil
}

// TestNearGuard: what lies near a cut waits for a second scorer as far as the rules say, whose scores count although they come after the cut-off.
func TestNearGuard(t *testing.T) {
	d := newDesk(t, 3)
	seconds := fakeSeconds{}
	d.seconds = seconds
	d.full(t, "p0001", "2026-08-10")
	d.full(t, "p0002", "2026-08-10", "visit_clean", "visit_order") // 8 of 100 points less: 92
	for _, text := range []string{"visit_clean visit_clean_points=0 visit_clean_full=20", "visit_order visit_order_points=0 visit_order_full=20"} {
		d.tell(t, "p0002", "2026-08-11", text)
	}
	made := d.evaluated(t, "2026Q3")
	p := must[Period](t)(d.Period(t.Context(), officer, "2026Q3"))
	if !slices.Equal(p.Near, []string{"p0002"}) {
		t.Fatalf("near %v", p.Near)
	}
	asked := func() []inspection.Asked { return must[[]inspection.Asked](t)(d.SecondsAsked(t.Context())) }
	if a := asked(); len(a) != 1 || a[0].Period != "2026Q3" || a[0].Days != p.Days || !slices.Equal(a[0].Projects, p.Near) {
		t.Errorf("who is near: %+v", a)
	}
	v := must[*NearView](t)(d.Near(t.Context(), officer, "2026Q3"))
	if len(v.Rows) != 1 || v.Rows[0].Second.State != inspection.SecondOpen || !v.Asks() {
		t.Errorf("%+v", v)
	}
	open := func(by policy.Actor) int { return must[int](t)(d.OpenSeconds(t.Context(), by, &p, 20)) }
	if open(officer) != 1 || open(person("town", "property_officer", policy.CommunityKey("360428100001"))) != 0 {
		t.Error("the second scorings to plan")
	}
	d.refused(t, fault.Forbidden, "", func() error { _, err := d.Near(t.Context(), firmOne, "2026Q3"); return err })
	d.heard(t, "2026Q3")
	send := func() error { _, err := d.Send(t.Context(), officer, "2026Q3", made.ID); return err }
	d.rules.file.Near.Quarter = string(NearRequire)
	d.refused(t, fault.Conflict, "有 1 个临界的小区等第二人评分：演示小区2", send)
	scored := func() string {
		near, scored, err := d.NearScored(t.Context(), &p)
		return fmt.Sprint(near, scored, err)
	}
	if got := scored(); got != "1 0 <nil>" {
		t.Error(got)
	}
	seconds["p0002"] = inspection.Second{State: inspection.SecondPlanned}
	d.refused(t, fault.Conflict, "等第二人评分", send)
	seconds["p0002"] = inspection.Second{State: inspection.SecondDone, For: "2026Q3", Accepted: journal.At(d.Clock())}
	d.refused(t, fault.Conflict, "还没有重新评价", send)
	if got := scored(); got != "1 1 <nil>" {
		t.Error(got)
	}
	// The second scorer gave full marks after the cut-off: both count, for the period that asked.
	for i, text := range []string{"visit_clean visit_clean_points=20 visit_clean_full=20", "visit_order visit_order_points=20 visit_order_full=20"} {
		d.tellLate(t, "p0002", "2026-08-11", "2026-10-02", text)
		if list := d.sources["inspection"].list; i == 0 {
			list[len(list)-1].Asked = "2026Q3"
		}
	}
	d.Wait(time.Minute)
	made = must[rating.Evaluation](t)(d.Evaluate(t.Context(), officer, "2026Q3"))
	if r, _ := d.result(t, "2026Q3", "p0002"); r.Total.Shown != "94.00" {
		t.Errorf("p0002 has %s: what was asked for counts, what came late by itself does not", r.Total.Shown)
	}
	if p = must[Period](t)(d.Period(t.Context(), officer, "2026Q3")); len(p.Near) != 0 || len(asked()) != 0 {
		t.Errorf("near %v", p.Near)
	}
	d.heard(t, "2026Q3")
	if err := send(); err != nil {
		t.Fatal(err)
	}
}

func (fakeSeconds) EachScoring(context.Context, calendar.Span, func(inspection.Scoring) error) error {
	return nil
}

// fakeScorings are visits beside second scorings.
type fakeScorings struct {
	fakeSeconds
	list []inspection.Scoring
}

func (f fakeScorings) EachScoring(_ context.Context, span calendar.Span, yield func(inspection.Scoring) error) error {
	for _, one := range f.list {
		if !span.Has(one.Day) {
			continue
		}
		if err := yield(one); err != nil {
			return err
		}
	}
	return nil
}
