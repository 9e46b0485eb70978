package registry

import (
	"context"
	"slices"

	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// EntryLine is a row of a workbook of a book.
type EntryLine struct {
	// Row is the number of the row in the sheet, Book the code of the book.
	Row  int64  `json:"row"`
	Book string `json:"book" privacy:"public"`
	// TownshipName and CommunityName name the community in words or by code.
	TownshipName  string `json:"township_name,omitempty" privacy:"public"`
	CommunityName string `json:"community_name,omitempty" privacy:"public"`
	// Values are the columns as typed that say something and are about nobody, Personal those about a person.
	Values   map[string]string `json:"values" privacy:"internal"`
	Personal []PersonalValue   `json:"personal,omitempty"`
	// Subject is the row whose key encrypts the line.
	Subject string `json:"subject" privacy:"internal"`
}

// all are the columns as typed.
func (l EntryLine) all() map[string]string {
	out := map[string]string{}
	for field, text := range l.Values {
		out[field] = text
	}
	for _, p := range l.Personal {
		out[p.Field] = p.Text
	}
	return out
}

// openImports opens the imports of all books.
func (b *Books) openImports(ctx context.Context) (err error) {
	b.imports, err = imports.Open(ctx, imports.Config[EntryLine]{
		DB: b.db, Name: "entries", Action: string(policy.WriteStation),
		Row: func(l EntryLine) int64 { return l.Row },
		// All rows of a book and community in one row, because one may name another.
		Target:  func(l EntryLine) string { return l.Book + l.CommunityName },
		Checker: func() imports.Checker[EntryLine] { return b.checker(nil).look },
		Undoer:  func() imports.Undoer[EntryLine] { return b.checker(nil).back },
		Prepare: func() func(context.Context, *EntryLine, string) error {
			c := b.checker(nil)
			return func(ctx context.Context, l *EntryLine, newID string) error {
				book, found, err := c.find(ctx, *l, &faults{})
				if err != nil {
					return err
				}
				if l.Subject = entryKind + "/" + newID; book != nil && found.Seq > 0 {
					l.Subject = found.State.Era.After(found.Purged).Subject(entryKind, found.ID)
				}
				return nil
			}
		},
		Subject: func(l *EntryLine) string { return l.Subject },
		WasNew: func(ctx context.Context, newID string, _ EntryLine) bool {
			_, err := b.entries.LoadOpen(ctx, newID)
			return err == nil
		},
	})
	return err
}

// entryChecker checks lines of books.
type entryChecker struct {
	*checker
	books *Books
	// by, if set, is who imports: each row must lie where he may write.
	by *policy.Actor
}

// checker returns one for who imports, nil for lines that were accepted.
func (b *Books) checker(by *policy.Actor) *entryChecker {
	return &entryChecker{checker: b.Service.checker(), books: b, by: by}
}

// find finds the book of a line and the row that it is about; the row's Seq is 0 if there is none yet, its state then says where it lies. What cannot be found goes to bad.
func (c *entryChecker) find(ctx context.Context, l EntryLine, bad *faults) (*Book, store.Doc[Entry], error) {
	var now store.Doc[Entry]
	book, err := c.books.book(l.Book)
	if err != nil {
		return nil, now, err
	}
	community := ""
	if !book.ofBureau() {
		if community, err = c.community(ctx, l.TownshipName, l.CommunityName, bad); err != nil || community == "" {
			return nil, now, err
		}
	}
	if now.State, err = c.books.place(ctx, book, community, bad); err != nil {
		return nil, now, err
	}
	// The key as it would be stored; what is wrong with it is told when the whole row is read.
	key := make([]string, len(book.Key))
	for i, id := range book.Key {
		f, _ := book.Field(id)
		if key[i], err = f.value(ctx, &bookReader{c.books}, community, l.Values[id], c.Today(), &faults{}); err != nil {
			return nil, now, err
		}
	}
	id, err := claimed(ctx, c.db, c.books.entries, entryClaim, entryKey(book, community, key), entryKind)
	if err != nil || id == "" {
		return book, now, err
	}
	now, err = c.books.entries.Load(ctx, id)
	return book, now, err
}

// look is the checker as imports ask it.
func (c *entryChecker) look(ctx context.Context, l EntryLine) (imports.Step, error) {
	var bad faults
	book, now, err := c.find(ctx, l, &bad)
	if err != nil || book == nil {
		return imports.Step{Faults: bad.list}, err
	}
	if c.by != nil {
		switch err := c.books.mayWrite(ctx, *c.by, book, &now.State); {
		case fault.Is(err, fault.NotFound):
			bad.add("community", "没有名为“%s”的社区（村）", l.CommunityName)
		case fault.Is(err, fault.Forbidden) && now.Seq > 0:
			bad.add(giverField, "%s", fault.MessageOf(err))
		case err != nil:
			return imports.Step{}, err
		}
	}
	next, err := c.books.fill(ctx, &bookReader{c.books}, book, now.State, l.all(), &bad)
	if err != nil {
		return imports.Step{}, err
	}
	if c.by != nil && len(bad.list) == 0 && book.Rights == AreaSupply {
		if err := c.books.mayWrite(ctx, *c.by, book, &next); err != nil {
			bad.add(giverField, "%s", fault.MessageOf(err))
		}
	}
	next.Withdrawn = false
	st := imports.Step{Faults: bad.list, Key: book.keyOf(&next), Outcome: outcomeOf(now, next)}
	st.Do = func(ctx context.Context, meta store.Meta, newID string) error {
		if now.Seq == 0 {
			now.ID = newID
		}
		return c.books.putEntry(ctx, meta, book, now, next)
	}
	st.Cause, err = causeOf(ctx, c.books.entries, now)
	return st, err
}

// importing asks for the right to import into a book and gives the checker of an actor.
func (b *Books) importing(by policy.Actor, bookID string) (imports.Checker[EntryLine], error) {
	book, err := b.book(bookID)
	if err != nil {
		return nil, err
	}
	_, write := book.Actions()
	if err := b.guard.Require(by, write); err != nil {
		return nil, err
	}
	return b.checker(&by).look, nil
}

// DryEntries checks the rows of a file against a book and keeps them for a day. Nothing is journaled. Returns Forbidden, NotFound for a book that is not there, Invalid for
// no row at all or too many.
func (b *Books) DryEntries(ctx context.Context, by policy.Actor, f imports.File[EntryLine]) (imports.DryRun, error) {
	check, err := b.importing(by, f.Kind)
	if err != nil {
		return imports.DryRun{}, err
	}
	return b.imports.DryRun(ctx, by.ID, f, check)
}

// AcceptEntries accepts a dry run and returns the id of the import. Returns Forbidden, and as imports.Importer.Accept.
func (b *Books) AcceptEntries(ctx context.Context, by policy.Actor, draft string, onlyGood bool) (string, error) {
	if !b.guard.Allow(by, policy.WriteStation) && !b.guard.Allow(by, policy.WritePaper) && !b.guard.Allow(by, policy.WriteSupply) {
		return "", b.guard.Require(by, policy.WriteStation)
	}
	return b.imports.Accept(ctx, by.ID, draft, onlyGood, b.checker(&by).look)
}

// EntryImport returns an import of the actor's own. Returns NotFound, also for one of somebody else.
func (b *Books) EntryImport(ctx context.Context, by policy.Actor, id string) (imports.View, error) {
	v, err := b.imports.One(ctx, id)
	if err == nil && v.By != by.ID {
		return imports.View{}, fault.New("registry.EntryImport", fault.NotFound, "没有找到这次导入")
	}
	return v, err
}

// EntryImports lists the last 20 imports of the actor into a book, newest first.
func (b *Books) EntryImports(ctx context.Context, by policy.Actor, bookID string) ([]imports.View, error) {
	list, err := b.imports.RecentOf(ctx, by.ID)
	return slices.DeleteFunc(list, func(v imports.View) bool { return v.Kind != bookID }), err
}

// LookBackEntries shows what taking an own import back would do. Returns as EntryImport and imports.Importer.LookBack.
func (b *Books) LookBackEntries(ctx context.Context, by policy.Actor, id string) (imports.Lookback, error) {
	if _, err := b.EntryImport(ctx, by, id); err != nil {
		return imports.Lookback{}, err
	}
	return b.imports.LookBack(ctx, id, b.checker(nil).back)
}

// ReverseEntries takes an own import back. Returns as EntryImport and imports.Importer.Reverse.
func (b *Books) ReverseEntries(ctx context.Context, by policy.Actor, id string, seq int64, why string) error {
	if _, err := b.EntryImport(ctx, by, id); err != nil {
		return err
	}
	return b.imports.Reverse(ctx, by.ID, id, seq, why)
}

// RunImports applies what was accepted and takes back what is to be taken back, as Service.RunImports does for the register.
func (b *Books) RunImports(ctx context.Context) (int, error) { return b.imports.RunAccepted(ctx) }

// Run applies imports when one is accepted, until ctx ends; see Service.Run.
func (b *Books) Run(ctx context.Context, failed func(error)) { b.imports.Run(ctx, failed) }

// Wake makes Run look for accepted imports.
func (b *Books) Wake() { b.imports.Wake() }

// back takes a line of an import back: a new row is withdrawn, a corrected one is as it was before.
func (c *entryChecker) back(ctx context.Context, l EntryLine, cause, undone string) (imports.Undo, error) {
	b := c.books
	id := journal.DerivedID(cause)
	if _, err := b.entries.Head(ctx, id); fault.Is(err, fault.NotFound) {
		_, now, err := c.find(ctx, l, &faults{})
		if err != nil || now.Seq == 0 {
			return imports.Undo{Outcome: imports.Nothing}, err
		}
		id = now.ID
	} else if err != nil {
		return imports.Undo{}, err
	}
	t, err := traced(ctx, b.entries, id, cause)
	if err != nil {
		return imports.Undo{}, err
	}
	out, decided := verdict(t, t.head.State, undone)
	book, err := b.book(l.Book)
	if err != nil {
		return imports.Undo{}, err
	}
	out.Name = book.nameOf(&t.head.State, nil)
	if decided {
		if t.back.Seq > 0 && t.back.State.Withdrawn && out.Outcome == imports.Restored {
			out.Outcome = imports.Withdrawn
		}
		if out.Outcome == imports.Withdrawn || out.Outcome == imports.Restored {
			out.Do = func(context.Context, store.Meta) error { return nil } // done by the try before a stop
		}
		return out, nil
	}
	back := t.head.State
	back.Withdrawn = true
	if t.before != nil {
		back = *t.before
	}
	out.Do = func(ctx context.Context, meta store.Meta) error { return b.putEntry(ctx, meta, book, t.head.Doc, back) }
	return out, nil
}
