package web

import (
	"net/url"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"redsteward/internal/fault"
)

// errUnreadable is what a request gets whose bytes are no UTF-8: the store, the log and every page hold text, and what is no text would be changed on its way
// there. where names the part of the request.
func errUnreadable(where string) error {
	return &fault.Error{Op: "web.readable", Kind: fault.Invalid, Message: where + "不是 UTF-8 编码的文字，没有办理。请从页面上重新填写提交；用程序提交的，把文字转成 UTF-8 再发。", Err: fiber.ErrBadRequest}
}

// readable refuses a request whose address or fields hold bytes that are no UTF-8, once for all routes. Bodies that are taken whole are looked at
// by takeBody, and what routes that take files read part by part by readForm.
func (s *Server) readable(c *fiber.Ctx, r *Route) error {
	uri := c.Request().URI()
	switch {
	case !utf8.Valid(uri.Path()):
		return errUnreadable("网址")
	case !readableArgs(uri.QueryArgs()):
		return errUnreadable("网址里的查询条件")
	case r.Upload == 0 && !r.JSON && !readableArgs(c.Request().PostArgs()):
		return errUnreadable("填写的内容")
	}
	return nil
}

// readableArgs reports whether all names and values are UTF-8, as they are once they are unescaped.
func readableArgs(args *fasthttp.Args) bool {
	for name, value := range args.All() {
		if !utf8.Valid(name) || !utf8.Valid(value) {
			return false
		}
	}
	return true
}

// readableForm refuses a form of which a name or value is no UTF-8.
func readableForm(values url.Values) error {
	for name, all := range values {
		for _, value := range append(all, name) {
			if !utf8.ValidString(value) {
				return errUnreadable("填写的内容")
			}
		}
	}
	return nil
}
