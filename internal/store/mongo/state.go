package mongo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"redsteward/internal/fault"
	"redsteward/internal/store"
)

// rowDoc is the part of a state document that readers get; the index fields are read by the server only.
type rowDoc struct {
	Stream  string `bson:"_id"`
	Seq     int64  `bson:"seq"`
	N       int64  `bson:"n"`
	At      int64  `bson:"at"`
	Deleted bool   `bson:"deleted"`
	Columns []byte `bson:"columns"`
	State   []byte `bson:"state"`
}

// row gives the document as the contract has it.
func (d *rowDoc) row() store.Row {
	return store.Row{Stream: d.Stream, Seq: d.Seq, N: d.N, At: d.At, Deleted: d.Deleted, Columns: d.Columns, State: d.State}
}

// slotsName is the name of the value that says which slot each index of a kind has.
func slotsName(kind string) string { return "engine/slots/" + kind }

// Declare implements store.Engine. Which slot an index got is stored, for a kind may drop one index and declare another later.
func (e *Engine) Declare(ctx context.Context, kind string, indexes []string) error {
	const op = "mongo.Declare"
	if len(indexes) > indexFields {
		return fault.New(op, fault.Internal, fmt.Sprintf("%s 声明的索引超过 %d 个", kind, indexFields))
	}
	standing, err := e.Value(ctx, slotsName(kind))
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	var names []string
	if standing != nil {
		err = json.Unmarshal(standing, &names)
		if err != nil {
			return fault.Wrap(op, fault.Internal, "索引声明已损坏", err)
		}
	}
	placed := place(names, indexes)
	if !slices.Equal(placed, names) || standing == nil {
		if e.opt.ReadOnly {
			return fault.New(op, fault.Unavailable, fmt.Sprintf("%s 的索引还没有建立，请先启动服务", kind))
		}
		text, err := json.Marshal(placed)
		if err != nil {
			return fault.Wrap(op, fault.Internal, "索引声明不能保存", err)
		}
		err = e.SetValue(ctx, slotsName(kind), text)
		if err != nil {
			return err
		}
	}
	slots := map[string]int{}
	for slot, name := range placed {
		slots[name] = slot
	}
	e.slotsLock.Lock()
	defer e.slotsLock.Unlock()
	e.slots[kind] = slots
	return nil
}

// place gives every declared index a slot: the one it had, else a free one, else that of an index which is declared no more.
func place(standing, declared []string) []string {
	placed := slices.Clone(standing)
	for _, name := range declared {
		if slices.Contains(placed, name) {
			continue
		}
		if len(placed) < indexFields {
			placed = append(placed, name)
			continue
		}
		i := slices.IndexFunc(placed, func(old string) bool { return !slices.Contains(declared, old) })
		placed[i] = name
	}
	return placed
}

// slot returns the slot of a declared index.
func (e *Engine) slot(kind, index string) (int, error) {
	e.slotsLock.RLock()
	defer e.slotsLock.RUnlock()
	slot, ok := e.slots[kind][index]
	if !ok {
		return 0, fault.Wrap("mongo.slot", fault.Internal, "没有声明这个列表索引", fmt.Errorf("%s/%s", kind, index))
	}
	return slot, nil
}

// runKey is what a slot's key field holds: kinds share the fields, and neither kind nor index holds a slash.
func runKey(kind, index, key string) string { return kind + "/" + index + "/" + key }

// stateDoc gives the state document of a change as it is stored.
func (e *Engine) stateDoc(d *store.Document, stream string, seq, n int64) (bson.Raw, error) {
	const op = "mongo.stateDoc"
	doc := bson.D{
		{Key: "_id", Value: stream}, {Key: "kind", Value: d.Kind}, {Key: "seq", Value: seq}, {Key: "n", Value: n}, {Key: "at", Value: d.At},
	}
	if d.Deleted {
		doc = append(doc, bson.E{Key: "deleted", Value: true})
	}
	if d.Columns != nil {
		doc = append(doc, bson.E{Key: "columns", Value: d.Columns})
	}
	if d.State != nil {
		doc = append(doc, bson.E{Key: "state", Value: d.State})
	}
	var keys [indexFields][]string
	var sorts [indexFields]string
	for _, entry := range d.Entries {
		slot, err := e.slot(d.Kind, entry.Index)
		if err != nil {
			return nil, err
		}
		if keys[slot] != nil && sorts[slot] != entry.Sort {
			return nil, fault.Wrap(op, fault.Internal, "同一索引里一个对象只能有一个排序值", fmt.Errorf("%s: %s", stream, entry.Index))
		}
		keys[slot], sorts[slot] = append(keys[slot], runKey(d.Kind, entry.Index, entry.Key)), entry.Sort
	}
	for slot := range indexFields {
		if keys[slot] != nil {
			doc = append(doc, bson.E{Key: keyField(slot), Value: keys[slot]}, bson.E{Key: sortField(slot), Value: sorts[slot]})
		}
	}
	raw, err := bson.Marshal(doc)
	if err != nil {
		return nil, fault.Wrap(op, fault.Internal, "状态不能保存", err)
	}
	return raw, nil
}

// writeState brings a state document up to seq, unless it is there or further already.
func (e *Engine) writeState(ctx context.Context, stream string, seq int64, doc bson.Raw) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	var err error
	if seq == 1 {
		// Nothing can stand that is older, so the insert is the same as the replacement below and costs less.
		_, err = e.state.InsertOne(ctx, doc)
	} else {
		_, err = e.state.ReplaceOne(ctx, olderThan(stream, seq), doc, options.Replace().SetUpsert(true))
	}
	if mongo.IsDuplicateKeyError(err) {
		return nil // The filter found nothing because a newer document stands.
	}
	return broken("mongo.writeState", err)
}

// olderThan filters for a state document that a record is to replace.
func olderThan(stream string, seq int64) bson.D {
	return bson.D{{Key: "_id", Value: stream}, {Key: "seq", Value: bson.D{{Key: "$lt", Value: seq}}}}
}

// List implements store.Engine.
func (e *Engine) List(ctx context.Context, q store.ListQuery) ([]store.Row, error) {
	const op = "mongo.List"
	ctx, cancel := bounded(ctx)
	defer cancel()
	slot, err := e.slot(q.Kind, q.Index)
	if err != nil {
		return nil, err
	}
	sortName := sortField(slot)
	direction, beyond, from := 1, "$gt", "$gte"
	if q.Desc {
		direction, beyond, from = -1, "$lt", "$lte"
	}
	filter := bson.D{{Key: keyField(slot), Value: runKey(q.Kind, q.Index, q.Key)}}
	if q.From != nil {
		// The first condition says nothing new; it lets the index begin at the place instead of at the start of the run.
		filter = append(filter,
			bson.E{Key: sortName, Value: bson.D{{Key: from, Value: q.From.Sort}}},
			bson.E{Key: "$or", Value: bson.A{
				bson.D{{Key: sortName, Value: bson.D{{Key: beyond, Value: q.From.Sort}}}},
				bson.D{{Key: sortName, Value: q.From.Sort}, {Key: "_id", Value: bson.D{{Key: beyond, Value: q.From.Stream}}}},
			}})
	}
	o := options.Find().SetSort(bson.D{{Key: sortName, Value: direction}, {Key: "_id", Value: direction}}).
		SetLimit(int64(q.Limit)).SetHint(keyIndex(slot)).SetProjection(append(rowFields(q.Parts), bson.E{Key: sortName, Value: 1}))
	cursor, err := e.state.Find(ctx, filter, o)
	if err != nil {
		return nil, broken(op, err)
	}
	defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }()
	var rows []store.Row
	for cursor.Next(ctx) {
		row, err := decodeRow(cursor.Current)
		if err != nil {
			return nil, err
		}
		row.Sort, _ = cursor.Current.Lookup(sortName).StringValueOK()
		rows = append(rows, row)
	}
	return rows, broken(op, cursor.Err())
}

// rowFields is the projection for the wanted parts.
func rowFields(parts store.Parts) bson.D {
	fields := bson.D{{Key: "seq", Value: 1}, {Key: "n", Value: 1}, {Key: "at", Value: 1}, {Key: "deleted", Value: 1}}
	if parts&store.WithState != 0 {
		fields = append(fields, bson.E{Key: "state", Value: 1})
	}
	if parts&store.WithColumns != 0 {
		fields = append(fields, bson.E{Key: "columns", Value: 1})
	}
	return fields
}

// decodeRow reads one state document.
func decodeRow(raw bson.Raw) (store.Row, error) {
	var d rowDoc
	err := bson.Unmarshal(raw, &d)
	if err != nil {
		return store.Row{}, fault.Wrap("mongo.decodeRow", fault.Internal, "状态已损坏", err)
	}
	return d.row(), nil
}

// Each implements store.Engine.
func (e *Engine) Each(ctx context.Context, kind, after string, parts store.Parts, f func(store.Row) error) error {
	filter := bson.D{{Key: "kind", Value: kind}, {Key: "_id", Value: bson.D{{Key: "$gt", Value: after}}}}
	return e.eachRow(ctx, filter, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetHint(kindIndex).SetProjection(rowFields(parts)).SetBatchSize(eachBatch), f)
}

// eachBatch is how many whole documents are held at a time. Left to itself, a server fills a batch up to 16 MiB.
const eachBatch = 64

// EachHead implements store.Engine.
func (e *Engine) EachHead(ctx context.Context, f func(stream string, seq, n int64) error) error {
	return e.eachRow(ctx, bson.D{}, options.Find().SetProjection(bson.D{{Key: "seq", Value: 1}, {Key: "n", Value: 1}}), func(r store.Row) error {
		return f(r.Stream, r.Seq, r.N)
	})
}

// eachRow streams state documents.
func (e *Engine) eachRow(ctx context.Context, filter bson.D, o *options.FindOptionsBuilder, f func(store.Row) error) error {
	const op = "mongo.eachRow"
	cursor, err := e.state.Find(ctx, filter, o)
	if err != nil {
		return broken(op, err)
	}
	defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }()
	for cursor.Next(ctx) {
		row, err := decodeRow(cursor.Current)
		if err != nil {
			return err
		}
		err = f(row)
		if err != nil {
			return err
		}
	}
	return broken(op, cursor.Err())
}

// PutRow implements store.Engine.
func (e *Engine) PutRow(ctx context.Context, d store.Document) error {
	const op = "mongo.PutRow"
	err := e.writable(op)
	if err != nil {
		return err
	}
	doc, err := e.stateDoc(&d, d.Stream, d.Seq, d.N)
	if err != nil {
		return err
	}
	return e.replace(ctx, op, e.state, d.Stream, doc)
}

// replace overwrites one document or inserts it.
func (e *Engine) replace(ctx context.Context, op string, coll *mongo.Collection, id string, doc any) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	var err error
	for range insertTries {
		_, err = coll.ReplaceOne(ctx, byID(id), doc, options.Replace().SetUpsert(true))
		if !mongo.IsDuplicateKeyError(err) {
			break // Two that insert at the same time: the second finds the document when it tries again.
		}
	}
	return broken(op, err)
}

// missing tells whether a read found nothing.
func missing(err error) bool { return errors.Is(err, mongo.ErrNoDocuments) }
