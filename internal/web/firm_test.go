package web

import (
	"fmt"
	"strings"
	"testing"

	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/rating"
)

// firmBoard has a dozen compounds of three firms and of nobody.
func firmBoard(t testing.TB) *board {
	t.Helper()
	e := Evaluation{ID: "2026", Title: "2026年度", Subject: "小区", Places: 2, Facets: []string{"乡镇", "社区"}, SchemeHash: "rule", FirmsWeight: "户数", FirmsRule: "按企业归组，加权平均，权重为户数", Restricted: true,
		Parts:  []Column{{Name: "组织建设好"}, {Name: "服务质量好"}, {Name: "运营管理好"}},
		Grades: []GradeInfo{{ID: "star5", Label: "五星", Level: 5}, {ID: "star4", Label: "四星", Level: 4}, {ID: "none", Label: "数据不足", Unrated: true}}}
	d := &rating.Rollup{Grades: []rating.Grade{{ID: "good", Label: "四星", Level: new(4)}}}
	var rows []Row
	var groups []rating.Group
	for k, firm := range []struct {
		name   string
		scores string
	}{{"甲物业", "90 80 -"}, {"乙物业", "95 95"}, {"丙物业", "60 70 80 90"}, {"丁物业", "-"}, {"戊物业", "80 80"}} {
		g := rating.Group{Kind: rating.GroupNamed, Key: firm.name, Name: firm.name}
		var sum, weight num.Num
		for i, text := range strings.Fields(firm.scores) {
			r := Row{ID: fmt.Sprintf("p%d%d", k, i), Name: fmt.Sprintf("小区%d%d", k, i), Firm: firm.name, Facets: []string{"都昌镇", []string{"东街社区", "西街社区"}[i%2]}, Keys: []string{fmt.Sprint("f:", k), "c:east"}}
			g.Members = append(g.Members, r.ID)
			if text == "-" {
				r.Grade, r.Reason = "none", "满意度没有调查"
				rows = append(rows, r)
				continue
			}
			r.Grade, r.Total = "star4", total(t, text)
			r.Parts = []*num.Num{r.Total, total(t, "50"), nil}
			share := rating.Share{ID: r.ID, Weight: num.FromInt(int64(100 * (i + 1))), Value: *r.Total}
			g.Shares, g.Counted = append(g.Shares, share), g.Counted+1
			sum, weight = sum.Add(share.Weight.Mul(share.Value)), weight.Add(share.Weight)
			rows = append(rows, r)
		}
		if mean, err := sum.Quo(weight); err == nil {
			g.Known, g.Value, g.Shown, g.Weight, g.Grade, g.Label = true, mean, mean.Fixed(2), weight, "good", "四星"
		}
		groups = append(groups, g)
	}
	groups = append(groups, rating.Group{Kind: rating.GroupBlank, Name: "（未填写）", Known: true, Value: num.FromInt(99), Shown: "99.00"})
	e.Firms = FirmsOf(&e, d, groups, rows)
	b, err := newBoard(t.Context(), rowsOnly{rows: rows}, e)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// pastOfFirm is one period in which 甲物业 had a total.
func pastOfFirm(t testing.TB, id, period, rule, score string, stars bool) PastFirms {
	f := Firm{ID: "甲物业", Name: "甲物业", Grade: "三星", Level: 3, Count: 2, Parts: []*num.Num{total(t, "70"), total(t, "60"), nil}}
	if score != "" {
		f.Total, f.Shown = total(t, score), score
	}
	return PastFirms{PastPeriod{Evaluation: id, Period: period, Rule: rule, Version: rule, Stars: stars, Places: 2}, []Firm{f}}
}

func TestFirmPage(t *testing.T) {
	b := firmBoard(t)
	view := func(id string, past ...PastFirms) *firmPageView {
		t.Helper()
		f := b.firms.byID[id]
		if f == nil {
			t.Fatalf("no firm %s", id)
		}
		v := &firmPageView{board: b, F: f}
		v.Counted = 2
		v.Meaning = v.meaning()
		v.dimensions(v.history(past))
		return v
	}
	t.Run("ranks", func(t *testing.T) {
		got := ""
		for _, f := range b.firms.list {
			got += fmt.Sprintf("%d %s %s; ", f.Rank, f.Name, f.Shown)
		}
		if want := "1 乙物业 95.00; 2 甲物业 83.33; 3 丙物业 80.00; 3 戊物业 80.00; 0 丁物业 ; 0 （未填写） 99.00; "; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if _, ok := b.firms.byID[""]; ok || b.firms.ranked != 4 {
			t.Errorf("a group that stands for no firm has a page; %d ranked", b.firms.ranked)
		}
	})
	t.Run("mean rates by households", func(t *testing.T) {
		v := view("甲物业") // (90×100 + 80×200) / 300
		if len(v.Dimensions) != 3 || v.Dimensions[0] != (firmDimension{"组织建设好", "83.3%", "84.6%"}) || v.Dimensions[1].Rate != "50.0%" || v.Dimensions[2] != (firmDimension{"运营管理好", "—", "—"}) {
			t.Errorf("%+v", v.Dimensions)
		}
	})
	t.Run("compared", func(t *testing.T) {
		got := b.firms.compare(b.firms.byID["丙物业"], 2)
		if want := "有汇总得分的企业 4 家，平均 84.58 分；除自己以外的 3 家当中，比它高的 2 家，比它低的 0 家，同分的 1 家。"; len(got) != 1 || got[0] != want {
			t.Errorf("%q", got)
		}
		if got := b.firms.compare(b.firms.byID["丁物业"], 2); got != nil {
			t.Errorf("a firm without total is compared: %q", got)
		}
	})
	t.Run("no total", func(t *testing.T) {
		if v := view("丁物业"); !strings.Contains(v.Meaning, "没有汇总得分：所管的 1 个小区") {
			t.Error(v.Meaning)
		}
	})
	t.Run("filter keeps the firm", func(t *testing.T) {
		for _, c := range []struct {
			f           filter
			rows, apart int
		}{{filter{}, 2, 1}, {filter{Query: "01"}, 1, 0}, {filter{Query: "10"}, 0, 0}, {filter{Grade: "none"}, 0, 1}, {filter{Facets: []string{"", "西街社区"}}, 1, 0}} {
			c.f.of = b.firms.byID["甲物业"]
			if r := b.page(c.f); len(r.Rows) != c.rows || len(r.Apart) != c.apart {
				t.Errorf("%+v: %d rows, %d apart", c.f, len(r.Rows), len(r.Apart))
			}
		}
		heaviest := b.page(filter{Sort: "weight", of: b.firms.byID["丙物业"]})
		got := ""
		for _, r := range heaviest.Rows {
			got += r.weight.String() + " "
		}
		if got != "400 300 200 100 " {
			t.Errorf("by weight: %s", got)
		}
	})
	t.Run("movement", func(t *testing.T) {
		now := pastOfFirm(t, "2026", "2026年度", "rule", "83.33", true)
		v := view("甲物业", pastOfFirm(t, "q4", "2025年第四季度", "q", "81", false), pastOfFirm(t, "2025", "2025年度", "rule", "85", true),
			pastOfFirm(t, "q1", "2026年第一季度", "q", "80", false), pastOfFirm(t, "q2", "2026年第二季度", "other", "90", false), now, pastOfFirm(t, "q3", "2027年第一季度", "other", "90", false))
		got := ""
		for _, p := range v.Past.Rows {
			got += p.Period + " " + p.Grade + " " + p.Total + " " + p.Change + "; "
		}
		if want := "2027年第一季度 得分通报 90 持平; 2026年度 三星 83.33 −1.67; 2026年第二季度 得分通报 90 办法修订，不比; 2026年第一季度 得分通报 80 −1.00; 2025年度 三星 85 —; 2025年第四季度 得分通报 81 —; "; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if want := "2025年度是“三星”，85 分；这次低了 1.67 分，现在是“四星”。"; v.Changed != want {
			t.Errorf("got %s", v.Changed)
		}
	})
	for _, c := range []struct {
		name string
		past PastFirms
		want string
	}{
		{"another rule", pastOfFirm(t, "2025", "2025年度", "old", "85", true), "2025年度是“三星”，85 分，评价办法后来修订过，分数不直接比较。"},
		{"no total before", pastOfFirm(t, "2025", "2025年度", "rule", "", true), "2025年度是“三星”。"},
		{"a quarter only", pastOfFirm(t, "q4", "2025年第四季度", "q", "81", false), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if v := view("甲物业", c.past); v.Changed != c.want {
				t.Errorf("got %q", v.Changed)
			}
		})
	}
}

// TestFirmReasons: how many lost points in what and how many, for those who may know; names only, the most frequent first, for everybody else.
func TestFirmReasons(t *testing.T) {
	line := func(name, got string) Line {
		return Line{Name: name, Points: total(t, got), Max: total(t, "10")}
	}
	reason := func(whole bool) firmReason {
		r := firmReason{Name: "服务质量好"}
		r.add([]Line{line("保洁", "8"), line("绿化", "10"), line("门岗", "1"), {Name: "电梯", State: "不适用"}})
		r.add([]Line{line("保洁", "9.5"), line("绿化", "10"), line("门岗", "10")})
		r.add([]Line{line("消防", "9"), line("停车", "9.5")})
		r.sum(whole, 2)
		return r
	}
	if r := reason(false); r.Names != "保洁、门岗、消防" || len(r.Lines) != 0 {
		t.Errorf("the public sees %q and %+v", r.Names, r.Lines)
	}
	got := ""
	for _, l := range reason(true).Lines {
		got += fmt.Sprintf("%s %d/%d %s; ", l.Name, l.Subjects, l.Of, l.Lost)
	}
	if want := "保洁 2/2 −2.50; 门岗 1/2 −9.00; 消防 1/1 −1.00; 停车 1/1 −0.50; "; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestFirmIsSeenWhole: only who reaches every compound of the firm sees its losses in points.
func TestFirmIsSeenWhole(t *testing.T) {
	b := firmBoard(t)
	s := newServer(t, func(*Options) {})
	for _, c := range []struct {
		name  string
		by    policy.Actor
		whole bool
	}{
		{"the public", policy.Actor{}, false},
		{"the bureau", policy.Actor{ID: "o", Appointments: []policy.Appointment{{Role: "property_officer", Scopes: []string{policy.County}}}}, true},
		{"a committee of one compound", policy.Actor{ID: "c", Appointments: []policy.Appointment{{Role: "owners_committee", Scopes: []string{policy.ProjectKey("p00")}}}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := s.seesWhole(t.Context(), c.by, b, b.firms.byID["甲物业"]); err != nil || got != c.whole {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
	b.Restricted = false
	if got, err := s.seesWhole(t.Context(), policy.Actor{}, b, b.firms.byID["甲物业"]); err != nil || !got {
		t.Errorf("a board that keeps nothing back: %v, %v", got, err)
	}
}
