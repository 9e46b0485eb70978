package rating

import (
	"fmt"
	"sort"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/num"
)

// Group is what a roll-up makes of all subjects with one name.
type Group struct {
	// Kind is named, blank or placeholder.
	Kind string
	// Key is the normalised name; empty for the blank and the placeholder group.
	Key string
	// Name is the most frequent spelling, or the declared label of the blank or placeholder group.
	Name string
	// Spellings are all spellings that were merged, the most frequent first.
	Spellings []Spelling
	// Members are the ids of all subjects in the order given; Counted says how many of them have a value, a weight, and no excluded grade.
	Members []string
	Counted int
	// Shares are those counted, in the order given: what each weighs and which value it brings.
	Shares []Share
	// Weight is the sum of the weights of those counted.
	Weight num.Num
	// Known is false if nothing counted; then there is no value and no grade.
	Known bool
	Value num.Num
	Shown string
	Grade string
	Label string
}

// The kinds of groups.
const (
	GroupNamed       = "named"
	GroupBlank       = "blank"
	GroupPlaceholder = "placeholder"
)

// Spelling is one way a name was written.
type Spelling struct {
	Text  string
	Count int
}

// Share is what one member brings into the value of its group.
type Share struct {
	// ID is that of the subject, Weight above 0, Value what is rolled up.
	ID            string
	Weight, Value num.Num
}

// Roller gathers results into groups. It is not safe for concurrent use.
type Roller struct {
	s      *Scheme
	r      *rollupProgram
	groups map[string]*rolling
}

type rolling struct {
	Group
	spellings map[string]int
	sum       num.Num // Σ weight × value, or the smallest or largest value
}

// NewRoller prepares the roll-up with the id. Returns NotFound if the scheme declares none.
func (s *Scheme) NewRoller(id string) (*Roller, error) {
	for i := range s.program.rollups {
		if r := &s.program.rollups[i]; r.decl.ID == id {
			return &Roller{s: s, r: r, groups: map[string]*rolling{}}, nil
		}
	}
	var ids []string
	for i := range s.Rollups {
		ids = append(ids, s.Rollups[i].ID)
	}
	return nil, fault.New("rating.NewRoller", fault.NotFound, fmt.Sprintf("方案没有汇总 %q；已声明的汇总：%s", short(id), strings.Join(ids, "、")))
}

// Add puts one result into its group. subject and result belong together.
func (ro *Roller) Add(subject Subject, result *Result) {
	d := ro.r.decl
	text := ""
	if v := &subject.Values[ro.r.by]; v.State == Present {
		text = v.Text
	}
	kind, key := d.group(text)
	if kind == GroupBlank && d.Blank == "left_out" {
		return
	}
	g := ro.groups[kind+"/"+key]
	if g == nil {
		g = &rolling{Group: Group{Kind: kind, Key: key}, spellings: map[string]int{}}
		ro.groups[kind+"/"+key] = g
	}
	g.spellings[text]++
	g.Members = append(g.Members, subject.ID)
	if result.Grade != "" && contains(d.ExcludeGrades, result.Grade) {
		return
	}
	m := ro.s.program.settled(&subject, result)
	x, gone := m.number(&ro.r.of)
	if gone.kind != nothingAbsent {
		return
	}
	weight := one
	if ro.r.weight.kind != operandNone {
		if weight, gone = m.number(&ro.r.weight); gone.kind != nothingAbsent {
			if d.MissingWeight != "one" {
				return
			}
			weight = one
		}
	}
	if weight.Sign() <= 0 {
		return
	}
	g.Shares = append(g.Shares, Share{subject.ID, weight, x})
	g.add(d.Method, x, weight)
}

func (g *rolling) add(method string, x, weight num.Num) {
	switch {
	case method == "min" && g.Counted > 0:
		g.sum = num.Min(g.sum, x)
	case method == "max" && g.Counted > 0:
		g.sum = num.Max(g.sum, x)
	case method == "min" || method == "max":
		g.sum = x
	default:
		g.sum = g.sum.Add(weight.Mul(x))
	}
	g.Counted++
	g.Weight = g.Weight.Add(weight)
}

// Groups returns all groups, the best first; those without a value come last, and equal ones in the order of their names.
func (ro *Roller) Groups() []Group {
	out := make([]Group, 0, len(ro.groups))
	for _, g := range ro.groups {
		out = append(out, ro.finish(g))
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := &out[i], &out[j]
		if a.Known != b.Known {
			return a.Known
		}
		if c := a.Value.Cmp(b.Value); c != 0 {
			return c > 0
		}
		return a.Kind+a.Name+a.Key < b.Kind+b.Name+b.Key
	})
	return out
}

func (ro *Roller) finish(g *rolling) Group {
	d := ro.r.decl
	out := g.Group
	for text, n := range g.spellings {
		out.Spellings = append(out.Spellings, Spelling{text, n})
	}
	sort.Slice(out.Spellings, func(i, j int) bool {
		a, b := out.Spellings[i], out.Spellings[j]
		return a.Count > b.Count || a.Count == b.Count && a.Text < b.Text
	})
	switch g.Kind {
	case GroupBlank:
		out.Name = d.BlankLabel
	case GroupPlaceholder:
		out.Name = d.PlaceLabel
	default:
		out.Name = out.Spellings[0].Text
	}
	if out.Name == "" && g.Kind != GroupNamed {
		out.Name = "（未填写）"
	}
	if g.Counted == 0 {
		return out
	}
	out.Known, out.Value = true, g.sum
	if d.Method == "" || d.Method == "mean" {
		out.Value, _ = g.sum.Quo(g.Weight)
	}
	out.Value = ro.r.round.round(out.Value)
	out.Shown = out.Value.Fixed(ro.r.decimals)
	m := &machine{p: ro.s.program, total: out.Value, settled: true}
	m.values = m.lookup
	if at := m.match(ro.r.grades, false); at >= 0 {
		out.Grade, out.Label = d.Grades[at].ID, d.Grades[at].Label
	}
	return out
}

// settled returns a machine that reads the values of a finished result.
func (p *program) settled(sub *Subject, r *Result) *machine {
	m := &machine{p: p, sub: sub, cells: make([]cell, len(p.indicators)+len(p.parts)), outputs: make([]cell, len(p.outputs))}
	m.values = m.lookup
	put := func(c *cell, counted bool, points, max num.Num) {
		*c = cell{state: cellOut, points: points, max: max}
		if counted {
			c.state = cellCounted
		}
	}
	for i := range r.Lines {
		put(&m.cells[p.nodeIndex[r.Lines[i].ID]], r.Lines[i].Counted, r.Lines[i].Points, r.Lines[i].Max)
	}
	for i := range r.Parts {
		put(&m.cells[p.nodeIndex[r.Parts[i].ID]], r.Parts[i].Counted, r.Parts[i].Points, r.Parts[i].Max)
	}
	for i := range r.Outputs {
		put(&m.outputs[p.outputIndex[r.Outputs[i].ID]], r.Outputs[i].Known, r.Outputs[i].Value, num.Num{})
	}
	put(&m.cells[len(m.cells)-1], r.Base.Counted, r.Base.Points, r.Base.Max)
	m.total, m.settled = r.Total.Points, r.Total.Counted
	return m
}

// group normalises a name and says which kind of group it belongs to.
func (d *Rollup) group(text string) (kind, key string) {
	if strings.TrimSpace(text) == "" {
		return GroupBlank, ""
	}
	key = d.NormaliseName(text)
	if key == "" {
		return GroupBlank, ""
	}
	if contains(d.Placeholders, key) {
		return GroupPlaceholder, ""
	}
	return GroupNamed, key
}

// NormaliseName brings a spelling to the form under which it is grouped: the declared steps in their order.
func (d *Rollup) NormaliseName(text string) string {
	for i := range d.Normalise {
		text = d.Normalise[i].apply(text)
	}
	return strings.TrimSpace(text)
}

func (n *NameStep) apply(text string) string {
	switch n.Step {
	case "trim":
		return strings.TrimSpace(text)
	case "collapse_blanks":
		return strings.Join(strings.Fields(text), " ")
	case "upper":
		return strings.ToUpper(text)
	case "remove":
		for _, w := range n.Words {
			text = strings.ReplaceAll(text, w, "")
		}
	case "replace":
		for _, w := range n.longestFirst() {
			text = strings.ReplaceAll(text, w, n.Map[w])
		}
	case "replace_suffix":
		for _, w := range n.longestFirst() {
			if head, ok := cutWord(text, w, true); ok {
				return strings.TrimSpace(head + " " + n.Map[w])
			}
		}
	case "strip_suffix", "strip_prefix":
		for again := true; again; {
			again = false
			for _, w := range n.Words {
				if rest, ok := cutWord(text, w, n.Step == "strip_suffix"); ok && rest != "" {
					text, again = rest, true
				}
			}
		}
	case "alias":
		if to, ok := n.Map[text]; ok {
			return to
		}
	}
	return text
}

// longestFirst orders the texts of a map so that a longer one is tried before a shorter one that it contains.
func (n *NameStep) longestFirst() []string {
	list := make([]string, 0, len(n.Map))
	for w := range n.Map {
		list = append(list, w)
	}
	sort.Slice(list, func(i, j int) bool {
		return len(list[i]) > len(list[j]) || len(list[i]) == len(list[j]) && list[i] < list[j]
	})
	return list
}

// cutWord takes a leading or trailing word off. What is left may not run on in Latin letters or digits: LTD is not the end of WALTD. Chinese
// has no blanks between words.
func cutWord(text, word string, suffix bool) (string, bool) {
	text = strings.TrimSpace(text)
	if word == "" || len(word) > len(text) {
		return text, false
	}
	if suffix {
		rest, ok := strings.CutSuffix(text, word)
		if !ok || rest != "" && isLatin(rest[len(rest)-1]) && isLatin(word[0]) {
			return text, false
		}
		return strings.TrimSpace(rest), true
	}
	rest, ok := strings.CutPrefix(text, word)
	if !ok || rest != "" && isLatin(rest[0]) && isLatin(word[len(word)-1]) {
		return text, false
	}
	return strings.TrimSpace(rest), true
}

func isLatin(b byte) bool {
	return b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z' || b >= '0' && b <= '9'
}
