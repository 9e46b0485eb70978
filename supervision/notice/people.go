package notice

import (
	"context"
	"slices"
	"strings"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/registry"
)

// places knows what scope keys are called, and in which others what they name lies.
type places struct {
	names map[string]string
	// around are the keys of the communities and townships in which a firm serves or a compound lies, and the township of a community.
	around map[string][]string
}

func (s *Service) places(ctx context.Context) (*places, error) {
	today := s.Today()
	m := &places{names: map[string]string{}, around: map[string][]string{}}
	for level, key := range map[registry.Level]func(string) string{registry.LevelTownship: policy.TownshipKey, registry.LevelCommunity: policy.CommunityKey} {
		list, err := s.Register.DivisionsAt(ctx, level, today)
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			m.names[key(d.ID)] = d.Display
			if level == registry.LevelCommunity {
				m.around[key(d.ID)] = []string{policy.TownshipKey(d.Parent)}
			}
		}
	}
	return m, s.Register.EachHolding(ctx, today, func(h registry.Holding) error {
		where := []string{policy.CommunityKey(h.Community), policy.TownshipKey(h.Township)}
		m.names[policy.ProjectKey(h.Project)] = h.Name
		m.around[policy.ProjectKey(h.Project)] = where
		if h.Firm != "" {
			firm := policy.FirmKey(h.Firm)
			m.names[firm] = h.FirmName
			m.around[firm] = append(m.around[firm], where...)
		}
		return nil
	})
}

// unitOf is the scope key of the unit that somebody acts for, "" if his office names none.
func unitOf(o policy.Office) string {
	if o.Unit == "" && len(o.Scopes) == 1 {
		return o.Scopes[0]
	}
	return o.Unit
}

// unitName is what the unit of an office is called: the role, if it names none.
func (m *places) unitName(o policy.Office) string {
	if name := m.names[unitOf(o)]; name != "" {
		return name
	}
	return o.Title
}

// reached are the offices inside the scope in which an actor sends, without his own.
func (s *Service) reached(ctx context.Context, by policy.Actor) ([]policy.Office, *places, error) {
	scope, err := s.notices.Scope(ctx, by, policy.SendNotice)
	if err != nil {
		return nil, nil, err
	}
	m, err := s.places(ctx)
	if err != nil {
		return nil, nil, err
	}
	all, err := s.Offices(ctx)
	return slices.DeleteFunc(all, func(o policy.Office) bool {
		keys := append([]string{o.Unit}, o.Scopes...)
		for _, key := range keys[:len(keys):len(keys)] {
			keys = append(keys, m.around[key]...)
		}
		return o.Account == by.ID || !scope.Covers(keys, s.Today())
	}), m, err
}

// Candidate is somebody to whom a notice can go.
type Candidate struct {
	// ID is that of a target, Name what it is called (of a person: personal data), Place where it is or what office a person holds.
	ID, Name, Place string
	// People is how many people that are.
	People int
}

// Candidates are whom a notice of the actor can address, of a kind; text is looked for in names and places. Returns Forbidden without SendNotice, Invalid for an unknown kind.
func (s *Service) Candidates(ctx context.Context, by policy.Actor, kind TargetKind, text string) ([]Candidate, error) {
	offices, m, err := s.reached(ctx, by)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(TargetKinds(), func(c registry.Choice) bool { return c.ID == string(kind) }) {
		return nil, fault.InvalidFields("notice.Candidates", fault.Field{Name: "kind", Message: "请选择按单位、岗位还是个人"})
	}
	found, people := map[string]*Candidate{}, map[string]map[string]bool{}
	for _, o := range offices {
		c := m.candidate(kind, o)
		if c.ID == "" {
			continue
		}
		if found[c.ID] == nil {
			found[c.ID], people[c.ID] = &c, map[string]bool{}
		}
		people[c.ID][o.Account] = true
	}
	var out []Candidate
	for id, c := range found {
		if c.People = len(people[id]); registry.Finds(c.Name, text) || registry.Finds(c.Place, text) {
			out = append(out, *c)
		}
	}
	slices.SortFunc(out, func(a, b Candidate) int {
		return strings.Compare(a.Place+"\x00"+a.Name+"\x00"+a.ID, b.Place+"\x00"+b.Name+"\x00"+b.ID)
	})
	return out, nil
}

// candidate is what an office counts for among the candidates of a kind; without ID for none.
func (m *places) candidate(kind TargetKind, o policy.Office) Candidate {
	unit := unitOf(o)
	switch kind {
	case ToRole:
		return Candidate{ID: string(o.Role), Name: o.Title}
	case ToPerson:
		return Candidate{ID: o.Account, Name: o.Name, Place: strings.Join(slices.Compact([]string{m.unitName(o), o.Title}), "，")}
	case ToUnit:
		if m.names[unit] == "" { // offices of the county are chosen by their role
			return Candidate{}
		}
		kind, _, _ := strings.Cut(unit, ":")
		return Candidate{ID: unit, Name: m.names[unit], Place: map[string]string{"f": "物业企业", "c": "社区（村）", "t": "乡镇", "p": "小区"}[kind]}
	}
	return Candidate{}
}

// receivers are the people whom targets mean today inside the actor's scope, each once, and the units through which they are meant.
func (s *Service) receivers(ctx context.Context, by policy.Actor, targets []Target) ([]Recipient, []string, error) {
	offices, m, err := s.reached(ctx, by)
	if err != nil {
		return nil, nil, err
	}
	var people []Recipient
	var units []string
	seen := map[string]bool{}
	for _, t := range targets {
		for _, o := range offices {
			if seen[o.Account] || m.candidate(t.Kind, o).ID != t.ID {
				continue
			}
			seen[o.Account] = true
			name := m.unitName(o)
			at := slices.Index(units, name)
			if at < 0 {
				at, units = len(units), append(units, name)
			}
			people = append(people, Recipient{o.Account, int64(at)})
		}
	}
	return people, units, nil
}
