// Package pdf makes a PDF of a page with a Chromium that is installed on the server (批量打印).
//
//  1. Chromium gets one file and nothing else: a page that holds everything that it shows (style, pictures as data:), without script. No address is asked for: the page's own policy forbids it, and every name and every connection of the browser leads nowhere.
//  2. It knows nothing of the service: it gets a folder of its own, which goes with it, and an environment without any of ours.
//  3. One runs at a time. Who comes while others wait longer than Wait, or while Queue wait already, is told so (Unavailable); nothing is left running, its whole group is ended after Limit.
//  4. Its sandbox stays on, unless the service runs as root, where Chromium has none.
package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"redsteward/internal/fault"
)

// The bounds of a printer whose own are zero.
const (
	// DefaultWait is how long somebody waits for his turn, DefaultLimit how long one PDF may take, DefaultQueue how many wait at most.
	DefaultWait  = 10 * time.Second
	DefaultLimit = 15 * time.Second
	DefaultQueue = 4
	// maxPage and maxPDF bound the bytes of a page and of what is made of it.
	maxPage = 128 << 20
	maxPDF  = 128 << 20
)

// Printer makes PDFs with the Chromium at a path. It is safe for concurrent use.
type Printer struct {
	path        string
	wait, limit time.Duration
	turn        chan struct{}
	queue       chan struct{}
}

// New is a printer with the Chromium at an absolute path; wait, limit and queue as in the constants, zero for those. Returns Invalid if there is no program at the path.
func New(path string, wait, limit time.Duration, queue int) (*Printer, error) {
	const op = "pdf.New"
	if !filepath.IsAbs(path) {
		return nil, fault.New(op, fault.Invalid, "print.chromium 要写完整路径，例如 /usr/bin/chromium")
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return nil, fault.New(op, fault.Invalid, "print.chromium 写的“"+path+"”不是可以运行的程序；没有装 Chromium 的空着")
	}
	if wait == 0 {
		wait = DefaultWait
	}
	if limit == 0 {
		limit = DefaultLimit
	}
	if queue == 0 {
		queue = DefaultQueue
	}
	return &Printer{path: path, wait: wait, limit: limit, turn: make(chan struct{}, 1), queue: make(chan struct{}, queue+1)}, nil
}

// Path is the program that it runs.
func (p *Printer) Path() string { return p.path }

// Version is what the program calls itself. Returns Unavailable, with what it said, if it does not run here.
func (p *Printer) Version(ctx context.Context) (string, error) {
	said, err := p.run(ctx, "", []string{"--version"})
	if err != nil {
		return "", fault.Wrap("pdf.Version", fault.Unavailable, "Chromium 在这里不能运行："+said, err)
	}
	return said, nil
}

// busy is told to who comes while others wait.
const busy = "服务器正在生成别人的 PDF，请过一会儿再下载；着急的，在打印窗口里选“另存为 PDF”"

// Print makes a PDF of a page that holds everything that it shows. Returns Unavailable if others are first, it takes too long, or Chromium does not do it; Invalid for a page that is too large.
func (p *Printer) Print(ctx context.Context, page []byte) (out []byte, err error) {
	const op = "pdf.Print"
	if len(page) > maxPage {
		return nil, fault.New(op, fault.Invalid, "文书和照片太多，请分几次打印")
	}
	select {
	case p.queue <- struct{}{}:
		defer func() { <-p.queue }()
	default:
		return nil, fault.New(op, fault.Unavailable, busy)
	}
	if err := p.wins(ctx); err != nil {
		return nil, fault.Wrap(op, fault.Unavailable, busy, err)
	}
	defer func() { <-p.turn }()
	dir, err := os.MkdirTemp("", "redsteward-pdf-")
	if err != nil {
		return nil, fault.Wrap(op, fault.Internal, "", err)
	}
	defer func() {
		if gone := os.RemoveAll(dir); err == nil && gone != nil {
			out, err = nil, fault.Wrap(op, fault.Internal, "", gone)
		}
	}()
	file, made := filepath.Join(dir, "page.html"), filepath.Join(dir, "page.pdf")
	if err := os.WriteFile(file, page, 0o600); err != nil {
		return nil, fault.Wrap(op, fault.Internal, "", err)
	}
	said, err := p.run(ctx, dir, []string{"--print-to-pdf=" + made, "--no-pdf-header-footer", "file://" + file})
	if err != nil {
		return nil, err
	}
	f, err := os.Open(made)
	if err != nil {
		return nil, fault.Wrap(op, fault.Unavailable, "服务器上的 Chromium 没有生成 PDF，请告诉系统管理员", fmt.Errorf("%w: %s", err, said))
	}
	defer f.Close() //nolint:errcheck // only read
	out, err = io.ReadAll(io.LimitReader(f, maxPDF+1))
	if err == nil && (len(out) > maxPDF || !bytes.HasPrefix(out, []byte("%PDF-"))) {
		err = errors.New("it is none, or too large: " + said)
	}
	if err != nil {
		return nil, fault.Wrap(op, fault.Unavailable, "服务器上的 Chromium 没有生成完整的 PDF，请告诉系统管理员", err)
	}
	return out, nil
}

// wins waits for one's turn, which one has at once if nobody else does. Returns the error of the context when it waited too long.
func (p *Printer) wins(ctx context.Context) error {
	select {
	case p.turn <- struct{}{}:
		return nil
	default:
	}
	ctx, stop := context.WithTimeout(ctx, p.wait)
	defer stop()
	select {
	case p.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// flags make Chromium a printer of one file: no window, no script, no connection, nothing kept.
func flags(dir string) []string {
	out := []string{"--headless", "--disable-gpu", "--disable-extensions", "--disable-sync", "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-breakpad", "--disable-crash-reporter",
		"--disable-dev-shm-usage", "--no-first-run", "--no-default-browser-check", "--mute-audio", "--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9", "--proxy-bypass-list=<-loopback>", "--user-data-dir=" + filepath.Join(dir, "profile")}
	if os.Geteuid() == 0 {
		out = append(out, "--no-sandbox")
	}
	return out
}

// run runs Chromium in a folder, "" for none, and ends its whole group when the time is over. said is the last line that it said.
func (p *Printer) run(ctx context.Context, dir string, args []string) (said string, err error) {
	const op = "pdf.run"
	ctx, stop := context.WithTimeout(ctx, p.limit)
	defer stop()
	if dir != "" {
		args = append(flags(dir), args...)
	}
	c := exec.CommandContext(ctx, p.path, args...)
	c.Dir, c.Env = dir, []string{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "HOME=" + dir, "TMPDIR=" + dir, "XDG_CONFIG_HOME=" + dir, "XDG_CACHE_HOME=" + dir}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = time.Second
	all := &tail{}
	c.Stdout, c.Stderr = all, all
	err = c.Run()
	if c.Process != nil {
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // what its children left
	}
	lines := strings.Split(strings.TrimSpace(string(all.b)), "\n")
	said = lines[len(lines)-1]
	switch {
	case ctx.Err() != nil:
		return said, fault.Wrap(op, fault.Unavailable, fmt.Sprintf("生成 PDF 超过 %.0f 秒，已经停止；请少选几份再下载", p.limit.Seconds()), ctx.Err())
	case err != nil:
		return said, fault.Wrap(op, fault.Unavailable, "服务器上的 Chromium 不能运行，请告诉系统管理员", fmt.Errorf("%w: %s", err, said))
	}
	return said, nil
}

// tail keeps the end of what a program says.
type tail struct{ b []byte }

// mostSaid bounds what is kept of it.
const mostSaid = 4096

// Write implements io.Writer.
func (h *tail) Write(p []byte) (int, error) {
	h.b = append(h.b, p...)
	if n := len(h.b) - mostSaid; n > 0 {
		h.b = h.b[n:]
	}
	return len(p), nil
}
