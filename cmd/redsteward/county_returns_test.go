//go:build !race

package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/internal/report/returns"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
	"redsteward/supervision/matter"
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
		}
	}
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
