package browsertest

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/internal/web"
	"redsteward/policy"
	"redsteward/policy/outbox"
	"redsteward/policy/policytest"
	"redsteward/policy/witness"
	"redsteward/rating"
	"redsteward/rating/response"
	"redsteward/rating/standing"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/change"
	"redsteward/registry/conduct"
	"redsteward/registry/filing"
	"redsteward/registry/fund"
	"redsteward/registry/fund/bank"
	"redsteward/registry/fund/claim"
	"redsteward/registry/fund/dunning"
	"redsteward/registry/fund/refund"
	"redsteward/registry/owners"
	"redsteward/registry/party"
	"redsteward/supervision/application"
	"redsteward/supervision/collection"
	"redsteward/supervision/deliberation"
	"redsteward/supervision/evidence"
	"redsteward/supervision/inspection"
	"redsteward/supervision/matter"
	"redsteward/supervision/notice"
	"redsteward/supervision/rectification"
	"redsteward/supervision/repair"
	"redsteward/supervision/survey"
	"redsteward/supervision/veto"
	"redsteward/supervision/wish"
)

// Password is that of every account of the fixture.
const Password = "Chuntian-2026"

// noon is the business day of the fixture: Monday, 19 October 2026, 09:00 in Shanghai.
var noon = time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)

// Fixture is a running server on a real store, with accounts and a rated sample.
type Fixture struct {
	// Base is the address, without a slash at the end.
	Base string
	// People are the accounts.
	People *policy.Service
	// DB is the store below them.
	DB *store.DB
	// Letters is the register of what goes out.
	Letters *casework.Letters
	// Sample is what was rated.
	Sample *Sample
	// Proofs keeps windows and proofs; nil unless StartProof made the fixture.
	Proofs *evidence.Service
	// Supervision are observations and visits; nil unless StartSupervised made the fixture.
	Supervision *web.Supervision
	// Handovers are handover inspections; nil unless Start made the fixture.
	Handovers *web.Handovers
	// Stations are the books of stations and papers; nil unless Start made the fixture.
	Stations *web.Stations
	// Server answers.
	Server *web.Server
	// Register is the register, with a few divisions and nothing else.
	Register *registry.Service
	// Fund is the guarantee fund over the register; nil unless Start made the fixture.
	Fund *fund.Service
	// Bank reconciles the fund with bank statements; nil unless Start made the fixture.
	Bank *bank.Service
	// Witnesses keep what was co-signed of the log.
	Witnesses *witness.Service
	// Log is what the server logged.
	Log *Buffer
	// Access holds the refused tries.
	Access *AccessList
	// OneTime is the one-time password of the account new.
	OneTime string

	// first is the administrator who makes the other accounts.
	first policy.Actor
	// options made the server.
	options web.Options
	cancel  context.CancelFunc
	done    chan error
	// Deliberations are those of 红色议事.
	Deliberations *deliberation.Service
	Wishes        *wish.Service
	// Surveys ask how satisfied households are.
	Surveys *survey.Service
	// Rectifications are nil unless StartSupervised made them.
	Rectifications *rectification.Service
	// Inspections are nil unless StartSupervised made them.
	Inspections *inspection.Inspections
	// Draws are nil unless StartSupervised made them.
	Draws *inspection.Draws
	// Changes are the changes of firm.
	Changes *change.Service
	// Bodies follows the founding of owners' bodies.
	Bodies *owners.Service
	// Repairs are the repair logs.
	Repairs *repair.Service
	// Matters are what people report.
	Matters *matter.Service
	// Filings are the filings.
	Filings *filing.Service
	// Claims and Refunds are those of the guarantee fund.
	Claims  *claim.Service
	Refunds *refund.Service
	// Dunnings asks for deposits that are late.
	Dunnings *dunning.Service
	// Responses are what firms say publicly about their stars.
	Responses *response.Service
	// Vetoes are the decisions of 一票否决.
	Vetoes *veto.Service
	// Applications are the firms' applications for the star of a year.
	Applications *application.Service
	// Standings say how published stars stand; PublishStars publishes a year.
	Standings *standing.Service
	archive   *rating.Archive
	years     *years
	// Conduct are the books of conduct.
	Conduct *conduct.Service
	// Party are the sheets of party organisations.
	Party *party.Service
	// Collections are the tasks of collection.
	Collections *collection.Service
	// Notices are those within the system, Outbox is what goes out by other channels, to Gateway.
	Notices *notice.Service
	Outbox  *outbox.Service
	Gateway *Gateway
}

// Buffer is a log that may be read while it is written.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String returns what was written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// AccessList is an access log in memory.
type AccessList struct {
	mu     sync.Mutex
	events []policy.AccessEvent
}

// Write implements policy.AccessLog.
func (l *AccessList) Write(e policy.AccessEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = append(l.events, e)
}

// Days implements web.Accesses.
func (l *AccessList) Days() ([]calendar.Date, error) {
	var days []calendar.Date
	for _, e := range l.Events() {
		if day := calendar.DateOf(e.At); !slices.Contains(days, day) {
			days = append(days, day)
		}
	}
	return days, nil
}

// Read implements web.Accesses.
func (l *AccessList) Read(day calendar.Date, f func(policy.AccessEvent) bool) error {
	for _, e := range l.Events() {
		if calendar.DateOf(e.At) == day && !f(e) {
			break
		}
	}
	return nil
}

// Events returns what was written so far.
func (l *AccessList) Events() []policy.AccessEvent {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.events)
}

// Test is what a fixture needs of the test that it serves; every testing.TB is one.
type Test interface {
	// Helper, Fatal, Error and Cleanup are those of testing.TB.
	Helper()
	Fatal(args ...any)
	Error(args ...any)
	Cleanup(end func())
}

// Serve opens a store over a fresh engine, lets start build a fixture over it, and ends both with the test. now is the clock of the store.
func Serve(t Test, engine store.Engine, now func() time.Time, start func(ctx context.Context, db *store.DB) (*Fixture, error)) *Fixture {
	t.Helper()
	f, err := start(context.Background(), OpenStore(t, engine, now))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Stop(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// OpenStore opens a store over a fresh engine and closes both with the test. now is the clock of the store.
func OpenStore(t Test, engine store.Engine, now func() time.Time) *store.DB {
	t.Helper()
	db, err := store.Open(context.Background(), engine, store.Options{Now: now, MasterKey: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// Start serves count rated compounds on a free port of this machine, over an open store. now is real time. conf and csv are the rules.
// With count 0 it is the first day (StartFresh). The accounts are admin (administrator), inspector and auditor (audit_officer), and new, whose password is one-time.
func Start(ctx context.Context, db *store.DB, now func() time.Time, conf, csv []byte, count int) (*Fixture, error) {
	if count == 0 {
		return StartFresh(ctx, db, now, conf, csv)
	}
	return start(ctx, db, now, conf, csv, count, (*Fixture).accounts)
}

// StartFresh is Start as on the first day: nothing was rated and nobody has an account.
func StartFresh(ctx context.Context, db *store.DB, now func() time.Time, conf, csv []byte) (*Fixture, error) {
	return start(ctx, db, now, conf, csv, 0, nil)
}

func start(ctx context.Context, db *store.DB, now func() time.Time, conf, csv []byte, count int, accounts func(*Fixture, context.Context) error) (*Fixture, error) {
	rules, err := policytest.Load(conf, csv)
	if err != nil {
		return nil, err
	}
	begun := now()
	clocks := policy.Clocks{Business: func() time.Time { return noon.Add(now().Sub(begun)) }, Security: now}
	f := &Fixture{DB: db, Log: &Buffer{}, Access: &AccessList{}, done: make(chan error, 1)}
	guard, err := f.openRegister(ctx, rules, clocks.Business)
	if err != nil {
		return nil, err
	}
	if f.Letters, err = casework.NewLetters(ctx, casework.LettersConfig{DB: db, Guard: guard, Keeper: files.NewKeeper(db, ""), Now: clocks.Business, Series: sampleSeries()}); err != nil {
		return nil, err
	}
	if f.People, err = policy.NewService(ctx, db, guard, clocks, policy.Options{Idle: time.Hour, HashMemoryKiB: 64}); err != nil {
		return nil, err
	}
	if accounts != nil {
		if err := accounts(f, ctx); err != nil {
			return nil, err
		}
	}
	approvals, err := f.openFilings(ctx, rules, guard, clocks.Business)
	if err != nil {
		return nil, err
	}
	if err := f.openHandovers(ctx, db, guard, f.Register.Register, clocks.Business); err != nil {
		return nil, err
	}
	if err := f.openStations(ctx, guard, clocks.Business); err != nil {
		return nil, err
	}
	var stars web.Stars
	archive, err := rating.NewArchive(ctx, db)
	if err != nil {
		return nil, err
	}
	bundles := &SampleBundles{DB: db, Archive: archive}
	if count > 0 {
		if f.Sample, err = NewSample(count, 42); err != nil {
			return nil, err
		}
		stars, bundles.Sample = f.Sample, f.Sample
	}
	secret, err := db.Secret(ctx, "form")
	if err != nil {
		return nil, err
	}
	if err := f.openClaims(ctx, db, rules, guard, f.Register.Register, clocks.Business); err != nil {
		return nil, err
	}
	if err := f.openVetoes(ctx, db, rules, guard, clocks.Business); err != nil {
		return nil, err
	}
	if err := f.openApplications(ctx, db, rules, guard, clocks.Business); err != nil {
		return nil, err
	}
	if err := f.openResponses(ctx, db, rules, guard, clocks.Business); err != nil {
		return nil, err
	}
	if err := f.openStandings(ctx, db, rules, guard, clocks.Business, archive); err != nil {
		return nil, err
	}
	if err := f.openConduct(ctx, guard, clocks.Business); err != nil {
		return nil, err
	}
	if err := f.openParty(ctx, guard, clocks.Business, approvals.chains); err != nil {
		return nil, err
	}
	if err := f.openMatters(ctx, rules, guard, clocks.Business); err != nil {
		return nil, err
	}
	if err := f.openRepairs(ctx, guard, clocks.Business); err != nil {
		return nil, err
	}
	if err := f.openDeliberation(ctx, guard, clocks.Business); err != nil {
		return nil, err
	}
	if err := f.openWishes(ctx, guard, clocks.Business); err != nil {
		return nil, err
	}
	if err := f.openNotices(ctx, guard, clocks.Business); err != nil {
		return nil, err
	}
	if err := f.openCollections(ctx, guard, clocks.Business); err != nil {
		return nil, err
	}
	if err := f.openSurveys(ctx, guard, clocks.Business); err != nil {
		return nil, err
	}
	views, err := policy.NewViews(ctx, db, guard)
	if err != nil {
		return nil, err
	}
	modules, err := policytest.Modules()
	if err != nil {
		return nil, err
	}
	requests, err := policy.NewDataRequests(ctx, db, guard, clocks.Business, tenDays, func(d calendar.Deadline) calendar.Deadline { return d })
	if err != nil {
		return nil, err
	}
	if f.Witnesses, err = witness.New(ctx, db, guard); err != nil {
		return nil, err
	}
	printers, err := policy.NewPrintSettings(ctx, db, guard)
	if err != nil {
		return nil, err
	}
	f.options = web.Options{
		Letters: f.Letters, Printers: printers,
		Privacy: &web.Privacy{Requests: requests, Accesses: f.Access, Place: web.AccessPlace{Host: "inner-1", Folder: "/data/access", Others: true}, Kept: []calendar.Rule{{ID: "booking.personal", Name: "预约人姓名和电话的保存期", From: "预约之日", N: 30, Unit: calendar.UnitDay, Basis: "《个人信息保护法》第十九条", Proposal: true}}},
		Shipped: func() (*policy.Rules, error) { return guard.Rules(), nil },
		Guard:   guard, People: f.People, Stars: stars, Bundles: bundles, Clocks: clocks, Secret: secret, Journal: web.StoreJournal{DB: db}, Witnesses: f.Witnesses,
		Access: f.Access, Modules: modules, Approvals: approvals, Views: views, Filings: f.Filings, Changes: f.Changes, Bodies: f.Bodies, Matters: f.Matters, Conduct: f.Conduct, Deliberations: f.Deliberations, Wishes: f.Wishes, Surveys: f.Surveys, Repairs: f.Repairs, Party: f.Party, Collections: f.Collections, Notices: f.Notices, Outbox: f.Outbox, Register: f.Register, Fund: f.Fund, Bank: f.Bank, Claims: f.Claims, Refunds: f.Refunds, Dunnings: f.Dunnings, Vetoes: f.Vetoes, Applications: f.Applications, Responses: f.Responses, Standings: f.Standings, Files: files.NewKeeper(db, ""), Handovers: f.Handovers, Stations: f.Stations,
		Log: slog.New(slog.NewJSONHandler(f.Log, nil)), Settings: settings(),
	}
	f.Server, err = web.New(f.options)
	if err != nil {
		return nil, err
	}
	return f, f.serve(ctx)
}

// sampleSeries are two series of numbers.
func sampleSeries() *casework.Series {
	series, err := casework.ParseSeries("numbers.yaml", []byte("basis: 测试\nseries:\n  - {word: 都建发, title: 公布与方案, papers: [period.published, scheme-version.adopt]}\n  - {word: 都建告, title: 告知书, papers: [veto.serve]}\n  - {word: 都建决, title: 认定书, papers: [veto.issue]}\n  - {word: 都物联审纪, title: 联审纪要, papers: [star-application.joint]}\n"))
	if err != nil {
		panic(err) // it stands above
	}
	return series
}

// settings are the words of the fixtures.
func settings() web.Settings {
	return web.Settings{Demo: "演示数据：企业、小区、人员与分数均为虚构，仅用于展示", Site: "都昌县物业服务星级评价", Unit: "住建局物业管理股", Permanent: []string{"承接查验"}, Years30: []string{"一票否决认定", "降星与摘牌"},
		Authority: "都昌县住房和城乡建设局"}
}

// serve listens on a free port of this machine.
func (f *Fixture) serve(ctx context.Context) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	f.Base = "http://" + l.Addr().String()
	serving, cancel := context.WithCancel(ctx)
	f.cancel = cancel
	go func() { f.done <- f.Server.Serve(serving, l, nil) }()
	return nil
}

// Again ends the server and starts another one over the same services, with other options. Who is signed in stays so.
func (f *Fixture) Again(ctx context.Context, change func(*web.Options)) error {
	if err := f.Stop(); err != nil {
		return err
	}
	change(&f.options)
	var err error
	if f.Server, err = web.New(f.options); err != nil {
		return err
	}
	return f.serve(ctx)
}

// Stop ends the server and returns what Serve returned.
func (f *Fixture) Stop() error {
	f.cancel()
	return <-f.done
}

// admin makes the first account.
func (f *Fixture) admin(ctx context.Context) (policy.Actor, error) {
	if err := f.People.Setup(ctx, f.People.SetupToken(), "admin", "刘建华", Password); err != nil {
		return policy.Actor{}, err
	}
	in, err := f.People.SignIn(ctx, policy.Credentials{Login: "admin", Password: Password})
	return in.Actor, err
}

// accounts makes the accounts as people would.
func (f *Fixture) accounts(ctx context.Context) error {
	admin, err := f.admin(ctx)
	if err != nil {
		return err
	}
	f.first = admin
	for _, person := range []struct {
		login, name string
		role        policy.Role
		changed     bool
	}{{"inspector", "周望平", "inspector", true}, {"auditor", Hostile[:30], "audit_officer", true}, {"new", "林知秀", "community_worker", false}} {
		ap := policy.Appointment{Role: person.role, Scopes: []string{policy.County}}
		if err := f.account(ctx, admin, person.login, person.name, ap, person.changed); err != nil {
			return err
		}
	}
	return nil
}

// Appoint makes an account in an office, with Password as its own password.
func (f *Fixture) Appoint(ctx context.Context, login, name string, ap policy.Appointment) error {
	return f.account(ctx, f.first, login, name, ap, true)
}

// account makes one account; unless changed, its password is still the one-time one.
func (f *Fixture) account(ctx context.Context, admin policy.Actor, login, name string, ap policy.Appointment, changed bool) error {
	if changed {
		return hire(ctx, f.People, admin, login, name, ap)
	}
	var err error
	f.OneTime, err = appoint(ctx, f.People, admin, login, name, ap)
	return err
}

// appoint makes an account in an office and returns its one-time password.
func appoint(ctx context.Context, people *policy.Service, admin policy.Actor, login, name string, ap policy.Appointment) (once string, err error) {
	id, once, err := people.CreateAccount(ctx, admin, login, name)
	if err != nil {
		return "", err
	}
	a, err := people.OneAccount(ctx, admin, id)
	if err != nil {
		return "", err
	}
	return once, people.Appoint(ctx, admin, id, a.Seq, ap)
}

// hire makes an account in an office, with Password as its own password.
func hire(ctx context.Context, people *policy.Service, admin policy.Actor, login, name string, ap policy.Appointment) error {
	once, err := appoint(ctx, people, admin, login, name, ap)
	if err != nil {
		return err
	}
	own, err := people.SignIn(ctx, policy.Credentials{Login: login, Password: once})
	if err != nil {
		return err
	}
	return people.ChangePassword(ctx, own.Actor, once, Password)
}
