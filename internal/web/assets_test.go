package web

import (
	"io/fs"
	"path"
	"strings"
	"testing"
)

// scriptLimit is the budget of own script of one page, in bytes as it is written (ui.md §9): the common script, that of the page, and the worker that it starts.
const scriptLimit = 15_000

// TestScriptBudget: a page loads the common script and at most one further one. Files from elsewhere carry their version in their name.
func TestScriptBudget(t *testing.T) {
	entries, err := fs.ReadDir(assetFiles, "assets")
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[string]int64{}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if path.Ext(e.Name()) == ".js" && !strings.ContainsAny(e.Name(), "0123456789") {
			sizes[e.Name()] = info.Size()
		}
	}
	if len(sizes) < 6 || sizes["app.js"] == 0 || sizes[walkScript] == 0 || sizes[workerScript] == 0 {
		t.Fatalf("the own scripts are %v", sizes)
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
