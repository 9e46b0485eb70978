package repair

import (
	"os"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/registrytest"
	"redsteward/supervision"
)

const east = "360428100001"

var day = registrytest.Day

// desk is the logs over a real register on a real store, on Monday 2026-10-19 at 09:00: two compounds of two firms.
type desk struct {
	*registrytest.Desk
	*Service
	project, other, firm                               string
	manager, rival, site, worker, inspector, committee policy.Actor
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	ctx := t.Context()
	d := &desk{Desk: registrytest.NewDesk(t, day("2026-10-19").Begins().Add(9*time.Hour))}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err, fault.FieldsOf(err))
		}
	}
	register, err := registry.Open(ctx, d.Desk.DB)
	must(err)
	registers, err := registry.NewService(ctx, register, d.Guard, d.Clock)
	must(err)
	_, err = registers.SeedDivisions(ctx, registrytest.Config(t, "divisions/duchang-divisions-2023.csv"))
	must(err)
	officer := registrytest.Person("officer", "property_officer", policy.County)
	compound := func(name, code, compoundName string, level registry.ServiceLevel) (firm, project string) {
		firm, err := registers.CreateFirm(ctx, officer, registry.FirmInput{Name: name, Code: code, Origin: registry.OriginMarket})
		must(err)
		project, err = registers.CreateProject(ctx, officer, registry.ProjectInput{Name: compoundName, Address: "东风大道 8 号", Community: east, Households: 400, Kind: registry.KindCommodity})
		must(err)
		must(registers.AddContract(ctx, officer, project, 1, registry.ContractInput{Firm: firm, Kind: registry.ContractChosen, Level: level, Days: policy.Span{From: day("2025-01-01"), Until: day("2027-12-31")}}))
		return firm, project
	}
	var rival string
	d.firm, d.project = compound("赣北物业服务有限公司", "91360428MA7XAMPL5W", "望湖苑", "first")
	rival, d.other = compound("湖口物业服务有限公司", "91360428MA7XAMPM3P", "临江苑", registry.LevelNone)
	terms, err := ParseTerms("repairs.yaml", registrytest.Config(t, "repairs.yaml"))
	must(err)
	d.Service, err = New(ctx, Config{DB: d.Desk.DB, Guard: policy.NewGuard(d.Rights, register), Now: d.Clock, Places: register, Terms: terms, Finder: registers.Finder, Deadlines: d.Desk.Deadlines, Resolve: func(x calendar.Deadline) calendar.Deadline { return d.Holidays.Resolve(x) }})
	must(err)
	firmUnit := func(id, firm string) policy.Actor {
		return policy.Actor{ID: id, Appointments: []policy.Appointment{{Role: "firm_manager", Unit: policy.FirmKey(firm), Scopes: []string{policy.FirmKey(firm)}}}}
	}
	d.manager, d.rival = firmUnit("manager", d.firm), firmUnit("rival", rival)
	d.site = policy.Actor{ID: "site", Appointments: []policy.Appointment{{Role: "project_manager", Unit: policy.FirmKey(d.firm), Scopes: []string{policy.ProjectKey(d.project)}}}}
	d.worker, d.inspector = registrytest.Person("worker", "community_worker", policy.CommunityKey(east)), registrytest.Person("inspector", "inspector", policy.County)
	d.committee = registrytest.Person("committee", "owners_committee", policy.ProjectKey(d.project))
	return d
}

// moment is a moment in local time.
func moment(text string) journal.Time {
	t, ok := ParseMoment(text)
	if !ok {
		panic(text)
	}
	return journal.At(t)
}

// leak is a repair that somebody reported.
func leak(reported string) Said {
	return Said{Reported: moment(reported), Where: "3幢502室", What: "卫生间水管漏水", Category: "water", Phone: "13812345678"}
}

// done is leak with its end.
func done(reported, arrived, ended string) Said {
	s := leak(reported)
	s.Arrived, s.Done, s.Result = moment(arrived), moment(ended), "更换了水管"
	return s
}

func (d *desk) enter(number string, said Said) store.Doc[Repair] {
	d.T.Helper()
	return registrytest.Must[store.Doc[Repair]](d.T)(d.Enter(d.T.Context(), d.manager, Input{Project: d.project, Number: number, Said: said}))
}

func at(d store.Doc[Repair]) supervision.At { return supervision.At{ID: d.ID, Seq: d.Seq} }

func TestStoredFields(t *testing.T) {
	golden[Repair](t, "repair")
	golden[Sample](t, "repair-sample")
	golden[Line](t, "repair-import-line")
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
