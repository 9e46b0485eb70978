package evidence

import (
	"context"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Alike is a file of a proof that stands in another proof too, in whatever period and of whatever firm.
type Alike struct {
	// File is which file it is, Other which one of the other proof, both counted from 0.
	File, Other int
	// Exact: both are the same bytes. If not, both are photos that look alike.
	Exact bool
	// SameFirm says that the other proof is of the same firm, Year is when it was submitted: all that is told of a proof outside the scope.
	SameFirm bool
	Year     int
	// Proof is the other proof, nil outside the scope.
	Proof *store.Doc[Proof]
}

// mostAlike is how many findings are told of one proof.
const mostAlike = 20

// Alike tells which files of a proof stand in others too, the latest of those first, at most 20. Returns Forbidden for who decides about no proof, NotFound outside the
// scope.
func (s *Service) Alike(ctx context.Context, by policy.Actor, id string) ([]Alike, error) {
	if !s.guard.Allow(by, policy.ReviewEvidence) && !s.guard.Allow(by, policy.AuditEvidence) {
		if err := s.guard.Require(by, policy.AcceptEvidence); err != nil {
			return nil, err
		}
	}
	scope, err := s.desk.Scope(ctx, by, policy.ReadEvidence)
	if err != nil {
		return nil, err
	}
	doc, err := s.desk.Load(ctx, "evidence.Alike", scope, id)
	if err != nil {
		return nil, err
	}
	found, err := s.alike(ctx, id, &doc.State, mostAlike)
	for i := range found {
		other := &found[i].Proof.State
		if !scope.Covers(other.Keys, other.Day) {
			found[i].Proof = nil
		}
	}
	return found, err
}

// alike looks for other proofs with a file of this one, the latest first, at most some. It asks for no right.
func (s *Service) alike(ctx context.Context, id string, p *Proof, most int) ([]Alike, error) {
	var keys []string
	for _, f := range p.Files {
		for _, key := range fileKeys(f, files.LookAsks) {
			if !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	var out []Alike
	told := map[string]bool{}
	for some := range slices.Chunk(keys, store.MaxIn) {
		page, err := s.rows.ListWhere(ctx, store.Query{Index: byContent, In: some, Desc: true, Limit: most}, func(d *store.Doc[Proof]) bool {
			if d.ID == id || told[d.ID] {
				return false
			}
			_, ok := sameFile(p, &d.State)
			return ok
		})
		// Who has so much to compare with that a list would ask to narrow gets what the other keys find.
		if err != nil && !fault.Is(err, fault.Invalid) {
			return nil, err
		}
		for i := range page.Docs {
			d := &page.Docs[i]
			told[d.ID] = true
			one, _ := sameFile(p, &d.State)
			one.SameFirm, one.Proof = d.State.Firm == p.Firm, d
			one.Year, _, _ = calendar.DateOf(d.State.Submitted.At.Time).Parts()
			out = append(out, one)
		}
	}
	slices.SortStableFunc(out, func(a, b Alike) int { return b.Proof.State.Submitted.At.Compare(a.Proof.State.Submitted.At.Time) })
	return out[:min(len(out), most)], nil
}

// fileKeys are the keys under which a file is listed, or is looked for: its bytes, and what it looks like (files.LookKeys, files.LookAsks).
func fileKeys(f files.Stored, looks func(look string) []string) []string {
	keys := []string{"x/" + f.Original}
	for _, key := range looks(f.Look) {
		keys = append(keys, "l/"+key)
	}
	return keys
}

// sameFile finds the first file of one proof that stands in another too: the same bytes rather than a likeness.
func sameFile(p, other *Proof) (Alike, bool) {
	found := Alike{File: -1}
	for i, f := range p.Files {
		for j, g := range other.Files {
			exact := f.Original == g.Original
			apart, both := files.LookApart(f.Look, g.Look)
			if !exact && (!both || apart > files.LookNear) || ordinary(p, other, f) {
				continue
			}
			if exact {
				return Alike{File: i, Other: j, Exact: true}, true
			}
			if found.File < 0 {
				found.File, found.Other = i, j
			}
		}
	}
	return found, found.File >= 0
}

// ordinary reports that nothing is wrong with a file that stands in both: a firm shows one list for all of its projects, and hands in again for a project what did not
// suffice. A photo of one project is none of another.
func ordinary(p, other *Proof, f files.Stored) bool {
	return p.Firm == other.Firm && p.Period == other.Period && p.Ask.Fact == other.Ask.Fact && (!f.Kind.Image() || p.Project == other.Project)
}
