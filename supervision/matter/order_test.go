package matter

import (
	"fmt"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/registrytest"
)

// line is a row of a file of orders about the compound; its deadline is a Friday, four days after it came in.
func (d *desk) line(number string) OrderLine {
	return OrderLine{Row: 2, Order: Order{System: SourceHotline, Number: number, Received: day("2026-10-19"), Due: day("2026-10-23")}, Category: "cleaning", Community: "城东社区", Project: "望湖苑", Where: "北门垃圾房", Words: "垃圾两天没有清运"}
}

// dry checks lines for the dispatcher.
func (d *desk) dry(by policy.Actor, lines ...OrderLine) imports.DryRun {
	d.T.Helper()
	return registrytest.Must[imports.DryRun](d.T)(d.Orders.DryRun(d.T.Context(), by, imports.File[OrderLine]{Kind: "matter-order", Name: "工单.xlsx", Hash: strings.Repeat("0", 64), Lines: lines}))
}

// take brings lines in, which must have no fault.
func (d *desk) take(lines ...OrderLine) {
	d.T.Helper()
	ctx, run := d.T.Context(), d.dry(d.dispatcher, lines...)
	if run.Faulty > 0 {
		d.T.Fatalf("%+v", run.Faults)
	}
	registrytest.Must[string](d.T)(d.Orders.Accept(ctx, d.dispatcher, run.Draft, false))
	registrytest.Must[int](d.T)(d.Orders.RunAccepted(ctx))
}

// order is the one matter of another platform.
func (d *desk) order() store.Doc[Matter] {
	d.T.Helper()
	var out []store.Doc[Matter]
	if err := d.Each(d.T.Context(), d.officer, Filter{Orders: true}, func(m store.Doc[Matter]) { out = append(out, m) }); err != nil || len(out) != 1 {
		d.T.Fatalf("%d orders %v", len(out), err)
	}
	return out[0]
}

// TestOrders: an order of another platform goes the way of all matters under the platform's clock; its answer waits for the platform's result, and importing the same file again changes nothing.
func TestOrders(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	d.take(d.line("J-1"))
	if run := d.dry(d.dispatcher, d.line("J-1")); run.Same != 1 || run.Draft != "" && run.New+run.Changed > 0 {
		t.Errorf("the same file again: %+v", run)
	}
	m := d.order()
	if m.State.State != Reported || m.State.Source != SourceHotline || m.State.Order.Number != "J-1" || m.State.Project != d.project || m.State.Due.Due != day("2026-10-20") {
		t.Errorf("%+v", m.State)
	}
	m = d.did(d.Dispatch(ctx, d.dispatcher, at(m), "housing"))
	m = d.did(d.Accept(ctx, d.officer, at(m)))
	if m.State.AnswerBy.Due != day("2026-10-23") || m.State.Due.Basis != "12345热线工单的办理期限" {
		t.Errorf("the platform's clock: %+v", m.State.AnswerBy)
	}
	m = d.did(d.Begin(ctx, d.officer, at(m)))
	d.Refused("our extension", fault.Conflict, func() error { _, err := d.AskMore(ctx, d.officer, at(m), "等清运车"); return err }, "12345热线")
	late := d.line("J-1")
	late.Order.Due = day("2026-10-30")
	d.take(late)
	if m = d.order(); m.State.Due.Due != day("2026-10-30") || m.State.State != Working {
		t.Errorf("a new day of the platform: %+v", m.State)
	}
	m = d.did(d.Answer(ctx, d.officer, at(m), good()))
	if m.State.State != Answered || m.State.Check.Way != WayPlatform || m.State.Due.Rule != "" {
		t.Errorf("%+v", m.State)
	}
	if d.MayVerify(d.worker, &m.State) {
		t.Error("verified beside the platform")
	}
	d.Refused("verified beside the platform", fault.Conflict, func() error {
		_, err := d.Verify(ctx, d.worker, at(m), CheckInput{Move: MoveFixed, Words: "看过了"})
		return err
	})
	done := late
	done.Order.Outcome, done.Order.Done, done.Order.Words, done.Order.Satisfied = OutcomeUnfixed, day("2026-10-19"), "来电人说又满了", "no"
	d.take(done)
	if m = d.order(); m.State.State != Unfixed || m.State.Reason != "来电人说又满了" || m.State.Order.Satisfied != "no" {
		t.Errorf("%+v", m.State)
	}
	// An older list without the result takes nothing back.
	if run := d.dry(d.dispatcher, late); run.Same != 1 {
		t.Errorf("%+v", run)
	}
	// The platform changes its mind.
	done.Order.Outcome, done.Order.Satisfied = OutcomeFixed, "yes"
	d.take(done)
	if m = d.order(); m.State.State != Fixed {
		t.Errorf("%+v", m.State)
	}
	// Whoever does not handle orders does not learn where the matter comes from.
	seen := d.did(d.One(ctx, d.manager, m.ID))
	if seen.State.Order != nil || seen.State.Source != "" || seen.State.Hand.By != "" || seen.State.Last != MoveFixed || strings.Contains(seen.State.AnswerBy.Basis, "12345") {
		t.Errorf("the firm learns %+v", seen.State)
	}
	for _, h := range registrytest.Must[[]Happened](t)(d.History(ctx, d.manager, m.ID)) {
		if strings.Contains(string(h.Move), "平台") {
			t.Errorf("the firm reads %s", h.Move)
		}
	}
}

// TestOrderClosed: what is closed at its platform comes in closed, and what was merged takes the platform's words and stays where it is.
func TestOrderClosed(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	closed := d.line("J-2")
	closed.Order.Outcome, closed.Order.Done, closed.Order.Words = OutcomeFixed, day("2026-10-19"), "已清运"
	d.take(closed)
	if m := d.order(); m.State.State != Fixed || m.State.Answer != nil || m.State.Closed.IsZero() {
		t.Errorf("%+v", m.State)
	}
	e := newDesk(t)
	e.take(e.line("J-3"))
	first := e.report(e.grid, "cleaning")
	m := e.order()
	e.did(e.Merge(ctx, e.dispatcher, at(m), first.ID))
	said := e.line("J-3")
	said.Order.Outcome, said.Order.Done, said.Order.Words = OutcomeFixed, day("2026-10-19"), "已清运"
	e.take(said)
	if m = e.order(); m.State.State != Merged || m.State.Order.Outcome != OutcomeFixed || m.State.Into != first.ID {
		t.Errorf("%+v", m.State)
	}
}

// TestOrderFaults: every cell that is wrong is named, nothing is written, and only who may import does.
func TestOrderFaults(t *testing.T) {
	d := newDesk(t)
	d.take(d.line("J-1"))
	for _, bad := range []struct {
		name, field string
		with        func(l *OrderLine)
	}{
		{"no platform", "system", func(l *OrderLine) { l.Order.System = "moon" }}, {"no number", "number", func(l *OrderLine) { l.Order.Number = " " }}, {"no day", "received", func(l *OrderLine) { l.Order.Received = calendar.Date{} }},
		{"a day to come", "received", func(l *OrderLine) { l.Order.Received = day("2026-10-20") }}, {"due before it came", "due", func(l *OrderLine) { l.Order.Due = day("2026-10-18") }}, {"no category", "category", func(l *OrderLine) { l.Category = "x" }},
		{"no place", "where", func(l *OrderLine) { l.Where = "" }}, {"a phone", "words", func(l *OrderLine) { l.Words = "请打 13800000000 联系" }}, {"no such compound", "project", func(l *OrderLine) { l.Project = "没有的" }},
		{"no such community", "community", func(l *OrderLine) { l.Community = "没有的社区" }}, {"a result without day", "done", func(l *OrderLine) { l.Order.Outcome, l.Order.Words = OutcomeFixed, "已清运" }},
		{"words without result", "outcome", func(l *OrderLine) { l.Order.Words = "已清运" }}, {"another place", "number", func(l *OrderLine) { l.Order.Number, l.Where = "J-1", "南门" }},
	} {
		l := d.line("J-9")
		bad.with(&l)
		run := d.dry(d.dispatcher, l)
		if run.Faulty != 1 || len(run.Faults) == 0 || run.Faults[0].Field != bad.field {
			t.Errorf("%s: %+v", bad.name, run)
		}
	}
	if run := d.dry(d.dispatcher, d.line("J-5"), d.line("J-5")); run.Doubled == 0 {
		t.Errorf("twice in a file: %+v", run)
	}
	d.Refused("by a firm", fault.Forbidden, func() error {
		_, err := d.Orders.DryRun(t.Context(), d.manager, imports.File[OrderLine]{Lines: []OrderLine{d.line("J-7")}})
		return err
	})
	far := person("far", "dispatcher", policy.TownshipKey("360428101000"), policy.TownshipKey("360428101000"))
	if run := d.dry(far, d.line("J-8")); run.Faulty != 1 || !strings.Contains(fmt.Sprint(run.Faults), "任职范围") {
		t.Errorf("outside the scope: %+v", run)
	}
}
