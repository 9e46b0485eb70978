//go:build !race

package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the import path of the root folder.
const module = "redsteward"

// leaves import only each other, and every layer may import them. Each is a folder with everything below it.
var leaves = []string{
	"internal/fault", "internal/num", "internal/store", "internal/journal", "internal/calendar", "internal/files", "internal/yamlstrict", "internal/schedule",
	"internal/imports", "internal/outside", "internal/gateway", "internal/pdf",
}

// layers may import the leaves and what stands before them; cmd, the last, everything.
var layers = []string{"policy", "registry", "supervision", "rating", "internal/report", "internal/web", "cmd"}

// islands import nothing of ours.
var islands = []string{"charts", "configs", "internal/docx"}

// siblings lists the pairs of folders below one layer of which the first may import the second; otherwise children import their root only.
var siblings = map[string][]string{
	"registry/handover": {"registry/fund"}, "registry/fund/bank": {"registry/fund"},
	"registry/fund": {"registry/casework"}, "registry/fund/claim": {"registry/fund", "registry/casework"}, "registry/fund/refund": {"registry/fund", "registry/casework"}, "registry/fund/dunning": {"registry/fund", "registry/casework"},
	"registry/filing": {"registry/casework"}, "registry/registrytest": {"registry/casework"}, "registry/change": {"registry/casework"}, "registry/owners": {"registry/casework"}, "rating/standing": {"rating/cycle"},
}

// openInside are layers whose folders may import each other.
var openInside = []string{"internal/report", "internal/web", "cmd"}

// ownedBy says who may import a part of the tree that is closed to its neighbours.
var ownedBy = map[string][]string{
	"configs":                       {"policy/policytest", "cmd"},
	"charts":                        {"internal/web", "cmd"},
	"internal/store/backup":         {"internal/store/backup", "cmd"},
	"internal/store/sqlite":         {"internal/store", "cmd"},
	"internal/store/mongo":          {"internal/store/mongo", "cmd"},
	"internal/store/mongo/wiretest": {"internal/store/mongo/wiretest"},
	"internal/web":                  {"internal/web", "cmd"},
	"internal/docx":                 {"internal/web"},
	"internal/report":               {"internal/report", "internal/web", "cmd"},
	"internal/outside":              {"cmd", "internal/web/browsertest"},
	"internal/pdf":                  {"internal/web", "cmd"},
}

// libraries names the only folders that may import a library; a test file of cmd may look behind the scenes with any of them.
var libraries = map[string][]string{
	"github.com/gofiber/":           {"internal/web"},
	"github.com/valyala/":           {"internal/web"},
	"github.com/danielgtaylor/huma": {"internal/web"},
	"go.mongodb.org/mongo-driver":   {"internal/store/mongo"},
	"github.com/FerretDB/":          {"internal/store/mongo/wiretest"},
	"database/sql":                  {"internal/store/sqlite"},
	"modernc.org/":                  {"internal/store/sqlite"},
	"github.com/casbin/":            {"policy"},
	"github.com/xuri/":              {"internal/report"},
	"github.com/go-echarts/":        {"charts"},
	"github.com/robfig/cron":        {"internal/schedule"},
	"github.com/alecthomas/kong":    {"cmd"},
	"cel.dev/":                      {"rating"},
	"github.com/google/cel-go":      {"rating"},
	"github.com/cockroachdb/apd":    {"internal/num"},
	"github.com/go-json-experiment": {"internal/journal"},
	"github.com/prometheus/":        {"internal/web", "cmd"},
	"html/template":                 {"internal/web", "internal/report", "charts"},
}

// testLibraries may be imported by test files and by the exported test suite of the store only.
var testLibraries = []string{"testing", "pgregory.net/rapid", "github.com/anishathalye/porcupine", "github.com/google/go-cmp", "github.com/6tail/lunar-go", "github.com/chromedp/", "github.com/makiuchi-d/gozxing"}

// topLevel is the list of folders of the root; another one needs a written reason in CONTRIBUTING.
var topLevel = []string{"cmd", "configs", "registry", "supervision", "rating", "policy", "charts", "internal"}

// builtHere are folders that the Makefile writes and git ignores.
var builtHere = []string{"bin", "dist", "data", "node_modules"}

// source is one Go file: its path from the root, with slashes, and its parsed form.
type source struct {
	path string
	set  *token.FileSet
	file *ast.File
}

// folder is the package's folder, as in import paths below the module.
func (s source) folder() string { return path.Dir(s.path) }

// isTest tells whether only `go test` compiles the file.
func (s source) isTest() bool {
	return strings.HasSuffix(s.path, "_test.go") || within(s.path, "internal/store/storetest") ||
		within(s.path, "internal/store/mongo/wiretest") || within(s.path, "internal/store/mongo/mongotest") || within(s.path, "policy/policytest") || within(s.path, "registry/registrytest") || within(s.path, "charts/chartstest") || within(s.path, "internal/docx/docxtest")
}

// at gives a position that an editor can jump to.
func (s source) at(pos token.Pos) string {
	p := s.set.Position(pos)
	return fmt.Sprintf("%s:%d:%d", s.path, p.Line, p.Column)
}

// parseSource parses the text of one file.
func parseSource(t testing.TB, name, text string) source {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return source{path: name, set: set, file: file}
}

// rootFolder is where go.mod stands.
func rootFolder(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// allSources parses every Go file of the tree.
func allSources(t testing.TB) []source {
	t.Helper()
	root := rootFolder(t)
	var all []source
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if p != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || slices.Contains(builtHere, d.Name())) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		all = append(all, parseSource(t, filepath.ToSlash(rel), string(text)))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// within tells whether p is the folder or lies below it.
func within(p, folder string) bool { return p == folder || strings.HasPrefix(p, folder+"/") }

// under tells whether p lies in one of the folders.
func under(p string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return within(p, f) })
}

// area returns the layer, leaf or island that a folder belongs to, "" if none does.
func area(folder string) string {
	for _, list := range [][]string{leaves, layers, islands} {
		for _, a := range list {
			if within(folder, a) {
				return a
			}
		}
	}
	return ""
}

// importFault says why a folder may not import a path, "" if it may.
func importFault(s source, imported string) string {
	from := s.folder()
	if inner, ok := strings.CutPrefix(imported, module+"/"); ok {
		return innerFault(s, from, inner)
	}
	for lib, owners := range libraries {
		if !strings.HasPrefix(imported, lib) || under(from, owners) {
			continue
		}
		if s.isTest() && within(from, "cmd") {
			continue
		}
		return "only " + strings.Join(owners, ", ") + " may import " + imported
	}
	if !s.isTest() && slices.ContainsFunc(testLibraries, func(lib string) bool { return strings.HasPrefix(imported, lib) }) {
		return imported + " is for tests only"
	}
	return ""
}

// innerFault judges an import of one of our own folders.
func innerFault(s source, from, to string) string {
	a, b := area(from), area(to)
	if b == "" {
		return to + " is no folder of the layout"
	}
	if from == to || s.isTest() && strings.HasSuffix(s.file.Name.Name, "_test") && within(to, from) {
		return ""
	}
	// The most exact owner counts: internal/store/mongo/wiretest before internal/store/mongo.
	best := ""
	for closed := range ownedBy {
		if within(to, closed) && len(closed) > len(best) {
			best = closed
		}
	}
	tested := s.isTest() && (within(to, "internal/store/sqlite") || within(to, "internal/store/storetest"))
	if best != "" && !tested && !under(from, ownedBy[best]) && !within(from, best) {
		return "only " + strings.Join(ownedBy[best], ", ") + " may import " + to
	}
	testsOnly := within(to, "internal/store/storetest") || within(to, "policy/policytest") && from != "internal/web/browsertest" || within(to, "registry/registrytest") || within(to, "charts/chartstest") || within(to, "internal/docx/docxtest")
	if !s.isTest() && testsOnly {
		return to + " is for tests only"
	}
	switch {
	case slices.Contains(islands, a) && a == b && testsOnly:
		return ""
	case slices.Contains(islands, a):
		return a + " imports nothing of ours"
	case slices.Contains(leaves, a):
		if !slices.Contains(leaves, b) {
			return a + " is a leaf and may import leaves only"
		}
		return ""
	case slices.Contains(leaves, b):
		return ""
	case a == b:
		if to != a && to != "registry/registrytest" && to != "policy/policytest" && !slices.Contains(siblings[from], to) && !slices.Contains(openInside, a) {
			return "children import their root, and a root imports no child: " + to
		}
		return ""
	case slices.Contains(islands, b):
		return "" // ownedBy has allowed it.
	case slices.Index(layers, b) < slices.Index(layers, a):
		return ""
	}
	return fmt.Sprintf("%s stands before %s and may not import it", a, b)
}

// layoutFaults checks one file against the table.
func layoutFaults(s source) []string {
	var faults []string
	if area(s.folder()) == "" {
		faults = append(faults, s.path+": the folder is not part of the layout")
	}
	for _, spec := range s.file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			faults = append(faults, s.at(spec.Pos())+": "+err.Error())
			continue
		}
		if why := importFault(s, imported); why != "" {
			faults = append(faults, s.at(spec.Pos())+": "+why)
		}
	}
	return faults
}

func TestLayout(t *testing.T) {
	entries, err := os.ReadDir(rootFolder(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !slices.Contains(topLevel, e.Name()) && !slices.Contains(builtHere, e.Name()) {
			t.Errorf("%s: the top level is the list of business words; another folder needs a written reason in CONTRIBUTING", e.Name())
		}
	}
	sources := allSources(t)
	if len(sources) < 10 {
		t.Fatalf("only %d files found: the walk is broken", len(sources))
	}
	for _, s := range sources {
		for _, f := range layoutFaults(s) {
			t.Error(f)
		}
	}
}

// TestLayoutCatches proves that each rule of the table can fail.
func TestLayoutCatches(t *testing.T) {
	tests := []struct {
		name, path, imported string
		allowed              bool
	}{
		{"a layer imports the one before", "rating/a.go", "redsteward/supervision/evidence", true},
		{"a layer skips some", "internal/web/a.go", "redsteward/policy", true},
		{"supervision never calls rating", "supervision/a.go", "redsteward/rating", false},
		{"policy imports no other layer", "policy/a.go", "redsteward/registry", false},
		{"a leaf imports a leaf", "internal/store/a.go", "redsteward/internal/journal", true},
		{"a leaf imports a layer", "internal/store/a.go", "redsteward/policy", false},
		{"a layer imports a leaf", "policy/a.go", "redsteward/internal/num", true},
		{"a child imports its root", "registry/fund/a.go", "redsteward/registry", true},
		{"handover imports fund", "registry/handover/a.go", "redsteward/registry/fund", true},
		{"fund imports handover", "registry/fund/a.go", "redsteward/registry/handover", false},
		{"fund works in the frame of cases", "registry/fund/claim/a.go", "redsteward/registry/casework", true},
		{"so does supervision", "supervision/rectification/a.go", "redsteward/registry/casework", true},
		{"the frame knows no business", "registry/casework/a.go", "redsteward/registry/fund", false},
		{"siblings", "supervision/wish/a.go", "redsteward/supervision/matter", false},
		{"a root imports its child", "supervision/a.go", "redsteward/supervision/matter", false},
		{"charts imports ours", "charts/a.go", "redsteward/internal/num", false},
		{"configs imports ours", "configs/a.go", "redsteward/internal/fault", false},
		{"configs is read by cmd", "cmd/redsteward/a.go", "redsteward/configs", true},
		{"configs is read by web", "internal/web/a.go", "redsteward/configs", false},
		{"configs is read by a test", "rating/a_test.go", "redsteward/configs", false},
		{"web draws charts", "internal/web/a.go", "redsteward/charts", true},
		{"rating draws charts", "rating/a.go", "redsteward/charts", false},
		{"rating imports web", "rating/a.go", "redsteward/internal/web", false},
		{"web opens an engine", "internal/web/a.go", "redsteward/internal/store/sqlite", false},
		{"configs is read by the rights of tests", "policy/policytest/a.go", "redsteward/configs", true},
		{"a test asks for the shipped rights", "registry/a_test.go", "redsteward/policy/policytest", true},
		{"the pages of the browser tests ask for them", "internal/web/browsertest/a.go", "redsteward/policy/policytest", true},
		{"a test of the register works at its desk", "registry/fund/a_test.go", "redsteward/registry/registrytest", true},
		{"a test of a part of policy asks for the rights of tests", "policy/witness/a_test.go", "redsteward/policy/policytest", true},
		{"a part of policy asks for the rights of tests", "policy/witness/a.go", "redsteward/policy/policytest", false},
		{"a service works at the desk of tests", "registry/fund/a.go", "redsteward/registry/registrytest", false},
		{"the desk asks for the rights of tests", "registry/registrytest/a.go", "redsteward/policy/policytest", true},
		{"the desk looks into a service", "registry/registrytest/a.go", "redsteward/registry/fund", false},
		{"a service asks for the rights of tests", "registry/a.go", "redsteward/policy/policytest", false},
		{"a test of documents opens them in LibreOffice", "internal/docx/a_test.go", "redsteward/internal/docx/docxtest", true},
		{"documents are written by themselves", "internal/docx/a.go", "redsteward/internal/docx/docxtest", false},
		{"a test opens the real engine", "policy/a_test.go", "redsteward/internal/store/sqlite", true},
		{"a test starts the wire server", "policy/a_test.go", "redsteward/internal/store/mongo/wiretest", false},
		{"the suite in production code", "policy/a.go", "redsteward/internal/store/storetest", false},
		{"cmd wires everything", "cmd/redsteward/a.go", "redsteward/internal/store/mongo", true},
		{"an unknown folder is imported", "cmd/redsteward/a.go", "redsteward/utils", false},
		{"an unknown folder", "utils/a.go", "fmt", false},
		{"Fiber in web", "internal/web/a.go", "github.com/gofiber/fiber/v2", true},
		{"Fiber in cmd", "cmd/redsteward/a.go", "github.com/gofiber/fiber/v2", false},
		{"huma in rating", "rating/a.go", "github.com/danielgtaylor/huma/v2", false},
		{"bson in the store's root", "internal/store/a.go", "go.mongodb.org/mongo-driver/v2/bson", false},
		{"bson in the engine", "internal/store/mongo/a.go", "go.mongodb.org/mongo-driver/v2/bson", true},
		{"SQL in the store's root", "internal/store/a.go", "database/sql", false},
		{"SQL in the engine", "internal/store/sqlite/a.go", "modernc.org/sqlite", true},
		{"an end-to-end test damages the data by hand", "cmd/redsteward/a_test.go", "database/sql", true},
		{"Casbin in web", "internal/web/a.go", "github.com/casbin/casbin/v2", false},
		{"go-echarts in web", "internal/web/a.go", "github.com/go-echarts/go-echarts/v2/opts", false},
		{"cron in rating", "rating/a.go", "github.com/robfig/cron/v3", false},
		{"cron in its place", "internal/schedule/a.go", "github.com/robfig/cron/v3", true},
		{"the schedule knows no business", "internal/schedule/a.go", "redsteward/rating", false},
		{"FerretDB in the engine", "internal/store/mongo/a.go", "github.com/FerretDB/FerretDB/ferretdb", false},
		{"testing in production code", "rating/a.go", "testing", false},
		{"rapid in a test", "rating/a_test.go", "pgregory.net/rapid", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			faults := layoutFaults(parseSource(t, tt.path, "package x\n\nimport _ \""+tt.imported+"\"\n"))
			if (len(faults) == 0) != tt.allowed {
				t.Errorf("faults %q, want allowed = %v", faults, tt.allowed)
			}
		})
	}
}
