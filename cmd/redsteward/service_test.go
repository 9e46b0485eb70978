package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"redsteward/internal/store/mongo/mongotest"
)

// running is the real program, started as an operator would.
type running struct {
	cmd     *exec.Cmd
	address string
	printed string // What it printed up to the address, this line included.
	errOut  *bytes.Buffer
	out     io.Reader
	temp    string // its folder for temporary files
}

// addressPrinted finds the address in the lines that serve and demo print.
var addressPrinted = regexp.MustCompile(`https?://127\.0\.0\.1:\d+`)

// startProgram starts the program without any setting of this machine and waits for the address it prints.
func startProgram(t testing.TB, command string, args ...string) *running {
	t.Helper()
	r := launch(exec.Command(command, args...), t)
	r.await(t)
	return r
}

// launch starts a command with the environment that it has, in a folder of its own.
func launch(cmd *exec.Cmd, t testing.TB) *running {
	t.Helper()
	r := &running{cmd: cmd, errOut: &bytes.Buffer{}, temp: t.TempDir()}
	r.cmd.Env, r.cmd.Dir, r.cmd.Stderr = append(cmd.Env, "HOME="+t.TempDir(), "TMPDIR="+r.temp), t.TempDir(), r.errOut
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	r.out = out
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if r.cmd.ProcessState == nil {
			_ = r.cmd.Process.Kill()
			_ = r.cmd.Wait()
		}
		if t.Failed() {
			t.Logf("%s", r.errOut)
		}
	})
	return r
}

// await reads until the address is printed.
func (r *running) await(t testing.TB) {
	t.Helper()
	lines := bufio.NewScanner(r.out)
	for lines.Scan() {
		r.printed += lines.Text() + "\n"
		if r.address = addressPrinted.FindString(lines.Text()); r.address != "" {
			break
		}
	}
	if r.address == "" {
		t.Fatalf("no address was printed:\n%s%s", r.printed, r.errOut)
	}
	go func() { _, _ = io.Copy(io.Discard, r.out) }()
}

// get fetches a page.
func (r *running) get(t testing.TB, path string) (status int, body string) {
	t.Helper()
	client := &http.Client{Timeout: time.Minute}
	answer, err := client.Get(r.address + path)
	if err != nil {
		t.Fatalf("%s: %v\n%s", path, err, r.errOut)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// stop ends the program as a service manager does; it must end by itself and without complaint.
func (r *running) stop(t testing.TB) {
	t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, r.errOut)
	}
}

// outcome runs the program to its end.
func outcome(t testing.TB, command string, args ...string) (text string, code int) {
	t.Helper()
	cmd := exec.Command(command, args...)
	cmd.Env, cmd.Dir = []string{"HOME=" + t.TempDir()}, t.TempDir()
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// TestServe: the defaults start a working service; a second writer is refused while verify may read; a stop is clean and the folder opens again.
func TestServe(t *testing.T) {
	command := builtCommand(t)
	dir := filepath.Join(t.TempDir(), "data")
	args := []string{"serve", "--set", "listen=127.0.0.1:0", "--set", "store.uri=" + dir}
	first := startProgram(t, command, args...)
	for _, path := range []string{"/", "/healthz", "/readyz", "/signin", "/setup"} {
		if status, body := first.get(t, path); status != http.StatusOK {
			t.Errorf("GET %s: %d\n%.300s", path, status, body)
		}
	}
	if status, _ := first.get(t, "/no-such-page"); status != http.StatusNotFound {
		t.Errorf("an unknown page answers %d", status)
	}
	out, code := outcome(t, command, args...)
	if code != exitFailed || !strings.Contains(out, "数据目录正被占用：进程 ") {
		t.Errorf("a second writer: exit %d\n%s", code, out)
	}
	if out, code := outcome(t, command, "verify", dir); code != exitOK {
		t.Errorf("verify beside the service: exit %d\n%s", code, out)
	}
	first.stop(t)
	again := startProgram(t, command, args...)
	if status, _ := again.get(t, "/readyz"); status != http.StatusOK {
		t.Errorf("after a restart: %d", status)
	}
	again.stop(t)
	if out, code := outcome(t, command, "verify", dir); code != exitOK || !strings.Contains(out, "核验通过") {
		t.Errorf("verify after the stop: exit %d\n%s", code, out)
	}
}

// TestServeMetrics: the second port tells the figures of the store too.
func TestServeMetrics(t *testing.T) {
	metrics := mongotest.Address(t)
	r := startProgram(t, builtCommand(t), "serve", "--set", "listen=127.0.0.1:0", "--set", "metrics="+metrics, "--set", "store.uri="+filepath.Join(t.TempDir(), "data"))
	served := *r
	served.address = "http://" + metrics
	status, text := served.get(t, "/metrics")
	for _, want := range []string{`\nredsteward_log_records \d+\n`, `\nredsteward_pending_records \d+\n`, `\nprocess_resident_memory_bytes `} {
		if status != http.StatusOK || !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("status %d, nothing is like %q in\n%.3000s", status, want, text)
		}
	}
	r.stop(t)
	// A first start seeds the 337 divisions of the shipped table and records every file of the configuration; each of fewer than thirty jobs may have added two records by then.
	files := regexp.MustCompile(`"configuration recorded","files":\[([^\]]+)\]`).FindStringSubmatch(r.errOut.String())
	records := regexp.MustCompile(`\nredsteward_log_records (\d+)\n`).FindStringSubmatch(text)
	if files == nil || records == nil {
		t.Fatalf("no files or no records: %v %v", files, records)
	}
	least := 337 + strings.Count(files[1], ",") + 1
	if n, err := strconv.Atoi(records[1]); err != nil || n < least || n > least+60 {
		t.Errorf("%s records, want %d and those of the jobs", records[1], least)
	}
}

// TestServeRefuses: what cannot be used is said, and nothing is made.
func TestServeRefuses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if _, errOut, code := runMain(t, "serve", "--set", "store.uri="+dir, "--set", "listen=nowhere"); code != exitInput || !strings.Contains(errOut, "listen: 要写成 地址:端口") {
		t.Errorf("exit %d %s", code, errOut)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a folder was made")
	}
}

// TestDemoOnce rates the rows that the program carries, and leaves nothing behind.
func TestDemoOnce(t *testing.T) {
	out, errOut, code := runMain(t, "demo", "--rentsafe", "--once")
	if code != exitOK {
		t.Fatalf("exit %d\n%s", code, errOut)
	}
	for _, want := range []string{"十二栋虚构建筑", "共 12 行", "得分"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "own.txt"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errOut, code := runMain(t, "demo", "--once", "--data", full); code != exitInput || !strings.Contains(errOut, "不是空文件夹") {
		t.Errorf("a folder in use: exit %d %s", code, errOut)
	}
}

// TestDemo: ranking and the lines of one building are pages; what was stored verifies.
func TestDemo(t *testing.T) {
	command := builtCommand(t)
	dir := filepath.Join(t.TempDir(), "data")
	demo := startProgram(t, command, "demo", "--rentsafe", "--data", dir, "--listen", "127.0.0.1:0")
	for _, role := range []string{"admin", "inspector", "firm-manager", "auditor"} {
		if !regexp.MustCompile(`(?m)^` + role + ` +\S{10,}`).MatchString(demo.printed) {
			t.Errorf("no account of %s was printed:\n%s", role, demo.printed)
		}
	}
	_, board := demo.get(t, "/")
	link := regexp.MustCompile(`href="(/stars/[^"/?#]+)"`).FindStringSubmatch(board)
	if link == nil {
		t.Fatalf("no building on the board:\n%.2000s", board)
	}
	if status, page := demo.get(t, link[1]); status != http.StatusOK || !strings.Contains(page, "得分") {
		t.Errorf("GET %s: %d", link[1], status)
	}
	demo.stop(t)
	if out, code := outcome(t, command, "verify", dir); code != exitOK {
		t.Errorf("verify: exit %d\n%s", code, out)
	}
}
