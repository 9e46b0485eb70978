package policy

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"

	"redsteward/internal/fault"
)

// Rules are the loaded rights: which role may do which action, and which line says so. Immutable; safe for concurrent use.
type Rules struct {
	roles   []RoleInfo
	byCode  map[Role]RoleInfo
	actions map[Action]ActionInfo
	table   map[cell]verdict
	lines   int
	// emergencies say who may take which office in an emergency.
	emergencies []parentLine
	// conf is kept so that a proposed roles.csv is read as this one was.
	conf    []byte
	confSum [sha256.Size]byte
	csvSum  [sha256.Size]byte
}

// cell is one place of the table role × action.
type cell struct {
	role   Role
	action Action
}

// verdict is what Casbin said about a cell. A cell that is missing was denied by default.
type verdict struct {
	allowed bool
	line    int
	text    string
}

// LoadRules reads roles.conf and roles.csv strictly and fills the table through Casbin. Returns Invalid with every error of both
// files, each named file:line, and then no Rules at all.
func LoadRules(conf, csv []byte) (*Rules, error) {
	const op = "policy.LoadRules"
	known := make(map[Action]ActionInfo)
	for _, a := range Actions() {
		known[a.Action] = a
	}
	file, bad := parseRoles(csv, known)
	bad = append(checkConf(conf), bad...)
	if len(bad) > 0 {
		return nil, fault.InvalidFields(op, bad...)
	}
	r := &Rules{
		roles:       file.roles,
		byCode:      make(map[Role]RoleInfo, len(file.roles)),
		actions:     known,
		lines:       file.lines,
		emergencies: file.emergencies,
		conf:        bytes.Clone(conf),
		confSum:     sha256.Sum256(conf),
		csvSum:      sha256.Sum256(csv),
	}
	for _, info := range file.roles {
		r.byCode[info.Role] = info
	}
	table, err := fillTable(string(conf), file)
	if err != nil {
		return nil, fault.InvalidFields(op, fault.Field{Name: confName, Message: err.Error()})
	}
	r.table = table
	return r, nil
}

// canary is a role and a verb that cannot be declared (the dash comes first): whatever allows it ignores its input.
const canary = "-canary"

// fillTable asks Casbin about every role × action. One enforcer per action keeps this quadratic work short: Casbin walks all lines of
// its enforcer at each question.
func fillTable(conf string, file roleFile) (map[cell]verdict, error) {
	table := make(map[cell]verdict)
	byAction := make(map[Action][]grantLine)
	for _, g := range file.grants {
		byAction[g.action] = append(byAction[g.action], g)
	}
	for action, grants := range byAction {
		e, err := newEnforcer(conf, grants, file.parents)
		if err != nil {
			return nil, err
		}
		resource, verb := action.Resource(), action.Verb()
		lineOf := make(map[string]grantLine, len(grants))
		for _, g := range grants {
			lineOf[strings.Join(g.policy(), ",")] = g
		}
		for _, role := range append(slices.Clone(file.roles), RoleInfo{Role: canary}) {
			ok, why, err := e.EnforceEx(string(role.Role), resource, verb)
			if err != nil {
				return nil, fmt.Errorf("matchers 不能计算：%w", err)
			}
			if role.Role == canary && ok {
				return nil, fmt.Errorf("matchers 没有核对角色，任何人都被允许")
			}
			if g, found := lineOf[strings.Join(why, ",")]; found {
				table[cell{role.Role, action}] = verdict{allowed: ok, line: g.line, text: g.text}
			}
		}
		granted := string(grants[0].role)
		if ok, err := e.Enforce(granted, resource, canary); err != nil || ok {
			return nil, fmt.Errorf("matchers 没有核对动作，未声明的动作也被允许")
		}
		if ok, err := e.Enforce(granted, canary, verb); err != nil || ok {
			return nil, fmt.Errorf("matchers 没有核对对象，未声明的对象也被允许")
		}
	}
	return table, nil
}

func newEnforcer(conf string, grants []grantLine, parents []parentLine) (*casbin.Enforcer, error) {
	m, err := model.NewModelFromString(conf)
	if err != nil {
		return nil, fmt.Errorf("不能读取：%w", err)
	}
	e, err := casbin.NewEnforcer(m)
	if err != nil {
		return nil, fmt.Errorf("不能使用：%w", err)
	}
	lines := make([][]string, 0, len(grants))
	for _, g := range grants {
		lines = append(lines, g.policy())
	}
	if _, err := e.AddPolicies(lines); err != nil {
		return nil, fmt.Errorf("不能载入 p 行：%w", err)
	}
	groups := make([][]string, 0, len(parents))
	for _, p := range parents {
		groups = append(groups, []string{string(p.child), string(p.parent)})
	}
	if len(groups) > 0 {
		if _, err := e.AddGroupingPolicies(groups); err != nil {
			return nil, fmt.Errorf("不能载入 g 行：%w", err)
		}
	}
	return e, nil
}

// Allow reports whether the actor may do the action at all; rows are decided by Scope.
func (r *Rules) Allow(by Actor, action Action) bool {
	ok, _, _ := r.decide(by, action)
	return ok
}

// decide looks the actor's roles up: one explicit deny wins over every allow. The verdict is nil if no line decided.
func (r *Rules) decide(by Actor, action Action) (bool, Role, *verdict) {
	if by.MustChangePassword && !allowedBeforePasswordChange(action) {
		return false, User, nil
	}
	var (
		allowedBy Role
		found     *verdict
		denied    bool
	)
	look := func(role Role, named bool) {
		v, ok := r.table[cell{role, action}]
		switch {
		case !ok, v.allowed && !named: // an order that does not name it gives nothing; what is denied stays denied
		case !v.allowed:
			allowedBy, found, denied = role, &v, true
		case found == nil:
			allowedBy, found = role, &v
		}
	}
	if !by.SignedIn() {
		look(Anonymous, true)
		return found != nil && !denied, allowedBy, found
	}
	for _, ap := range by.Appointments {
		if ap.Emergency == 0 || !barred[action] {
			look(ap.Role, ap.names(action))
		}
	}
	look(User, true)
	return found != nil && !denied, allowedBy, found
}

// allowedBeforePasswordChange: with a one-time or expired password only one's own account and the open pages work (domain.md §8.5).
func allowedBeforePasswordChange(a Action) bool {
	switch a {
	case Public, OpenSession, ReadHealth, CloseSession, ReadOwnAccount, UpdateOwnAccount:
		return true
	}
	return false
}

// RoleAllows reports whether a role by itself may do the action, and names the deciding line ("" if no line decides).
func (r *Rules) RoleAllows(role Role, action Action) (bool, string) {
	v, ok := r.table[cell{role, action}]
	if !ok {
		return false, ""
	}
	return v.allowed, v.String()
}

// String names the deciding line as shown on the 403 page.
func (v verdict) String() string { return fmt.Sprintf("%s 第 %d 行：%s", csvName, v.line, v.text) }

// Role returns what roles.csv says about a role.
func (r *Rules) Role(code Role) (RoleInfo, bool) { info, ok := r.byCode[code]; return info, ok }

// Roles returns all roles in the order of the file.
func (r *Rules) Roles() []RoleInfo { return slices.Clone(r.roles) }

// Action returns what is known about an action.
func (r *Rules) Action(a Action) (ActionInfo, bool) { info, ok := r.actions[a]; return info, ok }

// WhoMay returns the roles that may do the action, in the order of the file; the system itself is not a person and is left out.
func (r *Rules) WhoMay(action Action) []RoleInfo {
	var out []RoleInfo
	for _, info := range r.roles {
		if info.Role != System && r.table[cell{info.Role, action}].allowed {
			out = append(out, info)
		}
	}
	return out
}

// Hashes returns the SHA-256 of roles.conf and roles.csv in hex, for the log and for records that depend on rights.
func (r *Rules) Hashes() (conf, csv string) {
	return hex.EncodeToString(r.confSum[:]), hex.EncodeToString(r.csvSum[:])
}

// Lines returns the number of lines of roles.csv.
func (r *Rules) Lines() int { return r.lines }

// Words says in Chinese what a line of roles.csv means; "" for a comment and for what is no such line. Roles that there no longer are keep their codes.
func (r *Rules) Words(line string) string {
	parts := strings.Split(line, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	role := func(code string) string {
		if info, is := r.byCode[Role(code)]; is {
			return info.Title
		}
		return code
	}
	switch {
	case len(parts) == 5 && parts[0] == "p":
		action := parts[2] + "." + parts[3]
		if info, is := r.actions[Action(action)]; is {
			action = info.Name
		}
		may := "可以"
		if parts[4] != "allow" {
			may = "不得"
		}
		return role(parts[1]) + may + action
	case len(parts) == 3 && parts[0] == "g":
		return role(parts[1]) + "有" + role(parts[2]) + "的全部权限"
	case len(parts) == 3 && parts[0] == "e":
		return role(parts[1]) + "应急时可以取得" + role(parts[2])
	}
	return ""
}
