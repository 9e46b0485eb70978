package web

import (
	"context"
	"log/slog"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/policy/outbox"
)

// todoView is what todo.html shows.
type todoView struct {
	Today, Workday string
	Count          int
	Counts         []todoCount
	Sections       []todoSection
	// Quiet says that nothing is late or due today, and what comes next.
	Quiet   string
	Latest  *openView
	Offices []officeView
	Notes   []string
	// Only is what a page with the lines of one group is called, "" for the whole page; Pager turns its pages.
	Only  string
	Pager pager
}

// todoCount is one figure above the list; ID is the section that it leads to, "" if that is empty.
type todoCount struct {
	ID, Class, Label string
	Count            int
}

// todoSection is one section of the list.
type todoSection struct {
	ID, Title string
	Count     int
	Rows      []todoRow
	// Short: its lines stand close together, without what a line says besides.
	Short bool
}

// todoRow is one task as the page shows it.
type todoRow struct {
	Task
	// State and Precise make the chip; Day is the date below it.
	State, Precise, Day string
}

// sectionHeads are id and title of the sections.
var sectionHeads = [taskSections]struct{ id, title string }{
	taskLate: {"late", "已逾期"}, taskToday: {"today", "今天到期"}, taskSoon: {"week", "五个工作日内"}, taskOpen: {"open", "没有规定时限"},
	taskLater: {"later", "以后到期"}, taskWaits: {"wait", "等责任单位办理"},
}

// countedSections have a figure above the list, with the class that it has unless it is 0.
var countedSections = []struct {
	section int
	class   string
}{{taskLate, "hot"}, {taskToday, "warm"}, {taskSoon, ""}, {taskWaits, ""}}

// todo is where everybody who is signed in lands.
func (s *Server) todo(c *fiber.Ctx, by policy.Actor) error {
	latest, err := s.latest(c)
	if err != nil {
		return err
	}
	tasks, err := s.collectTasks(c.UserContext(), by)
	if err != nil {
		return err
	}
	s.openWork.keep(by.ID, s.clocks.Security(), s.countWork(tasks))
	if c.Query(groupSection) != "" {
		return s.todoGroup(c, by, tasks)
	}
	v := s.todoView(tasks)
	v.Latest, v.Offices = latest, s.offices(by.Appointments)
	if by.PasswordDue {
		v.Notes = append(v.Notes, "密码已超过规定的使用期限，请在“我的账号”修改。")
	}
	if s.holidays != nil && s.guard.Allow(by, policy.ManagePeriod) {
		if warning := s.holidays.Warning(calendar.DateOf(s.clocks.Business())); warning != "" {
			v.Notes = append(v.Notes, warning)
		}
	}
	return s.render(c, by, "todo", page{Title: "我的待办", Nav: "/todo", Data: v})
}

// todoGroup lists the lines of one group (see gathered), all of them. A group of which nothing is left says so.
func (s *Server) todoGroup(c *fiber.Ctx, by policy.Actor, tasks []Task) error {
	clock := newTaskClock(s.clocks.Business(), s.holidays)
	at := slices.IndexFunc(sectionHeads[:], func(h struct{ id, title string }) bool { return h.id == c.Query(groupSection) })
	if at < 0 {
		return fault.New("web.todoGroup", fault.NotFound, "")
	}
	l := readList(c, "/todo", groupSection, groupNav, groupAct)
	g := taskGroup{l.value[groupNav], l.value[groupAct]}
	list := slices.DeleteFunc(clock.sorted(tasks)[at], func(k Task) bool { return !g.holds(k) })
	v := todoView{Only: clock.title(at) + "：" + g.title()}
	count := pieces(list)
	v.Pager, list = pageOf(l, list)
	if len(list) > 0 {
		section := clock.lines(at, list)
		section.Count = count
		v.Sections = []todoSection{section}
	}
	return s.render(c, by, "todo", page{Title: v.Only, Nav: "/todo", Data: &v})
}

// todoView sorts tasks into sections.
func (s *Server) todoView(tasks []Task) *todoView {
	clock := newTaskClock(s.clocks.Business(), s.holidays)
	v := &todoView{Today: dateLong(clock.now) + " " + weekday(clock.now)}
	if clock.holidays != nil {
		if worked, known := clock.holidays.Workday(clock.today); known {
			v.Workday = map[bool]string{true: "工作日", false: "休息日"}[worked]
		}
	}
	sorted := clock.sorted(tasks)
	for at, list := range sorted {
		if at != taskWaits {
			v.Count += pieces(list)
		}
	}
	sections := gathered(sorted)
	long := linesOfAll(sections) > todoLines
	for at, list := range sections {
		if len(list) == 0 {
			continue
		}
		section := clock.lines(at, list)
		section.Short = long && (at == taskOpen || at == taskLater)
		v.Sections = append(v.Sections, section)
	}
	for _, c := range countedSections {
		one := todoCount{Label: clock.title(c.section), Count: pieces(sorted[c.section])}
		if one.Count > 0 {
			one.ID, one.Class = sectionHeads[c.section].id, c.class
		}
		v.Counts = append(v.Counts, one)
	}
	if len(sorted[taskLate]) == 0 && len(sorted[taskToday]) == 0 {
		v.Quiet = "今天没有到期的事。"
		if next := append(sorted[taskSoon], sorted[taskLater]...); len(next) > 0 {
			v.Quiet += "最近一件 " + shortDate(next[0].Due, clock.today) + "到期。"
		}
	}
	return v
}

// todoLines is how many lines a to-do page has before equal ones stand together: so many fit two screens.
const todoLines = 30

// piledFrom is how many equal lines of a section stand together.
const piledFrom = 2

// The names of the address of a group of lines: its section, its entry of the navigation, and what is done ("" for all of the entry).
const (
	groupSection = "in"
	groupNav     = "nav"
	groupAct     = "act"
)

// taskGroup is what makes lines of a section equal: the entry of the navigation that counts them, and what is done, "" for whatever it is.
type taskGroup struct{ nav, act string }

func (g taskGroup) holds(k Task) bool { return k.Nav == g.nav && (g.act == "" || k.Button == g.act) }

// address is the page that lists a group of a section.
func (g taskGroup) address(section int) string {
	v := url.Values{groupSection: {sectionHeads[section].id}, groupNav: {g.nav}}
	if g.act != "" {
		v.Set(groupAct, g.act)
	}
	return "/todo?" + v.Encode()
}

// title is what a group is called.
func (g taskGroup) title() string {
	name := navLabel(g.nav)
	if name == "" {
		name = "同类的事"
	}
	if g.act != "" {
		name += "，" + g.act
	}
	return name
}

// gathered puts equal lines together until all sections are short enough for one page: first those of which the same is to be done, then those of one entry of the navigation, what is due last before
// what is late. A line of a group leads to all of its lines, so that none is hidden. Short pages stay as they are.
func gathered(sections [taskSections][]Task) [taskSections][]Task {
	whole := sections
	for _, group := range []func(Task) taskGroup{func(k Task) taskGroup { return taskGroup{k.Nav, k.Button} }, func(k Task) taskGroup { return taskGroup{nav: k.Nav} }} {
		for at := taskSections - 1; at >= 0 && linesOfAll(sections) > todoLines; at-- {
			sections[at] = gatheredBy(at, whole[at], group)
		}
	}
	return sections
}

// linesOfAll is how many lines all sections have.
func linesOfAll(sections [taskSections][]Task) (n int) {
	for _, list := range sections {
		n += len(list)
	}
	return n
}

// gatheredBy puts the equal lines of a section together in the place of the first.
func gatheredBy(section int, list []Task, group func(Task) taskGroup) []Task {
	equal := map[taskGroup][]Task{}
	for _, k := range list {
		equal[group(k)] = append(equal[group(k)], k)
	}
	var out []Task
	for _, k := range list {
		g := group(k)
		all := equal[g]
		switch {
		case k.Nav == "" || len(all) > 0 && len(all) < piledFrom:
			out = append(out, k)
		case len(all) > 0:
			out = append(out, g.line(section, all))
			delete(equal, g)
		}
	}
	return out
}

// line stands for equal lines: it has the deadline of the first. On what each deadline rests its own line says.
func (g taskGroup) line(section int, all []Task) Task {
	k := all[0]
	k.Title, k.Context, k.Button, k.Link = g.title()+" "+count(pieces(all))+" 件", "“"+k.Title+"”等", "逐件看", g.address(section)
	k.Count, k.Basis = pieces(all), ""
	parties := map[string]bool{}
	for _, one := range all {
		parties[one.Party] = true
	}
	if len(parties) > 1 {
		k.Party = count(len(parties)) + " 家"
	}
	return k
}

// navLabel is what an entry of the navigation is called, "" for none.
func navLabel(path string) string {
	for _, g := range officeNav {
		for _, item := range g.Items {
			if item.Path == path {
				return item.Label
			}
		}
	}
	return ""
}

// sorted puts tasks into their sections, what is due first on top.
func (t taskClock) sorted(tasks []Task) (sections [taskSections][]Task) {
	slices.SortStableFunc(tasks, byDue)
	for _, k := range tasks {
		at := t.section(k)
		sections[at] = append(sections[at], k)
	}
	return sections
}

// title is what a section is called.
func (t taskClock) title(section int) string {
	if section == taskSoon && !t.exact {
		return "七日内"
	}
	return sectionHeads[section].title
}

// lines is a section with its lines.
func (t taskClock) lines(at int, list []Task) todoSection {
	section := todoSection{ID: sectionHeads[at].id, Title: t.title(at), Count: pieces(list)}
	for _, k := range list {
		section.Rows = append(section.Rows, t.row(k))
	}
	return section
}

func (t taskClock) row(k Task) todoRow {
	r := todoRow{Task: k}
	r.State, r.Precise = t.left(k)
	if !k.Due.IsZero() {
		r.Day = shortDate(k.Due, t.today)
		if !k.At.IsZero() && k.At.Before(k.Due.Ends()) {
			r.Day += " " + k.At.In(shanghai).Format("15:04")
		}
	}
	return r
}

// shortDate is a day of a list: without its year if that is this year's.
func shortDate(d, today calendar.Date) string {
	text := d.Chinese()
	if d.Year() != today.Year() {
		return text
	}
	return string([]rune(text)[5:])
}

// workCount is how many pieces of work one navigation entry has, and how many of them are late.
type workCount struct{ Open, Late int }

// countWork counts tasks by navigation entry; the to-do page counts all.
func (s *Server) countWork(tasks []Task) map[string]workCount {
	clock := newTaskClock(s.clocks.Business(), s.holidays)
	out := map[string]workCount{}
	for _, k := range tasks {
		if k.Waits {
			continue
		}
		late := 0
		if clock.late(k) {
			late = k.Count
		}
		paths := []string{"/todo", k.Nav}
		if k.Nav == "" {
			paths = paths[:1]
		}
		for _, path := range paths {
			n := out[path]
			out[path] = workCount{n.Open + k.Count, n.Late + late}
		}
	}
	return out
}

// openWorkFor is how long the counts of the navigation may be old: what others do shows that late. What the account itself does shows at once.
const openWorkFor = 15 * time.Second

// openWorkMost bounds the accounts whose counts are kept.
const openWorkMost = 4096

// openWork keeps the counts of the navigation, so that not every page asks every list.
type openWork struct {
	mu   sync.Mutex
	kept map[string]keptWork
}

type keptWork struct {
	at     time.Time
	counts map[string]workCount
}

func (w *openWork) find(account string, now time.Time) (map[string]workCount, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	k, ok := w.kept[account]
	return k.counts, ok && now.Sub(k.at) < openWorkFor
}

func (w *openWork) keep(account string, now time.Time, counts map[string]workCount) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.kept == nil || len(w.kept) >= openWorkMost {
		w.kept = map[string]keptWork{}
	}
	w.kept[account] = keptWork{now, counts}
}

// forget is called after an account changed something.
func (w *openWork) forget(account string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.kept, account)
}

// workFor returns the counts for the navigation of an actor. A page must not fail for them: a failure is logged, and no counts are shown.
func (s *Server) workFor(ctx context.Context, by policy.Actor) map[string]workCount {
	if len(s.tasks) == 0 || !by.SignedIn() || by.MustChangePassword {
		return nil
	}
	now := s.clocks.Security()
	if counts, ok := s.openWork.find(by.ID, now); ok {
		return counts
	}
	tasks, err := s.collectTasks(ctx, by)
	if err != nil {
		s.log.LogAttrs(ctx, slog.LevelError, "tasks", slog.String("error", err.Error()))
		return nil
	}
	counts := s.countWork(tasks)
	s.openWork.keep(by.ID, now, counts)
	return counts
}

// Work implements outbox.Work: the lines of somebody's to-do page without any text about what they are. A line is known by where it leads and what is done there.
func (s *Server) Work(ctx context.Context, by policy.Actor) ([]outbox.Line, error) {
	tasks, err := s.collectTasks(ctx, by)
	if err != nil {
		return nil, err
	}
	clock := newTaskClock(s.clocks.Business(), s.holidays)
	var out []outbox.Line
	for _, k := range tasks {
		if k.Waits {
			continue
		}
		line := outbox.Line{Key: k.Link + " " + k.Button, Label: navLabel(k.Nav), Count: int64(k.Count)}
		switch state, _ := clock.left(k); state {
		case "逾期":
			line.Stage = outbox.Overdue
		case "临期", "今天到期":
			line.Stage = outbox.Ending
		}
		out = append(out, line)
	}
	return out, nil
}
