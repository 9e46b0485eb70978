package policy

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

// AccessLog takes what happened at the door. It is no part of the store: a refused try changes nothing there (design §3.12).
type AccessLog interface {
	// Write adds one event. It does not block on its bounds and has no error: what cannot be written is counted, see FileLog.Lost.
	Write(e AccessEvent)
}

// AccessKind is what happened.
type AccessKind string

// The kinds of events.
const (
	// EventRefused: a request was refused.
	EventRefused AccessKind = "refused"
	// EventSignedIn: a session was opened.
	EventSignedIn AccessKind = "signed_in"
	// EventEmergency: somebody took another office in an emergency, or opened something while he held it.
	EventEmergency AccessKind = "emergency"
	// EventOrder: somebody opened something by an order (调阅单); the rule names it.
	EventOrder AccessKind = "order"
	// EventLooked: somebody opened a page that shows personal data whole.
	EventLooked AccessKind = "looked"
	// EventLocked: a login was locked after too many failures.
	EventLocked AccessKind = "locked"
	// EventSuppressed: Count further events of a source (or "": of all further sources) within the window were not written one by one.
	EventSuppressed AccessKind = "suppressed"
)

// AccessEvent is one line of the access log.
type AccessEvent struct {
	// At is an instant of the security clock.
	At time.Time `json:"at"`
	// Event is what happened.
	Event AccessKind `json:"event"`
	// Source is the address of the peer; it bounds how much one peer can write.
	Source string `json:"source,omitempty"`
	// Actor is the account id, "" for the public.
	Actor string `json:"actor,omitempty"`
	// Action is what was asked for.
	Action Action `json:"action,omitempty"`
	// Path is the address without query.
	Path string `json:"path,omitempty"`
	// Kind is why it was refused.
	Kind fault.Kind `json:"kind,omitempty"`
	// Rule names what decided.
	Rule string `json:"rule,omitempty"`
	// Number is the number of the request in the log of the service.
	Number string `json:"number,omitempty"`
	// Count is how many events a suppressed line stands for.
	Count int64 `json:"count,omitempty"`
}

// The bounds of the access log. 网络安全法 art. 21(3) and the customary 等保 value: at least 180 days.
const (
	minKeepDays = 180
	// perSource is how many lines one source gets in a window; the rest is counted.
	perSource    = 60
	sourceWindow = time.Minute
	// maxSources bounds the memory for sources within one window; those beyond share one place.
	maxSources = 10_000
	// maxDayBytes bounds one day's file.
	maxDayBytes = 64 << 20
	// maxFieldRunes bounds each text of a line.
	maxFieldRunes = 300
)

var accessFileForm = regexp.MustCompile(`^access-(\d{4}-\d{2}-\d{2})\.jsonl$`)

// FileLog is the AccessLog in a folder: one file of JSON lines a day (access-2026-10-19.jsonl, mode 0600), days cut in China.
// Safe for concurrent use by one process.
type FileLog struct {
	dir  string
	keep int

	mu     sync.Mutex
	file   *os.File
	day    calendar.Date
	bytes  int64
	window time.Time
	counts map[string]int64
	lost   int64
	closed bool
}

// OpenAccessLog opens the log in a folder, which it creates. keepDays below 180 counts as 180. Returns Unavailable if the folder cannot be used.
func OpenAccessLog(dir string, keepDays int) (*FileLog, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.Wrap("policy.OpenAccessLog", fault.Unavailable, "访问日志文件夹不能使用", err)
	}
	return &FileLog{dir: dir, keep: max(keepDays, minKeepDays), counts: make(map[string]int64)}, nil
}

// Write implements AccessLog.
func (l *FileLog) Write(e AccessEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		l.lost++
		return
	}
	e.At = e.At.UTC().Truncate(time.Millisecond)
	if e.At.Sub(l.window) >= sourceWindow || e.At.Before(l.window) {
		l.flush()
		l.window = e.At
	}
	source := e.Source
	if e.Event == EventLooked || e.Event == EventEmergency || e.Event == EventOrder { // many people sit behind one address: one who looks much hides nobody else
		source += " " + e.Actor
	}
	if _, known := l.counts[source]; !known && len(l.counts) >= maxSources {
		source = ""
	}
	l.counts[source]++
	if l.counts[source] <= perSource {
		l.put(e)
	}
}

// flush writes for each source how many events were left out in the window that ends.
func (l *FileLog) flush() {
	for source, n := range l.counts {
		if n > perSource {
			l.put(AccessEvent{At: l.window, Event: EventSuppressed, Source: source, Count: n - perSource})
		}
	}
	clear(l.counts)
}

// put writes one line into the file of its day.
func (l *FileLog) put(e AccessEvent) {
	for _, text := range []*string{&e.Source, &e.Actor, &e.Path, &e.Rule, &e.Number} {
		*text = shorten(*text)
	}
	line, err := json.Marshal(e)
	if err != nil {
		l.lost++
		return
	}
	line = append(line, '\n')
	// Instants may step back a little between requests; a line of a past day stays in the newest file.
	if day := calendar.DateOf(e.At); l.file == nil || day.Compare(l.day) > 0 {
		if !l.turn(day) {
			l.lost++
			return
		}
	}
	if l.bytes+int64(len(line)) > maxDayBytes {
		l.lost++
		return
	}
	n, err := l.file.Write(line)
	l.bytes += int64(n)
	if err != nil {
		l.lost++
	}
}

func shorten(text string) string {
	if utf8.RuneCountInString(text) <= maxFieldRunes {
		return text
	}
	return string([]rune(text)[:maxFieldRunes]) + "…"
}

// turn opens the file of a day and removes those that have been kept long enough.
func (l *FileLog) turn(day calendar.Date) bool {
	file, err := os.OpenFile(l.name(day), os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return false
	}
	info, err := file.Stat()
	if err == nil {
		err = endLine(file, info.Size())
	}
	if err != nil {
		return errors.Join(err, file.Close()) == nil
	}
	if l.file != nil && l.file.Close() != nil {
		l.lost++
	}
	l.file, l.day, l.bytes = file, day, info.Size()
	days, err := l.Days()
	if err != nil {
		return true
	}
	for _, old := range days {
		if old.Compare(day.Add(-l.keep)) < 0 && os.Remove(l.name(old)) != nil {
			l.lost++
		}
	}
	return true
}

// endLine ends a line that a crash cut off, so that the next one stays readable.
func endLine(file *os.File, size int64) error {
	if size == 0 {
		return nil
	}
	last := make([]byte, 1)
	if _, err := file.ReadAt(last, size-1); err != nil || last[0] == '\n' {
		return err
	}
	_, err := file.Write([]byte{'\n'})
	return err
}

func (l *FileLog) name(day calendar.Date) string {
	return filepath.Join(l.dir, "access-"+day.String()+".jsonl")
}

// Folder is where the log is written.
func (l *FileLog) Folder() string { return l.dir }

// Lost returns how many events could not be written because of the disk or the bound of a day; a metric, and a finding of doctor.
func (l *FileLog) Lost() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// Days returns the days that have a file, oldest first. Returns Unavailable if the folder cannot be read.
func (l *FileLog) Days() ([]calendar.Date, error) {
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return nil, fault.Wrap("policy.AccessLog.Days", fault.Unavailable, "访问日志文件夹不能读取", err)
	}
	var days []calendar.Date
	for _, e := range entries {
		m := accessFileForm.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		if day, err := calendar.ParseDate(m[1]); err == nil {
			days = append(days, day)
		}
	}
	slices.SortFunc(days, calendar.Date.Compare)
	return days, nil
}

// Read calls f for each event of a day in the order of writing, until f returns false; lines that a crash cut off are skipped.
// Returns NotFound for a day without a file.
func (l *FileLog) Read(day calendar.Date, f func(AccessEvent) bool) error {
	const op = "policy.AccessLog.Read"
	file, err := os.Open(l.name(day))
	if errors.Is(err, fs.ErrNotExist) {
		return fault.New(op, fault.NotFound, fmt.Sprintf("%s没有访问记录", day.Chinese()))
	}
	if err != nil {
		return fault.Wrap(op, fault.Unavailable, "访问日志不能读取", err)
	}
	defer file.Close() //nolint:errcheck // opened for reading only
	lines := bufio.NewReader(file)
	for {
		line, err := lines.ReadString('\n')
		var e AccessEvent
		if json.Unmarshal([]byte(strings.TrimSpace(line)), &e) == nil && !f(e) {
			return nil
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fault.Wrap(op, fault.Unavailable, "访问日志不能读取", err)
		}
	}
}

// Close writes the counts of the present window and closes the file; later events are lost and counted.
func (l *FileLog) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil
	}
	l.flush()
	l.closed = true
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}
