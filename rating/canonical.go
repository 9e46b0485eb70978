package rating

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sort"
	"strconv"

	"redsteward/internal/num"
)

// Canonical JSON: keys in ascending order, no blanks, numbers of the rating as decimal strings (n/d where no decimal ends), no floating
// point, empty values left out. It is written by hand because it is hashed: nothing but this file decides about its bytes.

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// canon appends canonical JSON.
type canon struct {
	b []byte
}

// key writes a key; the caller keeps keys in ascending order.
func (c *canon) key(k string) {
	c.comma()
	c.b = append(c.b, '"')
	c.b = append(c.b, k...)
	c.b = append(c.b, '"', ':')
}

// comma separates from what came before in the same object or list.
func (c *canon) comma() {
	if n := len(c.b); n > 0 && c.b[n-1] != '{' && c.b[n-1] != '[' && c.b[n-1] != ':' {
		c.b = append(c.b, ',')
	}
}

func (c *canon) open(b byte)  { c.b = append(c.b, b) }
func (c *canon) close(b byte) { c.b = append(c.b, b) }

const hexDigits = "0123456789abcdef"

// shortEscapes are the control characters that JSON has a short form for.
var shortEscapes = map[byte]byte{'\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't'}

// string writes a text with the fewest escapes, exactly as journal.Canonical does: a stored result must come back to the byte.
func (c *canon) string(s string) {
	c.b = append(c.b, '"')
	from := 0
	for i := range len(s) {
		b := s[i]
		if b >= 0x20 && b != '"' && b != '\\' {
			continue
		}
		c.b = append(c.b, s[from:i]...)
		from = i + 1
		if short, ok := shortEscapes[b]; ok {
			c.b = append(c.b, '\\', short)
		} else if b < 0x20 {
			c.b = append(c.b, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
		} else {
			c.b = append(c.b, '\\', b)
		}
	}
	c.b = append(c.b, s[from:]...)
	c.b = append(c.b, '"')
}

func (c *canon) num(x num.Num) {
	c.b = append(c.b, '"')
	c.b = x.Append(c.b)
	c.b = append(c.b, '"')
}

func (c *canon) text(k, s string) {
	if s != "" {
		c.key(k)
		c.string(s)
	}
}

func (c *canon) number(k string, x num.Num) {
	c.key(k)
	c.num(x)
}

func (c *canon) date(k string, d Date) {
	if d != 0 {
		c.text(k, d.String())
	}
}

func (c *canon) int(k string, i int) {
	c.key(k)
	c.b = strconv.AppendInt(c.b, int64(i), 10)
}

func (c *canon) flag(k string, yes bool) {
	if yes {
		c.key(k)
		c.b = append(c.b, "true"...)
	}
}

// list writes a list of n entries under a key, or nothing if it is empty.
func (c *canon) list(k string, n int, entry func(i int)) {
	if n == 0 {
		return
	}
	c.key(k)
	c.open('[')
	for i := range n {
		c.comma()
		entry(i)
	}
	c.close(']')
}

func (c *canon) texts(k string, list []string) {
	c.list(k, len(list), func(i int) { c.string(list[i]) })
}

// object writes an object as a list entry or a value.
func (c *canon) object(write func()) {
	c.open('{')
	write()
	c.close('}')
}

// stateWords are the words of State; present is not written.
var stateWords = map[State]string{Missing: "missing", NotApplicable: "na"}

// Canonical returns the canonical JSON of the frozen facts: those that are present or known not to apply, by id.
func (sub *Subject) Canonical() []byte {
	facts, p := sub.scheme.Facts, sub.scheme.program
	c := &canon{b: make([]byte, 0, 256+96*len(sub.Values))}
	c.object(func() {
		c.date("as_of", sub.AsOf)
		c.key("facts")
		c.object(func() {
			for _, i := range p.factOrder {
				if sub.Values[i].State == Missing {
					continue
				}
				c.key(facts[i].ID)
				c.open('{')
				c.value(&facts[i], &sub.Values[i], p.itemIDs[i], p.itemOrder[i])
				c.close('}')
			}
		})
		c.text("period", sub.Period)
		c.text("subject", sub.ID)
	})
	return c.b
}

// Hash is the SHA-256 of the canonical form, 64 hex digits.
func (sub *Subject) Hash() string { return hashOf(sub.Canonical()) }

// value writes the members of one fact; the keys are in ascending order.
func (c *canon) value(f *Fact, v *Value, itemIDs []string, itemOrder []int) {
	c.text("by", v.By)
	if v.State == Present {
		switch f.Type {
		case TypeDate:
			c.date("day", v.Day)
		case TypeRatio:
			c.number("den", v.Den)
		case TypeEvents:
			events := v.Events
			if len(events) > 1 {
				events = slices.Clone(events)
				sort.SliceStable(events, func(i, j int) bool { return events[i].before(&events[j]) })
			}
			c.list("events", len(events), func(i int) { c.event(&events[i]) })
		case TypeChecklist, TypeSurvey:
			c.key("items")
			c.open('{')
			for _, i := range itemOrder {
				switch v.Items[i].State {
				case Present:
					c.number(itemIDs[i], v.Items[i].Number)
				case NotApplicable:
					c.text(itemIDs[i], "na")
				}
			}
			c.close('}')
		}
		switch f.Type {
		case TypeNumber, TypeCount, TypeRatio, TypeBool, TypeSurvey:
			c.number("num", v.Number)
		}
	}
	c.text("reviewed", v.Reviewed)
	c.texts("sources", sorted(v.Sources))
	c.text("state", stateWords[v.State])
	if f.Type == TypeText {
		c.text("text", v.Text)
	}
}

// sorted returns the texts in ascending order.
func sorted(texts []string) []string {
	if slices.IsSorted(texts) {
		return texts
	}
	texts = slices.Clone(texts)
	slices.Sort(texts)
	return texts
}

// sortedPlaces returns the places of the texts in ascending order of the texts.
func sortedPlaces(texts []string) []int {
	order := make([]int, len(texts))
	for i := range order {
		order[i] = i
	}
	sort.Slice(order, func(i, j int) bool { return texts[order[i]] < texts[order[j]] })
	return order
}

// itemIDs are the ids of a checklist's items or a survey's levels.
func (f *Fact) itemIDs() []string {
	ids := make([]string, 0, len(f.Items)+len(f.Levels))
	for i := range f.Items {
		ids = append(ids, f.Items[i].ID)
	}
	for i := range f.Levels {
		ids = append(ids, f.Levels[i].ID)
	}
	return ids
}

func (c *canon) event(e *Event) {
	c.object(func() {
		c.text("code", e.Code)
		c.date("date", e.Date)
		if e.Points != nil {
			c.number("points", *e.Points)
		}
		c.text("source", e.Source)
		c.date("until", e.Until)
	})
}

// before orders events, so that the order in which they were gathered does not matter.
func (a *Event) before(b *Event) bool {
	switch {
	case a.Date != b.Date:
		return a.Date < b.Date
	case a.Code != b.Code:
		return a.Code < b.Code
	case a.Until != b.Until:
		return a.Until < b.Until
	case a.Source != b.Source:
		return a.Source < b.Source
	case a.Points != nil && b.Points != nil:
		return a.Points.Less(*b.Points)
	}
	return a.Points == nil && b.Points != nil
}

// canonical writes the statistics with their groups in ascending order.
func (ch *Cohort) canonical(s *Scheme) []byte {
	c := &canon{}
	c.object(func() {
		c.text("scheme", ch.SchemeHash)
		c.list("statistics", len(ch.groups), func(i int) {
			groups := make([]string, 0, len(ch.groups[i]))
			for g := range ch.groups[i] {
				groups = append(groups, g)
			}
			slices.Sort(groups)
			c.object(func() {
				c.list("groups", len(groups), func(j int) { c.statistics(groups[j], ch.groups[i][groups[j]]) })
				c.text("indicator", s.Indicators[s.program.statistics[i].indicator].ID)
			})
		})
		c.int("subjects", ch.Subjects)
	})
	return c.b
}

func (c *canon) statistics(group string, s *Statistics) {
	c.object(func() {
		c.int("count", s.Count)
		c.number("deviation", s.Deviation)
		c.text("group", group)
		c.number("max", s.Max)
		c.number("mean", s.Mean)
		c.number("min", s.Min)
		c.number("sample_deviation", s.SampleDeviation)
		c.list("values", len(s.Values), func(i int) {
			c.open('[')
			c.num(s.Values[i].Value)
			c.comma()
			c.b = strconv.AppendInt(c.b, int64(s.Values[i].Count), 10)
			c.close(']')
		})
	})
}
