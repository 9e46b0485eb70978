package claim

import (
	"context"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
	"redsteward/registry/registrytest"
)

// desk is a service on a real store with a clock that tests move; p1 has a committee, p2 has none, p3 is of another developer.
type desk struct {
	*Service
	*registrytest.Desk
	// numbers counts the document numbers that the forms bear.
	numbers int
	// found is what the handover says about any finding.
	found error
}

const password = registrytest.Password

var person = registrytest.Person

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

var day = registrytest.Day

func must[T any](t testing.TB) func(T, error) T { return registrytest.Must[T](t) }

func newDesk(t *testing.T) *desk {
	t.Helper()
	ctx := t.Context()
	d := &desk{Desk: registrytest.NewDesk(t, time.Date(2026, 9, 1, 1, 0, 0, 0, time.UTC))}
	rules := must[*Rules](t)(ParseRules("fund.yaml", registrytest.Config(t, "fund.yaml"), d.HasPeriod))
	ledgers := must[*fund.Service](t)(fund.NewService(ctx, d.DB, d.Guard, d))
	d.Service = must[*Service](t)(New(ctx, Config{Estate: d, Rules: rules, Defects: d, Desk: fund.Desk{Fund: ledgers, Desk: casework.Desk{DB: d.DB, Letters: d.Letters, Guard: d.Guard, Keeper: d.Keeper, Persons: registrytest.Persons{officer, chief, vice, director}, Chains: d.Chains(), Now: d.Clock, Deadlines: d.Desk.Deadlines}}}))
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

func (d *desk) stored() files.Stored {
	d.T.Helper()
	return must[files.Stored](d.T)(d.Keeper.Keep(d.T.Context(), store.Meta{By: "cashier", Action: "fund.book"}, d.Photo()))
}
