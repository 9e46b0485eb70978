package rating

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/num"
)

// PastPeriod is a published period as it was rated: what a proposed scheme is replayed over.
type PastPeriod struct {
	// ID and Name are those of the period, Evaluation is the id of what was published.
	ID, Name, Evaluation string
	// Scheme is the file of the scheme by which it was rated.
	Scheme []byte
	// Subjects are its subjects with their frozen facts.
	Subjects []PastSubject
	// Earlier gives the earlier results that a declaration of a scheme names, by subject; nil gives none.
	Earlier func(s *Scheme, e *Earlier) (map[string]Past, error)
}

// PastSubject is one subject of a past period.
type PastSubject struct {
	// ID is the subject's; Name, Place and Firm are for people, Keys its scope keys.
	ID, Name, Place, Firm string
	Keys                  []string
	// Facts are its frozen facts as canonical JSON.
	Facts []byte
}

// Replay is what another scheme would have made of a published period.
type Replay struct {
	// Period and Name are those of the period.
	Period string `json:"period"`
	Name   string `json:"name"`
	// From and To are the versions of the two schemes; Subjects is how many subjects were rated by both.
	From     string `json:"from"`
	To       string `json:"to"`
	Subjects int    `json:"subjects"`
	// Lost are facts that the later scheme reads and the period does not have. What reads them is left out of the replay, and counts as zero for nobody.
	Lost []LostFact `json:"lost,omitempty"`
	// Steps are the rules that differ, each changed after the ones before; what a subject moved is the sum of its steps.
	Steps []ReplayStep `json:"steps,omitempty"`
	// Grades counts the subjects by grade before and after.
	Grades []GradeMove `json:"grades,omitempty"`
	// MeanBefore and MeanAfter are the mean totals of those that have one, to four places; nil if none has.
	MeanBefore *num.Num `json:"mean_before,omitempty"`
	MeanAfter  *num.Num `json:"mean_after,omitempty"`
	// Moved counts the subjects whose total or grade differs, Up and Down those whose grade rises and falls.
	Moved int `json:"moved"`
	Up    int `json:"up"`
	Down  int `json:"down"`
	// Weights are nominal and effective weights of the later scheme on these facts.
	Weights []EffectiveWeight `json:"weights,omitempty"`
	// Rows are all subjects, those whose grade changes first, then by how much the total moves.
	Rows []ReplayRow `json:"rows,omitempty"`
}

// LostFact is a fact that a past period does not have as a scheme wants it.
type LostFact struct {
	// Fact and Name are its id and name, Why says in Chinese what is the matter; Readers are the rules that were left out because of it.
	Fact    string   `json:"fact"`
	Name    string   `json:"name"`
	Why     string   `json:"why"`
	Readers []string `json:"readers,omitempty"`
	// Subjects is how many subjects lack it; Noted: the value was carried over all the same, and Why says what to think of.
	Subjects int  `json:"subjects"`
	Noted    bool `json:"noted,omitempty"`
}

// ReplayStep is one change of the rules and what it did.
type ReplayStep struct {
	// Changes are the rules that were changed together: one, unless a rule alone makes no scheme.
	Changes []RuleChange `json:"changes"`
	// Moved counts the subjects whose total or grade it changed, Regraded those of another grade; Sum adds the changes of totals up.
	Moved    int     `json:"moved"`
	Regraded int     `json:"regraded"`
	Sum      num.Num `json:"sum"`
}

// Title names a step.
func (s *ReplayStep) Title() string {
	var titles []string
	for _, c := range s.Changes {
		titles = append(titles, c.Title)
	}
	return strings.Join(titles, "，")
}

// GradeMove counts subjects by grade.
type GradeMove struct {
	Label  string `json:"label"`
	Before int    `json:"before"`
	After  int    `json:"after"`
}

// ReplayRow is one subject.
type ReplayRow struct {
	Subject string   `json:"subject"`
	Name    string   `json:"name,omitempty"`
	Place   string   `json:"place,omitempty"`
	Firm    string   `json:"firm,omitempty"`
	Keys    []string `json:"keys,omitempty"`
	// Before and After are the totals, nil without one; the labels are those of the grades.
	Before      *num.Num `json:"before,omitempty"`
	After       *num.Num `json:"after,omitempty"`
	BeforeLabel string   `json:"before_label,omitempty"`
	AfterLabel  string   `json:"after_label,omitempty"`
	// Way is 1 if the grade rises, -1 if it falls, 0 if it stays or has no order.
	Way int `json:"way,omitempty"`
	// By are the steps that moved it.
	By []RowStep `json:"by,omitempty"`
}

// Change is how much the total moves, nil if either is missing.
func (r *ReplayRow) Change() *num.Num {
	if r.Before == nil || r.After == nil {
		return nil
	}
	d := r.After.Sub(*r.Before)
	return &d
}

// Moved reports whether anything differs.
func (r *ReplayRow) Moved() bool {
	d := r.Change()
	return r.BeforeLabel != r.AfterLabel || (r.Before == nil) != (r.After == nil) || d != nil && !d.IsZero()
}

// RowStep is what one step did to a subject.
type RowStep struct {
	// Step is the place in Replay.Steps, Change the change of the total, nil if there is none before or after.
	Step   int      `json:"step"`
	Change *num.Num `json:"change,omitempty"`
	// Label is the grade after the step if it changed it, "" if not.
	Label string `json:"label,omitempty"`
}

// KeepBack takes out of what moved a row how much each step moved it that is about something that one of the schemes keeps back from the public; the step stays named.
func (r *Replay) KeepBack(row *ReplayRow, schemes ...*Scheme) {
	row.By = slices.Clone(row.By)
	for i := range row.By {
		for _, c := range r.Steps[row.By[i].Step].Changes {
			if slices.ContainsFunc(schemes, func(s *Scheme) bool { return s.Keeps(c.ID) }) {
				row.By[i].Change = nil
			}
		}
	}
}

// EffectiveWeight compares what a part of the total should weigh with what it does weigh on real facts.
type EffectiveWeight struct {
	// ID and Name are the indicator's, or those of a part that an expression makes.
	ID   string `json:"id"`
	Name string `json:"name"`
	// In is the part whose points come from earlier results in which this is an indicator, "" for what the scheme itself scores. What has In is a share of that part, not beside it.
	In string `json:"in,omitempty"`
	// Nominal is its mean share of the full marks of the subjects, Effective its share of the variance of the total: cov(points, total) ÷ var(total). Both in percent, to two places.
	Nominal   num.Num `json:"nominal"`
	Effective num.Num `json:"effective"`
	// Finding is one of the constants below, "" for nothing to say.
	Finding string `json:"finding,omitempty"`
}

// The values of EffectiveWeight.Finding. The bounds are a proposal: a weight is a declaration, and a scheme in which everybody does equally well in something has reasons for that.
const (
	// WeightBeyond: it decides more than twice its share, and at least five points of a hundred more.
	WeightBeyond = "beyond"
	// WeightDead: it decides less than a tenth of its share.
	WeightDead = "dead"
	// WeightAgainst: who has more of it has less in all.
	WeightAgainst = "against"
)

// Says is the finding for people, "" for nothing to say.
func (w *EffectiveWeight) Says() string {
	return map[string]string{WeightBeyond: "超出声明：拉开差距的主要是它", WeightDead: "几乎没有拉开差距", WeightAgainst: "与总分反向：这一项高的，总分反而低"}[w.Finding]
}

// carrier brings the facts of one scheme into another.
type carrier struct {
	from, to *Scheme
	place    []int   // by place in to: the place in from, -1 for none
	items    [][]int // by place in to: the places of items or levels in from, -1 for none
	lost     []LostFact
	dropped  map[int]bool // places in to that nobody has
}

// newCarrier compares the declarations of the facts.
func newCarrier(from, to *Scheme) *carrier {
	c := &carrier{from: from, to: to, place: make([]int, len(to.Facts)), items: make([][]int, len(to.Facts)), dropped: map[int]bool{}}
	for i := range to.Facts {
		f := &to.Facts[i]
		at, ok := from.FactIndex(f.ID)
		c.place[i] = -1
		var why string
		switch {
		case !ok:
			why = "当时的方案没有收集"
		case from.Facts[at].Type != f.Type:
			why = fmt.Sprintf("当时的类型是 %s，现在是 %s", from.Facts[at].Type, f.Type)
		case cmp.Or(from.Facts[at].Window, "period") != cmp.Or(f.Window, "period"):
			why = fmt.Sprintf("当时的取数范围是 %s，现在是 %s", cmp.Or(from.Facts[at].Window, "period"), cmp.Or(f.Window, "period"))
		default:
			c.place[i] = at
			if was := &from.Facts[at]; was.Source != f.Source {
				c.lost = append(c.lost, LostFact{Fact: f.ID, Name: f.Name, Noted: true, Why: fmt.Sprintf("来源由 %s 改为 %s：重放用的是当时的数", cmp.Or(was.Source, "未写明"), cmp.Or(f.Source, "未写明"))})
			}
			c.itemsOf(i, at)
			continue
		}
		c.dropped[i] = true
		c.lost = append(c.lost, LostFact{Fact: f.ID, Name: f.Name, Why: why, Readers: to.readersOf(i)})
	}
	return c
}

// itemsOf finds the items of a checklist or the levels of a survey again.
func (c *carrier) itemsOf(to, from int) {
	f, was := &c.to.Facts[to], &c.from.Facts[from]
	ids, old := f.itemIDs(), was.itemIDs()
	if len(ids) == 0 {
		return
	}
	var missing []string
	for i, id := range ids {
		at := slices.Index(old, id)
		c.items[to] = append(c.items[to], at)
		if at < 0 {
			name := id
			if f.Type == TypeChecklist {
				name = f.Items[i].Name
			}
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		c.lost = append(c.lost, LostFact{Fact: f.ID, Name: f.Name, Noted: true, Why: "当时没有“" + strings.Join(missing, "、") + "”，重放时按不适用"})
	}
}

// subject is a subject of the other scheme with the facts of this one; refused are facts whose value the other scheme does not allow.
func (c *carrier) subject(s *Scheme, sub *Subject, refused map[int]int) Subject {
	out := s.NewSubject(sub.ID, sub.Period, sub.AsOf)
	for i, from := range c.place {
		if from < 0 {
			continue
		}
		v := sub.Values[from]
		f := &c.to.Facts[i]
		if c.items[i] != nil && v.State == Present {
			items := make([]ItemValue, len(c.items[i]))
			for k, at := range c.items[i] {
				items[k].State = NotApplicable
				if at >= 0 && at < len(v.Items) {
					items[k] = v.Items[at]
				}
			}
			v.Items = items
		}
		if f.refuse(v) != "" {
			refused[i]++
			continue
		}
		if f.Type == TypeText && v.State == Present && len(f.Values) > 0 {
			v.Text = f.Values[f.valueIndex(v.Text)].ID
		}
		out.Values[i] = v
	}
	return out
}

// reads reports whether an operand reads one of some facts.
func (o *operand) reads(facts map[int]bool) bool {
	found := false
	o.facts(func(f int) { found = found || facts[f] })
	return found
}

// reads reports whether an indicator reads one of some facts.
func (ind *indicatorProgram) reads(facts map[int]bool) bool {
	return ind.applies.reads(facts) || slices.ContainsFunc(ind.facts, func(f int) bool { return facts[f] })
}

func (a *adjustProgram) reads(facts map[int]bool) bool {
	return a.when.reads(facts) || a.points.reads(facts) || a.fact >= 0 && facts[a.fact]
}

func (g *gradeProgram) reads(facts map[int]bool) bool {
	return g.of.reads(facts) || g.when.reads(facts) || slices.ContainsFunc(g.needs, func(o operand) bool { return o.reads(facts) })
}

// readersOf names the rules that read a fact.
func (s *Scheme) readersOf(fact int) []string {
	p, facts := s.program, map[int]bool{fact: true}
	var out []string
	for i := range p.indicators {
		if p.indicators[i].reads(facts) {
			out = append(out, "指标“"+s.Indicators[i].Name+"”（"+s.Indicators[i].Max.String()+" 分）")
		}
	}
	for i := range p.adjust {
		if p.adjust[i].reads(facts) {
			out = append(out, "“"+p.adjust[i].decl.Name+"”")
		}
	}
	for i := range p.require {
		if p.require[i].reads(facts) {
			out = append(out, "参评条件“"+s.Eligibility[i].Name+"”")
		}
	}
	for i := range p.grades {
		if p.grades[i].reads(facts) {
			out = append(out, "等级“"+p.grades[i].decl.Label+"”的条件（照旧判断）")
		}
	}
	return out
}

// lostRule is the rule of an indicator whose facts a past period does not have.
type lostRule struct{}

func (lostRule) points(*machine, *indicatorProgram, *Line) (num.Num, absence) {
	return num.Num{}, absence{kind: valueMissing, reason: "这一期没有它的事实"}
}

// leaving is the scheme without what reads facts that nobody has: their indicators are left out and the weights spread again, adjustments and requirements of taking part are not looked at.
func (s *Scheme) leaving(facts map[int]bool) *Scheme {
	if len(facts) == 0 {
		return s
	}
	out := s.without(func(p *program) {
		for i := range p.indicators {
			ind := &p.indicators[i]
			if !ind.reads(facts) {
				continue
			}
			ind.missing = Absent{Mode: AbsentExclude}
			if comparing(ind.rule) == nil {
				ind.rule, ind.applies = lostRule{}, operand{}
			}
		}
		p.adjust = slices.DeleteFunc(p.adjust, func(a adjustProgram) bool { return a.reads(facts) })
	})
	p := out.program
	var require []operand
	var eligibility []Requirement
	for i := range p.require {
		if !p.require[i].reads(facts) {
			require, eligibility = append(require, p.require[i]), append(eligibility, s.Eligibility[i])
		}
	}
	p.require, out.Eligibility = require, eligibility
	return out
}

// rerun is what a scheme makes of the subjects of a past period.
type rerun struct {
	// scheme is the scheme without what reads facts that the period does not have, which lost tells.
	scheme *Scheme
	lost   []LostFact
	// subjects are those of the period with the facts of this scheme, results theirs in the same order, histories their earlier results by subject.
	subjects  []Subject
	results   []Result
	histories map[string]History
}

// run rates all subjects of a period by a scheme that stands beside the one by which they were rated.
func (p *PastPeriod) run(from, to *Scheme, subjects []Subject, earlier func(s *Scheme, e *Earlier) (map[string]Past, error)) (*rerun, error) {
	c := newCarrier(from, to)
	s := to.leaving(c.dropped)
	histories := map[string]History{}
	for i := range to.History {
		found, err := earlier(to, &to.History[i])
		if err != nil {
			return nil, err
		}
		for id, past := range found {
			if histories[id] == nil {
				histories[id] = History{}
			}
			histories[id][to.History[i].ID] = past
		}
		if len(found) == 0 && !slices.ContainsFunc(from.History, func(e Earlier) bool { return e.ID == to.History[i].ID }) {
			name := cmp.Or(to.History[i].Name, to.History[i].ID)
			c.lost = append(c.lost, LostFact{Fact: "history." + to.History[i].ID, Name: "以往结果“" + name + "”", Why: "没有可用的已公布结果", Subjects: len(subjects), Noted: true})
		}
	}
	carried := make([]Subject, len(subjects))
	refused := map[int]int{}
	for i := range subjects {
		carried[i] = c.subject(s, &subjects[i], refused)
	}
	for i := range c.lost {
		if !c.lost[i].Noted {
			c.lost[i].Subjects = len(subjects)
		}
	}
	for i := range to.Facts {
		if n := refused[i]; n > 0 {
			c.lost = append(c.lost, LostFact{Fact: to.Facts[i].ID, Name: to.Facts[i].Name, Why: "当时的数不在现在允许的范围内，按缺数据处理", Readers: to.readersOf(i), Subjects: n})
		}
	}
	var cohort *Cohort
	if s.Compares() {
		var err error
		if cohort, err = NewCohort(s, slices.Values(carried), func(id string) History { return histories[id] }); err != nil {
			return nil, err
		}
	}
	out := make([]Result, len(carried))
	for i := range carried {
		out[i] = Evaluate(s, cohort, carried[i], histories[carried[i].ID])
	}
	return &rerun{scheme: s, lost: c.lost, subjects: carried, results: out, histories: histories}, nil
}

// Replay rates the subjects of a past period by another scheme and tells who moves, by how much and because of which rule: the rules that differ are changed one after the other. from is the file of the scheme to compare
// with, nil for the one by which the period was rated. told hears how many of how many steps are done, and may be nil. Returns Invalid for a file that is no scheme or for damaged facts.
func (p *PastPeriod) Replay(from, to []byte, told func(done, total int)) (*Replay, error) {
	if from == nil {
		from = p.Scheme
	}
	own, err := ParseScheme(p.Scheme)
	if err != nil {
		return nil, err
	}
	before, err := ParseScheme(from)
	if err != nil {
		return nil, err
	}
	way, err := wayBetween(from, to)
	if err != nil {
		return nil, err
	}
	subjects := make([]Subject, len(p.Subjects))
	for i := range p.Subjects {
		if subjects[i], err = own.ReadSubject(p.Subjects[i].Facts); err != nil {
			return nil, fault.Wrap("rating.Replay", fault.Invalid, p.Name+"固定的事实读不出来", err)
		}
	}
	after := way[len(way)-1].scheme
	r := &Replay{Period: p.ID, Name: p.Name, From: before.Version, To: after.Version, Subjects: len(subjects), Rows: make([]ReplayRow, len(subjects))}
	earlier := p.remembered()
	was, err := p.run(own, before, subjects, earlier)
	if err != nil {
		return nil, err
	}
	for i := range p.Subjects {
		sub := &p.Subjects[i]
		r.Rows[i] = ReplayRow{Subject: sub.ID, Name: sub.Name, Place: sub.Place, Firm: sub.Firm, Keys: sub.Keys, Before: was.results[i].given(), BeforeLabel: was.results[i].word()}
	}
	first := was.results
	for n, step := range way {
		next, err := p.run(own, step.scheme, subjects, earlier)
		if err != nil {
			return nil, err
		}
		did := r.step(step.changes, was.results, next.results)
		if did.Moved > 0 {
			r.Steps = append(r.Steps, did)
		}
		if was = next; n == len(way)-1 {
			r.Lost, r.Weights = next.lost, next.scheme.effective(next)
		}
		if told != nil {
			told(n+1, len(way))
		}
	}
	r.finish(before, after, first, was.results)
	return r, nil
}

// remembered asks for the earlier results of each declaration once.
func (p *PastPeriod) remembered() func(s *Scheme, e *Earlier) (map[string]Past, error) {
	known := map[string]map[string]Past{}
	return func(s *Scheme, e *Earlier) (map[string]Past, error) {
		if p.Earlier == nil {
			return nil, nil
		}
		key := fmt.Sprintf("%s/%s/%d", cmp.Or(e.Scheme, s.ID), cmp.Or(e.Rhythm, s.Rhythm), e.Back)
		if found, ok := known[key]; ok {
			return found, nil
		}
		found, err := p.Earlier(s, e)
		known[key] = found
		return found, err
	}
}

// given is the total that counts, nil if there is none.
func (r *Result) given() *num.Num {
	if !r.Total.Counted || r.Status == StatusBlocked || r.Status == StatusIneligible {
		return nil
	}
	x := r.Total.Points
	return &x
}

// word is the grade as people read it.
func (r *Result) word() string {
	if r.Label == "" && r.Status == StatusBlocked {
		return "资料不足"
	}
	return r.Label
}

// step tells what a change of rules did, and notes it at the rows.
func (r *Replay) step(changes []RuleChange, before, after []Result) ReplayStep {
	s := ReplayStep{Changes: changes}
	at := len(r.Steps)
	for i := range before {
		one := RowStep{Step: at}
		a, b := before[i].given(), after[i].given()
		if a != nil && b != nil && !a.Equal(*b) {
			d := b.Sub(*a)
			one.Change = &d
			s.Sum = s.Sum.Add(d)
		}
		if before[i].word() != after[i].word() {
			one.Label = cmp.Or(after[i].word(), "无等级")
			s.Regraded++
		}
		if one.Change == nil && one.Label == "" && (a == nil) == (b == nil) {
			continue
		}
		s.Moved++
		r.Rows[i].By = append(r.Rows[i].By, one)
	}
	return s
}

// finish fills what is told of the whole.
func (r *Replay) finish(from, to *Scheme, before, after []Result) {
	var labels []string
	for _, s := range []*Scheme{to, from} {
		for _, g := range s.Grades.List {
			if !slices.Contains(labels, g.Label) {
				labels = append(labels, g.Label)
			}
		}
	}
	moves := map[string]*GradeMove{}
	move := func(label string) *GradeMove {
		label = cmp.Or(label, "无等级")
		if moves[label] == nil {
			moves[label] = &GradeMove{Label: label}
			if !slices.Contains(labels, label) {
				labels = append(labels, label)
			}
		}
		return moves[label]
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		row.After, row.AfterLabel = after[i].given(), after[i].word()
		move(row.BeforeLabel).Before++
		move(row.AfterLabel).After++
		if a, b := before[i].Level, after[i].Level; a != nil && b != nil {
			row.Way = cmp.Compare(*b, *a)
		}
		if row.Moved() {
			r.Moved++
		}
		switch row.Way {
		case 1:
			r.Up++
		case -1:
			r.Down++
		}
	}
	for _, label := range labels {
		if m := moves[label]; m != nil {
			r.Grades = append(r.Grades, *m)
		}
	}
	r.MeanBefore = mean(r.Rows, func(row *ReplayRow) *num.Num { return row.Before })
	r.MeanAfter = mean(r.Rows, func(row *ReplayRow) *num.Num { return row.After })
	size := func(row *ReplayRow) num.Num {
		if d := row.Change(); d != nil {
			return d.Abs()
		}
		return num.Num{}
	}
	rank := func(row *ReplayRow) int {
		switch {
		case row.Way != 0:
			return 0
		case row.BeforeLabel != row.AfterLabel:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(r.Rows, func(a, b ReplayRow) int {
		return cmp.Or(rank(&a)-rank(&b), size(&b).Cmp(size(&a)), cmp.Compare(a.Subject, b.Subject))
	})
}

// mean of the numbers that are there, to four places.
func mean(rows []ReplayRow, of func(*ReplayRow) *num.Num) *num.Num {
	var sum num.Num
	n := int64(0)
	for i := range rows {
		if x := of(&rows[i]); x != nil {
			sum, n = sum.Add(*x), n+1
		}
	}
	q, err := sum.Quo(num.FromInt(n))
	if err != nil {
		return nil
	}
	q = q.Round(4, num.HalfUp)
	return &q
}

// leaf reports whether points of a node are not made of those of its members, as far as weights are concerned.
func (p *program) leaf(node int) bool {
	if node < len(p.indicators) {
		return true
	}
	switch p.parts[node-len(p.indicators)].method {
	case MethodSum, MethodMean, MethodChoose:
		return false
	}
	return node < len(p.indicators)+len(p.parts)-1
}

// nodeName is the name of an indicator or a part.
func (s *Scheme) nodeName(node int) string {
	if node < len(s.Indicators) {
		return s.Indicators[node].Name
	}
	return s.Parts[node-len(s.Indicators)].Name
}

// weighing adds up what a node, or an indicator of the earlier results behind it, brought to the totals.
type weighing struct {
	id, name string
	points   []num.Num // by subject; what is not there yet is zero
	full     num.Num
}

// note adds points of a subject.
func (w *weighing) note(subject int, points, max num.Num) {
	w.reach(subject + 1)
	w.points[subject] = w.points[subject].Add(points.Round(6, num.HalfUp))
	w.full = w.full.Add(max.Round(6, num.HalfUp))
}

// reach fills up to so many subjects.
func (w *weighing) reach(subjects int) {
	w.points = append(w.points, make([]num.Num, max(0, subjects-len(w.points)))...)
}

// inEarlier tells which indicators of the earlier results make the points of an expression, and how many points of it each gives and could give. ok is false if the expression is anything but a sum of points of their parts,
// each with a factor: then nothing can be said about a single indicator.
func (m *machine) inEarlier(value *operand) (shares []PastShare, ok bool) {
	parts, ok := m.earlierParts(value)
	for i := range parts {
		behind, sums := m.history.behind(&parts[i])
		if ok = ok && sums; !ok {
			return nil, false
		}
		shares = append(shares, behind...)
	}
	return shares, ok && len(shares) > 0
}

// effective compares nominal and effective weights over results that have a total. What a part takes from earlier results stands for itself and, behind it, by their indicators.
func (s *Scheme) effective(made *rerun) []EffectiveWeight {
	p := s.program
	nodes := len(p.indicators) + len(p.parts)
	weighed, behind, vague := make([]weighing, nodes), make([][]*weighing, nodes), make([]bool, nodes)
	var totals []num.Num
	all := num.Num{}
	for i := range made.results {
		r := &made.results[i]
		if r.given() == nil || !r.Base.Counted {
			continue
		}
		factor := s.factors(r)
		m := p.settled(&made.subjects[i], r)
		m.history = made.histories[r.Subject]
		at, total := len(totals), num.Num{}
		note := func(id string, counted bool, got, max num.Num) {
			node := p.nodeIndex[id]
			if !counted || !p.leaf(node) || factor[node].IsZero() {
				return
			}
			w := &weighed[node]
			w.note(at, factor[node].Mul(got), factor[node].Mul(max))
			all = all.Add(factor[node].Mul(max).Round(6, num.HalfUp))
			total = total.Add(w.points[at])
			if node < len(p.indicators) || vague[node] {
				return
			}
			shares, ok := m.inEarlier(&p.parts[node-len(p.indicators)].value)
			vague[node] = !ok
			for _, share := range shares {
				k := slices.IndexFunc(behind[node], func(w *weighing) bool { return w.id == share.ID })
				if k < 0 {
					k, behind[node] = len(behind[node]), append(behind[node], &weighing{id: share.ID, name: share.Name})
				}
				behind[node][k].note(at, factor[node].Mul(share.Points), factor[node].Mul(share.Max))
			}
		}
		for k := range r.Lines {
			note(r.Lines[k].ID, r.Lines[k].Counted, r.Lines[k].Points, r.Lines[k].Max)
		}
		for k := range r.Parts {
			note(r.Parts[k].ID, r.Parts[k].Counted, r.Parts[k].Points, r.Parts[k].Max)
		}
		totals = append(totals, total)
	}
	variance := covariance(totals, totals)
	if len(totals) < 3 || variance.IsZero() || all.IsZero() {
		return nil
	}
	var out []EffectiveWeight
	add := func(of *weighing, in string) {
		percent := func(x, of num.Num) num.Num {
			q, err := x.Mul(hundred).Quo(of)
			if err != nil {
				return num.Num{}
			}
			return q.Round(2, num.HalfUp)
		}
		of.reach(len(totals))
		w := EffectiveWeight{ID: of.id, Name: of.name, In: in, Nominal: percent(of.full, all), Effective: percent(covariance(of.points, totals), variance)}
		switch {
		case w.Effective.Sign() < 0:
			w.Finding = WeightAgainst
		case w.Nominal.Add(w.Nominal).Less(w.Effective) && !w.Effective.Less(w.Nominal.Add(num.FromInt(5))):
			w.Finding = WeightBeyond
		case w.Effective.Mul(num.FromInt(10)).Less(w.Nominal):
			w.Finding = WeightDead
		}
		out = append(out, w)
	}
	for node := range nodes {
		w := &weighed[node]
		if w.full.IsZero() {
			continue
		}
		w.id, w.name = p.id(node), s.nodeName(node)
		add(w, "")
		if vague[node] {
			continue
		}
		for _, b := range behind[node] {
			add(b, w.id)
		}
	}
	return out
}

// covariance of two lists of the same length, not divided by it.
func covariance(a, b []num.Num) num.Num {
	n, err := num.FromInt(1).Quo(num.FromInt(int64(len(a))))
	if err != nil {
		return num.Num{}
	}
	var sumA, sumB, sum num.Num
	for i := range a {
		sumA, sumB, sum = sumA.Add(a[i]), sumB.Add(b[i]), sum.Add(a[i].Mul(b[i]))
	}
	return sum.Sub(sumA.Mul(sumB).Mul(n))
}
