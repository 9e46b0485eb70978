package returns

import (
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/journal"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/rating/cycle"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
	"redsteward/registry/handover"
	"redsteward/registry/party"
	"redsteward/registry/registrytest"
	"redsteward/registry/station"
	"redsteward/supervision"
	"redsteward/supervision/deliberation"
	"redsteward/supervision/inspection"
	"redsteward/supervision/matter"
	"redsteward/supervision/rectification"
	"redsteward/supervision/wish"
)

// third is the third quarter of 2026, which the test counts; the registers are read on 9 October.
var third = calendar.Span{First: registrytest.Day("2026-07-01"), Last: registrytest.Day("2026-09-30")}

// The divisions of the fixture: two communities of one township, one of another.
var townOf = map[string]string{"c1": "t1", "c2": "t1", "c3": "t2"}

func on(text string) calendar.Date {
	if text == "" {
		return calendar.Date{}
	}
	return registrytest.Day(text)
}

// compound is a compound in a community, served by a firm in a way; without a firm by nobody.
func compound(id, community, firm string, form registry.Cover, households int64, area string, body registry.Body) registry.CoverageRow {
	return registry.CoverageRow{Place: registry.Place{Project: id, Name: id, Community: community, CommunityName: community, Township: townOf[community], TownshipName: townOf[community], Firm: firm, FirmName: firm, Households: households}, Form: form, Area: numberOf(area), Body: body}
}

// filled are registers of a few rows each, of which some must not count; the comments say why.
func filled(t *testing.T) *loaded {
	t.Helper()
	_, _, register := registrytest.NewCounty(t, time.Date(2026, 10, 9, 1, 0, 0, 0, time.UTC))
	l := newLoaded(Sources{Register: register})
	for c, town := range townOf {
		l.names["town/"+c], l.names[c], l.names[town] = town, c, town
	}
	l.compounds = map[calendar.Date][]registry.CoverageRow{
		on("2026-09-30"): {
			compound("p1", "c1", "f1", registry.CoverMarket, 100, "1000.5", registry.Body{Kind: registry.BodyCommittee, Members: 5, PartyMembers: 3}),
			compound("p2", "c1", "f2", registry.CoverState, 200, "", registry.Body{Kind: registry.BodyNone}),                                          // its area is not known; that there is no body was entered
			compound("p3", "c2", "", registry.CoverNone, 300, "3000", registry.Body{}),                                                                // served by nobody
			compound("p4", "c3", "f1", registry.CoverCustody, 400, "4000", registry.Body{Kind: registry.BodyManagement, Members: 7, PartyMembers: 2}), // f1 again: one firm of the county
			compound("p5", "c3", "f3", registry.CoverPart, 50, "500", registry.Body{}),                                                                // some phases only: served
			compound("p6", "c3", "f4", registry.CoverMarket, 10, "100", registry.Body{}),
		},
		// Another day counts for nothing.
		on("2026-06-30"): {compound("p9", "c1", "f9", registry.CoverMarket, 9999, "9999", registry.Body{Kind: registry.BodyCommittee, Members: 9, PartyMembers: 9})},
	}
	l.where = map[string]registry.CoverageRow{}
	for _, r := range l.compounds[third.Last] {
		l.where[r.Project] = r
	}
	firm := func(id, head string, staff, managers, crossing int64, p registry.Party, towns ...string) servingFirm {
		return servingFirm{id, registry.Firm{Name: id, FirmMore: registry.FirmMore{HeadName: head, Staff: staff, Managers: managers}}, p, crossing, towns}
	}
	l.firms = map[calendar.Date][]servingFirm{
		on("2026-09-30"): {
			firm("f1", "", 30, 2, 2, registry.Party{Form: registry.PartyOwn, Members: 5, Full: 3}, "t1", "t2"), // serves both townships: each counts it, the county once
			firm("f2", "江西总公司", 20, 1, 0, registry.Party{Form: registry.PartyInstructor, Members: 2}, "t1"),    // two members need no branch
			firm("f3", "", 7, 1, 1, registry.Party{Form: registry.PartyNone, Members: 4}, "t2"),                // four members and no branch
			firm("f4", "", 3, 0, 0, registry.Party{Form: registry.PartyJoint, Members: 1}, "t2"),               // a branch that it need not have
		},
		on("2026-06-30"): {firm("f9", "别处", 999, 99, 9, registry.Party{Form: registry.PartyOwn, Members: 99}, "t1")},
	}
	line := func(kind party.Kind, day string) party.Line { return party.Line{Kind: kind, Day: on(day)} }
	l.sheets = map[calendar.Span][]party.Sheet{third: {
		{Firm: "f1", Community: "c1", Quarter: "2026Q3", Lines: []party.Line{line(party.TogetherOrganised, "2026-07-10"), line(party.TogetherOrganised, "2026-08-01"), line(party.TogetherPlace, "2026-09-30"), line(party.TogetherLecture, "2026-06-30")}}, // the lecture was before
		{Firm: "f1", Community: "c3", Quarter: "2026Q3", Lines: []party.Line{line(party.TogetherActivity, "2026-07-01"), line(party.TogetherWork, "2026-07-02"), line(party.TogetherWork, "2026-07-03"), line(party.TogetherLecture, "2026-09-01")}},
		{Firm: "f2", Community: "c1", Quarter: "2026Q3", Lines: []party.Line{line(party.TogetherPlace, "2026-10-01")}}, // after
		{Firm: "f3", Community: "c3", Quarter: "2026Q3", Lines: []party.Line{line(party.Assembly, "2026-08-01")}},      // branch life, nothing done together
	}}
	grid := func(parent string, g registry.GridFacts) registry.DivisionRow {
		return registry.DivisionRow{ID: parent + "-01", Division: registry.Division{Display: "网格", Parent: parent, Grid: g}}
	}
	l.grids = map[calendar.Date][]registry.DivisionRow{
		on("2026-09-30"): {
			grid("c1", registry.GridFacts{Households: 400, FullTime: 1, PartTime: 3, Branches: 1, Groups: 6, Homes: 20, Residents: 1100}),
			grid("c3", registry.GridFacts{Households: 350, FullTime: 2, Branches: 1, Groups: 4, Homes: 11}), // how many people live there is not known
		},
		on("2026-06-30"): {grid("c2", registry.GridFacts{Households: 999, FullTime: 99, PartTime: 99, Branches: 99, Groups: 99, Homes: 99, Residents: 999})},
	}
	l.matters = map[calendar.Span][]matter.Counted{third: matterRows()}
	l.visits = map[calendar.Span][]inspection.Scoring{third: {{Visit: "v1", Project: "p1", Day: on("2026-07-01"), Full: 100}, {Visit: "v2", Project: "p1", Day: on("2026-07-01"), Full: 100, Again: "v1"}, {Visit: "v3", Project: "p4", Day: on("2026-09-30")}}} // scored twice counts twice, without points once
	for _, what := range []string{"checks", "cases", "handovers", "money", "meetings", "items", "wishes", "models"} {
		l.done[what] = true
	}
	check := func(project, day string, state inspection.State, found int64) {
		l.checks = append(l.checks, store.Doc[inspection.Inspection]{ID: day, State: inspection.Inspection{Case: casework.Case{Project: project, Opened: on(day)}, State: state, Found: found}})
	}
	check("p1", "2026-07-01", inspection.Recorded, 3)
	check("p4", "2026-09-30", inspection.Told, 0)
	check("p1", "2026-08-01", inspection.OnSite, 0)  // not signed yet
	check("p1", "2026-08-02", inspection.Dropped, 0) // given up
	check("p1", "2026-06-30", inspection.Told, 9)    // before
	l.cases = caseRows()
	hand := func(project string, h handover.Handover) {
		h.Project = project
		l.handed = append(l.handed, store.Doc[handover.Handover]{ID: project, State: h})
	}
	hand("p1", handover.Handover{State: handover.Filed, Opened: on("2026-05-01"), Transferred: on("2026-07-05"), Filed: on("2026-07-20")})
	hand("p4", handover.Handover{State: handover.Transferred, Opened: on("2026-09-01"), Transferred: on("2026-10-02")})                    // handed over after the quarter: it runs
	hand("p4", handover.Handover{State: handover.Cancelled, Opened: on("2026-08-01")})                                                     // cancelled
	hand("p3", handover.Handover{State: handover.Draft, Opened: on("2026-10-01")})                                                         // begun later
	hand("p4", handover.Handover{State: handover.Filed, Opened: on("2026-04-01"), Transferred: on("2026-06-30"), Filed: on("2026-07-01")}) // handed over before, filed now
	hand("p1", handover.Handover{State: handover.Transferred, Opened: on("2026-08-01"), Transferred: on("2026-09-30")})
	for _, m := range []struct {
		project, day string
		fen          int64
	}{{"p1", "2026-06-30", 100_000}, {"p1", "2026-07-01", 50_000}, {"p4", "2026-08-01", 2_550}, {"p1", "2026-09-30", -30_000}, {"p4", "2026-10-01", 999_900}} { // the last one comes later
		l.money = append(l.money, fund.Booked{Project: m.project, Entry: fund.Entry{Day: on(m.day)}, Fen: m.fen})
	}
	at := func(community string) supervision.Where {
		return supervision.Where{Community: community, CommunityName: community, Township: townOf[community]}
	}
	for _, m := range []deliberation.Meeting{{Where: at("c1"), On: on("2026-07-01"), State: deliberation.Held}, {Where: at("c3"), On: on("2026-09-30"), State: deliberation.Archived}, // the rest: not held yet, cancelled, held before
		{Where: at("c1"), On: on("2026-08-01"), State: deliberation.Planned}, {Where: at("c1"), On: on("2026-08-02"), State: deliberation.Cancelled}, {Where: at("c1"), On: on("2026-06-30"), State: deliberation.Held}} {
		l.meetings = append(l.meetings, store.Doc[deliberation.Meeting]{State: m})
	}
	for _, i := range []deliberation.Item{{Where: at("c1"), State: deliberation.Done, Ended: on("2026-07-10")}, {Where: at("c3"), State: deliberation.Done, Ended: on("2026-09-30")}, // the rest: not solved, solved later, not at its end
		{Where: at("c1"), State: deliberation.Unsolved, Ended: on("2026-07-11")}, {Where: at("c1"), State: deliberation.Done, Ended: on("2026-10-01")}, {Where: at("c1"), State: deliberation.Executing}} {
		l.items = append(l.items, store.Doc[deliberation.Item]{State: i})
	}
	ask := func(community string, order wish.Order, asked, served string, state wish.State) {
		w := wish.Wish{Where: at(community), Order: order, Served: on(served), State: state, Asked: supervision.Hand{At: journal.At(on(asked).Begins().Add(23 * time.Hour))}}
		l.wishes = append(l.wishes, store.Doc[wish.Wish]{State: w})
	}
	ask("c1", wish.OrderWish, "2026-07-01", "2026-07-20", wish.Done)
	ask("c3", wish.OrderWish, "2026-09-30", "", wish.Taken)          // asked late in the evening of the last day, not served yet
	ask("c1", wish.OrderWish, "2026-06-30", "2026-07-01", wish.Done) // asked before, served now
	ask("c1", wish.OrderWish, "2026-07-02", "", wish.Cancelled)      // was collected all the same
	ask("c1", wish.OrderWish, "2026-10-01", "", wish.Asked)          // later
	ask("c1", wish.OrderErrand, "2026-06-01", "2026-08-01", wish.Done)
	ask("c1", wish.OrderErrand, "2026-09-01", "2026-10-02", wish.Done)                                                                                                                                 // done later
	for _, m := range []station.Model{{Township: "t1", State: station.ModelNamed, Day: on("2026-07-01")}, {Township: "t2", State: station.ModelEnded, Day: on("2025-07-01"), Ended: on("2026-10-05")}, // taken back after the quarter
		{Township: "t1", State: station.ModelEnded, Day: on("2025-07-01"), Ended: on("2026-09-30")}, {Township: "t1", State: station.ModelNamed, Day: on("2026-10-02")}, {Township: "t1", State: station.ModelShown}} { // taken back within, named later, not named yet
		l.models = append(l.models, station.ModelRow{Model: m})
	}
	total := func(text string) *num.Num { n := numberOf(text); return &n }
	l.scores = map[string][]cycle.PreviewRow{
		"2026Q3": {{Project: "p1", Total: total("90.25")}, {Project: "p4", Total: total("55")}, {Project: "p3"}}, // too little is known of the last one
		"2026Q2": {{Project: "p1", Total: total("10")}},
	}
	bookRows(l)
	return l
}

// matterRows are six matters, on 9 October.
func matterRows() []matter.Counted {
	m := func(id, kind, community string, put func(m *matter.Matter)) matter.Counted {
		one := matter.Matter{Kind: kind, Category: kind, Community: community, Township: townOf[community], Day: on("2026-08-01")}
		put(&one)
		return one.Counted(id)
	}
	due := func(day string) calendar.Deadline { return calendar.Deadline{Due: on(day)} }
	return []matter.Counted{
		m("m1", "hazard", "c1", func(m *matter.Matter) { // solved, answered in time, its reporter is satisfied
			m.State, m.Answer, m.Check = matter.Fixed, &matter.Answer{}, &matter.Check{Satisfied: "yes"}
		}),
		m("m2", "hazard", "c1", func(m *matter.Matter) { m.State = matter.Merged }), // says m1 again, and is nothing besides
		m("m3", "service", "c2", func(m *matter.Matter) { // not answered, a day late
			m.State, m.Due, m.AnswerBy = matter.Working, due("2026-10-08"), due("2026-10-08")
		}),
		m("m4", "hazard", "c3", func(m *matter.Matter) { // closed and not solved, answered late, its reporter is not satisfied
			m.State, m.Answer, m.Check = matter.Unfixed, &matter.Answer{Late: true}, &matter.Check{Satisfied: "no"}
		}),
		m("m5", "dispute", "c3", func(m *matter.Matter) { // answered in time and taken up again
			m.State, m.Reopened, m.Answer, m.Due = matter.Reopened, 1, &matter.Answer{}, due("2026-10-20")
		}),
		m("m6", "hazard", "c3", func(m *matter.Matter) { // its last day is today
			m.State, m.Due, m.AnswerBy = matter.Reported, due("2026-10-09"), due("2026-10-09")
		}),
	}
}

// caseRows are nine papers.
func caseRows() (out []store.Doc[rectification.Case]) {
	paper := func(project, drafted string, state rectification.State, put func(c *rectification.Case), fixed ...bool) {
		c := rectification.Case{Case: casework.Case{Project: project}, Drafted: on(drafted), State: state}
		for _, f := range fixed {
			c.Findings = append(c.Findings, rectification.Finding{Fixed: f})
		}
		put(&c)
		out = append(out, store.Doc[rectification.Case]{ID: drafted, State: c})
	}
	served := func(due, closed string) func(c *rectification.Case) {
		return func(c *rectification.Case) {
			c.Served, c.Clock.Due, c.Closed = &casework.Paper{}, on(due), on(closed)
		}
	}
	none := func(*rectification.Case) {}
	paper("p1", "2026-07-10", rectification.Running, served("2026-09-29", ""), false, false)                               // late by a day
	paper("p4", "2026-08-01", rectification.Fixed, served("", "2026-09-30"), true, true, true)                             // put right on the last day
	paper("p1", "2026-06-20", rectification.Unfixed, served("", "2026-08-15"), true, false)                                // drafted before; one of two was put right
	paper("p3", "2026-09-01", rectification.HandedOn, none, false)                                                         // another authority has it
	paper("p1", "2026-09-02", rectification.Draft, none, false)                                                            // a draft is none
	paper("p1", "2026-07-01", rectification.Withdrawn, func(c *rectification.Case) { c.Closed = on("2026-07-02") }, false) // never sent
	paper("p4", "2026-09-15", rectification.Fixed, served("", "2026-10-05"), true)                                         // put right after the quarter: open at its end
	paper("p4", "2026-10-01", rectification.Running, served("2026-10-02", ""), false)                                      // later
	paper("p4", "2026-05-01", rectification.Running, served("2026-10-15", ""), false)                                      // drafted before, open, in time
	return out
}

// bookRows are the rows of the books; those that were withdrawn do not come out of them.
func bookRows(l *loaded) {
	row := func(book, community string, pairs ...string) {
		values := map[string]string{}
		for i := 0; i+1 < len(pairs); i += 2 {
			values[pairs[i]] = pairs[i+1]
		}
		l.entries[book] = append(l.entries[book], registry.EntryRow{Community: community, CommunityName: community, TownshipName: townOf[community], Values: values})
	}
	row(registry.BookUnits, "c1", "members", "5", "from", "2026-01-01")
	row(registry.BookUnits, "c3", "members", "7")                       // since when is not known: it is there
	row(registry.BookUnits, "c1", "members", "9", "from", "2026-10-01") // later
	row(registry.BookTeams, "c1")
	row(registry.BookTeams, "c3")
	row(registry.BookPremises, "c1", "area", "120.50", "from", "2025-03-01", "problem", "狭小", "solved", "2026-07-01")
	row(registry.BookPremises, "c1", "area", "80", "from", "2026-08-01", "problem", "危旧")                                // new, its problem is not solved
	row(registry.BookPremises, "c3", "area", "60")                                                                       // not in use yet
	row(registry.BookPremises, "c3", "area", "200", "from", "2020-01-01", "until", "2026-06-30", "solved", "2026-09-30") // given up, and with that solved
	row(registry.BookPremises, "c3", "area", "10", "from", "2026-10-01", "solved", "2026-10-01")                         // later
	row(bookHandled, "c1", "day", "2026-07-05", "count", "10", "agency", "4")
	row(bookHandled, "c3", "day", "2026-09-30", "count", "5") // by whom is not told
	row(bookHandled, "c3", "day", "2026-06-30", "count", "100", "agency", "100")
	row(bookWorkers, "c1", "from", "2025-07-01", "until", "2026-12-31")
	row(bookWorkers, "c3", "from", "2026-01-01")
	row(bookWorkers, "c3", "from", "2020-01-01", "until", "2026-09-29") // left a day before
}

// TestMeasuresByHand counts every measure on the fixture above, for the county and for the township t1; the numbers were counted by hand. A measure without an entry fails.
func TestMeasuresByHand(t *testing.T) {
	few := "件数太少，只报件数" // below two
	byHand := map[string][2]string{
		"communities": {"3", "2"}, "projects": {"6", "3"}, "households": {"1060", "600"}, "area": {"8600.50", "4000.50"},
		"served": {"5", "2"}, "served_area": {"5600.50", "1000.50"}, "served_state": {"1", "1"}, "served_market": {"2", "1"}, "served_custody": {"1", "0"}, "unserved": {"1", "1"}, "served_rate": {"83.3", "66.7"},
		"bodies": {"2", "1"}, "body_members": {"12", "5"}, "body_party": {"5", "3"}, "body_party_rate": {"41.7", "60.0"},

		"firms": {"4", "2"}, "firms_outside": {"1", "1"}, "staff": {"60", "50"}, "managers": {"4", "3"},
		"party_must": {"2", "1"}, "party_formed": {"1", "1"}, "party_rate": {"50.0", "100.0"}, "party_own": {"1", "1"}, "party_joint": {"1", "0"}, "party_instructor": {"1", "1"}, "party_branches": {"2", "1"},
		"party_covered": {"3", "2"}, "party_none": {"1", "0"}, "party_covered_rate": {"75.0", "100.0"}, "party_members": {"12", "7"}, "crossing": {"3", "2"},
		"together_pairs": {"5", "2"}, "together": {"2", "1"}, "together_organised": {"2", "2"}, "together_place": {"1", "1"}, "together_lecture": {"1", "0"}, "together_activity": {"1", "0"}, "together_work": {"2", "0"},

		"grids": {"2", "1"}, "grid_households": {"750", "400"}, "residents": {"1100", "1100"}, "grid_workers": {"3", "1"}, "grid_part_time": {"3", "3"}, "grid_branches": {"2", "1"}, "grid_groups": {"10", "6"}, "grid_homes": {"31", "20"},

		"matters": {"6", "3"}, "matters_repeated": {"2", "1"}, "matters_closed": {"2", "1"}, "matters_solved": {"1", "1"}, "matters_open": {"3", "1"}, "matters_late": {"1", "1"}, "matters_due": {"4", "2"}, "matters_in_time": {"2", "1"}, "matters_asked": {"2", "1"}, "matters_pleased": {"1", "1"},
		"matters_solved_rate": {"50.0", few}, "matters_in_time_rate": {"50.0", "50.0"}, "matters_pleased_rate": {"50.0", few},

		"visits": {"3", "2"}, "checks": {"2", "1"}, "checks_found": {"3", "3"},
		"problems": {"7", "3"}, "papers": {"4", "2"}, "problems_fixed": {"4", "1"}, "problems_open": {"4", "2"}, "problems_late": {"1", "1"},
		"handovers": {"2", "2"}, "handovers_filed": {"2", "1"}, "handovers_running": {"2", "1"},
		"fund_opening": {"1000.00", "1000.00"}, "fund_in": {"525.50", "500.00"}, "fund_out": {"300.00", "300.00"}, "fund_closing": {"1225.50", "1200.00"},

		"meetings": {"2", "1"}, "solved": {"2", "1"}, "wishes": {"3", "2"}, "wishes_served": {"2", "2"}, "errands": {"1", "1"},
		"units": {"2", "1"}, "unit_members": {"12", "5"}, "teams": {"2", "1"}, "premises_area": {"200.50", "200.50"}, "premises_new": {"80.00", "80.00"}, "premises_solved": {"2", "1"}, "handled": {"15", "10"}, "handled_agency": {"4", "4"}, "workers": {"2", "1"}, "models": {"2", "1"},

		"scored": {"2", "1"}, "score_sum": {"145.25", "90.25"}, "score_mean": {"72.63", "90.25"}, "scored_low": {"1", "0"},
	}
	ofHazards := map[string][2]string{"matters": {"4", "2"}, "matters_repeated": {"1", "1"}, "matters_solved": {"1", "1"}, "matters_closed": {"2", "1"}, "matters_open": {"1", "0"}, "matters_due": {"2", "1"}, "matters_in_time_rate": {"50.0", few}}
	m := &maker{loaded: filled(t), least: 2, known: map[countKey]*counts{}}
	count := func(measure *Measure, of string, want [2]string) {
		t.Helper()
		for n, scope := range []Scope{{ID: "county"}, {ID: "t1"}} {
			v, err := m.value(t.Context(), &Cell{measure: measure, Of: of}, Term{Span: third}, scope, nil, map[string][]byte{})
			if err != nil {
				t.Fatal(measure.Key, err)
			}
			got := v.Why
			if v.N != nil {
				got = (&Filled{Places: measure.Places}).Text(v.N)
			}
			if got != want[n] {
				t.Errorf("%s %s of %s is %s, by hand %s", measure.Key, of, scope.ID, got, want[n])
			}
		}
	}
	for i := range measures {
		want, counted := byHand[measures[i].Key]
		if !counted {
			t.Errorf("nobody has counted %s by hand", measures[i].Key)
			continue
		}
		count(&measures[i], "", want)
		delete(byHand, measures[i].Key)
	}
	for key := range byHand {
		t.Errorf("%s is no measure", key)
	}
	for key, want := range ofHazards {
		measure, _ := Find(key)
		count(measure, "hazard", want)
	}
}

// TestSpanOfCell: what is added up begins on its day, or on 1 January of the year in which the term ends or of one before.
func TestSpanOfCell(t *testing.T) {
	quarter := Form{Rhythm: Quarterly}
	for _, tt := range []struct {
		cell        Cell
		term, first string
	}{
		{Cell{}, "2026Q3", "2026-07-01"},
		{Cell{Since: on("2022-01-01")}, "2026Q3", "2022-01-01"},
		{Cell{Since: on("2027-01-01")}, "2026Q3", "2026-07-01"}, // not begun yet
		{Cell{Years: 1}, "2026Q3", "2026-01-01"},
		{Cell{Years: 2}, "2026Q3", "2025-01-01"},
		{Cell{Years: 1}, "2027Q1", "2027-01-01"},
	} {
		term, err := quarter.Term(tt.term)
		if err != nil {
			t.Fatal(err)
		}
		if got := tt.cell.span(term); got.First != on(tt.first) || got.Last != term.Span.Last {
			t.Errorf("%+v of %s counts %s to %s", tt.cell, tt.term, got.First, got.Last)
		}
	}
	// A week that ends in January belongs to the new year.
	week := Form{Rhythm: Weekly}
	if got := (&Cell{Years: 1}).span(week.TermOf(on("2026-12-31"))); got.First != on("2027-01-01") {
		t.Errorf("the week of the turn of the year counts from %s", got.First)
	}
}
