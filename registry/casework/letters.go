package casework

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// NumberClaim is the claim under which a document number (文号) belongs to one paper of the bureau, whatever it is about.
const NumberClaim = "number"

// oldClaims are those under which kinds of cases kept numbers of their own, as they were typed, before there was one claim for all: what is held there is held.
var oldClaims = []string{"rectification-number", "inspection-notice", "veto-number", "star-decision-number"}

const (
	letterKind = "letter"
	// lettersRule names the rule that enters what a case sent out and what was not entered with it.
	lettersRule = "letters"
	byYear      = "year"
	byNumber    = "number"
	byTarget    = "target"
	// slotJoint marks minutes that several cases have together.
	slotJoint = "joint"
	// The bounds of texts in characters, and of how often a paper is sent.
	maxNumber   = 40
	maxTitle    = 60
	maxTo       = 200
	maxSendings = 50
)

// Outgoing is a paper that a case sends out, as the case tells.
type Outgoing struct {
	// Slot is its place among the papers of its case, one valid part; Title what it is called, To whom it goes, Way how.
	Slot, Title, To, Way string
	// Paper is number, day and receipt.
	Paper Paper
	// Joint: it is the minutes of a joint review, which several cases have together; number and day say which.
	Joint bool
	// For is its code as in SeriesRow.Papers if its number is given in the register, at any time later; "" if only what bears it gives one.
	For string
}

// Borne is what bears numbers: its name, whose it is, and its papers.
type Borne struct {
	Name, Project string
	// Keys are the scope keys, Day the day by which they were stamped.
	Keys   []string
	Day    calendar.Date
	Papers []Outgoing
}

// WaySystem is the way of what its addressees find in the system, WayNotice that of what is published.
const (
	WaySystem = "系统内送达"
	WayNotice = "公告送达"
)

// named is how many addressees of one paper are named.
const named = 6

// Addressees are several addressees in words: some by their names, and how many there are.
func Addressees(names []string) string {
	if len(names) <= named {
		return strings.Join(names, "、")
	}
	return strings.Join(names[:named], "、") + "等 " + strconv.Itoa(len(names)) + " 个单位"
}

// Within are the scope keys of a part of the county, nil for what is the whole county's.
func Within(keys []string) []string {
	if slices.Contains(keys, policy.County) {
		return nil
	}
	return keys
}

// ofMatter is the kind of matters.
const ofMatter = "matter"

// ownKinds are the kinds of which an office of a part of the county sees what it sent itself.
var ownKinds = []string{"collection-task", "notice", "return"}

// Sending is one time that a paper was sent.
type Sending struct {
	// To is whom it went to, Way how: one of Ways or what the case says.
	To  string `json:"to,omitempty" privacy:"internal"`
	Way string `json:"way,omitempty" privacy:"internal"`
	// Day is when, Receipt the scan of the receipt (送达回证), nil without one.
	Day     calendar.Date `json:"day"`
	Receipt *files.Stored `json:"receipt,omitempty"`
	By      string        `json:"by,omitempty" privacy:"internal"`
}

// Lacks reports whether a receipt is missing; what is found in the system or published has none.
func (s Sending) Lacks() bool { return s.Receipt == nil && s.Way != WaySystem && s.Way != WayNotice }

// Letter is a line of the register of what goes out (发文登记): a paper with its number, and to whom it was sent.
type Letter struct {
	// Number is the document number, "" without one; Word, Year and Nth are its parts if it has the form of a series.
	Number string `json:"number,omitempty" privacy:"public"`
	Word   string `json:"word,omitempty" privacy:"public"`
	Year   int64  `json:"year,omitempty"`
	Nth    int64  `json:"nth,omitempty"`
	// Title is what the paper is called, About whom or what it is about; Project is an id, "" for none.
	Title   string `json:"title" privacy:"internal"`
	About   string `json:"about,omitempty" privacy:"internal"`
	Project string `json:"project,omitempty" privacy:"internal"`
	// Target is "<kind>/<id>" of the case that it belongs to, "" for none; Slot its place there, "" for a paper that was entered by hand.
	Target string `json:"target,omitempty" privacy:"internal"`
	Slot   string `json:"slot,omitempty" privacy:"internal"`
	// For is the paper of its case for which the number was taken in the register, beforehand or later, a code as in SeriesRow.Papers; "" for any from the series.
	For string `json:"for,omitempty" privacy:"internal"`
	// Keys are the scope keys, Stamp the day of them; none for what concerns the whole county.
	Keys  []string      `json:"keys,omitempty" privacy:"internal"`
	Stamp calendar.Date `json:"stamp,omitzero"`
	// Day is the day of the paper, or on which its number was taken.
	Day calendar.Date `json:"day"`
	// Sent are the times it was sent; the first Own of them are told by its case.
	Sent []Sending `json:"sent,omitempty"`
	Own  int64     `json:"own,omitempty"`
	// Void is why its number is given up, "" if it is not.
	Void string `json:"void,omitempty" privacy:"internal"`
	By   string `json:"by,omitempty" privacy:"internal"`
}

// The words for how a letter stands.
const (
	LetterHeld = "已取号，没有发出"
	LetterSent = "已发出"
	LetterVoid = "作废"
)

// State says how it stands.
func (l *Letter) State() string {
	switch {
	case l.Void != "":
		return LetterVoid
	case len(l.Sent) > 0 || l.Slot != "":
		return LetterSent
	}
	return LetterHeld
}

// Last is the day on which something was done with it last.
func (l *Letter) Last() calendar.Date {
	last := l.Day
	for _, s := range l.Sent {
		if s.Day.Compare(last) > 0 {
			last = s.Day
		}
	}
	return last
}

// Ways lists how a paper is sent.
func Ways() []registry.Choice {
	return []registry.Choice{{ID: "hand", Text: "直接送达"}, {ID: "post", Text: "邮寄送达"}, {ID: "notice", Text: WayNotice}, {ID: "system", Text: WaySystem}, {ID: "electronic", Text: "电子送达"}}
}

// LettersConfig is what the register of what goes out needs.
type LettersConfig struct {
	DB    *store.DB
	Guard *policy.Guard
	// Keeper takes receipts in, Now is the business clock.
	Keeper *files.Keeper
	Now    func() time.Time
	// Series are the series of numbers; nil for none.
	Series *Series
}

// Letters is the register of what goes out: the one place for the document numbers of the bureau, and for what was sent to whom. Every call names the actor; a refused call writes nothing. It is safe for concurrent use.
//
//  1. A number belongs to one paper; minutes of a joint review are one paper, however many cases it heard.
//  2. What a case sends is entered from what the case says, with its step; a rule completes what a stop left out, and enters what is older than the register.
//  3. What went out without a number gets one later, from the office or from a series, once (LetterNumber).
//  4. What is approved and not sent yet waits at the office (局办公室) for number and seal; a paper is sealed once under its number, and only while it waits.
//  5. A number that was taken without a case can be given to one; one that was taken for a case is that case's only; what was given up (作废) is never given again.
type Letters struct {
	*Rows[Letter]
	LettersConfig
	bearers  map[string]func(ctx context.Context, id string) (Borne, error)
	awaiting map[string]awaiter
	sealed   *Rows[Seal]
}

// NewLetters opens the register on a store.
func NewLetters(ctx context.Context, c LettersConfig) (*Letters, error) {
	rows, err := NewRows(ctx, c.DB, c.Guard, Kind[Letter]{Word: "这份发文", Read: policy.ReadSent,
		Row: func(l *Letter) Row { return Row{Keys: l.Keys, Day: l.Stamp, State: l.State()} },
		Kind: store.Kind[Letter]{Name: letterKind, Version: 1, Indexes: []store.Index[Letter]{
			{Name: ByScope, Keys: func(_ string, l *Letter) []string { return append([]string{policy.County}, l.Keys...) }, Sort: func(_ string, l *Letter) string { return l.Last().String() }},
			{Name: byYear, Keys: func(_ string, l *Letter) []string {
				if l.Word == "" {
					return nil
				}
				year := strconv.FormatInt(l.Year, 10)
				return []string{year, year + "/" + l.Word, "on/" + l.Word}
			}, Sort: func(_ string, l *Letter) string { return l.Word + "/" + store.SortInt(l.Nth) }},
			{Name: byNumber, Keys: func(_ string, l *Letter) []string {
				if l.Number == "" {
					return nil
				}
				return []string{numberKey(l.Number)}
			}},
			{Name: byTarget, Keys: func(_ string, l *Letter) []string {
				if l.Target == "" {
					return nil
				}
				return []string{l.Target}
			}, Sort: func(_ string, l *Letter) string { return l.Day.String() }},
		}}})
	if err != nil {
		return nil, err
	}
	// Who sees a part of the county only, such as a township, sees its own papers: what the bureau sends in its cases is read with the rights of the cases. That a matter came from another platform tells who reported it.
	rows.Shows = func(ctx context.Context, by policy.Actor) (func(*Letter) bool, error) {
		scope, err := c.Guard.Scope(ctx, by, policy.ReadSent)
		reporters := c.Guard.Allow(by, policy.ReadReporter) || c.Guard.Allow(by, policy.ImportMatter)
		return func(l *Letter) bool {
			kind, _, _ := strings.Cut(l.Target, "/")
			if kind == ofMatter && !reporters {
				return false
			}
			return scope.All() || kind == "" || slices.Contains(ownKinds, kind)
		}, err
	}
	sealed, err := newSeals(ctx, c)
	return &Letters{Rows: rows, LettersConfig: c, bearers: map[string]func(context.Context, string) (Borne, error){}, awaiting: map[string]awaiter{}, sealed: sealed}, err
}

// numberKey is what a number is claimed as: its one form, or what was typed without blanks if it has none.
func numberKey(number string) string {
	key, _ := DocumentNumber(number)
	return key
}

// Kinds are the kinds that send papers out, sorted.
func (r *Letters) Kinds() []string { return slices.Sorted(maps.Keys(r.bearers)) }

// Bear tells the register how the documents of a kind say which papers they send out. Services do so while the program starts.
func (r *Letters) Bear(kind string, of func(ctx context.Context, id string) (Borne, error)) {
	r.bearers[kind] = of
}

// Watch registers the rule that completes the register, after every kind has said what it sends. Returns Invalid after the rules have begun.
func (r *Letters) Watch() error {
	return r.DB.Register(store.Rule{Name: lettersRule, Title: "文书发出以后登记到发文登记簿", Kinds: r.Kinds(), Apply: func(ctx context.Context, e store.Event) error {
		of, err := r.bearers[e.Kind](ctx, e.ID)
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return r.Enter(ctx, store.Meta{By: e.Meta.By, Action: e.Meta.Action, Why: "补登发文"}, e.Kind, e.ID, of)
	}})
}

// Enter enters the papers that something bears, once each, and makes their numbers its own unless another paper was quicker. It changes nothing of what is entered already. It asks for no right: whoever took the step had it.
func (r *Letters) Enter(ctx context.Context, meta store.Meta, kind, id string, of Borne) error {
	meta.Idem = nil
	for _, p := range of.Papers {
		if err := r.enter(ctx, meta, kind+"/"+id, of, p); err != nil {
			return err
		}
	}
	return nil
}

// enter enters one paper.
func (r *Letters) enter(ctx context.Context, meta store.Meta, target string, of Borne, p Outgoing) error {
	l := Letter{Number: p.Paper.Number, Title: p.Title, About: of.Name, Project: of.Project, Target: target, Slot: p.Slot, For: p.For, Keys: of.Keys, Stamp: of.Day, Day: p.Paper.Day, By: p.Paper.By}
	if p.To != "" || p.Way != "" {
		l.Sent, l.Own = []Sending{{To: p.To, Way: p.Way, Day: p.Paper.Day, Receipt: p.Paper.File, By: p.Paper.By}}, 1
	}
	name := target + "/" + p.Slot
	if p.Joint {
		name = "joint/" + numberKey(l.Number) + "/" + l.Day.String()
		l.About, l.Project, l.Target, l.Slot, l.Keys, l.Stamp = "", "", "", slotJoint, nil, calendar.Date{}
	}
	l.numbered()
	id := r.DB.MAC(letterKind, name)[:32]
	now, err := r.Docs.Head(ctx, id)
	switch {
	case err != nil && !fault.Is(err, fault.NotFound):
		return err
	case err == nil && p.Joint:
		return nil
	case err == nil && !now.Deleted:
		if sent := now.State.Sent; int64(len(sent)) > now.State.Own {
			l.Sent = append(slices.Clone(l.Sent), sent[now.State.Own:]...)
		}
		l.Void = now.State.Void
		if p.For != "" && l.Number == "" { // given here meanwhile
			l.Number = now.State.Number
			l.numbered()
		}
		if reflect.DeepEqual(l, now.State) {
			return nil
		}
	}
	if l.Number != "" && !p.Joint {
		if err := r.DB.Claim(ctx, meta, NumberClaim, numberKey(l.Number), target); err != nil && !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	_, err = r.Docs.Commit(ctx, meta, id, now.Seq, l)
	if fault.Is(err, fault.Conflict) { // the rule or another step entered it in this moment; the rule looks again
		return nil
	}
	return err
}

// numbered takes the number of a letter apart.
func (l *Letter) numbered() {
	l.Word, l.Year, l.Nth = "", 0, 0
	if n, ok := ReadNumber(l.Number); ok {
		l.Number, l.Word, l.Year, l.Nth = n.String(), n.Word, n.Year, n.Nth
	}
}

// Bearing says for which paper a number is asked: Target is "<kind>/<id>" of what bears it, Slot its place there, Joint and Day as in Outgoing.
type Bearing struct {
	Target, Slot string
	Joint        bool
	Day          calendar.Date
}

// holder is who has a number, "" if nobody does.
func (r *Letters) holder(ctx context.Context, number string) (string, error) {
	key := numberKey(number)
	held, err := r.DB.Claimed(ctx, NumberClaim, key)
	for i := 0; fault.Is(err, fault.NotFound) && i < len(oldClaims); i++ {
		if held, err = r.DB.Claimed(ctx, oldClaims[i], number); fault.Is(err, fault.NotFound) && key != number {
			held, err = r.DB.Claimed(ctx, oldClaims[i], key)
		}
	}
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	return held, err
}

// Taken says which paper bears a number, in words that end a sentence about it; "" if this one may have it. held is the line of the register under which the number was kept without a case, "" for none. It asks for no right.
func (r *Letters) Taken(ctx context.Context, number string, of Bearing) (words, held string, err error) {
	holder, err := r.holder(ctx, number)
	if err != nil || holder == "" {
		return "", "", err
	}
	kind, id, _ := strings.Cut(holder, "/")
	if kind == letterKind {
		return r.kept(ctx, id, of)
	}
	taken := "文号“" + number + "”已用于"
	bearer, known := r.bearers[kind]
	if !known {
		return taken + "另一份文件，请核对", "", nil
	}
	borne, err := bearer(ctx, id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return "", "", err
	}
	for _, p := range borne.Papers {
		switch {
		case p.Paper.Number == "" || numberKey(p.Paper.Number) != numberKey(number):
		case of.Joint && p.Joint && p.Paper.Day == of.Day, holder == of.Target && p.Slot == of.Slot:
			return "", "", nil
		default:
			return taken + borne.Name + "的" + p.Title + "（" + p.Paper.Day.Chinese() + "），请核对", "", nil
		}
	}
	if holder == of.Target {
		return "", "", nil
	}
	if of.Joint { // the case that had these minutes first may have others by now
		same, err := r.Docs.ListWhere(ctx, store.Query{Index: byNumber, Key: numberKey(number), Limit: 1}, func(d *store.Doc[Letter]) bool { return d.State.Slot == slotJoint && d.State.Day == of.Day })
		if err != nil || len(same.Docs) > 0 {
			return "", "", err
		}
	}
	if borne.Name == "" {
		borne.Name = "另一件"
	}
	return taken + borne.Name + "，请核对", "", nil
}

// kept says the same of a number that stands in the register without a case.
func (r *Letters) kept(ctx context.Context, id string, of Bearing) (words, held string, err error) {
	if of.Target == letterKind+"/"+id {
		return "", "", nil
	}
	doc, err := r.Docs.Load(ctx, id)
	switch {
	case fault.Is(err, fault.NotFound):
		return "这个文号刚被别人取走，请换一个", "", nil
	case err != nil:
		return "", "", err
	case doc.State.State() == LetterHeld && (doc.State.Target == "" || doc.State.Target == of.Target):
		return "", id, nil
	case doc.State.State() == LetterHeld:
		return "文号“" + doc.State.Number + "”已经为" + doc.State.About + "取走，请核对", "", nil
	}
	return "文号“" + doc.State.Number + "”已用于" + doc.State.Title + "（" + doc.State.Day.Chinese() + "，" + doc.State.State() + "），请核对", "", nil
}

// Take makes a number that of a paper. Returns Conflict, naming the paper that bears it, if another one does. Whoever asks has been asked for his right.
func (r *Letters) Take(ctx context.Context, meta store.Meta, number string, of Bearing) error {
	const op = "casework.Take"
	meta.Idem = nil
	words, held, err := r.Taken(ctx, number, of)
	if err != nil {
		return err
	}
	if words != "" {
		return fault.New(op, fault.Conflict, words)
	}
	if holder, err := r.holder(ctx, number); err != nil || of.Joint && holder != "" && held == "" {
		return err
	}
	if held != "" {
		if err := r.yield(ctx, meta, number, held); err != nil {
			return err
		}
	}
	err = r.DB.Claim(ctx, meta, NumberClaim, numberKey(number), of.Target)
	if fault.Is(err, fault.Conflict) {
		if words, _, againErr := r.Taken(ctx, number, of); againErr == nil && words != "" {
			return fault.New(op, fault.Conflict, words)
		}
	}
	return err
}

// yield gives a number that was kept without a case to the case that asks for it: its line goes, because the case has its own.
func (r *Letters) yield(ctx context.Context, meta store.Meta, number, id string) error {
	doc, err := r.Docs.Load(ctx, id)
	if err != nil {
		return err
	}
	if err := r.DB.Release(ctx, meta, NumberClaim, numberKey(number), letterKind+"/"+id); err != nil {
		return err
	}
	_, err = r.Docs.Delete(ctx, meta, id, doc.Seq)
	return err
}

// Next proposes the next free number of the series from which a paper takes its number in a year; "" if the series are silent about it. It asks for no right.
func (r *Letters) Next(ctx context.Context, code string, year int) (string, error) {
	row, known := r.Series.For(code)
	if !known {
		return "", nil
	}
	return r.nextOf(ctx, row, int64(year))
}

// Held is the number that was taken beforehand for a paper of a case and that nothing bears yet, the oldest first; "" for none. target is "<kind>/<id>", code as for Next. It asks for no right: whoever sees the case sees its papers.
func (r *Letters) Held(ctx context.Context, target, code string) (string, error) {
	row, known := r.Series.For(code)
	found, err := r.Docs.ListWhere(ctx, store.Query{Index: byTarget, Key: target, Limit: store.MaxLimit}, func(d *store.Doc[Letter]) bool {
		l := &d.State
		return l.Number != "" && l.State() == LetterHeld && (l.For == code || l.For == "" && known && l.Word == row.Word)
	})
	if err != nil || len(found.Docs) == 0 {
		return "", err
	}
	return found.Docs[0].State.Number, nil
}

// PaperOf is the line of a paper whose number is given in the register, the last one if there are several; false for none. target is "<kind>/<id>" of what sends it, code as for Next. It asks for no right: whoever sees the thing sees its papers.
func (r *Letters) PaperOf(ctx context.Context, target, code string) (store.Doc[Letter], bool, error) {
	found, err := r.Docs.ListWhere(ctx, store.Query{Index: byTarget, Key: target, Desc: true, Limit: store.MaxLimit}, func(d *store.Doc[Letter]) bool { return d.State.For == code && d.State.Void == "" })
	if err != nil || len(found.Docs) == 0 {
		return store.Doc[Letter]{}, false, err
	}
	return found.Docs[0], true, nil
}

// nextOf is the next free number of a series in a year.
func (r *Letters) nextOf(ctx context.Context, row SeriesRow, year int64) (string, error) {
	key := strconv.FormatInt(year, 10) + "/" + row.Word
	if row.On {
		key = "on/" + row.Word
	}
	page, err := r.Docs.List(ctx, store.Query{Index: byYear, Key: key, Desc: true, Limit: 1})
	if err != nil {
		return "", err
	}
	n := Number{row.Word, year, row.first(year)}
	if len(page.Docs) > 0 {
		n.Nth = max(n.Nth, page.Docs[0].State.Nth+1)
	}
	for ; ; n.Nth++ {
		switch holder, err := r.holder(ctx, n.String()); {
		case err != nil:
			return "", err
		case holder == "":
			return n.String(), nil
		}
	}
}

// FreeNumber brings a number into its one form, and fails the field “number” if another paper bears it; a number of an old form stays as it was typed. Errors of the store only.
func (d Desk) FreeNumber(ctx context.Context, f *Check, number *string, of Bearing) error {
	if one, ok := DocumentNumber(*number); ok {
		*number = one
	}
	if *number == "" {
		return nil
	}
	words, _, err := d.Letters.Taken(ctx, *number, of)
	if words != "" {
		f.Fail("number", "%s", words)
	}
	return err
}

// TakeNumber makes a number that of a paper, in the step that sends it; "" takes none. Returns as Letters.Take.
func (d Desk) TakeNumber(ctx context.Context, by policy.Actor, do interface {
	Action() policy.Action
	Title() string
}, number string, of Bearing) error {
	if number == "" {
		return nil
	}
	return d.Letters.Take(ctx, store.Meta{By: by.ID, Action: string(do.Action()), Why: do.Title()}, number, of)
}

// Sends says which papers the cases of a kind send out: they are entered in the register with the step. The service that keeps the cases says so before they are used.
func (c *Cases[T]) Sends(papers func(*T) []Outgoing) {
	borne := func(one *T) Borne {
		k := c.shared(one)
		return Borne{Name: k.Name, Project: k.Project, Keys: k.Keys, Day: k.Opened, Papers: papers(one)}
	}
	c.desk.Letters.Bear(c.kind.Name, func(ctx context.Context, id string) (Borne, error) {
		doc, err := c.Docs.Load(ctx, id)
		return borne(&doc.State), err
	})
	c.entered = func(ctx context.Context, meta store.Meta, id string, before, after *T) {
		if now := borne(after); before == nil && len(now.Papers) > 0 || before != nil && !reflect.DeepEqual(papers(before), now.Papers) {
			_ = c.desk.Letters.Enter(ctx, meta, c.kind.Name, id, now)
		}
	}
}
