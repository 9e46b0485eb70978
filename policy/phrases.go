package policy

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"redsteward/internal/fault"
	"redsteward/internal/store"
)

// PhraseKind is the kind of field for which a phrase (常用语) is kept.
type PhraseKind string

// The kinds of phrases.
const (
	// PhraseOpinion is for opinions and conclusions, PhraseReason for reasons, PhraseFinding for what was found, done and answered.
	PhraseOpinion PhraseKind = "opinion"
	PhraseReason  PhraseKind = "reason"
	PhraseFinding PhraseKind = "finding"
)

// PhraseKinds are all kinds, as they are shown.
func PhraseKinds() []PhraseKind { return []PhraseKind{PhraseOpinion, PhraseReason, PhraseFinding} }

// Title is a kind in words.
func (k PhraseKind) Title() string {
	switch k {
	case PhraseOpinion:
		return "意见"
	case PhraseReason:
		return "理由"
	case PhraseFinding:
		return "情况"
	}
	return ""
}

const (
	phrasesKind = "phrases"
	usesKind    = "phrase-uses"
	// officeBook is the id of the phrases of the office; an account has no such id.
	officeBook      = "office"
	maxOwnPhrases   = 60
	maxBureauPhrase = 200
	maxPhraseText   = 200
	// phraseMemory is how long it is kept which phrases somebody uses, since the last of them.
	phraseMemory = 400 * 24 * time.Hour
)

// Phrase is a sentence that is put before what is typed into a field.
type Phrase struct {
	// ID is unique within its book, Kind the kind of field, Text the sentence.
	ID   int64      `json:"id"`
	Kind PhraseKind `json:"kind" privacy:"public"`
	Text string     `json:"text" privacy:"pii"`
	// Role is the office for which a phrase of the bureau is meant, "" for all.
	Role Role `json:"role,omitempty" privacy:"public"`
}

// PhraseBook are the phrases of an account, or of the bureau. What somebody writes of his work may name a person: the texts are personal data of the book.
type PhraseBook struct {
	// Phrases are in the order in which they were added, Last is the last id that was given.
	Phrases []Phrase `json:"phrases,omitempty"`
	Last    int64    `json:"last"`
}

// PhraseUses is how often somebody used each phrase. It is kept without journal: nothing depends on it but an order.
type PhraseUses struct {
	Uses []PhraseUse `json:"uses"`
}

// PhraseUse is the count of one phrase, known by the beginning of the SHA-256 of its text.
type PhraseUse struct {
	Key   string `json:"key" privacy:"internal"`
	Count int64  `json:"count"`
}

func phrasesDocument() store.Kind[PhraseBook] {
	return store.Kind[PhraseBook]{Name: phrasesKind, Version: 1, AlwaysPresent: true, Subject: func(id string, _ *PhraseBook) string {
		if id == officeBook {
			return phrasesKind + "/" + officeBook
		}
		return accountKind + "/" + id
	}}
}

// Phrases keeps the phrases of every account, which it alone sees, and those of the bureau.
type Phrases struct {
	guard *Guard
	books *store.Collection[PhraseBook]
	uses  *store.EphemeralCollection[PhraseUses]
	now   func() time.Time
}

// NewPhrases opens the phrases on a store.
func NewPhrases(ctx context.Context, db *store.DB, guard *Guard) (*Phrases, error) {
	p := &Phrases{guard: guard, now: db.Now}
	var err error
	if p.books, err = store.NewCollection(ctx, db, phrasesDocument()); err != nil {
		return nil, err
	}
	p.uses, err = store.NewEphemeral[PhraseUses](db, usesKind)
	return p, err
}

// Own are the phrases of the actor, Bureau all those of the bureau for who keeps them, and for everybody else those meant for one of his offices. Return Forbidden to who is not signed in.
func (p *Phrases) Own(ctx context.Context, by Actor) ([]Phrase, error) {
	d, err := p.load(ctx, by, ReadOwnAccount, by.ID)
	return d.State.Phrases, err
}

// Bureau see Own.
func (p *Phrases) Bureau(ctx context.Context, by Actor) ([]Phrase, error) {
	d, err := p.load(ctx, by, ReadOwnAccount, officeBook)
	if err != nil || p.guard.Allow(by, KeepPhrases) {
		return d.State.Phrases, err
	}
	return meantFor(d.State.Phrases, by), nil
}

// meantFor leaves the phrases that are meant for one of the offices of an actor.
func meantFor(list []Phrase, by Actor) []Phrase {
	return slices.DeleteFunc(slices.Clone(list), func(f Phrase) bool {
		return f.Role != "" && !slices.ContainsFunc(by.Appointments, func(a Appointment) bool { return a.Role == f.Role })
	})
}

// Offered are the texts that an actor is offered, by kind: what he used most comes first, then his own, then those of the bureau, each once. Returns Forbidden to who is not signed in.
func (p *Phrases) Offered(ctx context.Context, by Actor) (map[PhraseKind][]string, error) {
	own, err := p.Own(ctx, by)
	if err != nil {
		return nil, err
	}
	d, err := p.load(ctx, by, ReadOwnAccount, officeBook)
	if err != nil {
		return nil, err
	}
	all := slices.Concat(own, meantFor(d.State.Phrases, by))
	if len(all) == 0 {
		return nil, nil
	}
	uses, err := p.usesOf(ctx, by)
	if err != nil {
		return nil, err
	}
	count := map[string]int64{}
	for _, u := range uses.State.Uses {
		count[u.Key] = u.Count
	}
	slices.SortStableFunc(all, func(a, b Phrase) int { return cmp.Compare(count[phraseKey(b.Text)], count[phraseKey(a.Text)]) })
	out := map[PhraseKind][]string{}
	for _, f := range all {
		if !slices.Contains(out[f.Kind], f.Text) {
			out[f.Kind] = append(out[f.Kind], f.Text)
		}
	}
	return out, nil
}

func phraseKey(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}

func (p *Phrases) usesOf(ctx context.Context, by Actor) (store.Temp[PhraseUses], error) {
	uses, err := p.uses.Get(ctx, by.ID)
	if fault.Is(err, fault.NotFound) {
		return store.Temp[PhraseUses]{}, nil
	}
	return uses, err
}

// Used counts texts that an actor chose, if they are phrases that he is offered. Of two counts at once the second may be lost.
func (p *Phrases) Used(ctx context.Context, by Actor, texts []string) error {
	offered, err := p.Offered(ctx, by)
	if err != nil {
		return err
	}
	uses, err := p.usesOf(ctx, by)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, list := range offered {
		for _, text := range list {
			known[phraseKey(text)] = true
		}
	}
	state := PhraseUses{Uses: slices.DeleteFunc(uses.State.Uses, func(u PhraseUse) bool { return !known[u.Key] })}
	counted := false
	for _, text := range texts {
		key := phraseKey(text)
		if !known[key] {
			continue
		}
		counted = true
		if i := slices.IndexFunc(state.Uses, func(u PhraseUse) bool { return u.Key == key }); i >= 0 {
			state.Uses[i].Count++
		} else {
			state.Uses = append(state.Uses, PhraseUse{key, 1})
		}
	}
	if !counted {
		return nil
	}
	_, err = p.uses.Swap(ctx, by.ID, uses.Rev, state, p.now().Add(phraseMemory))
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

func (p *Phrases) load(ctx context.Context, by Actor, action Action, id string) (store.Doc[PhraseBook], error) {
	if err := p.guard.Require(by, action); err != nil {
		return store.Doc[PhraseBook]{}, err
	}
	d, err := p.books.Load(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return store.Doc[PhraseBook]{ID: id}, nil
	}
	return d, err
}

// Put adds a phrase, or with the id of one that is there changes it; bureau: it is one of the bureau's. Returns Forbidden to who may not, Invalid (kind, text, role), NotFound for an id that is not there, Conflict if somebody was quicker.
func (p *Phrases) Put(ctx context.Context, by Actor, bureau bool, in Phrase) error {
	return p.change(ctx, by, bureau, func(book *PhraseBook) error {
		if bad := p.check(book, bureau, &in); len(bad) > 0 {
			return fault.InvalidFields("policy.Phrases", bad...)
		}
		if in.ID == 0 {
			book.Last++
			in.ID = book.Last
			book.Phrases = append(book.Phrases, in)
			return nil
		}
		at, err := book.find(in.ID)
		if err == nil {
			book.Phrases[at] = in
		}
		return err
	})
}

// check brings the text of a phrase into its form and says what is wrong with it in a book (kind, text, role).
func (p *Phrases) check(book *PhraseBook, bureau bool, in *Phrase) []fault.Field {
	in.Text = strings.Join(strings.Fields(in.Text), " ")
	var bad []fault.Field
	if in.Kind.Title() == "" {
		bad = append(bad, fault.Field{Name: "kind", Message: "请选择用在哪种栏目"})
	}
	if n := utf8.RuneCountInString(in.Text); n == 0 || n > maxPhraseText {
		bad = append(bad, fault.Field{Name: "text", Message: fmt.Sprintf("常用语要有 1 至 %d 个字，现在有 %d 个", maxPhraseText, n)})
	}
	if _, known := p.guard.Rules().Role(in.Role); in.Role != "" && (!known || !bureau) {
		bad = append(bad, fault.Field{Name: "role", Message: "没有这个岗位"})
	}
	if slices.ContainsFunc(book.Phrases, func(f Phrase) bool {
		return f.ID != in.ID && f.Kind == in.Kind && f.Role == in.Role && f.Text == in.Text
	}) {
		bad = append(bad, fault.Field{Name: "text", Message: "已经有一样的一条"})
	}
	most := maxOwnPhrases
	if bureau {
		most = maxBureauPhrase
	}
	if in.ID == 0 && len(book.Phrases) >= most {
		bad = append(bad, fault.Field{Name: "text", Message: fmt.Sprintf("最多保存 %d 条，请先删去不用的", most)})
	}
	return bad
}

// Add adds the phrases of a table, all or none; those that the book has already are left out. Returns how many were added; Forbidden to who may not, Invalid with a field “row<n>” (n from 0) for each that is refused, and for a table of which the book has all, Conflict if somebody was quicker.
func (p *Phrases) Add(ctx context.Context, by Actor, bureau bool, list []Phrase) (added int, err error) {
	err = p.change(ctx, by, bureau, func(book *PhraseBook) error {
		var bad []fault.Field
		for i, in := range list {
			in.ID, in.Text = 0, strings.Join(strings.Fields(in.Text), " ")
			if slices.ContainsFunc(book.Phrases, func(f Phrase) bool { return f.Kind == in.Kind && f.Role == in.Role && f.Text == in.Text }) {
				continue
			}
			if wrong := p.check(book, bureau, &in); len(wrong) > 0 {
				bad = append(bad, fault.Field{Name: "row" + strconv.Itoa(i), Message: wrong[0].Message})
				continue
			}
			book.Last++
			in.ID = book.Last
			book.Phrases = append(book.Phrases, in)
			added++
		}
		if len(bad) == 0 && added == 0 {
			bad = append(bad, fault.Field{Name: "file", Message: "表里没有新的常用语"})
		}
		if len(bad) > 0 {
			return fault.InvalidFields("policy.Phrases", bad...)
		}
		return nil
	})
	return added, err
}

// Remove takes a phrase away. Errors as those of Put.
func (p *Phrases) Remove(ctx context.Context, by Actor, bureau bool, id int64) error {
	return p.change(ctx, by, bureau, func(book *PhraseBook) error {
		at, err := book.find(id)
		if err == nil {
			book.Phrases = slices.Delete(book.Phrases, at, at+1)
		}
		return err
	})
}

func (p *Phrases) change(ctx context.Context, by Actor, bureau bool, f func(*PhraseBook) error) error {
	id, action := by.ID, UpdateOwnAccount
	if bureau {
		id, action = officeBook, KeepPhrases
	}
	d, err := p.load(ctx, by, action, id)
	if err != nil {
		return err
	}
	if err := f(&d.State); err != nil {
		return err
	}
	_, err = p.books.Commit(ctx, store.Meta{By: by.ID, Action: string(action)}, id, d.Seq, d.State)
	return err
}

func (b *PhraseBook) find(id int64) (int, error) {
	at := slices.IndexFunc(b.Phrases, func(f Phrase) bool { return f.ID == id })
	if at < 0 {
		return 0, fault.New("policy.Phrases", fault.NotFound, "没有找到这条常用语")
	}
	return at, nil
}
