package main

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/change"
)

// moving is one change of firm of the demonstration while it happens.
type moving struct {
	*countyLoader
	by   policy.Actor
	now  store.Doc[change.Change]
	row  registry.ProjectRow
	next string
}

// changeTales leave one change of firm in every state that leaves the firm of today in its place: what follows begins in the next year. The last one tells of a compound that came to another firm within the first year.
func changeTales() []changeTale {
	announce, custody, choose := (*moving).announce, (*moving).custody, (*moving).choose
	type steps = []func(*moving, context.Context) error
	return []changeTale{
		{}, {steps: steps{announce}}, {steps: steps{announce, custody}}, {steps: steps{announce, custody, choose}}, {steps: steps{announce, (*moving).refuse}, over: true}, {steps: steps{(*moving).withdraw}},
		{steps: steps{announce, choose, (*moving).hand}},
	}
}

// changeTale is how far a change of firm has come: its steps, and whether the last day of service is over.
type changeTale struct {
	steps []func(*moving, context.Context) error
	over  bool
}

// changeActs lets the changes of the open quarter happen, and enters what ends soon.
func (l *countyLoader) changeActs() []act {
	day := l.plan.size.current.Span().First.Add(11)
	acts := []act{{hour(day, 8), partRegister, l.endsSoon}}
	tales := changeTales()
	at := 0
	for i := range l.plan.projects {
		pr := &l.plan.projects[i]
		if pr.earlier >= 0 || i%7 != 5 || at == len(tales) {
			continue
		}
		tale := tales[at]
		at++
		acts = append(acts, act{hour(day, 11), partRegister, func(ctx context.Context) error { return l.moves(ctx, i, tale) }})
	}
	if at := l.plan.leftProjects(); len(at) == 2 {
		acts = append(acts, act{hour(day, 11), partRegister, func(ctx context.Context) error { return l.leaves(ctx, at[0], true) }},
			act{hour(day, 11), partRegister, func(ctx context.Context) error { return l.leaves(ctx, at[1], false) }})
	}
	if day.Compare(l.plan.size.handsOver()) < 0 {
		return acts // a county younger than a year has no change of firm behind it
	}
	for i := range l.plan.projects {
		if pr := &l.plan.projects[i]; pr.earlier >= 0 && pr.contract.Kind == registry.ContractChosen {
			return append(acts, act{hour(day, 11), partRegister, func(ctx context.Context) error { return l.moved(ctx, i) }})
		}
	}
	return acts
}

// moves lets one change happen: notice of the firm that holds the project, then the steps.
func (l *countyLoader) moves(ctx context.Context, i int, tale changeTale) (err error) {
	m := &moving{countyLoader: l, by: l.of("property_officer", 0), next: l.firms[(l.plan.projects[i].firm+1)%len(l.firms)]}
	if m.row, err = l.service.register.OneProject(ctx, m.by, l.projects[i]); err != nil {
		return err
	}
	today := calendar.DateOf(l.clock.Now())
	in := change.Notice{Giver: change.GiverFirm, Given: today.Add(-30 - i%20), Leaves: today.AddMonths(2), Reason: "企业经营调整，合同期满不再续约（演示）"}
	if tale.over {
		in.Given, in.Leaves = today.Add(-70), today.Add(-3)
	}
	if m.now, err = l.changes.Open(ctx, m.by, l.projects[i], m.row.Contract.ID, in, nil); err != nil {
		return err
	}
	for _, step := range tale.steps {
		if err := step(m, ctx); err != nil {
			return err
		}
	}
	return nil
}

func (m *moving) at() casework.At { return casework.At{ID: m.now.ID, Seq: m.now.Seq} }

func (m *moving) announce(ctx context.Context) (err error) {
	m.now, err = m.changes.Announce(ctx, m.by, m.at(), m.now.State.Given.Add(5), "小区公告栏和各单元门口")
	return err
}

// follows ends the contract that runs on the last day of service, once, and enters one that begins the day after the last one.
func (m *moving) follows(ctx context.Context, kind registry.ContractKind, until calendar.Date) (string, error) {
	c := &m.now.State
	register := m.service.register
	row, err := register.OneProject(ctx, m.by, c.Project)
	if err != nil {
		return "", err
	}
	seq, from := row.Seq, c.Leaves.Add(1)
	for _, k := range row.Project.Contracts {
		switch {
		case k.ID == c.Contract && k.Days.Until != c.Leaves:
			if err := register.EndContract(ctx, m.by, c.Project, seq, k.ID, c.Leaves, "企业不再续约（演示）"); err != nil {
				return "", err
			}
			seq++
		case k.ID == c.Custody:
			from = k.Days.Until.Add(1)
		}
	}
	in := registry.ContractInput{Firm: m.next, Kind: kind, Level: row.Contract.Level, Fee: row.Contract.Fee, Days: policy.Span{From: from, Until: until}}
	if err := register.AddContract(ctx, m.by, c.Project, seq, in); err != nil {
		return "", err
	}
	row, err = register.OneProject(ctx, m.by, c.Project)
	return row.Project.Contracts[len(row.Project.Contracts)-1].ID, err
}

func (m *moving) custody(ctx context.Context) error {
	contract, err := m.follows(ctx, registry.ContractCustody, m.now.State.Leaves.AddMonths(5))
	if err == nil {
		m.now, err = m.changes.Custody(ctx, m.by, m.at(), contract)
	}
	return err
}

// voted enters the vote by which the owners chose.
func (m *moving) voted(ctx context.Context, held calendar.Date) (string, error) {
	part := func(hundredths int64) registry.Owners {
		heads := m.row.Households * hundredths / 100
		return registry.Owners{Area: num.FromInt(heads * 110), Heads: heads}
	}
	return m.service.register.RecordVote(ctx, m.by, m.row.ID, registry.VoteInput{Matter: registry.MatterFirm, Title: "选聘新的物业服务企业（演示）", Notified: held.Add(-20), Held: held, Published: held.Add(2),
		All: part(100), Joined: part(80), Agreed: part(60)})
}

func (m *moving) choose(ctx context.Context) error {
	contract, err := m.follows(ctx, registry.ContractChosen, m.now.State.Leaves.AddMonths(41))
	if err != nil {
		return err
	}
	vote, err := m.voted(ctx, m.now.State.Given.Add(26))
	if err == nil {
		m.now, err = m.changes.Choose(ctx, m.by, m.at(), vote, contract)
	}
	return err
}

func (m *moving) hand(ctx context.Context) (err error) {
	if m.now, err = m.changes.Hand(ctx, m.by, m.at()); err == nil {
		m.now, err = m.changes.Item(ctx, m.by, m.at(), m.now.State.Items[0].ID, m.now.State.Given.Add(28), "")
	}
	return err
}

func (m *moving) refuse(ctx context.Context) (err error) {
	if m.now, err = m.changes.Refuse(ctx, m.by, m.at(), m.now.State.Leaves.Add(1), "企业书面表示不移交资料和用房（演示）"); err == nil {
		m.now, err = m.changes.Measure(ctx, m.by, m.at(), m.now.State.Leaves.Add(2), "约谈企业负责人（演示）")
	}
	return err
}

func (m *moving) withdraw(ctx context.Context) (err error) {
	m.now, err = m.changes.Withdraw(ctx, m.by, m.at(), "双方同意续约，通知收回（演示）")
	return err
}

// leftProjects are two projects whose firm has left: they change no hands otherwise, and nothing else of the demonstration is about the firm that they have today.
func (p *countyPlan) leftProjects() []int {
	busy := map[int]bool{}
	for _, list := range [][]int{p.handoverProjects(), p.fundProjects(), p.claimProjects()} {
		for _, i := range list {
			busy[i] = true
		}
	}
	var out []int
	for i := len(p.projects) - 1; i >= repairProjects && len(out) < 2; i-- {
		// Of eight projects five have proof and of six two have records that wait; of seven one changes its firm.
		if pr := &p.projects[i]; !busy[i] && pr.earlier < 0 && i%8 >= 5 && i%6 != 0 && i%6 != 3 && i%7 != 5 {
			out = append(out, i)
		}
	}
	return out
}

// leaves tells of a firm that left a few days ago without another one chosen: the compound is in emergency custody, or without any firm.
func (l *countyLoader) leaves(ctx context.Context, i int, custody bool) (err error) {
	m := &moving{countyLoader: l, by: l.of("property_officer", 0), next: l.firms[(l.plan.projects[i].firm+1)%len(l.firms)]}
	if m.row, err = l.service.register.OneProject(ctx, m.by, l.projects[i]); err != nil {
		return err
	}
	today := calendar.DateOf(l.clock.Now())
	in := change.Notice{Giver: change.GiverFirm, Given: today.Add(-66), Leaves: today.Add(-2), Reason: "收费率低，企业不再服务（演示）"}
	if m.now, err = l.changes.Open(ctx, m.by, l.projects[i], m.row.Contract.ID, in, nil); err != nil {
		return err
	}
	if err = m.announce(ctx); err != nil {
		return err
	}
	if custody {
		return m.custody(ctx)
	}
	return l.service.register.EndContract(ctx, m.by, m.row.ID, m.row.Seq, m.row.Contract.ID, in.Leaves, "企业到期退出，业主大会还没有选定（演示）")
}

// moved tells of a change that is done: the compound came to the firm of today within the first year.
func (l *countyLoader) moved(ctx context.Context, i int) (err error) {
	m := &moving{countyLoader: l, by: l.of("property_officer", 0)}
	if m.row, err = l.service.register.OneProject(ctx, m.by, l.projects[i]); err != nil {
		return err
	}
	old, next := m.row.Project.Contracts[0], m.row.Contract
	in := change.Notice{Giver: change.GiverOwners, Given: old.Days.Until.Add(-75), Leaves: old.Days.Until, Reason: "业主大会决定解聘（演示）"}
	if m.now, err = l.changes.Open(ctx, m.by, l.projects[i], old.ID, in, nil); err != nil {
		return err
	}
	if err = m.announce(ctx); err != nil {
		return err
	}
	vote, err := m.voted(ctx, in.Given.Add(45))
	if err != nil {
		return err
	}
	if m.now, err = l.changes.Choose(ctx, m.by, m.at(), vote, next.ID); err != nil {
		return err
	}
	if m.now, err = l.changes.Hand(ctx, m.by, m.at()); err != nil {
		return err
	}
	for _, item := range m.now.State.Items {
		if m.now, err = l.changes.Item(ctx, m.by, m.at(), item.ID, in.Leaves, ""); err != nil {
			return err
		}
	}
	m.now, err = l.changes.Finish(ctx, m.by, m.at())
	return err
}

// endingProjects is how many projects of the demonstration have an insurance, a lift or a term that ends soon.
const endingProjects = 9

// endsSoon enters insurance and inspections that end within 90 days or have ended, and terms of owners' committees that do.
func (l *countyLoader) endsSoon(ctx context.Context) error {
	by, today, register := l.of("property_officer", 0), calendar.DateOf(l.clock.Now()), l.service.register
	for i := range l.plan.projects[:min(endingProjects, len(l.plan.projects))] {
		row, err := register.OneProject(ctx, by, l.projects[i])
		if err != nil {
			return err
		}
		until := today.Add(-10 + 12*i)
		in := registry.PaperInput{Kind: registry.PaperInsurance, Number: "演示保单", Days: policy.Span{From: until.Add(-364), Until: until}}
		if i%3 == 1 {
			in.Kind, in.Subject, in.Number = registry.PaperLift, "1幢1号梯", "演示检验报告"
		}
		if err := register.PutPaper(ctx, by, row.ID, row.Seq, "", in); err != nil {
			return err
		}
		if n := len(row.Project.Bodies); i%4 == 2 && n > 0 && row.Body.Kind != registry.BodyNone {
			body := row.Project.Bodies[n-1]
			body.Days.Until = until
			if err := register.SetBody(ctx, by, row.ID, row.Seq+1, body); err != nil {
				return err
			}
		}
	}
	return nil
}
