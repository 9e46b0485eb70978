package policy

import (
	"os"
	"testing"
)

func shipped(t testing.TB) *Rules {
	t.Helper()
	conf, err := os.ReadFile("../configs/roles.conf")
	if err != nil {
		t.Fatal(err)
	}
	csv, err := os.ReadFile("../configs/roles.csv")
	if err != nil {
		t.Fatal(err)
	}
	r, err := LoadRules(conf, csv)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestShipped(t *testing.T) { r := shipped(t); t.Log(len(r.table), r.Lines()) }

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		shipped(b)
	}
}
func BenchmarkAllow(b *testing.B) {
	r := shipped(b)
	by := Actor{ID: "a1", Appointments: []Appointment{{Role: "inspector"}, {Role: "property_officer"}, {Role: "section_chief"}}}
	for b.Loop() {
		if !r.Allow(by, RunEvaluation) {
			b.Fatal("denied")
		}
	}
}
