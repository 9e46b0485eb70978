package matter

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
)

// Period is a month (2026-09), a quarter (2026Q3) or a year (2026) of reports; the zero value is none.
type Period struct{ text string }

// ParsePeriod reads a period. Returns Invalid for what is none.
func ParsePeriod(text string) (Period, error) {
	if t, err := time.Parse("2006-01", text); err == nil && t.Year() >= 2000 && t.Year() < 2100 {
		return Period{text}, nil
	}
	if _, err := calendar.ParseQuarter(text); err == nil {
		return Period{text}, nil
	}
	if _, err := calendar.ParseYear(text); err == nil {
		return Period{text}, nil
	}
	return Period{}, fault.InvalidFields("matter.ParsePeriod", fault.Field{Name: "period", Message: "“" + text + "”不是月份、季度或者年度，例如 2026-09、2026Q3、2026"})
}

// MonthOf is the month of a day.
func MonthOf(day calendar.Date) Period { return Period{day.String()[:7]} }

// IsZero reports whether it is none.
func (p Period) IsZero() bool { return p.text == "" }

// String is what ParsePeriod reads.
func (p Period) String() string { return p.text }

// Span are the days of the period.
func (p Period) Span() calendar.Span {
	if q, err := calendar.ParseQuarter(p.text); err == nil {
		return q.Span()
	}
	if y, err := calendar.ParseYear(p.text); err == nil {
		return y.Span()
	}
	t, _ := time.Parse("2006-01", p.text) // ParsePeriod took nothing else
	first, _ := calendar.NewDate(t.Date())
	return calendar.Span{First: first, Last: first.AddMonths(1).Add(-1)}
}

// Chinese is the period for people: 2026年9月, 2026年第三季度.
func (p Period) Chinese() string {
	if q, err := calendar.ParseQuarter(p.text); err == nil {
		return q.Chinese()
	}
	if y, err := calendar.ParseYear(p.text); err == nil {
		return y.Chinese()
	}
	year, month, _ := p.Span().First.Parts()
	return fmt.Sprintf("%d年%d月", year, month)
}

// months are its months in order.
func (p Period) months() []string {
	var out []string
	span := p.Span()
	for day := span.First; day.Compare(span.Last) <= 0; day = day.AddMonths(1) {
		out = append(out, day.String()[:7])
	}
	return out
}

// facts are what figures are counted from, kept beside each matter so that a month is counted without reading what people wrote.
type facts struct {
	Month      string        `json:"month" privacy:"public"`
	Kind       string        `json:"kind" privacy:"public"`
	Category   string        `json:"category" privacy:"public"`
	Community  string        `json:"community" privacy:"public"`
	Township   string        `json:"township" privacy:"public"`
	Department string        `json:"department,omitempty" privacy:"public"`
	Project    string        `json:"project,omitempty" privacy:"public"`
	Against    bool          `json:"against,omitempty"`
	State      State         `json:"state" privacy:"public"`
	Reopened   bool          `json:"reopened,omitempty"`
	Answered   bool          `json:"answered,omitempty"`
	Late       bool          `json:"late,omitempty"`
	AnswerBy   calendar.Date `json:"answer_by,omitzero"`
	Due        calendar.Date `json:"due,omitzero"`
	Satisfied  Satisfied     `json:"satisfied,omitempty" privacy:"internal"`
}

// facts are those of a matter. What another platform closed is answered by its result there.
func (m *Matter) facts() facts {
	f := facts{Month: m.month(), Kind: m.Kind, Category: m.Category, Community: m.Community, Township: m.Township, Department: m.Department, Project: m.Project, Against: m.against(), State: m.State, Reopened: m.Reopened > 0, AnswerBy: m.AnswerBy.Due, Due: m.Due.Due}
	if m.Answer != nil {
		f.Answered, f.Late = true, m.Answer.Late
	} else if m.Order != nil && m.Order.Outcome != "" {
		f.Answered, f.Late = true, !m.Order.Due.IsZero() && m.Order.Due.Compare(m.Order.Done) < 0
	}
	switch {
	case m.Check != nil && m.Check.Satisfied != "":
		f.Satisfied = m.Check.Satisfied
	case m.Order != nil:
		f.Satisfied = m.Order.Satisfied
	}
	return f
}

// parseFacts reads what is kept beside a matter. A board reads tens of thousands of them: what json.Marshal wrote without an escape, which is every one of a
// county, is taken apart where it stands; anything else json.Unmarshal reads.
func parseFacts(columns []byte) (facts, error) {
	if f, ok := plainFacts(string(columns)); ok {
		return f, nil
	}
	var f facts
	if err := json.Unmarshal(columns, &f); err != nil {
		return f, fault.Wrap("matter.parseFacts", fault.Internal, "", err)
	}
	return f, nil
}

// plainFacts reads an object of texts without escape and of what is true; false if it is anything else.
func plainFacts(text string) (f facts, ok bool) {
	if strings.Contains(text, `\`) {
		return f, false
	}
	for rest, more := strings.CutPrefix(text, "{"); more; rest, more = strings.CutPrefix(rest, ",") {
		name, after, found := strings.Cut(rest, `":`)
		if !found || name == "" || name[0] != '"' {
			return f, false
		}
		if value, isText := strings.CutPrefix(after, `"`); !isText {
			rest, ok = strings.CutPrefix(after, "true")
			ok = ok && f.isTrue(name[1:])
		} else if value, rest, ok = strings.Cut(value, `"`); ok {
			ok = f.says(name[1:], value)
		}
		if !ok {
			return f, false
		}
		if rest == "}" {
			return f, true
		}
	}
	return f, false
}

// says sets a text; false for one that is not known.
func (f *facts) says(name, text string) bool {
	var err error
	switch name {
	case "month":
		f.Month = text
	case "kind":
		f.Kind = text
	case "category":
		f.Category = text
	case "community":
		f.Community = text
	case "township":
		f.Township = text
	case "department":
		f.Department = text
	case "project":
		f.Project = text
	case "state":
		f.State = State(text)
	case "answer_by":
		f.AnswerBy, err = calendar.ParseDate(text)
	case "due":
		f.Due, err = calendar.ParseDate(text)
	case "satisfied":
		f.Satisfied = Satisfied(text)
	default:
		return false
	}
	return err == nil
}

// isTrue sets what is true; false for what is not known.
func (f *facts) isTrue(name string) bool {
	switch name {
	case "against":
		f.Against = true
	case "reopened":
		f.Reopened = true
	case "answered":
		f.Answered = true
	case "late":
		f.Late = true
	default:
		return false
	}
	return true
}

// month is the month of the report.
func (m *Matter) month() string {
	if m.Day.IsZero() {
		return ""
	}
	return m.Day.String()[:7]
}

// Measure is something that is counted of matters.
type Measure string

// The measures. Everything but Reported and Repeated leaves out what was merged into another matter.
const (
	// MeasureReported are all reports, MeasureRepeated those that say again what was said: merged into another one, or reopened.
	MeasureReported Measure = "reported"
	MeasureRepeated Measure = "repeated"
	// MeasureClosed are closed, MeasureSolved those of them that were set right.
	MeasureClosed Measure = "closed"
	MeasureSolved Measure = "solved"
	// MeasureAsked are those whose reporter was asked and reached, MeasurePleased those of them who were satisfied or fairly so.
	MeasureAsked   Measure = "asked"
	MeasurePleased Measure = "pleased"
	// MeasureDue are answered, or should be by now; MeasureInTime those of them that were answered in time, MeasureTardy those that were not.
	MeasureDue    Measure = "due"
	MeasureInTime Measure = "in_time"
	MeasureTardy  Measure = "tardy"
	// MeasureOpen are not closed, MeasureLate those of them whose present deadline is over.
	MeasureOpen Measure = "open"
	MeasureLate Measure = "late"
)

// Measures lists the measures for a filter.
func Measures() []registry.Choice {
	return []registry.Choice{{ID: string(MeasureSolved), Text: "已解决"}, {ID: string(MeasureClosed), Text: "已办结"}, {ID: string(MeasurePleased), Text: "满意和基本满意"}, {ID: string(MeasureAsked), Text: "问到上报人"}, {ID: string(MeasureInTime), Text: "按期答复"}, {ID: string(MeasureTardy), Text: "没有按期答复"},
		{ID: string(MeasureDue), Text: "应答复"}, {ID: string(MeasureRepeated), Text: "重复"}, {ID: string(MeasureOpen), Text: "没有办结"}, {ID: string(MeasureLate), Text: "现在逾期"}}
}

// is reports whether a matter counts for a measure on a day.
func (f *facts) is(m Measure, today calendar.Date) bool {
	if f.State == Merged && m != MeasureReported && m != MeasureRepeated {
		return false
	}
	over := func(day calendar.Date) bool { return !day.IsZero() && day.Compare(today) < 0 }
	due := f.Answered || over(f.AnswerBy)
	switch m {
	case MeasureReported:
		return true
	case MeasureRepeated:
		return f.State == Merged || f.Reopened
	case MeasureClosed:
		return f.State.Closed()
	case MeasureSolved:
		return f.State == Fixed
	case MeasureAsked:
		return f.Satisfied == "yes" || f.Satisfied == "fair" || f.Satisfied == "no"
	case MeasurePleased:
		return f.Satisfied == "yes" || f.Satisfied == "fair"
	case MeasureDue:
		return due
	case MeasureInTime:
		return f.Answered && !f.Late
	case MeasureTardy:
		return due && (!f.Answered || f.Late)
	case MeasureOpen:
		return !f.State.Closed()
	case MeasureLate:
		return !f.State.Closed() && over(f.Due)
	}
	return false
}

// Counts are how many matters count for each measure.
type Counts struct {
	Reported int64 `json:"reported"`
	Repeated int64 `json:"repeated"`
	Closed   int64 `json:"closed"`
	Solved   int64 `json:"solved"`
	Asked    int64 `json:"asked"`
	Pleased  int64 `json:"pleased"`
	Due      int64 `json:"due"`
	InTime   int64 `json:"in_time"`
	Open     int64 `json:"open"`
	Late     int64 `json:"late"`
}

// add counts one matter.
func (c *Counts) add(f *facts, today calendar.Date) {
	for _, one := range []struct {
		m Measure
		n *int64
	}{{MeasureReported, &c.Reported}, {MeasureRepeated, &c.Repeated}, {MeasureClosed, &c.Closed}, {MeasureSolved, &c.Solved}, {MeasureAsked, &c.Asked}, {MeasurePleased, &c.Pleased}, {MeasureDue, &c.Due}, {MeasureInTime, &c.InTime}, {MeasureOpen, &c.Open}, {MeasureLate, &c.Late}} {
		if f.is(one.m, today) {
			*one.n++
		}
	}
}

// Share is a rate; false where there are fewer than least cases, of which only the counts are shown.
func Share(n, of, least int64) (num.Num, bool) {
	if of < max(least, 1) {
		return num.Num{}, false
	}
	return num.FromFrac(n, of), true
}

// Dimension is by what figures are grouped.
type Dimension string

// The dimensions.
const (
	ByTownship   Dimension = "township"
	ByCommunity  Dimension = "community"
	ByDepartment Dimension = "department"
	ByKind       Dimension = "kind"
	ByCategory   Dimension = "category"
	ByMonth      Dimension = "month"
	ByQuarter    Dimension = "quarter"
)

// Dimensions lists the dimensions.
func Dimensions() []registry.Choice {
	return []registry.Choice{{ID: string(ByTownship), Text: "乡镇"}, {ID: string(ByCommunity), Text: "社区"}, {ID: string(ByDepartment), Text: "部门"}, {ID: string(ByKind), Text: "大类"}, {ID: string(ByCategory), Text: "分类"}, {ID: string(ByMonth), Text: "月份"}, {ID: string(ByQuarter), Text: "季度"}}
}

// of is the group of a matter.
func (d Dimension) of(f *facts) string {
	switch d {
	case ByTownship:
		return f.Township
	case ByCommunity:
		return f.Community
	case ByDepartment:
		return f.Department
	case ByKind:
		return f.Kind
	case ByMonth:
		return f.Month
	case ByQuarter:
		if day, err := calendar.ParseDate(f.Month + "-01"); err == nil {
			return calendar.QuarterOf(day).String()
		}
		return ""
	}
	return f.Category
}

// FigureQuery says which figures.
type FigureQuery struct {
	// Period is of the reports, By the groups.
	Period Period
	By     Dimension
	// Township, Kind and Department narrow what is counted, "" for all.
	Township, Kind, Department string
}

// Figure is one group.
type Figure struct {
	// ID is that of the group, "" for what has none (not yet dispatched), Name what it is called.
	ID, Name string
	// Households live there; of groups that are no places, in all that is counted.
	Households int64
	Counts
}

// Board are the figures of a query.
type Board struct {
	// Rows are the groups, in the order of the tree, the divisions or the calendar; Total is all of them.
	Rows  []Figure
	Total Figure
	// Least is below how many cases no rate is shown.
	Least int64
}

// Figures counts the matters that were reported in a period, as of now. Returns Forbidden without ReadMatterFigures, Invalid for a query without period or with an unknown dimension.
func (s *Service) Figures(ctx context.Context, by policy.Actor, q FigureQuery) (Board, error) {
	const op = "matter.Figures"
	board := Board{Least: s.Tree.least, Total: Figure{Name: "合计"}}
	scope, err := s.desk.Scope(ctx, by, policy.ReadMatterFigures)
	if err != nil {
		return board, err
	}
	if q.Period.IsZero() || !knows(Dimensions(), q.By) {
		return board, fault.New(op, fault.Invalid, "请选择统计的时间和方式")
	}
	keys, own := s.figureKeys(by, scope)
	if q.Township != "" && scope.All() && own == nil {
		keys = []string{policy.TownshipKey(q.Township)}
	}
	groups := map[string]*Figure{}
	today := calendar.DateOf(store.ClockIn(ctx, s.Now))
	err = s.eachFact(ctx, q.Period, keys, func(f *facts) {
		if q.Township != "" && f.Township != q.Township || q.Kind != "" && f.Kind != q.Kind || q.Department != "" && f.Department != q.Department || own != nil && !own[f.Department] {
			return
		}
		id := q.By.of(f)
		if groups[id] == nil {
			groups[id] = &Figure{ID: id}
		}
		groups[id].add(f, today)
		board.Total.add(f, today)
	})
	if err != nil {
		return board, err
	}
	if board.Rows, err = s.named(ctx, q.By, groups); err != nil {
		return board, err
	}
	return board, s.peopled(ctx, scope, q, &board)
}

// figureKeys are the keys below which lies what a person may count: the scope of his offices, and for departments what they have; own are these departments, nil for everybody else.
func (s *Service) figureKeys(by policy.Actor, scope policy.Scope) (keys []string, own map[string]bool) {
	for _, a := range by.Appointments {
		department, ofDepartment := strings.CutPrefix(a.Unit, unitKey(""))
		switch ok, _ := s.Guard.Rules().RoleAllows(a.Role, policy.ReadMatterFigures); {
		case !ok:
		case !ofDepartment:
			if scope.All() {
				return []string{policy.County}, nil
			}
			return scope.Keys(), nil
		default:
			if own == nil {
				own = map[string]bool{}
			}
			own[department] = true
			keys = append(keys, unitKey(department))
		}
	}
	return keys, own
}

// eachFact yields the facts of the matters below some keys that were reported in a period, one after another and in no order: months are read beside each other.
func (s *Service) eachFact(ctx context.Context, p Period, keys []string, yield func(f *facts)) error {
	var one sync.Mutex
	months, within := errgroup.WithContext(ctx)
	months.SetLimit(monthsAtOnce)
	for _, month := range p.months() {
		months.Go(func() error {
			return s.eachPage(within, store.Query{Index: byMonth, In: monthKeys([]string{month}, keys), Limit: store.MaxLimit}, func(page []facts, _ []store.ListRow) error {
				one.Lock()
				defer one.Unlock()
				for i := range page {
					yield(&page[i])
				}
				return nil
			})
		})
	}
	return months.Wait()
}

// monthsAtOnce is how many months are read at once: they keep the cores busy and leave readers of the store for others.
const monthsAtOnce = 3

// Counted is a matter as a return counts it: where it is, what it is, how it stands; nothing of who reported it.
type Counted struct {
	// ID opens it; Kind and Category are codes, CategoryTitle is for people.
	ID, Kind, Category, CategoryTitle string
	// Project, Community and Township are ids, the names for people; Project is "" outside of compounds.
	Project, ProjectName, Community, CommunityName, Township string
	// Day is the day of the report.
	Day   calendar.Date
	facts facts
}

// Counted is a matter with its id as a return counts it.
func (m *Matter) Counted(id string) Counted {
	return Counted{ID: id, Kind: m.Kind, Category: m.Category, CategoryTitle: m.CategoryTitle, Project: m.Project, ProjectName: m.ProjectName, Community: m.Community, CommunityName: m.CommunityName, Township: m.Township, Day: m.Day, facts: m.facts()}
}

// Is reports whether it counts for a measure on a day, as the boards count it.
func (c *Counted) Is(m Measure, on calendar.Date) bool { return c.facts.is(m, on) }

// EachReported yields every matter that was reported in some days, as it stands now. It asks for no right: for the returns, which tell no more than a Counted has.
func (s *Service) EachReported(ctx context.Context, span calendar.Span, yield func(Counted)) error {
	for day := span.First; day.Compare(span.Last) <= 0; day = MonthOf(day).Span().Last.Add(1) {
		q := store.Query{Index: byMonth, In: monthKeys([]string{MonthOf(day).String()}, []string{policy.County}), Limit: store.MaxLimit}
		for again := true; again; again = q.After != "" {
			page, err := s.rows.List(ctx, q)
			if err != nil {
				return err
			}
			for i := range page.Docs {
				if m := &page.Docs[i].State; span.Has(m.Day) {
					yield(m.Counted(page.Docs[i].ID))
				}
			}
			q.After = page.Next
		}
	}
	return nil
}

// eachPage yields what a query finds, a page of facts with their rows at a time.
func (s *Service) eachPage(ctx context.Context, q store.Query, yield func([]facts, []store.ListRow) error) error {
	for {
		page, err := s.rows.Rows(ctx, q)
		if err != nil {
			return err
		}
		found := make([]facts, len(page.Rows))
		for i, row := range page.Rows {
			if found[i], err = parseFacts(row.Columns); err != nil {
				return err
			}
		}
		if err := yield(found, page.Rows); err != nil {
			return err
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

// monthKeys are the keys of byMonth for some months and keys.
func monthKeys(months, keys []string) []string {
	out := []string{}
	for _, month := range months {
		for _, key := range keys {
			out = append(out, month+"/"+key)
		}
	}
	return out
}

// named gives the groups their names and their order.
func (s *Service) named(ctx context.Context, by Dimension, groups map[string]*Figure) ([]Figure, error) {
	var order []registry.Choice
	switch by {
	case ByTownship, ByCommunity:
		level := registry.LevelTownship
		if by == ByCommunity {
			level = registry.LevelCommunity
		}
		list, err := s.Places.DivisionsAt(ctx, level, calendar.DateOf(store.ClockIn(ctx, s.Now)))
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			order = append(order, registry.Choice{ID: d.ID, Text: d.Display})
		}
	case ByDepartment:
		for _, d := range s.Tree.departments {
			order = append(order, registry.Choice{ID: d.ID, Text: d.Title})
		}
		order = append(order, registry.Choice{Text: "还没有派单"})
	case ByKind, ByCategory:
		for _, k := range s.Tree.kinds {
			if by == ByKind {
				order = append(order, registry.Choice{ID: k.ID, Text: k.Title})
				continue
			}
			for _, c := range k.Categories {
				order = append(order, registry.Choice{ID: c.ID, Text: c.Title})
			}
		}
	}
	var out []Figure
	for _, one := range order {
		if g := groups[one.ID]; g != nil {
			g.Name = one.Text
			out = append(out, *g)
			delete(groups, one.ID)
		}
	}
	rest := len(out)
	for id, g := range groups {
		// Months and quarters, and what the tree or the divisions do not have any more.
		g.Name = id
		if p, err := ParsePeriod(id); err == nil && (by == ByMonth || by == ByQuarter) {
			g.Name = p.Chinese()
		}
		out = append(out, *g)
	}
	slices.SortFunc(out[rest:], func(a, b Figure) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}

// peopled says how many households live where is counted.
func (s *Service) peopled(ctx context.Context, scope policy.Scope, q FigureQuery, board *Board) error {
	keys := []string{policy.County}
	switch {
	case q.Township != "":
		keys = []string{policy.TownshipKey(q.Township)}
	case !scope.All():
		keys = scope.Keys()
	}
	households, all, seen := map[string]int64{}, int64(0), map[string]bool{}
	for _, key := range keys {
		list, err := s.Places.Compounds(ctx, key)
		if err != nil {
			return err
		}
		for _, c := range list {
			if seen[c.ID] {
				continue
			}
			seen[c.ID] = true
			all += c.Households
			households[c.Community] += c.Households
			households[c.Township] += c.Households
		}
	}
	board.Total.Households = all
	for i := range board.Rows {
		board.Rows[i].Households = all
		if q.By == ByTownship || q.By == ByCommunity {
			board.Rows[i].Households = households[board.Rows[i].ID]
		}
	}
	return nil
}

// monthly are the keys under which a matter is found by its month.
func (m *Matter) monthly() []string {
	month := m.month()
	if month == "" {
		return nil
	}
	keys := supervision.ListKeys(m.Keys)
	for _, d := range m.Departments {
		keys = append(keys, unitKey(d))
	}
	for i := range keys {
		keys[i] = month + "/" + keys[i]
	}
	return keys
}
