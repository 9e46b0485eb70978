package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/policy"
)

// TestCheckStaffing: what cannot be staffed with the accounts of a folder is named, and the files that are checked with it count.
func TestCheckStaffing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	settings, err := loadConfig("", nil, []string{"store.uri=" + dir})
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	s, err := openService(&program{ctx: t.Context(), out: &log, errOut: &log, now: func() time.Time { return october }}, settings, true)
	if err != nil {
		t.Fatal(err)
	}
	const password = "Red-Steward-2026!"
	if err := s.accounts.Setup(t.Context(), s.accounts.SetupToken(), "zhang", "张三", password); err != nil {
		t.Fatal(err)
	}
	admin, err := s.accounts.ActorOf(t.Context(), "zhang")
	if err != nil {
		t.Fatal(err)
	}
	var people []policy.Newcomer
	for _, role := range []policy.Role{"property_officer", "section_chief", "deputy_director", "community_secretary", "industry_secretary", "organisation", "director", "inspector", "community_worker"} {
		for n := range 2 {
			people = append(people, policy.Newcomer{Login: loginOf(role, n), Name: "李四", Appointment: policy.Appointment{Role: role, Unit: policy.County, Scopes: []string{policy.County},
				Days: policy.Span{From: calendar.DateOf(october)}}})
		}
	}
	if _, err := s.accounts.CreateShared(t.Context(), admin, password, people); err != nil {
		t.Fatal(err)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	strict := filepath.Join(t.TempDir(), "approvals.yaml")
	shipped, err := os.ReadFile("../../configs/approvals.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(strict, []byte(strings.Replace(string(shipped), "deputies: [deputy_director]", "unit: u:fund", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		args []string
		code int
		said string
	}{
		{"nothing to check", nil, exitInput, "请写明要检查的文件"},
		{"enough people", []string{"--data", dir}, exitOK, "缺一个人时也有"},
		{"the files that are checked count", []string{strict, "--data", dir}, exitFailed, "登记备案审批：“股长审核”要 1 名不同的人，现有 0 名能办"},
		{"no such folder", []string{"--data", dir + "x"}, exitInput, ""},
	} {
		text, code := askProgram(t, october, nil, append([]string{"check"}, tt.args...)...)
		if code != tt.code || !strings.Contains(text, tt.said) {
			t.Errorf("%s: exit %d, want %d with %q:\n%s", tt.name, code, tt.code, tt.said, text)
		}
		if strings.Contains(text, "李四") {
			t.Errorf("%s: a name is printed:\n%s", tt.name, text)
		}
	}
}
