package supervision

import (
	"os"
	"slices"
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/policy/policytest"
)

// trained is a party fact of a firm, as its instructor records it.
func trained() Draft {
	return Draft{Ask: trainingAsk(), Firm: "f1", Day: mustDate("2027-02-10"), Source: "培训记录", Cells: []Cell{count("training_held", 1), count("training_due", 1)}}
}

func at(doc store.Doc[Observation]) At { return At{ID: doc.ID, Seq: doc.Seq} }

// TestPartyFactPassesEachLevel: community, industry, organisation, in this order and by three persons; only then it counts.
func TestPartyFactPassesEachLevel(t *testing.T) {
	d := newDesk(t)
	doc := d.record(t, instructor, trained())
	if !slices.Contains(doc.State.Keys, "c:360428001001") || !slices.Contains(doc.State.Keys, "c:360428001002") {
		t.Error("the communities of the firm's projects are not named", doc.State.Keys)
	}
	for i, who := range []policy.Actor{secretary, industry, organiser} {
		if len(d.readings(t)) != 0 {
			t.Fatalf("counts before level %d", i+1)
		}
		for _, other := range []policy.Actor{secretary, industry, organiser} {
			queue, err := d.Queue(t.Context(), other, "")
			if want := map[bool]int{true: 1, false: 0}[other.ID == who.ID]; err != nil || len(queue.Docs) != want {
				t.Errorf("level %d: %d wait for %s, %v", i+1, len(queue.Docs), other.ID, err)
			}
			if other.ID == who.ID {
				continue
			}
			before := d.Records(t)
			_, err = d.Confirm(t.Context(), other, at(doc))
			wantKind(t, err, fault.Forbidden)
			if fault.RuleOf(err) == "" || d.Records(t) != before {
				t.Error("a refusal without a rule, or with a record")
			}
		}
		levels := doc.State.Levels()
		if len(levels) != 3 || !levels[i].Next || levels[i].Done() || i > 0 && !levels[i-1].Done() {
			t.Errorf("%+v", levels)
		}
		doc = d.confirm(t, who, doc)
		if want := map[bool]ObservationState{true: ObservationConfirmed, false: ObservationPassing}[i == 2]; doc.State.State != want {
			t.Fatalf("after level %d: %s", i+1, doc.State.State)
		}
	}
	got := d.readings(t)
	if len(got) != 2 || got[0].ScoredBy != "party_instructor/instructor" || got[0].ReviewedBy != "organisation/organiser" {
		t.Errorf("%+v", got)
	}
	if doc.State.Approval.State != policy.ApprovalApproved {
		t.Error(doc.State.Approval.State)
	}
}

// TestWhoMayNotConfirmAPartyFact: neither who recorded it, nor the same person at two levels, nor an office of other rows, nor housing staff.
func TestWhoMayNotConfirmAPartyFact(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	// A secretary records and cannot confirm the first level himself; the secretary of another community of the firm can.
	own := d.record(t, secretary, Draft{Ask: trainingAsk(), Project: "p1", Day: mustDate("2027-02-10"), Source: "培训记录", Cells: trained().Cells})
	both := policy.Actor{ID: "both", Appointments: []policy.Appointment{{Role: "community_secretary", Scopes: []string{"c:360428001001"}}, {Role: "industry_secretary", Scopes: []string{policy.County}}}}
	elsewhere := policy.Actor{ID: "elsewhere", Appointments: []policy.Appointment{{Role: "community_secretary", Scopes: []string{"c:360428001002"}}, {Role: "industry_secretary", Scopes: []string{policy.County}}}}
	refuse := func(name string, by policy.Actor, doc store.Doc[Observation], kind fault.Kind, says string) {
		t.Helper()
		before := d.Records(t)
		_, err := d.Confirm(ctx, by, at(doc))
		if !fault.Is(err, kind) || !strings.Contains(fault.MessageOf(err), says) || d.Records(t) != before {
			t.Errorf("%s: %v", name, err)
		}
	}
	refuse("who recorded", secretary, own, fault.Forbidden, "评分")
	refuse("another community", neighbour, own, fault.NotFound, "")
	refuse("the office of another community", elsewhere, own, fault.Forbidden, "现在不是由你签署")
	refuse("housing staff", chief, own, fault.NotFound, "")
	refuse("housing staff with an old page", chief, store.Doc[Observation]{ID: own.ID, Seq: 99}, fault.NotFound, "")
	own = d.confirm(t, both, own)
	refuse("twice the same person", both, own, fault.Forbidden, "已经签过")
	if queue, err := d.Queue(ctx, both, ""); err != nil || len(queue.Docs) != 0 {
		t.Error("waits for who has confirmed already", err)
	}
	ordinary := d.record(t, officer, draft(9, 10))
	refuse("an ordinary one by the organisation department", organiser, ordinary, fault.Forbidden, "确认一般观察记录")
	refuse("an ordinary one by the branch of the industry", industry, ordinary, fault.Forbidden, "确认一般观察记录")
	if queue, err := d.Queue(ctx, organiser, ""); err != nil || len(queue.Docs) != 0 {
		t.Errorf("the organisation department is shown %d ordinary ones: %v", len(queue.Docs), err)
	}
	before := d.Records(t)
	_, err := d.Record(ctx, officer, trained())
	wantKind(t, err, fault.Forbidden)
	_, err = d.Return(ctx, chief, at(own), "看不清")
	wantKind(t, err, fault.NotFound)
	_, err = d.Withdraw(ctx, officer, at(own), "记错")
	wantKind(t, err, fault.NotFound)
	if d.Records(t) != before {
		t.Error("a refused call wrote something")
	}
	if d.MayRecord(officer, "training") || !d.MayRecord(officer, "answers") || !d.MayRecord(instructor, "training") {
		t.Error("who may record what")
	}
}

// TestReturnedPartyFactBeginsAnew: any level returns with a reason; after the correction the first level is asked again.
func TestReturnedPartyFactBeginsAnew(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	doc := d.confirm(t, secretary, d.record(t, instructor, trained()))
	if _, err := d.Return(ctx, industry, at(doc), " "); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	_, err := d.Return(ctx, organiser, at(doc), "还没有轮到")
	wantKind(t, err, fault.Forbidden)
	if doc, err = d.Return(ctx, industry, at(doc), "应办次数不对"); err != nil || doc.State.State != ObservationReturned {
		t.Fatal(doc.State.State, err)
	}
	if back, err := d.Returned(ctx, instructor, ""); err != nil || len(back.Docs) != 1 || back.Docs[0].State.Reason != "应办次数不对" {
		t.Error(back, err)
	}
	_, err = d.Correct(ctx, industry, at(doc), Correction{})
	wantKind(t, err, fault.Forbidden)
	if doc, err = d.Correct(ctx, instructor, at(doc), Correction{Cells: []Cell{count("training_held", 1), count("training_due", 2)}, Day: mustDate("2027-02-10"), Source: "培训记录"}); err != nil {
		t.Fatal(err)
	}
	if levels := doc.State.Levels(); !levels[0].Next || levels[0].Done() {
		t.Errorf("%+v", levels)
	}
	_, err = d.Confirm(ctx, industry, at(doc))
	wantKind(t, err, fault.Forbidden)
	for _, who := range []policy.Actor{secretary, industry, organiser} {
		doc = d.confirm(t, who, doc)
	}
	if got := d.readings(t); len(got) != 2 || got[0].Cells[1].Number.String() != "2" {
		t.Errorf("%+v", got)
	}
	// Taken back before it counts.
	other := d.confirm(t, secretary, d.record(t, instructor, Draft{Ask: trainingAsk(), Firm: "f1", Day: mustDate("2027-02-11"), Source: "培训记录", Cells: trained().Cells}))
	if other, err = d.Withdraw(ctx, instructor, at(other), "重复登记"); err != nil || other.State.State != ObservationWithdrawn || other.State.Approval.State != policy.ApprovalWithdrawn {
		t.Error(other.State, err)
	}
}

// TestHousingStaffSeeTheResultOnly: nothing before the last level, and then the value without how it came about.
func TestHousingStaffSeeTheResultOnly(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	doc := d.record(t, instructor, trained())
	look := func(by policy.Actor) (page int, err error) {
		list, listErr := d.List(ctx, by, ObservationFilter{}, "")
		if listErr != nil {
			t.Fatal(listErr)
		}
		_, err = d.One(ctx, by, doc.ID)
		return len(list.Docs), err
	}
	for _, who := range []policy.Actor{secretary, industry, organiser} {
		if n, err := look(officer); n != 0 || !fault.Is(err, fault.NotFound) {
			t.Errorf("%d listed, %v", n, err)
		}
		if n, err := look(secretary); n != 1 || err != nil {
			t.Errorf("the party sees %d, %v", n, err)
		}
		if _, err := d.History(ctx, officer, doc.ID); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		doc = d.confirm(t, who, doc)
	}
	if n, err := look(officer); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	seen, err := d.One(ctx, officer, doc.ID)
	if o := seen.State; err != nil || len(o.Cells) != 2 || o.State != ObservationConfirmed || o.Source != "" || len(o.Acts) != 0 || o.Approval != nil || o.Recorded.By != "" || o.Reviewed.By != "" {
		t.Errorf("%+v %v", seen.State, err)
	}
	history, err := d.History(ctx, officer, doc.ID)
	if err != nil || len(history) != 1 || history[0].By != "" || history[0].State != ObservationConfirmed {
		t.Errorf("%+v %v", history, err)
	}
	if !d.OnlyResult(officer, &doc.State) || d.OnlyResult(organiser, &doc.State) {
		t.Error("who sees the result only")
	}
}

// TestConfirmedByTwoPersonsStaysConfirmed: what was confirmed before its fact had a chain counts as it did, and what waited then is confirmed as it began.
func TestConfirmedByTwoPersonsStaysConfirmed(t *testing.T) {
	d := newDesk(t)
	chains := d.chains
	d.chains = nil
	d.confirm(t, chief, d.record(t, officer, trained()))
	in := trained()
	in.Day = in.Day.Add(1)
	waiting := d.record(t, instructor, in)
	before := d.readings(t)
	d.chains = chains
	if got := d.readings(t); len(before) != 2 || len(got) != 2 || got[0].Hash != before[0].Hash || got[0].ReviewedBy != "section_chief/chief" {
		t.Errorf("%+v", got)
	}
	if doc := d.confirm(t, industry, waiting); doc.State.State != ObservationConfirmed {
		t.Error(doc.State.State)
	}
}

// TestPartyFactsByDeputies: who was named for a level's absent person confirms there, a deputy office with a reason; neither confirms a second level, and both are named.
func TestPartyFactsByDeputies(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	away := d.record(t, instructor, trained())
	township := person("township", "township_party", policy.TownshipKey("360428001000"))
	refuse := func(by policy.Actor, doc store.Doc[Observation], kind fault.Kind, says string) {
		t.Helper()
		before := d.Records(t)
		_, err := d.Confirm(ctx, by, at(doc))
		if !fault.Is(err, kind) || !strings.Contains(fault.MessageOf(err)+text(fault.FieldsOf(err)), says) || d.Records(t) != before {
			t.Errorf("%s: %v", by.ID, err)
		}
	}
	// As a deputy office it needs a reason, and is not asked in the queue.
	refuse(township, away, fault.Invalid, "代理")
	if queue, err := d.Queue(ctx, township, ""); err != nil || len(queue.Docs) != 0 {
		t.Errorf("%d wait for a deputy office: %v", len(queue.Docs), err)
	}
	if err := d.Decidable(ctx, township, &away.State); err != nil {
		t.Error(err)
	}
	if _, err := d.ConfirmFor(ctx, township, at(away), strings.Repeat("长", MaxReason+1)); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	byOffice, err := d.ConfirmFor(ctx, township, at(away), "书记住院")
	if err != nil {
		t.Fatal(err)
	}
	if l := byOffice.State.Levels()[0].Seats[0]; !l.Done || !l.Deputy || l.As != "township_party" || byOffice.State.Reason != "书记住院" {
		t.Errorf("%+v", l)
	}
	// In the place of somebody who is away, no reason is needed; nobody stands at two levels.
	standIn := neighbour
	standIn.Appointments = []policy.Appointment{{Role: "industry_secretary", Scopes: []string{policy.County}}}
	standIn.Deputizes = []policy.Deputizing{{For: secretary.ID, Appointments: secretary.Appointments}}
	second := trained()
	second.Day = second.Day.Add(1)
	doc := d.record(t, instructor, second)
	if queue, err := d.Queue(ctx, standIn, ""); err != nil || len(queue.Docs) != 2 {
		t.Errorf("%d wait for who stands in: %v", len(queue.Docs), err)
	}
	doc = d.confirm(t, standIn, doc)
	if l := doc.State.Levels()[0].Seats[0]; !l.Deputy || l.As != "community_secretary" || doc.State.Approval.Decisions[0].For != secretary.ID {
		t.Errorf("%+v", doc.State.Approval.Decisions)
	}
	refuse(standIn, doc, fault.Forbidden, "已经签过")
}

// TestPartyFactsFromExcel: a row of them begins its chain; housing staff cannot bring one in.
func TestPartyFactsFromExcel(t *testing.T) {
	d := newDesk(t)
	s := importsOf(t, d)
	line := ObservationLine{Row: 2, FirmCode: "f1", Ask: trainingAsk(), Cells: trained().Cells, Day: trained().Day, Source: "培训记录"}
	run, err := s.DryRun(t.Context(), officer, fileOf(line))
	if err != nil || run.Faulty != 1 || !strings.Contains(run.Faults[0].Message, "由党组织登记") {
		t.Errorf("%+v %v", run, err)
	}
	if v := imported(t, s, instructor, line); v.Created != 1 {
		t.Fatalf("%+v", v)
	}
	if queue, err := d.Queue(t.Context(), secretary, ""); err != nil || len(queue.Docs) != 1 || !queue.Docs[0].State.Levels()[0].Next {
		t.Error(queue, err)
	}
}

func TestParseChains(t *testing.T) {
	rules := policytest.Rules(t)
	data, err := os.ReadFile("../configs/confirmations.yaml")
	if err != nil {
		t.Fatal(err)
	}
	chains, err := ParseChains("c.yaml", data, rules)
	if err != nil || chains.Count() != 6 {
		t.Fatal(chains, err)
	}
	if chain, ok := chains.Of("training"); !ok || len(chain.Levels) != 3 || chain.Levels[1].Name != "物业行业党支部确认" {
		t.Errorf("%+v", chain)
	}
	if _, ok := chains.Of("answers"); ok {
		t.Error("answers have no chain")
	}
	if none, err := ParseChains("c.yaml", []byte("chains: []\n"), rules); err != nil || none.Count() != 0 {
		t.Error(err)
	}
	const head = "chains:\n  - id: party\n    version: 1\n    title: 党建\n    basis: 建议\n"
	for _, tt := range []struct{ name, text, want string }{
		{"nothing", "", "chains"},
		{"no level", head + "    facts: [a]\n    levels: []\n", "审批要有 1 至 4 级"},
		{"a fact twice", head + "    facts: [a, a]\n    levels: [{name: 一级, role: organisation}]\n", "c.yaml:6:16: 事实 a 写了两次"},
		{"no such role", head + "    facts: [a]\n    levels: [{name: 一级, role: nobody}]\n", "角色“nobody”没有声明"},
		{"housing staff", head + "    facts: [a]\n    levels: [{name: 一级, role: section_chief}]\n", "c.yaml:7:31: 岗位 section_chief 没有“逐级确认党建事实”的权限"},
		{"a role at two levels", head + "    facts: [a]\n    levels: [{name: 一级, role: organisation}, {name: 二级, role: organisation}]\n", "已经是第 1 级"},
		{"one office and several", head + "    facts: [a]\n    levels: [{name: 一级, role: organisation, seats: [{role: industry_secretary}]}]\n", "不能两样都写"},
		{"an office twice in one level", head + "    facts: [a]\n    levels: [{name: 一级, seats: [{role: organisation}, {role: organisation}]}]\n", "c.yaml:7:62: 同一级中organisation出现两次"},
		{"housing staff among several", head + "    facts: [a]\n    levels: [{name: 一级, seats: [{role: organisation}, {role: section_chief}]}]\n", "c.yaml:7:62: 岗位 section_chief 没有"},
		{"a deputy among several", head + "    facts: [a]\n    levels: [{name: 一级, seats: [{role: organisation, deputies: [director]}]}]\n", "岗位 director 没有"},
		{"an office of another level among several", head + "    facts: [a]\n    levels: [{name: 一级, role: organisation}, {name: 二级, seats: [{role: industry_secretary}, {role: organisation}]}]\n", "已经是第 1 级"},
		{"an unknown key", head + "    fact: a\n", "fact"},
	} {
		if _, err := ParseChains("c.yaml", []byte(tt.text), rules); err == nil || !strings.Contains(err.Error()+text(fault.FieldsOf(err)), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// TestLevelOfSeveralOffices: where a level has several offices, each confirms, in any order and nobody for two; only then the next level is asked.
func TestLevelOfSeveralOffices(t *testing.T) {
	d := newDesk(t)
	var err error
	d.chains, err = ParseChains("c.yaml", []byte("chains:\n  - id: party\n    version: 3\n    title: 党建\n    basis: 建议\n    facts: [training]\n    levels:\n      - {name: 社区党组织确认, role: community_secretary}\n"+
		"      - name: 会签\n        seats: [{role: industry_secretary}, {role: organisation, deputies: [township_party]}]\n"), policytest.Rules(t))
	if err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	doc := d.record(t, instructor, trained())
	doc = d.confirm(t, secretary, doc)
	for _, who := range []policy.Actor{industry, organiser} {
		if queue, err := d.Queue(t.Context(), who, ""); err != nil || len(queue.Docs) != 1 {
			t.Errorf("%d wait for %s, %v", len(queue.Docs), who.ID, err)
		}
	}
	refused := func(name string, by policy.Actor, kind fault.Kind) {
		t.Helper()
		before := d.Records(t)
		if _, err := d.Confirm(t.Context(), by, at(doc)); !fault.Is(err, kind) || d.Records(t) != before {
			t.Errorf("%s: %v, %d records", name, err, d.Records(t)-before)
		}
	}
	both := policy.Actor{ID: organiser.ID, Appointments: slices.Concat(organiser.Appointments, industry.Appointments)}
	doc = d.confirm(t, organiser, doc)
	if l := doc.State.Levels()[1]; doc.State.State != ObservationPassing || !l.Next || l.Done() || l.Seats[0].Done || !l.Seats[1].Done {
		t.Errorf("after one of two: %s %+v", doc.State.State, l)
	}
	if len(d.readings(t)) != 0 {
		t.Error("counts after one of two")
	}
	refused("the same office again", organiser, fault.Forbidden)
	refused("the same person for the other office", both, fault.Forbidden)
	refused("the level before", secretary, fault.Forbidden)
	if queue, err := d.Queue(t.Context(), organiser, ""); err != nil || len(queue.Docs) != 0 {
		t.Errorf("%d still wait for who confirmed, %v", len(queue.Docs), err)
	}
	if doc = d.confirm(t, industry, doc); doc.State.State != ObservationConfirmed || !doc.State.Levels()[1].Done() {
		t.Errorf("after both: %s", doc.State.State)
	}
	if len(d.readings(t)) == 0 {
		t.Error("does not count after both")
	}
}
