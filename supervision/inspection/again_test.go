package inspection

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
)

// TestScoredTwiceForACut: what lies near a cut of a rating period is scored by others after the period has ended, once, and counts in it; nobody else may be scored so.
func TestScoredTwiceForACut(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	near := map[string]bool{}
	span := calendar.Quarter{Year: 2027, N: 1}.Span()
	d.Asked = func(context.Context) ([]Asked, error) {
		return []Asked{{Period: "2027Q1", Days: span, Projects: slices.Sorted(maps.Keys(near))}}, nil
	}
	stands := func(firm string, want SecondState) Second {
		t.Helper()
		one, err := d.Second(ctx, "p1", firm, span)
		if err != nil || one.State != want {
			t.Fatalf("the second scoring is %+v, want %s (%v)", one, want, err)
		}
		return one
	}
	stands("f1", SecondNone)
	first := d.begin(t, plan())
	d.answerAll(t, zhou, first.ID, nil)
	d.sign(t, zhou, first.ID)
	first = d.sign(t, lin, first.ID)
	stands("f1", SecondNone) // nobody has reviewed it
	d.Wait(time.Minute)
	first, err := d.Accept(ctx, chief, at(first))
	if err != nil {
		t.Fatal(err)
	}
	if one := stands("f1", SecondOpen); one.First != first.ID {
		t.Errorf("%+v", one)
	}
	stands("f2", SecondNone)
	d.MoveTo(mustDate("2027-04-12").Begins().Add(9 * time.Hour))
	plan := func(again string, officers ...string) (store.Doc[Visit], error) {
		return d.Plan(ctx, chief, PlanVisit{Again: again, For: "2027Q1", Day: mustDate("2027-04-12"), Order: 1, Officers: officers})
	}
	refused := func(words string, again string, officers ...string) {
		t.Helper()
		before := d.Records(t)
		_, err := plan(again, officers...)
		said := fault.MessageOf(err)
		for _, f := range fault.FieldsOf(err) {
			said += f.Message
		}
		if !strings.Contains(said, words) || d.Records(t) != before {
			t.Errorf("it says %q, want %q", said, words)
		}
	}
	refused("不临界", first.ID, "worker", "gridder")
	if _, err := d.Drawn(ctx, chief, first.ID, "2027Q1"); !fault.Is(err, fault.Conflict) {
		t.Errorf("the form opens for what is near no cut: %v", err)
	}
	if _, err := d.One(ctx, worker, first.ID); err != nil {
		t.Errorf("what is near no cut is kept: %v", err)
	}
	near["p1"] = true
	if v, err := d.Drawn(ctx, chief, first.ID, "2027Q1"); err != nil || v.Points != 0 || v.Given != nil {
		t.Errorf("the form shows %+v, %v", v, err)
	}
	refused("前一次的走访人员不能再去", first.ID, "zhou", "gridder")
	refused("officer还有安排、复核或者查看这里走访的职务", first.ID, "worker", "officer")
	if _, err := d.One(ctx, worker, first.ID); !fault.Is(err, fault.Forbidden) {
		t.Errorf("who may be sent sees the first before somebody is: %v", err)
	}
	second, err := plan(first.ID, "worker", "gridder")
	if err != nil || second.State.For != "2027Q1" || second.State.CountsOn != first.State.Day {
		t.Fatalf("%+v, %v", second.State, err)
	}
	stands("f1", SecondPlanned)
	if pairs, err := d.Pairs(ctx, officer, calendar.Quarter{Year: 2027, N: 2}); err != nil || len(pairs) != 1 || pairs[0].First.ID != first.ID || pairs[0].Second.ID != second.ID || pairs[0].Kept {
		t.Errorf("the list of second scorings of the quarter in which it is done: %+v, %v", pairs, err)
	}
	refused("再评已经安排", first.ID, "worker", "gridder")
	if _, err := d.One(ctx, worker, first.ID); !fault.Is(err, fault.Forbidden) {
		t.Errorf("who scores again sees the first: %v", err)
	}
	delete(near, "p1") // the period was evaluated anew meanwhile: what is under way goes on
	if second, err = d.Start(ctx, worker, at(second)); err != nil {
		t.Fatal(err)
	}
	d.answerAll(t, worker, second.ID, map[string]Found{"5.1": {Value: Fail, Photos: []Photo{photo}}})
	for _, by := range []policy.Actor{worker, gridder} {
		w, err := d.One(ctx, chief, second.ID)
		if err == nil {
			second, err = d.Sign(ctx, by, at(w.Visit))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if second, err = d.Accept(ctx, chief, at(second)); err != nil {
		t.Fatal(err)
	}
	if one := stands("f1", SecondDone); one.Other != second.ID || one.For != "2027Q1" || one.Accepted != second.State.Reviewed.At {
		t.Errorf("%+v", one)
	}
	near["p1"] = true
	if _, err := d.One(ctx, worker, first.ID); err != nil {
		t.Errorf("what was scored twice is still kept: %v", err)
	}
	refused("不能再评一次", second.ID, "zhou", "lin")
	// It counts in the first quarter, as asked for by it, and in no other.
	asked := 0
	read := func(span calendar.Span) (n int) {
		if err := d.EachReading(ctx, span, d.Clock(), d.Records(t), func(r supervision.Reading) error {
			if n++; r.Asked == "2027Q1" && r.Day == first.State.Day {
				asked++
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return n
	}
	whole := read(span)
	if whole != 2*asked || asked == 0 || read(calendar.Quarter{Year: 2027, N: 2}.Span()) != 0 {
		t.Errorf("%d readings, %d of the second scoring", whole, asked)
	}
}
