package policy

import (
	"os"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

func TestShippedChains(t *testing.T) {
	data, err := os.ReadFile("../configs/approvals.yaml")
	if err != nil {
		t.Fatal(err)
	}
	chains, err := ParseChains("approvals.yaml", data, shipped(t))
	if err != nil {
		t.Fatal(fault.FieldsOf(err))
	}
	if len(chains.All()) == 0 {
		t.Error("no chain is shipped")
	}
}

const twoVersions = `approvals:
  - id: filing
    title: 登记备案审批
    basis: 建议
    makers: [property_officer]
    versions:
      - version: 1
        from: 2025-01-01
        levels:
          - {name: 股长审核, seats: [{role: section_chief}]}
      - version: 2
        from: 2026-07-01
        levels:
          - {name: 会签, paper: true, seats: [{role: section_chief, unit: county}, {role: legal_officer, deputies: [deputy_director]}]}
`

func TestChainsByDay(t *testing.T) {
	chains, err := ParseChains("approvals.yaml", []byte(twoVersions), shipped(t))
	if err != nil {
		t.Fatal(fault.FieldsOf(err))
	}
	for _, tt := range []struct {
		id, day string
		version int64
		kind    fault.Kind
	}{
		{"filing", "2024-12-31", 0, fault.Invalid}, {"filing", "2025-01-01", 1, ""}, {"filing", "2026-06-30", 1, ""}, {"filing", "2026-07-01", 2, ""}, {"filing", "2027-07-01", 2, ""},
		{"fund", "2026-07-01", 0, fault.NotFound},
	} {
		day, err := calendar.ParseDate(tt.day)
		if err != nil {
			t.Fatal(err)
		}
		chain, err := chains.On(tt.id, day)
		if fault.KindOf(err) != tt.kind || chain.Version != tt.version {
			t.Errorf("%s on %s: version %d, %v", tt.id, tt.day, chain.Version, err)
		}
	}
	day, _ := calendar.ParseDate("2026-07-01")
	chain, _ := chains.On("filing", day)
	level := chain.Levels[0]
	if !level.Paper || len(level.Seats) != 2 || level.Seats[0].Unit != "county" || level.Seats[1].Deputies[0] != "deputy_director" {
		t.Errorf("%+v", level)
	}
}

func TestFaultyChains(t *testing.T) {
	tests := []struct{ name, old, new, want string }{
		{"an unknown key", "    basis: 建议\n", "    basis: 建议\n    colour: red\n", "approvals.yaml:5:5"},
		{"versions out of order", "version: 2", "version: 1", "approvals.yaml:11:18"},
		{"a later version begins earlier", "from: 2026-07-01", "from: 2024-07-01", "approvals.yaml:11:18"},
		{"an unknown maker", "[property_officer]", "[king]", "approvals.yaml:5:14"},
		{"who cannot sign", "role: legal_officer", "role: inspector", "approvals.yaml:14:89"},
		{"a deputy who cannot sign", "deputies: [deputy_director]", "deputies: [cashier]", "approvals.yaml:14:115"},
		{"a unit of no form", "unit: county", "unit: 物业股", "approvals.yaml:14:73"},
		{"no version", twoVersions[strings.Index(twoVersions, "    versions:"):], "    versions: []\n", "approvals.yaml:6:15"},
		{"the same way twice", "approvals:\n", "approvals:\n" + twoVersions[len("approvals:\n"):], "approvals.yaml:15:9"},
	}
	rules := shipped(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(twoVersions, tt.old, tt.new, 1)
			if text == twoVersions {
				t.Fatal("nothing was spoilt")
			}
			_, err := ParseChains("approvals.yaml", []byte(text), rules)
			fields := fault.FieldsOf(err)
			if !fault.Is(err, fault.Invalid) || len(fields) != 1 || fields[0].Name != tt.want {
				t.Errorf("%v %+v, want one at %s", err, fields, tt.want)
			}
		})
	}
}
