package cycle

import (
	"context"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
)

// shownYear is a desk with the year 2026 evaluated on 2027-01-21, a Thursday.
func evaluatedYear(t *testing.T) (*desk, Period) {
	t.Helper()
	d := newDesk(t, 2)
	d.full(t, "p0001", "2026-08-10")
	d.full(t, "p0002", "2026-08-10")
	d.published(t, "2026Q3")
	d.set(t, "2026-12-01")
	ctx := t.Context()
	must[Period](t)(d.Plan(ctx, officer, "2026", on(t, "2027-01-10"), on(t, "2027-01-20")))
	must[Period](t)(d.Open(ctx, officer, "2026"))
	d.set(t, "2027-01-11")
	must[Period](t)(d.Close(ctx, officer, "2026"))
	d.set(t, "2027-01-21")
	if _, err := d.Evaluate(ctx, officer, "2026"); err != nil {
		t.Fatal(err)
	}
	return d, must[Period](t)(d.Period(ctx, officer, "2026"))
}

// TestPublicity follows the stars of a year through publicity, remarks and appeals, with everything that is refused on the way.
func TestPublicity(t *testing.T) {
	d, p := evaluatedYear(t)
	ctx := t.Context()
	show := func(by policy.Actor, evaluation string, m Minutes) func() error {
		return func() error { _, err := d.Show(ctx, by, "2026", evaluation, m); return err }
	}
	send := func() error {
		now := must[Period](t)(d.Period(ctx, officer, "2026"))
		_, err := d.Send(ctx, officer, "2026", now.Evaluation)
		return err
	}
	remark := func(in RemarkInput, into *store.Doc[Remark]) func() error {
		return func() error {
			in.Year = "2026"
			doc, err := d.Remarks().Make(ctx, policy.Actor{}, in, nil)
			if err == nil && into != nil {
				*into = doc
			}
			return err
		}
	}
	words := RemarkInput{Project: "p0001", Words: "楼道灯坏了两个月没有修", Who: "张三", Phone: "13800000000"}
	d.refused(t, fault.NotFound, "没有公示", remark(words, nil))
	d.refused(t, fault.Conflict, "还没有公示", send)
	d.refused(t, fault.Forbidden, "", show(firmOne, p.Evaluation, yearMinutes))
	d.refused(t, fault.Conflict, "又评价过一次", show(officer, "another", yearMinutes))
	d.refused(t, fault.Invalid, "联审纪要", show(officer, p.Evaluation, Minutes{}))
	d.refused(t, fault.Conflict, "不告知得分", func() error { _, err := d.Tell(ctx, officer, "2026", p.Evaluation); return err })
	ok(t, show(officer, p.Evaluation, yearMinutes))
	d.refused(t, fault.Conflict, "已经公示", show(officer, p.Evaluation, yearMinutes))
	d.refused(t, fault.Conflict, "公示期到", send)
	v := must[*Publicity](t)(d.Publicity(ctx, "2026"))
	if !v.Runs || len(v.Rows) != 2 || v.Rows[0].Contested || v.Until.Rule != rulePublicity || v.Appeals.Rule != ruleAppeal || v.Appeals.Due.Compare(v.Until.Due) <= 0 {
		t.Errorf("%+v", v)
	}
	// Remarks: anybody, within the publicity, without anything personal in the words; answered by one, shown by another.
	for _, in := range []RemarkInput{{Words: "短"}, {Words: "打我电话 13800000000 说清楚"}, {Words: words.Words, Phone: "12"}} {
		d.refused(t, fault.Invalid, "", remark(in, nil))
	}
	d.refused(t, fault.NotFound, "没有这个小区", remark(RemarkInput{Project: "p9999", Words: words.Words}, nil))
	var one store.Doc[Remark]
	ok(t, remark(words, &one))
	does := func(by policy.Actor, do RemarkStep, text string) func() error {
		return func() error {
			doc, err := d.Remarks().Do(ctx, by, casework.At{ID: one.ID, Seq: one.Seq}, do, casework.Input{Text: text})
			if err == nil {
				one = doc
			}
			return err
		}
	}
	d.refused(t, fault.Forbidden, "", does(firmOne, RemarkAnswer, "已经修好了灯"))
	d.refused(t, fault.Conflict, "意见待答复", does(officer, RemarkShow, "楼道灯两个月没有修"))
	// Appeals run beside it, and after it.
	appeal := func(line string, into *store.Doc[Objection]) func() error {
		return func() error {
			doc, err := d.Objections().Raise(ctx, firmOne, ObjectionInput{Period: "2026", Project: "p0001", Line: line, Ground: "全年的整改有三件按期改好没有计入"}, nil)
			if err == nil && into != nil {
				*into = doc
			}
			return err
		}
	}
	d.set(t, v.Until.Due.Add(1).String())
	d.refused(t, fault.Conflict, "不再接收公示意见", remark(RemarkInput{Words: words.Words}, nil))
	d.refused(t, fault.Conflict, "申诉期到", send)
	var whole store.Doc[Objection]
	ok(t, appeal(wholeResult, &whole))
	d.refused(t, fault.Conflict, "已经提过", appeal(wholeResult, nil))
	if o := whole.State; !o.Appeal() || o.Clock.Rule != ruleAppealAnswer || len(o.Facts) < 20 {
		t.Errorf("%+v", o)
	}
	if !must[*Publicity](t)(d.Publicity(ctx, "2026")).Rows[0].Contested {
		t.Error("an appeal is not public")
	}
	d.set(t, v.Appeals.Due.Add(1).String())
	d.refused(t, fault.Conflict, "申诉期已于", appeal("ops_revenue", nil))
	d.refused(t, fault.Conflict, "1 条公示意见没有答复", send)
	ok(t, does(officer, RemarkAnswer, "已经修好了灯，更换了线路"))
	d.refused(t, fault.Forbidden, "另一人", does(officer, RemarkShow, "楼道灯两个月没有修"))
	ok(t, does(chief, RemarkShow, "楼道灯两个月没有修"))
	if open := must[[]OpenRemark](t)(d.Remarks().Open(ctx, "2026")); len(open) != 1 || open[0].Words != "楼道灯两个月没有修" {
		t.Errorf("%+v", open)
	}
	ok(t, does(chief, RemarkKeep, "反映人要求不公开"))
	if open := must[[]OpenRemark](t)(d.Remarks().Open(ctx, "2026")); len(open) != 0 {
		t.Errorf("%+v", open)
	}
	d.refused(t, fault.Conflict, "1 项异议没有答复", send)
	// Who evaluated and showed it took part; somebody else answers.
	d.refused(t, fault.Forbidden, "另一人", d.does(t, officer, &whole, ObjectionRefuse, "已核对全部整改记录，按期改好的都计入了"))
	ok(t, d.does(t, vice, &whole, ObjectionUphold, "有一件复查单登记错了，由登记的人更正"))
	d.refused(t, fault.Conflict, "没有变化", d.does(t, vice, &whole, ObjectionCorrect, "更正了复查单"))
	d.refused(t, fault.Conflict, "没有更正", send)
	ok(t, d.does(t, vice, &whole, ObjectionRefuse, "再次核对，复查单没有登记错"))
	ok(t, send)
	for _, by := range []policy.Actor{chief, boss} {
		if err := d.agrees(t, by, "2026"); err != nil {
			t.Fatal(err)
		}
	}
	// Name and phone go; what was said stays.
	d.MoveTo(d.Clock().Add(300 * 24 * time.Hour))
	if err := d.Remarks().Forget(context.WithoutCancel(ctx)); err != nil {
		t.Fatal(err)
	}
	if gone := must[store.Doc[Remark]](t)(d.Remarks().One(ctx, officer, one.ID)); !gone.Purged || gone.State.Words == "" {
		t.Errorf("%+v", gone)
	}
}
