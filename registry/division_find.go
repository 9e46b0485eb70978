package registry

import (
	"context"
	"slices"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// FindDivisions lists a page of what a query finds among the divisions that the actor sees, in order of id; after is what the page before says comes next. Below is not counted.
// Returns Forbidden without ReadRegister.
func (s *Service) FindDivisions(ctx context.Context, by policy.Actor, q DivisionQuery, after string) (Page[DivisionLeaf], error) {
	var out Page[DivisionLeaf]
	v, err := s.sightOf(ctx, by)
	if err != nil {
		return out, err
	}
	q.Text = strings.TrimSpace(q.Text)
	f := divisionFinder{sight: v, q: q}
	ask, err := f.byName(ctx)
	if err != nil {
		return out, err
	}
	var docs []store.Doc[Division]
	if f.digits() {
		docs, out.Next, out.Count, err = f.byCode(ctx, ask, after)
	} else {
		ask.After, ask.Limit = after, PageSize
		docs, out.Next, out.Count, err = listed(ctx, s.divisions, ask, f.keep(ctx))
	}
	if err == nil {
		err = f.failed
	}
	if err != nil {
		return out, err
	}
	for _, d := range docs {
		leaf, err := v.leaf(ctx, d.ID)
		if err != nil {
			return out, err
		}
		out.Rows = append(out.Rows, leaf)
	}
	return out, nil
}

// divisionFinder answers one query.
type divisionFinder struct {
	*sight
	q DivisionQuery
	// failed is what went wrong while rows were looked at.
	failed error
}

// digits reports whether the text may be the beginning of a code.
func (f *divisionFinder) digits() bool {
	return f.q.Text != "" && strings.Trim(f.q.Text, "0123456789-") == ""
}

// placeKey is the key of byPlace under which everything of the query's level and state is listed.
func (f *divisionFinder) placeKey() string {
	switch q := f.q; {
	case q.State == DivisionsClosed || q.State == DivisionsStatistical:
		return stateKey(q.State)
	case q.Level != "":
		return "l:" + string(q.Level)
	}
	return ""
}

// byName asks for the rows among which those are that have the text in their name. Of counties, townships and what has ended there is less than of any two signs.
func (f *divisionFinder) byName(ctx context.Context) (store.Query, error) {
	ask := store.Query{Index: byPlace, Key: f.placeKey(), Desc: f.q.Desc}
	few := f.q.Level == LevelCounty || f.q.Level == LevelTownship || f.q.State == DivisionsClosed || f.q.State == DivisionsStatistical
	if f.q.Text == "" || few {
		return ask, nil
	}
	key, err := narrowest(ctx, f.divisions, byWord, f.q.Text)
	if err == nil && key != "" {
		ask.Index, ask.Key = byWord, key
	}
	return ask, err
}

// keep decides a row.
func (f *divisionFinder) keep(ctx context.Context) func(d *store.Doc[Division]) bool {
	q, digits := f.q, f.digits()
	return func(d *store.Doc[Division]) bool {
		row := DivisionRow{ID: d.ID, Seq: d.Seq, Division: d.State}
		if f.failed != nil || q.Level != "" && row.Level != q.Level || !q.shows(row, f.day) {
			return false
		}
		// What is above it is only asked for if it may be found.
		if !finds(row.Name, q.Text) && !finds(row.Display, q.Text) {
			if !digits {
				return false
			}
			leaf := DivisionLeaf{DivisionRow: row}
			if row.Level == LevelGrid {
				up, err := f.load(ctx, row.Parent)
				if err != nil {
					f.failed = err
					return false
				}
				leaf.Above = []DivisionRow{up}
			}
			if !leaf.hasCode(q.Text) {
				return false
			}
		}
		seen, err := f.sees(ctx, row)
		if err != nil {
			f.failed = err
		}
		return seen
	}
}

// maxRecoded is how many divisions with a later code a text may begin.
const maxRecoded = 200

// codeRanges are the beginnings of ids under which all divisions stand that have, had or will have a code that begins with the text.
func (f *divisionFinder) codeRanges(ctx context.Context) ([]string, error) {
	text := f.q.Text
	if n := len("360428101001"); len(text) >= n && divisionCode.MatchString(text[:n]) {
		id, err := f.idOfCode(ctx, text[:n])
		return slices.Compact([]string{text, id + text[n:]}), err
	}
	ranges := []string{text}
	later := func(d *store.Doc[Division]) bool {
		return !strings.HasPrefix(d.ID, text) && slices.ContainsFunc(d.State.Codes, func(c CodeChange) bool { return strings.HasPrefix(c.Code, text) })
	}
	page, err := f.divisions.ListWhere(ctx, store.Query{Index: byPlace, Key: heldKey(""), Limit: maxRecoded}, later)
	if err != nil {
		return nil, err
	}
	if page.Next != "" {
		return nil, fault.New("registry.FindDivisions", fault.Invalid, "以“"+text+"”开头、后来改过的代码太多，请多写几位")
	}
	for _, d := range page.Docs {
		ranges = append(ranges, d.ID)
	}
	return ranges, nil
}

// byCode is a page of what has the text in its name, which names asks for, or a code that begins with it. after is the last id of the page before, next that of this one.
func (f *divisionFinder) byCode(ctx context.Context, names store.Query, after string) (docs []store.Doc[Division], next string, count int, err error) {
	if after != "" && !divisionCode.MatchString(after) && !gridCode.MatchString(after) {
		return nil, "", 0, fault.New("registry.FindDivisions", fault.Invalid, "翻页位置无效，请回到第一页")
	}
	ranges, err := f.codeRanges(ctx)
	if err != nil {
		return nil, "", 0, err
	}
	asks := []store.Query{names}
	for _, begins := range ranges {
		asks = append(asks, store.Query{Index: byPlace, Key: f.placeKey(), Prefix: begins, Desc: f.q.Desc})
	}
	// The first page is counted from what it finds.
	top, err := f.first(ctx, asks, "", CountTo+1)
	if err != nil {
		return nil, "", 0, err
	}
	if docs = top; after != "" {
		if docs, err = f.first(ctx, asks, after, PageSize+1); err != nil {
			return nil, "", 0, err
		}
	}
	if len(docs) > PageSize {
		docs = docs[:PageSize]
		next = docs[PageSize-1].ID
	}
	return docs, next, len(top), nil
}

// first are the first n rows behind an id that any of some questions finds, each once, in order of id.
func (f *divisionFinder) first(ctx context.Context, asks []store.Query, after string, n int) ([]store.Doc[Division], error) {
	compare := func(a, b store.Doc[Division]) int {
		if f.q.Desc {
			return strings.Compare(b.ID, a.ID)
		}
		return strings.Compare(a.ID, b.ID)
	}
	keep := f.keep(ctx)
	behind := func(d *store.Doc[Division]) bool {
		return (after == "" || compare(*d, store.Doc[Division]{ID: after}) > 0) && keep(d)
	}
	var out []store.Doc[Division]
	for _, ask := range asks {
		ask.Limit = store.MaxLimit
		for found := 0; found < n; {
			page, err := f.divisions.ListWhere(ctx, ask, behind)
			if err != nil {
				return nil, err
			}
			found += len(page.Docs)
			out = append(out, page.Docs...)
			if ask.After = page.Next; ask.After == "" {
				break
			}
		}
	}
	slices.SortFunc(out, compare)
	out = slices.CompactFunc(out, func(a, b store.Doc[Division]) bool { return a.ID == b.ID })
	return out[:min(len(out), n)], nil
}
