package policy

import (
	"fmt"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/yamlstrict"
)

// Chains are the ways of approval of approvals.yaml, each with its versions. The zero value has none.
type Chains struct {
	list []ChainVersions
}

// ChainVersions is one way of approval through time.
type ChainVersions struct {
	// Title is Chinese, Makers are the roles that hand matters in; none if people from outside the bureau do.
	Title  string
	Makers []Role
	// Versions are in force one after the other, oldest first, each from its day until the next one begins.
	Versions []ChainVersion
}

// ChainVersion is a chain and the first day on which approvals begin with it.
type ChainVersion struct {
	Chain
	// From is the first day; no date: since ever.
	From calendar.Date
}

// On is the version with which approvals begin on a day; false before the first one.
func (v ChainVersions) On(day calendar.Date) (Chain, bool) {
	var found *ChainVersion
	for i := range v.Versions {
		if v.Versions[i].From.Compare(day) <= 0 {
			found = &v.Versions[i]
		}
	}
	if found == nil {
		return Chain{}, false
	}
	return found.Chain, true
}

// All are all ways of approval in the order of the file.
func (c *Chains) All() []ChainVersions { return c.list }

// On returns the chain with which an approval begins on a day. Returns NotFound if there is none of that id, Invalid if no version is in force yet.
func (c *Chains) On(id string, day calendar.Date) (Chain, error) {
	const op = "policy.Chains.On"
	for _, one := range c.list {
		if one.Versions[0].ID != id {
			continue
		}
		if chain, ok := one.On(day); ok {
			return chain, nil
		}
		return Chain{}, fault.New(op, fault.Invalid, "审批流程“"+one.Title+"”自"+one.Versions[0].From.Chinese()+"起才有效，现在不能送审")
	}
	return Chain{}, fault.New(op, fault.NotFound, "没有代码为 "+id+" 的审批流程，请先写进 approvals.yaml")
}

// chainsFile is the shape of approvals.yaml.
type chainsFile struct {
	Approvals []chainEntry `yaml:"approvals,required"`
}

type chainEntry struct {
	ID       string         `yaml:"id,required"`
	Title    string         `yaml:"title,required"`
	Basis    string         `yaml:"basis,required"`
	Makers   []Role         `yaml:"makers"`
	Versions []versionEntry `yaml:"versions,required"`
}

type versionEntry struct {
	Version int64         `yaml:"version,required"`
	From    calendar.Date `yaml:"from,required"`
	Levels  []levelEntry  `yaml:"levels,required"`
}

type levelEntry struct {
	Name  string      `yaml:"name,required"`
	Paper bool        `yaml:"paper"`
	Seats []seatEntry `yaml:"seats,required"`
}

type seatEntry struct {
	Role     Role   `yaml:"role,required"`
	Unit     string `yaml:"unit"`
	Deputies []Role `yaml:"deputies"`
}

// chain is one version as approvals keep it.
func (e *chainEntry) chain(v versionEntry) Chain {
	out := Chain{ID: e.ID, Version: v.Version, Title: e.Title, Basis: e.Basis}
	for _, level := range v.Levels {
		l := Level{Name: level.Name, Paper: level.Paper}
		for _, seat := range level.Seats {
			l.Seats = append(l.Seats, Seat(seat))
		}
		out.Levels = append(out.Levels, l)
	}
	return out
}

// ParseChains reads an approvals.yaml. Returns Invalid with every mistake, named file:line:column.
func ParseChains(file string, data []byte, rules *Rules) (*Chains, error) {
	var in chainsFile
	doc := yamlstrict.Decode(file, data, &in)
	out, seen := &Chains{}, map[string]bool{}
	for i := range in.Approvals {
		e, at := &in.Approvals[i], fmt.Sprintf("approvals.%d", i)
		if seen[e.ID] && e.ID != "" {
			doc.Add(at+".id", "审批流程 "+e.ID+" 写了两次")
		}
		seen[e.ID] = true
		for k, role := range e.Makers {
			if _, ok := rules.Role(role); !ok {
				doc.Add(fmt.Sprintf("%s.makers.%d", at, k), fmt.Sprintf("角色“%s”没有声明", role))
			}
		}
		if len(e.Versions) == 0 {
			doc.Add(at+".versions", "至少要有一个版本")
			continue
		}
		one := ChainVersions{Title: e.Title, Makers: e.Makers}
		for k, v := range e.Versions {
			chain, where := e.chain(v), fmt.Sprintf("%s.versions.%d", at, k)
			checkVersion(doc, rules, where, at, chain)
			if k > 0 && (v.Version <= e.Versions[k-1].Version || v.From.Compare(e.Versions[k-1].From) <= 0) {
				doc.Add(where+".version", fmt.Sprintf("版本 %d（%s起）要排在版本 %d（%s起）之后，版本号和日期都要更大", v.Version, v.From.Chinese(), e.Versions[k-1].Version, e.Versions[k-1].From.Chinese()))
			}
			one.Versions = append(one.Versions, ChainVersion{Chain: chain, From: v.From})
		}
		out.list = append(out.list, one)
	}
	return out, doc.Err()
}

// checkVersion puts the faults of one version where they stand: id, title and basis are those of the whole chain.
func checkVersion(doc *yamlstrict.Document, rules *Rules, where, whole string, chain Chain) {
	for _, bad := range chain.Check(rules) {
		switch bad.Name {
		case "id", "title", "basis":
			doc.Add(whole+"."+bad.Name, bad.Message)
		default:
			doc.Add(where+"."+PlaceOf(bad.Name), bad.Message)
		}
	}
	for l, level := range chain.Levels {
		for k, seat := range level.Seats {
			at := fmt.Sprintf("%s.levels.%d.seats.%d", where, l, k)
			unable(doc, rules, at+".role", seat.Role)
			for n, deputy := range seat.Deputies {
				unable(doc, rules, fmt.Sprintf("%s.deputies.%d", at, n), deputy)
			}
		}
	}
}

// unable names a role that cannot sign, if it is declared at all.
func unable(doc *yamlstrict.Document, rules *Rules, at string, role Role) {
	info, known := rules.Role(role)
	if ok, _ := rules.RoleAllows(role, SignApproval); known && !ok {
		doc.Add(at, fmt.Sprintf("岗位 %s（%s）没有“签署审批”的权限，请先在 roles.csv 里写明", info.Title, role))
	}
}
