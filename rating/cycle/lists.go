package cycle

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/internal/yamlstrict"
)

// ListRules are what lists.yaml says: the lists that show what stands out in one published period (红榜、整改提示榜), without any consequence (practice.md §3). The zero value has none.
type ListRules struct{ file listsFile }

type listsFile struct {
	Basis string     `yaml:"basis,required"`
	Lists []listRule `yaml:"lists,required"`
}

// listRule is one list: what it says holds all together.
type listRule struct {
	ID      string   `yaml:"id,required"`
	Title   string   `yaml:"title,required"`
	Rhythm  string   `yaml:"rhythm,required"`
	AtLeast string   `yaml:"at_least"`
	Below   string   `yaml:"below"`
	Grades  []string `yaml:"grades"`
	Months  int64    `yaml:"months,required"`
	Note    string   `yaml:"note,required"`

	least, below *num.Num
}

var listID = regexp.MustCompile(`^[a-z][a-z0-9_]{0,19}$`)

// maxListMonths is for how long a list is shown at most.
const maxListMonths = 12

// ParseLists reads a lists.yaml. Returns Invalid with every mistake, named file:line:column.
func ParseLists(file string, data []byte) (*ListRules, error) {
	l := &ListRules{}
	doc := yamlstrict.Decode(file, data, &l.file)
	seen := map[string]bool{}
	for i := range l.file.Lists {
		r, at := &l.file.Lists[i], fmt.Sprintf("lists.%d.", i)
		if seen[r.ID] || !listID.MatchString(r.ID) {
			doc.Add(at+"id", "代码“"+r.ID+"”重复，或者不是小写字母、数字和下划线")
		}
		seen[r.ID] = true
		if n := utf8.RuneCountInString(r.Title); n < 2 || n > 20 {
			doc.Add(at+"title", fmt.Sprintf("名称要写 2 至 20 个字，现在有 %d 个", n))
		}
		if r.Rhythm != RhythmQuarter && r.Rhythm != RhythmYear {
			doc.Add(at+"rhythm", "要写 quarter 或 year，不能是“"+r.Rhythm+"”")
		}
		for name, text := range map[string]string{"at_least": r.AtLeast, "below": r.Below} {
			if text == "" {
				continue
			}
			x, err := num.Parse(text)
			switch {
			case err != nil:
				doc.Add(at+name, "“"+text+"”不是数")
			case name == "below":
				r.below = &x
			default:
				r.least = &x
			}
		}
		if r.AtLeast == "" && r.Below == "" && len(r.Grades) == 0 {
			doc.Add(at+"id", "要写 at_least、below 或 grades，至少一样")
		}
		if r.Months < 1 || r.Months > maxListMonths {
			doc.Add(at+"months", fmt.Sprintf("要在 1 至 %d 之间，现在是 %d", maxListMonths, r.Months))
		}
	}
	return l, doc.Err()
}

// Titles are the names of the lists in the order of the file.
func (l *ListRules) Titles() []string {
	out := make([]string, len(l.file.Lists))
	for i := range l.file.Lists {
		out[i] = l.file.Lists[i].Title
	}
	return out
}

// holds reports whether a compound is on the list.
func (r *listRule) holds(row *PreviewRow) bool {
	switch {
	case (r.least != nil || r.below != nil) && row.Total == nil:
		return false
	case r.least != nil && row.Total.Less(*r.least), r.below != nil && !row.Total.Less(*r.below):
		return false
	}
	return len(r.Grades) == 0 || slices.Contains(r.Grades, row.Grade)
}

// List is a list as everybody sees it.
type List struct {
	// ID, Title and Note are those of its rule, Basis where it comes from.
	ID, Title, Note, Basis string
	// Period is the name of the period from which it comes, "" while none is published; Evaluation names its results.
	Period, Evaluation string
	// Until is the last day on which it is shown; Over: it has passed, and there are no rows.
	Until calendar.Date
	Over  bool
	// Rows are the compounds by name.
	Rows []PreviewRow
}

// Lists returns the lists on a day, computed from the newest published period of each. Anybody may ask.
func (s *Service) Lists(ctx context.Context, on calendar.Date) ([]List, error) {
	var out []List
	for i := range s.lists.file.Lists {
		r := &s.lists.file.Lists[i]
		one := List{ID: r.ID, Title: r.Title, Note: r.Note, Basis: s.lists.file.Basis}
		list, err := s.newest(ctx, periodKey(r.Rhythm, StatePublished), 1)
		if err != nil {
			return nil, err
		}
		if len(list) > 0 {
			p := &list[0]
			one.Period, one.Evaluation = p.Name, p.Evaluation
			one.Until = calendar.DateOf(p.Publication.At.Time).AddMonths(int(r.Months))
			if one.Over = on.Compare(one.Until) > 0; !one.Over {
				if one.Rows, err = s.listed(ctx, p, r); err != nil {
					return nil, err
				}
			}
		}
		out = append(out, one)
	}
	return out, nil
}

// listed are the compounds of a published period that are on a list, by name.
func (s *Service) listed(ctx context.Context, p *Period, r *listRule) ([]PreviewRow, error) {
	scheme, _, err := s.schemeOf(ctx, p)
	if err != nil {
		return nil, err
	}
	rows, err := s.rows(ctx, p, scheme, func([]string) bool { return true })
	rows = slices.DeleteFunc(rows, func(row PreviewRow) bool { return !r.holds(&row) })
	slices.SortFunc(rows, func(a, b PreviewRow) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Project, b.Project))
	})
	return rows, err
}
