package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/supervision/wish"
)

// TestWishPages follows a wish through its pages: a stranger, the community, two units of which one takes it, the secretary, the public.
func TestWishPages(t *testing.T) {
	f := start(t, 1)
	firm, project := fill(t, f)
	staff(t, f, firm)
	ctx, community := context.Background(), policy.CommunityKey(cityEast)
	worker := policy.Actor{ID: "a-worker", Appointments: []policy.Appointment{{Role: "community_worker", Unit: community, Scopes: []string{community}}}}
	unit := func(name string) string {
		id, err := f.Stations.Books.CreateEntry(ctx, worker, "units", cityEast, map[string]string{"name": name})
		if err != nil {
			t.Fatal(err)
		}
		return "u:" + id
	}
	tax, culture := unit("县税务局"), unit("县文化馆")
	if _, err := f.Stations.Books.CreateEntry(ctx, worker, "supplies", cityEast, map[string]string{"name": "换灯装扶手", "giver": tax, "kind": "repair"}); err != nil {
		t.Fatal(err)
	}
	for login, ap := range map[string]policy.Appointment{"worker": worker.Appointments[0], "grid": {Role: "grid_worker", Unit: community, Scopes: []string{community}},
		"tax": {Role: "cobuilder", Unit: tax, Scopes: []string{community}}, "culture": {Role: "cobuilder", Unit: culture, Scopes: []string{community}}} {
		if err := f.Appoint(ctx, login, "姓名"+login, ap); err != nil {
			t.Fatal(err)
		}
	}
	people := map[string]*person{}
	run := func(list ...scenario) {
		t.Helper()
		for _, s := range list {
			s.run(t, f, people)
		}
	}
	nobody := newPerson(t, f)
	kept := regexp.MustCompile(`<dd class="b n">([0-9A-Z ]+)</dd>`)
	nobody.get(t, "/wish?community="+cityEast) // a stranger has no other page before the form
	a := nobody.send(t, "POST", "/wish", pairs("key", "k1", "community", cityEast, "project", project, "kind", "care", "words", "想在楼梯口装一个扶手", "spot", "3幢1单元", "name", "王桂英", "phone", "13800001234"))
	codes := kept.FindAllStringSubmatch(a.body, -1)
	if a.StatusCode != 200 || len(codes) != 2 {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	number, code := codes[0][1], codes[1][1]
	run(scenario{name: "its account by the name of the unit", role: "admin", path: "/admin/accounts?unit=" + url.QueryEscape("县税务局"), status: 200, contains: []string{">tax<", "部门或单位 县税务局"}, excludes: []string{">culture<", tax[:8]}})
	run(
		scenario{name: "the form", path: "/wish?community=" + cityEast, status: 200, contains: []string{"望湖苑", "陪伴照料", "只有社区用来联系你上门服务"}},
		scenario{name: "fields", method: "POST", path: "/wish", form: pairs("key", "k2", "community", cityEast, "words", "打 13800001234"), status: 422, contains: []string{"像是电话", `id="kind-e"`}},
		scenario{name: "a wrong code", method: "POST", path: "/wish/find", form: pairs("number", number, "code", "AAAAAA"), status: 422, contains: []string{"没有这个查询号"}},
		scenario{name: "looked up", method: "POST", path: "/wish/find", form: pairs("number", number, "code", code), status: 200, contains: []string{"待受理", "楼梯口", "/wish/cancel"}},
		scenario{name: "nothing is shown", path: "/wishes", status: 200, contains: []string{"还没有公开的晒单"}},
		scenario{name: "the public sees no list", path: "/needs", status: 401},
		scenario{name: "the unit enters nothing", role: "tax", path: "/needs/new", status: 403},
		scenario{name: "the grid worker's form", role: "grid", path: "/needs/new", status: 200, contains: []string{"望湖苑", "只有社区看得到"}},
		scenario{name: "entered with mistakes", role: "grid", method: "POST", path: "/needs/new", form: pairs("key", "k3", "project", project, "kind", "care", "words", "短"), status: 422, contains: []string{`id="words-e"`}},
		scenario{name: "the community's work", role: "worker", path: "/todo", status: 200, contains: []string{"受理微心愿", "/needs/"}},
	)
	list, err := f.Wishes.List(ctx, worker, wish.Filter{})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	page := "/needs/" + list[0].ID
	run(
		scenario{name: "its page", role: "worker", path: page, status: 200, contains: []string{"王桂英", "13800001234", "点单人", "不予受理"}},
		scenario{name: "found by its words", role: "worker", path: "/search?q=" + url.QueryEscape("楼梯口"), status: 200, contains: []string{`id="wishes"`, page}, excludes: []string{"王桂英"}},
		scenario{name: "not found elsewhere", role: "elsewhere", path: "/search?q=" + url.QueryEscape("楼梯口"), status: 200, excludes: []string{page}},
		scenario{name: "elsewhere", role: "elsewhere", path: page, status: 404},
		scenario{name: "not yet for units", role: "tax", path: page, status: 404},
		scenario{name: "accept: fields", role: "worker", method: "POST", path: page + "/accept", form: pairs("seq", "1", "accept-kind", "care", "accept-words", "201室要扶手"), status: 422, contains: []string{`id="accept-words-e"`, "像是电话、证件号或门牌"}},
		scenario{name: "the unit accepts nothing", role: "tax", method: "POST", path: page + "/accept", form: pairs("seq", "1"), status: 403},
		scenario{name: "accept", role: "worker", method: "POST", path: page + "/accept", form: pairs("seq", "1", "accept-kind", "repair", "accept-words", "楼梯口要一个扶手"), status: 303, changes: 1},
		scenario{name: "whom to ask", role: "worker", path: page, status: 200, contains: []string{"县税务局（共建单位）", "县文化馆", "（物业服务企业）", "派单建议", "供给清单里有“换灯装扶手”"}},
		scenario{name: "pool", role: "worker", method: "POST", path: page + "/pool", form: pairs("seq", "2"), status: 303, changes: 1},
		scenario{name: "a unit's work", role: "tax", path: "/todo", status: 200, contains: []string{"1 件微心愿等单位认领"}},
		scenario{name: "without who asked", role: "tax", path: page, status: 200, contains: []string{"已隐去", "接单"}, excludes: []string{"王桂英", "13800001234"}},
		scenario{name: "its file without who asked", role: "tax", path: page + "/whole", status: 200, contains: []string{"卷内目录", "已隐去，由社区联系"}, excludes: []string{"王桂英", "13800001234"}},
		scenario{name: "take", role: "tax", method: "POST", path: page + "/take", form: pairs("seq", "3"), status: 303, changes: 1},
		scenario{name: "the second cannot", role: "culture", method: "POST", path: page + "/take", form: pairs("seq", "3"), status: 409, contains: []string{"刚被别人办过"}},
		scenario{name: "nor look", role: "culture", path: page, status: 404},
		scenario{name: "the unit serves", role: "tax", path: page, status: 200, contains: []string{"提交服务情况", "现场照片", "退单"}, excludes: []string{"确认服务", "收回"}},
		scenario{name: "no such step", role: "tax", method: "POST", path: page + "/burn", form: pairs("seq", "4"), status: 404},
	)
	run(
		scenario{name: "its offers", role: "tax", path: "/supplies/new", status: 200, contains: []string{"县税务局", "谁提供"}, excludes: []string{"县文化馆"}},
		scenario{name: "another's offer", role: "culture", method: "POST", path: "/supplies/new", form: pairs("community", cityEast, "name", "换灯", "giver", tax, "kind", "repair"), status: 403, contains: []string{"自己单位"}},
		scenario{name: "an offer", role: "culture", method: "POST", path: "/supplies/new", form: pairs("community", cityEast, "name", "书法辅导", "giver", culture, "kind", "care"), status: 303, changes: 2},
		scenario{name: "what is offered", role: "tax", path: "/supplies?f.kind=care", status: 200, contains: []string{"书法辅导", "县文化馆", "微心愿"}, excludes: []string{"换灯装扶手"}},
		scenario{name: "found by who offers", role: "tax", path: "/supplies?q=" + url.QueryEscape("文化馆"), status: 200, contains: []string{"书法辅导"}, excludes: []string{"换灯装扶手"}},
		scenario{name: "on the page of who offers", role: "worker", path: "/books/units/" + strings.TrimPrefix(tax, "u:"), status: 200, contains: []string{"供给清单", "换灯装扶手"}, excludes: []string{"书法辅导"}},
		scenario{name: "offers with fields", role: "worker", method: "POST", path: "/supplies/new", form: pairs("community", cityEast, "name", "送米", "giver", "没有的单位", "kind", "care"), status: 422, contains: []string{`id="giver-e"`}},
	)
	prove := func(hours string, files ...attachment) answer {
		return people["tax"].upload(t, page+"/prove", [][2]string{{"key", "p" + hours}, {"seq", "4"}, {"prove-words", "扶手已经装好，试过牢固"}, {"prove-helpers", "2"}, {"prove-hours", hours}}, nil, files...)
	}
	if a := prove("1.3"); a.StatusCode != 422 || !strings.Contains(a.body, "按半小时记") || !strings.Contains(a.body, "现场照片，不拍人脸") || !strings.Contains(a.body, "试过牢固") {
		t.Fatalf("%d %.300s", a.StatusCode, a.body)
	}
	if a := prove("2.5", attachment{"张三家.png", picture(t, 64)}); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %.900s", a.StatusCode, a.body)
	}
	run(
		scenario{name: "to confirm", role: "worker", path: page, status: 200, contains: []string{"2 人，合计 2.5 小时", "确认服务", page + "/photos/0"}, excludes: []string{"张三"}},
		scenario{name: "its photo", role: "worker", path: page + "/photos/0", status: 200},
		scenario{name: "no photo of another's", role: "culture", path: page + "/photos/0", status: 404},
		scenario{name: "confirm", role: "worker", method: "POST", path: page + "/confirm", form: pairs("seq", "5"), status: 303, changes: 1},
		scenario{name: "who confirmed enters no rating", role: "worker", path: page, status: 200, excludes: []string{"电话评单"}},
		scenario{name: "words with the name", role: "worker", method: "POST", path: page + "/draft", form: pairs("seq", "6", "draft-draft", "王桂英家装了扶手"), status: 422, contains: []string{"公开的内容不写姓名"}},
		scenario{name: "words", role: "worker", method: "POST", path: page + "/draft", form: pairs("seq", "6", "draft-draft", "楼梯口装上了扶手，老人上下楼更放心。"), status: 303, changes: 1},
		scenario{name: "not shown yet", path: "/wishes", status: 200, excludes: []string{"更放心"}},
		scenario{name: "the secretary's work", role: "secretary", path: "/todo", status: 200, contains: []string{"审核晒单内容"}},
		scenario{name: "publish", role: "secretary", method: "POST", path: page + "/publish", form: pairs("seq", "7"), status: 303, changes: 1},
		scenario{name: "everybody sees it", path: "/wishes", status: 200, contains: []string{"更放心", "县税务局"}, excludes: []string{"王桂英", "1380000", page}},
		scenario{name: "score", method: "POST", path: "/wish/rate", form: pairs("number", number, "code", code, "key", "r0"), status: 422, contains: []string{"评分"}},
		scenario{name: "rated low", method: "POST", path: "/wish/rate", form: pairs("number", number, "code", code, "key", "r1", "score", "2", "words", "有一处松动"), status: 200, contains: []string{"谢谢你的评单", "2 分"}, changes: 1},
		scenario{name: "the words stay inside", role: "tax", path: page, status: 200, contains: []string{"2 分"}, excludes: []string{"有一处松动"}},
		scenario{name: "asked again", role: "worker", method: "POST", path: page + "/settle", form: pairs("seq", "9", "settle-words", "上门拧紧，本人满意"), status: 303, changes: 2},
		scenario{name: "found", role: "secretary", path: "/needs?state=done&taker=unit&q=shuiwuju", status: 200, contains: []string{"楼梯口要一个扶手", "县税务局"}},
		scenario{name: "not found", role: "secretary", path: "/needs?state=taken", status: 200, contains: []string{"没有符合条件的内容"}},
		scenario{name: "served", role: "secretary", path: "/served", status: 200, contains: []string{"县税务局", "2.5", "平均 2.0 分", "分母是已确认的"}},
		scenario{name: "taken down", role: "secretary", method: "POST", path: page + "/hide", form: pairs("seq", "10", "hide-reason", "内容有误"), status: 303, changes: 1},
		scenario{name: "not shown any more", path: "/wishes", status: 200, excludes: []string{"更放心"}},
	)
	run(
		scenario{name: "points: the unit's own", role: "tax", path: "/points", status: 200, contains: []string{"县税务局", "不排名"}},
		scenario{name: "points: not another's", role: "culture", path: "/points", status: 200, excludes: []string{"县税务局"}},
		scenario{name: "points: entries", role: "secretary", path: "/points/entries?taker=" + tax, status: 200, contains: []string{"服务一件 5", "冲正"}},
		scenario{name: "points: nobody's", role: "secretary", path: "/points/entries", status: 404},
		scenario{name: "points: no right", role: "worker", method: "POST", path: "/points/" + list[0].ID + "/reverse", form: pairs("reason", "服务不实"), status: 403},
		scenario{name: "points: no reason", role: "secretary", method: "POST", path: "/points/" + list[0].ID + "/reverse", form: pairs("reason", ""), status: 422, contains: []string{`id="reason-e"`}},
		scenario{name: "points: reversed", role: "secretary", method: "POST", path: "/points/" + list[0].ID + "/reverse", form: pairs("reason", "服务不实"), status: 303, changes: 1},
		scenario{name: "points: once", role: "secretary", method: "POST", path: "/points/" + list[0].ID + "/reverse", form: pairs("reason", "服务不实"), status: 422, contains: []string{"已经冲正过"}},
		scenario{name: "member: the unit's form", role: "tax", path: "/members/new", status: 200, contains: []string{"本人知道并且同意"}, excludes: []string{"所在单位"}},
		scenario{name: "member: fields", role: "tax", method: "POST", path: "/members/new", form: pairs("key", "m1", "community", cityEast, "name", "李强", "skills", "care"), status: 422, contains: []string{`id="phone-e"`, `id="agreed-e"`, `value="care" checked`}},
		scenario{name: "member: reported", role: "tax", method: "POST", path: "/members/new", form: pairs("key", "m2", "community", cityEast, "name", "李强", "phone", "13900000001", "agreed", "1"), status: 303, changes: 2},
		scenario{name: "member: once", role: "worker", method: "POST", path: "/members/new", form: pairs("key", "m3", "community", cityEast, "name", "李强", "phone", "13900000001", "unit", "县医院", "agreed", "1"), status: 422, contains: []string{"只在居住地报到一次"}},
		scenario{name: "member: the work", role: "worker", path: "/todo", status: 200, contains: []string{"确认 1 名在职党员报到"}},
		scenario{name: "member: not for others", role: "grid", path: "/members", status: 403},
		scenario{name: "member: not another's", role: "culture", path: "/members", status: 200, excludes: []string{"李强"}},
	)
	reported, err := f.Wishes.Members(ctx, worker, wish.MemberFilter{})
	if err != nil || len(reported) != 1 {
		t.Fatal(reported, err)
	}
	member := "/members/" + reported[0].ID
	run(
		scenario{name: "member: the unit does not confirm", role: "tax", method: "POST", path: member + "/confirm", form: pairs("seq", "1"), status: 403},
		scenario{name: "member: turned without a reason", role: "worker", method: "POST", path: member + "/turn", form: pairs("seq", "1"), status: 422, contains: []string{`id="turn-reason-e"`}},
		scenario{name: "member: confirmed", role: "worker", method: "POST", path: member + "/confirm", form: pairs("seq", "1"), status: 303, changes: 1},
		scenario{name: "member: its page", role: "worker", path: member, status: 200, contains: []string{"13900000001", "服务 0 件", "登记转出"}, excludes: []string{"服务证明"}},
		scenario{name: "member: nothing to certify", role: "worker", path: member + "/certificate", status: 409, contains: []string{"不出证明"}},
		scenario{name: "member: for the unit without hours", role: "tax", path: member, status: 200, contains: []string{"李强"}, excludes: []string{"服务 0 件", "服务证明"}},
		scenario{name: "member: no certificate for the unit", role: "tax", path: member + "/certificate", status: 403},
		scenario{name: "member: counts", role: "tax", path: "/members/years", status: 200, contains: []string{"县税务局", "人数少，不列"}, excludes: []string{"李强"}},
		scenario{name: "member: the letter", role: "tax", path: "/members/years/letter?community=" + cityEast + "&unit=县税务局", status: 200, contains: []string{"反馈函", "报到 1 人", "不涉及个人"}, excludes: []string{"李强"}},
		scenario{name: "member: no letter", role: "tax", path: "/members/years/letter?community=" + cityEast + "&unit=县医院", status: 404},
	)
	people["tax"].paper(t, "/members/years/letter?community="+cityEast+"&unit=县税务局", "在职党员服务情况反馈函", "报到 1 人")
	// He serves, the community names him, and there is something to certify.
	served, err := f.Wishes.Enter(ctx, worker, wish.Input{Kind: "repair", Project: project, Words: "楼道的灯坏了想换一个", Asker: wish.Asker{Name: "李大爷"}})
	spot := func() casework.At { return casework.At{ID: served.ID, Seq: served.Seq} }
	for _, step := range []func() (store.Doc[wish.Wish], error){
		func() (store.Doc[wish.Wish], error) {
			return f.Wishes.Accept(ctx, worker, spot(), "repair", "楼道的灯坏了")
		},
		func() (store.Doc[wish.Wish], error) { return f.Wishes.Dispatch(ctx, worker, spot(), tax) },
		func() (store.Doc[wish.Wish], error) {
			return f.Wishes.Take(ctx, actorOf(t, f, "tax"), spot(), "")
		},
		func() (store.Doc[wish.Wish], error) {
			return f.Wishes.Prove(ctx, actorOf(t, f, "tax"), spot(), wish.ProofInput{Words: "灯已经换好", HalfHours: 4, Helpers: 2, Photos: []*files.Upload{received(t, f)}})
		},
		func() (store.Doc[wish.Wish], error) { return f.Wishes.Confirm(ctx, worker, spot(), "李强") },
	} {
		if err == nil {
			served, err = step()
		}
	}
	if err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	people["worker"].paper(t, member+"/certificate", "在职党员服务证明", "李强", "县税务局", "服务 1 件", "1 小时")
	run(scenario{name: "member: still none for the unit", role: "tax", path: member + "/certificate", status: 403})
	errand, err := f.Wishes.Enter(ctx, worker, wish.Input{Kind: "errand", Project: project, Words: "想请驿站代办一份证明", Asker: wish.Asker{Name: "李大爷"}})
	if err != nil {
		t.Fatal(err)
	}
	desk := "/needs/" + errand.ID
	run(
		scenario{name: "errand: accept", role: "worker", method: "POST", path: desk + "/accept", form: pairs("seq", "1", "accept-kind", "errand", "accept-words", "代办一份证明"), status: 303, changes: 1},
		scenario{name: "errand: no unit", role: "tax", path: desk, status: 404},
		scenario{name: "errand: to take", role: "worker", path: desk, status: 200, contains: []string{"承办", "城东社区红色驿站", "委托人"}, excludes: []string{"放入待认领", "派单建议"}},
		scenario{name: "errand: taken", role: "worker", method: "POST", path: desk + "/take", form: pairs("seq", "2"), status: 303, changes: 1},
		scenario{name: "errand: bad papers", role: "worker", method: "POST", path: desk + "/receive", form: pairs("seq", "3", "receive-papers", "身份证 360428199001011234"), status: 422, contains: []string{`id="receive-papers-e"`, "第 1 行"}},
		scenario{name: "errand: papers", role: "worker", method: "POST", path: desk + "/receive", form: pairs("seq", "3", "receive-papers", "身份证原件 1 份"), status: 303, changes: 1},
		scenario{name: "errand: the receipt", role: "worker", path: desk + "/receipts/0", status: 200, contains: []string{"居民联", "存根联", "身份证原件 1 份", "李大爷"}},
		scenario{name: "errand: receipts to choose", role: "worker", path: "/prints?of=/needs", status: 200, contains: []string{"收件回执 ", "身份证原件 1 份", "~0"}},
		scenario{name: "errand: receipts together", role: "worker", path: "/prints/sheets?of=/needs&p=" + strings.TrimPrefix(desk, "/needs/") + "~0", status: 200, contains: []string{"批量打印，1 份", "居民联", "存根联"}},
		scenario{name: "errand: the whole file", role: "worker", path: desk + "/whole", status: 200, contains: []string{"卷内目录", "收件回执", "身份证原件 1 份", "李大爷", "办理经过"}},
		scenario{name: "errand: no receipt", role: "worker", path: desk + "/receipts/1", status: 404},
		scenario{name: "errand: the receipt without who asked", role: "secretary", path: desk, status: 200, contains: []string{"待交还", "打印回执", "一般要带：身份证原件"}, excludes: []string{"代为撤销"}},
		scenario{name: "errand: the work", role: "worker", path: "/todo", status: 200, contains: []string{"代办：代办一份证明"}},
	)
	if a := people["worker"].upload(t, desk+"/prove", [][2]string{{"key", "p9"}, {"seq", "4"}, {"prove-words", "证明已经开好"}}, nil); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %.900s", a.StatusCode, a.body)
	}
	run(
		scenario{name: "errand: told too early", role: "worker", method: "POST", path: desk + "/tell", form: pairs("seq", "5", "tell-reason", "电话告知"), status: 409, contains: []string{"请先交还材料"}},
		scenario{name: "errand: given back", role: "worker", method: "POST", path: desk + "/giveback", form: pairs("seq", "5", "giveback-reason", "本人取回"), status: 303, changes: 1},
		scenario{name: "errand: told", role: "worker", method: "POST", path: desk + "/tell", form: pairs("seq", "6", "tell-reason", "电话告知"), status: 303, changes: 1},
		scenario{name: "errand: listed", role: "worker", path: "/needs?order=errand", status: 200, contains: []string{"代办一份证明", "待评单"}, excludes: []string{"楼梯口要一个扶手"}},
	)
	for path, sheet := range map[string]string{"/needs.xlsx": "微心愿需求清单", "/served.xlsx": "微心愿服务清单"} {
		_, sheets := workbook(t, people["secretary"].get(t, path))
		if said := fmt.Sprint(sheets[sheet]); !strings.Contains(said, "楼梯口要一个扶手") || strings.Contains(said, "王桂英") {
			t.Error(path, said)
		}
	}
}
