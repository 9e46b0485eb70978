package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/registry/fund/claim"
	"redsteward/registry/fund/dunning"
	"redsteward/registry/fund/refund"
)

// claimBeat is one step of a claim or refund of the demonstration: so many days before its now, by the first who holds a role; "firm_manager" is the firm of the
// project, "owners_committee" its committee.
type claimBeat struct {
	ago  int
	role policy.Role
	do   string
}

// claimTales leave claims in every state: with the developer, with the officer, with who signs, with the cashier, with the developer again after a payment that the bank sent back was paid again, over, refused and taken
// back. Those that begin with a danger are urgent use: the work comes first, papers and signature follow.
func claimTales() [][]claimBeat {
	officer, firm, cashier, chief, deputy := policy.Role("property_officer"), policy.Role("firm_manager"), policy.Role("cashier"), policy.Role("section_chief"), policy.Role("deputy_director")
	notified := func(ago int) []claimBeat { return []claimBeat{{ago, firm, "open"}, {ago - 1, firm, "deliver"}} }
	filed := func(ago int) []claimBeat {
		return append(notified(ago), claimBeat{ago - 12, officer, "letter"}, claimBeat{ago - 13, chief, "sign"}, claimBeat{ago - 14, officer, "urge"}, claimBeat{ago - 40, firm, "attach"}, claimBeat{ago - 40, firm, "file"})
	}
	approved := func(ago int) []claimBeat {
		return append(filed(ago), claimBeat{ago - 41, officer, "check"}, claimBeat{ago - 42, officer, "send"}, claimBeat{ago - 43, chief, "sign"}, claimBeat{ago - 44, deputy, "sign"})
	}
	paid := func(ago int) []claimBeat {
		return append(approved(ago), claimBeat{ago - 50, firm, "attach"}, claimBeat{ago - 50, firm, "account"}, claimBeat{ago - 52, officer, "review"}, claimBeat{ago - 60, cashier, "pay"})
	}
	urgent := func(ago int) []claimBeat {
		return []claimBeat{{ago, firm, "danger"}, {ago, firm, "attach"}, {ago - 1, officer, "urgent"}}
	}
	mended := func(ago int) []claimBeat {
		return append(urgent(ago), claimBeat{ago - 2, deputy, "sign"}, claimBeat{ago - 10, firm, "attach"}, claimBeat{ago - 10, firm, "account"}, claimBeat{ago - 12, officer, "review"}, claimBeat{ago - 20, cashier, "pay"})
	}
	return [][]claimBeat{
		{{5, firm, "open"}}, append(notified(16), claimBeat{2, officer, "letter"}), filed(42), filed(50)[:5], append(filed(45), claimBeat{3, officer, "check"}, claimBeat{2, officer, "send"}), approved(46), approved(46)[:8],
		append(approved(62), claimBeat{12, firm, "attach"}, claimBeat{12, firm, "account"}),
		append(paid(90), claimBeat{28, chief, "bounce"}, claimBeat{26, cashier, "pay"}, claimBeat{25, officer, "letter"}, claimBeat{24, chief, "sign"}, claimBeat{24, officer, "ask"}),
		append(notified(30), claimBeat{20, firm, "repaired"}),
		urgent(2), mended(26),
		append(mended(90), claimBeat{69, officer, "letter"}, claimBeat{68, chief, "sign"}, claimBeat{67, officer, "ask"}, claimBeat{60, cashier, "replenish"}, claimBeat{59, officer, "settle"}),
		append(filed(55), claimBeat{11, officer, "refuse"}), append(notified(25), claimBeat{21, firm, "withdraw"}), append(filed(52), claimBeat{9, officer, "check"}, claimBeat{8, officer, "send"}, claimBeat{6, chief, "return"}),
		{{70, firm, "open"}, {69, officer, "gone"}, {60, firm, "attach"}, {60, firm, "file"}, {58, officer, "check"}, {57, officer, "send"}, {56, chief, "sign"}, {55, deputy, "sign"}, {30, firm, "attach"}, {30, firm, "account"}, {28, officer, "review"}, {20, cashier, "pay"}, {16, chief, "bounce"}},
	}
}

// refundTales leave refunds in every state: shown with an objection, signed on paper by one whose scan was looked at and by one whose scan waits for that, in the joint check, kept longer because of a defect, sent back, with the cashier, paid and given up; the last is that of a stage.
func refundTales() [][]claimBeat {
	officer, owners, chief, deputy := policy.Role("property_officer"), policy.Role("owners_committee"), policy.Role("section_chief"), policy.Role("deputy_director")
	shown := func(ago int) []claimBeat {
		return []claimBeat{{ago, officer, "open"}, {ago - 1, owners, "check"}, {ago - 1, "firm_manager", "check"}, {ago - 2, "community_worker", "check"}, {ago - 2, officer, "check"}, {ago - 3, officer, "show"}}
	}
	sent := func(ago int) []claimBeat { return append(shown(ago), claimBeat{ago - 41, officer, "send"}) }
	approved := func(ago int) []claimBeat {
		return append(sent(ago), claimBeat{ago - 42, chief, "sign"}, claimBeat{ago - 43, deputy, "sign"})
	}
	return [][]claimBeat{append(shown(45), claimBeat{30, owners, "object"}), append(sent(45), claimBeat{3, chief, "paper"}, claimBeat{2, officer, "look"}, claimBeat{1, deputy, "paper"}), {{10, officer, "open"}, {8, owners, "check"}},
		{{20, officer, "open"}, {18, owners, "defect"}, {17, officer, "extend"}}, append(sent(45), claimBeat{3, chief, "return"}), approved(45), append(approved(75), claimBeat{20, "cashier", "pay"}), {{60, officer, "open"}, {55, officer, "stop"}},
		sent(45)}
}

// dunningTales are letters about second phases that were not paid, by the place of the account among the youngest: one that was delivered and whose days have run, one that waits for its signature.
func dunningTales() map[int][]claimBeat {
	officer := policy.Role("property_officer")
	return map[int][]claimBeat{1: {{30, officer, "open"}, {29, officer, "letter"}, {28, "section_chief", "sign"}, {27, officer, "deliver"}}, 3: {{5, officer, "open"}, {4, officer, "letter"}}}
}

// backProject is a project of the plan with a refund: of everything, or of a stage.
type backProject struct {
	project int
	stage   int64
	tale    []claimBeat
}

// refundProjects are the projects of the plan with a refund: those whose deposit ends soon or has ended, at most one for each tale but the last, and the one whose first stage has just come.
func (p *countyPlan) refundProjects() []backProject {
	now, tales := calendar.DateOf(mustTime(demoStart)), refundTales()
	whole, staged := tales[:len(tales)-1], tales[len(tales)-1]
	var out []backProject
	stage := -1
	for _, i := range p.fundProjects() {
		delivered := p.projects[i].input.Delivered
		switch over := func(years int) bool { return delivered.AddMonths(12*years).Compare(now) < 0 }; {
		case p.holder(i, p.size.quarters()) < 0:
		case delivered.AddMonths(12*fundYears).Compare(now.Add(40)) <= 0 && len(out) < len(whole):
			out = append(out, backProject{i, 0, whole[len(out)]})
		case delivered.Add(-30).Compare(demoStagesFrom()) >= 0 && over(stageYears):
			stage = i
		}
	}
	if stage >= 0 {
		out = append(out, backProject{stage, 1, staged})
	}
	return out
}

// claimProjects are those for claims: one firm holds them this quarter and the last, and no refund runs.
func (p *countyPlan) claimProjects() []int {
	n := p.size.quarters()
	busy := map[int]bool{}
	for _, back := range p.refundProjects() {
		busy[back.project] = true
	}
	var out []int
	for k, i := range p.fundProjects() {
		if k > 4 && !busy[i] && p.holder(i, n) >= 0 && p.holder(i, n) == p.holder(i, n-1) && len(out) < len(claimTales()) {
			out = append(out, i)
		}
	}
	return out
}

// player is who plays a beat for a project; place is the place of the project among those with a committee of their own.
func (l *countyLoader) player(role policy.Role, project, place int) policy.Actor {
	switch role {
	case "firm_manager":
		return l.filer(project)
	case "owners_committee":
		return l.of(role, 1+place)
	case "community_worker":
		return l.of(role, project) // communities take the projects in turn
	}
	return l.of(role, 0)
}

// claimActs lets the claims and refunds of the year happen.
func (l *countyLoader) claimActs() []act {
	now := calendar.DateOf(mustTime(demoStart))
	var acts []act
	for k, i := range l.plan.claimProjects() {
		c := new(store.Doc[claim.Claim])
		for n, beat := range claimTales()[k] {
			acts = append(acts, act{hour(now.Add(-beat.ago), 9+n%8), partFund, func(ctx context.Context) error {
				return told(beat, l.playClaim(ctx, beat, l.player(beat.role, i, 0), i, c))
			}})
		}
	}
	for k, back := range l.plan.refundProjects() {
		r := new(store.Doc[refund.Refund])
		for n, beat := range back.tale {
			acts = append(acts, act{hour(now.Add(-beat.ago), 9+n%8), partFund, func(ctx context.Context) error {
				return told(beat, l.playRefund(ctx, beat, l.player(beat.role, back.project, k), back, r))
			}})
		}
	}
	projects := l.plan.fundProjects()
	for place, tale := range dunningTales() {
		if place >= len(projects) {
			continue
		}
		d := new(store.Doc[dunning.Dunning])
		for n, beat := range tale {
			acts = append(acts, act{hour(now.Add(-beat.ago), 9+n%8), partFund, func(ctx context.Context) error {
				return told(beat, l.playDunning(ctx, beat, l.projects[projects[place]], d))
			}})
		}
	}
	return acts
}

// playDunning plays one beat of a letter about a late deposit.
func (l *countyLoader) playDunning(ctx context.Context, beat claimBeat, project string, d *store.Doc[dunning.Dunning]) (err error) {
	by, at := l.of(beat.role, 0), casework.At{ID: d.ID, Seq: d.Seq}
	switch beat.do {
	case "open":
		*d, err = l.dunnings.Open(ctx, by, project, "d2", nil)
		return err
	case "sign":
		sign, password, err := l.demoMove(ctx, beat, d.State.Signing())
		if err == nil {
			*d, err = l.dunnings.Sign(ctx, by, at, sign, password)
		}
		return err
	}
	return l.withPaper(false, func(paper *files.Upload) (err error) {
		in := casework.Input{Day: calendar.DateOf(l.clock.Now()), Text: "直接送达（演示）", Upload: paper}
		return l.numbered(ctx, "fund-dunning."+beat.do, &in, func() (err error) {
			*d, err = l.dunnings.Do(ctx, by, at, dunning.Step(beat.do), in)
			return err
		})
	})
}

// told says which beat failed.
func told(beat claimBeat, err error) error {
	if err != nil {
		return fmt.Errorf("%s by %s %d days ago: %w", beat.do, beat.role, beat.ago, err)
	}
	return nil
}

// withPaper calls do with the one paper that all claims of the demonstration show, or the one picture.
func (l *countyLoader) withPaper(picture bool, do func(*files.Upload) error) error {
	name, data, kind := "材料（演示）.pdf", demoPaper("DEMO claim"), files.PDF
	if picture {
		var err error
		if data, err = demoPhoto(0); err != nil {
			return err
		}
		name, kind = "现场（演示）.jpg", files.JPEG
	}
	upload, err := l.keeper.Receive(name, bytes.NewReader(data), kind)
	if err != nil {
		return err
	}
	err = do(upload)
	if closeErr := upload.Close(); err == nil {
		err = closeErr
	}
	return err
}

// demoMove is what somebody says who signs or returns in a beat, and the password of the role.
func (l *countyLoader) demoMove(ctx context.Context, beat claimBeat, waits *policy.Approval) (policy.Sign, string, error) {
	password, err := l.demoPassword(ctx, beat.role)
	sign := policy.Sign{Move: policy.MoveAgree, SubjectHash: waits.SubjectHash}
	if beat.do == "return" {
		sign.Move, sign.Reason = policy.MoveReturn, "演示：金额与材料不一致，请核对"
	}
	return sign, password, err
}

// wantedNow reports whether a claim attaches a document when its tale says so: with a danger what urgent use asks for, once the work is done what the final account asks for and what is still missing, else what a claim asks for.
func wantedNow(c *claim.Claim, w claim.Wanted) bool {
	switch _, has := c.Document(w.ID); {
	case has:
		return false
	case c.State == claim.Repairing:
		return w.When == claim.WhenAccount || w.When == claim.WhenFile
	case c.Danger != "":
		return w.When == claim.WhenUrgent
	}
	return w.When == claim.WhenFile
}

// numbered does a step with the next number of its series, if there is one for it.
func (l *countyLoader) numbered(ctx context.Context, code string, in *casework.Input, do func() error) error {
	year := calendar.DateOf(l.clock.Now()).Year()
	if next, err := l.letters.Next(ctx, code, year); err != nil || next == "" {
		return errors.Join(err, do())
	}
	l.numbering.Lock()
	defer l.numbering.Unlock()
	var err error
	if in.Number, err = l.letters.Next(ctx, code, year); err != nil {
		return err
	}
	return do()
}

// playClaim plays one beat of a claim.
func (l *countyLoader) playClaim(ctx context.Context, beat claimBeat, by policy.Actor, project int, c *store.Doc[claim.Claim]) (err error) {
	at := casework.At{ID: c.ID, Seq: c.Seq}
	delivered := l.plan.projects[project].input.Delivered
	in := casework.Input{Day: calendar.DateOf(l.clock.Now()), Fen: 3_000_000, Number: "演示〔2026〕" + fmt.Sprint(beat.ago) + "号", Text: "演示：情况属实"}
	switch beat.do {
	case "open", "danger":
		opening := claim.Opening{Project: l.projects[project], Part: "structure", Where: "3幢地下室（演示）", Defect: "演示：侧墙渗漏，顶板开裂", Completed: delivered.Add(-60), Delivered: delivered}
		if beat.do == "danger" {
			opening.Where, opening.Defect, opening.Danger = "5幢女儿墙（演示）", "演示：女儿墙开裂外倾", "演示：下方是出入口，随时可能坠落"
		}
		return l.withPaper(true, func(photo *files.Upload) (err error) {
			opening.Photo = photo
			*c, err = l.claims.Open(ctx, by, opening)
			return err
		})
	case "sign", "return":
		sign, password, err := l.demoMove(ctx, beat, c.State.Signing())
		if err == nil {
			*c, err = l.claims.Sign(ctx, by, at, sign, password)
		}
		return err
	case "attach":
		for _, w := range l.claims.Rules.Documents {
			if !wantedNow(&c.State, w) {
				continue
			}
			in.Choice = w.ID
			err = l.withPaper(false, func(paper *files.Upload) (err error) {
				in.Upload = paper
				*c, err = l.claims.Do(ctx, by, casework.At{ID: c.ID, Seq: c.Seq}, claim.StepAttach, in)
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	case "replenish":
		ledger, err := l.fund.Balance(ctx, c.State.Project)
		if err != nil {
			return err
		}
		due, _ := ledger.Replenishment(c.ID)
		return l.payFund(ctx, by, project, due.ID, due.Open(), in.Day, "赣财演91001")
	case "gone":
		in.Text = "破产（演示）"
	case "refuse":
		in.Text = "演示：渗漏由业主自行改动防水层造成，不属于保修范围"
	case "withdraw":
		in.Text = "演示：由业主自行维修，不再申请"
	}
	return l.withPaper(beat.do == "account", func(paper *files.Upload) (err error) {
		in.Upload = paper
		return l.numbered(ctx, "fund-claim."+beat.do, &in, func() (err error) {
			*c, err = l.claims.Do(ctx, by, at, claim.Step(beat.do), in)
			return err
		})
	})
}

// recorder is who records what others signed on paper.
const recorder = policy.Role("property_officer")

// playRefund plays one beat of a refund.
func (l *countyLoader) playRefund(ctx context.Context, beat claimBeat, by policy.Actor, back backProject, r *store.Doc[refund.Refund]) (err error) {
	if beat.do == "open" {
		*r, err = l.refunds.Open(ctx, by, l.projects[back.project], "d1", back.stage, nil)
		return err
	}
	at := casework.At{ID: r.ID, Seq: r.Seq}
	in, step := casework.Input{Day: calendar.DateOf(l.clock.Now()), Number: "演付" + fmt.Sprint(beat.ago), Choice: "clean", Text: "演示：没有发现未修复的缺陷"}, refund.Step(beat.do)
	switch beat.do {
	case "sign", "return":
		sign, password, err := l.demoMove(ctx, beat, r.State.Approval)
		if err == nil {
			*r, err = l.refunds.Sign(ctx, by, at, sign, password)
		}
		return err
	case "paper": // by signed on paper, which another officer records
		password, err := l.demoPassword(ctx, recorder)
		if err != nil {
			return err
		}
		return l.withPaper(false, func(paper *files.Upload) (err error) {
			*r, err = l.refunds.SignOnPaper(ctx, l.of(recorder, 0), at, policy.OnPaper{Hash: r.State.Approval.SubjectHash, Signer: by.ID, SignedOn: in.Day, Upload: paper}, password)
			return err
		})
	case "look": // by a third one
		sign, password, err := l.demoMove(ctx, beat, r.State.Approval)
		if err == nil {
			sign.Move, sign.Paper = policy.MoveConfirmPaper, r.State.Approval.Papers()[0].Paper
			*r, err = l.refunds.Sign(ctx, l.of(beat.role, 1), at, sign, password)
		}
		return err
	case "object":
		in.Text = "演示：北门围墙开裂，要求先修好再退还"
	case "defect":
		in.Choice, in.Text, step = "defect", "演示：2幢屋面还在渗漏", refund.StepCheck
	case "extend":
		in.Text = "演示：2幢屋面渗漏修复以前继续存储"
	case "stop":
		in.Text = "演示：建设单位要求暂缓，以后重新办理"
	}
	return l.withPaper(true, func(paper *files.Upload) (err error) {
		in.Upload = paper
		*r, err = l.refunds.Do(ctx, by, at, step, in)
		return err
	})
}
