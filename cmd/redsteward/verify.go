package main

import (
	"fmt"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/internal/store/sqlite"
)

// verifyCommand checks the whole log of a data folder, offline, also beside a running service.
type verifyCommand struct {
	Dir string `arg:"" placeholder:"DIR" help:"数据文件夹"`
	Key string `placeholder:"KEY" help:"日志公钥；不写则用数据里存的那一把（怀疑数据被改时，应当用另外保存的）"`
}

// Run implements the subcommand.
func (c *verifyCommand) Run(p *program) (err error) {
	engine, err := sqlite.Open(p.ctx, c.Dir, sqlite.Options{ReadOnly: true})
	if fault.Is(err, fault.NotFound) {
		// For a command line a folder without data is a wrong input, like a file that is not there.
		return fault.Wrap("cmd.verify", fault.Invalid, fault.MessageOf(err), err)
	}
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := engine.Close(); err == nil {
			err = closeErr
		}
	}()
	v, err := store.Verifier(p.ctx, engine)
	if err != nil {
		return err
	}
	if c.Key != "" {
		v.Key = c.Key
	}
	report, err := v.Verify(p.ctx, engine)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "日志 %d 条，%d 个流，树根 %x\n", report.Records, report.Streams, report.Root[:])
	fmt.Fprintf(p.out, "签名检查点覆盖到第 %d 条，其后 %d 条\n", report.Covered, report.AfterCheckpoint)
	if v.Key != "" {
		fmt.Fprintf(p.out, "日志公钥 %s\n", v.Key)
	}
	if report.OK() {
		fmt.Fprintln(p.out, "核验通过：每一条记录都与其前一条和签名相符")
		return nil
	}
	for _, problem := range report.Problems {
		fmt.Fprintf(p.out, "第 %d 条：%s\n", problem.N, problem.Message)
	}
	fmt.Fprintf(p.out, "核验不通过：发现 %d 处\n", report.Found)
	return errFound
}
