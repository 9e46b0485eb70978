package matter

import (
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/registry/registrytest"
)

// TestMerge: the same place and category is suggested, a merged matter is over and counts as weight, and nobody but its reporter and who knows reporters learns of it.
func TestMerge(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	first, second, other := d.report(d.grid, "fire_exit"), d.report(d.committee, "fire_exit"), d.report(d.grid, "cleaning")
	outside := d.did(d.Report(ctx, d.grid, Input{Category: "fire_exit", Community: east, Where: "街口通道", Words: "消防通道停了两辆车"}))
	same := registrytest.Must[[]store.Doc[Matter]](t)(d.Same(ctx, d.dispatcher, second.ID))
	if len(same) != 1 || same[0].ID != first.ID {
		t.Errorf("%d suggested", len(same))
	}
	d.Refused("a firm asks what is the same", fault.Forbidden, func() error { _, err := d.Same(ctx, d.manager, second.ID); return err })
	for name, into := range map[string]string{"itself": second.ID, "nothing": "", "no matter": "nowhere"} {
		d.Refused(name, fault.Invalid, func() error { _, err := d.Merge(ctx, d.dispatcher, at(second), into); return err }, "into")
	}
	d.Refused("by somebody else", fault.Forbidden, func() error { _, err := d.Merge(ctx, d.grid, at(second), first.ID); return err })
	merged := d.did(d.Merge(ctx, d.dispatcher, at(second), first.ID))
	if merged.State.State != Merged || merged.State.Into != first.ID || merged.State.Reported.By != "committee" || merged.State.Due.Rule != "" {
		t.Errorf("%+v", merged.State)
	}
	d.Refused("into one that is over", fault.Invalid, func() error { _, err := d.Merge(ctx, d.dispatcher, at(outside), second.ID); return err }, "已并入")
	d.did(d.Merge(ctx, d.dispatcher2, at(outside), first.ID))
	weights := registrytest.Must[map[string]int](t)(d.Weights(ctx, []string{first.ID, other.ID}))
	if weights[first.ID] != 3 || weights[other.ID] != 1 {
		t.Error(weights)
	}
	d.Refused("dispatched after that", fault.Conflict, func() error { _, err := d.Dispatch(ctx, d.dispatcher, at(merged), "fire"); return err })
	d.Refused("reopened after that", fault.Conflict, func() error { _, err := d.Reopen(ctx, d.committee, at(merged), "没有解决"); return err })
	d.Refused("the firm", fault.NotFound, func() error { _, err := d.One(ctx, d.manager, merged.ID); return err })
}

// TestUrge: a rung is proposed once the deadline is over and the next one five working days after it, each is confirmed by a person and once; a new deadline begins anew.
func TestUrge(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	m := d.working(d.worker, "cleaning", "housing", d.officer)
	waiting := d.report(d.grid, "fire_exit")
	ids := func() (out []string) {
		t.Helper()
		for _, m := range registrytest.Must[[]store.Doc[Matter]](t)(d.ToUrge(ctx, d.dispatcher)) {
			out = append(out, m.ID)
		}
		return out
	}
	d.Refused("nothing is late", fault.Conflict, func() error { _, err := d.Urge(ctx, d.dispatcher, at(m), RungUrge); return err })
	d.Forward("2026-10-26")
	if got := ids(); len(got) != 0 {
		t.Errorf("on its last day, and what the dispatcher himself has not dispatched: %v", got)
	}
	d.Forward("2026-10-27")
	if got := ids(); len(got) != 1 || got[0] != m.ID {
		t.Errorf("%v, waiting %s", got, waiting.ID)
	}
	d.Refused("the second rung first", fault.Conflict, func() error { _, err := d.Urge(ctx, d.dispatcher, at(m), RungSupervise); return err })
	d.Refused("by the department", fault.Forbidden, func() error { _, err := d.Urge(ctx, d.officer, at(m), RungUrge); return err })
	m = d.did(d.Urge(ctx, d.dispatcher, at(m), RungUrge))
	if got := ids(); len(got) != 0 || m.State.State != Working {
		t.Errorf("%v %+v", got, m.State)
	}
	d.Forward("2026-11-03")
	if got := ids(); len(got) != 0 {
		t.Errorf("five working days after 10-27: %v", got)
	}
	d.Forward("2026-11-04")
	m = d.did(d.Urge(ctx, d.dispatcher, at(m), RungSupervise))
	d.Forward("2026-12-01")
	if got := ids(); len(got) != 0 {
		t.Errorf("after both rungs: %v", got)
	}
	m = d.did(d.Answer(ctx, d.officer, at(m), good()))
	if d.Proposes(&m.State) != "" {
		t.Error("an answered matter is urged")
	}
}
