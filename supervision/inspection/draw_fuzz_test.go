package inspection

import (
	"encoding/json"
	"testing"

	"redsteward/internal/fault"
	"redsteward/supervision"
)

// FuzzDrawFile: a file of a draw that anybody hands in is drawn again in bounded time, or refused with what is wrong; whatever its lists say, it is never taken with another digest or seed.
func FuzzDrawFile(f *testing.F) {
	file := DrawFile{Draw: DrawFormat, Title: "双随机", Seed: "5eed", Commitment: supervision.Commitment("5eed")}
	file.Digest = file.Lists.Digest()
	good, err := json.Marshal(file)
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"{}", string(good), `{"lists":{"objects":[{"project":"p1","weight":-1}],"inspectors":[{"key":"a"}]},"picks":[{"project":"p1","inspectors":["a","a"]}]}`, `{"lists":{"objects":[{"weight":9223372036854775807},{"weight":9223372036854775807}]}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var file DrawFile
		if json.Unmarshal(data, &file) != nil {
			return
		}
		for _, own := range []bool{false, true} {
			if own { // past the digest, so that the lists themselves are looked at
				file.Digest, file.Commitment = file.Lists.Digest(), supervision.Commitment(file.Seed)
			}
			err := file.Again(nil)
			if err != nil && (!fault.Is(err, fault.Invalid) || fault.MessageOf(err) == "") {
				t.Fatal(err)
			}
			if err == nil && (file.Lists.Digest() != file.Digest || supervision.Commitment(file.Seed) != file.Commitment) {
				t.Fatalf("taken: %+v", file)
			}
		}
	})
}
