package cycle

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating"
)

// Ranges (敏感性区间) say how firmly the results of an evaluation stand: what becomes of them if the weights, the severity of who scored, or what is missing were otherwise. They are no
// confidence intervals: nothing in them says where the truth lies. They are made of what is stored with the evaluation, by a seed that stands with them, so that the same bytes can be made again.
type Ranges struct {
	// Evaluation is what was tried, Period its period.
	Evaluation string `json:"evaluation" privacy:"public"`
	Period     string `json:"period" privacy:"public"`
	// Made says who let them be made and when.
	Made Act `json:"made"`
	// Rules is the version of ranges.yaml; Runs is how often everything was moved together, EachRuns how often each assumption alone, Seed what the random numbers began with.
	Rules    string `json:"rules" privacy:"internal"`
	Runs     int    `json:"runs"`
	EachRuns int    `json:"each_runs"`
	Seed     int64  `json:"seed"`
	// Weights, Severity and Missing are the percent by which each assumption was moved; Sources are whose facts somebody scored.
	Weights  int64    `json:"weights"`
	Severity int64    `json:"severity"`
	Missing  int64    `json:"missing"`
	Sources  []string `json:"sources,omitempty" privacy:"internal"`
	// Deep: what the results read of earlier ones was moved along with what those were made from. Earlier is how many earlier results that were.
	Deep    bool `json:"deep,omitempty"`
	Earlier int  `json:"earlier,omitempty"`
	// Count is how many projects there are, Scorers how many people scored, Gaps how many projects lack something that can be filled.
	Count   int `json:"count"`
	Scorers int `json:"scorers"`
	Gaps    int `json:"gaps"`
	// Grades are the ids of the grades in the order in which rows count them; last comes the count of those without one.
	Grades []string `json:"grades" privacy:"public"`
	// Removals are what becomes of the results without each indicator, in the order of the scheme.
	Removals []Removal `json:"removals,omitempty"`
	// Pages is how many documents hold the rows, Digest the SHA-256 over them.
	Pages  int    `json:"pages"`
	Digest string `json:"digest" privacy:"internal"`
}

// Removal is what becomes of the results when one indicator is not counted.
type Removal struct {
	// Indicator is the id; Up and Down are how many projects got a better or worse grade, Other how many gained or lost a grade without level.
	Indicator string `json:"indicator" privacy:"public"`
	Up        int    `json:"up"`
	Down      int    `json:"down"`
	Other     int    `json:"other,omitempty"`
	// Most is the largest change of a total in hundredths of a point, Project whose.
	Most    int64  `json:"most"`
	Project string `json:"project,omitempty" privacy:"public"`
}

// Moved is how many projects have another grade.
func (r *Removal) Moved() int { return r.Up + r.Down + r.Other }

// Assumption is one of what is moved.
type Assumption string

// The assumptions, in the order in which rows hold them.
const (
	ByWeights  Assumption = "weights"
	BySeverity Assumption = "severity"
	ByMissing  Assumption = "missing"
)

// Assumptions are all of them, in the order in which rows hold them.
func Assumptions() []Assumption { return []Assumption{ByWeights, BySeverity, ByMissing} }

// Title is an assumption for people.
func (a Assumption) Title() string {
	switch a {
	case ByWeights:
		return "权重"
	case BySeverity:
		return "打分宽严"
	case ByMissing:
		return "缺的数据"
	}
	return "都不影响"
}

// RangeRow is what became of one project.
type RangeRow struct {
	// Project is its id.
	Project string `json:"project" privacy:"public"`
	// Rated is in how many of the runs it had a total; Low, Median and High are the 5th, 50th and 95th percentile of it in hundredths of a point, RankLow and RankHigh those of its rank.
	Rated    int   `json:"rated"`
	Low      int64 `json:"low"`
	Median   int64 `json:"median"`
	High     int64 `json:"high"`
	RankLow  int   `json:"rank_low"`
	RankHigh int   `json:"rank_high"`
	// Group is the group of those that cannot be told apart (并列), 1 being the best, 0 for who never had a total.
	Group int `json:"group"`
	// Grade is the place in Ranges.Grades of what it has, Grades counts what it had in the runs.
	Grade  int   `json:"grade"`
	Grades []int `json:"grades"`
	// Alone is what each assumption does by itself, in the order of Assumptions.
	Alone []Alone `json:"alone"`
	// Without are the places, in Ranges.Removals, of the indicators without which it has another grade.
	Without []int `json:"without,omitempty"`
}

// open leaves of the indicators without which it has another grade, unless they are told whole, those that the scheme does not keep back.
func (r *RangeRow) open(s *rating.Scheme, whole bool) {
	if !whole {
		r.Without = slices.DeleteFunc(slices.Clone(r.Without), func(n int) bool { return s.Keeps(s.Indicators[n].ID) })
	}
}

// Alone is what one assumption does to one project.
type Alone struct {
	// Low and High are the 5th and 95th percentile of its total in hundredths of a point; Other is in how many of the runs it had another grade.
	Low   int64 `json:"low"`
	High  int64 `json:"high"`
	Other int   `json:"other"`
}

// Moves is the assumption that gives it another grade most often; if none does, the one that moves its total most. "" if nothing does.
func (r *RangeRow) Moves() Assumption {
	best, other, wide := Assumption(""), 0, int64(0)
	for i, a := range r.Alone {
		if a.Other > other || a.Other == other && a.High-a.Low > wide {
			best, other, wide = Assumptions()[i], a.Other, a.High-a.Low
		}
	}
	return best
}

// Steady reports whether nothing that was tried gives it another grade in more than one of twenty runs.
func (r *RangeRow) Steady() bool {
	all := 0
	for _, n := range r.Grades {
		all += n
	}
	return all > 0 && r.Grades[r.Grade]*20 >= all*19
}

// rangePage is a document of rows; each holds rangesPerPage of them, in the order of the projects' ids.
type rangePage struct {
	Rows []RangeRow `json:"rows"`
}

// rangesPerPage keeps a page well within a record of 64 KiB: a row with fifteen grades and all removals takes about 500 bytes.
const rangesPerPage = 60

// StageRanges is the last stage of an evaluation; the result stands whatever comes of it.
const StageRanges = "ranges"

func (s *Service) openRanges(ctx context.Context) (err error) {
	if s.ranges, err = store.NewCollection(ctx, s.db, store.Kind[Ranges]{Name: "ranges", Version: 1}); err != nil {
		return err
	}
	s.rangePages, err = store.NewCollection(ctx, s.db, store.Kind[rangePage]{Name: "range-rows", Version: 1})
	return err
}

// RangeRules are the rules by which results are tried.
func (s *Service) RangeRules() *RangeRules { return s.rules }

// MakeRanges makes the ranges of the present evaluation of a period and waits for them. Returns Forbidden without RunEvaluation, Conflict if nothing was evaluated, an evaluation is running, or they
// are there already.
func (s *Service) MakeRanges(ctx context.Context, by policy.Actor, id string) (Ranges, error) {
	r, err := s.beginRanges(ctx, by, id)
	if err != nil {
		return Ranges{}, err
	}
	made, err := r.ranges(ctx, r.period.Evaluation)
	return made, errors.Join(err, r.end(ctx, r.period.Evaluation, err))
}

// StartRanges begins what MakeRanges does and leaves it to run in the background; Progress tells how far it is. It returns the errors of MakeRanges that are known at the beginning.
func (s *Service) StartRanges(ctx context.Context, by policy.Actor, id string) error {
	r, err := s.beginRanges(ctx, by, id)
	if err != nil {
		return err
	}
	s.background(func(ctx context.Context) {
		_, err := r.ranges(ctx, r.period.Evaluation)
		_ = r.end(ctx, r.period.Evaluation, err) // how it ended stands in its progress
	})
	return nil
}

func (s *Service) beginRanges(ctx context.Context, by policy.Actor, id string) (*run, error) {
	if err := s.guard.Require(by, policy.RunEvaluation); err != nil {
		return nil, err
	}
	p, err := s.load(ctx, id)
	if err != nil {
		return nil, err
	}
	if p.Evaluation == "" {
		return nil, fault.New("cycle.MakeRanges", fault.Conflict, p.Name+"还没有评价，没有可以试的结果")
	}
	switch _, err := s.ranges.Load(ctx, p.Evaluation); {
	case err == nil:
		return nil, fault.New("cycle.MakeRanges", fault.Conflict, p.Name+"这次评价的敏感性区间已经算好；要核对的，用同一种子重算")
	case !fault.Is(err, fault.NotFound):
		return nil, err
	}
	return s.hold(ctx, by, p, StageRanges, int(s.rules.file.Ranges.Runs))
}

// ranges tries an evaluation and stores what became of it: the pages first, the document that names them last.
func (r *run) ranges(ctx context.Context, evaluation string) (Ranges, error) {
	s := r.s
	if made, err := s.ranges.Load(ctx, evaluation); !fault.Is(err, fault.NotFound) {
		return made.State, err // the same evaluation has the same ranges
	}
	head, pages, err := s.tried(ctx, evaluation, s.rules.assumed(), func(done, total int) error { return r.tell(ctx, StageRanges, done, total) })
	if err != nil {
		return Ranges{}, err
	}
	head.Made = Act{By: r.by.ID, At: journal.At(s.db.Now())}
	meta := store.Meta{By: r.by.ID, Action: string(policy.RunEvaluation), Why: StageRanges}
	for i, page := range pages {
		at, err := s.rangePages.Head(ctx, pageID(evaluation, i))
		if err != nil && !fault.Is(err, fault.NotFound) {
			return Ranges{}, err
		}
		if _, err := s.rangePages.Commit(ctx, meta, pageID(evaluation, i), at.Seq, page); err != nil {
			return Ranges{}, err
		}
	}
	doc, err := s.ranges.Commit(ctx, meta, evaluation, 0, head)
	return doc.State, err
}

func pageID(evaluation string, n int) string { return fmt.Sprintf("%s/%05d", evaluation, n) }

// assumed are the assumptions of the rules, as they are stored with what they led to.
func (r *RangeRules) assumed() Ranges {
	f := &r.file.Ranges
	return Ranges{Deep: true, Rules: r.file.Version, Runs: int(f.Runs), EachRuns: int(f.EachRuns), Seed: f.Seed, Weights: f.WeightsPercent, Severity: f.SeverityPercent, Missing: f.MissingPercent, Sources: f.SeveritySources}
}

// tried makes the ranges of an evaluation under assumptions: nothing is written, and the same assumptions give the same.
func (s *Service) tried(ctx context.Context, evaluation string, assumed Ranges, told func(done, total int) error) (Ranges, []rangePage, error) {
	in, err := s.archive.Trial(ctx, evaluation, assumed.Deep)
	if err != nil {
		return Ranges{}, nil, err
	}
	made, err := s.archive.Evaluation(ctx, evaluation)
	if err != nil {
		return Ranges{}, nil, err
	}
	slices.SortFunc(in.Subjects, func(a, b rating.Subject) int { return cmp.Compare(a.ID, b.ID) })
	if in.Scorers, err = s.scorersOf(ctx, made.Period, in, assumed.Sources); err != nil {
		return Ranges{}, nil, err
	}
	for i := range in.Feeds {
		feed := &in.Feeds[i]
		if feed.Scorers, err = s.scorersOf(ctx, feed.Period, feed.TrialInput, assumed.Sources); err != nil {
			return Ranges{}, nil, err
		}
	}
	trial, err := rating.NewTrial(in)
	if err != nil {
		return Ranges{}, nil, err
	}
	head := assumed
	if head.Deep {
		head.Earlier = trial.Earlier()
	}
	head.Evaluation, head.Period, head.Count, head.Scorers, head.Gaps = evaluation, made.Period, len(in.Subjects), trial.Scorers(), trial.Missing()
	for _, g := range in.Scheme.Grades.List {
		head.Grades = append(head.Grades, g.ID)
	}
	if most := rating.MaxTrials / max(1, len(in.Subjects)); head.Runs > most {
		head.Runs, head.EachRuns = most, min(head.EachRuns, most)
	}
	rows, err := head.try(ctx, trial, told)
	if err != nil {
		return Ranges{}, nil, err
	}
	if err := head.remove(in, trial, rows); err != nil {
		return Ranges{}, nil, err
	}
	var pages []rangePage
	for part := range slices.Chunk(rows, rangesPerPage) {
		pages = append(pages, rangePage{Rows: part})
	}
	head.Pages = len(pages)
	text, err := json.Marshal(pages)
	if err != nil {
		return Ranges{}, nil, err
	}
	sum := sha256.Sum256(text)
	head.Digest = hex.EncodeToString(sum[:])
	return head, pages, nil
}

// scorersOf tells who scored the facts of the sources that people score, from the frozen facts.
func (s *Service) scorersOf(ctx context.Context, period string, in rating.TrialInput, sources []string) (func(subject, fact string) []string, error) {
	told := map[string]string{}
	for i := range in.Scheme.Facts {
		told[in.Scheme.Facts[i].ID] = in.Scheme.Facts[i].Source
	}
	scored := map[string][]string{}
	for i := range in.Subjects {
		id := in.Subjects[i].ID
		f, err := s.Facts(ctx, period, id)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, rule := range f.Rules {
			source := rule.Source
			if source == "" {
				source = told[rule.Fact]
			}
			if slices.Contains(sources, source) {
				scored[id+"/"+rule.Fact] = rule.Scored
			}
		}
	}
	return func(subject, fact string) []string { return scored[subject+"/"+fact] }, nil
}

// try moves everything together, and then each assumption alone.
func (r *Ranges) try(ctx context.Context, trial *rating.Trial, told func(done, total int) error) ([]RangeRow, error) {
	share := func(percent int64) float64 { return float64(percent) / 100 }
	total := r.Runs + len(Assumptions())*r.EachRuns
	done := 0
	run := func(noise rating.Noise, runs int) ([]rating.Spread, error) {
		before := done
		out, err := trial.Spread(ctx, noise, runs, uint64(r.Seed), func(n int) error { return told(before+n, total) })
		done += runs
		return out, err
	}
	all, err := run(rating.Noise{Weights: share(r.Weights), Severity: share(r.Severity), Missing: share(r.Missing)}, r.Runs)
	if err != nil {
		return nil, err
	}
	plain := trial.Plain()
	rows := make([]RangeRow, len(all))
	for i := range all {
		s := &all[i]
		rows[i] = RangeRow{Project: s.Subject, Rated: s.Rated, Low: hundredths(s.Low), Median: hundredths(s.Median), High: hundredths(s.High), RankLow: s.RankLow, RankHigh: s.RankHigh,
			Group: s.Group, Grade: placeOf(plain[i].Grade, len(r.Grades)), Grades: s.Grades}
	}
	for _, noise := range []rating.Noise{{Weights: share(r.Weights)}, {Severity: share(r.Severity)}, {Missing: share(r.Missing)}} {
		alone, err := run(noise, r.EachRuns)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			rows[i].Alone = append(rows[i].Alone, Alone{Low: hundredths(alone[i].Low), High: hundredths(alone[i].High), Other: r.EachRuns - alone[i].Grades[rows[i].Grade]})
		}
	}
	return rows, nil
}

// placeOf is the place of a grade in Ranges.Grades; none comes after all of them.
func placeOf(grade, grades int) int {
	if grade < 0 {
		return grades
	}
	return grade
}

// hundredths rounds a total to what is stored of it.
func hundredths(x float64) int64 { return int64(math.Round(x * 100)) }

// Points is a stored total in points.
func Points(hundredths int64) num.Num { return num.FromFrac(hundredths, 100) }

// remove leaves out one indicator after the other.
func (r *Ranges) remove(in rating.TrialInput, trial *rating.Trial, rows []RangeRow) error {
	plain := trial.Plain()
	list := in.Scheme.Grades.List
	level := func(place int) *int {
		if place < len(list) {
			return list[place].Level
		}
		return nil
	}
	for n := range in.Scheme.Indicators {
		without, err := trial.Without(in.Scheme.Indicators[n].ID)
		if err != nil {
			return err
		}
		one := Removal{Indicator: in.Scheme.Indicators[n].ID}
		for i := range rows {
			if d := hundredths(without[i].Total - plain[i].Total); without[i].Total == without[i].Total && plain[i].Total == plain[i].Total && abs(d) > abs(one.Most) {
				one.Most, one.Project = d, rows[i].Project
			}
			now := placeOf(without[i].Grade, len(list))
			if now == rows[i].Grade {
				continue
			}
			rows[i].Without = append(rows[i].Without, n)
			switch was, is := level(rows[i].Grade), level(now); {
			case was == nil || is == nil:
				one.Other++
			case *is > *was:
				one.Up++
			default:
				one.Down++
			}
		}
		r.Removals = append(r.Removals, one)
	}
	return nil
}

func abs(x int64) int64 { return max(x, -x) }

// Ranges returns the ranges of the present evaluation of a period with the rows within the scope, in the order of the projects' ids, and their results. Returns Forbidden without ReadRanges, NotFound
// if the period was not planned, nothing was evaluated or no ranges were made.
func (s *Service) Ranges(ctx context.Context, by policy.Actor, id string) (*RangesView, error) {
	if err := s.guard.Require(by, policy.ReadRanges); err != nil {
		return nil, err
	}
	scope, err := s.guard.Scope(ctx, by, policy.ReadRanges)
	if err != nil {
		return nil, err
	}
	p, err := s.load(ctx, id)
	if err != nil {
		return nil, err
	}
	v := &RangesView{Period: p}
	if v.Scheme, _, err = s.schemeOf(ctx, &p); err != nil {
		return nil, err
	}
	doc, err := s.ranges.Load(ctx, p.Evaluation)
	if p.Evaluation == "" || fault.Is(err, fault.NotFound) {
		return nil, fault.New("cycle.Ranges", fault.NotFound, p.Name+"还没有算过敏感性区间")
	}
	if err != nil {
		return nil, err
	}
	v.Ranges = doc.State
	results, err := s.rows(ctx, &p, v.Scheme, func(keys []string) bool { return scope.Covers(keys, p.Days.Last) })
	if err != nil {
		return nil, err
	}
	of := map[string]*PreviewRow{}
	for i := range results {
		of[results[i].Project] = &results[i]
	}
	kept, err := s.guard.KeptScope(ctx, by)
	if err != nil {
		return nil, err
	}
	for n := range v.Ranges.Pages {
		page, err := s.rangePages.Load(ctx, pageID(p.Evaluation, n))
		if err != nil {
			return nil, err
		}
		for _, row := range page.State.Rows {
			if result := of[row.Project]; result != nil {
				row.open(v.Scheme, kept.Covers(result.keys, p.Days.Last))
				v.Rows = append(v.Rows, RangedRow{PreviewRow: *result, RangeRow: row})
			}
		}
	}
	return v, nil
}

// Spreads are the grades of a period, those of the published one before it, and those that others published. It needs no ranges.
type Spreads struct {
	// Now and Before count by grade in the order of the schemes; Before is nil without Earlier, the published period before.
	Now, Before []GradeCount
	Earlier     *Period
	// Beside is what others published.
	Beside []Published
	// Holds is the grade that holds more than Concentration percent of those that were graded, or in a period without stars the band of points, "" if none does; Held of Rated are in it.
	Holds         string
	Held, Rated   int
	Concentration int64
	// Best is the best star of a year that more than Top percent of those that were graded have, "" otherwise; Stars are they.
	Best  string
	Stars int
	Top   int64
}

// Spreads compares the distribution of a preview with those of others.
func (s *Service) Spreads(ctx context.Context, by policy.Actor, v *Preview) (*Spreads, error) {
	if err := s.guard.Require(by, policy.ReadRanges); err != nil {
		return nil, err
	}
	scope, err := s.guard.Scope(ctx, by, policy.ReadRanges)
	if err != nil {
		return nil, err
	}
	out := &Spreads{Now: v.Spread, Earlier: v.Before, Concentration: s.rules.Concentration(), Top: s.rules.Top()}
	if v.Period.Stars() {
		out.Beside = s.rules.Beside()
	}
	if v.Before != nil {
		scheme, _, err := s.schemeOf(ctx, v.Before)
		if err != nil {
			return nil, err
		}
		before := &Preview{Scheme: scheme}
		if before.Rows, err = s.rows(ctx, v.Before, scheme, func(keys []string) bool { return scope.Covers(keys, v.Before.Days.Last) }); err != nil {
			return nil, err
		}
		before.count()
		out.Before = before.Spread
	}
	out.concentrated(v)
	return out, nil
}

// concentrated fills Holds, Held, Rated, Best and Stars: of a year by star, of a quarter, where all have the same grade, by band of points.
func (d *Spreads) concentrated(v *Preview) {
	list := v.Spread
	if !v.Period.Stars() {
		list = nil
		for _, b := range v.Bands {
			list = append(list, GradeCount{ID: " ", Label: b.From.Fixed(0) + " 至 " + b.Until.Fixed(0) + " 分", Count: b.Count})
		}
	}
	graded := func(g *GradeCount) bool {
		at := slices.IndexFunc(v.Scheme.Grades.List, func(one rating.Grade) bool { return one.ID == g.ID })
		return at < 0 || !v.Scheme.Grades.List[at].Blocked && !v.Scheme.Grades.List[at].Special
	}
	for i := range list {
		if graded(&list[i]) {
			d.Rated += list[i].Count
		}
	}
	for i := range list {
		if graded(&list[i]) && int64(list[i].Count)*100 > d.Concentration*int64(d.Rated) {
			d.Holds, d.Held = list[i].Label, list[i].Count
		}
	}
	if v.Period.Stars() && d.Top > 0 && len(list) > 0 && graded(&list[0]) && int64(list[0].Count)*100 > d.Top*int64(d.Rated) {
		d.Best, d.Stars = list[0].Label, list[0].Count
	}
}

// RangesView are ranges with what they are about.
type RangesView struct {
	Ranges
	Period Period
	Scheme *rating.Scheme
	Rows   []RangedRow
}

// RangedRow is a result with its range.
type RangedRow struct {
	PreviewRow
	RangeRow
}

// GradeLabel is the label of a place in Ranges.Grades, “无” for the place after all of them.
func (v *RangesView) GradeLabel(place int) string {
	if place < len(v.Scheme.Grades.List) {
		return v.Scheme.Grades.List[place].Label
	}
	return "无"
}

// Shallow reports whether the results read points of earlier ones that were not moved along, as in ranges that were made before that was done: they are then narrower than they should be.
func (r *Ranges) Shallow(scheme *rating.Scheme) bool { return !r.Deep && scheme.ReadsPast() }

// RepeatRanges makes the ranges of a period again with the assumptions and the seed that stand with them, and reports whether the same came out, to the last byte. It writes nothing. Returns what Ranges
// returns, and Forbidden without RunEvaluation.
func (s *Service) RepeatRanges(ctx context.Context, by policy.Actor, id string) (same bool, err error) {
	if err := s.guard.Require(by, policy.RunEvaluation); err != nil {
		return false, err
	}
	v, err := s.Ranges(ctx, by, id)
	if err != nil {
		return false, err
	}
	assumed := Ranges{Deep: v.Deep, Rules: v.Rules, Runs: v.Runs, EachRuns: v.EachRuns, Seed: v.Seed, Weights: v.Weights, Severity: v.Severity, Missing: v.Missing, Sources: v.Sources}
	again, _, err := s.tried(ctx, v.Evaluation, assumed, func(int, int) error { return nil })
	return err == nil && again.Digest == v.Digest, err
}

// RangeOf is the range of one project in the published evaluation of a period, nil if there is none or the actor may not see it: with ReadRanges within the scope, or for everybody if the rules name the
// document by which ranges are public.
func (s *Service) RangeOf(ctx context.Context, by policy.Actor, evaluation, project string) (*ProjectRange, error) {
	made, err := s.archive.Evaluation(ctx, evaluation)
	if err != nil {
		return nil, err
	}
	stored, err := s.archive.Result(ctx, evaluation, project)
	if err != nil {
		return nil, err
	}
	if s.rules.Published() == "" {
		if !s.guard.Allow(by, policy.ReadRanges) {
			return nil, nil
		}
		p, err := s.load(ctx, made.Period)
		if err != nil {
			return nil, err
		}
		if scope, err := s.guard.Scope(ctx, by, policy.ReadRanges); err != nil || !scope.Covers(stored.Keys, p.Days.Last) {
			return nil, err
		}
	}
	doc, err := s.ranges.Load(ctx, evaluation)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for n := range doc.State.Pages {
		page, err := s.rangePages.Load(ctx, pageID(evaluation, n))
		if err != nil {
			return nil, err
		}
		for _, row := range page.State.Rows {
			if row.Project != project {
				continue
			}
			scheme, err := s.archive.Scheme(ctx, made)
			if err != nil {
				return nil, err
			}
			kept, err := s.guard.KeptScope(ctx, by)
			row.open(scheme, kept.Covers(stored.Keys, calendar.Date{})) // neither of its keys is bounded by tenure
			return &ProjectRange{Ranges: doc.State, Row: row, Scheme: scheme}, err
		}
	}
	return nil, nil
}

// ProjectRange is the range of one project.
type ProjectRange struct {
	Ranges Ranges
	Row    RangeRow
	Scheme *rating.Scheme
}
