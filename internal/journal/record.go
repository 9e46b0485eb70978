package journal

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"redsteward/internal/fault"
)

// maxWhy is the largest reason in characters.
const maxWhy = 500

// Content is what a record says.
type Content struct {
	// By is who made the change: an opaque actor id, one valid part.
	By string
	// Action is what was done: one valid part such as "evidence.submit".
	Action string
	// Why is the reason given, at most 500 characters, or "".
	Why string
	// Cause is `<record id>/<rule>` if a rule made the change, or "".
	Cause string
	// Idem are the 64 hex digits of the HMAC of the idempotency key, or "".
	Idem string
	// At is when the change counts as made.
	At Time
	// Nonce are 32 random hex digits: they tell our own record from another's equal one, and keep a published hash from
	// confirming a guess at the content.
	Nonce string
	// KindVersion is the version of the state's form, from 1.
	KindVersion int
	// Deleted marks a tombstone; State is then nil.
	Deleted bool
	// State is the canonical JSON of the whole state after the change.
	State []byte
}

// Seal returns the bytes of record id, canonical JSON whose first member is the id. State must be canonical already.
// Returns Invalid if a field breaks its rule or the record would exceed MaxSealed.
func Seal(id string, c Content) ([]byte, error) {
	_, _, causeErr := splitCause(c.Cause)
	switch {
	case !ValidPart(c.By), !ValidPart(c.Action), !validHex(c.Nonce, 32), c.KindVersion < 1, c.Deleted != (c.State == nil),
		c.Cause != "" && causeErr != nil, c.Idem != "" && !validHex(c.Idem, 64), !utf8.ValidString(c.Why), c.At.Time.Year() < 1 || c.At.Time.Year() > 9999:
		return nil, fault.Wrap("journal.Seal", fault.Invalid, "变更记录不完整", fmt.Errorf("by %q, action %q, cause %q, version %d", c.By, c.Action, c.Cause, c.KindVersion))
	case utf8.RuneCountInString(c.Why) > maxWhy:
		return nil, fault.InvalidFields("journal.Seal", fault.Field{Name: "why", Message: "理由最多 500 字"})
	}
	b := make([]byte, 0, len(id)+len(c.State)+len(c.Why)+len(c.Cause)+256)
	b = append(appendText(append(b, `{"_id":`...), id), `,"action":"`...)
	b = append(append(b, c.Action...), `","at":"`...)
	b = append(c.At.appendTo(b), `","by":"`...)
	b = append(append(b, c.By...), '"')
	if c.Cause != "" {
		b = appendText(append(b, `,"cause":`...), c.Cause)
	}
	if c.Deleted {
		b = append(b, `,"deleted":true`...)
	}
	if c.Idem != "" {
		b = append(append(append(b, `,"idem":"`...), c.Idem...), '"')
	}
	b = append(append(append(b, `,"nonce":"`...), c.Nonce...), '"')
	if !c.Deleted {
		b = append(append(b, `,"state":`...), c.State...)
	}
	b = strconv.AppendInt(append(b, `,"version":`...), int64(c.KindVersion), 10)
	if c.Why != "" {
		b = appendText(append(b, `,"why":`...), c.Why)
	}
	b = append(b, '}')
	if len(b) > MaxSealed {
		return nil, fault.Wrap("journal.Seal", fault.Invalid, "内容太多：一条记录最多 64 KiB", fmt.Errorf("%s: %d bytes", id, len(b)))
	}
	return b, nil
}

// Unseal reads sealed bytes; it does not verify any hash. State shares memory with sealed. Returns Internal if they are damaged.
func Unseal(sealed []byte) (id string, c Content, err error) {
	r := canon{src: sealed}
	err = r.members(func(name, value []byte) error {
		v := canon{src: value}
		var target *string
		switch string(name) {
		case "_id":
			target = &id
		case "action":
			target = &c.Action
		case "by":
			target = &c.By
		case "cause":
			target = &c.Cause
		case "idem":
			target = &c.Idem
		case "nonce":
			target = &c.Nonce
		case "why":
			target = &c.Why
		case "at":
			return c.At.UnmarshalJSON(value)
		case "deleted":
			c.Deleted = string(value) == "true"
			return nil
		case "version":
			n, err := strconv.Atoi(string(value))
			c.KindVersion = n
			return err
		case "state":
			c.State = value
			return nil
		default:
			return v.bad("unknown member " + string(name))
		}
		if v.peek() != '"' {
			return v.bad("member is no text")
		}
		text, err := v.text()
		*target = string(text)
		return err
	})
	if err == nil && (id == "" || c.KindVersion < 1 || c.Deleted != (c.State == nil)) {
		err = r.bad("incomplete record")
	}
	if err != nil {
		return "", Content{}, fault.Wrap("journal.Unseal", fault.Internal, "变更记录已损坏", err)
	}
	return id, c, nil
}

// BelongsTo reports whether sealed bytes begin with the record id, without decoding them.
func BelongsTo(sealed []byte, id string) bool {
	const head = `{"_id":"`
	// An id holds no character that JSON escapes, so its text is its bytes.
	return len(sealed) > len(head)+len(id)+1 && string(sealed[:len(head)]) == head &&
		string(sealed[len(head):len(head)+len(id)]) == id && string(sealed[len(head)+len(id):len(head)+len(id)+2]) == `",`
}

// Sum returns SHA-256(version ‖ prev ‖ sealed).
func Sum(version byte, prev Hash, sealed []byte) Hash {
	h := sha256.New()
	var head [1 + HashSize]byte
	head[0] = version
	copy(head[1:], prev[:])
	h.Write(head[:])
	h.Write(sealed)
	var out Hash
	h.Sum(out[:0])
	return out
}

// Cause returns the cause of a change that a rule makes because of a record.
func Cause(recordID, rule string) string { return recordID + "/" + rule }

// splitCause takes a cause apart.
func splitCause(cause string) (recordID, rule string, err error) {
	cut := strings.LastIndexByte(cause, '/')
	if cut < 0 || !ValidPart(cause[cut+1:]) {
		return "", "", fault.New("journal.Cause", fault.Invalid, "变更原因不合规则")
	}
	_, _, err = ParseRecordID(cause[:cut])
	return cause[:cut], cause[cut+1:], err
}

// DerivedID returns the id part of the document that a cause creates: 32 hex digits of its SHA-256. Twice is the same id.
func DerivedID(cause string) string {
	sum := sha256.Sum256([]byte(cause))
	return fmt.Sprintf("%x", sum[:16])
}

func validHex(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// members calls f with the name and the bytes of each member of the object that is the whole of src, as written by Seal (no blanks).
func (c *canon) members(f func(name, value []byte) error) error {
	if c.peek() != '{' {
		return c.bad("no object")
	}
	c.pos++
	for {
		if c.peek() != '"' {
			return c.bad("member without name")
		}
		name, err := c.text()
		if err != nil {
			return err
		}
		if c.peek() != ':' {
			return c.bad("member without value")
		}
		c.pos++
		start := c.pos
		if err := c.skip(); err != nil {
			return err
		}
		if err := f(name, c.src[start:c.pos:c.pos]); err != nil {
			return err
		}
		next := c.peek()
		c.pos++
		if next == '}' {
			break
		}
		if next != ',' {
			return c.bad("object not closed")
		}
	}
	if c.pos != len(c.src) {
		return c.bad("bytes after the value")
	}
	return nil
}

// skip passes over one value, minding only texts and brackets: what was sealed was canonical.
func (c *canon) skip() error {
	depth := 0
	for c.pos < len(c.src) {
		switch c.src[c.pos] {
		case '"':
			for c.pos++; c.pos < len(c.src) && c.src[c.pos] != '"'; c.pos++ {
				if c.src[c.pos] == '\\' {
					c.pos++
				}
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return nil
			}
			depth--
		case ',':
			if depth == 0 {
				return nil
			}
		}
		c.pos++
	}
	return c.bad("value not closed")
}
