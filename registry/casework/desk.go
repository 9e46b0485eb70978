package casework

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Desk is what the desks of the kinds of cases need; everything is required.
type Desk struct {
	// DB keeps the cases, Guard says who may do what, Keeper takes papers in.
	DB     *store.DB
	Guard  *policy.Guard
	Keeper *files.Keeper
	// Persons and Chains serve the approvals.
	Persons policy.Persons
	Chains  *policy.Chains
	// Deadlines starts a period of deadlines.yaml; NotFound for an unknown rule.
	Deadlines func(rule string, start calendar.Date) (calendar.Deadline, error)
	// Now is the business clock.
	Now func() time.Time
	// Letters is the register of what goes out, which keeps the document numbers.
	Letters *Letters
}

// Today is the business day.
func (d Desk) Today() calendar.Date { return calendar.DateOf(d.Now()) }

// Keep takes the paper of a form in. Returns Invalid (paper) if there is none, with what it should be.
func (d Desk) Keep(ctx context.Context, by policy.Actor, action policy.Action, upload *files.Upload, missing string) (files.Stored, error) {
	if upload == nil {
		return files.Stored{}, fault.InvalidFields("casework.Keep", fault.Field{Name: "paper", Message: missing})
	}
	return d.Keeper.Keep(ctx, store.Meta{By: by.ID, Action: string(action)}, upload)
}

// Approvals runs the approvals of the cases.
func (d Desk) Approvals() policy.ApprovalDesk {
	return policy.ApprovalDesk{Guard: d.Guard, Persons: d.Persons, Chains: d.Chains, Now: d.Now}
}

// Check gathers what is wrong with the fields of a form.
type Check struct {
	bad   registry.Faults
	today calendar.Date
}

// Check begins a check of fields.
func (d Desk) Check() *Check { return &Check{today: d.Today()} }

// Fail names what is wrong with a field.
func (c *Check) Fail(name, format string, args ...any) { c.bad.Add(name, format, args...) }

// Text trims a text, which may have several lines, and checks its length.
func (c *Check) Text(name, label string, value *string, least, most int) {
	c.bad.Words(name, label, value, least, most)
}

// Past refuses a day that is missing, has not come, or lies before another one.
func (c *Check) Past(name, label string, day, after calendar.Date) {
	switch {
	case day.IsZero():
		c.Fail(name, "请填写%s，例如 %s", label, c.today)
	case day.Compare(c.today) > 0:
		c.Fail(name, "%s%s还没有到，今天是%s", label, day.Chinese(), c.today.Chinese())
	case !after.IsZero() && day.Compare(after) < 0:
		c.Fail(name, "%s%s早于%s", label, day.Chinese(), after.Chinese())
	}
}

// Err is what was refused, nil for nothing.
func (c *Check) Err() error { return c.bad.Err("casework.Check") }
