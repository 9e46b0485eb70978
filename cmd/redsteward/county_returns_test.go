//go:build !race

package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/report/returns"
	"redsteward/internal/store"
	"redsteward/internal/web"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
	"redsteward/registry/owners"
	"redsteward/registry/party"
	"redsteward/registry/station"
	"redsteward/supervision/deliberation"
	"redsteward/supervision/inspection"
	"redsteward/supervision/matter"
	"redsteward/supervision/wish"
)

// returnsOfCounty: every return of the shipped file is there in its states, every number is the sum of its list, and the numbers are those that the pages of the registers show.
func returnsOfCounty(t *testing.T, s *service, officer policy.Actor) {
	t.Helper()
	ctx := t.Context()
	states := map[returns.State]int{}
	found, err := s.returns.All(ctx, officer, returns.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range found {
		states[found[i].State.State]++
	}
	for _, st := range returns.States() {
		if states[returns.State(st.ID)] == 0 {
			t.Errorf("no return is %s", st.Text)
		}
	}
	frozenReturnHolds(t, s, officer)
	townshipTasks(t, s, officer, found)
	sameOnEveryPage(t, s, officer)
	of := func(form, term string) *returns.Figures {
		t.Helper()
		if _, err := s.returns.DraftAll(ctx, officer, form, term, []string{policy.County}); err != nil {
			t.Fatal(form, err)
		}
		_, f, err := s.returns.One(ctx, officer, form+"."+term+".county")
		if err != nil {
			t.Fatal(form, err)
		}
		for i := range f.Cells {
			c := &f.Cells[i]
			if c.N == nil || c.Over != nil {
				continue
			}
			_, rows, err := s.returns.Behind(ctx, f, c.Key, "", "", false)
			if err != nil {
				t.Fatal(form, c.Key, err)
			}
			var sum num.Num
			for k := range rows {
				sum = sum.Add(rows[k].N)
			}
			if !sum.Equal(*c.N) {
				t.Errorf("%s %s is %s, its list adds up to %s", form, c.Key, c.N, sum)
			}
		}
		return f
	}
	same := func(f *returns.Figures, key string, want int64) {
		t.Helper()
		if c := f.Cell(key); c.N == nil || !c.N.Equal(num.FromInt(want)) {
			t.Errorf("%s is %v, the page shows %d", key, c.N, want)
		}
	}
	// As of the day of the demonstration, which lies in the running terms.
	coverage, err := s.register.Coverage(ctx, officer, registry.CoverageQuery{On: registryDay("2026-12-31")})
	if err != nil {
		t.Fatal(err)
	}
	trade := of("trade_quarter", "2026Q4")
	served := int64(0)
	for _, f := range coverage.Figures {
		if f.Form != registry.CoverNone {
			served += f.Projects
		}
		if f.Form == registry.CoverState {
			same(trade, "served_state", f.Projects)
		}
	}
	same(trade, "served", served)
	same(trade, "projects", int64(len(coverage.Rows)))
	_, entries, err := s.fund.BankEntries(ctx, officer)
	if err != nil {
		t.Fatal(err)
	}
	fen := int64(0)
	for _, e := range entries {
		fen += e.Fen
	}
	totals, err := s.fund.All(ctx, officer, func(fund.Row) error { return nil })
	if err != nil || fen != totals.Balances.Of(fund.AccountBank) {
		t.Errorf("the entries of the bank add up to %d, the ledgers to %d: %v", fen, totals.Balances.Of(fund.AccountBank), err)
	}
	if c := trade.Cell("fund_closing"); !c.N.Equal(num.FromFrac(fen, 100)) || !c.N.Equal(trade.Cell("fund_opening").N.Add(*trade.Cell("fund_in").N).Sub(*trade.Cell("fund_out").N)) {
		t.Errorf("the fund closes with %s of %d fen", c.N, fen)
	}
	party, err := s.party.Coverage(ctx, officer)
	if err != nil {
		t.Fatal(err)
	}
	dispatch := of("party_month", "2026-10")
	// The firms of the end of the month are those of today as long as no contract begins or ends between.
	today, err := s.register.Coverage(ctx, officer, registry.CoverageQuery{})
	if err != nil {
		t.Fatal(err)
	}
	later, err := s.register.Coverage(ctx, officer, registry.CoverageQuery{On: registryDay("2026-10-31")})
	if err != nil {
		t.Fatal(err)
	}
	unchanged := true
	for i := range today.Rows {
		unchanged = unchanged && today.Rows[i].Firm == later.Rows[i].Firm
	}
	if unchanged {
		for key, want := range map[string]int{"firms": party.County.Firms, "party_must": party.County.Must, "party_formed": party.County.Formed, "party_own": party.County.Own, "party_joint": party.County.Joint, "party_instructor": party.County.Instructor, "party_none": party.County.None, "together_pairs": party.County.Pairs} {
			same(dispatch, key, int64(want))
		}
		same(dispatch, "party_members", party.County.Members)
		same(dispatch, "crossing", party.County.Crossing)
	}
	september, err := matter.ParsePeriod("2026-09")
	if err != nil {
		t.Fatal(err)
	}
	board, err := s.matters.Figures(ctx, officer, matter.FigureQuery{Period: september, By: matter.ByKind})
	if err != nil {
		t.Fatal(err)
	}
	// The drafts of September were made weeks ago; counted anew they are what the board shows now.
	grid, _, err := s.returns.One(ctx, officer, "grid_month.2026-09.county")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.returns.Do(ctx, officer, casework.At{ID: grid.ID, Seq: grid.Seq}, returns.StepTake, returns.Input{}); err != nil {
		t.Fatal(err)
	}
	counted := of("grid_month", "2026-09")
	same(counted, "matters", board.Total.Reported)
	same(counted, "matters_closed", board.Total.Closed)
	same(counted, "matters_open", board.Total.Open)
	same(counted, "matters_late", board.Total.Late)
	for _, row := range board.Rows {
		if row.ID == "hazard" {
			same(counted, "hazards", row.Reported)
		}
	}
	for form, term := range map[string]string{"trade_month": "2026-10", "trade_year": "2026", "complaint_month": "2026-10", "safety_week": "2026W43", "check_quarter": "2026Q2", "five_red": "2026Q4"} {
		f := of(form, term)
		if form == "check_quarter" {
			c, err := s.cycle.Circular(ctx, "2026Q2")
			if err != nil {
				t.Fatal(err)
			}
			scored := int64(0)
			for i := range c.Rows {
				if c.Rows[i].Total != nil {
					scored++
				}
			}
			same(f, "scored", scored)
			// The trend of 评价看板 ends with the mean of the quarter.
			boards, err := s.cycle.Boards(ctx, officer, cycle.BoardAsk{Period: "2026Q2"})
			if err != nil || len(boards.Trend) == 0 {
				t.Fatal(err)
			}
			last := boards.Trend[len(boards.Trend)-1]
			if c := f.Cell("score_mean"); int64(last.Rated) != scored || c.N == nil || last.Mean == nil || c.Text(c.N) != last.Mean.Fixed(2) {
				t.Errorf("the mean of the quarter is %v in the return, %v of %d on the board", c.N, last.Mean, last.Rated)
			}
		}
	}
}

// frozenReturnHolds: what the “五红社区” of the third quarter reported is what the registers say of that quarter. Only what is counted as it stands at the taking (到取数时) may have gone on since.
func frozenReturnHolds(t *testing.T, s *service, officer policy.Actor) {
	t.Helper()
	const id = "five_red.2026Q3.county"
	doc, figures, err := s.returns.One(t.Context(), officer, id)
	if err != nil || doc.State.State != returns.Reported {
		t.Fatalf("%s is %s: %v", id, doc.State.State, err)
	}
	goesOn := map[string]bool{}
	for i := range figures.Cells {
		c := &figures.Cells[i]
		goesOn[c.Title] = strings.Contains(c.How, "到取数时")
		if c.N != nil && c.N.IsZero() && !strings.Contains("disputes convenience models unserved", c.Key) {
			t.Errorf("the demonstration reported no %s", c.Title)
		}
	}
	if c := figures.Cell("handled_agency"); !c.N.Equal(num.FromInt(articleErrands)) {
		t.Errorf("the errands of the year up to September are %v, those of the article %d", c.N, articleErrands)
	}
	_, differs, err := s.returns.Compare(t.Context(), officer, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differs {
		if !goesOn[d.Name] {
			t.Errorf("“五红社区” reported %s %s, the registers say %s", d.Name, d.Was, d.Now)
		}
	}
}

// townshipTasks: the drafts that the job made for the townships of one return and term are one line of the tasks, with as many pieces as there are drafts.
func townshipTasks(t *testing.T, s *service, officer policy.Actor, found []store.Doc[returns.Return]) {
	t.Helper()
	drafts, pieces, most, grouped := 0, 0, 0, map[string]int{}
	for i := range found {
		if r := &found[i].State; r.State == returns.Draft && s.returns.Can(t.Context(), officer, r, returns.StepCompile) {
			drafts++
			if r.Scope != policy.County && len(r.Versions) == 0 {
				grouped[r.Form+r.Term]++
				most = max(most, grouped[r.Form+r.Term])
			}
		}
	}
	tasks, err := web.ReturnTasks{Guard: s.guard, Returns: s.returns}.Tasks(t.Context(), officer, s.clocks.Business())
	if err != nil {
		t.Fatal(err)
	}
	largest := 0
	for _, task := range tasks {
		pieces, largest = pieces+task.Count, max(largest, task.Count)
	}
	if drafts != pieces || most == 0 || largest != most {
		t.Errorf("%d drafts are %d pieces of work, the largest line stands for %d, of one return there are %d townships'", drafts, pieces, largest, most)
	}
}

// sameOnEveryPage draws up a return of all measures whose month closes today, and holds each number against the one that the page of its register shows.
func sameOnEveryPage(t *testing.T, s *service, officer policy.Actor) {
	t.Helper()
	ctx, today := t.Context(), calendar.DateOf(s.clocks.Business())
	_, _, day := today.Parts()
	form := fmt.Sprintf("returns:\n  - id: every_measure\n    title: 全部指标\n    rhythm: month\n    closes: %d\n    due: {days: 1}\n    to: 核对\n    odd: 20\n    cells:\n", day)
	for _, m := range returns.Measures() {
		form += fmt.Sprintf("      - {key: %s, measure: %s}\n      - {key: all_%s, measure: %s, since: 2015-01-01}\n", m.Key, m.Key, m.Key, m.Key)
	}
	set, err := returns.ParseReturns("returns.yaml", []byte(form), func(string) bool { return false })
	if err != nil {
		t.Fatal(fault.FieldsOf(err))
	}
	shipped := s.returns.Forms
	s.returns.Forms = set
	defer func() { s.returns.Forms = shipped }()
	term := set.All()[0].TermOf(today)
	if made, err := s.returns.DraftAll(ctx, officer, "every_measure", term.ID, []string{policy.County}); err != nil || made[0].Err != "" || term.Span.Last != today {
		t.Fatal(made, term.Days(), err)
	}
	_, counted, err := s.returns.One(ctx, officer, "every_measure."+term.ID+".county")
	if err != nil {
		t.Fatal(err)
	}
	pages := pageNumbers(t, s, officer, term.Span)
	for key, want := range pages {
		if c := counted.Cell(key); c == nil || c.N == nil || !c.N.Equal(want) {
			t.Errorf("%s is %+v in the return, %s on its page", key, c, want)
		}
	}
	if len(pages) < 60 {
		t.Errorf("%d measures are compared", len(pages))
	}
}

// pageNumbers are numbers of the pages of the registers as of today and, of what happened, within the days of a term or since ever (all_), each by the function from which its page has it.
func pageNumbers(t *testing.T, s *service, officer policy.Actor, term calendar.Span) map[string]num.Num {
	t.Helper()
	ctx := t.Context()
	out := map[string]num.Num{}
	is := func(key string, n int64) { out[key] = num.FromInt(n) }
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	// 物业服务覆盖、社区一览.
	coverage, err := s.register.Coverage(ctx, officer, registry.CoverageQuery{})
	ok(err)
	var projects, households, served int64
	for _, f := range coverage.Figures {
		projects, households = projects+f.Projects, households+f.Households
		if f.Form.Served() {
			served += f.Projects
		}
		if key := map[registry.Cover]string{registry.CoverMarket: "served_market", registry.CoverState: "served_state", registry.CoverCustody: "served_custody", registry.CoverNone: "unserved"}[f.Form]; key != "" {
			is(key, f.Projects)
		}
	}
	is("projects", projects)
	is("households", households)
	is("served", served)
	places, err := s.register.Communities(ctx)
	ok(err)
	is("communities", int64(len(places)))
	// 小区登记 and 企业登记: the lists.
	var area num.Num
	ok(s.register.AllProjects(ctx, officer, registry.ProjectQuery{}, func(p registry.ProjectRow) error {
		area = area.Add(p.Project.Area)
		return nil
	}))
	out["area"] = area
	var firms, outside, staff, managers int64
	ok(s.register.AllFirms(ctx, officer, registry.FirmQuery{}, func(r registry.FirmRow, f registry.Firm) error {
		if r.Projects > 0 {
			firms, staff, managers = firms+1, staff+f.Staff, managers+f.Managers
			if f.HeadName != "" {
				outside++
			}
		}
		return nil
	}))
	is("firms", firms)
	is("firms_outside", outside)
	is("staff", staff)
	is("managers", managers)
	// 业主组织.
	lines, err := s.bodies.Lines(ctx, officer, owners.Query{})
	ok(err)
	var bodies, members, partyMembers int64
	for _, l := range lines {
		if l.Body.InOffice() {
			bodies, members, partyMembers = bodies+1, members+l.Body.Members, partyMembers+l.Body.PartyMembers
		}
	}
	is("bodies", bodies)
	is("body_members", members)
	is("body_party", partyMembers)
	// 党组织覆盖.
	found, err := s.party.Coverage(ctx, officer)
	ok(err)
	county := found.County
	for key, n := range map[string]int{"party_must": county.Must, "party_formed": county.Formed, "party_own": county.Own, "party_joint": county.Joint, "party_instructor": county.Instructor, "party_branches": county.Branches(), "party_covered": county.Covered(), "party_none": county.None, "together_pairs": county.Pairs} {
		is(key, int64(n))
	}
	is("party_members", county.Members)
	is("crossing", county.Crossing)
	// 五个共, as the sheets of the firms show what was confirmed.
	sheets, kinds := int64(0), map[party.Kind]int64{}
	ok(s.party.EachStanding(ctx, calendar.Span{First: registryDay("2020-01-01"), Last: term.Last}, s.clocks.Business(), math.MaxInt64, func(_ calendar.Quarter, confirmed []store.Change[party.Sheet]) error {
		for i := range confirmed {
			if confirmed[i].State.KindsTogether() > 0 {
				sheets++
			}
			for _, line := range confirmed[i].State.Lines {
				kinds[line.Kind]++
			}
		}
		return nil
	}))
	is("all_together", sheets)
	for kind, key := range map[party.Kind]string{party.TogetherOrganised: "all_together_organised", party.TogetherPlace: "all_together_place", party.TogetherLecture: "all_together_lecture", party.TogetherActivity: "all_together_activity", party.TogetherWork: "all_together_work"} {
		is(key, kinds[kind])
	}
	// 行政区划: community by community, as the tree is opened.
	var grids registry.GridFacts
	nth := int64(0)
	communities, err := s.register.DivisionsAt(ctx, registry.LevelCommunity, term.Last)
	ok(err)
	for _, c := range communities {
		below, err := s.register.DivisionsBelow(ctx, c.ID, term.Last)
		ok(err)
		for _, g := range below {
			nth++
			grids.Households, grids.Residents, grids.FullTime, grids.PartTime = grids.Households+g.Grid.Households, grids.Residents+g.Grid.Residents, grids.FullTime+g.Grid.FullTime, grids.PartTime+g.Grid.PartTime
			grids.Branches, grids.Groups, grids.Homes = grids.Branches+g.Grid.Branches, grids.Groups+g.Grid.Groups, grids.Homes+g.Grid.Homes
		}
	}
	for key, n := range map[string]int64{"grids": nth, "grid_households": grids.Households, "residents": grids.Residents, "grid_workers": grids.FullTime, "grid_part_time": grids.PartTime, "grid_branches": grids.Branches, "grid_groups": grids.Groups, "grid_homes": grids.Homes} {
		is(key, n)
	}
	// 事项统计: every year up to this one.
	var all matter.Counts
	for year := 2020; year <= term.Last.Year(); year++ {
		period, err := matter.ParsePeriod(fmt.Sprint(year))
		ok(err)
		board, err := s.matters.Figures(ctx, officer, matter.FigureQuery{Period: period, By: matter.ByKind})
		ok(err)
		c := board.Total.Counts
		all = matter.Counts{Reported: all.Reported + c.Reported, Repeated: all.Repeated + c.Repeated, Closed: all.Closed + c.Closed, Solved: all.Solved + c.Solved, Asked: all.Asked + c.Asked, Pleased: all.Pleased + c.Pleased, Due: all.Due + c.Due, InTime: all.InTime + c.InTime, Open: all.Open + c.Open, Late: all.Late + c.Late}
	}
	for key, n := range map[string]int64{"matters": all.Reported, "matters_repeated": all.Repeated, "matters_closed": all.Closed, "matters_solved": all.Solved, "matters_asked": all.Asked, "matters_pleased": all.Pleased, "matters_due": all.Due, "matters_in_time": all.InTime, "matters_open": all.Open, "matters_late": all.Late} {
		is("all_"+key, n)
	}
	// 走访评价: the list of what was accepted.
	visits := int64(0)
	for after := ""; ; {
		page, err := s.visits.List(ctx, officer, inspection.VisitFilter{State: inspection.Accepted}, after)
		ok(err)
		for i := range page.Docs {
			if !page.Docs[i].State.Aside {
				visits++
			}
		}
		if after = page.Next; after == "" {
			break
		}
	}
	is("all_visits", visits)
	// 保修金.
	totals, err := s.fund.All(ctx, officer, func(fund.Row) error { return nil })
	ok(err)
	out["fund_closing"] = num.FromFrac(totals.Balances.Of(fund.AccountBank), 100)
	// 红色议事: 统计.
	tallies, err := s.deliberations.Tallies(ctx, officer, deliberation.TallyFilter{Until: term.Last})
	ok(err)
	meetings := int64(0)
	for _, one := range tallies {
		meetings += int64(one.Meetings)
	}
	is("all_meetings", meetings)
	items, err := s.deliberations.Items(ctx, officer, deliberation.Filter{State: deliberation.Done})
	ok(err)
	is("all_solved", int64(len(items)))
	// 微心愿: the lists of what was asked and of what was served.
	for key, f := range map[string]wish.Filter{"wishes": {Order: "wish"}, "wishes_served": {Order: "wish", Served: true}, "errands": {Order: string(wish.OrderErrand), Served: true}} {
		f.From, f.Until = term.First, term.Last
		list, err := s.wishes.List(ctx, officer, f)
		ok(err)
		is(key, int64(len(list)))
	}
	// The books: what stands below their lists, and 红色驿站.
	book := func(id string) registry.EntryPage {
		t.Helper()
		page, err := s.books.Entries(ctx, officer, registry.EntryQuery{Book: id})
		ok(err)
		return page
	}
	rows := func(id string, counts func(registry.EntryRow) bool) (n int64) {
		t.Helper()
		ok(s.books.AllEntries(ctx, officer, registry.EntryQuery{Book: id}, func(r registry.EntryRow) error {
			if counts(r) {
				n++
			}
			return nil
		}))
		return n
	}
	every := func(registry.EntryRow) bool { return true }
	is("units", rows(registry.BookUnits, every))
	is("teams", rows(registry.BookTeams, every))
	is("workers", rows(registry.BookWorkers, every)) // nobody's term is over in the demonstration
	is("all_premises_solved", rows(registry.BookPremises, func(r registry.EntryRow) bool { return r.Values["solved"] != "" }))
	out["unit_members"] = book(registry.BookUnits).Sums["members"]
	handled := book("handled").Sums
	out["all_handled"], out["all_handled_agency"] = handled["count"], handled["agency"]
	stations, err := s.stations.Overview(ctx, officer)
	ok(err)
	var premises num.Num
	for i := range stations {
		premises = premises.Add(stations[i].Area)
	}
	out["premises_area"], out["all_premises_new"] = premises, premises
	models, err := s.stations.Models(ctx, officer, station.ModelNamed)
	ok(err)
	is("models", int64(len(models)))
	return out
}

// BenchmarkMonthlyReturn makes the whole monthly return of a county of 129 and of 10,000 compounds with a matter each in the month: every cell with its list, the term before and the year before, the table; and then compares it with the registers. The bar is a page (design §8) for what is opened afterwards, and five minutes for the person; the making itself has none.
func BenchmarkMonthlyReturn(b *testing.B) {
	for _, n := range []int{129, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchReturn(b, n) })
	}
}

func benchReturn(b *testing.B, n int) {
	ctx := b.Context()
	settings, err := loadConfig("", nil, []string{"store.uri=" + b.TempDir(), "business_clock=" + demoStart, "log.level=warn"})
	if err != nil {
		b.Fatal(err)
	}
	clock := &movedClock{now: mustTime("2026-10-20T09:00:00+08:00")}
	s, err := openServiceAs(&program{ctx: ctx, out: io.Discard, errOut: os.Stderr, now: time.Now}, settings, opening{relaxed: true, business: clock.Now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.close(); err != nil {
			b.Error(err)
		}
	})
	if err := s.seedDivisions(ctx); err != nil {
		b.Fatal(err)
	}
	as := func(id string, role policy.Role) policy.Actor {
		return policy.Actor{ID: id, Appointments: []policy.Appointment{{Role: role, Unit: policy.County, Scopes: []string{policy.County}}}}
	}
	officer, worker := as("a1", "property_officer"), as("a2", "community_worker")
	communities, err := s.register.DivisionsAt(ctx, registry.LevelCommunity, registryDay("2026-10-20"))
	if err != nil {
		b.Fatal(err)
	}
	benchRegister(b, s, officer, worker, communities, n)
	var made, compared, opened time.Duration
	clock.now = mustTime("2026-10-26T06:00:00+08:00")
	for i := range b.N {
		runtime.GC()
		from := time.Now()
		term := fmt.Sprintf("2026-%02d", 10-i%9)
		results, err := s.returns.DraftAll(ctx, officer, "trade_month", term, []string{policy.County})
		if err != nil || results[0].Err != "" {
			b.Fatal(results, err)
		}
		made = time.Since(from)
		from = time.Now()
		if _, _, err := s.returns.Compare(ctx, officer, results[0].ID); err != nil {
			b.Fatal(err)
		}
		compared = time.Since(from)
		from = time.Now()
		if _, f, err := s.returns.One(ctx, officer, results[0].ID); err != nil || f.Cell("projects").N.String() != fmt.Sprint(n) {
			b.Fatal(err)
		}
		opened = time.Since(from)
	}
	b.ReportMetric(made.Seconds(), "make-s")
	b.ReportMetric(compared.Seconds(), "compare-s")
	b.ReportMetric(float64(opened.Microseconds())/1000, "open-ms")
}

// benchRegister fills a register: compounds with contracts of eighty firms, a matter each.
func benchRegister(b *testing.B, s *service, officer, worker policy.Actor, communities []registry.DivisionRow, n int) {
	b.Helper()
	ctx := b.Context()
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	var firms []string
	for i := range 80 {
		id, err := s.register.CreateFirm(ctx, officer, registry.FirmInput{Name: fmt.Sprintf("都昌县第%03d物业服务有限公司", i), Code: benchCode(i), Origin: registry.OriginMarket, FirmMore: registry.FirmMore{Staff: 40, Managers: 4}})
		must(err)
		firms = append(firms, id)
	}
	for i := range n {
		id, err := s.register.CreateProject(ctx, officer, registry.ProjectInput{Name: fmt.Sprintf("小区%05d", i), Address: "都昌县某路一号", Community: communities[i%len(communities)].ID, Households: 300, Area: num.FromInt(30_000), Kind: registry.KindCommodity})
		must(err)
		row, err := s.register.OneProject(ctx, officer, id)
		must(err)
		must(s.register.AddContract(ctx, officer, id, row.Seq, registry.ContractInput{Firm: firms[i%80], Kind: registry.ContractChosen, Level: registry.LevelSecond, Fee: 100, Days: policy.Span{From: registryDay("2025-01-01"), Until: registryDay("2027-12-31")}}))
		_, err = s.matters.Report(ctx, worker, matter.Input{Category: []string{"cleaning", "fire_exit", "lamp"}[i%3], Project: id, Where: "一号楼前", Words: "已经好几天没有人来处理"})
		must(err)
	}
}

// benchCode is the i-th made-up 统一社会信用代码 whose check sign is right.
func benchCode(i int) string {
	for _, sign := range "0123456789ABCDEFGHJKLMNPQRTUWXY" {
		code := fmt.Sprintf("91360428MA3%06d%c", i, sign)
		if _, err := registry.ParseUSCC(code); err == nil {
			return code
		}
	}
	return ""
}

func registryDay(text string) calendar.Date {
	day, err := calendar.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return day
}
