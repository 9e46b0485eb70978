package registry

import (
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/policy"
)

func owners(area string, heads int64) Owners { return Owners{num.MustParse(area), heads} }

// TestVoteCheck walks along every threshold of article 278, by area and by heads, on both sides of it.
func TestVoteCheck(t *testing.T) {
	whole := owners("30000.03", 300)
	for _, tt := range []struct {
		name              string
		matter            Matter
		joined, agreed    Owners
		attended, carried bool
	}{
		{"two thirds are enough", "m4", owners("20000.02", 200), owners("10000.02", 101), true, true},
		{"a hundredth of a square metre less is not", "m4", owners("20000.01", 200), owners("20000.01", 200), false, false},
		{"one head less is not", "m4", owners("20000.02", 199), owners("20000.02", 199), false, false},
		{"half by area is not more than half", "m4", owners("20000.02", 200), owners("10000.01", 101), true, false},
		{"half by heads is not more than half", "m4", owners("20000.02", 200), owners("10000.02", 100), true, false},
		{"using the repair fund needs more than half", "m5", owners("30000.03", 300), owners("15000.02", 151), true, true},
		{"raising it needs three quarters, which are enough", MatterRaiseFund, owners("24000", 240), owners("18000", 180), true, true},
		{"three quarters by area, a head less", MatterRaiseFund, owners("24000", 240), owners("18000", 179), true, false},
		{"rebuilding, a hundredth less", MatterRebuild, owners("24000", 240), owners("17999.99", 180), true, false},
		{"common parts", MatterCommonUse, owners("24000", 240), owners("17999.99", 240), true, false},
		{"nobody came", "m9", owners("0", 0), owners("0", 0), false, false},
		{"all agreed", MatterRebuild, whole, whole, true, true},
	} {
		c := VoteInput{Matter: tt.matter, Notified: day(t, "2026-09-01"), Held: day(t, "2026-09-16"), All: whole, Joined: tt.joined, Agreed: tt.agreed}.Check()
		if c.Attended != tt.attended || c.Carried() != tt.carried || !c.Told {
			t.Errorf("%s: %+v", tt.name, c)
		}
	}
	if c := (VoteInput{Notified: day(t, "2026-09-02"), Held: day(t, "2026-09-16")}).Check(); c.Told {
		t.Error("fourteen days are notice enough")
	}
}

func TestVotes(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	id, other := d.project("望湖苑", east), d.project("芝城花园", west)
	in := VoteInput{Matter: "m4", Title: "选聘赣北物业服务有限公司", Notified: day(t, "2026-09-01"), Held: day(t, "2026-09-20"), All: owners("52000.5", 400), Joined: owners("40000", 300), Agreed: owners("30000", 200)}
	record := func(by policy.Actor, project string, in VoteInput) func() error {
		return func() error { _, err := d.RecordVote(ctx, by, project, in); return err }
	}
	d.refused("no right", fault.Forbidden, record(person("owners_committee", policy.ProjectKey(id)), id, in))
	d.refused("outside of the scope", fault.NotFound, record(person("property_officer", "t:360428101000"), id, in))
	d.refused("nothing", fault.Invalid, record(d.officer, id, VoteInput{}), "请选择表决事项", "请填写表决内容", "请填写通知业主的日期", "请填写表决截止日期", "请填写全体业主的人数", "请填写全体业主的专有部分面积")
	bad := in
	bad.Notified, bad.Held, bad.Published = day(t, "2026-09-21"), day(t, "2026-09-20"), day(t, "2026-09-19")
	bad.Joined, bad.Agreed = owners("52000.51", 401), owners("1.234", -1)
	d.refused("fields", fault.Invalid, record(d.officer, id, bad), "表决截止日期2026年9月20日早于通知业主的日期2026年9月21日", "公示日期2026年9月19日早于表决截止日期", "参与表决的面积 52000.51 多于全体业主的 52000.50",
		"参与表决的人数 401 要在 0 至全体业主的 400 之间", "同意的面积最多两位小数，现在是 1.234", "同意的人数 -1")
	bad = in
	bad.Held = today.Add(1)
	d.refused("not yet held", fault.Invalid, record(d.officer, id, bad), "还没有到")
	vote, err := d.RecordVote(ctx, d.officer, id, in)
	if err != nil {
		t.Fatal(err)
	}
	later := in
	later.Held, later.Title = day(t, "2026-10-01"), "使用维修资金更换水泵"
	if _, err := d.RecordVote(ctx, d.officer, id, later); err != nil {
		t.Fatal(err)
	}
	correct := func(project string, seq int64, why string) func() error {
		in := in
		in.Published = day(t, "2026-09-25")
		return func() error { return d.CorrectVote(ctx, d.officer, project, vote, seq, in, why) }
	}
	d.refused("without reason", fault.Invalid, correct(id, 1, ""), "请填写原因")
	d.refused("overtaken", fault.Conflict, correct(id, 2, "补公示日期"))
	d.refused("of another project", fault.NotFound, correct(other, 1, "补公示日期"))
	if err := correct(id, 1, "补公示日期")(); err != nil {
		t.Fatal(err)
	}
	list, err := d.Votes(ctx, person("owners_committee", policy.ProjectKey(id)), id)
	if err != nil || len(list) != 2 || list[0].Title != later.Title || list[1].Published != day(t, "2026-09-25") || list[1].Seq != 2 {
		t.Errorf("%+v %v", list, err)
	}
	d.refused("the votes of another project", fault.NotFound, func() error {
		_, err := d.Votes(ctx, person("owners_committee", policy.ProjectKey(other)), id)
		return err
	})
	if list, err := d.Votes(ctx, d.officer, other); err != nil || len(list) != 0 {
		t.Errorf("%+v %v", list, err)
	}
}

// TestVotedProjectStays: an imported project about which its owners voted is not taken back.
func TestVotedProjectStays(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	done := d.imported(fileOf(ImportProjects, projectRow(2, "望湖苑", "都昌镇", "城东社区")), false)
	list, err := d.Projects(ctx, d.officer, ProjectQuery{})
	if err != nil || len(list.Rows) != 1 {
		t.Fatal(list, err)
	}
	if _, err := d.RecordVote(ctx, d.officer, list.Rows[0].ID, VoteInput{Matter: "m9", Title: "更换小区大门", Notified: day(t, "2026-09-01"), Held: day(t, "2026-09-20"), All: owners("100", 2), Joined: owners("100", 2), Agreed: owners("100", 2)}); err != nil {
		t.Fatal(err)
	}
	look, err := d.LookBackImport(ctx, d.officer, done.ID)
	if err != nil || look.Left != 1 || look.Lines[0].Why != "已有 1 次业主大会表决" {
		t.Errorf("%+v %v", look, err)
	}
}
