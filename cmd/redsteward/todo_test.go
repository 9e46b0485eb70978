package main

import (
	"bytes"
	"fmt"
	"html"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"redsteward/configs"
	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/internal/web"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/registry"
	"redsteward/registry/party"
	"redsteward/supervision"
	"redsteward/supervision/evidence"
	"redsteward/supervision/inspection"
	"redsteward/supervision/matter"
	"redsteward/supervision/repair"
	"redsteward/supervision/veto"
)

// get opens a page as somebody of our side.
func (w *twoSides) get(role policy.Role, path string) (status int, body string) {
	w.t.Helper()
	return askAs(w.t, role, w.address+path)
}

var (
	taskRow   = regexp.MustCompile(`<td role="cell" class="nm"><a href="([^"]*)">([^<]*)</a>`)
	taskTotal = regexp.MustCompile(`共 (\d+) 件`)
)

// add puts a line onto the to-do pages of some roles, drop takes it off.
func (w *twoSides) add(title string, n int, roles ...policy.Role) {
	for _, role := range roles {
		w.open[role] = append(w.open[role], openTask{title, n})
	}
}

func (w *twoSides) drop(title string, roles ...policy.Role) {
	w.t.Helper()
	for _, role := range roles {
		before := len(w.open[role])
		w.open[role] = slices.DeleteFunc(w.open[role], func(k openTask) bool { return k.title == title })
		if len(w.open[role]) == before {
			w.t.Fatalf("%s has no %q", role, title)
		}
	}
}

// lookAtAll is look for those too who never had work.
func (w *twoSides) lookAtAll(after string) {
	w.t.Helper()
	for role := range w.ours.people {
		w.had[role] = true
	}
	w.look(after)
}

// look holds the to-do pages of our side against what is open, those of who has work or had some before: nothing of the other side is counted or listed, and each line opens
// a page of ours.
func (w *twoSides) look(after string) {
	w.t.Helper()
	for _, role := range slices.Sorted(maps.Keys(w.ours.people)) {
		if len(w.open[role]) == 0 && !w.had[role] {
			continue
		}
		w.had[role] = len(w.open[role]) > 0
		status, page := w.get(role, "/todo")
		if status != http.StatusOK {
			w.t.Fatalf("%s: the to-do page of %s answers %d", after, role, status)
		}
		var got, want []string
		sum := 0
		for _, k := range w.open[role] {
			want, sum = append(want, k.title), sum+k.n
		}
		links := map[string]string{}
		for _, row := range taskRow.FindAllStringSubmatch(page, -1) {
			title := html.UnescapeString(row[2])
			got = append(got, title)
			links[title] = html.UnescapeString(row[1])
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			w.t.Errorf("%s: %s has\n%q, want\n%q", after, role, got, want)
		}
		if total := taskTotal.FindStringSubmatch(page); total == nil || total[1] != strconv.Itoa(sum) {
			w.t.Errorf("%s: %s counts %q, want %d", after, role, total, sum)
		}
		w.ownOnly(after, role, "/todo", page)
		for title, link := range links {
			status, opened := w.get(role, link)
			if status != http.StatusOK {
				w.t.Errorf("%s: %s cannot open %s of %q: %d", after, role, link, title, status)
			}
			w.ownOnly(after, role, link, opened)
			if !strings.HasPrefix(link, "/periods") && !strings.Contains(opened, w.ours.mark) {
				w.t.Errorf("%s: %s opens %s of %q and finds nothing of his side", after, role, link, title)
			}
		}
	}
}

// ownOnly fails the test if a page names the other side.
func (w *twoSides) ownOnly(after string, role policy.Role, path, page string) {
	w.t.Helper()
	if at := strings.Index(page, w.theirs.mark); at >= 0 {
		w.t.Errorf("%s: %s sees the other side at %s: %.200s", after, role, path, page[max(0, at-80):])
	}
}

// Who has which work (configs/roles.csv).
var (
	firmDesk      = []policy.Role{"firm_manager", "project_manager"}
	communityDesk = []policy.Role{"community_worker", "community_secretary"}
	bureauDesk    = []policy.Role{"property_officer", "section_chief"}
	confirmers    = []policy.Role{"property_officer", "section_chief", "community_secretary"}
	visitDesk     = []policy.Role{"property_officer", "section_chief", "community_secretary"}
)

// TestTodoPages follows every kind of work from its beginning to its end. On the other side the same work lies open all the time.
func TestTodoPages(t *testing.T) {
	w := openTwoSides(t)
	collecting := "等企业提交2026年第四季度的材料"
	w.add(collecting, 0, bureauDesk...)
	renewal := "办理续签或者交接：" + w.ours.projectName + "的物业服务合同"
	renewers := slices.Concat(bureauDesk, firmDesk)
	w.add(renewal, 1, renewers...)
	w.workOf(w.theirs)
	w.proofs(w.ours)
	w.observe(w.ours)
	w.sheets(w.ours)
	w.visit(w.ours)

	row, err := w.register.OneProject(t.Context(), w.officer, w.ours.project)
	w.must(err)
	next := row.Project.Contracts[0]
	w.must(w.register.AddContract(t.Context(), w.officer, w.ours.project, row.Seq, contractFrom(t, next)))
	w.drop(renewal, renewers...)
	w.lookAtAll("a contract followed")
	w.switchedOff(w.theirs)
	w.drop(collecting, bureauDesk...)
	w.periods()
}

// switchedOff looks at the pages of a side while two modules are off: their work stands on no to-do page, their pages say who is responsible, nothing is written there and their jobs rest;
// what was recorded is in the dossier, and the others are as before.
func (w *twoSides) switchedOff(s *side) {
	w.t.Helper()
	shipped := w.modules
	defer func() { w.modules = shipped }()
	jobs := len(w.jobList())
	text, err := configs.Files.ReadFile("modules.yaml")
	w.must(err)
	own := filepath.Join(w.t.TempDir(), "modules.yaml")
	w.must(os.WriteFile(own, []byte(strings.NewReplacer("name: 佐证材料,", "name: 佐证材料, off: 由省平台收集,", "name: 事项,", "name: 事项, off: 由12345平台受理,").Replace(string(text))), 0o600))
	settings := *w.config
	settings.Files.Modules = own
	w.modules, err = modulesOf(&settings)
	w.must(err)
	if now := len(w.jobList()); now != jobs-2 {
		w.t.Errorf("%d jobs of %d are left, the feedback of matters and the audit of proof should rest", now, jobs)
	}
	address := servedFor(w.t, w.service, s.people)
	before, err := w.db.Engine().LastN(w.t.Context())
	w.must(err)
	const off, matters = "“佐证材料”没有启用|县住房和城乡建设局|由省平台收集", "“事项”没有启用|县委组织部（社会工作部）|由12345平台受理"
	for _, p := range []struct {
		role           policy.Role
		path           string
		status         int
		shows, without string
	}{
		{"community_worker", "/todo", 200, "改正被退回的观察记录", "佐证材料|/matters|/reviews"},
		{"firm_manager", "/todo", 200, "办理续签或者交接", "佐证材料|/proofs"},
		{"community_worker", "/reviews/community", 404, off, ""},
		{"firm_manager", "/proofs/2026Q4/" + s.project, 404, off, ""},
		{"property_officer", "/matters.xlsx", 404, matters, ""},
		{"", "/tell", 404, matters, `href="/tell"`},
		{"", "/help", 200, "主管单位：县委组织部（社会工作部）。已停用：由12345平台受理", `href="/tell"`},
		{"inspector", "/reviews/bureau", 403, "", "没有启用"},
		{"community_worker", "/observations", 200, "“观察记录”的主管单位：县住房和城乡建设局", ""},
		{"property_officer", "/register/projects/" + s.project + "/dossier", 200, "佐证材料", `href="/proofs`},
	} {
		status, page := askAs(w.t, p.role, address+p.path)
		shown := func(text string) bool { return strings.Contains(page, text) }
		if status != p.status || !allOf(p.shows, shown) || p.without != "" && slices.ContainsFunc(strings.Split(p.without, "|"), shown) {
			w.t.Errorf("%s: %s answers %d:\n%.4000s", p.role, p.path, status, page)
		}
	}
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, address+"/tell", strings.NewReader("community="+s.community))
	w.must(err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	answer, err := http.DefaultClient.Do(req)
	w.must(err)
	w.must(answer.Body.Close())
	after, err := w.db.Engine().LastN(w.t.Context())
	if w.must(err); answer.StatusCode != http.StatusNotFound || after != before {
		w.t.Errorf("a form of a module that is off answers %d and wrote %d records", answer.StatusCode, after-before)
	}
	for _, id := range policy.ModuleIDs() {
		w.withoutTrace(s, id, string(text))
	}
}

// inPage are the addresses to which a page leads.
var inPage = regexp.MustCompile(`(?:href|action)="(/[^"?#]*)`)

// factsOf are the sources of facts that go with a module. 微心愿 and 红色议事 feed one together, which the other keeps.
var factsOf = map[policy.ModuleID]string{policy.ModuleEvidence: evidence.Source, policy.ModuleObservation: "observation", policy.ModuleVisit: "inspection", policy.ModuleRectification: "rectification", policy.ModuleVeto: veto.Source, policy.ModuleRepair: repair.Source, policy.ModuleMatter: matter.SourceMatters,
	policy.ModuleSurvey: cycle.SourceSurvey, policy.ModuleParty: cycle.SourceParty, policy.ModuleConduct: cycle.SourceHonours, policy.ModuleFiling: cycle.SourceFilings, policy.ModuleHandover: cycle.SourceHandovers}

// withoutTrace switches one module off: it tells no facts, no navigation, to-do page, dossier or public page leads to it, and the other pages of who works most stay as they are.
func (w *twoSides) withoutTrace(s *side, id policy.ModuleID, shipped string) {
	w.t.Helper()
	own := regexp.MustCompile(`\{id: `+string(id)+`, name: [^,]+,`).ReplaceAllString(shipped, "$0 off: 由别的系统办理,")
	var err error
	w.modules, err = policy.ParseModules("modules.yaml", []byte(own))
	if w.must(err); w.modules.On(id) {
		w.t.Fatalf("%s is on", id)
	}
	for _, source := range w.sources() {
		if source.Source() == factsOf[id] {
			w.t.Errorf("without %s %s still tells facts", id, factsOf[id])
		}
	}
	address := servedFor(w.t, w.service, s.people)
	for _, p := range [][2]string{{"property_officer", "/todo"}, {"property_officer", "/register/projects/" + s.project + "/dossier"}, {"", "/help"}} {
		status, page := askAs(w.t, policy.Role(p[0]), address+p[1])
		found := inPage.FindAllStringSubmatch(page, -1)
		if status != http.StatusOK || len(found) < 5 {
			w.t.Errorf("without %s %s answers %d and leads to %d addresses", id, p[1], status, len(found))
		}
		for _, to := range found {
			if of, _ := web.ModuleOf(to[1]); of == id {
				w.t.Errorf("without %s %s leads to %s", id, p[1], to[1])
			}
		}
	}
}

// allOf reports whether every part of a text, between strokes, is shown.
func allOf(text string, shown func(string) bool) bool {
	return !slices.ContainsFunc(strings.Split(text, "|"), func(part string) bool { return !shown(part) })
}

// workOf leaves work of every kind lying on a side.
func (w *twoSides) workOf(s *side) {
	w.t.Helper()
	docs := w.submitAll(s)
	w.decide(s, docs[0], evidence.Decision{Move: evidence.MoveReturn, Reason: "照片看不清"})
	w.decide(s, docs[1], evidence.Decision{Move: evidence.MoveAccept, Concern: "请住建局看"})
	for _, back := range []bool{true, false} {
		doc := w.record(s)
		if back {
			_, err := w.observations.Return(w.t.Context(), s.people["community_secretary"], supervision.At{ID: doc.ID, Seq: doc.Seq}, "与台账不符")
			w.must(err)
		}
	}
	w.sheet(s)
	w.signed(w.begun(w.planned(s), s), s, "inspector", "joint_check")
	w.planned(s)
}

// submitAll hands in every piece of proof that the quarter asks of a side.
func (w *twoSides) submitAll(s *side) []store.Doc[evidence.Proof] {
	w.t.Helper()
	ctx, by := w.t.Context(), s.people["firm_manager"]
	needs, err := w.service.proofs.Needs(ctx, by, "2026Q4", s.project)
	w.must(err)
	if len(needs.List) < 2 {
		w.t.Fatalf("the quarter asks %d pieces of proof, the test needs two", len(needs.List))
	}
	var docs []store.Doc[evidence.Proof]
	for i, need := range needs.List {
		doc, err := w.service.proofs.Submit(ctx, by, evidence.Submission{Period: "2026Q4", Project: s.project, Fact: need.Ask.Fact, Cells: ones(need.Ask),
			Day: calendar.DateOf(w.clock.Now()).Add(-1), Files: w.files(by, need.Ask, s.mark, i)})
		w.must(err)
		docs = append(docs, doc)
	}
	return docs
}

// ones answers every column with one.
func ones(ask supervision.Ask) []supervision.Cell {
	var cells []supervision.Cell
	for _, c := range ask.Columns {
		cells = append(cells, supervision.Cell{Column: c.Name, Number: num.FromInt(1)})
	}
	return cells
}

// files are one picture if the ask wants files.
func (w *twoSides) files(by policy.Actor, ask supervision.Ask, mark string, n int) []files.Stored {
	w.t.Helper()
	if ask.Uploads == 0 {
		return nil
	}
	data, err := demoPhoto(n + len(ask.Fact) + int([]rune(mark)[0]))
	w.must(err)
	kept, err := w.keeper.Take(w.t.Context(), store.Meta{By: by.ID, Action: string(policy.SubmitEvidence)}, "现场.jpg", bytes.NewReader(data), files.JPEG)
	w.must(err)
	return []files.Stored{kept}
}

func (w *twoSides) decide(s *side, doc store.Doc[evidence.Proof], in evidence.Decision) store.Doc[evidence.Proof] {
	w.t.Helper()
	doc, err := w.service.proofs.Decide(w.t.Context(), s.people["community_worker"], supervision.At{ID: doc.ID, Seq: doc.Seq}, in)
	w.must(err)
	return doc
}

// proofs is the way of a firm's proof: missing, handed in, returned, corrected, accepted, reviewed by the bureau.
func (w *twoSides) proofs(s *side) {
	w.t.Helper()
	ctx := w.t.Context()
	needs, err := w.service.proofs.Needs(ctx, s.people["firm_manager"], "2026Q4", s.project)
	w.must(err)
	n := len(needs.List)
	missing := fmt.Sprintf("%s本季度还缺 %d 项材料，12月31日截止", s.projectName, n)
	waits := func(n int) string { return fmt.Sprintf("%s的 %d 件佐证材料等社区初审", s.projectName, n) }
	first := func(n int) string { return fmt.Sprintf("初审佐证材料 %d 件", n) }
	back := s.projectName + "有 1 件佐证材料要补正，12月31日截止"
	w.add(missing, n, firmDesk...)
	w.lookAtAll("nothing was handed in")
	docs := w.submitAll(s)
	w.drop(missing, firmDesk...)
	w.add(waits(n), 0, firmDesk...)
	w.add(first(n), n, communityDesk...)
	w.look("everything was handed in")
	w.effects(s)
	docs[0] = w.decide(s, docs[0], evidence.Decision{Move: evidence.MoveReturn, Reason: "照片看不清"})
	w.drop(waits(n), firmDesk...)
	w.drop(first(n), communityDesk...)
	w.add(waits(n-1), 0, firmDesk...)
	w.add(back, 1, firmDesk...)
	w.add(first(n-1), n-1, communityDesk...)
	w.look("one came back")
	docs[0], err = w.service.proofs.Correct(ctx, s.people["project_manager"], supervision.At{ID: docs[0].ID, Seq: docs[0].Seq}, evidence.Submission{Cells: docs[0].State.Cells,
		Day: docs[0].State.Day, Files: docs[0].State.Files})
	w.must(err)
	reviews := 0
	for i := range docs {
		in := evidence.Decision{Move: evidence.MoveAccept}
		if i == 1 {
			in.Concern = "请住建局看"
		}
		if docs[i] = w.decide(s, docs[i], in); docs[i].State.Stage() == evidence.StageBureau {
			reviews++
		}
	}
	w.drop(waits(n-1), firmDesk...)
	w.drop(back, firmDesk...)
	w.drop(first(n-1), communityDesk...)
	review := fmt.Sprintf("复核佐证材料 %d 件", reviews)
	w.add(review, reviews, bureauDesk...)
	w.look("the community accepted")
	for _, doc := range docs {
		if doc.State.Stage() == evidence.StageBureau {
			_, err := w.service.proofs.Decide(ctx, s.people["property_officer"], supervision.At{ID: doc.ID, Seq: doc.Seq}, evidence.Decision{Move: evidence.MoveConfirm})
			w.must(err)
		}
	}
	w.drop(review, bureauDesk...)
	w.look("the bureau confirmed")
}

// effects looks at what the proof of repairs does to the points, one of one being the maximum: it stands before who decides, and before the firm.
func (w *twoSides) effects(s *side) {
	w.t.Helper()
	for role, at := range map[policy.Role][2]string{
		"community_worker": {"/reviews/community?fact=repairs", "通过 3.00 分；退回、不予认定 0.00 分；满分 3.00 分"},
		"firm_manager":     {"/proofs/2026Q4/" + s.project, "3.00 分<span class=\"sub\">现在 0.00 分</span><span class=\"sub\">待审的通过后 3.00 分</span>"},
	} {
		if status, page := w.get(role, at[0]); status != http.StatusOK || !strings.Contains(page, at[1]) {
			w.t.Errorf("%s answers %d without %q:\n%.3000s", at[0], status, at[1], page)
		}
	}
}

// record is what a community worker observes.
func (w *twoSides) record(s *side) store.Doc[supervision.Observation] {
	w.t.Helper()
	asks, err := askedOf()
	w.must(err)
	ask := asks["observation"]["answers"]
	doc, err := w.observations.Record(w.t.Context(), s.people["community_worker"], supervision.Draft{Ask: ask, Project: s.project, Cells: ones(ask),
		Day: calendar.DateOf(w.clock.Now()).Add(-1), Source: "台账"})
	w.must(err)
	return doc
}

// observe is the way of an observation: recorded, returned, corrected, confirmed.
func (w *twoSides) observe(s *side) {
	w.t.Helper()
	ctx := w.t.Context()
	confirm, mend := "确认观察记录 1 条", "改正被退回的观察记录 1 条"
	at := func(doc store.Doc[supervision.Observation]) supervision.At {
		return supervision.At{ID: doc.ID, Seq: doc.Seq}
	}
	doc := w.record(s)
	w.add(confirm, 1, confirmers...)
	w.look("an observation was recorded")
	doc, err := w.observations.Return(ctx, s.people["community_secretary"], at(doc), "与台账不符")
	w.must(err)
	w.drop(confirm, confirmers...)
	w.add(mend, 1, "community_worker")
	w.look("an observation came back")
	doc, err = w.observations.Correct(ctx, s.people["community_worker"], at(doc), supervision.Correction{Cells: doc.State.Cells, Day: doc.State.Day, Source: "更正后的台账"})
	w.must(err)
	w.drop(mend, "community_worker")
	w.add(confirm, 1, confirmers...)
	w.look("an observation was corrected")
	_, err = w.observations.Confirm(ctx, s.people["section_chief"], at(doc))
	w.must(err)
	w.drop(confirm, confirmers...)
	w.look("an observation was confirmed")
}

// sheets is the way of a sheet of party activities: filled in by the community, confirmed by its secretary, the branch of the industry and the organisation department, one after the other, and seen
// on nobody else's page.
func (w *twoSides) sheets(s *side) {
	w.t.Helper()
	confirm := "确认" + s.mark + "物业服务有限公司2026年第四季度党建台账"
	at := w.sheet(s)
	for _, level := range [][]policy.Role{{"community_secretary", "township_party"}, {"industry_secretary"}, {"organisation"}} { // 乡镇党委 stands in for a community
		w.add(confirm, 1, level...)
		w.lookAtAll("a party sheet waits for " + string(level[0]))
		doc, err := w.party.Confirm(w.t.Context(), s.people[level[0]], at, "")
		w.must(err)
		at.Seq = doc.Seq
		w.drop(confirm, level...)
	}
	w.lookAtAll("a party sheet passed all levels")
}

// sheet is a sheet of party activities that a community worker fills in and hands on.
func (w *twoSides) sheet(s *side) party.At {
	w.t.Helper()
	at := party.At{Firm: s.firm, Community: s.community, Quarter: "2026Q4"}
	doc, err := w.party.Fill(w.t.Context(), s.people["community_worker"], at, party.Line{Kind: party.TogetherWork, Day: calendar.DateOf(w.clock.Now()).Add(-1), Expected: 9, Present: 7}, nil)
	w.must(err)
	at.Seq = doc.Seq
	doc, err = w.party.Submit(w.t.Context(), s.people["community_worker"], at)
	w.must(err)
	at.Seq = doc.Seq
	return at
}

// planned is a visit of today, for an inspector and somebody of the joint check.
func (w *twoSides) planned(s *side) store.Doc[inspection.Visit] {
	w.t.Helper()
	doc, err := w.visits.Plan(w.t.Context(), w.officer, inspection.PlanVisit{Project: s.project, Series: serviceSeries, Day: calendar.DateOf(w.clock.Now()), Order: 1,
		Officers: []string{s.people["inspector"].ID, s.people["joint_check"].ID}})
	w.must(err)
	return doc
}

func (w *twoSides) begun(doc store.Doc[inspection.Visit], s *side) store.Doc[inspection.Visit] {
	w.t.Helper()
	doc, err := w.visits.Start(w.t.Context(), s.people["inspector"], supervision.At{ID: doc.ID, Seq: doc.Seq})
	w.must(err)
	return doc
}

// signed answers what is not answered yet and lets people sign.
func (w *twoSides) signed(doc store.Doc[inspection.Visit], s *side, roles ...policy.Role) store.Doc[inspection.Visit] {
	w.t.Helper()
	ctx := w.t.Context()
	walk, err := w.visits.One(ctx, s.people["inspector"], doc.ID)
	w.must(err)
	for _, item := range walk.Sheet.Items() {
		if _, done := walk.Answers[item.ID]; !done {
			_, err := w.visits.Reply(ctx, s.people["inspector"], doc.ID, item.ID, inspection.Found{Value: item.Values()[0]}, nil)
			w.must(err)
		}
	}
	doc = walk.Visit
	for _, role := range roles {
		doc, err = w.visits.Sign(ctx, s.people[role], supervision.At{ID: doc.ID, Seq: doc.Seq})
		w.must(err)
	}
	return doc
}

// visit is the way of a visit: planned, begun, signed by one and by both, returned, signed again, accepted.
func (w *twoSides) visit(s *side) {
	w.t.Helper()
	ctx := w.t.Context()
	crew := []policy.Role{"inspector", "joint_check"}
	at := func(doc store.Doc[inspection.Visit]) supervision.At {
		return supervision.At{ID: doc.ID, Seq: doc.Seq}
	}
	name := s.projectName
	doc := w.planned(s)
	w.add("走访"+name, 1, crew...)
	w.look("a visit was planned")
	doc = w.begun(doc, s)
	w.drop("走访"+name, crew...)
	w.add("走完并签名："+name, 1, crew...)
	w.look("a visit began")
	doc = w.signed(doc, s, "inspector")
	w.drop("走完并签名："+name, crew...)
	w.add(name+"的走访评价表等另一位签名", 0, "inspector")
	w.add("签名："+name+"的走访评价表", 1, "joint_check")
	w.look("one of two signed")
	doc = w.signed(doc, s, "joint_check")
	w.drop(name+"的走访评价表等另一位签名", "inspector")
	w.drop("签名："+name+"的走访评价表", "joint_check")
	w.add("复核走访评价表 1 份", 1, visitDesk...)
	w.look("both signed")
	doc, err := w.visits.Return(ctx, s.people["community_secretary"], at(doc), "第三项没有照片")
	w.must(err)
	w.drop("复核走访评价表 1 份", visitDesk...)
	w.add("改正"+name+"的走访评价表", 1, crew...)
	w.look("a visit came back")
	doc = w.signed(doc, s, crew...)
	w.drop("改正"+name+"的走访评价表", crew...)
	w.add("复核走访评价表 1 份", 1, visitDesk...)
	w.look("both signed again")
	_, err = w.visits.Accept(ctx, s.people["property_officer"], at(doc))
	w.must(err)
	w.drop("复核走访评价表 1 份", visitDesk...)
	w.look("a visit was accepted")
}

// contractFrom is the contract that follows one for a year.
func contractFrom(t *testing.T, c registry.Contract) registry.ContractInput {
	t.Helper()
	return registry.ContractInput{Firm: c.Firm, Kind: c.Kind, Level: c.Level, Fee: c.Fee, Days: policy.Span{From: day(t, "2027-01-01"), Until: day(t, "2027-12-31")}}
}

// loadYear loads the holidays of 2027, after which periods that begin there have an end.
func (w *twoSides) loadYear() {
	w.t.Helper()
	shipped, err := configs.Files.ReadFile("calendar/holidays-2014-2026.csv")
	w.must(err)
	w.times.days, err = calendar.Parse(calendar.File{Name: "shipped", Data: shipped}, calendar.File{Name: "2027", Data: []byte("date,kind,name\n2027-01-01,off,元旦\n2027-02-06,off,春节\n2027-04-05,off,清明\n2027-05-01,off,劳动节\n2027-06-09,off,端午\n2027-10-01,off,国庆\n")})
	w.must(err)
}

// periods is the way of a quarter: collected, closed, evaluated, told to the firms, published by the second person; and the next one, which waits to be opened.
func (w *twoSides) periods() {
	w.t.Helper()
	ctx, name := w.t.Context(), "2026年第四季度"
	publishers := []policy.Role{"section_chief", "deputy_director", "director"}
	w.clock.move(hour(day(w.t, "2027-01-02"), 9))
	w.add("截止"+name+"的材料提交", 1, bureauDesk...)
	w.look("the last day of submission passed")
	_, err := w.cycle.Close(ctx, w.officer, "2026Q4")
	w.must(err)
	w.drop("截止"+name+"的材料提交", bureauDesk...)
	w.add("等社区初审"+name+"的材料", 0, bureauDesk...)
	w.look("the quarter was closed")
	w.clock.move(hour(day(w.t, "2027-01-09"), 9))
	w.drop("等社区初审"+name+"的材料", bureauDesk...)
	w.add("评价"+name, 1, bureauDesk...)
	w.look("the cut-off passed")
	made, err := w.cycle.Evaluate(ctx, w.officer, "2026Q4")
	w.must(err)
	w.drop("评价"+name, bureauDesk...)
	w.add("告知企业"+name+"的得分", 1, bureauDesk...)
	w.lookAtAll("the quarter was evaluated")
	w.loadYear()
	_, err = w.cycle.Tell(ctx, w.officer, "2026Q4", made.ID)
	w.must(err)
	w.drop("告知企业"+name+"的得分", bureauDesk...)
	window, heard := "等"+name+"的异议期届满", "核对"+name+"的得分"
	w.add(window, 0, bureauDesk...)
	w.add(heard, 1, firmDesk...)
	w.lookAtAll("the scores were told")
	w.clock.move(hour(day(w.t, "2027-01-14"), 9))
	w.drop(window, bureauDesk...)
	w.drop(heard, firmDesk...)
	w.add("送审"+name+"的结果", 1, bureauDesk...)
	w.lookAtAll("the window of objection passed")
	p, err := w.cycle.Send(ctx, w.officer, "2026Q4", made.ID)
	w.must(err)
	w.drop("送审"+name+"的结果", bureauDesk...)
	// Who holds his office for a township only signs nothing that is about the county; he sees what is waited for.
	waits, watchers := name+"的结果等各级签署", append([]policy.Role{"property_officer"}, publishers...)
	w.add(waits, 0, watchers...)
	w.lookAtAll("the quarter was sent through its approval")
	vice := w.hire([]policy.Newcomer{{Login: "v1", Name: "江成舟", Appointment: policy.Appointment{Role: "deputy_director", Scopes: []string{policy.County}}}})[0]
	for _, by := range []policy.Actor{w.chief, vice} {
		_, err = w.cycle.Sign(ctx, by, "2026Q4", policy.Sign{Move: policy.MoveAgree, SubjectHash: p.Approval.SubjectHash}, todoPassword)
		w.must(err)
	}
	w.drop(waits, watchers...)
	w.add(name+"的结果等另一人公布", 0, "property_officer")
	w.add("公布"+name+"的结果", 1, publishers...)
	w.lookAtAll("the last level signed")
	_, err = w.cycle.Publish(ctx, w.ours.people["section_chief"], "2026Q4", made.ID, "")
	w.must(err)
	w.drop(name+"的结果等另一人公布", "property_officer")
	w.drop("公布"+name+"的结果", publishers...)
	w.look("the quarter was published")
	_, err = w.cycle.Plan(ctx, w.officer, "2027Q1", day(w.t, "2027-03-31"), day(w.t, "2027-04-08"))
	w.must(err)
	w.add("开启2027年第一季度的材料提交", 1, bureauDesk...)
	w.lookAtAll("the next quarter was planned")
}
