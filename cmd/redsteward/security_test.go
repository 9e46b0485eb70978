//go:build !race

package main

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// namedTest is a test as the table of CONTRIBUTING names it.
var namedTest = regexp.MustCompile("`((?:Test|test|Fuzz)[A-Za-z0-9]+)`")

// TestSecurityTable: every measure of the table in CONTRIBUTING names tests, and every test that it names is there.
func TestSecurityTable(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(rootFolder(t), "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "\n## Security\n")
	table, _, _ = strings.Cut(table, "\n## ")
	declared := map[string]bool{}
	for _, s := range allSources(t) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && s.isTest() {
				declared[f.Name.Name] = true
			}
		}
	}
	measures := 0
	for _, line := range strings.Split(table, "\n") {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| measure") {
			continue
		}
		measures++
		tests := namedTest.FindAllStringSubmatch(line, -1)
		if len(tests) == 0 {
			t.Errorf("no test holds %s", line)
		}
		for _, one := range tests {
			if !declared[one[1]] {
				t.Errorf("%s is no test: %s", one[1], line)
			}
		}
	}
	if !found || measures < 20 {
		t.Errorf("%d measures: the table was not found", measures)
	}
}

// patternFaults finds patterns that are put together while the program runs: what somebody types must be looked for as text. Go's engine takes linear time, so that no pattern of ours can hang; no other engine may be imported.
func patternFaults(s source) []string {
	var faults []string
	for _, spec := range s.file.Imports {
		if name := strings.Trim(spec.Path.Value, `"`); strings.Contains(name, "regexp2") || strings.Contains(name, "pcre") {
			faults = append(faults, s.at(spec.Pos())+": "+name+" takes exponential time for some texts")
		}
	}
	ast.Inspect(s.file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) == 0 {
			return true
		}
		to, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || !slices.Contains([]string{"Compile", "MustCompile", "CompilePOSIX", "MustCompilePOSIX", "Match", "MatchString", "MatchReader"}, to.Sel.Name) {
			return true
		}
		if from, ok := to.X.(*ast.Ident); ok && from.Name == "regexp" && !literal(call.Args[0]) {
			faults = append(faults, s.at(call.Pos())+": a pattern that is not written down here")
		}
		return true
	})
	return faults
}

// literal reports whether a text stands in the place itself: a literal, or several one after the other.
func literal(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Kind == token.STRING
	case *ast.ParenExpr:
		return literal(e.X)
	case *ast.BinaryExpr:
		return e.Op == token.ADD && literal(e.X) && literal(e.Y)
	}
	return false
}

// ownPatterns put patterns together out of what the program or its operator says, never out of a request.
var ownPatterns = []string{"cmd/redsteward/county_scheme.go", "cmd/figures/main.go", "policy/settings.go"}

func TestPatterns(t *testing.T) {
	for _, s := range allSources(t) {
		if s.isTest() || slices.Contains(ownPatterns, s.path) {
			continue
		}
		for _, f := range patternFaults(s) {
			t.Error(f)
		}
	}
	scripts, err := filepath.Glob(filepath.Join(rootFolder(t), "internal/web/assets/*.js"))
	if err != nil || len(scripts) == 0 {
		t.Fatal(len(scripts), err)
	}
	for _, name := range scripts {
		if strings.HasPrefix(filepath.Base(name), "echarts") || strings.HasPrefix(filepath.Base(name), "htmx") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "RegExp(") {
			t.Errorf("%s puts a pattern together", filepath.Base(name))
		}
	}
	for name, tt := range map[string]struct {
		body  string
		wants int
	}{
		"a literal": {"import \"regexp\"\n\nvar p = regexp.MustCompile(`a` + \"b\")\n", 0}, "a parameter": {"import \"regexp\"\n\nfunc f(s string) { _, _ = regexp.MatchString(s, s) }\n", 1}, "another engine": {"import \"github.com/dlclark/regexp2\"\n\nvar p = regexp2.None\n", 1},
	} {
		if got := patternFaults(parseSource(t, "internal/web/a.go", "package web\n\n"+tt.body)); len(got) != tt.wants {
			t.Errorf("%s: %v", name, got)
		}
	}
}
