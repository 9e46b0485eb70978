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
}

// History holds earlier results by the ids under Scheme.History. What is not there is unknown.
type History map[string]Past

// Past returns what later results may read of this one, under its hash.
func (r *Result) Past() Past { return r.past(r.Hash()) }

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
