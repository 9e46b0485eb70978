package survey

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/registrytest"
	"redsteward/supervision"
)

const (
	east      = "360428100001"
	elsewhere = "360428100002"
)

// desk is surveys over a real register on a real store, on 2026-09-01: a compound of 120 households in two buildings with a firm, and one without.
type desk struct {
	*registrytest.Desk
	*Service
	register                                                             *registry.Service
	officer, chief, deputy, inspector, worker, stranger, manager, public policy.Actor
	project, bare, firm                                                  string
	compounds                                                            int
}

func must[T any](t testing.TB) func(T, error) T { return registrytest.Must[T](t) }

func newDesk(t testing.TB) *desk {
	t.Helper()
	county, _, service := registrytest.NewCounty(t, time.Date(2026, 9, 1, 1, 0, 0, 0, time.UTC))
	d := &desk{Desk: county}
	terms := must[*Terms](t)(ParseTerms("satisfaction.yaml", registrytest.Config(t, "satisfaction.yaml")))
	d.Service = must[*Service](t)(New(t.Context(), Config{DB: d.Desk.DB, Guard: d.Desk.Guard, Now: d.Clock, Register: service, Terms: terms, Deadlines: d.Desk.Deadlines, Days: d.Holidays}))
	person := registrytest.Person
	d.officer, d.chief, d.deputy = person("officer", "property_officer", policy.County), person("chief", "section_chief", policy.County), person("deputy", "deputy_director", policy.County)
	d.inspector = person("inspector", "inspector", policy.County)
	d.worker, d.stranger = person("worker", "community_worker", policy.CommunityKey(east)), person("stranger", "community_worker", policy.CommunityKey(elsewhere))
	text := must[string](t)
	d.firm = text(service.CreateFirm(t.Context(), d.officer, registry.FirmInput{Name: "赣北物业服务有限公司", Code: "91360428MA7XAMPL5W", Origin: registry.OriginMarket}))
	d.register = service
	d.another()
	d.bare = text(service.CreateProject(t.Context(), d.officer, registry.ProjectInput{Name: "芝城花园", Address: "东风大道 9 号", Community: east, Households: 80, Kind: registry.KindCommodity}))
	d.manager = person("manager", "firm_manager", policy.FirmKey(d.firm))
	return d
}

// another registers one more compound of 120 households that the firm serves; the desk works on it from now on.
func (d *desk) another() {
	d.T.Helper()
	ctx := d.T.Context()
	name := "望湖苑"
	if d.compounds++; d.compounds > 1 {
		name += strconv.Itoa(d.compounds)
	}
	d.project = must[string](d.T)(d.register.CreateProject(ctx, d.officer, registry.ProjectInput{Name: name, Address: "东风大道 8 号", Community: east, Households: 120, Kind: registry.KindCommodity}))
	row := must[registry.ProjectRow](d.T)(d.register.OneProject(ctx, d.officer, d.project))
	in := registry.ContractInput{Firm: d.firm, Kind: registry.ContractChosen, Level: registry.LevelSecond, Days: policy.Span{From: registrytest.Day("2024-01-01"), Until: registrytest.Day("2027-12-31")}}
	if err := d.register.AddContract(ctx, d.officer, d.project, row.Seq, in); err != nil {
		d.T.Fatal(err)
	}
}

func (d *desk) plan(way Way) Plan {
	return Plan{Project: d.project, By: way, Frame: []Block{{"1幢", 70}, {"2幢", 40}}}
}

// prepared draws the households.
func (d *desk) prepared(way Way) store.Doc[Survey] {
	d.T.Helper()
	return must[store.Doc[Survey]](d.T)(d.Prepare(d.T.Context(), d.officer, d.plan(way), nil))
}

func at(o store.Doc[Survey]) supervision.At { return supervision.At{ID: o.ID, Seq: o.Seq} }

// running is an open survey.
func (d *desk) running(way Way) store.Doc[Survey] {
	d.T.Helper()
	return must[store.Doc[Survey]](d.T)(d.Open(d.T.Context(), d.officer, at(d.prepared(way))))
}

// allCodes are the codes of a survey in order.
func (d *desk) allCodes(o store.Doc[Survey]) (out []string) {
	d.T.Helper()
	for _, slips := range must[[]Slips](d.T)(d.Slips(d.T.Context(), d.officer, o.ID)) {
		out = append(out, slips.Codes...)
	}
	return out
}

// sheets are n sheets of paper with the first codes, each with the same answers.
func sheets(codes []string, n int, answers string) (out []Sheet) {
	for i := range n {
		out = append(out, Sheet{Row: i + 1, Ticket: codes[i], Answers: answers})
	}
	return out
}

// answered is one answer a question, the same for all.
func answered(o *Survey, digit string) map[string]string {
	out := map[string]string{}
	for _, q := range o.Form.Questions {
		out[q.ID] = digit
	}
	return out
}

// closed is a survey with so many sheets whose end has passed.
func (d *desk) closed(n int, answers string) store.Doc[Survey] {
	d.T.Helper()
	o := d.running(ByCode)
	if n > 0 {
		must[Entered](d.T)(d.Enter(d.T.Context(), d.inspector, o.ID, sheets(d.allCodes(o), n, answers), false, false))
	}
	d.Forward("2026-09-17")
	return must[store.Doc[Survey]](d.T)(d.Close(d.T.Context(), d.officer, at(o)))
}

// kept is a refused call that must change neither journal nor box.
func (d *desk) kept(o store.Doc[Survey], name string, kind fault.Kind, call func() error, said ...string) {
	d.T.Helper()
	before := fmt.Sprint(d.boxes.Get(d.T.Context(), boxID(o.ID, o.State.Round)))
	d.Refused(name, kind, call, said...)
	if after := fmt.Sprint(d.boxes.Get(d.T.Context(), boxID(o.ID, o.State.Round))); strings.TrimSpace(before) != strings.TrimSpace(after) {
		d.T.Errorf("%s changed the box: %s, then %s", name, before, after)
	}
}
