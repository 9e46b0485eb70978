package station

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Bookings are those of one room or service on one day: one stream, so that two that conflict cannot both stand.
type Bookings struct {
	// Book and Entry are the room or service, Name what it is called, Community where it is; Keys are the scope keys.
	Book      string   `json:"book" privacy:"public"`
	Entry     string   `json:"entry" privacy:"public"`
	Name      string   `json:"name" privacy:"public"`
	Community string   `json:"community" privacy:"public"`
	Keys      []string `json:"keys" privacy:"internal"`
	// Day is when.
	Day calendar.Date `json:"day"`
	// List are the bookings in the order in which they were made.
	List []Booking `json:"list,omitempty"`
}

// Booking is one of them.
type Booking struct {
	// No counts from 1 within its day.
	No int64 `json:"no"`
	// Hours are from when to when: 14:00-15:30.
	Hours string `json:"hours" privacy:"internal"`
	// Person and Phone are who comes, Purpose what for.
	Person  string `json:"person" privacy:"pii"`
	Phone   string `json:"phone,omitempty" privacy:"pii"`
	Purpose string `json:"purpose,omitempty" privacy:"internal"`
	// Code is the booking number of who booked without an account, "" for one that the staff took.
	Code string `json:"code,omitempty" privacy:"pii"`
	// State is where it stands, Why why it was cancelled.
	State BookingState `json:"state" privacy:"public"`
	Why   string       `json:"why,omitempty" privacy:"internal"`
}

// BookingState is where a booking stands.
type BookingState string

// The states: booked → came, missed (its day has come) or cancelled. The last three are final.
const (
	Booked    BookingState = "booked"
	Came      BookingState = "came"
	Missed    BookingState = "missed"
	Cancelled BookingState = "cancelled"
)

// Open reports whether nothing was said yet of what became of it.
func (b BookingState) Open() bool { return b == Booked }

// Title is the state for people.
func (b BookingState) Title() string {
	switch b {
	case Booked:
		return "已预约"
	case Came:
		return "已到"
	case Missed:
		return "未到"
	case Cancelled:
		return "已取消"
	}
	return string(b)
}

const (
	bookingsKind = "bookings"
	// byBookingDay lists the days with bookings by scope key.
	byBookingDay = "day"
	// bookAhead is how many days ahead one can book.
	bookAhead = 60
	// mostBookings is how many bookings a room or service has on one day.
	mostBookings = 100
)

// bookingsDocument is how bookings are stored.
func bookingsDocument() store.Kind[Bookings] {
	return store.Kind[Bookings]{Name: bookingsKind, Version: 1, Subject: func(id string, _ *Bookings) string { return bookingsKind + "/" + id }, Indexes: []store.Index[Bookings]{{
		Name: byBookingDay,
		Keys: func(_ string, b *Bookings) []string { return listKeys(b.Day.String(), b.Keys) },
		Sort: func(_ string, b *Bookings) string { return b.Community + b.Entry },
	}}}
}

// BookingInput is what is said about a booking.
type BookingInput struct {
	// Book is BookRooms or BookServices, Entry the row; Day and Hours when.
	Book, Entry string
	Day         calendar.Date
	Hours       string
	// Person and Phone are who comes, Purpose what for; the last two may be "".
	Person, Phone, Purpose string
}

// overlap reports whether two spans of a day share time; 08:00-09:00 and 09:00-10:00 do not.
func overlap(a, b string) bool { return a[:5] < b[6:] && b[:5] < a[6:] }

// crowd is the largest number of bookings that run at one moment of a span.
func crowd(list []Booking, hours string) int {
	most := 0
	for _, at := range list {
		if at.State == Cancelled || !overlap(at.Hours, hours) {
			continue
		}
		start, n := max(at.Hours[:5], hours[:5]), 0
		for _, other := range list {
			if other.State != Cancelled && other.Hours[:5] <= start && start < other.Hours[6:] {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}

// BookTime books a room or service and returns its number of the day. Returns Forbidden without WriteStation and ReadStaff, NotFound outside the scope, Invalid for refused fields (entry, day, hours,
// person, phone, purpose), Conflict if the time is taken.
func (s *Service) BookTime(ctx context.Context, by policy.Actor, in BookingInput) (int64, error) {
	const op = "station.BookTime"
	row, keys, err := s.bookable(ctx, by, in.Book, in.Entry)
	if err != nil {
		return 0, err
	}
	in = in.tidy()
	if bad := s.checkBooking(row, in); len(bad) > 0 {
		return 0, fault.InvalidFields(op, bad...)
	}
	now, err := s.bookingsOf(ctx, in)
	if err != nil {
		return 0, err
	}
	next, err := s.booked(now.State, row, keys, in, "")
	if err != nil {
		return 0, err
	}
	return int64(len(next.List)), s.keepBooking(ctx, store.Meta{By: by.ID, Action: string(policy.WriteStation)}, in.stream(), now.Seq, next)
}

// tidy is what was said without blanks, the hours in their form.
func (in BookingInput) tidy() BookingInput {
	in.Person, in.Phone, in.Purpose = strings.TrimSpace(in.Person), strings.ReplaceAll(in.Phone, " ", ""), strings.TrimSpace(in.Purpose)
	in.Hours, _ = registry.ReadHours(in.Hours)
	return in
}

// stream is the id of the stream in which the booking stands.
func (in BookingInput) stream() string { return in.Entry + "/" + in.Day.String() }

// bookingsOf are the bookings of the room or service on the day; none is no error.
func (s *Service) bookingsOf(ctx context.Context, in BookingInput) (store.Doc[Bookings], error) {
	now, err := s.bookings.Load(ctx, in.stream())
	if fault.Is(err, fault.NotFound) {
		err = nil
	}
	return now, err
}

// placesOf is how many bookings a room or service takes at one moment.
func placesOf(row registry.EntryRow) int {
	places, _ := strconv.Atoi(row.Values["places"])
	return max(1, places)
}

// booked adds a checked booking to those of its day. Returns Conflict if the time is taken.
func (s *Service) booked(now Bookings, row registry.EntryRow, keys []string, in BookingInput, code string) (Bookings, error) {
	const op = "station.booked"
	if crowd(now.List, in.Hours) >= placesOf(row) {
		return now, fault.New(op, fault.Conflict, row.Name+"在"+in.Day.Chinese()+" "+in.Hours+" 已经约满，请换一个时间")
	}
	next := Bookings{Book: in.Book, Entry: in.Entry, Name: row.Name, Community: row.Community, Keys: keys, Day: in.Day, List: slices.Clone(now.List)}
	if len(next.List) >= mostBookings {
		return now, fault.New(op, fault.Conflict, fmt.Sprintf("%s这一天已有 %d 个预约", row.Name, mostBookings))
	}
	next.List = append(next.List, Booking{No: int64(len(next.List) + 1), Hours: in.Hours, Person: in.Person, Phone: in.Phone, Purpose: in.Purpose, Code: code, State: Booked})
	return next, nil
}

// keepBooking stores bookings after what was seen. Returns Conflict if somebody was quicker.
func (s *Service) keepBooking(ctx context.Context, meta store.Meta, id string, seq int64, next Bookings) error {
	_, err := s.bookings.Commit(ctx, meta, id, seq, next)
	if fault.Is(err, fault.Conflict) {
		return fault.Wrap("station.keepBooking", fault.Conflict, "刚刚有别的预约，请看清剩下的时间再约", err)
	}
	return err
}

// bookable loads the room or service of a booking, with its scope keys.
func (s *Service) bookable(ctx context.Context, by policy.Actor, book, entry string) (registry.EntryRow, []string, error) {
	const op = "station.bookable"
	for _, action := range []policy.Action{policy.WriteStation, policy.ReadStaff} {
		if err := s.guard.Require(by, action); err != nil {
			return registry.EntryRow{}, nil, err
		}
	}
	if book != registry.BookRooms && book != registry.BookServices || entry == "" {
		return registry.EntryRow{}, nil, fault.InvalidFields(op, fault.Field{Name: "entry", Message: "请选择要预约的功能室或者事项"})
	}
	row, err := s.Books.OneEntry(ctx, by, book, entry)
	if err != nil {
		return row, nil, err
	}
	_, keys, err := s.within(ctx, by, policy.WriteStation, row.Community)
	return row, keys, err
}

// checkBooking says what is wrong with a booking.
func (s *Service) checkBooking(row registry.EntryRow, in BookingInput) []fault.Field {
	var bad []fault.Field
	add := func(name, format string, args ...any) {
		bad = append(bad, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
	}
	if row.Values["bookable"] != "yes" || row.Withdrawn {
		add("entry", "%s不接受预约", row.Name)
	}
	switch ahead := in.Day.Sub(s.today()); {
	case in.Day.IsZero():
		add("day", "请填写预约日期")
	case ahead < 0:
		add("day", "预约日期%s已经过去", in.Day.Chinese())
	case ahead > bookAhead:
		add("day", "预约日期%s太远，最多提前 %d 日", in.Day.Chinese(), bookAhead)
	}
	open := row.Values["hours"]
	_, valid := registry.ReadHours(in.Hours)
	switch {
	case !valid:
		add("hours", "时间“%s”要写成起止时间，例如 14:00-15:30", in.Hours)
	case open != "" && (in.Hours[:5] < open[:5] || in.Hours[6:] > open[6:]):
		add("hours", "%s开放时间是 %s，现在是 %s", row.Name, open, in.Hours)
	}
	if n := utf8.RuneCountInString(in.Person); n < 2 || n > 40 || strings.Contains(in.Person, "*") {
		add("person", "请填写预约人的姓名全名")
	}
	if in.Phone != "" && !registry.ValidPhone(in.Phone) {
		add("phone", "电话有 %d 位，要写 11 位手机号，或者带区号的固定电话", utf8.RuneCountInString(in.Phone))
	}
	if n := utf8.RuneCountInString(in.Purpose); n > 60 {
		add("purpose", "事由有 %d 个字，最多 60 个字", n)
	}
	return bad
}

// SettleBooking says what became of a booking: that its person came or did not, from its day on, or that it is cancelled, with a reason. Returns Forbidden, NotFound outside the scope or
// for a booking that is not there, Invalid for the reason (field reason), Conflict for one that is settled, or whose day has not come.
func (s *Service) SettleBooking(ctx context.Context, by policy.Actor, entry string, day calendar.Date, no int64, to BookingState, why string) error {
	const op = "station.SettleBooking"
	for _, action := range []policy.Action{policy.WriteStation, policy.ReadStaff} {
		if err := s.guard.Require(by, action); err != nil {
			return err
		}
	}
	now, err := s.bookings.Load(ctx, entry+"/"+day.String())
	if err == nil {
		_, _, err = s.within(ctx, by, policy.WriteStation, now.State.Community)
	}
	i := slices.IndexFunc(now.State.List, func(b Booking) bool { return b.No == no })
	if err == nil && i < 0 {
		err = fault.New(op, fault.NotFound, "")
	}
	if err != nil {
		return fault.Wrap(op, "", "没有找到这个预约", err)
	}
	why = strings.TrimSpace(why)
	switch {
	case now.State.List[i].State != Booked:
		return fault.New(op, fault.Conflict, "这个预约已经是“"+now.State.List[i].State.Title()+"”")
	case to != Cancelled && to != Came && to != Missed:
		return fault.InvalidFields(op, fault.Field{Name: "state", Message: "请选择已到、未到或者取消"})
	case to != Cancelled && s.today().Compare(day) < 0:
		return fault.New(op, fault.Conflict, "预约的日子还没有到，只能取消")
	case to == Cancelled && (utf8.RuneCountInString(why) < 2 || utf8.RuneCountInString(why) > 100):
		return fault.InvalidFields(op, fault.Field{Name: "reason", Message: "取消要写明原因，2 至 100 个字"})
	}
	next := now.State
	next.List = slices.Clone(next.List)
	next.List[i].State, next.List[i].Why = to, why
	_, err = s.bookings.Commit(ctx, store.Meta{By: by.ID, Action: string(policy.WriteStation), Why: why}, now.ID, now.Seq, next)
	return err
}

// BookingRow is one booking for people, with person and phone masked where the actor may not see them.
type BookingRow struct {
	Booking
	// Entry, Name and CommunityName say what is booked and where.
	Entry, Name, Community string
	Day                    calendar.Date
}

// BookingsOn lists the bookings of a day in the actor's scope, by what is booked and time; of one community if it is not "". Returns Forbidden without ReadStation.
func (s *Service) BookingsOn(ctx context.Context, by policy.Actor, day calendar.Date, community string) ([]BookingRow, error) {
	if err := s.guard.Require(by, policy.ReadStation); err != nil {
		return nil, err
	}
	scope, err := s.guard.Scope(ctx, by, policy.ReadStation)
	if err != nil {
		return nil, err
	}
	staff, err := s.guard.Scope(ctx, by, policy.ReadStaff)
	if err != nil {
		return nil, err
	}
	ask := store.Query{Index: byBookingDay, Key: day.String() + "/" + policy.County, Limit: store.MaxLimit}
	if !scope.All() {
		ask.In = []string{}
		for _, key := range scope.Keys() {
			ask.In = append(ask.In, day.String()+"/"+key)
		}
	}
	var out []BookingRow
	for {
		page, err := s.bookings.List(ctx, ask)
		if err != nil {
			return nil, err
		}
		for _, d := range page.Docs {
			if !scope.Covers(d.State.Keys, s.today()) || community != "" && d.State.Community != community {
				continue
			}
			list := slices.Clone(d.State.List)
			slices.SortStableFunc(list, func(a, b Booking) int { return strings.Compare(a.Hours, b.Hours) })
			for _, b := range list {
				if !staff.Covers(d.State.Keys, s.today()) && !d.Purged {
					b.Person, b.Phone = policy.MaskName(b.Person), policy.MaskPhone(b.Phone)
				}
				out = append(out, BookingRow{Booking: b, Entry: d.State.Entry, Name: d.State.Name, Community: d.State.Community, Day: day})
			}
		}
		if ask.After = page.Next; ask.After == "" {
			return out, nil
		}
	}
}
