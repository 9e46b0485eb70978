package returns

import (
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/policy/policytest"
)

func day(t *testing.T, text string) calendar.Date {
	t.Helper()
	d, err := calendar.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestTerms reads and writes the terms of every rhythm, with the days, the term before and that of the year before counted by hand.
func TestTerms(t *testing.T) {
	for name, tt := range map[string]struct {
		form                                       Form
		day, id, first, last, words, before, later string
	}{
		"month":              {Form{Rhythm: Monthly}, "2026-10-19", "2026-10", "2026-10-01", "2026-10-31", "2026年10月", "2026-09", "2025-10"},
		"month that closes":  {Form{Rhythm: Monthly, Closes: 24}, "2026-10-24", "2026-10", "2026-09-25", "2026-10-24", "2026年10月", "2026-09", "2025-10"},
		"the day after":      {Form{Rhythm: Monthly, Closes: 24}, "2026-12-25", "2027-01", "2026-12-25", "2027-01-24", "2027年1月", "2026-12", "2026-01"},
		"closes on the 28th": {Form{Rhythm: Monthly, Closes: 28}, "2027-02-28", "2027-02", "2027-01-29", "2027-02-28", "2027年2月", "2027-01", "2026-02"},
		"quarter":            {Form{Rhythm: Quarterly}, "2026-10-19", "2026Q4", "2026-10-01", "2026-12-31", "2026年第四季度", "2026Q3", "2025Q4"},
		"year":               {Form{Rhythm: Yearly}, "2026-10-19", "2026", "2026-01-01", "2026-12-31", "2026年", "2025", "2025"},
		"week":               {Form{Rhythm: Weekly}, "2026-10-19", "2026W43", "2026-10-19", "2026-10-25", "2026年第43周", "2026W42", "2025W43"},
		"first week":         {Form{Rhythm: Weekly}, "2027-01-03", "2026W53", "2026-12-28", "2027-01-03", "2026年第53周", "2026W52", "2026W01"},
	} {
		f := tt.form
		term := f.TermOf(day(t, tt.day))
		if term.ID != tt.id || term.Span.First.String() != tt.first || term.Span.Last.String() != tt.last || term.Chinese() != tt.words {
			t.Errorf("%s: %s is in %+v, %s", name, tt.day, term, term.Chinese())
		}
		if again, err := f.Term(term.ID); err != nil || again != term {
			t.Errorf("%s: %s reads as %+v: %v", name, term.ID, again, err)
		}
		if before := f.before(term); before.ID != tt.before || before.Span.Last.Add(1) != term.Span.First {
			t.Errorf("%s: before is %+v", name, before)
		}
		if before := f.yearBefore(term); name != "first week" && before.ID != tt.later {
			t.Errorf("%s: a year before is %s", name, before.ID)
		}
	}
	for _, wrong := range []string{"", "2026", "2026-13", "2026Q5", "2026W54", "2026-1", "x"} {
		f := Form{Rhythm: Monthly, Title: "月报"}
		if _, err := f.Term(wrong); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q is a month: %v", wrong, err)
		}
	}
	for _, wrong := range []string{"2026W00", "2026W54", "2025W53", "2026Q1"} {
		f := Form{Rhythm: Weekly, Title: "周报"}
		if _, err := f.Term(wrong); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q is a week: %v", wrong, err)
		}
	}
}

// TestShippedReturns: the shipped file has every return of practice.md §6, and each measure is used or at least whole.
func TestShippedReturns(t *testing.T) {
	kinds := func(id string) bool { return strings.Contains("hazard dispute convenience service", id) }
	set, err := ParseReturns("returns.yaml", policytest.Config(t, "returns.yaml"), kinds)
	if err != nil {
		t.Fatal(fault.FieldsOf(err))
	}
	var titles []string
	for _, f := range set.All() {
		titles = append(titles, f.Title)
		for _, n := range f.Names() {
			if !f.knows(n.Name) {
				t.Errorf("%s does not know its own name %s", f.ID, n.Name)
			}
		}
	}
	if got := strings.Join(titles, " "); got != "物业行业月报 物业行业季报 物业行业年报 党建引领物业调度表 网格事项月报 物业类诉求通报 安全周报 季度检查通报 “五红社区”总表" {
		t.Error(got)
	}
	seen := map[string]bool{}
	for _, m := range Measures() {
		if seen[m.Key] || m.Name == "" || m.Unit == "" || m.How == "" || m.From == "" || !cellKey.MatchString(m.Key) {
			t.Errorf("measure %+v", m)
		}
		seen[m.Key] = true
		over, _ := Find(m.Over)
		of, _ := Find(m.Of)
		if m.rate() != (m.rows == nil) || m.rate() && (over == nil || of == nil || over.rate() || of.rate() || over.Takes != m.Takes || of.Takes != m.Takes) {
			t.Errorf("measure %s is neither a count nor a rate of two counts", m.Key)
		}
	}
}

// TestWrongReturns: every mistake of a file is told at its line.
func TestWrongReturns(t *testing.T) {
	const good = `returns:
  - id: trade_month
    title: 物业行业月报
    rhythm: month
    closes: 24
    due: {days: 1, rolls: true}
    to: 市局
    odd: 20
    cells:
      - {key: firms, measure: firms}
      - {key: hazards, measure: matters, of: hazard}
      - {key: served_rate, measure: served_rate}
    tables:
      - {id: by_township, title: 分乡镇, by: township, columns: [firms, hazards]}
`
	kinds := func(id string) bool { return id == "hazard" }
	if _, err := ParseReturns("r.yaml", []byte(good), kinds); err != nil {
		t.Fatal(fault.FieldsOf(err))
	}
	for name, tt := range map[string][3]string{
		"measure":           {"measure: firms}", "measure: firm}", "r.yaml:10:31 没有“firm”这个指标"},
		"kind":              {"of: hazard", "of: fire", "r.yaml:11:46 matters.yaml 里没有“fire”这个大类"},
		"no kind":           {"measure: firms}", "measure: firms, of: hazard}", "不能再分"},
		"cell address":      {"key: firms", "key: abc1", "不能用作 Excel 里的名称"},
		"twice":             {"key: hazards", "key: firms", "重复"},
		"rhythm":            {"rhythm: month", "rhythm: day", "要写 week、month"},
		"closes":            {"closes: 24", "closes: 31", "在 1 至 28 之间"},
		"due":               {"days: 1", "days: -1", "报送期限要在"},
		"odd":               {"odd: 20", "odd: 0", "要在 1 至 1000 之间"},
		"column":            {"columns: [firms", "columns: [staff", "没有“staff”这个指标"},
		"way":               {"by: township", "by: grid", "要写 township"},
		"subject of a firm": {"by: township", "by: subject", "不能这样分组"},
		"top of a rate":     {"columns: [firms, hazards]", "columns: [served_rate], most: 5", "是比率"},
		"by hand, counted":  {"measure: firms}", "measure: firms, title: 企业, how: 本局登记的, hand: {unit: 家}}", "人工填写的指标不写 measure"},
		"by hand, no words": {"measure: firms}", "hand: {unit: 家}}", "要写 how"},
		"by hand, bounds":   {"measure: firms}", "title: 企业, how: 本局登记的, hand: {unit: 家, least: \"5\", most: \"1.5\"}}", "最多 0 位小数"},
		"by hand, crossed":  {"measure: firms}", "title: 企业, how: 本局登记的, hand: {unit: 家, least: \"5\", most: \"1\"}}", "最大 1 小于最小 5"},
		"by hand, places":   {"measure: firms}", "title: 企业, how: 本局登记的, hand: {unit: 家, places: 5}}", "小数位数"},
		"by hand, grouped":  {"measure: firms}", "title: 企业, how: 本局登记的, hand: {unit: 家}}", "是人工填写的，不能分组"},
		"years":             {"measure: firms}", "measure: firms, years: 11}", "要在 1 至 10 之间（1 今年以来，2 去年以来）"},
		"years and a day":   {"measure: firms}", "measure: firms, years: 1, since: 2022-01-01}", "不与 since 同时写"},
		"by hand, added up": {"measure: firms}", "title: 企业, how: 本局登记的, years: 1, hand: {unit: 家}}", "人工填写的指标不写 measure"},
		"unknown key":       {"title: 物业行业月报", "titel: 物业行业月报", "titel"},
		"no cells":          {"    cells:", "    as: other\n    cells:", "前面没有“other”"},
	} {
		wrong := strings.Replace(good, tt[0], tt[1], 1)
		_, err := ParseReturns("r.yaml", []byte(wrong), kinds)
		var said []string
		for _, f := range fault.FieldsOf(err) {
			said = append(said, f.Name+" "+f.Message)
		}
		if !fault.Is(err, fault.Invalid) || !strings.Contains(strings.Join(said, "\n"), tt[2]) {
			t.Errorf("%s: %v\n%s", name, err, strings.Join(said, "\n"))
		}
	}
}
