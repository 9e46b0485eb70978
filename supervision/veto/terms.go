package veto

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"redsteward/internal/yamlstrict"
	"redsteward/registry"
)

// source is a kind of document that has effect.
type source struct {
	ID    string `yaml:"id,required"`
	Title string `yaml:"title,required"`
}

// ground is one ground of a veto, with the documents on which it can stand and for how many months.
type ground struct {
	ID        string   `yaml:"id,required"`
	Title     string   `yaml:"title,required"`
	Documents []string `yaml:"documents,required"`
	Months    int64    `yaml:"months,required"`
}

// Terms are what vetoes.yaml says.
type Terms struct{ file termsFile }

type termsFile struct {
	Basis     string   `yaml:"basis,required"`
	Documents []source `yaml:"documents,required"`
	Never     []string `yaml:"never,required"`
	Grounds   []ground `yaml:"grounds,required"`
}

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// maxMonths is for how long a veto can stand at most.
const maxMonths = 60

// ParseTerms reads a vetoes.yaml. Returns Invalid with every mistake, named file:line:column.
func ParseTerms(file string, data []byte) (*Terms, error) {
	t := &Terms{}
	doc := yamlstrict.Decode(file, data, &t.file)
	named := func(at, id, title string, seen map[string]bool) {
		if seen[id] || !codeForm.MatchString(id) {
			doc.Add(at+"id", "代码“"+id+"”重复，或者不是小写字母、数字和下划线")
		}
		seen[id] = true
		if n := utf8.RuneCountInString(title); n < 2 || n > 30 {
			doc.Add(at+"title", fmt.Sprintf("名称要写 2 至 30 个字，现在有 %d 个", n))
		}
	}
	documents, grounds := map[string]bool{}, map[string]bool{}
	for i, d := range t.file.Documents {
		named(fmt.Sprintf("documents.%d.", i), d.ID, d.Title, documents)
	}
	for i, g := range t.file.Grounds {
		at := fmt.Sprintf("grounds.%d.", i)
		named(at, g.ID, g.Title, grounds)
		if len(g.Documents) == 0 {
			doc.Add(at+"documents", "至少写一种生效文书")
		}
		for _, d := range g.Documents {
			if !documents[d] {
				doc.Add(at+"documents", "documents 里没有“"+d+"”这种文书")
			}
		}
		if g.Months < 1 || g.Months > maxMonths {
			doc.Add(at+"months", fmt.Sprintf("有效期要在 1 至 %d 个月之间，现在是 %d", maxMonths, g.Months))
		}
	}
	for i, w := range t.file.Never {
		if strings.TrimSpace(w) == "" {
			doc.Add(fmt.Sprintf("never.%d", i), "不能是空的")
		}
	}
	return t, doc.Err()
}

// Basis is where the list comes from.
func (t *Terms) Basis() string { return t.file.Basis }

// Grounds are the grounds in the order of the file, with their months.
func (t *Terms) Grounds() []registry.Choice {
	out := make([]registry.Choice, len(t.file.Grounds))
	for i, g := range t.file.Grounds {
		out[i] = registry.Choice{ID: g.ID, Text: g.Title}
	}
	return out
}

// Documents are the kinds of documents in the order of the file.
func (t *Terms) Documents() []registry.Choice {
	out := make([]registry.Choice, len(t.file.Documents))
	for i, d := range t.file.Documents {
		out[i] = registry.Choice{ID: d.ID, Text: d.Title}
	}
	return out
}

// Months is for how long a ground stands; 0 for an unknown one.
func (t *Terms) Months(ground string) int64 {
	g, _ := t.ground(ground)
	return g.Months
}

// ground finds a ground.
func (t *Terms) ground(id string) (ground, bool) {
	i := slices.IndexFunc(t.file.Grounds, func(g ground) bool { return g.ID == id })
	if i < 0 {
		return ground{}, false
	}
	return t.file.Grounds[i], true
}

// without is the first word of never that one of some texts contains, "" for none.
func (t *Terms) without(texts ...string) string {
	for _, w := range t.file.Never {
		if slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(text, w) }) {
			return w
		}
	}
	return ""
}
