package matter

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"redsteward/internal/yamlstrict"
	"redsteward/registry"
)

// Platform is how another platform writes its orders, and how it wants them answered: the words of its workbooks as matters.yaml has them.
type Platform struct {
	// Source is which platform it is, Title what its workbook is called.
	Source Source `yaml:"source,required"`
	Title  string `yaml:"title,required"`
	// Columns are the headings of the workbook that it hands out.
	Columns PlatformColumns `yaml:"columns,required"`
	// Words are its words where they are not ours.
	Words []PlatformWord `yaml:"words"`
	// Answers are the columns of the workbook that it takes back, in order.
	Answers []PlatformAnswer `yaml:"answers,required"`
}

// PlatformColumns are the headings of a platform for what we read of an order; "" for what it does not tell. Whatever else its workbook has (names and phones too) is not read.
type PlatformColumns struct {
	Number    string `yaml:"number,required"`
	Received  string `yaml:"received,required"`
	Category  string `yaml:"category,required"`
	Community string `yaml:"community,required"`
	Where     string `yaml:"where,required"`
	Words     string `yaml:"words,required"`
	Due       string `yaml:"due"`
	Township  string `yaml:"township"`
	Project   string `yaml:"project"`
	Outcome   string `yaml:"outcome"`
	Done      string `yaml:"done"`
	Result    string `yaml:"result"`
	Satisfied string `yaml:"satisfied"`
}

// all are the headings in the order of a workbook.
func (c *PlatformColumns) all() []string {
	return []string{c.Number, c.Received, c.Due, c.Category, c.Township, c.Community, c.Project, c.Where, c.Words, c.Outcome, c.Done, c.Result, c.Satisfied}
}

// What a word of a platform can be about.
const (
	WordCategory  = "category"
	WordOutcome   = "outcome"
	WordSatisfied = "satisfied"
)

// PlatformWord says that what a platform calls Said in one of its columns is our code Is.
type PlatformWord struct {
	Of   string `yaml:"of,required"`
	Said string `yaml:"said,required"`
	Is   string `yaml:"is,required"`
}

// AnswerPart is what a column of an answer tells.
type AnswerPart string

// The parts of an answer. A new one gets its words here and its value in internal/report.
const (
	PartNumber     AnswerPart = "number"
	PartReceived   AnswerPart = "received"
	PartDue        AnswerPart = "due"
	PartState      AnswerPart = "state"
	PartDepartment AnswerPart = "department"
	PartAnswered   AnswerPart = "answered"
	PartAnswer     AnswerPart = "answer"
	PartFixed      AnswerPart = "fixed"
	PartInTime     AnswerPart = "in_time"
	PartReasonable AnswerPart = "reasonable"
)

var answerParts = []AnswerPart{PartNumber, PartReceived, PartDue, PartState, PartDepartment, PartAnswered, PartAnswer, PartFixed, PartInTime, PartReasonable}

// PlatformAnswer is a column of the workbook that a platform takes back.
type PlatformAnswer struct {
	Title string     `yaml:"title,required"`
	Is    AnswerPart `yaml:"is,required"`
	// Yes and No are its words for fixed, in_time and reasonable; "" is 是 and 否.
	Yes string `yaml:"yes"`
	No  string `yaml:"no"`
}

// Says is the word of a column for a yes or a no.
func (a PlatformAnswer) Says(yes bool) string {
	switch {
	case yes && a.Yes != "":
		return a.Yes
	case yes:
		return "是"
	case a.No != "":
		return a.No
	}
	return "否"
}

// Platforms are the platforms whose workbooks matters.yaml describes.
func (t *Tree) Platforms() []Platform { return t.platforms }

// Platform is the one of a source, false if its workbooks are not described.
func (t *Tree) Platform(source Source) (Platform, bool) {
	i := slices.IndexFunc(t.platforms, func(p Platform) bool { return p.Source == source })
	if i < 0 {
		return Platform{}, false
	}
	return t.platforms[i], true
}

// Choices are what a cell of a platform can say, with our codes: its own words first, then ours for what it has no word for.
func (p *Platform) Choices(of string, ours []registry.Choice) []registry.Choice {
	var out []registry.Choice
	named := map[string]bool{}
	for _, w := range p.Words {
		if w.Of == of {
			out, named[w.Is] = append(out, registry.Choice{ID: w.Is, Text: w.Said}), true
		}
	}
	for _, c := range ours {
		if !named[c.ID] && !slices.ContainsFunc(out, func(o registry.Choice) bool { return o.Text == c.Text }) {
			out = append(out, c)
		}
	}
	return out
}

// CategoryChoices are all categories of a tree.
func (t *Tree) CategoryChoices() []registry.Choice {
	var out []registry.Choice
	for _, k := range t.kinds {
		for _, c := range k.Categories {
			out = append(out, registry.Choice{ID: c.ID, Text: c.Title})
		}
	}
	return out
}

// maxHeading is the longest heading of a workbook, in signs.
const maxHeading = 30

// checkPlatforms checks what matters.yaml says of the workbooks of other platforms.
func (t *Tree) checkPlatforms(doc *yamlstrict.Document) {
	codes := map[string][]registry.Choice{WordCategory: t.CategoryChoices(), WordOutcome: Outcomes(), WordSatisfied: Satisfactions()}
	seen := map[Source]bool{}
	for i := range t.platforms {
		p, at := &t.platforms[i], fmt.Sprintf("platforms.%d.", i)
		if !knows(Platforms(), p.Source) || seen[p.Source] {
			doc.Add(at+"source", "只能是 hotline 或 govern，各写一次，现在是 "+string(p.Source))
		}
		seen[p.Source] = true
		heading := func(at, text string, taken map[string]bool) {
			if n := utf8.RuneCountInString(text); n > maxHeading || strings.TrimSpace(text) != text {
				doc.Add(at, fmt.Sprintf("栏目名称最多 %d 个字，前后没有空格，现在是“%s”", maxHeading, text))
			}
			if taken[text] {
				doc.Add(at, "栏目“"+text+"”写了两次")
			}
			taken[text] = true
		}
		heading(at+"title", p.Title, map[string]bool{})
		taken := map[string]bool{}
		for _, text := range p.Columns.all() {
			if text != "" {
				heading(at+"columns", text, taken)
			}
		}
		if c := p.Columns; c.Outcome != "" && (c.Done == "" || c.Result == "") || c.Outcome == "" && c.Done+c.Result+c.Satisfied != "" {
			doc.Add(at+"columns", "办理结果 outcome、办结日期 done、结果说明 result 要么都写，要么都不写；没有办理结果的不写回访 satisfied")
		}
		said := map[string]bool{}
		for k, w := range p.Words {
			at := fmt.Sprintf("%swords.%d.", at, k)
			list, known := codes[w.Of]
			switch {
			case !known:
				doc.Add(at+"of", "只能是 category、outcome 或 satisfied，现在是 "+w.Of)
			case !knows(list, w.Is):
				doc.Add(at+"is", "没有代码“"+w.Is+"”")
			case said[w.Of+"/"+w.Said]:
				doc.Add(at+"said", "“"+w.Said+"”写了两次")
			}
			said[w.Of+"/"+w.Said] = true
		}
		taken = map[string]bool{}
		numbered := false
		for k, a := range p.Answers {
			at := fmt.Sprintf("%sanswers.%d.", at, k)
			heading(at+"title", a.Title, taken)
			if !slices.Contains(answerParts, a.Is) {
				doc.Add(at+"is", "没有“"+string(a.Is)+"”这一项内容")
			}
			numbered = numbered || a.Is == PartNumber
		}
		if !numbered && len(p.Answers) > 0 {
			doc.Add(at+"answers", "要有一栏是 number 工单编号，平台按它认")
		}
	}
}
