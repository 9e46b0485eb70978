package rating

import (
	"redsteward/internal/fault"
	"redsteward/internal/num"
)

// absence says why there is no value.
type absence struct {
	kind   absenceKind
	reason string
}

type absenceKind uint8

const (
	nothingAbsent absenceKind = iota
	valueMissing              // nobody said, or it cannot be computed
	valueNA                   // it does not apply
)

func failed(err error) absence {
	reason := fault.MessageOf(err)
	if reason == "" {
		reason = "算不出来"
	}
	return absence{kind: valueMissing, reason: reason}
}

// cell is the value of a node or an output while a subject is evaluated.
type cell struct {
	state       cellState
	points, max num.Num
}

type cellState uint8

const (
	cellSkipped cellState = iota // stands below a sheet that was not chosen, or was not computed yet
	cellOut                      // left out
	cellCounted
)

// machine evaluates one subject.
type machine struct {
	p       *program
	sub     *Subject
	cohort  *Cohort
	history History
	said    *Result // the open result of which the given outcomes are taken; nil computes everything

	cells   []cell // indicators, parts, total: the order of program.nodeIndex
	outputs []cell
	running num.Num // the total as the adjustments have left it so far
	total   num.Num
	settled bool // whether total is final

	items []ItemLine
	uses  []FactUse

	current *operand   // the expression being evaluated
	values  exprValues // reads names for current
	gone    absence    // why the last name had no value
}

// takeItems hands out item lines from one block, so that a result costs few allocations.
func (m *machine) takeItems(n int) []ItemLine {
	if n > len(m.items) {
		return make([]ItemLine, n)
	}
	taken := m.items[:n:n]
	m.items = m.items[n:]
	return taken
}

// fact returns a fact, or why there is none.
func (m *machine) fact(i int) (*Value, absence) {
	v := &m.sub.Values[i]
	switch v.State {
	case Present:
		return v, absence{}
	case NotApplicable:
		return v, absence{kind: valueNA, reason: m.p.naReason[i]}
	}
	return v, absence{kind: valueMissing, reason: m.p.missingReason[i]}
}

// number computes an operand that is a number.
func (m *machine) number(o *operand) (num.Num, absence) {
	switch o.kind {
	case operandNumber:
		return o.number, absence{}
	case operandRef:
		return m.read(&o.ref)
	}
	m.current, m.gone = o, absence{}
	x, err := o.expr.Eval(m.values)
	if err != nil {
		if m.gone.kind != nothingAbsent && isNoValue(err) {
			return x, m.gone
		}
		return x, failed(err)
	}
	return x, absence{}
}

// condition computes an operand that is a condition; no operand always holds.
func (m *machine) condition(o *operand) (bool, absence) {
	if o.kind == operandNone {
		return true, absence{}
	}
	x, gone := m.number(o)
	return !x.IsZero(), gone
}

// lookup reads a name of the expression being evaluated.
func (m *machine) lookup(name string) (num.Num, bool) {
	for i, v := range m.current.expr.Vars() {
		if v == name {
			x, gone := m.read(&m.current.refs[i])
			if gone.kind != nothingAbsent {
				m.gone = gone
				return x, false
			}
			return x, true
		}
	}
	return num.Num{}, false
}

// read returns what a name stands for.
func (m *machine) read(r *nameRef) (num.Num, absence) {
	switch r.kind {
	case refFact, refQuotient, refDay, refNumerator, refDenominator, refItem, refAnswers, refValue, refActive:
		v, gone := m.fact(r.a)
		if gone.kind != nothingAbsent {
			return num.Num{}, gone
		}
		return m.readFact(r, v)
	case refKnown:
		v := &m.sub.Values[r.a]
		return truth(v.State == Present && !(m.p.scheme.Facts[r.a].Type == TypeRatio && v.Den.IsZero())), absence{}
	case refPoints, refRate, refCounted:
		return m.readNode(r)
	case refBase:
		return m.readCell(&m.cells[len(m.cells)-1])
	case refRunning:
		return m.running, absence{}
	case refTotal:
		if !m.settled {
			return num.Num{}, absence{kind: valueMissing, reason: "没有总分"}
		}
		return m.total, absence{}
	case refOutput:
		return m.readCell(&m.outputs[r.a])
	case refAsOf:
		return num.FromInt(int64(m.sub.AsOf)), absence{}
	}
	return m.readPast(r)
}

func (m *machine) readFact(r *nameRef, v *Value) (num.Num, absence) {
	switch r.kind {
	case refFact, refNumerator:
		return v.Number, absence{}
	case refDenominator:
		return v.Den, absence{}
	case refQuotient:
		q, err := v.Number.Quo(v.Den)
		if err != nil {
			gone := absence{kind: valueNA, reason: m.p.naReason[r.a]}
			if m.p.scheme.Facts[r.a].ZeroDenominator == "missing" {
				gone = absence{kind: valueMissing, reason: m.p.missingReason[r.a]}
			}
			return q, gone
		}
		return q, absence{}
	case refDay:
		return num.FromInt(int64(v.Day)), absence{}
	case refItem:
		item := &v.Items[r.b]
		if item.State == Present {
			return item.Number, absence{}
		}
		if item.State == NotApplicable {
			return num.Num{}, absence{kind: valueNA, reason: m.p.naReason[r.a]}
		}
		return num.Num{}, absence{kind: valueMissing, reason: m.p.missingReason[r.a]}
	case refAnswers:
		var sum num.Num
		for i := range v.Items {
			sum = sum.Add(v.Items[i].Number)
		}
		return sum, absence{}
	case refValue:
		return truth(v.Text == m.p.scheme.Facts[r.a].Values[r.b].ID), absence{}
	}
	return num.FromInt(int64(len(m.activeEvents(r.a, r.b, nil)))), absence{}
}

// activeEvents returns the valid events of a fact: all for code -1, those of codes if given.
func (m *machine) activeEvents(fact, code int, codes []string) []ItemLine {
	f := &m.p.scheme.Facts[fact]
	v := &m.sub.Values[fact]
	var active []ItemLine
	for i := range v.Events {
		e := &v.Events[i]
		at := f.codeIndex(e.Code)
		if at < 0 || code >= 0 && at != code || len(codes) > 0 && !contains(codes, e.Code) || !f.Codes[at].active(e, m.sub.AsOf) {
			continue
		}
		active = append(active, ItemLine{ID: e.Code, State: Present, Date: e.Date, Until: f.Codes[at].until(e), Source: e.Source})
	}
	return active
}

func (m *machine) readNode(r *nameRef) (num.Num, absence) {
	c := &m.cells[r.a]
	if r.a == len(m.cells)-1 { // points.total and rate.total are those after the adjustments
		if !m.settled {
			return num.Num{}, absence{kind: valueMissing, reason: "没有总分"}
		}
		c = &cell{state: c.state, points: m.total, max: c.max}
	}
	if r.kind == refCounted {
		return truth(c.state == cellCounted), absence{}
	}
	x, gone := m.readCell(c)
	if r.kind == refPoints || gone.kind != nothingAbsent {
		return x, gone
	}
	q, err := x.Quo(c.max)
	if err != nil {
		return q, absence{kind: valueNA, reason: "满分为零，没有得分率"}
	}
	return q, absence{}
}

func (m *machine) readCell(c *cell) (num.Num, absence) {
	if c.state != cellCounted {
		return num.Num{}, absence{kind: valueNA, reason: "没有计入"}
	}
	return c.points, absence{}
}

func (m *machine) readPast(r *nameRef) (num.Num, absence) {
	past, known := m.history[m.p.scheme.History[r.a].ID]
	var x num.Num
	ok := false
	switch r.kind {
	case refPastKnown:
		return truth(known), absence{}
	case refPastTotal:
		x, ok = past.Total, past.HasTotal
	case refPastLevel:
		if past.Level != nil {
			x, ok = num.FromInt(int64(*past.Level)), true
		}
	case refPastGrade:
		x, ok = truth(past.Grade == r.text), known
	case refPastPoints:
		x, ok = past.Points[r.text]
	case refPastRate:
		x, ok = past.Rates[r.text]
	case refPastOutput:
		x, ok = past.Outputs[r.text]
	}
	if !ok {
		return x, absence{kind: valueMissing, reason: "没有以往结果：" + m.p.scheme.History[r.a].ID}
	}
	return x, absence{}
}
