package registry

import (
	"testing"

	"redsteward/internal/fault"
)

// TestBegun fills the registers in their order.
func TestBegun(t *testing.T) {
	d := newDeskWithout(t)
	want := Begun{}
	look := func(after string) {
		t.Helper()
		if got, err := d.Begun(t.Context(), person("administrator", "county")); got != want || err != nil {
			t.Errorf("%s: %+v %v, want %+v", after, got, err, want)
		}
	}
	look("nothing")
	_, err := d.SeedDivisions(t.Context(), shippedDivisions(t))
	d.must(err)
	want.Communities = true
	look("divisions")
	firm := d.firm("蓝天物业服务有限公司", codeOne)
	want.Firms = true
	look("a firm")
	project := d.project("蓝天花园", east)
	want.Projects = true
	look("a project")
	d.contract(project, contractOf(t, firm, "2025-01-01", "2026-12-31"))
	want.Contracts = true
	look("a contract")
	d.refused("without the right", fault.Forbidden, func() error {
		_, err := d.Begun(t.Context(), person("cashier", "county"))
		return err
	})
}
