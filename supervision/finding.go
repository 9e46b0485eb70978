package supervision

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
)

// PaperKind is a kind of paper that a finding drafts (practice.md §3). None of them is a penalty.
type PaperKind string

// The kinds of paper.
const (
	// PaperSuggestion: a standard is not met (整改建议书).
	PaperSuggestion PaperKind = "suggestion"
	// PaperAssignment: a duty of the contract is not met (问题交办单).
	PaperAssignment PaperKind = "assignment"
	// PaperOrder: only with law, article and competence, and never from a 走访评价 (责令限期改正通知书).
	PaperOrder PaperKind = "order"
	// PaperTransfer: another authority is competent (移送函).
	PaperTransfer PaperKind = "transfer"
)

// PaperKinds are the kinds in the order of the pages.
func PaperKinds() []PaperKind {
	return []PaperKind{PaperSuggestion, PaperAssignment, PaperOrder, PaperTransfer}
}

// Title is the name of the paper.
func (k PaperKind) Title() string {
	switch k {
	case PaperSuggestion:
		return "整改建议书"
	case PaperAssignment:
		return "问题交办单"
	case PaperOrder:
		return "责令限期改正通知书"
	case PaperTransfer:
		return "移送函"
	}
	return ""
}

// Finding is what somebody found on site that must be put right, with the paper that the item list says is the right one.
type Finding struct {
	// Item is the number of the item, Sentence what must hold, Lost the points that it cost.
	Item     string
	Sentence string
	Lost     int64
	// Kind is the kind of paper, To to whom a PaperTransfer goes, "" for the firm.
	Kind PaperKind
	To   string
	// Problem is what was found, Basis where the item comes from, Request what is asked for.
	Problem, Basis, Request string
	// Law, Article and Competence are what a PaperOrder rests on.
	Law, Article, Competence string
	// Photos show it.
	Photos []files.Stored
}

// Found is a visit that counts, with its findings.
type Found struct {
	// Formal: it was found by an inspection (行政检查), not by a 走访评价.
	Formal bool
	// Visit is the id of the visit, Sheet the title of its sheet, Series the series of it, Day its day.
	Visit, Sheet, Series string
	Day                  calendar.Date
	// Project, Name, Firm and Keys are as the visit has them; Firm is "" if nobody held the project.
	Project, Name, Firm string
	Keys                []string
	// Findings are those that draft a paper, in the order of the sheet.
	Findings []Finding
}

// Findings knows what visits that count have found; inspection.Visits does.
type Findings interface {
	// Findings returns those of a visit. Returns Forbidden without policy.ReadVisit, NotFound outside the scope, Conflict for a visit that does not count yet.
	Findings(ctx context.Context, by policy.Actor, visit string) (Found, error)
	// Kept are the visits of which nothing is to be seen by the actor for now, by id: he scores them a second time (双评). What was made of their findings is kept from him too.
	Kept(ctx context.Context, by policy.Actor) (map[string]bool, error)
	// WithFindings lists the visits of the actor's scope that count and have findings, the latest first, without the findings themselves but with the kinds of their papers.
	WithFindings(ctx context.Context, by policy.Actor, after string) (store.Page[FoundKinds], error)
}

// FoundKinds is a visit in a list: which kinds of paper its findings draft, and how many findings each.
type FoundKinds struct {
	// Project is the id of the project, Name what people call it, Sheet the title of the sheet, Day the day of the visit.
	Project, Name, Sheet string
	Day                  calendar.Date
	// Kinds counts the findings by the kind of their paper.
	Kinds map[PaperKind]int
}
