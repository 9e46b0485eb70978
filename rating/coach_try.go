package rating

import (
	"strconv"
	"strings"

	"redsteward/internal/num"
)

// Try is another value of one fact of the main stage, together with what that means for the feeds: the same difference in cases, or, when the time is run again, the same rate. What a feed does not
// allow stays as it is there.
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
		moved := Value{State: Present, Text: v.Text, Number: v.Number, Den: v.Den}
		switch f.Type {
		case TypeBool, TypeText:
		case TypeRatio, TypeCount, TypeNumber:
			if now.State != Present || was.State != Present || v.State != Present || c.Replay && f.Type != TypeRatio {
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
		var sum, full num.Num
		for i := range v.Items {
			if v.Items[i].State == Present {
				sum, full = sum.Add(v.Items[i].Number), full.Add(*f.Max)
			}
		}
		return sum.Round(2, num.HalfUp).String() + " ÷ " + full.String()
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
