package web

import (
	"context"
	"testing"

	"redsteward/policy"
	"redsteward/policy/policytest"
	"redsteward/rating/cycle"
	"redsteward/supervision/inspection"
)

// nearCycle tells what lies near a cut, and nothing else.
type nearCycle struct {
	Cycle
	view cycle.NearView
}

func (c nearCycle) Near(context.Context, policy.Actor, string) (*cycle.NearView, error) {
	return &c.view, nil
}

// TestNearColumns: the preview says where each second scoring stands and leads to it or to where it is planned; only while the period can still take it, and only for whom the rights are.
func TestNearColumns(t *testing.T) {
	seconds := []inspection.Second{{State: inspection.SecondOpen, First: "v1"}, {State: inspection.SecondPlanned, First: "v2", Other: "v3"}, {State: inspection.SecondMoot, First: "v4"}, {State: inspection.SecondNone}}
	found := nearCycle{view: cycle.NearView{Rule: cycle.NearAsk, Period: cycle.Period{ID: "2026Q3", State: cycle.StateEvaluated}}}
	for _, one := range seconds {
		found.view.Rows = append(found.view.Rows, cycle.NearRow{Second: one})
	}
	columns := func(role policy.Role, c nearCycle) *previewView {
		t.Helper()
		s := &Server{guard: policy.NewGuard(policytest.Rules(t), policy.TenureTable{}), cycle: c, supervision: &Supervision{}}
		v := &previewView{Preview: &cycle.Preview{Period: c.view.Period}, Near: make([]nearRow, len(seconds))}
		by := policy.Actor{ID: "a", Appointments: []policy.Appointment{{Role: role, Unit: policy.County, Scopes: []string{policy.County}}}}
		if err := s.secondScorings(t.Context(), by, v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	v := columns("property_officer", found)
	want := []nearRow{{Second: "待安排", Button: "安排再评", Link: "/visits/plan?again=v1&for=2026Q3"}, {Second: "再评中", Button: "看再评", Link: "/visits/v3"}, {Second: "企业已更换"}, {Second: "没有走访"}}
	for i := range want {
		if !v.Asks || v.Near[i] != want[i] {
			t.Errorf("%+v, want %+v", v.Near[i], want[i])
		}
	}
	if v = columns("auditor", found); !v.Asks || v.Near[0].Link != "" || v.Near[1].Link != "/visits/v3" {
		t.Errorf("who plans nothing: %+v", v.Near)
	}
	if v = columns("firm_manager", found); v.Asks || v.Near[0].Second != "" {
		t.Errorf("who may not see it: %+v", v.Near)
	}
	found.view.Period.State = cycle.StatePublished
	if v = columns("property_officer", found); v.Near[0].Link != "" {
		t.Errorf("after the publication: %+v", v.Near[0])
	}
	if found.view.Rule = cycle.NearShow; columns("property_officer", found).Asks {
		t.Error("nobody asks, and yet there is a column")
	}
}
