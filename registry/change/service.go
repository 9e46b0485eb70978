package change

import (
	"context"
	"fmt"
	"slices"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
)

// Register is what a change looks up; registry.Service answers.
type Register interface {
	// OneProject returns a project of the actor's scope. Returns Forbidden without ReadRegister, NotFound.
	OneProject(ctx context.Context, by policy.Actor, id string) (registry.ProjectRow, error)
	// Votes lists the votes of a project.
	Votes(ctx context.Context, by policy.Actor, project string) ([]registry.VoteRow, error)
	// FirmNames returns the names of firms by id.
	FirmNames(ctx context.Context, ids []string) (map[string]string, error)
	// Expiries lists what ends soon or has ended, Unserved the projects without any contract.
	Expiries(ctx context.Context, by policy.Actor, q registry.ExpiryQuery) ([]registry.Expiry, error)
	Unserved(ctx context.Context, by policy.Actor) ([]registry.Place, error)
}

// Config is what the changes need; everything is required.
type Config struct {
	// DB keeps them, Guard says who may do what, Now is the business clock.
	DB    *store.DB
	Guard *policy.Guard
	Now   func() time.Time
	// Register is looked up; Deadlines starts a deadline by its rule.
	Register  Register
	Deadlines func(rule string, start calendar.Date) (calendar.Deadline, error)
}

// Service follows changes. Every call names the actor; a refused call writes nothing.
type Service struct {
	Config
	*casework.Rows[Change]
}

const (
	changeKind = "change"
	openClaim  = "change-open"
	// byScope lists everything by the scope keys, byOpen what is open, the earliest last day of service first.
	byScope = "scope"
	byOpen  = "open"
)

func document() casework.Kind[Change] {
	stored := store.Kind[Change]{Name: changeKind, Version: 1, Indexes: []store.Index[Change]{
		{Name: byScope, Keys: func(_ string, c *Change) []string { return append([]string{policy.County}, c.Keys...) }, Sort: func(_ string, c *Change) string { return c.Given.String() }},
		{Name: byOpen, Keys: func(_ string, c *Change) []string {
			if c.State.Final() {
				return nil
			}
			return append([]string{policy.County}, c.Keys...)
		}, Sort: func(_ string, c *Change) string { return c.Leaves.String() }},
	}}
	return casework.Kind[Change]{Kind: stored, Word: "这次更换", Read: policy.ReadRegister, Row: func(c *Change) casework.Row { return casework.Row{Keys: c.Keys, Day: c.Day, State: c.State.Title()} }}
}

// New opens the changes.
func New(ctx context.Context, c Config) (*Service, error) {
	rows, err := casework.NewRows(ctx, c.DB, c.Guard, document())
	return &Service{c, rows}, err
}

// Sent is what a change sends out: its papers are entered in the register by hand, with their numbers and to whom they went.
func (s *Service) Sent(ctx context.Context, id string) (casework.Borne, error) {
	doc, err := s.Docs.Load(ctx, id)
	c := &doc.State
	return casework.Borne{Name: c.Name(), Project: c.Project, Keys: c.Keys, Day: c.Day}, err
}

func (s *Service) today() calendar.Date { return calendar.DateOf(s.Now()) }

// Open enters a notice and returns the change. contract is the one that ends. Returns Forbidden without WriteRegister, NotFound outside the scope, Invalid for refused fields
// (contract, giver, given, leaves, reason), Conflict if a change of that phase is open.
func (s *Service) Open(ctx context.Context, by policy.Actor, project, contract string, in Notice, idem *store.Idem) (store.Doc[Change], error) {
	const op = "change.Open"
	return s.Begin(ctx, by, policy.WriteRegister, string(StepOpen), idem, func(begun casework.New) (Change, error) {
		row, err := s.Register.OneProject(ctx, by, project)
		if err != nil {
			return Change{}, err
		}
		if err := begun.Scope.Require(op, row.DutyKeys(), s.today()); err != nil {
			return Change{}, err
		}
		var b registry.Faults
		c := contractOf(row, contract)
		if c.ID == "" {
			b.Add("contract", "请选择要终止的合同")
		}
		if !slices.ContainsFunc(Givers(), func(g registry.Choice) bool { return g.ID == string(in.Giver) }) {
			b.Add("giver", "请选择由谁通知")
		}
		b.Past("given", "收到通知的日期", in.Given, c.Days.From, s.today())
		switch {
		case in.Leaves.IsZero():
			b.Add("leaves", "请填写服务的最后一天，例如 2026-12-31")
		case in.Leaves.Compare(in.Given) < 0:
			b.Add("leaves", "服务的最后一天%s早于收到通知的日期%s", in.Leaves.Chinese(), in.Given.Chinese())
		case c.ID != "" && !c.Days.Until.IsZero() && in.Leaves.Compare(c.Days.Until) > 0:
			b.Add("leaves", "服务的最后一天%s晚于合同截止日%s", in.Leaves.Chinese(), c.Days.Until.Chinese())
		}
		b.Words("reason", "原因", &in.Reason, 2, 200)
		if err := b.Err(op); err != nil {
			return Change{}, err
		}
		names, err := s.Register.FirmNames(ctx, []string{c.Firm})
		if err != nil {
			return Change{}, err
		}
		next := Change{Project: project, ProjectName: row.Name, Phase: c.Phase, PhaseName: row.Project.PhaseName(c.Phase), Contract: c.ID, Firm: c.Firm, FirmName: names[c.Firm], Keys: row.Keys(), Day: s.today(),
			State: Noticed, Last: StepOpen, Notice: in}
		if next.InTime, err = s.Deadlines(in.Giver.rule(), in.Leaves); err != nil {
			return Change{}, err
		}
		err = s.DB.Claim(ctx, begun.Meta, openClaim, claimKey(&next), changeKind+"/"+begun.ID)
		if fault.Is(err, fault.Conflict) {
			err = fault.Wrap(op, fault.Conflict, next.Name()+"已经有一次正在办理的更换，请先办完那一次", err)
		}
		return next, err
	})
}

func claimKey(c *Change) string { return c.Project + "/" + c.Phase }

func contractOf(row registry.ProjectRow, id string) registry.Contract {
	for _, c := range row.Project.Contracts {
		if c.ID == id {
			return c
		}
	}
	return registry.Contract{}
}

// Announce records the announcement to the owners. Returns Invalid for refused fields (announced, where).
func (s *Service) Announce(ctx context.Context, by policy.Actor, at casework.At, on calendar.Date, where string) (store.Doc[Change], error) {
	return s.step(ctx, by, at, StepAnnounce, func(c *Change, b *registry.Faults) error {
		b.Past("announced", "公告日期", on, c.Given, s.today())
		b.Words("where", "公告地点", &where, 2, 60)
		c.Announced, c.Where = on, where
		return nil
	})
}

// Custody links the contract of emergency custody. Returns Invalid with the field contract for one that is not of that kind, begins before the firm leaves, or is longer than its rule allows.
func (s *Service) Custody(ctx context.Context, by policy.Actor, at casework.At, contract string) (store.Doc[Change], error) {
	return s.step(ctx, by, at, StepCustody, func(c *Change, b *registry.Faults) error {
		k, err := s.follower(ctx, by, c, contract, b)
		if err != nil || k.ID == "" {
			return err
		}
		if k.Kind != registry.ContractCustody {
			b.Add("contract", "这份合同不是应急托管，请先在小区页登记应急托管合同")
			return nil
		}
		if c.Limit, err = s.Deadlines(custodyRule, k.Days.From); err != nil {
			return err
		}
		if c.Limit.Resolved() && k.Days.Until.Compare(c.Limit.Due) > 0 {
			b.Add("contract", "应急托管到%s，最迟只能到%s（%s）", k.Days.Until.Chinese(), c.Limit.Due.Chinese(), c.Limit.Basis)
		}
		c.Custody = k.ID
		return nil
	})
}

// follower finds a contract that follows the one that ends; the zero value after naming what is wrong.
func (s *Service) follower(ctx context.Context, by policy.Actor, c *Change, contract string, b *registry.Faults) (registry.Contract, error) {
	row, err := s.Register.OneProject(ctx, by, c.Project)
	if err != nil {
		return registry.Contract{}, err
	}
	k := contractOf(row, contract)
	switch {
	case k.ID == "" || k.ID == c.Contract:
		b.Add("contract", "请选择接下来的合同；还没有登记的，先在小区页登记")
	case k.Phase != "" && k.Phase != c.Phase:
		b.Add("contract", "这份合同管的是%s", row.Project.PhaseName(k.Phase))
	case k.Days.From.Compare(c.Leaves) <= 0:
		b.Add("contract", "这份合同%s起，早于原企业服务的最后一天%s", k.Days.From.Chinese(), c.Leaves.Chinese())
	default:
		return k, nil
	}
	return registry.Contract{}, nil
}

// Choose links the vote by which the owners chose and the contract with the next firm. Returns Invalid with the fields vote and contract: for a vote that is about something else or did
// not carry by article 278, for a contract that is none or begins too early.
func (s *Service) Choose(ctx context.Context, by policy.Actor, at casework.At, vote, contract string) (store.Doc[Change], error) {
	return s.step(ctx, by, at, StepChoose, func(c *Change, b *registry.Faults) error {
		votes, err := s.Register.Votes(ctx, by, c.Project)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(votes, func(v registry.VoteRow) bool { return v.ID == vote })
		switch {
		case i < 0:
			b.Add("vote", "请选择选聘的表决记录；还没有登记的，先在小区页登记")
		case votes[i].Matter != registry.MatterFirm:
			b.Add("vote", "这次表决的事项是“%s”，不是选聘物业服务企业", registry.TextOf(registry.Matters(), votes[i].Matter))
		case !votes[i].Check().Attended:
			b.Add("vote", "这次表决参与的面积或者人数没有达到三分之二（民法典第二百七十八条）")
		case !votes[i].Check().Agreed:
			b.Add("vote", "这次表决同意的没有达到%s（民法典第二百七十八条）", votes[i].Check().Needs)
		}
		k, err := s.follower(ctx, by, c, contract, b)
		if err != nil || k.ID == "" {
			return err
		}
		if k.Kind != registry.ContractChosen {
			b.Add("contract", "合同类型不是业主大会选聘")
		}
		if k.Firm == c.Firm {
			b.Add("contract", "仍是原企业的合同，没有更换；请撤回这次更换")
		}
		names, err := s.Register.FirmNames(ctx, []string{k.Firm})
		c.Vote, c.Next, c.NextFirm = vote, k.ID, names[k.Firm]
		return err
	})
}

// Hand begins the handing over with its list.
func (s *Service) Hand(ctx context.Context, by policy.Actor, at casework.At) (store.Doc[Change], error) {
	return s.step(ctx, by, at, StepHand, func(c *Change, _ *registry.Faults) (err error) {
		c.Items = items()
		if c.Leave, err = s.Deadlines(leaveRule, c.Leaves); err != nil {
			return err
		}
		c.Archive, err = s.Deadlines(archiveRule, c.Leaves)
		return err
	})
}

// Item records that an item was handed over on a day, or, without a day, why it is missing. Returns Invalid for refused fields (item, on, lack).
func (s *Service) Item(ctx context.Context, by policy.Actor, at casework.At, item string, on calendar.Date, lack string) (store.Doc[Change], error) {
	return s.step(ctx, by, at, StepItem, func(c *Change, b *registry.Faults) error {
		i := slices.IndexFunc(c.Items, func(i Item) bool { return i.ID == item })
		if i < 0 {
			b.Add("item", "请选择移交的是哪一项")
			return nil
		}
		if on.IsZero() {
			b.Words("lack", "没有移交的原因", &lack, 2, 100)
		} else {
			b.Past("on", "移交日期", on, c.Given, s.today())
			lack = ""
		}
		c.Items = slices.Clone(c.Items)
		c.Items[i].On, c.Items[i].Lack = on, lack
		return nil
	})
}

// Refuse records that the firm refuses to leave; what was done about it follows by Measure. Returns Invalid for refused fields (on, what): up to its last day of
// service the firm may be there.
func (s *Service) Refuse(ctx context.Context, by policy.Actor, at casework.At, on calendar.Date, what string) (store.Doc[Change], error) {
	return s.step(ctx, by, at, StepRefuse, func(c *Change, b *registry.Faults) error {
		c.Back = c.State
		if !on.IsZero() && on.Compare(c.Leaves) <= 0 {
			b.Add("on", "%s服务到%s，%s还没有过最后一天，不是拒不退出", c.FirmName, c.Leaves.Chinese(), on.Chinese())
			return nil
		}
		return s.measure(c, on, what, b)
	})
}

// Measure records what was done about the refusal. Returns Invalid for refused fields (on, what).
func (s *Service) Measure(ctx context.Context, by policy.Actor, at casework.At, on calendar.Date, what string) (store.Doc[Change], error) {
	return s.step(ctx, by, at, StepMeasure, func(c *Change, b *registry.Faults) error { return s.measure(c, on, what, b) })
}

// Settle records how the refusal ended; the change goes on where it stood. Returns Invalid for refused fields (on, what).
func (s *Service) Settle(ctx context.Context, by policy.Actor, at casework.At, on calendar.Date, what string) (store.Doc[Change], error) {
	return s.step(ctx, by, at, StepSettle, func(c *Change, b *registry.Faults) error { return s.measure(c, on, what, b) })
}

// maxMeasures is how many measures a change holds.
const maxMeasures = 50

func (s *Service) measure(c *Change, on calendar.Date, what string, b *registry.Faults) error {
	b.Past("on", "日期", on, c.Given, s.today())
	b.Words("what", "内容", &what, 2, 200)
	if len(c.Measures) >= maxMeasures {
		b.Add("what", "措施已有 %d 条，不能再加", maxMeasures)
	}
	c.Measures = append(slices.Clone(c.Measures), Measure{on, what})
	return nil
}

// Finish ends the change. Returns Conflict while an item is open, or while nobody but the leaving firm holds the compound.
func (s *Service) Finish(ctx context.Context, by policy.Actor, at casework.At) (store.Doc[Change], error) {
	const op = "change.Finish"
	return s.step(ctx, by, at, StepFinish, func(c *Change, _ *registry.Faults) error {
		if n := c.Open(); n > 0 {
			return fault.New(op, fault.Conflict, fmt.Sprintf("还有 %d 项没有移交，也没有写明原因", n))
		}
		row, err := s.Register.OneProject(ctx, by, c.Project)
		if err != nil {
			return err
		}
		if k := contractOf(row, c.Next); !k.Days.Holds(s.today()) {
			return fault.New(op, fault.Conflict, "新企业的合同今天还没有生效")
		}
		c.Ended = s.today()
		return nil
	})
}

// Withdraw ends a change because the notice was taken back. Returns Invalid without a reason.
func (s *Service) Withdraw(ctx context.Context, by policy.Actor, at casework.At, why string) (store.Doc[Change], error) {
	return s.step(ctx, by, at, StepWithdraw, func(c *Change, b *registry.Faults) error {
		b.Words("why", "撤回原因", &why, 2, 200)
		c.Why, c.Ended = why, s.today()
		return nil
	})
}

// step does a step of the table with what f makes of the change. A final state gives the claim up.
func (s *Service) step(ctx context.Context, by policy.Actor, at casework.At, step Step, f func(*Change, *registry.Faults) error) (store.Doc[Change], error) {
	doc, err := s.Change(ctx, by, policy.WriteRegister, at, string(step), func(c *Change) error {
		next, err := c.next(step)
		if err != nil {
			return err
		}
		var b registry.Faults
		if err := f(c, &b); err != nil {
			return err
		}
		c.State, c.Last = next, step
		return b.Err("change.step")
	})
	if err != nil || !doc.State.State.Final() {
		return doc, err
	}
	return doc, s.DB.Release(ctx, store.Meta{By: by.ID, Action: string(policy.WriteRegister), Why: string(step)}, openClaim, claimKey(&doc.State), changeKind+"/"+doc.ID)
}
