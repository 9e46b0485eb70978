package web

import (
	"context"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/registry"
)

// divisionLinks are links to divisions.
func divisionLinks(list []registry.DivisionRow) []crumb {
	var out []crumb
	for _, d := range list {
		out = append(out, crumb{d.Display, divisionPath(d.ID)})
	}
	return out
}

// codesIn are the codes in a text, whatever people put between them.
func codesIn(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r != '-' && (r < '0' || r > '9') })
}

// codeEntry describes the form of another code of the statistics.
func (s *Server) codeEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e, d, err := s.divisionEntry(c, by, "变更代码", "code")
	if err == nil && d.Level == registry.LevelGrid {
		err = fault.New("web.codeEntry", fault.NotFound, "网格的编号跟着社区，不能单独改")
	}
	e.Intro = "国家统计局改了“" + d.Display + "”的统计用区划代码时用。从启用日期起，各处显示新代码；用原来的代码照样查得到它。"
	e.Notes = []string{"名称、上级、小区和以前的记录都不变。", "网格的编号跟着社区的新代码。", "原来的代码留在编号沿革里，不再给别的区划用。"}
	e.Form = []field{
		{Name: "code", Label: "新代码", Type: "text", Mode: "numeric", Autocomplete: "off", Value: c.FormValue("code"), Hint: "12 位统计用区划代码；现在是 " + d.CodeOn(s.registered.Today())},
		{Name: "from", Label: "启用日期", Type: "date", Value: typedOr(c, "from", s.registered.Today().String())},
		reasonField(c, "依据", "例如统计部门公布的年度代码"),
	}
	return e, err
}

// changeCode enters another code.
func (s *Server) changeCode(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	next := registry.CodeChange{Code: in.text("code"), From: in.date("from", "启用日期"), Reason: in.text("reason")}
	return "", in.with(func(ctx context.Context) error {
		return s.registered.ChangeCode(ctx, by, c.Params("id"), formSeq(c), next)
	})
}

// codeBackEntry describes the form that takes the last change of a code back.
func (s *Server) codeBackEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e, d, err := s.divisionEntry(c, by, "撤回代码变更", "code/back")
	n := len(d.Codes)
	if err == nil && n == 0 {
		err = fault.New("web.codeBackEntry", fault.NotFound, "“"+d.Display+"”没有改过代码")
	}
	if err != nil {
		return e, err
	}
	last := d.Codes[n-1]
	e.Intro = "撤回" + last.From.Chinese() + "起改为 " + last.Code + " 的登记，只在登记错了的时候用；变更记录里仍然看得到。"
	e.Form = []field{reasonField(c, "撤回原因", "")}
	return e, nil
}

// takeCodeBack takes the last change of a code back.
func (s *Server) takeCodeBack(c *fiber.Ctx, by policy.Actor, _ *typed) (string, error) {
	return "", s.registered.TakeCodeBack(c.UserContext(), by, c.Params("id"), formSeq(c), c.FormValue("reason"))
}
