package web

import (
	"path"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/supervision/wish"
)

// askWishView is what wish_ask.html shows: first the choice of the community, then the form.
type askWishView struct {
	Where field
	Form  []field
	Key   string
}

// wishForm is the form of whoever has no account.
func (s *Server) wishForm(c *fiber.Ctx, by policy.Actor) error { return s.showAskWish(c, by, nil) }

func (s *Server) showAskWish(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	community := c.FormValue("community")
	communities, compounds, err := s.wishes.OpenPlaces(c.UserContext(), by, community)
	if err != nil {
		return err
	}
	v := askWishView{Key: newKey(), Where: field{Name: "community", Label: "社区", Options: choicesOf("请选择", communities), Value: community}}
	if name := labelOf(v.Where.Options, community); community != "" && name != "" {
		form := []field{{Name: "project", Label: name + "的小区", Options: choicesOf("不在小区里", compounds), Value: c.FormValue("project"), Optional: true}}
		v.Form = withErrors(append(form, s.wishFields(c)...), refused)
	} else {
		v.Where = withErrors([]field{v.Where}, refused)[0]
	}
	p := page{Title: "点微心愿", Nav: shiningPath, Fields: refused, Data: v}
	if len(refused) > 0 {
		return s.refuse(c, by, "wish_ask", p)
	}
	return s.render(c, by, "wish_ask", p)
}

// askWish takes in a wish.
func (s *Server) askWish(c *fiber.Ctx, by policy.Actor) error {
	if err := s.slowDown(c, s.asks, "点单"); err != nil {
		return err
	}
	s.used(c, s.asks)
	told, err := s.wishes.Tell(c.UserContext(), by, wishInput(c))
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showAskWish(c, by, refused)
	}
	if err != nil {
		return err
	}
	return s.showWishTold(c, by, told, told.Code, "已收到。请记下或者截图保存查询号和查询码，凭它看办到哪一步，办好以后评单。", nil)
}

// wishToldView is what wish_told.html shows: the question for number and code, or what became of a wish.
type wishToldView struct {
	Form []field
	T    *wish.Told
	// Number and Code are as people read them, Due in words.
	Number, Code, Due, Said, Key string
	Rate                         []field
}

func (s *Server) showWishTold(c *fiber.Ctx, by policy.Actor, t wish.Told, code, said string, refused []fault.Field) error {
	v := wishToldView{T: &t, Number: t.Number[:4] + " " + t.Number[4:], Code: code, Said: said, Key: newKey()}
	if t.Due.Rule != "" && !t.State.Final() {
		v.Due = t.Due.Chinese()
	}
	v.Rate = withErrors([]field{{Name: "score", Label: "评分", Options: scoreOptions(), Value: c.FormValue("score")}, {Name: "words", Label: "想说的话", Rows: 2, Optional: true, Value: c.FormValue("words"), Hint: "只有工作人员看得到"}}, refused)
	p := page{Title: "我的微心愿", Nav: shiningPath, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "wish_told", p)
	}
	return s.render(c, by, "wish_told", p)
}

// wishFind asks for number and code.
func (s *Server) wishFind(c *fiber.Ctx, by policy.Actor) error { return s.askWishTold(c, by, nil) }

func (s *Server) askWishTold(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	p := page{Title: "查看微心愿", Nav: shiningPath, Data: wishToldView{Form: withErrors(ticketFields(c, "点单"), refused)}, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "wish_told", p)
	}
	return s.render(c, by, "wish_told", p)
}

// ticketFields ask for a number and a code that were given after something was done.
func ticketFields(c *fiber.Ctx, done string) []field {
	return []field{{Name: "number", Label: "查询号", Type: "text", Autocomplete: "off", Value: c.FormValue("number"), Hint: done + "以后给出的 8 位号码"}, {Name: "code", Label: "查询码", Type: "text", Autocomplete: "off", Hint: "一起给出的 6 位号码"}}
}

// wishToldAct shows a wish by number and code, rates it or gives it up; a number or code that is none counts against the address.
func (s *Server) wishToldAct(c *fiber.Ctx, by policy.Actor) error {
	if err := s.slowDown(c, s.codes, "填错查询号或者查询码"); err != nil {
		return err
	}
	ctx, values := c.UserContext(), formValues(c)
	number, code := values.Get("number"), values.Get("code")
	t, err := s.wishes.LookUp(ctx, by, number, code)
	if fault.Is(err, fault.NotFound) {
		s.used(c, s.codes)
		return s.askWishTold(c, by, []fault.Field{{Name: "number", Message: fault.MessageOf(err)}})
	}
	if err != nil {
		return err
	}
	said, now := "", t
	switch path.Base(c.Path()) {
	case "rate":
		said = "已记下，谢谢你的评单。"
		now, err = s.wishes.RateTold(ctx, by, number, code, seqOf(values.Get("score")), values.Get("words"), idemFrom(c, values))
	case "cancel":
		said = "已撤销。"
		now, err = s.wishes.CancelTold(ctx, by, number, code, idemFrom(c, values))
	}
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showWishTold(c, by, t, code, "", refused)
	}
	if err != nil {
		return err
	}
	return s.showWishTold(c, by, now, code, said, nil)
}
