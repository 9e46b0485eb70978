package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/policy"
)

// county fills a desk: three firms, projects in three communities.
func county(t testing.TB) (d *desk, firms []string, projects map[string]string) {
	d = newDesk(t)
	firms = []string{d.firm("赣北物业服务有限公司", codeOne), d.firm("安居物业服务有限公司", codeTwo), d.firm("长岭物业服务有限公司", codeThree)}
	projects = map[string]string{}
	for i, p := range []struct {
		name, community string
		firm            int
		from, until     string
	}{
		{"望湖苑", east, 0, "2025-01-01", "2026-12-31"}, {"芝城花园", east, 0, "2025-01-01", "2028-12-31"}, {"安居苑", west, 1, "2025-01-01", ""},
		{"棠荫新村", villages, 1, "2020-01-01", "2026-10-18"}, {"长岭小区", west, -1, "", ""},
	} {
		in := projectOf(p.name, p.community)
		in.Households, in.Address = int64(100*(i+1)), "东风大道 "+fmt.Sprint(i+1)+" 号"
		if p.firm < 0 {
			in.Kind = KindOld
		}
		id, err := d.CreateProject(t.Context(), d.officer, in)
		if err != nil {
			t.Fatal(err)
		}
		projects[p.name] = id
		if p.firm >= 0 {
			d.contract(id, contractOf(t, firms[p.firm], p.from, p.until))
		}
	}
	return d, firms, projects
}

func TestProjectLists(t *testing.T) {
	d, firms, projects := county(t)
	all := []string{"安居苑", "芝城花园", "棠荫新村", "望湖苑", "长岭小区"}
	slices.SortFunc(all, func(a, b string) int { return strings.Compare(spelled(a), spelled(b)) })
	officer := d.officer
	tests := []struct {
		name string
		by   policy.Actor
		q    ProjectQuery
		want []string
	}{
		{"all by name", officer, ProjectQuery{}, all},
		{"by name", officer, ProjectQuery{Text: "望湖"}, []string{"望湖苑"}},
		{"by pinyin", officer, ProjectQuery{Text: "changling"}, []string{"长岭小区"}},
		{"by initials", officer, ProjectQuery{Text: "zchy"}, []string{"芝城花园"}},
		{"by one sign", officer, ProjectQuery{Text: "苑"}, []string{"安居苑", "望湖苑"}},
		{"by address", officer, ProjectQuery{Text: "大道 4"}, []string{"棠荫新村"}},
		{"nothing found", officer, ProjectQuery{Text: "没有"}, nil},
		{"by township", officer, ProjectQuery{Township: "360428101000"}, []string{"棠荫新村"}},
		{"by community and text", officer, ProjectQuery{Community: west, Text: "anju"}, []string{"安居苑"}},
		{"by firm, today", officer, ProjectQuery{Firm: firms[1]}, []string{"安居苑"}},
		{"by kind", officer, ProjectQuery{Kind: KindOld}, []string{"长岭小区"}},
		{"with a contract", officer, ProjectQuery{Served: ServedNow}, []string{"安居苑", "望湖苑", "芝城花园"}},
		{"without a contract", officer, ProjectQuery{Served: ServedNone}, []string{"棠荫新村", "长岭小区"}},
		{"ending", officer, ProjectQuery{Served: ServedEnding}, []string{"望湖苑"}},
		{"most households first", officer, ProjectQuery{Sort: ByHouseholds, Desc: true}, []string{"长岭小区", "棠荫新村", "安居苑", "芝城花园", "望湖苑"}},
		{"sorted and searched", officer, ProjectQuery{Sort: ByHouseholds, Text: "yuan"}, []string{"望湖苑", "芝城花园", "安居苑"}},
		{"a community sees its own", person("community_secretary", "c:"+west), ProjectQuery{}, []string{"安居苑", "长岭小区"}},
		{"a township", person("township_party", "t:360428100000"), ProjectQuery{Text: "苑"}, []string{"安居苑", "望湖苑"}},
		{"two scopes", person("community_worker", "c:"+west, "c:"+villages), ProjectQuery{Sort: ByHouseholds}, []string{"安居苑", "棠荫新村", "长岭小区"}},
		{"a firm sees what it holds today", person("firm_manager", "f:"+firms[1]), ProjectQuery{}, []string{"安居苑"}},
		{"a project manager", manager(firms[0], projects["望湖苑"]), ProjectQuery{}, []string{"望湖苑"}},
		{"a project manager after the contract", manager(firms[1], projects["棠荫新村"]), ProjectQuery{}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			page, err := d.Projects(t.Context(), tt.by, tt.q)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range page.Rows {
				got = append(got, r.Name)
			}
			if tt.q.Sort == "" {
				slices.SortFunc(tt.want, func(a, b string) int { return strings.Compare(spelled(a), spelled(b)) })
			}
			if !slices.Equal(got, tt.want) || page.Count != len(tt.want) || page.Next != "" {
				t.Errorf("%v (%d), want %v", got, page.Count, tt.want)
			}
		})
	}
	d.refused("no right", fault.Forbidden, func() error {
		_, err := d.Projects(t.Context(), person("building_head", policy.County), ProjectQuery{})
		return err
	})
	d.refused("unknown order", fault.Invalid, func() error {
		_, err := d.Projects(t.Context(), officer, ProjectQuery{Sort: "colour"})
		return err
	}, "不能按“colour”排序")
}

func TestFirmLists(t *testing.T) {
	d, firms, _ := county(t)
	if err := d.SetParty(t.Context(), d.officer, firms[0], 1, Party{Form: PartyOwn, Members: 4, Days: span(t, "2026-01-01", "")}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		by   policy.Actor
		q    FirmQuery
		want []string
	}{
		{"all", d.officer, FirmQuery{}, []string{firms[1], firms[0], firms[2]}},
		{"reversed", d.officer, FirmQuery{Desc: true}, []string{firms[2], firms[0], firms[1]}},
		{"by code", d.officer, FirmQuery{Text: "91350100m0"}, []string{firms[2]}},
		{"by initials", d.officer, FirmQuery{Text: "gbwy"}, []string{firms[0]}},
		{"by the other reading", d.officer, FirmQuery{Text: "zhangling"}, []string{firms[2]}},
		{"with a branch", d.officer, FirmQuery{Form: PartyOwn}, []string{firms[0]}},
		{"without any form", d.officer, FirmQuery{Form: PartyNone}, []string{firms[1], firms[2]}},
		{"fallback", d.officer, FirmQuery{Origin: OriginState}, nil},
		{"its own", person("firm_manager", "f:"+firms[1]), FirmQuery{}, []string{firms[1]}},
		{"a community has no firms", person("community_worker", "c:"+east), FirmQuery{}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			page, err := d.Firms(t.Context(), tt.by, tt.q)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range page.Rows {
				got = append(got, r.ID)
			}
			slices.Sort(got)
			want := slices.Sorted(slices.Values(tt.want))
			if !slices.Equal(got, want) || page.Count != len(want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
	page, err := d.Firms(t.Context(), d.officer, FirmQuery{Text: "赣北"})
	if err != nil || len(page.Rows) != 1 {
		t.Fatal(page, err)
	}
	if r := page.Rows[0]; r.Projects != 2 || r.Households != 300 || r.Party.Form != PartyOwn {
		t.Errorf("%+v", r)
	}
}

// TestPagesHoldEveryRowOnce at more than two pages, and the count stays that of the whole list.
func TestPagesHoldEveryRowOnce(t *testing.T) {
	d := newDesk(t)
	const n = 2*PageSize + 7
	var wg sync.WaitGroup
	for k := range 8 {
		wg.Go(func() {
			for i := k; i < n; i += 8 {
				if _, err := d.CreateProject(context.Background(), d.officer, projectOf(fmt.Sprintf("望湖苑%d期", i), east)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	q := ProjectQuery{Text: "whyuan"}
	for pages := 1; ; pages++ {
		page, err := d.Projects(t.Context(), d.officer, q)
		if err != nil || page.Count != n {
			t.Fatal(page.Count, err)
		}
		for _, r := range page.Rows {
			if seen[r.ID] {
				t.Fatal("a row comes twice")
			}
			seen[r.ID] = true
		}
		if page.Next == "" {
			if pages != 3 || len(seen) != n {
				t.Fatal(pages, len(seen))
			}
			return
		}
		q.After = page.Next
	}
}

// TestTwoAtOnce: of two people who register the same code, name or days at the same moment one wins, the other is told.
func TestTwoAtOnce(t *testing.T) {
	d := newDesk(t)
	race := func(what string, f func(k int) error) {
		errs := make([]error, 8)
		var wg sync.WaitGroup
		for k := range errs {
			wg.Go(func() { errs[k] = f(k) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			switch {
			case err == nil:
				won++
			case !fault.Is(err, fault.Conflict):
				t.Errorf("%s: %v", what, err)
			}
		}
		if won != 1 {
			t.Errorf("%s: %d won", what, won)
		}
	}
	ctx := context.Background()
	race("a code", func(k int) error {
		_, err := d.CreateFirm(ctx, d.officer, firmOf(fmt.Sprintf("第%d物业公司", k), codeOne))
		return err
	})
	race("a name", func(int) error { _, err := d.CreateProject(ctx, d.officer, projectOf("望湖苑", east)); return err })
	firm, id := d.firm("安居物业服务有限公司", codeTwo), d.project("芝城花园", east)
	race("days", func(int) error { return d.AddContract(ctx, d.officer, id, 1, contractOf(t, firm, "2026-01-01", "")) })
}

// TestOneContractOnAnyDay: whatever is entered, ended and corrected, on no day do two contracts run, and Place, Spans and the record agree.
func TestOneContractOnAnyDay(t *testing.T) {
	d := newDesk(t)
	ctx := context.Background()
	firms := []string{d.firm("赣北物业服务有限公司", codeOne), d.firm("安居物业服务有限公司", codeTwo)}
	base := day(t, "2026-01-01")
	// One that is entered and one that is refused stand for all that is drawn.
	first, whole := d.project("小区0", east), ContractInput{Firm: firms[0], Kind: ContractChosen, Level: LevelNone, Fee: 50, Days: policy.Span{From: base}}
	d.must(d.AddContract(ctx, d.officer, first, 1, whole))
	d.refused("the same days again", fault.Conflict, func() error { return d.AddContract(ctx, d.officer, first, 2, whole) }, "有重叠")
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		id := d.project(fmt.Sprintf("小区%d", n), east)
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			from := base.Add(rapid.IntRange(0, 60).Draw(rt, "from"))
			in := ContractInput{Firm: rapid.SampledFrom(firms).Draw(rt, "firm"), Kind: ContractChosen, Level: LevelNone, Fee: 50, Days: policy.Span{From: from}}
			if rapid.Bool().Draw(rt, "ends") {
				in.Days.Until = from.Add(rapid.IntRange(-2, 30).Draw(rt, "days"))
			}
			p, err := d.projects.Load(ctx, id)
			if err != nil {
				rt.Fatal(err)
			}
			which := fmt.Sprintf("c%d", rapid.IntRange(1, len(p.State.Contracts)+1).Draw(rt, "which"))
			switch rapid.IntRange(0, 3).Draw(rt, "what") {
			case 0:
				err = d.EndContract(ctx, d.officer, id, p.Seq, which, from, "协商终止")
			case 1:
				err = d.CorrectContract(ctx, d.officer, id, p.Seq, which, in, "录入有误")
			default:
				err = d.AddContract(ctx, d.officer, id, p.Seq, in)
			}
			if kind := fault.KindOf(err); err != nil && kind != fault.Invalid && kind != fault.Conflict && kind != fault.NotFound {
				rt.Fatal(err)
			}
		}
		p, err := d.projects.Load(ctx, id)
		if err != nil {
			rt.Fatal(err)
		}
		spans := map[string][]policy.Span{}
		for _, firm := range firms {
			if spans[firm], err = d.Spans(ctx, firm, id); err != nil {
				rt.Fatal(err)
			}
		}
		for k := -3; k < 100; k++ {
			on, running, held := base.Add(k), 0, 0
			for _, c := range p.State.Contracts {
				if c.Days.Holds(on) {
					running++
				}
			}
			for _, list := range spans {
				if slices.ContainsFunc(list, func(s policy.Span) bool { return s.Holds(on) }) {
					held++
				}
			}
			if running > 1 || held != running {
				rt.Fatalf("%s: %d contracts, %d firms", on, running, held)
			}
		}
	})
}

func TestEndingAndArea(t *testing.T) {
	c := Contract{Firm: "f", Days: span(t, "2026-01-01", "2026-12-31")}
	for on, want := range map[string]bool{"2026-10-01": false, "2026-10-02": true, "2026-12-31": true} {
		if c.Ending(day(t, on)) != want {
			t.Errorf("%s: %v", on, !want)
		}
	}
	if (Contract{Firm: "f", Days: span(t, "2026-01-01", "")}).Ending(today) || (Contract{}).Ending(today) {
		t.Error("what has no end does not end")
	}
	var bad faults
	in := projectOf("望湖苑", east)
	in.Area = num.FromInt(-1)
	d := newDesk(t)
	if _, err := in.check(t.Context(), d.Register, today, &bad); err != nil || len(bad.list) != 1 || bad.list[0].Name != "area" {
		t.Errorf("%v %v", bad.list, err)
	}
}

// TestHeldAndServiceLevel: what supervision asks the register, on the days before, within and after a contract.
func TestHeldAndServiceLevel(t *testing.T) {
	d := newDesk(t)
	ask := func(project string, day calendar.Date) string {
		t.Helper()
		level, err := d.ServiceLevel(t.Context(), project, day)
		if err != nil {
			t.Fatal(err)
		}
		return level
	}
	firm, project := d.firm("一盏灯物业", codeOne), d.project("东街花园", west)
	in := contractOf(t, firm, "2026-01-01", "")
	in.Level = LevelSecond
	d.contract(project, in)
	held, err := d.Held(t.Context(), firm, today)
	if err != nil || len(held) != 1 || held[0].Project != project || held[0].Firm != firm || held[0].FirmName == "" {
		t.Errorf("%+v %v", held, err)
	}
	if before, err := d.Held(t.Context(), firm, today.Add(-4000)); err != nil || len(before) != 0 {
		t.Errorf("%+v %v", before, err)
	}
	if none, err := d.Held(t.Context(), "nobody", today); err != nil || len(none) != 0 {
		t.Errorf("%+v %v", none, err)
	}
	if got := ask(project, today); got != "二级" {
		t.Errorf("level %q", got)
	}
	if got := ask(project, today.Add(-4000)); got != "无等级" {
		t.Errorf("level without contract %q", got)
	}
	if _, err := d.ServiceLevel(t.Context(), "nothing", today); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
}
