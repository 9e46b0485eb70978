package web

import (
	"context"
	"maps"
	"net/url"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/conduct"
	"redsteward/registry/party"
)

// registeredView is what register_firms.html shows.
type registeredView struct {
	Rows              []firmLine
	Query             string
	Forms, Origins    []option
	Form, Origin      string
	Name              sortLink
	Page              pager
	Filtered          bool
	Excel, Clear      string
	CanWrite, CanLoad bool
}

// firmLine is one firm of the list.
type firmLine struct {
	registry.FirmRow
	Path, OriginWord, FormWord string
}

func firmPath(id string) string { return firmsPath + "/" + id }

// formWord is the word of a party form; nothing known counts as none.
func formWord(p registry.Party) string {
	if p.Form == "" {
		return "未登记"
	}
	return registry.TextOf(registry.PartyForms(), p.Form)
}

func firmQuery(l listAddress) registry.FirmQuery {
	return registry.FirmQuery{Text: l.value["q"], Form: registry.PartyForm(l.value["form"]), Origin: registry.Origin(l.value["origin"]), Desc: l.value["desc"] != "", After: l.after}
}

// registeredFirms lists the firms of the register.
func (s *Server) registeredFirms(c *fiber.Ctx, by policy.Actor) error {
	l := readList(c, firmsPath, "q", "form", "origin")
	found, err := s.registered.Firms(c.UserContext(), by, firmQuery(l))
	if err != nil {
		return err
	}
	v := registeredView{Query: l.value["q"], Form: l.value["form"], Origin: l.value["origin"], Forms: choicesOf("全部", registry.PartyForms()), Origins: choicesOf("全部", registry.Origins()),
		Name: l.sorted("name", "企业", "name"), Page: l.pager(len(found.Rows), found.Count, found.Next), Filtered: l.filtered(), Excel: l.excel(), Clear: firmsPath,
		CanWrite: s.guard.Allow(by, policy.WriteRegister), CanLoad: s.guard.Allow(by, policy.ImportRegister)}
	for _, r := range found.Rows {
		v.Rows = append(v.Rows, firmLine{FirmRow: r, Path: firmPath(r.ID), OriginWord: registry.TextOf(registry.Origins(), r.Origin), FormWord: formWord(r.Party)})
	}
	return s.render(c, by, "register_firms", page{Title: "物业服务企业", Nav: firmsPath, Data: v})
}

// firmsExcel writes exactly the firms that the filter shows, in the columns of the template and what they hold.
func (s *Server) firmsExcel(c *fiber.Ctx, by policy.Actor) error {
	type row struct {
		registry.FirmLine
		held registry.FirmRow
	}
	l := readList(c, firmsPath, "q", "form", "origin")
	l.after = ""
	var rows []row
	err := s.registered.AllFirms(c.UserContext(), by, firmQuery(l), func(held registry.FirmRow, f registry.Firm) error {
		rows = append(rows, row{registry.LineOfFirm(f, s.registered.On(c.UserContext())), held})
		return nil
	})
	if err != nil {
		return err
	}
	columns := append(report.Within(report.Firms().Columns, func(r *row) *registry.FirmLine { return &r.FirmLine }),
		report.Shown("在管小区", func(r *row) any { return r.held.Projects }), report.Shown("在管户数", func(r *row) any { return r.held.Households }))
	return sendSheets(c, "物业服务企业.xlsx", report.Table[row]{Sheet: report.Firms().Sheet, Columns: columns}.Filled(rows))
}

// firmView is what register_firm.html shows.
type firmView struct {
	registry.FirmView
	OriginWord, FormWord string
	Warning              string
	Now                  registry.Party
	Party                []partyLine
	Projects             []projectLine
	Households           int64
	FoundedText, Capital string
	Path                 string
	CanWrite, CanParty   bool
	// Books are the books of conduct that the actor may read, each with its address for this firm.
	Books []bookOfFirm
	// Offers is how many services it offers to residents (供给清单), OffersAt where they are listed.
	Offers   int
	OffersAt string
	// Crosses is how many of its managers serve in a party organisation too.
	Crosses int64
	// Done is what is confirmed of its party activities in DoneIn, the quarter of today.
	Done   []doneLine
	DoneIn string
}

// bookOfFirm is a book of conduct about a firm: how many entries the actor sees there, and how many of them count today.
type bookOfFirm struct {
	Title, Path   string
	Entries, Hold int
}

// doneLine is one kind of party activity with how often it is confirmed and due.
type doneLine struct {
	Kind       string
	Times, Due int
}

type partyLine struct {
	registry.Party
	Form, Days string
}

// firm shows one firm.
func (s *Server) firm(c *fiber.Ctx, by policy.Actor) error {
	f, err := s.registered.OneFirm(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	now := f.PartyOn(s.registered.On(c.UserContext()))
	v := firmView{FirmView: f, OriginWord: registry.TextOf(registry.Origins(), f.Origin), FormWord: formWord(now), Warning: f.Code.InnerWarning(), Now: now, Path: firmPath(f.ID), FoundedText: f.Founded.Chinese(),
		CanWrite: s.guard.Allow(by, policy.WriteRegister), CanParty: s.guard.Allow(by, policy.RegisterParty)}
	if f.Firm.Capital > 0 {
		v.Capital = yuanText(f.Firm.Capital)
	}
	for i := len(f.Firm.Party) - 1; i >= 0; i-- {
		p := f.Firm.Party[i]
		v.Party = append(v.Party, partyLine{p, formWord(p), spanText(p.Days)})
	}
	if today := s.registered.Today(); s.party != nil && s.registered.On(c.UserContext()) == today {
		quarter := calendar.QuarterOf(today)
		done, err := s.party.Result(c.UserContext(), f.ID, now, quarter)
		if err != nil {
			return err
		}
		v.DoneIn = quarter.Chinese()
		for _, d := range done {
			if now.Form == "" && d.Times == 0 {
				continue // what is due depends on the form
			}
			v.Done = append(v.Done, doneLine{registry.TextOf(party.Kinds(), d.Kind), d.Times, d.Due})
		}
	}
	if s.conduct != nil {
		for _, b := range conduct.Books() {
			if !s.guard.Allow(by, b.Read()) {
				continue
			}
			book := bookOfFirm{Title: b.Title(), Path: bookPath(b) + "?firm=" + f.ID}
			if book.Entries, book.Hold, err = s.conduct.Count(c.UserContext(), by, b, conduct.Filter{Firm: f.ID}); err != nil {
				return err
			}
			v.Books = append(v.Books, book)
		}
	}
	if s.stations != nil && !s.off(suppliesPath) && s.guard.Allow(by, policy.ReadWish) {
		offers, err := s.stations.Books.Entries(c.UserContext(), by, registry.EntryQuery{Book: registry.BookSupplies, Firm: f.ID})
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		v.Offers, v.OffersAt = offers.Count, suppliesPath+"?firm="+url.QueryEscape(f.ID)
	}
	if v.Crosses, err = s.crossing(c.UserContext(), f); err != nil {
		return err
	}
	for _, row := range f.Holds {
		v.Projects = append(v.Projects, s.projectLineOf(row))
		v.Households += row.Households
	}
	return s.render(c, by, "register_firm", page{Title: f.Name, Nav: firmsPath, Data: v})
}

// crossing is how many managers of a firm serve in a party organisation too, on the day of the page.
func (s *Server) crossing(ctx context.Context, f registry.FirmView) (int64, error) {
	if s.stations == nil {
		return f.Crossing, nil
	}
	posts, err := s.stations.Books.CrossPosts(ctx, s.registered.On(ctx))
	return posts.Of(f.ID, f.Firm), err
}

// firmFields is the form of a firm.
func firmFields(value func(name string) string) []field {
	return []field{
		{Name: "name", Label: "企业名称", Type: "text", Autocomplete: "off", Value: value("name"), Hint: "与营业执照一致"},
		{Name: "code", Label: "统一社会信用代码", Type: "text", Autocomplete: "off", Value: value("code"), Hint: "18 位，与营业执照一致"},
		{Name: "origin", Label: "企业性质", Options: choicesOf("请选择", registry.Origins()), Value: value("origin")},
		{Name: "legal_person", Label: "法定代表人", Type: "text", Autocomplete: "off", Optional: true, Value: value("legal_person")},
		{Name: "phone", Label: "联系电话", Type: "tel", Mode: "tel", Autocomplete: "off", Optional: true, Value: value("phone"), Hint: "11 位手机号，或者带区号的固定电话"},
		{Name: "address", Label: "住所", Type: "text", Autocomplete: "off", Optional: true, Value: value("address")},
		{Name: "founded", Label: "成立日期", Type: "date", Optional: true, Value: value("founded")},
		{Name: "capital", Label: "注册资本（元）", Type: "text", Mode: "decimal", Autocomplete: "off", Optional: true, Value: value("capital"), Hint: "最多两位小数"},
		{Name: "head_name", Label: "总公司名称", Type: "text", Autocomplete: "off", Optional: true, Value: value("head_name"), Hint: "外来企业的分公司才填；分公司有自己的代码"},
		{Name: "head_code", Label: "总公司统一社会信用代码", Type: "text", Autocomplete: "off", Optional: true, Value: value("head_code")},
		{Name: "staff", Label: "从业人员", Type: "text", Mode: "numeric", Autocomplete: "off", Optional: true, Value: value("staff"), Hint: "在本县从业的人数"},
		{Name: "managers", Label: "项目负责人", Type: "text", Mode: "numeric", Autocomplete: "off", Optional: true, Value: value("managers"), Hint: "只填人数"},
		{Name: "crossing", Label: "交叉任职", Type: "text", Mode: "numeric", Autocomplete: "off", Optional: true, Value: value("crossing"), Hint: "项目负责人中在社区党组织任职的人数；在台账“交叉任职”里逐条登记的，以台账为准"},
	}
}

// firmInput reads the form of a firm.
func firmInput(in *typed) registry.FirmInput {
	return registry.FirmInput{Name: in.text("name"), Code: in.text("code"), LegalPerson: in.text("legal_person"), Phone: in.text("phone"), Address: in.text("address"),
		Origin: registry.Origin(in.text("origin")), FirmMore: registry.FirmMore{Founded: in.date("founded", "成立日期"), Capital: in.fen("capital", "注册资本", "5000000"),
			HeadName: in.text("head_name"), HeadCode: registry.USCC(in.text("head_code")), Staff: in.whole("staff", "从业人员", "60"), Managers: in.whole("managers", "项目负责人", "6"),
			Crossing: in.whole("crossing", "交叉任职", "2")}}
}

// firmMore are the stored values of those fields of the form that may be left open.
func firmMore(m registry.FirmMore) map[string]string {
	out := map[string]string{"founded": m.Founded.String(), "head_name": m.HeadName, "head_code": string(m.HeadCode)}
	if m.Capital > 0 {
		out["capital"] = yuan(m.Capital)
	}
	for name, n := range map[string]int64{"staff": m.Staff, "managers": m.Managers, "crossing": m.Crossing} {
		if n > 0 {
			out[name] = strconv.FormatInt(n, 10)
		}
	}
	return out
}

// firmEntry describes the form of a new firm, or of one that stands.
func (s *Server) firmEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e := entry{title: "登记企业", nav: firmsPath, entryView: entryView{Crumbs: []crumb{{"企业登记", firmsPath}}, Intro: "一个统一社会信用代码只能登记一家企业。", Address: firmsPath + "/new", Button: "登记企业", Back: firmsPath}}
	id := c.Params("id")
	if id == "" {
		e.Form = firmFields(func(name string) string { return c.FormValue(name) })
		return e, nil
	}
	f, err := s.registered.OneFirm(c.UserContext(), by, id)
	if err != nil {
		return e, err
	}
	e.title, e.Intro, e.Button = "修改企业登记", "修改会记入变更日志。", "保存修改"
	e.Address, e.Back, e.Seq = firmPath(id)+"/edit", firmPath(id), f.Seq
	e.Crumbs = append(e.Crumbs, crumb{f.Name, firmPath(id)})
	stored := map[string]string{"name": f.Name, "code": string(f.Code), "origin": string(f.Origin), "legal_person": f.LegalPerson, "phone": f.Phone, "address": f.Address}
	maps.Copy(stored, firmMore(f.FirmMore))
	e.Form = firmFields(func(name string) string { return typedOr(c, name, stored[name]) })
	return e, nil
}

// typedOr is what was typed in a form that comes back, else what stands.
func typedOr(c *fiber.Ctx, name, stored string) string {
	if c.Method() == fiber.MethodPost {
		return c.FormValue(name)
	}
	return stored
}

// createFirm registers a firm.
func (s *Server) createFirm(c *fiber.Ctx, by policy.Actor, in *typed) (next string, err error) {
	input := firmInput(in)
	err = in.with(func(ctx context.Context) error {
		id, err := s.registered.CreateFirm(ctx, by, input)
		next = firmPath(id)
		return err
	})
	return next, err
}

// changeFirm corrects a firm.
func (s *Server) changeFirm(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	input := firmInput(in)
	return "", in.with(func(ctx context.Context) error {
		return s.registered.ChangeFirm(ctx, by, c.Params("id"), formSeq(c), input)
	})
}

// partyEntry describes the form of a firm's party organisation.
func (s *Server) partyEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	id := c.Params("id")
	f, err := s.registered.OneFirm(c.UserContext(), by, id)
	if err != nil {
		return entry{}, err
	}
	now := f.PartyOn(s.registered.Today())
	value := func(name, stored string) string { return typedOr(c, name, stored) }
	return entry{title: "登记党组织", nav: firmsPath, entryView: entryView{
		Crumbs: []crumb{{"企业登记", firmsPath}, {f.Name, firmPath(id)}}, Intro: "新的登记从起始日起算，原来的到前一天为止；以前的评价不受影响。",
		Notes:   []string{"只登记形式和人数，不登记党员名单。", "没有党组织的企业由上级选派指导员；两样都没有的选“无”。"},
		Address: firmPath(id) + "/party", Seq: f.Seq, Button: "登记党组织", Back: firmPath(id),
		Form: []field{
			{Name: "form", Label: "党组织形式", Options: choicesOf("请选择", registry.PartyForms()), Value: value("form", string(now.Form))},
			{Name: "members", Label: "党员人数", Type: "text", Mode: "numeric", Value: value("members", strconv.FormatInt(now.Members, 10)), Hint: "在本企业工作的党员，只填人数"},
			{Name: "full", Label: "其中正式党员", Type: "text", Mode: "numeric", Optional: true, Value: value("full", strconv.FormatInt(now.Full, 10)), Hint: "3 人以上应当建立党支部，7 人以上设支委会"},
			{Name: "branch", Label: "党支部名称", Type: "text", Autocomplete: "off", Optional: true, Value: value("branch", now.Branch), Hint: "单建、联建的才填"},
			{Name: "secretary", Label: "书记", Type: "text", Autocomplete: "off", Optional: true, Value: value("secretary", now.Secretary), Hint: "单建、联建的才填"},
			{Name: "instructor", Label: "指导员", Type: "text", Autocomplete: "off", Optional: true, Value: value("instructor", now.Instructor), Hint: "形式是选派指导员的才填"},
			{Name: "office", Label: "指导员派出单位", Type: "text", Autocomplete: "off", Optional: true, Value: value("office", now.Office), Hint: "形式是选派指导员的才填"},
			{Name: "from", Label: "起始日", Type: "date", Value: value("from", s.registered.Today().String())},
		}}}, nil
}

// setParty registers how the party is organised in a firm.
func (s *Server) setParty(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	p := registry.Party{Form: registry.PartyForm(in.text("form")), Members: in.whole("members", "党员人数", "3"), Full: in.whole("full", "正式党员", "3"), Branch: in.text("branch"), Secretary: in.text("secretary"),
		Instructor: in.text("instructor"), Office: in.text("office"), Days: policy.Span{From: in.date("from", "起始日")}}
	return "", in.with(func(ctx context.Context) error { return s.registered.SetParty(ctx, by, c.Params("id"), formSeq(c), p) })
}
