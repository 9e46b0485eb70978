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

// chainLevel is one level: one office by Role and Deputies, or several Seats that all confirm (会签).
type chainLevel struct {
	Name string      `yaml:"name,required"`
	Role policy.Role `yaml:"role"`
	// Paper: a scan of the signed paper may stand for the signature on the screen.
	Paper bool `yaml:"paper"`
	// Deputies may confirm in its place, with a reason.
	Deputies []policy.Role `yaml:"deputies"`
	Seats    []chainSeat   `yaml:"seats"`
}

type chainSeat struct {
	Role     policy.Role   `yaml:"role,required"`
	Unit     string        `yaml:"unit"`
	Deputies []policy.Role `yaml:"deputies"`
}

// seats are the offices of a level, and where each stands in the file below the level: "" for the level itself.
func (l *chainLevel) seats() (seats []policy.Seat, places []string) {
	if len(l.Seats) == 0 {
		return []policy.Seat{{Role: l.Role, Deputies: l.Deputies}}, []string{""}
	}
	for k, seat := range l.Seats {
		seats, places = append(seats, policy.Seat(seat)), append(places, fmt.Sprintf(".seats.%d", k))
	}
	return seats, places
}

// chain is the chain as approvals keep it.
func (c *chainOfFacts) chain() policy.Chain {
	out := policy.Chain{ID: c.ID, Version: c.Version, Title: c.Title, Basis: c.Basis}
	for _, level := range c.Levels {
		seats, _ := level.seats()
		out.Levels = append(out.Levels, policy.Level{Name: level.Name, Seats: seats, Paper: level.Paper})
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
			doc.Add(at+"."+c.placeOf(bad.Name), bad.Message)
		}
		c.checkOffices(doc, at, rules)
		for k, fact := range c.Facts {
			if _, twice := out.byFact[fact]; twice {
				doc.Add(fmt.Sprintf("%s.facts.%d", at, k), "事实 "+fact+" 写了两次")
			}
			out.byFact[fact] = chain
		}
	}
	return out, doc.Err()
}

// checkOffices names offices without the right to confirm, those that stand at two levels, and a level that says both who confirms and who confirm together.
func (c *chainOfFacts) checkOffices(doc *yamlstrict.Document, at string, rules *policy.Rules) {
	first := map[policy.Role]int{}
	for k := range c.Levels {
		level, where := &c.Levels[k], fmt.Sprintf("%s.levels.%d", at, k)
		if len(level.Seats) > 0 && (level.Role != "" || len(level.Deputies) > 0) {
			doc.Add(where+".seats", "一级要么写 role，要么写 seats（会签），不能两样都写")
		}
		seats, places := level.seats()
		for n, seat := range seats {
			needRight := func(place string, role policy.Role) {
				if ok, _ := rules.RoleAllows(role, policy.ConfirmPartyFact); !ok {
					doc.Add(where+places[n]+"."+place, fmt.Sprintf("岗位 %s 没有“逐级确认党建事实”的权限，请先在 roles.csv 里写明", role))
				}
			}
			needRight("role", seat.Role)
			for d, deputy := range seat.Deputies {
				needRight(fmt.Sprintf("deputies.%d", d), deputy)
			}
			if earlier, twice := first[seat.Role]; twice && earlier != k {
				doc.Add(where+places[n]+".role", fmt.Sprintf("岗位 %s 已经是第 %d 级", seat.Role, earlier+1))
			} else if !twice {
				first[seat.Role] = k
			}
		}
	}
}

// placeOf turns a path of policy.Chain.Check into one of the file: where a level has one office of its own, levels[0].seats[0].role is levels.0.role there.
func (c *chainOfFacts) placeOf(path string) string {
	for i := range c.Levels {
		if len(c.Levels[i].Seats) == 0 {
			path = strings.Replace(path, fmt.Sprintf("levels[%d].seats[0]", i), fmt.Sprintf("levels[%d]", i), 1)
		}
	}
	return policy.PlaceOf(path)
}
