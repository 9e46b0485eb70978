package policy

import (
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
)

// TestDataRequests: somebody asks about his own data, somebody else answers within the term, and the words are gone when their own term is over.
func TestDataRequests(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	days := func(rule string, start calendar.Date) (calendar.Deadline, error) {
		n := map[string]int{dataRequestRule: 30, dataKeepRule: 100}[rule]
		return calendar.Deadline{Rule: rule, Start: start, N: n, Unit: calendar.UnitDay, Due: start.Add(n)}, nil
	}
	r, err := NewDataRequests(ctx, d.db, d.guard, d.business, days, func(c calendar.Deadline) calendar.Deadline { return c })
	if err != nil {
		t.Fatal(err)
	}
	_, li := d.person(t, "li", "inspector")
	_, chief := d.person(t, "wang", "section_chief")
	before := d.records(t)
	for _, tt := range []struct {
		name string
		by   Actor
		in   DataAsk
		kind fault.Kind
	}{
		{"nobody", Actor{}, DataAsk{Wish: WishCorrect, Words: "姓名写错了"}, fault.Unauthenticated},
		{"no wish", li.Actor, DataAsk{Words: "姓名写错了"}, fault.Invalid},
		{"no words", li.Actor, DataAsk{Wish: WishCorrect}, fault.Invalid},
		{"for somebody else without the right", li.Actor, DataAsk{Wish: WishCorrect, Words: "电话不是我的", Person: "张三", Contact: "13800000000"}, fault.Forbidden},
		{"for somebody else without a way to answer", chief.Actor, DataAsk{Wish: WishCorrect, Words: "电话不是我的", Person: "张三"}, fault.Invalid},
	} {
		if _, err := r.Ask(ctx, tt.by, tt.in); fault.KindOf(err) != tt.kind {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if got := d.records(t) - before; got != 0 {
		t.Errorf("refused requests wrote %d records", got)
	}
	id, err := r.Ask(ctx, li.Actor, DataAsk{Wish: WishCorrect, Words: "姓名写错了，应当是李四"})
	if err != nil {
		t.Fatal(err)
	}
	other, err := r.Ask(ctx, chief.Actor, DataAsk{Wish: WishDelete, Words: "电话不是我的，请删除", Person: "张三", Contact: "13800000000"})
	if err != nil {
		t.Fatal(err)
	}
	today := calendar.DateOf(d.business())
	open, err := r.Open(ctx, d.admin)
	if err != nil || len(open) != 2 || open[0].State.Deadline.Due.Sub(today) != 30 {
		t.Fatalf("%+v %v", open, err)
	}
	before = d.records(t)
	wantKind(t, r.Answer(ctx, li.Actor, id, 1, true, "改好了"), fault.Forbidden)      // without the right
	wantKind(t, r.Answer(ctx, chief.Actor, other, 1, true, "删了"), fault.Forbidden) // who entered it
	wantKind(t, r.Answer(ctx, d.admin, id, 1, true, ""), fault.Invalid)
	wantKind(t, r.Answer(ctx, d.admin, id, 2, true, "改好了"), fault.Conflict)
	wantKind(t, r.Answer(ctx, d.admin, "none", 1, true, "改好了"), fault.NotFound)
	if _, err := r.Open(ctx, li.Actor); !fault.Is(err, fault.Forbidden) {
		t.Error(err)
	}
	if got := d.records(t) - before; got != 0 {
		t.Errorf("refused answers wrote %d records", got)
	}
	if err := r.Answer(ctx, d.admin, id, 1, true, "已更正为李四"); err != nil {
		t.Fatal(err)
	}
	wantKind(t, r.Answer(ctx, chief.Actor, id, 2, true, "改好了"), fault.Conflict)
	own, err := r.Own(ctx, li.Actor)
	if err != nil || len(own) != 1 || own[0].State.Answer == nil || own[0].State.Answer.Words != "已更正为李四" {
		t.Fatalf("%+v %v", own, err)
	}
	for _, wait := range []struct{ days, gone int }{{99, 0}, {102, 1}} {
		d.ahead = time.Duration(wait.days) * 24 * time.Hour
		if err := r.Forget(ctx); err != nil {
			t.Fatal(err)
		}
		all, err := r.All(ctx, d.admin)
		if err != nil || len(all) != 2 {
			t.Fatal(all, err)
		}
		gone := 0
		for _, one := range all {
			if one.Purged {
				gone++
				if one.State.Words != store.PurgedText {
					t.Error("the words are still there")
				}
			}
		}
		if gone != wait.gone {
			t.Errorf("after %d days %d are gone, want %d: the answered one at the end of its term", wait.days, gone, wait.gone)
		}
	}
}
