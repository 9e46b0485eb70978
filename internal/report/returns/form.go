package returns

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/yamlstrict"
)

// Due is when a return is due: so many days after the last day of its term, moved to the next worked day if it rolls.
type Due struct {
	Days  int  `yaml:"days,required"`
	Rolls bool `yaml:"rolls"`
}

// Cell is one figure of a return.
type Cell struct {
	// Key names it, in a template too.
	Key string `yaml:"key,required"`
	// Measure is the key of a measure, Of narrows it where it takes something. Hand takes its place where somebody fills the cell in.
	Measure string `yaml:"measure"`
	Hand    ByHand `yaml:"hand"`
	Of      string `yaml:"of"`
	// Title and How are the words of the return, "" for those of the measure.
	Title string `yaml:"title"`
	How   string `yaml:"how"`
	// Group is the heading under which it stands, "" to go on under the one before.
	Group string `yaml:"group"`
	// Since begins the days that count on this day instead of the first of the term (累计); no date for none.
	Since calendar.Date `yaml:"since"`
	// Years begins them on 1 January instead: 1 of the year in which the term ends (今年以来), 2 of the year before (去年以来); 0 for none.
	Years int `yaml:"years"`
	// Odd is from how many percent of change against the term before the number is marked, 0 for that of the return.
	Odd int64 `yaml:"odd"`

	measure *Measure
}

// cumulative reports whether it counts from a day before the term (累计).
func (c *Cell) cumulative() bool { return !c.Since.IsZero() || c.Years > 0 }

// Counts is the measure of the cell; of one that is filled in by hand it has words and unit only.
func (c *Cell) Counts() *Measure { return c.measure }

// Table is a table of a return: its columns are cells, counted for each group.
type Table struct {
	ID      string   `yaml:"id,required"`
	Title   string   `yaml:"title,required"`
	By      By       `yaml:"by,required"`
	Columns []string `yaml:"columns,required"`
	// Most is how many rows it has at most, those with the largest first number first; 0 for all of them, by name. Least leaves out rows whose first number is smaller.
	Most  int   `yaml:"most"`
	Least int64 `yaml:"least"`
}

// Form is one return as returns.yaml says it.
type Form struct {
	ID     string `yaml:"id,required"`
	Title  string `yaml:"title,required"`
	Rhythm Rhythm `yaml:"rhythm,required"`
	// Closes is the day of the month on which a month closes, 0 for its last one.
	Closes int `yaml:"closes"`
	Due    Due `yaml:"due,required"`
	// To is the addressee (报送单位), Basis where it comes from.
	To    string `yaml:"to,required"`
	Basis string `yaml:"basis"`
	// Townships: it is made for each township too.
	Townships bool `yaml:"townships"`
	// Odd is from how many percent of change against the term before a number is marked.
	Odd int64 `yaml:"odd,required"`
	// As is the return whose cells and tables it has, "" for its own.
	As     string  `yaml:"as"`
	Cells  []Cell  `yaml:"cells"`
	Tables []Table `yaml:"tables"`
}

// Set are the returns of an installation.
type Set struct{ forms []Form }

type formsFile struct {
	Returns []Form `yaml:"returns,required"`
}

// Names of a template that are no cells.
const (
	NameTitle    = "return_title"
	NamePeriod   = "return_period"
	NameDays     = "return_days"
	NameUnit     = "return_unit"
	NameTo       = "return_to"
	NameCompiled = "return_compiled"
	NameChecked  = "return_checked"
	NameSigned   = "return_signed"
	NameDay      = "return_day"
	NameNote     = "return_note"
)

var (
	formID  = regexp.MustCompile(`^[a-z][a-z0-9_]{1,29}$`)
	cellKey = regexp.MustCompile(`^[a-z][a-z0-9_]{2,39}$`)
	// asCell are the names that Excel takes for cells: A1, XFD1048576, R1C1.
	asCell = regexp.MustCompile(`^([a-z]{1,3}[0-9]+|r[0-9]*c[0-9]*)$`)
)

const (
	maxOdd  = 1000
	maxDays = 366
	maxMost = 500
	// maxYears is the longest count by calendar years.
	maxYears = 10
)

// ParseReturns reads a returns.yaml; kind reports whether matters.yaml has a kind. Returns Invalid with every mistake, named file:line:column.
func ParseReturns(file string, data []byte, kind func(id string) bool) (*Set, error) {
	var in formsFile
	doc := yamlstrict.Decode(file, data, &in)
	seen := map[string]int{}
	for i := range in.Returns {
		f, at := &in.Returns[i], fmt.Sprintf("returns.%d.", i)
		if _, twice := seen[f.ID]; twice || !formID.MatchString(f.ID) {
			doc.Add(at+"id", "代码“"+f.ID+"”重复，或者不是小写字母、数字和下划线（2 至 30 个）")
		}
		f.check(doc, at, kind)
		if f.As != "" {
			from, known := seen[f.As]
			switch {
			case !known:
				doc.Add(at+"as", "前面没有“"+f.As+"”这张报表")
			case len(f.Cells)+len(f.Tables) > 0:
				doc.Add(at+"as", "写了 as 就用“"+in.Returns[from].Title+"”的指标，不再写 cells 和 tables")
			default:
				f.Cells, f.Tables = in.Returns[from].Cells, in.Returns[from].Tables
			}
		} else if len(f.Cells) == 0 {
			doc.Add(at+"id", "“"+f.Title+"”没有指标：要写 cells，或者用 as 写明与哪张报表相同")
		}
		seen[f.ID] = i
	}
	return &Set{in.Returns}, doc.Err()
}

// check checks what a return says about itself.
func (f *Form) check(doc *yamlstrict.Document, at string, kind func(string) bool) {
	if n := utf8.RuneCountInString(f.Title); n < 2 || n > 30 {
		doc.Add(at+"title", fmt.Sprintf("名称要写 2 至 30 个字，现在有 %d 个", n))
	}
	if !slices.Contains([]Rhythm{Weekly, Monthly, Quarterly, Yearly}, f.Rhythm) {
		doc.Add(at+"rhythm", "要写 week、month、quarter 或 year，不能是“"+string(f.Rhythm)+"”")
	}
	if f.Closes < 0 || f.Closes > 28 || f.Closes > 0 && f.Rhythm != Monthly {
		doc.Add(at+"closes", fmt.Sprintf("只有月报写截止日，在 1 至 28 之间，现在是 %d", f.Closes))
	}
	if f.Due.Days < 0 || f.Due.Days > maxDays {
		doc.Add(at+"due", fmt.Sprintf("报送期限要在报告期结束后 0 至 %d 天之间，现在是 %d", maxDays, f.Due.Days))
	}
	if n := utf8.RuneCountInString(f.To); n < 2 || n > 60 {
		doc.Add(at+"to", fmt.Sprintf("报送单位要写 2 至 60 个字，现在有 %d 个", n))
	}
	if f.Odd < 1 || f.Odd > maxOdd {
		doc.Add(at+"odd", fmt.Sprintf("要在 1 至 %d 之间，现在是 %d", maxOdd, f.Odd))
	}
	keys, group := map[string]*Cell{}, ""
	for i := range f.Cells {
		c, at := &f.Cells[i], fmt.Sprintf("%scells.%d.", at, i)
		c.check(doc, at, kind)
		switch {
		case keys[c.Key] != nil:
			doc.Add(at+"key", "代码“"+c.Key+"”重复")
		case !cellKey.MatchString(c.Key) || asCell.MatchString(c.Key) || strings.HasPrefix(c.Key, "return_") || strings.Contains(c.Key, "__"):
			doc.Add(at+"key", "代码“"+c.Key+"”不能用作 Excel 里的名称：要 3 至 40 个小写字母、数字和下划线，不像单元格地址，不以 return_ 开头，没有两个相连的下划线")
		}
		keys[c.Key] = c
		if c.Group == "" {
			c.Group = group
		}
		group = c.Group
		if c.Odd == 0 {
			c.Odd = f.Odd
		}
	}
	tables := map[string]bool{}
	for i := range f.Tables {
		t, at := &f.Tables[i], fmt.Sprintf("%stables.%d.", at, i)
		if tables[t.ID] || keys[t.ID] != nil || !cellKey.MatchString(t.ID) || asCell.MatchString(t.ID) || strings.Contains(t.ID, "__") {
			doc.Add(at+"id", "代码“"+t.ID+"”重复，或者不能用作 Excel 里的名称")
		}
		tables[t.ID] = true
		if !slices.Contains([]By{ByTownship, ByCommunity, ByCompound, ByFirm, BySubject}, t.By) {
			doc.Add(at+"by", "要写 township、community、compound、firm 或 subject，不能是“"+string(t.By)+"”")
		}
		if t.Most < 0 || t.Most > maxMost {
			doc.Add(at+"most", fmt.Sprintf("要在 1 至 %d 之间，不写是全部，现在是 %d", maxMost, t.Most))
		}
		if len(t.Columns) == 0 {
			doc.Add(at+"columns", "至少写一个指标的代码")
		}
		for k, key := range t.Columns {
			c := keys[key]
			switch {
			case c == nil:
				doc.Add(fmt.Sprintf("%scolumns.%d", at, k), "这张报表没有“"+key+"”这个指标")
			case c.Hand.Is():
				doc.Add(fmt.Sprintf("%scolumns.%d", at, k), "“"+c.Title+"”是人工填写的，不能分组")
			case c.measure != nil && !c.measure.groups(t.By):
				doc.Add(fmt.Sprintf("%scolumns.%d", at, k), "“"+c.Title+"”不能这样分组")
			case c.measure != nil && k == 0 && c.measure.rate() && (t.Most > 0 || t.Least > 0):
				doc.Add(fmt.Sprintf("%scolumns.%d", at, k), "“"+c.Title+"”是比率，不能用来取前几行")
			}
		}
	}
}

// check checks a cell.
func (c *Cell) check(doc *yamlstrict.Document, at string, kind func(string) bool) {
	if c.Odd < 0 || c.Odd > maxOdd {
		doc.Add(at+"odd", fmt.Sprintf("要在 1 至 %d 之间，现在是 %d", maxOdd, c.Odd))
	}
	if c.Years < 0 || c.Years > maxYears || c.Years > 0 && !c.Since.IsZero() {
		doc.Add(at+"years", fmt.Sprintf("要在 1 至 %d 之间（1 今年以来，2 去年以来），不与 since 同时写，现在是 %d", maxYears, c.Years))
	}
	if n := utf8.RuneCountInString(c.Title); n > 40 {
		doc.Add(at+"title", fmt.Sprintf("名称最多 40 个字，现在有 %d 个", n))
	}
	if c.Hand.Is() {
		c.checkHand(doc, at)
		return
	}
	m, known := Find(c.Measure)
	if !known {
		doc.Add(at+"measure", "没有“"+c.Measure+"”这个指标，指标的代码见网页“报表台”的“全部指标和口径”")
		return
	}
	c.measure = m
	if c.Title == "" {
		c.Title = m.Name
	}
	if c.How == "" {
		c.How = m.How
	}
	switch {
	case c.Of != "" && m.Takes == NoParam:
		doc.Add(at+"of", "“"+m.Name+"”不能再分")
	case c.Of != "" && !kind(c.Of):
		doc.Add(at+"of", "matters.yaml 里没有“"+c.Of+"”这个大类")
	}
}

// All are the returns in the order of the file.
func (s *Set) All() []Form { return s.forms }

// Find is the return of an id.
func (s *Set) Find(id string) (*Form, bool) {
	i := slices.IndexFunc(s.forms, func(f Form) bool { return f.ID == id })
	if i < 0 {
		return nil, false
	}
	return &s.forms[i], true
}

// Cell is the cell of a key.
func (f *Form) Cell(key string) (*Cell, bool) {
	i := slices.IndexFunc(f.Cells, func(c Cell) bool { return c.Key == key })
	if i < 0 {
		return nil, false
	}
	return &f.Cells[i], true
}
