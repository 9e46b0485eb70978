package matter

import (
	"fmt"
	"slices"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/registry"
	"redsteward/supervision"
)

const (
	// MaxWords is the longest report and the longest answer, in characters.
	MaxWords = 500
	// MaxPlace is the longest description of a place, in characters.
	MaxPlace = 60
)

// Matter is one matter with all that was done about it.
type Matter struct {
	// Kind and Category are codes of matters.yaml, the titles their words as they were then.
	Kind          string `json:"kind" privacy:"public"`
	KindTitle     string `json:"kind_title" privacy:"public"`
	Category      string `json:"category" privacy:"public"`
	CategoryTitle string `json:"category_title" privacy:"public"`
	// Hazard and Urgent are those of the category then, AnswerRule is its deadline.
	Hazard     bool   `json:"hazard,omitempty"`
	Urgent     bool   `json:"urgent,omitempty"`
	AnswerRule string `json:"answer_rule" privacy:"public"`
	// Community and Township are ids of divisions with their names, Project and Firm those of the compound and of the firm that held it on the day of the report, "" if it is in none.
	Community     string `json:"community" privacy:"public"`
	CommunityName string `json:"community_name" privacy:"public"`
	Township      string `json:"township" privacy:"public"`
	TownshipName  string `json:"township_name" privacy:"public"`
	Project       string `json:"project,omitempty" privacy:"public"`
	ProjectName   string `json:"project_name,omitempty" privacy:"public"`
	Firm          string `json:"firm,omitempty" privacy:"public"`
	FirmName      string `json:"firm_name,omitempty" privacy:"public"`
	// Where says the place in words, Words what is the matter, Photos show it.
	Where  string         `json:"where" privacy:"internal"`
	Words  string         `json:"words" privacy:"internal"`
	Photos []files.Stored `json:"photos,omitempty"`
	// Keys are the scope keys, Day the day of the report, by which they were stamped.
	Keys []string      `json:"keys" privacy:"internal"`
	Day  calendar.Date `json:"day"`
	// Source and Reported say who reported it and when; both are empty for who may not see that, but for the moment.
	Source   Source           `json:"source" privacy:"internal"`
	Reported supervision.Hand `json:"reported"`
	// State is where it stands, Last what was done last by whom, Reason what was said then.
	State  State            `json:"state" privacy:"public"`
	Last   Move             `json:"last" privacy:"internal"`
	Hand   supervision.Hand `json:"hand"`
	Reason string           `json:"reason,omitempty" privacy:"internal"`
	// Department is the one that has it, "" before the first dispatch; Departments are all that ever had it. Refused: one of them refused it, which happens once.
	Department      string   `json:"department,omitempty" privacy:"public"`
	DepartmentTitle string   `json:"department_title,omitempty" privacy:"public"`
	Departments     []string `json:"departments,omitempty" privacy:"public"`
	Refused         bool     `json:"refused,omitempty"`
	// Handler is the account of the 承办人, "" before acceptance.
	Handler string `json:"handler,omitempty" privacy:"internal"`
	// Due is the deadline of the present state, empty if it has none.
	Due calendar.Deadline `json:"due,omitzero"`
	// Signed and AnswerBy are when the department accepted it last and until when it was to answer.
	Signed   journal.Time      `json:"signed,omitzero"`
	AnswerBy calendar.Deadline `json:"answer_by,omitzero"`
	// More is what was asked for more time since the last acceptance; nil if nothing was.
	More *More `json:"more,omitempty"`
	// Answer is what the department answered last; nil before.
	Answer *Answer `json:"answer,omitempty"`
	// Check is how the last answer was verified; nil before.
	Check *Check `json:"check,omitempty"`
	// Closed is when it was closed last, ReopenBy until when the reporter may have it reopened, Reopened how often that was done.
	Closed   journal.Time      `json:"closed,omitzero"`
	ReopenBy calendar.Deadline `json:"reopen_by,omitzero"`
	Reopened int64             `json:"reopened,omitempty"`
	// Into is the matter into which it was merged, "" if it was not.
	Into string `json:"into,omitempty" privacy:"internal"`
	// Urges are the rungs that were confirmed, in their order.
	Urges []Urged `json:"urges,omitempty"`
	// Order is what another platform says of a matter that it passed on; nil for all others, and for who may not know where it comes from.
	Order *Order `json:"order,omitempty"`
	// From is the id of the answer to a task of collection whose row it was, "" for all others.
	From string `json:"from,omitempty" privacy:"internal"`
	// Ticket is how somebody without an account finds it again; nil for all others.
	Ticket *supervision.Ticket `json:"ticket,omitempty"`
}

// More is a request for more time.
type More struct {
	// Reason is why, Asked when.
	Reason string       `json:"reason" privacy:"internal"`
	Asked  journal.Time `json:"asked"`
	// Decided is when a dispatcher decided, zero before; Granted says how.
	Decided journal.Time `json:"decided,omitzero"`
	Granted bool         `json:"granted,omitempty"`
}

// Liable is who has to set it right.
type Liable string

// Liables lists who can be liable.
func Liables() []registry.Choice {
	return []registry.Choice{{ID: string(LiableFirm), Text: "物业企业"}, {ID: "developer", Text: "建设单位"}, {ID: "owner", Text: "业主或住户"}, {ID: "committee", Text: "业委会（物管会）"},
		{ID: "utility", Text: "供水供电供气等单位"}, {ID: "public", Text: "政府部门或社区"}, {ID: "none", Text: "不涉及责任方"}}
}

// LiableFirm: the property firm.
const LiableFirm Liable = "firm"

// Answer is what a department answers.
type Answer struct {
	// Words say what was done or why it cannot be; Photos show it.
	Words  string         `json:"words" privacy:"internal"`
	Photos []files.Stored `json:"photos,omitempty"`
	// Fixed is what the department says of the outcome.
	Fixed bool `json:"fixed"`
	// Liable is who has to set it right (责任方), Reasonable whether what was asked for is reasonable (诉求合理).
	Liable     Liable `json:"liable" privacy:"internal"`
	Reasonable bool   `json:"reasonable"`
	// By is the 承办人, At when; Late: after the deadline.
	By   supervision.Hand `json:"by"`
	Late bool             `json:"late,omitempty"`
}

// Way is how an answer is verified.
type Way string

// The ways.
const (
	// WayPhoto: another grid worker takes a photo at the place.
	WayPhoto Way = "photo"
	// WaySample: it was drawn and somebody asks or looks.
	WaySample Way = "sample"
	// WayNone: it was not drawn and is closed by the answer.
	WayNone Way = "none"
	// WayAsked: whoever told of it without an account says so, or somebody looks at the place.
	WayAsked Way = "asked"
	// WayPlatform: it came from another platform, whose result counts.
	WayPlatform Way = "platform"
)

// Title is the way for people.
func (w Way) Title() string {
	switch w {
	case WayPhoto:
		return "另一名网格员拍照核实"
	case WaySample:
		return "抽查核实"
	case WayNone:
		return "没有抽中，按答复办结"
	case WayAsked:
		return "反映人网上确认，或者现场核实"
	case WayPlatform:
		return "以来件平台的结果为准"
	}
	return string(w)
}

// Satisfied is what the reporter says when asked.
type Satisfied string

// Satisfactions lists what a reporter can say.
func Satisfactions() []registry.Choice {
	return []registry.Choice{{ID: "yes", Text: "满意"}, {ID: "fair", Text: "基本满意"}, {ID: "no", Text: "不满意"}, {ID: "unreached", Text: "没有联系上"}}
}

// Check is how an answer is verified and what came of it.
type Check struct {
	// Way is decided when the answer comes in.
	Way Way `json:"way" privacy:"public"`
	// By is who verified it, empty before and for what was not drawn; Words what was found, Photos show it.
	By     supervision.Hand `json:"by,omitzero"`
	Words  string           `json:"words,omitempty" privacy:"internal"`
	Photos []files.Stored   `json:"photos,omitempty"`
	// Satisfied is what the reporter said, "" if nobody asked.
	Satisfied Satisfied `json:"satisfied,omitempty" privacy:"internal"`
}

// State is where a matter stands. A new one gets a row in moves and a word and colour in internal/web.
type State string

// The states.
const (
	// Reported: waits for the dispatcher.
	Reported State = "reported"
	// Dispatched: waits for the department to accept or refuse it.
	Dispatched State = "dispatched"
	// Returned: refused by the department, waits for the dispatcher.
	Returned State = "returned"
	// Accepted: a named person of the department has it.
	Accepted State = "accepted"
	// Working: that person works on it.
	Working State = "working"
	// Answered: waits to be verified.
	Answered State = "answered"
	// Fixed: closed, set right. The reporter can have it reopened.
	Fixed State = "fixed"
	// Unfixed: closed without being set right, with the reason. The reporter can have it reopened.
	Unfixed State = "unfixed"
	// Reopened: waits for the dispatcher again.
	Reopened State = "reopened"
	// Merged: the same as another matter, of which it is weight. Final.
	Merged State = "merged"
)

// States are all states in the order of a life.
func States() []registry.Choice {
	return []registry.Choice{{ID: string(Reported), Text: "待派单"}, {ID: string(Dispatched), Text: "待签收"}, {ID: string(Returned), Text: "退回待派"}, {ID: string(Accepted), Text: "已受理"}, {ID: string(Working), Text: "办理中"},
		{ID: string(Answered), Text: "待核实"}, {ID: string(Fixed), Text: "办结已解决"}, {ID: string(Unfixed), Text: "办结未解决"}, {ID: string(Reopened), Text: "重新办理待派"}, {ID: string(Merged), Text: "已并入"}}
}

// Title is the state for people.
func (s State) Title() string { return registry.TextOf(States(), s) }

// Closed reports whether it is over; Fixed and Unfixed until the reporter has it reopened.
func (s State) Closed() bool { return s == Fixed || s == Unfixed || s == Merged }

// Move is what is done to a matter; its text is for people.
type Move string

// The moves.
const (
	// MoveReport is the first one.
	MoveReport Move = "上报"
	// MoveDispatch to MoveUrge are the dispatcher's.
	MoveDispatch Move = "派单"
	MoveGrant    Move = "同意延期"
	MoveDeny     Move = "不同意延期"
	MoveMerge    Move = "并入另一件"
	MoveUrge     Move = "催办督办"
	// MoveAccept to MoveAnswer are the department's; MoveTake is a colleague taking it over.
	MoveAccept Move = "签收受理"
	MoveRefuse Move = "退回"
	MoveTake   Move = "接手"
	MoveBegin  Move = "开始办理"
	MoveAsk    Move = "申请延期"
	MoveAnswer Move = "答复"
	// MoveAnswerFixed and MoveAnswerUnfixed are answers that the sample did not draw.
	MoveAnswerFixed   Move = "答复办结，已解决"
	MoveAnswerUnfixed Move = "答复办结，未解决"
	// MoveFixed, MoveUnfixed and MoveRedo are those of who verifies.
	MoveFixed   Move = "核实已解决"
	MoveUnfixed Move = "核实未解决，办结"
	MoveRedo    Move = "核实未解决，退回重办"
	// MoveReopen is the reporter's.
	MoveReopen Move = "要求重新办理"
	// MoveOrder is the first one of what another platform passed on, MoveOrderNews what it says later; MoveOrderFixed and MoveOrderUnfixed are its results.
	MoveOrder        Move = "平台来件"
	MoveOrderNews    Move = "平台更新"
	MoveOrderFixed   Move = "平台办结，已解决"
	MoveOrderUnfixed Move = "平台办结，未解决"
)

// moves is the one table of transitions; what is not in it is a Conflict.
var moves = withOrders(map[State]map[Move]State{
	"":         {MoveReport: Reported, MoveOrder: Reported, MoveOrderFixed: Fixed, MoveOrderUnfixed: Unfixed},
	Reported:   {MoveDispatch: Dispatched, MoveMerge: Merged},
	Dispatched: {MoveAccept: Accepted, MoveRefuse: Returned, MoveUrge: Dispatched},
	Returned:   {MoveDispatch: Dispatched, MoveMerge: Merged},
	Accepted:   {MoveBegin: Working, MoveTake: Accepted, MoveAsk: Accepted, MoveGrant: Accepted, MoveDeny: Accepted, MoveUrge: Accepted},
	Working:    {MoveTake: Working, MoveAsk: Working, MoveGrant: Working, MoveDeny: Working, MoveUrge: Working, MoveAnswer: Answered, MoveAnswerFixed: Fixed, MoveAnswerUnfixed: Unfixed},
	Answered:   {MoveFixed: Fixed, MoveUnfixed: Unfixed, MoveRedo: Working},
	Fixed:      {MoveReopen: Reopened},
	Unfixed:    {MoveReopen: Reopened},
	Reopened:   {MoveDispatch: Dispatched, MoveMerge: Merged},
	Merged:     {},
})

// withOrders adds what another platform says, which reaches a matter in every state: its result closes it, everything else leaves it where it is.
func withOrders(moves map[State]map[Move]State) map[State]map[Move]State {
	for _, c := range States() {
		from := State(c.ID)
		moves[from][MoveOrderNews] = from
		if from != Merged {
			moves[from][MoveOrderFixed], moves[from][MoveOrderUnfixed] = Fixed, Unfixed
		}
	}
	return moves
}

// next returns the state after a move, or Conflict.
func (s State) next(m Move) (State, error) {
	to, ok := moves[s][m]
	if !ok {
		return "", fault.New("matter.next", fault.Conflict, fmt.Sprintf("这件事项现在是“%s”，不能%s，请刷新后再看", s.Title(), m))
	}
	return to, nil
}

// Can reports whether a move is possible now, as far as the matter itself goes.
func (m *Matter) Can(move Move) bool {
	_, ok := moves[m.State][move]
	switch move {
	case MoveRefuse:
		return ok && !m.Refused
	case MoveAsk:
		return ok && m.More == nil
	case MoveGrant, MoveDeny:
		return ok && m.Asks()
	}
	return ok
}

// Asks reports whether more time is asked for and nobody has decided.
func (m *Matter) Asks() bool { return m.More != nil && m.More.Decided.IsZero() }

// Late reports whether the deadline of the present state is over; never for an unresolved one.
func (m *Matter) Late(now time.Time) bool { return !m.State.Closed() && m.Due.Late(now) }

// Place is where it is, for people.
func (m *Matter) Place() string {
	if m.ProjectName != "" {
		return m.ProjectName + " " + m.Where
	}
	return m.CommunityName + " " + m.Where
}

// hadBy reports whether a department ever had it.
func (m *Matter) hadBy(department string) bool { return slices.Contains(m.Departments, department) }
