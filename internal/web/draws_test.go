package web_test

import (
	"net/url"
	"strings"
	"testing"
)

// TestDrawPages leads a draw over the pages from the lists to the public result; before the announcement nobody outside knows of it.
func TestDrawPages(t *testing.T) {
	m := newTeam(t)
	form := m.as("officer").get(t, "/inspections/draws/new").body
	var inspectors []string
	for _, name := range []string{"周望平", "林阿秀"} {
		before, _, _ := strings.Cut(form, "> "+name)
		id := before[strings.LastIndex(before, `value="`)+len(`value="`):]
		inspectors = append(inspectors, id[:strings.Index(id, `"`)])
	}
	freeze := url.Values{"key": {"f-1"}, "title": {"第三季度抽查"}, "count": {"1"}, "planned": {"2026-10-26"}, "matters": {"openness"}, "inspectors-1": inspectors}
	with := func(name string, values ...string) url.Values {
		out := url.Values{}
		for k, v := range freeze {
			out[k] = v
		}
		out[name] = values
		out.Set("key", name)
		return out
	}
	for _, s := range []scenario{
		{name: "nothing is public", path: "/draws", status: 200, contains: []string{"还没有双随机抽取"}},
		{name: "the office has none", role: "officer", path: "/inspections/draws", status: 200, contains: []string{"准备抽取"}},
		{name: "an inspector", role: "inspector", path: "/inspections/draws", status: 403},
		{name: "the firm", role: "manager", path: "/inspections/draws/new", status: 403},
		{name: "one inspector", role: "officer", method: "POST", path: "/inspections/draws/new", form: with("inspectors-1", inspectors[0]), status: 422, contains: []string{"要有 2 至 60 名检查人员"}},
		{name: "two mistakes in one round", role: "officer", method: "POST", path: "/inspections/draws/new", form: with("count", "很多"), status: 422, contains: []string{"抽取的个数要写数字"}},
		{name: "no day", role: "officer", method: "POST", path: "/inspections/draws/new", form: with("planned", ""), status: 422},
		{name: "more than there are", role: "officer", method: "POST", path: "/inspections/draws/new", form: with("count", "9"), status: 422, contains: []string{"可以抽取的小区只有 2 个"}},
		{name: "no draw", path: "/draws/none", status: 404},
		{name: "no file", path: "/draws/none/file", status: 404},
		{name: "the public declares nothing", path: "/recusals", status: 401},
		{name: "no reason", role: "inspector", method: "POST", path: "/recusals", form: url.Values{"account": {inspectors[0]}, "seq-" + inspectors[0]: {"0"}, "project": {"p1"}}, status: 422, contains: []string{"请填写回避理由"}},
		{name: "for a colleague", role: "inspector", method: "POST", path: "/recusals", form: url.Values{"account": {inspectors[1]}, "project": {"p1"}, "why": {"亲属"}}, status: 403},
	} {
		s.run(t, m.f, m.people)
	}
	path, _, _ := strings.Cut(m.post("officer", "/inspections/draws/new", freeze), "?")
	public := "/draws/" + path[strings.LastIndex(path, "/")+1:]
	if lists := m.as("officer").get(t, path+"/lists").body; !strings.Contains(lists, "5 星 1，行业评价记录 -3 分加 1") || !strings.Contains(lists, "没有物业企业服务") || strings.Contains(lists, inspectors[0]) {
		t.Errorf("the lists: %.3000s", lists)
	}
	m.step("officer", path, "announce", url.Values{})
	m.step("officer", path, "giveup", url.Values{"giveup-text": {"名单有误，重新冻结"}})
	if a := m.as("").get(t, public); a.StatusCode != 200 || !strings.Contains(a.body, "名单有误，重新冻结") || !strings.Contains(a.body, "已取消") {
		t.Errorf("a draw that was given up after it was announced: %d", a.StatusCode)
	}
	path, _, _ = strings.Cut(m.post("officer", "/inspections/draws/new", with("title", "第三季度第二次抽查")), "?")
	public = "/draws/" + path[strings.LastIndex(path, "/")+1:]
	if a := m.as("").get(t, public); a.StatusCode != 404 {
		t.Errorf("public before the announcement: %d", a.StatusCode)
	}
	m.step("officer", path, "announce", url.Values{})
	page, file := m.as("").get(t, public).body, m.as("").get(t, public+"/file")
	if !strings.Contains(page, "种子的校验值") || !strings.Contains(page, "周*平") || strings.Contains(page, "周望平") || strings.Contains(page, "抽中的小区") || file.StatusCode != 200 || strings.Contains(file.body, `"seed"`) || strings.Contains(file.body, inspectors[0]) {
		t.Errorf("announced: %.3000s\n%.1500s", page, file.body)
	}
	if todo := m.as("officer").get(t, "/todo").body; !strings.Contains(todo, "抽取：第三季度第二次抽查") {
		t.Errorf("nobody is told to draw: %.2000s", todo)
	}
	m.step("officer", path, "lots", url.Values{})
	if own := m.as("officer").get(t, path).body; strings.Contains(own, path+"/open") || !strings.Contains(own, "抽中的小区") {
		t.Errorf("who prepared it opens it: %.2500s", own)
	}
	if page := m.as("").get(t, public).body; strings.Contains(page, "抽中的小区") {
		t.Error("the result is public before it is opened")
	}
	m.step("chief", path, "open", url.Values{})
	page, file = m.as("").get(t, public).body, m.as("").get(t, public+"/file")
	if !strings.Contains(page, "抽中的小区") || !strings.Contains(page, "redsteward draw draw.json") || !strings.Contains(file.body, `"seed"`) || !strings.Contains(m.as("").get(t, "/draws").body, public) {
		t.Errorf("opened: %.3000s\n%.1500s", page, file.body)
	}
	if whole := m.as("chief").get(t, path+"/whole"); whole.StatusCode != 200 || !containsAll(whole.body, []string{"卷内目录", "名单和权重", "按冻结的名单（2 个小区、2 名检查人员）抽取 1 个小区"}) {
		t.Errorf("the whole file: %d %.1500s", whole.StatusCode, whole.body)
	}
	if print := m.as("chief").get(t, path+"/print").body; !strings.Contains(print, "按冻结的名单（2 个小区、2 名检查人员）抽取 1 个小区") {
		t.Errorf("the print: %.2000s", print)
	}
	if a := m.as("chief").get(t, path+"/result.xlsx"); a.StatusCode != 200 || !strings.HasPrefix(a.body, "PK") {
		t.Errorf("Excel: %d", a.StatusCode)
	}
	if list := m.as("officer").get(t, "/inspections?ground=random").body; !strings.Contains(list, "双随机抽查") {
		t.Errorf("no inspection was planned: %.2500s", list)
	}
	// A recusal: declared by himself, ended by who plans.
	m.post("inspector", "/recusals", url.Values{"account": {inspectors[0]}, "seq-" + inspectors[0]: {"0"}, "project": {"p1"}, "why": {"亲属在该企业"}})
	if own := m.as("inspector").get(t, "/recusals").body; !strings.Contains(own, "一盏灯物业") || strings.Contains(own, "解除回避") {
		t.Errorf("his own: %.2000s", own)
	}
	m.post("officer", "/recusals/"+inspectors[0]+"/end", url.Values{"seq": {"1"}, "firm": {"f1"}})
	if all := m.as("officer").get(t, "/recusals").body; !strings.Contains(all, "已解除") {
		t.Errorf("all: %.2000s", all)
	}
}
