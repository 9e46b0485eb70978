// Package adoption keeps the versions of the rating schemes: who proposed what, what it promises, what it would have done to past periods, who signed it, and from which day it is used.
//
//  1. The files of the configuration are the first version. Every later one is proposed, looked into, signed and adopted under a document number; until then it rates nobody.
//  2. Nothing is sent through its approval before its guarantees and its replay over the published periods are there, and as long as a refuted guarantee has not been waived by two persons with reasons.
//  3. What everybody signs is the file, the day, what was found out and the waivers; adopting compares it again.
//  4. A period keeps the scheme with which it was planned. Only what is planned on or after the day of a version uses it; published results stay under their own.
//  5. A version that was given up or refused stays in the list; its name is never used again for other rules.
//  6. One table of transitions; what is not in it is refused and writes nothing.
package adoption

import (
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/journal"
	"redsteward/policy"
	"redsteward/registry/casework"
)

// Chain is the way of approval of approvals.yaml by which a version is adopted.
const Chain = "scheme-version"

// Version is one proposed version of a scheme. The case is about the whole county: it has no project and no scope keys.
type Version struct {
	casework.Case
	// Rhythm is quarter or year; SchemeID, SchemeVersion and Title are those of the file, Hash is its SHA-256, under which it is stored.
	Rhythm        string `json:"rhythm" privacy:"public"`
	SchemeID      string `json:"scheme_id" privacy:"public"`
	SchemeVersion string `json:"scheme_version" privacy:"public"`
	Title         string `json:"title" privacy:"public"`
	Hash          string `json:"hash" privacy:"public"`
	// Origin is the name of the file as it was handed in, Why what the change is for.
	Origin string `json:"origin,omitempty" privacy:"public"`
	Why    string `json:"why" privacy:"public"`
	// From is the day from which it shall be used, Office that of who proposed it.
	From   calendar.Date `json:"from"`
	Office policy.Role   `json:"office,omitempty" privacy:"public"`
	// Base is the SHA-256 of the version with which it is compared, BaseVersion its name, Changes how many rules differ.
	Base        string `json:"base" privacy:"public"`
	BaseVersion string `json:"base_version" privacy:"public"`
	Changes     int    `json:"changes"`
	// State is where it stands, Last what was done last.
	State State `json:"state" privacy:"public"`
	Last  Step  `json:"last" privacy:"public"`
	// Study is what was found out, nil before that.
	Study *Study `json:"study,omitempty"`
	// Waivers let refuted guarantees pass.
	Waivers []Waiver `json:"waivers,omitempty"`
	// Adopted is there once it was adopted.
	Adopted *Adopted `json:"adopted,omitempty"`
}

// Study sums up what was found out about a version; File holds all of it.
type Study struct {
	// File is the SHA-256 of the stored Report, At and By say when it was made and who asked for it.
	File string       `json:"file" privacy:"public"`
	At   journal.Time `json:"at"`
	By   string       `json:"by" privacy:"internal"`
	// Periods are the published periods over which it was replayed, Evaluations what was published of them, Base the version in force then.
	Periods     []string `json:"periods,omitempty" privacy:"public"`
	Evaluations []string `json:"evaluations,omitempty" privacy:"public"`
	Base        string   `json:"base" privacy:"public"`
	// Proved to NotApplicable count the guarantees.
	Proved        int `json:"proved"`
	NotRefuted    int `json:"not_refuted"`
	Refuted       int `json:"refuted"`
	Reminders     int `json:"reminders"`
	NotApplicable int `json:"not_applicable"`
	// Broken are the refuted guarantees that need a waiver.
	Broken []Broken `json:"broken,omitempty"`
	// Subjects to Down count over all replayed periods; Lost is how many facts some period does not have.
	Subjects int `json:"subjects"`
	Moved    int `json:"moved"`
	Up       int `json:"up"`
	Down     int `json:"down"`
	Lost     int `json:"lost"`
}

// Broken names a refuted guarantee.
type Broken struct {
	Guarantee string `json:"guarantee" privacy:"public"`
	About     string `json:"about,omitempty" privacy:"public"`
	Title     string `json:"title" privacy:"public"`
}

// Waiver is one person's reason why a version may be adopted although it breaks guarantees.
type Waiver struct {
	By     string       `json:"by" privacy:"internal"`
	Office policy.Role  `json:"office,omitempty" privacy:"public"`
	At     journal.Time `json:"at"`
	Reason string       `json:"reason" privacy:"public"`
}

// waiversNeeded is how many persons have to waive.
const waiversNeeded = 2

// Adopted is the adoption itself.
type Adopted struct {
	By     string       `json:"by" privacy:"internal"`
	Office policy.Role  `json:"office,omitempty" privacy:"public"`
	At     journal.Time `json:"at"`
	// Number is the document number (文号), From the day from which periods that are planned use it: the day that was signed, or the day of the adoption if that came later.
	Number string        `json:"number" privacy:"public"`
	From   calendar.Date `json:"from"`
}

// State is where a version stands. A new one gets a row in steps and a word and colour in internal/web.
type State string

// The states of a version.
const (
	// Draft: it is looked into, or was sent back.
	Draft State = "draft"
	// Signing: it goes through its approval.
	Signing State = "signing"
	// Approved: everybody signed; the document number is missing.
	Approved State = "approved"
	// InUse: it was adopted and is used from its day on, until a later one is. Nothing is done to it any more.
	InUse State = "adopted"
	// Refused: its approval was refused. Final.
	Refused State = "refused"
	// Withdrawn: given up, with the reason. Final.
	Withdrawn State = "withdrawn"
)

// States are all states in the order of a life.
func States() []State { return []State{Draft, Signing, Approved, InUse, Refused, Withdrawn} }

// Title is the state for people.
func (s State) Title() string {
	return map[State]string{Draft: "草稿", Signing: "审批中", Approved: "待发文", InUse: "已采用", Refused: "审批未同意", Withdrawn: "已撤回"}[s]
}

// Final reports whether nothing can be done any more.
func (s State) Final() bool { return len(steps[s]) == 0 }

// Step is what is done to a version; it names the form on its page.
type Step string

// The steps.
const (
	// StepPropose hands a version in, StepStudy computes guarantees and replay, StepWaive lets refuted guarantees pass.
	StepPropose Step = "propose"
	StepStudy   Step = "study"
	StepWaive   Step = "waive"
	// StepSend sends it through its approval, StepSign is a signature, StepAdopt adopts it under a document number.
	StepSend  Step = "send"
	StepSign  Step = "sign"
	StepAdopt Step = "adopt"
	// StepWithdraw gives it up.
	StepWithdraw Step = "withdraw"
)

// Steps are all steps in the order of a life.
func Steps() []Step {
	return []Step{StepPropose, StepStudy, StepWaive, StepSend, StepSign, StepAdopt, StepWithdraw}
}

// Title is the step for people.
func (s Step) Title() string {
	return map[Step]string{StepPropose: "提出方案", StepStudy: "测算", StepWaive: "放行不成立的保证", StepSend: "送审", StepSign: "审批签署", StepAdopt: "发文采用", StepWithdraw: "撤回"}[s]
}

// Action is the right that a step asks for.
func (s Step) Action() policy.Action {
	switch s {
	case StepSign:
		return policy.SignApproval
	case StepWaive:
		return policy.WaiveScheme
	case StepAdopt:
		return policy.AdoptScheme
	}
	return policy.ProposeScheme
}

// steps is the one table of transitions; what is not in it is a Conflict. Where a signature leads is what the approval became.
var steps = casework.Table[State, Step]{
	"":        {StepPropose: Draft},
	Draft:     {StepStudy: Draft, StepWaive: Draft, StepSend: Signing, StepWithdraw: Withdrawn},
	Signing:   {StepSign: Signing, StepWithdraw: Withdrawn},
	Approved:  {StepAdopt: InUse, StepWithdraw: Withdrawn},
	InUse:     {},
	Refused:   {},
	Withdrawn: {},
}

// word is what people call a version.
const word = "这一版方案"

// next returns the state after a step, or Conflict.
func (s State) next(do Step) (State, error) { return steps.Next(word, s, do) }

// Waived reports whether every refuted guarantee may pass: there is none, or enough persons gave a reason.
func (v *Version) Waived() bool {
	return v.Study != nil && (len(v.Study.Broken) == 0 || len(v.Waivers) >= waiversNeeded)
}

// Next is what comes next and who does it, for the page and the lists.
func (v *Version) Next() string {
	switch {
	case v.State == Draft && v.Study == nil:
		return "测算保证和以往各期的变化"
	case v.State == Draft && !v.Waived():
		return "有保证不成立：修改方案，或者由两人写明理由放行"
	case v.State == Draft:
		return "物业管理股核对测算结果后送审"
	case v.State == Signing:
		return "等各级签署"
	case v.State == Approved:
		return "编文号采用，" + v.From.Chinese() + "起建立的周期使用"
	}
	return ""
}

// says is what everybody signs.
func (v *Version) says() any {
	study := ""
	if v.Study != nil {
		study = v.Study.File
	}
	return []any{v.Rhythm, v.Hash, v.From, v.Base, v.Why, study, v.Waivers}
}

// waivedBy reports whether somebody waived already.
func (v *Version) waivedBy(id string) bool {
	return slices.ContainsFunc(v.Waivers, func(w Waiver) bool { return w.By == id })
}
