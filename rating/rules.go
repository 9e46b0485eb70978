package rating

import "redsteward/internal/num"

// Rule says how an indicator comes to its points. Points are always held between the indicator's min and max.
type Rule interface {
	// Kind is the word after the key kind.
	Kind() string
}

// ruleKinds makes an empty rule of each kind; the decoder and the JSON Schema both read this list.
var ruleKinds = []struct {
	kind string
	doc  string
	make func() Rule
}{
	{"tiers", "分档", func() Rule { return &TiersRule{} }},
	{"choice", "按文本或是否取分", func() Rule { return &ChoiceRule{} }},
	{"linear", "起始分加每单位分值", func() Rule { return &LinearRule{} }},
	{"target", "零分点到目标值之间按比例", func() Rule { return &TargetRule{} }},
	{"goalposts", "上下限之间归一", func() Rule { return &GoalpostsRule{} }},
	{"checklist", "检查表加权平均", func() Rule { return &ChecklistRule{} }},
	{"deductions", "检查表扣分", func() Rule { return &DeductionsRule{} }},
	{"survey", "满意率", func() Rule { return &SurveyRule{} }},
	{"events", "有效期内的事件加减分", func() Rule { return &EventsRule{} }},
	{"minmax", "在全体中按最小最大归一", func() Rule { return &MinMaxRule{} }},
	{"zscore", "在全体中按标准差", func() Rule { return &ZScoreRule{} }},
	{"percentile", "在全体中的百分位", func() Rule { return &PercentileRule{} }},
	{"expr", "自由表达式", func() Rule { return &ExprRule{} }},
}

// Tier gives points to a span of values.
type Tier struct {
	Bounds `yaml:",inline"`
	Points num.Num `yaml:"points,required" doc:"得分"`
}

// TiersRule gives the points of the tier that holds the value. Tiers may not overlap, and every possible value needs one, unless
// otherwise says what the rest gets.
type TiersRule struct {
	Of        Expr     `yaml:"of,required" doc:"数值"`
	Tiers     []Tier   `yaml:"tiers,required" doc:"各档"`
	Otherwise *num.Num `yaml:"otherwise" doc:"不在任何一档时的得分"`
}

// Kind implements Rule.
func (*TiersRule) Kind() string { return "tiers" }

// ChoiceRule gives the points written beside the value of a text fact, or beside yes and no.
type ChoiceRule struct {
	Of     string             `yaml:"of,required" pattern:"id" doc:"文本或是否类事实"`
	Points map[string]num.Num `yaml:"points,required" doc:"取值的编号：得分；是否类写 yes 和 no"`
}

// Kind implements Rule.
func (*ChoiceRule) Kind() string { return "choice" }

// LinearRule gives start + each × value.
type LinearRule struct {
	Of    Expr     `yaml:"of,required" doc:"数值"`
	Start *num.Num `yaml:"start" doc:"起始分，默认 0"`
	Each  num.Num  `yaml:"each,required" doc:"每单位的分值，扣分写负数"`
}

// Kind implements Rule.
func (*LinearRule) Kind() string { return "linear" }

// TargetRule gives min at zero, max at target, and a straight line between; zero may lie above target when less is better.
type TargetRule struct {
	Of     Expr    `yaml:"of,required" doc:"比率或数值"`
	Zero   num.Num `yaml:"zero,required" doc:"得最低分的值"`
	Target num.Num `yaml:"target,required" doc:"得满分的值"`
}

// Kind implements Rule.
func (*TargetRule) Kind() string { return "target" }

// GoalpostsRule is (value − low) ÷ (high − low) of the span from min to max, in the values themselves or in their logarithms.
type GoalpostsRule struct {
	Of    Expr    `yaml:"of,required" doc:"数值"`
	Low   num.Num `yaml:"low,required" doc:"得最低分的值"`
	High  num.Num `yaml:"high,required" doc:"得满分的值"`
	Scale string  `yaml:"scale" enum:"linear log" doc:"按原值（默认）或按自然对数"`
}

// Kind implements Rule.
func (*GoalpostsRule) Kind() string { return "goalposts" }

// ChecklistRule gives max × Σ weight·value ÷ Σ weight·scale over the items that apply.
type ChecklistRule struct {
	Of           string  `yaml:"of,required" pattern:"id" doc:"检查表"`
	Scale        num.Num `yaml:"scale,required" doc:"每个条目的满分"`
	MissingItems string  `yaml:"missing_items" enum:"missing exclude zero" doc:"有条目没有填：整个指标缺数据（默认）、剔除该条目、按零分"`
}

// Kind implements Rule.
func (*ChecklistRule) Kind() string { return "checklist" }

// DeductionsRule takes each × value off for every item, at most cap for an item and at most cap for all.
type DeductionsRule struct {
	Of           string          `yaml:"of,required" pattern:"id" doc:"检查表（条目的值是问题数）"`
	Start        *num.Num        `yaml:"start" doc:"起始分，默认满分"`
	Each         *num.Num        `yaml:"each" doc:"每处扣分（正数）"`
	Items        []ItemDeduction `yaml:"items" doc:"个别条目的扣分"`
	AtMost       *num.Num        `yaml:"at_most" doc:"合计最多扣"`
	MissingItems string          `yaml:"missing_items" enum:"missing exclude" doc:"有条目没有填：整个指标缺数据（默认）或不扣分"`
}

// Kind implements Rule.
func (*DeductionsRule) Kind() string { return "deductions" }

// ItemDeduction is what one item costs.
type ItemDeduction struct {
	Item   string   `yaml:"item,required" pattern:"id" doc:"条目"`
	Each   *num.Num `yaml:"each" doc:"每处扣分（正数）"`
	AtMost *num.Num `yaml:"at_most" doc:"这一条目最多扣"`
}

// SurveyRule gives a straight line over the share of satisfied answers; with too few answers the value is missing.
type SurveyRule struct {
	Of         string       `yaml:"of,required" pattern:"id" doc:"问卷"`
	Zero       *num.Num     `yaml:"zero" doc:"得最低分的满意率，默认 0"`
	Target     *num.Num     `yaml:"target" doc:"得满分的满意率，默认 1"`
	MinAnswers []MinAnswers `yaml:"min_answers" doc:"最少答卷数，按总户数分段"`
}

// Kind implements Rule.
func (*SurveyRule) Kind() string { return "survey" }

// MinAnswers is how many answers a survey needs; the first entry whose population fits counts.
type MinAnswers struct {
	Below   *num.Num `yaml:"population_below" doc:"总户数小于；不写即其余"`
	Share   *num.Num `yaml:"share" doc:"占总户数的比例，例如 0.15 或 1/3"`
	AtLeast *num.Num `yaml:"at_least" doc:"份数"`
}

// EventsRule adds the points of all events that are valid on the day of evaluation.
type EventsRule struct {
	Of      string     `yaml:"of,required" pattern:"id" doc:"事件类事实"`
	Start   *num.Num   `yaml:"start" doc:"基础分，默认 0"`
	Codes   []string   `yaml:"codes" doc:"只计这些代码"`
	Classes []ClassCap `yaml:"classes" doc:"按类别封顶"`
}

// Kind implements Rule.
func (*EventsRule) Kind() string { return "events" }

// ClassCap holds the points of one class of events within a span.
type ClassCap struct {
	Class   string   `yaml:"class,required" pattern:"id" doc:"类别"`
	AtMost  *num.Num `yaml:"at_most" doc:"合计最多"`
	AtLeast *num.Num `yaml:"at_least" doc:"合计最少（扣分封底，写负数）"`
}

// CohortOptions are the keys shared by the rules that compare a subject with all others.
type CohortOptions struct {
	Of       Expr   `yaml:"of,required" doc:"数值"`
	Better   string `yaml:"better" enum:"higher lower" doc:"默认 higher；直接引用事实时取其 better"`
	Within   string `yaml:"within" pattern:"id" doc:"只与这个文本事实取值相同的比较"`
	MinCount int    `yaml:"min_count" doc:"全体少于这个数时视为缺数据，默认 2"`
}

// MinMaxRule places the value between the smallest and the largest of all.
type MinMaxRule struct {
	CohortOptions `yaml:",inline"`
}

// Kind implements Rule.
func (*MinMaxRule) Kind() string { return "minmax" }

// ZScoreRule gives center + each × z, where z is the distance from the mean in standard deviations; 0 if all values are equal.
type ZScoreRule struct {
	CohortOptions `yaml:",inline"`
	Center        num.Num `yaml:"center,required" doc:"等于平均值时的得分"`
	Each          num.Num `yaml:"each,required" doc:"每个标准差的分值"`
	Deviation     string  `yaml:"deviation" enum:"population sample" doc:"总体标准差（默认）或样本标准差"`
}

// Kind implements Rule.
func (*ZScoreRule) Kind() string { return "zscore" }

// PercentileRule gives the share of the others that the value leaves behind.
type PercentileRule struct {
	CohortOptions `yaml:",inline"`
	Ties          string `yaml:"ties" enum:"below half at_or_below between" doc:"below 小于者占比；half 并列计一半（默认）；at_or_below 含并列；between （名次-1）÷（个数-1）"`
}

// Kind implements Rule.
func (*PercentileRule) Kind() string { return "percentile" }

// ExprRule gives what the expression says.
type ExprRule struct {
	Points Expr `yaml:"points,required" doc:"得分的表达式"`
}

// Kind implements Rule.
func (*ExprRule) Kind() string { return "expr" }
