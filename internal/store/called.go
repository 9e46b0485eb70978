package store

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"redsteward/internal/journal"
)

// Ref names a document.
type Ref struct{ Kind, ID string }

// Said is the value of a place as text, with its type.
type Said struct {
	Text string
	Type reflect.Type
}

// Called is what a document says of itself in its last record.
type Called struct {
	// Values are those of the places that were asked for, in their order; "" for one that is empty, or holds what not everybody may read who reads the log.
	Values []Said
	// Deleted: the document was taken away, so that it says nothing any more. Purged: the personal data of what it is about was destroyed.
	Deleted, Purged bool
}

// purgedRef is the document that tells that the personal data of another was destroyed, where a document is its own subject.
func purgedRef(of Ref) Ref { return Ref{"purge", of.Kind + "/" + of.ID} }

// Called tells of each document the values of some places of its kind, written like "name" or "project.name", to show what it is called beside its id. It reads the last records of all of them, MaxLimit at a time, whatever
// their kinds are. Who there is none of, or whose name is no valid one, is left out. It asks for no right: what is tagged pii or internal is not told.
func (db *DB) Called(ctx context.Context, refs []Ref, places func(kind string) []string) (map[Ref]Called, error) {
	var streams []string
	for _, ref := range refs {
		for _, one := range []Ref{ref, purgedRef(ref)} {
			if stream, err := journal.StreamKey(one.Kind, one.ID); err == nil {
				streams = append(streams, stream)
			}
		}
	}
	heads := map[Ref]journal.Record{}
	for chunk := range slices.Chunk(streams, MaxLimit) {
		records, err := db.engine.Heads(ctx, chunk)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			e, err := nameOf(r)
			if err != nil {
				return nil, err
			}
			heads[Ref{e.Kind, e.ID}] = r
		}
	}
	out := map[Ref]Called{}
	for _, ref := range refs {
		head, is := heads[ref]
		if !is {
			continue
		}
		called, err := db.called(head, ref.Kind, places(ref.Kind))
		if err != nil {
			return nil, err
		}
		_, called.Purged = heads[purgedRef(ref)]
		out[ref] = called
	}
	return out, nil
}

// called reads the places of one record.
func (db *DB) called(r journal.Record, kind string, places []string) (Called, error) {
	out := Called{Values: make([]Said, len(places))}
	_, content, err := journal.Unseal(r.Sealed)
	if err != nil || content.Deleted {
		out.Deleted = content.Deleted
		return out, err
	}
	var state map[string]any
	d := json.NewDecoder(strings.NewReader(string(content.State)))
	d.UseNumber()
	if err := d.Decode(&state); err != nil {
		return out, unreadable(err)
	}
	db.mu.Lock()
	known := db.places[kind]
	db.mu.Unlock()
	for i, place := range places {
		of, is := known[place]
		if !is || of.Tag == tagInternal || of.Tag == tagPII {
			continue
		}
		var at any = state
		for _, step := range strings.Split(place, ".") {
			below, _ := at.(map[string]any)
			at = below[step]
		}
		if at != nil {
			out.Values[i] = Said{fmt.Sprint(at), of.Type}
		}
	}
	return out, nil
}
