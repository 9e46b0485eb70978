package wish

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// MostSuggestions is how many takers are suggested for one wish.
const MostSuggestions = 3

// Suggestion is somebody who could take a wish. It dispatches nothing: a person does.
type Suggestion struct {
	Taker Taker
	// Why is one line that says why, for people.
	Why string
	// kind, near and room are whether it offers this kind, serves at this place and takes one more; load is how many orders it has.
	kind, near, room bool
	load             int
}

// Suggest gives up to MostSuggestions units, teams and firms for a wish: who offers its kind (供给清单) today, at its place and with room for one more, the least loaded first; the firm of its compound too.
// Who gave the wish back is left out. Returns Forbidden without DispatchWish, NotFound outside the scope.
func (s *Service) Suggest(ctx context.Context, by policy.Actor, id string) ([]Suggestion, error) {
	scope, err := s.rows.Scope(ctx, by, policy.DispatchWish)
	if err != nil {
		return nil, err
	}
	d, err := s.rows.In(ctx, by, scope, id)
	if err != nil {
		return nil, err
	}
	w := &d.State
	if w.Order == OrderErrand {
		return nil, nil // the station does it
	}
	takers, err := s.takersOf(ctx, w)
	if err != nil {
		return nil, err
	}
	offers, err := s.Register.Offers(ctx, w.Community, s.today())
	if err != nil {
		return nil, err
	}
	var out []Suggestion
	for _, t := range takers {
		speaks := w.ofCompound(t) || slices.ContainsFunc(offers, func(o registry.Offer) bool { return o.Giver == t.Key && o.Kind == w.Kind })
		if w.gaveBack(t.Key) || !speaks {
			continue
		}
		load, err := s.load(ctx, t.Key)
		if err != nil {
			return nil, err
		}
		out = append(out, suggested(w, t, offers, load))
	}
	slices.SortStableFunc(out, func(a, b Suggestion) int {
		return cmp.Or(first(a.room, b.room), first(a.kind, b.kind), first(a.near, b.near), cmp.Compare(a.load, b.load))
	})
	return out[:min(len(out), MostSuggestions)], nil
}

// first puts what is true before what is not.
func first(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// load is how many orders a taker was asked for or serves.
func (s *Service) load(ctx context.Context, key string) (int, error) {
	n := 0
	for q := (store.Query{Index: byOpen, Key: key, Limit: store.MaxLimit}); ; {
		page, err := s.rows.Docs.List(ctx, q)
		if err != nil {
			return 0, err
		}
		for _, d := range page.Docs {
			if w := &d.State; w.takerKey() == key && (w.State == Dispatched || w.State == Taken) {
				n++
			}
		}
		if q.After = page.Next; q.After == "" {
			return n, nil
		}
	}
}

// suggested weighs one taker by its best offer, and the firm of the compound without one.
func suggested(w *Wish, t Taker, offers []registry.Offer, load int) Suggestion {
	best, found := Suggestion{Taker: t, Why: "本小区的物业企业，手上 " + strconv.Itoa(load) + " 单", near: true, room: true, load: load}, false
	for _, o := range offers {
		if o.Giver != t.Key || o.Kind != w.Kind {
			continue
		}
		one := Suggestion{Taker: t, kind: true, near: w.serves(o.Place), room: o.Orders == 0 || int64(load) < o.Orders, load: load}
		words := []string{"供给清单里有“" + o.Name + "”"}
		switch {
		case o.Place == "":
			words = append(words, "全社区")
		case one.near:
			words = append(words, "服务范围有"+w.ProjectName)
		default:
			words = append(words, "服务范围是"+o.Place)
		}
		if o.Hours != "" {
			words = append(words, o.Hours)
		}
		if !o.Until.IsZero() {
			words = append(words, "到"+o.Until.Chinese())
		}
		busy := "手上 " + strconv.Itoa(load) + " 单"
		if o.Orders > 0 {
			busy += "，最多 " + strconv.FormatInt(o.Orders, 10) + " 单"
		}
		if !one.room {
			busy += "，已满"
		}
		one.Why = strings.Join(append(words, busy), "，")
		if !found || cmp.Or(first(one.room, best.room), first(one.near, best.near)) < 0 {
			best, found = one, true
		}
	}
	return best
}

// ofCompound reports whether a taker is the firm that holds the compound of the wish.
func (w *Wish) ofCompound(t Taker) bool { return w.Firm != "" && t.Key == policy.FirmKey(w.Firm) }

// serves reports whether somebody whose places are said in words serves where the wish is; no words are everywhere.
func (w *Wish) serves(places string) bool {
	return places == "" || w.ProjectName != "" && strings.Contains(places, w.ProjectName)
}
