package fund

import (
	"context"
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Case is what every case of the fund has, a claim as well as a refund; each embeds it.
type Case struct {
	// Project is the id; Name and Place are for people, Keys the scope keys, stamped by the day Opened.
	Project string        `json:"project" privacy:"public"`
	Name    string        `json:"name" privacy:"public"`
	Place   string        `json:"place" privacy:"public"`
	Keys    []string      `json:"keys" privacy:"internal"`
	Opened  calendar.Date `json:"opened"`
	// Developer is whose money it is, and who is to repair.
	Developer string `json:"developer,omitempty" privacy:"public"`
	// By is the account of who began it.
	By string `json:"by" privacy:"internal"`
	// Reason is why it was refused, returned, extended or given up.
	Reason string `json:"reason,omitempty" privacy:"internal"`
	// Clock is the period that runs in the present state; empty without one.
	Clock calendar.Deadline `json:"clock,omitzero"`
	// Gone is the paper that says that the developer is gone.
	Gone     *Paper           `json:"gone,omitempty"`
	Approval *policy.Approval `json:"approval,omitempty"`
	// Paid is the payment.
	Paid *Paper `json:"paid,omitempty"`
	// Scans are the signed papers that stand for signatures, in the order in which they were recorded.
	Scans []files.Stored `json:"scans,omitempty"`
	// Bounced are the bank's papers about payments that came back.
	Bounced []Paper `json:"bounced,omitempty"`
}

// Case begins a case in a project.
func (d Desk) Case(by policy.Actor, place registry.Place) Case {
	return Case{Project: place.Project, Name: place.Name, Place: place.TownshipName + " " + place.CommunityName, Keys: place.DutyKeys(), Opened: d.Today(), Developer: place.Developer, By: by.ID}
}

// Table is the one table of transitions of a kind of case, by state and step; what is not in it is refused.
type Table[S, D interface {
	~string
	Title() string
}] map[S]map[D]S

// Next returns the state after a step. Returns Conflict, naming both, for a step that the state does not know. word is what people call a case.
func (t Table[S, D]) Next(word string, from S, do D) (S, error) {
	to, ok := t[from][do]
	if !ok {
		return "", fault.New("fund.Next", fault.Conflict, fmt.Sprintf("%s现在是“%s”，不能%s，请刷新后再看", word, from.Title(), do.Title()))
	}
	return to, nil
}

// Signature is one signature under a case: on the screen, or on paper.
type Signature struct {
	// Sign is the signature on the screen, or the second look at a scan.
	Sign policy.Sign
	// Paper is the signature on paper, nil for one on the screen.
	Paper *policy.OnPaper
	// Password is that of who acts, again.
	Password string
}

// Sign carries a signature out, with its scan: on tells which approval is signed, then puts what became of it into the case, from where it stands now. Returns Forbidden without SignApproval or for whom it does not
// wait, NotFound outside the scope, Invalid (current, reason; paper, signer and signed_on on paper), Conflict if it does not wait, was changed, or somebody was quicker, and what on and then return.
func (c *Cases[T]) Sign(ctx context.Context, by policy.Actor, at At, why string, in Signature, on func(*T) (*policy.Approval, error), then func(*T, policy.Approval) error) (store.Doc[T], error) {
	return c.Change(ctx, by, policy.SignApproval, at, why, func(one *T) error {
		waits, err := on(one)
		if err != nil {
			return err
		}
		shared, sign := c.shared(one), in.Sign
		if in.Paper != nil {
			if sign, err = c.desk.Approvals().PaperSign(ctx, *in.Paper, shared.Keys, shared.Opened); err != nil {
				return err
			}
		}
		next, err := c.desk.Approvals().Decide(ctx, by, waits, sign, shared.Keys, shared.Opened)
		if err != nil {
			return err
		}
		if err := c.desk.Persons.Reauthenticate(ctx, by, in.Password); err != nil {
			return err
		}
		if in.Paper != nil {
			stored, err := c.desk.Keep(ctx, by, policy.SignApproval, in.Paper.Upload, "")
			if err != nil {
				return err
			}
			shared.Scans = append(slices.Clone(shared.Scans), stored)
		}
		switch next.State {
		case policy.ApprovalRefused:
			if shared.Reason = sign.Reason; waits == shared.Approval {
				shared.Clock = calendar.Deadline{}
			}
		case policy.ApprovalReturned:
			shared.Reason = sign.Reason
		}
		return then(one, next)
	})
}

// The bounds of what a form says of the end of a developer, and of a payment that came back.
const (
	maxGone    = 60
	maxBounced = 10
)

// RecordGone records the paper that says that the developer is gone. Fields number, day, text, paper. Returns Invalid for refused fields, Conflict if it is recorded.
func (d Desk) RecordGone(ctx context.Context, by policy.Actor, action policy.Action, c *Case, in Input) error {
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
	c.Gone = &Paper{Number: in.Number, Day: in.Day, Text: in.Text, File: &paper, By: by.ID}
	return err
}

// PaySlip checks what a form says about a payment, and keeps the bank's slip. Fields number (of the voucher), paper. Returns Forbidden for who prepared or approved the case, Invalid for refused fields.
func (d Desk) PaySlip(ctx context.Context, by policy.Actor, action policy.Action, c *Case, in Input) (Paper, error) {
	if err := Apart(by, c.By, c.Approval); err != nil {
		return Paper{}, err
	}
	f := d.Check()
	f.Text("number", "支付凭证号", &in.Number, 2, 40)
	if err := f.Err(); err != nil {
		return Paper{}, err
	}
	slip, err := d.Keep(ctx, by, action, in.Upload, "请上传银行付款回单")
	return Paper{Number: in.Number, Day: d.Today(), File: &slip, By: by.ID}, err
}

// Bounced records that the bank sent the payment of a case back, in the ledger first: what was paid is kept or held again. what is what was paid, for the entry. Fields number (of the bank's paper), day (of the bank), text
// (why), paper. Returns Forbidden for who paid, Invalid for refused fields, Conflict if nothing was paid.
func (d Desk) Bounced(ctx context.Context, by policy.Actor, id string, c *Case, what string, in Input) error {
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
	c.Bounced, c.Paid = append(slices.Clone(c.Bounced), Paper{Number: in.Number, Day: in.Day, Text: in.Text, File: &file, By: by.ID}), nil
	return nil
}
