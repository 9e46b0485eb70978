package main

import (
	"context"
	"slices"

	"redsteward/internal/store"
	"redsteward/supervision"
	"redsteward/supervision/evidence"
)

// waitingActs is what happened in the quarter that is still open: every role finds work in its queue.
func (l *countyLoader) waitingActs() []act {
	n := l.plan.size.quarters()
	var acts []act
	for i := range l.plan.projects {
		acts = append(acts, l.waitingProof(i, n)...)
		acts = append(acts, l.waitingRecord(i, n)...)
	}
	for i := range l.plan.firms {
		acts = append(acts, l.waitingSheet(i, n)...)
	}
	return slices.Concat(acts, l.filingActs(), l.fundActs(), l.claimActs(), l.inspectionActs(), l.rectificationActs(), l.vetoActs(), l.standingActs(), l.openApplicationActs(), l.responseActs(), l.changeActs(), l.bodyActs(), l.handoverActs(), l.bookActs(), l.matterActs(), l.collectionActs(), l.noticeActs(), l.phraseActs(), l.loggedActs(), l.surveyActs(), l.wishActs(), l.auditActs(), l.returnActs())
}

// waitingProof: of eight projects that keep no log of repairs three have not begun, one proof was returned, one flagged for the bureau, one accepted, and two wait for the community.
func (l *countyLoader) waitingProof(i, n int) []act {
	kind := i % 8
	if kind >= 5 || l.plan.logs(i, n) {
		return nil
	}
	q := l.plan.size.current
	first := q.Span().First
	proofs := l.plan.proofSaid(i, n)
	s := proofs[len(proofs)-1]
	var doc store.Doc[evidence.Proof]
	acts := []act{{hour(first.Add(11+i%6), 16), partProof, func(ctx context.Context) (err error) {
		doc, err = l.submit(ctx, q.String(), s, i, n, first.Add(9))
		return err
	}}}
	decision := evidence.Decision{Move: evidence.MoveAccept}
	switch kind {
	case 0:
		decision = evidence.Decision{Move: evidence.MoveReturn, Reason: "台账缺 10 月上旬的两页，请补齐后再报"}
	case 1:
		decision.Concern = "到场时间都是整点，请住建局看一下原始记录"
	case 2:
	default:
		return acts
	}
	return append(acts, act{hour(first.Add(17), 10), partProof, func(ctx context.Context) error {
		_, err := l.decide(ctx, doc, i, decision)
		return err
	}})
}

// waitingRecord: of six projects one has call-backs that wait for the secretary and one has answers that wait for the chief; of 24 one record came back.
func (l *countyLoader) waitingRecord(i, n int) []act {
	first := l.plan.size.current.Span().First
	says := l.plan.projectSays(i, n)
	byFact := func(fact string) said {
		for _, s := range says {
			if s.fact == fact {
				return s
			}
		}
		return said{}
	}
	community := i % l.plan.size.communities
	draft, by, second := l.draft(byFact("matter_callbacks"), i, first.Add(13)), l.of("community_worker", community), l.of("community_secretary", community)
	switch i % 6 {
	case 0:
	case 3:
		draft, by, second = l.draft(byFact("answers"), i, first.Add(13)), l.of("property_officer", 1), l.of("section_chief", 0)
	default:
		return nil
	}
	var doc store.Doc[supervision.Observation]
	acts := []act{{hour(first.Add(14), 11), partObserved, func(ctx context.Context) (err error) {
		doc, err = l.observations.Record(ctx, by, draft)
		return err
	}}}
	if i%24 != 0 {
		return acts
	}
	return append(acts, act{hour(first.Add(15), 11), partObserved, func(ctx context.Context) error {
		_, err := l.observations.Return(ctx, second, supervision.At{ID: doc.ID, Seq: doc.Seq}, "接通数与电话记录不一致，请核对")
		return err
	}})
}
