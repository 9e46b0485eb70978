package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/internal/store/backup"
	"redsteward/internal/store/mongo"
	"redsteward/internal/store/sqlite"
	"redsteward/policy"
)

// backupCommand backs up the data into a folder, beside a running service.
type backupCommand struct {
	dataFlags
	Out  string `arg:"" placeholder:"DIR" help:"备份文件夹：一套系统一个，反复备份到同一个文件夹只写新增的部分"`
	Keep int    `placeholder:"N" help:"只保留最近 N 次备份；不写则全部保留"`
}

// Run implements the subcommand.
func (c *backupCommand) Run(p *program) error {
	settings, err := c.settings(p)
	if err != nil {
		return err
	}
	s, keyErr, err := openReader(p, settings)
	if err != nil {
		return err
	}
	if keyErr != nil { // the manifest is signed with the key of the log
		return errors.Join(keyErr, s.close())
	}
	m, fresh, err := s.backUp(p.ctx, c.Out, c.Keep, p.now())
	if err = errors.Join(err, s.close()); err != nil {
		return err
	}
	if !fresh {
		fmt.Fprintf(p.out, "变更日志自上次备份（%s）以来没有增加，不用再备份\n", calendar.DateOf(m.Made).Chinese())
		return nil
	}
	fmt.Fprintf(p.out, "已备份到 %s：变更日志 %d 条，文件 %d 个（%.1f MB）\n主密钥 master.key 不在备份里，请另外妥善保管：没有它，个人信息和签名密钥都读不出来\n", c.Out, m.Record, m.Files, float64(m.Bytes)/1e6)
	return nil
}

// backUp makes a backup of an opened bureau.
func (s *service) backUp(ctx context.Context, dir string, keep int, now time.Time) (backup.Manifest, bool, error) {
	key, err := s.db.LogKey(ctx)
	if fault.Is(err, fault.NotFound) {
		return backup.Manifest{}, false, fault.Wrap("cmd.backup", fault.Conflict, "日志还没有签过检查点，备份无法签名。请先启动一次服务", err)
	}
	if err != nil {
		return backup.Manifest{}, false, err
	}
	return backup.Write(ctx, s.db.Engine(), dir, backup.Options{Now: now, Key: key, Keep: keep, Sign: func(text string) (string, error) { return s.db.SignText(ctx, text) }})
}

// backUpJob makes the scheduled backup.
func (s *service) backUpJob(ctx context.Context, _ time.Time) error {
	_, _, err := s.backUp(ctx, s.config.Backup.Folder, s.config.Backup.Keep, s.clocks.Security())
	return err
}

// backupAge is how old the newest backup of the configured folder is, in seconds. Returns NotFound if there is none.
func (s *service) backupAge() (time.Duration, error) {
	m, err := backup.Find(s.config.Backup.Folder, 0)
	return s.clocks.Security().Sub(m.Made), err
}

// backupAllowed is how old the newest backup may be before it is told: the job runs once a day.
const backupAllowed = 48 * time.Hour

// examineBackup looks when the last backup was made. An unchanged log needs no new one.
func (d *diagnosis) examineBackup(s *service) {
	const subject = "备份"
	if s.config.Backup.Folder == "" {
		d.warn(subject, "没有设自动备份，请在配置里写 backup.folder，最好在另一块磁盘上；手工备份用 redsteward backup")
		return
	}
	m, err := backup.Find(s.config.Backup.Folder, 0)
	if fault.Is(err, fault.NotFound) {
		d.warn(subject, "还没有备份过；服务运行时按 schedule.back_up 备份")
		return
	}
	if err != nil {
		d.failed(subject, err)
		return
	}
	last, err := s.db.Engine().LastN(d.ctx)
	if err != nil {
		d.failed(subject, err)
		return
	}
	text := fmt.Sprintf("最近一次 %s，到第 %d 条，之后又有 %d 条", calendar.DateOf(m.Made).Chinese(), m.Record, last-m.Record)
	if last > m.Record && s.clocks.Security().Sub(m.Made) > backupAllowed {
		d.warn(subject, text+"；已超过两天没有备份，请看任务记录")
		return
	}
	d.good(subject, text)
}

// restoreCommand puts a backup into empty data, or tries whether it could.
type restoreCommand struct {
	dataFlags
	From      string `arg:"" placeholder:"DIR" help:"备份文件夹"`
	To        int64  `placeholder:"N" help:"恢复到变更日志第 N 条为止的那次备份；不写则用最近一次"`
	MasterKey string `placeholder:"F" help:"主密钥文件 master.key；不写则用配置里的 store.master_key 或数据文件夹里的"`
	Drill     bool   `help:"演练：恢复到临时文件夹，核对每一条记录、每一个文件，体检一遍，然后删除"`
}

// Run implements the subcommand.
func (c *restoreCommand) Run(p *program) error {
	settings, err := c.settings(p)
	if err != nil {
		return err
	}
	m, err := backup.Find(c.From, c.To)
	if err != nil {
		return asInput("cmd.restore", err)
	}
	if !c.Drill {
		if err := restoreInto(p, settings, c.From, m, c.MasterKey); err != nil {
			return err
		}
		fmt.Fprintf(p.out, "已恢复 %s 的备份：变更日志 %d 条，文件 %d 个。登录状态和没有提交的草稿不在备份里，大家要重新登录\n", calendar.DateOf(m.Made).Chinese(), m.Record, m.Files)
		return nil
	}
	return c.drill(p, settings, m)
}

// asInput makes of what is not there a wrong input of the command line.
func asInput(op string, err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(op, fault.Invalid, fault.MessageOf(err), err)
	}
	return err
}

// drill restores into a folder that is thrown away, and leaves what came out beside the backup.
func (c *restoreCommand) drill(p *program, settings *config, m backup.Manifest) (err error) {
	key := cmp.Or(c.MasterKey, settings.masterKeyFile())
	if _, err := readMasterKey(key); err != nil { // which says nothing of the backup
		return asInput("cmd.restore", err)
	}
	dir, err := os.MkdirTemp("", "redsteward-drill-")
	if err != nil {
		return fault.Wrap("cmd.restore", fault.Unavailable, "不能建立临时文件夹", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	began := p.now()
	trial := *settings
	trial.Store.URI, trial.Store.MasterKey, trial.Backup.DrillWithin = dir, "", 0 // this is the drill
	result := backup.Drill{Made: m.Made, Record: m.Record, Root: m.Root, Files: m.Files, Bytes: m.Bytes}
	keep := func(sign func(string) (string, error)) {
		result.At = p.now().UTC().Truncate(time.Second)
		result.Seconds = int64(p.now().Sub(began).Seconds())
		if err := result.Keep(c.From, sign); err != nil {
			fmt.Fprintln(p.errOut, "演练的结果没有留下："+cmp.Or(fault.MessageOf(err), err.Error()))
		}
	}
	stopped := func(err error) error {
		result.Why = cmp.Or(fault.MessageOf(err), "恢复没有完成")
		keep(nil)
		return err
	}
	if err := restoreInto(p, &trial, c.From, m, key); err != nil {
		return stopped(err)
	}
	s, keyErr, err := openReader(p, &trial)
	if err != nil {
		return stopped(err)
	}
	d := printedDiagnosis(p)
	d.examine(s, keyErr)
	result.OK, result.Problems = d.problems == 0, int64(d.problems)
	if result.Key, err = s.db.LogKey(p.ctx); err == nil {
		keep(func(text string) (string, error) { return s.db.SignText(p.ctx, text) })
	}
	if err := errors.Join(err, s.close()); err != nil {
		return err
	}
	took := time.Duration(result.Seconds) * time.Second
	if d.problems > 0 {
		fmt.Fprintf(p.out, "演练没有通过：%d 个问题，用时 %s\n", d.problems, took)
		return errFound
	}
	fmt.Fprintf(p.out, "演练通过：%s 的备份能够恢复，变更日志 %d 条、文件 %d 个（%.1f MB）逐一核对无误，用时 %s\n", calendar.DateOf(m.Made).Chinese(), m.Record, m.Files, float64(m.Bytes)/1e6, took)
	return nil
}

// lastDrill is what the newest drill of the configured backup came to. Returns NotFound if there was none.
func (s *service) lastDrill(ctx context.Context) (backup.Drill, error) {
	key, err := s.db.LogKey(ctx)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return backup.Drill{}, err
	}
	return backup.LastDrill(s.config.Backup.Folder, key)
}

// examineDrill looks when restoring was tried last and what came out. Where nothing is backed up by itself examineBackup has said so.
func (d *diagnosis) examineDrill(s *service) {
	const subject, how = "恢复演练", "请运行 redsteward restore 备份文件夹 --drill --master-key 主密钥文件"
	within := time.Duration(s.config.Backup.DrillWithin) * 24 * time.Hour
	if s.config.Backup.Folder == "" || within == 0 {
		return
	}
	now := s.clocks.Security()
	last, err := s.lastDrill(d.ctx)
	if fault.Is(err, fault.NotFound) {
		all, err := backup.List(s.config.Backup.Folder)
		switch {
		case err != nil || len(all) == 0: // examineBackup has said what is wrong, or that there is none yet
		case now.Sub(all[0].Made) > within:
			d.bad(subject, fmt.Sprintf("备份了 %s 还没有演练过，期限是 %d 天；%s", roughly(now.Sub(all[0].Made)), s.config.Backup.DrillWithin, how))
		default:
			d.warn(subject, "还没有演练过；"+how)
		}
		return
	}
	if err != nil {
		d.failed(subject, err)
		return
	}
	text := fmt.Sprintf("最近一次 %s，%s 的备份（到第 %d 条，文件 %d 个），用时 %s", calendar.DateOf(last.At).Chinese(), calendar.DateOf(last.Made).Chinese(), last.Record, last.Files, roughly(time.Duration(last.Seconds)*time.Second))
	switch {
	case last.Why != "":
		d.bad(subject, text+"，没有通过："+last.Why)
	case !last.OK:
		d.bad(subject, fmt.Sprintf("%s，没有通过：%d 个问题", text, last.Problems))
	case now.Sub(last.At) > within:
		d.bad(subject, fmt.Sprintf("%s，通过，已超过 %d 天；%s", text, s.config.Backup.DrillWithin, how))
	default:
		d.good(subject, text+"，通过")
	}
}

// restoreInto puts a backup into the data of a configuration and makes its state documents.
func restoreInto(p *program, settings *config, from string, m backup.Manifest, keyFile string) error {
	key, err := settings.keyForRestore(keyFile)
	if err != nil {
		return err
	}
	s := &service{config: settings, clocks: policy.Clocks{Business: businessClock(p.now, settings.BusinessClock.Time), Security: p.now}}
	var engine store.Restorer
	if settings.onMongo() {
		s.dir = filepath.Dir(settings.Store.MasterKey)
		engine, err = mongo.Open(p.ctx, mongo.Options{URI: settings.Store.URI, Now: p.now})
	} else {
		s.dir = settings.Store.URI
		s.sqlite, err = sqlite.Open(p.ctx, s.dir, sqlite.Options{Relaxed: true})
		engine = s.sqlite
	}
	if err != nil {
		return err
	}
	told := func(n int64) { fmt.Fprintf(p.errOut, "已放回 %d / %d 条\n", n, m.Record) }
	if err := backup.Restore(p.ctx, from, m, engine, told); err != nil {
		return errors.Join(err, engine.Close())
	}
	return errors.Join(s.finishRestore(p, engine, key), s.close())
}

// finishRestore makes the state documents and lets the data be used.
func (s *service) finishRestore(p *program, engine store.Restorer, key []byte) error {
	var err error
	if s.db, err = store.Open(p.ctx, engine, store.Options{Now: s.clocks.Business, MasterKey: key, Restoring: true}); err != nil {
		return err
	}
	if err := declareAll(p.ctx, s); err != nil {
		return err
	}
	fmt.Fprintln(p.errOut, "正在按日志重做状态和列表")
	if _, err := s.db.Rebuild(p.ctx); err != nil {
		return err
	}
	if s.sqlite != nil {
		if err := s.sqlite.Harden(p.ctx); err != nil {
			return err
		}
	}
	return store.EndRestore(p.ctx, engine)
}

// masterKeyFile is where the master key lies: the named file, or that of the data folder.
func (c *config) masterKeyFile() string {
	return cmp.Or(c.Store.MasterKey, filepath.Join(c.Store.URI, "master.key"))
}

// keyForRestore reads the master key and, for a folder that keeps its own, puts it there.
func (c *config) keyForRestore(named string) ([]byte, error) {
	const op = "cmd.restore"
	inFolder := !c.onMongo() && c.Store.MasterKey == ""
	place := c.masterKeyFile()
	named = cmp.Or(named, place)
	key, err := readMasterKey(named)
	if err != nil {
		return nil, asInput(op, err)
	}
	if !inFolder || named == place {
		return key, nil
	}
	text, err := os.ReadFile(named)
	if err == nil {
		err = os.MkdirAll(c.Store.URI, 0o700)
	}
	if err != nil {
		return nil, fault.Wrap(op, fault.Unavailable, "主密钥不能复制到数据文件夹", err)
	}
	f, err := os.OpenFile(place, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fault.Wrap(op, fault.Conflict, "目标文件夹里已经有 master.key。恢复只能放进空的数据文件夹", err)
	}
	if err == nil {
		_, err = f.Write(text)
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err != nil {
		return nil, fault.Wrap(op, fault.Unavailable, "主密钥不能复制到数据文件夹", err)
	}
	return key, nil
}

// migrateURI is the environment variable with the address of a MongoDB to which the data moves: a password stands in no file, and REDSTEWARD_STORE_URI is where the data comes from.
const migrateURI = envPrefix + "MIGRATE_URI"

// migrateCommand moves a bureau from one engine or place to another.
type migrateCommand struct {
	dataFlags
	To string `required:"" placeholder:"F|DIR" help:"搬到哪里：一个空的数据文件夹，或者写明 store.uri 的配置文件；带口令的地址放在环境变量 REDSTEWARD_MIGRATE_URI 里"`
}

// Run implements the subcommand. The source is locked while it runs and stays as it is.
func (c *migrateCommand) Run(p *program) (err error) {
	settings, err := c.settings(p)
	if err != nil {
		return err
	}
	target, err := c.target(p)
	if err != nil {
		return err
	}
	if target.Store.URI == settings.Store.URI {
		return fault.InvalidFields("cmd.migrate", fault.Field{Name: "--to", Message: "要搬去的地方就是现在的地方"})
	}
	if err := mustStand(p, settings); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "redsteward-migrate-")
	if err != nil {
		return fault.Wrap("cmd.migrate", fault.Unavailable, "不能建立临时文件夹", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s, err := openService(p, settings, false)
	if err != nil {
		return err
	}
	m, _, err := s.backUp(p.ctx, dir, 0, p.now())
	if err == nil {
		err = restoreInto(p, target, dir, m, settings.masterKeyFile())
	}
	if err = errors.Join(err, s.close()); err != nil {
		return err
	}
	// What arrived is read again from where it now lies.
	moved, keyErr, err := openReader(p, target)
	if err != nil {
		return err
	}
	report, err := verifyLog(p.ctx, moved)
	if err = errors.Join(keyErr, err, moved.close()); err != nil {
		return err
	}
	if !report.OK() || report.Records != m.Record {
		return fault.New("cmd.migrate", fault.Internal, fmt.Sprintf("搬过去的日志核验不通过：%d 条，%d 处问题。原来的数据没有变", report.Records, report.Found))
	}
	fmt.Fprintf(p.out, "已搬到 %s：变更日志 %d 条、文件 %d 个，全部日志在新的地方核验通过。原来的数据没有变；改用新的配置启动之后，不要再用原来的\n", c.To, m.Record, m.Files)
	return nil
}

// target is the configuration of the place to which the data moves.
func (c *migrateCommand) target(p *program) (*config, error) {
	info, err := os.Stat(c.To)
	if err == nil && info.Mode().IsRegular() {
		var over []string
		if uri, named := lookup(p.env, migrateURI); named {
			over = []string{"store.uri=" + uri}
		}
		return loadConfig(c.To, nil, over)
	}
	return loadConfig(c.Config, p.env, []string{"store.uri=" + c.To, "store.master_key="})
}
