package report

import (
	"io"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/supervision"
)

// AskedPeriod is a period that a row of observations may be for.
type AskedPeriod struct {
	// Name is what people call it, Days are the days of its facts.
	Name string
	Days calendar.Span
}

// ObservationSheet is the sheet of observations for a chosen set of facts. Each row is about one fact; the numbers of all facts stand in columns that are
// called as on the form, and a row fills in those of its fact.
type ObservationSheet struct {
	table Table[observationRow]
	asks  []supervision.Ask
	// labels are the columns of numbers and answers, in order.
	labels []string
}

// observationRow is a row as typed.
type observationRow struct {
	line supervision.ObservationLine
	// fact is the name of the fact, values what is typed under each label, document and until what belongs to an event.
	fact     string
	values   []string
	document string
	until    calendar.Date
}

// The words that are typed instead of a number.
const notApplicable, yes, no = "不适用", "是", "否"

// Observations is the sheet for the chosen facts. Returns Invalid if none is chosen.
func Observations(asks []supervision.Ask, periods []AskedPeriod) (ObservationSheet, error) {
	if len(asks) == 0 {
		return ObservationSheet{}, fault.InvalidFields("report.Observations", fault.Field{Name: "fact", Message: "请选择要登记的事实，至少一项"})
	}
	type row = observationRow
	s := ObservationSheet{asks: asks}
	names := make([]string, len(asks))
	for i, ask := range asks {
		names[i] = ask.Name
	}
	columns := []Column[row]{
		Text("township", "乡镇", func(r *row) *string { return &r.line.Township }).Says("社区重名时要填").given(),
		Text("community", "社区（村）", func(r *row) *string { return &r.line.Community }).Says("登记一个小区的填小区所在的社区（村）").given(),
		Text("project", "小区名称", func(r *row) *string { return &r.line.Project }).Wide(24).Says("已登记的小区；按整家企业登记的不填").given(),
		Text("firm", "企业统一社会信用代码", func(r *row) *string { return &r.line.FirmCode }).Wide(22).Says("按整家企业登记的才填：这家企业当天在管的小区都算").given(),
		oneOf("fact", "事实", names, func(r *row) *string { return &r.fact }).Must().Wide(36).given(),
		oneOf("period", "评价周期", namesOf(periods), func(r *row) *string { return &r.line.Period }).Wide(16).Says("填了的，日期要在这个周期内").given(),
	}
	events := false
	for _, ask := range asks {
		for _, col := range ask.Columns {
			events = events || col.Kind == supervision.ColumnEvent
			if !slices.Contains(s.labels, col.Label) {
				columns = append(columns, valueColumn(len(s.labels), col, len(asks) > 1))
				s.labels = append(s.labels, col.Label)
			}
		}
	}
	if events {
		columns = append(columns, Text("document", "文号", func(r *row) *string { return &r.document }).Wide(24).Says("认定所依据的生效文书"),
			Date("until", "期满日", "2027-06-30", func(r *row) *calendar.Date { return &r.until }).Says("不填按理由规定的月数计算"))
	}
	columns = append(columns, Date("day", "事实发生的日期", "2026-10-13", func(r *row) *calendar.Date { return &r.line.Day }).Must().Says("不是登记的日期；整季度合计的，填季度最后一天或统计截止日"),
		Text("source", "来源", func(r *row) *string { return &r.line.Source }).Must().Wide(36).Says("文件名称和文号，或者台账名称；不写业主姓名和电话"))
	s.table = Table[row]{Sheet: "观察记录", Columns: columns}
	return s, nil
}

func namesOf(periods []AskedPeriod) []string {
	names := make([]string, len(periods))
	for i, p := range periods {
		names[i] = p.Name
	}
	return names
}

// oneOf declares a column that takes one of some words.
func oneOf[T any](field, title string, words []string, at func(*T) *string) Column[T] {
	return Column[T]{Field: field, Title: title, form: formText, choices: words,
		read: func(row *T, c cell) string {
			if !slices.Contains(words, c.text) {
				return "只能填" + strings.Join(words, "、")
			}
			*at(row) = c.text
			return ""
		},
		write: func(row *T) any { return *at(row) },
	}
}

// valueColumn is the nth column of numbers or answers; it is read as typed, because the fact of the row decides what it must be.
func valueColumn(n int, col supervision.Column, several bool) Column[observationRow] {
	c := Column[observationRow]{Field: "cells." + col.Label, Title: col.Label, form: formText,
		read: func(r *observationRow, c cell) string {
			for len(r.values) <= n {
				r.values = append(r.values, "")
			}
			r.values[n] = c.text
			return ""
		},
		write: func(*observationRow) any { return "" },
	}
	switch {
	case col.Kind == supervision.ColumnCount:
		c.form, c.Hint = formWhole, "填整数，或者填“不适用”"
	case col.Kind == supervision.ColumnNumber:
		c.form, c.Hint = formDecimal, "填数，或者填“不适用”"
	case col.Kind == supervision.ColumnBool:
		c.choices = []string{yes, no, notApplicable}
	case len(col.Values) > 0:
		for _, v := range col.Values {
			c.choices = append(c.choices, v.Text)
		}
		c.Hint = "也可以填“不适用”"
	}
	if col.Unit != "" {
		c.Hint = joined(c.Hint, "单位："+col.Unit)
	}
	if several {
		c.choices = nil // another fact may take other words in the same column
		c.Hint = joined(c.Hint, "只填本行事实要填的栏")
	}
	return c
}

func joined(hints ...string) string {
	return strings.Join(slices.DeleteFunc(hints, func(s string) bool { return s == "" }), "；")
}

// Template gives the workbook to fill in, with a row prepared for each fact of each project: rows in which nothing else is filled in are left out when it is
// read. projects say township, community and name.
func (s ObservationSheet) Template(projects []supervision.ObservationLine, period string) ([]byte, error) {
	var rows []observationRow
	if len(projects)*len(s.asks) <= PreparedRows {
		for _, ask := range s.asks {
			for _, p := range projects {
				p.Period = period
				rows = append(rows, observationRow{line: p, fact: ask.Name})
			}
		}
	}
	return s.table.Prepared(rows)
}

// ReadObservations is a sheet of observations as read.
type ReadObservations struct {
	// Sheet is the name of the sheet that was read.
	Sheet string
	// Lines are the rows without fault, Faults those of the others.
	Lines  []supervision.ObservationLine
	Faults []Fault
	// At puts a fault that was found later into the sheet.
	At func(row int64, field, message string) Fault
}

// Read reads a sheet of observations. Returns as Table.Read.
func (s ObservationSheet) Read(r io.Reader, periods []AskedPeriod) (ReadObservations, error) {
	p, err := s.table.Read(r)
	if err != nil {
		return ReadObservations{}, err
	}
	out := ReadObservations{Sheet: p.Sheet, Faults: p.Faults}
	out.At = func(row int64, field, message string) Fault { return p.At(row, s.field(field), message) }
	for i := range p.Rows {
		row := &p.Rows[i].Value
		line, bad := s.line(row, periods)
		line.Row = p.Rows[i].Number
		for _, b := range bad {
			out.Faults = append(out.Faults, out.At(line.Row, b.Name, b.Message))
		}
		if len(bad) == 0 {
			out.Lines = append(out.Lines, line)
		}
	}
	return out, nil
}

// field is the column of the sheet for a field of an observation: cells are called by the names of the scheme there and by their labels here.
func (s ObservationSheet) field(field string) string {
	name, isCell := strings.CutPrefix(field, "cells.")
	if !isCell {
		return field
	}
	for _, ask := range s.asks {
		for _, col := range ask.Columns {
			if col.Name == name {
				return "cells." + col.Label
			}
		}
	}
	return field
}

// line turns a row as typed into what it says. What cannot be read is told by field.
func (s ObservationSheet) line(row *observationRow, periods []AskedPeriod) (supervision.ObservationLine, []fault.Field) {
	l := row.line
	var bad []fault.Field
	l.Ask = s.asks[slices.IndexFunc(s.asks, func(a supervision.Ask) bool { return a.Name == row.fact })]
	for _, p := range periods {
		if p.Name == l.Period {
			l.Within = p.Days
		}
	}
	used := map[string]bool{}
	for _, col := range l.Ask.Columns {
		used[col.Label] = true
		text := row.value(slices.Index(s.labels, col.Label))
		if text == "" {
			bad = append(bad, fault.Field{Name: "cells." + col.Name, Message: "“" + l.Ask.Name + "”要填“" + col.Label + "”，不适用的填“不适用”"})
			continue
		}
		cell, wrong := cellOf(col, text)
		if wrong != "" {
			bad = append(bad, fault.Field{Name: "cells." + col.Name, Message: col.Label + wrong})
		}
		if col.Kind == supervision.ColumnEvent && !cell.NA {
			cell.Document, cell.Until = row.document, row.until
		}
		l.Cells = append(l.Cells, cell)
	}
	for i, label := range s.labels {
		if text := row.value(i); text != "" && !used[label] {
			bad = append(bad, fault.Field{Name: "cells." + label, Message: "“" + l.Ask.Name + "”没有“" + label + "”这一栏，请删去“" + text + "”"})
		}
	}
	return l, bad
}

// value is what is typed under the nth label.
func (r *observationRow) value(n int) string {
	if n < len(r.values) {
		return r.values[n]
	}
	return ""
}

// cellOf reads one value of a fact; the text after it says what is wrong, "" if nothing is.
func cellOf(col supervision.Column, text string) (supervision.Cell, string) {
	c := supervision.Cell{Column: col.Name}
	switch {
	case text == notApplicable:
		c.NA = true
	case col.Kind == supervision.ColumnBool:
		if text != yes && text != no {
			return c, "只能填是、否、不适用，现在是“" + text + "”"
		}
		if text == yes {
			c.Number = num.FromInt(1)
		}
	case col.Kind == supervision.ColumnText, col.Kind == supervision.ColumnEvent:
		c.Text = text
		for _, v := range col.Values {
			if v.Text == text {
				c.Text = v.ID
			}
		}
	default:
		n, ok := decimals(text, 6)
		if !ok {
			return c, "要填数，或者填“不适用”，现在是“" + text + "”"
		}
		c.Number = n
	}
	return c, ""
}
