package repair

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/registry"
	"redsteward/supervision"
)

// Said is what the firm says of a repair.
type Said struct {
	// Reported is when it was reported to the firm, Agreed when it was to be done as agreed with the household, zero if nothing was agreed.
	Reported journal.Time `json:"reported"`
	Agreed   journal.Time `json:"agreed,omitzero"`
	// Where says the place, What is to be repaired.
	Where string `json:"where" privacy:"internal"`
	What  string `json:"what" privacy:"internal"`
	// Category is a code of repairs.yaml. Urgent: somebody has to come at once.
	Category string `json:"category" privacy:"public"`
	Urgent   bool   `json:"urgent,omitempty"`
	// Phone is that of the household, "" for common parts; masked for nearly everybody.
	Phone string `json:"phone,omitempty" privacy:"pii"`
	// Arrived is when somebody was there, Done when it was done, both zero before; Result says what was done.
	Arrived journal.Time `json:"arrived,omitzero"`
	Done    journal.Time `json:"done,omitzero"`
	Result  string       `json:"result,omitempty" privacy:"internal"`
}

// Repair is one row of a repair log.
type Repair struct {
	// Project, Firm, Community and Township are ids with their names; the firm held the compound on the day of the report.
	Project       string `json:"project" privacy:"public"`
	ProjectName   string `json:"project_name" privacy:"public"`
	Firm          string `json:"firm" privacy:"public"`
	FirmName      string `json:"firm_name" privacy:"public"`
	Community     string `json:"community" privacy:"public"`
	CommunityName string `json:"community_name" privacy:"public"`
	Township      string `json:"township" privacy:"public"`
	TownshipName  string `json:"township_name" privacy:"public"`
	// Keys are the scope keys, Day the day of the report, by which they were stamped.
	Keys []string      `json:"keys" privacy:"internal"`
	Day  calendar.Date `json:"day"`
	// Number is the firm's own number, one of its kind in the compound and month of the report.
	Number string `json:"number" privacy:"public"`
	// Said is what the firm says of it.
	Said Said `json:"said"`
	// CategoryTitle is the category as it was called then, Due until when it was to be answered to be in time: urgent ones by arrival, all others by their end.
	CategoryTitle string       `json:"category_title" privacy:"public"`
	Due           journal.Time `json:"due"`
	// Withdrawn: it was entered by mistake. Reason is why it was corrected or withdrawn last.
	Withdrawn bool   `json:"withdrawn,omitempty"`
	Reason    string `json:"reason,omitempty" privacy:"internal"`
	// Hand is who entered or changed it last.
	Hand supervision.Hand `json:"hand"`
}

// State is where a repair stands, derived from its times.
type State string

// The states.
const (
	// Waiting: nobody was there yet.
	Waiting State = "waiting"
	// Arrived: somebody was there, it is not done.
	Arrived State = "arrived"
	// Done: it is done, as the firm says.
	Done State = "done"
	// Withdrawn: entered by mistake.
	Withdrawn State = "withdrawn"
)

// States are all states in the order of a life.
func States() []registry.Choice {
	return []registry.Choice{{ID: string(Waiting), Text: "待到场"}, {ID: string(Arrived), Text: "已到场"}, {ID: string(Done), Text: "已修好"}, {ID: string(Withdrawn), Text: "已撤销"}}
}

// Title is the state for people.
func (s State) Title() string { return registry.TextOf(States(), s) }

// State is where it stands.
func (r *Repair) State() State {
	switch {
	case r.Withdrawn:
		return Withdrawn
	case !r.Said.Done.IsZero():
		return Done
	case !r.Said.Arrived.IsZero():
		return Arrived
	}
	return Waiting
}

// answered is the moment that decides whether it was in time, zero while there is none.
func (r *Repair) answered() time.Time {
	if r.Said.Urgent {
		return r.Said.Arrived.Time
	}
	return r.Said.Done.Time
}

// Late reports whether its answer came after its due moment, or is still missing after it.
func (r *Repair) Late(now time.Time) bool {
	if r.Withdrawn {
		return false
	}
	at := r.answered()
	if at.IsZero() {
		return now.After(r.Due.Time)
	}
	return at.After(r.Due.Time)
}

// Mask is a phone as pages show it: 138****5678; "" stays "", what was destroyed says so.
func Mask(phone string) string {
	n := len(phone)
	switch {
	case phone == "" || phone == store.PurgedText:
		return phone
	case n < 8:
		return strings.Repeat("*", n)
	}
	return phone[:3] + strings.Repeat("*", n-7) + phone[n-4:]
}

const (
	// MaxWords is the longest description and result, in characters.
	MaxWords = 200
	// MaxWhere is the longest place, in characters.
	MaxWhere = 60
	// MaxNumber is the longest number of a repair, in characters.
	MaxNumber = 30
	// maxBack is how many days after the report it can still be entered.
	maxBack = 60
)

var (
	// phoneForm is a mobile phone or a line with or without area code.
	phoneForm = regexp.MustCompile(`^(1[3-9][0-9]{9}|(0[0-9]{2,3}-?)?[2-9][0-9]{6,7})$`)
	// personal finds mobile phones and identity numbers where they do not belong.
	personal = regexp.MustCompile(`1[3-9][0-9]{9}|[0-9]{17}[0-9Xx]`)
)

// wrong gathers what is wrong with an input.
type wrong []fault.Field

func (w *wrong) add(name, format string, args ...any) {
	*w = append(*w, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
}

func (w *wrong) text(name, label string, value *string, least, most int) {
	*value = strings.TrimSpace(*value)
	if n := utf8.RuneCountInString(*value); n < least || n > most {
		w.add(name, "%s要写 %d 至 %d 个字，现在有 %d 个", label, least, most, n)
	}
	if personal.MatchString(*value) {
		w.add(name, "%s里不要写电话号码和身份证号", label)
	}
}

// check completes what a firm says and tells what is wrong with it: the fields reported, agreed, where, what, category, phone, arrived, done and result.
func (s *Said) check(w *wrong, t *Terms, now time.Time) {
	w.text("where", "位置", &s.Where, 2, MaxWhere)
	w.text("what", "报修内容", &s.What, 2, MaxWords)
	w.text("result", "处理结果", &s.Result, 0, MaxWords)
	if registry.TextOf(t.Categories(), s.Category) == s.Category {
		w.add("category", "请选择类别")
	}
	s.Phone = strings.TrimSpace(s.Phone)
	if s.Phone != "" && !phoneForm.MatchString(s.Phone) {
		w.add("phone", "联系电话“%s”不是手机号或者固定电话", s.Phone)
	}
	for _, at := range []*journal.Time{&s.Reported, &s.Agreed, &s.Arrived, &s.Done} {
		if !at.IsZero() {
			*at = journal.At(at.Truncate(time.Minute))
		}
	}
	if s.Reported.IsZero() {
		w.add("reported", "请填写报修时间")
		return
	}
	ordered := func(name, label string, at journal.Time, beforeLabel string, before journal.Time) {
		switch {
		case at.IsZero():
		case at.After(now):
			w.add(name, "%s %s 还没有到", label, MomentText(at.Time))
		case at.Before(before.Time):
			w.add(name, "%s %s 早于%s %s", label, MomentText(at.Time), beforeLabel, MomentText(before.Time))
		}
	}
	ordered("reported", "报修时间", s.Reported, "", journal.Time{})
	ordered("arrived", "到场时间", s.Arrived, "报修时间", s.Reported)
	if !s.Agreed.IsZero() && s.Agreed.Before(s.Reported.Time) {
		w.add("agreed", "约定完成时间 %s 早于报修时间 %s", MomentText(s.Agreed.Time), MomentText(s.Reported.Time))
	}
	switch {
	case s.Done.IsZero() && s.Result != "":
		w.add("done", "填了处理结果的，要填完成时间")
	case s.Done.IsZero():
	case s.Arrived.IsZero():
		w.add("arrived", "填了完成时间的，要填到场时间")
	default:
		ordered("done", "完成时间", s.Done, "到场时间", s.Arrived)
		if s.Result == "" {
			w.add("result", "请写明处理结果")
		}
	}
}

// Change is one thing that a correction changed: its heading, what was said before and what is said now.
type Change struct{ Label, Before, Now string }

// changes are what differs between two states; of phones only that they differ.
func changes(before, now *Repair) []Change {
	var out []Change
	add := func(label, was, is string) {
		if was != is {
			out = append(out, Change{label, was, is})
		}
	}
	b, n := &before.Said, &now.Said
	yes := map[bool]string{true: "是", false: "否"}
	add("报修时间", MomentText(b.Reported.Time), MomentText(n.Reported.Time))
	add("约定完成时间", MomentText(b.Agreed.Time), MomentText(n.Agreed.Time))
	add("位置", b.Where, n.Where)
	add("报修内容", b.What, n.What)
	add("类别", before.CategoryTitle, now.CategoryTitle)
	add("急修", yes[b.Urgent], yes[n.Urgent])
	add("到场时间", MomentText(b.Arrived.Time), MomentText(n.Arrived.Time))
	add("完成时间", MomentText(b.Done.Time), MomentText(n.Done.Time))
	add("处理结果", b.Result, n.Result)
	if b.Phone != n.Phone {
		out = append(out, Change{"联系电话", Mask(b.Phone), Mask(n.Phone)})
	}
	return out
}
