package handover

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/registrytest"
)

// estate is a register: p1 in two phases of the developer d1, p2 of d2 without a contract, p3 built by nobody known, p4 in two phases of a garage each.
type estate struct{}

func (estate) Place(_ context.Context, project string, _ calendar.Date) (registry.Place, error) {
	p := registry.Place{Project: project, Name: "东街花园", Community: "360428001001", Township: "360428001000", Firm: "f1", FirmName: "演示物业甲", Developer: "d1", Households: 400}
	switch project {
	case "p1":
	case "p2":
		p.Name, p.Firm, p.FirmName, p.Developer = "西街花园", "", "", "d2"
	case "p3":
		p.Name, p.Developer = "老街", ""
	case "p4":
		p.Name = "两期花园"
	default:
		return registry.Place{}, fault.New("estate.Place", fault.NotFound, "没有找到这个小区")
	}
	return p, nil
}

func (estate) Built(_ context.Context, project string) (registry.Project, error) {
	building := func(id, phase string, kind registry.BuildingKind) registry.Building {
		return registry.Building{ID: id, BuildingInput: registry.BuildingInput{Name: id[1:] + "幢", Phase: phase, Kind: kind}}
	}
	if project == "p4" {
		return registry.Project{Phases: []registry.Phase{{ID: "ph1", Name: "一期"}, {ID: "ph2", Name: "二期"}},
			Buildings: []registry.Building{building("b1", "ph1", registry.BuildingGarage), building("b2", "ph2", registry.BuildingGarage)}}, nil
	}
	if project != "p1" {
		return registry.Project{}, nil
	}
	gone := building("b3", "ph1", registry.BuildingHigh)
	gone.Withdrawn = "登记错误"
	return registry.Project{Phases: []registry.Phase{{ID: "ph1", Name: "一期"}, {ID: "ph2", Name: "二期"}},
		Buildings: []registry.Building{building("b1", "ph1", registry.BuildingHigh), building("b2", "ph1", registry.BuildingGarage), gone},
		Rooms:     []registry.Room{{ID: "r1", RoomInput: registry.RoomInput{Kind: registry.RoomService, Place: "1幢一层", Area: num.FromInt(120)}}}}, nil
}

func (estate) DeveloperName(_ context.Context, id string) (string, error) {
	return map[string]string{"d1": "长岭置业有限公司", "d2": "安居置业有限公司"}[id], nil
}

// desk is the service on a real store, with a clock that tests move.
type desk struct {
	*Service
	base *registrytest.Desk
	// filed are the filings of every project.
	filed []registry.FiledRef
}

// FiledOf implements Filings.
func (d *desk) FiledOf(_ context.Context, by policy.Actor, _, kind string) ([]registry.FiledRef, error) {
	if kind != "handover" {
		return nil, nil
	}
	return slices.Clone(d.filed), d.Guard.Require(by, policy.ReadFiling)
}

func (d *desk) wait(days int) { d.base.Wait(time.Duration(days) * 24 * time.Hour) }

func (d *desk) records(t testing.TB) int64 { return d.base.Records(t) }

var (
	readConfig = registrytest.Config
	day        = registrytest.Day
)

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{base: registrytest.NewDesk(t, time.Date(2026, 3, 2, 1, 0, 0, 0, time.UTC))}
	data := readConfig(t, "handover.yaml")
	list, err := ParseList("handover.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	tenure := policy.TenureTable{{Firm: "f1", Project: "p1", Span: policy.Span{From: day("2020-01-01")}}, {Firm: "f1", Project: "p4", Span: policy.Span{From: day("2020-01-01")}}}
	d.Service, err = New(t.Context(), Config{DB: d.base.DB, Guard: policy.NewGuard(d.base.Rights, tenure), Estate: estate{}, Filings: d, Deadlines: d.base.Deadlines, List: list, Hash: Hash(data), Keeper: d.base.Keeper, Now: d.base.Clock})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func person(id string, role policy.Role, scopes ...string) policy.Actor {
	return policy.Actor{ID: id, Name: id, Appointments: []policy.Appointment{{Role: role, Scopes: scopes}}}
}

var (
	builder   = person("builder", "developer", "d:d1")
	other     = person("other", "developer", "d:d2")
	manager   = person("manager", "firm_manager", "f:f1")
	keeper    = person("keeper", "project_manager", "p:p1")
	stranger  = person("stranger", "firm_manager", "f:f9")
	officer   = person("officer", "property_officer", policy.County)
	owners    = person("owners", "owners_committee", "p:p1")
	neighbour = person("neighbour", "community_worker", "c:360428001001")
	jurist    = person("jurist", "legal_officer", policy.County)
	secretary = person("secretary", "community_secretary", "c:360428009999")
)

// opening is a handover that can be opened.
func opening() Opening {
	return Opening{Project: "p1", Phase: "ph1", Inspection: day("2026-04-01"), Delivery: day("2026-06-01")}
}

// at names a handover as it stands.
func (d *desk) at(t testing.TB, id string) At {
	t.Helper()
	doc, err := d.rows.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return At{ID: id, Seq: doc.Seq}
}

// must takes a step that is not refused.
func (d *desk) must(t testing.TB, doc store.Doc[Handover], err error) store.Doc[Handover] {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// opened opens a handover and returns its id.
func (d *desk) opened(t testing.TB) string {
	t.Helper()
	doc, err := d.Open(t.Context(), builder, opening())
	return d.must(t, doc, err).ID
}

// prepared says that all preconditions hold and that all documents were handed over but one, which is promised.
func (d *desk) prepared(t testing.TB, id string) {
	t.Helper()
	var met []string
	for _, e := range d.List.Conditions {
		met = append(met, e.ID)
	}
	doc, err := d.Prepare(t.Context(), builder, d.at(t, id), met)
	d.must(t, doc, err)
	var said []Document
	for _, e := range d.List.Documents {
		said = append(said, Document{ID: e.ID, Handed: e.ID != "owners"})
	}
	said[slices.IndexFunc(said, func(one Document) bool { return one.ID == "owners" })] = Document{ID: "owners", Promise: "交付前提供", Due: day("2026-05-20")}
	doc, err = d.Hand(t.Context(), builder, d.at(t, id), said)
	d.must(t, doc, err)
}

var photo = Photo{Original: strings.Repeat("ab", 32), Shown: strings.Repeat("cd", 32)}

// picture is a photo that was sent, upload any file.
func (d *desk) picture(t testing.TB) *files.Upload {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 40, 30)), nil); err != nil {
		t.Fatal(err)
	}
	return d.upload(t, "现场.jpg", b.Bytes())
}

func (d *desk) upload(t testing.TB, name string, data []byte) *files.Upload {
	t.Helper()
	u, err := d.Keeper.Receive(name, bytes.NewReader(data), files.JPEG, files.PNG, files.PDF)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = u.Close() }) // a temporary file of the test's own folder
	return u
}

// walked goes through a handover: everything conforms but what is in found.
func (d *desk) walked(t testing.TB, id string, found map[string]Found) {
	t.Helper()
	doc, err := d.Check(t.Context(), manager, d.at(t, id))
	d.must(t, doc, err)
	doc, err = d.Start(t.Context(), keeper, d.at(t, id))
	doc = d.must(t, doc, err)
	for _, item := range d.List.Items(doc.State.Buildings) {
		in, ok := found[item.ID]
		if !ok {
			in = Found{Value: Conform}
		}
		if _, err := d.Reply(t.Context(), keeper, id, item.ID, in, nil); err != nil {
			t.Fatal(item.ID, err)
		}
	}
}
