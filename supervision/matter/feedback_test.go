package matter

import (
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/registrytest"
	"redsteward/supervision"
)

// TestFeedback: each township and department is told once of a period, what it was told does not change, and only who receives it signs.
func TestFeedback(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	hazard := d.working(d.grid, "fire_exit", "fire", d.fire)
	again := d.working(d.grid2, "fire_gear", "fire", d.fire)
	again = d.did(d.Answer(ctx, d.fire, at(again), good()))
	d.report(d.grid, "lamp")
	d.Refused("a month that still runs", fault.Invalid, func() error { return d.MakeFeedback(ctx, d.dispatcher, MonthOf(d.Today())) }, "还没有过完")
	d.Refused("a department", fault.Forbidden, func() error { return d.MakeFeedback(ctx, d.fire, MonthOf(day("2026-09-01"))) })
	d.Forward("2026-11-03")
	again = d.did(d.Verify(ctx, d.grid, at(again), CheckInput{Move: MoveUnfixed, Words: "没有换", Photos: []*files.Upload{d.Photo()}}))
	d.did(d.Reopen(ctx, d.grid2, at(again), "还是压力不足"))
	for range 2 {
		if err := d.MakeFeedbackDue(ctx); err != nil {
			t.Fatal(err)
		}
	}
	list := func(by policy.Actor, open bool) []store.Doc[Feedback] {
		t.Helper()
		return registrytest.Must[store.Page[Feedback]](t)(d.Feedbacks(ctx, by, open, "")).Docs
	}
	// The township, and the fire brigade; no other department had anything, and October ends no quarter.
	if all := list(d.officer, false); len(all) != 2 {
		t.Fatalf("%d feedbacks", len(all))
	}
	if none := list(d.urban, false); len(none) != 0 {
		t.Errorf("another department sees %+v", none)
	}
	mine := list(d.fire, true)
	if len(mine) != 1 {
		t.Fatalf("the brigade has %d to sign", len(mine))
	}
	f := mine[0].State
	if f.Receiver != "县消防救援大队" || f.Total.Reported != 2 || f.LateN != 1 || f.AgainN != 1 || f.OpenN != 0 || f.Late[0].ID != hazard.ID || f.Again[0].ID != again.ID || len(f.Kinds) != 1 || f.Kinds[0].Name != "公共安全隐患" || len(f.Asks()) != 3 {
		t.Errorf("%+v", f)
	}
	town := list(d.dispatcher, true)
	if len(town) != 1 || town[0].State.Total.Reported != 3 || town[0].State.LateN != 2 {
		t.Errorf("%+v", town)
	}
	where := supervision.At{ID: mine[0].ID, Seq: mine[0].Seq}
	if _, _, err := d.Feedback(ctx, d.urban, where.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("another department opens it: %v", err)
	}
	d.Refused("the bureau signs for the brigade", fault.Forbidden, func() error { _, err := d.SignFeedback(ctx, d.officer, where); return err }, "县消防救援大队")
	d.Refused("the firm", fault.Forbidden, func() error { _, err := d.SignFeedback(ctx, d.manager, where); return err })
	// What happens later changes nothing of it.
	d.did(d.Answer(ctx, d.fire, at(hazard), good()))
	if err := d.MakeFeedback(ctx, registrytest.Person("head", "dispatcher", policy.County), registrytest.Must[Period](t)(ParsePeriod("2026-10"))); err != nil {
		t.Fatal(err)
	}
	now, may, err := d.Feedback(ctx, d.fire2, where.ID)
	if err != nil || !may || now.Seq != 1 || now.State.LateN != 1 || now.State.Total != f.Total {
		t.Errorf("%+v %v %v", now.State, may, err)
	}
	registrytest.Must[store.Doc[Feedback]](t)(d.SignFeedback(ctx, d.fire2, where))
	d.Refused("twice", fault.Conflict, func() error { _, err := d.SignFeedback(ctx, d.fire, where); return err }, "已经签收")
	if left := list(d.fire, true); len(left) != 0 {
		t.Errorf("still to sign: %+v", left)
	}
	if p := registrytest.Must[Period](t)(ParsePeriod("2026Q1")).before(); p.String() != "2025Q4" {
		t.Error(p)
	}
}
