package web

import (
	"context"
	"net/url"
	"path"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision/collection"
)

// The columns that a form offers: some empty ones beyond those that are described, and at most so many, whose fields fit into a form with files.
const (
	leastColumns = 8
	spareColumns = 3
	shownColumns = 20
)

// collectionFormView is what collection_form.html shows.
type collectionFormView struct {
	Path, Back, Button, Title string
	Seq                       int64
	Key                       string
	// Form are the fields before the columns, Columns one list of fields for each, After those behind them.
	Form, After []field
	Columns     []columnForm
	// Files is whether attachments can be added; FileError what is wrong with one, ReadError what is wrong with a sheet of headings. Reads offers to read one.
	Files, Reads         bool
	FileError, ReadError string
	Attached             []string
	Note                 string
}

// columnForm are the fields of a column: those that everybody needs, and the rest.
type columnForm struct {
	N          int
	ID         string
	Main, More []field
	Required   bool
	Name       string
	Open       bool
}

// columnForms are the fields of some columns and of empty ones behind them.
func columnForms(in []collection.ColumnInput, refused []fault.Field) []columnForm {
	n := min(max(leastColumns, len(in)+spareColumns), shownColumns)
	out := make([]columnForm, max(n, len(in)))
	for i := range out {
		c := collection.ColumnInput{}
		if i < len(in) {
			c = in[i]
		}
		at := func(part string) string { return collection.Field(i+1, part) }
		no := "第 " + strconv.Itoa(i+1) + " 栏"
		out[i] = columnForm{N: i + 1, ID: c.ID, Required: c.Required, Name: at("required"),
			Main: withErrors([]field{{Name: at("title"), Label: no + "名称", Type: "text", Autocomplete: "off", Value: c.Title}, {Name: at("kind"), Label: "填什么", Options: choicesOf("请选择", collection.Kinds()), Value: string(c.Kind)},
				{Name: at("source"), Label: "系统带出", Options: choicesOf("不带出", collection.Sources()), Value: string(c.Source)}}, refused),
			More: withErrors([]field{{Name: at("words"), Label: "选项", Type: "text", Autocomplete: "off", Value: c.Words, Hint: "填“选项”的才写，用顿号隔开", Optional: true}, {Name: at("least"), Label: "最小", Type: "text", Autocomplete: "off", Value: c.Least, Hint: "数、日期，文字是字数", Optional: true},
				{Name: at("most"), Label: "最大", Type: "text", Autocomplete: "off", Value: c.Most, Optional: true}, {Name: at("hint"), Label: "填写说明", Type: "text", Autocomplete: "off", Value: c.Hint, Optional: true}}, refused)}
		out[i].Open = c.Words != "" || c.Least != "" || c.Most != "" || c.Hint != ""
		for _, f := range out[i].More {
			out[i].Open = out[i].Open || f.Error != ""
		}
	}
	return out
}

// columnsTyped are the columns of a form, without the empty ones at its end.
func columnsTyped(v url.Values) []collection.ColumnInput {
	var out []collection.ColumnInput
	for n := 1; n <= collection.MaxColumns; n++ {
		if _, there := v[collection.Field(n, "title")]; !there {
			break
		}
		at := func(part string) string { return strings.TrimSpace(v.Get(collection.Field(n, part))) }
		out = append(out, collection.ColumnInput{ID: at("id"), Title: at("title"), Hint: at("hint"), Least: at("least"), Most: at("most"), Words: at("words"), Kind: collection.Kind(at("kind")), Source: collection.Source(at("source")), Required: at("required") != ""})
	}
	for len(out) > 0 && out[len(out)-1] == (collection.ColumnInput{}) {
		out = out[:len(out)-1]
	}
	return out
}

// noticeFields are the fields of a task before and behind its columns.
func (s *Server) noticeFields(v url.Values) (before, after []field) {
	before = []field{{Name: "title", Label: "标题", Type: "text", Autocomplete: "off", Value: v.Get("title")}, {Name: "text", Label: "通知正文", Rows: 5, Value: v.Get("text"), Hint: "为什么收、填什么、怎样填；不要写个人信息"},
		{Name: "contact", Label: "联系人", Type: "text", Autocomplete: "off", Value: v.Get("contact"), Hint: "股室、姓名和办公电话，各单位都看得到"}, {Name: "due", Label: "上报期限", Type: "date", Value: v.Get("due")},
		{Name: "rows", Label: "填几行", Options: choicesOf("请选择", collection.RowsKinds()), Value: v.Get("rows")}}
	hazards := []option{{"0", "没有这样的栏"}}
	for i, c := range columnsTyped(v) {
		if c.Title != "" {
			hazards = append(hazards, option{strconv.Itoa(i + 1), c.Title})
		}
	}
	if len(hazards) == 1 {
		for n := 1; n <= leastColumns; n++ {
			hazards = append(hazards, option{strconv.Itoa(n), "第 " + strconv.Itoa(n) + " 栏"})
		}
	}
	after = []field{{Name: "hazard", Label: "哪一栏写隐患", Options: hazards, Value: v.Get("hazard"), Hint: "写了隐患的行可以一键转为事项"},
		{Name: "category", Label: "隐患转为", Options: choicesOf("请选择", s.collections.Matters.Hazards()), Value: v.Get("category"), Optional: true}}
	return before, after
}

// newCollection shows the form of a new task.
func (s *Server) newCollection(c *fiber.Ctx, by policy.Actor) error {
	return s.showCollectionForm(c, by, url.Values{"due": {s.clockOf(c.UserContext()).today.Add(7).String()}, "rows": {string(collection.RowsProject)}}, nil, "")
}

func (s *Server) showCollectionForm(c *fiber.Ctx, by policy.Actor, v url.Values, refused []fault.Field, note string) error {
	f := collectionFormView{Path: collectionsPath + "/new", Back: collectionsPath, Button: "下一步：选填报单位", Title: "新建收表任务", Key: newKey(), Files: true, Reads: true, Note: note}
	id := c.Params("id")
	if id != "" {
		f.Path, f.Back, f.Button, f.Title, f.Reads = collectionPath(id)+"/edit", collectionPath(id), "保存", "修改收表任务", false
		f.Seq = seqOf(v.Get("seq"))
		f.Attached = v["attached"]
	}
	f.Form, f.After = s.noticeFields(v)
	f.Form, f.After = withErrors(f.Form, refused), withErrors(f.After, refused)
	f.Columns = columnForms(columnsTyped(v), refused)
	for _, one := range refused {
		switch one.Name {
		case "files":
			f.FileError = one.Message
		case "file":
			f.ReadError = one.Message
		}
	}
	p := page{Title: f.Title, Nav: collectionsPath, Data: f, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "collection_form", p)
	}
	return s.render(c, by, "collection_form", p)
}

// readCollectionColumns reads the headings of an uploaded sheet and shows the form with them. Nothing is written.
func (s *Server) readCollectionColumns(c *fiber.Ctx, by policy.Actor) error {
	start := url.Values{"due": {s.clockOf(c.UserContext()).today.Add(7).String()}, "rows": {string(collection.RowsProject)}}
	_, upload, err := s.receiveWorkbook(c)
	if upload != nil {
		defer upload.Close() //nolint:errcheck // a temporary file that only we know
	}
	if err == nil && upload == nil {
		err = fault.InvalidFields("web.readCollectionColumns", fault.Field{Name: "file", Message: "请选择表样的 Excel 文件"})
	}
	var cells [][]string
	if err == nil {
		cells, err = report.Cells(upload.Reader(), collection.MaxRows)
	}
	var in []collection.ColumnInput
	if err == nil {
		in, err = collection.Guess(cells)
	}
	if refused := fileFaults(err); len(refused) > 0 {
		return s.showCollectionForm(c, by, start, refused, "")
	}
	if err != nil {
		return err
	}
	putColumns(start, in)
	start.Set("title", strings.TrimSuffix(upload.Name, path.Ext(upload.Name)))
	return s.showCollectionForm(c, by, start, nil, "已从表头读出 "+strconv.Itoa(len(in))+" 栏，请核对每栏填什么、由系统带出什么。")
}

// putColumns puts columns into the values of a form.
func putColumns(v url.Values, in []collection.ColumnInput) {
	for i, one := range in {
		required := ""
		if one.Required {
			required = "1"
		}
		for part, value := range map[string]string{"id": one.ID, "title": one.Title, "kind": string(one.Kind), "source": string(one.Source), "words": one.Words, "least": one.Least, "most": one.Most, "hint": one.Hint, "required": required} {
			v.Set(collection.Field(i+1, part), value)
		}
	}
}

// makeCollection begins a task.
func (s *Server) makeCollection(c *fiber.Ctx, by policy.Actor) error {
	return s.takeCollection(c, by, func(ctx context.Context, v url.Values, in collection.TaskInput) (store.Doc[collection.Task], error) {
		return s.collections.Make(ctx, by, in, idemFrom(c, v))
	}, "/to")
}

// changeCollection writes a task that was not sent.
func (s *Server) changeCollection(c *fiber.Ctx, by policy.Actor) error {
	return s.takeCollection(c, by, func(ctx context.Context, v url.Values, in collection.TaskInput) (store.Doc[collection.Task], error) {
		return s.collections.Edit(ctx, by, casework.At{ID: c.Params("id"), Seq: seqOf(v.Get("seq")), Idem: idemFrom(c, v)}, in)
	}, "")
}

// takeCollection reads the form of a task and does what it is for.
func (s *Server) takeCollection(c *fiber.Ctx, by policy.Actor, do func(context.Context, url.Values, collection.TaskInput) (store.Doc[collection.Task], error), next string) error {
	v, uploads, done, err := s.readAttached(c, maxCollectionForm)
	defer done()
	var doc store.Doc[collection.Task]
	if err == nil {
		in := typed{c: c, values: v}
		hazard, _ := strconv.Atoi(v.Get("hazard"))
		task := collection.TaskInput{Title: in.text("title"), Text: in.text("text"), Contact: in.text("contact"), Due: in.date("due", "上报期限"), Rows: collection.RowsKind(in.text("rows")), Columns: columnsTyped(v), Hazard: hazard, Category: in.text("category"), Uploads: uploads}
		err = in.with(func(ctx context.Context) (err error) {
			doc, err = do(ctx, v, task)
			return err
		})
	}
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showCollectionForm(c, by, v, refused, "")
	}
	if err != nil {
		return err
	}
	return seeOther(c, collectionPath(doc.ID)+next)
}

// editCollection shows the form of a task that was not sent.
func (s *Server) editCollection(c *fiber.Ctx, by policy.Actor) error {
	task, err := s.collections.Task(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	t := &task.State
	if !t.Can(collection.StepEdit) || !task.Manages {
		return seeOther(c, collectionPath(task.ID))
	}
	v := url.Values{"seq": {strconv.FormatInt(task.Seq, 10)}, "title": {t.Title}, "text": {t.Text}, "contact": {t.Contact}, "due": {lastDayText(t.Due.Due)}, "rows": {string(t.Rows)}, "category": {t.Category}}
	var in []collection.ColumnInput
	for i, place := range collection.Standing(t.Columns) {
		if t.Columns[place].ID == t.Hazard {
			v.Set("hazard", strconv.Itoa(i+1))
		}
		in = append(in, collection.InputOf(t.Columns[place]))
	}
	putColumns(v, in)
	for _, f := range t.Files {
		v.Add("attached", f.Name)
	}
	return s.showCollectionForm(c, by, v, nil, "")
}

func lastDayText(d calendar.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// reviseForm shows the form of another version of the columns.
func (s *Server) reviseForm(c *fiber.Ctx, by policy.Actor) error {
	return s.showRevise(c, by, nil, nil)
}

func (s *Server) showRevise(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	task, err := s.collections.Task(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	t := &task.State
	if !task.Manages || !t.Can(collection.StepRevise) {
		return seeOther(c, collectionPath(task.ID))
	}
	f := collectionFormView{Path: collectionPath(task.ID) + "/revise", Back: collectionPath(task.ID), Button: "启用新的表样", Title: "修改表样：" + t.Title, Seq: task.Seq, Key: newKey(),
		Note: "删去一栏请清空名称；改动一栏就是换一栏。已经报了的保留原来填的，只请它们补填新的栏目；还没有报的直接填新表。"}
	in := columnsTyped(typed)
	if typed == nil {
		for _, place := range collection.Standing(t.Columns) {
			in = append(in, collection.InputOf(t.Columns[place]))
		}
	} else {
		f.Seq = seqOf(typed.Get("seq"))
	}
	f.Columns = columnForms(in, refused)
	f.After = withErrors([]field{{Name: "why", Label: "为什么改", Type: "text", Autocomplete: "off", Value: typed.Get("why")}}, refused)
	p := page{Title: f.Title, Nav: collectionsPath, Data: f, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "collection_form", p)
	}
	return s.render(c, by, "collection_form", p)
}

// reviseCollection gives a task another version of its form.
func (s *Server) reviseCollection(c *fiber.Ctx, by policy.Actor) error {
	v := formValues(c)
	_, err := s.collections.Revise(c.UserContext(), by, collectionAt(c), columnsTyped(v), v.Get("why"))
	if refused := fault.FieldsOf(err); fault.Is(err, fault.Invalid) && len(refused) > 0 {
		return s.showRevise(c, by, v, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, collectionPath(c.Params("id"))+"?done=revise")
}

// cellField is the control of a column.
func cellField(c collection.Column, value string, compounds []collection.Compound) field {
	out := field{Name: c.ID, Label: c.Title, Hint: c.Hint, Value: value, Type: "text", Autocomplete: "off", Optional: !c.Required}
	switch c.Kind {
	case collection.KindLong:
		out.Rows = 3
	case collection.KindWhole:
		out.Mode = "numeric"
	case collection.KindDecimal, collection.KindMoney:
		out.Mode = "decimal"
		if c.Kind == collection.KindMoney {
			out.Label += "（元）"
		}
	case collection.KindDate:
		out.Type = "date"
	case collection.KindPhone:
		out.Mode = "tel"
	case collection.KindProject:
		out.Options = []option{{"", "请选择"}}
		for _, one := range compounds {
			out.Options = append(out.Options, option{one.ID, one.Text})
		}
	}
	if words := c.Choices(); len(words) > 0 {
		var list []registry.Choice
		for _, w := range words {
			list = append(list, registry.Choice{ID: w, Text: w})
		}
		out.Options = choicesOf("请选择", list)
	}
	return out
}
