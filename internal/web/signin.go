package web

import (
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/policy"
)

// field is one control of a form, as _parts.html shows it.
type field struct {
	// Name is the name and the id.
	Name, Label, Hint, Value string
	// Type is text, password, date or number; ignored with Options or Rows.
	Type string
	// Autocomplete and Mode are the attributes of those names.
	Autocomplete, Mode string
	// Error is what is wrong with the value.
	Error string
	// Optional marks the only kind of field that may stay empty.
	Optional bool
	// Options make it a choice, Rows a text of several lines.
	Options []option
	Rows    int
	// Suggest are values that a text offers; others may be typed.
	Suggest []string
}

type option struct{ Value, Label string }

// withErrors puts the refused places at their fields and returns those that belong to none beside it.
func withErrors(form []field, refused []fault.Field) []field {
	out := make([]field, len(form))
	copy(out, form)
	for i := range out {
		for _, f := range refused {
			if f.Name == out[i].Name && out[i].Error == "" {
				out[i].Error = f.Message
			}
		}
	}
	return out
}

// signInForm is what signin.html shows.
type signInForm struct {
	Next    string
	Notice  string
	Refused string
	Login   field
	Password,
	Code field
}

// fill makes the three fields; a password typed before is never sent back.
func (f signInForm) fill(login string) signInForm {
	f.Login = field{Name: "login", Label: "用户名", Type: "text", Value: login, Autocomplete: "username"}
	f.Password = field{Name: "password", Label: "密码", Type: "password", Autocomplete: "current-password", Hint: "连续 5 次错误锁定 30 分钟"}
	f.Code = field{Name: "code", Label: "动态口令", Type: "text", Autocomplete: "one-time-code", Mode: "numeric", Optional: true, Hint: "开通了动态口令的账号才填，6 位数字"}
	return f
}

// signInNotice says why a person who wanted another page sees this one.
func signInNotice(c *fiber.Ctx) string {
	if c.Method() != fiber.MethodGet {
		return "登录已过期，刚才提交的内容没有写入。请重新登录，回到原来的页面再提交。"
	}
	return "这一页要登录后才能看。登录后会回到这里。"
}

func (s *Server) renderSignIn(c *fiber.Ctx, by policy.Actor, f signInForm) error {
	return s.render(c, by, "signin", page{Title: "登录", Data: f.fill(f.Login.Value), Script: true})
}

// signInPage shows the form; whoever is signed in already goes on.
func (s *Server) signInPage(c *fiber.Ctx, by policy.Actor) error {
	next := safeNext(c.Query("next"))
	if next == "" {
		next = s.refererPath(c)
	}
	if by.SignedIn() {
		return seeOther(c, next, "/todo")
	}
	return s.renderSignIn(c, by, signInForm{Next: next})
}

// signIn opens a session and returns to the page that was asked for.
func (s *Server) signIn(c *fiber.Ctx, by policy.Actor) error {
	source, now := c.Context().RemoteIP().String(), s.clocks.Security()
	if wait := s.signIns.wait(source, now); wait > 0 {
		c.Set(fiber.HeaderRetryAfter, fmt.Sprint(int(wait.Seconds())+1))
		return fiber.NewError(fiber.StatusTooManyRequests, fmt.Sprintf("这个地址登录失败太多次，请 %d 分钟后再试。", int(wait/time.Minute)+1))
	}
	login, next := c.FormValue("login"), safeNext(c.FormValue("next"))
	in, err := s.people.SignIn(c.UserContext(), policy.Credentials{
		Login: login, Password: c.FormValue("password"), Code: c.FormValue("code"), Source: source,
		PreviousToken: c.Cookies(s.cookieName(sessionCookie)),
	})
	if fault.Is(err, fault.Unauthenticated) {
		s.signIns.fail(source, now)
		s.logRefusal(c, by, policy.OpenSession, err, "")
		c.Status(fiber.StatusUnauthorized)
		f := signInForm{Next: next, Refused: fault.MessageOf(err)}
		f.Login.Value = login
		return s.renderSignIn(c, by, f)
	}
	if err != nil {
		return err
	}
	s.setCookie(c, sessionCookie, in.Token, in.Until.Sub(now))
	s.setCookie(c, visitCookie, "", -1)
	if in.Actor.MustChangePassword {
		next = "/account"
	}
	return seeOther(c, next, "/todo")
}

// signOut ends the session of this browser.
func (s *Server) signOut(c *fiber.Ctx, by policy.Actor) error {
	if err := s.people.SignOut(c.UserContext(), by); err != nil {
		return err
	}
	return s.leave(c)
}

// signOutAll ends all sessions of the person's own account.
func (s *Server) signOutAll(c *fiber.Ctx, by policy.Actor) error {
	if err := s.people.SignOutEverywhere(c.UserContext(), by); err != nil {
		return err
	}
	return s.leave(c)
}

func (s *Server) leave(c *fiber.Ctx) error {
	s.setCookie(c, sessionCookie, "", -1)
	c.Set("Clear-Site-Data", `"cache"`)
	return seeOther(c, "/signin")
}
