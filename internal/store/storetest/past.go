package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/store"
)

// answers is everything that a collection says at one moment.
type answers struct {
	loaded, each, listed, heads map[string]string
	order                       []string
}

// ask reads everything of the notes in a context.
func (b *bench) ask(ctx context.Context, t *testing.T, ids []string) answers {
	t.Helper()
	a := answers{loaded: map[string]string{}, each: map[string]string{}, listed: map[string]string{}, heads: map[string]string{}}
	said := func(d *store.Doc[Note]) string { return fmt.Sprint(d.Seq, d.At, d.State) }
	for _, id := range ids {
		d, err := b.notes.Load(ctx, id)
		if err != nil && !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
		if err == nil {
			a.loaded[id] = said(&d)
		}
		changes := 0
		for c, err := range b.notes.History(ctx, id) {
			if err != nil {
				t.Fatal(err)
			}
			if changes++; c.Seq != int64(changes) {
				t.Fatalf("%s: change %d has seq %d", id, changes, c.Seq)
			}
		}
		a.heads[id] = fmt.Sprint(changes)
	}
	together, err := b.notes.LoadEach(ctx, ids)
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range together {
		if (d == nil) != (a.loaded[ids[i]] == "") || d != nil && said(d) != a.loaded[ids[i]] {
			t.Fatalf("%s: together %v, alone %s", ids[i], d, a.loaded[ids[i]])
		}
	}
	for d, err := range b.notes.Each(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		a.each[d.ID] = said(&d)
	}
	for _, q := range []store.Query{{Index: "count", Key: "all", Limit: 7}, {Index: "count", Key: "all", Limit: 7, Desc: true}, {Index: "title", In: []string{"o:p0", "o:p1"}, Limit: 5}} {
		for {
			page, err := b.notes.List(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range page.Docs {
				a.order = append(a.order, d.ID)
				a.listed[d.ID] = said(&d)
			}
			if q.After = page.Next; q.After == "" {
				break
			}
		}
		a.order = append(a.order, "|")
	}
	return a
}

// known: what a collection answered at a moment it answers again later to who asks for that moment, whatever has changed since.
func (s Suite) known(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	draw := rand.New(rand.NewPCG(4, 4))
	const docs, moments = 30, 3
	ids := make([]string, docs)
	for i := range ids {
		ids[i] = fmt.Sprintf("n%02d", i)
	}
	seqs := map[string]int64{}
	change := func() {
		t.Helper()
		for range 25 {
			i := draw.IntN(docs)
			id := ids[i]
			var err error
			if seqs[id] > 0 && draw.IntN(5) == 0 {
				_, err = b.notes.Delete(ctx, meta("note.delete"), id, seqs[id])
			} else {
				_, err = b.notes.Commit(ctx, meta("note.change"), id, seqs[id], Note{Title: fmt.Sprint("标题", draw.IntN(9)), Author: "张三", Owner: fmt.Sprint("p", i%3), Count: draw.Int64N(40)})
			}
			if err != nil {
				t.Fatal(err)
			}
			seqs[id]++
		}
		if err := b.db.Engine().Settle(ctx); err != nil {
			t.Fatal(err)
		}
	}
	at, said := make([]time.Time, moments), make([]answers, moments)
	for i := range moments {
		change()
		at[i], said[i] = b.clock.Now(), b.ask(ctx, t, ids)
		b.clock.add(time.Hour)
	}
	for range 2 { // the second time what was kept has to follow the log
		change()
		for i := range moments {
			then := store.KnownAt(ctx, at[i])
			if found := b.ask(then, t, ids); !reflect.DeepEqual(found, said[i]) {
				t.Fatalf("moment %d:\n%v\nwas\n%v", i, found, said[i])
			}
			if found := b.ask(store.Present(then), t, ids); reflect.DeepEqual(found, said[i]) {
				t.Fatalf("moment %d: nothing has changed since", i)
			}
		}
	}
	before := b.ask(store.KnownAt(ctx, at[0].Add(-time.Hour)), t, ids)
	if len(before.loaded)+len(before.each)+len(before.listed) != 0 || strings.Join(before.order, "") != "|||" {
		t.Fatalf("before the first change: %v", before)
	}
	n, err := b.db.Engine().LastN(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.notes.Commit(store.KnownAt(ctx, at[0]), meta("note.change"), "late", 0, Note{Owner: "p0"})
	wantKind(t, err, fault.Forbidden)
	trial := store.Trial(ctx)
	_, err = b.notes.Commit(trial, meta("note.change"), "tried", 0, Note{Owner: "p0"})
	wantKind(t, err, fault.Forbidden)
	wantKind(t, b.db.Claim(trial, meta("note.change"), "tried", "x", "note/x"), fault.Forbidden)
	_, err = b.db.PutFile(trial, meta("note.change"), strings.NewReader("tried"), 10)
	wantKind(t, err, fault.Forbidden)
	if after, err := b.db.Engine().LastN(ctx); err != nil || after != n {
		t.Fatalf("a refused change wrote %d records: %v", after-n, err)
	}
}
