package supervision

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/policy/policytest"
	"redsteward/registry"
)

// register is a small register: two projects of one firm, one of another, and the day on which the second changed hands.
type register struct{}

var handed = mustDate("2027-02-15")

func (register) Place(_ context.Context, project string, on calendar.Date) (registry.Place, error) {
	p := registry.Place{Project: project, Community: "360428001001", Township: "360428001000", Firm: "f1", FirmName: "演示物业甲", Households: 400}
	switch project {
	case "p1":
		p.Name = "东街花园"
	case "p2":
		p.Name, p.Community = "西街花园", "360428001002"
		if on.Compare(handed) >= 0 {
			p.Firm, p.FirmName = "f2", "演示物业乙"
		}
	default:
		return registry.Place{}, fault.New("register.Place", fault.NotFound, "没有找到这个小区")
	}
	return p, nil
}

func (r register) Held(ctx context.Context, firm string, on calendar.Date) ([]registry.Place, error) {
	var out []registry.Place
	for _, id := range []string{"p1", "p2"} {
		if p, err := r.Place(ctx, id, on); err == nil && p.Firm == firm {
			out = append(out, p)
		}
	}
	return out, nil
}

// desk is the service on a real store, with a clock that tests move.
type desk struct {
	*policytest.Desk
	*Observations
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{Desk: policytest.NewDesk(t, time.Date(2027, 3, 1, 1, 0, 0, 0, time.UTC))}
	rules := policytest.Rules(t)
	data, err := os.ReadFile("../configs/confirmations.yaml")
	if err != nil {
		t.Fatal(err)
	}
	chains, err := ParseChains("confirmations.yaml", data, rules)
	if err != nil {
		t.Fatal(err)
	}
	if d.Observations, err = NewObservations(t.Context(), d.DB, policy.NewGuard(rules, policy.TenureTable{}), register{}, register{}, chains, Papers{Keeper: files.NewKeeper(d.DB, t.TempDir()), Persons: d}); err != nil {
		t.Fatal(err)
	}
	return d
}

// people are those who have an account.
var people = []*policy.Actor{&officer, &chief, &secretary, &neighbour, &industry, &organiser, &instructor, &clerk}

// Person implements policy.Persons.
func (d *desk) Person(_ context.Context, id string) (policy.Actor, error) {
	for _, p := range people {
		if p.ID == id {
			return *p, nil
		}
	}
	return policy.Actor{}, fault.New("test.Person", fault.NotFound, "没有这个人")
}

const password = "Red-Steward-2026!"

// Reauthenticate implements policy.Persons.
func (d *desk) Reauthenticate(_ context.Context, _ policy.Actor, typed string) error {
	if typed != password {
		return fault.InvalidFields("test.Reauthenticate", fault.Field{Name: "current", Message: "密码不对"})
	}
	return nil
}

func person(id string, role policy.Role, scopes ...string) policy.Actor {
	return policy.Actor{ID: id, Appointments: []policy.Appointment{{Role: role, Scopes: scopes}}}
}

var (
	officer   = person("officer", "property_officer", policy.County)
	chief     = person("chief", "section_chief", policy.County)
	secretary = person("secretary", "community_secretary", "c:360428001001")
	neighbour = person("neighbour", "community_secretary", "c:360428001002")
	// Those of the party: the secretary of the industry, the organisation department, an instructor.
	industry   = person("industry", "industry_secretary", policy.County)
	organiser  = person("organiser", "organisation", policy.County)
	instructor = person("instructor", "party_instructor", policy.FirmKey("f1"))
	clerk      = person("clerk", "firm_manager", "f:f1")
)

func mustDate(text string) calendar.Date {
	d, err := calendar.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

func first2027() calendar.Span { return calendar.Quarter{Year: 2027, N: 1}.Span() }

func count(column string, n int64) Cell { return Cell{Column: column, Number: num.FromInt(n)} }

// answersAsk is a ratio of the shipped scheme.
func answersAsk() Ask {
	return Ask{Fact: "answers", Name: "诉求答复（按期答复/应答复）", Indicator: "诉求按期答复", Clause: "略", Note: "略", Points: "5.00", Columns: []Column{
		{Name: "answers_on_time", Label: "按期答复", Unit: "件", Kind: ColumnCount, OfColumn: "answers_due"},
		{Name: "answers_due", Label: "应答复", Unit: "件", Kind: ColumnCount},
	}}
}

func vetoAsk() Ask {
	return Ask{Fact: "veto_decisions", Name: "一票否决认定书", Columns: []Column{{Name: "veto_decisions", Label: "认定理由", Kind: ColumnEvent,
		Values: []Choice{{ID: "accident", Text: "发生有责任的安全事故"}, {ID: "owner_data", Text: "泄露业主信息"}}}}}
}

// upkeepAsk is a fact that two persons confirm, trainingAsk one that party organisations confirm level by level.
func upkeepAsk() Ask {
	ask := trainingAsk()
	ask.Fact = "upkeep"
	return ask
}

func trainingAsk() Ask {
	return Ask{Fact: "training", Name: "培训", Columns: []Column{{Name: "training_held", Label: "已办", Kind: ColumnCount, OfColumn: "training_due"},
		{Name: "training_due", Label: "应办", Kind: ColumnCount}}}
}

func draft(n, of int64) Draft {
	return Draft{Ask: answersAsk(), Project: "p1", Day: mustDate("2027-02-10"), Source: "12345 转办单台账",
		Cells: []Cell{count("answers_on_time", n), count("answers_due", of)}}
}

func (d *desk) record(t *testing.T, by policy.Actor, in Draft) store.Doc[Observation] {
	t.Helper()
	doc, err := d.Record(t.Context(), by, in)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func (d *desk) confirm(t *testing.T, by policy.Actor, doc store.Doc[Observation]) store.Doc[Observation] {
	t.Helper()
	doc, err := d.Confirm(t.Context(), by, At{ID: doc.ID, Seq: doc.Seq})
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// readings gathers what counts as of now.
func (d *desk) readings(t *testing.T) []Reading {
	t.Helper()
	return d.readingsAsOf(t, d.Clock(), d.Records(t))
}

func (d *desk) readingsAsOf(t *testing.T, asOf time.Time, upTo int64) []Reading {
	t.Helper()
	var out []Reading
	if err := d.EachReading(t.Context(), first2027(), asOf, upTo, func(r Reading) error {
		out = append(out, r)
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

func text(fields []fault.Field) string {
	var b strings.Builder
	for _, f := range fields {
		b.WriteString(f.Name + ": " + f.Message + "\n")
	}
	return b.String()
}
