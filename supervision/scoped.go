package supervision

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// MaxReason is the longest reason, in characters.
const MaxReason = 200

// Hand is what one person did, without a name.
type Hand struct {
	// By is the opaque account id.
	By string `json:"by" privacy:"internal"`
	// Office is the role that gave the right.
	Office string `json:"office" privacy:"public"`
	// At is when.
	At journal.Time `json:"at"`
}

// Signed is the office with the account's opaque id: what a reading says of who scored and reviewed.
func (h Hand) Signed() string {
	if h.By == "" {
		return ""
	}
	return h.Office + "/" + h.By
}

// HandOf is the actor acting at this moment, in the first of his roles that allows the action.
func HandOf(rules *policy.Rules, by policy.Actor, action policy.Action, at journal.Time) Hand {
	h := Hand{By: by.ID, At: at}
	for _, role := range by.Roles() {
		if ok, _ := rules.RoleAllows(role, action); ok {
			h.Office = string(role)
			break
		}
	}
	return h
}

// CheckReason refuses a missing reason and one that is too long. The field is named reason.
func CheckReason(op, reason string) error {
	switch n := utf8.RuneCountInString(strings.TrimSpace(reason)); {
	case n == 0:
		return fault.InvalidFields(op, fault.Field{Name: "reason", Message: "请写明理由，对方要据此办理"})
	case n > MaxReason:
		return fault.InvalidFields(op, fault.Field{Name: "reason", Message: "理由太长，请压缩到 200 字以内"})
	}
	return nil
}

// UsesSince counts, for registry.Uses, the rows under a scope key that were written since a moment: “3 件佐证材料”, "" for none.
func UsesSince[T any](ctx context.Context, rows *store.Collection[T], index, key string, since time.Time, unit string) (string, error) {
	page, err := rows.ListWhere(ctx, store.Query{Index: index, Key: key, Limit: store.MaxLimit}, func(d *store.Doc[T]) bool { return !d.At.Before(since) })
	if err != nil || len(page.Docs) == 0 {
		return "", err
	}
	more := ""
	if page.Next != "" {
		more = "以上"
	}
	return fmt.Sprintf("%d %s%s", len(page.Docs), unit, more), nil
}

// ListKeys are the keys under which a row with these scope keys is listed: its own and that of the county.
func ListKeys(rowKeys []string) []string {
	return append(append(make([]string, 0, len(rowKeys)+1), rowKeys...), policy.County)
}

// ScopeQuery asks an index for the rows of a scope; before and after stand around each key, as the index has them.
func ScopeQuery(s policy.Scope, index, before, after string) store.Query {
	q := store.Query{Index: index}
	if s.All() {
		q.Key = before + policy.County + after
		return q
	}
	q.In = []string{}
	for _, key := range s.Keys() {
		q.In = append(q.In, before+key+after)
	}
	return q
}

// wholeHistory is the number of quarters beyond which EachCounting asks for everything at once.
const wholeHistory = 40

// EachCounting yields, in constant memory, the last change of every document of an index whose keys are "all" and quarters such as 2027Q1, and whose day may lie
// in the span; the caller still compares the day.
func EachCounting[T any](ctx context.Context, rows *store.Collection[T], index string, span calendar.Span, yield func(store.Change[T]) error) error {
	keys := []string{"all"}
	first, last := calendar.QuarterOf(span.First), calendar.QuarterOf(span.Last)
	if n := (last.Year-first.Year)*4 + last.N - first.N; n < wholeHistory {
		keys = keys[:0]
		for q := first; len(keys) <= n; q = q.Add(1) {
			keys = append(keys, q.String())
		}
	}
	for _, key := range keys {
		if err := EachHead(ctx, rows, index, key, yield); err != nil {
			return err
		}
	}
	return nil
}

// EachHead yields the last change of every document under a key of an index.
func EachHead[T any](ctx context.Context, rows *store.Collection[T], index, key string, yield func(store.Change[T]) error) error {
	for q := (store.Query{Index: index, Key: key, Limit: store.MaxLimit}); ; {
		page, err := rows.ListHeads(ctx, q)
		if err != nil {
			return err
		}
		for _, head := range page.Heads {
			if err := yield(head); err != nil {
				return err
			}
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

// Standing returns the last change of a document, of which the last of all is known, that was made at or before asOf with a log number ≤ upTo; false if there was none.
func Standing[T any](ctx context.Context, rows *store.Collection[T], last store.Change[T], asOf time.Time, upTo int64) (store.Change[T], bool, error) {
	later := func(c store.Change[T]) bool { return c.N == 0 || c.N > upTo || c.At.After(asOf) }
	// Mostly the last change of all is the one.
	if !later(last) {
		return last, true, nil
	}
	found := false
	for change, err := range rows.History(ctx, last.ID) {
		if err != nil {
			return last, false, err
		}
		if later(change) {
			break
		}
		last, found = change, true
	}
	return last, found, nil
}

// CountingKeys are the keys of an index that EachCounting reads.
func CountingKeys(day calendar.Date) []string {
	return []string{"all", calendar.QuarterOf(day).String()}
}

// AcceptedChange returns the change by which a document came to count, whose last change is known: the one change whose state counts, because a stream comes to
// count once and is not changed while it does. False if there was none, or only after log number upTo.
func AcceptedChange[T any](ctx context.Context, rows *store.Collection[T], last store.Change[T], upTo int64, counts func(*T) bool) (store.Change[T], bool, error) {
	if counts(&last.State) {
		return last, last.N > 0 && last.N <= upTo, nil
	}
	for change, err := range rows.History(ctx, last.ID) {
		if err != nil {
			return change, false, err
		}
		if !change.Deleted && counts(&change.State) {
			return change, change.N > 0 && change.N <= upTo, nil
		}
	}
	return store.Change[T]{}, false, nil
}
