package matter

import (
	"os"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/registrytest"
	"redsteward/supervision"
)

const (
	east = "360428100001"
)

var day = registrytest.Day

// desk is the matters over a real register on a real store, on Monday 2026-10-19 at 09:00: one compound that a firm holds, and everybody who has to do with it.
type desk struct {
	*registrytest.Desk
	*Service
	project, firm                                                                                        string
	grid, grid2, worker, committee, rider, dispatcher, dispatcher2, fire, fire2, urban, officer, manager policy.Actor
}

func person(id string, role policy.Role, unit string, scopes ...string) policy.Actor {
	return policy.Actor{ID: id, Appointments: []policy.Appointment{{Role: role, Unit: unit, Scopes: scopes}}}
}

// shippedTree is the matters.yaml that the program carries.
func shippedTree(t testing.TB, d *registrytest.Desk) *Tree {
	t.Helper()
	return registrytest.Must[*Tree](t)(ParseTree("matters.yaml", registrytest.Config(t, "matters.yaml"), d.Rights, d.HasPeriod))
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	ctx := t.Context()
	county, register, registers := registrytest.NewCounty(t, day("2026-10-19").Begins().Add(9*time.Hour))
	d := &desk{Desk: county}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err, fault.FieldsOf(err))
		}
	}
	var err error
	officer := registrytest.Person("officer", "property_officer", policy.County)
	d.firm, err = registers.CreateFirm(ctx, officer, registry.FirmInput{Name: "赣北物业服务有限公司", Code: "91360428MA7XAMPL5W", Origin: registry.OriginMarket})
	must(err)
	d.project, err = registers.CreateProject(ctx, officer, registry.ProjectInput{Name: "望湖苑", Address: "东风大道 8 号", Community: east, Households: 400, Kind: registry.KindCommodity})
	must(err)
	must(registers.AddContract(ctx, officer, d.project, 1, registry.ContractInput{Firm: d.firm, Kind: registry.ContractChosen, Level: registry.LevelNone, Days: policy.Span{From: day("2025-01-01"), Until: day("2027-12-31")}}))
	d.Service, err = New(ctx, Config{DB: d.Desk.DB, Guard: d.Guard, Keeper: d.Keeper, Now: d.Clock, Places: register, Finder: registers.Finder, Tree: shippedTree(t, d.Desk), Deadlines: d.Desk.Deadlines, Resolve: func(x calendar.Deadline) calendar.Deadline { return d.Holidays.Resolve(x) }})
	must(err)
	c, all, town, p := policy.CommunityKey(east), policy.County, policy.TownshipKey("360428100000"), policy.ProjectKey(d.project)
	d.grid, d.grid2, d.worker = person("grid", "grid_worker", c, c), person("grid2", "grid_worker", c, c), person("worker", "community_worker", c, c)
	d.committee, d.rider = person("committee", "owners_committee", "", p), person("rider", "rider", all, all)
	d.dispatcher, d.dispatcher2 = person("dispatcher", "dispatcher", town, town), person("dispatcher2", "dispatcher", town, town)
	d.fire, d.fire2, d.urban = person("fire", "department_handler", "u:fire", all), person("fire2", "department_handler", "u:fire", all), person("urban", "department_handler", "u:urban", all)
	d.officer, d.manager = officer, registrytest.Person("manager", "firm_manager", policy.FirmKey(d.firm))
	return d
}

// report reports a matter in the compound.
func (d *desk) report(by policy.Actor, category string) store.Doc[Matter] {
	d.T.Helper()
	return registrytest.Must[store.Doc[Matter]](d.T)(d.Report(d.T.Context(), by, Input{Category: category, Project: d.project, Where: "3幢1单元门前", Words: "消防通道停了两辆车"}))
}

func at(m store.Doc[Matter]) supervision.At { return supervision.At{ID: m.ID, Seq: m.Seq} }

// did is what an act made of a matter; it must not be refused.
func (d *desk) did(m store.Doc[Matter], err error) store.Doc[Matter] {
	d.T.Helper()
	return registrytest.Must[store.Doc[Matter]](d.T)(m, err)
}

// working brings a new matter to the state in which it is answered: hazards by fire, the rest by the officer.
func (d *desk) working(by policy.Actor, category, department string, handler policy.Actor) store.Doc[Matter] {
	d.T.Helper()
	ctx, m := d.T.Context(), d.report(by, category)
	m = d.did(d.Dispatch(ctx, d.dispatcher, at(m), department))
	m = d.did(d.Accept(ctx, handler, at(m)))
	return d.did(d.Begin(ctx, handler, at(m)))
}

func good() AnswerInput {
	return AnswerInput{Words: "已经清走车辆并划线", Fixed: true, Liable: "firm", Reasonable: "yes"}
}

func TestStoredFields(t *testing.T) {
	golden[Matter](t, "matter")
	golden[OrderLine](t, "matter-order-line")
	golden[Feedback](t, "matter-feedback")
}

// golden compares the stored fields of a kind with its golden file.
func golden[T any](t *testing.T, name string) {
	t.Helper()
	if err := store.CheckType[T](); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/" + name + ".fields")
	if got := strings.Join(store.FieldNames[T](), "\n") + "\n"; err != nil || got != string(want) {
		t.Errorf("stored fields of %s changed; old records would not be read:\n%s%v", name, got, err)
	}
}
