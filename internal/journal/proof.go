package journal

import (
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"redsteward/internal/fault"
)

// Proof shows that a leaf stands in a tree: the roots of the neighbouring subtrees (RFC 6962), from the leaf up.
type Proof []Hash

// Prove returns the proofs of the leaves with these indexes, from 0, in the tree of the first size leaves that each yields. It reads them once and keeps
// only a few hashes of them. Returns Internal if there are fewer leaves, Invalid for an index outside of the tree, or the error of each.
func Prove(size int64, indexes []int64, each func(f func(Hash) error) error) ([]Proof, error) {
	const op = "journal.Prove"
	paths := make([]path, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= size {
			return nil, fault.New(op, fault.Invalid, "要证明的记录不在树里")
		}
		paths[i] = pathOf(size, index)
	}
	at := int64(0)
	if err := each(func(h Hash) error {
		for i := range paths {
			if at < size {
				paths[i].add(at, h)
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
	proofs := make([]Proof, len(paths))
	for i := range paths {
		for j := len(paths[i].ranges) - 1; j >= 0; j-- { // the lowest neighbour was found last
			proofs[i] = append(proofs[i], paths[i].ranges[j].tree.Root())
		}
	}
	return proofs, nil
}

// path are the neighbours of a leaf on the way down from the root.
type path struct{ ranges []neighbour }

// neighbour is the subtree over the leaves from ≤ i < to.
type neighbour struct {
	from, to int64
	tree     Tree
}

func pathOf(size, index int64) path {
	var p path
	for from, to := int64(0), size; to-from > 1; {
		half := int64(1)
		for half*2 < to-from {
			half *= 2
		}
		if index < from+half {
			p.ranges = append(p.ranges, neighbour{from: from + half, to: to})
			to = from + half
		} else {
			p.ranges = append(p.ranges, neighbour{from: from, to: from + half})
			from += half
		}
	}
	return p
}

func (p *path) add(at int64, h Hash) {
	for i := range p.ranges {
		if r := &p.ranges[i]; r.from <= at && at < r.to {
			r.tree.Append(h)
			return
		}
	}
}

// Holds reports whether the proof leads from the leaf with this index, from 0, to the root of a tree of size leaves.
func (p Proof) Holds(size, index int64, leaf, root Hash) bool {
	if index < 0 || index >= size {
		return false
	}
	path := make(tlog.RecordProof, len(p))
	for i, h := range p {
		path[i] = tlog.Hash(h)
	}
	return tlog.CheckRecord(path, size, tlog.Hash(root), index, tlog.RecordHash(leaf[:])) == nil
}

// statement begins every text that SignText signs, so that none can pass for a checkpoint, which begins with the name of a key.
const statement = "redsteward "

// SignText signs a statement that is no checkpoint: lines of text that begin with "redsteward " and end with a line break. It returns the line of the
// signature; what is signed the same way twice gives the same line. Returns Internal if the text has another form or the key is damaged.
func SignText(signer, text string) (string, error) {
	const op = "journal.SignText"
	s, err := note.NewSigner(signer)
	if err != nil {
		return "", fault.Wrap(op, fault.Internal, "日志签名密钥已损坏", err)
	}
	if !strings.HasPrefix(text, statement) {
		return "", fault.New(op, fault.Internal, "这段文字不能签")
	}
	signed, err := note.Sign(&note.Note{Text: text}, s)
	if err != nil {
		return "", fault.Wrap(op, fault.Internal, "", err)
	}
	return strings.TrimSuffix(strings.TrimPrefix(string(signed), text+"\n"), "\n"), nil
}

// CheckText checks what SignText gave. Returns Invalid if it is not the signature of this text by this key.
func CheckText(verifier, text, signature string) error {
	const op = "journal.CheckText"
	v, err := note.NewVerifier(verifier)
	if err != nil {
		return fault.Wrap(op, fault.Invalid, "日志公钥不可用", err)
	}
	if !strings.HasPrefix(text, statement) || strings.Contains(signature, "\n") {
		return fault.New(op, fault.Invalid, "签名不合格式")
	}
	if _, err = note.Open([]byte(text+"\n"+signature+"\n"), note.VerifierList(v)); err != nil {
		return fault.Wrap(op, fault.Invalid, "签名与内容不符", err)
	}
	return nil
}

// SignedBy reports whether a signed note, or the line of a signature, names this key; it checks no signature.
func SignedBy(verifier, signed string) bool {
	v, err := note.NewVerifier(verifier)
	if err != nil {
		return false
	}
	return strings.Contains(signed, "— "+v.Name()+" ")
}
