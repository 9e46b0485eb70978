package application

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"redsteward/internal/yamlstrict"
)

// Terms are what applications.yaml says.
type Terms struct{ file termsFile }

type termsFile struct {
	Basis      string   `yaml:"basis,required"`
	Window     string   `yaml:"window,required"`
	Completion string   `yaml:"completion,required"`
	Levels     []string `yaml:"levels,required"`
	Pledge     []string `yaml:"pledge,required"`
}

// maxPledge is how many sentences a pledge has at most, maxSentence how long one is, in characters.
const maxPledge, maxSentence = 12, 200

// ParseTerms reads an applications.yaml; known reports whether deadlines.yaml has a rule. Returns Invalid with every mistake, named file:line:column.
func ParseTerms(file string, data []byte, known func(rule string) bool) (*Terms, error) {
	t := &Terms{}
	doc := yamlstrict.Decode(file, data, &t.file)
	rule := func(at, id string) {
		if id != "" && !known(id) {
			doc.Add(at, "deadlines.yaml 里没有“"+id+"”")
		}
	}
	rule("window", t.file.Window)
	rule("completion", t.file.Completion)
	for i, id := range t.file.Levels {
		rule(fmt.Sprintf("levels.%d", i), id)
	}
	if n := len(t.file.Pledge); n < 1 || n > maxPledge {
		doc.Add("pledge", fmt.Sprintf("承诺要写 1 至 %d 条，现在有 %d 条", maxPledge, n))
	}
	for i, line := range t.file.Pledge {
		if n := utf8.RuneCountInString(strings.TrimSpace(line)); n < 4 || n > maxSentence {
			doc.Add(fmt.Sprintf("pledge.%d", i), fmt.Sprintf("一条承诺要写 4 至 %d 个字，现在有 %d 个", maxSentence, n))
		}
	}
	return t, doc.Err()
}

// Basis is where the terms come from.
func (t *Terms) Basis() string { return t.file.Basis }

// Pledge are the sentences of the pledge (承诺书).
func (t *Terms) Pledge() []string { return t.file.Pledge }

// Levels is for how many levels there is a clock.
func (t *Terms) Levels() int { return len(t.file.Levels) }
