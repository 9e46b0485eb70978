package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestBars: every bar names a benchmark that there is and that its pattern runs; what lacks a metric is told as not measured.
func TestBars(t *testing.T) {
	bars, err := parseBars(barsFile)
	if err != nil {
		t.Fatal(err)
	}
	function := regexp.MustCompile(`^\w+`)
	for _, b := range bars {
		files, err := filepath.Glob(filepath.Join("..", "..", b.Package, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			text.Write(data)
		}
		for _, line := range []string{b.Line, b.Of} {
			name := "func Benchmark" + function.FindString(line) + "("
			if line != "" && !strings.Contains(text.String(), name) {
				t.Errorf("%s: no %s in %s", b.What, name, b.Package)
			}
			if line != "" && !strings.Contains(b.Bench, "Benchmark"+function.FindString(line)+"$") {
				t.Errorf("%s: %q does not run %s", b.What, b.Bench, line)
			}
		}
	}
	const head = "what,package,bench,line,benchtime,cpu,env,metric,unit,sign,bar,of\n"
	for _, wrong := range []string{"what\nx\n", head, head + "x,./p,B,B,1x,,,m,s,=,1,\n", head + "x,./p,B,B,1x,,,m,s,<=,some,\n", head + "x,./p,B,B,1x,,,m,s,,1,\n"} {
		if _, err := parseBars([]byte(wrong)); err == nil {
			t.Errorf("taken: %s", wrong)
		}
	}
}

// TestTable reads what go test prints, with a share in the same run, and tells what was met, what was missed and what nobody measured.
func TestTable(t *testing.T) {
	r := run{Package: "./x"}
	f := figures{}
	f.read("goos: linux\nBenchmarkCommit/writers=64/indexes=4-2         \t   40000\t     89000 ns/op\t     11000 commits/s\nBenchmarkBareLoop/indexes=4-2 40000 1 ns/op 22000 commits/s\nBenchmarkAllow 1000000 52.5 ns/op\nPASS\nok  \tx\t1.2s\n")
	bars := []bar{
		{What: "commits", run: r, Line: "Commit/writers=64/indexes=4", Metric: "commits/s", Unit: "commits/s", AtLeast: true, Bar: 8000},
		{What: "share", run: r, Line: "Commit/writers=64/indexes=4", Metric: "commits/s", Unit: "%", AtLeast: true, Bar: 60, Of: "BareLoop/indexes=4"},
		{What: "check", run: r, Line: "Allow", Metric: "ns/op", Unit: "ns", Bar: 2000},
		{What: "gone", run: r, Line: "Gone", Metric: "ns/op", Unit: "ns", Bar: 2000},
		{What: "alone", run: r, Line: "Allow", Metric: "ns/op", Unit: "ns", Free: true},
	}
	var out strings.Builder
	if print(&out, bars, map[run]figures{r: f}) {
		t.Error("a figure is missing, and nobody said so")
	}
	for _, want := range []string{`commits +11000 commits/s +≥ 8000 commits/s +met`, `share +50.0 % +≥ 60.0 % +MISSED`, `check +52.5 ns +≤ 2000 ns +met`, `gone +— +≤ 2000 ns +not measured`, `alone +52.5 ns +\n`} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("nothing like %q in\n%s", want, &out)
		}
	}
}
