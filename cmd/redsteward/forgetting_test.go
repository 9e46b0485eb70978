package main

import (
	"html"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

// TestKeptRules: the notice of personal data lists every term by which the nightly job destroys something and no other, every term of deadlines.yaml about keeping personal data has its forgetting, and one that lacks stops the start.
func TestKeptRules(t *testing.T) {
	settings, err := loadConfig("", nil, []string{"store.uri=" + filepath.Join(t.TempDir(), "data"), "log.level=warn"})
	if err != nil {
		t.Fatal(err)
	}
	p := &program{ctx: t.Context(), out: os.Stderr, errOut: os.Stderr, now: time.Now}
	s, err := openServiceAs(p, settings, opening{relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	times, err := s.timetable()
	if err != nil {
		t.Fatal(err)
	}
	all := times.rules.All()
	kept, err := s.keptRules(all)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		about := strings.HasSuffix(r.ID, "personal") || strings.Contains(r.Name, "保存")
		if listed := slices.ContainsFunc(kept, func(k calendar.Rule) bool { return k.ID == r.ID }); listed != about {
			t.Errorf("%s (%s): forgotten %v, about personal data %v", r.ID, r.Name, listed, about)
		}
	}
	for i, r := range kept {
		if r.Basis == "" || r.N < 1 {
			t.Errorf("%s has no term or no basis: %+v", r.ID, r)
		}
		rest := slices.Delete(slices.Clone(kept), i, i+1)
		if _, err := s.keptRules(rest); !fault.Is(err, fault.Invalid) || len(fault.FieldsOf(err)) != 1 || fault.FieldsOf(err)[0].Name != "deadlines."+r.ID {
			t.Errorf("without %s: %v", r.ID, err)
		}
	}
	if err := s.forget(t.Context(), time.Now()); err != nil {
		t.Errorf("on an empty folder: %v", err)
	}
	answer, err := http.Get(servedFor(t, s, nil) + "/privacy")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer.StatusCode, err)
	}
	page := html.UnescapeString(string(body))
	if got := strings.Count(page, `<th scope="row">`); got != len(kept) {
		t.Errorf("the page lists %d terms, %d are kept", got, len(kept))
	}
	for _, what := range s.keptAtOnce() {
		if !strings.Contains(page, what) {
			t.Errorf("the page does not tell %s", what)
		}
	}
	for _, f := range s.forgettings() {
		if len(f.rules) == 0 && f.atOnce == "" {
			t.Error("something is destroyed of which nobody is told")
		}
	}
	for _, r := range kept {
		if !strings.Contains(page, r.Name) || !strings.Contains(page, r.Basis) {
			t.Errorf("the page does not tell %s", r.Name)
		}
	}
}
