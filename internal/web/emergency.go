package web

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/policy"
)

// emergencyPath is where an office is taken in an emergency and given back, emergenciesPath where others look at it afterwards.
const (
	emergencyPath   = "/account/emergency"
	emergenciesPath = "/admin/emergencies"
)

// emergencyRoutes are the pages of offices that are taken in an emergency (应急授权).
func (s *Server) emergencyRoutes() []Route {
	const get, post = fiber.MethodGet, fiber.MethodPost
	return []Route{
		{Method: get, Path: emergencyPath, Action: policy.ReadOwnAccount, Handler: s.emergency},
		{Method: post, Path: emergencyPath, Action: policy.UpdateOwnAccount, Handler: s.takeEmergency},
		{Method: post, Path: emergencyPath + "/end", Action: policy.UpdateOwnAccount, Handler: s.endEmergency},
		{Method: get, Path: emergenciesPath, Action: policy.ReviewEmergency, Handler: s.emergencies},
		{Method: post, Path: emergenciesPath + "/:account/:n<int>", Action: policy.ReviewEmergency, Handler: s.reviewEmergency},
	}
}

// emergencyView is what emergency.html shows.
type emergencyView struct {
	// Form is empty for somebody who can take nothing.
	Form []field
	// Offices say which office may take which.
	Offices []policy.EmergencyOffice
	Rows    []emergencyRow
	Running bool
}

// emergencyRow is an emergency as its own page and that of the reviewers show it.
type emergencyRow struct {
	policy.EmergencyView
	Title, Own, Who string
	// Log leads to what was changed meanwhile, "" for who may not read the log.
	Log string
	// State is its word.
	State string
	// Reviews say who found what.
	Reviews []string
	// Errors are those of its form.
	Errors string
}

// emergencyRowOf puts an emergency into words.
func (s *Server) emergencyRowOf(by policy.Actor, e policy.EmergencyView) emergencyRow {
	rules := s.guard.Rules()
	title := func(role policy.Role) string {
		if info, ok := rules.Role(role); ok {
			return info.Title
		}
		return string(role)
	}
	row := emergencyRow{EmergencyView: e, Title: title(e.Role), Own: title(e.Own), Who: e.Account.Name, State: "待核查"}
	switch {
	case e.Running:
		row.State = "进行中"
	case len(e.Reviews) > 1:
		row.State = "已核查"
	}
	for _, r := range e.Reviews {
		said := "认为正当"
		if !r.Proper {
			said = "认为不当"
			row.State = "认为不当"
		}
		if r.Words != "" {
			said += "：" + r.Words
		}
		row.Reviews = append(row.Reviews, map[bool]string{true: "审计", false: "局领导"}[r.Duty == policy.DutyAudit]+said+"（"+dateTime(r.At.Time)+"）")
	}
	if s.journal != nil && s.guard.Allow(by, policy.ReadLog) {
		row.Log = logPath + "?" + url.Values{"q": {e.Mark() + "〕"}, "by": {e.Account.ID}}.Encode()
	}
	return row
}

// emergency is the page on which somebody takes another office in an emergency.
func (s *Server) emergency(c *fiber.Ctx, by policy.Actor) error {
	return s.showEmergency(c, by, nil)
}

// emergencySaid is what was done.
var emergencySaid = map[string]string{"take": "已取得。到时自动结束；办完了请提前交回。审计和局领导的待办里已经有这件事。", "end": "已交回。", "review": "核查结果已记下。"}

func (s *Server) showEmergency(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	own, err := s.people.OwnEmergencies(c.UserContext(), by)
	if err != nil {
		return err
	}
	v := emergencyView{Offices: s.guard.Rules().EmergencyOffices(by)}
	for _, e := range own {
		row := s.emergencyRowOf(by, e)
		v.Running = v.Running || e.Running
		v.Rows = append(v.Rows, row)
	}
	if len(v.Offices) > 0 && !v.Running {
		roles, hours := []option{{"", "请选择"}}, []option{}
		for _, o := range v.Offices {
			roles = append(roles, option{string(o.Role.Role), o.Role.Title})
		}
		for n := 1; n <= policy.MaxEmergencyHours; n++ {
			hours = append(hours, option{strconv.Itoa(n), strconv.Itoa(n) + " 小时"})
		}
		v.Form = withErrors([]field{{Name: "role", Label: "要取得的岗位", Options: roles, Value: c.FormValue("role"), Hint: "范围与你现在的岗位相同"},
			{Name: "hours", Label: "多久", Options: hours, Value: c.FormValue("hours")},
			{Name: "reason", Label: "事由", Rows: 3, Value: c.FormValue("reason"), Hint: "10 至 200 字：出了什么事，为什么等不到在岗的人；不要写个人信息"},
			{Name: "current", Label: "你的密码", Type: "password", Autocomplete: "current-password", Hint: "开通了动态口令的也可以填动态口令"}}, refused)
	}
	if len(refused) > 0 {
		c.Status(statusOf(fault.Invalid))
	}
	return s.render(c, by, "emergency", page{Title: "应急授权", Nav: "/account", Data: v, Fields: refused, Said: saidParam(c, emergencySaid)})
}

// takeEmergency takes another office, after the password was given again.
func (s *Server) takeEmergency(c *fiber.Ctx, by policy.Actor) error {
	hours, _ := strconv.Atoi(c.FormValue("hours")) // what is no number is refused as too short
	var refused []fault.Field
	take := func(ctx context.Context) error {
		_, err := s.people.TakeEmergency(ctx, by, policy.Role(c.FormValue("role")), hours, c.FormValue("reason"))
		return err
	}
	err := s.people.Reauthenticate(c.UserContext(), by, c.FormValue("current"))
	if refused = refusedForm(err); err != nil && len(refused) == 0 {
		return err
	}
	err = inOneRound(c.UserContext(), &refused, take)
	if refused = refusedForm(err); len(refused) > 0 {
		return s.showEmergency(c, by, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, emergencyPath+"?done=take")
}

// endEmergency gives it back.
func (s *Server) endEmergency(c *fiber.Ctx, by policy.Actor) error {
	if err := s.people.EndEmergency(c.UserContext(), by); err != nil {
		return err
	}
	return seeOther(c, emergencyPath+"?done=end")
}

// emergenciesView is what emergencies.html shows.
type emergenciesView struct{ Rows []emergencyRow }

// emergencies lists what others took, for who looks at it.
func (s *Server) emergencies(c *fiber.Ctx, by policy.Actor) error {
	return s.showEmergencies(c, by, "", nil)
}

func (s *Server) showEmergencies(c *fiber.Ctx, by policy.Actor, at string, refused []fault.Field) error {
	list, err := s.people.Emergencies(c.UserContext(), by)
	if err != nil {
		return err
	}
	var v emergenciesView
	for _, e := range list {
		row := s.emergencyRowOf(by, e)
		if id := fmt.Sprintf("%s/%d", e.Account.ID, e.Number); id == at && len(refused) > 0 {
			row.Errors = refused[0].Message
		}
		v.Rows = append(v.Rows, row)
	}
	if len(refused) > 0 {
		c.Status(statusOf(fault.Invalid))
	}
	return s.render(c, by, "emergencies", page{Title: "应急授权核查", Nav: emergenciesPath, Data: v, Said: saidParam(c, emergencySaid)})
}

// reviewEmergency records what somebody found.
func (s *Server) reviewEmergency(c *fiber.Ctx, by policy.Actor) error {
	number, _ := strconv.ParseInt(c.Params("n"), 10, 64) // the route lets only numbers in; a huge one is none that exists
	account := c.Params("account")
	err := s.people.ReviewEmergency(c.UserContext(), by, account, number, c.FormValue("proper") == "1", c.FormValue("words"))
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showEmergencies(c, by, fmt.Sprintf("%s/%d", account, number), refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, emergenciesPath+"?done=review")
}

// EmergencyTasks is the work of those who look at the offices that others took in an emergency.
type EmergencyTasks struct {
	// Guard tells who may do what; People knows the accounts. Both are required.
	Guard  *policy.Guard
	People People
}

// Tasks implements Tasks.
func (t EmergencyTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	if !t.Guard.Allow(by, policy.ReviewEmergency) {
		return nil, nil
	}
	list, err := t.People.Emergencies(ctx, by)
	if err != nil {
		return nil, err
	}
	var out []Task
	for _, e := range list {
		if !e.Mine {
			continue
		}
		title := string(e.Role)
		if info, ok := t.Guard.Rules().Role(e.Role); ok {
			title = info.Title
		}
		k := Task{Title: "核查" + e.Account.Name + "的应急授权：" + title, Context: e.Reason, Link: emergenciesPath, Button: "去核查", Nav: emergenciesPath, Due: e.Due, Basis: "应急授权结束后 3 天内核查", Count: 1}
		if e.Running {
			k.Title, k.Party, k.Waits = e.Account.Name+"应急取得了"+title+"的岗位，到"+dateTime(e.Until.Time)+"为止", e.Account.Name, true
		}
		out = append(out, k)
	}
	return out, nil
}
