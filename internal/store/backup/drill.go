package backup

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

const (
	drillHead = "redsteward drill 1"
	// maxDrill bounds what is read of a result, in bytes.
	maxDrill = 64 << 10
	// unsigned stands in the place of the signature of a drill in which the key of the log could not be reached.
	unsigned = "-"
)

// drillName is how results of drills are called: by their time.
var drillName = regexp.MustCompile(`^drill-[0-9]{8}T[0-9]{6}Z\.txt$`)

// Drill is what came out when a backup was restored to try it. It lies beside the backup.
type Drill struct {
	// At is when it ended, UTC; Seconds how long it took.
	At      time.Time `json:"at"`
	Seconds int64     `json:"seconds"`
	// Made, Record and Root are those of the backup, Files and Bytes what it holds.
	Made   time.Time `json:"made"`
	Record int64     `json:"record"`
	Root   string    `json:"root"`
	Files  int64     `json:"files"`
	Bytes  int64     `json:"bytes"`
	// OK: everything was put back and examined without a problem; Problems counts those of the examination, Why is what stopped it, Chinese.
	OK       bool   `json:"ok"`
	Problems int64  `json:"problems,omitempty"`
	Why      string `json:"why,omitempty"`
	// Key is the public key of the log that was restored; "" if it was not reached.
	Key string `json:"key,omitempty"`
}

// Keep writes the result beside the backup, signed by the key of the log that was restored; sign is nil if that was not reached, which a drill that passed never is. Returns Unavailable if the folder cannot be written.
func (d *Drill) Keep(dir string, sign func(text string) (string, error)) error {
	const op = "backup.Drill.Keep"
	if d.OK && sign == nil {
		return fault.New(op, fault.Internal, "通过的演练要有签名")
	}
	content, err := json.Marshal(d)
	if err != nil {
		return fault.Wrap(op, fault.Internal, "", err)
	}
	text, signature := drillHead+"\n"+string(content)+"\n", unsigned
	if sign != nil {
		if signature, err = sign(text); err != nil {
			return err
		}
	}
	name := filepath.Join(dir, "drill-"+d.At.UTC().Format("20060102T150405Z")+".txt")
	if err := os.WriteFile(name, []byte(text+"\n"+signature+"\n"), 0o600); err != nil {
		return fault.Wrap(op, fault.Unavailable, "演练的结果不能写进备份文件夹", err)
	}
	return nil
}

// LastDrill returns the newest result beside a backup. Returns NotFound if there is none, Invalid if it was changed: one that passed must be signed by key, the public key of the log, or by the key that it names if key is "".
func LastDrill(dir, key string) (Drill, error) {
	const op = "backup.LastDrill"
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Drill{}, unreadable(op, err)
	}
	var names []string
	for _, e := range entries {
		if drillName.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	if len(names) == 0 {
		return Drill{}, fault.New(op, fault.NotFound, "还没有演练过")
	}
	name := slices.Max(names)
	broken := func(err error) (Drill, error) {
		return Drill{}, fault.Wrap(op, fault.Invalid, "演练结果 "+name+" 不可用：内容被改过，或者没有写完", err)
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return Drill{}, unreadable(op, err)
	}
	if len(data) > maxDrill {
		return broken(nil)
	}
	head, rest, _ := strings.Cut(string(data), "\n")
	content, signature, ok := strings.Cut(rest, "\n\n")
	signature, ended := strings.CutSuffix(signature, "\n")
	var d Drill
	if !ok || !ended || head != drillHead {
		return broken(nil)
	}
	if err := journal.DecodeStrict([]byte(content), &d); err != nil {
		return broken(err)
	}
	switch {
	case signature == unsigned && d.OK:
		return broken(errors.New("a drill that passed is signed"))
	case signature == unsigned:
		return d, nil
	case key != "" && d.Key != key:
		return broken(errors.New("another key"))
	}
	if err := journal.CheckText(d.Key, head+"\n"+content+"\n", signature); err != nil {
		return broken(err)
	}
	return d, nil
}
