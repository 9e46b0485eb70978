package station

import (
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// TestReserve: somebody without an account books, looks up and cancels by the number; what is refused writes nothing.
func TestReserve(t *testing.T) {
	d := newDesk(t)
	ctx, public := t.Context(), policy.Actor{}
	room := d.add("rooms", map[string]string{"name": "协商议事厅", "zone": "council", "bookable": "yes", "hours": "08:30-17:30"})
	closed := d.add("rooms", map[string]string{"name": "档案室", "zone": "service", "bookable": "no", "hours": "08:30-17:30"})
	endless := d.add("rooms", map[string]string{"name": "活动室", "zone": "special", "bookable": "yes"})
	if rows, err := d.Books.Offered(ctx, ""); err != nil || len(rows) != 1 || rows[0].ID != room {
		t.Fatalf("offered: %+v %v", rows, err)
	}
	in := BookingInput{Book: "rooms", Entry: room, Day: day("2026-09-30"), Hours: "14:00-15:00", Person: "王小梅", Phone: "13800001234", Purpose: "邻里议事"}
	with := func(change func(*BookingInput)) BookingInput { next := in; change(&next); return next }
	for _, tt := range []struct {
		name, said string
		kind       fault.Kind
		in         BookingInput
	}{
		{"not bookable", "没有找到", fault.NotFound, with(func(in *BookingInput) { in.Entry = closed })},
		{"without hours", "没有找到", fault.NotFound, with(func(in *BookingInput) { in.Entry = endless })},
		{"another book", "没有找到", fault.NotFound, with(func(in *BookingInput) { in.Book = "workers" })},
		{"too far ahead", "最多提前 14 日", fault.Invalid, with(func(in *BookingInput) { in.Day = day("2026-10-13") })},
		{"already begun", "已经开始", fault.Invalid, with(func(in *BookingInput) { in.Day, in.Hours = day("2026-09-28"), "09:00-10:00" })},
		{"outside the hours", "开放时间是 08:30-17:30", fault.Invalid, with(func(in *BookingInput) { in.Hours = "17:00-18:00" })},
		{"no hours at all", "hours", fault.Invalid, with(func(in *BookingInput) { in.Hours = "下午" })},
		{"no phone", "请填写电话", fault.Invalid, with(func(in *BookingInput) { in.Phone = "" })},
		{"a masked name", "姓名全名", fault.Invalid, with(func(in *BookingInput) { in.Person = "王*梅" })},
	} {
		d.refused(tt.name, tt.kind, tt.said, func() error { _, err := d.Reserve(ctx, public, tt.in); return err })
	}
	code, err := d.Reserve(ctx, public, in)
	if err != nil || len(code) != codeLength {
		t.Fatalf("%q %v %v", code, err, fault.FieldsOf(err))
	}
	d.refused("the same time", fault.Conflict, "已经约满", func() error {
		_, err := d.Reserve(ctx, public, with(func(in *BookingInput) { in.Hours, in.Phone = "14:30-15:30", "13900001234" }))
		return err
	})
	d.refused("the same phone on that day", fault.Conflict, "这个电话当天", func() error {
		_, err := d.Reserve(ctx, public, with(func(in *BookingInput) { in.Hours = "15:00-16:00" }))
		return err
	})
	row, err := d.Books.OneOffered(ctx, "rooms", room)
	if err != nil {
		t.Fatal(err)
	}
	if taken, err := d.Taken(ctx, row, in.Day); err != nil || strings.Join(taken, " ") != "14:00-15:00" {
		t.Errorf("taken %v %v", taken, err)
	}
	// The number is read as people type it; nobody else's opens it, and what it shows is masked.
	got, err := d.Reserved(ctx, public, strings.ToLower(code[:4])+" "+code[4:])
	if err != nil || got.State != Booked || got.Person != "王*梅" || strings.Contains(got.Phone, "0000") || got.Community == "" {
		t.Errorf("%+v %v", got, err)
	}
	d.refused("a wrong number", fault.NotFound, "没有这个预约号", func() error { _, err := d.Reserved(ctx, public, "22222222"); return err })
	d.refused("no number", fault.NotFound, "没有这个预约号", func() error { return d.CancelReserved(ctx, public, "") })
	if rows, err := d.BookingsOn(ctx, d.secretary, in.Day, ""); err != nil || len(rows) != 1 || rows[0].Person != "王小梅" {
		t.Errorf("the community sees %+v %v", rows, err)
	}
	if err := d.CancelReserved(ctx, public, code); err != nil {
		t.Fatal(err)
	}
	d.refused("cancelled twice", fault.Conflict, "已取消", func() error { return d.CancelReserved(ctx, public, code) })
	again, err := d.Reserve(ctx, public, in)
	if err != nil {
		t.Fatal("the time is free again:", err)
	}
	d.now = d.now.AddDate(0, 0, 2).Add(6 * 3600e9) // 2026-09-30 15:00
	d.refused("cancelled when it has begun", fault.Conflict, "已经开始", func() error { return d.CancelReserved(ctx, public, again) })
}

// TestForgetBookings: when the term has passed, name, phone and number are gone for good, and what became of the booking stays.
func TestForgetBookings(t *testing.T) {
	d := newDesk(t)
	ctx, public := t.Context(), policy.Actor{}
	room := d.add("rooms", map[string]string{"name": "协商议事厅", "zone": "council", "bookable": "yes", "hours": "08:30-17:30"})
	code, err := d.Reserve(ctx, public, BookingInput{Book: "rooms", Entry: room, Day: day("2026-09-30"), Hours: "14:00-15:00", Person: "王小梅", Phone: "13800001234"})
	if err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	forget := func(days int, want string) {
		t.Helper()
		d.now = d.now.AddDate(0, 0, days)
		if err := d.ForgetBookings(ctx, d.now); err != nil {
			t.Fatal(err)
		}
		rows, err := d.BookingsOn(ctx, d.secretary, day("2026-09-30"), "")
		if err != nil || len(rows) != 1 || rows[0].Person != want || rows[0].Hours != "14:00-15:00" {
			t.Errorf("after %d days %+v %v", days, rows, err)
		}
	}
	forget(7, "王小梅") // the fifth day after it: still within its term
	forget(1, store.PurgedText)
	before, err := d.db.Engine().LastN(ctx)
	if err != nil {
		t.Fatal(err)
	}
	forget(1, store.PurgedText)
	if after, err := d.db.Engine().LastN(ctx); err != nil || after != before {
		t.Errorf("forgotten twice: %d records, %v", after-before, err)
	}
	d.refused("its number", fault.NotFound, "没有这个预约号", func() error { _, err := d.Reserved(ctx, public, code); return err })
	if err := d.SettleBooking(ctx, d.secretary, room, day("2026-09-30"), 1, Missed, ""); err != nil {
		t.Error("it can still be settled:", err)
	}
}
