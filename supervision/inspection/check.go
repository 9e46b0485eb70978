package inspection

import (
	"slices"
	"strconv"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// Inspection is one 行政检查 of one project: planned, approved, announced, carried out by two persons with certificates, recorded, signed, told. It is never a visit, and no visit becomes one.
type Inspection struct {
	// Case is what it shares with other cases: Project, Name, Keys; Opened is the planned day and, once begun, the day of it, by which the keys were stamped.
	casework.Case
	// Firm is who holds the project on that day, with its name.
	Firm     string `json:"firm" privacy:"public"`
	FirmName string `json:"firm_name" privacy:"public"`
	// Ground is why it takes place, Why the reason for one that is not counted.
	Ground Ground `json:"ground" privacy:"public"`
	Why    string `json:"why,omitempty" privacy:"internal"`
	// Special is the 专项检查 that it belongs to, in the words of then; nil for other grounds.
	Special *Special `json:"special,omitempty"`
	// Slot is which regular inspection of the firm in its year this is, or which special one, from 1; 0 for one that is not counted.
	Slot int64 `json:"slot,omitempty"`
	// Draw is the id of the draw that it comes from, "" for one that somebody planned.
	Draw string `json:"draw,omitempty" privacy:"public"`
	// List is the version of the list of matters, Teams who inspects what, a department each (综合查一次).
	List  string `json:"list" privacy:"public"`
	Teams []Team `json:"teams"`
	// State is where it stands, Last what was done last.
	State State `json:"state" privacy:"public"`
	Last  Step  `json:"last" privacy:"internal"`
	// Code is the electronic code (检查码), "" before the notice; Notice the notice with number, day and means.
	Code   string          `json:"code,omitempty" privacy:"public"`
	Notice *casework.Paper `json:"notice,omitempty"`
	// Answered is how the firm took the record, Told how the result was told.
	Answered *Answered       `json:"answered,omitempty"`
	Told     *casework.Paper `json:"told,omitempty"`
	// Found is how many checks were not met, known once the record is signed.
	Found int64 `json:"found,omitempty"`
}

// Team is who of one department inspects what.
type Team struct {
	// Department is its name, Matters what it inspects.
	Department string      `json:"department" privacy:"public"`
	Matters    []MatterRef `json:"matters"`
	// Officers are account ids, at least two; Numbers are those of their certificates, read when the inspection begins.
	Officers []string `json:"officers" privacy:"internal"`
	Numbers  []string `json:"numbers,omitempty" privacy:"internal"`
	// Sheet is the fingerprint of what the record asks, Record its id, "" before it begins; Digest stands for the answers that all have signed.
	Sheet  string `json:"sheet,omitempty" privacy:"internal"`
	Record string `json:"record,omitempty" privacy:"internal"`
	Digest string `json:"digest,omitempty" privacy:"internal"`
}

// MatterRef is a matter as the inspection names it, in the words of then.
type MatterRef struct {
	ID    string `json:"id" privacy:"public"`
	Name  string `json:"name" privacy:"public"`
	Basis string `json:"basis" privacy:"public"`
}

// Answered is how the firm took the record on site.
type Answered struct {
	// Refused: the firm did not sign; then Witness is the office of who saw that.
	Refused bool   `json:"refused,omitempty"`
	Witness string `json:"witness,omitempty" privacy:"internal"`
	// Paper is the signed record: who signed by his office, and its scan. Names stand on the scan alone.
	Paper casework.Paper `json:"paper"`
}

// Ground is why an inspection takes place.
type Ground string

// The grounds.
const (
	// GroundRegular is by the yearly plan (日常检查); it counts against the yearly cap.
	GroundRegular Ground = "regular"
	// GroundCase is about a case (个案), GroundComplaint about a complaint (投诉举报), GroundRecheck a second look (复查). They are not counted and need a reason.
	GroundCase      Ground = "case"
	GroundComplaint Ground = "complaint"
	GroundRecheck   Ground = "recheck"
	// GroundSpecial belongs to a 专项检查 that was ordered; it has a yearly cap of its own.
	GroundSpecial Ground = "special"
	// GroundRandom comes from a draw (双随机) and from nothing else; it counts against the yearly cap.
	GroundRandom Ground = "random"
)

// Grounds lists the grounds that somebody can choose; a special inspection is chosen by Agenda.Specials.
func Grounds() []registry.Choice {
	return []registry.Choice{{ID: string(GroundRegular), Text: "日常检查（计入年度次数）"}, {ID: string(GroundCase), Text: "个案检查"}, {ID: string(GroundComplaint), Text: "投诉举报检查"}, {ID: string(GroundRecheck), Text: "复查"}}
}

// AllGrounds lists every ground, for filters.
func AllGrounds() []Ground {
	return []Ground{GroundRegular, GroundRandom, GroundSpecial, GroundCase, GroundComplaint, GroundRecheck}
}

// Title is the ground for people.
func (g Ground) Title() string {
	return map[Ground]string{GroundRandom: "双随机抽查", GroundRegular: "日常检查", GroundSpecial: "专项检查", GroundCase: "个案检查", GroundComplaint: "投诉举报检查", GroundRecheck: "复查"}[g]
}

// Counted reports whether an inspection for this ground counts against the yearly cap.
func (g Ground) Counted() bool { return g == GroundRegular || g == GroundRandom }

// team is the team of a department, nil if there is none.
func (c *Inspection) team(department string) *Team {
	for i := range c.Teams {
		if c.Teams[i].Department == department {
			return &c.Teams[i]
		}
	}
	return nil
}

// Names reports whether an inspection names an account as one who inspects.
func (c *Inspection) Names(account string) bool {
	return slices.ContainsFunc(c.Teams, func(t Team) bool { return slices.Contains(t.Officers, account) })
}

// State is where an inspection stands. A new one gets a row in checkSteps and a word and colour in internal/web.
type State string

// The states of an inspection.
const (
	// Drafted: planned. Approving: goes through its approval. SentBack: an approver returned it.
	Drafted   State = "drafted"
	Approving State = "approving"
	SentBack  State = "sent_back"
	// Approved: the notice is to be given. Noticed: the firm was told. OnSite: being carried out.
	Approved State = "approved"
	Noticed  State = "noticed"
	OnSite   State = "on_site"
	// Recorded: signed by all; the result is to be told.
	Recorded State = "recorded"
	// Told: the firm knows the result. Final.
	Told State = "told"
	// Dropped: it does not take place. Final.
	Dropped State = "dropped"
)

// States are all states in the order of a life.
func States() []State {
	return []State{Drafted, Approving, SentBack, Approved, Noticed, OnSite, Recorded, Told, Dropped}
}

// Title is the state for people.
func (s State) Title() string {
	return map[State]string{Drafted: "待送审", Approving: "审批中", SentBack: "审批退回", Approved: "待通知", Noticed: "待检查", OnSite: "检查中", Recorded: "待告知", Told: "已告知", Dropped: "已撤回"}[s]
}

// Final reports whether nothing can be done any more.
func (s State) Final() bool { return len(checkSteps[s]) == 0 }

// Step is what is done to an inspection; it names the form on its page.
type Step string

// The steps.
const (
	// StepPlan plans it, StepSend sends it through its approval, StepDrop gives it up.
	StepPlan Step = "plan"
	StepSend Step = "send"
	StepDrop Step = "drop"
	// StepSign is a signature that leaves the approval open; StepReturn, StepReject and StepApprove are where it leads.
	StepSign    Step = "sign"
	StepReturn  Step = "return"
	StepReject  Step = "reject"
	StepApprove Step = "approve"
	// StepNotice gives notice with the electronic code; StepBegin begins it on site; StepTake is how the firm takes the record.
	StepNotice Step = "notice"
	StepBegin  Step = "begin"
	StepTake   Step = "take"
	// StepTell tells the result.
	StepTell Step = "tell"
)

// Steps are all steps in the order of a life.
func Steps() []Step {
	return []Step{StepPlan, StepSend, StepSign, StepReturn, StepReject, StepApprove, StepNotice, StepBegin, StepTake, StepTell, StepDrop}
}

// Title is the step for people.
func (s Step) Title() string {
	return map[Step]string{StepPlan: "安排检查", StepSend: "送审", StepSign: "审批签署", StepReturn: "审批退回", StepReject: "审批不同意", StepApprove: "审批通过", StepNotice: "登记检查通知", StepBegin: "开始检查", StepTake: "登记企业签收笔录", StepTell: "登记结果告知", StepDrop: "撤回"}[s]
}

// Action is the right that a step asks for.
func (s Step) Action() policy.Action {
	switch s {
	case StepSign, StepReturn, StepReject, StepApprove:
		return policy.SignApproval
	case StepBegin, StepTake:
		return policy.DoInspection
	}
	return policy.PlanInspection
}

// checkSteps is the one table of transitions; what is not in it is a Conflict.
var checkSteps = casework.Table[State, Step]{
	"":        {StepPlan: Drafted},
	Drafted:   {StepSend: Approving, StepDrop: Dropped},
	Approving: {StepSign: Approving, StepReturn: SentBack, StepReject: Dropped, StepApprove: Approved},
	SentBack:  {StepSend: Approving, StepDrop: Dropped},
	Approved:  {StepNotice: Noticed, StepDrop: Dropped},
	Noticed:   {StepBegin: OnSite, StepDrop: Dropped},
	OnSite:    {StepTake: Recorded},
	Recorded:  {StepTell: Told},
	Told:      {},
	Dropped:   {},
}

// next returns the state after a step, or Conflict.
func (s State) next(do Step) (State, error) { return checkSteps.Next("这次检查", s, do) }

// Next is what comes next and who does it.
func (c *Inspection) Next() string {
	return map[State]string{Drafted: "物业管理股核对后送审", SentBack: "物业管理股更正后送审", Approving: "等审批签署", Approved: "打印检查通知书送企业，登记检查通知", Noticed: "检查人员到场，出示执法证后开始检查",
		OnSite: "检查人员逐项检查、全部签名，再由企业签收笔录", Recorded: "物业管理股把检查结果告知企业"}[c.State]
}

// Result is the result in one sentence.
func (c *Inspection) Result() string {
	switch {
	case c.Answered == nil:
		return ""
	case c.Found == 0:
		return "未发现问题"
	}
	return "发现 " + strconv.FormatInt(c.Found, 10) + " 项问题"
}

// mayPaper is the kind of paper that this bureau drafts for what a team found: another department's matter is handed on to it.
func (t *Team) mayPaper(bureau string, kind supervision.PaperKind, to string) (supervision.PaperKind, string) {
	if t.Department != bureau && kind != supervision.PaperTransfer {
		return supervision.PaperTransfer, t.Department
	}
	return kind, to
}

// notFound is what an inspection is to whom it does not exist.
func notFound(op string) error { return fault.New(op, fault.NotFound, "没有找到这次检查") }
