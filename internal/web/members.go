package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision/wish"
)

// The addresses of 在职党员报到: the list, and the counts of a year by unit.
const (
	membersPath = "/members"
	yearsPath   = "/members/years"
)

// memberRoutes are the pages of party members who reported to their communities.
func (s *Server) memberRoutes() []Route {
	if s.wishes == nil {
		return nil
	}
	const get, post, one = fiber.MethodGet, fiber.MethodPost, membersPath + "/:id<maxLen(64)>"
	return []Route{
		{Method: get, Path: membersPath, Action: policy.ReadMember, Handler: s.showsOverview(s.membersBoard)},
		{Method: get, Path: membersPath + "/new", Action: policy.WriteMember, Handler: s.newMember},
		{Method: post, Path: membersPath + "/new", Action: policy.WriteMember, Handler: s.reportMember},
		{Method: get, Path: yearsPath, Action: policy.ReadMemberFigures, Handler: s.showsOverview(s.yearsBoard)},
		{Method: get, Path: yearsPath + ".xlsx", Action: policy.ReadMemberFigures, Handler: s.sendsOverview(s.yearsBoard)},
		{Method: get, Path: yearsPath + "/letter", Action: policy.ReadMemberFigures, Handler: s.unitLetter},
		{Method: get, Path: one, Action: policy.ReadMember, Handler: s.oneMember},
		{Method: get, Path: one + "/certificate", Action: policy.ReadMember, Handler: s.memberCertificate},
		{Method: post, Path: one + "/:step<maxLen(20)>", Action: policy.ReadMember, Handler: s.stepMember},
	}
}

// memberActs are the links between the lists.
func (s *Server) memberActs(by policy.Actor, here string) []crumb {
	var out []crumb
	if s.guard.Allow(by, policy.WriteMember) && here == membersPath {
		out = append(out, crumb{"登记报到", membersPath + "/new"})
	}
	if s.guard.Allow(by, policy.ReadMember) && here != membersPath {
		out = append(out, crumb{"报到名单", membersPath})
	}
	if s.guard.Allow(by, policy.ReadMemberFigures) && here != yearsPath {
		out = append(out, crumb{"年度服务统计", yearsPath})
	}
	return append(out, crumb{"微心愿", needsPath})
}

// skillNames are kinds of services in words.
func (s *Server) skillNames(codes []string) string {
	var out []string
	for _, k := range s.wishes.Terms.Choices() {
		if slices.Contains(codes, k.ID) {
			out = append(out, k.Text)
		}
	}
	return strings.Join(out, "、")
}

// skills are the kinds of wishes for which somebody can help.
func (s *Server) skills() []registry.Choice {
	var out []registry.Choice
	for _, k := range s.wishes.Terms.Kinds() {
		if k.Order == wish.OrderWish {
			out = append(out, registry.Choice{ID: k.ID, Text: k.Title})
		}
	}
	return out
}

// membersBoard is the list of who reported. It has no workbook: the list stays here.
func (s *Server) membersBoard(c *fiber.Ctx, by policy.Actor) (listAddress, overview, error) {
	l := readList(c, membersPath, "q", "state", "skill", "township", "community")
	b := boardAt(l, "在职党员报到", "在职党员到居住地社区报到，社区确认以后参加服务；名单只有社区和登记的单位看得到")
	b.Excel = ""
	list, err := s.wishes.Members(c.UserContext(), by, wish.MemberFilter{Text: l.value["q"], State: wish.MemberState(l.value["state"]), Skill: l.value["skill"], Township: l.value["township"], Community: l.value["community"]})
	if err != nil {
		return l, b, err
	}
	places, err := s.placeFilters(c.UserContext(), l)
	if err != nil {
		return l, b, err
	}
	b.Filters = append([]boardFilter{{Name: "q", Label: "姓名或单位", Value: l.value["q"]}, {Name: "state", Label: "状态", Value: l.value["state"], Options: choicesOf("全部", wish.MemberStates())}, {Name: "skill", Label: "能做什么", Value: l.value["skill"], Options: choicesOf("全部", s.skills())}}, places...)
	if l.value["desc"] != "" {
		slices.Reverse(list)
	}
	b.Heads = []boardHead{{l.sorted("recent", "姓名", "recent"), ""}, head("状态", ""), head("单位", "no-s"), head("能做什么", "no-s"), head("什么时候", "no-s"), head("报到日期", "no-s")}
	for _, d := range list {
		m := &d.State
		since := boardCell{Class: "no-s"}
		if !m.Since.IsZero() {
			since = boardCell{Text: m.Since.Chinese(), Class: "no-s nw", Value: m.Since}
		}
		b.Rows = append(b.Rows, boardRow{Name: memberName(m), Path: membersPath + "/" + d.ID, Sub: m.CommunityName + " " + m.UnitName, Cells: []boardCell{{Text: m.State.Title(), Chip: m.State.Title()}, textCell(m.UnitName), textCell(s.skillNames(m.Skills)), textCell(m.Free), since}})
	}
	b.Acts = s.memberActs(by, membersPath)
	b.Note = "最近登记的在前；不排名，不打卡；时长只从社区确认过的服务里来。"
	b.Nothing, b.NothingText = "还没有在职党员报到", "单位或者社区登记，社区另一人确认。"
	return l, b, nil
}

// memberName is who reported; destroyed names are told so.
func memberName(m *wish.Member) string {
	if m.Person.Name == "" || m.Person.Name == store.PurgedText {
		return "姓名已清除"
	}
	return m.Person.Name
}

// memberNewView is what member_new.html shows.
type memberNewView struct {
	Form   []field
	Skills []checkOption
	// Agreed and Error belong to the consent.
	Agreed     bool
	Error, Key string
}

// checkOption is one box of several.
type checkOption struct {
	ID, Text string
	Checked  bool
}

// newMember is the form of who registers somebody.
func (s *Server) newMember(c *fiber.Ctx, by policy.Actor) error { return s.showNewMember(c, by, nil) }

func (s *Server) showNewMember(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	communities, err := s.stations.Books.CommunitiesFor(c.UserContext(), by, policy.WriteMember)
	if err != nil {
		return err
	}
	choices := make([]registry.Choice, len(communities))
	for i, d := range communities {
		choices[i] = registry.Choice{ID: d.ID, Text: d.Display}
	}
	text := func(name, label, hint string) field {
		return field{Name: name, Label: label, Type: "text", Autocomplete: "off", Value: c.FormValue(name), Hint: hint}
	}
	form := []field{{Name: "community", Label: "居住地社区", Options: choicesOfPlaces("请选择", choices), Value: c.FormValue("community")}, text("name", "姓名", ""), text("phone", "电话", "社区用来联系，加密保存")}
	if s.guard.Allow(by, policy.ConfirmMember) {
		form = append(form, text("unit", "所在单位", "写全称；是本社区共建单位的，写台账里的名称"))
	}
	free := text("free", "什么时候有空", "例如：每周六上午")
	free.Optional = true
	v := memberNewView{Form: withErrors(append(form, free), refused), Agreed: c.FormValue("agreed") != "", Key: newKey()}
	sent := formValues(c)["skills"]
	for _, k := range s.skills() {
		v.Skills = append(v.Skills, checkOption{k.ID, k.Text, slices.Contains(sent, k.ID)})
	}
	for _, f := range refused {
		if f.Name == "agreed" {
			v.Error = f.Message
		}
	}
	p := page{Title: "登记在职党员报到", Nav: membersPath, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "member_new", p)
	}
	return s.render(c, by, "member_new", p)
}

// reportMember registers somebody.
func (s *Server) reportMember(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.wishes.Report(c.UserContext(), by, wish.MemberInput{Community: c.FormValue("community"), Name: c.FormValue("name"), Phone: c.FormValue("phone"), Unit: c.FormValue("unit"), Free: c.FormValue("free"),
		Skills: formValues(c)["skills"], Agreed: c.FormValue("agreed") != "", Idem: formIdem(c)})
	refused := refusedForm(err)
	if fault.Is(err, fault.Conflict) {
		refused = []fault.Field{{Name: "phone", Message: fault.MessageOf(err)}}
	}
	if len(refused) > 0 {
		return s.showNewMember(c, by, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, membersPath+"/"+doc.ID+"?done=report")
}

// memberView is what member.html shows.
type memberView struct {
	Path, Name, State, Skills, Entered string
	Seq                                int64
	M                                  *wish.Member
	// Year and Did are what was done this year, for the community; Did is "" for a unit.
	Year      int
	Did       string
	Forms     []stepForm
	History   []step
	Certified bool
}

// memberWords are the steps by the word in the address.
var memberWords = map[string]wish.MemberStep{"confirm": wish.MemberConfirm, "turn": wish.MemberTurn, "leave": wish.MemberLeave}

// memberSaid is what was done.
var memberSaid = map[string]string{"report": "已登记，等社区另一人确认。", "confirm": "已确认报到。", "turn": "已登记不予确认。", "leave": "已登记转出。"}

// oneMember shows a registration and what the actor can do with it.
func (s *Server) oneMember(c *fiber.Ctx, by policy.Actor) error { return s.showMember(c, by, nil) }

func (s *Server) showMember(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	ctx, id := c.UserContext(), c.Params("id")
	doc, err := s.wishes.OneMember(ctx, by, id)
	if err != nil {
		return err
	}
	m := &doc.State
	v := memberView{Path: membersPath + "/" + id, Name: memberName(m), State: m.State.Title(), Skills: s.skillNames(m.Skills), Entered: s.titleOfOffice(m.Entered.Office), Seq: doc.Seq, M: m, Year: s.registered.On(ctx).Year()}
	if s.guard.Allow(by, policy.DispatchWish) && !m.Since.IsZero() {
		done, err := s.wishes.MemberYear(ctx, by, id, v.Year)
		if err != nil {
			return err
		}
		v.Did, v.Certified = doneText(done), done.Services > 0
	}
	for _, f := range []stepForm{
		{Name: "confirm", Title: "确认报到", Hint: "核对本人住在本社区、知道并且同意登记；登记的人不能确认。", Button: "确认报到"},
		{Name: "turn", Title: "不予确认", Hint: "不住在本社区、不愿意登记的，写明原因。", Button: "不予确认", Grave: true, Form: []field{{Name: "reason", Label: "原因", Rows: 2}}},
		{Name: "leave", Title: "登记转出", Hint: "搬走、调离、退休或者本人不再参加的，登记转出；到期清除姓名和电话。", Button: "登记转出", Grave: true, Form: []field{{Name: "reason", Label: "原因", Rows: 2}}},
	} {
		step := memberWords[f.Name]
		if m.Can(step) && s.guard.Allow(by, step.Action()) && !(step == wish.MemberConfirm && m.Entered.By == by.ID) {
			v.Forms = append(v.Forms, f.placed(c, v.Path, refused))
		}
	}
	past, err := s.wishes.MemberPast(ctx, by, id)
	if err != nil {
		return err
	}
	for _, ch := range past {
		v.History = append(v.History, step{"done", string(ch.State.Last), joinWords(dateTime(ch.State.Hand.At.Time), s.titleOfOffice(ch.State.Hand.Office), ch.State.Reason)})
	}
	p := page{Title: v.Name, Nav: membersPath, Data: v, Fields: refused, Said: saidParam(c, memberSaid)}
	if len(refused) > 0 {
		return s.refuse(c, by, "member", p)
	}
	return s.render(c, by, "member", p)
}

// doneText says what was done in a year.
func doneText(d wish.Did) string {
	return "服务 " + count(d.Services) + " 件，" + hoursText(d.HalfHours) + " 小时"
}

// stepMember does one step.
func (s *Server) stepMember(c *fiber.Ctx, by policy.Actor) error {
	name := c.Params("step")
	step, ok := memberWords[name]
	if !ok {
		return fault.New("web.stepMember", fault.NotFound, "没有这一步")
	}
	_, err := s.wishes.StepMember(c.UserContext(), by, formAt(c), step, c.FormValue(name+"-reason"))
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showMember(c, by, ofStep(refused, name+"-"))
	}
	if err != nil {
		return err
	}
	return seeOther(c, membersPath+"/"+c.Params("id")+"?done="+name)
}

// yearOf is the year that a page asks for, this one without.
func (s *Server) yearOf(c *fiber.Ctx) int {
	now := s.registered.On(c.UserContext()).Year()
	if y, err := strconv.Atoi(c.Query("year")); err == nil && y > 2000 && y <= now {
		return y
	}
	return now
}

// yearsBoard is what the members of each unit did in a year: counts.
func (s *Server) yearsBoard(c *fiber.Ctx, by policy.Actor) (listAddress, overview, error) {
	l := readList(c, yearsPath, "q", "year")
	b := boardAt(l, "在职党员年度服务统计", "每个单位的报到党员在每个社区做了多少服务：只有数，没有名字")
	year := s.yearOf(c)
	list, err := s.wishes.UnitYears(c.UserContext(), by, year)
	if err != nil {
		return l, b, err
	}
	years := []option{}
	for y := s.registered.On(c.UserContext()).Year(); y > year-3 || len(years) < 3; y-- {
		years = append(years, option{strconv.Itoa(y), strconv.Itoa(y) + " 年"})
	}
	b.Filters = []boardFilter{{Name: "q", Label: "单位或社区", Value: l.value["q"]}, {Name: "year", Label: "年度", Value: strconv.Itoa(year), Options: years}}
	b.Heads = []boardHead{head("单位", ""), head("报到党员", "num"), head("参加过服务", "no-s num"), head("服务件数", "num"), head("小时", "no-s num"), head("反馈函", "noprint")}
	b.OnScreen, b.Below = "反馈函", "社区"
	var members, services, halves int64
	for _, u := range list {
		if q := l.value["q"]; q != "" && !registry.Finds(u.UnitName, q) && !registry.Finds(u.CommunityName, q) {
			continue
		}
		members, services, halves = members+int64(u.Members), services+int64(u.Services), halves+u.HalfHours
		hours := boardCell{Text: hoursText(u.HalfHours), Class: "no-s num", Value: float64(u.HalfHours) / 2}
		if u.Few {
			hours = boardCell{Text: "人数少，不列", Class: "no-s num"}
		}
		number := func(n int, class string) boardCell { return boardCell{Text: count(n), Class: class, Value: int64(n)} }
		b.Rows = append(b.Rows, boardRow{Name: u.UnitName, Sub: u.CommunityName, Cells: []boardCell{number(u.Members, "num"), number(u.Helped, "no-s num"), number(u.Services, "num"), hours,
			{Text: "看反馈函", Link: unitLetterPath(u, year), Class: "noprint"}}})
	}
	b.Figures = []boardFigure{{Label: "报到党员", Value: count(int(members)), Sub: "人"}, {Label: "服务", Value: count(int(services)), Sub: "人次，社区确认过的"}, {Label: "时长", Value: hoursText(halves), Sub: "小时，不含人数少的单位"}}
	b.Acts = s.memberActs(by, yearsPath)
	b.Note = "年内报到过的都算；一件服务几人参加按几人次算，时长由参加的人平分；不到 " + count(s.wishes.Terms.LeastMembers()) + " 人的单位不列时长；按单位和社区的名称排，不排名。"
	b.Nothing, b.NothingText = "这一年没有报到党员", "社区确认报到以后，按单位列在这里。"
	return l, b, nil
}

// unitLetterPath leads to the feedback letter to a unit.
func unitLetterPath(u wish.UnitYear, year int) string {
	return yearsPath + "/letter?year=" + strconv.Itoa(year) + "&community=" + u.Community + "&unit=" + url.QueryEscape(u.UnitName)
}

// memberPaper is what member_paper.html shows: the feedback to a unit, or the certificate of a member.
type memberPaper struct {
	Path, Title, To, Community, On string
	Year                           int
	Lines                          []string
}

// unitLetter is the feedback to a unit, for printing: counts of the year.
func (s *Server) unitLetter(c *fiber.Ctx, by policy.Actor) error {
	year := s.yearOf(c)
	list, err := s.wishes.UnitYears(c.UserContext(), by, year)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(u wish.UnitYear) bool {
		return u.Community == c.Query("community") && u.UnitName == c.Query("unit")
	})
	if i < 0 {
		return fault.New("web.unitLetter", fault.NotFound, "这一年这个单位没有报到党员")
	}
	u := list[i]
	v := memberPaper{Path: yearsPath + "?year=" + strconv.Itoa(year), Title: "在职党员服务情况反馈函", To: u.UnitName, Community: u.CommunityName, Year: year, On: s.registered.On(c.UserContext()).Chinese()}
	v.Lines = []string{"在本社区报到 " + count(u.Members) + " 人，其中参加过服务 " + count(u.Helped) + " 人，参加服务 " + count(u.Services) + " 人次。"}
	if !u.Few {
		v.Lines = append(v.Lines, "服务时长合计 "+hoursText(u.HalfHours)+" 小时，从社区确认过的服务中统计。")
	}
	v.Lines = append(v.Lines, "本函只反馈人数和次数，不涉及个人，也不作为排名和评先的依据。")
	return s.render(c, by, "member_paper", page{Title: v.Title, Script: true, Data: v, Paper: v.Title})
}

// memberCertificate is the certificate of a member about a year, for printing: it is given to himself.
func (s *Server) memberCertificate(c *fiber.Ctx, by policy.Actor) error {
	ctx, id := c.UserContext(), c.Params("id")
	doc, err := s.wishes.OneMember(ctx, by, id)
	if err != nil {
		return err
	}
	year := s.yearOf(c)
	done, err := s.wishes.MemberYear(ctx, by, id, year)
	if err != nil {
		return err
	}
	if done.Services == 0 {
		return fault.New("web.memberCertificate", fault.Conflict, strconv.Itoa(year)+" 年还没有社区确认过的服务，不出证明")
	}
	m := &doc.State
	v := memberPaper{Path: membersPath + "/" + id, Title: "在职党员服务证明", To: memberName(m), Community: m.CommunityName, Year: year, On: s.registered.On(ctx).Chinese()}
	v.Lines = []string{m.UnitName + "，在本社区报到并参加服务 " + count(done.Services) + " 件，服务时长 " + hoursText(done.HalfHours) + " 小时。", "时长从社区确认过的服务中统计，一件服务由参加的人平分。"}
	return s.render(c, by, "member_paper", page{Title: v.Title, Script: true, Data: v, Paper: v.Title})
}
