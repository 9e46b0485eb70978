package web

import (
	"errors"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry/station"
)

// modelsPath is the selection of 红色达人; everybody sees who is shown and named.
const modelsPath = "/models"

// modelRoutes are the pages of the selection.
func (s *Server) modelRoutes() []Route {
	const get, post, one = fiber.MethodGet, fiber.MethodPost, modelsPath + "/:id<maxLen(64)>"
	return []Route{
		{Method: get, Path: modelsPath, Action: policy.Public, Knows: policy.ReadModel, Handler: s.modelList},
		{Method: get, Path: modelsPath + ".xlsx", Action: policy.ReadModel, Handler: s.modelsExcel},
		{Method: get, Path: modelsPath + "/new", Action: policy.RecommendModel, Handler: s.modelForm},
		{Method: post, Path: modelsPath + "/new", Action: policy.RecommendModel, Handler: s.recommendModel},
		{Method: get, Path: one, Action: policy.ReadModel, Handler: s.model},
		{Method: post, Path: one, Action: policy.ReadModel, Handler: s.moveModel},
		{Method: get, Path: one + "/consent", Action: policy.ReadModel, Handler: s.modelConsent},
		{Method: post, Path: one + "/consent", Action: policy.RecommendModel, Handler: s.attachConsent, Upload: maxFiling},
	}
}

// modelLine is one selection of a list.
type modelLine struct {
	station.ModelRow
	Path, Word, When string
}

func (s *Server) modelLineOf(row station.ModelRow, inside bool) modelLine {
	l := modelLine{ModelRow: row, Word: row.State.Title()}
	if inside {
		l.Path = modelsPath + "/" + row.ID
	}
	switch row.State {
	case station.ModelShown:
		l.When = "公示到" + row.Publicity.Chinese()
	case station.ModelNamed:
		l.When = row.Day.Chinese() + "命名"
	case station.ModelEnded:
		l.When = row.Day.Chinese() + "命名，" + row.Ended.Chinese() + "撤销"
	}
	return l
}

// modelsView is what models.html shows.
type modelsView struct {
	Rows             []modelLine
	States           []option
	State, Excel     string
	Inside, CanWrite bool
}

// modelList lists selections: those of the scope, or for everybody who is shown and named.
func (s *Server) modelList(c *fiber.Ctx, by policy.Actor) error {
	state := station.ModelState(c.Query("state"))
	rows, err := s.stations.Service.Models(c.UserContext(), by, state)
	if err != nil {
		return err
	}
	v := modelsView{State: string(state), Inside: s.guard.Allow(by, policy.ReadModel), CanWrite: s.guard.Allow(by, policy.RecommendModel), States: []option{{"", "全部"}}, Excel: modelsPath + ".xlsx?state=" + string(state)}
	for _, one := range station.ModelStates() {
		v.States = append(v.States, option{string(one), one.Title()})
	}
	for _, row := range rows {
		v.Rows = append(v.Rows, s.modelLineOf(row, v.Inside))
	}
	return s.render(c, by, "models", page{Title: "红色达人", Nav: modelsPath, Data: v})
}

// modelsExcel is the same list as Excel.
func (s *Server) modelsExcel(c *fiber.Ctx, by policy.Actor) error {
	rows, err := s.stations.Service.Models(c.UserContext(), by, station.ModelState(c.Query("state")))
	if err != nil {
		return err
	}
	type row = station.ModelRow
	table := report.Table[row]{Sheet: "红色达人", Columns: []report.Column[row]{
		report.Shown("社区", func(r *row) any { return r.CommunityName }), report.Shown("姓名", func(r *row) any { return r.Name }), report.Shown("状态", func(r *row) any { return r.State.Title() }),
		report.Shown("同意公开姓名", func(r *row) any {
			if r.Consent {
				return "同意"
			}
			return "不同意"
		}), report.Shown("命名日期", func(r *row) any { return r.Day }), report.Shown("撤销命名日期", func(r *row) any { return r.Ended }), report.Shown("同意书", func(r *row) any {
			if r.Paper != nil {
				return "已上传"
			}
			return ""
		}), report.Shown("事迹", func(r *row) any { return r.Deeds }).Wide(60)}}
	return sendSheets(c, "红色达人.xlsx", table.Filled(rows))
}

// modelFields are the controls of a recommendation.
func modelFields(name, deeds, consent string) []field {
	return []field{{Name: "name", Label: "姓名", Type: "text", Value: name}, {Name: "deeds", Label: "事迹", Rows: 5, Value: deeds, Hint: "10 至 500 个字，不写本人姓名"},
		{Name: "consent", Label: "本人是否同意公开姓名", Options: []option{{"", "不同意"}, {"yes", "同意"}}, Value: consent, Hint: "同意要有本人签字的同意书；任何时候都可以撤回"}}
}

func modelInput(c *fiber.Ctx) station.ModelInput {
	return station.ModelInput{Name: c.FormValue("name"), Deeds: c.FormValue("deeds"), Consent: c.FormValue("consent") == "yes"}
}

// newModel describes the form of a recommendation.
func (s *Server) newModel(c *fiber.Ctx, by policy.Actor) (entry, error) {
	list, err := s.stations.Books.CommunitiesFor(c.UserContext(), by, policy.RecommendModel)
	options := []option{}
	for _, d := range list {
		options = append(options, option{d.ID, d.Display})
	}
	if len(options) != 1 {
		options = append([]option{{"", "请选择"}}, options...)
	}
	return entry{title: "推荐红色达人", nav: modelsPath, entryView: entryView{Crumbs: []crumb{{"红色达人", modelsPath}}, Intro: "社区推荐，乡镇党委审核，组织部公示后命名", Address: modelsPath + "/new", Button: "推荐", Back: modelsPath,
		Notes: []string{"姓名加密保存。没有同意的，公示和命名只显示社区和事迹。"},
		Form:  append([]field{{Name: "community", Label: "社区", Options: options, Value: c.FormValue("community")}}, modelFields(c.FormValue("name"), c.FormValue("deeds"), c.FormValue("consent"))...)}}, err
}

// modelForm asks who is recommended.
func (s *Server) modelForm(c *fiber.Ctx, by policy.Actor) error {
	e, err := s.newModel(c, by)
	if err != nil {
		return err
	}
	return s.showEntry(c, by, e, nil)
}

// recommendModel recommends somebody.
func (s *Server) recommendModel(c *fiber.Ctx, by policy.Actor) error {
	id, err := s.stations.Service.Recommend(c.UserContext(), by, c.FormValue("community"), modelInput(c))
	if err == nil {
		return seeOther(c, modelsPath+"/"+id)
	}
	e, formErr := s.newModel(c, by)
	if formErr != nil {
		return formErr
	}
	return s.settled(c, by, e, err, "name", modelsPath)
}

// modelView is what model.html shows.
type modelView struct {
	modelLine
	Consented string
	Moves     []modelMoveView
	// PaperText says when the scan of the consent was taken in, PaperPath opens it for who may.
	PaperText, PaperPath string
}

// modelMoveView is one form of the page.
type modelMoveView struct {
	Move station.ModelMove
	Text string
	Form []field
	// Consent is what MoveConsent would record.
	Consent bool
	Primary bool
	// Upload makes it a form with a file, Error is what was wrong with the last one; Danger marks what takes something away.
	Upload, Danger bool
	Error          string
}

// model shows a selection and what the actor may do.
func (s *Server) model(c *fiber.Ctx, by policy.Actor) error { return s.showModel(c, by, "", nil) }

func (s *Server) showModel(c *fiber.Ctx, by policy.Actor, tried station.ModelMove, refused []fault.Field) error {
	row, err := s.stations.Service.OneModel(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	moves, err := s.stations.Service.MayMove(c.UserContext(), by, &row.Model)
	if err != nil {
		return err
	}
	v := modelView{modelLine: s.modelLineOf(row, true), Consented: row.Consented.Chinese()}
	if p := row.Paper; p != nil {
		v.PaperText = p.Kind.Title() + "，" + p.Day.Chinese() + "上传"
		if row.Opens {
			v.PaperPath = v.Path + "/consent"
		}
	}
	for _, move := range moves {
		if move == station.MovePaper && !row.Consent {
			continue
		}
		m := modelMoveView{Move: move, Text: string(move), Primary: move == station.MoveReview || move == station.MoveShow || move == station.MoveName}
		var wrong []fault.Field
		if move == tried {
			wrong = refused
		}
		switch move {
		case station.MovePaper:
			m.Upload, m.Error = true, errorOf(wrong, "paper")
			if row.Paper != nil {
				m.Text = "换一份同意书"
			}
		case station.MoveReturn, station.MoveRefuse, station.MoveEnd:
			m.Danger = move == station.MoveEnd
			m.Form = withErrors([]field{{Name: "reason", Label: string(move) + "的理由", Rows: 2, Value: c.FormValue("reason")}}, wrong)
		case station.MoveRecommend:
			m.Text = "改好后重新推荐"
			m.Form = withErrors(modelFields(row.Name, row.Deeds, "")[:2], wrong)
		case station.MoveConsent:
			m.Consent, m.Text = !row.Consent, "登记本人同意公开姓名"
			if row.Consent {
				m.Text = "登记本人撤回同意"
			}
		}
		v.Moves = append(v.Moves, m)
	}
	p := page{Title: row.CommunityName + "推荐的红色达人", Nav: modelsPath, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "model", p)
	}
	return s.render(c, by, "model", p)
}

// moveModel does a move.
func (s *Server) moveModel(c *fiber.Ctx, by policy.Actor) error {
	move := station.ModelMove(c.FormValue("move"))
	err := s.stations.Service.MoveModel(c.UserContext(), by, c.Params("id"), station.ModelStep{Move: move, Seq: formSeq(c), Reason: c.FormValue("reason"), Input: modelInput(c), Consent: c.FormValue("consent") == "yes"})
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showModel(c, by, move, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, modelsPath+"/"+c.Params("id"))
}

// errorOf is what is wrong with a field, "" for nothing.
func errorOf(refused []fault.Field, name string) string {
	for _, f := range refused {
		if f.Name == name {
			return f.Message
		}
	}
	return ""
}

// modelConsent sends the scan of a consent to who may see the name.
func (s *Server) modelConsent(c *fiber.Ctx, by policy.Actor) error {
	r, size, file, err := s.stations.Service.OpenConsent(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	sendFile(c, r, size, file.Kind, file.Name, file.Kind.Image())
	return nil
}

// attachConsent takes the scan of a consent in.
func (s *Server) attachConsent(c *fiber.Ctx, by policy.Actor) error {
	values, upload, err := s.takeDocument(c)
	if upload != nil {
		defer func() { err = errors.Join(err, upload.Close()) }()
	}
	if err == nil {
		err = s.stations.Service.MoveModel(c.UserContext(), by, c.Params("id"), station.ModelStep{Move: station.MovePaper, Seq: seqOf(values.Get("seq")), Paper: upload})
	}
	if refused := refusedForm(filesAt(err, "paper")); len(refused) > 0 {
		return s.showModel(c, by, station.MovePaper, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, modelsPath+"/"+c.Params("id"))
}
