package pdf

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/files"
)

// program writes a script that stands for Chromium.
func program(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "chromium")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// printer is one with a script.
func printer(t *testing.T, body string, wait, limit time.Duration, queue int) *Printer {
	t.Helper()
	p, err := New(program(t, body), wait, limit, queue)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// chromium is Debian's browser without a window, which the browser tests need too.
const chromium = "/usr/bin/chromium-headless-shell"

// TestPrint: the browser makes as many pages as there are sheets, and nothing stays behind.
func TestPrint(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	p, err := New(chromium, 0, time.Minute, 0)
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Print(t.Context(), []byte(`<!doctype html><meta charset="utf-8"><style>p{break-after:page}p:last-child{break-after:auto}</style><p>一</p><p>二</p><p>三</p>`))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := files.PDFPages(bytes.NewReader(out)); n != 3 || err != nil {
		t.Errorf("%d pages, %v; want 3", n, err)
	}
	if left, err := os.ReadDir(tmp); len(left) != 0 || err != nil {
		t.Errorf("left %v, %v", left, err)
	}
	if v, err := p.Version(t.Context()); err != nil || !strings.ContainsAny(v, "0123456789") {
		t.Errorf("its version is %q, %v", v, err)
	}
}

// TestRefused: what is wrong is said, nothing stays behind, and nothing of the service reaches the program.
func TestRefused(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	t.Setenv("REDSTEWARD_STORE_URI", "mongodb://secret")
	for _, path := range []string{"chromium", filepath.Join(tmp, "none"), tmp} {
		if _, err := New(path, 0, 0, 0); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "print.chromium") {
			t.Errorf("%s: %v", path, err)
		}
	}
	refused := func(name string, p *Printer, page []byte, kind fault.Kind, want string) {
		t.Helper()
		if out, err := p.Print(t.Context(), page); !fault.Is(err, kind) || !strings.Contains(err.Error(), want) || out != nil {
			t.Errorf("%s: %d bytes, %v", name, len(out), err)
		}
	}
	refused("it fails", printer(t, "echo 'no fonts' >&2; exit 3", 0, time.Minute, 0), nil, fault.Unavailable, "no fonts")
	refused("it makes nothing", printer(t, "exit 0", 0, time.Minute, 0), nil, fault.Unavailable, "没有生成 PDF")
	half := `for a; do case $a in --print-to-pdf=*) env > "${a#*=}";; esac; done`
	refused("it makes something else", printer(t, half, 0, time.Minute, 0), nil, fault.Unavailable, "没有生成完整的 PDF")
	whole := `for a; do case $a in --print-to-pdf=*) { echo %PDF-1.4; env; } > "${a#*=}";; esac; done`
	if out, err := printer(t, whole, 0, time.Minute, 0).Print(t.Context(), nil); err != nil || strings.Contains(string(out), "secret") || !strings.Contains(string(out), "TMPDIR="+tmp) {
		t.Errorf("its environment is %q, %v", out, err)
	}
	refused("a page beyond all bounds", printer(t, whole, 0, time.Minute, 0), make([]byte, maxPage+1), fault.Invalid, "分几次")

	// A program that hangs is ended with everything that it began; meanwhile others wait, and are told so.
	begun := filepath.Join(t.TempDir(), "begun")
	hangs := printer(t, "sleep 600 & echo $! > "+begun+".new && mv "+begun+".new "+begun+"; wait", time.Millisecond, time.Minute, 1)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := hangs.Print(ctx, nil)
		ended <- err
	}()
	for waits := true; waits; time.Sleep(time.Millisecond) {
		_, err := os.Stat(begun)
		waits = err != nil
		select {
		case err := <-ended:
			t.Fatalf("a program that hangs ended: %v", err)
		default:
		}
	}
	refused("another one runs", hangs, nil, fault.Unavailable, "请过一会儿")
	hangs.queue <- struct{}{} // one more who waits
	refused("others wait", hangs, nil, fault.Unavailable, "请过一会儿")
	<-hangs.queue
	stop()
	if err := <-ended; !fault.Is(err, fault.Unavailable) || !strings.Contains(fault.MessageOf(err), "超过") {
		t.Errorf("a program that hung: %v", err)
	}
	pid, err := os.ReadFile(begun)
	if err != nil {
		t.Fatal(err)
	}
	for { // what it began is gone, or waits to be reaped by who adopts it
		state, err := os.ReadFile("/proc/" + strings.TrimSpace(string(pid)) + "/stat")
		if err != nil || strings.Contains(string(state), ") Z ") {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if left, err := os.ReadDir(tmp); len(left) != 0 || err != nil {
		t.Errorf("left %v, %v", left, err)
	}
}
