package files

import (
	"bytes"
	"testing"
	"time"

	"redsteward/internal/fault"
)

// TestLend: what is lent goes to one account, whole, for a day, and leaves no trace in the journal.
func TestLend(t *testing.T) {
	k := newShelf(t)
	before := k.records(t)
	data := bytes.Repeat([]byte("0123456789abcdef"), (2*lentPiece+1000)/16)
	id, err := k.Lend(t.Context(), "a", "企业（标错）.xlsx", data)
	if err != nil {
		t.Fatal(err)
	}
	name, got, err := k.Lent(t.Context(), "a", id)
	if err != nil || name != "企业（标错）.xlsx" || !bytes.Equal(got, data) {
		t.Errorf("%q, %d bytes of %d, %v", name, len(got), len(data), err)
	}
	for what, ask := range map[string][2]string{"somebody else": {"b", id}, "nothing": {"a", "none"}, "a piece": {"a", id + "/1"}} {
		if _, _, err := k.Lent(t.Context(), ask[0], ask[1]); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if n := k.records(t) - before; n != 0 {
		t.Errorf("%d records in the journal", n)
	}
	k.now = k.now.Add(lentFor + time.Second)
	if _, _, err := k.Lent(t.Context(), "a", id); !fault.Is(err, fault.NotFound) {
		t.Errorf("after a day: %v", err)
	}
}
