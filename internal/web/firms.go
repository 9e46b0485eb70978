package web

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/policy"
)

// firmsView is what firms.html shows.
type firmsView struct {
	*board
	Query              string
	Rows               []firmRow
	First, Last, Count int
	Next, Back         string
}

type firmRow struct {
	Rank                int
	Name, Merged, Grade string
	Level               int
	Total, Weight, Link string
	Count               int
}

// firms is the roll-up to firms.
func (s *Server) firms(c *fiber.Ctx, by policy.Actor) error {
	b, err := s.boardNow(c.UserContext())
	if fault.Is(err, fault.NotFound) || err == nil && len(b.Firms) == 0 {
		return s.render(c, by, "firms", page{Title: "企业汇总", Nav: "/firms", Data: (*firmsView)(nil)})
	}
	if err != nil {
		return err
	}
	query := strings.ToLower(strings.TrimSpace(c.Query("q")))
	if r := []rune(query); len(r) > maxQuery {
		query = string(r[:maxQuery])
	}
	from, _ := strconv.Atoi(c.Query("from")) // anything else is the first page
	key := s.cacheKey(c, by, b, "/firms", url.Values{"q": {query}, "from": {strconv.Itoa(from)}}.Encode())
	cached, err := s.cache.get(key, func() ([]byte, error) {
		return s.renderBytes(c, by, "firms", page{Title: b.FirmsTitle, Nav: "/firms", Data: b.firmsView(query, from)})
	})
	if err != nil {
		return err
	}
	return cached.send(c)
}

// firmsView lists the firms whose names hold the query. The list of one evaluation never changes, so a position is as good a cursor as a name.
func (b *board) firmsView(query string, from int) *firmsView {
	v := &firmsView{board: b, Query: query}
	var all []firmRow
	for _, f := range b.firms.list {
		if query == "" || strings.Contains(f.search, query) {
			all = append(all, f.row())
		}
	}
	v.Count = len(all)
	from = max(0, min(from, v.Count-1))
	to := min(from+rowsPerPage, v.Count)
	link := func(at int) string {
		q := url.Values{"from": {strconv.Itoa(at)}}
		if query != "" {
			q.Set("q", query)
		}
		return "/firms?" + q.Encode()
	}
	if v.Count > 0 {
		v.Rows, v.First, v.Last = all[from:to], from+1, to
	}
	if to < v.Count {
		v.Next = link(to)
	}
	if from > 0 {
		v.Back = link(max(0, from-rowsPerPage))
	}
	return v
}

// row is the firm as the list shows it.
func (f *rankedFirm) row() firmRow {
	row := firmRow{Rank: f.Rank, Name: f.Name, Grade: f.Grade, Level: f.Level, Total: "—", Weight: f.Weight, Count: f.Count, Merged: f.merged()}
	if f.Total != nil {
		row.Total = f.Shown
	}
	if !f.Apart {
		row.Link = firmAddress(f.ID)
	}
	return row
}

// merged names the spellings that the rule brought together, "" if there is one only.
func (f *rankedFirm) merged() string {
	if len(f.Spellings) < 2 {
		return ""
	}
	return strings.Join(f.Spellings, "、")
}

// rankedFirm is a firm with its place.
type rankedFirm struct {
	Firm
	// Rank is the shared place, 0 without total and for a group that stands for no firm.
	Rank   int
	search string
}

// rankedFirms are the firms of an evaluation in order of their totals; groups that stand for no firm come last.
type rankedFirms struct {
	list []*rankedFirm
	byID map[string]*rankedFirm
	// ranked is how many have a place.
	ranked int
}

// rankFirms puts the firms in order, ties sharing a rank; without ranks those with a total stand first, by their names.
func rankFirms(firms []Firm, unranked bool) rankedFirms {
	out := rankedFirms{byID: make(map[string]*rankedFirm, len(firms))}
	for _, f := range firms {
		r := &rankedFirm{Firm: f, search: searchText(append([]string{f.Name}, f.Spellings...)...)}
		out.list = append(out.list, r)
		if !f.Apart {
			out.byID[f.ID] = r
		}
	}
	placed := func(f *rankedFirm) bool { return f.Total != nil && !f.Apart }
	slices.SortStableFunc(out.list, func(x, y *rankedFirm) int {
		switch {
		case placed(x) != placed(y):
			if placed(x) {
				return -1
			}
			return 1
		case placed(x) && !unranked:
			return cmp.Or(y.Total.Cmp(*x.Total), strings.Compare(x.Name, y.Name))
		}
		return strings.Compare(x.Name, y.Name)
	})
	for i, f := range out.list {
		if !placed(f) || unranked {
			break
		}
		out.ranked, f.Rank = i+1, i+1
		if i > 0 && out.list[i-1].Total.Equal(*f.Total) {
			f.Rank = out.list[i-1].Rank
		}
	}
	return out
}
