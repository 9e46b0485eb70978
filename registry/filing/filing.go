package filing

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/policy"
)

const (
	// MaxDocuments is how many documents a filing holds.
	MaxDocuments = 20
	// MaxText is the longest text of a form, in characters.
	MaxText = 200
	// ContractKind is the kind of filings.yaml with which service contracts (物业服务合同) are filed.
	ContractKind = "contract"
)

// Filing is one filing with all that was decided about it.
type Filing struct {
	// Kind is the code of the kind, Title, Basis and Event its words as they were then.
	Kind  string `json:"kind" privacy:"public"`
	Title string `json:"title" privacy:"public"`
	Basis string `json:"basis" privacy:"public"`
	Event string `json:"event" privacy:"public"`
	// Project and Firm are ids, the firm being the one that holds the project on the day of the draft; the names are for people. A filing about a firm as such has no project.
	Project     string `json:"project,omitempty" privacy:"public"`
	ProjectName string `json:"project_name,omitempty" privacy:"public"`
	Firm        string `json:"firm,omitempty" privacy:"public"`
	FirmName    string `json:"firm_name,omitempty" privacy:"public"`
	// Applicant is who files it, for people: the firm, the developer or the owners' body of the project; "" of a filing that is older than this field.
	Applicant string `json:"applicant,omitempty" privacy:"public"`
	// Keys are the scope keys, Day the day by which they were stamped.
	Keys []string      `json:"keys" privacy:"internal"`
	Day  calendar.Date `json:"day"`
	// Happened is the date of what is filed, Note what the applicant says about it.
	Happened calendar.Date `json:"happened,omitzero"`
	Note     string        `json:"note,omitempty" privacy:"internal"`
	// Documents are what was handed in.
	Documents []Document `json:"documents,omitempty"`
	// State is where it stands, Last what was done last, Reason and Clause why it was returned or refused.
	State  State  `json:"state" privacy:"public"`
	Last   Move   `json:"last" privacy:"internal"`
	Reason string `json:"reason,omitempty" privacy:"internal"`
	Clause string `json:"clause,omitempty" privacy:"internal"`
	// By is the account that files, Submitted when it came in first.
	By        string       `json:"by" privacy:"internal"`
	Submitted journal.Time `json:"submitted,omitzero"`
	// Asked: a correction was asked for; it is asked once.
	Asked bool `json:"asked,omitempty"`
	// Asking and Refusal are what the applicant was told with the correction and with the refusal; nil for what was not, or is older than these fields.
	Asking  *Told `json:"asking,omitempty"`
	Refusal *Told `json:"refusal,omitempty"`
	// Own is until when the applicant had to file, counted from Happened; Due until when he is to correct it. Without a rule they are empty.
	Own calendar.Deadline `json:"own,omitzero"`
	Due calendar.Deadline `json:"due,omitzero"`
	// Clock is the bureau's own, from the day on which the filing came in; it stands while Left, its working days that are left, is not nil.
	Clock calendar.Deadline `json:"clock,omitzero"`
	Left  *int64            `json:"left,omitempty"`
	// Notice is what the community was told and answered; nil if it is not told.
	Notice *Notice `json:"notice,omitempty"`
	// Approval is how far the approval has come; nil before acceptance.
	Approval *policy.Approval `json:"approval,omitempty"`
	// Scans are the signed papers that stand for signatures.
	Scans []files.Stored `json:"scans,omitempty"`
	// Number is the register number, Year and Nth what it is made of, Filed the day of the receipt.
	Number string        `json:"number,omitempty" privacy:"public"`
	Year   int64         `json:"year,omitempty"`
	Nth    int64         `json:"nth,omitempty"`
	Filed  calendar.Date `json:"filed,omitzero"`
	// Sheets are what the receipt opened.
	Sheets []Sheet `json:"sheets,omitempty"`
}

// Told is a paper to the applicant.
type Told struct {
	// Day is when it was told, Text what, Clause the clause of a refusal, Until the last day of a correction.
	Day    calendar.Date     `json:"day"`
	Text   string            `json:"text" privacy:"internal"`
	Clause string            `json:"clause,omitempty" privacy:"internal"`
	Until  calendar.Deadline `json:"until,omitzero"`
}

// Document is one document of a filing.
type Document struct {
	// ID and Title are those of what was wanted.
	ID    string `json:"id" privacy:"public"`
	Title string `json:"title" privacy:"public"`
	// File is the stored file.
	File files.Stored `json:"file"`
}

// State is where a filing stands. A new one gets a row in moves and a word and colour in internal/web.
type State string

// The states of a filing.
const (
	// Draft: being written, seen by the applicant only.
	Draft State = "draft"
	// Submitted: waits for the bureau to accept it.
	Submitted State = "submitted"
	// Correcting: the applicant is to correct it; the clock stands.
	Correcting State = "correcting"
	// Approving: accepted, goes through its approval.
	Approving State = "approving"
	// SentBack: an approver returned it to the officer.
	SentBack State = "sent_back"
	// Registered: filed, with number and receipt. Final.
	Registered State = "registered"
	// Refused: not filed, with reason and clause. Final.
	Refused State = "refused"
	// Withdrawn: taken back by the applicant. Final.
	Withdrawn State = "withdrawn"
)

// States are all states in the order of a life.
func States() []State {
	return []State{Draft, Submitted, Correcting, Approving, SentBack, Registered, Refused, Withdrawn}
}

// Title is the state for people.
func (s State) Title() string {
	switch s {
	case Draft:
		return "草稿"
	case Submitted:
		return "待受理"
	case Correcting:
		return "待补正"
	case Approving:
		return "审批中"
	case SentBack:
		return "审批退回"
	case Registered:
		return "已备案"
	case Refused:
		return "不予备案"
	case Withdrawn:
		return "已撤回"
	}
	return string(s)
}

// Final reports whether nothing can be done any more.
func (s State) Final() bool { return s == Registered || s == Refused || s == Withdrawn }

// Move is what is done to a filing; its text is for people.
type Move string

// The moves.
const (
	// MoveEdit, MoveSubmit and MoveWithdraw are the applicant's.
	MoveEdit     Move = "填写"
	MoveSubmit   Move = "提交"
	MoveWithdraw Move = "撤回"
	// MoveAccept, MoveAsk, MoveRefuse and MoveResend are the officer's.
	MoveAccept Move = "受理"
	MoveAsk    Move = "一次性告知补正"
	MoveRefuse Move = "不予备案"
	MoveResend Move = "重新送审"
	// MoveSign is any signature that leaves the approval open; MoveReturn, MoveReject and MoveRegister are where approvals lead.
	MoveSign     Move = "审批签署"
	MoveReturn   Move = "审批退回"
	MoveReject   Move = "审批不同意"
	MoveRegister Move = "审批通过，出具回执"
	// MoveSheetSave, MoveSheet and MoveSheetCorrect write a sheet of 三同步: in part, whole, and again.
	MoveSheetSave    Move = "填写三同步表"
	MoveSheet        Move = "填好三同步表"
	MoveSheetCorrect Move = "更正三同步表"
	// MoveAnswer is the community's.
	MoveAnswer Move = "社区答复"
)

// moves is the one table of transitions; what is not in it is a Conflict.
var moves = map[State]map[Move]State{
	Draft:      {MoveEdit: Draft, MoveSubmit: Submitted, MoveWithdraw: Withdrawn},
	Submitted:  {MoveAccept: Approving, MoveAsk: Correcting, MoveRefuse: Refused, MoveWithdraw: Withdrawn, MoveAnswer: Submitted},
	Correcting: {MoveEdit: Correcting, MoveSubmit: Submitted, MoveRefuse: Refused, MoveWithdraw: Withdrawn, MoveAnswer: Correcting},
	Approving:  {MoveSign: Approving, MoveReturn: SentBack, MoveReject: Refused, MoveRegister: Registered, MoveAnswer: Approving},
	SentBack:   {MoveResend: Approving, MoveAsk: Correcting, MoveRefuse: Refused, MoveAnswer: SentBack},
	Registered: {MoveSheetSave: Registered, MoveSheet: Registered, MoveSheetCorrect: Registered, MoveAnswer: Registered},
	Refused:    {},
	Withdrawn:  {},
}

// next returns the state after a move, or Conflict.
func (s State) next(m Move) (State, error) {
	to, ok := moves[s][m]
	if !ok {
		return "", fault.New("filing.next", fault.Conflict, fmt.Sprintf("这件备案现在是“%s”，不能%s，请刷新后再看", s.Title(), m))
	}
	return to, nil
}

// Subject is the compound that it is about, or the firm, for people.
func (f *Filing) Subject() string {
	if f.Project == "" {
		return f.FirmName
	}
	return f.ProjectName
}

// Addressee is to whom its papers go.
func (f *Filing) Addressee() string { return cmp.Or(f.Applicant, f.FirmName, f.ProjectName) }

// Can reports whether the table knows a move from the present state.
func (f *Filing) Can(m Move) bool {
	_, err := f.State.next(m)
	return err == nil && !(m == MoveAsk && f.Asked)
}

// Refusable reports whether it can be refused at a moment: while a correction is awaited only after its deadline.
func (f *Filing) Refusable(now time.Time) bool {
	return f.Can(MoveRefuse) && (f.State != Correcting || f.Due.Late(now))
}

// Hash is what everybody signs: the algorithm and the hash of everything that is filed.
func (f *Filing) Hash() (string, error) {
	said, err := json.Marshal([]any{f.Kind, f.Project, f.Firm, f.Happened, f.Note, f.Documents})
	if err != nil {
		return "", fault.Wrap("filing.Hash", fault.Internal, "", err)
	}
	sum := sha256.Sum256(said)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// Document returns a document of the filing, false if it has none of that id.
func (f *Filing) Document(id string) (Document, bool) {
	i := slices.IndexFunc(f.Documents, func(d Document) bool { return d.ID == id })
	if i < 0 {
		return Document{}, false
	}
	return f.Documents[i], true
}

// Workdays counts; *calendar.Calendar does.
type Workdays interface {
	// Workday reports whether a day is worked, and whether that is known.
	Workday(d calendar.Date) (worked, known bool)
	// Resolve gives a deadline its due date if the calendar reaches that far.
	Resolve(d calendar.Deadline) calendar.Deadline
}

// stop lets the bureau's clock stand from a day on and returns how many of its working days are left; all of them where the calendar does not know the days between.
func stop(days Workdays, clock calendar.Deadline, on calendar.Date) int64 {
	left := clock.N
	for d := clock.Start.Add(1); d.Compare(on) <= 0; d = d.Add(1) {
		worked, known := days.Workday(d)
		if !known {
			return int64(clock.N)
		}
		if worked {
			left--
		}
	}
	return int64(max(0, left))
}

// resume lets the clock run again from a day with what is left; the day itself does not count.
func resume(days Workdays, clock calendar.Deadline, left int64, on calendar.Date) calendar.Deadline {
	clock.Start, clock.N, clock.Due, clock.Calendar = on, int(left), calendar.Date{}, ""
	return days.Resolve(clock)
}
