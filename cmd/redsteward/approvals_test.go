//go:build !race

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
	const password = "Red-Steward-2026!"
	// hired puts two people into each of some offices.
	hired := func(roles ...policy.Role) {
		t.Helper()
		var log bytes.Buffer
		s, err := openService(&program{ctx: t.Context(), out: &log, errOut: &log, now: func() time.Time { return october }}, settings, true)
		if err != nil {
			t.Fatal(err)
		}
		if empty, err := s.accounts.SetupOpen(t.Context()); err == nil && empty {
			err = s.accounts.Setup(t.Context(), s.accounts.SetupToken(), "zhang", "张三", password)
			if err != nil {
				t.Fatal(err)
			}
		}
		admin, err := s.accounts.ActorOf(t.Context(), "zhang")
		if err != nil {
			t.Fatal(err)
		}
		var people []policy.Newcomer
		for _, role := range roles {
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
	}
	hired("property_officer", "section_chief", "deputy_director", "community_secretary", "industry_secretary", "organisation", "director", "inspector", "community_worker", "township_party")
	if text, code := askProgram(t, october, nil, "check", "--data", dir); code != exitFailed || !strings.Contains(text, "保修金使用审批：“支付”要 1 名不同的人，现有 0 名能办") || !strings.Contains(text, "保修金收款与月报：“登记、编制”要 1 名") {
		t.Errorf("without a cashier: exit %d\n%s", code, text)
	}
	hired("cashier")
	strict := filepath.Join(t.TempDir(), "approvals.yaml")
	shipped, err := os.ReadFile("../../configs/approvals.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(strict, []byte(strings.Replace(string(shipped), "deputies: [deputy_director]", "unit: u:fund", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	// In the files below, the office that signs is held by nobody: once for the stars, the circular and the letters, once for one seat among several of a confirmation.
	rewritten := func(id, seat, other string) string {
		t.Helper()
		before, after, found := strings.Cut(string(shipped), "- id: "+id)
		if !found || !strings.Contains(after, seat) {
			t.Fatal("no way of approval ", id)
		}
		path := filepath.Join(t.TempDir(), "approvals.yaml")
		if err := os.WriteFile(path, []byte(before+"- id: "+id+strings.Replace(after, seat, other, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	vacant := func(id string) string {
		return rewritten(id, "{role: section_chief, deputies: [deputy_director]}", "{role: legal_officer}")
	}
	outside := filepath.Join(t.TempDir(), "approvals.yaml")
	stars := strings.Index(string(shipped), "- id: publish-year")
	if err := os.WriteFile(outside, []byte(string(shipped[:stars])+strings.Replace(string(shipped[stars:]), "{role: section_chief, deputies: [deputy_director]}", "{role: organisation}", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	together := filepath.Join(t.TempDir(), "confirmations.yaml")
	if err := os.WriteFile(together, []byte("chains:\n  - id: party\n    version: 1\n    title: 党建事实逐级确认\n    basis: 建议\n    facts: [training]\n    levels:\n      - {name: 会签, seats: [{role: organisation}, {role: township_party, unit: \"u:none\"}]}\n"), 0o600); err != nil {
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
		{"nobody signs the stars", []string{vacant("publish-year"), "--data", dir}, exitFailed, "年度星级公布审批：“股长审核”要 1 名不同的人，现有 0 名能办"},
		{"nobody signs the circular", []string{vacant("publish-quarter"), "--data", dir}, exitFailed, "季度通报审批：“股长审核”要 1 名不同的人，现有 0 名能办"},
		{"an office signs that may not open it", []string{outside, "--data", dir}, exitFailed, "“股长审核”要 1 名不同的人，现有 0 名能办；组织部（社会工作部）经办人有席位，但没有“查看评价周期与预览”的权限，打不开要签的内容"},
		{"nobody signs letters", []string{vacant("fund-letter"), "--data", dir}, exitFailed, "保修金督促、补存、催缴文书审批：“股长签发”要 1 名不同的人，现有 0 名能办"},
		// Who signs a decision about a star neither hears the firm nor answers its appeal: the seats take in everybody who could.
		{"nobody is left to hear a firm about its star", []string{rewritten("star-decision", "{role: section_chief, deputies: [deputy_director]}", "{role: section_chief}"), "--data", dir}, exitFailed, "降星、摘牌联审：“股长、组织部（社会工作部）会签”“听取陈述申辩”要 2 名不同的人，一人不在就只剩 1 名"},
		{"nobody is left to answer its appeal", []string{rewritten("star-decision", "{role: organisation}", "{role: deputy_director, deputies: [director]}\n              - {role: director, deputies: [deputy_director]}"), "--data", dir}, exitFailed, "“分管局领导签发”“作出申诉决定”要 4 名不同的人，一人不在就只剩 3 名"},
		{"one of several confirms nothing", []string{together, "--data", dir}, exitFailed, "党建事实逐级确认：“会签”要 1 名不同的人，现有 0 名能办"},
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
