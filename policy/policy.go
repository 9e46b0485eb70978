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

import "time"

// Clocks are the two clocks of the product (design §4). Both are required.
type Clocks struct {
	// Business is the date that work is done at; the demonstration moves it.
	Business func() time.Time
	// Security is real time: passwords, lock-out, one-time codes and sessions.
	Security func() time.Time
}

// Day is a calendar day in Asia/Shanghai written 2006-01-02; days compare as strings. "" leaves a span open on that side.
type Day string

// shanghai is UTC+8 all year since 1991; periods and days are cut in it (style §3.8).
var shanghai = time.FixedZone("CST", 8*60*60)

// DayOf returns the day in Asia/Shanghai of an instant.
func DayOf(t time.Time) Day { return Day(t.In(shanghai).Format(time.DateOnly)) }

// Valid reports whether the day is "" or an existing day in the one accepted spelling.
func (d Day) Valid() bool {
	if d == "" {
		return true
	}
	_, err := time.Parse(time.DateOnly, string(d))
	return err == nil
}

// Span is a stretch of days, both ends included, as contracts and appointments are written (自…至…).
type Span struct {
	// From is the first day; "" since ever.
	From Day `json:"from,omitempty" internal:""`
	// Until is the last day; "" until further notice.
	Until Day `json:"until,omitempty" internal:""`
}

// Holds reports whether the day lies in the span.
func (s Span) Holds(d Day) bool {
	return (s.From == "" || s.From <= d) && (s.Until == "" || d <= s.Until)
}
