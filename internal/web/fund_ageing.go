package web

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
)

// ageingPath is the ageing of what developers owe.
const ageingPath = fundPath + "/ageing"

// The groups of the ageing.
const (
	agedDue       = "due"
	agedReplenish = "replenish"
	agedDunned    = "dunned"
)

// agedGroups are the groups with what their days count from.
func agedGroups() []registry.Choice {
	return []registry.Choice{{ID: agedDue, Text: "应缴逾期"}, {ID: agedReplenish, Text: "补存逾期"}, {ID: agedDunned, Text: "已催缴未缴"}}
}

// agedLine is one amount of the ageing: so many days by what its group counts from.
type agedLine struct {
	row   fund.Row
	due   fund.Due
	group string
	days  int64
	// letters are the dunning letters, the earliest first.
	letters []casework.Paper
}

// agedSums are number and sum of each band of a group.
type agedSums struct {
	count []int
	fen   []int64
}

// aged reads what is late inside the actor's scope: amounts and replenishments by the days since their last day, dunned ones besides by those since the first letter. The sums are those of
// the filter without group and band, the lines those of the whole filter.
func (s *Server) aged(c *fiber.Ctx, by policy.Actor, l listAddress) ([]agedLine, map[string]*agedSums, error) {
	ctx := c.UserContext()
	// The letters, by the claim whose payment is to be replenished, or by project and amount.
	dunned := map[string][]casework.Paper{}
	if s.claims != nil && s.guard.Allow(by, policy.ReadClaim) {
		of, err := s.claims.Dunned(ctx, by)
		if err != nil {
			return nil, nil, err
		}
		maps.Copy(dunned, of)
	}
	if s.dunnings != nil {
		of, err := s.dunnings.Dunned(ctx, by)
		if err != nil {
			return nil, nil, err
		}
		maps.Copy(dunned, of)
	}
	today := s.clockOf(c.UserContext()).today
	sums := map[string]*agedSums{}
	for _, g := range agedGroups() {
		sums[g.ID] = &agedSums{make([]int, len(fund.Bands())), make([]int64, len(fund.Bands()))}
	}
	var out []agedLine
	group, band := l.value["group"], l.value["band"]
	_, err := s.fund.Find(ctx, by, fundFilter(l, s.clockOf(c.UserContext()).today), func(r fund.Row) error {
		for _, d := range r.Ledger.Late(today) {
			line := agedLine{row: r, due: d, group: agedDue, days: d.Age(today), letters: dunned[r.Project+"/"+d.ID]}
			if d.Claim != "" {
				line.group, line.letters = agedReplenish, dunned[d.Claim]
			}
			lines := []agedLine{line}
			if letters := line.letters; len(letters) > 0 {
				lines = append(lines, agedLine{row: r, due: d, group: agedDunned, days: int64(today.Sub(letters[0].Day)), letters: letters})
			}
			for _, line := range lines {
				at := fund.BandOf(line.days)
				sums[line.group].count[at]++
				sums[line.group].fen[at] += d.Open()
				// Without a group each amount is listed once, by its own day.
				if (group == line.group || group == "" && line.group != agedDunned) && (band == "" || band == strconv.Itoa(at)) {
					out = append(out, line)
				}
			}
		}
		return nil
	})
	slices.SortStableFunc(out, func(a, b agedLine) int { return cmp.Compare(b.days, a.days) })
	return out, sums, err
}

func ageingList(c *fiber.Ctx) listAddress {
	return readList(c, ageingPath, "q", "township", "developer", "group", "band")
}

// lettersText is “催缴 2 次，最近2026年10月9日”.
func lettersText(letters []casework.Paper) string {
	if len(letters) == 0 {
		return ""
	}
	return "催缴 " + count(len(letters)) + " 次，最近" + letters[len(letters)-1].Day.Chinese()
}

// agedNote says what the figures are.
const agedNote = "应缴按缴存期限、补存按补存期限的次日起算天数，已催缴的另按第一份催缴文书的日期起算；金额是还没有缴的部分，保函、保险替代的不算。"

// fundAgeing shows the ageing.
func (s *Server) fundAgeing(c *fiber.Ctx, by policy.Actor) error {
	l := ageingList(c)
	lines, sums, err := s.aged(c, by, l)
	if err != nil {
		return err
	}
	b := boardAt(l, "保修金账龄", "建设单位逾期没有缴的钱，拖得久的在前；截至"+s.clockOf(c.UserContext()).today.Chinese())
	b.Crumbs, b.Nav = []crumb{{"保修金", fundPath}}, fundPath
	bands := []option{{"", "全部"}}
	for i, one := range fund.Bands() {
		bands = append(bands, option{strconv.Itoa(i), one.Title()})
	}
	if err := s.fundFilters(c, by, l, &b, boardFilter{Name: "group", Label: "种类", Value: l.value["group"], Options: choicesOf("应缴和补存", agedGroups())}, boardFilter{Name: "band", Label: "账龄", Value: l.value["band"], Options: bands}); err != nil {
		return err
	}
	for _, g := range agedGroups() {
		for i, one := range fund.Bands() {
			b.Figures = append(b.Figures, boardFigure{Label: g.Text + " " + one.Title(), Value: fund.Yuan(sums[g.ID].fen[i]) + " 元", Sub: count(sums[g.ID].count[i]) + " 笔", Link: l.address("group", g.ID, "band", strconv.Itoa(i))})
		}
	}
	_, developers, err := s.fundDevelopers(c, by)
	if err != nil {
		return err
	}
	b.Heads = []boardHead{head("小区", ""), head("款项", "no-s"), head("建设单位", "no-s"), head("期限", "no-s"), head("天数", ""), head("还差（元）", "num"), head("催缴", "no-s")}
	for _, line := range lines {
		d := line.due
		b.Rows = append(b.Rows, boardRow{Name: line.row.Ledger.Name, Path: ledgerPath(line.row.Project), Sub: line.row.Ledger.Place, Cells: []boardCell{{Text: d.Phase, Sub: d.Document, Class: "no-s"}, textCell(developers[line.row.Ledger.Developer()]),
			{Text: d.Day.Chinese(), Class: "no-s nw"}, {Text: count(int(line.days)) + " 日", Chip: "逾期", Sub: fund.Bands()[fund.BandOf(line.days)].Title()}, {Text: fund.Yuan(d.Open()), Class: "num"}, textCell(lettersText(line.letters))}})
	}
	if s.dunnings != nil {
		b.Acts = []crumb{{"催缴办理", dunningsPath}}
	}
	b.Note = agedNote
	b.Nothing, b.NothingText = "没有逾期的应缴和补存", "缴存期限、补存期限过了还没有缴清的列在这里。"
	return s.showBoard(c, by, l, b)
}

// fundAgeingExcel writes the bands, and the lines that the page shows.
func (s *Server) fundAgeingExcel(c *fiber.Ctx, by policy.Actor) error {
	l := ageingList(c)
	lines, sums, err := s.aged(c, by, l)
	if err != nil {
		return err
	}
	_, developers, err := s.fundDevelopers(c, by)
	if err != nil {
		return err
	}
	bands := report.Figures{Sheet: "账龄", Heads: []string{"种类"}, Note: "截至" + s.clockOf(c.UserContext()).today.Chinese() + "；" + agedNote}
	for _, one := range fund.Bands() {
		bands.Heads = append(bands.Heads, one.Title()+"（笔）", one.Title()+"（元）")
	}
	for _, g := range agedGroups() {
		row := []any{g.Text}
		for i := range fund.Bands() {
			row = append(row, int64(sums[g.ID].count[i]), inYuan(sums[g.ID].fen[i]))
		}
		bands.Rows = append(bands.Rows, row)
	}
	detail := report.Figures{Sheet: "明细", Heads: []string{"小区", "所在社区", "建设单位", "种类", "款项", "依据", "期限", "天数", "账龄", "还差（元）", "催缴次数", "第一次催缴", "最近一次催缴"}}
	for _, line := range lines {
		first, last := calendar.Date{}, calendar.Date{}
		if n := len(line.letters); n > 0 {
			first, last = line.letters[0].Day, line.letters[n-1].Day
		}
		detail.Rows = append(detail.Rows, []any{line.row.Ledger.Name, line.row.Ledger.Place, developers[line.row.Ledger.Developer()], registry.TextOf(agedGroups(), line.group), line.due.Phase, line.due.Document, line.due.Day, line.days,
			fund.Bands()[fund.BandOf(line.days)].Title(), inYuan(line.due.Open()), int64(len(line.letters)), first, last})
	}
	return sendFigures(c, "保修金账龄.xlsx", bands, detail)
}
