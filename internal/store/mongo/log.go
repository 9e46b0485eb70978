package mongo

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

// logBatch is how many records are fetched at once; at 64 KiB each this bounds the memory of a reader.
const logBatch = 500

// logEntry is a log number as it lies in the collection log.
type logEntry struct {
	ID     string `bson:"_id"`
	Record string `bson:"r"`
}

// logID names a log number; ten digits, so that texts sort as the numbers do.
func logID(n int64) string { return fmt.Sprintf("log/%010d", n) }

// number reads a logID back.
func (l logEntry) number() (int64, error) {
	n, err := strconv.ParseInt(l.ID[min(len("log/"), len(l.ID)):], 10, 64)
	if err != nil || n < 1 {
		return 0, fault.Wrap("mongo.log", fault.Internal, "日志编号已损坏", fmt.Errorf("%q: %w", l.ID, err))
	}
	return n, nil
}

// entries opens a cursor over the log numbers above after, up to upTo (0: all).
func (e *Engine) entries(ctx context.Context, after, upTo int64) (*mongo.Cursor, error) {
	span := bson.D{{Key: "$gt", Value: logID(after)}}
	if upTo > 0 {
		span = append(span, bson.E{Key: "$lte", Value: logID(upTo)})
	}
	return e.log.Find(ctx, bson.D{{Key: "_id", Value: span}}, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetBatchSize(logBatch))
}

// Log implements store.Engine.
func (e *Engine) Log(ctx context.Context, after, upTo int64, f func(journal.Record) error) error {
	const op = "mongo.Log"
	cursor, err := e.entries(ctx, after, upTo)
	if err != nil {
		return broken(op, err)
	}
	defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }()
	for {
		batch, err := nextEntries(ctx, cursor, logBatch)
		if err != nil {
			return broken(op, err)
		}
		if len(batch) == 0 {
			return nil
		}
		err = e.callWithRecords(ctx, batch, f)
		if err != nil {
			return err
		}
	}
}

// callWithRecords fetches the records of some log numbers and hands them on in the order of the numbers.
func (e *Engine) callWithRecords(ctx context.Context, batch []logEntry, f func(journal.Record) error) error {
	ids := make([]string, len(batch))
	for i, l := range batch {
		ids[i] = l.Record
	}
	found, err := e.records(ctx, in(ids), options.Find().SetProjection(recordFields))
	if err != nil {
		return err
	}
	byRecord := make(map[string]journal.Record, len(found))
	for _, r := range found {
		byRecord[r.ID] = r
	}
	for _, l := range batch {
		r, ok := byRecord[l.Record]
		if !ok {
			continue // The caller sees the gap.
		}
		// The log decides; the number in the record may come a moment later.
		r.N, err = l.number()
		if err != nil {
			return err
		}
		err = f(r)
		if err != nil {
			return err
		}
	}
	return nil
}

// nextEntries reads up to limit entries from a cursor.
func nextEntries(ctx context.Context, cursor *mongo.Cursor, limit int) ([]logEntry, error) {
	var batch []logEntry
	for len(batch) < limit && cursor.Next(ctx) {
		var l logEntry
		err := cursor.Decode(&l)
		if err != nil {
			return nil, err
		}
		batch = append(batch, l)
	}
	return batch, cursor.Err()
}

// Restore implements store.Restorer. The number of a log entry decides between two that restore at once.
func (e *Engine) Restore(ctx context.Context, records []journal.Record) error {
	const op = "mongo.Restore"
	err := e.writable(op)
	if err != nil || len(records) == 0 {
		return err
	}
	last, err := e.LastN(ctx)
	if err != nil {
		return err
	}
	if first := records[0].N; first != last+1 {
		return fault.New(op, fault.Conflict, fmt.Sprintf("日志到第 %d 条，不能接着放第 %d 条", last, first))
	}
	docs, entries := make([]any, len(records)), make([]any, len(records))
	for i, r := range records {
		if r.N != records[0].N+int64(i) {
			return fault.New(op, fault.Conflict, fmt.Sprintf("记录不连续：第 %d 条", r.N))
		}
		docs[i] = recordDoc{ID: r.ID, N: r.N, Version: int32(r.Version), Hash: r.Hash[:], Sealed: r.Sealed}
		entries[i] = logEntry{ID: logID(r.N), Record: r.ID}
	}
	_, err = e.journal.InsertMany(ctx, docs)
	if err == nil {
		_, err = e.log.InsertMany(ctx, entries)
	}
	if mongo.IsDuplicateKeyError(err) {
		return fault.Wrap(op, fault.Conflict, "数据库里已有这些记录", err)
	}
	return broken(op, err)
}

// LastN implements store.Engine.
func (e *Engine) LastN(ctx context.Context) (int64, error) {
	const op = "mongo.LastN"
	ctx, cancel := bounded(ctx)
	defer cancel()
	var last logEntry
	err := e.log.FindOne(ctx, bson.D{}, options.FindOne().SetSort(bson.D{{Key: "_id", Value: -1}})).Decode(&last)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return 0, nil
	}
	if err != nil {
		return 0, broken(op, err)
	}
	return last.number()
}

// in filters for several documents.
func in(ids []string) bson.D {
	return bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}}
}
