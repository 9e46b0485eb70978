package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/outside/intake"
	"redsteward/internal/store/sqlite"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
	"redsteward/supervision/matter"
)

// intakeCommand brings what residents tell of from an outer zone into the inner network.
type intakeCommand struct {
	Key    intakeKeyCommand    `cmd:"" help:"在内网生成一对密钥，打印要放到外网的公钥"`
	Serve  intakeServeCommand  `cmd:"" help:"在外网接收填好的表，封装成外网谁也读不了的文件"`
	Import intakeImportCommand `cmd:"" help:"在内网打开封装文件，登记为事项；每个文件只登记一次"`
	Direct intakeDirectCommand `cmd:"" name:"redirect" help:"在内网改投一个登记不了的封装文件：换社区或者类别；不动数据，服务运行时也可以用"`
}

// intakeKeyCommand makes a key.
type intakeKeyCommand struct {
	Out string `arg:"" placeholder:"FILE" help:"私钥放在哪个文件；不能已经存在"`
}

// Run implements the subcommand.
func (c *intakeKeyCommand) Run(p *program) error {
	key, err := intake.NewKey()
	if err != nil {
		return err
	}
	if err := writeNew(c.Out, key.Text()+"\n"); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "私钥在 %s，只有本机账户可读，不能离开内网；丢了，已经封装的文件就打不开了。外网的 redsteward intake serve --key 写下面这一行公钥：\n%s\n", c.Out, key.Public().Text())
	return nil
}

// intakeServeCommand runs the receiver. It knows no data folder and no configuration: there is nothing to take in the outer zone.
type intakeServeCommand struct {
	Out         string `required:"" placeholder:"DIR" help:"封装文件放在哪个文件夹"`
	Key         string `required:"" placeholder:"KEY" help:"公钥：redsteward intake key 打印的那一行"`
	Listen      string `default:"127.0.0.1:8085" placeholder:"ADDR" help:"监听地址，前面要有加密的代理（${default}）"`
	BehindProxy bool   `help:"前面有代理：按 X-Forwarded-For 最后一个地址限制次数；没有代理不要写，否则谁都能换地址"`
	Site        string `placeholder:"URL" help:"居民能打开的那一套的网址，回执用它指向查询页；没有就不写"`
}

// Run implements the subcommand.
func (c *intakeServeCommand) Run(p *program) error {
	receiver, err := c.receiver(p)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fault.Wrap("cmd.intake", fault.Unavailable, "不能在 "+c.Listen+" 上监听，可能已被占用", err)
	}
	server := intake.Server(receiver)
	done := context.AfterFunc(p.ctx, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), 30*time.Second)
		defer cancel()
		_ = server.Shutdown(ctx) // what is cut off was not acknowledged
	})
	defer done()
	fmt.Fprintf(p.out, "接收程序已启动：http://%s，密钥 %s，文件放在 %s\n", listener.Addr(), receiver.Key.Print(), c.Out)
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fault.Wrap("cmd.intake", fault.Unavailable, "接收程序停了", err)
	}
	return nil
}

// receiver is what takes forms in.
func (c *intakeServeCommand) receiver(p *program) (*intake.Receiver, error) {
	const op = "cmd.intake"
	key, err := intake.ParsePublic(c.Key)
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if ip := net.ParseIP(host); err != nil || !c.BehindProxy && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fault.InvalidFields(op, fault.Field{Name: "--listen", Message: "没有 --behind-proxy 时只能监听本机地址，例如 127.0.0.1:8085：表里是居民写的内容，不能不加密传送"})
	}
	if err := mustBeSite(c.Site, "--site"); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Out, 0o750); err != nil {
		return nil, fault.Wrap(op, fault.Invalid, "文件夹不能建立", err)
	}
	follow := ""
	if c.Site != "" {
		follow = strings.TrimSuffix(c.Site, "/") + "/tell/find"
	}
	log := slog.New(slog.NewJSONHandler(p.errOut, nil))
	return &intake.Receiver{Dir: c.Out, Key: key, Now: p.now, Draw: registry.NewTicket, NumberLength: supervision.NumberLength, CodeLength: supervision.CodeLength, Check: matter.CheckWords, BehindProxy: c.BehindProxy, Follow: follow,
		Failed: func(err error) { log.Error("intake", slog.String("error", err.Error())) }}, nil
}

// intakeImportCommand takes sealed files in.
type intakeImportCommand struct {
	dataFlags
	Dir    string `arg:"" placeholder:"DIR" help:"从外网取来的封装文件所在的文件夹"`
	Secret string `required:"" placeholder:"FILE" help:"私钥文件（intake key 生成的）"`
}

// Run implements the subcommand. Exit code 0: every file was taken in, now or before; 1: some were not, with the reason.
func (c *intakeImportCommand) Run(p *program) error {
	settings, err := c.settings(p)
	if err != nil {
		return err
	}
	key, err := readIntakeKey(c.Secret)
	if err != nil {
		return err
	}
	if !settings.onMongo() { // opening would make a new folder
		if _, err := os.Stat(filepath.Join(settings.Store.URI, sqlite.FileName)); err != nil {
			return fault.Wrap("cmd.intake", fault.Invalid, "这个文件夹里没有数据："+settings.Store.URI, err)
		}
	}
	s, err := openService(p, settings, false)
	if err != nil {
		return err
	}
	result, err := s.takeIn(p.ctx, c.Dir, key)
	for _, line := range result.lines {
		fmt.Fprintln(p.out, line)
	}
	if err = errors.Join(err, result.write(c.Dir, s.clocks.Business()), s.close()); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "登记 %d 件，以前登记过 %d 件，没有登记 %d 件\n", result.fresh, result.known, result.refused)
	if result.refused > 0 {
		return errFound
	}
	return nil
}

// intakeDirectCommand changes the place or the category of one sealed file that the register refuses, for example since its community was merged.
type intakeDirectCommand struct {
	File      string `arg:"" placeholder:"FILE" help:"登记不了的封装文件"`
	Secret    string `required:"" placeholder:"FILE" help:"私钥文件（intake key 生成的）"`
	Community string `placeholder:"ID" help:"改投到哪个社区（编号）；原来选的小区就不要了"`
	Category  string `placeholder:"ID" help:"改成哪个类别（matters.yaml 里的代码）"`
}

// redirectedFolder is where sealed files go that were redirected, below the folder in which they came.
const redirectedFolder = "redirected"

// Run implements the subcommand. The new file stands before the old one is moved away: a stop between leaves both, of which one becomes a matter and the other is refused as before.
func (c *intakeDirectCommand) Run(p *program) error {
	const op = "cmd.intake"
	key, err := readIntakeKey(c.Secret)
	if err != nil {
		return err
	}
	dir := filepath.Dir(c.File)
	data, r, err := openSealed(c.File, key, p.now())
	if err != nil {
		return err
	}
	if err := r.Redirect(c.Community, c.Category); err != nil {
		return err
	}
	sealed, err := key.Public().Seal(r)
	if err != nil {
		return err
	}
	name, kept := intake.NameOf(sealed), filepath.Join(dir, redirectedFolder)
	if err := intake.Put(dir, name, sealed); err != nil {
		return fault.Wrap(op, fault.Invalid, "改投的文件写不了："+name, err)
	}
	if err = os.MkdirAll(kept, 0o750); err == nil {
		err = os.Rename(c.File, filepath.Join(kept, intake.NameOf(data)))
	}
	if err != nil {
		return fault.Wrap(op, fault.Unavailable, "已改投为 "+name+"，原文件移不到 "+redirectedFolder, err)
	}
	fmt.Fprintf(p.out, "已改投为 %s，查询号 %s 不变；原文件在 %s 里。下一次登记时收进来\n", name, r.Number, redirectedFolder)
	return nil
}

// readIntakeKey reads a secret key.
func readIntakeKey(file string) (*intake.SecretKey, error) {
	text, err := readInput(file)
	if err != nil {
		return nil, err
	}
	return intake.ParseSecret(string(text))
}

const (
	// takenFolder is where sealed files go that were taken in, below the folder in which they came.
	takenFolder = "imported"
	// intakeReport is where the lines of every round are added.
	intakeReport = "report.txt"
	// intakeEvery is how often a running service looks for sealed files.
	intakeEvery = 5 * time.Minute
	// intakeAllowed is how long a file may wait before it is told.
	intakeAllowed = time.Hour
)

// takenIn is what came of a folder of sealed files: a line for each, and how many of each kind.
type takenIn struct {
	lines                 []string
	fresh, known, refused int
}

// takeIn takes in every sealed file of a folder, in the order of their names, and moves it below; one that is refused is named and stays. An error of the store ends it; the next round goes on.
func (s *service) takeIn(ctx context.Context, dir string, key *intake.SecretKey) (out takenIn, err error) {
	const op = "cmd.takeIn"
	if !s.modules.On(policy.ModuleMatter) {
		return out, fault.New(op, fault.Conflict, "事项模块已停用，不能登记；文件没有动")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return out, fault.Wrap(op, fault.Invalid, "文件夹打不开："+dir, err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), intake.Ending) || !e.Type().IsRegular() {
			continue
		}
		line, fresh, takeErr := s.takeFile(ctx, dir, e.Name(), key)
		switch kind := fault.KindOf(takeErr); {
		case takeErr == nil && fresh:
			out.fresh++
		case takeErr == nil:
			out.known++
		case kind == fault.Invalid || kind == fault.Conflict || kind == fault.NotFound:
			out.refused++
			line = "没有登记，文件留在原处：" + cmp.Or(fault.MessageOf(takeErr), "内容有误")
			for _, f := range fault.FieldsOf(takeErr) {
				line += "；" + f.Message
			}
		default:
			return out, takeErr
		}
		out.lines = append(out.lines, e.Name()+" "+oneLine(line))
	}
	return out, nil
}

// write adds what was said to the report.
func (t *takenIn) write(dir string, now time.Time) error {
	if len(t.lines) == 0 {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(dir, intakeReport), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
	if err == nil {
		for _, line := range t.lines {
			_, writeErr := fmt.Fprintf(f, "%s %s\n", now.UTC().Format(time.RFC3339), line)
			err = errors.Join(err, writeErr)
		}
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fault.Wrap("cmd.takeIn", fault.Unavailable, intakeReport+" 写不了", err)
	}
	return nil
}

// takeFile takes in one file. Invalid, Conflict and NotFound say what is wrong with it.
func (s *service) takeFile(ctx context.Context, dir, name string, key *intake.SecretKey) (line string, fresh bool, err error) {
	path := filepath.Join(dir, name)
	data, r, err := openSealed(path, key, s.clocks.Business())
	if err != nil {
		return "", false, err
	}
	if fresh, err = s.tellSealed(ctx, r); err != nil {
		return "", false, err
	}
	taken := filepath.Join(dir, takenFolder)
	if err = os.MkdirAll(taken, 0o750); err == nil {
		err = os.Rename(path, filepath.Join(taken, intake.NameOf(data)))
	}
	if err != nil {
		return "", false, fault.Wrap("cmd.takeFile", fault.Unavailable, name+" 已登记，但移不到 "+takenFolder+"；再运行一次不会重复登记", err)
	}
	if fresh {
		return "已登记，查询号 " + r.Number, true, nil
	}
	return "以前登记过，查询号 " + r.Number, false, nil
}

// openSealed reads and opens a sealed file. Invalid says what is wrong with it.
func openSealed(path string, key *intake.SecretKey, now time.Time) (data []byte, r *intake.Report, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, fault.Wrap("cmd.openSealed", fault.Invalid, "文件打不开", err)
	}
	if info.Size() > intake.MaxSealed {
		return nil, nil, fault.New("cmd.openSealed", fault.Invalid, fmt.Sprintf("文件太大，超过 %d MB", intake.MaxSealed>>20))
	}
	if data, err = os.ReadFile(path); err != nil {
		return nil, nil, fault.Wrap("cmd.openSealed", fault.Invalid, "文件打不开", err)
	}
	r, err = key.Open(data, now)
	return data, r, err
}

// tellSealed makes a matter of a report, once.
func (s *service) tellSealed(ctx context.Context, r *intake.Report) (fresh bool, err error) {
	in := matter.Input{Category: r.Category, Community: r.Community, Project: r.Project, Where: r.Where, Words: r.Words, Redirected: r.Redirected}
	defer func() {
		for _, upload := range in.Photos {
			err = errors.Join(err, upload.Close())
		}
	}()
	for i, photo := range r.Photos {
		upload, err := s.keeper.Receive(fmt.Sprintf("照片%d", i+1), bytes.NewReader(photo), files.JPEG, files.PNG)
		if err != nil {
			return false, err
		}
		in.Photos = append(in.Photos, upload)
	}
	return s.matters.TellSealed(ctx, policy.Actor{}, in, r.Number, r.Code)
}

// keepTakingIn lets a running service take in what arrives in the folder of the configuration, until ctx ends. It tells of refused files when their number changes.
func (s *service) keepTakingIn(ctx context.Context, key *intake.SecretKey) {
	tick := time.NewTicker(intakeEvery)
	defer tick.Stop()
	refused := 0
	for {
		if _, err := os.Stat(s.config.Intake.Folder); !errors.Is(err, fs.ErrNotExist) {
			out, err := s.takeIn(ctx, s.config.Intake.Folder, key)
			if err != nil && ctx.Err() == nil {
				s.log.Error("intake", slog.String("error", err.Error()))
			}
			if out.fresh > 0 || out.refused != refused {
				refused = out.refused
				if err := out.write(s.config.Intake.Folder, s.clocks.Business()); err != nil {
					s.log.Error("intake", slog.String("error", err.Error()))
				}
				s.log.Info("intake", slog.Int("fresh", out.fresh), slog.Int("known", out.known), slog.Int("refused", out.refused))
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// examineIntake looks at what arrived from the outer zone, if files are taken in by themselves.
func (d *diagnosis) examineIntake(s *service) {
	const subject = "外网来件"
	if s.config.Intake.Folder == "" {
		return
	}
	if _, err := readIntakeKey(s.config.Intake.Secret); err != nil {
		d.failed(subject, err)
		return
	}
	waiting, err := filepath.Glob(filepath.Join(s.config.Intake.Folder, "*"+intake.Ending))
	if err != nil {
		d.failed(subject, err)
		return
	}
	late := 0
	for _, file := range waiting {
		if info, err := os.Stat(file); err == nil && s.clocks.Security().Sub(info.ModTime()) > intakeAllowed {
			late++
		}
	}
	if late > 0 {
		d.warn(subject, fmt.Sprintf("%d 个文件超过一小时没有登记，原因见 %s", late, filepath.Join(s.config.Intake.Folder, intakeReport)))
		return
	}
	d.good(subject, fmt.Sprintf("%d 个文件等待登记", len(waiting)))
}
