package cycle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/schedule"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// yearMinutes is what a star stands on.
var yearMinutes = Minutes{Cited: "联审纪要第3期"}

// TestQuarterFromPlanToCircular runs a quarter: full marks where everything was told, a score without star, published by a second person as one record.
func TestQuarterFromPlanToCircular(t *testing.T) {
	d := newDesk(t, 3)
	d.full(t, "p0001", "2026-08-10")
	d.full(t, "p0002", "2026-08-10", "repairs")
	made := d.evaluated(t, "2026Q3")
	if made.Count != 3 || made.Grades["scored"] != 2 || made.Grades["insufficient"] != 1 || !strings.Contains(made.Title, "通报") {
		t.Errorf("evaluation %+v", made)
	}
	r, _ := d.result(t, "2026Q3", "p0001")
	if r.Total.Shown != "100.00" || r.Label != "已评分" || r.Level != nil {
		t.Errorf("p0001: %s, %s, level %v", r.Total.Shown, r.Label, r.Level)
	}
	if r, _ := d.result(t, "2026Q3", "p0002"); r.Total.Shown != "97.00" {
		t.Errorf("p0002 without repair log: %s, want 97.00", r.Total.Shown)
	}
	d.approved(t, "2026Q3", chief, vice)
	before := d.Records(t)
	p, err := d.Publish(t.Context(), chief, "2026Q3", made.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	if n := d.Records(t) - before; n != 3 { // its own, and in the register of what was sent the telling and the publication
		t.Errorf("publishing wrote %d records, want 3", n)
	}
	if p.State != StatePublished || p.Publication.Root != made.Root || p.Publication.Count != 3 || p.Publication.By != "chief" {
		t.Errorf("published %+v, %+v", p, p.Publication)
	}
	list, err := d.Published(t.Context(), RhythmQuarter)
	if err != nil || len(list) != 1 || list[0].ID != "2026Q3" {
		t.Errorf("published list %+v, %v", list, err)
	}
	if want := []string{"open 2026Q3 until 2026-09-30, 1 asks of firms", "close 2026Q3"}; strings.Join(d.windows.told, ";") != strings.Join(want, ";") {
		t.Errorf("the windows were told %q, want %q", d.windows.told, want)
	}
	d.refused(t, fault.Conflict, "已经公布", func() error { _, err := d.Evaluate(t.Context(), officer, "2026Q3"); return err })
	d.refused(t, fault.Conflict, "已经公布过", func() error { _, err := d.Publish(t.Context(), boss, "2026Q3", made.ID, ""); return err })
}

// TestYearTakesItsQuarters: the year reads the published quarters, gives stars, and needs minutes and number.
func TestYearTakesItsQuarters(t *testing.T) {
	d := newDesk(t, 2)
	for i, day := range []string{"2026-02-10", "2026-05-10", "2026-08-10", "2026-11-10"} {
		d.full(t, "p0001", day)
		id := fmt.Sprintf("2026Q%d", i+1)
		if i < 3 {
			d.published(t, id)
		} else {
			d.evaluated(t, id)
		}
	}
	if _, err := d.Plan(t.Context(), officer, "2026", on(t, "2027-01-10"), on(t, "2027-01-20")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Open(t.Context(), officer, "2026"); err != nil {
		t.Fatal(err)
	}
	d.set(t, "2027-01-11")
	if _, err := d.Close(t.Context(), officer, "2026"); err != nil {
		t.Fatal(err)
	}
	d.set(t, "2027-01-21")
	made, err := d.Evaluate(t.Context(), officer, "2026")
	if err != nil {
		t.Fatal(err)
	}
	r, _ := d.result(t, "2026", "p0001")
	if r.Label != "五星" || r.Total.Shown != "100.00" || len(r.History) != 3 {
		t.Errorf("%s %s with %d earlier results; the fourth quarter is not published and must not count", r.Label, r.Total.Shown, len(r.History))
	}
	d.rangesOfYear(t, made.ID)
	for _, tt := range []struct {
		name    string
		minutes Minutes
		words   string
	}{
		{"nothing", Minutes{}, "联审纪要"},
		{"blanks", Minutes{Cited: " 　"}, "联审纪要"},
		{"a file that is none", Minutes{File: strings.Repeat("a", 64)}, "没有上传成功"},
		{"long minutes", Minutes{Cited: strings.Repeat("长", 101)}, "现有 101 个"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d.refused(t, fault.Invalid, tt.words, func() error { _, err := d.Show(t.Context(), officer, "2026", made.ID, tt.minutes); return err })
		})
	}
	d.approved(t, "2026", chief, vice, boss)
	for number, words := range map[string]string{"": "必须填写文号", "12号": "“12号”"} {
		d.refused(t, fault.Invalid, words, func() error { _, err := d.Publish(t.Context(), chief, "2026", made.ID, number); return err })
	}
	p, err := d.Publish(t.Context(), chief, "2026", made.ID, "都建发[2027] 12号")
	if err != nil {
		t.Fatal(err)
	}
	if p.Publication.Minutes != yearMinutes.Cited {
		t.Errorf("published on the minutes %q", p.Publication.Minutes)
	}
	if p.Publication.Number != "都建发〔2027〕12号" {
		t.Errorf("number %q is not in its one form", p.Publication.Number)
	}
	q4 := d.approved(t, "2026Q4", chief, vice)
	d.refused(t, fault.Conflict, "已用于2026年度的评价结果", func() error {
		_, err := d.Publish(t.Context(), chief, "2026Q4", q4.Evaluation, "都建发〔2027〕12号")
		return err
	})
}

// TestNoSecondPerson: who evaluated does not publish, and the refusal names the rule.
func TestNoSecondPerson(t *testing.T) {
	d := newDesk(t, 1)
	d.full(t, "p0001", "2026-08-10")
	d.closed(t, "2026Q3")
	made, err := d.Evaluate(t.Context(), chief, "2026Q3")
	if err != nil {
		t.Fatal(err)
	}
	d.heard(t, "2026Q3")
	must[Period](t)(d.Send(t.Context(), officer, "2026Q3", made.ID))
	d.refused(t, fault.Forbidden, "S-1", func() error { return d.agrees(t, chief, "2026Q3") })
	for _, by := range []policy.Actor{vice, boss} { // each in the place of the office below
		if err := d.agrees(t, by, "2026Q3"); err != nil {
			t.Fatal(err)
		}
	}
	d.refused(t, fault.Forbidden, "S-1", func() error { _, err := d.Publish(t.Context(), chief, "2026Q3", made.ID, ""); return err })
	d.refused(t, fault.Forbidden, "", func() error { _, err := d.Publish(t.Context(), officer, "2026Q3", made.ID, ""); return err })
	d.refused(t, fault.Conflict, "又评价过一次", func() error { _, err := d.Publish(t.Context(), boss, "2026Q3", "another", ""); return err })
	if _, err := d.Publish(t.Context(), boss, "2026Q3", made.ID, ""); err != nil {
		t.Fatal(err)
	}
}

// TestRefusedMoves walks through every state and refuses every move that the table does not hold.
func TestRefusedMoves(t *testing.T) {
	d := newDesk(t, 1)
	d.full(t, "p0001", "2026-08-10")
	const id = "2026Q3"
	do := map[Move]func() error{
		MoveOpen:     func() error { _, err := d.Open(t.Context(), officer, id); return err },
		MoveClose:    func() error { _, err := d.Close(t.Context(), officer, id); return err },
		MoveEvaluate: func() error { _, err := d.Evaluate(t.Context(), officer, id); return err },
		MoveTell: func() error {
			p, err := d.Period(t.Context(), officer, id)
			if err == nil {
				_, err = d.Tell(t.Context(), officer, id, p.Evaluation)
			}
			return err
		},
		MoveSend: func() error {
			p, err := d.Period(t.Context(), officer, id)
			if err == nil {
				_, err = d.Send(t.Context(), officer, id, p.Evaluation)
			}
			return err
		},
		MoveSign: func() error {
			p, err := d.Period(t.Context(), officer, id)
			if err != nil {
				return err
			}
			if p.Approval != nil && p.Approval.Level == 1 {
				return d.agrees(t, vice, id)
			}
			return d.agrees(t, chief, id)
		},
		MoveWithdraw: func() error { _, err := d.Withdraw(t.Context(), officer, id); return err },
		MovePublish: func() error {
			p, err := d.Period(t.Context(), officer, id)
			if err == nil {
				_, err = d.Publish(t.Context(), chief, id, p.Evaluation, "")
			}
			return err
		},
	}
	for _, call := range do {
		d.refused(t, fault.NotFound, "没有这个评价周期", call)
	}
	if _, err := d.Plan(t.Context(), officer, id, on(t, "2026-09-30"), on(t, "2026-10-10")); err != nil {
		t.Fatal(err)
	}
	early := func() error { // the last day of submission counts whole, by hand as by the job
		ok(t, do[MoveOpen])
		d.MoveTo(on(t, "2026-10-01").Begins().Add(-time.Minute))
		d.refused(t, fault.Conflict, "2026年9月30日 为止，这一天还没有过完", do[MoveClose])
		var skip *schedule.Skip
		if err := d.EvaluateQuarter(t.Context(), on(t, "2026-10-01").Begins()); !errors.As(err, &skip) || !strings.Contains(skip.Reason, "还没有截止") {
			t.Errorf("the job at a slot before the end says %v", err)
		}
		d.MoveTo(on(t, "2026-10-01").Begins())
		return nil
	}
	answer := func(by policy.Actor, move policy.ApprovalMove) func() error {
		return func() error {
			p := must[Period](t)(d.Period(t.Context(), officer, id))
			_, err := d.Sign(t.Context(), by, id, policy.Sign{Move: move, Reason: "与纪要不符", SubjectHash: p.Approval.SubjectHash}, password)
			return err
		}
	}
	for _, step := range []struct {
		at      State
		stands  policy.ApprovalState
		allowed []Move
		then    func() error
	}{
		{StatePlanned, "", []Move{MoveOpen}, early},
		{StateOpen, "", []Move{MoveClose}, do[MoveClose]},
		{StateClosed, "", []Move{MoveEvaluate}, do[MoveEvaluate]},
		// Before the cut-off it is for looking only.
		{StateEvaluated, "", []Move{MoveEvaluate}, func() error { d.set(t, "2026-10-11"); return do[MoveEvaluate]() }},
		{StateEvaluated, "", []Move{MoveEvaluate, MoveTell}, func() error { d.heard(t, id); return nil }},
		{StateEvaluated, "", []Move{MoveEvaluate, MoveSend}, do[MoveSend]},
		{StateEvaluated, policy.ApprovalPending, []Move{MoveSign, MoveWithdraw}, do[MoveWithdraw]},
		{StateEvaluated, policy.ApprovalWithdrawn, []Move{MoveEvaluate, MoveSend}, do[MoveSend]},
		{StateEvaluated, policy.ApprovalPending, []Move{MoveSign, MoveWithdraw}, answer(chief, policy.MoveRefuse)},
		{StateEvaluated, policy.ApprovalRefused, []Move{MoveEvaluate, MoveSend}, do[MoveSend]},
		{StateEvaluated, policy.ApprovalPending, []Move{MoveSign, MoveWithdraw}, answer(chief, policy.MoveReturn)},
		{StateEvaluated, policy.ApprovalReturned, []Move{MoveEvaluate, MoveSend, MoveWithdraw}, do[MoveSend]},
		{StateEvaluated, policy.ApprovalPending, []Move{MoveSign, MoveWithdraw}, do[MoveSign]},
		{StateEvaluated, policy.ApprovalPending, []Move{MoveSign, MoveWithdraw}, do[MoveSign]},
		{StateEvaluated, policy.ApprovalApproved, []Move{MoveEvaluate, MovePublish}, do[MoveEvaluate]},
		{StateEvaluated, "", []Move{MoveEvaluate, MoveSend}, do[MoveSend]}, // what was signed went with the result
		{StateEvaluated, policy.ApprovalPending, []Move{MoveSign, MoveWithdraw}, do[MoveSign]},
		{StateEvaluated, policy.ApprovalPending, []Move{MoveSign, MoveWithdraw}, do[MoveSign]},
		{StateEvaluated, policy.ApprovalApproved, []Move{MoveEvaluate, MovePublish}, do[MovePublish]},
		{StatePublished, policy.ApprovalApproved, nil, nil},
	} {
		p := must[Period](t)(d.Period(t.Context(), officer, id))
		if p.State != step.at || p.approval() != step.stands {
			t.Fatalf("%s with an approval that is %q, want %s and %q", p.State, p.approval(), step.at, step.stands)
		}
		for m, call := range do {
			if !slices.Contains(step.allowed, m) {
				d.refused(t, fault.Conflict, "2026年第三季度", call)
			}
		}
		if step.then != nil {
			if err := step.then(); err != nil {
				t.Fatalf("%s, %s: %v", step.at, step.stands, err)
			}
		}
	}
}

// TestRefusedPlans names the wrong fields.
func TestRefusedPlans(t *testing.T) {
	d := newDesk(t, 1)
	last := on(t, "2026-09-30")
	for _, tt := range []struct{ name, id, submit, cutoff, words string }{
		{"no period", "2026Q5", "2026-09-30", "2026-09-30", "2026Q5"},
		{"cut-off before the end", "2026Q3", "2026-09-01", "2026-09-29", "cutoff"},
		{"cut-off before submission", "2026Q3", "2026-10-09", "2026-10-08", "早于材料提交截止日"},
		{"submission before the beginning", "2026Q3", "2026-06-30", "2026-09-30", "submit"},
		{"a scheme not in force", "2031Q1", "2031-03-31", "2031-03-31", "有效期"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d.refused(t, fault.Invalid, tt.words, func() error {
				_, err := d.Plan(t.Context(), officer, tt.id, on(t, tt.submit), on(t, tt.cutoff))
				return err
			})
		})
	}
	d.refused(t, fault.Forbidden, "", func() error { _, err := d.Plan(t.Context(), firmOne, "2026Q3", last, last); return err })
	if _, err := d.Plan(t.Context(), officer, "2026Q3", last, last); err != nil {
		t.Fatal(err)
	}
	d.refused(t, fault.Conflict, "已经建立", func() error { _, err := d.Plan(t.Context(), officer, "2026Q3", last, last); return err })
}

// TestOneEvaluationAtATime: while one runs, a second one is told since when and how far; after a crash the lease ends.
func TestOneEvaluationAtATime(t *testing.T) {
	d := newDesk(t, 2)
	d.full(t, "p0001", "2026-08-10")
	d.set(t, "2026-07-01")
	if _, err := d.Plan(t.Context(), officer, "2026Q3", on(t, "2026-09-30"), on(t, "2026-10-01")); err != nil {
		t.Fatal(err)
	}
	must[Period](t)(d.Open(t.Context(), officer, "2026Q3"))
	d.set(t, "2026-10-01")
	must[Period](t)(d.Close(t.Context(), officer, "2026Q3"))
	midnight := on(t, "2026-10-02").Begins()
	d.MoveTo(midnight.Add(-5 * time.Second))
	hold := make(chan struct{})
	d.sources["inspection"].hold = hold
	ended := make(chan struct{})
	d.background = func(work func(context.Context)) {
		go func() {
			defer close(ended)
			work(context.Background())
		}()
	}
	if err := d.StartEvaluation(t.Context(), officer, "2026Q3"); err != nil {
		t.Fatal(err)
	}
	err := d.refused(t, fault.Conflict, "2026年第三季度的评价正在运行：2026年10月1日 23:59 开始，收集数据", func() error { return d.StartEvaluation(t.Context(), boss0, "2026Q3") })
	if !strings.Contains(fault.MessageOf(err), fmt.Sprintf("/ %d", len(d.sources)+1)) {
		t.Errorf("%q does not say how far it is", fault.MessageOf(err))
	}
	at, err := d.Progress(t.Context(), officer, "2026Q3")
	if err != nil || !at.Running() || at.Begun.By != "officer" {
		t.Errorf("progress %+v, %v", at, err)
	}
	// Begun on the day of the cut-off and ended after it, it did not count the whole day.
	d.MoveTo(midnight.Add(time.Second))
	close(hold)
	<-ended
	if p := must[Period](t)(d.Period(t.Context(), officer, "2026Q3")); !p.Early() {
		t.Errorf("evaluated as of %s, with a cut-off on %s", p.Evaluated.At, p.Cutoff)
	}
	at, err = d.Progress(t.Context(), officer, "2026Q3")
	if err != nil || at.Running() || at.Failure != "" || at.Evaluation == "" {
		t.Errorf("progress at the end %+v, %v", at, err)
	}
	// A run that died holds the lease until it runs out.
	if _, err := d.begin(t.Context(), officer, "2026Q3"); err != nil {
		t.Fatal(err)
	}
	d.refused(t, fault.Conflict, "正在运行", func() error { _, err := d.Evaluate(t.Context(), officer, "2026Q3"); return err })
	d.set(t, "2026-10-03")
	if _, err := d.Evaluate(t.Context(), officer, "2026Q3"); err != nil {
		t.Errorf("after a crash: %v", err)
	}
}

var boss0 = person("chief2", "section_chief")

// TestFailureIsTold: what went wrong stands in the progress, and the period stays as it was.
func TestFailureIsTold(t *testing.T) {
	d := newDesk(t, 0)
	d.closed(t, "2026Q3")
	if _, err := d.Evaluate(t.Context(), officer, "2026Q3"); !fault.Is(err, fault.Conflict) {
		t.Fatal(err)
	}
	at, err := d.Progress(t.Context(), officer, "2026Q3")
	if err != nil || at.Running() || !strings.Contains(at.Failure, "没有项目") {
		t.Errorf("progress %+v, %v", at, err)
	}
	if p, err := d.Period(t.Context(), officer, "2026Q3"); err != nil || p.State != StateClosed {
		t.Errorf("period %+v, %v", p, err)
	}
}

// TestPreview says who moved and why, who is near a cut, what came late.
func TestPreview(t *testing.T) {
	d := newDesk(t, 4)
	for i := range 3 {
		d.full(t, fmt.Sprintf("p%04d", i+1), "2026-05-10")
	}
	d.published(t, "2026Q2")
	d.full(t, "p0001", "2026-08-10", "complaints")
	d.tell(t, "p0001", "2026-08-10", "complaints complaints=9")
	d.full(t, "p0002", "2026-08-10")
	d.full(t, "p0004", "2026-08-10", "visit_clean", "visit_order", "answers", "rectification")
	for _, text := range []string{"visit_clean visit_clean_points=0 visit_clean_full=20", "visit_order visit_order_points=0 visit_order_full=20", "answers answers_on_time=7 answers_due=9", "rectification rectified_on_time=1 rectification_due=1"} {
		d.tell(t, "p0004", "2026-08-11", text)
	}
	d.tellLate(t, "p0002", "2026-09-29", "2026-10-08", "complaints complaints=3")
	d.closed(t, "2026Q3")
	d.refused(t, fault.Conflict, "还没有评价", func() error { _, err := d.Preview(t.Context(), officer, "2026Q3"); return err })
	d.set(t, "2026-10-19")
	if _, err := d.Evaluate(t.Context(), officer, "2026Q3"); err != nil {
		t.Fatal(err)
	}
	v, err := d.Preview(t.Context(), officer, "2026Q3")
	if err != nil {
		t.Fatal(err)
	}
	if v.Before == nil || v.Before.ID != "2026Q2" || len(v.Rows) != 4 || v.New != 0 {
		t.Fatalf("before %v, %d rows, %d new", v.Before, len(v.Rows), v.New)
	}
	moved := map[string]Moved{}
	for _, m := range v.Moved {
		moved[m.Project] = m
	}
	if m := moved["p0001"]; m.Change == nil || m.Change.String() != "-4" || len(m.Why) != 1 || m.Why[0].Name != "核实有责的投诉" || m.Why[0].Change.String() != "-4" {
		t.Errorf("p0001 moved %+v", m)
	}
	if _, there := moved["p0002"]; there {
		t.Error("p0002 did not move: what came late must not count")
	}
	if len(v.Late) != 1 || v.Late[0].Project != "p0002" || v.Late[0].Count != 1 || v.Late[0].Readings[0].Fact != "complaints" {
		t.Errorf("late %+v", v.Late)
	}
	r, _ := d.result(t, "2026Q3", "p0004")
	near := map[string]string{}
	for _, n := range v.NearCut {
		near[n.Project] += n.Cut.String()
	}
	if len(v.Cuts) != 3 || v.Cuts[0].String() != "60" || v.Cuts[1].String() != "84" || v.Cuts[2].String() != "92" {
		t.Errorf("cuts %v", v.Cuts)
	}
	if len(near) != 0 {
		t.Errorf("near a cut: %v; p0004 has %s", near, r.Total.Shown)
	}
	for _, row := range v.Rows {
		if rated := row.Grade == "scored"; len(row.Rates) != 5 || rated != (row.Total != nil) || rated != (row.Rates[2] != nil) {
			t.Errorf("%s (%s): total %v, rates %v", row.Project, row.Label, row.Total, row.Rates)
		}
	}
	count := 0
	for _, b := range v.Bands {
		count += b.Count
	}
	if rated := 4 - v.Spread[0].Count; count < rated || len(v.Bands) != 20 {
		t.Errorf("%d in %d bands, %d rated", count, len(v.Bands), rated)
	}
	if _, err := d.Preview(t.Context(), firmOne, "2026Q3"); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a firm previews: %v", err)
	}
	part, err := d.Preview(t.Context(), person("town", "property_officer", policy.CommunityKey("360428100001")), "2026Q3")
	if err != nil || len(part.Rows) != 2 {
		t.Errorf("an officer of one community sees %d rows, %v", len(part.Rows), err)
	}
	boardsOfPreview(t, d)
}

// TestNearCut lists what lies within half a point of a cut, and nothing else.
func TestNearCut(t *testing.T) {
	d := newDesk(t, 1)
	v := &Preview{Cuts: d.cuts(), Within: d.rules.within}
	for _, total := range []string{"59.49", "59.5", "60.5", "60.51", "83.99", "84.6", "92", "75.9"} {
		x := mustNum(t, total)
		v.Rows = append(v.Rows, PreviewRow{Project: total, Total: &x})
	}
	v.Rows = append(v.Rows, PreviewRow{Project: "none"})
	v.near()
	var got []string
	for _, n := range v.NearCut {
		got = append(got, n.Project)
	}
	if strings.Join(got, " ") != "92 83.99 59.5 60.5" {
		t.Errorf("near %v", got)
	}
}

// TestMissing tells by project what is missing and who should tell it, before and after the evaluation, and nothing of a sheet that is not the firm's.
func TestMissing(t *testing.T) {
	d := newDesk(t, 3)
	d.register[1].PartyForm = registry.PartyInstructor
	d.full(t, "p0001", "2026-08-10")
	d.full(t, "p0002", "2026-08-10", "repairs", "branch_meetings", "branch_attendance")
	if _, err := d.Plan(t.Context(), officer, "2026Q3", on(t, "2026-09-30"), on(t, "2026-09-30")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Open(t.Context(), officer, "2026Q3"); err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		t.Helper()
		list, err := d.Missing(t.Context(), officer, "2026Q3")
		if err != nil || len(list) != 2 || list[0].Project != "p0003" {
			t.Fatalf("%s: %+v, %v", when, list, err)
		}
		var facts []string
		for _, item := range list[1].Items {
			facts = append(facts, item.Fact+"@"+item.Source)
		}
		if got := strings.Join(facts, " "); got != "instructor_visits@party training@party repairs@evidence" {
			t.Errorf("%s: p0002 lacks %s", when, got)
		}
	}
	d.set(t, "2026-10-01")
	before := d.Records(t)
	check("open")
	if d.Records(t) != before {
		t.Error("looking wrote something")
	}
	if _, err := d.Close(t.Context(), officer, "2026Q3"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Evaluate(t.Context(), officer, "2026Q3"); err != nil {
		t.Fatal(err)
	}
	check("evaluated")
}

// TestResultStaysInScope: a firm reads the lines of its own projects once they are published; others do not exist for it.
func TestResultStaysInScope(t *testing.T) {
	d := newDesk(t, 2)
	d.full(t, "p0001", "2026-08-10")
	made := d.evaluated(t, "2026Q3")
	if _, _, err := d.Result(t.Context(), firmOne, "2026Q3", "p0001"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a firm reads what is not published: %v", err)
	}
	d.approved(t, "2026Q3", chief, vice)
	if _, err := d.Publish(t.Context(), chief, "2026Q3", made.ID, ""); err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Result(t.Context(), firmOne, "2026Q3", "p0001"); err != nil {
		t.Error(err)
	}
	for _, project := range []string{"p0002", "p9999"} {
		if _, _, err := d.Result(t.Context(), firmOne, "2026Q3", project); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", project, err)
		}
	}
	if _, _, err := d.Result(t.Context(), policy.Actor{}, "2026Q3", "p0001"); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("the public: %v", err)
	}
}

// TestWindowRuleRepeats tells the windows again what a crash left untold, and no more once the period went on.
func TestWindowRuleRepeats(t *testing.T) {
	d := newDesk(t, 1)
	last := on(t, "2026-09-30")
	if _, err := d.Plan(t.Context(), officer, "2026Q3", last, last); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Open(t.Context(), officer, "2026Q3"); err != nil {
		t.Fatal(err)
	}
	d.windows.told = nil
	if _, err := d.DB.RunRules(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(d.windows.told) != 1 || !strings.HasPrefix(d.windows.told[0], "open") {
		t.Errorf("told %q", d.windows.told)
	}
	if _, err := d.DB.RunRules(t.Context()); err != nil || len(d.windows.told) != 1 {
		t.Errorf("told again: %q, %v", d.windows.told, err)
	}
}

// TestStoredFields fails when a stored field is renamed or loses its tag.
func TestStoredFields(t *testing.T) {
	for name, fields := range map[string][]string{"period": store.FieldNames[Period](), "objection": store.FieldNames[Objection](), "remark": store.FieldNames[Remark](), "facts": store.FieldNames[Facts](), "progress": store.FieldNames[Progress](), "ranges": store.FieldNames[Ranges](), "range-rows": store.FieldNames[rangePage]()} {
		golden, err := os.ReadFile("testdata/" + name + ".fields")
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(fields, "\n") + "\n"; got != string(golden) {
			t.Errorf("the stored fields of %s are now\n%s", name, got)
		}
	}
	if err := store.CheckType[Period](); err != nil {
		t.Error(err)
	}
}

// TestArchiveVerifies recomputes what was stored.
func TestArchiveVerifies(t *testing.T) {
	d := newDesk(t, 3)
	d.full(t, "p0001", "2026-08-10")
	made := d.evaluated(t, "2026Q3")
	if v, err := d.archive.Verify(t.Context(), made.ID); err != nil || v.Recomputed != 3 {
		t.Errorf("%+v, %v", v, err)
	}
	for key, want := range map[string]string{"p:p0001": "1 期评价", "p:p9999": "", "f:p0001": ""} {
		if said, err := d.Uses(t.Context(), key, time.Time{}); said != want || err != nil {
			t.Errorf("uses of %s: %q %v", key, said, err)
		}
	}
	again, err := d.Evaluate(t.Context(), officer, "2026Q3")
	if err != nil || again.ID != made.ID || again.Root != made.Root {
		t.Errorf("the same facts gave another evaluation: %v, %v", again.ID, err)
	}
	d.tellLate(t, "p0002", "2026-08-10", "2026-09-01", "complaints complaints=2")
	other, err := d.Evaluate(t.Context(), officer, "2026Q3")
	if err != nil || other.ID == made.ID {
		t.Errorf("other facts gave the same evaluation: %v", err)
	}
}
