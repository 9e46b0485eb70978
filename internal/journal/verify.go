package journal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime"
	"sort"
	"sync"

	"redsteward/internal/fault"
)

// Source is what a Verifier reads: every engine is one.
type Source interface {
	// Log calls f for each record with after < n ≤ upTo in order of n; Sealed is valid only during the call.
	Log(ctx context.Context, after, upTo int64, f func(Record) error) error
	// LastN returns the largest log number, 0 for an empty log.
	LastN(ctx context.Context) (int64, error)
	// EachHead calls f with stream key, seq and log number (0 if unknown) of every state document.
	EachHead(ctx context.Context, f func(stream string, seq, n int64) error) error
}

// ProblemKind says what is wrong.
type ProblemKind string

// The kinds of problems, worst first as an auditor would read them.
const (
	// BrokenLink: the stored hash is not that of the record and its predecessor: one of them was changed.
	BrokenLink ProblemKind = "broken_link"
	// MovedRecord: the sealed bytes name another record, or the id is malformed.
	MovedRecord ProblemKind = "moved_record"
	// MissingRecord: a stream jumps over a sequence number.
	MissingRecord ProblemKind = "missing_record"
	// MissingTail: a stream ends before what its state document says, or the log before its last signed checkpoint.
	MissingTail ProblemKind = "missing_tail"
	// MissingStream: a state document has no record at all.
	MissingStream ProblemKind = "missing_stream"
	// Gap: a log number without record.
	Gap ProblemKind = "gap"
	// ForgedCheckpoint: a signature that does not fit the key of the log, or a malformed note.
	ForgedCheckpoint ProblemKind = "forged_checkpoint"
	// OtherLog: the records up to a signed checkpoint are not those that were signed, though each link holds.
	OtherLog ProblemKind = "other_log"
	// StaleState: a state document is older than the journal; a rebuild mends it.
	StaleState ProblemKind = "stale_state"
)

// Problem is one finding.
type Problem struct {
	// Kind says what is wrong.
	Kind ProblemKind
	// Record is the id of the record (also of a missing one), or the stream key of a missing stream; "" if only N is known.
	Record string
	// N is the log number concerned, or the size of the checkpoint; 0 if none.
	N int64
	// Message says it in Chinese for the auditor.
	Message string
}

// MaxProblems is how many problems a report names; further ones are only counted.
const MaxProblems = 100

// Report is the result of verifying.
type Report struct {
	// Records is the number of records read, Streams that of streams.
	Records, Streams int64
	// Root is the root of the tree over all of them.
	Root Hash
	// Covered is the size of the last checkpoint that holds. Records after it are reported here, and are no problem.
	Covered int64
	// AfterCheckpoint is the number of records after the last checkpoint.
	AfterCheckpoint int64
	// Pending is the number of streams whose last record has no log number yet.
	Pending int64
	// Problems are the first MaxProblems findings in log order, then those of states and checkpoints. Empty: the log holds.
	Problems []Problem
	// Found counts all problems.
	Found int64
}

// OK reports whether nothing was found.
func (r Report) OK() bool { return r.Found == 0 }

// Verifier checks a whole log.
type Verifier struct {
	// Key is the public key of the log; see GenerateKey. It should come from outside the data when tampering is feared.
	Key string
	// Checkpoints are signed notes to hold the log against, those stored with it and those kept elsewhere, in any order.
	Checkpoints [][]byte
	// Progress, if not nil, is called now and then with the log number reached.
	Progress func(n int64)
}

// chunkSize is how many records one reader fetches at a time.
const chunkSize = 1024

// chunk is a run of copied records; arena holds their sealed bytes, ends where each of them ends there.
type chunk struct {
	records []Record
	arena   []byte
	ends    []int
	upTo    int64
	err     error
}

// Verify reads everything up to the present end of the log. Returns an error only if it cannot read; what it finds is in the report.
// Returns Invalid for a record of a format version that this program does not know.
func (v Verifier) Verify(ctx context.Context, src Source) (Report, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	last, err := src.LastN(ctx)
	if err != nil {
		return Report{}, err
	}
	c := &check{links: make(map[streamSum]link)}
	c.takeCheckpoints(v.Key, v.Checkpoints)
	c.compareRoot()
	spare := &sync.Pool{New: func() any { return new(chunk) }}
	for future := range readAhead(ctx, src, last, spare) {
		part := <-future
		if part.err != nil {
			return c.report, part.err
		}
		for i := range part.records {
			if err := c.record(&part.records[i]); err != nil {
				return c.report, err
			}
		}
		c.gapsUpTo(part.upTo + 1)
		if v.Progress != nil {
			v.Progress(part.upTo)
		}
		spare.Put(part)
	}
	if err := ctx.Err(); err != nil {
		return c.report, fault.Wrap("journal.Verify", fault.Unavailable, "校验被中断", err)
	}
	err = c.finish(ctx, src, last)
	return c.report, err
}

// readAhead fetches chunks on all processors and hands them out in log order. It fills those that come back to spare again.
func readAhead(ctx context.Context, src Source, last int64, spare *sync.Pool) <-chan chan *chunk {
	queue := make(chan chan *chunk, runtime.GOMAXPROCS(0))
	go func() {
		defer close(queue)
		for after := int64(0); after < last; after += chunkSize {
			future := make(chan *chunk, 1)
			select {
			case queue <- future:
			case <-ctx.Done():
				return
			}
			go func() {
				c := spare.Get().(*chunk)
				c.fill(ctx, src, after, min(after+chunkSize, last))
				future <- c
			}()
		}
	}()
	return queue
}

// fill reads the records after < n ≤ upTo into the chunk, over what it held.
func (c *chunk) fill(ctx context.Context, src Source, after, upTo int64) {
	c.records, c.arena, c.ends, c.upTo = c.records[:0], c.arena[:0], c.ends[:0], upTo
	c.err = src.Log(ctx, after, upTo, func(r Record) error {
		c.arena = append(c.arena, r.Sealed...)
		c.ends = append(c.ends, len(c.arena))
		r.Sealed = nil
		c.records = append(c.records, r)
		return nil
	})
	start := 0
	for i, end := range c.ends {
		c.records[i].Sealed = c.arena[start:end]
		start = end
	}
}

// streamSum identifies a stream in memory: the first half of SHA-256(kind/id), whose first byte also stands in the stream key.
type streamSum [16]byte

// link is the last record read of a stream.
type link struct {
	seq  int64
	hash Hash
}

// check is a verification under way.
type check struct {
	report      Report
	links       map[streamSum]link
	tree        Tree
	checkpoints []Checkpoint // those still ahead, smallest first
	broken      bool         // something before this place was wrong: a differing root then tells nothing new
}

func (c *check) problem(kind ProblemKind, record string, n int64, message string) {
	c.report.Found++
	c.broken = true
	if len(c.report.Problems) < MaxProblems {
		c.report.Problems = append(c.report.Problems, Problem{Kind: kind, Record: record, N: n, Message: message})
	}
}

func (c *check) takeCheckpoints(key string, notes [][]byte) {
	for i, signed := range notes {
		cp, err := OpenCheckpoint(key, signed)
		if err != nil {
			c.problem(ForgedCheckpoint, "", 0, fmt.Sprintf("第 %d 个检查点不可信：%s", i+1, fault.MessageOf(err)))
			continue
		}
		c.checkpoints = append(c.checkpoints, cp)
	}
	// A forged note says nothing about the records: their roots are still compared.
	c.broken = false
	sort.SliceStable(c.checkpoints, func(i, j int) bool { return c.checkpoints[i].Size < c.checkpoints[j].Size })
}

// compareRoot holds the tree against the checkpoints of its present size.
func (c *check) compareRoot() {
	for len(c.checkpoints) > 0 && c.checkpoints[0].Size == c.tree.Size() {
		cp := c.checkpoints[0]
		c.checkpoints = c.checkpoints[1:]
		switch {
		case c.tree.Root() == cp.Root:
			c.report.Covered = cp.Size
		case !c.broken:
			c.problem(OtherLog, "", cp.Size, fmt.Sprintf("前 %d 条记录不是 %s 签名时的那些", cp.Size, cp.At))
		}
	}
}

// gapsUpTo reports the numbers before n that no record had. Their leaves are zero hashes, which keeps later leaves in place.
func (c *check) gapsUpTo(n int64) {
	for c.tree.Size()+1 < n {
		c.problem(Gap, "", c.tree.Size()+1, fmt.Sprintf("缺少编号为 %d 的记录", c.tree.Size()+1))
		c.tree.Append(Hash{})
		c.compareRoot()
	}
}

func (c *check) record(r *Record) error {
	if r.Version != Version {
		return fault.New("journal.Verify", fault.Invalid, fmt.Sprintf("记录 %s 的格式版本是 %d，本程序只认得 %d", r.ID, r.Version, Version))
	}
	c.gapsUpTo(r.N)
	c.report.Records++
	c.chain(r)
	c.tree.Append(r.Hash)
	c.compareRoot()
	return nil
}

// chain checks one record against its id and the record before it.
func (c *check) chain(r *Record) {
	stream, seq, err := ParseRecordID(r.ID)
	if err != nil || len(stream) < 4 {
		c.problem(MovedRecord, r.ID, r.N, "记录编号不合规则")
		return
	}
	sum := sha256.Sum256([]byte(stream[3:]))
	var prefix [2]byte
	hex.Encode(prefix[:], sum[:1])
	if stream[:2] != string(prefix[:]) || stream[2] != '/' || !BelongsTo(r.Sealed, r.ID) {
		c.problem(MovedRecord, r.ID, r.N, fmt.Sprintf("记录 %s 的内容不是它自己的", r.ID))
		return
	}
	key := streamSum(sum[:16])
	last := c.links[key]
	switch {
	case seq > last.seq+1:
		missing := RecordID(stream, last.seq+1)
		c.problem(MissingRecord, missing, 0, fmt.Sprintf("缺少记录 %s", missing))
	case seq <= last.seq:
		c.problem(MovedRecord, r.ID, r.N, fmt.Sprintf("记录 %s 的次序不对", r.ID))
		return
	case Sum(r.Version, last.hash, r.Sealed) != r.Hash:
		c.problem(BrokenLink, r.ID, r.N, fmt.Sprintf("记录 %s 与它的哈希不符：它或它前面的一条被改过", r.ID))
	}
	c.links[key] = link{seq, r.Hash}
}

// finish compares the ends: of the log with the checkpoints, of the streams with the state documents.
func (c *check) finish(ctx context.Context, src Source, last int64) error {
	c.report.Root = c.tree.Root()
	c.report.Streams = int64(len(c.links))
	c.report.AfterCheckpoint = last - c.report.Covered
	for _, cp := range c.checkpoints {
		c.problem(MissingTail, "", cp.Size, fmt.Sprintf("日志只到 %d，而 %s 签名的检查点已到 %d：后面的记录不见了", last, cp.At, cp.Size))
	}
	var later []Problem // states that know of numbers behind our end: written while we read, or their records were taken away
	err := eachHead(ctx, src, func(stream string, seq, n int64) {
		if n == 0 {
			c.report.Pending++
			return
		}
		if n > last && len(later) < MaxProblems {
			missing := RecordID(stream, seq)
			later = append(later, Problem{MissingTail, missing, n, fmt.Sprintf("日志只到 %d，而流 %s 的状态来自编号为 %d 的记录：后面的记录不见了", last, stream, n)})
		}
		if n > last || len(stream) < 4 {
			return
		}
		sum := sha256.Sum256([]byte(stream[3:]))
		end, known := c.links[streamSum(sum[:16])]
		switch {
		case !known:
			c.problem(MissingStream, stream, n, fmt.Sprintf("流 %s 的记录全部不见了", stream))
		case end.seq < seq:
			missing := RecordID(stream, end.seq+1)
			c.problem(MissingTail, missing, n, fmt.Sprintf("流 %s 只到第 %d 条，应到第 %d 条", stream, end.seq, seq))
		case end.seq > seq:
			c.problem(StaleState, RecordID(stream, end.seq), n, fmt.Sprintf("流 %s 的状态停在第 %d 条，日志已到第 %d 条", stream, seq, end.seq))
		}
	})
	if err != nil || len(later) == 0 {
		return err
	}
	if last, err = src.LastN(ctx); err != nil {
		return err
	}
	for _, p := range later {
		if p.N > last {
			c.problem(p.Kind, p.Record, p.N, p.Message)
		}
	}
	return nil
}

// head is the end of a stream as its state document tells it.
type head struct {
	stream string
	seq, n int64
}

// eachHead calls f for what src.EachHead finds; reading goes on in a goroutine of its own while f works.
func eachHead(ctx context.Context, src Source, f func(stream string, seq, n int64)) error {
	batches, failed := make(chan []head, 2), make(chan error, 1)
	go func() {
		defer close(batches)
		batch := make([]head, 0, chunkSize)
		err := src.EachHead(ctx, func(stream string, seq, n int64) error {
			batch = append(batch, head{stream, seq, n})
			if len(batch) == chunkSize {
				batches <- batch
				batch = make([]head, 0, chunkSize)
			}
			return nil
		})
		batches <- batch
		failed <- err
	}()
	for batch := range batches {
		for _, h := range batch {
			f(h.stream, h.seq, h.n)
		}
	}
	return <-failed
}
