package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"redsteward/configs"
	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/rating/cycle"
	"redsteward/registry"
	"redsteward/registry/conduct"
	"redsteward/registry/filing"
	"redsteward/registry/handover"
	"redsteward/registry/party"
	"redsteward/supervision"
	"redsteward/supervision/evidence"
	"redsteward/supervision/inspection"
)

// The commands by which facts come in. A second person then confirms, accepts or reviews.
var (
	record        = (*supervision.Observations).Record
	submit        = (*evidence.Service).Submit
	reply         = (*inspection.Visits).Reply
	fillSheet     = (*party.Service).FillAll
	enterHonour   = (*conduct.Service).Record
	setParty      = (*registry.Service).SetParty
	changeProject = (*registry.Service).ChangeProject
	showRevenue   = (*registry.Service).RecordRevenue
	putPaper      = (*registry.Service).PutPaper
)

// commandSource is the source for which a command speaks.
var commandSource = map[string]string{nameOf(record): "observation", nameOf(submit): "evidence", nameOf(reply): "inspection", nameOf(fillSheet): cycle.SourceParty,
	nameOf(enterHonour): cycle.SourceHonours, nameOf(setParty): cycle.SourceRegistry, nameOf(changeProject): cycle.SourceRegistry, nameOf(showRevenue): cycle.SourceRegistry, nameOf(putPaper): cycle.SourceRegistry}

// nameOf is the name of a command: redsteward/supervision.(*Observations).Record.
func nameOf(command any) string {
	return runtime.FuncForPC(reflect.ValueOf(command).Pointer()).Name()
}

// feeds names, for each indicator of the five goods, the facts that it reads and the command by which each of them comes in.
var feeds = map[string]map[string]any{
	"org_own_meetings":      {"branch_meetings": fillSheet},
	"org_joint_meetings":    {"joint_meetings": fillSheet},
	"org_instructor_visits": {"instructor_visits": fillSheet, "party_form": setParty},
	"org_cobuild":           {"cobuild_kinds": fillSheet},
	"team_displays":         {"four_displays": reply},
	"team_attendance":       {"branch_attendance": fillSheet},
	"team_training":         {"training": fillSheet, "party_form": setParty},
	"svc_satisfaction":      {"survey": record},
	"svc_matter_callbacks":  {"matter_callbacks": record},
	"svc_repair_callbacks":  {"repair_callbacks": record},
	"svc_clean":             {"visit_clean": reply},
	"svc_order":             {"visit_order": reply},
	"svc_facility":          {"visit_facility": reply},
	"svc_repair_time":       {"repairs": submit},
	"svc_rectify":           {"rectification": record},
	"ops_revenue":           {"revenue": showRevenue},
	"ops_open":              {"openness": reply},
	"ops_upkeep":            {"upkeep": record},
	"ops_handover":          {"handover_acts": record, "handover_rule_applies": changeProject},
	"ops_answers":           {"answers": record},
	"img_complaints":        {"complaints": record, "households": changeProject},
	"img_look":              {"visit_look": reply},
	"img_tasks":             {"community_tasks": record},
	"bonus_commendations":   {"commendations": enterHonour},
	"bonus_safety":          {"cameras": record, "insurance": putPaper},
}

// fiveGoods are the shipped schemes of quarter and year.
func fiveGoods(t *testing.T) []*rating.Scheme {
	t.Helper()
	var out []*rating.Scheme
	for _, name := range []string{"five-goods-quarter.yaml", "five-goods-year.yaml"} {
		data, err := configs.Files.ReadFile("schemes/" + name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := rating.ParseScheme(data)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// TestEveryIndicatorIsFed: the table names every indicator and every fact that it reads, with a command of the source that the scheme asks, and nothing else.
// That calling the command makes a reading of the fact is proved on the small county (feedEveryFact).
func TestEveryIndicatorIsFed(t *testing.T) {
	left := maps.Clone(feeds)
	for _, s := range fiveGoods(t) {
		for i := range s.Indicators {
			id := s.Indicators[i].ID
			table, ok := feeds[id]
			if !ok {
				t.Errorf("%s: no command feeds %s", s.ID, id)
				continue
			}
			delete(left, id)
			reads := s.Reads(id)
			if named := slices.Sorted(maps.Keys(table)); !slices.Equal(named, slices.Sorted(slices.Values(reads))) {
				t.Errorf("%s: %s reads %v, the table names %v", s.ID, id, reads, named)
			}
			for _, fact := range reads {
				at, _ := s.FactIndex(fact)
				if command := table[fact]; command != nil && !slices.Contains([]string{s.Facts[at].Source, s.Facts[at].Otherwise}, commandSource[nameOf(command)]) {
					t.Errorf("%s: %s comes from %s, the table says %s", s.ID, fact, cmp.Or(s.Facts[at].Otherwise, s.Facts[at].Source), nameOf(command))
				}
			}
		}
	}
	for id := range left {
		t.Errorf("no scheme has an indicator %s", id)
	}
}

// wantRecords compares what filings and handovers tell with how they stand: a registered contract is filed; of a handover that was not given up the firm checked the documents, signed, and handed them in for filing, as far as it has come.
func wantRecords(t *testing.T, s *service, by policy.Actor) {
	t.Helper()
	got, want := map[string]int64{}, map[string]int64{}
	upTo, err := s.db.Engine().LastN(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	today := calendar.DateOf(s.clocks.Business())
	for _, source := range s.sources() {
		if name := source.Source(); name != cycle.SourceFilings && name != cycle.SourceHandovers {
			continue
		}
		if err := source.EachReading(t.Context(), calendar.Span{First: today.Add(-365), Last: today}, s.clocks.Business(), upTo, func(r supervision.Reading) error {
			if r.Record == "" || len(r.Hash) != 64 || r.ScoredBy == "" {
				t.Errorf("%+v", r)
			}
			done, _ := r.Cells[0].Number.Int64()
			got[r.Fact+"/"+r.Project] += done
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	page, err := s.handovers.ListPage(t.Context(), by, handover.Filter{}, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range page.Docs {
		acts := map[handover.State]int64{handover.Ready: 1, handover.Walking: 1, handover.Repairing: 1, handover.Rechecking: 1, handover.Agreeing: 1, handover.Agreed: 2, handover.Transferred: 2, handover.Filed: 3}[d.State.State]
		if acts > 0 {
			want["handover_acts/"+d.State.Project] += acts
		}
	}
	if err := s.filings.Each(t.Context(), by, filing.Filter{Kind: filing.ContractKind, State: filing.Registered}, func(_ string, f *filing.Filing) { want["contract_filed/"+f.Project] = 1 }); err != nil {
		t.Fatal(err)
	}
	if len(want) < 5 || !maps.Equal(got, want) {
		t.Errorf("the records tell %v, want %v", got, want)
	}
}

// feeding calls commands about one project on the small county.
type feeding struct {
	*testing.T
	*service
	plan                   *countyPlan
	actor                  func(login string) policy.Actor
	project, firm, manager string
	community              int
	today                  calendar.Date
	asks                   map[string]supervision.Ask
	visited                map[string]bool
}

// feedEveryFact calls the command of each fact in the table, and wants a reading of that fact that was not there before.
func feedEveryFact(t *testing.T, s *service, plan *countyPlan, actor func(login string) policy.Actor) {
	const project = fedProject // on whose desk nothing waits
	f := &feeding{T: t, service: s, plan: plan, actor: actor, today: calendar.DateOf(s.clocks.Business()), asks: map[string]supervision.Ask{}, visited: map[string]bool{},
		community: project % plan.size.communities, manager: loginOf("firm_manager", plan.holder(project, plan.size.quarters()))}
	for _, scheme := range fiveGoods(t) {
		for _, asks := range cycle.Asks(scheme) {
			for _, ask := range asks {
				if _, quarterly := f.asks[ask.Fact]; !quarterly {
					f.asks[ask.Fact] = ask
				}
			}
		}
	}
	page, err := s.register.Projects(t.Context(), actor("property-officer"), registry.ProjectQuery{Text: plan.projects[project].input.Name})
	if err != nil || len(page.Rows) != 1 {
		t.Fatal(len(page.Rows), err)
	}
	f.project, f.firm = page.Rows[0].ID, page.Rows[0].Firm
	year := calendar.Year(f.today.Year())
	if _, err := s.cycle.Plan(t.Context(), actor("property-officer"), year.String(), year.Span().Last.Add(15), year.Span().Last.Add(30)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.cycle.Open(t.Context(), actor("property-officer"), year.String()); err != nil {
		t.Fatal(err)
	}
	commands := map[string]any{}
	for _, table := range feeds {
		maps.Copy(commands, table)
	}
	before := map[string]string{}
	for fact, command := range commands {
		before[fact] = f.read(fact, commandSource[nameOf(command)])
	}
	for _, fact := range slices.Sorted(maps.Keys(commands)) {
		command := nameOf(commands[fact])
		if command == nameOf(fillSheet) {
			f.organise(fact) // the form decides which facts a sheet tells
		}
		if command != nameOf(reply) { // one visit makes all of its facts known
			before[fact] = f.read(fact, commandSource[command])
		}
		f.call(fact, command)
		if after := f.read(fact, commandSource[command]); before[fact] == after {
			t.Errorf("%s leaves the reading of %s as it was: %q", command, fact, after)
		}
	}
}

// read is what a source knows of a fact of the project: the records that count, or what the register holds.
func (f *feeding) read(fact, from string) string {
	f.Helper()
	if from == cycle.SourceRegistry {
		h, err := f.register.Holding(f.Context(), f.project, f.today)
		if err != nil {
			f.Fatal(err)
		}
		return map[string]string{"party_form": h.PartyForm, "households": strconv.FormatInt(h.Households, 10), "handover_rule_applies": h.TakenOver.String(), "insurance": strconv.FormatBool(h.Insured),
			"revenue": fmt.Sprint(h.Halves)}[fact]
	}
	upTo, err := f.db.Engine().LastN(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	var records []string
	for _, source := range f.sources() {
		if source.Source() != from {
			continue
		}
		if err := source.EachReading(f.Context(), calendar.Year(f.today.Year()).Span(), f.clocks.Business(), upTo, func(r supervision.Reading) error {
			if r.Project == f.project && r.Fact == fact {
				records = append(records, r.Record)
			}
			return nil
		}); err != nil {
			f.Fatal(err)
		}
	}
	slices.Sort(records)
	return strings.Join(records, " ")
}

// call makes one fact known by its command.
func (f *feeding) call(fact, command string) {
	f.Helper()
	var err error
	switch command {
	case nameOf(record):
		err = f.observe(f.asks[fact])
	case nameOf(submit):
		err = f.prove(f.asks[fact])
	case nameOf(reply):
		err = f.visit()
	case nameOf(fillSheet):
		err = f.fill()
	case nameOf(enterHonour):
		err = f.honour()
	case nameOf(showRevenue):
		err = f.show()
	case nameOf(putPaper):
		err = f.insure()
	case nameOf(setParty), nameOf(changeProject):
		err = f.enter(fact)
	default:
		f.Fatalf("nobody knows how to call %s", command)
	}
	if err != nil {
		f.Errorf("%s of %s: %v", command, fact, err)
	}
}

// cells answers every column of an ask.
func (f *feeding) cells(ask supervision.Ask) []supervision.Cell {
	out := make([]supervision.Cell, len(ask.Columns))
	for i, col := range ask.Columns {
		out[i] = supervision.Cell{Column: col.Name, Number: num.FromInt(1)}
		switch col.Kind {
		case supervision.ColumnEvent:
			out[i] = supervision.Cell{Column: col.Name, Text: col.Values[0].ID, Document: "演示文号〔2026〕1号"}
		case supervision.ColumnText:
			out[i] = supervision.Cell{Column: col.Name, Text: col.Values[0].ID}
		}
	}
	return out
}

func (f *feeding) observe(ask supervision.Ask) error {
	doc, err := f.observations.Record(f.Context(), f.actor("property-officer"), supervision.Draft{Ask: ask, Project: f.project, Cells: f.cells(ask), Day: f.today.Add(-2), Source: "演示台账"})
	if err != nil {
		return err
	}
	_, err = f.observations.Confirm(f.Context(), f.actor("section-chief"), supervision.At{ID: doc.ID, Seq: doc.Seq})
	return err
}

// fill enters one activity of each kind in the sheet of the firm, the project's community and the quarter, and lets every level
// confirm it; a sheet that is confirmed is opened again.
func (f *feeding) fill() error {
	ctx, maker := f.Context(), f.actor(loginOf("industry_secretary", 1))
	at := party.At{Firm: f.firm, Community: f.plan.names.Communities[f.community], Quarter: calendar.QuarterOf(f.today).String()}
	next := func(doc store.Doc[party.Sheet], err error) error {
		at.Seq = doc.Seq
		return err
	}
	switch doc, err := f.party.One(ctx, maker, at); {
	case fault.Is(err, fault.NotFound):
	case err != nil:
		return err
	case doc.State.State == party.Confirmed:
		at.Seq = doc.Seq
		if err := next(f.party.Reopen(ctx, maker, at, "补记（演示）")); err != nil {
			return err
		}
	default: // it waits for the last level
		at.Seq = doc.Seq
		if err := next(f.party.Return(ctx, f.actor("organisation"), at, "请补记（演示）")); err != nil {
			return err
		}
	}
	var lines []party.Line
	for _, kind := range party.Kinds() {
		lines = append(lines, party.Line{Kind: party.Kind(kind.ID), Day: f.today.Add(-2), Expected: 3, Present: 3})
	}
	if err := next(f.party.FillAll(ctx, maker, at, lines, nil)); err != nil {
		return err
	}
	if err := next(f.party.Submit(ctx, maker, at)); err != nil {
		return err
	}
	for _, login := range []string{loginOf("community_secretary", f.community), "industry-secretary", "organisation"} {
		if err := next(f.party.Confirm(ctx, f.actor(login), at, "")); err != nil {
			return err
		}
	}
	return nil
}

// organise gives the firm the form of party organisation that a fact belongs to.
func (f *feeding) organise(fact string) {
	f.Helper()
	officer := f.actor("property-officer")
	firm, err := f.register.OneFirm(f.Context(), officer, f.firm)
	if err != nil {
		f.Fatal(err)
	}
	p := registry.Party{Form: registry.PartyOwn, Members: 8, Full: 8, Days: firm.Party[len(firm.Party)-1].Days}
	switch fact {
	case "joint_meetings":
		p.Form = registry.PartyJoint
	case "instructor_visits", "training":
		p.Form, p.Office = registry.PartyInstructor, "组织部（演示）"
	}
	if err := f.register.SetParty(f.Context(), officer, f.firm, firm.Seq, p); err != nil {
		f.Fatal(err, fault.FieldsOf(err))
	}
}

// honour enters an honour of the project and lets another person confirm it.
func (f *feeding) honour() error {
	doc, err := f.conduct.Record(f.Context(), f.actor("property-officer"), conduct.Honours, conduct.Input{Firm: f.firm, Project: f.project, Class: "county", Title: "先进小区（演示）",
		Number: "演示文号〔2026〕1号", Authority: "演示机关", Decided: f.today.Add(-2)}, nil, nil)
	if err != nil {
		return err
	}
	_, err = f.conduct.Confirm(f.Context(), f.actor("section-chief"), conduct.Honours, conduct.At{ID: doc.ID, Seq: doc.Seq})
	return err
}

// show corrects the last half-year of public revenue: it was shown on another day.
func (f *feeding) show() error {
	officer, half := f.actor("property-officer"), registry.HalfBefore(registry.HalfOf(f.today))
	rows, err := f.register.Revenues(f.Context(), officer, f.project)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.Half == half {
			in := row.RevenueInput
			in.Published, in.Where, in.Days = f.today.Add(-1), "公告栏", 30
			return f.register.RecordRevenue(f.Context(), officer, f.project, row.Seq, in, "公示日期录错")
		}
	}
	return fmt.Errorf("%s of the project is not recorded", half)
}

// insure enters an insurance of the project, or withdraws those that it has.
func (f *feeding) insure() error {
	officer := f.actor("property-officer")
	row, err := f.register.OneProject(f.Context(), officer, f.project)
	if err != nil {
		return err
	}
	seq, had := row.Seq, false
	for _, q := range row.Project.StandingPapers() {
		if q.Kind == registry.PaperInsurance {
			if err := f.register.WithdrawPaper(f.Context(), officer, f.project, seq, q.ID, "保单录错（演示）"); err != nil {
				return err
			}
			seq, had = seq+1, true
		}
	}
	if had {
		return nil
	}
	return f.register.PutPaper(f.Context(), officer, f.project, seq, "", registry.PaperInput{Kind: registry.PaperInsurance, Days: policy.Span{From: f.today.Add(-2), Until: f.today.Add(360)}})
}

func (f *feeding) prove(ask supervision.Ask) error {
	ctx, by := f.Context(), f.actor(f.manager)
	in := evidence.Submission{Period: calendar.QuarterOf(f.today).String(), Project: f.project, Fact: ask.Fact, Cells: f.cells(ask), Day: f.today.Add(-2), Note: "演示"}
	if ask.Uploads > 0 {
		file, err := f.keeper.Take(ctx, store.Meta{By: by.ID, Action: string(policy.SubmitEvidence)}, "演示.pdf", bytes.NewReader(demoPaper("FEED "+ask.Fact)), files.PDF)
		if err != nil {
			return err
		}
		in.Files = []files.Stored{file}
	}
	doc, err := f.proofs.Submit(ctx, by, in)
	if err != nil {
		return err
	}
	_, err = f.proofs.Decide(ctx, f.actor(loginOf("community_worker", f.community)), supervision.At{ID: doc.ID, Seq: doc.Seq}, evidence.Decision{Move: evidence.MoveAccept})
	return err
}

// visit does one visit of each series: together their sheets feed all facts of the source.
func (f *feeding) visit() error {
	for _, v := range []struct {
		series, planner, reviewer string
		officers                  []string
	}{
		{serviceSeries, "property-officer", "property-officer-03", []string{"inspector", "inspector-02"}},
		{displaySeries, loginOf("community_secretary", f.community), loginOf("community_secretary", f.community), []string{loginOf("community_worker", f.community)}},
	} {
		if f.visited[v.series] {
			continue
		}
		f.visited[v.series] = true
		if err := f.oneVisit(f.Context(), v.series, f.actor(v.planner), f.actor(v.reviewer), v.officers); err != nil {
			return err
		}
	}
	return nil
}

func (f *feeding) oneVisit(ctx context.Context, series string, planner, reviewer policy.Actor, logins []string) error {
	var officers []policy.Actor
	var ids []string
	for _, login := range logins {
		officers = append(officers, f.actor(login))
		ids = append(ids, f.actor(login).ID)
	}
	doc, err := f.visits.Plan(ctx, planner, inspection.PlanVisit{Project: f.project, Series: series, Day: f.today, Order: 1, Officers: ids})
	if err != nil {
		return err
	}
	if doc, err = f.visits.Start(ctx, officers[0], supervision.At{ID: doc.ID, Seq: doc.Seq}); err != nil {
		return err
	}
	sheets, err := loadSheets(nil)
	if err != nil {
		return err
	}
	sheet, _, err := sheets.Pick(series, doc.State.Sheet.Level, f.today)
	if err != nil {
		return err
	}
	for _, item := range sheet.Items() {
		found := inspection.Found{Value: inspection.Conform}
		if item.Scale > 0 {
			found.Value = inspection.Value(strconv.FormatInt(item.Scale, 10))
		}
		if _, err := f.visits.Reply(ctx, officers[0], doc.ID, item.ID, found, nil); err != nil {
			return err
		}
	}
	for _, o := range officers {
		if doc, err = f.visits.Sign(ctx, o, supervision.At{ID: doc.ID, Seq: doc.Seq}); err != nil {
			return err
		}
	}
	_, err = f.visits.Accept(ctx, reviewer, supervision.At{ID: doc.ID, Seq: doc.Seq})
	return err
}

// enter changes what the register holds: the party form of the firm from today on, the households or the first day of service of the project.
func (f *feeding) enter(fact string) error {
	ctx, officer := f.Context(), f.actor("property-officer")
	if fact == "party_form" {
		firm, err := f.register.OneFirm(ctx, officer, f.firm)
		if err != nil {
			return err
		}
		party := registry.Party{Form: registry.PartyOwn, Members: 3, Days: policy.Span{From: f.today}}
		if firm.PartyOn(f.today).Form == registry.PartyOwn {
			party = registry.Party{Form: registry.PartyNone, Days: policy.Span{From: f.today}}
		}
		return f.register.SetParty(ctx, officer, f.firm, firm.Seq, party)
	}
	row, err := f.register.OneProject(ctx, officer, f.project)
	if err != nil {
		return err
	}
	in := registry.LineOfProject(row).ProjectInput
	if fact == "households" {
		in.Households++
	} else {
		in.TakenOver = in.TakenOver.Add(1)
	}
	return f.register.ChangeProject(ctx, officer, f.project, row.Seq, in)
}
