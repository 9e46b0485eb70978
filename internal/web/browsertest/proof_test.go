package browsertest

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
	"redsteward/supervision/evidence"
)

// startedProof runs the fixture of proof; ahead moves its business clock. The address goes through a line that can be cut.
func startedProof(t *testing.T) (f *Fixture, ahead *atomic.Int64, l *line) {
	t.Helper()
	ahead = &atomic.Int64{}
	begun := time.Now()
	clocks := policy.Clocks{Business: func() time.Time { return noon.Add(time.Since(begun) + time.Duration(ahead.Load())) }, Security: time.Now}
	f = Serve(t, engine(t), clocks.Business, func(ctx context.Context, db *store.DB) (*Fixture, error) {
		return StartProof(ctx, db, clocks, readConfig(t, "roles.conf"), readConfig(t, "roles.csv"), t.TempDir())
	})
	return f, ahead, throughLine(t, f)
}

// throughLine puts a line between a fixture and whoever opens its pages from now on.
func throughLine(t *testing.T, f *Fixture) *line {
	t.Helper()
	l := newLine(t, strings.TrimPrefix(f.Base, "http://"))
	f.Base = "http://" + l.Addr().String()
	return l
}

// line carries bytes between browser and server, and dies when it is told to.
type line struct {
	net.Listener
	server string
	// cutAfter > 0: the next connection that sends more than so many bytes dies. dropAnswer: the next answer to a form that was sent to be handed in is lost.
	// loseAfterAnswer: the line is lost right after the next answer to what a script posted has passed.
	// While down is set no connection is carried, and those that are open have died.
	cutAfter        atomic.Int64
	dropAnswer      atomic.Bool
	loseAfterAnswer atomic.Bool
	down            atomic.Bool
	mu              sync.Mutex
	open            map[net.Conn]bool
	died            atomic.Int64
	wg              sync.WaitGroup
}

func newLine(t *testing.T, server string) *line {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{Listener: inner, server: server, open: map[net.Conn]bool{}}
	l.wg.Go(func() {
		for {
			conn, err := inner.Accept()
			if err != nil {
				return
			}
			l.wg.Go(func() { l.carry(conn) })
		}
	})
	t.Cleanup(func() { _ = inner.Close() })
	return l
}

// lose takes the line down, for every page and worker of the browser, or brings it up again.
func (l *line) lose(down bool) {
	l.down.Store(down)
	l.mu.Lock()
	defer l.mu.Unlock()
	for conn := range l.open {
		if down {
			_ = conn.Close()
		}
	}
}

// note keeps account of the open connections.
func (l *line) note(conn net.Conn, open bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if open {
		l.open[conn] = true
	} else {
		delete(l.open, conn)
	}
}

// carry joins one connection with the server.
func (l *line) carry(browser net.Conn) {
	l.note(browser, true)
	defer l.note(browser, false)
	server, err := net.Dial("tcp", l.server)
	if err != nil {
		_ = browser.Close()
		return
	}
	if l.down.Load() {
		_ = errors.Join(browser.Close(), server.Close())
		return
	}
	var handedIn, posted atomic.Bool
	die := func() {
		l.died.Add(1)
		_ = browser.Close()
		_ = server.Close()
	}
	go func() {
		defer server.Close()
		sent := int64(0)
		buffer := make([]byte, 4<<10)
		for {
			n, err := browser.Read(buffer)
			sent += int64(n)
			if most := l.cutAfter.Load(); most > 0 && sent > most && l.cutAfter.CompareAndSwap(most, 0) {
				die()
				return
			}
			if bytes.HasPrefix(buffer[:n], []byte("POST ")) && bytes.Contains(buffer[:n], []byte("Accept: text/html\r\n")) {
				handedIn.Store(true)
			}
			if bytes.HasPrefix(buffer[:n], []byte("POST ")) && bytes.Contains(buffer[:n], []byte("Accept: application/json\r\n")) {
				posted.Store(true)
			}
			if _, werr := server.Write(buffer[:n]); err != nil || werr != nil {
				return
			}
		}
	}()
	defer browser.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := server.Read(buffer)
		if n > 0 && handedIn.Load() && l.dropAnswer.CompareAndSwap(true, false) {
			die()
			return
		}
		if _, werr := browser.Write(buffer[:n]); err != nil || werr != nil {
			return
		}
		if posted.Load() && l.loseAfterAnswer.CompareAndSwap(true, false) {
			l.lose(true)
			return
		}
	}
}

// photoFile writes a photo that does not compress, of about size × size × 3 bytes.
func photoFile(t *testing.T, name string, size int) string {
	t.Helper()
	random := rand.New(rand.NewPCG(uint64(len(name)), uint64(size)))
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			img.SetRGBA(x, y, color.RGBA{uint8(random.Uint32()), uint8(x), uint8(y), 255})
		}
	}
	path := filepath.Join(t.TempDir(), name)
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(file, img); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// paperFile writes a PDF of one page with a line of text.
func paperFile(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	text := "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n" +
		"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj\n" +
		"4 0 obj<</Length 44>>stream\nBT /F1 24 Tf 40 100 Td (Sign-in sheet) Tj ET\nendstream endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// until waits for an expression to become true in a page that is there with its scripts, also across the pages that a script goes to.
func (tb *tab) until(t *testing.T, expression string) {
	t.Helper()
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(20 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(tb.ctx, patience)
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.readyState=="complete"&&!!(`+expression+")"))
		cancel()
		if err == nil && ok { // An error is a page that is just being left.
			return
		}
	}
	t.Fatalf("never true: %s\n%s", expression, value[string](t, tb, "document.body.innerText.slice(0,2000)"))
}

// tap presses what is found; each counts.
func (tb *tab) tap(t *testing.T, selector string, taps *int) {
	t.Helper()
	*taps++
	tb.press(t, selector)
}

// press moves to what is found, clear of the bar at the foot of a phone page, and clicks it.
func (tb *tab) press(t *testing.T, selector string) {
	t.Helper()
	value[bool](t, tb, `(document.querySelector(`+strconv.Quote(selector)+`).scrollIntoView({block:"center"}),true)`)
	tb.do(t, chromedp.Click(selector))
}

// text is what the browser shows of the page.
func (tb *tab) text(t *testing.T) string { return value[string](t, tb, "document.body.innerText") }

func (tb *tab) says(t *testing.T, parts ...string) {
	t.Helper()
	text := tb.text(t)
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("lacks %q in %.2500s", p, text)
		}
	}
}

// TestJourneyFirmClerk is journey 1: the last evening of a firm's clerk, on a phone, with a connection that dies.
func TestJourneyFirmClerk(t *testing.T) {
	f, ahead, l := startedProof(t)
	tb := newTab(t, browser(t))
	signIn(t, tb, f, "clerk", Password)
	wantPath(t, tb, "/todo")
	tb.do(t, chromedp.EmulateViewport(390, 844))
	tb.says(t, "东街花园本季度还缺 3 项材料，今天截止")
	tb.lookAt(t, "proof-todo", 200)
	tb.do(t, chromedp.EmulateViewport(390, 844))

	taps := 0
	tb.tap(t, `main a[href="/proofs/2026Q4/p1"]`, &taps)
	tb.until(t, `location.pathname=="/proofs/2026Q4/p1"`)
	tb.lookAt(t, "proof-needs", 200)
	tb.do(t, chromedp.EmulateViewport(390, 844))
	tb.tap(t, `a.btn[href="/proofs/2026Q4/p1/party_day"]`, &taps)
	tb.until(t, `location.pathname=="/proofs/2026Q4/p1/party_day"`)
	tb.says(t, "实到以签到为准", "事情发生的日期，不是上传日期")
	tb.do(t, chromedp.SetValue("#day", "2026-10-13"), chromedp.SendKeys(`[name="cells.here"]`, "5"), chromedp.SendKeys(`[name="cells.due"]`, "5"), chromedp.SendKeys("#note", "共学共议"))

	// Two photos and a PDF; the connection dies in the middle of the large one.
	l.cutAfter.Store(200 << 10)
	taps++
	tb.do(t, chromedp.SetUploadFiles("#files", []string{photoFile(t, "签到表.png", 400), photoFile(t, "会场.png", 60), paperFile(t, "说明.pdf")}))
	tb.until(t, `document.querySelectorAll("[data-files] li").length==3`)
	if l.died.Load() != 1 {
		t.Errorf("the line died %d times, want once", l.died.Load())
	}
	if got := value[string](t, tb, `[day.value,note.value,document.querySelector('[name="cells.here"]').value].join()`); got != "2026-10-13,共学共议,5" {
		t.Errorf("what was typed became %q", got)
	}
	tb.forget()
	tb.lookAt(t, "proof-form", 200)
	tb.do(t, chromedp.EmulateViewport(390, 844))

	// The answer to the form is lost: it is sent again by itself and counts once; the next missing one opens.
	tb.until(t, `document.querySelector("[data-saved]").textContent.includes("已保存")`)
	died := l.died.Load()
	l.dropAnswer.Store(true)
	tb.tap(t, "[data-send]", &taps)
	tb.until(t, `location.pathname=="/proofs/2026Q4/p1/revenue"`)
	if l.died.Load() != died+1 {
		t.Errorf("the answer was not lost")
	}
	tb.says(t, "“主题党日”已提交，回执编号 ZZ20261019-", "公共收益公示")
	if taps > 4 {
		t.Errorf("%d taps for one item, want at most 4 besides choosing files", taps)
	}
	list, err := f.Proofs.List(context.Background(), officer(), evidence.Filter{Period: ProofPeriod}, "")
	if err != nil || len(list.Docs) != 1 || len(list.Docs[0].State.Files) != 3 {
		t.Fatalf("%d proofs, want 1 with three files: %v", len(list.Docs), err)
	}
	tb.forget()
	tb.lookAt(t, "proof-sent", 200)
	tb.open(t, f.Base+"/proof/"+list.Docs[0].ID, 390, 844)
	tb.lookAt(t, "proof-one", 200)

	// What does not fit is told before it is sent up, and what is wrong with a date after.
	tb.open(t, f.Base+"/proofs/2026Q4/p1/volunteer", 390, 844)
	tb.do(t, chromedp.SetValue("#day", "2026-10-25"), chromedp.SendKeys(`[name="cells.hours"]`, "很多"))
	tb.press(t, "[data-send]")
	tb.until(t, `document.title.startsWith("错误：")`)
	tb.says(t, "“时长”")
	if got := value[string](t, tb, `day.value`); got != "2026-10-25" {
		t.Errorf("the date became %q", got)
	}
	tb.forget()
	tb.lookAt(t, "proof-refused", 422)

	// Midnight passes while the form is open.
	tb.open(t, f.Base+"/proofs/2026Q4/p1/volunteer", 390, 844)
	tb.do(t, chromedp.SetValue("#day", "2026-10-12"), chromedp.SetValue(`[name="cells.hours"]`, "12.5"))
	tb.do(t, chromedp.SetUploadFiles("#files", []string{photoFile(t, "志愿者.png", 50)}))
	tb.until(t, `document.querySelectorAll("[data-files] li").length==1`)
	ahead.Store(int64(15 * time.Hour))
	tb.press(t, "[data-send]")
	tb.until(t, `document.body.innerText.includes("没有提交")`)
	tb.says(t, "已于2026年10月19日24时截止", "异议与申诉")
	if got := value[string](t, tb, `document.querySelector('[name="cells.hours"]').value`); got != "12.5" {
		t.Errorf("the number became %q", got)
	}
	tb.forget()
	tb.lookAt(t, "proof-closed", 409)
	if list, err = f.Proofs.List(context.Background(), officer(), evidence.Filter{Period: ProofPeriod}, ""); err != nil || len(list.Docs) != 1 {
		t.Error("something was taken in after midnight", len(list.Docs), err)
	}
}

// officer sees every proof.
func officer() policy.Actor {
	return policy.Actor{ID: "officer", Appointments: []policy.Appointment{{Role: "property_officer", Scopes: []string{policy.County}}}}
}

// waiting hands in five pieces of proof of p1 and p2 for the community: four of the party day and one of the revenue.
func waiting(t *testing.T, f *Fixture) {
	t.Helper()
	clerk := policy.Actor{ID: "clerk", Appointments: []policy.Appointment{{Role: "project_manager", Unit: "f:f1", Scopes: []string{"p:p1", "p:p2"}}}}
	first := photoFile(t, "会场.png", 300)
	for i, project := range []string{"p1", "p2", "p1", "p2", "p1"} {
		in := evidence.Submission{Period: ProofPeriod, Project: project, Fact: "party_day", Day: day(t, "2026-10-1"+string(rune('0'+i))), Cells: cells(5, 5)}
		if i == 2 {
			in.Fact, in.Cells = "revenue", []supervision.Cell{{Column: "shown", Number: num.FromInt(1)}}
		}
		in.Files = attached(t, f, clerk, evidence.Form{Period: ProofPeriod, Project: project, Fact: in.Fact}, first, paperFile(t, "签到表.pdf")).Files
		if _, err := f.Proofs.Submit(t.Context(), clerk, in); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReviewOnAPhone chooses from the list, narrowed to one kind of proof, and decides one after the other with the thumb.
func TestReviewOnAPhone(t *testing.T) {
	f, _, _ := startedProof(t)
	waiting(t, f)
	tb := newTab(t, browser(t))
	signIn(t, tb, f, "worker", Password)
	tb.do(t, chromedp.EmulateViewport(390, 844))
	tb.open(t, f.Base+"/reviews/community", 390, 844)
	press(t, tb, `a[href="/reviews/community?list=1"]`)
	tb.says(t, "5 件，先到期的在前", "东街花园", "望湖苑", "公共收益公示")
	tb.lookAt(t, "review-list", 200)
	tb.do(t, chromedp.EmulateViewport(390, 844), chromedp.SetValue("#fact", "party_day"))
	press(t, tb, ".filter button")
	tb.says(t, "符合条件的 4 件")
	if n := value[int](t, tb, `document.querySelectorAll(".qlist a").length`); n != 4 {
		t.Errorf("%d are listed, want 4", n)
	}
	if low := value[float64](t, tb, `Math.min(...[...document.querySelectorAll(".qlist a")].map(a => a.getBoundingClientRect().height))`); low < 44 {
		t.Errorf("a line of the list is %v pixels high", low)
	}
	began, taps := time.Now(), 0
	press(t, tb, ".qlist li:nth-child(2) a")
	tb.says(t, "第 2 件，共 4 件")
	for i := range 2 {
		tb.tap(t, ".dec label:first-child", &taps)
		tb.tap(t, ".qform button.p", &taps)
		tb.until(t, `document.title.includes("共 `+strconv.Itoa(3-i)+` 件")&&document.body.innerText.includes("已通过")`)
	}
	if taps > 4 {
		t.Errorf("two pieces took %d taps", taps)
	}
	t.Logf("two pieces by thumb: %d taps, %v of the machine's time", taps, time.Since(began))
	tb.forget()
	tb.lookAt(t, "review-filtered", 200)
	tb.open(t, f.Base+"/reviews/community?list=1&firm=f2", 390, 844)
	tb.says(t, "没有符合条件的材料", "看全部材料")
}

// TestJourneyReview is journey 3: a community worker decides a queue without a mouse.
func TestJourneyReview(t *testing.T) {
	f, _, _ := startedProof(t)
	ctx := context.Background()
	waiting(t, f)
	tb := newTab(t, browser(t))
	signIn(t, tb, f, "worker", Password)
	tb.says(t, "初审佐证材料 5 件")
	tb.open(t, f.Base+"/reviews/community", 1440, 900)
	tb.says(t, "第 1 件，共 5 件", "实到人数 5 人，应到人数 5 人", "满分 4.00 分")
	// The five hand in one photo: what of another compound holds it too stands beside the piece, with the photo to compare with.
	tb.says(t, "是同一个文件", "看那一件", "对照那张照片")
	// Decision and button are in view at 900 pixels without scrolling.
	if bottom := value[float64](t, tb, `document.querySelector(".qform button.p").getBoundingClientRect().bottom`); bottom > 900 {
		t.Errorf("the button ends at %v of 900 pixels", bottom)
	}
	tb.lookAt(t, "review", 200)
	tb.do(t, chromedp.EmulateViewport(1440, 900))
	key := func(keys string, options ...chromedp.KeyOption) { tb.do(t, chromedp.KeyEvent(keys, options...)) }
	began := time.Now()
	here := func() string { return value[string](t, tb, `document.querySelector(".qform").getAttribute("action")`) }
	one := here()
	key("j")
	tb.until(t, `document.title.includes("第 2 件")`)
	key("k")
	tb.until(t, `document.title.includes("第 1 件")`)
	if here() != one {
		t.Error("K did not come back to the first")
	}
	key(" ")
	tb.until(t, `document.querySelector("#file-1").hidden && !document.querySelector("#file-2").hidden`)
	// A browser with a window shows the PDF in the frame; this one has no viewer. That the policies let it stand there, the tests of internal/web ask the headers.
	shown := value[string](t, tb, `fetch(document.querySelector("iframe").src).then(r=>[r.status,r.headers.get("content-type"),r.headers.get("content-disposition")].join(" "))`, chromedp.EvalAwaitPromise)
	if shown != "200 application/pdf " {
		t.Errorf("the frame of the PDF is given %q", shown)
	}
	tb.shoot(t, "review-pdf")
	key("a")
	tb.until(t, `document.querySelector("[data-key=A]").checked`)
	if here() != one {
		t.Error("choosing submitted")
	}
	key(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl))
	tb.until(t, `document.body.innerText.includes("已通过")`)
	tb.says(t, "撤回这个决定", "第 1 件，共 4 件")
	tb.forget()
	tb.lookAt(t, "review-next", 200)
	tb.do(t, chromedp.EmulateViewport(1440, 900))

	// R leads to the stock sentences; the text can be edited, and keys rest while it is.
	key("r")
	tb.until(t, `document.activeElement.id=="stock" && document.querySelector("[data-key=R]").checked`)
	value[bool](t, tb, `(stock.value="签到人数与填报不符，请核对后补正",stock.dispatchEvent(new Event("change",{bubbles:true})))`)
	tb.until(t, `document.activeElement.id=="reason" && reason.value.startsWith("签到人数")`)
	two := here()
	key(" jan")
	if got := value[string](t, tb, "reason.value"); !strings.HasSuffix(got, " jan") || here() != two || !value[bool](t, tb, `document.querySelector("[data-key=R]").checked`) {
		t.Errorf("keys acted while a text field had the focus: %q", got)
	}
	key(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl))
	tb.until(t, `document.body.innerText.includes("已退回，企业须在2026年10月22日24时前补正")`)
	t.Logf("two pieces by keyboard took %v of the machine's time", time.Since(began))
	// Undo opens it again.
	tb.do(t, chromedp.Click("[data-undo]"))
	tb.until(t, `document.querySelector(".qform").getAttribute("action")=="`+two+`"`)
	tb.says(t, "第", "共 4 件")

	// Without a reason the page says so at the field; ? shows the keys; they can be switched off.
	key("n")
	key(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl))
	tb.until(t, `document.title.startsWith("错误：")`)
	tb.says(t, "请写明理由")
	tb.forget()
	tb.lookAt(t, "review-refused", 422)
	tb.do(t, chromedp.EmulateViewport(1440, 900))
	tb.open(t, f.Base+"/reviews/community", 1440, 900)
	key("?")
	tb.until(t, `document.querySelector("dialog").open`)
	tb.shoot(t, "review-keys")
	key(kb.Escape)
	tb.until(t, `!document.querySelector("dialog").open`)
	tb.do(t, chromedp.Click("[data-keys]"))
	tb.until(t, `!document.querySelector("[data-keys]").checked`)
	key("a")
	if value[bool](t, tb, `document.querySelector("[data-key=A]").checked`) {
		t.Error("a key acted although keys are off")
	}
	tb.open(t, f.Base+"/reviews/community", 1440, 900)
	if value[bool](t, tb, `document.querySelector("[data-keys]").checked`) {
		t.Error("the choice is forgotten")
	}

	// Another reviewer was quicker.
	id := strings.TrimPrefix(here(), "/reviews/community/")
	secretary := policy.Actor{ID: "secretary", Appointments: []policy.Appointment{{Role: "community_secretary", Scopes: []string{"c:360428001001"}}}}
	doc, err := f.Proofs.One(ctx, secretary, id)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Proofs.Decide(ctx, secretary, at(doc), evidence.Decision{Move: evidence.MoveAccept, Concern: "请看签到表"}); err != nil {
		t.Fatal(err)
	}
	tb.press(t, "[data-key=A]")
	tb.press(t, ".qform button.p")
	tb.until(t, `document.body.innerText.includes("社区党组织书记刚才已对这件材料办理")`)
	tb.forget()
	signIn(t, tb, f, "officer", Password)
	tb.open(t, f.Base+"/reviews/bureau?id="+id, 1440, 900) // the other one may have been drawn and stand first
	tb.says(t, "社区提请复核：请看签到表")
	tb.lookAt(t, "review-bureau", 200)
	tb.open(t, f.Base+"/proofs", 1440, 900)
	tb.says(t, "书院坊", "缺材料")
	tb.lookAt(t, "proofs", 200)
}

func day(t *testing.T, text string) calendar.Date {
	t.Helper()
	d, err := calendar.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func cells(here, due int64) []supervision.Cell {
	return []supervision.Cell{{Column: "here", Number: num.FromInt(here)}, {Column: "due", Number: num.FromInt(due)}}
}

func at(doc store.Doc[evidence.Proof]) supervision.At {
	return supervision.At{ID: doc.ID, Seq: doc.Seq}
}

// attached takes files in for a form and returns what its draft then holds.
func attached(t *testing.T, f *Fixture, by policy.Actor, form evidence.Form, paths ...string) (draft evidence.Draft) {
	t.Helper()
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		draft, err = f.Proofs.Attach(context.Background(), by, form, filepath.Base(path), file)
		if err := errors.Join(err, file.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return draft
}
