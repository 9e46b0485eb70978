package registry

import (
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/policy/policytest"
)

// TestDivisionReach: where a community is reached is entered, replaced and taken out; who may not see contacts sees it masked, and nothing that reads divisions has it.
func TestDivisionReach(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	change := func(by policy.Actor, id string, seq int64, name string, r Reach, none bool) func() error {
		return func() error {
			return d.ChangeDivision(ctx, by, id, seq, DivisionInput{Name: name, Reach: r, Unreached: none})
		}
	}
	first, second := Reach{"王秋生", "13912345678"}, Reach{"李新来", "0792-5223344"}
	d.refused("an officer", fault.Forbidden, change(d.officer, east, 1, "城东居委会", first, false))
	d.refused("another township", fault.NotFound, change(person("administrator", "t:"+zhouxi), east, 1, "城东居委会", first, false))
	d.refused("fields", fault.Invalid, change(admin, east, 1, "城东居委会", Reach{"王*", "139"}, false), "contact 联系人里有 *", "contact_phone 联系电话有 3 位")
	d.refused("no phone", fault.Invalid, change(admin, east, 1, "城东居委会", Reach{Contact: "王秋生"}, false), "也要填联系电话")
	d.refused("both", fault.Invalid, change(admin, east, 1, "城东居委会", first, true), "unreached")
	d.refused("the county", fault.Invalid, change(admin, "360428000000", 1, "都昌县", first, false), "只有乡镇、社区（村）")
	d.refused("a new grid", fault.Invalid, func() error {
		return d.AddDivision(ctx, admin, east+"-01", east, DivisionInput{Name: "第一网格", Reach: first})
	}, "只有乡镇、社区（村）")
	d.must(change(admin, east, 1, "城东居委会", Reach{" 王秋生 ", "139 1234 5678"}, false)())
	reached := func(by policy.Actor) DivisionReach {
		t.Helper()
		out, err := d.Reaches(ctx, by, east, west, east)
		if err != nil || len(out) > 1 {
			t.Fatalf("%+v %v", out, err)
		}
		return out[east]
	}
	if got := reached(d.officer); got.Reach != first || !got.Whole {
		t.Errorf("an officer sees %+v", got)
	}
	if got := reached(admin); got.Whole || got.Phone != "139****5678" || strings.Contains(got.Contact, "秋生") {
		t.Errorf("who may not see contacts sees %+v", got)
	}
	if got := reached(person("community_secretary", policy.CommunityKey(west))); got != (DivisionReach{}) {
		t.Errorf("another community sees %+v", got)
	}
	all, err := d.Divisions(ctx, d.officer, DivisionQuery{})
	d.must(err)
	for _, row := range all {
		if row.Reach != (Reach{}) {
			t.Errorf("the tree has %+v", row.Reach)
		}
	}
	v, err := d.OneDivision(ctx, d.officer, east)
	if err != nil || v.Reach != (Reach{}) || strings.Join(v.Changes[0].Said, "") != "登记了联系人和电话" {
		t.Errorf("the page has %+v, says %q: %v", v.Reach, v.Changes[0].Said, err)
	}

	// What else is changed leaves it; the same again is nothing new.
	d.must(change(admin, east, 2, "城东居委会", Reach{}, false)())
	d.must(change(admin, east, 3, "城东居委会", first, false)())
	forget := func(days int) int { return policytest.Forget(t, d.db, d.on.Clock, days, d.OutlivedReaches) }
	if n := forget(-1); n != 0 || reached(d.officer).Reach != first {
		t.Errorf("%d purges of what stands", n)
	}
	// Who was replaced goes after the term, also out of the history; who stands stays.
	d.must(change(admin, east, 4, "城东居委会", second, false)())
	if n := forget(30); n != 0 {
		t.Errorf("%d purges before the term", n)
	}
	if n := forget(-1); n != 1 || reached(d.officer).Reach != second {
		t.Errorf("%d purges, %+v", n, reached(d.officer))
	}
	for c, err := range d.divisions.History(ctx, east) {
		d.must(err)
		if c.State.Reach.Phone == first.Phone {
			t.Errorf("change %d still says %+v", c.Seq, c.State.Reach)
		}
	}
	d.must(change(admin, east, 5, "城东居委会", Reach{}, true)())
	if n := forget(-1); n != 1 || reached(d.officer) != (DivisionReach{}) {
		t.Errorf("taken out: %d purges, %+v", n, reached(d.officer))
	}
	d.must(change(admin, east, 6, "城东居委会", first, false)())
	if reached(d.officer).Reach != first {
		t.Error("who came back is not there")
	}

	// With a community that was closed goes who was reached there.
	d.must(change(admin, west, 1, "东街居委会", second, false)())
	d.must(d.CloseDivision(ctx, admin, west, 2, today.Add(-1), nil, "区划调整"))
	if n := forget(10); n != 0 {
		t.Errorf("%d purges before the term after the closing", n)
	}
	if n := forget(-1); n != 1 {
		t.Errorf("%d purges after the closing", n)
	}
	d.must(d.ReopenDivision(ctx, admin, west, 3, "撤错了"))
	d.must(change(admin, west, 4, "东街居委会", first, false)())
	if out, err := d.Reaches(ctx, d.officer, west); err != nil || out[west].Reach != first {
		t.Errorf("after the reopening: %+v %v", out, err)
	}
}

// TestDivisionReachImport: a workbook without contacts leaves them, one with them replaces both; taking it back brings the earlier one back, or destroys what it brought.
func TestDivisionReachImport(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	row := func(n int64, code, name, parent string, r Reach) Line {
		return Line{Row: n, Division: &DivisionLine{Code: code, Name: name, Parent: parent, Reach: r}}
	}
	run := func(lines ...Line) imports.DryRun {
		t.Helper()
		got, err := d.DryImport(ctx, admin, fileOf(ImportDivisions, lines...))
		d.must(err)
		return got
	}
	first, second := Reach{"王秋生", "13912345678"}, Reach{"李新来", "0792-5223344"}
	d.must(d.ChangeDivision(ctx, admin, east, 1, DivisionInput{Name: "城东居委会", Reach: first}))
	for _, r := range []Reach{{}, first, {"王秋生 ", "139 1234 5678"}} {
		if got := run(row(2, east, "城东居委会", duchang, r)); got.Same != 1 {
			t.Errorf("%+v: %+v", r, got)
		}
	}
	if got := run(row(2, east+"-01", "第一网格", east, first), row(3, west, "东街居委会", duchang, Reach{Contact: "王秋生"})); got.Faulty != 2 || !strings.Contains(said(got.Faults), "只有乡镇") || !strings.Contains(said(got.Faults), "3 contact_phone") {
		t.Errorf("faults: %s", said(got.Faults))
	}
	const fresh = "360428100777"
	look := func(id string) Reach {
		t.Helper()
		out, err := d.Reaches(ctx, d.officer, id)
		d.must(err)
		return out[id].Reach
	}
	load := func() string {
		t.Helper()
		id, err := d.AcceptImport(ctx, admin, run(row(2, east, "城东居委会", duchang, second), row(3, fresh, "湖滨居委会", duchang, second)).Draft, false)
		d.must(err)
		_, err = d.RunImports(ctx)
		d.must(err)
		if look(east) != second || look(fresh) != second {
			t.Fatalf("imported: %+v %+v", look(east), look(fresh))
		}
		return id
	}
	d.reversed(admin, load())
	if look(east) != first {
		t.Errorf("taken back: %+v", look(east))
	}
	gone, err := d.db.Forgotten(ctx, store.Era(0).Subject(divisionKind, fresh))
	if err != nil || !gone {
		t.Errorf("who was entered with the withdrawn community is not forgotten: %v", err)
	}
	// The code is registered anew, with people of its own.
	load()
}
