package web

import (
	"context"
	"slices"
	"strings"
	"time"

	"redsteward/policy"
	"redsteward/registry"
)

// StartTasks is what a new bureau still lacks before it can rate anything: divisions, people, registers. Each line is computed from what is missing, and goes when it is there.
type StartTasks struct {
	// Guard tells who may do what, People who holds which office, Register what is registered. All are required.
	Guard    *policy.Guard
	People   Staffing
	Register Beginnings
}

// Staffing tells who can do what; policy.Service implements it.
type Staffing interface {
	// Staffed tells for each of some actions which accounts hold an office today that allows it. Returns Forbidden without ReadAccounts.
	Staffed(ctx context.Context, by policy.Actor, actions []policy.Action) (map[policy.Action][]string, error)
}

// Beginnings tells what a register holds yet; registry.Service implements it.
type Beginnings interface {
	// Begun tells which registers hold anything. Returns Forbidden without ReadRegister.
	Begun(ctx context.Context, by policy.Actor) (registry.Begun, error)
	// MayImport lists the kinds that an actor may import.
	MayImport(by policy.Actor) []registry.Choice
}

// The steps of a new bureau, in their order.
const (
	stepDivisions = iota + 1
	stepDuties
	stepOffices
	stepRegisters
	stepFirms
	stepPeriod
)

func stepBasis(step int) string { return "启用第 " + count(step) + " 步" }

// Tasks implements Tasks.
func (t StartTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	hires, imports := t.Guard.Allow(by, policy.CreateAccount) && t.Guard.Allow(by, policy.ReadAccounts), t.Guard.Allow(by, policy.ImportRegister)
	if !t.Guard.Allow(by, policy.ReadRegister) || !hires && !imports {
		return nil, nil
	}
	begun, err := t.Register.Begun(ctx, by)
	if err != nil {
		return nil, err
	}
	out := t.toImport(by, begun)
	if hires {
		staff, err := t.toHire(ctx, by, begun)
		if err != nil {
			return nil, err
		}
		out = append(out, staff...)
	}
	return out, nil
}

// toImport are the registers that are empty, as far as the actor may fill them.
func (t StartTasks) toImport(by policy.Actor, begun registry.Begun) []Task {
	var out []Task
	var missing []string
	first := ""
	for _, kind := range t.Register.MayImport(by) {
		switch kind := registry.ImportKind(kind.ID); {
		case kind == registry.ImportDivisions && !begun.Communities:
			out = append(out, startTask(stepDivisions, Task{Title: "载入行政区划：还没有一个社区", Context: "用 Excel 导入本县的乡镇、社区和网格；先试运行，不写入", Link: importsPath + "?kind=" + string(kind), Button: "去导入", Nav: importsPath}))
		case kind == registry.ImportFirms && !begun.Firms, kind == registry.ImportProjects && !begun.Projects, kind == registry.ImportContracts && !begun.Contracts:
			missing = append(missing, registry.TextOf(registry.ImportKinds(), string(kind)))
			if first == "" {
				first = string(kind)
			}
		}
	}
	if len(missing) > 0 {
		out = append(out, startTask(stepRegisters, Task{Title: "导入登记：" + strings.Join(missing, "、"), Context: "依次导入企业、小区、合同，每个一份 Excel；先试运行，不写入", Link: importsPath + "?kind=" + first, Button: "去导入",
			Nav: importsPath, Count: len(missing)}))
	}
	return out
}

func startTask(step int, k Task) Task {
	k.Order, k.Basis = int64(step), stepBasis(step)
	return k
}

// office is what somebody must be able to do.
type office struct {
	action policy.Action
	least  int
	who    string
}

// dutyOffices watch the system itself (三员分立); the administrator is the third.
var dutyOffices = []office{{policy.ReloadRules, 1, "安全管理员"}, {policy.SignCheckpoint, 1, "安全审计员"}}

// businessOffices are those without which no quarter comes to its end.
var businessOffices = []office{
	{policy.RunEvaluation, 1, "物业管理股经办人"}, {policy.PublishEvaluation, 1, "公布结果的股长或者局领导"}, {policy.AcceptEvidence, 1, "初审材料的社区工作者"},
	{policy.DoVisit, 2, "走访打分的检查员（两人）"}, {policy.ConfirmPartyFact, 3, "逐级确认党建事实的三级党组织人员"},
}

// firmOffices come once there are firms.
var firmOffices = []office{{policy.SubmitEvidence, 1, "物业企业负责人"}}

// toHire are the offices that nobody holds.
func (t StartTasks) toHire(ctx context.Context, by policy.Actor, begun registry.Begun) ([]Task, error) {
	var actions []policy.Action
	for _, o := range slices.Concat(dutyOffices, businessOffices, firmOffices) {
		actions = append(actions, o.action)
	}
	staff, err := t.People.Staffed(ctx, by, actions)
	if err != nil {
		return nil, err
	}
	lacking := func(offices []office) []string {
		var out []string
		for _, o := range offices {
			if len(staff[o.action]) < o.least {
				out = append(out, o.who)
			}
		}
		return out
	}
	var out []Task
	add := func(step int, title, why string, who []string) {
		if len(who) > 0 {
			out = append(out, startTask(step, Task{Title: title + strings.Join(who, "、"), Context: why, Link: accountsPath, Button: "去开设", Nav: accountsPath, Count: len(who)}))
		}
	}
	add(stepDuties, "开设账号并任命：", "三员分立：系统管理、安全管理、审计由不同的人担任", lacking(dutyOffices))
	business := lacking(businessOffices)
	// Who evaluated must not publish (policy.Separate, S-1): one and the same person is not enough.
	if run, publish := staff[policy.RunEvaluation], staff[policy.PublishEvaluation]; len(run) == 1 && slices.Equal(run, publish) {
		business = append(business, "公布结果的第二人")
	}
	add(stepOffices, "开设账号并任命：", "没有这些岗位的人，一个季度办不到头", business)
	if begun.Firms {
		add(stepFirms, "开设账号并任命：", "企业用自己的账号提交佐证材料", lacking(firmOffices))
	}
	return out, nil
}
