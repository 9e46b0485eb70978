package web

import (
	"context"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/charts"
	"redsteward/internal/fault"
	"redsteward/policy"
)

// health says whether the store answers.
func (s *Server) health(c *fiber.Ctx, _ policy.Actor) error {
	if s.ping != nil {
		limit, cancel := context.WithTimeout(c.UserContext(), 2*time.Second)
		defer cancel()
		if err := s.ping(limit); err != nil {
			return fault.Wrap("web.health", fault.Unavailable, "数据存储没有应答", err)
		}
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.SendString("ok\n")
}

// readiness says whether new requests should come here; it turns off first when the service stops.
func (s *Server) readiness(c *fiber.Ctx, by policy.Actor) error {
	if !s.ready.Load() {
		return fault.New("web.readiness", fault.Unavailable, "服务正在停止")
	}
	return s.health(c, by)
}

// openView is what open.html shows.
type openView struct {
	*board
	All int
	// Bundles: stars can be recomputed.
	Bundles bool
}

func (s *Server) latest(c *fiber.Ctx) (*openView, error) {
	b, err := s.boardNow(c.UserContext())
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &openView{board: b, All: len(b.byID), Bundles: s.bundles != nil}, nil
}

// open explains what can be downloaded and how to recompute it.
func (s *Server) open(c *fiber.Ctx, by policy.Actor) error {
	v, err := s.latest(c)
	if err != nil {
		return err
	}
	return s.render(c, by, "open", page{Title: "开放数据", Nav: "/open", Data: v})
}

// helpView is what help.html shows: what one row of the board is called, and the modules.
type helpView struct {
	Subject string
	Modules []policy.Module
}

// help is the guide of the pages.
func (s *Server) help(c *fiber.Ctx, by policy.Actor) error {
	latest, err := s.latest(c)
	if err != nil {
		return err
	}
	v := helpView{Subject: "小区", Modules: s.modules.All()}
	if latest != nil {
		v.Subject = latest.Subject
	}
	return s.render(c, by, "help", page{Title: "帮助", Nav: "/help", Data: v})
}

type officeView struct {
	Title, Span, Scope string
	// Unit is the name of the unit, set by officesNamed only; Order is what an order lets read, nil for an office without.
	Unit  string
	Order *orderView
}

// offices puts appointments into words.
func (s *Server) offices(list []policy.Appointment) []officeView {
	rules := s.guard.Rules()
	var out []officeView
	for _, ap := range list {
		title := string(ap.Role)
		if info, ok := rules.Role(ap.Role); ok {
			title = info.Title
		}
		if ap.Emergency != 0 {
			title += "（应急授权）"
		}
		out = append(out, officeView{Title: title, Span: spanText(ap.Days), Scope: scopeText(ap.Scopes), Order: orderViewOf(rules, ap)})
	}
	return out
}

// spanText is “2026年1月1日起”, “至2026年12月31日”.
func spanText(d policy.Span) string {
	switch {
	case d.From.IsZero() && d.Until.IsZero():
		return "长期"
	case d.Until.IsZero():
		return d.From.Chinese() + "起"
	case d.From.IsZero():
		return "至" + d.Until.Chinese()
	}
	return d.From.Chinese() + "至" + d.Until.Chinese()
}

// scopeText names the rows that an appointment reaches.
func scopeText(scopes []string) string {
	var out []string
	for _, key := range scopes {
		kind, id, _ := strings.Cut(key, ":")
		word := map[string]string{policy.County: "全县", "p": "小区 ", "f": "企业 ", "c": "社区 ", "t": "乡镇 ", "d": "建设单位 ", "u": "部门或单位 "}[kind]
		out = append(out, word+id)
	}
	return strings.Join(out, "、")
}

// rightsView is what rights.html shows.
type rightsView struct {
	Lines             int
	ConfHash, CSVHash string
	Actions           []actionView
	Roles             []roleView
	// Emergencies are the offices that can be taken in an emergency.
	Emergencies []policy.EmergencyOffice
	// Studies: the reader may try rights out.
	Studies bool
}

type actionView struct {
	Name, Action, Who string
	Mine              bool
}

type roleView struct{ Title, Code, Duty, Grant string }

// rights shows who may do what, and the hashes of the files that say so.
func (s *Server) rights(c *fiber.Ctx, by policy.Actor) error {
	rules := s.guard.Rules()
	v := rightsView{Lines: rules.Lines(), Studies: s.guard.Allow(by, policy.ReadAccounts), Emergencies: rules.Emergencies()}
	v.ConfHash, v.CSVHash = rules.Hashes()
	for _, a := range policy.Actions() {
		if a.Action == policy.RunJob {
			continue // the program itself
		}
		d, err := s.guard.Why(c.UserContext(), by, a.Action, nil)
		if err != nil {
			return err
		}
		v.Actions = append(v.Actions, actionView{Name: a.Name, Action: string(a.Action), Who: d.WhoTitles(), Mine: d.Allowed})
	}
	for _, r := range rules.Roles() {
		if r.Role != policy.System {
			v.Roles = append(v.Roles, roleView{Title: r.Title, Code: string(r.Role), Duty: dutyWords[r.Duty], Grant: grantText(r)})
		}
	}
	return s.render(c, by, "rights", page{Title: "角色与权限", Nav: "/rights", Data: v})
}

// parts shows every component once, for whoever builds pages, and the A4 sheet.
func (s *Server) parts(c *fiber.Ctx, by policy.Actor) error {
	if c.Query("sheet") == "1" {
		return s.render(c, by, "sheet", page{Title: "公文样张", Script: true, Paper: "公文样张"})
	}
	states := make([]string, 0, len(looks))
	for _, family := range []string{"grey", "blue", "green", "amber", "teal", "violet", "wine"} {
		states = append(states, statesOf(family)...)
	}
	steps := []charts.Step{{Label: "满分", Text: "100.00", Value: 100, Total: true}, {Label: "服务质量好", Text: "−8.15", Value: -8.15},
		{Label: "社会形象好", Text: "−3.25", Value: -3.25}, {Label: "加分项", Text: "+2.00", Value: 2}, {Label: "总分", Text: "90.60", Value: 90.6, Total: true}}
	from := charts.AxisFrom(steps)
	type labelled struct{ State, Label, Sub string }
	type level struct {
		Level int
		Grade string
	}
	refused := []fault.Field{{Name: "parts-people", Message: "实到人数 7 人多于应到人数 5 人"}}
	return s.render(c, by, "parts", page{Title: "部件一览", Nav: "/admin/parts", Data: map[string]any{
		"States":   states,
		"Steps":    []labelled{{"done", "填写备案信息", ""}, {"done", "社区意见", ""}, {"now", "住建局确认", ""}, {"", "出具回执", ""}},
		"Clock":    map[string]string{"Title": "法定时限", "From": "自10月13日受理起 5 个工作日", "Left": "还剩 1 个工作日，10月20日到期", "Basis": "时限设置“合同备案”", "Class": "soon"},
		"Timeline": []labelled{{"done", "材料提交截止", "9月30日"}, {"now", "公示", "10月15日至21日"}, {"", "公布与发牌", "10月29日"}},
		"Levels":   []level{{5, "五星"}, {4, "四星"}, {3, "三星"}, {2, "二星"}, {1, "一星"}, {0, "未评星"}},
		"Sort":     sortLink{Label: "小区", Address: "#sort", Aria: "ascending", Arrow: "↑"},
		"Errors":   refused,
		"Form": withErrors([]field{
			{Name: "parts-date", Label: "活动日期", Type: "date", Hint: "事情发生的日期，不是上传日期", Value: "2026-10-19"},
			{Name: "parts-people", Label: "实到人数", Type: "number", Value: "7", Mode: "numeric"},
			{Name: "parts-kind", Label: "对应指标", Options: []option{{"a3", "A3 主题党日"}, {"a2", "A2 三会一课"}}, Value: "a3"},
			{Name: "parts-memo", Label: "活动说明", Rows: 3, Optional: true, Hint: "200 字以内，不要写业主姓名和电话"},
		}, refused),
		"Radar": charts.Radar{ID: "parts-radar", Title: "雷达图样例", HasBefore: true, Axes: []charts.Axis{{Label: "组织建设好", Text: "88.0%", Value: 88, Before: 80},
			{Label: "党员队伍好", Text: "82.0%", Value: 82, Before: 85}, {Label: "服务质量好", Text: "85.3%", Value: 85.3, Before: 70}}}.SVG(),
		"Waterfall": charts.Waterfall{ID: "parts-waterfall", Title: "瀑布图样例，横轴自 80 分起", Steps: steps, From: from, To: 100, Cuts: []charts.Cut{{Label: "五星 92", Value: 92}}}.SVG(),
	}})
}
