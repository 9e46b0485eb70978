package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
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

// link is an address with what it is called.
type link struct{ Label, Path string }

// importDesk is one place where rows of workbooks come in: its words, and who does the work.
type importDesk struct {
	// Path is the address of its list, Title what it is called, Nav the current entry of the navigation.
	Path, Title, Nav string
	// New, Changed and Same are what its outcomes are called; Look heads the rows of a dry run that are to be looked at, LookText says what for.
	New, Changed, Same, Look, LookText string
	// KindWord says what the rows of a kind are, Next what to look at once they are in.
	KindWord func(kind string) string
	Next     func(kind string) []link
	// List names the page above, Above is its address ("" is Nav), Intro says what is special about its rows; Template makes the workbook to fill in and its name, Recent lists the actor's imports, Dry reads an upload and
	// checks it. They are there for desks of deskRoutes.
	List, Above, Intro string
	// Others are links to what belongs to it: other forms of its workbook, what goes back.
	Others   []link
	Template func(c *fiber.Ctx, by policy.Actor) (name string, data []byte, err error)
	Recent   func(ctx context.Context, by policy.Actor) ([]imports.View, error)
	Dry      func(c *fiber.Ctx, by policy.Actor, upload *files.Upload) (dryView, error)
	// Accept and One are as in Registered.
	Accept func(ctx context.Context, by policy.Actor, draft string, onlyGood bool) (string, error)
	One    func(ctx context.Context, by policy.Actor, id string) (imports.View, error)
	// LookBack and Reverse take an import back; nil: what came in here cannot be taken back.
	LookBack func(ctx context.Context, by policy.Actor, id string) (imports.Lookback, error)
	Reverse  func(ctx context.Context, by policy.Actor, id string, seq int64, why string) error
}

// importLine is one import of a list.
type importLine struct {
	imports.View
	Path, KindWord, Word string
	Accepted             time.Time
}

func (d *importDesk) line(v imports.View) importLine {
	l := importLine{View: v, Path: d.Path + "/" + v.ID, KindWord: d.KindWord(v.Kind), Word: "办理中", Accepted: v.At.Time}
	switch {
	case v.State == imports.Reversed:
		l.Word = "已撤回"
	case v.State == imports.Done && v.Failed > 0:
		l.Word = "有错"
	case v.State == imports.Done:
		l.Word = "通过"
	}
	return l
}

func (d *importDesk) lines(list []imports.View) []importLine {
	out := make([]importLine, len(list))
	for i, v := range list {
		out[i] = d.line(v)
	}
	return out
}

// rowsDesk completes a desk whose rows are those of one sheet. kind is that of its files; place puts the number of its row, and what no cell says, into a line.
func rowsDesk[L any](s *Server, d *importDesk, kind string, sheet report.Table[L], in *registry.Intake[L], place func(line *L, row int64)) *importDesk {
	d.Accept, d.One, d.Recent = in.Accept, in.One, in.Recent
	if in.Undoer != nil {
		d.LookBack, d.Reverse = in.LookBack, in.Reverse
	}
	if d.Template == nil {
		d.Template = func(*fiber.Ctx, policy.Actor) (string, []byte, error) {
			data, err := sheet.Template()
			return sheet.Sheet, data, err
		}
	}
	d.Dry = func(c *fiber.Ctx, by policy.Actor, upload *files.Upload) (dryView, error) {
		read, err := sheet.Read(upload.Reader())
		if err != nil {
			return dryView{}, err
		}
		lines := make([]L, len(read.Rows))
		for i, r := range read.Rows {
			lines[i] = r.Value
			place(&lines[i], r.Number)
		}
		run, err := in.DryRun(c.UserContext(), by, imports.File[L]{Kind: kind, Name: upload.Name, Hash: upload.SHA256, Lines: lines, Unread: unread(read.Faults)})
		if err != nil {
			return dryView{}, err
		}
		return s.dryView(c, by, d, run, upload, read.Sheet, read.At)
	}
	return d
}

// deskRoutes are the rows of a desk below a path, under one action; at gives the desk of a request. reversible says that its imports can be taken back.
func (s *Server) deskRoutes(path string, action policy.Action, reversible bool, at func(c *fiber.Ctx, by policy.Actor) (*importDesk, error)) []Route {
	const get, post = fiber.MethodGet, fiber.MethodPost
	with := func(do func(*importDesk) func(*fiber.Ctx, policy.Actor) error) func(*fiber.Ctx, policy.Actor) error {
		return func(c *fiber.Ctx, by policy.Actor) error {
			d, err := at(c, by)
			if err != nil {
				return err
			}
			return do(d)(c, by)
		}
	}
	rows := []Route{
		{Method: get, Path: path, Action: action, Handler: with(s.showDesk)},
		{Method: post, Path: path, Action: action, Handler: with(s.dryDesk), Upload: maxImport},
		{Method: post, Path: path + "/accept", Action: action, Handler: with(s.acceptsFor)},
		{Method: get, Path: path + "/template.xlsx", Action: action, Handler: with(s.deskTemplate)},
		{Method: get, Path: path + "/marked/:id", Action: action, Handler: s.markedWorkbook},
		{Method: get, Path: path + "/:id/progress", Action: action, Handler: with(s.progressFor)},
		{Method: get, Path: path + "/:id", Action: action, Handler: with(s.oneFor)},
	}
	if reversible {
		rows = append(rows, Route{Method: get, Path: path + "/:id/reverse", Action: action, Handler: with(s.reverseForm)}, Route{Method: post, Path: path + "/:id/reverse", Action: action, Handler: with(s.reverseFor)})
	}
	return rows
}

// deskView is what desk_imports.html shows: one place where rows of one kind come in.
type deskView struct {
	Desk           *importDesk
	Template       string
	Recent         []importLine
	FileError      string
	MaxRows, MaxMB int
}

// showDesk shows the template, the upload, and what the actor imported.
func (s *Server) showDesk(d *importDesk) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error { return s.deskAgain(c, by, d, nil) }
}

// deskAgain is the page of a desk with what was refused.
func (s *Server) deskAgain(c *fiber.Ctx, by policy.Actor, d *importDesk, refused []fault.Field) error {
	list, err := d.Recent(c.UserContext(), by)
	if err != nil {
		return err
	}
	v := deskView{Desk: d, Template: d.Path + "/template.xlsx", Recent: d.lines(list), FileError: fileError(refused), MaxRows: imports.MaxLines, MaxMB: files.MaxPaper >> 20}
	p := page{Title: d.Title, Nav: d.Nav, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "desk_imports", p)
	}
	return s.render(c, by, "desk_imports", p)
}

// deskTemplate sends the workbook to fill in.
func (s *Server) deskTemplate(d *importDesk) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		name, data, err := d.Template(c, by)
		if err != nil {
			return err
		}
		return sendExcel(c, name+"导入模板.xlsx", data)
	}
}

// dryDesk reads an uploaded workbook and shows what importing it would do. Nothing is written to the journal.
func (s *Server) dryDesk(d *importDesk) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		_, upload, err := s.receiveWorkbook(c)
		if upload != nil {
			defer upload.Close() //nolint:errcheck // a temporary file that only we know
		}
		if err == nil && upload == nil {
			err = fault.InvalidFields("web.dryDesk", fault.Field{Name: "file", Message: "请选择要导入的 Excel 文件"})
		}
		var v dryView
		if err == nil {
			v, err = d.Dry(c, by, upload)
		}
		if refused := fileFaults(err); len(refused) > 0 {
			return s.deskAgain(c, by, d, refused)
		}
		if err != nil {
			return err
		}
		return s.showDryRun(c, by, v)
	}
}

// receiveWorkbook reads the form of an upload. The upload, if there is one, is to be closed by the caller; it comes with an error too.
func (s *Server) receiveWorkbook(c *fiber.Ctx) (values url.Values, upload *files.Upload, err error) {
	values, err = s.readForm(c, maxImport, func(name string, r io.Reader) error {
		if upload != nil {
			return fault.InvalidFields("web.receiveWorkbook", fault.Field{Name: "file", Message: "一次只能导入一个文件，现在有两个"})
		}
		book, err := workbookOf(name, r)
		if err != nil {
			return err
		}
		upload, err = s.files.Receive(book.name, book.Reader, files.XLSX)
		if upload != nil && book.name != name {
			upload.Name = strings.TrimSuffix(upload.Name, excelSuffix)
		}
		return err
	})
	return values, upload, err
}

// The endings of the names of tables.
const (
	excelSuffix = ".xlsx"
	csvSuffix   = ".csv"
)

// namedBook is a workbook that is being received.
type namedBook struct {
	io.Reader
	name string
}

// workbookOf makes a workbook, called name.csv.xlsx, of a file of comma separated values; everything else is left as it is. Returns Invalid for what cannot be read as such values.
func workbookOf(name string, r io.Reader) (namedBook, error) {
	const op = "web.workbookOf"
	if !strings.HasSuffix(strings.ToLower(name), csvSuffix) {
		return namedBook{r, name}, nil
	}
	data, err := io.ReadAll(io.LimitReader(r, report.MaxCSV+1))
	if err == nil && len(data) > report.MaxCSV {
		err = fault.New(op, fault.Invalid, fmt.Sprintf("“%s”超过 %d MB，请分开导入", name, report.MaxCSV>>20))
	}
	if err == nil {
		data, err = report.FromCSV(data)
	}
	return namedBook{bytes.NewReader(data), name + excelSuffix}, err
}

// fileFaults are the refused places of an upload; what names none of the other fields of the form is about the file.
func fileFaults(err error, others ...string) []fault.Field {
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
		other := false
		for _, name := range others {
			other = other || f.Name == name
		}
		if !other {
			f.Name = "file"
		}
		out[i] = f
	}
	return out
}

// fileError is what a form says beside its file.
func fileError(refused []fault.Field) string {
	for _, f := range refused {
		if f.Name == "file" {
			return f.Message
		}
	}
	return ""
}

// dryView is what import_dry.html shows.
type dryView struct {
	Desk     *importDesk
	Run      imports.DryRun
	KindWord string
	Good     int64
	Faults   []report.Fault
	More     int
	Changes  []int64
	// Marked is the address of the uploaded workbook with its faults marked, Unmarked why there is none.
	Marked, Unmarked string
}

// dryView puts what a dry run found into the sheet of the uploaded workbook, and lends that to the uploader with every fault marked.
func (s *Server) dryView(c *fiber.Ctx, by policy.Actor, d *importDesk, run imports.DryRun, upload *files.Upload, sheet string, at func(row int64, field, message string) report.Fault) (dryView, error) {
	v := dryView{Desk: d, Run: run, KindWord: d.KindWord(run.Kind), Good: run.New + run.Changed, Changes: run.Changes[:min(len(run.Changes), maxShownFaults)]}
	faults := make([]report.Fault, len(run.Faults))
	for i, bad := range run.Faults {
		faults[i] = at(bad.Row, bad.Field, bad.Message)
	}
	shown := min(len(faults), maxShownFaults)
	v.Faults, v.More = faults[:shown], len(faults)-shown
	if len(faults) == 0 {
		return v, nil
	}
	id, err := s.lendMarked(c, by, upload, sheet, faults)
	if fault.Is(err, fault.Invalid) {
		v.Unmarked = fault.MessageOf(err)
		return v, nil
	}
	v.Marked = d.Path + "/marked/" + id
	return v, err
}

// markedSuffix ends the name of a marked workbook, before .xlsx.
const markedSuffix = "（标错）"

// lendMarked keeps the marked workbook for a day, for its uploader only, and returns its id. Returns Invalid if it cannot be marked.
func (s *Server) lendMarked(c *fiber.Ctx, by policy.Actor, upload *files.Upload, sheet string, faults []report.Fault) (string, error) {
	data, err := report.Mark(upload.Reader(), sheet, faults)
	if err != nil {
		return "", err
	}
	name := upload.Name
	for _, end := range []string{excelSuffix, csvSuffix, markedSuffix} {
		name = strings.TrimSuffix(name, end)
	}
	name += markedSuffix + excelSuffix
	return s.files.Lend(c.UserContext(), by.ID, name, data)
}

// markedWorkbook sends what lendMarked kept.
func (s *Server) markedWorkbook(c *fiber.Ctx, by policy.Actor) error {
	name, data, err := s.files.Lent(c.UserContext(), by.ID, c.Params("id"))
	if err != nil {
		return err
	}
	return sendExcel(c, name, data)
}

// unread are the faults of rows that could not be read, as imports take them.
func unread(faults []report.Fault) []imports.LineFault {
	out := make([]imports.LineFault, len(faults))
	for i, f := range faults {
		out[i] = imports.LineFault{Row: f.Row, Field: f.Field, Message: f.Message}
	}
	return out
}

func (s *Server) showDryRun(c *fiber.Ctx, by policy.Actor, v dryView) error {
	return s.render(c, by, "import_dry", page{Title: "导入试运行", Nav: v.Desk.Nav, Data: v})
}

// acceptsFor accepts what a dry run of the desk showed.
func (s *Server) acceptsFor(d *importDesk) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		id, err := d.Accept(c.UserContext(), by, c.FormValue("draft"), c.FormValue("only") == "good")
		if err != nil {
			return err
		}
		return seeOther(c, d.Path+"/"+id)
	}
}

// importView is what import_one.html shows.
type importView struct {
	importLine
	Desk     *importDesk
	Links    []link
	MoreThan int64
	// Running says that it works; CanReverse offers to take it back, MoreKept is how many of the kept lines are not listed.
	Running, CanReverse bool
	MoreKept            int64
}

// oneFor shows how far an import of the desk is and what became of it.
func (s *Server) oneFor(d *importDesk) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		i, err := d.One(c.UserContext(), by, c.Params("id"))
		if err != nil {
			return err
		}
		v := importView{importLine: d.line(i), Desk: d, Links: d.Next(i.Kind), MoreThan: i.Failed - int64(len(i.Failures))}
		v.Running = i.State == imports.Accepted || i.State == imports.Reversing
		v.CanReverse = d.Reverse != nil && (i.State == imports.Done && i.Created+i.Changed > 0 || i.State == imports.Reversed && i.Reversal.Left > 0)
		if i.Reversal != nil {
			v.MoreKept = i.Reversal.Left - int64(len(i.Reversal.Kept))
		}
		return s.render(c, by, "import_one", page{Title: "导入结果", Nav: d.Nav, Data: v, Script: v.Running})
	}
}

// progressFor tells the page how far an import of the desk is.
func (s *Server) progressFor(d *importDesk) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		i, err := d.One(c.UserContext(), by, c.Params("id"))
		if err != nil {
			return err
		}
		c.Set(fiber.HeaderCacheControl, "no-store")
		return c.JSON(ProgressJSON{Running: i.State == imports.Accepted || i.State == imports.Reversing, Text: fmt.Sprintf("已处理 %d / %d 行", i.Done, i.Lines), Done: int(i.Done), Total: int(max(i.Lines, 1))})
	}
}

// reverseView is what import_reverse.html shows.
type reverseView struct {
	importLine
	Desk *importDesk
	Look imports.Lookback
	// Lines are the first lines of the look, More is how many there are beyond.
	Lines []imports.Undone
	More  int
	Form  []field
}

// reverseForm shows what taking an import of the desk back would do.
func (s *Server) reverseForm(d *importDesk) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error { return s.showReverse(c, by, d, nil) }
}

func (s *Server) showReverse(c *fiber.Ctx, by policy.Actor, d *importDesk, refused []fault.Field) error {
	i, err := d.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	look, err := d.LookBack(c.UserContext(), by, i.ID)
	if err != nil {
		return err
	}
	shown := min(len(look.Lines), maxShownFaults)
	v := reverseView{importLine: d.line(i), Desk: d, Look: look, Lines: look.Lines[:shown], More: len(look.Lines) - shown,
		Form: withErrors([]field{reasonField(c, "撤销的原因", "会记入变更日志")}, refused)}
	p := page{Title: "撤销导入", Nav: d.Nav, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "import_reverse", p)
	}
	return s.render(c, by, "import_reverse", p)
}

// reverseFor takes an import of the desk back.
func (s *Server) reverseFor(d *importDesk) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		err := d.Reverse(c.UserContext(), by, c.Params("id"), formSeq(c), c.FormValue("reason"))
		if refused := fault.FieldsOf(err); fault.Is(err, fault.Invalid) && len(refused) > 0 {
			return s.showReverse(c, by, d, refused)
		}
		if err != nil {
			return err
		}
		return seeOther(c, d.Path+"/"+c.Params("id"))
	}
}
