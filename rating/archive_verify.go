package rating

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"maps"
	"slices"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/num"
)

// Verification says what Archive.Verify could recompute.
type Verification struct {
	// Results is how many results the evaluation has; all of them were hashed. Recomputed is how many of them were evaluated again.
	Results, Recomputed int
	// Missing names the earlier results that were read and are not in this archive. Nothing that reads one of them could be evaluated again.
	Missing []MissingPast
}

// MissingPast is an earlier result that is not in the archive.
type MissingPast struct {
	// Subject is whose earlier result it is; History is the id under which the scheme reads it; Hash is its hash.
	Subject, History, Hash string
}

// Verify recomputes an evaluation from what is stored: the statistics, every result from its frozen facts and the earlier results that it names
// by their hashes, the places, the count and the Merkle root. Earlier results are looked for in the other evaluations of this archive, made with
// a scheme of the declared id and rhythm, of the same subject and, where periods are those of the calendar, of the declared period. Whether they are right
// themselves is told by verifying the evaluations that they belong to. Returns NotFound if there is no such evaluation, Invalid that names the first thing that differs.
func (a *Archive) Verify(ctx context.Context, id string) (Verification, error) {
	made, err := a.Evaluation(ctx, id)
	if err != nil {
		return Verification{}, err
	}
	s, err := a.Scheme(ctx, made)
	if err != nil {
		return Verification{}, err
	}
	v := &verifier{archive: a, ctx: ctx, made: made, scheme: s, past: map[string]Past{}, from: map[string]string{}}
	if err := v.seal(); err != nil {
		return Verification{}, err
	}
	if err := v.findPast(); err != nil {
		return Verification{}, err
	}
	if made.Cohort != "" && len(v.report.Missing) > 0 {
		return v.report, nil // the statistics read what is missing, and every result reads the statistics
	}
	if err := v.compare(); err != nil {
		return Verification{}, err
	}
	return v.report, nil
}

// verifier is one run of Verify. It passes over the stored results several times instead of keeping them.
type verifier struct {
	archive *Archive
	ctx     context.Context
	made    Evaluation
	scheme  *Scheme
	report  Verification
	uses    map[string][]PastUse // by subject, the earlier results that it reads
	past    map[string]Past      // by hash, those that were found
	from    map[string]string    // by hash, the evaluation made last that has it
	err     error                // what ended a pass
}

func (v *verifier) invalid(format string, args ...any) error {
	return fault.New("rating.Archive.Verify", fault.Invalid, fmt.Sprintf(format, args...))
}

// each yields the frozen facts and the result of every subject. What ends it early is kept in err.
func (v *verifier) each() iter.Seq2[Subject, *Result] {
	return func(yield func(Subject, *Result) bool) {
		for stored, err := range v.archive.Results(v.ctx, v.made.ID) {
			if err != nil {
				v.err = err
				return
			}
			sub, result, err := stored.Open(v.scheme)
			if err != nil {
				v.err = fault.Wrap("rating.Archive.Verify", fault.Invalid, fmt.Sprintf("%q 的事实或结果已损坏", short(stored.Subject)), err)
				return
			}
			if !yield(sub, result) {
				return
			}
		}
	}
}

// seal checks the count, the root, the grades and the places, and remembers which earlier results are read.
func (v *verifier) seal() error {
	type place struct {
		total num.Num
		id    string
		rank  int
	}
	var places []place
	leaves, sheets, grades := map[string]journal.Hash{}, map[string]journal.Hash{}, map[string]int{}
	v.uses = map[string][]PastUse{}
	for stored, err := range v.archive.Results(v.ctx, v.made.ID) {
		if err != nil {
			return err
		}
		result, err := ReadResult([]byte(stored.Result))
		if err != nil {
			return fault.Wrap("rating.Archive.Verify", fault.Invalid, fmt.Sprintf("%q 的结果已损坏", short(stored.Subject)), err)
		}
		if result.Period != v.made.Period {
			return v.invalid("%q 的结果是 %q 期的，评价是 %q 期的", short(stored.Subject), short(result.Period), short(v.made.Period))
		}
		id := resultID(v.made.ID, stored.Subject)
		leaves[id] = sha256.Sum256([]byte(stored.Result))
		if v.made.Sheets != "" {
			sheet, err := stored.sheet(v.scheme)
			if err != nil {
				return err
			}
			sheets[id] = sha256.Sum256(sheet)
		}
		grades[result.Grade]++
		if result.Status == StatusRated {
			places = append(places, place{result.Total.Points, stored.Subject, stored.Rank})
		} else if stored.Rank != 0 {
			return v.invalid("%q 没有评上等级，却排在第 %d 名", short(stored.Subject), stored.Rank)
		}
		if len(result.History) > 0 {
			v.uses[stored.Subject] = result.History
		}
	}
	v.report.Results = len(leaves)
	if root := rootOf(leaves); len(leaves) != v.made.Count || hex.EncodeToString(root[:]) != v.made.Root {
		return v.invalid("结果有 %d 份，记录为 %d 份，或根指纹不符", len(leaves), v.made.Count)
	}
	if root := rootOf(sheets); v.made.Sheets != "" && hex.EncodeToString(root[:]) != v.made.Sheets {
		return v.invalid("可以公开的部分与记录的根指纹不符")
	}
	if !maps.Equal(grades, v.made.Grades) {
		return v.invalid("各等级的数目与记录的不同")
	}
	slices.SortFunc(places, func(x, y place) int { return cmp.Or(y.total.Cmp(x.total), cmp.Compare(x.id, y.id)) })
	rank := 0
	for i, p := range places {
		if i == 0 || !p.total.Equal(places[i-1].total) {
			rank = i + 1
		}
		if p.rank != rank {
			return v.invalid("%q 应当排在第 %d 名，保存的是第 %d 名", short(p.id), rank, p.rank)
		}
	}
	return nil
}

// findPast looks for the earlier results that are read, in every evaluation that may hold them.
func (v *verifier) findPast() error {
	wanted := map[string][]string{} // by hash, the subjects that read it
	for _, subject := range slices.Sorted(maps.Keys(v.uses)) {
		for _, use := range v.uses[subject] {
			wanted[use.Hash] = append(wanted[use.Hash], subject)
		}
	}
	for made, err := range v.archive.Evaluations(v.ctx) {
		if err != nil {
			return err
		}
		if len(v.past) == len(wanted) {
			break
		}
		if made.ID == v.made.ID || !slices.ContainsFunc(v.scheme.History, func(e Earlier) bool { return v.scheme.earlierScheme(&e) == made.SchemeID }) {
			continue
		}
		if err := v.findIn(made, wanted); err != nil {
			return err
		}
	}
	for _, subject := range slices.Sorted(maps.Keys(v.uses)) {
		for _, use := range v.uses[subject] {
			if _, found := v.past[use.Hash]; !found {
				v.report.Missing = append(v.report.Missing, MissingPast{Subject: subject, History: use.ID, Hash: use.Hash})
			}
		}
	}
	return nil
}

// earlierScheme is the id of the scheme of an earlier result.
func (s *Scheme) earlierScheme(e *Earlier) string { return cmp.Or(e.Scheme, s.ID) }

// findIn takes what is wanted from one evaluation. What it takes must be a result of the same subject, by a scheme that the history declares.
func (v *verifier) findIn(made Evaluation, wanted map[string][]string) error {
	earlier, err := v.archive.Scheme(v.ctx, made)
	if err != nil {
		return err
	}
	for stored, err := range v.archive.Results(v.ctx, made.ID) {
		if err != nil {
			return err
		}
		hash := hashOf([]byte(stored.Result))
		readers, ok := wanted[hash]
		if !ok {
			continue
		}
		result, err := ReadResult([]byte(stored.Result))
		if err != nil {
			return fault.Wrap("rating.Archive.Verify", fault.Invalid, fmt.Sprintf("%q 的以往结果已损坏", short(stored.Subject)), err)
		}
		for _, subject := range readers {
			if err := v.admit(subject, result, hash, earlier); err != nil {
				return err
			}
		}
		v.past[hash] = result.Past()
		if _, found := v.from[hash]; !found {
			v.from[hash] = made.ID
		}
	}
	return nil
}

// admit checks that an earlier result is one that this subject may read.
func (v *verifier) admit(subject string, result *Result, hash string, earlier *Scheme) error {
	if result.Subject != subject {
		return v.invalid("%q 读的以往结果是 %q 的", short(subject), short(result.Subject))
	}
	for _, use := range v.uses[subject] {
		at := slices.IndexFunc(v.scheme.History, func(e Earlier) bool { return e.ID == use.ID })
		if use.Hash != hash || at < 0 {
			continue // what a scheme does not declare it does not read: evaluating again tells
		}
		declared := &v.scheme.History[at]
		if v.scheme.earlierScheme(declared) != earlier.ID || cmp.Or(declared.Rhythm, v.scheme.Rhythm) != earlier.Rhythm {
			return v.invalid("%q 的以往结果 %s 出自方案 %s（%s），不是所声明的", short(subject), use.ID, earlier.ID, earlier.Rhythm)
		}
		if want := EarlierPeriod(v.made.Period, cmp.Or(declared.Rhythm, v.scheme.Rhythm), declared.Back); want != "" && result.Period != want {
			return v.invalid("%q 的以往结果 %s 是 %s 的，应当是 %s 的", short(subject), use.ID, short(result.Period), want)
		}
	}
	return nil
}

// history gives the earlier results of a subject; false if one of them is missing.
func (v *verifier) history(subject string) (History, bool) {
	uses := v.uses[subject]
	if len(uses) == 0 {
		return nil, true
	}
	h := History{}
	for _, use := range uses {
		past, found := v.past[use.Hash]
		if !found {
			return nil, false
		}
		h[use.ID] = past
	}
	return h, true
}

// cohort makes the statistics again; every earlier result must have been found.
func (v *verifier) cohort() (*Cohort, error) {
	subjects := func(yield func(Subject) bool) {
		for sub := range v.each() {
			if !yield(sub) {
				return
			}
		}
	}
	history := func(id string) History {
		h, _ := v.history(id) // complete: Verify does not come here otherwise
		return h
	}
	cohort, err := NewCohort(v.scheme, subjects, history)
	return cohort, cmp.Or(v.err, err)
}

// compare evaluates everything again.
func (v *verifier) compare() error {
	var cohort *Cohort
	if v.made.Cohort != "" {
		var err error
		if cohort, err = v.cohort(); err != nil {
			return err
		}
	}
	for sub, stored := range v.each() {
		h, complete := v.history(sub.ID)
		if !complete {
			continue
		}
		again := Evaluate(v.scheme, cohort, sub, h)
		if again.Hash() != stored.Hash() {
			return v.invalid("重新计算 %q，结果与保存的不同", short(sub.ID))
		}
		v.report.Recomputed++
	}
	return v.err
}
