package application

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
)

const (
	// Source is the name by which a scheme's fact asks for applications.
	Source = "application"
	// FactStanding is the fact of what became of the application; its column has the same name.
	FactStanding = "application"
	// FactJoint is the fact of what the joint review leaves; its column has the same name.
	FactJoint = "joint_star"
	// The values of FactStanding: none, passed, and refused_1 for the first level, refused_2 for the second.
	saysNone, saysPassed, saysRefused = "none", "passed", "refused_"
)

// stamp is now, as records have it.
func (s *Service) stamp() journal.Time { return journal.At(s.Now()) }

// Source implements supervision.Readings.
func (s *Service) Source() string { return Source }

// EachReading implements supervision.Readings for the year of the last day of the span, if its applications were called for: of every compound that somebody serves on that day what became of the application of that firm, and what the joint
// review leaves of its star. Nothing is said while a level has to decide: the star is a proposal until then. All of it happens after the year, so that it counts whenever it was accepted.
func (s *Service) EachReading(ctx context.Context, span calendar.Span, asOf time.Time, upTo int64, yield func(supervision.Reading) error) error {
	year := calendar.Year(span.Last.Year()).String()
	var round *store.Change[Round]
	for c, err := range s.rounds.History(ctx, year) {
		if err != nil {
			return err
		}
		if c.N <= upTo && !c.At.After(asOf) {
			round = &c
		}
	}
	if round == nil {
		return nil
	}
	last := map[string]store.Change[Application]{}
	err := s.EveryLife(ctx, calendar.DateOf(asOf), func(life []store.Change[Application]) error {
		for _, c := range life {
			if c.State.Year != year || c.N > upTo || c.At.After(asOf) {
				continue
			}
			if before, there := last[c.State.Project]; !there || before.ID == c.ID || before.State.State == Withdrawn {
				last[c.State.Project] = c
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.Register.EachHolding(ctx, span.Last, func(h registry.Holding) error {
		r := supervision.Reading{Project: h.Project, Firm: h.Firm, Day: span.Last, Accepted: round.At, Record: round.RecordID, Hash: hex.EncodeToString(round.Hash[:]), N: round.N, ScoredBy: round.State.Called.Signed()}
		says := saysNone
		if c, there := last[h.Project]; there && c.State.Firm == h.Firm {
			a := &c.State
			r.Accepted, r.Record, r.Hash, r.N = c.At, c.RecordID, hex.EncodeToString(c.Hash[:]), c.N
			r.ScoredBy, r.ReviewedBy = hands(a.Approval)
			switch a.State {
			case Reviewing, Completing:
				return nil
			case Passed:
				says = saysPassed
			case Refused, Lapsed:
				says = fmt.Sprintf("%s%d", saysRefused, a.Approval.Level+1)
			}
			if a.Held != nil {
				joint := r
				joint.Fact, joint.ScoredBy, joint.ReviewedBy = FactJoint, a.Held.Recorded.Signed(), ""
				joint.Cells = []supervision.Cell{{Column: FactJoint, Text: fmt.Sprintf("star%d", a.Held.Star)}}
				if err := yield(joint); err != nil {
					return err
				}
			}
		}
		r.Fact, r.Cells = FactStanding, []supervision.Cell{{Column: FactStanding, Text: says}}
		return yield(r)
	})
}

// hands are who gave the first and who gave the last opinion, as office and account.
func hands(a *policy.Approval) (first, last string) {
	if a == nil || len(a.Decisions) == 0 {
		return "", ""
	}
	say := func(d policy.ApprovalDecision) string { return string(d.As) + "/" + d.By }
	return say(a.Decisions[0]), say(a.Decisions[len(a.Decisions)-1])
}

// Standing is how the applications of a year stand, in numbers.
type Standing struct {
	// Called is the call, nil if there was none; Runs: its window has not ended.
	Called *Round
	Runs   bool
	// Open is how many have not come to their end, By counts all by state, without drafts.
	Open int
	By   map[State]int
	// N and At are the log number and time of the last change, N 0 if it is not known yet.
	N  int64
	At time.Time
}

// Standing says how the applications of a year stand. It asks for no right and shows nothing of them.
func (s *Service) Standing(ctx context.Context, year string) (Standing, error) {
	out := Standing{By: map[State]int{}}
	doc, err := s.Round(ctx, year)
	if fault.Is(err, fault.NotFound) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	out.Called, out.Runs, out.N, out.At = &doc.State, !s.over(doc.State.Window), doc.N, doc.At
	return out, s.Every(ctx, func(d store.Doc[Application]) {
		if d.State.Year != year || d.State.State == Draft {
			return
		}
		out.By[d.State.State]++
		if !d.State.State.Final() {
			out.Open++
		}
		n, at := d.N, d.At
		if k := d.State.Agreed; k != nil && !k.At.IsZero() {
			n, at = k.N, k.At.Time
		}
		if at.After(out.At) {
			out.N, out.At = n, at
		}
	})
}
