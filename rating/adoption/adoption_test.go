package adoption

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/registry/casework"
	"redsteward/registry/registrytest"
)

func TestStoredFields(t *testing.T) {
	if err := store.CheckType[Version](); err != nil {
		t.Error(err)
	}
	golden, err := os.ReadFile("testdata/version.fields")
	if got := strings.Join(store.FieldNames[Version](), "\n") + "\n"; err != nil || got != string(golden) {
		t.Errorf("stored fields of a version changed; old records would not be read:\n%s%v", got, err)
	}
}

const first = `
format: 1
id: town
version: "1"
title: 年度评价
proposal: true
engine: 1
rhythm: year
defaults: {missing: zero, na: exclude, decimals: 2}
facts:
  - {id: fee, name: 收缴率, type: number, better: higher, min: 0, max: 100, source: registry}
  - {id: clean, name: 保洁, type: number, better: higher, min: 0, max: 100, source: inspection}
indicators:
  - {id: i_fee, name: 收费, max: 60, rule: {kind: target, of: fee, zero: 0, target: 100}}
  - {id: i_clean, name: 环境, max: 40, rule: {kind: target, of: clean, zero: 0, target: 100}}
total: {method: sum, max: 100, round: 2}
grades:
  list:
    - {id: five, label: 五星, level: 5, at_least: 90}
    - {id: none, label: 无星级, level: 0, otherwise: true}
`

// version makes a later version; pairs are texts and what stands instead of them.
func version(t testing.TB, name string, pairs ...string) []byte {
	t.Helper()
	text := first
	for i, pairs := 0, append([]string{`version: "1"`, `version: "` + name + `"`}, pairs...); i < len(pairs); i += 2 {
		next := strings.Replace(text, pairs[i], pairs[i+1], 1)
		if next == text {
			t.Fatalf("%q is not there", pairs[i])
		}
		text = next
	}
	return []byte(text)
}

// lower is a cut that lets more projects reach five stars; upside turns the fee round.
var (
	lower  = []string{"at_least: 90", "at_least: 70"}
	upside = []string{"of: fee, zero: 0, target: 100", "of: fee, zero: 100, target: 0"}
)

// desk is a service on a real store over two published years, of which the test may hide the second.
type desk struct {
	*registrytest.Desk
	*Service
	years int
}

var (
	day      = registrytest.Day
	officer  = registrytest.Person("officer", "property_officer", policy.County)
	chief    = registrytest.Person("chief", "section_chief", policy.County)
	deputy   = registrytest.Person("deputy", "deputy_director", policy.County)
	director = registrytest.Person("director", "director", policy.County)
	lawyer   = registrytest.Person("lawyer", "legal_officer", policy.County)
	auditor  = registrytest.Person("auditor", "auditor", policy.County)
	firm     = registrytest.Person("firm", "firm_manager", "f:f1")
)

func must[T any](t testing.TB) func(T, error) T { return registrytest.Must[T](t) }

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{Desk: registrytest.NewDesk(t, day("2026-09-01").Begins().Add(9*time.Hour)), years: 1}
	d.Service = must[*Service](t)(New(t.Context(), Config{Past: d, First: map[string][]byte{"year": []byte(first)}, Trials: 60,
		Desk: casework.Desk{DB: d.DB, Letters: d.Letters, Guard: d.Guard, Keeper: d.Keeper, Persons: registrytest.Persons{officer, chief, deputy, director, lawyer}, Chains: d.Chains(), Now: d.Clock, Deadlines: d.Desk.Deadlines}}))
	return d
}

func (d *desk) FactSources() []string { return []string{"registry"} }

func (d *desk) PastPeriods(context.Context, string) ([]rating.PastPeriod, error) {
	older := strings.NewReplacer(`version: "1"`, `version: "0"`, "at_least: 90", "at_least: 95").Replace(first)
	return []rating.PastPeriod{{ID: "2024", Name: "2024年度", Evaluation: "e1", Scheme: []byte(older)}, {ID: "2025", Name: "2025年度", Evaluation: "e2", Scheme: []byte(first)}}[:d.years], nil
}

func (d *desk) PastPeriod(_ context.Context, id string) (*rating.PastPeriod, error) {
	s, err := rating.ParseScheme([]byte(first))
	if err != nil {
		return nil, err
	}
	p := &rating.PastPeriod{ID: id, Name: id + "年度", Evaluation: map[string]string{"2024": "e1", "2025": "e2"}[id], Scheme: []byte(first)}
	for name, facts := range map[string][2]int64{"p1": {100, 50}, "p2": {100, 100}, "p3": {20, 100}} {
		sub := s.NewSubject(name, id, 20_000)
		for i, fact := range []string{"fee", "clean"} {
			if err := sub.Set(fact, rating.Number(num.FromInt(facts[i]))); err != nil {
				return nil, err
			}
		}
		p.Subjects = append(p.Subjects, rating.PastSubject{ID: name, Name: name, Keys: []string{policy.ProjectKey(name)}, Facts: sub.Canonical()})
	}
	slices.SortFunc(p.Subjects, func(a, b rating.PastSubject) int { return strings.Compare(a.ID, b.ID) })
	return p, nil
}

// propose hands a version in, to be used from a day.
func (d *desk) propose(file []byte, from string) store.Doc[Version] {
	d.T.Helper()
	return must[store.Doc[Version]](d.T)(d.Propose(d.T.Context(), officer, Proposal{File: file, Name: "方案.yaml", From: day(from), Why: "按去年的意见调整"}, nil))
}

// do carries a step out and gives the version after it.
func (d *desk) do(by policy.Actor, v store.Doc[Version], step Step, in casework.Input) store.Doc[Version] {
	d.T.Helper()
	return must[store.Doc[Version]](d.T)(d.Do(d.T.Context(), by, casework.At{ID: v.ID, Seq: v.Seq}, step, in))
}

func (d *desk) sign(by policy.Actor, v store.Doc[Version]) store.Doc[Version] {
	d.T.Helper()
	return must[store.Doc[Version]](d.T)(d.Sign(d.T.Context(), by, casework.At{ID: v.ID, Seq: v.Seq}, policy.Sign{Move: policy.MoveAgree, SubjectHash: v.State.Approval.SubjectHash}, registrytest.Password))
}

// TestLife: a version is proposed, looked into, sent, signed by three, adopted under a number, and used from its day on.
func TestLife(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	v := d.propose(version(t, "2", lower...), "2026-10-01")
	try := func(by policy.Actor, do Step, in casework.Input) func() error {
		return func() error {
			_, err := d.Do(ctx, by, casework.At{ID: v.ID, Seq: v.Seq}, do, in)
			return err
		}
	}
	d.Refused("sent before it was looked into", fault.Conflict, try(officer, StepSend, casework.Input{}), "还没有测算")
	d.Refused("adopted before anybody signed", fault.Conflict, try(chief, StepAdopt, casework.Input{Number: "都建发〔2026〕30号"}), "不能发文采用")
	d.Refused("waived before it is known what", fault.Conflict, try(chief, StepWaive, casework.Input{Text: "先放行再说，理由以后补写"}), "还没有测算")
	if s := v.State; s.State != Draft || s.Changes != 2 || s.BaseVersion != "1" || s.Name != "年度评价 2 版" {
		t.Errorf("%+v", s)
	}
	v = d.do(officer, v, StepStudy, casework.Input{})
	s := v.State.Study
	if s == nil || s.Subjects != 3 || s.Moved != 1 || s.Up != 1 || s.Down != 0 || len(s.Broken) != 0 || s.Proved < 10 || !v.State.Waived() {
		t.Fatalf("%+v", s)
	}
	report := must[*Report](t)(d.Read(ctx, auditor, v.ID))
	if r := report.Replays[0]; r.Rows[0].Subject != "p1" || r.Rows[0].BeforeLabel != "无星级" || r.Rows[0].AfterLabel != "五星" || len(r.Steps) != 1 || r.Steps[0].Title() != "等级“五星”" || len(r.Weights) != 2 {
		t.Errorf("%+v", r)
	}
	if len(report.Unfed) != 1 || report.Unfed[0].Source != "inspection" || len(report.Changes) != 2 {
		t.Errorf("%+v %+v", report.Unfed, report.Changes)
	}
	d.Refused("nothing to waive", fault.Conflict, try(chief, StepWaive, casework.Input{Text: "先放行再说，理由以后补写"}), "没有不成立的保证")
	v = d.do(officer, v, StepSend, casework.Input{})
	d.Refused("the proposer does not sign", fault.Forbidden, func() error {
		_, err := d.Sign(ctx, officer, casework.At{ID: v.ID, Seq: v.Seq}, policy.Sign{Move: policy.MoveAgree, SubjectHash: v.State.Approval.SubjectHash}, registrytest.Password)
		return err
	}, "")
	d.Refused("looked into while it is signed", fault.Conflict, try(officer, StepStudy, casework.Input{}), "不能测算")
	for _, by := range []policy.Actor{chief, deputy, director} {
		v = d.sign(by, v)
	}
	if v.State.State != Approved || v.State.Next() == "" {
		t.Fatalf("%+v", v.State)
	}
	d.Refused("a number of another form", fault.Invalid, try(chief, StepAdopt, casework.Input{Number: "30"}), "文号要写成")
	d.Refused("given up by another after all signed", fault.Forbidden, func() error {
		_, err := d.Do(ctx, chief, casework.At{ID: v.ID, Seq: v.Seq}, StepWithdraw, casework.Input{Text: "不用再走审批了，撤回"})
		return err
	}, "只有提出或者送审的人")
	d.Refused("adopted without the right", fault.Forbidden, try(officer, StepAdopt, casework.Input{Number: "都建发〔2026〕30号"}), "")
	if err := d.DB.Claim(ctx, store.Meta{By: "x", Action: "x"}, casework.NumberClaim, "都建发〔2026〕29号", "period/2025"); err != nil {
		t.Fatal(err)
	}
	d.Refused("a number of another paper", fault.Conflict, try(chief, StepAdopt, casework.Input{Number: "都建发[2026]29号"}), "已用于另一份文件")
	inUse := func(on string) string {
		now := must[InForce](t)(d.InForce(ctx, "year", day(on)))
		return now.Version
	}
	if inUse("2026-12-31") != "1" {
		t.Error("a version is used that nobody adopted")
	}
	v = d.do(chief, v, StepAdopt, casework.Input{Number: "都建发[2026]30号"})
	if a := v.State.Adopted; a == nil || a.Number != "都建发〔2026〕30号" || a.From != day("2026-10-01") || v.State.State != InUse {
		t.Fatalf("%+v", v.State)
	}
	if inUse("2026-09-30") != "1" || inUse("2026-10-01") != "2" {
		t.Error("the day of the version does not count")
	}
	d.Refused("given up after it was adopted", fault.Conflict, try(officer, StepWithdraw, casework.Input{Text: "不再需要了，撤回"}), "不能撤回")
	// Journey 13: who changed this rule, and when?
	history := must[[]RuleMoment](t)(d.RuleHistory(ctx, auditor, "year", "grades.list", "five"))
	if len(history) != 3 || history[0].Since != "2024年度" || history[0].Version != "0" || history[1].Changed[0].Before != "95" {
		t.Fatalf("%+v", history)
	}
	history = history[1:]
	if history[1].Same || len(history[1].Changed) != 1 || history[1].Changed[0].Before != "90" || history[1].Changed[0].After != "70" || history[1].Proposer != "officer" || history[1].By != "chief" || history[1].ByOffice != "section_chief" || history[1].ProposerOffice != "property_officer" || history[1].Number != "都建发〔2026〕30号" || history[0].Until != day("2026-09-30") {
		t.Errorf("%+v", history)
	}
	if same := must[[]RuleMoment](t)(d.RuleHistory(ctx, auditor, "year", "indicators", "i_fee")); !same[1].Same || !same[2].Same {
		t.Errorf("%+v", same[1:])
	}
	d.Refused("the history of no rule", fault.NotFound, func() error {
		_, err := d.RuleHistory(ctx, auditor, "year", "indicators", "none")
		return err
	}, "没有一版方案有这条规则")
	c := must[*Comparison](t)(d.Compare(ctx, auditor, "year", "", v.ID, ""))
	if c.Replay == nil || c.Replay.Moved != 1 || len(c.Changes) != 2 {
		t.Errorf("%+v", c)
	}
	for name, tt := range map[string]struct{ one, two, period string }{"a period that is not published": {"", v.ID, "2030"}, "a version that is not there": {"", "none", ""}} {
		d.Refused(name, fault.NotFound, func() error {
			_, err := d.Compare(ctx, auditor, "year", tt.one, tt.two, tt.period)
			return err
		}, "")
	}
}

// TestWaiver: what breaks a guarantee is adopted only if two persons who did not propose it say why.
func TestWaiver(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	v := d.do(officer, d.propose(version(t, "2", upside...), "2026-10-01"), StepStudy, casework.Input{})
	report := must[*Report](t)(d.Read(ctx, officer, v.ID))
	broken := slices.IndexFunc(report.Verdicts, func(one Verdict) bool {
		return one.Guarantee == rating.GuaranteeMonotone && one.Finding == rating.FindingRefuted
	})
	if broken < 0 || !slices.ContainsFunc(report.Verdicts[broken].Example, FactRow.Differs) || report.Verdicts[broken].After == "" {
		t.Fatalf("the counterexample is not two facts tables: %+v", report.Verdicts)
	}
	try := func(by policy.Actor, do Step, text string) func() error {
		return func() error {
			_, err := d.Do(ctx, by, casework.At{ID: v.ID, Seq: v.Seq}, do, casework.Input{Text: text})
			return err
		}
	}
	const reason = "收缴率已经另行考核，不在这里鼓励"
	d.Refused("sent with a broken guarantee", fault.Conflict, try(officer, StepSend, ""), "要由两人写明理由放行")
	d.Refused("waived by the proposer", fault.Forbidden, try(officer, StepWaive, reason), "")
	d.Refused("waived without a reason", fault.Invalid, try(chief, StepWaive, "同意"), "")
	v = d.do(chief, v, StepWaive, casework.Input{Text: reason})
	d.Refused("waived twice by one person", fault.Forbidden, try(chief, StepWaive, reason), "必须由另一人写")
	d.Refused("sent with one waiver", fault.Conflict, try(officer, StepSend, ""), "要由两人写明理由放行")
	v = d.do(lawyer, v, StepWaive, casework.Input{Text: reason})
	d.Refused("a third waiver", fault.Conflict, try(deputy, StepWaive, reason), "已经由两人放行")
	// The same study keeps the waivers.
	v = d.do(officer, v, StepStudy, casework.Input{})
	if len(v.State.Waivers) != 2 || v.State.Waivers[1].Office != "legal_officer" {
		t.Fatalf("%+v", v.State.Waivers)
	}
	// A period that was published since makes the study stale.
	d.years = 2
	d.Refused("sent after another publication", fault.Conflict, try(officer, StepSend, ""), "2025年度公布了")
	v = d.do(officer, d.do(officer, v, StepStudy, casework.Input{}), StepSend, casework.Input{})
	if len(v.State.Study.Periods) != 2 || v.State.Study.Periods[0] != "2025" {
		t.Errorf("%+v", v.State.Study)
	}
	d.Refused("given up by another while it is signed", fault.Forbidden, func() error {
		_, err := d.Do(ctx, chief, casework.At{ID: v.ID, Seq: v.Seq}, StepWithdraw, casework.Input{Text: "不用再走审批了，撤回"})
		return err
	}, "")
	// Sent back and given up; the name is never used again for other rules.
	v = must[store.Doc[Version]](t)(d.Sign(ctx, chief, casework.At{ID: v.ID, Seq: v.Seq}, policy.Sign{Move: policy.MoveReturn, SubjectHash: v.State.Approval.SubjectHash, Reason: "理由不充分"}, registrytest.Password))
	if v.State.State != Draft || v.State.Reason != "理由不充分" {
		t.Fatalf("%+v", v.State)
	}
	v = d.do(officer, v, StepWithdraw, casework.Input{Text: "方向写反了，另提一版"})
	d.Refused("a step after the end", fault.Conflict, try(officer, StepStudy, ""), "不能测算")
	propose := func(by policy.Actor, in Proposal) func() error {
		return func() error {
			_, err := d.Propose(ctx, by, in, nil)
			return err
		}
	}
	good := Proposal{File: version(t, "3", lower...), From: day("2026-10-01"), Why: "按去年的意见调整"}
	with := func(f func(*Proposal)) Proposal {
		in := good
		f(&in)
		return in
	}
	for _, tt := range []struct {
		name string
		kind fault.Kind
		by   policy.Actor
		in   Proposal
		said string
	}{
		{"without the right", fault.Forbidden, director, good, ""},
		{"by a firm", fault.Forbidden, firm, good, ""},
		{"a name that was used", fault.Invalid, officer, with(func(p *Proposal) { p.File = version(t, "2", lower...) }), "版本号 town 2 已经用过"},
		{"the name of the configuration's", fault.Invalid, officer, with(func(p *Proposal) { p.File = []byte(strings.Replace(first, "at_least: 90", "at_least: 80", 1)) }), "是配置文件里那一版的"},
		{"no change at all", fault.Invalid, officer, with(func(p *Proposal) { p.File = []byte(first) }), "完全相同"},
		{"no file", fault.Invalid, officer, with(func(p *Proposal) { p.File = nil }), "请选择方案文件"},
		{"mistakes with line and column", fault.Invalid, officer, with(func(p *Proposal) {
			p.File = version(t, "3", "of: fee, zero", "of: fees, zero", "max: 40", `max: "4,0"`)
		}), "第 14 行第"},
		{"another rhythm", fault.Invalid, officer, with(func(p *Proposal) { p.File = version(t, "3", "rhythm: year", "rhythm: month") }), "rhythm"},
		{"a day that has passed", fault.Invalid, officer, with(func(p *Proposal) { p.From = day("2026-08-31") }), "已经过了"},
		{"no day", fault.Invalid, officer, with(func(p *Proposal) { p.From = calendar.Date{} }), "请填写从哪一天起使用"},
		{"past its validity", fault.Invalid, officer, with(func(p *Proposal) {
			p.File = version(t, "3", "rhythm: year", "rhythm: year\nvalid: {until: 2026-09-30}")
		}), "有效期到"},
		{"no reason", fault.Invalid, officer, with(func(p *Proposal) { p.Why = "改" }), "修改的理由"},
	} {
		d.Refused(tt.name, tt.kind, propose(tt.by, tt.in), tt.said)
	}
	if err := propose(officer, good)(); err != nil {
		t.Error(err)
	}
	d.Refused("a stranger reads", fault.Forbidden, func() error { _, err := d.Read(ctx, firm, v.ID); return err }, "")
	if page := must[store.Page[Version]](t)(d.List(ctx, auditor, casework.Filter{State: string(Withdrawn)}, "year", false, "")); len(page.Docs) != 1 || page.Docs[0].ID != v.ID {
		t.Errorf("%d versions were given up", len(page.Docs))
	}
}

// TestLateAdoption: a version that is signed after its day is used from the day of its adoption; a later adoption for an earlier day ends what it overtakes.
func TestLateAdoption(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	adopted := func(name, from, number string, pairs ...string) store.Doc[Version] {
		v := d.do(officer, d.do(officer, d.propose(version(t, name, pairs...), from), StepStudy, casework.Input{}), StepSend, casework.Input{})
		for _, by := range []policy.Actor{chief, deputy, director} {
			v = d.sign(by, v)
		}
		d.Wait(5 * 24 * time.Hour)
		return d.do(chief, v, StepAdopt, casework.Input{Number: number})
	}
	v := adopted("2", "2026-09-02", "都建发〔2026〕30号", lower...)
	if v.State.Adopted.From != day("2026-09-06") {
		t.Errorf("used from %s", v.State.Adopted.From)
	}
	adopted("3", "2026-12-01", "都建发〔2026〕31号", "at_least: 90", "at_least: 80")
	// What was looked into before another version came into use is looked into again.
	late := d.do(officer, d.propose(version(t, "4", "at_least: 90", "at_least: 85"), "2026-12-15"), StepStudy, casework.Input{})
	d.Wait(85 * 24 * time.Hour)
	d.Refused("compared with a version that is no longer used", fault.Conflict, func() error {
		_, err := d.Do(ctx, officer, casework.At{ID: late.ID, Seq: late.Seq}, StepSend, casework.Input{})
		return err
	}, "3 版开始使用")
	line := must[[]InForce](t)(d.Line(ctx, "year"))
	var told []string
	for _, v := range line {
		told = append(told, v.Version+" "+v.From.String()+" "+v.Until.String())
	}
	if got := strings.Join(told, "; "); got != "1  2026-09-05; 2 2026-09-06 2026-11-30; 3 2026-12-01 " {
		t.Error(got)
	}
	// StartStudy does the same in the background and tells how it ended.
	if err := d.StartStudy(ctx, officer, late.ID); err != nil {
		t.Fatal(err)
	}
	if p := must[Progress](t)(d.Studying(ctx, officer, late.ID)); p.Running() || p.Failure != "" || p.Stage == "" {
		t.Errorf("%+v", p)
	}
	d.Refused("begun by somebody else", fault.Forbidden, func() error { return d.StartStudy(ctx, auditor, late.ID) }, "")
}
