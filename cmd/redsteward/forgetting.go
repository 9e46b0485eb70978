package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/policy"
)

// forgetting destroys personal data whose terms have passed. rules are these terms in deadlines.yaml; the notice of personal data (/privacy) lists exactly those of all forgettings.
type forgetting struct {
	rules []string
	// atOnce is what has no term, because it goes in the night after it is no longer needed; "" for what has one.
	atOnce string
	run    func(ctx context.Context, slot time.Time) error
}

// forgettings are all that the nightly job does. What has a register of its own counts by itself; the other registers say what they no longer need (policy.Outlived).
func (s *service) forgettings() []forgetting {
	alone := func(forget func(context.Context) error) func(context.Context, time.Time) error {
		return func(ctx context.Context, _ time.Time) error { return forget(ctx) }
	}
	kept := &policy.Retention{DB: s.db, Now: s.clocks.Business, Deadlines: s.deadline, Keepings: []policy.Keeping{
		{Rule: "account.personal", Why: "离任人员的个人信息保存期满", Each: s.accounts.Departed},
		{Rule: "firm.personal", Why: "不再服务的企业的个人信息保存期满", Each: s.register.Register.OutlivedFirms},
		{Rule: "developer.personal", Why: "已注销建设单位的个人信息保存期满", Each: s.register.Register.OutlivedDevelopers},
		{Rule: "division.personal", Why: "换下的或者已撤销的乡镇、社区（村）联系人的个人信息保存期满", Each: s.register.Register.OutlivedReaches},
		{Rule: "handover.personal", Why: "承接查验参加人和见证人的姓名保存期满", Each: s.handovers.Outlived},
		{Rule: "entry.personal", Why: "撤下的台账记录的个人信息保存期满", Each: s.books.Outlived},
		{Rule: "industry.personal", Why: "已卸任书记的姓名保存期满", Each: s.party.Outlived},
		{Rule: "honour.personal", Why: "受表彰个人的姓名保存期满", Each: s.conduct.Outlived},
	}}
	out := []forgetting{
		{[]string{"booking.personal"}, "", s.stations.ForgetBookings},
		{nil, "没有选上的红色达人的姓名和同意书", s.stations.ForgetModels},
		{[]string{"repair.contact"}, "", alone(s.repairs.Forget)},
		{[]string{"wish.personal", "member.personal"}, "", alone(s.wishes.Forget)},
		{[]string{"collection.personal"}, "", alone(s.collections.Forget)},
		{[]string{"rating.remark_personal"}, "", alone(s.cycle.Remarks().Forget)},
		{[]string{"privacy.request_personal"}, "", alone(s.requests.Forget)},
	}
	var rules []string
	for _, k := range kept.Keepings {
		rules = append(rules, k.Rule)
	}
	return append(out, forgetting{rules, "", alone(kept.Forget)})
}

// keptAtOnce is what has no term.
func (s *service) keptAtOnce() (out []string) {
	for _, f := range s.forgettings() {
		if f.atOnce != "" {
			out = append(out, f.atOnce)
		}
	}
	return out
}

// deadline starts a period of deadlines.yaml as it is now.
func (s *service) deadline(rule string, start calendar.Date) (calendar.Deadline, error) {
	t, err := s.timetable()
	if err != nil {
		return calendar.Deadline{}, err
	}
	return t.deadline(rule, start)
}

// forget is the nightly job: one that fails does not keep the others from their work.
func (s *service) forget(ctx context.Context, slot time.Time) error {
	var errs []error
	for _, f := range s.forgettings() {
		errs = append(errs, f.run(ctx, slot))
	}
	return errors.Join(errs...)
}

// keptRules are the terms after which personal data is destroyed, in the order of the file. Returns Invalid for a term that the file lacks: then nothing would be destroyed.
func (s *service) keptRules(all []calendar.Rule) ([]calendar.Rule, error) {
	var wanted []string
	for _, f := range s.forgettings() {
		wanted = append(wanted, f.rules...)
	}
	out := slices.DeleteFunc(slices.Clone(all), func(r calendar.Rule) bool { return !slices.Contains(wanted, r.ID) })
	if len(out) == len(wanted) {
		return out, nil
	}
	var bad []fault.Field
	for _, id := range wanted {
		if !slices.ContainsFunc(out, func(r calendar.Rule) bool { return r.ID == id }) {
			bad = append(bad, fault.Field{Name: "deadlines." + id, Message: "期限文件没有 " + id + "：个人信息保存多久"})
		}
	}
	return nil, fault.InvalidFields("main.keptRules", bad...)
}
