package main

import (
	"bytes"
	"context"
	"errors"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
	"redsteward/supervision/matter"
)

// demoMatters is how many matters the demonstration has that leave one in every state; the others are those of its year.
const demoMatters = 34

// demoPictures is how many different photos grid workers take: a photo is stored once.
const demoPictures = 2 * demoMatters

// matterTale is one matter of the demonstration while it happens.
type matterTale struct {
	*countyLoader
	// i counts the matters, project and community are places in the plan; elsewhere says that it is not inside the compound.
	i, project, community int
	elsewhere             bool
	// category, where and words are what is reported, by is who does, nobody for who has no account.
	category, where, words string
	by                     policy.Actor
	// reply is what the department answers, said what is found when somebody looks; satisfied is what the reporter says if he is asked, which also who looks at a hazard does if asked is set.
	reply     matter.AnswerInput
	said      string
	satisfied matter.Satisfied
	asked     bool
	now       store.Doc[matter.Matter]
	// department is the one that gets it in the end, handler who acts for it.
	department string
	handler    policy.Actor
	// number and code are how who has no account finds it again.
	number, code string
}

// matterStep is one step of a tale: so many days after the report, at an hour.
type matterStep struct {
	days, hour int
	do         func(*matterTale, context.Context) error
}

// matterWords are what is reported, by category.
var matterWords = []struct{ category, where, words string }{
	{"fire_exit", "2幢1单元门前", "消防通道停了三辆私家车，登高面也被占（演示）"}, {"cleaning", "北门垃圾房", "垃圾桶满溢两天没有清运（演示）"}, {"charging", "5幢架空层", "有人从二楼拉线给电动车充电（演示）"}, {"neighbour", "3幢502室", "楼上卫生间漏水，两家说不拢（演示）"},
	{"facade", "8幢东山墙", "外墙面砖空鼓，掉了两块（演示）"}, {"lamp", "南侧小路", "四盏路灯不亮，老人晚上不敢走（演示）"}, {"lift", "1幢2单元", "电梯运行时抖动，停在两层之间一次（演示）"}, {"parking", "地面车位", "两户为固定车位争执（演示）"},
	{"road", "东门外人行道", "井盖松动，踩上去会翘（演示）"}, {"elderly", "6幢101室", "独居老人摔伤后需要人照看（演示）"}, {"fire_gear", "4幢各层", "灭火器压力不足，消火栓箱门打不开（演示）"}, {"fee", "物业服务中心", "业主说没有得到服务，拒交半年物业费（演示）"},
	{"building", "7幢顶层", "顶楼住户在露台搭了一间房（演示）"}, {"repair", "9幢单元门", "门禁坏了两周，报修没有人来（演示）"},
}

// matterTales leave one matter in every state, some of them late.
func matterTales() []struct {
	// back is how many days before the demonstration it was reported.
	back  int
	steps []matterStep
} {
	dispatch, accept, begin := matterStep{0, 10, (*matterTale).dispatch}, matterStep{0, 14, (*matterTale).accept}, matterStep{0, 15, (*matterTale).begin}
	answer, verify := matterStep{2, 10, (*matterTale).answer}, matterStep{3, 9, (*matterTale).verify}
	wrong, refuse, again := matterStep{0, 10, (*matterTale).wrong}, matterStep{0, 11, (*matterTale).refuse}, matterStep{0, 12, (*matterTale).dispatch}
	closed := []matterStep{dispatch, accept, begin, answer, verify}
	return []struct {
		back  int
		steps []matterStep
	}{
		{3, nil}, {40, closed}, {3, []matterStep{dispatch}}, {33, closed}, {3, []matterStep{wrong, refuse}}, {26, append([]matterStep{wrong, refuse, again}, closed[1:]...)}, {3, []matterStep{dispatch, accept}},
		{45, closed}, {4, []matterStep{dispatch, accept, begin}}, {21, []matterStep{dispatch, accept, begin, {2, 10, (*matterTale).cannot}, verify}}, {3, []matterStep{dispatch, accept, begin, {0, 16, (*matterTale).ask}}},
		{4, []matterStep{{0, 10, (*matterTale).twin}}}, {20, []matterStep{dispatch, accept, begin, {10, 9, (*matterTale).urge}}},
		{12, []matterStep{dispatch, accept, begin, answer, verify, {4, 9, (*matterTale).reopen}}}, {17, []matterStep{dispatch, accept, begin}}, {5, []matterStep{dispatch, accept, begin, answer}}, {6, nil},
	}
}

// matterActs lets people report, dispatch, answer and verify.
func (l *countyLoader) matterActs() []act {
	today, tales := calendar.DateOf(mustTime(demoStart)), matterTales()
	var acts []act
	for i := range l.plan.size.tales() {
		tale := tales[i%len(tales)]
		t := l.newTale(i)
		day := today.Add(-tale.back - i%2*7*min(1, tale.back/20))
		acts = append(acts, act{hour(day, 9), partMatters, t.report})
		for _, step := range tale.steps {
			acts = append(acts, act{hour(day.Add(step.days), step.hour), partMatters, func(ctx context.Context) error { return step.do(t, ctx) }})
		}
	}
	return acts
}

func (t *matterTale) at() supervision.At { return supervision.At{ID: t.now.ID, Seq: t.now.Seq} }

// tales is how many matters are told one by one.
func (s countySize) tales() int { return min(demoMatters, 8*s.projects) }

// newTale is the i-th matter that is told.
func (l *countyLoader) newTale(i int) *matterTale {
	what := matterWords[i%len(matterWords)]
	t := &matterTale{countyLoader: l, i: i, project: i * 5 % len(l.plan.projects), category: what.category, where: what.where, words: what.words, said: "现场看过，与答复一致（演示）", satisfied: "yes",
		reply: matter.AnswerInput{Words: "已到现场处理，通知了责任单位（演示）", Fixed: true, Liable: []string{"firm", "owner", "public", "none"}[i%4], Reasonable: "yes"}}
	if i%11 == 7 {
		t.reply.Reasonable = "no"
	}
	t.community = l.communityOf(t.project)
	switch {
	case i%9 == 4:
		t.by = l.of("rider", 0)
	case i%5 == 3:
		t.by = l.of("community_worker", t.community)
	case t.project == 0:
		t.by = l.of("owners_committee", 0)
	default:
		t.by = l.of("grid_worker", t.community)
	}
	return t
}

// communityOf is the place of the community of a project in the plan.
func (l *countyLoader) communityOf(project int) int {
	for i, id := range l.plan.names.Communities {
		if id == l.plan.projects[project].input.Community {
			return i
		}
	}
	return 0
}

// report reports it, with an account or without.
func (t *matterTale) report(ctx context.Context) (err error) {
	in := matter.Input{Category: t.category, Project: t.projects[t.project], Where: t.where, Words: t.words}
	if t.elsewhere {
		in.Project, in.Community = "", t.plan.names.Communities[t.community]
	}
	_, category, err := t.matters.Tree.Category(t.category)
	if err != nil {
		return err
	}
	t.department, t.handler = category.Department, t.handlerOf(category.Department)
	if t.by.ID != "" {
		t.now, err = t.matters.Report(ctx, t.by, in)
		return err
	}
	told, err := t.matters.Tell(ctx, policy.Actor{}, in)
	if err != nil {
		return err
	}
	t.number, t.code = told.Number, told.Code
	t.now, err = t.matters.One(ctx, t.of("dispatcher", 0), supervision.Tickets{DB: t.db, Of: "matter"}.ID(told.Number))
	return err
}

// handlerOf is who acts for a department in the demonstration.
func (l *countyLoader) handlerOf(department string) policy.Actor {
	n := 0
	for _, d := range l.matters.Tree.Departments() {
		if d.ID == department {
			break
		}
		if len(d.Roles) == 0 {
			n++
		}
	}
	if d, err := l.matters.Tree.Department(department); err == nil && len(d.Roles) > 0 {
		return l.of(d.Roles[0], 0)
	}
	return l.of("department_handler", n)
}

func (t *matterTale) dispatch(ctx context.Context) (err error) {
	t.now, err = t.matters.Dispatch(ctx, t.of("dispatcher", 0), t.at(), t.department)
	return err
}

// wrong dispatches to a department that refuses.
func (t *matterTale) wrong(ctx context.Context) (err error) {
	t.now, err = t.matters.Dispatch(ctx, t.of("dispatcher", 0), t.at(), t.otherDepartment())
	return err
}

func (t *matterTale) otherDepartment() string {
	if t.department == "civil" {
		return "police"
	}
	return "civil"
}

func (t *matterTale) refuse(ctx context.Context) (err error) {
	t.now, err = t.matters.Refuse(ctx, t.handlerOf(t.otherDepartment()), t.at(), "不属于本部门职责（演示）")
	return err
}

func (t *matterTale) accept(ctx context.Context) (err error) {
	t.now, err = t.matters.Accept(ctx, t.handler, t.at())
	return err
}

func (t *matterTale) begin(ctx context.Context) (err error) {
	t.now, err = t.matters.Begin(ctx, t.handler, t.at())
	return err
}

func (t *matterTale) ask(ctx context.Context) (err error) {
	t.now, err = t.matters.AskMore(ctx, t.handler, t.at(), "要等配件到货（演示）")
	return err
}

func (t *matterTale) answer(ctx context.Context) (err error) {
	t.now, err = t.matters.Answer(ctx, t.handler, t.at(), t.reply)
	return err
}

// again answers once more what was not set right the first time.
func (t *matterTale) again(ctx context.Context) error {
	if t.now.State.State != matter.Working {
		return nil
	}
	return t.answer(ctx)
}

// grant gives more time.
func (t *matterTale) grant(ctx context.Context) (err error) {
	t.now, err = t.matters.Decide(ctx, t.of("dispatcher", 0), t.at(), true)
	return err
}

// cannot answers that it is not set right.
func (t *matterTale) cannot(ctx context.Context) (err error) {
	t.now, err = t.matters.Answer(ctx, t.handler, t.at(), matter.AnswerInput{Words: "涉及产权争议，已告知通过诉讼解决（演示）", Liable: "owner", Reasonable: "yes"})
	return err
}

// verify closes what waits to be verified, by who may; the rest was closed by the answer.
func (t *matterTale) verify(ctx context.Context) (err error) {
	if t.now.State.State != matter.Answered {
		return nil
	}
	in := matter.CheckInput{Move: matter.MoveFixed, Words: t.said}
	if !t.now.State.Answer.Fixed {
		in.Move = matter.MoveUnfixed
	}
	return t.look(ctx, in)
}

// redo finds that it was not set right after all.
func (t *matterTale) redo(ctx context.Context) error {
	if t.now.State.State != matter.Answered {
		return nil
	}
	return t.look(ctx, matter.CheckInput{Move: matter.MoveRedo, Words: "现场看过，只做了一半（演示）"})
}

// look verifies an answer: a hazard by another grid worker with a photo, everything else by the secretary.
func (t *matterTale) look(ctx context.Context, in matter.CheckInput) (err error) {
	if t.now.State.Check.Way != matter.WayPhoto {
		in.Satisfied = t.satisfied
		t.now, err = t.matters.Verify(ctx, t.of("community_secretary", t.community), t.at(), in)
		return err
	}
	if t.asked {
		in.Satisfied = t.satisfied
	}
	data, err := demoPhoto(t.i % demoPictures)
	if err != nil {
		return err
	}
	photo, err := t.keeper.Receive("核实（演示）.jpg", bytes.NewReader(data), files.JPEG)
	if err != nil {
		return err
	}
	in.Photos = []*files.Upload{photo}
	other := t.of("grid_worker", t.plan.size.communities+t.community)
	if other.ID == t.by.ID {
		other = t.of("grid_worker", t.community)
	}
	t.now, err = t.matters.Verify(ctx, other, t.at(), in)
	return errors.Join(err, photo.Close())
}

// judge is what who has no account says of an answer.
func (t *matterTale) judge(ctx context.Context) (err error) {
	if t.now.State.State != matter.Answered || t.now.State.Check.Way != matter.WayAsked {
		return nil
	}
	if _, err = t.matters.Judge(ctx, policy.Actor{}, t.number, t.code, t.now.State.Answer.Fixed, t.satisfied, nil); err == nil {
		t.now, err = t.matters.One(ctx, t.of("dispatcher", 0), t.now.ID)
	}
	return err
}

// twin is reported by another person and merged into the first report.
func (t *matterTale) twin(ctx context.Context) error {
	first := t.now.ID
	by := t.of("grid_worker", t.plan.size.communities+t.community)
	second, err := t.matters.Report(ctx, by, matter.Input{Category: t.category, Project: t.projects[t.project], Where: t.where, Words: "同一处又有住户反映（演示）"})
	if err == nil {
		_, err = t.matters.Merge(ctx, t.of("dispatcher", 0), supervision.At{ID: second.ID, Seq: second.Seq}, first)
	}
	return err
}

// urge confirms the first rung, if the matter is late by then.
func (t *matterTale) urge(ctx context.Context) (err error) {
	if t.matters.Proposes(&t.now.State) != matter.RungUrge {
		return nil
	}
	t.now, err = t.matters.Urge(ctx, t.of("dispatcher", 0), t.at(), matter.RungUrge)
	return err
}

// reopen is asked by who reported it.
func (t *matterTale) reopen(ctx context.Context) (err error) {
	if t.now.State.State.Closed() {
		t.now, err = t.matters.Reopen(ctx, t.by, t.at(), "过了两天又是老样子（演示）")
	}
	return err
}

// matterSeats gives every community a second grid worker, who verifies hazards, and every department somebody who handles its matters.
func (l *countyLoader) matterSeats(role policy.Role) []seat {
	var seats []seat
	switch role {
	case "grid_worker":
		for i, community := range l.plan.names.Communities[:l.plan.size.communities] {
			key := policy.CommunityKey(community)
			seats = append(seats, seat{unit: key, scope: key, name: l.plan.person(draws(l.plan.seed, "second grid worker", i))})
		}
	case "department_handler":
		for i, d := range l.matters.Tree.Departments() {
			if len(d.Roles) == 0 {
				seats = append(seats, seat{unit: "u:" + d.ID, scope: policy.County, name: l.plan.person(draws(l.plan.seed, "person", role, i))})
			}
		}
	}
	return seats
}
