package standing

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/rating/cycle"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/registrytest"
)

func TestStoredFields(t *testing.T) {
	if err := store.CheckType[Decision](); err != nil {
		t.Error(err)
	}
	golden, err := os.ReadFile("testdata/star-decision.fields")
	if got := strings.Join(store.FieldNames[Decision](), "\n") + "\n"; err != nil || got != string(golden) {
		t.Errorf("stored fields of star-decision changed; old records would not be read:\n%s%v", got, err)
	}
}

// stars is a scheme in which the points are the grade.
const stars = `
format: 1
id: stars
version: "1"
title: 星级
basis: 测试
engine: 1
rhythm: year
table: {id: [project]}
facts:
  - {id: got, name: 得分, type: number}
indicators:
  - {id: i, name: 指标, max: 100, basis: 测试, rule: {kind: linear, of: got, each: 1}}
grades:
  list:
    - {id: star5, label: 五星, level: 5, months: 12, at_least: 90}
    - {id: star4, label: 四星, level: 4, months: 12, at_least: 80}
    - {id: star1, label: 一星, level: 1, months: 6, at_least: 60}
    - {id: star0, label: 未评星, otherwise: true}
`

var (
	day          = registrytest.Day
	officer      = registrytest.Person("officer", "property_officer", policy.County)
	chief        = registrytest.Person("chief", "section_chief", policy.County)
	organisation = registrytest.Person("organisation", "organisation", policy.County)
	deputy       = registrytest.Person("deputy", "deputy_director", policy.County)
	director     = registrytest.Person("director", "director", policy.County)
	legal        = registrytest.Person("legal", "legal_officer", policy.County)
	firm         = registrytest.Person("firm", "firm_manager", "f:f1")
	rival        = registrytest.Person("rival", "firm_manager", "f:f2")
)

func must[T any](t testing.TB) func(T, error) T { return registrytest.Must[T](t) }

// desk is a service over a year that was published on 1 February 2026: p1 and p2 have five stars, p3 one, p4 none. p2's firm left on 31 May.
type desk struct {
	*Service
	*registrytest.Desk
	archive *rating.Archive
	events  []Event
	years   []cycle.Period
	one     store.Doc[Decision]
}

func (d *desk) Published(context.Context, string) ([]cycle.Period, error) { return d.years, nil }

func (d *desk) Scheme(context.Context, string) (*rating.Scheme, error) {
	return rating.ParseScheme([]byte(stars))
}

func (d *desk) ends(_ context.Context, held map[string]string, _, on calendar.Date) (map[string]registry.StarEnd, error) {
	if last := day("2026-05-31"); held["p2"] == "f2" && on.Compare(last) > 0 {
		return map[string]registry.StarEnd{"p2": {Last: last, Why: "物业服务合同提前终止"}}, nil
	}
	return nil, nil
}

// year publishes a year of the archive.
func (d *desk) year(t *testing.T, id, published string) {
	t.Helper()
	scheme := must[*rating.Scheme](t)(d.Scheme(t.Context(), id))
	subjects, err := rating.ReadTable(scheme, strings.NewReader("project,got\np1,95\np2,91\np3,62\np4,10\n"), rating.TableOptions{})
	if err != nil {
		t.Fatal(err, rating.ProblemsOf(err))
	}
	var entries []rating.Entry
	for _, sub := range subjects {
		r := rating.Evaluate(scheme, nil, sub, nil)
		f := map[string]string{"p1": "f1", "p2": "f2"}[sub.ID]
		entries = append(entries, rating.Entry{Subject: sub, Result: &r, Name: "小区" + sub.ID, Firm: "物业" + f, Place: "城东社区", Keys: []string{"p:" + sub.ID, "f:" + f}})
	}
	if d.archive == nil {
		d.archive = must[*rating.Archive](t)(rating.NewArchive(t.Context(), d.Desk.DB))
	}
	days := must[calendar.Year](t)(calendar.ParseYear(id)).Span()
	made := must[rating.Evaluation](t)(d.archive.Save(t.Context(), store.Meta{By: "system", Action: "evaluation.run"}, []byte(stars), nil, rating.Evaluation{Title: id, Period: id, Made: journal.At(days.Last.Ends()), FactsHash: strings.Repeat("0", 60) + id, FactsSource: "测试"}, entries))
	d.years = append([]cycle.Period{{ID: id, Rhythm: cycle.RhythmYear, Name: id + "年度", Days: days, Evaluation: made.ID, Publication: &cycle.Publication{Act: cycle.Act{At: journal.At(day(published).Begins())}, Number: "建发〔2026〕1号"}}}, d.years...)
	if d.Service != nil {
		return
	}
	grounds := must[*casework.Grounds](t)(ParseGrounds("standing.yaml", registrytest.Config(t, "standing.yaml")))
	d.Service = must[*Service](t)(New(t.Context(), Config{Cycle: d, Archive: d.archive, Grounds: grounds, Ends: d.ends,
		Events: func(context.Context, policy.Actor, calendar.Date, calendar.Date) ([]Event, error) {
			return d.events, nil
		}, Desk: casework.Desk{DB: d.Desk.DB, Letters: d.Desk.Letters, Guard: d.Desk.Guard, Keeper: d.Desk.Keeper,
			Persons: registrytest.Persons{officer, chief, organisation, deputy, director, legal}, Chains: d.Chains(), Now: d.Clock, Deadlines: d.Desk.Deadlines}}))
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{Desk: registrytest.NewDesk(t, day("2026-06-01").Begins())}
	d.year(t, "2025", "2026-02-01")
	return d
}

// now is how the stars of a year stand today, and what the plates say.
func (d *desk) now(t *testing.T, year int) string {
	t.Helper()
	_, all, err := d.All(t.Context(), &d.years[year], d.Desk.Today())
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, h := range all {
		out = append(out, strings.TrimSpace(strings.Join([]string{h.Project, h.Status.Title(), h.Label, h.Until.String(), h.Since.String(), h.Why}, " ")))
	}
	return strings.Join(out, "\n")
}

// gone are the numbers of the signed list, with the reasons.
func (d *desk) gone(t *testing.T) string {
	t.Helper()
	d.looked = d.looked.AddDate(-1, 0, 0)
	list := must[string](t)(d.Withdrawn(t.Context()))
	text, signature, _ := strings.Cut(list, "\n\n")
	if err := journal.CheckText(must[string](t)(d.Key(t.Context())), text+"\n", strings.TrimSuffix(signature, "\n")); err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Split(text, "\n")[2:], "\n")
}

func (d *desk) open(project, ground, source string) func() error {
	return func() error {
		doc, err := d.Open(d.T.Context(), officer, Opening{Project: project, Rests: casework.Rests{Ground: ground, Source: source, Number: "都建罚〔2026〕1号", Issuer: "都昌县住建局", Text: "挪用公共收益", Effective: day("2026-05-20")}}, nil)
		if err == nil {
			d.one = doc
		}
		return err
	}
}

func (d *desk) step(by policy.Actor, do Step, choice ...string) func() error {
	return func() error {
		in := casework.Input{Day: d.Desk.Today(), Number: d.one.ID[:6] + string(do) + "〔2026〕1号", Text: "写明事实和理由", Choice: strings.Join(choice, ""), Upload: d.Photo()}
		doc, err := d.Do(d.T.Context(), by, casework.At{ID: d.one.ID, Seq: d.one.Seq}, do, in)
		if err == nil {
			d.one = doc
		}
		return err
	}
}

func (d *desk) sign(by policy.Actor, move policy.ApprovalMove) func() error {
	return func() error {
		doc, err := d.Sign(d.T.Context(), by, casework.At{ID: d.one.ID, Seq: d.one.Seq}, policy.Sign{Move: move, Reason: "事实要核对", SubjectHash: d.one.State.Approval.SubjectHash}, registrytest.Password)
		if err == nil {
			d.one = doc
		}
		return err
	}
}

func (d *desk) ok(calls ...func() error) {
	d.T.Helper()
	for _, call := range calls {
		if err := call(); err != nil {
			d.T.Fatal(err, fault.FieldsOf(err))
		}
	}
}

// decide goes on from the draft until the decision was delivered, six working days later.
func (d *desk) decide(on string) {
	d.T.Helper()
	d.ok(d.step(officer, StepScan), d.step(officer, StepServe))
	d.Forward(on)
	d.ok(d.step(officer, StepSend), d.sign(chief, policy.MoveAgree), d.sign(organisation, policy.MoveAgree), d.sign(deputy, policy.MoveAgree), d.step(officer, StepIssue))
}

// TestStars: a star stands until its last day, its firm leaves, or a newer year is published, whatever comes first.
func TestStars(t *testing.T) {
	d := newDesk(t)
	for _, tt := range []struct{ on, p1, p2, p3 string }{
		{"2026-06-01", "有效 五星 2027-01-31", "企业更换而终止 五星 2027-01-31 2026-06-01 物业服务合同提前终止", "有效 一星 2026-07-31"},
		{"2026-07-31", "有效 五星 2027-01-31", "企业更换而终止 五星 2027-01-31 2026-06-01 物业服务合同提前终止", "有效 一星 2026-07-31"},
		{"2026-08-01", "有效 五星 2027-01-31", "企业更换而终止 五星 2027-01-31 2026-06-01 物业服务合同提前终止", "已到期 一星 2026-07-31 2026-08-01 有效期到2026年7月31日为止"},
		{"2027-02-01", "已到期 五星 2027-01-31 2027-02-01 有效期到2027年1月31日为止", "企业更换而终止 五星 2027-01-31 2026-06-01 物业服务合同提前终止", "已到期 一星 2026-07-31 2026-08-01 有效期到2026年7月31日为止"},
	} {
		d.Forward(tt.on)
		got := strings.ReplaceAll(d.now(t, 0), " 0001-01-01", "")
		if want := "p1 " + tt.p1 + "\np2 " + tt.p2 + "\np3 " + tt.p3; got != want {
			t.Errorf("on %s\n%s\nwant\n%s", tt.on, got, want)
		}
	}
	if gone := d.gone(t); gone != "" {
		t.Errorf("what expired is listed as withdrawn: %s", gone)
	}
	d.Refused("a star that is over", fault.Conflict, d.open("p1", "penalty", "penalty"), "已到期")
	d.year(t, "2026", "2027-01-20")
	if got := d.now(t, 1); !strings.Contains(got, "p1 已由新年度接替 五星 2027-01-31 2027-01-20 2026年度的星级已经公布") || !strings.Contains(got, "p3 已到期") {
		t.Error(got)
	}
	if got := d.now(t, 0); !strings.Contains(got, "p1 有效 五星 2028-01-19") {
		t.Error(got)
	}
}

// TestDecision lowers a star, takes the rest away, and gives it back: what was published stays as it was, and every plate of it is told apart.
func TestDecision(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	before := must[[]Issued](t)(d.Plates(ctx, officer, PlateFilter{Project: "p1"}))
	if len(before) != 1 || before[0].Number != "2025-0001" {
		t.Fatalf("%+v", before)
	}
	first := must[string](t)(d.Payload(ctx, &before[0].Plate))
	d.Refused("by the firm", fault.Forbidden, func() error { _, err := d.Open(ctx, firm, Opening{Project: "p1"}, nil); return err })
	d.Refused("no star", fault.NotFound, d.open("p4", "penalty", "penalty"), "没有公布过的星级")
	d.Refused("no star any more", fault.Conflict, d.open("p2", "penalty", "penalty"), "企业更换而终止")
	d.Refused("not on this document", fault.Invalid, d.open("p1", "veto", "penalty"), "不能只凭")
	d.ok(d.open("p1", "penalty", "penalty"))
	if d.one.State.Effect() != "降为四星" || d.one.State.Award != "建发〔2026〕1号" {
		t.Errorf("%+v", d.one.State)
	}
	d.Refused("a second case", fault.Conflict, d.open("p1", "veto", "veto"), "已经有一件")
	d.Refused("unknown to the firm", fault.NotFound, func() error { _, err := d.One(ctx, firm, d.one.ID); return err })
	d.Refused("without the document", fault.Conflict, d.step(officer, StepServe), "凭据文书")
	d.ok(d.step(officer, StepScan), d.step(officer, StepServe))
	if d.one.State.Clock.Due != day("2026-06-08") {
		t.Error(d.one.State.Clock)
	}
	d.Refused("another firm", fault.NotFound, d.step(rival, StepPlead))
	d.Refused("before the period is over", fault.Conflict, d.step(officer, StepSend), "才满")
	waits := func(want string, may bool, whose ...policy.Actor) {
		t.Helper()
		dues := must[[]casework.Due](t)(d.Dues(ctx))
		if len(dues) != 1 || dues[0].Project != "p1" || dues[0].What != want || dues[0].May != may || !strings.HasPrefix(dues[0].Item, d.ItemsOf(d.one.ID)) {
			t.Errorf("%+v", dues)
		}
		for _, by := range []policy.Actor{officer, chief, organisation, deputy, director, legal, firm, rival} {
			if is := must[bool](t)(dues[0].Acts(ctx, by)); is != slices.ContainsFunc(whose, func(a policy.Actor) bool { return a.ID == by.ID }) {
				t.Errorf("%s: the turn of %s %v", want, by.ID, is)
			}
		}
	}
	waits("小区p1：降星的陈述申辩，企业", true, firm)
	d.ok(d.step(firm, StepPlead))
	waits("小区p1：听取降星的陈述申辩", false, chief, legal)
	d.Refused("heard by who drafted", fault.Forbidden, d.step(officer, StepHear, "reject"))
	d.Forward("2026-06-10")
	d.Refused("sent unheard", fault.Conflict, d.step(officer, StepSend), "笔录")
	d.Refused("pleaded late", fault.Conflict, d.step(firm, StepPlead), "已经过了")
	d.ok(d.step(legal, StepHear, "reject"), d.step(officer, StepSend))
	d.Refused("signed by who drafted", fault.Forbidden, d.sign(officer, policy.MoveAgree))
	d.ok(d.sign(chief, policy.MoveReturn), d.step(officer, StepSend), d.sign(chief, policy.MoveAgree), d.sign(organisation, policy.MoveAgree), d.sign(deputy, policy.MoveAgree))
	if got := d.now(t, 0); !strings.HasPrefix(got, "p1 有效 五星") {
		t.Errorf("a decision counts that was not delivered: %s", got)
	}
	d.ok(d.step(officer, StepIssue))
	number := d.one.State.Decision.Number
	if got := d.now(t, 0); !strings.HasPrefix(got, "p1 已降星 四星 2027-01-31 2026-06-10 因物业服务受到行政处罚（"+number+"）") {
		t.Error(got)
	}
	if gone := d.gone(t); !strings.HasPrefix(gone, "2025-0001 2026-06-10 已降星：因物业服务受到行政处罚\n2025-0002 2026-06-01 企业更换而终止") {
		t.Error(gone)
	}
	lowered := must[[]Issued](t)(d.Plates(ctx, firm, PlateFilter{}))
	if len(lowered) != 1 || lowered[0].Number != "2025-0001-2" || lowered[0].Level != 4 {
		t.Fatalf("%+v", lowered)
	}
	second := must[string](t)(d.Payload(ctx, &lowered[0].Plate))

	// Another decision takes the rest; the firm appeals against it, and who took no part says that it is right.
	d.ok(d.open("p1", "veto", "veto"))
	d.decide("2026-06-25")
	if got := d.now(t, 0); !strings.HasPrefix(got, "p1 已摘牌 四星") {
		t.Error(got)
	}
	d.ok(d.step(firm, StepAppeal))
	if _, _, star, err := d.Of(ctx, "p1", d.Desk.Today()); err != nil || !star.Contested || star.Status != Removed {
		t.Errorf("%+v %v", star, err)
	}
	waits("小区p1：作出摘牌的申诉决定", false, director, legal)
	d.Refused("answered by who signed", fault.Forbidden, d.step(deputy, StepAnswer, "uphold"), "没有参与")
	d.ok(d.step(director, StepAnswer, "uphold"))
	if got := d.now(t, 0); !strings.HasPrefix(got, "p1 已降星 四星") {
		t.Error(got)
	}
	check := func(payload string, want Verdict, why string) {
		t.Helper()
		d.looked = d.looked.AddDate(-1, 0, 0)
		if c := must[Checked](t)(d.Check(ctx, payload)); c.Verdict != want || !strings.Contains(c.Why, why) {
			t.Errorf("%+v, want %s", c, want)
		}
	}
	check(first, Gone, "已降星")
	check(second, Genuine, "")
	if again := must[string](t)(d.Payload(ctx, &before[0].Plate)); again != first {
		t.Error("the same plate is another one the second time")
	}
	d.Forward("2027-02-01")
	check(second, Over, "")
}

// TestForgedPlates: a plate with one bit changed, of another key, or cut off is called what it is.
func TestForgedPlates(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	plate := must[[]Issued](t)(d.Plates(ctx, officer, PlateFilter{Number: "2025-0003"}))[0].Plate
	payload := must[string](t)(d.Payload(ctx, &plate))
	if c := must[Checked](t)(d.Check(ctx, payload)); c.Verdict != Genuine || c.Plate.Name != "小区p3" || c.Plate.Level != 1 {
		t.Fatalf("%+v", c)
	}
	other := plate
	other.Key = "0123456789abcdef"
	more := plate
	more.Level = 5
	encoded := func(p *Plate) string { return must[string](t)(p.encode("— x " + signed(payload))) }
	var wrong []string
	for at := range len(payload) {
		if payload[at] == '.' {
			continue
		}
		flipped := []byte(payload)
		flipped[at] = "AB"[map[bool]int{true: 1}[payload[at] == 'A']]
		if c := must[Checked](t)(d.Check(ctx, string(flipped))); c.Verdict == Genuine || c.Verdict == Over || c.Verdict == Gone {
			wrong = append(wrong, string(flipped))
		}
	}
	if wrong != nil {
		t.Errorf("%d changed plates pass, the first is %s", len(wrong), wrong[0])
	}
	for want, text := range map[Verdict][]string{Forged: {encoded(&more)}, Foreign: {encoded(&other)}, Broken: {"", "x", payload[:len(payload)-1], payload[:40], strings.Repeat("A", MaxPlate+1), "https://example.org", payload + "AA"}} {
		for _, p := range text {
			if c := must[Checked](t)(d.Check(ctx, p)); c.Verdict != want {
				t.Errorf("%.60s is %s, want %s", p, c.Verdict, want)
			}
		}
	}
	if _, err := d.Plates(ctx, registrytest.Person("worker", "grid_worker", policy.County), PlateFilter{}); !fault.Is(err, fault.Forbidden) {
		t.Error(err)
	}
}

// signed is the signature of a payload in base64 as a note has it.
func signed(payload string) string {
	_, signature, _ := parsePlate(payload)
	return signature
}

// TestLeads: what happened since the publication about a star that stands is proposed once for each star that it is about, until a case rests on it or somebody says why not; nothing is begun by itself.
func TestLeads(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	tell := func() string {
		t.Helper()
		var out []string
		for _, l := range must[[]Lead](t)(d.Leads(ctx, officer)) {
			said := string(l.Kind) + " " + l.ID + " " + l.Star.Project + " " + l.Ground + " " + l.Effect
			if l.Waits {
				said += " waits"
			}
			if l.Dropped != nil {
				said += " dropped: " + l.Dropped.Reason
			}
			out = append(out, said)
		}
		return strings.Join(out, "\n")
	}
	is := func(when, want string) {
		t.Helper()
		if got := tell(); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", when, got, want)
		}
	}
	d.Refused("a firm sees no leads", fault.Forbidden, func() error { _, err := d.Leads(ctx, firm); return err })
	is("nothing happened", "")
	at := func(kind EventKind, id, project, on string) Event {
		return Event{Kind: kind, ID: id, Project: project, Firm: "f1", Source: string(kind), Number: "都建罚〔2026〕" + id + "号", Day: day(on)}
	}
	late, old, left, other := at(EventVeto, "4", "p1", "2026-05-21"), at(EventPenalty, "5", "p1", "2026-01-31"), at(EventPenalty, "6", "p2", "2026-05-20"), at(EventPenalty, "7", "p1", "2026-05-20")
	left.Firm, other.Firm = "f2", "f9"
	proof, later := at(EventProof, "8", "p1", "2026-05-19"), at(EventProof, "9", "p1", "2026-05-19")
	proof.Number, later.Number, proof.About, later.About = "", "", day("2025-06-01"), day("2026-04-01")
	d.events = []Event{at(EventPenalty, "1", "p1", "2026-05-20"), at(EventJudgment, "2", "", "2026-05-18"), at(EventRefusal, "3", "p1", "2026-05-17"), late, old, left, other, proof, later}
	all := "veto 4 p1 veto 摘牌\npenalty 1 p1 penalty 降为四星\nproof 8 p1 false_material 摘牌\njudgment 2 p1  按文书认定的情形\nrefusal 3 p1 refuse_leaving 摘牌"
	is("a star that is gone, a firm that serves no more, a day before the publication and proof of another year lead nowhere", all)
	leads := must[[]Lead](t)(d.Leads(ctx, officer))
	drop := func(by policy.Actor, key, reason string) func() error {
		return func() error { return d.Drop(ctx, by, key, reason) }
	}
	d.Refused("dropped by a firm", fault.Forbidden, drop(firm, leads[2].Key, "材料已经更正"))
	d.Refused("dropped by who only signs", fault.Forbidden, drop(director, leads[2].Key, "材料已经更正"))
	d.Refused("no such lead", fault.NotFound, drop(officer, strings.Repeat("0", 32), "材料已经更正"))
	d.Refused("without a reason", fault.Invalid, drop(officer, leads[2].Key, "无"), "理由")
	d.ok(drop(officer, leads[2].Key, "材料已经更正"))
	d.Refused("dropped twice", fault.Conflict, drop(chief, leads[2].Key, "材料已经更正"), "已经决定不予立案")
	without := "veto 4 p1 veto 摘牌\npenalty 1 p1 penalty 降为四星\njudgment 2 p1  按文书认定的情形\nrefusal 3 p1 refuse_leaving 摘牌"
	is("one is dropped", without+"\nproof 8 p1 false_material 摘牌 dropped: 材料已经更正")

	// A case that rests on the document, or was begun from the lead, takes it off; the others about the star wait until it is over.
	open := func(project string, l *Lead, number string) func() error {
		return func() error {
			in := Opening{Project: project, Lead: l.Key, Rests: l.Rests()}
			in.Number, in.Issuer, in.Text = number, "都昌县住建局", "挪用公共收益"
			doc, err := d.Open(ctx, officer, in, nil)
			if err == nil {
				d.one = doc
			}
			return err
		}
	}
	d.Refused("begun about another compound", fault.NotFound, open("p3", &leads[1], "都建罚〔2026〕1号"))
	d.Refused("begun from nothing", fault.NotFound, open("p1", &Lead{Key: strings.Repeat("0", 32), Ground: "penalty", Event: leads[1].Event}, "都建罚〔2026〕1号"))
	d.ok(open("p1", &leads[1], "都建罚〔2026〕11号"))
	waiting := "veto 4 p1 veto 摘牌 waits\njudgment 2 p1  按文书认定的情形 waits\nrefusal 3 p1 refuse_leaving 摘牌 waits\nproof 8 p1 false_material 摘牌 waits dropped: 材料已经更正"
	is("a case was begun from it, whatever its number", waiting)
	d.ok(d.step(officer, StepWithdraw))
	is("what was given up is proposed again", without+"\nproof 8 p1 false_material 摘牌 dropped: 材料已经更正")
	d.ok(d.open("p1", "penalty", "penalty"))
	is("a case rests on its document", waiting)
	d.Forward("2027-02-01")
	is("the star has expired", "")
}

// TestRepeated: complaints of one kind about one compound and firm are an event when there are as many as the ground asks for within its months; each is in one event, which stays the same when others follow.
func TestRepeated(t *testing.T) {
	grounds := must[*casework.Grounds](t)(ParseGrounds("standing.yaml", registrytest.Config(t, "standing.yaml")))
	why, leads := grounds.From(string(EventComplaints))
	if !leads || why.Times != 3 || why.Within != 6 {
		t.Fatalf("the shipped ground: %+v", why)
	}
	var all []complaint
	for i, said := range []string{"2026-02-10 p1 f1 lift", "2026-02-11 p1 f1 fee", "2026-03-01 p2 f1 lift", "2026-05-01 p1 f1 lift", "2026-08-10 p1 f1 lift", "2026-08-20 p1 f9 lift", "2026-09-01 p1 f1 lift", "2026-09-02 p1 f1 fee", "2026-09-03 p1 f1 lift", "2026-09-04 p1 f1 lift"} {
		part := strings.Fields(said)
		all = append(all, complaint{id: fmt.Sprint("m", i), project: part[1], firm: part[2], category: part[3], title: "电梯停运", day: day(part[0])})
	}
	var got []string
	for n := range len(all) + 1 {
		got = nil
		for _, e := range repeated(all[:n], why) {
			got = append(got, e.ID+" "+e.Project+" "+e.Firm+" "+e.Day.String()+" "+e.Source+" "+e.Text)
		}
		if n == 7 && len(got) != 1 || n == 6 && len(got) != 0 {
			t.Errorf("after %d complaints: %q", n, got)
		}
	}
	// The first was closed six months before the third: they are not within six months.
	want := []string{"m6 p1 f1 2026-09-01 matter 同一小区“电梯停运”的诉求 6 个月内 3 件办结，查实由企业负责、诉求合理：2026年5月1日、2026年8月10日、2026年9月1日"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// TestGrounds names every mistake of a standing.yaml.
func TestGrounds(t *testing.T) {
	good := string(registrytest.Config(t, "standing.yaml"))
	for old, bad := range map[string]string{"documents: [veto], events": "documents: [letter], events", "levels: 1": "levels: 9", "title: 拒不退出或者不移交": "title: 拒", "id: not_fixed": "id: penalty", "events: [veto]": "events: [rumour]", "events: [unfixed]": "events: [penalty]", "times: 3": "times: 1", ", within: 6": "", "events: [penalty]": "events: [penalty], times: 2, within: 6"} {
		if _, err := ParseGrounds("standing.yaml", []byte(strings.Replace(good, old, bad, 1))); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if !slices.Contains(Statuses(), Replaced) || len(States()) != 10 {
		t.Error("a list of states misses one")
	}
}

// FuzzPlate: what somebody's phone read from a plate is a plate in exactly one way, or refused.
func FuzzPlate(f *testing.F) {
	plate := Plate{Key: "1a2b", Number: "20260001", Name: "东街花园", Firm: "赣北物业", Level: 5, Period: "2025"}
	good, err := plate.encode("x " + base64.StdEncoding.EncodeToString(make([]byte, signatureBytes)))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", ".", good, good[:len(good)-1], good + "A", good + ".", "\n" + good} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		p, signature, err := parsePlate(payload)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || fault.MessageOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		if again, err := p.encode(signature); err != nil || again != payload {
			t.Fatalf("%+v is read from %q and from %q: %v", p, payload, again, err)
		}
	})
}
