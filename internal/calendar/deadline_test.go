package calendar_test

import (
	"os"
	"path/filepath"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

func TestShippedRules(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "configs", "deadlines.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := calendar.ParseRules("deadlines.yaml", data)
	if err != nil {
		t.Fatal(fault.FieldsOf(err))
	}
	// A few that pages and journeys count on, with what their texts say.
	for id, want := range map[string]calendar.Rule{
		"handover.file":     {N: 30, Unit: calendar.UnitDay, Rolls: true},
		"handover.complete": {N: 15, Unit: calendar.UnitDay, Before: true},
		"fund.term":         {N: 8, Unit: calendar.UnitYear, Proposal: true},
		"rating.objection":  {N: 3, Unit: calendar.UnitWorkday, Proposal: true},
		"filing.committee":  {N: 30, Unit: calendar.UnitDay, Rolls: true},
	} {
		r, err := rules.Find(id)
		if err != nil {
			t.Error(err)
			continue
		}
		if r.N != want.N || r.Unit != want.Unit || r.Before != want.Before || r.Rolls != want.Rolls || r.Proposal != want.Proposal {
			t.Errorf("%s: %+v, want %+v", id, r, want)
		}
		if r.AsOf.IsZero() {
			t.Errorf("%s has no date beside its basis", id)
		}
	}
	if _, err := rules.Find("no.such"); !fault.Is(err, fault.NotFound) {
		t.Errorf("err = %v", err)
	}
	if n := len(rules.All()); n < 60 {
		t.Errorf("only %d rules", n)
	}
}

func TestRuleMistakes(t *testing.T) {
	_, err := calendar.ParseRules("d.yaml", []byte(`as_of: 2026-13-01
deadlines:
  - {id: a.b, name: 甲, from: 乙, n: 5, unit: 周, basis: 丙, proposal: true}
  - {id: A, name: 甲, from: 乙, n: -5, unit: 日, basis: 丙, proposal: true}
  - {id: a.c, name: 甲, from: 乙, n: 101, unit: 年, basis: 丙, proposal: ja}
  - {id: a.c, name: 甲, from: 乙, n: 5, unit: 日, before: true, rolls: true, basis: 丙, proposal: true}
  - {id: a.d, name: 甲, from: 乙, n: 5, unit: 工作日, rolls: true, basis: 丙, proposal: true}
  - {id: a.e, name: 甲, from: 乙, n: 5, unit: 日, days: 3}
`))
	checkFields(t, err, []string{
		"d.yaml:1:8 as_of 的值 \"2026-13-01\" 不对",
		"d.yaml:3:45 deadlines[1].unit 的值 \"周\" 不对：单位只能是",
		"d.yaml:4:10 id \"A\" 要写成",
		"d.yaml:4:34 n 要在 0 到 3650 之间",
		"d.yaml:5:36 n 要在 0 到 100 之间",
		"d.yaml:5:70 deadlines[3].proposal 只能是 true 或 false",
		"d.yaml:6:10 id a.c 已经有了",
		"d.yaml:6:69 事件之前的期限不能顺延",
		"d.yaml:7:57 按工作日计算的期限不会落在休息日",
		"d.yaml:8:5 缺少 deadlines[6].basis",
		"d.yaml:8:5 缺少 deadlines[6].proposal",
		"d.yaml:8:48 没有 deadlines[6].days 这个键",
	})
}

func FuzzParseRules(f *testing.F) {
	f.Add("as_of: 2026-11-01\ndeadlines:\n  - {id: a.b, name: 甲, from: 乙, n: 5, unit: 日, basis: 丙, proposal: true}\n")
	f.Fuzz(func(t *testing.T, text string) {
		rules, err := calendar.ParseRules("f", []byte(text))
		if err != nil {
			if len(fault.FieldsOf(err)) == 0 {
				t.Errorf("no place in %v", err)
			}
			return
		}
		for _, r := range rules.All() {
			if r.ID == "" || r.Basis == "" && r.N < 0 {
				t.Errorf("accepted %+v", r)
			}
		}
	})
}
