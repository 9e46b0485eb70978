package policy_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/policy/policytest"
)

// TestPrinters: each account has its own printers; a number beyond the paper is refused, and the one that is removed is not used any more.
func TestPrinters(t *testing.T) {
	ctx := t.Context()
	d := policytest.NewDesk(t, time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC))
	p, err := policy.NewPrintSettings(ctx, d.DB, policy.NewGuard(policytest.Rules(t), policy.TenureTable{}))
	if err != nil {
		t.Fatal(err)
	}
	clerk := policy.Actor{ID: "clerk", Appointments: []policy.Appointment{{Role: "office", Scopes: []string{policy.County}}}}
	other := policy.Actor{ID: "other", Appointments: clerk.Appointments}
	for _, in := range []policy.Printer{{Name: "", X: 1}, {Name: "一号", X: 301}, {Name: "一号", Y: -301}, {Name: "一\n号"}} {
		if err := p.Put(ctx, clerk, in); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", in, err)
		}
	}
	if err := p.Put(ctx, policy.Actor{}, policy.Printer{Name: "一号"}); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("who is not signed in: %v", err)
	}
	if n := d.Records(t); n != 0 {
		t.Errorf("refused calls wrote %d records", n)
	}
	for _, in := range []policy.Printer{{Name: "一号", X: 15, Y: -20}, {Name: "二号"}, {Name: "一号", X: 5, Y: 300}} {
		if err := p.Put(ctx, clerk, in); err != nil {
			t.Fatal(err)
		}
	}
	own, err := p.Own(ctx, clerk)
	if now, on := own.Current(); err != nil || !on || now != (policy.Printer{Name: "一号", X: 5, Y: 300}) || len(own.List) != 2 {
		t.Errorf("%+v %v", own, err)
	}
	if all, err := p.Own(ctx, other); err != nil || len(all.List) != 0 {
		t.Errorf("another account has %+v, %v", all, err)
	}
	if err := p.Choose(ctx, clerk, "三号"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a printer that is not there: %v", err)
	}
	if err := p.Remove(ctx, clerk, "一号"); err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile("testdata/printers.fields")
	if got := strings.Join(store.FieldNames[policy.Printers](), "\n") + "\n"; err != nil || got != string(golden) {
		t.Errorf("stored fields:\n%s%v", got, err)
	}
	if own, _ := p.Own(ctx, clerk); own.Use != "" || len(own.List) != 1 {
		t.Errorf("%+v", own)
	}
}
