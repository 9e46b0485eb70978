package main

import (
	"context"
	"fmt"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/supervision/veto"
)

// issuedVeto is how a case goes until its decision was delivered, by the days before the end of its tale.
func issuedVeto() []claimBeat {
	return []claimBeat{{45, "property_officer", "draft"}, {45, "property_officer", "scan"}, {44, "property_officer", "serve"}, {42, "firm_manager", "plead"}, {41, "legal_officer", "hear"}, {30, "property_officer", "send"},
		{29, "section_chief", "sign"}, {28, "organisation", "sign"}, {27, "deputy_director", "sign"}, {14, "property_officer", "issue"}}
}

// vetoTales leave a case of 一票否决 in every state that does not take a year. Every decision is delivered after the last quarter that was published, so that no star of the demonstration changes.
func vetoTales() [][]claimBeat {
	officer, firm, chief, organisation, deputy, director := policy.Role("property_officer"), policy.Role("firm_manager"), policy.Role("section_chief"), policy.Role("organisation"), policy.Role("deputy_director"), policy.Role("director")
	with := func(before []claimBeat, more ...claimBeat) []claimBeat {
		return append(append([]claimBeat(nil), before...), more...)
	}
	issued := issuedVeto()
	drafted, sent, decided := issued[:2], issued[:6], issued[:9]
	objected := with(issued, claimBeat{11, firm, "object"})
	easing := with(issued, claimBeat{3, officer, "ease"})
	return [][]claimBeat{
		{{3, officer, "draft"}}, {{5, officer, "draft"}, {5, officer, "scan"}, {4, officer, "serve"}, {3, firm, "plead"}}, with(sent, claimBeat{29, chief, "sign"}), with(sent, claimBeat{29, chief, "return"}), decided, issued, objected,
		easing, with(easing, claimBeat{2, chief, "sign"}, claimBeat{2, organisation, "sign"}, claimBeat{1, deputy, "sign"}), with(objected, claimBeat{6, director, "uphold"}), with(objected, claimBeat{6, director, "dismiss"}), with(sent, claimBeat{29, chief, "refuse"}),
		with(drafted, claimBeat{43, officer, "withdraw"}),
	}
}

// vetoActs lets the cases happen, one project each.
func (l *countyLoader) vetoActs() (acts []act) {
	for k, tale := range vetoTales() {
		acts = append(acts, l.vetoTale(calendar.DateOf(mustTime(demoStart)), k, tale, func(ctx context.Context, on calendar.Date) (string, error) { return l.vetoProject(ctx, k, on) })...)
	}
	return acts
}

// vetoedActs is the case of the one project that earns no star: its decision is delivered on a day.
func (l *countyLoader) vetoedActs(project int, delivered calendar.Date) []act {
	tale := issuedVeto()
	return l.vetoTale(delivered.Add(tale[len(tale)-1].ago), len(vetoTales()), tale, func(context.Context, calendar.Date) (string, error) { return l.projects[project], nil })
}

// vetoTale lets one case happen until the end of its tale, about the project that is asked for on the day on which its document takes effect.
func (l *countyLoader) vetoTale(end calendar.Date, k int, tale []claimBeat, project func(context.Context, calendar.Date) (string, error)) (acts []act) {
	one := new(store.Doc[veto.Veto])
	for n, beat := range tale {
		acts = append(acts, act{hour(end.Add(-beat.ago), 9+n%8), partVisits, func(ctx context.Context) error { return told(beat, l.playVeto(ctx, beat, k, one, project)) }})
	}
	return acts
}

// playVeto plays one beat of a case.
func (l *countyLoader) playVeto(ctx context.Context, beat claimBeat, k int, one *store.Doc[veto.Veto], project func(context.Context, calendar.Date) (string, error)) error {
	if beat.do != "draft" {
		played := playedRuling[veto.Veto, veto.Step]{do: l.vetoes.Do, sign: l.vetoes.Sign, ruling: func(v *veto.Veto) *casework.Ruling { return &v.Ruling }, signing: (*veto.Veto).Signing,
			kind: "veto", number: "演示否", plea: "演示：消防控制室已经恢复，请求不予认定", heard: "演示：判定文书已经生效，事实清楚", minutes: "演示：住建局、组织部参加，一致同意认定"}
		return played.play(ctx, l, beat, k, one)
	}
	today := calendar.DateOf(l.clock.Now())
	about, err := project(ctx, today.Add(-10))
	if err != nil || about == "" {
		return err
	}
	*one, err = l.vetoes.Open(ctx, l.of(beat.role, 0), veto.Opening{Project: about, Rests: casework.Rests{Ground: "fire_hazard", Source: "fire", Number: fmt.Sprintf("演消重判〔%d〕%d号", today.Year(), k+1), Issuer: "演示县消防救援大队", Text: "演示：消防控制室停用，判定为重大火灾隐患", Effective: today.Add(-10)}}, &store.Idem{Key: fmt.Sprintf("demo-veto-%d", k)})
	return err
}

// playedRuling is how the cases of one kind of decision against a firm are played.
type playedRuling[T any, D ~string] struct {
	// do and sign are those of its service, ruling and signing what a case shares with the others and what waits for a signature.
	do      func(context.Context, policy.Actor, casework.At, D, casework.Input) (store.Doc[T], error)
	sign    func(context.Context, policy.Actor, casework.At, policy.Sign, string) (store.Doc[T], error)
	ruling  func(*T) *casework.Ruling
	signing func(*T) *policy.Approval
	// number begins the numbers of its papers; plea is what a firm says, heard what was found in the hearing, minutes what the joint review said.
	number, plea, heard, minutes string
	// kind names its papers for numbers.yaml.
	kind string
}

// play plays one beat of a case that was begun; one that was not, for want of a project, has none.
func (r *playedRuling[T, D]) play(ctx context.Context, l *countyLoader, beat claimBeat, k int, one *store.Doc[T]) (err error) {
	if one.ID == "" {
		return nil
	}
	by, today := l.of(beat.role, 0), calendar.DateOf(l.clock.Now())
	if beat.role == "firm_manager" {
		if by, err = l.managerOf(r.ruling(&one.State).Firm); err != nil {
			return err
		}
	}
	at := casework.At{ID: one.ID, Seq: one.Seq}
	if move, signs := map[string]policy.ApprovalMove{"sign": policy.MoveAgree, "return": policy.MoveReturn, "refuse": policy.MoveRefuse}[beat.do]; signs {
		password, err := l.demoPassword(ctx, beat.role)
		if err != nil {
			return err
		}
		sign := policy.Sign{Move: move, SubjectHash: r.signing(&one.State).SubjectHash}
		if move != policy.MoveAgree {
			sign.Reason = "演示：事实要再核对"
		}
		*one, err = r.sign(ctx, by, at, sign, password)
		return err
	}
	in, step := casework.Input{Day: today, Number: fmt.Sprintf("%s〔%d〕%d-%d号", r.number, today.Year(), k+1, beat.ago), Text: "演示：直接送达"}, D(beat.do)
	switch beat.do {
	case "plead", "object":
		in.Text = r.plea
	case "hear":
		in.Choice, in.Text = "reject", r.heard
	case "send":
		in.Text = r.minutes
	case "ease":
		in.Text = "演示：隐患已经销案"
	case "uphold", "dismiss":
		step, in.Choice, in.Text = casework.RuleAnswer, beat.do, "演示：已核实文书和提出的材料"
	case "withdraw":
		in.Text = "演示：文书已被撤销"
	}
	return l.withPaper(false, func(paper *files.Upload) error {
		in.Upload = paper
		return l.numbered(ctx, r.kind+"."+string(step), &in, func() (err error) {
			*one, err = r.do(ctx, by, at, step, in)
			return err
		})
	})
}

// vetoProject is the project of a tale: of those from the end of the list, that a firm holds on a day, the one whose turn it is; "" if there are too few.
func (l *countyLoader) vetoProject(ctx context.Context, k int, on calendar.Date) (string, error) {
	for i := len(l.projects) - 1; i >= 0; i-- {
		place, err := l.service.register.Place(ctx, l.projects[i], on)
		if err != nil {
			return "", err
		}
		if place.Firm == "" {
			continue
		}
		if k--; k < 0 {
			return l.projects[i], nil
		}
	}
	return "", nil
}
