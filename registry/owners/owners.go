// Package owners follows how a compound comes to an owners' body, 业委会 or 物管会, or to the next one (组建、换届): preparatory group, qualification of the candidates by the party
// organisation of the community, public notice, vote, filing. Who is in office since when stands in the register alone; votes and filings are looked up there, never copied.
//
//  1. One table says which step is possible in which state, for which body and with which right; whatever is not in it is a Conflict and writes nothing.
//  2. At most one founding of a project is open.
//  3. Who put the candidates forward does not judge whether they qualify.
//  4. A committee stands on a vote that reached the thresholds of article 278 and was held after the notice had ended; both bodies stand on a registered filing. The last step writes the term into
//     the register and is the only one that does.
//  5. People are counted, members of the party too; no name is kept.
//  6. A row outside the actor's scope does not exist for him.
package owners

import (
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/registry"
)

// Founding is one founding or renewal of an owners' body with all that was recorded about it.
type Founding struct {
	// Project is the id of the project, ProjectName its name, Kind the body: 业委会 or 物管会.
	Project     string            `json:"project" privacy:"public"`
	ProjectName string            `json:"project_name" privacy:"public"`
	Kind        registry.BodyKind `json:"kind" privacy:"public"`
	// Renewal: there was a body of this kind before (换届).
	Renewal bool `json:"renewal,omitempty"`
	// Keys are the scope keys, Day the day by which they were stamped.
	Keys []string      `json:"keys" privacy:"internal"`
	Day  calendar.Date `json:"day"`
	// State is where it stands, Last the step that was done last.
	State State `json:"state" privacy:"public"`
	Last  Step  `json:"last" privacy:"internal"`
	// Group is the preparatory group, Meeting until when it has to call the first owners' meeting.
	Group   Group             `json:"group"`
	Meeting calendar.Deadline `json:"meeting,omitzero"`
	// Candidates are those that were put forward, Qualify until when the party organisation answers, Qualified those that it let stand.
	Candidates Candidates        `json:"candidates,omitzero"`
	Qualify    calendar.Deadline `json:"qualify,omitzero"`
	Qualified  Count             `json:"qualified,omitzero"`
	// Notice is the public notice of the candidates, Ends its last day, Objections what was objected.
	Notice     Notice            `json:"notice,omitzero"`
	Ends       calendar.Deadline `json:"ends,omitzero"`
	Objections []Objection       `json:"objections,omitempty"`
	// Vote is the id of the vote that elected, "" for a body without one; Chosen are the members; FileBy is until when it has to be filed.
	Vote   string            `json:"vote,omitempty" privacy:"public"`
	Chosen Count             `json:"chosen,omitzero"`
	FileBy calendar.Deadline `json:"file_by,omitzero"`
	// Filing is the id of the filing, Number its register number, From the first day of the term, which the register holds.
	Filing string        `json:"filing,omitempty" privacy:"public"`
	Number string        `json:"number,omitempty" privacy:"public"`
	From   calendar.Date `json:"from,omitzero"`
	// Acts say who put candidates forward.
	Acts []policy.Act `json:"acts,omitempty"`
	// Reason is why the candidates were returned, the vote did not carry, or all was given up.
	Reason string `json:"reason,omitempty" privacy:"internal"`
}

// Group is a preparatory group (筹备组); for a 物管会 the group that forms it.
type Group struct {
	// On is the day of its formation, Members how many people it has, Owners how many of them stand for the owners, Party how many are members of the party.
	On      calendar.Date `json:"on"`
	Members int64         `json:"members"`
	Owners  int64         `json:"owners"`
	Party   int64         `json:"party,omitempty"`
}

// Candidates are those that were put forward.
type Candidates struct {
	// Seats is how many members the body is to have.
	Seats int64 `json:"seats"`
	Count
}

// Count is how many people there were on a day, and how many of them are members of the party.
type Count struct {
	// On is the day, All how many, Party how many of them are members of the party.
	On    calendar.Date `json:"on"`
	All   int64         `json:"all"`
	Party int64         `json:"party,omitempty"`
}

// Notice is a public notice.
type Notice struct {
	// On is its first day, Where the place.
	On    calendar.Date `json:"on"`
	Where string        `json:"where" privacy:"public"`
}

// Objection is what was objected to candidates and how it was settled, without names.
type Objection struct {
	// On is the day of the answer, What the objection, Answer how it was settled.
	On     calendar.Date `json:"on"`
	What   string        `json:"what" privacy:"internal"`
	Answer string        `json:"answer" privacy:"internal"`
}

// State is where a founding stands. A new one gets rows in the table and a word and colour in internal/web.
type State string

// The states.
const (
	// Preparing: the group prepares the candidates.
	Preparing State = "preparing"
	// Reviewing: the party organisation judges whether they qualify.
	Reviewing State = "reviewing"
	// Qualified: they are to be shown to the owners.
	Qualified State = "qualified"
	// Noticed: they are shown to the owners.
	Noticed State = "noticed"
	// Chosen: the members are elected or named; to be filed.
	Chosen State = "chosen"
	// Filed: in office. Final.
	Filed State = "filed"
	// Ended: given up. Final.
	Ended State = "ended"
)

// States are all states in the order of a life.
func States() []registry.Choice {
	return []registry.Choice{{ID: string(Preparing), Text: "筹备中"}, {ID: string(Reviewing), Text: "资格审查中"}, {ID: string(Qualified), Text: "待公示"}, {ID: string(Noticed), Text: "公示中"},
		{ID: string(Chosen), Text: "待备案"}, {ID: string(Filed), Text: "已备案"}, {ID: string(Ended), Text: "已终止"}}
}

// Title is the state for people.
func (s State) Title() string { return registry.TextOf(States(), s) }

// Final reports whether nothing can be done any more.
func (s State) Final() bool { return s == Filed || s == Ended }

// Step is what is done to a founding; its text is for people.
type Step string

// The steps.
const (
	// StepOpen enters the preparatory group.
	StepOpen Step = "成立筹备组"
	// StepPropose to StepEnd are the steps of a founding.
	StepPropose Step = "报送候选人"
	StepPass    Step = "资格审查通过"
	StepReturn  Step = "资格审查退回"
	StepNotice  Step = "公示候选人"
	StepObject  Step = "登记异议"
	StepVote    Step = "登记选举结果"
	StepLost    Step = "登记选举未通过"
	StepName    Step = "确定组成人员"
	StepFile    Step = "登记备案"
	StepEnd     Step = "终止"
)

// row is one line of the table of transitions.
type row struct {
	from State
	step Step
	to   State
	// needs is the right of the step; only is the body that has it, "" for both.
	needs policy.Action
	only  registry.BodyKind
}

// table is the one table of transitions; what is not in it is a Conflict.
var table = []row{
	{Preparing, StepPropose, Reviewing, policy.PrepareBody, ""},
	{Preparing, StepEnd, Ended, policy.PrepareBody, ""},
	{Reviewing, StepPass, Qualified, policy.QualifyBody, ""},
	{Reviewing, StepReturn, Preparing, policy.QualifyBody, ""},
	{Reviewing, StepEnd, Ended, policy.PrepareBody, ""},
	{Qualified, StepNotice, Noticed, policy.PrepareBody, ""},
	{Qualified, StepEnd, Ended, policy.PrepareBody, ""},
	{Noticed, StepObject, Noticed, policy.PrepareBody, ""},
	{Noticed, StepVote, Chosen, policy.PrepareBody, registry.BodyCommittee},
	{Noticed, StepLost, Preparing, policy.PrepareBody, registry.BodyCommittee},
	{Noticed, StepName, Chosen, policy.PrepareBody, registry.BodyManagement},
	{Noticed, StepEnd, Ended, policy.PrepareBody, ""},
	{Chosen, StepFile, Filed, policy.WriteRegister, ""},
	{Chosen, StepEnd, Ended, policy.PrepareBody, ""},
}

// rowOf is the line of a step in the present state, false if there is none.
func (f *Founding) rowOf(step Step) (row, bool) {
	at := slices.IndexFunc(table, func(r row) bool { return r.from == f.State && r.step == step && (r.only == "" || r.only == f.Kind) })
	if at < 0 {
		return row{}, false
	}
	return table[at], true
}

// next returns the state after a step, or Conflict.
func (f *Founding) next(step Step) (State, error) {
	r, ok := f.rowOf(step)
	if !ok {
		return "", fault.New("owners.next", fault.Conflict, fmt.Sprintf("%s现在是“%s”，不能%s，请刷新后再看", f.Title(), f.State.Title(), step))
	}
	return r.to, nil
}

// Steps are the steps that the table knows from the present state, in its order.
func (f *Founding) Steps() []Step {
	var out []Step
	for _, r := range table {
		if r.from == f.State && (r.only == "" || r.only == f.Kind) {
			out = append(out, r.step)
		}
	}
	return out
}

// Needs is the right of a step, the same in every state; "" for one that the table does not know.
func Needs(step Step) policy.Action {
	at := slices.IndexFunc(table, func(r row) bool { return r.step == step })
	if at < 0 {
		return ""
	}
	return table[at].needs
}

// BodyWord is 业委会 or 物管会.
func (f *Founding) BodyWord() string { return registry.TextOf(registry.BodyKinds(), f.Kind) }

// Title is what it is for people, “望湖苑业委会换届”.
func (f *Founding) Title() string {
	if f.Renewal {
		return f.ProjectName + f.BodyWord() + "换届"
	}
	return f.ProjectName + f.BodyWord() + "组建"
}

// Clock is the deadline of the present state, empty without one.
func (f *Founding) Clock() calendar.Deadline {
	switch f.State {
	case Preparing, Qualified:
		return f.Meeting
	case Reviewing:
		return f.Qualify
	case Noticed:
		return f.Ends
	case Chosen:
		return f.FileBy
	}
	return calendar.Deadline{}
}

// smallCompound is the number of households below which three members are enough.
const smallCompound = 100

// seats is how many members a body has at least and at most: 指导规则 article 31 gives a committee five to eleven, and practice three where fewer than 100 households live; a 物管会 has five to
// fifteen. The number is odd.
func seats(kind registry.BodyKind, households int64) (least, most int64) {
	switch {
	case kind == registry.BodyManagement:
		return 5, 15
	case households < smallCompound:
		return 3, 11
	}
	return 5, 11
}

// longestTerm is how many years a body is in office at most: 指导规则 article 32 for a committee, practice for a 物管会.
func longestTerm(kind registry.BodyKind) int {
	if kind == registry.BodyManagement {
		return 3
	}
	return 5
}
