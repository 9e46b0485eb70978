package station

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

const (
	// reserveAhead is how many days ahead somebody without an account can book.
	reserveAhead = 14
	// codeClaim leads from a booking number to the day on which it stands.
	codeClaim = "booking-code"
	// codeLength signs of a booking number are 40 bits.
	codeLength = 8
	// personalRule is how long after its day a booking keeps name and phone.
	personalRule = "booking.personal"
	// forgetBack is how many days before today the nightly job looks for bookings whose term has passed.
	forgetBack = 400
)

// Reserve books a room or service for somebody without an account and returns the booking number. Only what has opening hours is offered, at most 14 days ahead, and one open booking for a phone
// on a day. Returns Forbidden without ReserveTime, NotFound for what is not offered, Invalid for refused fields (day, hours, person, phone, purpose), Conflict if the time is taken or the phone has a booking.
func (s *Service) Reserve(ctx context.Context, by policy.Actor, in BookingInput) (string, error) {
	const op = "station.Reserve"
	if err := s.guard.Require(by, policy.ReserveTime); err != nil {
		return "", err
	}
	row, err := s.Books.OneOffered(ctx, in.Book, in.Entry)
	if err != nil {
		return "", err
	}
	d, err := s.Books.Division(ctx, row.Community)
	if err != nil {
		return "", err
	}
	in = in.tidy()
	bad := s.checkBooking(row, in)
	switch {
	case in.Day.Sub(s.today()) > reserveAhead:
		bad = append(bad, fault.Field{Name: "day", Message: fmt.Sprintf("网上最多提前 %d 日预约", reserveAhead)})
	case len(bad) == 0 && s.begun(in.Day, in.Hours):
		bad = append(bad, fault.Field{Name: "hours", Message: "这个时间已经开始，请选晚一些的时间"})
	}
	if in.Phone == "" {
		bad = append(bad, fault.Field{Name: "phone", Message: "请填写电话，有变动时社区要联系你"})
	}
	if len(bad) > 0 {
		return "", fault.InvalidFields(op, bad...)
	}
	now, err := s.bookingsOf(ctx, in)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(now.State.List, func(b Booking) bool { return b.State == Booked && b.Phone == in.Phone }) {
		return "", fault.New(op, fault.Conflict, "这个电话当天已经预约了"+row.Name+"，要改时间请先用预约号取消")
	}
	meta := store.Meta{By: string(policy.Anonymous), Action: string(policy.ReserveTime)}
	code := registry.NewTicket(codeLength)
	next, err := s.booked(now.State, row, []string{policy.CommunityKey(d.ID), policy.TownshipKey(d.Parent)}, in, code)
	if err != nil {
		return "", err
	}
	if err := s.db.Claim(ctx, meta, codeClaim, code, bookingsKind+"/"+in.stream()); err != nil {
		return "", err
	}
	return code, s.keepBooking(ctx, meta, in.stream(), now.Seq, next)
}

// begun reports whether a time has come.
func (s *Service) begun(day calendar.Date, hours string) bool {
	at, _ := time.Parse("15:04", hours[:5]) // hours were read by registry.ReadHours
	return !s.now().Before(day.Begins().Add(time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute))
}

// Taken are the times of a room or service that are full on a day, in order.
func (s *Service) Taken(ctx context.Context, row registry.EntryRow, day calendar.Date) ([]string, error) {
	now, err := s.bookingsOf(ctx, BookingInput{Entry: row.ID, Day: day})
	if err != nil {
		return nil, err
	}
	var out []string
	for _, b := range now.State.List {
		if b.State != Cancelled && crowd(now.State.List, b.Hours) >= placesOf(row) && !slices.Contains(out, b.Hours) {
			out = append(out, b.Hours)
		}
	}
	slices.Sort(out)
	return out, nil
}

// reserved finds a booking by its number. Returns NotFound.
func (s *Service) reserved(ctx context.Context, by policy.Actor, code string) (store.Doc[Bookings], int, error) {
	const op = "station.reserved"
	none := fault.New(op, fault.NotFound, "没有这个预约号，请看清再填；过了保存期的预约已经清除")
	if err := s.guard.Require(by, policy.ReserveTime); err != nil {
		return store.Doc[Bookings]{}, 0, err
	}
	code = registry.ReadTicket(code)
	target, err := s.db.Claimed(ctx, codeClaim, code)
	id, ok := strings.CutPrefix(target, bookingsKind+"/")
	if fault.Is(err, fault.NotFound) || err == nil && !ok {
		return store.Doc[Bookings]{}, 0, none
	}
	if err != nil {
		return store.Doc[Bookings]{}, 0, err
	}
	doc, err := s.bookings.Load(ctx, id)
	i := slices.IndexFunc(doc.State.List, func(b Booking) bool { return b.Code == code })
	if fault.Is(err, fault.NotFound) || err == nil && i < 0 {
		return doc, 0, none
	}
	return doc, i, err
}

// Reserved is a booking by its number, person and phone masked. Returns Forbidden without ReserveTime, NotFound.
func (s *Service) Reserved(ctx context.Context, by policy.Actor, code string) (BookingRow, error) {
	doc, i, err := s.reserved(ctx, by, code)
	if err != nil {
		return BookingRow{}, err
	}
	d, err := s.Books.Division(ctx, doc.State.Community)
	b := doc.State.List[i]
	b.Person, b.Phone = policy.MaskName(b.Person), policy.MaskPhone(b.Phone)
	return BookingRow{Booking: b, Entry: doc.State.Entry, Name: doc.State.Name, Community: d.Display, Day: doc.State.Day}, err
}

// CancelReserved cancels a booking by its number, until it begins. Returns Forbidden without ReserveTime, NotFound, Conflict for one that is settled or has begun, or if somebody was quicker.
func (s *Service) CancelReserved(ctx context.Context, by policy.Actor, code string) error {
	const op = "station.CancelReserved"
	doc, i, err := s.reserved(ctx, by, code)
	if err != nil {
		return err
	}
	b := doc.State.List[i]
	switch {
	case b.State != Booked:
		return fault.New(op, fault.Conflict, "这个预约已经是“"+b.State.Title()+"”")
	case s.begun(doc.State.Day, b.Hours):
		return fault.New(op, fault.Conflict, "预约的时间已经开始，不能再取消")
	}
	next := doc.State
	next.List = slices.Clone(next.List)
	next.List[i].State, next.List[i].Why = Cancelled, "预约人自己取消"
	return s.keepBooking(ctx, store.Meta{By: string(policy.Anonymous), Action: string(policy.ReserveTime)}, doc.ID, doc.Seq, next)
}

// ForgetBookings destroys names, phones and booking numbers of the days whose term has passed; what was booked and what became of it stays. A job of every night.
func (s *Service) ForgetBookings(ctx context.Context, _ time.Time) error {
	meta := store.Meta{By: policy.SystemActor().ID, Action: string(policy.RunJob), Why: "预约的个人信息保存期满"}
	for back := 1; back <= forgetBack; back++ {
		day := s.today().Add(-back)
		term, err := s.deadlines(personalRule, day)
		if err != nil {
			return err
		}
		if !term.Late(s.now()) {
			continue
		}
		var due []string
		for ask := (store.Query{Index: byBookingDay, Key: day.String() + "/" + policy.County, Limit: store.MaxLimit}); ; {
			page, err := s.bookings.List(ctx, ask)
			if err != nil {
				return err
			}
			for _, d := range page.Docs {
				if !d.Purged && len(d.State.List) > 0 {
					due = append(due, d.ID)
				}
			}
			if ask.After = page.Next; ask.After == "" {
				break
			}
		}
		for _, id := range due {
			if err := s.db.Purge(ctx, meta, bookingsKind+"/"+id); err != nil {
				return err
			}
		}
	}
	return nil
}
