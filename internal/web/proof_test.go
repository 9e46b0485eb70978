package web_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/internal/web/browsertest"
	"redsteward/policy"
	"redsteward/supervision"
	"redsteward/supervision/evidence"
	"redsteward/supervision/repair"
)

// proofSite is the fixture of proof with a business clock that the test moves.
type proofSite struct {
	*browsertest.Fixture
	ahead  atomic.Int64
	folder string
}

func (s *proofSite) business() time.Time {
	return time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC).Add(time.Duration(s.ahead.Load()))
}

func startProof(t testing.TB) *proofSite {
	t.Helper()
	s := &proofSite{folder: t.TempDir()}
	clocks := policy.Clocks{Business: s.business, Security: time.Now}
	s.Fixture = browsertest.Serve(t, engine(t), s.business, func(ctx context.Context, db *store.DB) (*browsertest.Fixture, error) {
		return browsertest.StartProof(ctx, db, clocks, readConfig(t, "roles.conf"), readConfig(t, "roles.csv"), s.folder)
	})
	return s
}

// picture is a small photo of its own.
func picture(t testing.TB, n byte) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 60, 40))
	for y := range 40 {
		for x := range 60 {
			img.SetRGBA(x, y, color.RGBA{n, uint8(4 * x), uint8(6 * y), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type attachment struct {
	name string
	data []byte
}

// multipartBody makes a form as a browser does: fields in the given order, then files.
func multipartBody(t testing.TB, fields [][2]string, files ...attachment) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range fields {
		if err := w.WriteField(f[0], f[1]); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range files {
		part, err := w.CreateFormFile("files", f.name)
		if err == nil {
			_, err = part.Write(f.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), w.FormDataContentType()
}

// upload posts a form with files.
func (p *person) upload(t testing.TB, path string, fields [][2]string, headers []string, files ...attachment) answer {
	t.Helper()
	body, contentType := multipartBody(t, append([][2]string{{"_t", p.token}}, fields...), files...)
	return p.post(t, path, contentType, body, headers...)
}

func (p *person) post(t testing.TB, path, contentType string, body []byte, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, p.f.Base+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := p.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if m := tokenInPage.FindSubmatch(data); m != nil {
		p.token = string(m[1])
	}
	return answer{resp, string(data)}
}

const partyDay = "/proofs/" + browsertest.ProofPeriod + "/p1/party_day"

// said is what is typed into the form of a party day.
func said(day, here, due, key string) [][2]string {
	return [][2]string{{"key", key}, {"seq", "0"}, {"day", day}, {"cells.here", here}, {"cells.due", due}, {"note", "共学共议消防通道整治"}}
}

func sentID(t testing.TB, a answer) string {
	t.Helper()
	at, err := url.Parse(a.Header.Get("Location"))
	if err != nil || a.StatusCode != http.StatusSeeOther || at.Query().Get("sent") == "" {
		t.Fatalf("not sent: %d %s %.800s", a.StatusCode, a.Header.Get("Location"), a.body)
	}
	return at.Query().Get("sent")
}

func wants(t testing.TB, a answer, status int, parts ...string) {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("status %d, want %d: %.800s", a.StatusCode, status, a.body)
	}
	for _, want := range parts {
		if !strings.Contains(a.body, want) {
			t.Errorf("lacks %q in %.3000s", want, a.body)
		}
	}
}

var seqInPage = regexp.MustCompile(`name="seq" value="([0-9]+)"`)

// TestProofWithoutScript walks a proof from the firm's first mistake to the bureau, in plain forms.
func TestProofWithoutScript(t *testing.T) {
	s := startProof(t)
	clerk, worker := newPerson(t, s.Fixture).signIn(t, "clerk"), newPerson(t, s.Fixture).signIn(t, "worker")
	wants(t, clerk.get(t, "/todo"), 200, "东街花园本季度还缺 3 项材料，今天截止", "主题党日、公共收益公示、志愿服务")
	wants(t, clerk.get(t, "/proofs"), 200, "2026年第四季度", "2026年10月19日24时截止", "东街花园", "望湖苑", "3 项")
	if a := clerk.get(t, "/proofs"); strings.Contains(a.body, "书院坊") {
		t.Error("another firm's compound is listed")
	}
	wants(t, clerk.get(t, "/proofs/"+browsertest.ProofPeriod+"/p1"), 200, "主题党日", "缺材料", "还缺 <b>3</b> 项", "去提交")
	wants(t, clerk.get(t, partyDay), 200, "事情发生的日期，不是上传日期", "实到以签到为准", "应到人数（人）", "选填")

	// Everything typed and every good file survives the mistakes, which are all named.
	before := changes(t, s.Fixture)
	a := clerk.upload(t, partyDay, said("2026-10-25", "7", "5", "k1"), nil, attachment{"会场.png", picture(t, 1)}, attachment{"签到表.jpg", []byte("%PDF-1.4 x %%EOF")})
	wants(t, a, 422, "<title>错误：", "“签到表.jpg”不是图片文件", `value="2026-10-25"`, `value="7"`, "共学共议消防通道整治", "会场.png", "已收到")
	if got := changes(t, s.Fixture) - before; got != 2 {
		t.Errorf("%d records, want the accepted photo and its copy", got)
	}
	a = clerk.upload(t, partyDay, said("2026-10-25", "7", "5", "k1"), nil)
	wants(t, a, 422, "2026年10月25日 还没有到", "“实到人数” 7人 多于“应到人数” 5人", `href="#cells.here"`, `id="cells.here"`, "会场.png")
	a = clerk.upload(t, partyDay, said("2026-13-25", "许多", "", "k1"), nil)
	wants(t, a, 422, "2026-13-25", "“实到人数”：", "请填写“应到人数”")
	wants(t, clerk.get(t, partyDay), 200, "草稿，2026年10月19日 09:00 已保存", "会场.png")

	// Sent once, however often the form is sent; the next missing one opens.
	before = changes(t, s.Fixture)
	good := said("2026-10-13", "5", "5", "k1")
	a = clerk.upload(t, partyDay, good, nil)
	id := sentID(t, a)
	if to := a.Header.Get("Location"); !strings.HasPrefix(to, "/proofs/"+browsertest.ProofPeriod+"/p1/revenue?") {
		t.Errorf("the next missing one is not opened: %s", to)
	}
	if again := sentID(t, clerk.upload(t, partyDay, good, nil)); again != id {
		t.Errorf("sent twice: %s and %s", id, again)
	}
	if got := changes(t, s.Fixture) - before; got != 3 {
		t.Errorf("%d records, want the proof, and that its photo and the copy are kept for good", got)
	}
	wants(t, clerk.get(t, a.Header.Get("Location")), 200, "已提交，回执编号 ZZ20261019-", "2026年10月22日前初审", "公共收益公示")
	wants(t, clerk.get(t, "/proof/"+id), 200, "待审", "实到人数 5 人，应到人数 5 人", "撤下材料", "企业提交")

	// The community returns it, the firm corrects it, the community accepts and takes that back.
	page := worker.get(t, "/reviews/community")
	wants(t, page, 200, "东街花园", "主题党日", "一盏灯物业 · 1 个文件", "10月22日到期", "满分 4.00 分", "/proof/"+id+"/files/0", `alt="会场.png"`)
	seq := seqInPage.FindStringSubmatch(page.body)[1]
	decide := func(p *person, desk, seq string, form url.Values) answer {
		form.Set("seq", seq)
		return p.send(t, http.MethodPost, desk+"/"+id, form)
	}
	before = changes(t, s.Fixture)
	wants(t, decide(worker, "/reviews/community", seq, url.Values{"move": {"return"}}), 422, "请写明理由", "checked")
	wants(t, decide(worker, "/reviews/community", seq, url.Values{}), 422, "请选择办理意见")
	if changes(t, s.Fixture) != before {
		t.Error("a refused decision wrote something")
	}
	a = decide(worker, "/reviews/community", seq, url.Values{"move": {"return"}, "stock": {"照片看不清日期或地点，请重新拍照上传"}})
	wants(t, a, 303)
	wants(t, worker.get(t, a.Header.Get("Location")), 200, "已退回，企业须在2026年10月22日24时前补正", "撤回这个决定", "没有等你办理的材料")
	wants(t, clerk.get(t, "/todo"), 200, "东街花园有 1 件佐证材料要补正，")
	wants(t, clerk.get(t, "/proof/"+id), 200, "退回", "照片看不清日期或地点", "补正并提交")
	page = clerk.get(t, "/proof/"+id+"/correct")
	wants(t, page, 200, "补正佐证材料", "退回理由", `value="2026-10-13"`, "会场.png")
	seq = seqInPage.FindStringSubmatch(page.body)[1]
	fields := append(said("2026-10-13", "5", "5", "k2"), [2]string{"seq", seq})
	fields[1] = [2]string{"seq", seq}
	a = clerk.upload(t, "/proof/"+id+"/correct", fields, nil, attachment{"重拍.png", picture(t, 2)})
	if sentID(t, a) != id {
		t.Error("the correction became another proof")
	}
	page = worker.get(t, "/reviews/community")
	wants(t, page, 200, "已补正，待审", "2. 重拍.png")
	seq = seqInPage.FindStringSubmatch(page.body)[1]
	a = decide(worker, "/reviews/community", seq, url.Values{"move": {"accept"}, "concern": {"与上月照片相似"}})
	wants(t, a, 303)
	page = worker.get(t, a.Header.Get("Location"))
	wants(t, page, 200, "“东街花园 主题党日”已通过", "09:10 前可以撤回")
	undo := url.Values{"seq": {seqInPage.FindStringSubmatch(page.body)[1]}}
	wants(t, worker.send(t, http.MethodPost, "/reviews/community/"+id+"/undo", undo), 303)
	page = worker.get(t, "/reviews/community")
	wants(t, page, 200, "已补正，待审")
	seq = seqInPage.FindStringSubmatch(page.body)[1]
	wants(t, decide(worker, "/reviews/community", seq, url.Values{"move": {"accept"}, "concern": {"与上月照片相似"}}), 303)

	// The second reviewer is told by which office, and nothing is written.
	secretary := newPerson(t, s.Fixture).signIn(t, "secretary")
	before = changes(t, s.Fixture)
	wants(t, decide(secretary, "/reviews/community", seq, url.Values{"move": {"return"}, "reason": {"不符"}}), 409, "社区工作者刚才已对这件材料办理“通过”")
	if changes(t, s.Fixture) != before {
		t.Error("the second decision wrote something")
	}
	officer := newPerson(t, s.Fixture).signIn(t, "officer")
	wants(t, officer.get(t, "/todo"), 200, "复核佐证材料 1 件")
	page = officer.get(t, "/reviews/bureau")
	wants(t, page, 200, "社区提请复核：与上月照片相似", "社区工作者，2026年10月19日 09:00：通过")
	seq = seqInPage.FindStringSubmatch(page.body)[1]
	wants(t, decide(officer, "/reviews/bureau", seq, url.Values{"move": {"overturn"}, "reason": {"照片是去年的"}}), 303)
	wants(t, clerk.get(t, "/proof/"+id), 200, "不予认定", "照片是去年的", "物业管理股经办人复核不予认定")
}

// TestAuditPages: a piece that counts is drawn, taken back and objected to; who audits it does not answer.
func TestAuditPages(t *testing.T) {
	s := startProof(t)
	clerk, officer := newPerson(t, s.Fixture).signIn(t, "clerk"), newPerson(t, s.Fixture).signIn(t, "officer")
	id := sentID(t, clerk.upload(t, partyDay, said("2026-10-13", "5", "5", "k1"), nil, attachment{"会场.png", picture(t, 1)}))
	decide := func(role policy.Role, scope string, move evidence.Move) store.Doc[evidence.Proof] {
		by := policy.Actor{ID: string(role), Appointments: []policy.Appointment{{Role: role, Unit: scope, Scopes: []string{scope}}}}
		doc, err := s.Proofs.One(t.Context(), by, id)
		if err == nil {
			doc, err = s.Proofs.Decide(t.Context(), by, supervision.At{ID: id, Seq: doc.Seq}, evidence.Decision{Move: move})
		}
		if err != nil {
			t.Fatal(err)
		}
		return doc
	}
	if doc := decide("community_worker", "c:360428001001", evidence.MoveAccept); doc.State.Stage() == evidence.StageBureau {
		decide("section_chief", policy.County, evidence.MoveConfirm)
	}
	wants(t, officer.get(t, "/reviews/draws"), 200, "还没有抽查")
	s.ahead.Store(int64(11 * 24 * time.Hour))
	if err := s.Proofs.DrawAudits(t.Context(), s.business()); err != nil {
		t.Fatal(err)
	}
	wants(t, officer.get(t, "/todo"), 200, "抽查佐证材料 1 件")
	page := officer.get(t, "/reviews/audit")
	wants(t, page, 200, "随机抽查，2026年10月30日", "追回时必填", "现场核对与填报不符", "抽查情况")
	form := func(page answer, pairs ...string) url.Values {
		v := url.Values{"seq": {seqInPage.FindStringSubmatch(page.body)[1]}}
		for i := 0; i+1 < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v
	}
	wants(t, officer.send(t, http.MethodPost, "/reviews/audit/"+id, form(page, "move", "takeback")), 422, "请写明理由")
	a := officer.send(t, http.MethodPost, "/reviews/audit/"+id, form(page, "move", "takeback", "stock", "现场核对与填报不符"))
	wants(t, a, 303)
	wants(t, officer.get(t, a.Header.Get("Location")), 200, "已追回，企业可在2026年11月2日前提出异议", "撤回这个决定")
	wants(t, clerk.get(t, "/todo"), 200, "东街花园的“主题党日”抽查追回，不再计分", "现场核对与填报不符")
	page = clerk.get(t, "/proof/"+id)
	wants(t, page, 200, "抽查追回", "2026年10月30日追回", "不计入本期得分", "2026年11月2日前提出一次")
	wants(t, clerk.send(t, http.MethodPost, "/proof/"+id+"/object", form(page)), 422, "请写明理由", `id="reason"`)
	wants(t, clerk.send(t, http.MethodPost, "/proof/"+id+"/object", form(page, "reason", "门岗登记本可以查")), 303)
	wants(t, clerk.get(t, "/proof/"+id), 200, "追回异议中", "门岗登记本可以查")
	wants(t, officer.get(t, "/reviews/objections"), 200, "没有等你办理的材料")
	wants(t, officer.send(t, http.MethodPost, "/reviews/objections/"+id, url.Values{"seq": {"9"}, "move": {"forfeit"}, "reason": {"维持"}}), 409)
	wants(t, officer.get(t, "/reviews/draws"), 200, "2026年第四季度", "1 件里抽 1 件", "追回异议中", "现场核对与填报不符")
}

// TestProofRefusals: what is refused writes nothing and says why.
func TestProofRefusals(t *testing.T) {
	s := startProof(t)
	clerk := newPerson(t, s.Fixture).signIn(t, "clerk")
	id := sentID(t, clerk.upload(t, partyDay, said("2026-10-13", "5", "5", "k1"), nil, attachment{"会场.png", picture(t, 1)}))
	people := map[string]*person{"clerk": clerk}
	form := func(pairs ...string) url.Values {
		v := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v
	}
	for _, sc := range []scenario{
		{name: "the public", path: "/proofs", status: 401},
		{name: "the public, a file", path: "/proof/" + id + "/files/0", status: 401},
		{name: "another firm's form", role: "rival", path: partyDay, status: 404},
		{name: "another firm's proof", role: "rival", path: "/proof/" + id, status: 404},
		{name: "another firm's file", role: "rival", path: "/proof/" + id + "/files/0", status: 404},
		{name: "another firm withdraws", role: "rival", method: "POST", path: "/proof/" + id + "/withdraw", form: form("seq", "1"), status: 404},
		{name: "another firm sends", role: "rival", method: "POST", path: partyDay, form: form("day", "2026-10-13", "cells.here", "1", "cells.due", "1"), status: 404},
		{name: "a firm reviews", role: "clerk", path: "/reviews/community", status: 403, contains: []string{"社区工作者"}},
		{name: "a firm accepts", role: "clerk", method: "POST", path: "/reviews/community/" + id, form: form("seq", "1", "move", "accept"), status: 403, contains: []string{"roles.csv"}},
		{name: "the bureau accepts for the community", role: "officer", method: "POST", path: "/reviews/community/" + id, form: form("seq", "1", "move", "accept"), status: 403},
		{name: "the community submits", role: "worker", method: "POST", path: partyDay, form: form("day", "2026-10-13"), status: 403},
		{name: "a firm audits", role: "clerk", path: "/reviews/audit", status: 403},
		{name: "a community looks at the draws", role: "worker", path: "/reviews/draws", status: 403},
		{name: "an audit of what was not drawn", role: "officer", method: "POST", path: "/reviews/audit/" + id, form: form("seq", "1", "move", "uphold"), status: 409},
		{name: "an objection to nothing", role: "clerk", method: "POST", path: "/proof/" + id + "/object", form: form("seq", "1", "reason", "属实"), status: 409},
		{name: "an old page", role: "worker", method: "POST", path: "/reviews/community/" + id, form: form("seq", "7", "move", "accept"), status: 409},
		{name: "undo of nothing", role: "worker", method: "POST", path: "/reviews/community/" + id + "/undo", form: form("seq", "1"), status: 409},
		{name: "no such file", role: "clerk", path: "/proof/" + id + "/files/1", status: 404},
		{name: "no such ask", role: "clerk", path: "/proofs/" + browsertest.ProofPeriod + "/p1/nothing", status: 404},
		{name: "no such period", role: "clerk", path: "/proofs/2030Q1/p1", status: 404},
		{name: "not a form", role: "clerk", method: "POST", path: partyDay, headers: []string{"Content-Type", "text/plain"}, status: 415},
		{name: "withdrawn", role: "clerk", method: "POST", path: "/proof/" + id + "/withdraw", form: form("seq", "1"), status: 303, changes: 1},
		{name: "withdrawn twice", role: "clerk", method: "POST", path: "/proof/" + id + "/withdraw", form: form("seq", "2"), status: 409},
	} {
		sc.run(t, s.Fixture, people)
	}
	// What the system holds is not asked for, nor taken in.
	s.Proofs.Keep(repair.Source, func(_ context.Context, project, _ string, _ calendar.Span) (bool, error) { return project == "p1", nil })
	volunteer := "/proofs/" + browsertest.ProofPeriod + "/p1/volunteer"
	wants(t, clerk.get(t, "/proofs/"+browsertest.ProofPeriod+"/p1"), 200, "系统已有，免报", "以报修台账为准", "还缺 <b>2</b> 项")
	wants(t, clerk.get(t, volunteer), 200, "系统已有，免报：东街花园这一期以报修台账为准")
	wants(t, clerk.upload(t, volunteer, [][2]string{{"day", "2026-10-13"}, {"cells.hours", "2"}, {"key", "k8"}}, nil, attachment{"会场.png", picture(t, 8)}), 409, "免报")
	// A form from another site keeps no file: the token stands before the first one.
	before := changes(t, s.Fixture)
	body, contentType := multipartBody(t, append([][2]string{{"_t", "forged"}}, said("2026-10-13", "5", "5", "k9")...), attachment{"会场.png", picture(t, 9)})
	wants(t, clerk.post(t, partyDay, contentType, body), 403, "表单令牌")
	body, contentType = multipartBody(t, nil, attachment{"会场.png", picture(t, 9)})
	wants(t, clerk.post(t, partyDay, contentType, body), 403, "表单令牌")
	if changes(t, s.Fixture) != before {
		t.Error("a form without its token wrote something")
	}
	// At midnight the form says why it is closed and where to object; what was typed stays.
	s.ahead.Store(int64(15 * time.Hour))
	a := clerk.upload(t, partyDay, said("2026-10-13", "5", "5", "k2"), nil, attachment{"会场.png", picture(t, 3)})
	wants(t, a, 409, "已于2026年10月19日24时截止", "异议与申诉", `value="2026-10-13"`)
	wants(t, clerk.upload(t, partyDay, said("2026-10-13", "5", "5", "k2"), nil), 409, "已于2026年10月19日24时截止")
	wants(t, clerk.get(t, partyDay), 200, "已于2026年10月19日24时截止", "异议与申诉")
	if a := clerk.get(t, partyDay); strings.Contains(a.body, "提交给社区初审") {
		t.Error("a closed form can be sent")
	}
	if changes(t, s.Fixture) != before {
		t.Error("a closed window took something in")
	}
	if entries, err := os.ReadDir(s.folder); err != nil || len(entries) != 0 {
		t.Error("temporary files stayed", len(entries), err)
	}
}

// TestProofFiles: photos are shown as copies, everything else is handed out so that nothing in it runs here.
func TestProofFiles(t *testing.T) {
	s := startProof(t)
	clerk := newPerson(t, s.Fixture).signIn(t, "clerk")
	paper := []byte("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n%%EOF\n")
	id := sentID(t, clerk.upload(t, partyDay, said("2026-10-13", "5", "5", "k1"), nil, attachment{"会场.png", picture(t, 1)}, attachment{"说明.pdf", paper}))
	shown := clerk.get(t, "/proof/"+id+"/files/0")
	if shown.StatusCode != 200 || shown.Header.Get("Content-Type") != "image/jpeg" || !strings.HasPrefix(shown.body, "\xff\xd8\xff") || shown.Header.Get("Content-Disposition") != "" {
		t.Errorf("%d %v", shown.StatusCode, shown.Header)
	}
	original := clerk.get(t, "/proof/"+id+"/files/0?original=1")
	if original.body != string(picture(t, 1)) || !strings.HasPrefix(original.Header.Get("Content-Disposition"), "attachment; filename*=utf-8''") {
		t.Errorf("%d %v", original.StatusCode, original.Header)
	}
	pdf := clerk.get(t, "/proof/"+id+"/files/1")
	if pdf.body != string(paper) || pdf.Header.Get("Content-Type") != "application/pdf" || pdf.Header.Get("Content-Disposition") != "" {
		t.Errorf("%d %v", pdf.StatusCode, pdf.Header)
	}
	for _, a := range []answer{shown, original, pdf} {
		if !strings.Contains(a.Header.Get("Content-Security-Policy"), "frame-ancestors 'self'") || a.Header.Get("X-Content-Type-Options") != "nosniff" ||
			!strings.Contains(a.Header.Get("Content-Security-Policy"), "default-src 'none'") || strings.Contains(a.Header.Get("Cache-Control"), "public") {
			t.Errorf("%v", a.Header)
		}
	}
}

// TestUploadForTheScript: the own script sends files one by one, again after a dead connection, and is answered with what the draft holds.
func TestUploadForTheScript(t *testing.T) {
	s := startProof(t)
	clerk := newPerson(t, s.Fixture).signIn(t, "clerk")
	asked := []string{"Accept", "application/json"}
	var got struct {
		Files   []struct{ Name, Size, Hash string }
		Refused []string
	}
	send := func(files ...attachment) {
		t.Helper()
		a := clerk.upload(t, partyDay, append(said("2026-10-13", "5", "5", "k1"), [2]string{"do", "save"}), asked, files...)
		got.Files, got.Refused = nil, nil
		if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.StatusCode != 200 {
			t.Fatal(a.StatusCode, a.body, err)
		}
	}
	send(attachment{"会场.png", picture(t, 1)})
	send(attachment{"会场.png", picture(t, 1)})
	if len(got.Files) != 1 || got.Files[0].Name != "会场.png" {
		t.Errorf("a resent file is there twice: %+v", got)
	}
	send(attachment{"假的.pdf", picture(t, 2)})
	if len(got.Refused) != 1 || !strings.Contains(got.Refused[0], "不是PDF 文件，内容是PNG 图片") || len(got.Files) != 1 {
		t.Errorf("%+v", got)
	}
	// A connection that dies in the middle of a file keeps nothing of it.
	before := changes(t, s.Fixture)
	body, contentType := multipartBody(t, append([][2]string{{"_t", clerk.token}}, said("2026-10-13", "5", "5", "k1")...), attachment{"第二张.png", picture(t, 3)})
	address, err := url.Parse(s.Base)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", address.Host)
	if err != nil {
		t.Fatal(err)
	}
	cookie := clerk.client.Jar.Cookies(address)[0]
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nCookie: %s=%s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", partyDay, address.Host, cookie.Name, cookie.Value, contentType,
		len(body), body[:len(body)-500])
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	send()
	if len(got.Files) != 1 || changes(t, s.Fixture) != before {
		t.Errorf("half a file was kept: %+v", got)
	}
	a := clerk.upload(t, partyDay, append(said("2026-10-13", "5", "5", "k1"), [2]string{"do", "remove." + got.Files[0].Hash}), nil)
	wants(t, a, 303)
	if a := clerk.get(t, partyDay); strings.Contains(a.body, "会场.png") {
		t.Error("the file was not removed")
	}
}

// TestHugeUpload: two gigabytes are refused by their announced length; without one, at the limit of the file, and memory stays flat.
func TestHugeUpload(t *testing.T) {
	s := startProof(t)
	clerk := newPerson(t, s.Fixture).signIn(t, "clerk")
	address, err := url.Parse(s.Base)
	if err != nil {
		t.Fatal(err)
	}
	cookie := clerk.client.Jar.Cookies(address)[0]
	dial := func(header string) (net.Conn, *bufio.Reader) {
		conn, err := net.Dial("tcp", address.Host)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nCookie: %s=%s\r\nContent-Type: multipart/form-data; boundary=b\r\n%s\r\n\r\n", partyDay, address.Host, cookie.Name, cookie.Value, header)
		return conn, bufio.NewReader(conn)
	}
	conn, r := dial("Content-Length: 2147483648")
	if _, err := conn.Write(bytes.Repeat([]byte("x"), 8<<10)); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Fatal(resp, err)
	}
	if body, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(body), "提交的内容太大") {
		t.Error(string(body), err)
	}
	if err := errors.Join(resp.Body.Close(), conn.Close()); err != nil {
		t.Fatal(err)
	}
	// Chunked, without a length: a photo that never ends.
	before := changes(t, s.Fixture)
	// live is what the heap holds without what nobody needs any more: when that is collected is left to chance.
	live := func() int64 {
		var mem runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&mem)
		return int64(mem.HeapAlloc)
	}
	block := strings.Repeat("\x00", 1<<20)
	live() // twice: pools let go at the second collection
	held, most := live(), int64(0)
	conn, r = dial("Transfer-Encoding: chunked")
	chunk := func(data string) error {
		_, err := fmt.Fprintf(conn, "%x\r\n%s\r\n", len(data), data)
		return err
	}
	begin := "--b\r\nContent-Disposition: form-data; name=\"_t\"\r\n\r\n" + clerk.token + "\r\n--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"大.jpg\"\r\n\r\n\xff\xd8\xff\xe0"
	if err := chunk(begin); err != nil {
		t.Fatal(err)
	}
	written := 0
	stop := make(chan struct{})
	go func() {
		defer close(stop)
		for range 400 {
			if chunk(block) != nil {
				return
			}
			if written++; written%4 == 0 && written <= 40 { // behind its limit the photo is only read away
				most = max(most, live())
			}
		}
	}()
	if resp, err = http.ReadResponse(r, nil); err != nil || resp.StatusCode != http.StatusUnprocessableEntity {
		t.Fatal(resp, err)
	}
	if body, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(body), "“大.jpg”超过 20 MB，请压缩后再上传") {
		t.Error(string(body), err)
	}
	if err := errors.Join(resp.Body.Close(), conn.Close()); err != nil {
		t.Fatal(err)
	}
	<-stop
	if grown := most - held; grown > 8<<20 {
		t.Errorf("the heap grew by %d MB", grown>>20)
	}
	t.Logf("%d MB were written, the heap grew by %d KB", written, (most-held)>>10)
	if written < 20 || written > 100 {
		t.Errorf("%d MB were read before the limit", written)
	}
	if entries, err := os.ReadDir(s.folder); err != nil || len(entries) != 0 || changes(t, s.Fixture) != before {
		t.Error("something stayed", len(entries), err)
	}
}
