package rating

import (
	"context"

	"redsteward/internal/fault"
)

// Trial gathers what an evaluation was made from, as it is stored: its scheme, frozen facts, statistics and the earlier results that were read. What an earlier result names and the
// archive does not hold is left out, unless subjects are compared. Returns NotFound if there is no such evaluation, Invalid if something stored is damaged, Conflict if the statistics cannot be made again.
func (a *Archive) Trial(ctx context.Context, id string) (TrialInput, error) {
	made, err := a.Evaluation(ctx, id)
	if err != nil {
		return TrialInput{}, err
	}
	in := TrialInput{}
	if in.Scheme, err = a.Scheme(ctx, made); err != nil {
		return TrialInput{}, err
	}
	v := &verifier{archive: a, ctx: ctx, made: made, scheme: in.Scheme, past: map[string]Past{}}
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
	return in, v.err
}
