package store

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strings"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

// privacyTag is the struct tag that says who may read a text field; its values follow.
const privacyTag = "privacy"

// The values of the privacy tag.
const (
	tagPII      = "pii"
	tagPublic   = "public"
	tagInternal = "internal"
)

var (
	journalTime   = reflect.TypeFor[journal.Time]()
	goTime        = reflect.TypeFor[time.Time]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	rawMessage    = reflect.TypeFor[json.RawMessage]()
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
)

// StoredField is one stored place of a type: where a value stands, whatever the number or key in a list or map above it.
type StoredField struct {
	// Path names it by the stored names, such as "phases[].area".
	Path string
	// Type is that of the value, without pointers; an element's in a list.
	Type reflect.Type
	// Tag is the privacy tag: "pii", "public", "internal", or "" for what is no text.
	Tag string
}

// shape is what walking a type gives.
type shape struct {
	fields []StoredField
	wrong  []fault.Field
	marks  *journal.Marks
	pii    bool
}

// CheckType reports everything in T that may not be stored: a text field without a privacy tag, a float, an interface, a time.Time, a pii
// tag on something that is not text. The error is Invalid with one Field for each place. Domain packages call it in a test for each kind.
func CheckType[T any]() error {
	s := shapeOf(reflect.TypeFor[T]())
	if len(s.wrong) > 0 {
		return &fault.Error{Op: "store.CheckType", Kind: fault.Invalid, Message: "类型不能存储", Fields: s.wrong}
	}
	return nil
}

// FieldNames lists the stored fields of T as "path type tag", sorted: kept in a golden file, it makes a rename fail a test.
func FieldNames[T any]() []string {
	var names []string
	for _, f := range shapeOf(reflect.TypeFor[T]()).fields {
		names = append(names, strings.TrimSpace(f.Path+" "+f.Type.String()+" "+f.Tag))
	}
	sort.Strings(names)
	return names
}

func shapeOf(t reflect.Type) *shape {
	s := &shape{marks: &journal.Marks{}}
	if t.Kind() != reflect.Struct {
		s.refuse(t.String(), "必须是结构体")
		return s
	}
	s.structure(t, "", s.marks, map[reflect.Type]bool{})
	return s
}

func (s *shape) refuse(path, message string) {
	s.wrong = append(s.wrong, fault.Field{Name: path, Message: message})
}

func (s *shape) structure(t reflect.Type, prefix string, marks *journal.Marks, open map[reflect.Type]bool) {
	if open[t] {
		s.refuse(prefix, "类型不能包含自身")
		return
	}
	open[t] = true
	defer delete(open, t)
	if marks.Members == nil { // an embedded structure adds to the members of the one around it
		marks.Members = map[string]*journal.Marks{}
	}
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		if f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct {
			s.structure(f.Type, prefix, marks, open)
			continue
		}
		if name == "" {
			name = f.Name
		}
		path := name
		if prefix != "" {
			path = prefix + "." + name
		}
		below := &journal.Marks{}
		s.value(f.Type, path, f.Tag.Get(privacyTag), below, open)
		marks.Members[name] = below
	}
}

// value walks one field; tag is that of the nearest struct field above.
func (s *shape) value(t reflect.Type, path, tag string, marks *journal.Marks, open map[reflect.Type]bool) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	text := false
	switch {
	case t == journalTime:
	case t == goTime:
		s.refuse(path, "时间要用 journal.Time")
	case t.Kind() == reflect.String:
		text = true
	case t == rawMessage:
		// JSON made elsewhere: canonical when sealed, and opaque here, so that nothing in it can be encrypted.
		if tag != tagPublic && tag != tagInternal {
			s.refuse(path, `JSON 要有标签 privacy:"public" 或 "internal"`)
		}
	case t.Implements(jsonMarshaler) && !t.Implements(textMarshaler):
		s.refuse(path, fmt.Sprintf("不能存储自带 JSON 形式的 %s", t))
		return
	case t.Implements(textMarshaler):
		// Dates and exact numbers are stored as text and say nothing by themselves.
	default:
		switch t.Kind() {
		case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Uint16, reflect.Uint32:
		case reflect.Struct:
			s.structure(t, path, marks, open)
			return
		case reflect.Slice, reflect.Array, reflect.Map:
			if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
				text = true
				break
			}
			if t.Kind() == reflect.Map && t.Key().Kind() != reflect.String {
				s.refuse(path, "映射的键必须是文本")
				return
			}
			if t.Kind() == reflect.Map && tag != tagPublic && tag != tagInternal {
				// The keys of a map are text too, and they are not encrypted.
				s.refuse(path, `映射要有标签 privacy:"public" 或 "internal"`)
			}
			marks.Elements = &journal.Marks{}
			s.value(t.Elem(), path+"[]", tag, marks.Elements, open)
			return
		default:
			s.refuse(path, fmt.Sprintf("不能存储 %s", t.Kind()))
			return
		}
	}
	switch {
	case text && tag != tagPII && tag != tagPublic && tag != tagInternal:
		s.refuse(path, `文本要有标签 privacy:"pii"、"public" 或 "internal"`)
	case !text && tag == tagPII:
		s.refuse(path, "只有文本可以标为 pii")
	case tag == tagPII:
		marks.Here, s.pii = true, true
	}
	s.fields = append(s.fields, StoredField{Path: path, Type: t, Tag: tag})
}
