package wish

import (
	"context"
	"slices"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Filter narrows a list; what is zero does not narrow.
type Filter struct {
	// Order, if not "", is a code of Orders. State, Kind and TakerKind are codes; Text is looked for in the words and, as pinyin too, in the names of places and takers.
	Order     string
	State     State
	Kind      string
	TakerKind TakerKind
	Text      string
	// Project, Firm, Community and Township are ids; Firm is the one that holds the compound or serves.
	Project, Firm, Community, Township string
	// Open keeps what is not over, Served what was confirmed (服务清单), Late what is overdue, Mine what the actor's unit, team or firm has, Review what has words that wait for their review.
	Open, Served, Late, Mine, Review bool
	// From and Until bound the day on which it was asked, and for Served the day on which it was confirmed.
	From, Until calendar.Date
}

// key is the narrowest key under which the wishes of the filter are listed, "" for all of the scope.
func (w Filter) key() string {
	switch {
	case w.Project != "":
		return policy.ProjectKey(w.Project)
	case w.Firm != "":
		return policy.FirmKey(w.Firm)
	case w.Community != "":
		return policy.CommunityKey(w.Community)
	case w.Township != "":
		return policy.TownshipKey(w.Township)
	}
	return ""
}

func (w Filter) lets(one *Wish, now time.Time, mine []string) bool {
	day := one.Day
	if w.Served {
		day = one.Served
	}
	return (w.Order == "" || (w.Order == string(OrderErrand)) == (one.Order == OrderErrand)) && (w.State == "" || one.State == w.State) && (w.Kind == "" || one.Kind == w.Kind) && (w.TakerKind == "" || one.Taker != nil && one.Taker.Kind == w.TakerKind) &&
		(w.Community == "" || one.Community == w.Community) && (w.Township == "" || one.Township == w.Township) && (w.Project == "" || one.Project == w.Project) &&
		(!w.Served || !one.Served.IsZero()) && (!w.Late || one.Late(now)) && (!w.Mine || slices.Contains(mine, one.takerKey())) && (!w.Review || one.Draft != "") &&
		(w.From.IsZero() || day.Compare(w.From) >= 0) && (w.Until.IsZero() || day.Compare(w.Until) <= 0) && w.says(one)
}

// says reports whether the text of the filter is found.
func (w Filter) says(one *Wish) bool {
	text := strings.TrimSpace(w.Text)
	if text == "" || contains(one.Words, text) || contains(one.Spot, text) {
		return true
	}
	names := []string{one.CommunityName, one.ProjectName, one.KindTitle}
	if one.Taker != nil {
		names = append(names, one.Taker.Name)
	}
	for _, r := range one.Receipts {
		names = append(names, r.Number)
	}
	return slices.ContainsFunc(names, func(name string) bool { return name != "" && registry.Finds(name, text) })
}

func contains(text, part string) bool { return strings.Contains(text, part) }

// List returns every wish of the actor's scope that the filter lets through, the last first. Returns Forbidden without ReadWish.
func (s *Service) List(ctx context.Context, by policy.Actor, w Filter) ([]store.Doc[Wish], error) {
	index := byScope
	if w.Open {
		index = byOpen
	}
	now, mine := store.ClockIn(ctx, s.Now), append(s.serves(by, OrderWish), s.serves(by, OrderErrand)...)
	out, err := s.rows.All(ctx, by, store.Query{Index: index, Key: w.key(), Desc: true}, func(one *Wish) bool {
		s.resolve(one)
		return s.shows(by, one) && w.lets(one, now, mine)
	})
	if err != nil {
		return nil, err
	}
	return out, s.mask(ctx, by, out)
}

// One returns a wish as the actor may see it. Returns Forbidden without ReadWish, NotFound for what does not exist for him.
func (s *Service) One(ctx context.Context, by policy.Actor, id string) (store.Doc[Wish], error) {
	d, err := s.rows.One(ctx, by, id)
	if err != nil {
		return d, err
	}
	if !s.shows(by, &d.State) {
		return store.Doc[Wish]{}, hiddenWish()
	}
	return s.seen(ctx, by, d)
}

// Uses implements registry.Uses: “2 件心愿和代办、1 名报到党员” that name a scope key and were touched since a moment, "" for none. It asks for no right and shows nothing of them.
func (s *Service) Uses(ctx context.Context, key string, since time.Time) (string, error) {
	orders, err := s.rows.Touched(ctx, byScope, key, since, "件心愿和代办")
	if err != nil {
		return "", err
	}
	members, err := s.members.Touched(ctx, byScope, key, since, "名报到党员")
	if orders != "" && members != "" {
		orders += "、"
	}
	return orders + members, err
}

// EveryLife calls yield with the changes, oldest first, of every wish that was asked for by a day, with the last day for serving it as the calendar has it by now, whoever asks: for the rating.
func (s *Service) EveryLife(ctx context.Context, until calendar.Date, yield func([]store.Change[Wish]) error) error {
	return s.rows.Docs.EachLife(ctx, func(d *store.Doc[Wish]) bool {
		return d.State.Order == OrderWish && calendar.DateOf(d.State.Asked.At.Time).Compare(until) <= 0
	}, func(life []store.Change[Wish]) error {
		for n := range life {
			life[n].State.ServeBy = s.Resolve(life[n].State.ServeBy)
		}
		return yield(life)
	})
}
