package store

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"slices"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

const (
	logSignerName    = "log/signer"
	logVerifierName  = "log/verifier"
	logTreeName      = "log/tree"
	checkpointPrefix = "checkpoint/"
)

// Checkpoint signs the log up to its present end and stores the signed note, which it returns; nil for an empty log.
func (db *DB) Checkpoint(ctx context.Context) ([]byte, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.checkpoint(ctx)
}

func (db *DB) checkpoint(ctx context.Context) ([]byte, error) {
	const op = "store.Checkpoint"
	signer, err := db.logSigner(ctx)
	if err != nil {
		return nil, err
	}
	var tree journal.Tree
	stored, err := db.engine.Value(ctx, logTreeName)
	if err == nil {
		err = tree.UnmarshalBinary(stored)
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	before := tree.Size()
	if err := db.engine.Log(ctx, tree.Size(), 0, func(r journal.Record) error {
		if r.N != tree.Size()+1 {
			return fault.New(op, fault.Internal, fmt.Sprintf("日志缺少第 %d 条", tree.Size()+1))
		}
		tree.Append(r.Hash)
		return nil
	}); err != nil {
		return nil, err
	}
	if tree.Size() == 0 {
		return nil, nil
	}
	name := fmt.Sprintf("%s%020d", checkpointPrefix, tree.Size())
	if tree.Size() == before {
		if standing, err := db.engine.Value(ctx, name); !fault.Is(err, fault.NotFound) {
			return standing, err
		}
	}
	signed, err := journal.Sign(signer, journal.Checkpoint{Size: tree.Size(), Root: tree.Root(), At: journal.At(db.Now())})
	if err != nil {
		return nil, err
	}
	if signed, err = db.engine.InsertValue(ctx, name, signed); err != nil {
		return nil, err
	}
	edge, err := tree.MarshalBinary()
	if err != nil {
		return nil, err
	}
	return signed, db.engine.SetValue(ctx, logTreeName, edge)
}

// logSigner returns the signing key of the log. Signer and public key are made together and kept as one value, so that the first
// process decides both.
func (db *DB) logSigner(ctx context.Context) (string, error) {
	const op = "store.logSigner"
	stored, err := db.engine.Value(ctx, logSignerName)
	if fault.Is(err, fault.NotFound) {
		signer, verifier, genErr := journal.GenerateKey()
		if genErr != nil {
			return "", genErr
		}
		sealed, encErr := encrypt(db.opt.MasterKey, []byte(signer), logSignerName)
		if encErr != nil {
			return "", fault.Wrap(op, fault.Internal, "", encErr)
		}
		text := verifier + "\n" + base64.StdEncoding.EncodeToString(sealed)
		stored, err = db.engine.InsertValue(ctx, logSignerName, []byte(text))
	}
	if err != nil {
		return "", err
	}
	verifier, sealed, _ := bytes.Cut(stored, []byte("\n"))
	_, err = db.engine.Value(ctx, logVerifierName)
	if fault.Is(err, fault.NotFound) {
		_, err = db.engine.InsertValue(ctx, logVerifierName, verifier)
	}
	if err != nil {
		return "", err
	}
	raw, err := base64.StdEncoding.DecodeString(string(sealed))
	if err != nil {
		return "", fault.Wrap(op, fault.Internal, "日志签名密钥已损坏", err)
	}
	signer, err := decrypt(db.opt.MasterKey, raw, logSignerName)
	if err != nil {
		return "", fault.Wrap(op, fault.Invalid, "主密钥与数据不符，请核对 master.key", err)
	}
	return string(signer), nil
}

// LogKey returns the public key of the log. Returns NotFound if nothing was signed yet.
func (db *DB) LogKey(ctx context.Context) (string, error) {
	key, err := db.engine.Value(ctx, logVerifierName)
	return string(key), err
}

// Verifier returns what an engine holds for checking its own log: public key and checkpoints. The key is "" if nothing was signed yet.
func Verifier(ctx context.Context, engine Engine) (journal.Verifier, error) {
	var v journal.Verifier
	key, err := engine.Value(ctx, logVerifierName)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return v, err
	}
	v.Key = string(key)
	after := ""
	for {
		found, err := engine.ValuesAfter(ctx, checkpointPrefix, after, logBatch)
		if err != nil || len(found) == 0 {
			return v, err
		}
		for _, c := range found {
			v.Checkpoints = append(v.Checkpoints, c.Value)
			after = c.Name
		}
	}
}

// proofPrefix names kept proofs: `proof/<size of the checkpoint>/<log number>`, the hashes one after the other.
const proofPrefix = "proof/"

// Proved shows that records stand in the log.
type Proved struct {
	// Key is the public key of the log, Checkpoint the signed note that covers the records, Size the number of records that it covers.
	Key        string
	Checkpoint []byte
	Size       int64
	// Proofs are those of the records asked for, in the same order.
	Proofs []journal.Proof
}

// Prove proves records by their log numbers against the first checkpoint that covers them all, so that the answer stays the same for good; without one it
// signs the log up to now. The log is read once for each checkpoint and number, then the proofs are kept. Returns Invalid for numbers that the log does not have.
func (db *DB) Prove(ctx context.Context, numbers []int64) (Proved, error) {
	const op = "store.Prove"
	if len(numbers) == 0 || slices.Min(numbers) < 1 {
		return Proved{}, fault.New(op, fault.Invalid, "要证明的记录不在日志里")
	}
	last := slices.Max(numbers)
	p, err := db.covering(ctx, last)
	if err != nil {
		return Proved{}, err
	}
	names := make([]string, len(numbers))
	for i, n := range numbers {
		names[i] = fmt.Sprintf("%s%020d/%020d", proofPrefix, p.Size, n)
	}
	kept, err := db.engine.Values(ctx, names)
	if err != nil {
		return Proved{}, err
	}
	for _, name := range names {
		if _, ok := kept[name]; !ok {
			return p, db.prove(ctx, &p, numbers, names)
		}
		p.Proofs = append(p.Proofs, proofOf(kept[name]))
	}
	return p, nil
}

// covering finds the first checkpoint that covers a record, or makes one.
func (db *DB) covering(ctx context.Context, n int64) (Proved, error) {
	const op = "store.Prove"
	found, err := db.engine.ValuesAfter(ctx, checkpointPrefix, fmt.Sprintf("%s%020d", checkpointPrefix, n-1), 1)
	if err != nil {
		return Proved{}, err
	}
	p := Proved{}
	if len(found) > 0 {
		p.Checkpoint = found[0].Value
	} else if p.Checkpoint, err = db.Checkpoint(ctx); err != nil {
		return Proved{}, err
	}
	if p.Key, err = db.LogKey(ctx); err != nil {
		return Proved{}, err
	}
	c, err := journal.OpenCheckpoint(p.Key, p.Checkpoint)
	if err != nil {
		return Proved{}, err
	}
	if p.Size = c.Size; p.Size < n {
		return Proved{}, fault.New(op, fault.Invalid, fmt.Sprintf("日志没有第 %d 条", n))
	}
	return p, nil
}

// prove reads the log, fills in the proofs and keeps them.
func (db *DB) prove(ctx context.Context, p *Proved, numbers []int64, names []string) error {
	indexes := make([]int64, len(numbers))
	for i, n := range numbers {
		indexes[i] = n - 1
	}
	var err error
	p.Proofs, err = journal.Prove(p.Size, indexes, func(f func(journal.Hash) error) error {
		return db.engine.Log(ctx, 0, p.Size, func(r journal.Record) error { return f(r.Hash) })
	})
	if err != nil {
		return err
	}
	for i, proof := range p.Proofs {
		var b []byte
		for _, h := range proof {
			b = append(b, h[:]...)
		}
		if _, err := db.engine.InsertValue(ctx, names[i], b); err != nil {
			return err
		}
	}
	return nil
}

func proofOf(kept []byte) journal.Proof {
	var p journal.Proof
	for chunk := range slices.Chunk(kept, journal.HashSize) {
		p = append(p, journal.Hash(chunk))
	}
	return p
}

// SignText signs a statement with the key of the log; see journal.SignText. Returns Invalid if the master key does not fit the data.
func (db *DB) SignText(ctx context.Context, text string) (string, error) {
	signer, err := db.logSigner(ctx)
	if err != nil {
		return "", err
	}
	return journal.SignText(signer, text)
}

// CheckpointOf returns the signed note that covers exactly the first size records. Returns NotFound if none was signed there.
func (db *DB) CheckpointOf(ctx context.Context, size int64) ([]byte, error) {
	return db.engine.Value(ctx, fmt.Sprintf("%s%020d", checkpointPrefix, size))
}

// Growth shows that the log of size records begins with the first old of them; see journal.ProveGrowth. The log is read once.
func (db *DB) Growth(ctx context.Context, old, size int64) (journal.Proof, error) {
	return journal.ProveGrowth(old, size, func(f func(journal.Hash) error) error {
		return db.engine.Log(ctx, 0, size, func(r journal.Record) error { return f(r.Hash) })
	})
}

// RootOf returns the root of the first size records, read from the log. Returns Invalid if there are fewer.
func (db *DB) RootOf(ctx context.Context, size int64) (journal.Hash, error) {
	var tree journal.Tree
	if err := db.engine.Log(ctx, 0, size, func(r journal.Record) error { tree.Append(r.Hash); return nil }); err != nil {
		return journal.Hash{}, err
	}
	if tree.Size() != size {
		return journal.Hash{}, fault.New("store.RootOf", fault.Invalid, fmt.Sprintf("日志只有 %d 条，没有第 %d 条", tree.Size(), size))
	}
	return tree.Root(), nil
}

// RecordProof shows that one record stands in the log: JSON for journal.OpenRecordProof. The log is signed if no checkpoint covers it yet. Returns Invalid for a number that the log does not have.
func (db *DB) RecordProof(ctx context.Context, n int64) ([]byte, error) {
	proved, err := db.Prove(ctx, []int64{n})
	if err != nil {
		return nil, err
	}
	p := journal.RecordProof{Key: proved.Key, Checkpoint: string(proved.Checkpoint), N: n, Proof: proved.Proofs[0]}
	err = db.engine.Log(ctx, n-1, n, func(r journal.Record) error {
		p.Record, p.Hash = r.ID, r.Hash
		return nil
	})
	if err != nil {
		return nil, err
	}
	return p.Marshal()
}
