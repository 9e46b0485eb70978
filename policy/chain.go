package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"redsteward/internal/fault"
)

// Chain is a way of approval as data (practice.md §5): 经办 → 股长 → 分管 → 局长, with 会签 inside a level.
type Chain struct {
	// ID is the chain's opaque name, such as fund-claim.
	ID string `json:"id" privacy:"public"`
	// Version counts up; an approval keeps the version under which it began.
	Version int64 `json:"version"`
	// Title is Chinese, shown above the approval.
	Title string `json:"title" privacy:"public"`
	// Basis is the document that prescribes the chain, or “建议”.
	Basis string `json:"basis" privacy:"public"`
	// Levels are passed in order; 1 to 4.
	Levels []Level `json:"levels"`
}

// Level is one step of a chain. All its seats must agree: one seat is an ordinary signature, several are a countersigning (会签).
type Level struct {
	// Name is Chinese: 股长审核.
	Name string `json:"name" privacy:"public"`
	// Seats are the signatures that the level needs, in any order; 1 to 8.
	Seats []Seat `json:"seats"`
	// Paper: a scan of the signed paper may stand for the signature on the screen.
	Paper bool `json:"paper,omitempty"`
}

// Seat is one signature.
type Seat struct {
	// Role signs.
	Role Role `json:"role" privacy:"public"`
	// Unit, if not empty, is the unit for which the role must be held, such as county or u:party-branch.
	Unit string `json:"unit,omitempty" privacy:"public"`
	// Deputies may sign in its place, with a reason.
	Deputies []Role `json:"deputies,omitempty" privacy:"public"`
}

// The bounds of a chain; practice.md §5 knows one to four levels, the rest keeps an approval inside one record.
const (
	maxLevels    = 4
	maxSeats     = 8
	maxDecisions = 64
)

var chainIDForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// Check returns every fault of the chain: bounds, unknown or ungrantable roles, the same role twice in one level, missing words.
// The field names are paths such as levels[1].seats[0].role. An empty result means that the chain can be used.
func (c Chain) Check(rules *Rules) []fault.Field {
	var bad []fault.Field
	fail := func(name, format string, args ...any) {
		bad = append(bad, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
	}
	if !chainIDForm.MatchString(c.ID) {
		fail("id", "审批流程代码“%s”只能用小写字母、数字和短横线，以字母开头，最多 40 位", c.ID)
	}
	if c.Version < 1 {
		fail("version", "版本号要从 1 开始")
	}
	if strings.TrimSpace(c.Title) == "" {
		fail("title", "缺少审批流程名称")
	}
	if strings.TrimSpace(c.Basis) == "" {
		fail("basis", "缺少依据；没有依据的写“建议”")
	}
	if len(c.Levels) < 1 || len(c.Levels) > maxLevels {
		fail("levels", "审批要有 1 至 %d 级，现在有 %d 级", maxLevels, len(c.Levels))
	}
	checkRole := func(at string, role Role) {
		info, ok := rules.Role(role)
		switch {
		case !ok:
			fail(at, "角色“%s”没有声明", role)
		case info.Grant == GrantNone || info.Duty != DutyBusiness:
			fail(at, "%s（%s）不能参加审批", info.Title, role)
		}
	}
	for i, level := range c.Levels {
		at := fmt.Sprintf("levels[%d]", i)
		if strings.TrimSpace(level.Name) == "" {
			fail(at+".name", "第 %d 级没有名称", i+1)
		}
		if len(level.Seats) < 1 || len(level.Seats) > maxSeats {
			fail(at+".seats", "一级要有 1 至 %d 人签署，现在有 %d 人", maxSeats, len(level.Seats))
		}
		for k, seat := range level.Seats {
			where := fmt.Sprintf("%s.seats[%d]", at, k)
			checkRole(where+".role", seat.Role)
			if slices.ContainsFunc(level.Seats[:k], func(other Seat) bool { return other.Role == seat.Role && other.Unit == seat.Unit }) {
				fail(where+".role", "同一级中%s出现两次", seat.Role)
			}
			if seat.Unit != "" && !ValidScopeKey(seat.Unit) && !unitKeyForm.MatchString(seat.Unit) {
				fail(where+".unit", "单位“%s”写法不对，要写成 f:、c:、t:、u: 加编号，或 county", seat.Unit)
			}
			for n, deputy := range seat.Deputies {
				checkRole(fmt.Sprintf("%s.deputies[%d]", where, n), deputy)
				if deputy == seat.Role {
					fail(fmt.Sprintf("%s.deputies[%d]", where, n), "%s不能代理自己", deputy)
				}
			}
		}
	}
	return bad
}

// heldBy reports whether one of the appointments fills the seat in its own right.
func (s Seat) heldBy(list []Appointment) bool {
	return slices.ContainsFunc(list, func(ap Appointment) bool {
		return ap.Emergency == 0 && ap.Role == s.Role && (s.Unit == "" || ap.Unit == s.Unit)
	})
}

// deputyRole is the first role of the seat's deputies that one of the appointments holds, "" if none does.
func (s Seat) deputyRole(list []Appointment) Role {
	for _, role := range s.Deputies {
		if slices.ContainsFunc(list, func(ap Appointment) bool { return ap.Emergency == 0 && ap.Role == role }) {
			return role
		}
	}
	return ""
}

// PlaceOf turns a field name of Chain.Check into the place in a YAML file that has the same shape: levels[0].seats[1].role is levels.0.seats.1.role there.
func PlaceOf(field string) string { return strings.NewReplacer("[", ".", "]", "").Replace(field) }
