package policy

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

// County is the scope key of the whole bureau: every row.
const County = "county"

// maxScopeKeys is what one declared query may ask for (design §3.6).
const maxScopeKeys = 64

var scopeKeyForm = regexp.MustCompile(`^[pfctd]:[0-9A-Za-z._-]{1,64}$`)

// unitKeyForm is the form of units that are no scope: departments and party organisations.
var unitKeyForm = regexp.MustCompile(`^u:[0-9A-Za-z._-]{1,64}$`)

// ProjectKey, FirmKey, CommunityKey, TownshipKey and DeveloperKey make the scope key of an id.
func ProjectKey(id string) string { return "p:" + id }

// FirmKey: see ProjectKey.
func FirmKey(id string) string { return "f:" + id }

// CommunityKey: see ProjectKey.
func CommunityKey(id string) string { return "c:" + id }

// TownshipKey: see ProjectKey.
func TownshipKey(id string) string { return "t:" + id }

// DeveloperKey: see ProjectKey.
func DeveloperKey(id string) string { return "d:" + id }

// ScopeOfOwn is the scope of those rows only that name an account, whatever its offices: a row lists those that it names as AccountKey.
func ScopeOfOwn(by Actor) Scope { return Scope{reaches: []reach{{key: AccountKey(by.ID)}}} }

// AccountKey is the key of an account that a row names. No appointment can have it as scope.
func AccountKey(id string) string { return "a:" + id }

// ValidScopeKey reports whether the key is County or has the form p: f: c: t: d: and an id.
func ValidScopeKey(key string) bool { return key == County || scopeKeyForm.MatchString(key) }

// Tenure knows which firm held which project when. The register implements it.
type Tenure interface {
	// Spans returns the days on which the firm held the project, both ends included, in any order; none if it never did.
	// Returns Unavailable if the register cannot answer.
	Spans(ctx context.Context, firm, project string) ([]Span, error)
}

// Townships is a Tenure that knows of what the county consists, so that lists that stand under no key of the whole county are found under those of its townships. The register implements it.
type Townships interface {
	// Townships are the scope keys of all townships. Returns Unavailable if the register cannot answer.
	Townships(ctx context.Context) ([]string, error)
}

// TenureTable is a fixed Tenure, for tests and for the demonstration before there is a register.
type TenureTable []Held

// Held is one row of a TenureTable.
type Held struct {
	Firm, Project string
	Span
}

// Spans implements Tenure. It never fails.
func (t TenureTable) Spans(_ context.Context, firm, project string) ([]Span, error) {
	var out []Span
	for _, h := range t {
		if h.Firm == firm && h.Project == project {
			out = append(out, h.Span)
		}
	}
	return out, nil
}

// Scope is the set of rows that an actor may reach for one action. The zero value reaches nothing.
type Scope struct {
	all     bool
	reaches []reach
}

// reach is one key, and the days for which it counts when a firm's tenure bounds it.
type reach struct {
	key     string
	bounded bool
	spans   []Span
}

// scopeOf unites the keys of those appointments whose role allows the action: a right in one office does not carry over to the rows
// of another. A p: key held for a firm counts only for facts dated while that firm held the project, so a firm never sees the
// facts of its successor.
func (r *Rules) scopeOf(ctx context.Context, by Actor, action Action, tenure Tenure) (Scope, error) {
	var s Scope
	if !r.Allow(by, action) {
		return s, nil
	}
	for _, ap := range by.Appointments {
		if ap.Emergency != 0 && barred[action] {
			continue
		}
		if !r.table[cell{ap.Role, action}].allowed && !r.table[cell{User, action}].allowed || !ap.names(action) {
			continue
		}
		if ap.Access != nil && slices.Contains(everywhereMatters, action.Resource()) { // no place of an order narrows what lies in none
			s.all = true
			continue
		}
		years := ap.years(action)
		firm, ofFirm := strings.CutPrefix(ap.Unit, "f:")
		for _, key := range ap.Scopes {
			project, ofProject := strings.CutPrefix(key, "p:")
			switch {
			case years != nil:
				keys := []string{key}
				if whole, knows := tenure.(Townships); knows && key == County {
					townships, err := whole.Townships(ctx)
					if err != nil {
						return Scope{}, fault.Wrap("policy.Scope", fault.Unavailable, "暂时查不到有哪些乡镇", err)
					}
					keys = append(keys, townships...)
				}
				for _, key := range keys {
					s.reaches = append(s.reaches, reach{key: key, bounded: true, spans: years})
				}
			case key == County:
				s.all = true
			case ofFirm && ofProject:
				spans, err := tenure.Spans(ctx, firm, project)
				if err != nil {
					return Scope{}, fault.Wrap("policy.Scope", fault.Unavailable, "暂时查不到项目的任职情况", err)
				}
				if len(spans) > 0 {
					s.reaches = append(s.reaches, reach{key: key, bounded: true, spans: spans})
				}
			default:
				s.reaches = append(s.reaches, reach{key: key})
			}
		}
	}
	return s, nil
}

// All reports whether the scope is every row.
func (s Scope) All() bool { return s.all }

// Empty reports whether the scope reaches no row at all.
func (s Scope) Empty() bool { return !s.all && len(s.reaches) == 0 }

// Keys returns the scope keys for a list query, sorted, without repeats; nil if All. An account is refused more than 64.
func (s Scope) Keys() []string {
	if s.all {
		return nil
	}
	keys := make([]string, 0, len(s.reaches))
	for _, r := range s.reaches {
		keys = append(keys, r.key)
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// Exact reports whether the keys alone decide. If false, a list must also ask Covers for each row, because tenure bounds some key.
func (s Scope) Exact() bool {
	return s.all || !slices.ContainsFunc(s.reaches, func(r reach) bool { return r.bounded })
}

// Covers reports whether a row with these scope keys, about a fact of this day, lies in the scope. A row without a day is
// never reached through a key that tenure bounds.
func (s Scope) Covers(rowKeys []string, fact calendar.Date) bool {
	if s.all {
		return true
	}
	for _, r := range s.reaches {
		if r.key != County && !slices.Contains(rowKeys, r.key) { // the whole county within the years of an order
			continue
		}
		if !r.bounded {
			return true
		}
		if slices.ContainsFunc(r.spans, func(span Span) bool { return span.Holds(fact) }) {
			return true
		}
	}
	return false
}

// Require is Covers as an error: a row outside is NotFound, exactly as if it did not exist.
func (s Scope) Require(op string, rowKeys []string, fact calendar.Date) error {
	if s.Covers(rowKeys, fact) {
		return nil
	}
	return fault.New(op, fault.NotFound, "没有找到要看的内容")
}
