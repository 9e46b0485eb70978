package report

import (
	"redsteward/internal/calendar"
	"redsteward/registry"
	"redsteward/supervision/matter"
)

// MatterOrders is the sheet of orders of other platforms (12345热线, 综治平台), with the categories of a tree.
func MatterOrders(tree *matter.Tree) Table[matter.OrderLine] {
	type row = matter.OrderLine
	return Table[row]{Sheet: "其他平台工单", Columns: []Column[row]{
		Pick("system", "来件平台", matter.Platforms(), func(r *row) *matter.Source { return &r.Order.System }).Must().Wide(12),
		Text("number", "工单编号", func(r *row) *string { return &r.Order.Number }).Must().Wide(24).Says("平台给的编号；同一编号再次导入只更新期限和结果"),
		Date("received", "来件日期", "2026-10-19", func(r *row) *calendar.Date { return &r.Order.Received }).Must(),
		Date("due", "办理期限", "2026-10-26", func(r *row) *calendar.Date { return &r.Order.Due }).Says("平台规定的最后一日，以它为准；平台没有规定的不填"),
		Pick("category", "分类", tree.CategoryChoices(), func(r *row) *string { return &r.Category }).Must().Wide(20),
		Text("township", "乡镇", func(r *row) *string { return &r.Township }).Says("社区重名时填"),
		Text("community", "社区", func(r *row) *string { return &r.Community }).Must(),
		Text("project", "小区", func(r *row) *string { return &r.Project }).Wide(18).Says("不在小区里的不填"),
		Text("where", "具体位置", func(r *row) *string { return &r.Where }).Must().Wide(20),
		Text("words", "情况", func(r *row) *string { return &r.Words }).Must().Wide(40).Says("不要写姓名、电话和身份证号"),
		Pick("outcome", "办理结果", matter.Outcomes(), func(r *row) *matter.Outcome { return &r.Order.Outcome }).Says("平台办结以后填"),
		Date("done", "办结日期", "2026-10-23", func(r *row) *calendar.Date { return &r.Order.Done }).Says("平台办结以后填"),
		Text("result", "结果说明", func(r *row) *string { return &r.Order.Words }).Wide(30).Says("平台办结以后填，200 字以内"),
		Pick("satisfied", "回访", matter.Satisfactions(), func(r *row) *matter.Satisfied { return &r.Order.Satisfied }),
	}}
}

// OrderAnswers is the sheet with which the answers to orders go back to their platforms.
func OrderAnswers() Table[matter.Matter] {
	type row = matter.Matter
	answer := func(say func(a *matter.Answer) any) func(m *row) any {
		return func(m *row) any {
			if m.Answer == nil {
				return ""
			}
			return say(m.Answer)
		}
	}
	yes := func(is bool, then, otherwise string) any {
		if is {
			return then
		}
		return otherwise
	}
	return Table[row]{Sheet: "工单办理情况", Columns: []Column[row]{
		Shown("来件平台", func(m *row) any { return m.Order.SystemTitle() }), Shown("工单编号", func(m *row) any { return m.Order.Number }).Wide(24), Shown("来件日期", func(m *row) any { return m.Order.Received }), Shown("办理期限", func(m *row) any { return m.Order.Due }),
		Shown("状态", func(m *row) any { return m.State.Title() }), Shown("办理部门", func(m *row) any { return m.DepartmentTitle }).Wide(18),
		Shown("答复日期", answer(func(a *matter.Answer) any { return calendar.DateOf(a.By.At.Time) })), Shown("答复", answer(func(a *matter.Answer) any { return a.Words })).Wide(40),
		Shown("是否解决", answer(func(a *matter.Answer) any { return yes(a.Fixed, "已解决", "未解决") })), Shown("按期答复", answer(func(a *matter.Answer) any { return yes(a.Late, "否", "是") })),
		Shown("平台结果", func(m *row) any {
			if m.Order.Outcome == "" {
				return ""
			}
			return registry.TextOf(matter.Outcomes(), m.Order.Outcome)
		}), Shown("平台办结日期", func(m *row) any { return m.Order.Done }),
	}}
}
