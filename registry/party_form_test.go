package registry

import (
	"testing"

	"redsteward/policy"
)

// TestRelatives: a branch from outside names its head office, each with its own code, and each is shown with the other.
func TestRelatives(t *testing.T) {
	d := newDesk(t)
	head := d.firm("长岭物业服务有限公司", codeThree)
	in := firmOf("长岭物业服务有限公司都昌分公司", codeOne)
	in.HeadName, in.HeadCode = "长岭物业服务有限公司", codeThree
	branch, err := d.CreateFirm(t.Context(), d.officer, in)
	if err != nil {
		t.Fatal(err)
	}
	above, err := d.OneFirm(t.Context(), d.officer, head)
	if err != nil || len(above.Branches) != 1 || above.Branches[0].ID != branch || above.Head != "" {
		t.Errorf("%+v %v", above, err)
	}
	below, err := d.OneFirm(t.Context(), d.officer, branch)
	if err != nil || below.Head != head || len(below.Branches) != 0 {
		t.Errorf("%+v %v", below, err)
	}
}

// TestPartyNames: secretary and instructor are personal data, and a row of Excel that leaves them open keeps them.
func TestPartyNames(t *testing.T) {
	d := newDesk(t)
	id := d.firm("赣北物业服务有限公司", codeOne)
	p := Party{Form: PartyOwn, Members: 8, Full: 7, Branch: "赣北物业党支部", Secretary: "周明", Days: policy.Span{From: today.Add(-9)}}
	if err := d.SetParty(t.Context(), person("industry_secretary", policy.County), id, 1, p); err != nil {
		t.Fatal(err)
	}
	for role, want := range map[policy.Role]string{"property_officer": "周明", "community_secretary": "周*"} {
		f, err := d.OneFirm(t.Context(), person(role, policy.County), id)
		if err != nil || f.PartyOn(today).Secretary != want {
			t.Errorf("%s reads %q: %v", role, f.PartyOn(today).Secretary, err)
		}
	}
	row := firmRow(2, "赣北物业服务有限公司", codeOne)
	row.Firm.Party = Party{Form: PartyOwn, Members: 8, Days: policy.Span{From: today.Add(-9)}}
	if run := d.dry(fileOf(ImportFirms, row)); run.Same != 1 {
		t.Errorf("a row that leaves the names open changes something: %+v", run)
	}
}
