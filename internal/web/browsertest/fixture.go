// Package browsertest opens every page in a real browser: no sideways scroll, nothing refused by the content security policy, axe-core clean,
// in both widths. Its fixture, a rated sample of compounds, serves the tests of internal/web too.
package browsertest

import (
	"context"
	_ "embed" // the sample's scheme
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/internal/web"
	"redsteward/policy"
	"redsteward/rating"
)

//go:embed sample.yaml
var sampleScheme []byte

// Hostile is a name that must never become markup, script or a formula.
const Hostile = `=1+1"><img src=x onerror=alert(1)><script>alert(2)</script>`

// Sample is a rated sample in memory: the results are made by the real engine from facts drawn with a fixed seed.
type Sample struct {
	scheme     *rating.Scheme
	evaluation web.Evaluation
	rows       []web.Row
	results    map[string]*rating.Result
	byID       map[string]web.Row
	entries    []rating.Entry
	// Broken, if not nil, is what Star fails with. Set it before anybody asks.
	Broken error
}

// NewSample rates count compounds. n is the log number that the evaluation pretends to have.
func NewSample(count int, n int64) (*Sample, error) {
	scheme, err := rating.ParseScheme(sampleScheme)
	if err != nil {
		return nil, err
	}
	s := &Sample{scheme: scheme, results: make(map[string]*rating.Result, count), byID: make(map[string]web.Row, count)}
	s.evaluation = web.DescribeScheme(web.Evaluation{
		ID: fmt.Sprintf("2026Q3-%d", n), N: n, Title: "2026年第三季度物业服务星级榜", Subject: "小区", At: time.Date(2026, 10, 15, 1, 0, 0, 0, time.UTC),
		Status: "公示中", Notice: "10月15日至10月21日，还剩 2 个工作日。公示期内任何人可以提出意见。", FactsHash: scheme.Hash, Root: scheme.Hash,
		Facets: []string{"社区", "规模"}, FirmsTitle: "企业汇总", Source: "事实由样例程序按固定种子生成，全部为虚构。",
	}, scheme)
	roller, err := scheme.NewRoller("firm")
	if err != nil {
		return nil, err
	}
	labels := sampleLabels(count)
	random := rand.New(rand.NewPCG(7, 11))
	for i, l := range labels {
		subject := scheme.NewSubject(fmt.Sprintf("P%05d/2026Q3", i+1), "2026Q3", rating.DateOf(s.evaluation.At))
		if err := draw(scheme, &subject, random, l.Firm, i); err != nil {
			return nil, err
		}
		result := rating.Evaluate(scheme, nil, subject, nil)
		roller.Add(subject, &result)
		s.entries = append(s.entries, rating.Entry{Subject: subject, Result: &result, Name: l.Name, Place: l.Place, Firm: l.Firm})
		row := web.RowOf(&s.evaluation, scheme, &result, l)
		row.Sheet = scheme.Hash // any hash: no page shows it
		if i == 12 {
			row.Mark = "异议中"
		}
		s.rows, s.results[row.ID], s.byID[row.ID] = append(s.rows, row), &result, row
	}
	s.evaluation.Firms = web.FirmsOf(&s.evaluation, &scheme.Rollups[0], roller.Groups(), s.rows)
	return s, nil
}

// draw fills the facts of one compound; a few are missing, do not apply, or belong to a compound that is too new.
func draw(scheme *rating.Scheme, subject *rating.Subject, random *rand.Rand, firm string, i int) error {
	quality := 70 + random.IntN(30)
	for _, f := range scheme.Facts {
		var v rating.Value
		near := max(0, min(100, quality+random.IntN(25)-12))
		switch f.Type {
		case rating.TypeText:
			if firm != "" {
				v = rating.Text(firm)
			}
		case rating.TypeCount:
			v = rating.Number(num.FromInt(int64(100 + random.IntN(1500))))
			if f.ID == "months" {
				v = rating.Number(num.FromInt(int64(map[bool]int{true: 5, false: 30}[i%40 == 7])))
			}
		case rating.TypeRatio:
			v = rating.Ratio(num.FromInt(int64(near)), num.FromInt(100))
			if i%33 == 5 {
				v = rating.NA()
			}
		case rating.TypeChecklist:
			v = rating.Value{State: rating.Present}
			for k := range f.Items {
				item := rating.ItemValue{State: rating.Present, Number: num.FromInt(int64(min(3, random.IntN(3)+near/40)))}
				if (i+k)%17 == 0 {
					item = rating.ItemValue{State: rating.NotApplicable}
				}
				v.Items = append(v.Items, item)
			}
		default:
			v = rating.Number(num.FromInt(int64(near)))
			if f.ID == "satisfied" && i%45 == 9 {
				v = rating.Value{}
			}
		}
		if err := subject.Set(f.ID, v); err != nil {
			return err
		}
	}
	return nil
}

func sampleLabels(count int) []web.Label {
	first := []string{"望湖", "听松", "书院", "芦花", "桂花", "稻香", "石榴", "滨水", "朝晖", "梅雨", "白鹭", "南窗", "东街", "星火", "芙蓉", "西街"}
	last := []string{"苑", "园", "坊", "里", "里二期", "家园", "新村", "名邸", "小区"}
	communities := []string{"城东社区", "长岭社区", "芙蓉社区", "东湖社区", "西湖社区", "白洋垄社区", "幸福社区", "东街社区", "西街社区", "星火社区", "惠民社区", "西区社区", "城郊社区"}
	firms := []string{"一盏灯物业", "石榴籽物业", "小满物业", "青瓦物业", "四季安物业", "半亩田物业", "县属兜底物业", ""}
	out := make([]web.Label, count)
	for i := range out {
		name := first[i%len(first)] + last[(i/len(first))%len(last)]
		if round := i / (len(first) * len(last)); round > 0 {
			name += fmt.Sprint(round + 1)
		}
		if i == 3 {
			name = Hostile
		}
		size := []string{"300户以下", "300至800户", "800户以上"}[i%3]
		out[i] = web.Label{Name: name, Place: communities[i%len(communities)], Firm: firms[i%len(firms)], Facets: []string{communities[i%len(communities)], size}, Size: size}
	}
	return out
}

// Latest implements web.Stars.
func (s *Sample) Latest(context.Context) (web.Evaluation, error) { return s.evaluation, nil }

// Rows implements web.Stars.
func (s *Sample) Rows(context.Context, string) iter.Seq2[web.Row, error] {
	return func(yield func(web.Row, error) bool) {
		for _, row := range s.rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// Star implements web.Stars.
func (s *Sample) Star(_ context.Context, _, id string, whole bool) (web.Star, error) {
	if s.Broken != nil {
		return web.Star{}, s.Broken
	}
	result, ok := s.results[id]
	if !ok {
		return web.Star{}, fault.New("browsertest.Star", fault.NotFound, "")
	}
	x, err := rating.Explain(s.scheme, result)
	if err != nil {
		return web.Star{}, err
	}
	star := web.StarOf(s.byID[id], x, !whole)
	if total := star.Total; total != nil {
		was := total.Sub(num.FromInt(2))
		star.Before = &web.Before{Period: "2026年第二季度", Grade: "三星", Total: &was, OtherFirm: star.Firm == ""}
		if other, ok := s.results["P00002/2026Q3"]; ok { // then it had the lines that this one has now
			if x, err = rating.Explain(s.scheme, other); err != nil {
				return web.Star{}, err
			}
			star.Before.Groups = web.StarOf(web.Row{}, x, true).Groups
		}
	}
	return star, nil
}

// Past implements web.Stars: the quarter before, in which every firm had two points less, and the one that is shown.
func (s *Sample) Past(context.Context) ([]web.PastFirms, error) {
	now := web.PastFirms{PastPeriod: s.shownPeriod(), Firms: s.evaluation.Firms}
	before := now
	before.ID, before.Evaluation, before.Period, before.Last, before.Firms = "2026Q2", "2026Q2", "2026年第二季度", calendar.Quarter{Year: 2026, N: 2}.Span().Last, nil
	for _, f := range now.Firms {
		if f.Total != nil {
			was := f.Total.Sub(num.FromInt(2))
			f.Total, f.Shown = &was, was.Fixed(now.Places)
		}
		before.Firms = append(before.Firms, f)
	}
	return []web.PastFirms{before, now}, nil
}

// Board implements web.Stars: the quarter before, of the same compounds.
func (s *Sample) Board(_ context.Context, evaluation string) (web.Evaluation, []web.Row, error) {
	if evaluation != "2026Q2" {
		return web.Evaluation{}, nil, fault.New("browsertest.Board", fault.NotFound, "")
	}
	e := s.evaluation
	e.ID, e.Period, e.Title = evaluation, evaluation, "2026年第二季度物业服务得分榜"
	return e, s.rows, nil
}

// shownPeriod is the period of the shown evaluation.
func (s *Sample) shownPeriod() web.PastPeriod {
	e := &s.evaluation
	return web.PastPeriod{ID: e.Period, Evaluation: e.ID, Period: "2026年第三季度", Last: calendar.Quarter{Year: 2026, N: 3}.Span().Last, Rule: e.SchemeHash, Scheme: e.SchemeID, Version: e.SchemeVersion, Stars: true, Places: e.Places, Parts: e.Parts, Grades: e.Grades}
}

// History implements web.Stars: under another rule, under the same rule with two points less, and as shown.
func (s *Sample) History(_ context.Context, id string) ([]web.PastStar, error) {
	row, ok := s.byID[id]
	if !ok {
		return nil, nil
	}
	now := web.PastStar{PastPeriod: s.shownPeriod(), Row: row}
	before := now
	before.Evaluation, before.Period, before.Last = "2026Q2", "2026年第二季度", calendar.Quarter{Year: 2026, N: 2}.Span().Last
	if row.Total != nil {
		was := row.Total.Sub(num.FromInt(2))
		before.Total = &was
	}
	first := before
	first.Evaluation, first.Period, first.Last, first.Rule, first.Version = "2026Q1", "2026年第一季度", calendar.Quarter{Year: 2026, N: 1}.Span().Last, "other", "旧版"
	return []web.PastStar{first, before, now}, nil
}

// Scheme implements web.Stars.
func (s *Sample) Scheme(context.Context, string) (*rating.Scheme, error) { return s.scheme, nil }

// SampleBundles makes bundles of a sample: the star that is asked for is stored first, beside its neighbour, as one evaluation.
type SampleBundles struct {
	Sample  *Sample
	DB      *store.DB
	Archive *rating.Archive
}

// Bundle implements web.Bundles. There is no full form.
func (b *SampleBundles) Bundle(ctx context.Context, _ policy.Actor, star web.StarID, full bool) ([]byte, error) {
	if b.Sample == nil {
		return nil, fault.New("browsertest.Bundle", fault.NotFound, "")
	}
	at := slices.IndexFunc(b.Sample.entries, func(e rating.Entry) bool { return e.Subject.ID == star.Subject })
	if at < 0 || full || star.Period != "" {
		return nil, fault.New("browsertest.Bundle", fault.NotFound, "")
	}
	from := max(0, at-1)
	made, err := b.Archive.Save(ctx, store.Meta{By: "system", Action: "evaluation.run"}, sampleScheme, nil,
		rating.Evaluation{Title: b.Sample.evaluation.Title, Period: "2026Q3", Made: journal.At(b.Sample.evaluation.At), FactsHash: fmt.Sprintf("%064d", at), FactsSource: b.Sample.evaluation.Source}, b.Sample.entries[from:at+1])
	if err != nil {
		return nil, err
	}
	return b.Archive.Bundle(ctx, rating.BundleRequest{Evaluation: made.ID, Subject: star.Subject})
}

// MayOpen implements web.Bundles.
func (b *SampleBundles) MayOpen(context.Context, policy.Actor, web.StarID) bool { return false }

// Key implements web.Bundles.
func (b *SampleBundles) Key(ctx context.Context) (string, error) { return b.DB.LogKey(ctx) }
