package web

import (
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/report/returns"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
	"redsteward/supervision/rectification"
)

// holidays2026 is the calendar that ships: it ends with 2026.
func holidays2026(t testing.TB) *calendar.Calendar {
	t.Helper()
	names, err := os.ReadDir("../../configs/calendar")
	if err != nil {
		t.Fatal(err)
	}
	var files []calendar.File
	for _, name := range names {
		if !strings.HasSuffix(name.Name(), ".csv") {
			continue
		}
		data, err := os.ReadFile("../../configs/calendar/" + name.Name())
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, calendar.File{Name: name.Name(), Data: data})
	}
	c, err := calendar.Parse(files...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func day(t testing.TB, text string) calendar.Date {
	t.Helper()
	d, err := calendar.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestReturnTasks: drafts of several townships of one return and term are one line with as many pieces, which leads to their list; the county's, another term's and a correction stand for themselves.
func TestReturnTasks(t *testing.T) {
	r := func(form, term, scope, place string, versions ...returns.Version) store.Doc[returns.Return] {
		return store.Doc[returns.Return]{ID: form + "." + term + "." + scope, State: returns.Return{Form: form, Title: "行业月报", Term: term, Words: term[:4] + "年9月", Scope: scope, Place: place, State: returns.Draft, To: "市局", Versions: versions, Correcting: map[bool]string{true: "漏报一家"}[len(versions) > 0]}}
	}
	got := returnTasks([]store.Doc[returns.Return]{r("trade", "2026-09", policy.County, "全县"), r("trade", "2026-09", "t1", "北镇"), r("other", "2026-09", "t1", "北镇"), r("trade", "2026-09", "t2", "南镇"), r("trade", "2025-09", "t2", "南镇"), r("trade", "2026-09", "t3", "东镇", returns.Version{No: 1}), r("trade", "2026-09", "t4", "西镇")}, "送审")
	var said []string
	for _, task := range got {
		said = append(said, fmt.Sprint(task.Title, " ", task.Count, " ", task.Link, " ", task.Context))
	}
	want := []string{"送审2026年9月行业月报 1 /returns/one/trade.2026-09.county 报送市局", "送审各乡镇2026年9月行业月报 3 /returns?form=trade&q=2026%E5%B9%B49%E6%9C%88&state=draft 报送市局",
		"送审2026年9月行业月报（北镇） 1 /returns/one/other.2026-09.t1 报送市局", "送审2025年9月行业月报（南镇） 1 /returns/one/trade.2025-09.t2 报送市局", "送审2026年9月行业月报（东镇） 1 /returns/one/trade.2026-09.t3 更正：漏报一家"}
	if !slices.Equal(said, want) {
		t.Errorf("%s", strings.Join(said, "\n"))
	}
}

// TestTaskClock: Friday, 25 September 2026 is the Mid-Autumn Festival, 1 to 7 October are off, and the calendar ends with the year.
func TestTaskClock(t *testing.T) {
	holidays := holidays2026(t)
	noon := func(text string) time.Time { return day(t, text).Begins().Add(12 * time.Hour) }
	for _, c := range []struct {
		name, now string
		holidays  *calendar.Calendar
		task      Task
		section   int
		left      string
	}{
		{"late by working days only", "2026-10-09", holidays, Task{Due: day(t, "2026-09-30")}, taskLate, "逾期 2 个工作日"},
		{"late over a weekend", "2026-10-24", holidays, Task{Due: day(t, "2026-10-23")}, taskLate, "逾期 1 日"},
		{"today", "2026-10-19", holidays, Task{Due: day(t, "2026-10-19")}, taskToday, ""},
		{"today until an instant that has passed", "2026-10-19", holidays, Task{Due: day(t, "2026-10-19"), At: noon("2026-10-19")}, taskLate, "今天已过时"},
		{"today until an instant to come", "2026-10-19", holidays, Task{Due: day(t, "2026-10-19"), At: noon("2026-10-19").Add(time.Minute)}, taskToday, ""},
		{"soon", "2026-10-19", holidays, Task{Due: day(t, "2026-10-21")}, taskSoon, "还剩 2 个工作日"},
		{"the fifth working day", "2026-10-19", holidays, Task{Due: day(t, "2026-10-26")}, taskSoon, "还剩 5 个工作日"},
		{"five working days reach over a holiday", "2026-09-29", holidays, Task{Due: day(t, "2026-10-10")}, taskSoon, "还剩 4 个工作日"},
		{"later", "2026-10-19", holidays, Task{Due: day(t, "2026-10-27")}, taskLater, "还剩 6 个工作日"},
		{"nothing but days of rest", "2026-10-01", holidays, Task{Due: day(t, "2026-10-07")}, taskSoon, "下一个工作日前到期"},
		{"unresolved is never late", "2027-02-01", holidays, Task{Unresolved: true}, taskOpen, "时限暂不能计算"},
		{"past the calendar", "2026-12-30", holidays, Task{Due: day(t, "2027-01-05")}, taskSoon, "还剩 6 日"},
		{"late past the calendar", "2027-02-01", holidays, Task{Due: day(t, "2027-01-30")}, taskLate, "逾期 2 日"},
		{"without a calendar", "2026-10-19", nil, Task{Due: day(t, "2026-10-26")}, taskSoon, "还剩 7 日"},
		{"without a deadline", "2026-10-19", holidays, Task{}, taskOpen, ""},
		{"waiting is not late", "2026-10-19", holidays, Task{Due: day(t, "2026-10-15"), Waits: true}, taskWaits, "逾期 2 个工作日"},
	} {
		t.Run(c.name, func(t *testing.T) {
			clock := newTaskClock(noon(c.now), c.holidays)
			if at := clock.section(c.task); at != c.section {
				t.Errorf("section %d, want %d", at, c.section)
			}
			if _, left := clock.left(c.task); left != c.left {
				t.Errorf("left %q, want %q", left, c.left)
			}
		})
	}
}

func TestTodoView(t *testing.T) {
	now := day(t, "2026-10-19").Begins().Add(9 * time.Hour)
	s := &Server{clocks: policy.Clocks{Business: func() time.Time { return now }}, holidays: holidays2026(t)}
	v := s.todoView(nil)
	if v.Quiet != "今天没有到期的事。" || v.Count != 0 || v.Workday != "工作日" || len(v.Sections) != 0 || slices.ContainsFunc(v.Counts, func(c todoCount) bool { return c.ID != "" || c.Count != 0 }) {
		t.Errorf("nothing to do: %+v", v)
	}
	soon := Task{Due: day(t, "2026-10-21"), Title: "soon", Count: 18, Nav: "/b"}
	if v = s.todoView([]Task{{Due: day(t, "2026-12-21"), Count: 1}, soon}); v.Quiet != "今天没有到期的事。最近一件 10月21日到期。" {
		t.Error(v.Quiet)
	}
	tasks := []Task{
		{Due: day(t, "2026-10-15"), Title: "late 2", Count: 1, Nav: "/a"}, soon, {Title: "open", Count: 2}, {Due: day(t, "2026-10-14"), Title: "late 3", Count: 2, Nav: "/a"},
		{Due: day(t, "2026-10-19"), Title: "today", Count: 1, Nav: "/a"}, {Due: day(t, "2026-10-16"), Title: "waits", Count: 9, Waits: true, Nav: "/a"},
	}
	work := s.countWork(tasks)
	if want := (workCount{24, 3}); work["/todo"] != want {
		t.Errorf("%+v in all", work["/todo"])
	}
	if want := (workCount{4, 3}); work["/a"] != want || work["/b"] != (workCount{18, 0}) {
		t.Errorf("%+v", work)
	}
	v = s.todoView(tasks)
	var order []string
	for _, section := range v.Sections {
		for _, row := range section.Rows {
			order = append(order, section.Title+" "+row.Title)
		}
	}
	if got, want := strings.Join(order, "|"), "已逾期 late 3|已逾期 late 2|今天到期 today|五个工作日内 soon|没有规定时限 open|等责任单位办理 waits"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var counts []int
	for _, c := range v.Counts {
		counts = append(counts, c.Count)
	}
	if !slices.Equal(counts, []int{3, 1, 18, 9}) || v.Count != 24 || v.Quiet != "" {
		t.Error(counts, v.Count, v.Quiet)
	}
}

// TestGathered: on a long page equal lines stand together, what is due last first and what is late as long as possible alone; a short page stays as it is, and nothing is lost.
func TestGathered(t *testing.T) {
	var sections [taskSections][]Task
	add := func(section int, nav, act, party string, n int) {
		for i := range n {
			sections[section] = append(sections[section], Task{Due: day(t, "2026-10-15").Add(i), Basis: "b", Title: act + string(rune('a'+i)), Nav: nav, Button: act, Party: party, Count: 2})
		}
	}
	add(taskLate, fundPath, "去查看", "甲", 5)
	add(taskLate, fundPath, "去送审", "乙", 2)
	add(taskLate, "", "去看", "", 3)
	add(taskLater, mattersPath, "去办理", "丙", 19)
	if got := gathered(sections); len(got[taskLate]) != 10 || len(got[taskLater]) != 19 {
		t.Errorf("a page of 29 lines: %d and %d", len(got[taskLate]), len(got[taskLater]))
	}
	add(taskLater, mattersPath, "去办理", "丁", 2)
	got := gathered(sections)
	if len(got[taskLate]) != 10 || len(got[taskLater]) != 1 {
		t.Fatalf("%d and %d lines", len(got[taskLate]), len(got[taskLater]))
	}
	link := "/todo?" + url.Values{"in": {"later"}, "nav": {mattersPath}, "act": {"去办理"}}.Encode()
	if k := got[taskLater][0]; k.Title != "事项，去办理 42 件" || k.Due != day(t, "2026-10-15") || k.Count != 42 || k.Party != "2 家" || k.Basis != "" || k.Button != "逐件看" || k.Context != "“去办理a”等" || k.Link != link {
		t.Errorf("%+v", k)
	}
	for i := range 60 { // so many sorts of work that those of one entry stand together
		sections[taskOpen] = append(sections[taskOpen], Task{Title: "x", Nav: "/" + string(rune('a'+i/2)), Button: string(rune('a' + i)), Count: 1})
	}
	got = gathered(sections)
	if k := got[taskLate][0]; len(got[taskLate]) != 4 || k.Title != "保修金 14 件" || k.Party != "2 家" || len(got[taskOpen]) != 30 || got[taskOpen][0].Title != "同类的事 2 件" {
		t.Errorf("late %+v, %d open", got[taskLate], len(got[taskOpen]))
	}
	all := 0
	for at, list := range got {
		if all += pieces(list); pieces(list) != pieces(sections[at]) {
			t.Errorf("section %d has %d pieces of %d", at, pieces(list), pieces(sections[at]))
		}
	}
	if g := (taskGroup{nav: fundPath}); all != 122 || !g.holds(sections[taskLate][6]) || (taskGroup{fundPath, "去查看"}).holds(sections[taskLate][6]) {
		t.Errorf("%d pieces", all)
	}
}

// TestOpenCases: every page is read, and what one fails with is told.
func TestOpenCases(t *testing.T) {
	pages := map[string]store.Page[int]{"": {Docs: make([]store.Doc[int], 50), Next: "2"}, "2": {Docs: make([]store.Doc[int], 3)}}
	got, err := openCases(func(after string) (store.Page[int], error) { return pages[after], nil })
	if err != nil || len(got) != 53 {
		t.Error(len(got), err)
	}
}

// TestPageOf: a list that was read whole is cut into pages; an address that names no place of it begins at the first.
func TestPageOf(t *testing.T) {
	for after, want := range map[string]struct {
		rows       int
		last       int
		back, next bool
	}{"": {50, 50, false, true}, "50": {20, 70, true, false}, "71": {50, 100, true, true}, "-1": {50, 100, true, true}} {
		p, got := pageOf(listAddress{path: "/x", after: after}, make([]int, 70))
		if len(got) != want.rows || p.Last != want.last || p.Count != 70 || (p.Back != "") != want.back || (p.Next != "") != want.next {
			t.Errorf("%q: %d rows, %+v", after, len(got), p)
		}
	}
}

// TestRungPapers: the paper of a rung names what was still open on its day, and calls nothing a penalty.
func TestRungPapers(t *testing.T) {
	s := &Server{clocks: policy.Clocks{Business: func() time.Time { return day(t, "2026-10-19").Begins() }}}
	k := &rectification.Case{FirmName: "湖光物业", Kind: supervision.PaperSuggestion, Served: &casework.Paper{Number: "建议1号", Day: day(t, "2026-09-01")},
		Findings: []rectification.Finding{{Item: "1.1", Problem: "公示栏空白"}, {Item: "1.2", Problem: "电话打不通", Fixed: true, Look: &casework.Paper{Day: day(t, "2026-10-10")}}}}
	k.Name = "东街花园"
	for _, c := range []struct {
		rung       rectification.Rung
		title, day string
		rows       int
		record     bool
	}{
		{rectification.Rung{Kind: rectification.RungRemind, Paper: casework.Paper{Number: "提醒1号", Day: day(t, "2026-09-20")}}, "整改提醒函", "2026年9月20日", 2, false},
		{rectification.Rung{Kind: rectification.RungPress}, "整改督办通知书", "2026年10月19日", 1, false},
		{rectification.Rung{Kind: rectification.RungTalk}, "约谈通知书", "2026年10月19日", 4, true},
		{rectification.Rung{Kind: rectification.RungHandOn, Paper: casework.Paper{Day: day(t, "2026-10-18"), Text: "交城管"}}, "移送函", "2026年10月18日", 2, false},
	} {
		v := s.rungPaper(t.Context(), k, c.rung)
		if v.Title != c.title || v.Date != c.day || len(v.Rows) != c.rows || (v.Next != nil) != c.record || strings.Contains(strings.Join(v.Words, ""), "罚") || !strings.Contains(v.Words[0], "建议1号") {
			t.Errorf("%s: %+v", c.title, v)
		}
	}
}

// TestVisitsKeepTheirOrder: what is due on one day stands in the order that was set, not by name.
func TestVisitsKeepTheirOrder(t *testing.T) {
	tasks := []Task{{Due: day(t, "2026-10-19"), Title: "a", Order: 3}, {Due: day(t, "2026-10-19"), Title: "c", Order: 1}, {Due: day(t, "2026-10-18"), Title: "d", Order: 9}, {Title: "e"},
		{Due: day(t, "2026-10-19"), Title: "b", Order: 2}}
	slices.SortStableFunc(tasks, byDue)
	var got string
	for _, k := range tasks {
		got += k.Title
	}
	if got != "dcbae" {
		t.Error(got)
	}
}

func TestPile(t *testing.T) {
	var p pile
	for i, party := range []string{"甲物业", "乙物业", "甲物业"} {
		p.add(Task{Due: day(t, "2026-10-21"), Context: string(rune('a' + i)), Party: party})
	}
	p.add(Task{Due: day(t, "2026-10-22"), Party: "丙物业"})
	lines := p.lines(func(n string) string { return "初审 " + n + " 件" }, "家企业", true)
	if len(lines) != 2 || lines[0].Title != "初审 3 件" || lines[0].Party != "2 家企业" || lines[0].Context != "a" || lines[1].Title != "初审 至少 1 件" || lines[1].Party != "丙物业" {
		t.Errorf("%+v", lines)
	}
}

// TestExpiryTasksHideNothing: what still runs comes before what has ended long ago, and what has no line of its own is counted.
func TestExpiryTasksHideNothing(t *testing.T) {
	today := day(t, "2026-10-19")
	list := func(soon, ended int) []registry.Expiry {
		var out []registry.Expiry
		for i := range soon {
			out = append(out, registry.Expiry{Kind: registry.ExpiryContract, What: "物业服务合同", Until: today.Add(i), Days: i, Stage: 90})
		}
		for i := range ended {
			out = append(out, registry.Expiry{Kind: registry.ExpiryContract, What: "物业服务合同", Until: today.Add(-1 - i), Days: -1 - i})
		}
		return out
	}
	for _, tt := range []struct{ soon, ended, lines, restSoon, restEnded int }{{0, 0, 0, 0, 0}, {1, 0, 1, 0, 0}, {2, 48, 50, 0, 0}, {1, 60, 49, 0, 13}, {48, 20, 49, 0, 20}, {60, 0, 49, 12, 0}, {60, 70, 50, 12, 70}} {
		got := expiryTasks(list(tt.soon, tt.ended), tt.soon, true)
		rest := map[string]int{}
		alone := 0
		for i, k := range got {
			if k.Count > 0 {
				rest[k.Link] = k.Count
				continue
			}
			if alone++; i < tt.soon && k.Due != today.Add(i) {
				t.Errorf("%+v: line %d is due %s", tt, i, k.Due)
			}
		}
		if len(got) != tt.lines || rest[expiryPath] != tt.restSoon || rest[expiryPath+"?stage=0"] != tt.restEnded || alone+tt.restSoon+tt.restEnded != tt.soon+tt.ended {
			t.Errorf("%+v: %d lines, %v beside them", tt, len(got), rest)
		}
	}
	var stages []string
	for _, o := range stageOptions() {
		stages = append(stages, o.Value+o.Label)
	}
	if got := strings.Join(stages, "|"); got != "全部|0已过期|3030 日以内|6031–60 日|9061–90 日" {
		t.Error(got)
	}
}

func TestOpenWorkIsForgotten(t *testing.T) {
	var w openWork
	now := time.Unix(0, 0)
	w.keep("a", now, map[string]workCount{"/todo": {1, 0}})
	if _, ok := w.find("a", now.Add(openWorkFor)); ok {
		t.Error("old counts are shown")
	}
	if _, ok := w.find("a", now.Add(openWorkFor-1)); !ok {
		t.Error("counts were not kept")
	}
	w.forget("a")
	if _, ok := w.find("a", now); ok {
		t.Error("counts outlived an act")
	}
}
