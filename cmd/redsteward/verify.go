package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/outside"
	"redsteward/internal/store"
	"redsteward/internal/store/sqlite"
	"redsteward/rating"
)

// verifyCommand recomputes a bundle, or checks the whole log of a data folder, offline, also beside a running service, and then rates everything in it again.
type verifyCommand struct {
	Path string `arg:"" placeholder:"BUNDLE|DIR" help:"星级复算包或者一条变更记录的证明（文件），放着复算包的文件夹，数据文件夹，或者导出的公开页面"`
	Kept string `placeholder:"DIR" help:"见证人留存检查点的文件夹：日志还要与它们都相符（见 witness sign）"`
	Key  string `placeholder:"KEY" help:"日志公钥；不写则用包里或数据里的那一把（怀疑被改时，应当用另外取得的）"`
}

// bundleName is what the bundle of a star is called in a static copy.
const bundleName = "bundle.json"

// Run implements the subcommand.
func (c *verifyCommand) Run(p *program) error {
	if info, err := os.Stat(c.Path); err == nil && info.Mode().IsRegular() {
		return c.bundle(p)
	}
	if _, err := os.Stat(filepath.Join(c.Path, outside.ManifestName)); err == nil {
		return c.copied(p)
	}
	// A folder of bundles, whatever they are called; a data folder has no file of that kind.
	if found, err := filepath.Glob(filepath.Join(c.Path, "*.json")); err == nil && len(found) > 0 {
		return c.bundles(p, found)
	}
	return c.folder(p)
}

// bundles recomputes every star of some files and tells how many agree; none is taken on trust.
func (c *verifyCommand) bundles(p *program, files []string) error {
	agree, err := c.recomputed(p, c.Key, files)
	if err != nil {
		return err
	}
	if agree < len(files) {
		fmt.Fprintf(p.out, "核验不通过：%d 份不一致\n", len(files)-agree)
		return errFound
	}
	if c.Key == "" {
		fmt.Fprintln(p.out, "核验通过。用的是包里自带的公钥；要确认出自哪个主管部门，请用 --key 写上它公布的公钥")
		return nil
	}
	fmt.Fprintln(p.out, "核验通过")
	return nil
}

// recomputed recomputes the bundles of some files under one key (the first one's if none is given), names those that differ, with the first difference of each, and prints how many agree, which it returns.
func (c *verifyCommand) recomputed(p *program, key string, files []string) (agree int, err error) {
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			return agree, fault.Wrap("cmd.verify", fault.Invalid, "文件读不出来", err)
		}
		said := ""
		switch report, err := rating.VerifyBundle(data, key); {
		case err != nil:
			said = fault.MessageOf(err)
		case !report.OK():
			said = "第一处不同在 " + report.First.Chinese()
		default:
			agree++
			key = cmp.Or(key, report.Bundle.Key)
			continue
		}
		shown, err := filepath.Rel(c.Path, name)
		if err != nil {
			shown = name
		}
		fmt.Fprintf(p.out, "不一致　%s：%s\n", oneLine(shown), oneLine(said))
	}
	fmt.Fprintf(p.out, "复算包 %d 份，复算一致 %d 份\n", len(files), agree)
	return agree, nil
}

// bundle recomputes one star.
func (c *verifyCommand) bundle(p *program) error {
	f, err := os.Open(c.Path)
	if err != nil {
		return fault.Wrap("cmd.verify", fault.Invalid, "文件打不开", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, rating.MaxBundleBytes+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return fault.Wrap("cmd.verify", fault.Invalid, "文件读不出来", err)
	}
	if journal.IsRecordProof(data) {
		return c.record(p, data)
	}
	report, err := rating.VerifyBundle(data, c.Key)
	if err != nil {
		return err
	}
	if sheet := report.Sheet; sheet != nil && report.Result != nil {
		fmt.Fprintf(p.out, "%s　%s　%s\n", oneLine(cmp.Or(sheet.About.Name, report.Result.Subject)), oneLine(report.Result.Period), oneLine(report.Result.Label))
	}
	fmt.Fprintf(p.out, "文件 SHA-256 %s\n日志公钥 %s\n", report.Hash, oneLine(report.Bundle.Key))
	for _, step := range report.Steps {
		mark := "相符"
		if !step.OK {
			mark = "不符"
		}
		fmt.Fprintf(p.out, "%s　%s：%s\n", mark, step.Name, oneLine(step.Said))
	}
	if !report.OK() {
		fmt.Fprintf(p.out, "核验不通过：第一处不同在 %s\n", oneLine(report.First.Chinese()))
		return errFound
	}
	if report.OwnKey {
		fmt.Fprintln(p.out, "核验通过。用的是包里自带的公钥；要确认出自哪个主管部门，请用 --key 写上它公布的公钥")
		return nil
	}
	fmt.Fprintln(p.out, "核验通过")
	return nil
}

// record checks the proof that one record stands in the log.
func (c *verifyCommand) record(p *program, data []byte) error {
	proof, cp, err := journal.OpenRecordProof(data, c.Key)
	if err != nil {
		fmt.Fprintf(p.out, "核验不通过：%s\n", fault.MessageOf(err))
		return errFound
	}
	fmt.Fprintf(p.out, "变更记录 %s\n日志第 %d 条，校验值 %x\n在 %s 签名的日志里（共 %d 条）\n日志公钥 %s\n", oneLine(proof.Record), proof.N, proof.Hash[:], cp.At, cp.Size, oneLine(cmp.Or(c.Key, proof.Key)))
	if c.Key == "" {
		fmt.Fprintln(p.out, "核验通过。用的是证明里自带的公钥；要确认出自哪个主管部门，请用 --key 写上它公布的公钥")
		return nil
	}
	fmt.Fprintln(p.out, "核验通过")
	return nil
}

// copied checks a static copy of what is public.
func (c *verifyCommand) copied(p *program) error {
	v, err := outside.Verify(c.Path, c.Key, journal.CheckText)
	if err != nil {
		return err
	}
	m := v.Manifest
	fmt.Fprintf(p.out, "%s　%s 导出，截至变更日志第 %d 条，%d 个文件\n日志公钥 %s\n", oneLine(m.Site), calendar.DateOf(m.Made).Chinese(), m.Record, len(m.Files), oneLine(m.Key))
	for i, d := range v.Differences {
		if i == missingShown {
			fmt.Fprintf(p.out, "  还有 %d 处\n", len(v.Differences)-i)
			break
		}
		fmt.Fprintf(p.out, "不符　%s：%s\n", oneLine(cmp.Or(d.Path, outside.ManifestName)), oneLine(d.What))
	}
	var bundles []string
	for _, f := range m.Files {
		if path.Base(f.Path) == bundleName && !slices.ContainsFunc(v.Differences, func(d outside.Difference) bool { return d.Path == f.Path }) {
			bundles = append(bundles, filepath.Join(c.Path, filepath.FromSlash(f.Path)))
		}
	}
	wrong := 0
	if len(bundles) > 0 {
		agree, err := c.recomputed(p, cmp.Or(c.Key, m.Key), bundles)
		if err != nil {
			return err
		}
		wrong = len(bundles) - agree
	}
	switch {
	case len(v.Differences) > 0 || wrong > 0:
		fmt.Fprintf(p.out, "核验不通过：发现 %d 处\n", len(v.Differences)+wrong)
		return errFound
	case v.OwnKey:
		fmt.Fprintln(p.out, "核验通过。用的是清单里自带的公钥；要确认出自哪个主管部门，请用 --key 写上它公布的公钥")
	default:
		fmt.Fprintln(p.out, "核验通过")
	}
	return nil
}

// folder checks a data folder.
func (c *verifyCommand) folder(p *program) (err error) {
	engine, err := sqlite.Open(p.ctx, c.Path, sqlite.Options{ReadOnly: true})
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
	if c.Kept != "" {
		kept, err := readKept(c.Kept)
		if err != nil {
			return err
		}
		if v.Key != kept.key {
			return fault.New("cmd.verify", fault.Conflict, "日志公钥与见证人留存的不同：这不是同一本日志，或者签名密钥被换过")
		}
		v.Checkpoints = append(v.Checkpoints, kept.raw()...)
		fmt.Fprintf(p.out, "与见证人留存的 %d 个检查点比较\n", len(kept.notes))
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
		return recompute(p, engine)
	}
	for _, problem := range report.Problems {
		fmt.Fprintf(p.out, "第 %d 条：%s\n", problem.N, problem.Message)
	}
	fmt.Fprintf(p.out, "核验不通过：发现 %d 处；没有重新计算评价\n", report.Found)
	return errFound
}

// missingShown is how many missing earlier results are named; the rest is counted.
const missingShown = 5

// recompute rates everything that is stored again, from its frozen facts.
func recompute(p *program, engine store.Engine) error {
	db, err := store.Open(p.ctx, engine, store.Options{Now: p.now, ReadOnly: true})
	if err != nil {
		return err
	}
	archive, err := rating.NewArchive(p.ctx, db)
	if err != nil {
		return err
	}
	differ := 0
	for made, err := range archive.Evaluations(p.ctx) {
		if err != nil {
			return err
		}
		title := strings.TrimSpace(oneLine(made.Title + " " + made.Period))
		v, err := archive.Verify(p.ctx, made.ID)
		if fault.Is(err, fault.Invalid) {
			differ++
			fmt.Fprintf(p.out, "评价 %s：%s\n", title, fault.MessageOf(err))
			continue
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(p.out, "评价 %s：%d 份结果，重新计算 %d 份，都相同\n", title, v.Results, v.Recomputed)
		for i, m := range v.Missing {
			if i == missingShown {
				fmt.Fprintf(p.out, "  还有 %d 份\n", len(v.Missing)-i)
				break
			}
			fmt.Fprintf(p.out, "  %s 读的以往结果 %s 不在这里（SHA-256 %.16s），没有重新计算\n", oneLine(m.Subject), m.History, m.Hash)
		}
	}
	if differ > 0 {
		fmt.Fprintf(p.out, "核验不通过：%d 次评价与保存的不同\n", differ)
		return errFound
	}
	return nil
}
