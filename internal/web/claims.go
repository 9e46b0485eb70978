package web

import (
	"context"
	"io"
	"net/url"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
	"redsteward/registry/fund/claim"
)

// claimsPath is the list of claims on the guarantee fund.
const claimsPath = fundPath + "/claims"

// claimRoutes are the pages of claims; none without them. They stand before those of the ledgers, whose address begins alike.
func (s *Server) claimRoutes() []Route {
	if s.claims == nil {
		return nil
	}
	const get, post, one = fiber.MethodGet, fiber.MethodPost, claimsPath + "/:id<maxLen(64)>"
	rows := []Route{
		{Method: get, Path: claimsPath, Action: policy.ReadClaim, Handler: s.claimList},
		{Method: get, Path: claimsPath + ".xlsx", Action: policy.ReadClaim, Handler: s.claimsExcel},
		{Method: get, Path: claimsPath + "/new", Action: policy.ApplyClaim, Handler: s.newClaim},
		{Method: post, Path: claimsPath + "/new", Action: policy.ApplyClaim, Handler: s.openClaim, Upload: maxFundForm},
		{Method: get, Path: one, Action: policy.ReadClaim, Handler: s.claimPage},
		{Method: get, Path: one + "/files/:file<maxLen(44)>", Action: policy.ReadClaim, Handler: s.claimFile},
		{Method: get, Path: one + "/print/:paper<maxLen(16)>", Action: policy.ReadClaim, Handler: s.claimPrint},
		{Method: post, Path: one + "/sign", Action: policy.SignApproval, Handler: s.signClaim},
		{Method: post, Path: one + "/paper", Action: policy.SignApproval, Handler: s.paperClaim, Upload: maxFundForm},
	}
	for _, do := range claim.Steps() {
		if do == claim.StepOpen || do.Action() == policy.SignApproval {
			continue
		}
		action := do.Action()
		if do == claim.StepRepaired {
			action = policy.ReadClaim // claimant or officer: the service asks
		}
		rows = append(rows, Route{Method: post, Path: one + "/" + string(do), Action: action, Handler: s.doClaim(do), Upload: maxFundForm})
	}
	return rows
}

// claimFilter reads the filters of the list.
func claimFilter(l listAddress) claim.Filter {
	return claim.Filter{Text: l.value["q"], State: claim.State(l.value["state"]), Project: l.value["project"]}
}

func (s *Server) claimRow(id string, c *claim.Claim) caseRow {
	r := caseRow{Path: claimsPath + "/" + id, Name: c.Name, Place: c.Place, Title: c.Title + "，" + c.Where, State: c.State.Title(), Next: c.Next(), Opened: c.Opened.Chinese()}
	s.dueIn(&r, c.Clock, c.State == claim.Shown)
	if fen := claimFen(c); fen > 0 {
		r.Amount = fund.Yuan(fen)
	}
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

// claimList lists the claims of the actor's scope.
func (s *Server) claimList(c *fiber.Ctx, by policy.Actor) error {
	l := readList(c, claimsPath, "q", "state", "project")
	page1, err := s.claims.List(c.UserContext(), by, claimFilter(l), l.value["sort"] == "due", l.after)
	if err != nil {
		return err
	}
	states := []option{{Label: "全部"}}
	for _, state := range claim.States() {
		states = append(states, option{string(state), state.Title()})
	}
	v := casesView{Home: claimsPath, Fund: s.guard.Allow(by, policy.ReadFund), Title: "保修金使用", Sub: "建设单位逾期不修的，由申请人用保修金维修", Excel: l.excel(), Query: l.value["q"], Project: l.value["project"],
		State: field{Name: "state", Label: "状态", Options: states, Value: l.value["state"]}, Opened: l.sorted("opened", "提出日期", "opened"), DueFirst: l.sorted("due", "期限", "opened"), Next: nextPage(c, page1.Next), Filtered: l.filtered()}
	if s.guard.Allow(by, policy.ApplyClaim) {
		v.New, v.NewText = claimsPath+"/new", "起草保修通知书"
	}
	for _, d := range page1.Docs {
		v.Rows = append(v.Rows, s.claimRow(d.ID, &d.State))
	}
	return s.render(c, by, "fund_cases", page{Title: v.Title, Nav: claimsPath, Data: v})
}

// claimsExcel is the same list as Excel, all of it.
func (s *Server) claimsExcel(c *fiber.Ctx, by policy.Actor) error {
	l := readList(c, claimsPath, "q", "state", "project")
	sheet := report.Figures{Sheet: "保修金使用", Heads: []string{"小区", "所在社区", "部位", "位置", "缺陷", "状态", "提出日期", "期限", "申请（元）", "核定（元）", "决算（元）", "下一步"}}
	for after := ""; ; {
		docs, err := s.claims.List(c.UserContext(), by, claimFilter(l), l.value["sort"] == "due", after)
		if err != nil {
			return err
		}
		for _, d := range docs.Docs {
			f := d.State
			sheet.Rows = append(sheet.Rows, []any{f.Name, f.Place, f.Title, f.Where, f.Defect, f.State.Title(), f.Opened, f.Clock.Due, inYuan(f.Asked), inYuan(f.Granted), inYuan(f.Cost), f.Next()})
		}
		if after = docs.Next; after == "" {
			break
		}
	}
	data, err := report.Write(sheet.Filled())
	if err != nil {
		return err
	}
	return sendExcel(c, "保修金使用.xlsx", data)
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
		claim.StepRedo:    {text: reason, aside: true, hint: "公示期间有异议、要重做决算的。"},
		claim.StepPay:     {number: "支付凭证号", file: "银行付款回单", hint: "按公示的决算支付，余下的预留退回本金。经办和审批的人不能支付。"},
		claim.StepBounce:  bounceForm(),
		claim.StepAsk:     {number: "补存通知书编号", day: "送达日期", hint: "打印补存通知书送达建设单位；账上同时记为应补存。"},
		claim.StepDun:     {number: "催缴函编号", hint: "补存期限已过，打印催缴函。"},
		claim.StepSettle:  {hint: "出纳登记收款、补存到账以后办结。"},
		claim.StepWaive:   {hint: "建设单位已歇业、破产，没有人补存的。"},
		claim.StepRefuse:  {text: reason, ends: true, hint: "书面告知申请人理由。"}, claim.StepWithdraw: {text: reason, ends: true},
		claim.StepRepaired: {text: "修复情况", ends: true, hint: "建设单位自己修好的，办结这件申请。"},
	}
}

// claimPage shows a claim and what the actor can do with it.
func (s *Server) claimPage(c *fiber.Ctx, by policy.Actor) error {
	return s.showClaim(c, by, url.Values{}, nil)
}

func (s *Server) showClaim(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	ctx, id := c.UserContext(), c.Params("id")
	doc, err := s.claims.One(ctx, by, id)
	if err != nil {
		return err
	}
	f := &doc.State
	v := caseView{Above: s.fundCrumb(by), NotesTitle: "异议与查验", Home: claimsPath, HomeTitle: "保修金使用", Path: claimsPath + "/" + id, Key: newKey(), Seq: doc.Seq, Title: f.Name + "：" + f.Where, Sub: f.Place + "，" + f.Title, State: f.State.Title(), Next: f.Next(), Reason: f.Reason,
		Levels: s.approvalLevels(f.Approval)}
	if f.Letter != nil {
		v.Letter, v.LetterTitle = s.approvalLevels(&f.Letter.Approval), letterTitles[f.Letter.For]
	}
	if v.Clock, v.Late = s.caseClock(f.State.Title(), f.Clock); f.State == claim.Shown {
		v.Clock, v.Late = s.hung(f.State.Title(), f.Clock)
	}
	v.Facts = s.claimFacts(f)
	v.Papers, v.Prints = claimPapers(v.Path, f), claimPrints(v.Path, f)
	for _, w := range s.claims.Rules.Documents {
		if _, has := f.Document(w.ID); !has && !f.State.Final() && (w.When != claim.WhenUrgent || f.Danger != "") {
			v.Missing = append(v.Missing, w.Title)
		}
	}
	today := s.claims.Today()
	forms := s.claimForms(f)
	for _, do := range claim.Steps() {
		form, has := forms[do]
		if !has || !s.claims.Can(ctx, by, f, do) {
			continue
		}
		v.Acts = append(v.Acts, form.act(string(do), do.Title(), typed, refused, today))
	}
	openFirst(v.Acts, typed.Get("step"))
	if err := s.signCase(c, by, &v, s.claims.Approvals(), f.Signing(), f.Scans, f.Keys, f.Opened, typed, refused); err != nil {
		return err
	}
	history, err := s.claims.History(ctx, by, id)
	if err != nil {
		return err
	}
	v.History = caseHistory(history, func(c *claim.Claim) string { return c.Last.Title() })
	said := map[string]string{"open": "已起草。打印保修通知书送达建设单位，再登记送达。", "sign": "已签署。", "paper": paperSaid}
	for _, do := range claim.Steps() {
		if said[string(do)] == "" {
			said[string(do)] = "已办：" + do.Title() + "。"
		}
	}
	return s.render(c, by, "fund_case", page{Title: v.Title, Nav: claimsPath, Data: v, Fields: refused, Said: saidParam(c, said)})
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
		{"保修通知书", paperText(f.Notice)}, {"建设单位答复", paperText(f.Answer)}, {"督促通知书", paperText(f.Urge)}, {"建设单位歇业、破产", paperText(f.Gone)}, {"现场核查", paperText(f.Checked)}, {"决算公示", paperText(f.Shown)},
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

// claimStored are the files of a claim by their name in an address.
func claimStored(f *claim.Claim) (names []caseLink, byName map[string]*files.Stored) {
	byName = map[string]*files.Stored{}
	add := func(name, title string, file *files.Stored) {
		if file != nil {
			names, byName[name] = append(names, caseLink{title, name}), file
		}
	}
	add("photo", "缺陷照片", f.Photo)
	for _, one := range []struct {
		name, title string
		paper       *casework.Paper
	}{{"notice", "保修通知书送达", f.Notice}, {"gone", "歇业、破产文书", f.Gone}, {"shown", "决算公示照片", f.Shown}, {"paid", "付款回单", f.Paid}} {
		if one.paper != nil {
			add(one.name, one.title, one.paper.File)
		}
	}
	for i := range f.Bounced {
		add("bounced-"+strconv.Itoa(i+1), "退汇凭证", f.Bounced[i].File)
	}
	for i := range f.Documents {
		add("d-"+f.Documents[i].ID, f.Documents[i].Title, &f.Documents[i].File)
	}
	return names, byName
}

func claimPapers(path string, f *claim.Claim) []caseLink {
	names, _ := claimStored(f)
	for i := range names {
		names[i].Link = path + "/files/" + names[i].Link
	}
	return names
}

// claimFile hands out a file of a claim.
func (s *Server) claimFile(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.claims.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	if scan := scanOf(doc.State.Scans, c.Params("file")); scan != nil {
		return s.sendStored(c, scan)
	}
	_, byName := claimStored(&doc.State)
	return s.sendStored(c, byName[c.Params("file")])
}

// doClaim carries a step out.
func (s *Server) doClaim(do claim.Step) func(c *fiber.Ctx, by policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		return s.caseStep(c, string(do), claimsPath+"/"+c.Params("id"), func(ctx context.Context, at casework.At, in casework.Input) error {
			_, err := s.claims.Do(ctx, by, at, do, in)
			return err
		}, func(typed url.Values, refused []fault.Field) error { return s.showClaim(c, by, typed, refused) })
	}
}

// paperClaim records a signature on paper.
func (s *Server) paperClaim(c *fiber.Ctx, by policy.Actor) error {
	return s.casePaper(c, claimsPath+"/"+c.Params("id"), func(at casework.At, in policy.OnPaper, password string) error {
		_, err := s.claims.SignOnPaper(c.UserContext(), by, at, in, password)
		return err
	}, func(typed url.Values, refused []fault.Field) error { return s.showClaim(c, by, typed, refused) })
}

// paperSaid is what is said after a signature on paper was recorded.
const paperSaid = "已登记签字件，另一人核对以后生效。"

// signClaim signs at one's level.
func (s *Server) signClaim(c *fiber.Ctx, by policy.Actor) error {
	return s.caseSign(c, claimsPath+"/"+c.Params("id"), func(at casework.At, sign policy.Sign, password string) error {
		_, err := s.claims.Sign(c.UserContext(), by, at, sign, password)
		return err
	}, func(typed url.Values, refused []fault.Field) error { return s.showClaim(c, by, typed, refused) })
}

// claimsOf are the claims of a project for the page of its ledger, the latest first.
func (s *Server) claimsOf(c *fiber.Ctx, by policy.Actor, project string) ([]caseRow, error) {
	if s.claims == nil || !s.guard.Allow(by, policy.ReadClaim) {
		return nil, nil
	}
	page1, err := s.claims.Page(c.UserContext(), by, store.Query{Index: casework.ByProject, Key: project, Desc: true}, func(*claim.Claim) bool { return true })
	var out []caseRow
	for _, d := range page1.Docs {
		out = append(out, s.claimRow(d.ID, &d.State))
	}
	return out, err
}

// claimPrints are the papers that a claim has now.
func claimPrints(path string, f *claim.Claim) []caseLink {
	var out []caseLink
	for _, p := range claimPrintsOf(f) {
		out = append(out, caseLink{p.title, path + "/print/" + p.name})
	}
	return out
}

type claimPaper struct{ name, title string }

// letterTitles are the bureau's letters to the developer by the step that sends them out.
var letterTitles = map[claim.Step]string{claim.StepUrge: "督促通知书", claim.StepAsk: "补存通知书", claim.StepDun: "催缴函"}

// signedLetter adds to a letter of the bureau who signed it; one that is not signed yet says so.
func (s *Server) signedLetter(v *printView, f *claim.Claim, do claim.Step) {
	if f.Letter == nil || f.Letter.For != do {
		if f.State == claim.Noticed && do == claim.StepUrge || f.State == claim.Paid && do == claim.StepAsk {
			v.Title += "（送审稿）"
		}
		return
	}
	if f.Letter.Approval.State != policy.ApprovalApproved {
		v.Title += "（送审稿）"
	}
	for _, level := range s.approvalLevels(&f.Letter.Approval) {
		for _, seat := range level.Seats {
			v.Rows = append(v.Rows, [2]string{level.Name, seat.Office + "：" + seat.Said})
		}
	}
	v.Hash = hashGroups(f.Letter.Approval.SubjectHash)
}

func claimPrintsOf(f *claim.Claim) []claimPaper {
	out := []claimPaper{{"notice", "保修通知书"}}
	if f.Notice != nil && f.Gone == nil {
		out = append(out, claimPaper{"urge", "督促通知书"})
	}
	if f.Checked != nil {
		out = append(out, claimPaper{"review", "使用审核表"})
	}
	if f.Granted > 0 && f.Approval != nil && f.Approval.State == policy.ApprovalApproved {
		out = append(out, claimPaper{"account", "决算公示"})
	}
	if f.Paid != nil && f.Gone == nil {
		out = append(out, claimPaper{"ask", "补存通知书"})
	}
	if f.Ask != nil {
		out = append(out, claimPaper{"dun", "催缴函"})
	}
	if f.State == claim.Refused {
		out = append(out, claimPaper{"refusal", "不予使用通知书"})
	}
	return out
}

// claimPrint is a paper of a claim for printing.
func (s *Server) claimPrint(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.claims.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	f := &doc.State
	for _, p := range claimPrintsOf(f) {
		if p.name == c.Params("paper") {
			v := s.claimPaperOf(p, f)
			v.Back, v.Kind = claimsPath+"/"+doc.ID, p.title
			return s.render(c, by, "fund_print", page{Title: p.title, Script: true, Data: v})
		}
	}
	return fault.New("web.claimPrint", fault.NotFound, "现在没有这份文书")
}

// claimPaperOf puts a paper into words.
func (s *Server) claimPaperOf(p claimPaper, f *claim.Claim) printView {
	developer := f.DeveloperName
	if developer == "" {
		developer = "建设单位"
	}
	defect := [][2]string{{"小区", f.Place + " " + f.Name}, {"部位", f.Title}, {"位置", f.Where}, {"缺陷", f.Defect}}
	number, day := "", s.claims.Today().Chinese()
	numbered := func(paper *casework.Paper) {
		if paper != nil {
			number, day = paper.Number, paper.Day.Chinese()
		}
	}
	v := printView{Title: p.title, To: developer, Rows: defect}
	switch p.name {
	case "notice":
		numbered(f.Notice)
		v.Words = []string{"你单位建设的" + f.Name + "存在下列质量缺陷，在保修期内。请在收到本通知书后限期答复并维修；逾期的，将报请住房和城乡建设主管部门督促，并依规定使用新建物业质量保修金维修。"}
		v.Rows = append(v.Rows, [2]string{"保修期", "自竣工验收合格至" + f.Warranty.UntilCompleted.Chinese() + "，自交付至" + f.Warranty.UntilDelivered.Chinese()})
		v.From = s.titleOfOffice(string(f.Claimant))
	case "urge":
		numbered(f.Urge)
		s.signedLetter(&v, f, claim.StepUrge)
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
			v.Rows = append(v.Rows, [2]string{"公示期", f.Shown.Day.Chinese() + "至" + f.Clock.Due.Chinese()})
		}
		v.From = s.titleOfOffice(string(f.Claimant))
	case "ask":
		numbered(f.Ask)
		s.signedLetter(&v, f, claim.StepAsk)
		v.Words = []string{"下列维修已由新建物业质量保修金支付 " + fund.Yuan(f.Cost) + " 元。请在收到本通知书后限期补存同样的金额。"}
	case "dun":
		if n := len(f.Dunned); n > 0 {
			numbered(&f.Dunned[n-1])
		}
		s.signedLetter(&v, f, claim.StepDun)
		v.Words = []string{"补存通知书（" + paperText(f.Ask) + "）的期限已过，你单位还没有补足 " + fund.Yuan(f.Cost) + " 元。请立即补存。"}
	case "refusal":
		v.To = s.titleOfOffice(string(f.Claimant))
		v.Words = []string{"你提出的使用申请，经核查不予使用新建物业质量保修金。理由：" + f.Reason}
	}
	v.Number, v.Date = number, day
	return v
}
