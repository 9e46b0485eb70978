package web

import (
	"context"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/registry"
)

const moneyPath = "/register/money"

// Moneys is what the pages need of public revenue and of the repair fund. Every method checks right and scope and lists its errors there.
type Moneys interface {
	// Revenues lists the half-years of a project, RecordRevenue enters or corrects one, Money lists all projects in one half-year.
	Revenues(ctx context.Context, by policy.Actor, project string) ([]registry.RevenueRow, error)
	RecordRevenue(ctx context.Context, by policy.Actor, project string, seq int64, in registry.RevenueInput, why string) error
	Money(ctx context.Context, by policy.Actor, half, text, township, shown string) ([]registry.MoneyRow, error)
	// Repairs are the facts about the repair fund of a project, AddRepair enters one, WithdrawRepair takes one back.
	Repairs(ctx context.Context, by policy.Actor, project string) (registry.RepairFund, int64, error)
	AddRepair(ctx context.Context, by policy.Actor, project string, seq int64, in registry.RepairFact) error
	WithdrawRepair(ctx context.Context, by policy.Actor, project string, seq int64, n int, why string) error
}

// moneyRoutes are the board of public revenue and the forms, which are shown on the page of their project.
func (s *Server) moneyRoutes() []Route {
	const get = fiber.MethodGet
	routes := []Route{
		{Method: get, Path: moneyPath, Action: policy.ReadRegister, Handler: s.showsOverview(s.moneyBoard)},
		{Method: get, Path: moneyPath + ".xlsx", Action: policy.ReadRegister, Handler: s.sendsOverview(s.moneyBoard)},
	}
	for _, f := range []registerForm{
		{path: projectsPath + "/:id/revenue/new", entry: s.revenueEntry, send: s.recordRevenue, conflictAt: "half"},
		{path: projectsPath + "/:id/revenue/:part", entry: s.revenueEntry, send: s.recordRevenue, conflictAt: "half"},
		{path: projectsPath + "/:id/repair/new", entry: s.repairEntry, send: s.addRepair, conflictAt: "kind"},
		{path: projectsPath + "/:id/repair/:part/withdraw", entry: s.repairBack, send: s.withdrawRepair, conflictAt: "reason"},
	} {
		routes = append(routes, s.formRoutes(f)...)
	}
	return routes
}

// revenueLine is a half-year in words, repairLine a fact of the repair fund.
type revenueLine struct {
	Path, PhotosPath, Half, In, Out, Balance, Shown string
	Photos                                          int
	Published, Objected, Answered                   bool
	Gap                                             string
}

type repairLine struct {
	Path, Word, On, Fen, What string
	Withdrawn                 string
}

// moneyOf are the public revenue and the repair fund of a project in words.
func (s *Server) moneyOf(c *fiber.Ctx, by policy.Actor, project string) ([]revenueLine, []repairLine, error) {
	rows, err := s.registered.Revenues(c.UserContext(), by, project)
	if err != nil {
		return nil, nil, err
	}
	var revenue []revenueLine
	for _, r := range rows {
		l := revenueLine{Path: projectPath(project) + "/revenue/" + r.Half, Half: registry.HalfText(r.Half), In: yuanText(r.In()), Out: yuanText(r.Out()), Balance: yuanText(r.Balance()), Published: !r.Published.IsZero(),
			Objected: r.Objection != "", Answered: r.Answer != "", Gap: r.Gap, PhotosPath: revenuePhotosPath(project, r.Half), Photos: standingScans(r.Photos)}
		if l.Published {
			l.Shown = r.Published.Chinese() + "起在" + r.Where + "公示 " + count(int(r.Days)) + " 日"
		}
		revenue = append(revenue, l)
	}
	facts, _, err := s.registered.Repairs(c.UserContext(), by, project)
	var repairs []repairLine
	for i, f := range facts.Facts {
		repairs = append(repairs, repairLine{projectPath(project) + "/repair/" + strconv.Itoa(i) + "/withdraw", registry.TextOf(registry.RepairKinds(), f.Kind), f.On.Chinese(), yuanText(f.Fen), f.What, f.Withdrawn})
	}
	return revenue, repairs, err
}

// revenueEntry describes the form of a half-year.
func (s *Server) revenueEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e, r, err := s.partEntry(c, by, "revenue", "登记公共收益", "更正公共收益")
	if err != nil {
		return e, err
	}
	e.Seq = 0
	e.Intro = "按半年登记已经核对的收支，期末余额由系统计算，并与上个半年核对。"
	e.Notes = []string{"金额以元为单位，最多两位小数，没有的不填。", "账户只写开户银行和尾号。", "每半年公示一次，公示 30 日以上为宜。", "异议和答复不写个人姓名。"}
	rows, err := s.registered.Revenues(c.UserContext(), by, r.ID)
	if err != nil {
		return e, err
	}
	half := registry.HalfBefore(registry.HalfOf(s.registered.Today()))
	stored := map[string]string{"half": half}
	if part := c.Params("part"); part != "" {
		now, found := partOf(rows, func(r registry.RevenueRow) bool { return r.Half == part })
		if !found {
			return e, noPart("个半年")
		}
		e.Seq = now.Seq
		stored = map[string]string{"half": now.Half, "opening": yuan(now.Opening), "gap": now.Gap, "account": now.Account, "published": now.Published.String(), "where": now.Where, "objection": now.Objection, "answer": now.Answer}
		if now.Days > 0 {
			stored["days"] = strconv.FormatInt(now.Days, 10)
		}
		for _, k := range append(registry.Incomes(), registry.Expenses()...) {
			if fen := now.Of(k.ID); fen > 0 {
				stored[k.ID] = yuan(fen)
			}
		}
	} else if last, found := partOf(rows, func(r registry.RevenueRow) bool { return r.Half == registry.HalfBefore(half) }); found {
		stored["opening"] = yuan(last.Balance())
	}
	value := func(name string) string { return typedOr(c, name, stored[name]) }
	e.Form = []field{{Name: "half", Label: "半年", Type: "text", Autocomplete: "off", Value: value("half"), Hint: "例如 2026H1 是上半年，2026H2 是下半年"},
		{Name: "opening", Label: "期初余额（元）", Type: "text", Mode: "decimal", Autocomplete: "off", Value: value("opening")},
		{Name: "gap", Label: "与上期期末不符的原因", Type: "text", Autocomplete: "off", Optional: true, Value: value("gap")}}
	for _, k := range registry.Incomes() {
		e.Form = append(e.Form, field{Name: k.ID, Label: "收入：" + k.Text + "（元）", Type: "text", Mode: "decimal", Autocomplete: "off", Optional: true, Value: value(k.ID)})
	}
	for _, k := range registry.Expenses() {
		e.Form = append(e.Form, field{Name: k.ID, Label: "支出：" + k.Text + "（元）", Type: "text", Mode: "decimal", Autocomplete: "off", Optional: true, Value: value(k.ID)})
	}
	e.Form = append(e.Form, field{Name: "account", Label: "账户", Type: "text", Autocomplete: "off", Optional: true, Value: value("account"), Hint: "例如：农商银行，尾号 0031"},
		field{Name: "published", Label: "公示日期", Type: "date", Optional: true, Value: value("published")},
		field{Name: "where", Label: "公示地点", Type: "text", Autocomplete: "off", Optional: true, Value: value("where")},
		field{Name: "days", Label: "公示天数", Type: "text", Mode: "numeric", Autocomplete: "off", Optional: true, Value: value("days")},
		field{Name: "objection", Label: "业主异议", Rows: 2, Optional: true, Value: value("objection")},
		field{Name: "answer", Label: "答复", Rows: 2, Optional: true, Value: value("answer")})
	if e.Seq > 0 {
		e.Form = append(e.Form, field{Name: "reason", Label: "更正原因", Type: "text", Autocomplete: "off", Value: c.FormValue("reason")})
	}
	return e, nil
}

func (s *Server) recordRevenue(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	v := registry.RevenueInput{Half: in.text("half"), Opening: in.fen("opening", "期初余额", "1200.50"), Gap: in.text("gap"), Account: in.text("account"), Published: in.date("published", "公示日期"), Where: in.text("where"),
		Days: in.whole("days", "公示天数", "30"), Objection: in.text("objection"), Answer: in.text("answer")}
	for _, k := range registry.Incomes() {
		v.Income = append(v.Income, registry.RevenueLine{Kind: k.ID, Fen: in.fen(k.ID, k.Text, "1200.50")})
	}
	for _, k := range registry.Expenses() {
		v.Expense = append(v.Expense, registry.RevenueLine{Kind: k.ID, Fen: in.fen(k.ID, k.Text, "1200.50")})
	}
	return "", in.with(func(ctx context.Context) error {
		return s.registered.RecordRevenue(ctx, by, c.Params("id"), formSeq(c), v, in.text("reason"))
	})
}

// repairEntry describes the form of a fact about the repair fund.
func (s *Server) repairEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e, r, err := s.belowProject(c, by, "登记维修资金", "/repair/new")
	if err != nil {
		return e, err
	}
	e.Intro = "只登记余额和使用的事实，账由维修资金管理机构记。"
	_, e.Seq, err = s.registered.Repairs(c.UserContext(), by, r.ID)
	e.Form = []field{
		{Name: "kind", Label: "种类", Options: choicesOf("请选择", registry.RepairKinds()), Value: c.FormValue("kind")},
		{Name: "on", Label: "日期", Type: "date", Value: c.FormValue("on"), Hint: "余额填截止日期，使用填划款日期"},
		{Name: "fen", Label: "金额（元）", Type: "text", Mode: "decimal", Autocomplete: "off", Value: c.FormValue("fen")},
		{Name: "what", Label: "用途", Type: "text", Autocomplete: "off", Optional: true, Value: c.FormValue("what"), Hint: "使用和应急使用要填"},
	}
	return e, err
}

func (s *Server) addRepair(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	f := registry.RepairFact{Kind: registry.RepairKind(in.text("kind")), On: in.date("on", "日期"), Fen: in.fen("fen", "金额", "1200.50"), What: in.text("what")}
	return "", in.with(func(ctx context.Context) error { return s.registered.AddRepair(ctx, by, c.Params("id"), formSeq(c), f) })
}

// repairBack describes the form that takes a fact back.
func (s *Server) repairBack(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e, r, err := s.belowProject(c, by, "撤下登记", "/repair/"+c.Params("part")+"/withdraw")
	if err != nil {
		return e, err
	}
	facts, seq, err := s.registered.Repairs(c.UserContext(), by, r.ID)
	if err != nil {
		return e, err
	}
	n, err := strconv.Atoi(c.Params("part"))
	if err != nil || n < 0 || n >= len(facts.Facts) {
		return e, noPart("条维修资金登记")
	}
	f := facts.Facts[n]
	e.Seq = seq
	e.Intro = f.On.Chinese() + registry.TextOf(registry.RepairKinds(), f.Kind) + " " + yuanText(f.Fen) + " 元以后不再计入；变更日志里仍然查得到。"
	e.Form = []field{{Name: "reason", Label: "撤下原因", Type: "text", Autocomplete: "off", Value: c.FormValue("reason"), Hint: "例如：重复登记"}}
	return e, nil
}

func (s *Server) withdrawRepair(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	n, _ := strconv.Atoi(c.Params("part")) // repairBack has read it
	return "", s.registered.WithdrawRepair(c.UserContext(), by, c.Params("id"), formSeq(c), n, in.text("reason"))
}

// moneyBoard puts the public revenue of a half-year together.
func (s *Server) moneyBoard(c *fiber.Ctx, by policy.Actor) (listAddress, overview, error) {
	l := readList(c, moneyPath, "q", "township", "half", "shown")
	now := registry.HalfOf(s.registered.On(c.UserContext()))
	half := l.value["half"]
	if half == "" {
		half = registry.HalfBefore(now)
	}
	b := boardAt(l, "公共收益与维修资金", registry.HalfText(half)+"的公共收益是否公示，维修资金最近的余额")
	if s.guard.Allow(by, policy.ImportRegister) {
		b.Acts = []crumb{{"导入公共收益", importsPath + "?kind=" + string(registry.ImportRevenues)}, {"导入维修资金", importsPath + "?kind=" + string(registry.ImportRepairs)}}
	}
	rows, err := s.registered.Money(c.UserContext(), by, half, l.value["q"], l.value["township"], l.value["shown"])
	if err != nil {
		return l, b, err
	}
	towns, err := s.townshipOptions(c.UserContext())
	if err != nil {
		return l, b, err
	}
	var halves []option
	for h, i := now, 0; i < 6; h, i = registry.HalfBefore(h), i+1 {
		halves = append(halves, option{h, registry.HalfText(h)})
	}
	b.Filters = []boardFilter{{Name: "q", Label: "小区名称或地址", Value: l.value["q"]}, {Name: "half", Label: "半年", Value: half, Options: halves}, {Name: "township", Label: "乡镇", Value: l.value["township"], Options: towns},
		{Name: "shown", Label: "公示", Value: l.value["shown"], Options: []option{{"", "全部"}, {"yes", "已公示"}, {"no", "没有公示"}}}}
	b.Heads = []boardHead{head("小区", ""), head("公示", ""), head("收入（元）", "num no-s"), head("支出（元）", "num no-s"), head("期末余额（元）", "num"), head("维修资金余额（元）", "num")}
	var in, out, balance int64
	shown := 0
	for _, r := range rows {
		row := boardRow{Name: r.Name, Path: projectPath(r.Project), Sub: r.TownshipName + " " + r.CommunityName}
		said := boardCell{Text: "没有登记", Chip: "未设定"}
		money := func(fen int64, class string) boardCell {
			if r.Revenue.Seq == 0 {
				return boardCell{Class: class}
			}
			return yuanCell(fen, class)
		}
		if r.Revenue.Seq > 0 {
			in, out, balance = in+r.Revenue.In(), out+r.Revenue.Out(), balance+r.Revenue.Balance()
			said = boardCell{Text: "没有公示", Chip: "逾期"}
			if !r.Revenue.Published.IsZero() {
				shown++
				said = boardCell{Text: "已公示", Chip: "通过", Sub: r.Revenue.Published.Chinese()}
			}
			if r.Differs {
				said.Sub += " 期初与上期期末不符"
			}
			if r.Revenue.Objection != "" && r.Revenue.Answer == "" {
				said.Sub += " 有异议未答复"
			}
		}
		repair := boardCell{Class: "num"}
		if r.Repair.On != (calendar.Date{}) {
			repair = yuanCell(r.Repair.Fen, "num")
			repair.Sub = r.Repair.On.Chinese()
		}
		row.Cells = []boardCell{said, money(r.Revenue.In(), "num no-s"), money(r.Revenue.Out(), "num no-s"), money(r.Revenue.Balance(), "num"), repair}
		b.Rows = append(b.Rows, row)
	}
	b.Figures = []boardFigure{{Label: "已公示", Value: count(shown) + " 个", Sub: shareText(int64(shown), int64(len(rows)))}, {Label: "收入合计", Value: yuanText(in) + " 元"}, {Label: "支出合计", Value: yuanText(out) + " 元"}, {Label: "期末余额合计", Value: yuanText(balance) + " 元"}}
	b.Note = "期末余额 = 期初余额 + 收入 − 支出，期初应等于上个半年的期末。维修资金只登记事实，不在这里记账。"
	b.Nothing, b.NothingText = "还没有登记小区", "登记小区以后，在小区页登记公共收益和维修资金。"
	return l, b, nil
}
