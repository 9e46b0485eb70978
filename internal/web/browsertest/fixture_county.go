package browsertest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/internal/web"
	"redsteward/policy"
	"redsteward/policy/policytest"
	"redsteward/rating"
	"redsteward/rating/adoption"
	"redsteward/rating/cycle"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// County is a bureau with a rating cycle over a register and facts in memory: everything else is real. Its clock is moved by the test.
type County struct {
	// Base is the address of the server, DB its store, Cycle its rating cycle.
	Base  string
	DB    *store.DB
	Cycle *cycle.Service
	// Adoptions are the versions of its schemes.
	Adoptions *adoption.Service
	// Hold is closed to let evaluations in the background go on.
	Hold chan struct{}

	people *policy.Service
	admin  policy.Actor
	stop   []func() error
	// background are the evaluations that were started.
	background sync.WaitGroup

	mu       sync.Mutex
	now      time.Time
	size     int
	quarters []calendar.Quarter
	security func() time.Time
}

// StartCounty serves a county over a fresh engine until the test ends: the second quarter of 2026 is published, the third is open, and it stands at 19 October 2026. security is
// the clock of sessions, folder takes unfinished uploads. The accounts are admin, officer, chief, manager (of the firm f1) and whoever is in more, by login.
func StartCounty(t Test, engine store.Engine, security func() time.Time, f CountyFiles, folder string, more map[string]policy.Appointment) *County {
	t.Helper()
	c := &County{Hold: make(chan struct{}), security: security, size: cmp.Or(f.Size, countySize)}
	for back := f.Before; back >= -1; back-- {
		c.quarters = append(c.quarters, calendar.Quarter{Year: 2026, N: 2}.Add(-back))
	}
	c.Set(c.quarters[0].Span().First)
	c.DB = OpenStore(t, engine, c.Clock)
	t.Cleanup(func() {
		if err := c.end(); err != nil {
			t.Error(err)
		}
	})
	if err := c.start(context.Background(), f, folder, more); err != nil {
		t.Fatal(err)
	}
	return c
}

// Clock is the business clock, which stands until Set moves it.
func (c *County) Clock() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set moves the clock to nine in the morning of a day.
func (c *County) Set(day calendar.Date) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = day.Begins().Add(9 * time.Hour)
}

// countySize is how many compounds the county has if nothing else is asked for.
const countySize = 24

// EachHolding implements cycle.Register.
func (c *County) EachHolding(_ context.Context, on calendar.Date, yield func(registry.Holding) error) error {
	since := calendar.Year(2023).Span().First
	for i, l := range sampleLabels(c.size) {
		firm := []string{"一盏灯物业", "石榴籽物业", "小满物业"}[i%3]
		h := registry.Holding{Place: registry.Place{Project: fmt.Sprintf("p%03d", i+1), Name: l.Name, Community: fmt.Sprintf("36042810%04d", i%5+1), CommunityName: l.Place,
			Township: "360428100000", TownshipName: "都昌镇", Firm: fmt.Sprintf("f%d", i%3+1), FirmName: firm, Households: int64(120 + 40*i)},
			Since: since, PartyForm: []string{registry.PartyOwn, registry.PartyJoint, registry.PartyInstructor}[i%3], TakenOver: since}
		if i < c.size-2 {
			half := registry.HalfBefore(registry.HalfOf(on))
			h.Halves = []registry.HalfShown{{Half: half, Last: registry.HalfEnd(half), Recorded: true, Published: registry.HalfEnd(half).Add(10)}}
		}
		if err := yield(h); err != nil {
			return err
		}
	}
	return nil
}

// Holding implements cycle.Register.
func (c *County) Holding(ctx context.Context, project string, on calendar.Date) (registry.Holding, error) {
	var found registry.Holding
	err := c.EachHolding(ctx, on, func(h registry.Holding) error {
		if h.Project == project {
			found = h
		}
		return nil
	})
	if err == nil && found.Project == "" {
		err = fault.New("browsertest.Holding", fault.NotFound, "没有找到这个小区")
	}
	return found, err
}

// told is one source of the county.
type told struct {
	*County
	name   string
	scheme *rating.Scheme
}

// Source implements supervision.Readings.
func (s told) Source() string { return s.name }

// EachReading implements supervision.Readings: one reading of each fact, compound and quarter, drawn with a fixed seed. The last two compounds lack data.
func (s told) EachReading(_ context.Context, span calendar.Span, asOf time.Time, _ int64, yield func(supervision.Reading) error) error {
	asked := map[string]supervision.Ask{}
	for _, a := range cycle.Asks(s.scheme)[s.name] {
		asked[a.Fact] = a
	}
	for q, quarter := range s.quarters {
		day := quarter.Span().First.Add(40)
		for i := range s.size - 2 {
			random := rand.New(rand.NewPCG(uint64(q+1), uint64(i)))
			quality := 72 + (i*7)%27 + q*2
			for f := range s.scheme.Facts {
				fact := &s.scheme.Facts[f]
				ask, mine := asked[fact.ID]
				if !mine || i == 5 && fact.ID == "repairs" {
					continue
				}
				r := supervision.Reading{Project: fmt.Sprintf("p%03d", i+1), Firm: fmt.Sprintf("f%d", i%3+1), Fact: fact.ID, Day: day, Accepted: day.Begins().Add(30 * time.Hour),
					ScoredBy: "scorer", ReviewedBy: "reviewer", Cells: cellsOf(fact, ask, min(100, quality+random.IntN(9)-4), random)}
				r.Record = fmt.Sprintf("aa/%s/%s-%s-%d/0000000001", s.name, quarter, fact.ID, i)
				sum := sha256.Sum256([]byte(r.Record))
				r.Hash = hex.EncodeToString(sum[:])
				if !span.Has(day) || r.Accepted.After(asOf) || r.Cells == nil {
					continue
				}
				if err := yield(r); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// cellsOf says something about a fact that is about as good as quality, of 100.
func cellsOf(fact *rating.Fact, ask supervision.Ask, quality int, random *rand.Rand) []supervision.Cell {
	cell := func(at int, n int64) supervision.Cell {
		return supervision.Cell{Column: ask.Columns[at].Name, Number: num.FromInt(n)}
	}
	switch fact.Type {
	case rating.TypeRatio:
		return []supervision.Cell{cell(0, int64(quality)), cell(1, 100)}
	case rating.TypeSurvey:
		return []supervision.Cell{cell(0, 200), cell(1, int64(quality)-30), cell(2, 30), cell(3, 100-int64(quality)), cell(4, 0), cell(5, 0)}
	case rating.TypeChecklist:
		var cells []supervision.Cell
		for at := range ask.Columns {
			cells = append(cells, cell(at, int64(min(2, 1+random.IntN(quality/40+1)))))
		}
		return cells
	case rating.TypeCount:
		if fact.Better == "lower" {
			return []supervision.Cell{cell(0, int64(random.IntN(3)))}
		}
		return []supervision.Cell{cell(0, 3)}
	case rating.TypeBool:
		return []supervision.Cell{cell(0, 1)}
	}
	return nil
}

// CountyFiles are the shipped files that a county works with.
type CountyFiles struct {
	// RolesConf and RolesCSV are the rules, Quarter and Year the schemes, Ranges by which assumptions results are tried.
	RolesConf, RolesCSV, Quarter, Year, Ranges []byte
	// Chains are the ways of approval.
	Chains []byte
	// Coach are the actions of firms for their stars; nil: none are known.
	Coach []byte
	// Approvals says whether everything can be staffed; nil: nobody asks.
	Approvals web.Approvals
	// Size is how many compounds there are, 0 for 24; Before how many quarters were published before the second of 2026.
	Size, Before int
}

func (c *County) start(ctx context.Context, f CountyFiles, folder string, more map[string]policy.Appointment) error {
	rules, err := policytest.Load(f.RolesConf, f.RolesCSV)
	if err != nil {
		return err
	}
	guard := policy.NewGuard(rules, policy.TenureTable{})
	clocks := policy.Clocks{Business: c.Clock, Security: c.security}
	if c.people, err = policy.NewService(ctx, c.DB, guard, clocks, policy.Options{Idle: time.Hour, HashMemoryKiB: 64}); err != nil {
		return err
	}
	chains, err := policy.ParseChains("approvals.yaml", f.Chains, rules)
	if err != nil {
		return err
	}
	keeper := files.NewKeeper(c.DB, folder)
	letters, err := casework.NewLetters(ctx, casework.LettersConfig{DB: c.DB, Guard: guard, Keeper: keeper, Now: c.Clock, Series: sampleSeries()})
	if err != nil {
		return err
	}
	if err := c.openCycle(ctx, guard, f, chains, keeper, letters); err != nil {
		return err
	}
	desk := casework.Desk{DB: c.DB, Letters: letters, Guard: guard, Keeper: keeper, Persons: c.people, Chains: chains, Deadlines: tenDays, Now: c.Clock}
	if c.Adoptions, err = adoption.New(ctx, adoption.Config{Desk: desk, Past: c.Cycle, First: map[string][]byte{cycle.RhythmQuarter: f.Quarter, cycle.RhythmYear: f.Year}, Shipped: map[string][]byte{"quarter.yaml": f.Quarter}, Trials: 50}); err != nil {
		return err
	}
	staff := map[string]policy.Appointment{"officer": {Role: "property_officer", Scopes: []string{policy.County}}, "chief": {Role: "section_chief", Scopes: []string{policy.County}},
		"vice": {Role: "deputy_director", Scopes: []string{policy.County}}, "boss": {Role: "director", Scopes: []string{policy.County}},
		"manager": {Role: "firm_manager", Scopes: []string{policy.FirmKey("f1")}}}
	maps.Copy(staff, more)
	if err := c.staff(ctx, staff); err != nil {
		return err
	}
	for _, q := range c.quarters[:len(c.quarters)-1] {
		c.Set(q.Span().First)
		if err := c.publishedQuarter(ctx, q); err != nil {
			return err
		}
	}
	secret, err := c.DB.Secret(ctx, "form")
	if err != nil {
		return err
	}
	server, err := web.New(web.Options{Guard: guard, People: c.people, Cycle: c.Cycle, Adoptions: c.Adoptions, Letters: letters, Approvals: f.Approvals, Files: keeper, Clocks: clocks, Secret: secret, Journal: web.StoreJournal{DB: c.DB},
		Log: slog.New(slog.DiscardHandler), Settings: settings()})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	c.Base = "http://" + l.Addr().String()
	serving, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- server.Serve(serving, l, nil) }()
	c.stop = append(c.stop, func() error {
		stop()
		return <-done
	})
	// The third quarter is open while it runs; a journey begins after its end.
	open := c.quarters[len(c.quarters)-1]
	c.Set(open.Span().First)
	if err := c.plan(ctx, open); err != nil {
		return err
	}
	c.Set(open.Span().Last.Add(19))
	return nil
}

// end stops the server and what runs in the background.
func (c *County) end() error {
	var errs []error
	for _, stop := range slices.Backward(c.stop) {
		errs = append(errs, stop())
	}
	return errors.Join(errs...)
}

// Wait waits for the evaluations in the background.
func (c *County) Wait() { c.background.Wait() }

// openCycle opens the rating cycle over the register and the facts in memory.
func (c *County) openCycle(ctx context.Context, guard *policy.Guard, f CountyFiles, chains *policy.Chains, keeper *files.Keeper, letters *casework.Letters) error {
	archive, err := rating.NewArchive(ctx, c.DB)
	if err != nil {
		return err
	}
	scheme, err := rating.ParseScheme(f.Quarter)
	if err != nil {
		return err
	}
	var sources []supervision.Readings
	for _, name := range []string{"observation", "evidence", "inspection", cycle.SourceParty, cycle.SourceHonours} {
		sources = append(sources, told{c, name, scheme})
	}
	ranges, err := cycle.ParseRangeRules("ranges.yaml", f.Ranges)
	if err != nil {
		return err
	}
	working, stopWork := context.WithCancel(ctx)
	c.stop = append(c.stop, func() error {
		stopWork()
		c.Wait()
		return nil
	})
	var actions *rating.Actions
	if f.Coach != nil {
		if actions, err = rating.ParseActions("coach.yaml", f.Coach, nil); err != nil {
			return err
		}
	}
	c.Cycle, err = cycle.New(ctx, cycle.Options{Actions: actions, DB: c.DB, Letters: letters, Guard: guard, Archive: archive, Register: c, Chains: chains, Persons: c.people, Keeper: keeper, Sources: sources,
		Schemes: map[string][]byte{cycle.RhythmQuarter: f.Quarter, cycle.RhythmYear: f.Year},
		Ranges:  ranges,
		Adopted: func(ctx context.Context, rhythm string, day calendar.Date) ([]byte, error) {
			now, err := c.Adoptions.InForce(ctx, rhythm, day)
			return now.File, err
		},
		Deadlines: tenDays, Resolve: func(d calendar.Deadline) calendar.Deadline { return d },
		Background: func(work func(context.Context)) {
			c.background.Go(func() {
				select {
				case <-c.Hold:
				case <-working.Done():
				}
				work(working)
			})
		}})
	return err
}

// staff makes the accounts.
func (c *County) staff(ctx context.Context, list map[string]policy.Appointment) error {
	if err := c.people.Setup(ctx, c.people.SetupToken(), "admin", "刘建华", Password); err != nil {
		return err
	}
	in, err := c.people.SignIn(ctx, policy.Credentials{Login: "admin", Password: Password})
	if err != nil {
		return err
	}
	c.admin = in.Actor
	for _, login := range slices.Sorted(maps.Keys(list)) {
		if err := hire(ctx, c.people, c.admin, login, "林知秀", list[login]); err != nil {
			return err
		}
	}
	return nil
}

func (c *County) actor(id string, role policy.Role) policy.Actor {
	return policy.Actor{ID: id, Appointments: []policy.Appointment{{Role: role, Scopes: []string{policy.County}}}}
}

// plan lays a quarter down and opens it.
func (c *County) plan(ctx context.Context, q calendar.Quarter) error {
	officer := c.actor("o1", "property_officer")
	if _, err := c.Cycle.Plan(ctx, officer, q.String(), q.Span().Last, q.Span().Last.Add(9)); err != nil {
		return err
	}
	_, err := c.Cycle.Open(ctx, officer, q.String())
	return err
}

// PassWindow tells the firms the scores of a quarter, if nobody did, and moves the clock past their window of objection.
func (c *County) PassWindow(ctx context.Context, period, evaluation string) error {
	officer := c.actor("o1", "property_officer")
	p, err := c.Cycle.Period(ctx, officer, period)
	if err == nil && !p.Told() {
		p, err = c.Cycle.Tell(ctx, officer, period, evaluation)
	}
	if err != nil {
		return err
	}
	h, err := c.Cycle.Hearing(ctx, &p)
	if err == nil && h.Runs {
		c.Set(h.Ends.Due.Add(1))
	}
	return err
}

// publishedQuarter lets a quarter happen up to its publication.
func (c *County) publishedQuarter(ctx context.Context, q calendar.Quarter) error {
	officer := c.actor("o1", "property_officer")
	if err := c.plan(ctx, q); err != nil {
		return err
	}
	c.Set(q.Span().Last.Add(10)) // behind the cut-off
	if _, err := c.Cycle.Close(ctx, officer, q.String()); err != nil {
		return err
	}
	made, err := c.Cycle.Evaluate(ctx, officer, q.String())
	if err != nil {
		return err
	}
	if err := c.PassWindow(ctx, q.String(), made.ID); err != nil {
		return err
	}
	p, err := c.Cycle.Send(ctx, officer, q.String(), made.ID)
	if err != nil {
		return err
	}
	for _, login := range []string{"chief", "vice"} {
		by, err := c.people.ActorOf(ctx, login)
		if err != nil {
			return err
		}
		if _, err := c.Cycle.Sign(ctx, by, q.String(), policy.Sign{Move: policy.MoveAgree, SubjectHash: p.Approval.SubjectHash}, Password); err != nil {
			return err
		}
	}
	_, err = c.Cycle.Publish(ctx, c.actor("o2", "section_chief"), q.String(), made.ID, "")
	return err
}
