package mongo_test

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/internal/store/mongo"
	"redsteward/internal/store/mongo/mongotest"
)

// impatient makes an engine give up early on a server that is away, and notice early that it is back.
func impatient(uri string) string {
	return uri + "?serverSelectionTimeoutMS=600&heartbeatFrequencyMS=500"
}

// raw opens the database of an address past the engine.
func raw(t testing.TB, uri string) *driver.Database {
	t.Helper()
	client, err := driver.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(t.Context()) })
	return client.Database(uri[strings.LastIndex(uri, "/")+1:])
}

// eventually waits for background work.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	for begun := time.Now(); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Since(begun) > patience {
			t.Fatalf("%s has not come about", what)
		}
	}
}

// unavailable checks that an error says "later" and speaks to the user in Chinese.
func unavailable(t testing.TB, err error) {
	t.Helper()
	if !fault.Is(err, fault.Unavailable) {
		t.Fatalf("got %v, want unavailable", err)
	}
	if message := fault.MessageOf(err); !strings.ContainsAny(message, "的请连数") {
		t.Errorf("message %q is not for the user", message)
	}
}

func TestAnswerLost(t *testing.T) {
	for _, loss := range []mongotest.Loss{mongotest.LoseAnswer, mongotest.LoseRequest} {
		t.Run(fmt.Sprint(loss), func(t *testing.T) {
			uri := mongotest.URI(t)
			proxy := mongotest.NewProxy(t, uri)
			e := open(t, proxy.URI(), &clock{})
			commit(t, e, note(t, "lost", 1))

			change := note(t, "lost", 2)
			happened := proxy.LoseOnce(loss, "insert\x00", "journal", change.ID)
			commit(t, e, change)
			if !happened() {
				t.Fatal("no request was lost")
			}
			settle(t, e)
			if n := checkWhole(t, e); n != 2 {
				t.Errorf("%d records, want 2", n)
			}
		})
	}
}

// TestAnswerLostForGood loses every answer: the outcome is unknown, and the same call again finds its own record.
func TestAnswerLostForGood(t *testing.T) {
	proxy := mongotest.NewProxy(t, mongotest.URI(t))
	e := open(t, proxy.URI(), &clock{})
	change := note(t, "lost", 1)
	change.Guard = &store.Ephemeral{Key: "idem/lost", Expires: time.Now().Add(uploadLife)}
	change.GuardNow = time.Now()
	proxy.Lose(func(request []byte) mongotest.Loss {
		if bytes.Contains(request, []byte("insert\x00")) && bytes.Contains(request, []byte(change.ID)) {
			return mongotest.LoseAnswer
		}
		return mongotest.Pass
	})
	_, err := e.Commit(t.Context(), change)
	unavailable(t, err)
	proxy.Lose(nil)

	commit(t, e, change) // Guard and record stand, and the record is ours.
	change.Guard = nil
	commit(t, e, change)
	_, err = e.Commit(t.Context(), note(t, "lost", 1))
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("another record in the same place: %v", err)
	}
	settle(t, e)
	if n := checkWhole(t, e); n != 1 {
		t.Errorf("%d records, want 1", n)
	}
}

func TestStateLostIsPending(t *testing.T) {
	proxy := mongotest.NewProxy(t, mongotest.URI(t))
	c := &clock{}
	e := open(t, proxy.URI(), c)
	happened := proxy.LoseOnce(mongotest.LoseRequest, "insert\x00", "\x00state\x00", noteStream(t, "late"))
	commit(t, e, note(t, "late", 1)) // Accepted, for the record is there.
	if !happened() {
		t.Fatal("no request was lost")
	}
	wantPending := func(want int64) {
		t.Helper()
		if n, err := e.Pending(t.Context()); err != nil || n != want {
			t.Errorf("%d pending, want %d, %v", n, want, err)
		}
	}
	wantPending(1)
	settle(t, e)
	if n := checkWhole(t, e); n != 1 {
		t.Errorf("%d records, want 1", n)
	}
	c.forward(time.Minute) // the mark stays for a while: another writer may still be at it
	settle(t, e)
	wantPending(0)
}

func TestServerDownAtStart(t *testing.T) {
	server := mongotest.Reserve(t)
	c := &clock{}
	_, err := mongo.Open(t.Context(), mongo.Options{URI: impatient(server.URI()), Now: c.now})
	unavailable(t, err)
	server.Restart()
	commit(t, open(t, server.URI(), c), note(t, "up", 1))
}

func TestServerDownInTheMiddle(t *testing.T) {
	server := mongotest.Start(t)
	e := open(t, impatient(server.URI()), &clock{})
	const writers = 4
	var lock sync.Mutex
	acknowledged := map[string]bool{}
	stop := make(chan struct{})
	refused := make(chan error, 1)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				case <-time.After(10 * time.Millisecond): // FerretDB reads all documents to change one: few must do.
				}
				change := note(t, fmt.Sprintf("w%d-%d", w, i), 1)
				_, err := e.Commit(t.Context(), change)
				if err == nil {
					lock.Lock()
					acknowledged[change.ID] = true
					lock.Unlock()
					continue
				}
				select {
				case refused <- err:
				default:
				}
			}
		})
	}
	count := func() int {
		lock.Lock()
		defer lock.Unlock()
		return len(acknowledged)
	}
	eventually(t, "a first twenty", func() bool { return count() > 20 })
	server.Stop()
	unavailable(t, <-refused)
	_, err := e.Head(t.Context(), noteStream(t, "w0-0"))
	unavailable(t, err)
	server.Restart()
	before := count()
	eventually(t, "work after the restart", func() bool { return count() > before+20 })
	close(stop)
	all.Wait()
	settle(t, e)
	checkWhole(t, e)
	for id := range acknowledged {
		_, err := e.Record(t.Context(), id)
		if err != nil {
			t.Errorf("acknowledged, then lost: %s: %v", id, err)
		}
	}
}

func TestIndexesExist(t *testing.T) {
	mongotest.Each(t, func(t *testing.T, uri string) {
		c := &clock{}
		e := open(t, uri, c)
		err := e.CheckIndexes(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for coll, index := range map[string]string{"journal": "pending", "state": "key2"} {
			err = raw(t, uri).Collection(coll).Indexes().DropOne(t.Context(), index)
			if err != nil {
				t.Fatal(err)
			}
			err = e.CheckIndexes(t.Context())
			unavailable(t, err)
			if !strings.Contains(err.Error(), coll) {
				t.Errorf("%v does not name the collection %s", err, coll)
			}
			_, err = mongo.Open(t.Context(), mongo.Options{URI: uri, Now: c.now, ReadOnly: true})
			unavailable(t, err)
			err = openOnly(t, uri, c).Close()
			if err != nil {
				t.Fatal(err)
			}
			err = e.CheckIndexes(t.Context())
			if err != nil {
				t.Errorf("not made again at start: %v", err)
			}
		}
	})
}

func TestReadOnly(t *testing.T) {
	uri := mongotest.URI(t)
	c := &clock{}
	writer := open(t, uri, c)
	commit(t, writer, note(t, "read", 1))
	settle(t, writer)
	reader, err := mongo.Open(t.Context(), mongo.Options{URI: uri, Now: c.now, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := reader.Close(); err != nil {
			t.Error(err)
		}
	}()
	err = reader.Declare(t.Context(), "note", []string{"all", "by_key"})
	if err != nil {
		t.Fatal(err)
	}
	unavailable(t, reader.Declare(t.Context(), "unseen", []string{"all"}))
	_, err = reader.Commit(t.Context(), note(t, "read", 2))
	if !fault.Is(err, fault.Forbidden) {
		t.Errorf("write on a read-only engine: %v", err)
	}
	if n := checkWhole(t, reader); n != 1 {
		t.Errorf("%d records, want 1", n)
	}
}

// TestLeaseHandover lets the holder of the lease vanish without a word, and come back.
func TestLeaseHandover(t *testing.T) {
	uri := mongotest.URI(t)
	c := &clock{}
	proxy := mongotest.NewProxy(t, uri)
	first := open(t, impatient(proxy.URI()), c)
	holder := func(e *mongo.Engine) string {
		name, err := e.Busy(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return name
	}
	eventually(t, "the first lease", func() bool { return holder(first) != "" })
	second := open(t, uri, c)
	was := holder(second)

	// The holder numbers what the other process commits.
	commit(t, second, note(t, "a", 1))
	numbered := func(want int64) func() bool {
		return func() bool {
			n, err := second.LastN(t.Context())
			return err == nil && n == want
		}
	}
	eventually(t, "a number by the holder", numbered(1))
	if holder(second) != was {
		t.Fatal("the lease changed hands without need")
	}

	proxy.Lose(func([]byte) mongotest.Loss { return mongotest.LoseRequest })
	proxy.Cut()
	commit(t, second, note(t, "a", 2))
	commit(t, second, note(t, "b", 1))
	c.forward(time.Minute)
	eventually(t, "a number by the successor", numbered(3))
	if now := holder(second); now == was || now == "" {
		t.Errorf("the lease is still with %q", now)
	}

	proxy.Lose(nil)
	eventually(t, "the first engine's return", func() bool {
		_, err := first.Commit(t.Context(), note(t, "c", 1))
		return err == nil || fault.Is(err, fault.Conflict)
	})
	commit(t, first, note(t, "a", 3))
	eventually(t, "numbers after the return", numbered(5))
	settle(t, first)
	if n := checkWhole(t, second); n != 5 {
		t.Errorf("%d records, want 5", n)
	}
}

// TestLeaseOfWrongClock: a process whose clock stands an hour ahead takes the lease and vanishes. Nobody waits an hour for it.
func TestLeaseOfWrongClock(t *testing.T) {
	uri := mongotest.URI(t)
	right, wrong := &clock{}, &clock{}
	wrong.forward(time.Hour)
	proxy := mongotest.NewProxy(t, uri)
	first := open(t, impatient(proxy.URI()), wrong)
	eventually(t, "the lease of the wrong clock", func() bool {
		name, err := first.Busy(t.Context())
		return err == nil && name != ""
	})
	proxy.Lose(func([]byte) mongotest.Loss { return mongotest.LoseRequest })
	proxy.Cut()
	second := open(t, uri, right)
	commit(t, second, note(t, "a", 1))
	eventually(t, "a number by the successor", func() bool {
		n, err := second.LastN(t.Context())
		return err == nil && n == 1
	})
	proxy.Lose(nil)
}

// TestLeaseGivenBack proves that an engine which closes hands over at once.
func TestLeaseGivenBack(t *testing.T) {
	uri := mongotest.URI(t)
	c := &clock{}
	first := openOnly(t, uri, c)
	second := open(t, uri, c)
	err := first.Close()
	if err != nil {
		t.Fatal(err)
	}
	commit(t, second, note(t, "a", 1))
	eventually(t, "a number without waiting for the lease to end", func() bool {
		n, err := second.LastN(t.Context())
		return err == nil && n == 1
	})
}

// TestNumbersTogether lets two engines number the same records at the same time: the insert is the lock, not the lease.
func TestNumbersTogether(t *testing.T) {
	mongotest.Each(t, func(t *testing.T, uri string) {
		const streams, seqs = 6, 5
		c := &clock{}
		engines := []*mongo.Engine{open(t, uri, c), open(t, uri, c)}
		var all sync.WaitGroup
		for s := range streams {
			all.Go(func() {
				for seq := range int64(seqs) {
					commit(t, engines[s%2], note(t, fmt.Sprintf("s%d", s), seq+1))
					err := engines[(s+1)%2].Settle(t.Context())
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		settle(t, engines[0])
		if n := checkWhole(t, engines[1]); n != streams*seqs {
			t.Errorf("%d records, want %d", n, streams*seqs)
		}
	})
}

// TestCrashAtEachStep lets the connection of an engine end for good at each step of its work; the next engine brings everything to its end.
func TestCrashAtEachStep(t *testing.T) {
	steps := []struct {
		name  string
		loss  mongotest.Loss
		texts []string
	}{
		{"before the record", mongotest.LoseRequest, []string{"insert\x00", "\x00journal\x00", "/0000000002"}},
		{"after the record", mongotest.LoseAnswer, []string{"insert\x00", "\x00journal\x00", "/0000000002"}},
		{"before the state", mongotest.LoseRequest, []string{"update\x00", "\x00state\x00", "note c"}},
		{"after the state", mongotest.LoseAnswer, []string{"update\x00", "\x00state\x00", "note c"}},
		{"before the log number", mongotest.LoseRequest, []string{"insert\x00", "log/", "/0000000002"}},
		{"after the log number", mongotest.LoseAnswer, []string{"insert\x00", "log/", "/0000000002"}},
		{"before the record knows its number", mongotest.LoseRequest, []string{"update\x00", "\x00journal\x00", "unnumbered\x00", "/0000000002"}},
		{"after the record knows its number", mongotest.LoseAnswer, []string{"update\x00", "\x00journal\x00", "unnumbered\x00", "/0000000002"}},
		{"before the progress", mongotest.LoseRequest, []string{"update\x00", "engine/applied"}},
		{"before the state knows its number", mongotest.LoseRequest, []string{"update\x00", "\x00state\x00", "$set\x00", "n\x00"}},
		{"after the state knows its number", mongotest.LoseAnswer, []string{"update\x00", "\x00state\x00", "$set\x00", "n\x00"}},
		{"before the mark is removed", mongotest.LoseRequest, []string{"update\x00", "\x00journal\x00", "$unset\x00", "pending\x00"}},
		{"after the mark is removed", mongotest.LoseAnswer, []string{"update\x00", "\x00journal\x00", "$unset\x00", "pending\x00"}},
	}
	for _, step := range steps {
		t.Run(step.name, func(t *testing.T) {
			t.Parallel()
			uri := mongotest.URI(t)
			c := &clock{}
			proxy := mongotest.NewProxy(t, uri)
			crashing := openOnly(t, impatient(proxy.URI()), c)
			dead := loseFrom(proxy, step.loss, step.texts)
			commit(t, crashing, note(t, "c", 1))
			_, err := crashing.Commit(t.Context(), note(t, "c", 2))
			accepted := err == nil
			_ = crashing.Settle(t.Context())
			c.forward(3 * time.Second)
			_ = crashing.Settle(t.Context())
			if !dead() {
				t.Fatal("the step did not come")
			}
			_ = crashing.Close()

			c.forward(time.Minute)
			next := open(t, uri, c)
			settle(t, next)
			n := checkWhole(t, next)
			if n == 1 && accepted || n < 1 || n > 2 {
				t.Errorf("%d records after the crash, accepted %v", n, accepted)
			}
			commit(t, next, note(t, "c", n+1))
			settle(t, next)
			c.forward(3 * time.Second)
			settle(t, next)
			if got := checkWhole(t, next); got != n+1 {
				t.Errorf("%d records, want %d", got, n+1)
			}
			for _, mark := range []string{"unnumbered", "pending", "doc"} {
				left, err := raw(t, uri).Collection("journal").CountDocuments(t.Context(), bson.D{{Key: mark, Value: bson.D{{Key: "$exists", Value: true}}}})
				if err != nil || left != 0 {
					t.Errorf("%d records still carry %q: %v", left, mark, err)
				}
			}
		})
	}
}

// loseFrom lets the first request that contains all texts meet its loss and cuts every connection from then on.
func loseFrom(proxy *mongotest.Proxy, loss mongotest.Loss, texts []string) (dead func() bool) {
	var lock sync.Mutex
	tripped := false
	proxy.Lose(func(request []byte) mongotest.Loss {
		lock.Lock()
		defer lock.Unlock()
		if tripped {
			return mongotest.LoseRequest
		}
		for _, text := range texts {
			if !bytes.Contains(request, []byte(text)) {
				return mongotest.Pass
			}
		}
		tripped = true
		return loss
	})
	return func() bool {
		lock.Lock()
		defer lock.Unlock()
		return tripped
	}
}
