package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

// idemLife is how long an idempotency key is remembered.
const idemLife = 30 * 24 * time.Hour

// idemBody is what stands under `idem/<actor>/<HMAC(key)>`: the guard of a request.
type idemBody struct {
	// Body is the hash of the request, Record the id of the record that it intends to insert.
	Body   string `json:"body"`
	Record string `json:"record"`
}

// idemKey returns the digits of an idempotency key, or "" without one.
func (db *DB) idemKey(meta Meta) (string, error) {
	if meta.Idem == nil {
		return "", nil
	}
	if n := len(meta.Idem.Key); n < 1 || n > 200 {
		return "", fault.InvalidFields("store.Commit", fault.Field{Name: "idempotency_key", Message: "请求编号要有 1 到 200 个字节"})
	}
	return db.MAC("idem", meta.Idem.Key), nil
}

func guardKey(meta Meta, idem string) string { return "idem/" + meta.By + "/" + idem }

func bodyHash(meta Meta) string {
	sum := sha256.Sum256(meta.Idem.Body)
	return hex.EncodeToString(sum[:])
}

// guard announces the record that a request intends to insert.
func (db *DB) guard(meta Meta, idem, recordID string) (*Ephemeral, error) {
	body, err := json.Marshal(idemBody{Body: bodyHash(meta), Record: recordID})
	if err != nil {
		return nil, fault.Wrap("store.Commit", fault.Internal, "", err)
	}
	now := db.Now()
	return &Ephemeral{Key: guardKey(meta, idem), Now: now, Expires: now.Add(idemLife), Body: body}, nil
}

func (c *documents) replayed(ctx context.Context, meta Meta) (Doc[any], bool, error) {
	idem, err := c.db.idemKey(meta)
	if err != nil || idem == "" {
		return Doc[any]{}, false, err
	}
	standing, err := c.db.engine.GetEphemeral(ctx, guardKey(meta, idem), c.db.Now())
	if fault.Is(err, fault.NotFound) {
		return Doc[any]{}, false, nil
	}
	if err != nil {
		return Doc[any]{}, false, err
	}
	doc, _, found, err := c.replay(ctx, meta, idem, standing)
	return doc, found, err
}

// replay gives the record that a guard announces, and what it made; found is false if the first try never inserted it.
func (c *documents) replay(ctx context.Context, meta Meta, idem string, standing Ephemeral) (doc Doc[any], announced string, found bool, err error) {
	const op = "store.Replay"
	var body idemBody
	if err := json.Unmarshal(standing.Body, &body); err != nil {
		return doc, "", false, fault.Wrap(op, fault.Internal, "请求编号的存档已损坏", err)
	}
	stream, _, err := journal.ParseRecordID(body.Record)
	if err != nil {
		return doc, "", false, err
	}
	kind, id, err := journal.ParseStreamKey(stream)
	if err != nil {
		return doc, "", false, err
	}
	if body.Body != bodyHash(meta) || kind != c.name {
		return doc, "", false, otherUse()
	}
	r, err := c.db.engine.Record(ctx, body.Record)
	if fault.Is(err, fault.NotFound) {
		return doc, body.Record, false, nil
	}
	if err != nil {
		return doc, "", false, err
	}
	_, content, err := journal.Unseal(r.Sealed)
	if err != nil || content.Idem != idem || content.By != meta.By {
		// Somebody else was first at that place: the first try made nothing.
		return doc, body.Record, false, err
	}
	change, err := c.change(ctx, id, r)
	return change.Doc, body.Record, err == nil, err
}

// otherUse refuses an idempotency key that stands for something else.
func otherUse() error {
	return fault.New("store.Replay", fault.Conflict, "这个请求编号已经用于别的内容，请重新打开页面再提交")
}

// finish answers a request whose guard stands already: with what the first try made (done), or by pointing the guard at the record of
// this try, which then may be inserted. Tries load the state before they commit, so one that comes after a success aims behind
// its record; and the guard never moves back. Both together make sure that of all tries one record comes to be, and that a later try finds it.
// A try that aims at the record that the guard names already takes the guard over too: the first one, if it fails, takes back no other guard than its own.
func (c *documents) finish(ctx context.Context, meta Meta, change *Commit, idem string, standing Ephemeral) (doc Doc[any], done bool, err error) {
	elsewhere := fault.New("store.Commit", fault.Conflict, "同一请求正在别处处理，请刷新后查看结果")
	for {
		doc, announced, found, err := c.replay(ctx, meta, idem, standing)
		if err != nil || found {
			return doc, found, err
		}
		stream, _, err := journal.ParseRecordID(announced)
		if err != nil || stream != change.Stream {
			return doc, false, otherUse()
		}
		if change.ID < announced {
			return doc, false, elsewhere
		}
		_, err = c.db.engine.PutEphemeral(ctx, *change.Guard, standing.Rev)
		if !fault.Is(err, fault.Conflict) {
			return doc, false, err
		}
		standing, err = c.db.engine.GetEphemeral(ctx, standing.Key, c.db.Now())
		if fault.Is(err, fault.NotFound) {
			return doc, false, elsewhere // the first try failed and took its guard back
		}
		if err != nil {
			return doc, false, err
		}
	}
}
