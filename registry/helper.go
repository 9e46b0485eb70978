package registry

import (
	"context"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Helper is a unit or a team that serves a community, without any person.
type Helper struct {
	// ID is that of its row, Book BookUnits or BookTeams, Name what it is called, Community where it serves.
	ID, Book, Name, Community string
}

// helper reports whether a row is a unit or team that counts.
func (e *Entry) helper() bool {
	return (e.Book == BookUnits || e.Book == BookTeams) && !e.Withdrawn
}

// Helpers lists the units and teams of a community, by their name. It asks for no right and shows nothing about persons.
func (b *Books) Helpers(ctx context.Context, community string) ([]Helper, error) {
	var out []Helper
	if !divisionCode.MatchString(community) {
		return nil, nil
	}
	for _, book := range []string{BookUnits, BookTeams} {
		ask := store.Query{Index: entriesByKey, Key: entryListKey(book, "on", policy.CommunityKey(community)), Limit: PageSize}
		if err := every(ctx, b.entries, ask, func(d *store.Doc[Entry]) bool { return d.State.helper() }, func(d store.Doc[Entry]) error {
			out = append(out, Helper{d.ID, book, d.State.Values["name"], d.State.Community})
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// HelperOf returns a unit or team by the id of its row. It asks for no right. Returns NotFound for everything else.
func (b *Books) HelperOf(ctx context.Context, id string) (Helper, error) {
	hidden := fault.New("registry.HelperOf", fault.NotFound, "没有登记这个共建单位或者志愿服务队")
	if !journal.ValidPart(id) {
		return Helper{}, hidden
	}
	d, err := b.entries.Load(ctx, id)
	if fault.Is(err, fault.NotFound) || err == nil && !d.State.helper() {
		return Helper{}, hidden
	}
	return Helper{id, d.State.Book, d.State.Values["name"], d.State.Community}, err
}
