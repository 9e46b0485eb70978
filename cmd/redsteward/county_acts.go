package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

// movedClock is a business clock that stands until it is moved, never back.
type movedClock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is the moment at which the clock stands.
func (c *movedClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *movedClock) move(to time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if to.After(c.now) {
		c.now = to
	}
}

// The kinds of acts, as the seconds are printed.
const (
	partRegister = "登记"
	partAccounts = "账号"
	partObserved = "观察记录"
	partProof    = "佐证材料"
	partVisits   = "走访"
	partPeriods  = "评价与公布"
	partFund     = "保修金"
	partParty    = "党建台账"
	partMatters  = "事项"
	partRepairs  = "报修"
	partSurveys  = "满意度调查"
	partWishes   = "微心愿"
)

// act is something that one person does at a moment of the business clock.
type act struct {
	at   time.Time
	part string
	do   func(ctx context.Context) error
}

// stopwatch adds up the seconds of each part.
type stopwatch struct {
	now   func() time.Time
	parts []string
	spent map[string]time.Duration
}

// time runs f and counts its time to a part.
func (w *stopwatch) time(part string, f func() error) error {
	began := w.now()
	err := f()
	w.count(part, w.now().Sub(began))
	return err
}

func (w *stopwatch) count(part string, spent time.Duration) {
	if _, known := w.spent[part]; !known {
		w.parts = append(w.parts, part)
	}
	w.spent[part] += spent
}

// timeAll runs acts side by side and shares the time that passed among their parts, by how long each of them took. It returns the first error.
func (w *stopwatch) timeAll(ctx context.Context, acts []act) error {
	began := w.now()
	took := make([]time.Duration, len(acts))
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(actsAtOnce)
	for i, a := range acts {
		group.Go(func() error {
			began := w.now()
			err := a.do(within)
			took[i] = w.now().Sub(began)
			return err
		})
	}
	err := group.Wait()
	passed, sum := w.now().Sub(began), time.Duration(0)
	for _, d := range took {
		sum += d
	}
	for i, a := range acts {
		if sum > 0 {
			w.count(a.part, time.Duration(float64(passed)*float64(took[i])/float64(sum)))
		}
	}
	return err
}

// String is the parts with their seconds, in the order in which they first came.
func (w *stopwatch) String() string {
	texts := make([]string, len(w.parts))
	for i, part := range w.parts {
		texts[i] = fmt.Sprintf("%s %.1f 秒", part, w.spent[part].Seconds())
	}
	return strings.Join(texts, "，")
}

// actsAtOnce is how many people act at the same moment; the store groups that many commits into one write.
const actsAtOnce = 128

// order puts evaluations first.
func order(part string) int {
	if part == partPeriods {
		return 0
	}
	return 1
}

// perform lets acts happen in the order of their moments until the moment last; those of one moment happen at once, the long ones first. Later ones never happen.
func (l *countyLoader) perform(ctx context.Context, acts []act, last time.Time) error {
	slices.SortStableFunc(acts, func(a, b act) int {
		return cmp.Or(a.at.Compare(b.at), order(a.part)-order(b.part))
	})
	for len(acts) > 0 && !acts[0].at.After(last) {
		n := 1
		for n < len(acts) && acts[n].at.Equal(acts[0].at) {
			n++
		}
		l.clock.move(acts[0].at)
		l.progress.reach(acts[0].at)
		if err := l.watch.timeAll(ctx, acts[:n]); err != nil {
			return fault.Wrap("cmd.demo", "", "演示县载入到"+calendar.DateOf(acts[0].at).Chinese()+"时停下："+fault.MessageOf(err), err)
		}
		acts = acts[n:]
	}
	return nil
}

// progressLine says which quarter the loading has reached.
type progressLine struct {
	out     io.Writer
	quarter calendar.Quarter
}

// reach prints a quarter when its first act comes.
func (p *progressLine) reach(at time.Time) {
	if q := calendar.QuarterOf(calendar.DateOf(at)); q != p.quarter {
		p.quarter = q
		fmt.Fprintf(p.out, "  %s …\n", q.Chinese())
	}
}
