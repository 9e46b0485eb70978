package returns_test

import (
	"context"
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/internal/report/returns"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/registry/registrytest"
)

// handForm has two cells that no register holds beside one that is counted.
const handForm = `
  - id: safety
    title: 安全年报
    rhythm: year
    due: {days: 366}
    to: 县安委办
    townships: true
    odd: 50
    cells:
      - {key: compounds, measure: projects}
      - {key: trainings, title: 开展安全培训, how: 本年组织物业企业开展的, hand: {unit: 场, least: "0", most: "50"}, group: 培训}
      - {key: spent, title: 投入经费, how: 本年实际支出的, hand: {unit: 万元, places: 2, least: "0"}}
`

const safety = "safety.2026.county"

// safetyDraft is the draft of the county and of its township.
func safetyDraft(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t)
	if made, err := d.DraftAll(t.Context(), d.officer, "safety", "2026", []string{policy.County, town}); err != nil || len(made) != 2 || made[0].Err+made[1].Err != "" {
		t.Fatal(made, err)
	}
	return d
}

// on takes a step of a return.
func (d *desk) on(id string, by policy.Actor, do returns.Step, in returns.Input) error {
	doc, _, err := d.One(context.Background(), by, id)
	if err == nil {
		_, err = d.Do(context.Background(), by, casework.At{ID: id, Seq: doc.Seq}, do, in)
	}
	return err
}

func typedIn(values ...string) returns.Input {
	in := returns.Input{To: "县安委办", Typed: map[string]string{}}
	for i := 0; i+1 < len(values); i += 2 {
		in.Typed[values[i]] = values[i+1]
	}
	return in
}

// TestByHand: what no register holds is typed by who compiles, checked, told with who typed it, frozen with the version, compared and corrected like the rest; nothing counts it or mixes it with what is counted.
func TestByHand(t *testing.T) {
	d := safetyDraft(t)
	ctx := t.Context()
	ok := func(by policy.Actor, do returns.Step, in returns.Input) {
		t.Helper()
		if err := d.on(safety, by, do, in); err != nil {
			t.Fatalf("%s: %v %v", do, err, fault.FieldsOf(err))
		}
	}
	refused := func(name string, kind fault.Kind, by policy.Actor, do returns.Step, in returns.Input, said ...string) {
		t.Helper()
		d.Refused(name, kind, func() error { return d.on(safety, by, do, in) }, said...)
	}
	cell := func(key string) *returns.Filled {
		t.Helper()
		_, f, err := d.One(ctx, d.officer, safety)
		if err != nil {
			t.Fatal(err)
		}
		return f.Cell(key)
	}
	if c := cell("trainings"); c.N != nil || c.Why != "还没有填写" || !c.ByHand || c.Unit != "场" || c.From != "人工填写" || cell("compounds").ByHand {
		t.Errorf("%+v", c)
	}
	refused("without its numbers", fault.Invalid, d.officer, returns.StepCompile, typedIn(), "trainings 人工填写的“开展安全培训”还没有填", "spent ")
	refused("wrong numbers", fault.Invalid, d.officer, returns.StepType, typedIn("trainings", "51", "spent", "1.005"), "trainings 开展安全培训不能大于 50", "spent 投入经费最多 2 位小数")
	refused("no numbers", fault.Invalid, d.officer, returns.StepType, typedIn("trainings", "三", "spent", "-1"), "要填数字", "不能小于 0")
	refused("half a training", fault.Invalid, d.officer, returns.StepType, typedIn("trainings", "2.5"), "要填整数")
	refused("nothing typed", fault.Conflict, d.officer, returns.StepType, typedIn("compounds", "9"), "没有改动")
	refused("who may not compile", fault.Forbidden, d.deputy, returns.StepType, typedIn("trainings", "3"))
	ok(d.officer, returns.StepType, typedIn("trainings", "３", "spent", "1,200.5", "compounds", "9"))
	if c := cell("trainings"); c.Text(c.N) != "3" || c.Typed == nil || c.Typed.By != "a1" || c.Typed.Office != "property_officer" {
		t.Errorf("%+v", c)
	}
	if c := cell("spent"); c.Text(c.N) != "1200.50" || cell("compounds").Text(cell("compounds").N) != "3" {
		t.Errorf("%+v", c)
	}
	refused("the same again", fault.Conflict, d.officer, returns.StepType, typedIn("trainings", "3"))
	// Another colleague corrects one of them; counting anew leaves them alone.
	ok(d.chief, returns.StepType, typedIn("trainings", "4"))
	ok(d.officer, returns.StepTake, returns.Input{})
	if c := cell("trainings"); c.Text(c.N) != "4" || c.Typed.By != "a2" || cell("spent").Typed.By != "a1" {
		t.Errorf("%+v", c)
	}
	if _, differs, err := d.Compare(ctx, d.officer, safety); err != nil || len(differs) != 0 {
		t.Errorf("the register differs in %+v %v", differs, err)
	}
	_, f, err := d.One(ctx, d.officer, safety)
	if err != nil {
		t.Fatal(err)
	}
	d.Refused("no list is behind it", fault.NotFound, func() error { _, _, err := d.Behind(ctx, f, "trainings", "", "", false); return err }, "没有清单")
	form, _ := d.Forms.Find("safety")
	changes := registrytest.Must[[]store.Change[returns.Return]](t)(d.History(ctx, d.officer, safety))
	if told := form.Retyped(&changes[1].State, &changes[2].State); len(told) != 1 || told[0] != "开展安全培训：3 → 4" {
		t.Errorf("the trace of what was typed: %q", told)
	}
	if told := form.Retyped(&changes[0].State, &changes[1].State); strings.Join(told, " ") != "开展安全培训：没有填 → 3 投入经费：没有填 → 1200.5" {
		t.Errorf("the trace of what was typed: %q", told)
	}
	// Who typed checks and signs nothing, even if somebody else compiled.
	ok(d.officer, returns.StepCompile, typedIn())
	refused("sent", fault.Conflict, d.officer, returns.StepType, typedIn("trainings", "5"))
	refused("who typed checks", fault.Forbidden, d.chief, returns.StepCheck, returns.Input{}, "你填写过")
	checker := registrytest.Person("a5", "section_chief", policy.County)
	ok(checker, returns.StepCheck, returns.Input{})
	ok(d.deputy, returns.StepSign, returns.Input{})
	data, err := d.Workbook(ctx, &changes[2].State, f, returns.Heading{})
	if err != nil {
		t.Fatal(err)
	}
	cells := registrytest.Must[[][]string](t)(report.Cells(strings.NewReader(string(data)), 60))
	found := false
	for _, row := range cells {
		found = found || len(row) > 7 && row[0] == "开展安全培训" && row[1] == "4" && strings.HasPrefix(row[7], "人工填写：")
	}
	if !found {
		t.Errorf("the workbook: %q", cells)
	}
	// A correction is another version; given up, what was reported stands.
	ok(d.officer, returns.StepCorrect, returns.Input{Reason: "少报了一场培训"})
	ok(d.officer, returns.StepType, typedIn("trainings", ""))
	refused("taken back and not filled in", fault.Invalid, d.officer, returns.StepCompile, typedIn(), "trainings")
	ok(d.officer, returns.StepGiveUp, returns.Input{})
	if c := cell("trainings"); c.Text(c.N) != "4" || c.Typed.By != "a2" {
		t.Errorf("given up: %+v", c)
	}
	ok(d.officer, returns.StepCorrect, returns.Input{Reason: "少报了一场培训"})
	ok(d.officer, returns.StepType, typedIn("trainings", "5"))
	ok(d.officer, returns.StepCompile, typedIn())
	ok(checker, returns.StepCheck, returns.Input{})
	ok(d.deputy, returns.StepSign, returns.Input{})
	_, _, first, err := d.FiguresOf(ctx, d.officer, safety, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, _, second, err := d.FiguresOf(ctx, d.officer, safety, 2)
	if differs := returns.Differences(first, second); err != nil || len(differs) != 1 || differs[0] != (returns.Difference{Name: "开展安全培训", Unit: "场", Was: "4", Now: "5"}) {
		t.Errorf("the versions differ in %+v %v", differs, err)
	}
	// The next year has what was reported beside it, and an empty cell of its own.
	d.Forward("2027-01-04")
	if made, err := d.DraftAll(ctx, d.officer, "safety", "2027", []string{policy.County}); err != nil || made[0].Err != "" {
		t.Fatal(made, err)
	}
	_, f, err = d.One(ctx, d.officer, "safety.2027.county")
	if c := f.Cell("trainings"); err != nil || c.N != nil || c.Before == nil || c.Before.String() != "5" || !c.Reported || c.IsOdd() {
		t.Errorf("the year after: %+v %v", c, err)
	}
	// A return without such cells takes none.
	if err := d.on("trade.2026-08.county", d.officer, returns.StepType, typedIn("projects", "1")); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

// TestBatchCompile: drafts of the county and its townships are sent on together, each to its addressee; one that lacks a number filled in by hand says so and stops no other.
func TestBatchCompile(t *testing.T) {
	d := safetyDraft(t)
	ctx := t.Context()
	township := "safety.2026." + town
	if err := d.on(township, d.officer, returns.StepType, typedIn("trainings", "3", "spent", "1")); err != nil {
		t.Fatal(err)
	}
	waiting := registrytest.Must[[]returns.Waiting](t)(d.Waiting(ctx, d.officer, returns.StepCompile))
	var list []casework.At
	open := map[string]int{}
	for _, w := range waiting {
		list, open[w.ID] = append(list, casework.At{ID: w.ID, Seq: w.Seq}), w.Unfilled
	}
	if len(list) != 2 || open[safety] != 2 || open[township] != 0 {
		t.Fatalf("%v", open)
	}
	said := map[string]string{}
	for _, o := range registrytest.Must[[]returns.Outcome](t)(d.DoAll(ctx, d.officer, returns.StepCompile, list)) {
		said[o.ID] = o.Err
	}
	if said[township] != "" || !strings.Contains(said[safety], "还没有填") {
		t.Errorf("%q", said)
	}
	doc, _, err := d.One(ctx, d.officer, township)
	if err != nil || doc.State.State != returns.Compiled || doc.State.To != "县安委办" || doc.State.Compiled.By != d.officer.ID {
		t.Errorf("%+v %v", doc.State, err)
	}
	if doc, _, err = d.One(ctx, d.officer, safety); err != nil || doc.State.State != returns.Draft {
		t.Errorf("%+v %v", doc.State, err)
	}
}

// TestBatch: several returns are checked and signed at once, each for itself: what is refused says why and stops no other, and the three persons hold for each.
func TestBatch(t *testing.T) {
	d := safetyDraft(t)
	ctx := t.Context()
	township := "safety.2026." + town
	for n, id := range []string{safety, township} {
		by := []policy.Actor{d.officer, d.chief}[n]
		for _, do := range []returns.Step{returns.StepType, returns.StepCompile} {
			if err := d.on(id, by, do, typedIn("trainings", "3", "spent", "1")); err != nil {
				t.Fatal(err)
			}
		}
	}
	waiting := registrytest.Must[[]returns.Waiting](t)(d.Waiting(ctx, d.chief, returns.StepCheck))
	if len(waiting) != 2 {
		t.Fatal(waiting)
	}
	why := map[string]string{}
	var list []casework.At
	for _, w := range waiting {
		why[w.ID] = w.Why
		list = append(list, casework.At{ID: w.ID, Seq: w.Seq})
		if w.Hand != 2 || w.Odd != 0 {
			t.Errorf("%+v", w)
		}
	}
	if why[safety] != "" || !strings.Contains(why[township], "你填写过") {
		t.Error("what hinders:", why)
	}
	d.Refused("who may not compile", fault.Forbidden, func() error { _, err := d.DoAll(ctx, d.deputy, returns.StepCompile, list); return err })
	d.Refused("who may not check", fault.Forbidden, func() error { _, err := d.DoAll(ctx, d.officer, returns.StepSign, list); return err })
	d.Refused("nor look", fault.Forbidden, func() error { _, err := d.Waiting(ctx, d.township, returns.StepCheck); return err })
	d.Refused("none", fault.Invalid, func() error { _, err := d.DoAll(ctx, d.chief, returns.StepCheck, nil); return err }, "row")
	d.Refused("too many", fault.Invalid, func() error {
		_, err := d.DoAll(ctx, d.chief, returns.StepCheck, make([]casework.At, 201))
		return err
	}, "最多 200 张")
	d.Refused("a step that is taken one by one", fault.NotFound, func() error { _, err := d.DoAll(ctx, d.chief, returns.StepReturn, list); return err })
	done := registrytest.Must[[]returns.Outcome](t)(d.DoAll(ctx, d.chief, returns.StepCheck, append(list, casework.At{ID: "safety.1999.county", Seq: 1})))
	byID := map[string]returns.Outcome{}
	for _, o := range done {
		byID[o.ID] = o
	}
	if len(done) != 3 || byID[safety].Err != "" || byID[safety].Name != "2026年安全年报" || !strings.Contains(byID[township].Err, "你填写过") || byID["safety.1999.county"].Name != "" || byID["safety.1999.county"].Err == "" {
		t.Errorf("%+v", done)
	}
	before := d.Records(t)
	if again := registrytest.Must[[]returns.Outcome](t)(d.DoAll(ctx, d.chief, returns.StepCheck, list)); again[0].Err == "" || again[1].Err == "" || d.Records(t) != before {
		t.Errorf("once more: %+v, %d records", again, d.Records(t)-before)
	}
	// Signing: who checked does not, the deputy does; what is not checked does not wait.
	waiting = registrytest.Must[[]returns.Waiting](t)(d.Waiting(ctx, d.deputy, returns.StepSign))
	if len(waiting) != 1 || waiting[0].ID != safety || waiting[0].Why != "" {
		t.Fatalf("%+v", waiting)
	}
	if done := registrytest.Must[[]returns.Outcome](t)(d.DoAll(ctx, d.deputy, returns.StepSign, []casework.At{{ID: safety, Seq: waiting[0].Seq}, {ID: township, Seq: 3}})); done[0].Err != "" || !strings.Contains(done[1].Err, "待审核") {
		t.Errorf("%+v", done)
	}
}
