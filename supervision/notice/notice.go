package notice

import (
	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// TargetKind says how receivers were chosen.
type TargetKind string

// The kinds of targets.
const (
	// ToUnit: everybody with an office in a unit. ToRole: everybody in a role. ToPerson: one account.
	ToUnit   TargetKind = "unit"
	ToRole   TargetKind = "role"
	ToPerson TargetKind = "person"
)

// TargetKinds lists them for a form.
func TargetKinds() []registry.Choice {
	return []registry.Choice{{ID: string(ToUnit), Text: "单位"}, {ID: string(ToRole), Text: "岗位"}, {ID: string(ToPerson), Text: "个人"}}
}

// Target is a choice of receivers.
type Target struct {
	Kind TargetKind `json:"kind" privacy:"public"`
	// ID is the scope key of a unit, the code of a role, or the id of an account; Name what a unit or role is called, "" for a person.
	ID   string `json:"id" privacy:"internal"`
	Name string `json:"name,omitempty" privacy:"public"`
}

// Recipient is an account that a notice went to.
type Recipient struct {
	// Account is its opaque id, Unit the place in Notice.Units of the unit or role through which it was meant.
	Account string `json:"a" privacy:"internal"`
	Unit    int64  `json:"u"`
}

// Notice is a notice of an office.
type Notice struct {
	// Title and Text are what it says, Files are attached.
	Title string         `json:"title" privacy:"internal"`
	Text  string         `json:"text" privacy:"internal"`
	Files []files.Stored `json:"files,omitempty"`
	// Receipt: it is to be signed for. Urgent: what goes out by other channels does not wait for the end of the quiet hours.
	Receipt bool `json:"receipt,omitempty"`
	Urgent  bool `json:"urgent,omitempty"`
	// Until is the last day on which it is in time to read or sign for it.
	Until calendar.Date `json:"until"`
	// Targets is who was chosen; People, once it was sent, to whom it went, and Units the units of these. The place in People is part of the id of a copy.
	Targets []Target    `json:"targets,omitempty"`
	People  []Recipient `json:"people,omitempty"`
	Units   []string    `json:"units,omitempty" privacy:"public"`
	// Owner are the scope keys of the office that sends it, none for a reminder of the system, OwnerName what it is called, Day the day by which they were stamped.
	Owner     []string      `json:"owner" privacy:"internal"`
	OwnerName string        `json:"owner_name" privacy:"public"`
	Day       calendar.Date `json:"day"`
	// State is where it stands, Last what was done last, Reason why it was withdrawn.
	State  State  `json:"state" privacy:"public"`
	Last   Step   `json:"last" privacy:"public"`
	Reason string `json:"reason,omitempty" privacy:"internal"`
	// Made, Sent and Ended are who wrote, sent and withdrew it; nil before.
	Made  supervision.Hand  `json:"made"`
	Sent  *supervision.Hand `json:"sent,omitempty"`
	Ended *supervision.Hand `json:"ended,omitempty"`
	// Urged are the urgings, in order.
	Urged []Urged `json:"urged,omitempty"`
}

// Urged is one click on 催办.
type Urged struct {
	By supervision.Hand `json:"by"`
	// To are the places in Notice.People of those who had something to do then.
	To []int64 `json:"to"`
}

// State is where a notice stands. A new one gets a row in steps and a word and colour in internal/web.
type State string

// The states of a notice.
const (
	// Draft: it is being written. Running: it was sent. Withdrawn: it was taken back. Final.
	Draft     State = "draft"
	Running   State = "running"
	Withdrawn State = "withdrawn"
)

// States are all states in the order of a life.
func States() []State { return []State{Draft, Running, Withdrawn} }

// Title is the state for people.
func (s State) Title() string {
	return map[State]string{Draft: "草稿", Running: "已发出", Withdrawn: "已撤回"}[s]
}

// Step is what is done to a notice; it names the form on its page.
type Step string

// The steps of a notice.
const (
	StepMake     Step = "make"
	StepEdit     Step = "edit"
	StepAddress  Step = "address"
	StepSend     Step = "send"
	StepUrge     Step = "urge"
	StepWithdraw Step = "withdraw"
)

// Steps are all steps in the order of a life.
func Steps() []Step {
	return []Step{StepMake, StepEdit, StepAddress, StepSend, StepUrge, StepWithdraw}
}

// Title is the step for people.
func (s Step) Title() string {
	return map[Step]string{StepMake: "起草通知", StepEdit: "修改通知", StepAddress: "选定收件人", StepSend: "发出通知", StepUrge: "催办通知", StepWithdraw: "撤回通知"}[s]
}

// steps is the one table of transitions; what is not in it is a Conflict.
var steps = casework.Table[State, Step]{
	"":        {StepMake: Draft},
	Draft:     {StepEdit: Draft, StepAddress: Draft, StepSend: Running, StepWithdraw: Withdrawn},
	Running:   {StepUrge: Running, StepWithdraw: Withdrawn},
	Withdrawn: {},
}

// Can reports whether a step is possible.
func (n *Notice) Can(do Step) bool {
	_, ok := steps[n.State][do]
	return ok
}

// CopyState is where a receiver's copy stands. A new one gets a word and colour in internal/web.
type CopyState string

// The states of a copy.
const (
	// Unread, then Read, and Signed where that is asked for; Recalled once the notice was withdrawn.
	Unread   CopyState = "unread"
	Read     CopyState = "read"
	Signed   CopyState = "signed"
	Recalled CopyState = "recalled"
)

// CopyStates are all states in the order of a life.
func CopyStates() []CopyState { return []CopyState{Unread, Read, Signed, Recalled} }

// Title is the state for people.
func (s CopyState) Title() string {
	return map[CopyState]string{Unread: "未读", Read: "已读", Signed: "已签收", Recalled: "已撤回"}[s]
}

// Copy is a notice as one receiver has it.
type Copy struct {
	// Notice is its id, N the receiver's place in Notice.People, Account his opaque id, Unit the unit or role through which he was meant.
	Notice  string `json:"notice" privacy:"internal"`
	N       int64  `json:"n"`
	Account string `json:"account" privacy:"internal"`
	Unit    string `json:"unit" privacy:"public"`
	// Title, Sender, Receipt, Urgent and Until are those of the notice, Sent is when it was sent.
	Title   string        `json:"title" privacy:"internal"`
	Sender  string        `json:"sender" privacy:"public"`
	Receipt bool          `json:"receipt,omitempty"`
	Urgent  bool          `json:"urgent,omitempty"`
	Until   calendar.Date `json:"until"`
	Sent    journal.Time  `json:"sent"`
	State   CopyState     `json:"state" privacy:"public"`
	// ReadAt and SignedAt are when it was opened and signed for, UrgedAt when its receiver was urged.
	ReadAt   *journal.Time  `json:"read_at,omitempty"`
	SignedAt *journal.Time  `json:"signed_at,omitempty"`
	UrgedAt  []journal.Time `json:"urged_at,omitempty"`
}

// Open reports whether its receiver has something to do: to read it, or to sign for it.
func (c *Copy) Open() bool { return c.State == Unread || c.State == Read && c.Receipt }

// keepUp brings a copy in line with its notice and reports whether that changed it.
func (c *Copy) keepUp(n *Notice) bool {
	changed := false
	times := []journal.Time{}
	for _, u := range n.Urged {
		for _, to := range u.To {
			if to == c.N {
				times = append(times, u.By.At)
			}
		}
	}
	if len(times) > len(c.UrgedAt) {
		c.UrgedAt, changed = times, true
	}
	if n.State == Withdrawn && c.State != Recalled {
		c.State, changed = Recalled, true
	}
	return changed
}
