package journal

import (
	"bytes"
	"slices"
	"strconv"
	"unicode/utf8"

	"redsteward/internal/fault"
)

// maxDepth bounds nesting, so that hostile input cannot exhaust the stack.
const maxDepth = 64

// Marks say which texts of a JSON value Rewrite hands to its function: a tree in the shape of the value.
type Marks struct {
	// Here marks this text, and every text directly in this array.
	Here bool
	// Members are the marks of the members of an object, by name.
	Members map[string]*Marks
	// Elements are the marks of every element of an array, or of every member of an object without Members (a map).
	Elements *Marks
}

// Canonical returns the one form in which a JSON value is sealed: members sorted bytewise by name, no blanks, integers
// that fit int64 without leading zeros, texts in UTF-8 escaped only where JSON demands it. Canonical of its own result is the result.
// Returns Invalid for anything else: floats, duplicate names, broken UTF-8, nesting deeper than 64, trailing bytes.
func Canonical(raw []byte) ([]byte, error) { return Rewrite(raw, nil, nil) }

// Rewrite is Canonical with every marked text replaced by what change returns for it; path are the member names that lead to the
// text, joined by dots. Nulls under a mark stay. Returns Invalid like Canonical and for a marked value that is no text, or the error of change.
func Rewrite(raw []byte, marks *Marks, change func(path, text string) (string, error)) ([]byte, error) {
	c := canon{src: raw, dst: make([]byte, 0, len(raw)), change: change}
	if err := c.value(marks, "", 0); err != nil {
		return nil, err
	}
	c.blanks()
	if c.pos != len(c.src) {
		return nil, c.bad("bytes after the value")
	}
	return c.dst, nil
}

// canon reads src once and appends the canonical form to dst.
type canon struct {
	src, dst []byte
	old      []byte // room for members that change places
	pos      int
	change   func(path, text string) (string, error)
}

func (c *canon) bad(what string) error {
	return fault.Wrap("journal.Canonical", fault.Invalid, "内容不能按规定格式保存", &placeError{what, c.pos})
}

func (c *canon) blanks() {
	for c.pos < len(c.src) {
		switch c.src[c.pos] {
		case ' ', '\t', '\n', '\r':
			c.pos++
		default:
			return
		}
	}
}

// peek returns the next byte after blanks, 0 at the end.
func (c *canon) peek() byte {
	c.blanks()
	if c.pos == len(c.src) {
		return 0
	}
	return c.src[c.pos]
}

func (c *canon) value(m *Marks, path string, depth int) error {
	if depth > maxDepth {
		return c.bad("nesting too deep")
	}
	next := c.peek()
	switch {
	case next == '{':
		return c.object(m, path, depth)
	case next == '[':
		return c.array(m, path, depth)
	case next == '"':
		text, err := c.text()
		if err != nil {
			return err
		}
		if m != nil && m.Here {
			changed, err := c.change(path, string(text))
			if err != nil {
				return err
			}
			if !utf8.ValidString(changed) {
				return c.bad("broken UTF-8 after change")
			}
			c.dst = appendText(c.dst, changed)
			return nil
		}
		c.dst = appendText(c.dst, text)
		return nil
	case next == 'n':
		return c.literal("null")
	case m != nil && m.Here:
		return c.bad("marked value is no text")
	case next == 't':
		return c.literal("true")
	case next == 'f':
		return c.literal("false")
	case next == '-' || '0' <= next && next <= '9':
		return c.integer()
	}
	return c.bad("no JSON value")
}

func (c *canon) literal(word string) error {
	if !bytes.HasPrefix(c.src[c.pos:], []byte(word)) {
		return c.bad("no JSON value")
	}
	c.pos += len(word)
	c.dst = append(c.dst, word...)
	return nil
}

func (c *canon) integer() error {
	start := c.pos
	for c.pos < len(c.src) {
		b := c.src[c.pos]
		if b == '.' || b == 'e' || b == 'E' {
			return c.bad("number that is no integer")
		}
		if b != '-' && (b < '0' || b > '9') {
			break
		}
		c.pos++
	}
	digits := c.src[start:c.pos]
	// The text must be the one text of the number: no "-0", no leading zeros.
	plain := string(digits) == "0" || !bytes.HasPrefix(bytes.TrimPrefix(digits, []byte("-")), []byte("0"))
	if _, err := strconv.ParseInt(string(digits), 10, 64); err != nil || !plain {
		return c.bad("number that is no plain int64")
	}
	c.dst = append(c.dst, digits...)
	return nil
}

func (c *canon) array(m *Marks, path string, depth int) error {
	elements := m.element()
	c.pos++
	c.dst = append(c.dst, '[')
	if c.peek() == ']' {
		c.pos++
		c.dst = append(c.dst, ']')
		return nil
	}
	for {
		if err := c.value(elements, path, depth+1); err != nil {
			return err
		}
		switch c.peek() {
		case ',':
			c.pos++
			c.dst = append(c.dst, ',')
		case ']':
			c.pos++
			c.dst = append(c.dst, ']')
			return nil
		default:
			return c.bad("array not closed")
		}
	}
}

// element gives the marks inside an array: those of Elements, or Here for an array of marked texts.
func (m *Marks) element() *Marks {
	switch {
	case m == nil:
		return nil
	case m.Here:
		return m
	}
	return m.Elements
}

// member gives the marks of one member of an object.
func (m *Marks) member(name []byte) *Marks {
	switch {
	case m == nil:
		return nil
	case m.Members != nil:
		return m.Members[string(name)]
	}
	return m.Elements
}

// member is the place of one written member in dst.
type member struct {
	name       []byte
	start, end int
}

func (c *canon) object(m *Marks, path string, depth int) error {
	if m != nil && m.Here {
		return c.bad("marked value is no text")
	}
	c.pos++
	c.dst = append(c.dst, '{')
	if c.peek() == '}' {
		c.pos++
		c.dst = append(c.dst, '}')
		return nil
	}
	first := len(c.dst)
	var room [16]member
	members := room[:0]
	sorted := true
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
		start := len(c.dst)
		c.dst = append(appendText(c.dst, name), ':')
		inner, innerPath := m.member(name), ""
		if inner != nil {
			innerPath = string(name)
			if path != "" {
				innerPath = path + "." + innerPath
			}
		}
		if err := c.value(inner, innerPath, depth+1); err != nil {
			return err
		}
		if n := len(members); n > 0 && bytes.Compare(members[n-1].name, name) >= 0 {
			sorted = false
		}
		members = append(members, member{name, start, len(c.dst)})
		next := c.peek()
		c.pos++
		if next == '}' {
			break
		}
		if next != ',' {
			c.pos--
			return c.bad("object not closed")
		}
		c.dst = append(c.dst, ',')
	}
	if !sorted {
		if err := c.reorder(first, members); err != nil {
			return err
		}
	}
	c.dst = append(c.dst, '}')
	return nil
}

// reorder rewrites the members that stand in dst from first on in the order of their names.
func (c *canon) reorder(first int, members []member) error {
	slices.SortFunc(members, func(a, b member) int { return bytes.Compare(a.name, b.name) })
	c.old = append(c.old[:0], c.dst[first:]...)
	old := c.old
	c.dst = c.dst[:first]
	for i, m := range members {
		if i > 0 {
			if bytes.Equal(members[i-1].name, m.name) {
				return c.bad("duplicate name " + strconv.Quote(string(m.name)))
			}
			c.dst = append(c.dst, ',')
		}
		c.dst = append(c.dst, old[m.start-first:m.end-first]...)
	}
	return nil
}

// text reads a JSON string and returns what it means; the bytes may be those of src.
func (c *canon) text() ([]byte, error) {
	c.pos++
	start := c.pos
	for c.pos < len(c.src) {
		switch b := c.src[c.pos]; {
		case b == '"':
			raw := c.src[start:c.pos:c.pos]
			if !utf8.Valid(raw) {
				return nil, c.bad("broken UTF-8")
			}
			c.pos++
			return raw, nil
		case b == '\\':
			return c.escapedText(start)
		case b < ' ':
			return nil, c.bad("control byte in text")
		}
		c.pos++
	}
	return nil, c.bad("text not closed")
}

// escapedText reads on where text met the first backslash.
func (c *canon) escapedText(start int) ([]byte, error) {
	out := append([]byte(nil), c.src[start:c.pos]...)
	for c.pos < len(c.src) {
		b := c.src[c.pos]
		switch {
		case b == '"':
			c.pos++
			if !utf8.Valid(out) {
				return nil, c.bad("broken UTF-8")
			}
			return out, nil
		case b < ' ':
			return nil, c.bad("control byte in text")
		case b != '\\':
			out = append(out, b)
			c.pos++
			continue
		}
		if c.pos+1 >= len(c.src) {
			break
		}
		kind := c.src[c.pos+1]
		c.pos += 2
		switch kind {
		case '"', '\\', '/':
			out = append(out, kind)
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, err := c.escapedRune()
			if err != nil {
				return nil, err
			}
			out = utf8.AppendRune(out, r)
		default:
			return nil, c.bad("unknown escape")
		}
	}
	return nil, c.bad("text not closed")
}

// escapedRune reads the four digits after \u, and the second half of a surrogate pair.
func (c *canon) escapedRune() (rune, error) {
	high, err := c.hex4()
	if err != nil {
		return 0, err
	}
	if high < 0xD800 || high > 0xDFFF {
		return high, nil
	}
	if high > 0xDBFF || !bytes.HasPrefix(c.src[c.pos:], []byte(`\u`)) {
		return 0, c.bad("half a surrogate pair")
	}
	c.pos += 2
	low, err := c.hex4()
	if err != nil {
		return 0, err
	}
	if low < 0xDC00 || low > 0xDFFF {
		return 0, c.bad("half a surrogate pair")
	}
	return (high-0xD800)<<10 + (low - 0xDC00) + 0x10000, nil
}

func (c *canon) hex4() (rune, error) {
	if c.pos+4 > len(c.src) {
		return 0, c.bad("text not closed")
	}
	var r rune
	for _, b := range c.src[c.pos : c.pos+4] {
		switch {
		case '0' <= b && b <= '9':
			r = r<<4 | rune(b-'0')
		case 'a' <= b && b <= 'f':
			r = r<<4 | rune(b-'a'+10)
		case 'A' <= b && b <= 'F':
			r = r<<4 | rune(b-'A'+10)
		default:
			return 0, c.bad("unknown escape")
		}
	}
	c.pos += 4
	return r, nil
}

// appendText appends s as a JSON string with the fewest escapes.
func appendText[T string | []byte](dst []byte, s T) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	plain := 0
	for i := 0; i < len(s); i++ {
		b := s[i]
		if b >= ' ' && b != '"' && b != '\\' {
			continue
		}
		dst = append(dst, s[plain:i]...)
		plain = i + 1
		switch b {
		case '"', '\\':
			dst = append(dst, '\\', b)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', digits[b>>4], digits[b&15])
		}
	}
	return append(append(dst, s[plain:]...), '"')
}
