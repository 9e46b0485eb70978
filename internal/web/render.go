package web

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/net/html"

	"redsteward/charts"
	"redsteward/internal/fault"
	"redsteward/policy"
)

//go:embed all:templates
var templateFiles embed.FS

// Layouts are the frames of ui.md §4. A page of layoutEither is framed for who looks at it.
const (
	layoutPublic = "public"
	layoutApp    = "app"
	layoutDesk   = "desk"
	layoutPhone  = "phone"
	layoutEither = "either"
)

// declared are the pages there are and their layouts; a template file without a row, or a row without a file, stops the start.
var declared = map[string]string{
	"ranking": layoutPublic, "star": layoutPublic, "beside": layoutPublic, "firms": layoutPublic, "firm": layoutPublic, "method": layoutPublic, "open": layoutPublic, "verify": layoutPublic, "plate": layoutPublic, "plates": layoutApp, "plate_print": layoutDesk, "help": layoutEither,
	"signin": layoutPublic, "setup": layoutPublic, "error": layoutEither,
	"todo": layoutApp, "home": layoutApp, "views": layoutApp, "search": layoutApp, "account": layoutApp, "rights": layoutApp, "rights_of": layoutApp, "rights_who": layoutApp, "rights_compare": layoutApp, "emergency": layoutApp, "emergencies": layoutApp, "privacy": layoutEither, "own_data": layoutApp, "data_requests": layoutApp, "access_log": layoutApp, "approvals": layoutApp, "filings": layoutApp, "filing_new": layoutApp, "filing": layoutApp, "filing_sheet": layoutApp, "filing_receipt": layoutDesk, "wish_receipt": layoutDesk, "member_new": layoutApp, "member": layoutApp, "member_paper": layoutDesk, "accounts": layoutApp, "account_new": layoutApp, "account_one": layoutApp,
	"periods": layoutApp, "scheme_new": layoutApp, "scheme_compare": layoutApp, "scheme_rule": layoutApp, "period": layoutApp, "preview": layoutApp, "ranges": layoutApp, "scorers": layoutApp, "publish": layoutApp, "scores": layoutApp, "score": layoutApp, "objection_new": layoutApp, "coach": layoutApp, "coach_list": layoutApp, "coach_give": layoutApp, "lists": layoutPublic, "boards": layoutApp, "board_rows": layoutApp, "circulars": layoutPublic, "publicities": layoutPublic, "publicity": layoutPublic, "circular": layoutPublic,
	"proofs": layoutApp, "proof_needs": layoutApp, "proof_form": layoutApp, "proof": layoutApp, "reviews": layoutApp, "review_list": layoutApp, "audits": layoutApp,
	"register_projects": layoutApp, "dossier": layoutApp, "timeline": layoutApp, "register_board": layoutApp, "tiles": layoutApp, "change": layoutApp, "body": layoutApp, "register_scans": layoutApp, "register_project": layoutApp, "register_firms": layoutApp, "register_firm": layoutApp, "register_form": layoutApp,
	"register_developers": layoutApp, "register_developer": layoutApp,
	"register_divisions": layoutApp, "register_division": layoutApp, "register_imports": layoutApp, "import_dry": layoutApp, "import_reverse": layoutApp, "import_one": layoutApp, "observation_imports": layoutApp,
	"fund_bank": layoutApp, "fund_bank_import": layoutApp, "fund_bank_line": layoutApp, "fund_bank_divide": layoutApp, "fund_bank_split": layoutApp, "fund_bank_month": layoutApp,
	"fund_statement": layoutDesk, "fund_ledger": layoutApp, "fund_form": layoutApp, "fund_rules": layoutApp, "cases": layoutApp, "application_opinions": layoutApp, "application_joint": layoutApp, "application_joint_print": layoutDesk, "star_list": layoutDesk, "circular_paper": layoutDesk, "fund_case": layoutApp, "fund_case_new": layoutApp, "fund_print": layoutDesk,
	"inspection_plan": layoutApp, "certificates": layoutApp, "inspection_public": layoutPublic, "draws": layoutEither, "draw": layoutEither, "draw_new": layoutApp, "recusals": layoutApp,
	"rectification_new": layoutApp, "volume": layoutDesk, "report": layoutDesk,
	"returns": layoutApp, "return_new": layoutApp, "return_one": layoutApp, "return_list": layoutApp, "return_compare": layoutApp, "return_form": layoutApp, "return_measures": layoutApp, "batch": layoutApp, "return_print": layoutDesk, "templates": layoutApp, "phrases": layoutApp, "template": layoutApp,
	"numbers": layoutApp, "printers": layoutApp, "ruler": layoutDesk, "prints": layoutApp, "prints_sheets": layoutDesk, "modules": layoutApp, "account_secret": layoutApp, "account_secrets": layoutApp, "account_order": layoutApp, "totp": layoutApp, "log": layoutApp, "witnesses": layoutApp, "log_change": layoutApp, "records": layoutApp, "operations": layoutApp, "operations_job": layoutApp, "parts": layoutApp, "sheet": layoutDesk,
	"observations": layoutApp, "observation": layoutApp, "observation_form": layoutApp, "visits": layoutApp, "visit": layoutApp, "visit_plan": layoutApp, "visit_item": layoutPhone,
	"party": layoutApp, "party_sheets": layoutApp, "party_sheet": layoutApp, "party_new": layoutApp,
	"conduct": layoutApp, "conduct_one": layoutApp, "conduct_form": layoutApp, "desk_imports": layoutApp,
	"book": layoutEither, "book_entry": layoutEither, "stations": layoutApp, "models": layoutEither, "reserve": layoutEither, "reserve_form": layoutEither, "reserve_one": layoutEither, "model": layoutApp, "duty": layoutApp, "duty_sheet": layoutDesk, "bookings": layoutApp,
	"matters": layoutApp, "matter": layoutApp, "matter_new": layoutApp, "matter_figures": layoutApp, "matter_feedback": layoutApp, "repairs": layoutApp, "repair": layoutApp, "repair_calls": layoutApp, "tell": layoutEither, "told": layoutEither,
	"wish": layoutApp, "wish_new": layoutApp, "wish_ask": layoutEither, "wish_told": layoutEither, "shining": layoutEither,
	"deliberation": layoutApp, "deliberation_meeting": layoutApp, "deliberation_print": layoutDesk, "results": layoutEither,
	"surveys": layoutApp, "survey_new": layoutApp, "survey": layoutApp, "survey_enter": layoutApp, "survey_answer": layoutPublic, "satisfaction": layoutEither, "survey_slips": layoutDesk, "survey_list": layoutDesk,
	"urging": layoutApp, "notice": layoutApp, "notice_form": layoutApp, "notice_to": layoutApp, "channels": layoutApp, "outbox": layoutApp, "collection": layoutApp, "collection_form": layoutApp, "collection_to": layoutApp, "collection_sheet": layoutApp, "collection_dry": layoutApp, "collection_plans": layoutApp,
	"handovers": layoutApp, "handover": layoutApp, "handover_new": layoutApp, "handover_print": layoutDesk,
}

// pages are the templates by page name, each parsed when it is first asked for.
type pages struct {
	byName map[string]func() (*template.Template, error)
}

// loadPages finds the template of every declared page. A page is parsed and escaped when it is first asked for: a process that
// starts need not wait for all of them. The templates are part of the program; TestPagesParse asks for every one of them.
func loadPages(a *assets) (*pages, error) {
	common := template.New("common").Funcs(a.functions()).Option("missingkey=error")
	shared, err := fs.Glob(templateFiles, "templates/_*.html")
	if err != nil {
		return nil, err
	}
	if common, err = common.ParseFS(templateFiles, shared...); err != nil {
		return nil, err
	}
	files, err := fs.Glob(templateFiles, "templates/[^_]*.html")
	if err != nil {
		return nil, err
	}
	p := &pages{byName: make(map[string]func() (*template.Template, error), len(files))}
	for _, file := range files {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if _, ok := declared[name]; !ok {
			return nil, fmt.Errorf("%s: the page is not declared", file)
		}
		p.byName[name] = sync.OnceValues(func() (*template.Template, error) {
			t, err := common.Clone()
			if err != nil {
				return nil, err
			}
			return t.ParseFS(templateFiles, file)
		})
	}
	for name := range declared {
		if p.byName[name] == nil {
			return nil, fmt.Errorf("the page %s is declared and has no template", name)
		}
	}
	return p, nil
}

// functions are what templates may call. Here, and nowhere else, text becomes trusted markup: each function escapes what it is given.
func (a *assets) functions() template.FuncMap {
	return template.FuncMap{
		"chip":       func(state string) template.HTML { return template.HTML(a.chip(state, "")) },
		"chipAs":     func(state, precise string) template.HTML { return template.HTML(a.chip(state, precise)) },
		"icon":       func(name string) template.HTML { return template.HTML(a.icon(name)) },
		"stars":      func(level int, word string) template.HTML { return template.HTML(a.stars(level, word, false)) },
		"starsLarge": func(level int, word string) template.HTML { return template.HTML(a.stars(level, word, true)) },
		"svg":        func(s charts.SVG) template.HTML { return template.HTML(s) },
		"mark": func() template.HTML {
			return template.HTML(`<svg viewBox="0 0 28 28" aria-hidden="true"><use href="` + a.sprite + `#mark"/></svg>`)
		},
		"css":         func() string { return a.css },
		"sprite":      func() string { return a.sprite },
		"script":      func() string { return a.script },
		"asset":       a.address,
		"sheets":      sheetsMarkup,
		"date":        dateLong,
		"dateTime":    dateTime,
		"weekday":     weekday,
		"count":       countOf,
		"area":        areaShown,
		"fingerprint": fingerprint,
		"mask":        policy.MaskName,
		"inc":         func(i int) int { return i + 1 },
		"list":        func(items ...any) []any { return items },
		"dict":        dict,
		"hasErrors":   func(form []field) bool { return slices.ContainsFunc(form, func(f field) bool { return f.Error != "" }) },
		"join":        strings.Join,
		"csv":         csvOf,
	}
}

// sheetsMarkup writes sheets of other pages; every word of them is escaped anew.
func sheetsMarkup(sheets []*html.Node) (template.HTML, error) {
	var b strings.Builder
	for _, n := range sheets {
		if err := html.Render(&b, n); err != nil {
			return "", err
		}
	}
	return template.HTML(b.String()), nil
}

// dict makes the data of a component from pairs of name and value.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("dict needs pairs")
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, errors.New("dict needs names")
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}

// page is what a handler gives to be rendered.
type page struct {
	// Title is the page's own title; the layout adds the product and the bureau.
	Title string
	// Nav is the path of the navigation entry that is current.
	Nav string
	// Data is what the page's template shows.
	Data any
	// Fields are the refused places; the layout shows their summary first.
	Fields []fault.Field
	// Said is what happened and what comes next, after an act.
	Said string
	// Script loads the own script; pages without need for it do not. Scripts are further ones by the names of their files.
	Script  bool
	Scripts []string
	// Paper is what the paper of a page is called among the kinds of papers, "" for what no template is filled with.
	Paper string
}

// view is a page with its frame.
type view struct {
	page
	Set    Settings
	By     policy.Actor
	Token  string
	Big    bool
	Now    time.Time
	Groups []navGroup
	Top    []navItem
	Office string
	// Look: the page can be opened as known on an earlier day; nil if not.
	Look *lookView
	// Saved are the saved views of a list; nil on other pages.
	Saved *savedBar
	// Walks: the dock of a phone leads to the visits; Home: to the compound of an owner or a committee.
	Walks, Home bool
	// Module is the module of the page, the zero Module on others.
	Module policy.Module
	// Word is the address of a paper as an editable document, empty on other pages; PlainWord that of its default form while the office's own template is used, Template the templates of its kind for who keeps them.
	Word, PlainWord, Template string
	// PDF is the address of a paper as a PDF, empty where none is made.
	PDF string
	// Offset: the reader prints onto paper with a printed head.
	Offset bool
	// Records is the address of the records of the log behind the page, "" where there are none to show.
	Records string
}

// navItem is one entry of the navigation.
type navItem struct {
	Label, Path string
	// Action is the right that the entry asks for, Or another one that does too.
	Action, Or policy.Action
	// Bar says where an entry of the public navigation stands: "" behind 更多 only, barWide in the bar of a wide screen, barAll in every bar.
	Bar     string
	Current bool
	// Work is what is open behind the entry.
	Work workCount
}

// navGroup is one group of the left navigation.
type navGroup struct {
	Title string
	Items []navItem
}

// The places of an entry of the public navigation.
const (
	barAll  = "all"
	barWide = "wide"
)

// publicNav is the top navigation of the public pages. What most people come for stands in the bar, which is one line of a phone of 320 px; the rest is a menu that opens without script.
var publicNav = []navItem{
	{Label: "星级榜", Path: "/", Bar: barAll}, {Label: "企业", Path: "/firms", Bar: barAll}, {Label: "标牌核验", Path: platePath, Bar: barAll}, {Label: "反映问题", Path: tellPath, Bar: barAll},
	{Label: "星级公示", Path: publicityPath, Bar: barWide}, {Label: "评价通报", Path: "/circulars", Bar: barWide}, {Label: "评价办法", Path: "/method", Bar: barWide}, {Label: "榜单", Path: listsPath, Bar: barWide}, {Label: "微心愿", Path: shiningPath, Bar: barWide},
	{Label: "网上预约", Path: reservePath}, {Label: "红色达人", Path: modelsPath}, {Label: "议事公开", Path: resultsPath}, {Label: "满意度", Path: satisfactionPath}, {Label: "政策文件", Path: papersPath}, {Label: "行政检查", Path: inspectedPath}, {Label: "开放数据", Path: "/open"}, {Label: "帮助", Path: "/help"},
}

// openForms are the pages with forms for people without an account.
var openForms = []string{"verify", "plate", "wish_ask", "wish_told", "reserve_form", "reserve_one", "tell", "told", "survey_answer", "publicity"}

// officeNav is the left navigation of the work pages; entries without the right are left out.
var officeNav = []navGroup{
	{"工作", []navItem{{Label: "我的待办", Path: "/todo", Action: policy.ReadTodo}, {Label: "我的小区", Path: homePath, Action: policy.ReadHome}, {Label: "站内通知", Path: noticesPath, Action: policy.ReadNotice}, {Label: "催办名单", Path: urgingPath, Action: policy.HandleRectification, Or: policy.DispatchMatter}, {Label: "佐证材料", Path: "/proofs", Action: policy.ReadEvidence},
		{Label: "材料初审", Path: communityDesk.path, Action: policy.AcceptEvidence}, {Label: "材料复核", Path: bureauDesk.path, Action: policy.ReviewEvidence}, {Label: "材料抽查", Path: auditDesk.path, Action: policy.AuditEvidence}, {Label: "批量签发", Path: batchSignPath, Action: policy.SignApproval}}},
	{"备案", []navItem{{Label: "登记备案", Path: filingsPath, Action: policy.ReadFiling}, {Label: "小区登记", Path: projectsPath, Action: policy.ReadRegister}, {Label: "企业登记", Path: firmsPath, Action: policy.ReadRegister}, {Label: "社区一览", Path: tilesPath, Action: policy.ReadRegister}, {Label: "物业覆盖", Path: coveragePath, Action: policy.ReadRegister}, {Label: "业主组织", Path: bodiesPath, Action: policy.ReadRegister}, {Label: "公共收益", Path: moneyPath, Action: policy.ReadRegister}, {Label: "到期提醒", Path: expiryPath, Action: policy.ReadRegister}, {Label: "风险小区", Path: riskPath, Action: policy.ReadRegister}, {Label: "物业更换", Path: changesPath, Action: policy.ReadRegister},
		{Label: "承接查验", Path: handoversPath, Action: policy.ReadHandover}, {Label: "建设单位", Path: developersPath, Action: policy.ReadRegister}, {Label: "保修金", Path: fundPath, Action: policy.ReadFund}, {Label: "保修金使用", Path: claimsPath, Action: policy.ReadClaim}, {Label: "保修金退还", Path: refundsPath, Action: policy.ReadRefund}, {Label: "行政区划", Path: divisionsPath, Action: policy.ReadRegister},
		{Label: "Excel 导入", Path: importsPath, Action: policy.ImportRegister}}},
	{"监管", []navItem{{Label: "事项", Path: mattersPath, Action: policy.ReadMatter}, {Label: "报修台账", Path: repairsPath, Action: policy.ReadRepairs}, {Label: "我的走访", Path: "/visits/mine", Action: policy.DoVisit, Or: policy.AssessVisit}, {Label: "走访评价", Path: "/visits", Action: policy.ReadVisit}, {Label: "行政检查", Path: inspectionsPath, Action: policy.ReadInspection}, {Label: "整改", Path: rectificationsPath, Action: policy.ReadRectification}, {Label: "一票否决认定", Path: vetoesPath, Action: policy.ReadVeto},
		{Label: "满意度调查", Path: surveysPath, Action: policy.ReadSurvey}, {Label: "观察记录", Path: "/observations", Action: policy.ReadObservation}, {Label: "失信信息", Path: creditPath, Action: policy.ReadCredit}, {Label: "行业评价记录", Path: marksPath, Action: policy.ReadMarks},
		{Label: "表彰奖励", Path: honoursPath, Action: policy.ReadHonours}}},
	{"党建", []navItem{{Label: "红色议事", Path: deliberationPath, Action: policy.ReadDeliberation}, {Label: "微心愿", Path: needsPath, Action: policy.ReadWish}, {Label: "在职党员报到", Path: membersPath, Action: policy.ReadMember}, {Label: "在职党员服务统计", Path: yearsPath, Action: policy.ReadMemberFigures}, {Label: "党组织覆盖", Path: partyPath, Action: policy.ReadRegister}, {Label: "党建台账", Path: sheetsPath, Action: policy.ReadPartyFact},
		{Label: "红色驿站", Path: stationsPath, Action: policy.ReadStation}, {Label: "值班", Path: dutyPath, Action: policy.ReadStation}, {Label: "预约", Path: bookingsPath, Action: policy.ReadStation}, {Label: "红色达人", Path: modelsPath, Action: policy.Public}, {Label: "政策文件", Path: papersPath, Action: policy.Public}}},
	{"评价", []navItem{{Label: "评价周期", Path: "/periods", Action: policy.ReadPeriods}, {Label: "评价方案", Path: schemesPath, Action: policy.ReadPeriods}, {Label: "评价看板", Path: "/boards", Action: policy.ReadBoards}, {Label: "打分一致性", Path: scorersPath, Action: policy.ReadScorers}, {Label: "星级申报", Path: applicationsPath, Action: policy.ReadApplication}, {Label: "得分告知", Path: scoresPath, Action: policy.ReadObjection}, {Label: "异议与申诉", Path: objectionsPath, Action: policy.ReadObjection}, {Label: "公示意见", Path: remarksPath, Action: policy.HandleRemark}, {Label: "星级公示", Path: publicityPath, Action: policy.Public}, {Label: "企业说明", Path: responsesPath, Action: policy.ReadResponse}, {Label: "降星与摘牌", Path: standingsPath, Action: policy.ReadStanding}, {Label: "标牌", Path: platesPath, Action: policy.ReadPlate}, {Label: "争星晋位", Path: coachPath, Action: policy.ReadCoach},
		{Label: "评价通报", Path: "/circulars", Action: policy.Public}, {Label: "星级榜", Path: "/", Action: policy.Public}, {Label: "企业汇总", Path: "/firms", Action: policy.Public}, {Label: "评价办法", Path: "/method", Action: policy.Public}}},
	{"报表", []navItem{{Label: "报表台", Path: returnsPath, Action: policy.ReadReturn}, {Label: "文书模板", Path: templatesPath, Action: policy.KeepPaperTemplate}, {Label: "收表任务", Path: collectionsPath, Action: policy.ReadCollection}, {Label: "发送登记", Path: lettersPath, Action: policy.ReadSent}, {Label: "发文登记簿", Path: numbersPath, Action: policy.ReadSent}, {Label: "文号与用印", Path: officePath, Action: policy.SealPaper}, {Label: "用印登记", Path: sealsPath, Action: policy.ReadSent}}},
	{"系统", []navItem{
		{Label: "账号与任命", Path: accountsPath, Action: policy.ReadAccounts}, {Label: "角色与权限", Path: "/rights", Action: policy.ReadRights},
		{Label: "审批流程", Path: approvalsPath, Action: policy.ReadApprovals},
		{Label: "应急授权核查", Path: emergenciesPath, Action: policy.ReviewEmergency}, {Label: "个人信息请求", Path: requestsPath, Action: policy.AnswerDataRequest}, {Label: "访问记录", Path: accessPath, Action: policy.ReadAccessLog},
		{Label: "模块", Path: modulesPath, Action: policy.ReadSystem}, {Label: "发件箱", Path: outboxPath, Action: policy.ReadMessage}, {Label: "变更日志", Path: logPath, Action: policy.ReadLog}, {Label: "运行状况", Path: operationsPath, Action: policy.ReadSystem}, {Label: "部件一览", Path: "/admin/parts", Action: policy.ReadSystem},
		{Label: "我的账号", Path: "/account", Action: policy.ReadOwnAccount}, {Label: "常用语", Path: phrasesPath, Action: policy.ReadOwnAccount},
	}},
}

// serves reports whether the page of a navigation entry is there: some need a part that this installation may lack or has switched off.
func (s *Server) serves(path string) bool {
	if s.off(path) {
		return false
	}
	switch path {
	case filingsPath:
		return s.filings != nil
	case noticesPath:
		return s.notices != nil
	case outboxPath, channelsPath:
		return s.notices != nil && s.outbox != nil
	case collectionsPath:
		return s.collections != nil
	case batchSignPath:
		return len(s.batchKinds()) > 0
	case printsPath:
		return len(s.printKinds()) > 0
	case lettersPath, numbersPath, officePath, sealsPath:
		return s.letters != nil
	case approvalsPath:
		return s.approvals != nil
	case logPath:
		return s.journal != nil
	case requestsPath:
		return s.privacy != nil
	case accessPath:
		return s.privacy != nil && s.privacy.Accesses != nil
	case operationsPath:
		return s.operations != nil
	case projectsPath, firmsPath, developersPath, divisionsPath, importsPath, tilesPath, coveragePath, expiryPath, moneyPath:
		return s.registered != nil
	case riskPath, changesPath:
		return s.changes != nil
	case bodiesPath:
		return s.bodies != nil
	case mattersPath, tellPath:
		return s.matters != nil
	case repairsPath:
		return s.repairs != nil
	case fundPath:
		return s.fund != nil
	case claimsPath:
		return s.claims != nil
	case refundsPath:
		return s.refunds != nil
	case dunningsPath:
		return s.dunnings != nil
	case partyPath, sheetsPath:
		return s.party != nil
	case creditPath, marksPath, honoursPath:
		return s.conduct != nil
	case handoversPath:
		return s.handovers != nil
	case deliberationPath, resultsPath:
		return s.deliberations != nil
	case needsPath, shiningPath, membersPath, yearsPath:
		return s.wishes != nil
	case surveysPath, satisfactionPath:
		return s.surveys != nil
	case stationsPath, modelsPath, reservePath, dutyPath, bookingsPath, papersPath:
		return s.stations != nil
	case inspectionsPath, inspectedPath:
		return s.inspections != nil
	case vetoesPath:
		return s.vetoes != nil
	case responsesPath:
		return s.responses != nil
	case rectificationsPath:
		return s.rectifications != nil
	case coachTasksPath:
		return s.cycle != nil
	case applicationsPath:
		return s.applications != nil
	case platePath, platesPath, standingsPath:
		return s.standings != nil
	case "/periods", "/boards", scorersPath, "/circulars", scoresPath, objectionsPath, publicityPath, remarksPath, coachPath, listsPath:
		return s.cycle != nil
	case phrasesPath:
		return s.phrases != nil
	case templatesPath:
		return s.templates != nil
	case returnsPath:
		return s.returns != nil
	case schemesPath:
		return s.adoptions != nil
	case "/proofs", communityDesk.path, bureauDesk.path, auditDesk.path:
		return s.evidence != nil
	case minePath, visitsPath, observationsPath:
		return s.supervision != nil
	}
	return true
}

// navFor returns the navigation of an actor with the current entry marked and what is open behind each.
func (s *Server) navFor(by policy.Actor, current string, work map[string]workCount) []navGroup {
	groups := make([]navGroup, 0, len(officeNav))
	for _, g := range officeNav {
		shown := navGroup{Title: g.Title}
		for _, item := range g.Items {
			if !s.serves(item.Path) || !s.guard.Allow(by, item.Action) && (item.Or == "" || !s.guard.Allow(by, item.Or)) {
				continue
			}
			item.Current, item.Work = item.Path == current, work[item.Path]
			shown.Items = append(shown.Items, item)
		}
		if len(shown.Items) > 0 {
			groups = append(groups, shown)
		}
	}
	return groups
}

// render writes a page with the status set before. Only whole pages are sent: a template that fails sends none of it.
func (s *Server) render(c *fiber.Ctx, by policy.Actor, name string, p page) error {
	body, err := s.renderBytes(c, by, name, p)
	if err != nil {
		return err
	}
	if c.Query(wordName) == wordValue && wordAddress(c, name) != "" {
		return s.sendWord(c, p, body)
	}
	if c.Query(wordName) == pdfValue && s.pdfAddress(c, by, name) != "" {
		return s.sendPDF(c, p, body)
	}
	if len(c.Response().Header.Peek(fiber.HeaderCacheControl)) == 0 {
		c.Set(fiber.HeaderCacheControl, "no-store")
	}
	c.Response().Header.SetContentType(fiber.MIMETextHTMLCharsetUTF8)
	c.Response().SetBodyRaw(body)
	return nil
}

func (s *Server) renderBytes(c *fiber.Ctx, by policy.Actor, name string, p page) ([]byte, error) {
	v := view{page: p, Set: s.set, By: by, Big: s.bigType(c, by), Now: s.clocks.Business(), Look: lookOf(c), Module: s.moduleAt(c.Path()), Word: wordAddress(c, name), PDF: s.pdfAddress(c, by, name)}
	if err := s.offerWord(c, by, &v); err != nil {
		return nil, err
	}
	layout := declared[name]
	if layout == layoutEither {
		layout = layoutPublic
		if by.SignedIn() {
			layout = layoutApp
		}
	}
	if layout == layoutPublic {
		for _, item := range publicNav {
			if !s.serves(item.Path) {
				continue
			}
			item.Current = item.Path == p.Nav
			v.Top = append(v.Top, item)
		}
	} else if layout != layoutDesk { // a paper has no navigation
		v.Groups, v.Office = s.navFor(by, p.Nav, s.workOf(c, by)), s.officeOf(by)
		var err error
		if v.Saved, err = s.savedFor(c, by); err != nil {
			return nil, err
		}
		v.Records = s.recordsBehind(c.Path(), name)
		v.Walks, v.Home = s.serves(minePath) && walks(s.guard, by), s.guard.Allow(by, policy.ReadHome)
	}
	if layout == layoutDesk && name != "volume" && s.printers != nil && by.SignedIn() { // a file has no printed head
		own, err := s.printers.Own(c.UserContext(), by)
		if err != nil {
			return nil, err
		}
		_, v.Offset = own.Current()
	}
	if layout == layoutApp || layout == layoutPhone || name == "signin" || name == "setup" || slices.Contains(openForms, name) {
		v.Token = s.issueToken(c)
	}
	page, err := s.pages.byName[name]()
	if err != nil {
		return nil, fault.Wrap("web.render", fault.Internal, "", err)
	}
	var b bytes.Buffer
	if err := page.ExecuteTemplate(&b, layout, v); err != nil {
		return nil, fault.Wrap("web.render", fault.Internal, "", err)
	}
	body := b.Bytes()
	if s.modules.SomeOff() {
		body = s.hideOff(body)
	}
	if layout == layoutApp {
		if body, err = s.offerPhrases(c, by, body); err != nil {
			return nil, err
		}
	}
	if v.Look != nil && !v.Look.Day.IsZero() {
		return s.keepLooking(body, v.Look.Day)
	}
	return body, nil
}

// officeOf is the title of the first office of an actor.
func (s *Server) officeOf(by policy.Actor) string {
	rules := s.guard.Rules()
	for _, ap := range by.Appointments {
		if info, ok := rules.Role(ap.Role); ok {
			return info.Title
		}
	}
	return ""
}
