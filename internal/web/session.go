package web

import (
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/policy"
)

// The cookies; cookieName adds the prefix under TLS.
const (
	sessionCookie = "rs_session"
	visitCookie   = "rs_visit"
	typeCookie    = "rs_big"
)

// cookieName is the name on the wire: with the __Host- prefix under TLS no other host and no plain page can set it.
func (s *Server) cookieName(name string) string {
	if s.set.SecureCookies {
		return "__Host-" + name
	}
	return name
}

// setCookie sets a cookie for this host only. lives 0 keeps it until the browser closes; below 0 removes it.
func (s *Server) setCookie(c *fiber.Ctx, name, value string, lives time.Duration) {
	cookie := &fiber.Cookie{Name: s.cookieName(name), Value: value, Path: "/", HTTPOnly: true, SameSite: fiber.CookieSameSiteLaxMode, Secure: s.set.SecureCookies}
	switch {
	case lives < 0:
		cookie.Expires = time.Unix(1, 0)
	case lives > 0:
		cookie.MaxAge = int(lives.Seconds())
	}
	c.Cookie(cookie)
}

// authenticate finds the actor of the session cookie; without a cookie it is the public. Returns Unauthenticated for a session that has ended.
func (s *Server) authenticate(c *fiber.Ctx) (policy.Actor, error) {
	token := c.Cookies(s.cookieName(sessionCookie))
	if token == "" {
		return policy.Actor{}, nil
	}
	by, err := s.people.Resolve(c.UserContext(), token)
	if fault.Is(err, fault.Unauthenticated) {
		s.setCookie(c, sessionCookie, "", -1)
		if c.Method() == fiber.MethodGet { // the forms of this page come back without it: their tokens are those of a visit without session
			c.Request().Header.DelCookie(s.cookieName(sessionCookie))
		}
	}
	return by, err
}

// safeNext returns where to go after signing in: a path of this service, never another site, "" if it is none.
func safeNext(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") || len(next) > 2000 {
		return ""
	}
	u, err := url.Parse(next)
	if err != nil || u.Host != "" || u.Scheme != "" || strings.HasPrefix(u.Path, "/signin") || strings.HasPrefix(u.Path, "/signout") {
		return ""
	}
	to := u.RequestURI()
	if strings.HasPrefix(to, "//") { // a %2f is written as a slash beside bytes that have to be escaped
		return ""
	}
	return to
}

// comeBack is the page to return to after signing in: the one asked for, or for a form the page that it stood on.
func (s *Server) comeBack(c *fiber.Ctx) string {
	if c.Method() == fiber.MethodGet {
		return safeNext(c.OriginalURL())
	}
	return s.refererPath(c)
}

// refererPath is the path of the page of this service that led here, "" if none did.
func (s *Server) refererPath(c *fiber.Ctx) string {
	u, err := url.Parse(c.Get(fiber.HeaderReferer))
	if err != nil || !strings.EqualFold(u.Host, string(c.Request().Host())) {
		return ""
	}
	return safeNext(u.RequestURI())
}

// bigType reports whether pages are in large type (大字版): as the visitor chose, and without a choice for owners and their committees, whom every page that 我的小区 leads to shows it.
func (s *Server) bigType(c *fiber.Ctx, by policy.Actor) bool {
	chosen := c.Cookies(typeCookie)
	return chosen == "1" || chosen == "" && by.SignedIn() && s.guard.Allow(by, policy.ReadHome)
}

// setType switches between normal and large type and returns to the page.
func (s *Server) setType(c *fiber.Ctx, _ policy.Actor) error {
	cookie := &fiber.Cookie{Name: typeCookie, Value: "0", Path: "/", SameSite: fiber.CookieSameSiteLaxMode, Secure: s.set.SecureCookies, MaxAge: 365 * 24 * 3600}
	if c.Query("big") == "1" {
		cookie.Value = "1"
	}
	c.Cookie(cookie)
	return seeOther(c, s.refererPath(c), "/")
}

// seeOther sends the browser to the first address that is not empty.
func seeOther(c *fiber.Ctx, addresses ...string) error {
	c.Set(fiber.HeaderCacheControl, "no-store")
	for _, a := range addresses {
		if a != "" {
			return c.Redirect(a, fiber.StatusSeeOther)
		}
	}
	return c.Redirect("/", fiber.StatusSeeOther)
}
