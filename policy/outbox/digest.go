package outbox

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/schedule"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Digest tells everybody who wants it at the hour of a slot what work is new to him, or nearer to its end than when he was told: every line once for each stage. Nobody is told twice of a slot, also if it runs again.
// Returns schedule.Skip if no digests are made on that day.
func (s *Service) Digest(ctx context.Context, slot time.Time, work Work) error {
	day := calendar.DateOf(slot)
	if due, why := s.Due(day); !due {
		return &schedule.Skip{Reason: why}
	}
	hour := int64(slot.Sub(day.Begins()) / time.Hour)
	var failed []error
	for q := (store.Query{Index: byHour, Key: strconv.FormatInt(hour, 10), Limit: store.MaxLimit}); ; {
		page, err := s.contacts.List(ctx, q)
		if err != nil {
			return err
		}
		for _, d := range page.Docs {
			if err := s.digestFor(ctx, fmt.Sprintf("digest.%s.%d", day, hour), d.ID, work); err != nil {
				failed = append(failed, err) // the others are told all the same
			}
		}
		if q.After = page.Next; q.After == "" {
			return errors.Join(failed...)
		}
	}
}

func (s *Service) digestFor(ctx context.Context, event, account string, work Work) error {
	who, err := s.People.Person(ctx, account)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	lines, err := work(ctx, who)
	if err != nil {
		return err
	}
	before, err := s.told.Get(ctx, account)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	tell := before.State
	if tell.Event != event {
		fresh, now := s.fresh(lines, before.State.Lines)
		tell = toldLines{Lines: now, Event: event}
		if len(fresh) > 0 {
			tell.Values = digestValues(fresh)
		}
		if err := s.told.Put(ctx, account, tell, s.DB.Now().Add(toldFor)); err != nil {
			return err
		}
	}
	if tell.Values == nil {
		return nil
	}
	return s.Tell(ctx, store.Meta{By: policy.SystemActor().ID, Action: string(policy.HandleMessage)}, Post{Event: event, Account: account, Template: Digest, Values: tell.Values})
}

// fresh are the lines of which somebody was not told as they stand now, and what he was told once he is told of these.
func (s *Service) fresh(lines []Line, before map[string]toldLine) ([]Line, map[string]toldLine) {
	const length = 16
	now := map[string]toldLine{}
	var out []Line
	for _, l := range lines {
		key := s.DB.MAC("told", l.Key)[:length]
		told, known := before[key]
		if more := l.Count - told.Count; !known || l.Stage > told.Stage || more > 0 {
			one := l
			if known && l.Stage <= told.Stage {
				one.Count = more
			}
			out = append(out, one)
		}
		// A line that stands for more pieces today and for fewer tomorrow is told of again when it grows.
		now[key] = toldLine{max(l.Stage, told.Stage), l.Count}
	}
	return out, now
}

// kindsShown is how many kinds of work a digest names.
const kindsShown = 3

// digestValues are the fields of a digest: counts, and the names of entries of the navigation.
func digestValues(lines []Line) map[string]string {
	var all, late, soon int64
	kinds := map[string]int64{}
	for _, l := range lines {
		all += l.Count
		kinds[l.Label] += l.Count
		switch l.Stage {
		case Overdue:
			late += l.Count
		case Ending:
			soon += l.Count
		}
	}
	delete(kinds, "")
	names := slices.SortedFunc(maps.Keys(kinds), func(a, b string) int {
		if kinds[a] != kinds[b] {
			return int(kinds[b] - kinds[a])
		}
		return strings.Compare(a, b)
	})
	var shown []string
	for _, name := range names[:min(len(names), kindsShown)] {
		shown = append(shown, fmt.Sprintf("%s %d 件", name, kinds[name]))
	}
	text := strings.Join(shown, "、")
	if len(names) > kindsShown {
		text += "等"
	}
	return map[string]string{FieldCount: strconv.FormatInt(all, 10), FieldKinds: text, FieldLate: some(late), FieldSoon: some(soon)}
}

// some is a count, "" for 0.
func some(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
