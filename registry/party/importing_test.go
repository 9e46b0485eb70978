package party

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/imports"
	"redsteward/internal/store"
	"redsteward/policy"
)

func rowOf(n int64, kind Kind, on string, change func(*Row)) Row {
	r := Row{Row: n, Firm: "一盏灯物业服务有限公司", Community: "城东社区", Line: Line{Kind: kind, Day: day(on), Expected: 9, Present: 8}}
	if change != nil {
		change(&r)
	}
	return r
}

func workbook(rows ...Row) imports.File[Row] {
	return imports.File[Row]{Kind: "party", Name: "台账.xlsx", Hash: strings.Repeat("0", 64), Lines: rows}
}

func (d *desk) imported(who string, f imports.File[Row]) (string, imports.View) {
	d.T.Helper()
	ctx := d.T.Context()
	run := must[imports.DryRun](d.T)(d.Intake.DryRun(ctx, d.people[who], f))
	id := must[string](d.T)(d.Intake.Accept(ctx, d.people[who], run.Draft, false))
	must[int](d.T)(d.Intake.RunAccepted(ctx))
	return id, must[imports.View](d.T)(d.Intake.One(ctx, d.people[who], id))
}

// TestImportedCells: every fault at its cell, and rows beside what is filled in already and what the rows before them say. A dry run writes nothing.
func TestImportedCells(t *testing.T) {
	d := newDesk(t)
	doc := d.tell(store.Doc[Sheet]{}, do{"worker", MoveFill, Open, ""})
	for name, tt := range map[string]struct {
		who                          string
		rows                         []Row
		fresh, changed, same, faulty int64
		said                         string
	}{
		"two quarters, two sheets": {"worker", []Row{rowOf(2, Lecture, "2026-10-13", nil), rowOf(3, Lecture, "2026-09-13", func(r *Row) { r.Firm = "91360428MA7XAMPL5W" })}, 2, 0, 0, 0, ""},
		"filled in already":        {"worker", []Row{rowOf(2, Theme, "2026-10-12", nil)}, 0, 0, 1, 0, ""},
		"a correction":             {"worker", []Row{rowOf(2, Theme, "2026-10-12", func(r *Row) { r.Present = 9 })}, 0, 1, 0, 0, ""},
		"twice in the file":        {"worker", []Row{rowOf(2, Lecture, "2026-10-13", nil), rowOf(3, Lecture, "2026-10-13", nil)}, 1, 0, 0, 1, "3  与第 2 行重复"},
		"an unknown firm":          {"worker", []Row{rowOf(2, Lecture, "2026-10-13", func(r *Row) { r.Firm = "没有这家公司" })}, 0, 0, 0, 1, "2 firm 没有登记名为“没有这家公司”的企业"},
		"cells":                    {"worker", []Row{rowOf(2, Lecture, "2026-10-30", func(r *Row) { r.Community, r.Present, r.Note = "无名社区", 10, "会议记录" })}, 0, 0, 0, 1, "2 community 没有名为“无名社区”的社区（村）\n2 day 日期2026年10月30日还没有到\n2 present 实到是 10 人，要在 0 至应到的 9 之间\n2 note 备注里有“会议记录”"},
		"not there in the quarter": {"worker", []Row{rowOf(2, Lecture, "2026-10-13", func(r *Row) { r.Firm = "长岭物业服务有限公司" })}, 0, 0, 0, 1, "2 community 这家企业在2026年第四季度没有服务这个社区的小区"},
		"another community's":      {"far", []Row{rowOf(2, Lecture, "2026-10-13", nil)}, 0, 0, 0, 1, "2 community 没有名为“城东社区”的社区（村）"},
	} {
		t.Run(name, func(t *testing.T) {
			before := d.Records(t)
			run, err := d.Intake.DryRun(t.Context(), d.people[tt.who], workbook(tt.rows...))
			if err != nil || run.New != tt.fresh || run.Changed != tt.changed || run.Same != tt.same || run.Faulty != tt.faulty {
				t.Errorf("%+v %v", run, err)
			}
			said := ""
			for _, f := range run.Faults {
				said += fmt.Sprintf("%d %s %s\n", f.Row, f.Field, f.Message)
			}
			if !strings.Contains(said, tt.said) || tt.said == "" && said != "" {
				t.Errorf("%s", said)
			}
			if d.Records(t) != before {
				t.Error("a dry run wrote to the journal")
			}
		})
	}
	// More activities than a sheet holds are told before anything is written, and what waits for a level is not filled in any more.
	var many []Row
	for i := range maxLines + 1 {
		many = append(many, rowOf(int64(i+2), Visit, day("2026-07-01").Add(i).String(), nil))
	}
	if run := must[imports.DryRun](t)(d.Intake.DryRun(t.Context(), d.people["worker"], workbook(many...))); run.New != maxLines || run.Faulty != 1 || !strings.Contains(run.Faults[0].Message, "最多 40 项活动") {
		t.Errorf("%+v", run)
	}
	d.tell(doc, do{"worker", MoveSubmit, Waiting, ""})
	if run := must[imports.DryRun](t)(d.Intake.DryRun(t.Context(), d.people["worker"], workbook(rowOf(2, Lecture, "2026-10-13", nil)))); run.Faulty != 1 || !strings.Contains(run.Faults[0].Message, "城东社区2026年第四季度的台账现在是“待确认”") {
		t.Errorf("%+v", run)
	}
}

// TestImportedActivities: what comes in is what the form would have filled in, once; a photo that was added stays, and taking back leaves what was changed or handed on since.
func TestImportedActivities(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	file := workbook(rowOf(2, Theme, "2026-10-12", nil), rowOf(3, Lecture, "2026-10-13", nil), rowOf(4, Lecture, "2026-09-13", nil))
	before := d.Records(t)
	if _, err := d.Intake.DryRun(ctx, d.people["firm"], file); !fault.Is(err, fault.Forbidden) || d.Records(t) != before {
		t.Errorf("a firm fills in its own sheet: %v", err)
	}
	id, v := d.imported("worker", file)
	if v.Created != 3 || v.Failed != 0 {
		t.Fatalf("%+v", v)
	}
	doc := must[store.Doc[Sheet]](t)(d.One(ctx, d.people["worker"], d.at(0)))
	if doc.State.State != Open || len(doc.State.Lines) != 2 || doc.State.Lines[1].Kind != Lecture || doc.State.FirmName == "" {
		t.Fatalf("%+v", doc.State)
	}
	if again := must[imports.DryRun](t)(d.Intake.DryRun(ctx, d.people["worker"], file)); again.Same != 3 || again.Draft != "" {
		t.Errorf("the same file again: %+v", again)
	}
	if _, err := d.Intake.One(ctx, d.people["secretary"], id); !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody else's import: %v", err)
	}
	// A photo is added to one; the file still changes nothing.
	doc.State.Lines[0].Photo = &files.Stored{Original: strings.Repeat("a", 64)}
	withPhoto := doc.State
	must[store.Doc[Sheet]](t)(d.rows.Commit(ctx, store.Meta{By: "worker", Action: string(policy.RecordPartyFact)}, doc.ID, doc.Seq, withPhoto))
	if again := must[imports.DryRun](t)(d.Intake.DryRun(ctx, d.people["worker"], file)); again.Same != 3 {
		t.Errorf("with a photo: %+v", again)
	}
	look := must[imports.Lookback](t)(d.Intake.LookBack(ctx, d.people["worker"], id))
	if look.Withdrawn != 2 || look.Left != 1 || look.Lines[0].Why != "导入以后又改过" {
		t.Fatalf("%+v", look)
	}
	if err := d.Intake.Reverse(ctx, d.people["worker"], id, look.Seq, "文件传错了"); err != nil {
		t.Fatal(err)
	}
	must[int](t)(d.Intake.RunAccepted(ctx))
	doc = must[store.Doc[Sheet]](t)(d.One(ctx, d.people["worker"], d.at(0)))
	if len(doc.State.Lines) != 1 || doc.State.Lines[0].Kind != Theme {
		t.Errorf("%+v", doc.State.Lines)
	}
	if v := must[imports.View](t)(d.Intake.One(ctx, d.people["worker"], id)); v.State != imports.Reversed || v.Reversal.Withdrawn != 2 || v.Reversal.Left != 1 {
		t.Errorf("%+v", v.Reversal)
	}
}

func TestStoredRow(t *testing.T) {
	golden, err := os.ReadFile("testdata/row.fields")
	if got := strings.Join(store.FieldNames[Row](), "\n") + "\n"; err != nil || store.CheckType[Row]() != nil || got != string(golden) {
		t.Errorf("%v %v; stored fields changed, old records would not be read:\n%s", err, store.CheckType[Row](), got)
	}
}
