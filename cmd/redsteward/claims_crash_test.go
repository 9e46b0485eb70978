//go:build !race

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/internal/store/mongo"
	"redsteward/internal/store/mongo/mongotest"
	"redsteward/internal/store/sqlite"
	"redsteward/internal/store/storetest"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
	"redsteward/registry/fund/claim"
	"redsteward/registry/fund/refund"
)

// claimProcess is a process that runs claims and refunds over an engine; every project is in its register, every password right, and every period one day.
type claimProcess struct {
	db      *store.DB
	fund    *fund.Service
	claims  *claim.Service
	refunds *refund.Service
	now     *time.Time
}

func (claimProcess) Place(_ context.Context, project string, _ calendar.Date) (registry.Place, error) {
	return registry.Place{Project: project, Name: project, Community: "c1", Township: "t1", Developer: "dev1"}, nil
}
func (claimProcess) Built(context.Context, string) (registry.Project, error) {
	return registry.Project{}, nil
}
func (claimProcess) DeveloperName(context.Context, string) (string, error) {
	return "建设单位（演示）", nil
}
func (claimProcess) Reauthenticate(context.Context, policy.Actor, string) error { return nil }
func (claimProcess) Person(context.Context, string) (policy.Actor, error)       { return policy.Actor{}, nil }
func (claimProcess) Defect(context.Context, policy.Actor, string, string) (fund.Defect, error) {
	return fund.Defect{}, fault.New("claimProcess.Defect", fault.NotFound, "没有查验问题")
}

func claimPerson(id string, role policy.Role) policy.Actor {
	return policy.Actor{ID: id, Appointments: []policy.Appointment{{Role: role, Unit: policy.County, Scopes: []string{policy.County}}}}
}

// claimRights are the shipped rights and approvals, read once for all processes of a test.
func claimRights(t *testing.T) (*policy.Rules, *policy.Chains) {
	t.Helper()
	rules, err := shippedRules()
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := ownOr("", "approvals.yaml")
	if err != nil {
		t.Fatal(err)
	}
	chains, err := policy.ParseChains("approvals.yaml", shipped, rules)
	if err != nil {
		t.Fatal(err)
	}
	return rules, chains
}

// newClaimProcess opens claims over an engine as a new process does.
func newClaimProcess(t *testing.T, engine store.Engine, now *time.Time, rules *policy.Rules, chains *policy.Chains) claimProcess {
	t.Helper()
	p := claimProcess{now: now}
	clock := func() time.Time { return *now }
	var err error
	if p.db, err = store.Open(t.Context(), engine, store.Options{Now: clock, MasterKey: make([]byte, 32)}); err != nil {
		t.Fatal(err)
	}
	guard := policy.NewGuard(rules, policy.TenureTable{})
	if p.fund, err = fund.NewService(t.Context(), p.db, guard, p); err != nil {
		t.Fatal(err)
	}
	days := &calendar.Calendar{}
	letters, err := casework.NewLetters(t.Context(), casework.LettersConfig{DB: p.db, Guard: guard, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	desk := fund.Desk{Fund: p.fund, Desk: casework.Desk{DB: p.db, Letters: letters, Guard: guard, Keeper: files.NewKeeper(p.db, t.TempDir()), Persons: p, Chains: chains, Now: clock, Deadlines: func(rule string, start calendar.Date) (calendar.Deadline, error) {
		return days.Deadline(calendar.Rule{ID: rule, N: 1, Unit: calendar.UnitDay, Basis: "建议"}, start), nil
	}}}
	if p.claims, err = claim.New(t.Context(), claim.Config{Estate: p, Defects: p, Rules: &claim.Rules{Parts: []claim.Part{{ID: "roof", Title: "屋面", Rule: "roof"}}}, Desk: desk}); err != nil {
		t.Fatal(err)
	}
	if p.refunds, err = refund.New(t.Context(), refund.Config{Estate: p, Claims: p.claims, Desk: desk}); err != nil {
		t.Fatal(err)
	}
	return p
}

// claimStep is one step of the way of a claim.
type claimStep struct {
	by policy.Actor
	do claim.Step
}

// claimWay leads from a draft to the replenished fund, without clocks before the approval because the developer is gone.
func claimWay() []claimStep {
	officer, committee, cashier := claimPerson("officer", "property_officer"), claimPerson("committee", "owners_committee"), claimPerson("cashier", "cashier")
	return []claimStep{{officer, claim.StepGone}, {committee, claim.StepFile}, {officer, claim.StepCheck}, {officer, claim.StepSend}, {claimPerson("chief", "section_chief"), claim.StepSign}, {claimPerson("vice", "deputy_director"), claim.StepSign},
		{committee, claim.StepAccount}, {officer, claim.StepReview}, {cashier, claim.StepPay}, {officer, claim.StepLetter}, {claimPerson("chief", "section_chief"), claim.StepSign}, {officer, claim.StepAsk}}
}

// step carries one step out as somebody would who reads the page first; each has a key, so that it can be sent again.
func (p claimProcess) step(t *testing.T, id string, s claimStep, n int) (store.Doc[claim.Claim], error) {
	t.Helper()
	before, err := p.claims.One(t.Context(), s.by, id)
	if err != nil {
		return before, err
	}
	at := casework.At{ID: id, Seq: before.Seq, Idem: &store.Idem{Key: fmt.Sprint(id, n), Body: []byte(s.do)}}
	if s.do == claim.StepSign {
		sign := policy.Sign{Move: policy.MoveAgree}
		if on := before.State.Signing(); on != nil { // nothing is left to sign if it was signed before the death
			sign.SubjectHash = on.SubjectHash
		}
		return p.claims.Sign(t.Context(), s.by, at, sign, "")
	}
	up := claimPhoto(t, p.claims.Keeper)
	defer up.Close() //nolint:errcheck // a temporary file of the test
	return p.claims.Do(t.Context(), s.by, at, s.do, casework.Input{Day: p.claims.Today(), Fen: 1000, Number: "演示" + before.State.Project + "号", Text: "演示情况", Upload: up})
}

func claimPhoto(t *testing.T, keeper *files.Keeper) *files.Upload {
	t.Helper()
	var b bytes.Buffer
	err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)))
	if err != nil {
		t.Fatal(err)
	}
	up, err := keeper.Receive("照片.png", &b, files.PNG)
	if err != nil {
		t.Fatal(err)
	}
	return up
}

// TestClaimsSurviveDeath lets the process die before and after every write of the steps that touch the ledger, on both engines; then the step is done again, and
// once more: the money moves once, every account adds up, and what is held is what was granted. Then the payment of a refund dies in the same way.
func TestClaimsSurviveDeath(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		engine, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{Relaxed: true})
		if err != nil {
			t.Fatal(err)
		}
		claimsSurvive(t, engine, 10, false, true)
	})
	t.Run("mongo", func(t *testing.T) {
		engine, err := mongo.Open(t.Context(), mongo.Options{URI: mongotest.URI(t), Now: time.Now})
		if err != nil {
			t.Fatal(err)
		}
		claimsSurvive(t, engine, 5, true) // what is stored is the same as by a death before the next write
	})
}

// claimsSurvive lives through all deaths before (false) and after (true) each write; it must have seen some.
func claimsSurvive(t *testing.T, engine store.Engine, some int, afters ...bool) {
	now := time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)
	rules, chains := claimRights(t)
	started := func(engine store.Engine) claimProcess { return newClaimProcess(t, engine, &now, rules, chains) }
	p := started(engine)
	defer func() {
		if err := p.db.Close(); err != nil {
			t.Error(err)
		}
	}()
	officer, cashier := claimPerson("officer", "property_officer"), claimPerson("cashier", "cashier")
	rule, err := p.fund.ProposeRule(t.Context(), officer, fund.Terms{Title: "暂行办法", Document: "都建发〔2026〕3号", Rate: num.FromInt(2), Base: fund.BaseCost, DueBefore: fund.EventAcceptance, Years: 8, Starts: fund.EventFirstDelivery,
		Rounding: fund.RoundFen, Days: policy.Span{From: calendar.DateOf(now).Add(-300)}}, nil)
	if err == nil {
		err = p.fund.AdoptRule(t.Context(), claimPerson("director", "director"), rule, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	ledgerOf := func(project string) fund.Balances {
		l, err := p.fund.Balance(t.Context(), project)
		if err != nil {
			t.Fatal(err)
		}
		return l.Balances
	}
	// What the ledger has after the steps that touch it.
	want := map[claim.Step]fund.Balances{claim.StepPay: {Bank: 1000, Deposit: 1000}, claim.StepAsk: {Bank: 1000, Due: 1000, Deposit: 2000}}
	const held = 5 // the last signature, which holds the money
	deaths := 0
	for write, died := 1, true; died; write++ {
		died = false
		for _, after := range afters {
			project := fmt.Sprintf("p-%d-%t", write, after)
			id := p.openClaim(t, project, officer, cashier)
			for n, s := range claimWay() {
				left, moves := want[s.do]
				if n == held {
					left, moves = fund.Balances{Bank: 2000, Deposit: 1000, Held: 1000}, true
				}
				if moves {
					now = now.AddDate(0, 0, 2)
					killer := &storetest.Dying{Engine: engine, Left: 1 << 20, After: after}
					dies := started(killer)
					killer.Left = write
					if _, err := dies.step(t, id, s, n); errors.Is(err, storetest.ErrDead) {
						deaths, died = deaths+1, true
					}
					p = started(engine)
				}
				// Done again, or for the first time. What was done before the death is in the way of doing it again.
				if _, err := p.step(t, id, s, n); err != nil && !(moves && fault.Is(err, fault.Conflict)) {
					t.Fatalf("%s %s: %v", project, s.do, err)
				}
				if got := ledgerOf(project); moves && got != left {
					t.Errorf("%s after the death at %s: %+v, want %+v", project, s.do, got, left)
				}
			}
		}
	}
	if deaths < some {
		t.Errorf("only %d deaths", deaths)
	}
	t.Logf("%d deaths of claims, %d of refunds", deaths, refundsSurvive(t, engine, &now, started, afters...))
	if err := engine.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.claims.Audit(t.Context(), func(f fund.Finding) { t.Errorf("%+v", f) }); err != nil {
		t.Error(err)
	}
	if _, _, err := p.fund.Audit(t.Context(), func(f fund.Finding) { t.Errorf("%+v", f) }); err != nil {
		t.Error(err)
	}
}

// openClaim gives a project twenty yuan and opens a claim there.
func (p claimProcess) openClaim(t *testing.T, project string, officer, cashier policy.Actor) string {
	t.Helper()
	today := p.claims.Today()
	p.deposit(t, project, officer, cashier, calendar.Date{})
	photo := claimPhoto(t, p.claims.Keeper)
	defer photo.Close() //nolint:errcheck // a temporary file of the test
	doc, err := p.claims.Open(t.Context(), claimPerson("committee", "owners_committee"), claim.Opening{Project: project, Part: "roof", Where: "3幢屋面", Defect: "雨天渗漏", Completed: today, Delivered: today, Photo: photo})
	if err != nil {
		t.Fatal(err)
	}
	return doc.ID
}

// deposit gives a project an account with twenty yuan, kept from a day on.
func (p claimProcess) deposit(t *testing.T, project string, officer, cashier policy.Actor, begun calendar.Date) {
	t.Helper()
	_, err := p.fund.Assess(t.Context(), officer, project, fund.AssessInput{Phase: "整体", Cost: 100_000, Day: p.claims.Today(), Begun: begun}, nil)
	if err != nil {
		t.Fatal(err)
	}
	up := claimPhoto(t, p.claims.Keeper)
	defer up.Close() //nolint:errcheck // a temporary file of the test
	slip, err := p.claims.Keeper.Keep(t.Context(), store.Meta{By: cashier.ID, Action: "fund.book"}, up)
	if err == nil {
		_, err = p.fund.Pay(t.Context(), cashier, project, fund.Money{Due: "d1", Fen: 2000, Day: p.claims.Today(), Receipt: "赣财" + project, Paper: slip}, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
}
