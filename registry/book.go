package registry

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"redsteward/internal/num"
	"redsteward/internal/yamlstrict"
	"redsteward/policy"
)

// Book is a register whose columns are data (台账): premises, rooms, teams, policy papers. One list, one form and one workbook serve them all.
type Book struct {
	// ID is the code, Title what people call it, Unit the measure word of its rows, About one sentence for the head of the list.
	ID    string `yaml:"id,required"`
	Title string `yaml:"title,required"`
	Unit  string `yaml:"unit,required"`
	About string `yaml:"about,required"`
	// Rights says which rights it asks for: AreaStation, AreaSupply or AreaPaper.
	Rights Area `yaml:"rights,required"`
	// Key are the fields that name a row within its community (within the bureau for AreaPaper): two rows never share them, and an import finds a row by them.
	Key []string `yaml:"key,required"`
	// Watch is how many days ahead its watched last days are told; 0 for 90.
	Watch int `yaml:"watch"`
	// Day and Number are fields by which the list can be sorted beside its key; "" for none.
	Day    string `yaml:"day"`
	Number string `yaml:"number"`
	// Files: papers can be attached to a row.
	Files bool `yaml:"files"`
	// Proposal marks columns or norms that no text in force prescribes.
	Proposal bool `yaml:"proposal"`
	// Fields are its columns in order.
	Fields []BookField `yaml:"fields,required"`
}

// Area says which rights a book asks for.
type Area string

// The areas.
const (
	// AreaStation: rows of communities, read and written with ReadStation and WriteStation.
	AreaStation Area = "station"
	// AreaPaper: rows of the bureau, read and written with ReadPaper and WritePaper; those that are open may be read by everybody.
	AreaPaper Area = "paper"
	// AreaSupply: rows of communities about what others offer them, read with ReadWish and written with WriteSupply; who serves for a unit or team writes the rows of his own only.
	AreaSupply Area = "supply"
)

// BookField is one column of a book.
type BookField struct {
	// ID is the code, Label what people call it, Hint how to fill it in.
	ID    string `yaml:"id,required"`
	Label string `yaml:"label,required"`
	Hint  string `yaml:"hint"`
	// Kind says what may stand in it.
	Kind FieldKind `yaml:"kind,required"`
	// Required: it must not be empty.
	Required bool `yaml:"required"`
	// Personal: about a person; stored encrypted and masked for those without ReadStaff. Fields of the kinds person and phone always are.
	Personal bool `yaml:"personal"`
	// Choices are the words of a choice.
	Choices []BookChoice `yaml:"choices"`
	// Most is the largest number or the longest text; 0 for the usual bound.
	Most int64 `yaml:"most"`
	// After names a date that this one must not precede; Past: this day must have come.
	After string `yaml:"after"`
	Past  bool   `yaml:"past"`
	// Of names the book whose rows a reference takes, those of the same community.
	Of string `yaml:"of"`
	// Find: the search looks here. Filter: the list can be narrowed by it. List: the table shows it. Sum: the list adds it up. Expires: the list and the to-do pages watch this last day.
	Find    bool `yaml:"find"`
	Filter  bool `yaml:"filter"`
	List    bool `yaml:"list"`
	Sum     bool `yaml:"sum"`
	Expires bool `yaml:"expires"`
}

// Names reports whether the column names rows of a book.
func (f BookField) Names(book string) bool {
	return f.Kind == FieldRef && f.Of == book || f.Kind == FieldHelper && (book == BookUnits || book == BookTeams)
}

// BookChoice is one word of a choice.
type BookChoice struct {
	// ID is stored, Text is shown and typed.
	ID   string `yaml:"id,required"`
	Text string `yaml:"text,required"`
}

// FieldKind says what may stand in a column.
type FieldKind string

// The kinds of columns.
const (
	FieldText    FieldKind = "text"    // one line
	FieldLong    FieldKind = "long"    // several lines
	FieldPerson  FieldKind = "person"  // the name of a person
	FieldPhone   FieldKind = "phone"   // a phone number
	FieldWhole   FieldKind = "whole"   // a whole number
	FieldDecimal FieldKind = "decimal" // a number with at most two decimals
	FieldMoney   FieldKind = "money"   // yuan with at most two decimals
	FieldDate    FieldKind = "date"    // a day
	FieldChoice  FieldKind = "choice"  // one of its words
	FieldCheck   FieldKind = "check"   // 符合, 不符合 or 不适用
	FieldHours   FieldKind = "hours"   // from when to when on a day: 08:30-17:30
	FieldFirm    FieldKind = "firm"    // a registered firm
	FieldProject FieldKind = "project" // a registered project of the row's community
	FieldRef     FieldKind = "ref"     // a row of another book
	FieldHelper  FieldKind = "helper"  // who serves the community: one of its units or teams, or a registered firm
)

// fieldKinds are all kinds.
var fieldKinds = []FieldKind{FieldText, FieldLong, FieldPerson, FieldPhone, FieldWhole, FieldDecimal, FieldMoney, FieldDate, FieldChoice, FieldCheck, FieldHours, FieldFirm, FieldProject, FieldRef, FieldHelper}

// The words of a check.
const (
	CheckMet   = "met"
	CheckUnmet = "unmet"
	CheckNA    = "na"
)

// words are the choices of a choice or a check; nil for other kinds.
func (f BookField) words() []Choice {
	if f.Kind == FieldCheck {
		return []Choice{{CheckMet, "符合"}, {CheckUnmet, "不符合"}, {CheckNA, "不适用"}}
	}
	var out []Choice
	for _, c := range f.Choices {
		out = append(out, Choice(c))
	}
	return out
}

// Words are the words that a form offers; none for kinds without.
func (f BookField) Words() []Choice { return f.words() }

// Hidden reports whether only those with ReadStaff see what stands in the column.
func (f BookField) Hidden() bool { return f.Personal || f.Kind == FieldPerson || f.Kind == FieldPhone }

// numeric reports whether the column holds numbers.
func (f BookField) numeric() bool {
	return f.Kind == FieldWhole || f.Kind == FieldDecimal || f.Kind == FieldMoney
}

// Field returns a column by its code, false if there is none.
func (b *Book) Field(id string) (BookField, bool) {
	i := slices.IndexFunc(b.Fields, func(f BookField) bool { return f.ID == id })
	if i < 0 {
		return BookField{}, false
	}
	return b.Fields[i], true
}

// Expires reports whether one of its columns is a last day that is watched.
func (b *Book) Expires() bool {
	return slices.ContainsFunc(b.Fields, func(f BookField) bool { return f.Expires })
}

// Actions are the rights to read and to write the book.
func (b *Book) Actions() (read, write policy.Action) {
	switch b.Rights {
	case AreaPaper:
		return policy.ReadPaper, policy.WritePaper
	case AreaSupply:
		return policy.ReadWish, policy.WriteSupply
	}
	return policy.ReadStation, policy.WriteStation
}

// WatchedDays is how many days ahead the watched last days of its rows are told.
func (b *Book) WatchedDays() int {
	if b.Watch == 0 {
		return endingDays
	}
	return b.Watch
}

// Placed reports whether its rows belong to communities, not to the bureau.
func (b *Book) Placed() bool { return !b.ofBureau() }

// ofBureau reports whether its rows belong to the bureau and to no community.
func (b *Book) ofBureau() bool { return b.Rights == AreaPaper }

// openField marks, in a book of papers, the rows that everybody may read.
const openField, openYes = "open", "yes"

// BookSet is what books.yaml says.
type BookSet struct {
	// Norm is the least floor space of a community's premises.
	Norm Norm
	list []Book
}

// Norm is the least floor space of a community's premises.
type Norm struct {
	// Area is in m², at most two decimals; 0: none is set, and nothing is held against it. Basis says who set it.
	Area  num.Num
	Basis string
}

// All are the books in the order of the file.
func (s *BookSet) All() []Book { return s.list }

// Find returns a book, false if there is none.
func (s *BookSet) Find(id string) (*Book, bool) {
	i := slices.IndexFunc(s.list, func(b Book) bool { return b.ID == id })
	if i < 0 {
		return nil, false
	}
	return &s.list[i], true
}

// The books and columns that the program itself reads; a books.yaml must have them.
const (
	BookPremises = "premises"
	BookRooms    = "rooms"
	BookServices = "services"
	BookWorkers  = "workers"
	BookStandard = "standard"
	BookPapers   = "papers"
	// BookUnits and BookTeams are those who serve a community: 共建单位 and 志愿服务队.
	BookUnits = "units"
	BookTeams = "teams"
	// BookSupplies is what units, teams and firms offer to the residents of a community (供给清单).
	BookSupplies = "supplies"
	// BookCrossings is who of a firm holds another post in the community: 交叉任职.
	BookCrossings = "crossings"
	// BookManagers is who answers for a compound on the side of its firm (项目负责人); a books.yaml may lack it.
	BookManagers = "managers"
)

// needed are the columns that the program reads, with their kinds.
var needed = map[string]map[string]FieldKind{
	BookPremises:  {"area": FieldDecimal, "from": FieldDate, "solved": FieldDate, "until": FieldDate},
	BookRooms:     {"name": FieldText, "hours": FieldHours, "places": FieldWhole, "bookable": FieldChoice},
	BookServices:  {"name": FieldText, "hours": FieldHours, "places": FieldWhole, "bookable": FieldChoice},
	BookWorkers:   {"code": FieldText, "name": FieldPerson, "from": FieldDate, "until": FieldDate, "duty": FieldChoice},
	BookStandard:  {"day": FieldDate},
	BookUnits:     {"name": FieldText},
	BookTeams:     {"name": FieldText},
	BookSupplies:  {"giver": FieldHelper, "name": FieldText, "kind": FieldChoice, "place": FieldText, "orders": FieldWhole, "hours": FieldHours, "from": FieldDate, "until": FieldDate},
	BookCrossings: {"name": FieldPerson, "firm": FieldFirm, "post": FieldChoice, "seat": FieldChoice, "from": FieldDate, "until": FieldDate},
	BookPapers:    {"number": FieldText, "title": FieldText, openField: FieldChoice, "replaces": FieldText},
}

// booksFile is the shape of books.yaml.
type booksFile struct {
	// PremisesNorm is Norm as text, so that it stays exact.
	PremisesNorm string `yaml:"premises_norm"`
	NormBasis    string `yaml:"norm_basis"`
	Books        []Book `yaml:"books,required"`
}

var bookCode = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// ParseBooks reads a books.yaml. Returns Invalid with every mistake, named file:line:column.
func ParseBooks(file string, data []byte) (*BookSet, error) {
	var in booksFile
	doc := yamlstrict.Decode(file, data, &in)
	set := &BookSet{list: in.Books}
	if in.PremisesNorm != "" {
		n, err := num.Parse(in.PremisesNorm)
		if err != nil || n.Sign() <= 0 {
			doc.Add("premises_norm", "办公用房标准“"+in.PremisesNorm+"”要填大于 0 的平方米数，没有定的不填")
		}
		if strings.TrimSpace(in.NormBasis) == "" {
			doc.Add("premises_norm", "填了办公用房标准，也要填依据 norm_basis")
		}
		set.Norm = Norm{n, in.NormBasis}
	}
	seen := map[string]bool{}
	for i := range in.Books {
		b, at := &in.Books[i], fmt.Sprintf("books.%d", i)
		add := func(place, format string, args ...any) { doc.Add(at+place, fmt.Sprintf(format, args...)) }
		if !bookCode.MatchString(b.ID) || seen[b.ID] {
			add(".id", "台账代码“%s”重复，或者不是小写字母、数字和下划线", b.ID)
		}
		seen[b.ID] = true
		if b.Rights != AreaStation && b.Rights != AreaPaper && b.Rights != AreaSupply {
			add(".rights", "rights 只能是 station、supply、paper，现在是“%s”", b.Rights)
		}
		if b.Watch < 0 || b.Watch > 366 {
			add(".watch", "提前提醒的天数要在 0 至 366 之间，现在是 %d", b.Watch)
		}
		b.check(set, add)
	}
	for id, fields := range needed {
		b, ok := set.Find(id)
		if !ok {
			doc.Add("books", "缺少程序要用的台账 "+id)
			continue
		}
		for name, kind := range fields {
			if f, ok := b.Field(name); !ok || f.Kind != kind {
				doc.Add("books", fmt.Sprintf("台账 %s 缺少程序要用的栏目 %s（%s）", id, name, kind))
			}
		}
	}
	return set, doc.Err()
}

// check looks at the columns of a book and at what the book says about them.
func (b *Book) check(set *BookSet, add func(place, format string, args ...any)) {
	seen := map[string]bool{}
	for n, f := range b.Fields {
		at := fmt.Sprintf(".fields.%d", n)
		if !bookCode.MatchString(f.ID) || seen[f.ID] || f.ID == "community" || f.ID == "township" {
			add(at+".id", "栏目代码“%s”重复、已被占用，或者不是小写字母、数字和下划线", f.ID)
		}
		if !slices.Contains(fieldKinds, f.Kind) {
			add(at+".kind", "栏目种类“%s”不认识", f.Kind)
		}
		if (f.Kind == FieldChoice) != (len(f.Choices) > 0) {
			add(at+".choices", "选项和种类 choice 要一起写")
		}
		if f.After != "" {
			if other, ok := b.Field(f.After); !ok || other.Kind != FieldDate || f.Kind != FieldDate {
				add(at+".after", "after 要写另一个日期栏目，现在是“%s”", f.After)
			}
		}
		if f.Expires && (f.Kind != FieldDate || f.Hidden()) {
			add(at+".expires", "只有不涉及个人信息的日期才能提醒到期")
		}
		if f.Sum && (!f.numeric() || f.Hidden()) {
			add(at+".sum", "只有不涉及个人信息的数才能合计")
		}
		if f.Filter && (f.Kind != FieldChoice || f.Hidden()) {
			add(at+".filter", "只有不涉及个人信息的选项才能作为筛选条件")
		}
		if f.Kind == FieldRef {
			of, ok := set.Find(f.Of)
			if !ok || len(of.Key) != 1 || of.Rights != b.Rights {
				add(at+".of", "引用的台账“%s”没有，或者它不是由一个栏目命名", f.Of)
			}
		}
		if b.ofBureau() && (f.Hidden() || f.Kind == FieldHelper || f.Kind == FieldProject) {
			add(at+".kind", "不属于某个社区的表不能有个人信息，也不能选社区的共建单位、队伍和小区")
		}
		seen[f.ID] = true
	}
	for n, id := range b.Key {
		if f, ok := b.Field(id); !ok || f.Hidden() || !f.Required {
			add(fmt.Sprintf(".key.%d", n), "“%s”要是必填且不涉及个人信息的栏目", id)
		}
	}
	if f, ok := b.Field(b.Day); b.Day != "" && (!ok || f.Kind != FieldDate || f.Hidden()) {
		add(".day", "“%s”不是可以排序的日期栏目", b.Day)
	}
	if f, ok := b.Field(b.Number); b.Number != "" && (!ok || !f.numeric() || f.Hidden()) {
		add(".number", "“%s”不是可以排序的数字栏目", b.Number)
	}
}
