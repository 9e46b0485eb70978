package web

import (
	"errors"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
	"redsteward/supervision/matter"
)

// matterView is what matter.html shows.
type matterView struct {
	matterLine
	M                            *matter.Matter
	Seq                          int64
	Reported, Reporter, Handler  string
	AnswerBy, Liable, Reasonable string
	// Outcome is the result of the platform that the matter came from.
	Outcome                      string
	More, Way, Satisfied, Reopen string
	Photos, Answered, Checked    []string
	Forms                        []matterForm
	History                      []step
	// Into is the matter into which it was merged, nil for none that the actor may read.
	Into *crumb
	// From is the answer to a task of collection whose row it was, nil for none that the actor may read.
	From *crumb
	// Prints are its papers for printing.
	Prints []printLine
}

// matterForm is one thing that the actor can do now. Photos: the form takes photos; Fold: it is shown when it is asked for.
type matterForm struct {
	Address, Key, Title, Hint, Button, PhotoError, PhotoLabel, PhotoName string
	Form                                                                 []field
	Grave, Photos, Fold                                                  bool
}

// matter shows a matter and what the actor can do with it.
func (s *Server) matter(c *fiber.Ctx, by policy.Actor) error {
	return s.showMatter(c, by, url.Values{}, nil)
}

func (s *Server) showMatter(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	ctx, id := c.UserContext(), c.Params("id")
	doc, err := s.matters.One(ctx, by, id)
	if err != nil {
		return err
	}
	m := &doc.State
	v := matterView{matterLine: s.matterLineOf(id, m, s.clockOf(c.UserContext()).now), M: m, Seq: doc.Seq, Reported: dateTime(m.Reported.At.Time), Handler: s.handName(c, by, supervision.Hand{By: m.Handler})}
	if v.Reporter = s.handName(c, by, m.Reported); v.Reporter == "" && m.Source == "" {
		v.Reporter = "已隐去"
	}
	photos := func(set string, list []files.Stored) (out []string) {
		for i := range list {
			out = append(out, v.Path+"/photos/"+set+"/"+strconv.Itoa(i))
		}
		return out
	}
	v.Photos = photos(matter.PhotosReport, m.Photos)
	if m.AnswerBy.Rule != "" {
		v.AnswerBy = m.AnswerBy.Chinese()
	}
	if a := m.Answer; a != nil {
		v.Liable, v.Reasonable, v.Answered = registry.TextOf(matter.Liables(), a.Liable), yesNo(a.Reasonable), photos(matter.PhotosAnswer, a.Photos)
	}
	if k := m.Check; k != nil {
		v.Way, v.Checked = k.Way.Title(), photos(matter.PhotosCheck, k.Photos)
		if k.Satisfied != "" {
			v.Satisfied = registry.TextOf(matter.Satisfactions(), k.Satisfied)
		}
	}
	if o := m.Order; o != nil && o.Outcome != "" {
		v.Outcome = registry.TextOf(matter.Outcomes(), o.Outcome)
		if o.Satisfied != "" {
			v.Outcome += "，回访" + registry.TextOf(matter.Satisfactions(), o.Satisfied)
		}
	}
	if k := m.More; k != nil {
		v.More = map[bool]string{true: "已同意", false: "没有同意"}[k.Granted] + "：" + k.Reason
		if m.Asks() {
			v.More = "等派单员决定：" + k.Reason
		}
	}
	if v.Prints, err = s.paperLines(ctx, by, mattersPath, id, s.matterPapers(id, m)); err != nil {
		return err
	}
	if err := s.weigh(ctx, []string{id}, &v.matterLine); err != nil {
		return err
	}
	if m.Into != "" {
		if other, err := s.matters.One(ctx, by, m.Into); err == nil {
			v.Into = &crumb{other.State.CategoryTitle + "（" + other.State.Place() + "，" + other.State.State.Title() + "）", mattersPath + "/" + m.Into}
		} else if !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	if m.From != "" && s.collections != nil && s.guard.Allow(by, policy.ReadCollection) {
		if sheet, err := s.collections.Sheet(ctx, by, m.From); err == nil {
			v.From = &crumb{sheet.Task.State.Title + "（" + sheet.State.To.Name + "）", sheetPath(m.From)}
		} else if !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	same, err := s.sameMatters(c, by, m)
	if err != nil {
		return err
	}
	v.Forms = s.matterForms(c, by, m, same, typed, refused)
	history, err := s.matters.History(ctx, by, id)
	if err != nil {
		return err
	}
	for _, h := range history {
		label := string(h.Move)
		if h.Move == matter.MoveDispatch {
			label += "给" + h.Department
		}
		sub := dateTime(h.At)
		if name := s.handName(c, by, h.By); name != "" {
			sub += " " + name
		}
		if h.Reason != "" {
			sub += " " + h.Reason
		}
		v.History = append(v.History, step{"done", label, sub})
	}
	p := page{Title: m.CategoryTitle, Nav: mattersPath, Data: v, Fields: refused, Said: saidParam(c, matterSaid), Script: true}
	if len(refused) > 0 {
		return s.refuse(c, by, "matter", p)
	}
	return s.render(c, by, "matter", p)
}

// handName is the office of who did something, with the name for those who work with matters; "" for nobody.
func (s *Server) handName(c *fiber.Ctx, by policy.Actor, h supervision.Hand) string {
	if h.By == "" {
		return ""
	}
	name := ""
	if h.Office != "" {
		name = s.titleOfOffice(h.Office)
	}
	if s.guard.Allow(by, policy.ReadReporter) || s.guard.Allow(by, policy.HandleMatter) || s.guard.Allow(by, policy.VerifyMatter) || h.By == by.ID {
		if person, err := s.people.Person(c.UserContext(), h.By); err == nil {
			name = strings.TrimSpace(name + " " + person.Name)
		}
	}
	return name
}

// matterSaid is what was done.
var matterSaid = map[string]string{"reported": "已上报，派单员派单以后在这里看办到哪一步。", "dispatch": "已派单，部门一个工作日内签收。", "decide": "已决定，承办人看得到。", "merge": "已并入，件数算在那一件里。", "urge": "已确认，部门的待办里写明。", "accept": "已签收，你是承办人。", "refuse": "已退回，派单员改派别的部门。",
	"take": "已接手，你是承办人。", "begin": "已开始办理。", "more": "已申请延期，等派单员决定。", "answer": "已答复。", "verify": "已核实。", "reopen": "已要求重新办理，派单员会再次派单。"}

// matterForms are what the actor can do now, in the order of a life.
// sameMatters are what a matter that waits for the dispatcher can be merged into; none for anybody else.
func (s *Server) sameMatters(c *fiber.Ctx, by policy.Actor, m *matter.Matter) ([]option, error) {
	if !s.guard.Allow(by, policy.DispatchMatter) || !m.Can(matter.MoveMerge) {
		return nil, nil
	}
	same, err := s.matters.Same(c.UserContext(), by, c.Params("id"))
	if err != nil || len(same) == 0 {
		return nil, err
	}
	out := []option{{"", "请选择"}}
	for _, d := range same {
		o := &d.State
		out = append(out, option{d.ID, o.Where + "，" + dateTime(o.Reported.At.Time) + "上报，" + o.State.Title() + "：" + o.Words})
	}
	return out, nil
}

func (s *Server) matterForms(c *fiber.Ctx, by policy.Actor, m *matter.Matter, same []option, typed url.Values, refused []fault.Field) []matterForm {
	var out []matterForm
	base := mattersPath + "/" + c.Params("id") + "/"
	add := func(may bool, name string, f matterForm) {
		if !may {
			return
		}
		f.Address, f.Key = base+name, newKey()+name
		// Several forms stand on the page: the names of a form begin with its act.
		for i := range f.Form {
			f.Form[i].Name = name + "-" + f.Form[i].Name
			if typed.Has(f.Form[i].Name) {
				f.Form[i].Value = typed.Get(f.Form[i].Name)
			}
		}
		f.Form = withErrors(f.Form, refused)
		f.PhotoName = name + "-photos"
		for _, bad := range refused {
			if bad.Name == f.PhotoName {
				f.PhotoError = bad.Message
			}
		}
		out = append(out, f)
	}
	dispatch := s.guard.Allow(by, policy.DispatchMatter)
	has := s.guard.Allow(by, policy.HandleMatter) && s.matters.Has(by, m)
	mine := has && m.Handler == by.ID
	add(dispatch && m.Can(matter.MoveDispatch), "dispatch", matterForm{Title: "派单", Hint: "按分类已选好部门，可以改派。", Button: "派单", Form: []field{{Name: "department", Label: "办理部门", Options: s.departmentOptions(m), Value: s.proposed(m)}}})
	add(dispatch && m.Can(matter.MoveGrant) && m.Handler != by.ID, "decide", matterForm{Title: "决定延期", Button: "决定", Form: []field{{Name: "decision", Label: "延期申请", Options: []option{{"", "请选择"}, {"grant", "同意，延长 5 个工作日"}, {"deny", "不同意"}}}}})
	add(len(same) > 0, "merge", matterForm{Title: "可能是同一件", Hint: "同一地点、同一分类还有没办结的；并入以后这一件不再单独办理，上报人和件数都留着。", Button: "并入", Form: []field{{Name: "into", Label: "并入哪一件", Options: same}}})
	if rung := s.matters.Proposes(m); dispatch && rung != "" {
		add(true, "urge", matterForm{Title: rung.Title(), Hint: "已经逾期。确认以后承办部门的待办里写明“" + rung.Title() + "”，经过里留下记录。", Button: "确认" + rung.Title(), Form: []field{{Name: "rung", Label: "本次", Options: []option{{string(rung), rung.Title()}}}}})
	}
	add(has && m.Can(matter.MoveAccept), "accept", matterForm{Title: "签收受理", Hint: "签收以后你是承办人，答复期限从今天起算。" + s.kindNote(m), Button: "签收受理"})
	add(has && m.Can(matter.MoveRefuse), "refuse", matterForm{Title: "退回", Hint: "不属于本部门职责的，写明理由退回一次；第二次派单不能再退回。", Button: "退回", Grave: true, Form: []field{{Name: "reason", Label: "退回理由", Rows: 2}}})
	add(mine && m.Can(matter.MoveBegin), "begin", matterForm{Title: "开始办理", Button: "开始办理"})
	add(mine && m.Can(matter.MoveAnswer), "answer", matterForm{Title: "答复", Hint: s.kindNote(m), Button: "答复", Photos: true, PhotoLabel: "办理后的照片（选填）", Form: []field{{Name: "words", Label: "办理情况和答复", Rows: 4, Hint: "企业和上报人都看得到；不要写上报人是谁，不要写电话和身份证号"},
		{Name: "fixed", Label: "是否解决", Options: []option{{"", "请选择"}, {"yes", "已解决"}, {"no", "未解决，已说明"}}}, {Name: "liable", Label: "责任方", Options: choicesOf("请选择", matter.Liables())}, {Name: "reasonable", Label: "诉求合理", Options: []option{{"", "请选择"}, {"yes", "是"}, {"no", "否"}}}}})
	add(mine && m.Can(matter.MoveAsk), "more", matterForm{Title: "申请延期", Hint: "在答复期限届满以前申请，只能申请一次。", Button: "申请延期", Form: []field{{Name: "reason", Label: "延期理由", Rows: 2}}})
	add(has && !mine && m.Can(matter.MoveTake), "take", matterForm{Title: "接手", Hint: "承办人不在的，由你接手；期限照旧。", Button: "接手"})
	if s.matters.MayVerify(by, m) {
		form := []field{{Name: "outcome", Label: "核实结果", Options: []option{{"", "请选择"}, {"fixed", "已解决"}, {"unfixed", "未解决，办结"}, {"redo", "未解决，退回重办"}}}, {Name: "words", Label: "核实情况", Rows: 2}}
		label := "现场照片（选填）"
		if m.Check.Way == matter.WayPhoto {
			label = "现场照片"
		} else {
			form = append(form, field{Name: "satisfied", Label: "上报人是否满意", Options: choicesOf("没有问", matter.Satisfactions()), Optional: true})
		}
		add(true, "verify", matterForm{Title: "核实", Hint: m.Check.Way.Title() + "；办理的人和上报的人不核实。", Button: "记下核实结果", Photos: true, PhotoLabel: label, Form: form})
	}
	add(s.guard.Allow(by, policy.ReportMatter) && s.matters.MayReopen(by, m), "reopen", matterForm{Title: "要求重新办理", Hint: "没有解决的，在" + m.ReopenBy.Chinese() + "以前可以要求重新办理。", Button: "要求重新办理", Form: []field{{Name: "reason", Label: "理由", Rows: 2}}})
	return out
}

// kindNote is the hint of the kind of a matter, as matters.yaml has it today.
func (s *Server) kindNote(m *matter.Matter) string {
	kind, _, err := s.matters.Tree.Category(m.Category)
	if err != nil || kind.Note == "" {
		return ""
	}
	return kind.Title + kind.Note + "。"
}

// departmentOptions are the departments to which a matter can go.
func (s *Server) departmentOptions(m *matter.Matter) []option {
	out := []option{{"", "请选择"}}
	for _, d := range s.matters.Tree.Departments() {
		if m.State != matter.Returned || d.ID != m.Department {
			out = append(out, option{d.ID, d.Title})
		}
	}
	return out
}

// proposed is the department that stands in the form: that of the category, or the one that had a reopened matter; none after a refusal.
func (s *Server) proposed(m *matter.Matter) string {
	if m.State == matter.Reopened {
		return m.Department
	}
	_, category, err := s.matters.Tree.Category(m.Category)
	if err != nil || m.State == matter.Returned {
		return ""
	}
	return category.Department
}

// matterAct does what a form asks for.
func (s *Server) matterAct(c *fiber.Ctx, by policy.Actor, values url.Values, photos []*files.Upload) error {
	ctx, act := c.UserContext(), path.Base(c.Path())
	at := supervision.At{ID: c.Params("id"), Seq: seqOf(values.Get("seq")), Idem: photoIdem(c, values, photos)}
	said := func(name string) string { return values.Get(act + "-" + name) }
	do := map[string]func() (store.Doc[matter.Matter], error){
		"dispatch": func() (store.Doc[matter.Matter], error) { return s.matters.Dispatch(ctx, by, at, said("department")) },
		"decide": func() (store.Doc[matter.Matter], error) {
			if d := said("decision"); d != "grant" && d != "deny" {
				return store.Doc[matter.Matter]{}, fault.InvalidFields("web.matterAct", fault.Field{Name: "decision", Message: "请选择是否同意延期"})
			}
			return s.matters.Decide(ctx, by, at, said("decision") == "grant")
		},
		"merge": func() (store.Doc[matter.Matter], error) { return s.matters.Merge(ctx, by, at, said("into")) },
		"urge": func() (store.Doc[matter.Matter], error) {
			return s.matters.Urge(ctx, by, at, matter.Rung(said("rung")))
		},
		"accept": func() (store.Doc[matter.Matter], error) { return s.matters.Accept(ctx, by, at) },
		"refuse": func() (store.Doc[matter.Matter], error) { return s.matters.Refuse(ctx, by, at, said("reason")) },
		"take":   func() (store.Doc[matter.Matter], error) { return s.matters.Take(ctx, by, at) },
		"begin":  func() (store.Doc[matter.Matter], error) { return s.matters.Begin(ctx, by, at) },
		"more":   func() (store.Doc[matter.Matter], error) { return s.matters.AskMore(ctx, by, at, said("reason")) },
		"answer": func() (store.Doc[matter.Matter], error) {
			if f := said("fixed"); f != "yes" && f != "no" {
				return store.Doc[matter.Matter]{}, fault.InvalidFields("web.matterAct", fault.Field{Name: "fixed", Message: "请选择是否解决"})
			}
			return s.matters.Answer(ctx, by, at, matter.AnswerInput{Words: said("words"), Fixed: said("fixed") == "yes", Liable: said("liable"), Reasonable: said("reasonable"), Photos: photos})
		},
		"verify": func() (store.Doc[matter.Matter], error) {
			move := map[string]matter.Move{"fixed": matter.MoveFixed, "unfixed": matter.MoveUnfixed, "redo": matter.MoveRedo}[said("outcome")]
			return s.matters.Verify(ctx, by, at, matter.CheckInput{Move: move, Words: said("words"), Satisfied: matter.Satisfied(said("satisfied")), Photos: photos})
		},
		"reopen": func() (store.Doc[matter.Matter], error) { return s.matters.Reopen(ctx, by, at, said("reason")) },
	}[act]
	_, err := do()
	return s.matterDone(c, by, values, atPhotos(err))
}

// matterDone answers a form: to the page with what was done, or the form again with what was refused.
func (s *Server) matterDone(c *fiber.Ctx, by policy.Actor, values url.Values, err error) error {
	act := path.Base(c.Path())
	refused := refusedForm(err)
	for i := range refused {
		refused[i].Name = act + "-" + refused[i].Name
	}
	if len(refused) > 0 {
		return s.showMatter(c, by, values, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, mattersPath+"/"+c.Params("id")+"?done="+act)
}

func (s *Server) actMatter(c *fiber.Ctx, by policy.Actor) error {
	return s.matterAct(c, by, formValues(c), nil)
}

func (s *Server) actMatterWithPhotos(c *fiber.Ctx, by policy.Actor) (err error) {
	values, photos, err := s.matterPhotos(c)
	defer func() { err = errors.Join(err, closePhotos(photos)) }()
	if err != nil {
		return s.matterDone(c, by, values, err)
	}
	return s.matterAct(c, by, values, photos)
}

// matterPhoto answers with a photo.
func (s *Server) matterPhoto(c *fiber.Ctx, by policy.Actor) error {
	n, err := c.ParamsInt("n")
	if err != nil {
		return fault.New("web.matterPhoto", fault.NotFound, "")
	}
	r, size, err := s.matters.OpenPhoto(c.UserContext(), by, c.Params("id"), c.Params("set"), n)
	if err != nil {
		return err
	}
	sendFile(c, r, size, files.JPEG, "照片.jpg", false)
	return nil
}

// matters adds the matters about a compound or a firm.
func (d *dossier) matters(of about) {
	d.part(d.s.matters != nil, policy.ReadMatter, dossierPart{ID: "matters", Title: "事项", Heads: []string{"分类", "状态", "位置", "办理部门", "上报日期", "办结日期"}, More: mattersPath}, func(p *dossierPart) error {
		return d.s.matters.Each(d.c.UserContext(), d.by, matter.Filter{Project: of.project, Firm: of.firm}, func(doc store.Doc[matter.Matter]) {
			m, closed := &doc.State, calendar.Date{}
			if !m.Closed.IsZero() {
				closed = calendar.DateOf(m.Closed.Time)
			}
			p.add(mattersPath+"/"+doc.ID, m.CategoryTitle, m.State.Title(), m.Place(), m.DepartmentTitle, calendar.DateOf(m.Reported.At.Time), closed)
		})
	})
}
