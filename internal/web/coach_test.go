package web_test

import (
	"net/url"
	"regexp"
	"testing"
)

// testCoach looks at what a project can still do for its star, tries values and gives a task, with every refusal on the way.
func testCoach(t *testing.T, today string, people map[string]*person, run func(...scenario), form func(...string) url.Values) {
	t.Helper()
	const one, give = "/coach/p001", "/coach/p001/give"
	var doors []scenario
	for _, path := range []string{"/coach", "/coach.xlsx", one, one + "/actions.xlsx", give, "/coach-tasks", "/coach-tasks.xlsx"} {
		for role, status := range map[string]int{"": 401, "worker": 403, "admin": 403} {
			doors = append(doors, scenario{name: role + " reads " + path, role: role, path: path, status: status})
		}
	}
	run(doors...)
	run(
		scenario{name: "the firm's compounds", role: "manager", path: "/coach", status: 200, contains: []string{one}, excludes: []string{"/coach/p002\""}},
		scenario{name: "nothing is found", role: "manager", path: "/coach?q=zzz", status: 200, contains: []string{"没有符合条件的"}},
		scenario{name: "the coach", role: "manager", path: one, status: 200, contains: []string{"自己试一试", "什么会掉一级", "派任务", "依据"}},
		scenario{name: "the officer gives none", role: "officer", path: one, status: 200, contains: []string{"自己试一试"}, excludes: []string{"派任务"}},
		scenario{name: "another firm's", role: "manager", path: "/coach/p002", status: 404},
		scenario{name: "none", role: "officer", path: "/coach/zzz", status: 404},
		scenario{name: "values are tried", role: "manager", path: one + "?try=1&v.complaints=60", status: 200, contains: []string{`id="tried"`, "核实有责的投诉", `value="60"`}},
		scenario{name: "a survey is tried", role: "manager", path: one + "?try=1&p.survey.very_satisfied=140&p.survey.neutral=60&p.survey.-=400", status: 200, contains: []string{`id="tried"`, "业主满意度", "7.5"}},
		scenario{name: "a survey of nobody knows how many", role: "manager", path: one + "?try=1&p.survey.very_satisfied=140&p.survey.-=", status: 422, contains: []string{"业主满意度调查：要填总户数", `href="#p.survey.-"`, `value="140"`}},
		scenario{name: "honours are tried", role: "manager", path: one + "?try=1&p.commendations.provincial=1", status: 200, contains: []string{"表彰奖励"}, excludes: []string{"没有一项指标有变化", "不能在这里试的"}},
		scenario{name: "an item beyond its marks", role: "manager", path: one + "?try=1&p.four_displays.flag=3", status: 422, contains: []string{`href="#p.four_displays.flag"`}},
		scenario{name: "what is no number", role: "manager", path: one + "?try=1&v.complaints=" + url.QueryEscape("很多"), status: 422, contains: []string{"核实有责的投诉：要填数字，不能是“很多”", `value="很多"`}},
		scenario{name: "half a complaint", role: "manager", path: one + "?try=1&v.complaints=0.5", status: 422, contains: []string{"要填不小于零的整数", `href="#v.complaints"`}},
		scenario{name: "more than all", role: "manager", path: one + "?try=1&n.answers=9&d.answers=8", status: 422, contains: []string{"前一个数 9 大于后一个数 8"}},
		scenario{name: "half of a ratio", role: "manager", path: one + "?try=1&n.answers=9&d.answers=", status: 422, contains: []string{"要么都填"}},
		scenario{name: "the form of a task", role: "manager", path: give + "?action=cameras", status: 200, contains: []string{"防高空抛物", `type="date"`}},
		scenario{name: "a task of nothing", role: "manager", path: give + "?action=zzz", status: 404},
		scenario{name: "who does it gives none", role: "keeper", method: "POST", path: give, form: form("action", "cameras"), status: 403, contains: []string{"派争星任务"}},
		scenario{name: "a task without a day", role: "manager", method: "POST", path: give, form: form("action", "cameras"), status: 422, contains: []string{"请填写要在哪一天以前办好"}},
		scenario{name: "a task until a day that is none", role: "manager", method: "POST", path: give, form: form("action", "cameras", "due", "月底"), status: 422, contains: []string{"不能是“月底”"}},
		scenario{name: "a task is given", role: "manager", method: "POST", path: give, form: form("action", "cameras", "due", today, "words", "先装大门"), status: 303, changes: 1},
		scenario{name: "given twice", role: "manager", method: "POST", path: give, form: form("action", "cameras", "due", today), status: 409, contains: []string{"已经派给"}},
		scenario{name: "it waits for who does it", role: "keeper", path: "/todo", status: 200, contains: []string{"去落实", "防高空抛物"}},
		scenario{name: "not for who gave it", role: "manager", path: "/todo", status: 200, excludes: []string{"去落实", "去确认"}},
		scenario{name: "whom the firm can urge", role: "manager", path: "/urging?of=coach", status: 200, contains: []string{"【催办】下列争星任务已经派出", "防高空抛物"}},
		scenario{name: "who does it urges nobody for it", role: "keeper", path: "/urging?of=coach", status: 200, contains: []string{"没有要催的事"}},
		scenario{name: "the list", role: "keeper", path: "/coach-tasks?state=open", status: 200, contains: []string{"待落实"}},
	)
	path := regexp.MustCompile(`/coach-tasks/[^"/?.]+`).FindString(people["keeper"].get(t, "/coach-tasks").body)
	run(
		scenario{name: "another step first", role: "manager", method: "POST", path: path + "/confirm", form: form("seq", "1"), status: 409},
		scenario{name: "reported without words", role: "keeper", method: "POST", path: path + "/report", form: form("seq", "1"), status: 422},
		scenario{name: "reported", role: "keeper", method: "POST", path: path + "/report", form: form("seq", "1", "report-text", "装好了，正常使用"), status: 303, changes: 1},
		scenario{name: "it waits for who gave it", role: "manager", path: "/todo", status: 200, contains: []string{"去确认"}},
		scenario{name: "the whole file", role: "manager", path: path + "/whole", status: 200, contains: []string{"卷内目录", "争星任务单", "办理经过"}},
		scenario{name: "printed", role: "manager", path: path + "/print/task", status: 200, contains: []string{"争星任务单"}},
	)
	people["keeper"].paper(t, path+"/print/task", "争星任务单", "防高空抛物", "先装大门", "为了小区的星级")
	run(
		scenario{name: "no task of nobody's", role: "manager", path: "/coach-tasks/none/print/task", status: 404},
		scenario{name: "confirmed", role: "manager", method: "POST", path: path + "/confirm", form: form("seq", "2"), status: 303, changes: 1},
		scenario{name: "told on the coach's page", role: "manager", path: one, status: 200, contains: []string{"已落实"}},
	)
	names, sheets := workbook(t, people["manager"].get(t, one+"/actions.xlsx"))
	if len(names) != 2 || len(sheets[names[0]]) < 10 {
		t.Errorf("the workbook has %v", names)
	}
}
