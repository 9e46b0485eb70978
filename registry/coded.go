package registry

import (
	"context"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// identified is what stands under a 统一社会信用代码: a firm or a developer. Within one register a code belongs to one row.
type identified interface {
	// identity is the code and the name.
	identity() (USCC, string)
}

// coded says where such rows are stored, and under which claim their codes are taken.
type coded[T identified] struct {
	docs        *store.Collection[T]
	kind, claim string
	// era is where the era of the personal data of a row stands.
	era func(*T) *store.Era
}

// byCode returns the id of the row that holds a code, "" if none does.
func (c coded[T]) byCode(ctx context.Context, r *Register, code USCC) (string, error) {
	return claimed(ctx, r.db, c.docs, c.claim, string(code), c.kind)
}

// loadByCode returns the row that holds a code, the zero value if none does.
func (c coded[T]) loadByCode(ctx context.Context, r *Register, code USCC) (store.Doc[T], error) {
	id, err := c.byCode(ctx, r, code)
	if err != nil || id == "" {
		return store.Doc[T]{}, err
	}
	return c.docs.Load(ctx, id)
}

// putCoded stores a checked row after its present state, which is the zero value for a new one, and moves the claim on its code. Returns Conflict for a
// code that another row holds.
func putCoded[T identified](ctx context.Context, r *Register, c coded[T], meta store.Meta, now store.Doc[T], next T) error {
	old, _ := now.State.identity()
	code, _ := next.identity()
	if code != old {
		if err := claimCode(ctx, r, c, meta, code, now.ID); err != nil {
			return err
		}
	}
	era := c.era(&next)
	*era = c.era(&now.State).After(now.Purged)
	if _, err := c.docs.Commit(ctx, meta, now.ID, now.Seq, next); err != nil {
		return err
	}
	if code != old && old != "" {
		return c.release(ctx, r, meta, old, now.ID)
	}
	return nil
}

// release frees a code.
func (c coded[T]) release(ctx context.Context, r *Register, meta store.Meta, code USCC, id string) error {
	return r.db.Release(ctx, meta, c.claim, string(code), c.kind+"/"+id)
}

// claimCode takes a code for a row. Returns Conflict, naming the row that holds it.
func claimCode[T identified](ctx context.Context, r *Register, c coded[T], meta store.Meta, code USCC, id string) error {
	err := r.db.Claim(ctx, meta, c.claim, string(code), c.kind+"/"+id)
	if !fault.Is(err, fault.Conflict) {
		return err
	}
	message := "统一社会信用代码 " + string(code) + " 正在由别人登记，请稍后再看"
	if holder, loadErr := c.loadByCode(ctx, r, code); loadErr == nil && holder.Seq > 0 {
		_, name := holder.State.identity()
		message = "统一社会信用代码 " + string(code) + " 已由“" + name + "”登记"
	}
	return fault.Wrap("registry.claimCode", fault.Conflict, message, err)
}

// codedFor loads a row that lies in the actor's scope for the action. Returns Forbidden and NotFound.
func codedFor[T identified](ctx context.Context, s *Service, c coded[T], by policy.Actor, action policy.Action, id, key string) (store.Doc[T], error) {
	const op = "registry.codedFor"
	if err := s.within(ctx, by, action, []string{key}); err != nil {
		return store.Doc[T]{}, err
	}
	d, err := c.docs.Load(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return d, fault.Wrap(op, fault.NotFound, "没有找到要看的内容", err)
	}
	return d, err
}

// changeCoded loads a row in the actor's scope, applies a change and stores it after seq. Returns Forbidden without WriteRegister, NotFound, Invalid for what f
// put into its faults, Conflict for a code that another row holds or if seq is not the last change.
func changeCoded[T identified](ctx context.Context, s *Service, c coded[T], by policy.Actor, id, key string, seq int64, f func(*T, *faults)) error {
	return changeCodedBy(ctx, s, c, by, policy.WriteRegister, id, key, seq, f)
}

// changeCodedBy is changeCoded with another right.
func changeCodedBy[T identified](ctx context.Context, s *Service, c coded[T], by policy.Actor, action policy.Action, id, key string, seq int64, f func(*T, *faults)) error {
	const op = "registry.changeCoded"
	d, err := codedFor(ctx, s, c, by, action, id, key)
	if err != nil {
		return err
	}
	if d.Seq != seq {
		return overtaken(op)
	}
	next := d.State
	var bad faults
	f(&next, &bad)
	if err := bad.err(op); err != nil {
		return err
	}
	return putCoded(ctx, s.Register, c, s.meta(by, action, ""), d, next)
}
