package registry

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
)

// CrossPosts are, by firm, how many of its project managers serve in the party organisation of a community too (交叉任职); a firm of which no post was ever
// recorded is not in it.
type CrossPosts map[string]int64

// Of is the number of a firm: what its recorded posts add up to, or the number that was entered with the firm before posts were recorded one by one.
func (c CrossPosts) Of(id string, f Firm) int64 {
	if n, recorded := c[id]; recorded {
		return n
	}
	return f.Crossing
}

// The words of BookCrossings that count: a manager of a project (post) with a seat in the party organisation.
const (
	crossManager = "manager"
	crossParty   = "party"
)

// CrossPosts counts the posts that are held on a day; who has a seat in several communities counts once. It asks for no right: the caller has shown the firms,
// and nothing is told of a person.
func (b *Books) CrossPosts(ctx context.Context, on calendar.Date) (CrossPosts, error) {
	out, seen := CrossPosts{}, map[[2]string]bool{}
	q := store.Query{Index: entriesByKey, Key: entryListKey(BookCrossings, "on", policy.County), Limit: store.MaxLimit}
	err := every(ctx, b.entries, q, func(*store.Doc[Entry]) bool { return true }, func(d store.Doc[Entry]) error {
		e := &d.State
		firm, person := e.Values["firm"], e.value("name")
		if _, recorded := out[firm]; !recorded {
			out[firm] = 0
		}
		if e.Values["post"] == crossManager && e.Values["seat"] == crossParty && e.holds(on) && !seen[[2]string{firm, person}] {
			seen[[2]string{firm, person}] = true
			out[firm]++
		}
		return nil
	})
	return out, err
}

// holds reports whether the day lies between the columns from and until.
func (e *Entry) holds(on calendar.Date) bool {
	from, err := calendar.ParseDate(e.Values["from"])
	if err != nil || from.Compare(on) > 0 {
		return false
	}
	until, err := calendar.ParseDate(e.Values["until"])
	return err != nil || until.Compare(on) >= 0
}

// ManagerOf is who answers for a compound on a day by the book of its community, who came last if there are several; "" if nobody is registered or no such book is kept. It asks for no right: the caller shows it to the firm
// or masks it.
func (b *Books) ManagerOf(ctx context.Context, project string, on calendar.Date) (name, phone string, err error) {
	if _, kept := b.set.Find(BookManagers); !kept {
		return "", "", nil
	}
	since := ""
	q := store.Query{Index: entriesByKey, Key: entryListKey(BookManagers, "on", policy.ProjectKey(project)), Limit: store.MaxLimit}
	err = every(ctx, b.entries, q, func(d *store.Doc[Entry]) bool { return d.State.holds(on) }, func(d store.Doc[Entry]) error {
		if from := d.State.Values["from"]; from >= since {
			since, name, phone = from, d.State.value("name"), d.State.value("phone")
		}
		return nil
	})
	return name, phone, err
}
