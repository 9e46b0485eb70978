package rating

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"redsteward/internal/fault"
)

// Trial gathers what an evaluation was made from, as it is stored: its scheme, frozen facts, statistics and the earlier results that were read. What an earlier result names and the
// archive does not hold is left out, unless subjects are compared. With deep, the earlier results come with what they were made from themselves (TrialInput.Feeds). Returns NotFound if there is no such evaluation, Invalid if something stored is damaged, Conflict if the statistics cannot be made again.
func (a *Archive) Trial(ctx context.Context, id string, deep bool) (TrialInput, error) {
	made, err := a.Evaluation(ctx, id)
	if err != nil {
		return TrialInput{}, err
	}
	in := TrialInput{}
	if in.Scheme, err = a.Scheme(ctx, made); err != nil {
		return TrialInput{}, err
	}
	v := &verifier{archive: a, ctx: ctx, made: made, scheme: in.Scheme, past: map[string]Past{}, from: map[string]string{}}
	if err := v.seal(); err != nil {
		return TrialInput{}, err
	}
	if err := v.findPast(); err != nil {
		return TrialInput{}, err
	}
	if made.Cohort != "" {
		if len(v.report.Missing) > 0 {
			return TrialInput{}, fault.New("rating.Archive.Trial", fault.Conflict, "有以往结果不在这里，相互比较的统计量算不出来")
		}
		if in.Cohort, err = v.cohort(); err != nil {
			return TrialInput{}, err
		}
	}
	past := map[string]History{}
	for sub := range v.each() {
		in.Subjects = append(in.Subjects, sub)
		for _, use := range v.uses[sub.ID] {
			if found, ok := v.past[use.Hash]; ok {
				if past[sub.ID] == nil {
					past[sub.ID] = History{}
				}
				past[sub.ID][use.ID] = found
			}
		}
	}
	in.History = func(id string) History { return past[id] }
	if v.err == nil && deep {
		in.Feeds, v.err = v.feeds()
	}
	return in, v.err
}

// ReadsPast reports whether anything but the limit of promotion reads what earlier results came to.
func (s *Scheme) ReadsPast() bool {
	for i := range s.History {
		if s.program.readsPast(i) {
			return true
		}
	}
	return false
}

// readsPast reports whether anything but the limit of promotion reads what an earlier result came to.
func (p *program) readsPast(at int) bool {
	found := false
	p.operands(func(o *operand) {
		o.each(func(r *nameRef) {
			switch r.kind {
			case refPastTotal, refPastLevel, refPastGrade, refPastPoints, refPastRate, refPastOutput:
				found = found || r.a == at
			}
		})
	})
	return found
}

// feeds are the earlier results that were found and that anything reads, with what they were made from: of each evaluation those subjects that read it, by the id under which they do, in the order of the scheme.
func (v *verifier) feeds() ([]TrialFeed, error) {
	var out []TrialFeed
	for i := range v.scheme.History {
		if !v.scheme.program.readsPast(i) {
			continue
		}
		id := v.scheme.History[i].ID
		reads := map[string]map[string]bool{} // by evaluation, who reads it under this id
		for subject, uses := range v.uses {
			for _, use := range uses {
				from, found := v.from[use.Hash]
				if use.ID != id || !found {
					continue
				}
				if reads[from] == nil {
					reads[from] = map[string]bool{}
				}
				reads[from][subject] = true
			}
		}
		for _, from := range slices.Sorted(maps.Keys(reads)) {
			in, err := v.archive.Trial(v.ctx, from, false)
			if err != nil {
				return nil, err
			}
			in.Subjects = slices.DeleteFunc(in.Subjects, func(s Subject) bool { return !reads[from][s.ID] })
			slices.SortFunc(in.Subjects, func(a, b Subject) int { return cmp.Compare(a.ID, b.ID) })
			feed := TrialFeed{ID: id, TrialInput: in}
			if len(in.Subjects) > 0 {
				feed.Period = in.Subjects[0].Period
			}
			out = append(out, feed)
		}
	}
	return out, nil
}
