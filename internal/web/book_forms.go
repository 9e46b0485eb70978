package web

import (
	"cmp"
	"context"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/imports"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry"
)

// entryFieldOf is the control of a column.
func (s *Server) entryFieldOf(ctx context.Context, by policy.Actor, f registry.BookField, community, value string) (field, error) {
	out := field{Name: f.ID, Label: f.Label, Hint: f.Hint, Value: value, Type: "text", Optional: !f.Required}
	switch f.Kind {
	case registry.FieldDate:
		out.Type = "date"
	case registry.FieldLong:
		out.Rows = 4
	case registry.FieldWhole:
		out.Mode = "numeric"
	case registry.FieldDecimal, registry.FieldMoney:
		out.Mode = "decimal"
	case registry.FieldPhone:
		out.Type, out.Mode = "text", "tel"
	case registry.FieldHours:
		if out.Hint == "" {
			out.Hint = "例如 08:30-17:30"
		}
	case registry.FieldChoice, registry.FieldCheck:
		out.Options = choicesOf("请选择", f.Words())
	case registry.FieldFirm:
		firms, err := s.registered.FirmChoices(ctx)
		if err != nil {
			return out, err
		}
		out.Options = choicesOf("请选择", firms)
	case registry.FieldProject:
		if community == "" {
			out.Type, out.Hint = "text", cmp.Or(out.Hint, "本社区已登记的小区名称")
			return out, nil
		}
		projects, err := s.projectsOf(ctx, by, community)
		if err != nil {
			return out, err
		}
		out.Options = choicesOf("请选择", projects)
	case registry.FieldRef:
		rows, err := s.stations.Books.RefChoices(ctx, by, f.Of, community)
		if err != nil {
			return out, err
		}
		out.Options = choicesOf("请选择", rows)
	case registry.FieldHelper:
		givers, err := s.stations.Books.GiverChoices(ctx, by, community)
		if err != nil {
			return out, err
		}
		out.Options = choicesOf("请选择", givers)
	}
	return out, nil
}

// projectsOf are the projects of a community that the actor sees, by name.
func (s *Server) projectsOf(ctx context.Context, by policy.Actor, community string) ([]registry.Choice, error) {
	var out []registry.Choice
	err := s.registered.AllProjects(ctx, by, registry.ProjectQuery{Community: community}, func(r registry.ProjectRow) error {
		out = append(out, registry.Choice{ID: r.ID, Text: r.Name})
		return nil
	})
	return out, err
}

// entryAt is the row of a form; none for a new one.
func (s *Server) entryAt(c *fiber.Ctx, by policy.Actor, p *bookPage) (registry.EntryRow, error) {
	if c.Params("id") == "" {
		return registry.EntryRow{}, nil
	}
	return s.stations.Books.OneEntry(c.UserContext(), by, p.ID, c.Params("id"))
}

// describeEntry describes the form of a row: what stands there, or with typed what was typed.
func (s *Server) describeEntry(c *fiber.Ctx, by policy.Actor, p *bookPage, row registry.EntryRow, typed bool) (entry, error) {
	ctx := c.UserContext()
	e := entry{title: "登记" + p.Title, nav: p.nav, entryView: entryView{Crumbs: p.crumbs(), Intro: p.About, Address: p.Path + "/new", Seq: row.Seq, Button: "登记", Back: p.Path}}
	community := row.Community
	if row.ID != "" {
		e.title, e.Address, e.Button, e.Back = "修改"+row.Name, p.Path+"/"+row.ID+"/edit", "保存", p.Path+"/"+row.ID
		e.Crumbs = p.crumbs(crumb{row.Name, e.Back})
		e.Intro = row.CommunityName
	} else if p.Placed() {
		list, err := s.stations.Books.WritableCommunities(ctx, by, p.ID)
		if err != nil {
			return e, err
		}
		community = c.Query("community")
		if typed {
			community = c.FormValue("community")
		}
		options := []option{{"", "请选择"}}
		for _, d := range list {
			options = append(options, option{d.ID, d.Display})
		}
		if len(list) == 1 {
			options, community = options[1:], list[0].ID
		}
		e.Form = append(e.Form, field{Name: "community", Label: "社区", Options: options, Value: community})
	}
	for _, f := range p.Fields {
		value := row.Values[f.ID]
		if typed {
			value = c.FormValue(f.ID)
		}
		control, err := s.entryFieldOf(ctx, by, f, community, value)
		if err != nil {
			return e, err
		}
		if row.ID == "" && (f.Kind == registry.FieldRef || f.Kind == registry.FieldHelper) && community == "" {
			// The rows of a community are known once it is; until then the name is typed.
			control.Options, control.Type, control.Hint = nil, "text", "本社区已登记的名称"
		}
		e.Form = append(e.Form, control)
	}
	if p.Proposal {
		e.Notes = append(e.Notes, "栏目是建议稿，系统管理员可以在 books.yaml 里改成本地的。")
	}
	e.Notes = append(e.Notes, "登记错了可以改，也可以撤下；撤下的还能恢复，每次都留下记录。")
	return e, nil
}

// entryForm shows the form of a new row or of one that is there.
func (s *Server) entryForm(c *fiber.Ctx, by policy.Actor, p *bookPage) error {
	row, err := s.entryAt(c, by, p)
	if err != nil {
		return err
	}
	e, err := s.describeEntry(c, by, p, row, false)
	if err != nil {
		return err
	}
	return s.showEntry(c, by, e, nil)
}

// entryValues are the columns as typed.
func entryValues(c *fiber.Ctx, p *bookPage) map[string]string {
	out := map[string]string{}
	for _, f := range p.Fields {
		out[f.ID] = c.FormValue(f.ID)
	}
	return out
}

// createEntry adds a row.
func (s *Server) createEntry(c *fiber.Ctx, by policy.Actor, p *bookPage) error {
	id, err := s.stations.Books.CreateEntry(c.UserContext(), by, p.ID, c.FormValue("community"), entryValues(c, p))
	return s.settledEntry(c, by, p, registry.EntryRow{}, err, p.Path+"/"+id)
}

// correctEntry corrects a row.
func (s *Server) correctEntry(c *fiber.Ctx, by policy.Actor, p *bookPage) error {
	row, err := s.entryAt(c, by, p)
	if err != nil {
		return err
	}
	row.Seq = formSeq(c)
	err = s.stations.Books.ChangeEntry(c.UserContext(), by, row.ID, row.Seq, entryValues(c, p))
	return s.settledEntry(c, by, p, row, err, p.Path+"/"+row.ID)
}

// settledEntry answers a form of a row.
func (s *Server) settledEntry(c *fiber.Ctx, by policy.Actor, p *bookPage, row registry.EntryRow, err error, address string) error {
	if err == nil {
		return seeOther(c, address)
	}
	e, formErr := s.describeEntry(c, by, p, row, true)
	if formErr != nil {
		return formErr
	}
	return s.settled(c, by, e, err, p.Key[0], address)
}

// entryWithdrawal describes the form that takes a row out or brings it back.
func (s *Server) entryWithdrawal(c *fiber.Ctx, p *bookPage, row registry.EntryRow) entry {
	verb, intro := "撤下", "撤下以后不再统计，也不在列表里显示；在“已撤下”里可以恢复。"
	if row.Withdrawn {
		verb, intro = "恢复", "恢复以后重新统计和显示。"
	}
	at := p.Path + "/" + row.ID
	return entry{title: verb + row.Name, nav: p.nav, entryView: entryView{Crumbs: p.crumbs(crumb{row.Name, at}), Intro: intro, Address: at + "/withdraw", Seq: row.Seq,
		Form: []field{reasonField(c, verb+"的原因", "会记入变更日志")}, Button: verb, Back: at}}
}

// withdrawForm asks for the reason.
func (s *Server) withdrawForm(c *fiber.Ctx, by policy.Actor, p *bookPage) error {
	row, err := s.entryAt(c, by, p)
	if err != nil {
		return err
	}
	return s.showEntry(c, by, s.entryWithdrawal(c, p, row), nil)
}

// withdrawEntry takes a row out or brings it back.
func (s *Server) withdrawEntry(c *fiber.Ctx, by policy.Actor, p *bookPage) error {
	row, err := s.entryAt(c, by, p)
	if err != nil {
		return err
	}
	err = s.stations.Books.WithdrawEntry(c.UserContext(), by, row.ID, formSeq(c), c.FormValue("reason"), row.Withdrawn)
	return s.settled(c, by, s.entryWithdrawal(c, p, row), err, "reason", p.Path+"/"+row.ID)
}

// entryFact is one line of a row: label and text.
type entryFact struct{ Label, Text string }

// entryOneView is what book_entry.html shows.
type entryOneView struct {
	*bookPage
	Crumbs   []crumb
	Row      registry.EntryRow
	Line     bookLine
	Facts    []entryFact
	Files    []link
	History  []step
	CanWrite bool
	FileForm []field
	// Named are the rows of other books that name this one, by book.
	Named []namingRows
	// Replaces and ReplacedBy lead to the papers beside this one.
	Replaces, ReplacedBy []link
}

// bookEntry shows one row.
func (s *Server) bookEntry(c *fiber.Ctx, by policy.Actor, p *bookPage) error {
	return s.showBookEntry(c, by, p, nil)
}

func (s *Server) showBookEntry(c *fiber.Ctx, by policy.Actor, p *bookPage, refused []fault.Field) error {
	ctx := c.UserContext()
	row, err := s.stations.Books.OneEntry(ctx, by, p.ID, c.Params("id"))
	if err != nil {
		return err
	}
	v := entryOneView{bookPage: p, Crumbs: p.crumbs(), Row: row, Line: p.line(row, s.registered.On(c.UserContext()).Compare(row.Ends) > 0)}
	for _, f := range p.Fields {
		text := row.Texts[f.ID]
		if isNumber(f) {
			text = grouped(text)
		}
		if text != "" {
			v.Facts = append(v.Facts, entryFact{f.Label, text})
		}
	}
	for n, f := range row.Files {
		v.Files = append(v.Files, link{f.Name, p.Path + "/" + row.ID + "/files/" + count(n)})
	}
	if v.CanWrite, err = s.stations.Books.MayWriteEntry(ctx, by, row); err != nil {
		return err
	}
	if v.CanWrite {
		v.FileForm = withErrors([]field{{Name: "file", Label: "文件（PDF、JPG 或 PNG）"}}, refused)
		changes, err := s.stations.Books.EntryHistory(ctx, by, p.ID, row.ID)
		if err != nil {
			return err
		}
		for _, ch := range changes {
			label := dateTime(ch.At)
			if ch.Why != "" {
				label += "，" + ch.Why
			}
			v.History = append(v.History, step{"done", label, strings.Join(ch.Changed, "；")})
		}
	}
	if v.Named, err = s.rowsNaming(ctx, by, row); err != nil {
		return err
	}
	if p.ID == registry.BookPapers {
		if v.Replaces, v.ReplacedBy, err = s.papersBeside(ctx, by, row); err != nil {
			return err
		}
	}
	return s.render(c, by, "book_entry", page{Title: row.Name, Nav: p.nav, Data: v, Fields: refused})
}

// namingRows are the rows of one book that name another row, the latest first.
type namingRows struct {
	Title string
	Rows  []namingRow
}

type namingRow struct{ Path, Name, Text string }

// mostNaming is how many rows of one book the page of another row lists.
const mostNaming = 30

// rowsNaming are the rows of other books that name a row of a community, as far as the actor may see them.
func (s *Server) rowsNaming(ctx context.Context, by policy.Actor, row registry.EntryRow) ([]namingRows, error) {
	var out []namingRows
	for _, book := range s.stations.Books.Set().All() {
		path, _ := bookAt(&book)
		if read, _ := book.Actions(); s.off(path) || !s.guard.Allow(by, read) {
			continue
		}
		for _, f := range book.Fields {
			key := row.ID
			if f.Kind == registry.FieldHelper {
				key = registry.HelperPrefix + row.ID
			}
			if !f.Names(row.Book.ID) || row.Community == "" {
				continue
			}
			found := namingRows{Title: book.Title}
			err := s.stations.Books.AllEntries(ctx, by, registry.EntryQuery{Book: book.ID, Community: row.Community, Sort: book.Day, Desc: true}, func(other registry.EntryRow) error {
				if other.Values[f.ID] != key || len(found.Rows) == mostNaming {
					return nil
				}
				var texts []string
				for _, column := range book.Fields {
					if text := other.Texts[column.ID]; text != "" && column.ID != f.ID {
						texts = append(texts, column.Label+" "+text)
					}
				}
				found.Rows = append(found.Rows, namingRow{path + "/" + other.ID, other.Name, strings.Join(texts, "，")})
				return nil
			})
			if err != nil {
				return nil, err
			}
			if len(found.Rows) > 0 {
				out = append(out, found)
			}
		}
	}
	return out, nil
}

// papersBeside are the papers that one replaces, and those that replace it, as far as the actor may see them.
func (s *Server) papersBeside(ctx context.Context, by policy.Actor, row registry.EntryRow) (replaces, replacedBy []link, err error) {
	err = s.stations.Books.AllEntries(ctx, by, registry.EntryQuery{Book: registry.BookPapers, Text: row.Values["number"]}, func(other registry.EntryRow) error {
		if other.Values["replaces"] == row.Values["number"] {
			replacedBy = append(replacedBy, link{other.Name + " " + other.Values["title"], papersPath + "/" + other.ID})
		}
		return nil
	})
	if err != nil || row.Values["replaces"] == "" {
		return nil, replacedBy, err
	}
	err = s.stations.Books.AllEntries(ctx, by, registry.EntryQuery{Book: registry.BookPapers, Text: row.Values["replaces"]}, func(other registry.EntryRow) error {
		if other.Values["number"] == row.Values["replaces"] {
			replaces = append(replaces, link{other.Name + " " + other.Values["title"], papersPath + "/" + other.ID})
		}
		return nil
	})
	return replaces, replacedBy, err
}

// bookDesk is where rows of a book come in.
func (s *Server) bookDesk(p *bookPage) *importDesk {
	books := s.stations.Books
	d := &importDesk{Path: p.Path + "/imports", Title: p.Title + "导入", Nav: p.nav, New: "新增", Changed: "修改", Same: "没有变化", List: p.Title,
		Intro: "从列表导出的 Excel 也可以改好后导入，同一份文件导入两次也不会重复；隐去的个人信息要换成全名。",
		Look:  "会修改现有登记的行", LookText: "请确认这些行确实要改。", KindWord: func(string) string { return p.Title },
		Next:   func(string) []link { return []link{{"看" + p.Title, p.Path}} },
		Accept: books.AcceptEntries, One: books.EntryImport, LookBack: books.LookBackEntries, Reverse: books.ReverseEntries}
	d.Template = func(*fiber.Ctx, policy.Actor) (string, []byte, error) {
		data, err := report.BookTemplate(p.Book)
		return p.Title, data, err
	}
	d.Recent = func(ctx context.Context, by policy.Actor) ([]imports.View, error) {
		return books.EntryImports(ctx, by, p.ID)
	}
	d.Dry = func(c *fiber.Ctx, by policy.Actor, upload *files.Upload) (dryView, error) {
		return s.dryBookRun(c, by, p, upload)
	}
	return d
}

func (s *Server) dryBookRun(c *fiber.Ctx, by policy.Actor, p *bookPage, upload *files.Upload) (dryView, error) {
	read, err := report.ReadBookSheet(p.Book, upload.Reader())
	if err != nil {
		return dryView{}, err
	}
	run, err := s.stations.Books.DryEntries(c.UserContext(), by, imports.File[registry.EntryLine]{Kind: p.ID, Name: upload.Name, Hash: upload.SHA256, Lines: read.Lines, Unread: unread(read.Faults)})
	if err != nil {
		return dryView{}, err
	}
	return s.dryView(c, by, s.bookDesk(p), run, upload, read.Sheet, read.At)
}
