package main

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/party"
)

// register enters divisions, firms and projects as they are on the first day.
func (l *countyLoader) register(ctx context.Context) error {
	if err := l.seedDivisions(ctx); err != nil {
		return err
	}
	town, err := l.service.register.Division(ctx, l.plan.names.Communities[0])
	if err != nil {
		return err
	}
	l.township = town.Parent
	officer := l.of("property_officer", 0)
	l.firms, l.developers, l.projects = make([]string, len(l.plan.firms)), make([]string, len(l.plan.developers)), make([]string, len(l.plan.projects))
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(actsAtOnce)
	for _, g := range l.plan.grids {
		group.Go(func() error {
			if err := l.service.register.AddDivision(within, l.admin, g.id, g.community, registry.DivisionInput{Name: g.name}); err != nil {
				return err
			}
			r := draws(l.plan.seed, "grid", g.id)
			return l.service.register.SetGrid(within, l.admin, g.id, 1, registry.GridFacts{Households: g.households, FullTime: 1, PartTime: int64(1 + r.IntN(3)), Branches: 1,
				Groups: int64(2 + r.IntN(4)), Homes: int64(2 + r.IntN(6)), Residents: residentsOf(g.households)})
		})
	}
	for i := range l.plan.firms {
		group.Go(func() (err error) {
			f := &l.plan.firms[i]
			if l.firms[i], err = l.service.register.CreateFirm(within, officer, f.input); err != nil {
				return err
			}
			return l.service.register.SetParty(within, officer, l.firms[i], 1, f.party)
		})
	}
	for i := range l.plan.developers {
		group.Go(func() error { return l.registerDeveloper(within, officer, i) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	day := l.plan.size.countyDay().Add(-180)
	if err := l.service.party.SetIndustry(ctx, officer, 0, party.Industry{Name: "都昌县物业行业党支部（演示）", Higher: "住建局机关党委（演示）", Formed: day, Secretary: "程立新（演示）", Post: "物业管理股股长", Since: day, Members: 5, Applicants: 2}); err != nil {
		return err
	}
	group, within = errgroup.WithContext(ctx)
	group.SetLimit(actsAtOnce)
	for i := range l.plan.projects {
		group.Go(func() error { return l.registerProject(within, officer, i) })
	}
	return group.Wait()
}

// registerDeveloper enters a developer; the last two are not there any more.
func (l *countyLoader) registerDeveloper(ctx context.Context, officer policy.Actor, i int) (err error) {
	if l.developers[i], err = l.service.register.CreateDeveloper(ctx, officer, l.plan.developers[i]); err != nil {
		return err
	}
	since := l.plan.size.countyDay().Add(-200)
	switch developerCount - i {
	case 2:
		return l.service.register.SetStanding(ctx, officer, l.developers[i], 1, registry.Standing{State: registry.StandingGone, From: since, Basis: "两次挂号信退回（演示）"})
	case 1:
		return l.service.register.SetStanding(ctx, officer, l.developers[i], 1, registry.Standing{State: registry.StandingDissolved, From: since, Basis: "市场监管部门注销公告（演示）"})
	}
	return nil
}

// registerBuildings enters phases, buildings and rooms of a project, whose last change has the number seq; the first phase holds two buildings.
func (l *countyLoader) registerBuildings(ctx context.Context, officer policy.Actor, i int, seq int64) error {
	r, id, pr := l.service.register, l.projects[i], &l.plan.projects[i]
	house := registry.BuildingInput{Name: "1幢", Phase: "ph1", Kind: registry.BuildingHigh, Floors: 18, Area: num.FromInt(pr.input.Households / 2 * 110), Households: pr.input.Households / 2,
		Completed: pr.input.Completed, Delivered: pr.input.Delivered}
	other := house
	other.Name, other.Households = "2幢", pr.input.Households-house.Households
	other.Area = num.FromInt(other.Households * 110)
	for k, step := range []func(seq int64) error{
		func(seq int64) error { return r.PutPhase(ctx, officer, id, seq, "", "一期") },
		func(seq int64) error { return r.PutBuilding(ctx, officer, id, seq, "", house) },
		func(seq int64) error { return r.PutBuilding(ctx, officer, id, seq, "", other) },
		func(seq int64) error {
			return r.PutRoom(ctx, officer, id, seq, "", registry.RoomInput{Kind: registry.RoomService, Place: "1幢一层", Area: num.FromInt(pr.input.Households / 4), HandedOver: pr.input.Delivered})
		},
		func(seq int64) error {
			return r.PutRoom(ctx, officer, id, seq, "", registry.RoomInput{Kind: registry.RoomCommunity, Place: "2幢一层", Area: num.FromInt(350)})
		},
	} {
		if err := step(seq + int64(k)); err != nil {
			return err
		}
	}
	return l.registerVote(ctx, officer, i)
}

// registerVote enters a vote of the owners of a project; every third one did not carry.
func (l *countyLoader) registerVote(ctx context.Context, officer policy.Actor, i int) error {
	pr := &l.plan.projects[i]
	part := func(hundredths int64) registry.Owners {
		heads := pr.input.Households * hundredths / 100
		return registry.Owners{Area: num.FromInt(heads * 110), Heads: heads}
	}
	held := l.plan.size.countyDay().Add(-40 - i)
	agreed := part(60)
	if i%3 == 2 {
		agreed = part(35)
	}
	_, err := l.service.register.RecordVote(ctx, officer, l.projects[i], registry.VoteInput{Matter: "m5", Title: "使用维修资金更换电梯部件（演示）", Notified: held.Add(-20), Held: held, Published: held.Add(3),
		All: part(100), Joined: part(80), Agreed: agreed})
	return err
}

// registerProject enters a compound with its owners' body and the contract that runs on the first day.
func (l *countyLoader) registerProject(ctx context.Context, officer policy.Actor, i int) (err error) {
	pr := &l.plan.projects[i]
	input := pr.input
	if pr.developer >= 0 {
		input.Developer = l.developers[pr.developer]
	}
	if l.projects[i], err = l.service.register.CreateProject(ctx, officer, input); err != nil {
		return err
	}
	if err := l.service.register.SetBody(ctx, officer, l.projects[i], 1, pr.body); err != nil {
		return err
	}
	contract := pr.contract
	contract.Firm = l.firms[pr.firm]
	if pr.earlier >= 0 {
		contract.Firm, contract.Days.Until = l.firms[pr.earlier], l.plan.size.handsOver().Add(-1)
	}
	if err := l.service.register.AddContract(ctx, officer, l.projects[i], 2, contract); err != nil {
		return err
	}
	if pr.insured {
		day := l.plan.size.countyDay()
		policed := registry.PaperInput{Kind: registry.PaperInsurance, Subject: "全小区", Number: "演示保单", Days: policy.Span{From: day, Until: day.AddMonths(30)}}
		if err := l.service.register.PutPaper(ctx, officer, l.projects[i], 3, "", policed); err != nil {
			return err
		}
	}
	if l.plan.phased(i) {
		return l.registerBuildings(ctx, officer, i, pr.registered())
	}
	seq := pr.registered() - int64(pr.houses)
	for n, house := range pr.buildings() {
		if err := l.service.register.PutBuilding(ctx, officer, l.projects[i], seq+int64(n), "", house); err != nil {
			return err
		}
	}
	return nil
}

// buildings are the buildings of a project that has no phases; their households and areas add up to those of the project.
func (p *plannedProject) buildings() []registry.BuildingInput {
	out := make([]registry.BuildingInput, p.houses)
	area, _ := p.input.Area.Int64()
	n := int64(p.houses)
	for k := range out {
		h := registry.BuildingInput{Name: fmt.Sprintf("%d幢", k+1), Kind: registry.BuildingMulti, Floors: 6, Households: p.input.Households / n, Area: num.FromInt(area / n), Completed: p.input.Completed, Delivered: p.input.Delivered}
		if p.input.Kind != registry.KindOld && h.Households > 100 {
			h.Kind, h.Floors = registry.BuildingHigh, 18
		}
		if k == 0 {
			h.Households, h.Area = h.Households+p.input.Households%n, num.FromInt(area/n+area%n)
		}
		out[k] = h
	}
	return out
}

// registered is the number of the last change by which the compound was registered: itself, its owners' body, its contract, its insurance, and its buildings if it
// has no phases.
func (p *plannedProject) registered() int64 {
	if p.insured {
		return 4 + int64(p.houses)
	}
	return 3 + int64(p.houses)
}

// takeOver enters the contract of the firm that comes within the first year.
func (l *countyLoader) takeOver(ctx context.Context, i int) error {
	pr := &l.plan.projects[i]
	contract := pr.contract
	contract.Firm, contract.Days.From = l.firms[pr.firm], l.plan.size.handsOver()
	return l.service.register.AddContract(ctx, l.of("property_officer", 0), l.projects[i], pr.registered(), contract)
}
