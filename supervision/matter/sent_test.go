package matter

import (
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/journal"
	"redsteward/supervision"
)

// TestBorne: an answer to an order of another platform goes into the register, and nothing of what was said; what nobody ordered does not.
func TestBorne(t *testing.T) {
	day, err := calendar.ParseDate("2026-10-19")
	if err != nil {
		t.Fatal(err)
	}
	at := journal.At(day.Begins())
	m := Matter{CategoryTitle: "电梯", Project: "p1", Keys: []string{"p:p1"}, Answer: &Answer{Words: "修好了", By: supervision.Hand{By: "handler", At: at}}}
	if of := m.borne(); len(of.Papers) != 0 {
		t.Errorf("a matter that no platform ordered sent %+v", of)
	}
	m.Order = &Order{System: Source(Platforms()[0].ID), Number: "GD001"}
	of := m.borne()
	if len(of.Papers) != 1 || of.Name != "电梯，GD001" || of.Project != "p1" {
		t.Fatalf("it sent %+v", of)
	}
	if p := of.Papers[0]; p.To != Platforms()[0].Text || p.Title != p.To+"工单答复" || p.Paper.Day != day || p.Paper.By != "handler" || p.Paper.Text != "" {
		t.Errorf("it sent %+v", p)
	}
	m.Answer = nil
	if of := m.borne(); len(of.Papers) != 0 {
		t.Errorf("before its answer it sent %+v", of)
	}
}
