package returns

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/yamlstrict"
	"redsteward/supervision"
)

// ByHand says that a cell is filled in by who compiles the return (人工填写), because no register holds it.
type ByHand struct {
	// Unit is what it counts, Places how many decimals it may have, 0 to 4: none for whole numbers.
	Unit   string `yaml:"unit,required"`
	Places int    `yaml:"places"`
	// Least and Most are the bounds of what can be typed, with at most Places decimals; "" for none.
	Least string `yaml:"least"`
	Most  string `yaml:"most"`

	least, most *num.Num
}

// handFrom is the register of a cell that none holds, handOpen why it has no number yet.
const (
	handFrom   = "人工填写"
	handOpen   = "还没有填写"
	maxPlaces  = 4
	maxTyped   = 24
	maxUnit    = 6
	cellsLists = "这是人工填写的数，没有清单"
)

// Typed is a number that somebody typed.
type Typed struct {
	// Key is that of the cell, N the number, By who typed it last.
	Key string           `json:"key" privacy:"public"`
	N   string           `json:"n" privacy:"public"`
	By  supervision.Hand `json:"by"`
}

// checkHand checks a cell that is filled in by hand, and gives it the measure of none.
func (c *Cell) checkHand(doc *yamlstrict.Document, at string) {
	h := &c.Hand
	if c.Measure != "" || c.Of != "" || c.cumulative() {
		doc.Add(at+"hand", "人工填写的指标不写 measure、of、since 和 years")
	}
	if n := utf8.RuneCountInString(c.Title); n < 2 {
		doc.Add(at+"hand", "人工填写的指标要写 title")
	}
	if n := utf8.RuneCountInString(c.How); n < 4 {
		doc.Add(at+"hand", "人工填写的指标要写 how：填什么、怎样算")
	}
	if n := utf8.RuneCountInString(h.Unit); n < 1 || n > maxUnit {
		doc.Add(at+"hand.unit", fmt.Sprintf("单位要写 1 至 %d 个字，现在有 %d 个", maxUnit, n))
	}
	if h.Places < 0 || h.Places > maxPlaces {
		doc.Add(at+"hand.places", fmt.Sprintf("小数位数要在 0 至 %d 之间，现在是 %d", maxPlaces, h.Places))
		return
	}
	bound := func(name, text string) *num.Num {
		if text == "" {
			return nil
		}
		n, err := num.Parse(text)
		if err != nil || !n.Round(h.Places, num.HalfUp).Equal(n) {
			doc.Add(at+"hand."+name, fmt.Sprintf("要写数字，最多 %d 位小数，不能是“%s”", h.Places, text))
			return nil
		}
		return &n
	}
	if h.least, h.most = bound("least", h.Least), bound("most", h.Most); h.least != nil && h.most != nil && h.most.Less(*h.least) {
		doc.Add(at+"hand.most", "最大 "+h.Most+" 小于最小 "+h.Least)
	}
	c.measure = &Measure{Name: c.Title, Unit: h.Unit, How: c.How, From: handFrom, Places: h.Places}
}

// Is reports whether a cell is filled in by hand.
func (h *ByHand) Is() bool { return h.Unit != "" }

// Hint says what can be typed.
func (h *ByHand) Hint() string {
	out := "整数"
	if h.Places > 0 {
		out = fmt.Sprintf("最多 %d 位小数", h.Places)
	}
	switch {
	case h.Least != "" && h.Most != "":
		out += "，" + h.Least + " 至 " + h.Most
	case h.Least != "":
		out += "，不小于 " + h.Least
	case h.Most != "":
		out += "，不大于 " + h.Most
	}
	return out + "，单位" + h.Unit
}

// read takes a typed number; wrong says what is wrong with it.
func (c *Cell) read(text string) (n num.Num, wrong string) {
	h := &c.Hand
	text = num.Plain(strings.TrimSpace(text))
	n, err := num.Parse(text)
	switch {
	case err != nil || len(text) > maxTyped:
		return n, c.Title + "要填数字，例如 12"
	case !n.Round(h.Places, num.HalfUp).Equal(n) && h.Places == 0:
		return n, c.Title + "要填整数"
	case !n.Round(h.Places, num.HalfUp).Equal(n):
		return n, fmt.Sprintf("%s最多 %d 位小数", c.Title, h.Places)
	case h.least != nil && n.Less(*h.least):
		return n, c.Title + "不能小于 " + h.Least
	case h.most != nil && h.most.Less(n):
		return n, c.Title + "不能大于 " + h.Most
	}
	return n, ""
}

// put puts what was typed into the cells for it; the others have none.
func (f *Figures) put(typed []Typed) {
	for i := range f.Cells {
		c := &f.Cells[i]
		if !c.ByHand {
			continue
		}
		c.Value, c.Typed = Value{Why: handOpen}, nil
		for k := range typed {
			if n, err := num.Parse(typed[k].N); typed[k].Key == c.Key && err == nil {
				c.Value, c.Typed = Value{N: &n}, &typed[k].By
			}
		}
	}
}

// typed is what was typed of some figures.
func (f *Figures) typed() []Typed {
	var out []Typed
	for i := range f.Cells {
		if c := &f.Cells[i]; c.ByHand && c.N != nil && c.Typed != nil {
			out = append(out, Typed{Key: c.Key, N: c.N.String(), By: *c.Typed})
		}
	}
	return out
}

// unfilled are the cells to be filled in by hand that lack their number.
func (f *Figures) unfilled() []fault.Field {
	var out []fault.Field
	for i := range f.Cells {
		if c := &f.Cells[i]; c.ByHand && c.N == nil {
			out = append(out, fault.Field{Name: c.Key, Message: "人工填写的“" + c.Title + "”还没有填"})
		}
	}
	return out
}

// retype takes what a form says of the cells to be filled in by hand; one that is not named stays. Returns Invalid for refused numbers (keys of cells), Conflict if there is no such cell or nothing differs.
func (f *Figures) retype(form *Form, was []Typed, in map[string]string, by supervision.Hand) ([]Typed, error) {
	const op = "returns.Do"
	var out []Typed
	var bad []fault.Field
	asked, changed := false, false
	for i := range f.Cells {
		if !f.Cells[i].ByHand {
			continue
		}
		c, known := form.Cell(f.Cells[i].Key)
		if !known || !c.Hand.Is() {
			continue
		}
		asked = true
		var old *Typed
		for k := range was {
			if was[k].Key == c.Key {
				old = &was[k]
			}
		}
		text, said := in[c.Key]
		switch text = strings.TrimSpace(text); {
		case !said:
		case text == "":
			changed, old = changed || old != nil, nil
		default:
			n, wrong := c.read(text)
			if wrong != "" {
				bad = append(bad, fault.Field{Name: c.Key, Message: wrong})
				continue
			}
			if old == nil || old.N != n.String() {
				changed, old = true, &Typed{Key: c.Key, N: n.String(), By: by}
			}
		}
		if old != nil {
			out = append(out, *old)
		}
	}
	switch {
	case len(bad) > 0:
		return nil, fault.InvalidFields(op, bad...)
	case !asked:
		return nil, fault.New(op, fault.Conflict, "这张报表没有要人工填写的指标")
	case !changed:
		return nil, fault.New(op, fault.Conflict, "填写的数没有改动")
	}
	return out, nil
}
