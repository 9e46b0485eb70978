package rectification

import (
	"context"
	"slices"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
)

// Waiting lists the visits and inspections of the actor's scope that count and of whose findings no paper was drafted for some kind: in Kinds are those that wait. Returns Forbidden without HandleRectification or ReadVisit.
func (s *Service) Waiting(ctx context.Context, by policy.Actor, after string) (store.Page[supervision.FoundKinds], error) {
	if err := s.Guard.Require(by, policy.HandleRectification); err != nil {
		return store.Page[supervision.FoundKinds]{}, err
	}
	page, err := s.withFindings(ctx, by, after)
	if err != nil {
		return page, err
	}
	out := store.Page[supervision.FoundKinds]{Next: page.Next}
	for _, d := range page.Docs {
		drafted, err := s.Of(ctx, d.State.Project)
		if err != nil {
			return out, err
		}
		for _, o := range drafted {
			if o.State.Visit == d.ID && o.State.State != Withdrawn {
				delete(d.State.Kinds, o.State.Kind)
			}
		}
		if len(d.State.Kinds) > 0 {
			out.Docs = append(out.Docs, d)
		}
	}
	return out, nil
}

// fromInspections begins the cursors of what inspections found, which come after what visits found.
const fromInspections = "inspections "

// withFindings lists what visits found and then what inspections found.
func (s *Service) withFindings(ctx context.Context, by policy.Actor, after string) (store.Page[supervision.FoundKinds], error) {
	cursor, second := strings.CutPrefix(after, fromInspections)
	if !second {
		page, err := s.Visits.WithFindings(ctx, by, after)
		if err != nil || page.Next != "" || s.Inspections == nil {
			return page, err
		}
		more, err := s.withFindings(ctx, by, fromInspections)
		page.Docs, page.Next = append(page.Docs, more.Docs...), more.Next
		return page, err
	}
	page, err := s.Inspections.WithFindings(ctx, by, cursor)
	if page.Next != "" {
		page.Next = fromInspections + page.Next
	}
	return page, err
}

// Group is what one paper about a visit would hold.
type Group struct {
	// Kind is the paper, To the authority of a transfer.
	Kind supervision.PaperKind
	To   string
	// Findings are what it holds.
	Findings []supervision.Finding
	// Case is the id of the case that was drafted already, "" for none.
	Case string
}

// Groups are the papers that the findings of a visit or an inspection make, in the order of the kinds. Returns Forbidden without HandleRectification or ReadVisit, NotFound outside the scope, Conflict for a visit that does not count.
func (s *Service) Groups(ctx context.Context, by policy.Actor, visit string) (supervision.Found, []Group, error) {
	if err := s.Guard.Require(by, policy.HandleRectification); err != nil {
		return supervision.Found{}, nil, err
	}
	found, err := s.found(ctx, by, visit)
	if err != nil {
		return found, nil, err
	}
	var out []Group
	for _, f := range found.Findings {
		at := slices.IndexFunc(out, func(g Group) bool { return g.Kind == f.Kind && g.To == f.To })
		if at < 0 {
			target, err := s.DB.Claimed(ctx, findingClaim, groupKey(visit, f.Kind, f.To))
			if err != nil && !fault.Is(err, fault.NotFound) {
				return found, nil, err
			}
			out = append(out, Group{Kind: f.Kind, To: f.To, Case: strings.TrimPrefix(target, caseKind+"/")})
			at = len(out) - 1
		}
		out[at].Findings = append(out[at].Findings, f)
	}
	slices.SortStableFunc(out, func(a, b Group) int {
		return slices.Index(supervision.PaperKinds(), a.Kind) - slices.Index(supervision.PaperKinds(), b.Kind)
	})
	return found, out, nil
}
