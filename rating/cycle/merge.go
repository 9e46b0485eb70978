package cycle

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/journal"
	"redsteward/internal/num"
	"redsteward/rating"
	"redsteward/supervision"
)

// The rules by which several readings of one fact become one value. A fact's type and window decide; a scheme cannot choose.
const (
	// RuleSum adds what each reading counted: numerator and denominator of a ratio, a count, a number, the answers of a survey. A count or number is held
	// at the largest value that the scheme allows; the population of a survey is the largest one told.
	RuleSum = "sum"
	// RuleMean takes the mean of each item of a checklist over the readings in which it applied.
	RuleMean = "mean"
	// RuleLatest takes the reading of the latest day, and of one day the one accepted last: everything with window at_cutoff, and yes or no, text, date.
	RuleLatest = "latest"
	// RuleAppend keeps every event.
	RuleAppend = "append"
	// RuleRegister takes what the register holds on the last day.
	RuleRegister = "register"
)

// RuleText says a gather rule in Chinese.
func RuleText(rule string) string {
	switch rule {
	case RuleSum:
		return "各次合计"
	case RuleMean:
		return "各次逐条平均"
	case RuleLatest:
		return "取最近一次"
	case RuleAppend:
		return "逐件列入"
	case RuleRegister:
		return "取自登记"
	}
	return rule
}

// gatherRule is the rule of a fact.
func gatherRule(f *rating.Fact) string {
	switch {
	case f.Source == SourceRegistry:
		return RuleRegister
	case f.Type == rating.TypeEvents:
		return RuleAppend
	case f.Window == "at_cutoff":
		return RuleLatest
	}
	switch f.Type {
	case rating.TypeRatio, rating.TypeCount, rating.TypeNumber, rating.TypeSurvey:
		return RuleSum
	case rating.TypeChecklist:
		return RuleMean
	}
	return RuleLatest
}

// window is the span of days from which a fact is gathered in a period. A window without beginning starts on the first day that a calendar knows.
func window(f *rating.Fact, period calendar.Span) calendar.Span {
	switch f.Window {
	case "year":
		return calendar.Span{First: calendar.Year(period.Last.Year()).Span().First, Last: period.Last}
	case "last_12_months":
		return calendar.Span{First: period.Last.Add(1).AddMonths(-12), Last: period.Last}
	case "at_cutoff", "ever":
		return calendar.Span{First: calendar.Year(1).Span().First, Last: period.Last}
	}
	return period
}

// gathered is what one fact of one project has come to so far. The order in which readings come makes no difference.
type gathered struct {
	readings, applied int
	first, second     num.Num // numerator or number, and denominator; first is the population of a survey
	items             []mean
	events            []rating.Event
	sources, records  []string
	latest            stamp
	text              string
	by, reviewed      string
	hands             hands
}

// hands are who scored and who reviewed the readings of a fact, in their order of id.
type hands struct{ scored, reviewed []string }

// put adds somebody once.
func put(list []string, who string) []string {
	at, there := slices.BinarySearch(list, who)
	if who == "" || there {
		return list
	}
	return slices.Insert(list, at, who)
}

// mean is the sum of an item and in how many readings it applied.
type mean struct {
	sum   num.Num
	count int64
	na    bool
}

// stamp orders readings in time.
type stamp struct {
	day      calendar.Date
	accepted time.Time
	n        int64
	record   string
}

func (s stamp) after(o stamp) bool {
	return cmp.Or(s.day.Compare(o.day), s.accepted.Compare(o.accepted), cmp.Compare(s.n, o.n), cmp.Compare(s.record, o.record)) > 0
}

// merger puts the readings of one fact together.
type merger struct {
	fact    *rating.Fact
	rule    string
	span    calendar.Span
	columns []string
	members int // items of a checklist or levels of a survey
}

func newMerger(f *rating.Fact, period calendar.Span) merger {
	return merger{fact: f, rule: gatherRule(f), span: window(f, period), columns: f.ColumnNames(), members: len(f.Items) + len(f.Levels)}
}

// add takes one reading. Cells of columns that the fact does not have are left out.
func (m *merger) add(g *gathered, r *supervision.Reading) {
	now := stamp{r.Day, r.Accepted, r.N, r.Record}
	newest := g.readings == 0 || now.after(g.latest)
	g.readings++
	g.hands.scored, g.hands.reviewed = put(g.hands.scored, r.ScoredBy), put(g.hands.reviewed, r.ReviewedBy)
	if newest {
		g.latest, g.by, g.reviewed = now, r.ScoredBy, r.ReviewedBy
	}
	if m.rule == RuleLatest {
		if !newest {
			return
		}
		g.applied, g.first, g.second, g.text, g.sources, g.records = 0, num.Num{}, num.Num{}, "", g.sources[:0], nil
		clear(g.items)
	}
	if g.sources = append(g.sources, r.Hash); len(g.records) <= maxSources {
		g.records = put(g.records, r.Record)
	}
	if m.members > 0 && g.items == nil {
		g.items = make([]mean, m.members)
	}
	applied := false
	for i := range r.Cells {
		if m.cell(g, r, &r.Cells[i]) {
			applied = true
		}
	}
	if applied {
		g.applied++
	}
}

// cell takes one cell and reports whether it says anything but that the question does not apply.
func (m *merger) cell(g *gathered, r *supervision.Reading, c *supervision.Cell) bool {
	at := slices.Index(m.columns, c.Column)
	if at < 0 {
		return false
	}
	switch m.fact.Type {
	case rating.TypeChecklist, rating.TypeSurvey:
		if m.fact.Type == rating.TypeSurvey {
			if at--; at < 0 {
				g.first = num.Max(g.first, c.Number)
				return !c.NA
			}
		}
		item := &g.items[at]
		if c.NA {
			item.na = true
			return false
		}
		item.sum, item.count = item.sum.Add(c.Number), item.count+1
		return true
	}
	if c.NA {
		return false
	}
	switch m.fact.Type {
	case rating.TypeRatio:
		if at == 0 {
			g.first = g.first.Add(c.Number)
		} else {
			g.second = g.second.Add(c.Number)
		}
	case rating.TypeText, rating.TypeDate:
		g.text = c.Text
	case rating.TypeEvents:
		g.events = append(g.events, rating.Event{Code: c.Text, Date: dateOf(r.Day), Until: dateOf(c.Until), Source: r.Hash})
	default:
		g.first = g.first.Add(c.Number)
	}
	return true
}

// value is what the readings come to. Without any, a fact is missing, except events: a register of events that holds none says that there were none. A
// fact of which every reading says that it does not apply does not apply.
func (m *merger) value(g *gathered) (rating.Value, error) {
	if g.readings == 0 {
		if m.fact.Type == rating.TypeEvents {
			return rating.Value{State: rating.Present}, nil
		}
		return rating.Value{}, nil
	}
	v := rating.Value{State: rating.Present, Number: g.first, Den: g.second, Sources: foldSources(g.sources), By: g.by, Reviewed: g.reviewed}
	if g.applied == 0 && m.fact.Type != rating.TypeEvents {
		v.State, v.Number, v.Den = rating.NotApplicable, num.Num{}, num.Num{}
		return v, nil
	}
	switch m.fact.Type {
	case rating.TypeCount, rating.TypeNumber:
		if m.rule == RuleSum && m.fact.Max != nil {
			v.Number = num.Min(v.Number, *m.fact.Max)
		}
	case rating.TypeText:
		v.Text = g.text
	case rating.TypeDate:
		day, err := rating.ParseDate(g.text)
		if err != nil {
			return v, err
		}
		v.Day = day
	case rating.TypeEvents:
		v.Events = g.events
	case rating.TypeChecklist, rating.TypeSurvey:
		v.Items = make([]rating.ItemValue, m.members)
		for i, item := range g.items {
			switch {
			case item.count > 0:
				sum := item.sum
				if m.rule == RuleMean {
					sum = sum.Mul(num.FromFrac(1, item.count))
				}
				v.Items[i] = rating.ItemValue{State: rating.Present, Number: sum}
			case item.na:
				v.Items[i].State = rating.NotApplicable
			}
		}
	}
	return v, nil
}

// maxSources is how many sources a frozen fact names one by one.
const maxSources = 8

// namedRecords are the records that a fact rests on, nil for more than maxSources.
func (g *gathered) namedRecords() []string {
	if len(g.records) > maxSources {
		return nil
	}
	return g.records
}

// foldSources names the sources of a fact; more than maxSources become one Merkle root (RFC 6962) over their hashes in ascending order, with their number.
func foldSources(hashes []string) []string {
	list := slices.Clone(hashes)
	slices.Sort(list)
	if len(list) <= maxSources {
		return list
	}
	var tree journal.Tree
	for _, h := range list {
		tree.Append(sha256.Sum256([]byte(h)))
	}
	root := tree.Root()
	return []string{fmt.Sprintf("root/%d/%s", len(list), hex.EncodeToString(root[:]))}
}

// dateOf turns a day of the calendar into one of the rating.
func dateOf(d calendar.Date) rating.Date {
	if d.IsZero() {
		return 0
	}
	year, month, day := d.Parts()
	return rating.DateOf(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
}
