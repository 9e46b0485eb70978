package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// builtCommand builds the command once for all tests of the process and returns its path.
func builtCommand(t testing.TB) string {
	t.Helper()
	name, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// builtFolder is where built put the command, "" as long as nobody asked for it; TestMain removes it.
var builtFolder string

var built = sync.OnceValues(func() (string, error) {
	var err error
	if builtFolder, err = os.MkdirTemp("", "redsteward-built-"); err != nil {
		return "", err
	}
	name := filepath.Join(builtFolder, "redsteward")
	build := exec.Command("go", "build", "-o", name, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0") // as everything but the race detector is built, so that nothing is compiled twice
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return name, nil
})

// runMain runs the command line in this process, at noon of a fixed day.
func runMain(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errOut bytes.Buffer
	p := &program{ctx: t.Context(), out: &out, errOut: &errOut, now: func() time.Time { return time.Date(2026, 10, 19, 4, 0, 0, 0, time.UTC) }}
	code = run(p, args)
	return out.String(), errOut.String(), code
}

// hashInText is what changes with every edit of a scheme.
var hashInText = regexp.MustCompile(`SHA-256 [0-9a-f]+`)

// TestScoreCommand runs the scripts in testdata/score against the built command. The lines of a script that begin with "redsteward" are command
// lines, run in a folder that holds the script's files; "> file" keeps an output for a later line, and "exit n" after a line is the code that is
// expected, 0 otherwise. What the lines print is compared with the files stdout and stderr of the script; the flag -update writes these anew.
func TestScoreCommand(t *testing.T) {
	command := builtCommand(t)
	demo, err := filepath.Abs("../../configs/demo")
	if err != nil {
		t.Fatal(err)
	}
	scripts, err := filepath.Glob("testdata/score/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, script := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(script), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(script)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			for _, f := range archive.Files {
				if err := os.WriteFile(filepath.Join(dir, f.Name), f.Data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got := runScript(t, command, dir, demo, string(archive.Comment))
			updated := false
			for name, text := range got {
				updated = compareGolden(t, archive, name, text) || updated
			}
			if updated {
				if err := os.WriteFile(script, txtar.Format(archive), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// runScript runs the command lines of a script and returns what they printed.
func runScript(t *testing.T, command, dir, demo, script string) map[string]string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	lines := strings.Split(script, "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, "redsteward ") {
			continue
		}
		line, keep, _ := strings.Cut(line, " > ")
		args := strings.Fields(strings.ReplaceAll(line, "$DEMO", demo))[1:]
		want := "exit 0"
		if i+1 < len(lines) && strings.HasPrefix(lines[i+1], "exit ") {
			want = lines[i+1]
		}
		run := exec.Command(command, args...)
		run.Dir, run.Stdout, run.Stderr = dir, &stdout, &stderr
		var kept bytes.Buffer
		if keep != "" {
			run.Stdout = &kept
		}
		err := run.Run()
		var failed *exec.ExitError
		if err != nil && !errors.As(err, &failed) {
			t.Fatal(err)
		}
		if code := fmt.Sprintf("exit %d", run.ProcessState.ExitCode()); code != want {
			t.Errorf("%s: %s, want %s\n%s", line, code, want, stderr.String())
		}
		if keep != "" {
			if err := os.WriteFile(filepath.Join(dir, keep), kept.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	tidy := func(b *bytes.Buffer) string {
		return hashInText.ReplaceAllString(strings.ReplaceAll(b.String(), demo, "$DEMO"), "SHA-256 #")
	}
	return map[string]string{"stdout": tidy(&stdout), "stderr": tidy(&stderr)}
}

// compareGolden compares one output with what the script expects; true if it wrote it anew.
func compareGolden(t *testing.T, archive *txtar.Archive, name, got string) bool {
	t.Helper()
	for i := range archive.Files {
		f := &archive.Files[i]
		if f.Name != name {
			continue
		}
		if string(f.Data) == got {
			return false
		}
		if *update {
			f.Data = []byte(got)
			return true
		}
		t.Errorf("%s is\n%s\nwant\n%s", name, got, f.Data)
		return false
	}
	if got == "" {
		return false
	}
	if *update {
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(got)})
		return true
	}
	t.Errorf("unexpected %s:\n%s", name, got)
	return false
}

// TestScoreReportsProblemsBeforePrinting makes sure that a table that goes wrong in its last row prints no row at all.
func TestScoreReportsProblemsBeforePrinting(t *testing.T) {
	dir := t.TempDir()
	table := filepath.Join(dir, "hunan.csv")
	var b strings.Builder
	b.WriteString("项目,基础管理,房屋管理与维修养护,共用设施设备,秩序维护,环境,管理效益,加分\n")
	for i := range 3000 {
		fmt.Fprintf(&b, "p%d,1,1,1,1,1,1,1\n", i)
	}
	b.WriteString("last,1,1,1,1,1,1,1e3\n")
	if err := os.WriteFile(table, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"csv", "json", "table"} {
		out, errOut, code := runMain(t, "score", "--scheme", "hunan", "--facts", table, "--format", format)
		if code != exitInput || out != "" || !strings.Contains(errOut, "3002:8 加分") {
			t.Errorf("%s: exit %d, %d bytes printed, stderr %q", format, code, len(out), errOut)
		}
	}
}

// TestScoreKeepsOrderAndCount scores the dozen rows in the order of the file.
func TestScoreKeepsOrderAndCount(t *testing.T) {
	out, errOut, code := runMain(t, "score", "--scheme", "rentsafe-toronto", "--facts", "../../configs/demo/rentsafe-toronto.csv", "--format", "csv")
	if code != exitOK || errOut != "" {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	got, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open("../../configs/demo/rentsafe-toronto.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(in) || strings.Join(got[0], ",") != "id,total,grade,current" {
		t.Fatalf("%d rows for %d, head %v", len(got), len(in), got[0])
	}
	for i := 1; i < len(in); i++ {
		if want := in[i][0] + "/" + in[i][2]; got[i][0] != want {
			t.Errorf("row %d is %s, want %s", i, got[i][0], want)
		}
	}
}
