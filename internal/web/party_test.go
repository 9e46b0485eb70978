package web_test

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"redsteward/internal/web/browsertest"
	"redsteward/policy"
)

// TestPartyPages follows a sheet through the pages: filled in with a photo, handed on, returned, confirmed by both levels, and who may not.
func TestPartyPages(t *testing.T) {
	f := start(t, 1)
	firm, project := fill(t, f)
	staff(t, f, firm)
	for login, ap := range map[string]policy.Appointment{"worker": {Role: "community_worker", Unit: "c:" + cityEast, Scopes: []string{"c:" + cityEast}}, "dept": {Role: "organisation", Unit: policy.County, Scopes: []string{policy.County}},
		"dept2": {Role: "organisation", Unit: policy.County, Scopes: []string{policy.County}}} {
		if err := f.Appoint(context.Background(), login, "测试人员", ap); err != nil {
			t.Fatal(err)
		}
	}
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, image.NewRGBA(image.Rect(0, 0, 64, 48)), nil); err != nil {
		t.Fatal(err)
	}
	people := map[string]*person{}
	who := func(login string) *person {
		if people[login] == nil {
			people[login] = newPerson(t, f)
			if login != "" {
				people[login].signIn(t, login)
			}
		}
		return people[login]
	}
	page := "/party/sheets/" + firm + "/" + cityEast + "/2026Q4"
	seqOf := func() string {
		found := regexp.MustCompile(`name="seq" value="([^"]*)"`).FindStringSubmatch(who("worker").get(t, page).body + who("secretary").get(t, page).body + who("dept").get(t, page).body + `name="seq" value="0"`)
		return found[1]
	}
	// signed is a signature on paper of the second level; change, hash and scan are those that the page of who may look at it shows.
	shown := func(login, name string) string {
		if found := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(who(login).get(t, page).body); found != nil {
			return found[1]
		}
		return ""
	}
	scan := []attachment{{"签字件.png", picture(t, 41)}}
	signed := func(password string) url.Values {
		return pairs("signer", actorOf(t, f, "dept").ID, "signed_on", "2026-10-13", "current", password)
	}
	look := func() url.Values { return pairs("move", "confirm_paper", "current", browsertest.Password) }
	theme := func(change ...string) url.Values {
		v := pairs("kind", "theme", "day", "2026-10-12", "expected", "9", "present", "8")
		for i := 0; i+1 < len(change); i += 2 {
			v.Set(change[i], change[i+1])
		}
		return v
	}
	for i, s := range []struct {
		login, act string
		form       url.Values
		files      []attachment
		status     int
		shows      string
	}{
		{"", "/fill", theme(), nil, 401, ""},
		{"officer", "/fill", theme(), nil, 403, ""},
		{"firm", "/fill", theme(), nil, 403, ""},
		{"elsewhere", "/fill", theme(), nil, 404, ""},
		{"worker", "/fill", theme("note", "参会名单见附件"), nil, 422, "不收名单、会议记录、评议和党内材料"},
		{"worker", "/fill", theme("present", "10"), nil, 422, "要在 0 至应到的 9 之间"},
		{"worker", "/fill", theme(), []attachment{{"签到表.pdf", []byte("%PDF-1.4\n%%EOF\n")}}, 422, "签到表.pdf"},
		{"worker", "/fill", theme(), []attachment{{"现场.jpg", photo.Bytes()}}, 303, ""},
		{"worker", "/fill", theme("kind", "co_place", "day", "2026-10-13"), nil, 303, ""},
		{"worker", "/drop", pairs("kind", "co_work", "day", "2026-10-13"), nil, 404, ""},
		{"worker", "/submit", pairs(), nil, 303, ""},
		{"worker", "/fill", theme(), nil, 409, ""},
		{"worker", "/recall", pairs(), nil, 303, ""},
		{"worker", "/submit", pairs(), nil, 303, ""},
		{"worker", "/confirm", pairs(), nil, 403, ""},
		{"dept", "/confirm", pairs(), nil, 403, ""},
		{"secretary", "/return", pairs("reason", ""), nil, 422, "请写明退回的理由"},
		{"secretary", "/return", pairs("reason", "实到人数不对"), nil, 303, ""},
		{"worker", "/submit", pairs(), nil, 303, ""},
		{"secretary", "/confirm", pairs(), nil, 303, ""},
		{"worker", "/paper", signed(browsertest.Password), scan, 403, ""},
		{"secretary", "/paper", signed("x"), scan, 422, "密码不正确"},
		{"secretary", "/paper", signed(browsertest.Password), []attachment{}, 422, "请上传签字件扫描件"},
		{"secretary", "/paper", signed(browsertest.Password), scan, 303, ""},
		{"secretary", "/sign", look(), nil, 403, ""},
		{"dept", "/sign", look(), nil, 403, ""},
		{"dept2", "/sign", look(), nil, 303, ""},
		{"worker", "/reopen", pairs("reason", ""), nil, 422, "请写明为什么更正"},
	} {
		s.form.Set("seq", seqOf())
		if s.act == "/paper" || s.act == "/sign" {
			s.form.Set("seq", shown("dept2", "seq"))
			s.form.Set("hash", shown("dept2", "hash"))
			s.form.Set("scan", shown("dept2", "scan"))
		}
		before := changes(t, f)
		var a answer
		if s.files != nil {
			a = who(s.login).scanned(t, page+s.act, s.form, s.files...)
		} else {
			a = who(s.login).send(t, http.MethodPost, page+s.act, s.form)
		}
		if a.StatusCode != s.status || !strings.Contains(a.body, s.shows) {
			t.Fatalf("step %d, %s by %q: %d, want %d with %q: %.1500s", i, s.act, s.login, a.StatusCode, s.status, s.shows, a.body)
		}
		if s.status >= 400 && changes(t, f) != before {
			t.Errorf("step %d was refused and wrote something", i)
		}
	}
	who("secretary").paper(t, page+"/print/sheet", "党建活动台账", "赣北物业服务有限公司", "2026年第四季度", "主题党日", "2026年10月12日", "阵地共用", "支部活动", "1 项", "五个共", "1 种", "填写人签名、日期", "内容校验值")
	for login, status := range map[string]int{"officer": 403, "elsewhere": 404} {
		if a := who(login).get(t, page+"/print/sheet?as=docx"); a.StatusCode != status || strings.HasPrefix(a.body, "PK") {
			t.Errorf("%s opens the sheet on paper: %d", login, a.StatusCode)
		}
	}
	branch := func(change ...string) url.Values {
		v := pairs("name", "都昌县物业行业党支部", "higher", "住建局机关党委", "formed", "2025-07-01", "secretary", "程立新", "post", "物业管理股股长", "since", "2025-07-01", "members", "5", "applicants", "2", "seq", "0")
		for i := 0; i+1 < len(change); i += 2 {
			v.Set(change[i], change[i+1])
		}
		return v
	}
	for _, s := range []scenario{
		{name: "the sheet", role: "worker", path: page, status: 200, contains: []string{"主题党日", "应到 9 人，实到 8 人", "现场照片", "更正已确认的台账", "社区党组织确认"}},
		{name: "the signed paper", role: "worker", path: page, status: 200, contains: []string{"签字件 1", "纸质签字"}},
		{name: "its scan", role: "secretary", path: page + "/files/scan-1", status: 200},
		{name: "no such scan", role: "secretary", path: page + "/files/scan-2", status: 404},
		{name: "the scan, for housing staff", role: "officer", path: page + "/files/scan-1", status: 403},
		{name: "the photo", role: "secretary", path: page + "/photos/0", status: 200},
		{name: "no photo", role: "secretary", path: page + "/photos/1", status: 404},
		{name: "the list", role: "worker", path: "/party/sheets?q=赣北&quarter=2026Q4&state=confirmed", status: 200, contains: []string{"赣北物业服务有限公司", "1 种", "sheets.xlsx?"}},
		{name: "elsewhere", role: "elsewhere", path: page, status: 404},
		{name: "housing staff see no sheet", role: "officer", path: page, status: 403},
		{name: "housing staff see the result", role: "officer", path: "/register/firms/" + firm, status: 200, contains: []string{"主题党日 1 次", "阵地共用 1 次"}, excludes: []string{"/party/sheets/"}},
		{name: "the project page has its sheets", role: "worker", path: "/register/projects/" + project, status: 200, contains: []string{"党建台账", page}},
		{name: "not for housing staff", role: "officer", path: "/register/projects/" + project, status: 200, excludes: []string{"/party/sheets/"}},
		{name: "coverage", role: "officer", path: "/party", status: 200, contains: []string{"物业企业 1 家", "合计（不重复）", "其中 1 对有确认的“五个共”"}},
		{name: "no branch of the trade yet", role: "officer", path: "/party", status: 200, contains: []string{"物业行业党支部", "还没有登记", "/party/industry"}},
		{name: "its form", role: "officer", path: "/party/industry", status: 200, contains: []string{"上级党组织", "不登记党员名单"}},
		{name: "its form is not for the community", role: "worker", path: "/party/industry", status: 403},
		{name: "registered by the community", role: "worker", method: "POST", path: "/party/industry", form: branch(), status: 403},
		{name: "registered without a secretary", role: "officer", method: "POST", path: "/party/industry", form: branch("secretary", ""), status: 422, contains: []string{"书记姓名要有 2 至 20 个字", "都昌县物业行业党支部"}},
		{name: "a number that is none", role: "officer", method: "POST", path: "/party/industry", form: branch("members", "五"), status: 422, contains: []string{"正式党员"}},
		{name: "registered", role: "officer", method: "POST", path: "/party/industry", form: branch(), status: 303, changes: 1},
		{name: "registered again from an old page", role: "officer", method: "POST", path: "/party/industry", form: branch("members", "6"), status: 422, contains: []string{"刚被别人改过"}},
		{name: "the branch", role: "officer", path: "/party", status: 200, contains: []string{"都昌县物业行业党支部", "程立新，物业管理股股长", "正式党员 5 人"}},
		{name: "masked for others", role: "worker", path: "/party", status: 200, contains: []string{"程*新"}, excludes: []string{"程立新"}},
		{name: "coverage as Excel", role: "officer", path: "/party.xlsx", status: 200},
		{name: "sheets as Excel", role: "secretary", path: "/party/sheets.xlsx", status: 200},
		{name: "a choice leads to the sheet", role: "worker", path: "/party/sheets/new?firm=" + firm + "&community=" + cityEast + "&quarter=2026Q3", status: 303},
		{name: "a choice that is none", role: "worker", path: "/party/sheets/new?firm=" + firm + "&community=360428100009&quarter=2026Q3", status: 422, contains: []string{"没有服务这个社区的小区"}},
	} {
		s.run(t, f, people)
	}
}
