package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry"
)

// Divisions is what the pages of divisions need from the register.
type Divisions interface {
	Divisions(ctx context.Context, by policy.Actor, q registry.DivisionQuery) ([]registry.DivisionLeaf, error)
	FindDivisions(ctx context.Context, by policy.Actor, q registry.DivisionQuery, after string) (registry.Page[registry.DivisionLeaf], error)
	Branch(ctx context.Context, by policy.Actor, open string, from int) (registry.DivisionBranch, error)
	OneDivision(ctx context.Context, by policy.Actor, code string) (registry.DivisionView, error)
	Reaches(ctx context.Context, by policy.Actor, ids ...string) (map[string]registry.DivisionReach, error)
	GridsOf(ctx context.Context, p registry.Project) ([]registry.DivisionRow, error)

	// The commands. They return Invalid with fields, Conflict if something stands in the way or seq is not the last change.
	AddDivision(ctx context.Context, by policy.Actor, code, parent string, in registry.DivisionInput) error
	ChangeDivision(ctx context.Context, by policy.Actor, id string, seq int64, in registry.DivisionInput) error
	MoveDivision(ctx context.Context, by policy.Actor, id string, seq int64, parent, why string) error
	CloseDivision(ctx context.Context, by policy.Actor, id string, seq int64, last calendar.Date, successors []string, why string) error
	ChangeCode(ctx context.Context, by policy.Actor, id string, seq int64, next registry.CodeChange) error
	TakeCodeBack(ctx context.Context, by policy.Actor, id string, seq int64, why string) error
	SetGrid(ctx context.Context, by policy.Actor, id string, seq int64, g registry.GridFacts) error
	ReopenDivision(ctx context.Context, by policy.Actor, id string, seq int64, why string) error
}

const divisionsPath = "/register/divisions"

func divisionPath(id string) string { return divisionsPath + "/" + id }

// divisionRoutes are the pages of divisions.
func (s *Server) divisionRoutes() []Route {
	const get, one = fiber.MethodGet, divisionsPath + "/:id"
	routes := []Route{
		{Method: get, Path: divisionsPath, Action: policy.ReadRegister, Handler: s.divisions},
		{Method: get, Path: divisionsPath + ".xlsx", Action: policy.ReadRegister, Handler: s.divisionsExcel},
		{Method: get, Path: one, Action: policy.ReadRegister, Handler: s.division},
	}
	for _, f := range []registerForm{
		{path: one + "/new", entry: s.newDivisionEntry, send: s.addDivision, conflictAt: "code"},
		{path: one + "/edit", entry: s.changeEntry, send: s.changeDivision, conflictAt: "name"},
		{path: one + "/move", entry: s.moveEntry, send: s.moveDivision, conflictAt: "parent"},
		{path: one + "/close", entry: s.closeEntry, send: s.closeDivision, conflictAt: "until"},
		{path: one + "/reopen", entry: s.reopenEntry, send: s.reopenDivision, conflictAt: "reason"},
		{path: one + "/grid", entry: s.gridEntry, send: s.setGrid, conflictAt: "grid_households"},
		{path: one + "/code", entry: s.codeEntry, send: s.changeCode, conflictAt: "code"},
		{path: one + "/code/back", entry: s.codeBackEntry, send: s.takeCodeBack, conflictAt: "reason"},
	} {
		f.action = policy.UpdateDivision
		routes = append(routes, s.formRoutes(f)...)
	}
	return routes
}

// divisionsView is what register_divisions.html shows.
type divisionsView struct {
	Rows              []divisionLine
	Query             string
	Levels, States    []option
	Level, State      string
	Name              sortLink
	Page              pager
	Tree, Filtered    bool
	Any               bool
	Excel, Clear      string
	CanWrite, CanLoad bool
}

// divisionLine is one division of the list.
type divisionLine struct {
	registry.DivisionRow
	// Code is the code of the day that the page shows; "" for what has none.
	Code            string
	Path, LevelWord string
	// Way names what is above it, for lists that are no tree.
	Way string
	// Depth is 1 for the county.
	Depth int
	// Below is how many divisions are right below it, Toggle opens or closes them in the tree, Open says that they are shown.
	Below  int
	Toggle string
	Open   bool
	// Closed says since when it is no more, "" if it is.
	Closed string
	// Facts are what else the tree says of it.
	Facts string
}

// divisionLineOf puts a division into words as of a day.
func divisionLineOf(d registry.DivisionLeaf, day calendar.Date) divisionLine {
	l := divisionLine{DivisionRow: d.DivisionRow, Code: d.CodeOn(day), Path: divisionPath(d.ID), LevelWord: registry.TextOf(registry.Levels(), d.Level)}
	if d.Grid.Households > 0 {
		l.Facts = count(int(d.Grid.Households)) + " 户"
	}
	if until := d.Days.Until; !until.IsZero() {
		l.Closed = "截至" + until.Chinese()
	}
	return l
}

// levelBelow is what stands below a level, “社区（村）”, "" below a grid.
func levelBelow(level registry.Level) string {
	switch level {
	case registry.LevelCounty:
		return registry.TextOf(registry.Levels(), registry.LevelTownship)
	case registry.LevelTownship:
		return registry.TextOf(registry.Levels(), registry.LevelCommunity)
	case registry.LevelCommunity:
		return registry.TextOf(registry.Levels(), registry.LevelGrid)
	}
	return ""
}

func divisionQuery(l listAddress) registry.DivisionQuery {
	return registry.DivisionQuery{Text: l.value["q"], Level: registry.Level(l.value["level"]), State: l.value["state"], Desc: l.value["desc"] != ""}
}

// divisions shows the tree level by level, or what a filter finds.
func (s *Server) divisions(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	l := readList(c, divisionsPath, "q", "level", "state")
	v := divisionsView{Query: l.value["q"], Level: l.value["level"], State: l.value["state"], Levels: choicesOf("全部", registry.Levels()),
		Name: l.sorted("name", "名称", "name"), Filtered: l.filtered(), Excel: l.excel(), Clear: divisionsPath,
		CanWrite: s.guard.Allow(by, policy.UpdateDivision), CanLoad: s.guard.Allow(by, policy.ImportRegister) && s.guard.Allow(by, policy.UpdateDivision)}
	for _, state := range registry.DivisionStates() {
		v.States = append(v.States, option{state.ID, state.Text})
	}
	if v.Tree = !v.Filtered && l.value["desc"] == ""; v.Tree {
		if err := s.divisionBranch(c, by, &v); err != nil {
			return err
		}
		return s.render(c, by, "register_divisions", page{Title: "行政区划", Nav: divisionsPath, Data: v})
	}
	found, err := s.registered.FindDivisions(ctx, by, divisionQuery(l), l.after)
	if err != nil {
		return err
	}
	for _, d := range found.Rows {
		line := divisionLineOf(d, s.registered.On(ctx))
		for i, up := range d.Above {
			if i > 0 {
				line.Way += " › "
			}
			line.Way += up.Display
		}
		v.Rows = append(v.Rows, line)
	}
	v.Any, v.Page = len(found.Rows) > 0, l.pager(len(found.Rows), found.Count, found.Next)
	return s.render(c, by, "register_divisions", page{Title: "行政区划", Nav: divisionsPath, Data: v})
}

// divisionsExcel writes exactly the divisions that the filter shows, in the columns of the template; where they are reached only for who may see it whole, since what is masked could not be read back.
func (s *Server) divisionsExcel(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	found, err := s.registered.Divisions(ctx, by, divisionQuery(readList(c, divisionsPath, "q", "level", "state")))
	if err != nil {
		return err
	}
	ids := make([]string, len(found))
	for i := range found {
		ids[i] = found[i].ID
	}
	reaches, err := s.registered.Reaches(ctx, by, ids...)
	if err != nil {
		return err
	}
	for i := range found {
		if r := reaches[found[i].ID]; r.Whole {
			found[i].Reach = r.Reach
		}
	}
	return sendSheets(c, "行政区划.xlsx", report.DivisionSheets(found, s.registered.On(ctx))...)
}

// divisionView is what register_division.html shows.
type divisionView struct {
	divisionLine
	Crumbs       []crumb
	Children     []divisionLine
	ChildWord    string
	Projects     int
	ProjectsMore bool
	ProjectsPath string
	Opened       string
	// Tree is the place in the tree, Codes the history of its code if that ever changed, Into and From what it went up in and what went up in it.
	Tree                                       string
	Codes                                      []registry.CodeSpell
	Into, From                                 []crumb
	Changes                                    []divisionChange
	CanAdd, CanMove, CanClose, CanOpen, CanMay bool
	CanCode, CanBack                           bool
	// Reach is where a township or community is reached, as the actor may know it; HasReach: it is of a level that has that.
	Reach    registry.Reach
	HasReach bool
	// IsGrid: it has counts; GridWarning says that it is too small or too large.
	IsGrid      bool
	GridWarning string
}

type divisionChange struct {
	At  time.Time
	Who string
	Why string
	// Said are sentences.
	Said []string
}

// hasReach reports whether a contact is registered for divisions of a level.
func hasReach(level registry.Level) bool {
	return level == registry.LevelTownship || level == registry.LevelCommunity
}

// reachFields ask for the contact of a township or community.
func reachFields(c *fiber.Ctx, hint string) []field {
	return []field{
		{Name: "contact", Label: "联系人", Type: "text", Autocomplete: "off", Optional: true, Value: c.FormValue("contact"), Hint: hint},
		{Name: "contact_phone", Label: "联系电话", Type: "text", Mode: "tel", Autocomplete: "off", Optional: true, Value: c.FormValue("contact_phone"), Hint: "11 位手机号，或者带区号的固定电话"},
	}
}

// wayTo are the steps to a division.
func wayTo(d registry.DivisionLeaf) []crumb {
	steps := []crumb{{"行政区划", divisionsPath}}
	for _, up := range d.Above {
		steps = append(steps, crumb{up.Display, divisionPath(up.ID)})
	}
	return steps
}

// division shows one division with what is below it and what was changed.
func (s *Server) division(c *fiber.Ctx, by policy.Actor) error {
	d, err := s.registered.OneDivision(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	may, open, day := s.guard.Allow(by, policy.UpdateDivision), d.Days.Until.IsZero(), s.registered.On(c.UserContext())
	v := divisionView{divisionLine: divisionLineOf(d.DivisionLeaf, day), Tree: divisionsPath + "?open=" + d.ID, Into: divisionLinks(d.Into), From: divisionLinks(d.From),
		CanCode: may && open && d.Level != registry.LevelGrid, CanBack: may && open && len(d.Codes) > 0, Crumbs: wayTo(d.DivisionLeaf), ChildWord: levelBelow(d.Level), Projects: min(d.Projects, registry.CountTo), ProjectsMore: d.Projects > registry.CountTo,
		Opened: d.Days.From.Chinese(), CanMay: may, CanAdd: may && open && d.Level != registry.LevelGrid, CanMove: may && open && d.Level == registry.LevelCommunity,
		CanClose: may && open && d.Level != registry.LevelCounty, CanOpen: may && !open, IsGrid: d.Level == registry.LevelGrid, GridWarning: d.Grid.SizeWarning()}
	if v.HasReach = hasReach(d.Level); v.HasReach {
		reaches, err := s.registered.Reaches(c.UserContext(), by, d.ID)
		if err != nil {
			return err
		}
		v.Reach = reaches[d.ID].Reach
	}
	switch d.Level {
	case registry.LevelTownship:
		v.ProjectsPath = projectsPath + "?township=" + d.ID
	case registry.LevelCommunity:
		v.ProjectsPath = projectsPath + "?community=" + d.ID
	case registry.LevelGrid:
		v.ProjectsPath = projectsPath + "?grid=" + d.ID
	case registry.LevelCounty:
		v.ProjectsPath = projectsPath
	}
	if len(d.Codes) > 0 {
		v.Codes = d.Spells()
	}
	above := append(slices.Clone(d.Above), d.DivisionRow)
	for _, child := range d.Children {
		v.Children = append(v.Children, divisionLineOf(registry.DivisionLeaf{DivisionRow: child, Above: above}, day))
	}
	for _, change := range d.Changes {
		v.Changes = append(v.Changes, divisionChange{change.At, s.changedBy(c, by, change.By), change.Why, change.Said})
	}
	return s.render(c, by, "register_division", page{Title: d.Display, Nav: divisionsPath, Data: v})
}

// changedBy names who made a change, for those who may see accounts; "" for others.
func (s *Server) changedBy(c *fiber.Ctx, by policy.Actor, id string) string {
	if id == policy.SystemActor().ID {
		return "系统"
	}
	if !s.guard.Allow(by, policy.ReadAccounts) {
		return ""
	}
	account, err := s.people.OneAccount(c.UserContext(), by, id)
	if err != nil {
		return ""
	}
	return account.Name
}

// actedBy is who did something, with his office; the name is whole for those who see the contacts of the whole county and for himself, masked for everybody else.
func (s *Server) actedBy(c *fiber.Ctx, by policy.Actor, id string) string {
	if id == policy.SystemActor().ID {
		return "系统"
	}
	person, err := s.people.Person(c.UserContext(), id)
	switch {
	case fault.Is(err, fault.NotFound):
		return "（已停用的账号）"
	case err != nil:
		return ""
	}
	name := person.Name
	if scope, err := s.guard.Scope(c.UserContext(), by, policy.ReadContacts); id != by.ID && (err != nil || !scope.All()) {
		name = policy.MaskName(name)
	}
	var titles []string
	for _, office := range person.Appointments {
		titles = append(titles, s.titleOfOffice(string(office.Role)))
	}
	return strings.TrimSpace(strings.Join(titles, "、") + " " + name)
}

// divisionEntry describes a form about a division.
func (s *Server) divisionEntry(c *fiber.Ctx, by policy.Actor, title, act string) (entry, registry.DivisionView, error) {
	d, err := s.registered.OneDivision(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return entry{}, d, err
	}
	e := entry{title: title, nav: divisionsPath, entryView: entryView{Crumbs: append(wayTo(d.DivisionLeaf), crumb{d.Display, divisionPath(d.ID)}),
		Address: divisionPath(d.ID) + "/" + act, Back: divisionPath(d.ID), Seq: d.Seq, Button: title}}
	return e, d, nil
}

// reasonField asks for a reason.
func reasonField(c *fiber.Ctx, label, hint string) field {
	return field{Name: "reason", Label: label, Rows: 3, Value: c.FormValue("reason"), Hint: hint}
}

// newDivisionEntry describes the form of a new division below another.
func (s *Server) newDivisionEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e, d, err := s.divisionEntry(c, by, "新设下级", "new")
	if err != nil {
		return e, err
	}
	word := levelBelow(d.Level)
	if word == "" {
		return e, fault.New("web.newDivision", fault.NotFound, "网格之下不再设区划")
	}
	e.title, e.Button, e.Seq = "新设"+word, "新设"+word, 0
	e.Intro = fmt.Sprintf("新设的%s在%s之下。", word, d.Display)
	hint, code := "国家统计局的 12 位统计用区划代码", c.FormValue("code")
	if d.Level == registry.LevelCommunity {
		hint = "社区编号加“-”和序号"
		if c.Method() != fiber.MethodPost {
			code = nextGrid(d, s.registered.Today())
		}
	}
	e.Form = []field{
		{Name: "code", Label: "编号", Type: "text", Autocomplete: "off", Value: code, Hint: hint},
		{Name: "name", Label: "正式名称", Type: "text", Autocomplete: "off", Value: c.FormValue("name"), Hint: "例如 城东居委会"},
		{Name: "display", Label: "通用名称", Type: "text", Autocomplete: "off", Optional: true, Value: c.FormValue("display"), Hint: "平时的叫法，例如 城东社区；不填由正式名称得出"},
		{Name: "from", Label: "设立日期", Type: "date", Optional: true, Value: c.FormValue("from")},
	}
	if d.Level == registry.LevelCounty || d.Level == registry.LevelTownship {
		e.Form = append(e.Form, reachFields(c, "催办名单里联系谁")...)
	}
	return e, nil
}

// nextGrid is the next free number of a grid of a community.
func nextGrid(d registry.DivisionView, today calendar.Date) string {
	last := 0
	for _, child := range d.Children {
		if n, err := strconv.Atoi(child.ID[len(d.ID)+1:]); err == nil && n > last {
			last = n
		}
	}
	return fmt.Sprintf("%s-%02d", d.CodeOn(today), last+1)
}

// divisionInput reads names, use, first day and contact.
func divisionInput(in *typed) registry.DivisionInput {
	return registry.DivisionInput{Name: in.text("name"), Display: in.text("display"), Statistical: in.text("statistical") != "", From: in.date("from", "设立日期"),
		Reach: registry.Reach{Contact: in.text("contact"), Phone: in.text("contact_phone")}, Unreached: in.text("unreached") != ""}
}

// movedTo moves what is wrong with one field to another, for forms that lack the first.
func movedTo(err error, from, to string) error {
	fields := fault.FieldsOf(err)
	if !fault.Is(err, fault.Invalid) || len(fields) == 0 {
		return err
	}
	moved := make([]fault.Field, len(fields))
	for i, f := range fields {
		if f.Name == from {
			f.Name = to
		}
		moved[i] = f
	}
	return fault.InvalidFields("web.movedTo", moved...)
}

// addDivision opens a division below another.
func (s *Server) addDivision(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	input := divisionInput(in)
	err := in.with(func(ctx context.Context) error {
		return s.registered.AddDivision(ctx, by, in.text("code"), c.Params("id"), input)
	})
	return divisionPath(url.PathEscape(in.text("code"))), movedTo(err, "parent", "code")
}

// changeEntry describes the form of names.
func (s *Server) changeEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e, d, err := s.divisionEntry(c, by, "修改区划登记", "edit")
	e.Intro, e.Button = "改名以后，各处都用新的名称；原来的名称留在变更记录里。编号变了的，请用“变更代码”。", "保存修改"
	statistical := ""
	if d.Statistical {
		statistical = "1"
	}
	e.Form = []field{
		{Name: "name", Label: "正式名称", Type: "text", Autocomplete: "off", Value: typedOr(c, "name", d.Name)},
		{Name: "display", Label: "通用名称", Type: "text", Autocomplete: "off", Optional: true, Value: typedOr(c, "display", d.Display), Hint: "平时的叫法；不填由正式名称得出"},
		{Name: "from", Label: "设立日期", Type: "date", Optional: true, Value: typedOr(c, "from", dateValue(d.Days.From))},
		{Name: "statistical", Label: "用途", Options: []option{{"", "办理业务"}, {"1", "仅供统计，不在各处选择"}}, Value: typedOr(c, "statistical", statistical)},
	}
	if err != nil || !hasReach(d.Level) {
		return e, err
	}
	reaches, err := s.registered.Reaches(c.UserContext(), by, d.ID)
	if err != nil {
		return e, err
	}
	now, registered := reaches[d.ID]
	if !registered {
		e.Form = append(e.Form, reachFields(c, "催办名单里联系谁")...)
		return e, nil
	}
	// Who changes divisions may not see contacts: what is registered is replaced, not corrected.
	e.Form = append(e.Form, reachFields(c, strings.TrimSpace("现在登记的是 "+now.Contact+" "+now.Phone)+"；都不填的不改，填了的两项一起换")...)
	e.Form = append(e.Form, field{Name: "unreached", Label: "原来的联系人", Options: []option{{"", "保留，或者换成上面填的"}, {"1", "删去"}}, Value: c.FormValue("unreached")})
	return e, nil
}

// gridEntry describes the form of what is counted of a grid.
func (s *Server) gridEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e, d, err := s.divisionEntry(c, by, "登记网格情况", "grid")
	if err == nil && d.Level != registry.LevelGrid {
		err = fault.New("web.grid", fault.NotFound, "只有网格才登记这些情况")
	}
	e.Intro = "只填数字，不登记住户、网格员和党员的姓名。300 至 500 户以外的会提醒，不影响保存。"
	value := func(name string, stored int64) string { return typedOr(c, name, strconv.FormatInt(stored, 10)) }
	for _, f := range []struct {
		name, label string
		stored      int64
	}{{"grid_households", "网格户数", d.Grid.Households}, {"full_time", "专职网格员", d.Grid.FullTime}, {"part_time", "兼职网格员", d.Grid.PartTime},
		{"branches", "网格党支部", d.Grid.Branches}, {"groups", "楼栋党小组", d.Grid.Groups}, {"homes", "党员中心户", d.Grid.Homes}, {"residents", "常住居民", d.Grid.Residents}} {
		e.Form = append(e.Form, field{Name: f.name, Label: f.label, Type: "text", Mode: "numeric", Autocomplete: "off", Value: value(f.name, f.stored)})
	}
	return e, err
}

func (s *Server) setGrid(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	g := registry.GridFacts{Households: in.whole("grid_households", "网格户数", "420"), FullTime: in.whole("full_time", "专职网格员", "1"), PartTime: in.whole("part_time", "兼职网格员", "3"),
		Branches: in.whole("branches", "网格党支部", "1"), Groups: in.whole("groups", "楼栋党小组", "4"), Homes: in.whole("homes", "党员中心户", "6"), Residents: in.whole("residents", "常住居民", "1150")}
	return "", in.with(func(ctx context.Context) error { return s.registered.SetGrid(ctx, by, c.Params("id"), formSeq(c), g) })
}

// dateValue is a day as a field of a form takes it, "" for none.
func dateValue(d calendar.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// changeDivision corrects names and first day.
func (s *Server) changeDivision(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	input := divisionInput(in)
	err := in.with(func(ctx context.Context) error {
		return s.registered.ChangeDivision(ctx, by, c.Params("id"), formSeq(c), input)
	})
	return "", movedTo(movedTo(err, "parent", "from"), "until", "from")
}

// moveEntry describes the form that puts a community below another township.
func (s *Server) moveEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e, d, err := s.divisionEntry(c, by, "移到别的乡镇", "move")
	if err != nil {
		return e, err
	}
	towns, err := s.townshipOptions(c.UserContext())
	if err != nil {
		return e, err
	}
	towns[0] = option{"", "请选择"}
	e.Intro, e.Button = fmt.Sprintf("“%s”的小区、网格一起移过去；新乡镇的人从此看得到它们，原乡镇的人不再看得到。", d.Display), "移过去"
	e.Notes = []string{"编号不变。", "以前的评价结果不变。"}
	e.Form = []field{{Name: "parent", Label: "新的上级", Options: towns, Value: c.FormValue("parent")}, reasonField(c, "原因", "写明依据，例如区划调整的文件")}
	return e, nil
}

// moveDivision puts a community below another township.
func (s *Server) moveDivision(c *fiber.Ctx, by policy.Actor, _ *typed) (string, error) {
	err := s.registered.MoveDivision(c.UserContext(), by, c.Params("id"), formSeq(c), c.FormValue("parent"), c.FormValue("reason"))
	return "", movedTo(err, "name", "parent")
}

// closeEntry describes the form that closes a division.
func (s *Server) closeEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e, d, err := s.divisionEntry(c, by, "撤销区划", "close")
	if err != nil {
		return e, err
	}
	e.Intro, e.Button = fmt.Sprintf("“%s”撤销以后，各处不再能选择它；以前的登记和记录不变。", d.Display), "撤销"
	e.Notes = []string{"下面还有下级、小区或者在任人员的，要先移走或者办结。", "合并的写并入的那一个，分设的写分出的各个；它们要先登记好。", "撤错了可以恢复。"}
	e.Form = []field{{Name: "until", Label: "存在的最后一天", Type: "date", Value: typedOr(c, "until", s.registered.Today().String())},
		{Name: "successors", Label: "由哪些区划承接", Type: "text", Autocomplete: "off", Optional: true, Value: c.FormValue("successors"), Hint: "写编号，几个之间用顿号隔开；没有承接的不填"}, reasonField(c, "撤销原因", "写明依据，例如区划调整的文件")}
	return e, nil
}

// closeDivision closes a division.
func (s *Server) closeDivision(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	last := in.date("until", "最后一天")
	return "", in.with(func(ctx context.Context) error {
		return s.registered.CloseDivision(ctx, by, c.Params("id"), formSeq(c), last, codesIn(c.FormValue("successors")), c.FormValue("reason"))
	})
}

// reopenEntry describes the form that takes the closing of a division back.
func (s *Server) reopenEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e, d, err := s.divisionEntry(c, by, "恢复区划", "reopen")
	if err == nil && d.Days.Until.IsZero() {
		err = fault.New("web.reopenEntry", fault.Conflict, "“"+d.Display+"”没有撤销，不用恢复")
	}
	e.Intro, e.Button = fmt.Sprintf("“%s”%s撤销。恢复以后，各处又能选择它。", d.Display, d.Days.Until.Chinese()), "恢复"
	e.Form = []field{reasonField(c, "恢复原因", "")}
	return e, err
}

// reopenDivision takes the closing of a division back.
func (s *Server) reopenDivision(c *fiber.Ctx, by policy.Actor, _ *typed) (string, error) {
	err := s.registered.ReopenDivision(c.UserContext(), by, c.Params("id"), formSeq(c), c.FormValue("reason"))
	return "", movedTo(movedTo(err, "name", "reason"), "parent", "reason")
}
