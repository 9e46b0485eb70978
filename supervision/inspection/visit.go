package inspection

import (
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/supervision"
)

// Visit is one visit of officers to one project.
type Visit struct {
	// Project is the id, Name what people call it, Firm the firm that held it on Day ("" if none).
	Project string `json:"project" privacy:"public"`
	Name    string `json:"name" privacy:"public"`
	Firm    string `json:"firm,omitempty" privacy:"public"`
	// Keys are the scope keys, stamped by Day.
	Keys []string `json:"keys" privacy:"internal"`
	// Series is the series of the sheet.
	Series string `json:"series" privacy:"public"`
	// Assessor says who scores.
	Assessor Assessor `json:"assessor,omitempty" privacy:"public"`
	// Day is the planned day and, once begun, the day of the visit; Order is the place in that day's list, from 1.
	Day   calendar.Date `json:"day"`
	Order int64         `json:"order"`
	// Officers are the account ids of those who go and sign; the first leads.
	Officers []string `json:"officers" privacy:"internal"`
	// Sheet is what is answered, chosen when the visit begins.
	Sheet SheetRef `json:"sheet"`
	// State is where it stands, Reason why it was returned or taken off the list.
	State  VisitState `json:"state" privacy:"public"`
	Reason string     `json:"reason,omitempty" privacy:"internal"`
	// Drawn: the draw wants it to be scored a second time by others. Again is the visit that this one scores a second time, "" for none.
	Drawn bool   `json:"drawn,omitempty"`
	Again string `json:"again,omitempty" privacy:"internal"`
	// For is the rating period in which the project lies near a cut, for which this second scoring is done (临界复评), "" for one that the draw wants; it counts as of CountsOn, the day of the first.
	For      string        `json:"for,omitempty" privacy:"public"`
	CountsOn calendar.Date `json:"counts_on,omitzero"`
	// Signatures are those given for Digest, which stands for the answers signed.
	Signatures []supervision.Hand `json:"signatures,omitempty"`
	Digest     string             `json:"digest,omitempty" privacy:"internal"`
	// Given are the answers signed, Sums what they say of each fact.
	Given []Given `json:"given,omitempty"`
	Sums  []Sum   `json:"sums,omitempty"`
	// Points and Full are the points of all items with a feed.
	Points int64 `json:"points,omitempty"`
	Full   int64 `json:"full,omitempty"`
	// Reviewed is who accepted or returned it last.
	Reviewed supervision.Hand `json:"reviewed"`
	// Aside: it is shown and counts in no evaluation, as its sheet said when it was signed.
	Aside bool `json:"aside,omitempty"`
	// Acts are all who signed and reviewed.
	Acts []policy.Act `json:"acts,omitempty"`
}

// SheetRef names the sheet of a visit.
type SheetRef struct {
	// ID, Version, Title and Level as in Sheet; Hash is the fingerprint under which it is kept, Items the number of its items.
	ID      string `json:"id,omitempty" privacy:"public"`
	Version string `json:"version,omitempty" privacy:"public"`
	Title   string `json:"title,omitempty" privacy:"public"`
	Level   string `json:"level,omitempty" privacy:"public"`
	Hash    string `json:"hash,omitempty" privacy:"public"`
	Items   int64  `json:"items,omitempty"`
}

// VisitState is where a visit stands. A new one gets a row in visitSteps and a word in internal/web.
type VisitState string

// The states of a visit.
const (
	// Planned: on the list of its officers.
	Planned VisitState = "planned"
	// Started: being answered.
	Started VisitState = "started"
	// Submitted: signed by all; waits for review.
	Submitted VisitState = "submitted"
	// Returned: the reviewer wants answers changed.
	Returned VisitState = "returned"
	// Accepted: counts.
	Accepted VisitState = "accepted"
	// Cancelled: taken off the list.
	Cancelled VisitState = "cancelled"
)

// VisitStates are all states, in the order of a life.
func VisitStates() []VisitState {
	return []VisitState{Planned, Started, Submitted, Returned, Accepted, Cancelled}
}

// Title is the state for people.
func (s VisitState) Title() string {
	switch s {
	case Planned:
		return "待走访"
	case Started:
		return "走访中"
	case Submitted:
		return "待复核"
	case Returned:
		return "退回"
	case Accepted:
		return "通过"
	case Cancelled:
		return "已取消"
	}
	return "未安排"
}

// Open reports whether officers still have something to do.
func (s VisitState) Open() bool { return s == Planned || s == Started || s == Returned }

// Answers reports whether answers are taken.
func (s VisitState) Answers() bool { return s == Started || s == Returned }

// visitStep is what is done to a visit; its text is for people.
type visitStep string

const (
	stepPlan   visitStep = "安排"
	stepMove   visitStep = "改期"
	stepStart  visitStep = "开始"
	stepSign   visitStep = "签名"
	stepAccept visitStep = "通过"
	stepReturn visitStep = "退回"
	stepCancel visitStep = "取消"
)

// visitSteps is the one table of transitions; what is not in it is a Conflict. stepSign leads there with the last signature, before it the state stays.
var visitSteps = map[VisitState]map[visitStep]VisitState{
	"":        {stepPlan: Planned},
	Planned:   {stepMove: Planned, stepStart: Started, stepCancel: Cancelled},
	Started:   {stepSign: Submitted, stepCancel: Cancelled},
	Returned:  {stepSign: Submitted, stepCancel: Cancelled},
	Submitted: {stepAccept: Accepted, stepReturn: Returned},
	Accepted:  {},
	Cancelled: {},
}

// step returns the state after a step, or Conflict.
func (s VisitState) step(do visitStep) (VisitState, error) {
	next, ok := visitSteps[s][do]
	if !ok {
		return "", fault.New("inspection.step", fault.Conflict, fmt.Sprintf("这次走访现在是“%s”，不能%s", s.Title(), do))
	}
	return next, nil
}

// counts is the day as of which a visit counts: its own, or that of the one that it scores a second time for a period.
func (v *Visit) counts() calendar.Date {
	if v.CountsOn.IsZero() {
		return v.Day
	}
	return v.CountsOn
}

// mine refuses those whom the visit does not name: to them it does not exist.
func (v *Visit) mine(by policy.Actor) error {
	if slices.Contains(v.Officers, by.ID) {
		return nil
	}
	return fault.New("inspection.mine", fault.NotFound, "没有找到这次走访")
}

// sign adds a signature for the answers of a digest. Signatures under other answers fall away; who signed twice has signed once. It reports whether all have signed.
func (v *Visit) sign(hand supervision.Hand, digest string) (all bool) {
	if v.Digest != digest {
		v.Signatures, v.Digest = nil, digest
	}
	signed := slices.DeleteFunc(slices.Clone(v.Signatures), func(h supervision.Hand) bool { return h.By == hand.By })
	v.Signatures = append(signed, hand)
	return len(v.Signatures) == len(v.Officers)
}

// Signed reports whether an account signed; a later answer may have taken the worth from it, see Walk.Signed.
func (v *Visit) Signed(account string) bool {
	return slices.ContainsFunc(v.Signatures, func(h supervision.Hand) bool { return h.By == account })
}

// total fills in sums and points from the answers.
func (v *Visit) total(s *Sheet, given []Given) {
	v.Given, v.Sums, v.Points, v.Full = given, s.sums(given), 0, 0
	for _, g := range given {
		if item, _, ok := s.Find(g.Item); ok && item.Scale == 0 && g.Value != NotApplicable {
			v.Points, v.Full = v.Points+item.Points-g.Lost, v.Full+item.Points
		}
	}
}
