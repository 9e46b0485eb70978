package web

import (
	"sync"
	"time"
)

// Failed sign-ins from one address before it has to wait: an office behind one address must still be able to work, a guessing program not.
const (
	signInTries  = 30
	signInWindow = 10 * time.Minute
	// limiterRoom bounds the addresses remembered; beyond it, the oldest window is forgotten first.
	limiterRoom = 10000
)

// limiter counts failures per source in fixed windows. It is a brake beside the lock of the account (policy), kept in memory.
type limiter struct {
	mu     sync.Mutex
	most   int
	window time.Duration
	seen   map[string]failures
}

type failures struct {
	since time.Time
	count int
}

func newLimiter(most int, window time.Duration) *limiter {
	return &limiter{most: most, window: window, seen: make(map[string]failures)}
}

// wait returns how long the source has to wait, 0 if it may try.
func (l *limiter) wait(source string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, ok := l.seen[source]
	if !ok || f.count < l.most {
		return 0
	}
	return max(0, l.window-now.Sub(f.since))
}

// fail counts one failure of the source.
func (l *limiter) fail(source string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, ok := l.seen[source]
	if !ok || now.Sub(f.since) >= l.window {
		l.makeRoom(now)
		f = failures{since: now}
	}
	f.count++
	l.seen[source] = f
}

// makeRoom forgets finished windows, and if that is not enough the oldest one.
func (l *limiter) makeRoom(now time.Time) {
	if len(l.seen) < limiterRoom {
		return
	}
	oldest := ""
	for source, f := range l.seen {
		if now.Sub(f.since) >= l.window {
			delete(l.seen, source)
		} else if oldest == "" || f.since.Before(l.seen[oldest].since) {
			oldest = source
		}
	}
	if len(l.seen) >= limiterRoom {
		delete(l.seen, oldest)
	}
}
