package web

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/filing"
	"redsteward/registry/party"
)

// projectsView is what register_projects.html shows.
type projectsView struct {
	Rows                          []projectLine
	Query, Township, Kind, Served string
	Townships, Kinds, Services    []option
	Name, Households, Delivered   sortLink
	Page                          pager
	Filtered                      bool
	FirmName, CommunityName       string
	Sort, Desc, Firm, Community   string
	Developer, Grid, GridName     string
	Excel, Clear                  string
	CanWrite, CanLoad             bool
}

// projectLine is one project of a list.
type projectLine struct {
	registry.ProjectRow
	Path, FirmPath, KindWord, BodyWord, Until string
	Ending                                    bool
}

func projectPath(id string) string { return projectsPath + "/" + id }

// projectLineOf puts a project into words.
func (s *Server) projectLineOf(r registry.ProjectRow) projectLine {
	l := projectLine{ProjectRow: r, Path: projectPath(r.ID), KindWord: registry.TextOf(registry.ProjectKinds(), r.Project.Kind), BodyWord: "未登记", Ending: r.Contract.Ending(r.Day)}
	if r.Firm != "" {
		l.FirmPath, l.Until = firmPath(r.Firm), "长期"
		if !r.Contract.Days.Until.IsZero() {
			l.Until = r.Contract.Days.Until.Chinese()
		}
	}
	if r.Body.Kind != "" {
		l.BodyWord = registry.TextOf(registry.BodyKinds(), r.Body.Kind)
	}
	return l
}

var projectFilters = []string{"q", "township", "community", "firm", "developer", "kind", "served", "grid"}

func projectQuery(l listAddress) registry.ProjectQuery {
	return registry.ProjectQuery{Text: l.value["q"], Township: l.value["township"], Community: l.value["community"], Firm: l.value["firm"], Developer: l.value["developer"], Grid: l.value["grid"], Kind: registry.ProjectKind(l.value["kind"]),
		Served: l.value["served"], Sort: l.value["sort"], Desc: l.value["desc"] != "", After: l.after}
}

// projects lists the projects of the register.
func (s *Server) projects(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	l := readList(c, projectsPath, projectFilters...)
	found, err := s.registered.Projects(ctx, by, projectQuery(l))
	if err != nil {
		return err
	}
	v := projectsView{Query: l.value["q"], Township: l.value["township"], Kind: l.value["kind"], Served: l.value["served"], Firm: l.value["firm"], Community: l.value["community"], Developer: l.value["developer"], Grid: l.value["grid"],
		Sort: l.value["sort"], Desc: l.value["desc"], Kinds: choicesOf("全部", registry.ProjectKinds()), Services: choicesOf("全部", registry.Services()),
		Name: l.sorted(registry.ByName, "小区", registry.ByName), Households: l.sorted(registry.ByHouseholds, "户数", registry.ByName), Delivered: l.sorted(registry.ByDelivered, "交付", registry.ByName),
		Page: l.pager(len(found.Rows), found.Count, found.Next), Filtered: l.filtered(), Excel: l.excel(), Clear: projectsPath,
		CanWrite: s.guard.Allow(by, policy.WriteRegister), CanLoad: s.guard.Allow(by, policy.ImportRegister)}
	if v.Townships, err = s.townshipOptions(ctx); err != nil {
		return err
	}
	for _, r := range found.Rows {
		v.Rows = append(v.Rows, s.projectLineOf(r))
		if v.Firm != "" {
			v.FirmName = r.FirmName
		}
		if v.Community != "" || v.Grid != "" {
			v.CommunityName = r.CommunityName
		}
	}
	if v.Grid != "" {
		grids, err := s.registered.GridsOf(ctx, registry.Project{Grids: []string{v.Grid}})
		if err != nil {
			return err
		}
		v.GridName = grids[0].Display
	}
	return s.render(c, by, "register_projects", page{Title: "小区", Nav: projectsPath, Data: v})
}

// projectsExcel writes exactly the projects that the filter shows in the columns of the template, their contracts, buildings and papers on sheets of their own.
func (s *Server) projectsExcel(c *fiber.Ctx, by policy.Actor) error {
	type row struct {
		registry.ProjectLine
		now registry.ProjectRow
	}
	var buildings []registry.BuildingLine
	var papers []registry.PaperLine
	ctx := c.UserContext()
	l := readList(c, projectsPath, projectFilters...)
	l.after = ""
	var rows []row
	var contracts []registry.ContractLine
	err := s.registered.AllProjects(ctx, by, projectQuery(l), func(r registry.ProjectRow) error {
		line := registry.LineOfProject(r)
		code, err := s.registered.DeveloperCode(ctx, r.Developer)
		if err != nil {
			return err
		}
		line.DeveloperCode = string(code)
		rows, buildings, papers = append(rows, row{line, r}), append(buildings, registry.LinesOfBuildings(r)...), append(papers, registry.LinesOfPapers(r)...)
		lines, err := s.registered.LinesOfContracts(ctx, r)
		contracts = append(contracts, lines...)
		return err
	})
	if err != nil {
		return err
	}
	columns := append(report.Within(report.Projects().Columns, func(r *row) *registry.ProjectLine { return &r.ProjectLine }),
		report.Shown("现服务企业", func(r *row) any { return r.now.FirmName }).Wide(28), report.Shown("合同截止", func(r *row) any { return r.now.Contract.Days.Until }))
	return sendSheets(c, "小区.xlsx", report.Table[row]{Sheet: report.Projects().Sheet, Columns: columns}.Filled(rows), report.Contracts().Filled(contracts), report.Buildings().Filled(buildings), report.Papers().Filled(papers))
}

// projectView is what register_project.html shows.
type projectView struct {
	projectLine
	Completed, Delivered, TakenOver, Area string
	Contracts                             []contractLine
	Bodies                                []bodyLine
	Foundings                             []foundingLine
	// Filings are its filings, for who may read them; Managers are who answers for it on the side of the firm today, for who may read the books.
	Filings  []filedLine
	Managers []managerLine
	// Sheets are the party sheets of its firm with its community, for who may read them.
	Sheets []sheetLine
	// FoundPath begins a founding, "" for who may not.
	FoundPath string
	CanWrite  bool
	// Grids are the grids in which it lies.
	Grids []crumb
	// DeveloperName is "" if none is registered.
	DeveloperName, DeveloperPath string
	Estate                       estateView
	// FundPath is the ledger of its guarantee fund, "" for who does not see it.
	FundPath string
	Votes    []voteLine
	Papers   []paperLine
	Revenues []revenueLine
	Repairs  []repairLine
	// Handovers is the address of its handover inspections, "" for who may not see them.
	Handovers string
}

type contractLine struct {
	registry.Contract
	Path, FirmName, FirmPath, KindWord, LevelWord, ChargeWord, FeeText, DaysText, PhaseName string
	Now, CanEnd                                                                             bool
}

type bodyLine struct {
	Kind, Days, Members string
	Now                 bool
}

// filedLine is a filing in words.
type filedLine struct{ Path, Title, State, Number, Happened string }

// managerLine is who answers for a compound, masked as the reader's rights say.
type managerLine struct{ Path, Name, Phone, Since string }

// filedOf are the filings of a project, for who may read them.
func (s *Server) filedOf(ctx context.Context, by policy.Actor, project string) (out []filedLine, err error) {
	if s.filings == nil || !s.guard.Allow(by, policy.ReadFiling) {
		return nil, nil
	}
	err = s.filings.Each(ctx, by, filing.Filter{Project: project}, func(id string, f *filing.Filing) {
		out = append(out, filedLine{filingsPath + "/" + id, f.Title, f.State.Title(), f.Number, f.Happened.Chinese()})
	})
	return out, err
}

// managersOf are who answers for a project on a day, as the book of the community says.
func (s *Server) managersOf(ctx context.Context, by policy.Actor, r registry.ProjectRow) (out []managerLine, err error) {
	if s.stations == nil || !s.guard.Allow(by, policy.ReadStation) {
		return nil, nil
	}
	if _, kept := s.stations.Books.Set().Find(registry.BookManagers); !kept {
		return nil, nil
	}
	err = s.stations.Books.AllEntries(ctx, by, registry.EntryQuery{Book: registry.BookManagers, Community: r.Community, Project: r.ID}, func(row registry.EntryRow) error {
		day := r.Day.String()
		if until := row.Values["until"]; row.Values["from"] <= day && (until == "" || day <= until) {
			out = append(out, managerLine{booksPath + "/" + registry.BookManagers + "/" + row.ID, row.Texts["name"], row.Texts["phone"], row.Texts["from"]})
		}
		return nil
	})
	return out, err
}

// foundingLine is a founding of an owners' body in words.
type foundingLine struct{ Path, Title, State, On string }

// project shows one project.
func (s *Server) project(c *fiber.Ctx, by policy.Actor) error {
	r, err := s.registered.OneProject(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	v := projectView{projectLine: s.projectLineOf(r), Completed: r.Project.Completed.Chinese(), Delivered: r.Project.Delivered.Chinese(), TakenOver: r.Project.TakenOver.Chinese(), CanWrite: s.guard.Allow(by, policy.WriteRegister)}
	if s.serves(fundPath) && s.guard.Allow(by, policy.ReadFund) {
		v.FundPath = ledgerPath(r.ID)
	}
	v.Area = areaShown(r.Project.Area)
	if v.DeveloperName, err = s.registered.DeveloperName(c.UserContext(), r.Developer); err != nil {
		return err
	}
	grids, err := s.registered.GridsOf(c.UserContext(), r.Project)
	if err != nil {
		return err
	}
	v.Grids = divisionLinks(grids)
	if v.Votes, err = s.votesOfProject(c, by, r.ID); err != nil {
		return err
	}
	if v.Revenues, v.Repairs, err = s.moneyOf(c, by, r.ID); err != nil {
		return err
	}
	if v.Filings, err = s.filedOf(c.UserContext(), by, r.ID); err != nil {
		return err
	}
	if v.Managers, err = s.managersOf(c.UserContext(), by, r); err != nil {
		return err
	}
	v.DeveloperPath, v.Estate, v.Papers = developerPath(r.Developer), estateOf(r), s.papersOf(c.UserContext(), r)
	if s.handovers != nil && s.guard.Allow(by, policy.ReadHandover) {
		v.Handovers = handoversPath + "?project=" + r.ID
	}
	var ids []string
	for _, contract := range r.Project.Contracts {
		ids = append(ids, contract.Firm)
	}
	names, err := s.registered.FirmNames(c.UserContext(), ids)
	if err != nil {
		return err
	}
	today := s.registered.On(c.UserContext())
	newestFirst := slices.SortedFunc(slices.Values(r.Project.Contracts), func(a, b registry.Contract) int { return b.Days.From.Compare(a.Days.From) })
	for _, k := range newestFirst {
		v.Contracts = append(v.Contracts, contractLine{Contract: k, Path: v.Path + "/contracts/" + k.ID, FirmName: names[k.Firm], FirmPath: firmPath(k.Firm),
			KindWord: registry.TextOf(registry.ContractKinds(), k.Kind), LevelWord: registry.TextOf(registry.ServiceLevels(), k.Level), ChargeWord: registry.TextOf(registry.Charges(), k.Charge), FeeText: yuan(k.Fee), DaysText: spanText(k.Days), PhaseName: r.Project.PhaseName(k.Phase),
			Now: k.Days.Holds(today), CanEnd: v.CanWrite && (k.Days.Until.IsZero() || today.Compare(k.Days.Until) <= 0)})
	}
	for i := len(r.Project.Bodies) - 1; i >= 0; i-- {
		b := r.Project.Bodies[i]
		v.Bodies = append(v.Bodies, bodyLine{registry.TextOf(registry.BodyKinds(), b.Kind), spanText(b.Days), membersText(b.Members, b.PartyMembers), b.Kind != registry.BodyNone && b.Days.Holds(today)})
	}
	if s.party != nil && r.Firm != "" && s.guard.Allow(by, policy.ReadPartyFact) {
		err := s.party.Each(c.UserContext(), by, party.Filter{Firm: r.Firm, Community: r.Community}, func(d store.Doc[party.Sheet]) error {
			v.Sheets = append(v.Sheets, sheetLineOf(&d.State))
			return nil
		})
		if err != nil {
			return err
		}
	}
	if v.Foundings, v.FoundPath, err = s.foundingsOf(c, by, r.ID); err != nil {
		return err
	}
	return s.render(c, by, "register_project", page{Title: r.Name, Nav: projectsPath, Data: v})
}

// projectEntry describes the form of a new project, or of one that stands.
func (s *Server) projectEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e := entry{title: "登记小区", nav: projectsPath, entryView: entryView{Crumbs: []crumb{{"小区登记", projectsPath}}, Intro: "登记以后再登记合同和业主组织。", Address: projectsPath + "/new", Button: "登记小区", Back: projectsPath,
		Notes: []string{"同一社区内小区不能重名。", "首次承接日期是物业服务企业第一次接管的日期；2011年1月1日以前承接的不评承接查验。"}}}
	communities, err := s.communityOptions(c.UserContext())
	if err != nil {
		return e, err
	}
	developers, err := s.registered.DeveloperChoices(c.UserContext())
	if err != nil {
		return e, err
	}
	stored := map[string]string{}
	if id := c.Params("id"); id != "" {
		r, err := s.registered.OneProject(c.UserContext(), by, id)
		if err != nil {
			return e, err
		}
		p := r.Project
		e.title, e.Intro, e.Button = "修改小区登记", "修改会记入变更日志。", "保存修改"
		e.Address, e.Back, e.Seq = projectPath(id)+"/edit", projectPath(id), r.Seq
		e.Crumbs = append(e.Crumbs, crumb{p.Name, projectPath(id)})
		stored = map[string]string{"name": p.Name, "community": p.Community, "address": p.Address, "households": strconv.FormatInt(p.Households, 10), "kind": string(p.Kind),
			"completed": p.Completed.String(), "delivered": p.Delivered.String(), "taken_over": p.TakenOver.String(), "developer": p.Developer, "grids": strings.Join(p.Grids, "、")}
		if !p.Area.IsZero() {
			stored["area"] = p.Area.Fixed(2)
		}
	}
	value := func(name string) string { return typedOr(c, name, stored[name]) }
	e.Form = []field{
		{Name: "name", Label: "小区名称", Type: "text", Autocomplete: "off", Value: value("name")},
		{Name: "community", Label: "所在社区（村）", Options: communities, Value: value("community")},
		{Name: "grids", Label: "所在网格", Type: "text", Autocomplete: "off", Optional: true, Value: value("grids"), Hint: "网格的序号、编号或名称，几个的用顿号隔开，例如 01、02"},
		{Name: "address", Label: "地址", Type: "text", Autocomplete: "off", Value: value("address")},
		{Name: "households", Label: "户数", Type: "text", Mode: "numeric", Autocomplete: "off", Value: value("households")},
		{Name: "area", Label: "建筑面积（平方米）", Type: "text", Mode: "decimal", Autocomplete: "off", Optional: true, Value: value("area"), Hint: "最多两位小数"},
		{Name: "kind", Label: "物业类型", Options: choicesOf("请选择", registry.ProjectKinds()), Value: value("kind")},
		{Name: "completed", Label: "竣工验收日期", Type: "date", Optional: true, Value: value("completed"), Hint: "分期的填最后一期"},
		{Name: "delivered", Label: "交付日期", Type: "date", Optional: true, Value: value("delivered")},
		{Name: "taken_over", Label: "首次承接日期", Type: "date", Optional: true, Value: value("taken_over")},
		{Name: "developer", Label: "建设单位", Options: choicesOf("未登记", developers), Optional: true, Value: value("developer"), Hint: "列表里没有的，先登记建设单位"},
	}
	return e, nil
}

// projectInput reads the form of a project.
func projectInput(in *typed) registry.ProjectInput {
	return registry.ProjectInput{Name: in.text("name"), Community: in.text("community"), Address: in.text("address"), Households: in.whole("households", "户数", "400"),
		Area: in.number("area", "建筑面积", "52000.50"), Kind: registry.ProjectKind(in.text("kind")), Completed: in.date("completed", "竣工验收日期"), Delivered: in.date("delivered", "交付日期"), TakenOver: in.date("taken_over", "首次承接日期"),
		Developer: in.text("developer"), Grids: registry.SplitGrids(in.text("grids"))}
}

// createProject registers a project.
func (s *Server) createProject(c *fiber.Ctx, by policy.Actor, in *typed) (next string, err error) {
	p := projectInput(in)
	err = in.with(func(ctx context.Context) error {
		id, err := s.registered.CreateProject(ctx, by, p)
		next = projectPath(id)
		return err
	})
	return next, err
}

// changeProject corrects a project.
func (s *Server) changeProject(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	p := projectInput(in)
	return "", in.with(func(ctx context.Context) error {
		return s.registered.ChangeProject(ctx, by, c.Params("id"), formSeq(c), p)
	})
}

// belowProject describes a form that belongs to a project.
func (s *Server) belowProject(c *fiber.Ctx, by policy.Actor, title, below string) (entry, registry.ProjectRow, error) {
	r, err := s.registered.OneProject(c.UserContext(), by, c.Params("id"))
	path := projectPath(r.ID)
	return entry{title: title, nav: projectsPath, entryView: entryView{Crumbs: []crumb{{"小区登记", projectsPath}, {r.Name, path}}, Address: path + below, Seq: r.Seq, Button: title, Back: path}}, r, err
}

// bodyEntry describes the form of an owners' body.
func (s *Server) bodyEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e, _, err := s.belowProject(c, by, "登记业主组织", "/body")
	e.Intro = "新的登记从任期起始日起算，原来的最迟到前一天为止。"
	e.Form = []field{
		{Name: "body", Label: "业主组织", Options: choicesOf("请选择", registry.BodyKinds()), Value: c.FormValue("body")},
		{Name: "body_from", Label: "任期起始日", Type: "date", Value: c.FormValue("body_from")},
		{Name: "body_until", Label: "任期届满日", Type: "date", Optional: true, Value: c.FormValue("body_until")},
		{Name: "members", Label: "成员人数", Type: "text", Mode: "numeric", Autocomplete: "off", Optional: true, Value: c.FormValue("members"), Hint: "只登记人数，不登记名单"},
		{Name: "party_members", Label: "其中党员", Type: "text", Mode: "numeric", Autocomplete: "off", Optional: true, Value: c.FormValue("party_members")},
	}
	return e, err
}

// setBody registers an owners' body.
func (s *Server) setBody(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	b := registry.Body{Kind: registry.BodyKind(in.text("body")), Days: in.span("body_from", "任期起始日", "body_until", "任期届满日"),
		Members: in.whole("members", "成员人数", "5"), PartyMembers: in.whole("party_members", "党员人数", "3")}
	return "", in.with(func(ctx context.Context) error { return s.registered.SetBody(ctx, by, c.Params("id"), formSeq(c), b) })
}

// contractEntry describes the form of a new contract, or of one that is corrected.
func (s *Server) contractEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	id := c.Params("contract")
	title, below := "登记合同", "/contracts/new"
	if id != "" {
		title, below = "更正合同", "/contracts/"+id
	}
	e, r, err := s.belowProject(c, by, title, below)
	if err != nil {
		return e, err
	}
	firms, err := s.registered.FirmChoices(c.UserContext())
	if err != nil {
		return e, err
	}
	e.Intro = "一个小区（有分期的，一期）同一天只能有一份合同。企业没有在列表里的，先登记企业。"
	stored := map[string]string{}
	if id != "" {
		k, err := contractOf(r, id)
		if err != nil {
			return e, err
		}
		e.Intro = "只更正录入有误的内容；合同提前结束请用“终止合同”。"
		stored = map[string]string{"firm": k.Firm, "kind": string(k.Kind), "level": string(k.Level), "charge": string(k.Charge), "fee": yuan(k.Fee), "from": k.Days.From.String(), "until": k.Days.Until.String(), "phase": k.Phase}
	}
	value := func(name string) string { return typedOr(c, name, stored[name]) }
	e.Form = []field{
		{Name: "firm", Label: "物业服务企业", Options: choicesOf("请选择", firms), Value: value("firm")},
		{Name: "kind", Label: "合同类型", Options: choicesOf("请选择", registry.ContractKinds()), Value: value("kind")},
		{Name: "level", Label: "服务等级", Options: choicesOf("请选择", registry.ServiceLevels()), Value: value("level"), Hint: "老旧小区没有约定等级的选“无等级”"},
		{Name: "charge", Label: "收费方式", Options: choicesOf("未登记", registry.Charges()), Optional: true, Value: value("charge")},
		{Name: "fee", Label: "物业费（元/平方米·月）", Type: "text", Mode: "decimal", Autocomplete: "off", Value: value("fee"), Hint: "最多两位小数，例如 1.20"},
		{Name: "from", Label: "合同起始日", Type: "date", Value: value("from")},
		{Name: "until", Label: "合同截止日", Type: "date", Optional: true, Value: value("until"), Hint: "没有约定截止日的不填；应急托管要填"},
	}
	if len(r.Project.Phases) > 0 {
		phases := []option{{"", "整个小区"}}
		for _, p := range r.Project.Phases {
			phases = append(phases, option{p.ID, p.Name})
		}
		e.Form = append(e.Form, field{Name: "phase", Label: "管哪一期", Options: phases, Value: value("phase")})
	}
	if id != "" {
		e.Form = append(e.Form, field{Name: "reason", Label: "更正原因", Type: "text", Autocomplete: "off", Value: c.FormValue("reason"), Hint: "例如：合同截止日录错"})
	}
	return e, nil
}

// contractOf returns a contract of a project. Returns NotFound.
func contractOf(r registry.ProjectRow, id string) (registry.Contract, error) {
	for _, k := range r.Project.Contracts {
		if k.ID == id {
			return k, nil
		}
	}
	return registry.Contract{}, fault.New("web.contract", fault.NotFound, "没有找到这份合同")
}

// contractInput reads the form of a contract.
func contractInput(in *typed) registry.ContractInput {
	if in.text("fee") == "" {
		in.fail("fee", "请填写物业费，例如 1.20；不收费的填 0")
	}
	return registry.ContractInput{Firm: in.text("firm"), Kind: registry.ContractKind(in.text("kind")), Level: registry.ServiceLevel(in.text("level")), Charge: registry.Charge(in.text("charge")), Fee: in.fen("fee", "物业费", "1.20"),
		Days: in.span("from", "合同起始日", "until", "合同截止日"), Phase: in.text("phase")}
}

// addContract enters a contract.
func (s *Server) addContract(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	k := contractInput(in)
	return "", in.with(func(ctx context.Context) error {
		return s.registered.AddContract(ctx, by, c.Params("id"), formSeq(c), k)
	})
}

// correctContract mends a contract that was entered wrongly.
func (s *Server) correctContract(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	k := contractInput(in)
	return "", in.with(func(ctx context.Context) error {
		return s.registered.CorrectContract(ctx, by, c.Params("id"), formSeq(c), c.Params("contract"), k, in.text("reason"))
	})
}

// endEntry describes the form that ends a contract.
func (s *Server) endEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	id := c.Params("contract")
	e, r, err := s.belowProject(c, by, "终止合同", "/contracts/"+id+"/end")
	if err != nil {
		return e, err
	}
	k, err := contractOf(r, id)
	if err != nil {
		return e, err
	}
	names, err := s.registered.FirmNames(c.UserContext(), []string{k.Firm})
	if err != nil {
		return e, err
	}
	e.Intro = fmt.Sprintf("“%s”%s的合同在最后一天以后不再有效，以前的记录和评价不变。", names[k.Firm], spanText(k.Days))
	e.Form = []field{
		{Name: "last", Label: "最后一天", Type: "date", Value: typedOr(c, "last", s.registered.Today().String())},
		{Name: "reason", Label: "终止原因", Type: "text", Autocomplete: "off", Value: c.FormValue("reason"), Hint: "例如：双方协商终止，业主大会选聘了新企业"},
	}
	return e, nil
}

// endContract ends a contract before its time.
func (s *Server) endContract(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	last := in.date("last", "最后一天")
	return "", in.with(func(ctx context.Context) error {
		return s.registered.EndContract(ctx, by, c.Params("id"), formSeq(c), c.Params("contract"), last, in.text("reason"))
	})
}
