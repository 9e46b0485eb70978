package main

import (
	"context"
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/rating/adoption"
	"redsteward/rating/cycle"
	"redsteward/rating/response"
	"redsteward/rating/standing"
	"redsteward/registry/change"
	"redsteward/registry/filing"
	"redsteward/registry/fund"
	"redsteward/registry/fund/claim"
	"redsteward/registry/fund/refund"
	"redsteward/registry/owners"
	"redsteward/registry/party"
	"redsteward/supervision"
	"redsteward/supervision/application"
	"redsteward/supervision/inspection"
	"redsteward/supervision/rectification"
	"redsteward/supervision/veto"
)

// chainsOf reads the ways of approval of a configuration.
func chainsOf(c *config, rules *policy.Rules) (*policy.Chains, error) {
	data, err := ownOr(c.Files.Approvals, "approvals.yaml")
	if err != nil {
		return nil, err
	}
	return policy.ParseChains("approvals.yaml", data, rules)
}

// modulesOf reads the modules of a configuration.
func modulesOf(c *config) (*policy.Modules, error) {
	data, err := ownOr(c.Files.Modules, "modules.yaml")
	if err != nil {
		return nil, err
	}
	return policy.ParseModules("modules.yaml", data)
}

// confirmationsOf reads which facts are confirmed level by level.
func confirmationsOf(c *config, rules *policy.Rules) (*supervision.Chains, error) {
	data, err := ownOr(c.Files.Confirmations, "confirmations.yaml")
	if err != nil {
		return nil, err
	}
	return supervision.ParseChains("confirmations.yaml", data, rules)
}

// countyWide are the ways of approval of what is about the whole county: only offices for the whole county sign there.
var countyWide = []string{cycle.ChainYear, cycle.ChainQuarter, adoption.Chain}

// subjectOf are the rights that open what a way of approval signs; of those that are not named here the subject is a filing, because kinds of filings alone name
// their way of approval themselves.
func subjectOf(chain string) []policy.Action {
	switch chain {
	case cycle.ChainYear, cycle.ChainQuarter, adoption.Chain:
		return []policy.Action{policy.ReadPeriods}
	case claim.ChainClaim, claim.ChainUrgent:
		return []policy.Action{policy.ReadClaim}
	case fund.ChainLetter: // about claims and about first deposits
		return []policy.Action{policy.ReadClaim, policy.ReadFund}
	case refund.Chain:
		return []policy.Action{policy.ReadRefund}
	case party.Chain:
		return []policy.Action{policy.ReadPartyFact}
	case application.Chain:
		return []policy.Action{policy.ReadApplication}
	case rectification.Chain, rectification.ChainOrder:
		return []policy.Action{policy.ReadRectification}
	case veto.Chain:
		return []policy.Action{policy.ReadVeto}
	case standing.Chain:
		return []policy.Action{policy.ReadStanding}
	case response.Chain:
		return []policy.Action{policy.ReadResponse}
	case inspection.Chain:
		return []policy.Action{policy.ReadInspection}
	}
	return []policy.Action{policy.ReadFiling}
}

// besides are the steps of what a way of approval signs that need still other persons than everybody who prepared and signed it: who pays, who hears a firm, who answers its objection.
func besides(chain string) []policy.SeparatedStep {
	switch chain {
	case claim.ChainClaim, claim.ChainUrgent:
		return []policy.SeparatedStep{{Name: "支付", Action: policy.PayClaim}}
	case refund.Chain:
		return []policy.SeparatedStep{{Name: "支付", Action: policy.PayRefund}}
	case standing.Chain:
		return []policy.SeparatedStep{{Name: "听取陈述申辩", Action: policy.HearStanding}, {Name: "作出申诉决定", Action: policy.AnswerStanding}}
	case veto.Chain:
		return []policy.SeparatedStep{{Name: "听取陈述申辩", Action: policy.HearVeto}, {Name: "答复异议", Action: policy.AnswerVeto}}
	}
	return nil
}

// Staffing implements web.Approvals: what lacks for the ways of approval of the day, the confirmations and the work that is separated anyway, in each community
// that has compounds; for what is about the county, among those whose office reaches it.
func (s *service) Staffing(ctx context.Context, by policy.Actor) ([]policy.Lack, error) {
	confirmations, err := confirmationsOf(s.config, s.guard.Rules())
	if err != nil {
		return nil, err
	}
	work, wide := policy.SeparatedWork(), []policy.Separated(nil)
	for _, one := range s.chains.All() {
		chain, ok := one.On(s.register.On(ctx))
		switch {
		case ok && slices.Contains(countyWide, chain.ID):
			wide = append(wide, chain.Separated(one.Makers, subjectOf(chain.ID)...))
		case ok:
			signed := chain.Separated(one.Makers, subjectOf(chain.ID)...)
			signed.Steps = append(signed.Steps, besides(chain.ID)...)
			work = append(work, signed)
		}
	}
	for _, chain := range confirmations.All() {
		work = append(work, chain.Separated(nil, policy.ReviewObservation, policy.ReadPartyFact))
	}
	communities, err := s.register.Communities(ctx)
	if err != nil {
		return nil, err
	}
	county := []policy.Place{{Name: "全县", Keys: nil}}
	lacks, err := s.accounts.Staffing(ctx, by, wide, county)
	if err != nil {
		return nil, err
	}
	places := county
	if len(communities) > 0 {
		places = nil
	}
	for _, c := range communities {
		places = append(places, policy.Place{Name: c.CommunityName, Keys: []string{policy.CommunityKey(c.Community), policy.TownshipKey(c.Township)}})
	}
	more, err := s.accounts.Staffing(ctx, by, work, places)
	return append(lacks, more...), err
}

// Chains implements web.Approvals.
func (s *service) Chains() *policy.Chains { return s.chains }

// checkedData reads the data folder that a check names, which is opened with the first question and not before.
type checkedData struct {
	check *checkCommand
	p     *program
	s     *service
}

// open opens the folder, with the ways of approval that are checked in place of its own.
func (f *checkedData) open() (err error) {
	if f.s != nil {
		return nil
	}
	flags := dataFlags{Data: f.check.Data}
	settings, err := flags.settings(f.p)
	if err != nil {
		return err
	}
	for _, name := range f.check.Files {
		data, err := readInput(name)
		switch {
		case err != nil:
			return err
		case hasKey(data, "approvals"):
			settings.Files.Approvals = name
		case hasKey(data, "chains"):
			settings.Files.Confirmations = name
		}
	}
	if f.s, _, err = openReader(f.p, settings); err != nil { // without master key names cannot be read, but offices can
		f.s = nil
		return err
	}
	return declareAll(f.p.ctx, f.s)
}

// close closes it.
func (f *checkedData) close() {
	if f.s != nil {
		_ = f.s.close()
	}
}

// staffing prints what separation of duties and ways of approval lack, and returns how many that are.
func (f *checkedData) staffing() (int, error) {
	if err := f.open(); err != nil {
		return 0, err
	}
	lacks, err := f.s.Staffing(f.p.ctx, policy.SystemActor())
	if err != nil {
		return 0, err
	}
	for _, lack := range lacks {
		fmt.Fprintln(f.p.out, lack.Chinese())
	}
	if len(lacks) == 0 {
		fmt.Fprintln(f.p.out, "人员：各审批流程和互相分开的岗位都有足够的人，缺一个人时也有")
	}
	return len(lacks), nil
}

// weigh prints what each indicator of a scheme should weigh beside what it does weigh on the facts of the last published period of its rhythm; nothing without a data folder. It is what the page of a version shows of its replay.
func (f *checkedData) weigh(name string, scheme *rating.Scheme) error {
	if f.check.Data == "" {
		return nil
	}
	if err := f.open(); err != nil {
		return err
	}
	periods, err := f.s.cycle.PastPeriods(f.p.ctx, scheme.Rhythm)
	if err != nil {
		return err
	}
	if len(periods) == 0 {
		fmt.Fprintln(f.p.out, "  实际权重：数据文件夹里还没有公布过这种周期，没有事实可以算")
		return nil
	}
	past, err := f.s.cycle.PastPeriod(f.p.ctx, periods[len(periods)-1].ID)
	if err != nil {
		return err
	}
	file, err := readInput(name)
	if err != nil {
		return err
	}
	replay, err := past.Replay(nil, file, nil)
	if err != nil {
		return err
	}
	printWeights(f.p.out, replay)
	return nil
}

// filingKinds is the parser of a filings.yaml under the rights and ways of approval that there are.
func filingKinds(c *config, rules *policy.Rules) ruleParser[*filing.Kinds] {
	return func(file string, data []byte, t *timetable) (*filing.Kinds, error) {
		chains, err := chainsOf(c, rules)
		if err != nil {
			return nil, err
		}
		return filing.ParseKinds(file, data, rules, filing.Names{Deadline: t.has,
			Chain: func(id string) bool { _, err := chains.On(id, calendar.Date{}); return !fault.Is(err, fault.NotFound) }})
	}
}

// openFilings opens the filings over the register, the accounts and the ways of approval, and the changes of firm and the owners' bodies.
func (s *service) openFilings(ctx context.Context) error {
	kinds, t, err := ruled(s, s.config.Files.Filings, "filings.yaml", filingKinds(s.config, s.guard.Rules()))
	if err != nil {
		return err
	}
	s.filings, err = filing.New(ctx, filing.Config{DB: s.db, Letters: s.letters, Now: s.clocks.Business, Guard: s.guard, Keeper: s.keeper, Places: s.register.Register, Persons: s.accounts, Chains: s.chains, Kinds: kinds,
		Deadlines: t.deadline, Days: t.days})
	if err != nil {
		return err
	}
	s.changes, err = change.New(ctx, change.Config{DB: s.db, Guard: s.guard, Now: s.clocks.Business, Register: s.register, Deadlines: t.deadline})
	if err != nil {
		return err
	}
	s.bodies, err = owners.New(ctx, owners.Config{DB: s.db, Guard: s.guard, Now: s.clocks.Business, Register: s.register, Filings: s.filings, Deadlines: t.deadline})
	return err
}
