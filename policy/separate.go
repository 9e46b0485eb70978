package policy

import (
	"fmt"
	"slices"

	"redsteward/internal/fault"
)

// Part is what somebody did in a matter, where two parts must not come from one person.
type Part string

// The parts.
const (
	// PartScore: gave the points.
	PartScore Part = "score"
	// PartReview: reviewed the points.
	PartReview Part = "review"
	// PartAudit: looked once more, by chance, at what was reviewed.
	PartAudit Part = "audit"
	// PartPublish: published the result.
	PartPublish Part = "publish"
	// PartAppeal: decided an objection or appeal against the result.
	PartAppeal Part = "appeal"
	// PartMake: prepared a paper, a payment, an appointment.
	PartMake Part = "make"
	// PartCheck: approved what another prepared.
	PartCheck Part = "check"
)

// Act is one earlier act in the matter.
type Act struct {
	// Part is what was done.
	Part Part `json:"part" privacy:"internal"`
	// By is the account id of who did it. Acts of the system do not count.
	By string `json:"by" privacy:"internal"`
}

// separation is one rule: nobody does two of the parts in one matter.
type separation struct {
	code  string
	parts []Part
	text  string
}

// separations is the table of duties that exclude each other (不相容岗位). It is not a file: a bureau must not be able to loosen it.
func separations() []separation {
	return []separation{
		{"S-1", []Part{PartScore, PartReview, PartAudit, PartPublish, PartAppeal}, "评分、复核、抽查、发布、申诉办理必须由不同的人完成"},
		{"S-2", []Part{PartMake, PartCheck}, "经办与审批必须由不同的人完成"},
	}
}

// partName is the Chinese verb of a part.
func partName(p Part) string {
	switch p {
	case PartScore:
		return "评分"
	case PartReview:
		return "复核"
	case PartAudit:
		return "抽查"
	case PartPublish:
		return "发布"
	case PartAppeal:
		return "办理申诉"
	case PartMake:
		return "经办"
	case PartCheck:
		return "审批"
	}
	return string(p)
}

// Separate checks that the actor may do this part of a matter after the earlier acts (design §4). Doing the same part again is allowed.
// Returns Forbidden with the rule if the actor did a part that excludes this one, or if nobody in particular acts.
func Separate(by Actor, part Part, earlier []Act) error {
	const op = "policy.Separate"
	if !by.SignedIn() {
		return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "请先登录", Rule: "不相容岗位规则：须由本人办理"}
	}
	if by.Has(System) {
		return nil
	}
	for _, rule := range separations() {
		if !slices.Contains(rule.parts, part) {
			continue
		}
		for _, act := range earlier {
			if act.By == by.ID && act.Part != part && slices.Contains(rule.parts, act.Part) {
				return &fault.Error{
					Op: op, Kind: fault.Forbidden,
					Message: fmt.Sprintf("这一项由你%s，%s必须由另一人完成", partName(act.Part), partName(part)),
					Rule:    fmt.Sprintf("不相容岗位规则 %s：%s", rule.code, rule.text),
				}
			}
		}
	}
	return nil
}
