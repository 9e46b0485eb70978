package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"redsteward/internal/calendar"
)

// The program carries its sheets; an operator's own take their place, and a mistake in one stops the start with its place.
func TestLoadSheets(t *testing.T) {
	day, err := calendar.ParseDate("2027-02-10")
	if err != nil {
		t.Fatal(err)
	}
	shipped, err := loadSheets(nil)
	if err != nil || len(shipped.Series(day)) != 3 {
		t.Fatal(shipped, err)
	}
	data, err := os.ReadFile("../../configs/checklists/four-displays.yaml")
	if err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(t.TempDir(), "own.yaml")
	write := func(text string) {
		if err := os.WriteFile(own, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(string(data))
	if sheets, err := loadSheets([]string{own}); err != nil || len(sheets.Series(day)) != 1 {
		t.Error(err)
	}
	write(strings.Replace(string(data), "persons: 1", "persons: 9", 1))
	if _, err := loadSheets([]string{own}); err == nil || !strings.Contains(err.Error(), "own.yaml:10:10") {
		t.Error(err)
	}
}
