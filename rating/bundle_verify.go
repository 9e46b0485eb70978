package rating

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

// BundleReport says what VerifyBundle found.
type BundleReport struct {
	// Hash is the SHA-256 of the file, without a line break at its end.
	Hash string
	// Bundle is what was read.
	Bundle *Bundle
	// Scheme, Evaluation, Sheet and Result are nil if they could not be read.
	Scheme     *Scheme
	Evaluation *Evaluation
	Sheet      *Sheet
	Result     *Result
	// Checkpoint is that of the log; only if it is signed with the key.
	Checkpoint *journal.Checkpoint
	// OwnKey: the key came from the bundle, so that the bundle agrees with itself only. Who wants more gives the key that the bureau made known.
	OwnKey bool
	// Steps are what was checked, in order.
	Steps []BundleStep
	// First is the first difference; the zero value if there is none.
	First Difference
}

// OK reports whether everything agreed.
func (r *BundleReport) OK() bool { return r.First == Difference{} }

// BundleStep is one thing that was checked.
type BundleStep struct {
	// Name says what, Said what came out.
	Name, Said string
	OK         bool
}

// Difference is one place of a bundle that is not what it should be.
type Difference struct {
	// Path are the members that lead there, such as result.sheet.result.lines[3].points.
	Path string
	// Want is what it should be and Got what the bundle says, shortened; Why says what the place was held against.
	Want, Got, Why string
}

// Chinese is the difference in one sentence.
func (d Difference) Chinese() string {
	text := d.Path + "：" + d.Why
	if d.Want != "" || d.Got != "" {
		text += fmt.Sprintf("，应为 %s，包里是 %s", cmp.Or(d.Want, "（没有）"), cmp.Or(d.Got, "（没有）"))
	}
	return text
}

// bundleCheck is one run of VerifyBundle.
type bundleCheck struct {
	*BundleReport
	b      *Bundle
	parse  func(file []byte) (*Scheme, error)
	cohort *Cohort
	sub    Subject // the open facts
	past   History // the open earlier results
	whole  History // the whole earlier results
	step   string
	bad    bool
}

// VerifyBundle recomputes a bundle from what it holds, without anything else: the result from facts, scheme and earlier results, its place in the
// evaluation, the records in the log, and the signatures. key is the public key of the log as the bureau made it known; "" takes the one in the bundle. It
// returns Invalid that names the place if the file is no bundle (see ReadBundle); what does not agree stands in the report.
func VerifyBundle(data []byte, key string) (*BundleReport, error) {
	return verifyBundle(data, key, ParseScheme)
}

// verifyBundle is VerifyBundle with another reader of schemes.
func verifyBundle(data []byte, key string, parse func(file []byte) (*Scheme, error)) (*BundleReport, error) {
	b, err := ReadBundle(data)
	if err != nil {
		return nil, err
	}
	c := &bundleCheck{BundleReport: &BundleReport{Hash: hashOf(bytes.TrimSuffix(data, []byte("\n"))), Bundle: b, OwnKey: key == ""}, b: b, parse: parse}
	c.run("评价规则", c.scheme)
	c.run("评价记录", c.evaluation)
	c.run("以往结果", c.history)
	c.run("重新计算", c.recompute)
	c.run("在这次评价里", c.member)
	if b.Full != nil {
		c.run("不公开的部分", c.full)
	}
	c.run("签名检查点", func() string { return c.checkpoint(key) })
	c.run("在日志里", c.entries)
	c.run("整包签名", func() string { return c.signature(data) })
	return c.BundleReport, nil
}

// run does one step.
func (c *bundleCheck) run(name string, check func() string) {
	c.step, c.bad = name, false
	said := check()
	c.Steps = append(c.Steps, BundleStep{Name: name, Said: said, OK: !c.bad})
}

// differ notes a difference and returns its sentence.
func (c *bundleCheck) differ(path, want, got, why string) string {
	d := Difference{Path: path, Want: short(want), Got: short(got), Why: why}
	c.bad = true
	if c.OK() {
		c.First = d
	}
	return d.Chinese()
}

func sumOf(data []byte) journal.Hash { return sha256.Sum256(data) }

// parseHash reads 64 hex digits in lower case.
func parseHash(text string) (journal.Hash, error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != journal.HashSize || text != hex.EncodeToString(raw) {
		return journal.Hash{}, fault.New("rating.Bundle", fault.Invalid, "指纹要写成 64 位十六进制数")
	}
	return journal.Hash(raw), nil
}

// holds follows a proof; false also for a malformed one.
func holds(proof []string, size, index int64, leaf journal.Hash, root string) bool {
	p := make(journal.Proof, len(proof))
	var err error
	for i := range proof {
		if p[i], err = parseHash(proof[i]); err != nil {
			return false
		}
	}
	r, err := parseHash(root)
	return err == nil && p.Holds(size, index, leaf, r)
}

func (c *bundleCheck) scheme() string {
	s, err := c.parse([]byte(c.b.Scheme))
	if err != nil {
		return c.differ("scheme", "", "", "评分方案读不出来："+fault.MessageOf(err))
	}
	c.Scheme = s
	return fmt.Sprintf("%s %s 版，SHA-256 %s", s.ID, s.Version, s.Hash)
}

// entry reads the evaluation that a record of the log holds and checks that the record is what its hash says.
func (c *bundleCheck) entry(path string, e *LogEntry) (*Evaluation, string) {
	hash, err := parseHash(e.Hash)
	if err != nil {
		return nil, c.differ(path+".hash", "", e.Hash, fault.MessageOf(err))
	}
	if sum := journal.Sum(journal.Version, journal.Hash{}, e.Sealed); sum != hash {
		return nil, c.differ(path+".sealed", e.Hash, hex.EncodeToString(sum[:]), "记录的内容与它的指纹不符（两者有一处被改动）")
	}
	id, content, err := journal.Unseal(e.Sealed)
	var made Evaluation
	if err == nil {
		err = journal.DecodeStrict(content.State, &made)
	}
	stream, idErr := journal.StreamKey("evaluation", made.ID)
	if err != nil || idErr != nil || id != journal.RecordID(stream, 1) {
		return nil, c.differ(path+".sealed", "", "", "这不是评价的记录")
	}
	made.N = e.N
	return &made, ""
}

func (c *bundleCheck) evaluation() string {
	made, said := c.entry("evaluation", &c.b.Evaluation)
	if made == nil {
		return said
	}
	if c.Scheme == nil {
		return c.differ("scheme", made.SchemeHash, "", "没有可用的评分方案")
	}
	if made.SchemeHash != c.Scheme.Hash {
		return c.differ("scheme", made.SchemeHash, c.Scheme.Hash, "评分方案不是评价时的那一份")
	}
	if made.Engine != EngineVersion {
		return c.differ("evaluation.sealed.state.engine", fmt.Sprint(EngineVersion), fmt.Sprint(made.Engine), "本程序只认这一版计算引擎")
	}
	c.Evaluation = made
	if p := c.b.Publication; p != nil && p.Period != made.Period {
		return c.differ("publication.period", made.Period, p.Period, "公布的周期不是评价的周期")
	}
	if said := c.statistics(); said != "" {
		return said
	}
	return fmt.Sprintf("%s，共 %d 份结果", strings.TrimSpace(made.Title), made.Count)
}

// statistics reads the cohort; it returns what is wrong.
func (c *bundleCheck) statistics() string {
	hidden := c.b.Full == nil && c.Scheme.program.open.cohort
	switch {
	case c.Evaluation.Cohort == "" || hidden:
		if len(c.b.Cohort) > 0 {
			return c.differ("cohort", "", "", "这次评价没有（或不公开）全体统计，包里却有")
		}
		return ""
	case len(c.b.Cohort) == 0:
		return c.differ("cohort", c.Evaluation.Cohort, "", "缺少全体统计")
	case hashOf(c.b.Cohort) != c.Evaluation.Cohort:
		return c.differ("cohort", c.Evaluation.Cohort, hashOf(c.b.Cohort), "全体统计的指纹与评价记录不符")
	}
	var err error
	if c.cohort, err = c.Scheme.readCohort(c.b.Cohort); err != nil {
		return c.differ("cohort", "", "", fault.MessageOf(err))
	}
	return ""
}

// history checks the earlier results and makes what the scheme may read of them.
func (c *bundleCheck) history() string {
	if c.Scheme == nil || c.Evaluation == nil {
		return c.differ("history", "", "", "前面的步骤没有通过，没有核对")
	}
	c.past, c.whole = History{}, History{}
	for i := range c.b.History {
		if said := c.earlier(i); said != "" {
			return said
		}
	}
	if len(c.b.History) == 0 {
		return "没有读以往结果"
	}
	return fmt.Sprintf("%d 份，都在各自的评价里", len(c.b.History))
}

func (c *bundleCheck) earlier(i int) string {
	part, path := &c.b.History[i], fmt.Sprintf("history[%d]", i)
	at := slices.IndexFunc(c.Scheme.History, func(e Earlier) bool { return e.ID == part.ID })
	if at < 0 || c.past[part.ID].Hash != "" {
		return c.differ(path+".id", "", part.ID, "方案没有声明这份以往结果，或者出现了两次")
	}
	made, said := c.entry(path+".evaluation", &part.Evaluation)
	if made == nil {
		return said
	}
	sheet, result, said := c.sheet(path+".result", &part.Result, made)
	if said != "" {
		return said
	}
	declared := &c.Scheme.History[at]
	if made.SchemeID != c.Scheme.earlierScheme(declared) || result.SchemeHash != made.SchemeHash {
		return c.differ(path+".evaluation.sealed.state.scheme_id", c.Scheme.earlierScheme(declared), made.SchemeID, "以往结果出自另一个方案")
	}
	if want := EarlierPeriod(c.Evaluation.Period, cmp.Or(declared.Rhythm, c.Scheme.Rhythm), declared.Back); want != "" && made.Period != want {
		return c.differ(path+".evaluation.sealed.state.period", want, made.Period, "以往结果是另一期的")
	}
	past := result.Past()
	past.Hash = sheet.Full.Result
	c.past[part.ID] = past
	return ""
}

// sheet reads a sheet and its result and follows its proof to the root of its evaluation.
func (c *bundleCheck) sheet(path string, part *ResultPart, made *Evaluation) (*Sheet, *Result, string) {
	sheet, err := readSheet(part.Sheet)
	if err != nil {
		return nil, nil, c.differ(path+".sheet", "", "", fault.MessageOf(err))
	}
	result, err := ReadResult(sheet.Result)
	if err != nil {
		return nil, nil, c.differ(path+".sheet.result", "", "", fault.MessageOf(err))
	}
	if sum := hashOf(sheet.Facts); sum != result.Facts {
		return nil, nil, c.differ(path+".sheet.facts", result.Facts, sum, "事实的指纹与结果所记的不符（两者有一处被改动）")
	}
	if result.Period != made.Period {
		return nil, nil, c.differ(path+".sheet.result.period", made.Period, result.Period, "结果不是这一期的")
	}
	if !holds(part.Proof, int64(made.Count), int64(part.Index), sumOf(part.Sheet), made.Sheets) {
		return nil, nil, c.differ(path, "", "", "这份结果不在这次评价里，或者它和它的位置、证明有一处被改动")
	}
	return sheet, result, ""
}

// recompute evaluates again what everybody may see.
func (c *bundleCheck) recompute() string {
	sheet, err := readSheet(c.b.Result.Sheet)
	if err != nil {
		return c.differ("result.sheet", "", "", fault.MessageOf(err))
	}
	c.Sheet = sheet
	said, err := ReadResult(sheet.Result)
	if err != nil {
		return c.differ("result.sheet.result", "", "", fault.MessageOf(err))
	}
	c.Result = said
	if c.Scheme == nil || c.Evaluation == nil {
		return c.differ("result", "", "", "前面的步骤没有通过，没有重新计算")
	}
	if c.sub, err = c.Scheme.ReadSubject(sheet.Facts); err != nil {
		return c.differ("result.sheet.facts", "", "", fault.MessageOf(err))
	}
	if said.SchemeHash != c.Scheme.Hash {
		return c.differ("result.sheet.result.scheme.hash", c.Scheme.Hash, said.SchemeHash, "结果不是按这份方案得出的")
	}
	if want := c.Evaluation.Cohort; said.Cohort != want {
		return c.differ("result.sheet.result.cohort", want, said.Cohort, "全体统计不是这次评价的")
	}
	again := evaluateOpen(c.Scheme, c.cohort, c.sub, c.past, said)
	if d, ok := firstDifference("result.sheet.result", again.Canonical(), sheet.Result); ok {
		return c.differ(d.Path, d.Want, d.Got, "重新计算的结果不同")
	}
	if !c.Scheme.KeepsBack() {
		return fmt.Sprintf("%d 项指标逐字节相同", len(said.Lines))
	}
	return fmt.Sprintf("%d 项公开的指标逐字节相同；只公开合计的部分按合计计入", len(said.Lines))
}

func (c *bundleCheck) member() string {
	if c.Evaluation == nil {
		return c.differ("result", "", "", "前面的步骤没有通过，没有核对")
	}
	if _, _, said := c.sheet("result", &c.b.Result, c.Evaluation); said != "" {
		return said
	}
	return fmt.Sprintf("第 %d 份，共 %d 份", c.b.Result.Index+1, c.Evaluation.Count)
}

// full recomputes everything and holds what everybody may see against it.
func (c *bundleCheck) full() string {
	f := c.b.Full
	if c.Scheme == nil || c.Evaluation == nil || c.Sheet == nil {
		return c.differ("full", "", "", "前面的步骤没有通过，没有重新计算")
	}
	sub, err := c.Scheme.ReadSubject(f.Facts)
	if err != nil {
		return c.differ("full.facts", "", "", fault.MessageOf(err))
	}
	said, err := ReadResult(f.Result)
	if err != nil {
		return c.differ("full.result", "", "", fault.MessageOf(err))
	}
	if len(f.History) != len(c.b.History) {
		return c.differ("full.history", fmt.Sprint(len(c.b.History)), fmt.Sprint(len(f.History)), "以往结果的数目不同")
	}
	for i, raw := range f.History {
		path := fmt.Sprintf("full.history[%d]", i)
		if want := c.past[c.b.History[i].ID].Hash; hashOf(raw) != want {
			return c.differ(path, want, hashOf(raw), "以往结果的指纹不符")
		}
		past, err := ReadResult(raw)
		if err != nil {
			return c.differ(path, "", "", fault.MessageOf(err))
		}
		c.whole[c.b.History[i].ID] = past.Past()
	}
	again := Evaluate(c.Scheme, c.cohort, sub, c.whole)
	if d, ok := firstDifference("full.result", again.Canonical(), f.Result); ok {
		return c.differ(d.Path, d.Want, d.Got, "重新计算的结果不同")
	}
	sheet := c.Scheme.sheet(c.Sheet.About, &sub, said, f.Salt)
	if d, ok := firstDifference("result.sheet", sheet, c.b.Result.Sheet); ok {
		return c.differ(d.Path, d.Want, d.Got, "公开的部分不是由完整的结果得出的，或者盐不对")
	}
	if !holds(f.Proof, int64(c.Evaluation.Count), int64(c.b.Result.Index), sumOf(f.Result), c.Evaluation.Root) {
		return c.differ("full.proof", "", "", "完整的结果不在这次评价里，或者证明被改动")
	}
	return fmt.Sprintf("%d 项指标逐字节相同，与公开的部分相符", len(said.Lines))
}

// beijing is the zone in which people read moments.
var beijing = time.FixedZone("Asia/Shanghai", 8*60*60)

func (c *bundleCheck) checkpoint(key string) string {
	if key != "" && key != c.b.Key {
		return c.differ("key", key, c.b.Key, "包里的公钥不是指定的那一把")
	}
	cp, err := journal.OpenCheckpoint(c.b.Key, []byte(c.b.Checkpoint))
	if err != nil {
		path := "checkpoint"
		if !journal.SignedBy(c.b.Key, c.b.Checkpoint) {
			path = "key"
		}
		return c.differ(path, "", "", fault.MessageOf(err))
	}
	c.Checkpoint = &cp
	said := fmt.Sprintf("北京时间 %s，覆盖日志第 1 至 %d 条", cp.At.In(beijing).Format("2006-01-02 15:04"), cp.Size)
	if key == "" {
		return said + "；用的是包里自带的公钥，只说明包前后一致"
	}
	return said + "；与指定的公钥相符"
}

// entries follows every record into the log.
func (c *bundleCheck) entries() string {
	if c.Checkpoint == nil {
		return c.differ("checkpoint", "", "", "没有可用的检查点，没有核对")
	}
	entries := c.b.entries()
	for _, e := range entries {
		if e.entry.N > c.Checkpoint.Size {
			return c.differ("checkpoint", fmt.Sprintf("至少 %d 条", e.entry.N), fmt.Sprintf("%d 条", c.Checkpoint.Size), "检查点比 "+e.path+" 早")
		}
		hash, err := parseHash(e.entry.Hash)
		if err != nil {
			return c.differ(e.path+".hash", "", e.entry.Hash, fault.MessageOf(err))
		}
		if !holds(e.entry.Proof, c.Checkpoint.Size, e.entry.N-1, hash, hex.EncodeToString(c.Checkpoint.Root[:])) {
			return c.differ(e.path, "", "", "这条记录不在检查点所签的日志里，或者它的指纹、序号、证明有一处被改动")
		}
	}
	return fmt.Sprintf("%d 条记录都在", len(entries))
}

// signature checks that every member is what was signed.
func (c *bundleCheck) signature(data []byte) string {
	found, err := digests(data)
	if err != nil {
		return c.differ("digests", "", "", fault.MessageOf(err))
	}
	names := maps.Clone(found)
	maps.Copy(names, c.b.Digests)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if found[name] != c.b.Digests[name] {
			return c.differ(name, c.b.Digests[name], found[name], "这一部分的指纹与 digests 所记的不符（两者有一处被改动）")
		}
	}
	if err := journal.CheckText(c.b.Key, statementOf(found), c.b.Signature); err != nil {
		return c.differ("signature", "", "", fault.MessageOf(err))
	}
	return "签名相符"
}

// firstDifference holds two canonical JSON texts against each other.
func firstDifference(path string, want, got []byte) (Difference, bool) {
	if bytes.Equal(want, got) {
		return Difference{}, false
	}
	var w, g any
	if journal.Decode(want, &w) != nil || journal.Decode(got, &g) != nil {
		return Difference{Path: path}, true
	}
	if d, ok := differs(path, w, g); ok {
		return d, true
	}
	return Difference{Path: path}, true // the same values, written in another way
}

func differs(path string, want, got any) (Difference, bool) {
	switch w := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			break
		}
		names := maps.Clone(w)
		maps.Copy(names, g)
		for _, name := range slices.Sorted(maps.Keys(names)) {
			if d, ok := differs(path+"."+name, w[name], g[name]); ok {
				return d, true
			}
		}
		return Difference{}, false
	case []any:
		g, ok := got.([]any)
		if !ok {
			break
		}
		for i := range max(len(w), len(g)) {
			if d, ok := differs(fmt.Sprintf("%s[%d]", path, i), element(w, i), element(g, i)); ok {
				return d, true
			}
		}
		return Difference{}, false
	case nil, bool, string, float64:
		if want == got {
			return Difference{}, false
		}
	}
	return Difference{Path: path, Want: said(want), Got: said(got)}, true
}

func element(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

// said writes a value of JSON for people.
func said(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	text, _ := json.Marshal(v) // it was read from JSON
	return string(text)
}
