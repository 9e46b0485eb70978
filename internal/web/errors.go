package web

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"redsteward/internal/fault"
	"redsteward/policy"
)

// statusOf is the one place where a kind of fault becomes an HTTP status.
func statusOf(kind fault.Kind) int {
	switch kind {
	case fault.Invalid:
		return fiber.StatusUnprocessableEntity
	case fault.Unauthenticated:
		return fiber.StatusUnauthorized
	case fault.Forbidden:
		return fiber.StatusForbidden
	case fault.NotFound:
		return fiber.StatusNotFound
	case fault.Conflict:
		return fiber.StatusConflict
	case fault.Unavailable:
		return fiber.StatusServiceUnavailable
	default:
		return fiber.StatusInternalServerError
	}
}

// Problem is a failure for programs (RFC 9457).
type Problem struct {
	// Type names the class of the failure: a path of the help page.
	Type string `json:"type" doc:"Class of the failure"`
	// Title is the class in words.
	Title string `json:"title"`
	// Status is the HTTP status.
	Status int `json:"status"`
	// Detail is one Chinese sentence about this failure.
	Detail string `json:"detail,omitempty"`
	// Instance is the number of the request to quote.
	Instance string `json:"instance,omitempty"`
	// Rule names the rule that refused; only with 403.
	Rule string `json:"rule,omitempty"`
	// Who are the offices that may do it; only with 403.
	Who string `json:"who,omitempty"`
	// Errors name the refused places; only with 422.
	Errors []ProblemField `json:"errors,omitempty"`
}

// ProblemField is one refused place of the input.
type ProblemField struct {
	// Location is the name of the field or parameter.
	Location string `json:"location"`
	// Message is Chinese and says what is wrong with the value found.
	Message string `json:"message"`
}

// failure is what a person sees of a fault.
type failure struct {
	Status  int
	Title   string
	Message string
	Advice  string
	Rule    string
	Who     string
	Number  string
	// Help is the place of the help page that explains it.
	Help   string
	Fields []fault.Field
}

// describe puts a fault into words. It never shows a cause.
func (s *Server) describe(c *fiber.Ctx, ask *request, err error) failure {
	kind := fault.KindOf(err)
	f := failure{Status: statusOf(kind), Message: fault.MessageOf(err), Fields: fault.FieldsOf(err), Number: s.number(ask)}
	var raw *fiber.Error
	if errors.As(err, &raw) {
		f.Status = raw.Code
	}
	f.Help = "e" + strconv.Itoa(f.Status)
	switch f.Status {
	case fiber.StatusUnprocessableEntity:
		f.Title, f.Advice = "有内容需要修改", "请按提示改好再提交，什么都没有写入。"
	case fiber.StatusUnauthorized:
		f.Title, f.Advice = "请先登录", "登录后会回到这一页。"
	case fiber.StatusForbidden:
		f.Title, f.Rule, f.Advice = "你不能办理这件事", fault.RuleOf(err), "什么都没有写入；这次操作已记入访问记录。"
		// A refusal by the table of rights is told with who may; one by another rule has said its own.
		if d, err := s.guard.Why(c.UserContext(), ask.by, ask.route.Action, nil); err == nil && !d.Allowed && d.Rule == f.Rule {
			f.Title, f.Message, f.Rule, f.Who = titleOf(d), strings.TrimPrefix(d.Reason, titleOf(d)+"："), d.Rule, d.WhoTitles()
		}
	case fiber.StatusNotFound:
		f.Title, f.Message, f.Advice = "没有找到要看的内容", "", "地址可能写错，内容可能已撤下，也可能不在你的查看范围内。"
		if m, off := offOf(err); off {
			f.Help = "modules"
			f.Title, f.Message, f.Advice = "“"+m.Name+"”没有启用", "主管单位是"+m.Office+"。停用的原因："+m.Off+"。", "要办理的请与主管单位联系。已经登记的内容都保留着，这次什么都没有写入。"
		}
	case fiber.StatusMethodNotAllowed:
		f.Title, f.Message, f.Advice = "这个地址不接受这样的请求", "", "请从页面上的链接或按钮进入。"
	case fiber.StatusConflict:
		f.Title, f.Advice = "已有变化，这次没有保存", "请回到页面查看最新内容，再决定是否重做。"
	case fiber.StatusRequestEntityTooLarge:
		f.Title, f.Message, f.Advice = "提交的内容太大", "", "请减少内容后再提交，什么都没有写入。"
	case fiber.StatusTooManyRequests:
		f.Title, f.Message, f.Advice = "尝试次数太多", raw.Message, "请稍后再试。"
	case fiber.StatusServiceUnavailable:
		f.Title, f.Advice = "系统暂时不能办理", "请过一分钟再试；刚才的修改没有写入。"
	case fiber.StatusInternalServerError:
		f.Title, f.Message, f.Advice = "系统出错了", "", "这次操作没有办成，没有写入一半的内容。请把下面的编号告诉系统管理员。"
	default: // what Fiber refuses before a route is found: broken or oversized requests; and what is no text (readable)
		f.Title, f.Advice = "请求不能处理", "请从页面上的链接或按钮进入。"
		if kind != fault.Invalid {
			f.Message = ""
		}
	}
	return f
}

// titleOf is the heading of a 403 page: what the person wanted to do.
func titleOf(d policy.Decision) string { return "你不能" + d.Action.Name }

// fail answers with a failure, as a page or as problem+json.
func (s *Server) fail(c *fiber.Ctx, ask *request, err error) error {
	ask.kind, ask.cause = fault.KindOf(err), err
	var raw *fiber.Error
	if errors.As(err, &raw) && raw.Code < 500 {
		ask.kind = fault.Invalid
	}
	// Somebody who is signed in and asks for what is not there may be trying what lies outside of his scope.
	_, off := offOf(err)
	elsewhere := ask.kind == fault.NotFound && !off && ask.by.SignedIn() && !openToAll(ask.route.Action)
	if ask.kind == fault.Forbidden || ask.kind == fault.Unauthenticated || elsewhere {
		s.logRefusal(c, ask.by, ask.route.Action, err, s.number(ask))
	}
	f := s.describe(c, ask, err)
	c.Status(f.Status)
	c.Set(fiber.HeaderCacheControl, "no-store")
	if f.Status == fiber.StatusServiceUnavailable {
		c.Set(fiber.HeaderRetryAfter, "60")
	}
	if ask.route.JSON || wantsJSON(c) {
		return writeProblem(c, f)
	}
	if f.Status == fiber.StatusUnauthorized && !ask.route.Plain {
		return s.renderSignIn(c, ask.by, signInForm{Next: s.comeBack(c), Notice: signInNotice(c)})
	}
	if look := lookOf(c); look != nil && look.Day.IsZero() && ask.kind != fault.Invalid {
		c.Locals(lookKey{}, (*lookView)(nil)) // there is nothing here to look back to
	}
	return s.render(c, ask.by, "error", page{Title: f.Title, Data: f})
}

// logRefusal writes a refused try to the access log; nothing of it goes to the store.
func (s *Server) logRefusal(c *fiber.Ctx, by policy.Actor, action policy.Action, err error, number string) {
	if s.access == nil {
		return
	}
	s.access.Write(policy.AccessEvent{At: s.clocks.Security(), Event: policy.EventRefused, Actor: by.ID, Action: action, Path: c.Path(),
		Kind: fault.KindOf(err), Rule: fault.RuleOf(err), Source: c.Context().RemoteIP().String(), Number: number})
}

// problem is the failure as RFC 9457 says it.
func (f failure) problem() Problem {
	p := Problem{Type: problemType(f.Status), Title: f.Title, Status: f.Status, Detail: f.Message, Instance: f.Number, Rule: f.Rule, Who: f.Who}
	if p.Detail == "" {
		p.Detail = f.Advice
	}
	for _, field := range f.Fields {
		p.Errors = append(p.Errors, ProblemField{Location: field.Name, Message: field.Message})
	}
	return p
}

// problemType is the place of the help page that explains a class of failures.
func problemType(status int) string { return "/help#e" + strconv.Itoa(status) }

func writeProblem(c *fiber.Ctx, f failure) error {
	body, err := json.Marshal(f.problem())
	if err != nil {
		return err
	}
	c.Response().Header.SetContentType("application/problem+json")
	c.Response().SetBodyRaw(body)
	return nil
}

// wantsJSON reports whether the client is a program that asks for JSON and not a browser.
func wantsJSON(c *fiber.Ctx) bool {
	accept := c.Get(fiber.HeaderAccept)
	return strings.Contains(accept, "json") && !strings.Contains(accept, "text/html")
}

// unrouted answers what reaches no row of the table: unknown addresses and methods, and requests that Fiber itself refuses.
func (s *Server) unrouted(c *fiber.Ctx, err error) error {
	ask := request{route: &unroutedRow, begun: s.clocks.Security()}
	if strings.HasPrefix(c.Path(), apiPrefix) {
		ask.route = &unroutedAPIRow
	} else if by, err := s.authenticate(c); err == nil {
		ask.by = by // so that the page keeps its navigation
	}
	s.protect(c)
	err = s.fail(c, &ask, err)
	s.done(c, s.watch.unrouted, &ask)
	return err
}

// knownMethods answers a method that HTTP does not have as every other one that an address does not take: Fiber would answer it itself, in bare text and without the headers of protect.
func (s *Server) knownMethods(next fasthttp.RequestHandler) fasthttp.RequestHandler {
	return func(ctx *fasthttp.RequestCtx) {
		if slices.Contains(fiber.DefaultMethods, string(ctx.Method())) {
			next(ctx)
			return
		}
		c := s.app.AcquireCtx(ctx)
		defer s.app.ReleaseCtx(c)
		if err := s.unrouted(c, fiber.ErrMethodNotAllowed); err != nil {
			ctx.Error("", fiber.StatusInternalServerError)
		}
	}
}

// unroutedRow and unroutedAPIRow stand for a request without a row; they are not in the table.
var (
	unroutedRow    = Route{Method: "ANY", Path: "unrouted", Action: policy.Public}
	unroutedAPIRow = Route{Method: "ANY", Path: "unrouted", Action: policy.Public, JSON: true}
)
