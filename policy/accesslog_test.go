package policy

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

func readLog(t *testing.T, l *FileLog, day calendar.Date) []AccessEvent {
	t.Helper()
	var out []AccessEvent
	if err := l.Read(day, func(e AccessEvent) bool { out = append(out, e); return true }); err != nil {
		t.Fatal(err)
	}
	return out
}

func openLog(t *testing.T, dir string) *FileLog {
	t.Helper()
	l, err := OpenAccessLog(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// TestOneSourceCannotFillTheLog: beyond its share the tries of one source are counted, and other sources still get their lines.
func TestOneSourceCannotFillTheLog(t *testing.T) {
	l := openLog(t, t.TempDir())
	at := time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)
	day := calendar.DateOf(at)
	for i := range 1000 {
		l.Write(AccessEvent{At: at.Add(time.Duration(i) * time.Millisecond), Event: EventRefused, Source: "10.0.0.1", Path: "/admin"})
	}
	l.Write(AccessEvent{At: at.Add(30 * time.Second), Event: EventRefused, Source: "10.0.0.2"})
	if got := readLog(t, l, day); len(got) != perSource+1 {
		t.Fatalf("%d lines", len(got))
	}
	l.Write(AccessEvent{At: at.Add(2 * time.Minute), Event: EventRefused, Source: "10.0.0.1"})
	got := readLog(t, l, day)
	summary, last := got[len(got)-2], got[len(got)-1]
	if summary.Event != EventSuppressed || summary.Source != "10.0.0.1" || summary.Count != 1000-perSource {
		t.Errorf("what was left out is not counted: %+v", summary)
	}
	if last.Event != EventRefused || last.Source != "10.0.0.1" {
		t.Errorf("a new window does not begin: %+v", last)
	}
	if l.Lost() != 0 {
		t.Errorf("%d lost", l.Lost())
	}
}

// TestManySourcesShareOnePlace: a flood from invented addresses takes neither memory nor disk without bound.
func TestManySourcesShareOnePlace(t *testing.T) {
	l := openLog(t, t.TempDir())
	at := time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)
	for i := range maxSources + 500 {
		l.Write(AccessEvent{At: at, Event: EventRefused, Source: fmt.Sprint("s", i)})
	}
	if got := len(readLog(t, l, calendar.DateOf(at))); got != maxSources+perSource || len(l.counts) > maxSources+1 {
		t.Errorf("%d lines, %d sources held", got, len(l.counts))
	}
}

// TestDaysTurnAndOldOnesGo: a day begins at midnight in China; 180 days stay, the one before goes.
func TestDaysTurnAndOldOnesGo(t *testing.T) {
	dir := t.TempDir()
	l := openLog(t, dir)
	midnight := time.Date(2026, 10, 19, 16, 0, 0, 0, time.UTC)
	today := calendar.DateOf(midnight)
	for _, old := range []int{-180, -181, -400} {
		if err := os.WriteFile(l.name(today.Add(old)), []byte("{}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "access-notes.txt"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	l.Write(AccessEvent{At: midnight.Add(-time.Millisecond), Event: EventRefused, Source: "a"})
	l.Write(AccessEvent{At: midnight, Event: EventRefused, Source: "b"})
	days, err := l.Days()
	if err != nil || len(days) != 3 || days[0] != today.Add(-180) || days[2] != today {
		t.Fatalf("%v %v", days, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "access-notes.txt")); err != nil {
		t.Error("a file that is not ours was removed")
	}
	if got := readLog(t, l, today); len(got) != 1 || got[0].Source != "b" {
		t.Errorf("%+v", got)
	}
	if info, err := os.Stat(l.name(today)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if err := l.Read(today.Add(5), func(AccessEvent) bool { return true }); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

// TestLineCutByACrash: the half line is skipped and the next one stays readable.
func TestLineCutByACrash(t *testing.T) {
	dir := t.TempDir()
	at := time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)
	first := openLog(t, dir)
	first.Write(AccessEvent{At: at, Event: EventRefused, Source: "a"})
	if err := os.WriteFile(first.name(calendar.DateOf(at)), []byte(`{"at":"2026-10-19T01:00:00Z","event":"refused","source":"a"}`+"\n"+`{"at":"2026-1`), 0o600); err != nil {
		t.Fatal(err)
	}
	l := openLog(t, dir)
	l.Write(AccessEvent{At: at, Event: EventSignedIn, Source: "b"})
	if got := readLog(t, l, calendar.DateOf(at)); len(got) != 2 || got[1].Source != "b" {
		t.Errorf("%+v", got)
	}
}

func TestADayIsBounded(t *testing.T) {
	l := openLog(t, t.TempDir())
	at := time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)
	l.Write(AccessEvent{At: at, Event: EventRefused, Source: "a", Path: strings.Repeat("长", 5000)})
	got := readLog(t, l, calendar.DateOf(at))
	if n := len([]rune(got[0].Path)); n != maxFieldRunes+1 {
		t.Errorf("a text of %d signs was written", n)
	}
	l.bytes = maxDayBytes
	l.Write(AccessEvent{At: at, Event: EventRefused, Source: "b"})
	if l.Lost() != 1 || len(readLog(t, l, calendar.DateOf(at))) != 1 {
		t.Errorf("%d lost", l.Lost())
	}
}

func TestLogFromManyRequests(t *testing.T) {
	l := openLog(t, t.TempDir())
	at := time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range perSource {
				l.Write(AccessEvent{At: at, Event: EventRefused, Source: fmt.Sprint("s", i)})
			}
		})
	}
	wg.Wait()
	if got := len(readLog(t, l, calendar.DateOf(at))); got != 8*perSource {
		t.Errorf("%d lines", got)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l.Write(AccessEvent{At: at, Event: EventRefused})
	if l.Lost() != 1 {
		t.Error("an event after Close is neither written nor counted")
	}
}
