package casework

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/yamlstrict"
	"redsteward/policy"
)

// Series are the series of document numbers of the bureau, as a file says them.
type Series struct{ file seriesFile }

type seriesFile struct {
	Basis  string      `yaml:"basis,required"`
	Series []SeriesRow `yaml:"series,required"`
}

// SeriesRow is one series: its word (机关代字), what it is called, and the papers that take their numbers from it.
type SeriesRow struct {
	Word  string `yaml:"word,required"`
	Title string `yaml:"title,required"`
	// Papers are codes: the kind of a case, the step that gives the number and, where a kind has several papers, which; the longest one that fits decides.
	Papers []string `yaml:"papers"`
	// Township is the id of the township whose own series it is, "" for one of the bureau. Its numbers are taken by hand by who records what it sends, no paper of a case takes them, and other townships do not see them.
	Township string `yaml:"township"`
	// On: the number goes on over the years; else every year begins with 1.
	On bool `yaml:"on"`
	// First are the numbers with which years begin here, because the office gave the ones before out by hand.
	First []SeriesFirst `yaml:"first"`
}

// SeriesFirst is the first number of a year that is not 1.
type SeriesFirst struct {
	Year   int64 `yaml:"year,required"`
	Number int64 `yaml:"number,required"`
}

var (
	wordForm = regexp.MustCompile(`^[\p{Han}A-Za-z]{2,20}$`)
	// townshipForm is the form of the id of a township.
	townshipForm = regexp.MustCompile(`^\d{9,12}$`)
	codeOf       = regexp.MustCompile(`^[a-z][a-z0-9_-]*(?:\.[a-z0-9_-]+){1,2}$`)
)

// ParseSeries reads the series. Returns Invalid with every mistake, named file:line:column.
func ParseSeries(file string, data []byte) (*Series, error) {
	s := &Series{}
	doc := yamlstrict.Decode(file, data, &s.file)
	words, papers := map[string]bool{}, map[string]bool{}
	for i, row := range s.file.Series {
		at := fmt.Sprintf("series.%d.", i)
		if words[row.Word] || !wordForm.MatchString(row.Word) {
			doc.Add(at+"word", "机关代字“"+row.Word+"”重复，或者不是 2 至 20 个汉字、字母")
		}
		words[row.Word] = true
		if n := utf8.RuneCountInString(row.Title); n < 2 || n > 30 {
			doc.Add(at+"title", fmt.Sprintf("名称要写 2 至 30 个字，现在有 %d 个", n))
		}
		if row.Township != "" && (len(row.Papers) > 0 || !townshipForm.MatchString(row.Township)) {
			doc.Add(at+"township", "乡镇要写区划代码，例如 360428101；乡镇的代字由乡镇自己取号，不写 papers")
		}
		for _, p := range row.Papers {
			if papers[p] || !codeOf.MatchString(p) {
				doc.Add(at+"papers", "文书“"+p+"”写在两个代字里，或者不是 事项.步骤 的样子")
			}
			papers[p] = true
		}
		for j, f := range row.First {
			if f.Year < 1949 || f.Year > 2099 || f.Number < 1 || f.Number > 99999 || slices.ContainsFunc(row.First[:j], func(k SeriesFirst) bool { return k.Year == f.Year }) {
				doc.Add(fmt.Sprintf("%sfirst.%d.number", at, j), "年份要在 1949 至 2099 之间、不重复，号要在 1 至 99999 之间")
			}
		}
	}
	return s, doc.Err()
}

// All are the series in the order of the file; nil without a file.
func (s *Series) All() []SeriesRow {
	if s == nil {
		return nil
	}
	return s.file.Series
}

// For finds the series from which a paper takes its number: the code, or the code without its last part; false if the series are silent about it.
func (s *Series) For(code string) (SeriesRow, bool) {
	for ; strings.Contains(code, "."); code = code[:strings.LastIndexByte(code, '.')] {
		for _, row := range s.All() {
			if slices.Contains(row.Papers, code) {
				return row, true
			}
		}
	}
	return SeriesRow{}, false
}

// keys are the scope keys of what is numbered in the series without a case; nil for what concerns the whole county.
func (r SeriesRow) keys() []string {
	if r.Township == "" {
		return nil
	}
	return []string{policy.TownshipKey(r.Township)}
}

// in reports whether the series lies in a scope: one of the bureau for who sees the whole county, one of a township for it too.
func (r SeriesRow) in(scope policy.Scope) bool { return scope.Covers(r.keys(), calendar.Date{}) }

// Word finds a series by its word.
func (s *Series) Word(word string) (SeriesRow, bool) {
	i := slices.IndexFunc(s.All(), func(r SeriesRow) bool { return r.Word == word })
	if i < 0 {
		return SeriesRow{}, false
	}
	return s.file.Series[i], true
}

// first is the first number that a year can have.
func (r SeriesRow) first(year int64) int64 {
	for _, f := range r.First {
		if f.Year == year {
			return f.Number
		}
	}
	return 1
}
