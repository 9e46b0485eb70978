package storetest

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
)

func (s Suite) queries(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	const docs = 57
	for i := range docs {
		owner := fmt.Sprint("p", i%3)
		if _, err := b.notes.Commit(ctx, meta("note.create"), fmt.Sprintf("n%02d", i), 0, Note{Title: fmt.Sprintf("标题%02d", i/2), Owner: owner, Count: int64(i - 20)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.db.Engine().Settle(ctx); err != nil {
		t.Fatal(err)
	}
	collect := func(q store.Query) []string {
		t.Helper()
		var ids []string
		for pages := 0; ; pages++ {
			page, err := b.notes.List(ctx, q)
			if err != nil || pages > docs {
				t.Fatal(pages, err)
			}
			for _, d := range page.Docs {
				ids = append(ids, d.ID)
			}
			if q.After = page.Next; q.After == "" {
				return ids
			}
		}
	}
	up := collect(store.Query{Index: "count", Key: "all", Limit: 10})
	down := collect(store.Query{Index: "count", Key: "all", Limit: 7, Desc: true})
	if len(up) != docs || len(down) != docs {
		t.Fatalf("%d up, %d down, want %d", len(up), len(down), docs)
	}
	for i := range up {
		if up[i] != fmt.Sprintf("n%02d", i) || down[docs-1-i] != up[i] {
			t.Fatalf("place %d: up %s, down %s", i, up[i], down[docs-1-i])
		}
	}
	if _, err := b.notes.Commit(ctx, meta("note.change"), "n03", 1, Note{Title: "标题01", Owner: "p0", Count: -17, Body: "改"}); err != nil {
		t.Fatal(err)
	}
	// The heads of the list and those asked for one by one are compared with their numbers.
	if err := b.db.Engine().Settle(ctx); err != nil {
		t.Fatal(err)
	}
	var heads []string
	for q := (store.Query{Index: "count", Key: "all", Limit: 10}); ; {
		page, err := b.notes.ListHeads(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range page.Heads {
			head, err := b.notes.Head(ctx, h.ID)
			if err != nil || h.RecordID != head.RecordID || h.Hash != head.Hash || h.N != head.N || h.State != head.State {
				t.Fatalf("head %+v, want %+v: %v", h, head, err)
			}
			heads = append(heads, h.ID)
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	if !slices.Equal(heads, up) {
		t.Fatalf("heads %v, want %v", heads, up)
	}
	in := collect(store.Query{Index: "title", In: []string{"o:p0", "o:p2", "o:nobody"}, Limit: 5})
	seen := map[string]bool{}
	for _, id := range in {
		if seen[id] {
			t.Fatalf("%s twice", id)
		}
		seen[id] = true
	}
	if len(in) != 38 {
		t.Fatalf("%d rows of two owners, want 38", len(in))
	}
	// All that begins alike is listed in either order, page by page, and nothing else.
	for begins, want := range map[string]int{"标题1": 20, "标题28": 1, "标题": docs, "标题9": 0} {
		up, down := collect(store.Query{Index: "title", Prefix: begins, Limit: 3}), collect(store.Query{Index: "title", Prefix: begins, Limit: 4, Desc: true})
		if slices.Reverse(down); len(up) != want || !slices.Equal(up, down) {
			t.Errorf("%d rows begin with %s, %d backwards, want %d", len(up), begins, len(down), want)
		}
	}
	if none := collect(store.Query{Index: "title", In: []string{}}); len(none) != 0 {
		t.Fatal("an empty list of keys gives rows")
	}
	where, err := b.notes.ListWhere(ctx, store.Query{Index: "count", Key: "all", Limit: 4}, func(d *store.Doc[Note]) bool { return d.State.Count%10 == 0 })
	if err != nil || len(where.Docs) != 4 || where.Next == "" {
		t.Fatalf("%+v %v", where, err)
	}
	rest, err := b.notes.ListWhere(ctx, store.Query{Index: "count", Key: "all", Limit: 4, After: where.Next}, func(d *store.Doc[Note]) bool { return d.State.Count%10 == 0 })
	if err != nil || len(rest.Docs) != 2 || rest.Next != "" {
		t.Fatalf("%+v %v", rest, err)
	}
	rows, err := b.notes.Rows(ctx, store.Query{Index: "title", Limit: 1})
	if err != nil || len(rows.Rows) != 1 || string(rows.Rows[0].Columns) != `{"title":"标题00"}` {
		t.Fatalf("%+v %v", rows, err)
	}
	for name, q := range map[string]store.Query{
		"foreign cursor": {Index: "title", After: where.Next},
		"broken cursor":  {Index: "title", After: "@@"},
		"huge page":      {Index: "title", Limit: store.MaxLimit + 1},
		"too many keys":  {Index: "title", In: make([]string, store.MaxIn+1)},
	} {
		if _, err := b.notes.List(ctx, q); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// streamSlack is how many bytes of memory reading all documents may take.
const streamSlack = 12 << 20

func (s Suite) streamMany(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	// Documents are put as a rebuild puts them: this is about reading, and a hundred thousand commits are not.
	var wg sync.WaitGroup
	// All titles together take three times the memory that reading may take, however many documents they are, but a document keeps its limit.
	title := strings.Repeat("长", min(3*streamSlack/s.Many, 60<<10)/len("长"))
	for w := range s.Writers {
		wg.Go(func() {
			for i := w; i < s.Many; i += s.Writers {
				d := store.Document{Kind: "note", Entries: []store.Entry{{Index: "count", Key: "all", Sort: store.SortInt(int64(i))}}}
				stream, err := journal.StreamKey("note", fmt.Sprint("n", i))
				d.Stream, d.Seq, d.N = stream, 1, int64(i+1)
				d.State = fmt.Appendf(nil, `{"author":"","body":"","count":%d,"owner":"","title":"%s"}`, i, title)
				if err == nil {
					err = b.db.Engine().PutRow(ctx, d)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most, count, last := heap(), uint64(0), 0, ""
	for doc, err := range b.notes.Each(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		count++
		last = doc.ID
		if count%(max(s.Many/4, 1)) == 0 {
			most = max(most, heap())
		}
	}
	if count != s.Many || last == "" {
		t.Fatalf("%d documents, want %d", count, s.Many)
	}
	t.Logf("reading all took %d KiB more", (int64(most)-int64(before))>>10)
	if most > before+streamSlack {
		t.Fatalf("reading all took %d MiB more", (most-before)>>20)
	}
	// A filter outside the index reads so many rows and no more.
	_, err := b.notes.ListWhere(ctx, store.Query{Index: "count", Key: "all"}, func(d *store.Doc[Note]) bool { return d.State.Count < 0 })
	if s.Many > store.MaxResidual {
		wantKind(t, err, fault.Invalid)
	} else if err != nil {
		t.Fatal(err)
	}
}

// pages compares random queries with a plain model: filter, sort, cut.
func (s Suite) pages(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	type row struct {
		id, stream string
		note       Note
	}
	var rows []row
	for i := range 40 {
		id := fmt.Sprintf("n%02d", i)
		stream, err := journal.StreamKey("note", id)
		if err != nil {
			t.Fatal(err)
		}
		// Few titles and counts, so that many rows share a sort text and the id decides.
		r := row{id, stream, Note{Title: fmt.Sprint("标题", i*7%5), Owner: fmt.Sprint("p", i*3%4), Count: int64(i*11%6 - 3)}}
		if _, err := b.notes.Commit(ctx, meta("note.create"), id, 0, r.note); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	if err := b.db.Engine().Settle(ctx); err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		q := store.Query{Index: "title", Desc: rapid.Bool().Draw(t, "desc"), Limit: rapid.IntRange(1, 45).Draw(t, "limit")}
		var want []row
		if rapid.Bool().Draw(t, "one order") {
			q.Index, q.Key = "count", "all"
			want = slices.Clone(rows)
			slices.SortFunc(want, func(a, b row) int {
				return cmp.Or(cmp.Compare(a.note.Count, b.note.Count), strings.Compare(a.stream, b.stream))
			})
		} else {
			owners := rapid.SliceOfNDistinct(rapid.IntRange(0, 4), 0, 4, rapid.ID).Draw(t, "owners")
			q.In = []string{}
			for _, o := range owners {
				q.In = append(q.In, fmt.Sprint("o:p", o))
			}
			for _, r := range rows {
				if slices.Contains(q.In, "o:"+r.note.Owner) {
					want = append(want, r)
				}
			}
			slices.SortFunc(want, func(a, b row) int {
				return cmp.Or(strings.Compare(a.note.Title, b.note.Title), strings.Compare(a.stream, b.stream))
			})
		}
		if q.Desc {
			slices.Reverse(want)
		}
		least := rapid.Int64Range(-4, 1).Draw(t, "least")
		want = slices.DeleteFunc(want, func(r row) bool { return r.note.Count < least })
		var got []string
		for pages := 0; ; pages++ {
			page, err := b.notes.ListWhere(ctx, q, func(d *store.Doc[Note]) bool { return d.State.Count >= least })
			if err != nil || pages > len(rows) || len(page.Docs) > q.Limit {
				t.Fatal(pages, len(page.Docs), err)
			}
			if page.Next != "" && len(page.Docs) < q.Limit {
				t.Fatalf("%d rows of %d, and yet there is a next page", len(page.Docs), q.Limit)
			}
			for _, d := range page.Docs {
				got = append(got, d.ID)
			}
			if q.After = page.Next; q.After == "" {
				break
			}
		}
		ids := make([]string, len(want))
		for i, r := range want {
			ids[i] = r.id
		}
		if !slices.Equal(got, ids) {
			t.Fatalf("got  %v\nwant %v", got, ids)
		}
	})
}
