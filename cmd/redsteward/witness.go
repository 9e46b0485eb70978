package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/internal/store/sqlite"
)

// witnessCommand is what somebody outside of the bureau, such as an auditor, does with the checkpoints of the log on his own machine.
type witnessCommand struct {
	Key  witnessKeyCommand  `cmd:"" help:"生成见证人的密钥，打印要登记的公钥"`
	Sign witnessSignCommand `cmd:"" help:"核对之后联署一个检查点，并留存在自己这里"`
}

// witnessKeyCommand makes a key.
type witnessKeyCommand struct {
	Out string `arg:"" placeholder:"FILE" help:"私钥放在哪个文件；不能已经存在"`
}

// Run implements the subcommand.
func (c *witnessKeyCommand) Run(p *program) error {
	signer, verifier, err := journal.GenerateWitness()
	if err != nil {
		return err
	}
	if err := writeNew(c.Out, signer+"\n"); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "私钥在 %s，只有本机账户可读，请自己保管，不要交给任何人。在“变更日志 → 联署”页登记下面这一行公钥：\n%s\n", c.Out, verifier)
	return nil
}

// writeNew writes a file that must not exist, readable by its owner only.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fault.Wrap("cmd.witness", fault.Invalid, path+" 已经存在，不覆盖", err)
	}
	if err == nil {
		_, err = f.WriteString(text)
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err != nil {
		return fault.Wrap("cmd.witness", fault.Unavailable, path+" 不能写入", err)
	}
	return nil
}

const (
	keptEnding = ".checkpoint"
	// keptKey is the public key of the log as the witness saw it first.
	keptKey = "log.key"
	// maxWitnessFile bounds a checkpoint or a proof that is read, in bytes.
	maxWitnessFile = 64 << 10
)

// witnessSignCommand co-signs.
type witnessSignCommand struct {
	Key        string `required:"" placeholder:"FILE" help:"见证人的私钥（witness key 生成的）"`
	Kept       string `required:"" placeholder:"DIR" help:"自己留存的文件夹：联署过的检查点都在里面，下一次与它们比较"`
	Data       string `placeholder:"DIR" help:"数据文件夹（或它的副本）：核验全部日志，联署最新的检查点"`
	Checkpoint string `placeholder:"FILE" help:"从网页下载的检查点；手里没有数据文件夹时用"`
	Growth     string `placeholder:"FILE" help:"从网页下载的增长证明：证明这个检查点接着上次联署的那一个"`
	LogKey     string `placeholder:"KEY" help:"日志公钥，第一次联署时写上另外取得的那一把；不写则记住第一次看到的"`
}

// Run implements the subcommand. What does not fit is not signed.
func (c *witnessSignCommand) Run(p *program) error {
	const op = "cmd.witness"
	if (c.Data == "") == (c.Checkpoint == "") {
		return fault.InvalidFields(op, fault.Field{Name: "--data", Message: "--data 和 --checkpoint 要写一个，也只写一个"})
	}
	secret, err := readSmall(c.Key)
	if err != nil {
		return err
	}
	kept, err := readKept(c.Kept)
	if err != nil {
		return err
	}
	key, signed, err := c.candidate(p, kept)
	if err != nil {
		return err
	}
	out, err := journal.CoSign(key, string(secret), signed)
	if err != nil {
		return err
	}
	cp, err := journal.OpenCheckpoint(key, out)
	if err != nil {
		return err
	}
	path := filepath.Join(c.Kept, fmt.Sprintf("%020d%s", cp.Size, keptEnding))
	if slices.ContainsFunc(kept.notes, func(n keptNote) bool { return n.Size == cp.Size }) {
		fmt.Fprintf(p.out, "第 %d 条的检查点已经联署过，在 %s\n", cp.Size, path)
		return nil
	}
	if err := os.MkdirAll(c.Kept, 0o700); err != nil {
		return fault.Wrap(op, fault.Unavailable, "留存的文件夹不能建立", err)
	}
	if kept.key == "" {
		if err := writeNew(filepath.Join(c.Kept, keptKey), key+"\n"); err != nil {
			return err
		}
	}
	if err := writeNew(path, string(out)); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "已联署第 %d 条为止的检查点（%s 签），留存在 %s。请把它交到“变更日志 → 联署”页：\n%s", cp.Size, cp.At, path, out)
	return nil
}

// candidate is the checkpoint to be signed, with the key of the log, after everything has been compared.
func (c *witnessSignCommand) candidate(p *program, kept keptNotes) (key string, signed []byte, err error) {
	if c.Data != "" {
		return c.fromData(p, kept)
	}
	const op = "cmd.witness"
	if signed, err = readSmall(c.Checkpoint); err != nil {
		return "", nil, err
	}
	if key, err = c.logKey(kept, ""); err != nil {
		return "", nil, err
	}
	now, err := journal.OpenCheckpoint(key, signed)
	if err != nil {
		return "", nil, err
	}
	if len(kept.notes) == 0 {
		return key, signed, nil
	}
	last := kept.notes[len(kept.notes)-1]
	if now.Size < last.Size {
		return "", nil, fault.New(op, fault.Conflict, fmt.Sprintf("检查点只到第 %d 条，而联署过第 %d 条：日志变短了，不能联署，请报告", now.Size, last.Size))
	}
	if now.Size == last.Size {
		if now.Root != last.Root {
			return "", nil, fault.New(op, fault.Conflict, fmt.Sprintf("前 %d 条与联署过的不同：日志被改过，不能联署，请报告", last.Size))
		}
		return key, signed, nil
	}
	if c.Growth == "" {
		return "", nil, fault.InvalidFields(op, fault.Field{Name: "--growth", Message: fmt.Sprintf("要有从第 %d 条到第 %d 条的增长证明：在联署页下载", last.Size, now.Size)})
	}
	data, err := readSmall(c.Growth)
	if err != nil {
		return "", nil, err
	}
	proof, err := parseGrowth(data)
	if err != nil {
		return "", nil, err
	}
	if !proof.Grows(last.Size, last.Root, now.Size, now.Root) {
		return "", nil, fault.New(op, fault.Conflict, fmt.Sprintf("增长证明不成立：这个检查点的前 %d 条不是联署过的那些，不能联署，请报告", last.Size))
	}
	return key, signed, nil
}

// fromData verifies a whole data folder against what was kept and takes its newest checkpoint.
func (c *witnessSignCommand) fromData(p *program, kept keptNotes) (key string, signed []byte, err error) {
	const op = "cmd.witness"
	engine, err := sqlite.Open(p.ctx, c.Data, sqlite.Options{ReadOnly: true})
	if err != nil {
		return "", nil, asInput(op, err)
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	v, err := store.Verifier(p.ctx, engine)
	if err != nil {
		return "", nil, err
	}
	if key, err = c.logKey(kept, v.Key); err != nil {
		return "", nil, err
	}
	if len(v.Checkpoints) == 0 {
		return "", nil, fault.New(op, fault.Conflict, "日志还没有检查点")
	}
	signed = v.Checkpoints[len(v.Checkpoints)-1]
	v.Key = key
	v.Checkpoints = append(v.Checkpoints, kept.raw()...)
	report, err := v.Verify(p.ctx, engine)
	if err != nil {
		return "", nil, err
	}
	if report.OK() {
		return key, signed, nil
	}
	for _, found := range report.Problems {
		fmt.Fprintf(p.out, "第 %d 条：%s\n", found.N, found.Message)
	}
	return "", nil, fault.New(op, fault.Conflict, fmt.Sprintf("日志核验不通过，发现 %d 处：不能联署，请报告", report.Found))
}

// logKey is the key of the log that the witness trusts: the one that he named, or that he saw first.
func (c *witnessSignCommand) logKey(kept keptNotes, found string) (string, error) {
	const op = "cmd.witness"
	for _, trusted := range []string{c.LogKey, kept.key} {
		if trusted == "" {
			continue
		}
		if found != "" && found != trusted || c.LogKey != "" && kept.key != "" && c.LogKey != kept.key {
			return "", fault.New(op, fault.Conflict, "日志公钥与以前看到的不同：这不是同一本日志，或者签名密钥被换过。不能联署，请报告")
		}
		return trusted, nil
	}
	if found == "" {
		return "", fault.InvalidFields(op, fault.Field{Name: "--log-key", Message: "第一次联署要写日志公钥（联署页上有，最好另外取得一份核对）"})
	}
	return found, nil
}

// keptNotes are the checkpoints that a witness kept, the shortest first.
type keptNotes struct {
	key   string
	notes []keptNote
}

type keptNote struct {
	journal.Checkpoint
	raw []byte
}

func (k keptNotes) raw() [][]byte {
	all := make([][]byte, len(k.notes))
	for i, n := range k.notes {
		all[i] = n.raw
	}
	return all
}

// readKept reads the folder of a witness; one that does not exist is empty. Returns Invalid, with the file, for what is not signed by the key of the log.
func readKept(dir string) (keptNotes, error) {
	const op = "cmd.witness"
	var kept keptNotes
	key, err := os.ReadFile(filepath.Join(dir, keptKey))
	if errors.Is(err, fs.ErrNotExist) {
		return kept, nil
	}
	if err != nil {
		return kept, fault.Wrap(op, fault.Invalid, "留存的文件夹读不出来", err)
	}
	kept.key = strings.TrimSpace(string(key))
	names, err := filepath.Glob(filepath.Join(dir, "*"+keptEnding))
	if err != nil {
		return kept, fault.Wrap(op, fault.Invalid, "留存的文件夹读不出来", err)
	}
	for _, name := range names {
		raw, err := readSmall(name)
		if err != nil {
			return kept, err
		}
		cp, err := journal.OpenCheckpoint(kept.key, raw)
		if err != nil {
			return kept, fault.Wrap(op, fault.Invalid, "留存的 "+filepath.Base(name)+" 不可用："+fault.MessageOf(err), err)
		}
		kept.notes = append(kept.notes, keptNote{cp, raw})
	}
	slices.SortFunc(kept.notes, func(a, b keptNote) int { return int(a.Size - b.Size) })
	return kept, nil
}

// readSmall reads a file of a few lines.
func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap("cmd.witness", fault.Invalid, path+" 打不开", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxWitnessFile))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fault.Wrap("cmd.witness", fault.Invalid, path+" 读不出来", err)
	}
	return data, nil
}

// parseGrowth reads a proof of growth as the page gives it: {"from":…,"to":…,"proof":[base64,…]}. The numbers are for people; what counts is the proof.
func parseGrowth(data []byte) (journal.Proof, error) {
	const op = "cmd.witness"
	var in struct {
		Proof []string `json:"proof"`
	}
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&in); err != nil {
		return nil, fault.Wrap(op, fault.Invalid, "增长证明不合格式", err)
	}
	proof := make(journal.Proof, len(in.Proof))
	for i, text := range in.Proof {
		h, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(h) != journal.HashSize {
			return nil, fault.Wrap(op, fault.Invalid, fmt.Sprintf("增长证明的第 %d 个校验值不合格式", i+1), err)
		}
		proof[i] = journal.Hash(h)
	}
	return proof, nil
}
