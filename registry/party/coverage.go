package party

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Figures are how far the party is organised among firms: those of the county, or those that serve one township.
type Figures struct {
	// Township is the id, Name what people call it; both "" for the county.
	Township, Name string
	// Firms are those that hold a project today, Own, Joint, Instructor and None how many of them have which form.
	Firms, Own, Joint, Instructor, None int
	// Must are the firms with three full members or more, which have to form a branch (应建), Formed how many of them have one (已建).
	Must, Formed int
	// Members are the party members of the firms, Crossing their managers who serve in a community's party organisation too (交叉任职).
	Members, Crossing int64
	// Pairs are the firms by community that they serve, Together how many of these pairs have a confirmed sheet with co-building in the quarter.
	Pairs, Together int
}

// Branches is the number of firms with a branch, of their own or joint.
func (f Figures) Branches() int { return f.Own + f.Joint }

// Covered is the number of firms in which the party is organised in one of the three forms.
func (f Figures) Covered() int { return f.Own + f.Joint + f.Instructor }

func (f *Figures) add(p registry.Party, crossing int64) {
	f.Firms++
	switch p.Form {
	case registry.PartyOwn:
		f.Own++
	case registry.PartyJoint:
		f.Joint++
	case registry.PartyInstructor:
		f.Instructor++
	default:
		f.None++
	}
	if p.MustForm() {
		f.Must++
		if p.Form == registry.PartyOwn || p.Form == registry.PartyJoint {
			f.Formed++
		}
	}
	f.Members, f.Crossing = f.Members+p.Members, f.Crossing+crossing
}

// Coverage are the figures of today.
type Coverage struct {
	// County are those of all firms of the actor's scope, Townships those of each township that they serve, by name: a firm counts in each of them.
	County    Figures
	Townships []Figures
	// Quarter is the quarter of the co-building.
	Quarter calendar.Quarter
	// Lacking are the firms in which the party is not organised, and those that must form a branch and have none.
	Lacking []Lacking
}

// Lacking is a firm that lacks something.
type Lacking struct {
	// Firm is the id, Name its name, Why what it lacks in Chinese.
	Firm, Name, Why string
}

// Coverage counts the firms that hold a project of the actor's scope today, also where the firm as a whole lies outside of it, as it does for a community. Returns Forbidden without ReadRegister.
func (s *Service) Coverage(ctx context.Context, by policy.Actor) (Coverage, error) {
	today := s.on(ctx)
	out := Coverage{Quarter: calendar.QuarterOf(today)}
	served, towns, pairs := map[string]map[string]bool{}, map[string]*Figures{}, map[string]string{}
	err := s.Register.AllProjects(ctx, by, registry.ProjectQuery{Served: registry.ServedNow}, func(p registry.ProjectRow) error {
		if served[p.Firm] == nil {
			served[p.Firm] = map[string]bool{}
		}
		served[p.Firm][p.Township] = true
		if towns[p.Township] == nil {
			towns[p.Township] = &Figures{Township: p.Township, Name: p.TownshipName}
		}
		pairs[p.Firm+"/"+p.Community] = p.Township
		return nil
	})
	if err != nil {
		return out, err
	}
	posts, err := s.Posts.CrossPosts(ctx, today)
	if err != nil {
		return out, err
	}
	for _, id := range slices.Sorted(maps.Keys(served)) {
		firm, err := s.Register.Contractor(ctx, id)
		if err != nil {
			return out, err
		}
		p, crossing := firm.PartyOn(today), posts.Of(id, firm)
		out.County.add(p, crossing)
		for town := range served[id] {
			towns[town].add(p, crossing)
		}
		switch {
		case !p.Covered():
			out.Lacking = append(out.Lacking, Lacking{id, firm.Name, "没有党组织，也没有选派指导员"})
		case p.MustForm() && p.Form == registry.PartyInstructor:
			out.Lacking = append(out.Lacking, Lacking{id, firm.Name, "正式党员 3 名以上，应当建立党支部"})
		}
	}
	slices.SortFunc(out.Lacking, func(a, b Lacking) int { return strings.Compare(a.Name+a.Firm, b.Name+b.Firm) })
	if err := s.together(ctx, &out, pairs, towns); err != nil {
		return out, err
	}
	for _, f := range towns {
		out.Townships = append(out.Townships, *f)
	}
	slices.SortFunc(out.Townships, func(a, b Figures) int { return strings.Compare(a.Name+a.Township, b.Name+b.Township) })
	return out, nil
}

// together counts the pairs of firm and community, and those with confirmed co-building in the quarter.
func (s *Service) together(ctx context.Context, out *Coverage, pairs map[string]string, towns map[string]*Figures) error {
	done := map[string]bool{}
	if err := s.confirmed(ctx, out.Quarter.String(), func(c store.Change[Sheet]) {
		done[c.State.Firm+"/"+c.State.Community] = c.State.KindsTogether() > 0
	}); err != nil {
		return err
	}
	for pair, town := range pairs {
		out.County.Pairs++
		towns[town].Pairs++
		if done[pair] {
			out.County.Together++
			towns[town].Together++
		}
	}
	return nil
}

// confirmed yields, of every sheet under a key of the confirmed, the last change by which it was confirmed.
func (s *Service) confirmed(ctx context.Context, key string, yield func(store.Change[Sheet])) error {
	for q := (store.Query{Index: byConfirmed, Key: key, Limit: store.MaxLimit}); ; {
		page, err := s.rows.ListHeads(ctx, q)
		if err != nil {
			return err
		}
		for _, head := range page.Heads {
			change, ok, err := s.standing(ctx, head, head.N, head.At)
			if err != nil {
				return err
			}
			if ok {
				yield(change)
			}
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

// standing is the last change up to a log number and a moment by which a sheet was confirmed, false if there was none.
func (s *Service) standing(ctx context.Context, last store.Change[Sheet], upTo int64, asOf time.Time) (found store.Change[Sheet], ok bool, err error) {
	if last.State.State == Confirmed && last.N > 0 && last.N <= upTo && !last.At.After(asOf) {
		return last, true, nil
	}
	for change, err := range s.rows.History(ctx, last.ID) {
		if err != nil {
			return found, false, err
		}
		if change.N == 0 || change.N > upTo || change.At.After(asOf) {
			break
		}
		if change.State.Last == MoveConfirm && change.State.State == Confirmed {
			found, ok = change, true
		}
	}
	return found, ok, nil
}

// Done is what is confirmed of a firm in a quarter, for everybody who may see the firm: how often each kind was done, and nothing of how it came about.
type Done struct {
	// Kind is what was done, Times how often, Due how often it was due (0 where no number is).
	Kind       Kind
	Times, Due int
}

// Result is what is confirmed of a firm in a quarter, by kind. It asks for no right: the caller has shown the firm.
func (s *Service) Result(ctx context.Context, firm string, p registry.Party, q calendar.Quarter) ([]Done, error) {
	times := map[Kind]int{}
	if err := s.confirmed(ctx, policy.FirmKey(firm)+"/"+q.String(), func(c store.Change[Sheet]) {
		for _, l := range c.State.Lines {
			times[l.Kind]++
		}
	}); err != nil {
		return nil, err
	}
	var out []Done
	for _, c := range Kinds() {
		k := Kind(c.ID)
		if n, due := times[k], Due(p, k, q); n > 0 || due > 0 {
			out = append(out, Done{k, n, due})
		}
	}
	return out, nil
}
