package journal

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"redsteward/internal/fault"
)

// recordProofKind says what a file of a proof is.
const recordProofKind = "redsteward record proof 1 " + logAlgorithm

// RecordProof shows that a record stands in a signed log.
type RecordProof struct {
	// Key is the public key of the log, Checkpoint the signed note that covers the record.
	Key, Checkpoint string
	// Record is the id of the record, N its log number, Hash its hash.
	Record string
	N      int64
	Hash   Hash
	// Proof leads from the hash to the root in the checkpoint.
	Proof Proof
}

// recordProofFile is its form in a file.
type recordProofFile struct {
	Kind       string   `json:"kind"`
	Key        string   `json:"key"`
	Checkpoint string   `json:"checkpoint"`
	Record     string   `json:"record"`
	N          int64    `json:"n"`
	Hash       string   `json:"hash"`
	Proof      []string `json:"proof"`
}

// Marshal gives the file of a proof.
func (p RecordProof) Marshal() ([]byte, error) {
	f := recordProofFile{Kind: recordProofKind, Key: p.Key, Checkpoint: p.Checkpoint, Record: p.Record, N: p.N, Hash: hex.EncodeToString(p.Hash[:]), Proof: make([]string, len(p.Proof))}
	for i, h := range p.Proof {
		f.Proof[i] = base64.StdEncoding.EncodeToString(h[:])
	}
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fault.Wrap("journal.RecordProof", fault.Internal, "", err)
	}
	return append(data, '\n'), nil
}

// IsRecordProof reports whether a file says that it is a proof.
func IsRecordProof(data []byte) bool {
	var f struct {
		Kind string `json:"kind"`
	}
	return json.Unmarshal(data, &f) == nil && f.Kind == recordProofKind
}

// OpenRecordProof reads the file of a proof and checks it: the signature of the checkpoint by key (by the one in the file if key is ""), and that the hash stands in the log that it covers.
// Returns Invalid, saying what does not fit.
func OpenRecordProof(data []byte, key string) (RecordProof, Checkpoint, error) {
	const op = "journal.OpenRecordProof"
	broken := func(what string, err error) (RecordProof, Checkpoint, error) {
		return RecordProof{}, Checkpoint{}, fault.Wrap(op, fault.Invalid, what, err)
	}
	var f recordProofFile
	if err := DecodeStrict(data, &f); err != nil || f.Kind != recordProofKind {
		return broken("不是变更记录的证明，或者内容不完整", err)
	}
	p := RecordProof{Key: f.Key, Checkpoint: f.Checkpoint, Record: f.Record, N: f.N}
	hash, err := hex.DecodeString(f.Hash)
	if err != nil || len(hash) != HashSize {
		return broken("记录的校验值不合格式", err)
	}
	p.Hash = Hash(hash)
	for i, text := range f.Proof {
		h, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(h) != HashSize {
			return broken(fmt.Sprintf("证明的第 %d 个校验值不合格式", i+1), err)
		}
		p.Proof = append(p.Proof, Hash(h))
	}
	if key == "" {
		key = f.Key
	}
	c, err := OpenCheckpoint(key, []byte(f.Checkpoint))
	if err != nil {
		return broken(fault.MessageOf(err), err)
	}
	if !p.Proof.Holds(c.Size, p.N-1, p.Hash, c.Root) {
		return broken(fmt.Sprintf("证明不成立：这条记录不在签名的日志里（第 %d 条，共 %d 条）", p.N, c.Size), nil)
	}
	return p, c, nil
}
