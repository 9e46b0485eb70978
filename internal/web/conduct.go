package web

import (
	"context"
	"errors"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/conduct"
)

// The pages of the three books of conduct.
const (
	creditPath  = "/credit"
	marksPath   = "/marks"
	honoursPath = "/honours"
)

// bookPath is where a book is.
func bookPath(b conduct.Book) string {
	switch b {
	case conduct.Credit:
		return creditPath
	case conduct.Marks:
		return marksPath
	}
	return honoursPath
}

// conductRoutes are the rows of the books. Each book has its own addresses and rights.
func (s *Server) conductRoutes() []Route {
	if s.conduct == nil {
		return nil
	}
	const get, post = fiber.MethodGet, fiber.MethodPost
	var rows []Route
	for _, b := range conduct.Books() {
		path := bookPath(b)
		one := path + "/:id<maxLen(64)>"
		of := func(h func(c *fiber.Ctx, by policy.Actor, b conduct.Book) error) func(*fiber.Ctx, policy.Actor) error {
			return func(c *fiber.Ctx, by policy.Actor) error { return h(c, by, b) }
		}
		rows = append(rows,
			Route{Method: get, Path: path, Action: b.Read(), Handler: of(s.conductList)},
			Route{Method: get, Path: path + ".xlsx", Action: b.Read(), Handler: of(s.conductExcel)},
			Route{Method: get, Path: path + "/new", Action: b.Record(), Handler: of(s.conductForm)},
			Route{Method: post, Path: path + "/new", Action: b.Record(), Handler: of(s.recordConduct), Upload: maxFiling})
		rows = append(rows, s.deskRoutes(path+"/imports", b.Record(), true, func(*fiber.Ctx, policy.Actor) (*importDesk, error) { return s.conductDesk(b), nil })...)
		rows = append(rows,
			Route{Method: get, Path: one, Action: b.Read(), Handler: of(s.conductOne)},
			Route{Method: get, Path: one + "/whole", Action: b.Read(), Handler: s.wholePage(func(c *fiber.Ctx, by policy.Actor) (pageFile, error) { return s.conductWhole(c, by, b) })},
			Route{Method: get, Path: one + "/paper", Action: b.Read(), Handler: of(s.conductPaper)},
			Route{Method: get, Path: one + "/edit", Action: b.Record(), Handler: of(s.conductForm)},
			Route{Method: post, Path: one + "/edit", Action: b.Record(), Handler: of(s.recordConduct), Upload: maxFiling},
			Route{Method: post, Path: one + "/withdraw", Action: b.Record(), Handler: of(s.withdrawConduct)},
			Route{Method: post, Path: one + "/confirm", Action: b.Confirm(), Handler: of(s.confirmConduct)},
			Route{Method: post, Path: one + "/return", Action: b.Confirm(), Handler: of(s.returnConduct)},
			Route{Method: post, Path: one + "/annul", Action: b.Confirm(), Handler: of(s.annulConduct)})
		if b.Object() != "" {
			rows = append(rows, Route{Method: get, Path: one + "/print/:paper<maxLen(16)>", Action: b.Read(), Handler: of(s.conductPrint)},
				Route{Method: post, Path: one + "/object", Action: b.Object(), Handler: of(s.objectConduct)},
				Route{Method: post, Path: one + "/answer", Action: b.Confirm(), Handler: of(s.answerConduct)})
		}
		switch b {
		case conduct.Credit:
			rows = append(rows, Route{Method: post, Path: one + "/repair", Action: b.Confirm(), Handler: of(s.repairConduct)})
		case conduct.Marks:
			rows = append(rows, Route{Method: get, Path: one + "/correct", Action: b.Record(), Handler: of(s.conductForm)},
				Route{Method: post, Path: one + "/correct", Action: b.Record(), Handler: of(s.recordConduct), Upload: maxFiling})
		}
	}
	return rows
}

// conductLine is one entry of a list.
type conductLine struct {
	Path, Firm, Project, Class, Title, Number, Person, State, Decided, Until, Points, Authority string
}

// conductLineOf puts an entry into words, as it stands on a day.
func (s *Server) conductLineOf(day calendar.Date, b conduct.Book, id string, e *conduct.Entry) conductLine {
	l := conductLine{Path: bookPath(b) + "/" + id, Firm: e.FirmName, Project: e.ProjectName, Class: e.ClassTitle, Title: e.Title, Number: e.Number, Person: e.Person,
		State: e.StateOn(day).Title(), Decided: e.Decided.Chinese(), Until: "不公示"}
	if !e.Until.IsZero() {
		l.Until = e.Until.Chinese()
	}
	if b == conduct.Marks {
		l.Points = signed(e.Points, 0)
	}
	return l
}

// conductListView is what conduct.html shows.
type conductListView struct {
	Book, ClassWord, Path, Note    string
	Rows                           []conductLine
	Links                          []crumb
	Classes, States                []option
	Query, Class, State            string
	ByDecided, ByUntil             sortLink
	Next, Excel                    string
	Marks, Honours                 bool
	Filtered, CanRecord            bool
	Firm, FirmName, FirmPoints     string
	FirmMarks                      int
	NumberWord, DayWord, UntilWord string
}

var conductFilters = []string{"q", "class", "state", "firm"}

func conductFilter(l listAddress) conduct.Filter {
	w := conduct.Filter{Text: l.value["q"], Class: l.value["class"], State: conduct.State(l.value["state"]), Firm: l.value["firm"], ByUntil: l.value["sort"] == "until"}
	// The usual order is the latest first, so that the arrow of a header turns it around.
	w.Ascending = l.value["sort"] != "" && l.value["desc"] == ""
	return w
}

// conductList lists the entries of a book in the actor's scope.
func (s *Server) conductList(c *fiber.Ctx, by policy.Actor, b conduct.Book) error {
	l := readList(c, bookPath(b), conductFilters...)
	w := conductFilter(l)
	found, err := s.conduct.List(c.UserContext(), by, b, w, l.after)
	if err != nil {
		return err
	}
	v := conductListView{Book: b.Title(), Path: bookPath(b), Query: l.value["q"], Class: l.value["class"], State: l.value["state"], Firm: w.Firm, Classes: choicesOf("全部", s.conduct.Terms.ClassChoices(b)), States: []option{{Label: "全部"}},
		Next: nextPage(c, found.Next), Excel: l.excel(), Links: s.printsOf(bookPath(b)), Marks: b == conduct.Marks, Honours: b == conduct.Honours, Filtered: l.filtered(), CanRecord: s.guard.Allow(by, b.Record()), Note: s.conduct.Terms.Basis(b),
		ClassWord: classWord(b), DayWord: dayWord(b), UntilWord: map[conduct.Book]string{conduct.Credit: "公示至"}[b]}
	if v.UntilWord == "" {
		v.UntilWord = "有效至"
	}
	v.ByDecided, v.ByUntil = l.sorted("decided", v.DayWord, ""), l.sorted("until", v.UntilWord, "")
	for _, state := range conduct.States() {
		v.States = append(v.States, option{Value: string(state), Label: state.Title()})
	}
	for _, d := range found.Docs {
		v.Rows = append(v.Rows, s.conductLineOf(s.registered.On(c.UserContext()), b, d.ID, &d.State))
	}
	if w.Firm != "" {
		if err := s.conductOfFirm(c.UserContext(), by, b, &v); err != nil {
			return err
		}
	}
	return s.render(c, by, "conduct", page{Title: b.Title(), Nav: bookPath(b), Data: v, Script: true})
}

// conductOfFirm completes a list that shows one firm: its name and, of marks, what they come to.
func (s *Server) conductOfFirm(ctx context.Context, by policy.Actor, b conduct.Book, v *conductListView) error {
	names, err := s.registered.FirmNames(ctx, []string{v.Firm})
	if err != nil {
		return err
	}
	v.FirmName = names[v.Firm]
	if b != conduct.Marks {
		return nil
	}
	sum, n, err := s.conduct.Points(ctx, by, v.Firm)
	v.FirmPoints, v.FirmMarks = signed(sum, 0), n
	return err
}

func classWord(b conduct.Book) string {
	return map[conduct.Book]string{conduct.Credit: "失信程度", conduct.Marks: "记录种类", conduct.Honours: "表彰级别"}[b]
}

func dayWord(b conduct.Book) string {
	return map[conduct.Book]string{conduct.Credit: "文书日期", conduct.Marks: "事实发生日期", conduct.Honours: "表彰日期"}[b]
}

// conductExcel is the same list as Excel, all of it, in the columns of the template and what became of each entry.
func (s *Server) conductExcel(c *fiber.Ctx, by policy.Actor, b conduct.Book) error {
	type row struct {
		conduct.Line
		conductLine
		e conduct.Entry
	}
	var rows []row
	ids := map[string]string{}
	err := s.conduct.Each(c.UserContext(), by, b, conductFilter(readList(c, bookPath(b), conductFilters...)), func(d store.Doc[conduct.Entry]) error {
		code, known := ids[d.State.Firm]
		if !known {
			var err error
			if code, err = s.firmCode(c.UserContext(), by, d.State.Firm); err != nil {
				return err
			}
			ids[d.State.Firm] = code
		}
		r := row{conduct.Line{Input: d.State.Input, FirmCode: code, ProjectName: d.State.ProjectName}, s.conductLineOf(s.registered.On(c.UserContext()), b, d.ID, &d.State), d.State}
		if d.State.Project != "" {
			if p, err := s.registered.OneProject(c.UserContext(), by, d.State.Project); err == nil {
				r.Township, r.Community = p.TownshipName, p.CommunityName
			}
		}
		rows = append(rows, r)
		return nil
	})
	if err != nil {
		return err
	}
	columns := append(report.Within(report.Conduct(b, s.conduct.Terms).Columns, func(r *row) *conduct.Line { return &r.Line }),
		report.Shown("企业", func(r *row) any { return r.Firm }).Wide(28), report.Shown("状态", func(r *row) any { return r.conductLine.State }), report.Shown("截止日", func(r *row) any { return r.e.Until }))
	if b == conduct.Marks {
		columns = append(columns, report.Shown("分值", func(r *row) any { return r.e.Points }))
	}
	return sendSheets(c, b.Title()+".xlsx", report.Table[row]{Sheet: b.Title(), Columns: columns}.Filled(rows))
}

// firmCode is the code of a firm, "" for one outside of the actor's register.
func (s *Server) firmCode(ctx context.Context, by policy.Actor, id string) (string, error) {
	f, err := s.registered.OneFirm(ctx, by, id)
	if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Forbidden) {
		return "", nil
	}
	return string(f.Code), err
}

// conductDesk is where the entries of a book come in from Excel.
func (s *Server) conductDesk(b conduct.Book) *importDesk {
	d := &importDesk{Path: bookPath(b) + "/imports", Title: "从 Excel 登记", Nav: bookPath(b), New: "新登记", Changed: "修改", Same: "已经登记过", KindWord: func(string) string { return b.Title() },
		List: b.Title(), Intro: "每一行由另一人核对后才生效；同一份文件导入两次也不会重复。", Next: func(string) []link { return []link{{"看" + b.Title(), bookPath(b)}} }}
	return rowsDesk(s, d, string(b), report.Conduct(b, s.conduct.Terms), s.conduct.Intake(b), func(l *conduct.Line, row int64) { l.Row = row })
}

// conductPaper answers with the scanned document.
func (s *Server) conductPaper(c *fiber.Ctx, by policy.Actor, b conduct.Book) error {
	r, size, file, err := s.conduct.OpenPaper(c.UserContext(), by, b, c.Params("id"))
	if err != nil {
		return err
	}
	sendFile(c, r, size, file.Kind, file.Name, file.Kind.Image())
	return nil
}

// recordConduct enters an entry, or the correction of one that was returned or of a mark.
func (s *Server) recordConduct(c *fiber.Ctx, by policy.Actor, b conduct.Book) (err error) {
	values, upload, readErr := s.takeDocument(c)
	if upload != nil {
		defer func() { err = errors.Join(err, upload.Close()) }()
	}
	at, id := conduct.At{ID: c.Params("id"), Seq: seqOf(values.Get("seq"))}, c.Params("id")
	hashes := []string{}
	if upload != nil {
		hashes = append(hashes, upload.SHA256)
	}
	at.Idem = idemFrom(c, values, hashes...)
	in := typed{c: c, values: values}
	input := conduct.Input{Firm: in.text("firm"), Project: in.text("project"), Class: in.text("class"), Source: in.text("source"), Title: in.text("title"), Number: in.text("number"), Authority: in.text("authority"),
		Decided: in.date("decided", dayWord(b)), Months: in.whole("months", "月数", "6"), Person: in.text("person"), Consent: in.date("consent", "本人同意的日期")}
	var doc store.Doc[conduct.Entry]
	if err = readErr; err == nil {
		err = in.with(func(ctx context.Context) error {
			var err error
			switch {
			case id == "":
				doc, err = s.conduct.Record(ctx, by, b, input, upload, at.Idem)
			case isCorrection(c):
				doc, err = s.conduct.Correct(ctx, by, id, input, upload, at.Idem)
			default:
				doc, err = s.conduct.Edit(ctx, by, b, at, input, upload)
			}
			return err
		})
	}
	refused := refusedForm(err)
	if fault.Is(err, fault.Conflict) {
		refused = []fault.Field{{Name: "number", Message: fault.MessageOf(err)}}
	}
	if len(refused) > 0 {
		return s.showConductForm(c, by, b, values, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, bookPath(b)+"/"+doc.ID+"?done=recorded")
}
