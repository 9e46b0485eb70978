package inspection

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/registry/registrytest"
	"redsteward/supervision"
)

// bureau is the desk of inspections: zhou, lin and joint hold certificates, old one that is over, chief and deputy sign.
type bureau struct {
	*Inspections
	*registrytest.Desk
	crew crew
}

var (
	joint  = person("joint", "joint_check", policy.County)
	joint2 = person("joint2", "joint_check", policy.County)
	old    = person("old", "inspector", policy.County)
	bare   = person("bare", "inspector", policy.County)
	deputy = person("deputy", "deputy_director", policy.County)
	lawyer = person("lawyer", "legal_officer", policy.County)
)

const ours, fireBrigade = "县住房和城乡建设局", "县消防救援大队"

func (b *bureau) Reauthenticate(_ context.Context, _ policy.Actor, typed string) error {
	if typed != "right" {
		return fault.InvalidFields("inspection.Reauthenticate", fault.Field{Name: "current", Message: "现在的密码不正确，请重新输入"})
	}
	return nil
}

func (b *bureau) Person(ctx context.Context, id string) (policy.Actor, error) {
	return b.crew.Person(ctx, id)
}

func (b *bureau) FirmNames(context.Context, []string) (map[string]string, error) {
	return map[string]string{"f1": "演示物业甲"}, nil
}

// newBureau opens inspections on 2 March 2026.
func newBureau(t *testing.T) *bureau {
	t.Helper()
	must := registrytest.Must[*Agenda](t)
	b := &bureau{Desk: registrytest.NewDesk(t, time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC)), crew: crew{zhou, lin, joint, joint2, old, bare, officer, chief, deputy, worker}}
	cards, err := NewCertificates(t.Context(), b.DB, b.Guard, b)
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []policy.Actor{zhou, lin, joint, joint2} {
		b.certify(cards, who.ID, "2025-01-01", "2026-12-31")
	}
	b.certify(cards, "old", "2020-01-01", "2026-01-31")
	agenda := must(ParseAgenda("inspections.yaml", registrytest.Config(t, "inspections.yaml")))
	if err := agenda.Take(shippedSheets(t)); err != nil {
		t.Fatal(err)
	}
	recusals := registrytest.Must[*Recusals](t)(NewRecusals(t.Context(), b.DB, b.Guard, register{}))
	b.Inspections, err = NewInspections(t.Context(), ChecksConfig{Places: register{}, Firms: b, Certificates: cards, Recusals: recusals, Agenda: agenda,
		Desk: casework.Desk{DB: b.DB, Letters: b.Letters, Guard: b.Guard, Keeper: b.Keeper, Persons: b, Chains: b.Chains(), Now: b.Clock, Deadlines: b.Desk.Deadlines}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bureau) certify(cards *Certificates, id, from, until string) {
	b.T.Helper()
	if err := cards.Enter(b.T.Context(), lawyer, id, 0, Certificate{Number: "赣G-" + id, Issuer: "九江市司法局", From: mustDate(from), Until: mustDate(until)}); err != nil {
		b.T.Fatal(err)
	}
}

func planned(key string) PlanInspection {
	return PlanInspection{Project: "p1", Matters: []string{"entrusting"}, Day: mustDate("2026-03-03"), Ground: GroundRegular, Officers: map[string][]string{ours: {"zhou", "lin"}}, Idem: &store.Idem{Key: key}}
}

func (b *bureau) plan(in PlanInspection) casework.At {
	b.T.Helper()
	doc := registrytest.Must[store.Doc[Inspection]](b.T)(b.Plan(b.T.Context(), officer, in))
	return casework.At{ID: doc.ID, Seq: doc.Seq}
}

func (b *bureau) do(by policy.Actor, at *casework.At, do Step, in casework.Input) *Inspection {
	b.T.Helper()
	doc := registrytest.Must[store.Doc[Inspection]](b.T)(b.Do(b.T.Context(), by, *at, do, in))
	at.Seq = doc.Seq
	return &doc.State
}

// noticed plans an inspection and leads it to the notice.
func (b *bureau) noticed(in PlanInspection) casework.At {
	b.T.Helper()
	ctx := b.T.Context()
	at := b.plan(in)
	c := b.do(officer, &at, StepSend, casework.Input{})
	for _, who := range []policy.Actor{chief, deputy} {
		doc := registrytest.Must[store.Doc[Inspection]](b.T)(b.Sign(ctx, who, at, policy.Sign{Move: policy.MoveAgree, SubjectHash: c.Approval.SubjectHash}, "right"))
		at.Seq = doc.Seq
	}
	b.do(officer, &at, StepNotice, casework.Input{Number: "都住建检〔2026〕" + in.Idem.Key, Day: b.Today(), Choice: "ahead"})
	return at
}

// answer answers every check of a record: what stands in failed is not met; then the officers sign.
func (b *bureau) answer(record string, officers []policy.Actor, failed ...string) {
	b.T.Helper()
	ctx := b.T.Context()
	w := registrytest.Must[Walk](b.T)(b.Records().One(ctx, officers[0], record))
	for _, item := range w.Sheet.Items() {
		in := Found{Value: Conform}
		for _, id := range failed {
			if id == item.ID {
				in = Found{Value: Fail, Where: "值班室", Note: "合同写明另一家", Photos: []Photo{photo}}
			}
		}
		if _, err := b.Records().Reply(ctx, officers[0], record, item.ID, in, nil); err != nil {
			b.T.Fatal(item.ID, err)
		}
	}
	for _, who := range officers {
		w = registrytest.Must[Walk](b.T)(b.Records().One(ctx, who, record))
		if _, err := b.Records().Sign(ctx, who, supervision.At{ID: record, Seq: w.Visit.Seq}); err != nil {
			b.T.Fatal(who.ID, err)
		}
	}
}

// TestInspectionStory leads an inspection of two departments from the plan to the result: code, records, signatures, findings; nothing of it is a visit.
func TestInspectionStory(t *testing.T) {
	b := newBureau(t)
	ctx := t.Context()
	in := planned("1号")
	in.Matters, in.Officers[fireBrigade] = append(in.Matters, "fire-passage"), []string{"joint", "joint2"}
	at := b.noticed(in)
	b.Forward("2026-03-03")
	if _, err := b.One(ctx, clerk, at.ID); err != nil {
		t.Errorf("the firm does not see what it was told of: %v", err)
	}
	c := b.do(zhou, &at, StepBegin, casework.Input{})
	if len(c.Teams) != 2 || c.Teams[0].Numbers[0] != "赣G-zhou" || c.Teams[1].Department != fireBrigade || c.State != OnSite {
		t.Fatalf("%s %+v", c.State, c.Teams)
	}
	v := registrytest.Must[Verified](t)(b.Verify(ctx, c.Code))
	if v.Firm != "演示物业甲" || v.Persons != 4 || len(v.Matters) != 2 || v.Number != "都住建检〔2026〕1号" || v.State != "检查中" {
		t.Errorf("the code says %+v", v)
	}
	if walks, err := b.Walks(ctx, clerk, at.ID); err != nil || len(walks) != 0 {
		t.Errorf("the firm sees a record before it was signed: %d %v", len(walks), err)
	}
	b.Refused("taken before it was signed", fault.Conflict, func() error {
		_, err := b.Do(ctx, zhou, at, StepTake, casework.Input{Choice: "signed", Text: "项目经理", Upload: b.Photo()})
		return err
	}, "还没有查完")
	b.answer(c.Teams[0].Record, []policy.Actor{zhou, lin}, "1.1", "1.3")
	b.answer(c.Teams[1].Record, []policy.Actor{joint, joint2}, "4.2")
	b.Refused("an answer after the signatures", fault.Conflict, func() error {
		_, err := b.Records().Reply(ctx, zhou, c.Teams[0].Record, "1.2", Found{Value: Fail}, nil)
		return err
	}, "笔录已经签完")
	b.Refused("refused without a witness", fault.Invalid, func() error {
		_, err := b.Do(ctx, lin, at, StepTake, casework.Input{Choice: "refused", Text: "不认可第一项", Upload: b.Photo()})
		return err
	}, "number")
	c = b.do(lin, &at, StepTake, casework.Input{Choice: "refused", Text: "不认可第一项", Number: "东街社区副书记", Upload: b.Photo()})
	if c.State != Recorded || c.Found != 3 || !c.Answered.Refused || c.Answered.Witness != "东街社区副书记" || c.Teams[0].Digest == "" || c.Result() != "发现 3 项问题" {
		t.Fatalf("%s %+v found %d", c.State, c.Answered, c.Found)
	}
	if walks, err := b.Walks(ctx, clerk, at.ID); err != nil || len(walks) != 2 {
		t.Errorf("the firm sees %d records, %v", len(walks), err)
	}
	found := registrytest.Must[supervision.Found](t)(b.Findings(ctx, officer, at.ID))
	if len(found.Findings) != 3 || !found.Formal || found.Findings[0].Kind != supervision.PaperOrder || found.Findings[0].Article != "第五十九条" || !strings.Contains(found.Findings[0].Competence, "监督管理") {
		t.Fatalf("findings %+v", found)
	}
	if f := found.Findings[2]; f.Kind != supervision.PaperTransfer || f.To != fireBrigade || f.Law != "" {
		t.Errorf("what is another department's: %+v", f)
	}
	if page, err := b.WithFindings(ctx, officer, ""); err != nil || len(page.Docs) != 1 || page.Docs[0].State.Kinds[supervision.PaperOrder] != 2 {
		t.Errorf("%+v %v", page.Docs, err)
	}
	if c = b.do(officer, &at, StepTell, casework.Input{Day: b.Today(), Text: "当面告知"}); c.State != Told || !c.State.Final() {
		t.Errorf("%s", c.State)
	}
	visits, err := NewVisits(ctx, Config{DB: b.DB, Guard: b.Guard, Places: register{}, Levels: register{}, Sheets: shippedSheets(t), Crew: b})
	if err != nil {
		t.Fatal(err)
	}
	if page, err := visits.List(ctx, officer, VisitFilter{}, ""); err != nil || len(page.Docs) != 0 {
		t.Errorf("an inspection stands among the visits: %d %v", len(page.Docs), err)
	}
	reading := func(supervision.Reading) error { t.Error("an inspection counts for the rating"); return nil }
	if err := visits.EachReading(ctx, calendar.Quarter{Year: 2026, N: 1}.Span(), b.Clock(), b.Desk.Records(t), reading); err != nil {
		t.Error(err)
	}
}

// TestYearlyCap: the third regular inspection of a firm in a year is refused, a complaint with a reason is not; one that is given up gives its place back; the next year begins anew.
func TestYearlyCap(t *testing.T) {
	b := newBureau(t)
	ctx := t.Context()
	first := b.plan(planned("1"))
	in := planned("2")
	in.Project = "p2"
	b.plan(in)
	over := func(key string, change func(*PlanInspection)) func() error {
		return func() error {
			in := planned(key)
			change(&in)
			_, err := b.Plan(ctx, officer, in)
			return err
		}
	}
	b.Refused("the third", fault.Conflict, over("3", func(*PlanInspection) {}), "达到年度上限")
	b.Refused("a complaint without a reason", fault.Invalid, over("4", func(in *PlanInspection) { in.Ground = GroundComplaint }), "why")
	if err := over("5", func(in *PlanInspection) { in.Ground, in.Why = GroundComplaint, "12345 工单 20260302-7" })(); err != nil {
		t.Error(err)
	}
	// Special inspections: only what was ordered, within its days, with a cap of their own.
	special := func(id string) func(*PlanInspection) {
		return func(in *PlanInspection) { in.Ground, in.Special = GroundSpecial, id }
	}
	b.Agenda.SpecialCap, b.Agenda.Specials = 1, []Special{{ID: "now", Name: "演示专项", Document: "演示〔2026〕1号", From: planned("x").Day, Until: planned("x").Day}, {ID: "later", Name: "以后的", Document: "演示〔2026〕2号", From: planned("x").Day.Add(1), Until: planned("x").Day.Add(9)}}
	b.Refused("a special inspection of nothing", fault.Invalid, over("s1", special("")), "ground")
	b.Refused("one that was not ordered", fault.Invalid, over("s2", special("none")), "ground")
	b.Refused("one before its days", fault.Invalid, over("s3", special("later")), "文件规定的期间")
	b.Refused("a regular one that names it", fault.Invalid, over("s4", func(in *PlanInspection) { in.Special = "now" }), "ground")
	in = planned("s5")
	special("now")(&in)
	one := b.plan(in)
	if doc, err := b.One(ctx, officer, one.ID); err != nil || doc.State.Special == nil || doc.State.Special.Document != "演示〔2026〕1号" || doc.State.Slot != 1 {
		t.Errorf("%+v %v", doc.State, err)
	}
	b.Refused("a second special one", fault.Conflict, over("s6", special("now")), "1 次专项检查")
	b.do(officer, &one, StepDrop, casework.Input{Text: "另行安排"})
	if err := over("s7", special("now"))(); err != nil {
		t.Errorf("the place of the special one was not given back: %v", err)
	}
	if n, err := b.Used(ctx, "f1", 2026); n != 2 || err != nil {
		t.Errorf("%d used, %v", n, err)
	}
	b.do(officer, &first, StepDrop, casework.Input{Text: "企业正在移交，延后"})
	if err := over("6", func(*PlanInspection) {})(); err != nil {
		t.Errorf("the place was not given back: %v", err)
	}
	if err := over("7", func(in *PlanInspection) { in.Day = mustDate("2027-01-04"); in.Officers[ours] = []string{"zhou", "lin"} })(); !fault.Is(err, fault.Invalid) {
		t.Errorf("certificates end with 2026, got %v", err)
	}
}

// TestInspectionRefused: whatever is missing, nothing is written.
func TestInspectionRefused(t *testing.T) {
	b := newBureau(t)
	ctx := t.Context()
	plan := func(by policy.Actor, change func(*PlanInspection)) func() error {
		return func() error {
			in := planned("x")
			change(&in)
			_, err := b.Plan(ctx, by, in)
			return err
		}
	}
	with := func(ids ...string) func(*PlanInspection) {
		return func(in *PlanInspection) { in.Officers = map[string][]string{ours: ids} }
	}
	for _, r := range []struct {
		name string
		kind fault.Kind
		call func() error
		said string
	}{
		{"who may only inspect", fault.Forbidden, plan(zhou, func(*PlanInspection) {}), ""},
		{"a grid worker", fault.Forbidden, plan(gridder, func(*PlanInspection) {}), ""},
		{"one person", fault.Invalid, plan(officer, with("zhou")), "至少"},
		{"the same twice", fault.Invalid, plan(officer, with("zhou", "zhou")), "选了两次"},
		{"an expired certificate", fault.Invalid, plan(officer, with("zhou", "old")), "到期"},
		{"no certificate", fault.Invalid, plan(officer, with("zhou", "bare")), "没有登记执法证"},
		{"who may not inspect", fault.Invalid, plan(officer, with("zhou", "worker")), "没有检查这个小区的权限"},
		{"a matter without a confirmed law", fault.Invalid, plan(officer, func(in *PlanInspection) { in.Matters = []string{"house-safety"} }), "还没有确认：法律法规、条款、职权依据、3.2 的责令依据"},
		{"no such matter", fault.Invalid, plan(officer, func(in *PlanInspection) { in.Matters = []string{"nothing"} }), "清单里没有"},
		{"yesterday", fault.Invalid, plan(officer, func(in *PlanInspection) { in.Day = mustDate("2026-03-01") }), "以后"},
		{"no ground", fault.Invalid, plan(officer, func(in *PlanInspection) { in.Ground = "" }), "事由"},
	} {
		said := []string{r.said}
		if r.said == "" {
			said = nil
		}
		if r.said == "至少" {
			said = []string{"2 至 6 名"}
		}
		b.Refused(r.name, r.kind, r.call, said...)
	}
	at := b.noticed(planned("9"))
	do := func(by policy.Actor, step Step, in casework.Input) func() error {
		return func() error { _, err := b.Do(ctx, by, at, step, in); return err }
	}
	b.Refused("somebody whom it does not name", fault.NotFound, do(old, StepBegin, casework.Input{}))
	b.Refused("told before it began", fault.Conflict, do(officer, StepTell, casework.Input{Day: b.Today(), Text: "电话"}), "待检查")
	card, seq, err := b.Certificates.Of(ctx, "lin")
	if err != nil || card.Number != "赣G-lin" {
		t.Fatal(card, err)
	}
	if err := b.Certificates.End(ctx, lawyer, "lin", seq, mustDate("2026-03-02"), "调离执法岗位"); err != nil {
		t.Fatal(err)
	}
	b.Refused("begun after a certificate was taken back", fault.Invalid, do(zhou, StepBegin, casework.Input{}), "已于2026年3月2日收回")
	b.Refused("another's number", fault.Invalid, func() error {
		return b.Certificates.Enter(ctx, lawyer, "bare", 0, Certificate{Number: "赣G-zhou", Issuer: "九江市司法局", From: mustDate("2026-01-01"), Until: mustDate("2026-12-31")})
	}, "另一人名下")
	b.Refused("a code that is none", fault.NotFound, func() error { _, err := b.Verify(ctx, "ABCDEF012345"); return err })
	b.Refused("papers before the record was taken", fault.Conflict, func() error { _, err := b.Findings(ctx, officer, at.ID); return err })
}

func TestStoredTypes(t *testing.T) {
	if err := errors.Join(store.CheckType[Inspection](), store.CheckType[Certificate]()); err != nil {
		t.Error(err)
	}
}

// TestAgenda: every mistake of a list has its place.
func TestAgenda(t *testing.T) {
	good := string(registrytest.Config(t, "inspections.yaml"))
	for name, change := range map[string][2]string{
		"每年的检查次数上限":        {"yearly_cap: 2", "yearly_cap: 0"},
		"只能由本局":            {"department: 县住房和城乡建设局\n    law: 《物业管理条例》", "department: 县城管局\n    law: 《物业管理条例》"},
		"编号重复":             {`id: "1.2"`, `id: "1.1"`},
		"移送函要写 to":         {"paper: transfer, to: 县消防救援大队", "paper: transfer"},
		"checks，或者写 sheet": {"    sheet: safety-fire\n    category: fire\n", "    sheet: safety-fire\n"},
		"只用于 paper:":       {"paper: suggestion, request: 在公示栏公开服务内容、标准和收费标准", "paper: suggestion, law: 某法, request: 公开"},
	} {
		if !strings.Contains(good, change[0]) {
			t.Fatalf("the shipped list does not hold %q", change[0])
		}
		_, err := ParseAgenda("x.yaml", []byte(strings.Replace(good, change[0], change[1], 1)))
		fields := fault.FieldsOf(err)
		if len(fields) == 0 || !strings.HasPrefix(fields[0].Name, "x.yaml:") || !strings.Contains(fields[0].Message, name) {
			t.Errorf("%s: %v %+v", name, err, fields)
		}
	}
}

// TestAgendaTakes: a matter that names a checklist is inspected by its items; what is not there is refused.
func TestAgendaTakes(t *testing.T) {
	good := string(registrytest.Config(t, "inspections.yaml"))
	for name, tt := range map[string]struct{ old, now, said string }{
		"another sheet":    {"sheet: safety-fire", "sheet: none", "没有 fire 这一类"},
		"another category": {"category: fire", "category: water", "没有 water 这一类"},
		"twice":            {"category: lift", "category: fire", "F1 在清单里写了两次"},
		"by scores":        {"sheet: safety-fire\n    category: fire", "sheet: four-displays\n    category: displays", "没有文书"},
	} {
		agenda, err := ParseAgenda("x.yaml", []byte(strings.Replace(good, tt.old, tt.now, 1)))
		if err != nil {
			t.Fatal(name, err)
		}
		if err := agenda.Take(shippedSheets(t)); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.MessageOf(err), tt.said) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := newBureau(t)
	at := b.noticed(PlanInspection{Project: "p1", Matters: []string{"fire-safety"}, Day: mustDate("2026-03-03"), Ground: GroundRegular, Officers: map[string][]string{fireBrigade: {"joint", "joint2"}}, Idem: &store.Idem{Key: "fire"}})
	c := b.do(joint, &at, StepBegin, casework.Input{})
	w := registrytest.Must[Walk](t)(b.Records().One(t.Context(), joint, c.Teams[0].Record))
	if item, _, ok := w.Sheet.Find("F2"); !ok || w.Sheet.Count() != 7 || item.Paper != supervision.PaperTransfer || !item.Photo {
		t.Errorf("%d items, F2 %+v", w.Sheet.Count(), item)
	}
}
