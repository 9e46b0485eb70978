// Package party keeps what the party organisations of firms do: one sheet (台账) for each firm, community and quarter, filled in by party organisations and confirmed as a whole, level
// by level. From them come the party facts of five-goods (since 2027.3).
//
//  1. A sheet holds dates, kinds, how many were expected and came, and one site photo an activity: never a roster, minutes, what is said of persons, or a paper of the party.
//  2. It counts once every level has confirmed it, each by another person, on paper once a further person has looked at the scan; what was confirmed counts until a later confirmation of the same sheet takes its place.
//  3. Whoever may not read party facts sees what is confirmed, by kind and number, and nothing of how it came about.
//  4. Branch life is that of the firm, co-building that of the firm with the community: nothing is entered for each project.
//  5. How many meetings are due follows from the party form and the members of the register, and is never typed.
package party

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/policy"
	"redsteward/registry"
)

// Kind is what was done.
type Kind string

// The kinds: branch life, the work of an instructor, and the five kinds of co-building (五个共).
const (
	// Assembly is 党员大会, Committee 支委会, Theme 主题党日, Lecture 党课.
	Assembly  Kind = "assembly"
	Committee Kind = "committee"
	Theme     Kind = "theme"
	Lecture   Kind = "lecture"
	// Visit is the instructor with the firm, Training that of core people and applicants.
	Visit    Kind = "visit"
	Training Kind = "training"
	// TogetherOrganised to TogetherWork are 组织共建、阵地共用、党课共上、活动共办、工作共抓.
	TogetherOrganised Kind = "co_organisation"
	TogetherPlace     Kind = "co_place"
	TogetherLecture   Kind = "co_lecture"
	TogetherActivity  Kind = "co_activity"
	TogetherWork      Kind = "co_work"
)

// Kinds lists the kinds.
func Kinds() []registry.Choice {
	return []registry.Choice{{ID: string(Assembly), Text: "党员大会"}, {ID: string(Committee), Text: "支委会"}, {ID: string(Theme), Text: "主题党日"}, {ID: string(Lecture), Text: "党课"},
		{ID: string(Visit), Text: "指导员到企业指导"}, {ID: string(Training), Text: "骨干和入党申请人培训"}, {ID: string(TogetherOrganised), Text: "组织共建"}, {ID: string(TogetherPlace), Text: "阵地共用"},
		{ID: string(TogetherLecture), Text: "党课共上"}, {ID: string(TogetherActivity), Text: "活动共办"}, {ID: string(TogetherWork), Text: "工作共抓"}}
}

// Together reports whether a kind is one of the five of co-building.
func (k Kind) Together() bool { return strings.HasPrefix(string(k), "co_") }

// Meeting reports whether a kind is a meeting of a branch.
func (k Kind) Meeting() bool { return k == Assembly || k == Committee || k == Theme || k == Lecture }

// committeeFrom is the number of full members from which a branch has a committee; below it none is due.
const committeeFrom = 7

// Due is how many of a kind are due in a quarter of a firm whose party is organised so at its end: 党员大会 and 党课 once, 主题党日 and, with seven full members or more, 支委会 every month; an
// instructor comes every month and trains once. Months before the first day of the form are not counted, and what is due once a quarter is due only in a whole one. Co-building is never due by
// number.
func Due(p registry.Party, k Kind, q calendar.Quarter) int {
	months := 0
	for first, i := q.Span().First, 0; i < 3; i++ {
		if p.Days.From.Compare(first.AddMonths(i)) <= 0 {
			months++
		}
	}
	once := months / 3
	branch := p.Form == registry.PartyOwn || p.Form == registry.PartyJoint
	switch {
	case branch && (k == Assembly || k == Lecture):
		return once
	case branch && k == Theme, branch && k == Committee && p.FullMembers() >= committeeFrom:
		return months
	case !branch && k == Visit:
		return months
	case !branch && k == Training:
		return once
	}
	return 0
}

// Line is one activity.
type Line struct {
	// Kind is what was done, Day when.
	Kind Kind          `json:"kind" privacy:"public"`
	Day  calendar.Date `json:"day"`
	// Expected and Present are how many people were to come and came (应到、实到).
	Expected int64 `json:"expected"`
	Present  int64 `json:"present"`
	// Note is a short word about it, never about persons.
	Note string `json:"note,omitempty" privacy:"internal"`
	// Photo is the one site photo, nil for none.
	Photo *files.Stored `json:"photo,omitempty"`
}

// Sheet is what one firm did with one community in one quarter.
type Sheet struct {
	// Firm and Community are ids, the names are for people.
	Firm          string `json:"firm" privacy:"public"`
	FirmName      string `json:"firm_name" privacy:"public"`
	Community     string `json:"community" privacy:"public"`
	CommunityName string `json:"community_name" privacy:"public"`
	// Quarter is the quarter, as 2026Q4.
	Quarter string `json:"quarter" privacy:"public"`
	// Keys are the scope keys, Day the day by which they were stamped.
	Keys []string      `json:"keys" privacy:"internal"`
	Day  calendar.Date `json:"day"`
	// Lines are the activities in the order of their days.
	Lines []Line `json:"lines,omitempty"`
	// State is where it stands, Last what was done last, Reason why it was returned or opened again.
	State  State  `json:"state" privacy:"internal"`
	Last   Move   `json:"last" privacy:"internal"`
	Reason string `json:"reason,omitempty" privacy:"internal"`
	// Approval is how far the confirmation has come; nil before it is handed on.
	Approval *policy.Approval `json:"approval,omitempty"`
	// Scans are the signed papers that stand for signatures, in the order in which they were recorded.
	Scans []files.Stored `json:"scans,omitempty"`
}

// State is where a sheet stands. A new one gets a row in moves and a word and colour in internal/web.
type State string

// The states of a sheet.
const (
	// Open: being filled in.
	Open State = "open"
	// Waiting: handed on, waits for the first level.
	Waiting State = "waiting"
	// Passing: a lower level confirmed, waits for the next one.
	Passing State = "passing"
	// Returned: a level wants it corrected.
	Returned State = "returned"
	// Confirmed: counts.
	Confirmed State = "confirmed"
)

// States are all states in the order of a life.
func States() []State { return []State{Open, Waiting, Passing, Returned, Confirmed} }

// Title is the state for people.
func (s State) Title() string {
	switch s {
	case Open:
		return "填写中"
	case Waiting:
		return "待确认"
	case Passing:
		return "逐级确认中"
	case Returned:
		return "退回"
	case Confirmed:
		return "已确认"
	}
	return string(s)
}

// Waits reports whether a level is to decide.
func (s State) Waits() bool { return s == Waiting || s == Passing }

// Move is what is done to a sheet; its text is for people.
type Move string

// The moves.
const (
	// MoveFill adds, corrects or takes out an activity, MoveSubmit hands the sheet on, MoveRecall takes it back.
	MoveFill   Move = "填写"
	MoveSubmit Move = "报送确认"
	MoveRecall Move = "收回"
	// MovePass and MoveConfirm are a level's confirmation, MoveReturn its return.
	MovePass    Move = "确认一级"
	MoveConfirm Move = "全部确认"
	MoveReturn  Move = "退回"
	// MovePaper records a signature on paper, or looks at its scan a second time.
	MovePaper Move = "登记签字件"
	// MoveReopen opens a confirmed sheet again; what was confirmed counts until it is confirmed anew.
	MoveReopen Move = "更正"
)

// moves is the one table of transitions; what is not in it is a Conflict.
var moves = map[State]map[Move]State{
	"":        {MoveFill: Open},
	Open:      {MoveFill: Open, MoveSubmit: Waiting},
	Returned:  {MoveFill: Returned, MoveSubmit: Waiting},
	Waiting:   {MovePass: Passing, MoveConfirm: Confirmed, MoveReturn: Returned, MovePaper: Waiting, MoveRecall: Open},
	Passing:   {MovePaper: Passing, MovePass: Passing, MoveConfirm: Confirmed, MoveReturn: Returned},
	Confirmed: {MoveReopen: Open},
}

// next returns the state after a move, or Conflict.
func (s State) next(m Move) (State, error) {
	to, ok := moves[s][m]
	if !ok {
		return "", fault.New("party.next", fault.Conflict, fmt.Sprintf("这份台账现在是“%s”，不能%s，请刷新后再看", s.Title(), m))
	}
	return to, nil
}

// Can reports whether the table knows a move from the present state.
func (s State) Can(m Move) bool {
	_, err := s.next(m)
	return err == nil
}

// Hash is what every level confirms: the algorithm and the hash of the lines.
func (s *Sheet) Hash() (string, error) {
	said, err := json.Marshal([]any{s.Firm, s.Community, s.Quarter, s.Lines})
	if err != nil {
		return "", fault.Wrap("party.Hash", fault.Internal, "", err)
	}
	sum := sha256.Sum256(said)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// Count is how many activities of the kinds that f wants the sheet holds.
func (s *Sheet) Count(f func(Kind) bool) int {
	n := 0
	for _, l := range s.Lines {
		if f(l.Kind) {
			n++
		}
	}
	return n
}

// KindsTogether is how many of the five kinds of co-building the sheet holds.
func (s *Sheet) KindsTogether() int {
	seen := map[Kind]bool{}
	for _, l := range s.Lines {
		if l.Kind.Together() {
			seen[l.Kind] = true
		}
	}
	return len(seen)
}

const (
	// maxLines is how many activities a sheet holds.
	maxLines = 40
	// maxPeople is the most that come to one activity.
	maxPeople = 999
	// maxNote is the longest note, in characters: too short for minutes or a list of names.
	maxNote = 30
)

// never are words of papers that do not belong here.
var never = []string{"名单", "花名册", "会议记录", "评议", "思想汇报", "入党申请书", "志愿书", "决议", "政审", "处分"}

// check completes a line. Its field names are kind, day, expected, present, note.
func (l *Line) check(quarter calendar.Quarter, today calendar.Date) []fault.Field {
	var bad []fault.Field
	add := func(name, format string, args ...any) {
		bad = append(bad, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
	}
	if !slices.ContainsFunc(Kinds(), func(c registry.Choice) bool { return c.ID == string(l.Kind) }) {
		add("kind", "请选择活动种类")
	}
	switch {
	case l.Day.IsZero():
		add("day", "请填写活动日期，例如 2026-10-19")
	case !quarter.Span().Has(l.Day):
		add("day", "日期%s不在%s", l.Day.Chinese(), quarter.Chinese())
	case l.Day.Compare(today) > 0:
		add("day", "日期%s还没有到", l.Day.Chinese())
	}
	if l.Expected < 1 || l.Expected > maxPeople {
		add("expected", "应到是 %d 人，要在 1 至 %d 之间", l.Expected, maxPeople)
	}
	if l.Present < 0 || l.Present > l.Expected {
		add("present", "实到是 %d 人，要在 0 至应到的 %d 之间", l.Present, l.Expected)
	}
	l.Note = strings.TrimSpace(l.Note)
	switch n := utf8.RuneCountInString(l.Note); {
	case n > maxNote:
		add("note", "备注有 %d 个字，最多 %d 个字；不收会议记录、名单和党内材料", n, maxNote)
	case strings.ContainsFunc(l.Note, unicode.IsControl):
		add("note", "备注里有换行或不可见字符，请删去")
	}
	for _, word := range never {
		if strings.Contains(l.Note, word) {
			add("note", "备注里有“%s”：这里只记时间、种类和人数，不收名单、会议记录、评议和党内材料", word)
			break
		}
	}
	return bad
}

// put adds a line, or corrects the one of the same kind and day, and keeps the order of the days.
func (s *Sheet) put(l Line) error {
	at := slices.IndexFunc(s.Lines, func(o Line) bool { return o.Kind == l.Kind && o.Day == l.Day })
	s.Lines = slices.Clone(s.Lines)
	switch {
	case at >= 0:
		if l.Photo == nil {
			l.Photo = s.Lines[at].Photo
		}
		s.Lines[at] = l
	case len(s.Lines) >= maxLines:
		return fault.InvalidFields("party.put", fault.Field{Name: "day", Message: fmt.Sprintf("一份台账最多 %d 项活动", maxLines)})
	default:
		s.Lines = append(s.Lines, l)
		slices.SortStableFunc(s.Lines, func(a, b Line) int { return a.Day.Compare(b.Day) })
	}
	return nil
}
