package mongo

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
)

const (
	// leaseKey is the ephemeral document that says which process numbers and sweeps.
	leaseKey = "engine/sequencer"
	// leaseLife is how long a process that vanished keeps the work from the others.
	leaseLife = 10 * time.Second
	// gather is how long the sequencer waits for company after the first new record.
	gather = 10 * time.Millisecond
	// sweepEvery is how often the holder looks for what other processes left, and others whether there is a holder.
	sweepEvery = 500 * time.Millisecond
	// uploadsEvery is how often the holder looks for dead uploads.
	uploadsEvery = 10 * time.Minute
	// settleAge is how old a record must be before its pending mark goes: by then its own writer has written its state document or died, so
	// that the check of the sweep comes last. A filtered replacement is atomic on MongoDB, but not on every server that speaks its protocol.
	settleAge = 2 * time.Second
	// numberBatch is how many log numbers are given with one insert.
	numberBatch = 1000
	// settleBatch is how many pending records are finished at once.
	settleBatch = 200
	// updateBatch is how many documents one command changes. Every one of them holds a connection of FerretDB's to its own files until the
	// command ends; beyond a hundred it waits for itself forever.
	updateBatch = 32
	// turnLimit ends a round that hangs; what it has done stays done.
	turnLimit = time.Minute
	// appliedName is the value that says up to which log number every record knows its own.
	appliedName = "engine/applied"
)

// sequencer is the background work of an engine: log numbers, and state documents that their writers could not write.
type sequencer struct {
	// holder names this engine in the lease.
	holder string
	// woken has room for one signal: a record was inserted.
	woken   chan struct{}
	cancel  context.CancelFunc
	running sync.WaitGroup

	// pass lets one goroutine of this process number or settle at a time; the fields below belong to it.
	pass sync.Mutex
	// applied is the log number up to which every record carries its number, as far as this process knows.
	applied int64
	// leaseRev is the Rev of our lease, 0 if we do not hold it; leaseUntil is when it ends.
	leaseRev   int64
	leaseUntil time.Time
	uploadsAt  time.Time
}

// startSequencer begins the background work.
func (e *Engine) startSequencer() {
	ctx, cancel := context.WithCancel(context.Background())
	e.seq.holder = processName()
	e.seq.woken = make(chan struct{}, 1)
	e.seq.cancel = cancel
	e.seq.running.Go(func() { e.work(ctx) })
}

// processName names this process for an operator, and this engine among those of the process.
func processName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "?"
	}
	return fmt.Sprintf("进程 %d（主机 %s，编号 %s）", os.Getpid(), host, rand.Text()[:8])
}

// Busy names the process that works on the database now, or worked on it seconds ago and did not end properly; "" if none does.
// What overwrites state documents as a whole asks first.
func (e *Engine) Busy(ctx context.Context) (string, error) {
	lease, err := e.GetEphemeral(ctx, leaseKey, e.opt.Now())
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	return string(lease.Body), err
}

// stopSequencer ends the background work and gives the lease back, so that another process takes over at once.
func (e *Engine) stopSequencer() {
	if e.seq.cancel == nil {
		return
	}
	e.seq.cancel()
	e.seq.running.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), connectLimit)
	defer cancel()
	// Which rev our lease has nobody knows for sure: the round that renewed it may have been cut off. Whose it is stands in it.
	lease, err := e.GetEphemeral(ctx, leaseKey, e.opt.Now())
	if err == nil && string(lease.Body) == e.seq.holder {
		_, err = e.ephemeral.DeleteOne(ctx, bson.D{{Key: "_id", Value: leaseKey}, {Key: "rev", Value: lease.Rev}})
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		e.opt.Logger.Warn("sequencer lease not given back", "error", err)
	}
	e.seq.leaseRev = 0
}

// wake tells the sequencer that there is something to number.
func (e *Engine) wake() {
	select {
	case e.seq.woken <- struct{}{}:
	default: // It has been told already.
	}
}

// work numbers and sweeps until the engine closes.
func (e *Engine) work(ctx context.Context) {
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	for {
		err := e.turn(ctx, true)
		for err == nil {
			select {
			case <-ctx.Done():
				return
			case <-sweep.C:
				err = e.turn(ctx, true)
			case <-e.seq.woken:
				err = pause(ctx, gather)
				if err == nil {
					err = e.turn(ctx, false)
				}
			}
		}
		if ctx.Err() != nil {
			return
		}
		// The server is away, or somebody else gave the number that we wanted: look again from the start, not at once.
		e.opt.Logger.Warn("sequencer", "error", err)
		if pause(ctx, sweepEvery) != nil {
			return
		}
	}
}

// pause waits, unless the engine closes.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// turn is one round of the lease's holder; for all others it does nothing.
func (e *Engine) turn(ctx context.Context, sweep bool) error {
	e.seq.pass.Lock()
	defer e.seq.pass.Unlock()
	ctx, cancel := context.WithTimeout(ctx, turnLimit)
	defer cancel()
	if !sweep && e.seq.leaseRev == 0 {
		return nil // The holder finds our records at its next sweep.
	}
	held, err := e.holdLease(ctx)
	if err != nil || !held {
		return err
	}
	err = e.numberAll(ctx)
	if err != nil || !sweep {
		return err
	}
	now := e.opt.Now()
	if now.Sub(e.seq.uploadsAt) >= uploadsEvery {
		err = e.sweepUploads(ctx)
		if err != nil {
			return err
		}
		e.seq.uploadsAt = now
	}
	return e.settlePending(ctx, bson.D{{Key: "$lte", Value: now.Add(-settleAge).UnixMilli()}})
}

// holdLease takes or renews the lease and tells whether we have it.
func (e *Engine) holdLease(ctx context.Context) (bool, error) {
	now := e.opt.Now()
	// A lease that ends later than one taken now is one of a clock that stood ahead.
	if left := e.seq.leaseUntil.Sub(now); e.seq.leaseRev > 0 && leaseLife/2 < left && left <= leaseLife {
		return true, nil
	}
	until := now.Add(leaseLife)
	// Not cut off when the engine closes: the server might carry it out after the lease was given back.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectLimit)
	defer cancel()
	take := func(rev int64) (int64, error) {
		return e.PutEphemeral(ctx, store.Ephemeral{Key: leaseKey, Now: now, Expires: until, Body: []byte(e.seq.holder)}, rev)
	}
	rev, err := take(e.seq.leaseRev)
	if fault.Is(err, fault.Conflict) {
		// Nobody waits for the end of a lease that was taken by a clock that stood ahead.
		if held, getErr := e.GetEphemeral(ctx, leaseKey, now); getErr == nil && held.Expires.Sub(now) > 2*leaseLife {
			rev, err = take(held.Rev)
		}
	}
	if fault.Is(err, fault.Conflict) {
		e.seq.leaseRev = 0
		return false, nil
	}
	if err != nil {
		return false, err
	}
	e.seq.leaseRev, e.seq.leaseUntil = rev, until
	return true, nil
}

// Settle implements store.Engine. It does not wait for the lease: every step is safe for several processes at once.
func (e *Engine) Settle(ctx context.Context) error {
	if e.opt.ReadOnly {
		return nil
	}
	e.seq.pass.Lock()
	defer e.seq.pass.Unlock()
	err := e.numberAll(ctx)
	if err != nil {
		return err
	}
	return e.settlePending(ctx, bson.D{{Key: "$exists", Value: true}})
}

// numberTries bounds how often another process may be faster before a round is given up.
const numberTries = 20

// numberAll gives a log number to every record that has none.
func (e *Engine) numberAll(ctx context.Context) error {
	lost := 0
	for {
		// The tail of the log is read before the records: a record that somebody numbers after that makes our insert below fail.
		err := e.applyNumbers(ctx)
		if err != nil {
			return err
		}
		ids, err := e.unnumbered(ctx)
		if err != nil || len(ids) == 0 {
			return err
		}
		entries := make([]any, len(ids))
		for i, id := range ids {
			entries[i] = logEntry{ID: logID(e.seq.applied + 1 + int64(i)), Record: id}
		}
		// In order: the first that is taken stops it, and no number is left out.
		_, err = e.log.InsertMany(ctx, entries)
		switch {
		case mongo.IsDuplicateKeyError(err) && lost < numberTries:
			lost++
		case err != nil:
			return broken("mongo.number", err)
		}
	}
}

// applyNumbers writes the numbers of new log entries into their records.
func (e *Engine) applyNumbers(ctx context.Context) error {
	const op = "mongo.applyNumbers"
	if e.seq.applied == 0 {
		text, err := e.Value(ctx, appliedName)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if err == nil {
			e.seq.applied, err = strconv.ParseInt(string(text), 10, 64)
			if err != nil {
				return fault.Wrap(op, fault.Internal, "日志进度已损坏", err)
			}
		}
	}
	cursor, err := e.entries(ctx, e.seq.applied, 0)
	if err != nil {
		return broken(op, err)
	}
	defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }()
	for {
		batch, err := nextEntries(ctx, cursor, numberBatch)
		if err != nil {
			return broken(op, err)
		}
		if len(batch) == 0 {
			return nil
		}
		var last int64
		changes := make([]mongo.WriteModel, len(batch))
		for i, l := range batch {
			last, err = l.number()
			if err != nil {
				return err
			}
			changes[i] = mongo.NewUpdateOneModel().SetFilter(byID(l.Record)).SetUpdate(bson.D{
				{Key: "$set", Value: bson.D{{Key: "n", Value: last}}}, {Key: "$unset", Value: bson.D{{Key: "unnumbered", Value: ""}}},
			})
		}
		err = changeAll(ctx, e.journal, changes)
		if err != nil {
			return err
		}
		err = e.SetValue(ctx, appliedName, []byte(strconv.FormatInt(last, 10)))
		if err != nil {
			return err
		}
		e.seq.applied = last
	}
}

// waiting is a record without log number.
type waiting struct {
	ID    string `bson:"_id"`
	N     int64  `bson:"n"`
	Since int64  `bson:"unnumbered"`
}

// unnumbered returns the ids of records without log number, the oldest first, but never a record before its predecessor: within a stream
// numbers grow with seq, whatever the clocks of the writers say.
func (e *Engine) unnumbered(ctx context.Context) ([]string, error) {
	fields := bson.D{{Key: "n", Value: 1}, {Key: "unnumbered", Value: 1}}
	found, err := e.findWaiting(ctx, bson.D{{Key: "unnumbered", Value: bson.D{{Key: "$exists", Value: true}}}},
		options.Find().SetSort(bson.D{{Key: "unnumbered", Value: 1}}).SetLimit(numberBatch).SetHint(unnumberedIndex).SetProjection(fields))
	if err != nil {
		return nil, err
	}
	byRecord := map[string]waiting{}
	before := map[string]string{}
	for fresh := found; len(fresh) > 0; {
		var unseen []string
		for _, w := range fresh {
			byRecord[w.ID] = w
			stream, seq, err := journal.ParseRecordID(w.ID)
			if err != nil {
				return nil, fault.Wrap("mongo.unnumbered", fault.Internal, "记录编号已损坏", err)
			}
			if seq > 1 {
				before[w.ID] = journal.RecordID(stream, seq-1)
				unseen = append(unseen, before[w.ID])
			}
		}
		unseen = slices.DeleteFunc(unseen, func(id string) bool { _, seen := byRecord[id]; return seen })
		if len(unseen) == 0 {
			break
		}
		// A predecessor was inserted earlier, but it may lie beyond the limit, or have been inserted after our cursor had passed its place.
		predecessors, err := e.findWaiting(ctx, in(unseen), options.Find().SetProjection(fields))
		if err != nil {
			return nil, err
		}
		fresh = slices.DeleteFunc(predecessors, func(w waiting) bool { return w.N > 0 })
	}
	return inOrder(byRecord, before), nil
}

// inOrder sorts by time, then puts every record behind its predecessor.
func inOrder(byRecord map[string]waiting, before map[string]string) []string {
	all := make([]waiting, 0, len(byRecord))
	for _, w := range byRecord {
		all = append(all, w)
	}
	slices.SortFunc(all, func(a, b waiting) int { return cmp.Or(cmp.Compare(a.Since, b.Since), cmp.Compare(a.ID, b.ID)) })
	ids := make([]string, 0, len(all))
	placed := map[string]bool{}
	for _, w := range all {
		var chain []string
		for id := w.ID; !placed[id]; id = before[id] {
			if _, known := byRecord[id]; !known {
				break
			}
			placed[id] = true
			chain = append(chain, id)
		}
		slices.Reverse(chain)
		ids = append(ids, chain...)
	}
	return ids
}

// findWaiting reads id, number and time of records.
func (e *Engine) findWaiting(ctx context.Context, filter bson.D, o *options.FindOptionsBuilder) ([]waiting, error) {
	const op = "mongo.unnumbered"
	cursor, err := e.journal.Find(ctx, filter, o)
	if err != nil {
		return nil, broken(op, err)
	}
	var found []waiting
	err = cursor.All(ctx, &found)
	return found, broken(op, err)
}

// Pending implements store.Lagging.
func (e *Engine) Pending(ctx context.Context) (int64, error) {
	n, err := e.journal.CountDocuments(ctx, bson.D{{Key: "pending", Value: bson.D{{Key: "$gt", Value: 0}}}}, options.Count().SetHint(pendingIndex))
	return n, broken("mongo.Pending", err)
}

// settlePending brings the state documents of the pending records to their end, for those whose pending time fulfils the condition.
func (e *Engine) settlePending(ctx context.Context, since bson.D) error {
	const op = "mongo.settle"
	cursor, err := e.journal.Find(ctx, bson.D{{Key: "pending", Value: since}}, options.Find().SetHint(pendingIndex).SetBatchSize(settleBatch).
		SetProjection(bson.D{{Key: "n", Value: 1}, {Key: "pending", Value: 1}, {Key: "doc", Value: 1}}))
	if err != nil {
		return broken(op, err)
	}
	defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }()
	for {
		var batch []recordDoc
		for len(batch) < settleBatch && cursor.Next(ctx) {
			var d recordDoc
			err = cursor.Decode(&d)
			if err != nil {
				return fault.Wrap(op, fault.Internal, "变更记录已损坏", err)
			}
			batch = append(batch, d)
		}
		err = cursor.Err()
		if err != nil {
			return broken(op, err)
		}
		if len(batch) == 0 {
			return nil
		}
		err = e.settleRecords(ctx, batch)
		if err != nil {
			return err
		}
	}
}

// settleRecords brings some pending records to their end.
func (e *Engine) settleRecords(ctx context.Context, batch []recordDoc) error {
	const op = "mongo.settle"
	newest := map[string]*recordDoc{}
	seqs := map[string]int64{}
	for i := range batch {
		stream, seq, err := journal.ParseRecordID(batch[i].ID)
		if err != nil {
			return fault.Wrap(op, fault.Internal, "记录编号已损坏", err)
		}
		if seq > seqs[stream] && batch[i].Doc != nil {
			newest[stream], seqs[stream] = &batch[i], seq
		}
	}
	streams := make([]string, 0, len(newest))
	for stream := range newest {
		streams = append(streams, stream)
	}
	standing := map[string]store.Row{}
	err := e.eachRow(ctx, in(streams), options.Find().SetProjection(rowFields(0)), func(r store.Row) error {
		standing[r.Stream] = r
		return nil
	})
	if err != nil {
		return err
	}
	var changes []mongo.WriteModel
	for stream, record := range newest {
		change, err := settleChange(stream, seqs[stream], record, standing[stream])
		if err != nil {
			return err
		}
		if change != nil {
			changes = append(changes, change)
		}
	}
	err = changeAll(ctx, e.state, changes)
	if err != nil {
		return err
	}
	return e.unmarkPending(ctx, batch)
}

// changeAll makes changes in any order. A duplicate key means that a newer document stands already, and is no error.
func changeAll(ctx context.Context, coll *mongo.Collection, changes []mongo.WriteModel) error {
	for some := range slices.Chunk(changes, updateBatch) {
		ctx, cancel := bounded(ctx)
		_, err := coll.BulkWrite(ctx, some, options.BulkWrite().SetOrdered(false))
		cancel()
		if err != nil && !onlyDuplicates(err) {
			return broken("mongo.changeAll", err)
		}
	}
	return nil
}

// settleChange says what a state document lacks; nil if nothing.
func settleChange(stream string, seq int64, record *recordDoc, standing store.Row) (mongo.WriteModel, error) {
	switch {
	case standing.Seq > seq || standing.Seq == seq && (standing.N > 0 || record.N == 0):
		return nil, nil
	case standing.Seq == seq:
		return mongo.NewUpdateOneModel().SetFilter(bson.D{{Key: "_id", Value: stream}, {Key: "seq", Value: seq}}).
			SetUpdate(bson.D{{Key: "$set", Value: bson.D{{Key: "n", Value: record.N}}}}), nil
	}
	var doc bson.D
	err := bson.Unmarshal(record.Doc, &doc)
	if err != nil {
		return nil, fault.Wrap("mongo.settle", fault.Internal, "变更记录已损坏", err)
	}
	for i := range doc {
		if doc[i].Key == "n" {
			doc[i].Value = record.N
		}
	}
	return mongo.NewReplaceOneModel().SetFilter(olderThan(stream, seq)).SetReplacement(doc).SetUpsert(true), nil
}

// onlyDuplicates tells whether a bulk write failed only where a newer document stood already.
func onlyDuplicates(err error) bool {
	var bulk mongo.BulkWriteException
	if !errors.As(err, &bulk) || bulk.WriteConcernError != nil {
		return false
	}
	return !slices.ContainsFunc(bulk.WriteErrors, func(w mongo.BulkWriteError) bool { return !mongo.IsDuplicateKeyError(w) })
}

// unmarkPending takes the mark off the records that are numbered and old enough.
func (e *Engine) unmarkPending(ctx context.Context, batch []recordDoc) error {
	oldest := e.opt.Now().Add(-settleAge).UnixMilli()
	var done []string
	for i := range batch {
		if batch[i].N > 0 && batch[i].Pending <= oldest {
			done = append(done, batch[i].ID)
		}
	}
	if len(done) == 0 {
		return nil
	}
	_, err := e.journal.UpdateMany(ctx, in(done), bson.D{{Key: "$unset", Value: bson.D{{Key: "pending", Value: ""}, {Key: "doc", Value: ""}}}})
	return broken("mongo.settle", err)
}

// Backlog is how far the lists lag behind the journal.
type Backlog struct {
	// Unnumbered counts the records without log number.
	Unnumbered int64
	// Oldest is when the oldest of them was inserted; the zero time if there is none.
	Oldest time.Time
}

// Backlog tells what the sequencer has before it, for the metrics: lists may lag by at most ten seconds.
func (e *Engine) Backlog(ctx context.Context) (Backlog, error) {
	const op = "mongo.Backlog"
	ctx, cancel := bounded(ctx)
	defer cancel()
	waits := bson.D{{Key: "unnumbered", Value: bson.D{{Key: "$exists", Value: true}}}}
	n, err := e.journal.CountDocuments(ctx, waits, options.Count().SetHint(unnumberedIndex))
	if err != nil || n == 0 {
		return Backlog{}, broken(op, err)
	}
	var oldest waiting
	err = e.journal.FindOne(ctx, waits, options.FindOne().SetSort(bson.D{{Key: "unnumbered", Value: 1}}).SetHint(unnumberedIndex)).Decode(&oldest)
	if err != nil && !missing(err) {
		return Backlog{}, broken(op, err)
	}
	return Backlog{Unnumbered: n, Oldest: time.UnixMilli(oldest.Since).UTC()}, nil
}
