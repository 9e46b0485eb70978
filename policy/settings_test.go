package policy

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"redsteward/internal/store"
	"redsteward/internal/store/sqlite"
)

// settingsLog is the record of the configuration of a fresh folder.
func settingsLog(t *testing.T) *SettingsLog {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	e, err := sqlite.Open(t.Context(), dir, sqlite.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), e, store.Options{Now: func() time.Time { return time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC) }, MasterKey: []byte(strings.Repeat("k", 32))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	l, err := NewSettingsLog(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestSettings: what differs is recorded once with its lines, what is the same not at all, what is no longer there as such; several who look at once record it once.
func TestSettings(t *testing.T) {
	l := settingsLog(t)
	ctx := t.Context()
	record := func(files ...SettingFile) string {
		t.Helper()
		changed, err := l.Record(ctx, "1", "here", files)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(changed, " ")
	}
	file := func(name, data string) SettingFile {
		return SettingFile{Name: name, Source: "随程序", Data: []byte(data)}
	}
	terms := "rules:\n  - id: answer\n    days: 15\n  - id: appeal\n    days: 5\n"
	if got := record(file("a.yaml", terms), file("b.csv", "x\n")); got != "a.yaml b.csv" {
		t.Errorf("first: %s", got)
	}
	if head, _ := l.rows.Head(ctx, "a.yaml"); len(head.State.Changes) != 0 || head.State.Lines != 5 {
		t.Errorf("the first record tells changes: %+v", head.State)
	}
	if got := record(file("a.yaml", terms), file("b.csv", "x\n")); got != "" {
		t.Errorf("the same again: %s", got)
	}
	changed := strings.Replace(terms, "days: 5", "days: 3", 1) + "  - id: new\n"
	var wg sync.WaitGroup
	told := make([]string, 4)
	for i := range told {
		wg.Go(func() { told[i] = record(file("a.yaml", changed), file("b.csv", "x\n")) })
	}
	wg.Wait()
	if got := strings.Join(told, ""); got != "a.yaml" {
		t.Errorf("four at once: %q", told)
	}
	head, err := l.rows.Head(ctx, "a.yaml")
	want := []SettingChange{{"第 5 行，在 rules › - id: appeal 之下", "    days: 5", "    days: 3"}, {"第 6 行，在 rules 之下", "", "  - id: new"}}
	if err != nil || fmt.Sprint(head.State.Changes) != fmt.Sprint(want) || head.Seq != 2 || head.Meta.Action != RecordSettings || head.Meta.By != "system" {
		t.Errorf("%+v %v", head, err)
	}
	if got := record(file("a.yaml", changed)); got != "b.csv" {
		t.Errorf("no longer in force: %s", got)
	}
	if got := record(file("a.yaml", changed), file("b.csv", "y\n")); got != "b.csv" {
		t.Errorf("in force again: %s", got)
	}
	other := file("a.yaml", changed)
	other.Source = "/etc/redsteward/a.yaml"
	record(other, file("b.csv", "y\n"))
	if head, _ := l.rows.Head(ctx, "a.yaml"); fmt.Sprint(head.State.Changes) != "[{文件 随程序 /etc/redsteward/a.yaml}]" {
		t.Errorf("%+v", head.State.Changes)
	}
	huge := strings.Repeat("line\n", 3000)
	record(other, file("b.csv", huge))
	if head, _ := l.rows.Head(ctx, "b.csv"); head.State.More == 0 || len(head.State.Changes) == 0 {
		t.Errorf("%d changes and %d more", len(head.State.Changes), head.State.More)
	}
	if _, err := l.Record(ctx, "1", "here", []SettingFile{other, other}); err == nil {
		t.Error("two files of one name")
	}
	golden, err := os.ReadFile("testdata/settings.fields")
	if got := strings.Join(store.FieldNames[Setting](), "\n") + "\n"; err != nil || got != string(golden) {
		t.Errorf("stored fields:\n%s%v", got, err)
	}
}

// TestSettingsSecrets: no secret is kept, in whatever form it stands there; that it changed is told.
func TestSettingsSecrets(t *testing.T) {
	l := settingsLog(t)
	for _, line := range []string{"store.uri: mongodb://red:HUSH@db.example/red?x=1", "password: HUSH", "smtp: {user: wuye, password: HUSH, timeout: 20s}", `api_key = "HUSH"`, "access-token: HUSH", `header: "Bearer HUSH"`, "address: https://a.example/send?appkey=HUSH&x=1",
		"# 数据库口令：HUSH", "private_key: |\n  HUSH\n  HUSH\nnext: 1", "-----BEGIN PRIVATE KEY-----\nHUSH\n-----END PRIVATE KEY-----", "  - {name: X-App, value: HUSH}", "  value: 'HUSH'"} {
		before := SettingFile{Name: "m.yaml", Data: []byte("a: 1\n" + line + "\nb: 2\n"), Hides: "value"}
		after := before
		after.Data = []byte(strings.ReplaceAll(string(before.Data), "HUSH", "HUSH-HUSH"))
		for _, f := range []SettingFile{before, after} {
			if _, err := l.Record(t.Context(), "1", "here", []SettingFile{f}); err != nil {
				t.Fatal(err)
			}
		}
		head, err := l.rows.Head(t.Context(), "m.yaml")
		text, unpacked := unpackText(head.State.Text)
		if err != nil || unpacked != nil || strings.Contains(text, "HUSH") || strings.Contains(fmt.Sprint(head.State.Changes), "HUSH") {
			t.Errorf("%s: %s\n%+v", line, text, head.State.Changes)
		}
		if c := head.State.Changes; len(c) == 0 || !strings.Contains(c[0].After, "已更改") || !strings.Contains(text, "b: 2") {
			t.Errorf("%s: %+v", line, c)
		}
	}
	for _, plain := range []string{"key: [name, unit]", "site.name: 物业服务星级评价", "p, property_officer, scheme, read, allow", "address: https://www.example.gov.cn/"} {
		if got := l.withoutSecrets(plain, ""); got != plain {
			t.Errorf("%s became %s", plain, got)
		}
	}
}

// TestSettingName: an operator's file in the place of a shipped one has its name; those of a folder keep theirs apart.
func TestSettingName(t *testing.T) {
	for in, want := range map[string]string{"roles.csv|/etc/own.csv": "roles.csv", "calendar/|/etc/holidays-2027.csv": "calendar/holidays-2027.csv", "calendar/|/etc/放假.csv": "calendar/"} {
		shipped, file, _ := strings.Cut(in, "|")
		if got := SettingName(shipped, file); got != want && !(strings.HasSuffix(want, "/") && strings.HasPrefix(got, want) && len(got) > len(want)+8) {
			t.Errorf("%s: %s", in, got)
		}
	}
}
