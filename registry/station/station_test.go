package station

import (
	"os"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/internal/store/sqlite"
	"redsteward/policy"
	"redsteward/policy/policytest"
	"redsteward/registry"
)

const east, west = "360428100001", "360428100009" // 城东社区, 东街社区

// desk is the stations of two communities on a real store, with a clock that tests move.
type desk struct {
	*Service
	t                                   testing.TB
	db                                  *store.DB
	now                                 time.Time
	secretary, neighbour, town, officer policy.Actor
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("../../configs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	ctx := t.Context()
	d := &desk{t: t, now: time.Date(2026, 9, 28, 1, 0, 0, 0, time.UTC)}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err, fault.FieldsOf(err))
		}
	}
	engine, err := sqlite.Open(ctx, t.TempDir(), sqlite.Options{Relaxed: true})
	must(err)
	clock := func() time.Time { return d.now }
	d.db, err = store.Open(ctx, engine, store.Options{Now: clock, MasterKey: make([]byte, 32)})
	must(err)
	t.Cleanup(func() {
		if err := d.db.Close(); err != nil {
			t.Error(err)
		}
	})
	register, err := registry.Open(ctx, d.db)
	must(err)
	guard := policy.NewGuard(policytest.Rules(t), register)
	service, err := registry.NewService(ctx, register, guard, clock)
	must(err)
	_, err = service.SeedDivisions(ctx, []byte("code,name,level,parent\n360428000000,都昌县,3,360400000000\n360428100000,都昌镇,4,360428000000\n"+east+",城东居委会,5,360428100000\n"+west+",东街居委会,5,360428100000\n"))
	must(err)
	set, err := registry.ParseBooks("books.yaml", []byte(strings.NewReplacer(`premises_norm: ""`, `premises_norm: "350"`, `norm_basis: ""`, "norm_basis: 县里的通知").Replace(string(read(t, "books.yaml")))))
	must(err)
	keeper := files.NewKeeper(d.db, t.TempDir())
	books, err := registry.NewBooks(ctx, service, set, keeper)
	must(err)
	days, err := calendar.Parse(calendar.File{Name: "holidays.csv", Data: read(t, "calendar/holidays-2014-2026.csv")})
	must(err)
	five := func(rule string, start calendar.Date) (calendar.Deadline, error) {
		return calendar.Deadline{Rule: rule, Start: start, N: 5, Unit: calendar.UnitDay, Basis: "建议", Due: start.Add(5)}, nil
	}
	d.Service, err = New(ctx, Config{DB: d.db, Books: books, Guard: guard, Files: keeper, Days: days, Deadlines: five, Now: clock})
	must(err)
	person := func(role policy.Role, scope string) policy.Actor {
		return policy.Actor{ID: "a-" + string(role) + scope[2:], Appointments: []policy.Appointment{{Role: role, Scopes: []string{scope}}}}
	}
	d.secretary, d.neighbour = person("community_secretary", policy.CommunityKey(east)), person("community_secretary", policy.CommunityKey(west))
	d.town, d.officer = person("township_party", policy.TownshipKey("360428100000")), person("property_officer", policy.County)
	return d
}

func (d *desk) add(book string, values map[string]string) string {
	d.t.Helper()
	id, err := d.Books.CreateEntry(d.t.Context(), d.secretary, book, east, values)
	if err != nil {
		d.t.Fatal(err, fault.FieldsOf(err))
	}
	return id
}

// worker adds a worker who takes part in duty.
func (d *desk) worker(code, name string, pairs ...string) string {
	values := map[string]string{"code": code, "name": name, "post": "officer", "from": "2024-05-01", "duty": "yes"}
	for i := 0; i+1 < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	return d.add("workers", values)
}

// refused runs a command that must fail with the kind and write nothing; said is part of its message or fields.
func (d *desk) refused(name string, kind fault.Kind, said string, run func() error) {
	d.t.Helper()
	before, err := d.db.Engine().LastN(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	err = run()
	text := fault.MessageOf(err)
	for _, f := range fault.FieldsOf(err) {
		text += " " + f.Name + " " + f.Message
	}
	if !fault.Is(err, kind) || !strings.Contains(text, said) {
		d.t.Errorf("%s: %v (%s), want %v with %q", name, err, text, kind, said)
	}
	if after, err := d.db.Engine().LastN(d.t.Context()); err != nil || after != before {
		d.t.Errorf("%s: a refused call wrote %d records, %v", name, after-before, err)
	}
}

func day(text string) calendar.Date {
	d, err := calendar.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

func TestTypes(t *testing.T) {
	for name, check := range map[string]struct {
		err    error
		fields []string
	}{
		"roster":   {store.CheckType[Roster](), store.FieldNames[Roster]()},
		"model":    {store.CheckType[Model](), store.FieldNames[Model]()},
		"bookings": {store.CheckType[Bookings](), store.FieldNames[Bookings]()},
	} {
		golden, err := os.ReadFile("testdata/" + name + ".fields")
		if got := strings.Join(check.fields, "\n") + "\n"; check.err != nil || err != nil || got != string(golden) {
			t.Errorf("%s: %v %v, stored fields are\n%s", name, check.err, err, got)
		}
	}
}

// Every day of October 2026 has its shift: the holiday of seven days and the worked Saturday come from the calendar; the work is shared evenly, also across months.
func TestDuty(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	d.refused("nobody to plan", fault.Invalid, "没有参加值班的在任社区工作者", func() error { return d.PlanMonth(ctx, d.secretary, east, "2026-10", 0, false) })
	var workers []string
	for i, name := range []string{"张晓敏", "王建国", "李秀英"} {
		workers = append(workers, d.worker("城东-0"+string(rune('1'+i)), name))
	}
	d.worker("城东-08", "周不值", "duty", "no")
	d.worker("城东-09", "吴离任", "until", "2026-09-30")
	plan := func(by policy.Actor, community, month string, seq int64, again bool) func() error {
		return func() error { return d.PlanMonth(ctx, by, community, month, seq, again) }
	}
	d.refused("another community", fault.NotFound, "", plan(d.neighbour, east, "2026-10", 0, false))
	d.refused("the township", fault.Forbidden, "", plan(d.town, east, "2026-10", 0, false))
	d.refused("the bureau", fault.Forbidden, "", plan(d.officer, east, "2026-10", 0, false))
	d.refused("no month", fault.Invalid, "month", plan(d.secretary, east, "10月", 0, false))
	d.refused("a month that is over", fault.Invalid, "month", plan(d.secretary, east, "2026-08", 0, false))
	d.refused("planned anew without a plan", fault.Conflict, "", plan(d.secretary, east, "2026-10", 0, true))
	if gaps, err := d.Gaps(ctx, d.secretary); err != nil || len(gaps) != 1 || gaps[0].Days != gapDays || gaps[0].First != day("2026-09-28") {
		t.Errorf("before planning: %+v %v", gaps, err)
	}
	for _, month := range []string{"2026-09", "2026-10", "2026-11"} {
		if err := d.PlanMonth(ctx, d.secretary, east, month, 0, false); err != nil {
			t.Fatal(err)
		}
	}
	d.refused("planned twice", fault.Conflict, "已经排过", plan(d.secretary, east, "2026-10", 0, false))
	v, err := d.Month(ctx, d.town, east, "2026-10")
	if err != nil || len(v.Days) != 31 || v.Gaps != 0 || v.Unsure || v.Name != "城东社区" {
		t.Fatalf("%d days, %d gaps, %v", len(v.Days), v.Gaps, err)
	}
	for text, want := range map[string]ShiftKind{"2026-10-01": ShiftDay, "2026-10-07": ShiftDay, "2026-10-08": ShiftNoon, "2026-10-10": ShiftNoon, "2026-10-11": ShiftDay, "2026-10-17": ShiftDay} {
		if got := v.Days[day(text).Sub(day("2026-10-01"))]; got.Kind != want || got.Name == "" {
			t.Errorf("%s: %+v, want %s", text, got, want)
		}
	}
	for text, want := range map[string]string{"2026-10-01": "国庆节", "2026-10-10": "国庆节调休上班", "2026-10-12": ""} {
		if got := v.Days[day(text).Sub(day("2026-10-01"))].Holiday; got != want {
			t.Errorf("%s is %q, want %q", text, got, want)
		}
	}
	loads := map[string]map[ShiftKind]int{}
	for i, shift := range v.Days {
		if loads[shift.Worker] == nil {
			loads[shift.Worker] = map[ShiftKind]int{}
		}
		loads[shift.Worker][shift.Kind]++
		if i > 0 && v.Days[i-1].Worker == shift.Worker {
			t.Errorf("%s: two days running", shift.Day)
		}
	}
	for _, kind := range []ShiftKind{ShiftNoon, ShiftDay} {
		least, most := 99, 0
		for _, w := range workers {
			least, most = min(least, loads[w][kind]), max(most, loads[w][kind])
		}
		if len(loads) != 3 || most-least > 2 {
			t.Errorf("%s is shared unevenly: %v", kind, loads)
		}
	}
	if masked, err := d.Month(ctx, d.officer, east, "2026-10"); err != nil || !strings.Contains(masked.Days[0].Name, "*") {
		t.Errorf("the bureau sees %q %v", masked.Days[0].Name, err)
	}
	if empty, err := d.Month(ctx, d.secretary, east, "2027-02"); err != nil || empty.Seq != 0 || empty.Gaps != 28 || !empty.Unsure {
		t.Errorf("a month that nobody planned: %d gaps, %v", empty.Gaps, err)
	}

	// Changing places, another person, and what is refused.
	swap := func(seq int64, on, worker, with, why string) func() error {
		return func() error {
			other := calendar.Date{}
			if with != "" {
				other = day(with)
			}
			return d.Swap(ctx, d.secretary, east, "2026-10", seq, day(on), worker, other, why)
		}
	}
	d.refused("no reason", fault.Invalid, "reason", swap(1, "2026-10-01", workers[0], "", ""))
	d.refused("nobody", fault.Invalid, "worker", swap(1, "2026-10-01", "", "", "家里有事"))
	d.refused("a day of another month", fault.Invalid, "day", swap(1, "2026-11-01", workers[0], "", "家里有事"))
	d.refused("with itself", fault.Invalid, "with", swap(1, "2026-10-02", "", "2026-10-02", "家里有事"))
	d.refused("an old page", fault.Conflict, "", swap(7, "2026-10-02", "", "2026-10-03", "家里有事"))
	d.refused("a month without plan", fault.NotFound, "还没有排", func() error {
		return d.Swap(ctx, d.secretary, east, "2026-12", 0, day("2026-12-01"), workers[0], calendar.Date{}, "家里有事")
	})
	first, third := v.Days[0].Worker, v.Days[2].Worker
	if err := swap(1, "2026-10-01", "", "2026-10-03", "家里有事")(); err != nil {
		t.Fatal(err)
	}
	if v, err = d.Month(ctx, d.secretary, east, "2026-10"); err != nil || v.Days[0].Worker != third || v.Days[2].Worker != first {
		t.Errorf("they did not change places: %v", err)
	}
	// Somebody leaves: his days are gaps until they are planned anew, and what is over stays.
	d.now = time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)
	before := v.Days[:19]
	row, err := d.Books.OneEntry(ctx, d.secretary, "workers", workers[2])
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Books.ChangeEntry(ctx, d.secretary, workers[2], row.Seq, map[string]string{"until": "2026-10-18"}); err != nil {
		t.Fatal(err)
	}
	if gaps, err := d.Gaps(ctx, d.secretary); err != nil || len(gaps) != 1 || gaps[0].Days == 0 || gaps[0].Days == gapDays {
		t.Errorf("after somebody left: %+v %v", gaps, err)
	}
	d.refused("a day that is over", fault.Invalid, "已经过去", swap(2, "2026-10-05", workers[0], "", "家里有事"))
	if err := d.PlanMonth(ctx, d.secretary, east, "2026-10", 2, true); err != nil {
		t.Fatal(err)
	}
	if v, err = d.Month(ctx, d.secretary, east, "2026-10"); err != nil {
		t.Fatal(err)
	}
	for i, was := range before {
		if v.Days[i].Worker != was.Worker {
			t.Errorf("%s was changed", was.Day)
		}
	}
	for _, shift := range v.Days[19:] {
		if shift.Gap {
			t.Errorf("%s has nobody", shift.Day)
		}
	}
	if gaps, err := d.Gaps(ctx, d.neighbour); err != nil || len(gaps) != 0 {
		t.Errorf("a community without workers has no rosters to watch: %+v %v", gaps, err)
	}
}

// Of two bookings that conflict one is refused; who comes is masked; what became of one is said once.
func TestBookings(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	room := d.add("rooms", map[string]string{"name": "议事厅", "zone": "council", "hours": "08:30-20:00", "bookable": "yes"})
	window := d.add("services", map[string]string{"name": "居住证明", "department": "公安", "agency": "yes", "bookable": "yes", "places": "2"})
	closed := d.add("rooms", map[string]string{"name": "办公室", "zone": "service", "bookable": "no"})
	in := BookingInput{Book: "rooms", Entry: room, Day: day("2026-09-29"), Hours: "14:00—15:30", Person: "张晓敏", Phone: "138 0000 1234", Purpose: "板凳议事会"}
	book := func(by policy.Actor, change func(*BookingInput)) func() error {
		return func() error {
			next := in
			change(&next)
			_, err := d.BookTime(ctx, by, next)
			return err
		}
	}
	if err := book(d.secretary, func(*BookingInput) {})(); err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	for _, tt := range []struct {
		name   string
		by     policy.Actor
		kind   fault.Kind
		said   string
		change func(*BookingInput)
	}{
		{"the same time", d.secretary, fault.Conflict, "已经约满", func(*BookingInput) {}},
		{"a part of it", d.secretary, fault.Conflict, "已经约满", func(b *BookingInput) { b.Hours = "15:00-16:00" }},
		{"all around it", d.secretary, fault.Conflict, "已经约满", func(b *BookingInput) { b.Hours = "09:00-18:00" }},
		{"backwards", d.secretary, fault.Invalid, "hours", func(b *BookingInput) { b.Hours = "16:00-15:00" }},
		{"before it opens", d.secretary, fault.Invalid, "开放时间是 08:30-20:00", func(b *BookingInput) { b.Hours = "08:00-09:00" }},
		{"yesterday", d.secretary, fault.Invalid, "已经过去", func(b *BookingInput) { b.Day = day("2026-09-27") }},
		{"far ahead", d.secretary, fault.Invalid, "最多提前 60 日", func(b *BookingInput) { b.Day = day("2027-01-10") }},
		{"no day", d.secretary, fault.Invalid, "请填写预约日期", func(b *BookingInput) { b.Day = calendar.Date{} }},
		{"nobody", d.secretary, fault.Invalid, "person", func(b *BookingInput) { b.Person = "" }},
		{"a masked name", d.secretary, fault.Invalid, "person", func(b *BookingInput) { b.Person = "张*敏" }},
		{"a short phone", d.secretary, fault.Invalid, "phone 电话有 4 位", func(b *BookingInput) { b.Phone = "1380" }},
		{"closed", d.secretary, fault.Invalid, "办公室不接受预约", func(b *BookingInput) { b.Entry = closed }},
		{"no room", d.secretary, fault.Invalid, "entry", func(b *BookingInput) { b.Entry = "" }},
		{"a worker", d.secretary, fault.Invalid, "entry", func(b *BookingInput) { b.Book = "workers" }},
		{"a service as room", d.secretary, fault.NotFound, "", func(b *BookingInput) { b.Entry = window }},
		{"another community", d.neighbour, fault.NotFound, "", func(*BookingInput) {}},
		{"the township", d.town, fault.Forbidden, "", func(*BookingInput) {}},
	} {
		d.refused(tt.name, tt.kind, tt.said, book(tt.by, tt.change))
	}
	if err := book(d.secretary, func(b *BookingInput) { b.Hours = "15:30-16:00" })(); err != nil {
		t.Error("one after the other:", err)
	}
	service := func(hours string) func() error {
		return book(d.secretary, func(b *BookingInput) { b.Book, b.Entry, b.Hours = "services", window, hours })
	}
	for _, hours := range []string{"09:00-10:00", "09:30-10:30", "10:00-11:00"} {
		if err := service(hours)(); err != nil {
			t.Errorf("two at a time, %s: %v", hours, err)
		}
	}
	d.refused("three at a time", fault.Conflict, "已经约满", service("09:45-10:15"))

	rows, err := d.BookingsOn(ctx, d.officer, in.Day, "")
	if err != nil || len(rows) != 5 || rows[0].Person != "张*敏" || rows[0].Phone != "138****1234" {
		t.Fatalf("%+v %v", rows, err)
	}
	if rows, err = d.BookingsOn(ctx, d.neighbour, in.Day, ""); err != nil || len(rows) != 0 {
		t.Errorf("another community sees %+v %v", rows, err)
	}
	if rows, err = d.BookingsOn(ctx, d.town, in.Day, east); err != nil || len(rows) != 5 || rows[0].Person != "张晓敏" {
		t.Errorf("the township sees %+v %v", rows, err)
	}
	settle := func(by policy.Actor, no int64, to BookingState, why string) func() error {
		return func() error { return d.SettleBooking(ctx, by, room, in.Day, no, to, why) }
	}
	d.refused("came before the day", fault.Conflict, "还没有到", settle(d.secretary, 1, Came, ""))
	d.refused("cancelled without reason", fault.Invalid, "reason", settle(d.secretary, 1, Cancelled, ""))
	d.refused("an unknown state", fault.Invalid, "state", settle(d.secretary, 1, "lost", ""))
	d.refused("no such booking", fault.NotFound, "", settle(d.secretary, 9, Cancelled, "不来了"))
	d.refused("by another community", fault.NotFound, "", settle(d.neighbour, 1, Cancelled, "不来了"))
	d.refused("by the bureau", fault.Forbidden, "", settle(d.officer, 1, Cancelled, "不来了"))
	if err := settle(d.secretary, 1, Cancelled, "不来了")(); err != nil {
		t.Fatal(err)
	}
	if err := book(d.secretary, func(*BookingInput) {})(); err != nil {
		t.Error("a cancelled time is free:", err)
	}
	d.now = d.now.AddDate(0, 0, 1)
	for no, to := range map[int64]BookingState{2: Missed, 3: Came} {
		if err := settle(d.secretary, no, to, "")(); err != nil {
			t.Error(err)
		}
	}
	// Whatever is final stays.
	for no := range int64(3) {
		for _, to := range []BookingState{Came, Missed, Cancelled} {
			d.refused("settled twice", fault.Conflict, "已经是", settle(d.secretary, no+1, to, "再改一次"))
		}
	}
}

// The overview adds up premises in use, what lacks to the norm, open problems and the last check.
func TestOverview(t *testing.T) {
	d := newDesk(t)
	d.add("premises", map[string]string{"name": "主楼", "place": "东风大道", "source": "resettled", "area": "300.50", "from": "2024-03-01", "problem": "狭小"})
	// Allotted, but not in use: without a first day, and with one that lies ahead.
	d.add("premises", map[string]string{"name": "新楼", "place": "东风大道", "source": "built", "area": "800"})
	d.add("premises", map[string]string{"name": "门面", "place": "东风大道", "source": "rented", "area": "60", "from": "2026-12-01"})
	d.add("premises", map[string]string{"name": "旧址", "place": "老街", "source": "rented", "area": "100", "from": "2020-01-01", "until": "2026-09-01", "problem": "危旧", "solved": "2026-08-01"})
	d.add("rooms", map[string]string{"name": "议事厅", "zone": "council", "bookable": "yes"})
	checks := map[string]string{"day": "2026-09-20"}
	book, _ := d.Books.Set().Find("standard")
	for _, f := range book.Fields {
		if f.Kind == registry.FieldCheck {
			checks[f.ID] = registry.CheckMet
		}
	}
	d.add("standard", checks)
	checks["day"], checks["hall_party"] = "2026-09-25", registry.CheckUnmet
	d.add("standard", checks)
	rows, err := d.Overview(t.Context(), d.town)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%+v %v", rows, err)
	}
	st := rows[0]
	if st.Name != "城东社区" || st.Premises != 1 || st.Area.Fixed(2) != "300.50" || st.Short.Fixed(2) != "49.50" || st.Open != 1 || st.Rooms != 1 || st.Checked != day("2026-09-25") || st.Met != 11 || st.Checks != 12 {
		t.Errorf("%+v", st)
	}
	if rows, err := d.Overview(t.Context(), d.neighbour); err != nil || len(rows) != 0 {
		t.Errorf("another community sees %+v %v", rows, err)
	}
	if _, err := d.Overview(t.Context(), policy.Actor{ID: "a", Appointments: []policy.Appointment{{Role: "owner", Scopes: []string{"p:p1"}}}}); !fault.Is(err, fault.Forbidden) {
		t.Errorf("an owner: %v", err)
	}
}
