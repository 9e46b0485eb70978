package web

import (
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/policy"
)

// orderView is what a 调阅单 or 审计通知书 lets read, for its holder and for who appoints.
type orderView struct {
	Number, Reason, Years, Whole string
	// Matters are the names of what may be read; Stands of those that show what stands today, whatever the year.
	Matters, Stands []string
}

// orderViewOf puts the order of an appointment into words, nil for one without.
func orderViewOf(rules *policy.Rules, ap policy.Appointment) *orderView {
	if ap.Access == nil {
		return nil
	}
	v := &orderView{Number: ap.Order, Reason: ap.Access.Reason, Years: ap.Access.Years(), Whole: ap.Access.Whole, Matters: rules.MatterTitles(ap.Role, ap.Access)}
	for _, m := range rules.Matters(ap.Role) {
		for _, named := range ap.Access.Matters {
			if m.Stands && m.Resource == named {
				v.Stands = append(v.Stands, m.Title)
			}
		}
	}
	return v
}

// orderForm is what account_order.html shows: what is typed and what is chosen.
type orderForm struct {
	ID, Login, Name string
	Seq             int64
	Before, After   []field
	Matters         []matterChoice
	// Error is what is wrong with the choice of matters.
	Error string
}

// matterChoice is one kind of thing that an order can name; Only names the offices that may read it, if not all of them.
type matterChoice struct {
	Value, Label, Only string
	Chosen             bool
}

// orderPath is where the order of an account is entered.
func orderPath(id string) string { return accountsPath + "/" + id + "/order" }

// orderPage asks for an order.
func (s *Server) orderPage(c *fiber.Ctx, by policy.Actor) error { return s.showOrder(c, by, nil) }

// showOrder renders the form of an order; nothing is chosen beforehand, least of all the whole county.
func (s *Server) showOrder(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	a, err := s.people.OneAccount(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	places, err := s.placing(c.UserContext())
	if err != nil {
		return err
	}
	f := &orderForm{ID: a.ID, Login: a.Login, Name: a.Name, Seq: a.Seq}
	rules, roles, longest := s.guard.Rules(), []option{{"", "请选择"}}, 0
	var matters []matterChoice
	at, may := map[string]int{}, map[string][]string{}
	for _, r := range rules.Roles() {
		if r.Grant != policy.GrantOrder {
			continue
		}
		roles = append(roles, option{string(r.Role), r.Title + "（最长 " + strconv.Itoa(r.Longest) + " 日）"})
		longest = max(longest, r.Longest)
		for _, m := range rules.Matters(r.Role) {
			if _, known := at[m.Resource]; !known {
				at[m.Resource] = len(matters)
				label := m.Title
				switch {
				case m.Everywhere:
					label += "（不分地方和年度）"
				case m.Stands:
					label += "（不分年度）"
				}
				matters = append(matters, matterChoice{Value: m.Resource, Label: label})
			}
			may[m.Resource] = append(may[m.Resource], r.Title)
		}
	}
	typed := func(name string) string { return c.FormValue(name) }
	for _, value := range c.Request().PostArgs().PeekMulti("matters") {
		if i, known := at[string(value)]; known {
			matters[i].Chosen = true
		}
	}
	for _, bad := range refused {
		if bad.Name == "matters" {
			f.Error = bad.Message
		}
	}
	for i := range matters {
		if holders := may[matters[i].Value]; len(holders) < len(roles)-1 {
			matters[i].Only = "只限" + strings.Join(holders, "、")
		}
	}
	f.Matters = matters
	f.Before = withErrors([]field{{Name: "role", Label: "调阅人员", Options: roles, Value: typed("role"), Hint: "账号不能同时有别的岗位"}, {Name: "order", Label: "文号", Type: "text", Value: typed("order"), Hint: "调阅单或审计通知书的文号"},
		{Name: "reason", Label: "事由", Rows: 2, Value: typed("reason"), Hint: "为什么事调阅，不写人名；持单人和审计员都看得到"}}, refused)
	f.After = withErrors([]field{{Name: "scopes", Label: "看哪里", Type: "text", Value: typed("scopes"), Suggest: places.suggestions(), Hint: "乡镇、社区、企业、小区的名称或者编号，几个的用顿号分开"},
		{Name: "whole", Label: "为什么要看全县", Type: "text", Optional: true, Value: typed("whole"), Hint: "上面写“全县”的才填"},
		{Name: "first_year", Label: "从哪一年", Type: "text", Mode: "numeric", Value: typed("first_year"), Hint: "看哪几年发生的事，例如 2025"}, {Name: "last_year", Label: "到哪一年", Type: "text", Mode: "numeric", Value: typed("last_year")},
		{Name: "from", Label: "起始日", Type: "date", Optional: true, Value: typed("from"), Hint: "不填即从今天起"}, {Name: "until", Label: "截止日", Type: "date", Value: typed("until"), Hint: "到期自动失效；最长 " + strconv.Itoa(longest) + " 日，还要看的另开一份"}}, refused)
	return s.render(c, by, "account_order", page{Title: "登记调阅单", Nav: accountsPath, Data: f, Fields: refused})
}

// appointByOrder records a 调阅单 or 审计通知书.
func (s *Server) appointByOrder(c *fiber.Ctx, by policy.Actor) error {
	access := &policy.AccessOrder{Reason: strings.TrimSpace(c.FormValue("reason")), Whole: strings.TrimSpace(c.FormValue("whole"))}
	for _, value := range c.Request().PostArgs().PeekMulti("matters") {
		access.Matters = append(access.Matters, string(value))
	}
	var unread []fault.Field
	for name, year := range map[string]*int64{"first_year": &access.FirstYear, "last_year": &access.LastYear} {
		text := strings.TrimSuffix(strings.TrimSpace(c.FormValue(name)), "年")
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			unread = append(unread, fault.Field{Name: name, Message: "“" + text + "”不是年份，例如 " + strconv.Itoa(calendar.DateOf(s.clocks.Business()).Year())})
		}
		*year = n
	}
	return s.appointAs(c, by, policy.Appointment{Role: policy.Role(c.FormValue("role")), Order: strings.TrimSpace(c.FormValue("order")), Access: access}, unread, func(refused []fault.Field) error { return s.showOrder(c, by, refused) })
}
