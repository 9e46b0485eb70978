//go:build !race

package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"redsteward/internal/store/mongo"
	"redsteward/internal/store/mongo/mongotest"
)

// TestSoakMongo: two processes serve one database. The connection of one is cut, it is killed while it may hold the lease of the sequencer, it stands still while the other takes the lease and wakes up believing that it holds it, both
// are killed and start at once at another time of day, the server itself is killed, a backup is made meanwhile, and both are killed in the middle of that of the job. What was acknowledged by either is there once, and the log has no gap.
func TestSoakMongo(t *testing.T) {
	folders := [2]string{t.TempDir(), t.TempDir()}
	server := mongotest.Start(t)
	proxy := mongotest.NewProxy(t, server.URI())
	makeMasterKey(t, folders[0])
	text, err := os.ReadFile(filepath.Join(folders[0], "master.key"))
	if err == nil {
		err = os.WriteFile(filepath.Join(folders[1], "master.key"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	k := newSoak(t, 1, "store.uri="+server.URI(), "store.master_key="+filepath.Join(folders[0], "master.key"))
	m := &soakOnMongo{soak: k, server: server, proxy: proxy, folders: folders, second: mongotest.Address(t), crew: workers{reporters: 2, dispatchers: 1, readers: 1, cashiers: 1}}
	m.here, m.there = peopleAt("http://"+k.at), peopleAt("http://"+m.second)
	m.both()
	k.play([]turn{{"connection cut", m.cut}, {"server killed", m.down}, {"lease", m.still}, {"both killed", m.fight}, {"backup", m.backup}, {"job killed", m.job}})
	m.first.stop(t)
	m.beside.stop(t)
	k.end()
}

// soakOnMongo is a soak of two processes on one database: the first reaches it through a proxy.
type soakOnMongo struct {
	*soak
	server *mongotest.Server
	proxy  *mongotest.Proxy
	// folders are those of the two, with the same master key.
	folders [2]string
	// second is the address of the other process; the first has that of the soak.
	second        string
	first, beside *running
	// clock is how long after the first day the clocks of both stand.
	clock       time.Duration
	here, there people
	crew        workers
}

// begin starts the first process.
func (m *soakOnMongo) begin() {
	m.t.Helper()
	m.first = startProgram(m.t, m.command, append(m.serve(m.clock), "--set", "store.uri="+m.proxy.URI())...)
}

// bothAt starts both processes at a clock.
func (m *soakOnMongo) bothAt(clock time.Duration) {
	m.t.Helper()
	m.jumps(clock)
	m.clock = clock
	m.both()
}

// both starts both processes and lets people sign in.
func (m *soakOnMongo) both() {
	m.t.Helper()
	started := make(chan *running)
	go func() {
		defer close(started)
		started <- startProgram(m.t, m.command, slices.Concat(m.serve(m.clock), []string{"--set", "listen=" + m.second, "--set", "store.master_key=" + filepath.Join(m.folders[1], "master.key")})...)
	}()
	m.begin()
	m.beside = <-started
	if m.beside == nil {
		m.t.FailNow()
	}
	m.here.signIn(m.soak)
	m.there.signIn(m.soak)
}

// working lets people work at both while do happens.
func (m *soakOnMongo) working(do func()) {
	m.during(m.there, workers{reporters: 1, dispatchers: 1}, nil, func() { m.during(m.here, m.crew, nil, do) })
	m.book.settle(m.t)
}

// cut cuts all connections of the first process to the server twice, and kills it; the other goes on.
func (m *soakOnMongo) cut(time.Duration) {
	m.during(m.there, workers{reporters: 1, dispatchers: 1}, nil, func() {
		m.during(m.here, m.crew, nil, func() {
			m.progress(6)
			m.everybody()
			for range 2 {
				m.proxy.Cut()
				m.survives("connection to MongoDB cut under load", 1)
				m.progress(4)
			}
			m.kill(m.first)
			m.progress(4) // the other goes on
		})
	})
	m.begin()
	m.book.settle(m.t)
}

// down kills the server of the database under both, and starts it again.
func (m *soakOnMongo) down(time.Duration) {
	m.working(func() {
		m.progress(4)
		m.server.Stop()
		m.survives("MongoDB server killed under load", 1)
		m.server.Restart()
		m.progress(8)
	})
}

// still lets the first process stand still until the other numbers the records, and wakes it up in the middle of that.
func (m *soakOnMongo) still(time.Duration) {
	engine := m.engine()
	m.working(func() {
		m.progress(4)
		if err := m.first.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			m.t.Fatal(err)
		}
		last, err := engine.LastN(m.t.Context())
		m.until("the other numbers the records", func() bool {
			n, failed := engine.LastN(m.t.Context())
			err = errors.Join(err, failed)
			return failed != nil || n > last+8
		})
		if err := errors.Join(err, m.first.cmd.Process.Signal(syscall.SIGCONT)); err != nil {
			m.t.Error(err)
		}
		m.survives("process stood still, lease taken by the other", 1)
		m.progress(8)
	})
}

// engine opens the database to read, until the test ends.
func (m *soakOnMongo) engine() *mongo.Engine {
	m.t.Helper()
	engine, err := mongo.Open(m.t.Context(), mongo.Options{URI: m.server.URI(), Now: time.Now, ReadOnly: true})
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			m.t.Error(err)
		}
	})
	return engine
}

// numbered waits until every record of before has its log number: a backup holds those.
func (m *soakOnMongo) numbered(before time.Time) {
	m.t.Helper()
	engine := m.engine()
	m.until("numbers", func() bool {
		b, err := engine.Backlog(m.t.Context())
		return err == nil && (b.Unnumbered == 0 || b.Oldest.After(before))
	})
}

// fight kills both and starts both at once at a clock: each finds the lease of one that is gone.
func (m *soakOnMongo) fight(clock time.Duration) {
	m.during(m.there, workers{reporters: 1, dispatchers: 1}, nil, func() {
		m.during(m.here, m.crew, nil, func() {
			m.progress(6)
			m.kill(m.first)
			m.kill(m.beside)
		})
	})
	m.bothAt(clock)
	m.book.settle(m.t)
	m.survives("two processes started at once on one lease", 1)
}

// backup backs up beside the work of both, and restores into a folder.
func (m *soakOnMongo) backup(time.Duration) {
	backups, restored := filepath.Join(m.t.TempDir(), "backups"), filepath.Join(m.t.TempDir(), "restored")
	var told *book
	m.working(func() {
		m.progress(4)
		told = m.book.told()
		m.numbered(time.Now())
		m.outcomeOf("backup", "--config", m.sets(), backups)
		m.progress(4)
	})
	m.outcomeOf("restore", backups, "--data", restored, "--master-key", filepath.Join(m.folders[0], "master.key"))
	m.examine(m.t, told, false, "store.uri="+restored, "store.master_key=")
	m.outcomeOf("verify", restored)
	m.survives("backup under load, restored and verified", 1)
}

// job starts both when a backup is due and kills both while whichever does it is half done; a day later the claim of the killed job is nobody's any more, and the backup is made.
func (m *soakOnMongo) job(time.Duration) {
	m.kill(m.first)
	m.kill(m.beside)
	before := m.backedUp()
	m.bothAt(m.due())
	half := m.halfDone(before)
	m.kill(m.first)
	m.kill(m.beside)
	if half {
		m.survives("job killed half-way", 1)
		before = m.backedUp()
	}
	m.bothAt(m.latest + 25*time.Hour)
	m.book.settle(m.t)
	m.until("the backup of the job", func() bool { return m.backedUp() > before })
}
