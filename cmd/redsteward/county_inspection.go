package main

import (
	"context"
	"fmt"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/supervision"
	"redsteward/supervision/inspection"
)

// The departments of the demonstration as the shipped list of matters names them.
const (
	demoBureau  = "县住房和城乡建设局"
	demoBrigade = "县消防救援大队"
)

// inspectionTale is one inspection of the demonstration: its project, its ground, and what happened to it so many days before the demonstration's now.
type inspectionTale struct {
	project int
	ground  inspection.Ground
	joint   bool
	failed  []string
	beats   []claimBeat
	doc     store.Doc[inspection.Inspection]
}

// inspectionTales leave inspections in every state, one of them of two departments (综合查一次).
func inspectionTales() []*inspectionTale {
	officer, inspector := policy.Role("property_officer"), policy.Role("inspector")
	ready := func(ago int) []claimBeat {
		return []claimBeat{{ago, officer, "plan"}, {ago - 1, officer, "send"}, {ago - 2, "section_chief", "sign"}, {ago - 3, "deputy_director", "sign"}}
	}
	noticed := func(ago int) []claimBeat { return append(ready(ago), claimBeat{ago - 4, officer, "notice"}) }
	recorded := func(ago int) []claimBeat {
		return append(noticed(ago), claimBeat{ago - 7, inspector, "begin"}, claimBeat{ago - 7, inspector, "answer"}, claimBeat{ago - 7, inspector, "take"})
	}
	told := func(ago int) []claimBeat { return append(recorded(ago), claimBeat{ago - 9, officer, "tell"}) }
	return []*inspectionTale{
		{project: 3, ground: inspection.GroundRegular, beats: ready(3)[:1]}, {project: 14, ground: inspection.GroundRegular, beats: ready(4)[:2]}, {project: 25, ground: inspection.GroundRegular, beats: ready(5)},
		{project: 36, ground: inspection.GroundRegular, joint: true, beats: noticed(6)}, {project: 47, ground: inspection.GroundComplaint, beats: append(noticed(7), claimBeat{0, inspector, "begin"})},
		{project: 58, ground: inspection.GroundRegular, failed: []string{"2.1"}, beats: recorded(10)}, {project: 69, ground: inspection.GroundRegular, joint: true, failed: []string{"1.3", "4.1"}, beats: told(30)},
		{project: 80, ground: inspection.GroundRegular, beats: told(60)}, {project: 91, ground: inspection.GroundCase, failed: []string{"1.1"}, beats: told(25)}, {project: 102, ground: inspection.GroundRegular, beats: append(ready(20), claimBeat{15, officer, "drop"})},
		{project: 113, ground: inspection.GroundRegular, beats: append(ready(6)[:2], claimBeat{4, "section_chief", "return"})},
	}
}

// inspectionActs lets the inspections of the year happen; the certificates are entered first.
func (l *countyLoader) inspectionActs() []act {
	now := calendar.DateOf(mustTime(demoStart))
	acts := []act{{hour(now.Add(-100), 9), partVisits, l.certify}}
	for k, tale := range inspectionTales() {
		for n, beat := range tale.beats {
			at := hour(now.Add(-beat.ago), 8)
			if beat.ago > 0 {
				at = hour(now.Add(-beat.ago), 9+n%8)
			}
			acts = append(acts, act{at, partVisits, func(ctx context.Context) error { return told(beat, l.playInspection(ctx, beat, k, tale)) }})
		}
	}
	return append(acts, l.drawActs()...)
}

// drawnCompounds is how many compounds the draw of the demonstration takes.
const drawnCompounds = 3

// drawActs lets the year's draw happen: frozen, announced, drawn, opened; the inspections are carried out and the result is made public.
func (l *countyLoader) drawActs() []act {
	now := calendar.DateOf(mustTime(demoStart))
	doc := &store.Doc[inspection.Draw]{}
	var acts []act
	add := func(ago, h int, do func(context.Context) error) {
		acts = append(acts, act{hour(now.Add(-ago), h), partVisits, do})
	}
	step := func(ago, h int, role policy.Role, do inspection.DrawStep) {
		add(ago, h, func(ctx context.Context) error {
			if doc.ID == "" {
				return nil
			}
			next, err := l.draws.Do(ctx, l.of(role, 0), casework.At{ID: doc.ID, Seq: doc.Seq}, do, "")
			*doc = next
			return err
		})
	}
	add(52, 9, func(ctx context.Context) error {
		in := inspection.Freeze{Title: "2026 年第三季度双随机抽查（演示）", Matters: []string{"openness"}, Planned: now.Add(-40), Count: drawnCompounds, Inspectors: map[string][]string{}}
		for _, who := range l.people["inspector"][:3] {
			in.Inspectors[demoBureau] = append(in.Inspectors[demoBureau], who.ID)
		}
		if err := l.inspections.Recusals.Declare(ctx, l.of("inspector", 2), l.of("inspector", 2).ID, 0, l.projects[0], "演示：近亲属在这家企业工作"); err != nil {
			return err
		}
		next, err := l.draws.Freeze(ctx, l.of("property_officer", 0), in)
		if fault.Is(err, fault.Invalid) && len(l.projects) < wholeCounty().projects {
			return nil // a small county may have too few compounds left that can be drawn
		}
		*doc = next
		return err
	})
	step(52, 10, "property_officer", inspection.StepAnnounce)
	step(50, 9, "property_officer", inspection.StepDrawLots)
	step(50, 11, "section_chief", inspection.StepOpen)
	officer, inspector := policy.Role("property_officer"), policy.Role("inspector")
	for pick := range drawnCompounds {
		one := &inspectionTale{ground: inspection.GroundRandom}
		add(50, 12, func(ctx context.Context) (err error) {
			if pick < len(doc.State.Picks) && doc.State.Picks[pick].Inspection != "" {
				one.doc, err = l.inspections.One(ctx, l.of("property_officer", 0), doc.State.Picks[pick].Inspection)
			}
			return err
		})
		for n, beat := range []claimBeat{{49, officer, "send"}, {48, "section_chief", "sign"}, {48, "deputy_director", "sign"}, {47, officer, "notice"}, {40, inspector, "begin"}, {40, inspector, "answer"}, {40, inspector, "take"}, {38, officer, "tell"}} {
			add(beat.ago, 9+n%8, func(ctx context.Context) error {
				return told(beat, l.playInspection(ctx, beat, len(inspectionTales())+pick, one))
			})
		}
	}
	step(36, 10, officer, inspection.StepShow)
	return acts
}

// certify enters the certificates: that of one inspector ran out since, and some officers have none.
func (l *countyLoader) certify(ctx context.Context) error {
	cards, by := l.inspections.Certificates, l.of("legal_officer", 0)
	people := append(append([]policy.Actor{l.of("property_officer", 0)}, l.people["inspector"]...), l.people["joint_check"]...)
	for i, who := range people {
		first := calendar.DateOf(l.clock.Now())
		card := inspection.Certificate{Number: fmt.Sprintf("演示-360428-%03d", i+1), Issuer: "九江市司法局（演示）", From: first.AddMonths(-12), Until: first.AddMonths(24)}
		if i == len(l.people["inspector"]) {
			card.Until = first.AddMonths(1)
		}
		if err := cards.Enter(ctx, by, who.ID, 0, card); err != nil {
			return err
		}
	}
	return nil
}

// playInspection plays one beat of an inspection.
func (l *countyLoader) playInspection(ctx context.Context, beat claimBeat, k int, one *inspectionTale) (err error) {
	by, today := l.of(beat.role, 0), calendar.DateOf(l.clock.Now())
	if beat.do == "plan" {
		in := inspection.PlanInspection{Matters: []string{"entrusting", "openness"}, Day: today.Add(7), Ground: one.ground, Idem: &store.Idem{Key: fmt.Sprintf("demo-inspection-%d", k)},
			Officers: map[string][]string{demoBureau: {l.of("inspector", 0).ID, l.of("inspector", 1).ID}}}
		if !one.ground.Counted() {
			in.Why = "演示：12345 工单反映，单独核查"
		}
		if one.joint {
			in.Matters = append(in.Matters, "fire-passage")
			in.Officers[demoBrigade] = []string{l.of("joint_check", 0).ID, l.of("joint_check", 1).ID}
		}
		// A firm that has had its inspections of the year gets no other one: then it is the next compound's turn. In a small county none may be left.
		for i := range l.projects {
			in.Project = l.projects[(one.project+i)%len(l.projects)]
			if one.doc, err = l.inspections.Plan(ctx, by, in); !fault.Is(err, fault.Conflict) {
				return err
			}
		}
		return nil
	}
	if one.doc.ID == "" {
		return nil
	}
	c := &one.doc.State
	if beat.role == "inspector" {
		for _, who := range l.people["inspector"] {
			if c.Teams[0].Officers[0] == who.ID {
				by = who
			}
		}
	}
	at := casework.At{ID: one.doc.ID, Seq: one.doc.Seq}
	switch beat.do {
	case "sign", "return":
		sign := policy.Sign{Move: policy.MoveAgree, SubjectHash: c.Approval.SubjectHash}
		if beat.do == "return" {
			sign.Move, sign.Reason = policy.MoveReturn, "演示：检查日期与全局会议冲突，请改期后再送"
		}
		password, err := l.demoPassword(ctx, beat.role)
		if err == nil {
			one.doc, err = l.inspections.Sign(ctx, by, at, sign, password)
		}
		return err
	case "answer":
		for _, t := range c.Teams {
			if err := l.answerRecord(ctx, t, one.failed); err != nil {
				return err
			}
		}
		return nil
	}
	in := casework.Input{Day: today, Text: "演示：项目负责人当场办理"}
	switch beat.do {
	case "notice":
		in.Choice = "ahead"
	case "take":
		in.Choice, in.Number = "signed", ""
	}
	return l.withPaper(true, func(paper *files.Upload) (err error) {
		if beat.do == "take" {
			in.Upload = paper
		}
		return l.numbered(ctx, "inspection."+beat.do, &in, func() (err error) {
			one.doc, err = l.inspections.Do(ctx, by, at, inspection.Step(beat.do), in)
			return err
		})
	})
}

// answerRecord answers every check of a record and lets everybody sign.
func (l *countyLoader) answerRecord(ctx context.Context, t inspection.Team, failed []string) error {
	people := append(append([]policy.Actor(nil), l.people["inspector"]...), l.people["joint_check"]...)
	var officers []policy.Actor
	for _, id := range t.Officers {
		for _, who := range people {
			if who.ID == id {
				officers = append(officers, who)
			}
		}
	}
	records := l.inspections.Records()
	w, err := records.One(ctx, officers[0], t.Record)
	if err != nil {
		return err
	}
	for _, item := range w.Sheet.Items() {
		in := inspection.Found{Value: inspection.Conform}
		for _, id := range failed {
			if id == item.ID {
				in = inspection.Found{Value: inspection.Fail, Where: "服务中心", Note: "演示：与登记不一致", Photos: []inspection.Photo{l.photo}}
			}
		}
		if _, err := records.Reply(ctx, officers[0], t.Record, item.ID, in, nil); err != nil {
			return err
		}
	}
	seq := w.Visit.Seq
	for _, who := range officers {
		doc, err := records.Sign(ctx, who, supervision.At{ID: t.Record, Seq: seq})
		if err != nil {
			return err
		}
		seq = doc.Seq
	}
	return nil
}
