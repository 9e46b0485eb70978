package outside

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
)

// site is a small site: pages by address.
type site map[string]string

func (s site) get(_ context.Context, address string) (Answer, error) {
	body, ok := s[address]
	if !ok {
		return Answer{}, fault.New("site", fault.NotFound, "")
	}
	kind := "text/html; charset=utf-8"
	switch filepath.Ext(strings.SplitN(address, "?", 2)[0]) {
	case ".css":
		kind = "text/css"
	case ".csv":
		kind = "text/csv; charset=utf-8"
	case ".svg":
		kind = "image/svg+xml"
	}
	return Answer{kind, []byte(body)}, nil
}

func county() site {
	page := func(body string) string {
		return `<!doctype html><html><head><link rel="stylesheet" href="/assets/a.css"><title>t</title></head><body>` + body + `<script src="/assets/a.js"></script></body></html>`
	}
	return site{
		"/": page(`<a href="/signin">登录</a><a href="/?sort=name">小区</a><a href="/stars/a1">甲苑</a><a href="/stars/b%2Fc">乙苑</a><a href="#main">正文</a>` +
			`<form action="/" method="get"><label for="g">星级</label><input name="q"><select id="g" name="grade"><option value="">全部</option><option value="s5">五星</option></select></form><a href="/?page=2">下一页</a>`),
		"/?grade=s5":          page(`<a href="/stars/a1">甲苑</a><a href="/?grade=s5&page=2">下一页</a>`),
		"/?page=2":            page(`第二页`),
		"/stars/a1":           page(`<a href="/stars/a1/lines.csv">下载</a><a href="/firms/金穗物业#top">企业</a><svg><use href="/assets/s.svg#star"></use></svg><form method="post" action="/tell"><select name="x"><option>一</option></select></form>`),
		"/stars/b%2Fc":        page(`乙`),
		"/stars/a1/lines.csv": "一,二\n",
		"/firms/%E9%87%91%E7%A9%97%E7%89%A9%E4%B8%9A": page(`<img src="/assets/none.png"><a href="https://example.org/">外面</a>`),
		"/tell":                page(`<form action="/tell" method="get"><select name="community"><option value="d1">东街</option></select></form>`),
		"/tell?community=d1":   page(`<form action="/tell" method="get"><select name="community"><option value="d1">东街</option></select></form><form action="/tell" method="post" enctype="multipart/form-data"><input type="hidden" name="_t" value="secret"><input type="hidden" name="key" value="k1"><input type="hidden" name="community" value="d1"><input name="words"><button>提交</button></form>`),
		"/assets/a.css":        "p{}",
		"/assets/s.svg":        "<svg/>",
		"/api/v1/stars":        page("数据"),
		"/reached/from/no/one": page("没有人链接到这里"),
	}
}

func copyOf(s site) *Copy {
	return &Copy{Get: s.get, Roots: []string{"/", "/api/v1/stars"}, Site: "某县　评价", Made: time.Date(2026, 10, 19, 18, 0, 0, 0, time.UTC), Record: 42, Key: "k", Sign: func(text string) (string, error) {
		return "signed " + shortHash(text), nil
	}}
}

// checkSigned is the check that belongs to copyOf.
func checkSigned(_, text, signature string) error {
	if signature != "signed "+shortHash(text) {
		return fault.New("check", fault.Invalid, "签名与内容不符")
	}
	return nil
}

func written(t *testing.T, c *Copy, dir string) *Manifest {
	t.Helper()
	m, err := c.Write(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func read(t *testing.T, parts ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestCopyHoldsWhatIsPublic(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "public")
	m := written(t, copyOf(county()), dir)
	var got []string
	for _, f := range m.Files {
		got = append(got, f.Path)
	}
	second, five := "index-"+shortHash("page=2")+".html", "index-"+shortHash("grade=s5")+".html"
	want := []string{"api/v1/stars.html", "assets/a.css", "assets/s.svg", "firms/金穗物业.html", second, five, "index.html", "stars/a1.html", "stars/a1/lines.csv", "stars/b/c.html"}
	for _, file := range want {
		if !slices.Contains(got, file) {
			t.Errorf("no %s in %v", file, got)
		}
	}
	if len(got) != len(want) {
		t.Errorf("files: %v", got)
	}
	home := read(t, dir, "index.html")
	for _, part := range []string{
		`<span>登录</span>`, `<span>小区</span>`, `<a href="stars/a1.html">甲苑</a>`, `<a href="#main">`, `href="` + second + `"`, `href="` + five + `">五星</a>`, `aria-current="page">全部</a>`,
		"静态页面，2026年10月20日 导出，截至变更日志第 42 条", `<a href="manifest.txt">`, "default-src &#39;none&#39;", `href="assets/a.css"`,
	} {
		if !strings.Contains(home, part) {
			t.Errorf("no %s in %s", part, home)
		}
	}
	star := read(t, dir, "stars", "a1.html")
	for _, part := range []string{`href="../stars/a1/lines.csv"`, `href="../firms/%E9%87%91%E7%A9%97%E7%89%A9%E4%B8%9A.html#top"`, `href="../assets/s.svg#star"`, "不能在这里填写和提交"} {
		if !strings.Contains(star, part) {
			t.Errorf("no %s in %s", part, star)
		}
	}
	for _, file := range got {
		if text := read(t, dir, file); strings.Contains(text, "<script") || strings.Contains(text, "<form") {
			t.Errorf("%s still runs or asks: %s", file, text)
		}
	}
	if firm := read(t, dir, "firms", "金穗物业.html"); strings.Contains(firm, "none.png") || !strings.Contains(firm, `href="https://example.org/"`) {
		t.Error(firm)
	}
}

func TestCopyLeadsToTheInteractiveSite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "public")
	c := copyOf(county())
	c.Interactive = "https://in.example.org"
	written(t, c, dir)
	for file, part := range map[string]string{"index.html": `<a href="https://in.example.org/signin">登录</a>`, "stars/a1.html": `<a href="https://in.example.org/stars/a1">办理页面</a>`} {
		if text := read(t, dir, file); !strings.Contains(text, part) {
			t.Errorf("%s: no %s in %s", file, part, text)
		}
	}
}

func TestCopyTellsWhatItMissed(t *testing.T) {
	c := copyOf(county())
	c.Get = func(ctx context.Context, address string) (Answer, error) {
		if address == "/stars/a1/lines.csv" {
			return Answer{}, fault.New("site", fault.Conflict, "现在给不出来")
		}
		return county().get(ctx, address)
	}
	var missed []string
	c.Missed = func(address string) { missed = append(missed, address) }
	dir := filepath.Join(t.TempDir(), "public")
	written(t, c, dir)
	if !slices.Equal(missed, []string{"/stars/a1/lines.csv"}) || !strings.Contains(read(t, dir, "stars", "a1.html"), "<span>下载</span>") {
		t.Errorf("missed %v", missed)
	}
}

func TestCopyIsTheSameTwice(t *testing.T) {
	one, two := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	written(t, copyOf(county()), one)
	written(t, copyOf(county()), two)
	if a, b := read(t, one, ManifestName), read(t, two, ManifestName); a != b {
		t.Errorf("%s\n%s", a, b)
	}
}

func TestVerifyNamesWhatDiffers(t *testing.T) {
	change := func(file, text string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, r := range []struct {
		name string
		do   func(t *testing.T, dir string)
		want []Difference
	}{
		{"nothing", func(*testing.T, string) {}, nil},
		{"a file", change("stars/a1/lines.csv", "一,三\n"), []Difference{{"stars/a1/lines.csv", "内容与清单不符"}}},
		{"a file more", change("zz.html", ""), []Difference{{"zz.html", "不在清单里"}}},
		{"a file less", func(t *testing.T, dir string) {
			t.Helper()
			if err := os.Remove(filepath.Join(dir, "assets", "a.css")); err != nil {
				t.Fatal(err)
			}
		}, []Difference{{"assets/a.css", "清单里有，文件夹里没有"}}},
		{"a file and its line", func(t *testing.T, dir string) {
			t.Helper()
			text := read(t, dir, ManifestName)
			change("assets/a.css", "q{}")(t, dir)
			hash, _, err := hashOfFile(t, dir, "assets/a.css")
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(text, "\n")
			for i, line := range lines {
				if strings.HasSuffix(line, " assets/a.css") {
					lines[i] = fmt.Sprintf("%s 3 assets/a.css", hash)
				}
			}
			change(ManifestName, strings.Join(lines, "\n"))(t, dir)
		}, []Difference{{"", "清单的签名与内容不符"}}},
	} {
		t.Run(r.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "public")
			written(t, copyOf(county()), dir)
			r.do(t, dir)
			v, err := Verify(dir, "", checkSigned)
			if err != nil || !v.OwnKey || !slices.Equal(v.Differences, r.want) {
				t.Errorf("%+v, %v, want %v", v, err, r.want)
			}
		})
	}
}

func hashOfFile(t *testing.T, dir, file string) (hash string, size int64, err error) {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	return hashOf(root, file)
}

func TestManifestRefuses(t *testing.T) {
	for _, text := range []string{"", "redsteward public 2\n", "redsteward public 1\nsha256 ed25519\ns\nx\n1\nk\n\nsig\n", "redsteward public 1\nsha256 ed25519\ns\n2026-10-19T18:00:00Z\nx\nk\n\nsig\n",
		"redsteward public 1\nsha256 ed25519\ns\n2026-10-19T18:00:00Z\n1\nk\nab 1 ../../etc/passwd\n\nsig\n", "redsteward public 1\nsha256 ed25519\ns\n2026-10-19T18:00:00Z\n1\nk\nab x a\n\nsig\n", "redsteward public 1\nsha256 ed25519\ns\n2026-10-19T18:00:00Z\n1\nk\nab\n\nsig\n"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, ManifestName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(dir, "", checkSigned); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := Verify(t.TempDir(), "", checkSigned); !fault.Is(err, fault.Invalid) {
		t.Errorf("no manifest: %v", err)
	}
}

// TestCopyReplacesWhole: an older copy goes as a whole, anything else stays as it is, and so does the old copy if the new one fails.
func TestCopyReplacesWhole(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "public")
	written(t, copyOf(county()), dir)
	smaller := county()
	delete(smaller, "/stars/b%2Fc")
	written(t, copyOf(smaller), dir)
	if v, err := Verify(dir, "", checkSigned); err != nil || len(v.Differences) > 0 {
		t.Errorf("%+v, %v", v, err)
	}
	before := read(t, dir, ManifestName)
	broken := copyOf(county())
	broken.Get = func(ctx context.Context, address string) (Answer, error) {
		if strings.HasPrefix(address, "/firms/") {
			return Answer{}, errors.New("broken")
		}
		return county().get(ctx, address)
	}
	if _, err := broken.Write(t.Context(), dir); err == nil {
		t.Error("a page that cannot be opened is left out silently")
	}
	if after := read(t, dir, ManifestName); after != before {
		t.Error("a failed copy changed the old one")
	}
	entries, err := os.ReadDir(parent)
	if err != nil || len(entries) != 1 {
		t.Errorf("left beside: %v, %v", entries, err)
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "account.xlsx"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := copyOf(county()).Write(t.Context(), other); !fault.Is(err, fault.Invalid) {
		t.Errorf("a folder with something else: %v", err)
	}
	if read(t, other, "account.xlsx") != "x" {
		t.Error("something else is gone")
	}
}

// TestCopyTakesTheIntakeAlong: with a receiver the form of residents stays and sends there, and to nobody else; nothing of the site's own secrets is in it.
func TestCopyTakesTheIntakeAlong(t *testing.T) {
	c := copyOf(county())
	c.Roots, c.Intake, c.IntakeForm = append(c.Roots, "/tell"), "https://out.example.org/tell", "/tell"
	dir := filepath.Join(t.TempDir(), "public")
	written(t, c, dir)
	form := read(t, dir, "tell-"+shortHash("community=d1")+".html")
	for _, part := range []string{`<form action="https://out.example.org/tell" method="post" enctype="multipart/form-data">`, `name="community" value="d1"`, `name="words"`, "form-action https://out.example.org/tell", `<p><a href="tell.html">换社区</a></p>`} {
		if !strings.Contains(form, part) {
			t.Errorf("no %s in %s", part, form)
		}
	}
	if strings.Contains(form, "secret") || strings.Contains(form, "k1") {
		t.Error("the form holds secrets of the site")
	}
	if home := read(t, dir, "index.html"); strings.Contains(home, "out.example.org") || !strings.Contains(home, "form-action &#39;none&#39;") {
		t.Error("another page sends somewhere")
	}
	if choice := read(t, dir, "tell.html"); strings.Contains(choice, "<form") || !strings.Contains(choice, `>东街</a>`) || !strings.Contains(choice, "点选以后填写") {
		t.Error(choice)
	}
}
