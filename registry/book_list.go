package registry

import (
	"context"
	"slices"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
)

// EntryState narrows a list of rows.
type EntryState string

// The states of rows.
const (
	// EntriesNow: all that count.
	EntriesNow EntryState = ""
	// EntriesEnding: a watched last day has passed or comes within the days that the book watches.
	EntriesEnding EntryState = "ending"
	// EntriesUnmet: a check says 不符合.
	EntriesUnmet EntryState = "unmet"
	// EntriesWithdrawn: taken out of the book.
	EntriesWithdrawn EntryState = "withdrawn"
)

// EntryQuery asks for a page of a book. The zero value of all but Book is the first page of all rows by their key.
type EntryQuery struct {
	// Book is the code of the book, State which rows.
	Book  string
	State EntryState
	// Text is looked for in the columns that the search covers, as itself, pinyin or initials.
	Text string
	// Community, Firm and Project keep the rows of one, Choices those with these values by code of the column; "" keeps all.
	Community, Firm, Project string
	Choices                  map[string]string
	// Sort is the code of the column of the book's Day or Number, "" for its key; Desc reverses.
	Sort string
	Desc bool
	// After is the cursor of the page before, "" for the first.
	After string
}

// EntryRow is a row for people.
type EntryRow struct {
	// ID and Seq as in the store.
	ID  string
	Seq int64
	// Book is its book, Name what it is called.
	Book *Book
	Name string
	// Community, CommunityName and TownshipName are where it belongs, "" for a row of the bureau.
	Community, CommunityName, TownshipName string
	// Values are what its columns say as stored, Texts in words; both masked where the actor may not see it. Masked reports whether something was.
	Values, Texts map[string]string
	Masked        bool
	// Files are its papers, Withdrawn that it does not count.
	Files     []files.Stored
	Withdrawn bool
	// Ends and EndsField are the first watched last day that has passed or comes within the days that the book watches, no date for none.
	Ends      calendar.Date
	EndsField string
	// Met and Checked are how many checks are 符合, of those that apply; Unmet are the labels of the others.
	Met, Checked int
	Unmet        []string
}

// EntryPage is a page of rows with the sums of everything that the query finds, by code of the column.
type EntryPage struct {
	Page[EntryRow]
	Sums map[string]num.Num
}

// reach is what an actor may see of a book.
type reach struct {
	all      bool
	keys     []string
	openOnly bool
	staff    policy.Scope
	covers   func(e *Entry) bool
}

// reachOf says what an actor may see of a book: papers of the bureau wholly with the right and otherwise those that are open to everybody, rows of communities in his scope.
// Returns Forbidden without the right.
func (b *Books) reachOf(ctx context.Context, by policy.Actor, book *Book) (reach, error) {
	read, _ := book.Actions()
	if book.ofBureau() {
		open := !b.guard.Allow(by, read)
		return reach{all: !open, openOnly: open, covers: func(e *Entry) bool { return !open || e.Values[openField] == openYes && !e.Withdrawn }}, nil
	}
	if err := b.guard.Require(by, read); err != nil {
		return reach{}, err
	}
	scope, err := b.guard.Scope(ctx, by, read)
	if err != nil {
		return reach{}, err
	}
	staff, err := b.guard.Scope(ctx, by, policy.ReadStaff)
	today := b.Today()
	return reach{all: scope.All(), keys: scope.Keys(), staff: staff, covers: func(e *Entry) bool { return scope.Covers(e.Keys, today) }}, err
}

// seesStaff reports whether the actor sees what a row says about persons.
func (r reach) seesStaff(e *Entry, today calendar.Date) bool {
	return r.staff.Covers(e.placeKeys(), today)
}

// asked gives the index query of a list and what decides each row.
func (b *Books) asked(ctx context.Context, by policy.Actor, q EntryQuery) (*Book, reach, store.Query, func(*store.Doc[Entry]) bool, error) {
	book, err := b.book(q.Book)
	if err != nil {
		return nil, reach{}, store.Query{}, nil, err
	}
	r, err := b.reachOf(ctx, by, book)
	if err != nil {
		return nil, reach{}, store.Query{}, nil, err
	}
	state := "on"
	if q.State == EntriesWithdrawn && !r.openOnly {
		state = "off"
	}
	ask := store.Query{Index: entriesByKey, Desc: q.Desc, After: q.After, Limit: PageSize}
	switch {
	case q.Sort != "" && q.Sort == book.Day:
		ask.Index = entriesByDay
	case q.Sort != "" && q.Sort == book.Number:
		ask.Index = entriesByNumber
	}
	switch {
	case r.openOnly:
		ask.Key = entryListKey(book.ID, state, openField)
	case q.Community != "" && divisionCode.MatchString(q.Community):
		ask.Key = entryListKey(book.ID, state, policy.CommunityKey(q.Community))
	case r.all:
		ask.Key = entryListKey(book.ID, state, policy.County)
	default:
		ask.In = []string{}
		for _, key := range r.keys {
			ask.In = append(ask.In, entryListKey(book.ID, state, key))
		}
	}
	named, err := b.namesFound(ctx, book, q.Text)
	if err != nil {
		return nil, reach{}, store.Query{}, nil, err
	}
	today, day := b.Today(), b.On(ctx)
	return book, r, ask, func(d *store.Doc[Entry]) bool {
		e := &d.State
		if !r.covers(e) || q.Firm != "" && !slices.Contains(e.Keys, policy.FirmKey(q.Firm)) || q.Project != "" && !slices.Contains(e.Keys, policy.ProjectKey(q.Project)) || !book.found(e, q.Text, r.seesStaff(e, today)) && !book.namesAny(e, named) {
			return false
		}
		for field, want := range q.Choices {
			if want != "" && e.Values[field] != want {
				return false
			}
		}
		switch q.State {
		case EntriesEnding:
			_, _, ends := book.endsOn(e, day, book.WatchedDays())
			return ends
		case EntriesUnmet:
			_, _, unmet := book.checked(e)
			return len(unmet) > 0
		}
		return true
	}, nil
}

// found reports whether the search of a book finds a row; names of persons only for those who see them.
func (b *Book) found(e *Entry, text string, staff bool) bool {
	if strings.TrimSpace(text) == "" {
		return true
	}
	return slices.ContainsFunc(b.Fields, func(f BookField) bool {
		return f.Find && !f.named() && (staff || !f.Hidden()) && finds(e.value(f.ID), text)
	})
}

// named reports whether a column holds the id of something that a search finds by its name.
func (f BookField) named() bool { return f.Kind == FieldProject || f.Kind == FieldHelper }

// namesFound are the values of those columns that a search of a book finds by name: projects, and who serves a community.
func (b *Books) namesFound(ctx context.Context, book *Book, text string) (map[string]bool, error) {
	covers := func(kind FieldKind) bool {
		return Searchable(text) && slices.ContainsFunc(book.Fields, func(f BookField) bool { return f.Find && f.Kind == kind })
	}
	found := map[string]bool{}
	if covers(FieldProject) {
		if err := every(ctx, b.projects, store.Query{Index: ByName, Key: findKey(text)}, func(d *store.Doc[Project]) bool { return finds(d.State.Name, text) }, func(d store.Doc[Project]) error {
			found[d.ID] = true
			return nil
		}); err != nil {
			return nil, err
		}
	}
	if !covers(FieldHelper) {
		return found, nil
	}
	for _, of := range []string{BookUnits, BookTeams} {
		for _, state := range []string{"on", "off"} {
			ask := store.Query{Index: entriesByKey, Key: entryListKey(of, state, policy.County), Limit: store.MaxLimit}
			if err := every(ctx, b.entries, ask, func(d *store.Doc[Entry]) bool { return finds(d.State.Values["name"], text) }, func(d store.Doc[Entry]) error {
				found[HelperPrefix+d.ID] = true
				return nil
			}); err != nil {
				return nil, err
			}
		}
	}
	firms, err := b.FirmChoices(ctx)
	for _, f := range firms {
		if finds(f.Text, text) {
			found[policy.FirmKey(f.ID)] = true
		}
	}
	return found, err
}

// namesAny reports whether a row names one of those that a search found.
func (b *Book) namesAny(e *Entry, found map[string]bool) bool {
	return len(found) > 0 && slices.ContainsFunc(b.Fields, func(f BookField) bool { return f.Find && f.named() && found[e.Values[f.ID]] })
}

// checked counts the checks of a row.
func (b *Book) checked(e *Entry) (met, all int, unmet []string) {
	for _, f := range b.Fields {
		if f.Kind != FieldCheck {
			continue
		}
		switch e.Values[f.ID] {
		case CheckMet:
			met, all = met+1, all+1
		case CheckUnmet:
			all++
			unmet = append(unmet, f.Label)
		}
	}
	return met, all, unmet
}

// Entries lists one page of a book. Papers are there for everybody as far as they are open. Returns Forbidden without the right to read the book, NotFound for one that is not there.
func (b *Books) Entries(ctx context.Context, by policy.Actor, q EntryQuery) (EntryPage, error) {
	book, r, ask, keep, err := b.asked(ctx, by, q)
	if err != nil {
		return EntryPage{}, err
	}
	docs, next, count, err := listed(ctx, b.entries, ask, keep)
	if err != nil {
		return EntryPage{}, err
	}
	out := EntryPage{Page: Page[EntryRow]{Next: next, Count: count}}
	if out.Rows, err = b.rows(ctx, book, r, docs); err != nil {
		return EntryPage{}, err
	}
	if count <= CountTo && slices.ContainsFunc(book.Fields, func(f BookField) bool { return f.Sum }) {
		out.Sums, err = b.sums(ctx, book, ask, keep)
	}
	return out, err
}

// sums adds up the columns of a book over all rows of a query.
func (b *Books) sums(ctx context.Context, book *Book, ask store.Query, keep func(*store.Doc[Entry]) bool) (map[string]num.Num, error) {
	out := map[string]num.Num{}
	ask.After = ""
	err := every(ctx, b.entries, ask, keep, func(d store.Doc[Entry]) error {
		for _, f := range book.Fields {
			if f.Sum {
				out[f.ID] = out[f.ID].Add(numberOf(d.State.Values[f.ID]))
			}
		}
		return nil
	})
	return out, err
}

// numberOf is a stored number; none is zero.
func numberOf(text string) num.Num {
	n, err := num.Parse(text)
	if err != nil {
		return num.Num{}
	}
	return n
}

// hundredths is a stored number with at most two decimals as a whole one, for sorting.
func hundredths(text string) int64 {
	n, _ := numberOf(text).Mul(num.FromInt(100)).Int64()
	return n
}

// AllEntries calls yield for every row that a query finds, in its order. Errors as those of Entries, and what yield returns.
func (b *Books) AllEntries(ctx context.Context, by policy.Actor, q EntryQuery, yield func(EntryRow) error) error {
	book, r, ask, keep, err := b.asked(ctx, by, q)
	if err != nil {
		return err
	}
	var docs []store.Doc[Entry]
	if err := every(ctx, b.entries, ask, keep, func(d store.Doc[Entry]) error { docs = append(docs, d); return nil }); err != nil {
		return err
	}
	rows, err := b.rows(ctx, book, r, docs)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if err := yield(row); err != nil {
			return err
		}
	}
	return nil
}

// rows puts documents of a book into words.
func (b *Books) rows(ctx context.Context, book *Book, r reach, docs []store.Doc[Entry]) ([]EntryRow, error) {
	list := make([]*Entry, len(docs))
	for i := range docs {
		list[i] = &docs[i].State
	}
	names, err := b.entryNames(ctx, book, list)
	if err != nil {
		return nil, err
	}
	today, shown := b.Today(), b.On(ctx)
	out := make([]EntryRow, len(docs))
	for i, d := range docs {
		e := &d.State
		row := EntryRow{ID: d.ID, Seq: d.Seq, Book: book, Community: e.Community, CommunityName: names[e.Community], TownshipName: names[e.Township], Values: map[string]string{}, Texts: map[string]string{},
			Files: e.Files, Withdrawn: e.Withdrawn, Name: book.nameOf(e, names)}
		staff := r.seesStaff(e, today)
		for _, f := range book.Fields {
			text := e.value(f.ID)
			if text == "" {
				continue
			}
			if f.Hidden() && !staff && !d.Purged {
				row.Values[f.ID], row.Texts[f.ID], row.Masked = f.masked(text), f.masked(text), true
				continue
			}
			row.Values[f.ID], row.Texts[f.ID] = text, f.shown(text, names)
		}
		if f, day, ends := book.endsOn(e, shown, book.WatchedDays()); ends {
			row.Ends, row.EndsField = day, f.Label
		}
		row.Met, row.Checked, row.Unmet = book.checked(e)
		out[i] = row
	}
	return out, nil
}

// entryNames are the names of everything that rows mention by id: divisions, firms, projects, rows of other books.
func (b *Books) entryNames(ctx context.Context, book *Book, list []*Entry) (map[string]string, error) {
	var divisions, firms, projects, refs []string
	add := func(to *[]string, id string) {
		if id != "" && !slices.Contains(*to, id) {
			*to = append(*to, id)
		}
	}
	for _, e := range list {
		add(&divisions, e.Community)
		add(&divisions, e.Township)
		for _, f := range book.Fields {
			switch f.Kind {
			case FieldFirm:
				add(&firms, e.Values[f.ID])
			case FieldProject:
				add(&projects, e.Values[f.ID])
			case FieldRef:
				add(&refs, e.Values[f.ID])
			case FieldHelper:
				if id, firm := strings.CutPrefix(e.Values[f.ID], policy.FirmKey("")); firm {
					add(&firms, id)
				} else if id, helper := strings.CutPrefix(e.Values[f.ID], HelperPrefix); helper {
					add(&refs, id)
				}
			}
		}
	}
	names, err := b.FirmNames(ctx, firms)
	if err != nil {
		return nil, err
	}
	for some := range slices.Chunk(divisions, store.MaxLimit) {
		docs, err := b.divisions.LoadEach(ctx, some)
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			if d != nil {
				names[d.ID] = d.State.Display
			}
		}
	}
	for some := range slices.Chunk(projects, store.MaxLimit) {
		docs, err := b.projects.LoadEach(ctx, some)
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			if d != nil {
				names[d.ID] = d.State.Name
			}
		}
	}
	for some := range slices.Chunk(refs, store.MaxLimit) {
		docs, err := b.entries.LoadEach(ctx, some)
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			if d == nil {
				continue
			}
			if of, ok := b.set.Find(d.State.Book); ok {
				names[d.ID] = of.nameOf(&d.State, nil)
			}
		}
	}
	return names, nil
}

// OneEntry returns a row of a book. Returns Forbidden, NotFound outside the scope or for a row of another book.
func (b *Books) OneEntry(ctx context.Context, by policy.Actor, bookID, id string) (EntryRow, error) {
	const op = "registry.OneEntry"
	book, err := b.book(bookID)
	if err != nil {
		return EntryRow{}, err
	}
	r, err := b.reachOf(ctx, by, book)
	if err != nil {
		return EntryRow{}, err
	}
	d, err := b.entries.Load(ctx, id)
	if err == nil && (d.State.Book != bookID || !r.covers(&d.State)) {
		err = fault.New(op, fault.NotFound, "")
	}
	if err != nil {
		return EntryRow{}, fault.Wrap(op, "", "没有找到要看的内容", err)
	}
	rows, err := b.rows(ctx, book, r, []store.Doc[Entry]{d})
	if err != nil {
		return EntryRow{}, err
	}
	return rows[0], nil
}

// Offered returns the rooms and services that anybody may book: those with opening hours that take bookings; of one community if it is not "". It asks for no right, and shows nothing about persons.
func (b *Books) Offered(ctx context.Context, community string) ([]EntryRow, error) {
	var out []EntryRow
	for _, id := range []string{BookRooms, BookServices} {
		book, err := b.book(id)
		if err != nil {
			return nil, err
		}
		key := policy.County
		if divisionCode.MatchString(community) {
			key = policy.CommunityKey(community)
		}
		var docs []store.Doc[Entry]
		ask := store.Query{Index: entriesByKey, Key: entryListKey(id, "on", key), Limit: PageSize}
		if err := every(ctx, b.entries, ask, func(d *store.Doc[Entry]) bool { return d.State.offered() }, func(d store.Doc[Entry]) error { docs = append(docs, d); return nil }); err != nil {
			return nil, err
		}
		rows, err := b.rows(ctx, book, reach{}, docs)
		if err != nil {
			return nil, err
		}
		out = append(out, rows...)
	}
	return out, nil
}

// offered reports whether anybody may book the row.
func (e *Entry) offered() bool {
	return (e.Book == BookRooms || e.Book == BookServices) && e.Values["bookable"] == "yes" && e.Values["hours"] != "" && !e.Withdrawn
}

// OneOffered returns one of what Offered lists. Returns NotFound for everything else.
func (b *Books) OneOffered(ctx context.Context, bookID, id string) (EntryRow, error) {
	const op = "registry.OneOffered"
	hidden := fault.New(op, fault.NotFound, "没有找到可以预约的内容")
	book, err := b.book(bookID)
	if err != nil || !journal.ValidPart(id) {
		return EntryRow{}, hidden
	}
	d, err := b.entries.Load(ctx, id)
	if fault.Is(err, fault.NotFound) || err == nil && (d.State.Book != bookID || !d.State.offered()) {
		return EntryRow{}, hidden
	}
	if err != nil {
		return EntryRow{}, err
	}
	rows, err := b.rows(ctx, book, reach{}, []store.Doc[Entry]{d})
	if err != nil {
		return EntryRow{}, err
	}
	return rows[0], nil
}

// MayWriteEntry reports whether the actor may change a row that he sees.
func (b *Books) MayWriteEntry(ctx context.Context, by policy.Actor, row EntryRow) (bool, error) {
	e := Entry{Community: row.Community, Values: row.Values}
	if row.Community != "" {
		d, err := b.Division(ctx, row.Community)
		if err != nil {
			return false, err
		}
		e.Township = d.Parent
	}
	err := b.mayWrite(ctx, by, row.Book, &e)
	if fault.Is(err, fault.Forbidden) || fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}

// EntryChange is one change of a row: when, why, and the columns that changed with what they said after.
type EntryChange struct {
	At      time.Time
	Why     string
	Changed []string
}

// EntryHistory lists the changes of a row, the last one first. Columns about persons are named without what they say. Errors as those of OneEntry.
func (b *Books) EntryHistory(ctx context.Context, by policy.Actor, bookID, id string) ([]EntryChange, error) {
	row, err := b.OneEntry(ctx, by, bookID, id)
	if err != nil {
		return nil, err
	}
	var out []EntryChange
	var before Entry
	for change, err := range b.entries.History(ctx, id) {
		if err != nil {
			return nil, err
		}
		names, err := b.entryNames(ctx, row.Book, []*Entry{&change.State})
		if err != nil {
			return nil, err
		}
		out = append(out, EntryChange{At: change.At, Why: change.Meta.Why, Changed: row.Book.told(&before, &change.State, names)})
		before = change.State
	}
	slices.Reverse(out)
	return out, nil
}

// told says what changed between two states of a row.
func (b *Book) told(before, after *Entry, names map[string]string) []string {
	var out []string
	for _, f := range b.Fields {
		text := after.value(f.ID)
		switch {
		case text == before.value(f.ID):
		case f.Hidden():
			out = append(out, f.Label)
		case text == "":
			out = append(out, f.Label+"：清空")
		default:
			out = append(out, f.Label+"："+f.shown(text, names))
		}
	}
	if len(after.Files) != len(before.Files) {
		out = append(out, "文件")
	}
	switch {
	case after.Withdrawn && !before.Withdrawn:
		out = append(out, "撤下")
	case before.Withdrawn && !after.Withdrawn:
		out = append(out, "恢复")
	}
	return out
}

// RefChoices are the rows of a community that a reference may name, by id and name. Returns Forbidden without the right to read the book, NotFound.
func (b *Books) RefChoices(ctx context.Context, by policy.Actor, bookID, community string) ([]Choice, error) {
	var out []Choice
	err := b.AllEntries(ctx, by, EntryQuery{Book: bookID, Community: community}, func(row EntryRow) error {
		out = append(out, Choice{row.ID, row.Name})
		return nil
	})
	return out, err
}

// WritableCommunities are the communities in which the actor may add rows of a book, in order of code; none for a book of the bureau. Returns Forbidden.
func (b *Books) WritableCommunities(ctx context.Context, by policy.Actor, bookID string) ([]DivisionRow, error) {
	book, err := b.book(bookID)
	if err != nil || book.ofBureau() {
		return nil, err
	}
	_, write := book.Actions()
	if err := b.guard.Require(by, write); err != nil {
		return nil, err
	}
	return b.CommunitiesFor(ctx, by, write)
}

// CommunitiesFor are the communities of the actor's scope for an action, in order of code. It asks for no right: without it there is no scope.
func (s *Service) CommunitiesFor(ctx context.Context, by policy.Actor, action policy.Action) ([]DivisionRow, error) {
	scope, err := s.guard.Scope(ctx, by, action)
	if err != nil || scope.Empty() {
		return nil, err
	}
	today := s.Today()
	all, err := s.DivisionsAt(ctx, LevelCommunity, s.On(ctx))
	return slices.DeleteFunc(all, func(d DivisionRow) bool {
		return !scope.Covers([]string{policy.CommunityKey(d.ID), policy.TownshipKey(d.Parent)}, today)
	}), err
}

// PremisesInUse reports whether a row of BookPremises, by its stored values, is in use on a day: from its first day, without which it is not in use yet, to its last one.
func PremisesInUse(values map[string]string, day calendar.Date) bool {
	e := Entry{Values: values}
	return e.holds(day)
}
