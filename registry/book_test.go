package registry

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/imports"
	"redsteward/internal/store"
	"redsteward/policy"
)

// bookDesk is the shipped books beside a register, with the people of the east community.
type bookDesk struct {
	*desk
	*Books
	secretary, county, township, firm policy.Actor
	firmID                            string
}

func newBookDesk(t testing.TB) *bookDesk {
	t.Helper()
	d := newDesk(t)
	set, err := ParseBooks("books.yaml", shippedBooks(t))
	if err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	books, err := NewBooks(t.Context(), d.Service, set, files.NewKeeper(d.db, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	place, err := d.Division(t.Context(), east)
	if err != nil {
		t.Fatal(err)
	}
	b := &bookDesk{desk: d, Books: books, secretary: person("community_secretary", policy.CommunityKey(east)), county: person("organisation", policy.County),
		township: person("township_party", policy.TownshipKey(place.Parent))}
	if b.firmID, err = d.CreateFirm(t.Context(), d.officer, firmOf("甲乙物业", codeOne)); err != nil {
		t.Fatal(err)
	}
	b.firm = person("firm_manager", policy.FirmKey(b.firmID))
	return b
}

func shippedBooks(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("../configs/books.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// with changes some values of a row.
func with(values map[string]string, pairs ...string) map[string]string {
	out := maps.Clone(values)
	for i := 0; i+1 < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

var (
	aRoom    = map[string]string{"name": "童心港湾", "zone": "特色服务", "area": "60.5", "hours": "08:30—20:00", "bookable": "yes"}
	aWorker  = map[string]string{"code": "城东-01", "name": "张晓敏", "phone": "13800001234", "post": "officer", "from": "2024-05-01", "duty": "yes", "education": "本科", "allowance": "200", "certificate_until": "2026-11-30"}
	aSharing = map[string]string{"number": "共用2026-1", "room": "童心港湾", "firm": codeOne, "weekdays": "每周二", "hours": "14:00-16:00", "from": "2026-01-01", "until": "2026-12-31"}
)

func (d *bookDesk) create(by policy.Actor, book, community string, values map[string]string) string {
	d.t.Helper()
	id, err := d.CreateEntry(d.t.Context(), by, book, community, values)
	if err != nil {
		d.t.Fatal(err, fault.FieldsOf(err))
	}
	return id
}

func (d *bookDesk) names(by policy.Actor, q EntryQuery) string {
	d.t.Helper()
	page, err := d.Entries(d.t.Context(), by, q)
	if err != nil {
		d.t.Fatal(err)
	}
	var names []string
	for _, row := range page.Rows {
		names = append(names, row.Name)
	}
	return strings.Join(names, "|")
}

func TestBookTypes(t *testing.T) {
	for name, check := range map[string]struct {
		err    error
		fields []string
	}{
		"entry":      {store.CheckType[Entry](), store.FieldNames[Entry]()},
		"entry-line": {store.CheckType[EntryLine](), store.FieldNames[EntryLine]()},
	} {
		golden, err := os.ReadFile("testdata/" + name + ".fields")
		if got := strings.Join(check.fields, "\n") + "\n"; check.err != nil || err != nil || got != string(golden) {
			t.Errorf("%s: %v %v, stored fields are\n%s", name, check.err, err, got)
		}
	}
}

// TestSupplies: the community enters what anybody offers, a unit its own only; what is over or withdrawn is offered to nobody; the name of a unit is read as in a sheet.
func TestSupplies(t *testing.T) {
	d := newBookDesk(t)
	ctx := t.Context()
	unit := HelperPrefix + d.create(d.secretary, BookUnits, east, map[string]string{"name": "县税务局", "kind": "office", "members": "3"})
	team := HelperPrefix + d.create(d.secretary, BookTeams, east, map[string]string{"name": "鄱湖红队", "kind": "party", "members": "9"})
	serves := policy.Actor{ID: "unit", Appointments: []policy.Appointment{{Role: "cobuilder", Unit: unit, Scopes: []string{policy.CommunityKey(east)}}}}
	offer := map[string]string{"name": "上门理发", "giver": "县税务局", "kind": "陪伴照料与探访", "by": "集体", "orders": "2", "until": "2026-12-31"}
	own := d.create(serves, BookSupplies, east, offer)
	for who, values := range map[string]map[string]string{"another's": with(offer, "giver", team), "a firm's": with(offer, "giver", d.firmID)} {
		if _, err := d.CreateEntry(ctx, serves, BookSupplies, east, values); !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v", who, err)
		}
	}
	if _, err := d.CreateEntry(ctx, d.secretary, BookSupplies, east, with(offer, "giver", "没有的单位")); !fault.Is(err, fault.Invalid) || fault.FieldsOf(err)[0].Name != "giver" {
		t.Error(err)
	}
	firm := d.create(d.secretary, BookSupplies, east, with(offer, "name", "换灯泡", "giver", "甲乙物业", "kind", "repair", "until", ""))
	old := d.create(d.secretary, BookSupplies, east, with(offer, "giver", team, "until", "2026-10-01"))
	if err := d.ChangeEntry(ctx, serves, own, 1, map[string]string{"giver": team}); !fault.Is(err, fault.Forbidden) {
		t.Error("a unit gives its row to another", err)
	}
	if err := d.WithdrawEntry(ctx, serves, old, 1, "不办了", false); !fault.Is(err, fault.Forbidden) {
		t.Error("a unit withdraws another's row", err)
	}
	offers, err := d.Offers(ctx, east, d.Books.Today())
	if err != nil || len(offers) != 2 || offers[0].ID != own && offers[1].ID != own {
		t.Fatalf("%+v, %v", offers, err)
	}
	for _, o := range offers {
		if o.ID == own && (o.Giver != unit || o.Orders != 2 || o.Kind != "care") || o.ID == firm && (o.Giver != policy.FirmKey(d.firmID) || !o.Until.IsZero()) {
			t.Errorf("%+v", o)
		}
	}
	if got := d.names(d.firm, EntryQuery{Book: BookSupplies}); got != "换灯泡 甲乙物业" {
		t.Error("the firm sees", got)
	}
	if got := d.names(serves, EntryQuery{Book: BookSupplies, State: EntriesEnding}); got != "上门理发 鄱湖红队" {
		t.Error("ending are", got)
	}
	for text, want := range map[string]string{"甲乙": "换灯泡 甲乙物业", "swj": "上门理发 县税务局", "红队": "上门理发 鄱湖红队", "没有的": ""} {
		if got := d.names(d.secretary, EntryQuery{Book: BookSupplies, Text: text}); got != want {
			t.Errorf("%s finds %q, want %q", text, got, want)
		}
	}
	mine, err := d.GiverChoices(ctx, serves, east)
	if err != nil || len(mine) != 1 || mine[0].ID != unit {
		t.Error(mine, err)
	}
}

// Every mistake of a books.yaml is named; the shipped one has none.
func TestParseBooks(t *testing.T) {
	good := string(shippedBooks(t))
	for _, tt := range []struct{ name, old, new, want string }{
		{"a norm without basis", `premises_norm: ""`, `premises_norm: "350"`, "也要填依据"},
		{"a norm that is no number", `premises_norm: ""`, `premises_norm: many`, "平方米数"},
		{"an unknown kind", "kind: hours, list: true, hint: 例如", "kind: span, list: true, hint: 例如", "栏目种类“span”不认识"},
		{"a book twice", "id: rooms", "id: premises", "重复"},
		{"a key about a person", "key: [code]", "key: [name]", "不涉及个人信息"},
		{"a sum of words", "{id: theme, label: 服务内容, kind: text, find: true}", "{id: theme, label: 服务内容, kind: text, sum: true}", "合计"},
		{"a reference to nowhere", "of: services", "of: nothing", "引用的台账"},
		{"a column that the program needs", "id: duty", "id: shift", "栏目 duty"},
		{"a choice without words", "{id: note, label: 说明, kind: long}", "{id: note, label: 说明, kind: choice}", "选项"},
		{"after no date", "after: issued}\n      - {id: until", "after: title}\n      - {id: until", "另一个日期栏目"},
		{"rights of nobody", "rights: paper", "rights: fund", "supply、paper"},
		{"an unknown key", "units:", "unit: 家\n    units:", ""},
	} {
		bad := strings.Replace(good, tt.old, tt.new, 1)
		if tt.want == "" {
			bad = good + "\nmore: 1\n"
		} else if bad == good {
			t.Fatalf("%s: nothing was changed", tt.name)
		}
		_, err := ParseBooks("books.yaml", []byte(bad))
		var told []string
		for _, f := range fault.FieldsOf(err) {
			told = append(told, f.Name+" "+f.Message)
		}
		if !fault.Is(err, fault.Invalid) || !strings.Contains(strings.Join(told, "\n"), tt.want) || !strings.Contains(strings.Join(told, "\n"), "books.yaml:") {
			t.Errorf("%s: %v %q", tt.name, err, told)
		}
	}
	set, err := ParseBooks("books.yaml", []byte(strings.Replace(strings.Replace(good, `premises_norm: ""`, `premises_norm: "350.5"`, 1), `norm_basis: ""`, "norm_basis: 县里的通知", 1)))
	if err != nil || set.Norm.Area.Fixed(1) != "350.5" {
		t.Errorf("a norm with its basis: %v %v", set, err)
	}
}

// What a column takes, in which form it is stored, and what is said of the rest.
func TestBookValues(t *testing.T) {
	d := newBookDesk(t)
	ctx := t.Context()
	room := d.create(d.secretary, "rooms", east, aRoom)
	d.create(d.secretary, "sharing", east, aSharing)
	row, err := d.OneEntry(ctx, d.secretary, "rooms", room)
	if err != nil || row.Values["hours"] != "08:30-20:00" || row.Values["area"] != "60.50" || row.Values["zone"] != "special" || row.Texts["zone"] != "特色服务" || row.CommunityName != "城东社区" {
		t.Fatalf("%+v %v", row, err)
	}
	for _, tt := range []struct {
		name, book string
		values     map[string]string
		want       []string
	}{
		{"empty", "rooms", nil, []string{"name 请填写名称", "zone 请选择功能区", "bookable 请选择可以预约"}},
		{"hours backwards", "rooms", with(aRoom, "name", "甲", "hours", "20:00-08:30"), []string{"hours 开放时间“20:00-08:30”要写成起止时间"}},
		{"hours beyond the day", "rooms", with(aRoom, "name", "甲", "hours", "08:00-24:30"), []string{"hours"}},
		{"three decimals", "rooms", with(aRoom, "name", "甲", "area", "60.505"), []string{"area 面积（平方米）最多两位小数，现在是 60.505"}},
		{"negative", "rooms", with(aRoom, "name", "甲", "area", "-1"), []string{"area"}},
		{"no number", "rooms", with(aRoom, "name", "甲", "seats", "很多"), []string{"seats 座位“很多”要填整数"}},
		{"above the bound", "rooms", with(aRoom, "name", "甲", "places", "101"), []string{"places 同时接待是 101"}},
		{"an unknown word", "rooms", with(aRoom, "name", "甲", "zone", "后勤"), []string{"zone 功能区不能是“后勤”"}},
		{"a masked name", "workers", with(aWorker, "code", "城东-02", "name", "张*敏"), []string{"name 姓名里有 *"}},
		{"a short phone", "workers", with(aWorker, "code", "城东-02", "phone", "1380000"), []string{"phone 电话有 7 位"}},
		{"a day to come", "workers", with(aWorker, "code", "城东-02", "from", "2027-01-01"), []string{"from 任职日期2027年1月1日还没有到"}},
		{"ends before it begins", "sharing", with(aSharing, "number", "2", "until", "2025-12-31"), []string{"until 截止日2025年12月31日早于起始日2026年1月1日"}},
		{"no date", "sharing", with(aSharing, "number", "2", "until", "年底"), []string{"until 截止日“年底”不是日期"}},
		{"a firm that is not there", "sharing", with(aSharing, "number", "2", "firm", codeTwo), []string{"firm 没有登记统一社会信用代码为"}},
		{"a firm by a wrong name", "sharing", with(aSharing, "number", "2", "firm", "乙物业"), []string{"firm 没有登记名为“乙物业”的企业"}},
		{"a room that is not there", "sharing", with(aSharing, "number", "2", "room", "会议室"), []string{"room 功能室没有名为“会议室”的登记"}},
		{"too long", "rooms", with(aRoom, "name", strings.Repeat("长", 61)), []string{"name 名称有 61 个字"}},
	} {
		_, err := d.CreateEntry(ctx, d.secretary, tt.book, east, tt.values)
		d.refused(tt.name, fault.Invalid, func() error { return err }, tt.want...)
	}
	// A room of another community is none of this one.
	neighbour := person("community_secretary", policy.CommunityKey(west))
	d.refused("a room of another community", fault.Invalid, func() error {
		_, err := d.CreateEntry(ctx, neighbour, "sharing", west, with(aSharing, "room", room))
		return err
	}, "不在这个社区")
	if id := d.create(d.secretary, "sharing", east, with(aSharing, "number", "2", "firm", "甲乙物业", "room", room)); id == "" {
		t.Error("a firm by its name and a room by its id")
	}
	d.refused("a name twice", fault.Conflict, func() error {
		_, err := d.CreateEntry(ctx, d.secretary, "rooms", east, aRoom)
		return err
	}, "功能室里已有“童心港湾”")
	d.create(neighbour, "rooms", west, aRoom)
}

// Who may do what: the community its own, township and county read, a firm its own agreements, persons masked.
func TestBookRights(t *testing.T) {
	d := newBookDesk(t)
	ctx := t.Context()
	d.create(d.secretary, "rooms", east, aRoom)
	worker := d.create(d.secretary, "workers", east, aWorker)
	sharing := d.create(d.secretary, "sharing", east, aSharing)
	neighbour := person("community_worker", policy.CommunityKey(west))
	add := func(by policy.Actor, community string) func() error {
		return func() error {
			_, err := d.CreateEntry(ctx, by, "rooms", community, with(aRoom, "name", "另一间"))
			return err
		}
	}
	d.refused("another community", fault.NotFound, add(neighbour, east))
	d.refused("the township", fault.Forbidden, add(d.township, east))
	d.refused("the bureau", fault.Forbidden, add(d.officer, east))
	d.refused("the firm", fault.Forbidden, add(d.firm, east))
	d.refused("nobody", fault.Unauthenticated, add(policy.Actor{}, east))
	d.refused("no community", fault.Invalid, add(d.county, ""), "community")
	d.refused("a township for a community", fault.Invalid, add(d.county, "360428100000"), "community")
	d.refused("another book", fault.NotFound, func() error {
		_, err := d.CreateEntry(ctx, d.secretary, "nothing", east, nil)
		return err
	})
	d.refused("change by a neighbour", fault.NotFound, func() error { return d.ChangeEntry(ctx, neighbour, worker, 1, with(aWorker, "post", "grid")) })
	d.refused("change by the bureau", fault.Forbidden, func() error { return d.ChangeEntry(ctx, d.officer, worker, 1, nil) })
	d.refused("an old page", fault.Conflict, func() error { return d.ChangeEntry(ctx, d.secretary, worker, 9, nil) })
	d.refused("a firm changes its agreement", fault.Forbidden, func() error { return d.ChangeEntry(ctx, d.firm, sharing, 1, nil) })

	for by, want := range map[string]struct {
		actor   policy.Actor
		name    string
		masked  bool
		sharing string
	}{
		"secretary": {d.secretary, "张晓敏", false, "共用2026-1"}, "township": {d.township, "张晓敏", false, "共用2026-1"}, "county": {d.county, "张晓敏", false, "共用2026-1"},
		"bureau": {d.officer, "张*敏", true, "共用2026-1"},
	} {
		row, err := d.OneEntry(ctx, want.actor, "workers", worker)
		if err != nil || row.Texts["name"] != want.name || row.Masked != want.masked || (row.Texts["education"] == "本科") == want.masked || strings.Contains(row.Values["phone"], "*") != want.masked {
			t.Errorf("%s sees %+v %v", by, row.Texts, err)
		}
		if got := d.names(want.actor, EntryQuery{Book: "sharing"}); got != want.sharing {
			t.Errorf("%s sees %q", by, got)
		}
	}
	// The firm sees its agreement and nothing else; its search does not find persons.
	if got := d.names(d.firm, EntryQuery{Book: "sharing"}); got != "共用2026-1" {
		t.Errorf("the firm sees %q", got)
	}
	if got := d.names(d.firm, EntryQuery{Book: "rooms"}); got != "" {
		t.Errorf("the firm sees the rooms %q", got)
	}
	d.refused("the firm opens a worker", fault.NotFound, func() error { _, err := d.OneEntry(ctx, d.firm, "workers", worker); return err })
	d.refused("a neighbour opens a worker", fault.NotFound, func() error { _, err := d.OneEntry(ctx, neighbour, "workers", worker); return err })
	d.refused("an owner", fault.Forbidden, func() error {
		_, err := d.Entries(ctx, person("owner", policy.ProjectKey("p1")), EntryQuery{Book: "rooms"})
		return err
	})
	if got := d.names(d.secretary, EntryQuery{Book: "workers", Text: "zxm"}); got != "城东-01" {
		t.Errorf("found by the initials of the name: %q", got)
	}
	if got := d.names(d.officer, EntryQuery{Book: "workers", Text: "zxm"}); got != "" {
		t.Errorf("a masked name is found: %q", got)
	}
}

// Lists: order, filters, ends, sums, withdrawn rows and their way back, history.
func TestBookLists(t *testing.T) {
	d := newBookDesk(t)
	ctx := t.Context()
	var ids []string
	for i := range PageSize + 3 {
		ids = append(ids, d.create(d.secretary, "rooms", east, with(aRoom, "name", fmt.Sprintf("功能室%02d", i), "area", fmt.Sprint(100-i), "zone", []string{"service", "special", "council"}[i%3])))
	}
	page, err := d.Entries(ctx, d.secretary, EntryQuery{Book: "rooms"})
	if err != nil || len(page.Rows) != PageSize || page.Count != PageSize+3 || page.Next == "" || page.Sums["area"].Fixed(2) != "3922.00" {
		t.Fatalf("%d of %d, sums %v, %v", len(page.Rows), page.Count, page.Sums, err)
	}
	rest, err := d.Entries(ctx, d.secretary, EntryQuery{Book: "rooms", After: page.Next})
	if err != nil || len(rest.Rows) != 3 || rest.Rows[2].Name != "功能室52" || rest.Count != PageSize+3 {
		t.Errorf("the second page: %+v %v", rest, err)
	}
	if got := d.names(d.secretary, EntryQuery{Book: "rooms", Sort: "area"}); !strings.HasPrefix(got, "功能室52|功能室51|") {
		t.Errorf("by area: %.40s", got)
	}
	if got := d.names(d.secretary, EntryQuery{Book: "rooms", Text: "gns07"}); got != "功能室07" {
		t.Errorf("by initials: %q", got)
	}
	narrowed, err := d.Entries(ctx, d.county, EntryQuery{Book: "rooms", Community: east, Choices: map[string]string{"zone": "council"}})
	if err != nil || narrowed.Count != 17 {
		t.Errorf("by zone: %d %v", narrowed.Count, err)
	}
	if got := d.names(d.county, EntryQuery{Book: "rooms", Community: west}); got != "" {
		t.Errorf("another community: %q", got)
	}

	// Withdrawn and brought back.
	id := ids[0]
	d.refused("no reason", fault.Invalid, func() error { return d.WithdrawEntry(ctx, d.secretary, id, 1, "", false) }, "reason")
	d.refused("nothing to bring back", fault.Conflict, func() error { return d.WithdrawEntry(ctx, d.secretary, id, 1, "不该撤下", true) })
	if err := d.WithdrawEntry(ctx, d.secretary, id, 1, "改作他用", false); err != nil {
		t.Fatal(err)
	}
	d.refused("changed while withdrawn", fault.Conflict, func() error { return d.ChangeEntry(ctx, d.secretary, id, 2, aRoom) }, "先恢复")
	d.refused("its name is kept", fault.Conflict, func() error {
		_, err := d.CreateEntry(ctx, d.secretary, "rooms", east, with(aRoom, "name", "功能室00"))
		return err
	}, "已撤下")
	if got := d.names(d.secretary, EntryQuery{Book: "rooms", State: EntriesWithdrawn}); got != "功能室00" {
		t.Errorf("withdrawn: %q", got)
	}
	if err := d.WithdrawEntry(ctx, d.secretary, id, 2, "不该撤下", true); err != nil {
		t.Fatal(err)
	}
	if err := d.ChangeEntry(ctx, d.secretary, id, 3, map[string]string{"name": "书画室", "hours": ""}); err != nil {
		t.Fatal(err)
	}
	d.create(d.secretary, "rooms", east, with(aRoom, "name", "功能室00")) // the old name is free
	history, err := d.EntryHistory(ctx, d.secretary, "rooms", id)
	if err != nil || len(history) != 4 || !slices.Contains(history[0].Changed, "名称：书画室") || !slices.Contains(history[0].Changed, "开放时间：清空") || history[1].Why != "不该撤下" || !slices.Contains(history[2].Changed, "撤下") {
		t.Errorf("%+v %v", history, err)
	}

	// What runs out, and which checks are not met.
	d.create(d.secretary, "workers", east, aWorker)
	d.create(d.secretary, "workers", east, with(aWorker, "code", "城东-02", "certificate_until", "2027-06-30", "until", "2026-09-30"))
	d.create(d.secretary, "workers", east, with(aWorker, "code", "城东-03", "certificate_until", "2028-06-30"))
	ending, err := d.Entries(ctx, d.county, EntryQuery{Book: "workers", State: EntriesEnding})
	if err != nil || len(ending.Rows) != 2 || ending.Rows[0].EndsField != "证书登记有效期" || ending.Rows[1].EndsField != "聘期截止日" || ending.Rows[1].Ends.String() != "2026-09-30" {
		t.Errorf("%+v %v", ending.Rows, err)
	}
	checks := map[string]string{"day": "2026-10-01"}
	book, _ := d.Set().Find("standard")
	for _, f := range book.Fields {
		if f.Kind == FieldCheck {
			checks[f.ID] = CheckMet
		}
	}
	d.create(d.secretary, "standard", east, checks)
	d.create(d.secretary, "standard", east, with(checks, "day", "2026-10-08", "sign_outer", "不符合", "hall_culture", CheckNA))
	unmet, err := d.Entries(ctx, d.county, EntryQuery{Book: "standard", State: EntriesUnmet})
	if err != nil || len(unmet.Rows) != 1 || unmet.Rows[0].Met != 10 || unmet.Rows[0].Checked != 11 || !slices.Equal(unmet.Rows[0].Unmet, []string{"外部标识规范"}) {
		t.Errorf("%+v %v", unmet.Rows, err)
	}
}

// Papers: open to everybody or to those with the right, kept by the bureau, with versions and files that are what they say.
func TestPapers(t *testing.T) {
	d := newBookDesk(t)
	ctx := t.Context()
	officer := d.officer
	paper := map[string]string{"number": "都住建发〔2024〕8号", "title": "物业管理工作实施意见（试行）", "issuer": "县住建局", "issued": "2024-03-01", "force": "2024-04-01", "until": "2026-12-31", "topic": "物业服务", "open": "公开"}
	first := d.create(officer, "papers", "", paper)
	d.create(officer, "papers", "", with(paper, "number", "内部1", "title", "内部口径", "open", "no", "replaces", "都住建发〔2024〕8号"))
	if got := d.names(policy.Actor{}, EntryQuery{Book: "papers"}); got != "都住建发〔2024〕8号" {
		t.Errorf("everybody sees %q", got)
	}
	if got := d.names(d.secretary, EntryQuery{Book: "papers", Text: "ssyj"}); got != "都住建发〔2024〕8号" {
		t.Errorf("by the initials of the title: %q", got)
	}
	if got := d.names(policy.Actor{}, EntryQuery{Book: "papers", State: EntriesWithdrawn}); got == "内部1" {
		t.Errorf("everybody sees withdrawn ones: %q", got)
	}
	d.refused("a secretary writes", fault.Forbidden, func() error {
		_, err := d.CreateEntry(ctx, d.secretary, "papers", "", with(paper, "number", "2"))
		return err
	})
	pdf := "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\nxref\n0 3\ntrailer<</Size 3/Root 1 0 R>>\nstartxref\n0\n%%EOF\n"
	upload, err := d.keeper.Receive("意见.pdf", strings.NewReader(pdf), files.PDF)
	if err != nil {
		t.Fatal(err)
	}
	defer upload.Close()
	room := d.create(d.secretary, "rooms", east, aRoom)
	d.refused("a file to a room", fault.Invalid, func() error { return d.AttachFile(ctx, d.secretary, room, 1, upload) }, "file")
	if err := d.AttachFile(ctx, officer, first, 1, upload); err != nil {
		t.Fatal(err)
	}
	if _, _, file, err := d.OpenEntryFile(ctx, policy.Actor{}, "papers", first, 0); err != nil || file.Name != "意见.pdf" {
		t.Errorf("%+v %v", file, err)
	}
	if _, _, _, err := d.OpenEntryFile(ctx, policy.Actor{}, "papers", first, 1); !fault.Is(err, fault.NotFound) {
		t.Errorf("a file that is not there: %v", err)
	}
	if err := d.DetachFile(ctx, officer, first, 2, 0); err != nil {
		t.Fatal(err)
	}
	d.refused("no file any more", fault.NotFound, func() error { return d.DetachFile(ctx, officer, first, 3, 0) })
	if err := d.WithdrawEntry(ctx, officer, first, 3, "登记错误", false); err != nil {
		t.Fatal(err)
	}
	if _, err := d.OneEntry(ctx, policy.Actor{}, "papers", first); !fault.Is(err, fault.NotFound) {
		t.Errorf("everybody opens a withdrawn paper: %v", err)
	}
}

// An import: faults by cell, nothing twice, corrections, and everything taken back.
func TestBookImport(t *testing.T) {
	d := newBookDesk(t)
	ctx := t.Context()
	line := func(row int64, book, community string, values map[string]string) EntryLine {
		l := EntryLine{Row: row, Book: book, CommunityName: community, Values: map[string]string{}}
		b, _ := d.Set().Find(book)
		for field, text := range values {
			if f, _ := b.Field(field); f.Hidden() {
				l.Personal = append(l.Personal, PersonalValue{field, text})
			} else {
				l.Values[field] = text
			}
		}
		return l
	}
	file := func(book string, lines ...EntryLine) imports.File[EntryLine] {
		return imports.File[EntryLine]{Kind: book, Name: "台账.xlsx", Hash: strings.Repeat("0", 64), Lines: lines}
	}
	take := func(by policy.Actor, f imports.File[EntryLine], onlyGood bool) imports.View {
		t.Helper()
		run, err := d.DryEntries(ctx, by, f)
		if err != nil {
			t.Fatal(err)
		}
		id, err := d.AcceptEntries(ctx, by, run.Draft, onlyGood)
		if err != nil {
			t.Fatal(err, run.Faults)
		}
		if _, err := d.Books.RunImports(ctx); err != nil {
			t.Fatal(err)
		}
		v, err := d.EntryImport(ctx, by, id)
		if err != nil || v.State != imports.Done {
			t.Fatalf("%+v %v", v, err)
		}
		return v
	}
	before := d.records()
	run, err := d.DryEntries(ctx, d.secretary, file("workers", line(2, "workers", "城东社区", aWorker), line(3, "workers", "城东社区", aWorker), line(4, "workers", "东街社区", with(aWorker, "code", "东街-01")),
		line(5, "workers", "没有社区", aWorker), line(6, "workers", "城东社区", with(aWorker, "code", "城东-05", "phone", "12", "from", "昨天"))))
	if err != nil || run.New != 1 || run.Faulty != 4 || run.Doubled != 1 || d.records() != before {
		t.Fatalf("%+v %v", run, err)
	}
	told := said(run.Faults)
	for _, want := range []string{"4 community 没有名为“东街社区”", "5 community 没有名为“没有社区”", "6 phone 电话有 2 位", "6 from 任职日期“昨天”不是日期"} {
		if !strings.Contains(told, want) {
			t.Errorf("not told: %s in\n%s", want, told)
		}
	}
	first := take(d.secretary, file("workers", line(2, "workers", "城东社区", aWorker), line(3, "workers", "城东社区", with(aWorker, "code", "城东-02"))), false)
	if first.Created != 2 || d.names(d.secretary, EntryQuery{Book: "workers"}) != "城东-01|城东-02" {
		t.Fatalf("%+v", first)
	}
	again, err := d.DryEntries(ctx, d.secretary, file("workers", line(2, "workers", "城东社区", aWorker), line(3, "workers", "城东社区", map[string]string{"code": "城东-02", "post": "专职网格员"})))
	if err != nil || again.Same != 1 || again.Changed != 1 || again.Faulty != 0 {
		t.Fatalf("%+v %v", again, err)
	}
	second := take(d.secretary, file("workers", line(3, "workers", "城东社区", map[string]string{"code": "城东-02", "post": "专职网格员"})), false)
	row := func() EntryRow {
		t.Helper()
		page, err := d.Entries(ctx, d.secretary, EntryQuery{Book: "workers", Desc: true})
		if err != nil || len(page.Rows) != 2 {
			t.Fatalf("%+v %v", page, err)
		}
		return page.Rows[0]
	}
	if got := row(); got.Values["post"] != "grid" || got.Values["name"] != "张晓敏" {
		t.Errorf("a row that says one column keeps the others: %+v", got.Values)
	}
	// The last import first, then the first: the corrected row is as before, the new ones are withdrawn, and a new import brings them back.
	for _, v := range []imports.View{second, first} {
		look, err := d.LookBackEntries(ctx, d.secretary, v.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.ReverseEntries(ctx, d.secretary, v.ID, look.Seq, "导错了"); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Books.RunImports(ctx); err != nil {
			t.Fatal(err)
		}
		if v.ID == second.ID && row().Values["post"] != "officer" {
			t.Errorf("not as before: %+v", row().Values)
		}
	}
	if got := d.names(d.secretary, EntryQuery{Book: "workers"}); got != "" {
		t.Errorf("after taking back: %q", got)
	}
	if back := take(d.secretary, file("workers", line(9, "workers", "城东社区", aWorker)), false); back.Changed != 1 || d.names(d.secretary, EntryQuery{Book: "workers"}) != "城东-01" {
		t.Errorf("brought back: %+v", back)
	}
	other := person("community_worker", policy.CommunityKey(west))
	other.ID = "a-other"
	if _, err := d.EntryImport(ctx, other, first.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("somebody else opens the import: %v", err)
	}
	d.refused("somebody else takes it back", fault.NotFound, func() error { return d.ReverseEntries(ctx, other, first.ID, 1, "没有道理") })
	d.refused("the township imports", fault.Forbidden, func() error {
		_, err := d.DryEntries(ctx, d.township, file("workers", line(2, "workers", "城东社区", aWorker)))
		return err
	})
	d.refused("nobody accepts", fault.Forbidden, func() error { _, err := d.AcceptEntries(ctx, d.township, "draft", false); return err })
}
