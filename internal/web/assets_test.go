package web

import (
	"io/fs"
	"path"
	"strings"
	"testing"
)

// scriptLimit is the budget of own script (ui.md §9) in bytes: of one page as it is written (the common script, that of the page, and the worker that it starts), and of all
// scripts together as they are sent.
const scriptLimit = 15_000

// TestScriptBudget: a page loads the common script and at most one further one. Files from elsewhere carry their version in their name.
func TestScriptBudget(t *testing.T) {
	entries, err := fs.ReadDir(assetFiles, "assets")
	if err != nil {
		t.Fatal(err)
	}
	sizes, sent := map[string]int64{}, 0
	served, err := loadAssets()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if path.Ext(e.Name()) == ".js" && !strings.ContainsAny(e.Name(), "0123456789") {
			sizes[e.Name()] = info.Size()
			sent += len(served.files[path.Base(served.addresses[e.Name()])].gzip)
		}
	}
	if len(sizes) < 6 || sizes["app.js"] == 0 || sizes[walkScript] == 0 || sizes[workerScript] == 0 {
		t.Fatalf("the own scripts are %v", sizes)
	}
	if sent == 0 || sent > scriptLimit {
		t.Errorf("all own scripts are sent as %d bytes, more than %d", sent, scriptLimit)
	}
	for name, size := range sizes {
		page := sizes["app.js"] + size
		if name == walkScript {
			page += sizes[workerScript]
		}
		if page > scriptLimit {
			t.Errorf("a page with %s loads %d bytes of own script, more than %d", name, page, scriptLimit)
		}
	}
}
