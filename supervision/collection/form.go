package collection

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/registry"
)

// Kind says what may stand in a column.
type Kind string

// The kinds of columns.
const (
	// KindText is one line, KindLong several.
	KindText Kind = "text"
	KindLong Kind = "long"
	// KindWhole is a whole number, KindDecimal one with at most four decimals, KindMoney yuan that are kept in fen; none is negative.
	KindWhole   Kind = "whole"
	KindDecimal Kind = "decimal"
	KindMoney   Kind = "money"
	// KindDate is a day, KindYesNo 是 or 否, KindChoice one of the column's words.
	KindDate   Kind = "date"
	KindYesNo  Kind = "yesno"
	KindChoice Kind = "choice"
	// KindPerson is the name of a person, KindPhone a phone number: both are kept encrypted and masked for whoever neither asked nor answered.
	KindPerson Kind = "person"
	KindPhone  Kind = "phone"
	// KindProject is one of the compounds of who answers.
	KindProject Kind = "project"
)

// Kinds lists the kinds for a form.
func Kinds() []registry.Choice {
	return []registry.Choice{{ID: string(KindText), Text: "文字"}, {ID: string(KindLong), Text: "多行文字"}, {ID: string(KindWhole), Text: "整数"}, {ID: string(KindDecimal), Text: "小数"},
		{ID: string(KindMoney), Text: "金额（元）"}, {ID: string(KindDate), Text: "日期"}, {ID: string(KindYesNo), Text: "是或否"}, {ID: string(KindChoice), Text: "选项"},
		{ID: string(KindPerson), Text: "姓名"}, {ID: string(KindPhone), Text: "电话"}, {ID: string(KindProject), Text: "小区"}}
}

// number reports whether values of the kind are numbers.
func (k Kind) number() bool { return k == KindWhole || k == KindDecimal || k == KindMoney }

// Column is one column of a form. A column that was published never changes: another one takes its place, and what was answered stays readable.
type Column struct {
	// ID is c1, c2, …, used once within a task.
	ID string `json:"id" privacy:"public"`
	// Title is the heading, Hint says how to fill it in.
	Title string `json:"title" privacy:"public"`
	Hint  string `json:"hint,omitempty" privacy:"public"`
	Kind  Kind   `json:"kind" privacy:"public"`
	// Required: it must not stay empty.
	Required bool `json:"required,omitempty"`
	// Least and Most bound numbers (of money in yuan) and days, of texts the number of signs; "" for the usual bound.
	Least string `json:"least,omitempty" privacy:"public"`
	Most  string `json:"most,omitempty" privacy:"public"`
	// Words are those of a choice.
	Words []string `json:"words,omitempty" privacy:"public"`
	// Source says what the system fills in beforehand, "" for nothing.
	Source Source `json:"source,omitempty" privacy:"public"`
	// Since is the version of the form with which it came, Until the one with which it was taken out, 0 while it stands.
	Since int64 `json:"since"`
	Until int64 `json:"until,omitempty"`
}

// Stands reports whether the column is asked for in the newest version.
func (c Column) Stands() bool { return c.Until == 0 }

// Personal reports whether its values are about a person.
func (c Column) Personal() bool { return c.Kind == KindPerson || c.Kind == KindPhone }

// The bounds of forms and values.
const (
	// MaxColumns is how many columns a form has at most, those that were taken out included.
	MaxColumns = 40
	// MaxWords is how many words a choice has at most.
	MaxWords = 30
	// The longest heading, hint, word, line and text, in signs.
	maxTitle, maxHint, maxWord, maxLine, maxLong = 30, 100, 30, 100, 500
	// maxDigits is how many digits a number has before its point.
	maxDigits = 12
	// places is how many decimals a decimal has.
	places = 4
)

// The words of KindYesNo.
const yes, no = "是", "否"

// Choices are the words that the column offers; none for kinds without.
func (c Column) Choices() []string {
	if c.Kind == KindYesNo {
		return []string{yes, no}
	}
	return c.Words
}

// Read brings a value, as typed, into the form in which it is kept; wrong is a sentence that begins with the heading, "" if nothing is. An empty value is kept as "". Compounds are checked by who knows them.
func (c Column) Read(text string) (kept, wrong string) {
	text = strings.TrimSpace(text)
	if text == "" {
		if !c.Required {
			return "", ""
		}
		if len(c.Choices()) > 0 || c.Kind == KindProject {
			return "", "请选择" + c.Title
		}
		return "", "请填写" + c.Title
	}
	switch c.Kind {
	case KindText, KindLong, KindPerson:
		return c.words(text)
	case KindWhole, KindDecimal, KindMoney:
		return c.number(text)
	case KindDate:
		return c.day(text)
	case KindYesNo, KindChoice:
		if !slices.Contains(c.Choices(), text) {
			return "", fmt.Sprintf("%s“%s”只能填%s", c.Title, short(text), strings.Join(c.Choices(), "、"))
		}
	case KindPhone:
		if !registry.ValidPhone(text) {
			return "", fmt.Sprintf("%s“%s”不是电话号码，手机要 11 位，座机要带区号，例如 0792-5213000", c.Title, short(text))
		}
	}
	return text, ""
}

// short is a value as a sentence quotes it.
func short(text string) string {
	if r := []rune(text); len(r) > 20 {
		return string(r[:20]) + "…"
	}
	return text
}

// words checks a text.
func (c Column) words(text string) (kept, wrong string) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	most := maxLine
	if c.Kind == KindLong {
		most = maxLong
	} else if strings.ContainsAny(text, "\r\n") {
		return "", c.Title + "只能写一行"
	}
	n, least := utf8.RuneCountInString(text), 1
	if own, err := strconv.Atoi(c.Most); err == nil {
		most = own
	}
	if own, err := strconv.Atoi(c.Least); err == nil {
		least = own
	}
	switch {
	case n > most:
		return "", fmt.Sprintf("%s有 %d 个字，最多 %d 个字", c.Title, n, most)
	case n < least:
		return "", fmt.Sprintf("%s有 %d 个字，至少 %d 个字", c.Title, n, least)
	case strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == utf8.RuneError }):
		return "", c.Title + "里有不能显示的字符，请重新填写"
	case c.Kind == KindPerson && strings.Contains(text, "*"):
		return "", c.Title + "“" + short(text) + "”是隐去的姓名，请填全名"
	}
	return text, ""
}

// number checks a number.
func (c Column) number(text string) (kept, wrong string) {
	decimals, what, example := 0, "整数", "12"
	switch c.Kind {
	case KindDecimal:
		decimals, what, example = places, "数字，最多四位小数", "580.5"
	case KindMoney:
		decimals, what, example = 2, "金额（元），最多两位小数", "1280.50"
		text = strings.TrimSuffix(text, "元")
	}
	n, err := num.Parse(num.Plain(text))
	if err != nil || !n.Equal(n.Round(decimals, num.HalfUp)) {
		return "", fmt.Sprintf("%s“%s”要填%s，例如 %s", c.Title, short(text), what, example)
	}
	least, most := c.bounds()
	switch {
	case n.Less(least):
		return "", fmt.Sprintf("%s是 %s，不能小于 %s", c.Title, short(text), least)
	case most.Less(n):
		return "", fmt.Sprintf("%s是 %s，不能大于 %s", c.Title, short(text), most)
	}
	if c.Kind == KindMoney {
		fen, _ := n.Mul(num.FromInt(100)).Int64()
		return strconv.FormatInt(fen, 10), ""
	}
	return n.String(), ""
}

// bounds are the least and the largest number.
func (c Column) bounds() (least, most num.Num) {
	least, most = num.FromInt(0), num.MustParse(strings.Repeat("9", maxDigits))
	if own, err := num.Parse(c.Least); err == nil && c.Least != "" {
		least = own
	}
	if own, err := num.Parse(c.Most); err == nil && c.Most != "" {
		most = own
	}
	return least, most
}

// day checks a day.
func (c Column) day(text string) (kept, wrong string) {
	day, err := calendar.ParseDate(text)
	if err != nil || day.Year() < 1900 || day.Year() > 2200 {
		return "", fmt.Sprintf("%s“%s”不是日期，要写成 2026-10-19", c.Title, short(text))
	}
	if least, err := calendar.ParseDate(c.Least); err == nil && day.Compare(least) < 0 {
		return "", fmt.Sprintf("%s%s早于%s", c.Title, day.Chinese(), least.Chinese())
	}
	if most, err := calendar.ParseDate(c.Most); err == nil && day.Compare(most) > 0 {
		return "", fmt.Sprintf("%s%s晚于%s", c.Title, day.Chinese(), most.Chinese())
	}
	return day.String(), ""
}

// Typed is a kept value as people type it: money in yuan, everything else as it is kept. Read takes it back.
func (c Column) Typed(kept string) string {
	if c.Kind != KindMoney || kept == "" {
		return kept
	}
	fen, err := strconv.ParseInt(kept, 10, 64)
	if err != nil {
		return kept
	}
	return num.FromFrac(fen, 100).Fixed(2)
}

// Masked is a kept value for somebody who may not see whom it names.
func (c Column) Masked(kept string) string {
	switch c.Kind {
	case KindPerson:
		return policy.MaskName(kept)
	case KindPhone:
		return policy.MaskPhone(kept)
	}
	return kept
}

// ColumnInput is a column as somebody describes it.
type ColumnInput struct {
	// ID names the column that stands there already, "" for a new one.
	ID string
	// The others are as in Column; Words are separated by 、 or commas.
	Title, Hint, Least, Most, Words string
	Kind                            Kind
	Source                          Source
	Required                        bool
}

// InputOf describes a column that stands.
func InputOf(c Column) ColumnInput {
	return ColumnInput{ID: c.ID, Title: c.Title, Hint: c.Hint, Least: c.Least, Most: c.Most, Words: strings.Join(c.Words, "、"), Kind: c.Kind, Source: c.Source, Required: c.Required}
}

// blank reports whether nothing was said of a column.
func (in ColumnInput) blank() bool { return strings.TrimSpace(in.Title) == "" }

// Field is the name of a part of the n-th column (from 1) in a form and in what is refused about it: c3-title.
func Field(n int, part string) string { return fmt.Sprintf("c%d-%s", n, part) }

// checkColumn reads the n-th description; what is wrong goes to fail.
func checkColumn(n int, in ColumnInput, fail func(name, format string, args ...any)) Column {
	c := Column{Title: strings.TrimSpace(in.Title), Hint: strings.TrimSpace(in.Hint), Kind: in.Kind, Required: in.Required, Source: in.Source, Least: strings.TrimSpace(in.Least), Most: strings.TrimSpace(in.Most)}
	where := func(part, format string, args ...any) {
		fail(Field(n, part), "第 %d 栏"+format, append([]any{n}, args...)...)
	}
	switch size := utf8.RuneCountInString(c.Title); {
	case size > maxTitle:
		where("title", "的名称有 %d 个字，最多 %d 个字", size, maxTitle)
	case strings.ContainsAny(c.Title, "\r\n\t"):
		where("title", "的名称只能写一行")
	}
	if size := utf8.RuneCountInString(c.Hint); size > maxHint {
		where("hint", "“%s”的填写说明有 %d 个字，最多 %d 个字", c.Title, size, maxHint)
	}
	if !slices.ContainsFunc(Kinds(), func(k registry.Choice) bool { return k.ID == string(c.Kind) }) {
		where("kind", "“%s”请选择填什么", c.Title)
		return c
	}
	for _, word := range strings.FieldsFunc(in.Words, func(r rune) bool { return strings.ContainsRune("、,，;；\n\r", r) }) {
		if word = strings.TrimSpace(word); word != "" && !slices.Contains(c.Words, word) {
			c.Words = append(c.Words, word)
		}
	}
	switch {
	case c.Kind != KindChoice:
		c.Words = nil
	case len(c.Words) < 2 || len(c.Words) > MaxWords:
		where("words", "“%s”要有 2 至 %d 个选项，用顿号隔开，现在有 %d 个", c.Title, MaxWords, len(c.Words))
	case slices.ContainsFunc(c.Words, func(w string) bool { return utf8.RuneCountInString(w) > maxWord }):
		where("words", "“%s”的选项最多 %d 个字", c.Title, maxWord)
	}
	c.checkBounds(where)
	if c.Source != "" {
		if s, ok := sourceOf(c.Source); !ok || !slices.Contains(s.fits, c.Kind) {
			where("source", "“%s”是%s，不能由系统填“%s”", c.Title, registry.TextOf(Kinds(), c.Kind), s.title)
		}
	}
	return c
}

// checkBounds reads the bounds of a column.
func (c *Column) checkBounds(where func(part, format string, args ...any)) {
	for _, one := range []struct{ part, label, text string }{{"least", "最小", c.Least}, {"most", "最大", c.Most}} {
		if one.text == "" {
			continue
		}
		ok, form := false, ""
		switch {
		case c.Kind.number():
			n, err := num.Parse(one.text)
			ok, form = err == nil && n.Sign() >= 0, "0 以上的数"
		case c.Kind == KindDate:
			_, err := calendar.ParseDate(one.text)
			ok, form = err == nil, "日期，例如 2026-10-19"
		case c.Kind == KindText, c.Kind == KindLong, c.Kind == KindPerson:
			most := maxLine
			if c.Kind == KindLong {
				most = maxLong
			}
			n, err := strconv.Atoi(one.text)
			ok, form = err == nil && n >= 1 && n <= most, fmt.Sprintf("字数，1 至 %d", most)
		default:
			where(one.part, "“%s”不能有%s", c.Title, one.label)
			continue
		}
		if !ok {
			where(one.part, "“%s”的%s“%s”要填%s", c.Title, one.label, short(one.text), form)
			return
		}
	}
	if c.Least == "" || c.Most == "" {
		return
	}
	crossed := c.Kind == KindDate && c.Least > c.Most
	if c.Kind != KindDate {
		least, err1 := num.Parse(c.Least)
		most, err2 := num.Parse(c.Most)
		crossed = err1 == nil && err2 == nil && most.Less(least)
	}
	if crossed {
		where("least", "“%s”的最小 %s 大于最大 %s", c.Title, c.Least, c.Most)
	}
}

// same reports whether a description leaves a column as it is: its hint may be put differently.
func (c Column) same(other Column) bool {
	return c.Title == other.Title && c.Kind == other.Kind && c.Required == other.Required && c.Least == other.Least && c.Most == other.Most && c.Source == other.Source && slices.Equal(c.Words, other.Words)
}

// Revise gives the columns of the next version of a form: what is described as it stands stays, what is described differently or not at all is taken out, and what is new comes behind. Nothing that was ever
// published goes away. The faults name their fields as Field does. asked reports whether somebody who answered before has something new to fill in.
func Revise(before []Column, version int64, in []ColumnInput) (after []Column, asked bool, refused []fault.Field) {
	fail := func(name, format string, args ...any) {
		refused = append(refused, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
	}
	after = slices.Clone(before)
	kept, titles := map[int]bool{}, map[string]bool{}
	var added []Column
	for n, one := range in {
		if one.blank() {
			continue
		}
		c := checkColumn(n+1, one, fail)
		if titles[c.Title] {
			fail(Field(n+1, "title"), "第 %d 栏“%s”和前面的一栏同名", n+1, c.Title)
		}
		titles[c.Title] = true
		at := slices.IndexFunc(after, func(b Column) bool { return one.ID != "" && b.ID == one.ID && b.Stands() })
		if at >= 0 && !kept[at] && after[at].same(c) {
			kept[at] = true
			after[at].Hint = c.Hint
			continue
		}
		added = append(added, c)
	}
	for i := range after {
		if after[i].Stands() && !kept[i] {
			after[i].Until = version
		}
	}
	for _, c := range added {
		c.ID, c.Since = "c"+strconv.Itoa(len(after)+1), version
		after = append(after, c)
	}
	switch {
	case len(titles) == 0:
		fail(Field(1, "title"), "至少要有一栏")
	case len(after) > MaxColumns:
		fail(Field(1, "title"), "连同改掉的一共有 %d 栏，最多 %d 栏，请另发一个任务", len(after), MaxColumns)
	}
	return after, len(added) > 0, refused
}

// Standing are the places of the columns that stand, in the order of the form.
func Standing(columns []Column) []int {
	var out []int
	for i, c := range columns {
		if c.Stands() {
			out = append(out, i)
		}
	}
	return out
}
