package web

import (
	"context"
	"slices"
	"time"

	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/handover"
)

// HandoverTasks is the work with handover inspections: of the developer, of the firm, of who files.
type HandoverTasks struct {
	// Guard tells who may do what; Service keeps them.
	Guard   *policy.Guard
	Service *handover.Service
}

// Tasks implements Tasks.
func (t HandoverTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	may := func(action policy.Action) bool { return t.Guard.Allow(by, action) }
	if !may(policy.WalkHandover) && !may(policy.RepairHandover) && !may(policy.FileHandover) && !may(policy.WitnessHandover) && !may(policy.MediateHandover) {
		return nil, nil
	}
	page, err := t.Service.Work(ctx, by)
	if err != nil {
		return nil, err
	}
	var out []Task
	for _, d := range page.Docs {
		title, button, err := t.open(ctx, by, &d.State)
		if err != nil {
			return nil, err
		}
		if title == "" {
			continue
		}
		k := Task{Title: title, Context: d.State.DeveloperName + "移交给" + d.State.FirmName, Link: handoversPath + "/" + d.ID, Button: button, Nav: handoversPath}
		if _, due, ok := d.State.Clock(); ok {
			with := clockTask(due)
			k.Due, k.Unresolved, k.Basis = with.Due, with.Unresolved, with.Basis
		}
		out = append(out, k)
	}
	out = append(out, t.beside(by, page.Docs)...)
	later, err := t.later(ctx, by)
	return append(out, later...), err
}

// beside are the tasks that run beside the steps of a handover: disputes, witnesses, the sealed paper and the notice board.
func (t HandoverTasks) beside(by policy.Actor, docs []store.Doc[handover.Handover]) []Task {
	var out []Task
	may := func(action policy.Action) bool { return t.Guard.Allow(by, action) }
	body, witnesses := t.Service.BodyOf(by)
	side, signs := t.Service.SideOf(by)
	for _, d := range docs {
		h := &d.State
		add := func(title, button string) *Task {
			out = append(out, Task{Title: title, Context: h.DeveloperName + "移交给" + h.FirmName, Link: handoversPath + "/" + d.ID, Button: button, Nav: handoversPath})
			return &out[len(out)-1]
		}
		if may(policy.WalkHandover) && h.Unshown() {
			k, with := add("张贴"+h.Title()+"的查验结果", "去登记"), clockTask(h.Publish)
			k.Due, k.Unresolved, k.Basis = with.Due, with.Unresolved, with.Basis
		}
		if first := h.OwedBy(); !first.IsZero() && h.State != handover.Draft && (may(policy.RepairHandover) || may(policy.WalkHandover) && !h.Agreed.IsZero()) {
			title, button := "补交"+h.Title()+"承诺的移交资料", "去看"
			if may(policy.WalkHandover) {
				title, button = "催收"+h.Title()+"承诺补交的移交资料", "去登记"
			}
			add(title, button).Due = first
		}
		if witnesses && h.Signed(handover.SideDeveloper) && h.Signed(handover.SideFirm) && h.State.Running() && !h.WitnessedBy(body) {
			add("见证"+h.Title()+"承接查验协议", "去见证")
		}
		if witnesses && h.Scan != nil && !h.Scan.Looked() {
			add("核对"+h.Title()+"承接查验协议的盖章原件", "去核对")
		}
		for i := range h.Disputes {
			switch dispute := &h.Disputes[i]; {
			case dispute.Over() || !h.State.Running():
			case may(policy.MediateHandover) && dispute.Way == "":
				add("处理"+h.Title()+"承接查验的争议", "去处理")
			case signs && dispute.Side != side && len(dispute.Noted) == 1 && !slices.Contains(dispute.Noted, side):
				add("答复"+h.Title()+"承接查验的争议", "去看")
			}
		}
	}
	return out
}

// later are the defects that outlived their agreement: for the developer to repair, for the firm to inspect what is said to be repaired.
func (t HandoverTasks) later(ctx context.Context, by policy.Actor) ([]Task, error) {
	repairs, walks := t.Guard.Allow(by, policy.RepairHandover), t.Guard.Allow(by, policy.WalkHandover)
	if !repairs && !walks {
		return nil, nil
	}
	page, err := t.Service.Later(ctx, by)
	if err != nil {
		return nil, err
	}
	var out []Task
	for _, d := range page.Docs {
		a := &d.State
		title, button := "整改"+a.Later.Title+"的遗留问题", "去整改"
		switch {
		case a.Party != handover.PartyDeveloper || a.Repaired && !walks || !a.Repaired && !repairs:
			continue
		case a.Repaired:
			title, button = "复验"+a.Later.Title+"的遗留问题", "去复验"
		}
		out = append(out, Task{Title: title, Context: a.Place, Due: a.Later.Due, Link: handoversPath + "/" + a.Handover + "#finding-" + a.Item, Button: button, Nav: handoversPath})
	}
	return out, nil
}

// open says what the actor has to do with a handover now; "" for nothing.
func (t HandoverTasks) open(ctx context.Context, by policy.Actor, h *handover.Handover) (title, button string, err error) {
	walk, repair := t.Guard.Allow(by, policy.WalkHandover), t.Guard.Allow(by, policy.RepairHandover)
	side, signs := t.Service.SideOf(by)
	name := h.Title()
	switch {
	case h.State == handover.Draft && repair && !h.Prepared():
		return "备齐" + name + "承接查验的条件和资料", "去登记", nil
	case h.State == handover.Draft && walk && h.Prepared():
		return "核对" + name + "承接查验的前提条件", "去核对", nil
	case h.State == handover.Ready && walk:
		return "开始" + name + "的承接查验", "去查验", nil
	case h.State == handover.Walking && walk:
		return "查完" + name + "并确认或发整改通知", "接着查验", nil
	case h.State == handover.Repairing && repair:
		return "整改" + name + "承接查验发现的问题", "去整改", nil
	case h.State == handover.Rechecking && walk:
		return "复验" + name + "的问题", "去复验", nil
	case h.State == handover.Agreeing && signs && !h.Signed(side):
		return "签" + name + "承接查验协议", "去签", nil
	case h.State == handover.Agreed && walk:
		return "办理" + name + "的物业交接", "去登记", nil
	case h.State == handover.Transferred:
		return t.filing(ctx, by, h)
	}
	return "", "", nil
}

// filing says what the actor has to do to file a handover: the firm hands the documents in, and who files ends it with the receipt.
func (t HandoverTasks) filing(ctx context.Context, by policy.Actor, h *handover.Handover) (title, button string, err error) {
	applies := t.Guard.Allow(by, policy.WalkHandover) && t.Guard.Allow(by, policy.ApplyFiling)
	files := t.Guard.Allow(by, policy.FileHandover)
	if !applies && !files || !t.Guard.Allow(by, policy.ReadFiling) {
		return "", "", nil
	}
	filed, err := t.Service.FiledWith(ctx, by, h)
	switch {
	case err != nil:
	case applies && len(filed) == 0:
		title, button = "提交"+h.Title()+"的承接查验备案", "去提交"
	case files && slices.ContainsFunc(filed, func(r registry.FiledRef) bool { return r.Number != "" }):
		title, button = "登记"+h.Title()+"的承接查验备案", "去登记"
	}
	return title, button, err
}
