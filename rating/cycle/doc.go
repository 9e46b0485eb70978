// Package cycle runs the rating of a period: it opens the window, freezes the facts, evaluates, and lets a second person publish.
//
//  1. Facts are frozen before anything is evaluated: one document for each project and period, gathered as of a log number and a cut-off. Evaluation reads
//     only these. What was accepted after the cut-off is listed (截止后到达) and does not count, but for an upheld objection (8).
//  2. A reading counts only for the firm that holds the project at the cut-off: a star belongs to project, firm and contract.
//  3. What the register holds is never asked; facts with source registry come from there.
//  4. One evaluation runs at a time, in all processes together. It can be left and found again.
//  5. A period moves planned → open → closed → evaluated → published and never back. What is published never changes.
//  6. Nothing is published before every level of its way of approval has signed the same digest of results and minutes. Who evaluated signs nowhere and publishes
//     not, nor does who sent it. A year is sent only with the minutes of the joint review, and published only under a document number that no other paper holds.
//  7. The scores of a quarter are told to the firms before they are sent through their approval (得分告知): each sees the lines of its own projects and may object to single lines within
//     the window, which never ends early. What is published is what was told last; scores that were evaluated anew are told again, and only lines that changed can be objected to again.
//  8. An objection is answered by somebody who neither scored nor reviewed the line. What an upheld one corrects, it corrects at the source; for that line of that project what was
//     accepted after the cut-off then counts too. Who answered signs and publishes nothing.
//  9. A refused call writes nothing.
package cycle

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/registry"
	"redsteward/supervision"
)

// SourceRegistry is the source of facts that the register holds.
const SourceRegistry = "registry"

// Register says which projects there are and who holds them. The register implements it.
type Register interface {
	// EachHolding yields what is known on a day of every project that is not closed, in order of project id.
	EachHolding(ctx context.Context, on calendar.Date, yield func(registry.Holding) error) error
	// Holding is what is known of one project on a day. Returns NotFound if there is no such project.
	Holding(ctx context.Context, project string, on calendar.Date) (registry.Holding, error)
}

// Window is what a period asks for and until when.
type Window struct {
	// Period is the id: 2026Q3 or 2026. Name is for people.
	Period, Name string
	// Days are the days of the facts.
	Days calendar.Span
	// Opened is when it was opened, Until the last day on which proof may be submitted (材料提交截止).
	Opened time.Time
	Until  calendar.Date
	// Asks is what is asked of each source, by the source's name. A year does not ask again for what its quarters were told.
	Asks map[string][]supervision.Ask
}

// Windows are told when a period begins and ceases to take proof. Both calls are repeated after a crash and must then change nothing more.
type Windows interface {
	// OpenWindow begins to take proof for the period.
	OpenWindow(ctx context.Context, w Window) error
	// CloseWindow ends it at an instant.
	CloseWindow(ctx context.Context, period string, at time.Time) error
}
