package registry

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// An import goes from a file to the register in three steps (design §3.9): a dry run, which writes nothing to the journal and keeps its lines for a day;
// the acceptance, which stores every line that will be applied and then the import itself; and RunImports, which applies the lines as follow-ups of the
// acceptance. Every follow-up derives its id from the acceptance and its line, so that a run that was cut off is begun again without doubling anything.

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
	// importWorkers is how many lines are applied at the same time: commits at the same time share one write to the disk.
	importWorkers = 32
	importLease   = "registry-imports"
	leaseLife     = time.Minute
	// progressEvery is after how many lines the progress is written down and the lease renewed.
	progressEvery = 50
)

// ImportState is where an import stands.
type ImportState string

// The states of an import: accepted → done.
const (
	// ImportAccepted: its lines are being applied (导入中).
	ImportAccepted ImportState = "accepted"
	// ImportDone: every line was applied or failed (已完成).
	ImportDone ImportState = "done"
)

// Import is an accepted import. Its lines are documents of their own.
type Import struct {
	// Kind says what its rows are.
	Kind ImportKind `json:"kind" privacy:"public"`
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
	State ImportState `json:"state" privacy:"internal"`
	// Created, Changed, Unchanged and Failed count what became of the lines, once done.
	Created   int64 `json:"created"`
	Changed   int64 `json:"changed"`
	Unchanged int64 `json:"unchanged"`
	Failed    int64 `json:"failed"`
	// Failures are the first 100 lines that could not be applied.
	Failures []LineFault `json:"failures,omitempty"`
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

// storedLine is a line of an accepted import. Subject is the firm whose people it names.
type storedLine struct {
	Line
	Subject string `json:"subject,omitempty" privacy:"internal"`
}

// importDraft is a piece of a dry run: the head under `<draft>/0`, lines under `<draft>/1` and so on.
type importDraft struct {
	By       string     `json:"by" privacy:"internal"`
	Kind     ImportKind `json:"kind" privacy:"internal"`
	FileName string     `json:"file_name" privacy:"internal"`
	FileHash string     `json:"file_hash" privacy:"internal"`
	Chunks   int64      `json:"chunks"`
	// Unread are rows that could not even be read: they count as faulty.
	Unread int64  `json:"unread"`
	Lines  []Line `json:"lines,omitempty"`
}

// importProgress is how far the running import is.
type importProgress struct {
	Done int64 `json:"done"`
}

// openImports keeps what imports need beside the register.
func openImports(ctx context.Context, r *Register) error {
	var err error
	if r.imports, err = store.NewCollection(ctx, r.db, store.Kind[Import]{
		Name: "import", Version: 1,
		Indexes: []store.Index[Import]{{
			Name: "all",
			Keys: func(_ string, i *Import) []string { return []string{"", "s:" + string(i.State)} },
			Sort: func(_ string, i *Import) string { return store.SortTime(i.At.Time) },
		}},
	}); err != nil {
		return err
	}
	if r.lines, err = store.NewCollection(ctx, r.db, store.Kind[storedLine]{
		Name: "import-line", Version: 1,
		Subject: func(_ string, l *storedLine) string { return l.Subject },
	}); err != nil {
		return err
	}
	if r.drafts, err = store.NewEphemeral[importDraft](r.db, "import-draft"); err != nil {
		return err
	}
	r.progress, err = store.NewEphemeral[importProgress](r.db, "import-progress")
	return err
}

// File is an uploaded file whose rows were read.
type File struct {
	// Kind says what the rows are, Name is the file's name, Hash the SHA-256 of its bytes as 64 hex digits.
	Kind ImportKind
	Name string
	Hash string
	// Lines are the rows that could be read.
	Lines []Line
	// Unread are the faults of rows that could not be read; their rows are not among Lines.
	Unread []LineFault
}

// DryRun is what an import would do.
type DryRun struct {
	// Draft is the id under which it is kept for a day; "" if there is nothing to import.
	Draft string
	// Kind, Name as in File.
	Kind ImportKind
	Name string
	// New, Changed, Same and Faulty count rows.
	New, Changed, Same, Faulty int64
	// Faults are all faults, by row.
	Faults []LineFault
	// Changes are the rows that would correct what is registered: the ones to look at.
	Changes []int64
}

// DryImport checks every row against the register and keeps the file's lines for a day. Nothing is journaled. Returns Forbidden without ImportRegister,
// Invalid for an unknown kind, no row at all or too many.
func (s *Service) DryImport(ctx context.Context, by policy.Actor, f File) (DryRun, error) {
	const op = "registry.DryImport"
	if err := s.guard.Require(by, policy.ImportRegister); err != nil {
		return DryRun{}, err
	}
	switch n := len(f.Lines) + len(f.Unread); {
	case !knows(ImportKinds(), f.Kind):
		return DryRun{}, fault.New(op, fault.Invalid, "请选择要导入的是企业、小区还是合同")
	case n == 0:
		return DryRun{}, fault.New(op, fault.Invalid, "这个文件没有数据行，请从模板的第 2 行起填写")
	case len(f.Lines) > MaxLines:
		return DryRun{}, fault.New(op, fault.Invalid, fmt.Sprintf("这个文件有 %d 行，一次最多导入 %d 行，请分开导入", len(f.Lines), MaxLines))
	}
	run, _, err := s.dryRun(ctx, by, f)
	if err != nil || run.New+run.Changed == 0 {
		return run, err
	}
	run.Draft = s.db.NewID(store.Meta{By: by.ID})
	return run, s.keepDraft(ctx, by, run.Draft, f)
}

// keepDraft keeps the lines, the head last.
func (s *Service) keepDraft(ctx context.Context, by policy.Actor, draft string, f File) error {
	until := s.db.Now().Add(draftLife)
	unread := map[int64]bool{}
	for _, u := range f.Unread {
		unread[u.Row] = true
	}
	head := importDraft{By: by.ID, Kind: f.Kind, FileName: f.Name, FileHash: f.Hash, Unread: int64(len(unread))}
	for from := 0; from < len(f.Lines); from += draftChunk {
		head.Chunks++
		piece := importDraft{Lines: f.Lines[from:min(from+draftChunk, len(f.Lines))]}
		if err := s.drafts.Put(ctx, fmt.Sprintf("%s/%d", draft, head.Chunks), piece, until); err != nil {
			return err
		}
	}
	return s.drafts.Put(ctx, draft+"/0", head, until)
}

// draft reads a kept dry run of the actor. Returns NotFound for one of somebody else or that has expired.
func (s *Service) draft(ctx context.Context, by policy.Actor, draft string) (importDraft, File, error) {
	const gone = "这次试导入已经过期，请重新上传文件"
	head, err := s.drafts.Get(ctx, draft+"/0")
	if err != nil || head.State.By != by.ID {
		if err == nil || fault.Is(err, fault.NotFound) {
			err = fault.Wrap("registry.draft", fault.NotFound, gone, err)
		}
		return importDraft{}, File{}, err
	}
	f := File{Kind: head.State.Kind, Name: head.State.FileName, Hash: head.State.FileHash}
	for k := int64(1); k <= head.State.Chunks; k++ {
		piece, err := s.drafts.Get(ctx, fmt.Sprintf("%s/%d", draft, k))
		if err != nil {
			return importDraft{}, File{}, fault.Wrap("registry.draft", "", gone, err)
		}
		f.Lines = append(f.Lines, piece.State.Lines...)
	}
	return head.State, f, nil
}

// dryRun checks every line and returns those that would change something.
func (s *Service) dryRun(ctx context.Context, by policy.Actor, f File) (DryRun, []Line, error) {
	scope, err := s.guard.Scope(ctx, by, policy.ImportRegister)
	if err != nil {
		return DryRun{}, nil, err
	}
	c := &checker{Service: s, pending: map[string]Project{}, may: func(keys []string) bool { return scope.Covers(keys, s.Today()) }}
	run := DryRun{Kind: f.Kind, Name: f.Name, Faults: slices.Clone(f.Unread)}
	var good []Line
	rowOf := map[string]int64{}
	for _, l := range f.Lines {
		var bad faults
		st, err := c.check(ctx, l, &bad)
		if err != nil {
			return DryRun{}, nil, err
		}
		if first, twice := rowOf[st.key]; twice && len(bad.list) == 0 {
			bad.add("", "与第 %d 行重复", first)
		}
		if len(bad.list) == 0 {
			rowOf[st.key] = l.Row
		}
		switch {
		case len(bad.list) > 0:
			run.Faulty++
			for _, b := range bad.list {
				run.Faults = append(run.Faults, LineFault{Row: l.Row, Field: b.Name, Message: b.Message})
			}
		case st.outcome == OutcomeSame:
			run.Same++
		case st.outcome == OutcomeChanged:
			run.Changed++
			run.Changes = append(run.Changes, l.Row)
			good = append(good, l)
		default:
			run.New++
			good = append(good, l)
		}
	}
	unread := map[int64]bool{}
	for _, u := range f.Unread {
		unread[u.Row] = true
	}
	run.Faulty += int64(len(unread))
	slices.SortStableFunc(run.Faults, func(a, b LineFault) int { return cmp.Compare(a.Row, b.Row) })
	return run, good, nil
}

// AcceptImport accepts a dry run and returns the id of the import; what happened to the register since the dry run is looked at again. onlyGood leaves out rows
// with faults. Accepting the same lines twice is accepting them once. Returns Forbidden without ImportRegister, NotFound for a dry run that is not the
// actor's or has expired, Conflict if rows with faults are not to be left out or nothing is left to import.
func (s *Service) AcceptImport(ctx context.Context, by policy.Actor, draft string, onlyGood bool) (string, error) {
	const op = "registry.AcceptImport"
	if err := s.guard.Require(by, policy.ImportRegister); err != nil {
		return "", err
	}
	head, f, err := s.draft(ctx, by, draft)
	if err != nil {
		return "", err
	}
	run, good, err := s.dryRun(ctx, by, f)
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
	id := s.db.MAC("import", string(f.Kind)+"/"+f.Hash+"/"+string(raw))[:32]
	meta := s.meta(by, policy.ImportRegister, "")
	if err := s.storeLines(ctx, meta, id, good); err != nil {
		return "", err
	}
	_, err = s.imports.Commit(ctx, meta, id, 0, Import{Kind: f.Kind, FileName: f.Name, FileHash: f.Hash, By: by.ID, At: journal.At(s.db.Now()), Lines: int64(len(good)),
		Same: run.Same, Faulty: run.Faulty, State: ImportAccepted})
	if err != nil && !fault.Is(err, fault.Conflict) {
		return "", err
	}
	s.Wake()
	return id, nil
}

// storeLines stores the lines of an import; those that an earlier try stored stay.
func (s *Service) storeLines(ctx context.Context, meta store.Meta, id string, good []Line) error {
	all, within := errgroup.WithContext(ctx)
	all.SetLimit(32)
	for i, l := range good {
		all.Go(func() error {
			stored := storedLine{Line: l}
			if l.Firm != nil {
				code, err := ParseUSCC(l.Firm.Code)
				if err != nil {
					return err
				}
				firm, err := s.firmByCode(within, code)
				if err != nil {
					return err
				}
				if firm == "" {
					firm = journal.DerivedID(s.lineCause(id, int64(i+1)))
				}
				stored.Subject = firmKind + "/" + firm
			}
			_, err := s.lines.Commit(within, meta, fmt.Sprintf("%s/%d", id, i+1), 0, stored)
			if fault.Is(err, fault.Conflict) {
				return nil
			}
			return err
		})
	}
	return all.Wait()
}

// lineCause is the cause of what a line changes: the acceptance, which is the first record of the import.
func (s *Service) lineCause(id string, n int64) string {
	// An import id is one valid part: the key of its stream cannot fail.
	stream, _ := journal.StreamKey("import", id)
	return journal.Cause(journal.RecordID(stream, 1), fmt.Sprintf("line-%d", n))
}

// ImportView is an import with how far it is.
type ImportView struct {
	// ID is its id; Ended is when it was done, zero while it runs.
	ID    string
	Ended time.Time
	Import
	// Done is how many lines were looked at, of Lines.
	Done int64
}

// OneImport returns an import. Returns Forbidden without ImportRegister, NotFound.
func (s *Service) OneImport(ctx context.Context, by policy.Actor, id string) (ImportView, error) {
	if err := s.guard.Require(by, policy.ImportRegister); err != nil {
		return ImportView{}, err
	}
	d, err := s.imports.Load(ctx, id)
	if err != nil {
		return ImportView{}, err
	}
	return s.importView(ctx, d)
}

// Imports lists the last 20 imports, newest first. Returns Forbidden without ImportRegister.
func (s *Service) Imports(ctx context.Context, by policy.Actor) ([]ImportView, error) {
	if err := s.guard.Require(by, policy.ImportRegister); err != nil {
		return nil, err
	}
	page, err := s.imports.List(ctx, store.Query{Index: "all", Desc: true})
	if err != nil {
		return nil, err
	}
	var out []ImportView
	for _, d := range page.Docs {
		v, err := s.importView(ctx, d)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (s *Service) importView(ctx context.Context, d store.Doc[Import]) (ImportView, error) {
	v := ImportView{ID: d.ID, Import: d.State, Done: d.State.Lines}
	if d.State.State == ImportDone {
		v.Ended = d.At
		return v, nil
	}
	p, err := s.progress.Get(ctx, d.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return v, err
	}
	v.Done = p.State.Done
	return v, nil
}
