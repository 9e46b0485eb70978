package web_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"redsteward/internal/report"
	"redsteward/registry"
)

// manyProjects is the size of the register that the benchmark is about: a whole city.
const manyProjects = 10_000

// peakMiB is the largest resident size that the process has had, in MiB; 0 where the system does not tell.
func peakMiB() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			kib, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			return kib / 1024
		}
	}
	return 0
}

// BenchmarkRegister imports 10,000 projects from a workbook through all its steps, once more the same workbook, and then opens the pages of the register: the median of each, and the slowest 95th percentile of 8 clients (bar: 100 ms, design §8).
func BenchmarkRegister(b *testing.B) {
	if testing.Short() {
		b.Skip("imports 10,000 projects")
	}
	f := start(b, 3)
	firm, _ := fill(b, f)
	staff(b, f, firm)
	ctx := context.Background()
	names := strings.Fields("望湖 芝城 书院 安居 东风 滨江 翠湖 锦绣 阳光 龙腾 金桂 和顺 紫荆 兰亭 御景 清风")
	places := []string{"城东社区", "360428100009"}
	lines := make([]registry.ProjectLine, manyProjects)
	for i := range lines {
		lines[i] = registry.ProjectLine{CommunityName: places[i%2], ProjectInput: registry.ProjectInput{Name: fmt.Sprintf("%s%s苑%d期", names[i%16], names[i/16%16], i), Address: fmt.Sprintf("东风大道 %d 号", i), Households: int64(100 + i%900), Kind: registry.KindCommodity}}
	}
	book, err := report.Write(report.Projects().Filled(lines))
	if err != nil {
		b.Fatal(err)
	}
	step := func(name string, f func() error) {
		begun := time.Now()
		if err := f(); err != nil {
			b.Fatal(name, err)
		}
		b.ReportMetric(time.Since(begun).Seconds(), name+"-s")
	}
	for b.Loop() {
		begun := time.Now()
		var read report.Read
		var draft, id string
		step("read", func() (err error) {
			read, err = report.ReadRegister(registry.ImportProjects, bytes.NewReader(book))
			return err
		})
		file := registry.File{Kind: registry.ImportProjects, Name: "x.xlsx", Hash: strings.Repeat("0", 64), Lines: read.Lines}
		step("dry", func() error {
			run, err := f.Register.DryImport(ctx, clerk, file)
			if draft = run.Draft; err == nil && run.New != manyProjects {
				err = fmt.Errorf("%d new, %d faulty: %v", run.New, run.Faulty, run.Faults[:min(3, len(run.Faults))])
			}
			return err
		})
		step("accept", func() (err error) {
			id, err = f.Register.AcceptImport(ctx, clerk, draft, false)
			return err
		})
		step("apply", func() error {
			if _, err := f.Register.RunImports(ctx); err != nil {
				return err
			}
			v, err := f.Register.OneImport(ctx, clerk, id)
			if err == nil && v.Created != manyProjects {
				err = fmt.Errorf("%+v", v)
			}
			return err
		})
		b.ReportMetric(time.Since(begun).Seconds(), "import-s")
		b.ReportMetric(peakMiB(), "peak-MiB")
		step("again", func() error {
			run, err := f.Register.DryImport(ctx, clerk, file)
			if err == nil && run.Same != manyProjects {
				err = fmt.Errorf("imported again: %d same, %d new", run.Same, run.New)
			}
			return err
		})
	}
	page, err := f.Register.Projects(ctx, clerk, registry.ProjectQuery{})
	if err != nil {
		b.Fatal(err)
	}
	officer := newPerson(b, f).signIn(b, "officer")
	var slowest time.Duration
	for _, p := range []struct{ name, path string }{
		{"list", "/register/projects"}, {"search", "/register/projects?q=whzc"}, {"address", "/register/projects?q=" + "%E5%A4%A7%E9%81%93+77"}, {"filter", "/register/projects?community=360428100009&sort=households&desc=1"},
		{"one", "/register/projects/" + page.Rows[0].ID}, {"tree", "/register/divisions"}, {"excel", "/register/projects.xlsx"}, {"yesterday", "/register/projects?known=2026-01-01"},
	} {
		clients, tries := 8, 10
		if p.name == "excel" {
			clients, tries = 1, 1
		}
		took := crowdOf(b, officer, p.path, clients, tries)
		b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, p.name+"-ms")
		p95 := took[(len(took)-1)*95/100]
		switch p.name {
		case "excel": // a file
		case "yesterday": // reads the journal, not the lists
			b.ReportMetric(float64(p95.Microseconds())/1000, "back-p95-ms")
		default:
			slowest = max(slowest, p95)
		}
	}
	b.ReportMetric(float64(slowest.Microseconds())/1000, "warm-p95-ms")
}
