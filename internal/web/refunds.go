package web

import (
	"cmp"
	"context"
	"net/url"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
	"redsteward/registry/fund/refund"
)

// refundsPath is the list of refunds of the guarantee fund.
const refundsPath = fundPath + "/refunds"

// refundPages are the pages of refunds.
func (s *Server) refundPages() casePages[refund.Refund, refund.Step] {
	list := caseList[refund.Refund]{path: refundsPath, nav: refundsPath, title: "保修金退还", sub: "存储期（分期退还的年限）届满前联合查验、公示，没有异议的退还建设单位", find: "小区或分期", opened: "开始日期", figure: "金额（元）", money: true, unit: "件", read: policy.ReadRefund,
		above: s.fundCrumb, nothing: "任职范围内还没有办理过。", hidden: []string{"project"},
		filters: func(value map[string]string) []field { return []field{stateFilter(refund.States(), value)} },
		page: func(ctx context.Context, by policy.Actor, value map[string]string, due bool, after string) (store.Page[refund.Refund], error) {
			return s.refunds.List(ctx, by, caseFilter(value), due, after)
		},
		row: func(clock taskClock, id string, r *refund.Refund) caseRow {
			row := caseRow{Path: refundsPath + "/" + id, Name: r.Name, Place: r.Place, Title: r.What() + "，" + r.Term() + "到" + r.Ends.Chinese(), State: r.State.Title(), Next: r.Next(), Opened: r.Opened.Chinese()}
			clock.dueIn(&row, r.Clock, r.State == refund.Showing)
			row.amount(r.Fen)
			return row
		},
		heads: []string{"小区", "所在社区", "分期", "种类", "届满日期", "状态", "开始日期", "期限", "异议（条）", "退还（元）", "下一步"},
		cells: func(r *refund.Refund) [][]any {
			return [][]any{{r.Name, r.Place, r.Phase, refundKind(r), r.Ends, r.State.Title(), r.Opened, r.Clock.Due, int64(len(r.Objections)), inYuan(r.Fen), r.Next()}}
		}}
	return casePages[refund.Refund, refund.Step]{caseList: list, s: s, cases: s.refunds, signs: s.refunds, steps: refund.Steps(), forms: refundForms,
		shared: func(r *refund.Refund) *casework.Case { return &r.Case.Case }, last: func(r *refund.Refund) refund.Step { return r.Last }, signing: func(r *refund.Refund) *policy.Approval { return r.Approval },
		hangs: func(r *refund.Refund) bool { return r.State == refund.Showing }, files: refundFiles, over: func(r *refund.Refund) bool { return r.State.Final() }, prints: refundPrints, paper: s.refundPaper, view: refundView,
		said: map[string]string{"open": "已开始。业主、物业企业、社区、住建局联合查验后公示。"}}
}

// refundRoutes are the pages of refunds; none without them. They stand before those of the ledgers, whose address begins alike.
func (s *Server) refundRoutes() []Route {
	if s.refunds == nil {
		return nil
	}
	return append([]Route{{Method: fiber.MethodPost, Path: refundsPath + "/new", Action: policy.HandleRefund, Handler: s.openRefund}}, s.refundPages().routes()...)
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
	for _, o := range r.Unsettled() {
		open = append(open, option{o.ID, o.Text})
	}
	return map[refund.Step]caseForm{
		refund.StepCheck: {choice: "查验结果", choices: []option{{Label: "请选择"}, {"clean", "没有未修复的缺陷"}, {"defect", "还有缺陷没有修复"}}, text: "查验情况", hint: "业主、物业企业、社区、住建局各登记一次，以最后一次为准。"},
		refund.StepGone:  {text: "情况（歇业、注销、破产）", number: "文书编号", day: "文书日期", file: "文书", aside: true, hint: "公示期满后余额转入小区的住宅专项维修资金。"},
		refund.StepShow:  {day: "公示第一天", text: "公示地点", file: "公示照片", hint: "打印退还公示贴在小区；公示期内业主可以提出异议。"}, refund.StepObject: {text: "异议", hint: "写明哪一处还有问题。"},
		refund.StepSend: {hint: "按账上现有的余额计算退还金额；送审的人不能再审批这一件。"}, refund.StepPay: {number: "支付凭证号", file: "银行付款回单", hint: "经办和审批的人不能支付。"},
		refund.StepBounce: bounceForm(),
		refund.StepExtend: {text: reason, aside: true, hint: "还有缺陷或者使用申请在办的，修复以前继续存储。"}, refund.StepResume: {text: "修复情况"}, refund.StepStop: {text: reason, ends: true},
		refund.StepSettle: {choice: "哪一条异议", choices: open, text: "怎样达成一致", aside: true}, refund.StepSue: {choice: "哪一条异议", choices: open, text: "受理法院（仲裁机构）和案号", aside: true},
		refund.StepDrop: {choice: "哪一条异议", choices: open, text: "撤回的情况", aside: true},
	}
}

// refundPrints are the papers of a refund: the notice to the owners, and once it went into its approval the sheet on which it is reviewed.
func refundPrints(_ policy.Actor, r *refund.Refund) []caseLink {
	out := []caseLink{{"退还公示", "notice"}}
	if r.Approval != nil {
		out = append(out, caseLink{"退还审核表", "review"})
	}
	return out
}

// refundReview is the sheet on which a refund is reviewed: what each side found, what was objected, how the amount is computed.
func (s *Server) refundReview(r *refund.Refund) printView {
	v := printView{Title: "退还审核表", Date: r.Opened.Chinese(), Hash: hashGroups(r.Approval.SubjectHash), Rows: filled([][2]string{{"小区", r.Place + " " + r.Name}, {"退还事项", r.What()}, {"届满日期", r.Ends.Chinese()}, {"规则", r.Terms}, {"建设单位歇业、破产", paperText(r.Gone)}})}
	for _, check := range r.Checks {
		v.Rows = append(v.Rows, [2]string{check.Side.Title() + "查验", check.Text + "（" + check.Day.Chinese() + "）"})
	}
	v.Rows = filled(append(v.Rows, [2]string{"公示", paperText(r.Shown)}, [2]string{"公示期异议", count(len(r.Objections)) + " 条"}))
	for _, line := range r.Lines {
		v.Rows = append(v.Rows, [2]string{line.Label, joinWords(line.How, line.Value)})
	}
	if r.Fen > 0 {
		v.Rows = append(v.Rows, [2]string{"退还金额", fund.Yuan(r.Fen) + " 元"})
	}
	for _, level := range s.approvalLevels(r.Approval) {
		for _, seat := range level.Seats {
			v.Rows = append(v.Rows, [2]string{level.Name + "：" + seat.Office, seat.Said})
		}
	}
	v.Below = [][2]string{{"审核人签名", blank}}
	return v
}

// refundView adds to a page what only refunds have.
func refundView(_ *fiber.Ctx, _ policy.Actor, r *refund.Refund, v *caseView, _ url.Values, _ []fault.Field) error {
	v.NotesTitle, v.Title, v.Sub, v.State, v.Next, v.Lines = "异议与查验", r.Name+"："+r.What(), r.Place, r.State.Title(), r.Next(), r.Lines
	v.Facts = [][2]string{{r.Term() + "届满", r.Ends.Chinese()}, {"规则", r.Terms}, {"开始办理", r.Opened.Chinese()}, {"建设单位歇业、破产", paperText(r.Gone)}, {"退还公示", paperText(r.Shown)}, {map[bool]string{false: "支付", true: "转入住宅专项维修资金"}[r.Gone != nil], paperText(r.Paid)}}
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
	return nil
}

// refundFiles are the files of a refund.
func refundFiles(r *refund.Refund) []caseFile {
	var out caseFiles
	out.paper("gone", "歇业、破产文书", r.Gone)
	out.paper("shown", "公示照片", r.Shown)
	out.paper("paid", "付款回单", r.Paid)
	out.bounced(r.Bounced)
	return out
}

// refundPaper is the notice of a refund to the owners.
func (s *Server) refundPaper(ctx context.Context, _ policy.Actor, _ string, r *refund.Refund, print caseLink) (printView, error) {
	if print.Link == "review" {
		return s.refundReview(r), nil
	}
	day := s.clockOf(ctx).today
	if r.Shown != nil {
		day = r.Shown.Day
	}
	ends := "将于" + r.Ends.Chinese()
	if r.Ends.Compare(day) < 0 {
		ends = "已于" + r.Ends.Chinese()
	}
	what, then := "本小区"+r.Phase+"的新建物业质量保修金存储期"+ends+"届满。经联合查验没有未修复的缺陷，", "退还"
	switch {
	case r.Stage > 0:
		what = "本小区" + r.Phase + "的新建物业质量保修金，按规定" + r.Terms + "，年限" + ends + "届满。经联合查验没有未修复的缺陷，拟予第 " + strconv.FormatInt(r.Stage, 10) + " 次分期退还，其余部分继续存储。"
	case r.Gone != nil:
		what, then = what+"建设单位已"+r.Gone.Text+"，余额拟转入本小区的住宅专项维修资金。", "转入"
	default:
		what += "拟予退还。"
	}
	v := printView{Title: "新建物业质量保修金退还公示", To: r.Name + "全体业主", Date: day.Chinese(),
		Words: []string{what + "有异议的，请在公示期内书面提出，写明位置和缺陷；期满没有异议的，按规定" + then + "。"}}
	for _, check := range r.Checks {
		v.Rows = append(v.Rows, [2]string{check.Side.Title() + "查验", check.Text})
	}
	if r.Shown != nil {
		v.Rows = append(v.Rows, [2]string{"公示地点", r.Shown.Text}, [2]string{"公示期", shownText(r.Shown)})
	}
	return v, nil
}
