package journal

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"redsteward/internal/fault"
)

// witnessOrigin begins the name of every witness's key, so that none passes for the key of a log.
const witnessOrigin = "redsteward/witness/"

// GenerateWitness makes a key with which somebody outside of the system co-signs checkpoints. The texts are those of golang.org/x/mod/sumdb/note (Ed25519).
func GenerateWitness() (signer, verifier string, err error) {
	var id [8]byte
	_, _ = rand.Read(id[:])
	signer, verifier, err = note.GenerateKey(rand.Reader, fmt.Sprintf("%s%x", witnessOrigin, id))
	if err != nil {
		return "", "", fault.Wrap("journal.GenerateWitness", fault.Internal, "", err)
	}
	return signer, verifier, nil
}

// WitnessName gives the name in a witness's public key. Returns Invalid if the text is no public key of a witness.
func WitnessName(verifier string) (string, error) {
	v, err := note.NewVerifier(strings.TrimSpace(verifier))
	if err == nil && strings.HasPrefix(v.Name(), witnessOrigin) {
		return v.Name(), nil
	}
	return "", fault.Wrap("journal.WitnessName", fault.Invalid, "不是见证人的公钥：要一整行，以 "+witnessOrigin+" 开头", err)
}

// CoSign adds a witness's signature to a signed checkpoint, whose own signature is checked first. What was co-signed by others keeps their signatures. Returns Invalid if a key
// or the checkpoint is not usable.
func CoSign(logVerifier, witnessSigner string, signed []byte) ([]byte, error) {
	const op = "journal.CoSign"
	if _, err := OpenCheckpoint(logVerifier, signed); err != nil {
		return nil, err
	}
	s, err := note.NewSigner(strings.TrimSpace(witnessSigner))
	if err != nil || !strings.HasPrefix(s.Name(), witnessOrigin) {
		return nil, fault.Wrap(op, fault.Invalid, "见证人的私钥不可用", err)
	}
	v, err := note.NewVerifier(logVerifier)
	if err != nil {
		return nil, fault.Wrap(op, fault.Invalid, "日志公钥不可用", err)
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return nil, fault.Wrap(op, fault.Invalid, "检查点的签名不符", err)
	}
	n.UnverifiedSigs = slices.DeleteFunc(n.UnverifiedSigs, func(old note.Signature) bool { return old.Name == s.Name() })
	out, err := note.Sign(n, s)
	if err != nil {
		return nil, fault.Wrap(op, fault.Internal, "", err)
	}
	return out, nil
}

// OpenCosigned reads a checkpoint that both the log and a witness have signed. Returns Invalid if one of the signatures is missing or does not fit.
func OpenCosigned(logVerifier, witness string, signed []byte) (Checkpoint, error) {
	const op = "journal.OpenCosigned"
	c, err := OpenCheckpoint(logVerifier, signed)
	if err != nil {
		return Checkpoint{}, err
	}
	v, err := note.NewVerifier(strings.TrimSpace(witness))
	if err != nil {
		return Checkpoint{}, fault.Wrap(op, fault.Invalid, "见证人的公钥不可用", err)
	}
	if _, err := note.Open(signed, note.VerifierList(v)); err != nil {
		return Checkpoint{}, fault.Wrap(op, fault.Invalid, "没有这位见证人的签名，或者签名不符", err)
	}
	return c, nil
}

// ProveGrowth shows that the tree of the first size leaves that each yields begins with the first old of them (RFC 6962, consistency). It reads them once and keeps only a few
// hashes. Returns Invalid unless 0 < old ≤ size, Internal if there are fewer leaves, or the error of each.
func ProveGrowth(old, size int64, each func(f func(Hash) error) error) (Proof, error) {
	const op = "journal.ProveGrowth"
	if old < 1 || old > size {
		return nil, fault.New(op, fault.Invalid, "旧的检查点要在新的之前")
	}
	parts := growth(old, size)
	at := int64(0)
	if err := each(func(h Hash) error {
		for i := range parts {
			if r := &parts[i]; r.from <= at && at < r.to {
				r.tree.Append(h)
				break
			}
		}
		at++
		return nil
	}); err != nil {
		return nil, err
	}
	if at < size {
		return nil, fault.New(op, fault.Internal, "日志比检查点短")
	}
	proof := make(Proof, len(parts))
	for i := range parts {
		proof[i] = parts[i].tree.Root()
	}
	return proof, nil
}

// growth are the subtrees of a consistency proof, in its order; no two share a leaf.
func growth(old, size int64) []neighbour {
	var parts []neighbour
	whole := true // the old tree is this very subtree, whose root the reader knows
	for from, to := int64(0), size; ; {
		if old == to {
			if !whole {
				parts = append(parts, neighbour{from: from, to: to})
			}
			break
		}
		half := int64(1)
		for half*2 < to-from {
			half *= 2
		}
		if old <= from+half {
			parts = append(parts, neighbour{from: from + half, to: to})
			to = from + half
		} else {
			parts = append(parts, neighbour{from: from, to: from + half})
			from += half
			whole = false
		}
	}
	slices.Reverse(parts)
	return parts
}

// Grows reports whether the proof shows that a tree of size leaves with a root begins with one of old leaves with another.
func (p Proof) Grows(old int64, oldRoot Hash, size int64, root Hash) bool {
	if old < 1 || old > size {
		return false
	}
	path := make(tlog.TreeProof, len(p))
	for i, h := range p {
		path[i] = tlog.Hash(h)
	}
	return tlog.CheckTree(path, size, tlog.Hash(root), old, tlog.Hash(oldRoot)) == nil
}
