package browsertest

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"

	"redsteward/internal/report"
	"redsteward/policy"
)

// builtProgram is the program, built as people get it.
func builtProgram(t *testing.T) string {
	t.Helper()
	command := filepath.Join(t.TempDir(), "redsteward")
	if out, err := exec.Command("go", "build", "-o", command, "../../../cmd/redsteward").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return command
}

// machine is a server without anything but the program: what it starts knows only what the command line says.
type machine struct {
	command string
	home    string
}

func (m *machine) asked(t *testing.T, words string, args ...string) {
	t.Helper()
	c := exec.Command(m.command, args...)
	c.Env = []string{"HOME=" + m.home, "TMPDIR=" + m.home}
	out, err := c.CombinedOutput()
	if err != nil || !strings.Contains(string(out), words) {
		t.Fatalf("%v lacks %q: %v\n%s", args, words, err, out)
	}
}

// serves starts the service and waits until it printed something; it returns what that names first, the address, and what stops it.
func (m *machine) serves(t *testing.T, until *regexp.Regexp, set ...string) (found, base string, stop func()) {
	t.Helper()
	args := []string{"serve", "--set", "listen=127.0.0.1:0", "--set", "tls.mode=off"}
	for _, s := range set {
		args = append(args, "--set", s)
	}
	c := exec.Command(m.command, args...)
	c.Env = []string{"HOME=" + m.home, "TMPDIR=" + m.home}
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		if err := c.Wait(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	said := ""
	for lines := bufio.NewScanner(out); found == "" && lines.Scan(); {
		said += lines.Text() + "\n"
		if parts := until.FindStringSubmatch(said); parts != nil {
			found = parts[1]
		}
	}
	base = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(said)
	if found == "" || base == "" {
		t.Fatalf("the program printed\n%s", said)
	}
	return found, base, stop
}

// TestJourney14 is an administrator on a fresh server: one file copied, start, first password, the guide, firms and projects from Excel with seventeen mistakes that become none, an appointment, 运行状况, doctor, a backup that is
// tried, and the same bureau on another machine from the backup and the key.
func TestJourney14(t *testing.T) {
	work := t.TempDir()
	here := &machine{builtProgram(t), t.TempDir()}
	data, backups, other := filepath.Join(work, "data"), filepath.Join(work, "backups"), filepath.Join(work, "other")
	set := []string{"store.uri=" + data, "backup.folder=" + backups}
	token, base, stop := here.serves(t, regexp.MustCompile(`一次性设置口令：(\S+)`), set...)
	f := &Fixture{Base: base}
	tb := newTab(t, browser(t))
	look := func(path string, words ...string) {
		t.Helper()
		if status := tb.open(t, f.Base+path, 390, 844); status != 200 {
			t.Fatalf("%s: status %d", path, status)
		}
		check(t, tb, "journey14 "+path, 390, 200)
		tb.shoot(t, "journey14"+strings.ReplaceAll(path, "/", "-"))
		tb.says(t, words...)
	}
	const password = "Duchang-2026!"
	look("/setup", "首次启动")
	tb.submit(t, map[string]string{"token": token, "login": "admin", "name": "陈立", "password": password, "again": password})
	signIn(t, tb, f, "admin", password)
	wantPath(t, tb, "/todo")
	look("/help", "新服务器上线", "首个管理员", "演练恢复")

	upload := func(kind, text string, words ...string) {
		t.Helper()
		book, err := report.FromCSV([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), kind+".xlsx")
		if err := os.WriteFile(file, book, 0o600); err != nil {
			t.Fatal(err)
		}
		tb.open(t, f.Base+"/register/imports?kind="+kind, 1440, 900)
		tb.do(t, chromedp.SetUploadFiles("#file", []string{file}))
		tb.submitBelow(t)
		tb.says(t, words...)
	}
	const heads = "小区名称,社区（村）,地址,户数,物业类型\n"
	upload("firms", "企业名称,统一社会信用代码,企业性质,联系电话,成立日期\n赣北物业服务有限公司,91360428MA7XAMPL5W,市场化,13800000000,2015-06-30\n", "新增 1 行")
	tb.imported(t)
	upload("projects", heads+",,,四百,别墅\n,,,五百,洋房\n,,,-,楼\n望湖苑,360428100001,东湖路1号,四百户,小区\n", "17 处", "下载标错的 Excel")
	upload("projects", heads+"望湖苑,360428100001,东湖路1号,400,商品住宅\n临江苑,360428100001,东湖路2号,220,商品住宅\n", "新增 2 行")
	tb.imported(t)
	look("/register/projects", "望湖苑", "临江苑")

	tb.open(t, f.Base+"/admin/accounts/new", 1440, 900)
	tb.submit(t, map[string]string{"login": "wangli", "name": "王立新"})
	press(t, tb, "main a.btn.p")
	tb.do(t, chromedp.SetValue("#role", "section_chief"), chromedp.SetValue("#scopes", policy.County))
	press(t, tb, `form[action$="/appoint"] button`)
	tb.says(t, "王立新", "股长", "在任")

	look("/admin/operations", "自动备份", "下一次", "还没有备份过", "还没有体检过")
	here.asked(t, "没有问题", "doctor", "--data", data)
	stop()
	key := filepath.Join(data, "master.key")
	here.asked(t, "已备份到", "backup", backups, "--data", data)
	here.asked(t, "演练通过", "restore", backups, "--drill", "--master-key", key)
	_, f.Base, stop = here.serves(t, regexp.MustCompile(`(http://127\.0\.0\.1:\d+)`), set...)
	signIn(t, tb, f, "admin", password)
	look("/admin/operations", "最近一次", "恢复演练", "，通过")
	stop()

	there := &machine{here.command, t.TempDir()}
	there.asked(t, "已恢复", "restore", backups, "--data", other, "--master-key", key)
	there.asked(t, "没有问题", "doctor", "--data", other)
	_, f.Base, _ = there.serves(t, regexp.MustCompile(`(http://127\.0\.0\.1:\d+)`), "store.uri="+other)
	signIn(t, tb, f, "admin", password)
	wantPath(t, tb, "/todo")
	look("/register/projects", "望湖苑", "临江苑")
}
