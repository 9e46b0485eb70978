package handover

import (
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// TestSupply: a document that was promised is owed until the firm received it, also after the agreement, whose digest stays what both signed.
func TestSupply(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	early := d.rechecked(t)
	d.refuses(t, []refusal{{"before the agreement", d.doing(early, func(at At) (store.Doc[Handover], error) {
		return d.Supply(ctx, keeper, at, []string{"owners"}, d.today())
	}), fault.Conflict, "不能登记补交的资料"}})
	d = newDesk(t)
	id := d.after(t)
	supply := func(by policy.Actor, on int, documents ...string) func(At) (store.Doc[Handover], error) {
		return func(at At) (store.Doc[Handover], error) { return d.Supply(ctx, by, at, documents, d.today().Add(on)) }
	}
	w, err := d.One(ctx, keeper, id)
	if err != nil {
		t.Fatal(err)
	}
	if owed := w.Doc.State.Owed(); len(owed) != 1 || owed[0].ID != "owners" || w.Doc.State.OwedBy() != day("2026-05-20") {
		t.Fatalf("owed: %+v", owed)
	}
	d.refuses(t, []refusal{
		{"nothing", d.doing(id, supply(keeper, 0)), fault.Invalid, "supplied 请勾选收到的资料"},
		{"tomorrow", d.doing(id, supply(keeper, 1, "owners")), fault.Invalid, "received 收到日期要在签协议的"},
		{"before the agreement", d.doing(id, supply(keeper, -400, "owners")), fault.Invalid, "received 收到日期要在签协议的"},
		{"not owed", d.doing(id, supply(keeper, 0, "site_plan")), fault.Invalid, "“site_plan”不是承诺补交、还没有收到的资料"},
		{"unknown", d.doing(id, supply(keeper, 0, "poem")), fault.Invalid, "“poem”不是承诺补交"},
		{"by the developer", d.doing(id, supply(builder, 0, "owners")), fault.Forbidden, ""},
		{"elsewhere", d.doing(id, supply(stranger, 0, "owners")), fault.NotFound, ""},
	})
	before := w.Digest()
	h := d.step(t, id, supply(keeper, 0, "owners"))
	if h.Supplied("owners") != d.today() || len(h.Owed()) != 0 || !h.OwedBy().IsZero() {
		t.Errorf("%+v", h.Supplies)
	}
	if w, err = d.One(ctx, keeper, id); err != nil || w.Digest() != before || !w.Signed(SideFirm) {
		t.Errorf("the agreement changed with what came after it: %v", err)
	}
	d.refuses(t, []refusal{{"twice", d.doing(id, supply(keeper, 0, "owners")), fault.Invalid, "不是承诺补交、还没有收到的资料"}})
}
