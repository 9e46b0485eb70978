package wish

import (
	"fmt"
	"regexp"

	"redsteward/internal/yamlstrict"
	"redsteward/registry"
)

// Kind is a kind of wish or errand.
type Kind struct {
	// ID is the code, Title is Chinese.
	ID    string `yaml:"id,required"`
	Title string `yaml:"title,required"`
	// Within is the deadline of the service in deadlines.yaml, counted from the day on which it is taken.
	Within string `yaml:"within,required"`
	// Photo: the proof of the service needs a photo.
	Photo bool `yaml:"photo"`
	// Order is OrderErrand for an errand; Papers says which documents it usually takes, "" for none.
	Order  Order  `yaml:"order"`
	Papers string `yaml:"papers"`
}

// Terms are the kinds of wishes.yaml.
type Terms struct {
	file termsFile
}

type termsFile struct {
	// Version names the list, Proposal says that no rule of the county stands behind it.
	Version  string `yaml:"version,required"`
	Proposal bool   `yaml:"proposal"`
	// Low is the rating, of 1 to 5, up to which somebody asks again.
	Low int64 `yaml:"low,required"`
	// LeastMembers is how many reported party members of a unit there must be before their time is told, 0 for 3.
	LeastMembers int `yaml:"least_members"`
	// Points are the rules of points; without them none are booked.
	Points PointTerms `yaml:"points"`
	Kinds  []Kind     `yaml:"kinds,required"`
}

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// ParseTerms reads a wishes.yaml; deadline reports whether there is a deadline of an id. Returns Invalid with every mistake, named file:line:column.
func ParseTerms(file string, data []byte, deadline func(id string) bool) (*Terms, error) {
	t := &Terms{}
	doc := yamlstrict.Decode(file, data, &t.file)
	f := &t.file
	if f.Low < 0 || f.Low >= best {
		doc.Add("low", fmt.Sprintf("要回访的评分要在 0 至 %d 之间，现在是 %d", best-1, f.Low))
	}
	if f.LeastMembers < 0 {
		doc.Add("least_members", "人数不能小于 0")
	}
	f.Points.check(func(place, message string) { doc.Add("points."+place, message) })
	seen := map[string]bool{}
	for i, k := range f.Kinds {
		at := fmt.Sprintf("kinds.%d.", i)
		if seen[k.ID] || !codeForm.MatchString(k.ID) {
			doc.Add(at+"id", fmt.Sprintf("代码“%s”重复，或者不是小写字母、数字和下划线", k.ID))
		}
		seen[k.ID] = true
		if k.Order != OrderWish && k.Order != OrderErrand {
			doc.Add(at+"order", fmt.Sprintf("order 只能是 errand，微心愿不写，现在是“%s”", k.Order))
		}
		if k.Papers != "" && k.Order != OrderErrand || k.Photo && k.Order == OrderErrand {
			doc.Add(at+"papers", "只有代办写材料，只有微心愿要照片")
		}
		if k.Within != "" && !deadline(k.Within) {
			doc.Add(at+"within", "期限表里没有 "+k.Within)
		}
	}
	return t, doc.Err()
}

// Version names the list; Proposal reports whether no rule of the county stands behind it.
func (t *Terms) Version() string { return t.file.Version }

// Proposal: see Version.
func (t *Terms) Proposal() bool { return t.file.Proposal }

// Kinds are the kinds in the order of the file.
func (t *Terms) Kinds() []Kind { return t.file.Kinds }

// Choices are the kinds for a form.
func (t *Terms) Choices() []registry.Choice {
	var out []registry.Choice
	for _, k := range t.file.Kinds {
		out = append(out, registry.Choice{ID: k.ID, Text: k.Title})
	}
	return out
}

// LeastMembers is how many reported party members of a unit there must be before their time is told.
func (t *Terms) LeastMembers() int {
	if t.file.LeastMembers == 0 {
		return 3
	}
	return t.file.LeastMembers
}

// PapersOf says which documents a kind of errand usually takes, "" for none.
func (t *Terms) PapersOf(kind string) string {
	k, _ := t.kind(kind)
	return k.Papers
}

// kind returns a kind by its code.
func (t *Terms) kind(id string) (Kind, bool) {
	for _, k := range t.file.Kinds {
		if k.ID == id {
			return k, true
		}
	}
	return Kind{}, false
}
