package survey

import (
	"encoding/json"
	"testing"

	"redsteward/internal/fault"
	"redsteward/supervision"
)

// FuzzDrawFile: a file of a sample that anybody hands in is drawn again in bounded time, or refused with what is wrong.
func FuzzDrawFile(f *testing.F) {
	made := &Survey{Name: "望湖苑", Year: 2026, Form: Form{Title: "满意度调查"}, Seed: "5eed", Commitment: supervision.Commitment("5eed"), Frame: []Block{{"1幢", 5}, {"2幢", 3}}, Invited: 5}
	good, err := json.Marshal(made.DrawFile())
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"{}", string(good), `{"frame":[{"name":"1幢","households":9223372036854775807}],"invited":9223372036854775807,"places":[[]]}`, `{"frame":[{"households":-1}],"invited":-1,"places":[[-1]]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var file DrawFile
		if json.Unmarshal(data, &file) != nil {
			return
		}
		for _, own := range []bool{false, true} {
			if own {
				file.Commitment = supervision.Commitment(file.Seed)
			}
			if n, err := file.Again(); err != nil && (!fault.Is(err, fault.Invalid) || fault.MessageOf(err) == "" && len(fault.FieldsOf(err)) == 0) || n < 0 {
				t.Fatal(n, err)
			}
		}
	})
}
