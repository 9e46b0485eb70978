package browsertest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/internal/web"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/rating/cycle"
	"redsteward/registry"
	"redsteward/supervision"
)

// county is a bureau with a rating cycle over a register and facts in memory: everything else is real. Its clock is moved by the test.
type county struct {
	Base   string
	db     *store.DB
	people *policy.Service
	cycle  *cycle.Service
	admin  policy.Actor

	mu       sync.Mutex
	now      time.Time
	quarters []calendar.Quarter
	// hold is closed to let an evaluation in the background go on.
	hold chan struct{}
}

func (c *county) clock() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *county) set(day calendar.Date) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = day.Begins().Add(9 * time.Hour)
}

// countySize is how many compounds the county has.
const countySize = 24

// EachHolding implements cycle.Register.
func (c *county) EachHolding(_ context.Context, on calendar.Date, yield func(registry.Holding) error) error {
	since := calendar.Year(2023).Span().First
	for i, l := range sampleLabels(countySize) {
		firm := []string{"一盏灯物业", "石榴籽物业", "小满物业"}[i%3]
		h := registry.Holding{Place: registry.Place{Project: fmt.Sprintf("p%03d", i+1), Name: l.Name, Community: fmt.Sprintf("36042810%04d", i%5+1), CommunityName: l.Place,
			Township: "360428100000", TownshipName: "都昌镇", Firm: fmt.Sprintf("f%d", i%3+1), FirmName: firm, Households: int64(120 + 40*i)},
			Since: since, PartyForm: []string{registry.PartyOwn, registry.PartyJoint, registry.PartyInstructor}[i%3], TakenOver: since}
		if err := yield(h); err != nil {
			return err
		}
	}
	return nil
}

// told is one source of the county.
type told struct {
	*county
	name   string
	scheme *rating.Scheme
}

// Source implements supervision.Readings.
func (s told) Source() string { return s.name }

// EachReading implements supervision.Readings: one reading of each fact, compound and quarter, drawn with a fixed seed. The last two compounds lack data.
func (s told) EachReading(_ context.Context, span calendar.Span, asOf time.Time, _ int64, yield func(supervision.Reading) error) error {
	asked := map[string]supervision.Ask{}
	for _, a := range cycle.Asks(s.scheme)[s.name] {
		asked[a.Fact] = a
	}
	for q, quarter := range s.quarters {
		day := quarter.Span().First.Add(40)
		for i := range countySize - 2 {
			random := rand.New(rand.NewPCG(uint64(q+1), uint64(i)))
			quality := 72 + (i*7)%27 + q*2
			for f := range s.scheme.Facts {
				fact := &s.scheme.Facts[f]
				ask, mine := asked[fact.ID]
				if !mine || i == 5 && fact.ID == "repairs" {
					continue
				}
				r := supervision.Reading{Project: fmt.Sprintf("p%03d", i+1), Firm: fmt.Sprintf("f%d", i%3+1), Fact: fact.ID, Day: day, Accepted: day.Begins().Add(30 * time.Hour),
					ScoredBy: "scorer", ReviewedBy: "reviewer", Cells: cellsOf(fact, ask, min(100, quality+random.IntN(9)-4), random)}
				r.Record = fmt.Sprintf("aa/%s/%s-%s-%d/0000000001", s.name, quarter, fact.ID, i)
				sum := sha256.Sum256([]byte(r.Record))
				r.Hash = hex.EncodeToString(sum[:])
				if !span.Has(day) || r.Accepted.After(asOf) || r.Cells == nil {
					continue
				}
				if err := yield(r); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// cellsOf says something about a fact that is about as good as quality, of 100.
func cellsOf(fact *rating.Fact, ask supervision.Ask, quality int, random *rand.Rand) []supervision.Cell {
	cell := func(at int, n int64) supervision.Cell {
		return supervision.Cell{Column: ask.Columns[at].Name, Number: num.FromInt(n)}
	}
	switch fact.Type {
	case rating.TypeRatio:
		return []supervision.Cell{cell(0, int64(quality)), cell(1, 100)}
	case rating.TypeSurvey:
		return []supervision.Cell{cell(0, 200), cell(1, int64(quality)-30), cell(2, 30), cell(3, 100-int64(quality)), cell(4, 0), cell(5, 0)}
	case rating.TypeChecklist:
		var cells []supervision.Cell
		for at := range ask.Columns {
			cells = append(cells, cell(at, int64(min(2, 1+random.IntN(quality/40+1)))))
		}
		return cells
	case rating.TypeCount:
		if fact.Better == "lower" {
			return []supervision.Cell{cell(0, int64(random.IntN(3)))}
		}
		return []supervision.Cell{cell(0, 3)}
	case rating.TypeBool:
		return []supervision.Cell{cell(0, 1)}
	}
	return nil
}

// startCounty serves a county whose second quarter of 2026 is published; it stands at 19 October 2026.
func startCounty(t *testing.T) *county {
	t.Helper()
	ctx := context.Background()
	c := &county{hold: make(chan struct{}), quarters: []calendar.Quarter{{Year: 2026, N: 2}, {Year: 2026, N: 3}}}
	c.set(calendar.Quarter{Year: 2026, N: 2}.Span().First)
	c.db = OpenStore(t, engine(t), c.clock)
	rules, err := policy.LoadRules(readConfig(t, "roles.conf"), readConfig(t, "roles.csv"))
	if err != nil {
		t.Fatal(err)
	}
	guard := policy.NewGuard(rules, policy.TenureTable{})
	clocks := policy.Clocks{Business: c.clock, Security: time.Now}
	if c.people, err = policy.NewService(ctx, c.db, guard, clocks, policy.Options{Idle: time.Hour, HashMemoryKiB: 64}); err != nil {
		t.Fatal(err)
	}
	archive, err := rating.NewArchive(ctx, c.db)
	if err != nil {
		t.Fatal(err)
	}
	quarter, year := readConfig(t, "schemes/five-goods-quarter.yaml"), readConfig(t, "schemes/five-goods-year.yaml")
	scheme, err := rating.ParseScheme(quarter)
	if err != nil {
		t.Fatal(err)
	}
	var background sync.WaitGroup
	working, stopWork := context.WithCancel(ctx)
	t.Cleanup(func() {
		stopWork()
		background.Wait()
	})
	var sources []supervision.Readings
	for _, name := range []string{"observation", "evidence", "inspection"} {
		sources = append(sources, told{c, name, scheme})
	}
	if c.cycle, err = cycle.New(ctx, cycle.Options{DB: c.db, Guard: guard, Archive: archive, Register: c, Sources: sources,
		Schemes: map[string][]byte{cycle.RhythmQuarter: quarter, cycle.RhythmYear: year},
		Background: func(work func(context.Context)) {
			background.Go(func() {
				select {
				case <-c.hold:
				case <-working.Done():
				}
				work(working)
			})
		}}); err != nil {
		t.Fatal(err)
	}
	c.staff(t, []staffed{{"officer", "property_officer", policy.County}, {"chief", "section_chief", policy.County}, {"manager", "firm_manager", policy.FirmKey("f1")}})
	c.publishedQuarter(t, "2026Q2")
	third, err := calendar.ParseDate("2026-10-19")
	if err != nil {
		t.Fatal(err)
	}
	secret, err := c.db.Secret(ctx, "form")
	if err != nil {
		t.Fatal(err)
	}
	server, err := web.New(web.Options{Guard: guard, People: c.people, Cycle: c.cycle, Clocks: clocks, Secret: secret, Log: slog.New(slog.DiscardHandler),
		Settings: web.Settings{Demo: "演示数据：企业、小区、人员与分数均为虚构，仅用于展示", Site: "都昌县物业服务星级评价", Unit: "住建局物业管理股", Authority: "都昌县住房和城乡建设局"}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.Base = "http://" + l.Addr().String()
	serving, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- server.Serve(serving, l, nil) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	// The third quarter is open while it runs; the journey begins after its end.
	c.set(calendar.Quarter{Year: 2026, N: 3}.Span().First)
	c.plan(t, "2026Q3")
	c.set(third)
	return c
}

// staffed is one account of the county.
type staffed struct {
	login string
	role  policy.Role
	scope string
}

func (c *county) staff(t *testing.T, list []staffed) {
	t.Helper()
	f := &Fixture{People: c.people}
	var err error
	if c.admin, err = f.admin(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		if err := f.account(t.Context(), c.admin, s.login, "林知秀", policy.Appointment{Role: s.role, Scopes: []string{s.scope}}, true); err != nil {
			t.Fatal(err)
		}
	}
}

func (c *county) actor(id string, role policy.Role) policy.Actor {
	return policy.Actor{ID: id, Appointments: []policy.Appointment{{Role: role, Scopes: []string{policy.County}}}}
}

func (c *county) plan(t *testing.T, id string) {
	t.Helper()
	officer := c.actor("o1", "property_officer")
	q, err := calendar.ParseQuarter(id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.cycle.Plan(t.Context(), officer, id, q.Span().Last, q.Span().Last.Add(9)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.cycle.Open(t.Context(), officer, id); err != nil {
		t.Fatal(err)
	}
}

func (c *county) publishedQuarter(t *testing.T, id string) {
	t.Helper()
	officer := c.actor("o1", "property_officer")
	q, err := calendar.ParseQuarter(id)
	if err != nil {
		t.Fatal(err)
	}
	c.plan(t, id)
	c.set(q.Span().Last.Add(1))
	if _, err := c.cycle.Close(t.Context(), officer, id); err != nil {
		t.Fatal(err)
	}
	made, err := c.cycle.Evaluate(t.Context(), officer, id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.cycle.Publish(t.Context(), c.actor("o2", "section_chief"), id, made.ID, cycle.Paper{}); err != nil {
		t.Fatal(err)
	}
}

func (c *county) lastN(t *testing.T) int64 {
	t.Helper()
	n, err := c.db.Engine().LastN(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestQuarterInTheBrowser is journey 5 as far as the quarter goes: what is missing, evaluate, leave and find the progress again, preview, a refused publication
// by the same person, publication by the second one, the circular; and the boards on canvas.
func TestQuarterInTheBrowser(t *testing.T) {
	c := startCounty(t)
	b := browser(t)
	tb := newTab(t, b)
	f := &Fixture{Base: c.Base}
	look := func(name, path string, status int64) {
		t.Helper()
		for _, w := range widths {
			if got := tb.open(t, c.Base+path, w.width, w.height); got != status {
				t.Errorf("%s: status %d, want %d", name, got, status)
			}
			if strings.HasPrefix(path, "/boards") {
				waitFor(t, tb, `document.querySelectorAll("[data-drawn]").length === 4`)
			}
			check(t, tb, name, w.width, status)
			tb.shoot(t, "cycle-"+name+"-"+w.name)
		}
	}
	text := func() string { return value[string](t, tb, `document.querySelector("main").innerText`) }
	want := func(words ...string) {
		t.Helper()
		for _, w := range words {
			if !strings.Contains(text(), w) {
				t.Errorf("the page lacks %q: %.1500s", w, text())
			}
		}
	}
	signIn(t, tb, f, "officer", Password)
	look("periods", "/periods", 200)
	want("2026年第三季度", "收集材料中", "2026年第二季度", "已发布")
	look("period-open", "/periods/2026Q3", 200)
	want("还缺什么", "截止材料提交", "物业企业（佐证材料）")
	press(t, tb, `form[action$="/close"] button`)
	want("材料提交已截止", "立即评价")
	press(t, tb, `form[action$="/evaluate"] button`)
	want("正在评价", "收集数据", "可以离开这一页")
	look("todo", "/todo", 200)
	look("period-running", "/periods/2026Q3", 200)
	want("正在评价")
	close(c.hold)
	waitFor(t, tb, `document.querySelector("main").innerText.includes("最近一次评价在")`)
	want("待公布", "重新评价")
	look("preview", "/periods/2026Q3/preview", 200)
	want("2026年第二季度", "主要原因", "临界（60、84、92 分上下 0.5 分）")

	before := c.lastN(t)
	if got := tb.open(t, c.Base+"/periods/2026Q3/publish", 1440, 900); got != 403 {
		t.Errorf("an officer opens the form of publishing: %d", got)
	}
	if n := c.lastN(t); n != before {
		t.Errorf("a refused call wrote %d records", n-before)
	}
	signOut(t, tb)
	signIn(t, tb, f, "chief", Password)
	look("publish", "/periods/2026Q3/publish", 200)
	want("评价和公布必须由不同的人完成", "文号（选填）")
	fill(t, tb, "#number", "12号")
	press(t, tb, `main form button`)
	want("有 1 处需要更正", "“12号”")
	tb.forget()
	fill(t, tb, "#number", "都建发[2026]12号")
	press(t, tb, `main form button`)
	want("已公布", "结果不能再改", "都建发〔2026〕12号")
	look("period-published", "/periods/2026Q3", 200)
	look("boards", "/boards", 200)
	want("最近公布：2026年第三季度", "与上期相比的变化", "城东社区")
	signOut(t, tb)
	look("circulars", "/circulars", 200)
	look("circular", "/circulars/2026Q3", 200)
	want("不评星、不排名次", "数据不足")
	if uneven := value[int](t, tb, `[...document.querySelectorAll("tbody tr")].filter(r => r.cells.length !== document.querySelector("thead tr").cells.length).length`); uneven > 0 {
		t.Errorf("%d rows of the circular do not have the columns of its head", uneven)
	}
	if got := tb.open(t, c.Base+"/periods", 1440, 900); got != 401 {
		t.Errorf("the public opens the periods: %d", got)
	}
}

// press clicks something that leads to another page.
func press(t *testing.T, tb *tab, selector string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(tb.ctx, time.Minute)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(selector)); err != nil {
		t.Fatalf("%s: %v", selector, err)
	}
}

// fill types into a field.
func fill(t *testing.T, tb *tab, selector, text string) {
	t.Helper()
	tb.do(t, chromedp.SetValue(selector, text))
}

// signOut forgets the session.
func signOut(t *testing.T, tb *tab) {
	t.Helper()
	if _, err := chromedp.Call(tb.ctx, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
}

// waitFor waits until a condition holds in the page, also across a reload.
func waitFor(t *testing.T, tb *tab, condition string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(tb.ctx, 30*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`new Promise(r => setTimeout(() => r(`+condition+`), 50))`, chromedp.EvalAwaitPromise))
		if err == nil && ok {
			return
		}
	}
	t.Fatalf("never came true: %s", condition)
}
