package fund

import (
	"context"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
)

// Case is what every case about the money of a fund has, a claim as well as a refund; each embeds it.
type Case struct {
	casework.Case
	// Developer is whose money it is, and who is to repair.
	Developer string `json:"developer,omitempty" privacy:"public"`
	// Gone is the paper that says that the developer is gone.
	Gone *casework.Paper `json:"gone,omitempty"`
	// Paid is the payment.
	Paid *casework.Paper `json:"paid,omitempty"`
	// Bounced are the bank's papers about payments that came back.
	Bounced []casework.Paper `json:"bounced,omitempty"`
}

// Desk is what the desks of claims and refunds need; everything is required.
type Desk struct {
	casework.Desk
	// Fund keeps the ledgers.
	Fund *Service
}

// Case begins a case in a project.
func (d Desk) Case(by policy.Actor, place registry.Place) Case {
	return Case{Developer: place.Developer,
		Case: casework.Case{Project: place.Project, Name: place.Name, Place: place.TownshipName + " " + place.CommunityName, Keys: place.DutyKeys(), Opened: d.Today(), By: by.ID}}
}

// The bounds of what a form says of the end of a developer, and of a payment that came back.
const (
	maxGone    = 60
	maxBounced = 10
)

// RecordGone records the paper that says that the developer is gone. Fields number, day, text, paper. Returns Invalid for refused fields, Conflict if it is recorded.
func (d Desk) RecordGone(ctx context.Context, by policy.Actor, action policy.Action, c *Case, in casework.Input) error {
	if c.Gone != nil {
		return fault.New("fund.RecordGone", fault.Conflict, "已经登记过："+c.Gone.Text)
	}
	f := d.Check()
	f.Text("text", "情况", &in.Text, 2, maxGone)
	f.Text("number", "文书编号", &in.Number, 2, 40)
	f.Past("day", "文书日期", in.Day, calendar.Date{})
	if err := f.Err(); err != nil {
		return err
	}
	paper, err := d.Keep(ctx, by, action, in.Upload, "请上传歇业、注销或者破产的文书")
	c.Gone = &casework.Paper{Number: in.Number, Day: in.Day, Text: in.Text, File: &paper, By: by.ID}
	return err
}

// PaySlip checks what a form says about a payment, and keeps the bank's slip. prepared are the papers of the case by which it was prepared, nil ones do not count. Fields number (of the voucher), paper. Returns Forbidden for who
// prepared or approved the case, Invalid for refused fields.
func (d Desk) PaySlip(ctx context.Context, by policy.Actor, action policy.Action, c *Case, in casework.Input, prepared ...*casework.Paper) (casework.Paper, error) {
	if err := apart(by, c, prepared); err != nil {
		return casework.Paper{}, err
	}
	f := d.Check()
	f.Text("number", "支付凭证号", &in.Number, 2, 40)
	if err := f.Err(); err != nil {
		return casework.Paper{}, err
	}
	slip, err := d.Keep(ctx, by, action, in.Upload, "请上传银行付款回单")
	return casework.Paper{Number: in.Number, Day: d.Today(), File: &slip, By: by.ID}, err
}

// Bounced records that the bank sent the payment of a case back, in the ledger first: what was paid is kept or held again. what is what was paid, for the entry. Fields number (of the bank's paper), day (of the bank), text
// (why), paper. Returns Forbidden for who paid, Invalid for refused fields, Conflict if nothing was paid.
func (d Desk) Bounced(ctx context.Context, by policy.Actor, id string, c *Case, what string, in casework.Input) error {
	if err := policy.Separate(by, policy.PartCheck, []policy.Act{{Part: policy.PartMake, By: c.Paid.By}}); err != nil {
		return err
	}
	f := d.Check()
	f.Text("number", "银行凭证号", &in.Number, 2, 40)
	f.Past("day", "退汇到账日期", in.Day, c.Paid.Day)
	f.Text("text", "退汇原因", &in.Text, 2, 60)
	if len(c.Bounced) >= maxBounced {
		f.Fail("text", "已经退汇 %d 次，请查明收款账户", maxBounced)
	}
	if err := f.Err(); err != nil {
		return err
	}
	file, err := d.Keep(ctx, by, policy.ReverseFund, in.Upload, "请上传银行的退汇凭证")
	if err != nil {
		return err
	}
	if _, err := d.Fund.Bounce(ctx, Order{By: by, Action: policy.ReverseFund, Project: c.Project, For: id, Text: what + "退汇：" + in.Text, Document: in.Number, Day: in.Day, Paper: &file}); err != nil {
		return err
	}
	c.Bounced, c.Paid = append(slices.Clone(c.Bounced), casework.Paper{Number: in.Number, Day: in.Day, Text: in.Text, File: &file, By: by.ID}), nil
	return nil
}

// apart refuses who prepared or approved a case: he does not pay it. Returns Forbidden with the rule.
func apart(by policy.Actor, c *Case, prepared []*casework.Paper) error {
	acts := []policy.Act{{Part: policy.PartMake, By: c.By}}
	for _, p := range prepared {
		if p != nil {
			acts = append(acts, policy.Act{Part: policy.PartMake, By: p.By})
		}
	}
	if a := c.Approval; a != nil {
		acts = append(acts, policy.Act{Part: policy.PartMake, By: a.Maker})
		for _, d := range a.Decisions {
			acts = append(acts, policy.Act{Part: policy.PartMake, By: d.By})
		}
	}
	if err := policy.Separate(by, policy.PartCheck, acts); err != nil {
		return &fault.Error{Op: "fund.apart", Kind: fault.Forbidden, Message: "这件由你经办或者审批，支付必须由另一人完成", Rule: "不相容岗位规则 S-2：经办与审批必须由不同的人完成"}
	}
	return nil
}

// CheckMoney refuses an amount of a form that is none; field amount.
func CheckMoney(f *casework.Check, fen int64) { checkFen(f.Fail, fen) }

// Defect is a finding of a handover inspection for which the developer is liable and which was not repaired in time.
type Defect struct {
	// Project is where, Name what was inspected, Where and Text describe the finding.
	Project, Name, Where, Text string
}
