package handover

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/policy/policytest"
	"redsteward/registry"
)

// every step, so that a new one cannot be forgotten below.
var allSteps = []step{stepOpen, stepPrepare, stepDocuments, stepReady, stepStart, stepAnswer, stepNotice, stepRepair, stepRecheck, stepJudge, stepSettle, stepReopen, stepSign,
	stepTransfer, stepFile, stepCancel, stepCarry, stepRooms, stepAttend, stepDispute, stepNote, stepMediate, stepWitness, stepScan, stepLook, stepShow, stepTakeDown, stepOverall, stepHidden, stepSupply}

func TestSteps(t *testing.T) {
	onSite := []step{stepDocuments, stepRooms, stepAttend, stepDispute, stepNote, stepMediate, stepCancel}
	after := []step{stepRepair, stepJudge, stepMediate, stepScan, stepLook, stepShow, stepTakeDown, stepSupply}
	allowed := map[State][]step{"": {stepOpen}, Draft: {stepPrepare, stepDocuments, stepReady, stepCancel}, Ready: {stepDocuments, stepStart, stepCancel},
		Walking: append([]step{stepAnswer, stepNotice, stepSettle}, onSite...), Repairing: append([]step{stepRepair, stepRecheck}, onSite...),
		Rechecking:  append([]step{stepJudge, stepCarry, stepNotice, stepSettle}, onSite...),
		Agreeing:    {stepDocuments, stepRooms, stepDispute, stepNote, stepMediate, stepCancel, stepSign, stepReopen, stepWitness, stepScan, stepLook},
		Agreed:      append([]step{stepTransfer, stepWitness}, after...),
		Transferred: append([]step{stepFile, stepWitness, stepOverall, stepHidden}, after...),
		Filed:       append([]step{stepOverall, stepHidden}, after...), Cancelled: nil}
	moves := []step{stepOpen, stepReady, stepStart, stepNotice, stepRecheck, stepSettle, stepReopen, stepSign, stepTransfer, stepFile, stepCancel}
	for _, state := range append(States(), "") {
		for _, do := range allSteps {
			next, err := state.next(do)
			if slices.Contains(allowed[state], do) {
				if err != nil || !slices.Contains(States(), next) || (next == state) == slices.Contains(moves, do) {
					t.Errorf("%q %s: %q, %v", state, do, next, err)
				}
				continue
			}
			if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.MessageOf(err), state.Title()) {
				t.Errorf("%q %s: %v", state, do, err)
			}
		}
	}
}

func TestStoredFields(t *testing.T) {
	for name, got := range map[string][]string{"handover": store.FieldNames[Handover](), "answer": store.FieldNames[Answer](), "list": store.FieldNames[List](),
		"paper-row": store.FieldNames[PaperRow](), "finding-row": store.FieldNames[FindingRow]()} {
		golden, err := os.ReadFile("testdata/" + name + ".fields")
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(got, "\n") + "\n"; got != string(golden) {
			t.Errorf("stored fields of %s changed; old records would not be read:\n%s", name, got)
		}
	}
}

// The whole way with two defects of the developer, one of a utility, a notice that has to be repeated, an edit between the two signatures, and the filing.
func TestWholeWay(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	id := d.opened(t)
	d.prepared(t, id)
	d.wait(30)
	d.walked(t, id, map[string]Found{
		"b1.roof":        {Value: Fail, Place: "屋面东北角", Note: "蓄水后渗漏", Photos: []Photo{photo}},
		"b2.lamps":       {Value: Fail, Party: PartyDeveloper, Place: "负一层", Photos: []Photo{photo}},
		"site.roads":     {Value: Fail, Party: PartyUtility, Place: "东门", Note: "供水井盖下沉", Photos: []Photo{photo}},
		"site.letters":   {Value: NotApplicable, Place: "不记", Photos: []Photo{photo}},
		"site.cameras":   {Value: Conform, Note: "不记"},
		"b1.lift":        {Value: Fail, Party: PartyOwner, Place: "3 层", Photos: []Photo{photo}},
		"site.landscape": {Value: NotApplicable},
	})
	w, err := d.One(ctx, owners, id)
	if err != nil {
		t.Fatal(err)
	}
	if w.Done() != len(w.Lines) || len(w.Findings()) != 4 || len(w.Open()) != 2 {
		t.Fatalf("%d of %d done, %d findings, %d open", w.Done(), len(w.Lines), len(w.Findings()), len(w.Open()))
	}
	if line, _ := w.Find("site.letters"); line.Place != "" || line.Photos != nil {
		t.Errorf("what belongs to a finding stays with %s: %+v", line.Value, line.Found)
	}
	for item, want := range map[string]string{"b1.roof": "待整改", "site.roads": "告知专业经营单位", "b1.lift": "告知业主", "b1.base": ""} {
		if line, ok := w.Find(item); !ok || line.Stands() != want {
			t.Errorf("%s: %q", item, line.Stands())
		}
	}
	doc, err := d.Notify(ctx, manager, d.at(t, id))
	h := d.must(t, doc, err).State
	if h.Began != d.today() || h.Ended != d.today() {
		t.Errorf("walked from %s to %s", h.Began, h.Ended)
	}
	if what, clock, ok := h.Clock(); !ok || what != "整改查验问题" || clock.Due != day("2026-05-06") || !slices.Equal(h.Notices[0].Items, []string{"b1.roof", "b2.lamps"}) {
		t.Errorf("30 days after %s, which end on a holiday: %s %s, %+v", h.Notices[0].On, what, clock.Due, h.Notices)
	}
	for _, item := range []string{"b1.roof", "b2.lamps"} {
		if _, err := d.Repair(ctx, builder, id, item, "已返修", nil); err != nil {
			t.Fatal(err)
		}
	}
	doc, err = d.Recheck(ctx, keeper, d.at(t, id))
	d.must(t, doc, err)
	for item, passed := range map[string]bool{"b1.roof": false, "b2.lamps": true} {
		if _, err := d.Judge(ctx, keeper, id, item, passed, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Settle(ctx, keeper, d.at(t, id)); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.FieldsOf(err)[0].Message, "还有 1 处问题没有复验合格，第一处是“1幢屋顶”") {
		t.Errorf("settled with an open defect: %v", err)
	}
	d.wait(1)
	doc, err = d.Notify(ctx, keeper, d.at(t, id))
	if h = d.must(t, doc, err).State; len(h.Notices) != 2 || !slices.Equal(h.Notices[1].Items, []string{"b1.roof"}) {
		t.Errorf("the second notice: %+v", h.Notices)
	}
	doc, err = d.Recheck(ctx, keeper, d.at(t, id))
	d.must(t, doc, err)
	if _, err := d.Judge(ctx, keeper, id, "b1.roof", true, nil); err != nil {
		t.Fatal(err)
	}
	doc, err = d.Settle(ctx, keeper, d.at(t, id))
	if h = d.must(t, doc, err).State; len(h.Rooms) != 1 || h.Rooms[0].Place != "1幢一层" {
		t.Errorf("rooms: %+v", h.Rooms)
	}
	d.signed(t, id)
	doc, err = d.Take(ctx, manager, d.at(t, id), d.today())
	h = d.must(t, doc, err).State
	if _, clock, _ := h.Clock(); clock.Rule != ruleFile || h.Transfer.Rule != ruleTransfer || h.Transfer.Due.Sub(h.Agreed) < 10 {
		t.Errorf("%+v %+v", h.Transfer, clock)
	}
	d.filed = []registry.FiledRef{{ID: "f1", Number: "承验备〔2026〕1号", Happened: d.today(), Filed: d.today().Add(29)}, {ID: "f0", Happened: d.today().Add(-1)}}
	if with, err := d.FiledWith(ctx, officer, &h); err != nil || len(with) != 1 || with[0].ID != "f1" {
		t.Errorf("filed with %+v: %v", with, err)
	}
	doc, err = d.File(ctx, officer, d.at(t, id), "f1")
	if h = d.must(t, doc, err).State; h.State != Filed || h.Filed != d.today().Add(29) || h.Receipt == nil || h.Receipt.Number != "承验备〔2026〕1号" {
		t.Errorf("%+v", h)
	}
	if page, err := d.Work(ctx, officer); err != nil || len(page.Docs) != 1 || !page.Docs[0].State.Unshown() {
		t.Errorf("the result was not shown yet: %v %v", page.Docs, err)
	}
	doc, err = d.Show(ctx, keeper, d.at(t, id), Showing{From: d.today(), Place: "东门宣传栏", Photo: d.picture(t)})
	d.must(t, doc, err)
	if page, err := d.Work(ctx, officer); err != nil || len(page.Docs) != 1 || len(page.Docs[0].State.Owed()) != 1 {
		t.Errorf("a promised document has not come: %v %v", page.Docs, err)
	}
	doc, err = d.Supply(ctx, keeper, d.at(t, id), []string{"owners"}, d.today())
	d.must(t, doc, err)
	if page, err := d.Work(ctx, officer); err != nil || len(page.Docs) != 0 {
		t.Errorf("work is left: %v %v", page.Docs, err)
	}
	for key, want := range map[string]string{policy.ProjectKey("p1"): "1 次承接查验", policy.ProjectKey("p2"): ""} {
		if said, err := d.Uses(ctx, key, time.Time{}); said != want || err != nil {
			t.Errorf("uses of %s: %q %v", key, said, err)
		}
	}
}

// signed lets both sign; what the developer signed first falls away, because a promise was changed after it.
func (d *desk) signed(t *testing.T, id string) {
	t.Helper()
	ctx := t.Context()
	doc, err := d.Sign(ctx, builder, d.at(t, id))
	if h := d.must(t, doc, err).State; h.State != Agreeing || !h.Signed(SideDeveloper) || h.Signed(SideFirm) {
		t.Errorf("after the first signature: %+v", h)
	}
	if _, err := d.Sign(ctx, builder, d.at(t, id)); !fault.Is(err, fault.Conflict) {
		t.Errorf("signed twice: %v", err)
	}
	doc, err = d.Hand(ctx, builder, d.at(t, id), []Document{{ID: "owners", Promise: "交付前十日提供", Due: day("2026-05-22")}})
	d.must(t, doc, err)
	if w, err := d.One(ctx, manager, id); err != nil || w.Signed(SideDeveloper) {
		t.Errorf("a signature under something else counts: %v", err)
	}
	doc, err = d.Sign(ctx, manager, d.at(t, id))
	if h := d.must(t, doc, err).State; h.State != Agreeing || len(h.Signatures) != 1 || h.Signed(SideDeveloper) {
		t.Errorf("after an edit and the firm's signature: %+v", h)
	}
	doc, err = d.Reopen(ctx, manager, d.at(t, id), "漏查地下车库排水")
	if h := d.must(t, doc, err).State; h.State != Rechecking || len(h.Signatures) != 0 {
		t.Errorf("taken up again: %+v", h)
	}
	doc, err = d.Settle(ctx, manager, d.at(t, id))
	d.must(t, doc, err)
	doc, err = d.Sign(ctx, manager, d.at(t, id))
	d.must(t, doc, err)
	doc, err = d.Sign(ctx, builder, d.at(t, id))
	if h := d.must(t, doc, err).State; h.State != Agreed || h.Agreed != d.today() {
		t.Errorf("both have signed: %+v", h)
	}
}

// TestRefusals: each refused call names its reason and writes nothing.
func TestRefusals(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	id := d.opened(t)
	found := Found{Value: Fail, Place: "三层", Photos: []Photo{photo}}
	open := func(change func(*Opening)) func() error {
		return func() error {
			in := opening()
			change(&in)
			_, err := d.Open(ctx, officer, in)
			return err
		}
	}
	stepOf := func(by policy.Actor, f func(policy.Actor, At) error) func() error {
		return func() error { return f(by, d.at(t, id)) }
	}
	check := func(by policy.Actor, at At) error { _, err := d.Check(ctx, by, at); return err }
	hand := func(docs ...Document) func() error {
		return func() error { _, err := d.Hand(ctx, builder, d.at(t, id), docs); return err }
	}
	reply := func(by policy.Actor, item string, in Found) func() error {
		return func() error { _, err := d.Reply(ctx, by, id, item, in, nil); return err }
	}
	run := func(list []refusal) { t.Helper(); d.refuses(t, list) }
	run([]refusal{
		{"a firm opens", func() error { _, err := d.Open(ctx, manager, opening()); return err }, fault.Forbidden, ""},
		{"another developer opens", func() error { _, err := d.Open(ctx, other, opening()); return err }, fault.NotFound, ""},
		{"no project", open(func(in *Opening) { in.Project = "" }), fault.Invalid, "请选择小区"},
		{"an unknown project", open(func(in *Opening) { in.Project = "p9" }), fault.NotFound, ""},
		{"no contract", open(func(in *Opening) { in.Project, in.Phase = "p2", "" }), fault.Invalid, "西街花园今天没有执行中的物业服务合同"},
		{"no developer", open(func(in *Opening) { in.Project, in.Phase = "p3", "" }), fault.Invalid, "老街没有登记建设单位"},
		{"no phase", open(func(in *Opening) { in.Phase = "" }), fault.Invalid, "phase 东街花园分期建设，请选择分期"},
		{"an unknown phase", open(func(in *Opening) { in.Phase = "ph9" }), fault.Invalid, "没有编号为“ph9”的分期"},
		{"a phase without buildings", open(func(in *Opening) { in.Phase = "ph2" }), fault.Invalid, "东街花园二期没有登记楼栋"},
		{"no days", open(func(in *Opening) { in.Inspection, in.Delivery = day("2026-04-01").Add(0), opening().Delivery.Add(-90) }), fault.Invalid, "早于计划查验日期"},
		{"opened twice", open(func(*Opening) {}), fault.Conflict, "东街花园一期已经有一次承接查验"},
		{"checked with nothing there", stepOf(manager, check), fault.Invalid, "met-accepted 前提条件还不具备：竣工验收合格"},
		{"checked by the developer", stepOf(builder, check), fault.Forbidden, ""},
		{"checked by another firm", stepOf(stranger, check), fault.NotFound, ""},
		{"outdated", func() error { _, err := d.Prepare(ctx, builder, At{ID: id, Seq: 7}, nil); return err }, fault.Conflict, "刚被别人办过"},
		{"no such handover", func() error { _, err := d.One(ctx, officer, "none"); return err }, fault.NotFound, ""},
		{"read in another community", func() error { _, err := d.One(ctx, secretary, id); return err }, fault.NotFound, ""},
		{"a promise without a date", hand(Document{ID: "owners", Promise: "以后给"}), fault.Invalid, "due.owners 业主名册：请填写补交日期"},
		{"a date without a promise", hand(Document{ID: "owners", Due: day("2026-05-01")}), fault.Invalid, "promise.owners 业主名册：写了补交日期，还要写明承诺"},
		{"a date in the past", hand(Document{ID: "owners", Promise: "以后给", Due: day("2026-03-01")}), fault.Invalid, "补交日期2026年3月1日已经过去，今天是2026年3月2日"},
		{"a date long after the delivery", hand(Document{ID: "owners", Promise: "以后给", Due: day("2026-06-12")}), fault.Invalid, "补交日期2026年6月12日太晚，缺的资料最迟在计划交付后 10 日内（2026年6月11日）补交"},
		{"a long promise", hand(Document{ID: "owners", Promise: strings.Repeat("长", 61), Due: day("2026-05-01")}), fault.Invalid, "最多 60 个字，现在有 61 个"},
		{"cancelled without a reason", stepOf(builder, func(by policy.Actor, at At) error { _, err := d.Cancel(ctx, by, at, " "); return err }), fault.Invalid, "请写明理由"},
		{"answered before its time", reply(keeper, "b1.roof", found), fault.Conflict, "待核对条件"},
	})
	d.prepared(t, id)
	for _, do := range []func() (store.Doc[Handover], error){
		func() (store.Doc[Handover], error) { return d.Check(ctx, manager, d.at(t, id)) },
		func() (store.Doc[Handover], error) { return d.Start(ctx, manager, d.at(t, id)) },
	} {
		doc, err := do()
		d.must(t, doc, err)
	}
	with := func(change func(*Found)) Found {
		in := found
		change(&in)
		return in
	}
	run([]refusal{
		{"a developer answers", reply(builder, "b1.roof", found), fault.Forbidden, ""},
		{"an unknown item", reply(keeper, "b2.roof", found), fault.NotFound, "没有“b2.roof”这一项"},
		{"of a building that was withdrawn", reply(keeper, "b3.roof", found), fault.NotFound, ""},
		{"no answer", reply(keeper, "b1.roof", Found{}), fault.Invalid, "value 1幢屋顶：请选择"},
		{"an unknown answer", reply(keeper, "b1.roof", Found{Value: "maybe"}), fault.Invalid, "没有“maybe”这个答案"},
		{"an unknown party", reply(keeper, "b1.roof", with(func(f *Found) { f.Party = "bureau" })), fault.Invalid, "没有“bureau”这种责任单位"},
		{"without a place", reply(keeper, "b1.roof", with(func(f *Found) { f.Place = " " })), fault.Invalid, "where 1幢屋顶：不符合的，请写明位置"},
		{"without a photo", reply(keeper, "b1.roof", with(func(f *Found) { f.Photos = nil })), fault.Invalid, "至少拍 1 张"},
		{"too many photos", reply(keeper, "b1.roof", with(func(f *Found) { f.Photos = slices.Repeat([]Photo{photo}, 5) })), fault.Invalid, "最多 4 张，现在有 5 张"},
		{"no photo at all", reply(keeper, "b1.roof", with(func(f *Found) { f.Photos = []Photo{{Original: "x"}} })), fault.Invalid, "没有“x”这张照片"},
		{"a long note", reply(keeper, "b1.roof", with(func(f *Found) { f.Note = strings.Repeat("长", 201) })), fault.Invalid, "最多 200 个字，现在有 201 个"},
		{"notice before the end", stepOf(keeper, func(by policy.Actor, at At) error { _, err := d.Notify(ctx, by, at); return err }), fault.Invalid, "项没有查，从“1幢基础”查起"},
		{"settled before the end", stepOf(keeper, func(by policy.Actor, at At) error { _, err := d.Settle(ctx, by, at); return err }), fault.Invalid, "项没有查"},
		{"repaired before its time", func() error { _, err := d.Repair(ctx, builder, id, "b1.roof", "已返修", nil); return err }, fault.Conflict, "查验中"},
		{"signed before its time", stepOf(builder, func(by policy.Actor, at At) error { _, err := d.Sign(ctx, by, at); return err }), fault.Conflict, "查验中"},
		{"signed by an officer", stepOf(officer, func(by policy.Actor, at At) error { _, err := d.Sign(ctx, by, at); return err }), fault.Forbidden, ""},
		{"filed before its time", stepOf(officer, func(by policy.Actor, at At) error { _, err := d.File(ctx, by, at, "f1"); return err }), fault.Conflict, "查验中"},
	})
	if done, err := d.Ready(ctx, keeper, id, "b1.roof", with(func(f *Found) { f.Photos = make([]Photo, 1) }), nil); done || err != nil {
		t.Errorf("an answer that would be taken: %v %v", done, err)
	}
	// Everything conforms: no notice, but signatures; then transfer and filing refuse what is wrong.
	doc, err := d.rows.Load(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range d.List.Items(doc.State.Buildings) {
		if _, err := d.Reply(ctx, keeper, id, item.ID, Found{Value: Conform}, &store.Idem{Key: item.ID, Body: []byte(item.ID)}); err != nil {
			t.Fatal(err)
		}
	}
	run([]refusal{
		{"notice of nothing", stepOf(keeper, func(by policy.Actor, at At) error { _, err := d.Notify(ctx, by, at); return err }), fault.Conflict, "没有要整改的问题"},
		{"the same answer sent again", func() error {
			_, err := d.Reply(ctx, keeper, id, "b1.base", Found{Value: Conform}, &store.Idem{Key: "b1.base", Body: []byte("b1.base")})
			if err == nil {
				err = fault.New("", fault.Conflict, "taken once")
			}
			return err
		}, fault.Conflict, "taken once"},
	})
	doc, err = d.Settle(ctx, keeper, d.at(t, id))
	d.must(t, doc, err)
	for _, by := range []policy.Actor{manager, builder} {
		doc, err = d.Sign(ctx, by, d.at(t, id))
		d.must(t, doc, err)
	}
	take := func(on string) func() error {
		return stepOf(manager, func(by policy.Actor, at At) error { _, err := d.Take(ctx, by, at, day(on)); return err })
	}
	run([]refusal{
		{"taken before the agreement", take("2026-03-01"), fault.Invalid, "day 交接日期要在签协议的2026年3月2日和今天"},
		{"taken tomorrow", take("2026-03-03"), fault.Invalid, "交接日期"},
		{"taken by the developer", stepOf(builder, func(by policy.Actor, at At) error { _, err := d.Take(ctx, by, at, d.today()); return err }), fault.Forbidden, ""},
		{"edited after the agreement", hand(Document{ID: "owners", Handed: true}), fault.Conflict, "待交接"},
		{"cancelled after the agreement", stepOf(officer, func(by policy.Actor, at At) error { _, err := d.Cancel(ctx, by, at, "不办了"); return err }), fault.Conflict, "待交接"},
	})
	doc, err = d.Take(ctx, manager, d.at(t, id), d.today())
	d.must(t, doc, err)
	file := func(by policy.Actor, filing string) func() error {
		return func() error { _, err := d.File(ctx, by, d.at(t, id), filing); return err }
	}
	d.filed = []registry.FiledRef{{ID: "f1", Happened: d.today()}, {ID: "f2", Number: "承验备〔2026〕2号", Happened: d.today().Add(-3)}}
	run([]refusal{
		{"filed with nothing", file(officer, ""), fault.Invalid, "filing 请选择这个小区的承接查验备案"},
		{"filed before the receipt", file(officer, "f1"), fault.Invalid, "filing 这件备案还没有办结"},
		{"filed with another handover's", file(officer, "f2"), fault.Invalid, "filing 承验备〔2026〕2号备案的交接日期2026年2月27日与这次的2026年3月2日不同"},
		{"filed by the firm", file(manager, "f1"), fault.Forbidden, ""},
	})
}

// TestOutlivedHandover: who took part in a handover is forgotten when the term after its end has passed; the log stays whole.
func TestOutlivedHandover(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	id := d.opened(t)
	d.prepared(t, id)
	d.walked(t, id, nil)
	doc, err := d.Attend(ctx, keeper, d.at(t, id), BodyOwners, "王有福")
	d.must(t, doc, err)
	name := func() string {
		t.Helper()
		h, err := d.rows.Load(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		return h.State.Witnesses[0].Name
	}
	forget := func(days int) int { return policytest.Forget(t, d.base.DB, d.base.Clock, days, d.Outlived) }
	if n := forget(-1); n != 0 || name() != "王有福" {
		t.Errorf("while it runs: %d purges", n)
	}
	d.mustCancel(t, id)
	if n := forget(30); n != 0 || name() != "王有福" {
		t.Errorf("before the term: %d purges", n)
	}
	if n := forget(-1); n != 1 || name() != store.PurgedText {
		t.Errorf("after the term: %d purges, %s", n, name())
	}
}

// A cancelled handover gives its phase up, and what is listed lies in the scope.
func TestCancelledAndListed(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	first := d.opened(t)
	doc, err := d.Cancel(ctx, builder, d.at(t, first), "楼栋登记有误，改后重办")
	if h := d.must(t, doc, err).State; h.State != Cancelled || h.Reason != "楼栋登记有误，改后重办" {
		t.Errorf("%+v", h)
	}
	second := d.opened(t)
	for name, c := range map[string]struct {
		by     policy.Actor
		filter Filter
		want   []string
	}{
		"all":               {officer, Filter{}, []string{first, second}},
		"by state":          {officer, Filter{State: Draft}, []string{second}},
		"by pinyin":         {manager, Filter{Text: "dongjie"}, []string{first, second}},
		"by developer":      {builder, Filter{Text: "长岭"}, []string{first, second}},
		"by project":        {officer, Filter{Project: "p2"}, nil},
		"by nothing":        {officer, Filter{Text: "西街"}, nil},
		"another developer": {other, Filter{}, nil},
		"another firm":      {stranger, Filter{}, nil},
	} {
		page, err := d.ListPage(ctx, c.by, c.filter, "")
		if err != nil {
			t.Fatal(name, err)
		}
		var got []string
		for _, doc := range page.Docs {
			got = append(got, doc.ID)
		}
		slices.Sort(got)
		slices.Sort(c.want)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if page, err := d.Work(ctx, keeper); err != nil || len(page.Docs) != 1 || page.Docs[0].ID != second {
		t.Errorf("work: %v %v", page.Docs, err)
	}
}

func TestShippedList(t *testing.T) {
	list, err := ParseList("handover.yaml", readConfig(t, "handover.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Conditions) != 8 || len(list.Groups) != 3 {
		t.Errorf("%d preconditions, %d groups", len(list.Conditions), len(list.Groups))
	}
	ids := func(kind string) (out []string) {
		for _, item := range list.Items([]Site{{ID: "b1", Name: "1幢", Kind: "high"}, {ID: "b2", Name: "2幢", Kind: "garage"}}) {
			if strings.HasPrefix(item.ID, kind+".") {
				out = append(out, strings.TrimPrefix(item.ID, kind+"."))
			}
		}
		return out
	}
	if high := ids("b1"); !slices.Contains(high, "lift") || !slices.Contains(high, "base") || slices.Contains(high, "heating") || slices.Contains(high, "roads") {
		t.Errorf("a high building: %v", high)
	}
	if garage := ids("b2"); slices.Contains(garage, "lift") || slices.Contains(garage, "roof") || !slices.Contains(garage, "generator") {
		t.Errorf("a garage: %v", garage)
	}
	if site := ids("site"); len(site) != 19 || !slices.Contains(site, "offices") {
		t.Errorf("the site: %v", site)
	}
}

func TestListMistakes(t *testing.T) {
	good := string(readConfig(t, "handover.yaml"))
	for _, c := range []struct{ old, next, says string }{
		{"format: 1", "format: 2", "format 只能是 1，现在是 2"},
		{"id: utilities", "id: accepted", "编号 accepted 写了两次"},
		{"id: base,", "id: Base,", "编号只能用小写字母"},
		{"method: 核对, kinds: [high]", "method: 看看, kinds: [high]", "查验方法只能是"},
		{"kinds: [shops, service]", "kinds: [tower]", `没有 "tower" 这种楼栋`},
		{"sentence: 面积与规划一致，树木成活, method: 核对", "sentence: 面积与规划一致，树木成活, method: 核对, kinds: [high]", "按分期只查一次的对象不写 kinds"},
		{"name: 竣工总平面图", `name: ""`, "name"},
		{"proposal: true", "proposal: true\nextra: 1", "extra"},
		{"sentence: 全部点亮，声控或感应正常", "sentence: " + strings.Repeat("长", 121), "现在有 121 个"},
	} {
		if !strings.Contains(good, c.old) {
			t.Fatalf("the list has no %q", c.old)
		}
		_, err := ParseList("h.yaml", []byte(strings.Replace(good, c.old, c.next, 1)))
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fmt.Sprint(err, fault.FieldsOf(err)), c.says) {
			t.Errorf("%s: %v %v", c.next, err, fault.FieldsOf(err))
		}
	}
}

func FuzzParseList(f *testing.F) {
	data, err := os.ReadFile("../../configs/handover.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("format: 1\nhandover: a\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if list, err := ParseList("h.yaml", data); err == nil && (len(list.Conditions) == 0 || len(list.Conditions) > maxEntries) {
			t.Errorf("a list with %d preconditions", len(list.Conditions))
		}
	})
}
