package rating

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"redsteward/internal/fault"
	"redsteward/internal/num"
)

// TableOptions say how a table is read besides what the scheme declares.
type TableOptions struct {
	// Join adds the columns of a second table; nil for none.
	Join *Join
	// AsOf is the day of evaluation of rows for which the scheme names no column.
	AsOf Date
	// Period is the period of every row; may be empty.
	Period string
}

// ReadTable reads all rows of a CSV table as subjects. It returns Invalid with every problem, each with its line in the file, the place of
// its column and the column's name (ProblemsOf lists them, at most 200 of them); then no row is returned.
func ReadTable(s *Scheme, r io.Reader, options TableOptions) ([]Subject, error) {
	var subjects []Subject
	err := EachRow(s, r, options, func(sub Subject) error {
		subjects = append(subjects, sub)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return subjects, nil
}

// EachRow calls row for every row that can be read, in order, until row returns an error, and returns that error or the problems of the
// table as ReadTable does. A caller that must not act on a table with problems runs through it once before.
func EachRow(s *Scheme, r io.Reader, options TableOptions, row func(Subject) error) error {
	const op = "rating.ReadTable"
	if s.Table == nil {
		return fault.New(op, fault.Invalid, "方案没有 table 一节，不能读表格")
	}
	t := &tableReader{s: s, options: options, seen: map[string]int{}}
	t.csv = newCSV(r)
	header, err := t.csv.Read()
	if err != nil {
		t.bad(err)
		return t.problems.err(op, "表格")
	}
	t.columns(header)
	if len(t.problems.found) > 0 {
		return t.problems.err(op, "表格")
	}
	rows := 0
	for {
		record, err := t.csv.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		rows++
		if err != nil {
			t.bad(err)
			var wrong *csv.ParseError
			if errors.As(err, &wrong) && errors.Is(wrong.Err, csv.ErrFieldCount) {
				continue
			}
			break
		}
		if sub, ok := t.subject(record); ok {
			if err := row(sub); err != nil {
				return err
			}
		}
	}
	if rows == 0 && len(t.problems.found) == 0 {
		t.problems.add(Problem{Line: 1, Column: 1, Message: "表格只有表头，没有数据行"})
	}
	return t.problems.err(op, "表格")
}

// newCSV reads CSV with an optional byte order mark.
func newCSV(r io.Reader) *csv.Reader {
	buffered := bufio.NewReaderSize(r, 1<<16)
	if mark, err := buffered.Peek(3); err == nil && string(mark) == "\uFEFF" {
		_, _ = buffered.Discard(3)
	}
	c := csv.NewReader(buffered)
	c.ReuseRecord = true
	return c
}

// csvProblem translates an error of the CSV reader.
func csvProblem(err error) Problem {
	if errors.Is(err, io.EOF) {
		return Problem{Line: 1, Column: 1, Message: "文件是空的"}
	}
	p := Problem{Line: 1, Column: 1, Message: "读不出来：" + err.Error()}
	var wrong *csv.ParseError
	if !errors.As(err, &wrong) {
		return p
	}
	p.Line = max(wrong.Line, 1)
	switch {
	case errors.Is(wrong.Err, csv.ErrFieldCount):
		p.Message = "这一行的列数与表头不同"
	case errors.Is(wrong.Err, csv.ErrBareQuote), errors.Is(wrong.Err, csv.ErrQuote):
		p.Column = max(wrong.Column, 1)
		p.Message = "引号没有成对"
	}
	return p
}

// tableReader turns records into subjects.
type tableReader struct {
	s        *Scheme
	options  TableOptions
	csv      *csv.Reader
	problems collector
	seen     map[string]int // id to the line where it stood first

	id    []column
	asOf  column
	facts []factColumns
	rest  []string // names of the columns of the table itself, then of the joined one
	own   int      // how many columns the table itself has
	line  int
	cells []string // of the current record and its joined record
}

// column is a place among the table's columns and then the joined ones; -1 if the table has no such column.
type column struct {
	name  string
	place int
}

// factColumns are the columns of one fact: one for a plain type, numerator and denominator, the items, or population and levels.
type factColumns []column

func (t *tableReader) bad(err error) { t.problems.add(csvProblem(err)) }

// columns finds the declared columns in the header.
func (t *tableReader) columns(header []string) {
	place := map[string]int{}
	twice := map[string]bool{}
	add := func(names []string) {
		for _, name := range names {
			name = strings.TrimSpace(name)
			if _, known := place[name]; known {
				twice[name] = twice[name] || len(t.rest) < len(header) // a joined column of the same name is overruled, not an error
			} else {
				place[name] = len(t.rest)
			}
			t.rest = append(t.rest, name)
		}
	}
	add(header)
	t.own = len(header)
	if t.options.Join != nil {
		add(t.options.Join.header)
	}
	find := func(name string, optional bool) column {
		at, ok := place[name]
		switch {
		case !ok && optional:
			at = -1
		case !ok:
			at = -1
			t.problems.add(Problem{Line: 1, Column: 1, Path: name, Message: fmt.Sprintf("表格没有列 %q", name)})
		case twice[name]:
			t.problems.add(Problem{Line: 1, Column: at + 1, Path: name, Message: fmt.Sprintf("有两列都叫 %q", name)})
		}
		return column{name, at}
	}
	for _, name := range t.s.Table.ID {
		t.id = append(t.id, find(name, false))
	}
	t.asOf = column{place: -1}
	if t.s.Table.AsOf != "" {
		t.asOf = find(t.s.Table.AsOf, false)
	}
	for i := range t.s.Facts {
		f := &t.s.Facts[i]
		var cols factColumns
		for _, name := range f.ColumnNames() {
			cols = append(cols, find(name, f.ColumnOptional))
		}
		t.facts = append(t.facts, cols)
	}
}

// ColumnNames are the declared columns of a fact: numerator and denominator of a ratio, the items of a checklist, population and levels of a survey in
// this order, one column of any other type. What is not declared has the name of the fact, with a point and the member's id behind it.
func (f *Fact) ColumnNames() []string {
	or := func(declared, otherwise string) string {
		if declared != "" {
			return declared
		}
		return otherwise
	}
	switch f.Type {
	case TypeRatio:
		return []string{or(f.Numerator, f.ID+".num"), or(f.Denominator, f.ID+".den")}
	case TypeChecklist:
		var names []string
		for _, item := range f.Items {
			names = append(names, or(item.Column, f.ID+"."+item.ID))
		}
		return names
	case TypeSurvey:
		names := []string{or(f.Population, f.ID+".population")}
		for _, l := range f.Levels {
			names = append(names, or(l.Column, f.ID+"."+l.ID))
		}
		return names
	}
	return []string{or(f.Column, f.ID)}
}

// cell returns a trimmed cell of the current record.
func (t *tableReader) cell(c column) string {
	if c.place < 0 || c.place >= len(t.cells) {
		return ""
	}
	return strings.TrimSpace(t.cells[c.place])
}

func (t *tableReader) report(c column, format string, args ...any) {
	t.problems.add(Problem{Line: t.line, Column: c.place + 1, Path: c.name, Message: fmt.Sprintf(format, args...)})
}

// subject reads one record; false if it has problems.
func (t *tableReader) subject(record []string) (Subject, bool) {
	t.line, _ = t.csv.FieldPos(0)
	t.cells = append(t.cells[:0], record...)
	before := len(t.problems.found) + t.problems.more
	if j := t.options.Join; j != nil {
		t.cells = append(t.cells, j.match(t)...)
	}
	separator := t.s.Table.Separator
	if separator == "" {
		separator = "/"
	}
	parts := make([]string, len(t.id))
	for i, c := range t.id {
		parts[i] = t.cell(c)
		if parts[i] == "" {
			t.report(c, "编号是空的")
		} else if utf8.RuneCountInString(parts[i]) > 64 || !utf8.ValidString(parts[i]) || strings.ContainsFunc(parts[i], unicode.IsControl) {
			t.report(c, "编号太长或有不能用的字符")
		}
	}
	id := strings.Join(parts, separator)
	if first, twice := t.seen[id]; twice {
		t.report(t.id[0], "编号 %q 与第 %d 行重复", short(id), first)
	} else {
		t.seen[id] = t.line
	}
	asOf := t.options.AsOf
	if t.s.Table.AsOf != "" {
		d, err := ParseDate(t.cell(t.asOf))
		if err != nil {
			t.report(t.asOf, "%s", err.Error())
		}
		asOf = d
	}
	sub := t.s.NewSubject(id, t.options.Period, asOf)
	for i := range t.s.Facts {
		sub.Values[i] = t.fact(&t.s.Facts[i], t.facts[i])
	}
	return sub, len(t.problems.found)+t.problems.more == before
}

// state says whether a cell holds a value; it reports a blank cell if the scheme allows none.
func (t *tableReader) state(f *Fact, c column, text string) State {
	switch {
	case c.place < 0:
		return Missing
	case text == "" && t.s.Table.Blank == "na":
		return NotApplicable
	case text == "" && t.s.Table.Blank == "error" && c.place < t.own:
		t.report(c, "单元格是空的")
		return Missing
	case text == "":
		return Missing
	case slices.Contains(t.s.Table.NAWords, text), slices.Contains(f.NAWords, text):
		return NotApplicable
	}
	return Present
}

// number reads a cell as a number; false, after a report, if it is none.
func (t *tableReader) number(c column, text string) (num.Num, bool) {
	x, err := num.Parse(text)
	if err != nil {
		t.report(c, "%s", fault.MessageOf(err))
		return x, false
	}
	return x, true
}

// fact reads the cells of one fact.
func (t *tableReader) fact(f *Fact, cols factColumns) Value {
	v := t.plain(f, cols)
	if v.State == Present {
		if message := f.refuse(v); message != "" {
			t.report(cols[0], "%s：%s", f.Name, message)
			return Value{}
		}
	}
	return v
}

func (t *tableReader) plain(f *Fact, cols factColumns) Value {
	text := t.cell(cols[0])
	switch f.Type {
	case TypeRatio:
		return t.ratio(f, cols)
	case TypeChecklist:
		v := Value{Items: t.items(f, cols)}
		return v.present(v.Items)
	case TypeSurvey:
		v := Value{Items: t.items(f, cols[1:])}
		v = v.present(v.Items)
		if t.state(f, cols[0], text) == Present {
			v.Number, _ = t.number(cols[0], text)
		} else {
			v.State = Missing
		}
		return v
	}
	v := Value{State: t.state(f, cols[0], text)}
	if v.State != Present {
		return v
	}
	ok := true
	switch f.Type {
	case TypeNumber, TypeCount:
		v.Number, ok = t.number(cols[0], text)
	case TypeBool:
		v.Number, ok = boolWords[strings.ToLower(text)]
		if !ok {
			t.report(cols[0], "要填 是 或 否，不能是 %q", short(text))
		}
	case TypeText:
		v.Text = text
		if i := f.valueIndex(text); i >= 0 {
			v.Text = f.Values[i].ID
		}
	case TypeDate:
		var err error
		if v.Day, err = ParseDate(text); err != nil {
			t.report(cols[0], "%s", err.Error())
			ok = false
		}
	case TypeEvents:
		v.Events, ok = t.events(cols[0], text)
	}
	if !ok {
		return Value{}
	}
	return v
}

// boolWords are the words of yes and no in a table.
var boolWords = map[string]num.Num{
	"是": one, "有": one, "yes": one, "y": one, "true": one, "1": one,
	"否": {}, "无": {}, "no": {}, "n": {}, "false": {}, "0": {},
}

func (t *tableReader) ratio(f *Fact, cols factColumns) Value {
	var v Value
	n, d := t.cell(cols[0]), t.cell(cols[1])
	upper, lower := t.state(f, cols[0], n), t.state(f, cols[1], d)
	switch {
	case upper == NotApplicable || lower == NotApplicable:
		v.State = NotApplicable
	case upper == Present && lower == Present:
		var okN, okD bool
		v.Number, okN = t.number(cols[0], n)
		v.Den, okD = t.number(cols[1], d)
		if okN && okD {
			v.State = Present
		}
	}
	return v
}

// items reads the cells of a checklist or of a survey's levels.
func (t *tableReader) items(f *Fact, cols factColumns) []ItemValue {
	items := make([]ItemValue, len(cols))
	for i, c := range cols {
		text := t.cell(c)
		items[i].State = t.state(f, c, text)
		if items[i].State != Present {
			continue
		}
		x, ok := t.number(c, text)
		if !ok {
			continue
		}
		if message := f.outside(x); message != "" {
			t.report(c, "%s", message)
			continue
		}
		items[i].Number = x
	}
	return items
}

// present is the value of a list of items: missing if all are, not applicable if none is there and one does not apply.
func (v Value) present(items []ItemValue) Value {
	for _, item := range items {
		v.State = max(v.State, item.State)
	}
	return v
}

// events reads a cell such as "G01|2026-03-05;B02|2026-05-01|2027-05-01|-3|案号": code, date, and if wanted the last day, points, source.
// A cell with - alone says that there were none.
func (t *tableReader) events(c column, text string) ([]Event, bool) {
	events := []Event{}
	if text == "-" {
		return events, true
	}
	for _, entry := range strings.Split(text, ";") {
		if strings.TrimSpace(entry) == "" {
			continue
		}
		fields := strings.Split(entry, "|")
		for len(fields) < 5 {
			fields = append(fields, "")
		}
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		e := Event{Code: fields[0], Source: fields[4]}
		var err error
		if len(fields) > 5 {
			t.report(c, "事件 %q 的内容太多，应为 代码|日期|截止日|分值|来源", short(entry))
			return nil, false
		}
		if e.Date, err = ParseDate(fields[1]); err != nil {
			t.report(c, "事件 %q：%s", short(entry), err.Error())
			return nil, false
		}
		if fields[2] != "" {
			if e.Until, err = ParseDate(fields[2]); err != nil {
				t.report(c, "事件 %q：%s", short(entry), err.Error())
				return nil, false
			}
		}
		if fields[3] != "" {
			x, ok := t.number(c, fields[3])
			if !ok {
				return nil, false
			}
			e.Points = &x
		}
		events = append(events, e)
	}
	return events, true
}

// Join is a second table whose columns are added to the rows of the first by one column that both have.
type Join struct {
	on     string
	header []string
	rows   map[string][]string
}

// ReadJoin reads a second table. It returns Invalid with the problems: no column of that name, the same key twice, a row that cannot be read.
func ReadJoin(r io.Reader, on string) (*Join, error) {
	var problems collector
	reader := newCSV(r)
	j := &Join{on: on, rows: map[string][]string{}}
	header, err := reader.Read()
	if err != nil {
		problems.add(csvProblem(err))
		return nil, problems.err("rating.ReadJoin", "关联的表格")
	}
	key := -1
	for i, name := range header {
		j.header = append(j.header, strings.TrimSpace(name))
		if j.header[i] == on {
			key = i
		}
	}
	if key < 0 {
		problems.add(Problem{Line: 1, Column: 1, Path: on, Message: fmt.Sprintf("表格没有列 %q", on)})
		return nil, problems.err("rating.ReadJoin", "关联的表格")
	}
	lines := map[string]int{}
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			problems.add(csvProblem(err))
			break
		}
		line, _ := reader.FieldPos(0)
		k := strings.TrimSpace(record[key])
		if first, twice := lines[k]; twice {
			problems.add(Problem{Line: line, Column: key + 1, Path: on, Message: fmt.Sprintf("%q 与第 %d 行重复", short(k), first)})
			continue
		}
		lines[k] = line
		j.rows[k] = slices.Clone(record)
	}
	if err := problems.err("rating.ReadJoin", "关联的表格"); err != nil {
		return nil, err
	}
	return j, nil
}

// match returns the joined cells of the current record; blanks if the second table has no such row.
func (j *Join) match(t *tableReader) []string {
	at := slices.Index(t.rest[:t.own], j.on)
	if at >= 0 && at < len(t.cells) {
		if row, ok := j.rows[strings.TrimSpace(t.cells[at])]; ok {
			return row
		}
	}
	return make([]string, len(j.header))
}
