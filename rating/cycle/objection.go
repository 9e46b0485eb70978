package cycle

import (
	"strings"

	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// Objection is a firm's objection to one line of the scores that it was told (得分异议), or its appeal against the stars of a year that were shown, one line or the whole (申诉).
type Objection struct {
	// Case holds project, scope keys and day; its clock is that of the answer.
	casework.Case
	// Period is the quarter or year, PeriodName for people; Evaluation is the one that was told.
	Period     string `json:"period" privacy:"public"`
	PeriodName string `json:"period_name" privacy:"public"`
	Evaluation string `json:"evaluation" privacy:"public"`
	// Line is the indicator, "" for the whole result of a year, Title its name; Points and Max are what it was told to give, nil if it did not count.
	Line   string   `json:"line" privacy:"public"`
	Title  string   `json:"title" privacy:"public"`
	Points *num.Num `json:"points,omitempty"`
	Max    *num.Num `json:"max,omitempty"`
	// Kept: the scheme keeps the line back (disclose: total), so that what it gave is told only where the lines are.
	Kept bool `json:"kept,omitempty"`
	// Facts are the ids of the facts behind the line.
	Facts []string `json:"facts,omitempty" privacy:"public"`
	// Firm is the name of the firm, Raised who objected for it, Ground why, Files what shows it.
	Firm   string           `json:"firm" privacy:"public"`
	Raised supervision.Hand `json:"raised"`
	Ground string           `json:"ground" privacy:"internal"`
	Files  []files.Stored   `json:"files,omitempty"`
	// State is where it stands, Last what was done last.
	State ObjectionState `json:"state" privacy:"public"`
	Last  ObjectionStep  `json:"last" privacy:"public"`
	// Answers are the answers, the valid one last: an upheld objection that turns out to be without ground is answered again.
	Answers []Answer `json:"answers,omitempty"`
	// Correction says what was corrected after it was upheld, nil before.
	Correction *Correction `json:"correction,omitempty"`
}

// Answer is one answer to an objection.
type Answer struct {
	supervision.Hand
	// Upheld: the line will be corrected; Words say why, and which record is to be corrected.
	Upheld bool   `json:"upheld"`
	Words  string `json:"words" privacy:"internal"`
}

// Correction says what was corrected at its source and what the line gives since.
type Correction struct {
	supervision.Hand
	// Words name the record.
	Words string `json:"words" privacy:"internal"`
	// Evaluation is the one that took the correction up, Points what the line gives in it, nil if it does not count.
	Evaluation string   `json:"evaluation" privacy:"public"`
	Points     *num.Num `json:"points,omitempty"`
}

// ObjectionState is where an objection stands. A new one gets a row in objectionSteps and a word and colour in internal/web.
type ObjectionState string

// The states of an objection.
const (
	// ObjectionOpen waits for its answer.
	ObjectionOpen ObjectionState = "open"
	// ObjectionUpheld was upheld; the record is to be corrected and the quarter evaluated anew.
	ObjectionUpheld ObjectionState = "upheld"
	// ObjectionCorrected was upheld, and the line is corrected. Final.
	ObjectionCorrected ObjectionState = "corrected"
	// ObjectionRefused was answered without effect. Final.
	ObjectionRefused ObjectionState = "refused"
	// ObjectionWithdrawn was taken back by the firm. Final.
	ObjectionWithdrawn ObjectionState = "withdrawn"
)

// ObjectionStates are all states in the order of a life.
func ObjectionStates() []ObjectionState {
	return []ObjectionState{ObjectionOpen, ObjectionUpheld, ObjectionCorrected, ObjectionRefused, ObjectionWithdrawn}
}

// Title is the state for people.
func (s ObjectionState) Title() string {
	return map[ObjectionState]string{ObjectionOpen: "异议待答复", ObjectionUpheld: "采纳待更正", ObjectionCorrected: "采纳并已更正", ObjectionRefused: "不予采纳", ObjectionWithdrawn: "已撤回异议"}[s]
}

// Final reports whether nothing can be done any more.
func (s ObjectionState) Final() bool { return len(objectionSteps[s]) == 0 }

// ObjectionStep is what is done to an objection; it names the form on its page.
type ObjectionStep string

// The steps.
const (
	// ObjectionRaise objects, ObjectionAttach adds a file, ObjectionWithdraw takes the objection back: the firm.
	ObjectionRaise    ObjectionStep = "raise"
	ObjectionAttach   ObjectionStep = "attach"
	ObjectionWithdraw ObjectionStep = "withdraw"
	// ObjectionUphold and ObjectionRefuse answer, ObjectionCorrect confirms that what was upheld is corrected: the bureau.
	ObjectionUphold  ObjectionStep = "uphold"
	ObjectionRefuse  ObjectionStep = "refuse"
	ObjectionCorrect ObjectionStep = "correct"
)

// ObjectionSteps are all steps in the order of a life.
func ObjectionSteps() []ObjectionStep {
	return []ObjectionStep{ObjectionRaise, ObjectionUphold, ObjectionCorrect, ObjectionRefuse, ObjectionAttach, ObjectionWithdraw}
}

// Title is the step for people.
func (s ObjectionStep) Title() string {
	return map[ObjectionStep]string{ObjectionRaise: "提出异议", ObjectionAttach: "补充材料", ObjectionWithdraw: "撤回异议", ObjectionUphold: "采纳", ObjectionRefuse: "不予采纳", ObjectionCorrect: "确认已更正"}[s]
}

// Action is the right that a step asks for.
func (s ObjectionStep) Action() policy.Action {
	switch s {
	case ObjectionUphold, ObjectionRefuse, ObjectionCorrect:
		return policy.AnswerObjection
	}
	return policy.RaiseObjection
}

// objectionSteps is the one table of transitions; what is not in it is a Conflict.
var objectionSteps = casework.Table[ObjectionState, ObjectionStep]{
	"":                 {ObjectionRaise: ObjectionOpen},
	ObjectionOpen:      {ObjectionAttach: ObjectionOpen, ObjectionWithdraw: ObjectionWithdrawn, ObjectionUphold: ObjectionUpheld, ObjectionRefuse: ObjectionRefused},
	ObjectionUpheld:    {ObjectionCorrect: ObjectionCorrected, ObjectionRefuse: ObjectionRefused},
	ObjectionCorrected: {},
	ObjectionRefused:   {},
	ObjectionWithdrawn: {},
}

// wholeResult stands for the whole result where the id of a line stands.
const wholeResult = ""

// Appeal reports whether it is an appeal against the stars of a year.
func (o *Objection) Appeal() bool { return !strings.Contains(o.Period, "Q") }

// Next is what comes next and who does it, for the page and the lists.
func (o *Objection) Next() string {
	switch {
	case o.State == ObjectionOpen && o.Appeal():
		return "由没有参与评价、审核的人复核答复"
	}
	switch o.State {
	case ObjectionOpen:
		return "由没有给这一项评分、复核的人答复"
	case ObjectionUpheld:
		return "在来源更正记录，重新评价后确认"
	}
	return ""
}
