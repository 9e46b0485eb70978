package matter

import (
	"fmt"
	"regexp"
	"slices"

	"redsteward/internal/fault"
	"redsteward/internal/yamlstrict"
	"redsteward/policy"
	"redsteward/registry"
)

// Source is where a matter comes from.
type Source string

// The sources.
const (
	// SourceGrid: found by a grid worker.
	SourceGrid Source = "grid"
	// SourceCommunity: reported by a community.
	SourceCommunity Source = "community"
	// SourceCommittee: reported by an owners' body.
	SourceCommittee Source = "committee"
	// SourceRider: reported by somebody who delivers (新就业群体).
	SourceRider Source = "rider"
	// SourceHotline and SourceGovern: an order of another platform.
	SourceHotline Source = "hotline"
	SourceGovern  Source = "govern"
	// SourceResident: told by somebody without an account.
	SourceResident Source = "resident"
	// SourceReturn: a row of a return (收表任务) that told of a hazard.
	SourceReturn Source = "return"
)

// Sources lists the sources.
func Sources() []registry.Choice {
	return slices.Concat(reporters(), []registry.Choice{{ID: string(SourceResident), Text: "群众反映"}, {ID: string(SourceReturn), Text: "收表转办"}}, Platforms())
}

// reporters are the sources of people with an account.
func reporters() []registry.Choice {
	return []registry.Choice{{ID: string(SourceGrid), Text: "网格发现"}, {ID: string(SourceCommunity), Text: "社区上报"}, {ID: string(SourceCommittee), Text: "业委会上报"}, {ID: string(SourceRider), Text: "新就业群体上报"}}
}

// Platforms are the sources that are other platforms.
func Platforms() []registry.Choice {
	return []registry.Choice{{ID: string(SourceHotline), Text: "12345热线"}, {ID: string(SourceGovern), Text: "综治平台"}}
}

// knows reports whether a list of choices holds the code.
func knows[T ~string](list []registry.Choice, id T) bool {
	return slices.ContainsFunc(list, func(c registry.Choice) bool { return c.ID == string(id) })
}

// Reporter says who may report and from which source that is.
type Reporter struct {
	// Role is a role with the right ReportMatter, Source what its reports are called.
	Role   policy.Role `yaml:"role,required"`
	Source Source      `yaml:"source,required"`
	// Own: the role sees nothing but what it reported.
	Own bool `yaml:"own"`
}

// Department is who handles matters.
type Department struct {
	// ID is the code, Title is Chinese.
	ID    string `yaml:"id,required"`
	Title string `yaml:"title,required"`
	// Roles handle its matters whatever their unit is; none: those whose unit is u:<ID>.
	Roles []policy.Role `yaml:"roles"`
}

// Kind is one branch of the tree.
type Kind struct {
	// ID is the code, Title is Chinese.
	ID    string `yaml:"id,required"`
	Title string `yaml:"title,required"`
	// Hazard: a danger for the public, verified by a photo of another grid worker. Note is a hint for who handles it, "" for none.
	Hazard bool   `yaml:"hazard"`
	Note   string `yaml:"note"`
	// Categories are its leaves.
	Categories []Category `yaml:"categories,required"`
}

// Category is one leaf of the tree.
type Category struct {
	// ID is the code, unique in the tree, Title is Chinese.
	ID    string `yaml:"id,required"`
	Title string `yaml:"title,required"`
	// Department is the id of the one that is proposed, Answer the deadline of the answer in deadlines.yaml.
	Department string `yaml:"department,required"`
	Answer     string `yaml:"answer,required"`
	// Urgent ones stand first.
	Urgent bool `yaml:"urgent"`
}

// Tree is a matters.yaml.
type Tree struct {
	reporters   []Reporter
	departments []Department
	kinds       []Kind
	// least is below how many cases no rate is shown.
	least     int64
	platforms []Platform
}

// Kinds are the kinds with their categories in the order of the file.
func (t *Tree) Kinds() []Kind { return t.kinds }

// Departments are the departments in the order of the file.
func (t *Tree) Departments() []Department { return t.departments }

// Least is below how many cases no rate is shown.
func (t *Tree) Least() int64 { return t.least }

// Count is the number of categories.
func (t *Tree) Count() int {
	n := 0
	for _, k := range t.kinds {
		n += len(k.Categories)
	}
	return n
}

// Category returns a category and its kind. Returns NotFound.
func (t *Tree) Category(id string) (Kind, Category, error) {
	for _, k := range t.kinds {
		for _, c := range k.Categories {
			if c.ID == id {
				return k, c, nil
			}
		}
	}
	return Kind{}, Category{}, fault.New("matter.Category", fault.NotFound, "没有这个分类")
}

// Department returns a department. Returns NotFound.
func (t *Tree) Department(id string) (Department, error) {
	for _, d := range t.departments {
		if d.ID == id {
			return d, nil
		}
	}
	return Department{}, fault.New("matter.Department", fault.NotFound, "没有这个部门")
}

// unitKey is the unit of those who act for a department, and the key under which its matters are listed.
func unitKey(department string) string { return "u:" + department }

// Of are the departments for which a person handles matters.
func (t *Tree) Of(by policy.Actor) []Department {
	return slices.DeleteFunc(slices.Clone(t.departments), func(d Department) bool { return !d.has(by) })
}

// has reports whether a person handles matters of the department.
func (d Department) has(by policy.Actor) bool {
	return slices.ContainsFunc(by.Appointments, func(a policy.Appointment) bool {
		if len(d.Roles) > 0 {
			return slices.Contains(d.Roles, a.Role)
		}
		return a.Unit == unitKey(d.ID)
	})
}

// SourceOf is from which source a person reports, "" for somebody who does not.
func (t *Tree) SourceOf(by policy.Actor) Source {
	for _, r := range t.reporters {
		if by.Has(r.Role) {
			return r.Source
		}
	}
	return ""
}

// ownOnly reports whether a role sees nothing but what it reported.
func (t *Tree) ownOnly(role policy.Role) bool {
	return slices.ContainsFunc(t.reporters, func(r Reporter) bool { return r.Role == role && r.Own })
}

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// leastShown is the least number of cases with a rate where matters.yaml names none.
const leastShown = 10

// treeFile is the shape of matters.yaml.
type treeFile struct {
	Reporters   []Reporter   `yaml:"reporters,required"`
	Departments []Department `yaml:"departments,required"`
	Kinds       []Kind       `yaml:"kinds,required"`
	LeastShown  int64        `yaml:"least_shown"`
	Platforms   []Platform   `yaml:"platforms"`
}

// ParseTree reads a matters.yaml; deadline reports whether there is one of that id. Returns Invalid with every mistake, named file:line:column.
func ParseTree(file string, data []byte, rules *policy.Rules, deadline func(id string) bool) (*Tree, error) {
	var in treeFile
	doc := yamlstrict.Decode(file, data, &in)
	seen := map[string]bool{}
	code := func(at, what, id string) {
		if id != "" && !codeForm.MatchString(id) {
			doc.Add(at, fmt.Sprintf("代码“%s”只能用小写字母、数字和下划线，以字母开头", id))
		} else if id != "" && seen[what+id] {
			doc.Add(at, fmt.Sprintf("“%s”已经有了", id))
		}
		seen[what+id] = true
	}
	allowed := func(at string, role policy.Role, action policy.Action, title string) {
		if ok, _ := rules.RoleAllows(role, action); !ok && role != "" {
			doc.Add(at, fmt.Sprintf("岗位 %s 没有“%s”的权限，请先在 roles.csv 里写明", role, title))
		}
	}
	for i, r := range in.Reporters {
		at := fmt.Sprintf("reporters.%d.", i)
		allowed(at+"role", r.Role, policy.ReportMatter, "上报事项")
		if r.Source != "" && !knows(reporters(), r.Source) {
			doc.Add(at+"source", fmt.Sprintf("来源只能是 grid、community、committee 或 rider，现在是 %s", r.Source))
		}
		if seen["r"+string(r.Role)] {
			doc.Add(at+"role", fmt.Sprintf("岗位 %s 已经有了", r.Role))
		}
		seen["r"+string(r.Role)] = true
	}
	for i, d := range in.Departments {
		at := fmt.Sprintf("departments.%d.", i)
		code(at+"id", "d", d.ID)
		for n, role := range d.Roles {
			allowed(fmt.Sprintf("%sroles.%d", at, n), role, policy.HandleMatter, "办理事项")
		}
	}
	for i, k := range in.Kinds {
		code(fmt.Sprintf("kinds.%d.id", i), "k", k.ID)
		for n, c := range k.Categories {
			at := fmt.Sprintf("kinds.%d.categories.%d.", i, n)
			code(at+"id", "c", c.ID)
			if c.Department != "" && !seen["d"+c.Department] {
				doc.Add(at+"department", fmt.Sprintf("departments 里没有代码为 %s 的部门", c.Department))
			}
			if c.Answer != "" && !deadline(c.Answer) {
				doc.Add(at+"answer", fmt.Sprintf("期限表里没有 %s", c.Answer))
			}
		}
	}
	if in.LeastShown == 0 {
		in.LeastShown = leastShown
	}
	if in.LeastShown < 3 || in.LeastShown > 1000 {
		doc.Add("least_shown", fmt.Sprintf("要在 3 至 1000 之间，现在是 %d", in.LeastShown))
	}
	t := &Tree{in.Reporters, in.Departments, in.Kinds, in.LeastShown, in.Platforms}
	t.checkPlatforms(doc)
	return t, doc.Err()
}
