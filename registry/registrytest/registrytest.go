// Package registrytest gives the tests of the register's services one desk: the shipped configuration, a store with a clock that the test moves, papers to hand in, and the check that a refused call wrote nothing.
// Only tests import it.
package registrytest

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/policy/policytest"
	"redsteward/registry"
	"redsteward/registry/casework"
)

// Desk is what a test of a service of the register works at. Safe for concurrent use, except for what the test sets.
type Desk struct {
	*policytest.Desk
	// T is the test that the desk belongs to.
	T testing.TB
	// Rights are the shipped rights, Guard decides by them, with the tenures of the register if there is one.
	Rights *policy.Rules
	Guard  *policy.Guard
	// Periods are the shipped periods, Holidays the shipped calendar.
	Periods  *calendar.Rules
	Holidays *calendar.Calendar
	// Keeper takes papers in.
	Keeper *files.Keeper
	// Letters is the register of what goes out, without series.
	Letters *casework.Letters
}

// NewDesk opens an empty store whose clock stands at now.
func NewDesk(t testing.TB, now time.Time) *Desk {
	t.Helper()
	return desk(t, policytest.NewDesk(t, now), policy.TenureTable{})
}

// NewCounty opens a store whose register holds the shipped divisions of the county, and returns the register with its service.
func NewCounty(t testing.TB, now time.Time) (*Desk, *registry.Register, *registry.Service) {
	t.Helper()
	filled := policytest.NewFilledDesk(t, now, "divisions", func(ctx context.Context, db *store.DB) error {
		register, err := registry.Open(ctx, db)
		if err != nil {
			return err
		}
		_, err = register.SeedDivisions(ctx, Config(t, "divisions/duchang-divisions-2023.csv"))
		return err
	})
	register := Must[*registry.Register](t)(registry.Open(t.Context(), filled.DB))
	d := desk(t, filled, register)
	return d, register, Must[*registry.Service](t)(registry.NewService(t.Context(), register, d.Guard, d.Clock))
}

func desk(t testing.TB, on *policytest.Desk, tenures policy.Tenure) *Desk {
	t.Helper()
	d := &Desk{Desk: on, T: t, Rights: policytest.Rules(t)}
	d.Guard = policy.NewGuard(d.Rights, tenures)
	d.Periods = Must[*calendar.Rules](t)(calendar.ParseRules("deadlines.yaml", Config(t, "deadlines.yaml")))
	d.Holidays = Must[*calendar.Calendar](t)(calendar.Parse(calendar.File{Name: "holidays", Data: Config(t, "calendar/holidays-2014-2026.csv")}))
	d.Keeper = files.NewKeeper(d.DB, t.TempDir())
	d.Letters = Must[*casework.Letters](t)(casework.NewLetters(t.Context(), casework.LettersConfig{DB: d.DB, Guard: d.Guard, Keeper: d.Keeper, Now: d.Clock}))
	return d
}

// Config is a shipped file of configuration.
func Config(t testing.TB, name string) []byte {
	t.Helper()
	return policytest.Config(t, name)
}

// Deadlines starts a shipped period. Returns NotFound for an unknown rule.
func (d *Desk) Deadlines(rule string, start calendar.Date) (calendar.Deadline, error) {
	r, err := d.Periods.Find(rule)
	return d.Holidays.Deadline(r, start), err
}

// HasPeriod reports whether there is a period of that id.
func (d *Desk) HasPeriod(rule string) bool {
	_, err := d.Periods.Find(rule)
	return err == nil
}

// Chains are the shipped ways of approval.
func (d *Desk) Chains() *policy.Chains {
	d.T.Helper()
	return Must[*policy.Chains](d.T)(policy.ParseChains("approvals.yaml", Config(d.T, "approvals.yaml"), d.Rights))
}

// Today is the day of the clock.
func (d *Desk) Today() calendar.Date { return calendar.DateOf(d.Clock()) }

// Forward moves the clock to 09:00 of a day.
func (d *Desk) Forward(to string) { d.MoveTo(Day(to).Begins().Add(9 * time.Hour)) }

// Photo is a paper of a form: a picture that waits in a temporary file until the test ends.
func (d *Desk) Photo() *files.Upload {
	d.T.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		d.T.Fatal(err)
	}
	up := Must[*files.Upload](d.T)(d.Keeper.Receive("照片.png", &b, files.PNG))
	d.T.Cleanup(func() { _ = up.Close() })
	return up
}

// Refused checks that a call is refused with a kind, says certain things in its message or fields, and wrote nothing.
func (d *Desk) Refused(name string, kind fault.Kind, call func() error, said ...string) {
	d.T.Helper()
	Refused(d.T, func() int64 { return d.Records(d.T) }, name, kind, call, said...)
}

// Refused is Desk.Refused for a test that opens its store itself; records counts its journal.
func Refused(t testing.TB, records func() int64, name string, kind fault.Kind, call func() error, said ...string) {
	t.Helper()
	before := records()
	err := call()
	if after := records(); after != before {
		t.Errorf("%s: %d records were written", name, after-before)
	}
	if !fault.Is(err, kind) {
		t.Errorf("%s: %v, want %q", name, err, kind)
		return
	}
	text := fault.MessageOf(err)
	for _, f := range fault.FieldsOf(err) {
		text += "|" + f.Name + " " + f.Message
	}
	for _, part := range said {
		if !strings.Contains(text, part) {
			t.Errorf("%s: %q does not say %q", name, text, part)
		}
	}
}

// Day reads a date such as 2026-10-19; it panics for anything else.
func Day(text string) calendar.Date {
	d, err := calendar.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

// Must returns what a call gave, and ends the test if it failed.
func Must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err, fault.FieldsOf(err))
		}
		return v
	}
}

// Person holds one office for a scope, which is also its unit.
func Person(id string, role policy.Role, scope string) policy.Actor {
	return policy.Actor{ID: id, Appointments: []policy.Appointment{{Role: role, Unit: scope, Scopes: []string{scope}}}}
}
