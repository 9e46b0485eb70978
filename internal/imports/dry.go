package imports

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"redsteward/internal/fault"
	"redsteward/internal/store"
)

// File is an uploaded file whose rows were read.
type File[L any] struct {
	// Kind says what the rows are, Name is the file's name, Hash the SHA-256 of its bytes as 64 hex digits.
	Kind string
	Name string
	Hash string
	// Lines are the rows that could be read.
	Lines []L
	// Unread are the faults of rows that could not be read; their rows are not among Lines.
	Unread []LineFault
}

// unread is how many rows could not be read.
func (f File[L]) unread() int64 {
	rows := map[int64]bool{}
	for _, u := range f.Unread {
		rows[u.Row] = true
	}
	return int64(len(rows))
}

// DryRun is what an import would do.
type DryRun struct {
	// Draft is the id under which it is kept for a day; "" if there is nothing to import.
	Draft string
	// Kind, Name as in File.
	Kind string
	Name string
	// New, Changed, Same and Faulty count rows; Doubled is how many of the faulty ones repeat another row of the file.
	New, Changed, Same, Faulty, Doubled int64
	// Faults are all faults, by row.
	Faults []LineFault
	// Changes are the rows that would correct what is registered or stand beside it: the ones to look at.
	Changes []int64
}

// DryRun checks every row and keeps the file's lines for a day. Nothing is journaled. Returns Invalid for no row at all or too many.
func (i *Importer[L]) DryRun(ctx context.Context, by string, f File[L], check Checker[L]) (DryRun, error) {
	const op = "imports.DryRun"
	switch n := len(f.Lines) + len(f.Unread); {
	case n == 0:
		return DryRun{}, fault.New(op, fault.Invalid, "这个文件没有数据行，请从模板的第 2 行起填写")
	case len(f.Lines) > MaxLines:
		return DryRun{}, fault.New(op, fault.Invalid, fmt.Sprintf("这个文件有 %d 行，一次最多导入 %d 行，请分开导入", len(f.Lines), MaxLines))
	}
	run, good, err := i.look(ctx, f, check)
	if err != nil || len(good) == 0 {
		return run, err
	}
	run.Draft = i.DB.NewID(store.Meta{By: by})
	return run, i.keep(ctx, by, run.Draft, f)
}

// keep keeps the lines, the head last.
func (i *Importer[L]) keep(ctx context.Context, by, id string, f File[L]) error {
	until := i.DB.Now().Add(draftLife)
	head := draft[L]{By: by, Kind: f.Kind, FileName: f.Name, FileHash: f.Hash, Unread: f.unread()}
	for part := range slices.Chunk(f.Lines, draftChunk) {
		head.Chunks++
		if err := i.drafts.Put(ctx, lineID(id, head.Chunks), draft[L]{Lines: part}, until); err != nil {
			return err
		}
	}
	return i.drafts.Put(ctx, lineID(id, 0), head, until)
}

// draft reads a kept dry run of an account. Returns NotFound for one of somebody else or that has expired.
func (i *Importer[L]) draft(ctx context.Context, by, id string) (draft[L], File[L], error) {
	const gone = "这次试导入已经过期，请重新上传文件"
	head, err := i.drafts.Get(ctx, lineID(id, 0))
	if err != nil || head.State.By != by {
		if err == nil || fault.Is(err, fault.NotFound) {
			err = fault.Wrap("imports.draft", fault.NotFound, gone, err)
		}
		return draft[L]{}, File[L]{}, err
	}
	f := File[L]{Kind: head.State.Kind, Name: head.State.FileName, Hash: head.State.FileHash}
	for k := int64(1); k <= head.State.Chunks; k++ {
		part, err := i.drafts.Get(ctx, lineID(id, k))
		if err != nil {
			return draft[L]{}, File[L]{}, fault.Wrap("imports.draft", "", gone, err)
		}
		f.Lines = append(f.Lines, part.State.Lines...)
	}
	return head.State, f, nil
}

// look checks every line and returns those that would change something.
func (i *Importer[L]) look(ctx context.Context, f File[L], check Checker[L]) (DryRun, []L, error) {
	run := DryRun{Kind: f.Kind, Name: f.Name, Faults: slices.Clone(f.Unread)}
	var good []L
	rowOf := map[string]int64{}
	for _, line := range f.Lines {
		step, err := check(ctx, line)
		if err != nil {
			return DryRun{}, nil, err
		}
		row := i.Row(line)
		if first, twice := rowOf[step.Key]; twice && len(step.Faults) == 0 {
			step.Faults = []fault.Field{{Message: fmt.Sprintf("与第 %d 行重复", first)}}
			run.Doubled++
		}
		if len(step.Faults) == 0 {
			rowOf[step.Key] = row
		}
		switch {
		case len(step.Faults) > 0:
			run.Faulty++
			for _, b := range step.Faults {
				run.Faults = append(run.Faults, LineFault{Row: row, Field: b.Name, Message: b.Message})
			}
		case step.Outcome == Same:
			run.Same++
		case step.Outcome == Changed:
			run.Changed++
			run.Changes = append(run.Changes, row)
			good = append(good, line)
		default:
			run.New++
			good = append(good, line)
		}
	}
	run.Faulty += f.unread()
	slices.SortStableFunc(run.Faults, func(a, b LineFault) int { return cmp.Compare(a.Row, b.Row) })
	return run, good, nil
}
