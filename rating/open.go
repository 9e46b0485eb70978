package rating

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"

	"redsteward/internal/num"
)

// openPlan says what of the results of a scheme everybody may see. A part that discloses its total only keeps what stands below it; so does an indicator
// that is kept itself. Kept are also the facts that these read. What reads something kept, other than through the total of a part, is given: everybody sees
// its outcome, and who recomputes the rest takes it as it is.
type openPlan struct {
	nodes   []bool         // indicators, then parts: kept
	facts   []bool         // kept
	keepers []string       // by node that is kept: the part whose total stands for it
	given   map[stage]bool // outcomes that are taken as they are
	adjust  []bool         // adjustments of which the firing is given
	require []bool         // requirements of which the outcome is given
	grade   bool           // the grade of the list is given
	cohort  bool           // the statistics are kept
	any     bool           // anything is kept at all
}

// openness fills program.open.
func (c *schemeChecker) openness() {
	p, s := c.p, c.s
	plan := &openPlan{nodes: make([]bool, len(s.Indicators)+len(s.Parts)+1), facts: make([]bool, len(s.Facts)), keepers: make([]string, len(s.Indicators)+len(s.Parts)+1),
		given: map[stage]bool{}, adjust: make([]bool, len(p.adjust)), require: make([]bool, len(p.require))}
	p.open = plan
	for i := range s.Facts {
		plan.facts[i] = s.Facts[i].Visibility == "internal"
	}
	for node := range plan.nodes[:len(plan.nodes)-1] {
		plan.nodes[node], plan.keepers[node] = c.keeper(node)
		if plan.nodes[node] {
			c.keepFacts(plan, node)
		}
	}
	for i := range s.Parts {
		if s.Parts[i].Disclose == "total" && !plan.nodes[len(s.Indicators)+i] {
			plan.given[stage{stagePart, i}] = true
			c.keepFacts(plan, len(s.Indicators)+i)
		}
	}
	plan.any = slices.Contains(plan.nodes, true) || slices.Contains(plan.facts, true)
	c.givenStages(plan)
}

// keeper says whether a node is kept and which part's total then stands for it; "" if it belongs to no part.
func (c *schemeChecker) keeper(node int) (kept bool, by string) {
	at, in := c.above(node)
	kept = node < len(c.s.Indicators) && c.s.Indicators[node].Disclose == "total"
	for ; at >= 0; at, in = c.above(at) {
		part := at - len(c.s.Indicators)
		if by == "" {
			by = in
		}
		if part < len(c.s.Parts) && c.s.Parts[part].Disclose == "total" {
			kept, by = true, in // the outermost decides
		}
	}
	if !kept {
		by = ""
	}
	return kept, by
}

// above is the part that a node belongs to, -1 for none.
func (c *schemeChecker) above(node int) (int, string) {
	var in string
	switch {
	case node < len(c.s.Indicators):
		in = within(c.s.Indicators[node].In)
	case node < len(c.s.Indicators)+len(c.s.Parts):
		in = within(c.s.Parts[node-len(c.s.Indicators)].In)
	}
	if in == "" {
		return -1, ""
	}
	return c.p.nodeIndex[in], in
}

// keepFacts keeps what a node reads.
func (c *schemeChecker) keepFacts(plan *openPlan, node int) {
	keep := func(f int) {
		if f >= 0 {
			plan.facts[f] = true
		}
	}
	if node < len(c.s.Indicators) {
		for _, f := range c.p.indicators[node].facts {
			keep(f)
		}
		if cmp := comparing(c.p.indicators[node].rule); cmp != nil {
			plan.cohort = true
			keep(cmp.within)
		}
		return
	}
	part := &c.p.parts[node-len(c.s.Indicators)]
	if part.method == MethodChoose {
		keep(part.choose)
	}
	c.eachOperand(part, func(o *operand) { o.facts(keep) })
}

func (c *schemeChecker) eachOperand(part *partProgram, use func(*operand)) {
	use(&part.start)
	use(&part.value)
	for i := range part.steps {
		use(&part.steps[i].when)
		use(&part.steps[i].add)
	}
}

// givenStages finds what reads something kept.
func (c *schemeChecker) givenStages(plan *openPlan) {
	p := c.p
	reads := func(o *operand) bool {
		found := false
		o.facts(func(f int) { found = found || plan.facts[f] })
		o.each(func(r *nameRef) {
			switch r.kind {
			case refPoints, refRate, refCounted:
				found = found || plan.nodes[r.a]
			}
		})
		return found
	}
	guarded := func(guards []guard) bool {
		return slices.ContainsFunc(guards, func(g guard) bool { return plan.facts[g.fact] })
	}
	for i := range p.indicators {
		ind := &p.indicators[i]
		if cmp := comparing(ind.rule); cmp != nil && !plan.nodes[i] && (plan.facts[max(cmp.within, 0)] && cmp.within >= 0 || reads(&cmp.of)) {
			plan.cohort = true
		}
	}
	for i := range p.indicators {
		ind := &p.indicators[i]
		given := guarded(ind.guards) || slices.ContainsFunc(ind.facts, func(f int) bool { return plan.facts[f] }) || reads(&ind.applies) ||
			plan.cohort && comparing(ind.rule) != nil
		ruleOperands(ind.rule, func(o *operand) { given = given || reads(o) }, func(int) {})
		if given && !plan.nodes[i] {
			plan.given[stage{stageIndicator, i}] = true
		}
	}
	for i := range p.parts {
		part := &p.parts[i]
		given := guarded(part.guards) || part.method == MethodChoose && plan.facts[part.choose] ||
			slices.ContainsFunc(part.children, func(m child) bool { return plan.nodes[m.node] })
		c.eachOperand(part, func(o *operand) { given = given || reads(o) })
		if given && !plan.nodes[len(p.indicators)+i] {
			plan.given[stage{stagePart, i}] = true
		}
	}
	for i := range p.outputs {
		if reads(&p.outputs[i].value) {
			plan.given[stage{stageOutput, i}] = true
		}
	}
	for i := range p.adjust {
		a := &p.adjust[i]
		plan.adjust[i] = slices.ContainsFunc(a.facts, func(f int) bool { return plan.facts[f] }) || reads(&a.when) || reads(&a.points)
	}
	for i := range p.require {
		plan.require[i] = reads(&p.require[i])
	}
	for i := range p.grades {
		g := &p.grades[i]
		plan.grade = plan.grade || reads(&g.of) || reads(&g.when) || slices.ContainsFunc(g.needs, func(o operand) bool { return reads(&o) })
	}
}

// KeepsBack reports whether a scheme keeps something from the public: a part that discloses its total only, or a fact that is internal.
func (s *Scheme) KeepsBack() bool { return s.program.open.any }

// Keeps reports whether an indicator or a part stands below a part that discloses its total only, or is kept back itself, or a fact is read by nothing else: the public sees no line of it.
func (s *Scheme) Keeps(id string) bool {
	if node, ok := s.program.nodeIndex[id]; ok {
		return node < len(s.program.open.nodes) && s.program.open.nodes[node]
	}
	fact, ok := s.FactIndex(id)
	return ok && s.program.open.facts[fact]
}

// openFacts are the facts that everybody may see, without those who scored and reviewed.
func (sub *Subject) openFacts() Subject {
	out := *sub
	out.Values = slices.Clone(sub.Values)
	for i := range out.Values {
		if sub.scheme.program.open.facts[i] {
			out.Values[i] = Value{}
		}
		out.Values[i].By, out.Values[i].Reviewed = "", ""
	}
	return out
}

// openResult is the result of open facts as everybody may see it. It shares nothing with r that is changed.
func (s *Scheme) openResult(r *Result, facts string) *Result {
	plan := s.program.open
	out := *r
	out.Facts = facts
	out.Lines, out.Parts, out.Adjust, out.Outputs = nil, nil, slices.Clone(r.Adjust), slices.Clone(r.Outputs)
	for i := range r.Lines {
		at := s.program.nodeIndex[r.Lines[i].ID]
		if plan.nodes[at] {
			continue
		}
		l := r.Lines[i]
		l.Facts = s.openUses(l.Facts)
		if plan.given[stage{stageIndicator, at}] {
			l.Items, l.Value, l.HasValue = nil, num.Num{}, false
		}
		out.Lines = append(out.Lines, l)
	}
	for i := range r.Parts {
		at := s.program.nodeIndex[r.Parts[i].ID]
		if !plan.nodes[at] {
			out.Parts = append(out.Parts, s.openPart(at-len(s.Indicators), r.Parts[i]))
		}
	}
	out.Base, out.Total = s.openPart(len(s.Parts), r.Base), s.openPart(len(s.Parts), r.Total)
	for i := range out.Adjust {
		out.Adjust[i].Facts = s.openUses(out.Adjust[i].Facts)
		if plan.adjust[s.adjustIndex(out.Adjust[i].ID)] {
			out.Adjust[i].Items = nil
		}
	}
	for i := range out.Outputs {
		out.Outputs[i].Facts = s.openUses(out.Outputs[i].Facts)
	}
	out.Blocked = nil
	for _, id := range r.Blocked {
		if at, ok := s.program.nodeIndex[id]; ok && plan.nodes[at] {
			id = plan.keepers[at]
		}
		out.Blocked = append(out.Blocked, id)
	}
	out.sortBlocked()
	return &out
}

// sortBlocked brings the reasons into one order: that in which they arise depends on what is kept.
func (r *Result) sortBlocked() {
	slices.Sort(r.Blocked)
	r.Blocked = slices.Compact(r.Blocked)
}

func (s *Scheme) openPart(i int, p PartLine) PartLine {
	if s.program.open.given[stage{stagePart, i}] {
		p.Steps, p.Chosen = nil, ""
	}
	return p
}

func (s *Scheme) openUses(uses []FactUse) []FactUse {
	var out []FactUse
	for _, u := range uses {
		if s.program.open.facts[s.program.factIndex[u.ID]] {
			continue
		}
		if u.Value != nil {
			v := *u.Value
			v.By, v.Reviewed = "", ""
			u.Value = &v
		}
		out = append(out, u)
	}
	return out
}

func (s *Scheme) adjustIndex(id string) int {
	return slices.IndexFunc(s.Adjust, func(a Adjustment) bool { return a.ID == id })
}

// Kept stands for what a part keeps from the public.
type Kept struct {
	// Part is the part whose total everybody sees, "" for what belongs to no part.
	Part string `json:"part"`
	// Hash is the SHA-256 over salt, part and the lines that are kept: who is shown them later can tell that they were these.
	Hash string `json:"hash"`
}

// keptHash binds the lines of a part: without the salt nobody can try out what they may have been.
func keptHash(salt, part string, lines []byte) string {
	sum := sha256.Sum256([]byte("redsteward kept 1\n" + salt + "\n" + part + "\n" + string(lines)))
	return hex.EncodeToString(sum[:])
}

// kept commits to what a result keeps back, part by part, in the order of their ids.
func (s *Scheme) kept(r *Result, salt string) []Kept {
	plan := s.program.open
	parts := map[string]bool{}
	for i := range s.Parts {
		if s.Parts[i].Disclose == "total" && !plan.nodes[len(s.Indicators)+i] {
			parts[s.Parts[i].ID] = true
		}
	}
	for node, kept := range plan.nodes {
		if kept {
			parts[plan.keepers[node]] = true
		}
	}
	var out []Kept
	for _, part := range slices.Sorted(maps.Keys(parts)) {
		out = append(out, Kept{Part: part, Hash: keptHash(salt, part, s.keptLines(r, part))})
	}
	return out
}

// keptLines are the lines and parts of a result that one part keeps, as canonical JSON, with what the total of the part was made from.
func (s *Scheme) keptLines(r *Result, part string) []byte {
	plan := s.program.open
	of := func(id string) bool {
		at, ok := s.program.nodeIndex[id]
		return ok && plan.nodes[at] && plan.keepers[at] == part
	}
	var lines []*Line
	for i := range r.Lines {
		if of(r.Lines[i].ID) {
			lines = append(lines, &r.Lines[i])
		}
	}
	var parts []*PartLine
	for i := range r.Parts {
		if of(r.Parts[i].ID) || r.Parts[i].ID == part {
			parts = append(parts, &r.Parts[i])
		}
	}
	c := &canon{}
	c.object(func() {
		c.list("lines", len(lines), func(i int) { c.line(lines[i]) })
		c.list("parts", len(parts), func(i int) { c.partLine(parts[i]) })
	})
	return c.b
}

// evaluateOpen recomputes what everybody may see. sub holds the open facts, said is the open result: what is given is taken from it, all else is computed.
func evaluateOpen(s *Scheme, cohort *Cohort, sub Subject, history History, said *Result) *Result {
	r := evaluate(s, cohort, sub, history, said)
	r.Facts = sub.Hash()
	r.Cohort = said.Cohort // the verifier compares it with the statistics, if those are open
	for i := range r.Lines {
		r.Lines[i].Facts = s.openUses(r.Lines[i].Facts)
	}
	for i := range r.Adjust {
		r.Adjust[i].Facts = s.openUses(r.Adjust[i].Facts)
	}
	for i := range r.Outputs {
		r.Outputs[i].Facts = s.openUses(r.Outputs[i].Facts)
	}
	r.sortBlocked()
	return &r
}

// skips reports whether a stage is not computed because it is kept or given; what is given is taken over.
func (m *machine) skips(st stage, r *Result) bool {
	plan := m.p.open
	switch st.kind {
	case stageIndicator:
		if !plan.nodes[st.index] && !plan.given[st] {
			return false
		}
		m.takeLine(st.index, r)
	case stagePart:
		if !plan.nodes[len(m.p.indicators)+st.index] && !plan.given[st] {
			return false
		}
		m.takePart(st.index, r)
	case stageOutput:
		if !plan.given[st] {
			return false
		}
		line := &r.Outputs[st.index]
		line.ID = m.p.outputs[st.index].decl.ID
		if said := m.said.Output(line.ID); said != nil {
			*line = *said
			if said.Known {
				line.Shown = said.Value.Fixed(m.p.outputs[st.index].decimals)
				m.outputs[st.index] = cell{state: cellCounted, points: said.Value}
			}
		}
		if !line.Known {
			m.outputs[st.index].state = cellOut
		}
	default:
		return false
	}
	return true
}

func (m *machine) takeLine(i int, r *Result) {
	id := m.p.indicators[i].decl.ID
	said := m.said.Line(id)
	if said == nil || m.p.open.nodes[i] {
		return
	}
	r.Lines[i] = *said
	m.cells[i].state = cellOut
	if said.Counted {
		m.cells[i] = cell{state: cellCounted, points: said.Points, max: said.Max}
	}
	m.takeBlocked(id, r)
}

func (m *machine) takePart(i int, r *Result) {
	node, part := len(m.p.indicators)+i, &m.p.parts[i]
	if m.p.open.nodes[node] {
		return
	}
	said := m.said.Part(part.id)
	if i == len(m.p.parts)-1 {
		said = &m.said.Base
	}
	m.takeBlocked(part.id, r)
	if said == nil {
		return
	}
	line := *said
	m.cells[node].state = cellOut
	if line.Counted {
		line.Shown = line.Points.Fixed(part.decimals)
		m.cells[node] = cell{state: cellCounted, points: line.Points, max: line.Max}
	}
	r.Parts[i] = line
	if i == len(m.p.parts)-1 {
		r.Base = line
	}
}

// takeBlocked takes over that something blocks the grade.
func (m *machine) takeBlocked(id string, r *Result) {
	if slices.Contains(m.said.Blocked, id) {
		r.Blocked = append(r.Blocked, id)
	}
}

// takeAdjust takes over whether an adjustment fired; false if it is computed.
func (m *machine) takeAdjust(a *adjustProgram, line *AdjustLine, r *Result) (fires, taken bool) {
	at := m.p.scheme.adjustIndex(a.decl.ID)
	if m.said == nil || !m.p.open.adjust[at] {
		return false, false
	}
	i := slices.IndexFunc(m.said.Adjust, func(l AdjustLine) bool { return l.ID == a.decl.ID })
	if i < 0 {
		return false, true
	}
	*line = m.said.Adjust[i]
	if line.Applied {
		return true, true
	}
	m.takeBlocked(a.decl.ID, r)
	r.Adjust = append(r.Adjust, *line)
	return false, true
}

// givenGrade is the place of the grade that the list gave, where it is given: the one before the adjustments of the grade and the limit of promotion.
func (m *machine) givenGrade(fired []AdjustLine) int {
	id := m.said.Grade
	if m.said.Held != "" {
		id = m.said.Held
	}
	if len(fired) > 0 {
		if i := slices.IndexFunc(m.said.Adjust, func(l AdjustLine) bool { return l.ID == fired[0].ID }); i >= 0 {
			id = m.said.Adjust[i].GradeBefore
		}
	}
	if at, ok := m.p.gradeIndex[id]; ok {
		return at
	}
	return -1
}
