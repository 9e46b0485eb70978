package returns

import (
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/journal"
	"redsteward/policy"
	"redsteward/supervision"
)

// TestBorne: each reported version of a return goes into the register with its addressee, a draft does not; that of a township is the township's.
func TestBorne(t *testing.T) {
	signed := func(day calendar.Date) Hands {
		return Hands{Signed: supervision.Hand{By: "director", At: journal.At(day.Begins())}}
	}
	first, err := calendar.ParseDate("2026-10-09")
	if err != nil {
		t.Fatal(err)
	}
	second := first.Add(11)
	r := Return{Title: "物业行业月报", Words: "2026年9月", Scope: "360428101", Place: "北山乡", To: "市住建局"}
	if of := r.borne(); len(of.Papers) != 0 {
		t.Errorf("a draft sent %+v", of)
	}
	r.Versions = []Version{{No: 1, Hands: signed(first), To: "市住建局"}, {No: 2, Hands: signed(second), To: "市住建局", Reason: "漏报一家"}}
	of := r.borne()
	if len(of.Papers) != 2 || len(of.Keys) != 1 || of.Keys[0] != policy.TownshipKey("360428101") || of.Name != r.Name() {
		t.Fatalf("it sent %+v", of)
	}
	if p := of.Papers[0]; p.Slot != "v1" || p.Title != "报表" || p.To != "市住建局" || p.Paper.Day != first || p.Paper.By != "director" {
		t.Errorf("first it sent %+v", p)
	}
	if p := of.Papers[1]; p.Slot != "v2" || p.Title != "报表（第 2 次报送，更正）" || p.Paper.Day != second {
		t.Errorf("then it sent %+v", p)
	}
	r.Scope = policy.County
	if of := r.borne(); of.Keys != nil {
		t.Errorf("that of the county has the keys %v", of.Keys)
	}
}
