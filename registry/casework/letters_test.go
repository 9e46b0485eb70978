package casework_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/registry/registrytest"
)

// notice is a case that sends one paper, and has minutes together with others.
type notice struct {
	casework.Case
	Sent    *casework.Paper `json:"sent,omitempty"`
	Minutes *casework.Paper `json:"minutes,omitempty"`
}

// sendStep is the step that sends it.
type sendStep struct{}

func (sendStep) Title() string         { return "送达" }
func (sendStep) Action() policy.Action { return policy.HandleRectification }

const series = `basis: 测试
series:
  - {word: 都建整, title: 整改通知, papers: [order.send], first: [{year: 2026, number: 120}]}
  - {word: 都建责改, title: 责令改正, papers: [order.send.order]}
  - {word: 都建连, title: 连续编号, on: true, papers: [other.send]}
  - {word: 北山政发, title: 乡镇发文, township: "360428101", first: [{year: 2026, number: 8}]}
`

// numbers is a desk with two kinds of cases that take their numbers from the one register.
type numbers struct {
	*registrytest.Desk
	letters *casework.Letters
	kinds   map[string]*casework.Cases[notice]
}

// open opens the register and the kinds over the store, as a process does.
func (d *numbers) open() {
	d.T.Helper()
	must := registrytest.Must[*casework.Series](d.T)
	d.letters = d.Letters
	d.letters.Series = must(casework.ParseSeries("numbers.yaml", []byte(series)))
	desk := casework.Desk{DB: d.DB, Letters: d.letters, Guard: d.Guard, Keeper: d.Keeper, Now: d.Clock}
	for _, kind := range []string{"order", "other"} {
		cases := registrytest.Must[*casework.Cases[notice]](d.T)(casework.NewCases(d.T.Context(), desk, kind, "这件", policy.ReadRectification, func(n *notice) *casework.Case { return &n.Case }, func(*notice) bool { return false }))
		cases.Sends(func(n *notice) (out []casework.Outgoing) {
			if n.Sent != nil {
				out = append(out, casework.Outgoing{Slot: "sent", Title: "通知书", To: "安居物业", Way: "直接送达", Paper: *n.Sent})
			}
			if n.Minutes != nil {
				out = append(out, casework.Outgoing{Slot: "minutes", Title: "联审纪要", Paper: *n.Minutes, Joint: true})
			}
			return out
		})
		d.kinds[kind] = cases
	}
}

var clerk = policy.Actor{ID: "clerk", Name: "clerk", Appointments: []policy.Appointment{{Role: "property_officer", Scopes: []string{policy.County}}}}

// begin begins a case of a kind.
func (d *numbers) begin(kind, name string) casework.At {
	d.T.Helper()
	doc, err := d.kinds[kind].Begin(d.T.Context(), clerk, policy.HandleRectification, "起草", nil, func(casework.New) (notice, error) {
		return notice{Case: casework.Case{Project: "p1", Name: name, Keys: []string{here}, Opened: d.Today(), By: clerk.ID}}, nil
	})
	if err != nil {
		d.T.Fatal(err)
	}
	return casework.At{ID: doc.ID, Seq: doc.Seq}
}

// send sends the paper of a case under a number, or with joint its minutes.
func (d *numbers) send(kind string, at casework.At, number string, joint bool) error {
	_, err := d.kinds[kind].Change(d.T.Context(), clerk, policy.HandleRectification, at, "送达", func(n *notice) error {
		desk := casework.Desk{DB: d.DB, Letters: d.letters, Guard: d.Guard, Keeper: d.Keeper, Now: d.Clock}
		f := desk.Check()
		of := casework.Bearing{Target: kind + "/" + at.ID, Slot: "sent", Joint: joint, Day: d.Today()}
		if joint {
			of.Slot = "minutes"
		}
		if err := desk.FreeNumber(d.T.Context(), f, &number, of); err != nil {
			return err
		}
		if err := f.Err(); err != nil {
			return err
		}
		paper := &casework.Paper{Number: number, Day: d.Today(), By: clerk.ID}
		if n.Sent = paper; joint {
			n.Sent, n.Minutes = nil, paper
		}
		return desk.TakeNumber(d.T.Context(), clerk, sendStep{}, number, of)
	})
	return err
}

// TestNumbers: a number belongs to one paper of the bureau, whatever the kinds are; what was claimed before there was one register is respected; the register is completed from the cases.
func TestNumbers(t *testing.T) {
	ctx := t.Context()
	d := &numbers{Desk: registrytest.NewDesk(t, registrytest.Day("2026-10-19").Begins().Add(9*time.Hour)), kinds: map[string]*casework.Cases[notice]{}}
	d.open()
	next := func(code string, want string) {
		t.Helper()
		if got, err := d.letters.Next(ctx, code, 2026); err != nil || got != want {
			t.Errorf("%s: next is %q, %v; want %q", code, got, err, want)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	next("order.send", "都建整〔2026〕120号")
	next("order.send.order", "都建责改〔2026〕1号")
	next("order.send.transfer", "都建整〔2026〕120号")
	next("unknown.step", "")

	first := d.begin("order", "望湖苑")
	must(d.send("order", first, "都建整[2026]120号", false))
	next("order.send", "都建整〔2026〕121号")
	// Another kind, other brackets: the same number, and the refusal names the paper that bears it.
	second := d.begin("other", "滨江花园")
	d.Refused("a number of another kind", fault.Invalid, func() error { return d.send("other", second, "都建整（2026）120号", false) }, "number", "望湖苑的通知书（2026年10月19日）")
	d.Refused("another paper of the same case", fault.Invalid, func() error {
		return d.send("order", casework.At{ID: first.ID, Seq: first.Seq + 1}, "都建整〔2026〕120号", true)
	}, "望湖苑的通知书")
	// What a kind claimed as it was typed, before there was one claim, is held.
	must(d.DB.Claim(ctx, store.Meta{By: "x", Action: "x"}, "rectification-number", "整改通知第7号", "order/"+first.ID))
	must(d.DB.Claim(ctx, store.Meta{By: "x", Action: "x"}, "veto-number", "都建整〔2026〕121号", "veto/gone"))
	d.Refused("a number of the old claim", fault.Invalid, func() error { return d.send("other", second, "整改通知第7号", false) }, "已用于望湖苑")
	d.Refused("a number of an old claim of a kind that is not here", fault.Invalid, func() error { return d.send("other", second, "都建整〔2026〕121号", false) }, "另一份文件")
	next("order.send", "都建整〔2026〕122号")

	// Minutes are one paper of several cases, on the same day only.
	third := d.begin("other", "南山雅居")
	must(d.send("other", second, "联审纪第1号", true))
	must(d.send("other", third, "联审纪第1号", true))
	fourth := d.begin("order", "湖畔名邸")
	d.Refused("a notice under the number of minutes", fault.Invalid, func() error { return d.send("order", fourth, "联审纪第1号", false) }, "联审纪要")
	d.Forward("2026-10-20")
	d.Refused("minutes of another day", fault.Invalid, func() error { return d.send("order", fourth, "联审纪第1号", true) }, "联审纪要（2026年10月19日）")

	// A number that was taken beforehand goes to the case that asks for it; one that was given up is never given again.
	kept, err := d.letters.Record(ctx, clerk, casework.NewLetter{Word: "都建整", Title: "汛期检查通知"}, nil)
	if must(err); kept.State.Number != "都建整〔2026〕122号" || kept.State.State() != casework.LetterHeld {
		t.Fatalf("took %+v", kept.State)
	}
	d.Refused("taken twice", fault.Invalid, func() error {
		_, err := d.letters.Record(ctx, clerk, casework.NewLetter{Number: "都建整〔2026〕122号", Title: "另一份通知"}, nil)
		return err
	}, "已经取过")
	void, err := d.letters.Record(ctx, clerk, casework.NewLetter{Number: "都建整〔2026〕125号", Title: "写错的通知"}, nil)
	must(err)
	_, err = d.letters.Do(ctx, clerk, casework.At{ID: void.ID, Seq: void.Seq}, casework.LetterGiveUp, casework.Input{Text: "打印错了"})
	must(err)
	d.Refused("a number that was given up", fault.Invalid, func() error { return d.send("order", fourth, "都建整〔2026〕125号", false) }, "作废")
	must(d.send("order", fourth, "都建整〔2026〕122号", false))
	if _, err := d.letters.One(ctx, clerk, kept.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("the line of a number that a case took over stands beside it: %v", err)
	}
	// A number that was taken for a paper of a case stands on that paper, goes to nobody else, and is taken once.
	sixth := d.begin("order", "星湖苑")
	beforehand, err := d.letters.Record(ctx, clerk, casework.NewLetter{Number: "都建整〔2026〕126号", Title: "通知书", Case: "order/" + sixth.ID, For: "order.send"}, nil)
	must(err)
	held := func(code, want string) {
		t.Helper()
		if got, err := d.letters.Held(ctx, "order/"+sixth.ID, code); err != nil || got != want {
			t.Errorf("for %s %q is held, %v; want %q", code, got, err, want)
		}
	}
	held("order.send", "都建整〔2026〕126号")
	held("order.send.order", "")
	d.Refused("taken for it twice", fault.Invalid, func() error {
		_, err := d.letters.Record(ctx, clerk, casework.NewLetter{Word: "都建整", Title: "通知书", Case: "order/" + sixth.ID, For: "order.send"}, nil)
		return err
	}, "number", "都建整〔2026〕126号")
	d.Refused("for a paper of another kind", fault.NotFound, func() error {
		_, err := d.letters.Record(ctx, clerk, casework.NewLetter{Word: "都建整", Title: "通知书", Case: "order/" + sixth.ID, For: "other.send"}, nil)
		return err
	})
	seventh := d.begin("order", "云山居")
	d.Refused("a number that was taken for another case", fault.Invalid, func() error { return d.send("order", seventh, "都建整〔2026〕126号", false) }, "number", "已经为星湖苑取走")
	must(d.send("order", sixth, "都建整〔2026〕126号", false))
	held("order.send", "")
	if _, err := d.letters.One(ctx, clerk, beforehand.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("the line of a number that its case bears now stands beside it: %v", err)
	}

	// A township has a series of its own: its numbers are its own, and nobody else's.
	north := policy.Actor{ID: "n", Name: "n", Appointments: []policy.Appointment{{Role: "township_party", Scopes: []string{"t:360428101"}}}}
	south := policy.Actor{ID: "s", Name: "s", Appointments: []policy.Appointment{{Role: "township_party", Scopes: []string{"t:360428102"}}}}
	own, err := d.letters.Record(ctx, north, casework.NewLetter{Word: "北山政发", Title: "关于清理楼道的通知"}, nil)
	if must(err); own.State.Number != "北山政发〔2026〕8号" {
		t.Fatalf("took %+v", own.State)
	}
	if series, err := d.letters.Own(ctx, south); err != nil || len(series) != 0 {
		t.Errorf("another township takes from %v, %v", series, err)
	}
	for name, refused := range map[string]casework.NewLetter{"of another township": {Word: "北山政发", Title: "一份通知"}, "typed": {Number: "北山政发〔2026〕9号", Title: "一份通知"}, "of the bureau": {Number: "都建整〔2026〕300号", Title: "一份通知"}} {
		d.Refused("a number "+name, fault.Invalid, func() error {
			_, err := d.letters.Record(ctx, south, refused, nil)
			return err
		}, "不是你单位的机关代字")
	}
	if _, err := d.letters.One(ctx, south, own.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("another township sees it: %v", err)
	}
	if _, err = d.letters.One(ctx, clerk, own.ID); err != nil {
		t.Errorf("the county does not see it: %v", err)
	}
	if page, err := d.letters.List(ctx, policy.Actor{ID: "c", Name: "c", Appointments: []policy.Appointment{{Role: "township_party", Scopes: []string{here}}}}, casework.LetterFilter{}, ""); err != nil || len(page.Docs) != 0 {
		t.Errorf("what the bureau sends in its cases is shown to a part of the county: %d lines, %v", len(page.Docs), err)
	}
	// What no case sends is there too, once: a return of a township for the township, the answer to an order of another platform for who may know where a matter came from.
	answer := casework.Borne{Name: "电梯，GD001", Keys: []string{here}, Day: d.Today(), Papers: []casework.Outgoing{{Slot: "answer", Title: "12345热线工单答复", To: "12345热线", Way: casework.WaySystem, Paper: casework.Paper{Day: d.Today()}}}}
	report := casework.Borne{Name: "2026年9月物业行业月报", Keys: []string{"t:360428101"}, Day: d.Today(), Papers: []casework.Outgoing{{Slot: "v1", Title: "报表", To: "县住建局", Paper: casework.Paper{Day: d.Today()}}}}
	for range 2 {
		must(d.letters.Enter(ctx, store.Meta{By: "x", Action: "x"}, "matter", "m1", answer))
		must(d.letters.Enter(ctx, store.Meta{By: "x", Action: "x"}, "return", "r1", report))
	}
	lawyer := policy.Actor{ID: "l", Name: "l", Appointments: []policy.Appointment{{Role: "legal_officer", Scopes: []string{policy.County}}}}
	for _, tt := range []struct {
		who  policy.Actor
		kind string
		want int
	}{{clerk, "matter", 1}, {lawyer, "matter", 0}, {north, "matter", 0}, {clerk, "return", 1}, {north, "return", 1}, {south, "return", 0}, {north, casework.ByHand, 1}} {
		if page, err := d.letters.List(ctx, tt.who, casework.LetterFilter{Kind: tt.kind}, ""); err != nil || len(page.Docs) != tt.want {
			t.Errorf("%s sees %d of %s, %v; want %d", tt.who.ID, len(page.Docs), tt.kind, err, tt.want)
		}
	}
	if page, err := d.letters.List(ctx, clerk, casework.LetterFilter{Kind: "matter", Lack: "1"}, ""); err != nil || len(page.Docs) != 0 {
		t.Errorf("what is found in the system lacks a receipt: %v, %v", page.Docs, err)
	}
	plain, err := d.letters.Record(ctx, south, casework.NewLetter{Title: "没有文号的函"}, nil)
	if must(err); strings.Join(plain.State.Keys, "") != "t:360428102" {
		t.Errorf("a letter of a township has the keys %v", plain.State.Keys)
	}
	if years, err := d.letters.Numbers(ctx, north, 2026); err != nil || len(years) != 1 || years[0].Used != 1 || years[0].Next != "北山政发〔2026〕9号" {
		t.Errorf("the register of a township says %+v, %v", years, err)
	}

	// Paper by hand: sent, with the receipt later; what is not allowed writes nothing.
	sent, err := d.letters.Record(ctx, clerk, casework.NewLetter{Title: "致建设单位的函", Case: "order/" + fourth.ID}, nil)
	must(err)
	sent, err = d.letters.Do(ctx, clerk, casework.At{ID: sent.ID, Seq: sent.Seq}, casework.LetterSend, casework.Input{Text: "都昌某置业", Choice: "post", Day: d.Today()})
	must(err)
	at := casework.At{ID: sent.ID, Seq: sent.Seq}
	d.Refused("no receipt", fault.Invalid, func() error {
		_, err := d.letters.Do(ctx, clerk, at, casework.LetterReceipt, casework.Input{})
		return err
	}, "paper")
	d.Refused("tomorrow, to nobody, nohow", fault.Invalid, func() error {
		_, err := d.letters.Do(ctx, clerk, at, casework.LetterSend, casework.Input{Day: d.Today().Add(1), Choice: "pigeon"})
		return err
	}, "text", "choice", "day")
	d.Refused("a number that was used is not given up", fault.Conflict, func() error {
		_, err := d.letters.Do(ctx, clerk, at, casework.LetterGiveUp, casework.Input{Text: "不要了"})
		return err
	})
	sent, err = d.letters.Do(ctx, clerk, at, casework.LetterReceipt, casework.Input{Upload: d.Photo()})
	if must(err); sent.State.Sent[0].Receipt == nil {
		t.Error("the receipt is not there")
	}

	// A number that comes later from the office: of a line by hand, and of a paper that tells its code; what is entered again keeps it.
	numbered := func(l store.Doc[casework.Letter], number string) (store.Doc[casework.Letter], error) {
		return d.letters.Do(ctx, clerk, casework.At{ID: l.ID, Seq: l.Seq}, casework.LetterNumber, casework.Input{Number: number})
	}
	d.Refused("a number that another paper bears", fault.Invalid, func() error { _, err := numbered(sent, "都建整〔2026〕120号"); return err }, "number")
	d.Refused("no number", fault.Invalid, func() error { _, err := numbered(sent, " "); return err }, "number")
	sent, err = numbered(sent, "都建整(2026)123号")
	if must(err); sent.State.Number != "都建整〔2026〕123号" || sent.State.Nth != 123 {
		t.Errorf("the number given later is %+v", sent.State)
	}
	d.Refused("a second number", fault.Conflict, func() error { _, err := numbered(sent, "都建整〔2026〕124号"); return err })
	told := casework.Borne{Name: "星湖苑", Papers: []casework.Outgoing{{Slot: "told", For: "order.told", Title: "告知书", To: "某物业", Way: casework.WaySystem, Paper: casework.Paper{Day: d.Today()}}}}
	must(d.letters.Enter(ctx, store.Meta{By: "x", Action: "x"}, "order", fourth.ID, told))
	line, known, err := d.letters.PaperOf(ctx, "order/"+fourth.ID, "order.told")
	if must(err); !known || line.State.Number != "" || line.State.State() != casework.LetterSent {
		t.Fatalf("a paper without a number is %+v", line.State)
	}
	_, err = numbered(line, "都建整〔2026〕124号")
	must(err)
	must(d.letters.Enter(ctx, store.Meta{By: "x", Action: "x"}, "order", fourth.ID, told))
	if line, _, err = d.letters.PaperOf(ctx, "order/"+fourth.ID, "order.told"); err != nil || line.State.Number != "都建整〔2026〕124号" {
		t.Errorf("entered again it bears %q, %v", line.State.Number, err)
	}
	if own, err := d.letters.Of(ctx, clerk, "order/"+fourth.ID); err != nil || own[0].State.Waits(casework.LetterNumber) == "" {
		t.Errorf("the number of what a step sends is given in the register: %v, %v", own, err)
	}
	stranger := policy.Actor{ID: "w", Name: "w", Appointments: []policy.Appointment{{Role: "community_worker", Scopes: []string{"c:360428001001"}}}}
	d.Refused("without the right", fault.Forbidden, func() error {
		_, err := d.letters.Record(ctx, stranger, casework.NewLetter{Title: "一份通知"}, nil)
		return err
	})
	d.Refused("of a case that is not there", fault.NotFound, func() error {
		_, err := d.letters.Record(ctx, clerk, casework.NewLetter{Title: "一份通知", Case: "order/none"}, nil)
		return err
	})

	// The register of the year: by series, with gaps and what each number is.
	years, err := d.letters.Numbers(ctx, clerk, 2026)
	must(err)
	var said []string
	for _, y := range years {
		for _, line := range y.Lines {
			text := line.Number
			if line.Last != "" {
				text += "-" + line.Last + " gap"
			}
			for _, l := range line.Letters {
				text += " " + l.State.Title + "/" + l.State.About + "/" + l.State.State()
			}
			said = append(said, text)
		}
		said = append(said, "next "+y.Next)
	}
	want := `都建整〔2026〕120号 通知书/望湖苑/已发出
都建整〔2026〕121号-都建整〔2026〕121号 gap
都建整〔2026〕122号 通知书/湖畔名邸/已发出
都建整〔2026〕123号 致建设单位的函/湖畔名邸/已发出
都建整〔2026〕124号 告知书/星湖苑/已发出
都建整〔2026〕125号 写错的通知//作废
都建整〔2026〕126号 通知书/星湖苑/已发出
next 都建整〔2026〕127号
next 都建责改〔2026〕1号
next 都建连〔2026〕1号
北山政发〔2026〕8号 关于清理楼道的通知//已取号，没有发出
next 北山政发〔2026〕9号`
	if got := strings.Join(said, "\n"); got != want {
		t.Errorf("the register says\n%s\nwant\n%s", got, want)
	}
	// A series that begins anew each year, and one that goes on.
	fifth := d.begin("other", "城东新居")
	must(d.send("other", fifth, "都建连〔2026〕41号", false))
	for code, want := range map[string]string{"order.send": "都建整〔2027〕1号", "other.send": "都建连〔2027〕42号"} {
		if got, err := d.letters.Next(ctx, code, 2027); err != nil || got != want {
			t.Errorf("%s of 2027 is %q, %v; want %q", code, got, err, want)
		}
	}
	if lines, err := d.letters.Of(ctx, clerk, "order/"+fourth.ID); err != nil || len(lines) != 3 {
		t.Errorf("the case has %d lines, %v; want its notice, the letter by hand and what was told", len(lines), err)
	}
	if page, err := d.letters.List(ctx, clerk, casework.LetterFilter{Text: "置业", Way: "post"}, ""); err != nil || len(page.Docs) != 1 {
		t.Errorf("found %d lines, %v", len(page.Docs), err)
	}
}

// TestLettersFollow: what a stop left out, and what is older than the register, is entered by the rule, once.
func TestLettersFollow(t *testing.T) {
	ctx := t.Context()
	d := &numbers{Desk: registrytest.NewDesk(t, registrytest.Day("2026-10-19").Begins().Add(9*time.Hour)), kinds: map[string]*casework.Cases[notice]{}}
	d.open()
	// Two cases as they were stored before: both bear the same number, which was claimed by nobody.
	old := d.kinds["order"].Docs
	for _, name := range []string{"望湖苑", "滨江花园"} {
		state := notice{Case: casework.Case{Project: "p1", Name: name, Keys: []string{here}, Opened: d.Today(), By: "clerk"}, Sent: &casework.Paper{Number: "都建整〔2026〕120号", Day: d.Today(), By: "clerk"}}
		if _, err := old.Commit(ctx, store.Meta{By: "clerk", Action: "rectification.handle"}, map[string]string{"望湖苑": "a", "滨江花园": "b"}[name], 0, state); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.letters.Watch(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := d.DB.RunRules(ctx); err != nil {
			t.Fatal(err)
		}
	}
	years, err := d.letters.Numbers(ctx, clerk, 2026)
	if err != nil || len(years[0].Lines) != 1 || len(years[0].Lines[0].Letters) != 2 {
		t.Fatalf("the register says %+v, %v; want one number that two papers bear", years[0], err)
	}
	if l := years[0].Lines[0].Letters[0].State; l.Sent[0].To != "安居物业" || l.Sent[0].Day != d.Today() {
		t.Errorf("entered %+v", l)
	}
	third := d.begin("other", "南山雅居")
	d.Refused("a number that an old case bears", fault.Invalid, func() error { return d.send("other", third, "都建整〔2026〕120号", false) }, "的通知书")
}

// TestStoredFields: what is stored stays readable.
func TestStoredFields(t *testing.T) {
	golden, err := os.ReadFile("testdata/letter.fields")
	if got := strings.Join(store.FieldNames[casework.Letter](), "\n") + "\n"; err != nil || got != string(golden) {
		t.Errorf("stored fields of letters changed; old records would not be read:\n%s%v", got, err)
	}
}

// TestSeriesFaults: every mistake of the file is named with its place.
func TestSeriesFaults(t *testing.T) {
	_, err := casework.ParseSeries("numbers.yaml", []byte("basis: x\nseries:\n  - {word: 都, title: 通知, papers: [order.send, order]}\n  - {word: 都建发, title: 发, papers: [order.send], first: [{year: 2026, number: 0}]}\n  - {word: 北山政发, title: 乡镇发文, township: 北山乡}\n"))
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"3:12", "3:", "4:", "机关代字“都”", "文书“order”", "写在两个代字里", "1 至 99999", "5:", "区划代码"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said: %v", want, err)
		}
	}
}
