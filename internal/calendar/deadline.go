package calendar

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/yamlstrict"
)

// Unit is what a period is counted in.
type Unit string

// The units. Day, month and year follow the plain calendar; a period by month or year ends on the same day of its last month, or on the last day of that month.
const (
	UnitDay     Unit = "日"
	UnitWorkday Unit = "工作日"
	UnitMonth   Unit = "月"
	UnitYear    Unit = "年"
)

// longest is the greatest N of each unit: nothing a bureau does takes a century, but a slip of the finger does.
func (u Unit) longest() int {
	switch u {
	case UnitYear:
		return 100
	case UnitMonth:
		return 1200
	}
	return 3650
}

// UnmarshalText accepts the four units only.
func (u *Unit) UnmarshalText(text []byte) error {
	switch v := Unit(text); v {
	case UnitDay, UnitWorkday, UnitMonth, UnitYear:
		*u = v
		return nil
	}
	return fmt.Errorf("单位只能是 日、工作日、月、年")
}

// Rule is one period that a law, a text or the bureau sets, as deadlines.yaml says it.
type Rule struct {
	// ID is the name by which code refers to the rule, such as "handover.file".
	ID string `yaml:"id,required"`
	// Name is what the user sees.
	Name string `yaml:"name,required"`
	// From says in Chinese from which event the period counts.
	From string `yaml:"from,required"`
	// N is the number of units, 0 for the same day.
	N int `yaml:"n,required"`
	// Unit is what N counts.
	Unit Unit `yaml:"unit,required"`
	// Before is set where the period ends before its event: "20 days before delivery".
	Before bool `yaml:"before"`
	// Rolls is set where a last day of rest moves to the next worked day (Civil Code art. 203), as for acts that somebody owes; publicity just ends.
	Rolls bool `yaml:"rolls"`
	// Basis is the text the number comes from: document and article, or the practice it follows.
	Basis string `yaml:"basis,required"`
	// Proposal is set where no text binds here: the number is ours until the bureau adopts one, and pages say so.
	Proposal bool `yaml:"proposal,required"`
	// AsOf is the day on which basis and number were last compared; the file's own date if the rule has none.
	AsOf Date `yaml:"as_of"`
}

// Rules is a checked deadlines.yaml.
type Rules struct {
	list []Rule
}

// ruleID is the form of a rule's id.
var ruleID = regexp.MustCompile(`^[a-z][a-z0-9]*(\.[a-z][a-z0-9_]*)+$`)

// rulesFile is the shape of deadlines.yaml.
type rulesFile struct {
	AsOf      Date   `yaml:"as_of,required"`
	Deadlines []Rule `yaml:"deadlines,required"`
}

// ParseRules reads a deadlines.yaml. Returns Invalid with every mistake, named file:line:column.
func ParseRules(file string, data []byte) (*Rules, error) {
	var in rulesFile
	doc := yamlstrict.Decode(file, data, &in)
	seen := map[string]bool{}
	for i, r := range in.Deadlines {
		at := fmt.Sprintf("deadlines.%d", i)
		if r.ID != "" && !ruleID.MatchString(r.ID) {
			doc.Add(at+".id", fmt.Sprintf("id %q 要写成 handover.file 这样：小写字母、数字，用点分段", r.ID))
		}
		if seen[r.ID] && r.ID != "" {
			doc.Add(at+".id", fmt.Sprintf("id %s 已经有了", r.ID))
		}
		seen[r.ID] = true
		if limit := r.Unit.longest(); r.N < 0 || r.N > limit {
			doc.Add(at+".n", fmt.Sprintf("n 要在 0 到 %d 之间，现在是 %d；在事件之前的期限用 before: true", limit, r.N))
		}
		if r.Before && r.Rolls {
			doc.Add(at+".rolls", "事件之前的期限不能顺延")
		}
		if r.Unit == UnitWorkday && r.Rolls {
			doc.Add(at+".rolls", "按工作日计算的期限不会落在休息日，不用写 rolls")
		}
		for key, text := range map[string]string{"name": r.Name, "from": r.From, "basis": r.Basis} {
			if text != "" && strings.TrimSpace(text) != text {
				doc.Add(at+"."+key, key+" 前后不能留空格")
			}
		}
		if r.AsOf.IsZero() {
			in.Deadlines[i].AsOf = in.AsOf
		}
	}
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return &Rules{in.Deadlines}, nil
}

// All returns the rules in the order of the file.
func (r *Rules) All() []Rule { return slices.Clone(r.list) }

// Find returns the rule of that id, or NotFound.
func (r *Rules) Find(id string) (Rule, error) {
	for _, rule := range r.list {
		if rule.ID == id {
			return rule, nil
		}
	}
	return Rule{}, fault.New("calendar.Find", fault.NotFound, "没有“"+id+"”这条期限规定")
}

// Deadline is one period that runs: what it was counted from and by which rule, and its due date once a calendar reaches that far. It is stored as it is.
type Deadline struct {
	// Rule is the id of the rule that was applied.
	Rule string `json:"rule" privacy:"public"`
	// Start is the day of the event; it does not count.
	Start Date `json:"start"`
	// N, Unit, Before and Rolls are the rule's, copied: a later change of the rule does not move what runs already.
	N      int  `json:"n"`
	Unit   Unit `json:"unit" privacy:"public"`
	Before bool `json:"before,omitempty"`
	Rolls  bool `json:"rolls,omitempty"`
	// Basis is the rule's.
	Basis string `json:"basis" privacy:"public"`
	// Due is the last day on which the act is in time; no date while unresolved.
	Due Date `json:"due,omitzero"`
	// Calendar is the version of the calendar that gave Due; empty while unresolved and where no calendar was needed.
	Calendar string `json:"calendar,omitempty" privacy:"public"`
}

// Deadline starts a period by a rule. It is unresolved if it leaves the loaded years.
func (c *Calendar) Deadline(rule Rule, start Date) Deadline {
	return c.Resolve(Deadline{
		Rule: rule.ID, Start: start, N: rule.N, Unit: rule.Unit, Before: rule.Before, Rolls: rule.Rolls, Basis: rule.Basis,
	})
}

// Resolve returns the deadline with its due date if the calendar reaches that far. One that has its date already is returned as it is.
func (c *Calendar) Resolve(d Deadline) Deadline {
	if d.Resolved() {
		return d
	}
	n := d.N
	if d.Before {
		n = -n
	}
	known := true
	switch d.Unit {
	case UnitWorkday:
		d.Due, known = c.Workdays(d.Start, n)
	case UnitMonth:
		d.Due = d.Start.AddMonths(n)
	case UnitYear:
		d.Due = d.Start.AddMonths(12 * n)
	default:
		d.Due = d.Start.Add(n)
	}
	if d.Rolls && d.Unit != UnitWorkday {
		d.Due, known = c.Workdays(d.Due, 0)
	}
	if known && (d.Rolls || d.Unit == UnitWorkday) {
		d.Calendar = c.version
	}
	return d
}

// Resolved reports whether the deadline has a due date.
func (d Deadline) Resolved() bool { return !d.Due.IsZero() }

// Late reports whether the due date has passed at an instant. An unresolved deadline is never late.
func (d Deadline) Late(now time.Time) bool { return d.Resolved() && !now.Before(d.Due.Ends()) }

// Left returns the number of days from the day of an instant to the due date, negative once it has passed; ok is false while it is unresolved.
func (d Deadline) Left(now time.Time) (days int, ok bool) {
	return d.Due.Sub(DateOf(now)), d.Resolved()
}

// Chinese says when the deadline ends, or that this is not known yet.
func (d Deadline) Chinese() string {
	if !d.Resolved() {
		return "待定（放假安排尚未装载）"
	}
	return d.Due.Chinese()
}
