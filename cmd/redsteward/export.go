package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/outside"
	"redsteward/internal/web"
	"redsteward/policy"
)

// exportCommand lets what may leave the inner network out of it.
type exportCommand struct {
	Public exportPublicCommand `cmd:"" help:"把公开页面和数据导出成签了名的静态文件，可放到县政府网站；服务可以照常运行"`
}

// exportPublicCommand writes a static copy of all that is public.
type exportPublicCommand struct {
	dataFlags
	Out    string `arg:"" placeholder:"DIR" help:"放到哪个文件夹；以前导出的会整个换成新的"`
	Site   string `placeholder:"URL" help:"能够填写和提交的那一套的网址；写了，静态页面上的表单和登录就指向它"`
	Intake string `placeholder:"URL" help:"外网接收程序（redsteward intake serve）的网址；写了，“反映问题”的表一起导出，填好交到那里"`
}

// Run implements the subcommand.
func (c *exportPublicCommand) Run(p *program) error {
	settings, err := c.settings(p)
	if err != nil {
		return err
	}
	if err := errors.Join(mustBeSite(c.Site, "--site"), mustBeSite(c.Intake, "--intake")); err != nil {
		return err
	}
	s, keyErr, err := openReader(p, settings)
	if err != nil {
		return err
	}
	return errors.Join(c.export(p, s, keyErr), s.close())
}

// mustBeSite refuses an address that pages could not lead to.
func mustBeSite(site, flag string) error {
	if site == "" {
		return nil
	}
	at, err := url.Parse(site)
	if err != nil || at.Host == "" || at.Scheme != "https" && at.Scheme != "http" || at.RawQuery != "" || at.Fragment != "" || strings.ContainsAny(site, " ;,'\"") {
		return fault.InvalidFields("cmd.export", fault.Field{Name: flag, Message: "要写成 https://… 的网址"})
	}
	return nil
}

func (c *exportPublicCommand) export(p *program, s *service, keyErr error) error {
	if keyErr != nil { // the manifest is signed with the key of the log
		return keyErr
	}
	if err := declareAll(p.ctx, s); err != nil {
		return err
	}
	var err error
	if s.modules, err = modulesOf(s.config); err != nil {
		return err
	}
	options, err := s.webOptions(p.ctx, "", "小区")
	if err != nil {
		return err
	}
	options.Access = nil
	server, err := web.New(options)
	if err != nil {
		return err
	}
	form, roots := "", server.OutwardRoots()
	if c.Intake != "" && s.modules.On(policy.ModuleMatter) {
		form = web.OutwardForm
		roots = append(roots, form)
	}
	var missed []string
	copy := outside.Copy{Missed: func(address string) { missed = append(missed, address) }, Get: func(ctx context.Context, address string) (outside.Answer, error) {
		contentType, body, err := server.Outward(ctx, address, form)
		return outside.Answer{Type: contentType, Body: body}, err
	}, Roots: roots, Intake: c.Intake, IntakeForm: form, Interactive: strings.TrimSuffix(c.Site, "/"), Site: cmp.Or(strings.TrimSpace(s.config.Site.Authority+" "+s.config.Site.Name), "红色管家"), Made: s.clocks.Business(),
		Sign: func(text string) (string, error) { return s.db.SignText(p.ctx, text) }, Told: func(n int) { fmt.Fprintf(p.errOut, "已导出 %d 个文件\n", n) }}
	if copy.Key, err = s.db.LogKey(p.ctx); err != nil {
		return err
	}
	if copy.Record, err = s.db.Engine().LastN(p.ctx); err != nil {
		return err
	}
	m, err := copy.Write(p.ctx, c.Out)
	if err != nil {
		return err
	}
	size := int64(0)
	for _, f := range m.Files {
		size += f.Bytes
	}
	fmt.Fprintf(p.out, "已导出 %d 个文件，%.1f MB，截至变更日志第 %d 条。用 redsteward verify %s 核验\n", len(m.Files), float64(size)/1e6, m.Record, c.Out)
	if len(missed) > 0 { // a reader signs no checkpoint
		fmt.Fprintf(p.out, "有 %d 个公开的地址没有导出，第一个是 %s。复算包要有检查点覆盖公布的记录：请在运行的系统里打开这个地址一次，再导出\n", len(missed), oneLine(missed[0]))
		return errFound
	}
	return nil
}
