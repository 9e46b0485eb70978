package policy

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"redsteward/internal/fault"
)

const (
	confName = "roles.conf"
	csvName  = "roles.csv"
	// maxRoleLines keeps the table readable by one person and Casbin's filling short (design §4).
	maxRoleLines = 999
	// maxOrderDays is the longest term that a file may give to orders.
	maxOrderDays = 366
)

// codeForm is the form of role codes, resources and verbs.
var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// roleFile is roles.csv as read: `role, code, title, duty, grant[, longest term of an order in days]`, `g, child, parent`, `e, holder, taken` and `p, role, resource, verb, allow|deny`.
type roleFile struct {
	roles   []RoleInfo
	parents []parentLine
	// emergencies are the lines `e, holder, taken`: in an emergency the holder of the one may take the other office.
	emergencies []parentLine
	grants      []grantLine
	lines       int
}

type parentLine struct {
	child, parent Role
	line          int
}

type grantLine struct {
	role   Role
	action Action
	effect string
	line   int
	text   string
}

// policy is the line as Casbin gets it: sub, obj, act, eft.
func (g grantLine) policy() []string {
	return []string{string(g.role), g.action.Resource(), g.action.Verb(), g.effect}
}

// roleReader collects what one pass over the file finds; references are checked at the end because a role may be declared below its use.
type roleReader struct {
	file  roleFile
	known map[Action]ActionInfo
	bad   []located
	seen  map[string]int
}

type located struct {
	line    int
	message string
}

func (rd *roleReader) fail(line int, format string, args ...any) {
	rd.bad = append(rd.bad, located{line, fmt.Sprintf(format, args...)})
}

// parseRoles reads the whole file and returns every error in it, in the order of the lines.
func parseRoles(csv []byte, known map[Action]ActionInfo) (roleFile, []fault.Field) {
	rd := &roleReader{known: known, seen: make(map[string]int)}
	csv = bytes.TrimPrefix(csv, []byte("\ufeff"))
	if !utf8.Valid(csv) {
		rd.fail(1, "文件不是 UTF-8 编码")
		return rd.file, rd.fields()
	}
	lines := strings.Split(string(csv), "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	rd.file.lines = len(lines)
	if len(lines) > maxRoleLines {
		rd.fail(maxRoleLines+1, "文件有 %d 行，最多 %d 行", len(lines), maxRoleLines)
		return rd.file, rd.fields()
	}
	for i, raw := range lines {
		text := strings.TrimSpace(raw)
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		cells := strings.Split(text, ",")
		for k := range cells {
			cells[k] = strings.TrimSpace(cells[k])
		}
		rd.line(i+1, cells)
	}
	rd.checkReferences()
	return rd.file, rd.fields()
}

// line reads one line that is neither blank nor a comment.
func (rd *roleReader) line(n int, cells []string) {
	want := map[string]int{"role": 5, "g": 3, "p": 5, "e": 3}[cells[0]]
	if cells[0] == "role" && want < len(cells) && cells[4] == string(GrantOrder) {
		want = 6
	}
	switch {
	case want == 0:
		rd.fail(n, "行首只能是 role、g、p 或 e，现在是“%s”", cells[0])
		return
	case len(cells) != want:
		rd.fail(n, "%s 行要有 %d 项，现在有 %d 项", cells[0], want, len(cells))
		return
	}
	text := strings.Join(cells, ", ")
	key := text
	switch cells[0] {
	case "role":
		key = "role, " + cells[1]
	case "p":
		// Allow and deny for the same cell contradict each other: the key leaves the effect out.
		key = strings.Join(cells[:4], ", ")
	}
	if first, dup := rd.seen[key]; dup {
		rd.fail(n, "与第 %d 行重复：%s", first, key)
		return
	}
	rd.seen[key] = n
	switch cells[0] {
	case "role":
		rd.role(n, cells)
	case "g":
		rd.file.parents = append(rd.file.parents, parentLine{Role(cells[1]), Role(cells[2]), n})
	case "e":
		rd.file.emergencies = append(rd.file.emergencies, parentLine{Role(cells[1]), Role(cells[2]), n})
	case "p":
		rd.grant(n, cells, text)
	}
}

func (rd *roleReader) role(n int, cells []string) {
	info := RoleInfo{Role: Role(cells[1]), Title: cells[2], Duty: Duty(cells[3]), Grant: Grant(cells[4]), Line: n}
	if !codeForm.MatchString(cells[1]) {
		rd.fail(n, "角色代码“%s”只能用小写字母、数字和下划线，以字母开头，最多 40 位", cells[1])
	}
	if info.Title == "" {
		rd.fail(n, "角色 %s 没有名称", cells[1])
	}
	if !slices.Contains([]Duty{DutyBase, DutyBusiness, DutyAdmin, DutyAudit, DutySecurity}, info.Duty) {
		rd.fail(n, "岗位类别“%s”不存在，只能是 base、business、admin、audit、security", cells[3])
	}
	if !slices.Contains([]Grant{GrantNone, GrantStanding, GrantOrder}, info.Grant) {
		rd.fail(n, "授予方式“%s”不存在，只能是 none、standing、order", cells[4])
	}
	if info.Grant == GrantOrder {
		days, err := 0, error(nil)
		if len(cells) == 6 {
			days, err = strconv.Atoi(cells[5])
		}
		if err != nil || days < 1 || days > maxOrderDays {
			rd.fail(n, "凭调阅单授予的角色要写明调阅单最长几日，1 至 %d，例如 role, %s, %s, %s, order, 30", maxOrderDays, cells[1], cells[2], cells[3])
		}
		info.Longest = days
	}
	rd.file.roles = append(rd.file.roles, info)
}

func (rd *roleReader) grant(n int, cells []string, text string) {
	action := Action(cells[2] + "." + cells[3])
	if _, ok := rd.known[action]; !ok {
		rd.fail(n, "动作“%s”不存在", action)
	}
	if cells[4] != "allow" && cells[4] != "deny" {
		rd.fail(n, "结果“%s”不存在，只能是 allow 或 deny", cells[4])
	}
	rd.file.grants = append(rd.file.grants, grantLine{Role(cells[1]), action, cells[4], n, text})
}

// checkReferences checks what needs the whole file: unknown roles, inheritance across duties or in a circle, open rights, and the
// roles that the program cannot do without.
func (rd *roleReader) checkReferences() {
	roles := make(map[Role]RoleInfo, len(rd.file.roles))
	for _, info := range rd.file.roles {
		roles[info.Role] = info
	}
	for code, want := range map[Role]RoleInfo{
		Anonymous:     {Duty: DutyBase, Grant: GrantNone},
		User:          {Duty: DutyBase, Grant: GrantNone},
		System:        {Duty: DutyBase, Grant: GrantNone},
		Administrator: {Duty: DutyAdmin, Grant: GrantStanding},
	} {
		got, ok := roles[code]
		if !ok {
			rd.fail(rd.file.lines, "缺少角色 %s", code)
		} else if got.Duty != want.Duty || got.Grant != want.Grant {
			rd.fail(got.Line, "角色 %s 必须是 %s, %s", code, want.Duty, want.Grant)
		}
	}
	for _, p := range rd.file.parents {
		child, okChild := roles[p.child]
		parent, okParent := roles[p.parent]
		switch {
		case !okChild:
			rd.fail(p.line, "角色“%s”没有声明", p.child)
		case !okParent:
			rd.fail(p.line, "角色“%s”没有声明", p.parent)
		case p.child == Anonymous:
			rd.fail(p.line, "anonymous 不能继承其他角色")
		case p.parent == System:
			rd.fail(p.line, "system 的权限不能被继承")
		case parent.Duty != DutyBase && parent.Duty != child.Duty:
			rd.fail(p.line, "%s（%s）不能继承 %s（%s）：岗位类别不同", p.child, child.Duty, p.parent, parent.Duty)
		case rd.reaches(p.parent, p.child):
			rd.fail(p.line, "%s 与 %s 循环继承", p.child, p.parent)
		}
	}
	for _, e := range rd.file.emergencies {
		for _, role := range []Role{e.child, e.parent} {
			switch info, ok := roles[role]; {
			case !ok:
				rd.fail(e.line, "角色“%s”没有声明", role)
			case info.Duty != DutyBusiness || info.Grant != GrantStanding:
				rd.fail(e.line, "%s不能应急取得，也不能应急取得别的岗位：只在常设的业务岗位之间", role)
			}
		}
		if e.child == e.parent {
			rd.fail(e.line, "%s不能应急取得自己的岗位", e.child)
		}
	}
	for _, g := range rd.file.grants {
		if _, ok := roles[g.role]; !ok {
			rd.fail(g.line, "角色“%s”没有声明", g.role)
		}
		if g.role == Anonymous && g.effect == "allow" && !rd.known[g.action].Open {
			rd.fail(g.line, "动作 %s 不能对未登录的人开放", g.action)
		}
	}
}

// reaches reports whether from inherits target, directly or through others.
func (rd *roleReader) reaches(from, target Role) bool {
	seen := map[Role]bool{}
	queue := []Role{from}
	for len(queue) > 0 {
		r := queue[0]
		queue = queue[1:]
		if r == target {
			return true
		}
		if seen[r] {
			continue
		}
		seen[r] = true
		for _, p := range rd.file.parents {
			if p.child == r {
				queue = append(queue, p.parent)
			}
		}
	}
	return false
}

// fields returns the errors in the order of the lines.
func (rd *roleReader) fields() []fault.Field {
	slices.SortStableFunc(rd.bad, func(a, b located) int { return a.line - b.line })
	return toFields(csvName, rd.bad)
}

func toFields(name string, bad []located) []fault.Field {
	out := make([]fault.Field, 0, len(bad))
	for _, b := range bad {
		out = append(out, fault.Field{Name: fmt.Sprintf("%s:%d", name, b.line), Message: b.message})
	}
	return out
}

// confDefinitions are the sections of roles.conf and what each definition must say. The matcher is the operator's ("" = free), but
// LoadRules proves that it looks at role, resource and verb.
var confDefinitions = []struct {
	section, key string
	values       []string
}{
	{"request_definition", "r", []string{"sub, obj, act"}},
	{"policy_definition", "p", []string{"sub, obj, act, eft"}},
	{"role_definition", "g", []string{"_, _"}},
	{"policy_effect", "e", []string{"some(where (p.eft == allow)) && !some(where (p.eft == deny))"}},
	{"matchers", "m", nil},
}

// checkConf checks roles.conf line by line: Casbin itself reports no positions and accepts unknown sections.
func checkConf(conf []byte) []fault.Field {
	var bad []located
	fail := func(line int, format string, args ...any) {
		bad = append(bad, located{line, fmt.Sprintf(format, args...)})
	}
	if !utf8.Valid(conf) {
		fail(1, "文件不是 UTF-8 编码")
		return toFields(confName, bad)
	}
	section := ""
	seen := make(map[string]int)
	lines := strings.Split(string(conf), "\n")
	for i, raw := range lines {
		text := strings.TrimSpace(raw)
		if text == "" || strings.HasPrefix(text, "#") || strings.HasPrefix(text, ";") {
			continue
		}
		if strings.HasPrefix(text, "[") {
			section = strings.Trim(text, "[]")
			if !slices.ContainsFunc(confDefinitions, func(d struct {
				section, key string
				values       []string
			}) bool {
				return "["+d.section+"]" == text
			}) {
				fail(i+1, "段落“%s”不存在", text)
			}
			continue
		}
		key, value, ok := strings.Cut(text, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if !ok || section == "" {
			fail(i+1, "这一行要写成“名称 = 内容”，并位于一个段落之内")
			continue
		}
		at := section + "/" + key
		if first, dup := seen[at]; dup {
			fail(i+1, "与第 %d 行重复：%s", first, key)
			continue
		}
		seen[at] = i + 1
		found := false
		for _, d := range confDefinitions {
			if d.section != section || d.key != key {
				continue
			}
			found = true
			if strings.HasSuffix(value, `\`) || value == "" {
				fail(i+1, "%s 要在一行内写完", key)
			} else if d.values != nil && !slices.Contains(d.values, value) {
				fail(i+1, "%s 只能是“%s”", key, strings.Join(d.values, "”或“"))
			}
		}
		if !found {
			fail(i+1, "段落 %s 中没有“%s”这一项", section, key)
		}
	}
	for _, d := range confDefinitions {
		if _, ok := seen[d.section+"/"+d.key]; !ok {
			fail(len(lines), "缺少 [%s] 的 %s", d.section, d.key)
		}
	}
	return toFields(confName, bad)
}
