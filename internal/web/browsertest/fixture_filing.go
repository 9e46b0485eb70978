package browsertest

import (
	"bytes"
	"context"
	"errors"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/change"
	"redsteward/registry/filing"
	"redsteward/registry/owners"
)

// ways are the ways of approval of the fixtures.
type ways struct {
	chains *policy.Chains
	people *policy.Service
}

// fixtureChains is a chain with everything that a page shows of one.
const fixtureChains = `approvals:
  - id: filing
    title: 登记备案审批
    basis: 建议
    makers: [property_officer]
    versions:
      - version: 1
        from: 2025-01-01
        levels:
          - {name: 会签, paper: true, seats: [{role: section_chief, deputies: [deputy_director]}, {role: legal_officer}]}
  - id: party-sheet
    title: 党建台账逐级确认
    basis: 建议
    makers: [community_worker]
    versions:
      - version: 1
        from: 2025-01-01
        levels:
          - {name: 社区党组织确认, seats: [{role: community_secretary}]}
          - {name: 组织部（社会工作部）确认, paper: true, seats: [{role: organisation}]}
`

// fixtureKinds are a kind of filing with everything that a page shows of one, one about a firm, and that of a handover.
const fixtureKinds = `sheets:
  - id: party
    title: 党建信息采集表
    within: ten.days
    by: [industry_secretary]
    fields:
      - {id: step, label: 组建安排, kind: choice, required: true, choices: [{id: done, text: 党组织已覆盖}, {id: own, text: 拟单独组建}]}
      - {id: onsite, label: 项目上的党员人数, kind: whole, required: true, hint: 只填人数}
  - id: supervision
    title: 日常监管档案
    within: ten.days
    by: [property_officer]
    fields: [{id: first, label: 首次走访计划日期, kind: date, required: true}]
  - id: rating
    title: 考核评价档案
    within: ten.days
    by: [property_officer]
    fields: [{id: from, label: 从哪一天起参加评价, kind: date, required: true}]
filings:
  - id: contract
    title: 物业服务合同备案
    basis: 建议
    series: 物合备
    by: [firm_manager]
    event: 合同签订日期
    within: ten.days
    clock: ten.days
    notice: ten.days
    chain: filing
    synchronous: true
    documents:
      - {id: contract, title: 物业服务合同}
      - {id: team, title: 项目负责人任命书, optional: true}
  - id: branch
    title: 外来企业分公司备案
    basis: 建议
    series: 物分备
    by: [firm_manager]
    event: 分公司设立日期
    clock: ten.days
    chain: filing
    firm_wide: true
    documents:
      - {id: licence, title: 分公司营业执照}
  - id: handover
    title: 承接查验备案
    basis: 建议
    series: 承验备
    by: [firm_manager]
    event: 物业交接日期
    within: handover.file
    clock: ten.days
    chain: filing
    documents:
      - {id: contract, title: 前期物业服务合同}
      - {id: covenant, title: 临时管理规约}
      - {id: agreement, title: 物业承接查验协议}
      - {id: papers, title: 建设单位移交资料清单}
      - {id: record, title: 查验记录}
      - {id: transfer, title: 交接记录}
      - {id: other, title: 其他承接查验有关的文件}
`

// Chains implements web.Approvals.
func (w ways) Chains() *policy.Chains { return w.chains }

// Staffing implements web.Approvals.
func (w ways) Staffing(ctx context.Context, by policy.Actor) ([]policy.Lack, error) {
	one := w.chains.All()[0]
	return w.people.Staffing(ctx, by, []policy.Separated{one.Versions[0].Separated(one.Makers)}, []policy.Place{{Name: "全县"}})
}

// openFilings opens approvals and filings over the register; every deadline is ten days, so that no calendar is needed.
func (f *Fixture) openFilings(ctx context.Context, rules *policy.Rules, guard *policy.Guard, now func() time.Time) (ways, error) {
	w := ways{people: f.People}
	var err error
	if w.chains, err = policy.ParseChains("approvals.yaml", []byte(fixtureChains), rules); err != nil {
		return w, err
	}
	yes := func(string) bool { return true }
	kinds, err := filing.ParseKinds("filings.yaml", []byte(fixtureKinds), rules, filing.Names{Deadline: yes, Chain: yes})
	if err != nil {
		return w, err
	}
	none := &calendar.Calendar{}
	f.Filings, err = filing.New(ctx, filing.Config{DB: f.DB, Letters: f.Letters, Now: now, Guard: guard, Keeper: files.NewKeeper(f.DB, ""), Places: f.Register.Register, Persons: f.People, Chains: w.chains, Kinds: kinds, Days: none,
		Deadlines: tenDays})
	if err != nil {
		return w, err
	}
	f.Changes, err = change.New(ctx, change.Config{DB: f.DB, Guard: guard, Now: now, Register: f.Register, Deadlines: tenDays})
	if err != nil {
		return w, err
	}
	if err != nil {
		return w, err
	}
	f.Letters.Bear("change", f.Changes.Sent)
	f.Bodies, err = owners.New(ctx, owners.Config{DB: f.DB, Guard: guard, Now: now, Register: f.Register, Filings: f.Filings, Deadlines: tenDays})
	return w, err
}

// Filed drafts a filing of the fixture's kind with its document and hands it in; it returns its id.
func (f *Fixture) Filed(ctx context.Context, by policy.Actor, project string) (string, error) {
	doc, err := f.Filings.Start(ctx, by, filing.Opening{Kind: "contract", Subject: project, Happened: calendar.DateOf(noon).Add(-3), Note: "演示"}, nil)
	if err != nil {
		return "", err
	}
	doc, err = f.handIn(ctx, by, doc)
	return doc.ID, err
}

// handIn hands a draft in, with what it lacks of its documents.
func (f *Fixture) handIn(ctx context.Context, by policy.Actor, doc store.Doc[filing.Filing]) (store.Doc[filing.Filing], error) {
	kind, err := f.Filings.Kinds.Find(doc.State.Kind)
	if err != nil {
		return doc, err
	}
	for _, w := range kind.Documents {
		if _, has := doc.State.Document(w.ID); has || w.Optional {
			continue
		}
		upload, err := f.Filings.Keeper.Receive(w.Title+".pdf", bytes.NewReader([]byte("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")), files.PDF)
		if err != nil {
			return doc, err
		}
		doc, err = f.Filings.Attach(ctx, by, filing.At{ID: doc.ID, Seq: doc.Seq}, w.ID, upload)
		if err := errors.Join(err, upload.Close()); err != nil {
			return doc, err
		}
	}
	return f.Filings.Submit(ctx, by, filing.At{ID: doc.ID, Seq: doc.Seq}, doc.State.Happened, doc.State.Note)
}

// Registered lets the people with these logins bring a draft to its receipt: the applicant hands it in, the officer accepts it, the others sign.
func (f *Fixture) Registered(ctx context.Context, id, applicant, officer string, signers ...string) error {
	var by policy.Actor
	var doc store.Doc[filing.Filing]
	at := func() filing.At { return filing.At{ID: id, Seq: doc.Seq} }
	for i, login := range append([]string{applicant, officer}, signers...) {
		in, err := f.People.SignIn(ctx, policy.Credentials{Login: login, Password: Password})
		if err != nil {
			return err
		}
		switch by = in.Actor; i {
		case 0:
			if doc, err = f.Filings.One(ctx, by, id); err == nil {
				doc, err = f.handIn(ctx, by, doc)
			}
		case 1:
			doc, err = f.Filings.Accept(ctx, by, at())
		default:
			doc, err = f.Filings.Sign(ctx, by, at(), filing.Signing{Move: policy.MoveAgree, Hash: doc.State.Approval.SubjectHash, Password: Password})
		}
		if err != nil {
			return err
		}
	}
	return nil
}
