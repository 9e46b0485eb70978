package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"redsteward/internal/fault"
)

// shapesName is the value that says by which indexes and columns the state documents of each kind were made.
const shapesName = "shapes"

// shapeText is what makes the state documents of a kind: its version, whether it has columns, its indexes.
func (c *documents) shapeText(indexes []string) string {
	return fmt.Sprintf("%d %t %s", c.version, c.columns != nil, strings.Join(indexes, ","))
}

// Upgrade brings data that an older program wrote to the form of this one, after every kind was declared: of the kinds whose indexes, columns or version are
// others than those by which their state documents were made, the documents are made anew from the journal. The journal itself is never changed. It returns how many records it
// read for that, 0 if nothing was older. A try that was cut short is made again at the next start; no other process may write meanwhile.
func (db *DB) Upgrade(ctx context.Context) (int64, error) {
	const op = "store.Upgrade"
	made := map[string]string{}
	text, err := db.engine.Value(ctx, shapesName)
	if err == nil {
		err = json.Unmarshal(text, &made)
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		return 0, fault.Wrap(op, fault.Internal, "列表形式的记录已损坏，请用 doctor --rebuild", err)
	}
	db.mu.Lock()
	declared := maps.Clone(db.shapes)
	db.mu.Unlock()
	older := map[string]bool{}
	for kind, shape := range declared {
		if made[kind] != shape {
			older[kind] = true
		}
	}
	if len(older) == 0 {
		return 0, db.upgraded(ctx, made)
	}
	read, err := db.rebuild(ctx, older)
	if err != nil {
		return read, err
	}
	maps.Copy(made, declared)
	return read, db.upgraded(ctx, made)
}

// upgraded writes down of which form the data is now, if that is new.
func (db *DB) upgraded(ctx context.Context, shapes map[string]string) error {
	text, err := json.Marshal(shapes)
	if err != nil {
		return fault.Wrap("store.Upgrade", fault.Internal, "", err)
	}
	for _, v := range []NamedValue{{shapesName, text}, {dataVersionName, []byte(strconv.Itoa(DataVersion))}} {
		standing, err := db.engine.Value(ctx, v.Name)
		if err == nil && string(standing) == string(v.Value) {
			continue
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		if err := db.engine.SetValue(ctx, v.Name, v.Value); err != nil {
			return err
		}
	}
	return nil
}
