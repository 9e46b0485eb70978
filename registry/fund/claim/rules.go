package claim

import (
	"fmt"
	"regexp"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/yamlstrict"
	"redsteward/registry"
)

// Part is one part of a building with its warranty, as fund.yaml says it.
type Part struct {
	// ID is the code, Title is Chinese.
	ID    string `yaml:"id,required"`
	Title string `yaml:"title,required"`
	// Rule is the period in deadlines.yaml; Season stands in its place where it is counted in seasons.
	Rule   string `yaml:"rule"`
	Season Season `yaml:"season"`
}

// Season is a period of N seasons of heating or cooling.
type Season struct {
	// Begins and Ends are the first and last day of one, MM-DD; it may pass the turn of the year.
	Begins string `yaml:"begins"`
	Ends   string `yaml:"ends"`
	// N is how many whole seasons are warranted, 0 for a part that is not counted so.
	N int `yaml:"n"`
}

// When says when a document must be there.
type When string

// The times.
const (
	// WhenFile: when the claim is handed in (with urgent use, at the final account).
	WhenFile When = "file"
	// WhenUrgent: when urgent use is asked for.
	WhenUrgent When = "urgent"
	// WhenAccount: at the final account.
	WhenAccount When = "account"
)

// Wanted is one document of a claim.
type Wanted struct {
	// ID is the code, Title is Chinese, When says when it must be there.
	ID    string `yaml:"id,required"`
	Title string `yaml:"title,required"`
	When  When   `yaml:"when,required"`
}

// RefundRule says when refunds begin.
type RefundRule struct {
	// N is how many days before the end of the period the work of a refund may begin.
	N int `yaml:"n,required"`
}

// Rules are the checked fund.yaml.
type Rules struct {
	// Parts are the parts, Documents the documents of a claim, in the order of the file. Refund says when refunds begin.
	Parts     []Part     `yaml:"parts,required"`
	Documents []Wanted   `yaml:"documents,required"`
	Refund    RefundRule `yaml:"refund,required"`
}

// The bounds of the file: a claim's record holds every document.
const (
	maxParts     = 40
	maxDocuments = 20
	maxAhead     = 365
)

var (
	codeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	dayForm  = regexp.MustCompile(`^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$`)
)

// ParseRules reads a fund.yaml; deadline reports whether there is a period of that id. Returns Invalid with every mistake, named file:line:column.
func ParseRules(file string, data []byte, deadline func(id string) bool) (*Rules, error) {
	var in Rules
	doc := yamlstrict.Decode(file, data, &in)
	seen := map[string]bool{}
	code := func(at, id string) {
		if !codeForm.MatchString(id) || seen[at[:4]+id] {
			doc.Add(at+".id", fmt.Sprintf("代码“%s”重复，或者不是小写字母、数字和下划线", id))
		}
		seen[at[:4]+id] = true
	}
	for i, p := range in.Parts {
		at := fmt.Sprintf("parts.%d", i)
		code(at, p.ID)
		switch {
		case (p.Rule == "") == (p.Season.N == 0):
			doc.Add(at, "要写 rule 或者 season，只写一样")
		case p.Rule != "" && !deadline(p.Rule):
			doc.Add(at+".rule", "期限表里没有 "+p.Rule)
		case p.Rule == "" && (p.Season.N < 1 || p.Season.N > 20 || !dayForm.MatchString(p.Season.Begins) || !dayForm.MatchString(p.Season.Ends)):
			doc.Add(at+".season", "要写成 {begins: \"11-15\", ends: \"03-15\", n: 2}，n 从 1 到 20")
		}
	}
	for i, w := range in.Documents {
		at := fmt.Sprintf("documents.%d", i)
		code(at, w.ID)
		if !slices.Contains([]When{WhenFile, WhenUrgent, WhenAccount}, w.When) {
			doc.Add(at+".when", fmt.Sprintf("“%s”不对，只能是 file、urgent、account", w.When))
		}
	}
	if len(in.Parts) > maxParts || len(in.Documents) > maxDocuments {
		doc.Add("parts", fmt.Sprintf("保修部位最多 %d 项，材料最多 %d 项", maxParts, maxDocuments))
	}
	if in.Refund.N < 0 || in.Refund.N > maxAhead {
		doc.Add("refund.n", fmt.Sprintf("要在 0 到 %d 天之间，现在是 %d", maxAhead, in.Refund.N))
	}
	return &in, doc.Err()
}

// Part returns a part. Returns Invalid with the field part.
func (r *Rules) Part(id string) (Part, error) {
	i := slices.IndexFunc(r.Parts, func(p Part) bool { return p.ID == id })
	if i < 0 {
		return Part{}, fault.InvalidFields("claim.Part", fault.Field{Name: "part", Message: "请选择保修部位"})
	}
	return r.Parts[i], nil
}

// Choices are the parts for a form.
func (r *Rules) Choices() []registry.Choice {
	var out []registry.Choice
	for _, p := range r.Parts {
		out = append(out, registry.Choice{ID: p.ID, Text: p.Title})
	}
	return out
}

// document returns a document of the list.
func (r *Rules) document(id string) (Wanted, bool) {
	i := slices.IndexFunc(r.Documents, func(w Wanted) bool { return w.ID == id })
	if i < 0 {
		return Wanted{}, false
	}
	return r.Documents[i], true
}

// end is the last day of the Nth season that begins on or after a day. Both days of the form were checked; one that its year lacks counts as the day after.
func (s Season) end(start calendar.Date) calendar.Date {
	on := func(year int, text string) calendar.Date {
		month, _ := calendar.ParseDate(fmt.Sprintf("%04d-%s-01", year, text[:2]))
		day := int(text[3]-'0')*10 + int(text[4]-'0')
		return month.Add(day - 1)
	}
	first := start.Year()
	if on(first, s.Begins).Compare(start) < 0 {
		first++
	}
	last := first + s.N - 1
	if s.Ends < s.Begins {
		last++
	}
	return on(last, s.Ends)
}
