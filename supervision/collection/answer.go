package collection

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// step takes a step of an answer.
func (s *Service) step(ctx context.Context, by policy.Actor, at casework.At, do SheetStep, f func(t *Task, a *Sheet) error) (store.Doc[Sheet], error) {
	const op = "collection.step"
	scope, err := s.sheets.Scope(ctx, by, do.Action())
	if err != nil {
		return store.Doc[Sheet]{}, err
	}
	return s.sheets.Change(ctx, by, do.Action(), at, do.Title(), func(a *Sheet) error {
		whose, message := []string{a.To.Key()}, "这张表由"+a.To.Name+"签收和填报"
		if do.Action() == policy.SendCollection {
			whose, message = a.Owner, "这个任务不是你的单位下发的，由下发单位办理"
		}
		if !scope.Covers(whose, a.Day) {
			return &fault.Error{Op: op, Kind: fault.Forbidden, Message: message, Rule: "收表任务由下发单位管理，由填报单位填报"}
		}
		doc, err := s.tasks.Docs.Load(ctx, a.Task)
		if err != nil {
			return err
		}
		if doc.State.State != Running {
			return fault.New(op, fault.Conflict, "这个任务"+doc.State.State.Title()+"，不能再"+do.Title())
		}
		next, err := a.next(do)
		if err != nil {
			return err
		}
		if err := f(&doc.State, a); err != nil {
			return err
		}
		a.State, a.Last = next, do
		return nil
	})
}

// see acknowledges every reminder.
func (a *Sheet) see(hand supervision.Hand) {
	list := slices.Clone(a.Reminded)
	for i := range list {
		if list[i].Seen == nil {
			list[i].Seen = &hand
		}
	}
	a.Reminded = list
}

// Sign signs for a task (签收): person and moment are kept. Returns Forbidden without FillCollection and for another unit, NotFound outside the scope, Conflict if it was signed for, has ended, or somebody was quicker.
func (s *Service) Sign(ctx context.Context, by policy.Actor, at casework.At) (store.Doc[Sheet], error) {
	return s.step(ctx, by, at, SheetSign, func(_ *Task, a *Sheet) error {
		hand := s.hand(by, policy.FillCollection)
		a.Receipt = &hand
		a.see(hand)
		return nil
	})
}

// See acknowledges the reminders of an answer. Returns as Sign, Conflict if there is none.
func (s *Service) See(ctx context.Context, by policy.Actor, at casework.At) (store.Doc[Sheet], error) {
	return s.step(ctx, by, at, SheetSeen, func(_ *Task, a *Sheet) error {
		if a.Unseen() == 0 {
			return fault.New("collection.See", fault.Conflict, "没有还没确认的催报")
		}
		a.see(s.hand(by, policy.FillCollection))
		return nil
	})
}

// Fill is what the form of one row says.
type Fill struct {
	// Row is the id of the row, "" for a new one.
	Row string
	// Values are what was typed, by id of the column; a column that is not named stays as it is.
	Values map[string]string
	// Drop takes the row out.
	Drop bool
	// File sends the answer when the row is kept.
	File bool
}

// Save keeps one row of an answer that is being written, and with File sends it. Returns as Sign, Invalid for refused fields (ids of columns, rows), Conflict for an answer that was sent and whose deadline has passed.
func (s *Service) Save(ctx context.Context, by policy.Actor, at casework.At, in Fill) (store.Doc[Sheet], error) {
	do := SheetSave
	if in.File {
		do = SheetFile
	}
	return s.step(ctx, by, at, do, func(t *Task, a *Sheet) error {
		if err := s.stillOpen(t, a); err != nil {
			return err
		}
		rows, err := s.working(ctx, t, a)
		if err != nil {
			return err
		}
		if rows, err = s.put(ctx, t, a, rows, in); err != nil {
			return err
		}
		if do == SheetSave {
			a.Draft, a.Drafted = rows, true
			return fits(a.Draft)
		}
		return s.send(ctx, by, t, a, rows)
	})
}

// File sends an answer as it stands. Returns as Save.
func (s *Service) File(ctx context.Context, by policy.Actor, at casework.At) (store.Doc[Sheet], error) {
	return s.step(ctx, by, at, SheetFile, func(t *Task, a *Sheet) error {
		if err := s.stillOpen(t, a); err != nil {
			return err
		}
		rows, err := s.working(ctx, t, a)
		if err != nil {
			return err
		}
		return s.send(ctx, by, t, a, rows)
	})
}

// stillOpen refuses to change what was sent once the deadline has passed; what was never sent comes late.
func (s *Service) stillOpen(t *Task, a *Sheet) error {
	if a.State == Filed && t.Due.Late(s.Now()) {
		return fault.New("collection.stillOpen", fault.Conflict, "上报期限"+t.Due.Due.Chinese()+"已经过了，已报的表不能再改；确实要改的，请下发单位退回")
	}
	return nil
}

// working are the rows as they are being written: the draft, else what was sent, else what the registers hold.
func (s *Service) working(ctx context.Context, t *Task, a *Sheet) ([]Row, error) {
	if a.Drafted {
		return a.Draft, nil
	}
	if a.First == nil {
		rows, err := s.prepared(ctx, t, a.To, s.Today())
		for i := range rows {
			rows[i].ID = "r1"
			if rows[i].Project != "" {
				rows[i].ID = rows[i].Project
			}
		}
		return rows, err
	}
	if a.State != Partial {
		return a.Rows, nil
	}
	// What is new may be known.
	rows := slices.Clone(a.Rows)
	for i := range rows {
		fresh, err := s.prepare(ctx, t, a.To, rows[i].Project, s.Today())
		if err != nil {
			return nil, err
		}
		for n, c := range t.Columns {
			if c.Stands() && c.Since > a.Version {
				rows[i].Set(t.Columns, n, fresh.At(n))
			}
		}
	}
	return rows, nil
}

// Asks reports whether a column is asked of an answer now: all of them, or those that came after it was sent.
func (a *Sheet) Asks(c Column) bool {
	return c.Stands() && (a.State != Partial || c.Since > a.Version)
}

// put writes one row.
func (s *Service) put(ctx context.Context, t *Task, a *Sheet, rows []Row, in Fill) ([]Row, error) {
	const op = "collection.put"
	rows = slices.Clone(rows)
	at := slices.IndexFunc(rows, func(r Row) bool { return r.ID == in.Row })
	switch {
	case in.Row != "" && at < 0:
		return nil, fault.New(op, fault.Conflict, "这一行已经不在表里，请刷新后再填")
	case (in.Row == "" || in.Drop) && (t.Rows != RowsMany || a.State == Partial):
		return nil, fault.New(op, fault.Conflict, "这张表的行数是定好的，不能加行和删行")
	case in.Drop && a.MatterOf(in.Row) != "":
		return nil, fault.New(op, fault.Conflict, "这一行已经转为事项，不能删除")
	case in.Drop:
		return slices.Delete(rows, at, at+1), nil
	case in.Row == "":
		row, err := s.prepare(ctx, t, a.To, "", s.Today())
		if err != nil {
			return nil, err
		}
		a.Counter++
		row.ID = "r" + strconv.FormatInt(a.Counter, 10)
		at, rows = len(rows), append(rows, row)
	}
	compounds, err := s.mayName(ctx, t, a)
	if err != nil {
		return nil, err
	}
	var bad []fault.Field
	for n, c := range t.Columns {
		text, said := in.Values[c.ID]
		if !said || !a.Asks(c) {
			continue
		}
		kept, wrong := read(c, text, compounds)
		if wrong != "" {
			bad = append(bad, fault.Field{Name: c.ID, Message: wrong})
			continue
		}
		rows[at].Set(t.Columns, n, kept)
	}
	if len(bad) > 0 {
		return nil, fault.InvalidFields(op, bad...)
	}
	return rows, nil
}

// mayName are the compounds that a column of the answer may name; nil if no column does.
func (s *Service) mayName(ctx context.Context, t *Task, a *Sheet) ([]Compound, error) {
	if !slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Kind == KindProject && c.Stands() }) {
		return nil, nil
	}
	return s.compounds(ctx, a.To, s.Today())
}

// read is Column.Read with the compounds that may be named, by id or name.
func read(c Column, text string, compounds []Compound) (kept, wrong string) {
	kept, wrong = c.Read(text)
	if wrong != "" || kept == "" || c.Kind != KindProject {
		return kept, wrong
	}
	for _, one := range compounds {
		if one.ID == kept || one.Text == kept {
			return one.ID, ""
		}
	}
	return "", fmt.Sprintf("%s“%s”不是你单位现在的小区，请按登记的名称填", c.Title, short(text))
}

// send checks the whole answer and sends it.
func (s *Service) send(ctx context.Context, by policy.Actor, t *Task, a *Sheet, rows []Row) error {
	compounds, err := s.mayName(ctx, t, a)
	if err != nil {
		return err
	}
	if bad := checkRows(t, a, rows, compounds); len(bad) > 0 {
		return fault.InvalidFields("collection.send", bad...)
	}
	if err := fits(rows); err != nil {
		return err
	}
	hand := s.hand(by, policy.FillCollection)
	if a.First == nil {
		a.First, a.Late = &hand, t.Due.Late(s.Now())
	}
	a.Filed, a.Rows, a.Version, a.Reason = &hand, rows, t.Version, ""
	a.Draft, a.Drafted = nil, false
	a.see(hand)
	return nil
}

// checkRows is what is wrong with an answer as a whole. The faults are named “rows”, with the row and the column in their words.
func checkRows(t *Task, a *Sheet, rows []Row, compounds []Compound) []fault.Field {
	var bad []fault.Field
	fail := func(message string) { bad = append(bad, fault.Field{Name: "rows", Message: message}) }
	if len(rows) == 0 && t.Rows == RowsProject {
		fail("你单位现在没有小区，请联系下发单位免报")
	}
	for i := range rows {
		r := &rows[i]
		if t.Rows == RowsMany && r.blank() {
			fail(fmt.Sprintf("第 %d 行是空的，请填写或者删除", i+1))
			continue
		}
		for n, c := range t.Columns {
			if !a.Asks(c) {
				continue
			}
			if _, wrong := read(c, c.Typed(r.At(n)), compounds); wrong != "" {
				if len(rows) > 1 || t.Rows == RowsMany {
					wrong = fmt.Sprintf("第 %d 行：%s", i+1, wrong)
				}
				fail(wrong)
			}
		}
	}
	const shown = 20
	if len(bad) > shown {
		rest := len(bad) - shown
		bad = append(bad[:shown:shown], fault.Field{Name: "rows", Message: fmt.Sprintf("另有 %d 处要改", rest)})
	}
	return bad
}

// fits refuses an answer that is too large for one record.
func fits(rows []Row) error {
	if len(rows) > MaxRows {
		return fault.InvalidFields("collection.fits", fault.Field{Name: "rows", Message: fmt.Sprintf("这张表有 %d 行，最多 %d 行；更多的请分成几个任务收", len(rows), MaxRows)})
	}
	size := 0
	for i := range rows {
		size += len(rows[i].ID) + len(rows[i].Project) + 40
		for _, text := range rows[i].Cells {
			size += len(text) + 3
		}
		for _, p := range rows[i].Personal {
			size += 2*len(p.Text) + 100
		}
	}
	if size > maxBytes {
		return fault.InvalidFields("collection.fits", fault.Field{Name: "rows", Message: fmt.Sprintf("这张表的内容有 %d KB，最多 %d KB，请写简短一些，或者分成几个任务收", size>>10, maxBytes>>10)})
	}
	return nil
}

// Line is one row of a workbook as read.
type Line struct {
	// Number is the row in the sheet, Project the compound as it is called there.
	Number  int64
	Project string
	// Values are the texts by id of the column.
	Values map[string]string
}

// LineFault is a refused cell of a workbook: row of the sheet and id of the column, ProjectField, or "" for the row.
type LineFault struct {
	Row            int64
	Field, Message string
}

// ProjectField names the column of a workbook that says which compound a row is about.
const ProjectField = "project"

// FromLines makes the rows of an answer of a workbook, or says everything that is wrong with it: then nothing of it counts. Rows that say the same keep their names, so that what became a matter stays known. Returns as Save, without writing anything.
func (s *Service) FromLines(ctx context.Context, by policy.Actor, id string, lines []Line) ([]Row, []LineFault, error) {
	doc, t, err := s.own(ctx, by, id)
	if err != nil {
		return nil, nil, err
	}
	return s.fromLines(ctx, t, &doc.State, lines)
}

// own is an answer that the actor's unit gives, with its task.
func (s *Service) own(ctx context.Context, by policy.Actor, id string) (store.Doc[Sheet], *Task, error) {
	scope, err := s.sheets.Scope(ctx, by, policy.FillCollection)
	if err != nil {
		return store.Doc[Sheet]{}, nil, err
	}
	doc, err := s.sheets.In(ctx, by, scope, id)
	if err != nil {
		return doc, nil, err
	}
	if !scope.Covers([]string{doc.State.To.Key()}, doc.State.Day) {
		return doc, nil, fault.New("collection.own", fault.NotFound, "没有找到这张表")
	}
	t, err := s.tasks.Docs.Load(ctx, doc.State.Task)
	return doc, &t.State, err
}

func (s *Service) fromLines(ctx context.Context, t *Task, a *Sheet, lines []Line) (rows []Row, bad []LineFault, err error) {
	fail := func(row int64, field, format string, args ...any) {
		bad = append(bad, LineFault{row, field, fmt.Sprintf(format, args...)})
	}
	if len(lines) > MaxRows {
		return nil, nil, fits(make([]Row, len(lines)))
	}
	before, err := s.working(ctx, t, a)
	if err != nil {
		return nil, nil, err
	}
	compounds, err := s.compounds(ctx, a.To, s.Today())
	if err != nil {
		return nil, nil, err
	}
	if t.Rows == RowsOne && len(lines) > 1 {
		fail(lines[1].Number, "", "这张表只填一行，文件里有 %d 行", len(lines))
	}
	if t.Rows == RowsMany && a.State == Partial && len(lines) != len(before) {
		fail(0, "", "只要补填新的栏目：文件里有 %d 行，已报的有 %d 行，请用下载的模板填", len(lines), len(before))
	}
	seen := map[string]bool{}
	for i, line := range lines {
		row := Row{}
		switch t.Rows {
		case RowsProject:
			at := slices.IndexFunc(compounds, func(c Compound) bool { return c.Text == line.Project || c.ID == line.Project })
			switch {
			case line.Project == "":
				fail(line.Number, ProjectField, "小区没有填写")
				continue
			case at < 0:
				fail(line.Number, ProjectField, "小区“%s”不是你单位现在的小区，请用下载的模板填", short(line.Project))
				continue
			case seen[compounds[at].ID]:
				fail(line.Number, ProjectField, "小区“%s”出现两次", line.Project)
				continue
			}
			seen[compounds[at].ID] = true
			row.Project = compounds[at].ID
			row = rowOf(before, row.Project)
		case RowsOne:
			row = rowOf(before, "r1")
		default:
			if a.State == Partial && i < len(before) {
				row = before[i]
			}
		}
		for n, c := range t.Columns {
			if !a.Asks(c) {
				continue
			}
			kept, wrong := read(c, line.Values[c.ID], compounds)
			if wrong != "" {
				fail(line.Number, c.ID, "%s", wrong)
				continue
			}
			row.Set(t.Columns, n, kept)
		}
		rows = append(rows, row)
	}
	if t.Rows == RowsProject {
		for _, r := range before {
			at := slices.IndexFunc(compounds, func(c Compound) bool { return c.ID == r.Project })
			switch {
			case at >= 0 && !seen[r.Project]:
				fail(0, "", "少了“%s”这一行", compounds[at].Text)
			case at < 0 && a.State == Partial:
				rows = append(rows, r) // it answered for a compound that it does not serve any more
			}
		}
	}
	if t.Rows == RowsOne && len(lines) == 0 {
		fail(0, "", "文件里没有填写的行")
	}
	if len(bad) > 0 {
		return nil, bad, nil
	}
	if t.Rows == RowsMany && a.State != Partial {
		name(before, rows, &a.Counter)
	}
	return rows, nil, fits(rows)
}

// rowOf is the row of that name, or a new one.
func rowOf(rows []Row, id string) Row {
	for _, r := range rows {
		if r.ID == id {
			return r
		}
	}
	r := Row{ID: id}
	if id != "r1" {
		r.Project = id
	}
	return r
}

// name gives rows that come anew the names of those that say the same, then of those at the same place, then new ones.
func name(before, rows []Row, counter *int64) {
	taken := map[string]bool{}
	same := func(a, b *Row) bool { return a.says() == b.says() }
	for i := range rows {
		for k := range before {
			if !taken[before[k].ID] && same(&rows[i], &before[k]) {
				rows[i].ID = before[k].ID
				taken[rows[i].ID] = true
				break
			}
		}
	}
	for i := range rows {
		if rows[i].ID == "" && i < len(before) && !taken[before[i].ID] {
			rows[i].ID = before[i].ID
			taken[rows[i].ID] = true
		}
	}
	for i := range rows {
		if rows[i].ID == "" {
			*counter++
			rows[i].ID = "r" + strconv.FormatInt(*counter, 10)
		}
	}
}

// says is what stands in a row, for comparing.
func (r *Row) says() string {
	var b strings.Builder
	for _, text := range trimmed(r.Cells) {
		b.WriteString(text + "\x00")
	}
	list := slices.Clone(r.Personal)
	slices.SortFunc(list, func(a, b Personal) int { return int(a.At - b.At) })
	for _, p := range list {
		fmt.Fprintf(&b, "%d\x01%s\x00", p.At, p.Text)
	}
	return b.String()
}

// FileLines sends an answer as a workbook says it. Returns as Save, Invalid (rows) if something of it is wrong: then nothing of it counts.
func (s *Service) FileLines(ctx context.Context, by policy.Actor, at casework.At, lines []Line) (store.Doc[Sheet], error) {
	return s.step(ctx, by, at, SheetFile, func(t *Task, a *Sheet) error {
		if err := s.stillOpen(t, a); err != nil {
			return err
		}
		rows, bad, err := s.fromLines(ctx, t, a, lines)
		if err != nil {
			return err
		}
		if len(bad) > 0 {
			out := make([]fault.Field, len(bad))
			for i, b := range bad {
				out[i] = fault.Field{Name: "rows", Message: b.Message}
				if b.Row > 0 {
					out[i].Message = fmt.Sprintf("第 %d 行：%s", b.Row, b.Message)
				}
			}
			return fault.InvalidFields("collection.FileLines", out...)
		}
		return s.send(ctx, by, t, a, rows)
	})
}

// Return returns an answer to be corrected, with a reason. Returns Forbidden without SendCollection and for another office, NotFound outside the scope, Invalid (text), Conflict if there is no answer or somebody was quicker.
func (s *Service) Return(ctx context.Context, by policy.Actor, at casework.At, why string) (store.Doc[Sheet], error) {
	return s.step(ctx, by, at, SheetReturn, func(_ *Task, a *Sheet) error {
		f := s.Check()
		f.Text("text", "要改什么", &why, leastWords, maxHint)
		a.Reason = why
		return f.Err()
	})
}

// Lift frees a unit of answering, with a reason: it serves nothing any more, or answered elsewhere. Returns as Return.
func (s *Service) Lift(ctx context.Context, by policy.Actor, at casework.At, why string) (store.Doc[Sheet], error) {
	return s.step(ctx, by, at, SheetLift, func(_ *Task, a *Sheet) error {
		f := s.Check()
		f.Text("text", "免报的理由", &why, leastWords, maxHint)
		a.Reason = why
		a.Draft, a.Drafted = nil, false
		return f.Err()
	})
}

// Pass makes a matter of a row that tells of a hazard, once; a second time gives the same. Returns as Return, Invalid (rows) if the row tells of none or where it is cannot be said.
func (s *Service) Pass(ctx context.Context, by policy.Actor, at casework.At, row string) (store.Doc[Sheet], error) {
	const op = "collection.Pass"
	return s.step(ctx, by, at, SheetPass, func(t *Task, a *Sheet) error {
		i := slices.IndexFunc(a.Rows, func(r Row) bool { return r.ID == row })
		switch {
		case i < 0:
			return fault.New(op, fault.Conflict, "这一行已经不在表里，请刷新后再办")
		case a.MatterOf(row) != "":
			return fault.New(op, fault.Conflict, "这一行已经转为事项")
		case !Tells(t, &a.Rows[i]):
			return fault.InvalidFields(op, fault.Field{Name: "rows", Message: "这一行没有写隐患"})
		}
		place, _, _ := t.Column(t.Hazard)
		h := supervision.Hazard{Key: at.ID + "/" + row, From: at.ID, Category: t.Category, Project: a.Rows[i].about(t.Columns), Where: "见填报内容", Words: "收表“" + t.Title + "”，" + a.To.Name + "填报：" + a.Rows[i].At(place)}
		if h.Project == "" && a.To.Kind == ToCommunity {
			h.Community = a.To.ID
		}
		if h.Project == "" && h.Community == "" {
			return fault.InvalidFields(op, fault.Field{Name: "rows", Message: "这一行没有写是哪个小区，不能转为事项，请退回补充"})
		}
		id, err := s.Matters.Admit(ctx, by, h)
		if err != nil {
			return err
		}
		a.Matters = append(slices.Clone(a.Matters), Passed{Row: row, Matter: id, By: s.hand(by, policy.SendCollection)})
		return nil
	})
}

// nothing is how people say that there is nothing to tell.
var nothing = []string{"", "无", "没有", "无隐患", "未发现", "未发现隐患", "暂无", "正常", "/", "-", "—"}

// Tells reports whether a row tells of a hazard.
func Tells(t *Task, r *Row) bool {
	place, _, ok := t.Column(t.Hazard)
	return ok && !slices.Contains(nothing, strings.TrimRight(strings.TrimSpace(r.At(place)), "。."))
}
