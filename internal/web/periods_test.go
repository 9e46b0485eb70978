package web_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/web"
	"redsteward/internal/web/browsertest"
	"redsteward/policy"
)

// startCounty serves a county with a rating cycle: 2026Q2 is published, 2026Q3 open.
// shortStaffed is a bureau in which one work cannot be staffed, and another not with one person away.
type shortStaffed struct{ web.Approvals }

// Staffing implements web.Approvals.
func (shortStaffed) Staffing(context.Context, policy.Actor) ([]policy.Lack, error) {
	return []policy.Lack{{Work: "评价公布", Steps: []string{"评价", "公布"}, Need: 2, Have: 1}, {Work: "备案审批", Steps: []string{"经办", "审核"}, Need: 2, Have: 1, Absent: true}}, nil
}

func startCounty(t testing.TB) (*browsertest.County, *browsertest.Fixture) {
	t.Helper()
	more := map[string]policy.Appointment{
		"auditor": {Role: "auditor", Scopes: []string{policy.County}, Order: "调阅单〔2026〕3号", Days: policy.Span{From: calendar.Quarter{Year: 2026, N: 3}.Span().First, Until: calendar.Quarter{Year: 2027, N: 2}.Span().Last},
			Access: &policy.AccessOrder{Reason: "核对星级评价", Matters: []string{"scheme", "evaluation", "period", "board", "range", "log", "objection", "response", "approval"}, FirstYear: 2026, LastYear: 2027, Whole: "全县星级评价复核"}},
		"worker": {Role: "community_worker", Scopes: []string{policy.County}},
		"second": {Role: "property_officer", Scopes: []string{policy.County}},
		"keeper": {Role: "project_manager", Scopes: []string{policy.ProjectKey("p001")}},
	}
	c := browsertest.StartCounty(t, engine(t), time.Now, browsertest.CountyFiles{RolesConf: readConfig(t, "roles.conf"), RolesCSV: bytes.ReplaceAll(readConfig(t, "roles.csv"), []byte("audit, order, 30"), []byte("audit, order, 366")), Chains: readConfig(t, "approvals.yaml"),
		Ranges: readConfig(t, "ranges.yaml"), Quarter: readConfig(t, "schemes/five-goods-quarter.yaml"), Year: readConfig(t, "schemes/five-goods-year.yaml"), Coach: readConfig(t, "coach.yaml"), Approvals: shortStaffed{}}, t.TempDir(), more)
	return c, &browsertest.Fixture{Base: c.Base, DB: c.DB}
}

// hiddenValue is the value of a hidden field of a page.
func hiddenValue(t *testing.T, a answer, name string) string {
	t.Helper()
	m := regexp.MustCompile(`<input type="hidden" name="` + name + `" value="([^"]+)"`).FindStringSubmatch(a.body)
	if m == nil {
		t.Fatalf("no field %s in %.1500s", name, a.body)
	}
	return m[1]
}

// TestPeriodsThroughPages is a quarter and a year as far as publication, with every refusal on the way: each is told in Chinese and writes nothing.
func TestPeriodsThroughPages(t *testing.T) {
	c, f := startCounty(t)
	people := map[string]*person{}
	run := func(list ...scenario) {
		t.Helper()
		for _, s := range list {
			s.run(t, f, people)
		}
	}
	form := func(pairs ...string) url.Values {
		v := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v
	}
	// Who may not come in, by page and by act.
	var doors []scenario
	for _, path := range []string{"/periods", "/periods/2026Q3", "/periods/2026Q3/progress", "/periods/2026Q3/missing.csv", "/periods/2026Q2/preview", "/periods/2026Q2/preview.xlsx",
		"/periods/2026Q2/ranges", "/periods/2026Q2/ranges.xlsx", "/periods/2026Q2/minutes", "/periods/2026Q3/publish", "/periods/2026Q3/files/scan-1", "/boards", "/scorers", "/boards.xlsx", "/boards/heat.xlsx", "/boards/heat.json", "/boards/rows", "/boards/rows.xlsx", "/schemes", "/schemes.xlsx", "/schemes/compare", "/schemes/compare.xlsx", "/schemes/rule", "/schemes/new", "/schemes/1", "/schemes/1/method", "/schemes/1/scheme.yaml", "/schemes/1/replay.xlsx", "/schemes/1/print/form", "/schemes/1/files/scan-1"} {
		for role, status := range map[string]int{"": 401, "manager": 403, "worker": 403, "admin": 403} {
			doors = append(doors, scenario{name: role + " reads " + path, role: role, path: path, status: status})
		}
	}
	for _, path := range []string{"/periods", "/periods/2026Q3/open", "/periods/2026Q3/close", "/periods/2026Q3/evaluate", "/periods/2026Q3/ranges", "/periods/2026Q3/ranges/repeat", "/periods/2026Q3/tell", "/periods/2026Q3/send", "/periods/2026Q3/withdraw", "/periods/2026Q3/sign", "/periods/2026Q3/paper", "/periods/2026Q3/publish", "/schemes/new", "/schemes/1/study", "/schemes/1/waive", "/schemes/1/send", "/schemes/1/sign", "/schemes/1/paper", "/schemes/1/adopt", "/schemes/1/withdraw"} {
		for role, status := range map[string]int{"": 401, "manager": 403, "worker": 403, "admin": 403, "auditor": 403} {
			doors = append(doors, scenario{name: role + " posts " + path, role: role, method: "POST", path: path, form: form("period", "2026Q4", "submit", "2026-12-31", "cutoff", "2027-01-09"), status: status})
		}
	}
	run(doors...)
	run(
		scenario{name: "auditor reads the periods", role: "auditor", path: "/periods", status: 200, contains: []string{"2026年第三季度"}, excludes: []string{"建立周期</button>"}},
		scenario{name: "auditor reads what is missing", role: "auditor", path: "/periods/2026Q3", status: 200, contains: []string{"还缺什么"}, excludes: []string{"截止材料提交</button>"}},
		scenario{name: "auditor sees who signed", role: "auditor", path: "/periods/2026Q2/publish", status: 200, contains: []string{"季度通报审批", "同意"}, excludes: []string{"送审</button>", "公布得分</button>", "同意</button>"}},
		scenario{name: "officer may not publish", role: "officer", method: "POST", path: "/periods/2026Q3/publish", form: form("evaluation", "x"), status: 403, contains: []string{"物业管理股股长"}},
		scenario{name: "a period that is none", role: "officer", path: "/periods/2031Q9", status: 404},
		scenario{name: "how people score is for their supervisor", role: "chief", path: "/scorers", status: 200, contains: []string{"还没有可以看的走访", "不排名"}},
		scenario{name: "and for nobody else", role: "officer", path: "/scorers", status: 403},
		scenario{name: "an unknown chart", role: "officer", path: "/boards/pie.xlsx", status: 404},
		scenario{name: "no scan of the minutes", role: "officer", path: "/periods/2026Q2/minutes", status: 404},

		scenario{name: "a plan without days", role: "officer", method: "POST", path: "/periods", form: form("period", "2026q4"), status: 422, contains: []string{"有 2 处需要更正", `value="2026Q4"`}},
		scenario{name: "a plan out of order", role: "officer", method: "POST", path: "/periods", form: form("period", "2026Q4", "submit", "2026-12-31", "cutoff", "2026-12-01"), status: 422, contains: []string{"早于材料提交截止日", `value="2026-12-01"`}},
		scenario{name: "a plan of no period", role: "officer", method: "POST", path: "/periods", form: form("period", "第四季度", "submit", "2026-12-31", "cutoff", "2027-01-09"), status: 422, contains: []string{"周期要写成 2026Q3"}},
		scenario{name: "a plan in the wrong order of a day that is none", role: "officer", method: "POST", path: "/periods", form: form("period", "2026Q4", "submit", "2026-09-01", "cutoff", "元旦"), status: 422, contains: []string{"早于周期的第一天", "统计截止要写成"}},
		scenario{name: "a plan twice", role: "officer", method: "POST", path: "/periods", form: form("period", "2026Q3", "submit", "2026-09-30", "cutoff", "2026-10-09"), status: 422, contains: []string{"2026年第三季度已经建立"}},
		scenario{name: "opened twice", role: "officer", method: "POST", path: "/periods/2026Q3/open", form: form(), status: 409},
		scenario{name: "evaluated while open", role: "officer", method: "POST", path: "/periods/2026Q3/evaluate", form: form(), status: 409, contains: []string{"材料提交还没有截止"}},
		scenario{name: "preview of nothing", role: "officer", path: "/periods/2026Q3/preview", status: 409},
		scenario{name: "progress of nothing", role: "officer", path: "/periods/2026Q3/progress", status: 404},
		scenario{name: "the form of publishing too early", role: "chief", path: "/periods/2026Q3/publish", status: 409, contains: []string{"收集材料中"}},
		scenario{name: "published too early", role: "chief", method: "POST", path: "/periods/2026Q3/publish", form: form("evaluation", ""), status: 409},
		scenario{name: "closed", role: "officer", method: "POST", path: "/periods/2026Q3/close", form: form(), status: 200, contains: []string{"材料提交已截止"}, changes: 1},
		scenario{name: "closed twice", role: "officer", method: "POST", path: "/periods/2026Q3/close", form: form(), status: 409},
		scenario{name: "without a form token", role: "officer", method: "POST", path: "/periods/2026Q3/evaluate", form: form("_t", "no"), status: 403},
		scenario{name: "evaluation begins", role: "officer", method: "POST", path: "/periods/2026Q3/evaluate", form: form(), status: 303},
		scenario{name: "evaluated while one runs", role: "officer", method: "POST", path: "/periods/2026Q3/evaluate", form: form(), status: 409, contains: []string{"2026年第三季度的评价正在运行"}},
		scenario{name: "another person while one runs", role: "chief", method: "POST", path: "/periods/2026Q3/evaluate", form: form(), status: 409, contains: []string{"请等它结束"}},
		scenario{name: "progress", role: "auditor", path: "/periods/2026Q3/progress", status: 200, contains: []string{`"running":true`, "收集数据"}},
		scenario{name: "progress on the page", role: "officer", path: "/periods/2026Q3", status: 200, contains: []string{"正在评价", "可以离开这一页"}, excludes: []string{"立即评价"}},
	)
	close(c.Hold)
	c.Wait()
	run(
		scenario{name: "ended", role: "officer", path: "/periods/2026Q3", status: 200, contains: []string{"最近一次评价在", "重新评价"}},
		scenario{name: "preview", role: "auditor", path: "/periods/2026Q3/preview", status: 200, contains: []string{"主要原因", "敏感性区间", "2026年第二季度"}, excludes: []string{"去公布"}},
		scenario{name: "how firmly it stands", role: "auditor", path: "/periods/2026Q3/ranges", status: 200, contains: []string{"敏感性区间，不是置信区间", "只供内部查看", "只动一种假设", "去掉一项指标", "扰动 10,000 次", `class="ch iv"`}, excludes: []string{"重算核对"}},
		scenario{name: "what does not stand", role: "officer", path: "/periods/2026Q3/ranges?only=unsteady&sort=width&desc=1&q=没有这个小区", status: 200, contains: []string{"没有符合条件的", "重算核对"}},
		scenario{name: "made twice", role: "officer", method: "POST", path: "/periods/2026Q3/ranges", form: form(), status: 409, contains: []string{"已经算好"}},
		scenario{name: "none for what was evaluated before", role: "officer", path: "/periods/2026Q2/ranges", status: 200, contains: []string{"还没有算过敏感性区间", "现在计算"}},
		scenario{name: "none to repeat", role: "officer", method: "POST", path: "/periods/2026Q2/ranges/repeat", form: form(), status: 404},
		scenario{name: "none to take away", role: "auditor", path: "/periods/2026Q2/ranges.xlsx", status: 404},
	)
	const publish = "/periods/2026Q3/publish"
	first := hiddenValue(t, people["officer"].get(t, publish), "evaluation")
	testPreviewExcel(t, people["auditor"])
	testRangesExcel(t, people["auditor"])

	// The chief lets it be evaluated again, over facts that did not change: the evaluation is the same, but he must not sign now.
	testTelling(t, c, people, run, form, first)
	send := form("evaluation", first)
	sign := func(pairs ...string) url.Values {
		return form(append([]string{"move", "agree", "hash", hiddenValue(t, people["chief"].get(t, publish), "hash"), "current", browsertest.Password}, pairs...)...)
	}
	run(scenario{name: "the chief evaluates", role: "chief", method: "POST", path: "/periods/2026Q3/evaluate", form: form(), status: 303, changes: -1})
	c.Wait()
	run(
		scenario{name: "published without approval", role: "chief", method: "POST", path: publish, form: form("evaluation", first, "number", "都建发〔2026〕12号"), status: 409, contains: []string{"还没有送审"}},
		scenario{name: "an evaluation that was replaced", role: "officer", method: "POST", path: "/periods/2026Q3/send", form: form("evaluation", "0000"), status: 409, contains: []string{"又评价过一次"}},
		scenario{name: "sent", role: "officer", method: "POST", path: "/periods/2026Q3/send", form: send, status: 303, changes: 1},
		scenario{name: "sent twice", role: "officer", method: "POST", path: "/periods/2026Q3/send", form: send, status: 409, contains: []string{"正在审批"}},
		scenario{name: "evaluated while it is approved", role: "officer", method: "POST", path: "/periods/2026Q3/evaluate", form: form(), status: 409, contains: []string{"正在审批公布"}},
		scenario{name: "the page says who must not sign", role: "chief", path: publish, status: 200, contains: []string{"必须由另一人完成", "等“股长审核”"}, excludes: []string{"同意</button>"}},
		scenario{name: "who evaluated signs", role: "chief", method: "POST", path: "/periods/2026Q3/sign", form: form("move", "agree", "current", browsertest.Password), status: 403, contains: []string{"S-1"}},
		scenario{name: "withdrawn by another", role: "chief", method: "POST", path: "/periods/2026Q3/withdraw", form: form(), status: 403, contains: []string{"经办人"}},
		scenario{name: "withdrawn", role: "officer", method: "POST", path: "/periods/2026Q3/withdraw", form: form(), status: 303, changes: 1},
		scenario{name: "the officer evaluates again", role: "officer", method: "POST", path: "/periods/2026Q3/evaluate", form: form(), status: 303, changes: -1},
	)
	c.Wait()
	run(
		scenario{name: "sent again", role: "officer", method: "POST", path: "/periods/2026Q3/send", form: send, status: 303, changes: 1},
		scenario{name: "it waits on the to-do page", role: "chief", path: "/todo", status: 200, contains: []string{"签署2026年第三季度的公布"}},
		scenario{name: "not for the last level", role: "boss", path: "/todo", status: 200, contains: []string{"2026年第三季度的结果等各级签署"}, excludes: []string{"签署2026年第三季度的公布"}},
	)
	run(
		scenario{name: "signed by who sent it", role: "officer", method: "POST", path: "/periods/2026Q3/sign", form: sign(), status: 403},
		scenario{name: "signed with a wrong password", role: "chief", method: "POST", path: "/periods/2026Q3/sign", form: sign("current", "wrong"), status: 422, contains: []string{"密码不正确"}, changes: -1},
		scenario{name: "another content signed", role: "chief", method: "POST", path: "/periods/2026Q3/sign", form: sign("hash", "sha256:0"), status: 409, contains: []string{"内容已经变化"}},
		scenario{name: "returned without a reason", role: "chief", method: "POST", path: "/periods/2026Q3/sign", form: sign("move", "return"), status: 422, contains: []string{"要写明理由"}},
		scenario{name: "no scan of a signature", role: "chief", path: "/periods/2026Q3/files/scan-1", status: 404},
		scenario{name: "a level that takes no paper", role: "officer", method: "POST", path: "/periods/2026Q3/paper", form: sign(), status: 422, contains: []string{"签字件扫描件"}},
		scenario{name: "signed by the chief", role: "chief", method: "POST", path: "/periods/2026Q3/sign", form: sign(), status: 303, changes: 1},
		scenario{name: "published before the last level", role: "chief", method: "POST", path: publish, form: form("evaluation", first, "number", "都建发〔2026〕12号"), status: 409, contains: []string{"还在审批"}},
		scenario{name: "paper is taken at this level", role: "officer", path: publish, status: 200, contains: []string{"登记纸质签字", "等“分管局领导签发”"}},
	)
	run(
		scenario{name: "signed by the deputy director", role: "vice", method: "POST", path: "/periods/2026Q3/sign", form: sign(), status: 303, changes: 1},
		scenario{name: "signed once more", role: "vice", method: "POST", path: "/periods/2026Q3/sign", form: form("move", "agree"), status: 409, contains: []string{"不用再签"}},
		scenario{name: "a number that is none", role: "chief", method: "POST", path: publish, form: form("evaluation", first, "number", "12号"), status: 422, contains: []string{"“12号”", `value="12号"`}},
		scenario{name: "an evaluation that was replaced meanwhile", role: "chief", method: "POST", path: publish, form: form("evaluation", "0000"), status: 409, contains: []string{"又评价过一次"}},
		scenario{name: "published", role: "chief", method: "POST", path: publish, form: form("evaluation", first, "number", "都建发[2026]12号"), status: 200, contains: []string{"已公布", "都建发〔2026〕12号"}, changes: 4},
		scenario{name: "the form sent again", role: "chief", method: "POST", path: publish, form: form("evaluation", first, "number", "都建发[2026]12号"), status: 409, contains: []string{"已经公布过"}},
		scenario{name: "evaluated after it is published", role: "officer", method: "POST", path: "/periods/2026Q3/evaluate", form: form(), status: 409, contains: []string{"结果不能再改"}},
		scenario{name: "opened after it is published", role: "officer", method: "POST", path: "/periods/2026Q3/open", form: form(), status: 409},
		scenario{name: "who signed, after it is published", role: "chief", path: publish, status: 200, contains: []string{"季度通报审批", "都建发〔2026〕12号"}, excludes: []string{"公布得分</button>", "送审</button>"}},
		scenario{name: "the public reads the circular", path: "/circulars/2026Q3", status: 200, contains: []string{"不评星、不排名次", "登录"}, excludes: []string{"我的待办"}},
		scenario{name: "the auditor reads it after the public", role: "auditor", path: "/circulars/2026Q3", status: 200, contains: []string{"不评星、不排名次", "我的待办"}},
		scenario{name: "the public reads it after the auditor", path: "/circulars/2026Q3", status: 200, contains: []string{"登录"}, excludes: []string{"我的待办"}},
		scenario{name: "the public takes its table", path: "/circulars/2026Q3/scores.csv", status: 200, contains: []string{"小区,编号,物业服务企业"}, excludes: []string{"<html"}},
		scenario{name: "as Excel", path: "/circulars/2026Q3/scores.xlsx", status: 200},
		scenario{name: "a quarter that is not published", path: "/circulars/2026Q4", status: 404},
		scenario{name: "nor as Excel", path: "/circulars/2026Q4/scores.xlsx", status: 404},
		scenario{name: "circulars to print", role: "auditor", path: "/prints?of=/circulars", status: 200, contains: []string{"2026Q3~paper"}},
		scenario{name: "circulars together", role: "auditor", path: "/prints/sheets?of=/circulars&p=2026Q3~paper&p=2026Q4~paper", status: 200, contains: []string{"批量打印，1 份", "关于2026年第三季度物业服务检查得分情况", "有 1 份打不开"}},
		scenario{name: "the circular as a paper", path: "/circulars/2026Q3/paper", status: 200, contains: []string{"关于2026年第三季度物业服务检查得分情况的通报", "都建发〔2026〕12号", "有得分的 22 个"}, excludes: []string{"五星"}},
		scenario{name: "boards", role: "auditor", path: "/boards", status: 200, contains: []string{"口径：", "/boards/moves.xlsx?period=2026Q3", "2026年第三季度，和2026年第二季度比", "季度不评星"}},
		scenario{name: "boards of a period that is none", role: "auditor", path: "/boards?period=2031Q1", status: 404},
		scenario{name: "the list behind a number", role: "auditor", path: "/boards/rows?period=2026Q3&move=up&line=img_complaints", status: 200, contains: []string{"小区明细", "升降"}, excludes: []string{`<td class="num">降</td>`}},
		scenario{name: "nothing behind a number", role: "auditor", path: "/boards/rows?period=2026Q3&community=%E6%B2%A1%E6%9C%89", status: 200, contains: []string{"没有符合条件的"}},
	)
	if _, sheets := workbook(t, people["auditor"].get(t, "/circulars/2026Q3/scores.xlsx")); !containsAll(fmt.Sprint(sheets), []string{"总分", "得分率%", "都建发〔2026〕12号", "结果根指纹"}) {
		t.Errorf("the circular as Excel: %v", sheets)
	}
	testBoardsExcel(t, people["auditor"])
	testYearWithMinutes(t, c, people, run, form)
	testSchemes(t, c, people, run, form)
	testCoach(t, calendar.DateOf(c.Clock()).String(), people, run, form)
}

// testTelling tells the scores of the third quarter, lets the firm object and another officer answer, and lets the window pass.
func testTelling(t *testing.T, c *browsertest.County, people map[string]*person, run func(...scenario), form func(...string) url.Values, first string) {
	const line, tell = "ops_answers", "/periods/2026Q3/tell"
	told := form("evaluation", first)
	run(
		scenario{name: "sent before the firms were told", role: "officer", method: "POST", path: "/periods/2026Q3/send", form: told, status: 409, contains: []string{"还没有告知企业"}},
		scenario{name: "the firm sees nothing before", role: "manager", path: "/scores/2026Q3/p001", status: 404},
		scenario{name: "only what was told is listed", role: "manager", path: "/scores", status: 200, contains: []string{"2026年第二季度", "已经通报"}, excludes: []string{"2026年第三季度"}},
		scenario{name: "the public reads nothing of it", path: "/circulars", status: 200, contains: []string{"2026年第二季度"}, excludes: []string{"2026年第三季度"}},
		scenario{name: "told", role: "officer", method: "POST", path: tell, form: told, status: 303, changes: 1},
		scenario{name: "told twice", role: "officer", method: "POST", path: tell, form: told, status: 409, contains: []string{"已经告知企业"}},
		scenario{name: "sent while the window runs", role: "officer", method: "POST", path: "/periods/2026Q3/send", form: told, status: 409, contains: []string{"异议期到2026年10月29日，期满"}},
		scenario{name: "the page says why it waits", role: "officer", path: "/periods/2026Q3/publish", status: 200, contains: []string{"征求意见", "等异议期届满", "24 个小区"}, excludes: []string{"送审</button>", "告知企业</button>"}},
		scenario{name: "the step is marked", role: "officer", path: "/periods/2026Q3", status: 200, contains: []string{`<li class="now" aria-current="step">告知与异议`}},
		scenario{name: "the public reads the state alone", path: "/circulars", status: 200, contains: []string{"征求意见", "异议期到2026年10月29日"}},
		scenario{name: "it stands on the firm's to-do page", role: "manager", path: "/todo", status: 200, contains: []string{"核对2026年第三季度的得分"}},
		scenario{name: "the firm sees its own", role: "manager", path: "/scores?period=2026Q3&only=open&sort=name", status: 200, contains: []string{"/scores/2026Q3/p001", "可以提到", `href="/coach/p001"`}, excludes: []string{"/scores/2026Q3/p002"}},
		scenario{name: "nothing fits the search", role: "manager", path: "/scores?q=没有这个", status: 200, contains: []string{"没有符合条件的"}},
		scenario{name: "its Excel", role: "manager", path: "/scores.xlsx?period=2026Q3", status: 200},
		scenario{name: "its lines", role: "manager", path: "/scores/2026Q3/p001", status: 200, contains: []string{"提异议", "观察记录 1 条", "异议期"}, excludes: []string{"scorer"}},
		scenario{name: "what was lost comes first, the rest is folded", role: "manager", path: "/scores/2026Q3/p001", status: 200, contains: []string{"失分的条目", "按评价主体看", "分数从哪里失去", "<details class=\"sec gap\"><summary>其余", "/scores/2026Q3/p001/report"}},
		scenario{name: "unfolded", role: "manager", path: "/scores/2026Q3/p001?all=1", status: 200, contains: []string{`<details class="sec gap" open>`}},
		scenario{name: "as a report", role: "manager", path: "/scores/2026Q3/p001/report", status: 200, contains: []string{"得分说明", "逐条得分", "观察记录 1 条", "按评价主体", "?as=docx"}, excludes: []string{"scorer", "提异议"}},
		scenario{name: "not the report of another firm", role: "manager", path: "/scores/2026Q3/p002/report", status: 404},
		scenario{name: "not those of another firm", role: "manager", path: "/scores/2026Q3/p002", status: 404},
		scenario{name: "nor may a community look", role: "worker", path: "/scores", status: 403},
		scenario{name: "the form", role: "manager", path: "/objections/new?period=2026Q3&project=p001&line=" + line, status: 200, contains: []string{"告知的得分", "证明材料"}},
		scenario{name: "the form for no line", role: "manager", path: "/objections/new?period=2026Q3&project=p001&line=none", status: 404},
		scenario{name: "the bureau objects to nothing", role: "officer", path: "/objections/new?period=2026Q3&project=p001&line=" + line, status: 403},
	)
	manager := people["manager"]
	object := func(ground string) url.Values {
		return form("period", "2026Q3", "project", "p001", "line", line, "ground", ground, "key", "objection-"+strconv.Itoa(len(ground)))
	}
	run(
		scenario{name: "without a reason", role: "manager", method: "POST", path: "/objections/new", form: object("不对"), status: 422, contains: []string{"有 1 处需要更正", "不对</textarea>"}},
		scenario{name: "against another firm's", role: "manager", method: "POST", path: "/objections/new", form: form("period", "2026Q3", "project", "p002", "line", line, "ground", "少算了四件按期答复的"), status: 404},
		scenario{name: "objected", role: "manager", method: "POST", path: "/objections/new", form: object("少算了四件按期答复的"), status: 303, changes: 2},
		scenario{name: "objected twice", role: "manager", method: "POST", path: "/objections/new", form: object("再说一遍，少算了四件按期答复的"), status: 409, contains: []string{"一项只提一次"}},
	)
	found := regexp.MustCompile(`/objections/([0-9A-Za-z]{20,})`).FindStringSubmatch(manager.get(t, "/objections?period=2026Q3&state=open&q=答复").body)
	if found == nil {
		t.Fatal("the list of objections names none")
	}
	one := found[0]
	step := func(name string, seq int, text string) url.Values {
		return form("key", name+text, "seq", strconv.Itoa(seq), name+"-text", text)
	}
	run(
		scenario{name: "the line shows it", role: "manager", path: "/scores/2026Q3/p001", status: 200, contains: []string{one, "异议待答复"}},
		scenario{name: "the public reads that it is contested", path: "/circulars", status: 200, contains: []string{"异议中"}, excludes: []string{"少算了"}},
		scenario{name: "the firm's page of it", role: "manager", path: one, status: 200, contains: []string{"补充材料", "撤回异议"}, excludes: []string{"采纳</button>"}},
		scenario{name: "a file is missing", role: "manager", method: "POST", path: one + "/attach", form: step("attach", 1, ""), status: 422, contains: []string{"请选择要补充的文件"}},
		scenario{name: "no such file", role: "manager", path: one + "/files/file-1", status: 404},
		scenario{name: "another firm's manager is told nothing", role: "worker", path: one, status: 403},
		scenario{name: "it waits on the to-do page", role: "second", path: "/todo", status: 200, contains: []string{"答复得分异议"}},
		scenario{name: "who evaluated answers nothing", role: "officer", method: "POST", path: one + "/refuse", form: step("refuse", 1, "台账上没有这四件"), status: 403, contains: []string{"S-1"}},
		scenario{name: "nor does the firm", role: "manager", method: "POST", path: one + "/uphold", form: step("uphold", 1, "台账上没有这四件"), status: 403},
		scenario{name: "corrected before it is upheld", role: "second", method: "POST", path: one + "/correct", form: step("correct", 1, "改了观察记录"), status: 409},
		scenario{name: "answered without a reason", role: "second", method: "POST", path: one + "/refuse", form: step("refuse", 1, ""), status: 422},
		scenario{name: "upheld", role: "second", method: "POST", path: one + "/uphold", form: step("uphold", 1, "平台回执显示已按期答复"), status: 303, changes: 1},
		scenario{name: "the bureau's page of it", role: "second", path: one, status: 200, contains: []string{"采纳待更正", "确认已更正", "得分异议答复书"}},
		scenario{name: "nothing was corrected", role: "second", method: "POST", path: one + "/correct", form: step("correct", 2, "更正了观察记录"), status: 409, contains: []string{"这一项没有变化"}},
		scenario{name: "answered anew", role: "second", method: "POST", path: one + "/refuse", form: step("refuse", 2, "查明回执是另一个小区的"), status: 303, changes: 1},
		scenario{name: "withdrawn after its end", role: "manager", method: "POST", path: one + "/withdraw", form: step("withdraw", 3, ""), status: 409},
		scenario{name: "the paper of the firm", role: "manager", path: one + "/print/objection", status: 200, contains: []string{"得分异议书", "少算了四件"}},
		scenario{name: "the file of the objection", role: "manager", path: one + "/whole", status: 200, contains: []string{"卷内目录", "得分异议书", "10 年"}},
		scenario{name: "answers to print together", role: "manager", path: "/prints?of=/objections", status: 200, contains: []string{strings.TrimPrefix(one, "/objections/") + "~answer"}},
		scenario{name: "the answer in print", role: "manager", path: one + "/print/answer", status: 200, contains: []string{"不予采纳", "查明回执是另一个小区的"}},
		scenario{name: "the page leads to its records", role: "manager", path: one, status: 200, contains: []string{`href="/records/objection/`, "变更记录与证明"}},
		scenario{name: "the records behind it", role: "manager", path: "/records/objection/" + strings.TrimPrefix(one, "/objections/"), status: 200, contains: []string{"第 3 次", "/proof.json", "redsteward verify"}, excludes: []string{"少算了", "查明回执", "/admin/log/"}},
		scenario{name: "not for who may not open it", role: "worker", path: "/records/objection/" + strings.TrimPrefix(one, "/objections/"), status: 403},
		scenario{name: "the log itself for who may verify it", role: "auditor", path: "/records/objection/" + strings.TrimPrefix(one, "/objections/"), status: 200, contains: []string{"/admin/log/"}},
		scenario{name: "the Excel of the list", role: "auditor", path: "/objections.xlsx?period=2026Q3", status: 200},
		scenario{name: "a quarter without one", role: "auditor", path: "/objections?period=2026Q2", status: 200, contains: []string{"没有符合条件的"}},
	)
	if err := c.PassWindow(t.Context(), "2026Q3", first); err != nil {
		t.Fatal(err)
	}
	signInAgain(t, people)
	run(
		scenario{name: "too late", role: "manager", path: "/scores/2026Q3/p001", status: 200, contains: []string{"不予采纳"}, excludes: []string{"提异议"}},
		scenario{name: "objected too late", role: "manager", method: "POST", path: "/objections/new", form: form("period", "2026Q3", "project", "p001", "line", "ops_open", "ground", "公示的项目少算了两项"), status: 409, contains: []string{"届满", "年度星级公示期内还可以申诉"}},
	)
}

// signInAgain signs everybody in anew: what the store keeps for a time only ends on the business clock, and a test that has moved it finds its sessions gone at their next check.
func signInAgain(t *testing.T, people map[string]*person) {
	t.Helper()
	for login, p := range people {
		if login != "" {
			people[login] = newPerson(t, p.f).signIn(t, login)
		}
	}
}

// testYearWithMinutes publishes a year: the document number and the minutes are required, and the scan of the minutes is taken in by content.
func testYearWithMinutes(t *testing.T, c *browsertest.County, people map[string]*person, run func(...scenario), form func(...string) url.Values) {
	today := calendar.DateOf(c.Clock())
	run(
		scenario{name: "year planned", role: "officer", method: "POST", path: "/periods", form: form("period", "2026", "submit", today.String(), "cutoff", "2027-01-09"), status: 303, changes: -1},
		scenario{name: "what cannot be staffed is told first", role: "officer", path: "/periods/2026", status: 200, contains: []string{"安排不齐人", "评价公布：“评价”“公布”要 2 名不同的人，现有 1 名能办"}, excludes: []string{"备案审批"}},
		scenario{name: "year opened without staff", role: "officer", method: "POST", path: "/periods/2026/open", form: form(), status: 422, contains: []string{"1 项审批或互相分开的岗位安排不齐人：评价公布", "知道缺人，先开启"}},
		scenario{name: "year opened", role: "officer", method: "POST", path: "/periods/2026/open", form: form("short", "1"), status: 200, changes: 1, excludes: []string{"安排不齐人", "截止材料提交</button>"}},
		scenario{name: "year closed early", role: "officer", method: "POST", path: "/periods/2026/close", form: form(), status: 409, contains: []string{"不能提前截止"}},
	)
	c.Set(today.Add(1))
	signInAgain(t, people)
	run(
		scenario{name: "year closed", role: "officer", method: "POST", path: "/periods/2026/close", form: form(), status: 200, changes: 1},
		scenario{name: "year evaluated for looking", role: "officer", method: "POST", path: "/periods/2026/evaluate", form: form(), status: 303, changes: -1},
	)
	c.Wait()
	run(
		scenario{name: "what is shown waits for the cut-off", role: "officer", path: "/periods/2026/publish", status: 200, contains: []string{"统计到2027年1月9日为止"}, excludes: []string{"name=\"minutes_file\""}},
		scenario{name: "shown before the cut-off", role: "officer", method: "POST", path: "/periods/2026/show", form: form("minutes", "联审纪要第3期"), status: 409, contains: []string{"截止以后重新评价"}},
	)
	cutoff, err := calendar.ParseDate("2027-01-09")
	if err != nil {
		t.Fatal(err)
	}
	c.Set(cutoff.Add(1))
	signInAgain(t, people)
	run(
		scenario{name: "year evaluated", role: "officer", method: "POST", path: "/periods/2026/evaluate", form: form(), status: 303, changes: -1},
	)
	c.Wait()
	const path, show = "/periods/2026/publish", "/periods/2026/show"
	officer, f := people["officer"], people["officer"].f
	page := officer.get(t, path)
	made := hiddenValue(t, page, "evaluation")
	if !strings.Contains(page.body, `name="minutes_file"`) {
		t.Fatalf("the form of a year takes no scan: %.1500s", page.body)
	}
	long := strings.Repeat("纪", 101)
	run(
		scenario{name: "year without minutes", role: "officer", method: "POST", path: show, form: form("evaluation", made), status: 422, contains: []string{"有 1 处需要更正", "必须有联审纪要"}},
		scenario{name: "year with long minutes", role: "officer", method: "POST", path: show, form: form("evaluation", made, "minutes", long), status: 422, contains: []string{"现有 101 个", `value="` + long + `"`}},
		scenario{name: "a scan that somebody made up", role: "officer", method: "POST", path: show, form: form("evaluation", made, "kept", "e30.e30"), status: 422, contains: []string{"扫描件要重新选择"}},
	)
	pdf := []byte("%PDF-1.7\n1 0 obj\n<< >>\nendobj\ntrailer\n%%EOF\n")
	tries := []struct {
		name, file string
		content    []byte
		minutes    string
		evaluation string
		status     int
		contains   string
		changes    int64
	}{
		{"a text that calls itself PDF", "纪要.pdf", []byte("联审纪要第3期，参加人员若干"), "", made, 422, "纪要.pdf", 0},
		{"a PDF that was cut off", "纪要.pdf", []byte("%PDF-1.7\n1 0 obj\n"), "", made, 422, "不完整", 0},
		{"a sheet", "纪要.xlsx", []byte("PK\x03\x04 not a paper"), "", made, 422, "纪要.xlsx", 0},
		{"a scan for an evaluation that was replaced", "纪要.pdf", pdf, "", "0000", 409, "又评价过一次", 0},
		{"a scan beside long minutes is kept", "纪要.pdf", pdf, long, made, 422, "现有 101 个", 1},
	}
	var last answer
	for _, try := range tries {
		before := changes(t, f)
		last = officer.upload(t, show, [][2]string{{"evaluation", try.evaluation}, {"minutes", try.minutes}}, nil, attachment{try.file, try.content})
		if last.StatusCode != try.status || !strings.Contains(last.body, try.contains) {
			t.Errorf("%s: %d, want %d with %q: %.1500s", try.name, last.StatusCode, try.status, try.contains, last.body)
		}
		if got := changes(t, f) - before; got != try.changes {
			t.Errorf("%s: %d changes were written, want %d", try.name, got, try.changes)
		}
	}
	kept := hiddenValue(t, last, "kept")
	if !strings.Contains(last.body, "不用再选") || !strings.Contains(last.body, long) {
		t.Errorf("the form lost what was typed or sent: %.2000s", last.body)
	}
	sign := func() url.Values {
		return form("move", "agree", "hash", hiddenValue(t, officer.get(t, path), "hash"), "current", browsertest.Password)
	}
	run(
		scenario{name: "the scan of another session", role: "chief", method: "POST", path: show, form: form("evaluation", made, "kept", kept), status: 422, contains: []string{"扫描件要重新选择"}},
		scenario{name: "sent before it was shown", role: "officer", method: "POST", path: "/periods/2026/send", form: form("evaluation", made), status: 409, contains: []string{"还没有公示"}},
		scenario{name: "nothing to see before it is shown", path: "/publicity/2026", status: 404},
		scenario{name: "year shown with its scan", role: "officer", method: "POST", path: show, form: form("evaluation", made, "kept", kept), status: 303, changes: 1},
		scenario{name: "sent while it is shown", role: "officer", method: "POST", path: "/periods/2026/send", form: form("evaluation", made), status: 409, contains: []string{"公示期到"}},
		scenario{name: "the lists", path: "/lists", status: 200, contains: []string{"没有榜单"}},
		scenario{name: "the lists as Excel", path: "/lists.xlsx", status: 200},
		scenario{name: "everybody sees it", path: "/publicity", status: 200, contains: []string{"2026年度", "公示中"}},
		scenario{name: "by name, without a line", path: "/publicity/2026", status: 200, contains: []string{"拟评", "提意见", "公示文本"}, excludes: []string{"总分"}},
		scenario{name: "its notice", path: "/publicity/2026/notice", status: 200, contains: []string{"物业服务星级评价（行业评价）拟评结果公示", "公示期"}},
		scenario{name: "no decision yet", path: "/circulars/2026/paper", status: 404},
		scenario{name: "a remark that says too little", method: "POST", path: "/publicity/2026", form: url.Values{"words": {"差"}, "phone": {"12"}}, status: 422, contains: []string{"有 2 处需要更正"}},
		scenario{name: "a remark", method: "POST", path: "/publicity/2026", form: url.Values{"project": {"p001"}, "words": {"楼道灯坏了两个月没有修"}, "key": {"k1"}}, status: 303, changes: 1},
		scenario{name: "the firm finds what it can appeal against", role: "manager", path: "/scores/2026/p001", status: 200, contains: []string{"就整个结果申诉"}},
		scenario{name: "the form of an appeal", role: "manager", path: "/objections/new?period=2026&project=p001&line=", status: 200, contains: []string{"就“整个结果”申诉", "申诉期"}},
		scenario{name: "remarks are not for firms", role: "manager", path: "/remarks", status: 403},
		scenario{name: "a remark waits", role: "officer", path: "/remarks", status: 200, contains: []string{"意见待答复", "楼道灯"}},
		scenario{name: "and stands among the tasks", role: "officer", path: "/todo", status: 200, contains: []string{"答复公示意见"}},
	)
	at := regexp.MustCompile(`/remarks/[0-9a-f]{32}`).FindString(officer.get(t, "/remarks").body)
	run(
		scenario{name: "the remark", role: "officer", path: at, status: 200, contains: []string{"答复"}},
		scenario{name: "answered", role: "officer", method: "POST", path: at + "/answer", form: form("seq", "1", "answer-text", "已经修好了灯，更换了线路"), status: 303, changes: 1},
		scenario{name: "not reviewed by who answered", role: "officer", method: "POST", path: at + "/show", form: form("seq", "2", "show-text", "楼道灯两个月没有修"), status: 403},
		scenario{name: "reviewed by another", role: "chief", method: "POST", path: at + "/show", form: form("seq", "2", "show-text", "楼道灯两个月没有修"), status: 303, changes: 1},
		scenario{name: "its whole file", role: "chief", path: at + "/whole", status: 200, contains: []string{"卷内目录", "公示意见答复书", "办理经过"}},
		scenario{name: "its paper", role: "chief", path: at + "/print/answer", status: 200, contains: []string{"公示意见答复书"}},
		scenario{name: "everybody reads it", path: "/publicity/2026", status: 200, contains: []string{"楼道灯两个月没有修", "更换了线路"}},
		scenario{name: "remarks as Excel", role: "chief", path: "/remarks.xlsx", status: 200},
		scenario{name: "the list as Excel", path: "/publicity/2026/list.xlsx", status: 200},
		scenario{name: "found by initials", path: "/publicity/2026?q=zzz", status: 200, contains: []string{"没有符合条件的"}},
		scenario{name: "of one township", path: "/publicity/2026?town=%E5%88%AB%E7%9A%84%E9%95%87", status: 200, contains: []string{"没有符合条件的"}},
	)
	if err := c.PassWindow(t.Context(), "2026", made); err != nil {
		t.Fatal(err)
	}
	for role := range people { // nobody is signed in for weeks
		if role != "" {
			people[role] = newPerson(t, f).signIn(t, role)
		}
	}
	officer = people["officer"]
	run(
		scenario{name: "too late", method: "POST", path: "/publicity/2026", form: url.Values{"words": {"楼道灯坏了两个月没有修"}}, status: 409, contains: []string{"不再接收"}},
		scenario{name: "year sent", role: "officer", method: "POST", path: "/periods/2026/send", form: form("evaluation", made), status: 303, changes: 1},
		scenario{name: "the signers see the scan", role: "chief", path: path, status: 200, contains: []string{"看扫描件", "年度星级公布审批"}},
	)
	run(
		scenario{name: "year signed by the chief", role: "chief", method: "POST", path: "/periods/2026/sign", form: form("move", "agree", "hash", hiddenValue(t, people["chief"].get(t, path), "hash"), "current", browsertest.Password), status: 303, changes: 1},
	)
	run(scenario{name: "year signed by the deputy director", role: "vice", method: "POST", path: "/periods/2026/sign", form: sign(), status: 303, changes: 1})
	run(scenario{name: "year signed by the director", role: "boss", method: "POST", path: "/periods/2026/sign", form: sign(), status: 303, changes: 1})
	run(
		scenario{name: "year without number", role: "chief", method: "POST", path: path, form: form("evaluation", made), status: 422, contains: []string{"必须填写文号"}},
		scenario{name: "the number of another paper", role: "chief", method: "POST", path: path, form: form("evaluation", made, "number", "都建发〔2026〕12号"), status: 409, contains: []string{"已用于2026年第三季度的评价结果", `value="都建发〔2026〕12号"`}},
		scenario{name: "year published", role: "chief", method: "POST", path: path, form: form("evaluation", made, "number", "都建发〔2027〕3号"), status: 200, contains: []string{"已公布", "看扫描件"}, changes: 4},
		scenario{name: "year published again", role: "chief", method: "POST", path: path, form: form("evaluation", made, "number", "都建发〔2027〕3号"), status: 409},
		scenario{name: "the circular of the year", path: "/circulars/2026", status: 200, contains: []string{"2026年度物业服务星级评价（行业评价）结果通报", "都建发〔2027〕3号", "不排名次", "当时的公示"}},
		scenario{name: "the decision with its number", path: "/circulars/2026/paper", status: 200, contains: []string{"都建发〔2027〕3号", "关于2026年度物业服务星级评价（行业评价）结果的通报"}},
		scenario{name: "auditor finds the scan", role: "auditor", path: "/periods/2026", status: 200, contains: []string{"看扫描件", "指纹"}},
		scenario{name: "the scan is internal", path: "/periods/2026/minutes", status: 401},
		scenario{name: "nor is it for firms", role: "manager", path: "/periods/2026/minutes", status: 403},
	)
	for query, disposition := range map[string]string{"": "", "?original=1": "attachment"} {
		a := people["auditor"].get(t, "/periods/2026/minutes"+query)
		if a.StatusCode != 200 || a.body != string(pdf) || a.Header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(a.Header.Get("Content-Disposition"), disposition) ||
			!strings.Contains(a.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("the scan%s: %d %v %.100q", query, a.StatusCode, a.Header, a.body)
		}
	}
}

// cell is one cell of a sheet: its text as stored, and whether it is a number.
type cell struct {
	text    string
	numeric bool
}

// workbook opens an answer as Excel: the cells of each sheet by row. A formula fails the test.
func workbook(t *testing.T, a answer) (names []string, sheets map[string][][]cell) {
	t.Helper()
	if a.StatusCode != 200 {
		t.Fatalf("%d %.300s", a.StatusCode, a.body)
	}
	packed, err := zip.NewReader(strings.NewReader(a.body), int64(len(a.body)))
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string, into any) {
		t.Helper()
		f, err := packed.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := xml.NewDecoder(f).Decode(into); err != nil {
			t.Fatal(name, err)
		}
	}
	var book struct {
		Sheets []struct {
			Name string `xml:"name,attr"`
		} `xml:"sheets>sheet"`
	}
	read("xl/workbook.xml", &book)
	sheets = map[string][][]cell{}
	for i, s := range book.Sheets {
		var sheet struct {
			Rows []struct {
				Cells []struct {
					Type    string  `xml:"t,attr"`
					Value   string  `xml:"v"`
					Text    string  `xml:"is>t"`
					Formula *string `xml:"f"`
				} `xml:"c"`
			} `xml:"sheetData>row"`
		}
		read(fmt.Sprintf("xl/worksheets/sheet%d.xml", i+1), &sheet)
		names = append(names, s.Name)
		for _, row := range sheet.Rows {
			var cells []cell
			for _, c := range row.Cells {
				if c.Formula != nil {
					t.Errorf("%s holds a formula: %s", s.Name, *c.Formula)
				}
				cells = append(cells, cell{c.Value + c.Text, c.Value != "" && (c.Type == "" || c.Type == "n")})
			}
			sheets[s.Name] = append(sheets[s.Name], cells)
		}
	}
	return names, sheets
}

// wantFigures fails the test unless a sheet names its rows in the first column, has a number in the column at, and ends with what the figures are.
func wantFigures(t *testing.T, name string, rows [][]cell, at int) {
	t.Helper()
	if len(rows) < 3 || !strings.HasPrefix(rows[len(rows)-1][0].text, "口径：") {
		t.Fatalf("%s: %d rows without a note", name, len(rows))
	}
	if last := rows[len(rows)-2]; last[0].text == "" || last[0].numeric || len(last) <= at || !last[at].numeric {
		t.Errorf("%s: %+v, a name and a number in column %d wanted", name, last, at)
	}
}

func testPreviewExcel(t *testing.T, auditor *person) {
	names, sheets := workbook(t, auditor.get(t, "/periods/2026Q3/preview.xlsx"))
	if got := strings.Join(names, " "); got != "全部小区 临界 截止后到达" {
		t.Errorf("sheets %s", got)
	}
	rows := sheets["全部小区"]
	if len(rows) != 1+24+1 || !strings.HasPrefix(rows[25][0].text, "口径：2026年第三季度预览") {
		t.Fatalf("%d rows: %+v", len(rows), rows[len(rows)-1])
	}
	totals, hostile := 0, false
	for _, row := range rows[1:25] {
		hostile = hostile || row[0] == cell{browsertest.Hostile, false}
		if row[6].numeric {
			totals++
		}
	}
	if totals != 22 || !hostile {
		t.Errorf("%d totals are numbers, want 22; the hostile name is there as it is: %v", totals, hostile)
	}
}

func testRangesExcel(t *testing.T, auditor *person) {
	names, sheets := workbook(t, auditor.get(t, "/periods/2026Q3/ranges.xlsx?sort=width"))
	if got := strings.Join(names, " "); got != "敏感性区间 只动一种 去掉一项" {
		t.Errorf("sheets %s", got)
	}
	rows := sheets["敏感性区间"]
	if len(rows) != 1+24+1 || !strings.Contains(rows[25][0].text, "敏感性区间，不是置信区间") || !rows[1][5].numeric || rows[0][8].text != "并列组" || !rows[1][8].numeric { // a quarter has no ranks
		t.Errorf("%d rows: %+v", len(rows), rows)
	}
}

func testBoardsExcel(t *testing.T, auditor *person) {
	names, all := workbook(t, auditor.get(t, "/boards.xlsx"))
	if got := strings.Join(names, " "); got != "星级分布 总分分布 五好得分率 走势 升降 指标热力图 异议与申诉" {
		t.Errorf("sheets %s", got)
	}
	for chart, sheet := range map[string]string{"cuts": "总分分布", "goods": "五好得分率", "trend": "走势", "heat": "指标热力图"} {
		_, one := workbook(t, auditor.get(t, "/boards/"+chart+".xlsx"))
		wantFigures(t, chart, all[sheet], 1)
		wantFigures(t, chart, one[sheet], 1)
	}
	if rows := all["升降"]; len(rows) < 20 || !rows[1][4].numeric {
		t.Errorf("%d rows of moves, the first %+v", len(rows), rows[1])
	}
	// Every number of the boards opens the list that it counts.
	page := auditor.get(t, "/boards").body
	links := regexp.MustCompile(`<td class="num"><a href="(/boards/rows[^"]+)">(\d+)</a>`).FindAllStringSubmatch(page, -1)
	if len(links) < 10 {
		t.Fatalf("%d numbers of the boards open a list", len(links))
	}
	for _, link := range links[:10] {
		if list := auditor.get(t, html.UnescapeString(link[1])); !strings.Contains(list.body, "，共 "+link[2]+" 条") {
			t.Errorf("%s counts %s and opens another list", link[1], link[2])
		}
	}
}

// TestFirmAsExcel: what each compound of a firm weighs and brings in are numbers, which give the firm's total when they are added up.
func TestFirmAsExcel(t *testing.T) {
	f := start(t, 60)
	names, sheets := workbook(t, newPerson(t, f).get(t, firm("一盏灯物业")+"/projects.xlsx"))
	rows := sheets["小区"]
	if len(names) != 1 || len(rows) < 4 || rows[0][6].text != "户数" || rows[0][7].text != "计入汇总的分值" {
		t.Fatalf("%v: %+v", names, rows)
	}
	var sum, weight float64
	for _, row := range rows[1 : len(rows)-1] {
		if row[6].text == "" {
			continue
		}
		w, err1 := strconv.ParseFloat(row[6].text, 64)
		v, err2 := strconv.ParseFloat(row[7].text, 64)
		if err1 != nil || err2 != nil || !row[6].numeric || !row[7].numeric {
			t.Fatalf("%+v", row)
		}
		sum, weight = sum+w*v, weight+w
	}
	if note, want := rows[len(rows)-1][0].text, fmt.Sprintf("汇总得分 %.2f", sum/weight); !strings.Contains(note, want) {
		t.Errorf("the rows give %s, the note says %s", want, note)
	}
}
