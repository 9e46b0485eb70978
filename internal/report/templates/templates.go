// Package templates keeps the documents that an office uploaded to be filled: the workbooks of returns, the Word documents of papers.
//
//  1. A template is taken in only if every field in it is known; who keeps the shelf says how that is seen.
//  2. A version is never changed or removed: a newer one is used in its place, or the default form again.
package templates

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
)

// Set are the templates of one return or paper, of which the last one is used.
type Set struct {
	// Versions are all of them, oldest first; Off: the default form is used for now.
	Versions []Version `json:"versions,omitempty"`
	Off      bool      `json:"off,omitempty"`
}

// Version is one upload.
type Version struct {
	// No counts from 1, File is the document, Names how many fields in it are filled.
	No    int64            `json:"no"`
	File  files.Stored     `json:"file"`
	Names int64            `json:"names"`
	By    supervision.Hand `json:"by"`
}

// Last is the one that is used, nil for none.
func (t *Set) Last() *Version {
	if t.Off || len(t.Versions) == 0 {
		return nil
	}
	return &t.Versions[len(t.Versions)-1]
}

// most keeps the document of a set far below the limit of a record.
const most = 60

// Shelf keeps the templates of one sort.
type Shelf struct {
	guard  *policy.Guard
	keeper *files.Keeper
	now    func() time.Time
	read   policy.Action
	keep   policy.Action
	sets   *store.Collection[Set]
}

// Rights say who may do what with a shelf: Read opens templates, Keep changes them.
type Rights struct{ Read, Keep policy.Action }

// Open opens a shelf on a store; kind is the name of its documents.
func Open(ctx context.Context, db *store.DB, kind string, guard *policy.Guard, keeper *files.Keeper, now func() time.Time, rights Rights) (*Shelf, error) {
	sets, err := store.NewCollection(ctx, db, store.Kind[Set]{Name: kind, Version: 1})
	return &Shelf{guard: guard, keeper: keeper, now: now, read: rights.Read, keep: rights.Keep, sets: sets}, err
}

// Of are the templates of one return or paper, none before the first. Returns Forbidden without the right to read.
func (s *Shelf) Of(ctx context.Context, by policy.Actor, id string) (store.Doc[Set], error) {
	if err := s.guard.Require(by, s.read); err != nil {
		return store.Doc[Set]{}, err
	}
	return s.load(ctx, id)
}

func (s *Shelf) load(ctx context.Context, id string) (store.Doc[Set], error) {
	doc, err := s.sets.Load(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return store.Doc[Set]{ID: id}, nil
	}
	return doc, err
}

// changing are the templates for who may change them.
func (s *Shelf) changing(ctx context.Context, by policy.Actor, id string, seq int64) (store.Doc[Set], error) {
	if err := s.guard.Require(by, s.keep); err != nil {
		return store.Doc[Set]{}, err
	}
	doc, err := s.load(ctx, id)
	if err == nil && doc.Seq != seq {
		err = fault.New("templates.changing", fault.Conflict, "模板刚被别人改过，请刷新后再办")
	}
	return doc, err
}

// Put takes a document in as the newest template. check sees whether it can be filled and tells how many of its fields are; what it returns is an error of fields. what names the document for who forgot it.
// Returns Forbidden without the right to keep, Invalid (field file), Conflict if somebody was quicker or there are too many versions, and the errors of files.Keeper.Keep.
func (s *Shelf) Put(ctx context.Context, by policy.Actor, id string, seq int64, upload *files.Upload, what string, check func(*files.Upload) (int64, error)) error {
	const op = "templates.Put"
	doc, err := s.changing(ctx, by, id, seq)
	if err != nil {
		return err
	}
	if upload == nil {
		return fault.InvalidFields(op, fault.Field{Name: "file", Message: "请选择要上传的" + what})
	}
	if len(doc.State.Versions) >= most {
		return fault.New(op, fault.Conflict, fmt.Sprintf("最多保存 %d 版模板", most))
	}
	names, err := check(upload)
	if err != nil {
		return err
	}
	meta := store.Meta{By: by.ID, Action: string(s.keep), Why: "上传模板"}
	stored, err := s.keeper.Keep(ctx, meta, upload)
	if err != nil {
		return err
	}
	hand := supervision.Hand{By: by.ID, At: journal.At(s.now())}
	for _, a := range by.Appointments {
		if ok, _ := s.guard.Rules().RoleAllows(a.Role, s.keep); ok {
			hand.Office = string(a.Role)
			break
		}
	}
	t := doc.State
	t.Off = false
	t.Versions = append(slices.Clip(t.Versions), Version{No: int64(len(t.Versions)) + 1, File: stored, Names: names, By: hand})
	_, err = s.sets.Commit(ctx, meta, id, seq, t)
	return err
}

// Switch goes back to the default form, or to the last template again. Returns Forbidden without the right to keep, Conflict without a template or if somebody was quicker.
func (s *Shelf) Switch(ctx context.Context, by policy.Actor, id string, seq int64, off bool) error {
	doc, err := s.changing(ctx, by, id, seq)
	if err != nil {
		return err
	}
	if len(doc.State.Versions) == 0 {
		return fault.New("templates.Switch", fault.Conflict, "还没有上传模板")
	}
	t := doc.State
	t.Off = off
	_, err = s.sets.Commit(ctx, store.Meta{By: by.ID, Action: string(s.keep), Why: "停用、启用模板"}, id, seq, t)
	return err
}

// OpenVersion opens one version. Errors as those of Of, NotFound for a version that there is not.
func (s *Shelf) OpenVersion(ctx context.Context, by policy.Actor, id string, no int64) (io.ReadSeekCloser, int64, files.Stored, error) {
	doc, err := s.Of(ctx, by, id)
	if err != nil {
		return nil, 0, files.Stored{}, err
	}
	i := slices.IndexFunc(doc.State.Versions, func(v Version) bool { return v.No == no })
	if i < 0 {
		return nil, 0, files.Stored{}, fault.New("templates.OpenVersion", fault.NotFound, "没有这一版模板")
	}
	stored := doc.State.Versions[i].File
	in, size, err := s.keeper.Open(ctx, stored.Original)
	return in, size, stored, err
}

// InUse reports whether a template is used now.
func (s *Shelf) InUse(ctx context.Context, id string) (bool, error) {
	doc, err := s.load(ctx, id)
	return doc.State.Last() != nil, err
}

// Used reads the template that is used now, for whoever may have the document that it makes; nil without one.
func (s *Shelf) Used(ctx context.Context, id string) ([]byte, *Version, error) {
	doc, err := s.load(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	last := doc.State.Last()
	if last == nil {
		return nil, nil, nil
	}
	in, _, err := s.keeper.Open(ctx, last.File.Original)
	if err != nil {
		return nil, nil, err
	}
	data, err := io.ReadAll(in)
	if closing := in.Close(); err == nil {
		err = closing
	}
	return data, last, err
}

// CannotFill is the error of a version that could not be filled.
func CannotFill(v *Version, err error) error {
	return fault.Wrap("templates.Fill", fault.Conflict, "模板第 "+strconv.FormatInt(v.No, 10)+" 版不能填写："+fault.MessageOf(err), err)
}
