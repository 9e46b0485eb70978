package registry

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/policy"
)

// faults gathers what is wrong with an input, field by field.
type faults struct {
	list []fault.Field
}

func (f *faults) add(name, format string, args ...any) {
	f.list = append(f.list, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
}

// err is Invalid with all fields, nil if there are none.
func (f *faults) err(op string) error {
	if len(f.list) == 0 {
		return nil
	}
	return fault.InvalidFields(op, f.list...)
}

// text trims a text of one line and checks its length in signs; label is what people call the field.
func (f *faults) text(name, label string, value *string, least, most int) {
	if f.words(name, label, value, least, most) && strings.ContainsFunc(*value, unicode.IsControl) {
		f.add(name, "%s里有换行或不可见字符，请删去", label)
	}
}

// words is text of any number of lines; it reports whether the length was right.
func (f *faults) words(name, label string, value *string, least, most int) bool {
	*value = strings.TrimSpace(*value)
	n := utf8.RuneCountInString(*value)
	switch {
	case n == 0 && least > 0:
		f.add(name, "请填写%s", label)
	case n < least:
		f.add(name, "%s有 %d 个字，至少 %d 个字", label, n, least)
	case n > most:
		f.add(name, "%s有 %d 个字，最多 %d 个字", label, n, most)
	default:
		return true
	}
	return false
}

var phoneForm = regexp.MustCompile(`^(1[0-9]{10}|0[0-9]{2,3}-?[0-9]{7,8}(-[0-9]{1,6})?|[48]00-?[0-9]{3}-?[0-9]{4})$`)

// person trims the name of a person, which may be "" and must not be a masked one.
func (f *faults) person(name, label string, value *string) {
	f.text(name, label, value, 0, 40)
	if strings.Contains(*value, "*") {
		f.add(name, "%s里有 *，是隐去的姓名，请填写全名", label)
	}
}

// phone takes the blanks out of a phone number, which may be "".
func (f *faults) phone(name, label string, value *string) {
	*value = strings.ReplaceAll(strings.TrimSpace(*value), " ", "")
	if *value != "" && !phoneForm.MatchString(*value) {
		// The number itself is not repeated: messages may end in a log.
		f.add(name, "%s有 %d 位，要写 11 位手机号，或者带区号的固定电话，例如 0792-5223344", label, len([]rune(*value)))
	}
}

// past refuses a day that has not come.
func (f *faults) past(name, label string, day, today calendar.Date) {
	if day.Compare(today) > 0 {
		f.add(name, "%s%s还没有到", label, day.Chinese())
	}
}

// area checks square metres: none or more, at most two decimals.
func (f *faults) area(name, label string, area num.Num) {
	if area.Sign() < 0 || num.FromInt(maxArea).Less(area) {
		f.add(name, "%s是 %s 平方米，要在 0 至 %d 之间", label, area.Fixed(2), maxArea)
	}
	if !area.Equal(area.Round(2, num.HalfUp)) {
		f.add(name, "%s最多两位小数，现在是 %s", label, area)
	}
}

// choice checks a code against its list.
func choice[T ~string](f *faults, name, label string, value T, list []Choice) {
	if knows(list, value) {
		return
	}
	words := make([]string, len(list))
	for i, c := range list {
		words[i] = c.Text
	}
	if value == "" {
		f.add(name, "请选择%s：%s", label, strings.Join(words, "、"))
		return
	}
	f.add(name, "%s不能是“%s”，只能是%s", label, string(value), strings.Join(words, "、"))
}

// count checks a whole number between bounds.
func (f *faults) count(name, label, unit string, value, least, most int64) {
	if value < least || value > most {
		f.add(name, "%s是 %d %s，要在 %d 至 %d 之间", label, value, unit, least, most)
	}
}

// span checks that days do not end before they begin.
func (f *faults) span(name string, days policy.Span) {
	if !days.From.IsZero() && !days.Until.IsZero() && days.Until.Compare(days.From) < 0 {
		f.add(name, "截止日%s早于起始日%s", days.Until.Chinese(), days.From.Chinese())
	}
}

// daysText is “2026年1月1日至2027年12月31日”, with 起 for no end.
func daysText(days policy.Span) string {
	switch {
	case days.Until.IsZero():
		return days.From.Chinese() + "起"
	case days.From.IsZero():
		return "至" + days.Until.Chinese()
	}
	return days.From.Chinese() + "至" + days.Until.Chinese()
}

// touches reports whether two spans share a day.
func touches(a, b policy.Span) bool {
	return (a.Until.IsZero() || b.From.IsZero() || b.From.Compare(a.Until) <= 0) && (b.Until.IsZero() || a.From.IsZero() || a.From.Compare(b.Until) <= 0)
}

// dated is something that holds from a day on, until the next one of its kind begins.
type dated interface{ days() policy.Span }

// on returns the entry that holds on the day; the zero value if none does.
func on[T dated](list []T, day calendar.Date) T {
	for _, e := range list {
		if e.days().Holds(day) {
			return e
		}
	}
	var none T
	return none
}

// Faults gathers what is wrong with an input, field by field, for the packages below the register.
type Faults struct{ list faults }

// Add says what is wrong with a field.
func (f *Faults) Add(name, format string, args ...any) { f.list.add(name, format, args...) }

// Text trims a text and checks its length in signs; label is what people call the field.
func (f *Faults) Text(name, label string, value *string, least, most int) {
	f.list.text(name, label, value, least, most)
}

// Words is Text for what may have several lines.
func (f *Faults) Words(name, label string, value *string, least, most int) {
	f.list.words(name, label, value, least, most)
}

// Count checks a whole number between bounds.
func (f *Faults) Count(name, label, unit string, value, least, most int64) {
	f.list.count(name, label, unit, value, least, most)
}

// Past checks a day that must have come, and not before another one.
func (f *Faults) Past(name, label string, day, earliest, today calendar.Date) {
	switch {
	case day.IsZero():
		f.Add(name, "请填写%s，例如 2026-10-19", label)
	case day.Compare(earliest) < 0:
		f.Add(name, "%s%s早于%s", label, day.Chinese(), earliest.Chinese())
	default:
		f.list.past(name, label, day, today)
	}
}

// Err is Invalid with all fields, nil if there are none.
func (f *Faults) Err(op string) error { return f.list.err(op) }
