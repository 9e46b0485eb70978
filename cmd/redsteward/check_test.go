//go:build !race

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every shipped sheet is right, and a mistake in one is named with its place.
func TestCheckSheets(t *testing.T) {
	names, err := filepath.Glob("../../configs/checklists/*.yaml")
	if err != nil || len(names) != 6 {
		t.Fatal(names, err)
	}
	p := &program{}
	for _, name := range names {
		if kind, _, err := checkFile(name, p); err != nil || !strings.HasPrefix(kind, "走访评价表 ") {
			t.Errorf("%s: %q, %v", name, kind, err)
		}
	}
	data, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte(strings.Replace(string(data), "kind: visit", "kind: check", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := checkFile(bad, p); err == nil || !strings.Contains(err.Error(), "bad.yaml:") || !strings.Contains(err.Error(), "只能是 visit") {
		t.Error(err)
	}
}

// TestCheckCommand: every shipped file is recognised and right; a wrong one gives every mistake with its place, and exit 2.
func TestCheckCommand(t *testing.T) {
	var shipped []string
	for _, pattern := range []string{"redsteward.yaml", "deadlines.yaml", "confirmations.yaml", "roles.*", "calendar/*.csv", "schemes/*.yaml"} {
		names, err := filepath.Glob(filepath.Join("..", "..", "configs", pattern))
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		shipped = append(shipped, names...)
	}
	out, errOut, code := runMain(t, append([]string{"check", "--trials", "100"}, shipped...)...)
	if code != exitOK || strings.Count(out, "没有错误") != len(shipped) {
		t.Errorf("exit %d\n%s%s", code, out, errOut)
	}
	for _, tt := range []struct{ name, text, want string }{
		{"c.yaml", "listen: 127.0.0.1:1\nmetrix: x\n", "c.yaml:2:1: 没有 metrix 这个键"},
		{"d.yaml", "as_of: 2026-01-01\ndeadlines:\n  - {id: a.b, name: 甲, from: 乙, n: x, unit: 日, basis: 丙, proposal: true}\n", "d.yaml:3:36: deadlines[1].n 要写整数"},
		{"k.yaml", "chains:\n  - {id: party, version: 1, title: 甲, basis: 建议, facts: [a, a], levels: [{name: 一级, role: property_officer}]}\n", "k.yaml:2:61: 事实 a 写了两次"},
		{"h.csv", "date,kind,name\n2026-02-30,off,春节\n", "h.csv:2:1: \"2026-02-30\" 不是日期"},
		{"e.yaml", "", "e.yaml：文件是空的"},
		{"f.csv", " \n", "f.csv：文件是空的"},
	} {
		file := written(t, tt.name, tt.text)
		out, _, code := runMain(t, "check", file)
		if code != exitInput || !strings.Contains(out, tt.want) {
			t.Errorf("%s: exit %d\n%s\nwant %s", tt.name, code, out, tt.want)
		}
	}
	if _, errOut, code := runMain(t, "check", filepath.Join(t.TempDir(), "none.yaml")); code != exitInput {
		t.Errorf("a file that is not there: exit %d %s", code, errOut)
	}
}
