package registry

import (
	"fmt"
	"strings"
	"testing"
)

// province is a table of 500 townships with 100 communities each.
func province() []byte {
	var b strings.Builder
	b.WriteString("code,name,level,parent\n360428000000,都昌县,3,\n")
	for town := range 500 {
		// Digits 7 to 9 from 400 to 599 stand for statistics only.
		at := 100 + town%300 + town/300*500
		fmt.Fprintf(&b, "360428%03d000,第%d镇,4,360428000000\n", at, town)
		for n := range 100 {
			fmt.Fprintf(&b, "360428%03d%03d,第%d镇第%d居委会,5,360428%03d000\n", at, n+1, town, n+1, at)
		}
	}
	return []byte(b.String())
}

// BenchmarkProvince opens the tree of 50,501 divisions level by level, finds one of them by name, and, for comparison, reads the whole as the Excel sheet does.
func BenchmarkProvince(b *testing.B) {
	d := newDeskWithout(b)
	ctx := b.Context()
	if n, err := d.SeedDivisions(ctx, province()); err != nil || n != 50_501 {
		b.Fatal(n, err)
	}
	for _, part := range []struct {
		name string
		do   func() error
	}{
		{"county", func() error { _, err := d.Branch(ctx, d.officer, "", 0); return err }},
		{"township", func() error { _, err := d.Branch(ctx, d.officer, "360428250000", 0); return err }},
		{"page", func() error { _, err := d.OneDivision(ctx, d.officer, "360428250000"); return err }},
		{"search", func() error {
			_, err := d.FindDivisions(ctx, d.officer, DivisionQuery{Text: "第37镇第8居"}, "")
			return err
		}},
		{"names", func() error { // what an import reads once for all its workers
			id, bad, err := d.Finder().Community(ctx, "第37镇", "第37镇第8居委会")
			if err == nil && id == "" {
				err = fmt.Errorf("%v", bad)
			}
			return err
		}},
		{"digits", func() error {
			_, err := d.FindDivisions(ctx, d.officer, DivisionQuery{Text: "3604288", Level: LevelTownship}, "")
			return err
		}},
		{"code", func() error {
			_, err := d.FindDivisions(ctx, d.officer, DivisionQuery{Text: "360428250007"}, "")
			return err
		}},
		{"whole", func() error { _, err := d.Divisions(ctx, d.officer, DivisionQuery{}); return err }},
	} {
		b.Run(part.name, func(b *testing.B) {
			for b.Loop() {
				if err := part.do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
