package matter

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/internal/store/sqlite"
	"redsteward/policy"
	"redsteward/policy/policytest"
	"redsteward/registry"
	"redsteward/registry/registrytest"
	"redsteward/supervision"
)

// benchPlaces are compounds of 40 townships with five communities each.
type benchPlaces struct{ projects int }

func (p benchPlaces) township(i int) string  { return fmt.Sprintf("3604281%05d", i%40*100) }
func (p benchPlaces) community(i int) string { return fmt.Sprintf("3604281%05d", i%40*100+1+i/40%5) }

func (p benchPlaces) Place(context.Context, string, calendar.Date) (registry.Place, error) {
	return registry.Place{}, nil
}

func (p benchPlaces) Division(context.Context, string) (registry.DivisionRow, error) {
	return registry.DivisionRow{}, nil
}

func (p benchPlaces) DivisionsAt(context.Context, registry.Level, calendar.Date) ([]registry.DivisionRow, error) {
	return nil, nil
}

func (p benchPlaces) Compounds(context.Context, string) ([]registry.Compound, error) {
	out := make([]registry.Compound, p.projects)
	for i := range out {
		out[i] = registry.Compound{ID: "p" + strconv.Itoa(i), Community: p.community(i), Township: p.township(i), Households: 300}
	}
	return out, nil
}

// benchMatter is the i-th of n matters: reported within the last year, one of fifty still open.
func benchMatter(i, n int, places benchPlaces, tree *Tree, now time.Time) Matter {
	kind := tree.kinds[i%len(tree.kinds)]
	category := kind.Categories[i/7%len(kind.Categories)]
	reported := now.Add(-time.Duration(i) * (365 * 24 * time.Hour / time.Duration(n)))
	project := i * 13 % places.projects
	id := "p" + strconv.Itoa(project)
	m := Matter{Kind: kind.ID, KindTitle: kind.Title, Category: category.ID, CategoryTitle: category.Title, AnswerRule: category.Answer, Project: id, ProjectName: "小区" + id, Community: places.community(project), Township: places.township(project),
		Where: "3幢1单元门前", Words: "消防通道停了三辆私家车，登高面也被占", Day: calendar.DateOf(reported), Source: SourceGrid, Reported: supervision.Hand{By: "grid" + strconv.Itoa(i%500), Office: "grid_worker", At: journal.At(reported)},
		Department: category.Department, Departments: []string{category.Department}, State: Fixed, Last: MoveFixed, Handler: "handler"}
	m.Keys = []string{policy.ProjectKey(id), policy.CommunityKey(m.Community), policy.TownshipKey(m.Township), policy.FirmKey("f" + strconv.Itoa(project%800))}
	m.Answer = &Answer{Words: "已到现场处理，通知了责任单位", Fixed: true, Liable: LiableFirm, Reasonable: true, Late: i%9 == 0}
	m.Check = &Check{Way: WaySample, Satisfied: []Satisfied{"yes", "fair", "no", ""}[i%4]}
	m.Closed = journal.At(reported.Add(72 * time.Hour))
	if i%50 == 0 {
		m.State, m.Closed, m.Answer, m.Check = Reported, journal.Time{}, nil, nil
		m.Due = calendar.Deadline{Rule: dispatchRule, Unit: calendar.UnitWorkday, N: 1, Start: m.Day, Due: m.Day.Add(1)}
	}
	return m
}

// BenchmarkMillion asks the boards, lists and what to-do pages ask of a folder with 100,000 matters of 10,000 compounds, which take a minute to load: the 95th percentile of 20 each, in milliseconds. MATTERS=1000000 is the bar, short runs take fewer.
func BenchmarkMillion(b *testing.B) {
	n, ctx := 100_000, b.Context()
	if testing.Short() {
		n = 20_000
	}
	if said, err := strconv.Atoi(os.Getenv("MATTERS")); err == nil && said > 0 {
		n = said
	}
	now := day("2026-10-19").Begins().Add(9 * time.Hour)
	engine, err := sqlite.Open(ctx, b.TempDir(), sqlite.Options{Relaxed: true})
	if err != nil {
		b.Fatal(err)
	}
	db, err := store.Open(ctx, engine, store.Options{Now: func() time.Time { return now }, MasterKey: make([]byte, 32)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	rules := policytest.Rules(b)
	tree, err := ParseTree("matters.yaml", registrytest.Config(b, "matters.yaml"), rules, func(string) bool { return true })
	if err != nil {
		b.Fatal(err)
	}
	places := benchPlaces{10_000}
	s, err := New(ctx, Config{DB: db, Guard: policy.NewGuard(rules, nil), Keeper: files.NewKeeper(db, ""), Now: func() time.Time { return now }, Places: places, Tree: tree, Resolve: func(d calendar.Deadline) calendar.Deadline { return d },
		Deadlines: func(string, calendar.Date) (calendar.Deadline, error) { return calendar.Deadline{}, nil }})
	if err != nil {
		b.Fatal(err)
	}
	begun := time.Now()
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(128)
	for i := range n {
		group.Go(func() error {
			_, err := s.rows.Commit(within, store.Meta{By: "load", Action: string(policy.ReportMatter)}, fmt.Sprintf("m%07d", i), 0, benchMatter(i, n, places, tree, now))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
	loaded := time.Since(begun)
	county, town := registrytest.Person("county", "dispatcher", policy.County), registrytest.Person("town", "dispatcher", policy.TownshipKey(places.township(10)))
	fire := policy.Actor{ID: "fire", Appointments: []policy.Appointment{{Role: "department_handler", Unit: unitKey("fire"), Scopes: []string{policy.County}}}}
	period := func(text string) Period {
		p, err := ParsePeriod(text)
		if err != nil {
			b.Fatal(err)
		}
		return p
	}
	figures := func(by policy.Actor, p string, d Dimension) func() error {
		return func() error {
			board, err := s.Figures(ctx, by, FigureQuery{Period: period(p), By: d})
			if err == nil && board.Total.Reported == 0 {
				err = errors.New("nothing was counted")
			}
			return err
		}
	}
	// todo is what the to-do page asks: the queues of some stages, for a dispatcher those of his and what is to be urged, and the feedback that waits.
	todo := func(by policy.Actor, stages ...Stage) func() error {
		return func() error {
			urges := len(stages) == 0
			if urges {
				stages = []Stage{StageDispatch, StageMore}
			}
			for _, stage := range stages {
				if _, err := s.Queue(ctx, by, stage); err != nil {
					return err
				}
			}
			if urges {
				if _, err := s.ToUrge(ctx, by); err != nil {
					return err
				}
			}
			if !s.Guard.Allow(by, policy.ReadMatterFigures) {
				return nil
			}
			_, err := s.Feedbacks(ctx, by, true, "")
			return err
		}
	}
	asks := []struct {
		name string
		do   func() error
	}{
		{"county-month-ms", figures(county, "2026-09", ByCommunity)}, {"county-quarter-ms", figures(county, "2026Q3", ByDepartment)}, {"town-quarter-ms", figures(town, "2026Q3", ByCategory)}, {"department-month-ms", figures(fire, "2026-09", ByTownship)},
		{"list-ms", func() error {
			_, err := s.List(ctx, county, Filter{Period: period("2026-09"), Measure: MeasureTardy}, "")
			return err
		}},
		{"newest-ms", func() error { _, err := s.List(ctx, county, Filter{}, ""); return err }},
		{"late-ms", func() error { _, err := s.List(ctx, county, Filter{Late: true, ByDue: true}, ""); return err }},
		{"todo-county-ms", todo(county)}, {"todo-town-ms", todo(town)},
		{"todo-department-ms", todo(fire, StageSign, StageWork)}, {"todo-community-ms", todo(registrytest.Person("secretary", "community_secretary", policy.CommunityKey(places.community(10))), StageVerify)},
	}
	b.ResetTimer()
	for range b.N {
		b.ReportMetric(loaded.Seconds(), "load-s")
		for _, ask := range asks {
			times := make([]time.Duration, 20)
			for i := range times {
				begun := time.Now()
				if err := ask.do(); err != nil {
					b.Fatal(ask.name, err)
				}
				times[i] = time.Since(begun)
			}
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)*95/100-1].Microseconds())/1000, ask.name)
		}
	}
}
