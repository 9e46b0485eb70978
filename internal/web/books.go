package web

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/station"
)

// Stations are the parts behind the pages of 红色驿站, community teams and policy papers.
type Stations struct {
	// Books are the registers whose columns are data.
	Books *registry.Books
	// Service is the daily work of the stations.
	Service *station.Service
}

const (
	// booksPath is where the books of stations and teams are, papersPath the library of policy papers, stationsPath the overview.
	booksPath    = "/books"
	papersPath   = "/papers"
	stationsPath = "/stations"
)

// bookBase is one address under which books are shown: the rights of its rows, and the name of the book if there is one only.
type bookBase struct {
	path              string
	read, write, open policy.Action
	only              string
}

// stationRoutes are the pages of stations, of their books and of the policy papers.
func (s *Server) stationRoutes() []Route {
	if s.stations == nil {
		return nil
	}
	rows := []Route{{Method: fiber.MethodGet, Path: stationsPath, Action: policy.ReadStation, Handler: s.stationOverview}}
	rows = slices.Concat(rows, s.dutyRoutes(), s.modelRoutes(), s.reserveRoutes())
	rows = append(rows, s.bookRoutes(bookBase{path: booksPath + "/:book<maxLen(40)>", read: policy.ReadStation, write: policy.WriteStation, open: policy.ReadStation})...)
	rows = append(rows, s.bookRoutes(bookBase{path: suppliesPath, read: policy.ReadWish, write: policy.WriteSupply, open: policy.ReadWish, only: registry.BookSupplies})...)
	return append(rows, s.bookRoutes(bookBase{path: papersPath, read: policy.ReadPaper, write: policy.WritePaper, open: policy.Public, only: registry.BookPapers})...)
}

// bookRoutes are the pages of the books below one address.
func (s *Server) bookRoutes(b bookBase) []Route {
	const get, post = fiber.MethodGet, fiber.MethodPost
	with := func(do func(*fiber.Ctx, policy.Actor, *bookPage) error) func(*fiber.Ctx, policy.Actor) error {
		return func(c *fiber.Ctx, by policy.Actor) error {
			p, err := s.bookPage(c, b)
			if err != nil {
				return err
			}
			return do(c, by, p)
		}
	}
	one := b.path + "/:id<maxLen(64)>"
	rows := s.deskRoutes(b.path+"/imports", b.write, true, func(c *fiber.Ctx, _ policy.Actor) (*importDesk, error) {
		p, err := s.bookPage(c, b)
		if err != nil {
			return nil, err
		}
		return s.bookDesk(p), nil
	})
	return append(rows, []Route{
		{Method: get, Path: b.path, Action: b.open, Knows: b.read, Handler: with(s.bookList)},
		{Method: get, Path: b.path + "/export.xlsx", Action: b.open, Knows: b.read, Handler: with(s.bookExcel)},
		{Method: get, Path: b.path + "/new", Action: b.write, Handler: with(s.entryForm)},
		{Method: post, Path: b.path + "/new", Action: b.write, Handler: with(s.createEntry)},
		{Method: get, Path: one, Action: b.open, Knows: b.read, Handler: with(s.bookEntry)},
		{Method: get, Path: one + "/edit", Action: b.write, Handler: with(s.entryForm)},
		{Method: post, Path: one + "/edit", Action: b.write, Handler: with(s.correctEntry)},
		{Method: get, Path: one + "/withdraw", Action: b.write, Handler: with(s.withdrawForm)},
		{Method: post, Path: one + "/withdraw", Action: b.write, Handler: with(s.withdrawEntry)},
		{Method: post, Path: one + "/files", Action: b.write, Handler: with(s.attachEntryFile), Upload: maxImport},
		{Method: post, Path: one + "/files/:n<int>/drop", Action: b.write, Handler: with(s.dropEntryFile)},
		{Method: get, Path: one + "/files/:n<int>", Action: b.open, Knows: b.read, Handler: with(s.entryFile)},
	}...)
}

// bookPage is the book that a request is about, and where it is shown.
type bookPage struct {
	*registry.Book
	// Path is the address of its list, nav the entry of the navigation.
	Path, nav string
}

// bookPage finds the book of a request. Returns NotFound for one that is not there or is shown elsewhere.
func (s *Server) bookPage(c *fiber.Ctx, base bookBase) (*bookPage, error) {
	id := base.only
	if id == "" {
		id = c.Params("book")
	}
	book, ok := s.stations.Books.Set().Find(id)
	if !ok || base.only == "" && book.Rights != registry.AreaStation {
		return nil, fault.New("web.bookPage", fault.NotFound, "没有找到要看的内容")
	}
	p := &bookPage{Book: book}
	p.Path, p.nav = bookAt(book)
	return p, nil
}

// bookAt is where a book is shown: the address of its list, and the entry of the navigation.
func bookAt(b *registry.Book) (path, nav string) {
	switch b.Rights {
	case registry.AreaPaper:
		return papersPath, papersPath
	case registry.AreaSupply:
		return suppliesPath, needsPath
	}
	return booksPath + "/" + b.ID, stationsPath
}

// crumbs are the way to a page of the book.
func (p *bookPage) crumbs(more ...crumb) []crumb {
	out := []crumb{{p.Title, p.Path}}
	switch p.nav {
	case stationsPath:
		out = append([]crumb{{"红色驿站", stationsPath}}, out...)
	case needsPath:
		out = append([]crumb{{"微心愿", needsPath}}, out...)
	}
	return append(out, more...)
}

// bookQuery is what the address of a list asks for.
func (p *bookPage) query(l listAddress) registry.EntryQuery {
	q := registry.EntryQuery{Book: p.ID, State: registry.EntryState(l.value["state"]), Text: l.value["q"], Community: l.value["community"], Firm: l.value["firm"], Choices: map[string]string{},
		Sort: l.value["sort"], Desc: l.value["desc"] != "", After: l.after}
	for _, f := range p.Fields {
		if f.Filter {
			q.Choices[f.ID] = l.value["f."+f.ID]
		}
	}
	return q
}

// address reads the address of the list of the book.
func (p *bookPage) address(c *fiber.Ctx) listAddress {
	names := []string{"q", "state", "community", "firm"}
	for _, f := range p.Fields {
		if f.Filter {
			names = append(names, "f."+f.ID)
		}
	}
	return readList(c, p.Path, names...)
}

// bookCell is one cell of a row.
type bookCell struct {
	Label, Text string
	Num         bool
}

// bookLine is one row of a list.
type bookLine struct {
	Path, Name, Place string
	Cells             []bookCell
	// Ending is the chip of the first last day that is near or over, with its word; Unmet the checks that are not 符合.
	Ending, EndingWord string
	Unmet              []string
	Withdrawn          bool
}

// bookView is what book.html shows.
type bookView struct {
	*bookPage
	Crumbs           []crumb
	Query            string
	Filters          []field
	Key              sortLink
	Heads            []bookHead
	Rows             []bookLine
	Sums             []bookCell
	Page             pager
	Excel, Clear     string
	Of               string // the firm to which the list is narrowed
	Filtered         bool
	CanWrite, Placed bool
	Hidden           map[string]string
	Checks           bool
}

// bookHead is the head of one column; Sort is empty where the list cannot be sorted by it.
type bookHead struct {
	Label string
	Sort  *sortLink
	Num   bool
}

func isNumber(f registry.BookField) bool {
	return f.Kind == registry.FieldWhole || f.Kind == registry.FieldDecimal || f.Kind == registry.FieldMoney
}

// bookList shows a page of a book.
func (s *Server) bookList(c *fiber.Ctx, by policy.Actor, p *bookPage) error {
	l := p.address(c)
	found, err := s.stations.Books.Entries(c.UserContext(), by, p.query(l))
	if err != nil {
		return err
	}
	_, write := p.Actions()
	v := bookView{bookPage: p, Crumbs: p.crumbs()[:len(p.crumbs())-1], Query: l.value["q"], Page: l.pager(len(found.Rows), found.Count, found.Next), Clear: p.Path, Filtered: l.filtered(), CanWrite: s.guard.Allow(by, write),
		Placed: p.Placed(), Key: l.sorted("", p.keyLabel(), ""), Hidden: map[string]string{}}
	path, query := p.Path+"/export.xlsx", l.address()[len(p.Path):]
	v.Excel = path + query
	for _, name := range []string{"community", "firm", "sort", "desc"} {
		if l.value[name] != "" {
			v.Hidden[name] = l.value[name]
		}
	}
	if firm := l.value["firm"]; firm != "" {
		names, err := s.stations.Books.FirmNames(c.UserContext(), []string{firm})
		if err != nil {
			return err
		}
		v.Of = cmp.Or(names[firm], "没有登记的企业")
	}
	for _, f := range p.Fields {
		v.Checks = v.Checks || f.Kind == registry.FieldCheck
		if f.Filter {
			v.Filters = append(v.Filters, field{Name: "f." + f.ID, Label: f.Label, Options: choicesOf("全部", f.Words()), Value: l.value["f."+f.ID]})
		}
		if !f.List {
			continue
		}
		head := bookHead{Label: f.Label, Num: isNumber(f)}
		if f.ID == p.Day || f.ID == p.Number {
			link := l.sorted(f.ID, f.Label, "")
			head.Sort = &link
		}
		v.Heads = append(v.Heads, head)
	}
	if states := p.states(v.CanWrite); len(states) > 1 {
		v.Filters = append(v.Filters, field{Name: "state", Label: "状态", Options: states, Value: l.value["state"]})
	}
	if v.Placed {
		read, _ := p.Actions()
		options, err := s.bookCommunities(c.UserContext(), by, read)
		if err != nil {
			return err
		}
		if len(options) > 2 {
			v.Filters = append([]field{{Name: "community", Label: "社区", Options: options, Value: l.value["community"]}}, v.Filters...)
			delete(v.Hidden, "community")
		}
	}
	for _, row := range found.Rows {
		v.Rows = append(v.Rows, p.line(row, s.registered.On(c.UserContext()).Compare(row.Ends) > 0))
	}
	for _, f := range p.Fields {
		if f.Sum && found.Sums != nil {
			v.Sums = append(v.Sums, bookCell{Label: f.Label, Text: sumText(f, found.Sums[f.ID])})
		}
	}
	return s.render(c, by, "book", page{Title: p.Title, Nav: p.nav, Data: v, Script: true})
}

// sumText is a sum as its column is written.
func sumText(f registry.BookField, n num.Num) string {
	if f.Kind == registry.FieldWhole {
		return grouped(n.Fixed(0))
	}
	return grouped(n.Fixed(2))
}

// keyLabel is the head of the first column.
func (p *bookPage) keyLabel() string {
	f, _ := p.Field(p.Key[0])
	return f.Label
}

// states are the states by which the book can be narrowed.
func (p *bookPage) states(write bool) []option {
	out := []option{{"", "全部"}}
	for _, f := range p.Fields {
		switch {
		case f.Expires && len(out) == 1:
			out = append(out, option{string(registry.EntriesEnding), count(p.WatchedDays()) + " 日内到期和已过期"})
		case f.Kind == registry.FieldCheck && len(out) == 1:
			out = append(out, option{string(registry.EntriesUnmet), "有不符合项"})
		}
	}
	if write {
		out = append(out, option{string(registry.EntriesWithdrawn), "已撤下"})
	}
	return out
}

// bookCommunities are the communities that the actor sees with a right, for filters.
func (s *Server) bookCommunities(ctx context.Context, by policy.Actor, read policy.Action) ([]option, error) {
	list, err := s.stations.Books.CommunitiesFor(ctx, by, read)
	out := []option{{"", "全部"}}
	for _, d := range list {
		out = append(out, option{d.ID, d.Display})
	}
	return out, err
}

// line puts a row into words.
func (p *bookPage) line(row registry.EntryRow, over bool) bookLine {
	out := bookLine{Path: p.Path + "/" + row.ID, Name: row.Name, Place: row.CommunityName, Unmet: row.Unmet, Withdrawn: row.Withdrawn}
	for _, f := range p.Fields {
		if !f.List {
			continue
		}
		text := row.Texts[f.ID]
		if isNumber(f) {
			text = grouped(text)
		}
		out.Cells = append(out.Cells, bookCell{f.Label, text, isNumber(f)})
	}
	if row.Checked > 0 {
		out.Cells = append(out.Cells, bookCell{"符合", strconv.Itoa(row.Met) + " / " + strconv.Itoa(row.Checked), true})
	}
	if !row.Ends.IsZero() {
		out.Ending, out.EndingWord = "临期", row.EndsField+row.Ends.Chinese()
		if over {
			out.Ending, out.EndingWord = "逾期", row.EndsField+row.Ends.Chinese()+"已过"
		}
	}
	return out
}

// bookExcel is exactly the list that the filter shows, as the book's own workbook.
func (s *Server) bookExcel(c *fiber.Ctx, by policy.Actor, p *bookPage) error {
	var rows []registry.EntryRow
	err := s.stations.Books.AllEntries(c.UserContext(), by, p.query(p.address(c)), func(row registry.EntryRow) error {
		rows = append(rows, row)
		return nil
	})
	if err != nil {
		return err
	}
	return sendSheets(c, p.Title+".xlsx", report.BookExport(p.Book, rows))
}

// entryFile sends a paper of a row.
func (s *Server) entryFile(c *fiber.Ctx, by policy.Actor, p *bookPage) error {
	n, err := c.ParamsInt("n")
	if err != nil {
		return fault.New("web.entryFile", fault.NotFound, "")
	}
	r, size, file, err := s.stations.Books.OpenEntryFile(c.UserContext(), by, p.ID, c.Params("id"), n)
	if err != nil {
		return err
	}
	sendFile(c, r, size, file.Kind, file.Name, file.Kind.Image())
	return nil
}

// attachEntryFile takes a paper in: what it is, its bytes say.
func (s *Server) attachEntryFile(c *fiber.Ctx, by policy.Actor, p *bookPage) error {
	var upload *files.Upload
	values, err := s.readForm(c, maxImport, func(name string, r io.Reader) (err error) {
		if upload != nil {
			return fault.InvalidFields("web.attachEntryFile", fault.Field{Name: "file", Message: "一次只能上传一个文件"})
		}
		upload, err = s.files.Receive(name, r, files.PDF, files.JPEG, files.PNG)
		return err
	})
	if upload != nil {
		defer upload.Close() //nolint:errcheck // a temporary file that only we know
	}
	if err == nil && upload == nil {
		err = fault.InvalidFields("web.attachEntryFile", fault.Field{Name: "file", Message: "请选择要上传的文件"})
	}
	if err == nil {
		err = s.stations.Books.AttachFile(c.UserContext(), by, c.Params("id"), seqOf(values.Get("seq")), upload)
	}
	if refused := fileFaults(err); len(refused) > 0 {
		c.Status(statusOf(fault.Invalid))
		return s.showBookEntry(c, by, p, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, p.Path+"/"+c.Params("id"))
}

// dropEntryFile takes a paper off.
func (s *Server) dropEntryFile(c *fiber.Ctx, by policy.Actor, p *bookPage) error {
	n, err := c.ParamsInt("n")
	if err != nil {
		return fault.New("web.dropEntryFile", fault.NotFound, "")
	}
	if err := s.stations.Books.DetachFile(c.UserContext(), by, c.Params("id"), formSeq(c), n); err != nil {
		return err
	}
	return seeOther(c, p.Path+"/"+c.Params("id"))
}

// stationsView is what stations.html shows.
type stationsView struct {
	Rows  []station.Standing
	Books []bookLink
	Norm  registry.Norm
	Total num.Num
	Short int
}

// bookLink leads to a book.
type bookLink struct{ Path, Title, About string }

// stationOverview shows how the stations of the scope stand, and leads to their books.
func (s *Server) stationOverview(c *fiber.Ctx, by policy.Actor) error {
	rows, err := s.stations.Service.Overview(c.UserContext(), by)
	if err != nil {
		return err
	}
	v := stationsView{Rows: rows, Norm: s.stations.Books.Set().Norm}
	for _, st := range rows {
		v.Total = v.Total.Add(st.Area)
		if !st.Short.IsZero() {
			v.Short++
		}
	}
	for _, b := range s.stations.Books.Set().All() {
		if b.Rights == registry.AreaStation {
			v.Books = append(v.Books, bookLink{booksPath + "/" + b.ID, b.Title, b.About})
		}
	}
	return s.render(c, by, "stations", page{Title: "红色驿站", Nav: stationsPath, Data: v, Script: true})
}
