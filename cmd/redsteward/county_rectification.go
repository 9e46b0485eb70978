package main

import (
	"context"
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/supervision"
	"redsteward/supervision/rectification"
)

// rectificationTales leave cases in every state: each beat happens so many days before the demonstration's now. "answers" and "looks" answer and look at everything that waits; "looks" with failed leaves the last one open.
func rectificationTales() [][]claimBeat {
	officer, firm, inspector := policy.Role("property_officer"), policy.Role("firm_manager"), policy.Role("inspector")
	ready := func(ago int) []claimBeat {
		return []claimBeat{{ago, officer, "draft"}, {ago - 1, officer, "send"}, {ago - 2, "section_chief", "sign"}}
	}
	running := func(ago int) []claimBeat { return append(ready(ago), claimBeat{ago - 3, officer, "serve"}) }
	answered := func(ago int) []claimBeat { return append(running(ago), claimBeat{ago - 6, firm, "answers"}) }
	late := append(running(30), claimBeat{12, officer, "rung"}, claimBeat{6, officer, "rung"})
	return [][]claimBeat{
		ready(9)[:1], ready(9)[:2], ready(9), running(8), append(running(9), claimBeat{2, firm, "more"}), late, answered(10), append(answered(20), claimBeat{9, inspector, "looks"}),
		append(answered(24), claimBeat{12, inspector, "failed"}), append(answered(40), claimBeat{30, inspector, "failed"}, claimBeat{29, officer, "rung"}, claimBeat{28, officer, "again"}, claimBeat{24, firm, "answers"}, claimBeat{22, inspector, "looks"}),
		append(running(60), claimBeat{40, officer, "close"}), append(ready(16)[:1], claimBeat{15, officer, "withdraw"}),
	}
}

// handedTales leave transfers with the other authority, and told what came of it.
func handedTales() [][]claimBeat {
	officer := policy.Role("property_officer")
	handed := []claimBeat{{20, officer, "draft"}, {19, officer, "send"}, {18, "section_chief", "sign"}, {17, officer, "hand_over"}}
	return [][]claimBeat{handed, append(append([]claimBeat(nil), handed...), claimBeat{5, officer, "outcome"})}
}

// orderTales is a whole case: the order after an inspection was answered and seen put right, so that its file (一案一档) holds every paper from the approval of the inspection to the closing.
func orderTales() [][]claimBeat {
	officer := policy.Role("property_officer")
	return [][]claimBeat{{{15, officer, "draft"}, {14, officer, "send"}, {13, "section_chief", "sign"}, {13, "deputy_director", "sign"}, {12, officer, "serve"}, {8, "firm_manager", "answers"}, {5, "inspector", "looks"}}}
}

// rectificationActs lets the cases of the year happen: each is about the latest visit before it whose paper of that kind was not drafted.
func (l *countyLoader) rectificationActs() []act {
	now := calendar.DateOf(mustTime(demoStart))
	var acts []act
	play := func(tales [][]claimBeat, kinds ...supervision.PaperKind) {
		for k, tale := range tales {
			one := new(rectificationTale)
			for n, beat := range tale {
				at := hour(now.Add(-beat.ago), 9+n%8)
				if n == 0 {
					at = hour(now.Add(-beat.ago), 6+k) // one after the other, so that each takes another visit
				}
				acts = append(acts, act{at, partVisits, func(ctx context.Context) error {
					return told(beat, l.playRectification(ctx, beat, kinds, k, one))
				}})
			}
		}
	}
	play(rectificationTales(), supervision.PaperSuggestion, supervision.PaperAssignment)
	play(handedTales(), supervision.PaperTransfer)
	play(orderTales(), supervision.PaperOrder)
	return acts
}

// rectificationTale is a case of the demonstration as it stands; its document has no id if no visit had findings of its kind.
type rectificationTale struct {
	doc store.Doc[rectification.Case]
}

// visitFor is the latest visit of which a paper of one of the kinds waits, and its group; false if there is none.
func (l *countyLoader) visitFor(ctx context.Context, by policy.Actor, kinds []supervision.PaperKind) (visit string, g rectification.Group, found bool, err error) {
	for after := ""; ; {
		page, err := l.rectifications.Waiting(ctx, by, after)
		if err != nil {
			return "", g, false, err
		}
		for _, d := range page.Docs {
			place, groups, err := l.rectifications.Groups(ctx, by, d.ID)
			if err != nil {
				return "", g, false, err
			}
			for _, g := range groups {
				for _, kind := range kinds {
					if g.Case == "" && g.Kind == kind && (place.Firm != "" || kind == supervision.PaperTransfer) {
						return d.ID, g, true, nil
					}
				}
			}
		}
		if after = page.Next; after == "" {
			return "", g, false, nil
		}
	}
}

// playRectification plays one beat of a case.
func (l *countyLoader) playRectification(ctx context.Context, beat claimBeat, kinds []supervision.PaperKind, k int, one *rectificationTale) (err error) {
	by := l.of(beat.role, 0)
	if beat.do == "draft" {
		visit, g, found, err := l.visitFor(ctx, by, kinds)
		if err != nil || !found {
			return err
		}
		one.doc, err = l.rectifications.Draft(ctx, by, visit, g.Kind, g.To, &store.Idem{Key: fmt.Sprintf("demo-rectification-%s-%d", g.Kind, k)})
		return err
	}
	if one.doc.ID == "" {
		return nil
	}
	c := &one.doc.State
	if beat.role == "firm_manager" {
		if by, err = l.managerOf(c.Firm); err != nil {
			return err
		}
	}
	if beat.role == "inspector" && !c.Formal {
		if by, err = l.wentOn(ctx, c.Visit); err != nil { // others see nothing of a visit that was drawn before it was scored twice
			return err
		}
	}
	do := func(step rectification.Step, in casework.Input) error {
		return l.withPaper(step != rectification.StepServe && step != rectification.StepHandOver, func(paper *files.Upload) (err error) {
			in.Upload = paper
			return l.numbered(ctx, "rectification."+string(step)+"."+string(c.Kind), &in, func() (err error) {
				one.doc, err = l.rectifications.Do(ctx, by, casework.At{ID: one.doc.ID, Seq: one.doc.Seq}, step, in)
				return err
			})
		})
	}
	in := casework.Input{Day: calendar.DateOf(l.clock.Now()), Text: "演示：按要求办理"}
	switch beat.do {
	case "sign":
		password, err := l.demoPassword(ctx, beat.role)
		if err == nil {
			one.doc, err = l.rectifications.Sign(ctx, by, casework.At{ID: one.doc.ID, Seq: one.doc.Seq}, policy.Sign{Move: policy.MoveAgree, SubjectHash: c.Approval.SubjectHash}, password)
		}
		return err
	case "send":
		in.Choice = "rectification.service"
	case "serve":
		in.Choice = "hand"
	case "rung":
		in.Choice = string(c.Proposed(l.clock.Now()))
	case "more":
		in.Day, in.Text = c.Clock.Due.Add(7), "演示：配件在途，需要一周"
	case "answers", "looks", "failed":
		open := c.Open()
		for i, f := range open {
			in.Choice, in.Text = f.Item, "演示：已整改，照片在后"
			step := rectification.StepAnswer
			if beat.do != "answers" {
				step, in.Choice, in.Text = rectification.StepLook, f.Item+":fixed", "演示：现场看过，已改好"
				if beat.do == "failed" && i == len(open)-1 {
					in.Choice, in.Text = f.Item+":failed", "演示：现场看过，没有改好"
				}
			}
			if err := do(step, in); err != nil {
				return err
			}
		}
		return nil
	}
	return do(rectification.Step(beat.do), in)
}

// wentOn is the inspector who went on a visit, or any for one on which others went, of which none is drawn.
func (l *countyLoader) wentOn(ctx context.Context, visit string) (policy.Actor, error) {
	w, err := l.visits.One(ctx, l.of("property_officer", 0), visit)
	if err != nil {
		return policy.Actor{}, err
	}
	for _, by := range l.people["inspector"] {
		if slices.Contains(w.Visit.State.Officers, by.ID) {
			return by, nil
		}
	}
	return l.of("inspector", 0), nil
}

// managerOf is the manager of a firm by its id.
func (l *countyLoader) managerOf(firm string) (policy.Actor, error) {
	for i, id := range l.firms {
		if id == firm {
			return l.of("firm_manager", i), nil
		}
	}
	return policy.Actor{}, fault.New("demo.managerOf", fault.NotFound, "没有编号为“"+firm+"”的企业")
}
