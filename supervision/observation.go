package supervision

import (
	"fmt"
	"strconv"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/policy"
)

// Observation is what one person recorded about a fact of a project, or of a firm and thereby of each project that it holds on that day, and another
// person confirmed.
type Observation struct {
	// Ask is what was asked, as it was asked then: fact, name and columns only.
	Ask Ask `json:"ask"`
	// Project is the id of the project; "" if the observation is about the whole firm.
	Project string `json:"project,omitempty" privacy:"public"`
	// Firm is the id of the firm: the one observed, or the one that held the project on Day ("" if none).
	Firm string `json:"firm,omitempty" privacy:"public"`
	// Name is the name of the project or, without one, of the firm.
	Name string `json:"name" privacy:"public"`
	// Keys are the scope keys, stamped by Day.
	Keys []string `json:"keys" privacy:"internal"`
	// Cells are what is said, Day is the date of the fact.
	Cells []Cell        `json:"cells"`
	Day   calendar.Date `json:"day"`
	// Source says where it comes from: a document, a ledger, a visit.
	Source string `json:"source" privacy:"internal"`
	// Corrects is the id of the confirmed observation whose place this one takes when it is confirmed; "" otherwise.
	Corrects string `json:"corrects,omitempty" privacy:"internal"`
	// State is where it stands, Reason why it was returned or withdrawn.
	State  ObservationState `json:"state" privacy:"public"`
	Reason string           `json:"reason,omitempty" privacy:"internal"`
	// Recorded is who said so last, Reviewed who decided last.
	Recorded Hand `json:"recorded"`
	Reviewed Hand `json:"reviewed"`
	// Acts are all who recorded, corrected and reviewed.
	Acts []policy.Act `json:"acts"`
	// Approval is how far the confirmation level by level has come; nil if one second person confirms, as for everything that was recorded before the fact had
	// a chain.
	Approval *policy.Approval `json:"approval,omitempty"`
	// Scans are the papers that were signed at its levels, oldest first.
	Scans []files.Stored `json:"scans,omitempty"`
}

// ObservationState is where an observation stands. A new one gets a row in observationSteps and a word in internal/web.
type ObservationState string

// The states of an observation.
const (
	// ObservationRecorded: waits for the second person.
	ObservationRecorded ObservationState = "recorded"
	// ObservationReturned: the second person wants it corrected.
	ObservationReturned ObservationState = "returned"
	// ObservationCorrected: corrected after a return; waits for the second person.
	ObservationCorrected ObservationState = "corrected"
	// ObservationPassing: a lower level confirmed; waits for the next one.
	ObservationPassing ObservationState = "passing"
	// ObservationConfirmed: counts.
	ObservationConfirmed ObservationState = "confirmed"
	// ObservationWithdrawn: taken back before it counted.
	ObservationWithdrawn ObservationState = "withdrawn"
	// ObservationSuperseded: a confirmed observation that corrects it counts in its place.
	ObservationSuperseded ObservationState = "superseded"
)

// ObservationStates are all states, in the order of a life.
func ObservationStates() []ObservationState {
	return []ObservationState{ObservationRecorded, ObservationReturned, ObservationCorrected, ObservationPassing, ObservationConfirmed, ObservationWithdrawn,
		ObservationSuperseded}
}

// Title is the state for people.
func (s ObservationState) Title() string {
	switch s {
	case ObservationRecorded:
		return "待复核"
	case ObservationReturned:
		return "退回"
	case ObservationCorrected:
		return "已更正，待复核"
	case ObservationPassing:
		return "逐级确认中"
	case ObservationConfirmed:
		return "已确认"
	case ObservationWithdrawn:
		return "已撤回"
	case ObservationSuperseded:
		return "已被更正替代"
	}
	return "未登记"
}

// Waits reports whether another person is to decide.
func (s ObservationState) Waits() bool {
	return s == ObservationRecorded || s == ObservationCorrected || s == ObservationPassing
}

// observationStep is what is done to an observation; its text is for people.
type observationStep string

const (
	stepRecord    observationStep = "登记"
	stepPass      observationStep = "确认一级"
	stepConfirm   observationStep = "确认"
	stepPaper     observationStep = "办理签字件"
	stepReturn    observationStep = "退回"
	stepCorrect   observationStep = "更正"
	stepWithdraw  observationStep = "撤回"
	stepSupersede observationStep = "用另一条替代"
)

// observationSteps is the one table of transitions; what is not in it is a Conflict. A withdrawn correction leaves its place to the next try, because a
// confirmed observation has one place only for what corrects it.
var observationSteps = map[ObservationState]map[observationStep]ObservationState{
	"":                    {stepRecord: ObservationRecorded},
	ObservationRecorded:   {stepPass: ObservationPassing, stepPaper: ObservationRecorded, stepConfirm: ObservationConfirmed, stepReturn: ObservationReturned, stepWithdraw: ObservationWithdrawn},
	ObservationReturned:   {stepCorrect: ObservationCorrected, stepWithdraw: ObservationWithdrawn},
	ObservationCorrected:  {stepPass: ObservationPassing, stepPaper: ObservationCorrected, stepConfirm: ObservationConfirmed, stepReturn: ObservationReturned, stepWithdraw: ObservationWithdrawn},
	ObservationPassing:    {stepPass: ObservationPassing, stepPaper: ObservationPassing, stepConfirm: ObservationConfirmed, stepReturn: ObservationReturned, stepWithdraw: ObservationWithdrawn},
	ObservationConfirmed:  {stepSupersede: ObservationSuperseded},
	ObservationWithdrawn:  {stepRecord: ObservationRecorded},
	ObservationSuperseded: {},
}

// step returns the state after a step, or Conflict.
func (s ObservationState) step(do observationStep) (ObservationState, error) {
	next, ok := observationSteps[s][do]
	if !ok {
		return "", fault.New("supervision.step", fault.Conflict, fmt.Sprintf("这条记录现在是“%s”，不能%s", s.Title(), do))
	}
	return next, nil
}

// maxActs bounds how often one observation can go to and fro.
const maxActs = 40

// act notes who did a part.
func (o *Observation) act(part policy.Part, by string) error {
	if len(o.Acts) >= maxActs {
		return fault.New("supervision.act", fault.Conflict, "这条记录往返次数太多，请撤回后重新登记")
	}
	o.Acts = append(o.Acts[:len(o.Acts):len(o.Acts)], policy.Act{Part: part, By: by})
	return nil
}

// kept is what an observation keeps of an ask: what is needed to read its cells and to check them again.
func (a Ask) kept() Ask { return Ask{Fact: a.Fact, Name: a.Name, Columns: a.Columns} }

// correctionOf is the id of the one observation that may correct another: there is one place for it, so that two cannot both come to count.
func correctionOf(id string) string {
	base, count, more := strings.Cut(id, ".")
	n := 1
	if parsed, err := strconv.Atoi(count); more && err == nil {
		n = parsed
	}
	return base + "." + strconv.Itoa(n+1)
}
