//go:build !race

// What the commands of one goroutine find is the same with and without the race detector, which would take ten times as long.

package main

import (
	"bytes"
	"database/sql"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/internal/store/mongo"
	"redsteward/internal/store/mongo/mongotest"
	"redsteward/internal/store/sqlite"
	"redsteward/internal/web"
)

// editByHand changes a data folder past the program.
func editByHand(t *testing.T, dir, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	done, err := db.ExecContext(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%q changed %d rows, %v", statement, n, err)
	}
}

// TestDoctorAndVerifyFind edits a folder by hand; both commands must find what was done, and name it.
func TestDoctorAndVerifyFind(t *testing.T) {
	tests := []struct {
		name, edit             string
		verify, doctor, mended int // Exit codes, the last of doctor --rebuild.
		said                   string
	}{
		{"nothing", "", exitOK, exitOK, exitOK, "没有问题"},
		{"a record that reads as before", `UPDATE record SET sealed = CAST(replace(CAST(sealed AS TEXT), '90000', '90009') AS BLOB) WHERE n = 5 AND instr(CAST(sealed AS TEXT), '90000') > 0`, exitFailed, exitFailed, exitFailed, "第 5 条"},
		{"one bit of a hash", `UPDATE record SET hash = zeroblob(32) WHERE n = 3`, exitFailed, exitFailed, exitFailed, "第 3 条"},
		{"the end of the log", `DELETE FROM record WHERE n > (SELECT max(n) - 2 FROM record)`, exitFailed, exitFailed, exitFailed, "不见了"},
		{"a stream", `DELETE FROM record WHERE n = 7`, exitFailed, exitFailed, exitFailed, "全部不见了"},
		{"a state that lags", `UPDATE doc SET seq = 0 WHERE stream LIKE '%9000012%'`, exitFailed, exitFailed, exitOK, "--rebuild"},
		{"a state that lies", `UPDATE doc SET state = CAST(replace(CAST(state AS TEXT), '92', '99') AS BLOB) WHERE stream LIKE '%9000012%'`, exitFailed, exitFailed, exitOK, "9000012"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := demoFolder(t)
			if test.edit != "" {
				editByHand(t, dir, test.edit)
			}
			if text, code := askProgram(t, october, nil, "verify", dir); code != test.verify {
				t.Errorf("verify: exit %d, want %d\n%s", code, test.verify, text)
			} else if again := strings.Contains(text, "12 份结果，重新计算 12 份，都相同"); again != (code == exitOK) {
				t.Errorf("verify: exit %d, but recomputed %t\n%s", code, again, text)
			}
			text, code := askProgram(t, october, nil, "doctor", "--data", dir)
			if code != test.doctor || !strings.Contains(text, test.said) {
				t.Errorf("doctor: exit %d, want %d and %q\n%s", code, test.doctor, test.said, text)
			}
			if text, code := askProgram(t, october, nil, "doctor", "--data", dir, "--rebuild"); code != test.mended {
				t.Errorf("doctor --rebuild: exit %d, want %d\n%s", code, test.mended, text)
			}
			if test.mended != exitOK {
				return
			}
			if text, code := askProgram(t, october, nil, "verify", dir); code != exitOK {
				t.Errorf("verify after doctor --rebuild: exit %d\n%s", code, text)
			}
		})
	}
}

// TestNewerDataFolder: a folder of a newer version is a wrong input for every command that opens one, and stays as it is.
func TestNewerDataFolder(t *testing.T) {
	dir := demoFolder(t)
	db, err := sql.Open("sqlite", filepath.Join(dir, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "PRAGMA user_version=9; PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(dir, sqlite.FileName))
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"verify", dir}, {"doctor", "--data", dir}, {"doctor", "--rebuild", "--data", dir}, {"serve", "--set", "listen=127.0.0.1:0", "--set", "store.uri=" + dir}} {
		if text, code := askProgram(t, october, nil, args...); code != exitInput || !strings.Contains(text, "第 9 版") {
			t.Errorf("%v: exit %d\n%s", args, code, text)
		}
	}
	if after, err := os.ReadFile(filepath.Join(dir, sqlite.FileName)); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the folder was changed (%v)", err)
	}
}

func TestDoctorRefuses(t *testing.T) {
	nothing := filepath.Join(t.TempDir(), "nothing")
	for _, args := range [][]string{{"doctor", "--data", nothing}, {"doctor", "--rebuild", "--data", nothing}, {"verify", nothing}, {"why", "--data", nothing, "--actor", "-", "--action", "account.create"}} {
		text, code := askProgram(t, october, nil, args...)
		if code != exitInput {
			t.Errorf("%v: exit %d\n%s", args, code, text)
		}
	}
	if _, err := os.Stat(nothing); err == nil {
		t.Error("looking made a folder")
	}

	dir := demoFolder(t)
	writer, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	text, code := askProgram(t, october, nil, "doctor", "--rebuild", "--data", dir)
	if code != exitFailed || !strings.Contains(text, "进程") {
		t.Errorf("beside a writer: exit %d\n%s", code, text)
	}
	if text, code = askProgram(t, october, nil, "doctor", "--data", dir); code != exitOK {
		t.Errorf("reading beside a writer: exit %d\n%s", code, text)
	}
	err = writer.Close()
	if err != nil {
		t.Fatal(err)
	}

	err = os.Remove(filepath.Join(dir, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	text, code = askProgram(t, october, nil, "doctor", "--data", dir)
	if code != exitFailed || !strings.Contains(text, "问题  主密钥") {
		t.Errorf("without master key: exit %d\n%s", code, text)
	}
}

func TestDoctorWarnsOfTheCalendar(t *testing.T) {
	dir := demoFolder(t)
	if text, _ := askProgram(t, october, nil, "doctor", "--data", dir); !strings.Contains(text, "正常  节假日") {
		t.Errorf("in October:\n%s", text)
	}
	text, code := askProgram(t, october.AddDate(0, 0, 13), nil, "doctor", "--data", dir)
	if code != exitOK || !strings.Contains(text, "提醒  节假日") || !strings.Contains(text, "2027") {
		t.Errorf("on 1 November: exit %d\n%s", code, text)
	}
}

// TestDoctorFindsOrphans: a file that was uploaded and never handed in is told once the job should have removed it.
func TestDoctorFindsOrphans(t *testing.T) {
	dir := demoFolder(t)
	engine, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	key, err := store.MasterKeyFile(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), engine, store.Options{Now: func() time.Time { return october }, MasterKey: key})
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.PutLoose(t.Context(), store.Meta{By: "u1", Action: "evidence.submit"}, strings.NewReader("a photo"), 10)
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	for days, want := range map[int]string{62: "正常  上传后没有提交的文件", 64: "提醒  上传后没有提交的文件：1 个"} {
		if text, code := askProgram(t, october.AddDate(0, 0, days), nil, "doctor", "--data", dir); code != exitOK || !strings.Contains(text, want) {
			t.Errorf("%d days later: exit %d\n%s", days, code, text)
		}
	}
	paths, err := filepath.Glob(filepath.Join(dir, "files", "*", "*-*"))
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	text, code := askProgram(t, october, nil, "doctor", "--data", dir)
	if code != exitOK || !strings.Contains(text, "正常  上传的文件：") {
		t.Errorf("all there: exit %d\n%s", code, text)
	}
	if err := os.Truncate(paths[0], 1); err != nil {
		t.Fatal(err)
	}
	hash, _, _ := strings.Cut(filepath.Base(paths[0]), "-")
	text, code = askProgram(t, october, nil, "doctor", "--data", dir)
	if code != exitFailed || !strings.Contains(text, "问题  上传的文件："+hash+" 的内容不见了") {
		t.Errorf("bytes are gone: exit %d\n%s", code, text)
	}
}

// TestDoctorOnMongoDB starts a service on a database, lets it go without a word, and looks.
func TestDoctorOnMongoDB(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "keys")
	key := filepath.Join(keys, "master.key")
	env := []string{"REDSTEWARD_STORE_URI=" + mongotest.URI(t), "REDSTEWARD_STORE_MASTER_KEY=" + key}
	settings, err := loadConfig("", env, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	p := &program{ctx: t.Context(), out: &out, errOut: &out, env: env, now: func() time.Time { return october }}
	s, err := openService(p, settings, false)
	if err != nil {
		t.Fatal(err)
	}
	err = s.accounts.Setup(t.Context(), s.accounts.SetupToken(), "zhang", "张三", "Red-Steward-2026!")
	if err != nil {
		t.Fatal(err)
	}
	err = s.db.Engine().Settle(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text, code := askProgram(t, october, env, "doctor")
	if code != exitOK || !strings.Contains(text, "正常  待编号的记录：0 条") || !strings.Contains(text, "  数据库服务：MongoDB ") || !strings.Contains(text, "  数据库的时钟：与本机相差 ") {
		t.Errorf("beside the service: exit %d\n%s", code, text)
	}
	text, code = askProgram(t, october, env, "doctor", "--rebuild")
	if code != exitFailed || !strings.Contains(text, "进程") {
		t.Errorf("rebuild beside the service: exit %d\n%s", code, text)
	}
	err = s.close()
	if err != nil {
		t.Fatal(err)
	}
	text, code = askProgram(t, october, env, "doctor", "--rebuild")
	if code != exitOK || !strings.Contains(text, "已按日志重做") {
		t.Errorf("rebuild: exit %d\n%s", code, text)
	}
	// The first start made the key; where there is data no other one is made.
	if err := os.Rename(key, key+".kept"); err != nil {
		t.Fatal(err)
	}
	asked(t, env, exitInput, "没有主密钥文件 "+key+"，而数据已经有了", "serve", "--set", "listen=127.0.0.1:0")
	if err := os.Rename(key+".kept", key); err != nil { // over one that was made by mistake, if it was
		t.Fatal(err)
	}
	// Certificates lie beside the master key.
	certificates := &web.Certificates{Dir: filepath.Join(keys, "tls"), Now: func() time.Time { return october.AddDate(0, 0, -398) }}
	if _, err := certificates.Config(); err != nil {
		t.Fatal(err)
	}
	text, code = askProgram(t, october, append(slices.Clone(env), "REDSTEWARD_TLS_MODE=own"), "doctor")
	if code != exitFailed || !strings.Contains(text, "问题  证书：server.pem 已于") {
		t.Errorf("an expired certificate: exit %d\n%s", code, text)
	}
	text, code = askProgram(t, october, env, "why", "--actor", "zhang", "--action", "account.create")
	if code != exitOK || !strings.Contains(text, "系统管理员") {
		t.Errorf("why: exit %d\n%s", code, text)
	}
}

// TestNoTemporaryFolder: a program without a folder for what is being uploaded says so at the start.
func TestNoTemporaryFolder(t *testing.T) {
	if err := writableTemp(); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	if err := writableTemp(); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.MessageOf(err), "TMPDIR") {
		t.Error(err)
	}
}

// TestDoctorLooksAround: a clock that was set back, a certificate that ends, a server that is too old or alone: each is told.
func TestDoctorLooksAround(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	env := []string{"REDSTEWARD_STORE_URI=" + dir, "REDSTEWARD_TLS_MODE=own"}
	settings, err := loadConfig("", env, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := &program{ctx: t.Context(), out: io.Discard, errOut: io.Discard, now: func() time.Time { return october }}
	s, err := openService(p, settings, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.accounts.Setup(t.Context(), s.accounts.SetupToken(), "zhang", "张三", "Red-Steward-2026!"), s.close()); err != nil {
		t.Fatal(err)
	}
	looks := func(at time.Time, env []string, exit int, want ...string) {
		t.Helper()
		text, code := askProgram(t, at, env, "doctor")
		for _, w := range want {
			if code != exit || !strings.Contains(text, w) {
				t.Errorf("%s: exit %d, want %d and %q\n%s", at, code, exit, w, text)
			}
		}
	}
	looks(october, env, exitOK, "正常  本机时钟", "正常  证书：还没有生成")
	looks(october.Add(-time.Hour), env, exitFailed, "问题  本机时钟", "早 60 分钟")

	certificates := &web.Certificates{Dir: filepath.Join(dir, "tls"), Now: func() time.Time { return october }}
	if _, err := certificates.Config(); err != nil {
		t.Fatal(err)
	}
	looks(october, env, exitOK, "正常  证书：server.pem 到 2027年", "正常  证书：ca.pem 到 2036年")
	looks(october.AddDate(0, 0, 380), env, exitOK, "提醒  证书：server.pem 到 2027年", "请更换")
	looks(october.AddDate(0, 0, 398), env, exitFailed, "问题  证书：server.pem 已于 2027年")
	given := append(env[:1:1], "REDSTEWARD_TLS_MODE=files", "REDSTEWARD_TLS_CERT="+filepath.Join(dir, "master.key"), "REDSTEWARD_TLS_KEY=none.pem")
	looks(october, given, exitFailed, "问题  证书：master.key 不能使用", "不是 PEM 文件")

	for server, want := range map[mongo.Server]string{
		{Version: "4.2.24"}:                  "问题  数据库服务：MongoDB 4.2.24，太旧",
		{Version: "4.4"}:                     "提醒  数据库服务：MongoDB 4.4，单机运行",
		{Version: "10.0.1", Set: "rs0"}:      "正常  数据库服务：MongoDB 10.0.1，复制集 rs0",
		{Version: "7.0.14", Shards: true}:    "正常  数据库服务：MongoDB 7.0.14，分片集群",
		{Version: "broken", Set: "anything"}: "问题  数据库服务：MongoDB broken，太旧",
	} {
		var out bytes.Buffer
		printedDiagnosis(&program{out: &out}).judgeServer("数据库服务", server)
		if !strings.HasPrefix(out.String(), want) {
			t.Errorf("%+v: %s", server, out.String())
		}
	}
	for off, want := range map[time.Duration]string{4 * time.Second: "正常  钟：相差 4 秒", 90 * time.Second: "提醒  钟：相差 90 秒"} {
		var out bytes.Buffer
		printedDiagnosis(&program{out: &out}).judgeClock("钟", off, "相差")
		if !strings.HasPrefix(out.String(), want) {
			t.Errorf("%s: %s", off, out.String())
		}
	}
}
