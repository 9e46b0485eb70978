package main

import (
	"bytes"
	"context"
	"fmt"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/filing"
	"redsteward/registry/handover"
)

// handoverTale is how far one handover of the demonstration went: defects are how many are found on the walk, end is the state in which it stays.
type handoverTale struct {
	end     handover.State
	defects int
}

// handoverTales leave one handover in every state. The one with most defects waits for the developer, whose period is over; the filed one keeps a defect that
// the developer promised to repair and did not.
func handoverTales() []handoverTale {
	return []handoverTale{{handover.Repairing, 12}, {handover.Filed, 1}, {handover.Draft, 0}, {handover.Ready, 0}, {handover.Walking, 1}, {handover.Rechecking, 2}, {handover.Agreeing, 1}, {handover.Agreed, 0},
		{handover.Transferred, 0}, {handover.Cancelled, 0}}
}

// handoverProjects are the places of the projects of the first developer that have no buildings in the register and keep their firm, at most as many as there are tales.
func (p *countyPlan) handoverProjects() []int {
	var out []int
	for i := detailed; i < len(p.projects) && len(out) < len(handoverTales()); i++ {
		if pr := &p.projects[i]; pr.developer == 0 && pr.earlier < 0 {
			out = append(out, i)
		}
	}
	return out
}

// handoverActs let the handovers of second phases happen, each over the last two months.
func (l *countyLoader) handoverActs() []act {
	var acts []act
	now := calendar.DateOf(mustTime(demoStart))
	tales := handoverTales()
	for n, i := range l.plan.handoverProjects() {
		t := &handoverTelling{countyLoader: l, tale: tales[n], project: i, officer: l.of("property_officer", 0), builder: l.of("developer", 0), firm: l.of("firm_manager", l.plan.holder(i, l.plan.size.quarters()))}
		for k, step := range []func(context.Context) error{t.open, t.walk, t.repair, t.agree, t.finish} {
			acts = append(acts, act{hour(now.Add(-60+14*k), 9+n%8), partRegister, step})
		}
	}
	return acts
}

// handoverTelling lets one handover happen, a step at a time, until the state in which it ends.
type handoverTelling struct {
	*countyLoader
	tale                   handoverTale
	project                int
	officer, builder, firm policy.Actor
	now                    store.Doc[handover.Handover]
	found                  []string
}

// step carries on to a state, unless the tale ended before; a handover that is not there was never opened.
func (t *handoverTelling) step(do func(at handover.At) (store.Doc[handover.Handover], error)) (err error) {
	if t.now.State.State == t.tale.end {
		return nil
	}
	if t.now, err = do(handover.At{ID: t.now.ID, Seq: t.now.Seq}); err != nil {
		return fmt.Errorf("a handover that ends as %s: %w", t.tale.end, err)
	}
	return nil
}

// plain is a step of somebody that needs nothing else.
func (t *handoverTelling) plain(ctx context.Context, by policy.Actor, do func(context.Context, policy.Actor, handover.At) (store.Doc[handover.Handover], error)) error {
	return t.step(func(at handover.At) (store.Doc[handover.Handover], error) { return do(ctx, by, at) })
}

// open registers the second phase and opens its handover, with two promises for documents.
func (t *handoverTelling) open(ctx context.Context) error {
	project := t.projects[t.project]
	row, err := t.service.register.OneProject(ctx, t.officer, project)
	if err != nil {
		return err
	}
	house := registry.BuildingInput{Name: "5幢", Phase: "ph2", Kind: registry.BuildingMulti, Floors: 6, Households: 48}
	if t.tale.defects > 10 {
		house.Kind, house.Floors = registry.BuildingHigh, 18
	}
	for k, put := range []func(seq int64) error{
		func(seq int64) error { return t.service.register.PutPhase(ctx, t.officer, project, seq, "", "一期") },
		func(seq int64) error { return t.service.register.PutPhase(ctx, t.officer, project, seq, "", "二期") },
		func(seq int64) error { return t.service.register.PutBuilding(ctx, t.officer, project, seq, "", house) },
		func(seq int64) error {
			return t.service.register.PutRoom(ctx, t.officer, project, seq, "", registry.RoomInput{Kind: registry.RoomService, Place: serviceRoom, Area: num.FromInt(180)})
		},
		func(seq int64) error {
			return t.service.register.PutRoom(ctx, t.officer, project, seq, "", registry.RoomInput{Kind: registry.RoomCommunity, Place: communityRoom, Area: num.FromInt(350)})
		},
	} {
		if err := put(row.Seq + int64(k)); err != nil {
			return err
		}
	}
	today := calendar.DateOf(t.clock.Now())
	if t.now, err = t.handovers.Open(ctx, t.builder, handover.Opening{Project: project, Phase: "ph2", Inspection: today.Add(14), Delivery: today.Add(75)}); err != nil || t.tale.end == handover.Draft {
		return err
	}
	if t.tale.end == handover.Cancelled {
		return t.step(func(at handover.At) (store.Doc[handover.Handover], error) {
			return t.handovers.Cancel(ctx, t.builder, at, "楼栋登记有误，改后重办（演示）")
		})
	}
	var met []string
	for _, e := range t.handovers.List.Conditions {
		met = append(met, e.ID)
	}
	if err := t.step(func(at handover.At) (store.Doc[handover.Handover], error) {
		return t.handovers.Prepare(ctx, t.builder, at, met)
	}); err != nil {
		return err
	}
	var said []handover.Document
	for n, e := range t.handovers.List.Documents {
		d := handover.Document{ID: e.ID, Handed: n > 1}
		if !d.Handed {
			d.Promise, d.Due = "交付前补交", today.Add(50)
		}
		said = append(said, d)
	}
	if err := t.step(func(at handover.At) (store.Doc[handover.Handover], error) {
		return t.handovers.Hand(ctx, t.builder, at, said)
	}); err != nil {
		return err
	}
	return t.plain(ctx, t.firm, t.handovers.Check)
}

// walk inspects: defects first, then what is left of each group is in order. One that stays being walked has its defects only.
func (t *handoverTelling) walk(ctx context.Context) error {
	if err := t.plain(ctx, t.firm, t.handovers.Start); err != nil || t.now.State.State != handover.Walking {
		return err
	}
	items := t.handovers.List.Items(t.now.State.Buildings)
	photo := handover.Photo{Original: t.photo.Original, Shown: t.photo.Shown}
	for n := range t.tale.defects {
		item := items[n*3%len(items)]
		in := handover.Found{Value: handover.Fail, Place: "5幢东侧（演示）", Note: "与竣工图不一致（演示）", Photos: []handover.Photo{photo}}
		if _, err := t.handovers.Reply(ctx, t.firm, t.now.ID, item.ID, in, nil); err != nil {
			return err
		}
		t.found = append(t.found, item.ID)
	}
	if t.tale.end == handover.Walking {
		return nil
	}
	group := ""
	for _, item := range items {
		if group == item.Where+item.Group {
			continue
		}
		group = item.Where + item.Group
		if _, err := t.handovers.Rest(ctx, t.firm, t.now.ID, item.ID, nil); err != nil {
			return err
		}
	}
	if len(t.found) == 0 {
		return nil
	}
	return t.plain(ctx, t.firm, t.handovers.Notify)
}

// repair lets the developer report all but the last defect as repaired and the firm begin to inspect again, where a defect is disputed if it ends there; where the tale goes on, defects are carried into the
// agreement, due before the day of the demonstration.
func (t *handoverTelling) repair(ctx context.Context) (err error) {
	if t.now.State.State != handover.Repairing {
		return nil
	}
	for _, item := range t.found[:len(t.found)-1] {
		if _, err := t.handovers.Repair(ctx, t.builder, t.now.ID, item, "已返修（演示）", nil); err != nil {
			return err
		}
	}
	if err := t.plain(ctx, t.firm, t.handovers.Recheck); err != nil {
		return err
	}
	if t.now.State.State == t.tale.end {
		t.now, err = t.handovers.Dispute(ctx, t.builder, handover.At{ID: t.now.ID, Seq: t.now.Seq}, t.found[0], "竣工图已经设计变更，按变更后的图没有问题（演示）")
		return err
	}
	for _, item := range t.found {
		if _, err := t.handovers.Carry(ctx, t.firm, t.now.ID, item, "两周内重做（演示）", calendar.DateOf(t.clock.Now()).Add(14), nil); err != nil {
			return err
		}
	}
	return nil
}

// The rooms that the developer of a second phase owes.
const serviceRoom, communityRoom = "5幢一层东侧（演示）", "5幢一层西侧（演示）"

// agree measures the rooms, of which that for the community is smaller than registered, settles, signs and witnesses.
func (t *handoverTelling) agree(ctx context.Context) error {
	if s := t.now.State.State; s != handover.Walking && s != handover.Rechecking {
		return nil
	}
	if err := t.step(func(at handover.At) (store.Doc[handover.Handover], error) {
		return t.handovers.Receive(ctx, t.firm, at, []handover.Room{{Kind: registry.RoomService, Place: serviceRoom, Area: num.FromInt(180)}, {Kind: registry.RoomCommunity, Place: communityRoom, Area: num.FromInt(336)}})
	}); err != nil {
		return err
	}
	if err := t.plain(ctx, t.firm, t.handovers.Settle); err != nil {
		return err
	}
	for _, by := range []policy.Actor{t.firm, t.builder} {
		if err := t.plain(ctx, by, t.handovers.Sign); err != nil {
			return err
		}
	}
	for _, by := range []policy.Actor{t.officer, t.of("community_secretary", t.project%t.plan.size.communities)} {
		if err := t.plain(ctx, by, t.handovers.Witness); err != nil {
			return err
		}
	}
	return nil
}

// finish shows the result, transfers and files.
func (t *handoverTelling) finish(ctx context.Context) error {
	if t.now.State.State != handover.Agreed {
		return nil
	}
	today := calendar.DateOf(t.clock.Now())
	data, err := demoPhoto(0)
	if err != nil {
		return err
	}
	err = t.step(func(at handover.At) (store.Doc[handover.Handover], error) {
		photo, err := t.keeper.Receive("公示（演示）.jpg", bytes.NewReader(data), files.JPEG)
		if err != nil {
			return t.now, err
		}
		doc, err := t.handovers.Show(ctx, t.firm, at, handover.Showing{From: today, Place: "小区东门宣传栏（演示）", Photo: photo})
		if closeErr := photo.Close(); err == nil {
			err = closeErr
		}
		return doc, err
	})
	if err != nil {
		return err
	}
	if err := t.step(func(at handover.At) (store.Doc[handover.Handover], error) {
		return t.handovers.Take(ctx, t.firm, at, today)
	}); err != nil {
		return err
	}
	if t.now.State.State == t.tale.end {
		return nil
	}
	receipt, err := t.filed(ctx, today)
	if err != nil {
		return err
	}
	return t.step(func(at handover.At) (store.Doc[handover.Handover], error) {
		return t.handovers.File(ctx, t.officer, at, receipt)
	})
}

// filed files the handover with its documents and returns the filing.
func (t *handoverTelling) filed(ctx context.Context, transferred calendar.Date) (string, error) {
	doc, err := t.filings.Start(ctx, t.firm, filing.Opening{Kind: handover.FilingKind, Subject: t.projects[t.project], Happened: transferred, Note: t.now.State.Title() + "，承接查验编号 " + t.now.State.Number(t.now.ID)}, nil)
	if err != nil {
		return "", err
	}
	if err := t.handDocuments(ctx, t.firm, &doc); err != nil {
		return "", err
	}
	if doc, err = t.filings.Submit(ctx, t.firm, atFiling(&doc), transferred, doc.State.Note); err != nil {
		return "", err
	}
	for _, do := range []func(*countyLoader, context.Context, *store.Doc[filing.Filing]) error{(*countyLoader).acceptFiling, signsFiling("section_chief", policy.MoveAgree, ""), signsFiling("deputy_director", policy.MoveAgree, "")} {
		if err := do(t.countyLoader, ctx, &doc); err != nil {
			return "", err
		}
	}
	return doc.ID, nil
}
