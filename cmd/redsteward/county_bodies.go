package main

import (
	"bytes"
	"context"
	"errors"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/filing"
	"redsteward/registry/owners"
)

// founding is one founding or renewal of an owners' body of the demonstration while it happens.
type founding struct {
	*countyLoader
	project                    int
	worker, secretary, officer policy.Actor
	group                      calendar.Date
	now                        store.Doc[owners.Founding]
}

// foundingTales leave one founding in every state; the first one is of the compound whose committee has an account, which files.
func foundingTales() [][]func(*founding, context.Context) error {
	type steps = []func(*founding, context.Context) error
	propose, pass, show := (*founding).propose, (*founding).pass, (*founding).show
	return []steps{
		{propose, pass, show, (*founding).choose, (*founding).file}, nil, {propose}, {propose, pass}, {propose, pass, show}, {propose, pass, show, (*founding).choose}, {propose, (*founding).giveBack}, {(*founding).end},
	}
}

// bodyActs lets the foundings happen in one morning of the open quarter, with the days on which each step was.
func (l *countyLoader) bodyActs() []act {
	day := l.plan.size.current.Span().First.Add(12)
	tales, last := foundingTales(), -1
	var acts []act
	for k, tale := range tales {
		i := k * len(l.plan.projects) / len(tales)
		if i == last {
			continue // a small county has fewer compounds than tales
		}
		last = i
		acts = append(acts, act{hour(day, 13), partRegister, func(ctx context.Context) error { return l.founds(ctx, i, day, tale) }})
	}
	return acts
}

// founds lets one founding happen: 物管会 where nothing is in office, else the next committee.
func (l *countyLoader) founds(ctx context.Context, i int, day calendar.Date, steps []func(*founding, context.Context) error) (err error) {
	community := i % l.plan.size.communities
	f := &founding{countyLoader: l, project: i, worker: l.of("community_worker", community), secretary: l.of("community_secretary", community), officer: l.of("property_officer", 0), group: day.Add(-70)}
	kind := registry.BodyCommittee
	if l.plan.projects[i].body.Kind == registry.BodyNone {
		kind = registry.BodyManagement
	}
	if f.now, err = l.bodies.Open(ctx, f.worker, l.projects[i], kind, owners.Group{On: f.group, Members: 9, Owners: 5, Party: 4}, nil); err != nil {
		return err
	}
	for _, step := range steps {
		if err := step(f, ctx); err != nil {
			return err
		}
	}
	return nil
}

func (f *founding) at() casework.At { return casework.At{ID: f.now.ID, Seq: f.now.Seq} }

func (f *founding) propose(ctx context.Context) (err error) {
	f.now, err = f.bodies.Propose(ctx, f.worker, f.at(), owners.Candidates{Seats: 5, Count: owners.Count{On: f.group.Add(10), All: 8, Party: 5}})
	return err
}

func (f *founding) pass(ctx context.Context) (err error) {
	f.now, err = f.bodies.Pass(ctx, f.secretary, f.at(), owners.Count{On: f.group.Add(15), All: 7, Party: 5})
	return err
}

func (f *founding) giveBack(ctx context.Context) (err error) {
	f.now, err = f.bodies.Return(ctx, f.secretary, f.at(), "有候选人欠缴物业费，请重新推荐（演示）")
	return err
}

func (f *founding) show(ctx context.Context) (err error) {
	if f.now, err = f.bodies.Publish(ctx, f.worker, f.at(), owners.Notice{On: f.group.Add(17), Where: "小区公告栏和各单元门口"}); err == nil {
		f.now, err = f.bodies.Object(ctx, f.worker, f.at(), owners.Objection{On: f.group.Add(20), What: "一名候选人是否为业主（演示）", Answer: "已核对不动产权证，是业主"})
	}
	return err
}

// choose elects a committee by a vote that carried, or names a 物管会.
func (f *founding) choose(ctx context.Context) (err error) {
	held := f.group.Add(45)
	if f.now.State.Kind == registry.BodyManagement {
		f.now, err = f.bodies.Name(ctx, f.worker, f.at(), owners.Count{On: held, All: 5, Party: 3})
		return err
	}
	part := func(hundredths int64) registry.Owners {
		heads := f.plan.projects[f.project].input.Households * hundredths / 100
		return registry.Owners{Area: num.FromInt(heads * 110), Heads: heads}
	}
	vote, err := f.service.register.RecordVote(ctx, f.officer, f.projects[f.project], registry.VoteInput{Matter: registry.MatterElection, Title: "选举业主委员会（演示）", Notified: held.Add(-20), Held: held,
		Published: held.Add(2), All: part(100), Joined: part(80), Agreed: part(70)})
	if err == nil {
		err = f.scan(ctx, vote)
	}
	if err == nil {
		f.now, err = f.bodies.Elect(ctx, f.worker, f.at(), vote, 5, 3)
	}
	return err
}

// scan hands the tally of a vote in; all votes share one paper.
func (f *founding) scan(ctx context.Context, vote string) error {
	upload, err := f.keeper.Receive("表决票汇总（演示）.pdf", bytes.NewReader(demoPaper("tally")), files.PDF)
	if err != nil {
		return err
	}
	return errors.Join(f.service.register.AddVoteScan(ctx, f.officer, f.projects[f.project], vote, 1, registry.ScanTally, upload), upload.Close())
}

// file lets the committee file, the bureau register it, and puts the term into the register.
func (f *founding) file(ctx context.Context) error {
	var paper store.Doc[filing.Filing]
	if err := f.draftFiling(ctx, owners.FilingKind, f.project, &paper); err != nil {
		return err
	}
	for _, step := range []func(*countyLoader, context.Context, *store.Doc[filing.Filing]) error{(*countyLoader).submitFiling, (*countyLoader).acceptFiling,
		signsFiling("section_chief", policy.MoveAgree, ""), signsFiling("deputy_director", policy.MoveAgree, "")} {
		if err := step(f.countyLoader, ctx, &paper); err != nil {
			return err
		}
	}
	from := f.group.Add(46)
	years := 5
	if f.now.State.Kind == registry.BodyManagement {
		years = 3
	}
	var err error
	f.now, err = f.bodies.File(ctx, f.officer, f.at(), paper.ID, policy.Span{From: from, Until: from.AddMonths(12 * years).Add(-1)})
	return err
}

func (f *founding) end(ctx context.Context) (err error) {
	f.now, err = f.bodies.End(ctx, f.worker, f.at(), "小区列入征收，不再组建（演示）")
	return err
}
