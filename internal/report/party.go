package report

import (
	"redsteward/internal/calendar"
	"redsteward/registry/party"
)

// Activities is the sheet of activities of party organisations: the columns of a template.
func Activities() Table[party.Row] {
	type row = party.Row
	return Table[row]{Sheet: "党建台账", Columns: []Column[row]{
		Text("firm", "企业", func(r *row) *string { return &r.Firm }).Must().Wide(28).Says("已登记的企业名称或统一社会信用代码"),
		Text("township", "乡镇", func(r *row) *string { return &r.Township }).Says("社区重名时要填"),
		Text("community", "社区", func(r *row) *string { return &r.Community }).Must().Wide(18).Says("名称或 12 位代码；一家企业、一个社区只填一次，不按小区重复填"),
		Date("day", "日期", "2026-10-12", func(r *row) *calendar.Date { return &r.Day }).Must().Says("由日期归入那个季度的台账"),
		Pick("kind", "种类", party.Kinds(), func(r *row) *party.Kind { return &r.Kind }).Must().Wide(22).Says("同一天、同一种活动按新内容更正"),
		Whole("expected", "应到", "9", func(r *row) *int64 { return &r.Expected }).Must().Says("只填人数"),
		Whole("present", "实到", "8", func(r *row) *int64 { return &r.Present }).Must().Says("只填人数"),
		Text("note", "备注", func(r *row) *string { return &r.Note }).Wide(24).Says("30 字以内；不写姓名，不写会议内容和评议。现场照片导入以后在台账里补"),
	}}
}
