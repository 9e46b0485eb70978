// Package supervision holds what happened in a period and who said so. Its children each keep one kind of record; this package keeps what they share:
// the observation of two persons, and the reading that rating gathers from every kind.
//
//  1. Ids of facts and indicators are opaque here: they come from a scheme as an input document and go back as they came.
//  2. Nothing here calls rating. Rating reads; it tells when a window opens and closes.
//  3. A reading counts only if two persons stand behind it: who recorded or submitted, and who reviewed or accepted.
//  4. The date of the fact is apart from the time of recording; both are kept.
package supervision

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/registry"
)

// Places tells where a project lies and who held it on a day. The register implements it.
type Places interface {
	// Place returns NotFound if there is no such project.
	Place(ctx context.Context, project string, on calendar.Date) (registry.Place, error)
}

// Ask is one thing that a period needs to know about a project, as a scheme declares it. Rating makes it; nobody here interprets Fact or Columns.
type Ask struct {
	// Fact is the id of the fact in the scheme.
	Fact string `json:"fact" privacy:"public"`
	// Name is the fact's name, Indicator the name of the indicator that reads it, Clause the indicator's rule as people read it, Note how to count.
	Name      string `json:"name" privacy:"public"`
	Indicator string `json:"indicator,omitempty" privacy:"public"`
	Clause    string `json:"clause,omitempty" privacy:"public"`
	Note      string `json:"note,omitempty" privacy:"public"`
	// Points is the indicator's maximum as the scheme prints it, e.g. "9.00"; "" if several indicators read the fact.
	Points string `json:"points,omitempty" privacy:"public"`
	// Columns are the numbers or texts to fill in, in order.
	Columns []Column `json:"columns"`
	// Uploads is how many files a period asks for; 0 for none.
	Uploads int `json:"uploads,omitempty"`
	// Held is the source whose records stand before what is asked (免报), "" for none.
	Held string `json:"held,omitempty" privacy:"public"`
}

// The kinds of Column.
const (
	ColumnCount  = "count"  // a whole number, not negative
	ColumnNumber = "number" // an exact decimal
	ColumnBool   = "bool"   // yes (1) or no (0)
	ColumnText   = "text"   // one of Values, or free text if there are none
	ColumnEvent  = "event"  // a code of Values with a document and an expiry
)

// Column is one cell of an Ask.
type Column struct {
	// Name is the column of the scheme's table.
	Name string `json:"name" privacy:"public"`
	// Label and Unit are for people.
	Label string `json:"label" privacy:"public"`
	Unit  string `json:"unit,omitempty" privacy:"public"`
	// Kind is one of the kinds of Column.
	Kind string `json:"kind" privacy:"public"`
	// Max, if not "", is the largest number allowed; OfColumn, if not "", names a column that this one must not exceed (a numerator its denominator).
	Max      string `json:"max,omitempty" privacy:"public"`
	OfColumn string `json:"of_column,omitempty" privacy:"public"`
	// Values are the allowed values of a text or event.
	Values []Choice `json:"values,omitempty"`
}

// Choice is one allowed value.
type Choice struct {
	ID   string `json:"id" privacy:"public"`
	Text string `json:"text" privacy:"public"`
}

// Cell is what one column says.
type Cell struct {
	// Column is the name of the column.
	Column string `json:"column" privacy:"public"`
	// NA says that the question does not apply; then Number and Text are empty.
	NA bool `json:"na,omitempty"`
	// Number is the value of count, number and bool.
	Number num.Num `json:"number"`
	// Text is the value of text, the code of an event.
	Text string `json:"text,omitempty" privacy:"internal"`
	// Until is the last day of an event; zero if its code decides.
	Until calendar.Date `json:"until"`
	// Document is the paper behind an event: 文号.
	Document string `json:"document,omitempty" privacy:"internal"`
}

// Reading is what one record says about one fact of one project. It holds no name of a person.
type Reading struct {
	// Project and Firm: the firm that held the project on Day, "" if none.
	Project, Firm string
	// Fact is the id of the fact, Cells what is said of it.
	Fact  string
	Cells []Cell
	// Day is the date of the fact.
	Day calendar.Date
	// Accepted is when the second person agreed; what is accepted after a cut-off does not count for it.
	Accepted time.Time
	// Record is the id of the journal record that holds it, Hash its hash as 64 hex digits, N its log number.
	Record, Hash string
	N            int64
	// Asked is the rating period that asked for it after its evaluation, because the project lies near a cut; for that period it counts although it was accepted after the cut-off. "" for all others.
	Asked string
	// Replaced is when a correction took its place; the zero time for one that stands. Only EachSifted tells of those that were replaced.
	Replaced time.Time
	// ScoredBy and ReviewedBy are offices (role ids) with an account's opaque id, never names.
	ScoredBy, ReviewedBy string
}

// Readings is one source of facts: observations, accepted proof, visit sheets.
type Readings interface {
	// Source is the name by which a scheme's fact asks for this source: observation, evidence, inspection.
	Source() string
	// EachReading yields every counting reading whose day lies in the span and that was accepted at or before asOf with a log number ≤ upTo, in constant
	// memory and in no particular order.
	EachReading(ctx context.Context, span calendar.Span, asOf time.Time, upTo int64, yield func(Reading) error) error
}

// Sifted is a source that leaves readings out before it has read them whole, which is quicker than throwing them away.
type Sifted interface {
	Readings
	// EachSifted is EachReading for those readings whose fact and day are wanted; besides it yields what a correction replaced by then, so that who asks can leave a correction out that
	// came too late.
	EachSifted(ctx context.Context, span calendar.Span, asOf time.Time, upTo int64, wanted func(fact string, day calendar.Date) bool, yield func(Reading) error) error
}
