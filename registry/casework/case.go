// Package casework is the frame of everything that is handled as a case about a project, whatever it is about: claims on the guarantee fund, refunds, rectifications.
//
//  1. Every call asks for the right and the rows of it; a case outside the scope does not exist, and a refused call writes nothing.
//  2. One change follows the other: who saw an older state is refused.
//  3. A kind of case has one table of transitions; what is not in it is refused.
//  4. A signature counts only under what its approval was opened for; one on paper after a second look.
package casework

import (
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/policy"
)

// Case is what every case has; each kind embeds it.
type Case struct {
	// Project is the id; Name and Place are for people, Keys the scope keys, stamped by the day Opened.
	Project string        `json:"project" privacy:"public"`
	Name    string        `json:"name" privacy:"public"`
	Place   string        `json:"place" privacy:"public"`
	Keys    []string      `json:"keys" privacy:"internal"`
	Opened  calendar.Date `json:"opened"`
	// By is the account of who began it.
	By string `json:"by" privacy:"internal"`
	// Reason is why it was refused, returned, extended or given up.
	Reason string `json:"reason,omitempty" privacy:"internal"`
	// Clock is the period that runs in the present state; empty without one.
	Clock    calendar.Deadline `json:"clock,omitzero"`
	Approval *policy.Approval  `json:"approval,omitempty"`
	// Scans are the signed papers that stand for signatures, in the order in which they were recorded.
	Scans []files.Stored `json:"scans,omitempty"`
}

// Paper is a paper of a case.
type Paper struct {
	// Number is that of the paper, Day its day, Text what it says or how it was delivered.
	Number string        `json:"number,omitempty" privacy:"internal"`
	Day    calendar.Date `json:"day,omitzero"`
	Text   string        `json:"text,omitempty" privacy:"internal"`
	// Until is the last day of a publicity (公示): it prints on the paper also when its clock has ended. No date where nothing hangs.
	Until calendar.Date `json:"until,omitzero"`
	// File is its scan, nil if there is none.
	File *files.Stored `json:"file,omitempty"`
	// By is who entered it.
	By string `json:"by,omitempty" privacy:"internal"`
}

// Input is what a form of a case says; each step reads the fields that it names.
type Input struct {
	// Day is a date, Fen an amount, Number the number of a paper, Text words, Choice one of a list.
	Day                  calendar.Date
	Fen                  int64
	Number, Text, Choice string
	// Upload is the paper, nil for none.
	Upload *files.Upload
	// Password is that of who acts, again, for a step that is signed with it.
	Password string
}

// Table is the one table of transitions of a kind of case, by state and step; what is not in it is refused.
type Table[S, D interface {
	~string
	Title() string
}] map[S]map[D]S

// Next returns the state after a step. Returns Conflict, naming both, for a step that the state does not know. word is what people call a case.
func (t Table[S, D]) Next(word string, from S, do D) (S, error) {
	to, ok := t[from][do]
	if !ok {
		return "", fault.New("casework.Next", fault.Conflict, fmt.Sprintf("%s现在是“%s”，不能%s，请刷新后再看", word, from.Title(), do.Title()))
	}
	return to, nil
}

// Subject names a case for its approval.
func Subject(kind string, at At) string { return fmt.Sprintf("%s/%s/%d", kind, at.ID, at.Seq) }

// Says reports whether one of some texts contains a search text; an empty one is in all.
func Says(text string, in ...string) bool {
	text = strings.TrimSpace(text)
	return text == "" || slices.ContainsFunc(in, func(one string) bool { return strings.Contains(one, text) })
}
