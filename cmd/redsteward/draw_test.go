package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"redsteward/supervision"
	"redsteward/supervision/inspection"
	"redsteward/supervision/survey"
)

// TestDrawCommand draws published files again: the same, a changed list with its difference, what is no such file.
func TestDrawCommand(t *testing.T) {
	folder := t.TempDir()
	write := func(name string, value any) string {
		t.Helper()
		data, err := json.Marshal(value)
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Join(folder, name)
	}
	lists := inspection.Lists{Count: 1, PerFirm: 1, Persons: 2, Departments: []string{"县住建局"}, Objects: []inspection.Object{{Project: "p1", Name: "东街花园", Firm: "f1", Company: "甲物业", Weight: 2}, {Project: "p2", Name: "望湖苑", Firm: "f2", Company: "乙物业", Weight: 1}},
		Inspectors: []inspection.Inspector{{Key: "检查人员1", Department: "县住建局"}, {Key: "检查人员2", Department: "县住建局"}}}
	before := inspection.DrawFile{Draw: inspection.DrawFormat, Title: "第三季度抽查", Commitment: supervision.Commitment("5eed"), Digest: lists.Digest(), Lists: lists}
	made := before
	made.Seed, made.Picks = "5eed", lists.Draw("5eed")
	changed := made
	changed.Lists.Objects = append([]inspection.Object{{Project: "p9", Name: "新花园", Firm: "f9", Company: "丙物业", Weight: 1}}, lists.Objects[1:]...)
	sample := survey.DrawFile{Draw: survey.DrawFormat, Title: "望湖苑 2026 年满意度调查", Commitment: supervision.Commitment("5eed"), Seed: "5eed", Frame: []survey.Block{{Name: "1幢", Households: 5}}, Invited: 5, Places: [][]int64{{1, 2, 3, 4, 5}}}
	short := sample
	short.Places = [][]int64{{1, 2, 3, 4}}
	for _, tt := range []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"the same again", []string{write("draw.json", made)}, exitOK, []string{"名单 2 个小区、2 名检查人员，重新抽取 1 个小区，与公布的相同"}},
		{"with the list of before", []string{write("draw.json", made), "--before", write("before.json", before)}, exitOK, []string{"与公布的相同"}},
		{"a changed list", []string{write("changed.json", changed), "--before", write("before.json", before)}, exitFailed, []string{"有 2 处", "少了：小区 p1 东街花园 f1 甲物业 2 签", "多了：小区 p9 新花园"}},
		{"a changed list alone", []string{write("changed.json", changed)}, exitFailed, []string{"名单被改过", "--before"}},
		{"a survey", []string{write("survey.json", sample)}, exitOK, []string{"重新抽取 5 户，与公布的相同"}},
		{"a changed survey", []string{write("short.json", short)}, exitFailed, []string{"1幢：重新抽取得到 [1 2 3 4 5]"}},
		{"another file", []string{write("other.json", map[string]string{"draw": "x"})}, exitInput, []string{"不是抽取文件"}},
		{"a field that nobody knows", []string{write("more.json", map[string]any{"draw": survey.DrawFormat, "hidden": 1})}, exitInput, []string{"hidden"}},
		{"no file", []string{filepath.Join(folder, "none.json")}, exitInput, []string{"没有这个文件"}},
	} {
		out, errOut, code := runMain(t, append([]string{"draw"}, tt.args...)...)
		for _, want := range tt.want {
			if !strings.Contains(out+errOut, want) {
				t.Errorf("%s: %s%s lacks %q", tt.name, out, errOut, want)
			}
		}
		if code != tt.code {
			t.Errorf("%s: exit code %d, want %d", tt.name, code, tt.code)
		}
	}
}
