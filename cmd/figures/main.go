// Command figures measures what the design holds itself to and prints figure, bar and verdict of each.
//
//  1. The bars are data (bars.csv): which benchmark of which package measures what, and what the figure must be. Figures and ratios of one benchmark run come from one run.
//  2. It runs the benchmarks of the module in whose root it is called, one package after the other, and nothing beside them: figures of a machine that does other work are those of that work too.
//  3. A missed bar is told, not an error. It exits with 1 if a figure could not be measured, with 2 if the bars cannot be read.
//  4. A line without a bar is told for comparison: how a figure grows, or how many of many hold theirs.
package main

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/csv"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

//go:embed bars.csv
var barsFile []byte

// bar is one line of the table.
type bar struct {
	// What is measured, in words.
	What string
	run
	// Line is the benchmark whose figure it is, without Benchmark before it; Metric names the figure, Unit what it is shown in.
	Line, Metric, Unit string
	// AtLeast: the figure must not be below Bar; otherwise not above it. Free: there is no bar.
	AtLeast, Free bool
	Bar           float64
	// Of is the benchmark of the same run of whose figure this one is a share in percent, "" for none.
	Of string
}

// run is one run of benchmarks.
type run struct {
	// Package is its folder, Bench the pattern, Time what -benchtime takes, CPU what -cpu takes, "" for all, Env a setting NAME=value of its environment, "" for none.
	Package, Bench, Time, CPU, Env string
}

// parseBars reads the bars; its errors name the line.
func parseBars(data []byte) ([]bar, error) {
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		return nil, err
	}
	const head = "what,package,bench,line,benchtime,cpu,env,metric,unit,sign,bar,of"
	if len(rows) < 2 || strings.Join(rows[0], ",") != head {
		return nil, fmt.Errorf("line 1: want the columns %s", head)
	}
	var out []bar
	for i, r := range rows[1:] {
		sign, at := r[9], r[10]
		b := bar{What: r[0], run: run{Package: r[1], Bench: r[2], Time: r[4], CPU: r[5], Env: r[6]}, Line: r[3], Metric: r[7], Unit: r[8], AtLeast: sign == ">=", Free: sign == "" && at == "", Of: r[11]}
		if !b.Free {
			if sign != ">=" && sign != "<=" {
				return nil, fmt.Errorf("line %d: the sign is %q", i+2, sign)
			}
			if b.Bar, err = strconv.ParseFloat(at, 64); err != nil {
				return nil, fmt.Errorf("line %d: the bar is %q", i+2, at)
			}
		}
		out = append(out, b)
	}
	return out, nil
}

// figures are what a run told: by benchmark and metric.
type figures map[string]map[string]float64

// read takes the figures from what go test printed.
func (f figures) read(text string) {
	for line := range strings.Lines(text) {
		parts := strings.Fields(line)
		name, is := strings.CutPrefix(strings.Join(parts[:min(1, len(parts))], ""), "Benchmark")
		if !is || len(parts) < 4 {
			continue
		}
		if at := strings.LastIndexByte(name, '-'); at > 0 && strings.Trim(name[at+1:], "0123456789") == "" {
			name = name[:at] // how many processors it ran on
		}
		if f[name] == nil {
			f[name] = map[string]float64{}
		}
		for i := 2; i+1 < len(parts); i += 2 {
			if n, err := strconv.ParseFloat(parts[i], 64); err == nil {
				f[name][parts[i+1]] = n
			}
		}
	}
}

// of is the figure of a bar; false if it was not measured.
func (f figures) of(b bar) (float64, bool) {
	n, ok := f[b.Line][b.Metric]
	if !ok || b.Of == "" {
		return n, ok
	}
	whole, ok := f[b.Of][b.Metric]
	return n / whole * 100, ok && whole > 0
}

// verdict says whether a figure holds its bar.
func (b bar) verdict(n float64) string {
	switch {
	case b.Free:
		return ""
	case n >= b.Bar == b.AtLeast || n == b.Bar:
		return "met"
	}
	return "MISSED"
}

// number is a figure with as many digits as tell something.
func number(n float64) string {
	switch {
	case n >= 100:
		return strconv.FormatFloat(n, 'f', 0, 64)
	case n >= 10:
		return strconv.FormatFloat(n, 'f', 1, 64)
	}
	return strconv.FormatFloat(n, 'f', 2, 64)
}

// measure carries a run out.
func measure(r run, short bool, told io.Writer) (figures, error) {
	args := []string{"test", "-vet=off", "-run", "^$", "-timeout", "60m", "-bench", r.Bench, "-benchtime", r.Time}
	if r.CPU != "" {
		args = append(args, "-cpu", r.CPU)
	}
	if short {
		args = append(args, "-short")
	}
	cmd := exec.Command("go", append(args, r.Package)...)
	if r.Env != "" && !short { // what it asks for is large data
		cmd.Env = append(os.Environ(), r.Env)
	}
	fmt.Fprintln(told, strings.TrimSpace(r.Env+" "+strings.Join(cmd.Args, " ")))
	out, err := cmd.CombinedOutput()
	f := figures{}
	f.read(string(out))
	if err != nil {
		return f, fmt.Errorf("%w\n%s", err, out)
	}
	return f, nil
}

// print writes the table; it reports whether every figure was measured.
func print(out io.Writer, bars []bar, all map[run]figures) bool {
	whole := true
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "what\tfigure\tbar\tverdict")
	for _, b := range bars {
		limit := "≤ " + number(b.Bar) + " " + b.Unit
		switch {
		case b.Free:
			limit = ""
		case b.AtLeast:
			limit = "≥ " + number(b.Bar) + " " + b.Unit
		}
		figure, verdict := "—", "not measured"
		if n, ok := all[b.run].of(b); ok {
			figure, verdict = number(n)+" "+b.Unit, b.verdict(n)
		} else {
			whole = false
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", b.What, figure, limit, verdict)
	}
	return table.Flush() == nil && whole
}

// loadAverage tells how busy the machine was during the last minutes, which says what the figures are worth; "?" where the system does not tell.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if parts := strings.Fields(string(text)); err == nil && len(parts) >= 3 {
		return strings.Join(parts[:3], " ")
	}
	return "?"
}

func main() {
	only := flag.String("only", "", "measure only what matches this pattern, in its words or its package")
	short := flag.Bool("short", false, "small data: shows that everything can be measured, tells nothing about the bars")
	flag.Parse()
	bars, err := parseBars(barsFile)
	pattern, badPattern := regexp.Compile(*only)
	if err != nil || badPattern != nil {
		fmt.Fprintln(os.Stderr, "figures:", err, badPattern)
		os.Exit(2)
	}
	bars = slices.DeleteFunc(bars, func(b bar) bool { return !pattern.MatchString(b.What) && !pattern.MatchString(b.Package) })
	all := map[run]figures{}
	failed := false
	out := bufio.NewWriter(os.Stdout)
	fmt.Fprintf(out, "%d processors; work that waited for them before (/proc/loadavg): %s", runtime.NumCPU(), loadAverage())
	for _, b := range bars {
		if _, done := all[b.run]; done {
			continue
		}
		f, err := measure(b.run, *short, os.Stderr)
		if all[b.run] = f; err != nil {
			failed = true
			fmt.Fprintln(os.Stderr, "figures:", err)
		}
	}
	fmt.Fprintf(out, ", after: %s\n", loadAverage())
	whole := print(out, bars, all)
	if err := out.Flush(); err != nil || !whole || failed {
		os.Exit(1)
	}
}
