package web_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"redsteward/internal/journal"
	"redsteward/internal/web/browsertest"
)

// testWitnesses: the auditor enrols a key, co-signs what he downloaded and gets the proof that the log has only grown; who may only read the log sees it.
func testWitnesses(t *testing.T, f *browsertest.Fixture) {
	auditor, inspector := newPerson(t, f).signIn(t, "auditor"), newPerson(t, f).signIn(t, "inspector")
	secret, public, err := journal.GenerateWitness()
	if err != nil {
		t.Fatal(err)
	}
	size := func() int64 {
		n, err := f.DB.Engine().LastN(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	send := func(p *person, path string, status int, contains string, pairs ...string) answer {
		t.Helper()
		form := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		a := p.send(t, http.MethodPost, path, form)
		if a.StatusCode != status || !strings.Contains(a.body+a.Header.Get("Location"), contains) {
			t.Fatalf("%s: %d %q\n%.2000s", path, a.StatusCode, a.Header.Get("Location"), a.body)
		}
		return a
	}
	before := size()
	send(auditor, "/admin/log/witnesses/sign", 422, "请先登记公钥", "note", "x")
	send(auditor, "/admin/log/witnesses/key", 422, "不是见证人的公钥", "office", "县审计局", "key", "x")
	send(inspector, "/admin/log/witnesses/key", 403, "", "office", "县审计局", "key", public)
	for _, path := range []string{"/checkpoint.txt", "/growth.json?from=1&to=2", "/sign", "/key"} {
		if a := inspector.get(t, "/admin/log/witnesses"+path); a.StatusCode != 403 {
			t.Errorf("an inspector opens %s: %d", path, a.StatusCode)
		}
	}
	if size() != before {
		t.Fatalf("refused calls wrote %d records", size()-before)
	}
	send(auditor, "/admin/log/witnesses/key", 303, "done=key", "office", "县审计局", "key", public)

	downloaded := auditor.get(t, "/admin/log/witnesses/checkpoint.txt").body
	page := auditor.get(t, "/admin/log/witnesses").body
	_, key, _ := strings.Cut(page, "<dt>日志公钥</dt><dd><code>")
	key, _, _ = strings.Cut(key, "<")
	key = strings.ReplaceAll(key, "&#43;", "+")
	cosigned, err := journal.CoSign(key, secret, []byte(downloaded))
	if err != nil {
		t.Fatal(err)
	}
	send(auditor, "/admin/log/witnesses/sign", 422, "没有这位见证人的签名", "note", downloaded)
	send(auditor, "/admin/log/witnesses/sign", 303, "done=sign", "note", string(cosigned))
	one, err := journal.OpenCosigned(key, public, cosigned)
	if err != nil {
		t.Fatal(err)
	}
	two, err := journal.OpenCheckpoint(key, []byte(auditor.get(t, "/admin/log/witnesses/checkpoint.txt").body))
	if err != nil || two.Size <= one.Size {
		t.Fatalf("%+v %v", two, err)
	}
	var growth struct {
		From, To int64
		Proof    []string
	}
	if err := json.Unmarshal([]byte(auditor.get(t, fmt.Sprintf("/admin/log/witnesses/growth.json?from=%d&to=%d", one.Size, two.Size)).body), &growth); err != nil {
		t.Fatal(err)
	}
	proof := make(journal.Proof, len(growth.Proof))
	for i, text := range growth.Proof {
		h, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		proof[i] = journal.Hash(h)
	}
	if !proof.Grows(one.Size, one.Root, two.Size, two.Root) {
		t.Error("the proof of growth does not hold")
	}
	for _, wrong := range []string{"", "?from=2&to=1", "?from=1&to=999999", "?from=0&to=1"} {
		if a := auditor.get(t, "/admin/log/witnesses/growth.json"+wrong); a.StatusCode != 422 {
			t.Errorf("growth%s: %d", wrong, a.StatusCode)
		}
	}
	if page = auditor.get(t, "/admin/log/witnesses").body; !containsAll(page, []string{"县审计局", "相符", "增长证明", fmt.Sprintf(`class="num">%d<`, one.Size)}) || strings.Contains(page, "与日志不符") {
		t.Errorf("%.3000s", page)
	}
	if page = auditor.get(t, "/admin/log").body; !strings.Contains(page, `href="/admin/log/witnesses"`) {
		t.Error("the log does not lead to its witnesses")
	}
}

// testLogPages: the log is searched, a record tells what it changed without personal data, and its proof verifies; who may not verify does not see the content.
func testLogPages(t *testing.T, f *browsertest.Fixture) {
	auditor, inspector := newPerson(t, f).signIn(t, "auditor"), newPerson(t, f).signIn(t, "inspector")
	page := auditor.get(t, "/admin/log?q=account.create").body
	if !containsAll(page, []string{"新建账号", `value="account.create"`, "account/", "周望平", "刘建华"}) || strings.Contains(page, "account.appoint") {
		t.Errorf("%.3000s", page)
	}
	for path, want := range map[string]string{"/admin/log?q=" + url.QueryEscape("没有这样的动作"): "没有找到", "/admin/log?from=2999-01-01": "没有找到", "/admin/log?until=1999-01-01": "没有找到", "/admin/log?from=x&until=y": "account.create", "/admin/log?by=nobody": "没有找到"} {
		if page := auditor.get(t, path).body; !strings.Contains(page, want) {
			t.Errorf("%s: %.2000s", path, page)
		}
	}
	_, number, _ := strings.Cut(page, `href="/admin/log/`)
	number, _, _ = strings.Cut(number, `"`)
	if number == "" || strings.Contains(number, "witnesses") {
		_, number, _ = strings.Cut(page, `aria-label="第 `)
		number, _, _ = strings.Cut(number, " ")
	}
	one := auditor.get(t, "/admin/log/"+number)
	if one.StatusCode != 200 || !containsAll(one.body, []string{"改了什么", "下载证明", "个人信息或者内部文字", "新建账号", "登录名"}) || strings.Contains(one.body, "周望平") {
		t.Errorf("record %s: %d %.3000s", number, one.StatusCode, one.body)
	}
	proof := auditor.get(t, "/admin/log/"+number+"/proof.json").body
	if p, _, err := journal.OpenRecordProof([]byte(proof), ""); err != nil || fmt.Sprint(p.N) != number {
		t.Errorf("%+v %v", p, err)
	}
	for _, path := range []string{"/admin/log/0", "/admin/log/999999", "/admin/log/999999/proof.json"} {
		if a := auditor.get(t, path); a.StatusCode != 404 {
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	}
	for _, path := range []string{"/admin/log/1", "/admin/log/1/proof.json", "/admin/log.xlsx"} {
		if a := inspector.get(t, path); a.StatusCode != 403 {
			t.Errorf("an inspector opens %s: %d", path, a.StatusCode)
		}
	}
	if book := auditor.get(t, "/admin/log.xlsx?as=csv&q=account.create").body; !strings.Contains(book, "account.create") || strings.Contains(book, "account.appoint") {
		t.Errorf("%.1000s", book)
	}
}
