package web

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/imports"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry"
)

// maxImport is the largest upload of an import: one workbook and the fields beside it.
const maxImport = files.MaxPaper + 1<<20

// maxShownFaults is how many faults the page of a dry run lists; the counts tell of the rest.
const maxShownFaults = 200

// importsView is what register_imports.html shows.
type importsView struct {
	Form   []field
	Kinds  []registry.Choice
	Recent []importLine
	// FileError is what is wrong with the file.
	FileError string
	MaxRows   int
	MaxMB     int
}

// importLine is one import of the list.
type importLine struct {
	imports.View
	Path, KindWord, Word string
	Accepted             time.Time
}

func lineOfImport(v imports.View) importLine {
	l := importLine{View: v, Path: importsPath + "/" + v.ID, KindWord: registry.TextOf(registry.ImportKinds(), v.Kind), Word: "办理中", Accepted: v.At.Time}
	switch {
	case v.State == imports.Done && v.Failed > 0:
		l.Word = "有错"
	case v.State == imports.Done:
		l.Word = "通过"
	}
	return l
}

// imports shows what can be imported and what was.
func (s *Server) imports(c *fiber.Ctx, by policy.Actor) error {
	return s.showImports(c, by, c.Query("kind"), nil)
}

func (s *Server) showImports(c *fiber.Ctx, by policy.Actor, kind string, refused []fault.Field) error {
	list, err := s.registered.Imports(c.UserContext(), by)
	if err != nil {
		return err
	}
	v := importsView{Kinds: registry.ImportKinds(), MaxRows: imports.MaxLines, MaxMB: files.MaxPaper >> 20,
		Form: withErrors([]field{{Name: "kind", Label: "要导入的内容", Options: choicesOf("请选择", registry.ImportKinds()), Value: kind, Hint: "新系统依次导入企业、小区、合同"}}, refused)}
	for _, i := range list {
		v.Recent = append(v.Recent, lineOfImport(i))
	}
	for _, f := range refused {
		if f.Name == "file" {
			v.FileError = f.Message
		}
	}
	p := page{Title: "Excel 导入", Nav: importsPath, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "register_imports", p)
	}
	return s.render(c, by, "register_imports", p)
}

// importTemplate sends the workbook to fill in.
func (s *Server) importTemplate(c *fiber.Ctx, _ policy.Actor) error {
	kind := registry.ImportKind(c.Params("kind"))
	data, err := report.RegisterTemplate(kind)
	if err != nil {
		return err
	}
	return sendExcel(c, registry.TextOf(registry.ImportKinds(), kind)+"导入模板.xlsx", data)
}

// dryView is what register_dry.html shows.
type dryView struct {
	Run      imports.DryRun
	KindWord string
	Good     int64
	Faults   []report.Fault
	More     int
	Changes  []int64
}

// dryImport reads an uploaded workbook and shows what importing it would do. Nothing is written to the journal.
func (s *Server) dryImport(c *fiber.Ctx, by policy.Actor) error {
	var upload *files.Upload
	values, err := s.readForm(c, maxImport, func(name string, r io.Reader) error {
		if upload != nil {
			return fault.InvalidFields("web.dryImport", fault.Field{Name: "file", Message: "一次只能导入一个文件，现在有两个"})
		}
		var err error
		upload, err = s.files.Receive(name, r, files.XLSX)
		return err
	})
	if upload != nil {
		defer upload.Close() //nolint:errcheck // a temporary file that only we know
	}
	kind := registry.ImportKind(values.Get("kind"))
	switch {
	case err != nil:
	case kind == "":
		err = fault.InvalidFields("web.dryImport", fault.Field{Name: "kind", Message: "请选择要导入的是企业、小区还是合同"})
	case upload == nil:
		err = fault.InvalidFields("web.dryImport", fault.Field{Name: "file", Message: "请选择要导入的 Excel 文件"})
	}
	var v dryView
	if err == nil {
		v, err = s.dryRun(c, by, kind, upload)
	}
	if refused := fileFaults(err); len(refused) > 0 {
		return s.showImports(c, by, string(kind), refused)
	}
	if err != nil {
		return err
	}
	return s.render(c, by, "register_dry", page{Title: "导入试运行", Nav: importsPath, Data: v})
}

// fileFaults are the refused places of an upload; what names no field of the form is about the file.
func fileFaults(err error) []fault.Field {
	if !fault.Is(err, fault.Invalid) {
		return nil
	}
	var raw *fiber.Error
	if errors.As(err, &raw) {
		return nil
	}
	fields := fault.FieldsOf(err)
	if len(fields) == 0 {
		return []fault.Field{{Name: "file", Message: fault.MessageOf(err)}}
	}
	out := make([]fault.Field, len(fields))
	for i, f := range fields {
		if f.Name != "kind" {
			f.Name = "file"
		}
		out[i] = f
	}
	return out
}

func (s *Server) dryRun(c *fiber.Ctx, by policy.Actor, kind registry.ImportKind, upload *files.Upload) (dryView, error) {
	read, err := report.ReadRegister(kind, upload.Reader())
	if err != nil {
		return dryView{}, err
	}
	f := registry.File{Kind: kind, Name: upload.Name, Hash: upload.SHA256, Lines: read.Lines}
	for _, bad := range read.Faults {
		f.Unread = append(f.Unread, imports.LineFault{Row: bad.Row, Field: bad.Field, Message: bad.Message})
	}
	run, err := s.registered.DryImport(c.UserContext(), by, f)
	if err != nil {
		return dryView{}, err
	}
	v := dryView{Run: run, KindWord: registry.TextOf(registry.ImportKinds(), kind), Good: run.New + run.Changed, Changes: run.Changes[:min(len(run.Changes), maxShownFaults)]}
	for i, bad := range run.Faults {
		if i == maxShownFaults {
			v.More = len(run.Faults) - i
			break
		}
		v.Faults = append(v.Faults, read.At(bad.Row, bad.Field, bad.Message))
	}
	return v, nil
}

// acceptImport accepts what a dry run showed.
func (s *Server) acceptImport(c *fiber.Ctx, by policy.Actor) error {
	id, err := s.registered.AcceptImport(c.UserContext(), by, c.FormValue("draft"), c.FormValue("only") == "good")
	if err != nil {
		return err
	}
	return seeOther(c, importsPath+"/"+id)
}

// importView is what register_import.html shows.
type importView struct {
	importLine
	MoreThan int64
}

// oneImport shows how far an import is and what became of it; programs get the numbers.
func (s *Server) oneImport(c *fiber.Ctx, by policy.Actor) error {
	i, err := s.registered.OneImport(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	v := importView{importLine: lineOfImport(i), MoreThan: i.Failed - int64(len(i.Failures))}
	return s.render(c, by, "register_import", page{Title: "导入结果", Nav: importsPath, Data: v, Script: i.State == imports.Accepted})
}

// importProgress tells the page how far the import is.
func (s *Server) importProgress(c *fiber.Ctx, by policy.Actor) error {
	i, err := s.registered.OneImport(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.JSON(ProgressJSON{Running: i.State == imports.Accepted, Text: fmt.Sprintf("已处理 %d / %d 行", i.Done, i.Lines), Done: int(i.Done), Total: int(max(i.Lines, 1))})
}
