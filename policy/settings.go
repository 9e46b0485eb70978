package policy

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/store"
)

// SettingsKind is the kind of the records about configuration files.
const SettingsKind = "settings"

const (
	// settingsPacked is the largest packed text that is kept of a file, in bytes: a record holds 64 KiB.
	settingsPacked = 40_000
	// settingsTold is how many bytes of changed lines one record tells, settingsLine how many characters of a line.
	settingsTold = 16_000
	settingsLine = 300
)

// Setting is a configuration file as it was in force when a process began to serve. A deleted document is a file that no longer is.
type Setting struct {
	// File is the name under which the program carries the file, whatever file of the operator's stands in its place; Source is where it was read.
	File   string `json:"file" privacy:"public"`
	Source string `json:"source" privacy:"public"`
	// Digest is the SHA-256 of its lines without secrets, hex: of a file that holds none the one that sha256sum tells. Lines counts them.
	Digest string `json:"digest" privacy:"public"`
	Lines  int64  `json:"lines"`
	// Text are the lines without secrets, packed; "" if there are too many.
	Text string `json:"text,omitempty" privacy:"internal"`
	// Program is the version of the program, Process which process found it so.
	Program string `json:"program" privacy:"public"`
	Process string `json:"process" privacy:"public"`
	// Changes are the lines that differ from what was recorded before, none in the first record of a file; More is how many others differ.
	Changes []SettingChange `json:"changes,omitempty"`
	More    int64           `json:"more,omitempty"`
}

// SettingChange is a changed place of a configuration file.
type SettingChange struct {
	// Place is the number of the line, with what stands above it in a list; Before and After are the line, "" for one that was added or taken away.
	Place  string `json:"place" privacy:"public"`
	Before string `json:"before,omitempty" privacy:"public"`
	After  string `json:"after,omitempty" privacy:"public"`
}

// SettingFile is a configuration file in force.
type SettingFile struct {
	// Name and Source are File and Source of Setting. Name is one to three parts of [0-9A-Za-z._-], joined by "/".
	Name, Source string
	// Data are its bytes.
	Data []byte
	// Words says in Chinese what a line means, "" if the line says it itself; nil for a file whose lines all do.
	Words func(line string) string
	// Hides is a name whose values are secrets in this file, beside those that say so themselves; "" for none.
	Hides string
}

// SettingsLog records which configuration is in force (等保 8.1.4.3: who can change a file of the server must not be able to do so unseen).
//
//  1. A file is recorded when it differs from what was recorded last, in one record, whoever and however many look at the same time.
//  2. No secret is kept: what looks like one is replaced by a code made with a key of the store, by which only a change of it is noticed.
type SettingsLog struct {
	db   *store.DB
	rows *store.Collection[Setting]
}

// NewSettingsLog opens the record of the configuration on a store.
func NewSettingsLog(ctx context.Context, db *store.DB) (*SettingsLog, error) {
	rows, err := store.NewCollection(ctx, db, store.Kind[Setting]{Name: SettingsKind, Version: 1, AlwaysPresent: true})
	return &SettingsLog{db: db, rows: rows}, err
}

// Record compares the files in force with what was recorded last, records each that differs, and each that is no longer in force, and returns the names of these. program is the version of the program, process says which process it is.
// Returns Invalid for two files of one name.
func (l *SettingsLog) Record(ctx context.Context, program, process string, files []SettingFile) (changed []string, err error) {
	now := map[string]bool{}
	for i := range files {
		f := &files[i]
		if now[f.Name] {
			return changed, fault.New("policy.Record", fault.Invalid, "两个配置文件同名："+f.Name)
		}
		now[f.Name] = true
		did, err := l.record(ctx, program, process, f)
		if err != nil {
			return changed, err
		}
		if did {
			changed = append(changed, f.Name)
		}
	}
	for doc, err := range l.rows.Each(ctx) {
		if err != nil {
			return changed, err
		}
		if now[doc.ID] {
			continue
		}
		_, err := l.rows.Delete(ctx, settingsMeta(doc.ID+"：不再使用"), doc.ID, doc.Seq)
		switch {
		case fault.Is(err, fault.Conflict): // another process said so
		case err != nil:
			return changed, err
		default:
			changed = append(changed, doc.ID)
		}
	}
	return changed, nil
}

func settingsMeta(why string) store.Meta {
	return store.Meta{By: SystemActor().ID, Action: RecordSettings, Why: why}
}

// record records one file, if it differs.
func (l *SettingsLog) record(ctx context.Context, program, process string, f *SettingFile) (bool, error) {
	text := l.withoutSecrets(string(f.Data), f.Hides)
	sum := sha256.Sum256([]byte(text))
	next := Setting{File: f.Name, Source: f.Source, Digest: hex.EncodeToString(sum[:]), Lines: int64(len(linesOf(text))), Program: program, Process: process}
	for {
		head, err := l.rows.Head(ctx, f.Name)
		first := fault.Is(err, fault.NotFound) || err == nil && head.Deleted
		switch {
		case err != nil && !first:
			return false, err
		case !first && head.State.Digest == next.Digest && head.State.Source == next.Source:
			return false, nil
		}
		next.Changes, next.More = nil, 0
		why := "第一次记录"
		if !first {
			if err := next.compare(&head.State, text, f.Words); err != nil {
				return false, err
			}
			why = fmt.Sprintf("改了 %d 处", int64(len(next.Changes))+next.More)
		}
		if next.Text, err = packText(text); err != nil {
			return false, err
		}
		_, err = l.rows.Commit(ctx, settingsMeta(f.Name+"："+why), f.Name, head.Seq, next)
		if fault.Is(err, fault.Conflict) { // another process: what did it find?
			continue
		}
		return err == nil, err
	}
}

// compare puts in what differs from the record before.
func (s *Setting) compare(before *Setting, text string, words func(string) string) error {
	told := 0
	add := func(c SettingChange) {
		for _, side := range []*string{&c.Before, &c.After} {
			if words != nil && *side != "" {
				if meaning := words(*side); meaning != "" {
					*side = strings.TrimSpace(*side) + "（" + meaning + "）"
				}
			}
			if runes := []rune(*side); len(runes) > settingsLine {
				*side = string(runes[:settingsLine]) + "…"
			}
		}
		if told += len(c.Place) + len(c.Before) + len(c.After); told > settingsTold {
			s.More++
			return
		}
		s.Changes = append(s.Changes, c)
	}
	if s.Source != before.Source {
		add(SettingChange{Place: "文件", Before: before.Source, After: s.Source})
	}
	if s.Digest == before.Digest {
		return nil
	}
	if before.Text == "" {
		add(SettingChange{Place: "全文", Before: fmt.Sprintf("%d 行，指纹 %s", before.Lines, before.Digest), After: fmt.Sprintf("%d 行，指纹 %s", s.Lines, s.Digest)})
		return nil
	}
	old, err := unpackText(before.Text)
	if err != nil {
		return err
	}
	for _, c := range changedLines(linesOf(old), linesOf(text)) {
		if strings.TrimSpace(c.Before)+strings.TrimSpace(c.After) != "" { // empty lines came or went
			add(c)
		}
	}
	return nil
}

// linesOf are the lines of a text, without the empty one behind the last.
func linesOf(text string) []string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	if n := len(lines); lines[n-1] == "" {
		lines = lines[:n-1]
	}
	return lines
}

// What may be a secret: the value of a name that says so, a login within an address, a value behind such a name in an address, and a key in its armour.
var (
	secretName = regexp.MustCompile(`(?i)([\w.-]*(?:secret|token|passw|pwd|credential|api_?key|private_?key|master_?key|access_?key|authorization)[\w.-]*|[^\s:：=#,]*(?:口令|密码|密钥))(["']?\s*[:：=]\s*)([^\s].*)$`)
	secretURI  = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s/"'@]*@[^\s"']*`)
	secretBear = regexp.MustCompile(`(?i)\b(bearer|basic)\s+[^\s"']+`)
	secretPart = regexp.MustCompile(`(?i)[?&;][\w.-]*(?:key|sign|sig|ak|sk)=[^&\s"']+`)
	armour     = regexp.MustCompile(`-----BEGIN [^-]*-----`)
	// blockName is a secret name whose value stands in the lines below.
	blockName = regexp.MustCompile(`(?i)^\s*(?:- )?["']?[\w.-]*(?:secret|token|passw|pwd|credential|api_?key|private_?key|master_?key|access_?key)[\w.-]*["']?\s*:\s*[|>]?[+-]?\s*$`)
	// taken is what stands in the place of a secret.
	taken = regexp.MustCompile(`〔隐去 [0-9a-f]{16}〕`)
)

// withoutSecrets replaces what looks like a secret by a code of it. Too much is taken rather than too little: that a harmless value changed is told all the same.
func (l *SettingsLog) withoutSecrets(text, hides string) string {
	var hidden *regexp.Regexp
	if hides != "" {
		hidden = regexp.MustCompile(`(?:^|[\s{,\[])` + regexp.QuoteMeta(hides) + `["']?\s*:\s*(\S.*)$`)
	}
	code := func(value string) string { return "〔隐去 " + l.db.MAC(SettingsKind, value)[:16] + "〕" }
	lines := strings.SplitAfter(text, "\n")
	block, armoured := -1, false
	for i, whole := range lines {
		line := strings.TrimRight(whole, "\r\n")
		end := whole[len(line):]
		indent := len(line) - len(strings.TrimLeft(line, " \t"))
		inBlock := block >= 0 && indent > block && strings.TrimSpace(line) != ""
		if block >= 0 && !inBlock && strings.TrimSpace(line) != "" {
			block = -1
		}
		armoured = armoured || armour.MatchString(line)
		switch {
		case strings.TrimSpace(line) == "":
		case inBlock || armoured:
			line = line[:indent] + code(line)
		case blockName.MatchString(line):
			block = indent
		default:
			line = secretURI.ReplaceAllStringFunc(line, code)
			line = secretBear.ReplaceAllStringFunc(line, code)
			line = secretPart.ReplaceAllStringFunc(line, code)
			if hidden != nil {
				line = hidden.ReplaceAllStringFunc(line, func(found string) string {
					value := hidden.FindStringSubmatch(found)[1]
					return strings.TrimSuffix(found, value) + code(value)
				})
			}
			line = secretName.ReplaceAllStringFunc(line, func(found string) string {
				m := secretName.FindStringSubmatch(found)
				if value := strings.Trim(m[3], `"' `); value == "" {
					return found
				}
				return m[1] + m[2] + code(m[3])
			})
		}
		if strings.Contains(whole, "-----END ") {
			armoured = false
		}
		lines[i] = line + end
	}
	return strings.Join(lines, "")
}

// withoutCodes puts words for what was taken from a line.
func withoutCodes(line, words string) string { return taken.ReplaceAllString(line, words) }

// packText packs a text for a record; "" if it is too large.
func packText(text string) (string, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	packed := base64.StdEncoding.EncodeToString(b.Bytes())
	if len(packed) > settingsPacked {
		return "", nil
	}
	return packed, nil
}

func unpackText(packed string) (string, error) {
	data, err := base64.StdEncoding.DecodeString(packed)
	if err == nil {
		var r *gzip.Reader
		if r, err = gzip.NewReader(bytes.NewReader(data)); err == nil {
			data, err = io.ReadAll(r)
		}
	}
	if err != nil {
		return "", fault.Wrap("policy.unpackText", fault.Internal, "配置文件的记录已损坏", err)
	}
	return string(data), nil
}

// comparedCells bounds the table by which two texts are compared; what differs of longer ones is told as one piece.
const comparedCells = 4_000_000

// changedLines are the lines that differ, each of the old text beside that of the new one which stands in its place.
func changedLines(before, after []string) []SettingChange {
	start := 0
	for start < len(before) && start < len(after) && before[start] == after[start] {
		start++
	}
	endB, endA := len(before), len(after)
	for endB > start && endA > start && before[endB-1] == after[endA-1] {
		endB, endA = endB-1, endA-1
	}
	var out []SettingChange
	// pair tells one piece of each text that stand for each other.
	pair := func(b0, b1, a0, a1 int) {
		for i := 0; i < max(b1-b0, a1-a0); i++ {
			var c SettingChange
			if b0+i < b1 {
				c.Before, c.Place = before[b0+i], placeOf(before, b0+i, "原第 ")
			}
			if a0+i < a1 {
				c.After, c.Place = after[a0+i], placeOf(after, a0+i, "第 ")
			}
			hidden := "（已更改，不记录内容）"
			if c.Before == "" || c.After == "" {
				hidden = "（不记录内容）"
			}
			c.Before, c.After = withoutCodes(c.Before, "（不记录内容）"), withoutCodes(c.After, hidden)
			out = append(out, c)
		}
	}
	n, m := endB-start, endA-start
	if n*m > comparedCells {
		pair(start, endB, start, endA)
		return out
	}
	// common[i][j] is how many lines what is left of both from i and j on has in common.
	common := make([][]int32, n+1)
	for i := range common {
		common[i] = make([]int32, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if before[start+i] == after[start+j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j, b0, a0 := 0, 0, 0, 0
	for i < n || j < m {
		switch {
		case i < n && j < m && before[start+i] == after[start+j]:
			pair(start+b0, start+i, start+a0, start+j)
			i, j = i+1, j+1
			b0, a0 = i, j
		case j == m || i < n && common[i+1][j] >= common[i][j+1]:
			i++
		default:
			j++
		}
	}
	pair(start+b0, endB, start+a0, endA)
	return out
}

// placeOf names a line by its number and by the entries of a YAML file that it stands below, at most three.
func placeOf(lines []string, at int, before string) string {
	indentOf := func(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }
	var above []string
	indent := indentOf(lines[at])
	for i := at - 1; i >= 0 && indent > 0 && len(above) < 3; i-- {
		line := strings.TrimSpace(lines[i])
		if line == "" || strings.HasPrefix(line, "#") || indentOf(lines[i]) >= indent {
			continue
		}
		indent = indentOf(lines[i])
		if runes := []rune(line); len(runes) > 40 {
			line = string(runes[:40]) + "…"
		}
		above = append(above, strings.TrimSuffix(withoutCodes(line, "…"), ":"))
	}
	place := fmt.Sprintf("%s%d 行", before, at+1)
	if slices.Reverse(above); len(above) > 0 {
		place += "，在 " + strings.Join(above, " › ") + " 之下"
	}
	return place
}

// SettingName makes of the path of an operator's file the name under which it is recorded; shipped is the name of the file in whose place it stands, or of the folder, ending in "/", to which it is added.
func SettingName(shipped, file string) string {
	if !strings.HasSuffix(shipped, "/") {
		return shipped
	}
	base := strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '.' || r == '_' || r == '-' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z') {
			return r
		}
		return -1
	}, path.Base(file))
	if whole := path.Base(file); base != whole || len(base) > 60 { // a Chinese name: kept apart from others by its digest
		sum := sha256.Sum256([]byte(whole))
		base = hex.EncodeToString(sum[:4]) + "-" + base[max(0, len(base)-40):]
	}
	return shipped + cmp.Or(base, "file")
}
