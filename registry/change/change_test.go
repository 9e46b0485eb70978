package change

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/registrytest"
)

const (
	east     = "360428100001"
	villages = "360428101500"
)

var (
	day   = registrytest.Day
	today = day("2026-10-19")
)

func person(role policy.Role, scope string) policy.Actor {
	return registrytest.Person("a-"+string(role), role, scope)
}

// desk is the changes over a real register on 2026-10-19: one project that the firm old holds until the end of 2026, with a next firm, a custody and votes.
type desk struct {
	*registrytest.Desk
	*Service
	register            *registry.Service
	officer             policy.Actor
	project, old, new   string
	carried, lost, fund string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{officer: person("property_officer", policy.County)}
	ctx, must := t.Context(), registrytest.Must[string](t)
	d.Desk, _, d.register = registrytest.NewCounty(t, today.Begins().Add(9*time.Hour))
	d.Service = registrytest.Must[*Service](t)(New(ctx, Config{DB: d.Desk.DB, Guard: d.Guard, Now: d.Clock, Register: d.register, Deadlines: d.Deadlines}))
	d.old = must(d.register.CreateFirm(ctx, d.officer, registry.FirmInput{Name: "赣北物业服务有限公司", Code: "91360428MA7XAMPL5W", Origin: registry.OriginMarket}))
	d.new = must(d.register.CreateFirm(ctx, d.officer, registry.FirmInput{Name: "长岭物业服务有限公司", Code: "91360428MA0TEYAT30", Origin: registry.OriginMarket}))
	d.project = d.addProject("望湖苑", east)
	d.contract(d.project, registry.ContractChosen, d.old, "2024-01-01", "2026-10-15") // c1
	d.contract(d.project, registry.ContractCustody, d.new, "2026-10-16", "2026-10-17")
	d.contract(d.project, registry.ContractChosen, d.new, "2026-10-18", "2029-10-17") // c3
	vote := func(matter registry.Matter, agreed int64) string {
		all := registry.Owners{Area: num.FromInt(1000), Heads: 100}
		return must(d.register.RecordVote(ctx, d.officer, d.project, registry.VoteInput{Matter: matter, Title: "选聘长岭物业", Notified: day("2026-09-01"), Held: day("2026-09-20"), All: all, Joined: all,
			Agreed: registry.Owners{Area: num.FromInt(agreed * 10), Heads: agreed}}))
	}
	d.carried, d.lost, d.fund = vote(registry.MatterFirm, 51), vote(registry.MatterFirm, 50), vote("m5", 90)
	return d
}

func (d *desk) addProject(name, community string) string {
	d.T.Helper()
	return registrytest.Must[string](d.T)(d.register.CreateProject(d.T.Context(), d.officer, registry.ProjectInput{Name: name, Address: "东风大道 8 号", Community: community, Households: 400, Kind: registry.KindCommodity}))
}

func (d *desk) contract(project string, kind registry.ContractKind, firm, from, until string) {
	d.T.Helper()
	row, err := d.register.OneProject(d.T.Context(), d.officer, project)
	if err == nil {
		err = d.register.AddContract(d.T.Context(), d.officer, project, row.Seq, registry.ContractInput{Firm: firm, Kind: kind, Level: registry.LevelNone, Days: policy.Span{From: day(from), Until: day(until)}})
	}
	if err != nil {
		d.T.Fatal(err)
	}
}

func (d *desk) notice() Notice {
	return Notice{Giver: GiverFirm, Given: day("2026-08-01"), Leaves: day("2026-10-15"), Reason: "经营亏损"}
}

// take does a step as the officer would, with good values.
func (d *desk) take(at casework.At, step Step) (store.Doc[Change], error) {
	ctx := d.T.Context()
	switch step {
	case StepAnnounce:
		return d.Announce(ctx, d.officer, at, day("2026-08-02"), "小区公告栏")
	case StepCustody:
		return d.Custody(ctx, d.officer, at, "c2")
	case StepChoose:
		return d.Choose(ctx, d.officer, at, d.carried, "c3")
	case StepHand:
		return d.Hand(ctx, d.officer, at)
	case StepItem:
		return d.Item(ctx, d.officer, at, "keys", day("2026-10-18"), "")
	case StepRefuse:
		return d.Refuse(ctx, d.officer, at, day("2026-10-16"), "拒不移交钥匙")
	case StepMeasure:
		return d.Measure(ctx, d.officer, at, day("2026-10-17"), "约谈企业负责人")
	case StepSettle:
		return d.Settle(ctx, d.officer, at, day("2026-10-18"), "企业同意移交")
	case StepFinish:
		return d.Finish(ctx, d.officer, at)
	case StepWithdraw:
		return d.Withdraw(ctx, d.officer, at, "双方续约")
	}
	panic(step)
}

// TestTable goes through every state and every step: what the table allows leads where it says, everything else is a conflict that writes nothing.
func TestTable(t *testing.T) {
	ways := map[State][]Step{
		Noticed: nil, Announced: {StepAnnounce}, InCustody: {StepAnnounce, StepCustody}, Chosen: {StepAnnounce, StepCustody, StepChoose}, Handing: {StepAnnounce, StepChoose, StepHand},
		Refusing: {StepAnnounce, StepCustody, StepRefuse}, Done: {StepAnnounce, StepChoose, StepHand, StepItem, StepFinish}, Withdrawn: {StepWithdraw},
	}
	if len(ways) != len(States()) || len(steps) != len(States()) {
		t.Fatal("a state is missing")
	}
	d := newDesk(t)
	ctx := t.Context()
	for _, state := range States() {
		reach := func() store.Doc[Change] {
			doc, err := d.Open(ctx, d.officer, d.project, "c1", d.notice(), nil)
			for _, step := range ways[State(state.ID)] {
				if step == StepFinish {
					for _, item := range items() {
						if err == nil {
							doc, err = d.Item(ctx, d.officer, casework.At{ID: doc.ID, Seq: doc.Seq}, item.ID, calendar.Date{}, "原企业没有建档")
						}
					}
				}
				if err == nil {
					doc, err = d.take(casework.At{ID: doc.ID, Seq: doc.Seq}, step)
				}
			}
			if err != nil || doc.State.State != State(state.ID) {
				t.Fatalf("%s is not reached: %s %v", state.ID, doc.State.State, err)
			}
			return doc
		}
		doc := reach()
		for _, step := range Steps() {
			to, allowed := steps[State(state.ID)][step]
			at := casework.At{ID: doc.ID, Seq: doc.Seq}
			if !allowed {
				d.Refused(state.ID+" "+string(step), fault.Conflict, func() error { _, err := d.take(at, step); return err }, "现在是“"+state.Text+"”")
				continue
			}
			if step == StepFinish {
				d.Refused("nothing was handed over", fault.Conflict, func() error { _, err := d.take(at, step); return err }, "还有 6 项没有移交")
				continue
			}
			if to == back {
				to = doc.State.Back
			}
			next, err := d.take(at, step)
			if err != nil || next.State.State != to || next.State.Last != step {
				t.Errorf("%s %s leads to %s %v, want %s", state.ID, step, next.State.State, err, to)
			}
			d.Refused("overtaken", fault.Conflict, func() error { _, err := d.take(at, step); return err }, "刚被别人办过")
			if to != State(state.ID) {
				d.clear(next)
				doc = reach()
			} else {
				doc = next
			}
		}
		d.clear(doc)
	}
}

// clear gives the project free for the next change, as ending one does.
func (d *desk) clear(doc store.Doc[Change]) {
	d.T.Helper()
	if doc.State.State.Final() {
		return
	}
	meta := store.Meta{By: d.officer.ID, Action: string(policy.WriteRegister)}
	doc.State.State = Withdrawn
	if _, err := d.Docs.Commit(d.T.Context(), meta, doc.ID, doc.Seq, doc.State); err != nil {
		d.T.Fatal(err)
	}
	if err := d.Desk.DB.Release(d.T.Context(), meta, openClaim, claimKey(&doc.State), changeKind+"/"+doc.ID); err != nil {
		d.T.Fatal(err)
	}
}

// TestRefusalOnlyAfterTheLastDay: up to its last day of service, which is 15 October, the firm may be there.
func TestRefusalOnlyAfterTheLastDay(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	doc, err := d.Open(ctx, d.officer, d.project, "c1", d.notice(), nil)
	if err == nil {
		doc, err = d.take(casework.At{ID: doc.ID, Seq: doc.Seq}, StepAnnounce)
	}
	if err != nil {
		t.Fatal(err)
	}
	refuse := func(on string) error {
		_, err := d.Refuse(ctx, d.officer, casework.At{ID: doc.ID, Seq: doc.Seq}, day(on), "拒不移交钥匙")
		return err
	}
	for _, on := range []string{"2026-08-20", "2026-10-15"} {
		d.Refused("refuses to leave on "+on, fault.Invalid, func() error { return refuse(on) }, "on 赣北物业服务有限公司服务到2026年10月15日", "不是拒不退出")
	}
	if err := refuse("2026-10-16"); err != nil {
		t.Error(err)
	}
}

func TestOpenAndFields(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	open := func(by policy.Actor, contract string, in Notice) func() error {
		return func() error { _, err := d.Open(ctx, by, d.project, contract, in, nil); return err }
	}
	d.Refused("no right", fault.Forbidden, open(person("firm_manager", policy.FirmKey(d.new)), "c1", d.notice()))
	d.Refused("out of scope", fault.NotFound, open(person("property_officer", "t:360428101000"), "c1", d.notice()))
	d.Refused("nothing", fault.Invalid, open(d.officer, "", Notice{}), "请选择要终止的合同", "请选择由谁通知", "请填写收到通知的日期", "请填写服务的最后一天", "reason 请填写原因")
	in := d.notice()
	in.Given, in.Leaves = today.Add(1), day("2026-10-16")
	d.Refused("days", fault.Invalid, open(d.officer, "c1", in), "收到通知的日期2026年10月20日还没有到", "服务的最后一天2026年10月16日早于")
	in = d.notice()
	in.Leaves = day("2026-10-18")
	d.Refused("after the end", fault.Invalid, open(d.officer, "c1", in), "晚于合同截止日2026年10月15日")
	doc, err := d.Open(ctx, d.officer, d.project, "c1", d.notice(), nil)
	if err != nil {
		t.Fatal(err)
	}
	// 90 days before 15 October are 17 July: the notice of 1 August came 15 days late.
	if c := doc.State; c.InTime.Due != day("2026-07-17") || c.Short() != 15 || c.FirmName != "赣北物业服务有限公司" {
		t.Errorf("%+v", c)
	}
	d.Refused("a second one", fault.Conflict, open(d.officer, "c1", d.notice()), "已经有一次正在办理的更换")
	at := casework.At{ID: doc.ID, Seq: doc.Seq}
	d.Refused("announced too early", fault.Invalid, func() error { _, err := d.Announce(ctx, d.officer, at, day("2026-07-31"), ""); return err }, "公告日期2026年7月31日早于2026年8月1日", "where 请填写公告地点")
	d.Refused("step without right", fault.Forbidden, func() error {
		_, err := d.Announce(ctx, person("inspector", policy.County), at, today, "公告栏")
		return err
	})
	d.Refused("step outside the scope", fault.NotFound, func() error {
		_, err := d.Announce(ctx, person("property_officer", "t:360428101000"), at, today, "公告栏")
		return err
	})
	if doc, err = d.take(at, StepAnnounce); err != nil {
		t.Fatal(err)
	}
	at = casework.At{ID: doc.ID, Seq: doc.Seq}
	custody := func(contract string) func() error {
		return func() error { _, err := d.Custody(ctx, d.officer, at, contract); return err }
	}
	d.Refused("custody: none", fault.Invalid, custody("c9"), "请选择接下来的合同")
	d.Refused("custody: the old one", fault.Invalid, custody("c1"), "请选择接下来的合同")
	d.Refused("custody: another kind", fault.Invalid, custody("c3"), "这份合同不是应急托管")
	choose := func(vote, contract string) func() error {
		return func() error { _, err := d.Choose(ctx, d.officer, at, vote, contract); return err }
	}
	d.Refused("choice: no vote", fault.Invalid, choose("none", "c3"), "请选择选聘的表决记录")
	d.Refused("choice: another matter", fault.Invalid, choose(d.fund, "c3"), "这次表决的事项是“使用维修资金”")
	d.Refused("choice: half is not more than half", fault.Invalid, choose(d.lost, "c3"), "同意的没有达到过半数")
	d.Refused("choice: a custody", fault.Invalid, choose(d.carried, "c2"), "合同类型不是业主大会选聘")
	if doc, err = d.take(at, StepCustody); err != nil || doc.State.Custody != "c2" || doc.State.Limit.Due != day("2027-04-16") {
		t.Fatalf("%+v %v", doc.State, err)
	}
	// The leaving firm sees it, a firm that has nothing to do with it does not.
	if _, err := d.One(ctx, person("firm_manager", policy.FirmKey("nobody")), doc.ID); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	if list, err := d.Find(ctx, d.officer, Filter{Text: "why", State: InCustody}); err != nil || len(list) != 1 {
		t.Errorf("%d %v", len(list), err)
	}
	if list, err := d.Find(ctx, d.officer, Filter{State: Done}); err != nil || len(list) != 0 {
		t.Errorf("%d %v", len(list), err)
	}
	history, err := d.History(ctx, d.officer, doc.ID)
	if err != nil || len(history) != 3 || history[2].State.Last != StepCustody {
		t.Errorf("%+v %v", history, err)
	}
}

// TestLongCustody: a custody of more than six months is not linked.
func TestLongCustody(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	project := d.addProject("芝城花园", east)
	d.contract(project, registry.ContractChosen, d.old, "2024-01-01", "2026-10-15")
	d.contract(project, registry.ContractCustody, d.new, "2026-10-16", "2027-04-17")
	doc, err := d.Open(ctx, d.officer, project, "c1", d.notice(), nil)
	if err == nil {
		doc, err = d.take(casework.At{ID: doc.ID, Seq: doc.Seq}, StepAnnounce)
	}
	if err != nil {
		t.Fatal(err)
	}
	d.Refused("a day too long", fault.Invalid, func() error {
		_, err := d.Custody(ctx, d.officer, casework.At{ID: doc.ID, Seq: doc.Seq}, "c2")
		return err
	}, "应急托管到2027年4月17日，最迟只能到2027年4月16日")
}

// TestRisks: every cause with its days, the gravest first, by filter, order and scope.
func TestRisks(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	d.addProject("安居苑", villages)
	lapsed := d.addProject("宝塔苑", east)
	d.contract(lapsed, registry.ContractChosen, d.old, "2024-01-01", "2026-10-09")
	ending := d.addProject("城南苑", east)
	d.contract(ending, registry.ContractChosen, d.old, "2024-01-01", "2026-12-31")
	row, err := d.register.OneProject(ctx, d.officer, ending)
	if err == nil {
		err = d.register.SetBody(ctx, d.officer, ending, row.Seq, registry.Body{Kind: registry.BodyCommittee, Days: policy.Span{From: day("2021-11-01"), Until: day("2026-10-31")}})
	}
	if err != nil {
		t.Fatal(err)
	}
	custody := d.addProject("东湖苑", east)
	d.contract(custody, registry.ContractCustody, d.old, "2026-06-01", "2026-11-30")
	doc, err := d.Open(ctx, d.officer, d.project, "c1", d.notice(), nil)
	for _, step := range []Step{StepAnnounce, StepRefuse} {
		if err == nil {
			doc, err = d.take(casework.At{ID: doc.ID, Seq: doc.Seq}, step)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	risks := func(by policy.Actor, q RiskQuery) []string {
		t.Helper()
		list, err := d.Risks(ctx, by, q)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, r := range list {
			text := r.Name
			for _, g := range r.Grounds {
				text += " " + string(g.Cause)
			}
			out = append(out, text)
		}
		return out
	}
	for _, tt := range []struct {
		name string
		by   policy.Actor
		q    RiskQuery
		want []string
	}{
		{"all", d.officer, RiskQuery{}, []string{"望湖苑 refusal", "宝塔苑 lapsed", "安居苑 none", "东湖苑 custody", "城南苑 ending body"}},
		{"by days", d.officer, RiskQuery{ByDays: true}, []string{"宝塔苑 lapsed", "望湖苑 refusal", "城南苑 ending body", "东湖苑 custody", "安居苑 none"}},
		{"by cause", d.officer, RiskQuery{Cause: CauseBody}, []string{"城南苑 ending body"}},
		{"by name", d.officer, RiskQuery{Text: "baota"}, []string{"宝塔苑 lapsed"}},
		{"by township", d.officer, RiskQuery{Township: "360428101000"}, []string{"安居苑 none"}},
		{"the other township", person("township_party", "t:360428101000"), RiskQuery{}, []string{"安居苑 none"}},
		{"descending", d.officer, RiskQuery{Township: "360428100000", Desc: true}, []string{"城南苑 ending body", "东湖苑 custody", "宝塔苑 lapsed", "望湖苑 refusal"}},
	} {
		if got := risks(tt.by, tt.q); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	d.Refused("no right", fault.Forbidden, func() error {
		_, err := d.Risks(ctx, person("owner", policy.ProjectKey(d.project)), RiskQuery{})
		return err
	})
}

func TestStoredFields(t *testing.T) {
	if err := store.CheckType[Change](); err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile("testdata/change.fields")
	if got := strings.Join(store.FieldNames[Change](), "\n") + "\n"; err != nil || got != string(golden) {
		t.Errorf("stored fields changed; old records would not be read:\n%s%v", got, err)
	}
}

// TestLeftFirm: a firm that has left sees how it left, and no longer the compound, which then stands on nobody's board of its own.
func TestLeftFirm(t *testing.T) {
	d := newDesk(t)
	ctx, firm := t.Context(), person("firm_manager", policy.FirmKey(d.new))
	project := d.addProject("东湖苑", east)
	d.contract(project, registry.ContractChosen, d.new, "2024-01-01", "2026-11-30")
	if _, err := d.Open(ctx, d.officer, project, "c1", Notice{Giver: GiverFirm, Given: day("2026-10-01"), Leaves: day("2026-11-30"), Reason: "经营亏损"}, nil); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		day         string
		running, at int
	}{{"2026-10-19", 1, 1}, {"2026-12-01", 1, 0}} {
		d.MoveTo(day(tt.day).Begins())
		running, err := d.Running(ctx, firm)
		if err != nil || len(running) != tt.running {
			t.Errorf("%s: %d changes, %v", tt.day, len(running), err)
		}
		risks, err := d.Risks(ctx, firm, RiskQuery{})
		if err != nil || len(risks) != tt.at {
			t.Errorf("%s: %v, %v", tt.day, risks, err)
		}
	}
}
