package rating

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/num"
)

// Triable reports whether a value of a fact can be typed: as one number or two, as a choice, or in pieces.
func (f *Fact) Triable() bool {
	switch f.Type {
	case TypeDate:
		return false
	case TypeText:
		return len(f.Values) > 0
	}
	return true
}

// PopulationPiece is the id of the piece that says how many a survey could have asked; no level has it.
const PopulationPiece = "-"

// Piece is one number of a value that consists of several: an item of a checklist, how many gave an answer of a survey or could have been asked, how many events of a code count.
type Piece struct {
	// ID is that of the item, level or code, Name is for people.
	ID, Name string
	// Number is what it is, if Known.
	Number num.Num
	Known  bool
}

// Pieces are the pieces of a value on a day, in the order of the scheme; none for a fact whose values do not consist of pieces.
func (f *Fact) Pieces(v Value, asOf Date) []Piece {
	var out []Piece
	items := func(n int, one func(i int) (id, name string)) {
		for i := range n {
			id, name := one(i)
			p := Piece{ID: id, Name: name}
			if v.State == Present && v.Items[i].State == Present {
				p.Number, p.Known = v.Items[i].Number, true
			}
			out = append(out, p)
		}
	}
	switch f.Type {
	case TypeChecklist:
		items(len(f.Items), func(i int) (string, string) { return f.Items[i].ID, f.Items[i].Name })
	case TypeSurvey:
		items(len(f.Levels), func(i int) (string, string) { return f.Levels[i].ID, f.Levels[i].Name })
		out = append(out, Piece{ID: PopulationPiece, Name: "总户数", Number: v.Number, Known: v.State == Present})
	case TypeEvents:
		for i := range f.Codes {
			out = append(out, Piece{ID: f.Codes[i].ID, Name: f.Codes[i].Name, Number: num.FromInt(int64(len(f.counting(v, i, asOf)))), Known: v.State == Present})
		}
	}
	return out
}

// counting are the places of the events of a code that count on a day, the one that ends first coming first.
func (f *Fact) counting(v Value, code int, asOf Date) []int {
	var out []int
	for i := range v.Events {
		if e := &v.Events[i]; e.Code == f.Codes[code].ID && f.Codes[code].active(e, asOf) {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int { return cmp.Compare(f.lasts(&v.Events[a]), f.lasts(&v.Events[b])) })
	return out
}

// maxTriedEvents is how many events of a code can be tried.
const maxTriedEvents = 99

// WithPieces is a value with the numbers of some pieces instead of those that it has; of the others none is known, but an item that does not apply does not apply. Events come on the day, and the ones that end first go. Without any
// number nothing is known. Returns Invalid with the piece that a number is refused of as field: more than 99 events, or a survey with more
// answers than it could have asked, or of which nobody says how many these are.
func (f *Fact) WithPieces(v Value, asOf Date, with map[string]num.Num) (Value, error) {
	refuse := func(piece, message string) (Value, error) {
		return Value{}, fault.InvalidFields("rating.WithPieces", fault.Field{Name: piece, Message: message})
	}
	if len(with) == 0 {
		return Value{}, nil
	}
	out := Value{State: Present}
	if _, told := with[PopulationPiece]; f.Type == TypeSurvey && !told {
		return refuse(PopulationPiece, "要填总户数，不然不知道答卷够不够")
	}
	drop := map[int]bool{}
	for i, p := range f.Pieces(v, asOf) {
		n, told := with[p.ID]
		switch {
		case p.ID == PopulationPiece:
			out.Number = n
		case f.Type != TypeEvents:
			item := ItemValue{}
			if told {
				item = ItemValue{State: Present, Number: n}
			} else if v.State == Present && v.Items[i].State == NotApplicable {
				item.State = NotApplicable
			}
			out.Items = append(out.Items, item)
		default:
			many, whole := n.Int64()
			if !whole || many < 0 || many > maxTriedEvents {
				return refuse(p.ID, fmt.Sprintf("要填 0 至 %d 的整数", maxTriedEvents))
			}
			now := f.counting(v, i, asOf)
			for k, at := range now {
				drop[at] = k < len(now)-int(many)
			}
			for range int(many) - len(now) {
				e := Event{Code: p.ID, Date: asOf}
				if f.Codes[i].Points == nil {
					e.Points = f.ownPoints(one)
				}
				out.Events = append(out.Events, e)
			}
		}
	}
	if answers := sumItems(out.Items); f.Type == TypeSurvey && out.Number.Less(answers) {
		return refuse(PopulationPiece, "答卷一共 "+answers.String()+" 份，多于总户数")
	}
	for i := range v.Events {
		if !drop[i] {
			out.Events = append(out.Events, v.Events[i])
		}
	}
	return out, nil
}

// sumItems adds up what is known of items.
func sumItems(items []ItemValue) (sum num.Num) {
	for i := range items {
		if items[i].State == Present {
			sum = sum.Add(items[i].Number)
		}
	}
	return sum
}

// Try is another value of one fact of the main stage, together with what that means for the feeds: the same difference in cases, or, when the time is run again, the same rate; of a checklist, a survey and events the same value, and nothing where nothing is known. What a
// feed does not allow stays as it is there.
func (c *Course) Try(fact string, v Value) []Setting {
	out := []Setting{{Fact: fact, Value: v}}
	was := c.Subject.Get(fact)
	for i := range c.Feeds {
		feed := &c.Feeds[i]
		at, ok := feed.Scheme.FactIndex(fact)
		if !ok {
			continue
		}
		f, now := &feed.Scheme.Facts[at], feed.Subject.Values[at]
		if v.State != Present {
			out = append(out, Setting{Stage: i + 1, Fact: fact})
			continue
		}
		moved := Value{State: Present, Text: v.Text, Number: v.Number, Den: v.Den}
		switch f.Type {
		case TypeBool, TypeText:
		case TypeChecklist, TypeSurvey, TypeEvents:
			moved = v
		case TypeRatio, TypeCount, TypeNumber:
			if now.State != Present || was.State != Present || c.Replay && f.Type != TypeRatio {
				continue
			}
			if c.Replay {
				rate, err := v.Number.Quo(v.Den)
				if err != nil {
					continue
				}
				moved.Number, moved.Den = rate.Mul(now.Den), now.Den
				break
			}
			moved.Number, moved.Den = now.Number.Add(v.Number).Sub(was.Number), now.Den.Add(v.Den).Sub(was.Den)
		default:
			continue
		}
		if f.refuse(moved) == "" && (f.Type != TypeRatio || !moved.Den.Less(moved.Number) || now.Den.Less(now.Number)) && moved.Number.Cmp(num.Num{}) >= 0 {
			out = append(out, Setting{Stage: i + 1, Fact: fact, Value: moved})
		}
	}
	return out
}

// TellValue says in Chinese what a value of a fact is, without its name: “312 ÷ 400 户 = 0.78”; of a checklist the sum of its items.
func (s *Scheme) TellValue(fact string, v Value) string {
	text := s.factText(&FactUse{ID: fact, Value: &v})
	at, ok := s.FactIndex(fact)
	if !ok {
		return text
	}
	f := &s.Facts[at]
	if f.Type == TypeChecklist && v.State == Present && f.Max != nil {
		var full num.Num
		for i := range v.Items {
			if v.Items[i].State == Present {
				full = full.Add(*f.Max)
			}
		}
		return sumItems(v.Items).Round(2, num.HalfUp).String() + " ÷ " + full.String()
	}
	if f.Type == TypeEvents && v.State == Present {
		return strconv.Itoa(len(v.Events)) + " 件"
	}
	text = strings.TrimPrefix(text, f.Name)
	for _, sign := range []string{" = ", "：", ": "} {
		text = strings.TrimPrefix(text, sign)
	}
	return text
}
