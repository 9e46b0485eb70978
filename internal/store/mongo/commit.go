package mongo

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
)

// insertTries is how often a commit sends its record when the answer does not come. A record that arrived the first time is
// recognised by its sealed bytes, which hold a nonce.
const insertTries = 2

// recordDoc is a record as it lies in the collection journal.
type recordDoc struct {
	ID      string `bson:"_id"`
	N       int64  `bson:"n,omitempty"`
	Version int32  `bson:"v"`
	Hash    []byte `bson:"hash"`
	Sealed  []byte `bson:"sealed"`
	// Unnumbered and Pending are the time of the insert in milliseconds; each is removed when its work is done: the log number, and
	// the state document, which lies in Doc until then.
	Unnumbered int64    `bson:"unnumbered,omitempty"`
	Pending    int64    `bson:"pending,omitempty"`
	Doc        bson.Raw `bson:"doc,omitempty"`
}

// record is what readers get.
func (d *recordDoc) record() (journal.Record, error) {
	if len(d.Hash) != journal.HashSize {
		return journal.Record{}, fault.Wrap("mongo.record", fault.Internal, "变更记录已损坏", fmt.Errorf("%s: hash of %d bytes", d.ID, len(d.Hash)))
	}
	return journal.Record{ID: d.ID, N: d.N, Version: byte(d.Version), Hash: journal.Hash(d.Hash), Sealed: d.Sealed}, nil
}

// recordFields leaves out what only the sweep reads.
var recordFields = bson.D{{Key: "n", Value: 1}, {Key: "v", Value: 1}, {Key: "hash", Value: 1}, {Key: "sealed", Value: 1}}

// Commit implements store.Engine. The number is not known yet when it returns.
func (e *Engine) Commit(ctx context.Context, c *store.Commit) (int64, error) {
	const op = "mongo.Commit"
	err := e.writable(op)
	if err != nil {
		return 0, err
	}
	doc, err := e.stateDoc(&c.Doc, c.Stream, c.Seq, 0)
	if err != nil {
		return 0, err
	}
	var guardRev int64
	if c.Guard != nil {
		var done bool
		guardRev, done, err = e.takeGuard(ctx, c)
		if err != nil || done {
			return 0, err
		}
	}
	if err := e.insertGuarded(ctx, c, doc, guardRev); err != nil {
		return 0, err
	}
	// The change is accepted from here on, whatever happens: what cannot be done now is pending.
	err = e.writeState(context.WithoutCancel(ctx), c.Stream, c.Seq, doc)
	if err != nil {
		e.opt.Logger.Warn("state document left to the sweep", "record", c.ID, "error", err)
	}
	e.wake()
	return 0, nil
}

// insertGuarded inserts the record of a commit whose guard stands with a rev. One that loses its place takes its guard back, for nothing was changed: but only the
// guard as this try put it. Another try of the same request may have taken the guard over meanwhile and inserted its record; without guard the request would take
// effect once more. If the guard cannot be deleted it stands until it expires, and a retry finds no record.
func (e *Engine) insertGuarded(ctx context.Context, c *store.Commit, doc bson.Raw, guardRev int64) error {
	err := e.insertRecord(ctx, c, doc)
	if c.Guard != nil && fault.Is(err, fault.Conflict) {
		_ = e.dropGuard(context.WithoutCancel(ctx), c.Guard.Key, guardRev)
	}
	return err
}

// guardTries bounds the loop of a guard that expires or is given up between our insert and our read.
const guardTries = 3

// takeGuard inserts the guard of a commit and returns its rev. It reports true if guard and record stand already, from a try whose answer was lost.
func (e *Engine) takeGuard(ctx context.Context, c *store.Commit) (rev int64, done bool, err error) {
	const op = "mongo.Commit"
	guard := *c.Guard
	guard.Now = c.GuardNow
	for range guardTries {
		rev, err := e.PutEphemeral(ctx, guard, 0)
		if !fault.Is(err, fault.Conflict) {
			return rev, false, err
		}
		standing, err := e.GetEphemeral(ctx, guard.Key, c.GuardNow)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return 0, false, err
		}
		record, err := e.Record(ctx, c.ID)
		if err == nil && bytes.Equal(record.Sealed, c.Sealed) {
			return standing.Rev, true, nil
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return 0, false, err
		}
		return 0, false, fault.Wrap(op, fault.Conflict, "同一请求已经提交过", &store.GuardTaken{Standing: standing})
	}
	return 0, false, fault.New(op, fault.Unavailable, "同一请求正在处理，请稍后再试")
}

// dropGuard deletes a guard if it still is as somebody put it.
func (e *Engine) dropGuard(ctx context.Context, key string, rev int64) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	_, err := e.ephemeral.DeleteOne(ctx, append(byID(key), bson.E{Key: "rev", Value: rev}))
	return broken("mongo.Commit", err)
}

// insertRecord chains the record to its predecessor and inserts it.
func (e *Engine) insertRecord(ctx context.Context, c *store.Commit, doc bson.Raw) error {
	const op = "mongo.Commit"
	ctx, cancel := bounded(ctx)
	defer cancel()

	var prev journal.Hash
	if c.Seq > 1 {
		var before recordDoc
		err := e.journal.FindOne(ctx, byID(journal.RecordID(c.Stream, c.Seq-1)), options.FindOne().SetProjection(bson.D{{Key: "hash", Value: 1}})).Decode(&before)
		switch {
		case errors.Is(err, mongo.ErrNoDocuments):
			return fault.New(op, fault.Conflict, "数据已经改变，请刷新后再试")
		case err != nil:
			return broken(op, err)
		case len(before.Hash) != journal.HashSize:
			return fault.Wrap(op, fault.Internal, "变更记录已损坏", fmt.Errorf("%s: hash of %d bytes", before.ID, len(before.Hash)))
		}
		prev = journal.Hash(before.Hash)
	}
	hash := journal.Sum(c.Version, prev, c.Sealed)
	now := e.nowMilli()
	record := recordDoc{ID: c.ID, Version: int32(c.Version), Hash: hash[:], Sealed: c.Sealed, Unnumbered: now, Pending: now, Doc: doc}

	var err error
	for range insertTries {
		_, err = e.journal.InsertOne(ctx, record)
		if mongo.IsDuplicateKeyError(err) {
			return e.ownRecord(ctx, c)
		}
		if err == nil || !unavailable(err) {
			break
		}
	}
	return broken(op, err)
}

// ownRecord tells whether the record that stands under our id is the one that we sent. Returns Conflict if not.
func (e *Engine) ownRecord(ctx context.Context, c *store.Commit) error {
	standing, err := e.Record(ctx, c.ID)
	if err != nil {
		return err
	}
	if bytes.Equal(standing.Sealed, c.Sealed) {
		return nil
	}
	return fault.New("mongo.Commit", fault.Conflict, "数据已经被别人修改，请刷新后再试")
}

// byID filters for one document. FerretDB reads by _id alone directly and scans for anything else.
func byID(id string) bson.D { return bson.D{{Key: "_id", Value: id}} }

// Record implements store.Engine.
func (e *Engine) Record(ctx context.Context, id string) (journal.Record, error) {
	return e.oneRecord(ctx, byID(id), options.FindOne())
}

// Head implements store.Engine.
func (e *Engine) Head(ctx context.Context, stream string) (journal.Record, error) {
	return e.oneRecord(ctx, streamRange(stream, 0), options.FindOne().SetSort(bson.D{{Key: "_id", Value: -1}}))
}

// Heads implements store.Engine.
func (e *Engine) Heads(ctx context.Context, streams []string) ([]journal.Record, error) {
	found := make([]journal.Record, 0, len(streams))
	for _, stream := range streams {
		r, err := e.Head(ctx, stream)
		switch {
		case err == nil:
			found = append(found, r)
		case !fault.Is(err, fault.NotFound):
			return nil, err
		}
	}
	return found, nil
}

// streamRange filters for the records of a stream with a number above afterSeq. The length leaves out those of a stream whose id goes on
// where this one's ends (a and a/0000000001), which lie in the same range.
func streamRange(stream string, afterSeq int64) bson.D {
	last := journal.RecordID(stream, journal.MaxSeq)
	return bson.D{{Key: "_id", Value: bson.D{
		{Key: "$gt", Value: journal.RecordID(stream, afterSeq)}, {Key: "$lte", Value: last}, {Key: "$regex", Value: fmt.Sprintf("^.{%d}$", len(last))},
	}}}
}

// oneRecord finds one record.
func (e *Engine) oneRecord(ctx context.Context, filter bson.D, o *options.FindOneOptionsBuilder) (journal.Record, error) {
	const op = "mongo.Record"
	ctx, cancel := bounded(ctx)
	defer cancel()
	var d recordDoc
	err := e.journal.FindOne(ctx, filter, o.SetProjection(recordFields)).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return journal.Record{}, fault.New(op, fault.NotFound, "没有这条记录")
	}
	if err != nil {
		return journal.Record{}, broken(op, err)
	}
	return d.record()
}

// History implements store.Engine.
func (e *Engine) History(ctx context.Context, stream string, afterSeq int64, limit int) ([]journal.Record, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	o := options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(int64(limit)).SetProjection(recordFields)
	return e.records(ctx, streamRange(stream, afterSeq), o)
}

// records finds several records.
func (e *Engine) records(ctx context.Context, filter bson.D, o *options.FindOptionsBuilder) ([]journal.Record, error) {
	const op = "mongo.records"
	cursor, err := e.journal.Find(ctx, filter, o)
	if err != nil {
		return nil, broken(op, err)
	}
	var docs []recordDoc
	err = cursor.All(ctx, &docs)
	if err != nil {
		return nil, broken(op, err)
	}
	found := make([]journal.Record, len(docs))
	for i := range docs {
		found[i], err = docs[i].record()
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}
