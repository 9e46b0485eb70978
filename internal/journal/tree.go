package journal

import (
	"crypto/sha256"

	"golang.org/x/mod/sumdb/tlog"

	"redsteward/internal/fault"
)

// Tree is the Merkle tree (RFC 6962) over the log as far as it was read. It keeps only the right edge: the roots of the full
// subtrees, one for each bit set in the size, largest first. The zero value is the empty tree.
type Tree struct {
	size int64
	edge []tlog.Hash
}

// Size is the number of leaves: the log number of the last record.
func (t *Tree) Size() int64 { return t.size }

// Append adds the record hash with log number Size()+1. The leaf is tlog.RecordHash of it: without the leaf prefix a record could be
// made to look like an inner node.
func (t *Tree) Append(h Hash) {
	node := tlog.RecordHash(h[:])
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.edge) - 1
		node = tlog.NodeHash(t.edge[last], node)
		t.edge = t.edge[:last]
	}
	t.edge = append(t.edge, node)
	t.size++
}

// Root returns the root hash of the tree; that of an empty tree is SHA-256 of nothing.
func (t *Tree) Root() Hash {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	node := t.edge[len(t.edge)-1]
	for i := len(t.edge) - 2; i >= 0; i-- {
		node = tlog.NodeHash(t.edge[i], node)
	}
	return Hash(node)
}

// Clone returns a tree that grows apart from t.
func (t *Tree) Clone() *Tree {
	return &Tree{size: t.size, edge: append([]tlog.Hash(nil), t.edge...)}
}

// MarshalBinary gives size (8 bytes, big endian) and edge, to go on from later without reading the log again.
func (t *Tree) MarshalBinary() ([]byte, error) {
	b := make([]byte, 0, 8+len(t.edge)*tlog.HashSize)
	for shift := 56; shift >= 0; shift -= 8 {
		b = append(b, byte(t.size>>shift))
	}
	for _, h := range t.edge {
		b = append(b, h[:]...)
	}
	return b, nil
}

// UnmarshalBinary reads what MarshalBinary gave. Returns Internal if the length does not fit the size.
func (t *Tree) UnmarshalBinary(b []byte) error {
	var size int64
	if len(b) >= 8 {
		for _, c := range b[:8] {
			size = size<<8 | int64(c)
		}
	}
	bits := 0
	for n := size; n > 0; n >>= 1 {
		bits += int(n & 1)
	}
	if len(b) < 8 || size < 0 || len(b) != 8+bits*tlog.HashSize {
		return fault.New("journal.Tree", fault.Internal, "日志树的存档已损坏")
	}
	t.size, t.edge = size, make([]tlog.Hash, bits)
	for i := range t.edge {
		copy(t.edge[i][:], b[8+i*tlog.HashSize:])
	}
	return nil
}
