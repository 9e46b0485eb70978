package web

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
)

// tokenField is the name of the hidden form field.
const tokenField = "_t"

// errOtherSite is what a request from another site gets.
func errOtherSite(why string) error {
	return &fault.Error{Op: "web.sameSite", Kind: fault.Forbidden, Message: "这次提交不是从本系统的页面发出的，没有办理。请回到页面重新提交。", Rule: "跨站提交防护：" + why}
}

// sameSite refuses a request that changes something and comes from another site: by Sec-Fetch-Site where the browser sends it, and by
// Origin. A program without a browser sends neither and is told apart by its session or by having none.
func (s *Server) sameSite(c *fiber.Ctx) error {
	if site := c.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return errOtherSite("Sec-Fetch-Site")
	}
	origin := c.Get(fiber.HeaderOrigin)
	if origin == "" {
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil || !strings.EqualFold(u.Host, string(c.Request().Host())) {
		return errOtherSite("Origin")
	}
	return nil
}

// formToken refuses a form whose hidden token does not belong to the sender's session (or, before sign-in, to the visit's cookie).
func (s *Server) formToken(c *fiber.Ctx) error {
	return s.checkToken(c, c.FormValue(tokenField))
}

// tokenKey is the secret of the visit that a form token is derived from: the session's cookie, else the cookie of a visit without session.
func (s *Server) tokenKey(c *fiber.Ctx) string {
	if v := c.Cookies(s.cookieName(sessionCookie)); v != "" {
		return v
	}
	return c.Cookies(s.cookieName(visitCookie))
}

// tokenFor derives the form token of a visit.
func (s *Server) tokenFor(key string) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("form\x00" + key))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// issueToken returns the token for the forms of the page being rendered; a visit without session gets its cookie now.
func (s *Server) issueToken(c *fiber.Ctx) string {
	key := s.tokenKey(c)
	if key == "" {
		raw := make([]byte, 24)
		_, _ = rand.Read(raw) // never fails since Go 1.24
		key = base64.RawURLEncoding.EncodeToString(raw)
		s.setCookie(c, visitCookie, key, 0)
	}
	return s.tokenFor(key)
}
