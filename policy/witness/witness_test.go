package witness_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/internal/store/sqlite"
	"redsteward/policy"
	"redsteward/policy/policytest"
	"redsteward/policy/witness"
)

// rewritten is an engine of whose log somebody changes the first record by hand.
type rewritten struct {
	store.Engine
	edited bool
}

func (r *rewritten) Log(ctx context.Context, after, upTo int64, f func(journal.Record) error) error {
	return r.Engine.Log(ctx, after, upTo, func(rec journal.Record) error {
		if r.edited && rec.N == 1 {
			rec.Hash[0] ^= 1
		}
		return f(rec)
	})
}

// TestWitness: an auditor hands in his key and what he co-signed; nobody else can, and a log that was rewritten is found.
func TestWitness(t *testing.T) {
	ctx := t.Context()
	folder, err := sqlite.Open(ctx, t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	engine := &rewritten{Engine: folder}
	now := func() time.Time { return time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC) }
	db, err := store.Open(ctx, engine, store.Options{Now: now, MasterKey: bytes.Repeat([]byte{3}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		engine.edited = false
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	s, err := witness.New(ctx, db, policy.NewGuard(policytest.Rules(t), nil))
	if err != nil {
		t.Fatal(err)
	}
	in := func(id string, role policy.Role) policy.Actor {
		return policy.Actor{ID: id, Appointments: []policy.Appointment{{Role: role, Scopes: []string{policy.County}}}}
	}
	auditor, officer := in("shen", policy.Role("auditor")), in("chen", "property_officer")
	secret, public, err := journal.GenerateWitness()
	if err != nil {
		t.Fatal(err)
	}
	want := func(what string, err error, kind fault.Kind, says string) {
		t.Helper()
		var fields strings.Builder
		for _, f := range fault.FieldsOf(err) {
			fields.WriteString(f.Name + ":" + f.Message + " ")
		}
		if fault.KindOf(err) != kind || !strings.Contains(fault.MessageOf(err)+fields.String(), says) {
			t.Errorf("%s: %v %s", what, err, fields.String())
		}
	}
	size := func() int64 {
		n, err := engine.LastN(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}

	want("no right", s.Enrol(ctx, officer, witness.Witness{Key: public, Office: "县审计局"}, ""), fault.Forbidden, "")
	want("no key", s.Enrol(ctx, auditor, witness.Witness{Key: "x", Office: "县审计局"}, ""), fault.Invalid, "key:")
	want("no office", s.Enrol(ctx, auditor, witness.Witness{Key: public}, ""), fault.Invalid, "office:")
	_, err = s.CoSign(ctx, auditor, "x")
	want("before a key", err, fault.Conflict, "登记公钥")
	if size() != 0 {
		t.Fatalf("a refused call wrote %d records", size())
	}
	for range 2 { // twice is once
		if err := s.Enrol(ctx, auditor, witness.Witness{Key: public + "\n", Office: "县审计局"}, ""); err != nil {
			t.Fatal(err)
		}
	}
	if own, err := s.Own(ctx, auditor); err != nil || own.Key != public || size() != 1 {
		t.Fatalf("%+v %v, %d records", own, err, size())
	}

	signed, err := db.Checkpoint(ctx)
	if err != nil {
		t.Fatal(err)
	}
	key, err := db.LogKey(ctx)
	if err != nil {
		t.Fatal(err)
	}
	cosigned, err := journal.CoSign(key, secret, signed)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.CoSign(ctx, auditor, string(signed))
	want("not co-signed", err, fault.Invalid, "note:没有这位见证人的签名")
	_, err = s.CoSign(ctx, auditor, strings.Repeat("x", 10_000))
	want("too long", err, fault.Invalid, "note:")
	if size() != 1 {
		t.Fatalf("a refused call wrote: %d records", size())
	}
	for range 2 { // as a form sends it, and twice
		in, err := s.CoSign(ctx, auditor, "\r\n"+strings.ReplaceAll(string(cosigned), "\n", "\r\n"))
		if err != nil || in.Size != 1 || in.Differs || in.Note != string(cosigned) {
			t.Fatalf("%+v %v", in, err)
		}
	}
	if size() != 2 {
		t.Fatalf("%d records", size())
	}

	// A second checkpoint grows from the first.
	if signed, err = db.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	later, err := journal.CoSign(key, secret, signed)
	if err != nil {
		t.Fatal(err)
	}
	proof, err := db.Growth(ctx, 1, 2)
	if err != nil {
		t.Fatal(err)
	}
	one, _ := journal.OpenCheckpoint(key, cosigned)
	two, _ := journal.OpenCheckpoint(key, later)
	if !proof.Grows(1, one.Root, 2, two.Root) {
		t.Error("the growth is not proved")
	}
	// Somebody edits the first record: what was co-signed says so, and is kept.
	engine.edited = true
	in2, err := s.CoSign(ctx, auditor, string(later))
	if err != nil || !in2.Differs {
		t.Fatalf("%+v %v", in2, err)
	}
	page, err := s.List(ctx, officer, "", 10)
	if err != nil || len(page.Docs) != 2 || !page.Docs[0].State.Differs || page.Docs[1].State.Differs || page.Docs[0].State.Size != 2 {
		t.Fatalf("%+v %v", page.Docs, err)
	}
	_, err = s.List(ctx, policy.Actor{}, "", 10)
	want("the public", err, fault.Unauthenticated, "")
	// A new key needs a reason; what was signed with the old one stays.
	_, other, err := journal.GenerateWitness()
	if err != nil {
		t.Fatal(err)
	}
	want("no reason", s.Enrol(ctx, auditor, witness.Witness{Key: other, Office: "县审计局"}, ""), fault.Invalid, "why:")
	if err := s.Enrol(ctx, auditor, witness.Witness{Key: other, Office: "县审计局"}, "原来的私钥丢失"); err != nil {
		t.Fatal(err)
	}
	if newest, err := s.Newest(ctx); err != nil || newest.Key != public || newest.Size != 2 {
		t.Errorf("%+v %v", newest, err)
	}
}
