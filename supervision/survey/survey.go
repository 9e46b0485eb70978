// Package survey asks the households of a project once a year how satisfied they are with its firm (满意度调查), and keeps nothing by which an answer could be traced to a household.
//
//  1. A project has one survey a year: one stream. Who runs it is the bureau; nobody who acts for a firm runs, enters or publishes one (practice.md §2: the owners' voice).
//  2. The sizes are practice.md §7 as data. Households are drawn by building from a seed that nobody chooses: its hash is public before anybody is asked, the seed with the result, and Draw gives the same
//     again. A household that does not answer is not replaced by another one: practice.md names no replacement, and one would let the community choose.
//  3. A household answers once: by the code of a slip (without account), or from the list of places. A second time is refused with a word of its own.
//  4. Too few answers are a result of their own, never a rate: then what was answered is destroyed uncounted. A question that too few answered has no counts.
//  5. Who ran a survey or entered answers does not publish it (policy.Separate S-2).
//
// Why no answer leads to a household. The slips of one building are alike: which household gets which code is written nowhere, and codes are not stored but derived from the key of the store. While a survey is
// open its answers are one document without journal, the box: the sums of each question and the marks of the codes that were used, sorted. So there is no record of an answer, no order, no time, no actor of a
// single one; two states of the store differ by sums. When the survey is closed the sums go into the journal if there are enough of them, and the box is deleted (SQLite overwrites what it frees): afterwards not
// even the store tells who answered. Firms and communities see no number before the result is published.
//
// Limits. Somebody who holds the disk and the master key and copies the box before and after every single answer sees what changed, and can tell which slip it was; he learns the building, and the household only if
// the community wrote down who got which slip. Whoever types a sheet of paper sees it; so the bureau types, never the community or the firm. The log of the web server says that some address sent something at
// some time, not for which survey. Because the box has no journal, answers of an open survey are not in the log's proofs and are lost with the disk unless it was copied.
package survey

import (
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/registry"
)

// Survey is the survey of one project in one year.
type Survey struct {
	// Project, Community and Township are ids with their names, Firm who held the project on Day ("" for nobody); Keys are the scope keys stamped then.
	Project       string        `json:"project" privacy:"public"`
	Name          string        `json:"name" privacy:"public"`
	Community     string        `json:"community" privacy:"public"`
	CommunityName string        `json:"community_name" privacy:"public"`
	TownshipName  string        `json:"township_name" privacy:"public"`
	Firm          string        `json:"firm,omitempty" privacy:"public"`
	FirmName      string        `json:"firm_name,omitempty" privacy:"public"`
	Keys          []string      `json:"keys" privacy:"internal"`
	Day           calendar.Date `json:"day"`
	// Year is the year that it is for; Round counts from 1, the next one after a cancelled one.
	Year  int64 `json:"year"`
	Round int64 `json:"round"`
	// Form is what is asked, By how households answer.
	Form Form `json:"form"`
	By   Way  `json:"by" privacy:"public"`
	// Frame are the buildings with their occupied households, Households all of the project, Population what the rating counts from.
	Frame      []Block `json:"frame"`
	Households int64   `json:"households"`
	Population int64   `json:"population"`
	// Needed is how many answers make a result, Invited how many households were drawn.
	Needed  int64 `json:"needed"`
	Invited int64 `json:"invited"`
	// Seed is what the draw goes by, Commitment its hash; the seed is shown with the result only.
	Seed       string `json:"seed" privacy:"internal"`
	Commitment string `json:"commitment" privacy:"public"`
	// Serial is the number with which its codes begin, five digits.
	Serial string `json:"serial" privacy:"internal"`
	// State is where it stands, Last what was done last, Reason why it was extended or cancelled.
	State  State  `json:"state" privacy:"public"`
	Last   Step   `json:"last" privacy:"internal"`
	Reason string `json:"reason,omitempty" privacy:"internal"`
	// Clock is the end while it is Open, the day of publication while it is Closed.
	Clock calendar.Deadline `json:"clock,omitzero"`
	// Extended: the end was moved once.
	Extended bool `json:"extended,omitempty"`
	// Opened, Delivered, Closed and Published are the days of these steps; Unreached is how many slips could not be handed out.
	Opened    calendar.Date `json:"opened,omitzero"`
	Delivered calendar.Date `json:"delivered,omitzero"`
	Unreached int64         `json:"unreached,omitempty"`
	Closed    calendar.Date `json:"closed,omitzero"`
	Published calendar.Date `json:"published,omitzero"`
	// Result is what came out, from the closing on.
	Result *Result `json:"result,omitempty"`
	// Acts are who ran it and who entered answers.
	Acts []policy.Act `json:"acts"`
}

// Result is what the households said.
type Result struct {
	// Answers came in, Online of them by the public page; the others were entered by Hands.
	Answers int64  `json:"answers"`
	Online  int64  `json:"online"`
	Hands   []Hand `json:"hands,omitempty"`
	// Questions are the counts in the order of the form; none if there were not enough answers.
	Questions []Counts `json:"questions,omitempty"`
}

// Hand is how many answers somebody entered.
type Hand struct {
	// By is the account id.
	By    string `json:"by" privacy:"internal"`
	Count int64  `json:"count"`
}

// Counts are the answers to one question.
type Counts struct {
	// Rated gave a degree, Unknown said 不了解.
	Rated   int64 `json:"rated"`
	Unknown int64 `json:"unknown"`
	// Levels are the counts in the order of Levels; none if fewer than Form.LeastShown gave a degree.
	Levels []int64 `json:"levels,omitempty"`
}

// Rate is which share of those who gave a degree are satisfied; false if too few did.
func (c Counts) Rate() (num.Num, bool) {
	if len(c.Levels) == 0 || c.Rated == 0 {
		return num.Num{}, false
	}
	pleased := int64(0)
	for i, l := range Levels() {
		if l.Pleased {
			pleased += c.Levels[i]
		}
	}
	return num.FromFrac(pleased, c.Rated), true
}

// Enough reports whether a closed survey has a result.
func (s *Survey) Enough() bool { return s.Result != nil && s.Result.Answers >= s.Needed }

// Passed reports whether the overall rate reaches the one of the contract's service level, and whether there is one to reach and a rate.
func (s *Survey) Passed() (passed, known bool) {
	if !s.Enough() || s.Form.Pass == 0 {
		return false, false
	}
	rate, ok := s.Result.Questions[0].Rate()
	return ok && !rate.Less(num.FromFrac(s.Form.Pass, 100)), ok
}

// Title names it: 望湖苑 2026 年物业服务满意度调查.
func (s *Survey) Title() string { return fmt.Sprintf("%s %d 年%s", s.Name, s.Year, s.Form.Title) }

// Way is how households answer.
type Way string

// The ways.
const (
	// ByCode: by the code of a slip, on the public page or on paper.
	ByCode Way = "code"
	// ByList: somebody of the bureau calls at the households of the list.
	ByList Way = "list"
)

// Ways lists the ways.
func Ways() []registry.Choice {
	return []registry.Choice{{ID: string(ByCode), Text: "凭答题码（网上或纸质）"}, {ID: string(ByList), Text: "按名单入户"}}
}

// State is where a survey stands. A new one gets a row in steps and a word and colour in internal/web.
type State string

// The states.
const (
	// Prepared: drawn; slips can be printed.
	Prepared State = "prepared"
	// Open: households answer.
	Open State = "open"
	// Closed: counted; waits for publication.
	Closed State = "closed"
	// Published: the result is public. Final.
	Published State = "published"
	// NotEnough: public that there were not enough answers. Final.
	NotEnough State = "not_enough"
	// Cancelled: given up; can be prepared anew.
	Cancelled State = "cancelled"
)

// States are all states in the order of a life.
func States() []State { return []State{Prepared, Open, Closed, Published, NotEnough, Cancelled} }

// Title is the state for people.
func (s State) Title() string {
	switch s {
	case Prepared:
		return "待开始"
	case Open:
		return "调查中"
	case Closed:
		return "待公布结果"
	case Published:
		return "已公布结果"
	case NotEnough:
		return "答卷不足"
	case Cancelled:
		return "已取消"
	}
	return string(s)
}

// Public reports whether everybody sees it.
func (s State) Public() bool { return s == Published || s == NotEnough }

// Step is what is done to a survey; it names the form on its page.
type Step string

// The steps.
const (
	// StepPrepare draws the households; StepOpen begins, StepDeliver says that the slips were handed out, StepExtend moves the end.
	StepPrepare Step = "prepare"
	StepOpen    Step = "open"
	StepDeliver Step = "deliver"
	StepExtend  Step = "extend"
	// StepClose ends and counts, StepPublish makes the result public, or that there is none; StepCancel gives it up.
	StepClose   Step = "close"
	StepPublish Step = "publish"
	StepCancel  Step = "cancel"
)

// Steps are all steps in the order in which they usually come.
func Steps() []Step {
	return []Step{StepPrepare, StepOpen, StepDeliver, StepExtend, StepClose, StepPublish, StepCancel}
}

// Title is the step for people.
func (s Step) Title() string {
	switch s {
	case StepPrepare:
		return "抽样准备"
	case StepOpen:
		return "开始调查"
	case StepDeliver:
		return "登记发放"
	case StepExtend:
		return "延长截止日"
	case StepClose:
		return "截止并汇总"
	case StepPublish:
		return "公布结果"
	case StepCancel:
		return "取消调查"
	}
	return string(s)
}

// Action is the right that a step asks for.
func (s Step) Action() policy.Action {
	switch s {
	case StepDeliver:
		return policy.DeliverSurvey
	case StepPublish:
		return policy.PublishSurvey
	}
	return policy.RunSurvey
}

// either is what StepPublish leads to by the number of answers.
const either State = "published or not enough"

// steps is the one table of transitions; what is not in it is a Conflict.
var steps = map[State]map[Step]State{
	"":        {StepPrepare: Prepared},
	Cancelled: {StepPrepare: Prepared},
	Prepared:  {StepOpen: Open, StepCancel: Cancelled},
	Open:      {StepDeliver: Open, StepExtend: Open, StepClose: Closed, StepCancel: Cancelled},
	Closed:    {StepPublish: either},
	Published: {},
	NotEnough: {},
}

// next is the state after a step, or Conflict.
func (s State) next(do Step) (State, error) {
	to, ok := steps[s][do]
	if !ok {
		return "", fault.New("survey.next", fault.Conflict, fmt.Sprintf("这次调查现在是“%s”，不能%s", s.Title(), do.Title()))
	}
	return to, nil
}

// made notes who ran it or entered answers, once each.
func (s *Survey) made(by string) {
	act := policy.Act{Part: policy.PartMake, By: by}
	if !slices.Contains(s.Acts, act) {
		s.Acts = append(slices.Clip(s.Acts), act)
	}
}
