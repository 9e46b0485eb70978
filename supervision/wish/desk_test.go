package wish

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/registrytest"
)

const east = "360428100001"

// desk is wishes over a real register and real books on a real store, on Monday 2026-10-19 at 09:00: a compound with a firm, a unit and a team of its community, and everybody who has to do with wishes.
type desk struct {
	*registrytest.Desk
	*Service
	books                                               *registry.Books
	grid, head, worker, worker2, secretary, town        policy.Actor
	unit, rival, team, manager, stranger, owners, other policy.Actor
	project, firm, unitID, teamID                       string
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{Desk: registrytest.NewDesk(t, time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC))}
	register := registrytest.Must[*registry.Register](t)(registry.Open(t.Context(), d.Desk.DB))
	d.Desk.Guard = policy.NewGuard(d.Rights, register)
	registers := registrytest.Must[*registry.Service](t)(registry.NewService(t.Context(), register, d.Desk.Guard, d.Clock))
	if _, err := registers.SeedDivisions(t.Context(), registrytest.Config(t, "divisions/duchang-divisions-2023.csv")); err != nil {
		t.Fatal(err)
	}
	set := registrytest.Must[*registry.BookSet](t)(registry.ParseBooks("books.yaml", registrytest.Config(t, "books.yaml")))
	d.books = registrytest.Must[*registry.Books](t)(registry.NewBooks(t.Context(), registers, set, d.Desk.Keeper))
	terms := registrytest.Must[*Terms](t)(ParseTerms("wishes.yaml", registrytest.Config(t, "wishes.yaml"), d.HasPeriod))
	d.Service = registrytest.Must[*Service](t)(New(t.Context(), Config{DB: d.Desk.DB, Guard: d.Desk.Guard, Keeper: d.Desk.Keeper, Now: d.Clock, Register: d.books, Terms: terms, Deadlines: d.Desk.Deadlines, Resolve: func(x calendar.Deadline) calendar.Deadline { return d.Holidays.Resolve(x) }}))
	text := registrytest.Must[string](t)
	officer := registrytest.Person("officer", "property_officer", policy.County)
	d.firm = text(registers.CreateFirm(t.Context(), officer, registry.FirmInput{Name: "赣北物业服务有限公司", Code: "91360428MA7XAMPL5W", Origin: registry.OriginMarket}))
	d.project = text(registers.CreateProject(t.Context(), officer, registry.ProjectInput{Name: "望湖苑", Address: "东风大道 8 号", Community: east, Households: 400, Kind: registry.KindCommodity}))
	if err := registers.AddContract(t.Context(), officer, d.project, 1, registry.ContractInput{Firm: d.firm, Kind: registry.ContractChosen, Level: registry.LevelNone, Days: policy.Span{From: registrytest.Day("2024-01-01"), Until: registrytest.Day("2027-12-31")}}); err != nil {
		t.Fatal(err)
	}
	c := policy.CommunityKey(east)
	d.worker, d.worker2, d.secretary = registrytest.Person("worker", "community_worker", c), registrytest.Person("worker2", "community_worker", c), registrytest.Person("secretary", "community_secretary", c)
	d.grid, d.head, d.other = registrytest.Person("grid", "grid_worker", c), registrytest.Person("head", "building_head", c), registrytest.Person("other", "community_worker", policy.CommunityKey("360428100002"))
	d.town, d.owners, d.manager = registrytest.Person("town", "township_party", policy.TownshipKey("360428100000")), registrytest.Person("owners", "owners_committee", policy.ProjectKey(d.project)), registrytest.Person("manager", "firm_manager", policy.FirmKey(d.firm))
	d.unitID = text(d.books.CreateEntry(t.Context(), d.worker, "units", east, map[string]string{"name": "县税务局", "kind": "office", "members": "30"}))
	rival := text(d.books.CreateEntry(t.Context(), d.worker, "units", east, map[string]string{"name": "县文化馆", "kind": "institution", "members": "12"}))
	d.teamID = text(d.books.CreateEntry(t.Context(), d.worker, "teams", east, map[string]string{"name": "蒲公英服务队", "kind": "party", "members": "20"}))
	helper := func(id, unit string) policy.Actor {
		return policy.Actor{ID: id, Appointments: []policy.Appointment{{Role: "cobuilder", Unit: unit, Scopes: []string{c}}}}
	}
	d.unit, d.rival, d.team, d.stranger = helper("unit", "u:"+d.unitID), helper("rival", "u:"+rival), helper("team", "u:"+d.teamID), helper("stranger", "")
	return d
}

func (d *desk) ctx() context.Context { return d.T.Context() }

// did is what a step made of a wish; it must not be refused.
func (d *desk) did(w store.Doc[Wish], err error) store.Doc[Wish] {
	d.T.Helper()
	return registrytest.Must[store.Doc[Wish]](d.T)(w, err)
}

func at(w store.Doc[Wish]) casework.At { return casework.At{ID: w.ID, Seq: w.Seq} }

func input(project string) Input {
	return Input{Kind: "care", Project: project, Spot: "3幢1单元", Words: "想在楼梯口装一个扶手", Asker: Asker{Name: "王桂英", Phone: "13800001234", Door: "3幢1单元201室"}}
}

// errand is what a resident asks the station to do.
func errand(project string) Input {
	in := input(project)
	in.Kind, in.Words = "errand_certificate", "想请驿站代办一份证明"
	return in
}

// asked enters a wish of the compound.
func (d *desk) asked() store.Doc[Wish] {
	d.T.Helper()
	return d.did(d.Enter(d.ctx(), d.grid, input(d.project)))
}

func proof() ProofInput {
	return ProofInput{Words: "扶手已经装好，试过牢固", HalfHours: 5, Helpers: 2}
}

// do takes a step as who may, with good values.
func (d *desk) do(w store.Doc[Wish], step Step) (store.Doc[Wish], error) {
	ctx, at, serving, taker := d.ctx(), at(w), d.unit, "u:"+d.unitID
	const why = "情况有变化"
	if w.State.Order == OrderErrand {
		serving, taker = d.worker, policy.CommunityKey(east)
	}
	switch step {
	case StepAccept:
		return d.Accept(ctx, d.worker, at, w.State.Kind, "楼梯口要一个扶手")
	case StepRefuse:
		return d.Refuse(ctx, d.worker, at, why)
	case StepDispatch:
		return d.Dispatch(ctx, d.worker, at, taker)
	case StepPool:
		return d.Pool(ctx, d.worker, at)
	case StepRecall:
		return d.Recall(ctx, d.worker, at, why)
	case StepGrant, StepDeny:
		return d.Decide(ctx, d.worker, at, step == StepGrant)
	case StepTake:
		return d.Take(ctx, serving, at, "")
	case StepLeave:
		return d.Leave(ctx, serving, at, why)
	case StepMore:
		return d.AskMore(ctx, serving, at, why)
	case StepProve:
		return d.Prove(ctx, serving, at, proof())
	case StepReceive:
		return d.Receive(ctx, serving, at, "身份证原件 1 份\n委托书")
	case StepGiveBack:
		return d.GiveBack(ctx, serving, at, "本人取回")
	case StepTell:
		return d.Inform(ctx, serving, at, "电话告知，本人来取")
	case StepConfirm:
		return d.Confirm(ctx, d.worker, at, "")
	case StepRedo:
		return d.Redo(ctx, d.worker, at, why)
	case StepClose:
		return d.Close(ctx, d.worker, at, why)
	case StepSettle:
		return d.Settle(ctx, d.worker, at, "上门看过，已经拧紧")
	case StepAgain:
		return d.Again(ctx, d.worker, at, "上门看过，确实松动")
	case StepCall:
		return d.Call(ctx, d.grid, at, 5, "很满意")
	case StepWithdraw:
		return d.Withdraw(ctx, d.grid, at, why)
	case StepDraft:
		return d.Write(ctx, d.worker, at, "楼梯口装上了扶手，老人上下楼更放心。")
	case StepReturn:
		return d.Return(ctx, d.secretary, at, "写明是哪家单位")
	case StepPublish:
		return d.Publish(ctx, d.secretary, at)
	case StepHide:
		return d.Hide(ctx, d.secretary, at, "内容有误")
	}
	panic(step)
}

// led brings a new wish by some steps to where they lead.
func (d *desk) led(way ...Step) store.Doc[Wish] {
	d.T.Helper()
	return d.along(d.asked(), way...)
}

// along brings a wish by some steps to where they lead.
func (d *desk) along(w store.Doc[Wish], way ...Step) store.Doc[Wish] {
	d.T.Helper()
	for _, step := range way {
		w = d.did(d.do(w, step))
	}
	return w
}

// toServed is the way to a confirmed service.
func toServed(more ...Step) []Step {
	return append([]Step{StepAccept, StepDispatch, StepTake, StepProve, StepConfirm}, more...)
}

func TestStoredFields(t *testing.T) {
	golden[Wish](t, "wish")
	golden[Member](t, "member")
	golden[PointEntry](t, "points-entry")
}

// golden compares the stored fields of a kind with its golden file.
func golden[T any](t *testing.T, name string) {
	t.Helper()
	if err := store.CheckType[T](); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/" + name + ".fields")
	if got := strings.Join(store.FieldNames[T](), "\n") + "\n"; err != nil || got != string(want) {
		t.Errorf("stored fields of %s changed; old records would not be read:\n%s%v", name, got, err)
	}
}
