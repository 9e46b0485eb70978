package inspection

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/supervision"
)

// Answer is what was found at one item of one visit. Its id is <visit>/<item>.
type Answer struct {
	// Visit, Project, Series and Item say of what it is the answer, Day when.
	Visit   string        `json:"visit" privacy:"internal"`
	Project string        `json:"project" privacy:"public"`
	Series  string        `json:"series" privacy:"public"`
	Item    string        `json:"item" privacy:"public"`
	Day     calendar.Date `json:"day"`
	// Value is the answer, Lost the points that it costs.
	Value Value `json:"value" privacy:"public"`
	Lost  int64 `json:"lost,omitempty"`
	// Where and Note describe the finding.
	Where string `json:"where,omitempty" privacy:"internal"`
	Note  string `json:"note,omitempty" privacy:"internal"`
	// Photos show it.
	Photos []Photo `json:"photos,omitempty"`
	// Paper is the draft of what follows from the finding; its Kind is "" if nothing does.
	Paper Paper `json:"paper"`
	// Given is who answered.
	Given supervision.Hand `json:"given"`
}

// Value is an answer: Conform, Fail, NotApplicable, or the digit of an item with a scale.
type Value string

// The answers to an item without a scale; NotApplicable to any.
const (
	// Conform: 符合.
	Conform Value = "conform"
	// Fail: 不符合.
	Fail Value = "fail"
	// NotApplicable: 不适用.
	NotApplicable Value = "na"
)

// Title is the answer for people.
func (v Value) Title() string {
	switch v {
	case Conform:
		return "符合"
	case Fail:
		return "不符合"
	case NotApplicable:
		return "不适用"
	case "":
		return "未查"
	}
	return string(v) + " 分"
}

// Values are the answers that an item takes, in the order of the buttons.
func (i Item) Values() []Value {
	if i.Scale == 0 {
		return []Value{Conform, Fail, NotApplicable}
	}
	var out []Value
	for n := int64(0); n <= i.Scale; n++ {
		out = append(out, Value(strconv.FormatInt(n, 10)))
	}
	return append(out, NotApplicable)
}

// Paper is the draft of a paper: it is not issued here.
type Paper struct {
	// Kind is the kind of paper, To whom it goes ("" for the firm).
	Kind supervision.PaperKind `json:"kind,omitempty" privacy:"internal"`
	To   string                `json:"to,omitempty" privacy:"internal"`
	// Problem is what was found, Basis where the item comes from, Request what is asked for.
	Problem string `json:"problem,omitempty" privacy:"internal"`
	Basis   string `json:"basis,omitempty" privacy:"internal"`
	Request string `json:"request,omitempty" privacy:"internal"`
}

// Found is what an officer gives for one item.
type Found struct {
	// Value is one of the item's Values.
	Value Value
	// Lost are the points that Fail costs, one of the item's Deductions; 0 stands for all of its points.
	Lost int64
	// Where (at most 60 characters), Note (at most 200) and Photos (at most 9) describe it.
	Where, Note string
	Photos      []Photo
}

// Photo is a picture that internal/files keeps: the SHA-256 of the original and of the copy that pages show.
type Photo struct {
	Original string `json:"original" privacy:"internal"`
	Shown    string `json:"shown" privacy:"internal"`
}

// The bounds of an answer.
const (
	maxWhere  = 60
	maxNote   = 200
	maxPhotos = 9
)

// photoForm is the form of file ids.
var photoForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// faults checks an answer against its item; counted photos are not looked at. Field names are value, lost, where, note, photos.
func (i Item) faults(f Found, counted bool) []fault.Field {
	var bad []fault.Field
	fail := func(name, format string, args ...any) {
		bad = append(bad, fault.Field{Name: name, Message: "条目 " + i.ID + "：" + fmt.Sprintf(format, args...)})
	}
	if !slices.Contains(i.Values(), f.Value) {
		names := make([]string, 0, 4)
		for _, v := range i.Values() {
			names = append(names, v.Title())
		}
		if f.Value == "" {
			fail("value", "请选择%s", strings.Join(names, "、"))
		} else {
			fail("value", "没有“%s”这个答案，只能是%s", f.Value, strings.Join(names, "、"))
		}
		return bad
	}
	if f.Lost != 0 && (f.Value != Fail || f.Lost != i.Points && !slices.Contains(i.Deductions, f.Lost)) {
		fail("lost", "不能扣 %d 分，本项 %d 分，可扣 %s 分", f.Lost, i.Points, i.losses())
	}
	if n := utf8.RuneCountInString(f.Where); n > maxWhere {
		fail("where", "位置最多 %d 个字，现在有 %d 个", maxWhere, n)
	}
	if n := utf8.RuneCountInString(f.Note); n > maxNote {
		fail("note", "说明最多 %d 个字，现在有 %d 个", maxNote, n)
	}
	switch n := len(f.Photos); {
	case n > maxPhotos:
		fail("photos", "照片最多 %d 张，现在有 %d 张", maxPhotos, n)
	case n == 0 && f.Value == Fail && i.Photo:
		fail("photos", "不符合的，至少拍 1 张看得出位置的照片")
	}
	for _, p := range f.Photos {
		if !counted && (!photoForm.MatchString(p.Original) || !photoForm.MatchString(p.Shown)) {
			fail("photos", "没有“%.70s”这张照片，请重新拍摄", p.Original)
		}
	}
	return bad
}

// Losses are the points that Fail may cost, ascending; the last is the default.
func (i Item) Losses() []int64 {
	if len(i.Deductions) > 0 {
		return i.Deductions
	}
	return []int64{i.Points}
}

func (i Item) losses() string {
	var texts []string
	for _, n := range i.Losses() {
		texts = append(texts, strconv.FormatInt(n, 10))
	}
	return strings.Join(texts, "、")
}

// draft is the paper that a finding becomes; empty for anything but 不符合. The item list says which paper is the right one.
func (i Item) draft(s *Sheet, f Found) Paper {
	if f.Value != Fail {
		return Paper{}
	}
	problem := "未达到：" + i.Sentence + "。"
	if f.Where != "" {
		problem = f.Where + "，" + problem
	}
	if f.Note != "" {
		problem += f.Note
	}
	return Paper{Kind: i.Paper, To: i.To, Problem: problem, Basis: s.Basis + "，第 " + i.ID + " 项", Request: i.Request}
}

// Given is an answer as a signed visit keeps it.
type Given struct {
	// Item, Value and Lost as in Answer; Seq is the change of the answer that was signed.
	Item  string `json:"item" privacy:"public"`
	Value Value  `json:"value" privacy:"public"`
	Lost  int64  `json:"lost,omitempty"`
	Seq   int64  `json:"seq"`
	// Paper is the kind of paper that the finding drafts, "" for none.
	Paper supervision.PaperKind `json:"paper,omitempty" privacy:"internal"`
}

// Sum is what a visit says of one fact.
type Sum struct {
	Fact  string             `json:"fact" privacy:"public"`
	Cells []supervision.Cell `json:"cells"`
}

// sums adds up the answers: for each feed the points given and the points possible of the items that apply, for each fact of a scale its columns.
func (s *Sheet) sums(given []Given) []Sum {
	byItem := make(map[string]Given, len(given))
	for _, g := range given {
		byItem[g.Item] = g
	}
	var out []Sum
	for _, feed := range s.Feeds {
		var points, full int64
		for _, item := range s.Items() {
			if g := byItem[item.ID]; item.Feed == feed.ID && (g.Value == Conform || g.Value == Fail) {
				points, full = points+item.Points-g.Lost, full+item.Points
			}
		}
		out = append(out, Sum{Fact: feed.Fact, Cells: []supervision.Cell{sumCell(feed.Points, points, full == 0), sumCell(feed.Full, full, full == 0)}})
	}
	for _, item := range s.Items() {
		if item.Scale == 0 {
			continue
		}
		at := slices.IndexFunc(out, func(sum Sum) bool { return sum.Fact == item.Fact })
		if at < 0 {
			out, at = append(out, Sum{Fact: item.Fact}), len(out)
		}
		n, err := strconv.ParseInt(string(byItem[item.ID].Value), 10, 64)
		out[at].Cells = append(out[at].Cells, sumCell(item.Column, n, err != nil))
	}
	return out
}

func sumCell(column string, n int64, na bool) supervision.Cell {
	if na {
		return supervision.Cell{Column: column, NA: true}
	}
	return supervision.Cell{Column: column, Number: num.FromInt(n)}
}
