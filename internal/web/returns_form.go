package web

import (
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/report/returns"
	"redsteward/policy"
)

// returnFormView is what return_form.html shows.
type returnFormView struct {
	Form  *returns.Form
	Due   string
	Names []returns.NameOf
	Shelf shelfView
	Cells []formCell
}

type formCell struct{ Key, Title, Unit, How, From string }

// returnForm is the page of one return: its cells with their 口径, and its templates.
func (s *Server) returnForm(c *fiber.Ctx, by policy.Actor) error {
	return s.showReturnForm(c, by, nil)
}

func (s *Server) showReturnForm(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	ctx := c.UserContext()
	f, known := s.returns.Forms.Find(c.Params("form"))
	if !known {
		return fault.New("web.returnForm", fault.NotFound, "没有这张报表")
	}
	doc, err := s.returns.TemplateOf(ctx, by, f.ID)
	if err != nil {
		return err
	}
	v := returnFormView{Form: f, Names: f.Names(), Due: "报告期结束后 " + strconv.Itoa(f.Due.Days) + " 天",
		Shelf: shelfView{Path: returnFormsPath + "/" + f.ID, Title: "Excel 模板", Label: "本局的 Excel 模板", Accept: ".xlsx", May: s.guard.Allow(by, policy.KeepReturnTemplate), Hint: "在要填数的单元格上写名称（公式—定义名称），名称是下面的代码；一个名称指一个单元格，合并单元格指左上角"}}
	if f.Due.Rolls {
		v.Due += "，遇休息日顺延"
	}
	v.Shelf.fill(s, doc, refused)
	for i := range f.Cells {
		cell := &f.Cells[i]
		v.Cells = append(v.Cells, formCell{cell.Key, cell.Title, cell.Counts().Unit, cell.How, cell.Counts().From})
	}
	return s.render(c, by, "return_form", page{Title: f.Title, Nav: returnsPath, Data: v, Fields: refused, Said: saidParam(c, templateSaid)})
}

// returnMeasures lists everything that a return can count, with its 口径: what returns.yaml names.
func (s *Server) returnMeasures(c *fiber.Ctx, by policy.Actor) error {
	return s.render(c, by, "return_measures", page{Title: "全部指标和口径", Nav: returnsPath, Data: returns.Measures()})
}

// blankReturn is the default workbook without numbers.
func (s *Server) blankReturn(c *fiber.Ctx, by policy.Actor) error {
	data, err := s.returns.Blank(c.UserContext(), by, c.Params("form"))
	if err != nil {
		return err
	}
	f, _ := s.returns.Forms.Find(c.Params("form"))
	return attach(c, f.Title+"空白模板.xlsx", files.XLSX.MediaType(), data)
}

// returnTemplate hands out one version of a template.
func (s *Server) returnTemplate(c *fiber.Ctx, by policy.Actor) error {
	return templateFile(c, by, s.returns.Templates, c.Params("form"))
}

// putReturnTemplate takes a template in.
func (s *Server) putReturnTemplate(c *fiber.Ctx, by policy.Actor) error {
	form := c.Params("form")
	return s.templatePut(c, returnFormsPath+"/"+form, files.XLSX, func(seq int64, upload *files.Upload) error {
		return s.returns.PutTemplate(c.UserContext(), by, form, seq, upload)
	}, func(bad []fault.Field) error { return s.showReturnForm(c, by, bad) })
}

// useReturnTemplate goes back to the default workbook, or to the last template.
func (s *Server) useReturnTemplate(c *fiber.Ctx, by policy.Actor) error {
	return templateUse(c, by, s.returns.Templates, c.Params("form"), returnFormsPath+"/"+c.Params("form"))
}
