package rating

import "redsteward/internal/num"

// Result is one evaluation: a line for every point, and what became of them. It names the texts of rules by id; Scheme holds them.
type Result struct {
	// Engine is EngineVersion at the time.
	Engine int
	// Scheme names the rule: its id, version and the SHA-256 of its file.
	SchemeID, SchemeVersion, SchemeHash string
	// Cohort is the hash of the statistics of all subjects, empty if the scheme compares nobody.
	Cohort string
	// Facts is the hash of the frozen facts.
	Facts string
	// Subject, Period and AsOf are those of the subject.
	Subject, Period string
	AsOf            Date
	// History are the earlier results that were read.
	History []PastUse
	// Lines are the indicators in the order of the scheme; those of a sheet that was not chosen are left out.
	Lines []Line
	// Parts are the parts in the order of the scheme, without those of a sheet that was not chosen.
	Parts []PartLine
	// Base is the aggregated total before, Total the total after the adjustments.
	Base, Total PartLine
	// Adjust are the adjustments that were applied, and those whose condition could not be computed.
	Adjust []AdjustLine
	// Outputs are the other named results.
	Outputs []OutputLine
	// Unmet are the ids of the requirements of taking part that were not met.
	Unmet []string
	// Blocked are the reasons why no grade can be given: ids of indicators, parts, adjustments and earlier results.
	Blocked []string
	// Status is rated, blocked, ineligible or void.
	Status string
	// Grade is the id of the grade, empty if the scheme has none or none fits.
	Grade string
	// Label is the grade's text.
	Label string
	// Level is the grade's place in the order of grades; nil if it has none.
	Level *int
	// Held is the id of the grade before the promotion limit took it down; empty if it did not.
	Held string
}

// The values of Result.Status.
const (
	StatusRated      = "rated"
	StatusBlocked    = "blocked"
	StatusIneligible = "ineligible"
	StatusVoid       = "void"
)

// LineState says how an indicator came to its points.
type LineState uint8

// The states of a line.
const (
	LineScored        LineState = iota // by its rule.
	LineMissing                        // by its rule for missing data.
	LineNotApplicable                  // by its rule for what does not apply.
)

// Line is one indicator of a result.
type Line struct {
	// ID is the indicator's.
	ID string
	// State says how it came to its points; Treated says by which mode of Absent if it was not scored.
	State   LineState
	Treated string
	// Reason says in Chinese why it was not scored.
	Reason string
	// Counted is false if the line was left out.
	Counted bool
	// Value is what the rule read; only if HasValue.
	Value    num.Num
	HasValue bool
	// Points and Max are the points and the maximum; both 0 if not counted.
	Points, Max num.Num
	// Facts are the facts behind the line.
	Facts []FactUse
	// Items are the items of a checklist, the levels of a survey, or the events that counted.
	Items []ItemLine
}

// Lost is how many points are missing to the maximum.
func (l *Line) Lost() num.Num { return l.Max.Sub(l.Points) }

func (l *Line) read(x num.Num) { l.Value, l.HasValue = x, true }

// FactUse is one fact behind a line.
type FactUse struct {
	// ID is the fact's.
	ID string
	// Value is the frozen fact; it is shared with the subject and must not be changed.
	Value *Value

	numeric bool // whether Value.Number means something
}

// ItemLine is one item of a checklist (Points = weight × value of Max = weight × scale), one deduction (Points is negative), one level
// of a survey (Points = worth × answers of Max answers), or one event.
type ItemLine struct {
	ID          string
	State       State
	Value       num.Num
	Points, Max num.Num
	Date, Until Date
	Source      string
}

// PartLine is one part of a result, or the total.
type PartLine struct {
	ID string
	// Counted is false if the part was left out.
	Counted bool
	// Points and Max are the points and the maximum.
	Points, Max num.Num
	// Shown is the number of points as it is printed.
	Shown string
	// Steps are the steps of a stepwise adjustment that were taken.
	Steps []StepLine
	// Chosen is the member that method choose took.
	Chosen string
}

// Rate is points ÷ maximum; false if there is no maximum.
func (p *PartLine) Rate() (num.Num, bool) {
	q, err := p.Points.Quo(p.Max)
	return q, err == nil
}

// StepLine is one step that was taken.
type StepLine struct {
	ID string
	// After is the value after the step.
	After num.Num
}

// AdjustLine is one adjustment.
type AdjustLine struct {
	ID string
	// Applied is false if the condition could not be computed; then Reason says why.
	Applied bool
	Reason  string
	// Before and After are the total around the adjustment; only for those that act on the total.
	Before, After num.Num
	// GradeBefore and GradeAfter are the grades around it; only for those that act on the grade.
	GradeBefore, GradeAfter string
	// Facts are the facts behind its condition and its points.
	Facts []FactUse
	// Items are the events that triggered it.
	Items []ItemLine
}

// OutputLine is one named output.
type OutputLine struct {
	ID string
	// Known is false if there was no value; then Reason says why.
	Known  bool
	Reason string
	Value  num.Num
	Shown  string
	// Facts are the facts that its expression reads.
	Facts []FactUse
}

// PastUse names an earlier result that was read.
type PastUse struct {
	// ID is the name under which the scheme reads it.
	ID string
	// Hash is that of the earlier result.
	Hash string
}

// Line returns the line of an indicator, or nil.
func (r *Result) Line(id string) *Line {
	for i := range r.Lines {
		if r.Lines[i].ID == id {
			return &r.Lines[i]
		}
	}
	return nil
}

// Part returns a part, or nil; "total" is the total.
func (r *Result) Part(id string) *PartLine {
	if id == "total" {
		return &r.Total
	}
	for i := range r.Parts {
		if r.Parts[i].ID == id {
			return &r.Parts[i]
		}
	}
	return nil
}

// Output returns a named output, or nil.
func (r *Result) Output(id string) *OutputLine {
	for i := range r.Outputs {
		if r.Outputs[i].ID == id {
			return &r.Outputs[i]
		}
	}
	return nil
}
