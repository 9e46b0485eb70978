package conduct

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/num"
	"redsteward/policy"
)

// Entry is one entry of a book.
type Entry struct {
	Input
	// FirmName and ProjectName are for people.
	FirmName    string `json:"firm_name" privacy:"public"`
	ProjectName string `json:"project_name,omitempty" privacy:"public"`
	// Keys are the scope keys, Day the day by which they were stamped.
	Keys []string      `json:"keys" privacy:"internal"`
	Day  calendar.Date `json:"day"`
	// ClassTitle is the class in the words of then, Shown says that the class is for the public, Points what a mark counts.
	ClassTitle string  `json:"class_title" privacy:"public"`
	Shown      bool    `json:"shown,omitempty"`
	Points     num.Num `json:"points"`
	// Until is the last day on which the entry is valid; no date for a class that is never shown.
	Until calendar.Date `json:"until,omitzero"`
	// Paper is the scanned document, if there is one.
	Paper *files.Stored `json:"paper,omitempty"`
	// State is where it stands, Last what was done last, Reason why it was returned, annulled or kept.
	State  State  `json:"state" privacy:"public"`
	Last   Move   `json:"last" privacy:"internal"`
	Reason string `json:"reason,omitempty" privacy:"internal"`
	// Acts are who did what.
	Acts []policy.Act `json:"acts"`
	// Objection is the last one, nil if there was none.
	Objection *Objection `json:"objection,omitempty"`
	// RepairNumber and Repaired are the decision of 信用中国 by which it was repaired.
	RepairNumber string        `json:"repair_number,omitempty" privacy:"internal"`
	Repaired     calendar.Date `json:"repaired,omitzero"`
	// Corrects is the id of the entry whose place this one takes when it is confirmed.
	Corrects string `json:"corrects,omitempty" privacy:"internal"`
}

// Input is what somebody enters.
type Input struct {
	// Firm is the id of the firm; Project that of the project which it is about, "" for the whole firm.
	Firm    string `json:"firm" privacy:"public"`
	Project string `json:"project,omitempty" privacy:"public"`
	// Class is a code of the book's classes.
	Class string `json:"class" privacy:"public"`
	// Source is the kind of paper, of 失信信息 only.
	Source string `json:"source,omitempty" privacy:"public"`
	// Title says what it is about, Number is the 文号, Authority who issued it, Decided its date.
	Title     string        `json:"title" privacy:"public"`
	Number    string        `json:"number" privacy:"public"`
	Authority string        `json:"authority" privacy:"public"`
	Decided   calendar.Date `json:"decided"`
	// Months is for how long 失信信息 is shown, within the bounds of its grade; of an honour for how long it is valid, 0 for the usual term.
	Months int64 `json:"months,omitempty"`
	// Person is who was honoured, "" for the firm or project; Consent the day on which he agreed in writing that his name is shown, no date without consent.
	Person  string        `json:"person,omitempty" privacy:"pii"`
	Consent calendar.Date `json:"consent,omitzero"`
}

// Objection is what a firm says against an entry.
type Objection struct {
	// Ground is why, By the account, At when.
	Ground string       `json:"ground" privacy:"internal"`
	By     string       `json:"by" privacy:"internal"`
	At     journal.Time `json:"at"`
	// Due is until when it is to be answered.
	Due calendar.Deadline `json:"due"`
	// Answer is what was decided and why, "" while it is open; Upheld says that the entry was annulled for it.
	Answer string `json:"answer,omitempty" privacy:"internal"`
	Upheld bool   `json:"upheld,omitempty"`
}

// State is where an entry stands. A new one gets a row in the tables of moves and a word and colour in internal/web.
type State string

// The states of an entry.
const (
	// Recorded: waits for another person.
	Recorded State = "recorded"
	// Returned: to be corrected by who entered it.
	Returned State = "returned"
	// Effective: counts until its last day.
	Effective State = "effective"
	// Objected: counts, and the firm's objection is marked beside it.
	Objected State = "objected"
	// Repaired: repaired by a decision of 信用中国. Final.
	Repaired State = "repaired"
	// Annulled: its document was annulled, or an objection was right. Final.
	Annulled State = "annulled"
	// Replaced: a confirmed entry that corrects it stands in its place. Final.
	Replaced State = "replaced"
	// Withdrawn: taken back before it counted.
	Withdrawn State = "withdrawn"
)

// Lapsed is what lists call an entry that counted until its last day; it is not stored.
const Lapsed State = "lapsed"

// States are the states in the order of a life, with Lapsed.
func States() []State {
	return []State{Recorded, Returned, Effective, Objected, Lapsed, Repaired, Annulled, Replaced, Withdrawn}
}

// Title is the state for people.
func (s State) Title() string {
	switch s {
	case Recorded:
		return "待核对"
	case Returned:
		return "退回"
	case Effective:
		return "有效"
	case Objected:
		return "异议中"
	case Lapsed:
		return "已过有效期"
	case Repaired:
		return "已修复"
	case Annulled:
		return "已撤销"
	case Replaced:
		return "已被更正替代"
	case Withdrawn:
		return "已撤回"
	}
	return string(s)
}

// Move is what is done to an entry; its text is for people.
type Move string

// The moves.
const (
	// MoveRecord enters, MoveEdit corrects what was returned, MoveWithdraw takes back.
	MoveRecord   Move = "登记"
	MoveEdit     Move = "更正后再报"
	MoveWithdraw Move = "撤回"
	// MoveConfirm and MoveReturn are the second person's.
	MoveConfirm Move = "核对确认"
	MoveReturn  Move = "退回"
	// MoveObject is the firm's; MoveKeep and MoveUphold answer it.
	MoveObject Move = "提出异议"
	MoveKeep   Move = "异议不成立"
	MoveUphold Move = "异议成立，撤销"
	// MoveRepair enters the decision of 信用中国, MoveAnnul that the document was annulled.
	MoveRepair Move = "信用修复"
	MoveAnnul  Move = "撤销"
	// MoveReplace marks what a confirmed correction replaces.
	MoveReplace Move = "用更正的记录替代"
)

type table = map[State]map[Move]State

// moves is the one table of transitions of a book; what is not in it is a Conflict.
func (b Book) moves() table {
	out := table{
		"":       {MoveRecord: Recorded},
		Recorded: {MoveConfirm: Effective, MoveReturn: Returned, MoveWithdraw: Withdrawn},
		Returned: {MoveEdit: Recorded, MoveWithdraw: Withdrawn},
		// A withdrawn entry leaves its place to the next one about the same document.
		Withdrawn: {MoveRecord: Recorded},
		Effective: {MoveAnnul: Annulled}, Objected: {}, Repaired: {}, Annulled: {}, Replaced: {},
	}
	if b == Honours {
		return out
	}
	out[Effective][MoveObject] = Objected
	out[Objected] = map[Move]State{MoveKeep: Effective, MoveUphold: Annulled}
	if b == Credit {
		out[Effective][MoveRepair] = Repaired
	} else {
		out[Effective][MoveReplace] = Replaced
	}
	return out
}

// next returns the state after a move, or Conflict.
func (b Book) next(s State, m Move) (State, error) {
	to, ok := b.moves()[s][m]
	if !ok {
		return "", fault.New("conduct.next", fault.Conflict, fmt.Sprintf("这条%s现在是“%s”，不能%s，请刷新后再看", b.Title(), s.Title(), m))
	}
	return to, nil
}

// Can reports whether the table knows a move of an entry.
func (b Book) Can(s State, m Move) bool {
	_, err := b.next(s, m)
	return err == nil
}

// Counts reports whether the entry counts on a day: confirmed, not annulled, repaired or replaced, and within its term.
func (e *Entry) Counts(day calendar.Date) bool {
	return (e.State == Effective || e.State == Objected) && e.Decided.Compare(day) <= 0 && (e.Until.IsZero() || day.Compare(e.Until) <= 0)
}

// StateOn is the state as lists show it on a day: Lapsed once the last day has passed.
func (e *Entry) StateOn(day calendar.Date) State {
	if (e.State == Effective || e.State == Objected) && !e.Until.IsZero() && day.Compare(e.Until) > 0 {
		return Lapsed
	}
	return e.State
}

// Public reports whether everybody sees the entry on a day.
func (e *Entry) Public(day calendar.Date) bool { return e.Shown && e.Counts(day) }

// The bounds of texts, in characters.
const (
	maxTitle  = 60
	maxNumber = 40
	maxReason = 200
)

// form gathers what is wrong with an input.
type form struct{ bad []fault.Field }

func (f *form) add(name, format string, args ...any) {
	f.bad = append(f.bad, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
}

// text trims a text and checks its length.
func (f *form) text(name, label string, value *string, least, most int) {
	*value = strings.TrimSpace(*value)
	switch n := utf8.RuneCountInString(*value); {
	case n == 0 && least > 0:
		f.add(name, "请填写%s", label)
	case n < least:
		f.add(name, "%s有 %d 个字，至少 %d 个字", label, n, least)
	case n > most:
		f.add(name, "%s有 %d 个字，最多 %d 个字", label, n, most)
	case strings.ContainsFunc(*value, unicode.IsControl):
		f.add(name, "%s里有换行或不可见字符，请删去", label)
	}
}

// check completes an input of a book and returns its class and what is wrong, by the names of the fields in JSON.
func (in *Input) check(b Book, terms *Terms, today calendar.Date) (Class, []fault.Field) {
	f := &form{}
	class, known := terms.Class(b, in.Class)
	if !known {
		f.add("class", "请选择%s", map[Book]string{Credit: "失信程度", Marks: "记录种类", Honours: "表彰级别"}[b])
	}
	f.text("title", map[Book]string{Credit: "事由", Marks: "事实", Honours: "表彰名称"}[b], &in.Title, 4, maxTitle)
	least := 4
	if b == Marks {
		least = 0 // a mark may rest on what the office saw itself
	}
	f.text("number", "文号", &in.Number, least, maxNumber)
	f.text("authority", map[Book]string{Credit: "作出机关", Marks: "提供单位", Honours: "授予机关"}[b], &in.Authority, 2, 40)
	switch {
	case in.Decided.IsZero():
		f.add("decided", "请填写日期，例如 2026-10-19")
	case in.Decided.Compare(today) > 0:
		f.add("decided", "日期%s还没有到", in.Decided.Chinese())
	}
	if b == Credit {
		in.checkCredit(f, terms, class)
	} else if in.Source != "" {
		f.add("source", "文书种类只有失信信息才填")
	}
	switch {
	case b == Marks && in.Months != 0:
		f.add("months", "行业评价记录的有效期由条款规定，不能自己填")
	case b == Honours && (in.Months < 0 || in.Months > longestTerm):
		f.add("months", "有效月数是 %d，要在 1 至 %d 之间；没有写明有效期的不填", in.Months, longestTerm)
	}
	in.checkPerson(f, b, today)
	return class, f.bad
}

// checkCredit checks what makes an entry 失信信息: a decision or a judgment, and a term within the bounds of its grade.
func (in *Input) checkCredit(f *form, terms *Terms, class Class) {
	known := false
	for _, s := range terms.file.Credit.Sources {
		known = known || s.ID == in.Source
	}
	if !known {
		f.add("source", "失信信息只来自行政处罚决定和生效裁判，请选择文书种类")
	}
	if word := terms.forbidden(in.Number, in.Title); word != "" {
		f.add("number", "文号或事由里有“%s”，不是处罚决定或裁判；没有按期整改等情形记入行业评价记录，不是失信信息", word)
	}
	switch {
	case class.ID == "":
	case !class.Public && in.Months != 0:
		f.add("months", "程度“%s”的不公示，不填公示月数", class.Title)
	case class.Public && (in.Months < class.Least || in.Months > class.Most):
		f.add("months", "公示月数是 %d，程度“%s”的要在 %d 至 %d 之间", in.Months, class.Title, class.Least, class.Most)
	}
	if in.Project != "" {
		f.add("project", "失信信息是企业的，不填小区")
	}
}

// checkPerson checks that only honours name persons, and that consent comes with a name.
func (in *Input) checkPerson(f *form, b Book, today calendar.Date) {
	f.text("person", "个人姓名", &in.Person, 0, 20)
	switch {
	case in.Person != "" && b != Honours:
		f.add("person", "%s不记个人", b.Title())
	case strings.Contains(in.Person, "*"):
		f.add("person", "姓名里有 *，是隐去的姓名，请填写全名")
	case in.Person == "" && !in.Consent.IsZero():
		f.add("consent", "填了本人同意的日期，也要填姓名")
	case in.Consent.Compare(today) > 0:
		f.add("consent", "本人同意的日期%s还没有到", in.Consent.Chinese())
	}
}

// until is the last day of an entry's term, no date for what is never shown.
func (in Input) until(b Book, terms *Terms, class Class) calendar.Date {
	months := in.Months
	switch {
	case b == Credit && !class.Public:
		return calendar.Date{}
	case months == 0:
		months = terms.months(b)
	}
	return in.Decided.AddMonths(int(months)).Add(-1)
}
