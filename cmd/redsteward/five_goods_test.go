package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"redsteward/configs"
	"redsteward/internal/num"
	"redsteward/rating"
	"redsteward/rating/cycle"
	"redsteward/supervision/application"
	"redsteward/supervision/matter"
	"redsteward/supervision/repair"
	"redsteward/supervision/veto"
)

// fiveGoodsMax are the full marks of the five goods.
var fiveGoodsMax = map[string]string{"organisation": "15", "team": "10", "service": "45", "operations": "20", "image": "10"}

// partyForms are the words for the form of a firm's party organisation, and the columns that stand for its sheet.
var partyForms = []string{"单建", "联建", "选派指导员"}

func shippedScheme(t testing.TB, name string) *rating.Scheme {
	t.Helper()
	data, err := configs.Files.ReadFile("schemes/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := rating.ParseScheme(data)
	if err != nil {
		t.Fatalf("%v\n%v", err, rating.ProblemsOf(err))
	}
	return s
}

// fullQuarter is a project that reaches every full mark in a quarter, by column.
func fullQuarter(form string) map[string]string {
	row := map[string]string{
		"project": "P", "as_of": "2027-03-31", "firm": "示例物业", "households": "400", "managed_months": "24", "handover_rule_applies": "是", "party_form": form,
		"cobuild_kinds": "3", "survey_population": "400", "survey_very_satisfied": "60", "survey_satisfied": "40", "survey_neutral": "0",
		"survey_dissatisfied": "0", "survey_very_dissatisfied": "0", "complaints": "0", "veto_decisions": "-",
		"instructor_visits_made": "", "instructor_visits_due": "", "training_held": "", "training_due": "",
		"branch_meetings_held": "", "branch_meetings_due": "", "joint_meetings_joined": "", "joint_meetings_due": "",
		"attendance_present": "", "attendance_expected": "",
	}
	switch form {
	case "单建":
		row["branch_meetings_held"], row["branch_meetings_due"] = "5", "5"
		row["attendance_present"], row["attendance_expected"] = "30", "30"
	case "联建":
		row["joint_meetings_joined"], row["joint_meetings_due"] = "5", "5"
		row["attendance_present"], row["attendance_expected"] = "10", "10"
	case "选派指导员":
		row["instructor_visits_made"], row["instructor_visits_due"] = "3", "3"
		row["training_held"], row["training_due"] = "1", "1"
	}
	for _, d := range []string{"flag", "identity", "vehicle", "promise", "dedication", "duty"} {
		row["display_"+d] = "2"
	}
	for _, pair := range [][2]string{
		{"matter_callbacks_satisfied", "matter_callbacks_reached"}, {"repair_callbacks_satisfied", "repair_callbacks_reached"},
		{"visit_clean_points", "visit_clean_full"}, {"visit_order_points", "visit_order_full"}, {"visit_facility_points", "visit_facility_full"},
		{"repairs_on_time", "repairs_due"}, {"rectified_on_time", "rectification_due"}, {"revenue_shown", "revenue_due"},
		{"openness_shown", "openness_due"}, {"upkeep_valid", "upkeep_due"}, {"handover_acts_done", "handover_acts_due"},
		{"answers_on_time", "answers_due"}, {"visit_look_points", "visit_look_full"}, {"community_tasks_done", "community_tasks_due"},
	} {
		row[pair[0]], row[pair[1]] = "20", "20"
	}
	return row
}

// fullYear is the same for the year.
func fullYear(form string) map[string]string {
	row := fullQuarter(form)
	maps.Copy(row, map[string]string{
		"as_of": "2027-12-31", "cobuild_kinds": "5", "contract_filed": "是", "overdue_rectifications": "-", "commendations": "-", "cameras": "否", "insurance": "否", "application": "各级同意", "joint_star": "",
	})
	return row
}

// with returns the row with some cells changed: "column=value".
func with(row map[string]string, cells ...string) map[string]string {
	row = maps.Clone(row)
	for _, cell := range cells {
		column, value, _ := strings.Cut(cell, "=")
		row[column] = value
	}
	return row
}

// rate evaluates one row as the command would read it.
func rate(t testing.TB, s *rating.Scheme, row map[string]string, h rating.History) rating.Result {
	t.Helper()
	return rating.Evaluate(s, nil, readRow(t, s, row), h)
}

// readRow reads one row as the command would.
func readRow(t testing.TB, s *rating.Scheme, row map[string]string) rating.Subject {
	t.Helper()
	columns := slices.Sorted(maps.Keys(row))
	cells := make([]string, len(columns))
	for i, c := range columns {
		cells[i] = row[c]
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.WriteAll([][]string{columns, cells}); err != nil {
		t.Fatal(err)
	}
	subjects, err := rating.ReadTable(s, &b, rating.TableOptions{})
	if err != nil {
		t.Fatal(err, rating.ProblemsOf(err))
	}
	return subjects[0]
}

// quarters gives four earlier results to a year.
func quarters(results ...rating.Result) rating.History {
	h := rating.History{}
	for i, id := range []string{"q1", "q2", "q3", "q4"} {
		if i < len(results) {
			h[id] = results[i].Past()
		}
	}
	return h
}

func fourTimes(r rating.Result) rating.History { return quarters(r, r, r, r) }

// TestFiveGoodsFullMarks checks the weights, and that every form of party organisation reaches the same full marks.
func TestFiveGoodsFullMarks(t *testing.T) {
	quarter, year := shippedScheme(t, "five-goods-quarter"), shippedScheme(t, "five-goods-year")
	for _, form := range partyForms {
		q := rate(t, quarter, fullQuarter(form), nil)
		y := rate(t, year, fullYear(form), fourTimes(q))
		for name, r := range map[string]*rating.Result{"quarter": &q, "year": &y} {
			if r.Total.Shown != "100.00" || r.Total.Max.String() != "100" {
				t.Errorf("%s of %s: %s of %s, want 100 of 100", name, form, r.Total.Shown, r.Total.Max)
			}
			for part, want := range fiveGoodsMax {
				if p := r.Part(part); p == nil || p.Max.String() != want || p.Points.String() != want {
					t.Errorf("%s of %s: %s is %+v, want %s", name, form, part, p, want)
				}
			}
			if got := r.Output("coverage").Shown; got != "100" {
				t.Errorf("%s of %s: coverage %s: the weights in its expression are not those of the indicators", name, form, got)
			}
		}
		if q.Label != "已评分" || y.Label != "五星" {
			t.Errorf("%s: %s and %s", form, q.Label, y.Label)
		}
		if sheets := sheetMax(&q); sheets != "9+5" {
			t.Errorf("%s: the sheets are worth %s", form, sheets)
		}
	}
}

func sheetMax(r *rating.Result) string {
	return r.Part("organisation_sheet").Max.String() + "+" + r.Part("team_sheet").Max.String()
}

// TestFiveGoodsUploads: at most 25 indicators, at least 70 points without any upload, at most 6 uploads a project and quarter, and a voice,
// a clause, and a source or the word proposal on every indicator.
func TestFiveGoodsUploads(t *testing.T) {
	for _, name := range []string{"five-goods-quarter", "five-goods-year"} {
		s := shippedScheme(t, name)
		if n := len(s.Indicators); n > 25 {
			t.Errorf("%s has %d indicators", name, n)
		}
		uploads := map[string]int{}
		for _, f := range s.Facts {
			uploads[f.ID] = f.Upload
			held := slices.Contains([]string{"firm", "households", "managed_months", "handover_rule_applies", "party_form", "revenue", "insurance"}, f.ID)
			if held != (f.Source == cycle.SourceRegistry) || !held && !slices.Contains([]string{"observation", "evidence", "inspection", "rectification", veto.Source, application.Source, repair.Source, matter.SourceMatters, cycle.SourceSurvey, cycle.SourceParty, cycle.SourceHonours, cycle.SourceFilings, cycle.SourceHandovers, cycle.SourceCommunity}, f.Source) ||
				f.Otherwise != "" && f.Otherwise != "observation" && f.Otherwise != "evidence" {
				t.Errorf("%s: fact %s comes from %q", name, f.ID, f.Source)
			}
			if f.Upload > 0 && cmp.Or(f.Otherwise, f.Source) != "evidence" {
				t.Errorf("%s: fact %s is uploaded and yet comes from %s", name, f.ID, f.Source)
			}
			if f.Type != rating.TypeText && f.Type != rating.TypeBool && f.Type != rating.TypeEvents && f.Type != rating.TypeChecklist && f.Type != rating.TypeSurvey && f.Unit == "" {
				t.Errorf("%s: fact %s has no unit", name, f.ID)
			}
		}
		for _, form := range partyForms {
			row := fullQuarter(form)
			if s.Rhythm == "year" {
				row = fullYear(form)
			}
			r := rate(t, s, row, nil)
			asked := map[string]bool{}
			free := num.FromInt(100)
			for _, l := range r.Lines {
				uploaded := false
				for _, f := range l.Facts {
					if uploads[f.ID] > 0 {
						asked[f.ID], uploaded = true, true
					}
				}
				// Attendance is read off the same entry as the meetings: counted as uploaded, to be on the safe side.
				if uploaded && !strings.HasPrefix(l.ID, "bonus_") || l.ID == "team_attendance" {
					free = free.Sub(l.Max)
				}
			}
			count := 0
			for id := range asked {
				count += uploads[id]
			}
			if free.Less(num.FromInt(70)) || count > 6 {
				t.Errorf("%s, %s: %s points without upload, %d uploads", name, form, free, count)
			}
		}
		for _, d := range s.Indicators {
			if d.Voice == "" || d.Basis == "" && !d.Proposal {
				t.Errorf("%s: indicator %s has no voice, or neither basis nor proposal", name, d.ID)
			}
			if strings.IndexFunc(d.Clause, func(r rune) bool { return unicode.Is(unicode.Han, r) }) < 0 || !strings.HasSuffix(d.Clause, "。") {
				t.Errorf("%s: indicator %s has no clause that an owner could read: %q", name, d.ID, d.Clause)
			}
		}
	}
}

// TestFiveGoodsUploadsOfTheLastQuarter adds the uploads of the year to those of its fourth quarter.
func TestFiveGoodsUploadsOfTheLastQuarter(t *testing.T) {
	sum := 0
	for _, name := range []string{"five-goods-quarter", "five-goods-year"} {
		for _, f := range shippedScheme(t, name).Facts {
			sum += f.Upload
		}
	}
	if sum > 6 {
		t.Errorf("%d uploads in the last quarter", sum)
	}
}

// TestFiveGoodsVoices checks the view by voice against its bands, for each form; what owners say and what they are asked again.
func TestFiveGoodsVoices(t *testing.T) {
	bands := map[string][2]int64{"bureau": {45, 55}, "owners": {20, 30}, "party": {20, 30}}
	for _, name := range []string{"five-goods-quarter", "five-goods-year"} {
		s := shippedScheme(t, name)
		for _, v := range s.Voices {
			if band := bands[v.ID]; !v.From.Equal(num.FromInt(band[0])) || !v.To.Equal(num.FromInt(band[1])) {
				t.Errorf("%s declares %s to %s for %s", name, v.From, v.To, v.ID)
			}
		}
		for _, form := range partyForms {
			row := fullQuarter(form)
			if s.Rhythm == "year" {
				row = fullYear(form)
			}
			r := rate(t, s, row, nil) // without history the year's own lines carry all of the year
			e, err := rating.Explain(s, &r)
			if err != nil {
				t.Fatal(err)
			}
			sum := num.Num{}
			for _, v := range e.Voices {
				sum = sum.Add(v.Max)
				if band := bands[v.ID]; v.Max.Less(num.FromInt(band[0])) || num.FromInt(band[1]).Less(v.Max) {
					t.Errorf("%s, %s: %s has %s points", name, form, v.ID, v.Max)
				}
			}
			if sum.String() != "100" {
				t.Errorf("%s, %s: the voices have %s points together", name, form, sum)
			}
			if m := r.Line("svc_satisfaction").Max; m.Less(num.FromInt(15)) {
				t.Errorf("%s: satisfaction has %s points", name, m)
			}
			if m := r.Line("svc_matter_callbacks").Max.Add(r.Line("svc_repair_callbacks").Max); m.Less(num.FromInt(5)) {
				t.Errorf("%s: verified call-backs have %s points", name, m)
			}
		}
	}
}

// TestFiveGoodsFrame checks the cuts, floors, gates, bonus and what the public sees, from the files themselves.
func TestFiveGoodsFrame(t *testing.T) {
	quarter, year := shippedScheme(t, "five-goods-quarter"), shippedScheme(t, "five-goods-year")
	cuts := map[string]string{"star5": "92", "star4": "84", "star3": "76", "star2": "68", "star1": "60"}
	needs := map[string]string{"star5": "0.85", "star4": "0.75"}
	for _, g := range year.Grades.List {
		if g.AtLeast != nil && g.AtLeast.String() != cuts[g.ID] || cuts[g.ID] != "" && g.AtLeast == nil {
			t.Errorf("grade %s begins at %v", g.ID, g.AtLeast)
		}
		if want := needs[g.ID]; want != "" && (len(g.Needs) != 1 || g.Needs[0].Of != "rate.service" || g.Needs[0].AtLeast.String() != want) {
			t.Errorf("grade %s needs %+v", g.ID, g.Needs)
		}
		delete(cuts, g.ID)
	}
	if len(cuts) > 0 {
		t.Errorf("no grades for %v", cuts)
	}
	for _, g := range quarter.Grades.List {
		if g.Level != nil || g.AtLeast != nil {
			t.Errorf("the quarter gives a rank: %s", g.ID)
		}
	}
	file, err := configs.Files.ReadFile("vetoes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	grounds, err := veto.ParseTerms("vetoes.yaml", file)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*rating.Scheme{quarter, year} {
		// A star rises by one a year at most, and whoever had none is not held; a quarter gives no star.
		if p := s.Promotion; s.ID != "five-goods" || (p != nil) != (s == year) || p != nil && (p.Up != 1 || p.From != "last" || p.First != nil) {
			t.Errorf("%s %s: promotion %+v", s.ID, s.Rhythm, p)
		}
		for _, a := range s.Adjust {
			switch a.Kind {
			case rating.AdjustVoid:
				if joint := a.When == "joint_star.star0" && a.Grade == "held_back"; !joint && (a.Events == nil || a.Events.Fact != "veto_decisions" || a.When != "") {
					t.Errorf("gate %s does not come from recorded decisions alone", a.ID)
				}
			case rating.AdjustCapGrade, rating.AdjustFloorGrade: // the floor on service and the joint review are the only other things that move a grade, and only down
				if a.Kind == rating.AdjustCapGrade && strings.HasPrefix(string(a.When), "joint_star.star") && string(a.When) == "joint_star."+a.Grade {
					continue
				}
				if a.Kind != rating.AdjustCapGrade || a.When != "rate.service < 0.6" || a.Grade != "star2" {
					t.Errorf("%s moves the grade when %s to %s", a.ID, a.When, a.Grade)
				}
			}
		}
		i, _ := s.FactIndex("veto_decisions")
		if s.Facts[i].Source != veto.Source || s.Facts[i].Otherwise != "" {
			t.Errorf("%s takes decisions from %s, else from %q: nobody was heard there", s.Rhythm, s.Facts[i].Source, s.Facts[i].Otherwise)
		}
		// What vetoes.yaml can decide is what the scheme knows, for as long.
		codes := map[string]string{}
		for _, c := range s.Facts[i].Codes {
			ground, _ := grounds.Ground(c.ID)
			if codes[c.ID] = c.Name; c.Basis == "" || int64(c.Months) != ground.Months {
				t.Errorf("%s: ground %s has no document or stands for %d months, in vetoes.yaml %d", s.Rhythm, c.ID, c.Months, ground.Months)
			}
		}
		for _, g := range grounds.Grounds() {
			if codes[g.ID] != g.Text {
				t.Errorf("%s calls ground %s %q, vetoes.yaml %q", s.Rhythm, g.ID, codes[g.ID], g.Text)
			}
		}
		if len(codes) != len(grounds.Grounds()) {
			t.Errorf("%s knows %d grounds, vetoes.yaml %d", s.Rhythm, len(codes), len(grounds.Grounds()))
		}
		if r := s.Rollups[0]; len(s.Rollups) != 1 || r.By != "firm" || r.Weight != "households" {
			t.Errorf("roll-up %+v", r)
		}
		for _, p := range s.Parts {
			if want := p.ID == "organisation" || p.ID == "team"; want != (p.Disclose == "total") {
				t.Errorf("part %s discloses %q", p.ID, p.Disclose)
			}
			if _, ok := fiveGoodsMax[strings.TrimSuffix(p.ID, "_quarters")]; ok && strings.HasSuffix(p.ID, "_quarters") && p.Weight.String() != "0.6" {
				t.Errorf("%s weighs %s", p.ID, p.Weight)
			}
			if _, ok := fiveGoodsMax[strings.TrimSuffix(p.ID, "_year")]; ok && strings.HasSuffix(p.ID, "_year") && p.Weight.String() != "0.4" {
				t.Errorf("%s weighs %s", p.ID, p.Weight)
			}
		}
	}
	var bonus *rating.Adjustment
	for i := range year.Adjust {
		if year.Adjust[i].Kind == rating.AdjustBonus {
			bonus = &year.Adjust[i]
		}
	}
	if bonus == nil || bonus.Most.String() != "5" || len(bonus.NotAcross) != 1 || bonus.NotAcross[0].Cut.String() != "92" {
		t.Errorf("bonus %+v", bonus)
	}
	for i := range quarter.Indicators {
		q, y := &quarter.Indicators[i], &year.Indicators[i]
		if q.ID != y.ID || !q.Max.Equal(y.Max) || q.Voice != y.Voice {
			t.Errorf("quarter and year differ: %s %s, %s %s", q.ID, q.Max, y.ID, y.Max)
		}
	}
	if extra := len(year.Indicators) - len(quarter.Indicators); extra != 2 {
		t.Errorf("the year has %d more indicators; only the two of the bonus are meant", extra)
	}
}

// TestFiveGoodsGuarantees: what the two schemes must promise is proved, not only tried.
func TestFiveGoodsGuarantees(t *testing.T) {
	for _, name := range []string{"five-goods-quarter", "five-goods-year"} {
		bonus := 0
		for _, v := range rating.Guarantees(shippedScheme(t, name), 1, 100) {
			switch v.Guarantee {
			case rating.GuaranteeMonotone, rating.GuaranteeGate, rating.GuaranteeMaximum, rating.GuaranteeGrade, rating.GuaranteeWeights, rating.GuaranteePoints:
				if v.Finding != rating.FindingProved {
					t.Errorf("%s: %s: %s, %s", name, v.Title, v.Finding, v.Why)
				}
			case rating.GuaranteeBonus:
				bonus++
				if v.Finding != rating.FindingProved {
					t.Errorf("%s: %s: %s, %s", name, v.Title, v.Finding, v.Why)
				}
			default:
				if v.Finding == rating.FindingRefuted && !v.Advice {
					t.Errorf("%s: %s: %s", name, v.Title, v.Why)
				}
			}
		}
		if want := map[string]int{"five-goods-year": 1}[name]; bonus != want {
			t.Errorf("%s: %d verdicts on a bonus, want %d", name, bonus, want)
		}
	}
}

// TestFiveGoodsFirmsByHouseholds: a firm with 100 homes at 100 points and 300 homes at 86 has 89.5; a project without enough data does not count.
func TestFiveGoodsFirmsByHouseholds(t *testing.T) {
	s := shippedScheme(t, "five-goods-quarter")
	roller, err := s.NewRoller(s.Rollups[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []map[string]string{
		with(fullQuarter("单建"), "project=A", "households=100"),
		with(fullQuarter("无"), "project=B", "households=300", "firm= 示例物业 "),
		with(fullQuarter("单建"), "project=C", "households=900", "managed_months=2"),
	} {
		sub := readRow(t, s, row)
		r := rating.Evaluate(s, nil, sub, nil)
		roller.Add(sub, &r)
	}
	groups := roller.Groups()
	if len(groups) != 1 || groups[0].Shown != "89.50" || groups[0].Counted != 2 || len(groups[0].Members) != 3 || groups[0].Weight.String() != "400" {
		t.Errorf("groups %+v, want one with 89.50 over two projects of 400 homes", groups)
	}
}

// TestFiveGoodsQuarterByHand compares projects with what a person works out with pencil and paper from the clauses.
func TestFiveGoodsQuarterByHand(t *testing.T) {
	s := shippedScheme(t, "five-goods-quarter")
	own := fullQuarter("单建")
	for _, c := range []struct {
		name         string
		row          map[string]string
		total, grade string
		parts        string // organisation, team, service, operations, image
	}{
		{"no party form at all: 6 of 15, 5 of 10", fullQuarter("无"), "86.00", "已评分", "6 5 45 20 10"},
		{"old compound: handover 3 points do not apply, the other 17 count as 20", with(own, "handover_rule_applies=否", "openness_shown=15"), "98.82", "已评分", "15 10 45 18.82 10"}, // 16/17×20
		{"instructor just appointed: nothing due yet, 6 of 6 counts as 15 of 15", with(fullQuarter("选派指导员"), "instructor_visits_made=0", "instructor_visits_due=0"), "100.00", "已评分", "15 10 45 20 10"},
		{"instructor never came", with(fullQuarter("选派指导员"), "instructor_visits_made=0"), "91.00", "已评分", "6 10 45 20 10"},
		{"branch never entered a meeting", with(own, "branch_meetings_held=", "branch_meetings_due=", "attendance_present=", "attendance_expected="), "86.00", "已评分", "6 5 45 20 10"},
		{
			// 7.2+4 · 4+3.75 · 9.38+2.86+4.29+3.2+3.4+4.5+2.57+3 · 4+3.2+3+2+4.29 · 2+2.7+1.5
			"a middling one", with(own, "branch_meetings_held=4", "cobuild_kinds=2",
				"display_vehicle=1", "display_dedication=不适用", "display_duty=1", "attendance_present=18",
				"survey_very_satisfied=50", "survey_satisfied=25", "survey_neutral=15", "survey_dissatisfied=10",
				"matter_callbacks_satisfied=16", "repair_callbacks_satisfied=18", "visit_clean_points=16", "visit_order_points=17", "visit_facility_points=18",
				"repairs_on_time=18", "rectified_on_time=15", "openness_shown=16", "upkeep_valid=15", "handover_acts_done=2", "handover_acts_due=3",
				"answers_on_time=18", "households=500", "complaints=3", "visit_look_points=18", "community_tasks_done=10"),
			"74.84", "已评分", "11.2 7.75 33.2 16.49 6.2",
		},
		{"59 answers of 60 needed: satisfaction left out, 28 of 30 counts as 42 of 45", with(own, "survey_very_satisfied=20", "survey_satisfied=39", "visit_clean_points=10"), "97.00", "已评分", "15 10 42 20 10"},
		{"small compound: 10 answers are enough for 30 homes, 9 are not", with(own, "survey_population=30", "survey_very_satisfied=5", "survey_satisfied=0", "survey_neutral=5"), "85.00", "已评分", "15 10 30 20 10"},
		{"repair log missing: no points; nothing due in it: not counted", with(own, "repairs_on_time=", "repairs_due="), "97.00", "已评分", "15 10 42 20 10"},
		{"no repair was due", with(own, "repairs_on_time=0", "repairs_due=0"), "100.00", "已评分", "15 10 45 20 10"},
		{"no public revenue", with(own, "revenue_shown=0", "revenue_due=0"), "100.00", "已评分", "15 10 45 20 10"},
		{"one complaint a quarter is forgiven", with(own, "complaints=1"), "100.00", "已评分", "15 10 45 20 10"},
		{"four of 400 homes: 3 × 1000 ÷ 400 = 7.5", with(own, "complaints=4"), "96.00", "已评分", "15 10 45 20 6"},
		{"veto in force", with(own, "veto_decisions=accident|2026-06-01||"), "100.00", "一票否决期内", "15 10 45 20 10"},
		{"veto with its own end, over", with(own, "veto_decisions=accident|2026-06-01|2026-12-31"), "100.00", "已评分", "15 10 45 20 10"},
		{"two months only", with(own, "managed_months=2"), "100.00", "数据不足", "15 10 45 20 10"},
		{"party form not registered", with(own, "party_form="), "100.00", "数据不足", "15 10 45 20 10"},
	} {
		t.Run(c.name, func(t *testing.T) { checkHand(t, rate(t, s, c.row, nil), c.total, c.grade, c.parts) })
	}
}

func checkHand(t *testing.T, r rating.Result, total, grade, parts string) {
	t.Helper()
	var got []string
	for _, id := range []string{"organisation", "team", "service", "operations", "image"} {
		got = append(got, r.Part(id).Points.String())
	}
	if r.Total.Shown != total || r.Label != grade || parts != "" && strings.Join(got, " ") != parts {
		t.Errorf("%s %s (%s), want %s %s (%s); unmet %v, blocked %v", r.Total.Shown, r.Label, strings.Join(got, " "), total, grade, parts, r.Unmet, r.Blocked)
	}
}

// TestFiveGoodsYearByHand does the same for the star: 60 % of the quarters' mean and 40 % of the year in every dimension.
func TestFiveGoodsYearByHand(t *testing.T) {
	quarter, year := shippedScheme(t, "five-goods-quarter"), shippedScheme(t, "five-goods-year")
	full := rate(t, quarter, fullQuarter("单建"), nil)
	noForm := rate(t, quarter, fullQuarter("无"), nil)
	early := rate(t, quarter, with(fullQuarter("单建"), "managed_months=2"), nil)
	unasked := rate(t, quarter, with(fullQuarter("单建"), "survey_very_satisfied=", "survey_satisfied=", "survey_neutral=", "survey_dissatisfied=", "survey_very_dissatisfied="), nil)
	unsure := rate(t, quarter, emptied(fullQuarter("单建")), nil)
	weak := rate(t, quarter, with(fullQuarter("单建"), "survey_very_satisfied=0", "survey_satisfied=50", "survey_neutral=50", "rectified_on_time=0"), nil)
	own := fullYear("单建")
	sent := fullYear("选派指导员")
	// The year loses 15 + 5: total 100 − 0.4 × 20 = 92.
	without := []string{"instructor_visits_made=0", "cobuild_kinds=0", "training_held=0"}
	prizes := []string{"commendations=national|2027-03-01||;municipal|2027-05-01||", "cameras=是", "insurance=是"}
	for _, c := range []struct {
		name         string
		row          map[string]string
		history      rating.History
		total, grade string
	}{
		{"exactly at the cut", with(sent, without...), fourTimes(full), "92.00", "五星"},
		{"at the cut with a bonus of 3 + 2", with(with(sent, without...), prizes...), fourTimes(full), "97.00", "五星"},
		{"below the cut: the bonus stops before it", with(with(sent, append(without, "complaints=20")...), prizes...), fourTimes(full), "91.99", "四星"}, // 90.40 + 5
		{"below the cut without a bonus", with(sent, append(without, "complaints=20")...), fourTimes(full), "90.40", "四星"},
		{"prizes count one year", with(with(sent, append(without, "complaints=20")...), "commendations=county|2026-12-30||"), fourTimes(full), "90.40", "四星"},
		{"prize of a year ago counts on its last day", with(with(sent, append(without, "complaints=20")...), "commendations=county|2026-12-31||"), fourTimes(full), "91.40", "四星"},
		{"service 38.2 of 45 is 84.9 %: no five stars with 93.2", with(own, "survey_very_satisfied=0", "survey_satisfied=50", "survey_neutral=50", "rectified_on_time=10"), fourTimes(full), "93.20", "四星"},
		{"service 26 of 45: two stars at most with 81", with(own, "survey_very_satisfied=0", "survey_satisfied=50", "survey_neutral=50", "rectified_on_time=0"), fourTimes(weak), "81.00", "二星"},
		{"no form: 15 and 10 become 6 and 5", fullYear("无"), fourTimes(noForm), "86.00", "四星"},
		{"vetoed", with(own, "veto_decisions=fire_hazard|2027-05-01||"), fourTimes(full), "100.00", "一票否决"},
		{"eleven months", with(own, "managed_months=11"), fourTimes(full), "100.00", "不参评"},
		{"contract not filed", with(own, "contract_filed=否"), fourTimes(full), "100.00", "不参评"},
		{"an overdue rectification", with(own, "overdue_rectifications=suggestion|2027-11-01||"), fourTimes(full), "100.00", "不参评"},
		{"not applied", with(own, "application=未申报"), fourTimes(full), "100.00", "未申报"},
		{"the community did not agree", with(own, "application=初评未通过"), fourTimes(full), "100.00", "初评未通过"},
		{"the township did not agree", with(own, "application=审核未通过"), fourTimes(full), "100.00", "审核未通过"},
		{"the bureau did not agree", with(own, "application=复核未通过"), fourTimes(full), "100.00", "复核未通过"},
		{"a year without a call", with(own, "application="), fourTimes(full), "100.00", "五星"},
		{"the joint review leaves three stars", with(own, "joint_star=最高三星"), fourTimes(full), "100.00", "三星"},
		{"the joint review gives no star", with(own, "joint_star=不评星"), fourTimes(full), "100.00", "联审不评星"},
		{"the joint review never raises", with(own, "joint_star=最高四星", "survey_very_satisfied=0", "survey_satisfied=50", "survey_neutral=50", "rectified_on_time=0"), fourTimes(weak), "81.00", "二星"},
		{"one that was put right", with(own, "overdue_rectifications=order|2027-11-01|2027-12-30|"), fourTimes(full), "100.00", "五星"},
		{"59 answers of 60", with(own, "survey_very_satisfied=20", "survey_satisfied=39"), fourTimes(full), "100.00", "数据不足"},
		{"three quarters are enough", own, quarters(full, full, full), "100.00", "五星"},
		{"two quarters are not", own, quarters(full, full), "100.00", "数据不足"},
		{"a quarter without enough data does not count", own, quarters(full, full, unsure, unsure), "100.00", "数据不足"},
		{"a quarter before the firm was there for three months does not count", own, quarters(early, full, full), "100.00", "数据不足"},
		{"three counted quarters of unequal worth", own, quarters(full, noForm, unasked), "97.20", "五星"}, // organisation 0.6×(15+6+15)/3+6 = 13.2, team 0.6×(10+5+10)/3+4 = 9
	} {
		t.Run(c.name, func(t *testing.T) { checkHand(t, rate(t, year, c.row, c.history), c.total, c.grade, "") })
	}
}

// emptied takes the owners' and the bureau's facts out of a row, so that less than half of the points has data.
func emptied(row map[string]string) map[string]string {
	row = maps.Clone(row)
	for column := range row {
		for _, prefix := range []string{"survey_", "visit_", "matter_", "repair", "rectif", "answers_", "openness_", "upkeep_"} {
			if strings.HasPrefix(column, prefix) {
				row[column] = ""
			}
		}
	}
	return row
}

// TestFiveGoodsNoBranchIsNoAdvantage: whatever a firm does, it never has more points than if it also had a form.
func TestFiveGoodsNoBranchIsNoAdvantage(t *testing.T) {
	s := shippedScheme(t, "five-goods-quarter")
	rapid.Check(t, func(rt *rapid.T) {
		form := rapid.SampledFrom(partyForms).Draw(rt, "form")
		row := fullQuarter(form)
		for _, pair := range [][2]string{
			{"branch_meetings_held", "branch_meetings_due"}, {"joint_meetings_joined", "joint_meetings_due"}, {"attendance_present", "attendance_expected"},
			{"instructor_visits_made", "instructor_visits_due"}, {"training_held", "training_due"},
		} {
			if row[pair[0]] == "" {
				continue
			}
			due := rapid.IntRange(0, 12).Draw(rt, pair[1])
			row[pair[0]], row[pair[1]] = itoa(rapid.IntRange(0, due).Draw(rt, pair[0])), itoa(due)
		}
		row["cobuild_kinds"] = itoa(rapid.IntRange(0, 5).Draw(rt, "cobuild_kinds"))
		row["display_flag"] = itoa(rapid.IntRange(0, 2).Draw(rt, "display_flag"))
		none := with(fullQuarter("无"), "cobuild_kinds="+row["cobuild_kinds"], "display_flag="+row["display_flag"])
		// Entries that cannot belong to such a firm do not help it either.
		stray := rapid.SampledFrom([]string{"", "0", "3"}).Draw(rt, "stray")
		for _, column := range []string{"instructor_visits_made", "instructor_visits_due", "training_held", "training_due", "attendance_present", "attendance_expected"} {
			none[column] = stray
		}
		has, lacks := rate(t, s, row, nil), rate(t, s, none, nil)
		if has.Total.Points.Less(lacks.Total.Points) {
			rt.Fatalf("%s has %s, no form at all %s", form, has.Total.Points, lacks.Total.Points)
		}
	})
}

func itoa(n int) string { return num.FromInt(int64(n)).String() }
