package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/filing"
)

// filingTale is how one filing of the demonstration goes; each step is a day later than the one before.
type filingTale struct {
	kind  string
	steps []func(l *countyLoader, ctx context.Context, now *store.Doc[filing.Filing]) error
}

// filingTales leave one filing in every state, and among the registered ones one whose sheets are open.
func filingTales() []filingTale {
	submit, accept := (*countyLoader).submitFiling, (*countyLoader).acceptFiling
	objects, agrees := answersFiling(filing.NoticeObjected, "合同里的楼栋少写了 7 幢"), answersFiling(filing.NoticeAgreed, "")
	chief, vice := signsFiling("section_chief", policy.MoveAgree, ""), signsFiling("deputy_director", policy.MoveAgree, "")
	type steps = []func(l *countyLoader, ctx context.Context, now *store.Doc[filing.Filing]) error
	return []filingTale{
		{"contract", steps{submit, accept, chief, vice, (*countyLoader).fillFilingSheets}},
		{"manager", steps{submit}},
		{"contract", steps{submit, (*countyLoader).askFiling}},
		{"contract", steps{submit, objects, accept}},
		{"handover", steps{submit, agrees, accept, chief}},
		{"manager", steps{submit, accept, signsFiling("section_chief", policy.MoveReturn, "任命文件没有盖章")}},
		{"branch", steps{submit, (*countyLoader).refuseFiling}},
		{"manager", steps{submit, (*countyLoader).withdrawFiling}},
		{"contract", nil},
		{"premises", steps{submit}},
	}
}

// filingActs lets the filings of the open quarter happen.
func (l *countyLoader) filingActs() []act {
	var acts []act
	first := l.plan.size.current.Span().First
	for i, tale := range filingTales() {
		project := i * len(l.plan.projects) / len(filingTales())
		day := first.Add(8 + i%3)
		now := new(store.Doc[filing.Filing])
		acts = append(acts, act{hour(day, 9), partRegister, func(ctx context.Context) error { return l.draftFiling(ctx, tale.kind, project, now) }})
		for k, step := range tale.steps {
			acts = append(acts, act{hour(day.Add(1+k), 10), partRegister, func(ctx context.Context) error { return step(l, ctx, now) }})
		}
	}
	return acts
}

// filer is who files for a project of the plan in the open quarter.
func (l *countyLoader) filer(project int) policy.Actor {
	return l.of("firm_manager", l.plan.holder(project, l.plan.size.quarters()))
}

// filerOf is who files a kind, and for which project: a developer's kind for the next one that the developer with an account built, an owners' committee's by the first committee.
func (l *countyLoader) filerOf(k filing.Kind, project int) (policy.Actor, int) {
	if slices.Contains(k.By, "owners_committee") {
		return l.of("owners_committee", 0), project
	}
	if !slices.Contains(k.By, "developer") {
		return l.filer(project), project
	}
	by := l.of("developer", 0)
	for n := range l.plan.projects {
		next := (project + n) % len(l.plan.projects)
		if at := l.plan.projects[next].developer; at >= 0 && slices.Contains(by.Appointments[0].Scopes, policy.DeveloperKey(l.developers[at])) {
			return by, next
		}
	}
	return by, project
}

// filedBy is who filed.
func (l *countyLoader) filedBy(f *filing.Filing) policy.Actor {
	for _, by := range slices.Concat(l.people["firm_manager"], l.people["developer"], l.people["owners_committee"]) {
		if by.ID == f.By {
			return by
		}
	}
	return policy.Actor{}
}

// at is the filing as it is now.
func atFiling(now *store.Doc[filing.Filing]) filing.At { return filing.At{ID: now.ID, Seq: now.Seq} }

// draftFiling begins a filing and hands its documents in.
func (l *countyLoader) draftFiling(ctx context.Context, kind string, project int, now *store.Doc[filing.Filing]) (err error) {
	k, err := l.filings.Kinds.Find(kind)
	if err != nil {
		return err
	}
	by, project := l.filerOf(k, project)
	subject := l.projects[project]
	if k.FirmWide {
		subject = l.firms[l.plan.holder(project, l.plan.size.quarters())]
	}
	if *now, err = l.filings.Start(ctx, by, filing.Opening{Kind: kind, Subject: subject}, nil); err != nil {
		return err
	}
	return l.handDocuments(ctx, by, now)
}

// handDocuments hands in what a draft must have; all documents of one name are the same paper.
func (l *countyLoader) handDocuments(ctx context.Context, by policy.Actor, now *store.Doc[filing.Filing]) error {
	k, err := l.filings.Kinds.Find(now.State.Kind)
	if err != nil {
		return err
	}
	for _, wanted := range k.Documents {
		if wanted.Optional {
			continue
		}
		upload, err := l.keeper.Receive(wanted.Title+"（演示）.pdf", bytes.NewReader(demoPaper("filing "+wanted.ID)), files.PDF)
		if err != nil {
			return err
		}
		*now, err = l.filings.Attach(ctx, by, atFiling(now), wanted.ID, upload)
		if closeErr := upload.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *countyLoader) submitFiling(ctx context.Context, now *store.Doc[filing.Filing]) (err error) {
	happened := calendar.DateOf(l.clock.Now()).Add(-5)
	*now, err = l.filings.Submit(ctx, l.filedBy(&now.State), atFiling(now), happened, "演示")
	return err
}

// answersFiling is the answer of the community in which the compound lies.
func answersFiling(answer filing.NoticeAnswer, text string) func(l *countyLoader, ctx context.Context, now *store.Doc[filing.Filing]) error {
	return func(l *countyLoader, ctx context.Context, now *store.Doc[filing.Filing]) (err error) {
		for community, by := range l.people["community_secretary"] {
			if slices.ContainsFunc(by.Appointments, func(ap policy.Appointment) bool {
				return slices.ContainsFunc(now.State.Keys, func(key string) bool { return slices.Contains(ap.Scopes, key) })
			}) {
				*now, err = l.filings.Answer(ctx, l.of("community_secretary", community), atFiling(now), answer, text)
				return err
			}
		}
		return fmt.Errorf("nobody answers for the community of %s", now.State.ProjectName)
	}
}

// fillFilingSheets lets the party's sheet be filled in, that of supervision be begun, and leaves that of the rating blank.
func (l *countyLoader) fillFilingSheets(ctx context.Context, now *store.Doc[filing.Filing]) (err error) {
	party := map[string]string{"step": "done", "onsite": "2", "crossing": "served", "together": "每月共上一次党课，共用社区协商议事室"}
	if *now, err = l.filings.FillSheet(ctx, l.of("industry_secretary", 0), atFiling(now), filing.SheetParty, party, true); err != nil {
		return err
	}
	*now, err = l.filings.FillSheet(ctx, l.of("property_officer", 0), atFiling(now), filing.SheetSupervision, map[string]string{"address": "signed", "rhythm": "quarter", "focus": "电梯、二次供水"}, false)
	return err
}

func (l *countyLoader) withdrawFiling(ctx context.Context, now *store.Doc[filing.Filing]) (err error) {
	*now, err = l.filings.Withdraw(ctx, l.filedBy(&now.State), atFiling(now))
	return err
}

func (l *countyLoader) acceptFiling(ctx context.Context, now *store.Doc[filing.Filing]) (err error) {
	*now, err = l.filings.Accept(ctx, l.of("property_officer", 0), atFiling(now))
	return err
}

func (l *countyLoader) askFiling(ctx context.Context, now *store.Doc[filing.Filing]) (err error) {
	*now, err = l.filings.Ask(ctx, l.of("property_officer", 0), atFiling(now), "合同缺收费标准的附件，营业执照请换成最新的一份")
	return err
}

func (l *countyLoader) refuseFiling(ctx context.Context, now *store.Doc[filing.Filing]) (err error) {
	*now, err = l.filings.Refuse(ctx, l.of("property_officer", 0), atFiling(now), "提交的是总公司的营业执照，分公司还没有设立", "备案种类表“外来企业分公司备案”")
	return err
}

// signsFiling is a signature of the first who holds a role, with his password.
func signsFiling(role policy.Role, move policy.ApprovalMove, reason string) func(l *countyLoader, ctx context.Context, now *store.Doc[filing.Filing]) error {
	return func(l *countyLoader, ctx context.Context, now *store.Doc[filing.Filing]) error {
		password, err := l.demoPassword(ctx, role)
		if err != nil {
			return err
		}
		in := filing.Signing{Move: move, Reason: reason, Hash: now.State.Approval.SubjectHash, Password: password}
		if *now, err = l.filings.Sign(ctx, l.of(role, 0), atFiling(now), in); err != nil {
			return fmt.Errorf("%s signs a filing: %w", role, err)
		}
		return nil
	}
}
