//go:build !race

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"redsteward/internal/store/mongo/mongotest"
	"redsteward/policy"
)

// loadVariable says how long each number of clients works, such as 5m; clientsVariable which numbers, such as 64,256.
const loadVariable, clientsVariable = "REDSTEWARD_LOAD", "REDSTEWARD_CLIENTS"

// The kinds of what clients do.
const (
	doesRead = iota
	doesSubmit
	doesReview
	kindsOfWork
)

var workNames = [kindsOfWork]string{"read", "submit", "review"}

// spans are the times that each kind of work took, by client.
type spans [kindsOfWork][]time.Duration

// busy lets so many clients do one thing after the other for a while. next tells what client c does as its nth thing and does it.
func busy(clients int, lasts time.Duration, next func(c, n int) (kind int, err error)) (all spans, took time.Duration, err error) {
	each := make([]spans, clients)
	errs := make(chan error, clients)
	began := time.Now()
	var working sync.WaitGroup
	for c := range clients {
		working.Go(func() {
			for n := 0; n == 0 || time.Since(began) < lasts; n++ {
				asked := time.Now()
				kind, err := next(c, n)
				if err != nil {
					errs <- err
					return
				}
				each[c][kind] = append(each[c][kind], time.Since(asked))
			}
		})
	}
	working.Wait()
	took = time.Since(began)
	for kind := range kindsOfWork {
		for c := range each {
			all[kind] = append(all[kind], each[c][kind]...)
		}
	}
	select {
	case err = <-errs:
	default:
	}
	return all, took, err
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// publicPagesOf are the public pages of a county's folder, without its files.
func publicPagesOf(b *testing.B, dir string) []string {
	settings, err := loadConfig("", nil, []string{"store.uri=" + dir, "business_clock=" + demoStart, "log.level=warn"})
	if err != nil {
		b.Fatal(err)
	}
	s, err := openService(&program{ctx: b.Context(), out: io.Discard, errOut: os.Stderr, now: time.Now}, settings, false)
	if err != nil {
		b.Fatal(err)
	}
	stars := &archivedStars{archive: s.archive, subject: "小区", newest: s.newestYear, published: s.cycle.Published}
	shown, err := stars.Latest(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	paths := slices.DeleteFunc(publicPaths(b, stars, shown), func(path string) bool { return strings.Contains(path, ".csv") || strings.Contains(path, ".xlsx") })
	if err := s.close(); err != nil {
		b.Fatal(err)
	}
	return paths
}

// BenchmarkLoad lets 64 and then 256 clients (or as many as REDSTEWARD_CLIENTS says) work at the built program on a demonstration county: seven of ten requests read a public page, two submit a matter, one reviews one and
// dispatches it; for REDSTEWARD_LOAD each, or half a minute. It tells requests a second and p50 and p99 of each kind, and the memory of the process at the start, in the middle and at the end: all of it, and what the program
// asked for. Afterwards the program examines its folder.
func BenchmarkLoad(b *testing.B) {
	lasts := 30 * time.Second
	if text := os.Getenv(loadVariable); text != "" {
		var err error
		if lasts, err = time.ParseDuration(text); err != nil {
			b.Fatal(err)
		}
	}
	size := wholeCounty()
	if testing.Short() {
		size, lasts = smallCounty(), time.Second
	}
	_, plan, dir := loadedCounty(b, size)
	pages := publicPagesOf(b, dir)
	command := builtCommand(b)
	password := map[string]string{}
	settings, err := loadConfig("", nil, []string{"store.uri=" + dir, "business_clock=" + demoStart})
	if err != nil {
		b.Fatal(err)
	}
	s, err := openService(&program{ctx: b.Context(), out: io.Discard, errOut: io.Discard, now: time.Now}, settings, false)
	if err != nil {
		b.Fatal(err)
	}
	for login, role := range map[string]policy.Role{townReporter: "community_worker", townDispatcher: "dispatcher"} {
		if password[login], err = s.demoPassword(b.Context(), role); err != nil {
			b.Fatal(err)
		}
	}
	worker, err := s.accounts.ActorOf(b.Context(), townReporter)
	if err != nil {
		b.Fatal(err)
	}
	community := strings.TrimPrefix(worker.Appointments[0].Scopes[0], "c:")
	if err := s.close(); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d compounds, %d public pages", len(plan.projects), len(pages))
	numbers := cmp.Or(os.Getenv(clientsVariable), "64,256")
	for text := range strings.SplitSeq(numbers, ",") {
		clients, err := strconv.Atoi(text)
		if err != nil || clients < 1 {
			b.Fatalf("%s=%q is no list of numbers", clientsVariable, numbers)
		}
		b.Run(fmt.Sprint("clients=", clients), func(b *testing.B) {
			r := startProgram(b, command, "serve", "--set", "listen="+mongotest.Address(b), "--set", "store.uri="+dir, "--set", "business_clock="+demoStart, "--set", "log.level=error")
			reporter, dispatcher, nobody := visit(r.address).signIn(b, townReporter, password[townReporter]), visit(r.address).signIn(b, townDispatcher, password[townDispatcher]), visit(r.address)
			told := newBook()
			sent := func(f *try) error {
				if answer, done, _ := f.send(); !done {
					return fmt.Errorf("%s: %d %.800s", f.address, answer.status, answer.body)
				}
				return nil
			}
			next := func(c, n int) (int, error) {
				switch n % 10 {
				case 3, 6:
					return doesSubmit, sent(told.report(reporter, community, fmt.Sprintf("load-%d-%d-%d", clients, c, n)))
				case 9:
					if f := told.dispatch(dispatcher, fmt.Sprintf("load-dispatch-%d-%d-%d", clients, c, n)); f != nil {
						return doesReview, sent(f)
					}
				}
				page := pages[(c*7+n)%len(pages)]
				answer, err := nobody.ask(page, "", nil)
				if err == nil && answer.status != 200 {
					err = fmt.Errorf("%s: %d", page, answer.status)
				}
				return doesRead, err
			}
			if _, _, err := busy(8, time.Second, next); err != nil { // warm
				b.Fatal(err)
			}
			names := [2]string{"VmRSS", "RssAnon"}
			remembers := func() [2]int { return [2]int{statusKB(b, r, names[0]), statusKB(b, r, names[1])} }
			memory := [][2]int{remembers()}
			var sums spans
			var took time.Duration
			for range 2 {
				half, spent, err := busy(clients, lasts/2, func(c, n int) (int, error) { return next(c, n+1_000_000*len(memory)) })
				if err != nil {
					b.Fatal(err)
				}
				for kind := range sums {
					sums[kind] = append(sums[kind], half[kind]...)
				}
				took += spent
				memory = append(memory, remembers())
			}
			for kind, name := range workNames {
				b.ReportMetric(float64(len(sums[kind]))/took.Seconds(), name+"/s")
				b.ReportMetric(milliseconds(percentile(sums[kind], 50)), name+"-p50-ms")
				b.ReportMetric(milliseconds(percentile(sums[kind], 99)), name+"-p99-ms")
			}
			for i, name := range []string{"start", "middle", "end"} {
				b.ReportMetric(float64(memory[i][0])/1024, "rss-"+name+"-MiB")
				b.ReportMetric(float64(memory[i][1])/1024, "anonymous-"+name+"-MiB")
			}
			r.stop(b)
		})
	}
	if text, code := outcome(b, command, "doctor", "--data", dir); code != exitOK {
		b.Errorf("exit %d\n%s", code, text)
	}
}

// servedTown starts the built program on a small town.
func servedTown(b *testing.B) (*town, *running) {
	dir := filepath.Join(b.TempDir(), "data")
	w := buildTown(b, 0, "store.uri="+dir, "files.divisions="+divisionsFile(b), "business_clock="+demoStart, "log.level=error")
	args := []string{"serve", "--set", "listen=" + mongotest.Address(b)}
	for _, s := range w.settings {
		args = append(args, "--set", s)
	}
	return w, startProgram(b, builtCommand(b), args...)
}

// shortly is how long a figure is measured.
func shortly() time.Duration {
	if testing.Short() {
		return 200 * time.Millisecond
	}
	return 10 * time.Second
}

// BenchmarkCommands sends reports of matters, signed in, by 64 clients to the built program, and then reads the list of 20 of who sees one community only (bars of design §8: 5,000 commands/s with p99 50 ms; 3,000 lists/s where
// documents are decoded). Clients and program share the machine.
func BenchmarkCommands(b *testing.B) {
	const clients = 64
	w, r := servedTown(b)
	reporter := visit(r.address).signIn(b, townReporter, w.password)
	told := newBook()
	report := func(c, n int) (int, error) {
		answer, done, _ := told.report(reporter, w.community, fmt.Sprintf("command-%d-%d", c, n)).send()
		if !done {
			return doesSubmit, fmt.Errorf("%d %.800s", answer.status, answer.body)
		}
		return doesSubmit, nil
	}
	list := func(c, n int) (int, error) {
		answer, err := reporter.ask("/matters", "", nil)
		if err == nil && (answer.status != 200 || strings.Count(answer.body, `href="/matters/`) < 20) {
			err = fmt.Errorf("%d %.800s", answer.status, answer.body)
		}
		return doesRead, err
	}
	for range b.N {
		all, took, err := busy(clients, shortly(), report)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(all[doesSubmit]))/took.Seconds(), "commands/s")
		b.ReportMetric(milliseconds(percentile(all[doesSubmit], 50)), "command-p50-ms")
		b.ReportMetric(milliseconds(percentile(all[doesSubmit], 99)), "command-p99-ms")
		if all, took, err = busy(clients, shortly(), list); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(all[doesRead]))/took.Seconds(), "lists/s")
		b.ReportMetric(milliseconds(percentile(all[doesRead], 99)), "list-p99-ms")
	}
	r.stop(b)
}

// BenchmarkUploads lets eight people report matters with a photo of twelve megapixels each at once, and tells the largest memory that the program ever had (bar of design §8: 400 MiB with uploads).
func BenchmarkUploads(b *testing.B) {
	picture := image.NewYCbCr(image.Rect(0, 0, 4000, 3000), image.YCbCrSubsampleRatio420)
	for i := range picture.Y {
		picture.Y[i] = uint8(i / 97 % 251) // not black, and not one tone
	}
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, picture, &jpeg.Options{Quality: 80}); err != nil {
		b.Fatal(err)
	}
	if got := picture.At(1, 1).(color.YCbCr).Y; got == 0 {
		b.Fatal("a black photo")
	}
	w, r := servedTown(b)
	reporter := visit(r.address).signIn(b, townReporter, w.password)
	told := newBook()
	var uploads int
	for round := range b.N {
		all, _, err := busy(8, shortly(), func(c, n int) (int, error) {
			f := told.report(reporter, w.community, fmt.Sprintf("photo-%d-%d-%d", round, c, n))
			f.scan = fmt.Append(bytes.Clone(photo.Bytes()), round, " ", c, " ", n) // bytes behind the end of a picture make it another file
			if answer, done, _ := f.send(); !done {
				return doesSubmit, fmt.Errorf("%d %.800s", answer.status, answer.body)
			}
			return doesSubmit, nil
		})
		if err != nil {
			b.Fatal(err)
		}
		uploads += len(all[doesSubmit])
	}
	b.ReportMetric(float64(statusKB(b, r, "VmHWM"))/1024, "peak-rss-MiB")
	b.ReportMetric(float64(uploads), "uploads")
	b.ReportMetric(float64(photo.Len())/1024, "KiB")
	r.stop(b)
}
