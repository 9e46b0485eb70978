package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"redsteward/internal/fault"
)

func content() Content {
	return Content{By: "u1", Action: "note.create", At: At(time.Date(2026, 10, 19, 1, 0, 0, 5_999_999, time.UTC)), Nonce: strings.Repeat("0", 32), KindVersion: 1, State: []byte(`{"a":1}`)}
}

func TestStreamKeysAndRecordIDs(t *testing.T) {
	sum := sha256.Sum256([]byte("matter/2026/a-1"))
	key, err := StreamKey("matter", "2026/a-1")
	if want := hex.EncodeToString(sum[:1]) + "/matter/2026/a-1"; err != nil || key != want {
		t.Fatalf("%s %v, want %s", key, err, want)
	}
	if kind, id, err := ParseStreamKey(key); err != nil || kind != "matter" || id != "2026/a-1" {
		t.Fatal(kind, id, err)
	}
	id := RecordID(key, 7)
	if id != key+"/0000000007" {
		t.Fatal(id)
	}
	if stream, seq, err := ParseRecordID(id); err != nil || stream != key || seq != 7 {
		t.Fatal(stream, seq, err)
	}
	if got := RecordID(key, MaxSeq); got != key+"/9999999999" {
		t.Fatal(got)
	}
	for _, bad := range []string{"", "/", "a/", "/a", "a//b", "a/b/c/d/e", "中", "a b", "a:b", "a\x00", strings.Repeat("a", 65), "a/" + strings.Repeat("b", 65)} {
		if ValidID(bad) {
			t.Errorf("%q is taken for an id", bad)
		}
		if _, err := StreamKey("kind", bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, good := range []string{"a", "a/b/c/d", strings.Repeat("a", 64), "0._-Z"} {
		if !ValidID(good) {
			t.Errorf("%q is refused", good)
		}
	}
	if _, err := StreamKey("a/b", "c"); !fault.Is(err, fault.Invalid) {
		t.Error("a kind of two parts", err)
	}
	other := "00"
	if key[:2] == other {
		other = "01"
	}
	for _, bad := range []string{"", "ab", "zz/matter/2026/a-1", other + key[2:], key + "/", "matter/2026/a-1"} {
		if _, _, err := ParseStreamKey(bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("stream key %q: %v", bad, err)
		}
	}
	for _, bad := range []string{"", key, key + "/0000000000", key + "/000000001", key + "/00000000011", key + "/000000000x", "/0000000001"} {
		if _, _, err := ParseRecordID(bad); !fault.Is(err, fault.Invalid) {
			t.Errorf("record id %q: %v", bad, err)
		}
	}
}

func TestTimesAreStoredInOneForm(t *testing.T) {
	shanghai := time.FixedZone("", 8*3600)
	moment := At(time.Date(2026, 10, 19, 9, 0, 0, 120_900_000, shanghai))
	text, err := moment.MarshalJSON()
	if err != nil || string(text) != `"2026-10-19T01:00:00.120Z"` {
		t.Fatal(string(text), err)
	}
	var back Time
	if err := back.UnmarshalJSON(text); err != nil || !back.Equal(moment.Time) {
		t.Fatal(back, err)
	}
	for _, bad := range []string{`"2026-10-19T01:00:00Z"`, `"2026-10-19T01:00:00.12Z"`, `"2026-10-19T09:00:00.000+08:00"`, `"2026-13-01T00:00:00.000Z"`, `2026`, `""`, `"`} {
		if err := back.UnmarshalJSON([]byte(bad)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestTimesAsTheLibraryWritesThem: texts are written and read by hand, and are those that the library makes of timeLayout.
func TestTimesAsTheLibraryWritesThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		moment := At(time.Unix(rapid.Int64Range(-70_000_000_000, 300_000_000_000).Draw(t, "second"), rapid.Int64Range(0, 999_999_999).Draw(t, "nano")))
		want := moment.Format(timeLayout)
		if got := moment.String(); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
		text := []byte(want)
		if at := rapid.IntRange(-1, len(text)-1).Draw(t, "spoilt"); at >= 0 {
			text[at] = rapid.SampledFrom([]byte("0123456789-:.TZ+ ")).Draw(t, "sign")
		}
		read, err := time.Parse(timeLayout, string(text))
		stands := err == nil && read.Format(timeLayout) == string(text)
		var back Time
		if err := back.UnmarshalText(text); (err == nil) != stands || stands && !back.Equal(read) {
			t.Fatalf("%s: %v %v, the library reads %v %v", text, back, err, read, stands)
		}
	})
}

func TestSealIsCanonicalAndComesBack(t *testing.T) {
	cause := RecordID("ab/note/x", 3) + "/rule"
	rapid.Check(t, func(t *rapid.T) {
		stream, err := StreamKey("note", rapid.StringMatching(`[0-9A-Za-z._-]{1,64}`).Draw(t, "id"))
		if err != nil {
			t.Fatal(err)
		}
		id := RecordID(stream, rapid.Int64Range(1, MaxSeq).Draw(t, "seq"))
		c := content()
		c.Why = rapid.StringN(0, 100, 500).Draw(t, "why")
		c.KindVersion = rapid.IntRange(1, 99).Draw(t, "version")
		c.Cause = rapid.SampledFrom([]string{"", cause}).Draw(t, "cause")
		c.Idem = rapid.SampledFrom([]string{"", strings.Repeat("f", 64)}).Draw(t, "idem")
		if c.Deleted = rapid.Bool().Draw(t, "deleted"); c.Deleted {
			c.State = nil
		}
		sealed, err := Seal(id, c)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Canonical(sealed); err != nil || !bytes.Equal(again, sealed) {
			t.Fatalf("not canonical: %s %v", sealed, err)
		}
		if !BelongsTo(sealed, id) || BelongsTo(sealed, id[:len(id)-1]) || BelongsTo(sealed, id+"0") || BelongsTo(sealed[:9], id) {
			t.Fatal("the record does not know its own id")
		}
		gotID, got, err := Unseal(sealed)
		if err != nil || gotID != id {
			t.Fatal(gotID, err)
		}
		if got.Why != c.Why || got.Cause != c.Cause || got.Idem != c.Idem || got.Deleted != c.Deleted || got.By != c.By || got.Action != c.Action ||
			got.Nonce != c.Nonce || got.KindVersion != c.KindVersion || !got.At.Equal(c.At.Time) || !bytes.Equal(got.State, c.State) {
			t.Fatalf("got  %+v\nwant %+v", got, c)
		}
	})
}

func TestSealRefuses(t *testing.T) {
	id := RecordID("ab/note/x", 1)
	for name, change := range map[string]func(*Content){
		"nobody":               func(c *Content) { c.By = "" },
		"a name as actor":      func(c *Content) { c.By = "王" },
		"no action":            func(c *Content) { c.Action = "" },
		"long reason":          func(c *Content) { c.Why = strings.Repeat("因", 501) },
		"broken reason":        func(c *Content) { c.Why = "\xff" },
		"cause without record": func(c *Content) { c.Cause = "x/rule" },
		"cause without rule":   func(c *Content) { c.Cause = id },
		"short nonce":          func(c *Content) { c.Nonce = "00" },
		"open idempotency key": func(c *Content) { c.Idem = "my key" },
		"no version":           func(c *Content) { c.KindVersion = 0 },
		"no state":             func(c *Content) { c.State = nil },
		"tombstone with state": func(c *Content) { c.Deleted = true },
		"year 10000":           func(c *Content) { c.At = At(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)) },
		"too large":            func(c *Content) { c.State = []byte(`"` + strings.Repeat("x", MaxSealed) + `"`) },
	} {
		c := content()
		change(&c)
		if sealed, err := Seal(id, c); !fault.Is(err, fault.Invalid) || sealed != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestUnsealNamesDamage(t *testing.T) {
	sealed, err := Seal(RecordID("ab/note/x", 1), content())
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		if _, _, err := Unseal(sealed[:i]); !fault.Is(err, fault.Internal) {
			t.Fatalf("cut to %d bytes: %v", i, err)
		}
	}
	for _, bad := range []string{`{"_id":"x"}`, `{"_id":1}`, `{"other":"x"}`, `[]`, `{"_id":"x","version":"1"}`, string(sealed) + " "} {
		if _, _, err := Unseal([]byte(bad)); !fault.Is(err, fault.Internal) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestHashFormat pins the bytes that are hashed: records written today must verify for ever.
func TestHashFormat(t *testing.T) {
	prev := Hash{1, 2, 3}
	want := sha256.Sum256(append(append([]byte{1}, prev[:]...), "sealed"...))
	if got := Sum(Version, prev, []byte("sealed")); got != want {
		t.Fatalf("%x, want %x", got, want)
	}
	c := content()
	c.Why, c.Cause, c.Idem = "因", RecordID("ab/note/x", 3)+"/rule", strings.Repeat("f", 64)
	sealed, err := Seal("ab/note/y/0000000001", c)
	if err != nil {
		t.Fatal(err)
	}
	const golden = `{"_id":"ab/note/y/0000000001","action":"note.create","at":"2026-10-19T01:00:00.005Z","by":"u1","cause":"ab/note/x/0000000003/rule",` +
		`"idem":"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff","nonce":"00000000000000000000000000000000","state":{"a":1},"version":1,"why":"因"}`
	if string(sealed) != golden {
		t.Fatalf("the sealed form changed:\n%s\n%s", sealed, golden)
	}
	if got := DerivedID(Cause("ab/note/x/0000000003", "rule")); got != "e764ec724265a2c295af4431a24ccaa2" { // printf %s … | sha256sum | cut -c -32
		t.Fatalf("the derived id changed: %s", got)
	}
}

func FuzzUnseal(f *testing.F) {
	sealed, err := Seal(RecordID("ab/note/x", 1), content())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add([]byte(`{"_id":"\u0041","state":[{"]":"\""}]}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		id, c, err := Unseal(in)
		if err != nil {
			return
		}
		if id == "" || c.KindVersion < 1 || c.Deleted != (c.State == nil) {
			t.Fatalf("incomplete and taken: %q", in)
		}
	})
}
