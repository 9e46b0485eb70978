package web

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/registry"
)

// whoPath asks who may do something about a row, rulesPath compares two versions of the rules.
const (
	whoPath   = "/admin/who"
	rulesPath = "/admin/rules"
)

// maxRolesFile bounds a roles.csv that is handed in to be compared, in bytes.
const maxRolesFile = 256 << 10

// rightsStudyRoutes are the pages on which rights are tried out: nothing is changed by any of them.
func (s *Server) rightsStudyRoutes() []Route {
	const get, post = fiber.MethodGet, fiber.MethodPost
	return []Route{
		{Method: get, Path: accountsPath + "/:id/rights", Action: policy.ReadAccounts, Handler: s.rightsOf},
		{Method: get, Path: whoPath, Action: policy.ReadAccounts, Handler: s.whoCan},
		{Method: get, Path: rulesPath, Action: policy.ReadAccounts, Handler: s.compareShipped},
		{Method: post, Path: rulesPath, Action: policy.ReadAccounts, Handler: s.compareProposed, Upload: 2 * maxRolesFile},
	}
}

// rightsOfView is what rights_of.html shows.
type rightsOfView struct {
	ID, Login, Name, State string
	Form                   []field
	Day                    string
	Offices                []officeView
	Rows                   []rightRow
	// May counts the rights that the person has, All those there are; Everything: those that he lacks are listed too.
	May, All   int
	Everything bool
	// Switch is the address of the other list, Query what is looked for.
	Switch, Query string
}

// rightRow is one right of a person.
type rightRow struct {
	Name, Code, Reason, Rule, Rows string
	May                            bool
}

// askedDay is the day of the form, today if it is empty; refused says what is wrong with it.
func (s *Server) askedDay(c *fiber.Ctx) (day calendar.Date, refused []fault.Field) {
	day = calendar.DateOf(s.clocks.Business())
	if text := strings.TrimSpace(c.Query("day")); text != "" {
		asked, err := calendar.ParseDate(text)
		if err != nil {
			return day, []fault.Field{{Name: "day", Message: "“" + text + "”不是日期，要写成 2026-10-19 这样"}}
		}
		day = asked
	}
	return day, nil
}

// rightsOf shows what a person may do on a day, by which rule, about which rows.
func (s *Server) rightsOf(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	day, refused := s.askedDay(c)
	sim, err := s.people.Simulate(ctx, by, c.Params("id"), day)
	if err != nil {
		return err
	}
	a := sim.Account
	v := rightsOfView{ID: a.ID, Login: a.Login, Name: a.Name, State: accountState(a), Day: day.Chinese(), Everything: c.Query("all") == "1", Query: strings.TrimSpace(c.Query("q"))}
	v.Form = withErrors([]field{{Name: "day", Label: "哪一天", Type: "date", Value: day.String()}}, refused)
	if v.Offices, err = s.officesNamed(ctx, sim.Offices); err != nil {
		return err
	}
	names := map[string]string{}
	for _, may := range sim.Rights {
		v.All++
		if may.Allowed {
			v.May++
		}
		if !may.Allowed && !v.Everything || v.Query != "" && !strings.Contains(may.Action.Name, v.Query) && !strings.Contains(string(may.Action.Action), v.Query) {
			continue
		}
		row := rightRow{Name: may.Action.Name, Code: string(may.Action.Action), Rule: may.Rule, May: may.Allowed}
		if !may.Allowed {
			row.Reason = may.Reason
		}
		var rows []string
		for _, reach := range may.Reaches {
			text, err := s.scopeName(ctx, names, reach.Key)
			if err != nil {
				return err
			}
			if reach.Bounded {
				spans := make([]string, 0, len(reach.Spans))
				for _, span := range reach.Spans {
					spans = append(spans, spanText(span))
				}
				bound := "企业服务期间的事："
				if slices.ContainsFunc(sim.Offices, func(ap policy.Appointment) bool { return ap.Access != nil }) {
					bound = "调阅单列明年度的事："
				}
				text += "（" + bound + strings.Join(spans, "，") + "）"
			}
			rows = append(rows, text)
		}
		row.Rows = strings.Join(rows, "、")
		v.Rows = append(v.Rows, row)
	}
	q := url.Values{"day": {day.String()}}
	if v.Query != "" {
		q.Set("q", v.Query)
	}
	if !v.Everything {
		q.Set("all", "1")
	}
	v.Switch = accountsPath + "/" + a.ID + "/rights?" + q.Encode()
	if len(refused) > 0 {
		c.Status(statusOf(fault.Invalid))
	}
	return s.render(c, by, "rights_of", page{Title: "可以办什么：" + a.Login, Nav: accountsPath, Data: v, Fields: refused})
}

// officesNamed is offices with the names of what they reach.
func (s *Server) officesNamed(ctx context.Context, list []policy.Appointment) ([]officeView, error) {
	out, names := s.offices(list), map[string]string{}
	for i := range out {
		var texts []string
		for _, key := range list[i].Scopes {
			text, err := s.scopeName(ctx, names, key)
			if err != nil {
				return nil, err
			}
			texts = append(texts, text)
		}
		out[i].Scope = strings.Join(texts, "、")
		if unit := list[i].Unit; unit != "" && !slices.Contains(list[i].Scopes, unit) {
			text, err := s.scopeName(ctx, names, unit)
			if err != nil {
				return nil, err
			}
			out[i].Unit = text
		}
	}
	return out, nil
}

// scopeName is a scope key in words with the name of what it means, as far as the register knows it; names keeps what was looked up.
func (s *Server) scopeName(ctx context.Context, names map[string]string, key string) (string, error) {
	if text, ok := names[key]; ok {
		return text, nil
	}
	name, err := s.nameOfKey(ctx, key)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return "", err
	}
	text := scopeText([]string{key})
	if name != "" {
		kind, _, _ := strings.Cut(text, " ")
		text = kind + " " + name
	}
	names[key] = text
	return text, nil
}

// nameOfKey is the name of the row that a scope key means, "" if the register knows none. Names of compounds, firms and divisions are public.
func (s *Server) nameOfKey(ctx context.Context, key string) (string, error) {
	kind, id, _ := strings.Cut(key, ":")
	if kind == "u" && s.matters != nil {
		for _, d := range s.matters.Tree.Departments() {
			if d.ID == id {
				return d.Title, nil
			}
		}
	}
	if kind == "u" && s.stations != nil {
		helper, err := s.stations.Books.HelperOf(ctx, id)
		return helper.Name, err
	}
	if s.registered == nil {
		return "", nil
	}
	switch kind {
	case "p":
		place, err := s.registered.Place(ctx, id, s.registered.On(ctx))
		return place.Name, err
	case "f":
		found, err := s.registered.FirmNames(ctx, []string{id})
		return found[id], err
	case "c", "t":
		level := map[string]registry.Level{"c": registry.LevelCommunity, "t": registry.LevelTownship}[kind]
		rows, err := s.registered.DivisionsAt(ctx, level, s.registered.On(ctx))
		if i := slices.IndexFunc(rows, func(r registry.DivisionRow) bool { return r.ID == id }); i >= 0 {
			return rows[i].Name, err
		}
		return "", err
	case "d":
		return s.registered.DeveloperName(ctx, id)
	}
	return "", nil
}

// whoView is what rights_who.html shows.
type whoView struct {
	Form []field
	// Asked: an action was chosen; About says about what row, Day on which day, Action what.
	Asked              bool
	Action, About, Day string
	Rows               []whoRow
	// Titles are the offices that have the right at all.
	Titles string
	// Places are names to choose from.
	Places []string
}

type whoRow struct{ ID, Login, Name, Offices, Rule string }

// whoCan answers who may do something about a row on a day.
func (s *Server) whoCan(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	day, refused := s.askedDay(c)
	action, row := policy.Action(c.Query("action")), strings.TrimSpace(c.Query("row"))
	v := whoView{Day: day.Chinese()}
	options := []option{{"", "请选择"}}
	for _, a := range policy.Actions() {
		if a.Action != policy.RunJob {
			options = append(options, option{string(a.Action), a.Name + "（" + string(a.Action) + "）"})
		}
	}
	if action != "" && len(refused) == 0 {
		keys, about, err := s.keysOfRow(ctx, row, day)
		refused = refusedForm(err)
		if err != nil && len(refused) == 0 {
			return err
		}
		if len(refused) == 0 {
			found, err := s.people.WhoCan(ctx, by, action, keys, day)
			refused = refusedForm(err)
			if err != nil && len(refused) == 0 {
				return err
			}
			v.About = about
			if err == nil {
				v.Asked = true
				info, _ := s.guard.Rules().Action(action)
				v.Action = info.Name
				d, err := s.guard.Why(ctx, policy.Actor{}, action, nil)
				if err != nil {
					return err
				}
				v.Titles = d.WhoTitles()
			}
			for _, one := range found {
				offices, err := s.officesNamed(ctx, one.Offices)
				if err != nil {
					return err
				}
				var texts []string
				for _, o := range offices {
					texts = append(texts, strings.TrimSpace(o.Title+" "+o.Scope))
				}
				v.Rows = append(v.Rows, whoRow{ID: one.Account.ID, Login: one.Account.Login, Name: one.Account.Name, Offices: strings.Join(texts, "；"), Rule: one.Rule})
			}
		}
	}
	v.Form = withErrors([]field{{Name: "action", Label: "办什么", Options: options, Value: string(action)},
		{Name: "row", Label: "关于谁", Type: "text", Optional: true, Value: row, Hint: "小区、企业、社区或乡镇的名称，或者范围编号；不填就是不论哪里"},
		{Name: "day", Label: "哪一天", Type: "date", Value: day.String()}}, refused)
	if len(refused) > 0 {
		c.Status(statusOf(fault.Invalid))
	}
	return s.render(c, by, "rights_who", page{Title: "谁可以办", Nav: accountsPath, Data: v, Fields: refused})
}

// keysOfRow are the scope keys on a day of a row that somebody names: a compound, firm, community or township by its name, or a scope key; nothing for no name. Returns
// Invalid for a name that nobody bears or several do.
func (s *Server) keysOfRow(ctx context.Context, name string, day calendar.Date) (keys []string, about string, err error) {
	const op = "web.keysOfRow"
	refuse := func(text string) error { return fault.InvalidFields(op, fault.Field{Name: "row", Message: text}) }
	if name == "" {
		return nil, "", nil
	}
	key := name
	if !policy.ValidScopeKey(name) {
		found, err := s.keysNamed(ctx, name, day)
		if err != nil {
			return nil, "", err
		}
		switch len(found) {
		case 0:
			return nil, "", refuse("没有叫“" + name + "”的小区、企业、社区或乡镇，要写全称")
		case 1:
			key = found[0]
		default:
			return nil, "", refuse("有 " + count(len(found)) + " 个都叫“" + name + "”，请写范围编号：" + strings.Join(found, "、"))
		}
	}
	if about, err = s.scopeName(ctx, map[string]string{}, key); err != nil {
		return nil, "", err
	}
	project, ofProject := strings.CutPrefix(key, "p:")
	if !ofProject || s.registered == nil {
		return []string{key}, about, nil
	}
	place, err := s.registered.Place(ctx, project, day)
	if fault.Is(err, fault.NotFound) {
		return nil, "", refuse("没有编号是 " + project + " 的小区")
	}
	return place.Keys(), about, err
}

// keysNamed are the scope keys of everything of exactly this name.
func (s *Server) keysNamed(ctx context.Context, name string, day calendar.Date) ([]string, error) {
	if s.registered == nil {
		return nil, nil
	}
	var out []string
	projects, err := s.registered.Projects(ctx, policy.SystemActor(), registry.ProjectQuery{Text: name})
	if err != nil {
		return nil, err
	}
	for _, p := range projects.Rows {
		if p.Name == name {
			out = append(out, policy.ProjectKey(p.ID))
		}
	}
	firm, err := s.registered.FirmOfName(ctx, name)
	if err != nil {
		return nil, err
	}
	if firm != "" {
		out = append(out, policy.FirmKey(firm))
	}
	for _, level := range []struct {
		level registry.Level
		key   func(string) string
	}{{registry.LevelCommunity, policy.CommunityKey}, {registry.LevelTownship, policy.TownshipKey}} {
		rows, err := s.registered.DivisionsAt(ctx, level.level, day)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if r.Name == name || r.Display == name {
				out = append(out, level.key(r.ID))
			}
		}
	}
	return out, nil
}

// rulesView is what rights_compare.html shows.
type rulesView struct {
	// Was and Is name the two versions.
	Was, Is string
	// Wrong are the mistakes of a file that was handed in.
	Wrong []string
	Roles []roleChangeRow
	// Emergencies say what of taking an office in an emergency comes or goes.
	Emergencies []string
	Groups      []roleRights
	// Gains and Losses count the rights, Compared: there are two versions.
	Gains, Losses int
	Compared      bool
	CSVHash       string
}

type roleChangeRow struct{ Code, Was, Is string }

// roleRights is what one role gains and loses.
type roleRights struct {
	Title, Code string
	// Manned is how many accounts hold it today.
	Manned int
	Rights []rightChangeRow
}

type rightChangeRow struct {
	Name, Code, Was, Is string
	Gains               bool
}

// compareShipped compares the rules that come with the program with those in force.
func (s *Server) compareShipped(c *fiber.Ctx, by policy.Actor) error {
	rules := s.guard.Rules()
	if s.shipped == nil {
		return s.showRules(c, by, rulesView{}, nil, nil)
	}
	shipped, err := s.shipped()
	if err != nil {
		return err
	}
	return s.showRules(c, by, rulesView{Was: "随程序附带的", Is: "正在使用的"}, shipped, rules)
}

// compareProposed compares the rules in force with a roles.csv that is handed in.
func (s *Server) compareProposed(c *fiber.Ctx, by policy.Actor) error {
	var file []byte
	name := ""
	_, err := s.readForm(c, 2*maxRolesFile, func(given string, r io.Reader) (err error) {
		name = given
		if file, err = io.ReadAll(io.LimitReader(r, maxRolesFile+1)); err != nil {
			return notArrived(err)
		}
		return skipFile(r)
	})
	if err != nil && !errors.Is(err, errEndless) {
		return err
	}
	v := rulesView{Was: "正在使用的", Is: "交来的 " + name}
	rules := s.guard.Rules()
	switch {
	case name == "":
		v.Wrong = []string{"请选择改好的 roles.csv"}
	case len(file) > maxRolesFile:
		v.Wrong = []string{"文件大于 256 KiB，不像是 roles.csv"}
	}
	var proposed *policy.Rules
	if len(v.Wrong) == 0 {
		proposed, err = rules.Proposed(file)
		for _, f := range fault.FieldsOf(err) {
			v.Wrong = append(v.Wrong, f.Name+"："+f.Message)
		}
		if err != nil && len(v.Wrong) == 0 {
			return err
		}
	}
	if len(v.Wrong) > 0 {
		c.Status(statusOf(fault.Invalid))
		return s.showRules(c, by, v, nil, nil)
	}
	return s.showRules(c, by, v, rules, proposed)
}

// showRules shows what two versions of the rules change for whom; nil for none.
func (s *Server) showRules(c *fiber.Ctx, by policy.Actor, v rulesView, was, is *policy.Rules) error {
	_, v.CSVHash = s.guard.Rules().Hashes()
	if was != nil && is != nil {
		v.Compared = true
		manned, err := s.people.Manned(c.UserContext(), by)
		if err != nil {
			return err
		}
		d := policy.Compare(was, is)
		for _, r := range d.Roles {
			v.Roles = append(v.Roles, roleChangeRow{Code: string(cmp.Or(r.Is.Role, r.Was.Role)), Was: roleWords(r.Was), Is: roleWords(r.Is)})
		}
		for _, e := range d.Emergencies {
			v.Emergencies = append(v.Emergencies, map[bool]string{true: "可以了：", false: "不能了："}[e.Gains]+e.Own.Title+"应急取得"+e.Role.Title+"的岗位")
		}
		for _, r := range d.Rights {
			if n := len(v.Groups); n == 0 || v.Groups[n-1].Code != string(r.Role.Role) {
				v.Groups = append(v.Groups, roleRights{Title: r.Role.Title, Code: string(r.Role.Role), Manned: manned[r.Role.Role]})
			}
			g := &v.Groups[len(v.Groups)-1]
			g.Rights = append(g.Rights, rightChangeRow{Name: r.Action.Name, Code: string(r.Action.Action), Was: r.Was, Is: r.Is, Gains: r.Gains})
			if r.Gains {
				v.Gains++
			} else {
				v.Losses++
			}
		}
	}
	return s.render(c, by, "rights_compare", page{Title: "权限规则对照", Nav: "/rights", Data: v})
}

// dutyWords and grantWords name duties and ways of granting.
var (
	dutyWords  = map[policy.Duty]string{policy.DutyBase: "基础", policy.DutyBusiness: "业务", policy.DutyAdmin: "系统管理", policy.DutyAudit: "审计", policy.DutySecurity: "安全管理"}
	grantWords = map[policy.Grant]string{policy.GrantNone: "不能任命", policy.GrantStanding: "任命", policy.GrantOrder: "凭调阅单或审计通知书"}
)

// grantText says how a role is given, and for how long at most.
func grantText(r policy.RoleInfo) string {
	if r.Longest > 0 {
		return grantWords[r.Grant] + "，最长 " + count(r.Longest) + " 日"
	}
	return grantWords[r.Grant]
}

// roleWords is a role in words, “没有” for none.
func roleWords(r policy.RoleInfo) string {
	if r.Role == "" {
		return "没有"
	}
	return r.Title + "（" + dutyWords[r.Duty] + "，" + grantText(r) + "）"
}
