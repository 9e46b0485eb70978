package web

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
)

// TestUnreadable: bytes that are no UTF-8 are refused with 400 and a Chinese sentence, wherever in a request they stand, as a page and as a problem for programs.
func TestUnreadable(t *testing.T) {
	s := newServer(t, nil)
	address, _ := serve(t, s)
	const form = "application/x-www-form-urlencoded"
	for name, tt := range map[string]struct {
		method, path, kind, body, accept string
		status                           int
	}{
		"a query":                      {"GET", "/?q=%ff%fe", "", "", "", 400},
		"a query for a program":        {"GET", "/api/v1/stars?after=%ff", "", "", "application/json", 400},
		"the name of a query":          {"GET", "/?%c3%28=1", "", "", "", 400},
		"a path":                       {"GET", "/assets/%ff", "", "", "", 400},
		"an escaped field":             {"POST", "/signin", form, "login=%ff&password=x", "", 400},
		"a field as it is":             {"POST", "/signin", form, "login=\xb5\xc7\xc2\xbc&password=x", "", 400},
		"the name of a field":          {"POST", "/signin", form, "%ff=1", "", 400},
		"a part":                       {"POST", "/signin", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"login\"\r\n\r\n\xff\r\n--b--\r\n", "", 400},
		"Chinese in UTF-8":             {"GET", "/?q=%E4%B8%9C%E8%A1%97", "", "", "", 200},
		"a long sign":                  {"GET", "/?q=%F0%A0%AE%B7", "", "", "", 200},
		"a form without token, in UTF": {"POST", "/signin", form, "login=%E7%8E%8B", "", 403},
	} {
		req, err := http.NewRequest(tt.method, address+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", tt.kind)
		req.Header.Set("Accept", tt.accept)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != tt.status || tt.status == 400 && !bytes.Contains(body, []byte("不是 UTF-8 编码")) {
			t.Errorf("%s: %d %v %.300s", name, res.StatusCode, err, body)
		}
		if tt.accept != "" && res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s", name, res.Header.Get("Content-Type"))
		}
	}
}

// TestAccessPlace: the access log says of which process it is, and whether there are others.
func TestAccessPlace(t *testing.T) {
	for want, place := range map[string]AccessPlace{"": {}, "这里就是全部访问，存在主机 a 的 b。": {Host: "a", Folder: "b"}, "这里只有主机 a 上这个进程的访问，存在 b；": {Host: "a", Folder: "b", Others: true}} {
		if got := place.Text(); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%+v: %q", place, got)
		}
	}
}

// FuzzReadable: whatever is sent, a handler that takes no files sees no value that is no UTF-8; and nothing that is UTF-8 all through is refused.
func FuzzReadable(f *testing.F) {
	s := newServer(f, nil)
	const form = fiber.MIMEApplicationForm
	for _, seed := range []struct{ query, kind, body string }{
		{"q=%ff", form, ""}, {"q=东街", form, "a=%E4%B8%9C&b=%c0%80"}, {"%ff=1", form, "a"}, {"", fiber.MIMEApplicationJSON, `{"a":"\ud800"}`}, {"", fiber.MIMEApplicationJSON, "{\"a\":\"\xff\"}"},
		{"a=%", form, "%=%%&=&a=%e4%b8"}, {"", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\xff\r\n--b--\r\n"}, {"", "text/plain", "\xed\xa0\x80"},
	} {
		f.Add(seed.query, seed.kind, []byte(seed.body))
	}
	f.Fuzz(func(t *testing.T, query, kind string, body []byte) {
		for _, json := range []bool{false, true} {
			route := &Route{JSON: json}
			var refused error
			var seen []string
			app := fiber.New(fiber.Config{DisableStartupMessage: true, StreamRequestBody: true})
			app.Post("/", func(c *fiber.Ctx) error {
				if refused = s.takeBody(c, route); refused == nil {
					refused = s.readable(c, route)
				}
				if refused != nil {
					return nil
				}
				for name, value := range c.Request().URI().QueryArgs().All() {
					seen = append(seen, string(name), string(value))
				}
				if json {
					seen = append(seen, string(c.Body()))
					return nil
				}
				for name, value := range c.Request().PostArgs().All() {
					seen = append(seen, string(name), string(value))
				}
				if read, err := c.MultipartForm(); err == nil {
					for name, all := range read.Value {
						seen = append(append(seen, name), all...)
					}
				}
				return nil
			})
			req := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
			req.URL.RawQuery = query
			req.Header.Set("Content-Type", kind)
			answer, err := app.Test(req, -1)
			if err != nil {
				return // no request that arrives
			}
			_ = answer.Body.Close()
			for _, text := range seen {
				if !utf8.ValidString(text) {
					t.Fatalf("%q came through", text)
				}
			}
			var raw *fiber.Error
			if refused != nil && (!errors.As(refused, &raw) || raw.Code != 400 && raw.Code != 413 || raw.Code == 400 && !fault.Is(refused, fault.Invalid)) {
				t.Fatal(refused)
			}
			plain, err := url.QueryUnescape(query)
			typed, err2 := url.QueryUnescape(string(body))
			if refused != nil && raw.Code == 400 && err == nil && err2 == nil && utf8.ValidString(plain) && utf8.Valid(body) && utf8.ValidString(typed) {
				t.Fatalf("refused: %q %q", query, body)
			}
		}
	})
}
