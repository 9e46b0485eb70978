package rating

import (
	"fmt"
	"iter"
	"sort"

	"redsteward/internal/fault"
	"redsteward/internal/num"
)

// cohortPlaces are the decimals to which compared values are rounded, half-up, before statistics are made of them. It keeps sums of many
// fractions small; no published rule compares more finely.
const cohortPlaces = 20

// Cohort holds the frozen statistics over all subjects that a scheme's comparing rules read. It is immutable.
type Cohort struct {
	// SchemeHash is that of the scheme for which it was made.
	SchemeHash string
	// Subjects is how many subjects were looked at.
	Subjects int

	groups []map[string]*Statistics // by place of the statistic and group
	hash   string
}

// Statistics describe one compared value within one group.
type Statistics struct {
	// Count is how many subjects had a value.
	Count int
	// Min, Max and Mean are exact for the values rounded to 20 decimals.
	Min, Max, Mean num.Num
	// Deviation is the population, SampleDeviation the sample standard deviation; the latter is 0 for fewer than two values.
	Deviation, SampleDeviation num.Num
	// Values are the distinct values in ascending order with how often each occurs; only for percentiles.
	Values []ValueCount
}

// ValueCount is a value and how many subjects have it.
type ValueCount struct {
	Value num.Num
	Count int

	below int // how many subjects have a smaller value
}

// around counts the subjects whose value is smaller than x and those that have x, without looking at each of them.
func (s *Statistics) around(x num.Num) (below, equal int) {
	at := sort.Search(len(s.Values), func(i int) bool { return !s.Values[i].Value.Less(x) })
	switch {
	case at == len(s.Values):
		return s.Count, 0
	case s.Values[at].Value.Equal(x):
		equal = s.Values[at].Count
	}
	return s.Values[at].below, equal
}

// statistic is one compared value of a scheme.
type statistic struct {
	indicator int
	level     int // how many statistics stand one below the other under it: those of level 0 need no other
}

// compared is the part shared by the programs of minmax, zscore and percentile.
type compared struct {
	of       operand
	place    int // of the statistic
	within   int // text fact, -1 for none
	lower    bool
	sorted   bool
	minCount int
}

// statistic declares a compared value and returns what its rule's program needs.
func (c *schemeChecker) statistic(path string, o *CohortOptions, sorted bool, _ *indicatorProgram) compared {
	p := compared{of: c.operand(path+".of", o.Of, wantNumber), place: len(c.p.statistics), within: -1, sorted: sorted, minCount: o.MinCount}
	if p.minCount == 0 {
		p.minCount = 2
	}
	if p.minCount < 1 {
		c.reportAt(path+".min_count", "要写 1 以上的整数")
	}
	if o.Within != "" {
		p.within = c.factOf(path+".within", o.Within, TypeText)
	}
	p.lower = o.Better == "lower"
	if o.Better == "" && p.of.kind == operandRef && (p.of.ref.kind == refFact || p.of.ref.kind == refQuotient) {
		p.lower = c.s.Facts[p.of.ref.a].Better == "lower"
	}
	c.p.statistics = append(c.p.statistics, statistic{})
	return p
}

// comparing returns the compared part of a rule, or nil.
func comparing(rule compiledRule) *compared {
	switch r := rule.(type) {
	case *minMaxProgram:
		return &r.compared
	case *zScoreProgram:
		return &r.compared
	case *percentileProgram:
		return &r.compared
	}
	return nil
}

// levels finds out which statistics need which others first.
func (c *schemeChecker) levels() {
	a := &arranger{schemeChecker: c}
	level := map[stage]int{}
	for _, st := range c.p.order {
		deepest := 0
		for _, before := range a.reads(st) {
			deepest = max(deepest, level[before])
		}
		if st.kind == stageIndicator {
			if cmp := comparing(c.p.indicators[st.index].rule); cmp != nil {
				c.p.statistics[cmp.place] = statistic{indicator: st.index, level: deepest}
				deepest++
			}
		}
		level[st] = deepest
	}
}

// NewCohort makes the statistics of all subjects. subjects may be run through several times: once for each level of values that are compared
// after others were. history gives each subject's earlier results and may be nil. It returns Invalid if two subjects have the same id.
func NewCohort(s *Scheme, subjects iter.Seq[Subject], history func(id string) History) (*Cohort, error) {
	c := &Cohort{SchemeHash: s.Hash, groups: make([]map[string]*Statistics, len(s.program.statistics))}
	deepest := 0
	for _, st := range s.program.statistics {
		deepest = max(deepest, st.level)
	}
	for level := 0; level <= deepest; level++ {
		if err := c.pass(s, level, subjects, history); err != nil {
			return nil, err
		}
	}
	if len(c.groups) > 0 {
		c.hash = hashOf(c.canonical(s))
	}
	return c, nil
}

// Hash is the SHA-256 of the canonical form, 64 hex digits; empty if the scheme compares nobody.
func (c *Cohort) Hash() string { return c.hash }

// Statistics returns the statistics behind an indicator within a group ("" if the rule has no within); nil if there are none.
func (c *Cohort) Statistics(s *Scheme, indicator, group string) *Statistics {
	i, ok := s.program.nodeIndex[indicator]
	if !ok || i >= len(s.program.indicators) {
		return nil
	}
	cmp := comparing(s.program.indicators[i].rule)
	if cmp == nil {
		return nil
	}
	return c.groups[cmp.place][group]
}

func (c *Cohort) pass(s *Scheme, level int, subjects iter.Seq[Subject], history func(string) History) error {
	seen := map[string]bool{}
	gathered := make([]map[string][]num.Num, len(c.groups))
	c.Subjects = 0
	for sub := range subjects {
		if seen[sub.ID] {
			return fault.New("rating.NewCohort", fault.Invalid, fmt.Sprintf("编号 %q 出现了两次", short(sub.ID)))
		}
		seen[sub.ID] = true
		c.Subjects++
		if len(c.groups) == 0 { // nobody is compared: a county is counted only, which is half of the work
			continue
		}
		var past History
		if history != nil {
			past = history(sub.ID)
		}
		m := s.program.run(c, &sub, past)
		for place, st := range s.program.statistics {
			if st.level != level {
				continue
			}
			x, group, ok := m.compare(&s.program.indicators[st.indicator])
			if !ok {
				continue
			}
			if gathered[place] == nil {
				gathered[place] = map[string][]num.Num{}
			}
			gathered[place][group] = append(gathered[place][group], x)
		}
	}
	for place, st := range s.program.statistics {
		if st.level != level {
			continue
		}
		c.groups[place] = map[string]*Statistics{}
		sorted := comparing(s.program.indicators[st.indicator].rule).sorted
		for group, values := range gathered[place] {
			stats, err := describe(values, sorted)
			if err != nil {
				return fault.Wrap("rating.NewCohort", fault.Invalid, "全体的统计算不出来", err)
			}
			c.groups[place][group] = stats
		}
	}
	return nil
}

// run evaluates everything before the grade, without keeping a trace.
func (p *program) run(cohort *Cohort, sub *Subject, history History) *machine {
	m := &machine{p: p, sub: sub, cohort: cohort, history: history, cells: make([]cell, len(p.indicators)+len(p.parts)), outputs: make([]cell, len(p.outputs))}
	m.values = m.lookup
	r := &Result{Lines: make([]Line, len(p.indicators)), Parts: make([]PartLine, len(p.parts)), Outputs: make([]OutputLine, len(p.outputs))}
	for _, st := range p.order {
		switch st.kind {
		case stageIndicator:
			m.indicator(st.index, r)
		case stagePart:
			m.part(st.index, r)
		case stageTotal:
			m.adjustTotal(r)
		case stageOutput:
			m.output(st.index, r)
		}
	}
	return m
}

// compare returns the value that a subject brings into a comparison, and its group; false if it does not take part.
func (m *machine) compare(ind *indicatorProgram) (num.Num, string, bool) {
	cmp := comparing(ind.rule)
	if !m.selected(ind.guards) {
		return num.Num{}, "", false
	}
	if yes, gone := m.condition(&ind.applies); !yes || gone.kind != nothingAbsent {
		return num.Num{}, "", false
	}
	group, ok := m.group(cmp)
	if !ok {
		return num.Num{}, "", false
	}
	x, gone := m.number(&cmp.of)
	return x.Round(cohortPlaces, num.HalfUp), group, gone.kind == nothingAbsent
}

func (m *machine) group(cmp *compared) (string, bool) {
	if cmp.within < 0 {
		return "", true
	}
	v := &m.sub.Values[cmp.within]
	return v.Text, v.State == Present
}

// describe makes statistics; it sorts values.
func describe(values []num.Num, keep bool) (*Statistics, error) {
	sort.Slice(values, func(i, j int) bool { return values[i].Less(values[j]) })
	s := &Statistics{Count: len(values), Min: values[0], Max: values[len(values)-1]}
	var sum, squares num.Num
	for i, x := range values {
		sum = sum.Add(x)
		squares = squares.Add(x.Mul(x))
		if !keep {
			continue
		}
		if i == 0 || !values[i-1].Equal(x) {
			s.Values = append(s.Values, ValueCount{Value: x, below: i})
		}
		s.Values[len(s.Values)-1].Count++
	}
	n := num.FromInt(int64(s.Count))
	s.Mean, _ = sum.Quo(n)
	deviations := squares.Sub(sum.Mul(s.Mean)) // Σ(x − mean)²
	variance, _ := deviations.Quo(n)
	var err error
	if s.Deviation, err = variance.Sqrt(); err != nil {
		return nil, err
	}
	if s.Count > 1 {
		variance, _ = deviations.Quo(num.FromInt(int64(s.Count - 1)))
		s.SampleDeviation, err = variance.Sqrt()
	}
	return s, err
}

// place returns the subject's value and the statistics of its group.
func (m *machine) place(cmp *compared, line *Line) (num.Num, *Statistics, absence) {
	x, gone := m.number(&cmp.of)
	if gone.kind != nothingAbsent {
		return x, nil, gone
	}
	line.read(x)
	group, ok := m.group(cmp)
	if !ok {
		_, gone = m.fact(cmp.within)
		return x, nil, gone
	}
	var stats *Statistics
	if m.cohort != nil && m.cohort.groups[cmp.place] != nil {
		stats = m.cohort.groups[cmp.place][group]
	}
	if stats == nil || stats.Count < cmp.minCount {
		return x, nil, absence{kind: valueMissing, reason: fmt.Sprintf("可比较的对象少于 %d 个", cmp.minCount)}
	}
	return x.Round(cohortPlaces, num.HalfUp), stats, absence{}
}

type minMaxProgram struct{ compared }

func (p *minMaxProgram) points(m *machine, ind *indicatorProgram, line *Line) (num.Num, absence) {
	x, stats, gone := m.place(&p.compared, line)
	if gone.kind != nothingAbsent {
		return x, gone
	}
	rate, err := x.Sub(stats.Min).Quo(stats.Max.Sub(stats.Min))
	if err != nil {
		return x, absence{kind: valueMissing, reason: "全体的值都相同，无法归一"}
	}
	if p.lower {
		rate = one.Sub(rate)
	}
	return ind.min.Add(ind.span.Mul(rate)), absence{}
}

type zScoreProgram struct {
	compared
	rule *ZScoreRule
}

func (p *zScoreProgram) points(m *machine, _ *indicatorProgram, line *Line) (num.Num, absence) {
	x, stats, gone := m.place(&p.compared, line)
	if gone.kind != nothingAbsent {
		return x, gone
	}
	deviation := stats.Deviation
	if p.rule.Deviation == "sample" {
		deviation = stats.SampleDeviation
	}
	z, err := x.Sub(stats.Mean).Quo(deviation)
	if err != nil {
		z = num.Num{} // nobody differs from the mean
	}
	if p.lower {
		z = z.Neg()
	}
	return p.rule.Center.Add(p.rule.Each.Mul(z)), absence{}
}

type percentileProgram struct {
	compared
	ties string
}

func (p *percentileProgram) points(m *machine, ind *indicatorProgram, line *Line) (num.Num, absence) {
	x, stats, gone := m.place(&p.compared, line)
	if gone.kind != nothingAbsent {
		return x, gone
	}
	behind, equal := stats.around(x)
	if p.lower {
		behind = stats.Count - behind - equal
	}
	var share num.Num
	switch p.ties {
	case "below":
		share = num.FromFrac(int64(behind), int64(stats.Count))
	case "at_or_below":
		share = num.FromFrac(int64(behind+equal), int64(stats.Count))
	case "between":
		if stats.Count < 2 {
			return x, absence{kind: valueMissing, reason: "只有一个对象，没有名次"}
		}
		share = num.FromFrac(int64(behind), int64(stats.Count-1))
	default:
		share = num.FromFrac(int64(2*behind+equal), int64(2*stats.Count))
	}
	return ind.min.Add(ind.span.Mul(num.Min(share, one))), absence{}
}
