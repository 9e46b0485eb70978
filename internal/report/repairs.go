package report

import (
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/journal"
	"redsteward/internal/num"
	"redsteward/supervision/repair"
)

// Moment declares a column of moments in local time, to the minute.
func Moment[T any](field, title string, at func(*T) *journal.Time) Column[T] {
	const example = "2026-10-19 14:30"
	return Column[T]{Field: field, Title: title, form: formText, Width: 17,
		read: func(row *T, c cell) string {
			t, ok := readMoment(c)
			if !ok {
				return "要填日期和时间，例如 " + example
			}
			*at(row) = journal.At(t)
			return ""
		},
		write: func(row *T) any { return repair.MomentText(at(row).Time) },
	}.Says("日期和时间，例如 " + example)
}

// minutesOfDay is how many minutes a day has.
const minutesOfDay = 24 * 60

// readMoment reads a moment as typed, or the serial number that Excel keeps: days, and of the day so much as has passed.
func readMoment(c cell) (time.Time, bool) {
	if t, ok := repair.ParseMoment(c.text); ok {
		return t, true
	}
	whole, _, found := strings.Cut(c.text, ".")
	serial, err := num.Parse(c.text)
	if !found || err != nil {
		return time.Time{}, false
	}
	day, ok := readDate(cell{whole, c.from1904})
	days, err := num.Parse(whole)
	if !ok || err != nil {
		return time.Time{}, false
	}
	minutes, _ := serial.Sub(days).Mul(num.FromInt(minutesOfDay)).Round(0, num.HalfUp).Int64()
	return day.Begins().Add(time.Duration(minutes) * time.Minute), true
}

// RepairRow is one row of a repair log in Excel.
type RepairRow struct {
	// Line is what is read back.
	repair.Line
	// Logged is the repair as it is registered, nil for one that was read.
	Logged *repair.Repair
	// Late says whether it is or was late.
	Late bool
}

// RepairRowOf is the row of a repair, as people see it.
func RepairRowOf(r *repair.Repair, now time.Time) RepairRow {
	urgency := repair.Urgency("no")
	if r.Said.Urgent {
		urgency = "yes"
	}
	return RepairRow{Line: repair.Line{Township: r.TownshipName, Community: r.CommunityName, Project: r.ProjectName, Number: r.Number, Urgency: urgency, Said: r.Said}, Logged: r, Late: r.Late(now)}
}

// RepairLines is the sheet of a month's repairs that a firm fills in.
func RepairLines(terms *repair.Terms) Table[repair.Line] {
	return Table[repair.Line]{Sheet: "报修台账", Columns: repairColumns(terms, func(l *repair.Line) *repair.Line { return l })}
}

// RepairLog is the same sheet as it is exported, with what the system adds; it can be read back.
func RepairLog(terms *repair.Terms) Table[RepairRow] {
	columns := repairColumns(terms, func(r *RepairRow) *repair.Line { return &r.Line })
	columns = append(columns, Shown("物业企业", func(r *RepairRow) any { return r.Logged.FirmName }).Wide(24), Shown("状态", func(r *RepairRow) any { return r.Logged.State().Title() }),
		Shown("应在此前", func(r *RepairRow) any { return repair.MomentText(r.Logged.Due.Time) }).Wide(17), Shown("逾时", func(r *RepairRow) any {
			if r.Late {
				return "是"
			}
			return "否"
		}), Shown("登记日期", func(r *RepairRow) any { return calendar.DateOf(r.Logged.Hand.At.Time) }))
	return Table[RepairRow]{Sheet: "报修台账", Columns: columns}
}

// repairColumns are the columns of a repair, at where a row keeps it.
func repairColumns[T any](terms *repair.Terms, at func(*T) *repair.Line) []Column[T] {
	said := func(pick func(s *repair.Said) *string) func(*T) *string {
		return func(row *T) *string { return pick(&at(row).Said) }
	}
	moment := func(pick func(s *repair.Said) *journal.Time) func(*T) *journal.Time {
		return func(row *T) *journal.Time { return pick(&at(row).Said) }
	}
	return []Column[T]{
		Text("township", "乡镇", func(row *T) *string { return &at(row).Township }).Says("社区重名时填"),
		Text("community", "社区", func(row *T) *string { return &at(row).Community }).Must(),
		Text("project", "小区", func(row *T) *string { return &at(row).Project }).Must().Wide(18),
		Text("number", "编号", func(row *T) *string { return &at(row).Number }).Must().Wide(14).Says("本小区当月不重复；同一编号再次导入只补齐或者更正"),
		Moment("reported", "报修时间", moment(func(s *repair.Said) *journal.Time { return &s.Reported })).Must(),
		Text("where", "位置", said(func(s *repair.Said) *string { return &s.Where })).Must().Wide(18),
		Text("what", "报修内容", said(func(s *repair.Said) *string { return &s.What })).Must().Wide(30),
		Pick("category", "类别", terms.Categories(), said(func(s *repair.Said) *string { return &s.Category })).Must(),
		Pick("urgent", "急修", repair.Urgencies(), func(row *T) *repair.Urgency { return &at(row).Urgency }).Says("不填按否"),
		Text("phone", "联系电话", said(func(s *repair.Said) *string { return &s.Phone })).Wide(14).Says("住户的电话，抽查回访用；公共部位的不填"),
		Moment("agreed", "约定完成时间", moment(func(s *repair.Said) *journal.Time { return &s.Agreed })),
		Moment("arrived", "到场时间", moment(func(s *repair.Said) *journal.Time { return &s.Arrived })),
		Moment("done", "完成时间", moment(func(s *repair.Said) *journal.Time { return &s.Done })),
		Text("result", "处理结果", said(func(s *repair.Said) *string { return &s.Result })).Wide(30),
	}
}
