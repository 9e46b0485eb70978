package web

import (
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

// firmsView lists firms by their total, ties sharing a rank; groups that stand for no firm come last, without one. The list of one
// evaluation never changes, so a position is as good a cursor as a name.
func (b *board) firmsView(query string, from int) *firmsView {
	list := slices.Clone(b.Firms)
	slices.SortStableFunc(list, func(x, y Firm) int {
		switch {
		case (x.Total == nil || x.Apart) != (y.Total == nil || y.Apart):
			if x.Total == nil || x.Apart {
				return 1
			}
			return -1
		case x.Total == nil || y.Total == nil:
			return strings.Compare(x.Name, y.Name)
		}
		if order := y.Total.Cmp(*x.Total); order != 0 {
			return order
		}
		return strings.Compare(x.Name, y.Name)
	})
	v := &firmsView{board: b, Query: query}
	rank := 0
	var all []firmRow
	for i, f := range list {
		row := firmRow{Name: f.Name, Grade: f.Grade, Level: f.Level, Total: "—", Weight: f.Weight, Count: f.Count}
		if f.Total != nil {
			row.Total = f.Shown
			if !f.Apart {
				if i == 0 || list[i-1].Total == nil || !list[i-1].Total.Equal(*f.Total) {
					rank = i + 1
				}
				row.Rank = rank
			}
		}
		if len(f.Spellings) > 1 {
			row.Merged = strings.Join(f.Spellings, "、")
		}
		if !f.Apart {
			row.Link = filter{Query: strings.ToLower(f.Name)}.address("/")
		}
		if query == "" || strings.Contains(searchText(append([]string{f.Name}, f.Spellings...)...), query) {
			all = append(all, row)
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
