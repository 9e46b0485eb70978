package web

import (
	"cmp"
	"context"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
	"redsteward/registry/fund/claim"
)

// claimsPath is the list of claims on the guarantee fund.
const claimsPath = fundPath + "/claims"

// claimPages are the pages of claims.
func (s *Server) claimPages() casePages[claim.Claim, claim.Step] {
	list := caseList[claim.Claim]{path: claimsPath, nav: claimsPath, title: "保修金使用", sub: "建设单位逾期不修的，由申请人用保修金维修", find: "小区、位置或缺陷", opened: "提出日期", figure: "金额（元）", money: true, unit: "件", read: policy.ReadClaim,
		above: s.fundCrumb, nothing: "任职范围内还没有办理过。", hidden: []string{"project"},
		begin: func(by policy.Actor) (link, text string) {
			if s.guard.Allow(by, policy.ApplyClaim) {
				link = claimsPath + "/new"
			}
			return link, "起草保修通知书"
		},
		links:   func(by policy.Actor) []crumb { return s.urges(by, "claims") },
		filters: func(value map[string]string) []field { return []field{stateFilter(claim.States(), value)} },
		page: func(ctx context.Context, by policy.Actor, value map[string]string, due bool, after string) (store.Page[claim.Claim], error) {
			return s.claims.List(ctx, by, caseFilter(value), due, after)
		},
		row:   claimRow,
		heads: []string{"小区", "所在社区", "部位", "位置", "缺陷", "状态", "提出日期", "期限", "申请（元）", "核定（元）", "决算（元）", "下一步"},
		cells: func(f *claim.Claim) [][]any {
			return [][]any{{f.Name, f.Place, f.Title, f.Where, f.Defect, f.State.Title(), f.Opened, f.Clock.Due, inYuan(f.Asked), inYuan(f.Granted), inYuan(f.Cost), f.Next()}}
		}}
	return casePages[claim.Claim, claim.Step]{caseList: list, s: s, series: seriesOf[claim.Claim, claim.Step]("fund-claim"), bears: bearsOf[claim.Claim](map[string]claim.Step{"urge": claim.StepUrge, "ask": claim.StepAsk, "dun": claim.StepDun}), cases: s.claims, signs: s.claims, steps: claim.Steps(), forms: s.claimForms, right: map[claim.Step]policy.Action{claim.StepRepaired: policy.ReadClaim}, // claimant or officer: the service asks
		shared: func(f *claim.Claim) *casework.Case { return &f.Case.Case }, last: func(f *claim.Claim) claim.Step { return f.Last }, signing: func(f *claim.Claim) *policy.Approval { return f.Signing() },
		hangs: func(f *claim.Claim) bool { return f.State == claim.Shown }, files: claimFiles, over: func(f *claim.Claim) bool { return f.State.Final() }, prints: claimPrints, paper: s.claimPaperOf, view: s.claimView,
		said: map[string]string{"open": "已起草。打印保修通知书送达建设单位，再登记送达。"}}
}

// claimRoutes are the pages of claims; none without them. They stand before those of the ledgers, whose address begins alike.
func (s *Server) claimRoutes() []Route {
	if s.claims == nil {
		return nil
	}
	return append([]Route{{Method: fiber.MethodGet, Path: claimsPath + "/new", Action: policy.ApplyClaim, Handler: s.newClaim}, {Method: fiber.MethodPost, Path: claimsPath + "/new", Action: policy.ApplyClaim, Handler: s.openClaim, Upload: maxFundForm}},
		s.claimPages().routes()...)
}

// caseFilter reads the filters of a list of cases.
func caseFilter(value map[string]string) casework.Filter {
	return casework.Filter{Text: value["q"], State: value["state"], Project: value["project"]}
}

func claimRow(clock taskClock, id string, c *claim.Claim) caseRow {
	r := caseRow{Path: claimsPath + "/" + id, Name: c.Name, Place: c.Place, Title: c.Title + "，" + c.Where, State: c.State.Title(), Next: c.Next(), Opened: c.Opened.Chinese()}
	clock.dueIn(&r, c.Clock, c.State == claim.Shown)
	r.amount(claimFen(c))
	return r
}

// claimFen is the amount that counts now: the final account, what was granted, what was asked for.
func claimFen(c *claim.Claim) int64 {
	for _, fen := range []int64{c.Cost, c.Granted, c.Asked} {
		if fen > 0 {
			return fen
		}
	}
	return 0
}

// claimNewView is what fund_case_new.html shows: without a project those to choose from.
type claimNewView struct {
	Project, Name, Key, Find, PhotoError string
	Handover, Finding                    string
	Found                                []option
	More                                 bool
	Form                                 []field
}

// newClaim is the form of a new claim; the register and, if it comes from there, the finding of a handover fill it beforehand.
func (s *Server) newClaim(c *fiber.Ctx, by policy.Actor) error {
	return s.showNewClaim(c, by, url.Values{"project": {c.Query("project")}, "handover": {c.Query("handover")}, "finding": {c.Query("finding")}}, nil)
}

// claimable lists the projects for which the actor may claim: an owner does not read the register.
type claimable struct{ Register }

// Projects implements Projects.
func (r claimable) Projects(ctx context.Context, by policy.Actor, q registry.ProjectQuery) (registry.Page[registry.ProjectRow], error) {
	return r.ProjectsFor(ctx, by, policy.ApplyClaim, q)
}

func (s *Server) showNewClaim(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	v := claimNewView{Key: newKey(), Find: c.Query("find"), Handover: typed.Get("handover"), Finding: typed.Get("finding")}
	if typed.Get("project") == "" && v.Handover == "" {
		var err error
		if v.Found, v.More, err = projectOptionsFrom(c.UserContext(), claimable{s.registered}, by, v.Find); err != nil {
			return err
		}
		return s.render(c, by, "fund_case_new", page{Title: "起草保修通知书", Nav: claimsPath, Data: v})
	}
	in, place, err := s.claims.Prefill(c.UserContext(), by, typed.Get("project"), v.Handover, v.Finding)
	if err != nil {
		return err
	}
	value := func(name, otherwise string) string {
		if typed.Has(name) {
			return typed.Get(name)
		}
		return otherwise
	}
	v.Project, v.Name = in.Project, place.Name
	v.Form = withErrors([]field{{Name: "part", Label: "保修部位", Options: choicesOf("请选择", s.claims.Rules.Choices()), Value: value("part", "")},
		{Name: "where", Label: "位置", Type: "text", Value: value("where", in.Where), Hint: "例如 3幢1单元屋面"}, {Name: "defect", Label: "缺陷情况", Rows: 3, Value: value("defect", in.Defect), Hint: "200 字以内，不要写个人的姓名和电话"},
		{Name: "completed", Label: "竣工验收合格日期", Type: "date", Value: value("completed", in.Completed.String())}, {Name: "delivered", Label: "交付日期", Type: "date", Value: value("delivered", in.Delivered.String()), Hint: "两个日期都要填：保修期分别计算，都届满的不能使用保修金"},
		{Name: "danger", Label: "险情", Rows: 2, Optional: true, Value: value("danger", ""), Hint: "危及安全、不能等的才填：经现场核实后先维修"}}, refused)
	for _, bad := range refused {
		if bad.Name == "paper" {
			v.PhotoError = bad.Message
		}
	}
	p := page{Title: "起草保修通知书", Nav: claimsPath, Fields: refused, Data: v}
	if len(refused) > 0 {
		return s.refuse(c, by, "fund_case_new", p)
	}
	return s.render(c, by, "fund_case_new", p)
}

// openClaim opens a claim and shows it.
func (s *Server) openClaim(c *fiber.Ctx, by policy.Actor) error {
	var in claim.Opening
	var bad []fault.Field
	values, err := s.readForm(c, maxFundForm, func(name string, r io.Reader) error {
		upload, err := s.files.Receive(name, r, files.JPEG, files.PNG)
		if fault.Is(err, fault.Invalid) || in.Photo != nil {
			bad = append(bad, fault.Field{Name: "paper", Message: "照片要是一张 JPG 或 PNG"})
			return skipFile(r)
		}
		in.Photo = upload
		return err
	})
	if in.Photo != nil {
		defer in.Photo.Close() //nolint:errcheck // a temporary file that only we know
	}
	if err != nil {
		return err
	}
	in.Project, in.Part, in.Where, in.Defect, in.Danger = values.Get("project"), values.Get("part"), values.Get("where"), values.Get("defect"), values.Get("danger")
	in.Handover, in.Finding = values.Get("handover"), values.Get("finding")
	in.Completed, bad = formDay(values, "completed", bad)
	in.Delivered, bad = formDay(values, "delivered", bad)
	sum := ""
	if in.Photo != nil {
		sum = in.Photo.SHA256
	}
	in.Idem = idemFrom(c, values, sum)
	doc, err := oneRound(c.UserContext(), bad, func(ctx context.Context) (store.Doc[claim.Claim], error) { return s.claims.Open(ctx, by, in) })
	if fault.Is(err, fault.Conflict) {
		return s.showNewClaim(c, by, values, []fault.Field{{Name: "part", Message: fault.MessageOf(err)}})
	}
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showNewClaim(c, by, values, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, claimsPath+"/"+doc.ID+"?done=open")
}

// claimForms are the forms of the steps.
func (s *Server) claimForms(c *claim.Claim) map[claim.Step]caseForm {
	wanted := []option{{Label: "请选择"}}
	for _, w := range s.claims.Rules.Documents {
		wanted = append(wanted, option{w.ID, w.Title})
	}
	asked, granted := "", ""
	if c.Asked > 0 {
		asked = inYuan(c.Asked).Fixed(2)
	}
	if c.Granted > 0 {
		granted = inYuan(c.Granted).Fixed(2)
	}
	const reason = "理由"
	return map[claim.Step]caseForm{
		claim.StepAttach:  {choice: "材料", choices: wanted, file: "文件", aside: true},
		claim.StepDeliver: {number: "保修通知书编号", day: "送达日期", text: "送达方式", file: "送达回证或者签收照片", hint: "打印保修通知书送达建设单位，从送达的次日起算期限。"},
		claim.StepAnswer:  {text: "答复", hint: "写明什么时候修、怎样修；不同意的写明理由。"},
		claim.StepLetter:  {hint: "打印送审稿核对；签发以后才能发出，送审的人不能签。"},
		claim.StepUrge:    {number: "督促通知书编号", day: "送达日期", hint: "打印督促通知书送达建设单位；再逾期的，申请人可以申请使用保修金。"},
		claim.StepGone:    {text: "情况（歇业、注销、破产）", number: "文书编号", day: "文书日期", file: "文书", aside: true, hint: "登记以后不用再等期限。"},
		claim.StepFile:    {amount: "申请使用金额（元）", hint: "材料要先交齐；金额按预算书。"},
		claim.StepUrgent:  {amount: "核定预留金额（元）", day: "核实日期", text: "现场核实情况", hint: "同意以后立即预留，可以先维修；分管局领导在期限内补签。"},
		claim.StepCheck:   {amount: "核定金额（元）", day: "核查日期", text: "核查情况", already: asked, hint: "核查属实的送审；不属实的书面不予使用。"},
		claim.StepSend:    {hint: "送审的人不能再审批这一件。"},
		claim.StepAccount: {amount: "决算金额（元）", day: "公示第一天", text: "公示地点", file: "公示照片", already: granted, hint: "先上传决算材料，打印决算公示贴在小区；公示期满才支付。"},
		claim.StepReview:  {day: "审核日期", text: "审核情况", hint: "对照决算单、票据、竣工验收单和现场，核对工程量和金额；不对的撤下决算重做。审核以后公示期满才能支付。"},
		claim.StepRedo:    {text: reason, aside: true, hint: "公示期间有异议，或者审核不符、要重做决算的。"},
		claim.StepPay:     {number: "支付凭证号", file: "银行付款回单", hint: "按公示的决算支付，余下的预留退回本金。经办、核查、审核和审批的人不能支付。"},
		claim.StepBounce:  bounceForm(),
		claim.StepAsk:     {number: "补存通知书编号", day: "送达日期", hint: "打印补存通知书送达建设单位；账上同时记为应补存。"},
		claim.StepDun:     {number: "催缴函编号", hint: "补存期限已过，打印催缴函。"},
		claim.StepSettle:  {hint: "出纳登记收款、补存到账以后办结。"},
		claim.StepWaive:   {hint: "建设单位已歇业、破产，没有人补存的。"},
		claim.StepRefuse:  {text: reason, ends: true, hint: "书面告知申请人理由。"}, claim.StepWithdraw: {text: reason, ends: true},
		claim.StepRepaired: {text: "修复情况", ends: true, hint: "建设单位自己修好的，办结这件申请。"},
	}
}

// claimView adds to a page what only claims have.
func (s *Server) claimView(_ *fiber.Ctx, _ policy.Actor, f *claim.Claim, v *caseView, _ url.Values, _ []fault.Field) error {
	v.Title, v.Sub, v.State, v.Next, v.Facts = f.Name+"："+f.Where, f.Place+"，"+f.Title, f.State.Title(), f.Next(), s.claimFacts(f)
	if f.Letter != nil {
		v.Letter, v.LetterTitle = s.approvalLevels(&f.Letter.Approval), letterTitles[claim.Step(f.Letter.For)]
	}
	for _, w := range s.claims.Rules.Documents {
		if _, has := f.Document(w.ID); !has && !f.State.Final() && (w.When != claim.WhenUrgent || f.Danger != "") {
			v.Missing = append(v.Missing, w.Title)
		}
	}
	return nil
}

// openFirst lets one form of a page stand open: the one that was sent, else the first that is what usually comes next.
func openFirst(acts []caseAct, sent string) {
	for i := range acts {
		if acts[i].Step == sent || sent == "" && !acts[i].Aside && !acts[i].Ends {
			acts[i].First = true
			return
		}
	}
}

// claimFacts are what is known about a claim, line by line.
func (s *Server) claimFacts(f *claim.Claim) [][2]string {
	w := f.Warranty
	out := [][2]string{{"缺陷", f.Defect}, {"险情", f.Danger}, {"申请人", s.titleOfOffice(string(f.Claimant)) + "，" + f.Opened.Chinese()}, {"建设单位", f.DeveloperName}, {"物业企业", f.FirmName},
		{"保修期", "自竣工验收合格 " + w.Completed.Chinese() + " 起至 " + w.UntilCompleted.Chinese() + "；自交付 " + w.Delivered.Chinese() + " 起至 " + w.UntilDelivered.Chinese()},
		{"保修通知书", paperText(f.Notice)}, {"建设单位答复", paperText(f.Answer)}, {"督促通知书", paperText(f.Urge)}, {"建设单位歇业、破产", paperText(f.Gone)}, {"现场核查", paperText(f.Checked)}, {"决算公示", paperText(f.Shown)}, {"决算审核", paperText(f.Reviewed)},
		{"支付", paperText(f.Paid)}, {"补存通知书", paperText(f.Ask)}}
	for i := range f.Bounced {
		out = append(out, [2]string{"退汇", paperText(&f.Bounced[i])})
	}
	for i := range f.Dunned {
		out = append(out, [2]string{"催缴函", paperText(&f.Dunned[i])})
	}
	for _, one := range []struct {
		name string
		fen  int64
	}{{"申请金额", f.Asked}, {"核定金额", f.Granted}, {"决算金额", f.Cost}} {
		if one.fen > 0 {
			out = append(out, [2]string{one.name, fund.Yuan(one.fen) + " 元"})
		}
	}
	return filled(out)
}

// filled leaves out lines without words.
func filled(rows [][2]string) [][2]string {
	var out [][2]string
	for _, r := range rows {
		if r[1] != "" {
			out = append(out, r)
		}
	}
	return out
}

// claimFiles are the files of a claim.
func claimFiles(f *claim.Claim) []caseFile {
	var out caseFiles
	out.add("photo", "缺陷照片", "", f.Photo)
	out.paper("notice", "保修通知书送达", f.Notice)
	out.paper("gone", "歇业、破产文书", f.Gone)
	out.paper("shown", "决算公示照片", f.Shown)
	out.paper("paid", "付款回单", f.Paid)
	out.bounced(f.Bounced)
	for i := range f.Documents {
		out.add("d-"+f.Documents[i].ID, f.Documents[i].Title, "", &f.Documents[i].File)
	}
	return out
}

// bounced adds the bank's papers about payments that came back.
func (l *caseFiles) bounced(papers []casework.Paper) {
	for i := range papers {
		l.add("bounced-"+strconv.Itoa(i+1), "退汇凭证", "", papers[i].File)
	}
}

// claimsOf are the claims of a project for the page of its ledger, the latest first.
func (s *Server) claimsOf(c *fiber.Ctx, by policy.Actor, project string) ([]caseRow, error) {
	if s.claims == nil || !s.guard.Allow(by, policy.ReadClaim) {
		return nil, nil
	}
	page1, err := s.claims.Page(c.UserContext(), by, store.Query{Index: casework.ByProject, Key: project, Desc: true}, func(*claim.Claim) bool { return true })
	var out []caseRow
	for _, d := range page1.Docs {
		out = append(out, claimRow(s.clockOf(c.UserContext()), d.ID, &d.State))
	}
	return out, err
}

// documentsText are the documents of a claim by their titles.
func documentsText(f *claim.Claim) string {
	var titles []string
	for _, d := range f.Documents {
		titles = append(titles, d.Title)
	}
	return strings.Join(titles, "、")
}

// letterTitles are the bureau's letters to the developer by the step that sends them out.
var letterTitles = map[claim.Step]string{claim.StepUrge: "督促通知书", claim.StepAsk: "补存通知书", claim.StepDun: "催缴函"}

// signedNotice adds to a letter of the bureau who signed it; one that is not signed yet says so. due: it is time for the letter, and none may be there yet.
func (s *Server) signedNotice(v *printView, letter *fund.Notice, do string, due bool) {
	if letter == nil || letter.For != do {
		if due {
			v.Title += "（送审稿）"
		}
		return
	}
	if letter.Approval.State != policy.ApprovalApproved {
		v.Title += "（送审稿）"
	}
	for _, level := range s.approvalLevels(&letter.Approval) {
		for _, seat := range level.Seats {
			v.Rows = append(v.Rows, [2]string{level.Name, seat.Office + "：" + seat.Said})
		}
	}
	v.Hash = hashGroups(letter.Approval.SubjectHash)
}

// claimPrints are the papers that a claim has now.
func claimPrints(_ policy.Actor, f *claim.Claim) []caseLink {
	out := []caseLink{{"保修通知书", "notice"}}
	if f.Notice != nil && f.Gone == nil {
		out = append(out, caseLink{"督促通知书", "urge"})
	}
	if f.Checked != nil {
		out = append(out, caseLink{"使用审核表", "review"})
	}
	if f.Granted > 0 && f.Approval != nil && f.Approval.State == policy.ApprovalApproved {
		out = append(out, caseLink{"决算公示", "account"})
	}
	if f.Reviewed != nil {
		out = append(out, caseLink{"结算审核表", "settled"})
	}
	if f.Paid != nil && f.Gone == nil {
		out = append(out, caseLink{"补存通知书", "ask"})
	}
	if len(f.Dunned) > 0 || f.Letter != nil && f.Letter.For == string(claim.StepDun) {
		out = append(out, caseLink{"催缴函", "dun"})
	}
	if f.State == claim.Refused {
		out = append(out, caseLink{"不予使用通知书", "refusal"})
	}
	return out
}

// claimPaperOf puts a paper into words.
func (s *Server) claimPaperOf(ctx context.Context, _ policy.Actor, _ string, f *claim.Claim, print caseLink) (printView, error) {
	developer := f.DeveloperName
	if developer == "" {
		developer = "建设单位"
	}
	defect := [][2]string{{"小区", f.Place + " " + f.Name}, {"部位", f.Title}, {"位置", f.Where}, {"缺陷", f.Defect}}
	number, day := "", s.clockOf(ctx).today.Chinese()
	numbered := func(paper *casework.Paper) {
		if paper != nil {
			number, day = paper.Number, paper.Day.Chinese()
		}
	}
	v := printView{Title: print.Title, To: developer, Rows: defect}
	switch print.Link {
	case "notice":
		numbered(f.Notice)
		v.Words = []string{"你单位建设的" + f.Name + "存在下列质量缺陷，在保修期内。请在收到本通知书后限期答复并维修；逾期的，将报请住房和城乡建设主管部门督促，并依规定使用新建物业质量保修金维修。"}
		v.Rows = append(v.Rows, [2]string{"保修期", "自竣工验收合格至" + f.Warranty.UntilCompleted.Chinese() + "，自交付至" + f.Warranty.UntilDelivered.Chinese()})
		v.From = s.titleOfOffice(string(f.Claimant))
	case "urge":
		numbered(f.Urge)
		s.signedNotice(&v, f.Letter, string(claim.StepUrge), f.State == claim.Noticed)
		v.Words = []string{"你单位收到保修通知书（" + paperText(f.Notice) + "）后没有在期限内履行保修义务。请在收到本通知书后限期维修；逾期的，申请人可以使用新建物业质量保修金维修，用去的由你单位补存。"}
	case "review":
		v.To = ""
		v.Rows = append(append(v.Rows, filled([][2]string{{"申请人", s.titleOfOffice(string(f.Claimant))}, {"保修通知书", paperText(f.Notice)}, {"督促通知书", paperText(f.Urge)}, {"歇业、破产", paperText(f.Gone)}, {"险情", f.Danger}})...),
			[2]string{"申请金额", fund.Yuan(f.Asked) + " 元"}, [2]string{"现场核查", paperText(f.Checked)}, [2]string{"核定金额", fund.Yuan(f.Granted) + " 元"})
		for _, level := range s.approvalLevels(f.Approval) {
			for _, seat := range level.Seats {
				v.Rows = append(v.Rows, [2]string{level.Name, seat.Office + "：" + seat.Said})
			}
		}
		if f.Approval != nil {
			v.Hash = hashGroups(f.Approval.SubjectHash)
		}
	case "account":
		numbered(f.Shown)
		number, v.To = "", ""
		v.Words = []string{"下列维修使用新建物业质量保修金，现将决算公示。对决算有异议的，请在公示期内向物业管理股提出。"}
		cost := "待填写"
		if f.Cost > 0 {
			cost = fund.Yuan(f.Cost) + " 元"
		}
		v.Rows = append(v.Rows, [2]string{"批准预留", fund.Yuan(f.Granted) + " 元"}, [2]string{"决算", cost})
		if f.Shown != nil {
			v.Rows = append(v.Rows, [2]string{"公示期", shownText(f.Shown)})
		}
		v.From = s.titleOfOffice(string(f.Claimant))
	case "settled":
		numbered(f.Reviewed)
		v.To = ""
		v.Rows = append(v.Rows, [2]string{"申请人", s.titleOfOffice(string(f.Claimant))}, [2]string{"批准预留", fund.Yuan(f.Granted) + " 元"}, [2]string{"决算", fund.Yuan(f.Cost) + " 元"}, [2]string{"余下退回本金", fund.Yuan(f.Granted-f.Cost) + " 元"},
			[2]string{"决算公示", paperText(f.Shown)}, [2]string{"决算材料", documentsText(f)}, [2]string{"审核情况", paperText(f.Reviewed)})
	case "ask":
		numbered(f.Ask)
		s.signedNotice(&v, f.Letter, string(claim.StepAsk), f.State == claim.Paid)
		v.Words = []string{"下列维修已由新建物业质量保修金支付 " + fund.Yuan(f.Cost) + " 元。请在收到本通知书后限期补存同样的金额。"}
	case "dun":
		if n := len(f.Dunned); n > 0 && (f.Letter == nil || f.Letter.For != string(claim.StepDun) || f.Letter.Sent) { // the next one is another paper
			numbered(&f.Dunned[n-1])
		}
		s.signedNotice(&v, f.Letter, string(claim.StepDun), false)
		owed := cmp.Or(f.Owed, f.Cost) // letters that went out before Owed was kept said the whole
		v.Words = []string{"补存通知书（" + paperText(f.Ask) + "）的期限已过，应补存 " + fund.Yuan(f.Cost) + " 元，你单位还差 " + fund.Yuan(owed) + " 元没有补足。请立即补存。"}
	case "refusal":
		v.To = s.titleOfOffice(string(f.Claimant))
		v.Words = []string{"你提出的使用申请，经核查不予使用新建物业质量保修金。理由：" + f.Reason}
	}
	v.Number, v.Date = number, day
	return v, nil
}
