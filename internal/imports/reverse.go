package imports

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
)

// An import is taken back as it was carried out: line by line, last line first, as follow-ups of the record that says so. The log keeps both. What somebody
// changed or used since stays, and is listed with the reason.

// The states of an import that is taken back: done → reversing → reversed. From reversed it may be tried again while something was left.
const (
	// Reversing: its lines are being taken back (撤销中).
	Reversing State = "reversing"
	// Reversed: every line was taken back or left (已撤销).
	Reversed State = "reversed"
)

// The outcomes of taking a line back.
const (
	// Withdrawn: what the line made new is withdrawn (撤回).
	Withdrawn Outcome = "withdrawn"
	// Restored: what the line corrected is as it was before (恢复).
	Restored Outcome = "restored"
	// Left: it stays as it is, for a reason (保留).
	Left Outcome = "left"
	// Nothing: the line did nothing, or was taken back already.
	Nothing Outcome = "nothing"
)

// Undo is what taking one line back would do.
type Undo struct {
	// Outcome is one of those above; Why says in Chinese why it is Left.
	Outcome Outcome
	Why     string
	// Name is what the row is about, for people.
	Name string
	// Do takes it back; called only for Withdrawn and Restored. It returns Conflict if somebody was first.
	Do func(ctx context.Context, meta store.Meta) error
}

// Undoer looks at lines that were applied, the last one first. cause is that of what the line changed, undone that of taking it back. It writes nothing.
type Undoer[L any] func(ctx context.Context, line L, cause, undone string) (Undo, error)

// Reversal is what became of taking an import back.
type Reversal struct {
	// By is the account that took it back, At when, Why the reason.
	By  string       `json:"by" privacy:"internal"`
	At  journal.Time `json:"at"`
	Why string       `json:"why" privacy:"internal"`
	// Record is the record that said so: the follow-ups derive from it.
	Record string `json:"record" privacy:"internal"`
	// Withdrawn, Restored and Left count lines, once it is done.
	Withdrawn int64 `json:"withdrawn"`
	Restored  int64 `json:"restored"`
	Left      int64 `json:"left"`
	// Kept are the first 100 lines that were left, with the reason.
	Kept []LineFault `json:"kept,omitempty"`
}

// Undone is one line of a look at what taking an import back would do.
type Undone struct {
	// Row is the row of the file, Name what it is about.
	Row  int64
	Name string
	// Outcome is Withdrawn, Restored or Left; Why says why it is Left.
	Outcome Outcome
	Why     string
}

// Lookback is what taking an import back would do.
type Lookback struct {
	// Seq is the last change of the import: give it to Reverse.
	Seq int64
	// Withdrawn, Restored and Left count lines; the others did nothing.
	Withdrawn, Restored, Left int64
	// Lines are those that would be taken back or left, in the order of the file.
	Lines []Undone
}

// maxWhy is the longest reason, in characters.
const maxWhy = 200

// reversible returns Conflict for an import that cannot be taken back now.
func reversible(s Import) error {
	const op = "imports.Reverse"
	switch {
	case s.State == Accepted:
		return fault.New(op, fault.Conflict, "这次导入还在进行，完成以后才能撤销")
	case s.State == Reversing:
		return fault.New(op, fault.Conflict, "这次导入正在撤销")
	case s.State == Reversed && s.Reversal.Left == 0:
		return fault.New(op, fault.Conflict, "这次导入已经撤销")
	}
	return nil
}

// LookBack says what taking an import back would do; nothing is written. Returns NotFound, Conflict for an import that is not done or is taken back already.
func (i *Importer[L]) LookBack(ctx context.Context, id string, undo Undoer[L]) (Lookback, error) {
	d, err := i.load(ctx, id)
	if err != nil {
		return Lookback{}, err
	}
	if err := reversible(d.State); err != nil {
		return Lookback{}, err
	}
	out := Lookback{Seq: d.Seq}
	for n := range downwards(d.State.Lines) {
		l, err := i.lines.Load(ctx, lineID(id, n))
		if err != nil {
			return Lookback{}, err
		}
		u, err := undo(ctx, l.State, i.LineCause(id, n), "")
		if err != nil {
			return Lookback{}, err
		}
		switch u.Outcome {
		case Withdrawn:
			out.Withdrawn++
		case Restored:
			out.Restored++
		case Left:
			out.Left++
		default:
			continue
		}
		out.Lines = append(out.Lines, Undone{Row: i.Row(l.State), Name: u.Name, Outcome: u.Outcome, Why: u.Why})
	}
	slices.Reverse(out.Lines)
	return out, nil
}

// load loads an import. Returns NotFound.
func (i *Importer[L]) load(ctx context.Context, id string) (store.Doc[Import], error) {
	if !journal.ValidPart(id) {
		return store.Doc[Import]{}, fault.New("imports.load", fault.NotFound, "没有找到这次导入")
	}
	return i.imports.Load(ctx, id)
}

// Reverse says that an import is to be taken back; RunAccepted does it. seq is the change that the look showed. Saying the same twice is saying it once. Returns NotFound,
// Invalid for the reason (field reason), Conflict for an import that is not done, is taken back already, or was changed since the look.
func (i *Importer[L]) Reverse(ctx context.Context, by, id string, seq int64, why string) error {
	const op = "imports.Reverse"
	why = strings.TrimSpace(why)
	switch n := utf8.RuneCountInString(why); {
	case n < 2:
		return fault.InvalidFields(op, fault.Field{Name: "reason", Message: "请填写撤销的原因"})
	case n > maxWhy:
		return fault.InvalidFields(op, fault.Field{Name: "reason", Message: fmt.Sprintf("原因有 %d 个字，最多 %d 个字", n, maxWhy)})
	}
	d, err := i.load(ctx, id)
	if err != nil {
		return err
	}
	if r := d.State.Reversal; d.Seq > seq && r != nil && r.By == by && r.Why == why {
		return nil
	}
	if err := reversible(d.State); err != nil {
		return err
	}
	if d.Seq != seq {
		return fault.New(op, fault.Conflict, "这次导入刚被别人撤销过，请刷新后再看")
	}
	stream, err := journal.StreamKey(i.Name, id)
	if err != nil {
		return err
	}
	state := d.State
	state.State = Reversing
	state.Reversal = &Reversal{By: by, At: journal.At(i.DB.Now()), Why: why, Record: journal.RecordID(stream, d.Seq+1)}
	if _, err := i.imports.Commit(ctx, store.Meta{By: by, Action: i.Action, Why: why}, id, d.Seq, state); err != nil {
		return err
	}
	i.Wake()
	return nil
}

// takeBack takes every line of one import back and stores what became of it.
func (i *Importer[L]) takeBack(ctx context.Context, id, holder string) error {
	d, err := i.imports.Load(ctx, id)
	if err != nil || d.State.State != Reversing {
		return err
	}
	results := make([]Undo, d.State.Lines)
	rows := make([]int64, d.State.Lines)
	undo := i.Undoer()
	err = i.through(ctx, id, holder, downwards(d.State.Lines), func(ctx context.Context, n int64) (err error) {
		results[n-1], rows[n-1], err = i.undoLine(ctx, undo, d, n)
		return err
	})
	if err != nil {
		return err
	}
	state, r := d.State, *d.State.Reversal
	for k, u := range results {
		switch u.Outcome {
		case Withdrawn:
			r.Withdrawn++
		case Restored:
			r.Restored++
		case Left:
			if r.Left++; len(r.Kept) < maxFailures {
				r.Kept = append(r.Kept, LineFault{Row: rows[k], Message: u.Name + "：" + u.Why})
			}
		}
	}
	state.State, state.Reversal = Reversed, &r
	_, err = i.imports.Commit(ctx, store.Meta{By: r.By, Action: i.Action}, id, d.Seq, state)
	return err
}

// undoLine takes one line back, unless an earlier try did: then it tells what that did.
func (i *Importer[L]) undoLine(ctx context.Context, undo Undoer[L], d store.Doc[Import], n int64) (Undo, int64, error) {
	l, err := i.lines.Load(ctx, lineID(d.ID, n))
	if err != nil {
		return Undo{}, 0, err
	}
	row := i.Row(l.State)
	r := d.State.Reversal
	undone := journal.Cause(r.Record, fmt.Sprintf("line-%d", n))
	meta := store.Meta{By: r.By, Action: i.Action, Cause: undone, Why: r.Why}
	for try := 0; ; try++ {
		u, err := undo(ctx, l.State, i.LineCause(d.ID, n), undone)
		if err != nil || u.Do == nil || u.Outcome != Withdrawn && u.Outcome != Restored {
			return u, row, err
		}
		switch err := u.Do(ctx, meta); {
		case err == nil:
			return u, row, nil
		case !fault.Is(err, fault.Conflict):
			return u, row, err
		case try == 3:
			u.Outcome, u.Why = Left, fault.MessageOf(err)
			return u, row, nil
		}
	}
}
