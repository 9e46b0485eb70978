package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/configs"
	"redsteward/internal/schedule"
	"redsteward/internal/store"
	"redsteward/internal/web"
	"redsteward/policy"
	"redsteward/policy/outbox"
)

// TestReach: what goes out is wired as the operator's files say: secrets from the environment or from a file, digests at the hours that people can choose, what waits in doctor and metrics; and nothing of it without a
// channel or with the module switched off.
func TestReach(t *testing.T) {
	shipped, err := configs.Files.ReadFile("messages.yaml")
	if err != nil {
		t.Fatal(err)
	}
	modules, err := configs.Files.ReadFile("modules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	messages := written(t, "messages.yaml", strings.Replace(string(shipped), "\nchannels: []\n", `
channels:
  - {id: sms, name: 短信, to: phone, http: {address: "https://sms.example.org/", method: POST, headers: [{name: Authorization, value: "{{secret SMS_KEY}}"}], json: '{"m": "{{to}}", "t": "{{text}}"}', success: {status: 200}, timeout: 10s}}
`, 1))
	off := written(t, "modules.yaml", strings.Replace(string(modules), "{id: reach, name: 通知与消息, office: housing}", "{id: reach, name: 通知与消息, office: housing, off: 另有平台}", 1))
	now := time.Date(2026, 11, 2, 2, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	opened := func(set ...string) (*service, *program) {
		t.Helper()
		settings, err := loadConfig("", nil, append([]string{"store.uri=" + t.TempDir()}, set...))
		if err != nil {
			t.Fatal(err)
		}
		p := &program{ctx: t.Context(), out: &out, errOut: &out, now: func() time.Time { return now }}
		s, err := openService(p, settings, true)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.close(); err != nil {
				t.Error(err)
			}
		})
		return s, p
	}
	for _, set := range [][]string{nil, {"files.messages=" + messages, "files.modules=" + off}} {
		if s, _ := opened(set...); s.sends() || slices.ContainsFunc(s.gauges(t.Context()), func(g web.Gauge) bool { return strings.HasPrefix(g.Name, "outbox_") }) {
			t.Errorf("%v sends", set)
		}
	}
	s, p := opened("files.messages=" + messages)
	if job := s.digestJob(); !s.sends() || job.Spec != "0 8,9,10,11,12,13,14,15,16,17,18,19,20 * * *" || schedule.Check(job.Spec) != nil {
		t.Errorf("%v %+v", s.sends(), job.Spec)
	}
	file := written(t, "sms.key", "s3cret\n")
	for name, env := range map[string][]string{"s3cret": {"SMS_KEY_FILE=" + file}, "other": {"SMS_KEY=other", "SMS_KEY_FILE=" + file}} {
		if value, ok := secretIn(env)("SMS_KEY"); !ok || value != name {
			t.Errorf("%v: %q %v", env, value, ok)
		}
	}
	if _, ok := secretIn([]string{"SMS_KEY_FILE=" + file + ".none"})("SMS_KEY"); ok {
		t.Error("a file that there is not holds a secret")
	}
	who := policy.Actor{ID: "a"}
	if err := s.outbox.Choose(t.Context(), who, 0, outbox.Contact{Phone: "13800000000", Channels: []string{"sms"}, Hour: 8}); err != nil {
		t.Fatal(err)
	}
	if err := s.outbox.Tell(t.Context(), store.Meta{By: "a", Action: "notice.send"}, outbox.Post{Event: "one", Account: who.ID, Template: outbox.Probe}); err != nil {
		t.Fatal(err)
	}
	said := func(parts ...string) {
		t.Helper()
		out.Reset()
		printedDiagnosis(p).examineOutbox(s)
		for _, part := range parts {
			if !strings.Contains(out.String(), part) {
				t.Errorf("lacks %q: %s", part, out.String())
			}
		}
	}
	said("没有设置环境变量 SMS_KEY", "正常  发件箱：1 条等待，最早的 2026-11-02 10:00")
	now = now.Add(25 * time.Hour)
	said("提醒  发件箱：1 条等待")
	read := map[string]float64{}
	for _, g := range s.gauges(t.Context()) {
		read[g.Name] = g.Read()
	}
	if read["outbox_waiting"] != 1 || read["outbox_oldest_seconds"] != 25*3600 || read["outbox_last_sent_seconds"] != 0 {
		t.Error(read)
	}
}
