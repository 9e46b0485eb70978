//go:build !race

// Like doctor_test.go: commands of one goroutine.

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExportPublic copies what is public, and finds one changed byte in it.
func TestExportPublic(t *testing.T) {
	dir, out := demoFolder(t), filepath.Join(t.TempDir(), "public")
	args := []string{"export", "public", "--data", dir, "--site", "https://in.example.org/", out}
	for range 2 { // the second one replaces the first
		if text, code := askProgram(t, october, nil, args...); code != exitOK || !strings.Contains(text, "已导出") {
			t.Fatalf("exit %d\n%s", code, text)
		}
	}
	for file, parts := range map[string][]string{
		"index.html":  {"静态页面，2026年10月", `href="https://in.example.org/signin"`, `href="method.html"`},
		"method.html": {"评价办法", `href="index.html"`},
		"plate.html":  {`<a href="https://in.example.org/plate">办理页面</a>`},
	} {
		data, err := os.ReadFile(filepath.Join(out, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range parts {
			if !strings.Contains(string(data), part) {
				t.Errorf("%s: no %s", file, part)
			}
		}
		if text := string(data); strings.Contains(text, "<script") || strings.Contains(text, "<form") || strings.Contains(text, `href="/`) {
			t.Errorf("%s still asks a server", file)
		}
	}
	text, code := askProgram(t, october, nil, "verify", out)
	if code != exitOK || !strings.Contains(text, "核验通过") {
		t.Errorf("verify: exit %d\n%s", code, text)
	}
	key := strings.TrimSpace(text[strings.Index(text, "日志公钥")+len("日志公钥"):])
	key, _, _ = strings.Cut(key, "\n")
	if text, code := askProgram(t, october, nil, "verify", "--key", key, out); code != exitOK || strings.Contains(text, "自带") {
		t.Errorf("verify with the key: exit %d\n%s", code, text)
	}
	page := filepath.Join(out, "method.html")
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(page, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if text, code := askProgram(t, october, nil, "verify", out); code != exitFailed || !strings.Contains(text, "method.html：内容与清单不符") {
		t.Errorf("verify of a changed page: exit %d\n%s", code, text)
	}
	if text, code := askProgram(t, october, nil, "verify", dir); code != exitOK {
		t.Errorf("the data folder: exit %d\n%s", code, text)
	}
	for _, wrong := range [][]string{{"--site", "in.example.org", out}, {"--site", "javascript:x", out}, {dir}} {
		if text, code := askProgram(t, october, nil, append([]string{"export", "public", "--data", dir}, wrong...)...); code != exitInput {
			t.Errorf("%v: exit %d\n%s", wrong, code, text)
		}
	}
}
