package web

import (
	"context"
	"net/url"
	"time"

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
		{Method: get, Path: one + "/whole", Action: policy.ReadFiling, Handler: s.wholePage(s.filingWhole)},
		{Method: get, Path: one + "/print/:paper<maxLen(16)>", Action: policy.ReadFiling, Handler: s.filingPaper},
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
		{Method: post, Path: one + "/answer", Action: policy.AnswerFiling, Handler: s.answerFiling},
		{Method: get, Path: one + "/sheets/:kind<maxLen(20)>", Action: policy.ReadFiling, Handler: s.filingSheet},
		{Method: post, Path: one + "/sheets/:kind<maxLen(20)>", Action: policy.ReadFiling, Handler: s.fillFilingSheet},
	}
}

// filingLine is one filing of a list; Subject is the compound, or the firm of a filing about one.
type filingLine struct {
	Path, Subject, Firm, Title, State, Number, Since, Due string
	Late                                                  bool
}

// filingsView is what filings.html shows.
type filingsView struct {
	Rows               []filingLine
	Kinds, States      []option
	Query, Kind, State string
	Next, Excel        string
	Filtered, CanApply bool
	// Links are other pages about the filings.
	Links []crumb
}

var filingFilters = []string{"q", "kind", "state"}

func filingFilter(l listAddress) filing.Filter {
	return filing.Filter{Text: l.value["q"], Kind: l.value["kind"], State: filing.State(l.value["state"])}
}

// filingLineOf puts a filing into words.
func filingLineOf(id string, f *filing.Filing, now time.Time) filingLine {
	line := filingLine{Path: filingsPath + "/" + id, Subject: f.Subject(), Title: f.Title, State: f.State.Title(), Number: f.Number, Since: "未提交"}
	if f.Project != "" {
		line.Firm = f.FirmName
	}
	if !f.Submitted.IsZero() {
		line.Since = shortDate(calendar.DateOf(f.Submitted.Time), calendar.DateOf(now))
	}
	if due := f.DueNow(); due.Rule != "" && !f.State.Final() {
		line.Due, line.Late = due.Chinese(), due.Late(now)
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
		Next: nextPage(c, found.Next), Excel: l.excel(), Filtered: l.filtered(), CanApply: s.guard.Allow(by, policy.ApplyFiling) && len(s.filings.Kinds.Of(by)) > 0, Links: append(s.urges(by, "filings"), s.printsOf(filingsPath)...)}
	for _, k := range s.filings.Kinds.All() {
		v.Kinds = append(v.Kinds, option{Value: k.ID, Label: k.Title})
	}
	for _, state := range filing.States() {
		v.States = append(v.States, option{Value: string(state), Label: state.Title()})
	}
	for _, d := range found.Docs {
		v.Rows = append(v.Rows, filingLineOf(d.ID, &d.State, s.clockOf(c.UserContext()).now))
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
		rows = append(rows, row{filingLineOf(id, f, s.clockOf(c.UserContext()).now), *f})
	})
	if err != nil {
		return err
	}
	table := report.Table[row]{Sheet: "备案", Columns: []report.Column[row]{
		report.Shown("备案号", func(r *row) any { return r.Number }).Wide(22), report.Shown("种类", func(r *row) any { return r.Title }).Wide(28), report.Shown("小区", func(r *row) any { return r.f.ProjectName }).Wide(20),
		report.Shown("企业", func(r *row) any { return r.f.FirmName }).Wide(28), report.Shown("状态", func(r *row) any { return r.State }), report.Shown("事项日期", func(r *row) any { return r.f.Happened }),
		report.Shown("收件日期", func(r *row) any { return dayOf(r.f.Submitted.Time) }), report.Shown("回执日期", func(r *row) any { return r.f.Filed }), report.Shown("理由", func(r *row) any { return r.f.Reason }).Wide(30),
		report.Shown("社区告知", func(r *row) any { return r.f.Noticed(s.clockOf(c.UserContext()).now).Title() }).Wide(20),
	}}
	for _, sheet := range s.filings.Kinds.Sheets() {
		table.Columns = append(table.Columns, report.Shown(sheet.Title, func(r *row) any {
			if one, ok := r.f.Sheet(sheet.ID); ok {
				return string(one.State())
			}
			return ""
		}).Wide(16))
	}
	return sendSheets(c, "备案.xlsx", table.Filled(rows))
}

// newFiling is the choice of kind and of what it is about.
func (s *Server) newFiling(c *fiber.Ctx, by policy.Actor) error {
	return s.showNewFiling(c, by, url.Values{"kind": {c.Query("kind")}, "project": {c.Query("project")}}, nil)
}

func (s *Server) showNewFiling(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	kinds, ofFirm, ofProject := []option{{Label: "请选择种类"}}, false, false
	for _, k := range s.filings.Kinds.Of(by) {
		label := k.Title
		if k.FirmWide {
			label += "（针对企业）"
		}
		kinds = append(kinds, option{Value: k.ID, Label: label})
		ofFirm, ofProject = ofFirm || k.FirmWide, ofProject || !k.FirmWide
	}
	form := []field{{Name: "kind", Label: "备案种类", Options: kinds, Value: typed.Get("kind")}}
	if ofProject {
		projects, _, err := projectOptionsFrom(c.UserContext(), s.registered, by, "")
		if err != nil {
			return err
		}
		one := field{Name: "project", Label: "小区", Options: projects, Value: typed.Get("project")}
		if ofFirm {
			one.Hint = "针对企业的备案不用选"
		}
		form = append(form, one)
	}
	if ofFirm {
		firms, err := s.filings.Firms(c.UserContext(), by)
		if err != nil {
			return err
		}
		if len(firms) > 1 {
			form = append(form, field{Name: "firm", Label: "企业", Options: choicesOf("请选择企业", firms), Value: typed.Get("firm"), Hint: "针对企业的备案才选"})
		}
	}
	p := page{Title: "提交备案", Nav: filingsPath, Fields: refused, Data: map[string]any{"Form": withErrors(form, refused), "Key": newKey()}}
	if len(refused) > 0 {
		return s.refuse(c, by, "filing_new", p)
	}
	return s.render(c, by, "filing_new", p)
}

// startFiling begins a draft.
func (s *Server) startFiling(c *fiber.Ctx, by policy.Actor) error {
	typed := formValues(c)
	subject, err := s.filingSubject(c, by, typed)
	if err != nil {
		return err
	}
	doc, err := s.filings.Start(c.UserContext(), by, filing.Opening{Kind: typed.Get("kind"), Subject: subject}, formIdem(c))
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showNewFiling(c, by, typed, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, filingsPath+"/"+doc.ID)
}

// filingSubject is what a new filing is about: the project, or for a kind about a firm the chosen firm or the only one.
func (s *Server) filingSubject(c *fiber.Ctx, by policy.Actor, typed url.Values) (string, error) {
	if kind, err := s.filings.Kinds.Find(typed.Get("kind")); err != nil || !kind.FirmWide {
		return typed.Get("project"), nil
	}
	firms, err := s.filings.Firms(c.UserContext(), by)
	if err == nil && len(firms) == 1 {
		return firms[0].ID, nil
	}
	return typed.Get("firm"), err
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
	"refused": "已写明理由和依据，不予备案。", "signed": "已签署。", "paper": "签字件已登记，另一人核对后生效。", "sheet": "已填好。", "begun": "已保存，还没有填完。", "answered": "已答复，住建局办理时看得到。"}

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
		doc, err := s.filings.Ask(c.UserContext(), by, at, c.FormValue("ask-reason"))
		if refused := stepFields("ask", "", err); len(refused) > 0 {
			err = fault.InvalidFields("web.askFiling", refused...)
		}
		return doc, err
	})
}

func (s *Server) refuseFiling(c *fiber.Ctx, by policy.Actor) error {
	return s.filingAct(c, by, "refused", func(at filing.At) (store.Doc[filing.Filing], error) {
		return s.filings.Refuse(c.UserContext(), by, at, c.FormValue("reason"), c.FormValue("clause"))
	})
}

// submitFiling saves what was typed and, unless it is only to be kept, hands it in.
func (s *Server) submitFiling(c *fiber.Ctx, by policy.Actor) error {
	done := "submitted"
	if c.FormValue("keep") != "" {
		done = "saved"
	}
	return s.filingAct(c, by, done, func(at filing.At) (store.Doc[filing.Filing], error) {
		in := typed{c: c}
		happened := in.date("happened", "")
		return oneRound(c.UserContext(), in.bad, func(ctx context.Context) (store.Doc[filing.Filing], error) {
			if done == "saved" {
				return s.filings.Edit(ctx, by, at, happened, c.FormValue("note"))
			}
			return s.filings.Submit(ctx, by, at, happened, c.FormValue("note"))
		})
	})
}
