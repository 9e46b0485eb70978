package web

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/party"
)

// The pages of the party organisations of firms.
const (
	partyPath  = "/party"
	sheetsPath = "/party/sheets"
	// industryPath is the form of the branch of the trade.
	industryPath = "/party/industry"
)

// maxSitePhoto is the largest upload of one site photo with its form, in bytes.
const maxSitePhoto = 21 << 20

// partyRoutes are the rows of the coverage and of the sheets.
func (s *Server) partyRoutes() []Route {
	if s.party == nil {
		return nil
	}
	const get, post = fiber.MethodGet, fiber.MethodPost
	const one = sheetsPath + "/:firm<maxLen(64)>/:community<maxLen(64)>/:quarter<maxLen(8)>"
	rows := s.deskRoutes(sheetsPath+"/imports", policy.RecordPartyFact, true, func(*fiber.Ctx, policy.Actor) (*importDesk, error) { return s.partyDesk(), nil })
	return append(rows, []Route{
		{Method: get, Path: partyPath, Action: policy.ReadRegister, Handler: s.partyCoverage},
		{Method: get, Path: partyPath + ".xlsx", Action: policy.ReadRegister, Handler: s.partyCoverageExcel},
		{Method: get, Path: industryPath, Action: policy.RegisterParty, Handler: s.industryForm},
		{Method: post, Path: industryPath, Action: policy.RegisterParty, Handler: s.setIndustry},
		{Method: get, Path: sheetsPath, Action: policy.ReadPartyFact, Handler: s.partySheets},
		{Method: get, Path: sheetsPath + ".xlsx", Action: policy.ReadPartyFact, Handler: s.partySheetsExcel},
		{Method: get, Path: sheetsPath + "/new", Action: policy.RecordPartyFact, Handler: s.newPartySheet},
		{Method: get, Path: one, Action: policy.ReadPartyFact, Handler: s.partySheet},
		{Method: get, Path: one + "/print/:paper<maxLen(16)>", Action: policy.ReadPartyFact, Handler: s.partyPaper},
		{Method: get, Path: one + "/photos/:n<int>", Action: policy.ReadPartyFact, Handler: s.partyPhoto},
		{Method: post, Path: one + "/fill", Action: policy.RecordPartyFact, Handler: s.fillPartySheet, Upload: maxSitePhoto},
		{Method: post, Path: one + "/drop", Action: policy.RecordPartyFact, Handler: s.dropPartyLine},
		{Method: post, Path: one + "/submit", Action: policy.RecordPartyFact, Handler: s.submitPartySheet},
		{Method: post, Path: one + "/recall", Action: policy.RecordPartyFact, Handler: s.recallPartySheet},
		{Method: post, Path: one + "/reopen", Action: policy.RecordPartyFact, Handler: s.reopenPartySheet},
		{Method: post, Path: one + "/confirm", Action: policy.ConfirmPartyFact, Handler: s.confirmPartySheet},
		{Method: post, Path: one + "/return", Action: policy.ConfirmPartyFact, Handler: s.returnPartySheet},
		{Method: get, Path: one + "/files/:file<maxLen(44)>", Action: policy.ReadPartyFact, Handler: s.partyScan},
		{Method: post, Path: one + "/paper", Action: policy.ConfirmPartyFact, Handler: s.paperPartySheet, Upload: maxFundForm},
		{Method: post, Path: one + "/sign", Action: policy.ConfirmPartyFact, Handler: s.lookAtPartyPaper},
	}...)
}

// coverageColumn is one figure of the coverage.
type coverageColumn struct {
	title string
	value func(f *party.Figures) any
}

// coverageColumns are the figures in the order of the table and of Excel.
func coverageColumns() []coverageColumn {
	return []coverageColumn{
		{"物业企业", func(f *party.Figures) any { return f.Firms }}, {"单建", func(f *party.Figures) any { return f.Own }}, {"联建", func(f *party.Figures) any { return f.Joint }},
		{"选派指导员", func(f *party.Figures) any { return f.Instructor }}, {"无", func(f *party.Figures) any { return f.None }}, {"覆盖率", func(f *party.Figures) any { return share(f.Covered(), f.Firms) }},
		{"应建", func(f *party.Figures) any { return f.Must }}, {"已建", func(f *party.Figures) any { return f.Formed }}, {"组建率", func(f *party.Figures) any { return share(f.Formed, f.Must) }},
		{"党员", func(f *party.Figures) any { return f.Members }}, {"交叉任职", func(f *party.Figures) any { return f.Crossing }},
		{"企业与社区", func(f *party.Figures) any { return f.Pairs }}, {"本季度五个共", func(f *party.Figures) any { return f.Together }},
	}
}

// coverageView is what party.html shows.
type coverageView struct {
	Quarter        string
	County         party.Figures
	Share, Formed  string
	Columns        []string
	Rows           []coverageRow
	Lacking        []party.Lacking
	FirmsPath      string
	CanSheets      bool
	CanPosts       bool
	Excel          string
	Day            string
	Branches, None int
	// Industry is the branch of the trade, IndustrySeq 0 without one.
	Industry    party.Industry
	IndustrySeq int64
	CanIndustry bool
}

type coverageRow struct {
	Name   string
	Values []any
}

// partyCoverage shows how far the party is organised among the firms.
func (s *Server) partyCoverage(c *fiber.Ctx, by policy.Actor) error {
	found, err := s.party.Coverage(c.UserContext(), by)
	if err != nil {
		return err
	}
	v := coverageView{Quarter: found.Quarter.Chinese(), County: found.County, Share: share(found.County.Covered(), found.County.Firms), Formed: share(found.County.Formed, found.County.Must), Lacking: found.Lacking, FirmsPath: firmsPath,
		CanSheets: s.guard.Allow(by, policy.ReadPartyFact), Excel: partyPath + ".xlsx", Day: s.registered.On(c.UserContext()).Chinese(), Branches: found.County.Branches(), None: found.County.None}
	for _, col := range coverageColumns() {
		v.Columns = append(v.Columns, col.title)
	}
	for _, f := range append(found.Townships, found.County) {
		row := coverageRow{Name: f.Name}
		if f.Township == "" {
			row.Name = "合计（不重复）"
		}
		for _, col := range coverageColumns() {
			row.Values = append(row.Values, col.value(&f))
		}
		v.Rows = append(v.Rows, row)
	}
	if v.Industry, v.IndustrySeq, err = s.party.Industry(c.UserContext(), by); err != nil {
		return err
	}
	v.CanIndustry = s.guard.Allow(by, policy.RegisterParty)
	v.CanPosts = s.stations != nil && s.guard.Allow(by, policy.ReadStation)
	return s.render(c, by, "party", page{Title: "物业企业党组织覆盖", Nav: partyPath, Data: v, Script: true})
}

// partyCoverageExcel is the same table as Excel.
func (s *Server) partyCoverageExcel(c *fiber.Ctx, by policy.Actor) error {
	found, err := s.party.Coverage(c.UserContext(), by)
	if err != nil {
		return err
	}
	type row = party.Figures
	columns := []report.Column[row]{report.Shown("乡镇", func(r *row) any {
		if r.Township == "" {
			return "合计（不重复）"
		}
		return r.Name
	}).Wide(18)}
	for _, col := range coverageColumns() {
		columns = append(columns, report.Shown(col.title, col.value))
	}
	return sendSheets(c, "物业企业党组织覆盖.xlsx", report.Table[row]{Sheet: "党组织覆盖", Columns: columns}.Filled(append(found.Townships, found.County)))
}

// industryEntry describes the form of the branch of the trade.
func (s *Server) industryEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e := entry{title: "登记物业行业党支部", nav: partyPath, entryView: entryView{Crumbs: []crumb{{"物业企业党组织覆盖", partyPath}}, Address: industryPath, Button: "保存", Back: partyPath, Intro: "物业企业党支部、联合党支部的上级；只登记人数，不登记党员名单。",
		Notes: []string{"书记姓名只有登记党组织的人看得到全名。"}}}
	now, seq, err := s.party.Industry(c.UserContext(), by)
	if err != nil {
		return e, err
	}
	e.Seq = seq
	text := func(name, label, value, hint string) field {
		return field{Name: name, Label: label, Type: "text", Autocomplete: "off", Value: typedOr(c, name, value), Hint: hint}
	}
	number := func(name, label string, n int64) field {
		return field{Name: name, Label: label, Type: "text", Mode: "numeric", Autocomplete: "off", Value: typedOr(c, name, strconv.FormatInt(n, 10))}
	}
	e.Form = []field{text("name", "名称", now.Name, "例如 都昌县物业行业党支部"), text("higher", "上级党组织", now.Higher, "例如 中共都昌县住房和城乡建设局机关委员会"), {Name: "formed", Label: "成立日期", Type: "date", Value: typedOr(c, "formed", now.Formed.String())},
		text("secretary", "书记姓名", now.Secretary, ""), text("post", "书记的职务", now.Post, "例如 物业管理股股长"), {Name: "since", Label: "书记任职日期", Type: "date", Value: typedOr(c, "since", now.Since.String())},
		number("members", "正式党员（人）", now.Members), number("applicants", "入党申请人（人）", now.Applicants)}
	return e, nil
}

// industryForm is the form of the branch of the trade.
func (s *Server) industryForm(c *fiber.Ctx, by policy.Actor) error {
	e, err := s.industryEntry(c, by)
	if err != nil {
		return err
	}
	return s.showEntry(c, by, e, nil)
}

// setIndustry registers the branch of the trade.
func (s *Server) setIndustry(c *fiber.Ctx, by policy.Actor) error {
	e, err := s.industryEntry(c, by)
	if err != nil {
		return err
	}
	in := typed{c: c}
	branch := party.Industry{Name: in.text("name"), Higher: in.text("higher"), Formed: in.date("formed", "成立日期"), Secretary: in.text("secretary"), Post: in.text("post"), Since: in.date("since", "书记任职日期"),
		Members: in.whole("members", "正式党员", "3"), Applicants: in.whole("applicants", "入党申请人", "2")}
	err = in.with(func(ctx context.Context) error { return s.party.SetIndustry(ctx, by, formSeq(c), branch) })
	return s.settled(c, by, e, err, "name", partyPath)
}

// sheetLine is one sheet of a list.
type sheetLine struct {
	Path, Firm, Community, Quarter, State string
	Branch, Together, Kinds               int
}

func sheetAddress(sheet *party.Sheet) string {
	return sheetsPath + "/" + sheet.Firm + "/" + sheet.Community + "/" + sheet.Quarter
}

func quarterText(text string) string {
	q, err := calendar.ParseQuarter(text)
	if err != nil {
		return text
	}
	return q.Chinese()
}

func sheetLineOf(sheet *party.Sheet) sheetLine {
	together := sheet.Count(party.Kind.Together)
	return sheetLine{Path: sheetAddress(sheet), Firm: sheet.FirmName, Community: sheet.CommunityName, Quarter: quarterText(sheet.Quarter), State: sheet.State.Title(), Branch: len(sheet.Lines) - together, Together: together, Kinds: sheet.KindsTogether()}
}

// sheetsView is what party_sheets.html shows.
type sheetsView struct {
	Rows                  []sheetLine
	States, Quarters      []option
	Query, State, Quarter string
	ByQuarter             sortLink
	Next, Excel           string
	Filtered, CanRecord   bool
}

var sheetFilters = []string{"q", "state", "quarter", "firm"}

func sheetFilter(l listAddress) party.Filter {
	return party.Filter{Text: l.value["q"], State: party.State(l.value["state"]), Quarter: l.value["quarter"], Firm: l.value["firm"], Ascending: l.value["sort"] != "" && l.value["desc"] == ""}
}

// partySheets lists the sheets of the actor's scope.
func (s *Server) partySheets(c *fiber.Ctx, by policy.Actor) error {
	l := readList(c, sheetsPath, sheetFilters...)
	found, err := s.party.List(c.UserContext(), by, sheetFilter(l), l.after)
	if err != nil {
		return err
	}
	v := sheetsView{Query: l.value["q"], State: l.value["state"], Quarter: l.value["quarter"], Quarters: s.quarterOptions(), States: []option{{Label: "全部"}}, ByQuarter: l.sorted("quarter", "季度", ""),
		Next: nextPage(c, found.Next), Excel: l.excel(), Filtered: l.filtered(), CanRecord: s.guard.Allow(by, policy.RecordPartyFact)}
	for _, state := range party.States() {
		v.States = append(v.States, option{Value: string(state), Label: state.Title()})
	}
	for i := range found.Docs {
		v.Rows = append(v.Rows, sheetLineOf(&found.Docs[i].State))
	}
	return s.render(c, by, "party_sheets", page{Title: "党建台账", Nav: sheetsPath, Data: v, Script: true})
}

// partySheetsExcel writes exactly the sheets that the filter shows, one row an activity.
func (s *Server) partySheetsExcel(c *fiber.Ctx, by policy.Actor) error {
	type row struct {
		sheetLine
		party.Line
	}
	var rows []row
	err := s.party.Each(c.UserContext(), by, sheetFilter(readList(c, sheetsPath, sheetFilters...)), func(d store.Doc[party.Sheet]) error {
		for _, line := range d.State.Lines {
			rows = append(rows, row{sheetLineOf(&d.State), line})
		}
		return nil
	})
	if err != nil {
		return err
	}
	return sendSheets(c, "党建台账.xlsx", report.Table[row]{Sheet: "党建台账", Columns: []report.Column[row]{
		report.Shown("季度", func(r *row) any { return r.Quarter }).Wide(16), report.Shown("企业", func(r *row) any { return r.Firm }).Wide(28), report.Shown("社区", func(r *row) any { return r.Community }).Wide(18),
		report.Shown("状态", func(r *row) any { return r.State }), report.Shown("日期", func(r *row) any { return r.Day }), report.Shown("种类", func(r *row) any { return registry.TextOf(party.Kinds(), r.Kind) }).Wide(22),
		report.Shown("应到", func(r *row) any { return r.Expected }), report.Shown("实到", func(r *row) any { return r.Present }), report.Shown("现场照片", func(r *row) any {
			if r.Photo == nil {
				return "无"
			}
			return "有"
		}), report.Shown("备注", func(r *row) any { return r.Note }).Wide(24),
	}}.Filled(rows))
}

// partyDesk is where activities come in from Excel.
func (s *Server) partyDesk() *importDesk {
	d := &importDesk{Path: sheetsPath + "/imports", Title: "从 Excel 填写", Nav: sheetsPath, List: "党建台账", New: "新增", Changed: "更正", Same: "已经填写过", KindWord: func(string) string { return "党建台账" },
		Look: "会更正已填活动的行", LookText: "请确认这些行确实要改；已有的现场照片会留着。",
		Intro: "一行是一项活动，按企业、社区和日期归入那个季度的台账；导入以后仍要报送，逐级确认后才生效。只填时间、种类和人数，不填名单和会议内容。",
		Next:  func(string) []link { return []link{{"看党建台账", sheetsPath}} }}
	return rowsDesk(s, d, "party", report.Activities(), s.party.Intake, func(r *party.Row, row int64) { r.Row = row })
}

// sheetAt is the sheet that a request is about.
func sheetAt(c *fiber.Ctx, values url.Values) party.At {
	return party.At{Firm: c.Params("firm"), Community: c.Params("community"), Quarter: c.Params("quarter"), Seq: seqOf(values.Get("seq")), Idem: idemFrom(c, values)}
}

// newPartySheet is the choice of firm, community and quarter; a choice leads to the sheet.
func (s *Server) newPartySheet(c *fiber.Ctx, by policy.Actor) error {
	firm, community, quarter := c.Query("firm"), c.Query("community"), c.Query("quarter")
	var refused []fault.Field
	if firm+community+quarter != "" {
		at := party.At{Firm: firm, Community: community, Quarter: quarter}
		sheet, err := s.party.Blank(c.UserContext(), by, at)
		switch refused = refusedForm(err); {
		case err == nil:
			return seeOther(c, sheetAddress(&sheet))
		case fault.Is(err, fault.NotFound):
			refused = []fault.Field{{Name: "firm", Message: "请选择任职范围内的企业、社区和季度"}}
		case len(refused) == 0:
			return err
		}
	}
	choices, err := s.registered.FirmChoices(c.UserContext())
	if err != nil {
		return err
	}
	communities, err := s.communityOptions(c.UserContext())
	if err != nil {
		return err
	}
	form := withErrors([]field{{Name: "firm", Label: "企业", Options: choicesOf("请选择企业", choices), Value: firm}, {Name: "community", Label: "社区", Options: communities, Value: community, Hint: "企业服务的社区；支部自己的活动填支部所在的社区"},
		{Name: "quarter", Label: "季度", Options: s.quarterOptions()[1:], Value: quarter}}, refused)
	p := page{Title: "填写党建台账", Nav: sheetsPath, Data: map[string]any{"Form": form, "Address": sheetsPath + "/new", "Back": sheetsPath}, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "party_new", p)
	}
	return s.render(c, by, "party_new", p)
}

// partySheetView is what party_sheet.html shows.
type partySheetView struct {
	sheetLine
	Key, Reason          string
	Seq                  int64
	Lines                []sheetActivity
	Levels               []approvalLevelView
	Fill, Return, Reopen []field
	PhotoError           string
	CanFill, CanSubmit   bool
	CanRecall, CanReopen bool
	CanDecide            bool
	// Signing is where a signature on paper is recorded and its scan looked at, Papers are the scans.
	Signing signingView
	Papers  []caseLink
	Prints  []printLine
}

type sheetActivity struct {
	party.Line
	KindWord, DayText, PhotoLink, DayValue string
}

// partySaid is what was done.
var partySaid = map[string]string{"filled": "已记下。", "dropped": "已去掉。", "submitted": "已报送，由社区党组织、物业行业党支部、组织部门逐级确认。", "recalled": "已收回，可以接着填。", "reopened": "已打开更正；更正确认以前，原来确认的照常计算。",
	"confirmed": "已确认。", "returned": "已退回。", "paper": paperSaid, "sign": "已核对签字件。"}

// partySheet shows a sheet and what the actor can do with it; one that does not exist yet can be begun.
func (s *Server) partySheet(c *fiber.Ctx, by policy.Actor) error {
	return s.showPartySheet(c, by, url.Values{}, nil)
}

func (s *Server) showPartySheet(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	ctx, at := c.UserContext(), sheetAt(c, url.Values{})
	doc, err := s.party.One(ctx, by, at)
	if fault.Is(err, fault.NotFound) && s.guard.Allow(by, policy.RecordPartyFact) {
		if doc.State, err = s.party.Blank(ctx, by, at); fault.Is(err, fault.Invalid) {
			return fault.Wrap("web.partySheet", fault.NotFound, "", err)
		}
		doc.Seq, doc.State.State = 0, party.Open
	}
	if err != nil {
		return err
	}
	sheet := &doc.State
	v := partySheetView{sheetLine: sheetLineOf(sheet), Key: newKey(), Reason: sheet.Reason, Seq: doc.Seq, Levels: s.approvalLevels(sheet.Approval)}
	record := s.guard.Allow(by, policy.RecordPartyFact)
	v.CanFill, v.CanSubmit = record && sheet.State.Can(party.MoveFill), record && len(sheet.Lines) > 0 && sheet.State.Can(party.MoveSubmit)
	v.CanRecall, v.CanReopen, v.CanDecide = record && sheet.State.Can(party.MoveRecall), record && sheet.State.Can(party.MoveReopen), s.party.MayDecide(ctx, by, sheet)
	if doc.Seq > 0 {
		if v.Prints, err = s.paperLines(ctx, by, sheetsPath, partyID(sheet), s.partyPapers(sheet)); err != nil {
			return err
		}
	}
	for i, line := range sheet.Lines {
		a := sheetActivity{Line: line, KindWord: registry.TextOf(party.Kinds(), line.Kind), DayText: line.Day.Chinese(), DayValue: line.Day.String()}
		if line.Photo != nil {
			a.PhotoLink = v.Path + "/photos/" + strconv.Itoa(i)
		}
		v.Lines = append(v.Lines, a)
	}
	if v.CanFill {
		v.Fill = withErrors([]field{{Name: "kind", Label: "活动种类", Options: choicesOf("请选择", party.Kinds()), Value: typed.Get("kind")}, {Name: "day", Label: "活动日期", Type: "date", Value: typed.Get("day")},
			{Name: "expected", Label: "应到人数", Type: "text", Mode: "numeric", Value: typed.Get("expected")}, {Name: "present", Label: "实到人数", Type: "text", Mode: "numeric", Value: typed.Get("present")},
			{Name: "note", Label: "备注", Type: "text", Optional: true, Autocomplete: "off", Value: typed.Get("note"), Hint: "30 字以内；不写姓名，不写会议内容和评议"}}, refused)
	}
	for _, f := range refused {
		if f.Name == "file" || f.Name == "photo" {
			v.PhotoError = f.Message
		}
	}
	if sheet.Approval != nil {
		v.Papers = scanLinks(v.Path, len(sheet.Scans))
		may := func(scan string) bool { return s.party.MayLook(ctx, by, sheet, scan) }
		if v.Signing, err = s.signing(c, by, v.Path, doc.Seq, toSign{approval: sheet.Approval, mayLook: may, scans: len(sheet.Scans), right: policy.ConfirmPartyFact}, typed, refused); err != nil {
			return err
		}
		v.CanDecide = v.CanDecide && len(v.Signing.Looks) == 0 // the scan first: it stands for this level
	}
	v.Return = withErrors([]field{{Name: "reason", Label: "退回的理由；代签的写明代签的理由", Rows: 2, Value: typed.Get("reason"), Optional: true}}, refused)
	v.Reopen = withErrors([]field{{Name: "reason", Label: "为什么更正", Rows: 2, Value: typed.Get("reason")}}, refused)
	return s.render(c, by, "party_sheet", page{Title: sheet.FirmName + "党建台账", Nav: sheetsPath, Data: v, Fields: refused, Said: partySaid[c.Query("done")], Script: true})
}

// partyAct answers a form of a sheet.
func (s *Server) partyAct(c *fiber.Ctx, by policy.Actor, done string, values url.Values, act func(at party.At) (store.Doc[party.Sheet], error)) error {
	at := sheetAt(c, values)
	_, err := act(at)
	if refused := refusedForm(err); len(refused) > 0 {
		c.Status(statusOf(fault.Invalid))
		return s.showPartySheet(c, by, values, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, sheetsPath+"/"+at.ID()+"?done="+done)
}

// fillPartySheet adds an activity with its site photo; nothing but a picture is taken in.
func (s *Server) fillPartySheet(c *fiber.Ctx, by policy.Actor) (err error) {
	var photo *files.Upload
	values, readErr := s.readForm(c, maxSitePhoto, func(name string, r io.Reader) (err error) {
		if photo != nil {
			return fault.InvalidFields("web.fillPartySheet", fault.Field{Name: "file", Message: "一项活动只传一张现场照片"})
		}
		photo, err = s.files.Receive(name, r, files.JPEG, files.PNG)
		return err
	})
	if photo != nil {
		defer func() { err = errors.Join(err, photo.Close()) }()
	}
	return s.partyAct(c, by, "filled", values, func(at party.At) (store.Doc[party.Sheet], error) {
		if photo != nil {
			at.Idem = idemFrom(c, values, photo.SHA256)
		}
		in := typed{c: c, values: values}
		line := party.Line{Kind: party.Kind(in.text("kind")), Day: in.date("day", "活动日期"), Expected: in.whole("expected", "应到人数", "8"), Present: in.whole("present", "实到人数", "7"), Note: in.text("note")}
		var doc store.Doc[party.Sheet]
		if readErr != nil {
			return doc, readErr
		}
		err := in.with(func(ctx context.Context) (err error) {
			doc, err = s.party.Fill(ctx, by, at, line, photo)
			return err
		})
		return doc, err
	})
}

func (s *Server) dropPartyLine(c *fiber.Ctx, by policy.Actor) error {
	values := formValues(c)
	return s.partyAct(c, by, "dropped", values, func(at party.At) (store.Doc[party.Sheet], error) {
		in := typed{c: c}
		day := in.date("day", "活动日期")
		var doc store.Doc[party.Sheet]
		err := in.with(func(ctx context.Context) (err error) {
			doc, err = s.party.Drop(ctx, by, at, party.Kind(values.Get("kind")), day)
			return err
		})
		return doc, err
	})
}

func (s *Server) submitPartySheet(c *fiber.Ctx, by policy.Actor) error {
	return s.partyAct(c, by, "submitted", formValues(c), func(at party.At) (store.Doc[party.Sheet], error) { return s.party.Submit(c.UserContext(), by, at) })
}

func (s *Server) recallPartySheet(c *fiber.Ctx, by policy.Actor) error {
	return s.partyAct(c, by, "recalled", formValues(c), func(at party.At) (store.Doc[party.Sheet], error) { return s.party.Recall(c.UserContext(), by, at) })
}

func (s *Server) reopenPartySheet(c *fiber.Ctx, by policy.Actor) error {
	return s.partyAct(c, by, "reopened", formValues(c), func(at party.At) (store.Doc[party.Sheet], error) {
		return s.party.Reopen(c.UserContext(), by, at, c.FormValue("reason"))
	})
}

func (s *Server) confirmPartySheet(c *fiber.Ctx, by policy.Actor) error {
	return s.partyAct(c, by, "confirmed", formValues(c), func(at party.At) (store.Doc[party.Sheet], error) {
		return s.party.Confirm(c.UserContext(), by, at, c.FormValue("reason"))
	})
}

func (s *Server) returnPartySheet(c *fiber.Ctx, by policy.Actor) error {
	return s.partyAct(c, by, "returned", formValues(c), func(at party.At) (store.Doc[party.Sheet], error) {
		return s.party.Return(c.UserContext(), by, at, c.FormValue("reason"))
	})
}

// partyStep is what casePaper and caseSign give, as the sheet of a request.
func partyStep(c *fiber.Ctx, at casework.At) party.At {
	return party.At{Firm: c.Params("firm"), Community: c.Params("community"), Quarter: c.Params("quarter"), Seq: at.Seq}
}

// paperPartySheet records a signature on paper.
func (s *Server) paperPartySheet(c *fiber.Ctx, by policy.Actor) error {
	return s.casePaper(c, sheetsPath+"/"+partyStep(c, casework.At{}).ID(), func(at casework.At, in policy.OnPaper, password string) error {
		_, err := s.party.ConfirmOnPaper(c.UserContext(), by, partyStep(c, at), in, password)
		return err
	}, func(typed url.Values, refused []fault.Field) error { return s.showPartySheet(c, by, typed, refused) })
}

// lookAtPartyPaper looks at the scan of a signed paper a second time.
func (s *Server) lookAtPartyPaper(c *fiber.Ctx, by policy.Actor) error {
	return s.caseSign(c, sheetsPath+"/"+partyStep(c, casework.At{}).ID(), func(at casework.At, sign policy.Sign, password string) error {
		_, err := s.party.LookAtPaper(c.UserContext(), by, partyStep(c, at), sign, password)
		return err
	}, func(typed url.Values, refused []fault.Field) error { return s.showPartySheet(c, by, typed, refused) })
}

// partyScan hands out a signed paper.
func (s *Server) partyScan(c *fiber.Ctx, by policy.Actor) error {
	n, _ := strconv.Atoi(strings.TrimPrefix(c.Params("file"), "scan-")) // what is no number is no scan
	scan, err := s.party.Scan(c.UserContext(), by, partyStep(c, casework.At{}), n)
	if err != nil {
		return err
	}
	return s.sendStored(c, &scan)
}

// partyPhoto answers with the site photo of an activity.
func (s *Server) partyPhoto(c *fiber.Ctx, by policy.Actor) error {
	n, err := c.ParamsInt("n")
	if err != nil {
		return fault.New("web.partyPhoto", fault.NotFound, "")
	}
	r, size, file, err := s.party.Photo(c.UserContext(), by, sheetAt(c, url.Values{}), n)
	if err != nil {
		return err
	}
	sendFile(c, r, size, file.Kind, file.Name, false)
	return nil
}
