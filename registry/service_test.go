package registry

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/policy/policytest"
)

// desk is a register on a real store, seeded with the shipped divisions, on 2026-10-19.
type desk struct {
	*Service
	t       testing.TB
	on      *policytest.Desk
	officer policy.Actor
}

var (
	testNow = time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)
	today   = calendar.DateOf(testNow)
	// takenOver is when every project of the tests was first taken over.
	takenOver = today.Add(-4000)
	villages  = "360428101500" // 棠荫村 in 周溪镇
	east      = "360428100001" // 城东社区 in 都昌镇
	west      = "360428100009" // 东街社区 in 都昌镇
)

const (
	codeOne   = "91360428MA7XAMPL5W"
	codeTwo   = "91360428MA0TEYAT30"
	codeThree = "91350100M000100Y43"
)

func shippedDivisions(t testing.TB) []byte {
	t.Helper()
	table, err := os.ReadFile("../configs/divisions/duchang-divisions-2023.csv")
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	return deskOn(t, policytest.NewFilledDesk(t, testNow, "divisions", func(ctx context.Context, db *store.DB) error {
		register, err := Open(ctx, db)
		if err != nil {
			return err
		}
		_, err = register.SeedDivisions(ctx, shippedDivisions(t))
		return err
	}))
}

// newDeskWithout has no division yet.
func newDeskWithout(t testing.TB) *desk {
	t.Helper()
	return deskOn(t, policytest.NewDesk(t, testNow))
}

func deskOn(t testing.TB, on *policytest.Desk) *desk {
	t.Helper()
	register, err := Open(t.Context(), on.DB)
	if err != nil {
		t.Fatal(err)
	}
	service, err := NewService(t.Context(), register, policy.NewGuard(policytest.Rules(t), register), on.Clock)
	if err != nil {
		t.Fatal(err)
	}
	return &desk{Service: service, t: t, on: on, officer: person("property_officer", policy.County)}
}

// person holds one role in one unit for some rows.
func person(role policy.Role, scopes ...string) policy.Actor {
	a := policy.Appointment{Role: role, Scopes: scopes}
	if strings.HasPrefix(scopes[0], "f:") {
		a.Unit = scopes[0]
	}
	return policy.Actor{ID: "a-" + string(role), Appointments: []policy.Appointment{a}}
}

// manager runs one project for a firm.
func manager(firm, project string) policy.Actor {
	return policy.Actor{ID: "a-manager", Appointments: []policy.Appointment{{Role: "project_manager", Unit: policy.FirmKey(firm), Scopes: []string{policy.ProjectKey(project)}}}}
}

// records counts the journal.
func (d *desk) records() int64 {
	d.t.Helper()
	n, err := d.db.Engine().LastN(context.Background())
	if err != nil {
		d.t.Fatal(err)
	}
	return n
}

// refused runs a command that must fail with the kind and write nothing; said are parts of its message or of its fields.
func (d *desk) refused(name string, kind fault.Kind, err func() error, said ...string) {
	d.t.Helper()
	before := d.records()
	got := err()
	if fault.KindOf(got) != kind {
		d.t.Errorf("%s: %v, want %q", name, got, kind)
		return
	}
	text := fault.MessageOf(got)
	for _, f := range fault.FieldsOf(got) {
		text += "|" + f.Name + " " + f.Message
	}
	for _, part := range said {
		if !strings.Contains(text, part) {
			d.t.Errorf("%s: %q does not say %q", name, text, part)
		}
	}
	if after := d.records(); after != before {
		d.t.Errorf("%s: a refused call wrote %d records", name, after-before)
	}
}

func day(t testing.TB, text string) calendar.Date {
	t.Helper()
	if text == "" {
		return calendar.Date{}
	}
	d, err := calendar.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func span(t testing.TB, from, until string) policy.Span {
	t.Helper()
	return policy.Span{From: day(t, from), Until: day(t, until)}
}

func firmOf(name, code string) FirmInput {
	return FirmInput{Name: name, Code: code, LegalPerson: "张小敏", Phone: "13812345678", Address: "都昌镇东风大道 1 号", Origin: OriginMarket}
}

func projectOf(name, community string) ProjectInput {
	return ProjectInput{Name: name, Address: "东风大道 8 号", Community: community, Households: 400, Area: num.MustParse("52000.5"), Kind: KindCommodity, TakenOver: takenOver}
}

func contractOf(t testing.TB, firm, from, until string) ContractInput {
	return ContractInput{Firm: firm, Kind: ContractEarly, Level: LevelSecond, Fee: 120, Days: span(t, from, until)}
}

func (d *desk) firm(name, code string) string {
	d.t.Helper()
	id, err := d.CreateFirm(context.Background(), d.officer, firmOf(name, code))
	if err != nil {
		d.t.Fatal(err)
	}
	return id
}

func (d *desk) project(name, community string) string {
	d.t.Helper()
	id, err := d.CreateProject(context.Background(), d.officer, projectOf(name, community))
	if err != nil {
		d.t.Fatal(err)
	}
	return id
}

// seq is the last change of a project.
func (d *desk) seq(project string) int64 {
	d.t.Helper()
	p, err := d.projects.Load(context.Background(), project)
	if err != nil {
		d.t.Fatal(err)
	}
	return p.Seq
}

func (d *desk) contract(project string, in ContractInput) {
	d.t.Helper()
	if err := d.AddContract(context.Background(), d.officer, project, d.seq(project), in); err != nil {
		d.t.Fatal(err)
	}
}

func TestStoredFields(t *testing.T) {
	for name, check := range map[string]struct {
		err    error
		fields []string
	}{
		"division":  {store.CheckType[Division](), store.FieldNames[Division]()},
		"firm":      {store.CheckType[Firm](), store.FieldNames[Firm]()},
		"developer": {store.CheckType[Developer](), store.FieldNames[Developer]()},
		"vote":      {store.CheckType[Vote](), store.FieldNames[Vote]()},
		"revenue":   {store.CheckType[Revenue](), store.FieldNames[Revenue]()},
		"repair":    {store.CheckType[RepairFund](), store.FieldNames[RepairFund]()},
		"reminder":  {store.CheckType[Reminders](), store.FieldNames[Reminders]()},
		"project":   {store.CheckType[Project](), store.FieldNames[Project]()},
	} {
		if check.err != nil {
			t.Errorf("%s: %v", name, check.err)
		}
		golden, err := os.ReadFile("testdata/" + name + ".fields")
		if got := strings.Join(check.fields, "\n") + "\n"; err != nil || got != string(golden) {
			t.Errorf("stored fields of %s changed; old records would not be read:\n%s%v", name, got, err)
		}
	}
}

func TestSeedDivisions(t *testing.T) {
	d := newDeskWithout(t)
	ctx := t.Context()
	d.refused("a bad table", fault.Invalid, func() error {
		_, err := d.SeedDivisions(ctx, []byte("code,name,level,parent\n360428000000,都昌县,3,\n36042810,都昌镇,4,360428000000\n360428100001,城东居委会,5,360428000000\n360428000000,又一个,3,\n"))
		return err
	}, "第3行", "12 位数字", "上级不能是县", "出现两次")
	n, err := d.SeedDivisions(ctx, shippedDivisions(t))
	if err != nil || n != 337 {
		t.Fatal(n, err)
	}
	if n, err = d.SeedDivisions(ctx, shippedDivisions(t)); err != nil || n != 0 {
		t.Fatal("seeded twice", n, err)
	}
	towns, err := d.DivisionsAt(ctx, LevelTownship, today)
	if err != nil || len(towns) != 24 {
		t.Fatalf("%d townships %v", len(towns), err)
	}
	list, err := d.DivisionsBelow(ctx, "360428100000", today)
	if err != nil {
		t.Fatal(err)
	}
	urban := 0
	for _, c := range list {
		if strings.HasSuffix(c.Name, "居委会") {
			urban++
			if !strings.HasSuffix(c.Display, "社区") || c.Display == c.Name {
				t.Errorf("%s is called %s", c.Name, c.Display)
			}
		}
	}
	if urban != 13 {
		t.Errorf("%d urban communities", urban)
	}
	if all, err := d.DivisionsAt(ctx, LevelCommunity, today); err != nil || len(all) < 200 || len(all) >= 310 {
		t.Errorf("%d communities are offered %v", len(all), err)
	}
}

// TestSeedBeginsAgain: a seed that a crash cut off is completed.
func TestSeedBeginsAgain(t *testing.T) {
	d := newDeskWithout(t)
	rows, err := readDivisions(shippedDivisions(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:5] {
		if _, err := d.divisions.Commit(t.Context(), store.Meta{By: "system", Action: "division.seed"}, row.ID, 0, row.Division); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.SeedDivisions(t.Context(), shippedDivisions(t)); err != nil || d.records() != 337 {
		t.Fatal(d.records(), err)
	}
}

func TestFirmLife(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	create := func(by policy.Actor, in FirmInput) func() error {
		return func() error { _, err := d.CreateFirm(ctx, by, in); return err }
	}
	d.refused("the public", fault.Unauthenticated, create(policy.Actor{}, firmOf("赣北物业", codeOne)))
	d.refused("no right", fault.Forbidden, create(person("firm_manager", "f:x"), firmOf("赣北物业", codeOne)))
	d.refused("an officer of one township", fault.NotFound, create(person("property_officer", "t:360428100000"), firmOf("赣北物业", codeOne)))
	d.refused("every field", fault.Invalid, create(d.officer, FirmInput{Name: "甲", Code: "91350100M000100Y42", Phone: "123", Origin: "x"}),
		"name", "校验码应为 3，请核对营业执照", "phone", "origin", "市场化、国有兜底")
	id := d.firm("赣北物业服务有限公司", codeOne)
	d.refused("a code belongs to one firm", fault.Conflict, create(d.officer, firmOf("另一家物业公司", strings.ToLower(codeOne))), codeOne, "赣北物业服务有限公司")

	party := Party{Form: PartyInstructor, Members: 2, Office: "县住建局机关党委", Days: span(t, "2026-01-01", "")}
	d.refused("party: fields", fault.Invalid, func() error {
		return d.SetParty(ctx, d.officer, id, 1, Party{Form: PartyOwn, Members: -1, Office: "某局"})
	}, "members", "office", "from")
	if err := d.SetParty(ctx, d.officer, id, 1, party); err != nil {
		t.Fatal(err)
	}
	d.refused("party: overtaken", fault.Conflict, func() error { return d.SetParty(ctx, d.officer, id, 1, party) })
	if err := d.SetParty(ctx, d.officer, id, 2, Party{Form: PartyOwn, Members: 5, Days: span(t, "2026-07-01", "")}); err != nil {
		t.Fatal(err)
	}
	d.refused("party: earlier than what is there", fault.Invalid, func() error { return d.SetParty(ctx, d.officer, id, 3, party) }, "2026年7月1日")
	got, err := d.OneFirm(ctx, d.officer, id)
	if err != nil {
		t.Fatal(err)
	}
	for on, want := range map[string]PartyForm{"2025-12-31": "", "2026-01-01": PartyInstructor, "2026-06-30": PartyInstructor, "2026-07-01": PartyOwn, "2030-01-01": PartyOwn} {
		if form := got.PartyOn(day(t, on)).Form; form != want {
			t.Errorf("%s: %q, want %q", on, form, want)
		}
	}

	changed := firmOf("赣北物业服务有限公司", codeTwo)
	d.refused("change: overtaken", fault.Conflict, func() error { return d.ChangeFirm(ctx, d.officer, id, 1, changed) })
	d.refused("change: does not exist", fault.NotFound, func() error { return d.ChangeFirm(ctx, d.officer, "none", 1, changed) })
	if err := d.ChangeFirm(ctx, d.officer, id, got.Seq, changed); err != nil {
		t.Fatal(err)
	}
	// The old code is free again, the new one is taken.
	other := d.firm("另一家物业公司", codeOne)
	d.refused("the other's code", fault.Conflict, func() error { return d.ChangeFirm(ctx, d.officer, other, 1, changed) }, "赣北物业服务有限公司")
}

// TestContactsAreMasked: by role, and sealed as ciphertext.
func TestContactsAreMasked(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	id := d.firm("赣北物业服务有限公司", codeOne)
	other := d.firm("安居物业服务有限公司", codeTwo)
	for _, tt := range []struct {
		by    policy.Actor
		phone string
	}{
		{d.officer, "13812345678"},
		{person("firm_manager", policy.FirmKey(id)), "13812345678"},
		{person("legal_officer", policy.County), "138****5678"},
		{person("auditor", policy.County), "138****5678"},
	} {
		v, err := d.OneFirm(ctx, tt.by, id)
		if err != nil || v.Phone != tt.phone {
			t.Errorf("%s: %q %v", tt.by.ID, v.Phone, err)
		}
	}
	d.refused("another firm", fault.NotFound, func() error {
		_, err := d.OneFirm(ctx, person("firm_manager", policy.FirmKey(other)), id)
		return err
	})
	head, err := d.firms.Head(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	record, err := d.db.Engine().Record(ctx, head.RecordID)
	if err != nil || strings.Contains(string(record.Sealed), "13812345678") || strings.Contains(string(record.Sealed), "张小敏") {
		t.Errorf("a name or phone is sealed in the clear: %v", err)
	}
	if err := d.db.Purge(ctx, store.Meta{By: "system", Action: "purge"}, "firm/"+id); err != nil {
		t.Fatal(err)
	}
	if v, err := d.OneFirm(ctx, d.officer, id); err != nil || v.Phone != store.PurgedText || v.Name != "赣北物业服务有限公司" {
		t.Errorf("%+v %v", v.Firm, err)
	}
}

func TestProjectLife(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	create := func(by policy.Actor, in ProjectInput) func() error {
		return func() error { _, err := d.CreateProject(ctx, by, in); return err }
	}
	d.refused("no right", fault.Forbidden, create(person("community_worker", "c:"+east), projectOf("望湖苑", east)))
	d.refused("outside of the scope", fault.NotFound, create(person("property_officer", "t:360428101000"), projectOf("望湖苑", east)))
	d.refused("every field", fault.Invalid, create(d.officer, ProjectInput{Name: " ", Community: "360428999999", Area: num.MustParse("1.234"), Kind: "x", Completed: day(t, "2027-02-01"), Delivered: day(t, "2027-01-01"), TakenOver: day(t, "2027-01-01")}),
		"请填写小区名称", "address", "没有编号为“360428999999”的社区", "户数是 0 户", "最多两位小数，现在是 1.234", "kind", "竣工验收日期2027年2月1日还没有到", "交付日期2027年1月1日早于竣工验收日期2027年2月1日", "交付日期2027年1月1日还没有到", "首次承接日期2027年1月1日还没有到")
	d.refused("a township is no community", fault.Invalid, create(d.officer, projectOf("望湖苑", "360428100000")), "不是社区或村")
	d.refused("a statistical unit", fault.Invalid, create(d.officer, projectOf("望湖苑", "360428500598")), "不是社区或村")
	id := d.project("望湖苑", east)
	d.refused("the name is taken in this community", fault.Conflict, create(d.officer, projectOf(" 望湖苑 ", east)), "已经登记了名为“望湖苑”的小区")
	d.project("望湖苑", west)

	p, err := d.OneProject(ctx, d.officer, id)
	if err != nil || p.TownshipName != "都昌镇" || p.CommunityName != "城东社区" || p.Firm != "" {
		t.Fatalf("%+v %v", p, err)
	}
	moved := projectOf("望湖苑", west)
	d.refused("moved to where the name is taken", fault.Conflict, func() error { return d.ChangeProject(ctx, d.officer, id, 1, moved) })
	moved.Name = "望湖新苑"
	d.refused("moved out of the own scope", fault.NotFound, func() error {
		return d.ChangeProject(ctx, person("property_officer", "c:"+east), id, 1, moved)
	})
	if err := d.ChangeProject(ctx, d.officer, id, 1, moved); err != nil {
		t.Fatal(err)
	}
	d.project("望湖苑", east) // the old name is free

	d.refused("body: fields", fault.Invalid, func() error {
		return d.SetBody(ctx, d.officer, id, 2, Body{Kind: "x", Days: span(t, "", "")})
	}, "body", "body_from")
	if err := d.SetBody(ctx, d.officer, id, 2, Body{Kind: BodyCommittee, Days: span(t, "2022-05-01", "2027-04-30")}); err != nil {
		t.Fatal(err)
	}
	if err := d.SetBody(ctx, d.officer, id, 3, Body{Kind: BodyManagement, Days: span(t, "2026-06-01", "2028-05-31")}); err != nil {
		t.Fatal(err)
	}
	if p, err = d.OneProject(ctx, d.officer, id); err != nil || p.Body.Kind != BodyManagement || p.Project.BodyOn(day(t, "2026-05-31")).Kind != BodyCommittee || p.Project.BodyOn(day(t, "2022-04-30")).Kind != "" {
		t.Errorf("%+v %v", p.Project.Bodies, err)
	}
}

func TestContracts(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	one, two := d.firm("赣北物业服务有限公司", codeOne), d.firm("安居物业服务有限公司", codeTwo)
	id := d.project("望湖苑", east)
	add := func(in ContractInput) func() error {
		return func() error { return d.AddContract(ctx, d.officer, id, d.seq(id), in) }
	}
	d.refused("fields", fault.Invalid, add(ContractInput{Firm: "none", Fee: 10_001}), "firm", "kind", "level", "物业费是每平方米每月 100.01 元", "请填写合同起始日")
	d.refused("ends before it begins", fault.Invalid, add(contractOf(t, one, "2026-01-01", "2025-12-31")), "截止日2025年12月31日早于起始日2026年1月1日")
	d.contract(id, contractOf(t, one, "2024-01-01", "2025-12-31"))
	for name, days := range map[string][2]string{
		"shares its last day": {"2025-12-31", "2026-12-31"}, "shares its first day": {"2023-01-01", "2024-01-01"},
		"inside": {"2024-05-01", "2024-06-01"}, "around": {"2023-01-01", ""},
	} {
		d.refused(name, fault.Conflict, add(contractOf(t, two, days[0], days[1])), "赣北物业服务有限公司", "2024年1月1日至2025年12月31日")
	}
	d.contract(id, contractOf(t, one, "2026-01-01", ""))
	seq := d.seq(id)
	end := func(contract, last, why string) func() error {
		return func() error { return d.EndContract(ctx, d.officer, id, d.seq(id), contract, day(t, last), why) }
	}
	d.refused("no such contract", fault.NotFound, end("c9", "2026-12-31", "双方协商终止"))
	d.refused("ends before it begins", fault.Invalid, end("c2", "2025-12-31", ""), "早于合同起始日", "请填写原因")
	d.refused("would have ended anyway", fault.Conflict, end("c1", "2025-12-31", "双方协商终止"), "本来就在2025年12月31日到期")
	d.refused("overtaken", fault.Conflict, func() error { return d.EndContract(ctx, d.officer, id, seq-1, "c2", today, "双方协商终止") })
	if err := end("c2", "2026-06-30", "双方协商终止")(); err != nil {
		t.Fatal(err)
	}
	d.contract(id, contractOf(t, two, "2026-07-01", "2029-06-30"))
	wrong := contractOf(t, two, "2026-06-15", "2029-06-30")
	d.refused("a correction that overlaps", fault.Conflict, func() error { return d.CorrectContract(ctx, d.officer, id, d.seq(id), "c3", wrong, "录入有误") })
	right := contractOf(t, two, "2026-07-01", "2028-06-30")
	d.refused("a correction without reason", fault.Invalid, func() error { return d.CorrectContract(ctx, d.officer, id, d.seq(id), "c3", right, " ") }, "reason")
	if err := d.CorrectContract(ctx, d.officer, id, d.seq(id), "c3", right, "录入有误"); err != nil {
		t.Fatal(err)
	}

	for on, want := range map[string]string{"2023-12-31": "", "2024-01-01": one, "2025-12-31": one, "2026-06-30": one, "2026-07-01": two, "2028-06-30": two, "2028-07-01": ""} {
		p, err := d.Place(ctx, id, day(t, on))
		if err != nil || p.Firm != want || (p.FirmName == "") != (want == "") {
			t.Errorf("%s: %+v %v", on, p, err)
		}
	}
	if p, err := d.Place(ctx, id, calendar.Date{}); err != nil || p.Firm != "" {
		t.Errorf("no day: %+v %v", p, err)
	}
	if _, err := d.Place(ctx, "none", today); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	spans, err := d.Spans(ctx, one, id)
	if err != nil || len(spans) != 2 || spans[1] != span(t, "2026-01-01", "2026-06-30") {
		t.Errorf("%v %v", spans, err)
	}
	if spans, err = d.Spans(ctx, one, "none"); err != nil || spans != nil {
		t.Errorf("%v %v", spans, err)
	}
	// Tenure decides who still sees the project today.
	if _, err := d.OneProject(ctx, manager(two, id), id); err != nil {
		t.Error(err)
	}
	d.refused("the firm that left", fault.NotFound, func() error { _, err := d.OneProject(ctx, manager(one, id), id); return err })
	d.refused("its head", fault.NotFound, func() error { _, err := d.OneProject(ctx, person("firm_manager", policy.FirmKey(one)), id); return err })
}

func TestHoldings(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	one, two := d.firm("赣北物业服务有限公司", codeOne), d.firm("安居物业服务有限公司", codeTwo)
	if err := d.SetParty(ctx, d.officer, one, 1, Party{Form: PartyJoint, Members: 3, Days: span(t, "2025-01-01", "")}); err != nil {
		t.Fatal(err)
	}
	id := d.project("望湖苑", east)
	d.project("芝城花园", west)
	d.contract(id, contractOf(t, two, "2020-01-01", "2022-12-31"))
	d.contract(id, contractOf(t, one, "2024-03-15", "2025-12-31"))
	d.contract(id, contractOf(t, one, "2023-01-31", "2024-03-14"))
	d.contract(id, contractOf(t, one, "2026-01-01", "2026-12-31"))
	for _, tt := range []struct{ on, firm, since, form string }{
		{"2019-12-31", "", "", ""},
		{"2022-12-31", two, "2020-01-01", ""},
		{"2023-01-30", "", "", ""},
		{"2023-01-31", one, "2023-01-31", ""},
		{"2024-12-31", one, "2023-01-31", ""},
		{"2025-01-01", one, "2023-01-31", PartyJoint},
		{"2026-10-19", one, "2023-01-31", PartyJoint},
	} {
		h, err := d.Holding(ctx, id, day(t, tt.on))
		if err != nil || h.Firm != tt.firm || h.Since != day(t, tt.since) || h.PartyForm != tt.form || h.TakenOver != takenOver || h.Households != 400 {
			t.Errorf("%s: %+v %v", tt.on, h, err)
		}
	}
	if _, err := d.Holding(ctx, "none", today); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	var seen []string
	err := d.EachHolding(ctx, today, func(h Holding) error { seen = append(seen, h.Project+h.Firm); return nil })
	if err != nil || len(seen) != 2 || seen[0] >= seen[1] || !strings.Contains(strings.Join(seen, " "), id+one) {
		t.Errorf("%v %v", seen, err)
	}
	stop := fmt.Errorf("enough")
	if err := d.EachHolding(ctx, today, func(Holding) error { return stop }); err == nil || err.Error() != "enough" {
		t.Error(err)
	}
}
