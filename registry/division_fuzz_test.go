package registry

import (
	"testing"
	"unicode/utf8"

	"redsteward/internal/fault"
)

// FuzzDivisions: the operator's table of divisions may say anything; it is refused with the line, or every row of it has its parent above it and a code of its own.
func FuzzDivisions(f *testing.F) {
	const head = "code,name,level,parent\n"
	for _, table := range []string{"", head, head + "360428000000,都昌县,3,360400000000\n360428100000,都昌镇,4,360428000000\n360428100001,东风社区,5,360428100000\n", head + "360428100000,都昌镇,4,360428000000\n", head + "360428000000,甲,3,\n360428000000,乙,3,\n",
		head + "1,\"甲\n乙\",5,1\n", head + "360428000000,\xff,9,x\n", head + "\"", "\ufeff" + head + "360428000000,都昌县,3,"} {
		f.Add([]byte(table))
	}
	f.Fuzz(func(t *testing.T, table []byte) {
		rows, err := readDivisions(table)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Error(err)
			}
			return
		}
		seen := map[string]bool{}
		for _, r := range rows {
			if seen[r.ID] || !divisionCode.MatchString(r.ID) || r.Name == "" || !utf8.ValidString(r.Name) {
				t.Errorf("%+v", r)
			}
			seen[r.ID] = true
		}
	})
}
