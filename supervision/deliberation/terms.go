// Package deliberation runs how communities talk matters over (红色议事): collect the problem, word the topic, enquire, deliberate, make the result public, follow it up.
//
//  1. One table says which step is possible in which state of an item, and which right it asks for; whatever is not in it is a Conflict and writes nothing.
//  2. One matter, one decision: an item stands on the agenda of one meeting at a time, and a meeting that had its quorum decides about it once.
//  3. What article 278 of the Civil Code reserves to the owners is never agreed on here: it is settled by a vote of that project about that matter that carried, and a vote settles one item.
//  4. Words for the public are reviewed by somebody else than who wrote them, and can be taken down. No text holds a phone, an identity number or a door: whoever takes part is told by role.
//  5. A task is done when somebody else than who reported it says so; the result of all of an item goes back to the minutes of its meetings.
//  6. A row outside the actor's scope does not exist for him.
package deliberation

import (
	"fmt"
	"regexp"
	"slices"

	"redsteward/internal/yamlstrict"
	"redsteward/registry"
)

// Choice is one entry of a list of deliberation.yaml. As part of a record it keeps the words of then.
type Choice struct {
	// ID is the code, Title is Chinese.
	ID    string `yaml:"id,required" json:"id" privacy:"public"`
	Title string `yaml:"title,required" json:"title" privacy:"public"`
}

// Class says how a matter is deliberated: 大事大议、小事小议、急事快议.
type Class struct {
	// ID is the code, Title is Chinese.
	ID    string `yaml:"id,required"`
	Title string `yaml:"title,required"`
	// Within is the deadline by which it is to be heard, counted from the topic.
	Within string `yaml:"within,required"`
	// Enquiry: it is heard only after an enquiry.
	Enquiry bool `yaml:"enquiry"`
}

// Subject is what an item is about.
type Subject struct {
	// ID is the code, Title is Chinese.
	ID    string `yaml:"id,required"`
	Title string `yaml:"title,required"`
	// Reserved is the item of article 278 that reserves it to the owners, "" if none does.
	Reserved registry.Matter `yaml:"reserved"`
}

// Kind is a kind of meeting (板凳议事会, 纳凉夜话) with its quorum.
type Kind struct {
	// ID is the code, Title is Chinese.
	ID    string `yaml:"id,required"`
	Title string `yaml:"title,required"`
	// Least is how many must be there, Percent which part of those invited, 0 for any.
	Least   int64 `yaml:"least,required"`
	Percent int64 `yaml:"percent"`
	// Seats are the codes of the seats that must not be empty.
	Seats []string `yaml:"seats"`
}

// SeatKind is a role in which somebody takes part; persons are never named.
type SeatKind struct {
	// ID is the code, Title is Chinese.
	ID    string `yaml:"id,required"`
	Title string `yaml:"title,required"`
	// Firm: a registered firm sits there. Unit: a department or unit sits there and is named.
	Firm bool `yaml:"firm"`
	Unit bool `yaml:"unit"`
}

// Terms are the lists of deliberation.yaml.
type Terms struct {
	file termsFile
}

type termsFile struct {
	// AgreeOver is which percent of those present must be exceeded by those who agree.
	AgreeOver int64      `yaml:"agree_over,required"`
	Must      []Choice   `yaml:"must"`
	Never     []Choice   `yaml:"never"`
	Sources   []Choice   `yaml:"sources,required"`
	Classes   []Class    `yaml:"classes,required"`
	Subjects  []Subject  `yaml:"subjects,required"`
	Seats     []SeatKind `yaml:"seats,required"`
	Kinds     []Kind     `yaml:"kinds,required"`
}

// mustCount and neverCount are how long the two lists are once they are set.
const (
	mustCount  = 5
	neverCount = 3
)

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// ParseTerms reads a deliberation.yaml; deadline reports whether there is a deadline of an id. Returns Invalid with every mistake, named file:line:column.
func ParseTerms(file string, data []byte, deadline func(id string) bool) (*Terms, error) {
	t := &Terms{}
	doc := yamlstrict.Decode(file, data, &t.file)
	f := &t.file
	codes := func(list string, n int, id func(int) string) {
		seen := map[string]bool{}
		for i := range n {
			if seen[id(i)] || !codeForm.MatchString(id(i)) {
				doc.Add(fmt.Sprintf("%s.%d.id", list, i), fmt.Sprintf("代码“%s”重复，或者不是小写字母、数字和下划线", id(i)))
			}
			seen[id(i)] = true
		}
	}
	codes("must", len(f.Must), func(i int) string { return f.Must[i].ID })
	codes("never", len(f.Never), func(i int) string { return f.Never[i].ID })
	codes("sources", len(f.Sources), func(i int) string { return f.Sources[i].ID })
	codes("classes", len(f.Classes), func(i int) string { return f.Classes[i].ID })
	codes("subjects", len(f.Subjects), func(i int) string { return f.Subjects[i].ID })
	codes("seats", len(f.Seats), func(i int) string { return f.Seats[i].ID })
	codes("kinds", len(f.Kinds), func(i int) string { return f.Kinds[i].ID })
	if n := len(f.Must); n != 0 && n != mustCount {
		doc.Add("must", fmt.Sprintf("“五必议”没有定的留空，定了的写 %d 条，现在有 %d 条", mustCount, n))
	}
	if n := len(f.Never); n != 0 && n != neverCount {
		doc.Add("never", fmt.Sprintf("“三不议”没有定的留空，定了的写 %d 条，现在有 %d 条", neverCount, n))
	}
	if f.AgreeOver < 50 || f.AgreeOver > 99 {
		doc.Add("agree_over", fmt.Sprintf("达成一致的比例要在 50 至 99 之间，现在是 %d", f.AgreeOver))
	}
	for i, c := range f.Classes {
		if c.Within != "" && !deadline(c.Within) {
			doc.Add(fmt.Sprintf("classes.%d.within", i), "期限表里没有 "+c.Within)
		}
	}
	for i, s := range f.Subjects {
		if s.Reserved != "" && !slices.ContainsFunc(registry.Matters(), func(m registry.Choice) bool { return m.ID == string(s.Reserved) }) {
			doc.Add(fmt.Sprintf("subjects.%d.reserved", i), fmt.Sprintf("“%s”不是民法典第二百七十八条的事项，可以写 m1 至 m9", s.Reserved))
		}
	}
	for i, k := range f.Kinds {
		at := fmt.Sprintf("kinds.%d.", i)
		if k.Least < 2 || k.Least > MaxPeople {
			doc.Add(at+"least", fmt.Sprintf("到会人数要在 2 至 %d 之间，现在是 %d", MaxPeople, k.Least))
		}
		if k.Percent < 0 || k.Percent > 100 {
			doc.Add(at+"percent", fmt.Sprintf("到会比例要在 0 至 100 之间，现在是 %d", k.Percent))
		}
		for n, id := range k.Seats {
			if _, ok := t.Seat(id); !ok {
				doc.Add(fmt.Sprintf("%sseats.%d", at, n), "seats 里没有 "+id)
			}
		}
	}
	return t, doc.Err()
}

// Must and Never are the two lists (五必议、三不议); empty until they are set.
func (t *Terms) Must() []Choice { return t.file.Must }

// Never: see Must.
func (t *Terms) Never() []Choice { return t.file.Never }

// Sources, Classes, Subjects, Seats and Kinds are the other lists in the order of the file.
func (t *Terms) Sources() []Choice { return t.file.Sources }

// Classes: see Sources.
func (t *Terms) Classes() []Class { return t.file.Classes }

// Subjects: see Sources.
func (t *Terms) Subjects() []Subject { return t.file.Subjects }

// Seats: see Sources.
func (t *Terms) Seats() []SeatKind { return t.file.Seats }

// Kinds: see Sources.
func (t *Terms) Kinds() []Kind { return t.file.Kinds }

// AgreeOver is which percent of those present must be exceeded by those who agree.
func (t *Terms) AgreeOver() int64 { return t.file.AgreeOver }

// found returns the entry of a list that has an id, the zero value and false without one.
func found[T any](list []T, is func(T) bool) (one T, ok bool) {
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i], true
	}
	return one, false
}

// Seat returns a seat by its code.
func (t *Terms) Seat(id string) (SeatKind, bool) {
	return found(t.file.Seats, func(s SeatKind) bool { return s.ID == id })
}

func (t *Terms) kind(id string) (Kind, bool) {
	return found(t.file.Kinds, func(k Kind) bool { return k.ID == id })
}

func (t *Terms) class(id string) (Class, bool) {
	return found(t.file.Classes, func(c Class) bool { return c.ID == id })
}

func (t *Terms) subject(id string) (Subject, bool) {
	return found(t.file.Subjects, func(s Subject) bool { return s.ID == id })
}

func choice(list []Choice, id string) (Choice, bool) {
	return found(list, func(c Choice) bool { return c.ID == id })
}
