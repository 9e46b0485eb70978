package web_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/web/browsertest"
)

// testSchemes proposes a version of the quarter's scheme over the two published quarters, follows it through its approval and looks at every page of it on the way.
func testSchemes(t *testing.T, c *browsertest.County, people map[string]*person, run func(...scenario), form func(...string) url.Values) {
	t.Helper()
	first := string(readConfig(t, "schemes/five-goods-quarter.yaml"))
	later := regexp.MustCompile(`(?m)^version: .*$`).ReplaceAllString(first, `version: "next"`)
	moved := regexp.MustCompile(`(- id: svc_clean\n(?:    .*\n)*?    max: )4`).ReplaceAllString(later, "${1}3")
	moved = regexp.MustCompile(`(- id: svc_repair_time\n(?:    .*\n)*?    max: )3`).ReplaceAllString(moved, "${1}4")
	signInAgain(t, people)
	officer := people["officer"]
	propose := func(from, why, shipped, file string) answer {
		t.Helper()
		p := officer.get(t, "/schemes/new")
		fields := [][2]string{{"key", hiddenValue(t, p, "key")}, {"shipped", shipped}, {"from", from}, {"why", why}}
		var files []attachment
		if file != "" {
			files = append(files, attachment{"方案.yaml", []byte(file)})
		}
		return officer.upload(t, "/schemes/new", fields, nil, files...)
	}
	for name, tt := range map[string]struct {
		from, why, shipped, file string
		said                     []string
	}{
		"no file, no reason":          {"2027-02-01", "改", "", "", []string{"请选择方案文件", "修改的理由"}},
		"a day that is none":          {"元旦", "报修慢，加一分", "", later + "\nnonsense: 1\n", []string{"日期", "nonsense"}},
		"all mistakes of a file":      {"2027-02-01", "报修慢，加一分", "", strings.Replace(strings.Replace(moved, "max: 15", `max: "1,5"`, 1), "of: revenue,", "of: revenues,", 1), []string{"不是数字", "revenues", "第 "}},
		"the version that is used":    {"2027-02-01", "报修慢，加一分", "quarter.yaml", "", []string{"完全相同"}},
		"other rules, the same label": {"2027-02-01", "报修慢，加一分", "", strings.Replace(first, "max: 15", "max: 16", 1), []string{"版本号"}},
		"a file that is none":         {"2027-02-01", "报修慢，加一分", "", "\x00\x01", []string{"第 1 行"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := propose(tt.from, tt.why, tt.shipped, tt.file)
			if a.StatusCode != 422 {
				t.Errorf("status %d", a.StatusCode)
			}
			for _, want := range tt.said {
				if !strings.Contains(a.body, want) {
					t.Errorf("lacks %q in %.1500s", want, a.body)
				}
			}
		})
	}
	a := propose("2027-02-01", "业主反映报修慢，加一分", "", moved)
	if a.StatusCode != 303 {
		t.Fatalf("%d: %.1500s", a.StatusCode, a.body)
	}
	path, _, _ := strings.Cut(a.Header.Get("Location"), "?")
	page := officer.get(t, path)
	for _, want := range []string{"改了什么", "指标“保洁和绿化”", "在已经公布的各期上重放", "2026年第三季度", "2026年第二季度", "由哪一条造成", "名义权重", "已证明"} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page of the version lacks %q in %.3000s", want, page.body)
		}
	}
	step := func(who, do string, pairs ...string) {
		t.Helper()
		now := people[who].get(t, path)
		fields := [][2]string{{"key", "k" + do}, {"seq", hiddenValue(t, now, "seq")}}
		for i := 0; i < len(pairs); i += 2 {
			fields = append(fields, [2]string{pairs[i], pairs[i+1]})
		}
		if a := people[who].upload(t, path+"/"+do, fields, nil); a.StatusCode != 303 {
			t.Fatalf("%s by %s: %d %.1500s", do, who, a.StatusCode, a.body)
		}
	}
	run(
		scenario{name: "the list of versions", role: "auditor", path: "/schemes", status: 200, contains: []string{"用过的版本", "最初的一版", "next 版", "草稿"}, excludes: []string{"提出新的一版"}},
		scenario{name: "filtered", role: "auditor", path: "/schemes?state=adopted&rhythm=quarter", status: 200, contains: []string{"没有符合条件的"}},
		scenario{name: "its method", role: "auditor", path: path + "/method", status: 200, contains: []string{"这是提出的一版", "保洁和绿化"}},
		scenario{name: "its file", role: "auditor", path: path + "/scheme.yaml", status: 200, contains: []string{`version: "next"`}},
		scenario{name: "its workbook as CSV", role: "auditor", path: path + "/replay.xlsx?as=csv", status: 200, contains: []string{"由哪些改动造成", "指标“报修按时办理”"}},
		scenario{name: "the list as CSV", role: "auditor", path: "/schemes.xlsx?as=csv", status: 200, contains: []string{"业主反映报修慢"}},
		scenario{name: "side by side", role: "auditor", path: "/schemes/compare", status: 200, contains: []string{"next 版", "规则的不同"}},
		scenario{name: "side by side as CSV", role: "auditor", path: "/schemes/compare.xlsx?as=csv&rhythm=quarter&period=2026Q2&two=" + strings.TrimPrefix(path, "/schemes/"), status: 200, contains: []string{"2026年第二季度"}},
		scenario{name: "another rhythm than that of the chosen version", role: "auditor", path: "/schemes/compare?rhythm=year&two=" + strings.TrimPrefix(path, "/schemes/"), status: 200, contains: []string{"规则没有不同"}},
		scenario{name: "a period that is not published", role: "auditor", path: "/schemes/compare?rhythm=quarter&period=2031Q1", status: 404},
		scenario{name: "a version that is not there", role: "auditor", path: "/schemes/none", status: 404},
		scenario{name: "the form as a paper", role: "auditor", path: path + "/print/form", status: 200, contains: []string{"采用审批表", "重放2026年第二季度"}},
		scenario{name: "no decision yet", role: "auditor", path: path + "/print/decision", status: 404},
		scenario{name: "the officer is told to send it", role: "officer", path: "/todo", status: 200, contains: []string{"测算好了，送审"}},
	)
	step("officer", "send")
	run(scenario{name: "it waits for the chief", role: "chief", path: "/todo", status: 200, contains: []string{"看测算结果，签署"}})
	for _, who := range []string{"chief", "vice", "boss"} {
		now := people[who].get(t, path)
		run(scenario{name: "signed by " + who, role: who, method: "POST", path: path + "/sign", form: form("seq", hiddenValue(t, now, "seq"), "move", "agree", "hash", hiddenValue(t, now, "hash"), "current", browsertest.Password), status: 303, changes: 1})
	}
	run(scenario{name: "who proposed it does not adopt it", role: "officer", path: path, status: 200, contains: []string{"待发文"}, excludes: []string{"发文采用</button>"}})
	step("chief", "adopt", "adopt-number", "都建发[2026]44号")
	run(
		scenario{name: "adopted", role: "auditor", path: "/schemes", status: 200, contains: []string{"都建发〔2026〕44号", "待施行"}},
		scenario{name: "the decision", role: "auditor", path: path + "/print/decision", status: 200, contains: []string{"关于采用", "不作改变", "都建发〔2026〕44号"}},
		scenario{name: "the whole file", role: "auditor", path: path + "/whole", status: 200, contains: []string{"卷内目录", "采用审批表", "关于采用", "办理经过"}},
		scenario{name: "the decision as Word", role: "auditor", path: path + "/print/decision?as=docx", status: 200},
		scenario{name: "who changed this rule, and when", role: "auditor", path: "/schemes/rule?rhythm=quarter&rule=" + url.QueryEscape("indicators/svc_clean"), status: 200, contains: []string{"都建发〔2026〕44号", "物业管理股经办人提出", "物业管理股股长", "<td>4</td><td>3</td>"}},
		scenario{name: "a rule that did not change", role: "auditor", path: "/schemes/rule?rhythm=quarter&rule=" + url.QueryEscape("indicators/svc_order"), status: 200, contains: []string{"与前一版相同"}},
		scenario{name: "a rule that nobody has", role: "auditor", path: "/schemes/rule?rhythm=quarter&rule=" + url.QueryEscape("indicators/none"), status: 404},
		scenario{name: "a section that no scheme has", role: "auditor", path: "/schemes/rule?rhythm=quarter&rule=x", status: 404},
		// What is planned now does not use it yet: its day has not come.
		scenario{name: "planned before its day", role: "officer", method: "POST", path: "/periods", form: form("period", "2026Q4", "submit", "2026-12-31", "cutoff", "2027-01-09"), status: 303, changes: -1},
		scenario{name: "the period says that it keeps its own", role: "officer", path: "/periods/2026Q4", status: 200, contains: []string{"方案 next 版（都建发〔2026〕44号）自2027年2月1日起用于以后建立的周期", "仍按"}},
	)
	c.Set(calendar.Year(2027).Span().First.Add(40))
	signInAgain(t, people)
	run(
		scenario{name: "planned after its day", role: "officer", method: "POST", path: "/periods", form: form("period", "2027Q1", "submit", "2027-03-31", "cutoff", "2027-04-09"), status: 303, changes: -1},
		scenario{name: "it uses the new version", role: "officer", path: "/periods/2027Q1", status: 200, contains: []string{"five-goods next 版"}, excludes: []string{"仍按"}},
	)
}
