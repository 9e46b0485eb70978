package rating

import (
	"maps"
	"slices"

	"redsteward/internal/num"
)

// PastPart is what a part of a result takes from a part of an earlier one.
type PastPart struct {
	// History is the id under which the scheme reads the earlier result, Name what it calls that, Part the id of the part there.
	History, Name, Part string
	// Known is false if there is no such result, or its part did not count; Points and Max are those of the earlier part.
	Known       bool
	Points, Max num.Num
	// Weighs is how many points of the later part one point of it is; 0 if it does not count.
	Weighs num.Num
}

// EarlierResult is an earlier result on which a result rests.
type EarlierResult struct {
	// History is the id under which the scheme reads it, Name what the scheme calls it, which Join fills in; Title is what people call its period.
	History, Name, Title string
	// Explanation is the earlier result with its own scheme.
	Explanation *Explanation
	// Voices are who speaks in it by the voices of the later scheme, in points of the later total.
	Voices []VoiceShare
}

// earlierParts tells of which parts of earlier results an expression is made. ok is false if it is anything but a sum of their points, each with a factor.
func (m *machine) earlierParts(value *operand) (parts []PastPart, ok bool) {
	with := func(r *nameRef, points num.Num) (num.Num, bool) {
		id := m.p.scheme.History[r.a].ID
		past := m.history[id]
		past.Points = maps.Clone(past.Points)
		past.Points[r.text] = points
		was := m.history
		m.history = maps.Clone(was)
		m.history[id] = past
		x, gone := m.number(value)
		m.history = was
		return x, gone.kind == nothingAbsent
	}
	rest, gone := m.number(value)
	if gone.kind != nothingAbsent {
		return nil, false
	}
	refs := value.refs
	if value.kind == operandRef {
		refs = []nameRef{value.ref}
	}
	var seen []nameRef
	for i := range refs {
		r := &refs[i]
		if r.kind != refPastPoints || slices.Contains(seen, *r) {
			continue
		}
		seen = append(seen, *r)
		id := m.p.scheme.History[r.a].ID
		part := PastPart{History: id, Name: m.p.scheme.historyName(id), Part: r.text}
		if part.Points, part.Known = m.history[id].Points[r.text]; part.Known {
			none, ok := with(r, num.Num{})
			first, ok2 := with(r, one)
			if !ok || !ok2 {
				return nil, false
			}
			part.Weighs = first.Sub(none)
			rest = rest.Sub(part.Weighs.Mul(part.Points))
		}
		parts = append(parts, part)
	}
	return parts, rest.IsZero()
}

// atMostRounding is how much the points of a part may differ from those of its indicators because each is rounded; more, and they are made in another way.
var atMostRounding = num.FromFrac(1, 20)

// behind are the indicators behind a part of an earlier result, in points of the later part; false if they do not add up to it.
func (h History) behind(part *PastPart) ([]PastShare, bool) {
	if !part.Known {
		return nil, true
	}
	var got num.Num
	var shares []PastShare
	for _, share := range h[part.History].Behind[part.Part] {
		got = got.Add(share.Points)
		share.Points, share.Max = part.Weighs.Mul(share.Points), part.Weighs.Mul(share.Max)
		shares = append(shares, share)
	}
	return shares, part.Points.Sub(got).Abs().Cmp(atMostRounding) <= 0
}

// Join says of the parts that an expression makes of earlier results what they take from each, and adds the points of these to who speaks there. earlier are those that the result names, in the order of the scheme.
func (x *Explanation) Join(earlier []EarlierResult) {
	s, r := x.Scheme, x.Result
	m, _ := s.again(r)
	m.history = History{}
	for i := range earlier {
		e := &earlier[i]
		m.history[e.History] = e.Explanation.Scheme.PastOf(e.Explanation.Result)
		for _, v := range s.Voices {
			e.Voices = append(e.Voices, VoiceShare{ID: v.ID, Name: v.Name})
		}
	}
	rests := make([]bool, len(earlier))
	for i := range r.Parts {
		part := &x.Parts[i]
		if !part.Leaf || !part.Counted {
			continue
		}
		parts, ok := m.earlierParts(&s.program.parts[s.program.nodeIndex[part.ID]-len(s.Indicators)].value)
		if !ok {
			continue
		}
		for k := range parts {
			at := slices.IndexFunc(earlier, func(e EarlierResult) bool { return e.History == parts[k].History })
			if at < 0 {
				continue
			}
			rests[at] = true
			if was := earlier[at].Explanation.Result.Part(parts[k].Part); was != nil {
				parts[k].Max = was.Max
			}
			shares, ok := m.history.behind(&parts[k])
			if !ok {
				continue
			}
			for _, share := range shares {
				if v := slices.IndexFunc(x.Voices, func(v VoiceShare) bool { return v.ID == share.Voice }); v >= 0 {
					x.Voices[v].add(part.Weighs, &share)
					earlier[at].Voices[v].add(part.Weighs, &share)
				}
			}
		}
		part.Earlier = parts
	}
	for i := range earlier {
		if rests[i] {
			earlier[i].Name = s.historyName(earlier[i].History)
			x.Earlier = append(x.Earlier, earlier[i])
		}
	}
}

// add adds what an indicator brought to a part of which a point is so many points of the total.
func (v *VoiceShare) add(weighs num.Num, share *PastShare) {
	v.Points, v.Max = v.Points.Add(weighs.Mul(share.Points)), v.Max.Add(weighs.Mul(share.Max))
}
