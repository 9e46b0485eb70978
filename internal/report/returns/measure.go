package returns

import (
	"context"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/registry"
	"redsteward/registry/handover"
	"redsteward/registry/station"
	"redsteward/supervision/deliberation"
	"redsteward/supervision/inspection"
	"redsteward/supervision/matter"
	"redsteward/supervision/rectification"
	"redsteward/supervision/wish"
)

// By is how a table groups rows.
type By string

// The ways of a table.
const (
	ByTownship  By = "township"
	ByCommunity By = "community"
	ByCompound  By = "compound"
	ByFirm      By = "firm"
	// BySubject groups matters by what is told again and again: a compound, or a community without one, and a category.
	BySubject By = "subject"
)

// Param is what a measure takes besides, to narrow what it counts.
type Param string

// The params.
const (
	// NoParam: nothing.
	NoParam Param = ""
	// KindParam: a kind of matters.yaml.
	KindParam Param = "kind"
)

// Measure is one thing that can be counted. It is declared once, in Measures.
type Measure struct {
	// Key names it in returns.yaml, Name is what people call it, Unit its unit.
	Key, Name, Unit string
	// How says how it is counted (口径), From in which register.
	How, From string
	// Takes is what it takes besides.
	Takes Param
	// Places is how many decimals are shown.
	Places int
	// Over and Of make a rate or a mean of two other measures, "" for all others; Percent shows it in percent. Least: below as many of Of as the boards ask for there is no rate.
	Over, Of string
	Percent  bool
	Least    bool

	// rows adds what counts in some days to a list.
	rows func(ctx context.Context, l *loaded, span calendar.Span, of string, add func(counted)) error
}

// rate reports whether it is made of two others.
func (m *Measure) rate() bool { return m.Over != "" }

// Find is the measure of a key.
func Find(key string) (*Measure, bool) {
	i := slices.IndexFunc(measures, func(m Measure) bool { return m.Key == key })
	if i < 0 {
		return nil, false
	}
	return &measures[i], true
}

// Measures are all measures in the order of their registers.
func Measures() []Measure { return slices.Clone(measures) }

var one = num.FromInt(1)

// when is n if it counts, else nothing.
func when(counts bool, n int64) num.Num {
	if !counts {
		return num.Num{}
	}
	return num.FromInt(n)
}

// placed are the groups of what lies in a place.
func placed(p registry.Place) map[By]registry.Choice {
	g := map[By]registry.Choice{ByTownship: {ID: p.Township, Text: p.TownshipName}, ByCommunity: {ID: p.Community, Text: p.CommunityName}, ByCompound: {ID: p.Project, Text: p.Name}}
	if p.Firm != "" {
		g[ByFirm] = registry.Choice{ID: p.Firm, Text: p.FirmName}
	}
	return g
}

// compounds counts the compounds of the last day.
func compounds(n func(*registry.CoverageRow) num.Num) func(context.Context, *loaded, calendar.Span, string, func(counted)) error {
	return func(ctx context.Context, l *loaded, span calendar.Span, _ string, add func(counted)) error {
		rows, err := l.compoundsOn(ctx, span.Last)
		for i := range rows {
			r := &rows[i]
			if x := n(r); !x.IsZero() {
				add(counted{Row{Of: OfProject, ID: r.Project, Name: r.Name, Sub: r.TownshipName + " " + r.CommunityName, N: x}, []string{r.Township}, placed(r.Place)})
			}
		}
		return err
	}
}

// firms counts the firms that hold a compound on the last day.
func firms(n func(*servingFirm) num.Num) func(context.Context, *loaded, calendar.Span, string, func(counted)) error {
	return func(ctx context.Context, l *loaded, span calendar.Span, _ string, add func(counted)) error {
		list, err := l.firmsOn(ctx, span.Last)
		for i := range list {
			f := &list[i]
			if x := n(f); !x.IsZero() {
				add(counted{Row{Of: OfFirm, ID: f.id, Name: f.firm.Name, Sub: partyWord(f.party.Form), N: x}, f.towns, map[By]registry.Choice{ByFirm: {ID: f.id, Text: f.firm.Name}}})
			}
		}
		return err
	}
}

func partyWord(form registry.PartyForm) string {
	if form == "" {
		return ""
	}
	return registry.TextOf(registry.PartyForms(), form)
}

// matters counts the matters that were reported in the days, of one kind if one is asked for.
func matters(m matter.Measure) func(context.Context, *loaded, calendar.Span, string, func(counted)) error {
	return func(ctx context.Context, l *loaded, span calendar.Span, of string, add func(counted)) error {
		list, err := l.mattersIn(ctx, span)
		if err != nil {
			return err
		}
		today := l.from.Register.On(ctx)
		for i := range list {
			c := &list[i]
			if of != "" && c.Kind != of || !c.Is(m, today) {
				continue
			}
			town, err := l.division(ctx, c.Township)
			if err != nil {
				return err
			}
			where, id := c.CommunityName, c.Community
			if c.Project != "" {
				where, id = c.CommunityName+" "+c.ProjectName, c.Project
			}
			groups := map[By]registry.Choice{ByTownship: {ID: c.Township, Text: town}, ByCommunity: {ID: c.Community, Text: c.CommunityName}, BySubject: {ID: id + "." + c.Category, Text: where + "：" + c.CategoryTitle}}
			if c.Project != "" {
				groups[ByCompound] = registry.Choice{ID: c.Project, Text: c.ProjectName}
			}
			add(counted{Row{Of: OfMatter, ID: c.ID, Name: c.CategoryTitle, Sub: where, Day: c.Day, N: one}, []string{c.Township}, groups})
		}
		return nil
	}
}

// cases counts papers about what was found wrong; last is the last day.
func cases(n func(c *rectification.Case, span calendar.Span) num.Num) func(context.Context, *loaded, calendar.Span, string, func(counted)) error {
	return func(ctx context.Context, l *loaded, span calendar.Span, _ string, add func(counted)) error {
		list, err := l.allCases(ctx)
		for i := range list {
			c := &list[i].State
			x := n(c, span)
			if x.IsZero() {
				continue
			}
			at, err := l.place(ctx, c.Project, span.Last)
			if err != nil {
				return err
			}
			add(counted{Row{Of: OfCase, ID: list[i].ID, Name: c.Name, Sub: c.Sheet + "，" + c.State.Title(), Day: c.Drafted, N: x}, []string{at.Township}, placed(at.Place)})
		}
		return err
	}
}

// written reports whether a paper stands: a draft or what was withdrawn is none.
func written(c *rectification.Case) bool {
	return c.Served != nil || c.State == rectification.HandedOn || c.State == rectification.Settled
}

// openOn reports whether a paper stood and was not closed at the end of a day.
func openOn(c *rectification.Case, day calendar.Date) bool {
	return written(c) && c.Drafted.Compare(day) <= 0 && (c.Closed.IsZero() || c.Closed.Compare(day) > 0)
}

// checks counts inspections (行政检查) whose record was signed.
func checks(n func(c *inspection.Inspection) num.Num) func(context.Context, *loaded, calendar.Span, string, func(counted)) error {
	return func(ctx context.Context, l *loaded, span calendar.Span, _ string, add func(counted)) error {
		list, err := l.allChecks(ctx)
		for i := range list {
			c := &list[i].State
			if !span.Has(c.Opened) || c.State != inspection.Recorded && c.State != inspection.Told {
				continue
			}
			at, err := l.place(ctx, c.Project, span.Last)
			if err != nil {
				return err
			}
			if x := n(c); !x.IsZero() {
				add(counted{Row{Of: OfCheck, ID: list[i].ID, Name: c.Name, Sub: c.FirmName, Day: c.Opened, N: x}, []string{at.Township}, placed(at.Place)})
			}
		}
		return err
	}
}

// visits counts visits (走访评价) that were accepted.
func visits(ctx context.Context, l *loaded, span calendar.Span, _ string, add func(counted)) error {
	list, err := l.visitsIn(ctx, span)
	for _, v := range list {
		at, err := l.place(ctx, v.Project, span.Last)
		if err != nil {
			return err
		}
		add(counted{Row{Of: OfVisit, ID: v.Visit, Name: at.Name, Sub: at.TownshipName + " " + at.CommunityName, Day: v.Day, N: one}, []string{at.Township}, placed(at.Place)})
	}
	return err
}

// handovers counts handover inspections (承接查验).
func handovers(counts func(h *handover.Handover, span calendar.Span) (calendar.Date, bool)) func(context.Context, *loaded, calendar.Span, string, func(counted)) error {
	return func(ctx context.Context, l *loaded, span calendar.Span, _ string, add func(counted)) error {
		list, err := l.allHandovers(ctx)
		for i := range list {
			h := &list[i].State
			day, ok := counts(h, span)
			if !ok {
				continue
			}
			at, err := l.place(ctx, h.Project, span.Last)
			if err != nil {
				return err
			}
			add(counted{Row{Of: OfHandover, ID: list[i].ID, Name: h.Title(), Sub: h.State.Title(), Day: day, N: one}, []string{at.Township}, placed(at.Place)})
		}
		return err
	}
}

// money adds up what moved the bank account of the fund, in yuan.
func money(n func(day calendar.Date, fen int64, span calendar.Span) int64) func(context.Context, *loaded, calendar.Span, string, func(counted)) error {
	return func(ctx context.Context, l *loaded, span calendar.Span, _ string, add func(counted)) error {
		list, err := l.allMoney(ctx)
		for i := range list {
			b := &list[i]
			fen := n(b.Day, b.Fen, span)
			if fen == 0 {
				continue
			}
			at, err := l.place(ctx, b.Project, span.Last)
			if err != nil {
				return err
			}
			add(counted{Row{Of: OfFund, ID: b.Project, Name: b.Name, Sub: b.Text, Day: b.Day, N: num.FromFrac(fen, 100)}, []string{at.Township}, placed(at.Place)})
		}
		return err
	}
}

// meetings counts meetings (议事会) that were held.
func meetings(ctx context.Context, l *loaded, span calendar.Span, _ string, add func(counted)) error {
	list, err := l.allMeetings(ctx)
	for i := range list {
		if m := &list[i].State; span.Has(m.On) && (m.State == deliberation.Held || m.State == deliberation.Archived) {
			add(counted{Row{Of: OfMeeting, ID: list[i].ID, Name: m.Kind.Title, Sub: m.Place(), Day: m.On, N: one}, []string{m.Township}, nil})
		}
	}
	return err
}

// solved counts items of a deliberation that were solved.
func solved(ctx context.Context, l *loaded, span calendar.Span, _ string, add func(counted)) error {
	list, err := l.allItems(ctx)
	for i := range list {
		if t := &list[i].State; t.State == deliberation.Done && span.Has(t.Ended) {
			add(counted{Row{Of: OfItem, ID: list[i].ID, Name: t.Name(), Sub: t.Place(), Day: t.Ended, N: one}, []string{t.Township}, nil})
		}
	}
	return err
}

// wishes counts small wishes or errands by a day of theirs.
func wishes(errand bool, day func(w *wish.Wish) calendar.Date) func(context.Context, *loaded, calendar.Span, string, func(counted)) error {
	return func(ctx context.Context, l *loaded, span calendar.Span, _ string, add func(counted)) error {
		list, err := l.allWishes(ctx)
		for i := range list {
			w := &list[i].State
			if d := day(w); (w.Order == wish.OrderErrand) == errand && !d.IsZero() && span.Has(d) {
				add(counted{Row{Of: OfWish, ID: list[i].ID, Name: w.KindTitle, Sub: w.Place(), Day: d, N: one}, []string{w.Township}, nil})
			}
		}
		return err
	}
}

// entries counts rows of a book.
func entries(book string, n func(values map[string]string, span calendar.Span) (calendar.Date, num.Num)) func(context.Context, *loaded, calendar.Span, string, func(counted)) error {
	return func(ctx context.Context, l *loaded, span calendar.Span, _ string, add func(counted)) error {
		list, err := l.rows(ctx, book)
		for i := range list {
			r := &list[i]
			day, x := n(r.Values, span)
			if x.IsZero() {
				continue
			}
			town, err := l.townOf(ctx, r.Community)
			if err != nil {
				return err
			}
			// The name of a row can be a person's; its number in the community is not.
			name := r.Name
			if book == bookWorkers {
				name = r.Values["code"]
			}
			add(counted{Row{Of: OfBook, ID: book + "/" + r.ID, Name: name, Sub: r.CommunityName, Day: day, N: x}, []string{town}, map[By]registry.Choice{ByTownship: {ID: town, Text: r.TownshipName}, ByCommunity: {ID: r.Community, Text: r.CommunityName}}})
		}
		return err
	}
}

// The books that measures read beside those that the register names.
const (
	bookWorkers = "workers"
	bookHandled = "handled"
)

// dayOf is a stored day, no date for none.
func dayOf(text string) calendar.Date {
	day, _ := calendar.ParseDate(text) // the register took nothing else
	return day
}

// numberOf is a stored number, zero for none.
func numberOf(text string) num.Num {
	n, _ := num.Parse(text) // the register took nothing else
	return n
}

// inUse reports whether a row with first and last day holds on a day; without a first day it is taken to hold.
func inUse(v map[string]string, day calendar.Date) bool {
	from, until := dayOf(v["from"]), dayOf(v["until"])
	return from.Compare(day) <= 0 && (until.IsZero() || until.Compare(day) >= 0)
}

// held counts rows that hold on the last day: how many, or what a column of theirs adds up to.
func held(column string) func(map[string]string, calendar.Span) (calendar.Date, num.Num) {
	return func(v map[string]string, span calendar.Span) (calendar.Date, num.Num) {
		switch {
		case !inUse(v, span.Last):
			return calendar.Date{}, num.Num{}
		case column == "":
			return dayOf(v["from"]), one
		}
		return dayOf(v["from"]), numberOf(v[column])
	}
}

// within adds up a column of rows whose day lies in the days.
func within(day, column string) func(map[string]string, calendar.Span) (calendar.Date, num.Num) {
	return func(v map[string]string, span calendar.Span) (calendar.Date, num.Num) {
		d := dayOf(v[day])
		if d.IsZero() || !span.Has(d) {
			return d, num.Num{}
		}
		return d, numberOf(v[column])
	}
}

// premises adds up the m² of premises that are in use on the last day.
func premises(v map[string]string, span calendar.Span) (calendar.Date, num.Num) {
	if !registry.PremisesInUse(v, span.Last) {
		return calendar.Date{}, num.Num{}
	}
	return dayOf(v["from"]), numberOf(v["area"])
}

// solvedPremises counts premises whose problem was solved (销号) in the days.
func solvedPremises(v map[string]string, span calendar.Span) (calendar.Date, num.Num) {
	d := dayOf(v["solved"])
	return d, when(!d.IsZero() && span.Has(d), 1)
}

// models counts named 红色达人.
func models(ctx context.Context, l *loaded, span calendar.Span, _ string, add func(counted)) error {
	list, err := l.allModels(ctx)
	for i := range list {
		m := &list[i]
		named := m.State == station.ModelNamed || m.State == station.ModelEnded && m.Ended.Compare(span.Last) > 0
		if named && m.Day.Compare(span.Last) <= 0 {
			add(counted{Row{Of: OfModel, ID: m.ID, Name: "红色达人", Sub: m.CommunityName, Day: m.Day, N: one}, []string{m.Township}, map[By]registry.Choice{ByCommunity: {ID: m.Community, Text: m.CommunityName}}})
		}
	}
	return err
}

// grids counts the grids of the last day.
func grids(n func(g registry.GridFacts) int64) func(context.Context, *loaded, calendar.Span, string, func(counted)) error {
	return func(ctx context.Context, l *loaded, span calendar.Span, _ string, add func(counted)) error {
		list, err := l.gridsOn(ctx, span.Last)
		for i := range list {
			g := &list[i]
			x := n(g.Grid)
			if x == 0 {
				continue
			}
			town, err := l.townOf(ctx, g.Parent)
			if err != nil {
				return err
			}
			name, err := l.division(ctx, g.Parent)
			if err != nil {
				return err
			}
			add(counted{Row{Of: OfDivision, ID: g.ID, Name: g.Display, Sub: name, N: num.FromInt(x)}, []string{town}, map[By]registry.Choice{ByCommunity: {ID: g.Parent, Text: name}}})
		}
		return err
	}
}

// communities counts the communities in which a compound lies.
func communities(ctx context.Context, l *loaded, span calendar.Span, _ string, add func(counted)) error {
	rows, err := l.compoundsOn(ctx, span.Last)
	seen := map[string]bool{}
	for i := range rows {
		r := &rows[i]
		if !seen[r.Community] {
			seen[r.Community] = true
			add(counted{Row{Of: OfDivision, ID: r.Community, Name: r.CommunityName, Sub: r.TownshipName, N: one}, []string{r.Township}, map[By]registry.Choice{ByTownship: {ID: r.Township, Text: r.TownshipName}, ByCommunity: {ID: r.Community, Text: r.CommunityName}}})
		}
	}
	return err
}

// together counts what confirmed sheets of party organisations tell of the five things done together (五个共): the sheets that have one at all, or the activities of one kind.
func together(kind string) func(context.Context, *loaded, calendar.Span, string, func(counted)) error {
	return func(ctx context.Context, l *loaded, span calendar.Span, _ string, add func(counted)) error {
		list, err := l.sheetsIn(ctx, span)
		for i := range list {
			sheet := &list[i]
			n := int64(0)
			for _, line := range sheet.Lines {
				if span.Has(line.Day) && line.Kind.Together() && (kind == "" || string(line.Kind) == kind) {
					n++
				}
			}
			if kind == "" {
				n = min(n, 1)
			}
			if n == 0 {
				continue
			}
			town, err := l.townOf(ctx, sheet.Community)
			if err != nil {
				return err
			}
			add(counted{Row{Of: OfPartyWork, ID: sheet.Firm + "/" + sheet.Community + "/" + sheet.Quarter, Name: sheet.FirmName, Sub: sheet.CommunityName + "，" + sheet.Quarter, N: num.FromInt(n)}, []string{town}, map[By]registry.Choice{ByFirm: {ID: sheet.Firm, Text: sheet.FirmName}, ByCommunity: {ID: sheet.Community, Text: sheet.CommunityName}}})
		}
		return err
	}
}

// pairs counts the communities that each firm serves: a pair of firm and community.
func pairs(ctx context.Context, l *loaded, span calendar.Span, _ string, add func(counted)) error {
	rows, err := l.compoundsOn(ctx, span.Last)
	seen := map[string]bool{}
	for i := range rows {
		r := &rows[i]
		if r.Firm == "" || seen[r.Firm+"/"+r.Community] {
			continue
		}
		seen[r.Firm+"/"+r.Community] = true
		add(counted{Row{Of: OfFirm, ID: r.Firm, Name: r.FirmName, Sub: r.CommunityName, N: one}, []string{r.Township}, map[By]registry.Choice{ByFirm: {ID: r.Firm, Text: r.FirmName}, ByCommunity: {ID: r.Community, Text: r.CommunityName}}})
	}
	return err
}

// scores adds up the published scores of the quarter of the last day, or counts them.
func scores(n func(total num.Num) num.Num) func(context.Context, *loaded, calendar.Span, string, func(counted)) error {
	return func(ctx context.Context, l *loaded, span calendar.Span, _ string, add func(counted)) error {
		quarter, list, err := l.scoresOf(ctx, span.Last)
		for i := range list {
			r := &list[i]
			if r.Total == nil {
				continue
			}
			at, err := l.place(ctx, r.Project, span.Last)
			if err != nil {
				return err
			}
			if x := n(*r.Total); !x.IsZero() {
				add(counted{Row{Of: OfScore, ID: quarter + "/" + r.Project, Name: r.Name, Sub: r.Firm, N: x}, []string{at.Township}, placed(at.Place)})
			}
		}
		return err
	}
}

// passing is the score from which a compound is qualified (合格), as the grades of the year say it.
var passing = num.FromInt(60)

var measures = []Measure{
	{Key: "communities", Name: "城市社区", Unit: "个", From: "小区登记", How: "报告期末有登记小区的社区", rows: communities},
	{Key: "projects", Name: "住宅小区", Unit: "个", From: "小区登记", How: "报告期末登记的小区", rows: compounds(func(*registry.CoverageRow) num.Num { return one })},
	{Key: "households", Name: "小区户数", Unit: "户", From: "小区登记", How: "报告期末登记的小区户数之和", rows: compounds(func(r *registry.CoverageRow) num.Num { return num.FromInt(r.Households) })},
	{Key: "area", Name: "小区建筑面积", Unit: "平方米", Places: 2, From: "小区登记", How: "报告期末登记的小区建筑面积之和，没有登记面积的不计", rows: compounds(func(r *registry.CoverageRow) num.Num { return r.Area })},
	{Key: "served", Name: "有物业服务的小区", Unit: "个", From: "物业服务覆盖", How: "报告期末有合同生效的小区，含国有兜底、应急托管和部分分期无合同的", rows: compounds(func(r *registry.CoverageRow) num.Num { return when(r.Form.Served(), 1) })},
	{Key: "served_area", Name: "在管面积", Unit: "平方米", Places: 2, From: "物业服务覆盖", How: "报告期末有合同生效的小区的建筑面积之和", rows: compounds(func(r *registry.CoverageRow) num.Num {
		if !r.Form.Served() {
			return num.Num{}
		}
		return r.Area
	})},
	{Key: "served_state", Name: "国有兜底", Unit: "个", From: "物业服务覆盖", How: "报告期末由国有物业服务企业兜底的小区", rows: covered(registry.CoverState)},
	{Key: "served_market", Name: "市场化服务", Unit: "个", From: "物业服务覆盖", How: "报告期末由市场化企业服务的小区", rows: covered(registry.CoverMarket)},
	{Key: "served_custody", Name: "应急托管", Unit: "个", From: "物业服务覆盖", How: "报告期末在应急托管期内的小区", rows: covered(registry.CoverCustody)},
	{Key: "unserved", Name: "没有物业服务的小区", Unit: "个", From: "物业服务覆盖", How: "报告期末没有合同生效的小区", rows: covered(registry.CoverNone)},
	{Key: "served_rate", Name: "物业服务覆盖率", Unit: "%", Places: 1, Percent: true, Over: "served", Of: "projects", From: "物业服务覆盖", How: "有物业服务的小区占登记小区"},
	{Key: "bodies", Name: "成立业主组织的小区", Unit: "个", From: "小区登记", How: "报告期末业委会或者物管会在任期内的小区", rows: bodies(func(registry.Body) int64 { return 1 })},
	{Key: "body_members", Name: "业主组织委员", Unit: "人", From: "小区登记", How: "报告期末在任期内的业委会、物管会委员数", rows: bodies(func(b registry.Body) int64 { return b.Members })},
	{Key: "body_party", Name: "委员中的党员", Unit: "人", From: "小区登记", How: "报告期末在任期内的业委会、物管会委员中的党员数，只登记人数", rows: bodies(func(b registry.Body) int64 { return b.PartyMembers })},
	{Key: "body_party_rate", Name: "委员中党员比例", Unit: "%", Places: 1, Percent: true, Over: "body_party", Of: "body_members", From: "小区登记", How: "委员中的党员占业主组织委员"},

	{Key: "firms", Name: "物业服务企业", Unit: "家", From: "企业登记", How: "报告期末有小区在管的企业；一家企业在几个乡镇服务的，各乡镇都计，全县只计一次", rows: firms(func(*servingFirm) num.Num { return one })},
	{Key: "firms_outside", Name: "外地企业分公司", Unit: "家", From: "企业登记", How: "有小区在管的企业中登记了总公司的", rows: firms(func(f *servingFirm) num.Num { return when(f.firm.HeadName != "", 1) })},
	{Key: "staff", Name: "从业人员", Unit: "人", From: "企业登记", How: "有小区在管的企业登记的本县从业人员之和", rows: firms(func(f *servingFirm) num.Num { return num.FromInt(f.firm.Staff) })},
	{Key: "managers", Name: "项目负责人", Unit: "人", From: "企业登记", How: "有小区在管的企业登记的项目负责人之和", rows: firms(func(f *servingFirm) num.Num { return num.FromInt(f.firm.Managers) })},
	{Key: "party_must", Name: "应建党支部的企业", Unit: "家", From: "党组织覆盖", How: "报告期末有 3 名以上正式党员的在管企业", rows: firms(func(f *servingFirm) num.Num { return when(f.party.MustForm(), 1) })},
	{Key: "party_formed", Name: "应建已建的企业", Unit: "家", From: "党组织覆盖", How: "应建党支部的企业中已经单建或者联建的", rows: firms(func(f *servingFirm) num.Num { return when(f.party.MustForm() && branch(f), 1) })},
	{Key: "party_rate", Name: "党支部组建率", Unit: "%", Places: 1, Percent: true, Over: "party_formed", Of: "party_must", From: "党组织覆盖", How: "应建已建的企业占应建党支部的企业"},
	{Key: "party_own", Name: "单建", Unit: "家", From: "党组织覆盖", How: "报告期末单独建立党支部的在管企业", rows: formed(registry.PartyOwn)},
	{Key: "party_joint", Name: "联建", Unit: "家", From: "党组织覆盖", How: "报告期末联合建立党支部的在管企业", rows: formed(registry.PartyJoint)},
	{Key: "party_instructor", Name: "选派党建指导员", Unit: "家", From: "党组织覆盖", How: "报告期末选派了党建指导员的在管企业", rows: formed(registry.PartyInstructor)},
	{Key: "party_branches", Name: "有党支部的企业", Unit: "家", From: "党组织覆盖", How: "单建和联建合计", rows: firms(func(f *servingFirm) num.Num { return when(branch(f), 1) })},
	{Key: "party_covered", Name: "党的组织和工作覆盖的企业", Unit: "家", From: "党组织覆盖", How: "单建、联建和选派指导员合计", rows: firms(func(f *servingFirm) num.Num { return when(f.party.Covered(), 1) })},
	{Key: "party_none", Name: "没有覆盖的企业", Unit: "家", From: "党组织覆盖", How: "在管企业中三种形式都没有的", rows: firms(func(f *servingFirm) num.Num { return when(!f.party.Covered(), 1) })},
	{Key: "party_covered_rate", Name: "党的组织和工作覆盖率", Unit: "%", Places: 1, Percent: true, Over: "party_covered", Of: "firms", From: "党组织覆盖", How: "单建、联建和选派指导员的企业占在管企业"},
	{Key: "party_members", Name: "企业党员", Unit: "人", From: "党组织覆盖", How: "报告期末在管企业登记的党员数，只登记人数", rows: firms(func(f *servingFirm) num.Num { return num.FromInt(f.party.Members) })},
	{Key: "crossing", Name: "交叉任职", Unit: "人", From: "交叉任职台账", How: "项目负责人在社区党组织兼职的人数，一人兼几职计一人", rows: firms(func(f *servingFirm) num.Num { return num.FromInt(f.crossing) })},
	{Key: "together_pairs", Name: "企业与社区应结对", Unit: "对", From: "党建台账", How: "报告期末每家企业与它服务的每个社区计一对", rows: pairs},
	{Key: "together", Name: "开展五个共的台账", Unit: "份", From: "党建台账", How: "报告期内有组织共建、阵地共用、党课共上、活动共办、工作共抓任一项并已逐级确认的台账", rows: together("")},
	{Key: "together_organised", Name: "组织共建", Unit: "次", From: "党建台账", How: "报告期内已逐级确认的组织共建活动", rows: together("co_organisation")},
	{Key: "together_place", Name: "阵地共用", Unit: "次", From: "党建台账", How: "报告期内已逐级确认的阵地共用活动", rows: together("co_place")},
	{Key: "together_lecture", Name: "党课共上", Unit: "次", From: "党建台账", How: "报告期内已逐级确认的党课共上活动", rows: together("co_lecture")},
	{Key: "together_activity", Name: "活动共办", Unit: "次", From: "党建台账", How: "报告期内已逐级确认的活动共办", rows: together("co_activity")},
	{Key: "together_work", Name: "工作共抓", Unit: "次", From: "党建台账", How: "报告期内已逐级确认的工作共抓", rows: together("co_work")},

	{Key: "grids", Name: "网格", Unit: "个", From: "行政区划与网格", How: "报告期末的网格", rows: grids(func(registry.GridFacts) int64 { return 1 })},
	{Key: "grid_households", Name: "网格户数", Unit: "户", From: "行政区划与网格", How: "网格登记的户数之和", rows: grids(func(g registry.GridFacts) int64 { return g.Households })},
	{Key: "residents", Name: "常住居民", Unit: "人", From: "行政区划与网格", How: "报告期末的网格登记的常住居民之和，没有登记的不计", rows: grids(func(g registry.GridFacts) int64 { return g.Residents })},
	{Key: "grid_workers", Name: "专职网格员", Unit: "人", From: "行政区划与网格", How: "网格登记的专职网格员之和", rows: grids(func(g registry.GridFacts) int64 { return g.FullTime })},
	{Key: "grid_part_time", Name: "兼职网格员", Unit: "人", From: "行政区划与网格", How: "网格登记的兼职网格员之和", rows: grids(func(g registry.GridFacts) int64 { return g.PartTime })},
	{Key: "grid_branches", Name: "网格党支部（党小组）", Unit: "个", From: "行政区划与网格", How: "网格登记的党支部（党小组）之和，小区党支部按网格登记", rows: grids(func(g registry.GridFacts) int64 { return g.Branches })},
	{Key: "grid_groups", Name: "楼栋党小组", Unit: "个", From: "行政区划与网格", How: "网格登记的楼栋党小组之和", rows: grids(func(g registry.GridFacts) int64 { return g.Groups })},
	{Key: "grid_homes", Name: "党员中心户", Unit: "户", From: "行政区划与网格", How: "网格登记的党员中心户之和", rows: grids(func(g registry.GridFacts) int64 { return g.Homes })},

	{Key: "matters", Name: "上报事项", Unit: "件", Takes: KindParam, From: "事项", How: "报告期内上报的事项，含后来并入别件的", rows: matters(matter.MeasureReported)},
	{Key: "matters_repeated", Name: "重复事项", Unit: "件", Takes: KindParam, From: "事项", How: "报告期内上报的事项中并入别件的和上报人要求重新办理的", rows: matters(matter.MeasureRepeated)},
	{Key: "matters_closed", Name: "办结事项", Unit: "件", Takes: KindParam, From: "事项", How: "报告期内上报的事项中到取数时已经办结的", rows: matters(matter.MeasureClosed)},
	{Key: "matters_solved", Name: "已解决事项", Unit: "件", Takes: KindParam, From: "事项", How: "报告期内上报的事项中到取数时办结并且已解决的", rows: matters(matter.MeasureSolved)},
	{Key: "matters_open", Name: "没有办结", Unit: "件", Takes: KindParam, From: "事项", How: "报告期内上报的事项中到取数时还没有办结的", rows: matters(matter.MeasureOpen)},
	{Key: "matters_late", Name: "逾期没有办结", Unit: "件", Takes: KindParam, From: "事项", How: "没有办结的事项中到取数时期限已过的", rows: matters(matter.MeasureLate)},
	{Key: "matters_due", Name: "应答复", Unit: "件", Takes: KindParam, From: "事项", How: "报告期内上报的事项中已答复的，和期限已过还没有答复的", rows: matters(matter.MeasureDue)},
	{Key: "matters_in_time", Name: "按期答复", Unit: "件", Takes: KindParam, From: "事项", How: "应答复的事项中按期答复的", rows: matters(matter.MeasureInTime)},
	{Key: "matters_asked", Name: "问到上报人", Unit: "件", Takes: KindParam, From: "事项", How: "报告期内上报的事项中问到上报人是否满意的", rows: matters(matter.MeasureAsked)},
	{Key: "matters_pleased", Name: "满意和基本满意", Unit: "件", Takes: KindParam, From: "事项", How: "问到上报人的事项中满意和基本满意的", rows: matters(matter.MeasurePleased)},
	{Key: "matters_solved_rate", Name: "解决率", Unit: "%", Takes: KindParam, Places: 1, Percent: true, Least: true, Over: "matters_solved", Of: "matters_closed", From: "事项", How: "已解决占办结；件数太少的只报件数"},
	{Key: "matters_in_time_rate", Name: "按期率", Unit: "%", Takes: KindParam, Places: 1, Percent: true, Least: true, Over: "matters_in_time", Of: "matters_due", From: "事项", How: "按期答复占应答复；件数太少的只报件数"},
	{Key: "matters_pleased_rate", Name: "满意率", Unit: "%", Takes: KindParam, Places: 1, Percent: true, Least: true, Over: "matters_pleased", Of: "matters_asked", From: "事项", How: "满意和基本满意占问到上报人的；件数太少的只报件数"},

	{Key: "visits", Name: "走访评价", Unit: "次", From: "走访评价", How: "报告期内完成并经审核的走访评价，双评各计一次，表上写明不计入评价的互评不计", rows: visits},
	{Key: "checks", Name: "行政检查", Unit: "次", From: "行政检查", How: "报告期内开始并已签笔录的行政检查", rows: checks(func(*inspection.Inspection) num.Num { return one })},
	{Key: "checks_found", Name: "检查发现问题", Unit: "项", From: "行政检查", How: "报告期内行政检查笔录中不符合的检查项", rows: checks(func(c *inspection.Inspection) num.Num { return num.FromInt(c.Found) })},
	{Key: "problems", Name: "交办问题", Unit: "项", From: "整改", How: "报告期内起草并已送达或者移送的整改文书所列问题", rows: cases(func(c *rectification.Case, span calendar.Span) num.Num {
		return when(written(c) && span.Has(c.Drafted), int64(len(c.Findings)))
	})},
	{Key: "papers", Name: "整改文书", Unit: "份", From: "整改", How: "报告期内起草并已送达或者移送的整改文书", rows: cases(func(c *rectification.Case, span calendar.Span) num.Num {
		return when(written(c) && span.Has(c.Drafted), 1)
	})},
	{Key: "problems_fixed", Name: "整改到位", Unit: "项", From: "整改", How: "报告期内办结的整改文书中核实已整改的问题", rows: cases(func(c *rectification.Case, span calendar.Span) num.Num {
		n := int64(0)
		for i := range c.Findings {
			if c.Findings[i].Fixed {
				n++
			}
		}
		return when(!c.Closed.IsZero() && span.Has(c.Closed), n)
	})},
	{Key: "problems_open", Name: "正在整改", Unit: "份", From: "整改", How: "报告期末已送达或者移送而没有办结的整改文书", rows: cases(func(c *rectification.Case, span calendar.Span) num.Num { return when(openOn(c, span.Last), 1) })},
	{Key: "problems_late", Name: "逾期没有整改", Unit: "份", From: "整改", How: "正在整改的文书中，整改期限到报告期末已过、到取数时还在等企业整改的", rows: cases(func(c *rectification.Case, span calendar.Span) num.Num {
		return when(openOn(c, span.Last) && c.State == rectification.Running && c.Clock.Resolved() && c.Clock.Due.Compare(span.Last) < 0, 1)
	})},

	{Key: "handovers", Name: "完成承接查验", Unit: "次", From: "承接查验", How: "报告期内办理交接的承接查验，分期的各计一次", rows: handovers(func(h *handover.Handover, span calendar.Span) (calendar.Date, bool) {
		return h.Transferred, !h.Transferred.IsZero() && span.Has(h.Transferred)
	})},
	{Key: "handovers_filed", Name: "承接查验备案", Unit: "次", From: "承接查验", How: "报告期内备案的承接查验", rows: handovers(func(h *handover.Handover, span calendar.Span) (calendar.Date, bool) {
		return h.Filed, !h.Filed.IsZero() && span.Has(h.Filed)
	})},
	{Key: "handovers_running", Name: "正在承接查验", Unit: "次", From: "承接查验", How: "报告期末已经开始而没有备案的承接查验，到取数时已经取消的不计", rows: handovers(func(h *handover.Handover, span calendar.Span) (calendar.Date, bool) {
		return h.Opened, h.State != handover.Cancelled && h.Opened.Compare(span.Last) <= 0 && (h.Filed.IsZero() || h.Filed.Compare(span.Last) > 0)
	})},
	{Key: "fund_opening", Name: "保修金期初余额", Unit: "元", Places: 2, From: "保修金", How: "报告期第一天以前银行账户的收支相抵", rows: money(func(day calendar.Date, fen int64, span calendar.Span) int64 {
		return fenWhen(day.Compare(span.First) < 0, fen)
	})},
	{Key: "fund_in", Name: "保修金本期收入", Unit: "元", Places: 2, From: "保修金", How: "报告期内进银行账户的，含利息和退回的款项", rows: money(func(day calendar.Date, fen int64, span calendar.Span) int64 {
		return fenWhen(span.Has(day) && fen > 0, fen)
	})},
	{Key: "fund_out", Name: "保修金本期支出", Unit: "元", Places: 2, From: "保修金", How: "报告期内出银行账户的，含退还和冲正", rows: money(func(day calendar.Date, fen int64, span calendar.Span) int64 {
		return fenWhen(span.Has(day) && fen < 0, -fen)
	})},
	{Key: "fund_closing", Name: "保修金期末余额", Unit: "元", Places: 2, From: "保修金", How: "到报告期末银行账户的收支相抵，等于期初加收入减支出", rows: money(func(day calendar.Date, fen int64, span calendar.Span) int64 {
		return fenWhen(day.Compare(span.Last) <= 0, fen)
	})},

	{Key: "meetings", Name: "议事会", Unit: "场次", From: "红色议事", How: "报告期内召开的各种议事会", rows: meetings},
	{Key: "solved", Name: "协商解决事项", Unit: "件", From: "红色议事", How: "报告期内办结并且解决的议题", rows: solved},
	{Key: "wishes", Name: "征集微心愿", Unit: "个", From: "微心愿", How: "报告期内征集的微心愿", rows: wishes(false, func(w *wish.Wish) calendar.Date { return calendar.DateOf(w.Asked.At.Time) })},
	{Key: "wishes_served", Name: "办成微心愿", Unit: "件", From: "微心愿", How: "报告期内社区确认办成的微心愿", rows: wishes(false, func(w *wish.Wish) calendar.Date { return w.Served })},
	{Key: "errands", Name: "帮办代办", Unit: "件", From: "微心愿", How: "报告期内办成的代办单", rows: wishes(true, func(w *wish.Wish) calendar.Date { return w.Served })},
	{Key: "units", Name: "共建单位", Unit: "家", From: "共建单位台账", How: "报告期末登记的共建单位，一个单位与几个社区结对的各计一次", rows: entries(registry.BookUnits, held(""))},
	{Key: "unit_members", Name: "下沉在职党员", Unit: "人", From: "共建单位台账", How: "共建单位登记的报到党员数之和，只登记人数", rows: entries(registry.BookUnits, held("members"))},
	{Key: "teams", Name: "志愿服务队", Unit: "支", From: "志愿服务队台账", How: "报告期末登记的志愿服务队", rows: entries(registry.BookTeams, held(""))},
	{Key: "premises_area", Name: "社区办公用房面积", Unit: "平方米", Places: 2, From: "办公用房台账", How: "报告期末使用中的办公用房面积之和，没有启用日期的不计", rows: entries(registry.BookPremises, premises)},
	{Key: "premises_new", Name: "新增社区办公用房", Unit: "平方米", Places: 2, From: "办公用房台账", How: "报告期内启用的办公用房面积之和", rows: entries(registry.BookPremises, within("from", "area"))},
	{Key: "premises_solved", Name: "解决办公用房问题", Unit: "处", From: "办公用房台账", How: "报告期内销号的办公用房，一处计一次", rows: entries(registry.BookPremises, solvedPremises)},
	{Key: "handled", Name: "窗口办件", Unit: "件", From: "窗口办件台账", How: "报告期内各社区登记的办件数之和", rows: entries(bookHandled, within("day", "count"))},
	{Key: "handled_agency", Name: "代办服务事项", Unit: "件", From: "窗口办件台账", How: "窗口办件中代办的件数之和", rows: entries(bookHandled, within("day", "agency"))},
	{Key: "workers", Name: "社区工作者", Unit: "人", From: "社区工作者台账", How: "报告期末在聘期内的社区工作者", rows: entries(bookWorkers, held(""))},
	{Key: "models", Name: "红色达人", Unit: "名", From: "红色达人", How: "报告期末已命名并且没有撤销的红色达人", rows: models},

	{Key: "scored", Name: "参加季度检查的小区", Unit: "个", From: "季度检查", How: "报告期末所在季度已公布得分的小区，数据不足和一票否决的不计", rows: scores(func(num.Num) num.Num { return one })},
	{Key: "score_sum", Name: "得分合计", Unit: "分", Places: 2, From: "季度检查", How: "已公布得分之和", rows: scores(func(n num.Num) num.Num { return n })},
	{Key: "score_mean", Name: "平均得分", Unit: "分", Places: 2, Over: "score_sum", Of: "scored", From: "季度检查", How: "得分合计除以参加季度检查的小区"},
	{Key: "scored_low", Name: "不满 60 分的小区", Unit: "个", From: "季度检查", How: "已公布得分不满 60 分的小区，数据不足和一票否决的不计", rows: scores(func(n num.Num) num.Num { return when(n.Less(passing), 1) })},
}

func covered(form registry.Cover) func(context.Context, *loaded, calendar.Span, string, func(counted)) error {
	return compounds(func(r *registry.CoverageRow) num.Num { return when(r.Form == form, 1) })
}

func bodies(n func(registry.Body) int64) func(context.Context, *loaded, calendar.Span, string, func(counted)) error {
	return compounds(func(r *registry.CoverageRow) num.Num { return when(r.Body.InOffice(), n(r.Body)) })
}

func formed(form registry.PartyForm) func(context.Context, *loaded, calendar.Span, string, func(counted)) error {
	return firms(func(f *servingFirm) num.Num { return when(f.party.Form == form, 1) })
}

func branch(f *servingFirm) bool {
	return f.party.Form == registry.PartyOwn || f.party.Form == registry.PartyJoint
}

func fenWhen(counts bool, fen int64) int64 {
	if !counts {
		return 0
	}
	return fen
}

// groups reports whether a way of a table suits a measure: matters alone have a subject.
func (m *Measure) groups(by By) bool {
	return by != BySubject || strings.HasPrefix(m.Key, "matters")
}
