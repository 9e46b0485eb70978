package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redsteward/configs"
	"redsteward/internal/fault"
)

// written puts a text into a new file.
func written(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestConfigOrder: file over defaults, environment over file, settings over environment.
func TestConfigOrder(t *testing.T) {
	file := written(t, "a.yaml", "listen: 127.0.0.1:1\nmetrics: 127.0.0.1:2\nsession: {idle: 15m}\nlog: {level: warn}\n")
	env := []string{"HOME=/", "REDSTEWARD_CONFIG=" + file, "REDSTEWARD_METRICS=127.0.0.1:3", "REDSTEWARD_LOG_LEVEL=error", "REDSTEWARD_TLS_HOSTS=a.example, 10.0.0.1", "REDSTEWARD_DATA=/x"}
	c, err := loadConfig("", env, []string{"log.level=debug", "business_clock=2026-10-19T09:00:00+08:00"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:1" || c.Metrics != "127.0.0.1:3" || c.Session.Idle != 15*time.Minute || c.Log.Level != -4 || c.Store.URI != "data" || c.Session.Longest != 12*time.Hour {
		t.Errorf("got %+v", c)
	}
	if strings.Join(c.TLS.Hosts, " ") != "a.example 10.0.0.1" || !c.BusinessClock.Equal(time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)) {
		t.Errorf("hosts %q, clock %s", c.TLS.Hosts, c.BusinessClock)
	}
}

// TestConfigComplete: the embedded file names every key, so that it is the documentation of all.
func TestConfigComplete(t *testing.T) {
	text, err := configs.Files.ReadFile(configName)
	if err != nil {
		t.Fatal(err)
	}
	for key := range new(config).keys() {
		parts := strings.Split(key, ".")
		if !strings.Contains("\n"+string(text), "\n"+strings.Repeat("  ", len(parts)-1)+parts[len(parts)-1]+":") {
			t.Errorf("%s is not in %s", key, configName)
		}
	}
}

func TestConfigMistakes(t *testing.T) {
	tests := []struct {
		name, file    string
		env, settings []string
		want          []string // Place and the beginning of the message.
	}{
		{"every mistake of a file", "lsten: x\nsession:\n  idle: 10\nlog: {level: loud}\n", nil, nil, []string{"F:1:1 没有 lsten 这个键", "F:3:9 session.idle 要写时长", "F:4:14 log.level 的值"}},
		{"a password in the file", "store: {uri: 'mongodb://a:b@127.0.0.1/x', master_key: /k/master.key}\n", nil, nil, []string{"F:1:14 口令不能写在配置文件里"}},
		{"a misspelt variable", "", []string{"REDSTEWARD_LISTENS=x", "REDSTEWARD_SESSION_IDLE=soon"}, nil, []string{"REDSTEWARD_LISTENS 没有这个环境变量", "REDSTEWARD_SESSION_IDLE session.idle 要写时长"}},
		{"settings", "", nil, []string{"listen", "nope=1"}, []string{"--set listen 要写成 键=值", "--set nope=1 没有 nope 这个键"}},
		{"parts that do not fit", "", nil, []string{"listen=8080", "tls.mode=files", "store.uri=mongodb://127.0.0.1/x", "session.idle=10s", "http.body_bytes=1"},
			[]string{"http.body_bytes 要在", "listen 要写成 地址:端口", "session.idle 要在 1m 到 24h 之间", "store.master_key 用 MongoDB 时", "tls.cert tls.mode 是 files 时"}},
		{"a name that needs an approval", "site: {rating: 红色物业示范小区创建}\n", nil, nil, []string{"site.rating 名称写有“创建”"}},
		{"a certificate without its mode", "tls: {cert: a, key: b}\n", nil, nil, []string{"tls.mode 写了证书文件"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := ""
			if tt.file != "" {
				file = written(t, "c.yaml", tt.file)
			}
			_, err := loadConfig(file, tt.env, tt.settings)
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("err = %v", err)
			}
			fields := fault.FieldsOf(err)
			if len(fields) != len(tt.want) {
				t.Fatalf("mistakes %v, want %v", fields, tt.want)
			}
			for i, f := range fields {
				name := f.Name
				if file != "" {
					name = strings.Replace(name, file, "F", 1)
				}
				if got := name + " " + f.Message; !strings.HasPrefix(got, tt.want[i]) {
					t.Errorf("mistake %d: %s, want %s", i, got, tt.want[i])
				}
			}
		})
	}
	if _, err := loadConfig(filepath.Join(t.TempDir(), "none.yaml"), nil, nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func FuzzConfig(f *testing.F) {
	f.Add("listen: 127.0.0.1:1\ntls: {mode: own, hosts: [a]}\n")
	f.Fuzz(func(t *testing.T, text string) {
		err := parseConfig("f", []byte(text), &config{})
		if err != nil && len(fault.FieldsOf(err)) == 0 {
			t.Errorf("no place in %v", err)
		}
	})
}
