package web

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/num"
	"redsteward/policy"
)

// printersPath is where somebody says how his printer meets paper with a printed head (套打), offsetPath the style sheet that moves the print.
const (
	printersPath = "/account/print"
	rulerPath    = printersPath + "/ruler"
	offsetPath   = "/print/offset.css"
)

// printerRoutes are the pages of one's printers; none without them.
func (s *Server) printerRoutes() []Route {
	if s.printers == nil {
		return nil
	}
	const get, post = fiber.MethodGet, fiber.MethodPost
	rows := s.formRoutes(registerForm{path: printersPath + "/put", action: policy.UpdateOwnAccount, entry: s.printerEntry, send: s.putPrinter, conflictAt: "name"})
	return append([]Route{
		{Method: get, Path: printersPath, Action: policy.ReadOwnAccount, Handler: s.printerList},
		{Method: post, Path: printersPath + "/use", Action: policy.UpdateOwnAccount, Handler: s.usePrinter},
		{Method: post, Path: printersPath + "/remove", Action: policy.UpdateOwnAccount, Handler: s.removePrinter},
		{Method: get, Path: rulerPath, Action: policy.ReadOwnAccount, Handler: s.ruler},
		{Method: get, Path: offsetPath, Action: policy.ReadOwnAccount, Handler: s.offset},
	}, rows...)
}

// printerView is what printers.html shows.
type printerView struct {
	On   bool
	Rows []printerRow
}

type printerRow struct {
	Name, X, Y, Edit string
	On               bool
}

func (s *Server) printerList(c *fiber.Ctx, by policy.Actor) error {
	own, err := s.printers.Own(c.UserContext(), by)
	if err != nil {
		return err
	}
	var v printerView
	now, on := own.Current()
	v.On = on
	for _, p := range own.List {
		v.Rows = append(v.Rows, printerRow{p.Name, shift(p.X), shift(p.Y), printersPath + "/put?name=" + url.QueryEscape(p.Name), on && p.Name == now.Name})
	}
	return s.render(c, by, "printers", page{Title: "套打", Nav: "/account", Data: v, Said: map[string]string{"put": "已保存，以后按它套打。", "use": "已改。", "remove": "已删去。"}[c.Query("done")]})
}

func (s *Server) printerEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	own, err := s.printers.Own(c.UserContext(), by)
	if err != nil {
		return entry{}, err
	}
	p := policy.Printer{Name: c.Query("name")}
	for _, one := range own.List {
		if one.Name == p.Name {
			p = one
		}
	}
	return entry{title: "打印机的偏移", nav: "/account", entryView: entryView{Crumbs: []crumb{{"我的账号", "/account"}, {"套打", printersPath}}, Address: printersPath + "/put", Button: "保存并按它套打", Back: printersPath,
		Intro: "印好红头的纸放进打印机，先打一张标尺页，量出字和红头差多少毫米。",
		Form: []field{{Name: "name", Label: "打印机", Type: "text", Value: typedOr(c, "name", p.Name), Autocomplete: "off", Hint: "例如 办公室 M405"},
			{Name: "x", Label: "向右移（毫米）", Type: "text", Mode: "decimal", Autocomplete: "off", Value: typedOr(c, "x", shift(p.X)), Hint: "向左移写负数，最多一位小数，-30 至 30"},
			{Name: "y", Label: "向下移（毫米）", Type: "text", Mode: "decimal", Autocomplete: "off", Value: typedOr(c, "y", shift(p.Y)), Hint: "向上移写负数，最多一位小数，-30 至 30"}},
		Notes: []string{"打印时选“实际大小”或者 100%，不选“适合页面”。", "偏移只用于你自己的账号；换一台打印机另登记一台。"}}}, nil
}

// shift writes tenths of a millimetre as a form has them.
func shift(tenths int64) string {
	sign := ""
	if tenths < 0 {
		sign, tenths = "-", -tenths
	}
	if tenths%10 == 0 {
		return fmt.Sprintf("%s%d", sign, tenths/10)
	}
	return fmt.Sprintf("%s%d.%d", sign, tenths/10, tenths%10)
}

// tenths reads millimetres with at most one decimal.
func (t *typed) tenths(name, label string) int64 {
	n := t.number(name, label, "1.5")
	whole := n.Mul(num.FromInt(10))
	out, exact := whole.Int64()
	if !exact {
		t.fail(name, "%s最多一位小数，例如 1.5", label)
	}
	return out
}

func (s *Server) putPrinter(_ *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	p := policy.Printer{Name: in.text("name"), X: in.tenths("x", "向右移"), Y: in.tenths("y", "向下移")}
	return printersPath + "?done=put", in.with(func(ctx context.Context) error { return s.printers.Put(ctx, by, p) })
}

func (s *Server) usePrinter(c *fiber.Ctx, by policy.Actor) error {
	if err := s.printers.Choose(c.UserContext(), by, formValues(c).Get("name")); err != nil {
		return err
	}
	return seeOther(c, printersPath+"?done=use")
}

func (s *Server) removePrinter(c *fiber.Ctx, by policy.Actor) error {
	if err := s.printers.Remove(c.UserContext(), by, formValues(c).Get("name")); err != nil {
		return err
	}
	return seeOther(c, printersPath+"?done=remove")
}

// rulerMark is a mark of the ruler at a millimetre, so long in millimetres; Tenth bears its number.
type rulerMark struct {
	At, Long int
	Tenth    bool
}

// ruler is the page by which the offset is measured.
func (s *Server) ruler(c *fiber.Ctx, by policy.Actor) error {
	own, err := s.printers.Own(c.UserContext(), by)
	if err != nil {
		return err
	}
	now, _ := own.Current()
	var marks []rulerMark
	for mm := 0; mm <= 150; mm++ {
		m := rulerMark{At: mm, Long: 3, Tenth: mm%10 == 0}
		if mm%5 == 0 {
			m.Long = 5
		}
		if m.Tenth {
			m.Long = 7
		}
		marks = append(marks, m)
	}
	return s.render(c, by, "ruler", page{Title: "套打标尺", Script: true, Data: struct {
		Back, Kind, Name, X, Y string
		Marks                  []rulerMark
	}{printersPath, "套打标尺", now.Name, shift(now.X), shift(now.Y), marks}})
}

// offset is the style sheet that moves the print of who asks and leaves the red head out; empty while nothing is printed onto paper with a printed head. The numbers are whole tenths of a millimetre within bounds: nothing that was typed comes into it.
func (s *Server) offset(c *fiber.Ctx, by policy.Actor) error {
	own, err := s.printers.Own(c.UserContext(), by)
	if err != nil {
		return err
	}
	var css strings.Builder
	if p, on := own.Current(); on {
		fmt.Fprintf(&css, "@media print{.sheet{position:relative;left:%smm;top:%smm}.sheet .org{visibility:hidden}.sheet .no{border-color:transparent}}\n", shift(p.X), shift(p.Y))
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderContentType, "text/css; charset=utf-8")
	return c.SendString(css.String())
}
