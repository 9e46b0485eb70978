package main

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"time"

	"redsteward/configs"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/rating/cycle"
	"redsteward/supervision"
	"redsteward/supervision/inspection"
)

// countyLoader lets a planned county happen, through the services.
type countyLoader struct {
	*service
	plan  *countyPlan
	clock *movedClock
	// numbering lets one act after the other take a document number, so that none is refused.
	numbering sync.Mutex
	watch     *stopwatch
	progress  *progressLine
	// asks are what the schemes ask, by source and fact.
	asks map[string]map[string]supervision.Ask
	// admin and people are who acts, passwords one row for each role.
	admin     policy.Actor
	people    map[policy.Role][]policy.Actor
	passwords [][]string
	// township, firms and projects are the ids of what the plan names by its place.
	township                    string
	firms, developers, projects []string
	// photo is the file that findings on visits show.
	photo inspection.Photo
	// fundPaper is the scan that every account of the guarantee fund shows.
	fundPaper files.Stored
	// files are what firms show for all of their projects.
	files firmFiles
	// sheets are the shipped checklists.
	sheets *inspection.Sheets
}

// loadCounty makes a county in a new data folder: in a folder beside it, which takes its name once everything is on disk. What it prints goes to out.
func loadCounty(p *program, plan *countyPlan, dir string, out io.Writer) (result *countyResult, err error) {
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return nil, fault.Wrap("cmd.demo", fault.Invalid, "不能建立文件夹 "+parent, err)
	}
	loading, err := os.MkdirTemp(parent, ".redsteward-loading-")
	if err != nil {
		return nil, fault.Wrap("cmd.demo", fault.Unavailable, "不能在 "+parent+" 里建立文件夹", err)
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(loading) // what failed is told already
		}
	}()
	l := &countyLoader{plan: plan, clock: &movedClock{now: hour(plan.size.countyDay(), 8)}, watch: &stopwatch{now: p.now, spent: map[string]time.Duration{}},
		progress: &progressLine{out: out}, people: map[policy.Role][]policy.Actor{}}
	if result, err = l.load(p, loading); err != nil {
		return nil, err
	}
	// A folder that is there is empty, and is replaced.
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fault.Wrap("cmd.demo", fault.Unavailable, dir+" 不能换成载入的数据", err)
	}
	return result, os.Rename(loading, dir)
}

// countyResult is what came out of loading.
type countyResult struct {
	// accounts are login, password and title, one row for each role.
	accounts [][]string
	// period and results are the published year, or the last published quarter if there is none.
	period  cycle.Period
	scheme  *rating.Scheme
	results []rating.ArchivedResult
	// seconds are those of each part, changes the records written.
	seconds string
	changes int64
}

// load opens the folder, lets everything happen and closes it.
func (l *countyLoader) load(p *program, dir string) (result *countyResult, err error) {
	settings, err := loadConfig("", nil, []string{"store.uri=" + dir, "log.level=warn"})
	if err != nil {
		return nil, err
	}
	if l.service, err = openServiceAs(p, settings, opening{relaxed: true, business: l.clock.Now}); err != nil {
		return nil, err
	}
	closed := false
	defer func() {
		if !closed {
			_ = l.close() // the error that stopped the loading is told
		}
	}()
	if err := l.happen(p.ctx); err != nil {
		return nil, err
	}
	if result, err = l.result(p.ctx); err != nil {
		return nil, err
	}
	err = l.watch.time("落盘", func() error {
		closed = true
		if err := l.sqlite.Harden(p.ctx); err != nil {
			return err
		}
		return l.close()
	})
	result.accounts, result.seconds = l.passwords, l.watch.String()
	return result, err
}

// happen is the life of the county until demoStart.
func (l *countyLoader) happen(ctx context.Context) error {
	// Loading makes much that is thrown away at once; a larger heap saves a tenth of the time.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	var err error
	if l.asks, err = askedOf(); err != nil {
		return err
	}
	if l.sheets, err = loadSheets(nil); err != nil {
		return err
	}
	steps := []struct {
		part string
		do   func(context.Context) error
	}{{partAccounts, l.hireAdmin}, {partAccounts, l.hireBureau}, {partRegister, l.register}, {partAccounts, l.hireLocal}, {partAccounts, l.hireHelpers}, {partVisits, l.takePhoto}}
	for _, s := range steps {
		if err := l.watch.time(s.part, func() error { return s.do(ctx) }); err != nil {
			return err
		}
	}
	year, err := l.yearOfMatterActs()
	if err != nil {
		return err
	}
	return l.perform(ctx, append(l.schedule(), year...), mustTime(demoStart).Add(-time.Minute))
}

// askedOf are what the schemes of the first quarter and year ask of each source; what both ask, the quarter words.
func askedOf() (map[string]map[string]supervision.Ask, error) {
	asks := map[string]map[string]supervision.Ask{}
	for _, name := range []string{"five-goods-year", "five-goods-quarter"} {
		data, err := configs.Files.ReadFile("schemes/" + name + ".yaml")
		if err != nil {
			return nil, err
		}
		scheme, err := parseScheme(name, data)
		if err != nil {
			return nil, err
		}
		for source, list := range cycle.Asks(scheme) {
			if asks[source] == nil {
				asks[source] = map[string]supervision.Ask{}
			}
			for _, ask := range list {
				asks[source][ask.Fact] = ask
			}
		}
	}
	return asks, nil
}

// takePhoto keeps the picture that findings show.
func (l *countyLoader) takePhoto(ctx context.Context) error {
	data, err := demoPhoto(0)
	if err != nil {
		return err
	}
	kept, err := l.keeper.Take(ctx, store.Meta{By: l.of("inspector", 0).ID, Action: string(policy.DoVisit)}, "现场（演示）.jpg", bytes.NewReader(data), files.JPEG)
	l.photo = inspection.Photo{Original: kept.Original, Shown: kept.Shown}
	return err
}

// demoPhoto draws a small picture of stripes; each number gives another one.
func demoPhoto(n int) ([]byte, error) {
	img := image.NewRGBA(image.Rect(0, 0, 64, 48))
	for y := range 48 {
		for x := range 64 {
			band := uint8((x/8 + y/12 + n) % 7 * 32)
			img.SetRGBA(x, y, color.RGBA{R: band, G: uint8(n), B: uint8(n >> 8), A: 255})
		}
	}
	var out bytes.Buffer
	err := jpeg.Encode(&out, img, &jpeg.Options{Quality: 70})
	return out.Bytes(), err
}

// result reads what was published last: the year before the quarter.
func (l *countyLoader) result(ctx context.Context) (*countyResult, error) {
	out := &countyResult{}
	for _, rhythm := range []string{cycle.RhythmYear, cycle.RhythmQuarter} {
		published, err := l.cycle.Published(ctx, rhythm)
		if err != nil {
			return nil, err
		}
		if len(published) > 0 {
			out.period = published[0]
			break
		}
	}
	if out.period.ID == "" {
		return nil, fault.New("cmd.demo", fault.Internal, "演示县没有已公布的评价")
	}
	var err error
	if out.scheme, err = l.cycle.Scheme(ctx, out.period.ID); err != nil {
		return nil, err
	}
	for r, err := range l.archive.Results(ctx, out.period.Evaluation) {
		if err != nil {
			return nil, err
		}
		out.results = append(out.results, r)
	}
	out.changes, err = l.db.Engine().LastN(ctx)
	return out, err
}
