package change

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
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
	rows *store.Collection[Change]
}

const (
	changeKind = "change"
	openClaim  = "change-open"
	// byScope lists everything by the scope keys, byOpen what is open, the earliest last day of service first.
	byScope = "scope"
	byOpen  = "open"
)

func document() store.Kind[Change] {
	return store.Kind[Change]{Name: changeKind, Version: 1, Indexes: []store.Index[Change]{
		{Name: byScope, Keys: func(_ string, c *Change) []string { return append([]string{policy.County}, c.Keys...) }, Sort: func(_ string, c *Change) string { return c.Given.String() }},
		{Name: byOpen, Keys: func(_ string, c *Change) []string {
			if c.State.Final() {
				return nil
			}
			return append([]string{policy.County}, c.Keys...)
		}, Sort: func(_ string, c *Change) string { return c.Leaves.String() }},
	}}
}

// New opens the changes.
func New(ctx context.Context, c Config) (*Service, error) {
	rows, err := store.NewCollection(ctx, c.DB, document())
	return &Service{Config: c, rows: rows}, err
}

// At is the change that a command is about.
type At struct {
	// ID is the change, Seq the change of it that the actor saw.
	ID  string
	Seq int64
	// Idem makes a retry safe, nil for none.
	Idem *store.Idem
}

func (s *Service) today() calendar.Date { return calendar.DateOf(s.Now()) }

// bad gathers what is wrong with an input.
type bad []fault.Field

func (b *bad) add(name, format string, args ...any) {
	*b = append(*b, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
}

func (b *bad) err(op string) error {
	if len(*b) == 0 {
		return nil
	}
	return fault.InvalidFields(op, *b...)
}

// text trims a text and checks its length in signs.
func (b *bad) text(name, label string, value *string, least, most int) {
	*value = strings.TrimSpace(*value)
	if n := utf8.RuneCountInString(*value); n < least || n > most {
		b.add(name, "%s要写 %d 至 %d 个字，现在有 %d 个", label, least, most, n)
	}
}

// past checks a day that must have come, and not before another one.
func (b *bad) past(name, label string, day, earliest, today calendar.Date) {
	switch {
	case day.IsZero():
		b.add(name, "请填写%s，例如 2026-10-19", label)
	case day.Compare(today) > 0:
		b.add(name, "%s%s还没有到", label, day.Chinese())
	case day.Compare(earliest) < 0:
		b.add(name, "%s%s早于%s", label, day.Chinese(), earliest.Chinese())
	}
}

// Open enters a notice and returns the change. contract is the one that ends. Returns Forbidden without WriteRegister, NotFound outside the scope, Invalid for refused fields
// (contract, giver, given, leaves, reason), Conflict if a change of that phase is open.
func (s *Service) Open(ctx context.Context, by policy.Actor, project, contract string, in Notice, idem *store.Idem) (store.Doc[Change], error) {
	const op = "change.Open"
	none := store.Doc[Change]{}
	scope, err := s.scope(ctx, by, policy.WriteRegister)
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(policy.WriteRegister), Why: string(StepOpen), Idem: idem}
	if doc, done, err := s.rows.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	row, err := s.Register.OneProject(ctx, by, project)
	if err != nil {
		return none, err
	}
	if err := scope.Require(op, row.DutyKeys(), s.today()); err != nil {
		return none, err
	}
	var b bad
	c := contractOf(row, contract)
	if c.ID == "" {
		b.add("contract", "请选择要终止的合同")
	}
	if !slices.ContainsFunc(Givers(), func(g registry.Choice) bool { return g.ID == string(in.Giver) }) {
		b.add("giver", "请选择由谁通知")
	}
	b.past("given", "收到通知的日期", in.Given, c.Days.From, s.today())
	switch {
	case in.Leaves.IsZero():
		b.add("leaves", "请填写服务的最后一天，例如 2026-12-31")
	case in.Leaves.Compare(in.Given) < 0:
		b.add("leaves", "服务的最后一天%s早于收到通知的日期%s", in.Leaves.Chinese(), in.Given.Chinese())
	case c.ID != "" && !c.Days.Until.IsZero() && in.Leaves.Compare(c.Days.Until) > 0:
		b.add("leaves", "服务的最后一天%s晚于合同截止日%s", in.Leaves.Chinese(), c.Days.Until.Chinese())
	}
	b.text("reason", "原因", &in.Reason, 2, 200)
	if err := b.err(op); err != nil {
		return none, err
	}
	names, err := s.Register.FirmNames(ctx, []string{c.Firm})
	if err != nil {
		return none, err
	}
	next := Change{Project: project, ProjectName: row.Name, Phase: c.Phase, PhaseName: row.Project.PhaseName(c.Phase), Contract: c.ID, Firm: c.Firm, FirmName: names[c.Firm], Keys: row.Keys(), Day: s.today(),
		State: Noticed, Last: StepOpen, Notice: in}
	if next.InTime, err = s.Deadlines(in.Giver.rule(), in.Leaves); err != nil {
		return none, err
	}
	id := s.DB.NewID(meta)
	err = s.DB.Claim(ctx, meta, openClaim, claimKey(&next), changeKind+"/"+id)
	if fault.Is(err, fault.Conflict) {
		err = fault.Wrap(op, fault.Conflict, next.Name()+"已经有一次正在办理的更换，请先办完那一次", err)
	}
	if err != nil {
		return none, err
	}
	return s.rows.Commit(ctx, meta, id, 0, next)
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
func (s *Service) Announce(ctx context.Context, by policy.Actor, at At, on calendar.Date, where string) (store.Doc[Change], error) {
	return s.change(ctx, by, at, StepAnnounce, func(c *Change, b *bad) error {
		b.past("announced", "公告日期", on, c.Given, s.today())
		b.text("where", "公告地点", &where, 2, 60)
		c.Announced, c.Where = on, where
		return nil
	})
}

// Custody links the contract of emergency custody. Returns Invalid with the field contract for one that is not of that kind, begins before the firm leaves, or is longer than its rule allows.
func (s *Service) Custody(ctx context.Context, by policy.Actor, at At, contract string) (store.Doc[Change], error) {
	return s.change(ctx, by, at, StepCustody, func(c *Change, b *bad) error {
		k, err := s.follower(ctx, by, c, contract, b)
		if err != nil || k.ID == "" {
			return err
		}
		if k.Kind != registry.ContractCustody {
			b.add("contract", "这份合同不是应急托管，请先在小区页登记应急托管合同")
			return nil
		}
		if c.Limit, err = s.Deadlines(custodyRule, k.Days.From); err != nil {
			return err
		}
		if c.Limit.Resolved() && k.Days.Until.Compare(c.Limit.Due) > 0 {
			b.add("contract", "应急托管到%s，最迟只能到%s（%s）", k.Days.Until.Chinese(), c.Limit.Due.Chinese(), c.Limit.Basis)
		}
		c.Custody = k.ID
		return nil
	})
}

// follower finds a contract that follows the one that ends; the zero value after naming what is wrong.
func (s *Service) follower(ctx context.Context, by policy.Actor, c *Change, contract string, b *bad) (registry.Contract, error) {
	row, err := s.Register.OneProject(ctx, by, c.Project)
	if err != nil {
		return registry.Contract{}, err
	}
	k := contractOf(row, contract)
	switch {
	case k.ID == "" || k.ID == c.Contract:
		b.add("contract", "请选择接下来的合同；还没有登记的，先在小区页登记")
	case k.Phase != "" && k.Phase != c.Phase:
		b.add("contract", "这份合同管的是%s", row.Project.PhaseName(k.Phase))
	case k.Days.From.Compare(c.Leaves) <= 0:
		b.add("contract", "这份合同%s起，早于原企业服务的最后一天%s", k.Days.From.Chinese(), c.Leaves.Chinese())
	default:
		return k, nil
	}
	return registry.Contract{}, nil
}

// Choose links the vote by which the owners chose and the contract with the next firm. Returns Invalid with the fields vote and contract: for a vote that is about something else or did
// not carry by article 278, for a contract that is none or begins too early.
func (s *Service) Choose(ctx context.Context, by policy.Actor, at At, vote, contract string) (store.Doc[Change], error) {
	return s.change(ctx, by, at, StepChoose, func(c *Change, b *bad) error {
		votes, err := s.Register.Votes(ctx, by, c.Project)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(votes, func(v registry.VoteRow) bool { return v.ID == vote })
		switch {
		case i < 0:
			b.add("vote", "请选择选聘的表决记录；还没有登记的，先在小区页登记")
		case votes[i].Matter != registry.MatterFirm:
			b.add("vote", "这次表决的事项是“%s”，不是选聘物业服务企业", registry.TextOf(registry.Matters(), votes[i].Matter))
		case !votes[i].Check().Attended:
			b.add("vote", "这次表决参与的面积或者人数没有达到三分之二（民法典第二百七十八条）")
		case !votes[i].Check().Agreed:
			b.add("vote", "这次表决同意的没有达到%s（民法典第二百七十八条）", votes[i].Check().Needs)
		}
		k, err := s.follower(ctx, by, c, contract, b)
		if err != nil || k.ID == "" {
			return err
		}
		if k.Kind != registry.ContractChosen {
			b.add("contract", "合同类型不是业主大会选聘")
		}
		if k.Firm == c.Firm {
			b.add("contract", "仍是原企业的合同，没有更换；请撤回这次更换")
		}
		names, err := s.Register.FirmNames(ctx, []string{k.Firm})
		c.Vote, c.Next, c.NextFirm = vote, k.ID, names[k.Firm]
		return err
	})
}

// Hand begins the handing over with its list.
func (s *Service) Hand(ctx context.Context, by policy.Actor, at At) (store.Doc[Change], error) {
	return s.change(ctx, by, at, StepHand, func(c *Change, _ *bad) (err error) {
		c.Items = items()
		if c.Leave, err = s.Deadlines(leaveRule, c.Leaves); err != nil {
			return err
		}
		c.Archive, err = s.Deadlines(archiveRule, c.Leaves)
		return err
	})
}

// Item records that an item was handed over on a day, or, without a day, why it is missing. Returns Invalid for refused fields (item, on, lack).
func (s *Service) Item(ctx context.Context, by policy.Actor, at At, item string, on calendar.Date, lack string) (store.Doc[Change], error) {
	return s.change(ctx, by, at, StepItem, func(c *Change, b *bad) error {
		i := slices.IndexFunc(c.Items, func(i Item) bool { return i.ID == item })
		if i < 0 {
			b.add("item", "请选择移交的是哪一项")
			return nil
		}
		if on.IsZero() {
			b.text("lack", "没有移交的原因", &lack, 2, 100)
		} else {
			b.past("on", "移交日期", on, c.Given, s.today())
			lack = ""
		}
		c.Items = slices.Clone(c.Items)
		c.Items[i].On, c.Items[i].Lack = on, lack
		return nil
	})
}

// Refuse records that the firm refuses to leave; what was done about it follows by Measure. Returns Invalid for refused fields (on, what): up to its last day of
// service the firm may be there.
func (s *Service) Refuse(ctx context.Context, by policy.Actor, at At, on calendar.Date, what string) (store.Doc[Change], error) {
	return s.change(ctx, by, at, StepRefuse, func(c *Change, b *bad) error {
		c.Back = c.State
		if !on.IsZero() && on.Compare(c.Leaves) <= 0 {
			b.add("on", "%s服务到%s，%s还没有过最后一天，不是拒不退出", c.FirmName, c.Leaves.Chinese(), on.Chinese())
			return nil
		}
		return s.measure(c, on, what, b)
	})
}

// Measure records what was done about the refusal. Returns Invalid for refused fields (on, what).
func (s *Service) Measure(ctx context.Context, by policy.Actor, at At, on calendar.Date, what string) (store.Doc[Change], error) {
	return s.change(ctx, by, at, StepMeasure, func(c *Change, b *bad) error { return s.measure(c, on, what, b) })
}

// Settle records how the refusal ended; the change goes on where it stood. Returns Invalid for refused fields (on, what).
func (s *Service) Settle(ctx context.Context, by policy.Actor, at At, on calendar.Date, what string) (store.Doc[Change], error) {
	return s.change(ctx, by, at, StepSettle, func(c *Change, b *bad) error { return s.measure(c, on, what, b) })
}

// maxMeasures is how many measures a change holds.
const maxMeasures = 50

func (s *Service) measure(c *Change, on calendar.Date, what string, b *bad) error {
	b.past("on", "日期", on, c.Given, s.today())
	b.text("what", "内容", &what, 2, 200)
	if len(c.Measures) >= maxMeasures {
		b.add("what", "措施已有 %d 条，不能再加", maxMeasures)
	}
	c.Measures = append(slices.Clone(c.Measures), Measure{on, what})
	return nil
}

// Finish ends the change. Returns Conflict while an item is open, or while nobody but the leaving firm holds the compound.
func (s *Service) Finish(ctx context.Context, by policy.Actor, at At) (store.Doc[Change], error) {
	const op = "change.Finish"
	return s.change(ctx, by, at, StepFinish, func(c *Change, _ *bad) error {
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
func (s *Service) Withdraw(ctx context.Context, by policy.Actor, at At, why string) (store.Doc[Change], error) {
	return s.change(ctx, by, at, StepWithdraw, func(c *Change, b *bad) error {
		b.text("why", "撤回原因", &why, 2, 200)
		c.Why, c.Ended = why, s.today()
		return nil
	})
}

func (s *Service) scope(ctx context.Context, by policy.Actor, action policy.Action) (policy.Scope, error) {
	if err := s.Guard.Require(by, action); err != nil {
		return policy.Scope{}, err
	}
	return s.Guard.Scope(ctx, by, action)
}

// change loads a change inside the scope, checks the step and that nobody was quicker, and commits what f makes of it. A final state gives the claim up.
func (s *Service) change(ctx context.Context, by policy.Actor, at At, step Step, f func(*Change, *bad) error) (store.Doc[Change], error) {
	const op = "change.change"
	none := store.Doc[Change]{}
	scope, err := s.scope(ctx, by, policy.WriteRegister)
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(policy.WriteRegister), Why: string(step), Idem: at.Idem}
	if doc, done, err := s.rows.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	doc, err := s.load(ctx, scope, at.ID)
	if err != nil {
		return none, err
	}
	if doc.Seq != at.Seq {
		return none, fault.New(op, fault.Conflict, "这次更换刚被别人办过，现在是“"+doc.State.State.Title()+"”，请刷新后再办")
	}
	next, err := doc.State.next(step)
	if err != nil {
		return none, err
	}
	var b bad
	if err := f(&doc.State, &b); err != nil {
		return none, err
	}
	if err := b.err(op); err != nil {
		return none, err
	}
	doc.State.State, doc.State.Last = next, step
	out, err := s.rows.Commit(ctx, meta, at.ID, at.Seq, doc.State)
	if err != nil || !next.Final() {
		return out, err
	}
	meta.Idem = nil
	return out, s.DB.Release(ctx, meta, openClaim, claimKey(&doc.State), changeKind+"/"+at.ID)
}

// load is a change inside the scope; NotFound for everything else.
func (s *Service) load(ctx context.Context, scope policy.Scope, id string) (store.Doc[Change], error) {
	const op = "change.load"
	if !journal.ValidPart(id) {
		return store.Doc[Change]{}, fault.New(op, fault.NotFound, "没有找到要看的内容")
	}
	doc, err := s.rows.Load(ctx, id)
	if err != nil {
		return doc, err
	}
	return doc, scope.Require(op, doc.State.Keys, doc.State.Day)
}
