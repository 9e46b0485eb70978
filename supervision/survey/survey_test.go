package survey

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/registrytest"
	"redsteward/supervision"
)

// TestDraw: whatever the frame, the draw is the same again, has the number asked for, only places that there are, each once, and gives every building its share but for less than one.
func TestDraw(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		frame := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Block {
			return Block{"幢", rapid.Int64Range(1, 60).Draw(t, "households")}
		}), 1, 8).Draw(t, "frame")
		total := occupiedOf(frame)
		invited := rapid.Int64Range(0, total).Draw(t, "invited")
		seed := rapid.StringMatching(`[0-9a-f]{8}`).Draw(t, "seed")
		drawn, sum := Draw(seed, frame, invited), int64(0)
		if again := Draw(seed, frame, invited); fmt.Sprint(again) != fmt.Sprint(drawn) {
			t.Fatalf("%v, then %v", drawn, again)
		}
		for b, d := range drawn {
			n := int64(len(d.Places))
			sum += n
			if exact := invited * frame[b].Households; n*total > exact+total-1 || n*total < exact-total+1 {
				t.Fatalf("building %d has %d of %d for %d of %d", b, n, invited, frame[b].Households, total)
			}
			if !slices.IsSorted(d.Places) || len(slices.Compact(slices.Clone(d.Places))) != len(d.Places) {
				t.Fatalf("places %v", d.Places)
			}
			if n > 0 && (d.Places[0] < 1 || d.Places[n-1] > frame[b].Households) {
				t.Fatalf("places %v of %d", d.Places, frame[b].Households)
			}
		}
		if sum != invited {
			t.Fatalf("drew %d of %d", sum, invited)
		}
	})
}

// TestDrawFixed is a draw that anybody can compute by hand with sha256sum; it never changes.
func TestDrawFixed(t *testing.T) {
	// Drawn again from the file: anything that was changed in it is told.
	made := &Survey{Name: "望湖苑", Year: 2026, Form: Form{Title: "满意度调查"}, Seed: "5eed", Commitment: supervision.Commitment("5eed"), Frame: []Block{{"1幢", 5}, {"2幢", 3}, {"3幢", 2}}, Invited: 5}
	file := made.DrawFile()
	if n, err := file.Again(); n != 5 || err != nil {
		t.Errorf("drawn again: %d %v", n, err)
	}
	for said, change := range map[string]func(f *DrawFile){"种子被换过": func(f *DrawFile) { f.Seed = "x" }, "2幢：重新抽取": func(f *DrawFile) { f.Places = [][]int64{f.Places[0], {9}, f.Places[2]} },
		"“1幢”写了两次": func(f *DrawFile) { f.Frame = []Block{{"1幢", 5}, {"1幢", 3}, {"3幢", 2}} }, "个数与抽取结果": func(f *DrawFile) { f.Places = nil }, "不能是负数": func(f *DrawFile) { f.Invited = -1 }} {
		changed := made.DrawFile()
		change(&changed)
		if _, err := changed.Again(); !fault.Is(err, fault.Invalid) || !strings.Contains(fmt.Sprint(fault.MessageOf(err), fault.FieldsOf(err)), said) {
			t.Errorf("%s: %v %v", said, err, fault.FieldsOf(err))
		}
	}
	got := fmt.Sprint(Draw("5eed", []Block{{"1幢", 5}, {"2幢", 3}, {"3幢", 2}}, 5))
	if want := "[{{1幢 5} [1 2 3]} {{2幢 3} [3]} {{3幢 2} [2]}]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := supervision.Commitment("5eed"); got != "253e2c69fc07d2cf6f83c79b0bf81b9122c816573477986ca87c6ef907a52a53" {
		t.Error(got)
	}
}

// TestSizes are the sizes of practice.md §7 and their edges.
func TestSizes(t *testing.T) {
	terms := must[*Terms](t)(ParseTerms("satisfaction.yaml", registrytest.Config(t, "satisfaction.yaml")))
	for _, tt := range []struct{ households, occupied, needed, population, invited int64 }{
		{1000, 900, 150, 1000, 225}, {301, 301, 46, 301, 69}, {300, 280, 45, 300, 68}, {299, 299, 30, 299, 45}, {100, 100, 30, 100, 45}, {100, 40, 30, 100, 40},
		{99, 90, 30, 90, 45}, {90, 61, 21, 61, 32}, {40, 20, 10, 20, 15}, {12, 9, 10, 9, 9},
	} {
		needed, population := terms.Needed(tt.households, tt.occupied)
		if invited := terms.Invited(needed, tt.occupied); needed != tt.needed || population != tt.population || invited != tt.invited {
			t.Errorf("%d households, %d occupied: %d of %d, %d invited; want %d of %d, %d", tt.households, tt.occupied, needed, population, invited, tt.needed, tt.population, tt.invited)
		}
	}
}

func TestParseTerms(t *testing.T) {
	bad := `version: "1"
title: 调查
unit: 物业股
sizes:
  - {below: 100, share: "2", of: rooms}
  - {below: 50}
  - {below: 300, at_least: 3}
sizes_basis: 无
invite_percent: 50
least_shown: 1
pass:
  - {level: top, percent: 101}
questions:
  - {id: other, text: 您满意吗}
  - {id: other, text: 好}
extra: 1
`
	_, err := ParseTerms("satisfaction.yaml", []byte(bad))
	var text string
	for _, f := range fault.FieldsOf(err) {
		text += f.Name + " " + f.Message + "\n"
	}
	for _, want := range []string{"satisfaction.yaml:5:", "比例要在 0 至 1", "households 或者 occupied", "从小到大", "至少写一样", "最后一档不写", "100 % 至 1000 %", "3 至 100", "没有“top”", "现在是 101", "第一题要是总体", "代码“other”重复", "4 至 60 个字", "extra"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said:\n%s", want, text)
		}
	}
}

// do takes a step as who may, with good values.
func (d *desk) do(o store.Doc[Survey], step Step) (store.Doc[Survey], error) {
	ctx, a := d.T.Context(), at(o)
	switch step {
	case StepPrepare:
		return d.Prepare(ctx, d.officer, d.plan(ByCode), nil)
	case StepOpen:
		return d.Open(ctx, d.officer, a)
	case StepDeliver:
		return d.Deliver(ctx, d.worker, a, 2)
	case StepExtend:
		return d.Extend(ctx, d.officer, a, registrytest.Day("2026-09-20"), "雨天多，答卷回收慢")
	case StepClose:
		d.Forward("2026-09-22")
		return d.Close(ctx, d.officer, a)
	case StepPublish:
		return d.Publish(ctx, d.deputy, a)
	case StepCancel:
		return d.Cancel(ctx, d.officer, a, "楼栋户数登记有误")
	}
	panic(step)
}

// TestTable goes through every state and every step: what the table allows goes through, everything else is a Conflict that writes nothing.
func TestTable(t *testing.T) {
	ways := map[State][]Step{Prepared: {StepPrepare}, Open: {StepPrepare, StepOpen}, Closed: {StepPrepare, StepOpen, StepClose}, NotEnough: {StepPrepare, StepOpen, StepClose, StepPublish}, Cancelled: {StepPrepare, StepCancel}}
	if len(steps) != len(States())+1 {
		t.Fatal("a state is missing")
	}
	d := newDesk(t)
	for state, way := range ways {
		for _, step := range Steps() {
			d.another()
			d.MoveTo(registrytest.Day("2026-09-01").Begins())
			var o store.Doc[Survey]
			for _, s := range way {
				o = must[store.Doc[Survey]](t)(d.do(o, s))
			}
			if o.State.State != state {
				t.Fatalf("%v leads to %s", way, o.State.State)
			}
			if _, can := steps[state][step]; can {
				if _, err := d.do(o, step); err != nil {
					t.Errorf("%s of %s: %v", step, state, err)
				}
				continue
			}
			d.kept(o, string(state)+" "+string(step), fault.Conflict, func() error { _, err := d.do(o, step); return err })
		}
	}
}

// TestLife: the whole way with enough answers; what firm and community see of it in between; the result, its rate and the reading for the rating.
func TestLife(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	o := d.running(ByCode)
	if o.State.Needed != 30 || o.State.Invited != 45 || o.State.Population != 120 || o.State.Form.Pass != 75 {
		t.Fatalf("%+v", o.State)
	}
	if due := o.State.Clock.Due; due != registrytest.Day("2026-09-16") {
		t.Errorf("ends %s", due)
	}
	codes := d.allCodes(o)
	for i := range 20 {
		digit := "1"
		if i >= 16 {
			digit = "4"
		}
		if err := d.Answer(ctx, d.public, codes[i], answered(&o.State, digit)); err != nil {
			t.Fatal(err)
		}
	}
	paper := sheets(codes[20:], 12, "3 000 000 0")
	if done, err := d.Enter(ctx, d.inspector, o.ID, paper, true, true); err != nil || done != (Entered{12, 0}) {
		t.Fatalf("dry: %+v %v", done, err)
	}
	for _, want := range []Entered{{12, 0}, {0, 12}} {
		if done, err := d.Enter(ctx, d.inspector, o.ID, paper, true, false); err != nil || done != want {
			t.Errorf("%+v %v, want %+v", done, err, want)
		}
	}
	if n, err := d.Returned(ctx, d.officer, o.ID); n != 32 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	for _, who := range []policy.Actor{d.manager, d.worker} {
		if _, err := d.Returned(ctx, who, o.ID); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s sees how many came in: %v", who.ID, err)
		}
	}
	d.Forward("2026-09-17")
	if err := d.Answer(ctx, d.public, codes[40], answered(&o.State, "1")); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.MessageOf(err), "已经截止") {
		t.Errorf("after the end: %v", err)
	}
	o = must[store.Doc[Survey]](t)(d.Close(ctx, d.officer, at(o)))
	if doc := must[store.Doc[Survey]](t)(d.One(ctx, d.manager, o.ID)); doc.State.Result != nil || doc.State.Seed != "" || doc.State.Acts != nil {
		t.Errorf("the firm sees before the publication: %+v", doc.State)
	}
	d.Refused("the officer publishes", fault.Forbidden, func() error { _, err := d.Publish(ctx, d.officer, at(o)); return err })
	o = must[store.Doc[Survey]](t)(d.Publish(ctx, d.chief, at(o)))
	r := o.State.Result
	rate, ok := r.Questions[0].Rate()
	if o.State.State != Published || r.Answers != 32 || r.Online != 20 || len(r.Hands) != 1 || !ok || !rate.Equal(num.FromFrac(16, 32)) || fmt.Sprint(r.Questions[0].Levels) != "[16 0 12 4 0]" {
		t.Errorf("%+v", r)
	}
	if c := r.Questions[1]; c.Rated != 20 || c.Unknown != 12 {
		t.Errorf("%+v", c)
	}
	if passed, known := o.State.Passed(); passed || !known {
		t.Errorf("50 %% of 75 %%: %t %t", passed, known)
	}
	page := must[store.Page[Survey]](t)(d.Results(ctx, "", ""))
	if len(page.Docs) != 1 || page.Docs[0].State.Acts != nil || page.Docs[0].State.Result.Hands != nil || supervision.Commitment(page.Docs[0].State.Seed) != page.Docs[0].State.Commitment {
		t.Errorf("public: %+v", page.Docs)
	}
	// What counts is the record of the publication, as of now and not as of yesterday.
	year := calendar.Year(2026).Span()
	n := must[int64](t)(d.Desk.DB.Engine().LastN(ctx))
	count := func(back int64) (found int) {
		err := d.EachPublished(ctx, year, d.Clock(), n-back, func(c store.Change[Survey]) error {
			found++
			if c.Meta.Action != string(policy.PublishSurvey) {
				t.Errorf("read %+v", c.Meta)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if count(0) != 1 || count(1) != 0 {
		t.Error("the published result does not count from its record on")
	}
	d.Refused("a second one in the year", fault.Conflict, func() error { _, err := d.Prepare(ctx, d.officer, d.plan(ByCode), nil); return err }, "每年一次")
}

// TestNotEnough: with one answer too few there is no rate, no count and nothing of what was answered.
func TestNotEnough(t *testing.T) {
	d := newDesk(t)
	o := d.closed(29, "11111111")
	if o.State.Result.Questions != nil || o.State.Result.Answers != 29 || o.State.Enough() {
		t.Fatalf("%+v", o.State.Result)
	}
	o = must[store.Doc[Survey]](t)(d.Publish(t.Context(), d.deputy, at(o)))
	if _, known := o.State.Passed(); o.State.State != NotEnough || known {
		t.Errorf("%+v", o.State)
	}
	raw := must[[]byte](t)(json.Marshal(o.State))
	if strings.Contains(string(raw), "levels") {
		t.Errorf("counts were kept: %s", raw)
	}
}

// TestFewOnAQuestion: a question that hardly anybody answered has no counts.
func TestFewOnAQuestion(t *testing.T) {
	d := newDesk(t)
	o := d.running(ByCode)
	codes := d.allCodes(o)
	all := append(sheets(codes, 26, "10000000"), sheets(codes[26:], 4, "15000000")...)
	for i := range all {
		all[i].Row = i + 1
	}
	must[Entered](t)(d.Enter(t.Context(), d.inspector, o.ID, all, false, false))
	d.Forward("2026-09-17")
	o = must[store.Doc[Survey]](t)(d.Close(t.Context(), d.officer, at(o)))
	second := o.State.Result.Questions[1]
	if _, ok := second.Rate(); ok || second.Levels != nil || second.Rated != 4 {
		t.Errorf("%+v", second)
	}
}

// TestCodes: a code used twice, one that is none, a slip of the finger, one of a survey that is not open; two at once.
func TestCodes(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	o := d.prepared(ByCode)
	codes := d.allCodes(o)
	if len(codes) != 45 || len(slices.Compact(slices.Sorted(slices.Values(codes)))) != 45 {
		t.Fatalf("%d codes", len(codes))
	}
	answer := func(code, digit string) func() error {
		return func() error { return d.Answer(ctx, d.public, code, answered(&o.State, digit)) }
	}
	d.Refused("not open", fault.Conflict, answer(codes[0], "1"), "还没有开始")
	o = must[store.Doc[Survey]](t)(d.Open(ctx, d.officer, at(o)))
	if again := d.allCodes(o); fmt.Sprint(again) != fmt.Sprint(codes) {
		t.Error("the codes changed")
	}
	if err := answer("  "+strings.ReplaceAll(codes[0], " ", "　")+" ", "1")(); err != nil {
		t.Fatal(err)
	}
	wrong := strings.ReplaceAll(codes[1], " ", "")
	last := (wrong[11]-'0'+1)%10 + '0'
	other := wrong[:5] + fmt.Sprintf("%06d", 123456)
	d.kept(o, "twice", fault.Conflict, answer(codes[0], "2"), "每户只收一份")
	d.kept(o, "a slip of the finger", fault.Invalid, answer(wrong[:11]+string(last), "1"), "有一位不对")
	d.kept(o, "short", fault.Invalid, answer(wrong[:9], "1"), "现在有 9 位")
	d.kept(o, "letters", fault.Invalid, answer("abc", "1"), "只有数字")
	d.kept(o, "none", fault.Invalid, answer("", "1"), "请填写答题码")
	d.kept(o, "another secret", fault.NotFound, answer(other+checkDigit(other), "1"), "没有这个答题码")
	d.kept(o, "another serial", fault.NotFound, answer("00000000000"+checkDigit("00000000000"), "1"))
	d.kept(o, "nothing chosen", fault.Invalid, func() error { return d.Answer(ctx, d.public, codes[1], map[string]string{Overall: "0"}) }, "overall 第 1 题", "green 第 7 题")
	d.kept(o, "unknown digit", fault.Invalid, answer(codes[1], "6"))
	if _, err := d.Ballot(ctx, d.public, codes[0]); !fault.Is(err, fault.Conflict) {
		t.Errorf("the ballot of a used code: %v", err)
	}
	if b := must[Ballot](t)(d.Ballot(ctx, d.public, codes[1])); b.Name != "望湖苑" || len(b.Questions) != 8 || b.Until != "2026年9月16日" {
		t.Errorf("%+v", b)
	}
	// Two with one code at once: one counts. All others at the same time count too.
	var wg sync.WaitGroup
	results := make(chan error, 2*20)
	for i := range 20 {
		for range 2 {
			wg.Go(func() { results <- answer(codes[1+i], "2")() })
		}
	}
	wg.Wait()
	close(results)
	won, lost := 0, 0
	for err := range results {
		switch {
		case err == nil:
			won++
		case fault.Is(err, fault.Conflict):
			lost++
		default:
			t.Error(err)
		}
	}
	if n := must[int64](t)(d.Returned(ctx, d.officer, o.ID)); won != 20 || lost != 20 || n != 21 {
		t.Errorf("%d counted, %d refused, %d in the box", won, lost, n)
	}
}

// TestEnter: every wrong cell is named, and then nothing is counted.
func TestEnter(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	o := d.running(ByCode)
	codes := d.allCodes(o)
	must[Entered](t)(d.Enter(ctx, d.inspector, o.ID, sheets(codes, 1, "１1111111"), false, false))
	list := []Sheet{{1, codes[0], "11111111"}, {2, codes[1], "1111111"}, {3, codes[2], "11811111"}, {4, codes[3], "01111111"}, {5, codes[4], "11111111"}, {6, codes[4], "11111111"}, {7, "123", "11111111"}, {8, codes[5], "11111111"}}
	d.kept(o, "wrong cells", fault.Invalid, func() error { _, err := d.Enter(ctx, d.inspector, o.ID, list, false, false); return err },
		"rows.1.ticket “"+codes[0]+"”已经交过", "rows.2.overall 有 8 道题，填了 7 个", "rows.3.building 第 3 题", "rows.4.overall 第 1 题", "rows.6.ticket 和第 5 行重复", "rows.7.ticket 答题码是 12 位")
	for _, who := range []policy.Actor{d.manager, d.worker, d.deputy} {
		d.kept(o, who.ID+" enters", fault.Forbidden, func() error { _, err := d.Enter(ctx, who, o.ID, list[7:], false, false); return err })
	}
	d.Forward("2026-09-26")
	if _, err := d.Enter(ctx, d.inspector, o.ID, list[7:], false, false); err != nil {
		t.Errorf("paper of before the end, ten days later: %v", err)
	}
	d.Forward("2026-09-27")
	d.kept(o, "too late", fault.Conflict, func() error { _, err := d.Enter(ctx, d.inspector, o.ID, list[4:5], false, false); return err }, "不再录入")
}

// TestByList: the places of the list answer once each, other places not at all; there are no slips.
func TestByList(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	o := d.running(ByList)
	drawn := must[[]Drawn](t)(d.DrawnOf(ctx, d.inspector, o.ID))
	first := fmt.Sprintf("2-%d", drawn[1].Places[0])
	missing := int64(1)
	for slices.Contains(drawn[0].Places, missing) {
		missing++
	}
	must[Entered](t)(d.Enter(ctx, d.inspector, o.ID, []Sheet{{1, first, "22222222"}}, false, false))
	d.kept(o, "twice", fault.Invalid, func() error {
		_, err := d.Enter(ctx, d.inspector, o.ID, []Sheet{{1, first, "22222222"}}, false, false)
		return err
	}, "一户只收一份")
	d.kept(o, "not drawn", fault.Invalid, func() error {
		_, err := d.Enter(ctx, d.inspector, o.ID, []Sheet{{1, fmt.Sprintf("1-%d", missing), "22222222"}}, false, false)
		return err
	}, "不在抽中名单")
	d.Refused("slips", fault.Conflict, func() error { _, err := d.Slips(ctx, d.officer, o.ID); return err })
	d.Refused("delivery", fault.Conflict, func() error { _, err := d.Deliver(ctx, d.worker, at(o), 0); return err })
}

// TestConflicts: who acts for a firm has no hand in a survey whatever else he is; who ran it or typed answers does not publish; nobody acts outside his scope or on an old page.
func TestConflicts(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	both := d.officer
	both.Appointments = append(slices.Clone(both.Appointments), d.manager.Appointments...)
	d.Refused("an officer with a firm", fault.Forbidden, func() error { _, err := d.Prepare(ctx, both, d.plan(ByCode), nil); return err }, "物业服务企业的人员不能")
	d.Refused("a firm", fault.Forbidden, func() error { _, err := d.Prepare(ctx, d.manager, d.plan(ByCode), nil); return err })
	o := d.running(ByCode)
	d.kept(o, "old page", fault.Conflict, func() error {
		_, err := d.Extend(ctx, d.officer, supervision.At{ID: o.ID, Seq: 1}, registrytest.Day("2026-09-20"), "答卷回收慢")
		return err
	})
	d.kept(o, "another community", fault.NotFound, func() error { _, err := d.Deliver(ctx, d.stranger, at(o), 0); return err })
	d.kept(o, "the list for a firm", fault.Forbidden, func() error { _, err := d.DrawnOf(ctx, d.manager, o.ID); return err })
	d.kept(o, "slips for the community", fault.Forbidden, func() error { _, err := d.Slips(ctx, d.worker, o.ID); return err })
	d.kept(o, "closing too early", fault.Conflict, func() error { _, err := d.Close(ctx, d.officer, at(o)); return err }, "还没有过")
	if _, err := d.DrawnOf(ctx, d.worker, o.ID); err != nil {
		t.Errorf("the community hands out slips: %v", err)
	}
	must[Entered](t)(d.Enter(ctx, d.chief, o.ID, sheets(d.allCodes(o), 30, "11111111"), false, false))
	d.Forward("2026-09-17")
	d.kept(o, "extending too late", fault.Conflict, func() error {
		_, err := d.Extend(ctx, d.officer, at(o), registrytest.Day("2026-09-20"), "答卷回收慢")
		return err
	}, "只能在截止以前")
	o = must[store.Doc[Survey]](t)(d.Close(ctx, d.officer, at(o)))
	d.Refused("who typed publishes", fault.Forbidden, func() error { _, err := d.Publish(ctx, d.chief, at(o)); return err }, "由另一人完成")
	must[store.Doc[Survey]](t)(d.Publish(ctx, d.deputy, at(o)))
}

func TestPrepareRefuses(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	for name, tt := range map[string]struct {
		plan Plan
		said string
	}{
		"no project":   {Plan{By: ByCode}, "请选择小区"},
		"no firm":      {Plan{Project: d.bare, By: ByCode, Frame: []Block{{"1幢", 50}}}, "没有服务企业"},
		"no way":       {Plan{Project: d.project, Frame: []Block{{"1幢", 50}}}, "答卷方式"},
		"no building":  {Plan{Project: d.project, By: ByCode}, "现在有 0 幢"},
		"twice":        {Plan{Project: d.project, By: ByCode, Frame: []Block{{"1幢", 50}, {"1幢", 5}}}, "写了两次"},
		"empty":        {Plan{Project: d.project, By: ByCode, Frame: []Block{{"1幢", 0}}}, "现在是 0"},
		"no name":      {Plan{Project: d.project, By: ByCode, Frame: []Block{{"", 3}}}, "1 至 20 个字"},
		"more than is": {Plan{Project: d.project, By: ByCode, Frame: []Block{{"1幢", 121}}}, "多于登记的总户数 120"},
	} {
		d.Refused(name, fault.Invalid, func() error { _, err := d.Prepare(ctx, d.officer, tt.plan, nil); return err }, tt.said)
	}
}

// TestRetries: a request that comes twice is carried out once; after a cancellation the next round has other codes and another seed.
func TestRetries(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	idem := &store.Idem{Key: "k1", Body: []byte("h")}
	one := must[store.Doc[Survey]](t)(d.Prepare(ctx, d.officer, d.plan(ByCode), idem))
	before := d.Records(t)
	two := must[store.Doc[Survey]](t)(d.Prepare(ctx, d.officer, d.plan(ByCode), idem))
	if one.ID != two.ID || one.Seq != two.Seq || d.Records(t) != before {
		t.Error("a retry did it again")
	}
	codes := d.allCodes(one)
	o := must[store.Doc[Survey]](t)(d.Open(ctx, d.officer, at(one)))
	if err := d.Answer(ctx, d.public, codes[0], answered(&o.State, "1")); err != nil {
		t.Fatal(err)
	}
	must[store.Doc[Survey]](t)(d.Cancel(ctx, d.officer, at(o), "楼栋户数登记有误"))
	if _, err := d.boxes.Get(ctx, boxID(o.ID, 1)); !fault.Is(err, fault.NotFound) {
		t.Errorf("the box of a cancelled survey stands: %v", err)
	}
	next := d.prepared(ByCode)
	if next.State.Round != 2 || next.State.Serial != one.State.Serial || next.State.Seed == one.State.Seed || slices.Contains(d.allCodes(next), codes[0]) {
		t.Errorf("%+v", next.State)
	}
}

// TestPrivacy: while households answer the journal grows by nothing; the box has no order, no time and no answer of its own; who answers in another order or by another code leaves the same behind, and after the closing neither a code nor
// a mark is left.
func TestPrivacy(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	o := d.running(ByCode)
	codes := d.allCodes(o)
	id := boxID(o.ID, 1)
	empty := must[store.Temp[box]](t)(d.boxes.Get(ctx, id))
	give := func(order []int, digit func(int) string) box {
		t.Helper()
		if err := d.boxes.Put(ctx, id, empty.State, empty.Expires); err != nil {
			t.Fatal(err)
		}
		for _, i := range order {
			if err := d.Answer(ctx, d.public, codes[i], answered(&o.State, digit(i))); err != nil {
				t.Fatal(err)
			}
		}
		return must[store.Temp[box]](t)(d.boxes.Get(ctx, id)).State
	}
	before := d.Records(t)
	forward := give([]int{0, 1, 2, 3}, func(i int) string { return []string{"1", "5", "5", "5"}[i] })
	// The same households in another order, and another of them is the one that is pleased: nothing that is kept differs.
	backward := give([]int{3, 2, 1, 0}, func(i int) string { return []string{"5", "5", "1", "5"}[i] })
	if fmt.Sprint(forward) != fmt.Sprint(backward) {
		t.Errorf("the box tells order or who said what:\n%+v\n%+v", forward, backward)
	}
	if after := d.Records(t); after != before {
		t.Errorf("%d records were written by answers", after-before)
	}
	plain := strings.ReplaceAll(codes[0], " ", "")
	if raw := string(must[[]byte](t)(json.Marshal(backward))); strings.Contains(raw, plain) || strings.Contains(raw, plain[5:11]) {
		t.Errorf("the box holds a code: %s", raw)
	}
	must[Entered](t)(d.Enter(ctx, d.inspector, o.ID, sheets(codes[4:], 30, "22222222"), false, false))
	if after := d.Records(t); after != before {
		t.Errorf("%d records were written by paper", after-before)
	}
	d.Forward("2026-09-17")
	o = must[store.Doc[Survey]](t)(d.Close(ctx, d.officer, at(o)))
	if left := must[[]store.Temp[box]](t)(d.boxes.List(ctx, "", "", 10)); len(left) != 0 {
		t.Errorf("left after the closing: %+v", left)
	}
	for c, err := range d.rows.History(ctx, o.ID) {
		raw := string(must[[]byte](t)(json.Marshal(c.State)))
		if err != nil || strings.Contains(raw, plain) || strings.Contains(raw, forward.Spent[0]) {
			t.Errorf("the journal tells who answered: %s %v", raw, err)
		}
	}
}

// TestStoppedClosing: a closing that stops after the box was sealed is done again, and counts the same; one that was overtaken gives the box free.
func TestStoppedClosing(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	o := d.running(ByCode)
	codes := d.allCodes(o)
	must[Entered](t)(d.Enter(ctx, d.inspector, o.ID, sheets(codes, 30, "22222222"), false, false))
	if _, err := d.seal(ctx, o.ID, 1, true); err != nil {
		t.Fatal(err)
	}
	d.kept(o, "while it is counted", fault.Conflict, func() error { return d.Answer(ctx, d.public, codes[30], answered(&o.State, "1")) }, "正在汇总")
	d.Forward("2026-09-17")
	dead, stop := context.WithCancel(ctx)
	stop()
	if _, err := d.Close(dead, d.officer, at(o)); err == nil {
		t.Error("a closing without a context went through")
	}
	o = must[store.Doc[Survey]](t)(d.Close(ctx, d.officer, at(o)))
	if o.State.Result.Answers != 30 || !o.State.Enough() {
		t.Errorf("%+v", o.State.Result)
	}
}

// TestStoredFields: what is stored under which name is laid for good.
func TestStoredFields(t *testing.T) {
	for name, got := range map[string][]string{"survey": store.FieldNames[Survey](), "box": store.FieldNames[box]()} {
		text := strings.Join(got, "\n") + "\n"
		golden, err := os.ReadFile("testdata/" + name + ".fields")
		if err != nil || string(golden) != text {
			t.Errorf("stored fields of %s changed; old records would not be read:\n%s%v", name, text, err)
		}
	}
	if err := store.CheckType[Survey](); err != nil {
		t.Error(err)
	}
}
