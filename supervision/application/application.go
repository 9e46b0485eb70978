// Package application keeps the applications for the star of a year (企业申报, practice.md §1): the call, the pledge (承诺书), the opinion of each level, and what the joint review keeps back.
//
//  1. A firm applies for a compound that it serves, once a year, within the window of the call; a window never ends early, and one whose end nobody can compute yet has not ended.
//  2. It is handed in with a pledge: signed on the screen with the password, or as a scan.
//  3. Every level of its way of approval gives an opinion; nobody signs at two of them. It is returned for completion once.
//  4. The joint review may keep a star back with a reason and its minutes; nothing here raises one.
//  5. Only who applied and passed every level can get a star; who did not is told so to everybody. One table of transitions; what is not in it is refused and writes nothing.
package application

import (
	"redsteward/internal/journal"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// Application is a firm's application for the star of a compound and a year.
type Application struct {
	// Case is what it shares with every case; Clock is that of the level that has to decide, or of the firm's completion.
	casework.Case
	// Year is the id of the year, as 2026; YearName for people.
	Year     string `json:"year" privacy:"public"`
	YearName string `json:"year_name" privacy:"public"`
	// Firm is who serves the compound and applies, with its name.
	Firm     string `json:"firm" privacy:"public"`
	FirmName string `json:"firm_name" privacy:"public"`
	// Words are what the firm says of itself.
	Words string `json:"words" privacy:"internal"`
	// State is where it stands, Last what was done last.
	State State `json:"state" privacy:"public"`
	Last  Step  `json:"last" privacy:"public"`
	// Pledges are the pledges, the valid one last: a completed application is pledged anew. One without a file was signed with the password.
	Pledges []casework.Paper `json:"pledges,omitempty"`
	// Returned reports whether it was returned for completion: a second time is refused.
	Returned bool `json:"returned,omitempty"`
	// Held is what the joint review keeps back, nil for nothing.
	Held *Held `json:"held,omitempty"`
	// Agreed is where the joint review agreed to the star that the rule gives, nil where it did not look or keeps something back.
	Agreed *Agreed `json:"agreed,omitempty"`
}

// Agreed is the agreement of the joint review. It changes no star.
type Agreed struct {
	// Minutes are those of the joint review, with number and day.
	Minutes casework.Paper `json:"minutes"`
	// Recorded is who recorded it.
	Recorded supervision.Hand `json:"recorded"`
	// N and At are the log number and the time of the record before it, which is the last on which a star can rest; N is 0 where it was not known yet, At the zero time where the agreement itself took a limit away.
	N  int64        `json:"n,omitempty"`
	At journal.Time `json:"at,omitzero"`

	// frees: it took a limit away.
	frees bool
}

// Held is what the joint review keeps back of a star (联审).
type Held struct {
	// Star is the highest star that it leaves, 0 for none at all.
	Star int64 `json:"star"`
	// Minutes are those of the joint review, with number and day; Text is the reason.
	Minutes casework.Paper `json:"minutes"`
	// Recorded is who recorded it.
	Recorded supervision.Hand `json:"recorded"`
}

// State is where an application stands. A new one gets a row in steps and a word and colour in internal/web.
type State string

// The states of an application.
const (
	// Draft: the firm writes it and has not handed it in.
	Draft State = "draft"
	// Reviewing: a level has to give its opinion.
	Reviewing State = "reviewing"
	// Completing: it was returned to the firm, once.
	Completing State = "completing"
	// Passed: every level agreed; the joint review decides.
	Passed State = "passed"
	// Refused: a level did not agree. Final.
	Refused State = "refused"
	// Lapsed: the firm did not complete it in time. Final.
	Lapsed State = "lapsed"
	// Withdrawn: taken back by the firm, who may apply again within the window. Final.
	Withdrawn State = "withdrawn"
)

// States are all states in the order of a life.
func States() []State {
	return []State{Draft, Reviewing, Completing, Passed, Refused, Lapsed, Withdrawn}
}

// Title is the state for people.
func (s State) Title() string {
	return map[State]string{Draft: "待提交", Reviewing: "逐级审核中", Completing: "退回补正", Passed: "审核通过", Refused: "审核未通过", Lapsed: "逾期未补正", Withdrawn: "已撤回申报"}[s]
}

// Final reports whether nothing is to be done any more. What passed is done, although the joint review may keep a star back.
func (s State) Final() bool { return s == Passed || len(steps[s]) == 0 }

// Step is what is done to an application; it names the form on its page.
type Step string

// The steps.
const (
	// StepDraft begins it, StepSubmit hands it in, for the first time or completed, StepWithdraw takes it back: the firm.
	StepDraft    Step = "draft"
	StepSubmit   Step = "submit"
	StepWithdraw Step = "withdraw"
	// StepSign is an opinion that leaves it open; the others are where an opinion leads.
	StepSign   Step = "sign"
	StepReturn Step = "return"
	StepReject Step = "reject"
	StepPass   Step = "pass"
	// StepLapse ends what was not completed in time.
	StepLapse Step = "lapse"
	// StepAgree records that the joint review agrees to what the rule gives, StepHold what it keeps back, StepFree that it does not any more.
	StepAgree Step = "agree"
	StepHold  Step = "hold"
	StepFree  Step = "free"
)

// Steps are all steps in the order of a life.
func Steps() []Step {
	return []Step{StepDraft, StepSubmit, StepSign, StepReturn, StepReject, StepPass, StepLapse, StepAgree, StepHold, StepFree, StepWithdraw}
}

// Title is the step for people.
func (s Step) Title() string {
	return map[Step]string{StepDraft: "起草申报", StepSubmit: "签承诺书并提交", StepSign: "签署意见", StepReturn: "退回补正", StepReject: "不同意", StepPass: "各级同意", StepLapse: "逾期未补正，终止", StepAgree: "登记联审同意拟评星级", StepHold: "登记联审不评或者降低星级", StepFree: "取消联审的限制", StepWithdraw: "撤回申报"}[s]
}

// Action is the right that a step asks for.
func (s Step) Action() policy.Action {
	switch s {
	case StepDraft, StepSubmit, StepWithdraw:
		return policy.ApplyStar
	case StepSign, StepReturn, StepReject, StepPass:
		return policy.SignApproval
	}
	return policy.HoldStar
}

// steps is the one table of transitions; what is not in it is a Conflict.
var steps = casework.Table[State, Step]{
	"":         {StepDraft: Draft},
	Draft:      {StepSubmit: Reviewing, StepWithdraw: Withdrawn},
	Reviewing:  {StepSign: Reviewing, StepReturn: Completing, StepReject: Refused, StepPass: Passed, StepWithdraw: Withdrawn},
	Completing: {StepSubmit: Reviewing, StepLapse: Lapsed, StepWithdraw: Withdrawn},
	Passed:     {StepAgree: Passed, StepHold: Passed, StepFree: Passed},
	Refused:    {},
	Lapsed:     {},
	Withdrawn:  {},
}

// word is what people call one.
const word = "这份申报"

// next returns the state after a step, or Conflict.
func (a *Application) next(do Step) (State, error) { return steps.Next(word, a.State, do) }

// Level is the name of the level at which it stands, "" before it was handed in.
func (a *Application) Level() string {
	if a.Approval == nil {
		return ""
	}
	return a.Approval.Chain.Levels[a.Approval.Level].Name
}

// Standing is where it stands for people, with the level: 社区党组织初评中, 乡镇党委审核未通过.
func (a *Application) Standing() string {
	switch a.State {
	case Reviewing:
		return a.Level() + "中"
	case Refused:
		return a.Level() + "未通过"
	case Passed:
		if a.Held != nil {
			return "联审" + HeldTitle(a.Held.Star)
		}
	}
	return a.State.Title()
}

// The results of the joint review that keep nothing back.
const (
	JointWaits  = "待联审"
	JointAgreed = "同意拟评"
)

// Joint is the result of the joint review for people: JointWaits for what passed and was not looked at, JointAgreed, 不评星, 最高三星; "" before it can look.
func (a *Application) Joint() string {
	switch {
	case a.Held != nil:
		return HeldTitle(a.Held.Star)
	case a.Agreed != nil:
		return JointAgreed
	case a.State == Passed:
		return JointWaits
	}
	return ""
}

// HeldTitle says what a joint review leaves: 不评星, 最高三星.
func HeldTitle(star int64) string {
	if star == 0 {
		return "不评星"
	}
	return "最高" + []string{"", "一", "二", "三", "四", "五"}[min(star, 5)] + "星"
}

// Next is what comes next and who does it, for the page and the lists.
func (a *Application) Next() string {
	switch a.State {
	case Draft:
		return "企业签承诺书，在申报期内提交"
	case Reviewing:
		return "等" + a.Level()
	case Completing:
		return "企业补正后重新提交，只有一次"
	case Passed:
		return "评价、联审、公示以后公布星级"
	}
	return ""
}

// says is what every level signs.
func (a *Application) says() any {
	return []any{a.Project, a.Year, a.Firm, a.Words, a.Pledges}
}

// signers are who gave an opinion that stands, on the screen, on paper or through a deputy.
func (a *Application) signers() []policy.Act {
	var out []policy.Act
	if a.Approval == nil {
		return nil
	}
	for _, d := range a.Approval.Decisions {
		out = append(out, policy.Act{Part: policy.PartMake, By: d.By})
		if d.Paper != nil {
			out = append(out, policy.Act{Part: policy.PartMake, By: d.Paper.Signer})
		}
		if d.For != "" {
			out = append(out, policy.Act{Part: policy.PartMake, By: d.For})
		}
	}
	return out
}
