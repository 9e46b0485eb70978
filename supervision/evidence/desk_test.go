package evidence

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/policy/policytest"
	"redsteward/registry"
	"redsteward/supervision"
)

// handed is the first day on which f2 holds p2 in the place of f1.
var handed = mustDate("2027-02-15")

// register is a small register: p1 and, until it changed hands, p2 of firm f1; p3 without a firm.
type register struct{}

func (register) Place(_ context.Context, project string, on calendar.Date) (registry.Place, error) {
	p := registry.Place{Project: project, Community: "360428001001", CommunityName: "东街社区", Township: "360428001000", Firm: "f1", FirmName: "演示物业甲", Households: 400}
	switch project {
	case "p1":
		p.Name = "东街花园"
	case "p2":
		p.Name, p.Community = "西街花园", "360428001002"
		if on.Compare(handed) >= 0 {
			p.Firm, p.FirmName = "f2", "演示物业乙"
		}
	case "p3":
		p.Name, p.Firm, p.FirmName = "书院坊", "", ""
	default:
		return registry.Place{}, fault.New("register.Place", fault.NotFound, "没有找到要看的内容")
	}
	return p, nil
}

func mustDate(text string) calendar.Date {
	d, err := calendar.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

// desk is the service on a real store, with a clock that tests move.
type desk struct {
	*policytest.Desk
	*Service
}

// plainDays counts every day as worked.
func plainDays(rule string, start calendar.Date) (calendar.Deadline, error) {
	n := map[string]int{acceptRule: 3, reviewRule: 5, correctRule: 3, auditRule: 10, objectRule: 5, answerRule: 5}[rule]
	if n == 0 {
		return calendar.Deadline{}, fault.New("plainDays", fault.NotFound, "没有这条期限")
	}
	return calendar.Deadline{Rule: rule, Start: start, N: n, Unit: calendar.UnitDay, Due: start.Add(n)}, nil
}

const (
	period = "2027Q1"
	fact   = "party_day"
)

func partyDay() supervision.Ask {
	return supervision.Ask{Fact: fact, Name: "主题党日", Indicator: "主题党日按期开展", Points: "4.00", Uploads: 3, Columns: []supervision.Column{
		{Name: "here", Label: "实到人数", Unit: "人", Kind: supervision.ColumnCount, OfColumn: "due"},
		{Name: "due", Label: "应到人数", Unit: "人", Kind: supervision.ColumnCount},
	}}
}

func revenue() supervision.Ask {
	return supervision.Ask{Fact: "revenue", Name: "公共收益公示", Columns: []supervision.Column{{Name: "shown", Label: "已公示", Kind: supervision.ColumnBool}}}
}

func window() Window {
	return Window{Title: "2027年第一季度", Days: calendar.Quarter{Year: 2027, N: 1}.Span(), Opens: journal.At(mustDate("2027-01-01").Begins()),
		Closes: journal.At(mustDate("2027-03-31").Ends()), Asks: []supervision.Ask{partyDay(), revenue()},
		Objection: "对得分有异议的，得分告知后 3 个工作日内从“异议与申诉”提出。"}
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{Desk: policytest.NewDesk(t, time.Date(2027, 3, 1, 1, 0, 0, 0, time.UTC))}
	held := policy.TenureTable{
		{Firm: "f1", Project: "p1"},
		{Firm: "f1", Project: "p2", Span: policy.Span{Until: handed.Add(-1)}},
		{Firm: "f2", Project: "p2", Span: policy.Span{From: handed}},
	}
	var err error
	if d.Service, err = NewService(t.Context(), d.DB, policy.NewGuard(policytest.Rules(t), held), register{}, files.NewKeeper(d.DB, t.TempDir()), plainDays); err != nil {
		t.Fatal(err)
	}
	if _, err := d.OpenWindow(t.Context(), policy.SystemActor(), period, window()); err != nil {
		t.Fatal(err)
	}
	return d
}

func person(id string, role policy.Role, unit string, scopes ...string) policy.Actor {
	return policy.Actor{ID: id, Appointments: []policy.Appointment{{Role: role, Unit: unit, Scopes: scopes}}}
}

var (
	clerk     = person("clerk", "project_manager", "f:f1", "p:p1", "p:p2", "p:p3")
	boss      = person("boss", "firm_manager", "f:f1", "f:f1")
	successor = person("successor", "project_manager", "f:f2", "p:p2")
	worker    = person("worker", "community_worker", "c:360428001001", "c:360428001001")
	secretary = person("secretary", "community_secretary", "c:360428001001", "c:360428001001")
	neighbour = person("neighbour", "community_worker", "c:360428001002", "c:360428001002")
	officer   = person("officer", "property_officer", policy.County, policy.County)
	chief     = person("chief", "section_chief", policy.County, policy.County)
	deputy    = person("deputy", "deputy_director", policy.County, policy.County)
	director  = person("director", "director", policy.County, policy.County)
)

func count(column string, n int64) supervision.Cell {
	return supervision.Cell{Column: column, Number: num.FromInt(n)}
}

// photo is a small picture of its own colour.
func photo(t testing.TB, n byte) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 8, 6))
	for i := range img.Pix {
		img.Pix[i] = 255
	}
	img.SetRGBA(1, 1, color.RGBA{n, 100, 0, 255})
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func (d *desk) attach(t testing.TB, by policy.Actor, at Form, n byte) []files.Stored {
	t.Helper()
	draft, err := d.Attach(t.Context(), by, at, fmt.Sprintf("会场%d.png", n), bytes.NewReader(photo(t, n)))
	if err != nil {
		t.Fatal(err)
	}
	return draft.Files
}

// submission is a proof that is in order.
func submission(t testing.TB, d *desk) Submission {
	t.Helper()
	return Submission{Period: period, Project: "p1", Fact: fact, Day: mustDate("2027-02-10"), Note: "共学共议消防通道整治",
		Cells: []supervision.Cell{count("here", 4), count("due", 5)}, Files: d.attach(t, clerk, Form{Period: period, Project: "p1", Fact: fact}, 1)}
}

func (d *desk) submit(t testing.TB) store.Doc[Proof] {
	t.Helper()
	doc, err := d.Submit(t.Context(), clerk, submission(t, d))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func at(doc store.Doc[Proof]) supervision.At { return supervision.At{ID: doc.ID, Seq: doc.Seq} }

func (d *desk) decide(t testing.TB, by policy.Actor, doc store.Doc[Proof], in Decision) store.Doc[Proof] {
	t.Helper()
	doc, err := d.Decide(t.Context(), by, at(doc), in)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func (d *desk) readingsAsOf(t testing.TB, asOf time.Time, upTo int64) []supervision.Reading {
	t.Helper()
	var out []supervision.Reading
	if err := d.EachReading(t.Context(), calendar.Quarter{Year: 2027, N: 1}.Span(), asOf, upTo, func(r supervision.Reading) error {
		out = append(out, r)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func (d *desk) readings(t testing.TB) []supervision.Reading {
	t.Helper()
	return d.readingsAsOf(t, d.Clock(), d.Records(t))
}

func wantKind(t testing.TB, err error, kind fault.Kind) {
	t.Helper()
	if fault.KindOf(err) != kind {
		t.Fatalf("got %v, want %q", err, kind)
	}
}
