package registry

import (
	"context"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
)

// HelperPrefix begins the key of a unit or team, as appointments name it; the id of its row follows. A firm has policy.FirmKey.
const HelperPrefix = "u:"

// giverField is the column of BookSupplies that says who offers.
const giverField = "giver"

// Offer is a row of BookSupplies that counts on a day.
type Offer struct {
	// ID is that of its row, Giver the key of who offers: HelperPrefix or policy.FirmKey with an id. Name says what, Kind is the code of its choice.
	ID, Giver, Name, Kind string
	// Place and Hours say where and when, "" where everywhere and at any time; Until is the last day, no date for none.
	Place, Hours string
	Until        calendar.Date
	// Orders is how many orders it takes at a time, 0 if it does not say.
	Orders int64
}

// Offers lists what is offered to the residents of a community on a day, by who offers it; what was withdrawn, has not begun or is over is left out. It asks for no right and shows nothing about persons.
func (b *Books) Offers(ctx context.Context, community string, on calendar.Date) ([]Offer, error) {
	var out []Offer
	if !divisionCode.MatchString(community) {
		return nil, nil
	}
	ask := store.Query{Index: entriesByKey, Key: entryListKey(BookSupplies, "on", policy.CommunityKey(community)), Limit: store.MaxLimit}
	err := every(ctx, b.entries, ask, func(d *store.Doc[Entry]) bool { return d.State.offers(on) }, func(d store.Doc[Entry]) error {
		v := d.State.Values
		until, _ := calendar.ParseDate(v["until"]) // none if it is empty
		orders, err := num.Parse(v["orders"])
		o := Offer{ID: d.ID, Giver: v[giverField], Name: v["name"], Kind: v["kind"], Place: v["place"], Hours: v["hours"], Until: until}
		if err == nil {
			o.Orders, _ = orders.Int64()
		}
		out = append(out, o)
		return nil
	})
	return out, err
}

// offers reports whether a row of BookSupplies counts on a day.
func (e *Entry) offers(on calendar.Date) bool {
	from, err := calendar.ParseDate(e.Values["from"])
	if err == nil && from.Compare(on) > 0 {
		return false
	}
	until, err := calendar.ParseDate(e.Values["until"])
	return err != nil || until.Compare(on) >= 0
}

// givers are the units and teams for which somebody serves, by their keys, and the actor without the appointments that only speak for them.
func (b *Books) givers(by policy.Actor) (rest policy.Actor, own []string) {
	rest = by
	rest.Appointments = slices.DeleteFunc(slices.Clone(by.Appointments), func(a policy.Appointment) bool {
		serves, _ := b.guard.Rules().RoleAllows(a.Role, policy.TakeWish)
		if serves && strings.HasPrefix(a.Unit, HelperPrefix) {
			own = append(own, a.Unit)
		}
		return serves
	})
	return rest, own
}

// GiverChoices are those whom the actor may enter as who offers something to a community: its units and teams and the firms; for who only serves for a unit or team his own.
func (b *Books) GiverChoices(ctx context.Context, by policy.Actor, community string) ([]Choice, error) {
	helpers, err := b.Helpers(ctx, community)
	if err != nil {
		return nil, err
	}
	rest, own := b.givers(by)
	all := b.guard.Allow(rest, policy.WriteSupply)
	var out []Choice
	for _, h := range helpers {
		if key := HelperPrefix + h.ID; all || slices.Contains(own, key) {
			out = append(out, Choice{key, h.Name})
		}
	}
	if !all {
		return out, nil
	}
	firms, err := b.FirmChoices(ctx)
	for _, f := range firms {
		out = append(out, Choice{policy.FirmKey(f.ID), f.Text})
	}
	return out, err
}

// helper finds who serves a community: by key, or as one of its units or teams, or a firm, by name.
func (r *bookReader) helper(ctx context.Context, f BookField, community, text string, bad *faults) (string, error) {
	if id, firm := strings.CutPrefix(text, policy.FirmKey("")); firm {
		id, err := r.firm(ctx, f, id, bad)
		return policy.FirmKey(id), err
	}
	helpers, err := r.books.Helpers(ctx, community)
	if err != nil {
		return "", err
	}
	for _, h := range helpers {
		if HelperPrefix+h.ID == text || h.Name == text {
			return HelperPrefix + h.ID, nil
		}
	}
	if strings.HasPrefix(text, HelperPrefix) {
		bad.add(f.ID, "%s不在这个社区，或者已经撤下", f.Label)
		return "", nil
	}
	var none faults
	id, err := r.firm(ctx, f, text, &none)
	switch {
	case err != nil:
		return "", err
	case id == "":
		bad.add(f.ID, "这个社区没有登记名为“%s”的共建单位、志愿服务队，也没有这家物业企业", text)
		return "", nil
	}
	bad.list = append(bad.list, none.list...)
	return policy.FirmKey(id), nil
}
