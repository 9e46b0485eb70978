package web

import (
	"context"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/policy"
)

// Approvals is what the page of the ways of approval needs.
type Approvals interface {
	// Chains are the ways of approval.
	Chains() *policy.Chains
	// Staffing says what lacks, or lacked on the day that the context looks back to, so that they and the other separated work can be staffed, also with one person away. Returns Forbidden
	// without ReadApprovals.
	Staffing(ctx context.Context, by policy.Actor) ([]policy.Lack, error)
}

// approvalsPath is the page of the ways of approval.
const approvalsPath = "/approvals"

// approvalRoutes are the rows of approvals and of who signs for whom.
func (s *Server) approvalRoutes() []Route {
	const get, post = fiber.MethodGet, fiber.MethodPost
	rows := []Route{
		{Method: post, Path: "/account/away", Action: policy.SignApproval, Handler: s.recordAway},
		{Method: post, Path: "/account/back", Action: policy.SignApproval, Handler: s.endAway},
		{Method: post, Path: accountsPath + "/:id/away", Action: policy.AppointAccount, Handler: s.recordAway},
		{Method: post, Path: accountsPath + "/:id/back", Action: policy.AppointAccount, Handler: s.endAway},
	}
	if s.approvals != nil {
		rows = append(rows, Route{Method: get, Path: approvalsPath, Action: policy.ReadApprovals, Handler: s.approvalsPage},
			Route{Method: get, Path: signedPapersPath, Action: policy.ReadApprovals, Handler: s.showsOverview(s.signedPapersBoard)}, Route{Method: get, Path: signedPapersPath + ".xlsx", Action: policy.ReadApprovals, Handler: s.sendsOverview(s.signedPapersBoard)})
	}
	return rows
}

// approvalsView is what approvals.html shows.
type approvalsView struct {
	Chains []chainView
	// Lacks cannot be staffed now, Fragile not with one person away.
	Lacks, Fragile []string
}

type chainView struct {
	Title, Basis, Makers string
	Versions             []chainVersionView
}

type chainVersionView struct {
	Days   string
	Now    bool
	Levels []chainLevelView
}

type chainLevelView struct {
	Name  string
	Paper bool
	Seats []string
}

// approvalsPage shows who approves what, and whether there are enough people for it.
func (s *Server) approvalsPage(c *fiber.Ctx, by policy.Actor) error {
	lacks, err := s.approvals.Staffing(c.UserContext(), by)
	if err != nil {
		return err
	}
	var v approvalsView
	for _, lack := range lacks {
		if lack.Absent {
			v.Fragile = append(v.Fragile, lack.Chinese())
		} else {
			v.Lacks = append(v.Lacks, lack.Chinese())
		}
	}
	today := s.clockOf(c.UserContext()).today
	for _, chain := range s.approvals.Chains().All() {
		v.Chains = append(v.Chains, s.chainView(chain, today))
	}
	return s.render(c, by, "approvals", page{Title: "审批流程", Nav: approvalsPath, Data: v})
}

// chainView puts a way of approval into words, the version in force first.
func (s *Server) chainView(chain policy.ChainVersions, today calendar.Date) chainView {
	out := chainView{Title: chain.Title, Basis: chain.Versions[0].Basis, Makers: s.titlesOf(chain.Makers)}
	now, _ := chain.On(today)
	for i := len(chain.Versions) - 1; i >= 0; i-- {
		version := chain.Versions[i]
		days := policy.Span{From: version.From}
		if i+1 < len(chain.Versions) {
			days.Until = chain.Versions[i+1].From.Add(-1)
		}
		shown := chainVersionView{Days: "第 " + strconv.FormatInt(version.Version, 10) + " 版，" + spanText(days), Now: version.Version == now.Version}
		for _, level := range version.Levels {
			l := chainLevelView{Name: level.Name, Paper: level.Paper}
			for _, seat := range level.Seats {
				text := s.titleOfOffice(string(seat.Role))
				if len(seat.Deputies) > 0 {
					text += "（不在时由" + s.titlesOf(seat.Deputies) + "代）"
				}
				l.Seats = append(l.Seats, text)
			}
			shown.Levels = append(shown.Levels, l)
		}
		out.Versions = append(out.Versions, shown)
	}
	return out
}

// titlesOf joins the titles of some roles.
func (s *Server) titlesOf(roles []policy.Role) string {
	titles := make([]string, len(roles))
	for i, role := range roles {
		titles[i] = s.titleOfOffice(string(role))
	}
	return strings.Join(titles, "、")
}

// awayView is the part of an account's page that says when a person is away and who signs meanwhile.
type awayView struct {
	// Base is the address of the account.
	Base string
	Seq  int64
	Rows []awayLine
	Form []field
	// For are those in whose place the person signs today.
	For int
}

type awayLine struct {
	Index             int
	Days, Deputy      string
	Now, CanEnd, Over bool
}

// awaySaid is what was done with an absence.
var awaySaid = map[string]string{"away": "已登记。外出期间由代理人代签审批，签名处注明“代”。", "back": "已结束，从现在起由本人签。"}

// awayOf is that part for an account; nil if the actor may not see it. Refused belong to its form if they are about its fields.
func (s *Server) awayOf(c *fiber.Ctx, by policy.Actor, id string, refused []fault.Field) (*awayView, error) {
	base, action := "/account", policy.SignApproval
	if id != by.ID {
		base, action = accountsPath+"/"+id, policy.AppointAccount
	}
	if !s.guard.Allow(by, action) {
		return nil, nil
	}
	absences, seq, err := s.people.Absences(c.UserContext(), by, id)
	if err != nil {
		return nil, err
	}
	colleagues, err := s.people.Colleagues(c.UserContext(), by, action, policy.SignApproval)
	if err != nil {
		return nil, err
	}
	v := &awayView{Base: base, Seq: seq, For: len(by.Deputizes)}
	names, options := map[string]string{}, []option{{Label: "请选择"}}
	for _, other := range colleagues {
		names[other.ID] = other.Name
		if other.ID != id {
			options = append(options, option{Value: other.ID, Label: other.Name + "（" + other.Titles + "）"})
		}
	}
	today := calendar.DateOf(s.clocks.Business())
	for i := len(absences) - 1; i >= 0; i-- {
		a := absences[i]
		line := awayLine{Index: i, Days: spanText(a.Days), Deputy: names[a.Deputy], Now: a.Days.Holds(today), Over: a.Days.Until.Compare(today) < 0}
		if line.Deputy == "" {
			line.Deputy = "已不能签署审批的人"
		}
		line.CanEnd = !line.Over
		v.Rows = append(v.Rows, line)
	}
	v.Form = withErrors([]field{
		{Name: "away-from", Label: "外出第一天", Type: "date", Value: c.FormValue("away-from")},
		{Name: "away-until", Label: "外出最后一天", Type: "date", Value: c.FormValue("away-until")},
		{Name: "away-deputy", Label: "代理人", Options: options, Value: c.FormValue("away-deputy"), Hint: "只代签审批，别的权限不跟着走"},
	}, refused)
	return v, nil
}

// accountOf is the account that a form about absences is about: the one of the address, else one's own.
func accountOf(c *fiber.Ctx, by policy.Actor) (id, address string) {
	if id = c.Params("id"); id != "" {
		return id, accountsPath + "/" + id
	}
	return by.ID, "/account"
}

// recordAway records that somebody is away.
func (s *Server) recordAway(c *fiber.Ctx, by policy.Actor) error {
	id, address := accountOf(c, by)
	var days policy.Span
	var refused []fault.Field
	for name, day := range map[string]*calendar.Date{"away-from": &days.From, "away-until": &days.Until} {
		text := c.FormValue(name)
		if text == "" {
			continue
		}
		var err error
		if *day, err = calendar.ParseDate(text); err != nil {
			refused = append(refused, fault.Field{Name: name, Message: "“" + text + "”不是日期，要写成 2026-10-19"})
		}
	}
	err := inOneRound(c.UserContext(), &refused, func(ctx context.Context) error {
		return s.people.RecordAbsence(ctx, by, id, formSeq(c), days, c.FormValue("away-deputy"))
	})
	if err == nil {
		return seeOther(c, address+"?done=away")
	}
	if !fault.Is(err, fault.Invalid) {
		return err
	}
	refused = ofStep(fault.FieldsOf(err), "away-")
	c.Status(statusOf(fault.Invalid))
	if id != by.ID {
		return s.showAccount(c, by, "", refused)
	}
	p, err := s.accountPage(c, by, nil)
	if err != nil {
		return err
	}
	v := p.Data.(accountView)
	if v.Away, err = s.awayOf(c, by, id, refused); err != nil {
		return err
	}
	p.Data, p.Fields = v, refused
	return s.render(c, by, "account", p)
}

// endAway ends an absence today.
func (s *Server) endAway(c *fiber.Ctx, by policy.Actor) error {
	id, address := accountOf(c, by)
	index, err := strconv.Atoi(c.FormValue("index"))
	if err != nil {
		return fault.InvalidFields("web.endAway", fault.Field{Name: "index", Message: "没有指明是哪次外出，请回到账号页面再选"})
	}
	if err := s.people.EndAbsence(c.UserContext(), by, id, formSeq(c), index); err != nil {
		return err
	}
	return seeOther(c, address+"?done=back")
}
