package casework

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/yamlstrict"
	"redsteward/registry"
)

// Ground is one ground of a ruling, with the documents on which it can stand.
type Ground struct {
	ID        string   `yaml:"id,required"`
	Title     string   `yaml:"title,required"`
	Documents []string `yaml:"documents,required"`
	// Months is for how long a ruling stands, Levels by how many stars it lowers; each kind of ruling has one of them.
	Months int64 `yaml:"months"`
	Levels int64 `yaml:"levels"`
	// Events are what leads to the ground, in the words of the kind of ruling; an event leads to one ground.
	Events []string `yaml:"events"`
	// Times is how often an event that leads to the ground must have happened, Within the months within which; 0 if once is enough.
	Times  int64 `yaml:"times"`
	Within int64 `yaml:"within"`
}

// source is a kind of document that has effect.
type source struct {
	ID    string `yaml:"id,required"`
	Title string `yaml:"title,required"`
}

// Grounds are what a ruling can rest on, as a file says it.
type Grounds struct{ file groundsFile }

type groundsFile struct {
	// Kind tells files of grounds apart: "stars" for those of 降星 and 摘牌, "" for others.
	Kind      string   `yaml:"kind"`
	Basis     string   `yaml:"basis,required"`
	Documents []source `yaml:"documents,required"`
	Never     []string `yaml:"never,required"`
	Grounds   []Ground `yaml:"grounds,required"`
}

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// ParseGrounds reads a file of grounds of a kind; wrong says what is wrong with a ground besides, as the key and the words, "" for nothing. Returns Invalid with every mistake, named file:line:column.
func ParseGrounds(file string, data []byte, kind string, wrong func(Ground) (key, why string)) (*Grounds, error) {
	t := &Grounds{}
	doc := yamlstrict.Decode(file, data, &t.file)
	if t.file.Kind != kind {
		doc.Add("kind", "要写“"+kind+"”，现在是“"+t.file.Kind+"”")
	}
	named := func(at, id, title string, seen map[string]bool) {
		if seen[id] || !codeForm.MatchString(id) {
			doc.Add(at+"id", "代码“"+id+"”重复，或者不是小写字母、数字和下划线")
		}
		seen[id] = true
		if n := utf8.RuneCountInString(title); n < 2 || n > 30 {
			doc.Add(at+"title", fmt.Sprintf("名称要写 2 至 30 个字，现在有 %d 个", n))
		}
	}
	documents, grounds, events := map[string]bool{}, map[string]bool{}, map[string]bool{}
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
		for _, e := range g.Events {
			if events[e] {
				doc.Add(at+"events", "“"+e+"”已经写在另一个情形里")
			}
			events[e] = true
		}
		if key, why := wrong(g); why != "" {
			doc.Add(at+key, why)
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
func (t *Grounds) Basis() string { return t.file.Basis }

// Grounds are the grounds in the order of the file.
func (t *Grounds) Grounds() []registry.Choice {
	out := make([]registry.Choice, len(t.file.Grounds))
	for i, g := range t.file.Grounds {
		out[i] = registry.Choice{ID: g.ID, Text: g.Title}
	}
	return out
}

// Documents are the kinds of documents in the order of the file.
func (t *Grounds) Documents() []registry.Choice {
	out := make([]registry.Choice, len(t.file.Documents))
	for i, d := range t.file.Documents {
		out[i] = registry.Choice{ID: d.ID, Text: d.Title}
	}
	return out
}

// Ground finds a ground by its code.
func (t *Grounds) Ground(id string) (Ground, bool) {
	i := slices.IndexFunc(t.file.Grounds, func(g Ground) bool { return g.ID == id })
	if i < 0 {
		return Ground{}, false
	}
	return t.file.Grounds[i], true
}

// From finds the ground to which an event leads; false if the document must tell.
func (t *Grounds) From(event string) (Ground, bool) {
	i := slices.IndexFunc(t.file.Grounds, func(g Ground) bool { return slices.Contains(g.Events, event) })
	if i < 0 {
		return Ground{}, false
	}
	return t.file.Grounds[i], true
}

// Rests is what a new ruling says that it rests on.
type Rests struct {
	// Ground and Source are codes of the file of grounds.
	Ground, Source string
	// Number is that of the document, Issuer who made it, Text what it found; Effective is the day on which it took effect.
	Number, Issuer, Text string
	Effective            calendar.Date
}

// Rests checks what a new ruling rests on, and gives the ground and the name of the kind of document. Returns Invalid for refused fields (ground, source, number, issuer, effective, text).
func (d Desk) Rests(t *Grounds, in *Rests) (why Ground, source string, err error) {
	f := d.Check()
	why, known := t.Ground(in.Ground)
	if !known {
		f.Fail("ground", "请选择理由")
	}
	source = registry.TextOf(t.Documents(), in.Source)
	switch {
	case source == "" || source == in.Source:
		f.Fail("source", "请选择生效文书的种类")
	case known && !slices.Contains(why.Documents, in.Source):
		f.Fail("source", "“%s”不能只凭%s认定", why.Title, source)
	}
	f.Text("number", "文号", &in.Number, 2, maxRulingNumber)
	f.Text("issuer", "作出单位", &in.Issuer, 2, maxRulingNumber)
	f.Text("text", "认定的事实", &in.Text, 4, maxRulingWords)
	f.Past("effective", "生效日期", in.Effective, calendar.Date{})
	for _, w := range t.file.Never {
		if strings.Contains(in.Number, w) || strings.Contains(in.Issuer, w) {
			f.Fail("number", "写有“%s”的不是生效文书，不能凭它认定", w)
			break
		}
	}
	return why, source, f.Err()
}
