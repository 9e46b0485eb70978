package journal

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"redsteward/internal/fault"
)

// logAlgorithm stands in every checkpoint and names how hashes are made, so that a later program knows which rules to apply.
const logAlgorithm = "rfc6962-sha256 record-1"

// Checkpoint is a statement about the log: at this time it had this size and root.
type Checkpoint struct {
	// Origin is the name of the log: that of the key that signs.
	Origin string
	// Size is the log number of the last record covered; 0 for an empty log.
	Size int64
	// Root is the root of the tree over records 1 … Size.
	Root Hash
	// At is when it was signed.
	At Time
}

// GenerateKey makes a signing key for a new log. The texts are those of golang.org/x/mod/sumdb/note; they name the algorithm (Ed25519).
func GenerateKey() (signer, verifier string, err error) {
	var id [8]byte
	if _, err := rand.Read(id[:]); err != nil {
		return "", "", fault.Wrap("journal.GenerateKey", fault.Internal, "", err)
	}
	signer, verifier, err = note.GenerateKey(rand.Reader, fmt.Sprintf("redsteward/log/%x", id))
	if err != nil {
		return "", "", fault.Wrap("journal.GenerateKey", fault.Internal, "", err)
	}
	return signer, verifier, nil
}

// Sign returns the signed note of a checkpoint: origin, size, root in base64, algorithm, time, one line each, then the signature.
// Origin is taken from the key.
func Sign(signer string, c Checkpoint) ([]byte, error) {
	s, err := note.NewSigner(signer)
	if err != nil {
		return nil, fault.Wrap("journal.Sign", fault.Internal, "日志签名密钥已损坏", err)
	}
	text := fmt.Sprintf("%s\n%d\n%s\n%s\n%s\n", s.Name(), c.Size, base64.StdEncoding.EncodeToString(c.Root[:]), logAlgorithm, c.At)
	signed, err := note.Sign(&note.Note{Text: text}, s)
	if err != nil {
		return nil, fault.Wrap("journal.Sign", fault.Internal, "", err)
	}
	return signed, nil
}

// OpenCheckpoint checks the signature of a note and reads it. Returns Invalid if no signature by the key fits or the text is malformed.
func OpenCheckpoint(verifier string, signed []byte) (Checkpoint, error) {
	const op = "journal.OpenCheckpoint"
	v, err := note.NewVerifier(verifier)
	if err != nil {
		return Checkpoint{}, fault.Wrap(op, fault.Invalid, "日志公钥不可用", err)
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, fault.Wrap(op, fault.Invalid, "检查点的签名不符", err)
	}
	c, err := parseCheckpoint(n.Text)
	if err == nil && c.Origin != v.Name() {
		err = errors.New("origin is not the key's name")
	}
	if err != nil {
		return Checkpoint{}, fault.Wrap(op, fault.Invalid, "检查点的内容不合格式", err)
	}
	return c, nil
}

func parseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 6 || lines[5] != "" {
		return Checkpoint{}, errors.New("not five lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return Checkpoint{}, errors.New("bad size")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != HashSize {
		return Checkpoint{}, errors.New("bad root")
	}
	if lines[3] != logAlgorithm {
		return Checkpoint{}, errors.New("unknown algorithm " + strconv.Quote(lines[3]))
	}
	c := Checkpoint{Origin: lines[0], Size: size, Root: Hash(root)}
	return c, c.At.UnmarshalText([]byte(lines[4]))
}
