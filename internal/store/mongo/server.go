package mongo

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"redsteward/internal/store"
)

// Server is what a database server says of itself.
type Server struct {
	// Version is its version, such as "7.0.14".
	Version string
	// Set is the name of its replica set, "" if it is none; Shards: it is a router before several.
	Set    string
	Shards bool
	// Clock is its time when it answered.
	Clock time.Time
}

// Server asks the server for its version, how it stands and its clock. Returns Unavailable if it does not answer.
func (e *Engine) Server(ctx context.Context) (Server, error) {
	var build struct {
		Version string `bson:"version"`
	}
	var hello struct {
		Set   string    `bson:"setName"`
		Msg   string    `bson:"msg"`
		Local time.Time `bson:"localTime"`
	}
	err := e.ask(ctx, bson.D{{Key: "buildInfo", Value: 1}}, &build)
	if err == nil {
		err = e.ask(ctx, bson.D{{Key: "hello", Value: 1}}, &hello)
	}
	return Server{Version: build.Version, Set: hello.Set, Shards: hello.Msg == "isdbgrid", Clock: hello.Local}, err
}

// ask runs a command on the database.
func (e *Engine) ask(ctx context.Context, command bson.D, answer any) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	return broken("mongo.ask", e.journal.Database().RunCommand(ctx, command).Decode(answer))
}

// stats are the sizes of a database or collection; a server may answer with whole numbers or others.
type stats struct {
	Storage float64 `bson:"storageSize"`
	Indexes float64 `bson:"indexSize"`
	All     float64 `bson:"totalIndexSize"`
}

// Size implements store.Sized: what the server takes on disk, of one copy.
func (e *Engine) Size(ctx context.Context) (store.Bytes, error) {
	var whole, files stats
	err := e.ask(ctx, bson.D{{Key: "dbStats", Value: 1}}, &whole)
	if err == nil {
		err = e.ask(ctx, bson.D{{Key: "collStats", Value: e.chunks.Name()}}, &files)
	}
	stored := int64(files.Storage + files.All)
	return store.Bytes{Database: max(0, int64(whole.Storage+whole.Indexes)-stored), Files: stored}, err
}

var _ store.Sized = (*Engine)(nil)
