package web

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/supervision"
	"redsteward/supervision/collection"
)

// answerView is what collection_sheet.html shows.
type answerView struct {
	Path, Title, State, Unit string
	Seq                      int64
	Key                      string
	Facts                    [][2]string
	Text                     []string
	Files                    []link
	Clock                    map[string]string
	// Task is the page of the task, for who sees it.
	Task, Note string
	// Reminded says how often the unit was reminded without saying that it knows; CanSign, CanSee, CanFill, CanFile, CanAdd, CanReturn and CanLift what the actor can do.
	Reminded                                                      string
	CanSign, CanSee, CanFill, CanFile, CanAdd, CanReturn, CanLift bool
	// Heads and Rows are what was written; Hidden is how many rows the actor does not see; Wrong what is wrong with the answer.
	Heads  []string
	Rows   []answerLine
	Hidden int
	Wrong  []string
	// Open is the form of a row: Row its name, "" for a new one, Of what it is about, Ends that it is the only one or the last; nil for none.
	Open       []field
	OpenRow    string
	Of         string
	Ends       bool
	CanDrop    bool
	FileError  string
	Template   string
	Return     []field
	Lift       []field
	Partial    bool
	FillsExcel bool
	Prints     []printLine
}

// answerLine is one row in words.
type answerLine struct {
	ID, Name, Place string
	Cells           []answerCell
	// Fill is where it is filled in, "" for who does not; Blank: something that is required is missing.
	Fill    string
	Blank   bool
	Current bool
	// Hazard offers to make a matter of it; Matter is the one that it became.
	Hazard bool
	Matter string
}

// answerCell is a cell in words; Short: it stays on one line.
type answerCell struct {
	Text  string
	Short bool
}

// oneLine is how many signs of a cell stay on one line.
const oneLine = 12

// collectionSheet shows an answer to who gives it, who asked for it, and who sees it.
func (s *Server) collectionSheet(c *fiber.Ctx, by policy.Actor) error {
	return s.showAnswer(c, by, nil, nil)
}

func (s *Server) showAnswer(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	sheet, err := s.collections.Sheet(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	a, t := &sheet.State, &sheet.Task.State
	v := answerView{Path: sheetPath(sheet.ID), Title: t.Title, State: a.State.Title(), Unit: a.To.Name, Seq: sheet.Seq, Key: newKey(), Text: strings.Split(t.Text, "\n"), Hidden: sheet.Hidden, Note: map[string]string{"sign": "已签收，请填写后上报。", "file": "已上报。上报期限以前还可以修改后重报。", "save": "已保存，还没有上报。", "matter": "已转为事项，由乡镇派单。", "return": "已退回，列在填报单位的待办里。"}[c.Query("done")]}
	v.Facts = filled([][2]string{{"填报单位", a.To.Name}, {"下发单位", s.senderOf(t)}, {"联系人", t.Contact}, {"上报期限", t.Due.Due.Chinese()}, {"签收", handText(s, a.Receipt)}, {"上报", handText(s, a.Filed)}, {"迟报", yesWord(a.Late)}, {"理由", a.Reason}})
	if a.State.Open() {
		v.Clock, _ = s.clockOf(c.UserContext()).running("上报期限", t.Due)
	}
	if sheet.Manages || sheet.Fills {
		for n, f := range t.Files {
			v.Files = append(v.Files, link{f.Name, collectionPath(a.Task) + "/files/" + strconv.Itoa(n+1)})
		}
	}
	if sheet.Manages {
		v.Task = collectionPath(a.Task)
	}
	running := t.State == collection.Running
	if sheet.Fills && running {
		s.fillAnswer(c, &v, &sheet, typed, refused)
	}
	if sheet.Manages && running {
		v.CanReturn, v.CanLift = a.Can(collection.SheetReturn), a.Can(collection.SheetLift)
		v.Return = withErrors([]field{{Name: "text", Label: "要改什么", Rows: 2, Value: typed.Get("text")}}, refused)
		v.Lift = withErrors([]field{{Name: "text", Label: "为什么免报", Type: "text", Autocomplete: "off", Value: typed.Get("text")}}, refused)
	}
	s.answerLines(c, by, &v, &sheet, running)
	if v.Prints, err = s.paperLines(c.UserContext(), by, collectionSheetsPath, sheet.ID, s.sheetPapers(c, by, &sheet)); err != nil {
		return err
	}
	for _, f := range refused {
		if f.Name == "rows" {
			v.Wrong = append(v.Wrong, f.Message)
		}
	}
	v.FileError = fileError(refused)
	p := page{Title: t.Title, Nav: collectionsPath, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "collection_sheet", p)
	}
	return s.render(c, by, "collection_sheet", p)
}

// handText is who did something and when, by his office; "" for nobody yet.
func handText(s *Server, h *supervision.Hand) string {
	if h == nil {
		return ""
	}
	return s.titleOfOffice(h.Office) + "，" + dateTime(h.At.Time)
}

// handTime is when somebody did something, "" for nobody yet.
func handTime(h *supervision.Hand) string {
	if h == nil {
		return ""
	}
	return dateTime(h.At.Time)
}

// fillAnswer adds what only who gives an answer sees: the form of a row and the workbook.
func (s *Server) fillAnswer(c *fiber.Ctx, v *answerView, sheet *collection.SheetView, typed url.Values, refused []fault.Field) {
	a, t := &sheet.State, &sheet.Task.State
	v.CanSign, v.CanSee = a.Can(collection.SheetSign), a.Unseen() > 0 && a.State != collection.Unsigned
	if n := a.Unseen(); n > 0 {
		v.Reminded = "下发单位已催报 " + strconv.Itoa(len(a.Reminded)) + " 次，请尽快上报。"
	}
	late := a.State == collection.Filed && t.Due.Late(s.clockOf(c.UserContext()).now)
	v.CanFill = a.Can(collection.SheetSave) && !late
	v.Partial = a.State == collection.Partial
	if !v.CanFill {
		return
	}
	v.CanFile, v.CanAdd, v.FillsExcel = true, t.Rows == collection.RowsMany && !v.Partial, true
	v.Template = v.Path + "/template.xlsx"
	row, asked := c.Query("row"), c.Query("row") != ""
	if typed != nil && typed.Has("row") {
		row, asked = typed.Get("row"), true
	}
	if !asked && t.Rows == collection.RowsOne && len(sheet.Rows) == 1 && a.State != collection.Filed {
		row, asked = sheet.Rows[0].ID, true
	}
	if !asked {
		return
	}
	if row == "new" && v.CanAdd {
		v.open(sheet, nil, typed, refused)
		return
	}
	for i := range sheet.Rows {
		if sheet.Rows[i].ID == row {
			v.OpenRow, v.Of, v.Ends = row, sheet.Names[sheet.Rows[i].Project].Name, len(sheet.Rows) == 1
			v.CanDrop = v.CanAdd && a.MatterOf(row) == ""
			v.open(sheet, &sheet.Rows[i], typed, refused)
		}
	}
}

// open makes the form of a row, nil for a new one.
func (v *answerView) open(sheet *collection.SheetView, r *collection.Row, typed url.Values, refused []fault.Field) {
	for place, col := range sheet.Task.State.Columns {
		if !sheet.State.Asks(col) {
			continue
		}
		value := ""
		if r != nil {
			value = col.Typed(r.At(place))
		}
		if typed != nil && typed.Has(col.ID) {
			value = typed.Get(col.ID)
		}
		v.Open = append(v.Open, cellField(col, value, sheet.Compounds))
	}
	v.Open = withErrors(v.Open, refused)
}

// answerLines puts the rows into words.
func (s *Server) answerLines(c *fiber.Ctx, by policy.Actor, v *answerView, sheet *collection.SheetView, running bool) {
	a, t := &sheet.State, &sheet.Task.State
	var shown []int
	for place, col := range t.Columns {
		used := false
		for i := range sheet.Rows {
			used = used || sheet.Rows[i].At(place) != ""
		}
		if col.Stands() || used {
			title := col.Title
			if !col.Stands() {
				title += "（已不用填）"
			}
			shown, v.Heads = append(shown, place), append(v.Heads, title)
		}
	}
	for i := range sheet.Rows {
		r := &sheet.Rows[i]
		line := answerLine{ID: r.ID, Name: "第 " + strconv.Itoa(i+1) + " 行", Current: v.OpenRow == r.ID && v.OpenRow != ""}
		if where := sheet.Names[r.Project]; r.Project != "" {
			line.Name, line.Place = where.Name, where.Community
		} else if t.Rows == collection.RowsOne {
			line.Name = a.To.Name
		}
		for _, place := range shown {
			col := t.Columns[place]
			text := sheet.Text(r, place)
			line.Cells = append(line.Cells, answerCell{text, utf8.RuneCountInString(text) <= oneLine})
			line.Blank = line.Blank || col.Required && a.Asks(col) && r.At(place) == ""
		}
		if v.CanFill {
			line.Fill = v.Path + "?row=" + url.QueryEscape(r.ID) + "#fill"
		}
		if m := a.MatterOf(r.ID); m != "" && s.matters != nil && s.guard.Allow(by, policy.ReadMatter) {
			line.Matter = mattersPath + "/" + m
		} else if m == "" {
			line.Hazard = sheet.Manages && running && a.Can(collection.SheetPass) && collection.Tells(t, r)
		}
		v.Rows = append(v.Rows, line)
	}
}

// answerDone answers a form of an answer: to its page, or back to the form with what was refused.
func (s *Server) answerDone(c *fiber.Ctx, by policy.Actor, typed url.Values, err error, next string) error {
	if refused := fault.FieldsOf(err); fault.Is(err, fault.Invalid) && len(refused) > 0 {
		return s.showAnswer(c, by, typed, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, sheetPath(c.Params("id"))+next)
}

// signCollection signs for a task.
func (s *Server) signCollection(c *fiber.Ctx, by policy.Actor) error {
	_, err := s.collections.Sign(c.UserContext(), by, collectionAt(c))
	return s.answerDone(c, by, nil, err, "?done=sign")
}

// seeReminder acknowledges the reminders.
func (s *Server) seeReminder(c *fiber.Ctx, by policy.Actor) error {
	_, err := s.collections.See(c.UserContext(), by, collectionAt(c))
	return s.answerDone(c, by, nil, err, "")
}

// saveCollection keeps a row and goes to the next one that lacks something, or sends the answer.
func (s *Server) saveCollection(c *fiber.Ctx, by policy.Actor) error {
	v := formValues(c)
	in := collection.Fill{Row: v.Get("row"), Values: map[string]string{}, Drop: v.Get("do") == "drop", File: v.Get("do") == "file"}
	if in.Row == "new" {
		in.Row = ""
	}
	for name := range v {
		in.Values[name] = v.Get(name)
	}
	doc, err := s.collections.Save(c.UserContext(), by, collectionAt(c), in)
	next := "?done=save"
	switch {
	case err != nil:
	case in.File:
		next = "?done=file"
	default:
		next = s.nextRow(c, by, doc, in)
	}
	return s.answerDone(c, by, v, err, next)
}

// nextRow is the next row of an answer that lacks something.
func (s *Server) nextRow(c *fiber.Ctx, by policy.Actor, doc store.Doc[collection.Sheet], in collection.Fill) string {
	sheet, err := s.collections.Sheet(c.UserContext(), by, doc.ID)
	if err != nil || in.Drop {
		return "?done=save"
	}
	for i := range sheet.Rows {
		for place, col := range sheet.Task.State.Columns {
			if col.Required && sheet.State.Asks(col) && sheet.Rows[i].At(place) == "" {
				return "?done=save&row=" + url.QueryEscape(sheet.Rows[i].ID) + "#fill"
			}
		}
	}
	return "?done=save#rows"
}

// fileCollection sends an answer as it stands.
func (s *Server) fileCollection(c *fiber.Ctx, by policy.Actor) error {
	_, err := s.collections.File(c.UserContext(), by, collectionAt(c))
	return s.answerDone(c, by, nil, err, "?done=file")
}

// returnCollection returns an answer.
func (s *Server) returnCollection(c *fiber.Ctx, by policy.Actor) error {
	_, err := s.collections.Return(c.UserContext(), by, collectionAt(c), c.FormValue("text"))
	return s.answerDone(c, by, formValues(c), err, "?done=return")
}

// liftCollection frees a unit.
func (s *Server) liftCollection(c *fiber.Ctx, by policy.Actor) error {
	_, err := s.collections.Lift(c.UserContext(), by, collectionAt(c), c.FormValue("text"))
	return s.answerDone(c, by, formValues(c), err, "")
}

// passCollection makes a matter of a row.
func (s *Server) passCollection(c *fiber.Ctx, by policy.Actor) error {
	_, err := s.collections.Pass(c.UserContext(), by, collectionAt(c), c.FormValue("row"))
	if fields := fault.FieldsOf(err); fault.Is(err, fault.Invalid) && len(fields) > 0 {
		for i := range fields {
			fields[i].Name = "rows"
		}
		return s.showAnswer(c, by, nil, fields)
	}
	return s.answerDone(c, by, nil, err, "?done=matter")
}

// answerSheet is the workbook of an answer.
func answerSheet(sheet *collection.SheetView) report.Collection {
	out := report.Collection{Title: sheet.Task.State.Title, Columns: sheet.Task.State.Columns, Each: sheet.Task.State.Rows == collection.RowsProject, Compounds: sheet.Compounds}
	for place, col := range out.Columns {
		if sheet.State.Asks(col) {
			out.Asked = append(out.Asked, place)
		}
	}
	return out
}

// ownAnswer is an answer that the actor's unit gives. Returns NotFound for everybody else.
func (s *Server) ownAnswer(c *fiber.Ctx, by policy.Actor) (collection.SheetView, error) {
	sheet, err := s.collections.Sheet(c.UserContext(), by, c.Params("id"))
	if err == nil && !sheet.Fills {
		err = fault.New("web.ownAnswer", fault.NotFound, "没有找到这张表")
	}
	return sheet, err
}

// collectionTemplate sends the workbook to fill in, with what is there already.
func (s *Server) collectionTemplate(c *fiber.Ctx, by policy.Actor) error {
	sheet, err := s.ownAnswer(c, by)
	if err != nil {
		return err
	}
	data, err := answerSheet(&sheet).Template(sheet.Rows)
	if err != nil {
		return err
	}
	return sendExcel(c, sheet.Task.State.Title+"（"+sheet.State.To.Name+"）.xlsx", data)
}

// answerDry is what collection_dry.html shows.
type answerDry struct {
	Path, Title, File, Draft, Marked, Unmarked string
	Seq                                        int64
	Key                                        string
	Rows                                       int
	Faults                                     []report.Fault
	More                                       int
}

// tryCollectionExcel reads an uploaded workbook and shows what would be sent, or everything that is wrong. Nothing is written; the workbook is lent to the actor until he sends it.
func (s *Server) tryCollectionExcel(c *fiber.Ctx, by policy.Actor) error {
	sheet, err := s.ownAnswer(c, by)
	if err != nil {
		return err
	}
	_, upload, err := s.receiveWorkbook(c)
	if upload != nil {
		defer upload.Close() //nolint:errcheck // a temporary file that only we know
	}
	if err == nil && upload == nil {
		err = fault.InvalidFields("web.tryCollectionExcel", fault.Field{Name: "file", Message: "请选择填好的 Excel 文件"})
	}
	var v answerDry
	if err == nil {
		v, err = s.tryAnswer(c, by, &sheet, upload)
	}
	if refused := fileFaults(err); len(refused) > 0 {
		return s.showAnswer(c, by, nil, refused)
	}
	if err != nil {
		return err
	}
	return s.render(c, by, "collection_dry", page{Title: "Excel 上报", Nav: collectionsPath, Data: v})
}

func (s *Server) tryAnswer(c *fiber.Ctx, by policy.Actor, sheet *collection.SheetView, upload *files.Upload) (answerDry, error) {
	v := answerDry{Path: sheetPath(sheet.ID), Title: sheet.Task.State.Title, File: upload.Name, Seq: sheet.Seq, Key: newKey()}
	read, err := answerSheet(sheet).Read(upload.Reader())
	if err != nil {
		return v, err
	}
	rows, bad, err := s.collections.FromLines(c.UserContext(), by, sheet.ID, read.Lines)
	if err != nil {
		return v, err
	}
	faults := read.Faults
	for _, b := range bad {
		if b.Row == 0 {
			if len(read.Faults) > 0 {
				continue // a row that could not be read is not missing
			}
			faults = append(faults, report.Fault{Row: 1, Message: b.Message})
			continue
		}
		faults = append(faults, read.At(b.Row, b.Field, b.Message))
	}
	v.Rows = len(rows)
	if len(faults) == 0 {
		data, err := readAll(upload)
		if err != nil {
			return v, err
		}
		v.Draft, err = s.files.Lend(c.UserContext(), by.ID, upload.Name, data)
		return v, err
	}
	shown := min(len(faults), maxShownFaults)
	v.Faults, v.More = faults[:shown], len(faults)-shown
	id, err := s.lendMarked(c, by, upload, read.Sheet, faults)
	if fault.Is(err, fault.Invalid) {
		v.Unmarked = fault.MessageOf(err)
		return v, nil
	}
	v.Marked = collectionsPath + "/marked/" + id
	return v, err
}

// readAll is the whole of an upload, which was bounded when it came in.
func readAll(upload *files.Upload) ([]byte, error) {
	var b bytes.Buffer
	_, err := b.ReadFrom(upload.Reader())
	return b.Bytes(), err
}

// fileCollectionExcel sends what an uploaded workbook says; it is read again, so that nothing counts that is not checked now.
func (s *Server) fileCollectionExcel(c *fiber.Ctx, by policy.Actor) error {
	sheet, err := s.ownAnswer(c, by)
	if err != nil {
		return err
	}
	_, data, err := s.files.Lent(c.UserContext(), by.ID, c.FormValue("draft"))
	if err != nil {
		return err
	}
	read, err := answerSheet(&sheet).Read(bytes.NewReader(data))
	if err == nil && len(read.Faults) > 0 {
		err = fault.New("web.fileCollectionExcel", fault.Conflict, "表样刚刚改过，这个文件要重新填，请下载新的模板")
	}
	if err == nil {
		_, err = s.collections.FileLines(c.UserContext(), by, casework.At{ID: sheet.ID, Seq: formSeq(c), Idem: formIdem(c)}, read.Lines)
	}
	return s.answerDone(c, by, nil, err, "?done=file")
}
