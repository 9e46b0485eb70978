package web

import (
	"cmp"
	"context"
	"net/url"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
	"redsteward/registry/fund/refund"
)

// refundsPath is the list of refunds of the guarantee fund.
const refundsPath = fundPath + "/refunds"

// refundRoutes are the pages of refunds; none without them. They stand before those of the ledgers, whose address begins alike.
func (s *Server) refundRoutes() []Route {
	if s.refunds == nil {
		return nil
	}
	const get, post, one = fiber.MethodGet, fiber.MethodPost, refundsPath + "/:id<maxLen(64)>"
	rows := []Route{
		{Method: get, Path: refundsPath, Action: policy.ReadRefund, Handler: s.refundList},
		{Method: get, Path: refundsPath + ".xlsx", Action: policy.ReadRefund, Handler: s.refundsExcel},
		{Method: post, Path: refundsPath + "/new", Action: policy.HandleRefund, Handler: s.openRefund},
		{Method: get, Path: one, Action: policy.ReadRefund, Handler: s.refundPage},
		{Method: get, Path: one + "/files/:file<maxLen(44)>", Action: policy.ReadRefund, Handler: s.refundFile},
		{Method: get, Path: one + "/print/:paper<maxLen(16)>", Action: policy.ReadRefund, Handler: s.refundPrint},
		{Method: post, Path: one + "/sign", Action: policy.SignApproval, Handler: s.signRefund},
		{Method: post, Path: one + "/paper", Action: policy.SignApproval, Handler: s.paperRefund, Upload: maxFundForm},
	}
	for _, do := range refund.Steps() {
		if do != refund.StepOpen && do.Action() != policy.SignApproval {
			rows = append(rows, Route{Method: post, Path: one + "/" + string(do), Action: do.Action(), Handler: s.doRefund(do), Upload: maxFundForm})
		}
	}
	return rows
}

func refundFilter(l listAddress) refund.Filter {
	return refund.Filter{Text: l.value["q"], State: refund.State(l.value["state"]), Project: l.value["project"]}
}

func (s *Server) refundRow(id string, r *refund.Refund) caseRow {
	row := caseRow{Path: refundsPath + "/" + id, Name: r.Name, Place: r.Place, Title: r.What() + "，" + r.Term() + "到" + r.Ends.Chinese(), State: r.State.Title(), Next: r.Next(), Opened: r.Opened.Chinese()}
	s.dueIn(&row, r.Clock, r.State == refund.Showing)
	if r.Fen > 0 {
		row.Amount = fund.Yuan(r.Fen)
	}
	return row
}

// refundList lists the refunds of the actor's scope.
func (s *Server) refundList(c *fiber.Ctx, by policy.Actor) error {
	l := readList(c, refundsPath, "q", "state", "project")
	docs, err := s.refunds.List(c.UserContext(), by, refundFilter(l), l.value["sort"] == "due", l.after)
	if err != nil {
		return err
	}
	states := []option{{Label: "全部"}}
	for _, state := range refund.States() {
		states = append(states, option{string(state), state.Title()})
	}
	v := casesView{Home: refundsPath, Fund: s.guard.Allow(by, policy.ReadFund), Title: "保修金退还", Sub: "存储期（分期退还的年限）届满前联合查验、公示，没有异议的退还建设单位", Excel: l.excel(), Query: l.value["q"], Project: l.value["project"],
		State: field{Name: "state", Label: "状态", Options: states, Value: l.value["state"]}, Opened: l.sorted("opened", "开始日期", "opened"), DueFirst: l.sorted("due", "期限", "opened"), Next: nextPage(c, docs.Next), Filtered: l.filtered()}
	for _, d := range docs.Docs {
		v.Rows = append(v.Rows, s.refundRow(d.ID, &d.State))
	}
	return s.render(c, by, "fund_cases", page{Title: v.Title, Nav: refundsPath, Data: v})
}

// refundsExcel is the same list as Excel, all of it.
func (s *Server) refundsExcel(c *fiber.Ctx, by policy.Actor) error {
	l := readList(c, refundsPath, "q", "state", "project")
	sheet := report.Figures{Sheet: "保修金退还", Heads: []string{"小区", "所在社区", "分期", "种类", "届满日期", "状态", "开始日期", "期限", "异议（条）", "退还（元）", "下一步"}}
	for after := ""; ; {
		docs, err := s.refunds.List(c.UserContext(), by, refundFilter(l), l.value["sort"] == "due", after)
		if err != nil {
			return err
		}
		for _, d := range docs.Docs {
			r := d.State
			sheet.Rows = append(sheet.Rows, []any{r.Name, r.Place, r.Phase, refundKind(&r), r.Ends, r.State.Title(), r.Opened, r.Clock.Due, int64(len(r.Objections)), inYuan(r.Fen), r.Next()})
		}
		if after = docs.Next; after == "" {
			break
		}
	}
	data, err := report.Write(sheet.Filled())
	if err != nil {
		return err
	}
	return sendExcel(c, "保修金退还.xlsx", data)
}

// refundKind is whether a refund is the one at the end or that of a stage, for a list.
func refundKind(r *refund.Refund) string {
	if r.Stage == 0 {
		return "到期退还"
	}
	return "第 " + strconv.FormatInt(r.Stage, 10) + " 次分期退还"
}

// openRefund begins the refund of an amount, or of the part that a stage gives back. A stage that is no number is one that no rule has.
func (s *Server) openRefund(c *fiber.Ctx, by policy.Actor) error {
	stage, err := strconv.ParseInt(cmp.Or(c.FormValue("stage"), "0"), 10, 64)
	if err != nil {
		stage = -1
	}
	doc, err := s.refunds.Open(c.UserContext(), by, c.FormValue("project"), c.FormValue("due"), stage, formIdem(c))
	if err != nil {
		return err
	}
	return seeOther(c, refundsPath+"/"+doc.ID+"?done=open")
}

// refundForms are the forms of the steps.
func refundForms(r *refund.Refund) map[refund.Step]caseForm {
	const reason = "理由"
	open := []option{{Label: "请选择"}}
	for _, o := range r.Objections {
		if o.Standing == refund.Open || o.Standing == refund.Sued {
			open = append(open, option{o.ID, o.Text})
		}
	}
	forms := map[refund.Step]caseForm{
		refund.StepCheck: {choice: "查验结果", choices: []option{{Label: "请选择"}, {"clean", "没有未修复的缺陷"}, {"defect", "还有缺陷没有修复"}}, text: "查验情况", hint: "业主、物业企业、社区、住建局各登记一次，以最后一次为准。"},
		refund.StepGone:  {text: "情况（歇业、注销、破产）", number: "文书编号", day: "文书日期", file: "文书", aside: true, hint: "公示期满后余额转入小区的住宅专项维修资金。"},
		refund.StepShow:  {day: "公示第一天", text: "公示地点", file: "公示照片", hint: "打印退还公示贴在小区；公示期内业主可以提出异议。"}, refund.StepObject: {text: "异议", hint: "写明哪一处还有问题。"},
		refund.StepSend: {hint: "按账上现有的余额计算退还金额；送审的人不能再审批这一件。"}, refund.StepPay: {number: "支付凭证号", file: "银行付款回单", hint: "经办和审批的人不能支付。"},
		refund.StepBounce: bounceForm(),
		refund.StepExtend: {text: reason, aside: true, hint: "还有缺陷或者使用申请在办的，修复以前继续存储。"}, refund.StepResume: {text: "修复情况"}, refund.StepStop: {text: reason, ends: true},
	}
	if len(open) > 1 {
		forms[refund.StepSettle] = caseForm{choice: "哪一条异议", choices: open, text: "怎样达成一致", aside: true}
		forms[refund.StepSue] = caseForm{choice: "哪一条异议", choices: open, text: "受理法院（仲裁机构）和案号", aside: true}
		forms[refund.StepDrop] = caseForm{choice: "哪一条异议", choices: open, text: "撤回的情况", aside: true}
	}
	return forms
}

// refundPage shows a refund and what the actor can do with it.
func (s *Server) refundPage(c *fiber.Ctx, by policy.Actor) error {
	return s.showRefund(c, by, url.Values{}, nil)
}

func (s *Server) showRefund(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	ctx, id := c.UserContext(), c.Params("id")
	doc, err := s.refunds.One(ctx, by, id)
	if err != nil {
		return err
	}
	r := &doc.State
	v := caseView{Above: s.fundCrumb(by), NotesTitle: "异议与查验", Home: refundsPath, HomeTitle: "保修金退还", Path: refundsPath + "/" + id, Key: newKey(), Seq: doc.Seq, Title: r.Name + "：" + r.What(), Sub: r.Place, State: r.State.Title(), Next: r.Next(), Reason: r.Reason,
		Levels: s.approvalLevels(r.Approval), Lines: r.Lines}
	if v.Clock, v.Late = s.caseClock(r.State.Title(), r.Clock); r.State == refund.Showing {
		v.Clock, v.Late = s.hung(r.State.Title(), r.Clock)
	}
	v.Facts = [][2]string{{r.Term() + "届满", r.Ends.Chinese()}, {"规则", r.Terms}, {"开始办理", r.Opened.Chinese()}, {"建设单位歇业、破产", paperText(r.Gone)}, {"退还公示", paperText(r.Shown)}, {"支付", paperText(r.Paid)}}
	for i := range r.Bounced {
		v.Facts = append(v.Facts, [2]string{"退汇", paperText(&r.Bounced[i])})
	}
	if r.Fen > 0 {
		v.Facts = append(v.Facts, [2]string{"退还金额", fund.Yuan(r.Fen) + " 元"})
	}
	v.Facts = filled(v.Facts)
	for _, side := range refund.Sides() {
		if check, ok := r.CheckOf(side); ok {
			word := "通过"
			if !check.Clean {
				word = "未整改"
			}
			v.Notes = append(v.Notes, caseNote{Title: side.Title() + "查验", Sub: check.Day.Chinese() + "，" + check.Text, State: word})
		}
	}
	for _, o := range r.Objections {
		sub := o.Day.Chinese() + "提出，处理期限" + o.Clock.Due.Chinese()
		if o.Answer != "" {
			sub += "；" + o.Answer
		}
		v.Notes = append(v.Notes, caseNote{Title: "异议：" + o.Text, Sub: sub, State: o.Standing.Title()})
	}
	names, _ := refundStored(r)
	for _, n := range names {
		v.Papers = append(v.Papers, caseLink{n.Title, v.Path + "/files/" + n.Link})
	}
	v.Prints = []caseLink{{"退还公示", v.Path + "/print/notice"}}
	forms := refundForms(r)
	for _, do := range refund.Steps() {
		if form, has := forms[do]; has && s.refunds.Can(ctx, by, r, do) {
			v.Acts = append(v.Acts, form.act(string(do), do.Title(), typed, refused, s.refunds.Today()))
		}
	}
	openFirst(v.Acts, typed.Get("step"))
	if err := s.signCase(c, by, &v, s.refunds.Approvals(), r.Approval, r.Scans, r.Keys, r.Opened, typed, refused); err != nil {
		return err
	}
	history, err := s.refunds.History(ctx, by, id)
	if err != nil {
		return err
	}
	v.History = caseHistory(history, func(r *refund.Refund) string { return r.Last.Title() })
	said := map[string]string{"open": "已开始。业主、物业企业、社区、住建局联合查验后公示。", "sign": "已签署。", "paper": paperSaid}
	for _, do := range refund.Steps() {
		if said[string(do)] == "" {
			said[string(do)] = "已办：" + do.Title() + "。"
		}
	}
	return s.render(c, by, "fund_case", page{Title: v.Title, Nav: refundsPath, Data: v, Fields: refused, Said: saidParam(c, said)})
}

// refundStored are the files of a refund by their name in an address.
func refundStored(r *refund.Refund) (names []caseLink, byName map[string]*files.Stored) {
	byName = map[string]*files.Stored{}
	for _, one := range []struct {
		name, title string
		paper       *casework.Paper
	}{{"gone", "歇业、破产文书", r.Gone}, {"shown", "公示照片", r.Shown}, {"paid", "付款回单", r.Paid}} {
		if one.paper != nil && one.paper.File != nil {
			names, byName[one.name] = append(names, caseLink{one.title, one.name}), one.paper.File
		}
	}
	for i := range r.Bounced {
		name := "bounced-" + strconv.Itoa(i+1)
		names, byName[name] = append(names, caseLink{"退汇凭证", name}), r.Bounced[i].File
	}
	return names, byName
}

// refundFile hands out a file of a refund.
func (s *Server) refundFile(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.refunds.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	if scan := scanOf(doc.State.Scans, c.Params("file")); scan != nil {
		return s.sendStored(c, scan)
	}
	_, byName := refundStored(&doc.State)
	return s.sendStored(c, byName[c.Params("file")])
}

// doRefund carries a step out.
func (s *Server) doRefund(do refund.Step) func(c *fiber.Ctx, by policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		return s.caseStep(c, string(do), refundsPath+"/"+c.Params("id"), func(ctx context.Context, at casework.At, in casework.Input) error {
			_, err := s.refunds.Do(ctx, by, at, do, in)
			return err
		}, func(typed url.Values, refused []fault.Field) error { return s.showRefund(c, by, typed, refused) })
	}
}

// paperRefund records a signature on paper.
func (s *Server) paperRefund(c *fiber.Ctx, by policy.Actor) error {
	return s.casePaper(c, refundsPath+"/"+c.Params("id"), func(at casework.At, in policy.OnPaper, password string) error {
		_, err := s.refunds.SignOnPaper(c.UserContext(), by, at, in, password)
		return err
	}, func(typed url.Values, refused []fault.Field) error { return s.showRefund(c, by, typed, refused) })
}

// signRefund signs at one's level.
func (s *Server) signRefund(c *fiber.Ctx, by policy.Actor) error {
	return s.caseSign(c, refundsPath+"/"+c.Params("id"), func(at casework.At, sign policy.Sign, password string) error {
		_, err := s.refunds.Sign(c.UserContext(), by, at, sign, password)
		return err
	}, func(typed url.Values, refused []fault.Field) error { return s.showRefund(c, by, typed, refused) })
}

// refundPrint is the notice of a refund to the owners.
func (s *Server) refundPrint(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.refunds.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	r := &doc.State
	if c.Params("paper") != "notice" {
		return fault.New("web.refundPrint", fault.NotFound, "现在没有这份文书")
	}
	what := "本小区" + r.Phase + "的新建物业质量保修金存储期将于" + r.Ends.Chinese() + "届满。经联合查验没有未修复的缺陷，拟予退还。"
	if r.Stage > 0 {
		what = "本小区" + r.Phase + "的新建物业质量保修金，按规定" + r.Terms + "，年限将于" + r.Ends.Chinese() + "届满。经联合查验没有未修复的缺陷，拟予第 " + strconv.FormatInt(r.Stage, 10) + " 次分期退还，其余部分继续存储。"
	}
	v := printView{Back: refundsPath + "/" + doc.ID, Kind: "退还公示", Title: "新建物业质量保修金退还公示", To: r.Name + "全体业主", Date: s.refunds.Today().Chinese(),
		Words: []string{what + "有异议的，请在公示期内书面提出，写明位置和缺陷；期满没有异议的，按规定退还。"}}
	if r.Gone != nil {
		v.Words = append(v.Words, "建设单位已"+r.Gone.Text+"，余额将转入本小区的住宅专项维修资金。")
	}
	for _, check := range r.Checks {
		v.Rows = append(v.Rows, [2]string{check.Side.Title() + "查验", check.Text})
	}
	if r.Shown != nil {
		v.Date = r.Shown.Day.Chinese()
		v.Rows = append(v.Rows, [2]string{"公示地点", r.Shown.Text})
		if r.State == refund.Showing {
			v.Rows = append(v.Rows, [2]string{"公示期", r.Shown.Day.Chinese() + "至" + r.Clock.Due.Chinese()})
		}
	}
	return s.render(c, by, "fund_print", page{Title: v.Kind, Script: true, Data: v})
}
