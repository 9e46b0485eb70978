package returns_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/report/returns"
	"redsteward/internal/report/templates"
	"redsteward/internal/schedule"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/registrytest"
	"redsteward/supervision/matter"
)

const (
	town      = "360428100000"
	community = "360428100001"
)

// TestStoredFields holds what is stored against its golden file.
func TestStoredFields(t *testing.T) {
	golden[returns.Return](t, "return")
	golden[returns.Part](t, "part")
	golden[templates.Set](t, "template")
}

func golden[T any](t *testing.T, name string) {
	t.Helper()
	if err := store.CheckType[T](); err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	want, err := os.ReadFile("testdata/" + name + ".fields")
	if got := strings.Join(store.FieldNames[T](), "\n") + "\n"; err != nil || got != string(want) {
		t.Errorf("stored fields of %s changed; old records would not be read:\n%s%v", name, got, err)
	}
}

// forms is a returns.yaml whose numbers the tests count by hand.
const forms = `returns:
  - id: trade
    title: 行业月报
    rhythm: month
    closes: 24
    due: {days: 1, rolls: true}
    to: 市住房和城乡建设局
    townships: true
    odd: 20
    cells:
      - {key: projects, measure: projects}
      - {key: households, measure: households}
      - {key: served, measure: served}
      - {key: served_rate, measure: served_rate}
      - {key: firms, measure: firms}
      - {key: staff, measure: staff}
      - {key: party_rate, measure: party_rate}
      - {key: hazards, measure: matters, of: hazard}
      - {key: all_hazards, measure: matters, of: hazard, since: 2026-01-01}
    tables:
      - {id: by_firm, title: 分企业, by: firm, columns: [households, served_rate]}
      - {id: repeated_top, title: 重复前十, by: subject, columns: [hazards], most: 10, least: 2}
  - id: bureau
    title: 本级月报
    rhythm: month
    closes: 24
    due: {days: 1, rolls: true}
    to: 市住房和城乡建设局
    odd: 20
    cells:
      - {key: projects, measure: projects}
` + handForm

// desk is a small register: three compounds of two firms, of which one serves nobody any more, and five matters.
type desk struct {
	*registrytest.Desk
	*returns.Service
	register                         *registry.Service
	matters                          *matter.Service
	officer, chief, deputy, township policy.Actor
	firms, projects                  []string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{}
	var register *registry.Register
	d.Desk, register, d.register = registrytest.NewCounty(t, time.Date(2026, 8, 10, 1, 0, 0, 0, time.UTC))
	ctx := t.Context()
	d.officer, d.chief, d.deputy = registrytest.Person("a1", "property_officer", policy.County), registrytest.Person("a2", "section_chief", policy.County), registrytest.Person("a3", "deputy_director", policy.County)
	d.township = registrytest.Person("a4", "dispatcher", policy.TownshipKey(town))
	for i, f := range []registry.FirmInput{{Name: "都昌县一号物业有限公司", Code: "91360428MA35GKXX15"}, {Name: "都昌县二号物业有限公司", Code: "91360428MA38N2AB4B"}} {
		f.Origin, f.Staff = registry.OriginMarket, int64(10*(i+1))
		id := registrytest.Must[string](t)(d.register.CreateFirm(ctx, d.officer, f))
		d.firms = append(d.firms, id)
	}
	for i, name := range []string{"东湖苑", "西湖苑", "南山苑"} {
		in := registry.ProjectInput{Name: name, Address: "都昌镇一号", Community: community, Households: int64(100 * (i + 1)), Area: num.FromInt(1000), Kind: registry.KindCommodity}
		d.projects = append(d.projects, registrytest.Must[string](t)(d.register.CreateProject(ctx, d.officer, in)))
	}
	d.contract(t, 0, 0, "2026-01-01", "2026-12-31")
	d.contract(t, 1, 1, "2026-01-01", "2026-08-31")
	tree := registrytest.Must[*matter.Tree](t)(matter.ParseTree("matters.yaml", registrytest.Config(t, "matters.yaml"), d.Rights, d.HasPeriod))
	d.matters = registrytest.Must[*matter.Service](t)(matter.New(ctx, matter.Config{DB: d.Desk.DB, Guard: d.Guard, Keeper: d.Keeper, Now: d.Clock, Places: register, Tree: tree, Finder: d.register.Finder, Deadlines: d.Deadlines, Resolve: d.Holidays.Resolve}))
	books := registrytest.Must[*registry.Books](t)(registry.NewBooks(ctx, d.register, registrytest.Must[*registry.BookSet](t)(registry.ParseBooks("books.yaml", registrytest.Config(t, "books.yaml"))), d.Keeper))
	set, err := returns.ParseReturns("returns.yaml", []byte(forms), func(id string) bool { return id == "hazard" })
	if err != nil {
		t.Fatal(fault.FieldsOf(err))
	}
	d.Service = registrytest.Must[*returns.Service](t)(returns.New(ctx, returns.Config{DB: d.Desk.DB, Guard: d.Guard, Keeper: d.Keeper, Forms: set, Days: d.Holidays, Now: d.Clock, Sources: returns.Sources{Register: d.register, Books: books, Matters: d.matters}}))
	return d
}

// contract lets a firm serve a compound.
func (d *desk) contract(t *testing.T, project, firm int, from, until string) {
	t.Helper()
	row := registrytest.Must[registry.ProjectRow](t)(d.register.OneProject(t.Context(), d.officer, d.projects[project]))
	if err := d.register.AddContract(t.Context(), d.officer, d.projects[project], row.Seq, registry.ContractInput{Firm: d.firms[firm], Kind: registry.ContractChosen, Level: registry.LevelSecond, Fee: 100, Days: policy.Span{From: registrytest.Day(from), Until: registrytest.Day(until)}}); err != nil {
		t.Fatal(err)
	}
}

// report reports a hazard in a compound.
func (d *desk) report(t *testing.T, project int, category string) {
	t.Helper()
	worker := registrytest.Person("w1", "community_worker", policy.CommunityKey(community))
	registrytest.Must[store.Doc[matter.Matter]](t)(d.matters.Report(t.Context(), worker, matter.Input{Category: category, Project: d.projects[project], Where: "一号楼", Words: "通道堵了半个月"}))
}

// september reports one hazard in August and three in September, and stands on the morning on which the return of September is due: the 25th is a holiday.
func september(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t)
	d.report(t, 0, "fire_exit")
	d.Forward("2026-09-10")
	d.report(t, 0, "fire_exit")
	d.report(t, 0, "fire_exit")
	d.report(t, 1, "fire_gear")
	d.Forward("2026-09-28")
	return d
}

const september26 = "trade.2026-09.county"

// TestFiguresByHand compares every number of a return, the numbers before, the marks and the tables with what was counted by hand, and each number with the sum of its list.
func TestFiguresByHand(t *testing.T) {
	d := september(t)
	ctx := t.Context()
	if err := d.DraftDue(ctx, time.Time{}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{september26, "trade.2026-09." + town} {
		_, f, err := d.One(ctx, d.officer, id)
		if err != nil {
			t.Fatal(err)
		}
		for key, want := range map[string][3]string{"projects": {"3", "3", ""}, "households": {"600", "600", ""}, "served": {"1", "2", "odd"}, "served_rate": {"33.3", "66.7", "odd"}, "firms": {"1", "2", "odd"}, "staff": {"10", "30", "odd"}, "party_rate": {"—", "—", ""},
			"hazards": {"3", "1", "odd"}, "all_hazards": {"4", "1", ""}} { // what is added up over the years only grows
			c := f.Cell(key)
			if c.Text(c.N) != want[0] || c.Text(c.Before) != want[1] || c.IsOdd() != (want[2] == "odd") || c.Reported {
				t.Errorf("%s %s: %s, before %s, odd %v", id, key, c.Text(c.N), c.Text(c.Before), c.IsOdd())
			}
			if by := map[string]string{"served": "-50.0", "served_rate": "-33.4"}[key]; by != "" { // of a share by percentage points
				if x, ok := c.Change(c.Before); !ok || x.Fixed(1) != by {
					t.Errorf("%s %s changed by %s, want %s", id, key, x, by)
				}
			}
			if c.Over != nil {
				continue
			}
			_, rows, err := d.Behind(ctx, f, key, "", "", false)
			if err != nil {
				t.Fatal(err)
			}
			var sum num.Num
			for i := range rows {
				sum = sum.Add(rows[i].N)
			}
			if !sum.Equal(*c.N) {
				t.Errorf("%s is %s and its list adds up to %s", key, c.N, sum)
			}
		}
		if c := f.Cell("party_rate"); c.N != nil || c.Why != "没有可比的数" {
			t.Errorf("a rate of nothing: %+v", c.Value)
		}
		firms, top := &f.Tables[0], &f.Tables[1]
		if len(firms.Rows) != 1 || firms.Rows[0].Name != "都昌县一号物业有限公司" || firms.Rows[0].Values[0].N.String() != "100" || firms.Rows[0].Values[1].N.String() != "100" {
			t.Errorf("by firm: %+v", firms.Rows)
		}
		if len(top.Rows) != 1 || !strings.HasSuffix(top.Rows[0].Name, "东湖苑：占用堵塞消防通道") || top.Rows[0].Values[0].N.String() != "2" {
			t.Errorf("repeated: %+v", top.Rows)
		}
		if _, rows, err := d.Behind(ctx, f, "hazards", returns.BySubject, top.Rows[0].ID, false); err != nil || len(rows) != 2 || rows[0].Of != returns.OfMatter {
			t.Errorf("the list behind a row: %+v %v", rows, err)
		}
		if _, rows, err := d.Behind(ctx, f, "served_rate", "", "", true); err != nil || len(rows) != 3 {
			t.Errorf("the denominator: %+v %v", rows, err)
		}
	}
	// The boards count the same matters and compounds.
	board, err := d.matters.Figures(ctx, d.chief, matter.FigureQuery{Period: matter.MonthOf(registrytest.Day("2026-09-01")), By: matter.ByKind})
	if err != nil || board.Total.Reported != 3 {
		t.Errorf("the board of September: %+v %v", board.Total, err)
	}
	coverage, err := d.register.Coverage(ctx, d.chief, registry.CoverageQuery{})
	if err != nil || len(coverage.Rows) != 3 || coverage.Figures[0].Projects != 1 {
		t.Errorf("the board of coverage: %+v %v", coverage.Figures, err)
	}
}

// TestDraftsOnTheDay: the job makes each draft, of the county and of each township of a return that says so, on the day that it is due, moved by the calendar, once.
func TestDraftsOnTheDay(t *testing.T) {
	d := september(t)
	ctx := t.Context()
	skips := func() bool {
		var skip *schedule.Skip
		return errors.As(d.DraftDue(ctx, time.Time{}), &skip)
	}
	d.Forward("2026-09-25")
	if !skips() {
		t.Error("a draft on a holiday")
	}
	d.Forward("2026-09-28")
	if err := d.DraftDue(ctx, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if !skips() {
		t.Error("a draft was made twice")
	}
	// The return that has no townships is made for the county only; the township in which no compound lies has nothing to report.
	found, err := d.All(ctx, d.officer, returns.Filter{})
	if err != nil || len(found) != 3 {
		t.Fatalf("%+v %v", found, err)
	}
	for scope, forms := range map[string]string{policy.County: "bureau trade", town: "trade"} {
		own, err := d.All(ctx, d.officer, returns.Filter{Scope: scope})
		var got []string
		for i := range own {
			got = append(got, own[i].State.Form)
		}
		if slices.Sort(got); err != nil || strings.Join(got, " ") != forms {
			t.Errorf("%s has %v %v", scope, got, err)
		}
	}
	found, err = d.All(ctx, d.officer, returns.Filter{Form: "trade", Scope: policy.County})
	if err != nil || len(found) != 1 || found[0].State.Due.Due != registrytest.Day("2026-09-28") || found[0].State.Late(registrytest.Day("2026-09-28")) || !found[0].State.Late(registrytest.Day("2026-09-29")) {
		t.Errorf("%+v %v", found, err)
	}
	if results, err := d.DraftAll(ctx, d.officer, "trade", "2026-09", []string{town}); err != nil || len(results) != 1 || results[0].Made || results[0].Err != "" || results[0].Name != "都昌镇" {
		t.Errorf("the township's: %+v %v", results, err)
	}
	if own, err := d.All(ctx, d.township, returns.Filter{}); err != nil || len(own) != 1 || own[0].State.Scope != town {
		t.Errorf("the township sees %+v %v", own, err)
	}
	if _, _, err := d.One(ctx, d.township, september26); !fault.Is(err, fault.NotFound) {
		t.Errorf("the township opens the county's: %v", err)
	}
	if _, err := d.DraftAll(ctx, d.township, "trade", "2026-09", []string{town}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("the township makes a return: %v", err)
	}
	results, err := d.DraftAll(ctx, d.officer, "trade", "2026-08", []string{policy.County, town})
	if err != nil || len(results) != 2 || !results[0].Made || !results[1].Made {
		t.Errorf("a batch: %+v %v", results, err)
	}
	if results, err = d.DraftAll(ctx, d.officer, "trade", "2026-08", []string{town}); err != nil || results[0].Made || results[0].Err != "" {
		t.Errorf("a batch again: %+v %v", results, err)
	}
	for term, field := range map[string]string{"2026-12": "term", "2026Q1": "term"} {
		if _, err := d.DraftAll(ctx, d.officer, "trade", term, []string{policy.County}); !fault.Is(err, fault.Invalid) || fault.FieldsOf(err)[0].Name != field {
			t.Errorf("%s: %v", term, err)
		}
	}
}

// did is what a step made; it must not be refused.
func (d *desk) did(t *testing.T, by policy.Actor, do returns.Step, in returns.Input) {
	t.Helper()
	if err := d.try(by, do, in); err != nil {
		t.Fatalf("%s: %v %v", do, err, fault.FieldsOf(err))
	}
}

func (d *desk) try(by policy.Actor, do returns.Step, in returns.Input) error {
	doc, _, err := d.One(context.Background(), by, september26)
	if err != nil {
		return err
	}
	_, err = d.Do(context.Background(), by, casework.At{ID: september26, Seq: doc.Seq}, do, in)
	return err
}

// TestThreePersonsAndFrozen: compiled, checked and signed by three; refused for everybody else and in every other state; what was reported stays, and a correction tells cell by cell what differs.
func TestThreePersonsAndFrozen(t *testing.T) {
	d := september(t)
	ctx, to := t.Context(), returns.Input{To: "市住房和城乡建设局", Note: "按登记取数"}
	if err := d.DraftDue(ctx, time.Time{}); err != nil {
		t.Fatal(err)
	}
	refused := func(by policy.Actor, do returns.Step, in returns.Input, kind fault.Kind) {
		t.Helper()
		d.Refused(string(do), kind, func() error { return d.try(by, do, in) })
	}
	for _, do := range []returns.Step{returns.StepCheck, returns.StepReturn, returns.StepSign, returns.StepCorrect, returns.StepGiveUp, returns.StepRecall} {
		if by := map[returns.Step]policy.Actor{returns.StepCheck: d.chief, returns.StepReturn: d.chief, returns.StepSign: d.deputy}[do]; by.ID != "" {
			refused(by, do, returns.Input{Reason: "要核对一下"}, fault.Conflict)
		} else {
			refused(d.officer, do, returns.Input{Reason: "要核对一下"}, fault.Conflict)
		}
	}
	refused(d.officer, returns.StepCompile, returns.Input{To: "市"}, fault.Invalid)
	// A record is corrected, the draft says so and counts anew.
	row := registrytest.Must[registry.ProjectRow](t)(d.register.OneProject(ctx, d.officer, d.projects[2]))
	if err := d.register.ChangeProject(ctx, d.officer, d.projects[2], row.Seq, registry.ProjectInput{Name: "南山苑", Address: "都昌镇一号", Community: community, Households: 310, Area: num.FromInt(1000), Kind: registry.KindCommodity}); err != nil {
		t.Fatal(err)
	}
	_, differs, err := d.Compare(ctx, d.officer, september26)
	if err != nil || len(differs) != 1 || differs[0] != (returns.Difference{Name: "小区户数", Unit: "户", Was: "600", Now: "610"}) {
		t.Errorf("the draft differs in %+v %v", differs, err)
	}
	d.did(t, d.officer, returns.StepTake, returns.Input{})
	if _, differs, err = d.Compare(ctx, d.officer, september26); err != nil || len(differs) != 0 {
		t.Errorf("counted anew it differs in %+v %v", differs, err)
	}
	d.did(t, d.chief, returns.StepCompile, to)
	refused(d.officer, returns.StepRecall, returns.Input{}, fault.Forbidden)
	refused(d.chief, returns.StepCheck, returns.Input{}, fault.Forbidden)
	d.did(t, d.chief, returns.StepRecall, returns.Input{})
	d.did(t, d.officer, returns.StepCompile, to)
	refused(d.officer, returns.StepCheck, returns.Input{}, fault.Forbidden)
	refused(d.chief, returns.StepReturn, returns.Input{Reason: "短"}, fault.Invalid)
	d.did(t, d.chief, returns.StepReturn, returns.Input{Reason: "户数请再核对"})
	d.did(t, d.officer, returns.StepCompile, to)
	d.did(t, d.chief, returns.StepCheck, returns.Input{})
	refused(d.chief, returns.StepSign, returns.Input{}, fault.Forbidden)
	d.did(t, d.deputy, returns.StepReturn, returns.Input{Reason: "编报说明再写一句"})
	d.did(t, d.officer, returns.StepCompile, to)
	d.did(t, d.chief, returns.StepCheck, returns.Input{})
	d.did(t, d.deputy, returns.StepSign, returns.Input{})
	for _, do := range []returns.Step{returns.StepTake, returns.StepCompile, returns.StepRecall, returns.StepGiveUp} {
		refused(d.officer, do, to, fault.Conflict)
	}
	// What comes late is told, and changes nothing that was reported.
	d.report(t, 2, "fire_gear")
	d.Forward("2026-09-29")
	row = registrytest.Must[registry.ProjectRow](t)(d.register.OneProject(ctx, d.officer, d.projects[2]))
	if err := d.register.ChangeProject(ctx, d.officer, d.projects[2], row.Seq, registry.ProjectInput{Name: "南山苑", Address: "都昌镇一号", Community: community, Households: 330, Area: num.FromInt(1000), Kind: registry.KindCommodity}); err != nil {
		t.Fatal(err)
	}
	doc, f, err := d.One(ctx, d.deputy, september26)
	if err != nil || f.Cell("households").N.String() != "610" || doc.State.LastVersion().To != to.To || doc.State.LastVersion().Signed.By != "a3" || doc.State.LastVersion().Compiled.By != "a1" {
		t.Errorf("reported: %+v %v", doc.State, err)
	}
	if _, differs, err = d.Compare(ctx, d.deputy, september26); err != nil || len(differs) != 1 || differs[0].Now != "630" {
		t.Errorf("late changes: %+v %v", differs, err)
	}
	refused(d.officer, returns.StepCorrect, returns.Input{Reason: "错"}, fault.Invalid)
	d.did(t, d.officer, returns.StepCorrect, returns.Input{Reason: "南山苑的户数报错"})
	d.did(t, d.officer, returns.StepGiveUp, returns.Input{})
	if _, f, err = d.One(ctx, d.officer, september26); err != nil || f.Cell("households").N.String() != "610" {
		t.Errorf("given up: %v %v", f.Cell("households").N, err)
	}
	d.did(t, d.officer, returns.StepCorrect, returns.Input{Reason: "南山苑的户数报错"})
	d.did(t, d.officer, returns.StepCompile, to)
	d.did(t, d.chief, returns.StepCheck, returns.Input{})
	d.did(t, d.deputy, returns.StepSign, returns.Input{})
	_, _, first, err := d.FiguresOf(ctx, d.officer, september26, 1)
	if err != nil {
		t.Fatal(err)
	}
	_, second, now, err := d.FiguresOf(ctx, d.officer, september26, 2)
	if err != nil || second.Reason != "南山苑的户数报错" || first.Cell("households").N.String() != "610" {
		t.Errorf("the second version: %+v %v", second, err)
	}
	if differs := returns.Differences(first, now); len(differs) != 1 || differs[0] != (returns.Difference{Name: "小区户数", Unit: "户", Was: "610", Now: "630"}) {
		t.Errorf("the versions differ in %+v", differs)
	}
	if _, _, _, err := d.FiguresOf(ctx, d.officer, september26, 3); !fault.Is(err, fault.NotFound) {
		t.Errorf("a third version: %v", err)
	}
	if all, versions, err := d.Audit(ctx, func(name, text string) { t.Error(name, text) }); err != nil || all != 3 || versions != 2 {
		t.Errorf("the audit reads %d returns in %d versions: %v", all, versions, err)
	}
	// The next month compares with what was reported, not with what the register says of then.
	d.Forward("2026-10-26")
	if err := d.DraftDue(ctx, time.Time{}); err != nil {
		t.Fatal(err)
	}
	_, f, err = d.One(ctx, d.officer, "trade.2026-10.county")
	if c := f.Cell("households"); err != nil || !c.Reported || c.Before.String() != "630" || c.Text(c.N) != "630" {
		t.Errorf("October: %+v %v", c, err)
	}
}

// workbook is a template with names; each is a cell, or a range.
func workbook(t *testing.T, names map[string]string, merged ...string) []byte {
	t.Helper()
	book := excelize.NewFile()
	defer book.Close() //nolint:errcheck // in memory
	if err := book.SetCellValue("Sheet1", "A1", "市局的月报"); err != nil {
		t.Fatal(err)
	}
	if err := book.SetCellFormula("Sheet1", "D9", "B2+B3"); err != nil {
		t.Fatal(err)
	}
	for _, m := range merged {
		first, last, _ := strings.Cut(m, ":")
		if err := book.MergeCell("Sheet1", first, last); err != nil {
			t.Fatal(err)
		}
	}
	for name, ref := range names {
		if err := book.SetDefinedName(&excelize.DefinedName{Name: name, RefersTo: ref}); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// put uploads a template.
func (d *desk) put(t *testing.T, by policy.Actor, data []byte) error {
	t.Helper()
	doc := registrytest.Must[store.Doc[templates.Set]](t)(d.TemplateOf(t.Context(), d.officer, "trade"))
	up := registrytest.Must[*files.Upload](t)(d.Keeper.Receive("市局月报.xlsx", bytes.NewReader(data), files.XLSX))
	t.Cleanup(func() { _ = up.Close() })
	return d.PutTemplate(t.Context(), by, "trade", doc.Seq, up)
}

// TestTemplates: the office's own workbook is refused with the name and the cell that are wrong, and filled otherwise: numbers, texts, rows of tables, merged cells; everything else in it stays.
func TestTemplates(t *testing.T) {
	d := september(t)
	ctx := t.Context()
	if err := d.DraftDue(ctx, time.Time{}); err != nil {
		t.Fatal(err)
	}
	cell := func(at string) string { return "Sheet1!" + at }
	for name, tt := range map[string]struct {
		names  map[string]string
		merged []string
		want   string
	}{
		"unknown name":        {map[string]string{"projects": cell("$B$2"), "project_count": cell("$B$3")}, nil, "“Sheet1”的 B3 用了名称“project_count”"},
		"inside merged cells": {map[string]string{"projects": cell("$C$2")}, []string{"B2:D2"}, "合并单元格 B2:D2 里面的 C2"},
		"a range":             {map[string]string{"projects": cell("$B$2:$B$9")}, nil, "一片单元格"},
		"no sheet":            {map[string]string{"projects": "Other!$B$2"}, nil, "工作表“Other”不在"},
		"lost":                {map[string]string{"projects": "#REF!"}, nil, "没有指到单元格"},
		"twice":               {map[string]string{"projects": cell("$B$2"), "households": cell("$B$2")}, nil, "指到同一个单元格 B2"},
		"no names":            {nil, nil, "没有一个名称"},
		"row of no table":     {map[string]string{"by_grid__1__households": cell("$B$2")}, nil, "by_grid__1__households"},
	} {
		err := d.put(t, d.officer, workbook(t, tt.names, tt.merged...))
		if said := fmt.Sprint(err, fault.FieldsOf(err)); !fault.Is(err, fault.Invalid) || !strings.Contains(said, tt.want) {
			t.Errorf("%s: %s", name, said)
		}
	}
	if err := d.put(t, d.deputy, workbook(t, map[string]string{"projects": cell("$B$2")})); !fault.Is(err, fault.Forbidden) {
		t.Errorf("the deputy uploads: %v", err)
	}
	heading := returns.Heading{Unit: "县住建局", To: "市局", People: returns.People{Compiled: "王一", Checked: "李二", Signed: "张三"}, Day: calendar.DateOf(d.Clock())}
	filled := func() *excelize.File {
		t.Helper()
		doc, f, err := d.One(ctx, d.officer, september26)
		if err != nil {
			t.Fatal(err)
		}
		data := registrytest.Must[[]byte](t)(d.Workbook(ctx, &doc.State, f, heading))
		book, err := excelize.OpenReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = book.Close() })
		return book
	}
	// Without a template: the default workbook, whose names are those of a template, so that it can become one.
	plain := filled()
	if sheets := plain.GetSheetList(); len(sheets) != 3 || sheets[0] != "报表" || len(plain.GetDefinedName()) < 60 {
		t.Errorf("default workbook: %v with %d names", sheets, len(plain.GetDefinedName()))
	}
	blank := registrytest.Must[[]byte](t)(d.Blank(ctx, d.officer, "trade"))
	if err := d.put(t, d.officer, blank); err != nil {
		t.Error("the blank workbook is no template:", err, fault.FieldsOf(err))
	}
	// In Excel names make no difference between small and capital letters.
	own := workbook(t, map[string]string{"Projects": cell("$B$2"), "households": cell("$B$3:$D$3"), "hazards__change": cell("$B$4"), "return_compiled": cell("$B$5"), "by_firm__1__name": cell("$B$6"), "by_firm__1__households": cell("$C$6"), "by_firm__2__households": cell("$C$7"), "served_rate": cell("$B$8"), "return_day": cell("$B$9"), "party_rate": cell("$B$10")}, "B3:D3")
	if err := d.put(t, d.officer, own); err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	book := filled()
	for at, want := range map[string]string{"A1": "市局的月报", "B2": "3", "B3": "600", "B4": "200", "B5": "王一", "B6": "都昌县一号物业有限公司", "C6": "100", "C7": "", "B8": "33.3", "B10": "—"} {
		if got, err := book.GetCellValue("Sheet1", at, excelize.Options{RawCellValue: true}); err != nil || got != want {
			t.Errorf("%s holds %q, want %q: %v", at, got, want, err)
		}
	}
	if formula, err := book.GetCellFormula("Sheet1", "D9"); err != nil || formula != "B2+B3" {
		t.Errorf("the formula became %q: %v", formula, err)
	}
	doc := registrytest.Must[store.Doc[templates.Set]](t)(d.TemplateOf(ctx, d.officer, "trade"))
	if len(doc.State.Versions) != 2 || doc.State.Last().No != 2 || doc.State.Last().Names != 10 {
		t.Errorf("templates: %+v", doc.State)
	}
	if err := d.Templates.Switch(ctx, d.officer, "trade", doc.Seq, true); err != nil {
		t.Fatal(err)
	}
	if sheets := filled().GetSheetList(); sheets[0] != "报表" {
		t.Errorf("switched off it is still %v", sheets)
	}
	if err := d.Templates.Switch(ctx, d.officer, "trade", doc.Seq, false); !fault.Is(err, fault.Conflict) {
		t.Errorf("somebody was quicker: %v", err)
	}
}
