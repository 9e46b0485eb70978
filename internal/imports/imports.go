// Package imports takes the rows of a file into what somebody else keeps (design §3.9), in three steps: a dry run, which writes nothing to the journal and
// keeps its lines for a day; the acceptance, which stores every line that will be applied and then the import itself; and RunAccepted, which applies the lines.
//
//  1. Every line is a follow-up of the acceptance and derives its id from it, so that a run that was cut off is begun again without doubling anything.
//  2. The id of an import derives from its lines: accepting the same lines twice is accepting them once.
//  3. Whose rows they are decides what a line would do (Checker) and who may import; here nobody asks for rights.
//  4. A line that is refused after the dry run is a result of that line; the others go through.
package imports

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
)

// The bounds of imports.
const (
	// MaxLines is the largest number of rows of one file.
	MaxLines = 20_000
	// draftChunk is how many lines one kept document of a dry run holds.
	draftChunk = 100
	// draftLife is how long a dry run is kept.
	draftLife = 24 * time.Hour
	// maxFailures bounds the failures that an import lists.
	maxFailures = 100
	// workers is how many lines are applied at the same time: commits at the same time share one write to the disk.
	workers   = 32
	leaseLife = time.Minute
	// progressEvery is after how many lines the progress is written down and the lease renewed.
	progressEvery = 50
)

// State is where an import stands.
type State string

// The states of an import: accepted → done; see Reversing for what may follow.
const (
	// Accepted: its lines are being applied (导入中).
	Accepted State = "accepted"
	// Done: every line was applied or failed (已完成).
	Done State = "done"
)

// Import is an accepted import. Its lines are documents of their own.
type Import struct {
	// Kind says what its rows are, in the words of whose rows they are.
	Kind string `json:"kind" privacy:"public"`
	// FileName is the name of the file as uploaded, FileHash the SHA-256 of its bytes as 64 hex digits.
	FileName string `json:"file_name" privacy:"internal"`
	FileHash string `json:"file_hash" privacy:"internal"`
	// By is the account that accepted it, At when.
	By string       `json:"by" privacy:"internal"`
	At journal.Time `json:"at"`
	// Lines is how many lines are applied; Same and Faulty rows of the file were left out.
	Lines  int64 `json:"lines"`
	Same   int64 `json:"same"`
	Faulty int64 `json:"faulty"`
	// State is where it stands.
	State State `json:"state" privacy:"internal"`
	// Created, Changed, Unchanged and Failed count what became of the lines, once done.
	Created   int64 `json:"created"`
	Changed   int64 `json:"changed"`
	Unchanged int64 `json:"unchanged"`
	Failed    int64 `json:"failed"`
	// Failures are the first 100 lines that could not be applied.
	Failures []LineFault `json:"failures,omitempty"`
	// Reversal is what became of taking it back the last time, nil if nobody did.
	Reversal *Reversal `json:"reversal,omitempty"`
}

// LineFault is what is wrong with one cell of one row.
type LineFault struct {
	// Row is the number of the row in the sheet.
	Row int64 `json:"row"`
	// Field is the name of the column's field, "" for the row as a whole.
	Field string `json:"field,omitempty" privacy:"internal"`
	// Message says it in Chinese.
	Message string `json:"message" privacy:"internal"`
}

// Outcome is what a row did or would do.
type Outcome string

// The outcomes.
const (
	// New: something new is registered (新增).
	New Outcome = "new"
	// Changed: something registered is corrected, or stands beside what is registered (修改).
	Changed Outcome = "changed"
	// Same: everything is registered like that already (没有变化).
	Same Outcome = "same"
	// Faulty: the row cannot be used (有错).
	Faulty Outcome = "faulty"
)

// Step is what a checked line would do.
type Step struct {
	// Outcome is what would become of it.
	Outcome Outcome
	// Faults, if there are any, refuse the line.
	Faults []fault.Field
	// Key names what the line is about; two lines of one file must not share it.
	Key string
	// ID is the id of what exists already, Cause the cause of its last change; "" if it does not exist or was made by a person.
	ID    string
	Cause string
	// Do applies the line under an id for what is new; it is called only if there are no faults and something is to be done. It returns Conflict if somebody
	// was first, Invalid if the line is refused.
	Do func(ctx context.Context, meta store.Meta, newID string) error
}

// Checker looks at lines, one after the other. It writes nothing.
type Checker[L any] func(ctx context.Context, line L) (Step, error)

// Config says whose rows are imported. L is one row as stored: it has the number of its row and everything that is needed to apply it later.
type Config[L any] struct {
	// DB is where imports are kept, under the kinds <Name> (imports) and <Name>-line (lines).
	DB   *store.DB
	Name string
	// Action is the business action of every record.
	Action string
	// Row is the number of a line's row; Target names what it is about: the lines of one target follow each other.
	Row    func(L) int64
	Target func(L) string
	// Checker makes the look at what is there when the accepted lines of an import are applied; all workers share it, and what it reads for every line it reads once.
	Checker func() Checker[L]
	// Undoer makes the look at what taking the lines of an import back would do, shared likewise. nil: these imports cannot be taken back.
	Undoer func() Undoer[L]
	// Prepare, if not nil, makes what completes each line of an import before it is stored, with the id of what the line would make new; several call it at once.
	Prepare func() func(ctx context.Context, line *L, newID string) error
	// Subject, if not nil, is the person or firm whose key encrypts a line (store.Kind).
	Subject func(*L) string
	// WasNew, if not nil, tells for a line that an earlier try applied whether it made something new; nil: every line does.
	WasNew func(ctx context.Context, newID string, line L) bool
}

// Importer carries out the imports of one kind of rows. It is safe for concurrent use.
type Importer[L any] struct {
	Config[L]
	imports  *store.Collection[Import]
	lines    *store.Collection[L]
	drafts   *store.EphemeralCollection[draft[L]]
	progress *store.EphemeralCollection[progress]
	// wake tells Run that an import was accepted.
	wake chan struct{}
}

// draft is a piece of a dry run: the head under `<draft>/0`, lines under `<draft>/1` and so on.
type draft[L any] struct {
	By       string `json:"by" privacy:"internal"`
	Kind     string `json:"kind" privacy:"internal"`
	FileName string `json:"file_name" privacy:"internal"`
	FileHash string `json:"file_hash" privacy:"internal"`
	Chunks   int64  `json:"chunks"`
	// Unread are rows that could not even be read: they count as faulty.
	Unread int64 `json:"unread"`
	Lines  []L   `json:"lines,omitempty"`
}

// progress is how far the running import is.
type progress struct {
	Done int64 `json:"done"`
}

// The names of the indexes of imports.
const (
	byState = "all"
	byWhom  = "mine"
)

// Open opens the imports of one kind of rows.
func Open[L any](ctx context.Context, c Config[L]) (*Importer[L], error) {
	i := &Importer[L]{Config: c, wake: make(chan struct{}, 1)}
	newest := func(_ string, i *Import) string { return store.SortTime(i.At.Time) }
	var err error
	if i.imports, err = store.NewCollection(ctx, c.DB, store.Kind[Import]{
		Name: c.Name, Version: 1,
		Indexes: []store.Index[Import]{
			{Name: byState, Keys: func(_ string, i *Import) []string { return []string{"", "s:" + string(i.State)} }, Sort: newest},
			{Name: byWhom, Keys: func(_ string, i *Import) []string { return []string{i.By} }, Sort: newest},
		},
	}); err != nil {
		return nil, err
	}
	lines := store.Kind[L]{Name: c.Name + "-line", Version: 1}
	if c.Subject != nil {
		lines.Subject = func(_ string, l *L) string { return c.Subject(l) }
	}
	if i.lines, err = store.NewCollection(ctx, c.DB, lines); err != nil {
		return nil, err
	}
	if i.drafts, err = store.NewEphemeral[draft[L]](c.DB, c.Name+"-draft"); err != nil {
		return nil, err
	}
	i.progress, err = store.NewEphemeral[progress](c.DB, c.Name+"-progress")
	return i, err
}

// Accept accepts a dry run of an account and returns the id of the import; what happened since the dry run is looked at again through check. onlyGood leaves
// out rows with faults. Returns NotFound for a dry run that is not the account's or has expired, Conflict if rows with faults are not to be left out or
// nothing is left to import.
func (i *Importer[L]) Accept(ctx context.Context, by, draft string, onlyGood bool, check Checker[L]) (string, error) {
	const op = "imports.Accept"
	head, f, err := i.draft(ctx, by, draft)
	if err != nil {
		return "", err
	}
	run, good, err := i.look(ctx, f, check)
	if err != nil {
		return "", err
	}
	run.Faulty += head.Unread
	if run.Faulty > 0 && !onlyGood {
		return "", fault.New(op, fault.Conflict, fmt.Sprintf("还有 %d 行有错，请改好后重新上传，或者选择只导入无错的行", run.Faulty))
	}
	if len(good) == 0 {
		return "", fault.New(op, fault.Conflict, fmt.Sprintf("“%s”里没有要导入的行：无错的行都已经登记，没有变化", f.Name))
	}
	raw, err := json.Marshal(good)
	if err != nil {
		return "", fault.Wrap(op, fault.Internal, "", err)
	}
	meta := store.Meta{By: by, Action: i.Action}
	id, err := i.place(ctx, f.Kind+"/"+f.Hash+"/"+string(raw))
	if err != nil {
		return "", err
	}
	if err := i.storeLines(ctx, meta, id, good); err != nil {
		return "", err
	}
	_, err = i.imports.Commit(ctx, meta, id, 0, Import{Kind: f.Kind, FileName: f.Name, FileHash: f.Hash, By: by, At: journal.At(i.DB.Now()), Lines: int64(len(good)),
		Same: run.Same, Faulty: run.Faulty, State: Accepted})
	if err != nil && !fault.Is(err, fault.Conflict) {
		return "", err
	}
	i.Wake()
	return id, nil
}

// place is the id of an import with these lines. The same lines can be imported again after what they made was changed or taken back: one that is done
// leaves its place to the next.
func (i *Importer[L]) place(ctx context.Context, lines string) (string, error) {
	for round := 0; ; round++ {
		id := i.DB.MAC(i.Name, fmt.Sprintf("%d/%s", round, lines))[:32]
		d, err := i.imports.Load(ctx, id)
		switch {
		case fault.Is(err, fault.NotFound):
			return id, nil
		case err != nil || d.State.State == Accepted:
			return id, err
		}
	}
}

// storeLines stores the lines of an import; those that an earlier try stored stay.
func (i *Importer[L]) storeLines(ctx context.Context, meta store.Meta, id string, good []L) error {
	prepare := func(context.Context, *L, string) error { return nil }
	if i.Prepare != nil {
		prepare = i.Prepare()
	}
	all, within := errgroup.WithContext(ctx)
	all.SetLimit(workers)
	for k, line := range good {
		all.Go(func() error {
			if err := prepare(within, &line, journal.DerivedID(i.LineCause(id, int64(k+1)))); err != nil {
				return err
			}
			_, err := i.lines.Commit(within, meta, lineID(id, int64(k+1)), 0, line)
			if fault.Is(err, fault.Conflict) {
				return nil
			}
			return err
		})
	}
	return all.Wait()
}

// lineID is the id of the nth line of an import, from 1.
func lineID(id string, n int64) string { return fmt.Sprintf("%s/%d", id, n) }

// LineCause is the cause of what the nth line of an import changes, from 1: the acceptance, which is the first record of the import.
func (i *Importer[L]) LineCause(id string, n int64) string {
	// An import id is one valid part: the key of its stream cannot fail.
	stream, _ := journal.StreamKey(i.Name, id)
	return journal.Cause(journal.RecordID(stream, 1), fmt.Sprintf("line-%d", n))
}

// View is an import with how far it is.
type View struct {
	// ID is its id; Ended is when it was done, zero while it runs.
	ID    string
	Ended time.Time
	Import
	// Done is how many lines were looked at, of Lines.
	Done int64
}

// One returns an import. Returns NotFound.
func (i *Importer[L]) One(ctx context.Context, id string) (View, error) {
	if !journal.ValidPart(id) {
		return View{}, fault.New("imports.One", fault.NotFound, "没有找到这次导入")
	}
	d, err := i.imports.Load(ctx, id)
	if err != nil {
		return View{}, err
	}
	return i.view(ctx, d)
}

// Recent lists the last 20 imports, newest first.
func (i *Importer[L]) Recent(ctx context.Context) ([]View, error) {
	return i.list(ctx, store.Query{Index: byState})
}

// RecentOf lists the last 20 imports that an account accepted, newest first.
func (i *Importer[L]) RecentOf(ctx context.Context, by string) ([]View, error) {
	return i.list(ctx, store.Query{Index: byWhom, Key: by})
}

func (i *Importer[L]) list(ctx context.Context, q store.Query) ([]View, error) {
	q.Desc = true
	page, err := i.imports.List(ctx, q)
	if err != nil {
		return nil, err
	}
	var out []View
	for _, d := range page.Docs {
		v, err := i.view(ctx, d)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (i *Importer[L]) view(ctx context.Context, d store.Doc[Import]) (View, error) {
	v := View{ID: d.ID, Import: d.State, Done: d.State.Lines}
	if d.State.State == Done || d.State.State == Reversed {
		v.Ended = d.At
		return v, nil
	}
	p, err := i.progress.Get(ctx, d.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return v, err
	}
	v.Done = p.State.Done
	return v, nil
}
