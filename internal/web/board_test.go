package web

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/rating/standing"
)

// twoStars show one evaluation of one row, and a next one once it is told to.
type twoStars struct {
	noStars
	mu     sync.Mutex
	newest int64 // 0: nothing rated yet
	broken error
	// gate, if not nil, holds the reader of rows back until it is closed.
	gate chan struct{}
}

func (s *twoStars) set(newest int64, broken error, gate chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.newest, s.broken, s.gate = newest, broken, gate
}

func (s *twoStars) Latest(context.Context) (Evaluation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return Evaluation{}, s.broken
	}
	if s.newest == 0 {
		return Evaluation{}, errNothingRated
	}
	return Evaluation{ID: fmt.Sprint("e", s.newest), N: s.newest, Grades: []GradeInfo{{ID: "five", Label: "五星", Level: 5}}}, nil
}

func (s *twoStars) Rows(_ context.Context, evaluation string) iter.Seq2[Row, error] {
	s.mu.Lock()
	gate := s.gate
	s.mu.Unlock()
	return func(yield func(Row, error) bool) {
		if gate != nil {
			<-gate
		}
		total := num.FromInt(90)
		yield(Row{ID: "P1", Name: evaluation, Grade: "five", Total: &total}, nil)
	}
}

// shown is the name of the evaluation that a page would show now.
func shown(t *testing.T, s *Server) string {
	t.Helper()
	b, err := s.boardNow(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return b.ID
}

// TestStandsFilter: the board is narrowed to the stars that stand in one way; one whose appeal waits is found under both of its words, and a word that nobody has is none.
func TestStandsFilter(t *testing.T) {
	b := &board{byID: map[string]*ranked{}}
	for i, st := range []standing.Standing{{Status: standing.InForce}, {Status: standing.Removed}, {Status: standing.Demoted, Contested: true}, {}, {Status: standing.InForce}} {
		total := num.FromInt(90)
		b.rows = append(b.rows, &ranked{Row: Row{ID: fmt.Sprint("P", i), Total: &total, Stands: st}})
	}
	b.sort()
	b.stands = standsOf(b.rows)
	if got := fmt.Sprint(b.stands); got != "[有效 已降星 已摘牌 异议中]" {
		t.Error(got)
	}
	for word, want := range map[string]string{"": "P0 P1 P2 P3 P4", "有效": "P0 P4", "已降星": "P2", "异议中": "P2", "已摘牌": "P1", "已到期": ""} {
		var got []string
		for _, r := range b.page(filter{Stands: word}).Rows {
			got = append(got, r.ID)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", word, got, want)
		}
	}
	if f := (filter{Stands: "已摘牌"}); !f.narrows() || f.query() != "stands="+url.QueryEscape("已摘牌") || f.standsView(b.stands)[0].Value != "已摘牌" || f.standsView(b.stands[:1]) != nil {
		t.Error(f.query(), f.standsView(b.stands))
	}
}

// periodStars show the board of one year and of the quarter before it.
type periodStars struct {
	rowsOnly
	now  Evaluation
	past []PastFirms
	made int
}

func (s *periodStars) Latest(context.Context) (Evaluation, error) { return s.now, nil }

func (s *periodStars) Past(context.Context) ([]PastFirms, error) { return s.past, nil }

func (s *periodStars) Board(_ context.Context, evaluation string) (Evaluation, []Row, error) {
	s.made++
	e := s.now
	e.ID, e.Period, e.Title = evaluation, "2026Q2", "2026年第二季度"
	gone := s.rows[0]
	gone.ID, gone.Name = "gone", "撤了的小区"
	return e, append([]Row{gone}, s.rows[1:]...), nil
}

// TestPeers: who is chosen by place, kind or size only is compared with each other, ties sharing a place; the board of another period keeps its filter, leads to the pages that there are, and is made once.
func TestPeers(t *testing.T) {
	stars := &periodStars{now: Evaluation{ID: "e1", Period: "2026", Title: "2026年度", Subject: "小区", Places: 2, Facets: []string{"乡镇", "社区", "类型", "规模"}, Grades: []GradeInfo{{ID: "five", Label: "五星", Level: 5}}},
		past: []PastFirms{{PastPeriod: PastPeriod{ID: "2026Q2", Evaluation: "e0", Period: "2026年第二季度"}}, {PastPeriod: PastPeriod{ID: "2026", Evaluation: "e1", Period: "2026年度"}}}}
	for i, score := range []string{"95", "90", "90", "80", "70"} {
		stars.rows = append(stars.rows, Row{ID: fmt.Sprint("p", i), Name: fmt.Sprint("小区", i), Grade: "five", Total: total(t, score), Facets: []string{"都昌镇", "东街社区", []string{"老旧小区", "商品住宅"}[i%2], "300 户以上的小区"}})
	}
	s := newServer(t, func(o *Options) { o.Stars = stars })
	b, err := s.boardOfPeriod(t.Context(), "2026")
	if err != nil || b.now != nil {
		t.Fatal(b, err)
	}
	old := filter{Facets: []string{"", "", "老旧小区", ""}}
	if places, mean := b.within(old); !old.among() || fmt.Sprint(places) != "map[p0:1 p2:2 p4:3]" || mean.Fixed(2) != "85.00" || old.query() != "f3="+url.QueryEscape("老旧小区") {
		t.Error(places, mean, old.query())
	}
	all := filter{Facets: []string{"都昌镇"}}
	if places, _ := b.within(all); fmt.Sprint(places) != "map[p0:1 p1:2 p2:2 p3:4 p4:5]" {
		t.Error(places)
	}
	for _, f := range []filter{{}, {Facets: []string{"都昌镇"}, Grade: "five"}, {Facets: []string{"都昌镇"}, Query: "x"}} {
		if f.among() {
			t.Errorf("%+v compares", f)
		}
	}
	if got := b.peers(Star{Row: b.byID["p2"].Row}); len(got) != 1 || got[0].Path != old.address("/") {
		t.Errorf("%+v", got)
	}
	// A quarter has scores and no ranks: by their names, compared with the mean of their peers only.
	quarter, names := stars.now, slices.Clone(stars.rows)
	quarter.Unranked, names[4].Name, names[4].Moved = true, "安居公寓", "升 3"
	unranked, err := boardOf(func(yield func(Row, error) bool) {
		for _, r := range names {
			if !yield(r, nil) {
				return
			}
		}
	}, quarter)
	if err != nil {
		t.Fatal(err)
	}
	if page := unranked.page(filter{}); page.Rows[0].ID != "p4" || page.Rows[1].ID != "p0" || page.Rows[0].Rank+page.Rows[1].Rank != 0 || page.Rows[0].Moved != "" {
		t.Errorf("%+v", page.Rows)
	}
	if places, mean := unranked.within(old); len(places) != 0 || mean.Fixed(2) != "85.00" {
		t.Error(places, mean)
	}
	for range 2 {
		if b, err = s.boardOfPeriod(t.Context(), "2026Q2"); err != nil || b.now == nil || b.ID != "e0" || stars.made != 1 {
			t.Fatal(b, err, stars.made)
		}
	}
	v := s.rankingView(b, filter{Period: "2026Q2", Facets: make([]string, 4)}, stars.past)
	if v.Rows[0].Address != "" || v.Rows[1].Address != "/stars/p1#history" || v.Now != "2026年度" || v.Clear != "/?period=2026Q2" || v.CSV != "/stars.csv?period=2026Q2" || fmt.Sprint(v.Periods) != "[{2026Q2 2026年第二季度}]" {
		t.Errorf("%+v %q %q %v", v.Rows[:2], v.Now, v.CSV, v.Periods)
	}
	if _, err := s.boardOfPeriod(t.Context(), "2019"); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}

// TestBoardFollows: the first board is there before the first request; a newer one is made beside the shown one, which goes on being shown
// meanwhile; a failure leaves it standing.
func TestBoardFollows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stars := &twoStars{}
		s := newServer(t, func(o *Options) { o.Stars = stars })
		if err := s.Prepare(t.Context()); err != nil {
			t.Fatal("nothing rated:", err)
		}
		if _, err := s.boardNow(t.Context()); !fault.Is(err, fault.NotFound) {
			t.Fatal("a board of nothing:", err)
		}
		stars.set(1, nil, nil)
		if err := s.Prepare(t.Context()); err != nil {
			t.Fatal(err)
		}
		stars.set(1, errors.New("store is away"), nil)
		if got := shown(t, s); got != "e1" { // a prepared board needs no store
			t.Fatal(got)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go s.followBoard(ctx)
		time.Sleep(3 * followEvery)
		if got := shown(t, s); got != "e1" {
			t.Fatal("after failures:", got)
		}
		gate := make(chan struct{})
		stars.set(2, nil, gate)
		time.Sleep(10 * followEvery) // the new board waits at the gate
		if got := shown(t, s); got != "e1" {
			t.Fatal("an unfinished board is shown:", got)
		}
		close(gate)
		synctest.Wait()
		if got := shown(t, s); got != "e2" {
			t.Fatal("the new board is not shown:", got)
		}
		before := s.board.current.Load()
		time.Sleep(3 * followEvery)
		if s.board.current.Load() != before {
			t.Error("the same evaluation was read again")
		}
	})
	broken := newServer(t, func(o *Options) { o.Stars = &twoStars{broken: errors.New("store is away")} })
	if err := broken.Prepare(t.Context()); err == nil {
		t.Error("a start without store went well")
	}
}
