package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"redsteward/internal/journal"
	"redsteward/internal/store"
)

// image is a 1 KB state like those of the registers.
type image struct {
	Name  string `json:"name" privacy:"public"`
	Body  string `json:"body" privacy:"internal"`
	Scope string `json:"scope" privacy:"internal"`
	Count int64  `json:"count"`
}

func imageKind(indexes int) store.Kind[image] {
	k := store.Kind[image]{Name: "image", Version: 1, Columns: func(id string, s *image) any {
		return struct {
			Name  string `json:"name" privacy:"public"`
			Count int64  `json:"count"`
		}{s.Name, s.Count}
	}}
	for i := range indexes {
		k.Indexes = append(k.Indexes, store.Index[image]{Name: fmt.Sprint("i", i), Keys: func(_ string, s *image) []string { return []string{s.Scope} },
			Sort: func(_ string, s *image) string { return store.SortInt(s.Count * int64(i+1)) }})
	}
	return k
}

func benchStore(b *testing.B, indexes int) (*store.DB, *store.Collection[image]) {
	b.Helper()
	e, err := Open(b.Context(), b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	db, err := store.Open(b.Context(), e, store.Options{Now: time.Now, MasterKey: make([]byte, 32)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	c, err := store.NewCollection(b.Context(), db, imageKind(indexes))
	if err != nil {
		b.Fatal(err)
	}
	return db, c
}

var imageBody = strings.Repeat("x", 900)

func imageOf(i int64) image {
	return image{Name: fmt.Sprint("小区", i), Body: imageBody, Scope: fmt.Sprint("c:", i%13), Count: i}
}

// BenchmarkCommit measures whole commands on documents: sealed, hashed, journaled, listed, on disk.
func BenchmarkCommit(b *testing.B) {
	for _, writers := range []int{1, 64} {
		for _, indexes := range []int{0, 4} {
			b.Run(fmt.Sprintf("writers=%d/indexes=%d", writers, indexes), func(b *testing.B) {
				_, c := benchStore(b, indexes)
				var next atomic.Int64
				b.ResetTimer()
				parallel(b, writers, func() error {
					i := next.Add(1)
					_, err := c.Commit(context.Background(), store.Meta{By: "u1", Action: "image.create"}, fmt.Sprint("n", i), 0, imageOf(i))
					return err
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
			})
		}
	}
}

// parallel runs b.N calls of f on so many goroutines.
func parallel(b *testing.B, goroutines int, f func() error) {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(b.N))
	done := make(chan error, goroutines)
	for range goroutines {
		go func() {
			for left.Add(-1) >= 0 {
				if err := f(); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range goroutines {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBareLoop is the yardstick of BenchmarkCommit: the same tables and indexes, filled in transactions of 64 by one loop that
// seals, checks and coordinates nothing.
func BenchmarkBareLoop(b *testing.B) {
	for _, indexes := range []int{0, 4} {
		b.Run(fmt.Sprintf("indexes=%d", indexes), func(b *testing.B) {
			e, err := Open(b.Context(), b.TempDir(), Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer func() {
				if err := e.Close(); err != nil {
					b.Error(err)
				}
			}()
			sealed := []byte(imageBody + strings.Repeat("y", 300))
			hash := make([]byte, 32)
			s := &e.writer.stmts
			b.ResetTimer()
			for i := 0; i < b.N; {
				err := e.write(b.Context(), "bench", nil, func(*sql.Conn) error {
					if _, err := s.begin.Exec(); err != nil {
						return err
					}
					for j := 0; j < 64 && i < b.N; j++ {
						i++
						stream, err := journal.StreamKey("image", fmt.Sprint("n", i))
						if err != nil {
							return err
						}
						if _, err := s.insertRecord.Exec(i, journal.RecordID(stream, 1), 1, hash, sealed); err != nil {
							return err
						}
						if _, err := s.insertDoc.Exec("image", stream, 1, i, 0, false, nil, nil, sealed[:950]); err != nil {
							return err
						}
						var entries []store.Entry
						for x := range indexes {
							entries = append(entries, store.Entry{Index: fmt.Sprint("i", x), Key: fmt.Sprint("c:", i%13), Sort: store.SortInt(int64(i * (x + 1)))})
						}
						if err := e.writer.insertEntries("image", stream, int64(i), entries); err != nil {
							return err
						}
					}
					_, err := s.commit.Exec()
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
		})
	}
}

// BenchmarkList20 lets 64 callers read pages of 20, decoded and as stored list columns.
func BenchmarkList20(b *testing.B) {
	_, c := benchStore(b, 4)
	for i := range int64(5000) {
		if _, err := c.Commit(b.Context(), store.Meta{By: "u1", Action: "image.create"}, fmt.Sprint("n", i), 0, imageOf(i)); err != nil {
			b.Fatal(err)
		}
		if i > 500 && testing.Short() {
			break
		}
	}
	q := store.Query{Index: "i0", Key: "c:3", Limit: 20}
	for _, read := range []struct {
		name string
		rows func() (int, error)
	}{
		{"decoded", func() (int, error) {
			page, err := c.List(context.Background(), q)
			return len(page.Docs), err
		}},
		{"columns", func() (int, error) {
			page, err := c.Rows(context.Background(), q)
			return len(page.Rows), err
		}},
	} {
		b.Run(read.name, func(b *testing.B) {
			parallel(b, 64, func() error {
				n, err := read.rows()
				if err == nil && n != 20 {
					err = fmt.Errorf("%d rows", n)
				}
				return err
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lists/s")
		})
	}
}

// surveyed is a state of the size of those by which design §8 set its bar for decoding: 684 bytes of texts, days, numbers and short lists.
type surveyed struct {
	Project   string       `json:"project" privacy:"internal"`
	Firm      string       `json:"firm" privacy:"internal"`
	Community string       `json:"community" privacy:"internal"`
	Day       string       `json:"day" privacy:"public"`
	By        string       `json:"by" privacy:"internal"`
	Accepted  journal.Time `json:"accepted"`
	Note      string       `json:"note" privacy:"internal"`
	Items     []item       `json:"items"`
	Files     []string     `json:"files" privacy:"internal"`
}

type item struct {
	ID    string `json:"id" privacy:"public"`
	Num   int64  `json:"num"`
	Den   int64  `json:"den"`
	Found bool   `json:"found"`
}

// surveyedBytes is the size of a stored one.
const surveyedBytes = 684

func surveyedOf(i int) surveyed {
	s := surveyed{Project: fmt.Sprintf("project-%06d", i), Firm: fmt.Sprintf("firm-%06d", i%97), Community: fmt.Sprintf("community-%06d", i%13), Day: "2026-09-30", By: "inspector-000001",
		Accepted: journal.At(time.Date(2026, 9, 30, 1, 2, 3, 0, time.UTC)), Files: []string{strings.Repeat("a", 64)}}
	for n := range int64(7) {
		s.Items = append(s.Items, item{ID: fmt.Sprint("i_", n), Num: n, Den: 10, Found: n%2 == 0})
	}
	return s
}

// BenchmarkDecode reads documents of the size of the bar from the file and decodes them, one after the other, as a source of facts does (bar of design §8: 80,000 a second).
func BenchmarkDecode(b *testing.B) {
	const documents = 20_000
	db, _ := benchStore(b, 0)
	c, err := store.NewCollection(b.Context(), db, store.Kind[surveyed]{Name: "surveyed", Version: 1})
	if err != nil {
		b.Fatal(err)
	}
	var next atomic.Int64
	var all errgroup.Group
	for range 64 {
		all.Go(func() error {
			for {
				i := int(next.Add(1))
				if i > documents {
					return nil
				}
				s := surveyedOf(i)
				if raw, err := json.Marshal(s); err != nil || len(raw) > surveyedBytes {
					return fmt.Errorf("%d bytes before the note: %w", len(raw), err)
				} else {
					s.Note = strings.Repeat("n", surveyedBytes-len(raw))
				}
				if _, err := c.Commit(b.Context(), store.Meta{By: "u1", Action: "image.create"}, fmt.Sprint("n", i), 0, s); err != nil {
					return err
				}
			}
		})
	}
	if err := all.Wait(); err != nil {
		b.Fatal(err)
	}
	var bytes int64
	if err := db.Engine().Each(b.Context(), "surveyed", "", store.WithState, func(r store.Row) error {
		bytes += int64(len(r.State))
		return nil
	}); err != nil || bytes != documents*surveyedBytes {
		b.Fatal(bytes, err)
	}
	b.ResetTimer()
	for b.Loop() {
		n := 0
		for d, err := range c.Each(b.Context()) {
			if err != nil || len(d.State.Items) != 7 {
				b.Fatal(d, err)
			}
			n++
		}
		if n != documents {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(b.N*documents)/b.Elapsed().Seconds(), "documents/s")
}

// BenchmarkVerify checks a whole log of 20,000 records.
func BenchmarkVerify(b *testing.B) {
	const records = 20_000
	db, c := benchStore(b, 0)
	var next atomic.Int64
	done := make(chan error, 64)
	for range 64 {
		go func() {
			for {
				i := next.Add(1)
				if i > records {
					done <- nil
					return
				}
				if _, err := c.Commit(context.Background(), store.Meta{By: "u1", Action: "image.create"}, fmt.Sprint("n", i), 0, image{Name: "小区", Count: i}); err != nil {
					done <- err
					return
				}
			}
		}()
	}
	for range 64 {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	if _, err := db.Checkpoint(b.Context()); err != nil {
		b.Fatal(err)
	}
	v, err := store.Verifier(b.Context(), db.Engine())
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for b.Loop() {
		report, err := v.Verify(b.Context(), db.Engine())
		if err != nil || !report.OK() || report.Records != records {
			b.Fatal(report, err)
		}
	}
	b.ReportMetric(float64(b.N*records)/b.Elapsed().Seconds(), "entries/s")
}
