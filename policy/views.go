package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"redsteward/internal/fault"
	"redsteward/internal/store"
)

const viewsKind = "saved-views"

// The most views of an account and of one list.
const (
	maxViews    = 100
	maxListed   = 20
	maxViewName = 20
	maxViewText = 600
)

// SavedView is a filter and order of a list that somebody gave a name.
type SavedView struct {
	// ID is opaque and unique within the account.
	ID int64 `json:"id"`
	// Path is the path of the list, Query its filter and order as in the address, without page.
	Path  string `json:"path" privacy:"public"`
	Query string `json:"query" privacy:"pii"`
	// Name is what its owner calls it, unique among the views of a list.
	Name string `json:"name" privacy:"pii"`
}

// SavedViews are all views of one account, in the order in which they were saved. What somebody looked for may be the name of a person: both texts are personal data of its owner.
type SavedViews struct {
	// Views are the views, Last the last id that was given.
	Views []SavedView `json:"views,omitempty"`
	Last  int64       `json:"last"`
}

func viewsDocument() store.Kind[SavedViews] {
	return store.Kind[SavedViews]{Name: viewsKind, Version: 1, AlwaysPresent: true, Subject: func(id string, _ *SavedViews) string { return accountKind + "/" + id }}
}

// Views keeps the saved views of every account; each sees and changes its own only.
type Views struct {
	guard *Guard
	rows  *store.Collection[SavedViews]
}

// NewViews opens the saved views on a store.
func NewViews(ctx context.Context, db *store.DB, guard *Guard) (*Views, error) {
	rows, err := store.NewCollection(ctx, db, viewsDocument())
	return &Views{guard: guard, rows: rows}, err
}

// Own lists the actor's views of a list, "" for those of all lists, in the order in which they were saved. Returns Forbidden to who is not signed in.
func (v *Views) Own(ctx context.Context, by Actor, path string) ([]SavedView, error) {
	d, err := v.load(ctx, by, ReadOwnAccount)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(d.State.Views, func(s SavedView) bool { return path != "" && s.Path != path }), nil
}

func (v *Views) load(ctx context.Context, by Actor, action Action) (store.Doc[SavedViews], error) {
	if err := v.guard.Require(by, action); err != nil {
		return store.Doc[SavedViews]{}, err
	}
	d, err := v.rows.Load(ctx, by.ID)
	if fault.Is(err, fault.NotFound) {
		return store.Doc[SavedViews]{ID: by.ID}, nil
	}
	return d, err
}

// Save keeps a view under a name; its ID is given here. Returns Forbidden to who is not signed in, Invalid for refused fields (name, query), Conflict if the same account saved
// something at the same moment.
func (v *Views) Save(ctx context.Context, by Actor, in SavedView) error {
	return v.change(ctx, by, func(all *SavedViews) error {
		if n := utf8.RuneCountInString(in.Query); n == 0 || n > maxViewText {
			return refusedView("query", "没有可以保存的条件：先选条件或者排序，再保存")
		}
		if len(all.Views) >= maxViews || viewsOf(all.Views, in.Path) >= maxListed {
			return refusedView("name", fmt.Sprintf("一个列表最多保存 %d 个视图，一个账号最多 %d 个，请先删去不用的", maxListed, maxViews))
		}
		name, err := viewName(all.Views, in.Path, 0, in.Name)
		if err != nil {
			return err
		}
		all.Last++
		all.Views = append(all.Views, SavedView{ID: all.Last, Path: in.Path, Query: in.Query, Name: name})
		return nil
	})
}

// Rename gives a view another name. Returns as Save, NotFound for a view that the actor does not have.
func (v *Views) Rename(ctx context.Context, by Actor, id int64, name string) error {
	return v.change(ctx, by, func(all *SavedViews) error {
		at, err := all.find(id)
		if err != nil {
			return err
		}
		all.Views[at].Name, err = viewName(all.Views, all.Views[at].Path, id, name)
		return err
	})
}

// Remove takes a view away. Returns Forbidden to who is not signed in, NotFound for a view that the actor does not have.
func (v *Views) Remove(ctx context.Context, by Actor, id int64) error {
	return v.change(ctx, by, func(all *SavedViews) error {
		at, err := all.find(id)
		if err == nil {
			all.Views = slices.Delete(all.Views, at, at+1)
		}
		return err
	})
}

func (v *Views) change(ctx context.Context, by Actor, f func(*SavedViews) error) error {
	d, err := v.load(ctx, by, UpdateOwnAccount)
	if err != nil {
		return err
	}
	if err := f(&d.State); err != nil {
		return err
	}
	_, err = v.rows.Commit(ctx, store.Meta{By: by.ID, Action: string(UpdateOwnAccount)}, by.ID, d.Seq, d.State)
	return err
}

func (s *SavedViews) find(id int64) (int, error) {
	at := slices.IndexFunc(s.Views, func(v SavedView) bool { return v.ID == id })
	if at < 0 {
		return 0, fault.New("policy.Views", fault.NotFound, "没有找到这个视图")
	}
	return at, nil
}

func viewsOf(list []SavedView, path string) int {
	n := 0
	for _, v := range list {
		if v.Path == path {
			n++
		}
	}
	return n
}

// viewName trims a name and checks it against the others of its list.
func viewName(list []SavedView, path string, self int64, name string) (string, error) {
	name = strings.TrimSpace(name)
	if n := utf8.RuneCountInString(name); n == 0 || n > maxViewName {
		return "", refusedView("name", fmt.Sprintf("视图名称要有 1 至 %d 个字，现在有 %d 个", maxViewName, n))
	}
	if slices.ContainsFunc(list, func(v SavedView) bool { return v.ID != self && v.Path == path && v.Name == name }) {
		return "", refusedView("name", "这个列表已经有名为“"+name+"”的视图")
	}
	return name, nil
}

func refusedView(field, message string) error {
	return fault.InvalidFields("policy.Views", fault.Field{Name: field, Message: message})
}
