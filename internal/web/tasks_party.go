package web

import (
	"context"
	"time"

	"redsteward/policy"
	"redsteward/registry/party"
)

// PartyTasks is the work with the sheets of party organisations: to confirm, to correct what was returned.
type PartyTasks struct {
	// Guard tells who may do what; Sheets keeps them.
	Guard  *policy.Guard
	Sheets *party.Service
}

// Tasks implements Tasks.
func (t PartyTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	var out []Task
	for _, work := range []struct {
		state                  party.State
		action                 policy.Action
		title, context, button string
	}{
		{party.Returned, policy.RecordPartyFact, "更正", "退回的台账，更正后重新报送", "去更正"},
		{party.Waiting, policy.ConfirmPartyFact, "确认", "核对时间、种类和人数", "去确认"},
		{party.Passing, policy.ConfirmPartyFact, "确认", "下一级已确认，核对时间、种类和人数", "去确认"},
	} {
		if !t.Guard.Allow(by, work.action) {
			continue
		}
		docs, err := t.Sheets.Queue(ctx, by, work.state)
		if err != nil {
			return nil, err
		}
		for i := range docs {
			sheet := &docs[i].State
			out = append(out, Task{Title: work.title + sheet.FirmName + quarterText(sheet.Quarter) + "党建台账", Context: sheet.CommunityName + "。" + work.context, Party: sheet.FirmName, Link: sheetAddress(sheet), Button: work.button, Nav: sheetsPath})
		}
	}
	return out, nil
}
