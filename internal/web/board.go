package web

import (
	"cmp"
	"context"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mozillazg/go-pinyin"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/rating/standing"
)

// rowsPerPage is the length of one page of the board.
const rowsPerPage = 50

// ranked is a row with its place.
type ranked struct {
	Row
	// Rank is the shared rank, 0 for a row without rank and where nothing is ranked; at is where the row stands by its total, 0 without one.
	Rank, at int
	// gradeOrder is the position of the grade from the best.
	gradeOrder int
	// search is what a query is looked up in: name, firm and place, their pinyin and initials, lower case.
	search string
	// order is the row's position in each sort.
	order [sorts]int
	// firm is whose it is; nil if nobody's, weight what it weighs in the roll-up, nil if it does not count there.
	firm   *rankedFirm
	weight *num.Num
}

// The sorts of the board.
const (
	byRank = iota
	byName
	byFirm
	byGrade
	byWeight
	sorts
)

var sortNames = map[string]int{"rank": byRank, "name": byName, "firm": byFirm, "grade": byGrade, "weight": byWeight}

// board is one evaluation prepared for reading: sorted, ranked, counted. It never changes after it was made.
type board struct {
	Evaluation
	rows    []*ranked // with a rank, best first
	apart   []*ranked // not rated and not enough data
	byID    map[string]*ranked
	sorted  [sorts][]*ranked // rows only
	grades  map[string]GradeInfo
	counts  map[string]int
	facets  [][]string // values of each facet, sorted
	facetOf []map[string]bool
	// stands are the words for how the stars of the board stand, those that are there, in their order; what is one word for all is no filter.
	stands []string
	// Levels: some grade has stars.
	Levels bool
	firms  rankedFirms
	// now is the board that is shown when this is the board of another period, nil for that one itself: stars and firms have their pages there.
	now *board
}

// newBoard reads an evaluation once. Ties share a rank: 1, 2, 2, 4.
func newBoard(ctx context.Context, stars Stars, e Evaluation) (*board, error) {
	return boardOf(stars.Rows(ctx, e.ID), e)
}

// boardOf is newBoard of rows.
func boardOf(rows iter.Seq2[Row, error], e Evaluation) (*board, error) {
	b := &board{Evaluation: e, byID: make(map[string]*ranked), grades: make(map[string]GradeInfo), counts: make(map[string]int),
		facetOf: make([]map[string]bool, len(e.Facets))}
	gradeOrder := make(map[string]int)
	for i, g := range e.Grades {
		b.grades[g.ID], gradeOrder[g.ID] = g, i
		b.Levels = b.Levels || g.Level > 0
	}
	for i := range b.facetOf {
		b.facetOf[i] = make(map[string]bool)
	}
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		r := &ranked{Row: row, search: searchText(row.Name, row.Firm, row.Place)}
		if e.Unranked {
			r.Moved = "" // a place that nobody has
		}
		order, known := gradeOrder[row.Grade]
		if !known {
			order = len(e.Grades)
		}
		r.gradeOrder = order
		b.byID[row.ID] = r
		b.counts[row.Grade]++
		for i, v := range row.Facets {
			if i < len(b.facetOf) && v != "" {
				b.facetOf[i][v] = true
			}
		}
		if row.Total == nil || b.grades[row.Grade].Unrated {
			b.apart = append(b.apart, r)
		} else {
			b.rows = append(b.rows, r)
		}
	}
	b.firms = rankFirms(e.Firms, e.Unranked)
	for _, f := range b.firms.list {
		for _, m := range f.Members {
			if r := b.byID[m.ID]; r != nil && !f.Apart {
				r.firm, r.weight = f, m.Weight
			}
		}
	}
	b.sort()
	b.stands = standsOf(b.rows)
	for _, values := range b.facetOf {
		list := make([]string, 0, len(values))
		for v := range values {
			list = append(list, v)
		}
		slices.Sort(list)
		b.facets = append(b.facets, list)
	}
	return b, nil
}

// sort ranks the rows and prepares each order. Ids break every tie, so that pages never overlap.
func (b *board) sort() {
	byTotal := func(x, y *ranked) int {
		return cmp.Or(y.Total.Cmp(*x.Total), cmp.Compare(x.ID, y.ID))
	}
	slices.SortFunc(b.rows, byTotal)
	for i, r := range b.rows {
		r.at = i + 1
		if i > 0 && b.rows[i-1].Total.Equal(*r.Total) {
			r.at = b.rows[i-1].at
		}
		if !b.Unranked {
			r.Rank = r.at
		}
	}
	names := func(x, y *ranked) int { return cmp.Or(cmp.Compare(x.search, y.search), cmp.Compare(x.ID, y.ID)) }
	slices.SortFunc(b.apart, func(x, y *ranked) int {
		return cmp.Or(cmp.Compare(x.gradeOrder, y.gradeOrder), cmp.Compare(x.search, y.search), cmp.Compare(x.ID, y.ID))
	})
	compare := [sorts]func(x, y *ranked) int{
		byRank: byTotal,
		byName: names,
		byFirm: func(x, y *ranked) int {
			return cmp.Or(cmp.Compare(searchText(x.Firm), searchText(y.Firm)), cmp.Compare(x.at, y.at), cmp.Compare(x.ID, y.ID))
		},
		byGrade: func(x, y *ranked) int {
			return cmp.Or(cmp.Compare(x.gradeOrder, y.gradeOrder), cmp.Compare(x.at, y.at), cmp.Compare(x.ID, y.ID))
		},
		byWeight: func(x, y *ranked) int {
			return cmp.Or(byWeightOf(x, y), cmp.Compare(x.at, y.at), cmp.Compare(x.ID, y.ID))
		},
	}
	if b.Unranked {
		compare[byRank] = names
	}
	for kind, by := range compare {
		list := slices.Clone(b.rows)
		slices.SortFunc(list, by)
		for i, r := range list {
			r.order[kind] = i
		}
		b.sorted[kind] = list
	}
}

// byWeightOf puts what weighs most first, and what does not count last.
func byWeightOf(x, y *ranked) int {
	switch {
	case x.weight == nil && y.weight == nil:
		return 0
	case x.weight == nil:
		return 1
	case y.weight == nil:
		return -1
	}
	return y.weight.Cmp(*x.weight)
}

// filter is what the board can be asked for; its text form is the query of a shared address.
type filter struct {
	// Period is the id of a published period, "" for the one that is shown now.
	Period string
	Query  string
	Grade  string
	Facets []string
	// Stands is a word for how a star stands, see standsAs.
	Stands string
	Sort   string
	Desc   bool
	// After and Before are ids of rows: the page begins behind the one, or ends before the other.
	After, Before string
	// of keeps the rows of one firm; nil for all. It is the page's own and not part of the query.
	of *rankedFirm
}

// matches reports whether a row passes everything but the page.
func (f *filter) matches(r *ranked) bool {
	if f.of != nil && r.firm != f.of || f.Grade != "" && r.Grade != f.Grade {
		return false
	}
	for i, v := range f.Facets {
		if v != "" && (i >= len(r.Facets) || r.Facets[i] != v) {
			return false
		}
	}
	if f.Stands != "" && !r.standsAs(f.Stands) {
		return false
	}
	return f.Query == "" || strings.Contains(r.search, f.Query)
}

// among reports whether the filter chooses compounds to be compared with each other: of one place, one kind, one size, and by nothing that they were rated.
func (f *filter) among() bool {
	return f.Query == "" && f.Grade == "" && f.Stands == "" && strings.Join(f.Facets, "") != ""
}

// within is the place of each row that passes the filter among these, ties sharing it, and the mean of their totals.
func (b *board) within(f filter) (places map[string]int, mean num.Num) {
	places = map[string]int{}
	last, rank := 0, 0
	var sum num.Num
	for _, r := range b.rows {
		if !f.matches(r) {
			continue
		}
		if r.at != last {
			last, rank = r.at, len(places)+1
		}
		places[r.ID] = rank
		sum = sum.Add(*r.Total)
	}
	mean, _ = sum.Quo(num.FromInt(int64(max(1, len(places)))))
	if b.Unranked {
		clear(places)
	}
	return places, mean
}

// contested is the word for a star about which an appeal waits; it stands some other way besides.
const contested = "异议中"

// standsAs reports whether the star of a row stands as a word says: the title of a status, or 异议中.
func (r *ranked) standsAs(word string) bool {
	return r.Stands.Status != "" && (r.Stands.Status.Title() == word || r.Stands.Contested && word == contested)
}

// standsOf are the words for how the stars of some rows stand, those that are there, in their order.
func standsOf(rows []*ranked) []string {
	var out []string
	for _, s := range standing.Statuses() {
		out = append(out, s.Title())
	}
	return slices.DeleteFunc(append(out, contested), func(word string) bool {
		return !slices.ContainsFunc(rows, func(r *ranked) bool { return r.standsAs(word) })
	})
}

// result is one page of the board.
type result struct {
	Rows []*ranked
	// First and Last are the positions of the page among Count rows, from 1.
	First, Last, Count int
	// Next and Previous are ids for After and Before, "" if there is no such page.
	Next, Previous string
	// Apart are the rows without rank that pass the filter.
	Apart []*ranked
}

// page answers a filter.
func (b *board) page(f filter) result {
	kind := sortNames[f.Sort]
	var all []*ranked
	for _, r := range b.sorted[kind] {
		if f.matches(r) {
			all = append(all, r)
		}
	}
	if f.Desc {
		slices.Reverse(all)
	}
	out := result{Count: len(all), Apart: b.apartOf(f)}
	// A cursor is the id of a row; where the row itself is filtered out, its place in the order still says where to go on.
	position := func(id string) (int, bool) {
		mark, ok := b.byID[id]
		if !ok || mark.at == 0 {
			return 0, false
		}
		at := slices.IndexFunc(all, func(r *ranked) bool {
			if f.Desc {
				return r.order[kind] <= mark.order[kind]
			}
			return r.order[kind] >= mark.order[kind]
		})
		if at < 0 {
			at = len(all)
		}
		return at, true
	}
	from := 0
	if at, ok := position(f.After); ok {
		from = at
		if at < len(all) && all[at].ID == f.After {
			from++
		}
	} else if at, ok := position(f.Before); ok {
		from = max(0, at-rowsPerPage)
	}
	to := min(from+rowsPerPage, len(all))
	out.Rows = all[from:to]
	if len(out.Rows) > 0 {
		out.First, out.Last = from+1, to
		if to < len(all) {
			out.Next = all[to-1].ID
		}
		if from > 0 {
			out.Previous = all[from].ID
		}
	}
	return out
}

// every returns all rows that pass the filter, ranked first, for exports.
func (b *board) every(f filter) []*ranked {
	kind := sortNames[f.Sort]
	var all []*ranked
	for _, r := range b.sorted[kind] {
		if f.matches(r) {
			all = append(all, r)
		}
	}
	if f.Desc {
		slices.Reverse(all)
	}
	return append(all, b.apartOf(f)...)
}

func (b *board) apartOf(f filter) []*ranked {
	var out []*ranked
	for _, r := range b.apart {
		if f.matches(r) {
			out = append(out, r)
		}
	}
	return out
}

// searchText makes the text in which a query is looked up: the words themselves, their pinyin, and its initials.
func searchText(words ...string) string {
	var b strings.Builder
	for _, w := range words {
		w = strings.ToLower(w)
		b.WriteString(w)
		b.WriteByte('\n')
		if !strings.ContainsFunc(w, func(r rune) bool { return r >= 0x3400 }) {
			continue
		}
		var initials strings.Builder
		args := pinyin.NewArgs()
		for _, r := range w {
			syllable := pinyin.SinglePinyin(r, args)
			if len(syllable) == 0 {
				b.WriteRune(r)
				initials.WriteRune(r)
				continue
			}
			b.WriteString(syllable[0])
			initials.WriteByte(syllable[0][0])
		}
		b.WriteByte('\n')
		b.WriteString(initials.String())
		b.WriteByte('\n')
	}
	return b.String()
}

// boardCache keeps the board that is shown. A newer one is made beside it, off the path of every request, and takes its place when it is complete.
type boardCache struct {
	current atomic.Pointer[board]
	making  sync.Mutex
	past    atomic.Pointer[pastShown]
	// others are boards of other periods that were asked for lately.
	others []*board
}

// otherRows is how many rows the kept boards of other periods may have together: all that can be asked for in a county, a few in a province. The one asked for last is kept in any case.
const otherRows = 40_000

// followEvery is how often a running server looks for a newer evaluation: another process may have made it.
const followEvery = time.Second

// Prepare reads the newest evaluation, so that the first request finds its board. Nothing rated yet is no error. Call it before the address is told.
func (s *Server) Prepare(ctx context.Context) error {
	if _, err := s.boardNow(ctx); !fault.Is(err, fault.NotFound) {
		return err
	}
	return nil
}

// pastShown are the roll-ups of the published periods, and a text that is another one when a period was published.
type pastShown struct {
	list    []PastFirms
	version string
}

// pastNow returns the roll-ups of the published periods. Only the first request may have to wait for them; Serve keeps them up to date.
func (s *Server) pastNow(ctx context.Context) (*pastShown, error) {
	if shown := s.board.past.Load(); shown != nil {
		return shown, nil
	}
	return s.refreshPast(ctx)
}

func (s *Server) refreshPast(ctx context.Context) (*pastShown, error) {
	list, err := s.stars.Past(ctx)
	if err != nil {
		return nil, fault.Wrap("web.refreshPast", "", "", err)
	}
	ids := make([]string, len(list))
	for i := range list {
		ids[i] = list[i].Evaluation
	}
	made := &pastShown{list: list, version: strings.Join(ids, " ")}
	s.board.past.Store(made)
	return made, nil
}

// boardNow returns the board to show. Only the first board is made here; Serve replaces it. Returns NotFound if nothing was rated yet.
func (s *Server) boardNow(ctx context.Context) (*board, error) {
	if shown := s.board.current.Load(); shown != nil {
		return shown, nil
	}
	return s.refreshBoard(ctx)
}

// boardOfPeriod returns the board of a published period, and the one to show now for the period of that and for "". Returns NotFound for a period that is not published, or not kept for looking up any more.
func (s *Server) boardOfPeriod(ctx context.Context, period string) (*board, error) {
	now, err := s.boardNow(ctx)
	if err != nil || period == "" || period == now.Period {
		return now, err
	}
	past, err := s.pastNow(ctx)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(past.list, func(p PastFirms) bool { return p.ID == period })
	if at < 0 {
		return nil, fault.New("web.boardOfPeriod", fault.NotFound, "没有公布过这一期")
	}
	id := past.list[at].Evaluation
	s.board.making.Lock()
	defer s.board.making.Unlock()
	kept := slices.DeleteFunc(slices.Clone(s.board.others), func(b *board) bool { return b.now != now })
	if at := slices.IndexFunc(kept, func(b *board) bool { return b.ID == id }); at >= 0 {
		return kept[at], nil
	}
	e, rows, err := s.stars.Board(ctx, id)
	if err != nil {
		return nil, err
	}
	made, err := boardOf(func(yield func(Row, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}, e)
	if err != nil {
		return nil, err
	}
	made.now = now
	kept = append([]*board{made}, kept...)
	for i, held := 1, len(made.byID); i < len(kept); i++ {
		if held += len(kept[i].byID); held > otherRows {
			kept = kept[:i]
		}
	}
	s.board.others = kept
	return made, nil
}

// refreshBoard makes the newest board unless it is shown already, and returns what is shown now. Returns NotFound if nothing was rated yet.
func (s *Server) refreshBoard(ctx context.Context) (*board, error) {
	const op = "web.refreshBoard"
	s.board.making.Lock()
	defer s.board.making.Unlock()
	e, err := s.stars.Latest(ctx)
	if err != nil {
		return nil, fault.Wrap(op, "", "", err)
	}
	if shown := s.board.current.Load(); shown != nil && shown.N == e.N && shown.ID == e.ID && shown.Stands == e.Stands {
		return shown, nil
	}
	made, err := newBoard(ctx, s.stars, e)
	if err != nil {
		return nil, fault.Wrap(op, "", "", err)
	}
	s.board.current.Store(made)
	return made, nil
}

// followBoard keeps the board up to date until ctx ends. A failure leaves the shown board standing and is logged.
func (s *Server) followBoard(ctx context.Context) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		_, err := s.refreshBoard(ctx)
		if err == nil {
			_, err = s.refreshPast(ctx)
		}
		if err != nil && !fault.Is(err, fault.NotFound) && ctx.Err() == nil {
			s.log.LogAttrs(ctx, slog.LevelError, "board", slog.String("error", err.Error()))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
