package report

import (
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/supervision/matter"
)

// dayOfMoment declares a column of moments, of which the day is kept: other platforms write the time of day too.
func dayOfMoment[T any](field, title, example string, at func(*T) *calendar.Date) Column[T] {
	column := Date(field, title, example, at)
	read := column.read
	column.read = func(row *T, c cell) string {
		c.text, _, _ = strings.Cut(c.text, " ")
		c.text, _, _ = strings.Cut(c.text, "T")
		if whole, _, found := strings.Cut(c.text, "."); found {
			if _, err := num.Parse(c.text); err == nil {
				c.text = whole // a number of days with the time behind the point
			}
		}
		return read(row, c)
	}
	return column
}

// PlatformOrders is the workbook of orders as another platform hands it out: with its headings and words. The lines do not name the platform.
func PlatformOrders(tree *matter.Tree, p matter.Platform) Table[matter.OrderLine] {
	type row = matter.OrderLine
	t := Table[row]{Sheet: sheetName(p.Title, nil)}
	add := func(column Column[row]) {
		if column.Title != "" {
			t.Columns = append(t.Columns, column)
		}
	}
	c := p.Columns
	add(Text("number", c.Number, func(r *row) *string { return &r.Order.Number }).Must().Wide(24).Says("平台给的编号；同一编号再次导入只更新期限和结果"))
	add(dayOfMoment("received", c.Received, "2026-10-19 09:30", func(r *row) *calendar.Date { return &r.Order.Received }).Must().Wide(18))
	add(dayOfMoment("due", c.Due, "2026-10-26 18:00", func(r *row) *calendar.Date { return &r.Order.Due }).Wide(18).Says("平台规定的期限，以它为准"))
	add(Pick("category", c.Category, p.Choices(matter.WordCategory, tree.CategoryChoices()), func(r *row) *string { return &r.Category }).Must().Wide(20))
	add(Text("township", c.Township, func(r *row) *string { return &r.Township }))
	add(Text("community", c.Community, func(r *row) *string { return &r.Community }).Must())
	add(Text("project", c.Project, func(r *row) *string { return &r.Project }).Wide(18).Says("不在小区里的不填"))
	add(Text("where", c.Where, func(r *row) *string { return &r.Where }).Must().Wide(20))
	add(Text("words", c.Words, func(r *row) *string { return &r.Words }).Must().Wide(40).Says("不要有姓名、电话和身份证号"))
	add(Pick("outcome", c.Outcome, p.Choices(matter.WordOutcome, matter.Outcomes()), func(r *row) *matter.Outcome { return &r.Order.Outcome }).Says("平台办结以后才有"))
	add(dayOfMoment("done", c.Done, "2026-10-23 16:00", func(r *row) *calendar.Date { return &r.Order.Done }).Wide(18))
	add(Text("result", c.Result, func(r *row) *string { return &r.Order.Words }).Wide(30))
	add(Pick("satisfied", c.Satisfied, p.Choices(matter.WordSatisfied, matter.Satisfactions()), func(r *row) *matter.Satisfied { return &r.Order.Satisfied }))
	return t
}

// PlatformAnswers is the workbook that another platform takes back, in its own columns and words.
func PlatformAnswers(p matter.Platform) Table[matter.Matter] {
	t := Table[matter.Matter]{Sheet: sheetName(p.Title+"反馈", nil)}
	for _, a := range p.Answers {
		column := Shown(a.Title, func(m *matter.Matter) any { return answerCell(a, m) }).Wide(14)
		switch a.Is {
		case matter.PartNumber:
			column = column.Wide(24)
		case matter.PartAnswer:
			column = column.Wide(40)
		}
		t.Columns = append(t.Columns, column)
	}
	return t
}

// answerCell is what a column of an answer says of a matter that was answered.
func answerCell(a matter.PlatformAnswer, m *matter.Matter) any {
	switch a.Is {
	case matter.PartNumber:
		return m.Order.Number
	case matter.PartReceived:
		return m.Order.Received
	case matter.PartDue:
		return m.Order.Due
	case matter.PartState:
		return m.State.Title()
	case matter.PartDepartment:
		return m.DepartmentTitle
	case matter.PartAnswered:
		return calendar.DateOf(m.Answer.By.At.Time)
	case matter.PartAnswer:
		return m.Answer.Words
	case matter.PartFixed:
		return a.Says(m.Answer.Fixed)
	case matter.PartInTime:
		return a.Says(!m.Answer.Late)
	case matter.PartReasonable:
		return a.Says(m.Answer.Reasonable)
	}
	return ""
}
