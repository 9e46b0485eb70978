package browsertest

import (
	"bytes"
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
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

// fixtureKinds are a kind of filing with everything that a page shows of one, and one about a firm.
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
	f.Filings, err = filing.New(ctx, filing.Config{DB: f.DB, Now: now, Guard: guard, Keeper: files.NewKeeper(f.DB, ""), Places: f.Register.Register, Persons: f.People, Chains: w.chains, Kinds: kinds, Days: none,
		Deadlines: tenDays})
	if err != nil {
		return w, err
	}
	f.Changes, err = change.New(ctx, change.Config{DB: f.DB, Guard: guard, Now: now, Register: f.Register, Deadlines: tenDays})
	if err != nil {
		return w, err
	}
	f.Bodies, err = owners.New(ctx, owners.Config{DB: f.DB, Guard: guard, Now: now, Register: f.Register, Filings: f.Filings, Deadlines: tenDays})
	return w, err
}

// Filed drafts a filing of the fixture's kind with its document and hands it in; it returns its id.
func (f *Fixture) Filed(ctx context.Context, by policy.Actor, project string) (string, error) {
	doc, err := f.Filings.Start(ctx, by, "contract", project, nil)
	if err != nil {
		return "", err
	}
	upload, err := f.Filings.Keeper.Receive("合同.pdf", bytes.NewReader([]byte("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")), files.PDF)
	if err != nil {
		return "", err
	}
	doc, err = f.Filings.Attach(ctx, by, filing.At{ID: doc.ID, Seq: doc.Seq}, "contract", upload)
	if closeErr := upload.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return "", err
	}
	doc, err = f.Filings.Submit(ctx, by, filing.At{ID: doc.ID, Seq: doc.Seq}, calendar.DateOf(noon).Add(-3), "演示")
	return doc.ID, err
}
