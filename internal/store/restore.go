package store

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

// Restorer is an engine into which a log can be put as it stood elsewhere, with its numbers and its hashes. Nobody else may write the data meanwhile.
type Restorer interface {
	Engine
	// Restore appends records as Log gave them. It writes no state documents: DB.Rebuild makes them once the whole log is there. Returns Conflict if the number of the
	// first record is not that after LastN, or a number or id stands already.
	Restore(ctx context.Context, records []journal.Record) error
	// RestoreBlob stores bytes under the id by which a record names them, whichever engine gave it; over any that stand there. Returns Invalid for an id that no engine gives.
	RestoreBlob(ctx context.Context, id string, r io.Reader) error
}

const (
	// engineOwn begins the names of values that an engine keeps for itself.
	engineOwn  = "engine/"
	rulePrefix = "rule/"
	// restoringName is the value that stands while data is being restored.
	restoringName = "restoring"
)

// BeginRestore marks empty data as being restored, which Open refuses until EndRestore. Returns Conflict if there is a log already.
func BeginRestore(ctx context.Context, engine Restorer) error {
	n, err := engine.LastN(ctx)
	if err != nil {
		return err
	}
	if n > 0 {
		return fault.New("store.BeginRestore", fault.Conflict, fmt.Sprintf("目标不是空的，已有 %d 条变更记录。恢复只能放进空的数据文件夹或数据库", n))
	}
	return engine.SetValue(ctx, restoringName, []byte("yes"))
}

// EndRestore takes the mark away.
func EndRestore(ctx context.Context, engine Engine) error {
	return engine.SetValue(ctx, restoringName, []byte("no"))
}

// checkRestored refuses data whose restoring was interrupted.
func (db *DB) checkRestored(ctx context.Context) error {
	mark, err := db.engine.Value(ctx, restoringName)
	if fault.Is(err, fault.NotFound) || err == nil && (db.opt.Restoring || string(mark) != "yes") {
		return nil
	}
	if err != nil {
		return err
	}
	return fault.New("store.Open", fault.Conflict, "这里的恢复没有做完，不能使用。请清空它，再从备份恢复一次")
}

// Carried gives what of a named value goes along with the first upTo records of a log; false if nothing does: what an engine keeps for itself, what is made anew, and
// checkpoints and proofs that cover more than these records. A rule has read no further than they reach.
func Carried(name string, value []byte, upTo int64) ([]byte, bool) {
	switch {
	case strings.HasPrefix(name, engineOwn), name == logTreeName, name == restoringName:
		return nil, false
	case strings.HasPrefix(name, checkpointPrefix):
		return value, leading(name[len(checkpointPrefix):]) <= upTo
	case strings.HasPrefix(name, proofPrefix):
		return value, leading(name[len(proofPrefix):]) <= upTo
	case strings.HasPrefix(name, rulePrefix):
		if leading(string(value)) > upTo {
			return strconv.AppendInt(nil, upTo, 10), true
		}
	}
	return value, true
}

// leading is the number with which a text begins, up to a slash; what is none is larger than any.
func leading(text string) int64 {
	text, _, _ = strings.Cut(text, "/")
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 1<<63 - 1
	}
	return n
}

// Destroyed reports whether a named value stands in place of the key of a subject that was purged.
func Destroyed(name string, value []byte) bool {
	return strings.HasPrefix(name, subjectPrefix) && bytes.Equal(value, destroyed)
}

// NamedFile is a stored file as a record tells of it.
type NamedFile struct {
	// Stream is the key of its stream, SHA256 the hash of its bytes, Blob the id under which an engine keeps them, Size how many there are.
	Stream, SHA256, Blob string
	Size                 int64
	// Removed: the record tells that nobody kept the file.
	Removed bool
}

// FileIn gives the file of which a record tells; false if it tells of something else. Returns Internal if the record is damaged.
func FileIn(r journal.Record) (NamedFile, bool, error) {
	const op = "store.FileIn"
	e, err := nameOf(r)
	if err != nil || e.Kind != fileKind {
		return NamedFile{}, false, err
	}
	_, content, err := journal.Unseal(r.Sealed)
	if err != nil {
		return NamedFile{}, false, err
	}
	f := NamedFile{SHA256: e.ID, Removed: content.Deleted}
	if f.Stream, _, err = journal.ParseRecordID(r.ID); err != nil {
		return NamedFile{}, false, err
	}
	if !content.Deleted {
		var state fileState
		if err := journal.Decode(content.State, &state); err != nil {
			return NamedFile{}, false, fault.Wrap(op, fault.Internal, "文件的变更记录已损坏", err)
		}
		f.Blob, f.Size = state.Blob, state.Size
	}
	return f, true, nil
}
