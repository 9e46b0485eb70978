package party

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Industry is the party branch of the trade (物业行业党支部), to which the branches of the firms belong; the bureau has one. Counts only, never a list of members.
type Industry struct {
	// Name is the branch (2 to 40 characters), Higher the party organisation above it (2 to 40), Formed the day on which it was formed.
	Name   string        `json:"name" privacy:"public"`
	Higher string        `json:"higher" privacy:"public"`
	Formed calendar.Date `json:"formed"`
	// Secretary is its secretary (2 to 20), Post the post that he holds besides (2 to 40), Since the day of his appointment.
	Secretary string        `json:"secretary" privacy:"pii"`
	Post      string        `json:"post" privacy:"public"`
	Since     calendar.Date `json:"since"`
	// Members are its full members, Applicants those who applied to join; 0 to 9999.
	Members    int64 `json:"members"`
	Applicants int64 `json:"applicants"`
	// Left are the days on which a secretary was replaced by another, in order: each secretary is an era of the personal data.
	Left []calendar.Date `json:"left,omitempty"`
}

// era is the era of the secretary of now.
func (in *Industry) era() store.Era { return store.Era(len(in.Left)) }

const (
	industryKind = "industry-branch"
	// industryID is the id of the one branch.
	industryID = "bureau"
	// maxMembers bounds its counts.
	maxMembers = 9999
)

// Industry returns the branch as it stands and the number of its last change; 0 if none is registered. Its secretary is masked for who does not register party organisations. Returns Forbidden without ReadRegister.
func (s *Service) Industry(ctx context.Context, by policy.Actor) (Industry, int64, error) {
	if err := s.Guard.Require(by, policy.ReadRegister); err != nil {
		return Industry{}, 0, err
	}
	doc, err := s.industry.Load(ctx, industryID)
	if fault.Is(err, fault.NotFound) {
		return Industry{}, 0, nil
	}
	if err != nil {
		return Industry{}, 0, err
	}
	if !s.Guard.Allow(by, policy.RegisterParty) {
		doc.State.Secretary = policy.MaskName(doc.State.Secretary)
	}
	return doc.State, doc.Seq, nil
}

// SetIndustry registers the branch or what has changed about it. seq is the change that the actor saw, 0 for none. Returns Forbidden without RegisterParty for the whole county, Invalid for refused fields (those of
// Industry in JSON), Conflict if somebody was quicker.
func (s *Service) SetIndustry(ctx context.Context, by policy.Actor, seq int64, in Industry) error {
	const op = "party.SetIndustry"
	scope, err := s.scope(ctx, by, policy.RegisterParty)
	if err != nil {
		return err
	}
	if !scope.All() {
		return fault.New(op, fault.Forbidden, "物业行业党支部由县级登记")
	}
	if bad := in.check(s.today()); len(bad) > 0 {
		return fault.InvalidFields(op, bad...)
	}
	now, err := s.industry.Load(ctx, industryID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if in.Left = now.State.Left; now.Seq > 0 && (now.Purged || now.State.Secretary != in.Secretary) {
		in.Left = append(slices.Clone(in.Left), s.today())
	}
	_, err = s.industry.Commit(ctx, store.Meta{By: by.ID, Action: string(policy.RegisterParty), Why: "登记物业行业党支部"}, industryID, seq, in)
	if fault.Is(err, fault.Conflict) {
		return fault.Wrap(op, fault.Conflict, "物业行业党支部的登记刚被别人改过，请刷新后再改", err)
	}
	return err
}

// Outlived yields the secretaries who were replaced, each from that day.
func (s *Service) Outlived(ctx context.Context, yield func(policy.Outlived) error) error {
	now, err := s.industry.Load(ctx, industryID)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for n, left := range now.State.Left {
		if err := yield(policy.Outlived{Subject: store.Era(n).Subject(industryKind, industryID), Since: left}); err != nil {
			return err
		}
	}
	return nil
}

// check trims the texts and names what is wrong.
func (in *Industry) check(today calendar.Date) []fault.Field {
	var bad []fault.Field
	fail := func(name, message string) { bad = append(bad, fault.Field{Name: name, Message: message}) }
	for _, t := range []struct {
		name, label string
		value       *string
		most        int
	}{{"name", "名称", &in.Name, 40}, {"higher", "上级党组织", &in.Higher, 40}, {"secretary", "书记姓名", &in.Secretary, 20}, {"post", "书记的职务", &in.Post, 40}} {
		*t.value = strings.TrimSpace(*t.value)
		if n := utf8.RuneCountInString(*t.value); n < 2 || n > t.most {
			fail(t.name, t.label+"要有 2 至 "+strconv.Itoa(t.most)+" 个字，现在有 "+strconv.Itoa(n)+" 个")
		}
	}
	for _, d := range []struct {
		name, label string
		day         calendar.Date
	}{{"formed", "成立日期", in.Formed}, {"since", "书记任职日期", in.Since}} {
		switch {
		case d.day.IsZero():
			fail(d.name, "请填写"+d.label)
		case d.day.Compare(today) > 0:
			fail(d.name, d.label+d.day.Chinese()+"晚于今天")
		}
	}
	if !in.Since.IsZero() && in.Since.Compare(in.Formed) < 0 {
		fail("since", "书记任职日期"+in.Since.Chinese()+"早于成立日期"+in.Formed.Chinese())
	}
	for _, n := range []struct {
		name, label string
		count       int64
	}{{"members", "正式党员", in.Members}, {"applicants", "入党申请人", in.Applicants}} {
		if n.count < 0 || n.count > maxMembers {
			fail(n.name, n.label+"要在 0 至 "+strconv.Itoa(maxMembers)+" 之间，现在是 "+strconv.FormatInt(n.count, 10))
		}
	}
	return bad
}
