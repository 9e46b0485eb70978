package mongo

import (
	"bytes"
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"redsteward/internal/fault"
	"redsteward/internal/store"
)

// valueDoc is a small named value.
type valueDoc struct {
	Name  string `bson:"_id"`
	Value []byte `bson:"v"`
}

// Value implements store.Engine.
func (e *Engine) Value(ctx context.Context, name string) ([]byte, error) {
	const op = "mongo.Value"
	ctx, cancel := bounded(ctx)
	defer cancel()
	var d valueDoc
	err := e.values.FindOne(ctx, byID(name)).Decode(&d)
	if missing(err) {
		return nil, fault.New(op, fault.NotFound, "没有这个值")
	}
	if err != nil {
		return nil, broken(op, err)
	}
	return d.Value, nil
}

// Values implements store.Engine.
func (e *Engine) Values(ctx context.Context, names []string) (map[string][]byte, error) {
	docs, err := e.findValues(ctx, in(names), options.Find())
	if err != nil {
		return nil, err
	}
	found := make(map[string][]byte, len(docs))
	for _, d := range docs {
		found[d.Name] = d.Value
	}
	return found, nil
}

// ValuesAfter implements store.Engine.
func (e *Engine) ValuesAfter(ctx context.Context, prefix, after string, limit int) ([]store.NamedValue, error) {
	docs, err := e.findValues(ctx, prefixRange(prefix, after), options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(int64(limit)))
	if err != nil {
		return nil, err
	}
	found := make([]store.NamedValue, len(docs))
	for i, d := range docs {
		found[i] = store.NamedValue(d)
	}
	return found, nil
}

// findValues finds several values.
func (e *Engine) findValues(ctx context.Context, filter bson.D, o *options.FindOptionsBuilder) ([]valueDoc, error) {
	const op = "mongo.Values"
	ctx, cancel := bounded(ctx)
	defer cancel()
	cursor, err := e.values.Find(ctx, filter, o)
	if err != nil {
		return nil, broken(op, err)
	}
	var docs []valueDoc
	err = cursor.All(ctx, &docs)
	return docs, broken(op, err)
}

// prefixRange filters for the documents whose _id begins with prefix and is greater than after.
func prefixRange(prefix, after string) bson.D {
	// No text is greater than the prefix followed by the last code point, unless it has another prefix.
	return bson.D{{Key: "_id", Value: bson.D{
		{Key: "$gte", Value: prefix}, {Key: "$gt", Value: after}, {Key: "$lt", Value: prefix + "\U0010FFFF"},
	}}}
}

// InsertValue implements store.Engine.
func (e *Engine) InsertValue(ctx context.Context, name string, value []byte) ([]byte, error) {
	const op = "mongo.InsertValue"
	err := e.writable(op)
	if err != nil {
		return nil, err
	}
	inner, cancel := bounded(ctx)
	defer cancel()
	_, err = e.values.InsertOne(inner, valueDoc{Name: name, Value: value})
	if mongo.IsDuplicateKeyError(err) {
		return e.Value(ctx, name)
	}
	if err != nil {
		return nil, broken(op, err)
	}
	return bytes.Clone(value), nil
}

// SetValue implements store.Engine.
func (e *Engine) SetValue(ctx context.Context, name string, value []byte) error {
	const op = "mongo.SetValue"
	err := e.writable(op)
	if err != nil {
		return err
	}
	return e.replace(ctx, op, e.values, name, valueDoc{Name: name, Value: value})
}

// ephemeralDoc is a document without journal.
type ephemeralDoc struct {
	Key     string `bson:"_id"`
	Rev     int64  `bson:"rev"`
	Expires int64  `bson:"expires"`
	Body    []byte `bson:"body"`
}

// ephemeral gives the document as the contract has it.
func (d *ephemeralDoc) ephemeral() store.Ephemeral {
	return store.Ephemeral{Key: d.Key, Rev: d.Rev, Expires: time.UnixMilli(d.Expires).UTC(), Body: d.Body}
}

// PutEphemeral implements store.Engine.
func (e *Engine) PutEphemeral(ctx context.Context, d store.Ephemeral, rev int64) (int64, error) {
	const op = "mongo.PutEphemeral"
	err := e.writable(op)
	if err != nil {
		return 0, err
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	switch {
	case rev == store.AnyRev:
		return e.overwriteEphemeral(ctx, d)
	case rev > 0:
		return e.swapEphemeral(ctx, d, rev, bson.D{{Key: "$gt", Value: d.Now.UnixMilli()}})
	}
	_, err = e.ephemeral.InsertOne(ctx, ephemeralDoc{Key: d.Key, Rev: 1, Expires: d.Expires.UnixMilli(), Body: d.Body})
	if err == nil {
		return 1, nil
	}
	if !mongo.IsDuplicateKeyError(err) {
		return 0, broken(op, err)
	}
	// Something stands. If it has expired, whoever raises its Rev first has taken its place.
	var old ephemeralDoc
	err = e.ephemeral.FindOne(ctx, byID(d.Key)).Decode(&old)
	if missing(err) {
		return 0, conflict(op)
	}
	if err != nil {
		return 0, broken(op, err)
	}
	return e.swapEphemeral(ctx, d, old.Rev, bson.D{{Key: "$lte", Value: d.Now.UnixMilli()}})
}

// conflict is what a failed condition returns.
func conflict(op string) error {
	return fault.New(op, fault.Conflict, "已被占用或已改变，请刷新后再试")
}

// swapEphemeral replaces the document with this rev whose expiry fulfils the condition.
func (e *Engine) swapEphemeral(ctx context.Context, d store.Ephemeral, rev int64, expires bson.D) (int64, error) {
	const op = "mongo.PutEphemeral"
	filter := bson.D{{Key: "_id", Value: d.Key}, {Key: "rev", Value: rev}, {Key: "expires", Value: expires}}
	done, err := e.ephemeral.UpdateOne(ctx, filter, bson.D{{Key: "$set", Value: bson.D{
		{Key: "rev", Value: rev + 1}, {Key: "expires", Value: d.Expires.UnixMilli()}, {Key: "body", Value: d.Body},
	}}})
	if err != nil {
		return 0, broken(op, err)
	}
	if done.MatchedCount == 0 {
		return 0, conflict(op)
	}
	return rev + 1, nil
}

// overwriteEphemeral stores a document over any old one.
func (e *Engine) overwriteEphemeral(ctx context.Context, d store.Ephemeral) (int64, error) {
	const op = "mongo.PutEphemeral"
	change := bson.D{
		{Key: "$set", Value: bson.D{{Key: "expires", Value: d.Expires.UnixMilli()}, {Key: "body", Value: d.Body}}},
		{Key: "$inc", Value: bson.D{{Key: "rev", Value: int64(1)}}},
	}
	var now ephemeralDoc
	var err error
	for range insertTries {
		err = e.ephemeral.FindOneAndUpdate(ctx, byID(d.Key), change,
			options.FindOneAndUpdate().SetUpsert(true).SetReturnDocument(options.After)).Decode(&now)
		if !mongo.IsDuplicateKeyError(err) {
			break // Two that insert at the same time: the second finds the document when it tries again.
		}
	}
	return now.Rev, broken(op, err)
}

// GetEphemeral implements store.Engine.
func (e *Engine) GetEphemeral(ctx context.Context, key string, now time.Time) (store.Ephemeral, error) {
	const op = "mongo.GetEphemeral"
	ctx, cancel := bounded(ctx)
	defer cancel()
	var d ephemeralDoc
	err := e.ephemeral.FindOne(ctx, byID(key)).Decode(&d)
	if missing(err) || err == nil && d.Expires <= now.UnixMilli() {
		return store.Ephemeral{}, fault.New(op, fault.NotFound, "不存在或已过期")
	}
	if err != nil {
		return store.Ephemeral{}, broken(op, err)
	}
	return d.ephemeral(), nil
}

// DeleteEphemeral implements store.Engine.
func (e *Engine) DeleteEphemeral(ctx context.Context, key string) error {
	const op = "mongo.DeleteEphemeral"
	err := e.writable(op)
	if err != nil {
		return err
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	_, err = e.ephemeral.DeleteOne(ctx, byID(key))
	return broken(op, err)
}

// ListEphemeral implements store.Engine.
func (e *Engine) ListEphemeral(ctx context.Context, prefix, after string, now time.Time, limit int) ([]store.Ephemeral, error) {
	const op = "mongo.ListEphemeral"
	ctx, cancel := bounded(ctx)
	defer cancel()
	filter := append(prefixRange(prefix, after), bson.E{Key: "expires", Value: bson.D{{Key: "$gt", Value: now.UnixMilli()}}})
	cursor, err := e.ephemeral.Find(ctx, filter, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(int64(limit)))
	if err != nil {
		return nil, broken(op, err)
	}
	var docs []ephemeralDoc
	err = cursor.All(ctx, &docs)
	if err != nil {
		return nil, broken(op, err)
	}
	found := make([]store.Ephemeral, len(docs))
	for i := range docs {
		found[i] = docs[i].ephemeral()
	}
	return found, nil
}

// SweepEphemeral implements store.Engine.
func (e *Engine) SweepEphemeral(ctx context.Context, now time.Time) (int64, error) {
	const op = "mongo.SweepEphemeral"
	err := e.writable(op)
	if err != nil {
		return 0, err
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	gone, err := e.ephemeral.DeleteMany(ctx, bson.D{{Key: "expires", Value: bson.D{{Key: "$lte", Value: now.UnixMilli()}}}})
	if err != nil {
		return 0, broken(op, err)
	}
	return gone.DeletedCount, nil
}
