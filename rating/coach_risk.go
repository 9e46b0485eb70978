package rating

import (
	"cmp"
	"slices"

	"redsteward/internal/num"
)

// Risk is a fact that, worse by a little, lowers the level.
type Risk struct {
	// Fact is its id; Code is the event that would come, "" for other facts.
	Fact, Code string
	// By is how much worse: so many cases, items, answers or events more that fail. Gone: the event that counts now no longer does.
	By   int
	Gone bool
	// Result is what then comes of it.
	Result Result
}

// Expiry is something that counts now and ceases to.
type Expiry struct {
	// Fact and Code name the event, Until is the last day on which it counts.
	Fact, Code string
	Until      Date
	// Total and Level are what the course comes to without it; Level is nil if there is no grade with a level.
	Result Result
}

// maxWorse is how many cases are tried before a fact is held to be no danger.
const maxWorse = 64

// Risks are the facts nearest to lowering the level, one alone: the fewest cases first, then in the order of the scheme; of the events of a fact the nearest. Without a level there is nothing to lose.
func (c *Course) Risks() []Risk {
	s := newSearch(c, nil)
	now := s.at(nil)
	if now.Status != StatusRated || now.Level == nil {
		return nil
	}
	level := *now.Level
	var out []Risk
	for i := range c.Scheme.Facts {
		f := &c.Scheme.Facts[i]
		codes := []string{""}
		if f.Type == TypeEvents && f.Better == "lower" {
			codes = nil
			for _, code := range f.Codes {
				codes = append(codes, code.ID)
			}
		}
		nearest := Risk{}
		for _, code := range codes {
			if risk, lowers := s.risk(i, code, level); lowers && (nearest.By == 0 || risk.By < nearest.By) {
				nearest = risk
			}
		}
		if nearest.By > 0 {
			out = append(out, nearest)
		}
	}
	slices.SortStableFunc(out, func(a, b Risk) int { return cmp.Compare(a.By, b.By) })
	return out
}

// risk finds the smallest number of cases by which one fact alone lowers the level. Worse facts raise no grade, so halving finds it.
func (s *search) risk(fact int, code string, level int) (Risk, bool) {
	f := &s.c.Scheme.Facts[fact]
	lowers := func(by int) (changed, lower bool) {
		for i := range s.stages {
			st := &s.stages[i]
			copy(st.Subject.Values, s.base[i])
			at, there := st.Scheme.program.factIndex[f.ID]
			if !there {
				continue
			}
			if v, ok := st.Scheme.Facts[at].worse(st.Subject.Values[at], by, code, st.Subject.AsOf); ok {
				st.Subject.Values[at], changed = v, true
			}
		}
		if !changed {
			return false, false
		}
		r := s.c.rate(s.stages, nil)
		return true, !r.reaches(level)
	}
	most := 0 // the largest number that was tried without lowering
	found := 0
	for by := 1; by <= maxWorse; by *= 2 {
		changed, lower := lowers(by)
		for !changed && by > most+1 { // it cannot get so much worse, but perhaps by something in between
			by--
			changed, lower = lowers(by)
		}
		if !changed || by == most {
			break
		}
		if lower {
			found = by
			break
		}
		most = by
	}
	if found == 0 {
		return Risk{}, false
	}
	for found-most > 1 {
		middle := (found + most) / 2
		if _, lower := lowers(middle); lower {
			found = middle
		} else {
			most = middle
		}
	}
	for i := range s.stages {
		s.stages[i].Subject.Values = slices.Clone(s.base[i])
	}
	lowers(found)
	risk := Risk{Fact: f.ID, Code: code, By: found, Gone: f.Type == TypeEvents && code == "", Result: s.c.rate(s.stages, nil)}
	for i := range s.stages { // the result shares them
		s.stages[i].Subject.Values = slices.Clone(s.base[i])
	}
	return risk, true
}

// worse is the value with so many more cases that fail: of a ratio one more case that is not done (of what is to be there at the end, one less that is), of a count one less or, where less is better,
// one more; an item of a checklist one point down, an answer of a survey from the best to the worst, a yes that becomes no, an event more (code) or one less. False if it cannot get so much worse, or
// nobody says which way worse is.
func (f *Fact) worse(v Value, by int, code string, asOf Date) (Value, bool) {
	if v.State != Present || f.Better == "" {
		return v, false
	}
	n := num.FromInt(int64(by))
	switch {
	case f.Type == TypeRatio && f.Better == "lower":
		v.Number, v.Den = v.Number.Add(n), v.Den.Add(n)
	case f.Type == TypeRatio && f.Window == "at_cutoff":
		v.Number = v.Number.Sub(n)
	case f.Type == TypeRatio:
		v.Den = v.Den.Add(n)
	case (f.Type == TypeCount || f.Type == TypeNumber) && f.Better == "lower":
		v.Number = v.Number.Add(n)
	case f.Type == TypeCount || f.Type == TypeNumber:
		v.Number = v.Number.Sub(n)
	case f.Type == TypeBool:
		if by > 1 || (f.Better == "higher") != !v.Number.IsZero() {
			return v, false
		}
		v.Number = one.Sub(v.Number)
	case f.Type == TypeChecklist:
		return f.worseItems(v, by)
	case f.Type == TypeSurvey:
		return f.worseAnswers(v, by)
	case f.Type == TypeEvents && code != "":
		v.Events = slices.Clone(v.Events)
		for range by {
			e := Event{Code: code, Date: asOf}
			if c := &f.Codes[f.codeIndex(code)]; c.Points == nil {
				e.Points = f.ownPoints(one.Neg())
			}
			v.Events = append(v.Events, e)
		}
	case f.Type == TypeEvents:
		if len(v.Events) < by {
			return v, false
		}
		v.Events = slices.Clone(v.Events)
		slices.SortStableFunc(v.Events, func(a, b Event) int { return cmp.Compare(f.lasts(&a), f.lasts(&b)) })
		v.Events = v.Events[by:]
	default:
		return v, false
	}
	if f.refuse(v) != "" || v.Number.Sign() < 0 {
		return v, false
	}
	return v, true
}

// lasts is the last day on which an event counts; the last of all days if it counts for good.
func (f *Fact) lasts(e *Event) Date {
	until := f.Codes[f.codeIndex(e.Code)].until(e)
	if until == 0 {
		return 1<<31 - 1
	}
	return until
}

func (f *Fact) worseItems(v Value, by int) (Value, bool) {
	v.Items = slices.Clone(v.Items)
	var least num.Num
	if f.Min != nil {
		least = *f.Min
	}
	for i := len(v.Items) - 1; i >= 0 && by > 0; i-- {
		item := &v.Items[i]
		for by > 0 && item.State == Present && least.Less(item.Number) {
			item.Number, by = num.Max(least, item.Number.Sub(one)), by-1
		}
	}
	return v, by == 0 && f.Better == "higher"
}

func (f *Fact) worseAnswers(v Value, by int) (Value, bool) {
	v.Items = slices.Clone(v.Items)
	order := make([]int, len(f.Levels))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return f.Levels[b].Worth.Cmp(f.Levels[a].Worth) })
	worst := &v.Items[order[len(order)-1]]
	for _, i := range order[:len(order)-1] {
		item := &v.Items[i]
		taken := num.Min(item.Number, num.FromInt(int64(by)))
		if item.State != Present || taken.Sign() <= 0 || f.Levels[i].Worth.Equal(f.Levels[order[len(order)-1]].Worth) {
			continue
		}
		item.Number, worst.Number, worst.State = item.Number.Sub(taken), worst.Number.Add(taken), Present
		left, _ := num.FromInt(int64(by)).Sub(taken).Int64()
		if by = int(left); by == 0 {
			return v, true
		}
	}
	return v, false
}

// Expiries are the events for the good that count on the day of the course and end by a later day, the earliest first, each with what the course comes to once it has ended. The subjects' facts must hold them.
func (c *Course) Expiries(until Date) []Expiry {
	var out []Expiry
	for i := range c.Scheme.Facts {
		f := &c.Scheme.Facts[i]
		if f.Type != TypeEvents || f.Better != "higher" {
			continue
		}
		v := c.Subject.Values[i]
		for k := range v.Events {
			e := &v.Events[k]
			at := f.codeIndex(e.Code)
			if at < 0 || !f.Codes[at].active(e, c.Subject.AsOf) {
				continue
			}
			last := f.Codes[at].until(e)
			if last == 0 || until < last {
				continue
			}
			without := v
			without.Events = slices.Delete(slices.Clone(v.Events), k, k+1)
			r, err := c.Rate(Setting{Fact: f.ID, Value: without})
			if err != nil {
				continue
			}
			out = append(out, Expiry{Fact: f.ID, Code: e.Code, Until: last, Result: r})
		}
	}
	slices.SortStableFunc(out, func(a, b Expiry) int { return cmp.Compare(a.Until, b.Until) })
	return out
}
