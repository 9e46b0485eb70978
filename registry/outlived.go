package registry

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
)

// yieldAll yields the subjects of all eras of a document.
func yieldAll(yield func(policy.Outlived) error, era store.Era, kind, id string, since calendar.Date) error {
	for _, subject := range era.Subjects(kind, id) {
		if err := yield(policy.Outlived{Subject: subject, Since: since}); err != nil {
			return err
		}
	}
	return nil
}

// OutlivedFirms yields the people of firms that serve no compound any more, from the last day of the last contract; of a firm that never had one, from the day on which it was changed last.
func (r *Register) OutlivedFirms(ctx context.Context, yield func(policy.Outlived) error) error {
	today, running, last := calendar.DateOf(r.db.Now()), map[string]bool{}, map[string]calendar.Date{}
	if err := every(ctx, r.projects, store.Query{Index: ByName}, func(*store.Doc[Project]) bool { return true }, func(d store.Doc[Project]) error {
		for _, c := range d.State.Contracts {
			if until := c.Days.Until; until.IsZero() || until.Compare(today) >= 0 {
				running[c.Firm] = true
			} else if until.Compare(last[c.Firm]) > 0 {
				last[c.Firm] = until
			}
		}
		return nil
	}); err != nil {
		return err
	}
	return every(ctx, r.firms, store.Query{Index: ByName}, func(d *store.Doc[Firm]) bool { return !running[d.ID] }, func(d store.Doc[Firm]) error {
		since, served := last[d.ID]
		if changed := calendar.DateOf(d.At); !served || changed.Compare(since) > 0 && d.State.Era > 0 {
			since = changed // what was entered anew after it was destroyed is kept for its own term
		}
		return yieldAll(yield, d.State.Era, firmKind, d.ID, since)
	})
}

// OutlivedDevelopers yields the people of developers that were dissolved, from that day.
func (r *Register) OutlivedDevelopers(ctx context.Context, yield func(policy.Outlived) error) error {
	today := calendar.DateOf(r.db.Now())
	return every(ctx, r.developers, store.Query{Index: ByName}, func(d *store.Doc[Developer]) bool { return d.State.StandingOn(today) == StandingDissolved }, func(d store.Doc[Developer]) error {
		var since calendar.Date
		for _, s := range d.State.Standings {
			if s.State == StandingDissolved && s.From.Compare(today) <= 0 {
				since = s.From
			}
		}
		return yieldAll(yield, d.State.Era, developerKind, d.ID, since)
	})
}

// Outlived yields the people of rows that were withdrawn from the books, from the day on which they were.
func (b *Books) Outlived(ctx context.Context, yield func(policy.Outlived) error) error {
	for _, book := range b.set.All() {
		if err := every(ctx, b.entries, store.Query{Index: entriesByKey, Key: entryListKey(book.ID, "off", policy.County)}, func(d *store.Doc[Entry]) bool { return len(d.State.Personal) > 0 }, func(d store.Doc[Entry]) error {
			return yieldAll(yield, d.State.Era, entryKind, d.ID, calendar.DateOf(d.At))
		}); err != nil {
			return err
		}
	}
	return nil
}
