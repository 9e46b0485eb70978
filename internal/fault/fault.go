// Package fault is the one error vocabulary of Redsteward.
//
//  1. Every error that crosses a package border carries a Kind; a caller decides by Kind, never by text.
//  2. Message is Chinese and meant for the user; Err is the cause, meant for the log, and never leaves the process.
//  3. The Kind becomes an HTTP status in one place, internal/web.
package fault

import (
	"errors"
	"strings"
)

// Kind says what class of failure an error is. The zero value counts as Internal.
type Kind string

// The kinds, with the HTTP status each becomes in internal/web.
const (
	// Invalid: what was sent cannot be accepted as it is; Fields name the places (422).
	Invalid Kind = "invalid"
	// Unauthenticated: nobody is signed in, or the session has ended (401).
	Unauthenticated Kind = "unauthenticated"
	// Forbidden: no role of the actor allows the action; Rule names what decided (403).
	Forbidden Kind = "forbidden"
	// NotFound: the thing does not exist, or lies outside the actor's scope, which must look the same (404).
	NotFound Kind = "not_found"
	// Conflict: somebody was first, or the state does not allow the step (409).
	Conflict Kind = "conflict"
	// Unavailable: the store or a resource cannot answer now; trying again may help (503).
	Unavailable Kind = "unavailable"
	// Internal: a defect or damage; the user gets a number to quote (500).
	Internal Kind = "internal"
)

// Field is one place of the input that was refused.
type Field struct {
	// Name is the form or JSON field, or a position such as "第3行 户数".
	Name string `json:"name"`
	// Message says in Chinese what is wrong with the value found and what to do.
	Message string `json:"message"`
}

// Error is the error of every Redsteward package.
type Error struct {
	// Op names the operation that failed, as package.Function; for the log.
	Op string
	// Kind is the class of the failure.
	Kind Kind
	// Message is Chinese and safe to show to the user.
	Message string
	// Fields name the refused places of the input; only with Invalid.
	Fields []Field
	// Rule names the rule that refused; only with Forbidden.
	Rule string
	// Err is the cause. It is logged and never shown.
	Err error
}

// New returns an error without a cause.
func New(op string, kind Kind, message string) *Error {
	return &Error{Op: op, Kind: kind, Message: message}
}

// Wrap returns an error with a cause. An empty message takes over that of the cause, if it has one.
func Wrap(op string, kind Kind, message string, err error) *Error {
	return &Error{Op: op, Kind: kind, Message: message, Err: err}
}

// InvalidFields returns an Invalid error for the named places.
func InvalidFields(op string, fields ...Field) *Error {
	return &Error{Op: op, Kind: Invalid, Message: "有内容需要修改", Fields: fields}
}

// Error gives the whole chain for the log: operation, kind, message, cause.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Op != "" {
		b.WriteString(e.Op)
		b.WriteString(": ")
	}
	b.WriteString(string(KindOf(e)))
	if e.Message != "" {
		b.WriteString(": ")
		b.WriteString(e.Message)
	}
	for _, f := range e.Fields {
		b.WriteString("; ")
		b.WriteString(f.Name)
		b.WriteString(": ")
		b.WriteString(f.Message)
	}
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the outermost Error in the chain that has one; Internal for any other error, "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	for e := (*Error)(nil); errors.As(err, &e); err = e.Err {
		if e.Kind != "" {
			return e.Kind
		}
		if e.Err == nil {
			break
		}
	}
	return Internal
}

// Is reports whether err has the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }

// MessageOf returns the first user message in the chain, or "" if none is safe to show.
func MessageOf(err error) string {
	for e := (*Error)(nil); errors.As(err, &e); err = e.Err {
		if e.Message != "" {
			return e.Message
		}
		if e.Err == nil {
			break
		}
	}
	return ""
}

// FieldsOf returns the refused places of the first Error in the chain that has any.
func FieldsOf(err error) []Field {
	for e := (*Error)(nil); errors.As(err, &e); err = e.Err {
		if len(e.Fields) > 0 {
			return e.Fields
		}
		if e.Err == nil {
			break
		}
	}
	return nil
}

// RuleOf returns the rule that refused, or "".
func RuleOf(err error) string {
	for e := (*Error)(nil); errors.As(err, &e); err = e.Err {
		if e.Rule != "" {
			return e.Rule
		}
		if e.Err == nil {
			break
		}
	}
	return ""
}
