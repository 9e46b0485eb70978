package collection

import (
	"os"
	"slices"
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
)

func fields(t *testing.T) string {
	data, err := os.ReadFile("testdata/collection.fields")
	if err != nil {
		t.Error(err)
	}
	return string(data)
}

// TestLife: a task goes to two firms; one answers, one is reminded, comes late, is returned; the end.
func TestLife(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	d.Refused("a firm sends nothing", fault.Forbidden, func() error { _, err := d.Make(ctx, firm1, d.input(RowsProject), nil); return err })
	d.Refused("an empty form", fault.Invalid, func() error { _, err := d.Make(ctx, officer, TaskInput{Hazard: 1}, nil); return err }, "title", "text", "contact", "due", "rows", "c1-title", "category", "hazard")
	past := d.input(RowsProject)
	past.Due = day("2026-10-18")
	d.Refused("a deadline that has passed", fault.Invalid, func() error { _, err := d.Make(ctx, officer, past, nil); return err }, "已经过了")
	d.task = must[store.Doc[Task]](t)(d.Make(ctx, officer, d.input(RowsProject), nil))
	d.Refused("nobody is chosen", fault.Conflict, func() error { _, err := d.Send(ctx, officer, d.at()); return err }, "还没有选")
	d.Refused("who is no candidate", fault.Invalid, func() error { _, err := d.Address(ctx, officer, d.at(), ToFirm, []string{"f9"}); return err }, "to")
	d.Refused("another office", fault.NotFound, func() error { _, err := d.Address(ctx, town1, d.at(), ToFirm, []string{"f1"}); return err })
	d.task = must[store.Doc[Task]](t)(d.Address(ctx, officer, d.at(), ToFirm, []string{"f1", "f2"}))
	if v := must[View](t)(d.Task(ctx, director, d.task.ID)); len(v.Sheets) != 0 || v.Manages {
		t.Error("a draft was handed out", v.Sheets)
	}
	d.Refused("a draft is not there for a firm", fault.NotFound, func() error { _, err := d.Task(ctx, firm1, d.task.ID); return err })
	d.task = must[store.Doc[Task]](t)(d.Send(ctx, officer, d.at()))

	d.Refused("unsigned", fault.Conflict, d.fill(firm1, 0, "p1", false), "未签收")
	d.Refused("for another firm", fault.NotFound, d.sign(firm2, 0))
	d.Refused("a community signs nothing of a firm", fault.Forbidden, d.sign(secretary, 0), "一盏灯物业")
	d.Refused("a manager of one compound", fault.Forbidden, d.sign(manager, 0))
	d.Refused("an appointment that ended", fault.Forbidden, d.sign(ended, 0))
	d.ok(d.sign(firm1, 0), d.sign(firm2, 1))
	d.Refused("signed twice", fault.Conflict, d.sign(firm1, 0))
	if r := d.sheet(0).State.Receipt; r == nil || r.By != "firm1" || !r.At.Equal(d.Clock()) {
		t.Error("the receipt does not say who and when:", r)
	}

	// What the register holds is there, and stored only with the answer.
	v := must[SheetView](t)(d.Sheet(ctx, firm1, d.sheet(0).ID))
	if len(v.Rows) != 3 || v.Rows[0].At(0) != "300" || v.Rows[0].At(1) != "张小敏" || v.Rows[0].At(2) != "13800005678" || v.Rows[1].At(1) != "" || len(d.sheet(0).State.Draft) != 0 {
		t.Error("not filled in beforehand:", v.Rows)
	}
	d.Refused("every wrong cell is named", fault.Invalid, d.fill(firm1, 0, "p1", false, "c4", "多", "c5", "2026-09-01", "c2", "张*敏"), "c4 ", "c5 ", "c2 ")
	d.ok(d.fill(firm1, 0, "p1", false, "c6", "外墙空鼓三处"))
	d.Refused("rows are missing", fault.Invalid, d.fill(firm1, 0, "p2", true), "第 3 行：请填写投入", "第 3 行：请填写隐患情况")
	d.Refused("no further row", fault.Conflict, d.fill(firm1, 0, "", false), "行数是定好的")
	d.ok(d.fill(firm1, 0, "p2", false), d.fill(firm1, 0, "p4", true))
	if a := d.sheet(0).State; a.State != Filed || a.Late || a.Drafted || a.Rows[0].At(3) != "128050" || a.Version != 1 {
		t.Error(a)
	}
	d.ok(d.fill(firm1, 0, "p1", true, "c4", "99"))
	if a := d.sheet(0).State; a.Rows[0].At(3) != "9900" || a.First == nil || a.Filed == nil {
		t.Error("not corrected:", a.Rows[0])
	}

	// 催报.
	d.Refused("a firm reminds nobody", fault.Forbidden, func() error { _, _, err := d.Remind(ctx, firm1, d.at()); return err })
	d.Forward("2026-10-22")
	doc, n, err := d.Remind(ctx, officer, d.at())
	if d.task = doc; err != nil || n != 1 || d.sheet(1).State.Unseen() != 1 || d.sheet(0).State.Unseen() != 0 {
		t.Error(n, err)
	}
	d.Refused("twice on a day", fault.Conflict, func() error { _, _, err := d.Remind(ctx, officer, d.at()); return err }, "今天已经催过")
	if work := must[[]store.Doc[Sheet]](t)(d.Work(ctx, firm2)); len(work) != 1 || work[0].State.N != 1 {
		t.Error(work)
	}
	d.ok(func() error { _, err := d.See(ctx, firm2, d.sheetAt(1)); return err })
	if r := d.sheet(1).State.Reminded[0]; r.Seen == nil || r.Seen.By != "firm2" {
		t.Error("no receipt of the reminder:", r)
	}
	d.Refused("nothing to acknowledge", fault.Conflict, func() error { _, err := d.See(ctx, firm2, d.sheetAt(1)); return err })

	// After the deadline: no corrections, but a late answer counts; returned, it may be corrected.
	d.Forward("2026-10-26")
	d.Refused("corrected too late", fault.Conflict, d.fill(firm1, 0, "p1", true), "请下发单位退回")
	d.ok(d.fill(firm2, 1, "p3", true))
	if !d.sheet(1).State.Late {
		t.Error("not late")
	}
	d.Refused("without a reason", fault.Invalid, func() error { _, err := d.Return(ctx, officer, d.sheetAt(0), ""); return err }, "text")
	d.Refused("not by a township that was not asked", fault.Forbidden, func() error { _, err := d.Return(ctx, town1, d.sheetAt(0), "请核对户数"); return err })
	d.ok(func() error { _, err := d.Return(ctx, officer, d.sheetAt(0), "请核对户数"); return err }, d.fill(firm1, 0, "p1", true, "c1", "320"))
	if a := d.sheet(0).State; a.State != Filed || a.Late || a.Rows[0].At(0) != "320" || a.Reason != "" {
		t.Error(a)
	}
	d.Refused("nobody is missing", fault.Conflict, func() error { _, _, err := d.Remind(ctx, officer, d.at()); return err }, "不用催")
	d.task = must[store.Doc[Task]](t)(d.Close(ctx, officer, d.at()))
	d.Refused("archived", fault.Conflict, d.fill(firm1, 0, "p1", true), "已归档")
	d.Refused("archived", fault.Conflict, func() error { _, err := d.Extend(ctx, officer, d.at(), day("2026-11-20")); return err })
	if _, rows, err := d.Merge(ctx, officer, d.task.ID); err != nil || len(rows) != 4 {
		t.Error("an archived task is still read:", rows, err)
	}
}

// TestRefusedSteps: what is not in the tables is refused for every state.
func TestRefusedSteps(t *testing.T) {
	for _, s := range States() {
		for _, do := range Steps() {
			task := Task{State: s}
			if next, err := task.next(do); (err == nil) != (steps[s][do] != "") || err == nil && next == "" || err != nil && !fault.Is(err, fault.Conflict) {
				t.Error(s, do, err)
			}
		}
		if s.Title() == "" || s.Final() != (s == Archived || s == Withdrawn) {
			t.Error(s)
		}
	}
	for _, s := range SheetStates() {
		if s.Title() == "" || s.Open() && len(sheetSteps[s]) == 0 {
			t.Error(s)
		}
		if end := endOf(Withdrawn, s); end.Open() {
			t.Error(s, end)
		}
		if end := endOf(Archived, s); end.Open() || s == Partial && end != Filed || s == Returned && end != Missed {
			t.Error(s, end)
		}
	}
}

// TestRevisedForm: a column is taken out and another one comes after half have answered.
func TestRevisedForm(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	d.sent(d.input(RowsProject), "f1", "f2")
	d.ok(d.sign(firm1, 0), d.sign(firm2, 1), d.fill(firm2, 1, "p3", true, "c4", "77"), d.fill(firm1, 0, "p1", false))
	var in []ColumnInput
	for _, c := range d.task.State.Columns {
		if c.ID != "c4" {
			in = append(in, InputOf(c))
		}
	}
	d.Refused("nothing is different", fault.Conflict, func() error {
		same := slices.Insert(slices.Clone(in), 3, InputOf(d.task.State.Columns[3]))
		_, err := d.Revise(ctx, officer, d.at(), same, "没有改动的")
		return err
	}, "没有改动")
	d.Refused("without a reason", fault.Invalid, func() error { _, err := d.Revise(ctx, officer, d.at(), in, ""); return err }, "why")
	in = append(in, ColumnInput{Title: "微型消防站", Kind: KindYesNo, Required: true})
	d.task = must[store.Doc[Task]](t)(d.Revise(ctx, officer, d.at(), in, "增加微型消防站"))
	if a := d.sheet(1).State; a.State != Partial || a.Rows[0].At(3) != "7700" {
		t.Error("the old answer:", a)
	}
	if a := d.sheet(0).State; a.State != Signed || !a.Drafted {
		t.Error("who had not answered goes on:", a)
	}
	// Only the new column is asked: what is typed into an old one changes nothing.
	d.Refused("the new column is required", fault.Invalid, d.fill(firm2, 1, "p3", true), "请选择微型消防站")
	d.ok(d.fill(firm2, 1, "p3", true, "c7", "是", "c6", "改了"))
	a := d.sheet(1).State
	if a.State != Filed || a.Version != 2 || a.Rows[0].At(3) != "7700" || a.Rows[0].At(5) != "无" || a.Rows[0].At(6) != "是" {
		t.Error(a.Rows)
	}
	d.ok(d.fill(firm1, 0, "p1", false, "c7", "否"), d.fill(firm1, 0, "p2", false, "c7", "否"), d.fill(firm1, 0, "p4", true, "c7", "否"))
	// Taking a column out asks nobody for anything.
	d.task = must[store.Doc[Task]](t)(d.Revise(ctx, officer, d.at(), in[:len(in)-1], "不用填了"))
	if a := d.sheet(1).State; a.State != Filed || a.Asked != 3 || a.Rows[0].At(6) != "是" {
		t.Error(a)
	}
	// Who comes later gets the newest form.
	if v := must[View](t)(d.Task(ctx, officer, d.task.ID)); v.Count != (Count{All: 2, Signed: 2, Answered: 2}) {
		t.Errorf("%+v", v.Count)
	}
}

// TestWhoSeesWhat: rows by the place of their compound, names and phones by role.
func TestWhoSeesWhat(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	d.sent(d.input(RowsProject), "f1")
	d.ok(d.sign(firm1, 0), d.fill(firm1, 0, "p1", false), d.fill(firm1, 0, "p2", false), d.fill(firm1, 0, "p4", true))
	id := d.sheet(0).ID
	for _, c := range []struct {
		by     policy.Actor
		rows   int
		hidden int
		phone  string
	}{{officer, 3, 0, "13800005678"}, {firm1, 3, 0, "13800005678"}, {director, 3, 0, "138****5678"}, {town1, 2, 1, "138****5678"}, {town2, 1, 2, ""}, {secretary, 2, 1, "138****5678"}} {
		v := must[SheetView](t)(d.Sheet(ctx, c.by, id))
		if len(v.Rows) != c.rows || v.Hidden != c.hidden || v.Text(&v.Rows[0], 2) != c.phone {
			t.Errorf("%s: %d rows, %d hidden, %q", c.by.ID, len(v.Rows), v.Hidden, v.Text(&v.Rows[0], 2))
		}
		_, merged, err := d.Merge(ctx, c.by, d.task.ID)
		if err != nil || len(merged) != c.rows || merged[0].Texts[2] != c.phone {
			t.Errorf("%s: %v %v", c.by.ID, merged, err)
		}
	}
	for _, by := range []policy.Actor{firm2, manager, ended} {
		if _, err := d.Sheet(ctx, by, id); !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Forbidden) {
			t.Error(by.ID, err)
		}
	}
	// One row without a compound tells a township nothing of a firm that it did not ask.
	d.sent(d.input(RowsOne), "f1")
	d.ok(d.sign(firm1, 0), d.fill(firm1, 0, "r1", true, "c1", "9"))
	if v := must[SheetView](t)(d.Sheet(ctx, town1, d.sheet(0).ID)); len(v.Rows) != 0 || v.Hidden != 1 {
		t.Error(v.Rows)
	}
	// A township asks in its own area only, and sees its own tasks.
	own := must[store.Doc[Task]](t)(d.Make(ctx, town1, d.input(RowsProject), nil))
	if got := must[[]Addressee](t)(d.Candidates(ctx, town1, ToFirm, "")); len(got) != 1 || got[0].ID != "f1" {
		t.Error(got)
	}
	if page := must[store.Page[Task]](t)(d.Tasks(ctx, town1, Filter{}, false, "")); len(page.Docs) != 1 || page.Docs[0].ID != own.ID {
		t.Error(page.Docs)
	}
	if page := must[store.Page[Task]](t)(d.Tasks(ctx, town2, Filter{}, false, "")); len(page.Docs) != 0 {
		t.Error(page.Docs)
	}
	if page := must[store.Page[Sheet]](t)(d.Sheets(ctx, town2, Filter{}, false, "")); len(page.Docs) != 2 {
		t.Error("what its area received:", page.Docs)
	}
}

// TestLines: a workbook counts whole or not at all.
func TestLines(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	d.sent(d.input(RowsProject), "f1")
	d.ok(d.sign(firm1, 0))
	line := func(n int64, project string, more ...string) Line {
		l := Line{Number: n, Project: project, Values: map[string]string{"c1": "100", "c4": "12", "c6": "无"}}
		for i := 0; i+1 < len(more); i += 2 {
			l.Values[more[i]] = more[i+1]
		}
		return l
	}
	file := func(lines ...Line) func() error {
		return func() error { _, err := d.FileLines(ctx, firm1, d.sheetAt(0), lines); return err }
	}
	d.Refused("cells, a stranger, twice, one missing", fault.Invalid, file(line(2, "望湖苑（城东社区）", "c4", "多"), line(3, "东湖新村"), line(4, "锦绣花园"), line(5, "锦绣花园")),
		"第 2 行：投入“多”", "第 3 行：小区“东湖新村”", "第 5 行：小区“锦绣花园”出现两次", "少了“望湖苑（万户社区）”")
	d.Refused("ten thousand rows", fault.Invalid, file(make([]Line, 10_000)...), "10000 行，最多 200 行")
	if _, bad, err := d.FromLines(ctx, firm1, d.sheet(0).ID, []Line{line(2, "望湖苑（城东社区）", "c4", "多")}); err != nil || len(bad) != 3 || bad[0].Field != "c4" {
		t.Error(bad, err)
	}
	d.ok(file(line(2, "望湖苑（城东社区）"), line(3, "锦绣花园"), line(4, "望湖苑（万户社区）", "c6", "井盖缺失")))
	if a := d.sheet(0).State; a.State != Filed || len(a.Rows) != 3 || a.Rows[2].ID != "p4" || a.Rows[0].At(1) != "" {
		t.Error(a.Rows)
	}
	// A compound that it does not serve any more is not asked for, and a column may name none such.
	d.lost = []string{"p4"}
	d.ok(file(line(2, "望湖苑"), line(3, "锦绣花园")))

	// As many rows as there is to tell, also none; rows keep their names.
	many := d.input(RowsMany)
	many.Columns = []ColumnInput{{Title: "小区", Kind: KindProject, Required: true}, {Title: "隐患情况", Kind: KindLong, Required: true}}
	many.Hazard = 2
	d.sent(many, "f1")
	d.ok(d.sign(firm1, 0), func() error { _, err := d.File(ctx, firm1, d.sheetAt(0)); return err })
	if a := d.sheet(0).State; a.State != Filed || len(a.Rows) != 0 {
		t.Error("nothing to tell is an answer too:", a)
	}
	hazard := func(project, words string) Line {
		return Line{Number: 2, Values: map[string]string{"c1": project, "c2": words}}
	}
	d.ok(file(hazard("望湖苑", "外墙空鼓"), hazard("锦绣花园", "灯不亮")))
	d.ok(file(hazard("锦绣花园", "灯不亮"), hazard("望湖苑", "外墙空鼓两处"), hazard("望湖苑", "井盖缺失")))
	if rows := d.sheet(0).State.Rows; rows[0].ID != "r2" || rows[1].ID != "r1" && rows[1].ID != "r3" || rows[0].At(0) != "p2" {
		t.Error(rows)
	}
	d.Refused("a compound that it does not serve", fault.Invalid, file(hazard("东湖新村", "外墙空鼓")), "不是你单位现在的小区")
	d.Refused("too much for one record", fault.Invalid, file(slices.Repeat([]Line{hazard("望湖苑", strings.Repeat("长", 400))}, 40)...), "KB")
}

// TestPass: a row about a hazard becomes one matter, whoever clicks and however often.
func TestPass(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	d.sent(d.input(RowsProject), "f1")
	d.ok(d.sign(firm1, 0), d.fill(firm1, 0, "p1", false, "c6", "外墙空鼓三处"), d.fill(firm1, 0, "p2", false, "c6", "拒收"), d.fill(firm1, 0, "p4", true))
	pass := func(by policy.Actor, row string) func() error {
		return func() error { _, err := d.Pass(ctx, by, d.sheetAt(0), row); return err }
	}
	d.Refused("a firm", fault.Forbidden, pass(firm1, "p1"))
	d.Refused("a township that did not ask", fault.Forbidden, pass(town1, "p1"))
	d.Refused("no hazard", fault.Invalid, pass(officer, "p4"), "没有写隐患")
	d.Refused("no row", fault.Conflict, pass(officer, "p9"))
	d.Refused("refused by the matters", fault.Invalid, pass(officer, "p2"), "电话号码")
	before := d.sheetAt(0)
	d.ok(pass(officer, "p1"))
	h := d.passed[d.sheet(0).ID+"/p1"]
	if h.Project != "p1" || h.Category != "facade" || h.From != d.sheet(0).ID || !strings.Contains(h.Words, "外墙空鼓三处") || d.sheet(0).State.MatterOf("p1") != "m-p1" {
		t.Error(h)
	}
	if found := d.wrong(); len(found) > 0 {
		t.Error(found)
	}
	forged := h
	forged.From = "another"
	d.passed[h.Key] = forged
	if found := d.wrong(); len(found) != 1 || !strings.Contains(found[0], "m-p1 不是由这张表转来的") {
		t.Error("a matter of another answer is not told:", found)
	}
	d.Refused("twice", fault.Conflict, pass(officer, "p1"), "已经转为事项")
	d.Refused("on an old page", fault.Conflict, func() error { _, err := d.Pass(ctx, officer, before, "p1"); return err })
	if len(d.passed) != 1 {
		t.Error(d.passed)
	}
	// A correction keeps the link.
	d.ok(d.fill(firm1, 0, "p1", true, "c6", "外墙空鼓，已经围挡"))
	if d.sheet(0).State.MatterOf("p1") == "" {
		t.Error("lost")
	}
}

// TestFollowed: what a stop cut off is completed, and a second time changes nothing.
func TestFollowed(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	d.sent(d.input(RowsProject), "f1")
	// The record of a task that says more than its answers know: another unit, a reminder.
	task := d.task.State
	task.To = append(task.To, Addressee{Kind: ToFirm, ID: "f2", Name: "鄱湖物业"})
	task.Reminders = []Reminder{{By: task.Made, To: []int64{0, 1}}}
	meta := store.Meta{By: "officer", Action: string(policy.SendCollection)}
	d.task = must[store.Doc[Task]](t)(d.tasks.Docs.Commit(ctx, meta, d.task.ID, d.task.Seq, task))
	if found := d.wrong(); len(found) != 1 || !strings.Contains(found[0], "“鄱湖物业”还没有表") {
		t.Error("what a stop left is not told:", found)
	}
	must[int](t)(d.DB.RunRules(ctx))
	if found := d.wrong(); len(found) > 0 {
		t.Error(found)
	}
	if v := must[View](t)(d.Task(ctx, officer, d.task.ID)); len(v.Alone) != 1 || !v.Alone[1] {
		t.Error("nobody could sign for the second firm, which is not told:", v.Alone)
	}
	if d.sheet(0).State.Unseen() != 1 || d.sheet(1).State.Unseen() != 1 || d.sheet(1).State.State != Unsigned {
		t.Error(d.sheet(0).State, d.sheet(1).State)
	}
	before := d.Records(t)
	for range 2 {
		if err := d.follow(ctx, d.task.ID, meta); err != nil {
			t.Error(err)
		}
	}
	if after := d.Records(t); after != before {
		t.Errorf("%d records more", after-before)
	}
	// Withdrawn: nobody has to answer.
	d.Refused("without a reason", fault.Invalid, func() error { _, err := d.Withdraw(ctx, officer, d.at(), ""); return err })
	d.task = must[store.Doc[Task]](t)(d.Withdraw(ctx, officer, d.at(), "通知写错了"))
	if a := d.sheet(0).State; a.State != Lifted {
		t.Error(a)
	}
}

// TestPlans: each period is handed out once, to who is there then.
func TestPlans(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	d.sent(d.input(RowsProject), "f1")
	for name, bad := range map[string]struct {
		in   PlanInput
		says []string
	}{
		"nothing":               {PlanInput{Every: "day", On: 32, Month: -1, Rule: "matter.reply"}, []string{"every", "on", "month", "rule"}},
		"an eighth weekday":     {PlanInput{Every: Weekly, On: 8, Rule: "collection.five"}, []string{"on 每周的下发日填 1 至 7"}},
		"a month of a month":    {PlanInput{Every: Monthly, On: 1, Month: 2, Rule: "collection.five"}, []string{"month 每月的不填"}},
		"a fourth month":        {PlanInput{Every: Quarterly, On: 1, Month: 4, Rule: "collection.five"}, []string{"month 每季度的填 1 至 3"}},
		"over before it begins": {PlanInput{Every: Yearly, On: 31, Month: 12, Until: day("2027-12-30"), Rule: "collection.five"}, []string{"until 第一次下发是2027年12月31日"}},
	} {
		d.Refused(name, fault.Invalid, func() error { _, err := d.Repeat(ctx, officer, d.task.ID, bad.in, nil); return err }, bad.says...)
	}
	plan := must[store.Doc[Plan]](t)(d.Repeat(ctx, officer, d.task.ID, PlanInput{Every: Monthly, On: 5, Rule: "collection.five", Everybody: true}, nil))
	d.Refused("twice", fault.Conflict, func() error {
		_, err := d.Repeat(ctx, officer, d.task.ID, PlanInput{Every: Monthly, On: 5, Rule: "collection.five"}, nil)
		return err
	})
	sent := func() []string {
		d.T.Helper()
		if err := d.RunPlans(ctx); err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, doc := range must[store.Page[Task]](t)(d.Tasks(ctx, officer, Filter{}, false, "")).Docs {
			if doc.State.Plan != "" {
				out = append(out, doc.State.Title)
			}
		}
		return out
	}
	if got := sent(); len(got) != 0 {
		t.Error("this month was asked already:", got)
	}
	if on, name, err := d.Next(&plan.State); err != nil || on != day("2026-11-05") || name != "2026年11月" {
		t.Error(on, name, err)
	}
	d.Forward("2026-11-04")
	if got := sent(); len(got) != 0 {
		t.Error(got)
	}
	d.Forward("2026-11-06") // the job did not run on the fifth
	first := sent()
	before := d.Records(t)
	if again := sent(); len(first) != 1 || first[0] != "消防设施排查（2026年11月）" || len(again) != 1 || d.Records(t) != before {
		t.Error(first, again)
	}
	// Two processes at once, and one that stopped before it noted the period.
	now := must[store.Doc[Plan]](t)(d.plans.Docs.Load(ctx, plan.ID))
	stale := now
	stale.State.Last = ""
	if err := d.runPlan(ctx, stale); err != nil || len(sent()) != 1 {
		t.Error(err)
	}
	made := must[store.Doc[Task]](t)(d.tasks.Docs.Load(ctx, plan.ID+".2026-11"))
	if len(made.State.To) != 2 || made.State.Due.Due != day("2026-11-13") || made.State.Due.Rule != "collection.five" {
		t.Error(made.State.To, made.State.Due)
	}
	d.task = made
	d.ok(d.sign(firm2, 1))
	now = must[store.Doc[Plan]](t)(d.plans.Docs.Load(ctx, plan.ID))
	must[store.Doc[Plan]](t)(d.Stop(ctx, officer, casework.At{ID: now.ID, Seq: now.Seq}))
	d.Forward("2026-12-07")
	if got := sent(); len(got) != 1 {
		t.Error("a stopped plan goes on:", got)
	}
}

// TestPeriods: the period in which a day lies, and the one after it.
func TestPeriods(t *testing.T) {
	for _, tt := range []struct {
		every                  Every
		on, id, name, from, to string
	}{
		{Weekly, "2026-12-31", "2026W53", "2026年第53周", "2026-12-28", "2027-01-04"},
		{Weekly, "2027-01-03", "2026W53", "2026年第53周", "2026-12-28", "2027-01-04"}, // the Sunday of that week
		{Weekly, "2027-01-04", "2027W01", "2027年第1周", "2027-01-04", "2027-01-11"},
		{Monthly, "2028-02-29", "2028-02", "2028年2月", "2028-02-01", "2028-03-01"},
		{Quarterly, "2026-11-30", "2026Q4", "2026年第四季度", "2026-10-01", "2027-01-01"},
		{HalfYearly, "2026-06-30", "2026H1", "2026年上半年", "2026-01-01", "2026-07-01"},
		{HalfYearly, "2026-07-01", "2026H2", "2026年下半年", "2026-07-01", "2027-01-01"},
		{Yearly, "2026-12-31", "2026", "2026年", "2026-01-01", "2027-01-01"},
	} {
		id, name, first := tt.every.period(day(tt.on))
		if id != tt.id || name != tt.name || first != day(tt.from) || tt.every.next(first) != day(tt.to) {
			t.Errorf("%s lies in %s %s from %s, then comes %s", tt.on, id, name, first, tt.every.next(first))
		}
	}
}

// TestPlanDays runs the job every morning over some years, and holds the days on which each plan handed out against those of a calendar on paper.
func TestPlanDays(t *testing.T) {
	d := newDesk(t)
	for name, tt := range map[string]struct {
		plan        Plan
		from, until string
		want, says  string
	}{
		"weekly over the turn of the year": {Plan{Every: Weekly, On: 5}, "2026-12-21", "2027-01-10", "2026-12-25 2027-01-01 2027-01-08", "每周星期五"},
		"the 31st of every month":          {Plan{Every: Monthly, On: 31}, "2027-12-01", "2028-04-30", "2027-12-31 2028-01-31 2028-02-29 2028-03-31 2028-04-30", "每月最后一天"}, // 2028 is a leap year
		"the 29th of every month":          {Plan{Every: Monthly, On: 29}, "2027-01-01", "2027-03-31", "2027-01-29 2027-02-28 2027-03-29", "每月 29 日（没有这一天的，在最后一天）"},
		"the second month of a quarter":    {Plan{Every: Quarterly, On: 30, Month: 2}, "2026-10-01", "2027-06-30", "2026-11-30 2027-02-28 2027-05-30", "每季度第 2 个月 30 日（没有这一天的，在最后一天）"},
		"a plan of before":                 {Plan{Every: Quarterly, On: 5}, "2026-10-01", "2027-03-31", "2026-10-05 2027-01-05", "每季度第 1 个月 5 日"}, // without a month
		"half-yearly":                      {Plan{Every: HalfYearly, On: 31, Month: 6}, "2026-01-01", "2027-12-31", "2026-06-30 2026-12-31 2027-06-30 2027-12-31", "每半年第 6 个月最后一天"},
		"yearly on a leap day":             {Plan{Every: Yearly, On: 29, Month: 2}, "2026-01-01", "2028-12-31", "2026-02-28 2027-02-28 2028-02-29", "每年 2 月 29 日（没有这一天的，在最后一天）"},
		"the last day":                     {Plan{Every: Monthly, On: 5, Until: day("2026-11-05")}, "2026-09-01", "2027-03-31", "2026-09-05 2026-10-05 2026-11-05", "每月 5 日，到2026年11月5日为止"},
		// 3 and 4 October 2026 are holidays up to the seventh; 31 October is a Saturday, so that October goes out in November.
		"days of rest":              {Plan{Every: Monthly, On: 31, Rolls: true}, "2026-10-01", "2026-12-15", "2026-11-02 2026-11-30", "每月最后一天，遇休息日顺延"},
		"holidays":                  {Plan{Every: Monthly, On: 3, Rolls: true}, "2026-10-01", "2026-11-15", "2026-10-08 2026-11-03", "每月 3 日，遇休息日顺延"},
		"Sundays":                   {Plan{Every: Weekly, On: 7, Rolls: true}, "2026-10-12", "2026-10-27", "2026-10-19 2026-10-26", "每周星期日，遇休息日顺延"},
		"moved beyond the last day": {Plan{Every: Monthly, On: 31, Rolls: true, Until: day("2026-11-01")}, "2026-10-01", "2026-12-15", "", "每月最后一天，遇休息日顺延，到2026年11月1日为止"},
		"a year without calendar":   {Plan{Every: Yearly, On: 2, Month: 1, Rolls: true}, "2028-01-01", "2028-12-31", "2028-01-02", "每年 1 月 2 日，遇休息日顺延"}, // a Sunday
	} {
		p, got := tt.plan, []string{}
		p.From = day(tt.from)
		for on := day(tt.from).Add(-3); on.Compare(day(tt.until)) <= 0; on = on.Add(1) {
			now, err := d.dueOn(&p, on)
			if err != nil {
				t.Fatal(name, err)
			}
			if now.id != "" {
				got, p.Last = append(got, on.String()), now.id
			}
		}
		if strings.Join(got, " ") != tt.want || p.When() != tt.says {
			t.Errorf("%s (%s) hands out on %v, want %s", name, p.When(), got, tt.want)
		}
	}
}

// TestPause: what falls into a pause is not made up for; what comes on the day on which it goes on or later is handed out; a plan that came to its last day has no next one.
func TestPause(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	d.sent(d.input(RowsProject), "f1")
	plan := must[store.Doc[Plan]](t)(d.Repeat(ctx, officer, d.task.ID, PlanInput{Every: Weekly, On: 3, Rule: "collection.three", Until: day("2026-11-18")}, nil))
	at := func() casework.At {
		now := must[store.Doc[Plan]](t)(d.plans.Docs.Load(ctx, plan.ID))
		return casework.At{ID: now.ID, Seq: now.Seq}
	}
	runs := func(on, last, next string) {
		t.Helper()
		d.Forward(on)
		if err := d.RunPlans(ctx); err != nil {
			t.Fatal(err)
		}
		now := must[store.Doc[Plan]](t)(d.plans.Docs.Load(ctx, plan.ID))
		day, _, err := d.Next(&now.State)
		if said := map[bool]string{true: "", false: day.String()}[day.IsZero()]; err != nil || now.State.Last != last || said != next {
			t.Errorf("on %s the last one was %q and the next one comes on %s, want %q and %q: %v", on, now.State.Last, said, last, next, err)
		}
	}
	d.Refused("goes on that does not pause", fault.Conflict, func() error { _, err := d.Resume(ctx, officer, at()); return err })
	runs("2026-10-27", "", "2026-10-28")
	runs("2026-10-28", "2026W44", "2026-11-04")
	d.Refused("who sends nothing", fault.Forbidden, func() error { _, err := d.Pause(ctx, firm1, at()); return err })
	must[store.Doc[Plan]](t)(d.Pause(ctx, officer, at()))
	d.Refused("paused twice", fault.Conflict, func() error { _, err := d.Pause(ctx, officer, at()); return err })
	runs("2026-11-04", "2026W44", "2026-11-04")
	d.Forward("2026-11-06") // two days after
	must[store.Doc[Plan]](t)(d.Resume(ctx, officer, at()))
	runs("2026-11-06", "2026W45", "2026-11-11")
	must[store.Doc[Plan]](t)(d.Pause(ctx, officer, at()))
	d.Forward("2026-11-11") // on the day itself
	must[store.Doc[Plan]](t)(d.Resume(ctx, officer, at()))
	runs("2026-11-11", "2026W46", "2026-11-18")
	runs("2026-11-19", "2026W47", "") // the job did not run on the last day, the day after makes up for it
	runs("2026-11-25", "2026W47", "")
	must[store.Doc[Plan]](t)(d.Pause(ctx, officer, at()))
	must[store.Doc[Plan]](t)(d.Stop(ctx, officer, at()))
	for name, do := range map[string]func() error{"paused": func() error { _, err := d.Pause(ctx, officer, at()); return err }, "resumed": func() error { _, err := d.Resume(ctx, officer, at()); return err }, "stopped again": func() error { _, err := d.Stop(ctx, officer, at()); return err }} {
		d.Refused(name+" after the end", fault.Conflict, do)
	}
}

// TestForget: names and phones go after their term, the rest of an answer stays.
func TestForget(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	d.sent(d.input(RowsProject), "f2")
	d.ok(d.sign(firm2, 0), d.fill(firm2, 0, "p3", true, "c2", "李大为", "c3", "13900001234"))
	d.task = must[store.Doc[Task]](t)(d.Close(ctx, officer, d.at()))
	phone := func() string {
		_, rows, err := d.Merge(ctx, officer, d.task.ID)
		if err != nil || len(rows) != 1 || rows[0].Texts[0] != "300" {
			t.Fatal(rows, err)
		}
		return rows[0].Texts[2]
	}
	forget := func(on string) {
		d.Forward(on)
		if err := d.Forget(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if forget("2027-10-18"); phone() != "13900001234" {
		t.Error("too early:", phone())
	}
	if forget("2027-10-21"); phone() != "已销毁" {
		t.Error("still there:", phone())
	}
}

// TestOthers: communities and townships are asked too; more units come in later; someone is freed; a task is begun again.
func TestOthers(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	in := d.input(RowsProject)
	d.task = must[store.Doc[Task]](t)(d.Make(ctx, officer, in, nil))
	d.task = must[store.Doc[Task]](t)(d.Address(ctx, officer, d.at(), ToCommunity, []string{"c1"}))
	d.task = must[store.Doc[Task]](t)(d.Send(ctx, officer, d.at()))
	d.Refused("who has it already", fault.Invalid, func() error { _, err := d.Address(ctx, officer, d.at(), ToCommunity, []string{"c1"}); return err }, "都已经收到")
	d.task = must[store.Doc[Task]](t)(d.Address(ctx, officer, d.at(), ToTownship, []string{"t2"}))
	d.ok(d.sign(secretary, 0), d.sign(town2, 1))
	v := must[SheetView](t)(d.Sheet(ctx, secretary, d.sheet(0).ID))
	if len(v.Rows) != 2 || v.Compounds[0].Text != "望湖苑" {
		t.Error(v.Rows, v.Compounds)
	}
	d.Refused("without a reason", fault.Invalid, func() error { _, err := d.Lift(ctx, officer, d.sheetAt(1), " "); return err }, "text")
	d.ok(func() error { _, err := d.Lift(ctx, officer, d.sheetAt(1), "本乡镇没有要查的"); return err })
	if v := must[View](t)(d.Task(ctx, officer, d.task.ID)); v.Count.All != 1 || v.Count.Unfilled != 1 || len(v.Alone) != 0 {
		t.Errorf("%+v %v", v.Count, v.Alone)
	}
	d.Refused("the deadline as it is", fault.Invalid, func() error { _, err := d.Extend(ctx, officer, d.at(), day("2026-10-23")); return err }, "本来就是")
	d.task = must[store.Doc[Task]](t)(d.Extend(ctx, officer, d.at(), day("2026-10-30")))
	if d.sheet(0).State.Due.Due != day("2026-10-30") {
		t.Error("the answers do not know of the new deadline")
	}
	copied := must[store.Doc[Task]](t)(d.Copy(ctx, officer, d.task.ID, day("2026-11-30"), nil))
	if c := copied.State; c.State != Draft || len(c.To) != 2 || c.Hazard != "c6" || len(c.Reminders) != 0 || c.Sent != nil {
		t.Error(c)
	}
	edited := d.input(RowsOne)
	edited.Hazard = 0
	if doc, err := d.Edit(ctx, officer, casework.At{ID: copied.ID, Seq: copied.Seq}, edited); err != nil || doc.State.Hazard != "" || doc.State.Rows != RowsOne {
		t.Error(doc.State, err)
	}
	if running := must[[]store.Doc[Task]](t)(d.Running(ctx, officer)); len(running) != 2 {
		t.Error(running)
	}
}
