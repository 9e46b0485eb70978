package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/internal/store/sqlite"
)

// benchCommand tells an operator what this machine and this disk can carry, in a folder of its own that is removed again.
type benchCommand struct {
	Dir  string        `default:"." placeholder:"DIR" help:"在哪块磁盘上量：在这个文件夹里建一个临时数据文件夹，量完删掉"`
	Each time.Duration `name:"time" default:"2s" placeholder:"2s" help:"每一项量多久"`
}

// benchDoc is a document of about one KiB, as a filed project is.
type benchDoc struct {
	Name  string `json:"name" privacy:"public"`
	Text  string `json:"text" privacy:"internal"`
	Count int64  `json:"count"`
}

// benchKind has as many indexes as a kind may have.
func benchKind() store.Kind[benchDoc] {
	all := func(string, *benchDoc) []string { return []string{""} }
	byCount := func(_ string, d *benchDoc) string { return store.SortInt(d.Count) }
	byName := func(_ string, d *benchDoc) string { return d.Name }
	return store.Kind[benchDoc]{
		Name: "bench", Version: 1,
		Indexes: []store.Index[benchDoc]{
			{Name: "count", Keys: all, Sort: byCount},
			{Name: "name", Keys: all, Sort: byName},
			{Name: "group", Keys: func(_ string, d *benchDoc) []string { return []string{fmt.Sprint("c:", d.Count%13)} }, Sort: byName},
			{Name: "words", Keys: func(_ string, d *benchDoc) []string { return []string{d.Name[:2], d.Name[2:4]} }},
		},
	}
}

// Run implements the subcommand.
func (c *benchCommand) Run(p *program) (err error) {
	if c.Each < time.Millisecond || c.Each > time.Minute {
		return fault.New("cmd.bench", fault.Invalid, "--time 要在 1ms 到 1m 之间")
	}
	dir, err := os.MkdirTemp(c.Dir, "redsteward-bench-")
	if err != nil {
		return fault.Wrap("cmd.bench", fault.Invalid, "不能在 "+c.Dir+" 里建文件夹", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	key, err := store.MasterKeyFile(dir, true)
	if err != nil {
		return err
	}
	engine, err := sqlite.Open(p.ctx, filepath.Join(dir, "data"), sqlite.Options{})
	if err != nil {
		return err
	}
	db, err := store.Open(p.ctx, engine, store.Options{Now: p.now, MasterKey: key})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	docs, err := store.NewCollection(p.ctx, db, benchKind())
	if err != nil {
		return err
	}
	return (&measure{p: p, db: db, docs: docs, lasts: c.Each}).all()
}

// measure is one run over a store.
type measure struct {
	p     *program
	db    *store.DB
	docs  *store.Collection[benchDoc]
	lasts time.Duration
	made  atomic.Int64
}

// all measures and prints one line for each figure.
func (m *measure) all() error {
	figures := []struct {
		name    string
		workers int
		once    func(ctx context.Context, i int64) error
	}{
		{"提交一条 1 KB 记录（4 个索引，落盘后才算），1 人", 1, m.commit},
		{"同上，64 人同时", 64, m.commit},
		{"读一份（取自日志）", 2, m.load},
		{"列表一页 20 行", 2, m.list},
	}
	for _, f := range figures {
		rate, err := m.rate(f.workers, f.once)
		if err != nil {
			return err
		}
		fmt.Fprintf(m.p.out, "%10.0f 次/秒  %s\n", rate, f.name)
	}
	start := m.p.now()
	v, err := store.Verifier(m.p.ctx, m.db.Engine())
	if err != nil {
		return err
	}
	report, err := v.Verify(m.p.ctx, m.db.Engine())
	if err != nil {
		return err
	}
	fmt.Fprintf(m.p.out, "%10.0f 条/秒  核验日志（%d 条）\n", float64(report.Records)/m.p.now().Sub(start).Seconds(), report.Records)
	if !report.OK() {
		return fault.New("cmd.bench", fault.Internal, "量出来的日志核验不通过")
	}
	return nil
}

// rate lets some workers do something again and again and returns how often a second it was done.
func (m *measure) rate(workers int, once func(ctx context.Context, i int64) error) (float64, error) {
	var done atomic.Int64
	var lock sync.Mutex
	var errs error
	start := m.p.now()
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for m.p.now().Sub(start) < m.lasts {
				err := once(m.p.ctx, done.Add(1))
				if err != nil {
					lock.Lock()
					errs = errors.Join(errs, err)
					lock.Unlock()
					return
				}
			}
		})
	}
	all.Wait()
	return float64(done.Load()) / m.p.now().Sub(start).Seconds(), errs
}

// commit makes a new document.
func (m *measure) commit(ctx context.Context, _ int64) error {
	n := m.made.Add(1)
	doc := benchDoc{Name: fmt.Sprintf("%06d号小区", n), Text: strings.Repeat("x", 900), Count: n}
	_, err := m.docs.Commit(ctx, store.Meta{By: "bench", Action: "bench.create"}, fmt.Sprint(n), 0, doc)
	return err
}

// load reads one of the documents.
func (m *measure) load(ctx context.Context, i int64) error {
	_, err := m.docs.Load(ctx, fmt.Sprint(1+i*7919%m.made.Load()))
	return err
}

// list reads a page of one of the groups.
func (m *measure) list(ctx context.Context, i int64) error {
	_, err := m.docs.List(ctx, store.Query{Index: "group", Key: fmt.Sprint("c:", i%13), Limit: 20})
	return err
}
