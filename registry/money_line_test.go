package registry

import (
	"slices"
	"strings"
	"testing"

	"redsteward/internal/imports"
	"redsteward/policy"
)

func halfRow(row int64, project, half string, opening int64, change func(*RevenueInput)) Line {
	l := HalfYearLine{CommunityName: "城东社区", ProjectName: project, RevenueInput: RevenueInput{Half: half, Opening: opening}}
	*l.Amount("parking") = 1_000_00
	*l.Amount("repair") = 300_00
	if change != nil {
		change(&l.RevenueInput)
	}
	return Line{Row: row, Revenue: &l}
}

func repairRow(t *testing.T, row int64, project string, kind RepairKind, on string, fen int64, what string) Line {
	return Line{Row: row, Repair: &RepairLine{CommunityName: "城东社区", ProjectName: project, RepairFact: RepairFact{Kind: kind, On: day(t, on), Fen: fen, What: what}}}
}

// TestMoneyLines: every fault of public revenue and repair funds at its cell, and what a row would do beside what is recorded and what the rows before it say.
func TestMoneyLines(t *testing.T) {
	d := newDesk(t)
	id := d.project("望湖苑", east)
	d.must(d.RecordRevenue(t.Context(), d.officer, id, 0, RevenueInput{Half: "2025H1", Opening: 100_00, Income: []RevenueLine{{"parking", 50_00}}}, ""))
	d.must(d.AddRepair(t.Context(), d.officer, id, 0, RepairFact{Kind: RepairBalance, On: day(t, "2026-06-30"), Fen: 5_000_00}))
	for _, tt := range []struct {
		name                         string
		file                         File
		fresh, changed, same, faulty int64
		said                         []string
	}{
		{"half-years that follow each other", fileOf(ImportRevenues, halfRow(2, "望湖苑", "2025H2", 150_00, nil), halfRow(3, "望湖苑", "2026年上半年", 850_00, nil), halfRow(4, "望湖苑", "2026h1", 1, nil)),
			2, 0, 0, 1, []string{"4 opening 期初余额 0.01 元与2025年下半年期末余额 850.00 元不符"}},
		{"a half-year twice", fileOf(ImportRevenues, halfRow(2, "望湖苑", "2025H2", 150_00, nil), halfRow(3, "望湖苑", "2025年下半年", 150_00, nil)), 1, 0, 0, 1, []string{"3  与第 2 行重复"}},
		{"cells", fileOf(ImportRevenues, halfRow(2, "望湖苑", "2025", 0, nil), halfRow(3, "望湖苑", "2027H1", 0, nil), halfRow(4, "没有", "2025H2", 0, nil),
			halfRow(5, "望湖苑", "2025H2", 150_00, func(in *RevenueInput) {
				*in.Amount("adverts"), in.Published, in.Answer = -1, day(t, "2026-01-10"), "已说明"
			}),
			halfRow(6, "望湖苑", "2025H2", 150_00, func(in *RevenueInput) { *in.Amount("cost") = 2_000_00 })),
			0, 0, 0, 5, []string{"2 half “2025”不是半年", "3 half 2027年上半年还没有到", "4 project 城东社区没有登记名为“没有”的小区", "5 adverts 广告是 -0.01 元", "5 where 已经公示的", "5 objection 填了答复", "6 opening 期末余额是 -1150.00 元"}},
		{"recorded already", fileOf(ImportRevenues, halfRow(2, "望湖苑", "2025H1", 100_00, func(in *RevenueInput) { *in.Amount("parking"), *in.Amount("repair") = 50_00, 0 })), 0, 0, 1, 0, nil},
		{"a correction", fileOf(ImportRevenues, halfRow(2, "望湖苑", "2025H1", 100_00, nil)), 0, 1, 0, 0, nil},
		{"facts", fileOf(ImportRepairs, repairRow(t, 2, "望湖苑", RepairBalance, "2026-06-30", 5_000_00, ""), repairRow(t, 3, "望湖苑", RepairUse, "2026-07-01", 800_00, " 3幢屋面防水 "), repairRow(t, 4, "望湖苑", RepairUse, "2026-07-01", 900_00, "3幢屋面防水")),
			1, 0, 1, 1, []string{"4 fen 2026年7月1日的使用已经登记为 800.00 元"}},
		{"cells of facts", fileOf(ImportRepairs, repairRow(t, 2, "望湖苑", RepairBalance, "2026-06-30", 1, ""), repairRow(t, 3, "望湖苑", RepairUrgent, "2026-07-01", 0, "抢修"), repairRow(t, 4, "没有", "", "2030-01-01", -1, "")),
			0, 0, 0, 3, []string{"2 fen 2026年6月30日的余额已经登记为 5000.00 元，要更正请先在小区页撤下", "3 fen 金额是 0.00 元", "3 what 用途有 2 个字", "4 project", "4 kind 请选择种类", "4 on 日期2030年1月1日还没有到", "4 fen 金额是 -0.01 元"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := d.records()
			run := d.dry(tt.file)
			if run.New != tt.fresh || run.Changed != tt.changed || run.Same != tt.same || run.Faulty != tt.faulty {
				t.Errorf("%+v", run)
			}
			for _, part := range tt.said {
				if !strings.Contains(said(run.Faults), part) {
					t.Errorf("%q is not said:\n%s", part, said(run.Faults))
				}
			}
			if d.records() != before {
				t.Error("a dry run wrote to the journal")
			}
		})
	}
	// For an officer of another township the project does not exist.
	run, err := d.DryImport(t.Context(), person("property_officer", "t:360428101000"), fileOf(ImportRevenues, halfRow(2, "望湖苑", "2025H2", 150_00, nil)))
	if err != nil || run.New != 0 || run.Faulty != 1 || run.Draft != "" {
		t.Errorf("%+v %v", run, err)
	}
}

// TestMoneyImport: what comes in is what the forms would have stored, a second time changes nothing, words typed on the page stay, and taking it back leaves what was there before.
func TestMoneyImport(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	id := d.project("望湖苑", east)
	halves := fileOf(ImportRevenues, halfRow(2, "望湖苑", "2025H2", 0, nil), halfRow(3, "望湖苑", "2026H1", 700_00, func(in *RevenueInput) { in.Published, in.Where, in.Days = day(t, "2026-07-10"), "小区公告栏", 30 }))
	first := d.imported(halves, false)
	if first.Created != 2 || first.Failed != 0 {
		t.Fatalf("%+v", first)
	}
	if again := d.dry(halves); again.Same != 2 || again.Draft != "" {
		t.Errorf("%+v", again)
	}
	shown := RevenueInput{Half: "2025H2", Income: []RevenueLine{{"parking", 1_000_00}}, Expense: []RevenueLine{{"repair", 300_00}}, Objection: "停车收入偏低", Answer: "已公开明细"}
	d.must(d.RecordRevenue(ctx, d.officer, id, 1, shown, "补记异议"))
	if again := d.dry(halves); again.Same != 2 {
		t.Errorf("what was typed on the page is overwritten: %+v", again)
	}
	if v := d.reversed(d.officer, first.ID); v.Reversal.Withdrawn != 1 || v.Reversal.Left != 1 || !strings.Contains(v.Reversal.Kept[0].Message, "望湖苑2025年下半年：导入以后又改过") {
		t.Errorf("%+v", v.Reversal)
	}
	list, err := d.Revenues(ctx, d.officer, id)
	if err != nil || len(list) != 1 || list[0].Half != "2025H2" {
		t.Fatalf("%+v %v", list, err)
	}
	// The half-year that was taken back can come in again, by hand or from the file.
	if v := d.imported(halves, false); v.Created != 1 || v.Same != 1 {
		t.Errorf("%+v", v)
	}
	facts := fileOf(ImportRepairs, repairRow(t, 2, "望湖苑", RepairBalance, "2026-06-30", 5_000_00, ""), repairRow(t, 3, "望湖苑", RepairUse, "2026-07-01", 800_00, "3幢屋面防水"))
	second := d.imported(facts, false)
	if second.Created != 2 || d.dry(facts).Same != 2 {
		t.Fatalf("%+v", second)
	}
	look, err := d.LookBackImport(ctx, d.officer, second.ID)
	if got := lookedBack(look); err != nil || got != "withdrawn 2 望湖苑2026年6月30日余额|withdrawn 3 望湖苑2026年7月1日使用" {
		t.Error(got, err)
	}
	d.reversed(d.officer, second.ID)
	if r, _, err := d.Repairs(ctx, d.officer, id); err != nil || len(r.Facts) != 0 {
		t.Errorf("%+v %v", r, err)
	}
	if !slices.ContainsFunc(d.MayImport(d.officer), func(c Choice) bool { return c.ID == string(ImportRepairs) }) || len(d.MayImport(person("community_secretary", policy.CommunityKey(east)))) != 0 {
		t.Error("who may import")
	}
	if v, err := d.OneImport(ctx, d.officer, second.ID); err != nil || v.State != imports.Reversed {
		t.Errorf("%+v %v", v, err)
	}
}
