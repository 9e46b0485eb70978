package registry

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
)

const (
	revenueKind = "revenue"
	repairKind  = "repair-fund"
)

// Revenue is the public revenue (公共收益) of one project in one half-year; the stream is named `<project>.<half>`. It records what was shown to the owners; no money moves here.
type Revenue struct {
	// Project is the id of the project.
	Project string `json:"project" privacy:"public"`
	RevenueInput
	// Photos show how it hung on the notice board, withdrawn ones too.
	Photos []Scan `json:"photos,omitempty"`
}

// RevenueInput is what an officer says about a half-year. Amounts are in fen.
type RevenueInput struct {
	// Half is the half-year: 2026H1 or 2026H2.
	Half string `json:"half" privacy:"public"`
	// Opening is the balance at its beginning; Gap says why it differs from the end of the half-year before, "" if it does not.
	Opening int64  `json:"opening"`
	Gap     string `json:"gap,omitempty" privacy:"internal"`
	// Income and Expense are what came in and went out, one line for each kind, without kinds of nothing.
	Income  []RevenueLine `json:"income,omitempty"`
	Expense []RevenueLine `json:"expense,omitempty"`
	// Account names the bank and the last digits of the account, never the whole number.
	Account string `json:"account,omitempty" privacy:"internal"`
	// Published is the first day on which it was shown, no date if it was not yet; Where the place and Days for how long.
	Published calendar.Date `json:"published,omitzero"`
	Where     string        `json:"where,omitempty" privacy:"public"`
	Days      int64         `json:"days,omitempty"`
	// Objection is what owners objected to, Answer how it was answered; "" for none. No names.
	Objection string `json:"objection,omitempty" privacy:"internal"`
	Answer    string `json:"answer,omitempty" privacy:"internal"`
}

// RevenueLine is one kind of income or expense.
type RevenueLine struct {
	// Kind is that of Incomes or Expenses, Fen the amount.
	Kind string `json:"kind" privacy:"public"`
	Fen  int64  `json:"fen"`
}

// Incomes lists the sources of public revenue, Expenses its uses.
func Incomes() []Choice {
	return []Choice{{"parking", "停车"}, {"adverts", "广告"}, {"rent", "场地和用房租金"}, {"other", "其他收入"}}
}

// Expenses lists the uses of public revenue.
func Expenses() []Choice {
	return []Choice{{"fund", "补充维修资金"}, {"repair", "共用部位维修改造"}, {"committee", "业主组织经费"}, {"cost", "合理成本和其他"}}
}

func sumOf(lines []RevenueLine) (fen int64) {
	for _, l := range lines {
		fen += l.Fen
	}
	return fen
}

// In, Out and Balance are the sums of income and expense and what is left at the end, in fen.
func (in RevenueInput) In() int64 { return sumOf(in.Income) }

// Out is the sum of the expenses in fen.
func (in RevenueInput) Out() int64 { return sumOf(in.Expense) }

// Balance is what is left at the end of the half-year in fen.
func (in RevenueInput) Balance() int64 { return in.Opening + in.In() - in.Out() }

// Of is the amount of one kind of income or expense in fen, 0 if there is none.
func (in RevenueInput) Of(kind string) int64 {
	for _, l := range slices.Concat(in.Income, in.Expense) {
		if l.Kind == kind {
			return l.Fen
		}
	}
	return 0
}

// Amount is where the amount of one kind of income or expense is kept, in fen; a kind that is not there yet is added with 0. The kind is one of Incomes or Expenses.
func (in *RevenueInput) Amount(kind string) *int64 {
	lines := &in.Expense
	if knows(Incomes(), kind) {
		lines = &in.Income
	}
	at := slices.IndexFunc(*lines, func(l RevenueLine) bool { return l.Kind == kind })
	if at < 0 {
		at = len(*lines)
		*lines = append(*lines, RevenueLine{Kind: kind})
	}
	return &(*lines)[at].Fen
}

var halfForm = regexp.MustCompile(`^(20[0-9]{2})H([12])$`)

// HalfText is “2026年上半年” for 2026H1; the text itself if it is no half-year.
func HalfText(half string) string {
	m := halfForm.FindStringSubmatch(half)
	if m == nil {
		return half
	}
	return m[1] + "年" + map[string]string{"1": "上半年", "2": "下半年"}[m[2]]
}

// HalfOf is the half-year of a day.
func HalfOf(day calendar.Date) string {
	if day.String()[5:7] <= "06" {
		return fmt.Sprintf("%dH1", day.Year())
	}
	return fmt.Sprintf("%dH2", day.Year())
}

// HalfBefore is the half-year before one, "" for what is none.
func HalfBefore(half string) string {
	m := halfForm.FindStringSubmatch(half)
	if m == nil {
		return ""
	}
	if m[2] == "2" {
		return m[1] + "H1"
	}
	year, _ := strconv.Atoi(m[1]) // four digits
	return fmt.Sprintf("%dH2", year-1)
}

// maxRevenue is a hundred million yuan.
const maxRevenue = 10_000_000_000

// yuanOf is 1.20 for 120 fen.
func yuanOf(fen int64) string { return num.FromFrac(fen, 100).Fixed(2) }

// check completes the input; before is the half-year before, nil if it is not known.
func (in *RevenueInput) check(before *Revenue, today calendar.Date, bad *faults) {
	if !halfForm.MatchString(in.Half) {
		bad.add("half", "“%s”不是半年，要写成 2026H1 或 2026H2", in.Half)
	} else if in.Half > HalfOf(today) {
		bad.add("half", "%s还没有到", HalfText(in.Half))
	}
	for _, part := range []struct {
		lines *[]RevenueLine
		list  []Choice
	}{{&in.Income, Incomes()}, {&in.Expense, Expenses()}} {
		for _, l := range *part.lines {
			if !knows(part.list, l.Kind) {
				bad.add("half", "没有“%s”这种收支", l.Kind)
			} else if l.Fen < 0 || l.Fen > maxRevenue {
				bad.add(l.Kind, "%s是 %s 元，要在 0 至 %s 之间", TextOf(part.list, l.Kind), yuanOf(l.Fen), yuanOf(maxRevenue))
			}
		}
		*part.lines = slices.DeleteFunc(slices.Clone(*part.lines), func(l RevenueLine) bool { return l.Fen == 0 })
		if len(*part.lines) == 0 {
			*part.lines = nil // as it is read back
		}
	}
	if in.Opening < 0 || in.Opening > maxRevenue {
		bad.add("opening", "期初余额是 %s 元，要在 0 至 %s 之间", yuanOf(in.Opening), yuanOf(maxRevenue))
	} else if in.Balance() < 0 {
		bad.add("opening", "期末余额是 %s 元，支出多于期初余额和收入", yuanOf(in.Balance()))
	}
	bad.text("gap", "差额原因", &in.Gap, 0, 200)
	bad.text("account", "账户", &in.Account, 0, 60)
	bad.text("where", "公示地点", &in.Where, 0, 60)
	bad.text("objection", "异议", &in.Objection, 0, 200)
	bad.text("answer", "答复", &in.Answer, 0, 200)
	if before != nil && before.Balance() != in.Opening && in.Gap == "" {
		bad.add("opening", "期初余额 %s 元与%s期末余额 %s 元不符，请更正，或者写明差额原因", yuanOf(in.Opening), HalfText(before.Half), yuanOf(before.Balance()))
	}
	bad.past("published", "公示日期", in.Published, today)
	bad.count("days", "公示天数", "日", in.Days, 0, 365)
	if !in.Published.IsZero() && (in.Where == "" || in.Days == 0) {
		bad.add("where", "已经公示的，要填公示地点和天数")
	}
	if in.Answer != "" && in.Objection == "" {
		bad.add("objection", "填了答复，也要填异议")
	}
}

// revenueDocument is how public revenue is stored.
func revenueDocument() store.Kind[Revenue] {
	return store.Kind[Revenue]{Name: revenueKind, Version: 1, Indexes: []store.Index[Revenue]{{
		Name: "half",
		Keys: func(_ string, r *Revenue) []string { return []string{policy.ProjectKey(r.Project)} },
		Sort: func(_ string, r *Revenue) string { return r.Half },
	}}}
}

func revenueID(project, half string) string { return project + "." + half }

// RevenueRow is a half-year with its number of changes.
type RevenueRow struct {
	// Seq as in the store; 0 if nothing is recorded.
	Seq int64
	Revenue
}

// Revenues lists up to 50 half-years of a project of the actor's scope, the last one first. Returns Forbidden without ReadRegister, NotFound.
func (s *Service) Revenues(ctx context.Context, by policy.Actor, project string) ([]RevenueRow, error) {
	if _, err := s.projectFor(ctx, by, policy.ReadRegister, project); err != nil {
		return nil, err
	}
	page, err := s.revenues.List(ctx, store.Query{Index: "half", Key: policy.ProjectKey(project), Desc: true, Limit: PageSize})
	var out []RevenueRow
	for _, d := range page.Docs {
		out = append(out, RevenueRow{d.Seq, d.State})
	}
	return out, err
}

// RecordRevenue enters the public revenue of a half-year, or corrects it with a reason if seq is not 0. Returns Forbidden without WriteRegister, NotFound, Invalid for refused fields
// (half, opening, gap, account, published, where, days, objection, answer, reason, and the kinds of income and expense), Conflict if seq is not the last change.
func (s *Service) RecordRevenue(ctx context.Context, by policy.Actor, project string, seq int64, in RevenueInput, why string) error {
	const op = "registry.RecordRevenue"
	if _, err := s.projectFor(ctx, by, policy.WriteRegister, project); err != nil {
		return err
	}
	var bad faults
	if seq > 0 {
		why = reason(&bad, why)
	}
	var before *Revenue
	if last := HalfBefore(in.Half); last != "" {
		d, err := standing(ctx, s.revenues, revenueID(project, last))
		if err != nil {
			return err
		}
		if !d.Deleted {
			before = &d.State
		}
	}
	in.check(before, s.Today(), &bad)
	if err := bad.err(op); err != nil {
		return err
	}
	now, err := standing(ctx, s.revenues, revenueID(project, in.Half))
	if err != nil {
		return err
	}
	if now.Deleted && seq != 0 || !now.Deleted && now.Seq != seq {
		return fault.New(op, fault.Conflict, HalfText(in.Half)+"的公共收益已经登记，或者刚被别人改过，请刷新后再办")
	}
	_, err = s.revenues.Commit(ctx, s.meta(by, policy.WriteRegister, why), revenueID(project, in.Half), now.Seq, Revenue{project, in, now.State.Photos})
	return err
}

// standing loads a document under a name that a withdrawn one leaves to the next: Deleted says that none stands, Seq is then the record behind which the next is stored.
func standing[T any](ctx context.Context, c *store.Collection[T], id string) (store.Doc[T], error) {
	d, err := c.Load(ctx, id)
	if !fault.Is(err, fault.NotFound) {
		return d, err
	}
	head, err := c.Head(ctx, id)
	if fault.Is(err, fault.NotFound) {
		err = nil
	}
	return store.Doc[T]{ID: id, Seq: head.Seq, Deleted: true}, err
}

// RepairFund are facts about the repair fund (维修资金) of one project; the stream has the id of the project. They are no ledger: the fund's own books are elsewhere.
type RepairFund struct {
	// Facts are in the order in which they were entered.
	Facts []RepairFact `json:"facts,omitempty"`
}

// RepairKind is what a fact of a repair fund is.
type RepairKind string

// The kinds of facts.
const (
	// RepairBalance: the balance on a day (余额).
	RepairBalance RepairKind = "balance"
	// RepairUse: a use that the owners decided (使用).
	RepairUse RepairKind = "use"
	// RepairUrgent: an urgent use without a vote before it (应急使用).
	RepairUrgent RepairKind = "urgent"
)

// RepairKinds lists the kinds of facts.
func RepairKinds() []Choice {
	return []Choice{{string(RepairBalance), "余额"}, {string(RepairUse), "使用"}, {string(RepairUrgent), "应急使用"}}
}

// RepairFact is one fact.
type RepairFact struct {
	// Kind says what, On when, Fen the amount, What it was for; "" for a balance.
	Kind RepairKind    `json:"kind" privacy:"public"`
	On   calendar.Date `json:"on"`
	Fen  int64         `json:"fen"`
	What string        `json:"what,omitempty" privacy:"public"`
	// Withdrawn is why it was taken back, "" if it stands.
	Withdrawn string `json:"withdrawn,omitempty" privacy:"internal"`
}

// maxRepairFacts is how many facts a project holds.
const maxRepairFacts = 200

// Balance is the last balance that stands; the zero value if none is known.
func (r RepairFund) Balance() RepairFact {
	var last RepairFact
	for _, f := range r.Facts {
		if f.Kind == RepairBalance && f.Withdrawn == "" && f.On.Compare(last.On) >= 0 {
			last = f
		}
	}
	return last
}

func repairDocument() store.Kind[RepairFund] {
	return store.Kind[RepairFund]{Name: repairKind, Version: 1}
}

// Repairs returns the facts about the repair fund of a project of the actor's scope, and the number of the last change. Returns Forbidden without ReadRegister, NotFound.
func (s *Service) Repairs(ctx context.Context, by policy.Actor, project string) (RepairFund, int64, error) {
	if _, err := s.projectFor(ctx, by, policy.ReadRegister, project); err != nil {
		return RepairFund{}, 0, err
	}
	return s.repairsOf(ctx, project)
}

func (r *Register) repairsOf(ctx context.Context, project string) (RepairFund, int64, error) {
	d, err := r.repairs.Load(ctx, project)
	if fault.Is(err, fault.NotFound) {
		err = nil
	}
	return d.State, d.Seq, err
}

// AddRepair enters a fact about the repair fund. Returns Forbidden without WriteRegister, NotFound, Invalid for refused fields (kind, on, fen, what), Conflict if seq is not the last change.
func (s *Service) AddRepair(ctx context.Context, by policy.Actor, project string, seq int64, in RepairFact) error {
	return s.changeRepairs(ctx, by, project, seq, "", func(r *RepairFund, bad *faults) error {
		r.add(in, s.Today(), bad)
		return nil
	})
}

// add checks a fact and puts it behind the others; what is wrong goes to bad.
func (r *RepairFund) add(in RepairFact, today calendar.Date, bad *faults) {
	choice(bad, "kind", "种类", in.Kind, RepairKinds())
	if in.On.IsZero() {
		bad.add("on", "请填写日期，例如 2026-06-30")
	}
	bad.past("on", "日期", in.On, today)
	if in.Fen < 0 || in.Fen > maxRevenue || in.Fen == 0 && in.Kind != RepairBalance {
		bad.add("fen", "金额是 %s 元，余额可以是 0，使用要大于 0，最多 %s", yuanOf(in.Fen), yuanOf(maxRevenue))
	}
	least := 4
	if in.Kind == RepairBalance {
		least = 0
	}
	bad.text("what", "用途", &in.What, least, 100)
	if len(r.Facts) >= maxRepairFacts {
		bad.add("kind", "维修资金登记已有 %d 条，不能再加", maxRepairFacts)
	}
	in.Withdrawn = ""
	r.Facts = append(slices.Clone(r.Facts), in)
}

// WithdrawRepair takes a fact back that was entered by mistake; n counts from 0. Returns as AddRepair, NotFound also for a fact that there is not, Invalid for the reason, Conflict if it is withdrawn already.
func (s *Service) WithdrawRepair(ctx context.Context, by policy.Actor, project string, seq int64, n int, why string) error {
	return s.changeRepairs(ctx, by, project, seq, why, func(r *RepairFund, bad *faults) error {
		if n < 0 || n >= len(r.Facts) {
			return fault.New("registry.WithdrawRepair", fault.NotFound, "没有找到这条维修资金登记")
		}
		return withdraw(&r.Facts, n, func(f *RepairFact) *string { return &f.Withdrawn }, why, bad)
	})
}

func (s *Service) changeRepairs(ctx context.Context, by policy.Actor, project string, seq int64, why string, f func(*RepairFund, *faults) error) error {
	const op = "registry.changeRepairs"
	if _, err := s.projectFor(ctx, by, policy.WriteRegister, project); err != nil {
		return err
	}
	now, last, err := s.repairsOf(ctx, project)
	if err != nil {
		return err
	}
	if last != seq {
		return overtaken(op)
	}
	var bad faults
	if err := f(&now, &bad); err != nil {
		return err
	}
	if err := bad.err(op); err != nil {
		return err
	}
	_, err = s.repairs.Commit(ctx, s.meta(by, policy.WriteRegister, why), project, seq, now)
	return err
}

// MoneyRow is what is known of one project's public revenue in a half-year and of its repair fund.
type MoneyRow struct {
	// Place says where it lies and who holds it today.
	Place
	// Revenue has Seq 0 if nothing is recorded for the half-year; Differs: its opening is not the end of the half-year before.
	Revenue RevenueRow
	Differs bool
	// Repair is the last balance of the repair fund, the zero value if none is known.
	Repair RepairFact
}

// Money lists the projects of the actor's scope by name with their public revenue of a half-year. shown keeps “yes”, those that were shown to the owners, or “no”. Returns Forbidden without ReadRegister.
func (s *Service) Money(ctx context.Context, by policy.Actor, half, text, township, shown string) ([]MoneyRow, error) {
	book := s.nameBook()
	var out []MoneyRow
	err := s.eachProject(ctx, by, ProjectQuery{Text: text, Township: township}, func(id string, p *Project) error {
		found, err := s.revenues.LoadEach(ctx, []string{revenueID(id, half), revenueID(id, HalfBefore(half))})
		if err != nil {
			return err
		}
		var row MoneyRow
		if found[0] != nil {
			row.Revenue = RevenueRow{found[0].Seq, found[0].State}
			row.Differs = found[1] != nil && found[1].State.Balance() != row.Revenue.Opening
		}
		if is := !row.Revenue.Published.IsZero(); shown == "yes" && !is || shown == "no" && is {
			return nil
		}
		if row.Place, err = book.place(ctx, id, p, s.On(ctx)); err != nil {
			return err
		}
		facts, _, err := s.repairsOf(ctx, id)
		row.Repair = facts.Balance()
		out = append(out, row)
		return err
	})
	return out, err
}
