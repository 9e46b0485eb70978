package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/imports"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry"
)

// importCommand imports a workbook of the register, as the page “Excel 导入” does: the same template, checks, right and scope, and the same import in the end.
type importCommand struct {
	dataFlags
	Kind   string `arg:"" placeholder:"KIND" help:"导入什么：divisions 行政区划、firms 物业服务企业、developers 建设单位、projects 小区、buildings 楼栋、contracts 物业服务合同、papers 保险与证照、revenues 公共收益、repairs 维修资金；其他的在网页上导入"`
	File   string `arg:"" placeholder:"FILE" help:"按模板填好的 Excel（.xlsx）或 CSV 文件"`
	DryRun bool   `name:"dry-run" help:"只试运行：列出会新增、修改多少行，不写入"`
	As     string `placeholder:"LOGIN" help:"以谁的名义导入（用户名），要有导入的权限；不写则用唯一有这个权限的账号"`
}

// Run implements the subcommand. The service must be stopped, for this takes the folder like it. With a fault in any row it tells all of them and writes nothing.
func (c *importCommand) Run(p *program) (err error) {
	const op = "cmd.import"
	kind := registry.ImportKind(c.Kind)
	title := registry.TextOf(registry.ImportKinds(), kind)
	if title == "" || title == c.Kind {
		var known []string
		for _, k := range registry.ImportKinds() {
			known = append(known, k.ID+"（"+k.Text+"）")
		}
		return fault.New(op, fault.Invalid, "没有“"+c.Kind+"”这一种导入，可以是 "+strings.Join(known, "、")+"；其他的在网页上导入")
	}
	data, err := readInput(c.File)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(data)
	if strings.HasSuffix(strings.ToLower(c.File), ".csv") {
		if data, err = report.FromCSV(data); err != nil {
			return err
		}
	}
	if len(data) > files.MaxPaper {
		return fault.New(op, fault.Invalid, fmt.Sprintf("文件超过 %d MB，请分开导入", files.MaxPaper>>20))
	}
	read, err := report.ReadRegister(kind, bytes.NewReader(data))
	if err != nil {
		return err
	}
	settings, err := c.settings(p)
	if err != nil {
		return err
	}
	if err := mustBeThere(p, settings); err != nil {
		return err
	}
	s, err := openService(p, settings, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	by, err := s.importer(p.ctx, c.As, kind)
	if err != nil {
		return err
	}
	file := registry.File{Kind: kind, Name: filepath.Base(c.File), Hash: hex.EncodeToString(sum[:]), Lines: read.Lines}
	for _, f := range read.Faults {
		file.Unread = append(file.Unread, imports.LineFault{Row: f.Row, Field: f.Field, Message: f.Message})
	}
	run, err := s.register.DryImport(p.ctx, by, file)
	if err != nil {
		return err
	}
	if len(run.Faults) > 0 {
		rows := map[int64]bool{}
		for _, bad := range run.Faults {
			rows[bad.Row] = true
			fmt.Fprintf(p.out, "第 %d 行  %s\n", bad.Row, read.At(bad.Row, bad.Field, bad.Message).Text())
		}
		return fault.New(op, fault.Invalid, fmt.Sprintf("%d 行有错，共 %d 处，没有导入。改好以后再导入", len(rows), len(run.Faults)))
	}
	fmt.Fprintf(p.out, "%s：新增 %d 行，修改 %d 行，没有变化 %d 行\n", title, run.New, run.Changed, run.Same)
	if c.DryRun || run.Draft == "" {
		fmt.Fprintln(p.out, "没有写入")
		return nil
	}
	id, err := s.register.AcceptImport(p.ctx, by, run.Draft, false)
	if err != nil {
		return err
	}
	if _, err := s.register.RunImports(p.ctx); err != nil {
		return err
	}
	done, err := s.register.OneImport(p.ctx, by, id)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "已导入：新增 %d 行，修改 %d 行，没有变化 %d 行，失败 %d 行\n", done.Created, done.Changed, done.Unchanged, done.Failed)
	for _, bad := range done.Failures {
		fmt.Fprintf(p.out, "第 %d 行  %s\n", bad.Row, bad.Message)
	}
	switch {
	case done.State != imports.Done:
		return fault.New(op, fault.Unavailable, "还没有导入完，另一个进程正在导入；启动服务以后继续")
	case done.Failed > 0:
		return errFound
	}
	return nil
}

// importer is the person in whose name rows of a kind come in: the named one, else the only one who may. Returns Invalid if there is nobody of the name, or several who may.
func (s *service) importer(ctx context.Context, login string, kind registry.ImportKind) (policy.Actor, error) {
	const op = "cmd.import"
	if login != "" {
		by, err := s.accounts.ActorOf(ctx, login)
		return by, asInput(op, err)
	}
	people, err := s.everybody(ctx)
	if err != nil {
		return policy.Actor{}, err
	}
	var may []policy.Actor
	for _, one := range people {
		for _, k := range s.register.MayImport(one) {
			if k.ID == string(kind) {
				may = append(may, one)
			}
		}
	}
	if len(may) != 1 {
		return policy.Actor{}, fault.InvalidFields(op, fault.Field{Name: "--as", Message: fmt.Sprintf("有 %d 个账号可以导入，请写明以谁的名义", len(may))})
	}
	return may[0], nil
}

// mustBeThere refuses where there is no data yet, which opening to write would make.
func mustBeThere(p *program, settings *config) error {
	s, _, err := openReader(p, settings)
	if err != nil {
		return err
	}
	return s.close()
}
