package web

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/policy"
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

// todoView sorts tasks into sections.
func (s *Server) todoView(tasks []Task) *todoView {
	clock := newTaskClock(s.clocks.Business(), s.holidays)
	v := &todoView{Today: dateLong(clock.now) + " " + weekday(clock.now)}
	if clock.holidays != nil {
		if worked, known := clock.holidays.Workday(clock.today); known {
			v.Workday = map[bool]string{true: "工作日", false: "休息日"}[worked]
		}
	}
	slices.SortStableFunc(tasks, byDue)
	var sorted [taskSections][]Task
	for _, k := range tasks {
		at := clock.section(k)
		sorted[at] = append(sorted[at], k)
		if at != taskWaits {
			v.Count += k.Count
		}
	}
	title := func(at int) string {
		if at == taskSoon && !clock.exact {
			return "七日内"
		}
		return sectionHeads[at].title
	}
	for at, list := range sorted {
		if len(list) == 0 {
			continue
		}
		section := todoSection{ID: sectionHeads[at].id, Title: title(at), Count: pieces(list)}
		for _, k := range folded(list) {
			section.Rows = append(section.Rows, clock.row(k))
		}
		v.Sections = append(v.Sections, section)
	}
	for _, c := range countedSections {
		one := todoCount{Label: title(c.section), Count: pieces(sorted[c.section])}
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

// maxRows is how many lines of one entry of the navigation a section has.
const maxRows = 50

// folded lets the lines of one entry beyond maxRows stand together in a last one that leads to its list, so that none is hidden and none crowds out the others.
func folded(list []Task) []Task {
	var out []Task
	shown, rest := map[string]int{}, map[string]int{}
	for _, k := range list {
		switch at, begun := rest[k.Nav]; {
		case k.Nav == "" || shown[k.Nav] < maxRows:
			shown[k.Nav]++
			out = append(out, k)
		case begun:
			out[at].Count += k.Count
		default:
			rest[k.Nav] = len(out)
			out = append(out, Task{Due: k.Due, At: k.At, Unresolved: k.Unresolved, Basis: k.Basis, Context: "时限最早的列在上面，其余的在列表里", Link: k.Nav, Button: "看列表", Nav: k.Nav, Count: k.Count, Waits: k.Waits})
		}
	}
	for nav, at := range rest {
		if out[at].Title = "另有 " + count(out[at].Count) + " 件"; navLabel(nav) != "" {
			out[at].Title = navLabel(nav) + "：" + out[at].Title
		}
	}
	return out
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
