package report

import (
	"redsteward/internal/calendar"
	"redsteward/registry/conduct"
)

// Conduct is the sheet of a book of conduct: the columns of a template and of an export.
func Conduct(b conduct.Book, terms *conduct.Terms) Table[conduct.Line] {
	type line = conduct.Line
	class := map[conduct.Book]string{conduct.Credit: "失信程度", conduct.Marks: "记录种类", conduct.Honours: "表彰级别"}[b]
	columns := []Column[line]{
		Text("firm", "企业统一社会信用代码", func(l *line) *string { return &l.FirmCode }).Must().Wide(22).Says("已登记的企业"),
		Pick("class", class, terms.ClassChoices(b), func(l *line) *string { return &l.Class }).Must().Wide(24),
	}
	if b == conduct.Credit {
		columns = append(columns, Pick("source", "文书种类", terms.SourceChoices(), func(l *line) *string { return &l.Source }).Must().Wide(20).Says("失信信息只来自这些文书"))
	} else {
		columns = append(columns,
			Text("township", "乡镇", func(l *line) *string { return &l.Township }).Says("社区重名时要填"),
			Text("community", "社区（村）", func(l *line) *string { return &l.Community }).Says("填了小区的要填"),
			Text("project", "小区名称", func(l *line) *string { return &l.ProjectName }).Wide(24).Says("只涉及一个小区的填；整家企业的不填"))
	}
	columns = append(columns,
		Text("title", map[conduct.Book]string{conduct.Credit: "事由", conduct.Marks: "事实", conduct.Honours: "表彰名称"}[b], func(l *line) *string { return &l.Title }).Must().Wide(36).Says("60 字以内，不写业主姓名和电话"),
		Text("number", "文号", func(l *line) *string { return &l.Number }).Wide(24).Says(map[conduct.Book]string{conduct.Credit: "处罚决定书或裁判文书的文号，必填", conduct.Marks: "没有文书的不填", conduct.Honours: "表彰文件的文号，必填"}[b]),
		Text("authority", map[conduct.Book]string{conduct.Credit: "作出机关", conduct.Marks: "提供单位", conduct.Honours: "授予机关"}[b], func(l *line) *string { return &l.Authority }).Must().Wide(24),
		Date("decided", map[conduct.Book]string{conduct.Credit: "文书日期", conduct.Marks: "事实发生日期", conduct.Honours: "表彰日期"}[b], "2026-09-01", func(l *line) *calendar.Date { return &l.Decided }).Must().Wide(14))
	switch b {
	case conduct.Credit:
		columns = append(columns, Whole("months", "公示月数", "6", func(l *line) *int64 { return &l.Months }).Says("在失信程度规定的范围内；不公示的程度不填"))
	case conduct.Honours:
		columns = append(columns, Whole("months", "有效月数", "12", func(l *line) *int64 { return &l.Months }).Says("表彰文件没有写的不填"),
			Text("person", "个人姓名", func(l *line) *string { return &l.Person }).Says("表彰个人的才填"),
			Date("consent", "本人同意日期", "2026-09-05", func(l *line) *calendar.Date { return &l.Consent }).Wide(14).Says("本人书面同意展示姓名的日期；没有同意的不填，姓名隐去"))
	}
	return Table[line]{Sheet: b.Title(), Columns: columns}
}
