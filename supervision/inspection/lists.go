package inspection

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/supervision"
)

// Lists is what a draw (双随机) draws from, frozen before it; whoever has it and the seed draws the same again.
type Lists struct {
	// Count is how many compounds are drawn, PerFirm how many of one firm at most, Persons how many inspectors of each department go to one.
	Count   int64 `json:"count"`
	PerFirm int64 `json:"per_firm"`
	Persons int64 `json:"persons"`
	// Departments are those whose inspectors are drawn, in order.
	Departments []string `json:"departments" privacy:"public"`
	// Objects are the compounds, Inspectors who may be drawn, Conflicts whom an inspector must not inspect.
	Objects    []Object    `json:"objects"`
	Inspectors []Inspector `json:"inspectors"`
	Conflicts  []Avoided   `json:"conflicts,omitempty"`
}

// Object is a compound that can be drawn.
type Object struct {
	// Project and Firm are ids, with their names.
	Project string `json:"project" privacy:"public"`
	Name    string `json:"name" privacy:"public"`
	Firm    string `json:"firm" privacy:"public"`
	Company string `json:"company" privacy:"public"`
	// Weight is how many lots it has, 1 at least; Why says how it came to them.
	Weight int64  `json:"weight"`
	Why    string `json:"why,omitempty" privacy:"public"`
}

// Inspector is one who can be drawn.
type Inspector struct {
	// Key names him in the list: 检查人员1. Name is the masked name, Department the department for which he goes.
	Key        string `json:"key" privacy:"public"`
	Name       string `json:"name" privacy:"public"`
	Department string `json:"department" privacy:"public"`
	// Account is the account id, "" in what is published.
	Account string `json:"account,omitempty" privacy:"internal"`
}

// Avoided is an inspector, by key, who must not inspect a firm, by id.
type Avoided struct {
	Inspector string `json:"inspector" privacy:"public"`
	Firm      string `json:"firm" privacy:"public"`
}

// Pick is a compound that was drawn, with the keys of its inspectors, department after department.
type Pick struct {
	// Project is the id of the compound.
	Project string `json:"project" privacy:"public"`
	// Inspectors are keys.
	Inspectors []string `json:"inspectors" privacy:"public"`
}

// Lines are the lists line by line, for people and for their digest; account ids are not in them.
func (l *Lists) Lines() []string {
	out := []string{fmt.Sprintf("抽取\t%d 个小区\t每家企业最多 %d 个\t每个部门 %d 人\t%s", l.Count, l.PerFirm, l.Persons, strings.Join(l.Departments, "、"))}
	for _, o := range l.Objects {
		out = append(out, fmt.Sprintf("小区\t%s\t%s\t%s\t%s\t%d 签", o.Project, o.Name, o.Firm, o.Company, o.Weight))
	}
	for _, p := range l.Inspectors {
		out = append(out, fmt.Sprintf("人员\t%s\t%s\t%s", p.Key, p.Name, p.Department))
	}
	for _, a := range l.Conflicts {
		out = append(out, fmt.Sprintf("回避\t%s\t%s", a.Inspector, a.Firm))
	}
	return out
}

// Digest is the fingerprint of the lists.
func (l *Lists) Digest() string { return supervision.DigestOf(l.Lines()) }

// avoids reports whether an inspector must not inspect a firm.
func (l *Lists) avoids(inspector, firm string) bool {
	return slices.Contains(l.Conflicts, Avoided{inspector, firm})
}

// crew are the inspectors of a department who may inspect a firm, in the order of the list.
func (l *Lists) crew(department, firm string) (out []Inspector) {
	for _, p := range l.Inspectors {
		if p.Department == department && !l.avoids(p.Key, firm) {
			out = append(out, p)
		}
	}
	return out
}

// Check names what makes it impossible to draw from the lists. Returns Invalid.
func (l *Lists) Check() error {
	const op = "inspection.Check"
	refuse := func(format string, args ...any) error {
		return fault.New(op, fault.Invalid, fmt.Sprintf(format, args...))
	}
	if l.Count < 1 || l.PerFirm < 1 || l.Persons < 1 || len(l.Departments) == 0 {
		return refuse("名单里抽取的个数、每家企业的上限和人数都要是正数，部门不能空")
	}
	keys, projects := map[string]bool{}, map[string]bool{}
	for _, p := range l.Inspectors {
		if p.Key == "" || keys[p.Key] {
			return refuse("名单里的检查人员“%s”没有编号或者写了两次", p.Key)
		}
		keys[p.Key] = true
	}
	for _, o := range l.Objects {
		if o.Project == "" || projects[o.Project] || o.Weight < 1 || o.Weight > maxWeight {
			return refuse("名单里的小区“%s”没有编号、写了两次，或者签数 %d 不在 1 至 %d 之间", o.Name, o.Weight, maxWeight)
		}
		projects[o.Project] = true
		for _, d := range l.Departments {
			if n := int64(len(l.crew(d, o.Firm))); n < l.Persons {
				return refuse("%s能检查“%s”的只有 %d 人，要 %d 人", d, o.Name, n, l.Persons)
			}
		}
	}
	return nil
}

// maxWeight bounds the lots of a compound.
const maxWeight = 20

// Draw draws from the lists by a seed. Nothing but whole numbers and SHA-256 is used:
//
//  1. A compound with weight w has the lots SHA-256("seed/project/<id>/1") to SHA-256("seed/project/<id>/w"); the smallest of them is its lot. A compound with twice the weight has twice the chance to be the first; one
//     with the weight 1 has a chance too.
//  2. In the order of their lots, the smallest first, compounds are taken until Count are; one whose firm has PerFirm already is passed over.
//  3. For each compound taken, in that order, and each department, those inspectors who may inspect its firm are put in order: who was drawn less often in this draw first, among equals the one with the smaller
//     SHA-256("seed/inspector/<id of the compound>/<key>"). The first Persons of them go.
//
// The lists must have passed Check.
func (l *Lists) Draw(seed string) []Pick {
	type entry struct {
		object *Object
		lot    supervision.Lot
	}
	entries := make([]entry, len(l.Objects))
	for i := range l.Objects {
		o := &l.Objects[i]
		entries[i] = entry{o, supervision.LotOf(seed, "project", o.Project, 1)}
		for w := int64(2); w <= o.Weight; w++ {
			if lot := supervision.LotOf(seed, "project", o.Project, w); lot.Compare(entries[i].lot) < 0 {
				entries[i].lot = lot
			}
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return a.lot.Compare(b.lot) })
	ofFirm, drawn := map[string]int64{}, map[string]int{}
	var out []Pick
	for _, e := range entries {
		if int64(len(out)) == l.Count {
			break
		}
		if ofFirm[e.object.Firm] == l.PerFirm {
			continue
		}
		ofFirm[e.object.Firm]++
		pick := Pick{Project: e.object.Project}
		for _, d := range l.Departments {
			crew := l.crew(d, e.object.Firm)
			slices.SortFunc(crew, func(a, b Inspector) int {
				return cmp.Or(cmp.Compare(drawn[a.Key], drawn[b.Key]), supervision.LotOf(seed, "inspector", pick.Project, a.Key).Compare(supervision.LotOf(seed, "inspector", pick.Project, b.Key)))
			})
			for _, p := range crew[:l.Persons] {
				drawn[p.Key]++
				pick.Inspectors = append(pick.Inspectors, p.Key)
			}
		}
		out = append(out, pick)
	}
	return out
}

// object is a compound of the list, nil if it is not there.
func (l *Lists) object(project string) *Object {
	for i := range l.Objects {
		if l.Objects[i].Project == project {
			return &l.Objects[i]
		}
	}
	return nil
}

// Inspector is an inspector of the list, the zero value if he is not there.
func (l *Lists) Inspector(key string) Inspector {
	if i := slices.IndexFunc(l.Inspectors, func(p Inspector) bool { return p.Key == key }); i >= 0 {
		return l.Inspectors[i]
	}
	return Inspector{}
}

// DrawRules say how a draw weighs; they stand in inspections.yaml.
type DrawRules struct {
	// PerFirm is how many compounds of one firm a draw takes at most, Persons how many inspectors of each department go, Ahead how many days the hash of the seed is public before the draw.
	PerFirm int64 `yaml:"per_firm,required"`
	Persons int64 `yaml:"persons,required"`
	Ahead   int64 `yaml:"ahead,required"`
	// Floor is the least number of lots, so that every firm can be drawn; Stars are the lots of a compound without a star, with one, two … five.
	Floor int64   `yaml:"floor,required"`
	Stars []int64 `yaml:"stars,required"`
	// Each are the points of the firm's industry record for which a lot is added (points lost) or taken away (points earned), Most at most so many.
	Each int64 `yaml:"each,required"`
	Most int64 `yaml:"most,required"`
	// Basis is where they come from, Proposal says that nobody has adopted them yet.
	Basis    string `yaml:"basis,required"`
	Proposal bool   `yaml:"proposal"`
}

// fault says what is wrong with the rules, "" for nothing, and with which key.
func (r *DrawRules) fault() (key, said string) {
	for _, one := range []struct {
		key              string
		value, low, high int64
	}{{"per_firm", r.PerFirm, 1, 10}, {"persons", r.Persons, minInspectors, maxInspectors}, {"ahead", r.Ahead, 0, 30}, {"floor", r.Floor, 1, maxWeight}, {"each", r.Each, 1, 100}, {"most", r.Most, 0, maxWeight / 2}} {
		if one.value < one.low || one.value > one.high {
			return one.key, fmt.Sprintf("%s 要在 %d 至 %d 之间，现在是 %d", one.key, one.low, one.high, one.value)
		}
	}
	if len(r.Stars) != maxStars+1 {
		return "stars", fmt.Sprintf("stars 要写 %d 个签数（没有星级、一星至五星），现在有 %d 个", maxStars+1, len(r.Stars))
	}
	for _, w := range r.Stars {
		if w < 1 || w > maxWeight/2 {
			return "stars", fmt.Sprintf("签数要在 1 至 %d 之间，现在是 %d", maxWeight/2, w)
		}
	}
	return "", ""
}

// maxStars is the highest star.
const maxStars = 5

// weigh says how many lots a compound with so many stars has whose firm has so many points of its industry record, and how it came to them.
func (r *DrawRules) weigh(stars int64, points num.Num) (weight int64, why string) {
	if stars < 0 || stars > maxStars {
		stars = 0
	}
	weight = r.Stars[stars]
	why = "没有星级 " + fmt.Sprint(weight)
	if stars > 0 {
		why = fmt.Sprintf("%d 星 %d", stars, weight)
	}
	moved := int64(0)
	for moved < r.Most && !points.Abs().Less(num.FromInt((moved+1)*r.Each)) {
		moved++
	}
	switch {
	case moved > 0 && points.Sign() < 0:
		weight += moved
		why += fmt.Sprintf("，行业评价记录 %s 分加 %d", points, moved)
	case moved > 0:
		weight -= moved
		why += fmt.Sprintf("，行业评价记录 %s 分减 %d", points, moved)
	}
	if weight < r.Floor {
		weight = r.Floor
		why += fmt.Sprintf("，最低 %d", r.Floor)
	}
	return weight, why
}
