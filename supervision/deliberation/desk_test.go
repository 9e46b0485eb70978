package deliberation

import (
	"context"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/registrytest"
)

const (
	east = "360428100001"
	town = "360428100"
)

// desk is deliberation over a real register on a real store, on 2026-10-19: one project with a firm and votes of its owners.
type desk struct {
	*registrytest.Desk
	*Service
	register                                                   *registry.Service
	officer, worker, secretary, grid, township, manager, other policy.Actor
	owners                                                     policy.Actor
	project, firm, foreign                                     string
	carried, lost, elsewhere                                   string
}

// newDesk opens the desk.
func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{}
	d.Desk, _, d.register = registrytest.NewCounty(t, time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC))
	terms := registrytest.Must[*Terms](t)(ParseTerms("deliberation.yaml", registrytest.Config(t, "deliberation.yaml"), d.HasPeriod))
	d.Service = registrytest.Must[*Service](t)(New(t.Context(), Config{DB: d.Desk.DB, Guard: d.Desk.Guard, Now: d.Clock, Register: d.register, Terms: terms, Deadlines: d.Deadlines, Days: d.Holidays}))
	community := policy.CommunityKey(east)
	d.officer = registrytest.Person("officer", "property_officer", policy.County)
	d.worker, d.secretary, d.grid = registrytest.Person("worker", "community_worker", community), registrytest.Person("secretary", "community_secretary", community), registrytest.Person("grid", "grid_worker", community)
	text := registrytest.Must[string](t)
	d.firm = text(d.register.CreateFirm(t.Context(), d.officer, registry.FirmInput{Name: "赣北物业服务有限公司", Code: "91360428MA7XAMPL5W", Origin: registry.OriginMarket}))
	d.foreign = text(d.register.CreateFirm(t.Context(), d.officer, registry.FirmInput{Name: "长岭物业服务有限公司", Code: "91360428MA0TEYAT30", Origin: registry.OriginMarket}))
	d.project = text(d.register.CreateProject(t.Context(), d.officer, registry.ProjectInput{Name: "望湖苑", Address: "东风大道 8 号", Community: east, Households: 400, Kind: registry.KindCommodity}))
	row := registrytest.Must[registry.ProjectRow](t)(d.register.OneProject(t.Context(), d.officer, d.project))
	if err := d.register.AddContract(t.Context(), d.officer, d.project, row.Seq, registry.ContractInput{Firm: d.firm, Kind: registry.ContractChosen, Level: registry.LevelNone, Days: policy.Span{From: registrytest.Day("2024-01-01"), Until: registrytest.Day("2027-12-31")}}); err != nil {
		t.Fatal(err)
	}
	d.township = registrytest.Person("township", "dispatcher", policy.TownshipKey(row.Township))
	d.manager, d.other = registrytest.Person("manager", "firm_manager", policy.FirmKey(d.firm)), registrytest.Person("other", "firm_manager", policy.FirmKey(d.foreign))
	d.owners = registrytest.Person("owners", "owners_committee", policy.ProjectKey(d.project))
	vote := func(matter registry.Matter, agreed int64) string {
		all := registry.Owners{Area: num.FromInt(1000), Heads: 100}
		return text(d.register.RecordVote(t.Context(), d.officer, d.project, registry.VoteInput{Matter: matter, Title: "物业费调整为每平方米一元八角", Notified: registrytest.Day("2026-09-20"), Held: registrytest.Day("2026-10-18"), All: all, Joined: all,
			Agreed: registry.Owners{Area: num.FromInt(agreed * 10), Heads: agreed}}))
	}
	d.carried, d.lost, d.elsewhere = vote("m9", 51), vote("m9", 50), vote(registry.MatterFirm, 90)
	return d
}

func (d *desk) ctx() context.Context { return d.T.Context() }

// collected enters a problem of the project.
func (d *desk) collected() store.Doc[Item] {
	d.T.Helper()
	return registrytest.Must[store.Doc[Item]](d.T)(d.Collect(d.ctx(), d.grid, Problem{Project: d.project, Source: "resident", Text: "电梯前室遮阳棚挡光，两栋楼意见不一", Found: registrytest.Day("2026-10-10")}, nil))
}

// planned calls a meeting for today.
func (d *desk) planned() store.Doc[Meeting] {
	d.T.Helper()
	return registrytest.Must[store.Doc[Meeting]](d.T)(d.Plan(d.ctx(), d.worker, d.meetingInput(), nil))
}

func (d *desk) meetingInput() MeetingInput {
	return MeetingInput{Project: d.project, Kind: "bench", On: d.Today(), At: "19:30", Spot: "小区凉亭", Seats: []Seat{{ID: "residents", Invited: 8}, {ID: "community", Invited: 2}, {ID: "firm", Firm: d.firm, Invited: 1}}}
}

// came is who came to a meeting of meetingInput.
func came() map[string]int64 { return map[string]int64{"residents": 6, "community": 1, "firm": 1} }

const minutes = "居民代表、物业企业各自说明情况，逐件商议，形成意见。"

// held lets the meeting of an item take place.
func (d *desk) held(meeting string) store.Doc[Meeting] {
	d.T.Helper()
	m, _, err := d.OneMeeting(d.ctx(), d.worker, meeting)
	if err != nil {
		d.T.Fatal(err)
	}
	return registrytest.Must[store.Doc[Meeting]](d.T)(d.Hold(d.ctx(), d.worker, casework.At{ID: m.ID, Seq: m.Seq}, came(), minutes))
}

// topic is a topic of a matter that nobody reserves, or of one that the owners are reserved.
func topic(reserved bool) Topic {
	t := Topic{Title: "电梯前室遮阳棚的去留", Class: "minor", Subject: "neighbours"}
	if reserved {
		t.Title, t.Subject = "物业费要不要调整", "fee"
	}
	return t
}

// do takes a step as who may, with good values; what has several ways takes the one that outcome and reserved say.
func (d *desk) do(i store.Doc[Item], step Step, outcome Outcome) (store.Doc[Item], error) {
	ctx, at := d.ctx(), casework.At{ID: i.ID, Seq: i.Seq}
	reserved := outcome == OutcomeOwners
	switch step {
	case StepTopic:
		return d.SetTopic(ctx, d.worker, at, topic(reserved))
	case StepDecline:
		return d.Decline(ctx, d.worker, at, "", "已经进入司法程序，由法院处理")
	case StepEnquire:
		return d.Enquire(ctx, d.worker, at, registrytest.Day("2026-10-15"), "走访两栋楼，多数同意保留但要改小", "改为半透明材料；移到侧面")
	case StepSchedule:
		meeting := "none"
		if i.State.Can(step) {
			meeting = d.planned().ID
		}
		return d.Schedule(ctx, d.worker, at, meeting)
	case StepDecide:
		return d.Decide(ctx, d.worker, at, Result{Outcome: outcome, Decision: "遮阳棚改为半透明材料，由物业企业月底前换好", Agreed: 7})
	case StepDraft:
		return d.Draft(ctx, d.worker, at, "电梯前室遮阳棚改为半透明材料，由物业服务企业更换。")
	case StepReturn:
		return d.ReturnWords(ctx, d.secretary, at, "写明完成时间")
	case StepPublish:
		return d.Publish(ctx, d.secretary, at)
	case StepVote:
		return d.SetVote(ctx, d.worker, at, d.carried)
	case StepForward:
		return d.Service.Forward(ctx, d.township, at, Assignment{What: "鉴定遮阳棚是否影响消防", Unit: "消防救援大队", Paper: "都镇转〔2026〕3号", Days: 5})
	case StepTask:
		return d.Assign(ctx, d.worker, at, Assignment{What: "更换遮阳棚材料", To: ToFirm, Firm: d.firm, Days: 5})
	case StepReport:
		by := d.manager
		if len(i.State.Tasks) > 0 && !d.MayReport(by, i.State.Tasks[0]) {
			by = d.secretary // a task of a department is reported on by who runs the deliberation
		}
		return d.Report(ctx, by, at, 0, "已经更换完毕，请核实")
	case StepVerify:
		return d.Verify(ctx, d.worker, at, 0)
	case StepReopen:
		return d.Reopen(ctx, d.worker, at, 0, "还有一处没换")
	case StepUrge:
		return d.Urge(ctx, d.township, at, 0)
	case StepMore:
		by := d.manager
		if len(i.State.Tasks) > 0 && !d.MayReport(by, i.State.Tasks[0]) {
			by = d.secretary
		}
		return d.Ask(ctx, by, at, 0, 3, "材料还没有到货")
	case StepGrant:
		return d.Grant(ctx, d.township, at, 0, true, "")
	case StepAgain:
		return d.Again(ctx, d.worker, at, "双方愿意再谈")
	case StepFinish:
		return d.Finish(ctx, d.worker, at, "遮阳棚已经更换，居民没有意见")
	case StepGiveUp:
		return d.GiveUp(ctx, d.worker, at, "双方没有谈拢，建议走调解")
	case StepHide:
		return d.Hide(ctx, d.secretary, at, "内容有误")
	}
	panic(step)
}

// led brings a new item by some steps to where they lead; after StepSchedule the meeting is held where a StepDecide follows.
func (d *desk) led(outcome Outcome, way ...Step) store.Doc[Item] {
	d.T.Helper()
	i := d.collected()
	for _, step := range way {
		if step == StepDecide {
			d.held(i.State.Meeting)
		}
		next, err := d.do(i, step, outcome)
		if err != nil {
			d.T.Fatalf("%s of %s: %v", step, i.State.State, err)
		}
		i = next
	}
	return i
}

// toPublic is the way to a public result.
func toPublic(more ...Step) []Step {
	return append([]Step{StepTopic, StepEnquire, StepSchedule, StepDecide, StepDraft, StepPublish}, more...)
}

func day(text string) calendar.Date { return registrytest.Day(text) }
