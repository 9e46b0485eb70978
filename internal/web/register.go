package web

import (
	"context"
	"fmt"
	"net/url"
	"redsteward/internal/store"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/registry"
)

// Register is what the pages need of the register; registry.Service implements it. Every method that names the actor checks right and scope and lists
// its errors there.
type Register interface {
	Divisions
	Beginnings
	Estates
	Votes
	Watches
	Moneys
	Scans

	// Today is the business day, On the day that a page shows: today, or the day that is looked back to.
	Today() calendar.Date
	On(ctx context.Context) calendar.Date
	// DivisionsAt lists the divisions of a level that exist on the day, FirmChoices all firms by name, FirmNames the names of some.
	DivisionsAt(ctx context.Context, level registry.Level, day calendar.Date) ([]registry.DivisionRow, error)
	FirmChoices(ctx context.Context) ([]registry.Choice, error)
	FirmNames(ctx context.Context, ids []string) (map[string]string, error)
	// CommunitiesFor are the communities of the actor's scope for an action.
	CommunitiesFor(ctx context.Context, by policy.Actor, action policy.Action) ([]registry.DivisionRow, error)
	// Place says where a compound lies on a day, and whose scope it is in. Returns NotFound.
	Place(ctx context.Context, project string, on calendar.Date) (registry.Place, error)
	// FirmOfName finds the one firm of exactly this name, "" if there is none.
	FirmOfName(ctx context.Context, name string) (string, error)

	// Firms and Projects list one page, AllFirms and AllProjects every row, OneFirm and OneProject one.
	// LinesOfContracts are the rows of a workbook that would register a project's contracts.
	LinesOfContracts(ctx context.Context, row registry.ProjectRow) ([]registry.ContractLine, error)
	Firms(ctx context.Context, by policy.Actor, q registry.FirmQuery) (registry.Page[registry.FirmRow], error)
	AllFirms(ctx context.Context, by policy.Actor, q registry.FirmQuery, yield func(registry.FirmRow, registry.Firm) error) error
	OneFirm(ctx context.Context, by policy.Actor, id string) (registry.FirmView, error)
	// ContractsOf lists all contracts of a firm in projects of the actor's scope.
	ContractsOf(ctx context.Context, by policy.Actor, firm string) ([]registry.HeldContract, error)
	Projects(ctx context.Context, by policy.Actor, q registry.ProjectQuery) (registry.Page[registry.ProjectRow], error)
	// ProjectsFor lists those in which the actor may do an action.
	ProjectsFor(ctx context.Context, by policy.Actor, action policy.Action, q registry.ProjectQuery) (registry.Page[registry.ProjectRow], error)
	AllProjects(ctx context.Context, by policy.Actor, q registry.ProjectQuery, yield func(registry.ProjectRow) error) error
	OneProject(ctx context.Context, by policy.Actor, id string) (registry.ProjectRow, error)

	// The commands. They return Invalid with fields, Conflict if something stands in the way or seq is not the last change.
	CreateFirm(ctx context.Context, by policy.Actor, in registry.FirmInput) (string, error)
	ChangeFirm(ctx context.Context, by policy.Actor, id string, seq int64, in registry.FirmInput) error
	SetParty(ctx context.Context, by policy.Actor, id string, seq int64, p registry.Party) error
	CreateProject(ctx context.Context, by policy.Actor, in registry.ProjectInput) (string, error)
	ChangeProject(ctx context.Context, by policy.Actor, id string, seq int64, in registry.ProjectInput) error
	SetBody(ctx context.Context, by policy.Actor, project string, seq int64, b registry.Body) error
	AddContract(ctx context.Context, by policy.Actor, project string, seq int64, in registry.ContractInput) error
	CorrectContract(ctx context.Context, by policy.Actor, project string, seq int64, id string, in registry.ContractInput, why string) error
	EndContract(ctx context.Context, by policy.Actor, project string, seq int64, id string, last calendar.Date, why string) error

	// DryImport checks a file and keeps it for a day, AcceptImport accepts what was checked, OneImport and
	// Imports tell what became of it.
	DryImport(ctx context.Context, by policy.Actor, f registry.File) (imports.DryRun, error)
	AcceptImport(ctx context.Context, by policy.Actor, draft string, onlyGood bool) (string, error)
	OneImport(ctx context.Context, by policy.Actor, id string) (imports.View, error)
	Imports(ctx context.Context, by policy.Actor) ([]imports.View, error)
	// LookBackImport shows what taking an import back would do, ReverseImport does it.
	LookBackImport(ctx context.Context, by policy.Actor, id string) (imports.Lookback, error)
	ReverseImport(ctx context.Context, by policy.Actor, id string, seq int64, why string) error
}

const (
	projectsPath = "/register/projects"
	firmsPath    = "/register/firms"
	importsPath  = "/register/imports"

	developersPath = "/register/developers"
)

// registerRoutes are the pages of the register; none without one.
func (s *Server) registerRoutes() []Route {
	if s.registered == nil {
		return nil
	}
	const get, post = fiber.MethodGet, fiber.MethodPost
	desk := s.registerDesk()
	routes := slices.Concat(s.divisionRoutes(), s.estateRoutes(), s.scanRoutes(), s.voteRoutes(), s.boardRoutes(), s.moneyRoutes(), s.registerPrintRoutes(), s.dossierRoutes())
	for _, f := range []registerForm{
		{path: projectsPath + "/new", entry: s.projectEntry, send: s.createProject, conflictAt: "name"},
		{path: projectsPath + "/:id/edit", entry: s.projectEntry, send: s.changeProject, conflictAt: "name"},
		{path: projectsPath + "/:id/body", entry: s.bodyEntry, send: s.setBody, conflictAt: "body_from"},
		{path: projectsPath + "/:id/contracts/new", entry: s.contractEntry, send: s.addContract, conflictAt: "from"},
		{path: projectsPath + "/:id/contracts/:contract", entry: s.contractEntry, send: s.correctContract, conflictAt: "from"},
		{path: projectsPath + "/:id/contracts/:contract/end", entry: s.endEntry, send: s.endContract, conflictAt: "last"},
		{path: firmsPath + "/new", entry: s.firmEntry, send: s.createFirm, conflictAt: "code"},
		{path: firmsPath + "/:id/edit", entry: s.firmEntry, send: s.changeFirm, conflictAt: "code"},
		{path: firmsPath + "/:id/party", action: policy.RegisterParty, entry: s.partyEntry, send: s.setParty, conflictAt: "form"},
	} {
		routes = append(routes, s.formRoutes(f)...)
	}
	return append(routes, []Route{
		{Method: get, Path: projectsPath, Action: policy.ReadRegister, Handler: s.projects},
		{Method: get, Path: projectsPath + ".xlsx", Action: policy.ReadRegister, Handler: s.projectsExcel},
		{Method: get, Path: projectsPath + "/:id", Action: policy.ReadRegister, Handler: s.project},
		{Method: get, Path: firmsPath, Action: policy.ReadRegister, Handler: s.registeredFirms},
		{Method: get, Path: firmsPath + ".xlsx", Action: policy.ReadRegister, Handler: s.firmsExcel},
		{Method: get, Path: firmsPath + "/:id", Action: policy.ReadRegister, Handler: s.firm},
		{Method: get, Path: importsPath, Action: policy.ImportRegister, Handler: s.imports},
		{Method: post, Path: importsPath, Action: policy.ImportRegister, Handler: s.dryImport, Upload: maxImport},
		{Method: post, Path: importsPath + "/accept", Action: policy.ImportRegister, Handler: s.acceptsFor(desk)},
		{Method: get, Path: importsPath + "/template/:kind.xlsx", Action: policy.ImportRegister, Handler: s.importTemplate},
		{Method: get, Path: importsPath + "/marked/:id", Action: policy.ImportRegister, Handler: s.markedWorkbook},
		{Method: get, Path: importsPath + "/:id/progress", Action: policy.ImportRegister, Handler: s.progressFor(desk)},
		{Method: get, Path: importsPath + "/:id/reverse", Action: policy.ImportRegister, Handler: s.reverseForm(desk)},
		{Method: post, Path: importsPath + "/:id/reverse", Action: policy.ImportRegister, Handler: s.reverseFor(desk)},
		{Method: get, Path: importsPath + "/:id", Action: policy.ImportRegister, Handler: s.oneFor(desk)},
	}...)
}

// crumb is one step of the way to a page.
type crumb struct{ Label, Path string }

// entryView is what register_form.html shows: one form of the register on its own address.
type entryView struct {
	Crumbs []crumb
	// Intro says what the form does, Notes what to know beside it.
	Intro string
	Notes []string
	// Address takes the form, Seq is the change that it was made from.
	Address string
	Seq     int64
	Form    []field
	Button  string
	Back    string
}

// entry is a form of the register as a handler describes it.
type entry struct {
	title, nav string
	entryView
}

// showEntry shows a form, with everything typed and every error if it was refused.
func (s *Server) showEntry(c *fiber.Ctx, by policy.Actor, e entry, refused []fault.Field) error {
	e.Form = withErrors(e.Form, refused)
	p := page{Title: e.title, Nav: e.nav, Data: e.entryView, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "register_form", p)
	}
	return s.render(c, by, "register_form", p)
}

// settled answers a form: to the address if the command went through, back to the form if something was refused; a conflict stands at the field that
// it is about.
func (s *Server) settled(c *fiber.Ctx, by policy.Actor, e entry, err error, conflictAt, address string) error {
	refused := fault.FieldsOf(err)
	switch {
	case err == nil:
		return seeOther(c, address)
	case fault.Is(err, fault.Conflict):
		refused = []fault.Field{{Name: conflictAt, Message: fault.MessageOf(err)}}
	case !fault.Is(err, fault.Invalid) || len(refused) == 0:
		return err
	}
	return s.showEntry(c, by, e, refused)
}

// typed reads the fields of a form into values of their kind and keeps what could not be read.
type typed struct {
	c *fiber.Ctx
	// values are those of a form with files, which was read already; nil: those of c.
	values url.Values
	bad    []fault.Field
}

func (t *typed) fail(name, format string, args ...any) {
	t.bad = append(t.bad, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
}

func (t *typed) text(name string) string {
	if t.values != nil {
		return strings.TrimSpace(t.values.Get(name))
	}
	return strings.TrimSpace(t.c.FormValue(name))
}

func (t *typed) date(name, label string) calendar.Date {
	text := t.text(name)
	if text == "" {
		return calendar.Date{}
	}
	day, err := calendar.ParseDate(text)
	if err != nil {
		t.fail(name, "%s“%s”不是日期，要写成 2026-10-19", label, text)
	}
	return day
}

func (t *typed) span(from, fromLabel, until, untilLabel string) policy.Span {
	return policy.Span{From: t.date(from, fromLabel), Until: t.date(until, untilLabel)}
}

func (t *typed) whole(name, label, example string) int64 {
	text := strings.ReplaceAll(t.text(name), ",", "")
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case text == "":
		return 0
	case err != nil:
		t.fail(name, "%s“%s”要填整数，例如 %s", label, text, example)
	}
	return n
}

func (t *typed) number(name, label, example string) num.Num {
	text := strings.ReplaceAll(t.text(name), ",", "")
	if text == "" {
		return num.Num{}
	}
	n, err := num.Parse(text)
	if err != nil {
		t.fail(name, "%s“%s”要填数字，例如 %s", label, text, example)
	}
	return n
}

// fen reads yuan with at most two decimals.
func (t *typed) fen(name, label, example string) int64 {
	n := t.number(name, label, example).Mul(num.FromInt(100))
	fen, whole := n.Int64()
	if !whole {
		t.fail(name, "%s最多两位小数，现在是 %s，例如 %s", label, t.text(name), example)
	}
	return fen
}

// with runs a command on what was read, and names everything that is wrong at once: see inOneRound.
func (t *typed) with(run func(ctx context.Context) error) error {
	return inOneRound(t.c.UserContext(), &t.bad, run)
}

// inOneRound runs a command. If something of the form could not be read, the command only tries: it checks what there is, with nothing in the place of what could not be
// read, and writes nothing; what it refuses stands behind what could not be read, a field is named once. run must use its own context for whatever it calls.
func inOneRound(ctx context.Context, bad *[]fault.Field, run func(ctx context.Context) error) error {
	if len(*bad) == 0 {
		return run(ctx)
	}
	err := run(store.Trial(ctx))
	return fault.InvalidFields("web.inOneRound", namedOnce(append(*bad, refusedForm(err)...))...)
}

// oneRound is inOneRound for a command that returns something.
func oneRound[T any](ctx context.Context, bad []fault.Field, run func(ctx context.Context) (T, error)) (out T, err error) {
	err = inOneRound(ctx, &bad, func(ctx context.Context) (err error) {
		out, err = run(ctx)
		return err
	})
	return out, err
}

// namedOnce keeps the first message about each field.
func namedOnce(fields []fault.Field) []fault.Field {
	seen := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(fields), func(f fault.Field) bool {
		again := seen[f.Name]
		seen[f.Name] = true
		return again
	})
}

// choicesOf are the choices of a field, with a first line that chooses nothing.
func choicesOf(first string, choices []registry.Choice) []option {
	out := []option{{"", first}}
	for _, c := range choices {
		out = append(out, option{c.ID, c.Text})
	}
	return out
}

// communityOptions are the communities, each behind its township, those of the county town first.
func (s *Server) communityOptions(ctx context.Context) ([]option, error) {
	today := s.registered.On(ctx)
	towns, err := s.registered.DivisionsAt(ctx, registry.LevelTownship, today)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, t := range towns {
		names[t.ID] = t.Display
	}
	list, err := s.registered.DivisionsAt(ctx, registry.LevelCommunity, today)
	if err != nil {
		return nil, err
	}
	out := []option{{"", "请选择"}}
	for _, d := range list {
		out = append(out, option{d.ID, names[d.Parent] + " " + d.Display})
	}
	return out, nil
}

// townshipOptions are the townships, for filters.
func (s *Server) townshipOptions(ctx context.Context) ([]option, error) {
	towns, err := s.registered.DivisionsAt(ctx, registry.LevelTownship, s.registered.On(ctx))
	if err != nil {
		return nil, err
	}
	out := []option{{"", "全部"}}
	for _, t := range towns {
		out = append(out, option{t.ID, t.Display})
	}
	return out, nil
}

// listAddress is the address of a list: its filter, its order, and the cursors of the pages before, so that one can go back.
type listAddress struct {
	path  string
	names []string
	value map[string]string
	after string
	trail []string
}

// maxTrail is how many pages one can go back.
const maxTrail = 40

// readList reads the address of a list; names are its filters.
func readList(c *fiber.Ctx, path string, names ...string) listAddress {
	markList(c)
	return readPart(c, path, names...)
}

// readPart is readList for a list that is part of another page, of which no view can be saved.
func readPart(c *fiber.Ctx, path string, names ...string) listAddress {
	l := listAddress{path: path, names: append(names, "sort", "desc"), value: map[string]string{}, after: c.Query("after")}
	for _, name := range l.names {
		if v := []rune(strings.TrimSpace(c.Query(name))); len(v) > 0 {
			l.value[name] = string(v[:min(len(v), maxQuery)])
		}
	}
	if trail := c.Query("trail"); trail != "" && l.after != "" {
		l.trail = strings.Split(trail, "~")
		l.trail = l.trail[:min(len(l.trail), maxTrail)]
	}
	return l
}

// address is the list with some values changed, from its first page.
func (l listAddress) address(change ...string) string {
	v := url.Values{}
	for _, name := range l.names {
		if l.value[name] != "" {
			v.Set(name, l.value[name])
		}
	}
	for i := 0; i+1 < len(change); i += 2 {
		v.Del(change[i])
		if change[i+1] != "" {
			v.Set(change[i], change[i+1])
		}
	}
	if q := v.Encode(); q != "" {
		return l.path + "?" + q
	}
	return l.path
}

// excel is the address of the same list as Excel.
func (l listAddress) excel() string {
	path, query, found := strings.Cut(l.address(), "?")
	if found {
		return path + ".xlsx?" + query
	}
	return path + ".xlsx"
}

// sorted is the header that sorts by an order of the list.
func (l listAddress) sorted(name, label, usual string) sortLink {
	current := l.value["sort"]
	if current == "" {
		current = usual
	}
	link := sortLink{Label: label}
	desc := ""
	if current == name {
		link.Aria, link.Arrow, desc = "ascending", "↑", "1"
		if l.value["desc"] != "" {
			link.Aria, link.Arrow, desc = "descending", "↓", ""
		}
	}
	link.Address = l.address("sort", name, "desc", desc)
	return link
}

// pager is what the component shows: from where to where, and the pages beside this one.
type pager struct {
	First, Last, Count int
	More               bool
	Back, Next         string
}

func (l listAddress) pager(rows, count int, next string) pager {
	before := len(l.trail)
	if l.after != "" {
		before++
	}
	p := pager{First: before*registry.PageSize + 1, Last: before*registry.PageSize + rows, Count: count, More: count > registry.CountTo}
	if p.More {
		p.Count = registry.CountTo
	}
	if next != "" {
		trail := slices.Clone(l.trail)
		if l.after != "" {
			trail = append(trail, l.after)
		}
		p.Next = l.address("after", next, "trail", strings.Join(trail, "~"))
	}
	if l.after != "" {
		p.Back = l.address()
		if n := len(l.trail); n > 0 {
			p.Back = l.address("after", l.trail[n-1], "trail", strings.Join(l.trail[:n-1], "~"))
		}
	}
	return p
}

// filtered reports whether a filter is set.
func (l listAddress) filtered() bool {
	for name := range l.value {
		if name != "sort" && name != "desc" {
			return true
		}
	}
	return false
}

// sendExcel answers with a workbook.
func sendExcel(c *fiber.Ctx, name string, data []byte) error {
	return attach(c, name, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", data)
}

// attach answers with a file to be saved under a name; one that looks back says the day.
func attach(c *fiber.Ctx, name, kind string, data []byte) error {
	if look := lookOf(c); looksBackNow(c) {
		name = look.Day.Chinese() + "所登记的" + name
	}
	c.Set(fiber.HeaderContentDisposition, "attachment; filename*=UTF-8''"+url.PathEscape(name))
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Response().Header.SetContentType(kind)
	c.Response().SetBodyRaw(data)
	return nil
}

// yuan is 1.20.
func yuan(fen int64) string { return num.FromFrac(fen, 100).Fixed(2) }

// yuanText is an amount as pages show it, with thousands: 28,254.00.
func yuanText(fen int64) string { return grouped(yuan(fen)) }
