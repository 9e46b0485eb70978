package report

import (
	"redsteward/internal/calendar"
	"redsteward/registry"
	"redsteward/registry/handover"
)

// HandoverPapers is the sheet of the documents of a handover.
func HandoverPapers() Table[handover.PaperRow] {
	type row = handover.PaperRow
	return Table[row]{Sheet: "移交资料", Columns: []Column[row]{
		Text("name", "移交资料", func(r *row) *string { return &r.Name }).Must().Wide(44).Says("模板已经填好，不要改；没有的资料不用删，不填就不改").given(),
		Pick("handed", "移交情况", handover.Handings(), func(r *row) *handover.Handing { return &r.Handed }).Must(),
		Text("promise", "承诺", func(r *row) *string { return &r.Promise }).Wide(36).Says("没有移交的填，60 字以内"),
		Date("due", "补交日期", "2026-12-31", func(r *row) *calendar.Date { return &r.Due }).Says("没有移交的填"),
	}}
}

// HandoverFindings is the sheet of the results of a handover's walk.
func HandoverFindings() Table[handover.FindingRow] {
	type row = handover.FindingRow
	var results, parties []registry.Choice
	for _, v := range handover.Values() {
		results = append(results, registry.Choice{ID: string(v), Text: v.Title()})
	}
	for _, p := range handover.AllParties() {
		parties = append(parties, registry.Choice{ID: string(p), Text: p.Title()})
	}
	return Table[row]{Sheet: "查验结果", Columns: []Column[row]{
		Text("site", "楼栋", func(r *row) *string { return &r.Where }).Must().Says("楼栋名称，全小区的填“小区”；模板已经填好").given(),
		Text("group", "分组", func(r *row) *string { return &r.Group }).Says("模板已经填好").given(),
		Text("object", "查验对象", func(r *row) *string { return &r.Object }).Must().Wide(28).Says("模板已经填好，不要改").given(),
		Pick("value", "查验结果", results, func(r *row) *handover.Value { return &r.Value }).Must().Says("没有查的不填，这一行就不导入"),
		Pick("lost", "责任单位", parties, func(r *row) *handover.Party { return &r.Party }).Says("不符合的填；不填就是建设单位"),
		Text("where", "位置", func(r *row) *string { return &r.Place }).Wide(24).Says("不符合的要填，例如 3 层东侧"),
		Text("note", "说明", func(r *row) *string { return &r.Note }).Wide(36).Says("200 字以内。照片导入以后在手机查验页补拍，补齐以后才能发整改通知"),
	}}
}
