package owners

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

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
	day    = registrytest.Day
	person = registrytest.Person
)

// filed are the registered filings that a test gives.
type filed []registry.FiledRef

func (f filed) FiledOf(context.Context, policy.Actor, string, string) ([]registry.FiledRef, error) {
	return f, nil
}

// desk is the foundings over a real register on 2026-10-19: one compound of 400 households without an owners' body, with elections that carried, did not, and were held too early.
type desk struct {
	*registrytest.Desk
	*Service
	register                        *registry.Service
	officer, worker, secretary      policy.Actor
	project                         string
	carried, lost, early, otherVote string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	must := registrytest.Must[string](t)
	d := &desk{officer: person("officer", "property_officer", policy.County),
		worker: person("worker", "community_worker", policy.CommunityKey(east)), secretary: person("secretary", "community_secretary", policy.CommunityKey(east))}
	ctx := t.Context()
	d.Desk, _, d.register = registrytest.NewCounty(t, time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC))
	d.project = must(d.register.CreateProject(ctx, d.officer, registry.ProjectInput{Name: "望湖苑", Address: "东风大道 8 号", Community: east, Households: 400, Kind: registry.KindCommodity}))
	d.Service = registrytest.Must[*Service](t)(New(ctx, Config{DB: d.Desk.DB, Guard: d.Guard, Now: d.Clock, Register: d.register, Deadlines: d.Deadlines,
		Filings: filed{{ID: "f-old", Number: "业委备〔2021〕1号", Happened: day("2021-10-01")}, {ID: "f1", Number: "业委备〔2026〕1号", Happened: day("2026-10-10")}}}))
	vote := func(matter registry.Matter, held string, agreed int64) string {
		all := registry.Owners{Area: num.FromInt(1000), Heads: 100}
		return must(d.register.RecordVote(ctx, d.officer, d.project, registry.VoteInput{Matter: matter, Title: "选举首届业主委员会", Notified: day("2026-08-01"), Held: day(held), All: all, Joined: all,
			Agreed: registry.Owners{Area: num.FromInt(agreed * 10), Heads: agreed}}))
	}
	d.carried, d.lost, d.early, d.otherVote = vote(registry.MatterElection, "2026-10-10", 60), vote(registry.MatterElection, "2026-10-11", 40), vote(registry.MatterElection, "2026-09-20", 60), vote(registry.MatterFirm, "2026-10-12", 60)
	return d
}

func group() Group { return Group{On: day("2026-09-01"), Members: 9, Owners: 5, Party: 4} }

func (d *desk) open(kind registry.BodyKind) store.Doc[Founding] {
	d.T.Helper()
	return registrytest.Must[store.Doc[Founding]](d.T)(d.Open(d.T.Context(), d.worker, d.project, kind, group(), nil))
}

// take does a step as who has its right, with good values.
func (d *desk) take(doc store.Doc[Founding], step Step) (store.Doc[Founding], error) {
	ctx, at := d.T.Context(), casework.At{ID: doc.ID, Seq: doc.Seq}
	switch step {
	case StepPropose:
		return d.Propose(ctx, d.worker, at, Candidates{Seats: 5, Count: Count{day("2026-09-10"), 8, 4}})
	case StepPass:
		return d.Pass(ctx, d.secretary, at, Count{day("2026-09-15"), 7, 4})
	case StepReturn:
		return d.Return(ctx, d.secretary, at, "有一名候选人欠缴物业费")
	case StepNotice:
		return d.Publish(ctx, d.worker, at, Notice{day("2026-09-16"), "小区公告栏"})
	case StepObject:
		return d.Object(ctx, d.worker, at, Objection{day("2026-09-20"), "一名候选人不是业主", "已核对不动产权证，是业主"})
	case StepVote:
		return d.Elect(ctx, d.worker, at, d.carried, 5, 3)
	case StepLost:
		return d.Lose(ctx, d.worker, at, d.lost)
	case StepName:
		return d.Name(ctx, d.worker, at, Count{day("2026-10-10"), 5, 3})
	case StepFile:
		return d.File(ctx, d.officer, at, "f1", policy.Span{From: day("2026-10-10"), Until: day("2031-10-09")})
	case StepEnd:
		return d.End(ctx, d.worker, at, "小区即将征收")
	}
	panic(step)
}

func (d *desk) walk(doc store.Doc[Founding], steps ...Step) store.Doc[Founding] {
	d.T.Helper()
	for _, step := range steps {
		var err error
		if doc, err = d.take(doc, step); err != nil {
			d.T.Fatal(step, err, fault.FieldsOf(err))
		}
	}
	return doc
}

// TestTable goes through every state, body and step: what the table allows leads where it says, everything else is a conflict that writes nothing.
func TestTable(t *testing.T) {
	ways := map[State][]Step{Preparing: nil, Reviewing: {StepPropose}, Qualified: {StepPropose, StepPass}, Noticed: {StepPropose, StepPass, StepNotice}}
	chosen := map[registry.BodyKind]Step{registry.BodyCommittee: StepVote, registry.BodyManagement: StepName}
	all := []Step{StepPropose, StepPass, StepReturn, StepNotice, StepObject, StepVote, StepLost, StepName, StepFile, StepEnd}
	d := newDesk(t)
	for _, kind := range []registry.BodyKind{registry.BodyManagement, registry.BodyCommittee} {
		ways[Chosen] = append(slices.Clone(ways[Noticed]), chosen[kind])
		for _, state := range []State{Preparing, Reviewing, Qualified, Noticed, Chosen} {
			for _, step := range all {
				doc := d.walk(d.open(kind), ways[state]...)
				r, ok := doc.State.rowOf(step)
				if step == StepFile && kind == registry.BodyManagement && ok {
					// A 物管会 is in office for three years at most.
					if _, err := d.File(t.Context(), d.officer, casework.At{ID: doc.ID, Seq: doc.Seq}, "f1", policy.Span{From: day("2026-10-10"), Until: day("2029-10-09")}); err != nil {
						t.Fatal(err)
					}
					continue
				}
				if !ok {
					d.Refused(string(kind)+"/"+string(state)+"/"+string(step), fault.Conflict, func() error { _, err := d.take(doc, step); return err }, state.Title())
				} else if doc = d.walk(doc, step); doc.State.State != r.to {
					t.Errorf("%s from %s leads to %s, want %s", step, state, doc.State.State, r.to)
				}
				if !doc.State.State.Final() {
					d.walk(doc, StepEnd)
				}
			}
		}
	}
	for _, state := range []State{Filed, Ended} {
		f := Founding{State: state, Kind: registry.BodyCommittee}
		if len(f.Steps()) > 0 {
			t.Errorf("%s: %v", state, f.Steps())
		}
	}
	if len(States()) != 7 {
		t.Error("a state is missing here")
	}
}

// TestRefused: what is wrong is named, by whom it may not be done is refused, and nothing is written.
func TestRefused(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	open := func(by policy.Actor, kind registry.BodyKind, change func(*Group)) func() error {
		return func() error {
			g := group()
			if change != nil {
				change(&g)
			}
			_, err := d.Open(ctx, by, d.project, kind, g, nil)
			return err
		}
	}
	d.Refused("no right", fault.Forbidden, open(person("firm", "firm_manager", "f:x"), registry.BodyCommittee, nil))
	d.Refused("another community", fault.NotFound, open(person("far", "community_worker", policy.CommunityKey(villages)), registry.BodyCommittee, nil))
	d.Refused("no such body", fault.Invalid, open(d.worker, registry.BodyNone, nil), "kind")
	d.Refused("too few owners", fault.Invalid, open(d.worker, registry.BodyCommittee, func(g *Group) { g.Owners = 4 }), "owners", "不到筹备组 9 人的一半")
	d.Refused("even", fault.Invalid, open(d.worker, registry.BodyCommittee, func(g *Group) { g.Members = 8 }), "要是单数")
	d.Refused("tomorrow", fault.Invalid, open(d.worker, registry.BodyCommittee, func(g *Group) { g.On = day("2026-10-20") }), "还没有到")
	d.Refused("more party members than people", fault.Invalid, open(d.worker, registry.BodyCommittee, func(g *Group) { g.Party = 10 }), "party")

	doc := d.open(registry.BodyCommittee)
	at := func() casework.At { return casework.At{ID: doc.ID, Seq: doc.Seq} }
	d.Refused("a second one", fault.Conflict, open(d.officer, registry.BodyManagement, nil), "已经有一次正在办理")
	propose := func(by policy.Actor, c Candidates) func() error {
		return func() error { _, err := d.Propose(ctx, by, at(), c); return err }
	}
	d.Refused("seats: even", fault.Invalid, propose(d.worker, Candidates{6, Count{day("2026-09-10"), 8, 0}}), "seats", "单数")
	d.Refused("seats: too few", fault.Invalid, propose(d.worker, Candidates{3, Count{day("2026-09-10"), 8, 0}}), "要在 5 至 11 之间")
	d.Refused("fewer candidates than seats", fault.Invalid, propose(d.worker, Candidates{7, Count{day("2026-09-10"), 6, 0}}), "候选人是 6 人")
	d.Refused("before the group", fault.Invalid, propose(d.worker, Candidates{5, Count{day("2026-08-31"), 6, 0}}), "早于2026年9月1日")
	d.Refused("the firm may not", fault.Forbidden, propose(person("firm", "firm_manager", "f:x"), Candidates{5, Count{day("2026-09-10"), 6, 0}}))

	doc = d.walk(doc, StepPropose)
	pass := func(by policy.Actor, c Count) func() error {
		return func() error { _, err := d.Pass(ctx, by, at(), c); return err }
	}
	d.Refused("the worker does not judge", fault.Forbidden, pass(d.worker, Count{day("2026-09-15"), 7, 4}))
	d.Refused("the bureau neither", fault.Forbidden, pass(d.officer, Count{day("2026-09-15"), 7, 4}))
	d.Refused("another secretary", fault.NotFound, pass(person("far", "community_secretary", policy.CommunityKey(villages)), Count{day("2026-09-15"), 7, 4}))
	d.Refused("fewer than the seats", fault.Invalid, pass(d.secretary, Count{day("2026-09-15"), 4, 4}), "要在 5 至 8 之间")
	d.Refused("more party members than stood", fault.Invalid, pass(d.secretary, Count{day("2026-09-15"), 7, 5}), "party")
	d.Refused("return without a reason", fault.Invalid, func() error { _, err := d.Return(ctx, d.secretary, at(), ""); return err }, "reason")
	d.Refused("an old page", fault.Conflict, func() error { _, err := d.Pass(ctx, d.secretary, casework.At{ID: doc.ID, Seq: 1}, Count{}); return err }, "刚被别人办过")
	if d.May(ctx, d.worker, &doc.State, StepPass) || !d.May(ctx, d.secretary, &doc.State, StepPass) {
		t.Error("who may judge")
	}

	doc = d.walk(doc, StepReturn)
	if doc.State.Reason == "" || doc.State.State != Preparing {
		t.Errorf("%+v", doc.State)
	}
	doc = registrytest.Must[store.Doc[Founding]](t)(d.Propose(ctx, d.secretary, at(), Candidates{5, Count{day("2026-09-10"), 8, 4}}))
	d.Refused("who put them forward", fault.Forbidden, pass(d.secretary, Count{day("2026-09-15"), 7, 4}), "必须由另一人")
	if d.May(ctx, d.secretary, &doc.State, StepPass) || !d.May(ctx, d.worker, &doc.State, StepEnd) {
		t.Error("who put them forward may not judge")
	}
	doc = registrytest.Must[store.Doc[Founding]](t)(d.Pass(ctx, person("deputy", "community_secretary", policy.CommunityKey(east)), at(), Count{day("2026-09-15"), 7, 4}))
	d.Refused("notice without a place", fault.Invalid, func() error { _, err := d.Publish(ctx, d.worker, at(), Notice{day("2026-09-16"), ""}); return err }, "where")
	doc = d.walk(doc, StepNotice, StepObject)
	d.Refused("objection without an answer", fault.Invalid, func() error {
		_, err := d.Object(ctx, d.worker, at(), Objection{day("2026-09-20"), "不是业主", ""})
		return err
	}, "answer")
	elect := func(vote string, all, party int64) func() error {
		return func() error { _, err := d.Elect(ctx, d.worker, at(), vote, all, party); return err }
	}
	d.Refused("no vote", fault.Invalid, elect("none", 5, 3), "vote")
	d.Refused("a vote about something else", fault.Invalid, elect(d.otherVote, 5, 3), "选聘和解聘物业服务企业")
	d.Refused("a vote that did not carry", fault.Conflict, elect(d.lost, 5, 3), "没有达到法定比例")
	d.Refused("a vote within the notice", fault.Conflict, elect(d.early, 5, 3), "还在公示期内")
	d.Refused("more than the seats", fault.Invalid, elect(d.carried, 7, 3), "要在 3 至 5 之间")
	d.Refused("lost, but carried", fault.Conflict, func() error { _, err := d.Lose(ctx, d.worker, at(), d.carried); return err }, "达到了法定比例")
	doc = d.walk(doc, StepVote)
	d.Refused("the worker does not file", fault.Forbidden, func() error {
		_, err := d.File(ctx, d.worker, at(), "f1", policy.Span{From: day("2026-10-10"), Until: day("2031-10-09")})
		return err
	})
	file := func(filing, from, until string) func() error {
		return func() error {
			days := policy.Span{}
			if from != "" {
				days.From = day(from)
			}
			if until != "" {
				days.Until = day(until)
			}
			_, err := d.File(ctx, d.officer, at(), filing, days)
			return err
		}
	}
	d.Refused("no filing", fault.Invalid, file("none", "2026-10-10", "2031-10-09"), "filing")
	d.Refused("the filing of the term before", fault.Invalid, file("f-old", "2026-10-10", "2031-10-09"), "以前一届的备案")
	d.Refused("no end", fault.Invalid, file("f1", "2026-10-10", ""), "until")
	d.Refused("longer than five years", fault.Invalid, file("f1", "2026-10-10", "2031-10-10"), "最长 5 年", "2031年10月9日")
	d.Refused("before the election", fault.Invalid, file("f1", "2026-10-09", "2031-10-08"), "早于产生日期")
	d.Refused("nobody else's", fault.NotFound, func() error {
		_, err := d.One(ctx, person("far", "community_worker", policy.CommunityKey(villages)), doc.ID)
		return err
	})
}

// TestTerm: the last step puts the body in office in the register with its counts, and nothing but the register says so; the next founding is a renewal, and a 物管会 is not formed beside a committee.
func TestTerm(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	doc := d.walk(d.open(registry.BodyCommittee), StepPropose, StepPass, StepNotice, StepVote)
	if doc.State.FileBy.Due != day("2026-11-09") || doc.State.Ends.Due != day("2026-09-23") {
		t.Errorf("%+v %+v", doc.State.FileBy, doc.State.Ends)
	}
	// A try that was cut off after the term was written is done again without writing it twice.
	term := registry.Body{Kind: registry.BodyCommittee, Days: policy.Span{From: day("2026-10-10"), Until: day("2031-10-09")}, Members: 5, PartyMembers: 3}
	seq := registrytest.Must[registry.ProjectRow](t)(d.register.OneProject(ctx, d.officer, d.project)).Seq
	if err := d.register.SetBody(ctx, d.officer, d.project, seq, term); err != nil {
		t.Fatal(err)
	}
	doc = d.walk(doc, StepFile)
	row := registrytest.Must[registry.ProjectRow](t)(d.register.OneProject(ctx, d.officer, d.project))
	if row.Seq != seq+1 || row.Body != term || doc.State.Number != "业委备〔2026〕1号" || doc.State.From != term.Days.From {
		t.Errorf("%d %+v %+v", row.Seq, row.Body, doc.State)
	}
	d.Refused("a 物管会 beside a committee", fault.Conflict, func() error {
		_, err := d.Open(ctx, d.worker, d.project, registry.BodyManagement, group(), nil)
		return err
	}, "有在任的业委会")
	again := d.open(registry.BodyCommittee)
	if again.State.Title() != "望湖苑业委会换届" {
		t.Error(again.State.Title())
	}
	lines := registrytest.Must[[]Line](t)(d.Lines(ctx, d.secretary, Query{Body: registry.BodyCommittee, State: Preparing, Text: "wanghu"}))
	if len(lines) != 1 || lines[0].Founding.ID != again.ID || lines[0].Body.Members != 5 {
		t.Errorf("%+v", lines)
	}
	for name, q := range map[string]Query{"none": {Body: registry.BodyNone}, "other body": {Body: registry.BodyManagement}, "other state": {State: Filed}} {
		if lines := registrytest.Must[[]Line](t)(d.Lines(ctx, d.officer, q)); len(lines) > 0 {
			t.Errorf("%s: %+v", name, lines)
		}
	}
	other := registrytest.Must[string](t)(d.register.CreateProject(ctx, d.officer, registry.ProjectInput{Name: "湖滨苑", Address: "东风大道 9 号", Community: east, Households: 400, Kind: registry.KindCommodity}))
	for _, by := range []policy.Actor{d.officer, d.secretary} {
		if of, none := registrytest.Must[[]store.Doc[Founding]](t)(d.Of(ctx, by, d.project)), registrytest.Must[[]store.Doc[Founding]](t)(d.Of(ctx, by, other)); len(of) != 2 || len(none) != 0 {
			t.Errorf("%s: %d foundings of the project, %d of its neighbour", by.ID, len(of), len(none))
		}
	}
	if list := registrytest.Must[[]store.Doc[Founding]](t)(d.Running(ctx, d.secretary)); len(list) != 1 || list[0].ID != again.ID {
		t.Error(len(list))
	}
	if uses := registrytest.Must[string](t)(d.Uses(ctx, policy.ProjectKey(d.project), time.Time{})); uses != "2 次业主组织组建" {
		t.Error(uses)
	}
	if history := registrytest.Must[[]store.Change[Founding]](t)(d.History(ctx, d.officer, doc.ID)); len(history) != 6 || history[5].State.Last != StepFile {
		t.Errorf("%+v", history)
	}
}

// TestManagement: a 物管会 is named, not elected, for three years at most; an election that was lost begins anew.
func TestManagement(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	doc := d.walk(d.open(registry.BodyManagement), StepPropose, StepPass, StepNotice)
	d.Refused("within the notice", fault.Conflict, func() error {
		_, err := d.Name(ctx, d.worker, casework.At{ID: doc.ID, Seq: doc.Seq}, Count{day("2026-09-23"), 5, 3})
		return err
	}, "还在公示期内")
	doc = d.walk(doc, StepName)
	d.Refused("longer than three years", fault.Invalid, func() error { _, err := d.take(doc, StepFile); return err }, "最长 3 年")
	d.walk(doc, StepEnd)
	doc = d.walk(d.open(registry.BodyCommittee), StepPropose, StepPass, StepNotice, StepObject, StepLost)
	if doc.State.State != Preparing || !strings.Contains(doc.State.Reason, "没有达到法定比例") {
		t.Errorf("%+v", doc.State)
	}
	if doc = d.walk(doc, StepPropose); doc.State.Reason != "" || len(doc.State.Objections) > 0 || doc.State.Clock().Rule != qualifyRule {
		t.Errorf("%+v", doc.State)
	}
}

func TestStoredFields(t *testing.T) {
	if err := store.CheckType[Founding](); err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile("testdata/owners-body.fields")
	if got := strings.Join(store.FieldNames[Founding](), "\n") + "\n"; err != nil || got != string(golden) {
		t.Errorf("stored fields changed; old records would not be read:\n%s%v", got, err)
	}
}
