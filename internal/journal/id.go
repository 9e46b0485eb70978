package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"redsteward/internal/fault"
)

// MaxSeq is the largest sequence number that fits into the ten digits of a record id.
const MaxSeq int64 = 9_999_999_999

const (
	maxPart  = 64
	maxParts = 4
	seqChars = 10
)

// ValidPart reports whether s may stand as one part of an id, as a kind or as an actor: [0-9A-Za-z._-]{1,64}.
func ValidPart(s string) bool {
	if len(s) == 0 || len(s) > maxPart {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case '0' <= c && c <= '9', 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', c == '.', c == '_', c == '-':
		default:
			return false
		}
	}
	return true
}

// ValidID reports whether s is an id: 1–4 parts joined by "/".
func ValidID(s string) bool {
	for parts := 1; ; parts++ {
		part, rest, more := strings.Cut(s, "/")
		if !ValidPart(part) || parts > maxParts {
			return false
		}
		if !more {
			return true
		}
		s = rest
	}
}

// StreamKey returns the key of the stream of (kind, id). Returns Invalid if either breaks the rules of ValidPart and ValidID.
func StreamKey(kind, id string) (string, error) {
	if !ValidPart(kind) || !ValidID(id) {
		return "", fault.New("journal.StreamKey", fault.Invalid, "编号不合规则")
	}
	path := kind + "/" + id
	digits := spread(path)
	return string(digits[:]) + "/" + path, nil
}

// spread gives the two digits before a stream key.
func spread(path string) (digits [2]byte) {
	sum := sha256.Sum256([]byte(path))
	hex.Encode(digits[:], sum[:1])
	return digits
}

// ParseStreamKey splits a stream key into kind and id. Returns Invalid if it is not what StreamKey makes of them.
func ParseStreamKey(key string) (kind, id string, err error) {
	if len(key) > 3 && key[2] == '/' {
		path := key[3:]
		kind, id, _ = strings.Cut(path, "/")
		if digits := spread(path); string(digits[:]) == key[:2] && ValidPart(kind) && ValidID(id) {
			return kind, id, nil
		}
	}
	return "", "", fault.New("journal.ParseStreamKey", fault.Invalid, "流编号不合规则")
}

// RecordID returns the id of the record with number seq (1 ≤ seq ≤ MaxSeq) in a stream.
func RecordID(stream string, seq int64) string {
	digits := strconv.FormatInt(seq, 10)
	var b strings.Builder
	b.Grow(len(stream) + 1 + seqChars)
	b.WriteString(stream)
	b.WriteByte('/')
	for i := len(digits); i < seqChars; i++ {
		b.WriteByte('0')
	}
	b.WriteString(digits)
	return b.String()
}

// ParseRecordID splits a record id into stream key and seq; the stream key itself is not examined.
// Returns Invalid if the id does not end with "/" and ten digits that are not all zero.
func ParseRecordID(id string) (stream string, seq int64, err error) {
	cut := len(id) - seqChars - 1
	if cut > 0 && id[cut] == '/' {
		ok := true
		for _, c := range []byte(id[cut+1:]) {
			ok = ok && '0' <= c && c <= '9'
			seq = seq*10 + int64(c-'0')
		}
		if ok && seq > 0 {
			return id[:cut], seq, nil
		}
	}
	return "", 0, fault.New("journal.ParseRecordID", fault.Invalid, "记录编号不合规则")
}
