//go:build !race

package main

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/internal/store/storetest"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
	"redsteward/registry/fund/refund"
)

// refundStep is one step of the way of a refund.
type refundStep struct {
	by policy.Actor
	do refund.Step
}

// refundWay leads from the joint check to the payment.
func refundWay() []refundStep {
	officer := claimPerson("officer", "property_officer")
	return []refundStep{{claimPerson("committee", "owners_committee"), refund.StepCheck}, {claimPerson("firm", "firm_manager"), refund.StepCheck}, {claimPerson("community", "community_worker"), refund.StepCheck}, {officer, refund.StepCheck},
		{officer, refund.StepShow}, {officer, refund.StepSend}, {claimPerson("chief", "section_chief"), refund.StepSign}, {claimPerson("vice", "deputy_director"), refund.StepSign}, {claimPerson("cashier", "cashier"), refund.StepPay}}
}

// refundStep carries one step of a refund out, as step does for a claim.
func (p claimProcess) refundStep(t *testing.T, id string, s refundStep, n int) (store.Doc[refund.Refund], error) {
	t.Helper()
	before, err := p.refunds.One(t.Context(), s.by, id)
	if err != nil {
		return before, err
	}
	at := casework.At{ID: id, Seq: before.Seq, Idem: &store.Idem{Key: fmt.Sprint(id, n), Body: []byte(s.do)}}
	if s.do == refund.StepSign {
		return p.refunds.Sign(t.Context(), s.by, at, policy.Sign{Move: policy.MoveAgree, SubjectHash: before.State.Approval.SubjectHash}, "")
	}
	up := claimPhoto(t, p.claims.Keeper)
	defer up.Close() //nolint:errcheck // a temporary file of the test
	return p.refunds.Do(t.Context(), s.by, at, s.do, casework.Input{Day: p.refunds.Today(), Number: "演示1号", Text: "没有发现问题", Choice: "clean", Upload: up})
}

// refundDeaths are the lives of refunds: each is paid by processes that die one after the other at a write of the payment, of which there are two: the ledger's and the refund's own. What a death after a write
// leaves is, on a slow engine, left to the death before the next one.
func refundDeaths(afters []bool) [][]storetest.Dying {
	lives := [][]storetest.Dying{{{Left: 1}, {Left: 2}}}
	if len(afters) > 1 {
		lives = append(lives, []storetest.Dying{{Left: 1, After: true}}, []storetest.Dying{{Left: 2, After: true}})
	}
	return lives
}

// refundsSurvive pays refunds through all deaths, and then twice more: each is paid once, nothing is left, and the refund knows it. It returns the number of deaths.
func refundsSurvive(t *testing.T, engine store.Engine, now *time.Time, started func(store.Engine) claimProcess, afters ...bool) (deaths int) {
	t.Helper()
	officer, cashier := claimPerson("officer", "property_officer"), claimPerson("cashier", "cashier")
	for life, dying := range refundDeaths(afters) {
		project := fmt.Sprintf("back-%d", life)
		p := started(engine)
		p.deposit(t, project, officer, cashier, p.claims.Today().AddMonths(-12*8-1))
		doc, err := p.refunds.Open(t.Context(), officer, project, "d1", 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		way := refundWay()
		pay := len(way) - 1
		for n, s := range way[:pay] {
			if s.do == refund.StepSend {
				*now = now.AddDate(0, 0, 2) // the notice has hung its day
			}
			if _, err := p.refundStep(t, doc.ID, s, n); err != nil {
				t.Fatalf("%s %s: %v", project, s.do, err)
			}
		}
		for _, d := range dying {
			killer := &storetest.Dying{Engine: engine, Left: 1 << 20, After: d.After}
			dies := started(killer)
			killer.Left = d.Left
			if _, err := dies.refundStep(t, doc.ID, way[pay], pay); !errors.Is(err, storetest.ErrDead) {
				t.Errorf("%s: nobody died at write %d: %v", project, d.Left, err)
			}
			deaths++
		}
		p = started(engine)
		for range 2 {
			// What was done before the death is in the way of doing it again.
			if _, err := p.refundStep(t, doc.ID, way[pay], pay); err != nil && !fault.Is(err, fault.Conflict) {
				t.Fatalf("%s: %v", project, err)
			}
		}
		st, err := p.fund.Statement(t.Context(), officer, project)
		if err != nil {
			t.Fatal(err)
		}
		paid := 0
		for _, m := range st.Movements {
			if m.Kind == fund.EntryRefund {
				paid++
			}
		}
		end, err := p.refunds.One(t.Context(), officer, doc.ID)
		if err != nil || end.State.State != refund.Paid || paid != 1 || st.Ledger.Balances != (fund.Balances{}) {
			t.Errorf("%s after the death: %s, paid %d times, %+v, %v", project, end.State.State, paid, st.Ledger.Balances, err)
		}
	}
	return deaths
}
