package supervision

import (
	"context"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/journal"
	"redsteward/policy"
	"redsteward/registry"
)

// Where says which community, and within it which project, something is about. Ids and codes; the names are for people.
type Where struct {
	// Community and Township are codes, Project and Firm ids; without a project it is about the community as a whole.
	Community     string `json:"community" privacy:"public"`
	CommunityName string `json:"community_name" privacy:"public"`
	Township      string `json:"township" privacy:"public"`
	TownshipName  string `json:"township_name" privacy:"public"`
	Project       string `json:"project,omitempty" privacy:"public"`
	ProjectName   string `json:"project_name,omitempty" privacy:"public"`
	Firm          string `json:"firm,omitempty" privacy:"public"`
	FirmName      string `json:"firm_name,omitempty" privacy:"public"`
	// Keys are the scope keys, Day the day by which they were stamped.
	Keys []string      `json:"keys" privacy:"internal"`
	Day  calendar.Date `json:"day"`
}

// Place is the community and the project, for people.
func (w Where) Place() string { return w.CommunityName + w.ProjectName }

// Reach adds the scope key of a firm that takes part.
func (w *Where) Reach(firm string) {
	if key := policy.FirmKey(firm); firm != "" && !slices.Contains(w.Keys, key) {
		w.Keys = append(slices.Clone(w.Keys), key)
	}
}

// Locator says where things lie; registry.Register answers.
type Locator interface {
	// Place says where a project lies and who holds it on a day. Returns NotFound.
	Place(ctx context.Context, project string, on calendar.Date) (registry.Place, error)
	// Division returns a division. Returns NotFound.
	Division(ctx context.Context, id string) (registry.DivisionRow, error)
}

// Locate says where something lies on a day: in a compound, or without one only in a community. What is wrong with the fields community and project is told to add. It asks for no scope. Returns NotFound for what is not registered.
func Locate(ctx context.Context, places Locator, community, project string, day calendar.Date, add func(name, format string, args ...any)) (Where, error) {
	w := Where{Day: day}
	if project == "" {
		return locateOnly(ctx, places, community, w, add)
	}
	if !journal.ValidPart(project) {
		add("project", "请选择小区")
		return w, nil
	}
	p, err := places.Place(ctx, project, day)
	if err != nil {
		return w, err
	}
	if community != "" && community != p.Community {
		add("community", "%s在%s，请改选社区或者不选", p.Name, p.CommunityName)
	}
	w.Project, w.ProjectName, w.Firm, w.FirmName = p.Project, p.Name, p.Firm, p.FirmName
	w.Community, w.CommunityName, w.Township, w.TownshipName, w.Keys = p.Community, p.CommunityName, p.Township, p.TownshipName, p.Keys()
	return w, nil
}

// locateOnly is a place outside of any compound.
func locateOnly(ctx context.Context, places Locator, community string, w Where, add func(name, format string, args ...any)) (Where, error) {
	if !journal.ValidPart(community) {
		add("community", "请选择社区，或者选择小区")
		return w, nil
	}
	d, err := places.Division(ctx, community)
	if err != nil {
		return w, err
	}
	if d.Level != registry.LevelCommunity || !d.Days.Holds(w.Day) {
		add("community", "“%s”不是现有的社区", d.Display)
		return w, nil
	}
	above, err := places.Division(ctx, d.Parent)
	w.Community, w.CommunityName, w.Township, w.TownshipName = d.ID, d.Display, above.ID, above.Display
	w.Keys = []string{policy.CommunityKey(d.ID), policy.TownshipKey(above.ID)}
	return w, err
}

// Atlas is a Locator that lists places; registry.Register answers.
type Atlas interface {
	Locator
	// DivisionsAt lists the divisions of a level that exist on a day.
	DivisionsAt(ctx context.Context, level registry.Level, day calendar.Date) ([]registry.DivisionRow, error)
	// Compounds lists the compounds under a scope key.
	Compounds(ctx context.Context, key string) ([]registry.Compound, error)
}

// OpenPlaces are the communities of a day and, if community is one of them, its compounds: for forms without an account. It asks for no right and says nothing that is not public.
func OpenPlaces(ctx context.Context, atlas Atlas, day calendar.Date, community string) (communities, compounds []registry.Choice, err error) {
	list, err := atlas.DivisionsAt(ctx, registry.LevelCommunity, day)
	if err != nil {
		return nil, nil, err
	}
	known := false
	for _, d := range list {
		communities = append(communities, registry.Choice{ID: d.ID, Text: d.Display})
		known = known || d.ID == community
	}
	if !known {
		return communities, nil, nil
	}
	found, err := atlas.Compounds(ctx, policy.CommunityKey(community))
	for _, c := range found {
		compounds = append(compounds, registry.Choice{ID: c.ID, Text: c.Name})
	}
	return communities, compounds, err
}
