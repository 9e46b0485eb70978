package registry

import (
	"context"
	"slices"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
)

// The states of divisions, for filters.
const (
	// DivisionsOpen: those that exist today, without those for statistics only (现有).
	DivisionsOpen = ""
	// DivisionsClosed: those that have ended (已撤销).
	DivisionsClosed = "closed"
	// DivisionsStatistical: those for statistics only (仅供统计).
	DivisionsStatistical = "statistical"
	// DivisionsAll: everything (全部).
	DivisionsAll = "all"
)

// stateKey is the index key of the divisions that are or will be in a state.
func stateKey(state string) string { return "t:" + state }

// DivisionStates lists the states.
func DivisionStates() []Choice {
	return []Choice{{DivisionsOpen, "现有"}, {DivisionsClosed, "已撤销"}, {DivisionsStatistical, "仅供统计"}, {DivisionsAll, "全部"}}
}

// DivisionQuery asks for divisions. The zero value is everything that exists, in the order of the tree.
type DivisionQuery struct {
	// Text is looked for in both names, their pinyin and initials, and at the beginning of every code that a division ever had.
	Text string
	// Level keeps those of a level, "" all; State is one of the states above.
	Level Level
	State string
	// Desc reverses the order.
	Desc bool
}

// DivisionLeaf is one division of the tree.
type DivisionLeaf struct {
	DivisionRow
	// Above are the divisions above it, the county first.
	Above []DivisionRow
	// Below is how much stands right below it: divisions in the list's state, whatever else the query asks; in a branch of the tree also the projects that it shows there.
	Below int
}

// covers decides one row of a list.
func (q DivisionQuery) covers(d DivisionLeaf, day calendar.Date) bool {
	if q.Level != "" && d.Level != q.Level || !q.shows(d.DivisionRow, day) {
		return false
	}
	return finds(d.Name, q.Text) || finds(d.Display, q.Text) || d.hasCode(strings.TrimSpace(q.Text))
}

// hasCode reports whether one of the codes of a division begins with a text.
func (d DivisionLeaf) hasCode(text string) bool {
	if strings.HasPrefix(d.ID, text) {
		return true
	}
	codes, rest := d.Codes, ""
	if n := len(d.Above); d.Level == LevelGrid && n > 0 {
		codes, rest = d.Above[n-1].Codes, strings.TrimPrefix(d.ID, d.Parent)
	}
	return slices.ContainsFunc(codes, func(c CodeChange) bool { return strings.HasPrefix(c.Code+rest, text) })
}

// shows decides a row by the state alone.
func (q DivisionQuery) shows(d DivisionRow, day calendar.Date) bool {
	open := d.Days.Until.IsZero() || d.Days.Until.Compare(day) >= 0
	switch q.State {
	case DivisionsOpen:
		return open && !d.Statistical
	case DivisionsClosed:
		return !open
	case DivisionsStatistical:
		return d.Statistical
	}
	return true
}

// Divisions lists, in the order of the tree, the divisions in the actor's scope and those above them. Whoever has a firm or projects sees the communities of his
// projects. Returns Forbidden without ReadRegister.
func (s *Service) Divisions(ctx context.Context, by policy.Actor, q DivisionQuery) ([]DivisionLeaf, error) {
	tree, err := s.divisionTree(ctx, by)
	if err != nil {
		return nil, err
	}
	day := s.On(ctx)
	below := map[string]int{}
	for _, d := range tree {
		if q.shows(d.DivisionRow, day) {
			below[d.Parent]++
		}
	}
	out := slices.DeleteFunc(tree, func(d DivisionLeaf) bool { return !q.covers(d, day) })
	for i := range out {
		out[i].Below = below[out[i].ID]
	}
	if q.Desc {
		slices.Reverse(out)
	}
	return out, nil
}

// divisionTree is everything that the actor may see, in the order of the tree.
func (s *Service) divisionTree(ctx context.Context, by policy.Actor) ([]DivisionLeaf, error) {
	scope, err := s.readScope(ctx, by)
	if err != nil {
		return nil, err
	}
	all := map[string]DivisionRow{}
	for _, level := range Levels() {
		rows, err := s.divisionsUnder(ctx, "l:"+level.ID, func(Division) bool { return true })
		if err != nil {
			return nil, err
		}
		for _, d := range rows {
			all[d.ID] = d
		}
	}
	seen, err := s.divisionsSeen(ctx, scope, all)
	if err != nil {
		return nil, err
	}
	out := make([]DivisionLeaf, 0, len(seen))
	for id := range seen {
		leaf := DivisionLeaf{DivisionRow: all[id]}
		for up := leaf.Parent; up != ""; up = all[up].Parent {
			leaf.Above = append(leaf.Above, all[up])
		}
		slices.Reverse(leaf.Above)
		out = append(out, leaf)
	}
	way := func(d DivisionLeaf) string {
		var b strings.Builder
		for _, up := range d.Above {
			b.WriteString(up.ID + "/")
		}
		return b.String() + d.ID
	}
	slices.SortFunc(out, func(a, b DivisionLeaf) int { return strings.Compare(way(a), way(b)) })
	return out, nil
}

// divisionsSeen are the ids of what lies in a scope, with everything above it.
func (s *Service) divisionsSeen(ctx context.Context, scope policy.Scope, all map[string]DivisionRow) (map[string]bool, error) {
	seen := map[string]bool{}
	see := func(id string) {
		for ; id != "" && !seen[id]; id = all[id].Parent {
			if _, there := all[id]; there {
				seen[id] = true
			}
		}
	}
	today := s.On(ctx)
	for id, d := range all {
		community := d
		if d.Level == LevelGrid {
			community = all[d.Parent]
		}
		var keys []string
		switch d.Level {
		case LevelTownship:
			keys = []string{policy.TownshipKey(id)}
		case LevelCommunity, LevelGrid:
			keys = []string{policy.CommunityKey(community.ID), policy.TownshipKey(community.Parent)}
		}
		if scope.Covers(keys, today) {
			see(id)
		}
	}
	if scope.All() {
		return seen, nil
	}
	mine := func(d *store.Doc[Project]) bool { return scope.Covers(d.State.keysOn(d.ID, today), today) }
	err := every(ctx, s.projects, store.Query{Index: ByName, In: scope.Keys()}, mine, func(d store.Doc[Project]) error {
		see(d.State.Community)
		return nil
	})
	return seen, err
}

// DivisionChange is one change of a division.
type DivisionChange struct {
	// At is when it was made, By the account, Why the reason given, "" for none.
	At  time.Time
	By  string
	Why string
	// Said are Chinese sentences about what became different.
	Said []string
}

// DivisionView is a division with what is about it.
type DivisionView struct {
	DivisionLeaf
	// Children are the divisions right below it that the actor may see, in order of code; ended ones too.
	Children []DivisionRow
	// Projects is how many projects lie in it, CountTo+1 for more than CountTo; those of the actor's scope only.
	Projects int
	// Into are the divisions that took its place when it was closed, From those whose place it took.
	Into, From []DivisionRow
	// Changes are all changes, newest first.
	Changes []DivisionChange
}

// OneDivision returns a division that the actor's Divisions may show, by any of its codes. Returns Forbidden without ReadRegister, NotFound.
func (s *Service) OneDivision(ctx context.Context, by policy.Actor, code string) (DivisionView, error) {
	sight, err := s.sightOf(ctx, by)
	if err != nil {
		return DivisionView{}, err
	}
	id, err := s.idOfCode(ctx, code)
	if err != nil {
		return DivisionView{}, err
	}
	leaf, err := sight.leaf(ctx, id)
	if err != nil {
		return DivisionView{}, noDivision(code, err)
	}
	v := DivisionView{DivisionLeaf: leaf}
	below, err := s.divisionsUnder(ctx, "d:"+id, func(Division) bool { return true })
	if err != nil {
		return v, err
	}
	for _, d := range below {
		seen, err := sight.sees(ctx, d)
		if err != nil {
			return v, err
		}
		if seen {
			v.Children = append(v.Children, d)
		}
	}
	v.Below = len(v.Children)
	if v.Into, err = s.namesOf(ctx, v.Successors); err != nil {
		return v, err
	}
	if v.From, err = s.joined(ctx, id); err != nil {
		return v, err
	}
	q := ProjectQuery{}
	switch v.Level {
	case LevelTownship:
		q.Township = id
	case LevelCommunity:
		q.Community = id
	case LevelGrid:
		q.Community, q.Grid = v.Parent, id
	}
	page, err := s.Projects(ctx, by, q)
	if err != nil {
		return v, err
	}
	v.Projects = page.Count
	var before Division
	for c, err := range s.divisions.History(ctx, id) {
		if err != nil {
			return v, err
		}
		v.Changes = append(v.Changes, DivisionChange{At: c.At, By: c.Meta.By, Why: c.Meta.Why, Said: s.told(ctx, before, c)})
		before = c.State
	}
	slices.Reverse(v.Changes)
	return v, nil
}

// told says what a change of a division made different.
func (s *Service) told(ctx context.Context, before Division, c store.Change[Division]) []string {
	now := c.State
	place := func(id string) string {
		if d, err := s.Division(ctx, id); err == nil {
			return d.Display
		}
		return id
	}
	switch {
	case c.Deleted:
		return []string{"撤回登记"}
	case before.Level == "":
		said := []string{"登记为“" + now.Display + "”（" + now.Name + "）"}
		if now.Parent != "" {
			said[0] += "，上级是" + place(now.Parent)
		}
		if !now.Days.Until.IsZero() {
			said = append(said, "截至"+now.Days.Until.Chinese())
		}
		return said
	}
	var said []string
	differ := func(what, a, b string) {
		if a != b {
			said = append(said, what+"由“"+a+"”改为“"+b+"”")
		}
	}
	differ("正式名称", before.Name, now.Name)
	differ("通用名称", before.Display, now.Display)
	if before.Parent != now.Parent {
		differ("上级", place(before.Parent), place(now.Parent))
	}
	if before.Statistical != now.Statistical {
		said = append(said, map[bool]string{true: "改为仅供统计", false: "不再仅供统计"}[now.Statistical])
	}
	if before.Days.From != now.Days.From {
		differ("设立日期", openDay(before), openDay(now))
	}
	said = append(said, now.Grid.told(before.Grid)...)
	said = append(said, now.reachTold(before)...)
	for i, n := 0, len(before.Codes); i < len(now.Codes); i++ {
		if i >= n {
			said = append(said, now.Codes[i].From.Chinese()+"起代码改为 "+now.Codes[i].Code)
		}
	}
	for i := len(now.Codes); i < len(before.Codes); i++ {
		said = append(said, "不再登记"+before.Codes[i].From.Chinese()+"改为 "+before.Codes[i].Code+"的代码")
	}
	switch {
	case before.Days.Until == now.Days.Until:
	case now.Days.Until.IsZero():
		said = append(said, "恢复，不再撤销")
	default:
		last := "撤销，最后一天是" + now.Days.Until.Chinese()
		for i, id := range now.Successors {
			last += map[bool]string{true: "，由", false: "、"}[i == 0] + place(id)
		}
		if len(now.Successors) > 0 {
			last += "承接"
		}
		said = append(said, last)
	}
	return said
}

func openDay(d Division) string {
	if d.Days.From.IsZero() {
		return "未登记"
	}
	return d.Days.From.Chinese()
}
