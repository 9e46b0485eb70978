package survey

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"redsteward/internal/num"
	"redsteward/internal/yamlstrict"
	"redsteward/registry"
)

// Overall is the id of the first question of every questionnaire; the rating reads its answers.
const Overall = "overall"

// maxQuestions bounds a questionnaire, so that it fits on a slip and in a record.
const maxQuestions = 12

// Question is one question of a questionnaire. As part of a record it keeps the words of then.
type Question struct {
	// ID is the code, Text what is asked.
	ID   string `yaml:"id,required" json:"id" privacy:"public"`
	Text string `yaml:"text,required" json:"text" privacy:"public"`
}

// Level is one degree of satisfaction.
type Level struct {
	// ID is the code, Name is Chinese; Pleased: it counts as satisfied.
	ID, Name string
	Pleased  bool
}

// Levels are the five degrees, the best first (中物协〔2004〕1号 counts 非常满意 and 满意). In answers the first is 1.
func Levels() []Level {
	return []Level{{"very_satisfied", "非常满意", true}, {"satisfied", "满意", true}, {"neutral", "一般", false}, {"dissatisfied", "不满意", false}, {"very_dissatisfied", "非常不满意", false}}
}

// Unknown is the digit of an answer that says 不了解; the first question does not take it.
const Unknown = 0

// Form is the questionnaire of a survey as it was when it was prepared.
type Form struct {
	// Version is the one of the file, Title the name of the survey, Unit who runs it (主管单位).
	Version string `json:"version" privacy:"public"`
	Title   string `json:"title" privacy:"public"`
	Unit    string `json:"unit" privacy:"public"`
	// Questions are what is asked, the overall one first.
	Questions []Question `json:"questions"`
	// LeastShown: a question that fewer answered is not shown.
	LeastShown int64 `json:"least_shown"`
	// Pass is which percent must be satisfied by the service level of the contract, 0 for none.
	Pass int64 `json:"pass,omitempty"`
}

// size says how many answers a compound of a size needs.
type size struct {
	// Below: it has fewer households; 0 for all others.
	Below int64 `yaml:"below"`
	// Share of Of (households or occupied), rounded up, and at least AtLeast.
	Share   num.Num `yaml:"share"`
	Of      string  `yaml:"of"`
	AtLeast int64   `yaml:"at_least"`
}

// pass says which percent must be satisfied where the contract names a service level.
type pass struct {
	Level   string `yaml:"level,required"`
	Percent int64  `yaml:"percent,required"`
}

const (
	ofHouseholds = "households"
	ofOccupied   = "occupied"
)

// Terms are what satisfaction.yaml says: the questionnaire and the sizes of practice.md §7.
type Terms struct{ file termsFile }

type termsFile struct {
	Version       string     `yaml:"version,required"`
	Title         string     `yaml:"title,required"`
	Unit          string     `yaml:"unit,required"`
	Sizes         []size     `yaml:"sizes,required"`
	SizesBasis    string     `yaml:"sizes_basis,required"`
	InvitePercent int64      `yaml:"invite_percent,required"`
	LeastShown    int64      `yaml:"least_shown,required"`
	Pass          []pass     `yaml:"pass"`
	Questions     []Question `yaml:"questions,required"`
}

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// ParseTerms reads a satisfaction.yaml. Returns Invalid with every mistake, named file:line:column.
func ParseTerms(file string, data []byte) (*Terms, error) {
	t := &Terms{}
	doc := yamlstrict.Decode(file, data, &t.file)
	f := &t.file
	for name, text := range map[string]string{"version": f.Version, "title": f.Title, "unit": f.Unit, "sizes_basis": f.SizesBasis} {
		if n := utf8.RuneCountInString(text); text != "" && (n > 80 || strings.TrimSpace(text) != text) {
			doc.Add(name, fmt.Sprintf("%s 最多 80 个字，前后不留空格，现在有 %d 个字", name, n))
		}
	}
	t.checkSizes(doc)
	if f.InvitePercent < 100 || f.InvitePercent > 1000 {
		doc.Add("invite_percent", fmt.Sprintf("发出的答题码要在要求份数的 100 %% 至 1000 %% 之间，现在是 %d", f.InvitePercent))
	}
	if f.LeastShown < 3 || f.LeastShown > 100 {
		doc.Add("least_shown", fmt.Sprintf("不公布的界限要在 3 至 100 之间，现在是 %d：太小会认出是哪一户答的", f.LeastShown))
	}
	levels := registry.ServiceLevels()
	named := map[string]bool{}
	for i, p := range f.Pass {
		at := fmt.Sprintf("pass.%d.", i)
		if !slices.ContainsFunc(levels, func(l registry.Choice) bool { return l.ID == p.Level }) || named[p.Level] {
			doc.Add(at+"level", "没有“"+p.Level+"”这个服务等级，或者写了两次；可以写 first、second、third、none")
		}
		named[p.Level] = true
		if p.Percent < 1 || p.Percent > 100 {
			doc.Add(at+"percent", fmt.Sprintf("满意率要在 1 至 100 之间，现在是 %d", p.Percent))
		}
	}
	if n := len(f.Questions); n > maxQuestions {
		doc.Add("questions", fmt.Sprintf("最多 %d 题，现在有 %d 题", maxQuestions, n))
	}
	if len(f.Questions) == 0 || f.Questions[0].ID != Overall {
		doc.Add("questions", "第一题要是总体满意度，代码写 "+Overall)
	}
	seen := map[string]bool{}
	for i, q := range f.Questions {
		at := fmt.Sprintf("questions.%d.", i)
		if seen[q.ID] || !codeForm.MatchString(q.ID) {
			doc.Add(at+"id", "代码“"+q.ID+"”重复，或者不是小写字母、数字和下划线")
		}
		seen[q.ID] = true
		if n := utf8.RuneCountInString(q.Text); n < 4 || n > 60 {
			doc.Add(at+"text", fmt.Sprintf("题目要写 4 至 60 个字，现在有 %d 个", n))
		}
	}
	return t, doc.Err()
}

// checkSizes: the classes go up, the last one takes all others, and each asks for something that can be counted.
func (t *Terms) checkSizes(doc *yamlstrict.Document) {
	before := int64(0)
	for i, s := range t.file.Sizes {
		at := fmt.Sprintf("sizes.%d.", i)
		switch last := i == len(t.file.Sizes)-1; {
		case last && s.Below != 0:
			doc.Add(at+"below", "最后一档不写 below：其余的都按它")
		case !last && s.Below <= before:
			doc.Add(at+"below", fmt.Sprintf("below 要从小到大写，%d 不大于前一档的 %d", s.Below, before))
		}
		before = s.Below
		if s.Share.Sign() < 0 || num.FromInt(1).Less(s.Share) {
			doc.Add(at+"share", "比例要在 0 至 1 之间，现在是 "+s.Share.String())
		}
		if s.Share.IsZero() && s.AtLeast < 1 {
			doc.Add(at+"at_least", "比例和最少份数至少写一样")
		}
		if s.AtLeast < 0 || s.AtLeast > 10_000 {
			doc.Add(at+"at_least", fmt.Sprintf("最少份数要在 0 至 10000 之间，现在是 %d", s.AtLeast))
		}
		if !s.Share.IsZero() && s.Of != ofHouseholds && s.Of != ofOccupied {
			doc.Add(at+"of", "按什么户数算要写 households 或者 occupied，现在是“"+s.Of+"”")
		}
	}
}

// Questions is how many questions there are, Version which version of the file this is.
func (t *Terms) Questions() int { return len(t.file.Questions) }

// Version: see Questions.
func (t *Terms) Version() string { return t.file.Version }

// form is the questionnaire for a compound whose contract names a service level.
func (t *Terms) form(level registry.ServiceLevel) Form {
	f := &t.file
	out := Form{Version: f.Version, Title: f.Title, Unit: f.Unit, Questions: f.Questions, LeastShown: f.LeastShown}
	for _, p := range f.Pass {
		if p.Level == string(level) {
			out.Pass = p.Percent
		}
	}
	return out
}

// Needed is how many answers make a result of a compound with so many households, of which so many are occupied, and the population that the rating counts from: all households, or those occupied where
// the rule counts from these.
func (t *Terms) Needed(households, occupied int64) (needed, population int64) {
	for _, s := range t.file.Sizes {
		if s.Below != 0 && households >= s.Below {
			continue
		}
		population = households
		if s.Of == ofOccupied {
			population = occupied
		}
		share, _ := s.Share.Mul(num.FromInt(population)).Round(0, num.Ceiling).Int64()
		return max(share, s.AtLeast), population
	}
	return 0, households
}

// Invited is how many households are drawn so that enough of them answer; never more than are occupied.
func (t *Terms) Invited(needed, occupied int64) int64 {
	return min(occupied, (needed*t.file.InvitePercent+99)/100)
}
