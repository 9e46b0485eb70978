package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision/wish"
)

// The founding article counts 829 wishes, of which 362 were fulfilled.
const (
	demoWishes = 829
	// demoStanding of them stand in every state on the day of the demonstration, every other one in the first community, whose people sign in without a number; the others ended before.
	demoStanding = 40
	// demoServed of those that ended were fulfilled; nine that stand are too.
	demoServed = 353
)

// wishWords are what is wished for, done and shown, by kind.
var wishWords = []struct{ kind, spot, words, did, shown string }{
	{"care", "3幢", "想请人每周陪老人读读报、说说话（演示）", "每周三下午上门陪伴两小时（演示）", "每周三下午，队员上门陪独居老人读报说话（演示）"},
	{"skills", "", "想学会用手机挂号和缴费（演示）", "一对一教会了挂号、缴费和视频通话（演示）", "手机小课堂开进楼栋，老人学会了挂号和缴费（演示）"},
	{"repair", "2幢楼道口", "楼道口想装一盏感应灯（演示）", "装好感应灯，试过亮灭正常（演示）", "楼道口装上了感应灯，晚归不再摸黑（演示）"},
	{"goods", "", "孩子写作业想要一张书桌（演示）", "送去一张书桌和一盏台灯（演示）", "一张闲置书桌送到了需要的孩子家里（演示）"},
	{"health", "5幢", "想请医生上门量血压、看看用药（演示）", "上门量血压、测血糖，写了用药提示（演示）", "家门口的义诊：量血压、测血糖、讲用药（演示）"},
	{"study", "", "放学后想有人辅导作业（演示）", "每周两次在社区辅导作业（演示）", "社区有了放学后的作业辅导（演示）"},
	{"advice", "", "想问房屋继承要办哪些手续（演示）", "律师讲清了手续和要带的材料（演示）", "律师进社区，当面答房屋继承的疑问（演示）"},
	{"culture", "中心广场", "广场上想放一场露天电影（演示）", "周六晚上放映一场，来了八十多人（演示）", "中心广场的露天电影，大人孩子都来了（演示）"},
	{"place", "北门花坛边", "花坛边想放两把长椅（演示）", "装好两把长椅，固定牢固（演示）", "北门花坛边添了两把长椅，接孩子有地方坐（演示）"},
}

// wishTale is one wish of the demonstration while it happens.
type wishTale struct {
	*countyLoader
	// i counts the wishes, project and community are places in the plan.
	i, project, community int
	// helper is whose turn it is to serve: the unit, the team, the firm, or for an errand the station.
	helper wish.TakerKind
	// errand is what is asked of the station, "" for a wish.
	errand string
	now    store.Doc[wish.Wish]
}

// wishStep is one step of a tale: so many days after the wish was asked, at an hour.
type wishStep struct {
	days, hour int
	do         func(*wishTale, context.Context) (store.Doc[wish.Wish], error)
}

// wishTales leave one wish in every state, some of them late, with more time asked for, given back, shown, and served by each kind of taker.
func wishTales() []struct {
	// back is how many days before the demonstration it was asked.
	back   int
	helper wish.TakerKind
	steps  []wishStep
} {
	type steps = []wishStep
	accept, pool, dispatch, take := wishStep{0, 11, (*wishTale).accept}, wishStep{0, 14, (*wishTale).pool}, wishStep{0, 14, (*wishTale).dispatch}, wishStep{0, 16, (*wishTale).take}
	then := func(first steps, more ...wishStep) steps { return slices.Concat(first, more) }
	taken := steps{accept, dispatch, take}
	proved := then(taken, wishStep{1, 17, (*wishTale).prove})
	served := then(proved, wishStep{2, 9, (*wishTale).confirm})
	written := then(served, wishStep{2, 15, (*wishTale).write})
	public := then(written, wishStep{2, 16, (*wishTale).publish})
	return []struct {
		back   int
		helper wish.TakerKind
		steps  []wishStep
	}{
		{3, "", nil}, {33, wish.TakerUnit, then(public, wishStep{5, 10, (*wishTale).praise})}, {4, wish.TakerUnit, steps{accept}}, {5, wish.TakerUnit, steps{accept, pool}},
		{3, wish.TakerTeam, steps{accept, dispatch}}, {6, wish.TakerUnit, steps{accept, pool, take}}, {7, wish.TakerUnit, then(taken, wishStep{1, 10, (*wishTale).more})}, {6, wish.TakerTeam, proved},
		{7, wish.TakerUnit, written}, {7, wish.TakerFirm, then(served, wishStep{3, 10, (*wishTale).blame})}, {47, wish.TakerTeam, then(public, wishStep{5, 10, (*wishTale).blame}, wishStep{6, 10, (*wishTale).settle})},
		{61, wish.TakerUnit, then(served, wishStep{20, 10, (*wishTale).unrated})}, {32, "", steps{{1, 10, (*wishTale).refuse}}}, {26, "", steps{accept, {1, 10, (*wishTale).withdraw}}},
		{5, wish.TakerUnit, then(taken, wishStep{1, 10, (*wishTale).leave})}, {40, wish.TakerFirm, then(public, wishStep{5, 10, (*wishTale).praise})}, {11, wish.TakerTeam, steps{accept, dispatch}},
	}
}

// wishActs lets residents ask, and the communities, units, teams and firms fulfil.
func (l *countyLoader) wishActs() []act {
	today, tales := calendar.DateOf(mustTime(demoStart)), wishTales()
	var acts []act
	for i := range min(demoStanding, 4*len(l.plan.projects)) {
		tale := tales[i%len(tales)]
		t := &wishTale{countyLoader: l, i: i, helper: tale.helper}
		if i%2 == 1 {
			t.community = (i/2 + 1) % l.plan.size.communities
		}
		t.placeAt(i / 2)
		acts = append(acts, t.acts(today.Add(-tale.back), tale.steps)...)
	}
	return slices.Concat(acts, l.endedActs(), l.errandActs())
}

// endedActs are the wishes of the year before, in proportion to the compounds: some fulfilled, shown and rated, the others refused or no longer wanted.
func (l *countyLoader) endedActs() []act {
	type steps = []wishStep
	first := calendar.DateOf(mustTime(demoStart)).Add(-wishYear)
	all := (demoWishes - demoStanding) * len(l.plan.projects) / wholeCounty().projects
	var acts []act
	for k := range all {
		t := &wishTale{countyLoader: l, i: demoStanding + k, community: k % l.plan.size.communities}
		t.placeAt(k / l.plan.size.communities)
		t.helper = []wish.TakerKind{wish.TakerUnit, wish.TakerTeam, wish.TakerFirm}[k/2%3]
		if t.helper == wish.TakerFirm && l.plan.projects[t.project].earlier >= 0 {
			t.helper = wish.TakerUnit // another firm served the compound then
		}
		accept := wishStep{1, 11, (*wishTale).accept}
		told := steps{{1, 10, (*wishTale).refuse}}
		switch served := (k+1)*demoServed/(demoWishes-demoStanding) > k*demoServed/(demoWishes-demoStanding); {
		case served:
			told = steps{accept, {1, 14, (*wishTale).dispatch}, {2, 10, (*wishTale).take}, {5, 17, (*wishTale).prove}, {6, 9, (*wishTale).confirm}}
			if k%2 == 0 {
				told = append(told, wishStep{6, 15, (*wishTale).write}, wishStep{6, 16, (*wishTale).publish})
			}
			switch {
			case k%23 == 0:
				told = append(told, wishStep{9, 10, (*wishTale).blame}, wishStep{11, 10, (*wishTale).settle})
			case k%7 == 0:
				told = append(told, wishStep{25, 10, (*wishTale).unrated})
			default:
				told = append(told, wishStep{9, 10, (*wishTale).praise})
			}
		case k%3 == 0:
			told = steps{accept, {4, 10, (*wishTale).withdraw}}
		}
		acts = append(acts, t.acts(first.Add(k*(wishYear-wishRest)/all), told)...)
	}
	return acts
}

// The wishes that ended were asked within wishYear days before the demonstration, the last of them wishRest days before it.
const (
	wishYear = 365
	wishRest = 62
)

// placeAt puts a wish into the n-th compound of its community.
func (t *wishTale) placeAt(n int) {
	var near []int
	for p := range t.plan.projects {
		if t.countyLoader.communityOf(p) == t.community {
			near = append(near, p)
		}
	}
	t.project = near[n%len(near)]
}

// acts are the steps of a wish that was asked on a day.
func (t *wishTale) acts(day calendar.Date, told []wishStep) []act {
	var acts []act
	for _, step := range append([]wishStep{{0, 9, (*wishTale).ask}}, told...) {
		acts = append(acts, act{hour(day.Add(step.days), step.hour), partWishes, func(ctx context.Context) (err error) {
			t.now, err = step.do(t, ctx)
			return err
		}})
	}
	return acts
}

// errandWords are what is asked of a station, by kind.
var errandWords = map[string]string{"errand_insurance": "腿脚不便，想请代办今年的医保缴费（演示）", "errand_bills": "不会用手机，想请代缴这个月的水电费（演示）", "errand_fetch": "想请每月代取一次慢病的药（演示）", "errand_certificate": "想请代办老年证，材料已备好（演示）", "errand_allowance": "想请代办高龄补贴申请（演示）",
	"errand_other": "想请代写一封信寄给外地的儿子（演示）"}

// errandTales leave one errand (代办) of the first community in every state, with documents held and given back.
func errandTales() []struct {
	back  int
	kind  string
	steps []wishStep
} {
	type steps = []wishStep
	accept, take, receive := wishStep{0, 11, (*wishTale).accept}, wishStep{0, 14, (*wishTale).take}, wishStep{0, 15, (*wishTale).receive}
	then := func(first steps, more ...wishStep) steps { return slices.Concat(first, more) }
	taken := steps{accept, take, receive}
	proved := then(taken, wishStep{1, 16, (*wishTale).prove})
	told := then(proved, wishStep{2, 9, (*wishTale).giveBack}, wishStep{2, 10, (*wishTale).tell})
	return []struct {
		back  int
		kind  string
		steps []wishStep
	}{
		{3, "errand_insurance", nil}, {4, "errand_bills", steps{accept}}, {3, "errand_fetch", steps{accept, {0, 14, (*wishTale).toFirm}}}, {4, "errand_certificate", taken}, {5, "errand_allowance", proved}, {7, "errand_insurance", told},
		{7, "errand_certificate", then(told, wishStep{3, 10, (*wishTale).blame})}, {25, "errand_fetch", then(told, wishStep{4, 10, (*wishTale).praise})}, {32, "errand_other", steps{{1, 10, (*wishTale).refuse}}}, {12, "errand_bills", steps{accept, {1, 10, (*wishTale).withdraw}}},
	}
}

// errandActs let residents of the first community ask its station for errands, and people of its units report there as party members.
func (l *countyLoader) errandActs() []act {
	today := calendar.DateOf(mustTime(demoStart))
	var acts []act
	first := 0
	for l.communityOf(first) != 0 {
		first++
	}
	for i, tale := range errandTales() {
		t := &wishTale{countyLoader: l, i: i, project: first, helper: wish.TakerStation, errand: tale.kind}
		acts = append(acts, t.acts(today.Add(-tale.back), tale.steps)...)
	}
	for i := range demoMembers {
		var at casework.At
		acts = append(acts, act{hour(today.Add(-60+i), 10), partWishes, func(ctx context.Context) error {
			in := wish.MemberInput{Community: l.plan.names.Communities[0], Name: l.memberName(i), Phone: memberPhone(i), Skills: []string{wishWords[i%len(wishWords)].kind}, Free: "每周六上午（演示）", Agreed: true}
			doc, err := l.wishes.Report(ctx, l.of("cobuilder", 0), in)
			at = casework.At{ID: doc.ID, Seq: doc.Seq}
			return err
		}})
		if i < demoMembers-1 {
			acts = append(acts, act{hour(today.Add(-60+i), 11), partWishes, func(ctx context.Context) error {
				_, err := l.wishes.StepMember(ctx, l.of("community_worker", 0), at, wish.MemberConfirm, "")
				return err
			}})
		}
	}
	return acts
}

// memberName and memberPhone are those of a party member who reported.
func (l *countyLoader) memberName(i int) string {
	return l.plan.person(draws(l.plan.seed, "member", i))
}

func memberPhone(i int) string { return fmt.Sprintf("1390002%04d", 1000+i) }

// demoMembers is how many party members reported in the demonstration; the last one waits for the community.
const demoMembers = 5

func (t *wishTale) receive(ctx context.Context) (store.Doc[wish.Wish], error) {
	return t.wishes.Receive(ctx, t.serving(), t.at(), "身份证复印件 1 份\n申请表 1 份")
}

func (t *wishTale) giveBack(ctx context.Context) (store.Doc[wish.Wish], error) {
	return t.wishes.GiveBack(ctx, t.serving(), t.at(), "本人取回（演示）")
}

func (t *wishTale) tell(ctx context.Context) (store.Doc[wish.Wish], error) {
	return t.wishes.Inform(ctx, t.serving(), t.at(), "电话告知已经办好（演示）")
}

// toFirm asks the firm of the compound to do an errand.
func (t *wishTale) toFirm(ctx context.Context) (store.Doc[wish.Wish], error) {
	return t.wishes.Dispatch(ctx, t.worker(), t.at(), policy.FirmKey(t.now.State.Firm))
}

// The people of a tale.
func (t *wishTale) at() casework.At { return casework.At{ID: t.now.ID, Seq: t.now.Seq} }

func (t *wishTale) grid() policy.Actor      { return t.of("grid_worker", t.community) }
func (t *wishTale) worker() policy.Actor    { return t.of("community_worker", t.community) }
func (t *wishTale) secretary() policy.Actor { return t.of("community_secretary", t.community) }

// serving is who acts for the taker.
func (t *wishTale) serving() policy.Actor {
	switch t.helper {
	case wish.TakerFirm:
		return t.of("firm_manager", t.plan.holder(t.project, t.plan.size.quarters()))
	case wish.TakerStation:
		return t.worker()
	case wish.TakerTeam:
		return t.of("cobuilder", helpersHired*t.community+1)
	}
	return t.of("cobuilder", helpersHired*t.community)
}

// ask is done by a grid worker for a resident.
func (t *wishTale) ask(ctx context.Context) (store.Doc[wish.Wish], error) {
	what := wishWords[t.i%len(wishWords)]
	if t.errand != "" {
		what.kind, what.spot, what.words = t.errand, "", errandWords[t.errand]
	}
	in := wish.Input{Kind: what.kind, Project: t.projects[t.project], Spot: what.spot, Words: what.words,
		Asker: wish.Asker{Name: t.plan.person(draws(t.plan.seed, "asker", t.i)), Phone: fmt.Sprintf("1390001%04d", 1000+t.i), Door: fmt.Sprintf("%d幢%d02室", 1+t.i%6, 1+t.i%5)}}
	return t.wishes.Enter(ctx, t.grid(), in)
}

func (t *wishTale) accept(ctx context.Context) (store.Doc[wish.Wish], error) {
	return t.wishes.Accept(ctx, t.worker(), t.at(), t.now.State.Kind, t.now.State.Words)
}

func (t *wishTale) pool(ctx context.Context) (store.Doc[wish.Wish], error) {
	return t.wishes.Pool(ctx, t.worker(), t.at())
}

func (t *wishTale) dispatch(ctx context.Context) (store.Doc[wish.Wish], error) {
	return t.wishes.Dispatch(ctx, t.worker(), t.at(), t.serving().Appointments[0].Unit)
}

func (t *wishTale) take(ctx context.Context) (store.Doc[wish.Wish], error) {
	return t.wishes.Take(ctx, t.serving(), t.at(), "")
}

func (t *wishTale) more(ctx context.Context) (store.Doc[wish.Wish], error) {
	return t.wishes.AskMore(ctx, t.serving(), t.at(), "人手排在下个月，请宽限几天（演示）")
}

func (t *wishTale) leave(ctx context.Context) (store.Doc[wish.Wish], error) {
	return t.wishes.Leave(ctx, t.serving(), t.at(), "这项服务我们没有合适的人（演示）")
}

// prove shows a picture where the kind asks for one.
func (t *wishTale) prove(ctx context.Context) (now store.Doc[wish.Wish], err error) {
	in := wish.ProofInput{Words: wishWords[t.i%len(wishWords)].did, Helpers: int64(2 + t.i%4), HalfHours: int64(4 + t.i%7)}
	if t.errand != "" {
		in.Words = "已经办好，结果带回驿站（演示）"
	}
	if !t.now.State.Photo {
		return t.wishes.Prove(ctx, t.serving(), t.at(), in)
	}
	data, err := demoPhoto(1000 + t.i)
	if err != nil {
		return now, err
	}
	photo, err := t.keeper.Receive("现场（演示）.jpg", bytes.NewReader(data), files.JPEG)
	if err != nil {
		return now, err
	}
	in.Photos = []*files.Upload{photo}
	now, err = t.wishes.Prove(ctx, t.serving(), t.at(), in)
	return now, errors.Join(err, photo.Close())
}

// confirm names one of the reported party members of the first community.
func (t *wishTale) confirm(ctx context.Context) (store.Doc[wish.Wish], error) {
	helped := ""
	if k := t.i / 2 % (demoMembers - 1); t.community == 0 && t.now.State.Day.Compare(calendar.DateOf(mustTime(demoStart)).Add(-50)) > 0 {
		helped = t.memberName(k) + " " + memberPhone(k)[7:]
	}
	return t.wishes.Confirm(ctx, t.worker(), t.at(), helped)
}

func (t *wishTale) write(ctx context.Context) (store.Doc[wish.Wish], error) {
	return t.wishes.Write(ctx, t.worker(), t.at(), wishWords[t.i%len(wishWords)].shown)
}

func (t *wishTale) publish(ctx context.Context) (store.Doc[wish.Wish], error) {
	return t.wishes.Publish(ctx, t.secretary(), t.at())
}

// praise and blame are what the resident says on the phone.
func (t *wishTale) praise(ctx context.Context) (store.Doc[wish.Wish], error) {
	return t.wishes.Call(ctx, t.grid(), t.at(), int64(5-t.i%2), "服务得好，谢谢大家（演示）")
}

func (t *wishTale) blame(ctx context.Context) (store.Doc[wish.Wish], error) {
	return t.wishes.Call(ctx, t.grid(), t.at(), 2, "只做了一半，还要再来一次（演示）")
}

func (t *wishTale) settle(ctx context.Context) (store.Doc[wish.Wish], error) {
	return t.wishes.Settle(ctx, t.worker(), t.at(), "又去了一次，剩下的已经做好，本人满意（演示）")
}

// unrated is closed once the time for the rating is over.
func (t *wishTale) unrated(ctx context.Context) (store.Doc[wish.Wish], error) {
	return t.wishes.Close(ctx, t.worker(), t.at(), "三次电话没有接通（演示）")
}

func (t *wishTale) refuse(ctx context.Context) (store.Doc[wish.Wish], error) {
	why := []string{"要动用公共部位，请先经业主大会表决（演示）", "是物业服务合同里的事，已转物业服务企业办理（演示）", "属于部门职责，已转成事项上报（演示）", "和前一件是同一件事，合在一起办（演示）"}
	return t.wishes.Refuse(ctx, t.worker(), t.at(), why[t.i%len(why)])
}

func (t *wishTale) withdraw(ctx context.Context) (store.Doc[wish.Wish], error) {
	why := []string{"家人已经解决，不用了（演示）", "搬到女儿家住，不用了（演示）", "邻居帮忙办好了（演示）"}
	return t.wishes.Withdraw(ctx, t.grid(), t.at(), why[t.i%len(why)])
}

// helpersHired is how many of those that serve a community have an account: one unit and one team.
const helpersHired = 2

// hireHelpers registers the units and teams that serve the communities and opens the accounts of some of them: whoever takes wishes acts for a row of these books.
func (l *countyLoader) hireHelpers(ctx context.Context) error {
	helpers, offers := l.helperRows()
	// Who offers something stands in the books before it.
	for _, rows := range [][]demoRow{helpers, offers} {
		if err := l.enterRows(ctx, rows); err != nil {
			return err
		}
	}
	var seats []seat
	for i, community := range l.plan.names.Communities[:l.plan.size.communities] {
		helpers, err := l.books.Helpers(ctx, community)
		if err != nil {
			return err
		}
		for k, book := range [helpersHired]string{registry.BookUnits, registry.BookTeams} {
			first := slices.IndexFunc(helpers, func(h registry.Helper) bool { return h.Book == book })
			seats = append(seats, seat{unit: "u:" + helpers[first].ID, scope: policy.CommunityKey(community), name: l.plan.person(draws(l.plan.seed, "person", "cobuilder", i, k))})
		}
	}
	return l.hireEach(ctx, func(info policy.RoleInfo) []seat {
		if info.Role == "cobuilder" {
			return seats
		}
		return nil
	})
}
