package fund

import (
	"fmt"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/registry"
)

// RuleState is where a rule version stands. To add one: the constant, Title, ruleSteps, its word in internal/web.
type RuleState string

// The states of a rule version.
const (
	// RuleProposed: waits for the second person (待采用).
	RuleProposed RuleState = "proposed"
	// RuleAdopted: in force on its days (已采用). Final.
	RuleAdopted RuleState = "adopted"
	// RuleRefused: not adopted (不采用). Final.
	RuleRefused RuleState = "refused"
)

// Title is the state for people.
func (s RuleState) Title() string {
	switch s {
	case RuleProposed:
		return "待采用"
	case RuleAdopted:
		return "已采用"
	case RuleRefused:
		return "不采用"
	}
	return string(s)
}

// Base is what the rate is applied to.
type Base string

// The bases.
const (
	// BaseCost: the whole building and installation cost (物业建筑安装总造价).
	BaseCost Base = "cost"
	// BaseArea: the floor area times a price for each m² that the rule sets (建筑面积 × 每平方米造价标准).
	BaseArea Base = "area"
)

// Bases lists the bases.
func Bases() []registry.Choice {
	return []registry.Choice{{ID: string(BaseCost), Text: "物业建筑安装总造价"}, {ID: string(BaseArea), Text: "建筑面积×每平方米造价标准"}}
}

// Due event and start of the period: the days that a rule counts from.
type Event string

// The events.
const (
	// EventAcceptance: the building passed its completion inspection (竣工验收合格).
	EventAcceptance Event = "acceptance"
	// EventFirstDelivery: the first unit was delivered (首套房屋交付).
	EventFirstDelivery Event = "first_delivery"
	// EventDelivery: the estate was delivered (交付使用).
	EventDelivery Event = "delivery"
)

// Events lists the events.
func Events() []registry.Choice {
	return []registry.Choice{{ID: string(EventAcceptance), Text: "竣工验收"}, {ID: string(EventFirstDelivery), Text: "首套房屋交付"}, {ID: string(EventDelivery), Text: "整体交付使用"}}
}

// Rounding is the one rounding of a rule.
type Rounding string

// The roundings.
const (
	// RoundFen: to the fen, half up (四舍五入到分).
	RoundFen Rounding = "fen"
	// RoundYuan: to the yuan, half up (四舍五入到元).
	RoundYuan Rounding = "yuan"
	// RoundYuanUp: to the yuan, always up (不足一元按一元).
	RoundYuanUp Rounding = "yuan_up"
)

// Roundings lists the roundings.
func Roundings() []registry.Choice {
	return []registry.Choice{{ID: string(RoundFen), Text: "四舍五入到分"}, {ID: string(RoundYuan), Text: "四舍五入到元"}, {ID: string(RoundYuanUp), Text: "不足一元按一元计"}}
}

// apply rounds yuan.
func (r Rounding) apply(yuan num.Num) num.Num {
	switch r {
	case RoundYuan:
		return yuan.Round(0, num.HalfUp)
	case RoundYuanUp:
		return yuan.Round(0, num.Up)
	}
	return yuan.Round(2, num.HalfUp)
}

// Stage gives back a part of the deposit before its period ends, if a rule says so.
type Stage struct {
	// After is the number of years after which it is given back, Percent the share of the principal.
	After   int64   `json:"after"`
	Percent num.Num `json:"percent"`
}

// Terms are what a rule version says.
type Terms struct {
	// Title is what the document is called, Document its number (文号), Clause the article.
	Title    string `json:"title" privacy:"public"`
	Document string `json:"document" privacy:"public"`
	Clause   string `json:"clause,omitempty" privacy:"public"`
	// Rate is in percent of the base; 0: the document does not say it, and nothing can be computed.
	Rate num.Num `json:"rate"`
	// Base is what the rate is applied to; AreaFen, with BaseArea, the price of a m² in fen.
	Base    Base  `json:"base" privacy:"public"`
	AreaFen int64 `json:"area_fen,omitempty"`
	// DueBefore is the event before which the amount must be paid.
	DueBefore Event `json:"due_before" privacy:"public"`
	// Years is how long it is kept from the event Starts on.
	Years  int64 `json:"years"`
	Starts Event `json:"starts" privacy:"public"`
	// Letter and Insurance say that a bank's letter of guarantee (保函) or an insurance against defects (工程质量潜在缺陷保险) may stand in its place.
	Letter    bool `json:"letter"`
	Insurance bool `json:"insurance"`
	// Stages give parts back earlier; none: all at the end.
	Stages []Stage `json:"stages,omitempty"`
	// LatePercent is the late fee in percent of what is unpaid and day, LateClause the clause that allows it; 0: none is computed.
	LatePercent num.Num `json:"late_percent"`
	LateClause  string  `json:"late_clause,omitempty" privacy:"public"`
	// Fine is what the rule says about fines for late payment.
	Fine FineTerms `json:"fine,omitzero"`
	// Rounding is the one rounding of the computation.
	Rounding Rounding `json:"rounding" privacy:"public"`
	// Days are the days on which the version is in force, by the day before which an amount is due.
	Days policy.Span `json:"days"`
}

// Hand is what one person did.
type Hand struct {
	// By is the opaque account id, At when.
	By string       `json:"by" privacy:"internal"`
	At journal.Time `json:"at"`
}

// Version is one version of the rule.
type Version struct {
	// ID is r1, r2, … within the book of rules.
	ID string `json:"id" privacy:"public"`
	// Terms are what it says.
	Terms Terms `json:"terms"`
	// State is where it stands, Reason why it was refused.
	State  RuleState `json:"state" privacy:"public"`
	Reason string    `json:"reason,omitempty" privacy:"internal"`
	// Proposed is who proposed it, Decided who adopted or refused it.
	Proposed Hand `json:"proposed"`
	Decided  Hand `json:"decided"`
}

// Book holds every version of the rule, so that one command sees all of them: no two adopted ones are in force on one day.
type Book struct {
	// Versions are in the order in which they were proposed.
	Versions []Version `json:"versions"`
}

// On is the version in force on a day; false if none is.
func (b Book) On(day calendar.Date) (Version, bool) {
	for _, v := range b.Versions {
		if v.State == RuleAdopted && v.Terms.Days.Holds(day) {
			return v, true
		}
	}
	return Version{}, false
}

// at is the place of a version, or NotFound.
func (b Book) at(id string) (int, error) {
	for i, v := range b.Versions {
		if v.ID == id {
			return i, nil
		}
	}
	return 0, fault.New("fund.version", fault.NotFound, "没有找到这一版规则")
}

// adopt puts a proposed version in force. An adopted one that began earlier and would run on ends the day before. Returns Conflict if another version would
// be in force on one of its days.
func (b *Book) adopt(at int) error {
	const op = "fund.adopt"
	from := b.Versions[at].Terms.Days.From
	until := b.Versions[at].Terms.Days.Until
	for i := range b.Versions {
		v := &b.Versions[i]
		if v.State != RuleAdopted {
			continue
		}
		if v.Terms.Days.From.Compare(from) < 0 {
			if v.Terms.Days.Until.IsZero() {
				v.Terms.Days.Until = from.Add(-1)
			}
			if v.Terms.Days.Until.Compare(from) < 0 {
				continue
			}
		} else if !until.IsZero() && until.Compare(v.Terms.Days.From) < 0 {
			continue
		}
		return fault.New(op, fault.Conflict, "与《"+v.Terms.Title+"》的有效期重叠，请先改一版的起止日期")
	}
	b.Versions[at].State = RuleAdopted
	return nil
}

// choose checks a code against its list.
func choose(f *registry.Faults, name, label, value string, list []registry.Choice) {
	words := make([]string, len(list))
	for i, c := range list {
		if c.ID == value {
			return
		}
		words[i] = c.Text
	}
	f.Add(name, "请选择%s：%s", label, strings.Join(words, "、"))
}

// The bounds of a rule: no text knows more than a few percent, and nothing is kept for longer than a building is warranted.
const (
	maxRate     = 20
	maxYears    = 50
	maxStages   = 5
	maxVersions = 60
	maxLate     = 1
	maxFine     = 100
)

// check completes the terms and names what is wrong with them.
func (t *Terms) check(op string) error {
	var f registry.Faults
	f.Words("title", "文件名称", &t.Title, 2, 60)
	f.Words("document", "文号", &t.Document, 2, 40)
	f.Words("clause", "条款", &t.Clause, 0, 60)
	percent(&f, "rate", "缴存比例", t.Rate, maxRate)
	choose(&f, "base", "缴存基数", string(t.Base), Bases())
	if t.Base != BaseArea {
		t.AreaFen = 0
	} else if t.AreaFen <= 0 || t.AreaFen > MaxFen {
		f.Add("area_fen", "按建筑面积计算的，要填每平方米造价标准（元）")
	}
	choose(&f, "due_before", "缴存时间", string(t.DueBefore), Events())
	choose(&f, "starts", "存储期起算", string(t.Starts), Events())
	if t.Years < 1 || t.Years > maxYears {
		f.Add("years", "存储期是 %d 年，要在 1 至 %d 年之间", t.Years, maxYears)
	}
	t.checkStages(&f)
	percent(&f, "late_percent", "滞纳金比例", t.LatePercent, maxLate)
	f.Words("late_clause", "滞纳金条款", &t.LateClause, 0, 60)
	if t.LatePercent.Sign() > 0 && t.LateClause == "" {
		f.Add("late_clause", "填了滞纳金比例，要写明是哪一条规定的；没有条款的不计算滞纳金")
	}
	if t.LatePercent.Sign() == 0 && t.LateClause != "" {
		f.Add("late_percent", "写了滞纳金条款，要填每日的比例")
	}
	t.Fine.check(&f)
	choose(&f, "rounding", "修约", string(t.Rounding), Roundings())
	if t.Days.From.IsZero() {
		f.Add("from", "请填写生效日期，例如 2026-01-01")
	} else if !t.Days.Until.IsZero() && t.Days.Until.Compare(t.Days.From) < 0 {
		f.Add("until", "失效日期%s早于生效日期%s", t.Days.Until.Chinese(), t.Days.From.Chinese())
	}
	return f.Err(op)
}

// percent checks a share: at most four decimals, from 0 to most.
func percent(f *registry.Faults, name, label string, n num.Num, most int64) {
	if n.Sign() < 0 || num.FromInt(most).Less(n) || !n.Equal(n.Round(4, num.HalfUp)) {
		f.Add(name, "%s是 %s%%，要在 0 至 %d%% 之间，最多四位小数", label, n, most)
	}
}

func (t *Terms) checkStages(f *registry.Faults) {
	if len(t.Stages) > maxStages {
		f.Add("stages", "分期退还最多 %d 次，现在有 %d 次", maxStages, len(t.Stages))
	}
	sum, before := num.Num{}, int64(0)
	for _, s := range t.Stages {
		if s.After <= before || s.After >= t.Years || s.Percent.Sign() <= 0 {
			f.Add("stages", "分期退还要按年数从小到大，在存储期 %d 年以内，比例大于 0", t.Years)
			return
		}
		before, sum = s.After, sum.Add(s.Percent)
	}
	if !sum.Less(num.FromInt(100)) {
		f.Add("stages", "分期退还的比例合计 %s%%，要小于 100%%，余下的到期退还", sum)
	}
}

// Line is one line of a computation.
type Line struct {
	// Label is what the line is, How the arithmetic, Value the outcome with its unit.
	Label string `json:"label" privacy:"public"`
	How   string `json:"how" privacy:"public"`
	Value string `json:"value" privacy:"public"`
}

// maxArea is the largest floor area of a part of an estate in m².
const maxArea = 100_000_000

// Compute gives the amount that is due on a base, line by line, exactly, with the one rounding of the terms at the end. cost is in fen, area in m². Returns
// Conflict if the terms have no rate, naming who decides; Invalid (cost, area) for a base that is missing or too large.
func (t Terms) Compute(cost int64, area num.Num) (fen int64, lines []Line, err error) {
	const op = "fund.Compute"
	if t.Rate.Sign() == 0 {
		return 0, nil, fault.New(op, fault.Conflict, "《"+t.Title+"》（"+t.Document+"）没有写明缴存比例，不能计算。比例由住建局按上级文件确定，由经办人填报、局领导采用")
	}
	var base num.Num
	switch t.Base {
	case BaseArea:
		if area.Sign() <= 0 || num.FromInt(maxArea).Less(area) || !area.Equal(area.Round(2, num.HalfUp)) {
			return 0, nil, fault.InvalidFields(op, fault.Field{Name: "area", Message: "建筑面积要填平方米数，大于 0，最多两位小数"})
		}
		price := num.FromFrac(t.AreaFen, 100)
		base = area.Mul(price)
		lines = append(lines, Line{"缴存基数", fmt.Sprintf("建筑面积 %s 平方米 × 造价标准 %s 元/平方米", area.Fixed(2), price.Fixed(2)), base.String() + " 元"})
	default:
		if cost <= 0 || cost > MaxFen {
			return 0, nil, fault.InvalidFields(op, fault.Field{Name: "cost", Message: "建筑安装总造价要填金额（元），大于 0，不超过 " + Yuan(MaxFen) + " 元"})
		}
		base = num.FromFrac(cost, 100)
		lines = append(lines, Line{"缴存基数", "物业建筑安装总造价", Yuan(cost) + " 元"})
	}
	exact := base.Mul(t.Rate).Mul(num.FromFrac(1, 100))
	lines = append(lines, Line{"应缴（未修约）", fmt.Sprintf("%s × %s%%（%s%s）", base, t.Rate, t.Document, t.Clause), exact.String() + " 元"})
	rounded := t.Rounding.apply(exact)
	fen, whole := rounded.Mul(num.FromInt(100)).Int64()
	if !whole || fen <= 0 || fen > MaxFen {
		return 0, nil, fault.InvalidFields(op, fault.Field{Name: string(t.Base), Message: "算出的应缴金额是 " + rounded.String() + " 元，请核对基数"})
	}
	return fen, append(lines, Line{"应缴金额", registry.TextOf(Roundings(), t.Rounding), Yuan(fen) + " 元"}), nil
}
