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

// TestPhrases: what somebody uses most comes first; his own are seen by nobody else, those of the bureau by whom they are meant for; a refused call writes nothing.
func TestPhrases(t *testing.T) {
	d := policytest.NewDesk(t, time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC))
	p, err := policy.NewPhrases(t.Context(), d.DB, policy.NewGuard(policytest.Rules(t), nil))
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	chen := policy.Actor{ID: "chen", Appointments: []policy.Appointment{{Role: "property_officer", Scopes: []string{policy.County}}}}
	wu := policy.Actor{ID: "wu", Appointments: []policy.Appointment{{Role: "section_chief", Scopes: []string{policy.County}}}}
	put := func(by policy.Actor, bureau bool, id int64, kind policy.PhraseKind, role policy.Role, text string) error {
		return p.Put(ctx, by, bureau, policy.Phrase{ID: id, Kind: kind, Role: role, Text: text})
	}
	offered := func(by policy.Actor) string {
		all, err := p.Offered(ctx, by)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(all)
	}
	if got := offered(chen); got != "map[]" {
		t.Fatal(got)
	}
	for _, err := range []error{put(chen, false, 0, policy.PhraseReason, "", " 情况  属实。"), put(chen, false, 0, policy.PhraseReason, "", "材料不齐。"), put(chen, false, 0, policy.PhraseOpinion, "", "同意。"),
		put(wu, true, 0, policy.PhraseReason, "", "请尽快整改。"), put(wu, true, 0, policy.PhraseReason, "property_officer", "材料不齐。"), put(wu, true, 0, policy.PhraseFinding, "cashier", "已核对。")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := offered(chen); got != "map[opinion:[同意。] reason:[情况 属实。 材料不齐。 请尽快整改。]]" {
		t.Fatal(got)
	}
	if got := offered(wu); got != "map[reason:[请尽快整改。]]" {
		t.Fatal(got)
	}
	before := d.Records(t)
	for name, tt := range map[string]struct {
		err  error
		kind fault.Kind
		says string
	}{
		"signed out":       {put(policy.Actor{}, false, 0, policy.PhraseReason, "", "x"), fault.Unauthenticated, ""},
		"not the office's": {put(chen, true, 0, policy.PhraseReason, "", "x"), fault.Forbidden, ""},
		"again":            {put(chen, false, 0, policy.PhraseReason, "", "材料不齐。"), fault.Invalid, "已经有一样的一条"},
		"no kind":          {put(chen, false, 0, "", "", "x"), fault.Invalid, "请选择用在哪种栏目"},
		"too long":         {put(chen, false, 0, policy.PhraseReason, "", strings.Repeat("长", 201)), fault.Invalid, "现在有 201 个"},
		"no office":        {put(wu, true, 0, policy.PhraseReason, "nobody", "x"), fault.Invalid, "没有这个岗位"},
		"an own with one":  {put(wu, false, 0, policy.PhraseReason, "cashier", "x"), fault.Invalid, "没有这个岗位"},
		"of another":       {put(wu, false, 2, policy.PhraseReason, "", "x"), fault.NotFound, ""},
		"remove none":      {p.Remove(ctx, chen, false, 9), fault.NotFound, "没有找到这条常用语"},
	} {
		said := fault.MessageOf(tt.err)
		for _, f := range fault.FieldsOf(tt.err) {
			said += f.Message
		}
		if fault.KindOf(tt.err) != tt.kind || !strings.Contains(said, tt.says) {
			t.Errorf("%s: %v %q", name, tt.err, said)
		}
	}
	// To count leaves no record; what is no phrase is not counted.
	for range 2 {
		if err := p.Used(ctx, chen, []string{"请尽快整改。", "随便写的"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Used(ctx, chen, []string{"材料不齐。"}); err != nil {
		t.Fatal(err)
	}
	if d.Records(t) != before {
		t.Fatal("a refused call, or a count, wrote")
	}
	if got := offered(chen); got != "map[opinion:[同意。] reason:[请尽快整改。 材料不齐。 情况 属实。]]" {
		t.Fatal(got)
	}
	if err := put(chen, false, 2, policy.PhraseReason, "", "材料不齐，请补。"); err != nil {
		t.Fatal(err)
	}
	if err := p.Remove(ctx, chen, false, 1); err != nil {
		t.Fatal(err)
	}
	if got := offered(chen); got != "map[opinion:[同意。] reason:[请尽快整改。 材料不齐。 材料不齐，请补。]]" {
		t.Fatal(got)
	}
	golden, err := os.ReadFile("testdata/phrases.fields")
	if got := strings.Join(store.FieldNames[policy.PhraseBook](), "\n") + "\n"; err != nil || got != string(golden) {
		t.Errorf("stored fields changed; old records would not be read:\n%s%v", got, err)
	}
}
