package rating

import "redsteward/internal/num"

// program is a scheme made ready for evaluation: ids are replaced by places, expressions are compiled, and the nodes are in an order in
// which each comes after everything it reads.
type program struct {
	scheme       *Scheme
	factIndex    map[string]int
	nodeIndex    map[string]int // indicators first, then parts; "total" is the last node
	outputIndex  map[string]int
	historyIndex map[string]int
	gradeIndex   map[string]int

	indicators []indicatorProgram
	parts      []partProgram // as Scheme.Parts, then the total
	adjust     []adjustProgram
	outputs    []outputProgram
	require    []operand
	grades     []gradeProgram
	rollups    []rollupProgram
	order      []stage
	statistics []statistic // one for each thing compared within the cohort
	open       *openPlan   // what everybody may see

	lines, items, uses int        // how many lines, item lines and fact uses a full trace holds at most, without events
	factOrder          []int      // places of the facts in ascending order of their ids
	itemIDs            [][]string // by place of the fact: the ids of its items or levels
	itemOrder          [][]int    // their places in ascending order
	numeric            []bool     // by place of the fact: whether it is a number
	missingReason      []string
	naReason           []string
}

// stage is one step of the evaluation order.
type stage struct {
	kind  stageKind
	index int
}

type stageKind uint8

const (
	stageIndicator stageKind = iota
	stagePart
	stageTotal // all adjustments of the total
	stageOutput
)

// operand is a value that a rule reads: a constant, a name, or an expression.
type operand struct {
	kind   operandKind
	isBool bool
	number num.Num
	ref    nameRef
	expr   *exprProgram
	refs   []nameRef // of expr.Vars, in their order
}

type operandKind uint8

const (
	operandNone operandKind = iota
	operandNumber
	operandRef
	operandExpr
)

// guard lets a node count only if a text fact has one of some values: it stands below a sheet that the fact chooses.
type guard struct {
	fact   int
	values []string
}

type indicatorProgram struct {
	decl     *Indicator
	min, max num.Num
	span     num.Num // max − min
	applies  operand
	missing  Absent
	na       Absent
	round    Rounding
	rule     compiledRule
	facts    []int // the facts the rule reads, for the trace
	guards   []guard
}

// compiledRule computes the points of one indicator before they are held between min and max.
type compiledRule interface {
	points(m *machine, ind *indicatorProgram, line *Line) (num.Num, absence)
}

type partProgram struct {
	id       string
	agg      *Aggregate
	method   string
	children []child
	full     num.Num // the maximum when nothing is excluded
	max      num.Num // the declared maximum
	choose   int     // fact of method choose
	chosen   map[string]int
	start    operand
	steps    []stepProgram
	value    operand
	round    Rounding
	decimals int
	guards   []guard
}

type child struct {
	node   int
	weight num.Num
}

type stepProgram struct {
	decl *Step
	when operand
	add  operand
}

type adjustProgram struct {
	decl   *Adjustment
	when   operand
	points operand
	fact   int // of events; -1 if none
	codes  []string
	grade  int   // -1 if none
	facts  []int // the facts it reads, for the trace
}

type outputProgram struct {
	decl     *Output
	value    operand
	round    Rounding
	decimals int
	facts    []int // the facts it reads, for the trace
}

type gradeProgram struct {
	decl  *Grade
	of    operand
	needs []operand
	when  operand
}

type rollupProgram struct {
	decl     *Rollup
	by       int
	of       operand
	weight   operand
	round    Rounding
	decimals int
	grades   []gradeProgram
}
