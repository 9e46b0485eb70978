package web

import (
	"reflect"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/journal"
	"redsteward/policy"
	"redsteward/policy/policytest"
	"redsteward/registry"
	"redsteward/supervision/veto"
)

// TestTold: places and values of the log are told in words: lists by number, maps by key, days and moments in China, money in yuan, codes by their words.
func TestTold(t *testing.T) {
	for path, want := range map[string]string{"project|contracts[2].fee": "合同第 2 项 › 物业费（每平方米每月）", "fund|balances.due": "余额 › 应缴余额", "filing|values[area]": "各项值“area”", "none|nothing": "nothing"} {
		kind, at, _ := strings.Cut(path, "|")
		if got, _ := tellPlace(kind, at); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if _, unit := tellPlace("project", "contracts[2].fee"); unit != "元" {
		t.Errorf("a fee is told in %q", unit)
	}
	for _, one := range []struct {
		of                any
		unit, value, want string
	}{
		{calendar.Date{}, "", "2026-10-19", "2026年10月19日"}, {journal.Time{}, "", "2026-10-19T16:30:00.000Z", "2026年10月20日 00:30"}, {false, "", "true", "是"}, {int64(0), "元", "123456", "1,234.56 元"}, {int64(0), "百分之一", "9203", "92.03"},
		{int64(0), "", "400", "400"}, {registry.BodyKind(""), "", "committee", registry.TextOf(registry.BodyKinds(), registry.BodyKind("committee"))}, {veto.State(""), "", string(veto.InForce), "认定生效"}, {policy.Role(""), "", "administrator", "系统管理员"},
		{"", "", "东湖路1号", "东湖路1号"}, {registry.BodyKind(""), "", "gone", "gone"},
	} {
		if got := tellValue(policytest.Rules(t), reflect.TypeOf(one.of), one.unit, one.value); got != one.want {
			t.Errorf("%T %s: %s, want %s", one.of, one.value, got, one.want)
		}
	}
}
