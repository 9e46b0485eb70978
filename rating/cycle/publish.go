package cycle

import (
	"context"
	"regexp"
	"strconv"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
)

// maxMinutes is the longest citation of minutes, in characters.
const maxMinutes = 100

var sha256Form = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Publish publishes the evaluation of a period by one record that holds the Merkle root of its results, under a document number (文号) as people write it, such as
// 都建发〔2026〕12号; a year needs one. evaluation is the one that the person looked at. Returns Forbidden with the rule if the same person evaluated, answered an objection or sent it
// through its approval; Conflict if the period is not evaluated, not told to the firms or still open to their objections, not approved, has been evaluated anew since, or another paper has the number; Invalid with every
// wrong field. A refused call writes nothing.
func (s *Service) Publish(ctx context.Context, by policy.Actor, id, evaluation, number string) (Period, error) {
	p, err := s.MayPublish(ctx, by, id, evaluation)
	if err != nil {
		return Period{}, err
	}
	next, err := p.after(MovePublish)
	if err != nil {
		return Period{}, err
	}
	if number, err = s.checkNumber(ctx, &p, number); err != nil {
		return Period{}, err
	}
	made, err := s.complete(ctx, &p)
	if err != nil {
		return Period{}, err
	}
	if signed, err := policy.Digest(p.said(made.Root)); err != nil || signed != p.Approval.SubjectHash {
		return Period{}, fault.Wrap("cycle.Publish", fault.Conflict, p.Name+"的结果与各级签署的不一致，请重新评价、送审", err)
	}
	meta := store.Meta{By: by.ID, Action: string(policy.PublishEvaluation)}
	if number != "" {
		if err := s.letters.Take(ctx, meta, number, ofPeriod(id)); err != nil {
			return Period{}, err
		}
	}
	p.State = next
	p.Publication = &Publication{Act: Act{By: by.ID, At: journal.At(s.db.Now())}, Number: number, Minutes: p.Sent.Minutes, MinutesFile: p.Sent.MinutesFile,
		MinutesKind: p.Sent.MinutesKind, MinutesShown: p.Sent.MinutesShown, Root: made.Root, Count: made.Count, Grades: made.Grades}
	published, err := s.commit(ctx, meta, p)
	if fault.Is(err, fault.Conflict) && number != "" {
		if now, loadErr := s.load(ctx, id); loadErr == nil && (now.Publication == nil || now.Publication.Number != number) {
			if releaseErr := s.db.Release(ctx, meta, casework.NumberClaim, number, "period/"+id); releaseErr != nil {
				return Period{}, releaseErr
			}
		}
	}
	if err == nil {
		_ = s.letters.Enter(ctx, meta, "period", id, published.borne()) // what cannot be entered now is entered by a rule
	}
	return published, err
}

// MayPublish returns the period if this person may publish this evaluation of it now, before the number is looked at. It returns the errors of Publish about
// rights, separation and state.
func (s *Service) MayPublish(ctx context.Context, by policy.Actor, id, evaluation string) (Period, error) {
	if err := s.guard.Require(by, policy.PublishEvaluation); err != nil {
		return Period{}, err
	}
	p, err := s.load(ctx, id)
	if err != nil {
		return Period{}, err
	}
	if _, err := p.after(MovePublish); err != nil {
		return Period{}, err
	}
	if err := s.Apart(by, &p); err != nil {
		return Period{}, err
	}
	if err := p.same(evaluation); err != nil {
		return Period{}, err
	}
	return p, s.heard(ctx, &p)
}

// Apart refuses to publish to who evaluated, who answered an objection and who sent the result through its approval: Forbidden with the rule.
func (s *Service) Apart(by policy.Actor, p *Period) error {
	if err := s.apart(by, p); err != nil {
		return err
	}
	return policy.Separate(by, policy.PartCheck, []policy.Act{{Part: policy.PartMake, By: p.Approval.Maker}})
}

// checkNumber brings the number into its one form and checks it before anything is written.
func (s *Service) checkNumber(ctx context.Context, p *Period, number string) (string, error) {
	const op = "cycle.Publish"
	number, ok := casework.DocumentNumber(number)
	switch {
	case number == "" && p.Stars():
		return "", fault.InvalidFields(op, fault.Field{Name: "number", Message: "公布星级必须填写文号，例如 都建发〔2026〕12号"})
	case number == "":
		return "", nil
	case !ok:
		return "", fault.InvalidFields(op, fault.Field{Name: "number", Message: "文号要写成 都建发〔2026〕12号 的样子，不能是“" + short(number) + "”"})
	}
	words, _, err := s.letters.Taken(ctx, number, ofPeriod(p.ID))
	if words != "" {
		return "", fault.New(op, fault.Conflict, words)
	}
	return number, err
}

// ofPeriod is the document that publishes a period.
func ofPeriod(id string) casework.Bearing {
	return casework.Bearing{Target: "period/" + id, Slot: "published"}
}

// borne is what a period sends out: each telling of its scores or publicity of its stars, and the document that publishes it.
func (p *Period) borne() casework.Borne {
	of := casework.Borne{Name: p.Name}
	title, to, way := "得分告知", "物业服务企业", casework.WaySystem
	if p.Stars() {
		title, to, way = "星级公示", "社会公众", casework.WayNotice
	}
	for i := range p.Tellings {
		t := &p.Tellings[i]
		of.Papers = append(of.Papers, casework.Outgoing{Slot: "told" + strconv.Itoa(i+1), Title: title, To: to, Way: way, Paper: casework.Paper{Day: calendar.DateOf(t.At.Time), By: t.By}})
	}
	if pub := p.Publication; pub != nil {
		of.Papers = append(of.Papers, casework.Outgoing{Slot: ofPeriod(p.ID).Slot, Title: "评价结果", To: "社会公众", Way: casework.WayNotice, Paper: casework.Paper{Number: pub.Number, Day: calendar.DateOf(pub.At.Time), By: pub.By}})
	}
	return of
}

// awaited is the circular of a period whose results every level signed, until they are published; it is printed from then on.
func (p *Period) awaited() []casework.Awaited {
	if p.State != StateEvaluated || p.Approval == nil || p.Approval.State != policy.ApprovalApproved {
		return nil
	}
	return []casework.Awaited{{Code: "period.published", Title: "评价结果通报", To: "社会公众"}}
}

// hasFile reports whether the store holds a file. Returns NotFound if it does not.
func (s *Service) hasFile(ctx context.Context, sha256 string) error {
	if !sha256Form.MatchString(sha256) {
		return fault.New("cycle.Publish", fault.NotFound, "没有这个文件")
	}
	f, _, err := s.db.OpenFile(ctx, sha256)
	if err != nil {
		return err
	}
	return f.Close()
}
