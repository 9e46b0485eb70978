package web_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry"
)

// TestDivisionPages: what each role sees and may do on the pages of divisions; a refused call wrote nothing.
func TestDivisionPages(t *testing.T) {
	f := start(t, 3)
	firm, project := fill(t, f)
	staff(t, f, firm)
	placed := func(grids string) url.Values {
		return pairs("seq", "3", "name", "望湖苑", "community", cityEast, "address", "东风大道 8 号", "households", "1164", "kind", "commodity", "grids", grids)
	}
	for login, ap := range map[string]policy.Appointment{
		"admin-d":  {Role: "administrator", Scopes: []string{policy.County}},
		"admin-zx": {Role: "administrator", Unit: "t:360428101000", Scopes: []string{"t:360428101000"}},
	} {
		if err := f.Appoint(context.Background(), login, "区划管理员", ap); err != nil {
			t.Fatal(err)
		}
	}
	const list, duchang, zhouxi, village = "/register/divisions", "360428100000", "360428101000", "360428101500"
	at := func(id string, act ...string) string {
		return list + "/" + id + strings.Join(append([]string{""}, act...), "/")
	}
	people := map[string]*person{}
	for _, s := range []scenario{
		{name: "signed out", path: list, status: 401},
		{name: "auditor of the system has no register", role: "auditor", path: list, status: 403},
		{name: "the tree begins with the townships", role: "officer", path: list, status: 200, contains: []string{"都昌县", "都昌镇", "周溪镇", "展开 2", `href="/register/divisions"`, "导出 Excel", `href="/register/divisions?open=` + duchang}, excludes: []string{"城东社区", "Excel 导入</a></div>"}},
		{name: "an open township", role: "officer", path: list + "?open=" + duchang, status: 200, contains: []string{"城东社区", "东街社区", "收起 2"}, excludes: []string{"棠荫村"}},
		{name: "by initials", role: "officer", path: list + "?q=cdsq", status: 200, contains: []string{"城东社区", "都昌县 › 都昌镇", "共 1 个"}, excludes: []string{"东街"}},
		{name: "by level, downwards", role: "officer", path: list + "?level=community&desc=1", status: 200, contains: []string{"第 1–3 个，共 3 个"}},
		{name: "nothing found", role: "officer", path: list + "?q=zzz&state=closed", status: 200, contains: []string{"没有符合条件的区划", "清除条件"}, excludes: []string{"导出 Excel"}},
		{name: "a secretary sees the own community and what is above", role: "secretary", path: list + "?open=" + duchang, status: 200, contains: []string{"城东社区"}, excludes: []string{"东街社区", "周溪镇"}},
		{name: "another does not exist", role: "secretary", path: at(village), status: 404},
		{name: "a firm sees the communities of its projects", role: "firm", path: list + "?open=" + duchang, status: 200, contains: []string{"城东社区"}, excludes: []string{"东街社区"}},
		{name: "one division", role: "officer", path: at(cityEast), status: 200, contains: []string{"城东社区", "城东居委会", "1 个</a>", `/register/projects?community=` + cityEast, "变更记录", "登记为“城东社区”", "还没有网格"}, excludes: []string{"新设网格", "修改登记"}},
		{name: "one that is none", role: "officer", path: at("1"), status: 404},
		{name: "an officer has no form", role: "officer", path: at(cityEast, "edit"), status: 403, contains: []string{"你不能修改行政区划"}},
		{name: "an administrator has", role: "admin-d", path: at(cityEast), status: 200, contains: []string{"新设网格", "修改登记", "移到别的乡镇", "撤销", "系统"}},
		{name: "the form proposes a number", role: "admin-d", path: at(cityEast, "new"), status: 200, contains: []string{"新设网格", `value="` + cityEast + `-01"`}},
		{name: "add: an officer", role: "officer", method: "POST", path: at(cityEast, "new"), form: pairs("code", cityEast+"-01", "name", "城东第一网格"), status: 403},
		{name: "add: outside of the scope", role: "admin-zx", method: "POST", path: at(cityEast, "new"), form: pairs("code", cityEast+"-01", "name", "城东第一网格"), status: 404},
		{name: "add: fields", role: "admin-d", method: "POST", path: at(cityEast, "new"), form: pairs("code", "7", "name", "x", "from", "去年"), status: 422, contains: []string{"设立日期“去年”不是日期", `value="7"`}},
		{name: "add: more fields", role: "admin-d", method: "POST", path: at(cityEast, "new"), form: pairs("code", "7", "name", "x"), status: 422, contains: []string{"正式名称有 1 个字", `href="#name"`}},
		{name: "add: a wrong number", role: "admin-d", method: "POST", path: at(cityEast, "new"), form: pairs("code", "7", "name", "城东第一网格"), status: 422, contains: []string{"网格编号“7”要写成", `id="code-e"`}},
		{name: "add", role: "admin-d", method: "POST", path: at(cityEast, "new"), form: pairs("code", cityEast+"-01", "name", "城东第一网格", "from", "2026-01-01"), status: 303, changes: 1},
		{name: "add: again", role: "admin-d", method: "POST", path: at(cityEast, "new"), form: pairs("code", cityEast+"-01", "name", "另一网格"), status: 422, contains: []string{"编号 " + cityEast + "-01 已经有了"}},
		{name: "add: from another site", role: "admin-d", method: "POST", path: at(cityEast, "new"), form: pairs("_t", "forged", "code", cityEast+"-02", "name", "另一网格"), status: 403},
		{name: "below a grid is nothing", role: "admin-d", path: at(cityEast+"-01", "new"), status: 404},
		{name: "rename: what stands", role: "admin-d", path: at(cityEast, "edit"), status: 200, contains: []string{`value="城东居委会"`, `name="seq" value="1"`}},
		{name: "rename: a neighbour's name", role: "admin-d", method: "POST", path: at(cityEast, "edit"), form: pairs("seq", "1", "name", "东街居委会"), status: 422, contains: []string{"都昌镇已经有“东街社区”", `value="东街居委会"`}},
		{name: "rename: overtaken", role: "admin-d", method: "POST", path: at(cityEast, "edit"), form: pairs("seq", "7", "name", "城东新区居委会"), status: 422, contains: []string{"刚被别人改过"}},
		{name: "rename: a secretary", role: "secretary", method: "POST", path: at(cityEast, "edit"), form: pairs("seq", "1", "name", "城东新区居委会"), status: 403},
		{name: "rename", role: "admin-d", method: "POST", path: at(cityEast, "edit"), form: pairs("seq", "1", "name", "城东新区居委会"), status: 303, changes: 1},
		{name: "contact: the form", role: "admin-d", path: at(zhouxi, "edit"), status: 200, contains: []string{"联系人", "催办名单里联系谁"}, excludes: []string{"原来的联系人"}},
		{name: "contact: a grid has none", role: "admin-d", path: at(cityEast+"-01", "edit"), status: 200, excludes: []string{"联系电话"}},
		{name: "contact: a county has none", role: "admin-d", method: "POST", path: at("360428000000", "edit"), form: pairs("seq", "1", "name", "都昌县", "contact_phone", "0792-5223344"), status: 422, contains: []string{"只有乡镇、社区（村）才登记联系人"}},
		{name: "contact: a name alone, a number that is none", role: "admin-d", method: "POST", path: at(zhouxi, "edit"), form: pairs("seq", "1", "name", "周溪镇", "contact", "王*", "contact_phone", "1391234"), status: 422, contains: []string{`id="contact-e"`, `id="contact_phone-e"`}},
		{name: "contact: an officer", role: "officer", method: "POST", path: at(zhouxi, "edit"), form: pairs("seq", "1", "name", "周溪镇", "contact_phone", "13912345678"), status: 403},
		{name: "contact", role: "admin-d", method: "POST", path: at(zhouxi, "edit"), form: pairs("seq", "1", "name", "周溪镇", "contact", "王秋生", "contact_phone", "139 1234 5678"), status: 303, changes: 1},
		{name: "contact: who may see it", role: "officer", path: at(zhouxi), status: 200, contains: []string{"王秋生", "13912345678", "登记了联系人和电话"}},
		{name: "contact: masked for others", role: "admin-d", path: at(zhouxi), status: 200, contains: []string{"139****5678"}, excludes: []string{"王秋生", "13912345678"}},
		{name: "contact: masked in the form", role: "admin-d", path: at(zhouxi, "edit"), status: 200, contains: []string{"现在登记的是", "139****5678", "原来的联系人"}, excludes: []string{"王秋生", "13912345678"}},
		{name: "contact: another one and none", role: "admin-d", method: "POST", path: at(zhouxi, "edit"), form: pairs("seq", "2", "name", "周溪镇", "contact_phone", "0792-5223344", "unreached", "1"), status: 422, contains: []string{`id="unreached-e"`}},
		{name: "close: what hangs on it", role: "admin-d", method: "POST", path: at(cityEast, "close"), form: pairs("seq", "2", "until", "2026-10-31", "reason", "区划调整"), status: 422,
			contains: []string{"“城东新区社区”还不能撤销：1 个网格（城东第一网格）、1 个小区（望湖苑）", `id="until-e"`, "区划调整</textarea>"}},
		{name: "close: an officer", role: "officer", method: "POST", path: at(cityEast, "close"), form: pairs("seq", "2", "until", "2026-10-31", "reason", "区划调整"), status: 403},
		{name: "move: the form", role: "admin-d", path: at(cityEast, "move"), status: 200, contains: []string{"周溪镇", "移过去"}},
		{name: "move: no reason", role: "admin-d", method: "POST", path: at(cityEast, "move"), form: pairs("seq", "2", "parent", zhouxi), status: 422, contains: []string{"请填写原因"}},
		{name: "move: a firm", role: "firm", method: "POST", path: at(cityEast, "move"), form: pairs("seq", "2", "parent", zhouxi, "reason", "区划调整"), status: 403},
		{name: "move, the project follows", role: "admin-d", method: "POST", path: at(cityEast, "move"), form: pairs("seq", "2", "parent", zhouxi, "reason", "都府办〔2026〕3 号"), status: 303, changes: 2},
		{name: "and is found there", role: "officer", path: "/register/projects?township=" + zhouxi, status: 200, contains: []string{"望湖苑", "周溪镇 城东新区社区"}},
		{name: "close a grid: the form", role: "admin-d", path: at(cityEast+"-01", "close"), status: 200, contains: []string{"撤错了可以恢复"}},
		{name: "close a grid: fields", role: "admin-d", method: "POST", path: at(cityEast+"-01", "close"), form: pairs("seq", "1", "until", ""), status: 422, contains: []string{"请填写存在的最后一天", "请填写原因"}},
		{name: "close a grid", role: "admin-d", method: "POST", path: at(cityEast+"-01", "close"), form: pairs("seq", "1", "until", "2026-10-18", "reason", "并入别的网格"), status: 303, changes: 1},
		{name: "it is shown as ended", role: "admin-d", path: at(cityEast + "-01"), status: 200, contains: []string{"截至2026年10月18日", "撤销，最后一天是2026年10月18日", "并入别的网格", "区划管理员", "恢复"}},
		{name: "reopen: the form", role: "admin-d", path: at(cityEast+"-01", "reopen"), status: 200, contains: []string{"恢复原因"}},
		{name: "reopen: no reason", role: "admin-d", method: "POST", path: at(cityEast+"-01", "reopen"), form: pairs("seq", "2"), status: 422, contains: []string{"请填写原因"}},
		{name: "reopen: an officer", role: "officer", method: "POST", path: at(cityEast+"-01", "reopen"), form: pairs("seq", "2", "reason", "撤错了"), status: 403},
		{name: "reopen", role: "admin-d", method: "POST", path: at(cityEast+"-01", "reopen"), form: pairs("seq", "2", "reason", "撤错了"), status: 303, changes: 1},
		{name: "grid: an officer", role: "officer", method: "POST", path: at(cityEast+"-01", "grid"), form: pairs("seq", "3", "grid_households", "512"), status: 403},
		{name: "grid: unread", role: "admin-d", method: "POST", path: at(cityEast+"-01", "grid"), form: pairs("seq", "3", "grid_households", "很多"), status: 422, contains: []string{"网格户数“很多”要填整数"}},
		{name: "grid: a community", role: "admin-d", path: at(cityEast, "grid"), status: 404},
		{name: "grid", role: "admin-d", method: "POST", path: at(cityEast+"-01", "grid"), form: pairs("seq", "3", "grid_households", "512", "full_time", "1", "part_time", "3", "branches", "1", "groups", "4", "homes", "6", "residents", "1180"), status: 303, changes: 1},
		{name: "grid: shown", role: "officer", path: at(cityEast + "-01"), status: 200, contains: []string{"这个网格有 512 户，多于 500 户", "专职 1 人，兼职 3 人", "楼栋党小组 4 个", "户数由 0 改为 512"}},
		{name: "code: the form", role: "admin-d", path: at(village, "code"), status: 200, contains: []string{"12 位统计用区划代码；现在是 " + village, "启用日期"}},
		{name: "code: an officer", role: "officer", method: "POST", path: at(village, "code"), form: pairs("seq", "1", "code", "360428101599", "from", "2026-10-01", "reason", "统计公告"), status: 403},
		{name: "code: outside of the scope", role: "admin-zx", method: "POST", path: at(duchang, "code"), form: pairs("seq", "1", "code", "360428101599", "from", "2026-10-01", "reason", "统计公告"), status: 404},
		{name: "code: unread", role: "admin-d", method: "POST", path: at(village, "code"), form: pairs("seq", "1", "code", "5", "from", "去年", "reason", "统计公告"), status: 422, contains: []string{"启用日期“去年”不是日期", `value="5"`}},
		{name: "code: that of a neighbour", role: "admin-d", method: "POST", path: at(village, "code"), form: pairs("seq", "1", "code", duchang, "from", "2026-10-01", "reason", "统计公告"), status: 422, contains: []string{"是“都昌镇”现在或者曾经的代码", `id="code-e"`}},
		{name: "code", role: "admin-d", method: "POST", path: at(village, "code"), form: pairs("seq", "1", "code", "360428101598", "from", "2026-10-01", "reason", "统计公告 1 号"), status: 303, changes: 2},
		{name: "code: a grid has none of its own", role: "admin-d", path: at(cityEast+"-01", "code"), status: 404},
		{name: "code: the history", role: "officer", path: at("360428101598"), status: 200, contains: []string{"编号沿革", "登记时起，至2026年9月30日", "2026年10月1日起", "统计公告 1 号"}, excludes: []string{"撤回最近一次"}},
		{name: "code: found by the old one", role: "officer", path: list + "?q=" + village, status: 200, contains: []string{"棠荫村", "360428101598"}},
		{name: "code back: the form", role: "admin-d", path: at(village, "code/back"), status: 200, contains: []string{"撤回2026年10月1日起改为 360428101598 的登记"}},
		{name: "code back: no reason", role: "admin-d", method: "POST", path: at(village, "code/back"), form: pairs("seq", "2"), status: 422, contains: []string{"请填写原因"}},
		{name: "code back: an officer", role: "officer", method: "POST", path: at(village, "code/back"), form: pairs("seq", "2", "reason", "登记错了"), status: 403},
		{name: "code back", role: "admin-d", method: "POST", path: at(village, "code/back"), form: pairs("seq", "2", "reason", "登记错了"), status: 303, changes: 2},
		{name: "code back: there is none left", role: "admin-d", path: at(village, "code/back"), status: 404},
		{name: "place: no such grid", role: "officer", method: "POST", path: "/register/projects/" + project + "/edit", form: placed("07"), status: 422, contains: []string{"“07”不是城东新区社区现有的网格", `id="grids-e"`}},
		{name: "place", role: "officer", method: "POST", path: "/register/projects/" + project + "/edit", form: placed("1"), status: 303, changes: 1},
		{name: "place: shown", role: "officer", path: "/register/projects/" + project, status: 200, contains: []string{`<dt>网格</dt><dd><a href="/register/divisions/` + cityEast + `-01">城东第一网格</a></dd>`}},
		{name: "place: the grid leads to it", role: "officer", path: at(cityEast + "-01"), status: 200, contains: []string{`href="/register/projects?grid=` + cityEast + `-01">1 个</a>`}},
		{name: "place: and lists it", role: "officer", path: "/register/projects?grid=" + cityEast + "-01", status: 200, contains: []string{"城东新区社区城东第一网格的小区", "望湖苑"}},
		{name: "place: below the grid in the tree", role: "officer", path: list + "?open=" + cityEast + "-01", status: 200, contains: []string{"望湖苑"}},
		{name: "the tree down to the grids", role: "officer", path: list + "?open=" + cityEast, status: 200, contains: []string{"城东第一网格", "展开 1", `href="/register/divisions?open=` + zhouxi + `#d-` + zhouxi}, excludes: []string{"棠荫村", "望湖苑"}},
		{name: "a merger: successors that are none", role: "admin-d", method: "POST", path: at(village, "close"), form: pairs("seq", "3", "until", "2026-10-18", "reason", "区划调整", "successors", "360428199999、"+zhouxi), status: 422,
			contains: []string{"没有编号为“360428199999”", "“周溪镇”是乡镇", `id="successors-e"`}},
		{name: "a merger", role: "admin-d", method: "POST", path: at(village, "close"), form: pairs("seq", "3", "until", "2026-10-18", "reason", "区划调整", "successors", cityEast), status: 303, changes: 1},
		{name: "a merger: said", role: "officer", path: at(village), status: 200, contains: []string{"承接", `href="/register/divisions/` + cityEast + `">城东新区社区</a>`}},
		{name: "a merger: said on the other side", role: "officer", path: at(cityEast), status: 200, contains: []string{"由此并入", "棠荫村"}},
		{name: "an officer is not offered divisions to import", role: "officer", path: "/register/imports", status: 200, excludes: []string{"行政区划导入模板"}},
		{name: "an administrator is", role: "admin-d", path: "/register/imports?kind=divisions", status: 200, contains: []string{"行政区划导入模板", `value="divisions" selected`}},
	} {
		s.run(t, f, people)
	}

	// The export of a filter is read back as it was written: the two communities that were not closed, and the two townships, with contacts for who may see them.
	admin := policy.Actor{ID: "a", Appointments: []policy.Appointment{{Role: "administrator", Scopes: []string{policy.County}}}}
	var a answer
	for _, level := range []string{"township", "community"} {
		for login, contact := range map[string]string{"officer": "王秋生13912345678", "admin-d": ""} {
			a = people[login].get(t, list+".xlsx?level="+level)
			read, err := report.ReadRegister(registry.ImportDivisions, strings.NewReader(a.body))
			if err != nil || len(read.Faults) > 0 || len(read.Lines) != 2 {
				t.Fatalf("%+v %v", read, err)
			}
			for _, l := range read.Lines {
				if got, is := l.Division.Reach.Contact+l.Division.Reach.Phone, l.Division.Code == zhouxi; is && got != contact || !is && got != "" {
					t.Errorf("the contact of %s in the export of %s: %s", l.Division.Code, login, got)
				}
			}
			if run, err := f.Register.DryImport(context.Background(), admin, registry.File{Kind: registry.ImportDivisions, Name: "x", Hash: "x", Lines: read.Lines}); err != nil || run.Same != 2 {
				t.Errorf("%s of %s imported again: %+v %v", level, login, run, err)
			}
		}
	}
	before := changes(t, f)
	if a := people["officer"].imports(t, "divisions", "区划.xlsx", []byte(a.body)); a.StatusCode != 403 || changes(t, f) != before {
		t.Errorf("an officer imports divisions: %d", a.StatusCode)
	}
}
