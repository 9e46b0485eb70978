package cycle

import (
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/registry"
	"redsteward/registry/conduct"
	"redsteward/registry/party"
	"redsteward/supervision"
)

const (
	eastSide = "360428100001" // 城东社区
	hamlet   = "360428101500" // 棠荫村
)

func sure[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// recordedDesk rates compounds of a real register whose party sheets and honours are real too: a firm with a branch of eight full members holds one in 城东社区 and one in 棠荫村, another with an
// instructor since 15 August one in 城东社区.
type recordedDesk struct {
	*desk
	t                      *testing.T
	real                   *registry.Service
	party                  *party.Service
	conduct                *conduct.Service
	firm, other            string
	east, village, guarded string
}

func newRecordedDesk(t *testing.T) *recordedDesk {
	t.Helper()
	ctx := t.Context()
	d := &recordedDesk{desk: newDesk(t, 0), t: t}
	d.set(t, "2026-10-05")
	register := sure[*registry.Register](t)(registry.Open(ctx, d.DB))
	d.guard = policy.NewGuard(d.guard.Rules(), register)
	d.real = sure[*registry.Service](t)(registry.NewService(ctx, register, d.guard, d.Clock))
	sure[int](t)(d.real.SeedDivisions(ctx, shipped(t, "divisions/duchang-divisions-2023.csv")))
	keeper := files.NewKeeper(d.DB, t.TempDir())
	chains := sure[*policy.Chains](t)(policy.ParseChains("approvals.yaml", shipped(t, "approvals.yaml"), d.guard.Rules()))
	d.party = sure[*party.Service](t)(party.New(ctx, party.Config{DB: d.DB, Guard: d.guard, Keeper: keeper, Now: d.Clock, Register: d.real, Chains: chains}))
	terms := sure[*conduct.Terms](t)(conduct.ParseTerms("conduct.yaml", shipped(t, "conduct.yaml"), func(string) bool { return true }))
	d.conduct = sure[*conduct.Service](t)(conduct.New(ctx, conduct.Config{DB: d.DB, Guard: d.guard, Keeper: keeper, Now: d.Clock, Register: register, Finder: d.real.Finder, Terms: terms,
		Deadlines: func(_ string, start calendar.Date) (calendar.Deadline, error) {
			return calendar.Deadline{Due: start}, nil
		}}))
	d.firm = d.hire("一盏灯物业服务有限公司", "91360428MA7XAMPL5W", registry.Party{Form: registry.PartyOwn, Members: 9, Full: 8, Days: policy.Span{From: on(t, "2026-01-01")}})
	d.other = d.hire("赣北物业服务有限公司", "91360428MA0TEYAT30", registry.Party{Form: registry.PartyInstructor, Office: "县委组织部", Days: policy.Span{From: on(t, "2026-08-15")}})
	d.east, d.village, d.guarded = d.compound("望湖苑", eastSide, d.firm), d.compound("湖滨苑", hamlet, d.firm), d.compound("东风苑", eastSide, d.other)
	d.Service.register = register
	d.Service.sources = []supervision.Readings{&PartySheets{Sheets: d.party, Firms: register}, &Honours{Books: d.conduct, Firms: register}}
	return d
}

func (d *recordedDesk) hire(name, code string, p registry.Party) string {
	d.t.Helper()
	id := sure[string](d.t)(d.real.CreateFirm(d.t.Context(), officer, registry.FirmInput{Name: name, Code: code, Origin: registry.OriginMarket}))
	if err := d.real.SetParty(d.t.Context(), officer, id, 1, p); err != nil {
		d.t.Fatal(err)
	}
	return id
}

func (d *recordedDesk) compound(name, community, firm string) string {
	d.t.Helper()
	id := sure[string](d.t)(d.real.CreateProject(d.t.Context(), officer, registry.ProjectInput{Name: name, Address: "东湖路 1 号", Community: community, Households: 300, Kind: registry.KindCommodity}))
	if err := d.real.AddContract(d.t.Context(), officer, id, 1, registry.ContractInput{Firm: firm, Kind: registry.ContractChosen, Level: registry.LevelSecond, Days: policy.Span{From: on(d.t, "2026-01-01")}}); err != nil {
		d.t.Fatal(err)
	}
	return id
}

// did is an activity: kind, day, expected, present.
type did struct {
	kind              party.Kind
	day               string
	expected, present int64
}

// sheet fills a sheet in and lets all levels confirm it; again opens the one that is confirmed. It returns the change that was confirmed.
func (d *recordedDesk) sheet(firm, community, quarter string, again bool, list ...did) store.Doc[party.Sheet] {
	d.t.Helper()
	ctx, at := d.t.Context(), party.At{Firm: firm, Community: community, Quarter: quarter}
	maker := person("maker", "industry_secretary")
	must := sure[store.Doc[party.Sheet]](d.t)
	if again {
		at.Seq = must(d.party.One(ctx, maker, at)).Seq
		at.Seq = must(d.party.Reopen(ctx, maker, at, "漏记")).Seq
	}
	var lines []party.Line
	for _, l := range list {
		lines = append(lines, party.Line{Kind: l.kind, Day: on(d.t, l.day), Expected: l.expected, Present: l.present})
	}
	at.Seq = must(d.party.FillAll(ctx, maker, at, lines, nil)).Seq
	at.Seq = must(d.party.Submit(ctx, maker, at)).Seq
	var doc store.Doc[party.Sheet]
	for _, by := range []policy.Actor{person("s", "community_secretary", policy.CommunityKey(community)), person("i", "industry_secretary"), person("o", "organisation")} {
		doc = must(d.party.Confirm(ctx, by, at, ""))
		at.Seq = doc.Seq
	}
	return doc
}

// facts are those of a compound in a period, with what counts up to the end of a day.
func (d *recordedDesk) facts(rhythm, period, cutoff, project string) (rating.Subject, Facts) {
	d.t.Helper()
	p := sure[Period](d.t)(parsePeriod(period))
	p.Cutoff = on(d.t, cutoff)
	g := sure[*gathering](d.t)(d.gather(d.t.Context(), &p, d.schemes[rhythm].scheme, func(int) error { return nil }))
	f, sub := g.buckets[project].freeze(g)
	return sub, f
}

// want compares facts of a compound in a period.
func (d *recordedDesk) want(rhythm, period, cutoff, project string, facts map[string]string) Facts {
	d.t.Helper()
	sub, f := d.facts(rhythm, period, cutoff, project)
	for fact, want := range facts {
		if got := shown(sub.Get(fact)); got != want {
			d.t.Errorf("%s of %s up to %s is %q, want %q", fact, period, cutoff, got, want)
		}
	}
	return f
}

// TestPartySheetsAreFacts: branch life of all sheets of a firm counts once for each of its compounds, co-building for the community of the sheet; of a kind no more counts than is due; a year knows a
// kind of co-building once; a month before an instructor came is not due.
func TestPartySheetsAreFacts(t *testing.T) {
	d := newRecordedDesk(t)
	d.sheet(d.firm, eastSide, "2026Q2", false, did{party.TogetherWork, "2026-05-10", 20, 10}, did{party.TogetherLecture, "2026-05-12", 20, 10})
	d.sheet(d.firm, eastSide, "2026Q3", false, did{party.Theme, "2026-07-10", 9, 8}, did{party.Theme, "2026-08-10", 9, 7}, did{party.Theme, "2026-09-10", 9, 9}, did{party.Theme, "2026-09-20", 9, 3},
		did{party.Lecture, "2026-08-15", 9, 9}, did{party.TogetherWork, "2026-07-20", 20, 10}, did{party.TogetherPlace, "2026-07-21", 20, 10})
	d.sheet(d.firm, hamlet, "2026Q3", false, did{party.Theme, "2026-07-10", 9, 8}, did{party.Assembly, "2026-09-01", 9, 9}, did{party.TogetherWork, "2026-07-22", 20, 10})
	d.sheet(d.other, eastSide, "2026Q3", false, did{party.Visit, "2026-08-20", 1, 1}, did{party.Visit, "2026-09-20", 1, 1}, did{party.Training, "2026-09-21", 9, 7})
	quarter := map[string]string{"branch_meetings": "5 / 8", "branch_attendance": "45 / 54", "joint_meetings": "missing", "instructor_visits": "missing", "cobuild_kinds": "2"}
	f := d.want(RhythmQuarter, "2026Q3", "2026-10-05", d.east, quarter)
	quarter["cobuild_kinds"] = "1"
	d.want(RhythmQuarter, "2026Q3", "2026-10-05", d.village, quarter)
	d.want(RhythmQuarter, "2026Q3", "2026-10-05", d.guarded, map[string]string{"instructor_visits": "1 / 1", "training": "0", "branch_meetings": "missing", "cobuild_kinds": "0"})
	d.want(RhythmYear, "2026", "2026-10-05", d.east, map[string]string{"branch_meetings": "5 / 16", "cobuild_kinds": "3"})
	if f.LateCount != 0 || len(f.Refused) != 0 {
		t.Errorf("late %+v, refused %+v", f.Late, f.Refused)
	}
}

// TestSheetConfirmedAnew: a sheet that is corrected after the cut-off counts for it as it was, and its correction is listed as late.
func TestSheetConfirmedAnew(t *testing.T) {
	d := newRecordedDesk(t)
	d.sheet(d.firm, eastSide, "2026Q3", false, did{party.Theme, "2026-07-10", 9, 8})
	before := map[string]string{"branch_meetings": "1 / 8", "cobuild_kinds": "0"}
	frozen := d.want(RhythmQuarter, "2026Q3", "2026-10-05", d.east, before)
	d.set(t, "2026-10-07")
	d.sheet(d.firm, eastSide, "2026Q3", true, did{party.Lecture, "2026-08-15", 9, 9}, did{party.TogetherWork, "2026-07-20", 20, 10})
	again := d.want(RhythmQuarter, "2026Q3", "2026-10-05", d.east, before)
	if again.Values != frozen.Values || again.LateCount != 3 {
		t.Errorf("%d late; frozen\n%s\nthen\n%s", again.LateCount, frozen.Values, again.Values)
	}
	d.want(RhythmQuarter, "2026Q3", "2026-10-07", d.east, map[string]string{"branch_meetings": "2 / 8", "cobuild_kinds": "1"})
}

// TestHonoursAreFacts: an honour of a firm counts for all that it holds, one of a compound there, one of a person for nobody; not before it was confirmed, and not after it was annulled.
func TestHonoursAreFacts(t *testing.T) {
	d := newRecordedDesk(t)
	ctx, chief := t.Context(), person("chief", "section_chief")
	must := sure[store.Doc[conduct.Entry]](t)
	enter := func(number, project, who string) store.Doc[conduct.Entry] {
		t.Helper()
		return must(d.conduct.Record(ctx, officer, conduct.Honours, conduct.Input{Firm: d.firm, Project: project, Class: "county", Title: "先进集体", Number: number, Authority: "县人民政府",
			Decided: on(t, "2026-09-01"), Person: who}, nil, nil))
	}
	confirm := func(doc store.Doc[conduct.Entry]) store.Doc[conduct.Entry] {
		t.Helper()
		return must(d.conduct.Confirm(ctx, chief, conduct.Honours, conduct.At{ID: doc.ID, Seq: doc.Seq}))
	}
	whole, one := enter("都府发〔2026〕1号", "", ""), enter("都府发〔2026〕2号", d.east, "")
	confirm(enter("都府发〔2026〕3号", "", "何书兰"))
	events := func(cutoff, project string, want int) {
		t.Helper()
		sub, _ := d.facts(RhythmYear, "2026", cutoff, project)
		if got := sub.Get("commendations").Events; len(got) != want || want > 0 && (got[0].Code != "county" || got[0].Until.String() != "2027-08-31") {
			t.Errorf("up to %s %s has %+v, want %d", cutoff, project, got, want)
		}
	}
	events("2026-10-05", d.east, 0)
	whole = confirm(whole)
	confirm(one)
	events("2026-10-05", d.east, 2)
	events("2026-10-05", d.village, 1)
	events("2026-10-05", d.guarded, 0)
	d.set(t, "2026-10-09")
	must(d.conduct.Annul(ctx, person("vice", "deputy_director"), conduct.Honours, conduct.At{ID: whole.ID, Seq: whole.Seq}, "都府发〔2026〕9号撤销"))
	events("2026-10-09", d.village, 0)
	events("2026-10-05", d.village, 1)
	events("2026-10-09", d.east, 1)
}

// TestRegisterFacts is the table of what is made of public revenue and insurance in the register.
func TestRegisterFacts(t *testing.T) {
	rules := registerRules{revenueDue: func(ended calendar.Date) calendar.Date { return ended.Add(30) }}
	half := func(last, published string, nothing bool) registry.HalfShown {
		h := registry.HalfShown{Last: on(t, last), Recorded: true, Nothing: nothing}
		if published != "" {
			h.Published = on(t, published)
		}
		return h
	}
	unrecorded := registry.HalfShown{Last: on(t, "2026-06-30")}
	for _, tt := range []struct {
		name   string
		last   string
		halves []registry.HalfShown
		want   string
	}{
		{"nothing known", "2026-09-30", nil, "missing"},
		{"both in time", "2026-09-30", []registry.HalfShown{half("2025-06-30", "2025-07-01", false), half("2025-12-31", "2026-01-30", false), half("2026-06-30", "2026-07-30", false)}, "2 / 2"},
		{"one late", "2026-09-30", []registry.HalfShown{half("2025-12-31", "2026-01-31", false), half("2026-06-30", "2026-07-30", false)}, "1 / 2"},
		{"one never", "2026-09-30", []registry.HalfShown{half("2025-12-31", "", false), half("2026-06-30", "2026-07-30", false)}, "1 / 2"},
		{"one not recorded", "2026-09-30", []registry.HalfShown{half("2025-12-31", "2026-01-05", false), unrecorded}, "1 / 2"},
		{"none recorded", "2026-09-30", []registry.HalfShown{unrecorded}, "missing"},
		{"the last one is not due yet", "2026-07-15", []registry.HalfShown{half("2025-12-31", "2026-01-05", false), unrecorded}, "1 / 1"},
		{"no public revenue", "2026-09-30", []registry.HalfShown{half("2025-12-31", "", true), half("2026-06-30", "", true)}, "na"},
		{"some in one half", "2026-09-30", []registry.HalfShown{half("2025-12-31", "", true), half("2026-06-30", "2026-07-01", false)}, "1 / 1"},
	} {
		values := rules.values(&registry.Holding{Halves: tt.halves, Insured: tt.want == "na"}, on(t, tt.last))
		got := shown(values["revenue"])
		if got != tt.want || values["insurance"].Number.String() != map[bool]string{true: "1", false: "0"}[tt.want == "na"] {
			t.Errorf("%s: revenue %s, want %s; insurance %s", tt.name, got, tt.want, values["insurance"].Number)
		}
	}
}

// TestHoldingOfTheRegister: half-years that ended before the firm came are not its own; an insurance counts on its days.
func TestHoldingOfTheRegister(t *testing.T) {
	d := newRecordedDesk(t)
	ctx := t.Context()
	for _, half := range []string{"2025H2", "2026H1"} {
		if err := d.real.RecordRevenue(ctx, officer, d.east, 0, registry.RevenueInput{Half: half, Published: on(t, "2026-07-15"), Where: "公告栏", Days: 30}, ""); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.real.PutPaper(ctx, officer, d.east, 2, "", registry.PaperInput{Kind: registry.PaperInsurance, Days: policy.Span{From: on(t, "2026-01-01"), Until: on(t, "2026-09-30")}}); err != nil {
		t.Fatal(err)
	}
	for day, insured := range map[string]bool{"2026-09-30": true, "2026-10-01": false} {
		h := sure[registry.Holding](t)(d.real.Holding(ctx, d.east, on(t, day)))
		if until := map[bool]string{true: "2026-09-30", false: calendar.Date{}.String()}[insured]; h.InsuredUntil.String() != until {
			t.Errorf("%s: insured until %v", day, h.InsuredUntil)
		}
		if h.Insured != insured || len(h.Halves) != 1 || h.Halves[0].Half != "2026H1" || !h.Halves[0].Nothing || h.Halves[0].Published.String() != "2026-07-15" {
			t.Errorf("%s: %+v", day, h)
		}
	}
}
