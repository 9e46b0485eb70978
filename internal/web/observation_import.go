package web

import (
	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/imports"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
)

// observationImportsPath is where observations come in from Excel.
const observationImportsPath = observationsPath + "/imports"

// observationDesk is where observations come in.
func (s *Server) observationDesk() *importDesk {
	return &importDesk{Path: observationImportsPath, Title: "从 Excel 登记", Nav: observationsPath, New: "新登记", Changed: "同日已有另一条", Same: "已经登记过",
		Look: "同一事实同一天已有另一条记录的行", LookText: "导入后两条都在，复核确认后都计入；如果是更正，请不要导入，到原记录里登记更正。",
		KindWord: func(string) string { return "" },
		Next:     func(string) []link { return []link{{"看观察记录", observationsPath}} },
		Accept:   s.supervision.Imports.Accept, One: s.supervision.Imports.One}
}

// observationImportsView is what observation_imports.html shows.
type observationImportsView struct {
	Facts  []option
	Period field
	Recent []importLine
	// FileError is what is wrong with the file.
	FileError      string
	MaxRows, MaxMB int
}

// askedPeriods are the periods that ask for observations now.
func (s *Server) askedPeriods(c *fiber.Ctx) ([]report.AskedPeriod, error) {
	questions, err := s.supervision.Questions.Questions(c.UserContext(), s.supervision.Observations.Source())
	if err != nil {
		return nil, err
	}
	out := make([]report.AskedPeriod, len(questions))
	for i, q := range questions {
		out[i] = report.AskedPeriod{Name: q.Name, Days: q.Days}
	}
	return out, nil
}

// observationImports shows the choice of a template, the upload, and what the actor imported.
func (s *Server) observationImports(c *fiber.Ctx, by policy.Actor) error {
	return s.showObservationImports(c, by, nil)
}

func (s *Server) showObservationImports(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	list, err := s.supervision.Imports.Recent(c.UserContext(), by)
	if err != nil {
		return err
	}
	facts, _, err := s.recordable(c, by)
	if err != nil {
		return err
	}
	periods, err := s.askedPeriods(c)
	if err != nil {
		return err
	}
	options := []option{{Value: "", Label: "不填"}}
	for _, p := range periods {
		options = append(options, option{Value: p.Name, Label: p.Name})
	}
	v := observationImportsView{Facts: facts, Recent: s.observationDesk().lines(list), FileError: fileError(refused), MaxRows: imports.MaxLines, MaxMB: files.MaxPaper >> 20,
		Period: field{Name: "period", Label: "评价周期", Options: options, Hint: "填进模板的每一行；日期不在周期内的行会被挑出来"}}
	if len(periods) > 0 {
		v.Period.Value = periods[0].Name
	}
	p := page{Title: "从 Excel 登记观察记录", Nav: observationsPath, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "observation_imports", p)
	}
	return s.render(c, by, "observation_imports", p)
}

// observationTemplate sends the workbook to fill in for the chosen facts, with the actor's projects.
func (s *Server) observationTemplate(c *fiber.Ctx, by policy.Actor) error {
	chosen := map[string]bool{}
	for _, fact := range c.Context().QueryArgs().PeekMulti("fact") {
		chosen[string(fact)] = true
	}
	_, all, err := s.recordable(c, by)
	if err != nil {
		return err
	}
	var asks []supervision.Ask
	for _, ask := range all {
		if chosen[ask.Fact] {
			asks = append(asks, ask)
		}
	}
	periods, err := s.askedPeriods(c)
	if err != nil {
		return err
	}
	sheet, err := report.Observations(asks, periods)
	if refused := fault.FieldsOf(err); len(refused) > 0 {
		return s.showObservationImports(c, by, refused)
	}
	if err != nil {
		return err
	}
	projects, err := s.linesOfProjects(c, by)
	if err != nil {
		return err
	}
	period := ""
	for _, p := range periods {
		if p.Name == c.Query("period") {
			period = p.Name
		}
	}
	data, err := sheet.Template(projects, period)
	if err != nil {
		return err
	}
	name := "观察记录"
	if len(asks) == 1 {
		name = asks[0].Name
	}
	return sendExcel(c, name+"登记模板.xlsx", data)
}

// linesOfProjects are the projects that an actor may record about, as rows begin; none if there are too many to prepare.
func (s *Server) linesOfProjects(c *fiber.Ctx, by policy.Actor) ([]supervision.ObservationLine, error) {
	scope, err := s.guard.Scope(c.UserContext(), by, policy.RecordObservation)
	if err != nil || scope.Empty() {
		return nil, err
	}
	var out []supervision.ObservationLine
	for q := (registry.ProjectQuery{}); ; {
		p, err := s.supervision.Projects.Projects(c.UserContext(), by, q)
		if err != nil {
			return nil, err
		}
		for _, row := range p.Rows {
			out = append(out, supervision.ObservationLine{Township: row.TownshipName, Community: row.CommunityName, Project: row.Name})
		}
		if q.After = p.Next; q.After == "" {
			return out, nil
		}
		if len(out) > report.PreparedRows {
			return nil, nil
		}
	}
}

// dryObservations reads an uploaded workbook and shows what importing it would do. Nothing is written to the journal.
func (s *Server) dryObservations(c *fiber.Ctx, by policy.Actor) error {
	_, upload, err := s.receiveWorkbook(c)
	if upload != nil {
		defer upload.Close() //nolint:errcheck // a temporary file that only we know
	}
	if err == nil && upload == nil {
		err = fault.InvalidFields("web.dryObservations", fault.Field{Name: "file", Message: "请选择要导入的 Excel 文件"})
	}
	var v dryView
	if err == nil {
		v, err = s.dryObservationRun(c, by, upload)
	}
	if refused := fileFaults(err); len(refused) > 0 {
		return s.showObservationImports(c, by, refused)
	}
	if err != nil {
		return err
	}
	return s.showDryRun(c, by, v)
}

func (s *Server) dryObservationRun(c *fiber.Ctx, by policy.Actor, upload *files.Upload) (dryView, error) {
	_, asks, err := s.recordable(c, by)
	if err != nil {
		return dryView{}, err
	}
	if len(asks) == 0 {
		return dryView{}, fault.InvalidFields("web.dryObservationRun", fault.Field{Name: "file", Message: "现在没有评价周期要登记事实，周期开启后再导入"})
	}
	periods, err := s.askedPeriods(c)
	if err != nil {
		return dryView{}, err
	}
	// Any template will do: columns of facts that it does not have are simply not there.
	sheet, err := report.Observations(asks, periods)
	if err != nil {
		return dryView{}, err
	}
	read, err := sheet.Read(upload.Reader(), periods)
	if err != nil {
		return dryView{}, err
	}
	run, err := s.supervision.Imports.DryRun(c.UserContext(), by, imports.File[supervision.ObservationLine]{Kind: "observation", Name: upload.Name, Hash: upload.SHA256, Lines: read.Lines, Unread: unread(read.Faults)})
	if err != nil {
		return dryView{}, err
	}
	return s.dryView(c, by, s.observationDesk(), run, upload, read.Sheet, read.At)
}
