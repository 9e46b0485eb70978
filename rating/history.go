package rating

import "redsteward/internal/num"

// Past is what a scheme may read of an earlier result.
type Past struct {
	// Hash is the earlier result's hash, which this result records.
	Hash string
	// Total is the total after adjustments; HasTotal is false if none was computed.
	Total    num.Num
	HasTotal bool
	// Grade and Level are those given.
	Grade string
	Level *int
	// Points, Rates and Outputs are those of the parts, indicators and outputs by id.
	Points, Rates, Outputs map[string]num.Num
	// Behind are the indicators behind the points of each part by its id, as Scheme.PastOf fills it; no scheme reads it.
	Behind map[string][]PastShare
}

// PastShare is what one indicator, or one part that an expression makes, brought to a part of an earlier result.
type PastShare struct {
	// ID and Name are those in the scheme of the earlier result.
	ID, Name string
	// Voice is the id of who speaks through it, "" for none.
	Voice string
	// Points and Max are in points of the part.
	Points, Max num.Num
}

// History holds earlier results by the ids under Scheme.History. What is not there is unknown.
type History map[string]Past

// Past returns what later results may read of this one, under its hash.
func (r *Result) Past() Past { return r.past(r.Hash()) }

// PastOf is Past of a result of this scheme with what stands behind its parts, as far as sums, means and chosen sheets lead there.
func (s *Scheme) PastOf(r *Result) Past {
	p, past := s.program, r.Past()
	past.Behind = map[string][]PastShare{}
	for at := range p.parts {
		factor := s.factorsBelow(r, len(p.indicators)+at)
		note := func(id string, counted bool, points, max num.Num) {
			if node := p.nodeIndex[id]; counted && p.leaf(node) && !factor[node].IsZero() {
				share := PastShare{ID: id, Name: s.nodeName(node), Points: factor[node].Mul(points), Max: factor[node].Mul(max)}
				if node < len(s.Indicators) {
					share.Voice = s.Indicators[node].Voice
				}
				past.Behind[p.parts[at].id] = append(past.Behind[p.parts[at].id], share)
			}
		}
		for i := range r.Lines {
			note(r.Lines[i].ID, r.Lines[i].Counted, r.Lines[i].Points, r.Lines[i].Max)
		}
		for i := range r.Parts {
			note(r.Parts[i].ID, r.Parts[i].Counted, r.Parts[i].Points, r.Parts[i].Max)
		}
	}
	return past
}

// past is Past under a hash.
func (r *Result) past(hash string) Past {
	p := Past{
		Hash: hash, Total: r.Total.Points, HasTotal: r.Total.Counted, Grade: r.Grade, Level: r.Level,
		Points: map[string]num.Num{}, Rates: map[string]num.Num{}, Outputs: map[string]num.Num{},
	}
	put := func(id string, counted bool, points, max num.Num) {
		if !counted {
			return
		}
		p.Points[id] = points
		if q, err := points.Quo(max); err == nil {
			p.Rates[id] = q
		}
	}
	for i := range r.Lines {
		put(r.Lines[i].ID, r.Lines[i].Counted, r.Lines[i].Points, r.Lines[i].Max)
	}
	for i := range r.Parts {
		put(r.Parts[i].ID, r.Parts[i].Counted, r.Parts[i].Points, r.Parts[i].Max)
	}
	for i := range r.Outputs {
		if r.Outputs[i].Known {
			p.Outputs[r.Outputs[i].ID] = r.Outputs[i].Value
		}
	}
	return p
}
