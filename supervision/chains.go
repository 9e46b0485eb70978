package supervision

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"redsteward/internal/yamlstrict"
	"redsteward/policy"
)

// Chains says which facts are confirmed level by level, and by whom (practice.md §2). The zero value and nil: none is.
type Chains struct {
	byFact map[string]policy.Chain
}

// Of returns the chain of a fact; false if two persons are enough for it.
func (c *Chains) Of(fact string) (policy.Chain, bool) {
	if c == nil {
		return policy.Chain{}, false
	}
	chain, ok := c.byFact[fact]
	return chain, ok
}

// All are the chains, by id.
func (c *Chains) All() []policy.Chain {
	seen := map[string]policy.Chain{}
	for _, chain := range c.byFact {
		seen[chain.ID] = chain
	}
	return slices.SortedFunc(maps.Values(seen), func(a, b policy.Chain) int { return strings.Compare(a.ID, b.ID) })
}

// Count is how many facts are confirmed level by level.
func (c *Chains) Count() int { return len(c.byFact) }

// chainsFile is the shape of confirmations.yaml.
type chainsFile struct {
	Chains []chainOfFacts `yaml:"chains,required"`
}

type chainOfFacts struct {
	ID      string       `yaml:"id,required"`
	Version int64        `yaml:"version,required"`
	Title   string       `yaml:"title,required"`
	Basis   string       `yaml:"basis,required"`
	Facts   []string     `yaml:"facts,required"`
	Levels  []chainLevel `yaml:"levels,required"`
}

type chainLevel struct {
	Name string      `yaml:"name,required"`
	Role policy.Role `yaml:"role,required"`
	// Deputies may confirm in its place, with a reason.
	Deputies []policy.Role `yaml:"deputies"`
}

// chain is the chain as approvals keep it: one signature a level.
func (c *chainOfFacts) chain() policy.Chain {
	out := policy.Chain{ID: c.ID, Version: c.Version, Title: c.Title, Basis: c.Basis}
	for _, level := range c.Levels {
		out.Levels = append(out.Levels, policy.Level{Name: level.Name, Seats: []policy.Seat{{Role: level.Role, Deputies: level.Deputies}}})
	}
	return out
}

// ParseChains reads a confirmations.yaml. Returns Invalid with every mistake, named file:line:column.
func ParseChains(file string, data []byte, rules *policy.Rules) (*Chains, error) {
	var in chainsFile
	doc := yamlstrict.Decode(file, data, &in)
	out := &Chains{byFact: map[string]policy.Chain{}}
	for i := range in.Chains {
		c, at := &in.Chains[i], fmt.Sprintf("chains.%d", i)
		chain := c.chain()
		for _, bad := range chain.Check(rules) {
			doc.Add(at+"."+placeOf(bad.Name), bad.Message)
		}
		for k, level := range c.Levels {
			needRight := func(place string, role policy.Role) {
				if ok, _ := rules.RoleAllows(role, policy.ConfirmPartyFact); !ok {
					doc.Add(fmt.Sprintf("%s.levels.%d.%s", at, k, place), fmt.Sprintf("岗位 %s 没有“逐级确认党建事实”的权限，请先在 roles.csv 里写明", role))
				}
			}
			needRight("role", level.Role)
			for n, deputy := range level.Deputies {
				needRight(fmt.Sprintf("deputies.%d", n), deputy)
			}
			for earlier := range k {
				if c.Levels[earlier].Role == level.Role {
					doc.Add(fmt.Sprintf("%s.levels.%d.role", at, k), fmt.Sprintf("岗位 %s 已经是第 %d 级", level.Role, earlier+1))
				}
			}
		}
		for k, fact := range c.Facts {
			if _, twice := out.byFact[fact]; twice {
				doc.Add(fmt.Sprintf("%s.facts.%d", at, k), "事实 "+fact+" 写了两次")
			}
			out.byFact[fact] = chain
		}
	}
	return out, doc.Err()
}

// placeOf turns a path of policy.Chain.Check into one of the file, where a level has one signature: levels[0].seats[0].role is levels.0.role there.
func placeOf(path string) string {
	return policy.PlaceOf(strings.Replace(path, ".seats[0]", "", 1))
}
