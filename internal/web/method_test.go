package web

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"redsteward/rating"
)

// programWords are names of a scheme's file that somebody without it cannot read; a unit may stand beside a number.
var programWords = regexp.MustCompile(`[A-Za-z]+[._][A-Za-z]|[A-Za-z_]{4,}| [?] |&&|==`)

func readScheme(t *testing.T, file string) *rating.Scheme {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	scheme, err := rating.ParseScheme(data)
	if err != nil {
		t.Fatal(err)
	}
	return scheme
}

// TestMethodInWords: no line of the method guide of a shipped scheme that is in Chinese shows how the program calls a thing.
func TestMethodInWords(t *testing.T) {
	files, err := filepath.Glob("../../configs/schemes/*.yaml")
	if err != nil || len(files) < 6 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if strings.Contains(file, "toronto") { // its items are in English
			continue
		}
		scheme := readScheme(t, file)
		v := describeScheme(&board{}, scheme)
		lines := []string{v.Total, v.Promotion}
		for _, g := range v.Groups {
			lines = append(lines, g.How)
			for _, in := range g.Indicators {
				lines = append(lines, in.Rule, in.Absent)
			}
		}
		for _, list := range [][]ruleLine{v.Adjust, v.Outputs, v.Eligibility, v.Rollups} {
			for _, l := range list {
				lines = append(lines, l.Said)
			}
		}
		for _, g := range v.Grades {
			lines = append(lines, g.When)
		}
		for _, line := range lines {
			if found := programWords.FindString(line); found != "" {
				t.Errorf("%s: %q in %s", filepath.Base(file), found, line)
			}
		}
	}
}

// TestExprText: conditions, choices and what stands in brackets, read as sentences.
func TestExprText(t *testing.T) {
	scheme := readScheme(t, "../../configs/schemes/five-goods-year.yaml")
	for _, tt := range []struct{ expr, want string }{
		{"known.application ? !application.none : true", "有“星级申报”的记录时，要“星级申报”不是“未申报”"},
		{"party_form.no_form ? 0 : instructor_visits", "“企业党组织形式”是“无”时计 0，否则计“党建指导员到企业指导（已到/应到）”"},
		{"(rate.service - 0.5) * 2", "（“服务质量好”得分率 － 0.5） × 2"},
		{"rate.service - (0.5 - 0.25)", "“服务质量好”得分率 － （0.5 － 0.25）"},
		{"veto_decisions.active > 0 ? 0 : total", "有效的“一票否决认定书”件数 > 0 时计 0，否则计总分"},
		{"history.q1.known && !history.last.known", "有“第一季度得分”，并且没有“上一年星级”"},
		{"min(rate.team, 1) + round(total, 2)", "最小的一个（“党员队伍好”得分率、1） ＋ 四舍五入到 2 位小数（总分）"},
		{"nothing at all", "nothing at all"},
	} {
		if got := exprText(rating.Expr(tt.expr), scheme); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.expr, got, tt.want)
		}
	}
}
