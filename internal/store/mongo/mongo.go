// Package mongo is the store's engine for MongoDB: several processes on one database.
//
//  1. A change is accepted if and only if its record was inserted into the collection journal; the unique _id is the only lock.
//  2. State documents follow the record: at once by the process that inserted it, else by the sweep. Until then the record carries the
//     field pending, and beside it the state document to write; both lie outside the sealed bytes.
//  3. Log numbers are given by inserting log/<n>; again the insert is the lock. A lease keeps processes from doing this work twice;
//     nothing breaks when two believe that they hold it.
//  4. No transaction, no server-side expiry, no partial index, no join: a single server is enough, and every collection can be
//     sharded on _id.
//  5. Writes are acknowledged by a majority and on disk.
//  6. Every text of a record, state document and value is bytes or numbers of ours; the driver encodes nothing that is hashed.
package mongo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"redsteward/internal/fault"
	"redsteward/internal/store"
)

const (
	// connectLimit is how long a call looks for a server that accepts it.
	connectLimit = 5 * time.Second
	// callLimit bounds one short call; streams are bounded by the caller's context alone.
	callLimit = 30 * time.Second
	// closeLimit bounds the wait for running calls when the engine closes.
	closeLimit = 10 * time.Second
)

// Options say where the database is and by which clock its leases run.
type Options struct {
	// URI is a MongoDB address with the name of the database: mongodb://host[,host…]/database[?options].
	URI string
	// Now is the real clock; it stamps leases and pending records. Required.
	Now func() time.Time
	// ReadOnly creates no index, numbers no record and refuses writes with Forbidden.
	ReadOnly bool
	// Logger takes what goes wrong in the background; nil discards it.
	Logger *slog.Logger
}

// Engine implements store.Engine on one MongoDB database.
type Engine struct {
	opt    Options
	client *mongo.Client

	// journal holds the records, log their numbers, state the state documents.
	journal, log, state *mongo.Collection
	// values, ephemeral and uploads hold small named values, documents without journal, and marks of running uploads.
	values, ephemeral, uploads *mongo.Collection
	files                      *mongo.GridFSBucket
	chunks                     *mongo.Collection

	// slots says for each declared kind which of the numbered index fields each of its indexes uses.
	slotsLock sync.RWMutex
	slots     map[string]map[string]int

	seq sequencer
}

var _ interface {
	store.Engine
	store.Lagging
} = (*Engine)(nil)

// Open connects, makes the indexes and starts the sequencer. Returns Invalid if the address is wrong, Unavailable if the database
// cannot be reached or, read-only, lacks an index.
func Open(ctx context.Context, opt Options) (*Engine, error) {
	const op = "mongo.Open"
	name, err := databaseName(opt.URI)
	if err != nil {
		return nil, err
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	onDisk := true
	// What stands before ApplyURI can be set otherwise in the address; what stands behind it is not for choosing.
	client, err := mongo.Connect(options.Client().
		SetAppName("redsteward").
		SetServerSelectionTimeout(connectLimit).
		SetConnectTimeout(connectLimit).
		ApplyURI(opt.URI).
		SetReadPreference(readpref.Primary()).
		SetWriteConcern(&writeconcern.WriteConcern{W: writeconcern.WCMajority, Journal: &onDisk}))
	if err != nil {
		return nil, fault.Wrap(op, fault.Invalid, "store.uri 不是有效的 MongoDB 地址", err)
	}
	db := client.Database(name)
	e := &Engine{
		opt: opt, client: client,
		journal: db.Collection("journal"), log: db.Collection("log"), state: db.Collection("state"),
		values: db.Collection("values"), ephemeral: db.Collection("ephemeral"), uploads: db.Collection("uploads"),
		files: db.GridFSBucket(options.GridFSBucket().SetName("files")), chunks: db.Collection("files.chunks"),
		slots: map[string]map[string]int{},
	}
	err = e.prepare(ctx)
	if err != nil {
		_ = e.disconnect()
		return nil, err
	}
	if !opt.ReadOnly {
		e.startSequencer()
	}
	return e, nil
}

// prepare waits for the server and makes or checks the indexes.
func (e *Engine) prepare(ctx context.Context) error {
	const op = "mongo.Open"
	err := e.client.Ping(ctx, nil)
	if err != nil {
		return fault.Wrap(op, fault.Unavailable, "连不上 MongoDB 数据库，请检查数据库服务和配置里的 store.uri", err)
	}
	if !e.opt.ReadOnly {
		for coll, models := range e.indexes() {
			lacking, err := lackingIndexes(ctx, coll, models)
			if err != nil {
				return err
			}
			if len(lacking) == 0 {
				continue
			}
			_, err = coll.Indexes().CreateMany(ctx, lacking)
			if err != nil {
				return broken(op, err)
			}
		}
	}
	return e.CheckIndexes(ctx)
}

// indexFields is how many numbered index fields a state document has: one for each ordered index that a kind may declare.
const indexFields = store.MaxIndexes

// The names of the indexes; a query hints at the one it was written for, so a missing index is an error and not a slow page.
const (
	pendingIndex    = "pending"
	unnumberedIndex = "unnumbered"
	kindIndex       = "kind"
	expiryIndex     = "expires"
)

// keyIndex names the index over one of the numbered index fields.
func keyIndex(slot int) string { return fmt.Sprintf("key%d", slot) }

// keyField and sortField name the fields of a slot in a state document.
func keyField(slot int) string  { return fmt.Sprintf("k%d", slot) }
func sortField(slot int) string { return fmt.Sprintf("s%d", slot) }

// indexes lists what is declared, by collection.
//
// All kinds share the numbered fields, for a collection can have no more than 64 indexes. Only the key of a slot is a list, its sort text
// is not: that is what lets the server read a run in order instead of sorting it.
func (e *Engine) indexes() map[*mongo.Collection][]mongo.IndexModel {
	one := func(name string, sparse bool, fields ...string) mongo.IndexModel {
		keys := bson.D{}
		for _, f := range fields {
			keys = append(keys, bson.E{Key: f, Value: 1})
		}
		o := options.Index().SetName(name)
		if sparse {
			o.SetSparse(true)
		}
		return mongo.IndexModel{Keys: keys, Options: o}
	}
	state := []mongo.IndexModel{one(kindIndex, false, "kind", "_id")}
	for slot := range indexFields {
		state = append(state, one(keyIndex(slot), false, keyField(slot), sortField(slot), "_id"))
	}
	return map[*mongo.Collection][]mongo.IndexModel{
		e.journal:   {one(pendingIndex, true, "pending"), one(unnumberedIndex, true, "unnumbered")},
		e.state:     state,
		e.ephemeral: {one(expiryIndex, false, "expires")},
	}
}

// CheckIndexes compares the indexes of the database with those the engine needs. Returns Unavailable naming the first that is missing or
// has other fields.
func (e *Engine) CheckIndexes(ctx context.Context) error {
	for coll, models := range e.indexes() {
		lacking, err := lackingIndexes(ctx, coll, models)
		if err != nil {
			return err
		}
		if len(lacking) > 0 {
			keys, _ := lacking[0].Keys.(bson.D)
			return fault.New("mongo.CheckIndexes", fault.Unavailable, fmt.Sprintf("数据库集合 %s 缺少索引（%s）", coll.Name(), strings.Join(fieldNames(keys), ", ")))
		}
	}
	return nil
}

// lackingIndexes returns those of the models that a collection does not have. Asking first is cheaper than creating again at every start,
// and FerretDB loses the connection over an index that exists.
func lackingIndexes(ctx context.Context, coll *mongo.Collection, models []mongo.IndexModel) ([]mongo.IndexModel, error) {
	const op = "mongo.CheckIndexes"
	cursor, err := coll.Indexes().List(ctx)
	if err != nil {
		return nil, broken(op, err)
	}
	var standing []struct {
		Key bson.D `bson:"key"`
	}
	err = cursor.All(ctx, &standing)
	if err != nil {
		return nil, broken(op, err)
	}
	have := map[string]bool{}
	for _, s := range standing {
		have[strings.Join(fieldNames(s.Key), ",")] = true
	}
	return slices.DeleteFunc(slices.Clone(models), func(m mongo.IndexModel) bool {
		keys, _ := m.Keys.(bson.D)
		return have[strings.Join(fieldNames(keys), ",")]
	}), nil
}

// fieldNames are the fields of an index in order.
func fieldNames(keys bson.D) []string {
	var names []string
	for _, k := range keys {
		names = append(names, k.Key)
	}
	return names
}

// Close implements store.Engine.
func (e *Engine) Close() error {
	e.stopSequencer()
	return e.disconnect()
}

// disconnect waits for running calls and ends the connections.
func (e *Engine) disconnect() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	err := e.client.Disconnect(ctx)
	if err != nil && !errors.Is(err, mongo.ErrClientDisconnected) {
		return broken("mongo.Close", err)
	}
	return nil
}

// bounded gives a short call its limit.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, callLimit)
}

// writable refuses writes on a read-only engine.
func (e *Engine) writable(op string) error {
	if e.opt.ReadOnly {
		return fault.New(op, fault.Forbidden, "数据库以只读方式打开，不能修改")
	}
	return nil
}

// nowMilli is the clock in the form in which moments are stored.
func (e *Engine) nowMilli() int64 { return e.opt.Now().UnixMilli() }

// databaseName cuts the name of the database out of an address. The address may list several hosts, which net/url does not read.
func databaseName(uri string) (string, error) {
	const op = "mongo.Open"
	_, rest, ok := strings.Cut(uri, "://")
	if !ok || !strings.HasPrefix(uri, "mongodb") {
		return "", fault.New(op, fault.Invalid, "store.uri 要以 mongodb:// 开头")
	}
	_, path, _ := strings.Cut(rest, "/")
	path, _, _ = strings.Cut(path, "?")
	name, err := url.PathUnescape(path)
	if err != nil || name == "" {
		return "", fault.Wrap(op, fault.Invalid, "store.uri 里要写数据库名，如 mongodb://主机:27017/redsteward", err)
	}
	return name, nil
}

// The server's error codes that mean "not now"; everything else that the server answers is a defect or damage.
const (
	codeOutOfDisk = 14031
	codeInterrupt = 11601
	codeNoAuth    = 18
	codeForbidden = 13
)

// broken turns an error of the driver into one of ours.
func broken(op string, err error) error {
	if err == nil {
		return nil
	}
	if fault.Is(err, fault.Unavailable) {
		return err
	}
	var server mongo.ServerError
	if errors.As(err, &server) {
		switch {
		case server.HasErrorCode(codeOutOfDisk):
			return store.Full(op, err)
		case server.HasErrorCode(codeNoAuth), server.HasErrorCode(codeForbidden):
			return fault.Wrap(op, fault.Unavailable, "数据库拒绝访问，请检查 store.uri 里的用户和权限", err)
		}
	}
	if unavailable(err) {
		return fault.Wrap(op, fault.Unavailable, "数据库暂时无法访问，请稍后再试", err)
	}
	return fault.Wrap(op, fault.Internal, "数据库返回了意外的错误", err)
}

// unavailable tells whether err says that the server could not be reached or could not finish, so that trying again may help.
func unavailable(err error) bool {
	if mongo.IsNetworkError(err) || mongo.IsTimeout(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, mongo.ErrClientDisconnected) {
		return true
	}
	var write mongo.WriteException
	if errors.As(err, &write) && write.WriteConcernError != nil && len(write.WriteErrors) == 0 {
		return true // Written, but not confirmed by a majority in time.
	}
	var bulk mongo.BulkWriteException
	if errors.As(err, &bulk) && bulk.WriteConcernError != nil && len(bulk.WriteErrors) == 0 {
		return true
	}
	var server mongo.ServerError
	if errors.As(err, &server) {
		// The labels stand on everything that a change of the primary or a shutting down server answers.
		return server.HasErrorLabel("RetryableWriteError") || server.HasErrorLabel("TransientTransactionError") || server.HasErrorCode(codeInterrupt) ||
			slices.ContainsFunc([]int{91, 189, 10107, 11600, 11602, 13435, 13436}, server.HasErrorCode)
	}
	// What is left is the driver's own: no server selected, pool cleared, connection closed.
	return true
}
