package web

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/conduct"
)

// isCorrection reports whether a request is about the correction of a mark.
func isCorrection(c *fiber.Ctx) bool { return strings.HasSuffix(c.Path(), "/correct") }

// conductFormView is what conduct_form.html shows.
type conductFormView struct {
	Crumbs          []crumb
	Intro           string
	Notes           []string
	Address, Back   string
	Button, Key     string
	Seq             int64
	Form            []field
	PaperError, Has string
}

// conductForm shows the form of a new entry, of one that was returned, or of the correction of a mark.
func (s *Server) conductForm(c *fiber.Ctx, by policy.Actor, b conduct.Book) error {
	return s.showConductForm(c, by, b, nil, nil)
}

// showConductForm shows the form with what was typed, nil for what is stored.
func (s *Server) showConductForm(c *fiber.Ctx, by policy.Actor, b conduct.Book, typed url.Values, refused []fault.Field) error {
	ctx, id, path := c.UserContext(), c.Params("id"), bookPath(b)
	v := conductFormView{Crumbs: []crumb{{b.Title(), path}}, Address: path + "/new", Back: path, Button: "登记，交另一人核对", Key: newKey(), Intro: "登记后由另一人核对，核对以后才生效。"}
	title := "登记" + b.Title()
	stored := url.Values{"firm": {c.Query("firm")}}
	if id != "" {
		doc, err := s.conduct.One(ctx, by, b, id)
		if err != nil {
			return err
		}
		e := doc.State
		stored = url.Values{"firm": {e.Firm}, "project": {e.Project}, "class": {e.Class}, "source": {e.Source}, "title": {e.Title}, "number": {e.Number}, "authority": {e.Authority}, "decided": {e.Decided.String()},
			"person": {e.Person}, "consent": {e.Consent.String()}}
		if e.Months > 0 {
			stored.Set("months", strconv.FormatInt(e.Months, 10))
		}
		v.Seq, v.Back, v.Crumbs = doc.Seq, path+"/"+id, append(v.Crumbs, crumb{e.Title, path + "/" + id})
		title, v.Address = "更正"+b.Title(), path+"/"+id+"/edit"
		if isCorrection(c) {
			title, v.Address = "用新记录更正", path+"/"+id+"/correct"
			v.Intro = "原记录在新记录核对生效以前照常有效，之后由新记录替代，两条都留档。"
		}
		if e.Paper != nil && !isCorrection(c) {
			v.Has = e.Paper.Name
		}
	}
	if typed == nil {
		typed = stored
	} else if key := typed.Get("key"); key != "" {
		v.Key = newKey() // the body changes with what is corrected
	}
	switch b {
	case conduct.Credit:
		v.Notes = []string{"只登记行政处罚决定和生效裁判，要有文号和日期。", "没有按期整改、没有按要求报送的，登记到行业评价记录，不是失信信息。", "轻微的不公示；一般的公示 3 至 12 个月，严重的 1 至 3 年，从文书作出之日起算，到期自动不再公示。"}
	case conduct.Marks:
		v.Notes = []string{"内部记分，有效 1 年，不公开，不作为招投标和市场准入的条件。", "登记错了的，用新记录更正，不删改原记录。"}
	default:
		v.Notes = []string{"登记级别、授予机关、文号和有效期；表彰没有写有效期的按 12 个月。", "表彰个人的，本人书面同意才展示姓名；没有同意的登记后姓名隐去。"}
	}
	form, err := s.conductFields(c, by, b, typed.Get)
	if err != nil {
		return err
	}
	v.Form = withErrors(form, refused)
	for _, f := range refused {
		if f.Name == "paper" || f.Name == "file" {
			v.PaperError = f.Message
		}
	}
	p := page{Title: title, Nav: path, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "conduct_form", p)
	}
	return s.render(c, by, "conduct_form", p)
}

// conductFields are the fields of a book's form.
func (s *Server) conductFields(c *fiber.Ctx, by policy.Actor, b conduct.Book, value func(string) string) ([]field, error) {
	choices, err := s.registered.FirmChoices(c.UserContext())
	if err != nil {
		return nil, err
	}
	out := []field{{Name: "firm", Label: "企业", Options: choicesOf("请选择企业", choices), Value: value("firm")}}
	if b == conduct.Credit {
		out = append(out, field{Name: "source", Label: "文书种类", Options: choicesOf("请选择", s.conduct.Terms.SourceChoices()), Value: value("source")})
	} else {
		projects, _, err := projectOptionsFrom(c.UserContext(), s.registered, by, "")
		if err != nil {
			return nil, err
		}
		projects[0].Label = "整家企业"
		out = append(out, field{Name: "project", Label: "小区", Options: projects, Value: value("project"), Optional: true, Hint: "只涉及一个小区的选小区"})
	}
	words := map[conduct.Book][3]string{conduct.Credit: {"事由", "处罚决定书或裁判文书的文号", "作出机关"}, conduct.Marks: {"事实", "没有文书的不填", "提供单位"}, conduct.Honours: {"表彰名称", "表彰文件的文号", "授予机关"}}[b]
	out = append(out, field{Name: "class", Label: classWord(b), Options: choicesOf("请选择", s.conduct.Terms.ClassChoices(b)), Value: value("class")},
		field{Name: "title", Label: words[0], Type: "text", Autocomplete: "off", Value: value("title"), Hint: "60 字以内，不写业主姓名和电话"},
		field{Name: "number", Label: "文号", Type: "text", Autocomplete: "off", Value: value("number"), Hint: words[1], Optional: b == conduct.Marks},
		field{Name: "authority", Label: words[2], Type: "text", Autocomplete: "off", Value: value("authority")},
		field{Name: "decided", Label: dayWord(b), Type: "date", Value: value("decided")})
	switch b {
	case conduct.Credit:
		out = append(out, field{Name: "months", Label: "公示月数", Type: "text", Mode: "numeric", Autocomplete: "off", Optional: true, Value: value("months"), Hint: "一般 3 至 12，严重 12 至 36；轻微的不填"})
	case conduct.Honours:
		out = append(out, field{Name: "months", Label: "有效月数", Type: "text", Mode: "numeric", Autocomplete: "off", Optional: true, Value: value("months"), Hint: "表彰文件没有写的不填"},
			field{Name: "person", Label: "个人姓名", Type: "text", Autocomplete: "off", Optional: true, Value: value("person"), Hint: "表彰个人的才填"},
			field{Name: "consent", Label: "本人同意展示姓名的日期", Type: "date", Optional: true, Value: value("consent"), Hint: "有书面同意的填"})
	}
	return out, nil
}

// conductView is what conduct_one.html shows.
type conductView struct {
	conductLine
	Book, BookPath, ID, Key             string
	Seq                                 int64
	ClassWord, DayWord, Source          string
	Reason, Corrects                    string
	PaperName                           string
	Basis                               string
	Ground, ObjectedAt, AnswerDue       string
	Answer                              string
	Repair                              string
	History                             []step
	AnswerLate, Hidden                  bool
	CanEdit, CanWithdraw, CanConfirm    bool
	CanCorrect, CanAnnul, CanObject     bool
	CanAnswer, CanRepair                bool
	Return, Annul, Object, Answers, Fix []field
	Prints                              []printLine
}

// conductSaid is what was done.
var conductSaid = map[string]string{"recorded": "已登记，等另一人核对。", "withdrawn": "已撤回。", "confirmed": "已核对，生效。", "returned": "已退回登记的人。", "objected": "异议已收到并标注，在答复期限内答复。", "answered": "已答复。",
	"repaired": "已登记信用修复，不再公示。", "annulled": "已撤销。"}

// conductOne shows an entry and what the actor can do with it.
func (s *Server) conductOne(c *fiber.Ctx, by policy.Actor, b conduct.Book) error {
	return s.showConduct(c, by, b, url.Values{}, nil)
}

func (s *Server) showConduct(c *fiber.Ctx, by policy.Actor, b conduct.Book, typed url.Values, refused []fault.Field) error {
	ctx, id := c.UserContext(), c.Params("id")
	doc, err := s.conduct.One(ctx, by, b, id)
	if err != nil {
		return err
	}
	e := &doc.State
	v := conductView{conductLine: s.conductLineOf(s.registered.On(ctx), b, id, e), Book: b.Title(), BookPath: bookPath(b), ID: id, Seq: doc.Seq, Key: newKey(), ClassWord: classWord(b), DayWord: dayWord(b), Reason: e.Reason,
		Basis: s.conduct.Terms.Basis(b), Hidden: b == conduct.Credit && !e.Shown}
	for _, source := range s.conduct.Terms.SourceChoices() {
		if source.ID == e.Source {
			v.Source = source.Text
		}
	}
	v.Authority = e.Authority
	if e.Corrects != "" {
		v.Corrects = bookPath(b) + "/" + e.Corrects
	}
	if e.Paper != nil {
		v.PaperName = e.Paper.Name
	}
	if o := e.Objection; o != nil {
		v.Ground, v.ObjectedAt, v.Answer = o.Ground, dateTime(o.At.Time), o.Answer
		if o.Answer == "" {
			v.AnswerDue, v.AnswerLate = o.Due.Chinese(), o.Due.Late(s.clockOf(c.UserContext()).now)
		}
	}
	if e.RepairNumber != "" {
		v.Repair = e.RepairNumber + "，" + e.Repaired.Chinese()
	}
	s.conductActs(by, b, &v, e, typed, refused)
	if v.Prints, err = s.paperLines(ctx, by, bookPath(b), id, s.conductPapers(b, e)); err != nil {
		return err
	}
	history, err := s.conduct.History(ctx, by, b, id)
	if err != nil {
		return err
	}
	for _, h := range history {
		sub := dateTime(h.At)
		if h.Reason != "" {
			sub += " · " + h.Reason
		}
		v.History = append(v.History, step{"done", string(h.Move), sub})
	}
	return s.render(c, by, "conduct_one", page{Title: e.Title, Nav: bookPath(b), Data: v, Fields: refused, Said: conductSaid[c.Query("done")], Script: true})
}

// conductActs fills in what the actor can do now.
func (s *Server) conductActs(by policy.Actor, b conduct.Book, v *conductView, e *conduct.Entry, typed url.Values, refused []fault.Field) {
	now := calendar.DateOf(s.clocks.Business())
	record, confirm, decide := s.guard.Allow(by, b.Record()), s.guard.Allow(by, b.Confirm()), s.conduct.MayDecide(by, b, e)
	lapsed := e.StateOn(now) == conduct.Lapsed
	v.CanEdit, v.CanWithdraw = record && b.Can(e.State, conduct.MoveEdit), record && b.Can(e.State, conduct.MoveWithdraw)
	v.CanConfirm, v.CanAnswer = decide && b.Can(e.State, conduct.MoveConfirm), decide && b.Can(e.State, conduct.MoveKeep)
	v.CanAnnul, v.CanCorrect = confirm && b.Can(e.State, conduct.MoveAnnul), record && b.Can(e.State, conduct.MoveReplace)
	v.CanRepair = confirm && !lapsed && b.Can(e.State, conduct.MoveRepair)
	v.CanObject = b.Object() != "" && s.guard.Allow(by, b.Object()) && !lapsed && b.Can(e.State, conduct.MoveObject)
	text := func(name, label, hint string) []field {
		return withErrors([]field{{Name: name, Label: label, Rows: 2, Value: typed.Get(name), Hint: hint}}, refused)
	}
	if v.CanConfirm {
		v.Return = text("return-reason", "退回的理由", "登记的人据此更正")
	}
	if v.CanAnnul {
		v.Annul = text("annul-reason", "撤销的依据", "例如撤销原决定的文号")
	}
	if v.CanObject {
		v.Object = text("ground", "异议的理由", "200 字以内，不写业主姓名和电话")
	}
	if v.CanAnswer {
		v.Answers = text("answer-reason", "答复", "写明核查的结果")
	}
	if v.CanRepair {
		v.Fix = withErrors([]field{{Name: "repair_number", Label: "信用中国修复决定的编号", Type: "text", Autocomplete: "off", Value: typed.Get("repair_number")},
			{Name: "repaired", Label: "修复决定的日期", Type: "date", Value: typed.Get("repaired")}}, refused)
	}
}

// conductAct answers a form: to the page with what was done, or the form again with what was refused. reason is the name that the page gives to the field of the command's reason.
func (s *Server) conductAct(c *fiber.Ctx, by policy.Actor, b conduct.Book, done, reason string, act func(at conduct.At) (store.Doc[conduct.Entry], error)) error {
	_, err := act(conduct.At{ID: c.Params("id"), Seq: formSeq(c), Idem: formIdem(c)})
	if refused := refusedForm(err); len(refused) > 0 {
		for i := range refused {
			if refused[i].Name == "reason" {
				refused[i].Name = reason
			}
		}
		c.Status(statusOf(fault.Invalid))
		return s.showConduct(c, by, b, formValues(c), refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, bookPath(b)+"/"+c.Params("id")+"?done="+done)
}

func (s *Server) withdrawConduct(c *fiber.Ctx, by policy.Actor, b conduct.Book) error {
	return s.conductAct(c, by, b, "withdrawn", "", func(at conduct.At) (store.Doc[conduct.Entry], error) {
		return s.conduct.Withdraw(c.UserContext(), by, b, at)
	})
}

func (s *Server) confirmConduct(c *fiber.Ctx, by policy.Actor, b conduct.Book) error {
	return s.conductAct(c, by, b, "confirmed", "", func(at conduct.At) (store.Doc[conduct.Entry], error) {
		return s.conduct.Confirm(c.UserContext(), by, b, at)
	})
}

func (s *Server) returnConduct(c *fiber.Ctx, by policy.Actor, b conduct.Book) error {
	return s.conductAct(c, by, b, "returned", "return-reason", func(at conduct.At) (store.Doc[conduct.Entry], error) {
		return s.conduct.Return(c.UserContext(), by, b, at, c.FormValue("return-reason"))
	})
}

func (s *Server) annulConduct(c *fiber.Ctx, by policy.Actor, b conduct.Book) error {
	return s.conductAct(c, by, b, "annulled", "annul-reason", func(at conduct.At) (store.Doc[conduct.Entry], error) {
		return s.conduct.Annul(c.UserContext(), by, b, at, c.FormValue("annul-reason"))
	})
}

func (s *Server) objectConduct(c *fiber.Ctx, by policy.Actor, b conduct.Book) error {
	return s.conductAct(c, by, b, "objected", "", func(at conduct.At) (store.Doc[conduct.Entry], error) {
		return s.conduct.Object(c.UserContext(), by, b, at, c.FormValue("ground"))
	})
}

func (s *Server) answerConduct(c *fiber.Ctx, by policy.Actor, b conduct.Book) error {
	return s.conductAct(c, by, b, "answered", "answer-reason", func(at conduct.At) (store.Doc[conduct.Entry], error) {
		return s.conduct.Answer(c.UserContext(), by, b, at, c.FormValue("move") == "uphold", c.FormValue("answer-reason"))
	})
}

func (s *Server) repairConduct(c *fiber.Ctx, by policy.Actor, b conduct.Book) error {
	return s.conductAct(c, by, b, "repaired", "", func(at conduct.At) (store.Doc[conduct.Entry], error) {
		in := typed{c: c}
		day := in.date("repaired", "修复决定的日期")
		var doc store.Doc[conduct.Entry]
		err := in.with(func(ctx context.Context) (err error) {
			doc, err = s.conduct.Repair(ctx, by, at, c.FormValue("repair_number"), day)
			return err
		})
		return doc, err
	})
}
