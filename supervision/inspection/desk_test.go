package inspection

import (
	"context"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/policy/policytest"
	"redsteward/registry"
	"redsteward/supervision"
)

// register is a small register: two projects in two communities, the first with a second-level contract.
type register struct{}

func (register) Place(_ context.Context, project string, _ calendar.Date) (registry.Place, error) {
	p := registry.Place{Project: project, Name: "东街花园", Community: "360428001001", Township: "360428001000", Firm: "f1", FirmName: "演示物业甲", Households: 400}
	switch project {
	case "p1":
	case "p2":
		p.Name, p.Community = "西街花园", "360428001002"
	case "p4":
		p.Name, p.Firm, p.FirmName = "南街花园", "f2", "演示物业乙"
	default:
		return registry.Place{}, fault.New("register.Place", fault.NotFound, "没有找到这个小区")
	}
	return p, nil
}

func (register) ServiceLevel(_ context.Context, project string, _ calendar.Date) (string, error) {
	return map[string]string{"p1": "二级", "p2": "无等级"}[project], nil
}

// crew are the accounts of a test.
type crew []policy.Actor

func (c crew) Person(_ context.Context, id string) (policy.Actor, error) {
	for _, person := range c {
		if person.ID == id {
			return person, nil
		}
	}
	return policy.Actor{}, fault.New("crew.Person", fault.NotFound, "没有找到这个账号")
}

// desk is the service on a real store, with a clock that tests move.
type desk struct {
	*policytest.Desk
	*Visits
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{Desk: policytest.NewDesk(t, time.Date(2027, 2, 10, 1, 0, 0, 0, time.UTC))}
	config := Config{DB: d.DB, Guard: policy.NewGuard(policytest.Rules(t), policy.TenureTable{}), Places: register{}, Levels: register{}, Sheets: shippedSheets(t),
		Crew: crew{zhou, lin, worker, gridder, officer, chief, clerk, pollster, pollster2, rival, rival2}}
	var err error
	if d.Visits, err = NewVisits(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	return d
}

func person(id string, role policy.Role, scopes ...string) policy.Actor {
	return policy.Actor{ID: id, Name: id, Appointments: []policy.Appointment{{Role: role, Scopes: scopes}}}
}

var (
	zhou      = person("zhou", "inspector", policy.County)
	lin       = person("lin", "inspector", policy.County)
	officer   = person("officer", "property_officer", policy.County)
	chief     = person("chief", "section_chief", policy.County)
	worker    = person("worker", "community_worker", "c:360428001001")
	gridder   = person("gridder", "grid_worker", "c:360428001001")
	secretary = person("secretary", "community_secretary", "c:360428001001")
	neighbour = person("neighbour", "community_secretary", "c:360428001002")
	clerk     = person("clerk", "firm_manager", "f:f1")
	rival     = person("rival", "firm_manager", "f:f2")
	rival2    = person("rival2", "firm_manager", "f:f3")
	pollster  = person("pollster", "third_party", policy.County)
	pollster2 = person("pollster2", "third_party", "c:360428001001")
)

func plan() PlanVisit {
	return PlanVisit{Project: "p1", Series: "service", Day: mustDate("2027-02-10"), Order: 1, Officers: []string{"zhou", "lin"}}
}

func at(doc store.Doc[Visit]) supervision.At { return supervision.At{ID: doc.ID, Seq: doc.Seq} }

// photo is a kept picture.
var photo = Photo{Original: strings.Repeat("ab", 32), Shown: strings.Repeat("cd", 32)}

// begin plans and starts a visit.
func (d *desk) begin(t testing.TB, in PlanVisit) store.Doc[Visit] {
	t.Helper()
	planner := officer
	if in.Series == "displays" {
		planner = secretary
	}
	doc, err := d.Plan(t.Context(), planner, in)
	if err != nil {
		t.Fatal(err)
	}
	lead, err := d.Crew.Person(t.Context(), in.Officers[0])
	if err != nil {
		t.Fatal(err)
	}
	if doc, err = d.Start(t.Context(), lead, at(doc)); err != nil {
		t.Fatal(err)
	}
	return doc
}

// answerAll answers every item: what stands in found, 符合 otherwise.
func (d *desk) answerAll(t testing.TB, by policy.Actor, visit string, found map[string]Found) {
	t.Helper()
	w, err := d.One(t.Context(), by, visit)
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range w.Sheet.Items() {
		f, ok := found[item.ID]
		if !ok {
			f = Found{Value: item.Values()[0]}
		}
		if _, err := d.Reply(t.Context(), by, visit, item.ID, f, nil); err != nil {
			t.Fatal(item.ID, err)
		}
	}
}

// sign lets an officer sign the visit as it is now.
func (d *desk) sign(t testing.TB, by policy.Actor, id string) store.Doc[Visit] {
	t.Helper()
	w, err := d.One(t.Context(), officer, id)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := d.Sign(t.Context(), by, at(w.Visit))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func (d *desk) readings(t testing.TB) map[string]supervision.Reading {
	t.Helper()
	return d.readingsAsOf(t, d.Clock(), d.Records(t))
}

func (d *desk) readingsAsOf(t testing.TB, asOf time.Time, upTo int64) map[string]supervision.Reading {
	t.Helper()
	out := map[string]supervision.Reading{}
	span := calendar.Quarter{Year: 2027, N: 1}.Span()
	if err := d.EachReading(t.Context(), span, asOf, upTo, func(r supervision.Reading) error {
		if _, twice := out[r.Fact]; twice {
			t.Errorf("two readings of %s", r.Fact)
		}
		out[r.Fact] = r
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func wantKind(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	if fault.KindOf(err) != kind {
		t.Fatalf("got %v, want %q", err, kind)
	}
}
