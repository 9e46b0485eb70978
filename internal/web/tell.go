package web

import (
	"errors"
	"net/url"
	"path"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/supervision/matter"
)

// tellPath is where anybody tells of a matter without an account.
const tellPath = "/tell"

// How many forms an address sends before it has to wait: a neighbourhood behind one address can still work, a program that floods cannot.
const (
	tellTries  = 20
	tellWindow = time.Hour
)

// tellRoutes are the pages without an account.
func (s *Server) tellRoutes() []Route {
	if s.matters == nil {
		return nil
	}
	const get, post = fiber.MethodGet, fiber.MethodPost
	return []Route{
		{Method: get, Path: tellPath, Action: policy.AskOpenly, Handler: s.tellForm},
		{Method: post, Path: tellPath, Action: policy.AskOpenly, Handler: s.tell, Upload: maxMatterForm},
		{Method: get, Path: tellPath + "/find", Action: policy.AskOpenly, Handler: s.toldFind},
		{Method: post, Path: tellPath + "/find", Action: policy.AskOpenly, Handler: s.toldAct},
		{Method: post, Path: tellPath + "/judge", Action: policy.AskOpenly, Handler: s.toldAct},
		{Method: post, Path: tellPath + "/reopen", Action: policy.AskOpenly, Handler: s.toldAct},
	}
}

// tellView is what tell.html shows: first the choice of the community, then the form.
type tellView struct {
	Where           field
	Form            []field
	Key, PhotoError string
}

// tellForm is the form of whoever has no account.
func (s *Server) tellForm(c *fiber.Ctx, by policy.Actor) error {
	return s.showTell(c, by, url.Values{"community": {c.Query("community")}}, nil)
}

func (s *Server) showTell(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	community := typed.Get("community")
	communities, compounds, err := s.matters.OpenPlaces(c.UserContext(), by, community)
	if err != nil {
		return err
	}
	v := tellView{Key: newKey(), PhotoError: photoError(refused), Where: field{Name: "community", Label: "社区", Options: choicesOf("请选择", communities), Value: community}}
	if name := labelOf(v.Where.Options, community); community != "" && name != "" {
		v.Form = withErrors([]field{{Name: "project", Label: name + "的小区", Options: choicesOf("不在小区里", compounds), Value: typed.Get("project"), Optional: true},
			{Name: "where", Label: "具体位置", Type: "text", Autocomplete: "off", Value: typed.Get("where"), Hint: "例如：3幢1单元门前"}, {Name: "category", Label: "分类", Options: s.categoryOptions(), Value: typed.Get("category")},
			{Name: "words", Label: "情况", Rows: 4, Value: typed.Get("words"), Hint: "写清楚看到什么；不要写姓名、电话和身份证号"}}, refused)
	} else {
		v.Where = withErrors([]field{v.Where}, refused)[0]
	}
	p := page{Title: "反映问题", Nav: tellPath, Fields: refused, Data: v}
	if len(refused) > 0 {
		return s.refuse(c, by, "tell", p)
	}
	return s.render(c, by, "tell", p)
}

// labelOf is the label of a value, "" for a value that is none of the options.
func labelOf(options []option, value string) string {
	for _, o := range options {
		if o.Value == value {
			return o.Label
		}
	}
	return ""
}

// tell takes in what somebody tells of.
func (s *Server) tell(c *fiber.Ctx, by policy.Actor) (err error) {
	if err := s.slowDown(c, s.tells, "反映"); err != nil {
		return err
	}
	s.used(c, s.tells)
	values, photos, err := s.matterPhotos(c)
	defer func() { err = errors.Join(err, closePhotos(photos)) }()
	var told matter.Told
	if err == nil {
		told, err = s.matters.Tell(c.UserContext(), by, matter.Input{Category: values.Get("category"), Community: values.Get("community"), Project: values.Get("project"), Where: values.Get("where"), Words: values.Get("words"),
			Photos: photos, Idem: photoIdem(c, values, photos)})
		err = atPhotos(err)
	}
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showTell(c, by, values, refused)
	}
	if err != nil {
		return err
	}
	return s.showTold(c, by, told, told.Code, "已收到。请记下或者截图保存查询号和查询码，凭它看办到哪一步。", nil)
}

// toldView is what told.html shows: the question for number and code, or what became of a matter.
type toldView struct {
	Form []field
	T    *matter.Told
	// Number and Code are as people read them, Due and Reopen in words.
	Number, Code, Due, Reopen, Said string
	Key                             string
	Judge, Again                    []field
}

// showTold shows what became of a matter.
func (s *Server) showTold(c *fiber.Ctx, by policy.Actor, t matter.Told, code, said string, refused []fault.Field) error {
	v := toldView{T: &t, Number: t.Number[:4] + " " + t.Number[4:], Code: code, Said: said, Key: newKey(), Reopen: t.ReopenBy.Chinese()}
	if t.Due.Rule != "" && !t.State.Closed() {
		v.Due = t.Due.Chinese()
	}
	v.Judge = withErrors([]field{{Name: "fixed", Label: "解决了没有", Options: []option{{"", "请选择"}, {"yes", "已解决"}, {"no", "没有解决"}}}, {Name: "satisfied", Label: "是否满意", Options: choicesOf("请选择", matter.Satisfactions()[:3])}}, refused)
	v.Again = withErrors([]field{{Name: "reason", Label: "理由", Rows: 2, Hint: "写清楚还有什么没有解决"}}, refused)
	p := page{Title: "我反映的问题", Nav: tellPath, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "told", p)
	}
	return s.render(c, by, "told", p)
}

// toldFind asks for number and code.
func (s *Server) toldFind(c *fiber.Ctx, by policy.Actor) error { return s.askTold(c, by, nil) }

func (s *Server) askTold(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	form := withErrors(ticketFields(c, "反映"), refused)
	p := page{Title: "查看办到哪一步", Nav: tellPath, Data: toldView{Form: form}, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "told", p)
	}
	return s.render(c, by, "told", p)
}

// toldAct shows a matter by number and code, says whether it was set right, or has it reopened; a number or code that is none counts against the address.
func (s *Server) toldAct(c *fiber.Ctx, by policy.Actor) error {
	if err := s.slowDown(c, s.codes, "填错查询号或者查询码"); err != nil {
		return err
	}
	ctx, values := c.UserContext(), formValues(c)
	number, code := values.Get("number"), values.Get("code")
	t, err := s.matters.LookUp(ctx, by, number, code)
	if fault.Is(err, fault.NotFound) {
		s.used(c, s.codes)
		return s.askTold(c, by, []fault.Field{{Name: "number", Message: fault.MessageOf(err)}})
	}
	if err != nil {
		return err
	}
	said, now := "", t
	switch path.Base(c.Path()) {
	case "judge":
		if fixed := values.Get("fixed"); fixed != "yes" && fixed != "no" {
			return s.showTold(c, by, t, code, "", []fault.Field{{Name: "fixed", Message: "请选择解决了没有"}})
		}
		said = "已记下，谢谢你的确认。"
		now, err = s.matters.Judge(ctx, by, number, code, values.Get("fixed") == "yes", matter.Satisfied(values.Get("satisfied")), idemFrom(c, values))
	case "reopen":
		said = "已要求重新办理，派单员会再次派单。"
		now, err = s.matters.ReopenTold(ctx, by, number, code, values.Get("reason"), idemFrom(c, values))
	}
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showTold(c, by, t, code, "", refused)
	}
	if err != nil {
		return err
	}
	return s.showTold(c, by, now, code, said, nil)
}
