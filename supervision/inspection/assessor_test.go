package inspection

import (
	"slices"
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/policy"
)

// TestAssessors: who may be sent on which of the three, what he reaches, and what of it counts.
func TestAssessors(t *testing.T) {
	for _, tt := range []struct {
		assessor Assessor
		officers []string
		said     string // what is refused; "" for nothing
	}{
		{OwnPeople, []string{"zhou", "lin"}, ""},
		{OwnPeople, []string{"zhou", "pollster"}, "没有走访这个小区的权限"},
		{OwnPeople, []string{"zhou", "rival"}, "没有走访这个小区的权限"},
		{ThirdParty, []string{"pollster", "pollster2"}, ""},
		{ThirdParty, []string{"pollster", "zhou"}, "不是第三方测评人员"},
		{ThirdParty, []string{"pollster", "clerk"}, "不是第三方测评人员"}, // the firm's own people
		{Peers, []string{"rival", "rival2"}, ""},
		{Peers, []string{"rival", "clerk"}, "的企业服务这个小区"},
		{Peers, []string{"rival", "pollster"}, "不是物业企业的人员"},
		{Peers, []string{"rival", "zhou"}, "不是物业企业的人员"},
		{"guests", []string{"zhou", "lin"}, "没有“guests”这种评价"},
	} {
		t.Run(tt.assessor.Title()+" "+strings.Join(tt.officers, " "), func(t *testing.T) {
			d := newDesk(t)
			in := plan()
			in.Assessor, in.Officers = tt.assessor, tt.officers
			before := d.Records(t)
			_, err := d.Plan(t.Context(), officer, in)
			if tt.said == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantKind(t, err, fault.Invalid)
			if !slices.ContainsFunc(fault.FieldsOf(err), func(f fault.Field) bool { return strings.Contains(f.Message, tt.said) }) {
				t.Errorf("%v", fault.FieldsOf(err))
			}
			if d.Records(t) != before {
				t.Error("a refused plan wrote something")
			}
		})
	}

	for _, tt := range []struct {
		assessor Assessor
		by       []policy.Actor
		counts   bool
	}{{ThirdParty, []policy.Actor{pollster, pollster2}, true}, {Peers, []policy.Actor{rival, rival2}, false}} {
		t.Run(tt.assessor.Title(), func(t *testing.T) {
			d := newDesk(t)
			own := d.begin(t, plan())
			in := plan()
			in.Assessor, in.Officers, in.Order = tt.assessor, []string{tt.by[0].ID, tt.by[1].ID}, 2
			doc := d.begin(t, in)
			// They reach this visit, and none besides.
			if mine, err := d.Mine(t.Context(), tt.by[1], ""); err != nil || len(mine.Docs) != 1 || mine.Docs[0].ID != doc.ID {
				t.Fatalf("%v %v", mine.Docs, err)
			}
			_, err := d.One(t.Context(), tt.by[0], own.ID)
			wantKind(t, err, fault.NotFound)
			_, err = d.Reply(t.Context(), tt.by[0], own.ID, "1.1", Found{Value: Conform}, nil)
			wantKind(t, err, fault.NotFound)
			_, err = d.One(t.Context(), clerk, doc.ID)
			wantKind(t, err, fault.NotFound)
			_, err = d.List(t.Context(), tt.by[0], VisitFilter{}, "")
			wantKind(t, err, fault.Forbidden)
			d.answerAll(t, tt.by[0], doc.ID, nil)
			d.sign(t, tt.by[0], doc.ID)
			doc = d.sign(t, tt.by[1], doc.ID)
			if doc.State.State != Submitted || doc.State.Signatures[0].Office != string(tt.by[0].Appointments[0].Role) {
				t.Fatalf("%+v", doc.State)
			}
			_, err = d.Accept(t.Context(), tt.by[0], at(doc))
			wantKind(t, err, fault.Forbidden)
			if doc, err = d.Accept(t.Context(), officer, at(doc)); err != nil {
				t.Fatal(err)
			}
			if got := len(d.readings(t)) > 0; got != tt.counts || doc.State.Aside == tt.counts {
				t.Errorf("it counts: %v, aside: %v", got, doc.State.Aside)
			}
			listed, err := d.List(t.Context(), officer, VisitFilter{Assessor: &tt.assessor, Name: "东街"}, "")
			if err != nil || len(listed.Docs) != 1 || listed.Docs[0].ID != doc.ID {
				t.Errorf("%v %v", listed.Docs, err)
			}
		})
	}
}

// A sheet may let what firms say of each other count.
func TestPeersCount(t *testing.T) {
	d := newDesk(t)
	for i := range d.Sheets.list {
		d.Sheets.list[i].PeersCount = true
	}
	in := plan()
	in.Assessor, in.Officers = Peers, []string{"rival", "rival2"}
	doc := d.begin(t, in)
	d.answerAll(t, rival, doc.ID, nil)
	d.sign(t, rival, doc.ID)
	doc = d.sign(t, rival2, doc.ID)
	if _, err := d.Accept(t.Context(), officer, at(doc)); err != nil || len(d.readings(t)) == 0 {
		t.Errorf("%v, %d readings", err, len(d.readings(t)))
	}
}
