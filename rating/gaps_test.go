package rating

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// damage is one change to a scheme that is right: what is done, and the path of the mapping or value that it is done to.
type damage struct {
	what, path string
	do, undo   func()
}

// damages lists, for every key of a scheme, misspelling it, and for every single value, putting an empty list in its place.
func damages(n *yaml.Node, path string) []damage {
	var out []damage
	switch n.Kind {
	case yaml.DocumentNode:
		return damages(n.Content[0], "")
	case yaml.SequenceNode:
		for i, c := range n.Content {
			out = append(out, damages(c, path+"["+strconv.Itoa(i)+"]")...)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			word := key.Value
			out = append(out, damage{"misspelt", strings.TrimPrefix(path+"."+word, "."), func() { key.Value = word + "x" }, func() { key.Value = word }})
			out = append(out, damages(n.Content[i+1], strings.TrimPrefix(path+"."+word, "."))...)
		}
	case yaml.ScalarNode:
		whole := *n
		out = append(out, damage{"a list", path, func() { *n = yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"} }, func() { *n = whole }})
	}
	return out
}

// damagesTried is about how many places of each scheme are damaged; with all of them, about 9,000, the test takes minutes.
const damagesTried = 30

// TestOneMistakeHasNoEcho damages keys and values of every scheme, one at a time. Each must be told, and nothing else: what was not read
// must not look like a mistake of what refers to it.
func TestOneMistakeHasNoEcho(t *testing.T) {
	files, err := filepath.Glob("../configs/schemes/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no schemes: %v", err)
	}
	tried := 0
	for _, file := range append(files, "testdata/good/county.yaml", "testdata/guarantees/mixed.yaml") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var doc yaml.Node
		if err := yaml.Unmarshal(data, &doc); err != nil {
			t.Fatal(err)
		}
		all := damages(&doc, "")
		for i := 0; i < len(all); i += max(1, len(all)/damagesTried) {
			d := all[i]
			if d.what == "misspelt" && strings.Contains(d.path, ".map.") {
				continue // these keys are free words
			}
			tried++
			d.do()
			text, err := yaml.Marshal(&doc)
			d.undo()
			if err != nil {
				t.Fatal(err)
			}
			_, err = ParseScheme(text)
			problems := ProblemsOf(err)
			told := 0
			for _, p := range problems {
				// A misspelt key is told at its own new path, and once more where the right one is missing.
				if p.Path == d.path || p.Path == d.path+"x" || d.what == "misspelt" && p.Path == above(d.path) {
					told++
				}
			}
			if told == 0 || told != len(problems) {
				t.Errorf("%s: %s at %s: %v", filepath.Base(file), d.what, d.path, problems)
			}
		}
	}
	t.Logf("%d mistakes", tried)
}
