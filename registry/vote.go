package registry

import (
	"context"
	"fmt"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
)

const voteKind = "vote"

// Matter is what the owners decide together: one of the items of article 278 of the Civil Code.
type Matter string

// Matters that the program knows by name: those whose decision needs three quarters, and the choice of a firm. Every other one needs more than half.
const (
	// MatterElection: electing the owners' committee or changing its members (选举业主委员会或者更换其成员); more than half is enough.
	MatterElection Matter = "m3"
	// MatterFirm: choosing and dismissing the property firm (选聘和解聘物业服务企业); more than half is enough.
	MatterFirm Matter = "m4"
	// MatterRaiseFund: raising the repair fund (筹集维修资金).
	MatterRaiseFund Matter = "m6"
	// MatterRebuild: rebuilding buildings and what belongs to them (改建、重建).
	MatterRebuild Matter = "m7"
	// MatterCommonUse: another use of common parts, or business with them (改变共有部分用途、利用共有部分经营).
	MatterCommonUse Matter = "m8"
)

// Matters lists the matters, in the order of the article.
func Matters() []Choice {
	return []Choice{{"m1", "制定和修改业主大会议事规则"}, {"m2", "制定和修改管理规约"}, {string(MatterElection), "选举业主委员会或者更换其成员"}, {string(MatterFirm), "选聘和解聘物业服务企业"}, {"m5", "使用维修资金"},
		{string(MatterRaiseFund), "筹集维修资金"}, {string(MatterRebuild), "改建、重建建筑物及其附属设施"}, {string(MatterCommonUse), "改变共有部分的用途或者利用共有部分从事经营活动"}, {"m9", "其他重大事项"}}
}

// Vote is the record of one decision of the owners' meeting (业主大会表决记录). It is a record of a vote on paper; nobody votes here.
type Vote struct {
	// Project is the id of the project.
	Project string `json:"project" privacy:"public"`
	VoteInput
	// Scans are its papers and the photo of its notice, withdrawn ones too.
	Scans []Scan `json:"scans,omitempty"`
}

// VoteInput is what an officer says about a vote. Areas are those of the owned parts in m², at most two decimals.
type VoteInput struct {
	// Matter is the item of the article, Title what exactly was put to the vote.
	Matter Matter `json:"matter" privacy:"public"`
	Title  string `json:"title" privacy:"public"`
	// Notified is the day on which the owners were told, Held the last day of the vote, Published the first day on which the result was shown, no date if it was not yet.
	Notified  calendar.Date `json:"notified"`
	Held      calendar.Date `json:"held"`
	Published calendar.Date `json:"published,omitzero"`
	// All, Joined and Agreed are those of all owners, of those who took part, of those who agreed.
	All    Owners `json:"all"`
	Joined Owners `json:"joined"`
	Agreed Owners `json:"agreed"`
}

// Owners are owners by the area that they own and by heads.
type Owners struct {
	// Area is in m², Heads a number of owners.
	Area  num.Num `json:"area"`
	Heads int64   `json:"heads"`
}

// noticeDays is how long before a meeting its owners must be told.
const noticeDays = 15

// share reports whether a part is at least above/below of a whole, or with strict more than it, by area and by heads. Both sides are multiplied out: nothing is rounded.
func share(part, whole Owners, above, below int64, strict bool) bool {
	reaches := func(part, whole num.Num) bool {
		have, need := part.Mul(num.FromInt(below)), whole.Mul(num.FromInt(above))
		if strict {
			return need.Less(have)
		}
		return !have.Less(need)
	}
	return reaches(part.Area, whole.Area) && reaches(num.FromInt(part.Heads), num.FromInt(whole.Heads))
}

// VoteCheck is what article 278 says of a vote.
type VoteCheck struct {
	// Told: the owners were told at least 15 days before. Attended: two thirds or more took part. Agreed: of those who took part enough agreed, Needs says how many.
	Told, Attended, Agreed bool
	Needs                  string
}

// Carried reports whether the decision stands: enough took part and enough agreed. The notice is told apart, because it can be contested and does not decide by itself.
func (c VoteCheck) Carried() bool { return c.Attended && c.Agreed }

// Check holds a vote against the article. By its words two thirds and three quarters are enough, while a half is not.
func (in VoteInput) Check() VoteCheck {
	c := VoteCheck{Told: in.Held.Sub(in.Notified) >= noticeDays, Attended: share(in.Joined, in.All, 2, 3, false), Needs: "过半数"}
	switch in.Matter {
	case MatterRaiseFund, MatterRebuild, MatterCommonUse:
		c.Needs, c.Agreed = "四分之三以上", share(in.Agreed, in.Joined, 3, 4, false)
	default:
		c.Agreed = share(in.Agreed, in.Joined, 1, 2, true)
	}
	return c
}

// check completes the input. Its field names are matter, title, notified, held, published, and all_, joined_, agreed_ with area and heads.
func (in *VoteInput) check(today calendar.Date, bad *faults) {
	choice(bad, "matter", "表决事项", in.Matter, Matters())
	bad.text("title", "表决内容", &in.Title, 4, 100)
	if in.Notified.IsZero() {
		bad.add("notified", "请填写通知业主的日期，例如 2026-09-01")
	}
	if in.Held.IsZero() {
		bad.add("held", "请填写表决截止日期，例如 2026-09-20")
	}
	bad.past("held", "表决截止日期", in.Held, today)
	bad.past("published", "公示日期", in.Published, today)
	if !in.Held.IsZero() && in.Held.Compare(in.Notified) < 0 {
		bad.add("held", "表决截止日期%s早于通知业主的日期%s", in.Held.Chinese(), in.Notified.Chinese())
	}
	if !in.Published.IsZero() && in.Published.Compare(in.Held) < 0 {
		bad.add("published", "公示日期%s早于表决截止日期%s", in.Published.Chinese(), in.Held.Chinese())
	}
	whole := Owners{num.FromInt(maxArea), 100_000}
	for _, part := range []struct {
		name, label, above string
		owners             Owners
	}{{"all", "全体业主", "上限", in.All}, {"joined", "参与表决", "全体业主", in.Joined}, {"agreed", "同意", "参与表决", in.Agreed}} {
		bad.area(part.name+"_area", part.label+"的面积", part.owners.Area)
		if whole.Area.Less(part.owners.Area) {
			bad.add(part.name+"_area", "%s的面积 %s 多于%s的 %s", part.label, part.owners.Area.Fixed(2), part.above, whole.Area.Fixed(2))
		}
		if part.owners.Heads < 0 || part.owners.Heads > whole.Heads {
			bad.add(part.name+"_heads", "%s的人数 %d 要在 0 至%s的 %d 之间", part.label, part.owners.Heads, part.above, whole.Heads)
		}
		whole = part.owners
	}
	if in.All.Heads == 0 {
		bad.add("all_heads", "请填写全体业主的人数")
	}
	if in.All.Area.IsZero() {
		bad.add("all_area", "请填写全体业主的专有部分面积")
	}
}

// voteDocument is how votes are stored.
func voteDocument() store.Kind[Vote] {
	return store.Kind[Vote]{
		Name: voteKind, Version: 1,
		Indexes: []store.Index[Vote]{{
			Name: "held",
			Keys: func(_ string, v *Vote) []string { return []string{policy.ProjectKey(v.Project)} },
			Sort: func(_ string, v *Vote) string { return v.Held.String() },
		}},
	}
}

// VoteRow is a vote with its id.
type VoteRow struct {
	// ID and Seq as in the store.
	ID  string
	Seq int64
	Vote
}

// Votes lists up to 50 votes of a project of the actor's scope, the last one first. Returns Forbidden without ReadRegister, NotFound.
func (s *Service) Votes(ctx context.Context, by policy.Actor, project string) ([]VoteRow, error) {
	if _, err := s.projectFor(ctx, by, policy.ReadRegister, project); err != nil {
		return nil, err
	}
	return s.votesOf(ctx, project)
}

func (r *Register) votesOf(ctx context.Context, project string) ([]VoteRow, error) {
	page, err := r.votes.List(ctx, store.Query{Index: "held", Key: policy.ProjectKey(project), Desc: true, Limit: PageSize})
	if err != nil {
		return nil, err
	}
	var out []VoteRow
	for _, d := range page.Docs {
		out = append(out, VoteRow{d.ID, d.Seq, d.State})
	}
	return out, nil
}

// RecordVote enters a vote of the owners of a project and returns its id. Whether it carried is not asked but computed. Returns Forbidden without WriteRegister,
// NotFound, Invalid for refused fields (matter, title, notified, held, published, all_area, all_heads, joined_area, joined_heads, agreed_area, agreed_heads).
func (s *Service) RecordVote(ctx context.Context, by policy.Actor, project string, in VoteInput) (string, error) {
	if _, err := s.projectFor(ctx, by, policy.WriteRegister, project); err != nil {
		return "", err
	}
	var bad faults
	in.check(s.Today(), &bad)
	if err := bad.err("registry.RecordVote"); err != nil {
		return "", err
	}
	meta := s.meta(by, policy.WriteRegister, "")
	id := s.db.NewID(meta)
	_, err := s.votes.Commit(ctx, meta, id, 0, Vote{Project: project, VoteInput: in})
	return id, err
}

// CorrectVote mends what was entered wrongly, with a reason for the log. Returns as RecordVote, NotFound also for a vote of another project, Invalid for the reason,
// Conflict if seq is not the last change.
func (s *Service) CorrectVote(ctx context.Context, by policy.Actor, project, id string, seq int64, in VoteInput, why string) error {
	const op = "registry.CorrectVote"
	now, _, err := s.voteFor(ctx, by, policy.WriteRegister, project, id)
	if err != nil {
		return err
	}
	if now.Seq != seq {
		return overtaken(op)
	}
	var bad faults
	in.check(s.Today(), &bad)
	why = reason(&bad, why)
	if err := bad.err(op); err != nil {
		return err
	}
	_, err = s.votes.Commit(ctx, s.meta(by, policy.WriteRegister, why), id, seq, Vote{project, in, now.State.Scans})
	return err
}

// ownersSaid says what is recorded about the owners of a project, “3 次业主大会表决”, "" for nothing.
func (r *Register) ownersSaid(ctx context.Context, project string) (string, error) {
	votes, err := r.votesOf(ctx, project)
	if err != nil {
		return "", err
	}
	if len(votes) > 0 {
		return fmt.Sprintf("%d 次业主大会表决", len(votes)), nil
	}
	revenue, err := r.revenues.List(ctx, store.Query{Index: "half", Key: policy.ProjectKey(project), Limit: 1})
	if err != nil {
		return "", err
	}
	if len(revenue.Docs) > 0 {
		return "公共收益的登记", nil
	}
	facts, _, err := r.repairsOf(ctx, project)
	if err != nil || len(facts.Facts) == 0 {
		return "", err
	}
	return "维修资金的登记", nil
}
