package cycle

import (
	"strconv"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
	"redsteward/supervision/survey"
)

func countyPerson(id string, role policy.Role) policy.Actor {
	return policy.Actor{ID: id, Appointments: []policy.Appointment{{Role: role, Unit: policy.County, Scopes: []string{policy.County}}}}
}

// TestSurveys: a survey is read from its publication on, with its counts; without enough answers it tells that nobody answered.
func TestSurveys(t *testing.T) {
	d := newRecordedDesk(t)
	ctx := t.Context()
	terms := sure[*survey.Terms](t)(survey.ParseTerms("satisfaction.yaml", shipped(t, "satisfaction.yaml")))
	service := sure[*survey.Service](t)(survey.New(ctx, survey.Config{DB: d.DB, Guard: d.guard, Now: d.Clock, Register: d.real, Terms: terms, Days: &calendar.Calendar{},
		Deadlines: func(rule string, start calendar.Date) (calendar.Deadline, error) {
			return calendar.Deadline{Rule: rule, Start: start, N: 10, Unit: calendar.UnitDay, Due: start.Add(10)}, nil
		}}))
	officer, deputy := countyPerson("survey-officer", "property_officer"), countyPerson("survey-deputy", "deputy_director")
	publish := func(project string, answers int) {
		t.Helper()
		row := sure[registry.ProjectRow](t)(d.real.OneProject(ctx, officer, project))
		o := sure[store.Doc[survey.Survey]](t)(service.Prepare(ctx, officer, survey.Plan{Project: project, By: survey.ByCode, Frame: survey.FrameOf(&row)}, nil))
		o = sure[store.Doc[survey.Survey]](t)(service.Open(ctx, officer, supervision.At{ID: o.ID, Seq: o.Seq}))
		var sheets []survey.Sheet
		for _, slips := range sure[[]survey.Slips](t)(service.Slips(ctx, officer, o.ID)) {
			for _, code := range slips.Codes {
				if len(sheets) < answers {
					sheets = append(sheets, survey.Sheet{Row: len(sheets) + 1, Ticket: code, Answers: "2" + strings.Repeat("0", terms.Questions()-1)})
				}
			}
		}
		sure[survey.Entered](t)(service.Enter(ctx, officer, o.ID, sheets, false, false))
		d.set(t, "2026-10-20")
		o = sure[store.Doc[survey.Survey]](t)(service.Close(ctx, officer, supervision.At{ID: o.ID, Seq: o.Seq}))
		sure[store.Doc[survey.Survey]](t)(service.Publish(ctx, deputy, supervision.At{ID: o.ID, Seq: o.Seq}))
		d.set(t, "2026-10-05")
	}
	day := func(text string) calendar.Date { return sure[calendar.Date](t)(calendar.ParseDate(text)) }
	source := &Surveys{Surveys: service}
	read := func() (out []supervision.Reading) {
		t.Helper()
		err := source.EachReading(ctx, calendar.Span{First: day("2025-01-01"), Last: day("2026-12-31")}, d.Clock().AddDate(0, 1, 0), 1<<60, func(r supervision.Reading) error { out = append(out, r); return nil })
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	place := sure[registry.ProjectRow](t)(d.real.OneProject(ctx, officer, d.east))
	needed, _ := terms.Needed(place.Place.Households, place.Place.Households)
	publish(d.east, int(needed))
	publish(d.guarded, 3)
	var lines []string
	for _, r := range read() {
		line := map[string]string{d.east: "east", d.guarded: "guarded", d.village: "village"}[r.Project] + " " + r.Fact + " " + r.Day.String()
		for _, c := range r.Cells {
			line += " " + c.Number.String()
		}
		if len(r.Hash) != 64 || r.ReviewedBy != deputy.ID || r.ScoredBy != officer.ID || r.Firm == "" || r.Record == "" {
			t.Errorf("%+v", r)
		}
		lines = append(lines, line)
	}
	people := strconv.FormatInt(place.Place.Households, 10)
	want := []string{"east survey 2026-10-20 " + people + " 0 " + strconv.FormatInt(needed, 10) + " 0 0 0", "guarded survey 2026-10-20 " + people + " 0 0 0 0 0"}
	for _, line := range want {
		if !strings.Contains("\n"+strings.Join(lines, "\n")+"\n", "\n"+line+"\n") {
			t.Errorf("%q is missing", line)
		}
	}
	if len(lines) != len(want) {
		t.Errorf("read\n%s", strings.Join(lines, "\n"))
	}
}
