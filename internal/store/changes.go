package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

// FieldChange is one place of a document that a record changed.
type FieldChange struct {
	// Path names the place as it is stored, such as "phases[2].area".
	Path string
	// Type is the type of the value, nil if nobody knows it any more.
	Type reflect.Type
	// Before and After are its values as text, "" for none; both empty if Hidden.
	Before, After string
	// Hidden: the place holds text that not everybody may read who reads the log (tagged internal or pii), so that only that it changed is told.
	Hidden bool
}

// ChangeView is a record of the log with what it changed.
type ChangeView struct {
	// Record is the record, without its sealed bytes.
	Record journal.Record
	// Kind and ID name the document, Seq is the number of the change in its stream.
	Kind, ID string
	Seq      int64
	// Meta is what was sealed.
	Meta Meta
	// Deleted: the document was taken away.
	Deleted bool
	// Fields are the places that changed, in order of their names.
	Fields []FieldChange
	// Left are all places as the record left them, with their values in After: for a document that tells a change itself.
	Left map[string]FieldChange
}

// ChangeOf tells what a record of the log changed, place by place, without the texts that only some may read. Returns NotFound if the log has no such number.
func (db *DB) ChangeOf(ctx context.Context, n int64) (ChangeView, error) {
	const op = "store.ChangeOf"
	found := false
	var v ChangeView
	err := db.engine.Log(ctx, n-1, n, func(r journal.Record) error {
		found = true
		r.Sealed = slices.Clone(r.Sealed)
		v.Record = r
		return nil
	})
	if err == nil && (!found || n < 1) {
		err = fault.New(op, fault.NotFound, fmt.Sprintf("日志没有第 %d 条", n))
	}
	if err != nil {
		return v, err
	}
	e, err := nameOf(v.Record)
	if err != nil {
		return v, err
	}
	v.Kind, v.ID, v.Seq = e.Kind, e.ID, e.Seq
	after, err := db.placesOf(v.Record, &v)
	if err != nil {
		return v, err
	}
	v.Left = maps.Clone(after)
	for path, is := range v.Left {
		if is.Hidden {
			is.After = ""
			v.Left[path] = is
		}
	}
	before := map[string]FieldChange{}
	if v.Seq > 1 {
		stream, _, err := journal.ParseRecordID(v.Record.ID)
		if err != nil {
			return v, err
		}
		earlier, err := db.engine.Record(ctx, journal.RecordID(stream, v.Seq-1))
		if err != nil {
			return v, err
		}
		if before, err = db.placesOf(earlier, nil); err != nil {
			return v, err
		}
	}
	for path, was := range before {
		is, there := after[path]
		if there && is.After == was.After {
			continue
		}
		v.Fields = append(v.Fields, FieldChange{Path: path, Type: was.Type, Before: was.After, After: is.After, Hidden: was.Hidden})
	}
	for path, is := range after {
		if _, there := before[path]; !there && (is.After != "" || is.Hidden) {
			v.Fields = append(v.Fields, FieldChange{Path: path, Type: is.Type, After: is.After, Hidden: is.Hidden})
		}
	}
	for i := range v.Fields {
		if v.Fields[i].Hidden {
			v.Fields[i].Before, v.Fields[i].After = "", ""
		}
	}
	slices.SortFunc(v.Fields, func(a, b FieldChange) int { return strings.Compare(a.Path, b.Path) })
	v.Record.Sealed = nil
	return v, nil
}

// placesOf lists the places of the state that a record holds, each with its value in After; meta, if not nil, is told what else it says.
func (db *DB) placesOf(r journal.Record, meta *ChangeView) (map[string]FieldChange, error) {
	_, content, err := journal.Unseal(r.Sealed)
	if err != nil {
		return nil, err
	}
	if meta != nil {
		meta.Meta, meta.Deleted = metaOf(content), content.Deleted
	}
	places := map[string]FieldChange{}
	if content.Deleted {
		return places, nil
	}
	var state any
	d := json.NewDecoder(strings.NewReader(string(content.State)))
	d.UseNumber()
	if err := d.Decode(&state); err != nil {
		return nil, unreadable(err)
	}
	e, err := nameOf(r)
	if err != nil {
		return nil, err
	}
	db.mu.Lock()
	known := db.places[e.Kind]
	db.mu.Unlock()
	lists := map[string]bool{} // what holds elements, under numbers or keys
	for place := range known {
		for i := range place {
			if strings.HasPrefix(place[i:], "[]") {
				lists[place[:i]] = true
			}
		}
	}
	flatten(state, lists, "", "", func(path, place, value string) {
		// A kind that nobody declared, and a place that its type no longer has, are not shown. Every text has a tag; numbers and dates need none.
		of, is := known[place]
		places[path] = FieldChange{Path: path, Type: of.Type, After: value, Hidden: !is || of.Tag == tagInternal || of.Tag == tagPII}
	})
	return places, nil
}

// flatten calls f for every value: path is where it stands, place the same without the numbers and keys of lists and maps, as a shape names it; lists are the places that hold elements.
func flatten(v any, lists map[string]bool, path, place string, f func(path, place, value string)) {
	switch v := v.(type) {
	case map[string]any:
		for key, below := range v {
			at, of := key, key
			if path != "" {
				at, of = path+"."+key, place+"."+key
			}
			if lists[place] {
				at, of = path+"["+key+"]", place+"[]"
			}
			flatten(below, lists, at, of, f)
		}
	case []any:
		for i, below := range v {
			flatten(below, lists, fmt.Sprintf("%s[%d]", path, i+1), place+"[]", f)
		}
	case nil:
	default:
		f(path, place, fmt.Sprint(v))
	}
}

// RecordsOf returns the records of a document, oldest first, the newest MaxLimit of them; none if it has none or its name is no valid one. It asks for no right.
func (db *DB) RecordsOf(ctx context.Context, of Ref) ([]journal.Record, error) {
	stream, err := journal.StreamKey(of.Kind, of.ID)
	if err != nil {
		return nil, nil
	}
	head, err := db.engine.Head(ctx, stream)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	_, seq, err := journal.ParseRecordID(head.ID)
	if err != nil {
		return nil, err
	}
	return db.engine.History(ctx, stream, max(0, seq-MaxLimit), MaxLimit)
}
