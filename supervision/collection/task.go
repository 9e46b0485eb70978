package collection

import (
	"slices"
	"strconv"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// RowsKind says how many rows an answer has.
type RowsKind string

// The kinds of answers.
const (
	// RowsOne: one row for the unit.
	RowsOne RowsKind = "one"
	// RowsProject: one row for each compound that it serves or that lies in it.
	RowsProject RowsKind = "project"
	// RowsMany: as many rows as there is to tell, also none.
	RowsMany RowsKind = "many"
)

// RowsKinds lists them for a form.
func RowsKinds() []registry.Choice {
	return []registry.Choice{{ID: string(RowsOne), Text: "每个单位填一行"}, {ID: string(RowsProject), Text: "每个小区填一行"}, {ID: string(RowsMany), Text: "有几条填几条（例如隐患）"}}
}

// UnitKind says who is addressed.
type UnitKind string

// The kinds of addressees.
const (
	ToFirm      UnitKind = "firm"
	ToCommunity UnitKind = "community"
	ToTownship  UnitKind = "township"
)

// UnitKinds lists them for a form.
func UnitKinds() []registry.Choice {
	return []registry.Choice{{ID: string(ToFirm), Text: "物业企业"}, {ID: string(ToCommunity), Text: "社区（村）"}, {ID: string(ToTownship), Text: "乡镇"}}
}

// Addressee is a unit that has to answer.
type Addressee struct {
	Kind UnitKind `json:"kind" privacy:"public"`
	// ID is that of the firm or division, Name what it is called.
	ID   string `json:"id" privacy:"public"`
	Name string `json:"name" privacy:"public"`
	// Township and TownshipName are where a community lies; "" for the others.
	Township     string `json:"township,omitempty" privacy:"public"`
	TownshipName string `json:"township_name,omitempty" privacy:"public"`
}

// Key is the scope key of the unit itself: who has it answers.
func (a Addressee) Key() string {
	switch a.Kind {
	case ToFirm:
		return policy.FirmKey(a.ID)
	case ToCommunity:
		return policy.CommunityKey(a.ID)
	}
	return policy.TownshipKey(a.ID)
}

// Task is a task of collection: what is asked, of whom, until when.
type Task struct {
	// Title and Text are the notice, Contact says who can be asked, Files are attached.
	Title   string         `json:"title" privacy:"public"`
	Text    string         `json:"text" privacy:"public"`
	Contact string         `json:"contact" privacy:"internal"`
	Files   []files.Stored `json:"files,omitempty"`
	// Rows says how many rows an answer has, Columns are those of every version of the form, Version is the newest, from 1.
	Rows    RowsKind `json:"rows" privacy:"public"`
	Columns []Column `json:"columns"`
	Version int64    `json:"version"`
	// Changed are the later versions of the form with what was said about them.
	Changed []Changed `json:"changed,omitempty"`
	// Hazard is the id of the column that tells of a hazard, "" for none; Category is the code of matters.yaml under which a row becomes a matter.
	Hazard   string `json:"hazard,omitempty" privacy:"public"`
	Category string `json:"category,omitempty" privacy:"public"`
	// To are the addressees; the place in the list is part of the id of an answer, so nobody is taken out once it was sent.
	To []Addressee `json:"to,omitempty"`
	// Due is until when it is to be answered; empty in the form of a plan.
	Due calendar.Deadline `json:"due,omitzero"`
	// Owner are the scope keys of the office that sends it, OwnerName is what the townships are called, "" for the bureau, Day the day by which they were stamped.
	Owner     []string      `json:"owner" privacy:"internal"`
	OwnerName string        `json:"owner_name" privacy:"public"`
	Day       calendar.Date `json:"day"`
	// State is where it stands, Last what was done last, Reason why it was withdrawn.
	State  State  `json:"state" privacy:"public"`
	Last   Step   `json:"last" privacy:"public"`
	Reason string `json:"reason,omitempty" privacy:"internal"`
	// Made, Sent and Ended are who made, sent, and closed or withdrew it; nil before.
	Made  supervision.Hand  `json:"made"`
	Sent  *supervision.Hand `json:"sent,omitempty"`
	Ended *supervision.Hand `json:"ended,omitempty"`
	// Reminders are the reminders, in order.
	Reminders []Reminder `json:"reminders,omitempty"`
	// Plan and Period name the plan and its period that made it, "" for a task that somebody made.
	Plan   string `json:"plan,omitempty" privacy:"internal"`
	Period string `json:"period,omitempty" privacy:"public"`
}

// Changed is a later version of a form.
type Changed struct {
	Version int64            `json:"version"`
	Why     string           `json:"why" privacy:"internal"`
	By      supervision.Hand `json:"by"`
}

// Reminder is one click on 催报.
type Reminder struct {
	By supervision.Hand `json:"by"`
	// To are the places in Task.To of those who were missing then.
	To []int64 `json:"to"`
}

// State is where a task stands. A new one gets a row in steps and a word and colour in internal/web.
type State string

// The states of a task.
const (
	// Draft: it is being written.
	Draft State = "draft"
	// Running: it was sent and collects answers.
	Running State = "running"
	// Archived: it was closed; everything stays readable. Final.
	Archived State = "archived"
	// Withdrawn: given up; nobody has to answer. Final.
	Withdrawn State = "withdrawn"
)

// States are all states in the order of a life.
func States() []State { return []State{Draft, Running, Archived, Withdrawn} }

// Title is the state for people.
func (s State) Title() string {
	return map[State]string{Draft: "未下发", Running: "收表中", Archived: "已归档", Withdrawn: "已撤回任务"}[s]
}

// Final reports whether nothing is to be done any more.
func (s State) Final() bool { return len(steps[s]) == 0 }

// Step is what is done to a task; it names the form on its page.
type Step string

// The steps of a task.
const (
	StepMake     Step = "make"
	StepEdit     Step = "edit"
	StepAddress  Step = "address"
	StepSend     Step = "send"
	StepRemind   Step = "remind"
	StepRevise   Step = "revise"
	StepExtend   Step = "extend"
	StepClose    Step = "close"
	StepWithdraw Step = "withdraw"
)

// Steps are all steps in the order of a life.
func Steps() []Step {
	return []Step{StepMake, StepEdit, StepAddress, StepSend, StepRemind, StepRevise, StepExtend, StepClose, StepWithdraw}
}

// Title is the step for people.
func (s Step) Title() string {
	return map[Step]string{StepMake: "新建收表任务", StepEdit: "修改收表任务", StepAddress: "选定填报单位", StepSend: "下发", StepRemind: "催报", StepRevise: "修改表样", StepExtend: "调整期限", StepClose: "结束收表并归档", StepWithdraw: "撤回任务"}[s]
}

// steps is the one table of transitions; what is not in it is a Conflict.
var steps = casework.Table[State, Step]{
	"":        {StepMake: Draft},
	Draft:     {StepEdit: Draft, StepAddress: Draft, StepSend: Running, StepWithdraw: Withdrawn},
	Running:   {StepAddress: Running, StepRemind: Running, StepRevise: Running, StepExtend: Running, StepClose: Archived, StepWithdraw: Withdrawn},
	Archived:  {},
	Withdrawn: {},
}

// taskWord and sheetWord are what people call them.
const taskWord, sheetWord = "这个收表任务", "这张表"

// next returns the state after a step, or Conflict.
func (t *Task) next(do Step) (State, error) { return steps.Next(taskWord, t.State, do) }

// Column is a column by its id, with its place; false if there is none.
func (t *Task) Column(id string) (place int, c Column, ok bool) {
	i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.ID == id })
	if i < 0 {
		return 0, Column{}, false
	}
	return i, t.Columns[i], true
}

// Row is one row of an answer.
type Row struct {
	// ID is its name within the answer: the id of the compound where there is one row for each, else r1, r2, ….
	ID string `json:"id" privacy:"public"`
	// Project is the compound that the row is about, "" for none.
	Project string `json:"project,omitempty" privacy:"public"`
	// Cells are the kept values by place of the column, "" for what is empty or about a person; cells at the end may be missing. Personal are those about a person.
	Cells    []string   `json:"cells,omitempty" privacy:"internal"`
	Personal []Personal `json:"personal,omitempty"`
}

// Personal is a value about a person.
type Personal struct {
	// At is the place of the column.
	At   int64  `json:"at"`
	Text string `json:"text" privacy:"pii"`
}

// At is the kept value of a column by its place.
func (r *Row) At(place int) string {
	for _, p := range r.Personal {
		if p.At == int64(place) {
			return p.Text
		}
	}
	if place < len(r.Cells) {
		return r.Cells[place]
	}
	return ""
}

// Set keeps a value at the place of a column; it never changes what another row shares.
func (r *Row) Set(columns []Column, place int, kept string) {
	if columns[place].Personal() {
		r.Personal = slices.DeleteFunc(slices.Clone(r.Personal), func(p Personal) bool { return p.At == int64(place) })
		if kept != "" {
			r.Personal = append(r.Personal, Personal{int64(place), kept})
		}
		return
	}
	cells := slices.Clone(r.Cells)
	for len(cells) <= place {
		cells = append(cells, "")
	}
	cells[place] = kept
	r.Cells = cells
}

// about is the compound that a row is about: its own, or the one that a column names.
func (r *Row) about(columns []Column) string {
	if r.Project != "" {
		return r.Project
	}
	for i, c := range columns {
		if c.Kind == KindProject && r.At(i) != "" {
			return r.At(i)
		}
	}
	return ""
}

// blank reports whether nothing stands in a row.
func (r *Row) blank() bool {
	return len(r.Personal) == 0 && !slices.ContainsFunc(r.Cells, func(text string) bool { return text != "" })
}

// Sheet is the answer of one addressee.
type Sheet struct {
	// Task is the id of the task, Title its title, To who answers, N the place in the list.
	Task  string    `json:"task" privacy:"internal"`
	Title string    `json:"title" privacy:"public"`
	To    Addressee `json:"to"`
	N     int64     `json:"n"`
	// Keys are the scope keys of who is addressed and of the places that its compounds lie in, Owner those of who sends it, both as of Day.
	Keys  []string      `json:"keys" privacy:"internal"`
	Owner []string      `json:"owner" privacy:"internal"`
	Day   calendar.Date `json:"day"`
	// Due is until when it is to be answered: that of the task.
	Due calendar.Deadline `json:"due"`
	// State is where it stands, Last what was done last, Reason why it was returned or lifted.
	State  SheetState `json:"state" privacy:"public"`
	Last   SheetStep  `json:"last" privacy:"public"`
	Reason string     `json:"reason,omitempty" privacy:"internal"`
	// Receipt is who signed for it, First who sent it first and Filed who did last; nil before. Late: the first time was after the deadline.
	Receipt *supervision.Hand `json:"receipt,omitempty"`
	First   *supervision.Hand `json:"first,omitempty"`
	Filed   *supervision.Hand `json:"filed,omitempty"`
	Late    bool              `json:"late,omitempty"`
	// Version is the version of the form that Rows answer, 0 before; Asked the newest that reached it.
	Version int64 `json:"version,omitempty"`
	Asked   int64 `json:"asked"`
	// Rows are what was sent last. Draft is what is being written, if Drafted.
	Rows    []Row `json:"rows,omitempty"`
	Draft   []Row `json:"draft,omitempty"`
	Drafted bool  `json:"drafted,omitempty"`
	// Counter numbers the rows that are about no compound.
	Counter int64 `json:"counter,omitempty"`
	// Reminded are the reminders that it got.
	Reminded []Reminded `json:"reminded,omitempty"`
	// Matters are the rows that became matters.
	Matters []Passed `json:"matters,omitempty"`
}

// Reminded is a reminder as an addressee got it.
type Reminded struct {
	// N is its number within the task, from 1, At when.
	N  int64        `json:"n"`
	At journal.Time `json:"at"`
	// Seen is who acknowledged it; nil before.
	Seen *supervision.Hand `json:"seen,omitempty"`
}

// Passed is a row that became a matter.
type Passed struct {
	Row    string           `json:"row" privacy:"public"`
	Matter string           `json:"matter" privacy:"internal"`
	By     supervision.Hand `json:"by"`
}

// SheetState is where an answer stands. A new one gets a row in sheetSteps and a word and colour in internal/web.
type SheetState string

// The states of an answer.
const (
	// Unsigned: the unit has not signed for the task.
	Unsigned SheetState = "unsigned"
	// Signed: it signed and has not answered.
	Signed SheetState = "signed"
	// Filed: it answered.
	Filed SheetState = "filed"
	// Returned: the answer was returned to be corrected.
	Returned SheetState = "returned"
	// Partial: it answered, and the form has new columns since.
	Partial SheetState = "partial"
	// Missed: the task ended without its answer. Final.
	Missed SheetState = "missed"
	// Lifted: it need not answer. Final.
	Lifted SheetState = "lifted"
)

// SheetStates are all states in the order of a life.
func SheetStates() []SheetState {
	return []SheetState{Unsigned, Signed, Returned, Partial, Filed, Missed, Lifted}
}

// Title is the state for people.
func (s SheetState) Title() string {
	return map[SheetState]string{Unsigned: "未签收", Signed: "已签收未报", Filed: "已报", Returned: "已退回待改", Partial: "待补填新栏", Missed: "到归档没有报", Lifted: "免报"}[s]
}

// Open reports whether the unit still has to do something: it is missing.
func (s SheetState) Open() bool {
	return s == Unsigned || s == Signed || s == Returned || s == Partial
}

// SheetStep is what is done to an answer.
type SheetStep string

// The steps of an answer.
const (
	// SheetOpen gives it to the unit, SheetAsk tells it of new columns, SheetEnd ends it with the task: they follow from the task.
	SheetOpen SheetStep = "open"
	SheetAsk  SheetStep = "ask"
	SheetEnd  SheetStep = "end"
	// SheetSign signs for it, SheetSave keeps what is written, SheetFile sends it, SheetSeen acknowledges a reminder: the unit.
	SheetSign SheetStep = "sign"
	SheetSave SheetStep = "save"
	SheetFile SheetStep = "file"
	SheetSeen SheetStep = "seen"
	// SheetReturn, SheetLift and SheetPass are those of who sent the task.
	SheetReturn SheetStep = "return"
	SheetLift   SheetStep = "lift"
	SheetPass   SheetStep = "pass"
)

// Title is the step for people.
func (s SheetStep) Title() string {
	return map[SheetStep]string{SheetOpen: "下发", SheetAsk: "表样有新栏", SheetEnd: "任务结束", SheetSign: "签收", SheetSave: "保存", SheetFile: "上报", SheetSeen: "收到催报", SheetReturn: "退回修改", SheetLift: "免报", SheetPass: "转为事项"}[s]
}

// Action is the right that a step asks for.
func (s SheetStep) Action() policy.Action {
	switch s {
	case SheetSign, SheetSave, SheetFile, SheetSeen:
		return policy.FillCollection
	}
	return policy.SendCollection
}

// sheetSteps is the one table of transitions of an answer; what is not in it is a Conflict. How a task's end leaves it stands in endOf.
var sheetSteps = casework.Table[SheetState, SheetStep]{
	"":       {SheetOpen: Unsigned},
	Unsigned: {SheetSign: Signed, SheetSeen: Unsigned, SheetLift: Lifted},
	Signed:   {SheetSave: Signed, SheetFile: Filed, SheetSeen: Signed, SheetLift: Lifted},
	Filed:    {SheetSave: Filed, SheetFile: Filed, SheetSeen: Filed, SheetReturn: Returned, SheetAsk: Partial, SheetPass: Filed},
	Returned: {SheetSave: Returned, SheetFile: Filed, SheetSeen: Returned, SheetLift: Lifted},
	Partial:  {SheetSave: Partial, SheetFile: Filed, SheetSeen: Partial, SheetReturn: Returned, SheetPass: Partial, SheetLift: Lifted},
	Missed:   {},
	Lifted:   {},
}

// endOf is how the end of a task leaves an answer. One that lacks only new columns counts as it is.
func endOf(task State, s SheetState) SheetState {
	switch {
	case !s.Open():
		return s
	case task == Withdrawn:
		return Lifted
	case s == Partial:
		return Filed
	}
	return Missed
}

// next returns the state after a step, or Conflict.
func (s *Sheet) next(do SheetStep) (SheetState, error) {
	return sheetSteps.Next(sheetWord, s.State, do)
}

// Answered reports whether there is something to merge.
func (s *Sheet) Answered() bool { return s.State == Filed || s.State == Partial }

// Unseen is how many reminders were not acknowledged.
func (s *Sheet) Unseen() int {
	n := 0
	for _, r := range s.Reminded {
		if r.Seen == nil {
			n++
		}
	}
	return n
}

// MatterOf is the matter that a row became, "" for none.
func (s *Sheet) MatterOf(row string) string {
	for _, p := range s.Matters {
		if p.Row == row {
			return p.Matter
		}
	}
	return ""
}

// SheetID is the id of the n-th answer (from 0) to a task.
func SheetID(task string, n int) string { return task + "." + strconv.Itoa(n+1) }
