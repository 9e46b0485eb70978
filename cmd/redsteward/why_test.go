//go:build !race

package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWhy(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	settings, err := loadConfig("", nil, []string{"store.uri=" + dir})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	p := &program{ctx: t.Context(), out: &log, errOut: &log, now: func() time.Time { return october }}
	s, err := openService(p, settings, false)
	if err != nil {
		t.Fatal(err)
	}
	err = s.accounts.Setup(t.Context(), s.accounts.SetupToken(), "zhang", "张三", "Red-Steward-2026!")
	if err != nil {
		t.Fatal(err)
	}
	err = s.close()
	if err != nil {
		t.Fatal(err)
	}

	tests := []struct {
		name string
		args []string
		code int
		said []string
	}{
		{"allowed, by which line", []string{"--actor", "zhang", "--action", "account.create"}, exitOK, []string{"可以", "系统管理员", "roles.csv 第"}},
		{"the login is read as people write it", []string{"--actor", " Zhang", "--action", "account.create"}, exitOK, []string{"可以"}},
		{"inside the county", []string{"--actor", "zhang", "--action", "account.read", "--row", "p:1", "--row", "county"}, exitOK, []string{"在任职范围内"}},
		{"the public", []string{"--actor", "-", "--action", "account.create"}, exitFailed, []string{"不可以", "没有一行允许", "系统管理员"}},
		{"nobody of that name", []string{"--actor", "wang", "--action", "account.create"}, exitInput, []string{"没有用户名 wang"}},
		{"no such action", []string{"--actor", "zhang", "--action", "account.fly"}, exitInput, []string{"没有 account.fly", "account.create"}},
		{"no such scope", []string{"--actor", "zhang", "--action", "account.read", "--row", "x:1"}, exitInput, []string{"x:1 不是范围"}},
		{"a date without a row", []string{"--actor", "zhang", "--action", "account.read", "--date", "2026-10-19"}, exitInput, []string{"--row"}},
		{"no date", []string{"--actor", "zhang", "--action", "account.read", "--row", "p:1", "--date", "19.10."}, exitInput, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text, code := askProgram(t, october, nil, append([]string{"why", "--data", dir}, test.args...)...)
			if code != test.code {
				t.Errorf("exit %d, want %d\n%s", code, test.code, text)
			}
			for _, want := range test.said {
				if !strings.Contains(text, want) {
					t.Errorf("%q is missing in\n%s", want, text)
				}
			}
			if strings.Contains(text, "张三") {
				t.Errorf("a name is printed:\n%s", text)
			}
		})
	}
}
