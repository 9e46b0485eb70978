package store

import (
	"context"
	"strconv"

	"redsteward/internal/fault"
)

// Era counts how often the personal data of a document was begun anew after it was destroyed, or after somebody else took the place of whom it was about. Each era has a key of its own, so that
// what was destroyed stays so while the document lives on. It stands in the state of the document, and Kind.Subject gives its Subject.
type Era int64

// Subject is the subject of a document in its era: “<kind>/<id>” in the first one, else “<kind>/<id>.<n>”.
func (e Era) Subject(kind, id string) string {
	if e == 0 {
		return kind + "/" + id
	}
	return kind + "/" + id + "." + strconv.FormatInt(int64(e), 10)
}

// Subjects are the subjects of all eras up to this one.
func (e Era) Subjects(kind, id string) []string {
	out := make([]string, 0, e+1)
	for n := Era(0); n <= e; n++ {
		out = append(out, n.Subject(kind, id))
	}
	return out
}

// After is the era in which a change of a document is stored: another one if what it held was destroyed.
func (e Era) After(purged bool) Era {
	if purged {
		return e + 1
	}
	return e
}

// Forgotten reports whether the key of a subject was destroyed.
func (db *DB) Forgotten(ctx context.Context, subject string) (bool, error) {
	_, err := db.purges.Head(ctx, subject)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil, err
}
