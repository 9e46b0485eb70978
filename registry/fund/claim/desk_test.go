package claim

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"os"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/internal/store/sqlite"
	"redsteward/policy"
	"redsteward/policy/policytest"
	"redsteward/registry"
	"redsteward/registry/fund"
)

// desk is a service on a real store with a clock that tests move; p1 has a committee, p2 has none, p3 is of another developer.
type desk struct {
	*Service
	t   *testing.T
	now time.Time
	// found is what the handover says about any finding.
	found error
}

const password = "Lake-Poyang-7"

func person(id string, role policy.Role, scope string) policy.Actor {
	return policy.Actor{ID: id, Appointments: []policy.Appointment{{Role: role, Unit: scope, Scopes: []string{scope}}}}
}

var (
	committee = person("committee", "owners_committee", "p:p1")
	owner     = person("owner", "owner", "p:p1")
	community = person("community", "community_worker", "c:c1")
	developer = person("developer", "developer", "d:dev1")
	officer   = person("officer", "property_officer", policy.County)
	chief     = person("chief", "section_chief", policy.County)
	vice      = person("vice", "deputy_director", policy.County)
	director  = person("director", "director", policy.County)
	cashier   = person("cashier", "cashier", policy.County)
	stranger  = person("stranger", "owners_committee", "p:p3")
)

func (d *desk) Reauthenticate(_ context.Context, _ policy.Actor, typed string) error {
	if typed != password {
		return fault.InvalidFields("claim.Reauthenticate", fault.Field{Name: "current", Message: "现在的密码不正确，请重新输入"})
	}
	return nil
}

func (d *desk) Person(_ context.Context, id string) (policy.Actor, error) {
	for _, one := range []policy.Actor{officer, chief, vice, director} {
		if one.ID == id {
			return one, nil
		}
	}
	return policy.Actor{}, fault.New("claim.Person", fault.NotFound, "没有这个账号")
}

func (d *desk) Place(_ context.Context, project string, _ calendar.Date) (registry.Place, error) {
	place := registry.Place{Project: project, Name: "望湖苑", Community: "c1", CommunityName: "城东社区", Township: "t1", TownshipName: "都昌镇", Firm: "f1", FirmName: "一盏灯物业", Developer: "dev1"}
	switch project {
	case "p1":
	case "p2":
		place.Name = "芝城花园"
	case "p3":
		place.Name, place.Community, place.Developer = "听松园", "c2", "dev2"
	default:
		return registry.Place{}, fault.New("claim.Place", fault.NotFound, "没有找到这个小区")
	}
	return place, nil
}

func (d *desk) Built(_ context.Context, project string) (registry.Project, error) {
	p := registry.Project{Delivered: day("2023-06-30"), Buildings: []registry.Building{{BuildingInput: registry.BuildingInput{Completed: day("2023-05-31")}}}}
	if project == "p1" {
		p.Bodies = []registry.Body{{Kind: registry.BodyCommittee, Days: policy.Span{From: day("2024-01-01")}}}
	}
	return p, nil
}

func (d *desk) DeveloperName(_ context.Context, id string) (string, error) {
	return "都昌某置业" + id, nil
}

func (d *desk) Defect(context.Context, policy.Actor, string, string) (fund.Defect, error) {
	return fund.Defect{Project: "p1", Name: "屋面", Where: "3幢", Text: "渗漏"}, d.found
}

func day(text string) calendar.Date {
	d, err := calendar.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("../../../configs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err, fault.FieldsOf(err))
		}
		return v
	}
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	ctx := t.Context()
	rights := policytest.Rules(t)
	periods := must[*calendar.Rules](t)(calendar.ParseRules("deadlines.yaml", read(t, "deadlines.yaml")))
	chains := must[*policy.Chains](t)(policy.ParseChains("approvals.yaml", read(t, "approvals.yaml"), rights))
	days := must[*calendar.Calendar](t)(calendar.Parse(calendar.File{Name: "holidays", Data: read(t, "calendar/holidays-2014-2026.csv")}))
	rules := must[*Rules](t)(ParseRules("fund.yaml", read(t, "fund.yaml"), func(id string) bool { _, err := periods.Find(id); return err == nil }))
	d := &desk{t: t, now: time.Date(2026, 9, 1, 1, 0, 0, 0, time.UTC)}
	engine := must[*sqlite.Engine](t)(sqlite.Open(ctx, t.TempDir(), sqlite.Options{Relaxed: true}))
	db := must[*store.DB](t)(store.Open(ctx, engine, store.Options{Now: func() time.Time { return d.now }, MasterKey: make([]byte, 32)}))
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	guard := policy.NewGuard(rights, policy.TenureTable{})
	ledgers := must[*fund.Service](t)(fund.NewService(ctx, db, guard, d))
	d.Service = must[*Service](t)(New(ctx, Config{Estate: d, Rules: rules, Defects: d, Desk: fund.Desk{DB: db, Guard: guard, Keeper: files.NewKeeper(db, t.TempDir()), Fund: ledgers, Persons: d, Chains: chains,
		Now: func() time.Time { return d.now }, Deadlines: func(rule string, start calendar.Date) (calendar.Deadline, error) {
			r, err := periods.Find(rule)
			return days.Deadline(r, start), err
		}}}))
	id := must[string](t)(ledgers.ProposeRule(ctx, officer, fund.Terms{Title: "暂行办法", Document: "都建发〔2026〕3号", Rate: num.FromInt(2), Base: fund.BaseCost, DueBefore: fund.EventAcceptance, Years: 8, Starts: fund.EventFirstDelivery,
		Rounding: fund.RoundFen, Days: policy.Span{From: day("2026-01-01")}}, nil))
	if err := ledgers.AdoptRule(ctx, director, id, nil); err != nil {
		t.Fatal(err)
	}
	// p1 has 20,000.00 yuan in the bank.
	must[store.Doc[fund.Ledger]](t)(ledgers.Assess(ctx, officer, "p1", fund.AssessInput{Phase: "一期", Cost: 100_000_000, Day: day("2026-08-20"), Begun: day("2026-08-21")}, nil))
	must[store.Doc[fund.Ledger]](t)(ledgers.Pay(ctx, cashier, "p1", fund.Money{Due: "d1", Fen: 2_000_000, Day: day("2026-08-19"), Receipt: "赣财0001", Paper: d.stored()}, nil))
	return d
}

// upload is a paper of a form.
func (d *desk) upload() *files.Upload {
	d.t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
		d.t.Fatal(err)
	}
	up := must[*files.Upload](d.t)(d.receive(b.Bytes()))
	d.t.Cleanup(func() { _ = up.Close() })
	return up
}

func (d *desk) receive(data []byte) (*files.Upload, error) {
	return d.Keeper.Receive("照片.png", bytes.NewReader(data), files.PNG)
}

func (d *desk) stored() files.Stored {
	d.t.Helper()
	return must[files.Stored](d.t)(d.Keeper.Keep(d.t.Context(), store.Meta{By: "cashier", Action: "fund.book"}, d.upload()))
}

// forward moves the clock to 09:00 of a day.
func (d *desk) forward(to string) { d.now = day(to).Begins().Add(9 * time.Hour) }

// refused checks that a call is refused as said and wrote nothing.
func (d *desk) refused(name string, kind fault.Kind, f func() error, said ...string) {
	d.t.Helper()
	before := must[int64](d.t)(d.DB.Engine().LastN(d.t.Context()))
	err := f()
	after := must[int64](d.t)(d.DB.Engine().LastN(d.t.Context()))
	if !fault.Is(err, kind) || before != after {
		d.t.Errorf("%s: %v, %d records", name, err, after-before)
		return
	}
	text := fault.MessageOf(err)
	for _, f := range fault.FieldsOf(err) {
		text += " " + f.Name + " " + f.Message
	}
	for _, want := range said {
		if !strings.Contains(text, want) {
			d.t.Errorf("%s: %q does not say %q", name, text, want)
		}
	}
}
