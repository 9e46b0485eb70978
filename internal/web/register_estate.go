package web

import (
	"cmp"
	"context"
	"net/url"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry"
)

// Estates is what the pages need of developers and of what they built. Every method that names the actor checks right and scope and lists its errors there.
type Estates interface {
	// Developers lists one page, AllDevelopers every row, OneDeveloper one, DeveloperChoices all for a picker.
	Developers(ctx context.Context, by policy.Actor, q registry.DeveloperQuery) (registry.Page[registry.DeveloperRow], error)
	AllDevelopers(ctx context.Context, by policy.Actor, q registry.DeveloperQuery, yield func(registry.DeveloperRow) error) error
	OneDeveloper(ctx context.Context, by policy.Actor, id string) (registry.DeveloperRow, error)
	DeveloperChoices(ctx context.Context) ([]registry.Choice, error)
	// DeveloperName and DeveloperCode are "" for the id "".
	DeveloperName(ctx context.Context, id string) (string, error)
	DeveloperCode(ctx context.Context, id string) (registry.USCC, error)

	// The commands. They return Invalid with fields, Conflict if something stands in the way or seq is not the last change.
	CreateDeveloper(ctx context.Context, by policy.Actor, in registry.DeveloperInput) (string, error)
	ChangeDeveloper(ctx context.Context, by policy.Actor, id string, seq int64, in registry.DeveloperInput) error
	SetStanding(ctx context.Context, by policy.Actor, id string, seq int64, next registry.Standing) error
	PutPhase(ctx context.Context, by policy.Actor, project string, seq int64, id, name string) error
	PutBuilding(ctx context.Context, by policy.Actor, project string, seq int64, id string, in registry.BuildingInput) error
	WithdrawBuilding(ctx context.Context, by policy.Actor, project string, seq int64, id, why string) error
	PutRoom(ctx context.Context, by policy.Actor, project string, seq int64, id string, in registry.RoomInput) error
	WithdrawRoom(ctx context.Context, by policy.Actor, project string, seq int64, id, why string) error
	PutPaper(ctx context.Context, by policy.Actor, project string, seq int64, id string, in registry.PaperInput) error
	WithdrawPaper(ctx context.Context, by policy.Actor, project string, seq int64, id, why string) error
}

// estateRoutes are the pages about developers, phases, buildings and rooms.
func (s *Server) estateRoutes() []Route {
	const get = fiber.MethodGet
	routes := []Route{
		{Method: get, Path: developersPath, Action: policy.ReadRegister, Handler: s.developers},
		{Method: get, Path: developersPath + ".xlsx", Action: policy.ReadRegister, Handler: s.developersExcel},
	}
	for _, f := range []registerForm{
		{path: developersPath + "/new", entry: s.developerEntry, send: s.createDeveloper, conflictAt: "code"},
		{path: developersPath + "/:id/edit", entry: s.developerEntry, send: s.changeDeveloper, conflictAt: "code"},
		{path: developersPath + "/:id/standing", entry: s.standingEntry, send: s.setStanding, conflictAt: "state"},
		{path: projectsPath + "/:id/phases/new", entry: s.phaseEntry, send: s.putPhase, conflictAt: "name"},
		{path: projectsPath + "/:id/phases/:part", entry: s.phaseEntry, send: s.putPhase, conflictAt: "name"},
		{path: projectsPath + "/:id/buildings/new", entry: s.buildingEntry, send: s.putBuilding, conflictAt: "name"},
		{path: projectsPath + "/:id/buildings/:part", entry: s.buildingEntry, send: s.putBuilding, conflictAt: "name"},
		{path: projectsPath + "/:id/buildings/:part/withdraw", entry: s.withdrawal("buildings"), send: s.withdrawBuilding, conflictAt: "reason"},
		{path: projectsPath + "/:id/rooms/new", entry: s.roomEntry, send: s.putRoom, conflictAt: "place"},
		{path: projectsPath + "/:id/rooms/:part", entry: s.roomEntry, send: s.putRoom, conflictAt: "place"},
		{path: projectsPath + "/:id/rooms/:part/withdraw", entry: s.withdrawal("rooms"), send: s.withdrawRoom, conflictAt: "reason"},
		{path: projectsPath + "/:id/papers/new", entry: s.paperEntry, send: s.putPaper, conflictAt: "kind"},
		{path: projectsPath + "/:id/papers/:part", entry: s.paperEntry, send: s.putPaper, conflictAt: "kind"},
		{path: projectsPath + "/:id/papers/:part/withdraw", entry: s.withdrawal("papers"), send: s.withdrawPaper, conflictAt: "reason"},
	} {
		routes = append(routes, s.formRoutes(f)...)
	}
	return append(routes, Route{Method: get, Path: developersPath + "/:id", Action: policy.ReadRegister, Handler: s.developer})
}

// registerForm is a form of the register: its address, how it looks, and what sending it does.
type registerForm struct {
	path string
	// action is the right that it needs, "" for WriteRegister.
	action policy.Action
	// entry describes the form; typed values win over stored ones when it comes back.
	entry func(c *fiber.Ctx, by policy.Actor) (entry, error)
	// send carries it out and says which address comes then, "" for the one behind the form. What could not be read is in typed already.
	send func(c *fiber.Ctx, by policy.Actor, in *typed) (string, error)
	// conflictAt is the field at which a conflict stands.
	conflictAt string
	// first: the compound is chosen before anything else is asked (projectFirst).
	first bool
}

// formRoutes are the two routes of a form.
func (s *Server) formRoutes(f registerForm) []Route {
	show := func(c *fiber.Ctx, by policy.Actor) error {
		e, err := f.entry(c, by)
		if err != nil {
			return err
		}
		return s.showEntry(c, by, e, nil)
	}
	take := func(c *fiber.Ctx, by policy.Actor) error {
		e, err := f.entry(c, by)
		if err != nil {
			return err
		}
		if chosen := c.FormValue("project"); f.first && c.Query("project") == "" {
			if chosen == "" {
				return s.showEntry(c, by, e, []fault.Field{{Name: "project", Message: "请选择小区"}})
			}
			return seeOther(c, f.path+"?project="+url.QueryEscape(chosen))
		}
		next, err := f.send(c, by, &typed{c: c})
		if next == "" {
			next = e.Back
		}
		return s.settled(c, by, e, err, f.conflictAt, next)
	}
	action := cmp.Or(f.action, policy.WriteRegister)
	return []Route{{Method: fiber.MethodGet, Path: f.path, Action: action, Handler: show}, {Method: fiber.MethodPost, Path: f.path, Action: action, Handler: take}}
}

func developerPath(id string) string { return developersPath + "/" + id }

// developersView is what register_developers.html shows.
type developersView struct {
	Rows              []developerLine
	Query, State      string
	States            []option
	Name              sortLink
	Page              pager
	Filtered          bool
	Excel, Clear      string
	CanWrite, CanLoad bool
}

// developerLine is one developer of the list.
type developerLine struct {
	registry.DeveloperRow
	Path, StateWord string
	// Lost: it cannot answer any more.
	Lost       bool
	Households int64
}

func developerLineOf(r registry.DeveloperRow) developerLine {
	l := developerLine{DeveloperRow: r, Path: developerPath(r.ID), StateWord: registry.TextOf(registry.Standings(), r.State), Lost: r.State != registry.StandingActive}
	for _, p := range r.Projects {
		l.Households += p.Households
	}
	return l
}

func developerQuery(l listAddress) registry.DeveloperQuery {
	return registry.DeveloperQuery{Text: l.value["q"], State: registry.StandingState(l.value["state"]), Desc: l.value["desc"] != "", After: l.after}
}

// developers lists the developers.
func (s *Server) developers(c *fiber.Ctx, by policy.Actor) error {
	l := readList(c, developersPath, "q", "state")
	found, err := s.registered.Developers(c.UserContext(), by, developerQuery(l))
	if err != nil {
		return err
	}
	v := developersView{Query: l.value["q"], State: l.value["state"], States: choicesOf("全部", registry.Standings()), Name: l.sorted("name", "建设单位", "name"),
		Page: l.pager(len(found.Rows), found.Count, found.Next), Filtered: l.filtered(), Excel: l.excel(), Clear: developersPath,
		CanWrite: s.guard.Allow(by, policy.WriteRegister), CanLoad: s.guard.Allow(by, policy.ImportRegister)}
	for _, r := range found.Rows {
		v.Rows = append(v.Rows, developerLineOf(r))
	}
	return s.render(c, by, "register_developers", page{Title: "建设单位", Nav: developersPath, Data: v})
}

// developersExcel writes exactly the developers that the filter shows, in the columns of the template and what they built.
func (s *Server) developersExcel(c *fiber.Ctx, by policy.Actor) error {
	type row struct {
		registry.DeveloperInput
		line developerLine
	}
	l := readList(c, developersPath, "q", "state")
	l.after = ""
	var rows []row
	err := s.registered.AllDevelopers(c.UserContext(), by, developerQuery(l), func(r registry.DeveloperRow) error {
		rows = append(rows, row{registry.LineOfDeveloper(r.Developer), developerLineOf(r)})
		return nil
	})
	if err != nil {
		return err
	}
	columns := append(report.Within(report.Developers().Columns, func(r *row) *registry.DeveloperInput { return &r.DeveloperInput }),
		report.Shown("状态", func(r *row) any { return r.line.StateWord }), report.Shown("建设小区", func(r *row) any { return int64(len(r.line.Projects)) }),
		report.Shown("户数", func(r *row) any { return r.line.Households }))
	return sendSheets(c, "建设单位.xlsx", report.Table[row]{Sheet: report.Developers().Sheet, Columns: columns}.Filled(rows))
}

// developerView is what register_developer.html shows.
type developerView struct {
	developerLine
	Warning  string
	Built    []projectLine
	History  []standingLine
	CanWrite bool
	// Duties are its own record.
	Duties duties
}

type standingLine struct{ State, From, Basis string }

// developer shows one developer.
func (s *Server) developer(c *fiber.Ctx, by policy.Actor) error {
	d, err := s.registered.OneDeveloper(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	v := developerView{developerLine: developerLineOf(d), Warning: d.Code.InnerWarning(), CanWrite: s.guard.Allow(by, policy.WriteRegister)}
	for _, p := range d.Projects {
		v.Built = append(v.Built, s.projectLineOf(p))
	}
	for i := len(d.Standings) - 1; i >= 0; i-- {
		st := d.Standings[i]
		v.History = append(v.History, standingLine{registry.TextOf(registry.Standings(), st.State), st.From.Chinese(), st.Basis})
	}
	if v.Duties, err = s.dutiesOf(c.UserContext(), by, d.Projects); err != nil {
		return err
	}
	return s.render(c, by, "register_developer", page{Title: d.Name, Nav: developersPath, Data: v})
}

// developerEntry describes the form of a new developer, or of one that stands.
func (s *Server) developerEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e := entry{title: "登记建设单位", nav: developersPath, entryView: entryView{Crumbs: []crumb{{"建设单位", developersPath}}, Intro: "一个统一社会信用代码只能登记一家建设单位。",
		Address: developersPath + "/new", Button: "登记建设单位", Back: developersPath,
		Notes: []string{"保修金、承接查验、资料移交由建设单位承担，记在建设单位名下，不计入物业服务企业的评价。", "它建设的小区在小区登记里选定。"}}}
	stored := map[string]string{}
	if id := c.Params("id"); id != "" {
		d, err := s.registered.OneDeveloper(c.UserContext(), by, id)
		if err != nil {
			return e, err
		}
		e.title, e.Intro, e.Button = "修改建设单位登记", "修改会记入变更日志。", "保存修改"
		e.Address, e.Back, e.Seq = developerPath(id)+"/edit", developerPath(id), d.Seq
		e.Crumbs = append(e.Crumbs, crumb{d.Name, developerPath(id)})
		stored = map[string]string{"name": d.Name, "code": string(d.Code), "legal_person": d.LegalPerson, "contact": d.Contact, "phone": d.Phone, "address": d.Address}
	}
	value := func(name string) string { return typedOr(c, name, stored[name]) }
	e.Form = []field{
		{Name: "name", Label: "建设单位名称", Type: "text", Autocomplete: "off", Value: value("name"), Hint: "与营业执照一致"},
		{Name: "code", Label: "统一社会信用代码", Type: "text", Autocomplete: "off", Value: value("code"), Hint: "18 位，与营业执照一致"},
		{Name: "legal_person", Label: "法定代表人", Type: "text", Autocomplete: "off", Optional: true, Value: value("legal_person")},
		{Name: "contact", Label: "联系人", Type: "text", Autocomplete: "off", Optional: true, Value: value("contact")},
		{Name: "phone", Label: "联系电话", Type: "tel", Mode: "tel", Autocomplete: "off", Optional: true, Value: value("phone"), Hint: "11 位手机号，或者带区号的固定电话"},
		{Name: "address", Label: "住所", Type: "text", Autocomplete: "off", Optional: true, Value: value("address")},
	}
	return e, nil
}

func developerInput(in *typed) registry.DeveloperInput {
	return registry.DeveloperInput{Name: in.text("name"), Code: in.text("code"), LegalPerson: in.text("legal_person"), Contact: in.text("contact"), Phone: in.text("phone"), Address: in.text("address")}
}

func (s *Server) createDeveloper(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	id, err := s.registered.CreateDeveloper(c.UserContext(), by, developerInput(in))
	return developerPath(id), err
}

func (s *Server) changeDeveloper(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	return "", s.registered.ChangeDeveloper(c.UserContext(), by, c.Params("id"), formSeq(c), developerInput(in))
}

// standingEntry describes the form that says whether a developer is still there.
func (s *Server) standingEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	id := c.Params("id")
	d, err := s.registered.OneDeveloper(c.UserContext(), by, id)
	return entry{title: "登记状态", nav: developersPath, entryView: entryView{
		Crumbs: []crumb{{"建设单位", developersPath}, {d.Name, developerPath(id)}}, Intro: "失联或者已注销的，由谁接着承担它的义务另行决定；这里只登记事实和依据。",
		Address: developerPath(id) + "/standing", Seq: d.Seq, Button: "登记状态", Back: developerPath(id),
		Form: []field{
			{Name: "state", Label: "状态", Options: choicesOf("请选择", registry.Standings()), Value: c.FormValue("state")},
			{Name: "from", Label: "起始日", Type: "date", Value: typedOr(c, "from", s.registered.Today().String())},
			{Name: "basis", Label: "依据", Type: "text", Autocomplete: "off", Value: c.FormValue("basis"), Hint: "例如：市场监管部门注销公告及日期"},
		}}}, err
}

func (s *Server) setStanding(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	next := registry.Standing{State: registry.StandingState(in.text("state")), From: in.date("from", "起始日"), Basis: in.text("basis")}
	return "", in.with(func(ctx context.Context) error {
		return s.registered.SetStanding(ctx, by, c.Params("id"), formSeq(c), next)
	})
}

// estateView is what the page of a project shows of its buildings and rooms.
type estateView struct {
	Phases    []phaseLine
	Buildings []buildingLine
	Rooms     []roomLine
	// Households and Area are the sums of the buildings; Differs: the households are not those of the project.
	Households int64
	Area       string
	Differs    bool
}

type phaseLine struct{ Name, Path string }

type buildingLine struct {
	registry.Building
	Path, PhaseName, KindWord, AreaText, Completed, Delivered string
}

type roomLine struct {
	registry.Room
	Path, KindWord, AreaText, HandedOver string
}

// estateOf puts what was built into words.
func estateOf(r registry.ProjectRow) estateView {
	var v estateView
	p, path := r.Project, projectPath(r.ID)
	for _, phase := range p.Phases {
		v.Phases = append(v.Phases, phaseLine{phase.Name, path + "/phases/" + phase.ID})
	}
	var area num.Num
	for _, b := range p.StandingBuildings() {
		v.Households, area = v.Households+b.Households, area.Add(b.Area)
		v.Buildings = append(v.Buildings, buildingLine{b, path + "/buildings/" + b.ID, p.PhaseName(b.Phase), registry.TextOf(registry.BuildingKinds(), b.Kind), areaShown(b.Area),
			b.Completed.Chinese(), b.Delivered.Chinese()})
	}
	for _, room := range p.StandingRooms() {
		v.Rooms = append(v.Rooms, roomLine{room, path + "/rooms/" + room.ID, registry.TextOf(registry.RoomKinds(), room.Kind), areaShown(room.Area), room.HandedOver.Chinese()})
	}
	v.Area, v.Differs = areaShown(area), len(v.Buildings) > 0 && v.Households != p.Households
	return v
}

// areaText is 9600.50 as a form holds it, "" for what is not known.
func areaText(area num.Num) string {
	if area.IsZero() {
		return ""
	}
	return area.Fixed(2)
}

// areaShown is 9,600.50 as pages show it, "" for what is not known.
func areaShown(area num.Num) string { return grouped(areaText(area)) }

// partEntry describes a form about a part of a project: kind is the part of the address, part its id or "" for a new one.
func (s *Server) partEntry(c *fiber.Ctx, by policy.Actor, kind, add, correct string) (entry, registry.ProjectRow, error) {
	title, below := add, "/"+kind+"/new"
	if part := c.Params("part"); part != "" {
		title, below = correct, "/"+kind+"/"+part
	}
	return s.belowProject(c, by, title, below)
}

// noPart is the error for a part of a project that it does not have.
func noPart(what string) error { return fault.New("web.part", fault.NotFound, "没有找到这"+what) }

// phaseEntry describes the form of a phase.
func (s *Server) phaseEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e, r, err := s.partEntry(c, by, "phases", "登记分期", "修改分期")
	if err != nil {
		return e, err
	}
	name := r.Project.PhaseName(c.Params("part"))
	if name == "" && c.Params("part") != "" {
		return e, noPart("一期")
	}
	e.Intro = "分期建设、分期交付的小区才登记。"
	e.Form = []field{{Name: "name", Label: "分期名称", Type: "text", Autocomplete: "off", Value: typedOr(c, "name", name), Hint: "例如 一期"}}
	return e, nil
}

func (s *Server) putPhase(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	return "", s.registered.PutPhase(c.UserContext(), by, c.Params("id"), formSeq(c), c.Params("part"), in.text("name"))
}

// buildingEntry describes the form of a building.
func (s *Server) buildingEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e, r, err := s.partEntry(c, by, "buildings", "登记楼栋", "修改楼栋")
	if err != nil {
		return e, err
	}
	e.Intro = "一次登记很多幢的，用 Excel 导入。"
	stored := map[string]string{}
	if id := c.Params("part"); id != "" {
		b, found := partOf(r.Project.StandingBuildings(), func(b registry.Building) bool { return b.ID == id })
		if !found {
			return e, noPart("幢楼")
		}
		e.Intro = "修改会记入变更日志。"
		stored = map[string]string{"name": b.Name, "phase": b.Phase, "kind": string(b.Kind), "floors": strconv.FormatInt(b.Floors, 10), "area": areaText(b.Area),
			"households": strconv.FormatInt(b.Households, 10), "completed": b.Completed.String(), "delivered": b.Delivered.String()}
	}
	value := func(name string) string { return typedOr(c, name, stored[name]) }
	if phases := r.Project.Phases; len(phases) > 0 {
		options := []option{{"", "请选择"}}
		for _, phase := range phases {
			options = append(options, option{phase.ID, phase.Name})
		}
		e.Form = append(e.Form, field{Name: "phase", Label: "分期", Options: options, Value: value("phase")})
	}
	e.Form = append(e.Form,
		field{Name: "name", Label: "楼栋名称", Type: "text", Autocomplete: "off", Value: value("name"), Hint: "例如 3幢"},
		field{Name: "kind", Label: "楼栋类型", Options: choicesOf("请选择", registry.BuildingKinds()), Value: value("kind")},
		field{Name: "floors", Label: "层数", Type: "text", Mode: "numeric", Autocomplete: "off", Value: value("floors"), Hint: "地下车库填地下层数"},
		field{Name: "area", Label: "建筑面积（平方米）", Type: "text", Mode: "decimal", Autocomplete: "off", Optional: true, Value: value("area"), Hint: "最多两位小数"},
		field{Name: "households", Label: "户数", Type: "text", Mode: "numeric", Autocomplete: "off", Optional: true, Value: value("households")},
		field{Name: "completed", Label: "竣工验收日期", Type: "date", Optional: true, Value: value("completed")},
		field{Name: "delivered", Label: "交付日期", Type: "date", Optional: true, Value: value("delivered")})
	return e, nil
}

// partOf finds a part.
func partOf[T any](list []T, is func(T) bool) (part T, found bool) {
	for _, p := range list {
		if is(p) {
			return p, true
		}
	}
	return part, false
}

func (s *Server) putBuilding(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	b := registry.BuildingInput{Name: in.text("name"), Phase: in.text("phase"), Kind: registry.BuildingKind(in.text("kind")), Floors: in.whole("floors", "层数", "18"),
		Area: in.number("area", "建筑面积", "9600.50"), Households: in.whole("households", "户数", "72"), Completed: in.date("completed", "竣工验收日期"), Delivered: in.date("delivered", "交付日期")}
	return "", in.with(func(ctx context.Context) error {
		return s.registered.PutBuilding(ctx, by, c.Params("id"), formSeq(c), c.Params("part"), b)
	})
}

// withdrawal describes the form that takes a building or a room off the register.
func (s *Server) withdrawal(kind string) func(c *fiber.Ctx, by policy.Actor) (entry, error) {
	return func(c *fiber.Ctx, by policy.Actor) (entry, error) {
		id := c.Params("part")
		e, r, err := s.belowProject(c, by, "撤下登记", "/"+kind+"/"+id+"/withdraw")
		if err != nil {
			return e, err
		}
		building, isBuilding := partOf(r.Project.StandingBuildings(), func(b registry.Building) bool { return kind == "buildings" && b.ID == id })
		room, isRoom := partOf(r.Project.StandingRooms(), func(r registry.Room) bool { return kind == "rooms" && r.ID == id })
		paper, isPaper := partOf(r.Project.StandingPapers(), func(q registry.Paper) bool { return kind == "papers" && q.ID == id })
		if !isBuilding && !isRoom && !isPaper {
			return e, noPart("条登记")
		}
		e.Intro = "“" + building.Name + room.Place + paperName(paper) + "”以后不再显示，也不计入合计；变更日志里仍然查得到。"
		e.Form = []field{{Name: "reason", Label: "撤下原因", Type: "text", Autocomplete: "off", Value: c.FormValue("reason"), Hint: "例如：重复登记"}}
		return e, nil
	}
}

func (s *Server) withdrawBuilding(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	return "", s.registered.WithdrawBuilding(c.UserContext(), by, c.Params("id"), formSeq(c), c.Params("part"), in.text("reason"))
}

func (s *Server) withdrawRoom(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	return "", s.registered.WithdrawRoom(c.UserContext(), by, c.Params("id"), formSeq(c), c.Params("part"), in.text("reason"))
}

// roomEntry describes the form of a room.
func (s *Server) roomEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e, r, err := s.partEntry(c, by, "rooms", "登记用房", "修改用房")
	if err != nil {
		return e, err
	}
	e.Intro = "建设单位移交的物业用房、社区用房，写明面积和位置。"
	stored := map[string]string{}
	if id := c.Params("part"); id != "" {
		room, found := partOf(r.Project.StandingRooms(), func(r registry.Room) bool { return r.ID == id })
		if !found {
			return e, noPart("处用房")
		}
		stored = map[string]string{"kind": string(room.Kind), "place": room.Place, "area": areaText(room.Area), "handed_over": room.HandedOver.String()}
	}
	value := func(name string) string { return typedOr(c, name, stored[name]) }
	e.Form = []field{
		{Name: "kind", Label: "用途", Options: choicesOf("请选择", registry.RoomKinds()), Value: value("kind")},
		{Name: "place", Label: "位置", Type: "text", Autocomplete: "off", Value: value("place"), Hint: "例如 3幢1单元101"},
		{Name: "area", Label: "面积（平方米）", Type: "text", Mode: "decimal", Autocomplete: "off", Value: value("area"), Hint: "最多两位小数"},
		{Name: "handed_over", Label: "移交日期", Type: "date", Optional: true, Value: value("handed_over"), Hint: "还没有移交的不填"},
	}
	return e, nil
}

func (s *Server) putRoom(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	room := registry.RoomInput{Kind: registry.RoomKind(in.text("kind")), Place: in.text("place"), Area: in.number("area", "面积", "120.50"), HandedOver: in.date("handed_over", "移交日期")}
	return "", in.with(func(ctx context.Context) error {
		return s.registered.PutRoom(ctx, by, c.Params("id"), formSeq(c), c.Params("part"), room)
	})
}
