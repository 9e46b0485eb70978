package handover

import (
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/num"
	"redsteward/registry"
)

// Handover is one handover inspection.
type Handover struct {
	// Project is the id, Name what people call it; Phase is the id of the phase with PhaseName, both "" for a project that was built at once.
	Project   string `json:"project" privacy:"public"`
	Name      string `json:"name" privacy:"public"`
	Phase     string `json:"phase,omitempty" privacy:"public"`
	PhaseName string `json:"phase_name,omitempty" privacy:"public"`
	// Developer hands over, Firm takes over: the firm whose contract runs on the day Opened. Ids with names.
	Developer     string `json:"developer" privacy:"public"`
	DeveloperName string `json:"developer_name" privacy:"public"`
	Firm          string `json:"firm" privacy:"public"`
	FirmName      string `json:"firm_name" privacy:"public"`
	// Keys are the scope keys, stamped by the day Opened.
	Keys   []string      `json:"keys" privacy:"internal"`
	Opened calendar.Date `json:"opened"`
	// Inspection is the planned day of the walk, Delivery the planned day of the delivery to the owners.
	Inspection calendar.Date `json:"inspection"`
	Delivery   calendar.Date `json:"delivery"`
	// Began and Ended are the first and the last day of the walk; the last is that of its first notice, or of the agreement's draft if there was nothing to repair.
	Began calendar.Date `json:"began"`
	Ended calendar.Date `json:"ended"`
	// List is the checklist.
	List ListRef `json:"list"`
	// Buildings are what is inspected building by building.
	Buildings []Site `json:"buildings"`
	// Conditions and Documents say how preconditions and documents stand, in the order of the list.
	Conditions []Condition `json:"conditions,omitempty"`
	Documents  []Document  `json:"documents,omitempty"`
	// State is where it stands, Reason why it was cancelled or taken up again.
	State  State  `json:"state" privacy:"public"`
	Reason string `json:"reason,omitempty" privacy:"internal"`
	// Before is when everything must be complete before delivery, Papers when the documents must be there before the walk.
	Before calendar.Deadline `json:"before"`
	Papers calendar.Deadline `json:"papers"`
	// Notices are the written notices to the developer, oldest first; the clock of the last one runs.
	Notices []Notice `json:"notices,omitempty"`
	// Rooms are the rooms that are handed over, as the register had them when the walk was settled.
	Rooms []Room `json:"rooms,omitempty"`
	// Signatures are those given for Digest.
	Signatures []Signature `json:"signatures,omitempty"`
	Digest     string      `json:"digest,omitempty" privacy:"internal"`
	// Agreed is the day on which both had signed; Transfer is the clock that ran from it, Transferred the day of the transfer, Filing the clock from that
	// one, Filed the day of the filing.
	Agreed      calendar.Date     `json:"agreed"`
	Transfer    calendar.Deadline `json:"transfer,omitzero"`
	Transferred calendar.Date     `json:"transferred"`
	Filing      calendar.Deadline `json:"filing,omitzero"`
	Filed       calendar.Date     `json:"filed"`
	// Receipt is the filing, nil before.
	Receipt *Receipt `json:"receipt,omitempty"`
	// Received are the rooms as they were found on site, when that was recorded; Rooms are then those of the register beside them.
	Received []Room `json:"received,omitempty"`
	// Disputes are those that were raised, oldest first; Witnesses those who took part or witnessed the agreement.
	Disputes  []Dispute `json:"disputes,omitempty"`
	Witnesses []Witness `json:"witnesses,omitempty"`
	// Scan is the sealed paper, nil as long as none was scanned.
	Scan *Scan `json:"scan,omitempty"`
	// Publish is the clock that runs from the agreement until the result is shown to the owners, Shows where and when it was, oldest first.
	Publish calendar.Deadline `json:"publish,omitzero"`
	Shows   []Show            `json:"shows,omitempty"`
	// Overall is the handover of the whole project, which goes with its last phase; nil as long as there was none.
	Overall *Overall `json:"overall,omitempty"`
	// Supplies are the promised documents that came after the agreement.
	Supplies []Supply `json:"supplies,omitempty"`
	// By is who did the last step.
	By Hand `json:"by"`
}

// ListRef names the checklist of a handover: Hash is the fingerprint under which it is kept.
type ListRef struct {
	Version string `json:"version" privacy:"public"`
	Hash    string `json:"hash" privacy:"public"`
}

// Condition says whether a precondition holds.
type Condition struct {
	ID  string `json:"id" privacy:"public"`
	Met bool   `json:"met"`
}

// Document says how one of the documents stands.
type Document struct {
	ID string `json:"id" privacy:"public"`
	// Handed: it was handed over. If not, Promise is what the developer promised in writing, and Due the day by which; without Promise nothing is said yet.
	Handed  bool          `json:"handed"`
	Promise string        `json:"promise,omitempty" privacy:"internal"`
	Due     calendar.Date `json:"due"`
}

// Settled reports whether the document is there or promised with a date.
func (d Document) Settled() bool { return d.Handed || d.Promise != "" && !d.Due.IsZero() }

// Notice is one written notice of what the developer has to repair.
type Notice struct {
	// On is its day, Clock the period that runs from it.
	On    calendar.Date     `json:"on"`
	Clock calendar.Deadline `json:"clock"`
	// Items are the ids of the items that it names.
	Items []string `json:"items" privacy:"public"`
}

// names reports whether the notice names an item.
func (n Notice) names(item string) bool { return slices.Contains(n.Items, item) }

// Room is a room that is handed over.
type Room struct {
	// Kind, Place and Area (m², at most two decimals) as in the register.
	Kind  registry.RoomKind `json:"kind" privacy:"public"`
	Place string            `json:"place" privacy:"public"`
	Area  num.Num           `json:"area"`
}

// Receipt is the registered filing of a handover.
type Receipt struct {
	// ID is the id of the filing, Number its register number.
	ID     string `json:"id" privacy:"public"`
	Number string `json:"number" privacy:"public"`
}

// Hand is what one person did, without a name.
type Hand struct {
	// By is the opaque account id, Office the role that gave the right, At is when.
	By     string       `json:"by" privacy:"internal"`
	Office string       `json:"office" privacy:"public"`
	At     journal.Time `json:"at"`
}

// Signature is one signature under the agreement.
type Signature struct {
	// Side is for whom.
	Side Side `json:"side" privacy:"public"`
	Hand Hand `json:"hand"`
}

// Side is for whom somebody signs.
type Side string

// The sides. Developer and firm conclude the agreement.
const (
	// SideDeveloper: for the developer (建设单位).
	SideDeveloper Side = "developer"
	// SideFirm: for the firm (物业服务企业).
	SideFirm Side = "firm"
)

// Parties are the sides that must sign.
func Parties() []Side { return []Side{SideDeveloper, SideFirm} }

// Title is the side for people.
func (s Side) Title() string {
	switch s {
	case SideDeveloper:
		return "建设单位"
	case SideFirm:
		return "物业服务企业"
	}
	return string(s)
}

// State is where a handover stands. A new one gets a row in steps and a word in internal/web.
type State string

// The states of a handover.
const (
	// Draft: preconditions and documents are being collected.
	Draft State = "draft"
	// Ready: preconditions are checked; waits for the walk.
	Ready State = "ready"
	// Walking: objects are being inspected.
	Walking State = "walking"
	// Repairing: the developer was given notice; its clock runs.
	Repairing State = "repairing"
	// Rechecking: what was repaired is inspected again.
	Rechecking State = "rechecking"
	// Agreeing: nothing is open; developer and firm sign.
	Agreeing State = "agreeing"
	// Agreed: both have signed; the transfer is due.
	Agreed State = "agreed"
	// Transferred: handed over; the filing is due.
	Transferred State = "transferred"
	// Filed: done.
	Filed State = "filed"
	// Cancelled: given up with a reason.
	Cancelled State = "cancelled"
)

// States are all states, in the order of a life.
func States() []State {
	return []State{Draft, Ready, Walking, Repairing, Rechecking, Agreeing, Agreed, Transferred, Filed, Cancelled}
}

// Title is the state for people.
func (s State) Title() string {
	switch s {
	case Draft:
		return "待核对条件"
	case Ready:
		return "待查验"
	case Walking:
		return "查验中"
	case Repairing:
		return "问题整改中"
	case Rechecking:
		return "复验中"
	case Agreeing:
		return "待签协议"
	case Agreed:
		return "待交接"
	case Transferred:
		return "待备案"
	case Filed:
		return "已备案"
	case Cancelled:
		return "已取消"
	}
	return "未开始"
}

// step is what is done to a handover; its text is for people.
type step string

const (
	stepOpen      step = "开始"
	stepPrepare   step = "登记前提条件"
	stepDocuments step = "登记移交资料"
	stepReady     step = "核对前提条件"
	stepStart     step = "开始查验"
	stepAnswer    step = "登记查验结果"
	stepNotice    step = "发整改通知"
	stepRepair    step = "报告整改"
	stepRecheck   step = "开始复验"
	stepJudge     step = "登记复验结果"
	stepSettle    step = "确认查验结果"
	stepReopen    step = "退回复验"
	stepSign      step = "签协议"
	stepTransfer  step = "登记交接"
	stepFile      step = "备案"
	stepCancel    step = "取消"
	stepCarry     step = "登记遗留问题"
	stepRooms     step = "登记移交的用房"
	stepAttend    step = "登记参加人员"
	stepDispute   step = "提出争议"
	stepNote      step = "同意带争议签协议"
	stepMediate   step = "登记争议处理"
	stepWitness   step = "见证"
	stepScan      step = "上传盖章原件"
	stepLook      step = "核对盖章原件"
	stepShow      step = "登记公示"
	stepTakeDown  step = "登记撤下公示"
	stepOverall   step = "整体移交"
	stepHidden    step = "登记移交后发现的问题"
	stepSupply    step = "登记补交的资料"
)

// steps is the one table of transitions; what is not in it is a Conflict. stepSign leads there with the last signature, before it the state stays. What stays is
// in staying.
var steps = map[State]map[step]State{
	"":          {stepOpen: Draft},
	Draft:       {stepReady: Ready, stepCancel: Cancelled},
	Ready:       {stepStart: Walking, stepCancel: Cancelled},
	Walking:     {stepNotice: Repairing, stepSettle: Agreeing, stepCancel: Cancelled},
	Repairing:   {stepRecheck: Rechecking, stepCancel: Cancelled},
	Rechecking:  {stepNotice: Repairing, stepSettle: Agreeing, stepCancel: Cancelled},
	Agreeing:    {stepSign: Agreed, stepReopen: Rechecking, stepCancel: Cancelled},
	Agreed:      {stepTransfer: Transferred},
	Transferred: {stepFile: Filed},
}

// staying are the steps after which the state is the same.
var staying = map[State][]step{
	Draft:       {stepPrepare, stepDocuments},
	Ready:       {stepDocuments},
	Walking:     {stepDocuments, stepAnswer, stepRooms, stepAttend, stepDispute, stepNote, stepMediate},
	Repairing:   {stepDocuments, stepRepair, stepRooms, stepAttend, stepDispute, stepNote, stepMediate},
	Rechecking:  {stepDocuments, stepJudge, stepCarry, stepRooms, stepAttend, stepDispute, stepNote, stepMediate},
	Agreeing:    {stepDocuments, stepRooms, stepDispute, stepNote, stepMediate, stepWitness, stepScan, stepLook},
	Agreed:      {stepRepair, stepJudge, stepMediate, stepWitness, stepScan, stepLook, stepShow, stepTakeDown, stepSupply},
	Transferred: {stepRepair, stepJudge, stepMediate, stepWitness, stepScan, stepLook, stepShow, stepTakeDown, stepOverall, stepHidden, stepSupply},
	Filed:       {stepRepair, stepJudge, stepMediate, stepScan, stepLook, stepShow, stepTakeDown, stepOverall, stepHidden, stepSupply},
}

// next returns the state after a step, or Conflict.
func (s State) next(do step) (State, error) {
	if slices.Contains(staying[s], do) {
		return s, nil
	}
	to, ok := steps[s][do]
	if !ok {
		return "", fault.New("handover.next", fault.Conflict, fmt.Sprintf("这次承接查验现在是“%s”，不能%s", s.Title(), do))
	}
	return to, nil
}

// Running reports whether a step of the inspection itself is still to be done.
func (s State) Running() bool { return s != Filed && s != Cancelled }

// Disputable reports whether the inspection can be disputed and its rooms be recorded: from the walk until both have signed.
func (s State) Disputable() bool { return slices.Contains(staying[s], stepDispute) }

// Takes reports whether documents can be entered now, TakesAnswers whether results of the walk can.
func (s State) Takes() bool { return slices.Contains(staying[s], stepDocuments) }

// TakesAnswers reports whether the walk goes on.
func (s State) TakesAnswers() bool { return slices.Contains(staying[s], stepAnswer) }

// Clock is the deadline that runs now, with what must be done until then; false if none does.
func (h *Handover) Clock() (what string, d calendar.Deadline, ok bool) {
	switch h.State {
	case Draft, Ready, Walking, Rechecking, Agreeing:
		what, d = "完成承接查验", h.Before
	case Repairing:
		what, d = "整改查验问题", h.Notices[len(h.Notices)-1].Clock
	case Agreed:
		what, d = "办理物业交接", h.Transfer
	case Transferred:
		what, d = "承接查验备案", h.Filing
	}
	return what, d, d.Rule != ""
}

// Signed reports whether a side has signed; a later edit may have taken the worth from it, see Walk.Signed.
func (h *Handover) Signed(side Side) bool {
	return slices.ContainsFunc(h.Signatures, func(s Signature) bool { return s.Side == side })
}

// Title is the project with its phase.
func (h *Handover) Title() string { return h.Name + h.PhaseName }

// Number is what people call the handover with an id by, on paper and in a search: CJ, the day on which it was opened and the first six signs of the id.
func (h *Handover) Number(id string) string {
	return "CJ" + strings.ReplaceAll(h.Opened.String(), "-", "") + "-" + strings.ToUpper(id[:min(len(id), 6)])
}

// Prepared reports whether all preconditions hold and all documents are there or promised, so that the firm can check them.
func (h *Handover) Prepared() bool {
	return !slices.ContainsFunc(h.Conditions, func(c Condition) bool { return !c.Met }) && !slices.ContainsFunc(h.Documents, func(d Document) bool { return !d.Settled() })
}
