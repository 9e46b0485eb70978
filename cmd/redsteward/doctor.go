package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"time"

	"redsteward/configs"
	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/internal/store/mongo"
	"redsteward/internal/store/sqlite"
	"redsteward/policy"
	"redsteward/registry/fund"
	"redsteward/supervision/evidence"
)

// dataFlags say which data a command is about.
type dataFlags struct {
	Config string `placeholder:"F" help:"配置文件（也可用环境变量 REDSTEWARD_CONFIG）"`
	Data   string `placeholder:"DIR" help:"数据文件夹；不写则用配置里的 store.uri"`
}

// settings loads the configuration and puts the folder in, if one was named.
func (f *dataFlags) settings(p *program) (*config, error) {
	var over []string
	if f.Data != "" {
		over = []string{"store.uri=" + f.Data}
	}
	return loadConfig(f.Config, p.env, over)
}

// openReader opens the data of a configuration to read, beside whoever writes it. Without master key, which is an error of its own, personal
// data stays unreadable. Returns Invalid if there is no data or it is of a newer version.
func openReader(p *program, c *config) (s *service, keyErr, err error) {
	s = &service{config: c, reading: true, clocks: policy.Clocks{Business: businessClock(p.now, c.BusinessClock.Time), Security: p.now}, log: slog.New(slog.DiscardHandler)}
	var engine store.Engine
	var key []byte
	if c.onMongo() {
		s.dir = filepath.Dir(c.Store.MasterKey)
		key, keyErr = readMasterKey(c.Store.MasterKey)
		engine, err = mongo.Open(p.ctx, mongo.Options{URI: c.Store.URI, Now: p.now, ReadOnly: true})
	} else {
		s.dir = c.Store.URI
		if c.Store.MasterKey != "" {
			key, keyErr = readMasterKey(c.Store.MasterKey)
		} else {
			key, keyErr = store.MasterKeyFile(s.dir, false)
		}
		engine, err = sqlite.Open(p.ctx, s.dir, sqlite.Options{ReadOnly: true})
	}
	if err == nil {
		s.db, err = store.Open(p.ctx, engine, store.Options{Now: s.clocks.Business, MasterKey: key, ReadOnly: true})
	}
	if fault.Is(err, fault.NotFound) {
		// For a command line a folder without data is a wrong input, like a file that is not there.
		err = fault.Wrap("cmd.openReader", fault.Invalid, fault.MessageOf(err), err)
	}
	return s, keyErr, err
}

// doctorCommand checks a data folder or database, and mends what the journal can mend.
type doctorCommand struct {
	dataFlags
	Rebuild bool `help:"先按日志重做全部状态和列表（服务运行时不能做）"`
}

// Run implements the subcommand.
func (c *doctorCommand) Run(p *program) error {
	settings, err := c.settings(p)
	if err != nil {
		return err
	}
	if c.Rebuild {
		err = rebuildState(p, settings)
		if err != nil {
			return err
		}
	}
	s, keyErr, err := openReader(p, settings)
	if err != nil {
		return err
	}
	d := printedDiagnosis(p)
	d.examine(s, keyErr)
	err = s.close()
	switch {
	case err != nil:
		return err
	case d.problems > 0:
		fmt.Fprintf(p.out, "检查完毕：%d 个问题，%d 个提醒\n", d.problems, d.warnings)
		return errFound
	}
	fmt.Fprintf(p.out, "检查完毕：没有问题，%d 个提醒\n", d.warnings)
	return nil
}

// rebuildState makes every state document anew from the journal, as the only writer.
func rebuildState(p *program, settings *config) error {
	err := mustStand(p, settings)
	if err != nil {
		return err
	}
	s, err := openService(p, settings, false)
	if err != nil {
		return err
	}
	n, err := s.db.Rebuild(p.ctx)
	err = errors.Join(err, s.close())
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "已按日志重做状态和列表：读了 %d 条记录\n", n)
	return nil
}

// mustStand refuses where there is no data yet, which opening to write would make; where the log itself is damaged, for then the states may be
// all that is left of the truth; and, as a MongoDB has no lock like that of a folder, while a process works on the database.
func mustStand(p *program, settings *config) error {
	s, _, err := openReader(p, settings)
	if err != nil {
		return err
	}
	report, err := verifyLog(p.ctx, s)
	if err == nil && slices.ContainsFunc(report.Problems, func(found journal.Problem) bool { return found.Kind != journal.StaleState }) {
		err = fault.New("cmd.mustStand", fault.Conflict, "日志本身有问题，不能据此重做状态；请先用 verify 查看，再从备份恢复")
	}
	if err != nil {
		return errors.Join(err, s.close())
	}
	if engine, ok := s.db.Engine().(*mongo.Engine); ok {
		var holder string
		holder, err = engine.Busy(p.ctx)
		if err == nil && holder != "" {
			err = fault.New("cmd.mustStand", fault.Conflict, "数据库正被占用："+holder+"。请先停止它，过十秒再试")
		}
	}
	return errors.Join(err, s.close())
}

// finding is one thing that was looked at, or a line that belongs to the one before.
type finding struct {
	// Level is 正常, 提醒 or 问题; "" for a line that says more about the finding before.
	Level string `json:"level" privacy:"public"`
	// Subject is what was looked at, Text what was seen.
	Subject string `json:"subject" privacy:"public"`
	Text    string `json:"text" privacy:"internal"`
}

// The levels of a finding.
const (
	levelGood = "正常"
	levelWarn = "提醒"
	levelBad  = "问题"
)

// diagnosis tells findings as they come and counts them.
type diagnosis struct {
	ctx context.Context
	// now is the real time.
	now func() time.Time
	// env is the environment, which names secrets of gateways.
	env                []string
	tell               func(finding)
	problems, warnings int
}

// printedDiagnosis prints its findings.
func printedDiagnosis(p *program) *diagnosis {
	return &diagnosis{ctx: p.ctx, now: p.now, env: p.env, tell: func(f finding) {
		if f.Level == "" {
			fmt.Fprintf(p.out, "      %s\n", f.Text)
			return
		}
		fmt.Fprintf(p.out, "%s  %s：%s\n", f.Level, f.Subject, f.Text)
	}}
}

// good tells what is as it should be.
func (d *diagnosis) good(subject, text string) { d.tell(finding{levelGood, subject, text}) }

// warn tells what will become a problem.
func (d *diagnosis) warn(subject, text string) {
	d.warnings++
	d.tell(finding{levelWarn, subject, text})
}

// bad tells a problem.
func (d *diagnosis) bad(subject, text string) {
	d.problems++
	d.tell(finding{levelBad, subject, text})
}

// more says more about the finding before.
func (d *diagnosis) more(subject, text string) { d.tell(finding{"", subject, text}) }

// failed tells an error as a problem.
func (d *diagnosis) failed(subject string, err error) {
	text := fault.MessageOf(err)
	if text == "" {
		text = err.Error()
	}
	d.bad(subject, text)
}

// examine goes through everything that can be seen from outside.
func (d *diagnosis) examine(s *service, keyErr error) {
	d.good("数据版本", fmt.Sprintf("本程序能读（第 %d 版）", store.DataVersion))
	if keyErr != nil {
		d.failed("主密钥", keyErr)
	} else {
		d.good("主密钥", "在，只有本机账户可读")
	}
	d.examineLog(s)
	d.examineStates(s)
	d.examineIndexes(s)
	d.examineFund(s)
	d.examineReturns(s)
	d.examineCollections(s)
	d.examineBytes(s)
	d.examineFiles(s)
	d.examineSurroundings(s)
}

// examineSurroundings looks at what is seen at once, however much data there is.
func (d *diagnosis) examineSurroundings(s *service) {
	d.examineServer(s)
	d.examineClock(s)
	d.examineChromium(s)
	d.examineBacklog(s)
	d.examineCalendar(s)
	d.examineCertificate(s)
	d.examineDisk(s)
	d.examineBackup(s)
	d.examineDrill(s)
	d.examineOutbox(s)
	d.examineIntake(s)
}

// verifyLog checks the whole log with the key and the checkpoints that lie beside it.
func verifyLog(ctx context.Context, s *service) (journal.Report, error) {
	v, err := store.Verifier(ctx, s.db.Engine())
	if err != nil {
		return journal.Report{}, err
	}
	return v.Verify(ctx, s.db.Engine())
}

// problemsShown is how many findings of one kind are printed; of the log `verify` prints more.
const problemsShown = 5

// mendHint says how a state document is mended.
const mendHint = "停止服务后，可用 doctor --rebuild 按日志重做"

// examineLog verifies the whole log and the states against it.
func (d *diagnosis) examineLog(s *service) {
	const subject = "日志"
	report, err := verifyLog(d.ctx, s)
	if err != nil {
		d.failed(subject, err)
		return
	}
	stale := false
	for i, problem := range report.Problems {
		stale = stale || problem.Kind == journal.StaleState
		if i < problemsShown {
			d.bad(subject, fmt.Sprintf("第 %d 条：%s", problem.N, problem.Message))
		}
	}
	if more := int(report.Found) - problemsShown; more > 0 {
		d.problems += more
		d.more(subject, fmt.Sprintf("还有 %d 处，用 verify 查看", more))
	}
	if stale {
		d.more(subject, mendHint)
	}
	if report.OK() {
		d.good(subject, fmt.Sprintf("%d 条，%d 个流，签名覆盖到第 %d 条", report.Records, report.Streams, report.Covered))
	}
}

// examineStates compares the state documents, from which lists are made, with the records behind them. Verifying the log does not: it decodes nothing.
func (d *diagnosis) examineStates(s *service) {
	const subject = "状态"
	engine := s.db.Engine()
	kinds := map[string]bool{}
	err := engine.EachHead(d.ctx, func(stream string, _, _ int64) error {
		kind, _, err := journal.ParseStreamKey(stream)
		kinds[kind] = true
		return err
	})
	compared, differ := 0, 0
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		if err != nil {
			break
		}
		err = engine.Each(d.ctx, kind, "", store.WithState, func(row store.Row) error {
			compared++
			same, err := sameAsRecord(d.ctx, engine, row)
			if err != nil || same {
				return err
			}
			differ++
			if differ <= problemsShown {
				d.bad(subject, row.Stream+" 的状态与日志里的记录不同")
			}
			return nil
		})
	}
	switch more := differ - problemsShown; {
	case err != nil:
		d.failed(subject, err)
	case differ == 0:
		d.good(subject, fmt.Sprintf("%d 份，都与日志相同", compared))
	case more > 0:
		d.problems += more
		d.more(subject, fmt.Sprintf("还有 %d 份", more))
		fallthrough
	default:
		d.more(subject, mendHint)
	}
}

// sameAsRecord tells whether a state document says what its record says. A record that is missing is the business of examineLog.
func sameAsRecord(ctx context.Context, engine store.Engine, row store.Row) (bool, error) {
	if row.Seq < 1 {
		return false, nil // No record has this number; somebody changed it by hand.
	}
	record, err := engine.Record(ctx, journal.RecordID(row.Stream, row.Seq))
	if fault.Is(err, fault.NotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	_, content, err := journal.Unseal(record.Sealed)
	if err != nil {
		return true, nil // The log is broken here, which examineLog has said.
	}
	return bytes.Equal(content.State, row.State) && content.Deleted == row.Deleted && content.At.UnixMilli() == row.At, nil
}

// examineIndexes asks every part for its lists: declaring an index on data that is only read fails if it is not there.
func (d *diagnosis) examineIndexes(s *service) {
	const subject = "列表索引"
	var err error
	if s.reading { // who serves has declared them when it started
		err = declareAll(d.ctx, s)
	}
	if engine, ok := s.db.Engine().(*mongo.Engine); ok && err == nil {
		err = engine.CheckIndexes(d.ctx)
	}
	if err != nil {
		d.failed(subject, err)
		return
	}
	d.good(subject, "声明的都在")
}

// examineFund re-adds every account of the guarantee fund from its postings.
func (d *diagnosis) examineFund(s *service) {
	const subject = "保修金"
	if s.fund == nil {
		return // examineIndexes has said why it could not be opened
	}
	wrong := 0
	ledgers, entries, err := s.fund.Audit(d.ctx, func(f fund.Finding) {
		wrong++
		d.bad(subject, f.Name+"（"+f.Project+"）"+f.Text)
	})
	claims := 0
	if err == nil && s.claims != nil {
		claims, err = s.claims.Audit(d.ctx, func(f fund.Finding) {
			wrong++
			d.bad(subject, f.Name+"（"+f.Project+"）"+f.Text)
		})
	}
	switch {
	case err != nil:
		d.failed(subject, err)
	case wrong == 0:
		d.good(subject, fmt.Sprintf("%d 个小区的账，%d 笔，每个账户都与分录加总相符；%d 件使用申请，预留的钱都对得上", ledgers, entries, claims))
	}
}

// examineReturns reads the numbers and lists of every return and holds them against the digests under which they are kept.
func (d *diagnosis) examineReturns(s *service) {
	if s.returns != nil {
		d.audited("报表", "%d 张，报出 %d 版，数字和清单都与指纹相符", s.returns.Audit)
	}
}

// examineCollections holds every answer to a task of collection against the task, and the matters that its rows became against it.
func (d *diagnosis) examineCollections(s *service) {
	if s.collections != nil {
		d.audited("收表", "下发 %d 个任务，%d 张表，都与名单和转出的事项相符", s.collections.Audit)
	}
}

// audited lets a service audit what it keeps; good says how much of what there is, if nothing is wrong. A service that could not be opened is not asked: examineIndexes has said why.
func (d *diagnosis) audited(subject, good string, audit func(ctx context.Context, found func(name, text string)) (first, second int, err error)) {
	wrong := 0
	first, second, err := audit(d.ctx, func(name, text string) {
		wrong++
		d.bad(subject, name+text)
	})
	switch {
	case err != nil:
		d.failed(subject, err)
	case wrong == 0:
		d.good(subject, fmt.Sprintf(good, first, second))
	}
}

// declareAll opens every part that keeps documents.
func declareAll(ctx context.Context, s *service) error {
	rules, err := loadRules(s.config)
	if err != nil {
		return err
	}
	return s.openParts(ctx, rules, policy.Options{})
}

// loadRules reads the rights that the configuration names.
func loadRules(c *config) (*policy.Rules, error) {
	conf, err := ownOr(c.Files.RolesModel, "roles.conf")
	if err != nil {
		return nil, err
	}
	csv, err := ownOr(c.Files.Roles, "roles.csv")
	if err != nil {
		return nil, err
	}
	return policy.LoadRules(conf, csv)
}

// lagAllowed is by how many seconds lists on MongoDB may lag behind the journal (design §3.3).
const lagAllowed = 10

// examineBacklog looks whether lists lag for longer than they may; a folder writes record, number and state at once.
func (d *diagnosis) examineBacklog(s *service) {
	const subject = "待编号的记录"
	engine, ok := s.db.Engine().(*mongo.Engine)
	if !ok {
		return
	}
	backlog, err := engine.Backlog(d.ctx)
	if err != nil {
		d.failed(subject, err)
		return
	}
	text := fmt.Sprintf("%d 条", backlog.Unnumbered)
	if age := d.now().Sub(backlog.Oldest); backlog.Unnumbered > 0 && age.Seconds() > lagAllowed {
		d.warn(subject, fmt.Sprintf("%s，最早的已等 %.0f 秒；服务启动后会自动处理", text, age.Seconds()))
		return
	}
	d.good(subject, text)
}

// jobAllowed is how long the job that removes orphaned files may be behind: it runs once a day.
const jobAllowed = 48 * time.Hour

// claimAllowed is how long an upload may be under way before what it left is nobody's.
const claimAllowed = 24 * time.Hour

// examineBytes looks whether the bytes of every uploaded file are there, and how many there are of which no record knows.
func (d *diagnosis) examineBytes(s *service) {
	const subject = "上传的文件"
	found, err := s.db.AuditFiles(d.ctx, d.now().Add(-claimAllowed))
	if err != nil {
		d.failed(subject, err)
		return
	}
	for i, hash := range found.Missing {
		if i == problemsShown {
			d.problems += len(found.Missing) - i
			d.more(subject, fmt.Sprintf("还有 %d 个", len(found.Missing)-i))
			break
		}
		d.bad(subject, hash+" 的内容不见了，或者长度不对；请从备份恢复")
	}
	text := fmt.Sprintf("%d 个，内容都在", found.Claimed)
	if found.Unclaimed > 0 {
		text += fmt.Sprintf("；另有 %d 份没有记录的内容，共 %.1f MiB，是上传中断时留下的，不影响使用", found.Unclaimed, float64(found.UnclaimedBytes)/(1<<20))
	}
	if len(found.Missing) == 0 {
		d.good(subject, text)
	}
}

// examineFiles looks for uploaded files that nobody handed in and that should be gone.
func (d *diagnosis) examineFiles(s *service) {
	const subject = "上传后没有提交的文件"
	if s.stations == nil {
		return // examineIndexes has said why they could not be opened
	}
	consents, err := s.stations.Consents(d.ctx)
	if err != nil {
		d.failed(subject, err)
		return
	}
	count, bytes, err := s.db.LooseFiles(d.ctx, evidence.Orphaned(s.db.Now()).Add(-jobAllowed), files.Holding(consents))
	switch {
	case err != nil:
		d.failed(subject, err)
	case count > 0:
		d.warn(subject, fmt.Sprintf("%d 个早该清理，共 %.1f MiB；服务运行时每天清理一次，请看 schedule.remove_files", count, float64(bytes)/(1<<20)))
	default:
		d.good(subject, "没有过期的")
	}
}

// examineCalendar looks whether the holidays of the coming year are loaded.
func (d *diagnosis) examineCalendar(s *service) {
	const subject = "节假日"
	c, err := loadCalendar(s.config)
	if err != nil {
		d.failed(subject, err)
		return
	}
	if warning := c.Warning(calendar.DateOf(s.clocks.Business())); warning != "" {
		d.warn(subject, warning)
		return
	}
	d.good(subject, fmt.Sprintf("已装载 %s 至 %s", c.Loaded().First, c.Loaded().Last))
}

// loadCalendar reads the shipped holidays and the operator's own.
func loadCalendar(c *config) (*calendar.Calendar, error) {
	names, err := fs.Glob(configs.Files, "calendar/*.csv")
	if err != nil {
		return nil, err
	}
	var files []calendar.File
	for _, name := range names {
		data, err := configs.Files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		files = append(files, calendar.File{Name: path.Base(name), Data: data})
	}
	for _, name := range c.Files.Holidays {
		data, err := readInput(name)
		if err != nil {
			return nil, err
		}
		files = append(files, calendar.File{Name: name, Data: data})
	}
	return calendar.Parse(files...)
}

// What the disk should have free, in bytes; proposals: a county-year is some hundred MiB, photos included.
const (
	diskWarning = 2 << 30
	diskProblem = 200 << 20
)

// examineDisk looks at the room that is left beside a data folder.
func (d *diagnosis) examineDisk(s *service) {
	const subject = "磁盘"
	if s.dir == "" {
		d.good(subject, "数据在 MongoDB 服务器上，请在那里查看")
		return
	}
	free, err := diskFree(s.dir)
	if err != nil {
		d.failed(subject, err)
		return
	}
	text := fmt.Sprintf("还有 %.1f GiB 可用", float64(free)/(1<<30))
	switch {
	case free < diskProblem:
		d.bad(subject, text+"，很快会写不进去")
	case free < diskWarning:
		d.warn(subject, text)
	default:
		d.good(subject, text)
	}
}
