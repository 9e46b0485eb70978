package handover

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/fund"
	"redsteward/registry/registrytest"
)

// refusal is a call that must name its reason and write nothing.
type refusal struct {
	name string
	do   func() error
	kind fault.Kind
	says string
}

func (d *desk) refuses(t *testing.T, list []refusal) {
	t.Helper()
	for _, r := range list {
		registrytest.Refused(t, func() int64 { return d.records(t) }, r.name, r.kind, r.do, r.says)
	}
}

// defect is a finding of the developer.
func defect(place string) Found { return Found{Value: Fail, Place: place, Photos: []Photo{photo}} }

// rechecked is a handover in which four findings were notified and inspected again: the roof and the lift failed, the lamps passed; the roads were not judged.
func (d *desk) rechecked(t *testing.T) string {
	t.Helper()
	ctx := t.Context()
	id := d.opened(t)
	d.prepared(t, id)
	d.walked(t, id, map[string]Found{"b1.roof": defect("东北角"), "b1.lift": defect("底坑"), "b2.lamps": defect("负一层"), "site.roads": defect("东门")})
	doc, err := d.Notify(ctx, manager, d.at(t, id))
	d.must(t, doc, err)
	doc, err = d.Recheck(ctx, keeper, d.at(t, id))
	d.must(t, doc, err)
	for item, passed := range map[string]bool{"b1.roof": false, "b1.lift": false, "b2.lamps": true} {
		if _, err := d.Judge(ctx, keeper, id, item, passed, nil); err != nil {
			t.Fatal(err)
		}
	}
	return id
}

func (d *desk) doing(id string, f func(at At) (store.Doc[Handover], error)) func() error {
	return func() error {
		doc, err := d.rows.Load(context.Background(), id)
		if err != nil {
			return err
		}
		_, err = f(At{ID: id, Seq: doc.Seq})
		return err
	}
}

// step takes a step that is not refused.
func (d *desk) step(t *testing.T, id string, f func(at At) (store.Doc[Handover], error)) Handover {
	t.Helper()
	doc, err := f(d.at(t, id))
	return d.must(t, doc, err).State
}

// TestDisputes: a disputed finding holds the agreement up until it is settled or both agree to sign with it; who is liable follows the outcome.
func TestDisputes(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	id := d.rechecked(t)
	raise := func(by policy.Actor, item, why string) func(At) (store.Doc[Handover], error) {
		return func(at At) (store.Doc[Handover], error) { return d.Dispute(ctx, by, at, item, why) }
	}
	mediate := func(by policy.Actor, n string, in Ruling) func(At) (store.Doc[Handover], error) {
		return func(at At) (store.Doc[Handover], error) { return d.Mediate(ctx, by, at, n, in) }
	}
	note := func(by policy.Actor, n string) func(At) (store.Doc[Handover], error) {
		return func(at At) (store.Doc[Handover], error) { return d.Note(ctx, by, at, n) }
	}
	settle := func(at At) (store.Doc[Handover], error) { return d.Settle(ctx, manager, at) }
	d.refuses(t, []refusal{
		{"an officer disputes", d.doing(id, raise(officer, "b1.roof", "不是我们的责任")), fault.Forbidden, ""},
		{"a project manager disputes", d.doing(id, raise(keeper, "b1.roof", "不是我们的责任")), fault.Forbidden, ""},
		{"another developer", d.doing(id, raise(other, "b1.roof", "不是我们的责任")), fault.NotFound, ""},
		{"an unknown item", d.doing(id, raise(builder, "b9.roof", "不是我们的责任")), fault.NotFound, "b9.roof"},
		{"what conforms", d.doing(id, raise(builder, "b1.base", "不是我们的责任")), fault.Conflict, "没有登记问题"},
		{"without a word", d.doing(id, raise(builder, "b1.roof", " ")), fault.Invalid, "dispute 请写明争议的内容"},
		{"no such dispute", d.doing(id, note(builder, "d1")), fault.NotFound, "d1"},
	})
	d.step(t, id, raise(builder, "b1.roof", "渗漏是物业试水时阀门没关"))
	d.step(t, id, raise(manager, "", "查验清单漏了人防门"))
	d.step(t, id, raise(builder, "b1.lift", "底坑积水是验收后开挖造成"))
	w, err := d.One(ctx, owners, id)
	if err != nil {
		t.Fatal(err)
	}
	if l, _ := w.Find("b1.roof"); l.Stands() != "争议调解" || l.Dispute.ID != "d1" || l.Dispute.Side != SideDeveloper || !l.Open() {
		t.Errorf("%s %+v", l.Stands(), l.Dispute)
	}
	d.refuses(t, []refusal{
		{"disputed twice", d.doing(id, raise(manager, "b1.roof", "再提一次")), fault.Conflict, "还没有结果"},
		{"settled with disputes", d.doing(id, settle), fault.Invalid, "disputes 争议d1还没有处理"},
		{"mediated by a party", d.doing(id, mediate(builder, "d1", Ruling{Way: WayBureau})), fault.Forbidden, ""},
		{"no way", d.doing(id, mediate(officer, "d1", Ruling{Way: "talk"})), fault.Invalid, "way 请选择处理方式"},
		{"nobody liable", d.doing(id, mediate(officer, "d1", Ruling{Way: WayBureau, Outcome: "各让一步"})), fault.Invalid, "liable 请选择"},
		{"a long number", d.doing(id, mediate(officer, "d2", Ruling{Way: WaySuit, Outcome: "判决驳回", Paper: strings.Repeat("长", 61)})), fault.Invalid, "paper 文书号最多 60 个字"},
	})
	// The roof: the firm is liable, which it mends. The whole: association, then an outcome. The lift: both sign with it noted.
	d.step(t, id, mediate(jurist, "d1", Ruling{Way: WayBureau, Outcome: "渗漏由试水造成，物业企业负责修复", Liable: PartyFirm, Paper: "都物调〔2026〕3号"}))
	h := d.step(t, id, mediate(officer, "d2", Ruling{Way: WayAssociation}))
	if h.Disputes[1].Stands() != "行业协会调解中" || h.Disputes[0].Stands() != "已有结果" {
		t.Errorf("%+v", h.Disputes)
	}
	d.step(t, id, mediate(officer, "d2", Ruling{Way: WayAssociation, Outcome: "人防门另行查验", Liable: PartyOwner}))
	d.step(t, id, note(manager, "d3"))
	d.refuses(t, []refusal{
		{"noted twice", d.doing(id, note(manager, "d3")), fault.Conflict, "物业服务企业已经同意"},
		{"noted by one", d.doing(id, settle), fault.Invalid, "争议d3"},
		{"settled again", d.doing(id, mediate(officer, "d1", Ruling{Way: WaySuit})), fault.Conflict, "已经有结果"},
	})
	h = d.step(t, id, note(builder, "d3"))
	if h.Disputes[2].Stands() != "带争议签协议" || h.Disputes[1].Liable != "" {
		t.Errorf("%+v", h.Disputes)
	}
	if w, err = d.One(ctx, manager, id); err != nil {
		t.Fatal(err)
	}
	roof, _ := w.Find("b1.roof")
	lift, _ := w.Find("b1.lift")
	if roof.Liable() != PartyFirm || !roof.Open() || roof.Left() || !lift.Left() || lift.Stands() != "争议调解" {
		t.Errorf("roof %s %v, lift %v %s", roof.Liable(), roof.Left(), lift.Left(), lift.Stands())
	}
	for _, item := range []string{"b1.roof", "site.roads"} {
		if _, err := d.Judge(ctx, keeper, id, item, true, nil); err != nil {
			t.Fatal(err)
		}
	}
	h = d.step(t, id, settle)
	if h.State != Agreeing {
		t.Errorf("settled with the noted dispute: %s", h.State)
	}
	d.step(t, id, func(at At) (store.Doc[Handover], error) { return d.Sign(ctx, manager, at) })
	d.step(t, id, raise(builder, "b1.roof", "不同意调解结果"))
	d.refuses(t, []refusal{
		{"signed with a new dispute", d.doing(id, func(at At) (store.Doc[Handover], error) { return d.Sign(ctx, builder, at) }), fault.Invalid, "争议d4"},
	})
	if w, _ := d.One(ctx, manager, id); w.Signed(SideFirm) {
		t.Error("a signature stands under what is disputed now")
	}
	d.step(t, id, mediate(officer, "d4", Ruling{Way: WaySuit, Outcome: "判决认定不是质量问题", Liable: PartyNobody}))
	w, err = d.One(ctx, manager, id)
	if l, _ := w.Find("b1.roof"); err != nil || l.Stands() != "争议认定不是问题" || l.Open() {
		t.Errorf("%v %s", err, l.Stands())
	}
}

// TestAgreement: what is carried, who witnessed, the sealed paper, the rooms; an edit takes the worth from all that was said of the agreement before.
func TestAgreement(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	id := d.rechecked(t)
	due := d.today().Add(20)
	carry := func(by policy.Actor, item, how string, on int) func() error {
		return func() error {
			_, err := d.Carry(ctx, by, id, item, how, d.today().Add(on), nil)
			return err
		}
	}
	attend := func(by policy.Actor, body Body, name string) func(At) (store.Doc[Handover], error) {
		return func(at At) (store.Doc[Handover], error) { return d.Attend(ctx, by, at, body, name) }
	}
	receive := func(by policy.Actor, rooms ...Room) func(At) (store.Doc[Handover], error) {
		return func(at At) (store.Doc[Handover], error) { return d.Receive(ctx, by, at, rooms) }
	}
	witness := func(by policy.Actor) func(At) (store.Doc[Handover], error) {
		return func(at At) (store.Doc[Handover], error) { return d.Witness(ctx, by, at) }
	}
	scan := func(by policy.Actor, data string) func(At) (store.Doc[Handover], error) {
		return func(at At) (store.Doc[Handover], error) {
			return d.Scan(ctx, by, at, d.upload(t, "协议.pdf", []byte(data)))
		}
	}
	compare := func(by policy.Actor, same bool, typed string) func(At) (store.Doc[Handover], error) {
		return func(at At) (store.Doc[Handover], error) { return d.Compare(ctx, by, at, same, typed) }
	}
	sign := func(by policy.Actor) func(At) (store.Doc[Handover], error) {
		return func(at At) (store.Doc[Handover], error) { return d.Sign(ctx, by, at) }
	}
	const pdf = "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
	room := Room{Kind: "service", Place: "1幢一层", Area: num.MustParse("118.5")}
	d.refuses(t, []refusal{
		{"carried by the developer", carry(builder, "b1.roof", "六月底前重做", 20), fault.Forbidden, ""},
		{"carried elsewhere", carry(stranger, "b1.roof", "六月底前重做", 20), fault.NotFound, ""},
		{"carried what passed", carry(keeper, "b2.lamps", "六月底前重做", 20), fault.Conflict, "没有建设单位还要整改的问题"},
		{"carried without a promise", carry(keeper, "b1.roof", " ", 20), fault.Invalid, "how 请写明建设单位承诺怎样整改"},
		{"carried until yesterday", carry(keeper, "b1.roof", "六月底前重做", -1), fault.Invalid, "due 整改期限"},
		{"nobody attends", d.doing(id, attend(keeper, BodyOwners, "")), fault.Invalid, "name 请写明参加人员的姓名"},
		{"of no body", d.doing(id, attend(keeper, "press", "何为民")), fault.Invalid, "body 请选择代表哪一方"},
		{"written down by the owners", d.doing(id, attend(owners, BodyOwners, "何为民")), fault.Forbidden, ""},
		{"a room of no kind", d.doing(id, receive(keeper, Room{Place: "1幢", Area: num.FromInt(1)})), fault.Invalid, "kind-0 第 1 间"},
		{"a room of no size", d.doing(id, receive(keeper, Room{Kind: "service", Place: "1幢"})), fault.Invalid, "area-0"},
		{"a room with three decimals", d.doing(id, receive(keeper, room, Room{Kind: "community", Place: "2幢", Area: num.MustParse("1.125")})), fault.Invalid, "area-1 第 2 间：面积要大于 0"},
		{"a room twice", d.doing(id, receive(keeper, room, room)), fault.Invalid, "place-1 第 2 间：“1幢一层”写了两次"},
		{"witnessed too early", d.doing(id, witness(owners)), fault.Conflict, "复验中"},
	})
	for _, item := range []string{"b1.roof", "b1.lift"} {
		if _, err := d.Carry(ctx, keeper, id, item, "交付前重做", due, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Judge(ctx, keeper, id, "site.roads", true, nil); err != nil {
		t.Fatal(err)
	}
	d.step(t, id, attend(keeper, BodyOwners, "何为民"))
	h := d.step(t, id, receive(keeper, room, Room{Kind: "community", Place: "2幢一层", Area: num.FromInt(350)}))
	pairs := h.RoomPairs()
	if len(pairs) != 2 || pairs[0].Same() || pairs[0].Registered.Area.String() != "120" || pairs[1].Registered != nil || pairs[1].Received.Area.String() != "350" {
		t.Errorf("%+v", pairs)
	}
	for by, want := range map[string]string{"officer": "何为民", "owners": "何*民"} {
		who := map[string]policy.Actor{"officer": officer, "owners": owners}[by]
		if w, err := d.One(ctx, who, id); err != nil || w.Doc.State.Witnesses[0].Name != want {
			t.Errorf("%s sees %+v %v", by, w.Doc.State.Witnesses, err)
		}
	}
	d.step(t, id, func(at At) (store.Doc[Handover], error) { return d.Settle(ctx, keeper, at) })
	d.step(t, id, sign(builder))
	d.step(t, id, witness(owners))
	d.step(t, id, witness(neighbour))
	d.step(t, id, scan(builder, pdf))
	w, err := d.One(ctx, officer, id)
	if err != nil {
		t.Fatal(err)
	}
	digits := w.Digest()[:checkDigits]
	d.refuses(t, []refusal{
		{"witnessed twice", d.doing(id, witness(owners)), fault.Conflict, "业主代表已经见证过"},
		{"witnessed by the firm", d.doing(id, witness(manager)), fault.Forbidden, ""},
		{"witnessed elsewhere", d.doing(id, witness(secretary)), fault.NotFound, ""},
		{"scanned by the bureau", d.doing(id, scan(officer, pdf)), fault.Forbidden, ""},
		{"compared by the firm", d.doing(id, compare(manager, true, digits)), fault.Forbidden, ""},
		{"other digits", d.doing(id, compare(neighbour, true, "0000 zz")), fault.Invalid, "typed 纸面校验值的前 8 位应为 " + digits},
	})
	if d.step(t, id, compare(neighbour, true, " "+strings.ToUpper(digits[:4])+" "+digits[4:])); err != nil {
		t.Fatal(err)
	}
	// The developer changes a promise: nothing of what was said stands any more.
	d.step(t, id, func(at At) (store.Doc[Handover], error) {
		return d.Hand(ctx, builder, at, []Document{{ID: "owners", Promise: "交付前一周提供", Due: due}})
	})
	w, err = d.One(ctx, officer, id)
	if _, ok := w.Witnessed(BodyOwners); err != nil || ok || w.Signed(SideDeveloper) || w.Sealed() != nil {
		t.Errorf("after an edit: %v %+v", err, w.Doc.State)
	}
	d.refuses(t, []refusal{{"compared what is outdated", d.doing(id, compare(officer, true, digits)), fault.Conflict, "没有要核对的盖章原件"}})
	d.step(t, id, sign(builder))
	h = d.step(t, id, sign(manager))
	if len(h.Witnesses) != 1 || h.Scan != nil || h.State != Agreed || h.Publish.Due.IsZero() {
		t.Errorf("what was said of another content was kept: %+v", h)
	}
	for _, by := range []policy.Actor{owners, neighbour, officer} {
		d.step(t, id, witness(by))
	}
	d.step(t, id, scan(manager, pdf))
	h = d.step(t, id, compare(officer, false, ""))
	if h.Scan != nil {
		t.Error("a paper that was refused stays")
	}
	d.step(t, id, scan(manager, pdf))
	d.step(t, id, func(at At) (store.Doc[Handover], error) { return d.Take(ctx, manager, at, d.today()) })
	w, _ = d.One(ctx, officer, id)
	d.step(t, id, compare(officer, true, w.Digest()[:checkDigits]))
	w, err = d.One(ctx, owners, id)
	if scan := w.Sealed(); err != nil || scan == nil || !scan.Looked() || scan.Look.Office != "property_officer" {
		t.Errorf("%v %+v", err, scan)
	}
	for _, body := range Bodies() {
		if _, ok := w.Witnessed(body); !ok {
			t.Errorf("%s is not seen as a witness", body)
		}
	}
	r, _, file, err := d.OpenScan(ctx, owners, id)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(r); err != nil || string(data) != pdf || file.Name != "协议.pdf" {
		t.Errorf("%q %v", data, err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	d.refuses(t, []refusal{
		{"compared again", d.doing(id, compare(neighbour, true, digits)), fault.Conflict, "已经核对过"},
		{"seen elsewhere", func() error { _, _, _, err := d.OpenScan(ctx, other, id); return err }, fault.NotFound, ""},
	})
}

// after is a handover that was taken over with one carried defect.
func (d *desk) after(t *testing.T) string {
	t.Helper()
	ctx := t.Context()
	id := d.rechecked(t)
	for _, item := range []string{"b1.lift", "site.roads"} {
		if _, err := d.Judge(ctx, keeper, id, item, true, nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Carry(ctx, keeper, id, "b1.roof", "五月底前重做", d.today().Add(10), nil); err != nil {
		t.Fatal(err)
	}
	d.step(t, id, func(at At) (store.Doc[Handover], error) { return d.Settle(ctx, keeper, at) })
	for _, by := range []policy.Actor{builder, manager} {
		d.step(t, id, func(at At) (store.Doc[Handover], error) { return d.Sign(ctx, by, at) })
	}
	return id
}

// TestShown: the result hangs for its time; taken down early it does not count, and that stays visible.
func TestShown(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	id := d.after(t)
	show := func(by policy.Actor, from string, place string, photo bool) func(At) (store.Doc[Handover], error) {
		return func(at At) (store.Doc[Handover], error) {
			in := Showing{From: day(from), Place: place}
			if photo {
				in.Photo = d.picture(t)
			}
			return d.Show(ctx, by, at, in)
		}
	}
	down := func(on, why string) func(At) (store.Doc[Handover], error) {
		return func(at At) (store.Doc[Handover], error) { return d.TakeDown(ctx, keeper, at, day(on), why) }
	}
	d.refuses(t, []refusal{
		{"put up by the owners", d.doing(id, show(owners, "2026-03-02", "东门宣传栏", true)), fault.Forbidden, ""},
		{"put up tomorrow", d.doing(id, show(keeper, "2026-03-03", "东门宣传栏", true)), fault.Invalid, "from 张贴日期"},
		{"put up nowhere", d.doing(id, show(keeper, "2026-03-02", "", true)), fault.Invalid, "board 请写明张贴的位置"},
		{"without a photo", d.doing(id, show(keeper, "2026-03-02", "东门宣传栏", false)), fault.Invalid, "photo 请拍一张"},
		{"taken down what does not hang", d.doing(id, down("2026-03-02", "")), fault.Conflict, "没有正在公示"},
	})
	h := d.step(t, id, show(keeper, "2026-03-02", "东门宣传栏", true))
	if h.Unshown() || h.Shown(day("2026-03-16")) || !h.Shown(day("2026-03-17")) || h.Shows[0].Until.Due != day("2026-03-17") {
		t.Errorf("%+v", h.Shows)
	}
	d.wait(3)
	d.refuses(t, []refusal{
		{"put up twice", d.doing(id, show(keeper, "2026-03-05", "西门", true)), fault.Conflict, "正在公示"},
		{"taken down early without a reason", d.doing(id, down("2026-03-05", "")), fault.Invalid, "why 请写明提前撤下的理由（公示到2026年3月17日）"},
		{"taken down tomorrow", d.doing(id, down("2026-03-06", "被雨淋坏")), fault.Invalid, "down 撤下日期"},
	})
	h = d.step(t, id, down("2026-03-05", "被雨淋坏"))
	if !h.Unshown() || h.Shown(day("2026-04-01")) || !h.Shows[0].Early() {
		t.Errorf("a sheet that hung for three days counts: %+v", h.Shows)
	}
	h = d.step(t, id, show(keeper, "2026-03-05", "东门宣传栏", true))
	d.wait(15)
	h = d.step(t, id, down("2026-03-20", ""))
	if len(h.Shows) != 2 || h.Unshown() || !h.Shown(d.today()) || h.Shows[1].Early() {
		t.Errorf("%+v", h.Shows)
	}
}

// TestLaterDefects: what the agreement carries and what is found after the transfer stays the developer's, until it is repaired; after its day a letter can be drafted.
func TestLaterDefects(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	id := d.after(t)
	tell := func(by policy.Actor, change func(*Defect)) func() error {
		return func() error {
			in := Defect{Name: "地下室外墙", Seen: day("2026-03-05"), Found: Found{Place: "B 区", Note: "雨后渗水"}}
			in.Uploads = append(in.Uploads, d.picture(t))
			change(&in)
			_, err := d.Tell(ctx, by, id, in, &store.Idem{Key: "told", Body: []byte(in.Name)})
			return err
		}
	}
	letter := func(by policy.Actor, item string) func() error {
		return func() error { _, err := d.Service.Defect(ctx, by, id, item); return err }
	}
	d.refuses(t, []refusal{{"before the transfer", tell(keeper, func(*Defect) {}), fault.Conflict, "待交接"}})
	d.wait(2)
	d.step(t, id, func(at At) (store.Doc[Handover], error) { return d.Take(ctx, manager, at, d.today()) })
	d.wait(2)
	d.refuses(t, []refusal{
		{"told by the developer", tell(builder, func(*Defect) {}), fault.Forbidden, ""},
		{"told elsewhere", tell(stranger, func(*Defect) {}), fault.NotFound, ""},
		{"without a name", tell(keeper, func(in *Defect) { in.Name = "" }), fault.Invalid, "defect 请写明哪里有问题"},
		{"seen before the transfer", tell(keeper, func(in *Defect) { in.Seen = day("2026-03-03") }), fault.Invalid, "seen 发现日期"},
		{"without a place", tell(keeper, func(in *Defect) { in.Place = "" }), fault.Invalid, "where 地下室外墙"},
		{"without a photo", tell(keeper, func(in *Defect) { in.Uploads = nil }), fault.Invalid, "至少拍 1 张"},
		{"of nobody", tell(keeper, func(in *Defect) { in.Party = PartyNobody }), fault.Invalid, "lost"},
		{"a letter before its time", letter(officer, "b1.roof"), fault.Conflict, "整改期限还没有过"},
		{"a letter of what passed", letter(officer, "b1.lift"), fault.Conflict, "已经复验合格"},
		{"a letter of nothing", letter(officer, "hidden.1"), fault.NotFound, "没有找到"},
		{"a letter of what conforms", letter(officer, "b1.base"), fault.NotFound, "没有找到"},
	})
	for range 2 { // sent twice, it counts once
		if err := tell(keeper, func(*Defect) {})(); err != nil {
			t.Fatal(err)
		}
	}
	w, err := d.One(ctx, owners, id)
	if err != nil || len(w.Hidden) != 1 || w.Hidden[0].Name != "地下室外墙" || w.Hidden[0].Stands() != "待整改" || w.Done() != len(w.Lines) {
		t.Fatalf("%v %+v", err, w.Hidden)
	}
	listed := func(by policy.Actor) (out []string) {
		page, err := d.Later(ctx, by)
		if err != nil {
			t.Fatal(err)
		}
		for _, doc := range page.Docs {
			out = append(out, doc.State.Item)
		}
		return out
	}
	if got := listed(builder); !slices.Equal(got, []string{"b1.roof", "hidden.1"}) || len(listed(other)) != 0 {
		t.Errorf("%v", got)
	}
	if _, err := d.Repair(ctx, builder, id, "hidden.1", "已注浆堵漏", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Judge(ctx, keeper, id, "hidden.1", true, nil); err != nil {
		t.Fatal(err)
	}
	d.wait(20)
	got, err := d.Service.Defect(ctx, owners, id, "b1.roof")
	if want := (fund.Defect{Project: "p1", Name: "1幢屋顶", Where: "东北角"}); err != nil || got != want {
		t.Errorf("%+v %v", got, err)
	}
	if got := listed(officer); !slices.Equal(got, []string{"b1.roof"}) {
		t.Errorf("%v", got)
	}
	d.refuses(t, []refusal{{"a letter of what was repaired", letter(officer, "hidden.1"), fault.Conflict, "已经复验合格"}, {"a letter elsewhere", letter(other, "b1.roof"), fault.NotFound, ""}})
}

// TestPhases: each phase has its own handover; with the last one the whole project is handed over, once, before it is filed.
func TestPhases(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	whole := func(id string) func(At) (store.Doc[Handover], error) {
		return func(at At) (store.Doc[Handover], error) { return d.HandOverWhole(ctx, manager, at, d.today()) }
	}
	d.filed = []registry.FiledRef{{ID: "f1", Number: "承验备〔2026〕1号", Happened: d.today(), Filed: d.today()}, {ID: "f2", Number: "承验备〔2026〕2号", Happened: d.today(), Filed: d.today()}}
	file := func(filing string) func(At) (store.Doc[Handover], error) {
		return func(at At) (store.Doc[Handover], error) { return d.File(ctx, officer, at, filing) }
	}
	var ids []string
	for _, phase := range []string{"ph1", "ph2"} {
		in := opening()
		in.Project, in.Phase = "p4", phase
		doc, err := d.Open(ctx, builder, in)
		id := d.must(t, doc, err).ID
		ids = append(ids, id)
		d.prepared(t, id)
		for _, do := range []func(context.Context, policy.Actor, At) (store.Doc[Handover], error){d.Check, d.Start} {
			d.step(t, id, func(at At) (store.Doc[Handover], error) { return do(ctx, manager, at) })
		}
		// Everything is in order, told group by group; told twice it counts once.
		n := 0
		for _, item := range []string{"b" + phase[2:] + ".base", "b" + phase[2:] + ".pumps", "site.roads", "site.roads"} {
			k, err := d.Rest(ctx, manager, id, item, &store.Idem{Key: phase + item, Body: []byte(item)})
			if err != nil {
				t.Fatal(err)
			}
			n += k
		}
		if w, err := d.One(ctx, manager, id); err != nil || n != len(w.Lines) || w.Done() != n {
			t.Fatalf("%d of %d answered: %v", n, len(w.Lines), err)
		}
		d.step(t, id, func(at At) (store.Doc[Handover], error) { return d.Settle(ctx, manager, at) })
		for _, by := range []policy.Actor{builder, manager} {
			d.step(t, id, func(at At) (store.Doc[Handover], error) { return d.Sign(ctx, by, at) })
		}
		d.step(t, id, func(at At) (store.Doc[Handover], error) { return d.Take(ctx, manager, at, d.today()) })
		if phase == "ph1" {
			d.refuses(t, []refusal{
				{"the whole before its last phase", d.doing(id, whole(id)), fault.Conflict, "二期还没有交接"},
				{"group of nothing", func() error { _, err := d.Rest(ctx, manager, id, "b9.base", nil); return err }, fault.NotFound, "b9.base"},
			})
			if h := d.step(t, id, file("f1")); h.State != Filed {
				t.Errorf("%s", h.State)
			}
		}
	}
	stands, err := d.Phases(ctx, owners, ids[1])
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("the owners of another project see %v %v", stands, err)
	}
	if stands, err = d.Phases(ctx, officer, ids[1]); err != nil || len(stands) != 2 || stands[0].State != Filed || stands[1].ID != ids[1] || !WholeDue(stands) {
		t.Errorf("%+v %v", stands, err)
	}
	d.refuses(t, []refusal{
		{"filed before the whole", d.doing(ids[1], file("f2")), fault.Invalid, "overall 各期都已交接"},
		{"the whole tomorrow", d.doing(ids[1], func(at At) (store.Doc[Handover], error) { return d.HandOverWhole(ctx, manager, at, d.today().Add(1)) }), fault.Invalid, "whole 整体移交日期"},
		{"the whole by the developer", d.doing(ids[1], func(at At) (store.Doc[Handover], error) { return d.HandOverWhole(ctx, builder, at, d.today()) }), fault.Forbidden, ""},
	})
	h := d.step(t, ids[1], whole(ids[1]))
	if h.Overall == nil || !slices.Equal(h.Overall.Phases, []string{"一期", "二期"}) {
		t.Errorf("%+v", h.Overall)
	}
	d.refuses(t, []refusal{{"the whole twice", d.doing(ids[0], whole(ids[0])), fault.Conflict, "已经登记过"},
		{"filed with what the first phase was filed with", d.doing(ids[1], file("f1")), fault.Conflict, "承验备〔2026〕1号已经是另一期承接查验的备案"}})
	if h := d.step(t, ids[1], file("f2")); h.State != Filed {
		t.Errorf("%s", h.State)
	}
}
