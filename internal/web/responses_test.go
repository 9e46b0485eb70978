package web_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"redsteward/internal/web/browsertest"
)

// TestResponsePages: a firm writes what it says about its star, it is sent back, written anew, reviewed by two, public, and taken down; what is wrong is named beside its field and writes nothing.
func TestResponsePages(t *testing.T) {
	f, project, _ := fundCases(t)
	people := map[string]*person{}
	run := func(list ...scenario) {
		t.Helper()
		for _, s := range list {
			s.run(t, f, people)
		}
	}
	open := "/responses/new?project=" + project
	words := "电梯已于三月全部更换，合同贴在公示栏。"
	run(
		scenario{name: "the public", path: "/responses", status: 401},
		scenario{name: "owners", role: "committee", path: "/responses", status: 403},
		scenario{name: "none yet", role: "firm", path: "/responses", status: 200, contains: []string{"写一份说明", "星级公布以后"}},
		scenario{name: "the bureau writes none", role: "officer", path: "/responses", status: 200, excludes: []string{"写一份说明"}},
		scenario{name: "nor by the address", role: "officer", path: "/responses/new", status: 403},
		scenario{name: "choose a compound", role: "firm", path: "/responses/new", status: 200, contains: []string{"望湖苑"}},
		scenario{name: "the form", role: "firm", path: open, status: 200, contains: []string{"2025年度", "不改变得分和星级", "300 字以内"}},
		scenario{name: "no compound", role: "firm", path: "/responses/new?project=none", status: 404},
		scenario{name: "a phone number", role: "firm", method: "POST", path: open, form: pairs("text", words+"13812345678", "key", "a"), status: 422, contains: []string{"电话或身份证号码", `id="text-e"`, words}},
		scenario{name: "written", role: "firm", method: "POST", path: open, form: pairs("text", words, "key", "b"), status: 303, changes: 2},
		scenario{name: "twice", role: "firm", method: "POST", path: open, form: pairs("text", words, "key", "c"), status: 422, contains: []string{"已经有一份企业说明"}},
		scenario{name: "the reviewer is asked", role: "officer", path: "/todo", status: 200, contains: []string{"望湖苑：企业说明，审核"}},
		scenario{name: "the chief not yet", role: "chief", path: "/todo", status: 200, excludes: []string{"企业说明，审核"}},
	)
	_, after, _ := strings.Cut(people["firm"].get(t, "/responses?q=电梯").body, `href="/responses/`)
	for strings.HasPrefix(after, "new") {
		_, after, _ = strings.Cut(after, `href="/responses/`)
	}
	id, _, _ := strings.Cut(after, `"`)
	page := "/responses/" + id
	seq := 0
	sign := func(login, move string) {
		t.Helper()
		doc, err := f.Responses.One(t.Context(), actorOf(t, f, "officer"), id)
		if err != nil {
			t.Fatal(err)
		}
		seq = int(doc.Seq)
		run(scenario{name: move + " by " + login, role: login, method: "POST", path: page + "/sign", form: pairs("seq", fmt.Sprint(seq), "hash", doc.State.Approval.SubjectHash, "move", move, "reason", "请写明合同日期", "current", browsertest.Password), status: 303, changes: 1})
		seq++
	}
	sign("officer", "return")
	run(
		scenario{name: "sent back", role: "firm", path: "/todo", status: 200, contains: []string{"望湖苑：企业说明被退回，修改"}},
		scenario{name: "why", role: "firm", path: page, status: 200, contains: []string{"请写明合同日期", "退回修改", "现在的文字：" + words}},
		scenario{name: "an old page", role: "firm", method: "POST", path: page + "/rewrite", form: pairs("seq", "9", "rewrite-text", words), status: 409},
		scenario{name: "written anew", role: "firm", method: "POST", path: page + "/rewrite", form: pairs("seq", fmt.Sprint(seq), "key", "d", "rewrite-text", words+"合同日期是三月二十日。"), status: 303, changes: 1},
	)
	sign("officer", "agree")
	sign("chief", "agree")
	run(
		scenario{name: "public", role: "firm", path: page, status: 200, contains: []string{"已公开", "撤回说明"}, excludes: []string{page + "/hide"}},
		scenario{name: "the whole file", role: "officer", path: page + "/whole", status: 200, contains: []string{"卷内目录", "企业说明审核表", "办理经过"}},
		scenario{name: "the review on paper", role: "officer", path: page + "/print/review", status: 200, contains: []string{"企业说明审核表", "初审", "终审", "合同日期是三月二十日"}},
		scenario{name: "taken down without a reason", role: "officer", method: "POST", path: page + "/hide", form: pairs("seq", fmt.Sprint(seq), "key", "e", "hide-text", ""), status: 422},
	)
	if shown, err := f.Responses.Shown(t.Context(), browsertest.ResponseYear, project); err != nil || shown == nil || !strings.HasPrefix(shown.Words, words) {
		t.Errorf("%+v %v", shown, err)
	}
	run(
		scenario{name: "taken down", role: "officer", method: "POST", path: page + "/hide", form: pairs("seq", fmt.Sprint(seq), "key", "f", "hide-text", "内容已经过时"), status: 303, changes: 1},
		scenario{name: "the firm sees why", role: "firm", path: page, status: 200, contains: []string{"已撤下", "内容已经过时"}},
		scenario{name: "the list", role: "officer", path: "/responses?state=hidden&q=" + url.QueryEscape("电梯"), status: 200, contains: []string{page, "1 份"}},
		scenario{name: "nothing found", role: "officer", path: "/responses?state=public", status: 200, contains: []string{"没有符合条件的"}},
	)
	_, sheets := workbook(t, people["officer"].get(t, "/responses.xlsx"))
	if said := fmt.Sprint(sheets); !containsAll(said, []string{"望湖苑", "已撤下", "内容已经过时"}) {
		t.Error(said)
	}
}
