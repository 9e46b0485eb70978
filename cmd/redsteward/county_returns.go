package main

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/report/returns"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
)

// returnBeat is one step of a return of the county.
type returnBeat struct {
	day  string
	role policy.Role
	do   returns.Step
}

// reportedOn lets three persons report a return on a day.
func reportedOn(day string) []returnBeat {
	return []returnBeat{{day, "property_officer", returns.StepCompile}, {day, "section_chief", returns.StepCheck}, {day, "deputy_director", returns.StepSign}}
}

// returnActs are the returns of the demonstration: drafts that the job makes, one month reported, the month before corrected, and others that wait at each desk.
func (l *countyLoader) returnActs() (acts []act) {
	day := func(text string) calendar.Date { return calendar.DateOf(mustTime(text + "T09:00:00+08:00")) }
	// The mornings on which something is due.
	for _, due := range []string{"2026-08-25", "2026-09-28", "2026-10-08", "2026-10-10", "2026-10-15", "2026-10-19"} {
		acts = append(acts, act{hour(day(due), 6), partPeriods, func(ctx context.Context) error {
			return l.returns.DraftDue(ctx, time.Time{})
		}})
	}
	acts = append(acts, act{hour(day("2026-09-28"), 8), partPeriods, func(ctx context.Context) error {
		_, err := l.returns.DraftAll(ctx, l.of("property_officer", 0), "trade_month", "2026-09", []string{l.township})
		return err
	}})
	wait := []returnBeat{{"2026-10-12", "property_officer", returns.StepCompile}}
	for _, one := range []struct {
		id    string
		beats []returnBeat
	}{
		{"trade_month.2026-08.county", append(append(reportedOn("2026-08-25"), returnBeat{"2026-08-28", "property_officer", returns.StepCorrect}), reportedOn("2026-08-28")...)},
		{"trade_month.2026-09.county", reportedOn("2026-09-28")},
		{"party_month.2026-09.county", wait},
		{"complaint_month.2026-09.county", append(wait, returnBeat{"2026-10-12", "section_chief", returns.StepCheck})},
		// The orders of the last days of the quarter came in on that morning: the officer counts anew before it is sent on.
		{"five_red.2026Q3.county", append([]returnBeat{{"2026-10-12", "property_officer", returns.StepTake}}, reportedOn("2026-10-12")...)},
	} {
		for n, beat := range one.beats {
			acts = append(acts, act{hour(day(beat.day), 9+n), partPeriods, func(ctx context.Context) error { return l.playReturn(ctx, one.id, beat) }})
		}
	}
	// A slip of the finger that the return of October shows: a number of people with one nought too many.
	acts = append(acts, l.staffAct(hour(day("2026-10-16"), 10), 1, func(staff int64) int64 { return staff * 10 }))
	// What the correction of August corrects: a firm had told the number of its people wrong.
	return append(acts, l.staffAct(hour(day("2026-08-27"), 10), 0, func(staff int64) int64 { return staff + 6 }))
}

// staffAct lets the officer enter another number of people of a firm.
func (l *countyLoader) staffAct(at time.Time, firm int, staff func(int64) int64) act {
	return act{at, partPeriods, func(ctx context.Context) error {
		by, id := l.of("property_officer", 0), l.firms[firm]
		now, err := l.service.register.OneFirm(ctx, by, id)
		if err != nil {
			return err
		}
		in := registry.FirmInput{Name: now.Name, Code: string(now.Code), LegalPerson: now.LegalPerson, Phone: now.Phone, Address: now.Address, Origin: now.Origin, FirmMore: now.FirmMore}
		in.Staff = staff(in.Staff)
		return l.service.register.ChangeFirm(ctx, by, id, now.Seq, in)
	}}
}

// playReturn plays one beat.
func (l *countyLoader) playReturn(ctx context.Context, id string, beat returnBeat) error {
	by := l.of(beat.role, 0)
	doc, _, err := l.returns.One(ctx, by, id)
	if err != nil {
		return err
	}
	in := returns.Input{To: doc.State.To, Note: "（演示）数字按系统登记取，变化较大的已核对清单。", Reason: "（演示）一家企业的从业人员数报错，已在登记里更正"}
	_, err = l.returns.Do(ctx, by, casework.At{ID: id, Seq: doc.Seq}, beat.do, in)
	return err
}
