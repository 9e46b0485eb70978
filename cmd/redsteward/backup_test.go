//go:build !race

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"redsteward/internal/store/mongo/mongotest"
)

var rootLine = regexp.MustCompile(`日志 \d+ 条，\d+ 个流，树根 [0-9a-f]{64}`)

// logOf is what verify says of the log of a folder.
func logOf(t *testing.T, dir string) string {
	t.Helper()
	found := rootLine.FindString(asked(t, nil, exitOK, "核验通过", "verify", dir))
	if found == "" {
		t.Fatal("verify does not tell the root")
	}
	return found
}

// TestBackupCommands backs up, tries, restores and refuses, as an operator does.
func TestBackupCommands(t *testing.T) {
	dir, out := demoFolder(t), filepath.Join(t.TempDir(), "backups")
	key := filepath.Join(dir, "master.key")
	asked(t, nil, exitInput, "没有备份", "restore", out, "--drill", "--master-key", key)
	asked(t, []string{"REDSTEWARD_BACKUP_FOLDER=" + out}, exitOK, "提醒  备份：还没有备份过", "doctor", "--data", dir)
	asked(t, nil, exitOK, "已备份到", "backup", out, "--data", dir)
	asked(t, nil, exitOK, "没有增加", "backup", out, "--data", dir)
	asked(t, []string{"REDSTEWARD_BACKUP_FOLDER=" + out}, exitOK, "正常  备份：最近一次 2026年10月19日", "doctor", "--data", dir)
	env := []string{"REDSTEWARD_BACKUP_FOLDER=" + out}
	if text, _ := askProgram(t, october, env, "doctor", "--data", dir); !strings.Contains(text, "提醒  恢复演练：还没有演练过") {
		t.Errorf("no drill yet:\n%s", text)
	}
	asked(t, nil, exitOK, "演练通过", "restore", out, "--drill", "--master-key", key)
	if text, _ := askProgram(t, october, env, "doctor", "--data", dir); !strings.Contains(text, "正常  恢复演练：最近一次 2026年10月19日") {
		t.Errorf("after a drill:\n%s", text)
	}
	if text, code := askProgram(t, october.AddDate(0, 0, 101), env, "doctor", "--data", dir); code != exitFailed || !strings.Contains(text, "问题  恢复演练：最近一次 2026年10月19日") || !strings.Contains(text, "已超过 100 天") {
		t.Errorf("a drill of long ago: %d\n%s", code, text)
	}
	asked(t, nil, exitInput, "没有到第 1 条的备份", "restore", out, "--to", "1", "--drill", "--master-key", key)

	target := filepath.Join(t.TempDir(), "restored")
	asked(t, nil, exitInput, "主密钥", "restore", out, "--data", target) // no key is there
	asked(t, nil, exitOK, "已恢复", "restore", out, "--data", target, "--master-key", key)
	if was, is := logOf(t, dir), logOf(t, target); was != is {
		t.Errorf("before: %s\nafter: %s", was, is)
	}
	asked(t, nil, exitOK, "没有问题", "doctor", "--data", target)
	asked(t, nil, exitFailed, "不是空的", "restore", out, "--data", target)
	asked(t, nil, exitFailed, "已经有 master.key", "restore", out, "--data", target, "--master-key", key)
	asked(t, nil, exitOK, "没有问题", "doctor", "--data", target) // a refused one changed nothing

	parts, err := filepath.Glob(filepath.Join(out, "log", "*.gz"))
	if err != nil || len(parts) != 1 {
		t.Fatalf("%v %v", parts, err)
	}
	whole, err := os.ReadFile(parts[0])
	if err != nil {
		t.Fatal(err)
	}
	whole[len(whole)/2] ^= 1
	if err := os.WriteFile(parts[0], whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if text, code := askProgram(t, october.Add(time.Hour), nil, "restore", out, "--drill", "--master-key", key); code == exitOK {
		t.Errorf("a drill of a damaged backup passed:\n%s", text)
	}
	if text, code := askProgram(t, october.Add(time.Hour), env, "doctor", "--data", dir); code != exitFailed || !strings.Contains(text, "没有通过：") {
		t.Errorf("after a drill that failed: %d\n%s", code, text)
	}
	half := filepath.Join(t.TempDir(), "half")
	asked(t, nil, exitInput, "与清单不符", "restore", out, "--data", half, "--master-key", key)
	asked(t, nil, exitFailed, "恢复没有做完", "doctor", "--data", half)
}

// TestMigrate moves a bureau from a folder to a MongoDB and back: the log is the same to the last hash.
func TestMigrate(t *testing.T) {
	dir, work := demoFolder(t), t.TempDir()
	keys := filepath.Join(work, "keys")
	if err := os.Mkdir(keys, 0o700); err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(dir, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(keys, "master.key"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	onMongo := filepath.Join(work, "mongo.yaml")
	if err := os.WriteFile(onMongo, []byte("store:\n  master_key: "+filepath.Join(keys, "master.key")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	asked(t, nil, exitInput, "就是现在的地方", "migrate", "--data", dir, "--to", dir)
	uri := mongotest.URI(t)
	to, from := []string{"REDSTEWARD_MIGRATE_URI=" + uri}, []string{"REDSTEWARD_STORE_URI=" + uri}
	asked(t, to, exitOK, "核验通过", "migrate", "--data", dir, "--to", onMongo)
	asked(t, from, exitOK, "没有问题", "doctor", "--config", onMongo)
	asked(t, to, exitFailed, "不是空的", "migrate", "--data", dir, "--to", onMongo)
	back := filepath.Join(work, "back")
	asked(t, from, exitOK, "核验通过", "migrate", "--config", onMongo, "--to", back)
	if was, is := logOf(t, dir), logOf(t, back); was != is {
		t.Errorf("before: %s\nafter: %s", was, is)
	}
}
