package browsertest

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
	"redsteward/supervision/matter"
)

// fixtureTree is a matters.yaml with everything that a page shows of one.
const fixtureTree = `reporters:
  - {role: grid_worker, source: grid}
  - {role: owners_committee, source: committee}
departments:
  - {id: housing, title: 县住建局, roles: [property_officer]}
  - {id: fire, title: 县消防救援大队}
kinds:
  - id: hazard
    title: 公共安全隐患
    hazard: true
    categories:
      - {id: fire_exit, title: 占用堵塞消防通道, department: fire, answer: ten.days, urgent: true}
  - id: dispute
    title: 矛盾纠纷
    note: 先由人民调解组织调解
    categories:
      - {id: fee, title: 物业收费纠纷, department: housing, answer: ten.days}
  - id: service
    title: 物业服务问题
    categories:
      - {id: lamp, title: 公共照明不亮, department: housing, answer: ten.days}
platforms:
  - source: hotline
    title: 12345热线工单
    columns: {number: 工单编号, received: 派单时间, due: 办理时限, category: 诉求分类, community: 所属社区, project: 小区名称, where: 诉求地点, words: 诉求内容, outcome: 办理结果, done: 办结时间, result: 办结意见}
    words:
      - {of: category, said: 物业收费, is: fee}
      - {of: outcome, said: 已办结, is: fixed}
    answers:
      - {title: 工单编号, is: number}
      - {title: 办理意见, is: answer}
      - {title: 是否解决, is: fixed, yes: 办好了, no: 没办好}
`

// openMatters opens what people report over the register; every deadline is ten days, so that no calendar is needed.
func (f *Fixture) openMatters(ctx context.Context, rules *policy.Rules, guard *policy.Guard, now func() time.Time) error {
	tree, err := matter.ParseTree("matters.yaml", []byte(fixtureTree), rules, func(string) bool { return true })
	if err != nil {
		return err
	}
	f.Matters, err = matter.New(ctx, matter.Config{DB: f.DB, Guard: guard, Keeper: files.NewKeeper(f.DB, ""), Now: now, Places: f.Register.Register, Finder: f.Register.Finder, Tree: tree, Deadlines: tenDays,
		Resolve: func(d calendar.Deadline) calendar.Deadline { return d }})
	return err
}

// FedBack makes the feedback of the month before this one and returns the id of the last one made; something must be open.
func (f *Fixture) FedBack(ctx context.Context) (string, error) {
	by := policy.Actor{ID: "head", Appointments: []policy.Appointment{{Role: "dispatcher", Scopes: []string{policy.County}}}}
	year, month, _ := f.Register.Today().Parts()
	before, err := calendar.NewDate(year, month, 1)
	if err != nil {
		return "", err
	}
	if err := f.Matters.MakeFeedback(ctx, by, matter.MonthOf(before.Add(-1))); err != nil {
		return "", err
	}
	page, err := f.Matters.Feedbacks(ctx, by, false, "")
	if err == nil && len(page.Docs) == 0 {
		err = fault.New("browsertest.FedBack", fault.Internal, "没有可以反馈的")
	}
	if err != nil {
		return "", err
	}
	return page.Docs[0].ID, nil
}

// Answered lets the bureau answer a matter that somebody told of, as set right; the dispatcher is made up.
func (f *Fixture) Answered(ctx context.Context, officer policy.Actor, m store.Doc[matter.Matter], words string) (store.Doc[matter.Matter], error) {
	at := func() supervision.At { return supervision.At{ID: m.ID, Seq: m.Seq} }
	m, err := f.Matters.Dispatch(ctx, policy.Actor{ID: "dispatcher", Appointments: []policy.Appointment{{Role: "dispatcher", Scopes: []string{policy.County}}}}, at(), "housing")
	if err == nil {
		m, err = f.Matters.Accept(ctx, officer, at())
	}
	if err == nil {
		m, err = f.Matters.Begin(ctx, officer, at())
	}
	if err != nil {
		return m, err
	}
	return f.Matters.Answer(ctx, officer, at(), matter.AnswerInput{Words: words, Fixed: true, Liable: string(matter.LiableFirm), Reasonable: "yes"})
}

// Reported reports a matter in a compound and dispatches it to the bureau; the reporter and the dispatcher are made up.
func (f *Fixture) Reported(ctx context.Context, project, words string) (store.Doc[matter.Matter], error) {
	one := func(id string, role policy.Role) policy.Actor {
		return policy.Actor{ID: id, Appointments: []policy.Appointment{{Role: role, Scopes: []string{policy.County}}}}
	}
	m, err := f.Matters.Report(ctx, one("reporter", "owners_committee"), matter.Input{Category: "fee", Project: project, Where: "2幢门前", Words: words})
	if err != nil {
		return m, err
	}
	return f.Matters.Dispatch(ctx, one("dispatcher", "dispatcher"), supervision.At{ID: m.ID, Seq: m.Seq}, "housing")
}
