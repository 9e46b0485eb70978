package inspection

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/registrytest"
	"redsteward/supervision"
)

// lotteryDesk is a bureau with draws over a handful of compounds; p1 and p2 are in the register.
type lotteryDesk struct {
	*bureau
	draws *Draws
}

func (lotteryDesk) AllProjects(_ context.Context, _ policy.Actor, _ registry.ProjectQuery, yield func(registry.ProjectRow) error) error {
	for _, p := range []registry.Place{{Project: "p1", Name: "东街花园", Firm: "f1", FirmName: "演示物业甲"}, {Project: "p2", Name: "西街花园", Firm: "f1", FirmName: "演示物业甲"}, {Project: "p3", Name: "无人花园"}, {Project: "p4", Name: "南街花园", Firm: "f2", FirmName: "演示物业乙"}} {
		if err := yield(registry.ProjectRow{ID: p.Project, Place: p}); err != nil {
			return err
		}
	}
	return nil
}

func (lotteryDesk) Stars(context.Context) (map[string]int64, error) {
	return map[string]int64{"p1": 5}, nil
}

func (lotteryDesk) Points(_ context.Context, _ policy.Actor, firm string) (num.Num, int, error) {
	return map[string]num.Num{"f1": num.FromInt(-5)}[firm], 1, nil
}

func newLottery(t *testing.T) *lotteryDesk {
	d := &lotteryDesk{bureau: newBureau(t)}
	d.draws = registrytest.Must[*Draws](t)(NewDraws(t.Context(), DrawsConfig{Inspections: d.Inspections, Listing: d, Standing: d}))
	return d
}

func lottery() Freeze {
	return Freeze{Title: "2026 年第一次双随机抽查", Matters: []string{"entrusting"}, Planned: mustDate("2026-03-10"), Count: 1, Inspectors: map[string][]string{ours: {"zhou", "lin", "joint", "joint2"}}, Idem: &store.Idem{Key: "draw"}}
}

// TestDrawAlgorithm holds what a draw promises, whatever is drawn from.
func TestDrawAlgorithm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := Lists{Count: rapid.Int64Range(1, 12).Draw(t, "count"), PerFirm: rapid.Int64Range(1, 3).Draw(t, "per firm"), Persons: 2, Departments: []string{"甲", "乙"}}
		for i := range rapid.IntRange(1, 20).Draw(t, "objects") {
			l.Objects = append(l.Objects, Object{Project: fmt.Sprint("p", i), Firm: fmt.Sprint("f", i%5), Weight: rapid.Int64Range(1, 5).Draw(t, "weight")})
		}
		for i := range 8 {
			l.Inspectors = append(l.Inspectors, Inspector{Key: fmt.Sprint("k", i), Department: l.Departments[i%2]})
		}
		l.Conflicts = []Avoided{{"k0", "f0"}, {"k1", "f1"}}
		if err := l.Check(); err != nil {
			t.Fatal(err)
		}
		seed := rapid.StringMatching(`[0-9a-f]{8}`).Draw(t, "seed")
		picks, firms, most := l.Draw(seed), map[string]int64{}, int64(0)
		if fmt.Sprint(picks) != fmt.Sprint(l.Draw(seed)) {
			t.Fatal("drawn again: another result")
		}
		for _, o := range l.Objects {
			firms[o.Firm]++
		}
		for _, n := range firms {
			most += min(n, l.PerFirm)
		}
		if want := min(l.Count, most); int64(len(picks)) != want {
			t.Fatalf("%d drawn, want %d", len(picks), want)
		}
		seen, taken := map[string]bool{}, map[string]int64{}
		for _, p := range picks {
			o := l.object(p.Project)
			if taken[o.Firm]++; seen[p.Project] || taken[o.Firm] > l.PerFirm || len(p.Inspectors) != 4 {
				t.Fatalf("%+v", p)
			}
			seen[p.Project] = true
			for i, key := range p.Inspectors {
				if l.avoids(key, o.Firm) || slices.Contains(p.Inspectors[:i], key) || l.Inspector(key).Department != l.Departments[i/2] {
					t.Fatalf("%s goes to %s: %v", key, o.Firm, p.Inspectors)
				}
			}
		}
	})
	// With sha256sum: the lot of a begins with 93d6, those of b with 14fd and 233e, that of c with 38c6; b is first, a has the same firm, c is second. For b the inspectors have 01be and 37a2; for c the second is less often drawn.
	l := Lists{Count: 2, PerFirm: 1, Persons: 1, Departments: []string{"局"}, Objects: []Object{{Project: "a", Firm: "x", Weight: 1}, {Project: "b", Firm: "x", Weight: 2}, {Project: "c", Firm: "y", Weight: 1}}, Inspectors: []Inspector{{Key: "1", Department: "局"}, {Key: "2", Department: "局"}}}
	if got := fmt.Sprint(l.Draw("5eed")); got != goldenDraw {
		t.Errorf("drawn %s", got)
	}
	// A weight is a chance: of 400 seeds a compound with 3 lots of 4 comes first in about 300, one with a single lot is drawn too.
	first := 0
	l.Count, l.Objects = 1, []Object{{Project: "a", Firm: "x", Weight: 3}, {Project: "b", Firm: "y", Weight: 1}}
	for i := range 400 {
		if l.Draw(fmt.Sprint("seed", i))[0].Project == "a" {
			first++
		}
	}
	if first < 270 || first > 330 {
		t.Errorf("3 lots of 4 come first %d times of 400", first)
	}
}

// goldenDraw is what sha256sum says of the lots.
const goldenDraw = "[{b [1]} {c [2]}]"

func TestWeights(t *testing.T) {
	r := DrawRules{PerFirm: 1, Persons: 2, Floor: 1, Stars: []int64{3, 4, 3, 2, 1, 1}, Each: 2, Most: 3}
	for _, tt := range []struct {
		stars, points, want int64
		why                 string
	}{
		{0, 0, 3, "没有星级 3"}, {5, 0, 1, "5 星 1"}, {1, -5, 6, "1 星 4，行业评价记录 -5 分加 2"}, {1, -100, 7, "加 3"}, {5, 4, 1, "减 2，最低 1"}, {3, 1, 2, "3 星 2"},
	} {
		if got, why := r.weigh(tt.stars, num.FromInt(tt.points)); got != tt.want || !strings.Contains(why, tt.why) {
			t.Errorf("%d stars, %d points: %d (%s), want %d (%s)", tt.stars, tt.points, got, why, tt.want, tt.why)
		}
	}
	good := string(registrytest.Config(t, "inspections.yaml"))
	for name, change := range map[string][2]string{"stars": {"stars: [3, 4, 3, 2, 1, 1]", "stars: [3, 4]"}, "floor": {"floor: 1", "floor: 0"}, "persons": {"persons: 2", "persons: 1"}, "签数": {"stars: [3, 4, 3, 2, 1, 1]", "stars: [3, 4, 3, 2, 1, 0]"}} {
		_, err := ParseAgenda("x.yaml", []byte(strings.Replace(good, change[0], change[1], 1)))
		if fields := fault.FieldsOf(err); len(fields) == 0 || !strings.HasPrefix(fields[0].Name, "x.yaml:") || !strings.Contains(fields[0].Message, name) {
			t.Errorf("%s: %v %+v", name, err, fields)
		}
	}
}

// TestDraw leads a draw from the frozen lists to the public results: nobody knows the seed before, everybody can draw again afterwards.
func TestDraw(t *testing.T) {
	d, ctx := newLottery(t), t.Context()
	must := registrytest.Must[store.Doc[Draw]](t)
	// lin declares that he must not inspect f1; then zhou and the two of the joint check are left for it.
	if err := d.Recusals.Declare(ctx, lin, "lin", 0, "p1", "近亲属在这家企业工作"); err != nil {
		t.Fatal(err)
	}
	d.Refused("one who must not inspect the firm", fault.Invalid, func() error { _, err := d.Plan(ctx, officer, planned("avoid")); return err }, "申报了对演示物业甲回避")
	freeze := func(change func(*Freeze)) func() error {
		return func() error {
			in := lottery()
			in.Idem = nil
			change(&in)
			_, err := d.draws.Freeze(ctx, officer, in)
			return err
		}
	}
	d.Refused("without the right", fault.Forbidden, func() error { _, err := d.draws.Freeze(ctx, zhou, lottery()); return err }, "")
	d.Refused("a day before the draw", fault.Invalid, freeze(func(in *Freeze) { in.Planned = mustDate("2026-03-02") }), "最早2026年3月3日")
	d.Refused("more than there are", fault.Invalid, freeze(func(in *Freeze) { in.Count = 4 }), "可以抽取的小区只有 3 个")
	d.Refused("an inspector without certificate", fault.Invalid, freeze(func(in *Freeze) { in.Inspectors = map[string][]string{ours: {"zhou", "bare"}} }), "没有登记执法证")
	d.Refused("a matter that is not confirmed", fault.Invalid, freeze(func(in *Freeze) { in.Matters = []string{"house-safety"} }), "还没有确认")
	doc := must(d.draws.Freeze(ctx, officer, lottery()))
	if again := must(d.draws.Freeze(ctx, officer, lottery())); again.ID != doc.ID {
		t.Error("a retry froze twice")
	}
	lists, left, err := d.draws.ListsOf(ctx, officer, doc.ID)
	if err != nil || len(lists.Objects) != 3 || len(left) != 1 || left[0].Why != "没有物业企业服务" || fmt.Sprint(lists.Conflicts) != "[{检查人员3 f1}]" {
		t.Fatalf("%+v %+v %v", lists, left, err)
	}
	// p1: five stars, the firm lost five points.
	if o := lists.object("p1"); o.Weight != 3 || o.Why != "5 星 1，行业评价记录 -5 分加 2" {
		t.Errorf("%+v", o)
	}
	at := casework.At{ID: doc.ID, Seq: doc.Seq}
	step := func(by policy.Actor, do DrawStep) *Draw {
		t.Helper()
		doc := must(d.draws.Do(ctx, by, at, do, ""))
		at.Seq = doc.Seq
		return &doc.State
	}
	refused := func(name string, kind fault.Kind, by policy.Actor, do DrawStep, said string) {
		t.Helper()
		d.Refused(name, kind, func() error { _, err := d.draws.Do(ctx, by, at, do, ""); return err }, said)
	}
	if seen := must(d.draws.One(ctx, officer, at.ID)); seen.State.Seed != "" {
		t.Error("the seed is known before the draw")
	}
	if _, _, _, err := d.draws.PublicOne(ctx, at.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("public before the announcement: %v", err)
	}
	refused("drawn before the announcement", fault.Conflict, officer, StepDrawLots, "待公布校验值")
	step(officer, StepAnnounce)
	before, err := d.draws.FileOf(ctx, at.ID)
	if err != nil || before.Seed != "" || before.Picks != nil || before.Commitment == "" || strings.Contains(fmt.Sprint(before), "zhou") {
		t.Errorf("%+v %v", before, err)
	}
	refused("drawn on the day of the announcement", fault.Conflict, officer, StepDrawLots, "最早2026年3月3日")
	d.Forward("2026-03-03")
	refused("without a reason", fault.Invalid, officer, StepGiveUp, "理由")
	drawn := step(officer, StepDrawLots)
	if len(drawn.Picks) != 1 || drawn.Picks[0].Inspection == "" || drawn.Last != StepArrange {
		t.Fatalf("%+v", drawn)
	}
	planned := registrytest.Must[store.Doc[Inspection]](t)(d.Inspections.One(ctx, officer, drawn.Picks[0].Inspection))
	if c := &planned.State; c.Ground != GroundRandom || c.Draw != at.ID || c.Slot != 1 || len(c.Teams[0].Officers) != 2 || slices.Contains(c.Teams[0].Officers, "lin") && c.Firm == "f1" {
		t.Errorf("%+v", c)
	}
	refused("opened by who prepared it", fault.Forbidden, officer, StepOpen, "由你经办，审批必须由另一人完成")
	refused("given up after the draw", fault.Conflict, officer, StepGiveUp, "")
	opened := step(chief, StepOpen)
	if opened.State != Inspecting || opened.Seed == "" {
		t.Errorf("%+v", opened)
	}
	refused("nothing is finished", fault.Conflict, chief, StepShow, "没有新办完的检查")
	file, err := d.draws.FileOf(ctx, at.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Again(&before); err != nil {
		t.Errorf("drawn again: %v %+v", err, fault.FieldsOf(err))
	}
	tampered(t, file, before)
	// The inspection is given up: its place in the year is free again, and the draw has nothing left to show.
	inspected := casework.At{ID: planned.ID, Seq: planned.Seq}
	d.do(officer, &inspected, StepDrop, casework.Input{Text: "企业已退出这个小区"})
	if done := step(chief, StepShow); done.State != Shown || done.Picks[0].Why != "检查已撤回" {
		t.Errorf("%+v", done)
	}
	if page := registrytest.Must[store.Page[Draw]](t)(d.draws.Published(ctx, "")); len(page.Docs) != 1 || page.Docs[0].State.Acts != nil || page.Docs[0].State.Picks[0].Inspection != "" {
		t.Errorf("%+v", page.Docs)
	}
}

// tampered changes a published file in every way; each is refused with what differs.
func tampered(t *testing.T, file, before DrawFile) {
	t.Helper()
	for name, tt := range map[string]struct {
		change func(f *DrawFile)
		before bool
		want   []string
	}{
		"a compound taken off": {func(f *DrawFile) { f.Lists.Objects = f.Lists.Objects[1:] }, true, []string{"有 1 处", "少了：小区 p1 东街花园"}},
		"a compound added": {func(f *DrawFile) {
			f.Lists.Objects = append(f.Lists.Objects, Object{Project: "p9", Name: "新花园", Weight: 1})
		}, true, []string{"多了：小区 p9 新花园"}},
		"another weight":      {func(f *DrawFile) { f.Lists.Objects[0].Weight++ }, true, []string{"有 2 处", "少了：", "多了："}},
		"a new digest too":    {func(f *DrawFile) { f.Lists.Objects = f.Lists.Objects[1:]; f.Digest = f.Lists.Digest() }, true, []string{"少了：小区 p1 东街花园"}},
		"no file from before": {func(f *DrawFile) { f.Lists.Objects[0].Weight++ }, false, []string{"名单被改过", "--before"}},
		"another seed":        {func(f *DrawFile) { f.Seed = "x" }, true, []string{"种子被换过"}},
		"another hash too":    {func(f *DrawFile) { f.Seed = "x"; f.Commitment = supervision.Commitment("x") }, true, []string{"校验值"}},
		"another result":      {func(f *DrawFile) { f.Picks[0].Inspectors = []string{"检查人员9", "检查人员8"} }, true, []string{"重新抽取的结果", "检查人员9"}},
		"no result":           {func(f *DrawFile) { *f = before }, true, []string{"没有种子和抽取结果"}},
	} {
		changed := copyOf(t, file)
		tt.change(&changed)
		var frozen *DrawFile
		if tt.before {
			frozen = &before
		}
		err := changed.Again(frozen)
		said := fault.MessageOf(err)
		for _, f := range fault.FieldsOf(err) {
			said += "\n" + f.Message
		}
		for _, want := range tt.want {
			if !fault.Is(err, fault.Invalid) || !strings.Contains(said, want) {
				t.Errorf("%s: %v lacks %q", name, said, want)
			}
		}
	}
}

func copyOf(t *testing.T, f DrawFile) (out DrawFile) {
	t.Helper()
	raw, err := json.Marshal(f)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRecusals(t *testing.T) {
	d, ctx := newLottery(t), t.Context()
	d.Refused("for another", fault.Forbidden, func() error { return d.Recusals.Declare(ctx, lin, "zhou", 0, "p1", "同学") }, "")
	d.Refused("no such compound", fault.NotFound, func() error { return d.Recusals.Declare(ctx, lin, "lin", 0, "p9", "同学") }, "")
	d.Refused("no reason", fault.Invalid, func() error { return d.Recusals.Declare(ctx, lin, "lin", 0, "", "") }, "请选择这家企业服务的一个小区")
	if err := d.Recusals.Declare(ctx, officer, "lin", 0, "p1", "曾在该企业工作"); err != nil {
		t.Fatal(err)
	}
	d.Refused("declared twice", fault.Invalid, func() error { return d.Recusals.Declare(ctx, lin, "lin", 1, "p2", "同学") }, "已经申报过对演示物业甲回避")
	d.Refused("from an old page", fault.Conflict, func() error { return d.Recusals.Declare(ctx, lin, "lin", 0, "p2", "同学") }, "")
	d.Refused("freed by himself", fault.Forbidden, func() error { return d.Recusals.End(ctx, lin, "lin", 1, "f1") }, "")
	d.Refused("what is not there", fault.NotFound, func() error { return d.Recusals.End(ctx, officer, "lin", 1, "f9") }, "")
	if err := d.Recusals.End(ctx, officer, "lin", 1, "f1"); err != nil {
		t.Fatal(err)
	}
	if r, _, err := d.Recusals.Of(ctx, "lin"); err != nil || len(r.Firms) != 1 || r.From("f1", d.Today()) {
		t.Errorf("%+v %v", r, err)
	}
}

func TestEveryDrawTransition(t *testing.T) {
	allowed := map[DrawState][]DrawStep{"": {StepFreeze}, Frozen: {StepAnnounce, StepGiveUp}, Announced: {StepDrawLots, StepGiveUp}, Drawn: {StepArrange, StepOpen}, Inspecting: {StepShow}, Shown: {}, GivenUp: {}}
	for _, state := range append(DrawStates(), "") {
		for _, do := range DrawSteps() {
			if _, err := state.next(do); (err == nil) != slices.Contains(allowed[state], do) {
				t.Errorf("%q %s: %v", state, do, err)
			}
		}
	}
}
