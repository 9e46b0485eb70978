package web

import (
	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/imports"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry"
)

// registerDesk is where divisions, firms, projects and contracts come in.
func (s *Server) registerDesk() *importDesk {
	return &importDesk{Path: importsPath, Title: "Excel 导入", Nav: importsPath, New: "新增", Changed: "修改", Same: "没有变化",
		Look: "会修改现有登记的行", LookText: "请确认这些行确实要改。",
		KindWord: func(kind string) string { return registry.TextOf(registry.ImportKinds(), kind) },
		Next: func(kind string) []link {
			switch registry.ImportKind(kind) {
			case registry.ImportDivisions:
				return []link{{"看行政区划", divisionsPath}}
			case registry.ImportFirms:
				return []link{{"看企业登记", firmsPath}}
			case registry.ImportDevelopers:
				return []link{{"看建设单位登记", developersPath}}
			case registry.ImportRevenues, registry.ImportRepairs:
				return []link{{"看公共收益与维修资金", moneyPath}}
			}
			return []link{{"看小区登记", projectsPath}}
		},
		Accept: s.registered.AcceptImport, One: s.registered.OneImport, LookBack: s.registered.LookBackImport, Reverse: s.registered.ReverseImport}
}

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

// imports shows what can be imported and what was.
func (s *Server) imports(c *fiber.Ctx, by policy.Actor) error {
	return s.showImports(c, by, c.Query("kind"), nil)
}

func (s *Server) showImports(c *fiber.Ctx, by policy.Actor, kind string, refused []fault.Field) error {
	list, err := s.registered.Imports(c.UserContext(), by)
	if err != nil {
		return err
	}
	kinds := s.registered.MayImport(by)
	v := importsView{Kinds: kinds, MaxRows: imports.MaxLines, MaxMB: files.MaxPaper >> 20, Recent: s.registerDesk().lines(list), FileError: fileError(refused),
		Form: withErrors([]field{{Name: "kind", Label: "要导入的内容", Options: choicesOf("请选择", kinds), Value: kind, Hint: "新系统依次导入企业、建设单位、小区、楼栋、合同"}}, refused)}
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

// dryImport reads an uploaded workbook and shows what importing it would do. Nothing is written to the journal.
func (s *Server) dryImport(c *fiber.Ctx, by policy.Actor) error {
	values, upload, err := s.receiveWorkbook(c)
	if upload != nil {
		defer upload.Close() //nolint:errcheck // a temporary file that only we know
	}
	kind := registry.ImportKind(values.Get("kind"))
	switch {
	case err != nil:
	case kind == "":
		err = fault.InvalidFields("web.dryImport", fault.Field{Name: "kind", Message: "请选择要导入的内容"})
	case upload == nil:
		err = fault.InvalidFields("web.dryImport", fault.Field{Name: "file", Message: "请选择要导入的 Excel 文件"})
	}
	var v dryView
	if err == nil {
		v, err = s.dryRun(c, by, kind, upload)
	}
	if refused := fileFaults(err, "kind"); len(refused) > 0 {
		return s.showImports(c, by, string(kind), refused)
	}
	if err != nil {
		return err
	}
	return s.showDryRun(c, by, v)
}

func (s *Server) dryRun(c *fiber.Ctx, by policy.Actor, kind registry.ImportKind, upload *files.Upload) (dryView, error) {
	read, err := report.ReadRegister(kind, upload.Reader())
	if err != nil {
		return dryView{}, err
	}
	run, err := s.registered.DryImport(c.UserContext(), by, registry.File{Kind: kind, Name: upload.Name, Hash: upload.SHA256, Lines: read.Lines, Unread: unread(read.Faults)})
	if err != nil {
		return dryView{}, err
	}
	return s.dryView(c, by, s.registerDesk(), run, upload, read.Sheet, read.At)
}
