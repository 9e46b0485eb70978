package web

import (
	"net/url"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/filing"
)

// filingsPath is the list of filings.
const filingsPath = "/filings"

// maxFiling is the largest upload of one document with its form, in bytes.
const maxFiling = 21 << 20

// filingRoutes are the rows of filings.
func (s *Server) filingRoutes() []Route {
	if s.filings == nil {
		return nil
	}
	const get, post, one = fiber.MethodGet, fiber.MethodPost, filingsPath + "/:id<maxLen(64)>"
	return []Route{
		{Method: get, Path: filingsPath, Action: policy.ReadFiling, Handler: s.filingList},
		{Method: get, Path: filingsPath + ".xlsx", Action: policy.ReadFiling, Handler: s.filingsExcel},
		{Method: get, Path: filingsPath + "/new", Action: policy.ApplyFiling, Handler: s.newFiling},
		{Method: post, Path: filingsPath + "/new", Action: policy.ApplyFiling, Handler: s.startFiling},
		{Method: get, Path: one, Action: policy.ReadFiling, Handler: s.filing},
		{Method: get, Path: one + "/receipt", Action: policy.ReadFiling, Handler: s.filingReceipt},
		{Method: get, Path: one + "/files/:n<int>", Action: policy.ReadFiling, Handler: s.filingFile},
		{Method: get, Path: one + "/scans/:n<int>", Action: policy.ReadFiling, Handler: s.filingScan},
		{Method: post, Path: one + "/document", Action: policy.ApplyFiling, Handler: s.attachDocument, Upload: maxFiling},
		{Method: post, Path: one + "/drop", Action: policy.ApplyFiling, Handler: s.dropDocument},
		{Method: post, Path: one + "/submit", Action: policy.ApplyFiling, Handler: s.submitFiling},
		{Method: post, Path: one + "/withdraw", Action: policy.ApplyFiling, Handler: s.withdrawFiling},
		{Method: post, Path: one + "/accept", Action: policy.HandleFiling, Handler: s.acceptFiling},
		{Method: post, Path: one + "/resend", Action: policy.HandleFiling, Handler: s.resendFiling},
		{Method: post, Path: one + "/ask", Action: policy.HandleFiling, Handler: s.askFiling},
		{Method: post, Path: one + "/refuse", Action: policy.HandleFiling, Handler: s.refuseFiling},
		{Method: post, Path: one + "/sign", Action: policy.SignApproval, Handler: s.signFiling},
		{Method: post, Path: one + "/paper", Action: policy.SignApproval, Handler: s.paperFiling, Upload: maxFiling},
		{Method: post, Path: one + "/sheet", Action: policy.ReadFiling, Handler: s.finishSheet},
	}
}

// filingLine is one filing of a list.
type filingLine struct {
	Path, Project, Firm, Title, State, Number, Since, Due string
	Late                                                  bool
}

// filingsView is what filings.html shows.
type filingsView struct {
	Rows               []filingLine
	Kinds, States      []option
	Query, Kind, State string
	Next, Excel        string
	Filtered, CanApply bool
}

var filingFilters = []string{"q", "kind", "state"}

func filingFilter(l listAddress) filing.Filter {
	return filing.Filter{Text: l.value["q"], Kind: l.value["kind"], State: filing.State(l.value["state"])}
}

// filingLineOf puts a filing into words.
func (s *Server) filingLineOf(id string, f *filing.Filing) filingLine {
	line := filingLine{Path: filingsPath + "/" + id, Project: f.ProjectName, Firm: f.FirmName, Title: f.Title, State: f.State.Title(), Number: f.Number, Since: "未提交"}
	if !f.Submitted.IsZero() {
		line.Since = shortDate(calendar.DateOf(f.Submitted.Time), calendar.DateOf(s.clocks.Business()))
	}
	if due := f.DueNow(); due.Rule != "" && !f.State.Final() {
		line.Due, line.Late = due.Chinese(), due.Late(s.clocks.Business())
	}
	return line
}

// filingList lists the filings of the actor's scope.
func (s *Server) filingList(c *fiber.Ctx, by policy.Actor) error {
	l := readList(c, filingsPath, filingFilters...)
	found, err := s.filings.List(c.UserContext(), by, filingFilter(l), l.after)
	if err != nil {
		return err
	}
	v := filingsView{Query: l.value["q"], Kind: l.value["kind"], State: l.value["state"], Kinds: []option{{Label: "全部"}}, States: []option{{Label: "全部"}},
		Next: nextPage(c, found.Next), Excel: l.excel(), Filtered: l.filtered(), CanApply: s.guard.Allow(by, policy.ApplyFiling) && len(s.filings.Kinds.Of(by)) > 0}
	for _, k := range s.filings.Kinds.All() {
		v.Kinds = append(v.Kinds, option{Value: k.ID, Label: k.Title})
	}
	for _, state := range filing.States() {
		v.States = append(v.States, option{Value: string(state), Label: state.Title()})
	}
	for _, d := range found.Docs {
		v.Rows = append(v.Rows, s.filingLineOf(d.ID, &d.State))
	}
	return s.render(c, by, "filings", page{Title: "登记备案", Nav: filingsPath, Data: v})
}

// filingsExcel is the same list as Excel, all of it.
func (s *Server) filingsExcel(c *fiber.Ctx, by policy.Actor) error {
	type row struct {
		filingLine
		f filing.Filing
	}
	var rows []row
	err := s.filings.Each(c.UserContext(), by, filingFilter(readList(c, filingsPath, filingFilters...)), func(id string, f *filing.Filing) {
		rows = append(rows, row{s.filingLineOf(id, f), *f})
	})
	if err != nil {
		return err
	}
	table := report.Table[row]{Sheet: "备案", Columns: []report.Column[row]{
		report.Shown("备案号", func(r *row) any { return r.Number }).Wide(22), report.Shown("种类", func(r *row) any { return r.Title }).Wide(28), report.Shown("小区", func(r *row) any { return r.Project }).Wide(20),
		report.Shown("企业", func(r *row) any { return r.Firm }).Wide(28), report.Shown("状态", func(r *row) any { return r.State }), report.Shown("事项日期", func(r *row) any { return r.f.Happened }),
		report.Shown("收件日期", func(r *row) any { return r.Since }), report.Shown("回执日期", func(r *row) any { return r.f.Filed }), report.Shown("理由", func(r *row) any { return r.f.Reason }).Wide(30),
	}}
	data, err := report.Write(table.Filled(rows))
	if err != nil {
		return err
	}
	return sendExcel(c, "备案.xlsx", data)
}

// newFiling is the choice of kind and compound.
func (s *Server) newFiling(c *fiber.Ctx, by policy.Actor) error {
	return s.showNewFiling(c, by, c.Query("kind"), c.Query("project"), nil)
}

func (s *Server) showNewFiling(c *fiber.Ctx, by policy.Actor, kind, project string, refused []fault.Field) error {
	kinds := []option{{Label: "请选择种类"}}
	for _, k := range s.filings.Kinds.Of(by) {
		kinds = append(kinds, option{Value: k.ID, Label: k.Title})
	}
	projects, _, err := projectOptionsFrom(c.UserContext(), s.registered, by, "")
	if err != nil {
		return err
	}
	form := withErrors([]field{{Name: "kind", Label: "备案种类", Options: kinds, Value: kind}, {Name: "project", Label: "小区", Options: projects, Value: project}}, refused)
	p := page{Title: "提交备案", Nav: filingsPath, Fields: refused, Data: map[string]any{"Form": form, "Key": newKey()}}
	if len(refused) > 0 {
		return s.refuse(c, by, "filing_new", p)
	}
	return s.render(c, by, "filing_new", p)
}

// startFiling begins a draft.
func (s *Server) startFiling(c *fiber.Ctx, by policy.Actor) error {
	kind, project := c.FormValue("kind"), c.FormValue("project")
	doc, err := s.filings.Start(c.UserContext(), by, kind, project, formIdem(c))
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showNewFiling(c, by, kind, project, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, filingsPath+"/"+doc.ID)
}

// filingAt is the filing that a form is about.
func filingAt(c *fiber.Ctx, values url.Values) filing.At {
	return filing.At{ID: c.Params("id"), Seq: seqOf(values.Get("seq")), Idem: idemFrom(c, values)}
}

// filingAct answers a form: to the page with what was done, or the form again with what was refused.
func (s *Server) filingAct(c *fiber.Ctx, by policy.Actor, done string, act func(at filing.At) (store.Doc[filing.Filing], error)) error {
	return s.filingDone(c, by, done, formValues(c), func() error {
		_, err := act(filingAt(c, formValues(c)))
		return err
	})
}

func (s *Server) filingDone(c *fiber.Ctx, by policy.Actor, done string, typed url.Values, act func() error) error {
	err := act()
	if refused := refusedForm(err); len(refused) > 0 {
		c.Status(statusOf(fault.Invalid))
		return s.showFiling(c, by, typed, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, filingsPath+"/"+c.Params("id")+"?done="+done)
}

// filingSaid is what was done.
var filingSaid = map[string]string{"saved": "已保存，还没有提交。", "submitted": "已提交，住建局受理后进入审批。", "withdrawn": "已撤回。", "accepted": "已受理，进入审批。", "asked": "已一次性告知补正，办理期限停走，补正后接着算。",
	"refused": "已写明理由和依据，不予备案。", "signed": "已签署。", "paper": "签字件已登记，另一人核对后生效。", "sheet": "已完成。"}

func (s *Server) dropDocument(c *fiber.Ctx, by policy.Actor) error {
	return s.filingAct(c, by, "saved", func(at filing.At) (store.Doc[filing.Filing], error) {
		return s.filings.Detach(c.UserContext(), by, at, c.FormValue("document"))
	})
}

func (s *Server) withdrawFiling(c *fiber.Ctx, by policy.Actor) error {
	return s.filingAct(c, by, "withdrawn", func(at filing.At) (store.Doc[filing.Filing], error) {
		return s.filings.Withdraw(c.UserContext(), by, at)
	})
}

func (s *Server) acceptFiling(c *fiber.Ctx, by policy.Actor) error {
	return s.filingAct(c, by, "accepted", func(at filing.At) (store.Doc[filing.Filing], error) { return s.filings.Accept(c.UserContext(), by, at) })
}

func (s *Server) resendFiling(c *fiber.Ctx, by policy.Actor) error {
	return s.filingAct(c, by, "accepted", func(at filing.At) (store.Doc[filing.Filing], error) { return s.filings.Resend(c.UserContext(), by, at) })
}

func (s *Server) askFiling(c *fiber.Ctx, by policy.Actor) error {
	return s.filingAct(c, by, "asked", func(at filing.At) (store.Doc[filing.Filing], error) {
		return s.filings.Ask(c.UserContext(), by, at, c.FormValue("ask-reason"))
	})
}

func (s *Server) refuseFiling(c *fiber.Ctx, by policy.Actor) error {
	return s.filingAct(c, by, "refused", func(at filing.At) (store.Doc[filing.Filing], error) {
		return s.filings.Refuse(c.UserContext(), by, at, c.FormValue("reason"), c.FormValue("clause"))
	})
}

func (s *Server) finishSheet(c *fiber.Ctx, by policy.Actor) error {
	return s.filingAct(c, by, "sheet", func(at filing.At) (store.Doc[filing.Filing], error) {
		return s.filings.FinishSheet(c.UserContext(), by, at, filing.SheetKind(c.FormValue("sheet")))
	})
}

// submitFiling saves what was typed and, unless it is only to be kept, hands it in.
func (s *Server) submitFiling(c *fiber.Ctx, by policy.Actor) error {
	done := "submitted"
	if c.FormValue("keep") != "" {
		done = "saved"
	}
	return s.filingAct(c, by, done, func(at filing.At) (store.Doc[filing.Filing], error) {
		var happened calendar.Date
		if text := c.FormValue("happened"); text != "" {
			var err error
			if happened, err = calendar.ParseDate(text); err != nil {
				return store.Doc[filing.Filing]{}, fault.InvalidFields("web.submitFiling", fault.Field{Name: "happened", Message: "“" + text + "”不是日期，要写成 2026-10-19"})
			}
		}
		if done == "saved" {
			return s.filings.Edit(c.UserContext(), by, at, happened, c.FormValue("note"))
		}
		return s.filings.Submit(c.UserContext(), by, at, happened, c.FormValue("note"))
	})
}
