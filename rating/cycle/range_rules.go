package cycle

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"redsteward/internal/num"
	"redsteward/internal/yamlstrict"
	"redsteward/rating"
)

// RangeRules are what ranges.yaml says: by which assumptions a result is tried, what is near a cut and what is done about it, how scorers are looked at.
type RangeRules struct {
	file   rangesFile
	within num.Num
	// passing is the cut that no scheme names; window is how wide the bunching test looks on either side of a cut.
	passing, window num.Num
}

type rangesFile struct {
	Version  string `yaml:"version,required"`
	Basis    string `yaml:"basis,required"`
	Proposal bool   `yaml:"proposal"`
	Ranges   struct {
		Runs            int64    `yaml:"runs,required"`
		EachRuns        int64    `yaml:"each_runs,required"`
		Seed            int64    `yaml:"seed,required"`
		WeightsPercent  int64    `yaml:"weights_percent"`
		SeverityPercent int64    `yaml:"severity_percent"`
		SeveritySources []string `yaml:"severity_sources"`
		MissingPercent  int64    `yaml:"missing_percent"`
		Concentration   int64    `yaml:"concentration_percent,required"`
		Top             int64    `yaml:"top_percent"`
		Publish         string   `yaml:"publish"`
	} `yaml:"ranges,required"`
	Near struct {
		Within    string `yaml:"within,required"`
		Passing   string `yaml:"passing,required"`
		FromLevel int64  `yaml:"from_level,required"`
		Quarter   string `yaml:"quarter,required"`
		Year      string `yaml:"year,required"`
	} `yaml:"near,required"`
	Scorers struct {
		Quarters int64  `yaml:"quarters,required"`
		Window   string `yaml:"window,required"`
		Least    int64  `yaml:"least,required"`
		Level    int64  `yaml:"level_percent,required"`
		Overlaps int64  `yaml:"overlaps,required"`
		Shrink   int64  `yaml:"shrink,required"`
	} `yaml:"scorers,required"`
	Beside []Published `yaml:"beside"`
}

// Published is a distribution that somebody else published, to be looked at beside one's own.
type Published struct {
	// Name says whose and of when, What what was graded, Source where it stands.
	Name   string `yaml:"name,required"`
	What   string `yaml:"what,required"`
	Source string `yaml:"source,required"`
	// Grades count by grade of the scheme.
	Grades []PublishedGrade `yaml:"grades,required"`
}

// PublishedGrade is how many had a grade.
type PublishedGrade struct {
	Grade string `yaml:"grade,required"`
	Count int64  `yaml:"count"`
}

// Total is how many were graded.
func (p *Published) Total() int64 {
	n := int64(0)
	for _, g := range p.Grades {
		n += g.Count
	}
	return n
}

// Of is how many had a grade.
func (p *Published) Of(grade string) int64 {
	for _, g := range p.Grades {
		if g.Grade == grade {
			return g.Count
		}
	}
	return 0
}

// NearRule is what is done about projects near a cut.
type NearRule string

// The rules about what is near a cut.
const (
	// NearShow lists them.
	NearShow NearRule = "show"
	// NearAsk lists them and asks for a second scorer.
	NearAsk NearRule = "ask"
	// NearRequire does not let the result be sent through its approval before the second scorer is done.
	NearRequire NearRule = "require"
)

// minRuns is how often a result is tried at least (design.md §8).
const minRuns = 10_000

// ParseRangeRules reads a ranges.yaml. Returns Invalid with every mistake, named file:line:column.
func ParseRangeRules(file string, data []byte) (*RangeRules, error) {
	r := &RangeRules{}
	doc := yamlstrict.Decode(file, data, &r.file)
	f := &r.file
	within := func(name string, n, least, most int64) {
		if n < least || n > most {
			doc.Add(name, fmt.Sprintf("要在 %d 至 %d 之间，现在是 %d", least, most, n))
		}
	}
	points := func(name, text string, least, most int64) num.Num {
		x, err := num.Parse(text)
		if err != nil || x.Less(num.FromInt(least)) || num.FromInt(most).Less(x) {
			doc.Add(name, fmt.Sprintf("要写 %d 至 %d 的分数，现在是“%s”", least, most, text))
		}
		return x
	}
	within("ranges.runs", f.Ranges.Runs, minRuns, 100_000)
	within("ranges.each_runs", f.Ranges.EachRuns, 1000, 100_000)
	within("ranges.seed", f.Ranges.Seed, 1, 1<<53)
	within("ranges.weights_percent", f.Ranges.WeightsPercent, 0, 50)
	within("ranges.severity_percent", f.Ranges.SeverityPercent, 0, 50)
	within("ranges.missing_percent", f.Ranges.MissingPercent, 0, 100)
	within("ranges.concentration_percent", f.Ranges.Concentration, 50, 100)
	within("ranges.top_percent", f.Ranges.Top, 0, 100)
	if n := utf8.RuneCountInString(f.Ranges.Publish); f.Ranges.Publish != "" && (n < 4 || n > 40) {
		doc.Add("ranges.publish", fmt.Sprintf("采用公开的文件要写 4 至 40 个字，现在有 %d 个；不公开的空着", n))
	}
	if f.Ranges.SeverityPercent > 0 && len(f.Ranges.SeveritySources) == 0 {
		doc.Add("ranges.severity_percent", "写了宽严的幅度，就要写 severity_sources：哪些来源的事实是人打的分")
	}
	r.within, r.passing = points("near.within", f.Near.Within, 0, 5), points("near.passing", f.Near.Passing, 0, 100)
	within("near.from_level", f.Near.FromLevel, 1, 9)
	for _, rule := range []struct{ name, value string }{{"near.quarter", f.Near.Quarter}, {"near.year", f.Near.Year}} {
		if !slices.Contains([]NearRule{NearShow, NearAsk, NearRequire}, NearRule(rule.value)) {
			doc.Add(rule.name, "只能是 show（列出来）、ask（并安排第二人评分）或 require（完成以后才能送审），现在是“"+rule.value+"”")
		}
	}
	within("scorers.quarters", f.Scorers.Quarters, 1, 12)
	r.window = points("scorers.window", f.Scorers.Window, 0, 5)
	if r.window.IsZero() {
		doc.Add("scorers.window", "检验的宽度不能是零")
	}
	within("scorers.least", f.Scorers.Least, 5, 1000)
	within("scorers.level_percent", f.Scorers.Level, 1, 20)
	within("scorers.overlaps", f.Scorers.Overlaps, 3, 1000)
	within("scorers.shrink", f.Scorers.Shrink, 1, 100)
	for i := range f.Beside {
		seen := map[string]bool{}
		for k, g := range f.Beside[i].Grades {
			at := fmt.Sprintf("beside.%d.grades.%d", i, k)
			if seen[g.Grade] {
				doc.Add(at+".grade", "等级“"+g.Grade+"”写了两次")
			}
			seen[g.Grade] = true
			within(at+".count", g.Count, 0, 10_000_000)
		}
		if f.Beside[i].Total() == 0 {
			doc.Add(fmt.Sprintf("beside.%d.grades", i), "合计不能是零")
		}
	}
	return r, doc.Err()
}

// Version says which version of the file this is, Basis where its figures come from.
func (r *RangeRules) Version() string { return r.file.Version }

// Basis is where the figures come from.
func (r *RangeRules) Basis() string { return r.file.Basis }

// Published is the document by which the ranges are public, "" as long as they are internal (practice.md §7).
func (r *RangeRules) Published() string { return strings.TrimSpace(r.file.Ranges.Publish) }

// Beside are the distributions to look at beside one's own.
func (r *RangeRules) Beside() []Published { return r.file.Beside }

// Top is the percent of rated projects that may have the best star without a warning, 0 for any (domain.md §9: a proposal).
func (r *RangeRules) Top() int64 { return r.file.Ranges.Top }

// Concentration is the percent of rated projects that one grade may hold without a warning.
func (r *RangeRules) Concentration() int64 { return r.file.Ranges.Concentration }

// Within is how far from a cut a total is near it, in points.
func (r *RangeRules) Within() num.Num { return r.within }

// near is the rule for periods of a rhythm.
func (r *RangeRules) near(rhythm string) NearRule {
	if rhythm == RhythmYear {
		return NearRule(r.file.Near.Year)
	}
	return NearRule(r.file.Near.Quarter)
}

// cuts are the passing mark and the cuts of the grades from a level on, as the scheme of the year says them.
func (r *RangeRules) cuts(year *rating.Scheme) []num.Num {
	cuts := []num.Num{r.passing}
	if year == nil {
		return cuts
	}
	for _, g := range year.Grades.List {
		if g.AtLeast != nil && g.Level != nil && int64(*g.Level) >= r.file.Near.FromLevel && !slices.ContainsFunc(cuts, g.AtLeast.Equal) {
			cuts = append(cuts, *g.AtLeast)
		}
	}
	slices.SortFunc(cuts, num.Num.Cmp)
	return cuts
}
