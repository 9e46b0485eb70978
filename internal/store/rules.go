package store

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

// Event is one record as a rule sees it.
type Event struct {
	// RecordID, Kind, ID, Seq, N as in Change.
	RecordID, Kind, ID string
	Seq, N             int64
	// Meta is what was sealed.
	Meta Meta
}

// Rule is a follow-up: it reads every record of some kinds in log order and makes changes through Collection.Follow.
type Rule struct {
	// Name is one valid part; it never changes.
	Name string
	// Title is what people call it, Chinese: the log shows it where a record says that the rule made it.
	Title string
	// Kinds are the kinds whose records it reads.
	Kinds []string
	// Apply handles one record. It may run more than once for the same record (after a crash) and must then change nothing more, which
	// Collection.Follow guarantees for its own changes. An error stops this rule at this record until the next run.
	Apply func(ctx context.Context, e Event) error
}

// Register adds a rule. Returns Invalid for a bad or repeated name, without a title, or after the first RunRules.
func (db *DB) Register(r Rule) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	known := slices.ContainsFunc(db.rules, func(other Rule) bool { return other.Name == r.Name })
	if !journal.ValidPart(r.Name) || r.Title == "" || known || db.running || r.Apply == nil {
		return fault.New("store.Register", fault.Invalid, "后续规则不能登记："+r.Name)
	}
	db.rules = append(db.rules, r)
	return nil
}

// RuleTitles are the titles of all rules by their names.
func (db *DB) RuleTitles() map[string]string {
	db.mu.Lock()
	defer db.mu.Unlock()
	out := make(map[string]string, len(db.rules))
	for _, r := range db.rules {
		out[r.Name] = r.Title
	}
	return out
}

// RuleTitle is what people call a rule, "" if there is none of the name.
func (db *DB) RuleTitle(name string) string { return db.RuleTitles()[name] }

// RunRules lets every rule read up to the end of the log and returns how many records were handled. Only one process may run it at a
// time: hold a Lease when several share a database.
func (db *DB) RunRules(ctx context.Context) (int, error) {
	db.mu.Lock()
	db.running = true
	rules := db.rules
	db.mu.Unlock()
	handled := 0
	var errs []error
	for _, rule := range rules {
		n, err := db.runRule(ctx, rule)
		handled += n
		errs = append(errs, err)
	}
	return handled, errors.Join(errs...)
}

func (db *DB) runRule(ctx context.Context, rule Rule) (int, error) {
	const op = "store.RunRules"
	name := rulePrefix + rule.Name
	after, err := db.ruleCursor(ctx, rule.Name)
	if err != nil {
		return 0, err
	}
	handled := 0
	for {
		batch, err := readLog(ctx, db.engine, after)
		if err != nil || len(batch) == 0 {
			return handled, err
		}
		var stop error
		for _, r := range batch {
			// Most records are of kinds that the rule does not read: their names tell, they need not be opened.
			e, err := nameOf(r)
			if err == nil && slices.Contains(rule.Kinds, e.Kind) {
				if err = e.open(r); err == nil {
					err = rule.Apply(ctx, e)
					handled++
				}
			}
			if err != nil {
				stop = fault.Wrap(op, "", "", err)
				break
			}
			after = r.N
		}
		if err := db.engine.SetValue(ctx, name, strconv.AppendInt(nil, after, 10)); err != nil || stop != nil {
			return handled, errors.Join(stop, err)
		}
	}
}

// nameOf is an event by what stands outside the sealed record; open adds the rest.
func nameOf(r journal.Record) (Event, error) {
	stream, seq, err := journal.ParseRecordID(r.ID)
	if err != nil {
		return Event{}, err
	}
	kind, id, err := journal.ParseStreamKey(stream)
	return Event{RecordID: r.ID, Kind: kind, ID: id, Seq: seq, N: r.N}, err
}

func (e *Event) open(r journal.Record) error {
	_, content, err := journal.Unseal(r.Sealed)
	e.Meta = metaOf(content)
	return err
}

func metaOf(c journal.Content) Meta {
	return Meta{By: c.By, Action: c.Action, Why: c.Why, Cause: c.Cause, At: c.At.Time}
}
