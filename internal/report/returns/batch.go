package returns

import (
	"context"
	"fmt"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
)

// batchSteps are the steps that are taken for several returns at once, with the state in which they wait: those that ask for nothing but that somebody looked. What is compiled goes to its addressee without a note.
var batchSteps = map[Step]State{StepCompile: Draft, StepCheck: Compiled, StepSign: Checked}

// maxBatch is how many returns are checked or signed at once.
const maxBatch = 200

// Waiting is a return that waits for a step of a batch.
type Waiting struct {
	store.Doc[Return]
	// Odd is how many of its numbers are marked, Hand how many were filled in by hand or are to be, Unfilled how many of these nobody has filled in yet.
	Odd, Hand, Unfilled int
	// Why says why the actor may not take the step, "" if he may.
	Why string
}

// Waiting are the returns that wait for a step of a batch (送审, 审核, 签发) within the actor's scope, with what hinders him. Returns Forbidden without the step's right, NotFound for a step that is taken one by one.
func (s *Service) Waiting(ctx context.Context, by policy.Actor, do Step) ([]Waiting, error) {
	state, scope, err := s.batch(ctx, by, do)
	if err != nil {
		return nil, err
	}
	docs, err := paged(func(after string) (store.Page[Return], error) {
		q := Filter{State: state}.query(scope)
		q.After = after
		return s.rows.Docs.ListWhere(ctx, q, func(d *store.Doc[Return]) bool { return scope.Covers(d.State.keys(), d.State.Days.Last) })
	})
	if err != nil {
		return nil, err
	}
	out := make([]Waiting, len(docs))
	for i, doc := range docs {
		s.resolve(&doc.State)
		out[i] = Waiting{Doc: doc, Why: fault.MessageOf(s.refuses(by, &doc.State, do))}
		f, err := s.figures(ctx, doc.State.Figures)
		if err != nil {
			return nil, err
		}
		for k := range f.Cells {
			if f.Cells[k].IsOdd() {
				out[i].Odd++
			}
			if f.Cells[k].ByHand {
				out[i].Hand++
			}
		}
		out[i].Unfilled = len(f.unfilled())
	}
	return out, nil
}

// batch is the state in which returns wait for a step of a batch, and the scope in which the actor takes it.
func (s *Service) batch(ctx context.Context, by policy.Actor, do Step) (State, policy.Scope, error) {
	state, known := batchSteps[do]
	if !known {
		return "", policy.Scope{}, fault.New("returns.batch", fault.NotFound, "这一步要逐张办理")
	}
	scope, err := s.rows.Scope(ctx, by, steps[do].action)
	return state, scope, err
}

// Outcome is what came of one return of a batch.
type Outcome struct {
	// ID and Name are those of the return, Name is "" for one that is not there; Err is why the step was not taken, "" if it was.
	ID, Name, Err string
}

// DoAll takes a step of a batch for several returns, each for itself and as Do does it: one that is refused stops no other. Returns as Waiting, Invalid (row) for none or too many.
func (s *Service) DoAll(ctx context.Context, by policy.Actor, do Step, list []casework.At) ([]Outcome, error) {
	const op = "returns.DoAll"
	if _, _, err := s.batch(ctx, by, do); err != nil {
		return nil, err
	}
	switch {
	case len(list) == 0:
		return nil, fault.InvalidFields(op, fault.Field{Name: "row", Message: "请至少勾选一张"})
	case len(list) > maxBatch:
		return nil, fault.InvalidFields(op, fault.Field{Name: "row", Message: fmt.Sprintf("一次最多 %d 张，勾选了 %d 张", maxBatch, len(list))})
	}
	out := make([]Outcome, len(list))
	for i, at := range list {
		out[i].ID = at.ID
		doc, err := s.rows.One(ctx, by, at.ID)
		if err == nil {
			out[i].Name = doc.State.Name()
			_, err = s.Do(ctx, by, at, do, Input{To: doc.State.To, Note: doc.State.Note})
		}
		if err != nil {
			out[i].Err = fault.MessageOf(err)
			if fields := fault.FieldsOf(err); len(fields) > 0 {
				out[i].Err = fields[0].Message
			}
			if out[i].Err == "" {
				return out, err // a failure of the system, not of a row
			}
		}
	}
	return out, nil
}

// Retyped puts into words what two states of a return differ in that was filled in by hand, in the order of the cells of the form.
func (f *Form) Retyped(was, now *Return) []string {
	text := func(r *Return, key string) string {
		for i := range r.Typed {
			if r.Typed[i].Key == key {
				return r.Typed[i].N
			}
		}
		return "没有填"
	}
	var out []string
	for i := range f.Cells {
		if a, b := text(was, f.Cells[i].Key), text(now, f.Cells[i].Key); a != b {
			out = append(out, f.Cells[i].Title+"："+a+" → "+b)
		}
	}
	return out
}
