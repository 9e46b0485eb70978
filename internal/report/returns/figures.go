package returns

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
)

// Scope is for what a return is made: the county, or one township.
type Scope struct {
	// ID is policy.County or the id of the township, Name what people call it.
	ID   string
	Name string
}

// county reports whether it is the whole county.
func (s Scope) county() bool { return s.ID == policy.County }

// key is the scope key of its rows.
func (s Scope) key() string {
	if s.county() {
		return policy.County
	}
	return policy.TownshipKey(s.ID)
}

// Value is a number of a return.
type Value struct {
	// N is the number, nil if there is none; Why says why.
	N   *num.Num `json:"n,omitempty"`
	Why string   `json:"why,omitempty"`
	// List names the list behind it; of a rate it is that of the numerator, and Of that of the denominator.
	List string `json:"list,omitempty"`
	Of   string `json:"of,omitempty"`
	// Over and Whole are numerator and denominator of a rate.
	Over  *num.Num `json:"over,omitempty"`
	Whole *num.Num `json:"whole,omitempty"`
}

// Filled is a cell with its numbers.
type Filled struct {
	// Key, Title, Unit, How, Group and Places are those of the cell when it was made.
	Key    string `json:"key"`
	Title  string `json:"title"`
	Unit   string `json:"unit"`
	How    string `json:"how"`
	From   string `json:"from"`
	Group  string `json:"group,omitempty"`
	Places int    `json:"places,omitempty"`
	Value
	// Before is the number of the term before, Year that of the same term of the year before, nil if there is none; Reported and YearReported: as it was reported then, not counted anew.
	Before       *num.Num `json:"before,omitempty"`
	Reported     bool     `json:"reported,omitempty"`
	Year         *num.Num `json:"year,omitempty"`
	YearReported bool     `json:"year_reported,omitempty"`
	// Odd is from how many percent of change it is marked.
	Odd int64 `json:"odd"`
	// Cumulative: it counts from a day before the term (累计).
	Cumulative bool `json:"cumulative,omitempty"`
	// ByHand: no register holds it, somebody types it. Typed is who did, nil for nobody yet; it is empty for all others.
	ByHand bool              `json:"by_hand,omitempty"`
	Typed  *supervision.Hand `json:"typed,omitempty"`
}

// FilledRow is a row of a table: a group with a number for each column.
type FilledRow struct {
	ID     string  `json:"id"`
	Name   string  `json:"name"`
	Values []Value `json:"values"`
}

// FilledTable is a table with its numbers.
type FilledTable struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	By    By     `json:"by"`
	// Columns are the cells of the columns, by key.
	Columns []string    `json:"columns"`
	Rows    []FilledRow `json:"rows,omitempty"`
}

// Figures are all numbers of one making of a return.
type Figures struct {
	Cells  []Filled      `json:"cells"`
	Tables []FilledTable `json:"tables,omitempty"`
}

// Cell is the cell of a key, nil if there is none.
func (f *Figures) Cell(key string) *Filled {
	for i := range f.Cells {
		if f.Cells[i].Key == key {
			return &f.Cells[i]
		}
	}
	return nil
}

// IsShare reports whether the number itself is in percent: it changes by percentage points.
func (f *Filled) IsShare() bool { return f.Unit == "%" }

// Change is by how many percent the number changed against another one, a share by how many percentage points (IsShare); false if there is nothing to compare with.
func (f *Filled) Change(was *num.Num) (num.Num, bool) {
	switch {
	case f.N == nil || was == nil:
		return num.Num{}, false
	case f.IsShare():
		return f.N.Sub(*was), true
	case was.IsZero():
		return num.Num{}, false
	}
	x, err := f.N.Sub(*was).Mul(num.FromInt(100)).Quo(was.Abs())
	return x, err == nil
}

// IsOdd reports whether a number is marked: it changed by the declared percentage or more against the term before (a share by as many points), or came from nothing. What is added up over the years only grows, and is not marked.
func (f *Filled) IsOdd() bool {
	if f.N == nil || f.Before == nil || f.Cumulative {
		return false
	}
	x, ok := f.Change(f.Before)
	if !ok {
		return !f.N.IsZero() && f.Before.IsZero()
	}
	return !x.Abs().Less(num.FromInt(f.Odd))
}

// Text is a number as people read it, “—” for none.
func (f *Filled) Text(n *num.Num) string {
	if n == nil {
		return "—"
	}
	if f.Places == 0 {
		return n.Round(0, num.HalfUp).String()
	}
	return n.Fixed(f.Places)
}

// made are figures with the lists behind them, by name.
type made struct {
	figures Figures
	lists   map[string][]byte
}

// counts is what one measure gives in some days: all that counts, wherever it is.
type counts struct {
	rows []counted
}

// maker makes figures out of registers that are read once for all scopes and terms.
type maker struct {
	loaded *loaded
	// least is below how many cases a rate of matters is not told.
	least int64
	known map[countKey]*counts
}

type countKey struct {
	measure, of string
	span        calendar.Span
}

func newMaker(from Sources, least int64) *maker {
	return &maker{loaded: newLoaded(from), least: least, known: map[countKey]*counts{}}
}

// count reads what a measure counts in some days.
func (m *maker) count(ctx context.Context, measure *Measure, of string, span calendar.Span) (*counts, error) {
	key := countKey{measure.Key, of, span}
	if c := m.known[key]; c != nil {
		return c, nil
	}
	c := &counts{}
	err := measure.rows(ctx, m.loaded, span, of, func(r counted) { c.rows = append(c.rows, r) })
	if err != nil {
		return nil, err
	}
	m.known[key] = c
	return c, nil
}

// in are the rows of a scope, each with the groups in which it counts.
func (c *counts) in(s Scope, ways []By) []Row {
	var out []Row
	for i := range c.rows {
		r := &c.rows[i]
		if !s.county() && !slices.Contains(r.towns, s.ID) {
			continue
		}
		row := r.Row
		for _, by := range ways {
			for _, id := range r.ids(by) {
				row.In = append(row.In, inGroup(by, id))
			}
		}
		out = append(out, row)
	}
	return out
}

// ids are the groups of a row in one way.
func (r *counted) ids(by By) []string {
	if by == ByTownship {
		return r.towns
	}
	if g, grouped := r.groups[by]; grouped {
		return []string{g.ID}
	}
	return nil
}

func sum(rows []Row) num.Num {
	var n num.Num
	for i := range rows {
		n = n.Add(rows[i].N)
	}
	return n
}

// span are the days that a cell counts in a term.
func (c *Cell) span(t Term) calendar.Span {
	if c.Years > 0 {
		year, _, _ := t.Span.Last.Parts()
		return calendar.Span{First: calendar.Year(year + 1 - c.Years).Span().First, Last: t.Span.Last}
	}
	if !c.Since.IsZero() && c.Since.Compare(t.Span.Last) <= 0 {
		return calendar.Span{First: c.Since, Last: t.Span.Last}
	}
	return t.Span
}

// value is the number of a cell; lists, if not nil, takes the lists behind it, with the groups of some ways.
func (m *maker) value(ctx context.Context, c *Cell, t Term, s Scope, ways []By, lists map[string][]byte) (Value, error) {
	if !c.measure.rate() {
		return m.plain(ctx, c.measure, c, t, s, ways, lists)
	}
	over, _ := Find(c.measure.Over)
	of, _ := Find(c.measure.Of)
	top, err := m.plain(ctx, over, c, t, s, ways, lists)
	if err != nil {
		return Value{}, err
	}
	whole, err := m.plain(ctx, of, c, t, s, ways, lists)
	if err != nil {
		return Value{}, err
	}
	return m.divided(c, top, whole)
}

// divided is a rate or a mean.
func (m *maker) divided(c *Cell, top, whole Value) (Value, error) {
	v := Value{List: top.List, Of: whole.List, Over: top.N, Whole: whole.N}
	switch {
	case whole.N.IsZero():
		v.Why = "没有可比的数"
	case c.measure.Least && whole.N.Less(num.FromInt(m.least)):
		v.Why = "件数太少，只报件数"
	default:
		x, err := top.N.Quo(*whole.N)
		if err != nil {
			return v, err
		}
		if c.measure.Percent {
			x = x.Mul(num.FromInt(100))
		}
		x = x.Round(c.measure.Places, num.HalfUp)
		v.N = &x
	}
	return v, nil
}

// plain is the number of a measure that is no rate.
func (m *maker) plain(ctx context.Context, measure *Measure, c *Cell, t Term, s Scope, ways []By, lists map[string][]byte) (Value, error) {
	found, err := m.count(ctx, measure, c.Of, c.span(t))
	if err != nil {
		return Value{}, err
	}
	if lists == nil {
		ways = nil
	}
	rows := found.in(s, ways)
	n := sum(rows)
	v := Value{N: &n}
	if lists != nil {
		// What has days stands in their order, everything else with the largest first: that is where a slip stands out.
		slices.SortStableFunc(rows, func(a, b Row) int {
			return cmp.Or(a.Day.Compare(b.Day), b.N.Cmp(a.N), strings.Compare(a.Name, b.Name), strings.Compare(a.ID, b.ID))
		})
		if v.List, err = putList(lists, rows); err != nil {
			return v, err
		}
	}
	return v, nil
}

// putList keeps a list under the digest of its content, "" for an empty one.
func putList(lists map[string][]byte, rows []Row) (string, error) {
	if len(rows) == 0 {
		return "", nil
	}
	data, err := json.Marshal(rows)
	if err != nil {
		return "", err
	}
	name := digest(data)
	lists[name] = data
	return name, nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// make makes the figures of a return for a term and a scope. before and year are those that were reported for the term before and for the same of the year before; nil counts them anew.
func (m *maker) make(ctx context.Context, f *Form, t Term, s Scope, before, year *Figures) (*made, error) {
	out := &made{lists: map[string][]byte{}}
	ways := f.ways()
	for i := range f.Cells {
		c := &f.Cells[i]
		if c.Hand.Is() {
			out.figures.Cells = append(out.figures.Cells, c.byHand(before, year))
			continue
		}
		v, err := m.value(ctx, c, t, s, ways, out.lists)
		if err != nil {
			return nil, err
		}
		one := Filled{Key: c.Key, Title: c.Title, Unit: c.measure.Unit, How: c.How, From: c.measure.From, Group: c.Group, Places: c.measure.Places, Value: v, Odd: c.Odd, Cumulative: c.cumulative()}
		if one.Before, one.Reported, err = m.earlier(ctx, c, f.before(t), s, before); err != nil {
			return nil, err
		}
		if one.Year, one.YearReported, err = m.earlier(ctx, c, f.yearBefore(t), s, year); err != nil {
			return nil, err
		}
		out.figures.Cells = append(out.figures.Cells, one)
	}
	for i := range f.Tables {
		table, err := m.table(ctx, f, &f.Tables[i], t, s)
		if err != nil {
			return nil, err
		}
		out.figures.Tables = append(out.figures.Tables, table)
	}
	return out, nil
}

// byHand is a cell that somebody fills in, beside what was reported earlier: nothing counts that anew.
func (c *Cell) byHand(before, year *Figures) Filled {
	one := Filled{Key: c.Key, Title: c.Title, Unit: c.Hand.Unit, How: c.How, From: handFrom, Group: c.Group, Places: c.Hand.Places, Value: Value{Why: handOpen}, Odd: c.Odd, ByHand: true}
	was := func(f *Figures) (*num.Num, bool) {
		if f == nil || f.Cell(c.Key) == nil {
			return nil, false
		}
		return f.Cell(c.Key).N, true
	}
	one.Before, one.Reported = was(before)
	one.Year, one.YearReported = was(year)
	return one
}

// earlier is the number of a cell in an earlier term: as it was reported, or counted anew.
func (m *maker) earlier(ctx context.Context, c *Cell, t Term, s Scope, reported *Figures) (*num.Num, bool, error) {
	if reported != nil {
		if was := reported.Cell(c.Key); was != nil {
			return was.N, true, nil
		}
	}
	v, err := m.value(ctx, c, t, s, nil, nil)
	return v.N, false, err
}

// ways are the ways in which the tables of a return group.
func (f *Form) ways() []By {
	var out []By
	for i := range f.Tables {
		if !slices.Contains(out, f.Tables[i].By) {
			out = append(out, f.Tables[i].By)
		}
	}
	return out
}

// column are the sums of a column by group: one map, or of a rate those of numerator and denominator.
type column struct {
	cell *Cell
	sums []map[string]num.Num
}

// column adds up the rows of a scope by group, and tells the names of the groups.
func (m *maker) column(ctx context.Context, c *Cell, by By, t Term, s Scope, names map[string]string) (column, error) {
	out := column{cell: c}
	parts := []*Measure{c.measure}
	if c.measure.rate() {
		over, _ := Find(c.measure.Over)
		of, _ := Find(c.measure.Of)
		parts = []*Measure{over, of}
	}
	for _, part := range parts {
		found, err := m.count(ctx, part, c.Of, c.span(t))
		if err != nil {
			return out, err
		}
		sums := map[string]num.Num{}
		for i := range found.rows {
			r := &found.rows[i]
			if !s.county() && !slices.Contains(r.towns, s.ID) {
				continue
			}
			for _, id := range r.ids(by) {
				if by == ByTownship && !s.county() && id != s.ID {
					continue
				}
				if names[id] == "" {
					if names[id], err = m.nameOf(ctx, r, by, id); err != nil {
						return out, err
					}
				}
				sums[id] = sums[id].Add(r.N)
			}
		}
		out.sums = append(out.sums, sums)
	}
	return out, nil
}

func (m *maker) nameOf(ctx context.Context, r *counted, by By, id string) (string, error) {
	if by == ByTownship {
		return m.loaded.division(ctx, id)
	}
	return r.groups[by].Text, nil
}

// table counts the columns of a table for each group.
func (m *maker) table(ctx context.Context, f *Form, t *Table, term Term, s Scope) (FilledTable, error) {
	out := FilledTable{ID: t.ID, Title: t.Title, By: t.By, Columns: t.Columns}
	names := map[string]string{}
	columns := make([]column, len(t.Columns))
	for k, key := range t.Columns {
		c, _ := f.Cell(key)
		var err error
		if columns[k], err = m.column(ctx, c, t.By, term, s, names); err != nil {
			return out, err
		}
	}
	first := columns[0].sums[0]
	groups := make([]registry.Choice, 0, len(names))
	for id, name := range names {
		if t.Least == 0 || !first[id].Less(num.FromInt(t.Least)) {
			groups = append(groups, registry.Choice{ID: id, Text: name})
		}
	}
	slices.SortFunc(groups, func(a, b registry.Choice) int {
		if t.Most > 0 {
			if n := first[b.ID].Cmp(first[a.ID]); n != 0 {
				return n
			}
		}
		return cmp.Or(strings.Compare(a.Text, b.Text), strings.Compare(a.ID, b.ID))
	})
	if t.Most > 0 {
		groups = groups[:min(len(groups), t.Most)]
	}
	for _, g := range groups {
		row := FilledRow{ID: g.ID, Name: g.Text}
		for k := range columns {
			top := columns[k].sums[0][g.ID]
			v := Value{N: &top}
			if columns[k].cell.measure.rate() {
				whole := columns[k].sums[1][g.ID]
				var err error
				if v, err = m.divided(columns[k].cell, Value{N: &top}, Value{N: &whole}); err != nil {
					return out, err
				}
			}
			row.Values = append(row.Values, v)
		}
		out.Rows = append(out.Rows, row)
	}
	return out, nil
}

// Difference is a number that differs between two makings of a return.
type Difference struct {
	// Name says which number, Unit its unit; Was and Now are the numbers as people read them.
	Name, Unit, Was, Now string
}

// Differences tells cell by cell and row by row what differs, in the order of the return.
func Differences(was, now *Figures) []Difference {
	var out []Difference
	add := func(name, unit, a, b string) {
		if a != b {
			out = append(out, Difference{name, unit, a, b})
		}
	}
	for i := range now.Cells {
		c := &now.Cells[i]
		if old := was.Cell(c.Key); old != nil {
			add(c.Title, c.Unit, old.Text(old.N), c.Text(c.N))
		} else {
			add(c.Title, c.Unit, "没有这一项", c.Text(c.N))
		}
	}
	for i := range was.Cells {
		if c := &was.Cells[i]; now.Cell(c.Key) == nil {
			add(c.Title, c.Unit, c.Text(c.N), "没有这一项")
		}
	}
	told := func(f *Figures, key string, v *Value) (string, string, string) {
		c := f.Cell(key)
		if c == nil {
			c = &Filled{Title: key}
		}
		if v == nil {
			return c.Title, c.Unit, "没有这一行"
		}
		return c.Title, c.Unit, c.Text(v.N)
	}
	for i := range now.Tables {
		t := &now.Tables[i]
		old := &FilledTable{}
		if k := slices.IndexFunc(was.Tables, func(o FilledTable) bool { return o.ID == t.ID && slices.Equal(o.Columns, t.Columns) }); k >= 0 {
			old = &was.Tables[k]
		}
		before, after := old.byID(), t.byID()
		for _, id := range rowIDs(t, old) {
			a, b := before[id], after[id]
			for k, key := range t.Columns {
				name := cmp.Or(b.name(), a.name())
				title, unit, once := told(was, key, a.value(k))
				_, _, here := told(now, key, b.value(k))
				add(t.Title+"·"+name+"·"+title, unit, once, here)
			}
		}
	}
	return out
}

// rowIDs are the rows of two tables, those of the first in its order.
func rowIDs(now, was *FilledTable) []string {
	var out []string
	seen := map[string]bool{}
	for _, t := range []*FilledTable{now, was} {
		for i := range t.Rows {
			if id := t.Rows[i].ID; !seen[id] {
				seen[id] = true
				out = append(out, id)
			}
		}
	}
	return out
}

func (t *FilledTable) byID() map[string]*FilledRow {
	out := make(map[string]*FilledRow, len(t.Rows))
	for i := range t.Rows {
		out[t.Rows[i].ID] = &t.Rows[i]
	}
	return out
}

func (r *FilledRow) name() string {
	if r == nil {
		return ""
	}
	return r.Name
}

func (r *FilledRow) value(k int) *Value {
	if r == nil || k >= len(r.Values) {
		return nil
	}
	return &r.Values[k]
}
