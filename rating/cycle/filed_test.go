package cycle

import (
	"fmt"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/filing"
	"redsteward/registry/handover"
)

// lifeOf makes changes, one for each state, on days of their own; the nth is record n.
func lifeOf[T any](t *testing.T, days string, states ...T) []store.Change[T] {
	t.Helper()
	out := make([]store.Change[T], len(states))
	for i, day := range strings.Fields(days) {
		out[i].State, out[i].N, out[i].At, out[i].RecordID = states[i], int64(i+1), on(t, day).Begins().Add(9*3600e9), fmt.Sprint("r", i+1)
	}
	return out
}

// TestContractFiled: a filing is about the contract that begins nearest to the day on which it was signed; a renewal that is not filed counts against the firm once its period is over, and only if the firm filed here before.
func TestContractFiled(t *testing.T) {
	contract := func(from, until string) registry.Contract {
		k := registry.Contract{Firm: "f1", Days: policy.Span{From: on(t, from)}}
		if until != "" {
			k.Days.Until = on(t, until)
		}
		return k
	}
	first, second := contract("2024-01-01", "2026-12-31"), contract("2027-01-01", "2029-12-31")
	within := func(from calendar.Date) (calendar.Deadline, error) { return calendar.Deadline{Due: from.Add(15)}, nil }
	signed := func(day, registered string) filing.Filing {
		return filing.Filing{Project: "p1", Firm: "f1", State: filing.Registered, Happened: on(t, day), Filed: on(t, registered),
			Approval: &policy.Approval{Maker: "officer", Decisions: []policy.ApprovalDecision{{By: "vice", As: "deputy_director"}}}}
	}
	old, renewal := signed("2023-12-20", "2024-01-10"), signed("2026-12-10", "2027-02-20")
	for _, tt := range []struct {
		name, last string
		held       []registry.Contract
		filed      []filing.Filing
		want       string
	}{
		{"the contract that runs", "2026-12-31", []registry.Contract{first, second}, []filing.Filing{old}, "2024-01-10 1 r1"},
		{"renewed, within the period", "2027-01-16", []registry.Contract{first, second}, []filing.Filing{old}, "2024-01-10 1 r1"},
		{"renewed, the period is over", "2027-01-17", []registry.Contract{first, second}, []filing.Filing{old}, "2027-01-16 0 r1"},
		{"filed late", "2027-03-31", []registry.Contract{first, second}, []filing.Filing{old, renewal}, "2027-02-20 1 r2"},
		{"the next one alone", "2026-12-31", []registry.Contract{first, second}, []filing.Filing{renewal}, "nothing"},
		{"nothing before it was filed here", "2027-03-31", []registry.Contract{first, second}, []filing.Filing{renewal}, "2027-02-20 1 r1"},
		{"signed long before it began", "2026-12-31", []registry.Contract{first}, []filing.Filing{signed("2022-05-01", "2022-06-01")}, "2022-06-01 1 r1"},
		{"one phase of two", "2027-03-31", []registry.Contract{contract("2024-01-01", ""), contract("2025-01-01", "")}, []filing.Filing{old}, "2025-01-16 0 r1"},
		{"two phases at once", "2027-03-31", []registry.Contract{contract("2024-01-01", ""), contract("2024-01-01", "")}, []filing.Filing{old}, "2024-01-10 1 r1"},
		{"none runs", "2030-03-31", []registry.Contract{first, second}, []filing.Filing{old, renewal}, "nothing"},
	} {
		var days []string
		for _, f := range tt.filed {
			days = append(days, f.Filed.String())
		}
		last := on(t, tt.last)
		r, told, err := contractFiled(tt.held, lifeOf(t, strings.Join(days, " "), tt.filed...), last, endOf(calendar.Span{Last: last}, last.Add(90).Begins()), within)
		got := "nothing"
		if told {
			got = fmt.Sprintf("%s %s %s", r.Day, r.Cells[0].Number, r.Record)
		}
		if err != nil || got != tt.want || told && (r.ScoredBy != "officer" || r.ReviewedBy != "deputy_director/vice") {
			t.Errorf("%s: %s, want %s: %+v %v", tt.name, got, tt.want, r, err)
		}
	}
}

// TestHandoverActs: what is done counts, what is not only if it waits for nothing but the firm.
func TestHandoverActs(t *testing.T) {
	due := func(day string) calendar.Deadline { return calendar.Deadline{Rule: "r", Due: on(t, day)} }
	made := func(state handover.State, change func(*handover.Handover)) handover.Handover {
		h := handover.Handover{Project: "p1", Firm: "f1", State: state, Inspection: on(t, "2026-04-01"), Papers: due("2026-03-12"), Before: due("2026-05-17"), By: handover.Hand{By: "manager"},
			Documents: []handover.Document{{ID: "plan", Handed: true}, {ID: "owners", Promise: "交付前提供", Due: on(t, "2026-05-20")}}}
		if change != nil {
			change(&h)
		}
		return h
	}
	lacking := func(h *handover.Handover) { h.Documents[1] = handover.Document{ID: "owners"} }
	sides := func(list ...handover.Side) func(*handover.Handover) {
		return func(h *handover.Handover) {
			for _, s := range list {
				h.Signatures = append(h.Signatures, handover.Signature{Side: s})
			}
		}
	}
	agreed := func(h *handover.Handover) { h.Agreed = on(t, "2026-05-10") }
	moved := func(h *handover.Handover) {
		agreed(h)
		h.Transferred, h.Filing = on(t, "2026-05-20"), due("2026-06-19")
	}
	draft, ready, agree := made(handover.Draft, nil), made(handover.Ready, nil), made(handover.Agreeing, nil)
	paper := func(state filing.State) []store.Change[filing.Filing] {
		f := filing.Filing{Project: "p1", Firm: "f1", State: filing.Submitted, Happened: on(t, "2026-05-20")}
		f.Submitted.Time = on(t, "2026-06-01").Begins()
		last := f
		last.State = state
		return lifeOf(t, "2026-06-01 2026-06-02", f, last)
	}
	for _, tt := range []struct {
		name, days string
		states     []handover.Handover
		paper      filing.State
		on         string
		want       string
	}{
		{"nothing is due", "2026-03-02", []handover.Handover{made(handover.Draft, lacking)}, "", "2026-06-30", ""},
		{"the developer was late", "2026-03-20", []handover.Handover{draft}, "", "2026-06-30", ""},
		{"the firm lets it lie", "2026-03-10", []handover.Handover{draft}, "", "2026-06-30", "2026-04-01 0 r1"},
		{"before the day of the walk is over", "2026-03-10", []handover.Handover{draft}, "", "2026-04-01", ""},
		{"checked", "2026-03-10 2026-04-20", []handover.Handover{draft, ready}, "", "2026-06-30", "2026-04-20 1 r2"},
		{"as it was known before", "2026-03-10 2026-04-20", []handover.Handover{draft, ready}, "", "2026-04-19", "2026-04-01 0 r1"},
		{"the developer has not signed", "2026-03-10 2026-05-01", []handover.Handover{ready, made(handover.Agreeing, sides(handover.SideFirm))}, "", "2026-06-30", "2026-03-10 1 r1"},
		{"the firm does not sign", "2026-03-10 2026-05-01", []handover.Handover{ready, made(handover.Agreeing, sides(handover.SideDeveloper))}, "", "2026-06-30", "2026-03-10 1 r1, 2026-05-17 0 r2"},
		{"the developer signed late", "2026-03-10 2026-05-18", []handover.Handover{ready, made(handover.Agreeing, sides(handover.SideDeveloper))}, "", "2026-06-30", "2026-03-10 1 r1"},
		{"agreed", "2026-03-10 2026-05-01 2026-05-10", []handover.Handover{ready, agree, made(handover.Agreed, agreed)}, "", "2026-06-30", "2026-03-10 1 r1, 2026-05-10 1 r3"},
		{"the filing is due", "2026-03-10 2026-05-10 2026-05-20", []handover.Handover{ready, made(handover.Agreed, agreed), made(handover.Transferred, moved)}, "", "2026-06-19", "2026-03-10 1 r1, 2026-05-10 1 r2"},
		{"nothing was handed in", "2026-03-10 2026-05-10 2026-05-20", []handover.Handover{ready, made(handover.Agreed, agreed), made(handover.Transferred, moved)}, "", "2026-06-20", "2026-03-10 1 r1, 2026-05-10 1 r2, 2026-06-19 0 r3"},
		{"refused", "2026-03-10 2026-05-10 2026-05-20", []handover.Handover{ready, made(handover.Agreed, agreed), made(handover.Transferred, moved)}, filing.Refused, "2026-06-20", "2026-03-10 1 r1, 2026-05-10 1 r2, 2026-06-19 0 r3"},
		{"the bureau takes its time", "2026-03-10 2026-05-10 2026-05-20", []handover.Handover{ready, made(handover.Agreed, agreed), made(handover.Transferred, moved)}, filing.Approving, "2026-06-20", "2026-03-10 1 r1, 2026-05-10 1 r2, 2026-06-01 1 r1"},
		{"filed on paper", "2026-03-10 2026-05-10 2026-05-20 2026-06-10", []handover.Handover{ready, made(handover.Agreed, agreed), made(handover.Transferred, moved), made(handover.Filed, moved)}, "", "2026-06-30", "2026-03-10 1 r1, 2026-05-10 1 r2, 2026-06-10 1 r4"},
		{"given up", "2026-03-10 2026-04-20", []handover.Handover{ready, made(handover.Cancelled, nil)}, "", "2026-06-30", ""},
	} {
		last := on(t, tt.on)
		at := endOf(calendar.Span{Last: last}, last.Add(90).Begins())
		papers := handedIn{}
		if tt.paper != "" {
			papers.take(known(paper(tt.paper), at, 99))
		}
		var got []string
		for _, r := range acts(known(lifeOf(t, tt.days, tt.states...), at, 99), at, papers) {
			got = append(got, fmt.Sprintf("%s %s %s", r.Day, r.Cells[0].Number, r.Record))
			if r.Cells[1].Number.String() != "1" || r.Project != "p1" || r.Firm != "f1" || r.Accepted.After(at.Add(1)) {
				t.Errorf("%s: %+v", tt.name, r)
			}
		}
		if strings.Join(got, ", ") != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, strings.Join(got, ", "), tt.want)
		}
	}
	// Of two phases that were transferred on one day each needs a filing of its own, and what was learnt past a log number is not known.
	papers, at := handedIn{}, on(t, "2026-07-31").Begins()
	papers.take(paper(filing.Registered))
	phases := lifeOf(t, "2026-05-20", made(handover.Transferred, moved))
	if one, two := acts(phases, at, papers), acts(phases, at, papers); one[len(one)-1].Cells[0].Number.String() != "1" || two[len(two)-1].Cells[0].Number.String() != "0" {
		t.Errorf("%+v %+v", one, two)
	}
	if n := len(known(lifeOf(t, "2026-03-10 2026-04-20", draft, ready), at, 1)); n != 1 {
		t.Errorf("%d changes up to log number 1", n)
	}
}
