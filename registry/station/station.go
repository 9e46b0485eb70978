// Package station is what a community's 红色驿站 does from day to day: who is on duty, what is booked, whom it recommends, and how its premises stand.
//
//  1. The rows that it works with (rooms, services, workers) are those of registry.Books; here is only what has days and states of its own.
//  2. Every day of the year has a shift; one that nobody has, or somebody who is not in office, is a gap that shows.
//  3. Who recommends a 红色达人 neither reviews nor names, and who reviews does not name; a name is shown to everybody only while its person agrees.
//  4. Bookings of a room or service on a day are one stream, so that of two that conflict one is refused. Who books without an account gets a number that opens this booking and no other; names, phones
//     and numbers are destroyed when their term has passed.
package station

import (
	"context"
	"slices"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Days knows which days are worked; *calendar.Calendar does.
type Days interface {
	// Workday reports whether a day is worked, and whether that is known.
	Workday(d calendar.Date) (worked, known bool)
	// Name returns the holiday that makes the day one of rest, or for which a weekend is worked; "" for an ordinary day.
	Name(d calendar.Date) string
}

// Service is the work of the stations. Every call names the actor; a refused call writes nothing.
type Service struct {
	// Books are the registers of the stations.
	Books    *registry.Books
	guard    *policy.Guard
	days     Days
	rosters  *store.Collection[Roster]
	bookings *store.Collection[Bookings]
	models   *store.Collection[Model]
	db       *store.DB
	now      func() time.Time
	// deadlines starts a deadline by its rule.
	deadlines func(rule string, start calendar.Date) (calendar.Deadline, error)
	// files keeps scans of consents.
	files *files.Keeper
}

// Config is what the stations need; everything is required.
type Config struct {
	// DB keeps what they do, Books are their registers, Guard says who may do what.
	DB    *store.DB
	Books *registry.Books
	Guard *policy.Guard
	// Files keeps scans of consents.
	Files *files.Keeper
	// Days knows the working days, Deadlines starts a deadline by its rule; NotFound for an unknown one. Now is the business clock.
	Days      Days
	Deadlines func(rule string, start calendar.Date) (calendar.Deadline, error)
	Now       func() time.Time
}

// New opens the work of the stations over their books.
func New(ctx context.Context, c Config) (*Service, error) {
	s := &Service{Books: c.Books, guard: c.Guard, days: c.Days, db: c.DB, now: c.Now, deadlines: c.Deadlines, files: c.Files}
	var err error
	if s.rosters, err = store.NewCollection(ctx, c.DB, rosterDocument()); err != nil {
		return nil, err
	}
	if s.models, err = store.NewCollection(ctx, c.DB, modelDocument()); err != nil {
		return nil, err
	}
	s.bookings, err = store.NewCollection(ctx, c.DB, bookingsDocument())
	return s, err
}

func (s *Service) today() calendar.Date { return s.Books.Today() }

// within asks for the right and that a community lies in the actor's scope; it returns what the community is called and its scope keys, c: before t:.
func (s *Service) within(ctx context.Context, by policy.Actor, action policy.Action, community string) (name string, keys []string, err error) {
	const op = "station.within"
	if err := s.guard.Require(by, action); err != nil {
		return "", nil, err
	}
	scope, err := s.guard.Scope(ctx, by, action)
	if err != nil {
		return "", nil, err
	}
	if !journal.ValidPart(community) {
		return "", nil, fault.New(op, fault.NotFound, "没有找到要看的内容")
	}
	d, err := s.Books.Division(ctx, community)
	if err != nil {
		return "", nil, fault.Wrap(op, "", "没有找到要看的内容", err)
	}
	keys = []string{policy.CommunityKey(d.ID), policy.TownshipKey(d.Parent)}
	return d.Display, keys, scope.Require(op, keys, s.today())
}

// Standing is how the station of one community stands today.
type Standing struct {
	// Community is its code, Name and Township are for people.
	Community, Name, Township string
	// Premises is how many premises are in use, Area their m²; Short is what lacks to the norm, 0 if nothing does or none is set.
	Premises int
	Area     num.Num
	Short    num.Num
	// Open is how many premises have a problem that is not solved yet (未销号).
	Open int
	// Rooms and Services are how many are registered.
	Rooms, Services int
	// Checked is the day of the last check of the standard, no date for none; Met of Checks items were 符合 then.
	Checked     calendar.Date
	Met, Checks int
}

// Overview lists how the stations of the actor's scope stand, in order of code. Returns Forbidden without ReadStation.
func (s *Service) Overview(ctx context.Context, by policy.Actor) ([]Standing, error) {
	if err := s.guard.Require(by, policy.ReadStation); err != nil {
		return nil, err
	}
	communities, err := s.Books.CommunitiesFor(ctx, by, policy.ReadStation)
	if err != nil {
		return nil, err
	}
	today := s.Books.On(ctx)
	out := make([]Standing, 0, len(communities))
	at := map[string]int{}
	for _, d := range communities {
		at[d.ID] = len(out)
		out = append(out, Standing{Community: d.ID, Name: d.Display})
	}
	each := func(book string, add func(st *Standing, row registry.EntryRow)) error {
		return s.Books.AllEntries(ctx, by, registry.EntryQuery{Book: book}, func(row registry.EntryRow) error {
			if i, ok := at[row.Community]; ok {
				out[i].Township = row.TownshipName
				add(&out[i], row)
			}
			return nil
		})
	}
	for book, add := range map[string]func(st *Standing, row registry.EntryRow){
		registry.BookPremises: func(st *Standing, row registry.EntryRow) { st.addPremises(row, today) },
		registry.BookRooms:    func(st *Standing, _ registry.EntryRow) { st.Rooms++ },
		registry.BookServices: func(st *Standing, _ registry.EntryRow) { st.Services++ },
		registry.BookStandard: func(st *Standing, row registry.EntryRow) {
			if day, err := calendar.ParseDate(row.Values["day"]); err == nil && day.Compare(st.Checked) > 0 {
				st.Checked, st.Met, st.Checks = day, row.Met, row.Checked
			}
		},
	} {
		if err := each(book, add); err != nil {
			return nil, err
		}
	}
	out = slices.DeleteFunc(out, func(st Standing) bool { return st.Township == "" })
	norm := s.Books.Set().Norm.Area
	for i := range out {
		if !norm.IsZero() && out[i].Area.Less(norm) {
			out[i].Short = norm.Sub(out[i].Area)
		}
	}
	return out, nil
}

// addPremises counts premises that are in use on a day, and those whose problem is open.
func (st *Standing) addPremises(row registry.EntryRow, today calendar.Date) {
	if row.Values["problem"] != "" && row.Values["solved"] == "" {
		st.Open++
	}
	if !registry.PremisesInUse(row.Values, today) {
		return
	}
	area, err := num.Parse(row.Values["area"])
	if err != nil {
		return
	}
	st.Premises++
	st.Area = st.Area.Add(area)
}
