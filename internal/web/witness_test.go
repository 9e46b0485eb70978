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
