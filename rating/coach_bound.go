package rating

import (
	"slices"

	"redsteward/internal/num"
)

// bound tells what the rest of an effort can bring at most, so that a search need not rate every combination.
//
// It holds because the gains of levers do not reinforce each other where values are only added up: for a sum of members with weights that are not negative, of which some come to count
// only with a lever, the gain of several levers together is at most the sum of the gains of each alone (if R is the rate of what counts already, S its maximum, and a lever brings
// m points of maximum at the rate r, the rate rises by Σ m(r−R) ÷ (S+Σm), which is at most Σ max(0, m(r−R) ÷ (S+m))). A choice of one sheet, an average of earlier results and a ceiling keep that.
// Roundings are left out on both sides and their largest error, slack, is given to the doubt. What the argument does not cover (two levers of one indicator, a fact that a gate or a condition
// reads) is a free lever: all free levers together are taken as fully used once one of them is. Where the scheme itself is not of this kind there is no bound at all.
type bound struct {
	none  bool
	apart []bool // by lever: free
	need  num.Num
	slack num.Num
	// start are the totals of two worlds, the one without any free lever and the one with all of them; gains is what each lever brings by its steps in the better of them, rest what
	// the levers from one on bring at most with an effort.
	start [2]num.Num
	gains [][]num.Num
	rest  [][]num.Num
}

// gain is what the first n steps of a lever bring at most.
func (b *bound) gain(lever, n int) num.Num {
	if b.none || n == 0 || b.apart[lever] {
		return num.Num{}
	}
	return b.gains[lever][n-1]
}

func (b *bound) free(lever int) bool { return b.none || b.apart[lever] }

// mayReach reports whether the levers from one on can, with the effort that is left, come to what is needed.
func (b *bound) mayReach(from, left int, gained num.Num, free bool) bool {
	if b.none {
		return true
	}
	world := 0
	if free || slices.Contains(b.apart[from:], true) {
		world = 1
	}
	return !b.start[world].Add(gained).Add(b.rest[from][left]).Add(b.slack).Less(b.need)
}

// newBound measures the gains, if the schemes are of the kind of which they tell anything.
func newBound(s *search, level, most int) *bound {
	b := &bound{apart: make([]bool, len(s.levers))}
	w := &weave{s: s, apart: b.apart, touched: make([][]bool, len(s.stages)), now: make([]Result, len(s.stages))}
	var ok bool
	if b.need, ok = s.c.Scheme.cutOf(level); !ok || !w.run() {
		b.none = true
		return b
	}
	b.slack = w.slack
	loose := make([]*Scheme, len(s.stages))
	for i := range loose {
		loose[i] = s.stages[i].Scheme.loosened(w.touched[i])
	}
	for i := range s.levers {
		b.gains = append(b.gains, make([]num.Num, len(s.levers[i].Steps)))
	}
	for world := range b.start {
		steps := make([]int, len(s.levers))
		for i := range steps {
			if world == 1 && b.apart[i] {
				steps[i] = len(s.levers[i].Steps)
			}
		}
		r := s.by(steps, loose)
		if b.none = !r.Base.Counted; b.none {
			return b
		}
		start, parts := r.Total.Points, r.Parts
		b.start[world] = start
		for i := range s.levers {
			if b.apart[i] {
				continue
			}
			for n := range s.levers[i].Steps {
				steps[i] = n + 1
				one := s.by(steps, loose)
				if lowersPart(parts, one.Parts) {
					b.none = true
					return b
				}
				b.gains[i][n] = num.Max(b.gains[i][n], one.Total.Points.Sub(start))
			}
			steps[i] = 0
		}
	}
	b.rest = b.knapsack(s.levers, most)
	return b
}

// lowersPart reports whether a part lost points, or does not count any more.
func lowersPart(before, after []PartLine) bool {
	for i := range before {
		at := slices.IndexFunc(after, func(p PartLine) bool { return p.ID == before[i].ID })
		if before[i].Counted && (at < 0 || !after[at].Counted || after[at].Points.Less(before[i].Points)) {
			return true
		}
	}
	return false
}

// knapsack is what the levers from one on bring at most with an effort.
func (b *bound) knapsack(levers []Lever, most int) [][]num.Num {
	rest := make([][]num.Num, len(levers)+1)
	rest[len(levers)] = make([]num.Num, most+1)
	for i := len(levers) - 1; i >= 0; i-- {
		rest[i] = slices.Clone(rest[i+1])
		for left := range rest[i] {
			for n := 1; n <= len(levers[i].Steps) && n*levers[i].Effort <= left; n++ {
				rest[i][left] = num.Max(rest[i][left], b.gain(i, n).Add(rest[i+1][left-n*levers[i].Effort]))
			}
		}
	}
	return rest
}

// richest is the combination without free levers that gains most with an effort.
func (b *bound) richest(levers []Lever, effort int) []int {
	steps := make([]int, len(levers))
	for i := range levers {
		for n := 1; n <= len(levers[i].Steps) && n*levers[i].Effort <= effort; n++ {
			if b.gain(i, n).Sign() > 0 && b.gain(i, n).Add(b.rest[i+1][effort-n*levers[i].Effort]).Equal(b.rest[i][effort]) {
				steps[i], effort = n, effort-n*levers[i].Effort
				break
			}
		}
	}
	return steps
}

// cutOf is the lowest total with which a grade of a level or above can be given; false if such a grade needs none.
func (s *Scheme) cutOf(level int) (num.Num, bool) {
	var cut num.Num
	found := false
	for i := range s.program.grades {
		g := &s.program.grades[i]
		if g.decl.Level == nil || *g.decl.Level < level {
			continue
		}
		at := g.decl.AtLeast
		if at == nil {
			at = g.decl.Above
		}
		if at == nil || g.of.kind != operandRef || g.of.ref.kind != refTotal {
			return cut, false
		}
		if !found || at.Less(cut) {
			cut, found = *at, true
		}
	}
	return cut, found
}

// loosened is the scheme without caps and barriers, and without the roundings of the nodes that move: its total is at least that of the scheme but for those roundings.
func (s *Scheme) loosened(moves []bool) *Scheme {
	return s.without(func(p *program) {
		for i, moves := range moves {
			switch at := i - len(p.indicators); {
			case !moves:
			case at < 0:
				p.indicators[i].round = nil
			default:
				p.parts[at].round = nil
			}
		}
		kept := p.adjust[:0]
		for _, a := range p.adjust {
			if a.decl.Kind == AdjustCap || a.decl.Kind == AdjustRound {
				continue
			}
			if len(a.decl.NotAcross) > 0 {
				open := *a.decl
				open.NotAcross = nil
				a.decl = &open
			}
			kept = append(kept, a)
		}
		p.adjust = kept
	})
}

// weave follows the facts that levers move through the schemes and finds which levers are free, whether the rest is only added up, and how far roundings can lead astray.
type weave struct {
	s       *search
	apart   []bool
	touched [][]bool // by stage: the nodes that a lever with a bound moves
	now     []Result // by stage, with no lever
	all     Result   // with all of them
	slack   num.Num
}

// run reports whether there is a bound.
func (w *weave) run() bool {
	for stage := range w.s.stages {
		w.setApart(stage)
		w.now[stage] = w.s.stages[stage].rate(w.s.stages[stage].Scheme, w.s.stages[stage].History)
	}
	w.now[0], w.all = w.s.kept(make([]int, len(w.s.levers))), w.s.kept(w.s.all())
	for stage := len(w.s.stages) - 1; stage >= 0; stage-- { // the main stage last: it reads the feeds
		if !w.follow(stage) {
			return false
		}
	}
	p := w.s.stages[0].Scheme.program
	return w.adjustments(p) && w.doubt(0, len(w.touched[0])-1, one)
}

// leverOf is the lever that moves a fact in a stage, -1 for none.
func (w *weave) leverOf(stage, fact int) int {
	id := w.s.stages[stage].Scheme.Facts[fact].ID
	for i := range w.s.levers {
		for _, set := range w.s.levers[i].Steps[len(w.s.levers[i].Steps)-1] {
			if set.Stage == stage && set.Fact == id {
				return i
			}
		}
	}
	return -1
}

// setApart marks the levers that share an indicator, or whose fact is read by anything but the rule of an indicator.
func (w *weave) setApart(stage int) {
	p := w.s.stages[stage].Scheme.program
	mark := func(fact int) {
		if fact < 0 {
			return
		}
		if i := w.leverOf(stage, fact); i >= 0 {
			w.apart[i] = true
		}
	}
	for i := range p.indicators {
		ind := &p.indicators[i]
		ind.applies.facts(mark)
		for _, g := range ind.guards {
			mark(g.fact)
		}
		var read []int
		for _, f := range ind.facts {
			if i := w.leverOf(stage, f); i >= 0 && !slices.Contains(read, i) {
				read = append(read, i)
			}
		}
		for _, i := range read {
			w.apart[i] = w.apart[i] || len(read) > 1
		}
	}
	for i := range p.parts {
		part := &p.parts[i]
		part.value.facts(mark)
		part.start.facts(mark)
		for j := range part.steps {
			part.steps[j].when.facts(mark)
			part.steps[j].add.facts(mark)
		}
	}
	for i := range p.adjust {
		for _, f := range p.adjust[i].facts {
			mark(f)
		}
	}
	for i := range p.outputs {
		p.outputs[i].value.facts(mark)
	}
	for i := range p.require {
		p.require[i].facts(mark)
	}
	for i := range p.grades {
		g := &p.grades[i]
		g.of.facts(mark)
		g.when.facts(mark)
		for j := range g.needs {
			g.needs[j].facts(mark)
		}
	}
}

// moves reports whether an operand reads a node that moves, or an earlier result that does.
func (w *weave) moves(stage int, o *operand) (nodes, past bool) {
	o.each(func(r *nameRef) {
		switch r.kind {
		case refPoints, refRate:
			nodes = nodes || w.touched[stage][r.a]
		case refBase, refRunning, refTotal:
			nodes = true
		case refPastTotal, refPastLevel, refPastGrade, refPastPoints, refPastRate:
			past = past || w.feedOf(stage, r) != nil
		}
	})
	return nodes, past
}

// feedOf is the feed that a name of the history stands for, if something of it moves; nil otherwise.
func (w *weave) feedOf(stage int, r *nameRef) *int {
	if stage > 0 {
		return nil // what a feed reads is settled
	}
	for i := range w.s.c.Feeds {
		if w.s.c.Feeds[i].ID == w.s.stages[0].Scheme.History[r.a].ID {
			at := i + 1
			if node, ok := w.s.stages[at].Scheme.program.nodeIndex[r.text]; r.kind == refPastPoints && ok && !w.touched[at][node] {
				return nil
			}
			return &at
		}
	}
	return nil
}

// follow marks the nodes of a stage that move, and reports whether what moves is only added up.
func (w *weave) follow(stage int) bool {
	p := w.s.stages[stage].Scheme.program
	touched := make([]bool, len(p.indicators)+len(p.parts))
	w.touched[stage] = touched
	still := func(operands ...*operand) bool {
		for _, o := range operands {
			if nodes, past := w.moves(stage, o); nodes || past {
				return false
			}
		}
		return true
	}
	for _, st := range p.order {
		switch st.kind {
		case stageIndicator:
			ind := &p.indicators[st.index]
			operands := []*operand{&ind.applies}
			ruleOperands(ind.rule, func(o *operand) { operands = append(operands, o) }, func(int) {})
			if !still(operands...) || ind.compares() {
				return false
			}
			for _, f := range ind.facts {
				i := w.leverOf(stage, f)
				touched[st.index] = touched[st.index] || i >= 0 && !w.apart[i]
			}
		case stagePart:
			part := &p.parts[st.index]
			for i := range part.steps {
				if !still(&part.start, &part.steps[i].when, &part.steps[i].add) {
					return false
				}
			}
			below := slices.ContainsFunc(part.children, func(c child) bool { return touched[c.node] })
			nodes, past := w.moves(stage, &part.value)
			if nodes || (below || past) && part.agg.Least != nil || below && part.method != MethodSum && part.method != MethodChoose {
				return false
			}
			touched[len(p.indicators)+st.index] = below || past
		}
	}
	return true
}

// compares reports whether an indicator compares subjects with each other.
func (ind *indicatorProgram) compares() bool {
	switch ind.rule.(type) {
	case *minMaxProgram, *zScoreProgram, *percentileProgram:
		return true
	}
	return false
}

// adjustments reports whether what happens to the total depends on nothing that moves, and lifts it by no floor.
func (w *weave) adjustments(p *program) bool {
	for i := range p.adjust {
		a := &p.adjust[i]
		switch a.decl.Kind {
		case AdjustFloor, AdjustFloorGrade:
			return false
		case AdjustVoid, AdjustCapGrade:
			continue // they lower only
		case AdjustRound:
			w.round(a.decl.Round, one)
		}
		for _, o := range []*operand{&a.when, &a.points} {
			if nodes, past := w.moves(0, o); nodes || past {
				return false
			}
		}
	}
	return true
}

// round gives the error of a rounding to the doubt, enlarged by what stands between it and the total.
func (w *weave) round(r Rounding, enlarged num.Num) {
	for _, step := range r {
		half := num.FromFrac(1, 2)
		for range step.Places {
			half = half.Mul(num.FromFrac(1, 10))
		}
		w.slack = w.slack.Add(half.Mul(enlarged))
	}
}

// doubt adds up the errors of the roundings at and below a node that moves; false if what stands between is not only added up.
func (w *weave) doubt(stage, node int, enlarged num.Num) bool {
	p := w.s.stages[stage].Scheme.program
	if !w.touched[stage][node] {
		return true
	}
	if node < len(p.indicators) {
		w.round(p.indicators[node].round, enlarged)
		return true
	}
	part := &p.parts[node-len(p.indicators)]
	w.round(part.round, enlarged)
	if part.method == MethodExpr {
		return w.straight(stage, part, enlarged)
	}
	if part.method == MethodSum {
		enlarged = enlarged.Mul(w.scale(stage, part))
	}
	for _, c := range part.children {
		below := enlarged
		if part.method == MethodSum {
			below = enlarged.Mul(c.weight)
		}
		if c.weight.Sign() < 0 || !w.doubt(stage, c.node, below) {
			return false
		}
	}
	return true
}

// scale is by how much a sum enlarges its members at most because some of them do not count: as much as now, since with a lever more of them count.
func (w *weave) scale(stage int, part *partProgram) num.Num {
	if part.agg.WhenExcluded == "shrink" {
		return one
	}
	p, r := w.s.stages[stage].Scheme.program, &w.now[stage]
	var counted, least num.Num
	for _, c := range part.children {
		max := num.Num{}
		if c.node < len(p.indicators) {
			max = c.weight.Mul(p.indicators[c.node].max)
			if line := r.Line(p.id(c.node)); line != nil && line.Counted {
				counted = counted.Add(max)
			}
		} else {
			max = c.weight.Mul(p.parts[c.node-len(p.indicators)].max)
			if of := r.Part(p.id(c.node)); of != nil && of.Counted {
				counted = counted.Add(max)
			}
		}
		if max.Sign() > 0 && (least.IsZero() || max.Less(least)) {
			least = max
		}
	}
	if counted.IsZero() {
		counted = least
	}
	if q, err := part.max.Quo(counted); err == nil && one.Less(q) {
		return q
	}
	return one
}

// straight reports whether the expression of a part only adds, subtracts and scales the points of feeds that move, and follows them there.
func (w *weave) straight(stage int, part *partProgram, enlarged num.Num) bool {
	o := &part.value
	if o.kind == operandRef {
		return w.follows(stage, &o.ref, enlarged)
	}
	var walk func(n *exprNode, enlarged num.Num) bool
	walk = func(n *exprNode, enlarged num.Num) bool {
		if !w.varies(stage, n, o.refs) {
			return true
		}
		switch n.op {
		case opVar:
			return w.follows(stage, &o.refs[n.index], enlarged)
		case opAdd, opSub:
			return walk(&n.args[0], enlarged) && walk(&n.args[1], enlarged)
		case opNeg:
			return walk(&n.args[0], enlarged)
		case opMul:
			a, b := &n.args[0], &n.args[1]
			if w.varies(stage, a, o.refs) {
				a, b = b, a
			}
			x, known := w.settled(a, o.refs)
			return known && walk(b, enlarged.Mul(x.Abs()))
		case opQuo:
			x, known := w.settled(&n.args[1], o.refs)
			q, err := enlarged.Quo(x.Abs())
			return known && err == nil && walk(&n.args[0], q)
		case opIf:
			return !w.varies(stage, &n.args[0], o.refs) && walk(&n.args[1], enlarged) && walk(&n.args[2], enlarged)
		}
		return false
	}
	return walk(&o.expr.root, enlarged)
}

// follows goes on in the feed that a name stands for.
func (w *weave) follows(stage int, r *nameRef, enlarged num.Num) bool {
	at := w.feedOf(stage, r)
	if at == nil {
		return true
	}
	node, ok := w.s.stages[*at].Scheme.program.nodeIndex[r.text]
	return r.kind == refPastPoints && ok && w.doubt(*at, node, enlarged)
}

// varies reports whether something below an operation moves with a lever.
func (w *weave) varies(stage int, n *exprNode, refs []nameRef) bool {
	if n.op == opVar || n.op == opFlag {
		r := &refs[n.index]
		switch r.kind {
		case refPastTotal, refPastLevel, refPastGrade, refPastPoints, refPastRate, refPastOutput:
			return w.feedOf(stage, r) != nil
		case refOutput:
			_, known := w.settled(n, refs)
			return !known
		}
		return false
	}
	return slices.ContainsFunc(n.args, func(a exprNode) bool { return w.varies(stage, &a, refs) })
}

// settled returns a number or an output that is the same with no lever and with all of them; as better facts do not lower an output that counts something and raise it again, it is then the same in between.
func (w *weave) settled(n *exprNode, refs []nameRef) (num.Num, bool) {
	switch {
	case n.op == opNumber:
		return n.value, true
	case n.op == opVar && refs[n.index].kind == refOutput:
		id := w.s.stages[0].Scheme.Outputs[refs[n.index].a].ID
		before, after := w.now[0].Output(id), w.all.Output(id)
		if before.Known && after.Known && before.Value.Equal(after.Value) {
			return before.Value, true
		}
	}
	return num.Num{}, false
}
