package main

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/outside/intake"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision/matter"
)

// TestIntake: a resident's form goes through the outer zone into the register once, and is followed with the number of its receipt; a changed, a cut, a foreign and a repeated file are named and change nothing.
func TestIntake(t *testing.T) {
	dir, own := demoFolder(t), t.TempDir()
	secret, box := filepath.Join(own, "intake.key"), filepath.Join(own, "box")
	printed := asked(t, nil, exitOK, "redsteward-intake-public-", "intake", "key", secret)
	public := regexp.MustCompile(`redsteward-intake-public-\w+`).FindString(printed)
	asked(t, nil, exitInput, "已经存在", "intake", "key", secret)
	asked(t, nil, exitInput, "公钥抄错了", "intake", "serve", "--out", box, "--key", public[:50])
	asked(t, nil, exitInput, "只能监听本机地址", "intake", "serve", "--out", box, "--key", public, "--listen", "0.0.0.0:8085")
	asked(t, nil, exitInput, "--site", "intake", "serve", "--out", box, "--key", public, "--site", "in.example.org")

	p := &program{ctx: t.Context(), now: func() time.Time { return october }, out: &bytes.Buffer{}, errOut: &bytes.Buffer{}}
	bureau := func(do func(s *service)) {
		t.Helper()
		settings, err := loadConfig("", nil, []string{"store.uri=" + dir})
		if err != nil {
			t.Fatal(err)
		}
		s, err := openService(p, settings, true)
		if err != nil {
			t.Fatal(err)
		}
		do(s)
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
	}
	var community string
	bureau(func(s *service) {
		if err := s.seedDivisions(t.Context()); err != nil {
			t.Fatal(err)
		}
		communities, _, err := s.matters.OpenPlaces(t.Context(), policy.Actor{}, "")
		if err != nil || len(communities) == 0 {
			t.Fatal(err)
		}
		community = communities[0].ID
		asked(t, nil, exitFailed, "数据目录正被占用", "intake", "import", box, "--secret", secret, "--data", dir)
	})

	receiver, err := (&intakeServeCommand{Out: box, Key: public, Listen: "127.0.0.1:0", Site: "https://in.example.org/"}).receiver(p)
	if err != nil {
		t.Fatal(err)
	}
	photo, err := demoPhoto(1)
	if err != nil {
		t.Fatal(err)
	}
	send := func(community, words string) (status int, number, code string) {
		t.Helper()
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		for name, text := range map[string]string{"community": community, "category": "cleaning", "where": "北门垃圾房", "words": words} {
			if err := w.WriteField(name, text); err != nil {
				t.Fatal(err)
			}
		}
		part, err := w.CreateFormFile("photos", "a.jpg")
		if err == nil {
			_, err = part.Write(photo)
		}
		if err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", &body)
		req.Header.Set("Content-Type", w.FormDataContentType())
		rec := httptest.NewRecorder()
		receiver.ServeHTTP(rec, req)
		if given := regexp.MustCompile(`<b>(\w+)</b>`).FindAllStringSubmatch(rec.Body.String(), -1); len(given) == 2 {
			number, code = given[0][1], given[1][1]
		}
		return rec.Code, number, code
	}
	if status, _, _ := send(community, "打13800000000找我"); status != http.StatusUnprocessableEntity {
		t.Errorf("a phone in the words: %d", status)
	}
	_, number, code := send(community, "垃圾两天没有清运")
	files, err := filepath.Glob(filepath.Join(box, "*"+intake.Ending))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	good, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	_, lostNumber, lostCode := send("no-such-community", "路灯不亮三天了")
	foreign, err := intake.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	other, err := foreign.Public().Seal(&intake.Report{Number: number, Code: code})
	if err != nil {
		t.Fatal(err)
	}
	settingsKey, err := readIntakeKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	taken, err := settingsKey.Public().Seal(&intake.Report{Number: number, Code: "222222", Received: october, Community: community, Category: "cleaning", Where: "南门", Words: "冒用别人的查询号"})
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(good)
	changed[len(changed)/2] ^= 1
	for name, data := range map[string][]byte{"changed": changed, "cut": good[:len(good)-9], "foreign": other, "copy": good, "taken": taken} {
		if err := os.WriteFile(filepath.Join(box, name+intake.Ending), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	asked(t, nil, exitInput, "私钥文件读不出来", "intake", "import", box, "--secret", files[0], "--data", dir)
	asked(t, nil, exitInput, "没有数据", "intake", "import", box, "--secret", secret, "--data", own)
	text := asked(t, nil, exitFailed, "登记 1 件，以前登记过 1 件，没有登记 5 件", "intake", "import", box, "--secret", secret, "--data", dir)
	for name, words := range map[string]string{"changed": "被改过", "cut": "没有传完", "foreign": "另一把密钥", "taken": "已是另一件事项的", "copy": "登记"} {
		if !regexp.MustCompile(`(?m)^` + name + `\.sealed .*` + words).MatchString(text) {
			t.Errorf("%s: no %s in\n%s", name, words, text)
		}
	}
	if strings.Contains(text, "垃圾") || strings.Contains(text, code) {
		t.Errorf("the report tells what the resident wrote:\n%s", text)
	}
	left, err := filepath.Glob(filepath.Join(box, "*"+intake.Ending))
	if err != nil || len(left) != 5 {
		t.Error(left, err)
	}
	asked(t, nil, exitFailed, "登记 0 件，以前登记过 0 件，没有登记 5 件", "intake", "import", box, "--secret", secret, "--data", dir)
	lost := ""
	for _, file := range left {
		if _, r, err := openSealed(file, settingsKey, october); err == nil && r.Community == "no-such-community" {
			lost = file
		}
	}
	asked(t, nil, exitInput, "另一把密钥", "intake", "redirect", filepath.Join(box, "foreign.sealed"), "--secret", secret, "--community", community)
	asked(t, nil, exitInput, "文件打不开", "intake", "redirect", filepath.Join(box, "none.sealed"), "--secret", secret, "--community", community)
	asked(t, nil, exitInput, "没有改变什么", "intake", "redirect", lost, "--secret", secret, "--community", "no-such-community")
	if _, err := os.Stat(lost); err != nil {
		t.Error(err)
	}
	asked(t, nil, exitOK, "原文件在 redirected 里", "intake", "redirect", lost, "--secret", secret, "--community", community)
	text = asked(t, nil, exitFailed, "登记 1 件，以前登记过 0 件，没有登记 4 件", "intake", "import", box, "--secret", secret, "--data", dir)
	if _, err := os.Stat(filepath.Join(box, redirectedFolder, filepath.Base(lost))); err != nil || strings.Contains(text, "路灯") {
		t.Errorf("%v\n%s", err, text)
	}
	left = slices.DeleteFunc(left, func(file string) bool { return file == lost })
	bureau(func(s *service) {
		told, err := s.matters.LookUp(t.Context(), policy.Actor{}, number, code)
		if err != nil || told.Words != "垃圾两天没有清运" {
			t.Errorf("%+v, %v", told, err)
		}
		second, err := s.matters.LookUp(t.Context(), policy.Actor{}, lostNumber, lostCode)
		if err != nil || second.Words != "路灯不亮三天了" {
			t.Errorf("%+v, %v", second, err)
		}
		found := false
		if err := s.matters.Each(t.Context(), policy.Actor{ID: "officer", Appointments: []policy.Appointment{{Role: "property_officer", Unit: policy.County, Scopes: []string{policy.County}}}}, matter.Filter{}, func(d store.Doc[matter.Matter]) {
			found = found || strings.Contains(d.State.Reason, "改投，居民原来选的是：社区 no-such-community，类别 cleaning") && d.State.Community == community
		}); err != nil || !found {
			t.Errorf("nobody sees that it was redirected: %v", err)
		}
		// A running service takes in what comes again, by its configuration, without doubling it.
		if err := os.WriteFile(filepath.Join(box, "again"+intake.Ending), good, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := s.takeIn(t.Context(), box, settingsKey); err != nil || out.known != 1 || out.fresh != 0 {
			t.Errorf("%+v, %v", out, err)
		}
	})
	old := october.Add(-2 * time.Hour)
	for _, file := range left {
		if err := os.Chtimes(file, old, old); err != nil {
			t.Fatal(err)
		}
	}
	env := []string{"REDSTEWARD_INTAKE_FOLDER=" + box, "REDSTEWARD_INTAKE_SECRET=" + secret}
	if text, _ := askProgram(t, october, env, "doctor", "--data", dir); !strings.Contains(text, "4 个文件超过一小时没有登记") {
		t.Error(text)
	}
	if report, err := os.ReadFile(filepath.Join(box, intakeReport)); err != nil || strings.Count(string(report), "已登记，查询号 "+number) != 1 {
		t.Errorf("%s, %v", report, err)
	}
}
