//go:build !race

package main

import (
	"maps"
	"slices"
	"testing"

	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/conduct"
	"redsteward/registry/fund/claim"
	"redsteward/registry/fund/dunning"
	"redsteward/registry/fund/refund"
	"redsteward/registry/handover"
	"redsteward/registry/party"
	"redsteward/registry/station"
	"redsteward/supervision/deliberation"
	"redsteward/supervision/matter"
	"redsteward/supervision/survey"
	"redsteward/supervision/wish"
)

// registersOfCounty: there is one handover in every state, an entry of each book of conduct in every state that it has, party sheets at every level, every way in which a
// compound is covered, and work in the stations.
func registersOfCounty(t *testing.T, s *service) {
	t.Helper()
	ctx := t.Context()
	officer, err := s.accounts.ActorOf(ctx, "property-officer")
	if err != nil {
		t.Fatal(err)
	}
	// What a confirmed correction replaces is marked by a rule, as when the pages are served.
	if _, err := s.db.RunRules(ctx); err != nil {
		t.Fatal(err)
	}
	handoversOfCounty(t, s, officer)
	wantRecords(t, s, officer)
	for _, state := range matter.States() {
		if page, err := s.matters.List(ctx, officer, matter.Filter{State: matter.State(state.ID)}, ""); err != nil || len(page.Docs) == 0 {
			t.Errorf("matters that are %s: %d, %v", state.Text, len(page.Docs), err)
		}
	}
	reported := int64(0)
	for _, q := range []string{"2025Q4", "2026Q1", "2026Q2", "2026Q3", "2026Q4"} {
		period, err := matter.ParsePeriod(q)
		if err != nil {
			t.Fatal(err)
		}
		board, err := s.matters.Figures(ctx, officer, matter.FigureQuery{Period: period, By: matter.ByKind})
		if err != nil {
			t.Fatal(err)
		}
		if q == "2026Q3" && (board.Total.Due < 1000 || board.Total.InTime*10 < board.Total.Due*8 || board.Total.InTime == board.Total.Due) {
			t.Errorf("of the matters of %s %d answers were due, %d in time", q, board.Total.Due, board.Total.InTime)
		}
		reported += board.Total.Reported
	}
	// What is told twice counts twice.
	if n := int64(wholeCounty().matters); reported < n || reported > n+10 {
		t.Errorf("%d matters in a year, not %d", reported, n)
	}
	for _, state := range wish.States() {
		if list, err := s.wishes.List(ctx, officer, wish.Filter{State: wish.State(state.ID)}); err != nil || len(list) == 0 {
			t.Errorf("wishes that are %s: %d, %v", state.Text, len(list), err)
		}
		if list, err := s.wishes.List(ctx, officer, wish.Filter{Order: string(wish.OrderErrand), State: wish.State(state.ID)}); err != nil || (len(list) == 0) != (wish.State(state.ID) == wish.Pooled) {
			t.Errorf("errands that are %s: %d, %v", state.Text, len(list), err)
		}
	}
	for _, book := range conduct.Books() {
		seen := map[conduct.State]bool{}
		err := s.conduct.Each(ctx, officer, book, conduct.Filter{}, func(d store.Doc[conduct.Entry]) error {
			seen[d.State.StateOn(s.register.Today())] = true
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, state := range conduct.States() {
			never := state == conduct.Objected && book == conduct.Honours || state == conduct.Repaired && book != conduct.Credit || state == conduct.Replaced && book != conduct.Marks
			if seen[state] == never {
				t.Errorf("%s: entries that are %s: %v", book.Title(), state, seen[state])
			}
		}
	}
	organisation, err := s.accounts.ActorOf(ctx, "organisation")
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range []party.State{party.Waiting, party.Passing, party.Confirmed} {
		if page, err := s.party.List(ctx, organisation, party.Filter{State: state}, ""); err != nil || len(page.Docs) == 0 {
			t.Errorf("party sheets that are %s: %d, %v", state, len(page.Docs), err)
		}
	}
	coverage, err := s.register.Coverage(ctx, officer, registry.CoverageQuery{})
	if err != nil {
		t.Fatal(err)
	}
	forms := map[registry.Cover]int{}
	for _, row := range coverage.Rows {
		forms[row.Form]++
	}
	if forms[registry.CoverNone] != 1 || forms[registry.CoverCustody] != 1 || forms[registry.CoverMarket] == 0 || forms[registry.CoverState] == 0 {
		t.Errorf("compounds are covered as %v", forms)
	}
	models, err := s.stations.Models(ctx, organisation, "")
	if err != nil {
		t.Fatal(err)
	}
	selected := map[station.ModelState]int{}
	for _, m := range models {
		selected[m.State]++
	}
	if want := map[station.ModelState]int{station.ModelNamed: 2, station.ModelShown: 1, station.ModelReviewed: 1, station.ModelRecommended: 1, station.ModelReturned: 1}; !maps.Equal(selected, want) {
		t.Errorf("selections of 红色达人 %v, want %v", selected, want)
	}
	deliberationsOfCounty(t, s, organisation)
	fundCasesOfCounty(t, s, officer)
	surveysOfCounty(t, s, officer)
	if rows, err := s.stations.Overview(ctx, organisation); err != nil || len(rows) != 13 {
		t.Errorf("%d stations, %v", len(rows), err)
	}
}

// fundCasesOfCounty: there is a claim and a refund in every state, a refund that was signed on paper twice, of which one scan was looked at and one waits for that, and urgent use that waits for the second signature and that was shown and paid.
func fundCasesOfCounty(t *testing.T, s *service, by policy.Actor) {
	t.Helper()
	for _, state := range claim.States() {
		if page, err := s.claims.List(t.Context(), by, casework.Filter{State: string(state)}, false, ""); err != nil || len(page.Docs) == 0 {
			t.Errorf("claims that are %s: %d, %v", state, len(page.Docs), err)
		}
	}
	var papers []string
	if err := s.refunds.Every(t.Context(), func(d store.Doc[refund.Refund]) {
		if a := d.State.Approval; a != nil {
			for _, p := range a.SignedPapers() {
				papers = append(papers, p.Standing())
			}
		}
	}); err != nil || !slices.Equal(papers, []string{"confirmed", "waits"}) {
		t.Errorf("refunds signed on paper: %v, %v", papers, err)
	}
	for _, state := range refund.States() {
		if page, err := s.refunds.List(t.Context(), by, casework.Filter{State: string(state)}, false, ""); err != nil || len(page.Docs) == 0 {
			t.Errorf("refunds that are %s: %d, %v", state, len(page.Docs), err)
		}
	}
	if page, err := s.dunnings.List(t.Context(), by, casework.Filter{State: string(dunning.Dunned)}, false, ""); err != nil || len(page.Docs) != 1 || len(page.Docs[0].State.Sent) != 1 {
		t.Errorf("letters about late deposits: %+v, %v", page.Docs, err)
	}
	urgent := map[claim.State]bool{}
	if err := s.claims.Every(t.Context(), func(d store.Doc[claim.Claim]) { urgent[d.State.State] = urgent[d.State.State] || d.State.Danger != "" }); err != nil {
		t.Fatal(err)
	}
	if !urgent[claim.Approving] || !urgent[claim.Paid] || !urgent[claim.Closed] {
		t.Errorf("urgent use in %v", urgent)
	}
}

// deliberationsOfCounty: sixty meetings and eighty-three items, at least one in every state.
func deliberationsOfCounty(t *testing.T, s *service, by policy.Actor) {
	t.Helper()
	meetings, err := s.deliberations.Meetings(t.Context(), by, deliberation.MeetingFilter{})
	if err != nil || len(meetings) != demoMeetings {
		t.Errorf("%d meetings, %v", len(meetings), err)
	}
	items, err := s.deliberations.Items(t.Context(), by, deliberation.Filter{})
	if err != nil || len(items) != demoItems {
		t.Errorf("%d items, %v", len(items), err)
	}
	seen := map[deliberation.State]int{}
	for _, d := range items {
		seen[d.State.State]++
	}
	for _, state := range deliberation.States() {
		if seen[deliberation.State(state.ID)] == 0 {
			t.Errorf("no item is %s: %v", state.Text, seen)
		}
	}
}

// surveysOfCounty: at least one survey is in every state, and the published ones have a rate.
func surveysOfCounty(t *testing.T, s *service, by policy.Actor) {
	t.Helper()
	list, err := s.surveys.List(t.Context(), by, survey.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[survey.State]int{}
	for _, d := range list {
		seen[d.State.State]++
		if d.State.State != survey.Published {
			continue
		}
		if _, ok := d.State.Result.Questions[0].Rate(); !ok {
			t.Errorf("%s has no rate: %+v", d.State.Title(), d.State.Result)
		}
	}
	for _, state := range survey.States() {
		if seen[state] == 0 {
			t.Errorf("no survey is %s: %v", state.Title(), seen)
		}
	}
}

// handoversOfCounty: one has twelve defects, and from the filed one, which got a smaller room than was registered, leads a defect to the guarantee fund.
func handoversOfCounty(t *testing.T, s *service, officer policy.Actor) {
	t.Helper()
	page, err := s.handovers.ListPage(t.Context(), officer, handover.Filter{}, "")
	if err != nil {
		t.Fatal(err)
	}
	states, most := map[handover.State]int{}, 0
	for _, d := range page.Docs {
		states[d.State.State]++
		w, err := s.handovers.One(t.Context(), officer, d.ID)
		if err != nil {
			t.Fatal(err)
		}
		most = max(most, len(w.Findings()))
		if d.State.State != handover.Filed {
			continue
		}
		if rooms := d.State; len(rooms.Rooms) != 2 || len(rooms.Received) != 2 || rooms.Received[1].Area.Cmp(rooms.Rooms[1].Area) >= 0 {
			t.Errorf("the filed handover received %+v of %+v", rooms.Received, rooms.Rooms)
		}
		if left := w.Left(); len(left) != 1 {
			t.Errorf("%d defects stay in the filed handover", len(left))
		} else if _, err := s.handovers.Defect(t.Context(), officer, d.ID, left[0].Item.ID); err != nil {
			t.Error(err)
		}
	}
	for _, state := range handover.States() {
		if states[state] == 0 {
			t.Errorf("no handover is %s", state)
		}
	}
	if most != 12 {
		t.Errorf("at most %d defects, not twelve", most)
	}
}
