package rating

import "redsteward/internal/num"

// FormatVersion is the only value of the key format that this package reads.
const FormatVersion = 1

// EngineVersion names the semantics of Evaluate. Changed semantics get a new number; the old one stays computable.
const EngineVersion = 1

// Limits of a scheme file. They keep a hostile file from costing more than a moment.
const (
	// MaxSchemeBytes is the largest scheme file.
	MaxSchemeBytes = 1 << 20
	// maxDepth is how deep mappings and lists may be nested.
	maxDepth = 32
	// maxProblems is how many problems are reported one by one; more are counted.
	maxProblems = 200
)

// Scheme is one version of a published rule, as its file says it, checked and compiled. It is immutable after ParseScheme and safe for
// concurrent use. In the tags, yaml names the key, doc explains it in Chinese for the JSON Schema, enum lists the allowed words,
// and pattern names the shape of an identifier.
type Scheme struct {
	Format      int           `yaml:"format,required" doc:"格式版本，固定为 1"`
	ID          string        `yaml:"id,required" pattern:"slug" doc:"方案编号，例如 five-goods"`
	Version     string        `yaml:"version,required" pattern:"version" doc:"方案版本，例如 2027.1"`
	Title       string        `yaml:"title,required" doc:"方案名称"`
	Basis       string        `yaml:"basis" doc:"方案的依据（文件、文号）"`
	Proposal    bool          `yaml:"proposal" doc:"true 表示没有注明依据的数字都是建议，尚未被采纳"`
	Note        string        `yaml:"note" doc:"说明"`
	Engine      int           `yaml:"engine,required" doc:"计算引擎版本，固定为 1"`
	Valid       Validity      `yaml:"valid" doc:"方案的有效期"`
	Rhythm      string        `yaml:"rhythm" enum:"month quarter half year none" doc:"评价周期"`
	Defaults    Defaults      `yaml:"defaults" doc:"各指标没有另行声明时的规则"`
	Table       *Table        `yaml:"table" doc:"从表格读取时的约定"`
	Voices      []Voice       `yaml:"voices" doc:"评价主体（只是视角，不是第二次加权）"`
	Facts       []Fact        `yaml:"facts,required" doc:"事实（输入数据）"`
	History     []Earlier     `yaml:"history" doc:"要用到的以往结果"`
	Indicators  []Indicator   `yaml:"indicators,required" doc:"指标"`
	Parts       []Part        `yaml:"parts" doc:"部分（维度），可以多层"`
	Total       Aggregate     `yaml:"total" doc:"总分的合成方法"`
	Adjust      []Adjustment  `yaml:"adjust" doc:"总分合成之后，按顺序执行的加分、扣分、封顶、保底、否决"`
	Outputs     []Output      `yaml:"outputs" doc:"其他有名称的结果"`
	Eligibility []Requirement `yaml:"eligibility" doc:"参评条件"`
	Grades      Grades        `yaml:"grades" doc:"等级"`
	Promotion   *Promotion    `yaml:"promotion" doc:"升级限制"`
	Rollups     []Rollup      `yaml:"rollups" doc:"汇总（例如由小区汇总到企业）"`

	// Hash is the SHA-256 of the file, 64 hex digits.
	Hash string `yaml:"-"`

	program *program
}

// Validity is a span of dates; both ends belong to it, and an empty end is open.
type Validity struct {
	From  Date `yaml:"from" doc:"起始日（含）"`
	Until Date `yaml:"until" doc:"截止日（含）"`
}

// Defaults are the rules of every indicator, part and output that does not say otherwise.
type Defaults struct {
	Missing        *Absent  `yaml:"missing" doc:"缺数据时：exclude 剔除并重新分配权重 / zero 记零分 / block 不评等级 / {points: 数值}"`
	NotApplicable  *Absent  `yaml:"na" doc:"不适用时，写法同 missing"`
	RoundIndicator Rounding `yaml:"round_indicators" doc:"指标得分的修约"`
	RoundPart      Rounding `yaml:"round_parts" doc:"部分得分的修约"`
	RoundOutput    Rounding `yaml:"round_outputs" doc:"其他结果的修约"`
	Decimals       *int     `yaml:"decimals" doc:"显示的小数位数，默认 2"`
}

// Absent says what happens to a value that is missing or does not apply.
type Absent struct {
	// Mode is exclude, zero, points or block.
	Mode string
	// Points is the fixed value of mode points.
	Points num.Num
}

// The modes of Absent.
const (
	AbsentExclude = "exclude" // left out; the weights of the others are spread again.
	AbsentZero    = "zero"    // counted with no points.
	AbsentPoints  = "points"  // counted with a fixed number of points.
	AbsentBlock   = "block"   // left out, and no grade is given.
)

// Rounding is a list of roundings applied one after the other; nil means not declared, an empty list hands the full value on.
type Rounding []RoundStep

// RoundStep is one rounding.
type RoundStep struct {
	Places int
	Mode   num.Mode
}

// Expr is an expression over facts, points and results, as README.md describes; a bare fact id is the simplest one.
type Expr string

// Table says how subjects are read from a table.
type Table struct {
	ID        []string `yaml:"id,required" doc:"组成编号的列"`
	Separator string   `yaml:"separator" doc:"编号各段之间的连接符，默认 /"`
	AsOf      string   `yaml:"as_of" doc:"作为评价日期的列（可选）"`
	NAWords   []string `yaml:"na" doc:"表示不适用的写法，例如 N/A"`
	Blank     string   `yaml:"blank" enum:"missing na error" doc:"空白单元格的含义，默认 missing"`
}

// Voice is who speaks through an indicator. It is a view over the points, never a second weighting.
type Voice struct {
	ID   string   `yaml:"id,required" pattern:"id" doc:"编号"`
	Name string   `yaml:"name,required" doc:"名称"`
	From *num.Num `yaml:"from" doc:"占比下限（百分数），超出时检查给出提醒"`
	To   *num.Num `yaml:"to" doc:"占比上限（百分数）"`
}

// The types of facts.
const (
	TypeNumber    = "number"    // any exact number.
	TypeCount     = "count"     // a whole number, not negative.
	TypeRatio     = "ratio"     // numerator and denominator.
	TypeBool      = "bool"      // yes or no.
	TypeText      = "text"      // one of the declared values, or free text if none are declared.
	TypeDate      = "date"      // a day.
	TypeChecklist = "checklist" // one number or N/A for each declared item.
	TypeSurvey    = "survey"    // answers counted by level, and the population asked.
	TypeEvents    = "events"    // dated events with a code.
)

// Fact declares one input.
type Fact struct {
	ID              string      `yaml:"id,required" pattern:"id" doc:"编号，表达式中直接使用"`
	Name            string      `yaml:"name,required" doc:"名称"`
	Type            string      `yaml:"type,required" enum:"number count ratio bool text date checklist survey events" doc:"类型"`
	Unit            string      `yaml:"unit" doc:"单位"`
	Source          string      `yaml:"source" pattern:"source" doc:"采集规则的编号"`
	Otherwise       string      `yaml:"otherwise" pattern:"source" doc:"source 对某个项目在取数范围内没有任何记录时改取的采集规则的编号"`
	Upload          int         `yaml:"upload" doc:"每个项目每期要上传几次材料，默认 0（免报）"`
	Basis           string      `yaml:"basis" doc:"依据"`
	Proposal        bool        `yaml:"proposal" doc:"true 表示是建议"`
	Visibility      string      `yaml:"visibility" enum:"public internal" doc:"可否公开，默认 public"`
	Window          string      `yaml:"window" enum:"period year last_12_months at_cutoff ever" doc:"取数范围，默认 period"`
	Better          string      `yaml:"better" enum:"higher lower" doc:"越大越好还是越小越好"`
	Min             *num.Num    `yaml:"min" doc:"允许的最小值"`
	Max             *num.Num    `yaml:"max" doc:"允许的最大值"`
	Values          []TextValue `yaml:"values" doc:"文本的全部取值"`
	ZeroDenominator string      `yaml:"zero_denominator" enum:"na missing" doc:"分母为零时视为不适用（默认）还是缺数据"`
	Items           []Item      `yaml:"items" doc:"检查表的条目"`
	Levels          []Level     `yaml:"levels" doc:"问卷的选项"`
	Codes           []Code      `yaml:"codes" doc:"事件的代码"`
	Column          string      `yaml:"column" doc:"表格中的列名"`
	Numerator       string      `yaml:"numerator" doc:"表格中分子的列名"`
	Denominator     string      `yaml:"denominator" doc:"表格中分母的列名"`
	Population      string      `yaml:"population" doc:"表格中调查总户数的列名"`
	ColumnOptional  bool        `yaml:"column_optional" doc:"true 表示表格可以没有这一列，此时视为缺数据"`
	NAWords         []string    `yaml:"na" doc:"这一列另外表示不适用的写法"`
	Note            string      `yaml:"note" doc:"说明"`
}

// TextValue is one value that a text fact may have.
type TextValue struct {
	ID   string `yaml:"id,required" pattern:"id" doc:"编号，规则和表达式中使用"`
	Text string `yaml:"text,required" doc:"文字，表格中使用"`
}

// Item is one line of a checklist.
type Item struct {
	ID     string   `yaml:"id,required" pattern:"id" doc:"编号"`
	Name   string   `yaml:"name,required" doc:"条目内容"`
	Weight *num.Num `yaml:"weight" doc:"权重，默认 1"`
	Column string   `yaml:"column" doc:"表格中的列名"`
}

// Level is one answer of a survey question.
type Level struct {
	ID     string  `yaml:"id,required" pattern:"id" doc:"编号"`
	Name   string  `yaml:"name,required" doc:"选项文字"`
	Worth  num.Num `yaml:"worth,required" doc:"折算值，0 到 1"`
	Column string  `yaml:"column" doc:"表格中的列名"`
}

// Code is one kind of event.
type Code struct {
	ID     string   `yaml:"id,required" pattern:"code" doc:"代码"`
	Name   string   `yaml:"name,required" doc:"事项"`
	Class  string   `yaml:"class" pattern:"id" doc:"类别，用于分类封顶"`
	Points *num.Num `yaml:"points" doc:"分值（扣分写负数）；不写则每件事项自带分值"`
	Months int      `yaml:"months" doc:"有效月数；0 表示没有期限，事项自带截止日的以其为准"`
	Basis  string   `yaml:"basis" doc:"依据"`
}

// Earlier declares an earlier result that this scheme reads.
type Earlier struct {
	ID       string   `yaml:"id,required" pattern:"id" doc:"编号，例如 previous"`
	Name     string   `yaml:"name" doc:"名称"`
	Scheme   string   `yaml:"scheme" pattern:"slug" doc:"产生该结果的方案，默认本方案"`
	Rhythm   string   `yaml:"rhythm" enum:"month quarter half year" doc:"产生该结果的评价周期，默认与本方案相同"`
	Back     int      `yaml:"back,required" doc:"倒数第几期，1 表示最近一期"`
	Required bool     `yaml:"required" doc:"true 表示没有该结果就不评等级"`
	Parts    []string `yaml:"parts" doc:"要用到的部分或指标"`
	Outputs  []string `yaml:"outputs" doc:"要用到的其他结果"`
}

// Indicator is one scored line.
type Indicator struct {
	ID            string   `yaml:"id,required" pattern:"id" doc:"编号"`
	Name          string   `yaml:"name,required" doc:"名称"`
	Clause        string   `yaml:"clause" doc:"规则原文"`
	Basis         string   `yaml:"basis" doc:"依据"`
	Proposal      bool     `yaml:"proposal" doc:"true 表示是建议，没有依据"`
	In            string   `yaml:"in" pattern:"id" doc:"所属部分；默认 total；none 表示不计入"`
	Voice         string   `yaml:"voice" pattern:"id" doc:"评价主体"`
	Max           num.Num  `yaml:"max,required" doc:"满分"`
	Min           *num.Num `yaml:"min" doc:"最低分，默认 0"`
	Weight        *num.Num `yaml:"weight" doc:"在所属部分中的权重，默认 1"`
	Applies       Expr     `yaml:"applies" doc:"适用条件；不成立即不适用"`
	Missing       *Absent  `yaml:"missing" doc:"缺数据时的规则"`
	NotApplicable *Absent  `yaml:"na" doc:"不适用时的规则"`
	Round         Rounding `yaml:"round" doc:"修约"`
	Decimals      *int     `yaml:"decimals" doc:"显示的小数位数"`
	Rule          Rule     `yaml:"rule,required" doc:"计分规则"`
	Disclose      string   `yaml:"disclose" enum:"lines total" doc:"公开逐项（默认）还是只计入公开的合计"`
	Note          string   `yaml:"note" doc:"说明"`
}

// Aggregate says how one value comes out of the members of a part.
type Aggregate struct {
	Method       string   `yaml:"method" enum:"sum mean geomean min choose steps expr" doc:"合成方法，默认 sum"`
	Max          *num.Num `yaml:"max" doc:"满分；sum 与 choose 默认由成员得出，其余必填"`
	Least        *num.Num `yaml:"at_least" doc:"结果不低于"`
	Most         *num.Num `yaml:"at_most" doc:"结果不高于"`
	WhenExcluded string   `yaml:"when_excluded" enum:"reweight shrink" doc:"sum 中有成员被剔除时：按比例补足到满分（默认）还是满分变小"`
	Empty        string   `yaml:"empty" enum:"exclude zero block" doc:"所有成员都被剔除时，默认 exclude"`
	Choose       *Choose  `yaml:"choose" doc:"按文本事实选用一张表"`
	Start        Expr     `yaml:"start" doc:"steps 的起点"`
	Steps        []Step   `yaml:"steps" doc:"逐步调整"`
	Value        Expr     `yaml:"value" doc:"expr 的表达式"`
	Round        Rounding `yaml:"round" doc:"修约"`
	Decimals     *int     `yaml:"decimals" doc:"显示的小数位数"`
}

// The methods of Aggregate.
const (
	MethodSum     = "sum"     // Σ weight × points.
	MethodMean    = "mean"    // max × Σ weight × rate ÷ Σ weight.
	MethodGeomean = "geomean" // max × Π rate ^ (weight ÷ Σ weight).
	MethodMin     = "min"     // max × the smallest rate.
	MethodChoose  = "choose"  // the points of one member, chosen by a fact.
	MethodSteps   = "steps"   // a start value changed step by step.
	MethodExpr    = "expr"    // an expression.
)

// Choose names the sheet that counts for each value of a text fact.
type Choose struct {
	By string            `yaml:"by,required" pattern:"id" doc:"文本事实"`
	Of map[string]string `yaml:"of,required" doc:"取值的编号：部分或指标的编号"`
}

// Step is one step of a stepwise adjustment.
type Step struct {
	ID    string   `yaml:"id,required" pattern:"id" doc:"编号"`
	Name  string   `yaml:"name,required" doc:"名称"`
	Basis string   `yaml:"basis" doc:"依据"`
	When  Expr     `yaml:"when" doc:"条件；不写即总是执行"`
	Add   Expr     `yaml:"add" doc:"加上的值（可为负）"`
	Least *num.Num `yaml:"at_least" doc:"这一步之后不低于"`
	Most  *num.Num `yaml:"at_most" doc:"这一步之后不高于"`
}

// Part is a named group of indicators or other parts.
type Part struct {
	ID        string   `yaml:"id,required" pattern:"id" doc:"编号"`
	Name      string   `yaml:"name,required" doc:"名称"`
	Basis     string   `yaml:"basis" doc:"依据"`
	Proposal  bool     `yaml:"proposal" doc:"true 表示是建议"`
	In        string   `yaml:"in" pattern:"id" doc:"所属部分；默认 total；none 表示不计入"`
	Weight    *num.Num `yaml:"weight" doc:"在所属部分中的权重，默认 1"`
	Disclose  string   `yaml:"disclose" enum:"lines total" doc:"公开到逐项（默认）还是只公开合计"`
	Aggregate `yaml:",inline"`
}

// Adjustment is one step between the aggregated total and the grade.
type Adjustment struct {
	ID        string    `yaml:"id,required" pattern:"id" doc:"编号"`
	Name      string    `yaml:"name,required" doc:"名称"`
	Basis     string    `yaml:"basis" doc:"依据"`
	Proposal  bool      `yaml:"proposal" doc:"true 表示是建议"`
	Kind      string    `yaml:"kind,required" enum:"bonus deduction cap floor round cap_grade floor_grade void" doc:"种类"`
	When      Expr      `yaml:"when" doc:"条件；不写即总是执行"`
	Events    *Trigger  `yaml:"events" doc:"由有效的事件触发"`
	Valid     Validity  `yaml:"valid" doc:"这一步的有效期"`
	Unknown   string    `yaml:"unknown" enum:"block skip apply" doc:"条件缺数据时：不评等级（默认）、跳过、照样执行"`
	Points    Expr      `yaml:"points" doc:"加分、扣分的分值（正数）"`
	Most      *num.Num  `yaml:"at_most" doc:"加分、扣分的上限"`
	NotAcross []Barrier `yaml:"not_across" doc:"加分不得跨过的分数线"`
	At        *num.Num  `yaml:"at" doc:"封顶、保底的分数"`
	Round     Rounding  `yaml:"round" doc:"修约"`
	Grade     string    `yaml:"grade" pattern:"id" doc:"封顶、保底、否决后的等级"`
}

// The kinds of Adjustment. Bonus to round act on the total; the others on the grade.
const (
	AdjustBonus      = "bonus"
	AdjustDeduction  = "deduction"
	AdjustCap        = "cap"
	AdjustFloor      = "floor"
	AdjustRound      = "round"
	AdjustCapGrade   = "cap_grade"
	AdjustFloorGrade = "floor_grade"
	AdjustVoid       = "void"
)

// Trigger fires while an event of the fact is valid.
type Trigger struct {
	Fact  string   `yaml:"fact,required" pattern:"id" doc:"事件类事实"`
	Codes []string `yaml:"codes" doc:"代码；不写即全部"`
}

// Barrier is a cut that a bonus may not carry a total across.
type Barrier struct {
	Cut    num.Num `yaml:"cut,required" doc:"分数线"`
	StopAt num.Num `yaml:"stop_at,required" doc:"原来低于分数线的，加分后最多到这里"`
}

// Bounds is a span of numbers. An empty end is open.
type Bounds struct {
	AtLeast *num.Num `yaml:"at_least" doc:"大于等于"`
	Above   *num.Num `yaml:"above" doc:"大于"`
	AtMost  *num.Num `yaml:"at_most" doc:"小于等于"`
	Below   *num.Num `yaml:"below" doc:"小于"`
}

// Output is another named result.
type Output struct {
	ID       string   `yaml:"id,required" pattern:"id" doc:"编号"`
	Name     string   `yaml:"name,required" doc:"名称"`
	Basis    string   `yaml:"basis" doc:"依据"`
	Proposal bool     `yaml:"proposal" doc:"true 表示是建议"`
	Unit     string   `yaml:"unit" doc:"单位"`
	Value    Expr     `yaml:"value,required" doc:"表达式"`
	Tiers    []Tier   `yaml:"tiers" doc:"把数值换成分档的值"`
	Least    *num.Num `yaml:"at_least" doc:"结果不低于"`
	Most     *num.Num `yaml:"at_most" doc:"结果不高于"`
	Round    Rounding `yaml:"round" doc:"修约"`
	Decimals *int     `yaml:"decimals" doc:"显示的小数位数"`
}

// Requirement is a condition of taking part.
type Requirement struct {
	ID       string `yaml:"id,required" pattern:"id" doc:"编号"`
	Name     string `yaml:"name,required" doc:"名称"`
	Basis    string `yaml:"basis" doc:"依据"`
	Proposal bool   `yaml:"proposal" doc:"true 表示是建议"`
	When     Expr   `yaml:"when,required" doc:"必须成立的条件；缺数据视为不成立"`
	Reason   string `yaml:"reason" doc:"不符合时给出的说明"`
	Grade    string `yaml:"grade" pattern:"id" doc:"不符合时的等级"`
}

// Grades is the ordered list of grades: the first one whose conditions hold is given.
type Grades struct {
	Of   Expr    `yaml:"of" doc:"按哪个结果分级，默认 total"`
	List []Grade `yaml:"list" doc:"等级，从高到低，先符合者得"`
}

// Grade is one grade.
type Grade struct {
	ID        string `yaml:"id,required" pattern:"id" doc:"编号"`
	Label     string `yaml:"label,required" doc:"显示文字"`
	Level     *int   `yaml:"level" doc:"高低次序，用于封顶和升级限制；没有次序的等级不写"`
	Basis     string `yaml:"basis" doc:"依据"`
	Proposal  bool   `yaml:"proposal" doc:"true 表示是建议"`
	Of        Expr   `yaml:"of" doc:"这一级另外按哪个结果判断"`
	Bounds    `yaml:",inline"`
	Needs     []Need `yaml:"needs" doc:"还须同时达到的要求"`
	When      Expr   `yaml:"when" doc:"还须成立的条件"`
	Otherwise bool   `yaml:"otherwise" doc:"true 表示其余情况"`
	Blocked   bool   `yaml:"blocked" doc:"true 表示资料不足时的等级"`
	Special   bool   `yaml:"special" doc:"true 表示只由参评条件或否决给出"`
	Months    int    `yaml:"months" doc:"有效多少个月，从公布之日起算；不写即不因时间失效"`
}

// Need is one further demand of a grade.
type Need struct {
	Of     Expr `yaml:"of,required" doc:"表达式，例如 rate.service"`
	Bounds `yaml:",inline"`
}

// Promotion limits how far a grade may rise above an earlier one.
type Promotion struct {
	From  string `yaml:"from,required" pattern:"id" doc:"以往结果的编号"`
	Up    int    `yaml:"up,required" doc:"每期最多升几级"`
	First *int   `yaml:"first" doc:"没有以往等级时最高到第几级；不写即不限"`
	Basis string `yaml:"basis" doc:"依据"`
}

// Rollup gathers results into groups, such as the projects of a firm.
type Rollup struct {
	ID            string     `yaml:"id,required" pattern:"id" doc:"编号"`
	Name          string     `yaml:"name,required" doc:"名称"`
	Basis         string     `yaml:"basis" doc:"依据"`
	Proposal      bool       `yaml:"proposal" doc:"true 表示是建议"`
	By            string     `yaml:"by,required" pattern:"id" doc:"分组的文本事实"`
	Of            Expr       `yaml:"of" doc:"汇总哪个结果，默认 total"`
	Weight        Expr       `yaml:"weight" doc:"权重，例如户数；默认 1"`
	MissingWeight string     `yaml:"missing_weight" enum:"exclude one" doc:"权重缺失时：不计入（默认）还是按 1"`
	Method        string     `yaml:"method" enum:"mean sum min max" doc:"合成方法，默认 mean（加权平均）"`
	Normalise     []NameStep `yaml:"normalise" doc:"名称归一的步骤，按顺序执行"`
	Placeholders  []string   `yaml:"placeholders" doc:"归一之后表示没有填名称的写法，例如 NONE；自成一组，不并入任何名称"`
	ExcludeGrades []string   `yaml:"exclude_grades" doc:"这些等级的对象不计入汇总"`
	Blank         string     `yaml:"blank" enum:"one_group left_out" doc:"名称空白的：自成一组（默认）或不列"`
	BlankLabel    string     `yaml:"blank_label" doc:"空白组的名称"`
	PlaceLabel    string     `yaml:"placeholder_label" doc:"placeholders 一组的名称"`
	Round         Rounding   `yaml:"round" doc:"修约"`
	Decimals      *int       `yaml:"decimals" doc:"显示的小数位数"`
	Grades        []Grade    `yaml:"grades" doc:"汇总结果的等级"`
}

// NameStep is one step of bringing the spellings of a name together.
type NameStep struct {
	Step  string            `yaml:"step,required" enum:"trim collapse_blanks upper remove replace replace_suffix strip_suffix strip_prefix alias" doc:"步骤"`
	Words []string          `yaml:"words" doc:"remove、strip_suffix、strip_prefix 去掉的文字"`
	Map   map[string]string `yaml:"map" doc:"replace、replace_suffix、alias：原文字：新文字"`
}
