package casework

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// sealKind is how lines of the register of seals are stored.
const sealKind = "seal"

// maxCopies is the most copies of one paper that one line tells.
const maxCopies = 999

// Awaited is a paper that is approved and not sent yet, as its case tells: it waits for its number and for the seal.
type Awaited struct {
	// Code names the paper as SeriesRow.Papers does, Title is what it is called, To whom it goes.
	Code, Title, To string
	// Print is its name in addresses of prints, "" for one that is printed only once it has gone out.
	Print string
}

// awaiter is a kind whose papers wait.
type awaiter struct {
	each func(ctx context.Context, yield func(id string, of Borne, list []Awaited)) error
	one  func(ctx context.Context, id string) (Borne, []Awaited, error)
}

// Await tells the register which approved papers the documents of a kind have: each goes through all that may have some, one tells of one (NotFound if it is not there). Services do so while the program starts.
func (r *Letters) Await(kind string, each func(ctx context.Context, yield func(id string, of Borne, list []Awaited)) error, one func(ctx context.Context, id string) (Borne, []Awaited, error)) {
	r.awaiting[kind] = awaiter{each, one}
}

// Awaits says which papers the cases of a kind have that are approved and not sent yet. The service that keeps the cases says so before they are used.
func (c *Cases[T]) Awaits(papers func(*T) []Awaited) {
	about := func(one *T) Borne {
		k := c.shared(one)
		return Borne{Name: k.Name, Project: k.Project, Keys: k.Keys, Day: k.Opened}
	}
	c.desk.Letters.Await(c.kind.Name, func(ctx context.Context, yield func(string, Borne, []Awaited)) error {
		for after := ""; ; {
			page, err := c.Docs.List(ctx, store.Query{Index: ByWork, Key: policy.County, After: after, Limit: store.MaxLimit})
			if err != nil {
				return err
			}
			for i := range page.Docs {
				if list := papers(&page.Docs[i].State); len(list) > 0 {
					yield(page.Docs[i].ID, about(&page.Docs[i].State), list)
				}
			}
			if after = page.Next; after == "" {
				return nil
			}
		}
	}, func(ctx context.Context, id string) (Borne, []Awaited, error) {
		doc, err := c.Docs.Load(ctx, id)
		if err != nil {
			return Borne{}, nil, err
		}
		return about(&doc.State), papers(&doc.State), nil
	})
}

// Seal is a line of the register of seals (用印登记): the seal of the bureau was put under a paper.
type Seal struct {
	// Target is "<kind>/<id>" of what the paper is of, For its code as in SeriesRow.Papers; for a paper that no case sends Target is its line of the register of what goes out, For "".
	Target string `json:"target" privacy:"internal"`
	For    string `json:"for,omitempty" privacy:"internal"`
	// Number is its document number, "" for none; Title what it is called, About whom or what it is about, Project an id.
	Number  string `json:"number,omitempty" privacy:"public"`
	Title   string `json:"title" privacy:"internal"`
	About   string `json:"about,omitempty" privacy:"internal"`
	Project string `json:"project,omitempty" privacy:"internal"`
	// Keys are the scope keys, Stamp the day of them; none for what concerns the whole county.
	Keys  []string      `json:"keys,omitempty" privacy:"internal"`
	Stamp calendar.Date `json:"stamp,omitzero"`
	// Day is when it was sealed, Copies how many (1 to 999), By who entered it.
	Day    calendar.Date `json:"day"`
	Copies int64         `json:"copies"`
	By     string        `json:"by" privacy:"internal"`
	// Void is why the line does not count, "" for one that does.
	Void string `json:"void,omitempty" privacy:"internal"`
}

// The words for how a line of the register of seals stands.
const (
	SealStands = "已用印"
	SealVoid   = "作废"
)

// State says how it stands.
func (s *Seal) State() string {
	if s.Void != "" {
		return SealVoid
	}
	return SealStands
}

// newSeals opens the register of seals; who sees a letter sees that it was sealed.
func newSeals(ctx context.Context, c LettersConfig) (*Rows[Seal], error) {
	rows, err := NewRows(ctx, c.DB, c.Guard, Kind[Seal]{Word: "这条用印登记", Read: policy.ReadSent,
		Row: func(s *Seal) Row { return Row{Keys: s.Keys, Day: s.Stamp, State: s.State()} },
		Kind: store.Kind[Seal]{Name: sealKind, Version: 1, Indexes: []store.Index[Seal]{
			{Name: ByScope, Keys: func(_ string, s *Seal) []string { return append([]string{policy.County}, s.Keys...) }, Sort: func(_ string, s *Seal) string { return s.Day.String() }},
			{Name: byTarget, Keys: func(_ string, s *Seal) []string { return []string{s.Target} }, Sort: func(_ string, s *Seal) string { return s.Day.String() }},
		}}})
	if err != nil {
		return nil, err
	}
	rows.Shows = func(ctx context.Context, by policy.Actor) (func(*Seal) bool, error) {
		scope, err := c.Guard.Scope(ctx, by, policy.ReadSent)
		return func(s *Seal) bool { return scope.All() || strings.HasPrefix(s.Target, letterKind+"/") }, err
	}
	return rows, nil
}

// Waiting is a paper that waits at the office (局办公室).
type Waiting struct {
	Awaited
	// Target is "<kind>/<id>" of its case, About and Project what it is about, Opened when the case was.
	Target, About, Project string
	Opened                 calendar.Date
	// Number is the number that was taken for it, "" while it lacks one; Numbered: it takes its number from a series. Sealed is the day of the seal, none while it is not sealed.
	Number   string
	Numbered bool
	Sealed   calendar.Date

	keys []string
}

// sealID is the line of a paper: each has one, under each number that it was given.
func (r *Letters) sealID(target, code, number string) string {
	return r.DB.MAC(sealKind, target+"/"+code+"/"+numberKey(number))[:32]
}

// stands fills in number and seal of a paper.
func (r *Letters) stands(ctx context.Context, w *Waiting) (err error) {
	if w.Number, err = r.Held(ctx, w.Target, w.Code); err != nil {
		return err
	}
	_, w.Numbered = r.Series.For(w.Code)
	doc, err := r.sealed.Docs.Load(ctx, r.sealID(w.Target, w.Code, w.Number))
	switch {
	case fault.Is(err, fault.NotFound):
		return nil
	case err == nil && doc.State.Void == "":
		w.Sealed = doc.State.Day
	}
	return err
}

// waitingScope are the rows of the office. Returns Forbidden without SealPaper.
func (r *Letters) waitingScope(ctx context.Context, by policy.Actor) (policy.Scope, error) {
	return r.Scope(ctx, by, policy.SealPaper)
}

// Waiting lists the approved papers of the actor's scope that are not sent yet, what was opened first on top, of one day by name. Returns Forbidden without SealPaper.
func (r *Letters) Waiting(ctx context.Context, by policy.Actor) ([]Waiting, error) {
	scope, err := r.waitingScope(ctx, by)
	if err != nil {
		return nil, err
	}
	var out []Waiting
	for _, kind := range slices.Sorted(maps.Keys(r.awaiting)) {
		err := r.awaiting[kind].each(ctx, func(id string, of Borne, list []Awaited) {
			if scope.Covers(of.Keys, of.Day) {
				for _, a := range list {
					out = append(out, waitingOf(kind+"/"+id, of, a))
				}
			}
		})
		if err != nil {
			return nil, err
		}
	}
	for i := range out {
		if err := r.stands(ctx, &out[i]); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(out, func(a, b Waiting) int {
		return cmp.Or(a.Opened.Compare(b.Opened), cmp.Compare(a.About, b.About))
	})
	return out, nil
}

// waitingOf is a paper of a case as it waits.
func waitingOf(target string, of Borne, a Awaited) Waiting {
	return Waiting{Awaited: a, Target: target, About: of.Name, Project: of.Project, Opened: of.Day, keys: of.Keys}
}

// OneWaiting is a paper that waits at the office. Returns Forbidden without SealPaper, NotFound for a case outside the scope or without such a paper now: not approved, taken back, or sent.
func (r *Letters) OneWaiting(ctx context.Context, by policy.Actor, target, code string) (Waiting, error) {
	scope, err := r.waitingScope(ctx, by)
	if err != nil {
		return Waiting{}, err
	}
	hidden := fault.New("casework.OneWaiting", fault.NotFound, "这份文书现在不等文号和用印：还没有批准，已经撤回，或者已经发出")
	kind, id, _ := strings.Cut(target, "/")
	waits, known := r.awaiting[kind]
	if !known {
		return Waiting{}, hidden
	}
	of, list, err := waits.one(ctx, id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Waiting{}, err
	}
	at := slices.IndexFunc(list, func(a Awaited) bool { return a.Code == code })
	if err != nil || at < 0 || !scope.Covers(of.Keys, of.Day) {
		return Waiting{}, hidden
	}
	w := waitingOf(target, of, list[at])
	return w, r.stands(ctx, &w)
}

// Give gives a paper that waits its number: number is what the office has in its book, "" for the next one of the series. Returns Forbidden without SealPaper and RecordSent, Conflict for a paper that does not wait (any more), and what Record returns: Invalid
// (number) naming the paper that bears it, or for one that has a number.
func (r *Letters) Give(ctx context.Context, by policy.Actor, target, code, number string, idem *store.Idem) (store.Doc[Letter], error) {
	w, err := r.OneWaiting(ctx, by, target, code)
	if err != nil {
		return store.Doc[Letter]{}, gone(err)
	}
	in := NewLetter{Number: strings.TrimSpace(number), Title: w.Title, Case: target, For: code}
	if row, known := r.Series.For(code); known && in.Number == "" {
		in.Word = row.Word
	}
	if in.Number == "" && in.Word == "" {
		return store.Doc[Letter]{}, fault.InvalidFields("casework.Give", fault.Field{Name: "number", Message: "这份文书没有列入代字，请填写文号"})
	}
	return r.Record(ctx, by, in, idem)
}

// gone says of a paper that was there on the page and waits no longer that this is so.
func gone(err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.New("casework.gone", fault.Conflict, fault.MessageOf(err))
	}
	return err
}

// SealPaper enters that a paper which waits was sealed: day is not to come, copies "1" to "999". A paper that takes its number from a series is sealed under its number. Returns Forbidden without SealPaper, Conflict for a paper that does not wait (any
// more), lacks its number, or is sealed, Invalid for refused fields (day; number, the copies).
func (r *Letters) SealPaper(ctx context.Context, by policy.Actor, target, code string, day calendar.Date, copies string, idem *store.Idem) (store.Doc[Seal], error) {
	none := store.Doc[Seal]{}
	w, err := r.OneWaiting(ctx, by, target, code)
	if err != nil {
		return none, gone(err)
	}
	if w.Numbered && w.Number == "" {
		return none, fault.New("casework.SealPaper", fault.Conflict, "这份文书还没有文号，先编号再用印")
	}
	return r.seal(ctx, by, Seal{Target: target, For: code, Number: w.Number, Title: w.Title, About: w.About, Project: w.Project, Keys: w.keys, Stamp: w.Opened}, w.Opened, day, copies, idem)
}

// SealLetter enters the same of a paper that no case sends, by its line of the register of what goes out. Returns Forbidden without SealPaper, NotFound outside the scope, Conflict for one that was given up or is sealed, Invalid as SealPaper.
func (r *Letters) SealLetter(ctx context.Context, by policy.Actor, id string, day calendar.Date, copies string, idem *store.Idem) (store.Doc[Seal], error) {
	scope, err := r.waitingScope(ctx, by)
	if err != nil {
		return store.Doc[Seal]{}, err
	}
	doc, err := r.In(ctx, by, scope, id)
	if err != nil {
		return store.Doc[Seal]{}, err
	}
	l := &doc.State
	if why := l.sealable(); why != "" {
		return store.Doc[Seal]{}, fault.New("casework.SealLetter", fault.Conflict, why)
	}
	return r.seal(ctx, by, Seal{Target: letterKind + "/" + id, Number: l.Number, Title: l.Title, About: l.About, Keys: l.Keys, Stamp: l.Stamp}, calendar.Date{}, day, copies, idem)
}

// sealable says why a line is not sealed by itself, "" if it is: papers of cases are sealed while they wait.
func (l *Letter) sealable() string {
	switch {
	case l.Void != "":
		return "这个文号已经作废：" + l.Void
	case l.Target != "" || l.Slot != "":
		return "办件的文书在“文号与用印”里登记用印"
	}
	return ""
}

// LetterSealed is the day on which a paper that no case sends was sealed, none if it was not; may says whether the actor can enter it.
func (r *Letters) LetterSealed(ctx context.Context, by policy.Actor, id string, l *Letter) (day calendar.Date, may bool, err error) {
	doc, err := r.sealed.Docs.Load(ctx, r.sealID(letterKind+"/"+id, "", l.Number))
	switch {
	case fault.Is(err, fault.NotFound):
		err = nil
	case err != nil:
		return day, false, err
	case doc.State.Void == "":
		return doc.State.Day, false, nil
	}
	return day, l.sealable() == "" && r.Guard.Allow(by, policy.SealPaper), err
}

// seal enters a line; what was entered wrongly and taken back is entered again.
func (r *Letters) seal(ctx context.Context, by policy.Actor, s Seal, after, day calendar.Date, copies string, idem *store.Idem) (store.Doc[Seal], error) {
	none := store.Doc[Seal]{}
	meta := store.Meta{By: by.ID, Action: string(policy.SealPaper), Why: "登记用印", Idem: idem}
	if doc, done, err := r.sealed.Docs.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	f := &Check{today: calendar.DateOf(r.Now())}
	f.Past("day", "用印日期", day, after)
	n, err := strconv.ParseInt(strings.TrimSpace(copies), 10, 64)
	if err != nil || n < 1 || n > maxCopies {
		f.Fail("number", "份数请填写 1 至 %d 的整数", maxCopies)
	}
	if err := f.Err(); err != nil {
		return none, err
	}
	s.Day, s.Copies, s.By = day, n, by.ID
	id := r.sealID(s.Target, s.For, s.Number)
	now, err := r.sealed.Docs.Head(ctx, id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return none, err
	}
	if err == nil && now.State.Void == "" {
		return none, fault.New("casework.seal", fault.Conflict, "这份文书"+now.State.Day.Chinese()+"已经登记用印")
	}
	return r.sealed.Docs.Commit(ctx, meta, id, now.Seq, s)
}

// VoidSeal takes back a line that was entered wrongly. Returns Forbidden without SealPaper, NotFound outside the scope, Invalid (text) without a reason, Conflict for one that was taken back or if somebody was quicker.
func (r *Letters) VoidSeal(ctx context.Context, by policy.Actor, at At, why string) (store.Doc[Seal], error) {
	return r.sealed.Change(ctx, by, policy.SealPaper, at, "用印登记作废", func(s *Seal) error {
		if s.Void != "" {
			return fault.New("casework.VoidSeal", fault.Conflict, "这条用印登记已经作废："+s.Void)
		}
		f := &Check{}
		f.Text("text", "作废的原因", &why, 2, maxTo)
		s.Void = why
		return f.Err()
	})
}

// SealFilter narrows the register of seals; what is empty does not narrow. State is one of the words of State.
type SealFilter struct {
	Text, State string
	From, Until calendar.Date
}

// Seals returns a page of the register of seals, the latest first. Returns Forbidden without ReadSent.
func (r *Letters) Seals(ctx context.Context, by policy.Actor, w SealFilter, after string) (store.Page[Seal], error) {
	return r.sealed.Page(ctx, by, store.Query{Index: ByScope, Desc: true, After: after, Limit: PageSize}, func(s *Seal) bool {
		return Says(w.Text, s.Number, s.Title, s.About) && (w.State == "" || w.State == s.State()) && (w.From.IsZero() || s.Day.Compare(w.From) >= 0) && (w.Until.IsZero() || s.Day.Compare(w.Until) <= 0)
	})
}

// OneSeal returns a line of the register of seals. Returns Forbidden without ReadSent, NotFound outside the scope.
func (r *Letters) OneSeal(ctx context.Context, by policy.Actor, id string) (store.Doc[Seal], error) {
	return r.sealed.One(ctx, by, id)
}

// SealOf returns the line of a paper that counts, the latest of several numbers. Returns Forbidden without SealPaper, NotFound outside the scope and for a paper that was not sealed.
func (r *Letters) SealOf(ctx context.Context, by policy.Actor, target, code string) (store.Doc[Seal], error) {
	if err := r.Guard.Require(by, policy.SealPaper); err != nil {
		return store.Doc[Seal]{}, err
	}
	found, err := r.sealed.All(ctx, by, store.Query{Index: byTarget, Key: target}, func(s *Seal) bool { return s.For == code && s.Void == "" })
	if err == nil && len(found) == 0 {
		err = fault.New("casework.SealOf", fault.NotFound, "这份文书没有登记用印")
	}
	if err != nil {
		return store.Doc[Seal]{}, err
	}
	return found[len(found)-1], nil
}

// SealHistory returns the changes of a line, oldest first. Errors as OneSeal.
func (r *Letters) SealHistory(ctx context.Context, by policy.Actor, id string) ([]store.Change[Seal], error) {
	return r.sealed.History(ctx, by, id)
}
