package web

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
)

// FuzzForm: whatever is posted to a form with files, its fields are read within their bounds, no file is taken before the token of the session has come, and nothing passes without it.
func FuzzForm(f *testing.F) {
	s := newServer(f, nil)
	const key = "key-of-the-visit"
	token := s.tokenFor(key)
	part := func(head, text string) string {
		return "--b\r\nContent-Disposition: form-data; " + head + "\r\n\r\n" + text + "\r\n"
	}
	mine := part(`name="_t"`, token)
	for _, body := range []string{"", mine + part(`name="words"`, "灯坏了") + "--b--", mine + part(`name="f"; filename="a.png"`, "\x89PNG") + "--b--", part(`name="f"; filename="a.png"`, "x") + mine + "--b--", part(`name="_t"`, "x") + part(`name="f"; filename*=utf-8''%ff`, "x") + "--b--",
		mine + part(`name="words"`, "\xff\xfe"), "--b\r\n\r\n--b--", mine + part(`filename=""`, "")} {
		f.Add("multipart/form-data; boundary=b", []byte(body))
	}
	f.Add(fiber.MIMEApplicationForm, []byte("_t="+url.QueryEscape(token)+"&words=%E7%81%AF&words=%ff"))
	f.Add("multipart/form-data", []byte("x"))
	f.Add("text/plain; charset", []byte("_t=x"))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		const limit = 1 << 16
		var values url.Values
		var failed error
		taken := 0
		app := fiber.New(fiber.Config{DisableStartupMessage: true, StreamRequestBody: true})
		app.Post("/", func(c *fiber.Ctx) error {
			values, failed = s.readForm(c, limit, func(name string, r io.Reader) error {
				taken++
				n, err := io.Copy(io.Discard, r)
				if n > limit || name == "" {
					t.Errorf("a file %q of %d bytes", name, n)
				}
				return err
			})
			return nil
		})
		req := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		req.Header.Set("Content-Type", kind)
		req.AddCookie(&http.Cookie{Name: s.cookieName(visitCookie), Value: key})
		answer, err := app.Test(req, -1)
		if err != nil {
			return // no request that arrives
		}
		_ = answer.Body.Close()
		if own := values.Get(tokenField) == token; !own && (failed == nil || taken > 0) {
			t.Fatalf("taken without a token: %d files, %v", taken, failed)
		}
		for name, all := range values {
			for _, text := range all {
				if len(text) > limit || failed == nil && !utf8.ValidString(text) {
					t.Fatalf("%q: %d bytes", name, len(text))
				}
			}
		}
	})
}
