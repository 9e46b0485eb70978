package store

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

// EphemeralCollection keeps documents without journal: sessions, leases, limits, progress, drafts. Their pii fields are stored as
// ciphertext too, under one key of the kind.
type EphemeralCollection[T any] struct{ in temps }

// temps is all of an EphemeralCollection that does not depend on the type of its documents, see documents.
type temps struct {
	db    *DB
	name  string
	marks *journal.Marks
}

// NewEphemeral checks the type as NewCollection does.
func NewEphemeral[T any](db *DB, name string) (*EphemeralCollection[T], error) {
	if err := CheckType[T](); err != nil {
		return nil, fault.Wrap("store.NewEphemeral", "", name, err)
	}
	if !journal.ValidPart(name) || name == "idem" {
		return nil, fault.New("store.NewEphemeral", fault.Invalid, "临时文档种类“"+name+"”不合规则")
	}
	c := &EphemeralCollection[T]{temps{db: db, name: name}}
	if s := shapeOf(reflect.TypeFor[T]()); s.pii {
		c.in.marks = s.marks
	}
	return c, nil
}

// Temp is a document without journal.
type Temp[T any] struct {
	// ID is the id without kind.
	ID string
	// Rev counts the writes; give it to Swap.
	Rev int64
	// Expires is when it ceases to exist.
	Expires time.Time
	// State is the content.
	State T
}

// Put stores a document over any old one.
func (c *EphemeralCollection[T]) Put(ctx context.Context, id string, state T, expires time.Time) error {
	_, err := c.in.put(ctx, id, AnyRev, &state, expires)
	return err
}

// Swap stores a document if its Rev still is rev (0: it must not exist). Returns the new Rev, or Conflict.
func (c *EphemeralCollection[T]) Swap(ctx context.Context, id string, rev int64, state T, expires time.Time) (int64, error) {
	return c.in.put(ctx, id, rev, &state, expires)
}

// Get returns a document. Returns NotFound if there is none or it has expired.
func (c *EphemeralCollection[T]) Get(ctx context.Context, id string) (Temp[T], error) {
	found, err := c.in.db.engine.GetEphemeral(ctx, c.in.name+"/"+id, c.in.db.Now())
	if err != nil {
		return Temp[T]{}, err
	}
	return tempOf[T](ctx, &c.in, found)
}

func tempOf[T any](ctx context.Context, in *temps, e Ephemeral) (Temp[T], error) {
	out := Temp[T]{ID: strings.TrimPrefix(e.Key, in.name+"/"), Rev: e.Rev, Expires: e.Expires}
	return out, in.decode(ctx, e.Body, &out.State)
}

// Delete removes a document; no error if there is none.
func (c *EphemeralCollection[T]) Delete(ctx context.Context, id string) error {
	return c.in.delete(ctx, id)
}

// List returns at most limit documents whose id begins with prefix and is greater than after, in order of id.
func (c *EphemeralCollection[T]) List(ctx context.Context, prefix, after string, limit int) ([]Temp[T], error) {
	found, err := c.in.list(ctx, prefix, after, limit)
	if err != nil {
		return nil, err
	}
	out := make([]Temp[T], len(found))
	for i, e := range found {
		if out[i], err = tempOf[T](ctx, &c.in, e); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (c *temps) put(ctx context.Context, id string, rev int64, state any, expires time.Time) (int64, error) {
	const op = "store.Put"
	if !journal.ValidID(id) {
		return 0, fault.New(op, fault.Invalid, "编号不合规则")
	}
	if c.db.opt.ReadOnly {
		return 0, fault.New(op, fault.Forbidden, "数据是以只读方式打开的，不能写入")
	}
	if err := tried(ctx, op); err != nil {
		return 0, err
	}
	body, err := json.Marshal(state)
	if err == nil && c.marks != nil {
		body, err = c.db.hide(ctx, c.name, "ephemeral/"+c.name, body, c.marks)
	}
	if err != nil {
		return 0, fault.Wrap(op, "", "", err)
	}
	return c.db.engine.PutEphemeral(ctx, Ephemeral{Key: c.name + "/" + id, Now: c.db.Now(), Expires: expires, Body: body}, rev)
}

// decode reads a stored body into a state, given as a pointer.
func (c *temps) decode(ctx context.Context, body []byte, state any) error {
	if c.marks != nil {
		var err error
		if body, _, err = c.db.show(ctx, c.name, "ephemeral/"+c.name, body, c.marks); err != nil {
			return err
		}
	}
	if err := journal.Decode(body, state); err != nil {
		return fault.Wrap("store.Get", fault.Internal, "临时数据不能读取", err)
	}
	return nil
}

func (c *temps) delete(ctx context.Context, id string) error {
	if err := tried(ctx, "store.Delete"); err != nil {
		return err
	}
	return c.db.engine.DeleteEphemeral(ctx, c.name+"/"+id)
}

func (c *temps) list(ctx context.Context, prefix, after string, limit int) ([]Ephemeral, error) {
	from := ""
	if after != "" {
		from = c.name + "/" + after
	}
	return c.db.engine.ListEphemeral(ctx, c.name+"/"+prefix, from, c.db.Now(), limit)
}
