package fund

import (
	"context"
	"fmt"
	"slices"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// book loads every rule version; none before the first was proposed.
func (s *Service) book(ctx context.Context) (store.Doc[Book], error) {
	doc, err := s.books.Load(ctx, bookID)
	if fault.Is(err, fault.NotFound) {
		return store.Doc[Book]{ID: bookID}, nil
	}
	return doc, err
}

// Rules returns every version of the rule. Returns Forbidden without ReadFund.
func (s *Service) Rules(ctx context.Context, by policy.Actor) (Book, error) {
	if err := s.guard.Require(by, policy.ReadFund); err != nil {
		return Book{}, err
	}
	doc, err := s.book(ctx)
	return doc.State, err
}

// ProposeRule proposes a version, which counts once another person adopts it. It returns the id of the version. Returns Forbidden without ProposeFundRule, Invalid for refused fields
// (those of Terms, with from and until), Conflict if somebody was quicker.
func (s *Service) ProposeRule(ctx context.Context, by policy.Actor, t Terms, idem *store.Idem) (string, error) {
	const op = "fund.ProposeRule"
	if err := s.guard.Require(by, policy.ProposeFundRule); err != nil {
		return "", err
	}
	meta := store.Meta{By: by.ID, Action: string(policy.ProposeFundRule), Idem: idem}
	if doc, done, err := s.books.Replay(ctx, meta); err != nil || done {
		return fmt.Sprintf("r%d", len(doc.State.Versions)), err
	}
	if err := t.check(op); err != nil {
		return "", err
	}
	doc, err := s.book(ctx)
	if err != nil {
		return "", err
	}
	if len(doc.State.Versions) >= maxVersions {
		return "", fault.New(op, fault.Conflict, fmt.Sprintf("保修金规则已有 %d 版，不能再加", maxVersions))
	}
	id := fmt.Sprintf("r%d", len(doc.State.Versions)+1)
	doc.State.Versions = append(slices.Clone(doc.State.Versions), Version{ID: id, Terms: t, State: RuleProposed, Proposed: s.hand(by)})
	_, err = s.books.Commit(ctx, meta, bookID, doc.Seq, doc.State)
	return id, err
}

func (s *Service) hand(by policy.Actor) Hand { return Hand{By: by.ID, At: journal.At(s.db.Now())} }

// AdoptRule puts a proposed version in force; one that began earlier and has no end then ends the day before. Returns Forbidden without AdoptFundRule or for who proposed
// it, NotFound for an unknown version, Conflict if it was decided before, overlaps another, or somebody was quicker.
func (s *Service) AdoptRule(ctx context.Context, by policy.Actor, id string, idem *store.Idem) error {
	return s.decideRule(ctx, by, id, "", idem, func(b *Book, at int) error { return b.adopt(at) })
}

// RefuseRule sets a proposed version aside, with the reason. Returns as AdoptRule, and Invalid (reason).
func (s *Service) RefuseRule(ctx context.Context, by policy.Actor, id, reason string, idem *store.Idem) error {
	var f registry.Faults
	f.Words("reason", "理由", &reason, 2, 100)
	return s.decideRule(ctx, by, id, reason, idem, func(b *Book, at int) error {
		if err := f.Err("fund.RefuseRule"); err != nil {
			return err
		}
		b.Versions[at].State, b.Versions[at].Reason = RuleRefused, reason
		return nil
	})
}

func (s *Service) decideRule(ctx context.Context, by policy.Actor, id, reason string, idem *store.Idem, decide func(*Book, int) error) error {
	if err := s.guard.Require(by, policy.AdoptFundRule); err != nil {
		return err
	}
	meta := store.Meta{By: by.ID, Action: string(policy.AdoptFundRule), Why: reason, Idem: idem}
	if _, done, err := s.books.Replay(ctx, meta); err != nil || done {
		return err
	}
	doc, err := s.book(ctx)
	if err != nil {
		return err
	}
	at, err := doc.State.at(id)
	if err != nil {
		return err
	}
	doc.State.Versions = slices.Clone(doc.State.Versions)
	v := &doc.State.Versions[at]
	if v.State != RuleProposed {
		return fault.New("fund.decideRule", fault.Conflict, "这一版规则现在是“"+v.State.Title()+"”，不能再办")
	}
	if err := policy.Separate(by, policy.PartCheck, []policy.Act{{Part: policy.PartMake, By: v.Proposed.By}}); err != nil {
		return err
	}
	if err := decide(&doc.State, at); err != nil {
		return err
	}
	v.Decided = s.hand(by)
	_, err = s.books.Commit(ctx, meta, bookID, doc.Seq, doc.State)
	return err
}
