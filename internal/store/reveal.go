package store

import (
	"encoding"
	"reflect"
	"strings"
	"unicode/utf8"

	"redsteward/internal/fault"
)

// openText returns the personal text behind a stored one; path are the member names that lead to it, joined by dots.
type openText func(path, stored string) (string, error)

// reveal opens the personal texts of a decoded state where they stand, so that what is read from the store is read once. It goes where hide, by the marks of the same type, went.
type reveal func(v reflect.Value, path string, open openText) error

var textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()

// revealOf gives the reveal of a type under a privacy tag, nil if there is nothing personal in it. Returns false for a personal value that cannot stand there as stored: bytes, and texts that read themselves.
func revealOf(t reflect.Type, tag string, inside map[reflect.Type]bool) (reveal, bool) {
	if t.Kind() == reflect.Pointer {
		inner, ok := revealOf(t.Elem(), tag, inside)
		if inner == nil {
			return nil, ok
		}
		return func(v reflect.Value, path string, open openText) error {
			if v.IsNil() {
				return nil
			}
			return inner(v.Elem(), path, open)
		}, ok
	}
	switch {
	case t == journalTime:
		return nil, true
	case t.Kind() == reflect.String:
		if tag != tagPII {
			return nil, true
		}
		return revealText, !reflect.PointerTo(t).Implements(textUnmarshaler)
	case t == rawMessage || t.Implements(textMarshaler):
		return nil, true
	}
	switch t.Kind() {
	case reflect.Struct:
		if inside[t] {
			return nil, false
		}
		inside[t] = true
		defer delete(inside, t)
		return revealStruct(t, inside)
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return nil, tag != tagPII
		}
		inner, ok := revealOf(t.Elem(), tag, inside)
		if inner == nil {
			return nil, ok
		}
		return func(v reflect.Value, path string, open openText) error {
			for i := range v.Len() {
				if err := inner(v.Index(i), path, open); err != nil {
					return err
				}
			}
			return nil
		}, ok
	case reflect.Map:
		inner, ok := revealOf(t.Elem(), tag, inside)
		if inner == nil {
			return nil, ok
		}
		return func(v reflect.Value, path string, open openText) error {
			for _, key := range v.MapKeys() {
				value := reflect.New(t.Elem()).Elem() // what a map holds cannot be changed in it
				value.Set(v.MapIndex(key))
				if err := inner(value, path+"."+key.String(), open); err != nil {
					return err
				}
				v.SetMapIndex(key, value)
			}
			return nil
		}, ok
	}
	return nil, true
}

// revealText opens one text.
func revealText(v reflect.Value, path string, open openText) error {
	if v.Len() == 0 {
		return nil
	}
	plain, err := open(path, v.String())
	if err == nil && !utf8.ValidString(plain) {
		err = fault.New("store.reveal", fault.Internal, "加密的个人信息已损坏")
	}
	if err == nil {
		v.SetString(plain)
	}
	return err
}

// revealStruct goes through the fields below which something is personal.
func revealStruct(t reflect.Type, inside map[reflect.Type]bool) (reveal, bool) {
	type below struct {
		field int
		name  string // "" for the fields of an embedded structure, which stand among its own
		inner reveal
	}
	var all []below
	fine := true
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" || !f.IsExported() && !f.Anonymous {
			continue
		}
		if embedded := f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct; name == "" && !embedded {
			name = f.Name
		}
		inner, ok := revealOf(f.Type, f.Tag.Get(privacyTag), inside)
		fine = fine && ok
		if inner != nil {
			all = append(all, below{i, name, inner})
		}
	}
	if len(all) == 0 {
		return nil, fine
	}
	return func(v reflect.Value, path string, open openText) error {
		for _, b := range all {
			at := path
			switch {
			case b.name == "":
			case path == "":
				at = b.name
			default:
				at = path + "." + b.name
			}
			if err := b.inner(v.Field(b.field), at, open); err != nil {
				return err
			}
		}
		return nil
	}, fine
}
