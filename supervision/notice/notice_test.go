package notice

import (
	"context"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/policy/outbox"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/registrytest"
)

// desk is a service on a real store with a clock that the test moves. f1 serves in c1 of t1 and c2 of t2, f2 in c2.
type desk struct {
	*Service
	*registrytest.Desk
	now store.Doc[Notice]
	// told is what went to the outbox.
	told []string
	// held are the offices.
	held []policy.Office
	// stop lets the outbox fail.
	stop bool
}

var (
	day       = registrytest.Day
	officer   = registrytest.Person("officer", "property_officer", policy.County)
	chief     = registrytest.Person("chief", "section_chief", policy.County)
	town1     = registrytest.Person("town1", "dispatcher", policy.TownshipKey("t1"))
	town2     = registrytest.Person("town2", "dispatcher", policy.TownshipKey("t2"))
	secretary = registrytest.Person("secretary", "community_secretary", policy.CommunityKey("c1"))
	firm1     = registrytest.Person("firm1", "firm_manager", policy.FirmKey("f1"))
	firm2     = registrytest.Person("firm2", "firm_manager", policy.FirmKey("f2"))
	manager   = registrytest.Person("manager", "project_manager", policy.ProjectKey("p1"))
)

func (d *desk) EachHolding(_ context.Context, _ calendar.Date, yield func(registry.Holding) error) error {
	for _, p := range []registry.Place{
		{Project: "p1", Name: "望湖苑", Community: "c1", Township: "t1", Firm: "f1", FirmName: "一盏灯物业"},
		{Project: "p2", Name: "东湖新村", Community: "c2", Township: "t2", Firm: "f1", FirmName: "一盏灯物业"},
		{Project: "p3", Name: "锦绣花园", Community: "c2", Township: "t2", Firm: "f2", FirmName: "鄱湖物业"},
	} {
		if err := yield(registry.Holding{Place: p}); err != nil {
			return err
		}
	}
	return nil
}

func (d *desk) DivisionsAt(_ context.Context, level registry.Level, _ calendar.Date) (out []registry.DivisionRow, err error) {
	rows := map[registry.Level][][3]string{registry.LevelTownship: {{"t1", "都昌镇", ""}, {"t2", "万户镇", ""}}, registry.LevelCommunity: {{"c1", "城东社区", "t1"}, {"c2", "万户社区", "t2"}}}
	for _, row := range rows[level] {
		r := registry.DivisionRow{ID: row[0]}
		r.Display, r.Parent = row[1], row[2]
		out = append(out, r)
	}
	return out, nil
}

func must[T any](t testing.TB) func(T, error) T { return registrytest.Must[T](t) }

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{Desk: registrytest.NewDesk(t, day("2026-10-19").Begins().Add(9*time.Hour))}
	for _, who := range []policy.Actor{officer, chief, town1, town2, secretary, firm1, firm2, manager} {
		info, _ := d.Rights.Role(who.Appointments[0].Role)
		ap := who.Appointments[0]
		if key := ap.Scopes[0]; strings.HasPrefix(key, "f:") {
			ap.Unit = key
		} else if who.ID == "manager" {
			ap.Unit = policy.FirmKey("f1")
		}
		d.held = append(d.held, policy.Office{Account: who.ID, Name: "姓名" + who.ID, Title: info.Title, Appointment: ap})
	}
	d.Service = must[*Service](t)(New(t.Context(), Config{Register: d, Offices: func(context.Context) ([]policy.Office, error) { return slices.Clone(d.held), nil },
		Tell: func(_ context.Context, _ store.Meta, p outbox.Post) error {
			if d.stop {
				return fault.New("notice.Tell", fault.Unavailable, "停电")
			}
			if said := strings.Join([]string{strings.SplitN(p.Event, ".", 2)[0], p.Account, p.Values[outbox.FieldOffice], p.Values[outbox.FieldDue]}, " "); !slices.Contains(d.told, said) {
				d.told = append(d.told, said)
			}
			return nil
		},
		Desk: casework.Desk{DB: d.DB, Guard: d.Guard, Keeper: d.Keeper, Now: d.Clock, Deadlines: d.Desk.Deadlines}}))
	return d
}

func (d *desk) at() casework.At { return casework.At{ID: d.now.ID, Seq: d.now.Seq} }

func input() Input {
	return Input{Title: "消防安全提醒", Text: "请加强巡查。", Receipt: true, Until: day("2026-10-26")}
}

// written begins a notice of somebody to units.
func (d *desk) written(by policy.Actor, in Input, kind TargetKind, ids ...string) {
	d.T.Helper()
	d.now = must[store.Doc[Notice]](d.T)(d.Make(d.T.Context(), by, in, nil))
	d.now = must[store.Doc[Notice]](d.T)(d.Address(d.T.Context(), by, d.at(), kind, ids))
}

func (d *desk) send(by policy.Actor) {
	d.T.Helper()
	d.now = must[store.Doc[Notice]](d.T)(d.Send(d.T.Context(), by, d.at()))
}

// copyOf is the id of somebody's copy.
func (d *desk) copyOf(who policy.Actor) string {
	d.T.Helper()
	for n, to := range d.now.State.People {
		if to.Account == who.ID {
			return CopyID(d.now.ID, int64(n))
		}
	}
	d.T.Fatal(who.ID + " got nothing")
	return ""
}

// names are what candidates are called.
func names(list []Candidate) string {
	var out []string
	for _, c := range list {
		out = append(out, c.Name)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestCandidates(t *testing.T) {
	d := newDesk(t)
	for _, tt := range []struct {
		by   policy.Actor
		kind TargetKind
		text string
		want string
	}{
		{officer, ToUnit, "", "一盏灯物业 万户镇 城东社区 都昌镇 鄱湖物业"}, {town1, ToUnit, "", "一盏灯物业 城东社区"}, {town2, ToUnit, "", "一盏灯物业 鄱湖物业"}, {secretary, ToUnit, "", "一盏灯物业"},
		{town1, ToPerson, "", "姓名firm1 姓名manager 姓名secretary"}, {officer, ToPerson, "鄱湖", "姓名firm2"}, {officer, ToUnit, "poyang", ""}, {officer, ToUnit, "yzd", "一盏灯物业"},
	} {
		got, err := d.Candidates(t.Context(), tt.by, tt.kind, tt.text)
		if err != nil || names(got) != tt.want {
			t.Errorf("%s %s %s: %q, %v", tt.by.ID, tt.kind, tt.text, names(got), err)
		}
	}
	if got := must[[]Candidate](t)(d.Candidates(t.Context(), officer, ToRole, "")); len(got) != 5 {
		t.Errorf("%v", got)
	}
	d.Refused("a firm", fault.Forbidden, func() error { _, err := d.Candidates(t.Context(), firm1, ToUnit, ""); return err })
	d.Refused("an unknown kind", fault.Invalid, func() error { _, err := d.Candidates(t.Context(), officer, "x", ""); return err }, "kind")
}

func TestLife(t *testing.T) {
	ctx := t.Context()
	d := newDesk(t)
	in := input()
	in.Uploads = []*files.Upload{d.Photo()}
	d.written(officer, in, ToUnit, "f:f1")
	d.now = must[store.Doc[Notice]](t)(d.Address(ctx, officer, d.at(), ToPerson, []string{"firm1", "firm2"}))
	if v := must[Sent](t)(d.Notice(ctx, officer, d.now.ID)); v.Chosen != 3 {
		t.Error("somebody counts twice:", v.Chosen)
	}
	d.Refused("another township", fault.NotFound, func() error { _, err := d.Notice(ctx, town1, d.now.ID); return err })
	d.Refused("a firm sends", fault.Forbidden, func() error { _, err := d.Send(ctx, firm1, d.at()); return err })
	d.Refused("a copy before it is sent", fault.NotFound, func() error { _, err := d.One(ctx, firm1, CopyID(d.now.ID, 0)); return err })
	d.send(officer)
	slices.Sort(d.told)
	if want := "notice firm1 物业管理股经办人 2026年10月26日|notice firm2 物业管理股经办人 2026年10月26日|notice manager 物业管理股经办人 2026年10月26日"; strings.Join(d.told, "|") != want {
		t.Errorf("%q", d.told)
	}
	d.Refused("edited after it was sent", fault.Conflict, func() error { _, err := d.Edit(ctx, officer, d.at(), in); return err })
	d.Refused("sent twice", fault.Conflict, func() error { _, err := d.Send(ctx, officer, d.at()); return err })

	id := d.copyOf(firm1)
	d.Refused("somebody else's copy", fault.NotFound, func() error { _, err := d.Open(ctx, firm2, id); return err })
	d.Refused("what is no id", fault.NotFound, func() error { _, err := d.Open(ctx, firm1, "a/b"); return err })
	if v := must[View](t)(d.One(ctx, firm1, id)); v.State.State != Unread {
		t.Error("a look by the program reads it")
	}
	v := must[View](t)(d.Open(ctx, firm1, id))
	if v.State.State != Read || v.State.ReadAt == nil || v.Notice.Text != "请加强巡查。" {
		t.Errorf("%+v", v.State)
	}
	before := d.Records(t)
	must[View](t)(d.Open(ctx, firm1, id))
	if d.Records(t) != before {
		t.Error("read twice")
	}
	if err := d.Sign(ctx, firm1, id); err != nil {
		t.Fatal(err)
	}
	before = d.Records(t)
	if err := d.Sign(ctx, firm1, id); err != nil || d.Records(t) != before {
		t.Error("signed for twice:", err)
	}
	r, size, f, err := d.OpenFile(ctx, firm1, id, true, 1)
	if err != nil || f.Name != "照片.png" || size == 0 {
		t.Fatal(f, err)
	}
	_, _ = io.Copy(io.Discard, r)
	r.Close()
	d.Refused("no such file", fault.NotFound, func() error { _, _, _, err := d.OpenFile(ctx, firm1, id, true, 2); return err })
	d.Refused("a file of somebody else's", fault.NotFound, func() error { _, _, _, err := d.OpenFile(ctx, firm2, id, true, 1); return err })
	d.Refused("a file of another office's", fault.NotFound, func() error { _, _, _, err := d.OpenFile(ctx, town1, d.now.ID, false, 1); return err })

	if sent := must[Sent](t)(d.Notice(ctx, chief, d.now.ID)); sent.Count != (Count{All: 3, Read: 1, Signed: 1, Open: 2}) || sent.Names["firm2"] != "姓名firm2" {
		t.Errorf("%+v", sent.Count)
	}
	if work := must[[]store.Doc[Copy]](t)(d.Work(ctx, firm1)); len(work) != 0 {
		t.Error("what is signed for is work")
	}
	// Urging goes to who has not, once a day, and is told once.
	d.told = nil
	doc, n, err := d.Urge(ctx, officer, d.at())
	if err != nil || n != 2 || len(d.told) != 2 || !strings.HasPrefix(d.told[0], "urging ") {
		t.Fatal(n, d.told, err)
	}
	d.now = doc
	d.Refused("twice a day", fault.Conflict, func() error { _, _, err := d.Urge(ctx, officer, d.at()); return err }, "今天已经催过")
	if v := must[View](t)(d.One(ctx, firm2, d.copyOf(firm2))); len(v.State.UrgedAt) != 1 {
		t.Error("nobody was urged")
	}
	if v := must[View](t)(d.One(ctx, firm1, id)); len(v.State.UrgedAt) != 0 {
		t.Error("who signed was urged")
	}
	// A withdrawn notice tells why and no more.
	d.Refused("without a reason", fault.Invalid, func() error { _, err := d.Withdraw(ctx, officer, d.at(), " "); return err }, "why")
	d.now = must[store.Doc[Notice]](t)(d.Withdraw(ctx, officer, d.at(), "日期写错了"))
	for _, who := range []policy.Actor{firm1, firm2} {
		v := must[View](t)(d.Open(ctx, who, d.copyOf(who)))
		if v.State.State != Recalled || v.Notice.Text != "" || v.Notice.Reason != "日期写错了" || len(v.Notice.Files) != 0 {
			t.Errorf("%+v", v)
		}
	}
	d.Refused("signed for after it was withdrawn", fault.Conflict, func() error { return d.Sign(ctx, firm2, d.copyOf(firm2)) }, "已经撤回")
	d.Refused("urged after it was withdrawn", fault.Conflict, func() error { _, _, err := d.Urge(ctx, officer, d.at()); return err })
}

func TestRefused(t *testing.T) {
	ctx := t.Context()
	d := newDesk(t)
	for field, change := range map[string]func(*Input){"title": func(in *Input) { in.Title = "" }, "text": func(in *Input) { in.Text = strings.Repeat("长", 1001) }, "until": func(in *Input) { in.Until = day("2026-10-18") },
		"files": func(in *Input) { in.Uploads = []*files.Upload{nil, nil, nil, nil} }} {
		in := input()
		change(&in)
		d.Refused(field, fault.Invalid, func() error { _, err := d.Make(ctx, officer, in, nil); return err }, field+" ")
	}
	d.Refused("a firm writes", fault.Forbidden, func() error { _, err := d.Make(ctx, firm1, input(), nil); return err })
	d.Refused("an office without rows", fault.Forbidden, func() error {
		_, err := d.Make(ctx, policy.Actor{ID: "lost", Appointments: []policy.Appointment{{Role: "dispatcher"}}}, input(), nil)
		return err
	})
	d.now = must[store.Doc[Notice]](t)(d.Make(ctx, town1, input(), nil))
	if d.now.State.OwnerName != "都昌镇" {
		t.Error(d.now.State.OwnerName)
	}
	d.Refused("sent to nobody", fault.Conflict, func() error { _, err := d.Send(ctx, town1, d.at()); return err }, "没有收件人")
	d.Refused("beyond the township", fault.Invalid, func() error { _, err := d.Address(ctx, town1, d.at(), ToUnit, []string{"f:f2"}); return err }, "to ")
	d.now = must[store.Doc[Notice]](t)(d.Address(ctx, town1, d.at(), ToRole, []string{"project_manager"}))
	// Who was chosen may be gone when it is sent.
	d.held = slices.DeleteFunc(d.held, func(o policy.Office) bool { return o.Account == "manager" })
	d.Refused("nobody is left", fault.Conflict, func() error { _, err := d.Send(ctx, town1, d.at()); return err })
	d.Forward("2026-10-27")
	d.now = must[store.Doc[Notice]](t)(d.Address(ctx, town1, d.at(), ToUnit, []string{"f:f1"}))
	d.Refused("after its last day", fault.Conflict, func() error { _, err := d.Send(ctx, town1, d.at()); return err }, "已经过了")
	// One that is only to be read is done once it was read.
	in := input()
	in.Receipt, in.Until = false, day("2026-11-01")
	d.now = must[store.Doc[Notice]](t)(d.Edit(ctx, town1, d.at(), in))
	d.send(town1)
	id := d.copyOf(firm1)
	must[View](t)(d.Open(ctx, firm1, id))
	d.Refused("signed for, which nobody asked", fault.Conflict, func() error { return d.Sign(ctx, firm1, id) }, "不用签收")
	d.Refused("all have read it", fault.Conflict, func() error { _, _, err := d.Urge(ctx, town1, d.at()); return err }, "不用催")
}

// TestFollowed: what a stop left undone is completed by the rule, once.
func TestFollowed(t *testing.T) {
	ctx := t.Context()
	d := newDesk(t)
	d.written(officer, input(), ToRole, "firm_manager")
	d.stop = true
	if _, err := d.Send(ctx, officer, d.at()); !fault.Is(err, fault.Unavailable) {
		t.Fatal(err)
	}
	d.stop = false
	for range 2 {
		if _, err := d.DB.RunRules(ctx); err != nil {
			t.Fatal(err)
		}
	}
	sent := must[Sent](t)(d.Notice(ctx, officer, d.now.ID))
	if len(sent.Copies) != 2 || len(d.told) != 2 {
		t.Error(len(sent.Copies), d.told)
	}
}

func TestInbox(t *testing.T) {
	ctx := t.Context()
	d := newDesk(t)
	for i, title := range []string{"第一条", "第二条", "第三条"} {
		in := input()
		in.Title, in.Receipt, in.Until = title, i == 0, day("2026-10-26").Add(-i)
		d.written(officer, in, ToUnit, "f:f1")
		d.send(officer)
		if i == 2 {
			must[View](t)(d.Open(ctx, firm1, d.copyOf(firm1)))
		}
		d.Wait(time.Minute)
	}
	list := func(by policy.Actor, w Filter, until bool) string {
		t.Helper()
		page := must[store.Page[Copy]](t)(d.Inbox(ctx, by, w, until, ""))
		var out []string
		for _, k := range page.Docs {
			out = append(out, k.State.Title)
		}
		return strings.Join(out, " ")
	}
	for _, tt := range []struct {
		name  string
		w     Filter
		until bool
		want  string
	}{{"what is to be done first", Filter{}, false, "第二条 第一条 第三条"}, {"by the last day", Filter{}, true, "第二条 第一条"}, {"read", Filter{Copies: Read}, false, "第三条"}, {"by pinyin", Filter{Text: "dyt"}, false, "第一条"}, {"open", Filter{Open: true}, false, "第二条 第一条"}} {
		if got := list(firm1, tt.w, tt.until); got != tt.want {
			t.Errorf("%s: %s", tt.name, got)
		}
	}
	if got := list(firm2, Filter{}, false); got != "" {
		t.Error(got)
	}
	d.Refused("the public", fault.Unauthenticated, func() error { _, err := d.Inbox(ctx, policy.Actor{}, Filter{}, false, ""); return err })
	if page := must[store.Page[Notice]](t)(d.Notices(ctx, chief, Filter{Text: "第", State: Running}, true, "")); len(page.Docs) != 3 || page.Docs[0].State.Title != "第三条" {
		t.Error(len(page.Docs))
	}
	if page := must[store.Page[Notice]](t)(d.Notices(ctx, town1, Filter{}, false, "")); len(page.Docs) != 0 {
		t.Error("a township sees the bureau's notices")
	}
}

func TestSteps(t *testing.T) {
	for _, state := range States() {
		for _, step := range Steps() {
			n := Notice{State: state}
			_, err := steps.Next(word, state, step)
			if n.Can(step) != (err == nil) || err != nil && !fault.Is(err, fault.Conflict) {
				t.Errorf("%s %s: %v", state, step, err)
			}
		}
		if state.Title() == "" {
			t.Error(state)
		}
	}
}

func TestStoredFields(t *testing.T) {
	for _, err := range []error{store.CheckType[Notice](), store.CheckType[Copy]()} {
		if err != nil {
			t.Error(err)
		}
	}
	golden, err := os.ReadFile("testdata/fields.txt")
	if got := strings.Join(slices.Concat(store.FieldNames[Notice](), store.FieldNames[Copy]()), "\n") + "\n"; err != nil || got != string(golden) {
		t.Errorf("stored fields changed; old records would not be read (%v):\n%s", err, got)
	}
}

// TestRemind: a reminder of the system reaches those whose turn it is once, by the outbox too, says what is to be done and stands in no office's list.
func TestRemind(t *testing.T) {
	ctx := t.Context()
	d := newDesk(t)
	meta := store.Meta{By: "system", Action: "job.run", Why: "提醒"}
	clock := casework.Due{Project: "p1", Item: "star-call/2026", Name: "望湖苑", What: "望湖苑申报2026年度星级，企业"}
	r := casework.Reminder{Accounts: []string{"firm1", "manager"}, Until: day("2026-10-22"), Stage: 3, Clocks: []casework.Due{clock}}
	d.stop = true
	if err := d.Remind(ctx, meta, r); !fault.Is(err, fault.Unavailable) {
		t.Errorf("the outbox is down: %v", err)
	}
	d.stop = false
	for range 2 {
		if err := d.Remind(ctx, meta, r); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(d.told)
	if want := "notice firm1 系统（到期提醒） |notice manager 系统（到期提醒） "; strings.Join(d.told, "|") != want {
		t.Errorf("%q", d.told)
	}
	got := func(who policy.Actor, n int) *View {
		t.Helper()
		page := must[store.Page[Copy]](t)(d.Inbox(ctx, who, Filter{}, false, ""))
		if len(page.Docs) != n {
			t.Fatalf("%s has %d", who.ID, len(page.Docs))
		}
		if n == 0 {
			return nil
		}
		v := must[View](t)(d.One(ctx, who, page.Docs[0].ID))
		return &v
	}
	if v := got(firm1, 1); v.Notice.Title != "快到期：2026年10月22日截止" || !strings.Contains(v.Notice.Text, clock.What) || v.State.Until != r.Until || !v.State.Open() || v.State.Unit != "轮到办理的人" {
		t.Errorf("%+v", v.State)
	}
	got(firm2, 0)
	if page := must[store.Page[Notice]](t)(d.Notices(ctx, officer, Filter{}, false, "")); len(page.Docs) != 0 {
		t.Error("an office lists what it did not write")
	}
	r.Stage = casework.StageEnded
	if err := d.Remind(ctx, meta, r); err != nil {
		t.Fatal(err)
	}
	got(firm1, 2)
	late := 0
	for _, c := range must[store.Page[Copy]](t)(d.Inbox(ctx, firm1, Filter{}, false, "")).Docs { // both came at one moment: in no order
		if v := must[View](t)(d.One(ctx, firm1, c.ID)); v.Notice.Title == "已逾期：2026年10月22日到期" && v.State.Until == d.Today().Add(reminderDays) {
			late++
		}
	}
	if late != 1 {
		t.Errorf("%d say that it is late", late)
	}
	for _, bad := range []casework.Reminder{{Accounts: r.Accounts}, {Clocks: r.Clocks}} {
		d.Refused("nobody or nothing", fault.Invalid, func() error { return d.Remind(ctx, meta, bad) })
	}
}
