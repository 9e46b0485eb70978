package web_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"redsteward/internal/schedule"
	"redsteward/internal/store"
	"redsteward/internal/web/browsertest"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision/application"
)

// applying is a county in which firms apply for stars: two compounds of one firm, its rival, the levels of the way of approval.
type applying struct {
	*browsertest.Fixture
	t      *testing.T
	people map[string]*person
	scan   attachment
}

// asks signs a login in once and returns the person; "" is the public.
func (a *applying) asks(login string) *person {
	a.t.Helper()
	if a.people[login] == nil {
		p := newPerson(a.t, a.Fixture)
		if a.people[login] = p; login == "" {
			p.get(a.t, "/signin")
		} else {
			p.signIn(a.t, login)
		}
	}
	return a.people[login]
}

// shows opens a page and looks for what it must say; words behind "not" must not stand on it.
func (a *applying) shows(login, path string, status int, words ...string) answer {
	a.t.Helper()
	got := a.asks(login).get(a.t, path)
	if got.StatusCode != status {
		a.t.Errorf("%s opens %s: %d, want %d: %.600s", login, path, got.StatusCode, status, got.body)
	}
	want := true
	for _, word := range words {
		if word == "not" {
			want = false
		} else if strings.Contains(got.body, word) != want {
			_, main, _ := strings.Cut(got.body, "<main")
			a.t.Errorf("%s opens %s: %q there: %t, in %.1500s", login, path, word, !want, main)
		}
	}
	return got
}

// sends sends a form, with files as a page does, and looks at the answer: what is refused says why and wrote nothing, what is done wrote something.
func (a *applying) sends(login, path string, status int, form url.Values, words []string, files ...attachment) answer {
	a.t.Helper()
	p, before := a.asks(login), changes(a.t, a.Fixture)
	var got answer
	if files == nil {
		got = p.send(a.t, "POST", path, form)
	} else {
		got = p.scanned(a.t, path, form, files...)
	}
	if got.StatusCode != status || !containsAll(got.body, words) {
		_, main, _ := strings.Cut(got.body, "<main")
		a.t.Errorf("%s sends %s: %d, want %d with %q: %.1500s", login, path, got.StatusCode, status, words, main)
	}
	done := status < 400 && !strings.Contains(got.body, "登记了 0 份")
	if wrote := changes(a.t, a.Fixture) - before; done != (wrote > 0) {
		a.t.Errorf("%s sends %s: %d, %d records were written", login, path, status, wrote)
	}
	return got
}

// begins begins an application of a compound and returns its id.
func (a *applying) begins(project, key string) string {
	a.t.Helper()
	got := a.sends("firm", "/applications/new?project="+project, 303, pairs("year", "2026", "words", "全年按合同服务", "key", key), nil)
	id, _, _ := strings.Cut(strings.TrimPrefix(got.Header.Get("Location"), "/applications/"), "?")
	return id
}

// at names an application as it stands, for a form: its number, and the digest that is signed.
func (a *applying) at(id string, more ...string) url.Values {
	a.t.Helper()
	doc, err := a.Applications.Load(a.t.Context(), id)
	if err != nil {
		a.t.Fatal(err)
	}
	form := pairs(append([]string{"seq", fmt.Sprint(doc.Seq), "key", fmt.Sprint(id, doc.Seq, more)}, more...)...)
	if doc.State.Approval != nil {
		form.Set("hash", doc.State.Approval.SubjectHash)
	}
	return form
}

// seen names an application as a list of several does.
func (a *applying) seen(id string) string { return id + ":" + a.at(id).Get("seq") }

// opinion is the form of an opinion.
func (a *applying) opinion(id string, move policy.ApprovalMove, reason string) url.Values {
	return a.at(id, "move", string(move), "reason", reason, "current", browsertest.Password)
}

func startApplying(t *testing.T) (a *applying, first, second string, forward func(days int)) {
	t.Helper()
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	f := browsertest.Serve(t, engine(t), browsertest.FixtureClocks(now).Business, func(ctx context.Context, db *store.DB) (*browsertest.Fixture, error) {
		return browsertest.Start(ctx, db, now, readConfig(t, "roles.conf"), readConfig(t, "roles.csv"), 3)
	})
	held, first := fill(t, f)
	second, err := f.Register.CreateProject(t.Context(), clerk, registry.ProjectInput{Name: "芝城花园", Address: "东风大道 9 号", Community: cityEast, Households: 600, Kind: registry.KindCommodity})
	if err == nil {
		today := f.Applications.Today()
		err = f.Register.AddContract(t.Context(), clerk, second, 1, registry.ContractInput{Firm: held, Kind: registry.ContractEarly, Level: registry.LevelSecond, Fee: 120, Days: policy.Span{From: today.Add(-200), Until: today.Add(300)}})
	}
	staff(t, f, held)
	for login, ap := range map[string]policy.Appointment{"again": {Role: "property_officer", Scopes: []string{policy.County}}, "rival": {Role: "firm_manager", Scopes: []string{policy.FirmKey("f9")}}} {
		if err == nil {
			err = f.Appoint(t.Context(), login, "测试人员", ap)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	a = &applying{Fixture: f, t: t, people: map[string]*person{}, scan: attachment{"扫描件.png", picture(t, 31)}}
	return a, first, second, func(days int) {
		ahead.Add(int64(days) * int64(24*time.Hour))
		clear(a.people) // their sessions are over
	}
}

// TestApplicationPages leads applications for stars through their pages: the call, the pledge, one level after the other, one return, the joint review of one and of several, withdrawal and lapse.
// Every refusal says why and writes nothing.
func TestApplicationPages(t *testing.T) {
	a, first, second, forward := startApplying(t)
	const list, call, joint, opinions = "/applications", "/applications/call", "/applications/joint", "/applications/opinions"
	open := "/applications/new?project=" + first
	opening := func(change ...string) url.Values {
		form := pairs("year", "2026", "words", "全年按合同服务", "key", "a1")
		for i := 0; i+1 < len(change); i += 2 {
			form.Set(change[i], change[i+1])
		}
		return form
	}

	// The call.
	a.shows("", list, 401)
	a.shows("inspector", list, 403)
	a.shows("officer", list, 200, "发申报通知", "申报通知发出以后", "not", ">申报星级<")
	a.shows("officer", joint, 200, "还没有通知过星级申报")
	a.shows("officer", joint+"/print", 404)
	a.shows("firm", "/applications/new", 200, "现在没有哪个年度在申报期内")
	a.sends("firm", open, 404, opening(), nil)
	a.sends("firm", call, 403, pairs("year", "2026"), nil)
	a.sends("officer", call, 422, pairs("year", "二〇二六", "text", "短"), []string{`id="year-e"`, "年度要写成 2026 的样子", `id="text-e"`, `value="二〇二六"`})
	a.sends("officer", call, 422, pairs("year", "2024"), []string{"在当年或者下一年通知"})
	a.sends("officer", call, 303, pairs("year", "2026", "text", "纸质承诺书交物业管理股"), nil)
	a.sends("officer", call, 422, pairs("year", "2026"), []string{"已经通知过"})
	a.shows("firm", "/todo", 200, "申报2026年度星级：2 个小区还没有申报")
	a.shows("officer", joint, 200, "没有符合条件的申报")

	// It is begun by who serves the compound, once.
	a.shows("firm", "/applications/new", 200, "望湖苑", "芝城花园")
	a.shows("firm", open, 200, "申报期到", "申报说明")
	a.shows("officer", open, 403)
	a.sends("officer", open, 403, opening(), nil)
	a.sends("rival", open, 404, opening(), nil)
	a.sends("firm", "/applications/new?project=none", 404, opening(), nil)
	a.sends("firm", open, 422, opening("year", "", "words", "短"), []string{`id="year-e"`, "请选择年度", `id="words-e"`, "申报说明"})
	id := a.begins(first, "a1")
	page := list + "/" + id
	a.sends("firm", open, 422, opening("key", "a2"), []string{"已经申报了2026年度的星级"})
	a.shows("firm", "/applications/new", 200, "已经申报的 1 个小区不列", "not", "望湖苑")
	a.shows("secretary", page, 404)
	a.shows("rival", page, 404)
	a.shows("firm", page+"/print/sheet", 404)
	a.shows("firm", page+"/print/pledge", 200, "星级申报承诺书", "申报的内容和材料真实、完整。")

	// It is handed in with a pledge.
	a.sends("secretary", page+"/submit", 403, a.at(id), nil)
	a.sends("firm", page+"/submit", 422, a.at(id), []string{`id="submit-current-e"`, "请输入登录密码签承诺书"})
	a.sends("firm", page+"/submit", 422, a.at(id, "submit-current", "wrong"), []string{`id="submit-current-e"`})
	a.sends("firm", page+"/submit", 422, a.at(id), []string{`id="submit-paper-e"`}, attachment{"承诺书.png", []byte("no picture")})
	a.sends("firm", page+"/submit", 422, a.at(id), []string{"只收一个文件"}, a.scan, a.scan)
	a.sends("firm", page+"/submit", 409, pairs("seq", "9", "submit-current", browsertest.Password), nil)
	a.sends("firm", page+"/burn", 404, a.at(id), nil)
	a.sends("firm", list+"/none/submit", 404, pairs("seq", "1"), nil)
	a.sends("secretary", page+"/sign", 404, a.opinion(id, policy.MoveAgree, "情况属实"), nil)
	a.sends("firm", page+"/submit", 303, a.at(id), nil, a.scan)
	a.shows("firm", page+"/files/pledge-1", 200)
	a.shows("firm", page+"/files/minutes", 404)
	a.shows("secretary", "/todo", 200, "望湖苑：星级申报，签署意见")

	// The first level: for whom it waits, with words, once back.
	a.shows("elsewhere", page, 404)
	a.sends("elsewhere", page+"/sign", 404, a.opinion(id, policy.MoveAgree, "情况属实"), nil)
	a.sends("officer", page+"/sign", 403, a.opinion(id, policy.MoveAgree, "情况属实"), nil)
	a.sends("firm", page+"/sign", 403, a.opinion(id, policy.MoveAgree, "情况属实"), nil)
	a.sends("secretary", page+"/sign", 422, a.opinion(id, policy.MoveAgree, ""), []string{"请写明意见和理由"})
	wrong := a.opinion(id, policy.MoveAgree, "情况属实")
	wrong.Set("current", "wrong")
	a.sends("secretary", page+"/sign", 422, wrong, []string{`id="current-e"`})
	changed := a.opinion(id, policy.MoveAgree, "情况属实")
	changed.Set("hash", strings.Repeat("0", 64))
	a.sends("secretary", page+"/sign", 409, changed, nil)
	a.sends("secretary", page+"/paper", 422, a.at(id, "current", browsertest.Password), []string{`id="signer-e"`}, a.scan)
	a.sends("secretary", page+"/sign", 303, a.opinion(id, policy.MoveReturn, "少了电梯的说明"), nil)
	a.shows("firm", "/todo", 200, "望湖苑：补正星级申报")
	a.sends("officer", page+"/lapse", 409, a.at(id, "lapse-text", "没有补正"), []string{"才满"})
	a.sends("firm", page+"/lapse", 403, a.at(id, "lapse-text", "没有补正"), nil)
	a.sends("firm", page+"/submit", 422, a.at(id, "submit-current", browsertest.Password), []string{`id="submit-text-e"`})
	a.sends("firm", page+"/submit", 303, a.at(id, "submit-current", browsertest.Password, "submit-text", "补上了电梯的说明"), nil)
	a.sends("secretary", page+"/sign", 409, a.opinion(id, policy.MoveReturn, "还是少了"), []string{"已经退回补正过一次"})

	// Several opinions at once.
	other := a.begins(second, "b1")
	a.sends("firm", list+"/"+other+"/submit", 303, a.at(other), nil, a.scan)
	a.shows("secretary", opinions, 200, "望湖苑", "芝城花园")
	a.shows("inspector", opinions, 403)
	a.sends("firm", opinions, 403, pairs("one", a.seen(id)), nil)
	a.sends("secretary", opinions, 422, pairs("reason", "", "current", "wrong"), []string{"请选择 1 至", `id="reason-e"`})
	a.sends("secretary", opinions, 422, pairs("one", a.seen(id), "reason", "情况属实", "current", "wrong"), []string{`id="current-e"`})
	a.sends("secretary", opinions, 409, pairs("one", id+":1", "reason", "情况属实", "current", browsertest.Password), []string{"已签 0 份", "望湖苑没有签"})
	a.sends("secretary", opinions, 303, pairs("one", a.seen(id), "reason", "情况属实，同意申报", "current", browsertest.Password), nil)
	a.shows("secretary", opinions, 200, "芝城花园", "not", "望湖苑")
	a.sends("again", page+"/hold", 409, a.at(id, "hold-choice", "0"), nil)
	a.sends("officer", page+"/sign", 303, a.opinion(id, policy.MoveAgree, "数据相符"), nil)
	a.shows("firm", page, 200, "审核通过", "社区党组织初评", "情况属实，同意申报", "数据相符")
	a.shows("firm", page+"/print/sheet", 200, "星级申报审核表", "同意，数据相符")
	if word := docxParts(t, a.shows("firm", page+"/print/sheet?as=docx", 200).body); !strings.Contains(word["word/document.xml"], "同意，数据相符") {
		t.Error("the sheet as a document lacks the opinions")
	}

	// The joint review: only lower, on minutes, by who gave no opinion.
	minutes := func(choice string, more ...string) url.Values {
		return pairs(append([]string{"verdict:" + a.seen(id), choice, "joint-number", "联审纪要第3期", "joint-day", a.Applications.Today().String()}, more...)...)
	}
	a.shows("again", joint, 200, "这次登记", `name="verdict:`+a.seen(id)+`"`, "都物联审纪〔"+strconv.Itoa(a.Applications.Today().Year())+"〕1号", "已填好下一个号")
	a.shows("firm", joint, 200, "望湖苑", "not", "这次登记")
	a.shows("rival", joint, 200, "not", "望湖苑")
	a.shows("officer", joint, 200, "由别人登记")
	a.shows("officer", joint+"?year=2020", 404)
	a.sends("firm", joint, 403, minutes("agree"), nil, a.scan)
	a.sends("again", joint, 422, url.Values{}, []string{"现在选了 0 份", `id="joint-number-e"`, `id="joint-day-e"`}, a.scan)
	a.sends("again", joint, 422, minutes("agree"), []string{"请上传联审纪要", `id="joint-paper-e"`})
	a.sends("again", joint, 422, minutes("5"), []string{"没有“5”这个联审结果"}, a.scan)
	a.sends("again", joint, 422, minutes("0"), []string{`id="joint-text-e"`, "不评或者降低的理由"}, a.scan)
	a.sends("again", joint, 422, minutes("agree", "joint-day", "昨天"), []string{"“昨天”不是日期"}, a.scan)
	a.sends("again", joint, 200, minutes("agree"), []string{"登记了 1 份，共选了 1 份"}, a.scan)
	a.shows("again", joint, 200, `value="联审纪要第3期"`, "已填好今天这份联审纪要的文号")
	// One who signed, and one that somebody changed meanwhile: each is told for itself and stays as it was.
	old := minutes("0", "joint-text", "信访事项正在核查")
	a.sends("officer", joint, 200, old, []string{"登记了 0 份，共选了 1 份", "另一人"}, a.scan)
	a.sends("again", page+"/hold", 422, a.at(id), []string{`id="hold-choice-e"`, `id="hold-number-e"`, `id="hold-day-e"`, `id="hold-text-e"`})
	a.sends("officer", page+"/hold", 403, a.at(id, "hold-choice", "3"), nil)
	a.sends("again", page+"/free", 409, a.at(id, "free-text", "已经核查清楚"), []string{"没有限制这份申报"})
	a.sends("again", page+"/hold", 303, a.at(id, "hold-choice", "3", "hold-number", "联审纪要第4期", "hold-day", a.Applications.Today().String(), "hold-text", "信访事项正在核查"), nil, a.scan)
	a.sends("again", joint, 200, old, []string{"登记了 0 份，共选了 1 份", "没有登记"}, a.scan)
	a.shows("firm", page, 200, "最高三星", "信访事项正在核查")
	a.sends("again", page+"/free", 422, a.at(id), []string{`id="free-text-e"`})
	a.sends("again", page+"/free", 303, a.at(id, "free-text", "已经核查清楚"), nil)
	a.sends("again", page+"/agree", 422, a.at(id), []string{`id="agree-number-e"`, `id="agree-day-e"`})
	a.sends("again", page+"/agree", 303, a.at(id, "agree-number", "联审纪要第5期", "agree-day", a.Applications.Today().String()), nil, a.scan)
	a.shows("firm", page+"/files/minutes", 200)
	a.shows("again", joint+"?joint="+url.QueryEscape(application.JointAgreed), 200, "望湖苑", "not", "芝城花园</a>")
	a.shows("again", joint+"/print", 200, "2026年度", "望湖苑", "同意拟评 1 个")
	_, sheets := workbook(t, a.shows("again", joint+".xlsx", 200))
	_, rows := workbook(t, a.shows("again", list+".xlsx?year=2026", 200))
	if said := fmt.Sprint(sheets, rows); !containsAll(said, []string{"联审纪要第5期", "望湖苑", "芝城花园", "退回过"}) {
		t.Error(said)
	}
	a.shows("officer", page+"/whole", 200, "卷内目录", "星级申报审核表")
	a.shows("officer", "/register/projects/"+first+"/dossier", 200, "星级申报", page)
	a.shows("officer", "/search?q="+url.QueryEscape("望湖苑"), 200, page)
	a.sends("firm", page+"/withdraw", 409, a.at(id, "withdraw-text", "不申报了"), nil)

	// Taken back, which lets the firm apply again; refused by a level, which does not.
	a.sends("secretary", list+"/"+other+"/withdraw", 403, a.at(other, "withdraw-text", "不申报了"), nil)
	a.sends("firm", list+"/"+other+"/withdraw", 422, a.at(other), []string{`id="withdraw-text-e"`})
	a.sends("firm", list+"/"+other+"/withdraw", 303, a.at(other, "withdraw-text", "合同将到期，不申报了"), nil)
	a.sends("firm", list+"/"+other+"/withdraw", 409, a.at(other, "withdraw-text", "合同将到期，不申报了"), nil)
	last := a.begins(second, "b2")
	a.sends("firm", list+"/"+last+"/submit", 303, a.at(last), nil, a.scan)
	a.sends("secretary", list+"/"+last+"/sign", 303, a.opinion(last, policy.MoveReturn, "少了电梯的说明"), nil)
	forward(11)
	a.sends("firm", list+"/"+last+"/submit", 409, a.at(last, "submit-text", "补上了说明"), []string{"已经过了"}, a.scan)
	a.shows("officer", "/todo", 200, "芝城花园：星级申报逾期没有补正")
	reminding := casework.Reminding{Sources: []func(context.Context) ([]casework.Due, error){a.Applications.Dues}, Marks: a.Register.Marks, Mark: a.Register.Mark, Resolve: a.Applications.Resolve, Now: a.Applications.Now, Before: 3, Log: slog.New(slog.DiscardHandler)}
	if err := reminding.Run(t.Context(), time.Time{}); err != nil {
		t.Error(err)
	}
	var again *schedule.Skip
	if err := reminding.Run(t.Context(), time.Time{}); !errors.As(err, &again) {
		t.Errorf("told twice: %v", err)
	}
	a.shows("firm", list+"/"+last, 200, "提醒逾期")
	a.sends("officer", list+"/"+last+"/lapse", 422, a.at(last), []string{`id="lapse-text-e"`})
	a.sends("officer", list+"/"+last+"/lapse", 303, a.at(last, "lapse-text", "期满没有补正"), nil)
	a.shows("firm", list+"/"+last, 200, "逾期未补正")
	a.sends("firm", "/applications/new?project="+second, 422, opening("key", "b3"), []string{"不能再申报"})
	a.shows("firm", "/applications/new", 200, "现在没有哪个年度在申报期内")
	a.shows("officer", list+"?state=lapsed", 200, "芝城花园", "not", "望湖苑")
}
