package party

import (
	"context"
	"maps"
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
	"redsteward/policy/policytest"
	"redsteward/registry"
	"redsteward/registry/registrytest"
)

// desk is the sheets on a real store over a real register: a firm with a branch of eight full members in 城东社区, another with an instructor in 棠荫村, a third that holds nothing.
type desk struct {
	*Service
	*registrytest.Desk
	register          *registry.Service
	firm, other, idle string
	people            map[string]policy.Actor
}

const (
	east    = "360428100001" // 城东社区
	village = "360428101500" // 棠荫村
)

var (
	day    = registrytest.Day
	person = registrytest.Person
)

func must[T any](t testing.TB) func(T, error) T { return registrytest.Must[T](t) }

func newDesk(t *testing.T) *desk {
	t.Helper()
	ctx := t.Context()
	d := &desk{}
	d.Desk, _, d.register = registrytest.NewCounty(t, time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC))
	d.Service = must[*Service](t)(New(ctx, Config{DB: d.Desk.DB, Guard: d.Desk.Guard, Keeper: d.Keeper, Now: d.Clock, Register: d.register, Chains: d.Chains(), Persons: d, Posts: d}))
	officer := person("officer", "property_officer", policy.County)
	firm := func(name, code, community string, p registry.Party) string {
		id := must[string](t)(d.register.CreateFirm(ctx, officer, registry.FirmInput{Name: name, Code: code, Origin: registry.OriginMarket}))
		p.Days.From = day("2026-01-01")
		if err := d.register.SetParty(ctx, officer, id, 1, p); err != nil {
			t.Fatal(err, fault.FieldsOf(err))
		}
		if community == "" {
			return id
		}
		project := must[string](t)(d.register.CreateProject(ctx, officer, registry.ProjectInput{Name: name[:6] + "苑", Address: "东湖路 1 号", Community: community, Households: 300, Kind: registry.KindCommodity}))
		if err := d.register.AddContract(ctx, officer, project, 1, registry.ContractInput{Firm: id, Kind: registry.ContractChosen, Level: registry.LevelSecond, Days: policy.Span{From: day("2026-01-01")}}); err != nil {
			t.Fatal(err)
		}
		return id
	}
	d.firm = firm("一盏灯物业服务有限公司", "91360428MA7XAMPL5W", east, registry.Party{Form: registry.PartyOwn, Members: 9, Full: 8, Branch: "一盏灯物业党支部", Secretary: "周明"})
	d.other = firm("赣北物业服务有限公司", "91360428MA0TEYAT30", village, registry.Party{Form: registry.PartyInstructor, Members: 3, Full: 3, Instructor: "吴芳", Office: "县委组织部"})
	d.idle = firm("长岭物业服务有限公司", "91350100M000100Y43", "", registry.Party{Form: registry.PartyNone})
	community := policy.CommunityKey(east)
	d.people = map[string]policy.Actor{"officer": officer, "worker": person("worker", "community_worker", community), "secretary": person("secretary", "community_secretary", community),
		"far": person("far", "community_secretary", policy.CommunityKey(village)), "town": person("town", "township_party", policy.TownshipKey("360428100000")), "industry": person("industry", "industry_secretary", policy.County),
		"industry2": person("industry2", "industry_secretary", policy.County), "organisation": person("organisation", "organisation", policy.County), "firm": person("firm", "firm_manager", policy.FirmKey(d.firm))}
	return d
}

// Person implements policy.Persons.
func (d *desk) Person(ctx context.Context, id string) (policy.Actor, error) {
	return registrytest.Persons(slices.Collect(maps.Values(d.people))).Person(ctx, id)
}

// Reauthenticate implements policy.Persons.
func (d *desk) Reauthenticate(ctx context.Context, by policy.Actor, typed string) error {
	return registrytest.Persons{}.Reauthenticate(ctx, by, typed)
}

// CrossPosts implements Posts: a post is recorded of the first firm only.
func (d *desk) CrossPosts(context.Context, calendar.Date) (registry.CrossPosts, error) {
	return registry.CrossPosts{d.firm: 2}, nil
}

func (d *desk) at(seq int64) At {
	return At{Firm: d.firm, Community: east, Quarter: "2026Q4", Seq: seq}
}

func theme() Line { return Line{Kind: Theme, Day: day("2026-10-12"), Expected: 9, Present: 8} }

// do is one command about the sheet.
type do struct {
	who  string
	what Move
	want State
	kind fault.Kind
}

func (d *desk) call(who string, move Move, at At) (store.Doc[Sheet], error) {
	ctx, by := context.Background(), d.people[who]
	switch move {
	case MoveFill:
		return d.Fill(ctx, by, at, theme(), nil)
	case MoveSubmit:
		return d.Submit(ctx, by, at)
	case MoveRecall:
		return d.Recall(ctx, by, at)
	case MoveConfirm:
		reason := ""
		if who == "town" {
			reason = "书记外出"
		}
		return d.Confirm(ctx, by, at, reason)
	case MoveReturn:
		return d.Return(ctx, by, at, "实到人数与照片不符")
	case MoveReopen:
		return d.Reopen(ctx, by, at, "漏记一次党课")
	}
	panic(move)
}

// tell runs commands over the sheet and checks that a refused one wrote nothing.
func (d *desk) tell(doc store.Doc[Sheet], steps ...do) store.Doc[Sheet] {
	d.T.Helper()
	for i, s := range steps {
		before := d.Records(d.T)
		next, err := d.call(s.who, s.what, d.at(doc.Seq))
		if fault.KindOf(err) != s.kind {
			d.T.Fatalf("step %d, %s by %s: %v %v, want %q", i, s.what, s.who, err, fault.FieldsOf(err), s.kind)
		}
		if err != nil {
			if after := d.Records(d.T); after != before {
				d.T.Fatalf("step %d, %s by %s was refused and wrote %d records", i, s.what, s.who, after-before)
			}
			continue
		}
		if doc = next; doc.State.State != s.want {
			d.T.Fatalf("step %d, %s by %s: %s, want %s", i, s.what, s.who, doc.State.State, s.want)
		}
	}
	return doc
}

// TestSheet follows a sheet through all levels, back, and once more, with everything that is refused on the way.
func TestSheet(t *testing.T) {
	d := newDesk(t)
	doc := d.tell(store.Doc[Sheet]{}, do{"officer", MoveFill, "", fault.Forbidden}, do{"firm", MoveFill, "", fault.Forbidden}, do{"far", MoveFill, "", fault.NotFound}, do{"worker", MoveSubmit, "", fault.NotFound},
		do{"worker", MoveFill, Open, ""}, do{"secretary", MoveConfirm, "", fault.Conflict}, do{"worker", MoveSubmit, Waiting, ""}, do{"worker", MoveFill, "", fault.Conflict}, do{"worker", MoveRecall, Open, ""},
		do{"worker", MoveSubmit, Waiting, ""}, do{"worker", MoveConfirm, "", fault.Forbidden}, do{"far", MoveConfirm, "", fault.NotFound}, do{"industry", MoveConfirm, "", fault.Forbidden}, do{"organisation", MoveConfirm, "", fault.Forbidden},
		do{"officer", MoveConfirm, "", fault.Forbidden}, do{"secretary", MoveConfirm, Passing, ""}, do{"secretary", MoveConfirm, "", fault.Forbidden}, do{"worker", MoveRecall, "", fault.Conflict}, do{"industry", MoveReturn, Returned, ""},
		do{"worker", MoveFill, Returned, ""}, do{"worker", MoveSubmit, Waiting, ""}, do{"town", MoveConfirm, Passing, ""}, do{"industry2", MoveConfirm, Passing, ""}, do{"industry", MoveConfirm, "", fault.Forbidden})
	if list := must[[]store.Doc[Sheet]](t)(d.Queue(t.Context(), d.people["organisation"], Passing)); len(list) != 1 {
		t.Errorf("%d sheets wait for the last level", len(list))
	}
	if list := must[[]store.Doc[Sheet]](t)(d.Queue(t.Context(), d.people["industry"], Passing)); len(list) != 0 {
		t.Errorf("%d sheets wait for a level that has confirmed", len(list))
	}
	done := func(want int) {
		t.Helper()
		got := must[[]Done](t)(d.Result(t.Context(), d.firm, registry.Party{Form: registry.PartyOwn, Members: 9, Full: 8}, calendar.Quarter{Year: 2026, N: 4}))
		i := slices.IndexFunc(got, func(r Done) bool { return r.Kind == Theme })
		if i < 0 || got[i].Times != want || got[i].Due != 3 {
			t.Errorf("%+v, want %d of 3 theme days", got, want)
		}
	}
	done(0) // nothing counts before the last level
	doc = d.tell(doc, do{"organisation", MoveConfirm, Confirmed, ""}, do{"worker", MoveFill, "", fault.Conflict}, do{"organisation", MoveReturn, "", fault.Conflict})
	done(1)
	doc = d.tell(doc, do{"worker", MoveReopen, Open, ""})
	next := must[store.Doc[Sheet]](t)(d.Fill(t.Context(), d.people["worker"], d.at(doc.Seq), Line{Kind: Theme, Day: day("2026-10-15"), Expected: 9, Present: 9}, nil))
	done(1) // what was confirmed counts until the sheet is confirmed anew
	d.tell(next, do{"worker", MoveSubmit, Waiting, ""}, do{"secretary", MoveConfirm, Passing, ""}, do{"industry", MoveConfirm, Passing, ""}, do{"organisation", MoveConfirm, Confirmed, ""})
	done(2)
	if _, err := d.List(t.Context(), d.people["officer"], Filter{}, ""); !fault.Is(err, fault.Forbidden) {
		t.Errorf("housing staff read how it came about: %v", err)
	}
	for who, want := range map[string]int{"secretary": 1, "far": 0, "town": 1} {
		if page := must[store.Page[Sheet]](t)(d.List(t.Context(), d.people[who], Filter{Text: "一盏灯", Quarter: "2026Q4", State: Confirmed}, "")); len(page.Docs) != want {
			t.Errorf("%s sees %d sheets, want %d", who, len(page.Docs), want)
		}
	}
}

// TestWhatIsRefused: what does not belong into a sheet.
func TestWhatIsRefused(t *testing.T) {
	d := newDesk(t)
	for name, tt := range map[string]struct {
		change func(*Line, *At)
		field  string
	}{
		"a roster":              {func(l *Line, _ *At) { l.Note = "参会名单见附件" }, "note"},
		"minutes":               {func(l *Line, _ *At) { l.Note = "会议记录已存档" }, "note"},
		"a long note":           {func(l *Line, _ *At) { l.Note = strings.Repeat("张", maxNote+1) }, "note"},
		"more came than":        {func(l *Line, _ *At) { l.Present = 10 }, "present"},
		"nobody expected":       {func(l *Line, _ *At) { l.Expected, l.Present = 0, 0 }, "expected"},
		"another quarter":       {func(l *Line, _ *At) { l.Day = day("2026-09-30") }, "day"},
		"tomorrow":              {func(l *Line, _ *At) { l.Day = day("2026-10-20") }, "day"},
		"no kind":               {func(l *Line, _ *At) { l.Kind = "party" }, "kind"},
		"a quarter not begun":   {func(_ *Line, at *At) { at.Quarter = "2027Q1" }, "quarter"},
		"a community elsewhere": {func(_ *Line, at *At) { at.Firm = d.other }, "community"},
	} {
		line, at, before := theme(), d.at(0), d.Records(d.T)
		tt.change(&line, &at)
		_, err := d.Fill(t.Context(), d.people["worker"], at, line, nil)
		if fields := fault.FieldsOf(err); !fault.Is(err, fault.Invalid) || fields[0].Name != tt.field || d.Records(d.T) != before {
			t.Errorf("%s: %v %v", name, err, fields)
		}
	}
	upload, err := d.Keeper.Receive("现场.pdf", strings.NewReader("%PDF-1.4\n%%EOF\n"), files.JPEG, files.PNG)
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("a paper as the site photo: %v", err)
		_ = upload.Close()
	}
}

// TestCoverage: the figures of the article, for the county and by township.
func TestCoverage(t *testing.T) {
	d := newDesk(t)
	c := must[Coverage](t)(d.Coverage(t.Context(), d.people["officer"]))
	f := c.County
	if f.Firms != 2 || f.Own != 1 || f.Instructor != 1 || f.Branches() != 1 || f.Covered() != 2 || f.Must != 2 || f.Formed != 1 || f.Members != 12 || f.Pairs != 2 || f.Together != 0 || f.Crossing != 2 || len(c.Townships) != 2 {
		t.Errorf("%+v", c)
	}
	if len(c.Lacking) != 1 || c.Lacking[0].Firm != d.other {
		t.Errorf("%+v", c.Lacking)
	}
	doc := must[store.Doc[Sheet]](t)(d.Fill(t.Context(), d.people["worker"], d.at(0), Line{Kind: TogetherPlace, Day: day("2026-10-13"), Expected: 20, Present: 18}, nil))
	d.tell(doc, do{"worker", MoveSubmit, Waiting, ""}, do{"secretary", MoveConfirm, Passing, ""}, do{"industry", MoveConfirm, Passing, ""}, do{"organisation", MoveConfirm, Confirmed, ""})
	if c = must[Coverage](t)(d.Coverage(t.Context(), d.people["secretary"])); c.County.Together != 1 || c.County.Pairs != 1 || c.County.Firms != 1 || c.County.Own != 1 {
		t.Errorf("the secretary's community: %+v", c.County)
	}
}

func TestDue(t *testing.T) {
	for _, tt := range []struct {
		party registry.Party
		want  map[Kind]int
	}{
		{registry.Party{Form: registry.PartyOwn, Members: 8, Full: 6}, map[Kind]int{Assembly: 1, Theme: 3, Lecture: 1}},
		{registry.Party{Form: registry.PartyJoint, Members: 7}, map[Kind]int{Assembly: 1, Theme: 3, Lecture: 1, Committee: 3}},
		{registry.Party{Form: registry.PartyInstructor}, map[Kind]int{Visit: 3, Training: 1}},
		{registry.Party{Form: registry.PartyNone}, map[Kind]int{Visit: 3, Training: 1}},
		{registry.Party{Form: registry.PartyOwn, Members: 7, Days: policy.Span{From: day("2026-08-02")}}, map[Kind]int{Theme: 1, Committee: 1}},
		{registry.Party{Form: registry.PartyInstructor, Days: policy.Span{From: day("2026-08-01")}}, map[Kind]int{Visit: 2}},
		{registry.Party{Form: registry.PartyInstructor, Days: policy.Span{From: day("2026-07-01")}}, map[Kind]int{Visit: 3, Training: 1}},
	} {
		for _, c := range Kinds() {
			if got := Due(tt.party, Kind(c.ID), calendar.Quarter{Year: 2026, N: 3}); got != tt.want[Kind(c.ID)] {
				t.Errorf("%+v: %s is due %d times", tt.party, c.Text, got)
			}
		}
	}
}

func TestMoves(t *testing.T) {
	allowed := 0
	for _, from := range append(States(), "") {
		for _, m := range []Move{MoveFill, MoveSubmit, MoveRecall, MovePass, MoveConfirm, MoveReturn, MovePaper, MoveReopen} {
			if _, err := from.next(m); err == nil {
				allowed++
			} else if !fault.Is(err, fault.Conflict) {
				t.Error(err)
			}
		}
	}
	if allowed != 15 {
		t.Errorf("%d transitions", allowed)
	}
}

// TestIndustry: the branch of the trade is registered for the county, its secretary is masked for others, and a looked-back day shows it as it was.
func TestIndustry(t *testing.T) {
	d := newDesk(t)
	ctx, officer, firm := t.Context(), d.people["officer"], d.people["firm"]
	branch := Industry{Name: "都昌县物业行业党支部", Higher: "住建局机关党委", Formed: day("2025-07-01"), Secretary: "程立新", Post: "物业管理股股长", Since: day("2025-07-01"), Members: 5, Applicants: 2}
	if now, seq, err := d.Industry(ctx, firm); err != nil || seq != 0 || now.Name != "" {
		t.Fatalf("%+v %d %v before it is registered", now, seq, err)
	}
	set := func(by policy.Actor, seq int64, change func(*Industry)) func() error {
		in := branch
		change(&in)
		return func() error { return d.SetIndustry(ctx, by, seq, in) }
	}
	same := func(*Industry) {}
	d.Refused("a firm", fault.Forbidden, set(firm, 0, same))
	d.Refused("no name", fault.Invalid, set(officer, 0, func(in *Industry) { in.Name = " " }), "name")
	d.Refused("no secretary", fault.Invalid, set(officer, 0, func(in *Industry) { in.Secretary = "" }), "secretary")
	d.Refused("formed tomorrow", fault.Invalid, set(officer, 0, func(in *Industry) { in.Formed, in.Since = day("2026-10-20"), day("2026-10-20") }), "formed", "晚于今天")
	d.Refused("appointed before it was formed", fault.Invalid, set(officer, 0, func(in *Industry) { in.Since = day("2025-06-30") }), "since", "早于")
	d.Refused("too many members", fault.Invalid, set(officer, 0, func(in *Industry) { in.Members = 10_000 }), "members", "10000")
	if err := set(officer, 0, same)(); err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	d.Refused("an outdated page", fault.Conflict, set(officer, 0, same), "刚被别人改过")
	if now, seq, err := d.Industry(ctx, firm); err != nil || seq != 1 || now.Secretary != policy.MaskName("程立新") || now.Members != 5 {
		t.Errorf("the firm sees %+v %d %v", now, seq, err)
	}
	if now, _, err := d.Industry(ctx, officer); err != nil || now.Secretary != "程立新" {
		t.Errorf("the officer sees %+v %v", now, err)
	}
	before := d.Clock()
	d.Forward("2026-10-26")
	if err := set(officer, 1, func(in *Industry) { in.Members = 6 })(); err != nil {
		t.Fatal(err)
	}
	if then, _, err := d.Industry(store.KnownAt(ctx, before), officer); err != nil || then.Members != 5 {
		t.Errorf("as known a week before: %+v %v", then, err)
	}
}

func TestStoredFields(t *testing.T) {
	branch, err := os.ReadFile("testdata/industry.fields")
	if got := strings.Join(store.FieldNames[Industry](), "\n") + "\n"; err != nil || store.CheckType[Industry]() != nil || got != string(branch) {
		t.Errorf("%v %v; stored fields of the branch changed:\n%s", err, store.CheckType[Industry](), got)
	}
	golden, err := os.ReadFile("testdata/sheet.fields")
	if got := strings.Join(store.FieldNames[Sheet](), "\n") + "\n"; err != nil || store.CheckType[Sheet]() != nil || got != string(golden) {
		t.Errorf("%v %v; stored fields changed, old records would not be read:\n%s", err, store.CheckType[Sheet](), got)
	}
}

// TestFormerSecretary: a secretary who was replaced is forgotten when the term has passed, the one of now never; the log stays whole.
func TestFormerSecretary(t *testing.T) {
	d := newDesk(t)
	ctx, officer := t.Context(), d.people["officer"]
	branch := Industry{Name: "都昌县物业行业党支部", Higher: "住建局机关党委", Formed: day("2025-07-01"), Secretary: "程立新", Post: "物业管理股股长", Since: day("2025-07-01"), Members: 5}
	for seq, name := range []string{"程立新", "程立新", "黄继任"} {
		branch.Secretary, branch.Members = name, int64(5+seq)
		if err := d.SetIndustry(ctx, officer, int64(seq), branch); err != nil {
			t.Fatal(err, fault.FieldsOf(err))
		}
	}
	names := func() (out []string) {
		t.Helper()
		for change, err := range d.industry.History(ctx, industryID) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, change.State.Secretary)
		}
		return out
	}
	if n := policytest.Forget(t, d.Desk.DB, d.Clock, 30, d.Outlived); n != 0 || names()[0] != "程立新" {
		t.Errorf("before the term: %d purges, %v", n, names())
	}
	if n := policytest.Forget(t, d.Desk.DB, d.Clock, -1, d.Outlived); n != 1 || !slices.Equal(names(), []string{store.PurgedText, store.PurgedText, "黄继任"}) {
		t.Errorf("after the term: %d purges, %v", n, names())
	}
	if n := policytest.Forget(t, d.Desk.DB, d.Clock, -1, d.Outlived); n != 0 {
		t.Errorf("the next night: %d purges", n)
	}
}
