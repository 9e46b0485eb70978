package policy_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/policy/policytest"
)

// TestSavedViews: an account keeps, renames and removes its own views; a refused call writes nothing.
func TestSavedViews(t *testing.T) {
	d := policytest.NewDesk(t, time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC))
	v, err := policy.NewViews(t.Context(), d.DB, policy.NewGuard(policytest.Rules(t), nil))
	if err != nil {
		t.Fatal(err)
	}
	ctx, list := t.Context(), "/register/projects"
	chen := policy.Actor{ID: "chen", Appointments: []policy.Appointment{{Role: "property_officer", Scopes: []string{policy.County}}}}
	wu := policy.Actor{ID: "wu", Appointments: []policy.Appointment{{Role: "section_chief", Scopes: []string{policy.County}}}}
	save := func(by policy.Actor, name, query string) error {
		return v.Save(ctx, by, policy.SavedView{Path: list, Name: name, Query: query})
	}
	names := func(by policy.Actor, path string) string {
		own, err := v.Own(ctx, by, path)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, s := range own {
			out = append(out, fmt.Sprintf("%d %s %s", s.ID, s.Name, s.Query))
		}
		return strings.Join(out, "; ")
	}
	for _, err := range []error{save(chen, " 快到期 ", "served=ending"), save(chen, "老旧", "kind=old&sort=households"), save(wu, "快到期", "served=ending"),
		v.Save(ctx, chen, policy.SavedView{Path: "/filings", Name: "快到期", Query: "state=asked"})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := names(chen, list); got != "1 快到期 served=ending; 2 老旧 kind=old&sort=households" {
		t.Fatal(got)
	}
	if got := names(chen, ""); !strings.HasSuffix(got, "3 快到期 state=asked") {
		t.Fatal(got)
	}
	before := d.Records(t)
	for name, tt := range map[string]struct {
		err  error
		kind fault.Kind
		says string
	}{
		"signed out":     {save(policy.Actor{}, "x", "q=1"), fault.Unauthenticated, ""},
		"name taken":     {save(chen, "老旧", "q=1"), fault.Invalid, "已经有名为“老旧”的视图"},
		"no name":        {save(chen, " ", "q=1"), fault.Invalid, "1 至 20 个字，现在有 0 个"},
		"long name":      {save(chen, strings.Repeat("长", 21), "q=1"), fault.Invalid, "现在有 21 个"},
		"nothing to say": {save(chen, "空", ""), fault.Invalid, "没有可以保存的条件"},
		"of another":     {v.Rename(ctx, wu, 2, "别人的"), fault.NotFound, ""},
		"rename taken":   {v.Rename(ctx, chen, 1, "老旧"), fault.Invalid, "已经有名为"},
		"remove none":    {v.Remove(ctx, chen, 9), fault.NotFound, "没有找到这个视图"},
	} {
		said := fault.MessageOf(tt.err)
		for _, f := range fault.FieldsOf(tt.err) {
			said += f.Message
		}
		if fault.KindOf(tt.err) != tt.kind || !strings.Contains(said, tt.says) {
			t.Errorf("%s: %v %q", name, tt.err, said)
		}
	}
	if d.Records(t) != before {
		t.Fatal("a refused call wrote")
	}
	if err := v.Rename(ctx, chen, 1, "快到期"); err != nil {
		t.Fatalf("the own name is not taken: %v", err)
	}
	if err := v.Remove(ctx, chen, 1); err != nil {
		t.Fatal(err)
	}
	if err := save(chen, "快到期", "served=ending"); err != nil {
		t.Fatal(err)
	}
	if got := names(chen, list); got != "2 老旧 kind=old&sort=households; 4 快到期 served=ending" {
		t.Fatalf("an id is given once: %s", got)
	}
	golden, err := os.ReadFile("testdata/saved-views.fields")
	if got := strings.Join(store.FieldNames[policy.SavedViews](), "\n") + "\n"; err != nil || got != string(golden) {
		t.Fatalf("stored fields:\n%s%v", got, err)
	}
}
