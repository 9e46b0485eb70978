package web_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"redsteward/internal/report"
	"redsteward/policy"
)

// TestBookPages goes through a book as people do: entered, refused, corrected, exported, read back, withdrawn, brought back; and who may not.
func TestBookPages(t *testing.T) {
	f := start(t, 1)
	firm, _ := fill(t, f)
	staff(t, f, firm)
	for login, ap := range map[string]policy.Appointment{
		"east": {Role: "community_secretary", Scopes: []string{policy.CommunityKey(cityEast)}}, "west": {Role: "community_worker", Scopes: []string{policy.CommunityKey("360428100009")}},
	} {
		if err := f.Appoint(context.Background(), login, "测试人员", ap); err != nil {
			t.Fatal(err)
		}
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
	before := changes(t, f)
	for name, tt := range map[string]struct {
		login, path string
		form        []string
		status      int
	}{
		"the bureau": {"officer", "/books/rooms/new", []string{"community", cityEast, "name", "议事厅", "zone", "council", "bookable", "yes"}, 403},
		"the public": {"", "/books/rooms/new", []string{"community", cityEast, "name", "议事厅", "zone", "council", "bookable", "yes"}, 401},
		"another":    {"west", "/books/rooms/new", []string{"community", cityEast, "name", "议事厅", "zone", "council", "bookable", "yes"}, 404},
		"wrong":      {"east", "/books/rooms/new", []string{"community", cityEast, "hours", "9点"}, 422},
		"no book":    {"east", "/books/nothing/new", nil, 404},
		"papers":     {"east", "/papers/new", []string{"number", "1"}, 403},
		"not here":   {"officer", "/books/papers/new", nil, 403},
	} {
		if a := who(tt.login).send(t, http.MethodPost, tt.path, pairs(tt.form...)); a.StatusCode != tt.status {
			t.Errorf("%s: %d, want %d", name, a.StatusCode, tt.status)
		}
	}
	if now := changes(t, f); now != before {
		t.Errorf("refused calls wrote %d records", now-before)
	}
	made := who("east").send(t, http.MethodPost, "/books/rooms/new", pairs("community", cityEast, "name", "议事厅", "zone", "council", "bookable", "yes", "hours", "08:30—20:00"))
	page := made.Header.Get("Location")
	if made.StatusCode != http.StatusSeeOther || !strings.HasPrefix(page, "/books/rooms/") {
		t.Fatalf("%d %q", made.StatusCode, page)
	}
	for _, s := range []scenario{
		{name: "the row", role: "east", path: page, status: 200, contains: []string{"议事厅", "08:30-20:00", "协商议事", "撤下"}},
		{name: "the bureau reads", role: "officer", path: page, status: 200, contains: []string{"议事厅"}, excludes: []string{"撤下"}},
		{name: "another community", role: "west", path: page, status: 404},
		{name: "under another book", role: "east", path: strings.Replace(page, "rooms", "services", 1), status: 404},
		{name: "found by initials", role: "officer", path: "/books/rooms?q=yst&f.zone=council", status: 200, contains: []string{"议事厅", "/books/rooms/export.xlsx?"}},
		{name: "filtered away", role: "officer", path: "/books/rooms?f.zone=service", status: 200, contains: []string{"没有符合条件的功能室"}},
		{name: "the overview", role: "officer", path: "/stations", status: 200, contains: []string{"城东社区", "差 350.00"}},
		{name: "papers for everybody", path: "/papers", status: 200, contains: []string{"还没有登记政策文件"}},
		{name: "nobody imports", path: "/papers/imports", status: 401},
	} {
		s.run(t, f, map[string]*person{})
	}
	// What is exported can be read back and changes nothing; with one cell changed it corrects that row.
	exported := who("east").get(t, "/books/rooms/export.xlsx")
	cells, err := report.Cells(strings.NewReader(exported.body), 10)
	if err != nil || len(cells) != 2 {
		t.Fatal(cells, err)
	}
	dry := who("east").sendFile(t, "/books/rooms/imports", pairs(), "功能室.xlsx", []byte(exported.body))
	if dry.StatusCode != 200 || !strings.Contains(dry.body, "没有变化 1 行") {
		t.Fatalf("%d %.900s", dry.StatusCode, dry.body)
	}
	sheet := report.Table[[]string]{Sheet: "功能室"}
	for i, title := range cells[0] {
		sheet.Columns = append(sheet.Columns, report.Text(title, title, func(row *[]string) *string { return &(*row)[i] }))
	}
	row := append(cells[1], make([]string, len(cells[0])-len(cells[1]))...)
	row[3] = "后勤"
	changed, err := report.Write(sheet.Filled([][]string{row}))
	if err != nil {
		t.Fatal(err)
	}
	dry = who("east").sendFile(t, "/books/rooms/imports", pairs(), "功能室.xlsx", changed)
	if dry.StatusCode != 200 || !strings.Contains(dry.body, "1 行有错") || !strings.Contains(dry.body, "后勤") || !strings.Contains(dry.body, "下载标错的 Excel") {
		t.Errorf("%d %.900s", dry.StatusCode, dry.body)
	}
	if a := who("east").send(t, http.MethodPost, page+"/edit", pairs("seq", "1", "name", "红色议事厅", "zone", "council", "bookable", "no")); a.StatusCode != http.StatusSeeOther {
		t.Errorf("%d", a.StatusCode)
	}
	if a := who("east").send(t, http.MethodPost, page+"/edit", pairs("seq", "1", "name", "红色议事厅", "zone", "council", "bookable", "no")); a.StatusCode != 422 || !strings.Contains(a.body, "刷新后再办") {
		t.Errorf("an old page: %d", a.StatusCode)
	}
	if a := who("east").send(t, http.MethodPost, page+"/withdraw", pairs("seq", "2", "reason", "")); a.StatusCode != 422 {
		t.Errorf("no reason: %d", a.StatusCode)
	}
	for i, want := range []string{"恢复", "修改"} {
		a := who("east").send(t, http.MethodPost, page+"/withdraw", pairs("seq", []string{"2", "3"}[i], "reason", "改作他用"))
		if shown := who("east").get(t, page).body; a.StatusCode != http.StatusSeeOther || !strings.Contains(shown, want) || !strings.Contains(shown, "改作他用") {
			t.Errorf("%s: %d", want, a.StatusCode)
		}
	}
	// A month of duty, a swap and a booking through the pages.
	worker := who("east").send(t, http.MethodPost, "/books/workers/new", pairs("community", cityEast, "code", "城东-01", "name", "张晓敏", "from", "2024-05-01", "until", "2026-10-31", "duty", "yes")).Header.Get("Location")
	worker = worker[strings.LastIndex(worker, "/")+1:]
	if a := who("east").get(t, "/todo"); !strings.Contains(a.body, "给城东社区值班表补人") || !strings.Contains(a.body, "到期的社区工作者") {
		t.Errorf("not on the to-do page: %.600s", a.body)
	}
	duty := "community=" + cityEast + "&month=2026-10"
	for i, s := range []struct {
		login, path string
		form        []string
		status      int
		shows       string
	}{
		{"officer", "/stations/duty/plan", []string{"community", cityEast, "month", "2026-10"}, 403, ""},
		{"west", "/stations/duty/plan", []string{"community", cityEast, "month", "2026-10"}, 404, ""},
		{"east", "/stations/duty/plan", []string{"community", cityEast, "month", "2026-08"}, 422, "只能排本月到以后 12 个月"},
		{"east", "/stations/duty/plan", []string{"community", cityEast, "month", "2026-10"}, 303, ""},
		{"east", "/stations/duty/swap?" + duty + "&day=2026-10-20", []string{"seq", "1", "worker", worker}, 422, "换班的原因"},
		{"east", "/stations/duty/swap?" + duty + "&day=2026-10-20", []string{"seq", "1", "worker", worker, "reason", "家里有事"}, 303, ""},
		{"east", "/stations/bookings/new", []string{"entry", "rooms/" + page[len("/books/rooms/"):], "day", "2026-10-19", "hours", "14:00-15:00", "person", "王建国"}, 422, "不接受预约"},
		{"east", page + "/edit", []string{"seq", "4", "name", "红色议事厅", "zone", "council", "bookable", "yes"}, 303, ""},
		{"east", "/stations/bookings/new", []string{"entry", "rooms/" + page[len("/books/rooms/"):], "day", "2026-10-19", "hours", "14:00-15:00", "person", "王建国"}, 303, ""},
		{"east", "/stations/bookings/new", []string{"entry", "rooms/" + page[len("/books/rooms/"):], "day", "2026-10-19", "hours", "14:30-15:30", "person", "王建国"}, 422, "已经约满"},
		{"officer", "/stations/bookings" + page[len("/books/rooms"):] + "/2026-10-19/1", []string{"state", "came"}, 403, ""},
		{"east", "/stations/bookings" + page[len("/books/rooms"):] + "/2026-10-19/1", []string{"state", "cancelled"}, 422, "写明原因"},
		{"east", "/stations/bookings" + page[len("/books/rooms"):] + "/2026-10-19/1", []string{"state", "came"}, 303, ""},
	} {
		before := changes(t, f)
		a := who(s.login).send(t, http.MethodPost, s.path, pairs(s.form...))
		if a.StatusCode != s.status || !strings.Contains(a.body, s.shows) {
			t.Fatalf("step %d: %d, want %d with %q: %.600s", i, a.StatusCode, s.status, s.shows, a.body)
		}
		if s.status != 303 && changes(t, f) != before {
			t.Errorf("step %d was refused and wrote something", i)
		}
	}
	for _, s := range []scenario{
		{name: "the roster", role: "officer", path: "/stations/duty?" + duty, status: 200, contains: []string{"城东社区2026年10月值班表", "张*敏"}, excludes: []string{"换班</a>"}},
		{name: "a firm has no roster of its own", role: "firm", path: "/stations/duty", status: 303},
		{name: "as Excel", role: "east", path: "/stations/duty.xlsx?" + duty, status: 200},
		{name: "for the wall", role: "east", path: "/stations/duty/sheet?" + duty, status: 200, contains: []string{"张晓敏", "星期一"}},
		{name: "the bookings", role: "officer", path: "/stations/bookings?day=2026-10-19", status: 200, contains: []string{"红色议事厅", "王*国", "已到", `<span class="sub">城东社区</span>`}},
		{name: "those of a community stay with it", role: "officer", path: "/stations/bookings?day=2026-10-19&community=" + cityEast, status: 200,
			contains: []string{`href="/stations/bookings?day=2026-10-20&amp;community=` + cityEast}, excludes: []string{`<span class="sub">城东社区</span>`}},
	} {
		s.run(t, f, map[string]*person{})
	}
}

// TestModelPages follows a 红色达人 through the pages: recommended, reviewed, shown, and the name that everybody sees by consent only.
func TestModelPages(t *testing.T) {
	f := start(t, 1)
	firm, _ := fill(t, f)
	staff(t, f, firm)
	for login, ap := range map[string]policy.Appointment{
		"east": {Role: "community_secretary", Scopes: []string{policy.CommunityKey(cityEast)}}, "town": {Role: "township_party", Scopes: []string{policy.TownshipKey("360428100000")}},
		"county": {Role: "organisation", Scopes: []string{policy.County}},
	} {
		if err := f.Appoint(context.Background(), login, "测试人员", ap); err != nil {
			t.Fatal(err)
		}
	}
	people := map[string]*person{}
	who := func(login string) *person {
		if people[login] == nil {
			people[login] = newPerson(t, f).signIn(t, login)
		}
		return people[login]
	}
	const deeds = "十年来义务照看楼栋老人，带动三十户参加志愿服务"
	if a := who("east").send(t, http.MethodPost, "/models/new", pairs("community", cityEast, "name", "李秀英", "deeds", "李秀英热心")); a.StatusCode != 422 || !strings.Contains(a.body, "事迹有 5 个字") {
		t.Errorf("%d %.300s", a.StatusCode, a.body)
	}
	page := who("east").send(t, http.MethodPost, "/models/new", pairs("community", cityEast, "name", "李秀英", "deeds", deeds, "consent", "yes")).Header.Get("Location")
	for i, s := range []struct {
		login, seq string
		form       []string
		status     int
	}{
		{"officer", "1", []string{"move", "审核通过"}, 403}, {"east", "1", []string{"move", "审核通过"}, 403}, {"town", "1", []string{"move", "退回"}, 422}, {"town", "1", []string{"move", "审核通过"}, 303},
		{"town", "2", []string{"move", "公示"}, 403}, {"county", "2", []string{"move", "公示"}, 303}, {"county", "3", []string{"move", "命名"}, 409},
	} {
		if a := who(s.login).send(t, http.MethodPost, page, pairs(append(s.form, "seq", s.seq)...)); a.StatusCode != s.status {
			t.Fatalf("step %d by %s: %d, want %d: %.400s", i, s.login, a.StatusCode, s.status, a.body)
		}
	}
	scenario{name: "everybody sees the name by consent", path: "/models", status: 200, contains: []string{"李秀英", deeds, "公示中"}, excludes: []string{page}}.run(t, f, people)
	if a := who("east").send(t, http.MethodPost, page, pairs("move", "登记是否同意公开姓名", "seq", "3")); a.StatusCode != 303 {
		t.Fatalf("the consent is withdrawn: %d %.300s", a.StatusCode, a.body)
	}
	for _, s := range []scenario{
		{name: "and not any more without it", path: "/models", status: 200, contains: []string{"不公开姓名", deeds}, excludes: []string{"李秀英"}},
		{name: "the community still does", role: "east", path: page, status: 200, contains: []string{"李秀英", "本人没有同意"}},
		{name: "the list as Excel", role: "town", path: "/models.xlsx", status: 200},
		{name: "the public gets no Excel", path: "/models.xlsx", status: 401},
		{name: "a scan without a consent", role: "east", path: page, status: 200, excludes: []string{"同意书扫描件"}},
		{name: "no scan yet", role: "town", path: page + "/consent", status: 404},
	} {
		s.run(t, f, people)
	}
	if a := who("east").send(t, http.MethodPost, page, pairs("move", "登记是否同意公开姓名", "seq", "4", "consent", "yes")); a.StatusCode != 303 {
		t.Fatalf("the consent is given again: %d %.300s", a.StatusCode, a.body)
	}
	attach := func(login, seq string, with ...attachment) answer {
		return who(login).scanned(t, page+"/consent", pairs("seq", seq), with...)
	}
	before := changes(t, f)
	for _, s := range []struct {
		name, login string
		status      int
		says        string
		with        []attachment
	}{
		{"nothing chosen", "east", 422, "请选择同意书的扫描件", nil},
		{"no picture", "east", 422, "paper-e", []attachment{{"同意书.pdf", []byte("只是文字")}}},
		{"the township", "town", 403, "", []attachment{{"同意书.png", picture(t, 7)}}},
	} {
		if a := attach(s.login, "5", s.with...); a.StatusCode != s.status || !strings.Contains(a.body, s.says) {
			t.Errorf("%s: %d %.600s", s.name, a.StatusCode, a.body)
		}
	}
	if changes(t, f) != before {
		t.Error("a refused scan wrote something")
	}
	if a := attach("east", "5", attachment{"同意书.png", picture(t, 7)}); a.StatusCode != 303 {
		t.Fatalf("the scan: %d %.600s", a.StatusCode, a.body)
	}
	for _, s := range []scenario{
		{name: "the township opens it", role: "town", path: page, status: 200, contains: []string{`href="` + page + `/consent"`, "PNG 图片"}},
		{name: "it is a picture", role: "town", path: page + "/consent", status: 200},
		{name: "the bureau does not", role: "officer", path: page + "/consent", status: 403},
		{name: "everybody does not", path: page + "/consent", status: 401},
		{name: "refused: no reason", role: "county", method: "POST", path: page, form: pairs("move", "不通过", "seq", "6"), status: 422, contains: []string{"请写明理由"}},
		{name: "refused", role: "county", method: "POST", path: page, form: pairs("move", "不通过", "seq", "6", "reason", "公示期间有异议，查实"), status: 303, changes: 1},
		{name: "the name is gone for the community", role: "east", path: page, status: 200, contains: []string{"（已清除）", "查实"}, excludes: []string{"李秀英"}},
		{name: "and in the list", role: "town", path: "/models", status: 200, contains: []string{"（已清除）"}, excludes: []string{"李秀英"}},
	} {
		s.run(t, f, people)
	}
}

// TestReservePages: a resident without an account books on the page, looks the booking up and cancels it by its number, and has to wait after too many tries.
func TestReservePages(t *testing.T) {
	f := start(t, 1)
	firm, _ := fill(t, f)
	staff(t, f, firm)
	if err := f.Appoint(context.Background(), "east", "测试人员", policy.Appointment{Role: "community_secretary", Scopes: []string{policy.CommunityKey(cityEast)}}); err != nil {
		t.Fatal(err)
	}
	east := newPerson(t, f).signIn(t, "east")
	room := east.send(t, http.MethodPost, "/books/rooms/new", pairs("community", cityEast, "name", "议事厅", "zone", "council", "bookable", "yes", "hours", "00:00-23:59")).Header.Get("Location")
	form := strings.Replace(room, "/books/", "/reserve/", 1)
	public := newPerson(t, f)
	public.get(t, form)
	day := f.Register.Today().Add(3).String()
	book := func(hours, phone string) answer {
		return public.send(t, http.MethodPost, form, pairs("day", day, "hours", hours, "person", "王小梅", "phone", phone))
	}
	before := changes(t, f)
	if a := book("下午", ""); a.StatusCode != 422 || !strings.Contains(a.body, "请填写电话") || !strings.Contains(a.body, "王小梅") {
		t.Errorf("refused: %d %.300s", a.StatusCode, a.body)
	}
	if now := changes(t, f); now != before {
		t.Errorf("a refused booking wrote %d records", now-before)
	}
	made := book("14:00-15:00", "13800001234")
	code := regexp.MustCompile(`<dd class="b n">([0-9A-Z]{4} [0-9A-Z]{4})</dd>`).FindStringSubmatch(made.body)
	if made.StatusCode != 200 || code == nil || strings.Contains(made.body, "13800001234") {
		t.Fatalf("booked: %d %.600s", made.StatusCode, made.body)
	}
	for _, s := range []scenario{
		{name: "what is offered", path: "/reserve", status: 200, contains: []string{"议事厅", "城东社区"}},
		{name: "what is taken", path: form + "?day=" + day, status: 200, contains: []string{"14:00-15:00"}, excludes: []string{"王小梅"}},
		{name: "what is not offered", path: "/reserve/rooms/nothing", status: 404},
		{name: "where to look it up", path: "/reserve/find", status: 200, contains: []string{"预约号"}},
	} {
		s.run(t, f, map[string]*person{})
	}
	if a := east.get(t, "/stations/bookings?day="+day); !strings.Contains(a.body, "王小梅") || !strings.Contains(a.body, "网上预约") {
		t.Errorf("the community does not see it: %d", a.StatusCode)
	}
	if a := book("14:30-15:30", "13900001234"); a.StatusCode != 422 || !strings.Contains(a.body, "已经约满") {
		t.Errorf("the same time: %d", a.StatusCode)
	}
	if a := public.send(t, http.MethodPost, "/reserve/find", pairs("code", code[1])); a.StatusCode != 200 || !strings.Contains(a.body, "王*梅") {
		t.Errorf("looked up: %d %.300s", a.StatusCode, a.body)
	}
	if a := public.send(t, http.MethodPost, "/reserve/cancel", pairs("code", code[1])); a.StatusCode != 200 || !strings.Contains(a.body, "已取消") {
		t.Errorf("cancelled: %d %.300s", a.StatusCode, a.body)
	}
	status := 0
	for range 11 {
		status = public.send(t, http.MethodPost, "/reserve/find", pairs("code", "22222222")).StatusCode
	}
	if status != http.StatusTooManyRequests {
		t.Errorf("eleven wrong numbers: %d", status)
	}
}
