package registry

import (
	"context"
	"io"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/imports"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Entry is one row of a book.
type Entry struct {
	// Book is the code of the book.
	Book string `json:"book" privacy:"public"`
	// Community and Township are where it belongs, "" for a row of the bureau; Keys are its scope keys.
	Community string   `json:"community,omitempty" privacy:"public"`
	Township  string   `json:"township,omitempty" privacy:"public"`
	Keys      []string `json:"keys" privacy:"internal"`
	// Values are what its columns say by code, Personal those about a person. Empty ones are left out.
	Values   map[string]string `json:"values" privacy:"internal"`
	Personal []PersonalValue   `json:"personal,omitempty"`
	// Files are the papers attached to it.
	Files []files.Stored `json:"files,omitempty"`
	// Withdrawn: it does not count any more, and can be brought back.
	Withdrawn bool `json:"withdrawn,omitempty"`
	// Era is that of the personal data.
	Era store.Era `json:"era,omitempty"`
}

// PersonalValue is what a column says about a person.
type PersonalValue struct {
	// Field is the code of the column, Text what it says.
	Field string `json:"field" privacy:"public"`
	Text  string `json:"text" privacy:"pii"`
}

const (
	entryKind  = "entry"
	entryClaim = "entry-key"
	// entriesByKey, entriesByDay and entriesByNumber are the orders of a list.
	entriesByKey    = "key"
	entriesByDay    = "day"
	entriesByNumber = "number"
	// maxEntryFiles is how many papers a row may have.
	maxEntryFiles = 5
)

// value is what a column says, personal or not.
func (e *Entry) value(field string) string {
	if text, ok := e.Values[field]; ok {
		return text
	}
	for _, p := range e.Personal {
		if p.Field == field {
			return p.Text
		}
	}
	return ""
}

// Books are the registers whose columns are data. Every call names the actor; a refused call writes nothing.
type Books struct {
	*Service
	set     *BookSet
	keeper  *files.Keeper
	entries *store.Collection[Entry]
	imports *imports.Importer[EntryLine]
}

// NewBooks opens the books of a configuration beside the register.
func NewBooks(ctx context.Context, register *Service, set *BookSet, keeper *files.Keeper) (*Books, error) {
	b := &Books{Service: register, set: set, keeper: keeper}
	var err error
	if b.entries, err = store.NewCollection(ctx, register.db, set.document()); err != nil {
		return nil, err
	}
	return b, b.openImports(ctx)
}

// Set are the books that there are.
func (b *Books) Set() *BookSet { return b.set }

// document is how rows are stored.
func (s *BookSet) document() store.Kind[Entry] {
	keys := func(_ string, e *Entry) []string {
		state := "on"
		if e.Withdrawn {
			state = "off"
		}
		out := []string{entryListKey(e.Book, state, policy.County)}
		for _, key := range e.Keys {
			out = append(out, entryListKey(e.Book, state, key))
		}
		if e.Values[openField] == openYes {
			out = append(out, entryListKey(e.Book, state, openField))
		}
		return out
	}
	sorted := func(of func(b *Book) []string) func(string, *Entry) string {
		return func(_ string, e *Entry) string {
			book, ok := s.Find(e.Book)
			if !ok {
				return ""
			}
			var parts []string
			for _, field := range of(book) {
				f, _ := book.Field(field)
				parts = append(parts, f.sortText(e.Values[field]))
			}
			return spelled(strings.Join(parts, " "))
		}
	}
	return store.Kind[Entry]{Name: entryKind, Version: 1, Subject: func(id string, e *Entry) string { return e.Era.Subject(entryKind, id) }, Indexes: []store.Index[Entry]{
		{Name: entriesByKey, Keys: keys, Sort: sorted(func(b *Book) []string { return b.Key })},
		{Name: entriesByDay, Keys: keys, Sort: func(_ string, e *Entry) string {
			if book, ok := s.Find(e.Book); ok {
				return e.Values[book.Day]
			}
			return ""
		}},
		{Name: entriesByNumber, Keys: keys, Sort: func(_ string, e *Entry) string {
			if book, ok := s.Find(e.Book); ok {
				return store.SortInt(hundredths(e.Values[book.Number]))
			}
			return ""
		}},
	}}
}

// sortText is a value of a key in an order that people expect.
func (f BookField) sortText(text string) string {
	if f.numeric() {
		return store.SortInt(hundredths(text))
	}
	return text
}

func entryListKey(book, state, key string) string { return book + "/" + state + "/" + key }

// entryKey is what a row is claimed by.
func entryKey(b *Book, community string, parts []string) string {
	names := []string{b.ID, community}
	for _, p := range parts {
		names = append(names, string(plain(p)))
	}
	return strings.Join(names, "\n")
}

// keyOf is what a row is claimed by now.
func (b *Book) keyOf(e *Entry) string {
	parts := make([]string, len(b.Key))
	for i, field := range b.Key {
		parts[i] = e.Values[field]
	}
	return entryKey(b, e.Community, parts)
}

// nameOf is what a row is called: its key in words.
func (b *Book) nameOf(e *Entry, names map[string]string) string {
	parts := make([]string, 0, len(b.Key))
	for _, field := range b.Key {
		f, _ := b.Field(field)
		parts = append(parts, f.shown(e.Values[field], names))
	}
	return strings.Join(parts, " ")
}

// place says where a new row of a book lies. What cannot be found goes to bad.
func (b *Books) place(ctx context.Context, book *Book, community string, bad *faults) (Entry, error) {
	e := Entry{Book: book.ID, Values: map[string]string{}}
	if book.ofBureau() {
		return e, nil
	}
	if !divisionCode.MatchString(community) {
		bad.add("community", chooseCommunity)
		return e, nil
	}
	d, err := b.Division(ctx, community)
	if fault.Is(err, fault.NotFound) || err == nil && (d.Level != LevelCommunity || d.Statistical) {
		bad.add("community", chooseCommunity)
		return e, nil
	}
	e.Community, e.Township = d.ID, d.Parent
	return e, err
}

// fill puts values into a row; what is wrong goes to bad. A column that is not among the values keeps what it says, unless all is set.
func (b *Books) fill(ctx context.Context, reader *bookReader, book *Book, e Entry, values map[string]string, bad *faults) (Entry, error) {
	next := e
	next.Values, next.Personal = map[string]string{}, nil
	today := b.Today()
	for _, f := range book.Fields {
		text, given := values[f.ID]
		if !given {
			text = e.value(f.ID)
		}
		text, err := f.value(ctx, reader, e.Community, text, today, bad)
		if err != nil {
			return e, err
		}
		switch {
		case f.Hidden():
			next.Personal = append(next.Personal, PersonalValue{f.ID, text})
		case text != "":
			next.Values[f.ID] = text
		}
	}
	inOrder(book.Fields, next.value, bad)
	next.Keys = nil
	if !book.ofBureau() {
		next.Keys = []string{policy.CommunityKey(e.Community), policy.TownshipKey(e.Township)}
	}
	for _, f := range book.Fields {
		switch id := next.Values[f.ID]; {
		case id == "":
		case f.Kind == FieldFirm:
			next.Keys = append(next.Keys, policy.FirmKey(id))
		case f.Kind == FieldHelper && strings.HasPrefix(id, policy.FirmKey("")):
			next.Keys = append(next.Keys, id)
		case f.Kind == FieldProject:
			next.Keys = append(next.Keys, policy.ProjectKey(id))
		}
	}
	return next, nil
}

// mayWrite asks for the rights to write a row: that of the book for its place, and ReadStaff where the book holds personal columns. A firm that a row names
// writes nothing, but who serves for a unit or team writes what it offers. Returns Forbidden, NotFound outside the scope.
func (b *Books) mayWrite(ctx context.Context, by policy.Actor, book *Book, e *Entry) error {
	const op = "registry.mayWrite"
	_, write := book.Actions()
	if book.Rights == AreaSupply {
		var own []string
		if by, own = b.givers(by); len(own) > 0 {
			if giver := e.Values[giverField]; giver == "" || slices.Contains(own, giver) {
				return nil
			}
			if len(by.Appointments) == 0 {
				return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "只能登记和修改自己单位、队伍的供给", Rule: "谁提供，谁登记；社区登记全部"}
			}
		}
	}
	actions := []policy.Action{write}
	if slices.ContainsFunc(book.Fields, BookField.Hidden) {
		actions = append(actions, policy.ReadStaff)
	}
	for _, action := range actions {
		if err := b.guard.Require(by, action); err != nil {
			return err
		}
		scope, err := b.guard.Scope(ctx, by, action)
		if err != nil {
			return err
		}
		if err := scope.Require(op, e.placeKeys(), b.Today()); err != nil {
			return err
		}
	}
	return nil
}

// placeKeys are the keys of the row's place, without those of firms.
func (e *Entry) placeKeys() []string {
	if e.Community == "" {
		return nil
	}
	return []string{policy.CommunityKey(e.Community), policy.TownshipKey(e.Township)}
}

// book finds a book. Returns NotFound.
func (b *Books) book(id string) (*Book, error) {
	book, ok := b.set.Find(id)
	if !ok {
		return nil, fault.New("registry.book", fault.NotFound, "没有找到要看的内容")
	}
	return book, nil
}

// CreateEntry adds a row and returns its id. values are texts as typed, by the code of the column. Returns Forbidden, NotFound for a book that is not there or a place
// outside the scope, Invalid for refused fields, Conflict for a row of that name.
func (b *Books) CreateEntry(ctx context.Context, by policy.Actor, bookID, community string, values map[string]string) (string, error) {
	const op = "registry.CreateEntry"
	book, err := b.book(bookID)
	if err != nil {
		return "", err
	}
	_, write := book.Actions()
	if err := b.guard.Require(by, write); err != nil {
		return "", err
	}
	var bad faults
	e, err := b.place(ctx, book, community, &bad)
	if err != nil {
		return "", err
	}
	if err := bad.err(op); err != nil {
		return "", err
	}
	if err := b.mayWrite(ctx, by, book, &e); err != nil {
		return "", err
	}
	next, err := b.fill(ctx, &bookReader{books: b}, book, e, values, &bad)
	if err != nil {
		return "", err
	}
	if err := bad.err(op); err != nil {
		return "", err
	}
	if err := b.mayWrite(ctx, by, book, &next); err != nil {
		return "", err
	}
	meta := b.meta(by, write, "")
	id := b.db.NewID(meta)
	return id, b.putEntry(ctx, meta, book, store.Doc[Entry]{ID: id}, next)
}

// putEntry stores a checked row after its present state, the zero value for a new one, and moves the claim on its key. Returns Conflict for a key that another row holds.
func (b *Books) putEntry(ctx context.Context, meta store.Meta, book *Book, now store.Doc[Entry], next Entry) error {
	old, key := "", book.keyOf(&next)
	if now.Seq > 0 {
		old = book.keyOf(&now.State)
	}
	if key != old {
		err := b.db.Claim(ctx, meta, entryClaim, key, entryKind+"/"+now.ID)
		if fault.Is(err, fault.Conflict) {
			names, nameErr := b.entryNames(ctx, book, []*Entry{&next})
			if nameErr != nil {
				return nameErr
			}
			return fault.Wrap("registry.putEntry", fault.Conflict, book.Title+"里已有“"+book.nameOf(&next, names)+"”；如果已撤下，请在“已撤下”里恢复", err)
		}
		if err != nil {
			return err
		}
	}
	next.Era = now.State.Era.After(now.Purged)
	if _, err := b.entries.Commit(ctx, meta, now.ID, now.Seq, next); err != nil {
		return err
	}
	if key != old && old != "" {
		return b.db.Release(ctx, meta, entryClaim, old, entryKind+"/"+now.ID)
	}
	return nil
}

// changeEntry loads a row that the actor may write, changes it and stores it after seq. Returns Forbidden, NotFound, Conflict if seq is not the last change, and what change returns.
func (b *Books) changeEntry(ctx context.Context, by policy.Actor, id string, seq int64, why string, change func(book *Book, e Entry) (Entry, error)) error {
	const op = "registry.changeEntry"
	d, err := b.entries.Load(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(op, fault.NotFound, "没有找到要看的内容", err)
	}
	if err != nil {
		return err
	}
	book, err := b.book(d.State.Book)
	if err != nil {
		return err
	}
	// Who may not see the row learns nothing of it, not even by what right he may not write it.
	if r, err := b.reachOf(ctx, by, book); err != nil {
		return err
	} else if !r.covers(&d.State) {
		return fault.New(op, fault.NotFound, "没有找到要看的内容")
	}
	if err := b.mayWrite(ctx, by, book, &d.State); err != nil {
		return err
	}
	if d.Seq != seq {
		return overtaken(op)
	}
	next, err := change(book, d.State)
	if err == nil {
		err = b.mayWrite(ctx, by, book, &next)
	}
	if err != nil {
		return err
	}
	_, write := book.Actions()
	return b.putEntry(ctx, b.meta(by, write, why), book, d, next)
}

// ChangeEntry corrects a row. Errors as those of CreateEntry, and Conflict for a row that was withdrawn or if seq is not the last change.
func (b *Books) ChangeEntry(ctx context.Context, by policy.Actor, id string, seq int64, values map[string]string) error {
	const op = "registry.ChangeEntry"
	return b.changeEntry(ctx, by, id, seq, "", func(book *Book, e Entry) (Entry, error) {
		if e.Withdrawn {
			return e, fault.New(op, fault.Conflict, "这一条已经撤下，请先恢复再改")
		}
		var bad faults
		next, err := b.fill(ctx, &bookReader{books: b}, book, e, values, &bad)
		if err != nil {
			return e, err
		}
		return next, bad.err(op)
	})
}

// WithdrawEntry takes a row out of the book, or with back brings it back, with a reason for the log. Returns Forbidden, NotFound, Invalid for the reason (field reason),
// Conflict if it is so already or seq is not the last change.
func (b *Books) WithdrawEntry(ctx context.Context, by policy.Actor, id string, seq int64, why string, back bool) error {
	const op = "registry.WithdrawEntry"
	var bad faults
	why = reason(&bad, why)
	return b.changeEntry(ctx, by, id, seq, why, func(_ *Book, e Entry) (Entry, error) {
		if e.Withdrawn != back {
			return e, overtaken(op)
		}
		e.Withdrawn = !back
		return e, bad.err(op)
	})
}

// AttachFile adds a paper to a row. Returns as ChangeEntry, Invalid (field file) for a book without papers or too many, and the errors of files.Keeper.Keep.
func (b *Books) AttachFile(ctx context.Context, by policy.Actor, id string, seq int64, upload *files.Upload) error {
	const op = "registry.AttachFile"
	return b.changeEntry(ctx, by, id, seq, "", func(book *Book, e Entry) (Entry, error) {
		if !book.Files || len(e.Files) >= maxEntryFiles {
			return e, fault.InvalidFields(op, fault.Field{Name: "file", Message: "这里最多 5 个文件，请先撤下旧的"})
		}
		_, write := book.Actions()
		stored, err := b.keeper.Keep(ctx, b.meta(by, write, ""), upload)
		e.Files = append(slices.Clone(e.Files), stored)
		return e, err
	})
}

// DetachFile takes the nth paper off a row, from 0. Returns as ChangeEntry, NotFound for a paper that is not there.
func (b *Books) DetachFile(ctx context.Context, by policy.Actor, id string, seq int64, n int) error {
	return b.changeEntry(ctx, by, id, seq, "", func(_ *Book, e Entry) (Entry, error) {
		if n < 0 || n >= len(e.Files) {
			return e, fault.New("registry.DetachFile", fault.NotFound, "没有找到要看的内容")
		}
		e.Files = slices.Delete(slices.Clone(e.Files), n, n+1)
		return e, nil
	})
}

// OpenEntryFile opens the nth paper of a row that the actor may read. Returns as OneEntry, NotFound for a paper that is not there.
func (b *Books) OpenEntryFile(ctx context.Context, by policy.Actor, bookID, id string, n int) (io.ReadSeekCloser, int64, files.Stored, error) {
	row, err := b.OneEntry(ctx, by, bookID, id)
	if err != nil {
		return nil, 0, files.Stored{}, err
	}
	if n < 0 || n >= len(row.Files) {
		return nil, 0, files.Stored{}, fault.New("registry.OpenEntryFile", fault.NotFound, "没有找到要看的内容")
	}
	r, size, err := b.keeper.Open(ctx, row.Files[n].Original)
	return r, size, row.Files[n], err
}

// endsOn is the first of the watched last days that has passed or comes within so many days; false if none does.
func (b *Book) endsOn(e *Entry, today calendar.Date, days int) (BookField, calendar.Date, bool) {
	var at BookField
	var first calendar.Date
	for _, f := range b.Fields {
		day, err := calendar.ParseDate(e.Values[f.ID])
		if f.Expires && err == nil && day.Sub(today) <= days && (first.IsZero() || day.Compare(first) < 0) {
			at, first = f, day
		}
	}
	return at, first, !first.IsZero()
}
