package wish

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/registrytest"
)

// ways leads to every state but those that only a stranger or a low rating makes, by order.
func ways() map[Order]map[State][]Step {
	taken := []Step{StepAccept, StepDispatch, StepTake}
	return map[Order]map[State][]Step{
		OrderWish: {Asked: nil, Accepted: {StepAccept}, Pooled: {StepAccept, StepPool}, Dispatched: {StepAccept, StepDispatch}, Taken: taken,
			Proved: append(taken[:3:3], StepProve), Served: toServed(), Done: toServed(StepCall), Refused: {StepRefuse}, Cancelled: {StepWithdraw}},
		OrderErrand: {Asked: nil, Accepted: {StepAccept}, Dispatched: {StepAccept, StepDispatch}, Taken: {StepAccept, StepTake},
			Proved: append(taken[:3:3], StepReceive, StepProve), Served: append(taken[:3:3], StepProve, StepTell), Done: append(taken[:3:3], StepProve, StepTell, StepCall), Refused: {StepRefuse}, Cancelled: {StepWithdraw}},
	}
}

// TestSteps tries every step of every order in every state: what the table does not have is a Conflict (or closed to who does not serve it) and writes nothing.
func TestSteps(t *testing.T) {
	d := newDesk(t)
	for order, states := range ways() {
		for state, way := range states {
			w := d.asked
			if order == OrderErrand {
				w = func() store.Doc[Wish] { return d.did(d.Enter(d.ctx(), d.grid, errand(d.project))) }
			}
			one := d.along(w(), way...)
			if one.State.State != state || one.State.Order != order {
				t.Fatalf("%s leads to %s of %q", way, one.State.State, one.State.Order)
			}
			for _, step := range Steps() {
				if step == StepRate || step == StepCancel || one.State.Can(step) {
					continue
				}
				before := d.Records(t)
				_, err := d.do(one, step)
				closed := slices.Contains(serving, step) && (fault.Is(err, fault.NotFound) || fault.Is(err, fault.Forbidden))
				if !fault.Is(err, fault.Conflict) && !closed {
					t.Errorf("%s in %s of %q: %v", step, state, order, err)
				}
				if d.Records(t) != before {
					t.Errorf("%s in %s of %q was refused and wrote", step, state, order)
				}
			}
		}
	}
	for order, states := range steps {
		for from, row := range states {
			for step := range row {
				if !slices.Contains(Steps(), step) || from.Title() == "" {
					t.Errorf("the table of %q has %s in %s", order, step, from)
				}
			}
		}
	}
}

// TestErrand: the station takes it, or the firm of the compound that was asked; documents come against a receipt and go back before anybody lets go of it; who does it sees who asked while he does it, nobody else of a firm; it is told, rated and never shown to the public.
func TestErrand(t *testing.T) {
	d := newDesk(t)
	ctx := d.ctx()
	begun := func() store.Doc[Wish] { return d.did(d.Enter(ctx, d.grid, errand(d.project))) }
	w := d.along(begun(), StepAccept)
	if takers := registrytest.Must[[]Taker](t)(d.Takers(ctx, d.worker, w.ID)); len(takers) != 2 || takers[0].Kind != TakerStation || takers[1].Kind != TakerFirm {
		t.Errorf("%+v", takers)
	}
	d.Refused("a unit", fault.NotFound, func() error { _, err := d.One(ctx, d.unit, w.ID); return err })
	d.Refused("to a unit", fault.Invalid, func() error { _, err := d.Dispatch(ctx, d.worker, at(w), "u:"+d.unitID); return err }, "taker")
	w = d.did(d.Take(ctx, d.worker2, at(w), ""))
	if w.State.Taker.Name != w.State.CommunityName+"红色驿站" || w.State.ServeBy.Rule != "errand.do" || w.State.Title() != "办理中" {
		t.Errorf("%+v %s", w.State.Taker, w.State.ServeBy.Rule)
	}
	for text, want := range map[string]string{"": "一行一种", "身份证\n户口簿 0 份": "第 2 行的份数", "身份证 360428199001011234": "第 1 行里的", "x": "第 1 行的材料名称", strings.Repeat("身份证复印件\n", MaxPapers+1): "最多 12 种"} {
		d.Refused(want, fault.Invalid, func() error { _, err := d.Receive(ctx, d.worker, at(w), text); return err }, "papers", want)
	}
	d.Refused("nothing is held", fault.Conflict, func() error { _, err := d.GiveBack(ctx, d.worker, at(w), "本人取回"); return err })
	w = d.did(d.Receive(ctx, d.worker, at(w), "身份证原件 1份\r\n\n户口簿复印件×2"))
	if got := w.State.Receipts; len(got) != 1 || len(got[0].Number) != 8 || !slices.Equal(got[0].Papers, []Paper{{"身份证原件", 1}, {"户口簿复印件", 2}}) || !w.State.Holding() {
		t.Fatalf("%+v", got)
	}
	d.Refused("left with documents", fault.Conflict, func() error { _, err := d.do(w, StepLeave); return err }, "材料还没有交还")
	d.Refused("withdrawn with documents", fault.Conflict, func() error { _, err := d.do(w, StepWithdraw); return err }, "材料还没有交还")
	w = d.did(d.do(w, StepProve))
	if w.State.Proof.HalfHours != 0 || w.State.Title() != "待告知" {
		t.Errorf("%+v", w.State.Proof)
	}
	d.Refused("told with documents", fault.Conflict, func() error { _, err := d.do(w, StepTell); return err }, "材料还没有交还")
	w = d.along(w, StepGiveBack, StepTell)
	if w.State.Holding() || w.State.Served.IsZero() {
		t.Errorf("%+v", w.State.Receipts)
	}
	d.Refused("who told it enters no rating", fault.Forbidden, func() error { _, err := d.Call(ctx, d.worker, at(w), 5, ""); return err })
	d.Refused("words for the public", fault.Conflict, func() error { _, err := d.do(w, StepDraft); return err })
	w = d.did(d.Call(ctx, d.grid, at(w), 1, "材料少了一份"))
	if w = d.did(d.do(w, StepAgain)); w.State.State != Accepted || w.State.Taker != nil {
		t.Errorf("%+v", w.State)
	}
	found := registrytest.Must[[]store.Doc[Wish]](t)(d.List(ctx, d.worker, Filter{Order: "errand", Text: w.State.Receipts[0].Number}))
	if len(found) != 1 || len(registrytest.Must[[]store.Doc[Wish]](t)(d.List(ctx, d.worker, Filter{Order: "wish"}))) != 0 {
		t.Error(len(found))
	}
	// The firm of the compound: it sees the errand once it is asked, who asked once it does it, and not any more afterwards.
	firm := d.along(begun(), StepAccept)
	d.Refused("before it is asked", fault.NotFound, func() error { _, err := d.One(ctx, d.manager, firm.ID); return err })
	firm = d.did(d.Dispatch(ctx, d.worker, at(firm), policy.FirmKey(d.firm)))
	sees := func(want string) {
		t.Helper()
		one := d.did(d.One(ctx, d.manager, firm.ID))
		if names := registrytest.Must[bool](t)(d.Names(ctx, d.manager, &one.State)); one.State.Asker.Name != want || names != (want != "") {
			t.Errorf("the firm sees %q in %s", one.State.Asker.Name, one.State.Title())
		}
	}
	sees("")
	firm = d.did(d.Take(ctx, d.manager, at(firm), ""))
	sees("王桂英")
	d.Refused("the station does not do what the firm does", fault.Forbidden, func() error { _, err := d.Receive(ctx, d.worker, at(firm), "身份证原件"); return err })
	firm = d.did(d.Prove(ctx, d.manager, at(firm), ProofInput{Words: "证明已经办好"}))
	firm = d.did(d.Inform(ctx, d.manager, at(firm), "上门送到"))
	sees("")
}

// TestTwoTakeAtOnce: of two units that take a wish from the pool at the same moment exactly one has it.
func TestTwoTakeAtOnce(t *testing.T) {
	d := newDesk(t)
	w := d.led(StepAccept, StepPool)
	by := []policy.Actor{d.unit, d.rival}
	errs := make([]error, len(by))
	var all sync.WaitGroup
	for i := range by {
		all.Go(func() { _, errs[i] = d.Take(context.WithoutCancel(d.ctx()), by[i], at(w), "") })
	}
	all.Wait()
	lost := slices.IndexFunc(errs, func(err error) bool { return err != nil })
	if lost < 0 || errs[1-lost] != nil || !fault.Is(errs[lost], fault.Conflict) {
		t.Fatal(errs)
	}
	now := d.did(d.One(d.ctx(), d.worker, w.ID))
	if now.Seq != w.Seq+1 || now.State.Taker.Key != by[1-lost].Appointments[0].Unit {
		t.Errorf("%d %+v", now.Seq, now.State.Taker)
	}
	// Who lost does not see it any more, and a second one with a fresh page has no page.
	d.Refused("it is another's now", fault.NotFound, func() error { _, err := d.One(d.ctx(), by[lost], w.ID); return err })
	d.Refused("a second taker", fault.NotFound, func() error { _, err := d.Take(d.ctx(), by[lost], at(now), ""); return err })
}

// TestWhoServes: the one who is asked, whoever of the community from the pool, the firm of the compound, a firm from elsewhere once it is asked.
func TestWhoServes(t *testing.T) {
	d := newDesk(t)
	ctx := d.ctx()
	asked := d.led(StepAccept, StepDispatch)
	d.Refused("not asked", fault.NotFound, func() error { _, err := d.Take(ctx, d.rival, at(asked), ""); return err })
	d.Refused("who enters does not take", fault.Forbidden, func() error { _, err := d.Take(ctx, d.grid, at(asked), ""); return err })
	left := d.did(d.Leave(ctx, d.unit, at(asked), "近期没有人手"))
	if left.State.State != Pooled || left.State.Taker != nil || left.State.Reason != "近期没有人手" {
		t.Errorf("%+v", left.State)
	}
	d.Refused("asked again", fault.Invalid, func() error { _, err := d.Dispatch(ctx, d.worker, at(left), "u:"+d.unitID); return err }, "退过这一单")
	d.Refused("nobody", fault.Invalid, func() error { _, err := d.Dispatch(ctx, d.worker, at(left), "u:none"); return err }, "taker")
	d.Refused("acts for nobody", fault.Forbidden, func() error { _, err := d.Take(ctx, d.stranger, at(left), ""); return err }, "没有写明代表")
	both := policy.Actor{ID: "both", Appointments: []policy.Appointment{d.unit.Appointments[0], d.team.Appointments[0]}}
	d.Refused("for whom", fault.Invalid, func() error { _, err := d.Take(ctx, both, at(left), ""); return err }, "taker")
	d.Refused("for another", fault.Invalid, func() error { _, err := d.Take(ctx, both, at(left), "f:"+d.firm); return err }, "taker")
	taken := d.did(d.Take(ctx, both, at(left), "u:"+d.teamID))
	if taken.State.Taker.Name != "蒲公英服务队" || taken.State.Taker.Kind != TakerTeam || !taken.State.ServeBy.Resolved() {
		t.Errorf("%+v", taken.State)
	}
	recalled := d.did(d.Recall(ctx, d.worker, at(taken), "队伍另有任务"))
	firm := d.did(d.Dispatch(ctx, d.worker, at(recalled), "f:"+d.firm))
	firm = d.did(d.Take(ctx, d.manager, at(firm), ""))
	if firm.State.Taker.Kind != TakerFirm || firm.State.Taker.Name != "赣北物业服务有限公司" {
		t.Errorf("%+v", firm.State.Taker)
	}
	d.Refused("the team had it", fault.NotFound, func() error { _, err := d.Prove(ctx, d.team, at(firm), proof()); return err })
	takers := registrytest.Must[[]Taker](t)(d.Takers(ctx, d.worker, firm.ID))
	if len(takers) != 4 || takers[0].Kind != TakerFirm {
		t.Errorf("%+v", takers)
	}
	d.Refused("another community", fault.NotFound, func() error { _, err := d.Takers(ctx, d.other, firm.ID); return err })
	if err := d.books.WithdrawEntry(ctx, d.worker, d.unitID, 1, "不再结对", false); err != nil {
		t.Fatal(err)
	}
	pooled := d.led(StepAccept, StepPool)
	d.Refused("a unit that is not in the book any more", fault.NotFound, func() error { _, err := d.Take(ctx, d.unit, at(pooled), ""); return err })
	if mine := registrytest.Must[[]Taker](t)(d.Mine(ctx, d.unit)); len(mine) != 0 {
		t.Errorf("%+v", mine)
	}
}

// TestSuggest: who offers the kind at the place with room comes first, then the firm of the compound; who is full comes last, who gave it back or offers nothing does not come at all.
func TestSuggest(t *testing.T) {
	d := newDesk(t)
	ctx := d.ctx()
	offer := func(values map[string]string) {
		t.Helper()
		if _, err := d.books.CreateEntry(ctx, d.worker, registry.BookSupplies, east, values); err != nil {
			t.Fatal(err)
		}
	}
	offer(map[string]string{"name": "陪伴读报", "giver": "u:" + d.unitID, "kind": "care", "by": "group", "place": "望湖苑、滨湖家园", "hours": "14:00-16:00", "orders": "1", "until": "2026-12-31"})
	offer(map[string]string{"name": "上门探访", "giver": "u:" + d.teamID, "kind": "care", "by": "member"})
	offer(map[string]string{"name": "春天的探访", "giver": d.rival.Appointments[0].Unit, "kind": "care", "by": "group", "until": "2026-05-31"})
	said := func(w store.Doc[Wish]) string {
		t.Helper()
		list := registrytest.Must[[]Suggestion](t)(d.Suggest(ctx, d.worker, w.ID))
		lines := make([]string, len(list))
		for i, one := range list {
			lines[i] = one.Taker.Name + "：" + one.Why
		}
		return strings.Join(lines, "\n")
	}
	w := d.led(StepAccept)
	const unit, team, firm = "县税务局：供给清单里有“陪伴读报”，服务范围有望湖苑，14:00-16:00，到2026年12月31日，", "蒲公英服务队：供给清单里有“上门探访”，全社区，手上 0 单", "赣北物业服务有限公司（91360428MA7XAMPL5W）：本小区的物业企业，手上 0 单"
	if got, want := said(w), unit+"手上 0 单，最多 1 单\n"+team+"\n"+firm; got != want {
		t.Errorf("suggested\n%s\nwant\n%s", got, want)
	}
	d.led(StepAccept, StepDispatch, StepTake)
	if got, want := said(w), team+"\n"+firm+"\n"+unit+"手上 1 单，最多 1 单，已满"; got != want {
		t.Errorf("with a full unit\n%s\nwant\n%s", got, want)
	}
	if left := d.led(StepAccept, StepDispatch, StepLeave); strings.Contains(said(left), "县税务局") {
		t.Error("who gave it back is suggested")
	}
	d.Refused("a unit", fault.Forbidden, func() error { _, err := d.Suggest(ctx, d.unit, w.ID); return err })
	d.Refused("another community", fault.NotFound, func() error { _, err := d.Suggest(ctx, d.other, w.ID); return err })
}

// TestMembers: a party member reports once, at home, with his consent; another person confirms; his hours come from services that the community confirmed; a unit sees its own and is told counts; names go after their term.
func TestMembers(t *testing.T) {
	d := newDesk(t)
	ctx := d.ctx()
	type doc = store.Doc[Member]
	in := func(name, phone, unit string) MemberInput {
		return MemberInput{Community: east, Name: name, Phone: phone, Unit: unit, Free: "每周六上午", Skills: []string{"care"}, Agreed: true}
	}
	report := func(by policy.Actor, in MemberInput) doc {
		t.Helper()
		return registrytest.Must[doc](t)(d.Report(ctx, by, in))
	}
	one := report(d.unit, in("李强", "13900000001", "别的单位"))
	if one.State.UnitName != "县税务局" || one.State.Unit != d.unitID {
		t.Errorf("%+v", one.State)
	}
	for field, bad := range map[string]MemberInput{"agreed": {Community: east, Name: "李强", Phone: "13900000009", Unit: "县医院"}, "phone": in("李强", "12", "县医院"), "unit": in("李强", "13900000009", ""), "name": in("", "13900000009", "县医院"), "community": {Name: "李强", Phone: "13900000009", Unit: "县医院", Agreed: true},
		"skills": {Community: east, Name: "李强", Phone: "13900000009", Unit: "县医院", Agreed: true, Skills: []string{"none"}}} {
		d.Refused(field, fault.Invalid, func() error { _, err := d.Report(ctx, d.worker, bad); return err }, field)
	}
	d.Refused("once only", fault.Conflict, func() error {
		_, err := d.Report(ctx, d.worker, in("李强", "13900000001", "县税务局"))
		return err
	}, "只在居住地报到一次")
	d.Refused("another community", fault.NotFound, func() error { _, err := d.Report(ctx, d.other, in("王丽", "13900000009", "县医院")); return err })
	d.Refused("a firm", fault.Forbidden, func() error { _, err := d.Report(ctx, d.manager, in("王丽", "13900000009", "县医院")); return err })
	step := func(by policy.Actor, m doc, step MemberStep, reason string) (doc, error) {
		return d.StepMember(ctx, by, casework.At{ID: m.ID, Seq: m.Seq}, step, reason)
	}
	own := report(d.worker, in("王丽", "13900000002", "县医院"))
	d.Refused("who entered it", fault.Forbidden, func() error { _, err := step(d.worker, own, MemberConfirm, ""); return err }, "另一人确认")
	d.Refused("the unit", fault.Forbidden, func() error { _, err := step(d.unit, one, MemberConfirm, ""); return err })
	d.Refused("without a reason", fault.Invalid, func() error { _, err := step(d.worker2, own, MemberTurn, ""); return err }, "reason")
	d.Refused("not there yet", fault.Conflict, func() error { _, err := step(d.worker, own, MemberLeave, "搬走了"); return err })
	d.Refused("another's", fault.NotFound, func() error { _, err := d.OneMember(ctx, d.unit, own.ID); return err })
	d.Refused("not for the township", fault.Forbidden, func() error { _, err := d.Members(ctx, d.town, MemberFilter{}); return err })
	serving := func(m doc) doc {
		t.Helper()
		return registrytest.Must[doc](t)(step(d.worker2, m, MemberConfirm, ""))
	}
	one, own = serving(one), serving(own)
	same := serving(report(d.unit, in("李强", "13900000003", "")))
	if mine := registrytest.Must[[]doc](t)(d.Members(ctx, d.unit, MemberFilter{State: MemberServing, Text: "liqiang"})); len(mine) != 2 {
		t.Errorf("the unit sees %d", len(mine))
	}
	// Two helpers of five half-hours, one of them a member: two half-hours each.
	w := d.led(StepAccept, StepDispatch, StepTake, StepProve)
	for text, want := range map[string]string{"张三": "第 1 行的“张三”没有在本社区报到", "王丽\n李强": "第 2 行的“李强”有 2 人", "王丽\n王丽": "写了两次", "王丽\n李强 0001\n李强 0003": "写了 3 名报到党员，参加服务的一共 2 人"} {
		d.Refused(want, fault.Invalid, func() error { _, err := d.Confirm(ctx, d.worker, at(w), text); return err }, "members", want)
	}
	w = d.did(d.Confirm(ctx, d.worker, at(w), " 李强  0001\n"))
	if !slices.Equal(w.State.Proof.Members, []string{one.ID}) {
		t.Errorf("%v", w.State.Proof.Members)
	}
	if did := registrytest.Must[Did](t)(d.MemberYear(ctx, d.worker, one.ID, 2026)); did != (Did{1, 2}) {
		t.Errorf("%+v", did)
	}
	d.Refused("nothing of a person for his unit", fault.Forbidden, func() error { _, err := d.MemberYear(ctx, d.unit, one.ID, 2026); return err })
	years := func(by policy.Actor, year int) string {
		t.Helper()
		var lines []string
		for _, u := range registrytest.Must[[]UnitYear](t)(d.UnitYears(ctx, by, year)) {
			lines = append(lines, fmt.Sprint(u.UnitName, u.Members, u.Helped, u.Services, u.HalfHours, u.Few))
		}
		return strings.Join(lines, "|")
	}
	if got := years(d.town, 2026); got != "县医院1 0 0 0 true|县税务局2 1 1 0 true" {
		t.Error(got)
	}
	third := serving(report(d.unit, in("陈军", "13900000004", "")))
	if got := years(d.unit, 2026); got != "县税务局3 1 1 2 false" || years(d.unit, 2025) != "" {
		t.Error(got)
	}
	// Who leaves can report elsewhere; his name is destroyed after the term, what he did stays.
	left := registrytest.Must[doc](t)(step(d.unit, third, MemberLeave, "调到外地"))
	report(d.worker, in("陈军", "13900000004", "县医院"))
	d.Refused("twice", fault.Conflict, func() error { _, err := step(d.unit, left, MemberLeave, "调到外地"); return err })
	d.Forward("2027-03-01")
	if err := d.Forget(ctx); err != nil {
		t.Fatal(err)
	}
	if gone := registrytest.Must[doc](t)(d.OneMember(ctx, d.worker, left.ID)); gone.State.Person.Phone == "13900000004" || !gone.Purged {
		t.Errorf("%+v", gone.State.Person)
	}
	if kept := registrytest.Must[doc](t)(d.OneMember(ctx, d.worker, same.ID)); kept.State.Person.Name != "李强" {
		t.Errorf("%+v", kept.State.Person)
	}
}

// TestPoints: off, nothing is booked; on, a service that was confirmed and rated is booked once to its unit, whoever tells of it, and reversed once by somebody who had no hand in it; no balance falls below zero.
func TestPoints(t *testing.T) {
	d := newDesk(t)
	ctx := d.ctx()
	accounts := func(by policy.Actor) string {
		t.Helper()
		var lines []string
		for _, a := range registrytest.Must[[]PointAccount](t)(d.PointAccounts(ctx, by)) {
			if a.Points < 0 {
				t.Errorf("%s has %d", a.Taker.Name, a.Points)
			}
			lines = append(lines, fmt.Sprint(a.Taker.Name, a.Services, " ", a.Points))
		}
		return strings.Join(lines, "|")
	}
	before := d.led(toServed(StepCall)...)
	if got := accounts(d.worker); got != "" || d.Terms.PointsOn() {
		t.Error("off, and booked:", got)
	}
	d.Terms.file.Points.On, d.Terms.file.Points.From = true, "2026-10-19"
	done := d.led(toServed(StepCall)...) // 5 for the order, 5 half-hours, 3 for the praise
	low := d.led(toServed()...)
	low = d.did(d.Call(ctx, d.grid, at(low), 2, "")) // waits for somebody who asks again
	if got := accounts(d.worker); got != "县税务局1 13" {
		t.Error(got)
	}
	d.did(d.do(low, StepSettle))
	unrated := d.led(toServed()...)
	d.Forward("2026-11-30")
	d.did(d.do(unrated, StepClose))
	for range 2 { // what was rated before points were on and is of a day that counts is found by the job, once
		if err := d.BookPoints(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if got := accounts(d.town); got != "县税务局3 36" { // 13 and 10 and 13
		t.Error(got)
	}
	if accounts(d.rival) != "" || accounts(d.unit) != "县税务局3 36" || accounts(d.other) != "" {
		t.Error("a unit sees its own, a community its own")
	}
	d.Refused("no right", fault.Forbidden, func() error { return d.ReversePoints(ctx, d.worker, done.ID, "服务不实") })
	d.Refused("no reason", fault.Invalid, func() error { return d.ReversePoints(ctx, d.secretary, done.ID, "") }, "reason")
	d.Refused("another township", fault.NotFound, func() error {
		return d.ReversePoints(ctx, registrytest.Person("town2", "township_party", policy.TownshipKey("360428101000")), done.ID, "服务不实")
	})
	hand := d.secretary
	hand.ID = d.worker.ID // who confirmed it
	d.Refused("who confirmed it", fault.Forbidden, func() error { return d.ReversePoints(ctx, hand, done.ID, "服务不实") }, "另一人冲正")
	if err := d.ReversePoints(ctx, d.secretary, done.ID, "服务不实"); err != nil {
		t.Fatal(err)
	}
	d.Refused("twice", fault.Conflict, func() error { return d.ReversePoints(ctx, d.secretary, done.ID, "服务不实") })
	d.Refused("a reversal", fault.Conflict, func() error { return d.ReversePoints(ctx, d.secretary, done.ID+reversal, "服务不实") })
	if got := accounts(d.town); got != "县税务局2 23" {
		t.Error(got)
	}
	list := registrytest.Must[[]store.Doc[PointEntry]](t)(d.PointEntries(ctx, d.unit, "u:"+d.unitID))
	if len(list) != 4 || !slices.ContainsFunc(list, func(e store.Doc[PointEntry]) bool { return e.State.Wish == before.ID }) {
		t.Errorf("%d entries", len(list))
	}
	d.Refused("another's", fault.NotFound, func() error { _, err := d.PointEntries(ctx, d.rival, "u:"+d.unitID); return err })
}

// TestLife goes through more time, a proof that is sent back, a low rating and the second time.
func TestLife(t *testing.T) {
	d := newDesk(t)
	ctx := d.ctx()
	w := d.led(StepAccept, StepDispatch, StepTake)
	until := w.State.ServeBy.Due
	w = d.did(d.do(w, StepMore))
	d.Refused("twice", fault.Conflict, func() error { _, err := d.do(w, StepMore); return err })
	w = d.did(d.do(w, StepGrant))
	if w.State.ServeBy.Due.Compare(until) <= 0 || w.State.Due.Due != w.State.ServeBy.Due {
		t.Errorf("%s after %s", w.State.ServeBy.Due, until)
	}
	late := d.led(StepAccept, StepDispatch, StepTake)
	d.Forward("2026-12-01")
	d.Refused("after the deadline", fault.Conflict, func() error { _, err := d.do(late, StepMore); return err }, "已经过了")
	if late = d.did(d.do(late, StepProve)); !late.State.Proof.Late {
		t.Error("the proof is not late")
	}
	bad := func(field string, in ProofInput) {
		t.Helper()
		d.Refused(field, fault.Invalid, func() error { _, err := d.Prove(ctx, d.unit, at(w), in); return err }, field)
	}
	bad("words", ProofInput{Words: "联系 13800001234 办好", HalfHours: 1, Helpers: 1})
	bad("hours", ProofInput{Words: "已经装好扶手", Helpers: 1})
	bad("hours", ProofInput{Words: "已经装好扶手", HalfHours: MaxHalfHours + 1, Helpers: 1})
	bad("helpers", ProofInput{Words: "已经装好扶手", HalfHours: 1})
	w = d.did(d.do(w, StepProve))
	w = d.did(d.do(w, StepRedo))
	w = d.did(d.do(w, StepProve))
	w = d.did(d.do(w, StepConfirm))
	d.Refused("too early to close", fault.Conflict, func() error { _, err := d.do(w, StepClose); return err }, "还没有过")
	d.Refused("who confirmed", fault.Forbidden, func() error { _, err := d.Call(ctx, d.worker, at(w), 5, ""); return err }, "由你确认")
	for _, score := range []int64{0, 6} {
		d.Refused("score", fault.Invalid, func() error { _, err := d.Call(ctx, d.grid, at(w), score, ""); return err }, "score")
	}
	w = d.did(d.do(w, StepDraft))
	w = d.did(d.do(w, StepPublish))
	w = d.did(d.Call(ctx, d.grid, at(w), 2, "有一处松动"))
	if w.State.State != Following {
		t.Fatalf("a low rating leads to %s", w.State.State)
	}
	w = d.did(d.do(w, StepAgain))
	if s := &w.State; s.State != Accepted || s.Proof != nil || s.Rating != nil || s.Shown() || s.Taker != nil || !s.Served.IsZero() {
		t.Errorf("%+v", s)
	}
	for _, step := range []Step{StepDispatch, StepTake, StepProve, StepConfirm} {
		w = d.did(d.do(w, step))
	}
	w = d.did(d.Call(ctx, d.grid, at(w), 1, ""))
	if w = d.did(d.do(w, StepSettle)); w.State.State != Done || w.State.Ended.IsZero() {
		t.Errorf("%+v", w.State)
	}
	w = d.led(toServed()...)
	d.Forward("2027-01-15")
	if w = d.did(d.do(w, StepClose)); w.State.State != Done || w.State.Rating != nil {
		t.Errorf("%+v", w.State)
	}
}

// TestPhotoKind: a kind whose result is to be seen asks for a photo.
func TestPhotoKind(t *testing.T) {
	d := newDesk(t)
	w := d.asked()
	w = d.did(d.Accept(d.ctx(), d.worker, at(w), "repair", "楼梯口要一个扶手"))
	w = d.did(d.do(w, StepDispatch))
	w = d.did(d.do(w, StepTake))
	d.Refused("no photo", fault.Invalid, func() error { _, err := d.do(w, StepProve); return err }, "现场照片")
	in := proof()
	in.Photos = append(in.Photos, d.Photo())
	w = d.did(d.Prove(d.ctx(), d.unit, at(w), in))
	for who, by := range map[string]policy.Actor{"unit": d.unit, "worker": d.worker} {
		r, _, err := d.OpenPhoto(d.ctx(), by, w.ID, 0)
		if err != nil {
			t.Fatal(who, err)
		}
		_ = r.Close()
	}
	d.Refused("no such photo", fault.NotFound, func() error { _, _, err := d.OpenPhoto(d.ctx(), d.worker, w.ID, 1); return err })
	d.Refused("the rival", fault.NotFound, func() error { _, _, err := d.OpenPhoto(d.ctx(), d.rival, w.ID, 0); return err })
}

// TestPublicWords: reviewed by another, nothing personal, taken down.
func TestPublicWords(t *testing.T) {
	d := newDesk(t)
	ctx := d.ctx()
	shown := func() []Shining {
		list, _, err := d.Board(ctx, east, "")
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	w := d.led(toServed()...)
	for _, words := range []string{"王桂英家装上了扶手", "201室装上了扶手", "电话 13800001234 致谢"} {
		d.Refused(words, fault.Invalid, func() error { _, err := d.Write(ctx, d.worker, at(w), words); return err }, "draft")
	}
	w = d.did(d.Write(ctx, d.secretary, at(w), "楼梯口装上了扶手。"))
	if len(shown()) != 0 {
		t.Error("shown before the review")
	}
	d.Refused("the writer", fault.Forbidden, func() error { _, err := d.Publish(ctx, d.secretary, at(w)); return err }, "另一人")
	d.Refused("the writer returns", fault.Forbidden, func() error { _, err := d.Return(ctx, d.secretary, at(w), "写明单位"); return err })
	w = d.did(d.Return(ctx, d.town, at(w), "写明是哪家单位"))
	w = d.did(d.do(w, StepDraft))
	w = d.did(d.do(w, StepPublish))
	if list := shown(); len(list) != 1 || list[0].Taker != "县税务局" || strings.Contains(list[0].Place+list[0].Words, "王") || list[0].Place != "城东社区望湖苑" && !strings.Contains(list[0].Place, "望湖苑") {
		t.Errorf("%+v", list)
	}
	w = d.did(d.do(w, StepCall))
	w = d.did(d.do(w, StepHide))
	if len(shown()) != 0 {
		t.Error("shown after it was taken down")
	}
	d.Refused("twice", fault.Conflict, func() error { _, err := d.do(w, StepHide); return err })
}

// TestWhoSees: who asked is seen by the community only, who serves sees the pool and his own, another community nothing.
func TestWhoSees(t *testing.T) {
	d := newDesk(t)
	ctx := d.ctx()
	pooled, mine := d.led(StepAccept, StepPool), d.led(toServed(StepCall)...)
	for name, by := range map[string]policy.Actor{"grid": d.grid, "head": d.head, "worker": d.worker, "secretary": d.secretary} {
		if w := d.did(d.One(ctx, by, mine.ID)); w.State.Asker.Name != "王桂英" {
			t.Errorf("%s sees %+v", name, w.State.Asker)
		}
	}
	for name, by := range map[string]policy.Actor{"unit": d.unit, "town": d.town, "owners": d.owners} {
		if w := d.did(d.One(ctx, by, mine.ID)); w.State.Asker != (Asker{}) || w.State.Ticket != nil {
			t.Errorf("%s sees %+v", name, w.State.Asker)
		}
		list := registrytest.Must[[]store.Doc[Wish]](t)(d.List(ctx, by, Filter{}))
		if len(list) != 2 || list[0].State.Asker != (Asker{}) || list[1].State.Asker != (Asker{}) {
			t.Errorf("%s lists %d", name, len(list))
		}
	}
	if w := d.did(d.One(ctx, d.unit, mine.ID)); w.State.Rating.Words != "" || w.State.Rating.Score != 5 {
		t.Errorf("the unit reads %+v", w.State.Rating)
	}
	for name, want := range map[string]int{"rival": 1, "manager": 1, "other": 0} {
		by := map[string]policy.Actor{"rival": d.rival, "manager": d.manager, "other": d.other}[name]
		if list := registrytest.Must[[]store.Doc[Wish]](t)(d.List(ctx, by, Filter{})); len(list) != want {
			t.Errorf("%s lists %d", name, len(list))
		}
	}
	d.Refused("another's page", fault.NotFound, func() error { _, err := d.One(ctx, d.manager, mine.ID); return err })
	d.Refused("another community", fault.NotFound, func() error { _, err := d.do2(d.other, pooled); return err })
	d.Refused("the public", fault.Unauthenticated, func() error { _, err := d.List(ctx, policy.Actor{}, Filter{}); return err })
	for name, w := range map[string]Filter{"served": {Served: true}, "mine": {Mine: true}, "text": {Text: "wanghuyuan", State: Done}, "kind": {Kind: "care", State: Done}, "taker": {TakerKind: TakerUnit}, "community": {Community: east, Served: true}} {
		list := registrytest.Must[[]store.Doc[Wish]](t)(d.List(ctx, d.unit, w))
		if len(list) != 1 || list[0].ID != mine.ID {
			t.Errorf("%s finds %d", name, len(list))
		}
	}
	for name, w := range map[string]Filter{"open": {Open: true, State: Done}, "late": {Late: true}, "from": {From: registrytest.Day("2027-01-01")}, "another text": {Text: "没有的"}, "review": {Review: true}} {
		if list := registrytest.Must[[]store.Doc[Wish]](t)(d.List(ctx, d.worker, w)); len(list) != 0 {
			t.Errorf("%s finds %d", name, len(list))
		}
	}
	history := registrytest.Must[[]Happened](t)(d.History(ctx, d.worker, mine.ID))
	if len(history) != 7 || history[0].Step != StepAsk || history[3].Taker != "县税务局" {
		t.Errorf("%+v", history)
	}
	if said, err := d.Uses(ctx, policy.ProjectKey(d.project), d.Clock().AddDate(0, 0, -1)); err != nil || said != "2 件心愿和代办" {
		t.Error(said, err)
	}
}

// do2 pools a wish as somebody.
func (d *desk) do2(by policy.Actor, w store.Doc[Wish]) (store.Doc[Wish], error) {
	return d.Dispatch(d.ctx(), by, at(w), "f:"+d.firm)
}

// TestTold: a stranger gets number and code, follows his wish with both and nothing less, rates it or gives it up.
func TestTold(t *testing.T) {
	d := newDesk(t)
	ctx, nobody := d.ctx(), policy.Actor{}
	tell := func(key string) Told {
		in := input(d.project)
		in.Idem = &store.Idem{Key: key, Body: []byte(key)}
		return registrytest.Must[Told](t)(d.Tell(ctx, nobody, in))
	}
	told := tell("a")
	if again := tell("a"); again.Number != told.Number || again.Code != told.Code || told.State != Asked {
		t.Errorf("%+v %+v", told, again)
	}
	for name, of := range map[string][2]string{"no such number": {"ABCDEFGH", told.Code}, "another code": {told.Number, "ABCDEF"}, "nothing": {}} {
		d.Refused(name, fault.NotFound, func() error { _, err := d.LookUp(ctx, nobody, of[0], of[1]); return err })
		d.Refused(name, fault.NotFound, func() error { _, err := d.CancelTold(ctx, nobody, of[0], of[1], nil); return err })
	}
	for field, change := range map[string]func(*Input){"kind": func(in *Input) { in.Kind = "none" }, "community": func(in *Input) { in.Project = "" }, "words": func(in *Input) { in.Words = "打13800000000找我" }, "phone": func(in *Input) { in.Asker.Phone = "12" },
		"spot": func(in *Input) { in.Spot = "201室" }} {
		in := input(d.project)
		change(&in)
		d.Refused(field, fault.Invalid, func() error { _, err := d.Tell(ctx, nobody, in); return err }, field)
	}
	d.Refused("rated before", fault.Conflict, func() error { _, err := d.RateTold(ctx, nobody, told.Number, told.Code, 5, "", nil); return err })
	list := registrytest.Must[[]store.Doc[Wish]](t)(d.List(ctx, d.worker, Filter{}))
	if len(list) != 1 || list[0].State.Asked.By != string(policy.Anonymous) || list[0].State.Ticket != nil {
		t.Fatalf("%+v", list)
	}
	w := list[0]
	for _, step := range toServed() {
		w = d.did(d.do(w, step))
	}
	now := registrytest.Must[Told](t)(d.LookUp(ctx, nobody, strings.ToLower(told.Number[:4])+" "+told.Number[4:], told.Code))
	if !now.CanRate || now.CanCancel || now.Taker != "县税务局" || now.Did == "" || now.Code != "" {
		t.Errorf("%+v", now)
	}
	d.Refused("score", fault.Invalid, func() error { _, err := d.RateTold(ctx, nobody, told.Number, told.Code, 9, "", nil); return err }, "score")
	if now = registrytest.Must[Told](t)(d.RateTold(ctx, nobody, told.Number, told.Code, 4, "挺好", nil)); now.State != Done || now.Score != 4 {
		t.Errorf("%+v", now)
	}
	other := tell("b")
	if now = registrytest.Must[Told](t)(d.CancelTold(ctx, nobody, other.Number, other.Code, nil)); now.State != Cancelled {
		t.Errorf("%+v", now)
	}
	refused := tell("c")
	for _, one := range registrytest.Must[[]store.Doc[Wish]](t)(d.List(ctx, d.worker, Filter{State: Asked})) {
		d.did(d.Refuse(ctx, d.worker, casework.At{ID: one.ID, Seq: one.Seq}, "属于物业合同里的服务，请物业办理"))
	}
	if now = registrytest.Must[Told](t)(d.LookUp(ctx, nobody, refused.Number, refused.Code)); !strings.Contains(now.Reason, "物业合同") {
		t.Errorf("%+v", now)
	}
	communities, compounds, err := d.OpenPlaces(ctx, nobody, east)
	if err != nil || len(communities) == 0 || len(compounds) != 1 {
		t.Error(communities, compounds, err)
	}
}

// TestEnter: who may enter, and where.
func TestEnter(t *testing.T) {
	d := newDesk(t)
	ctx := d.ctx()
	for name, by := range map[string]policy.Actor{"grid": d.grid, "head": d.head, "worker": d.worker, "owners": d.owners} {
		d.did(d.Enter(ctx, by, input(d.project)))
		_, compounds, err := d.Places(ctx, by)
		if err != nil || len(compounds) != 1 || compounds[0].Text != "望湖苑" {
			t.Error(name, compounds, err)
		}
	}
	d.Refused("the unit", fault.Forbidden, func() error { _, err := d.Enter(ctx, d.unit, input(d.project)); return err })
	d.Refused("another community", fault.NotFound, func() error { _, err := d.Enter(ctx, d.other, input(d.project)); return err })
	in := input("")
	in.Community = east
	if w := d.did(d.Enter(ctx, d.worker, in)); w.State.Project != "" || w.State.Community != east || w.State.Due.Due.IsZero() {
		t.Errorf("%+v", w.State)
	}
}

// TestForget: name, phone and door go when their term after the end has passed, and the words can still be taken down.
func TestForget(t *testing.T) {
	d := newDesk(t)
	ctx := d.ctx()
	w := d.led(toServed(StepDraft, StepPublish, StepCall)...)
	open := d.led(StepAccept)
	d.Forward("2027-01-10")
	if err := d.Forget(ctx); err != nil {
		t.Fatal(err)
	}
	if now := d.did(d.One(ctx, d.worker, w.ID)); now.State.Asker.Name != "王桂英" {
		t.Errorf("gone before its term: %+v", now.State.Asker)
	}
	d.Forward("2027-01-20")
	if err := d.Forget(ctx); err != nil {
		t.Fatal(err)
	}
	now := d.did(d.One(ctx, d.worker, w.ID))
	if now.State.Asker.Name != store.PurgedText || now.State.Asker.Phone != store.PurgedText || now.State.Words == "" {
		t.Errorf("%+v", now.State)
	}
	if still := d.did(d.One(ctx, d.worker, open.ID)); still.State.Asker.Name != "王桂英" {
		t.Errorf("an open one: %+v", still.State.Asker)
	}
	before := d.Records(t)
	if err := d.Forget(ctx); err != nil || d.Records(t) != before {
		t.Error("it forgets again", err)
	}
	if now = d.did(d.do(now, StepHide)); now.State.Shown() {
		t.Error("still shown")
	}
}

// TestTerms names every mistake of a wishes.yaml with its place.
func TestTerms(t *testing.T) {
	has := func(id string) bool { return id == "wish.serve" }
	for text, want := range map[string]string{
		"version: \"1\"\nlow: 5\nkinds:\n  - {id: a, title: 甲, within: wish.serve}\n":                                                                           ":2:6",
		"version: \"1\"\nlow: 2\nkinds:\n  - {id: a, title: 甲, within: none}\n":                                                                                 "none",
		"version: \"1\"\nlow: 2\nkinds:\n  - {id: a, title: 甲, within: wish.serve}\n  - {id: a, title: 乙, within: wish.serve}\n":                                "代码“a”重复",
		"version: \"1\"\nlow: 2\nkinds:\n  - {id: A b, title: 甲, within: wish.serve}\n":                                                                         "代码“A b”",
		"version: \"1\"\nlow: 2\npoints:\n  on: true\nkinds:\n  - {id: a, title: 甲, within: wish.serve}\n":                                                      "至少有一条规则",
		"version: \"1\"\nlow: 2\npoints:\n  on: true\n  rules: [{id: a, title: 甲, per: order, points: 1}]\nkinds:\n  - {id: a, title: 甲, within: wish.serve}\n": "从哪一天的服务算起",
		"version: \"1\"\nlow: 2\npoints:\n  rules: [{id: a, title: 甲, per: head, points: 0, least: 6}]\nkinds:\n  - {id: a, title: 甲, within: wish.serve}\n":    "per 只能是",
		"version: \"1\"\nlow: 2\nkinds:\n  - {id: a, title: 甲, within: wish.serve, order: gift}\n":                                                              "order 只能是",
		"version: \"1\"\nlow: 2\nkinds:\n  - {id: a, title: 甲, within: wish.serve, papers: 身份证}\n":                                                              "只有代办写材料",
		"low: 2\nkinds:\n  - {id: a, title: 甲, within: wish.serve}\n":                                                                                           "version",
	} {
		if _, err := ParseTerms("wishes.yaml", []byte(text), has); err == nil || !strings.Contains(err.Error()+fault.MessageOf(err), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
