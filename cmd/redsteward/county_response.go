package main

import (
	"context"
	"fmt"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/response"
	"redsteward/registry/casework"
)

// responseTales leave what a firm says about its star in every state.
func responseTales() [][]claimBeat {
	firm, officer, chief, deputy := policy.Role("firm_manager"), policy.Role("property_officer"), policy.Role("section_chief"), policy.Role("deputy_director")
	written := []claimBeat{{20, firm, "write"}}
	with := func(before []claimBeat, more ...claimBeat) []claimBeat {
		return append(append([]claimBeat(nil), before...), more...)
	}
	shown := with(written, claimBeat{19, officer, "sign"}, claimBeat{18, chief, "sign"}, claimBeat{17, deputy, "sign"})
	returned := with(written, claimBeat{19, officer, "return"})
	return [][]claimBeat{shown, written, with(written, claimBeat{19, officer, "sign"}, claimBeat{18, chief, "sign"}), returned, with(returned, claimBeat{16, firm, "rewrite"}), with(shown, claimBeat{9, officer, "hide"}), with(shown, claimBeat{8, firm, "withdraw"}), with(written, claimBeat{19, officer, "refuse"})}
}

// spoken is what one firm says, and who writes it.
type spoken struct {
	store.Doc[response.Response]
	by policy.Actor
}

// responseActs lets firms speak about their stars, one project each.
func (l *countyLoader) responseActs() (acts []act) {
	end := calendar.DateOf(mustTime(demoStart))
	for k, tale := range responseTales() {
		one := new(spoken)
		for n, beat := range tale {
			acts = append(acts, act{hour(end.Add(-beat.ago), 9+n), partPeriods, func(ctx context.Context) error { return told(beat, l.playResponse(ctx, beat, k, one)) }})
		}
	}
	return acts
}

// playResponse plays one beat; a county without a published year has nothing to speak about.
func (l *countyLoader) playResponse(ctx context.Context, beat claimBeat, k int, one *spoken) (err error) {
	words := []string{"（演示）去年失分主要在电梯维保，今年三月已经全部更换，合同贴在小区公示栏。", "（演示）感谢业主的评价，我们会在三个月内补齐公共收益的公示。"}[k%2]
	if beat.do == "write" {
		project, firm, err := l.starredProject(ctx, k)
		if err != nil || project == "" {
			return err
		}
		if one.by, err = l.managerOf(firm); err != nil {
			return err
		}
		one.Doc, err = l.responses.Write(ctx, one.by, project, words, &store.Idem{Key: fmt.Sprintf("demo-response-%d", k)})
		return err
	}
	if one.ID == "" {
		return nil
	}
	by, at := l.of(beat.role, 0), casework.At{ID: one.ID, Seq: one.Seq}
	if move, signs := map[string]policy.ApprovalMove{"sign": policy.MoveAgree, "return": policy.MoveReturn, "refuse": policy.MoveRefuse}[beat.do]; signs {
		password, err := l.demoPassword(ctx, beat.role)
		if err != nil {
			return err
		}
		sign := policy.Sign{Move: move, SubjectHash: one.State.Approval.SubjectHash}
		if move != policy.MoveAgree {
			sign.Reason = "演示：请写明合同日期"
		}
		one.Doc, err = l.responses.Sign(ctx, by, at, sign, password)
		return err
	}
	in := casework.Input{Text: "演示：内容已经过时"}
	if beat.role == "firm_manager" {
		by, in.Text = one.by, words+"合同日期是三月二十日。"
	}
	one.Doc, err = l.responses.Do(ctx, by, at, response.Step(beat.do), in)
	return err
}

// starredProject is the project of a tale with the firm that earned its newest star and serves it still; "" if there are too few.
func (l *countyLoader) starredProject(ctx context.Context, k int) (project, firm string, err error) {
	today := calendar.DateOf(l.clock.Now())
	for _, id := range l.projects {
		star, err := l.responses.Star(ctx, id)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return "", "", err
		}
		place, err := l.service.register.Place(ctx, id, today)
		if err != nil {
			return "", "", err
		}
		if place.Firm == "" || place.FirmName != star.Firm {
			continue
		}
		if k--; k < 0 {
			return id, place.Firm, nil
		}
	}
	return "", "", nil
}
