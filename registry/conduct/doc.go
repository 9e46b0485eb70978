// Package conduct keeps what is on record about the conduct of firms, in three books that never mix: 失信信息 (Credit), 行业评价记录 (Marks) and 表彰奖励 (Honours).
//
//  1. 失信信息 comes from decisions and judgments only, with their number and date. Whatever else its paper says — a missed rectification above all — is refused.
//  2. A mark never becomes 失信信息 and the other way round: each book has its own documents, rights and pages, and nothing moves between them.
//  3. What one person enters counts only after another confirmed it; who decides an objection neither entered nor confirmed it.
//  4. Terms are data; an entry keeps those with which it was entered, and lapses by itself.
//  5. The public sees valid 失信信息 of grades that are shown, never a mark, and a person's name only with the person's written consent. There is no black list.
package conduct

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/yamlstrict"
	"redsteward/policy"
	"redsteward/registry"
)

// Book is one of the three books.
type Book string

// The books.
const (
	// Credit is 失信信息.
	Credit Book = "credit"
	// Marks is 行业评价记录.
	Marks Book = "mark"
	// Honours is 表彰奖励.
	Honours Book = "honour"
)

// Books are the books in the order of the navigation.
func Books() []Book { return []Book{Credit, Marks, Honours} }

// Title is the book for people.
func (b Book) Title() string {
	switch b {
	case Credit:
		return "失信信息"
	case Marks:
		return "行业评价记录"
	case Honours:
		return "表彰奖励"
	}
	return string(b)
}

// rights are who may do what in a book; object is "" where nobody objects.
type rights struct{ read, record, confirm, object policy.Action }

func (b Book) rights() rights {
	switch b {
	case Credit:
		return rights{policy.ReadCredit, policy.RecordCredit, policy.ConfirmCredit, policy.ObjectCredit}
	case Marks:
		return rights{policy.ReadMarks, policy.RecordMark, policy.ConfirmMark, policy.ObjectMark}
	}
	return rights{policy.ReadHonours, policy.RecordHonour, policy.ConfirmHonour, ""}
}

// Read is the right to see the book, Record to enter and correct, Confirm to decide, Object to object to an entry about oneself ("" where there is no objection).
func (b Book) Read() policy.Action { return b.rights().read }

// Record is the right to enter, correct and withdraw.
func (b Book) Record() policy.Action { return b.rights().record }

// Confirm is the right to confirm, return, decide objections and annul.
func (b Book) Confirm() policy.Action { return b.rights().confirm }

// Object is the right to object, "" where nobody can.
func (b Book) Object() policy.Action { return b.rights().object }

// Class is one class of a book: a grade of 失信信息, a kind of mark, a level of honours.
type Class struct {
	// ID is the code, Title is Chinese.
	ID    string `yaml:"id,required"`
	Title string `yaml:"title,required"`
	// Public: entries are shown to the public while they are valid, for Least to Most months. Of grades only.
	Public bool  `yaml:"public"`
	Least  int64 `yaml:"least"`
	Most   int64 `yaml:"most"`
	// Points are what a mark counts. Of marks only.
	Points num.Num `yaml:"points"`
}

// Source is a kind of paper from which 失信信息 may come.
type Source struct {
	// ID is the code, Title is Chinese.
	ID    string `yaml:"id,required"`
	Title string `yaml:"title,required"`
}

// termsFile is the shape of conduct.yaml.
type termsFile struct {
	Credit struct {
		Basis     string   `yaml:"basis,required"`
		Sources   []Source `yaml:"sources,required"`
		Grades    []Class  `yaml:"grades,required"`
		Never     []string `yaml:"never,required"`
		Objection string   `yaml:"objection,required"`
	} `yaml:"credit,required"`
	Mark struct {
		Basis     string  `yaml:"basis,required"`
		Months    int64   `yaml:"months,required"`
		Objection string  `yaml:"objection,required"`
		Kinds     []Class `yaml:"kinds,required"`
	} `yaml:"mark,required"`
	Honour struct {
		Basis  string  `yaml:"basis,required"`
		Months int64   `yaml:"months,required"`
		Levels []Class `yaml:"levels,required"`
	} `yaml:"honour,required"`
}

// Terms are the classes and terms of conduct.yaml.
type Terms struct{ file termsFile }

// Classes are the classes of a book in the order of the file.
func (t *Terms) Classes(b Book) []Class {
	switch b {
	case Credit:
		return t.file.Credit.Grades
	case Marks:
		return t.file.Mark.Kinds
	}
	return t.file.Honour.Levels
}

// Class finds a class of a book; false if there is none.
func (t *Terms) Class(b Book, id string) (Class, bool) {
	list := t.Classes(b)
	i := slices.IndexFunc(list, func(c Class) bool { return c.ID == id })
	if i < 0 {
		return Class{}, false
	}
	return list[i], true
}

// ClassChoices are the classes of a book, for pickers.
func (t *Terms) ClassChoices(b Book) []registry.Choice {
	var out []registry.Choice
	for _, c := range t.Classes(b) {
		out = append(out, registry.Choice{ID: c.ID, Text: c.Title})
	}
	return out
}

// SourceChoices are the papers from which 失信信息 may come, for pickers.
func (t *Terms) SourceChoices() []registry.Choice {
	var out []registry.Choice
	for _, s := range t.file.Credit.Sources {
		out = append(out, registry.Choice{ID: s.ID, Text: s.Title})
	}
	return out
}

// Basis is where the terms of a book come from.
func (t *Terms) Basis(b Book) string {
	switch b {
	case Credit:
		return t.file.Credit.Basis
	case Marks:
		return t.file.Mark.Basis
	}
	return t.file.Honour.Basis
}

// months is how long entries are valid that do not say so themselves.
func (t *Terms) months(b Book) int64 {
	if b == Marks {
		return t.file.Mark.Months
	}
	return t.file.Honour.Months
}

// objection is the deadline for answering an objection.
func (t *Terms) objection(b Book) string {
	if b == Credit {
		return t.file.Credit.Objection
	}
	return t.file.Mark.Objection
}

// forbidden is the word by which a text betrays that its paper is neither a decision nor a judgment, "" if it does not.
func (t *Terms) forbidden(texts ...string) string {
	for _, text := range texts {
		for _, word := range t.file.Credit.Never {
			if strings.Contains(text, word) {
				return word
			}
		}
	}
	return ""
}

// longestTerm bounds every term, in months: the general rule shows nothing for longer than five years.
const longestTerm = 60

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// ParseTerms reads a conduct.yaml; deadline reports whether there is a deadline of an id. Returns Invalid with every mistake, named file:line:column.
func ParseTerms(file string, data []byte, deadline func(id string) bool) (*Terms, error) {
	t := &Terms{}
	doc := yamlstrict.Decode(file, data, &t.file)
	f := &t.file
	for at, list := range map[string][]Class{"credit.grades": f.Credit.Grades, "mark.kinds": f.Mark.Kinds, "honour.levels": f.Honour.Levels} {
		seen := map[string]bool{}
		for i, c := range list {
			place := fmt.Sprintf("%s.%d", at, i)
			if seen[c.ID] || !codeForm.MatchString(c.ID) {
				doc.Add(place+".id", fmt.Sprintf("代码“%s”重复，或者不是小写字母、数字和下划线", c.ID))
			}
			seen[c.ID] = true
			switch {
			case at != "credit.grades" && (c.Public || c.Least != 0 || c.Most != 0):
				doc.Add(place, "只有失信信息的程度写 public、least、most")
			case at == "credit.grades" && c.Public && (c.Least < 1 || c.Most < c.Least || c.Most > longestTerm):
				doc.Add(place, fmt.Sprintf("公示月数要从 1 起，到 %d 为止，least 不大于 most", longestTerm))
			case at == "credit.grades" && !c.Public && (c.Least != 0 || c.Most != 0):
				doc.Add(place, "不公示的程度不写 least 和 most")
			case (at == "mark.kinds") == c.Points.IsZero():
				doc.Add(place+".points", "行业评价记录的每一种都要写分值，不能是 0；其他登记簿不写分值")
			}
		}
	}
	codes := map[string]bool{}
	for i, s := range f.Credit.Sources {
		if codes[s.ID] || !codeForm.MatchString(s.ID) {
			doc.Add(fmt.Sprintf("credit.sources.%d.id", i), fmt.Sprintf("代码“%s”重复，或者不是小写字母、数字和下划线", s.ID))
		}
		codes[s.ID] = true
	}
	for at, months := range map[string]int64{"mark.months": f.Mark.Months, "honour.months": f.Honour.Months} {
		if months < 1 || months > longestTerm {
			doc.Add(at, fmt.Sprintf("有效月数要在 1 至 %d 之间，现在是 %d", longestTerm, months))
		}
	}
	for at, id := range map[string]string{"credit.objection": f.Credit.Objection, "mark.objection": f.Mark.Objection} {
		if id != "" && !deadline(id) {
			doc.Add(at, "期限表里没有 "+id)
		}
	}
	return t, doc.Err()
}

// refuse is Invalid with what is wrong, nil if nothing is.
func refuse(op string, bad []fault.Field) error {
	if len(bad) == 0 {
		return nil
	}
	return fault.InvalidFields(op, bad...)
}
