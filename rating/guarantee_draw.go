package rating

import (
	"math/rand/v2"
	"slices"

	"redsteward/internal/num"
)

// drawer draws subjects and earlier results at random, for trials. Values lie on the thresholds of the rules and next to them far more often
// than chance would have it, because that is where rules break.
type drawer struct {
	s      *Scheme
	rng    *rand.Rand
	points [][]num.Num // by fact: values at which some rule changes
	asOf   Date

	flags  map[string]bool // outputs of earlier results, as <earlier>/<output>, that are compared with 0 and 1 only
	graded map[string]bool // earlier results of which the grade is read
}

func newDrawer(s *Scheme, seed uint64) *drawer {
	d := &drawer{s: s, rng: rand.New(rand.NewPCG(seed, 0x5eed)), asOf: s.Valid.From + 45, points: make([][]num.Num, len(s.Facts))}
	if s.Valid.From == 0 {
		d.asOf, _ = ParseDate("2027-03-31")
	}
	for i := range s.Facts {
		d.points[i] = s.thresholds(i)
	}
	d.readsOfPast()
	return d
}

// readsOfPast finds out what earlier results are asked for: an output that is only compared with 0 and 1 has no other value, and of another rhythm nobody knows the grades.
func (d *drawer) readsOfPast() {
	d.flags, d.graded = map[string]bool{}, map[string]bool{}
	if d.s.Promotion != nil {
		d.graded[d.s.Promotion.From] = true
	}
	look := func(o *operand, r *nameRef) {
		id := ""
		if r.kind == refPastGrade || r.kind == refPastLevel || r.kind == refPastOutput {
			id = d.s.History[r.a].ID
		}
		switch r.kind {
		case refPastGrade, refPastLevel:
			d.graded[id] = true
		case refPastOutput:
			flag := o.expr != nil
			if flag {
				o.expr.root.constants(func(x num.Num) { flag = flag && (x.IsZero() || x.Equal(one)) })
			}
			was, asked := d.flags[id+"/"+r.text]
			d.flags[id+"/"+r.text] = flag && (was || !asked)
		}
	}
	d.s.program.operands(func(o *operand) {
		if o.kind == operandRef {
			look(o, &o.ref)
		}
		for i := range o.refs {
			look(o, &o.refs[i])
		}
	})
}

// thresholds gathers the constants that rules compare a fact with.
func (s *Scheme) thresholds(fact int) []num.Num {
	f := &s.Facts[fact]
	points := []num.Num{{}, num.FromInt(1)}
	add := func(xs ...*num.Num) {
		for _, x := range xs {
			if x != nil {
				points = append(points, *x)
			}
		}
	}
	add(f.Min, f.Max)
	about := func(o *operand) bool {
		found := false
		o.facts(func(i int) { found = found || i == fact })
		return found
	}
	bounds := func(b *Bounds) { add(b.AtLeast, b.Above, b.AtMost, b.Below) }
	s.program.operands(func(o *operand) {
		if o.expr != nil && about(o) {
			o.expr.root.constants(func(x num.Num) { points = append(points, x) })
		}
	})
	for i := range s.program.indicators {
		ind := &s.program.indicators[i]
		if !slices.Contains(ind.facts, fact) {
			continue
		}
		switch r := ind.decl.Rule.(type) {
		case *TiersRule:
			for j := range r.Tiers {
				bounds(&r.Tiers[j].Bounds)
			}
		case *TargetRule:
			add(&r.Zero, &r.Target)
		case *GoalpostsRule:
			add(&r.Low, &r.High)
		case *ChecklistRule:
			add(&r.Scale)
		case *DeductionsRule:
			points = append(points, num.FromInt(2), num.FromInt(5))
		case *LinearRule:
			if q, err := ind.span.Quo(r.Each.Abs()); err == nil {
				points = append(points, q, q.Neg())
			}
		}
	}
	for i := range s.program.grades {
		g := &s.program.grades[i]
		if about(&g.of) {
			bounds(&g.decl.Bounds)
		}
		for j := range g.needs {
			if about(&g.needs[j]) {
				bounds(&g.decl.Needs[j].Bounds)
			}
		}
	}
	slices.SortFunc(points, num.Num.Cmp)
	return slices.CompactFunc(points, num.Num.Equal)
}

// constants calls f for every number in an expression.
func (n *exprNode) constants(f func(num.Num)) {
	if n.op == opNumber {
		f(n.value)
	}
	for i := range n.args {
		n.args[i].constants(f)
	}
}

// pick draws a number that the fact may have: on a threshold, near one, or anywhere between the outermost.
func (d *drawer) pick(fact int) num.Num {
	points := d.points[fact]
	x := points[d.rng.IntN(len(points))]
	switch d.rng.IntN(4) {
	case 0:
		x = x.Add(num.FromFrac(int64(d.rng.IntN(3)-1), []int64{1, 10, 100, 1000}[d.rng.IntN(4)]))
	case 1, 2:
		low, high := points[0], points[len(points)-1]
		if d.s.Facts[fact].Max == nil {
			high = high.Add(num.FromInt(1)).Mul(num.FromFrac(5, 4))
		}
		x = low.Add(high.Sub(low).Mul(num.FromFrac(int64(d.rng.IntN(1001)), 1000)))
	}
	return d.hold(fact, x)
}

// hold moves a number into what the declaration allows.
func (d *drawer) hold(fact int, x num.Num) num.Num {
	f := &d.s.Facts[fact]
	if f.Type == TypeCount || f.Type == TypeSurvey {
		x = num.Max(x.Round(0, num.HalfUp), num.Num{})
	}
	if f.Type == TypeRatio {
		x = num.Max(x, num.Num{})
	}
	return clamp(x, f.Min, f.Max)
}

// subject draws all facts; one in gaps of them is missing or does not apply, none if gaps is 0.
func (d *drawer) subject(id string, gaps int) Subject {
	sub := d.s.NewSubject(id, "", d.asOf)
	for i := range sub.Values {
		sub.Values[i] = d.value(i, gaps)
	}
	return sub
}

func (d *drawer) value(fact, gaps int) Value {
	f := &d.s.Facts[fact]
	if gaps > 0 && d.rng.IntN(gaps) == 0 {
		return Value{State: State(d.rng.IntN(2))} // missing or not applicable
	}
	switch f.Type {
	case TypeRatio:
		den := num.FromInt(int64(1 + d.rng.IntN(60)))
		if gaps > 0 && d.rng.IntN(2*gaps) == 0 {
			den = num.Num{}
		}
		return Ratio(d.pick(fact).Mul(den), den)
	case TypeBool:
		return Bool(d.rng.IntN(2) == 0)
	case TypeText:
		if len(f.Values) == 0 {
			return Text([]string{"甲", "乙", "丙"}[d.rng.IntN(3)])
		}
		return Text(f.Values[d.rng.IntN(len(f.Values))].ID)
	case TypeDate:
		return Day(d.asOf - Date(d.rng.IntN(900)-100))
	case TypeChecklist:
		v := Value{State: Present}
		for range f.Items {
			item := ItemValue{State: Present, Number: d.pick(fact)}
			if gaps > 0 && d.rng.IntN(gaps) == 0 {
				item = ItemValue{State: State(d.rng.IntN(2))}
			}
			v.Items = append(v.Items, item)
		}
		return v
	case TypeSurvey:
		v := Value{State: Present}
		answers := int64(0)
		for range f.Levels {
			n := int64(d.rng.IntN(60) * d.rng.IntN(2))
			answers += n
			v.Items = append(v.Items, ItemValue{State: Present, Number: num.FromInt(n)})
		}
		v.Number = num.FromInt(answers + int64(d.rng.IntN(300)))
		return v
	case TypeEvents:
		v := Value{State: Present}
		for len(f.Codes) > 0 && d.rng.IntN(3) == 0 {
			v.Events = append(v.Events, d.event(f))
		}
		return v
	}
	return Number(d.pick(fact))
}

func (d *drawer) event(f *Fact) Event {
	code := &f.Codes[d.rng.IntN(len(f.Codes))]
	e := Event{Code: code.ID, Date: d.asOf - Date(d.rng.IntN(400))}
	if code.Points == nil {
		e.Points = f.ownPoints(num.FromFrac(int64(d.rng.IntN(20)+1), 2))
		if f.Better == "" && d.rng.IntN(2) == 0 {
			*e.Points = e.Points.Neg()
		}
	}
	return e
}

// ownPoints are the points that an event brings along: above zero where more events are better, below where fewer are.
func (f *Fact) ownPoints(x num.Num) *num.Num {
	if f.Better == "lower" {
		x = x.Neg()
	}
	return &x
}

// past draws an earlier result of every kind that the scheme reads; one in gaps of them is missing, none if gaps is 0.
func (d *drawer) past(gaps int) History {
	h := History{}
	for i := range d.s.History {
		if gaps == 0 || d.rng.IntN(gaps) > 0 {
			share := num.FromFrac(int64(d.rng.IntN(101)), 100)
			h[d.s.History[i].ID] = d.earlier(&d.s.History[i], share, []num.Num{one, share, share.Mul(hundred)}[d.rng.IntN(3)])
		}
	}
	return h
}

// earlier is an earlier result about as good as the share says, with the given number as its other outputs.
func (d *drawer) earlier(e *Earlier, share, output num.Num) Past {
	p := Past{Hash: "drawn", Points: map[string]num.Num{}, Rates: map[string]num.Num{}, Outputs: map[string]num.Num{}}
	p.Total, p.HasTotal = share.Mul(hundred), true
	if list := d.s.Grades.List; len(list) > 0 {
		if g := &list[d.rng.IntN(len(list))]; d.graded[e.ID] {
			p.Grade, p.Level = g.ID, g.Level
		}
	}
	for _, id := range e.Parts {
		full := hundred
		if node, ok := d.s.program.nodeIndex[id]; ok {
			full = d.s.program.fullOf(node)
		}
		p.Rates[id], p.Points[id] = share, share.Mul(full)
	}
	for _, id := range e.Outputs {
		p.Outputs[id] = output
		if d.flags[e.ID+"/"+id] {
			p.Outputs[id] = num.Min(output.Round(0, num.HalfUp), one)
		}
	}
	return p
}

// cohort compares subjects with 30 drawn ones; nil if the scheme compares nobody.
func (d *drawer) cohort() (*Cohort, error) {
	if len(d.s.program.statistics) == 0 {
		return nil, nil
	}
	subjects := make([]Subject, 30)
	for i := range subjects {
		subjects[i] = d.subject("drawn-"+num.FromInt(int64(i)).String(), 0)
	}
	return NewCohort(d.s, slices.Values(subjects), nil)
}
