package change

import (
	"context"
	"slices"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Filter narrows the list; what is zero does not narrow.
type Filter struct {
	// State is a state, Text is looked for in the names.
	State State
	Text  string
	// Project and Firm are ids; Firm is the one that leaves.
	Project, Firm string
}

// key is the scope key under which the changes of the filter are listed, "" for all of the scope.
func (w Filter) key() string {
	switch {
	case w.Project != "":
		return policy.ProjectKey(w.Project)
	case w.Firm != "":
		return policy.FirmKey(w.Firm)
	}
	return ""
}

func (w Filter) lets(c *Change) bool {
	return (w.State == "" || c.State == w.State) && (w.Project == "" || c.Project == w.Project) && (w.Firm == "" || c.Firm == w.Firm) && (registry.Finds(c.Name(), w.Text) || registry.Finds(c.FirmName, w.Text))
}

// Find returns every change that the filter lets through, the last notice first. Returns Forbidden without ReadRegister.
func (s *Service) Find(ctx context.Context, by policy.Actor, w Filter) ([]store.Doc[Change], error) {
	return s.All(ctx, by, store.Query{Index: byScope, Key: w.key(), Desc: true}, w.lets)
}

// Running returns the changes that are open, the earliest last day of service first. Returns Forbidden without ReadRegister.
func (s *Service) Running(ctx context.Context, by policy.Actor) ([]store.Doc[Change], error) {
	return s.All(ctx, by, store.Query{Index: byOpen}, func(*Change) bool { return true })
}

// Cause is why a compound is at risk.
type Cause string

// The causes.
const (
	// CauseNone: no contract was ever registered.
	CauseNone Cause = "none"
	// CauseLapsed: the contract has ended and nothing follows.
	CauseLapsed Cause = "lapsed"
	// CauseEnding: the contract ends within 90 days and nothing follows.
	CauseEnding Cause = "ending"
	// CauseCustody: an emergency custody runs out, or has run out, and nothing follows.
	CauseCustody Cause = "custody"
	// CauseNotice: notice was given and the change is not done.
	CauseNotice Cause = "notice"
	// CauseRefusal: the firm refuses to leave.
	CauseRefusal Cause = "refusal"
	// CauseBody: the term of the owners' body has lapsed or ends within 90 days.
	CauseBody Cause = "body"
)

// Causes lists the causes, the gravest first.
func Causes() []registry.Choice {
	return []registry.Choice{{ID: string(CauseRefusal), Text: "拒不退出"}, {ID: string(CauseLapsed), Text: "合同已到期无人接续"}, {ID: string(CauseNone), Text: "没有合同"}, {ID: string(CauseCustody), Text: "托管将满"},
		{ID: string(CauseNotice), Text: "已通知退出"}, {ID: string(CauseEnding), Text: "合同将到期无人接续"}, {ID: string(CauseBody), Text: "业主组织任期届满"}}
}

// Ground is one reason with its days.
type Ground struct {
	// Cause says why, Text in words; Days are left until its day, below 0 after it; Dated is false if there is none.
	Cause Cause
	Text  string
	Days  int
	Dated bool
	// Change is the id of the change of firm, "" for none.
	Change string
}

// Risk is a compound at risk.
type Risk struct {
	// Place says where it lies and who holds it.
	registry.Place
	// Grounds are its reasons, the gravest first; Rank is the place of the gravest in Causes, Days the fewest days that are left, Dated is false if no reason has a day.
	Grounds []Ground
	Rank    int
	Days    int
	Dated   bool
}

// RiskQuery narrows the compounds at risk; what is zero does not narrow.
type RiskQuery struct {
	// Text is looked for in the name; Township keeps those there; Cause those with that reason.
	Text, Township string
	Cause          Cause
	// ByDays orders by the days that are left instead of by gravity; Desc reverses the order.
	ByDays, Desc bool
}

// Risks lists the compounds of the actor's scope at risk, with every reason. Returns Forbidden without ReadRegister.
func (s *Service) Risks(ctx context.Context, by policy.Actor, q RiskQuery) ([]Risk, error) {
	found := map[string]*Risk{}
	var order []string
	add := func(place registry.Place, g Ground) {
		r := found[place.Project]
		if r == nil {
			r = &Risk{Place: place}
			found[place.Project] = r
			order = append(order, place.Project)
		}
		r.Grounds = append(r.Grounds, g)
	}
	unserved, err := s.Register.Unserved(ctx, by)
	if err != nil {
		return nil, err
	}
	for _, place := range unserved {
		add(place, Ground{Cause: CauseNone, Text: "没有登记过合同"})
	}
	ends, err := s.Register.Expiries(ctx, by, registry.ExpiryQuery{})
	if err != nil {
		return nil, err
	}
	for _, x := range ends {
		if g, ok := groundOf(x); ok {
			add(x.Place, g)
		}
	}
	running, err := s.Running(ctx, by)
	if err != nil {
		return nil, err
	}
	today := calendar.DateOf(store.ClockIn(ctx, s.Now))
	for _, d := range running {
		c := &d.State
		g := Ground{Cause: CauseNotice, Text: c.FirmName + "服务到" + c.Leaves.Chinese() + "，" + c.State.Title(), Days: c.Leaves.Sub(today), Dated: true, Change: d.ID}
		if c.State == Refusing {
			g.Cause, g.Text = CauseRefusal, c.FirmName+"拒不退出"
		}
		place := registry.Place{Project: c.Project}
		if found[c.Project] == nil {
			row, err := s.Register.OneProject(ctx, by, c.Project)
			if fault.Is(err, fault.NotFound) {
				continue // the leaving firm sees how it left, and the compound no longer
			}
			if err != nil {
				return nil, err
			}
			place = row.Place
		}
		add(place, g)
	}
	var out []Risk
	for _, id := range order {
		r := found[id]
		r.rank()
		if q.lets(r) {
			out = append(out, *r)
		}
	}
	slices.SortStableFunc(out, func(a, b Risk) int { return q.compare(&a, &b) })
	if q.Desc {
		slices.Reverse(out)
	}
	return out, nil
}

// groundOf makes a reason of what ends; false for what puts no compound at risk.
func groundOf(x registry.Expiry) (Ground, bool) {
	g := Ground{Text: x.What + "到" + x.Until.Chinese(), Days: x.Days, Dated: true}
	switch {
	case x.Kind == registry.ExpiryCustody:
		g.Cause = CauseCustody
	case x.Kind == registry.ExpiryContract && x.Days < 0:
		g.Cause = CauseLapsed
	case x.Kind == registry.ExpiryContract:
		g.Cause = CauseEnding
	case x.Kind == registry.ExpiryBody:
		g.Cause = CauseBody
	default:
		return g, false
	}
	return g, true
}

// place of a cause among all.
func (c Cause) rank() int {
	return slices.IndexFunc(Causes(), func(k registry.Choice) bool { return k.ID == string(c) })
}

// rank puts the gravest reason first.
func (r *Risk) rank() {
	slices.SortStableFunc(r.Grounds, func(a, b Ground) int { return a.Cause.rank() - b.Cause.rank() })
	r.Rank = r.Grounds[0].Cause.rank()
	for _, g := range r.Grounds {
		if g.Dated && (!r.Dated || g.Days < r.Days) {
			r.Days, r.Dated = g.Days, true
		}
	}
}

func (q RiskQuery) lets(r *Risk) bool {
	return (q.Township == "" || r.Township == q.Township) && registry.Finds(r.Name, q.Text) &&
		(q.Cause == "" || slices.ContainsFunc(r.Grounds, func(g Ground) bool { return g.Cause == q.Cause }))
}

// compare orders by gravity, then by days; or by days, those without a day last.
func (q RiskQuery) compare(a, b *Risk) int {
	if !q.ByDays && a.Rank != b.Rank {
		return a.Rank - b.Rank
	}
	if a.Dated != b.Dated {
		if a.Dated {
			return -1
		}
		return 1
	}
	if a.Days != b.Days {
		return a.Days - b.Days
	}
	return strings.Compare(a.Name, b.Name)
}

// Uses implements registry.Uses: “2 次物业更换” that name a scope key and were touched since a moment, "" for none. It asks for no right and shows nothing of them.
func (s *Service) Uses(ctx context.Context, key string, since time.Time) (string, error) {
	return s.Touched(ctx, byScope, key, since, "次物业更换")
}
