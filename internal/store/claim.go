package store

import (
	"context"
	"strings"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

// claimState says who holds a key.
type claimState struct {
	Target string `json:"target" privacy:"internal"`
}

// OrphanAfter is how long a claim without a target is kept for its maker.
const OrphanAfter = 15 * time.Minute

// Claim gives a key (a login, a phone, a licence number) to a stream, as `claim/<name>/<HMAC(key)>`. The target is "<kind>/<id>".
// Claiming again for the same target succeeds. Returns Conflict if another stream holds the key; a claim whose target has no record
// is an orphan and can be taken after OrphanAfter.
func (db *DB) Claim(ctx context.Context, meta Meta, name, key, target string) error {
	const op = "store.Claim"
	id := name + "/" + db.MAC("claim/"+name, key)
	meta.Idem = nil // the key itself makes a retry safe
	head, err := db.claims.Head(ctx, id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err == nil && !head.Deleted {
		if head.State.Target == target {
			return nil
		}
		orphan, err := db.orphan(ctx, head)
		if err != nil {
			return err
		}
		if !orphan {
			return fault.New(op, fault.Conflict, "已被占用")
		}
	}
	_, err = db.claims.Commit(ctx, meta, id, head.Seq, claimState{Target: target})
	if !fault.Is(err, fault.Conflict) {
		return err
	}
	// Somebody was quicker: it may have been another try of our own.
	if now, loadErr := db.claims.Load(ctx, id); loadErr == nil && now.State.Target == target {
		return nil
	}
	return fault.Wrap(op, fault.Conflict, "已被占用", err)
}

// orphan reports whether a claim is old enough and its target never came to be.
func (db *DB) orphan(ctx context.Context, claim Change[claimState]) (bool, error) {
	if age := db.Now().Sub(claim.At); -OrphanAfter < age && age < OrphanAfter { // an older one, or one of a clock that stood ahead
		return false, nil
	}
	kind, id, _ := strings.Cut(claim.State.Target, "/")
	stream, err := journal.StreamKey(kind, id)
	if err != nil {
		return false, err
	}
	_, err = db.engine.Head(ctx, stream)
	if fault.Is(err, fault.NotFound) {
		return true, nil
	}
	return false, err
}

// Claimed returns the "<kind>/<id>" that holds a key. Returns NotFound if nobody does.
func (db *DB) Claimed(ctx context.Context, name, key string) (target string, err error) {
	doc, err := db.claims.Load(ctx, name+"/"+db.MAC("claim/"+name, key))
	return doc.State.Target, err
}

// Release gives a key free if target holds it. Returns Conflict if another stream holds it; no error if nobody does.
func (db *DB) Release(ctx context.Context, meta Meta, name, key, target string) error {
	id := name + "/" + db.MAC("claim/"+name, key)
	meta.Idem = nil
	doc, err := db.claims.Load(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if doc.State.Target != target {
		return fault.New("store.Release", fault.Conflict, "由他人占用，不能释放")
	}
	_, err = db.claims.Delete(ctx, meta, id, doc.Seq)
	return err
}

// leaseState says who holds a lease.
type leaseState struct {
	Holder string `json:"holder" privacy:"internal"`
}

// Lease takes or renews a named lease for holder until now+ttl. Returns Conflict if somebody else holds it. A lease that ends much later than one taken now was taken by a clock that stood ahead: nobody waits for its end.
func (db *DB) Lease(ctx context.Context, name, holder string, ttl time.Duration) error {
	held, err := db.leases.Get(ctx, name)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err == nil && held.State.Holder != holder && !held.Expires.After(db.Now().Add(2*ttl)) {
		return fault.New("store.Lease", fault.Conflict, "另一个进程正在执行")
	}
	_, err = db.leases.Swap(ctx, name, held.Rev, leaseState{Holder: holder}, db.Now().Add(ttl))
	return err
}

// Unlease gives a lease back if holder has it.
func (db *DB) Unlease(ctx context.Context, name, holder string) error {
	held, err := db.leases.Get(ctx, name)
	if fault.Is(err, fault.NotFound) || err == nil && held.State.Holder != holder {
		return nil
	}
	if err != nil {
		return err
	}
	// A moment in the past frees it at once, and only if it is still ours.
	if _, err = db.leases.Swap(ctx, name, held.Rev, leaseState{}, db.Now()); fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

// Sweep removes expired documents without journal and returns how many.
func (db *DB) Sweep(ctx context.Context) (int64, error) {
	return db.engine.SweepEphemeral(ctx, db.Now())
}
