// Package policy says who may do what: actions, roles, row scope with tenure, separation of duties, approval chains, accounts and sessions.
//
//  1. Nothing is allowed unless a line of roles.csv allows it; an explicit deny in any role that a person holds wins over every allow.
//  2. The actor is a parameter of every call, never hidden in a context. Casbin decides role × resource × action while the rules are
//     loaded; a check is then two map look-ups.
//  3. A missing right is Forbidden and names the rule; a row outside the scope is NotFound, exactly as if it did not exist.
//  4. Rules are an immutable value. A reload replaces the whole value or, with any error in the files, nothing.
//  5. Two clocks are injected: appointments and orders follow the business clock; passwords, lock-out and sessions the security clock.
//  6. No password, token, one-time code or login is written to a log or used in an id; logins are claimed by HMAC.
package policy

import (
	"time"

	"redsteward/internal/calendar"
)

// Clocks are the two clocks of the product (design §4). Both are required.
type Clocks struct {
	// Business is the date that work is done at; the demonstration moves it.
	Business func() time.Time
	// Security is real time: passwords, lock-out, one-time codes and sessions.
	Security func() time.Time
}

// Span is a stretch of days, both ends included, as contracts and appointments are written (自…至…).
type Span struct {
	// From is the first day; no date: since ever.
	From calendar.Date `json:"from"`
	// Until is the last day; no date: until further notice.
	Until calendar.Date `json:"until"`
}

// Holds reports whether the day lies in the span; no date lies in none.
func (s Span) Holds(d calendar.Date) bool {
	return !d.IsZero() && (s.From.IsZero() || s.From.Compare(d) <= 0) && (s.Until.IsZero() || d.Compare(s.Until) <= 0)
}

// overlaps reports whether some day lies in both spans.
func (s Span) overlaps(o Span) bool {
	return (s.Until.IsZero() || o.From.IsZero() || o.From.Compare(s.Until) <= 0) && (o.Until.IsZero() || s.From.IsZero() || s.From.Compare(o.Until) <= 0)
}
