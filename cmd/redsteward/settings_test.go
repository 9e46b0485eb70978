//go:build !race

package main

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redsteward/configs"
	"redsteward/internal/store"
	"redsteward/policy"
)

// TestFilesInForce: every file that the configuration can name is one of those whose changes are recorded, and every file that the program carries stands among them.
func TestFilesInForce(t *testing.T) {
	c, err := loadConfig("", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for key := range c.keys() {
		name, file := strings.CutPrefix(key, "files.")
		if _, known := fileKeys[name]; file && !known {
			t.Errorf("no fileKeys for the key files.%s", name)
		}
	}
	rules, err := loadRules(c)
	if err != nil {
		t.Fatal(err)
	}
	files, err := c.filesInForce(rules)
	if err != nil {
		t.Fatal(err)
	}
	recorded := map[string]bool{}
	for _, f := range files {
		recorded[f.Name] = true
	}
	err = fs.WalkDir(configs.Files, ".", func(name string, d fs.DirEntry, err error) error {
		apart := strings.HasPrefix(name, "demo") || strings.HasPrefix(name, "deploy") || strings.HasPrefix(name, "divisions") || strings.HasSuffix(name, ".md") || strings.HasSuffix(name, ".go")
		if err == nil && !d.IsDir() && !apart && !recorded[name] {
			t.Errorf("changes of %s are not recorded", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestSettingsRecorded: a start records which configuration is in force; a line that was edited while the service ran is told by the next start, once, with what it means; what only reads writes nothing, and the log verifies.
func TestSettingsRecorded(t *testing.T) {
	dir, own := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "own.csv")
	roles, err := configs.Files.ReadFile("roles.csv")
	if err == nil {
		err = os.WriteFile(own, roles, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	env := []string{"REDSTEWARD_STORE_URI=" + dir, "REDSTEWARD_TLS_MODE=off", "REDSTEWARD_LISTEN=127.0.0.1:0", "REDSTEWARD_FILES_ROLES=" + own}
	// start serves for a moment and returns what was recorded of the configuration.
	start := func(env ...string) (told []store.ChangeView) {
		t.Helper()
		settings, err := loadConfig("", env, nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		p := &program{ctx: ctx, out: io.Discard, errOut: io.Discard, now: func() time.Time { return october }}
		s, err := openService(p, settings, true)
		if err != nil {
			t.Fatal(err)
		}
		before := lastOf(t, s)
		if err := s.serve(p, "", "小区", func(string) { stop() }); err != nil {
			t.Fatal(err)
		}
		for n := before + 1; n <= lastOf(t, s); n++ {
			v, err := s.db.ChangeOf(t.Context(), n)
			if err != nil {
				t.Fatal(err)
			}
			if v.Kind == policy.SettingsKind {
				told = append(told, v)
			}
		}
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
		return told
	}
	first := start(env...)
	for _, v := range first {
		if _, lines := v.Left["changes[1].place"]; lines || v.Seq != 1 || v.Meta.By != "system" {
			t.Errorf("the first start tells of %s: %+v", v.ID, v.Left)
		}
	}
	if len(first) < 40 {
		t.Errorf("the first start recorded %d files", len(first))
	}
	if again := start(env...); len(again) != 0 {
		t.Errorf("nothing changed, and %d records", len(again))
	}
	const line, other = "p, property_officer, evaluation, run, allow", "p, property_officer, evaluation, run, deny"
	if err := os.WriteFile(own, []byte(strings.Replace(string(roles), line, other, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	asked(t, env, exitOK, "没有问题", "doctor")
	asked(t, env, exitOK, "核验通过", "verify", dir)
	edited := start(env...)
	if len(edited) != 1 || edited[0].ID != "roles.csv" || edited[0].Meta.Why != "roles.csv：改了 1 处" {
		t.Fatalf("%+v", edited)
	}
	left := edited[0].Left
	if before, after := left["changes[1].before"].After, left["changes[1].after"].After; !strings.HasPrefix(before, line+"（物业管理股经办人可以") || !strings.HasPrefix(after, other+"（物业管理股经办人不得") || !strings.HasPrefix(left["changes[1].place"].After, "第 ") {
		t.Errorf("%+v", left)
	}
	if edited := start(append(env, "REDSTEWARD_SCHEDULE_REMIND_BEFORE=5")...); len(edited) != 1 || edited[0].ID != configName || edited[0].Left["changes[1].after"].After != "schedule.remind_before: 5" {
		t.Errorf("a key of the environment: %+v", edited)
	}
	asked(t, env, exitOK, "核验通过", "verify", dir)
	if text, code := askProgram(t, october, env, "doctor"); code != exitOK {
		t.Errorf("doctor: %d\n%s", code, text)
	}
}
