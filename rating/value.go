package rating

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"redsteward/internal/fault"
	"redsteward/internal/num"
)

// State says whether there is a value.
type State uint8

// The states of a value. The zero value is Missing, so that a fact nobody set is missing.
const (
	Missing       State = iota // nobody said anything.
	NotApplicable              // it was said that the fact does not apply.
	Present                    // there is a value.
)

// Value is one fact of one subject. It holds no personal field: By and Reviewed are opaque account or office ids.
type Value struct {
	State State
	// Number is the value of number and count, the numerator of ratio, 1 or 0 of bool, and the population of survey.
	Number num.Num
	// Den is the denominator of ratio.
	Den num.Num
	// Day is the value of date.
	Day Date
	// Text is the value of text: the id of a declared value, or free text.
	Text string
	// Items are the values of a checklist's items, or the counts of a survey's levels, in the order of their declaration.
	Items []ItemValue
	// Events are the events, in any order.
	Events []Event
	// Sources are the hashes of what the value was gathered from, SHA-256 as 64 hex digits.
	Sources []string
	// By and Reviewed say who scored and who reviewed, as opaque ids; empty for what the registers themselves hold.
	By, Reviewed string
}

// ItemValue is one item of a checklist or one level of a survey.
type ItemValue struct {
	State  State
	Number num.Num
}

// Event is one dated event.
type Event struct {
	// Code is one of the declared codes.
	Code string
	// Date is the first day on which it counts.
	Date Date
	// Until is the last day on which it counts; zero means as long as its code says.
	Until Date
	// Points replace the points of the code, which then declares none.
	Points *num.Num
	// Source is the opaque id or hash of the document that recorded it.
	Source string
}

// Number is a present number, count or bool (1 or 0).
func Number(x num.Num) Value { return Value{State: Present, Number: x} }

// Ratio is a present numerator and denominator.
func Ratio(n, d num.Num) Value { return Value{State: Present, Number: n, Den: d} }

// Bool is a present yes or no.
func Bool(yes bool) Value {
	if yes {
		return Number(num.FromInt(1))
	}
	return Number(num.Num{})
}

// Text is a present text.
func Text(s string) Value { return Value{State: Present, Text: s} }

// Day is a present date.
func Day(d Date) Value { return Value{State: Present, Day: d} }

// NA is a value of which it is known that it does not apply.
func NA() Value { return Value{State: NotApplicable} }

// Subject is what is rated: one project in one period, with its frozen facts. Make it with Scheme.NewSubject.
type Subject struct {
	// ID is opaque: 1–4 parts joined by "/", without names of persons.
	ID string
	// Period names the period, for example 2026Q3; may be empty for a single inspection.
	Period string
	// AsOf is the day as of which events are valid.
	AsOf Date
	// Values are the facts in the order of Scheme.Facts.
	Values []Value

	scheme *Scheme
}

// NewSubject returns a subject whose facts are all missing.
func (s *Scheme) NewSubject(id, period string, asOf Date) Subject {
	return Subject{ID: id, Period: period, AsOf: asOf, Values: make([]Value, len(s.Facts)), scheme: s}
}

// FactIndex returns the place of a fact in Scheme.Facts and in Subject.Values.
func (s *Scheme) FactIndex(id string) (int, bool) {
	i, ok := s.program.factIndex[id]
	return i, ok
}

// Set sets one fact. Returns NotFound for an undeclared fact and Invalid for a value that the declaration does not allow.
func (sub *Subject) Set(fact string, v Value) error {
	i, ok := sub.scheme.FactIndex(fact)
	if !ok {
		return fault.New("rating.Subject.Set", fault.NotFound, fmt.Sprintf("方案中没有事实 %s", short(fact)))
	}
	f := &sub.scheme.Facts[i]
	if message := f.refuse(v); message != "" {
		return fault.InvalidFields("rating.Subject.Set", fault.Field{Name: fact, Message: message})
	}
	if f.Type == TypeText && v.State == Present && len(f.Values) > 0 {
		v.Text = f.Values[f.valueIndex(v.Text)].ID
	}
	sub.Values[i] = v
	return nil
}

// Get returns one fact; a fact that is not declared is missing.
func (sub *Subject) Get(fact string) Value {
	if i, ok := sub.scheme.FactIndex(fact); ok {
		return sub.Values[i]
	}
	return Value{}
}

var (
	opaque   = regexp.MustCompile(`^[0-9A-Za-z._/-]{0,128}$`)
	one      = num.FromInt(1)
	hundred  = num.FromInt(100)
	maxCount = num.FromInt(1_000_000_000_000)
)

// refuse says in Chinese why the declaration does not allow the value, or "".
func (f *Fact) refuse(v Value) string {
	for _, s := range append([]string{v.By, v.Reviewed}, v.Sources...) {
		if !opaque.MatchString(s) {
			return fmt.Sprintf("来源和人员只能是编号，不能是 %q", short(s))
		}
	}
	if v.State != Present {
		return ""
	}
	switch f.Type {
	case TypeNumber:
		return f.outside(v.Number)
	case TypeCount:
		if m := notCount(v.Number); m != "" {
			return m
		}
		return f.outside(v.Number)
	case TypeRatio:
		if v.Den.Sign() < 0 || v.Number.Sign() < 0 {
			return "分子和分母不能是负数"
		}
		if q, err := v.Number.Quo(v.Den); err == nil {
			return f.outside(q)
		}
	case TypeBool:
		if !v.Number.IsZero() && !v.Number.Equal(one) {
			return "只能是 是 或 否"
		}
	case TypeText:
		if strings.TrimSpace(v.Text) == "" {
			return "文字是空的"
		}
		if len(v.Text) > 400 {
			return "文字太长"
		}
		if !utf8.ValidString(v.Text) || strings.ContainsFunc(v.Text, unicode.IsControl) {
			return "文字中有控制字符，或不是 UTF-8 编码"
		}
		if len(f.Values) > 0 && f.valueIndex(v.Text) < 0 {
			return fmt.Sprintf("不认识 %q，可以填：%s", short(v.Text), f.valueTexts())
		}
	case TypeDate:
		if v.Day == 0 {
			return "日期是空的"
		}
	case TypeChecklist:
		return f.refuseItems(v, len(f.Items), func(i int) string { return f.Items[i].Name })
	case TypeSurvey:
		if m := notCount(v.Number); m != "" {
			return "总户数" + m
		}
		return f.refuseItems(v, len(f.Levels), func(i int) string { return f.Levels[i].Name })
	case TypeEvents:
		for _, e := range v.Events {
			if m := f.refuseEvent(e); m != "" {
				return m
			}
		}
	}
	return ""
}

// valueIndex finds a declared value of a text by its id or its text; -1 if there is none.
func (f *Fact) valueIndex(text string) int {
	for i := range f.Values {
		if f.Values[i].ID == text || f.Values[i].Text == text {
			return i
		}
	}
	return -1
}

func (f *Fact) valueTexts() string {
	texts := make([]string, len(f.Values))
	for i := range f.Values {
		texts[i] = f.Values[i].Text
	}
	return strings.Join(texts, "、")
}

func notCount(x num.Num) string {
	if !x.IsInt() || x.Sign() < 0 || maxCount.Less(x) {
		return "要填不小于零的整数，不能是 " + x.String()
	}
	return ""
}

// outside says that x lies outside the declared minimum or maximum.
func (f *Fact) outside(x num.Num) string {
	if f.Min != nil && x.Less(*f.Min) {
		return fmt.Sprintf("%s 小于允许的最小值 %s", x, f.Min)
	}
	if f.Max != nil && f.Max.Less(x) {
		return fmt.Sprintf("%s 大于允许的最大值 %s", x, f.Max)
	}
	return ""
}

func (f *Fact) refuseItems(v Value, n int, name func(int) string) string {
	if len(v.Items) != n {
		return fmt.Sprintf("应有 %d 个条目，现有 %d 个", n, len(v.Items))
	}
	for i, item := range v.Items {
		if item.State != Present {
			continue
		}
		m := f.outside(item.Number)
		if f.Type == TypeSurvey {
			m = notCount(item.Number)
		}
		if m != "" {
			return name(i) + "：" + m
		}
	}
	return ""
}

func (f *Fact) refuseEvent(e Event) string {
	if e.Date == 0 {
		return "事件没有日期"
	}
	if e.Until != 0 && e.Until < e.Date {
		return fmt.Sprintf("事件的截止日 %s 早于日期 %s", e.Until, e.Date)
	}
	if !opaque.MatchString(e.Source) {
		return fmt.Sprintf("来源只能是编号，不能是 %q", short(e.Source))
	}
	for i := range f.Codes {
		if f.Codes[i].ID != e.Code {
			continue
		}
		if f.Codes[i].Points != nil && e.Points != nil {
			return fmt.Sprintf("代码 %s 的分值由方案规定，事件不能自带", e.Code)
		}
		return ""
	}
	return fmt.Sprintf("不认识代码 %q", short(e.Code))
}
