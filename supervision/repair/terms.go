package repair

import (
	"fmt"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"redsteward/internal/yamlstrict"
	"redsteward/registry"
)

// Category is one kind of repair.
type Category struct {
	// ID is the code, Title is Chinese.
	ID    string `yaml:"id,required"`
	Title string `yaml:"title,required"`
}

// arrival is how soon somebody has to be there for what is urgent, by the service level of the contract.
type arrival struct {
	Level   string `yaml:"level,required"`
	Minutes int64  `yaml:"minutes,required"`
}

// Terms are what repairs.yaml says.
type Terms struct{ file termsFile }

type termsFile struct {
	Version         string     `yaml:"version,required"`
	Categories      []Category `yaml:"categories,required"`
	Urgent          []arrival  `yaml:"urgent,required"`
	UrgentOtherwise int64      `yaml:"urgent_otherwise,required"`
	FinishHours     int64      `yaml:"finish_hours,required"`
	SamplePercent   int64      `yaml:"sample_percent,required"`
	Calls           int64      `yaml:"calls,required"`
	Basis           string     `yaml:"basis,required"`
}

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// ParseTerms reads a repairs.yaml. Returns Invalid with every mistake, named file:line:column.
func ParseTerms(file string, data []byte) (*Terms, error) {
	t := &Terms{}
	doc := yamlstrict.Decode(file, data, &t.file)
	f := &t.file
	within := func(name string, n, least, most int64) {
		if n < least || n > most {
			doc.Add(name, fmt.Sprintf("要在 %d 至 %d 之间，现在是 %d", least, most, n))
		}
	}
	seen := map[string]bool{}
	for i, c := range f.Categories {
		at := fmt.Sprintf("categories.%d.", i)
		if seen[c.ID] || !codeForm.MatchString(c.ID) {
			doc.Add(at+"id", "代码“"+c.ID+"”重复，或者不是小写字母、数字和下划线")
		}
		seen[c.ID] = true
		if n := utf8.RuneCountInString(c.Title); n < 2 || n > 20 {
			doc.Add(at+"title", fmt.Sprintf("名称要写 2 至 20 个字，现在有 %d 个", n))
		}
	}
	levels := map[string]bool{}
	for i, u := range f.Urgent {
		at := fmt.Sprintf("urgent.%d.", i)
		if !slices.ContainsFunc(registry.ServiceLevels(), func(l registry.Choice) bool { return l.ID == u.Level }) || levels[u.Level] {
			doc.Add(at+"level", "没有“"+u.Level+"”这个服务等级，或者写了两次；可以写 first、second、third、none")
		}
		levels[u.Level] = true
		within(at+"minutes", u.Minutes, 5, 24*60)
	}
	within("urgent_otherwise", f.UrgentOtherwise, 5, 24*60)
	within("finish_hours", f.FinishHours, 1, 30*24)
	within("sample_percent", f.SamplePercent, 1, 100)
	within("calls", f.Calls, 1, 5)
	return t, doc.Err()
}

// Categories are the kinds of repairs in the order of the file.
func (t *Terms) Categories() []registry.Choice {
	out := make([]registry.Choice, len(t.file.Categories))
	for i, c := range t.file.Categories {
		out[i] = registry.Choice{ID: c.ID, Text: c.Title}
	}
	return out
}

// Version says which version of the file this is.
func (t *Terms) Version() string { return t.file.Version }

// Percent is the share of what was done that is called back, in percent.
func (t *Terms) Percent() int64 { return t.file.SamplePercent }

// due is until when something reported at a moment is to be answered to be in time: what is urgent by somebody's arrival (level is in the words of ServiceLevels), all else by its end, which is the moment agreed with the household if there is one.
func (t *Terms) due(urgent bool, level string, reported, agreed time.Time) time.Time {
	if !urgent {
		if !agreed.IsZero() {
			return agreed
		}
		return reported.Add(time.Duration(t.file.FinishHours) * time.Hour)
	}
	minutes := t.file.UrgentOtherwise
	for _, u := range t.file.Urgent {
		if registry.TextOf(registry.ServiceLevels(), u.Level) == level {
			minutes = u.Minutes
		}
	}
	return reported.Add(time.Duration(minutes) * time.Minute)
}
