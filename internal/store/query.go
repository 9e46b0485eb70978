package store

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

// SortInt gives the text that orders like n, for Index.Sort.
func SortInt(n int64) string { return fmt.Sprintf("%020d", uint64(n)^(1<<63)) }

// SortTime gives the text that orders like t, for Index.Sort.
func SortTime(t time.Time) string { return journal.At(t).String() }

// cursor is the place after which the next page begins; Page.Next is its JSON in base64.
type cursor struct {
	Index  string `json:"i"`
	Desc   bool   `json:"d,omitempty"`
	Sort   string `json:"s"`
	Stream string `json:"t"`
}

func (c cursor) text() string {
	// A cursor holds texts and a bool: marshalling cannot fail.
	raw, _ := json.Marshal(c)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// place reads the cursor of a query; nil for the first page. Returns Invalid if it belongs to another list.
func (q Query) place() (*Place, error) {
	if q.After == "" {
		return nil, nil
	}
	var c cursor
	raw, err := base64.RawURLEncoding.DecodeString(q.After)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil || c.Index != q.Index || c.Desc != q.Desc {
		return nil, fault.Wrap("store.List", fault.Invalid, "翻页位置无效，请回到第一页", err)
	}
	return &Place{Sort: c.Sort, Stream: c.Stream}, nil
}

// before is the place right before the rows of a prefix in the order of the query.
func (q Query) before() *Place {
	if q.Desc {
		return &Place{Sort: q.Prefix + "\U0010FFFF"}
	}
	return &Place{Sort: q.Prefix}
}

// rows reads limit+1 rows of a query from a place, so that the caller knows whether more follow.
func (c *documents) rows(ctx context.Context, q Query, from *Place, limit int, parts Parts) ([]Row, error) {
	keys := q.In
	if keys == nil {
		keys = []string{q.Key}
	}
	if from == nil && q.Prefix != "" {
		from = q.before()
	}
	view, err := c.then(ctx)
	if err != nil {
		return nil, err
	}
	list := c.db.engine.List
	if view != nil {
		list = func(ctx context.Context, q ListQuery) ([]Row, error) { return c.listThen(ctx, view, q) }
	}
	var all []Row
	for _, key := range keys {
		found, err := list(ctx, ListQuery{Kind: c.name, Index: q.Index, Key: key, Desc: q.Desc, From: from, Limit: limit + 1, Parts: parts})
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	if len(keys) > 1 {
		slices.SortFunc(all, func(a, b Row) int {
			order := strings.Compare(a.Sort, b.Sort)
			if order == 0 {
				order = strings.Compare(a.Stream, b.Stream)
			}
			if q.Desc {
				return -order
			}
			return order
		})
		all = slices.CompactFunc(all, func(a, b Row) bool { return a.Stream == b.Stream })
	}
	if beyond := slices.IndexFunc(all, func(r Row) bool { return !strings.HasPrefix(r.Sort, q.Prefix) }); beyond >= 0 {
		all = all[:beyond]
	}
	return all[:min(len(all), limit+1)], nil
}

// check completes a query and refuses one that the kind does not declare.
func (c *documents) check(q *Query) error {
	const op = "store.List"
	if !slices.ContainsFunc(c.indexes, func(o order) bool { return o.name == q.Index }) {
		return fault.New(op, fault.Internal, fmt.Sprintf("%s 没有索引“%s”", c.name, q.Index))
	}
	if len(q.In) > MaxIn {
		return fault.New(op, fault.Invalid, fmt.Sprintf("一次最多按 %d 个范围查询，请缩小范围", MaxIn))
	}
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	if q.Limit < 1 || q.Limit > MaxLimit {
		return fault.New(op, fault.Invalid, fmt.Sprintf("每页 1 到 %d 条", MaxLimit))
	}
	return nil
}

// page reads one page of rows and the cursor of the next.
func (c *documents) page(ctx context.Context, q Query, parts Parts) ([]Row, string, error) {
	if err := c.check(&q); err != nil {
		return nil, "", err
	}
	from, err := q.place()
	if err != nil {
		return nil, "", err
	}
	rows, err := c.measured(ctx, q, from, q.Limit, parts)
	if err != nil || len(rows) <= q.Limit {
		return rows, "", err
	}
	last := rows[q.Limit-1]
	return rows[:q.Limit], cursor{Index: q.Index, Desc: q.Desc, Sort: last.Sort, Stream: last.Stream}.text(), nil
}

func (c *documents) list(ctx context.Context, q Query) ([]Doc[any], string, error) {
	rows, next, err := c.page(ctx, q, WithState)
	if err != nil {
		return nil, "", err
	}
	docs := make([]Doc[any], len(rows))
	for i, r := range rows {
		if docs[i], err = c.fromRow(ctx, r); err != nil {
			return nil, "", err
		}
	}
	return docs, next, nil
}

func (c *documents) listHeads(ctx context.Context, q Query) ([]Change[any], string, error) {
	rows, next, err := c.page(ctx, q, 0)
	if err != nil {
		return nil, "", err
	}
	streams, places := make([]string, len(rows)), make(map[string]int, len(rows))
	for i, r := range rows {
		streams[i], places[r.Stream] = r.Stream, i
	}
	heads := make([]Change[any], len(rows))
	err = c.eachHead(ctx, streams, func(stream string, head Change[any]) { heads[places[stream]] = head })
	if err != nil {
		return nil, "", err
	}
	return slices.DeleteFunc(heads, func(h Change[any]) bool { return h.RecordID == "" || h.Deleted }), next, nil
}

// listWhere hands documents to keep, which holds those that it lets through, and returns how many of these belong to the page; one more shows that another page follows.
func (c *documents) listWhere(ctx context.Context, q Query, keep func(Doc[any]) bool) (n int, next string, err error) {
	if err := c.check(&q); err != nil {
		return 0, "", err
	}
	from, err := q.place()
	if err != nil {
		return 0, "", err
	}
	read := 0
	var last Place
	// Most lists let nearly every row through: the first look is as long as the page and what shows that there is another.
	for batch := min(q.Limit+1, MaxLimit); ; batch = MaxLimit {
		rows, err := c.measured(ctx, q, from, batch, WithState)
		if err != nil {
			return 0, "", err
		}
		more := len(rows) > batch
		for _, r := range rows[:min(len(rows), batch)] {
			if read++; read > MaxResidual {
				return 0, "", fault.New("store.ListWhere", fault.Invalid, "符合范围的内容太多，请先缩小范围再筛选")
			}
			doc, err := c.fromRow(ctx, r)
			if err != nil {
				return 0, "", err
			}
			if keep(doc) {
				if n == q.Limit {
					return n, cursor{Index: q.Index, Desc: q.Desc, Sort: last.Sort, Stream: last.Stream}.text(), nil
				}
				n, last = n+1, Place{Sort: r.Sort, Stream: r.Stream}
			}
			from = &Place{Sort: r.Sort, Stream: r.Stream}
		}
		if !more {
			return n, "", nil
		}
	}
}

func (c *documents) listRows(ctx context.Context, q Query) (RowPage, error) {
	rows, next, err := c.page(ctx, q, WithColumns)
	if err != nil {
		return RowPage{}, err
	}
	page := RowPage{Rows: make([]ListRow, len(rows)), Next: next}
	for i, r := range rows {
		_, id, err := journal.ParseStreamKey(r.Stream)
		if err != nil {
			return RowPage{}, err
		}
		page.Rows[i] = ListRow{ID: id, Seq: r.Seq, N: r.N, Columns: r.Columns}
	}
	return page, nil
}
