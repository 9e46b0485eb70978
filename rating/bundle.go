package rating

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

// BundleFormat is the version of the file that Archive.Bundle makes. A later one is refused by an earlier program, never misread.
const BundleFormat = 1

// MaxBundleBytes is the largest bundle that is read. A bundle holds the scheme (1 MiB at most) and a handful of results.
const MaxBundleBytes = 4 << 20

// The forms of a bundle.
const (
	// BundlePublic holds what everybody may see: a part that discloses its total only stands as its total and a salted hash of its lines.
	BundlePublic = "public"
	// BundleFull holds everything, with the salt that opens those hashes. It is for those who may see the lines.
	BundleFull = "full"
)

// Algorithms name how a bundle is hashed and signed, so that others can be added later without guessing.
type Algorithms struct {
	// Hash of schemes, sheets and results; Record of the records of the log; Signature of checkpoint and bundle; Tree of all Merkle trees.
	Hash      string `json:"hash"`
	Record    string `json:"record"`
	Signature string `json:"signature"`
	Tree      string `json:"tree"`
}

// knownAlgorithms are those that this program knows.
var knownAlgorithms = Algorithms{Hash: "sha256", Record: "record-1", Signature: "ed25519", Tree: "rfc6962-sha256"}

// Bundle is one published star with everything that it takes to recompute it offline. The file is its canonical JSON and a line break. README.md of this
// package explains the format.
type Bundle struct {
	Algorithms Algorithms `json:"algorithms"`
	// Bundle is BundleFormat.
	Bundle int `json:"bundle"`
	// Checkpoint is the signed note of the log that covers every record named here.
	Checkpoint string `json:"checkpoint"`
	// Cohort are the statistics that comparing rules read; left out if there are none, or if they would tell what is kept.
	Cohort json.RawMessage `json:"cohort,omitempty"`
	// Digests are the SHA-256 of the canonical JSON of every other member but the signature, which signs them.
	Digests map[string]string `json:"digests"`
	// Evaluation is the record of the evaluation with the root over all sheets.
	Evaluation LogEntry `json:"evaluation"`
	// Form is BundlePublic or BundleFull.
	Form string `json:"form"`
	// Full is what only the full form holds.
	Full *FullPart `json:"full,omitempty"`
	// History are the earlier results that were read, in the order of the scheme.
	History []EarlierPart `json:"history,omitempty"`
	// Key is the public key of the log.
	Key string `json:"key"`
	// Publication says how it was published; left out of tables that belong to no period.
	Publication *PublicationPart `json:"publication,omitempty"`
	Result      ResultPart       `json:"result"`
	// Scheme is the file of the scheme.
	Scheme string `json:"scheme"`
	// Signature signs Digests with Key.
	Signature string `json:"signature"`
}

// LogEntry is a record of the log with the proof that it is there.
type LogEntry struct {
	// Hash is the hash of the record, N its log number; Proof leads from it to the root of the checkpoint.
	Hash  string   `json:"hash"`
	N     int64    `json:"n"`
	Proof []string `json:"proof,omitempty"`
	// Sealed is the record itself, the first of its stream; left out of a record that names persons by their accounts.
	Sealed json.RawMessage `json:"sealed,omitempty"`
}

// ResultPart is the sheet of a result, with its place among those of the evaluation.
type ResultPart struct {
	// Index is the place, from 0, in the order of the ids; Proof leads from the hash of Sheet to the root over all sheets.
	Index int             `json:"index"`
	Proof []string        `json:"proof,omitempty"`
	Sheet json.RawMessage `json:"sheet"`
}

// EarlierPart is an earlier result with the evaluation that it belongs to.
type EarlierPart struct {
	Evaluation LogEntry `json:"evaluation"`
	// ID is the name under which the scheme reads it.
	ID     string     `json:"id"`
	Result ResultPart `json:"result"`
}

// PublicationPart says how a period was published. Its record holds the accounts of those who signed, therefore only its hash is here.
type PublicationPart struct {
	// At is when, as the log writes moments.
	At    string   `json:"at"`
	Entry LogEntry `json:"entry"`
	// Number is the document number (文号), Period the id of the period.
	Number string `json:"number,omitempty"`
	Period string `json:"period"`
}

// FullPart holds what the public form leaves out.
type FullPart struct {
	Facts json.RawMessage `json:"facts"`
	// History are the whole earlier results, in the order of Bundle.History.
	History []json.RawMessage `json:"history,omitempty"`
	// Proof leads from the hash of Result to the root over all whole results of the evaluation; the place is that of the sheet.
	Proof  []string        `json:"proof,omitempty"`
	Result json.RawMessage `json:"result"`
	// Salt opens the hashes of what is kept.
	Salt string `json:"salt,omitempty"`
}

// Publication is what a bundle says about the publication of its evaluation.
type Publication struct {
	// Period is the id of the period, Number the document number, At when it was published.
	Period, Number string
	At             journal.Time
	// N is the log number of the record and Hash its hash.
	N    int64
	Hash journal.Hash
}

// BundleRequest asks for a bundle.
type BundleRequest struct {
	// Evaluation and Subject name the result.
	Evaluation, Subject string
	// Publication is nil for a table that belongs to no period.
	Publication *Publication
	// Full asks for the full form. Whether the reader may have it the caller decides.
	Full bool
}

// resultTrees are the scheme of an evaluation, with its file, and the leaves of its trees in the order of the ids.
type resultTrees struct {
	scheme        *Scheme
	file          string
	ids           []string
	whole, sheets []journal.Hash
}

// treesKept is how many evaluations an archive keeps the leaves of: a year and its quarters, and those of the year before.
const treesKept = 10

// treesOf returns the leaves of an evaluation; it reads every result once.
func (a *Archive) treesOf(ctx context.Context, made Evaluation) (*resultTrees, error) {
	a.treesMu.Lock()
	defer a.treesMu.Unlock()
	if t, ok := a.trees[made.ID]; ok {
		return t, nil
	}
	whole, sheets := map[string]journal.Hash{}, map[string]journal.Hash{}
	for stored, err := range a.Results(ctx, made.ID) {
		if err != nil {
			return nil, err
		}
		id := resultID(made.ID, stored.Subject)
		whole[id] = sumOf([]byte(stored.Result))
		if sheets[id], err = parseHash(stored.Sheet); err != nil {
			return nil, fault.Wrap("rating.Archive.Bundle", fault.Conflict, "这次评价由较早的版本作出，没有公开本，出不了复算包", err)
		}
	}
	t := &resultTrees{ids: slices.Sorted(maps.Keys(whole))}
	var err error
	if t.file, err = a.schemeText(ctx, made); err != nil {
		return nil, err
	}
	if t.scheme, err = a.Scheme(ctx, made); err != nil {
		return nil, err
	}
	for _, id := range t.ids {
		t.whole, t.sheets = append(t.whole, whole[id]), append(t.sheets, sheets[id])
	}
	if len(a.trees) >= treesKept {
		clear(a.trees)
	}
	a.trees[made.ID] = t
	return t, nil
}

// prove proves the leaf with an index.
func prove(leaves []journal.Hash, index int) ([]string, error) {
	proofs, err := journal.Prove(int64(len(leaves)), []int64{int64(index)}, func(f func(journal.Hash) error) error {
		for _, h := range leaves {
			if err := f(h); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return hexOf(proofs[0]), nil
}

func hexOf(p journal.Proof) []string {
	out := make([]string, len(p))
	for i, h := range p {
		out[i] = hex.EncodeToString(h[:])
	}
	return out
}

// Bundle makes the file of one result: the same bytes every time. It checks what it made before it hands it out. Returns NotFound if the evaluation has no
// such subject, Conflict if it was made by a version without sheets or reads an earlier result that is not in this archive, Unavailable while the log has
// not numbered its record.
func (a *Archive) Bundle(ctx context.Context, q BundleRequest) ([]byte, error) {
	const op = "rating.Archive.Bundle"
	made, err := a.Evaluation(ctx, q.Evaluation)
	if err != nil {
		return nil, err
	}
	trees, err := a.treesOf(ctx, made)
	if err != nil {
		return nil, err
	}
	s := trees.scheme
	b := &Bundle{Algorithms: knownAlgorithms, Bundle: BundleFormat, Form: BundlePublic, Scheme: trees.file}
	stored, err := a.Result(ctx, made.ID, q.Subject)
	if err != nil {
		return nil, err
	}
	if b.Evaluation, b.Result, err = a.partsOf(ctx, made, trees, &stored); err != nil {
		return nil, err
	}
	_, result, err := stored.Open(s)
	if err != nil {
		return nil, err
	}
	earlier, err := a.earlier(ctx, b, s, result)
	if err != nil {
		return nil, err
	}
	if made.Cohort != "" && !s.program.open.cohort || made.Cohort != "" && q.Full {
		if b.Cohort, err = a.cohortText(ctx, made, s); err != nil {
			return nil, err
		}
	}
	if q.Full {
		b.Form, b.Full = BundleFull, &FullPart{Facts: json.RawMessage(stored.Facts), Result: json.RawMessage(stored.Result), Salt: stored.Salt, History: earlier}
		if b.Full.Proof, err = prove(trees.whole, b.Result.Index); err != nil {
			return nil, err
		}
	}
	if p := q.Publication; p != nil {
		b.Publication = &PublicationPart{At: p.At.String(), Number: p.Number, Period: p.Period, Entry: LogEntry{N: p.N, Hash: hex.EncodeToString(p.Hash[:])}}
	}
	if err := a.proveEntries(ctx, b); err != nil {
		return nil, err
	}
	data, err := a.signBundle(ctx, b)
	if err != nil {
		return nil, err
	}
	report, err := verifyBundle(data, "", func([]byte) (*Scheme, error) { return s, nil })
	if err == nil && !report.OK() {
		err = fmt.Errorf("%+v", report.First)
	}
	if err != nil {
		return nil, fault.Wrap(op, fault.Internal, "复算包没有通过自己的核对，没有发出", err)
	}
	return data, nil
}

// partsOf are the evaluation and the sheet of a stored result with its place.
func (a *Archive) partsOf(ctx context.Context, made Evaluation, trees *resultTrees, stored *ArchivedResult) (LogEntry, ResultPart, error) {
	const op = "rating.Archive.Bundle"
	head, err := a.evaluations.Head(ctx, made.ID)
	if err != nil {
		return LogEntry{}, ResultPart{}, err
	}
	record, err := a.db.Engine().Record(ctx, head.RecordID)
	if err != nil {
		return LogEntry{}, ResultPart{}, err
	}
	if record.N == 0 {
		return LogEntry{}, ResultPart{}, fault.New(op, fault.Unavailable, "评价刚刚存好，请过一会儿再下载复算包")
	}
	entry := LogEntry{N: record.N, Hash: hex.EncodeToString(record.Hash[:]), Sealed: json.RawMessage(record.Sealed)}
	part := ResultPart{}
	if part.Sheet, err = stored.sheet(trees.scheme); err != nil {
		return LogEntry{}, ResultPart{}, err
	}
	at, ok := slices.BinarySearch(trees.ids, resultID(made.ID, stored.Subject))
	if !ok {
		return LogEntry{}, ResultPart{}, fault.New(op, fault.NotFound, "这次评价里没有这个对象")
	}
	part.Index = at
	part.Proof, err = prove(trees.sheets, at)
	return entry, part, err
}

// earlier fills in the earlier results and returns them whole.
func (a *Archive) earlier(ctx context.Context, b *Bundle, s *Scheme, result *Result) ([]json.RawMessage, error) {
	var whole []json.RawMessage
	for _, use := range result.History {
		made, stored, err := a.findEarlier(ctx, s, result, use)
		if err != nil {
			return nil, err
		}
		trees, err := a.treesOf(ctx, made)
		if err != nil {
			return nil, err
		}
		part := EarlierPart{ID: use.ID}
		if part.Evaluation, part.Result, err = a.partsOf(ctx, made, trees, &stored); err != nil {
			return nil, err
		}
		b.History, whole = append(b.History, part), append(whole, json.RawMessage(stored.Result))
	}
	return whole, nil
}

// findEarlier looks for the evaluation that an earlier result belongs to.
func (a *Archive) findEarlier(ctx context.Context, s *Scheme, result *Result, use PastUse) (Evaluation, ArchivedResult, error) {
	at := slices.IndexFunc(s.History, func(e Earlier) bool { return e.ID == use.ID })
	for made, err := range a.Evaluations(ctx) {
		if err != nil {
			return Evaluation{}, ArchivedResult{}, err
		}
		if at < 0 || made.SchemeID != s.earlierScheme(&s.History[at]) {
			continue
		}
		stored, err := a.Result(ctx, made.ID, result.Subject)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return Evaluation{}, ArchivedResult{}, err
		}
		if hashOf([]byte(stored.Result)) == use.Hash {
			return made, stored, nil
		}
	}
	return Evaluation{}, ArchivedResult{}, fault.New("rating.Archive.Bundle", fault.Conflict, "结果读的以往结果 "+use.ID+" 不在这里，出不了复算包")
}

// cohortText recomputes the statistics of an evaluation.
func (a *Archive) cohortText(ctx context.Context, made Evaluation, s *Scheme) (json.RawMessage, error) {
	v := &verifier{archive: a, ctx: ctx, made: made, scheme: s, past: map[string]Past{}, from: map[string]string{}}
	if err := v.seal(); err != nil {
		return nil, err
	}
	if err := v.findPast(); err != nil {
		return nil, err
	}
	cohort, err := v.cohort()
	if err != nil {
		return nil, err
	}
	return cohort.canonical(s), nil
}

// proveEntries proves every record that the bundle names against one checkpoint.
func (a *Archive) proveEntries(ctx context.Context, b *Bundle) error {
	entries := b.entries()
	var numbers []int64
	for _, e := range entries {
		numbers = append(numbers, e.entry.N)
	}
	proved, err := a.db.Prove(ctx, numbers)
	if err != nil {
		return err
	}
	for i, e := range entries {
		e.entry.Proof = hexOf(proved.Proofs[i])
	}
	b.Key, b.Checkpoint = proved.Key, string(proved.Checkpoint)
	return nil
}

// placedEntry is a record of the log and where it stands in the bundle.
type placedEntry struct {
	path  string
	entry *LogEntry
}

func (b *Bundle) entries() []placedEntry {
	list := []placedEntry{{"evaluation", &b.Evaluation}}
	for i := range b.History {
		list = append(list, placedEntry{fmt.Sprintf("history[%d].evaluation", i), &b.History[i].Evaluation})
	}
	if b.Publication != nil {
		list = append(list, placedEntry{"publication.entry", &b.Publication.Entry})
	}
	return list
}

// signBundle fills in digests and signature and writes the file.
func (a *Archive) signBundle(ctx context.Context, b *Bundle) ([]byte, error) {
	raw, err := json.Marshal(b)
	if err != nil {
		return nil, fault.Wrap("rating.Archive.Bundle", fault.Internal, "", err)
	}
	if b.Digests, err = digests(raw); err != nil {
		return nil, err
	}
	if b.Signature, err = a.db.SignText(ctx, statementOf(b.Digests)); err != nil {
		return nil, err
	}
	if raw, err = json.Marshal(b); err != nil {
		return nil, fault.Wrap("rating.Archive.Bundle", fault.Internal, "", err)
	}
	data, err := journal.Canonical(raw)
	return append(data, '\n'), err
}

// digests are the hashes of the members of a bundle but for those that sign it.
func digests(raw []byte) (map[string]string, error) {
	var members map[string]json.RawMessage
	if err := journal.Decode(raw, &members); err != nil {
		return nil, fault.Wrap("rating.Bundle", fault.Invalid, "复算包读不出来", err)
	}
	out := map[string]string{}
	for name, value := range members {
		if name == "digests" || name == "signature" {
			continue
		}
		canonical, err := journal.Canonical(value)
		if err != nil {
			return nil, err
		}
		out[name] = hashOf(canonical)
	}
	return out, nil
}

// statementOf is the text that a bundle's signature signs.
func statementOf(digests map[string]string) string {
	c := &canon{}
	c.object(func() {
		for _, name := range slices.Sorted(maps.Keys(digests)) {
			c.text(name, digests[name])
		}
	})
	return fmt.Sprintf("redsteward bundle %d\nsha256 %s\n", BundleFormat, hashOf(c.b))
}

// ReadBundle reads a bundle strictly: the file must be canonical JSON of this format, no larger than MaxBundleBytes, and every member must be known. It
// checks nothing else. Returns Invalid that names the place.
func ReadBundle(data []byte) (*Bundle, error) {
	const op = "rating.ReadBundle"
	if len(data) > MaxBundleBytes {
		return nil, fault.New(op, fault.Invalid, fmt.Sprintf("文件超过 %d MiB，不是复算包", MaxBundleBytes>>20))
	}
	data = bytes.TrimSuffix(data, []byte("\n"))
	canonical, err := journal.Canonical(data)
	if err != nil {
		return nil, fault.Wrap(op, fault.Invalid, "文件不是复算包，或者已经损坏："+journal.Where(err), err)
	}
	if !bytes.Equal(canonical, data) {
		at := 0
		for at < len(canonical) && canonical[at] == data[at] {
			at++
		}
		return nil, fault.New(op, fault.Invalid, fmt.Sprintf("文件第 %d 字节处不是规范写法，可能被改动过", at+1))
	}
	var b Bundle
	if err := journal.DecodeStrict(data, &b); err != nil {
		return nil, fault.Wrap(op, fault.Invalid, "复算包里有一处不合格式："+journal.Where(err), err)
	}
	switch {
	case b.Bundle != BundleFormat:
		err = fmt.Errorf("bundle：格式是第 %d 版，本程序只认第 %d 版", b.Bundle, BundleFormat)
	case b.Algorithms != knownAlgorithms:
		err = fmt.Errorf("algorithms：算法是 %+v，本程序只认 %+v", b.Algorithms, knownAlgorithms)
	case b.Form != BundlePublic && b.Form != BundleFull:
		err = fmt.Errorf("form：要写 %s 或 %s，不能是“%s”", BundlePublic, BundleFull, short(b.Form))
	case (b.Form == BundleFull) != (b.Full != nil):
		err = fmt.Errorf("full：公开包里不能有，完整包里必须有")
	case len(b.Result.Sheet) == 0:
		err = fmt.Errorf("result.sheet：没有公开本")
	case len(b.Evaluation.Sealed) == 0:
		err = fmt.Errorf("evaluation.sealed：没有评价记录")
	case b.Publication != nil:
		var at journal.Time
		if at.UnmarshalText([]byte(b.Publication.At)) != nil {
			err = fmt.Errorf("publication.at：“%s”不是时间", short(b.Publication.At))
		}
	}
	if err != nil {
		return nil, fault.Wrap(op, fault.Invalid, "复算包不能用："+err.Error(), err)
	}
	return &b, nil
}
