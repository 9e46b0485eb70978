package web

import (
	"fmt"
	"net/url"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/supervision"
)

// columnInput is one column of the form, with what was typed.
type columnInput struct {
	field
	// Event: a document and a last day belong to it.
	Event           bool
	Document, Until field
}

// observationForm is what observation_form.html shows.
type observationForm struct {
	Action, Key, Seq string
	// Ask is what is asked; without a fact the page offers Facts.
	Ask   supervision.Ask
	Facts []option
	// Project is the choice of a project, More says that there are more than it offers; Find is the text that narrowed it.
	Project field
	More    bool
	Find    string
	// FirmChoice offers to record for the whole firm, FirmWide says that it was chosen.
	FirmChoice, FirmWide bool
	Columns              []columnInput
	NA                   bool
	Day, Source          field
	// Corrects is the confirmed observation that is replaced, Old what it says; Reason why an observation was returned; Subject what both are about.
	Corrects, Old, Reason, Subject string
}

// cellsTyped is what a form says about an ask: the cells, and what cannot be read.
func cellsTyped(values url.Values, ask supervision.Ask) (cells []supervision.Cell, bad []fault.Field) {
	for _, col := range ask.Columns {
		name := "cells." + col.Name
		text := strings.TrimSpace(values.Get(name))
		cell := supervision.Cell{Column: col.Name, NA: values.Get("na") == "1"}
		fail := func(message string) { bad = append(bad, fault.Field{Name: name, Message: message}) }
		switch {
		case cell.NA:
		case text == "":
			continue // CheckCells says that it is missing
		case col.Kind == supervision.ColumnText, col.Kind == supervision.ColumnEvent:
			cell.Text = text
			if col.Kind == supervision.ColumnEvent {
				cell.Document = strings.TrimSpace(values.Get(name + ".document"))
				if until := values.Get(name + ".until"); until != "" {
					day, err := calendar.ParseDate(until)
					if err != nil {
						fail("期满日" + err.Error())
					}
					cell.Until = day
				}
			}
		default:
			n, err := num.Parse(text)
			if err != nil {
				fail(fmt.Sprintf("“%s”要填数，现在是“%s”", col.Label, text))
				continue
			}
			cell.Number = n
		}
		cells = append(cells, cell)
	}
	return cells, bad
}

// columnInputs are the inputs of an ask with what was typed.
func columnInputs(ask supervision.Ask, values url.Values) []columnInput {
	out := make([]columnInput, 0, len(ask.Columns))
	for _, col := range ask.Columns {
		name := "cells." + col.Name
		in := columnInput{field: field{Name: name, Label: col.Label, Type: "text", Value: values.Get(name)}}
		if col.Unit != "" {
			in.Hint = "单位：" + col.Unit
		}
		switch col.Kind {
		case supervision.ColumnCount:
			in.Mode = "numeric"
		case supervision.ColumnNumber:
			in.Mode = "decimal"
		case supervision.ColumnBool:
			in.Options = []option{{Value: "", Label: "请选择"}, {Value: "1", Label: "是"}, {Value: "0", Label: "否"}}
		case supervision.ColumnText, supervision.ColumnEvent:
			if len(col.Values) > 0 {
				in.Options = []option{{Value: "", Label: "请选择"}}
				for _, v := range col.Values {
					in.Options = append(in.Options, option{Value: v.ID, Label: v.Text})
				}
			}
			in.Event = col.Kind == supervision.ColumnEvent
			in.Document = field{Name: name + ".document", Label: "文号", Type: "text", Value: values.Get(name + ".document"), Hint: "认定所依据的生效文书"}
			in.Until = field{Name: name + ".until", Label: "期满日", Type: "date", Value: values.Get(name + ".until"), Optional: true, Hint: "不填按理由规定的月数计算"}
		}
		out = append(out, in)
	}
	return out
}

// valuesOf are cells as a form would send them.
func valuesOf(o supervision.Observation) url.Values {
	v := url.Values{"day": {o.Day.String()}, "source": {o.Source}, "project": {o.Project}}
	for _, cell := range o.Cells {
		name := "cells." + cell.Column
		switch {
		case cell.NA:
			v.Set("na", "1")
		case cell.Text != "":
			v.Set(name, cell.Text)
			v.Set(name+".document", cell.Document)
			v.Set(name+".until", cell.Until.String())
		default:
			v.Set(name, cell.Number.String())
		}
	}
	return v
}

// fillForm makes the common part of a form.
func fillForm(f observationForm, values url.Values, refused []fault.Field) observationForm {
	f.Columns, f.NA = columnInputs(f.Ask, values), values.Get("na") == "1"
	for i := range f.Columns {
		f.Columns[i].field = withErrors([]field{f.Columns[i].field}, refused)[0]
	}
	f.Day = withErrors([]field{{Name: "day", Label: "事实发生的日期", Type: "date", Value: values.Get("day"), Hint: "不是登记的日期；整季度合计的，填季度最后一天或统计截止日"}}, refused)[0]
	f.Source = withErrors([]field{{Name: "source", Label: "来源", Rows: 2, Value: values.Get("source"), Hint: "文件名称和文号，或者台账名称；不写业主姓名和电话"}}, refused)[0]
	if f.Key == "" {
		f.Key = newKey()
	}
	return f
}
