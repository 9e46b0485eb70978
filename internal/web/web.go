// Package web serves the pages and the API of Redsteward over Fiber.
//
//  1. Routes are data. Each row names an Action; a route without one cannot be registered, and nothing is reachable beside the table.
//     Rights are asked before the handler runs; a row outside the actor's scope looks as if it did not exist.
//  2. The actor is a parameter of every handler, never hidden in a context.
//  3. Handlers read a request, call one command or query, and choose a page. No business rule and no state lives here, except
//     caches that can be thrown away.
//  4. One function turns a fault.Kind into a status; a failure shows a sentence for people or RFC 9457 for programs, never a cause.
//  5. One function makes a status chip; templates never choose a colour. Only render.go makes trusted markup.
//  6. Everything a page needs is embedded and served from here under a strict content security policy; every page works without script.
//  7. A stop loses nothing: readiness turns off first, running requests finish, then the listeners close.
package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/report/returns"
	"redsteward/internal/report/templates"
	"redsteward/policy"
	"redsteward/policy/outbox"
	"redsteward/policy/witness"
	"redsteward/rating/adoption"
	"redsteward/rating/cycle"
	"redsteward/rating/response"
	"redsteward/rating/standing"
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
	"redsteward/supervision/inspection"
	"redsteward/supervision/matter"
	"redsteward/supervision/notice"
	"redsteward/supervision/rectification"
	"redsteward/supervision/repair"
	"redsteward/supervision/survey"
	"redsteward/supervision/veto"
	"redsteward/supervision/wish"
)

// Settings are the words and switches of one installation. The zero value works; empty words get the defaults named here.
type Settings struct {
	// Site is shown beside the mark on public pages, default “物业服务星级评价”.
	Site string
	// Rating is the legal name of the rating in papers, default cycle.DefaultRating.
	Rating string
	// Unit is shown beside the mark on work pages, default “物业管理股”.
	Unit string
	// Authority is the name of the bureau, default “住房和城乡建设局”.
	Authority string
	// Permanent and Years30 are the kinds of files (VolumeKinds) that are kept for good and for 30 years; the others are kept for 10.
	Permanent, Years30 []string
	// Demo is the text of the grey strip on every page of demonstration data, "" for none.
	Demo string
	// Attribution is shown in the footer where the data's licence asks for it, "" for none.
	Attribution string
	// SecureCookies marks cookies Secure with the __Host- prefix and sends HSTS; set it whenever people come over TLS, also with TLS ended by a proxy.
	SecureCookies bool
	// AllowPlain lets Serve accept a listener without TLS that is not on loopback, for an installation behind its own TLS proxy.
	AllowPlain bool
	// BodyLimit is the largest request body in bytes, default 4 MiB. Files come by their own route and limit.
	BodyLimit int
	// Connections are how many there may be at once, default 4,096: each holds its buffers, about a tenth of a megabyte. One more is answered with 503 and closed.
	Connections int
	// Timeout bounds the reading of a request and the work on it, default 30 s.
	Timeout time.Duration
	// Drain is how long the service goes on answering after readiness was turned off, so that a load balancer can notice. Default 0.
	Drain time.Duration
	// StopWithin is how long running requests may take after that, default 30 s.
	StopWithin time.Duration
}

// Options are what a Server is built from.
type Options struct {
	// Settings are the words and switches of the installation.
	Settings Settings
	// Guard decides about rights. Required.
	Guard *policy.Guard
	// Shipped are the rules that come with the program, to be compared with those in force. Nil offers no such comparison.
	Shipped func() (*policy.Rules, error)
	// Privacy is what the pages about personal data need. Nil hides them.
	Privacy *Privacy
	// People signs people in and runs their accounts. Required.
	People People
	// Stars are the published results. Nil shows an empty board.
	Stars Stars
	// Bundles makes the bundles of published stars. Nil hides 技术核验.
	Bundles Bundles
	// Cycle runs the rating periods. Nil hides their pages.
	Cycle Cycle
	// Adoptions keeps the versions of the rating schemes. Nil hides their pages; needs Cycle.
	Adoptions *adoption.Service
	// Views keeps the saved views of accounts. Nil offers none.
	Views *policy.Views
	// Modules are the modules with who is responsible for each and which are switched off. Nil: all are on, and nobody is named.
	Modules *policy.Modules
	// Approvals says who approves what. Nil hides the page.
	Approvals Approvals
	// Changes follows changes of firm. Nil hides their pages; needs Register.
	Changes *change.Service
	// Bodies follows the founding of owners' bodies; nil: no pages for it. It needs Register.
	Bodies *owners.Service
	// Phrases are the phrases (常用语) of accounts and of the bureau. Nil hides them.
	Phrases *policy.Phrases
	// Templates are the office's own Word templates of papers by their kind. Nil hides their pages, and papers have their default form.
	Templates *templates.Shelf
	// Returns is the desk of statistical returns. Nil hides its pages; needs Register.
	Returns *returns.Service
	// Matters follows what people report. Nil hides their pages; needs Register.
	Matters *matter.Service
	// Filings runs the filings. Nil hides their pages; needs Register.
	Filings *filing.Service
	// Conduct keeps 失信信息, 行业评价记录 and 表彰奖励. Nil hides their pages; needs Register.
	Conduct *conduct.Service
	// Wishes follows small wishes (微心愿). Nil hides their pages; needs Register.
	Wishes *wish.Service
	// Deliberations runs 红色议事. Nil hides its pages; needs Register.
	Deliberations *deliberation.Service
	// Repairs are the repair logs (报修台账). Nil hides their pages; needs Register.
	Repairs *repair.Service
	// Surveys ask households how satisfied they are. Nil hides their pages; needs Register.
	Surveys *survey.Service
	// Party keeps the sheets of party organisations. Nil hides their pages; needs Register.
	Party *party.Service
	// Register holds firms and projects. Nil hides their pages.
	Register Register
	// Fund keeps the guarantee fund. Nil hides its pages.
	Fund *fund.Service
	// Bank reconciles the fund with the statements of its accounts. Required with Fund.
	Bank *bank.Service
	// Claims runs the claims on the guarantee fund. Nil hides their pages; needs Fund and Register.
	Claims *claim.Service
	// Dunnings asks for deposits that are late. Nil hides their pages; needs Fund.
	Dunnings *dunning.Service
	// Refunds runs its refunds. Nil hides their pages; needs Fund.
	Refunds *refund.Service
	// Handovers is what the pages of handover inspections need. Nil hides them.
	Handovers *Handovers
	// Stations is what the pages of 红色驿站, community teams and policy papers need. Nil hides them; needs Register.
	Stations *Stations
	// Standings says how published stars stand, keeps the decisions about them and makes their plates. Nil hides the pages; needs Register.
	Standings *standing.Service
	// Vetoes keeps the decisions of 一票否决. Nil hides their pages; needs Register.
	Vetoes *veto.Service
	// Applications keeps the applications for stars. Nil hides their pages; needs Register.
	Applications *application.Service
	// Collections keeps the tasks of collection. Nil hides their pages; needs Register.
	Collections *collection.Service
	// Notices keeps the notices within the system (站内通知), Outbox what goes out by other channels. Nil hides their pages; Notices need Register and Files, the Outbox Notices.
	Notices *notice.Service
	Outbox  *outbox.Service
	// Responses keeps what firms say publicly about their stars. Nil hides their pages; needs Register.
	Responses *response.Service
	// Rectifications follow what was found on site until it is put right. Nil hides their pages; needs Supervision.
	Rectifications *rectification.Service
	// Inspections are the administrative inspections (行政检查). Nil hides their pages; needs Supervision.
	Inspections *inspection.Inspections
	// Draws are the draws of 双随机. Nil hides their pages; needs Inspections.
	Draws *inspection.Draws
	// Printers keep how each account's printers meet paper with a printed head. Nil hides their page.
	Printers *policy.PrintSettings
	// PDF makes PDFs of papers. Nil where no Chromium is installed: readers make them in their own browser.
	PDF PDF
	// Letters is the register of what goes out. Nil hides its pages.
	Letters *casework.Letters
	// Files takes uploads in. Required with Register, Fund, Supervision and Cycle.
	Files *files.Keeper
	// Journal shows the log of changes on 操作日志. Nil hides the page.
	Journal Journal
	// Witnesses keep what was co-signed of the log. Nil hides the page.
	Witnesses *witness.Service
	// Evidence is what the pages of proof need. Nil hides them.
	Evidence *Evidence
	// Holidays count the working days of the to-do pages. Nil counts calendar days.
	Holidays *calendar.Calendar
	// Supervision is what the pages of observations and visits need. Nil hides them.
	Supervision *Supervision
	// Clocks are the business and the security clock. Required.
	Clocks policy.Clocks
	// Secret signs form tokens; 32 bytes from the store. Required; all processes of one installation share it.
	Secret []byte
	// Ping asks the store whether it answers. Nil means that there is nothing to ask.
	Ping func(ctx context.Context) error
	// Access takes refused tries (design §3.12). Nil only logs them.
	Access policy.AccessLog
	// Log receives one structured line per request that changes or fails. Nil discards.
	Log *slog.Logger
	// Operations is how the program runs. Nil hides its page.
	Operations Operations
	// Gauges are read when metrics or the page of operations are asked for. Nil adds none.
	Gauges []Gauge
}

// Server answers the requests of one process.
type Server struct {
	set   Settings
	guard *policy.Guard
	// privacy is nil if its pages are not there.
	privacy *Privacy
	// shipped is nil if they are not known.
	shipped func() (*policy.Rules, error)
	people  People
	stars   Stars
	bundles Bundles // nil if there are none
	journal Journal
	// records are the kinds whose records are shown beside their pages.
	records   map[string]recordSource
	witnesses *witness.Service
	letters   *casework.Letters
	printers  *policy.PrintSettings
	pdf       PDF
	cycle     Cycle
	adoptions *adoption.Service
	// views is nil if there are no saved views.
	views      *policy.Views
	operations Operations
	modules    *policy.Modules
	// approvals is nil if the page is not there.
	approvals Approvals
	// phrases are nil if they are not offered.
	phrases *policy.Phrases
	// templates are nil if their pages are not there.
	templates *templates.Shelf
	// returns is nil if its pages are not there.
	returns *returns.Service
	// matters is nil if its pages are not there.
	matters *matter.Service
	// changes is nil if its pages are not there.
	changes *change.Service
	bodies  *owners.Service
	// filings is nil if its pages are not there.
	filings *filing.Service
	// party is nil if its pages are not there.
	party *party.Service
	// conduct is nil if its pages are not there.
	conduct *conduct.Service
	// wishes is nil if its pages are not there.
	wishes *wish.Service
	// deliberations is nil if its pages are not there.
	deliberations *deliberation.Service
	// surveys and repairs are nil if their pages are not there.
	surveys *survey.Service
	repairs *repair.Service
	// evidence is nil if its pages are not there.
	evidence *Evidence
	// supervision is nil if its pages are not there.
	supervision *Supervision
	// handovers is nil if its pages are not there.
	handovers *Handovers
	// stations is nil if its pages are not there.
	stations *Stations
	vetoes   *veto.Service
	// applications is nil if its pages are not there.
	applications *application.Service
	// collections is nil if its pages are not there.
	collections *collection.Service
	notices     *notice.Service
	outbox      *outbox.Service
	responses   *response.Service
	// standings is nil if there are no stars that stand.
	standings *standing.Service
	// rectifications is nil if its pages are not there.
	rectifications *rectification.Service
	// inspections is nil if its pages are not there.
	inspections *inspection.Inspections
	// draws is nil if its pages are not there.
	draws    *inspection.Draws
	tasks    []Tasks
	holidays *calendar.Calendar
	// registered is the register; register is the method that registers routes.
	registered Register
	fund       *fund.Service
	bank       *bank.Service
	claims     *claim.Service
	refunds    *refund.Service
	dunnings   *dunning.Service
	files      *files.Keeper
	clocks     policy.Clocks
	secret     []byte
	ping       func(ctx context.Context) error
	access     policy.AccessLog
	log        *slog.Logger

	app      *fiber.App
	routes   []Route
	assets   *assets
	pages    *pages
	cache    *pageCache
	bundled  *pageCache // bundles and the pages behind 技术核验
	board    *boardCache
	openWork openWork
	watch    *observer
	signIns  *limiter
	// reserves counts bookings without an account, codes wrong booking numbers and codes, tells what is told and asks what is wished for without an account, surveyCodes wrong codes of surveys.
	// checks counts bundles that were checked.
	reserves, codes, tells, asks, surveyCodes, checks *limiter
	api                                               *api
	started                                           string
	counter                                           atomic.Uint64
	ready                                             atomic.Bool
}

// New builds a server and registers its routes. Returns Invalid if a dependency is missing, a page cannot be parsed, or a route has no action.
func New(o Options) (*Server, error) {
	const op = "web.New"
	switch {
	case o.Guard == nil, o.People == nil, o.Clocks.Business == nil, o.Clocks.Security == nil:
		return nil, fault.New(op, fault.Invalid, "服务缺少权限、账号或时钟")
	case (o.Register != nil || o.Fund != nil || o.Supervision != nil || o.Cycle != nil) && o.Files == nil:
		return nil, fault.New(op, fault.Invalid, "登记、保修金、观察记录或评价周期缺少接收文件的部分")
	case o.Fund != nil && o.Bank == nil:
		return nil, fault.New(op, fault.Invalid, "保修金缺少银行对账的部分")
	case len(o.Secret) < 32:
		return nil, fault.New(op, fault.Invalid, "表单密钥短于 32 字节")
	}
	s := &Server{
		set: o.Settings.withDefaults(), guard: o.Guard, privacy: o.Privacy, shipped: o.Shipped, people: o.People, stars: o.Stars, bundles: o.Bundles, journal: o.Journal, operations: o.Operations, witnesses: o.Witnesses, letters: o.Letters, printers: o.Printers, pdf: o.PDF, cycle: o.Cycle, adoptions: o.Adoptions, modules: o.Modules, approvals: o.Approvals, views: o.Views, filings: o.Filings, changes: o.Changes, bodies: o.Bodies, returns: o.Returns, matters: o.Matters, conduct: o.Conduct, deliberations: o.Deliberations, wishes: o.Wishes, surveys: o.Surveys, repairs: o.Repairs, party: o.Party, evidence: o.Evidence, supervision: o.Supervision, handovers: o.Handovers, stations: o.Stations, rectifications: o.Rectifications, vetoes: o.Vetoes, applications: o.Applications, collections: o.Collections, notices: o.Notices, outbox: o.Outbox, responses: o.Responses, standings: o.Standings, inspections: o.Inspections, draws: o.Draws, holidays: o.Holidays, registered: o.Register, fund: o.Fund, bank: o.Bank, claims: o.Claims, refunds: o.Refunds, dunnings: o.Dunnings, files: o.Files, clocks: o.Clocks,
		templates: o.Templates, phrases: o.Phrases,
		secret: o.Secret, ping: o.Ping, access: o.Access, log: o.Log,
	}
	if s.stars == nil {
		s.stars = noStars{}
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	start := make([]byte, 4)
	if _, err := rand.Read(start); err != nil {
		return nil, fault.Wrap(op, fault.Internal, "系统不能产生随机数", err)
	}
	s.started = hex.EncodeToString(start)
	var err error
	if s.assets, err = loadAssets(); err != nil {
		return nil, fault.Wrap(op, fault.Internal, "页面资源不完整", err)
	}
	if s.pages, err = loadPages(s.assets); err != nil {
		return nil, fault.Wrap(op, fault.Internal, "页面模板不完整", err)
	}
	s.tasks = s.partsWithTasks()
	s.cache = newPageCache(cacheBytes)
	s.board = &boardCache{}
	s.signIns = newLimiter(signInTries, signInWindow)
	s.reserves, s.codes, s.tells, s.asks = newLimiter(reserveTries, reserveWindow), newLimiter(reserveTries, reserveWindow), newLimiter(tellTries, tellWindow), newLimiter(tellTries, tellWindow)
	s.surveyCodes = newLimiter(surveyTries, surveyWindow)
	s.checks, s.bundled = newLimiter(checkTries, checkWindow), newPageCache(bundleCache)
	s.watch = newObserver(o.Gauges)
	s.app = fiber.New(fiber.Config{
		Immutable:             true,
		DisableStartupMessage: true,
		StrictRouting:         true,
		CaseSensitive:         true,
		BodyLimit:             s.set.BodyLimit,
		Concurrency:           s.set.Connections,
		ReadTimeout:           s.set.Timeout,
		WriteTimeout:          s.set.Timeout,
		IdleTimeout:           2 * time.Minute,
		ReadBufferSize:        16 << 10, // long query strings of shared filters, and cookies
		ErrorHandler:          s.unrouted,
		// Bodies are read by the routes, so that rights come before bytes and files never stand in memory.
		StreamRequestBody:            true,
		DisablePreParseMultipartForm: true,
	})
	s.app.Server().HeaderReceived = slowBodies
	s.app.Server().Handler = s.knownMethods(s.app.Server().Handler)
	if s.routes, err = s.table(); err != nil {
		return nil, err
	}
	if err := s.register(); err != nil {
		return nil, err
	}
	s.ready.Store(true)
	return s, nil
}

func (o Settings) withDefaults() Settings {
	for field, text := range map[*string]string{&o.Site: "物业服务星级评价", &o.Rating: cycle.DefaultRating, &o.Unit: "物业管理股", &o.Authority: "住房和城乡建设局"} {
		if *field == "" {
			*field = text
		}
	}
	if o.BodyLimit <= 0 {
		o.BodyLimit = 4 << 20
	}
	if o.Connections <= 0 {
		o.Connections = 4096
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Second
	}
	if o.StopWithin <= 0 {
		o.StopWithin = 30 * time.Second
	}
	return o
}

// Serve answers on public until ctx ends, then stops gracefully; metrics, if not nil, gets the second port with the Prometheus metrics.
// It closes both listeners. Returns Invalid for a listener without TLS that is neither on loopback nor allowed by Settings.AllowPlain,
// and Unavailable if running requests did not finish in time.
func (s *Server) Serve(ctx context.Context, public, metrics net.Listener) error {
	const op = "web.Serve"
	if !isTLS(public) && !s.set.AllowPlain && !onLoopback(public) {
		closeQuietly(public, metrics)
		return fault.New(op, fault.Invalid, "没有 TLS 时只能在本机地址上监听；确需明文时请在配置中写明")
	}
	failed := make(chan error, 2)
	go func() { failed <- s.app.Listener(public) }()
	if metrics != nil {
		stop := s.watch.serve(metrics, failed)
		defer stop()
	}
	following, unfollow := context.WithCancel(ctx)
	var followed sync.WaitGroup
	followed.Go(func() { s.followBoard(following) })
	defer followed.Wait()
	defer unfollow()
	var broken error
	select {
	case <-ctx.Done():
	case broken = <-failed:
	}
	return errors.Join(broken, s.stop(op))
}

// stop turns readiness off, waits for load balancers to notice, and lets running requests finish.
func (s *Server) stop(op string) error {
	s.ready.Store(false)
	if s.set.Drain > 0 {
		time.Sleep(s.set.Drain)
	}
	limit, cancel := context.WithTimeout(context.Background(), s.set.StopWithin)
	defer cancel()
	if err := s.app.ShutdownWithContext(limit); err != nil {
		return fault.Wrap(op, fault.Unavailable, "停止时仍有请求没有办完", err)
	}
	return nil
}

// onLoopback reports whether only this machine can reach the listener.
func onLoopback(l net.Listener) bool {
	switch a := l.Addr().(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	}
	return false
}

func closeQuietly(listeners ...net.Listener) {
	for _, l := range listeners {
		if l != nil {
			_ = l.Close()
		}
	}
}
