package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"redsteward/configs"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/outside/intake"
	"redsteward/internal/pdf"
	"redsteward/internal/report/returns"
	"redsteward/internal/report/templates"
	"redsteward/internal/schedule"
	"redsteward/internal/store"
	"redsteward/internal/store/mongo"
	"redsteward/internal/store/sqlite"
	"redsteward/internal/web"
	"redsteward/policy"
	"redsteward/policy/outbox"
	"redsteward/policy/witness"
	"redsteward/rating"
	"redsteward/rating/adoption"
	"redsteward/rating/cycle"
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
	"redsteward/registry/handover"
	"redsteward/registry/owners"
	"redsteward/registry/party"
	"redsteward/registry/station"
	"redsteward/supervision"
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

// service is an opened bureau with all that runs on it.
type service struct {
	config   *config
	clocks   policy.Clocks
	db       *store.DB
	sqlite   *sqlite.Engine // nil on MongoDB
	guard    *policy.Guard
	register *registry.Service
	fund     *fund.Service
	bank     *bank.Service
	claims   *claim.Service
	refunds  *refund.Service
	dunnings *dunning.Service
	keeper   *files.Keeper
	// letters are the register of what goes out, with the document numbers.
	letters *casework.Letters
	proofs  *evidence.Service
	// observations and visits are the other sources of facts.
	observations *supervision.Observations
	intake       *supervision.ObservationImports
	visits       *inspection.Visits
	// inspections are the administrative inspections.
	inspections *inspection.Inspections
	// draws are their draws (双随机).
	draws *inspection.Draws
	// vetoes are the decisions of 一票否决.
	vetoes *veto.Service
	// responses are what firms say publicly about their stars.
	responses *response.Service
	// rectifications follow what visits and inspections found.
	rectifications *rectification.Service
	handovers      *handover.Service
	accounts       *policy.Service
	// books are the registers of stations, teams and papers, stations the daily work over them.
	books    *registry.Books
	stations *station.Service
	// requests are what people ask about their own personal data.
	requests *policy.DataRequests
	// phrases are those of accounts and of the bureau.
	phrases *policy.Phrases
	// views are the saved views of accounts.
	views *policy.Views
	// printers keep how accounts print onto paper with a printed head.
	printers *policy.PrintSettings
	// settings record which configuration is in force.
	settings *policy.SettingsLog
	// witnesses keep what was co-signed of the log.
	witnesses *witness.Service
	// modules say what is switched off, and who is responsible for what.
	modules *policy.Modules
	// chains say who approves what.
	chains *policy.Chains
	// filings are the register's filings.
	filings *filing.Service
	// conduct are the books of conduct.
	conduct *conduct.Service
	// deliberations are the items and meetings of 红色议事.
	deliberations *deliberation.Service
	// wishes are small wishes (微心愿) and who serves them.
	wishes *wish.Service
	// applications are the firms' applications for the star of a year.
	applications *application.Service
	collections  *collection.Service
	// notices are those within the system, outbox is what goes out by other channels; work tells the lines of somebody's work for its digests, nil until the pages are there.
	notices *notice.Service
	outbox  *outbox.Service
	work    outbox.Work
	// surveys ask how satisfied households are.
	surveys *survey.Service
	// templates are the office's own Word templates of papers.
	templates *templates.Shelf
	// returns is the desk of statistical returns.
	returns *returns.Service
	// party are the sheets of party organisations.
	party *party.Service
	// changes are its changes of firm.
	changes *change.Service
	// bodies follows the founding of owners' bodies.
	bodies *owners.Service
	// repairs are the repair logs.
	repairs *repair.Service
	// matters are what people report.
	matters *matter.Service
	archive *rating.Archive
	cycle   *cycle.Service
	// standings say how published stars stand, and keep the decisions about them.
	standings *standing.Service
	// adoptions are the versions of the schemes by which it rates.
	adoptions *adoption.Service
	jobs      *schedule.Runner
	// checkUps keeps what the last whole check found.
	checkUps *store.EphemeralCollection[checkUp]
	errands  *errands
	// ratesTables: the board shows whatever table was rated last, not the published year.
	ratesTables bool
	refused     *policy.FileLog
	// env is the environment of the program.
	env []string
	// reading: the store was opened to read, beside whoever writes it.
	reading bool
	// times is nil until timetable reads it.
	times *timetable
	log   *slog.Logger
	dir   string
}

// opening is how a bureau is opened; the zero value is what serve does.
type opening struct {
	// relaxed loads a fresh folder without waiting for the disk.
	relaxed bool
	// business is the business clock; nil for that of the configuration.
	business func() time.Time
	// around, if not nil, stands between the engine and everything above it.
	around func(store.Engine) store.Engine
}

// openService opens the store of a configuration and what runs on it. relaxed loads a fresh folder without waiting for the disk.
func openService(p *program, c *config, relaxed bool) (*service, error) {
	return openServiceAs(p, c, opening{relaxed: relaxed})
}

// openServiceAs is openService with everything that can be said about it.
func openServiceAs(p *program, c *config, how opening) (*service, error) {
	if how.business == nil {
		how.business = businessClock(p.now, c.BusinessClock.Time)
	}
	s := &service{config: c, env: p.env, clocks: policy.Clocks{Business: how.business, Security: p.now}}
	s.log = slog.New(slog.NewJSONHandler(p.errOut, &slog.HandlerOptions{Level: slog.Level(c.Log.Level)}))
	if err := s.open(p.ctx, how); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *service) open(ctx context.Context, how opening) error {
	rules, err := loadRules(s.config)
	if err != nil {
		return err
	}
	confHash, csvHash := rules.Hashes()
	s.log.Info("rules loaded", slog.String("roles_conf", confHash), slog.String("roles_csv", csvHash))
	if s.modules, err = modulesOf(s.config); err != nil {
		return err
	}
	if err := writableTemp(); err != nil {
		return err
	}
	if err := s.openStore(ctx, how); err != nil {
		return err
	}
	if s.refused, err = policy.OpenAccessLog(filepath.Join(s.dir, "access"), 0); err != nil {
		return err
	}
	if err := s.openParts(ctx, rules, policy.Options{Idle: s.config.Session.Idle, Longest: s.config.Session.Longest, Log: s.refused}); err != nil {
		return err
	}
	read, err := s.db.Upgrade(ctx)
	if err != nil {
		return err
	}
	if read > 0 {
		s.log.Info("data upgraded", slog.Int("version", store.DataVersion), slog.Int64("records", read))
	}
	s.register.Link(s.accounts, s.observations, s.visits, s.proofs, s.cycle, s.fund, s.handovers, s.conduct, s.party, s.changes, s.bodies, s.matters, s.repairs, s.deliberations, s.surveys, s.wishes)
	return nil
}

// openRegister opens the register, which knows who holds which project, then the guard, which asks it, and the desks of the register and the fund, which ask the guard.
func (s *service) openRegister(ctx context.Context, rules *policy.Rules) error {
	register, err := registry.Open(ctx, s.db)
	if err != nil {
		return err
	}
	s.guard = policy.NewGuard(rules, register)
	if s.chains, err = chainsOf(s.config, rules); err != nil {
		return err
	}
	if s.register, err = registry.NewService(ctx, register, s.guard, s.clocks.Business); err != nil {
		return err
	}
	if s.fund, err = fund.NewService(ctx, s.db, s.guard, register); err != nil {
		return err
	}
	if s.bank, err = bank.NewService(ctx, s.db, s.guard, s.fund); err != nil {
		return err
	}
	return s.openProof(ctx, register)
}

// seedDivisions gives an empty register the divisions of the configuration.
func (s *service) seedDivisions(ctx context.Context) error {
	table, err := ownOr(s.config.Files.Divisions, "divisions/duchang-divisions-2023.csv")
	if err != nil {
		return err
	}
	added, err := s.register.SeedDivisions(ctx, table)
	if added > 0 {
		s.log.Info("divisions seeded", slog.Int("count", added))
	}
	return err
}

// writableTemp refuses to start where uploads and workbooks cannot wait, rather than at the first one. Returns Invalid that names the folder.
func writableTemp() error {
	f, err := os.CreateTemp("", "redsteward-start-")
	if err != nil {
		return fault.Wrap("cmd.writableTemp", fault.Invalid, "临时文件夹 "+os.TempDir()+" 不能写，上传和导入导出要用它；建好这个文件夹，或者用环境变量 TMPDIR 指定一个", err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// openStore opens the folder or the database.
func (s *service) openStore(ctx context.Context, how opening) error {
	var engine store.Engine
	var key []byte
	var err error
	if s.config.onMongo() {
		s.dir = filepath.Dir(s.config.Store.MasterKey)
		if engine, err = mongo.Open(ctx, mongo.Options{URI: s.config.Store.URI, Now: s.clocks.Security}); err != nil {
			return err
		}
		if key, err = s.outsideKey(ctx, engine); err != nil {
			return errors.Join(err, engine.Close())
		}
	} else {
		s.dir = s.config.Store.URI
		if s.sqlite, err = sqlite.Open(ctx, s.dir, sqlite.Options{Relaxed: how.relaxed}); err != nil {
			return err
		}
		engine = s.sqlite
		if s.config.Store.MasterKey != "" {
			key, err = s.outsideKey(ctx, engine)
		} else {
			key, err = store.MasterKeyFile(s.dir, true)
		}
		if err != nil {
			return errors.Join(err, engine.Close())
		}
	}
	if how.around != nil {
		engine = how.around(engine)
	}
	s.db, err = store.Open(ctx, engine, store.Options{Now: s.clocks.Business, MasterKey: key, Stopwatch: s.clocks.Security})
	return err
}

// readMasterKey reads a master key that lies outside of the data.
func readMasterKey(name string) ([]byte, error) {
	if filepath.Base(name) != "master.key" {
		return nil, fault.New("cmd.readMasterKey", fault.Invalid, "主密钥文件要叫 master.key，现在是 "+name)
	}
	return store.MasterKeyFile(filepath.Dir(name), false)
}

// outsideKey reads the master key that lies outside of the data. Before the first record it is made: a new bureau has none, and afterwards only the one that the data was written with is of use.
func (s *service) outsideKey(ctx context.Context, engine store.Engine) ([]byte, error) {
	name := s.config.Store.MasterKey
	key, missing := readMasterKey(name)
	if !fault.Is(missing, fault.NotFound) {
		return key, missing
	}
	last, err := engine.LastN(ctx)
	if err != nil {
		return nil, err
	}
	if last > 0 {
		return nil, fault.Wrap("cmd.outsideKey", fault.Invalid, "没有主密钥文件 "+name+"，而数据已经有了：请放上原来的那一份（各台机器相同），新生成的读不出这些数据", missing)
	}
	if key, err = store.MasterKeyFile(filepath.Dir(name), true); err == nil {
		s.log.Info("master key made", slog.String("file", name))
	}
	return key, err
}

// ownOr reads an operator's file, or the one that the program carries.
func ownOr(name, shipped string) ([]byte, error) {
	if name != "" {
		return readInput(name)
	}
	return configs.Files.ReadFile(shipped)
}

func (s *service) close() error {
	var errs []error
	if s.errands != nil {
		s.errands.end()
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	} else if s.sqlite != nil {
		errs = append(errs, s.sqlite.Close())
	}
	if s.refused != nil {
		errs = append(errs, s.refused.Close())
	}
	return errors.Join(errs...)
}

// formSecret is what tokens of forms are made with. A reader, which cannot store one, takes no forms.
func (s *service) formSecret(ctx context.Context) ([]byte, error) {
	if s.reading {
		fresh := make([]byte, 32)
		_, err := rand.Read(fresh)
		return fresh, err
	}
	return s.db.Secret(ctx, "forms")
}

// webOptions are what the pages of this bureau are built from. demo is the strip on every page, "" for none; subject is what one row of the board is called.
func (s *service) webOptions(ctx context.Context, demo, subject string) (web.Options, error) {
	secret, err := s.formSecret(ctx)
	if err != nil {
		return web.Options{}, err
	}
	c := s.config
	stars := &archivedStars{archive: s.archive, subject: subject}
	if !s.ratesTables {
		stars.newest, stars.published, stars.earlier, stars.facts, stars.standings, stars.now = s.newestYear, s.cycle.Published, s.cycle.EarlierResults, s.cycle.Facts, s.standings.Standings, s.clocks.Business
	}
	t, err := s.timetable()
	if err != nil {
		return web.Options{}, err
	}
	kept, err := s.keptRules(t.rules.All())
	if err != nil {
		return web.Options{}, err
	}
	privacy := &web.Privacy{Requests: s.requests, Kept: kept, AtOnce: s.keptAtOnce()}
	if s.refused != nil {
		host, err := os.Hostname()
		if err != nil {
			host = "（名称不明）"
		}
		privacy.Accesses, privacy.Place = s.refused, web.AccessPlace{Host: host, Folder: s.refused.Folder(), Others: s.sqlite == nil}
	}
	return web.Options{
		Privacy: privacy,
		Shipped: shippedRules,
		Settings: web.Settings{Site: c.Site.Name, Unit: c.Site.Unit, Authority: c.Site.Authority, Rating: c.Site.Rating, Permanent: c.Archive.Permanent, Years30: c.Archive.Years30, Demo: demo, SecureCookies: c.TLS.Mode != "off" || c.TLS.BehindProxy,
			AllowPlain: c.TLS.BehindProxy, BodyLimit: c.HTTP.BodyBytes, Timeout: c.HTTP.Timeout, StopWithin: c.HTTP.StopWithin},
		Guard: s.guard, People: s.accounts, Stars: stars, Bundles: s.bundles(), Cycle: s.cycle, Adoptions: s.adoptions, Journal: web.StoreJournal{DB: s.db, Deadlines: t.rules}, Witnesses: s.witnesses, Evidence: &web.Evidence{Proofs: s.proofs, Projects: s.register, Points: s.cycle}, Supervision: s.supervised(), Handovers: &web.Handovers{Service: s.handovers, Photos: web.Pictures{Keeper: s.keeper}}, Stations: &web.Stations{Books: s.books, Service: s.stations}, Holidays: t.days, Clocks: s.clocks, Secret: secret, Log: s.log,
		Ping: func(ctx context.Context) error {
			_, err := s.db.Engine().LastN(ctx)
			return err
		},
		Templates: s.templates,
		Access:    s.refused, Modules: s.modules, Approvals: s, Phrases: s.phrases, Views: s.views, Filings: s.filings, Changes: s.changes, Bodies: s.bodies, Matters: s.matters, Conduct: s.conduct, Deliberations: s.deliberations, Wishes: s.wishes, Surveys: s.surveys, Repairs: s.repairs, Party: s.party, Register: s.register, Fund: s.fund, Bank: s.bank, Claims: s.claims, Refunds: s.refunds, Dunnings: s.dunnings, Rectifications: s.rectifications, Vetoes: s.vetoes, Applications: s.applications, Collections: s.collections, Letters: s.letters, Printers: s.printers, Notices: s.notices, Outbox: s.outbox, Responses: s.responses, Standings: s.standings, Inspections: s.inspections, Draws: s.draws, Returns: s.returns, Files: s.keeper,
		Operations: operations{s}, Gauges: s.gauges(ctx), PDF: s.pdfPrinter(),
	}, nil
}

// pdfPrinter makes PDFs of papers, nil without a Chromium: the service runs without it, and doctor says what is wrong with the path.
func (s *service) pdfPrinter() web.PDF {
	if s.config.Print.Chromium == "" {
		return nil
	}
	p, err := pdf.New(s.config.Print.Chromium, 0, 0, 0)
	if err != nil {
		s.log.Warn("没有“下载 PDF”", "why", fault.MessageOf(err))
		return nil
	}
	return p
}

// serve answers until the context ends. demo and subject are those of webOptions; ready is called once the address is known.
func (s *service) serve(p *program, demo, subject string, ready func(address string)) error {
	c := s.config
	var takesIn *intake.SecretKey // nil: no sealed files arrive
	if c.Intake.Folder != "" {
		var err error
		if takesIn, err = readIntakeKey(c.Intake.Secret); err != nil {
			return err
		}
	}
	options, err := s.webOptions(p.ctx, demo, subject)
	if err != nil {
		return err
	}
	server, err := web.New(options)
	if err != nil {
		return err
	}
	if err := server.Prepare(p.ctx); err != nil {
		return err
	}
	s.work = server.Work
	if s.sends() {
		if s.outbox.Senders, err = s.outbox.Rules.Senders(secretIn(p.env), p.now); err != nil {
			return err
		}
	}
	public, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fault.Wrap("cmd.serve", fault.Unavailable, "不能在 "+c.Listen+" 上监听，可能已被占用", err)
	}
	scheme := "http://"
	if c.TLS.Mode != "off" {
		scheme = "https://"
		certificates := &web.Certificates{Dir: filepath.Join(s.dir, "tls"), Hosts: c.TLS.Hosts, CertFile: c.TLS.Cert, KeyFile: c.TLS.Key, Now: p.now}
		if public, err = web.ListenTLS(public, certificates); err != nil {
			return err
		}
	}
	var metrics net.Listener
	if c.Metrics != "" {
		if metrics, err = net.Listen("tcp", c.Metrics); err != nil {
			return errors.Join(fault.Wrap("cmd.serve", fault.Unavailable, "不能在 "+c.Metrics+" 上监听，可能已被占用", err), public.Close())
		}
	}
	if err := s.recordSettings(p.ctx); err != nil {
		if metrics != nil {
			err = errors.Join(err, metrics.Close())
		}
		return errors.Join(err, public.Close())
	}
	ctx, stop := context.WithCancel(p.ctx)
	defer stop()
	var chores sync.WaitGroup
	chores.Go(func() { s.keepTidy(ctx) })
	chores.Go(func() { s.runJobs(ctx) })
	if s.sends() {
		chores.Go(func() { s.keepSending(ctx) })
	}
	if takesIn != nil {
		chores.Go(func() { s.keepTakingIn(ctx, takesIn) })
	}
	unimported := func(err error) { s.log.Error("importing", slog.String("error", err.Error())) }
	for _, i := range s.intakes() {
		chores.Go(func() { i.Run(ctx, unimported) })
	}
	ready(scheme + public.Addr().String())
	err = server.Serve(ctx, public, metrics)
	stop()
	chores.Wait()
	return err
}

// rowIntake carries out what was accepted from files, until ctx ends; Wake makes it look again.
type rowIntake interface {
	Run(ctx context.Context, failed func(error))
	Wake()
}

// intakes are all places where rows of files come in.
func (s *service) intakes() []rowIntake {
	out := []rowIntake{s.register, s.intake, s.books, s.party.Intake, s.handovers.Papers, s.handovers.Findings, s.matters.Orders, s.repairs.Imports}
	for _, b := range conduct.Books() {
		out = append(out, s.conduct.Intake(b))
	}
	return out
}

// keepTidy removes what has expired, lets the rules follow up, and signs the log, once a minute.
func (s *service) keepTidy(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, i := range s.intakes() {
			i.Wake()
		}
		_, sweepErr := s.db.Sweep(ctx)
		_, rulesErr := s.db.RunRules(ctx)
		_, signErr := s.db.Checkpoint(ctx)
		if err := errors.Join(sweepErr, rulesErr, signErr); err != nil && ctx.Err() == nil {
			s.log.Error("tidying", slog.String("error", err.Error()))
		}
	}
}

// serveCommand runs the service.
type serveCommand struct {
	Config string   `placeholder:"F" help:"配置文件（也可用环境变量 REDSTEWARD_CONFIG）"`
	Set    []string `placeholder:"KEY=VALUE" help:"覆盖一个配置项，可写多次"`
}

// Run implements the subcommand.
func (c *serveCommand) Run(p *program) error {
	settings, err := loadConfig(c.Config, p.env, c.Set)
	if err != nil {
		return err
	}
	s, err := openService(p, settings, false)
	if err != nil {
		return err
	}
	if err := s.seedDivisions(p.ctx); err != nil {
		return errors.Join(err, s.close())
	}
	err = s.serve(p, "", "小区", func(address string) { s.announce(p.ctx, p.out, address) })
	return errors.Join(err, s.close())
}

// announce prints where the service is, and how the first administrator is made while there is none.
func (s *service) announce(ctx context.Context, out io.Writer, address string) {
	fmt.Fprintf(out, "红色管家已启动：%s\n", address)
	if open, err := s.accounts.SetupOpen(ctx); err == nil && open {
		fmt.Fprintf(out, "还没有账号。请打开 %s/setup 设置首个系统管理员，一次性设置口令：%s\n", address, s.accounts.SetupToken())
	}
}
