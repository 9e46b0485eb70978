package imports

import (
	"testing"

	"redsteward/internal/fault"
)

// FuzzReadCSV: whatever is uploaded as text is read within the bounds, each row at its own line, or refused with a sentence.
func FuzzReadCSV(f *testing.F) {
	for _, seed := range []string{"", "名称,电话\n东街花园,13900000001\n", "a\tb\tc\td\n1\t2\t3\t4\n", "\xef\xbb\xbfa,\"b\nc\"\n\n\nd,e", "a,\"b", "\xc3\xfb\xb3\xc6,\xb5\xe7\xbb\xb0\n", "a\x00b", "\xff\xff", "a\r\nb\rc", "1,2,3,4,5,6,7"} {
		f.Add([]byte(seed))
	}
	const maxRows, maxColumns = 6, 5
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := ReadCSV(data, maxRows, maxColumns)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || fault.MessageOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		if len(rows) > maxRows {
			t.Fatalf("%d rows", len(rows))
		}
		for i, row := range rows {
			if len(row) > maxColumns {
				t.Fatalf("row %d has %d columns", i, len(row))
			}
		}
	})
}
