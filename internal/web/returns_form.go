package web

import (
	"io"
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/report/returns"
	"redsteward/policy"
)

// returnFormView is what return_form.html shows.
type returnFormView struct {
	Form     *returns.Form
	Path     string
	Due      string
	Names    []returns.NameOf
	Rows     []templateLine
	Seq      int64
	May, Off bool
	Errors   []string
	Cells    []formCell
}

type templateLine struct {
	No          int64
	Path, Name  string
	At, By      string
	Names       int64
	Used        bool
	Description string
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
	v := returnFormView{Form: f, Path: returnFormsPath + "/" + f.ID, Names: f.Names(), Seq: doc.Seq, May: s.guard.Allow(by, policy.KeepReturnTemplate), Off: doc.State.Off, Due: "报告期结束后 " + strconv.Itoa(f.Due.Days) + " 天"}
	if f.Due.Rolls {
		v.Due += "，遇休息日顺延"
	}
	for _, r := range refused {
		v.Errors = append(v.Errors, r.Message)
	}
	last := doc.State.Last()
	for i := range doc.State.Versions {
		t := &doc.State.Versions[i]
		v.Rows = append(v.Rows, templateLine{No: t.No, Path: v.Path + "/files/" + strconv.FormatInt(t.No, 10), Name: t.File.Name, At: dateTime(t.By.At.Time), By: s.titleOfOffice(t.By.Office), Names: t.Names, Used: last != nil && last.No == t.No})
	}
	slices.Reverse(v.Rows)
	for i := range f.Cells {
		cell := &f.Cells[i]
		v.Cells = append(v.Cells, formCell{cell.Key, cell.Title, cell.Counts().Unit, cell.How, cell.Counts().From})
	}
	return s.render(c, by, "return_form", page{Title: f.Title, Nav: returnsPath, Data: v, Fields: refused, Said: saidParam(c, map[string]string{"put": "已上传，下载 Excel 时按这一版填。", "off": "已停用模板，下载默认格式。", "on": "已启用最近一版模板。"})})
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
	in, size, stored, err := s.returns.OpenTemplate(c.UserContext(), by, c.Params("form"), seqOf(c.Params("no")))
	if err != nil {
		return err
	}
	sendFile(c, in, size, files.XLSX, stored.Name, true)
	return nil
}

// putReturnTemplate takes a template in.
func (s *Server) putReturnTemplate(c *fiber.Ctx, by policy.Actor) error {
	var upload *files.Upload
	var bad []fault.Field
	values, err := s.readForm(c, maxReturnTemplate, func(name string, r io.Reader) error {
		if upload != nil {
			return nil
		}
		var err error
		upload, err = s.files.Receive(name, r, files.XLSX)
		if fault.Is(err, fault.Invalid) {
			bad = append(bad, fault.Field{Name: "file", Message: fault.MessageOf(err)})
			return nil
		}
		return err
	})
	if upload != nil {
		defer upload.Close() //nolint:errcheck // a temporary file that only we know
	}
	if err != nil {
		return err
	}
	if len(bad) == 0 {
		err = s.returns.PutTemplate(c.UserContext(), by, c.Params("form"), seqOf(values.Get("seq")), upload)
		bad = templateFaults(err)
	}
	if len(bad) > 0 {
		c.Status(statusOf(fault.Invalid))
		return s.showReturnForm(c, by, bad)
	}
	if err != nil {
		return err
	}
	return seeOther(c, returnFormsPath+"/"+c.Params("form")+"?done=put")
}

// templateFaults are the refused names of a template, all told at the file.
func templateFaults(err error) []fault.Field {
	if !fault.Is(err, fault.Invalid) {
		return nil
	}
	out := slices.Clone(fault.FieldsOf(err))
	for i := range out {
		out[i].Name = "file"
	}
	if len(out) == 0 {
		out = []fault.Field{{Name: "file", Message: fault.MessageOf(err)}}
	}
	return out
}

// useReturnTemplate goes back to the default workbook, or to the last template.
func (s *Server) useReturnTemplate(c *fiber.Ctx, by policy.Actor) error {
	values := formValues(c)
	off := values.Get("off") != ""
	if err := s.returns.SwitchTemplate(c.UserContext(), by, c.Params("form"), seqOf(values.Get("seq")), off); err != nil {
		return err
	}
	return seeOther(c, returnFormsPath+"/"+c.Params("form")+"?done="+map[bool]string{true: "off", false: "on"}[off])
}
