package collection

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/registrytest"
	"redsteward/supervision"
)

// desk is a service on a real store with a clock that the test moves. f1 serves p1 and p2 in c1 of t1 and p4 in c2 of t2, f2 serves p3 in c2.
type desk struct {
	*Service
	*registrytest.Desk
	task store.Doc[Task]
	// passed are the hazards that were taken in, by key. lost are the compounds that f1 does not serve any more.
	passed map[string]supervision.Hazard
	lost   []string
}

var (
	day       = registrytest.Day
	officer   = registrytest.Person("officer", "property_officer", policy.County)
	director  = registrytest.Person("director", "director", policy.County)
	town1     = registrytest.Person("town1", "dispatcher", policy.TownshipKey("t1"))
	town2     = registrytest.Person("town2", "dispatcher", policy.TownshipKey("t2"))
	secretary = registrytest.Person("secretary", "community_secretary", policy.CommunityKey("c1"))
	firm1     = registrytest.Person("firm1", "firm_manager", policy.FirmKey("f1"))
	firm2     = registrytest.Person("firm2", "firm_manager", policy.FirmKey("f2"))
	manager   = registrytest.Person("manager", "project_manager", policy.ProjectKey("p1"))
	ended     = policy.Actor{ID: "ended"}
)

var compounds = []registry.Place{
	{Project: "p1", Name: "望湖苑", Community: "c1", CommunityName: "城东社区", Township: "t1", TownshipName: "都昌镇", Firm: "f1", FirmName: "一盏灯物业"},
	{Project: "p2", Name: "锦绣花园", Community: "c1", CommunityName: "城东社区", Township: "t1", TownshipName: "都昌镇", Firm: "f1", FirmName: "一盏灯物业"},
	{Project: "p3", Name: "东湖新村", Community: "c2", CommunityName: "万户社区", Township: "t2", TownshipName: "万户镇", Firm: "f2", FirmName: "鄱湖物业"},
	{Project: "p4", Name: "望湖苑", Community: "c2", CommunityName: "万户社区", Township: "t2", TownshipName: "万户镇", Firm: "f1", FirmName: "一盏灯物业"},
}

func (d *desk) Place(_ context.Context, project string, _ calendar.Date) (registry.Place, error) {
	for _, p := range compounds {
		if p.Project == project {
			return p, nil
		}
	}
	return registry.Place{}, fault.New("collection.Place", fault.NotFound, "没有找到这个小区")
}

func (d *desk) Built(_ context.Context, project string) (registry.Project, error) {
	return registry.Project{Name: project, Address: project + " 路 1 号", Households: int64(len(project)) * 150}, nil
}

func (d *desk) Held(_ context.Context, firm string, _ calendar.Date) (out []registry.Place, err error) {
	for _, p := range compounds {
		if p.Firm == firm && !slices.Contains(d.lost, p.Project) {
			out = append(out, p)
		}
	}
	return out, nil
}

func (d *desk) Compounds(_ context.Context, key string) (out []registry.Compound, err error) {
	for _, p := range compounds {
		if key == policy.CommunityKey(p.Community) || key == policy.TownshipKey(p.Township) {
			out = append(out, registry.Compound{ID: p.Project, Name: p.Name, Community: p.Community, Township: p.Township})
		}
	}
	return out, nil
}

func (d *desk) EachHolding(_ context.Context, _ calendar.Date, yield func(registry.Holding) error) error {
	for _, p := range compounds {
		if err := yield(registry.Holding{Place: p}); err != nil {
			return err
		}
	}
	return nil
}

func (d *desk) DivisionsAt(context.Context, registry.Level, calendar.Date) ([]registry.DivisionRow, error) {
	row := func(id, name string) registry.DivisionRow {
		r := registry.DivisionRow{ID: id}
		r.Display = name
		return r
	}
	return []registry.DivisionRow{row("t1", "都昌镇"), row("t2", "万户镇"), row("t3", "无小区乡")}, nil
}

func (d *desk) Contractor(_ context.Context, id string) (registry.Firm, error) {
	return registry.Firm{Name: id, Code: "91360428MA35ABCD12"}, nil
}

// Admit implements Matters as whoever keeps the matters does: one matter for a key.
func (d *desk) Admit(_ context.Context, _ policy.Actor, h supervision.Hazard) (string, error) {
	if strings.Contains(h.Words, "拒收") {
		return "", fault.InvalidFields("collection.Admit", fault.Field{Name: "words", Message: "情况里不要写电话号码"})
	}
	d.passed[h.Key] = h
	return "m-" + h.Project, nil
}

// Admitted implements Matters.
func (d *desk) Admitted(_ context.Context, id string) (string, error) {
	for _, h := range d.passed {
		if id == "m-"+h.Project {
			return h.From, nil
		}
	}
	return "", fault.New("collection.Admitted", fault.NotFound, "没有找到事项")
}

func (d *desk) Hazards() []registry.Choice {
	return []registry.Choice{{ID: "facade", Text: "外墙脱落"}}
}

func must[T any](t testing.TB) func(T, error) T { return registrytest.Must[T](t) }

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{Desk: registrytest.NewDesk(t, day("2026-10-19").Begins().Add(9*time.Hour)), passed: map[string]supervision.Hazard{}}
	d.Service = must[*Service](t)(New(t.Context(), Config{Register: d, Matters: d,
		Manager: func(_ context.Context, project string, _ calendar.Date) (string, string, error) {
			if project == "p1" {
				return "张小敏", "13800005678", nil
			}
			return "", "", nil
		},
		Holding: func(context.Context, policy.Action) (map[string]bool, error) {
			return map[string]bool{"f:f1": true, "c:c1": true, "t:t2": true}, nil
		},
		Desk: casework.Desk{DB: d.DB, Letters: d.Letters, Guard: d.Guard, Keeper: d.Keeper, Now: d.Clock, Deadlines: d.Desk.Deadlines}}))
	return d
}

// form is a form of six columns: what the register holds, and what it does not.
func form() []ColumnInput {
	return []ColumnInput{{Title: "户数", Kind: KindWhole, Source: SourceHouseholds, Required: true}, {Title: "负责人", Kind: KindPerson, Source: SourceManager}, {Title: "电话", Kind: KindPhone, Source: SourceManagerPhone},
		{Title: "投入", Kind: KindMoney, Required: true}, {Title: "检查日期", Kind: KindDate, Least: "2026-10-01"}, {Title: "隐患情况", Kind: KindLong, Required: true}}
}

func (d *desk) input(rows RowsKind) TaskInput {
	return TaskInput{Title: "消防设施排查", Text: "请各单位排查后填报。", Contact: "物业股 0792-5213000", Due: day("2026-10-23"), Rows: rows, Columns: form(), Hazard: 6, Category: "facade"}
}

// sent begins a task of the bureau, and sends it to firms.
func (d *desk) sent(in TaskInput, firms ...string) {
	d.T.Helper()
	ctx := d.T.Context()
	d.task = must[store.Doc[Task]](d.T)(d.Make(ctx, officer, in, nil))
	d.task = must[store.Doc[Task]](d.T)(d.Address(ctx, officer, d.at(), ToFirm, firms))
	d.task = must[store.Doc[Task]](d.T)(d.Send(ctx, officer, d.at()))
}

func (d *desk) at() casework.At { return casework.At{ID: d.task.ID, Seq: d.task.Seq} }

// sheet is the n-th answer (from 0) as it is now.
func (d *desk) sheet(n int) *store.Doc[Sheet] {
	d.T.Helper()
	doc := must[store.Doc[Sheet]](d.T)(d.sheets.Docs.Load(d.T.Context(), SheetID(d.task.ID, n)))
	return &doc
}

func (d *desk) sheetAt(n int) casework.At {
	a := d.sheet(n)
	return casework.At{ID: a.ID, Seq: a.Seq}
}

// wrong is what doctor would find.
func (d *desk) wrong() (out []string) {
	d.T.Helper()
	if _, _, err := d.Audit(d.T.Context(), func(title, text string) { out = append(out, title+text) }); err != nil {
		d.T.Fatal(err)
	}
	return out
}

// ok lets calls happen.
func (d *desk) ok(calls ...func() error) {
	d.T.Helper()
	for _, call := range calls {
		if err := call(); err != nil {
			d.T.Fatal(err, fault.FieldsOf(err))
		}
	}
}

func (d *desk) sign(by policy.Actor, n int) func() error {
	return func() error { _, err := d.Sign(d.T.Context(), by, d.sheetAt(n)); return err }
}

// fill writes the columns that the register does not know into a row.
func (d *desk) fill(by policy.Actor, n int, row string, file bool, more ...string) func() error {
	return func() error {
		values := map[string]string{"c4": "1,280.50", "c5": "2026-10-20", "c6": "无"}
		for i := 0; i+1 < len(more); i += 2 {
			values[more[i]] = more[i+1]
		}
		_, err := d.Save(d.T.Context(), by, d.sheetAt(n), Fill{Row: row, Values: values, File: file})
		return err
	}
}
