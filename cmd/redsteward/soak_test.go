//go:build !race

package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/valyala/fasthttp"

	"redsteward/internal/calendar"
	"redsteward/internal/store/backup"
	"redsteward/internal/store/mongo/mongotest"
)

// soakVariable says how long a soak lasts, such as 10m, or short for each turn once; without it there is one turn, for the check. soakSeed repeats the turns of another run.
const soakVariable, soakSeed = "REDSTEWARD_SOAK", "REDSTEWARD_SOAK_SEED"

// soak is a town whose people work while things break.
type soak struct {
	*town
	t       *testing.T
	command string
	// args are those of serve beside listen and the clock.
	args []string
	// byJob is the folder into which the job backs up.
	byJob string
	book  *book
	scan  []byte
	// at is the address at which the program is reached, the same after every start.
	at    string
	began time.Time
	// keys number the forms, reads are public pages that were read.
	keys, reads atomic.Int64
	// complained bounds what is told of a failure that every request meets.
	complained atomic.Int64
	// survived counts faults by what they are called, in the order in which they first came.
	survived map[string]int
	faults   []string
	// latest is the latest clock of any process.
	latest time.Duration
}

// survives counts a fault that did no harm so far; the end of the soak has the last word.
func (k *soak) survives(fault string, times int) {
	if k.survived[fault] == 0 {
		k.faults = append(k.faults, fault)
	}
	k.survived[fault] += times
}

func newSoak(t *testing.T, projects int, settings ...string) *soak {
	t.Helper()
	byJob := filepath.Join(t.TempDir(), "by-job")
	settings = append(settings, "backup.folder="+byJob, "files.divisions="+divisionsFile(t), "business_clock="+demoStart, "log.level=error")
	k := &soak{town: buildTown(t, projects, settings...), byJob: byJob, t: t, command: builtCommand(t), book: newBook(), at: mongotest.Address(t), began: mustTime(demoStart), survived: map[string]int{}}
	for _, s := range settings {
		k.args = append(k.args, "--set", s)
	}
	var scan bytes.Buffer
	if err := png.Encode(&scan, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	k.scan = scan.Bytes()
	return k
}

// serve are the arguments of a process whose business clock stands so long after the first day, before it too.
func (k *soak) serve(clock time.Duration) []string {
	k.latest = max(k.latest, clock)
	return slices.Concat([]string{"serve"}, k.args, []string{"--set", "listen=" + k.at, "--set", "business_clock=" + k.began.Add(clock).Format(time.RFC3339)})
}

// jumps tells a clock that is put to another time from how it stood at most.
func (k *soak) jumps(clock time.Duration) {
	if clock < k.latest {
		k.survives("clock put back", 1)
	} else if clock > k.latest {
		k.survives("clock put forward", 1)
	}
}

// due is the clock of a day of which no backup was made yet.
func (k *soak) due() time.Duration { return k.latest.Truncate(24*time.Hour) + 26*time.Hour }

// halfDone waits until the job has backed up, or is seen in the middle of it, which it returns.
func (k *soak) halfDone(before int64) bool {
	k.t.Helper()
	half := false
	k.until("the job", func() bool {
		half = k.unfinished()
		return half || k.backedUp() > before
	})
	return half
}

// people work at one address.
type people struct{ reporter, dispatcher, cashier, nobody *visitor }

func peopleAt(base string) people { return people{visit(base), visit(base), visit(base), visit(base)} }

// signIn lets the people sign in; after a jump of the clock their sessions may be over.
func (p people) signIn(k *soak) {
	k.t.Helper()
	p.reporter.signIn(k.t, townReporter, k.password)
	p.dispatcher.signIn(k.t, townDispatcher, k.password)
	p.cashier.signIn(k.t, townCashier, k.password)
}

// workers is who works at once; cashiers is how many of the compounds pay in, each through one cashier: two who book in one ledger at once are in each other's way.
type workers struct{ reporters, dispatchers, readers, cashiers int }

// work lets people work until the context ends. refused, if not nil, is told every form that did not come to its end, with its answer: the program is away or cannot now.
func (k *soak) work(ctx context.Context, p people, c workers, refused func(*try, answered)) {
	var all sync.WaitGroup
	each := func(n int, next func() *try) {
		for range n {
			all.Go(func() {
				for ctx.Err() == nil {
					f := next()
					if f == nil {
						time.Sleep(5 * time.Millisecond)
						continue
					}
					answer, done, away := f.send()
					switch {
					case away:
						k.book.Lock()
						k.book.open = append(k.book.open, f)
						k.book.Unlock()
						if refused != nil {
							refused(f, answer)
						}
						time.Sleep(50 * time.Millisecond)
					case !done && k.complained.Add(1) < 5:
						k.t.Errorf("%s: %d %.1500s\n%s", f.address, answer.status, answer.body, f.fields)
					}
				}
			})
		}
	}
	key := func(kind string) string { return fmt.Sprint(kind, "-", k.keys.Add(1)) }
	each(c.reporters, func() *try { return k.book.report(p.reporter, k.community, key("report")) })
	each(c.dispatchers, func() *try { return k.book.dispatch(p.dispatcher, key("dispatch")) })
	for i, project := range k.projects[:c.cashiers] {
		n := int64(0)
		each(1, func() *try {
			n++
			return k.book.pay(p.cashier, project, fmt.Sprintf("赣财%d-%s", i, key("")), n%97+1, calendar.DateOf(k.began).Add(-1), k.scan)
		})
	}
	for range c.readers {
		all.Go(func() {
			for ctx.Err() == nil {
				if answer, err := p.nobody.ask("/", "", nil); err == nil && answer.status == 200 {
					k.reads.Add(1)
				} else if err != nil {
					time.Sleep(10 * time.Millisecond)
				} else if k.complained.Add(1) < 5 {
					k.t.Errorf("the public page: %d %.500s", answer.status, answer.body)
				}
			}
		})
	}
	all.Wait()
}

// during lets people work while do happens, and for as long as it takes.
func (k *soak) during(p people, c workers, refused func(*try, answered), do func()) {
	ctx, stop := context.WithCancel(k.t.Context())
	var working sync.WaitGroup
	working.Go(func() { k.work(ctx, p, c, refused) })
	defer func() { // also when do ends the test
		stop()
		working.Wait()
	}()
	do()
}

// until waits until something is true.
func (k *soak) until(what string, come func() bool) {
	k.t.Helper()
	for began := time.Now(); !come(); time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > patience {
			k.t.Fatalf("waited for %s in vain", what)
		}
	}
}

// progress waits until so many forms more took effect.
func (k *soak) progress(n int) {
	k.t.Helper()
	done := func() int {
		k.book.Lock()
		defer k.book.Unlock()
		return len(k.book.reported) + len(k.book.dispatched) + len(k.book.paid)
	}
	from := done()
	k.until("work", func() bool { return done() >= from+n })
}

// everybody waits until each kind of work has been done at least once.
func (k *soak) everybody() {
	k.t.Helper()
	k.until("everybody", func() bool {
		k.book.Lock()
		defer k.book.Unlock()
		return len(k.book.reported) > 0 && len(k.book.dispatched) > 0 && len(k.book.paid) > 0 && k.reads.Load() > 0
	})
}

// kill ends a process at once, in the middle of what it does. Nothing of it stays outside of its folder, where nobody would look for it.
func (k *soak) kill(r *running) {
	k.t.Helper()
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
	left, err := os.ReadDir(r.temp)
	if err != nil || len(left) > 0 {
		k.t.Errorf("a killed process left %v, %v", left, err)
	}
	k.survives("process killed (kill -9)", 1)
}

// outcomeOf runs a command to its end, which must be good.
func (k *soak) outcomeOf(args ...string) string {
	k.t.Helper()
	text, code := outcome(k.t, k.command, args...)
	if code != exitOK {
		k.t.Errorf("%s: exit %d\n%s", strings.Join(args, " "), code, text)
	}
	return text
}

// sets writes the settings as a configuration file for the commands that take one.
func (k *soak) sets() string {
	k.t.Helper()
	var text strings.Builder
	open := ""
	for _, s := range slices.Sorted(slices.Values(k.settings)) {
		key, value, _ := strings.Cut(s, "=")
		group, name, nested := strings.Cut(key, ".")
		switch {
		case !nested:
			name, open = group, ""
		case group != open:
			fmt.Fprintf(&text, "%s:\n", group)
			open = group
		}
		if nested {
			text.WriteString("  ")
		}
		fmt.Fprintf(&text, "%s: %q\n", name, value)
	}
	file := filepath.Join(k.t.TempDir(), "redsteward.yaml")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		k.t.Fatal(err)
	}
	return file
}

// end holds everything against what the people were told, and lets the program examine itself.
func (k *soak) end() {
	k.t.Helper()
	k.examine(k.t, k.book, true)
	k.outcomeOf("doctor", "--config", k.sets())
	table := &strings.Builder{}
	w := tabwriter.NewWriter(table, 0, 0, 2, ' ', 0)
	for _, fault := range k.faults {
		fmt.Fprintf(w, "%s\t%d\n", fault, k.survived[fault])
	}
	fmt.Fprintf(w, "matters acknowledged, all there\t%d\nof them dispatched\t%d\npayments acknowledged, booked once\t%d\npublic pages read meanwhile\t%d\n", len(k.book.reported), len(k.book.dispatched), len(k.book.paid), k.reads.Load())
	if err := w.Flush(); err != nil {
		k.t.Error(err)
	}
	k.t.Logf("survived\n%s", table)
}

// The lengths of a soak that are no duration.
const (
	// oneTurn is that of the check.
	oneTurn time.Duration = 0
	// eachOnce lets every turn come once.
	eachOnce time.Duration = -1
)

// lasting is how long a soak lasts by its variable.
func lasting(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv(soakVariable)
	switch text {
	case "":
		return oneTurn
	case "short":
		return eachOnce
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		t.Fatalf("%s=%q is no duration and not short", soakVariable, text)
	}
	return d
}

// turn is one thing that goes wrong, at a clock.
type turn struct {
	name string
	do   func(clock time.Duration)
}

// play lets the first turn come, and then as many more as the length of the soak has room for: none, each of them, or what the dice say at whatever clock they say.
func (k *soak) play(turns []turn) {
	k.t.Helper()
	lasts := lasting(k.t)
	turns[0].do(0)
	switch lasts {
	case oneTurn:
	case eachOnce:
		for i, next := range turns[1:] {
			next.do([]time.Duration{26 * time.Hour, 25 * time.Hour, -30 * time.Minute, 50 * time.Hour}[i%4])
		}
	default:
		roll := dice(k.t)
		for until := time.Now().Add(lasts); time.Now().Before(until) && !k.t.Failed(); {
			next, clock := turns[roll.IntN(len(turns))], time.Duration(roll.IntN(72)-12)*time.Hour
			k.t.Logf("%s, the clock at %s", next.name, clock)
			next.do(clock)
		}
	}
}

// dice are the turns of a long soak; the seed is told, so that they can be repeated.
func dice(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv(soakSeed); text != "" {
		if _, err := fmt.Sscan(text, &seed); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%s=%d", soakSeed, seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// TestSoak: people report, dispatch, pay and read at the running program, while it is killed again and again, its disk is slow or full, its clock jumps, backups are made beside it and a job is killed with it. What was
// acknowledged is there afterwards, what was not can be sent again and takes effect once, the fund adds up, and a backup taken meanwhile holds what was told before it. `make soak` lets it go on for minutes.
func TestSoak(t *testing.T) {
	dir, backups := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "backups")
	k := newSoak(t, 2, "store.uri="+dir)
	s := &soakOnDisk{soak: k, dir: dir, backups: backups, crew: workers{reporters: 4, dispatchers: 2, readers: 2, cashiers: 2}, at: peopleAt("http://" + k.at)}
	turns := []turn{{"killed", s.flow}, {"job killed", s.job}, {"backup", s.backup}, {"disk full", s.full}, {"disk slow", s.slow}}
	k.play(turns)
	long := lasting(t) != oneTurn
	clock := k.latest
	if long {
		clock += 25 * time.Hour // a backup is due, and the claim of a killed job is nobody's any more
	}
	before := k.backedUp()
	r, _ := s.start(clock)
	if long {
		k.until("the backup of the job", func() bool { return k.backedUp() > before })
	}
	k.during(s.at, s.crew, nil, func() {
		k.progress(10)
		k.everybody()
	})
	k.book.settle(t)
	r.stop(t)
	k.end()
	k.outcomeOf("verify", dir)
	if _, err := backup.List(k.byJob); err != nil {
		t.Errorf("the backups of killed jobs: %v", err)
	}
}

// soakOnDisk is a soak of one process over its own folder.
type soakOnDisk struct {
	*soak
	// dir holds the data, backups what is backed up by hand.
	dir, backups string
	crew         workers
	at           people
}

// start starts the program and lets people sign in and send again what nobody answered.
func (s *soakOnDisk) start(clock time.Duration) (*running, *disk) {
	s.t.Helper()
	r, d := s.alone(clock, 0)
	s.at.signIn(s.soak)
	s.book.settle(s.t)
	return r, d
}

// alone starts the program on a disk of which every flush takes so long, and nobody works with it.
func (s *soakOnDisk) alone(clock, flush time.Duration) (*running, *disk) {
	s.t.Helper()
	s.jumps(clock)
	args := s.serve(clock)
	if lasting(s.t) == oneTurn {
		return startProgram(s.t, s.command, args...), nil // with its own disk: the check depends on no kernel
	}
	return startWatched(s.t, flush, s.command, args...)
}

// flow kills the program in the middle of everything.
func (s *soakOnDisk) flow(clock time.Duration) {
	r, _ := s.start(clock)
	s.during(s.at, s.crew, nil, func() {
		s.progress(40)
		s.kill(r)
	})
}

// backup backs up beside the work, and restores: what was told before is in it.
func (s *soakOnDisk) backup(clock time.Duration) {
	r, _ := s.start(clock)
	var told *book
	s.during(s.at, s.crew, nil, func() {
		s.progress(20)
		told = s.book.told()
		s.outcomeOf("backup", "--data", s.dir, s.backups)
		s.progress(20)
		s.kill(r)
	})
	restored := filepath.Join(s.t.TempDir(), "restored")
	s.outcomeOf("restore", s.backups, "--data", restored, "--master-key", filepath.Join(s.dir, "master.key"))
	s.examine(s.t, told, false, "store.uri="+restored)
	s.outcomeOf("verify", restored)
	s.survives("backup under load, restored and verified", 1)
}

// slow makes every flush of the disk slow: who only reads is not held up.
func (s *soakOnDisk) slow(clock time.Duration) {
	r, d := s.start(clock)
	if d != nil {
		d.flush.Store(int64(100 * time.Millisecond))
	}
	s.during(s.at, s.crew, nil, func() {
		s.progress(20)
		s.readsOn("a reader beside a slow disk")
		s.kill(r)
	})
	if d != nil {
		if d.slowed.Load() == 0 {
			s.t.Error("no flush was slow")
		}
		s.survives("flushes held up for 100 ms", int(d.slowed.Load()))
	}
}

// readsOn waits until another public page was read.
func (s *soakOnDisk) readsOn(what string) {
	s.t.Helper()
	read := s.reads.Load()
	s.until(what, func() bool { return s.reads.Load() > read })
}

// full fills the disk: whoever writes or uploads is told so, whoever reads goes on, and when there is room again everything goes on as it was.
func (s *soakOnDisk) full(clock time.Duration) {
	r, d := s.start(clock)
	fills := func(full bool) {
		if d == nil {
			fill(s.t, r, full)
			return
		}
		d.full.Store(full)
	}
	var words, uploads, unclear atomic.Int64
	s.during(s.at, s.crew, func(f *try, answer answered) {
		switch told := answer.status == fasthttp.StatusServiceUnavailable && strings.Contains(answer.body, "磁盘已满"); {
		case d != nil && answer.status > 0 && !told:
			if unclear.Add(1) < 5 {
				s.t.Errorf("%s on a full disk: %d %.1500s", f.address, answer.status, answer.body)
			}
		case f.scan != nil:
			uploads.Add(1)
		default:
			words.Add(1)
		}
	}, func() {
		s.progress(10)
		fills(true)
		s.until("refusals", func() bool { return words.Load() >= 8 && uploads.Load() >= 4 })
		s.readsOn("a reader beside a full disk")
		in, err := visit("http://"+s.soak.at).tryIn(townReporter, s.password)
		if err != nil || d != nil && (in.status != fasthttp.StatusServiceUnavailable || !strings.Contains(in.body, "磁盘已满")) {
			s.t.Errorf("signing in on a full disk: %d %v %.1500s", in.status, err, in.body)
		}
		fills(false)
		s.progress(20)
		s.kill(r)
	})
	s.survives("disk full under load", 1)
	s.survives("forms refused on a full disk", int(words.Load()))
	s.survives("uploads refused on a full disk", int(uploads.Load()))
}

// job kills the program while a job of its own is half done; on a slow disk it takes long enough to be caught.
func (s *soakOnDisk) job(time.Duration) {
	before := s.backedUp()
	r, _ := s.alone(s.due(), 300*time.Millisecond)
	half := s.halfDone(before)
	s.kill(r)
	if half {
		s.survives("job killed half-way", 1)
	}
}

// backedUp is the last record that a backup of the job holds, 0 if there is none.
func (k *soak) backedUp() int64 {
	m, err := backup.Find(k.byJob, 0)
	if err != nil {
		return 0
	}
	return m.Record
}

// unfinished tells whether the job is writing a part of a backup.
func (k *soak) unfinished() bool {
	for _, folder := range []string{"", "log", "files/*"} {
		if found, err := filepath.Glob(filepath.Join(k.byJob, folder, ".unfinished-*")); err == nil && len(found) > 0 {
			return true
		}
	}
	return false
}
