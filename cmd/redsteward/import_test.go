//go:build !race

package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redsteward/internal/report"
)

// TestImportCommand: 17 errors are told by row and nothing is written; without errors a dry run writes nothing, and the import is that of the page, once.
func TestImportCommand(t *testing.T) {
	work := t.TempDir()
	dir := filepath.Join(work, "data")
	env := []string{"REDSTEWARD_STORE_URI=" + dir}
	put := func(name, text string) string {
		t.Helper()
		data := []byte(text)
		if strings.HasSuffix(name, ".xlsx") {
			var err error
			if data, err = report.FromCSV(data); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(work, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
		return filepath.Join(work, name)
	}
	// bureau opens the data for a moment.
	bureau := func(do func(s *service)) {
		t.Helper()
		settings, err := loadConfig("", env, nil)
		if err != nil {
			t.Fatal(err)
		}
		p := &program{ctx: t.Context(), out: io.Discard, errOut: io.Discard, now: func() time.Time { return october }}
		s, err := openService(p, settings, true)
		if err != nil {
			t.Fatal(err)
		}
		do(s)
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
	}
	records := func() (n int64) {
		bureau(func(s *service) { n = lastOf(t, s) })
		return n
	}
	firms := put("firms.csv", firmHeads+"赣北物业服务有限公司,91360428MA7XAMPL5W,市场化,13800000000,2015-06-30\n")
	wrong := put("wrong.xlsx", projectHeads+",,,四百,别墅\n,,,五百,洋房\n,,,-,楼\n望湖苑,360428100001,东湖路1号,四百户,小区\n")
	right := put("right.xlsx", projectHeads+"望湖苑,360428100001,东湖路1号,400,商品住宅\n临江苑,360428100001,东湖路2号,220,商品住宅\n")

	asked(t, env, exitInput, "", "import", "firms", firms)
	if _, err := os.Stat(dir); err == nil {
		t.Error("an import made a folder")
	}
	bureau(func(s *service) {
		if err := s.seedDivisions(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	asked(t, env, exitInput, "有 0 个账号可以导入", "import", "firms", firms)
	bureau(func(s *service) {
		if err := s.accounts.Setup(t.Context(), s.accounts.SetupToken(), "admin", "陈立", "Duchang-2026!"); err != nil {
			t.Fatal(err)
		}
	})
	asked(t, env, exitInput, "没有“stars”这一种导入", "import", "stars", firms)
	asked(t, env, exitInput, "没有这个文件", "import", "firms", filepath.Join(work, "none.xlsx"))
	asked(t, env, exitInput, "", "import", "firms", firms, "--as", "nobody")
	before := records()
	text := asked(t, env, exitInput, "17 处", "import", "projects", wrong)
	if !strings.Contains(text, "第 2 行  ") || !strings.Contains(text, "第 5 行  ") || !strings.Contains(text, "4 行有错") || strings.Count(text, "  ") < 17 {
		t.Errorf("the faults are told as\n%s", text)
	}
	asked(t, env, exitOK, "没有写入", "import", "projects", right, "--dry-run")
	if after := records(); after != before {
		t.Errorf("refused and dry runs wrote %d records", after-before)
	}
	asked(t, env, exitOK, "已导入：新增 1 行", "import", "firms", firms, "--as", "admin")
	asked(t, env, exitOK, "已导入：新增 2 行", "import", "projects", right)
	before = records()
	asked(t, env, exitOK, "没有变化 2 行", "import", "projects", right)
	if after := records(); after != before {
		t.Errorf("importing the same again wrote %d records", after-before)
	}
	bureau(func(*service) { // the folder is taken while somebody works on it
		asked(t, env, exitFailed, "正被占用", "import", "projects", right)
	})
	asked(t, env, exitOK, "没有问题", "doctor")
}
