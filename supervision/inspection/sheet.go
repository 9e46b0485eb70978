// Package inspection keeps visit sheets: what officers saw on site, answered item by item, signed by all of them and reviewed by somebody else.
//
//  1. Only 走访评价 is kept here. It orders nothing: its sheets cannot lead to a 责令, and nothing here uses the words of an administrative check.
//  2. Each answer is a stream of its own with the idempotency key of the phone that gave it; a visit counts by the answers that were signed.
//  3. A visit keeps the sheet by which it was answered; a new version of a sheet changes no visit that has begun.
//  4. Who signed does not review.
//  5. What does not apply is left out of both sums.
package inspection

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/yamlstrict"
	"redsteward/supervision"
)

// Sheet is one version of a checklist: a file of configs/checklists.
type Sheet struct {
	// Format is 1.
	Format int64 `yaml:"format,required" json:"format"`
	// ID names the sheet, Version its version; together they are unique.
	ID      string `yaml:"sheet,required" json:"sheet" privacy:"public"`
	Version string `yaml:"version,required" json:"version" privacy:"public"`
	// Title is what people call it.
	Title string `yaml:"title,required" json:"title" privacy:"public"`
	// Series are the sheets that ask the same at different levels: an item with the same id stands for the same thing.
	Series string `yaml:"series,required" json:"series" privacy:"public"`
	// Level is the service level of the contract for which the sheet is made; "" for every level.
	Level string `yaml:"level" json:"level,omitempty" privacy:"public"`
	// From is the first day on which visits begin with this version.
	From calendar.Date `yaml:"from,required" json:"from"`
	// Kind is the kind of visit; only VisitKind is known.
	Kind string `yaml:"kind,required" json:"kind" privacy:"public"`
	// Persons is how many have to sign at least, 1 or 2.
	Persons int64 `yaml:"persons,required" json:"persons"`
	// Overlap is how many of a hundred visits are drawn to be scored a second time by others, 0 to 50.
	Overlap int64 `yaml:"overlap" json:"overlap,omitempty"`
	// PeersCount: a 企业互评 by this sheet counts in the evaluation; otherwise it is shown only.
	PeersCount bool `yaml:"peers_count" json:"peers_count,omitempty"`
	// Basis is where the items come from; Proposal says that nobody has adopted them yet; Note is for those who use the sheet.
	Basis    string `yaml:"basis,required" json:"basis" privacy:"public"`
	Proposal bool   `yaml:"proposal" json:"proposal,omitempty"`
	Note     string `yaml:"note" json:"note,omitempty" privacy:"public"`
	// Feeds are the facts that sums of items give; a sheet without any is only checked, nothing is given points.
	Feeds []Feed `yaml:"feeds" json:"feeds,omitempty"`
	// Categories hold the items in the order of the walk.
	Categories []Category `yaml:"categories,required" json:"categories"`
}

// VisitKind is 走访评价.
const VisitKind = "visit"

// Feed is a fact with the column of the points given and the column of the points possible.
type Feed struct {
	ID     string `yaml:"id,required" json:"id" privacy:"public"`
	Fact   string `yaml:"fact,required" json:"fact" privacy:"public"`
	Points string `yaml:"points,required" json:"points" privacy:"public"`
	Full   string `yaml:"full,required" json:"full" privacy:"public"`
}

// Category is a heading with its items.
type Category struct {
	ID    string `yaml:"id,required" json:"id" privacy:"public"`
	Name  string `yaml:"name,required" json:"name" privacy:"public"`
	Items []Item `yaml:"items,required" json:"items"`
}

// Item is one sentence to judge.
type Item struct {
	// ID is the number of the item, such as 4.3, unique in the sheet.
	ID string `yaml:"id,required" json:"id" privacy:"public"`
	// Sentence is what must hold, How how to judge it on site.
	Sentence string `yaml:"sentence,required" json:"sentence" privacy:"public"`
	How      string `yaml:"how,required" json:"how" privacy:"public"`
	// Points are what 符合 gives, 1 to 20; only for items with a feed.
	Points int64 `yaml:"points" json:"points,omitempty"`
	// Deductions are what 不符合 may cost, ascending, each at most Points; none: all of them.
	Deductions []int64 `yaml:"deductions" json:"deductions,omitempty"`
	// Feed is the id of the feed that takes the points.
	Feed string `yaml:"feed" json:"feed,omitempty" privacy:"public"`
	// Scale, if not 0, makes it an item that is given 0 to Scale, which goes as it is into Column of Fact.
	Scale  int64  `yaml:"scale" json:"scale,omitempty"`
	Fact   string `yaml:"fact" json:"fact,omitempty" privacy:"public"`
	Column string `yaml:"column" json:"column,omitempty" privacy:"public"`
	// Photo: 不符合 needs at least one photo.
	Photo bool `yaml:"photo" json:"photo,omitempty"`
	// Paper is what 不符合 drafts; required for items with a feed.
	Paper supervision.PaperKind `yaml:"paper" json:"paper,omitempty" privacy:"public"`
	// To is to whom a 移送函 goes.
	To string `yaml:"to" json:"to,omitempty" privacy:"public"`
	// Request is what the paper asks for.
	Request string `yaml:"request" json:"request,omitempty" privacy:"public"`
	// Law is what a 责令 rests on; all three of its parts, or none.
	Law Law `yaml:"law" json:"law"`
}

// Law is the law of an order, its article, and what makes the order this bureau's business.
type Law struct {
	Name       string `yaml:"name" json:"name,omitempty" privacy:"public"`
	Article    string `yaml:"article" json:"article,omitempty" privacy:"public"`
	Competence string `yaml:"competence" json:"competence,omitempty" privacy:"public"`
}

// The bounds of a sheet: an answer to each item must fit into what a visit stores.
const (
	maxItems    = 100
	maxPoints   = 20
	maxScale    = 4
	maxItemText = 200
	maxOverlap  = 50
	// maxStored keeps a sheet inside one record.
	maxStored = 56 * 1024
)

var (
	sheetIDForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)
	itemIDForm  = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._-]{0,19}$`)
)

// Count returns the number of items.
func (s *Sheet) Count() int64 {
	n := 0
	for _, c := range s.Categories {
		n += len(c.Items)
	}
	return int64(n)
}

// Items returns all items in order.
func (s *Sheet) Items() []Item {
	var out []Item
	for _, c := range s.Categories {
		out = append(out, c.Items...)
	}
	return out
}

// Find returns an item with its category; false if there is none.
func (s *Sheet) Find(id string) (Item, Category, bool) {
	for _, c := range s.Categories {
		for _, item := range c.Items {
			if item.ID == id {
				return item, c, true
			}
		}
	}
	return Item{}, Category{}, false
}

// HashSheet is the fingerprint of a file, under which the sheet is kept once a visit has begun with it.
func HashSheet(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// ParseSheet reads a file of configs/checklists strictly. Returns Invalid with every mistake at file:line:column.
func ParseSheet(file string, data []byte) (Sheet, error) {
	var s Sheet
	doc := yamlstrict.Decode(file, data, &s)
	if doc.Err() == nil {
		s.check(doc)
	}
	if err := doc.Err(); err != nil {
		return Sheet{}, err
	}
	return s, nil
}

// check notes what the form of the file allows but a sheet does not.
func (s *Sheet) check(doc *yamlstrict.Document) {
	if s.Format != 1 {
		doc.Add("format", fmt.Sprintf("format 只能是 1，现在是 %d", s.Format))
	}
	for _, id := range []struct{ key, value string }{{"sheet", s.ID}, {"series", s.Series}} {
		if !sheetIDForm.MatchString(id.value) {
			doc.Add(id.key, fmt.Sprintf("%s 只能用小写字母、数字和短横线，以字母开头，现在是 %q", id.key, id.value))
		}
	}
	if s.Kind != VisitKind {
		doc.Add("kind", fmt.Sprintf("kind 只能是 visit（走访评价），现在是 %q", s.Kind))
	}
	if s.Persons != 1 && s.Persons != 2 {
		doc.Add("persons", fmt.Sprintf("persons 只能是 1 或 2，现在是 %d", s.Persons))
	}
	if s.Overlap < 0 || s.Overlap > maxOverlap {
		doc.Add("overlap", fmt.Sprintf("overlap 是每一百次走访里再评几次，要在 0 至 %d 之间，现在是 %d", maxOverlap, s.Overlap))
	}
	feeds := map[string]bool{}
	columns := map[string]string{}
	column := func(path, name string) {
		if first, twice := columns[name]; twice && name != "" {
			doc.Add(path, fmt.Sprintf("栏目 %s 已经用在 %s", name, first))
		}
		columns[name] = path
	}
	for i, f := range s.Feeds {
		path := fmt.Sprintf("feeds.%d", i)
		if feeds[f.ID] {
			doc.Add(path+".id", fmt.Sprintf("去向 %s 写了两次", f.ID))
		}
		feeds[f.ID] = true
		column(path+".points", f.Points)
		column(path+".full", f.Full)
	}
	used, items, categories := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i, c := range s.Categories {
		path := fmt.Sprintf("categories.%d", i)
		if categories[c.ID] {
			doc.Add(path+".id", fmt.Sprintf("类别 %s 写了两次", c.ID))
		}
		categories[c.ID] = true
		if len(c.Items) == 0 {
			doc.Add(path+".items", "类别“"+c.Name+"”没有条目")
		}
		for k, item := range c.Items {
			at := fmt.Sprintf("%s.items.%d", path, k)
			if items[item.ID] {
				doc.Add(at+".id", fmt.Sprintf("条目 %s 写了两次", item.ID))
			}
			items[item.ID], used[item.Feed] = true, true
			s.checkItem(doc, at, item, feeds)
			if item.Scale != 0 {
				column(at+".column", item.Column)
			}
		}
	}
	if n := s.Count(); n < 1 || n > maxItems {
		doc.Add("categories", fmt.Sprintf("一张表要有 1 至 %d 个条目，现在有 %d 个", maxItems, n))
	}
	if raw, err := json.Marshal(s); err != nil || len(raw) > maxStored {
		doc.Add("categories", fmt.Sprintf("这张表有 %d 字节，最多 %d 字节，请缩短条目的文字", len(raw), maxStored))
	}
	for i, f := range s.Feeds {
		if !used[f.ID] {
			doc.Add(fmt.Sprintf("feeds.%d.id", i), fmt.Sprintf("没有一个条目的得分归入 %s", f.ID))
		}
	}
}

// checkItem notes what is wrong with one item.
func (s *Sheet) checkItem(doc *yamlstrict.Document, at string, item Item, feeds map[string]bool) {
	add := func(key, format string, args ...any) {
		doc.Add(at+"."+key, "条目 "+item.ID+"："+fmt.Sprintf(format, args...))
	}
	if !itemIDForm.MatchString(item.ID) {
		add("id", "编号只能用字母、数字和 . _ -，最多 20 位")
	}
	for _, text := range []struct{ key, value string }{{"sentence", item.Sentence}, {"how", item.How}, {"request", item.Request}} {
		if n := len([]rune(text.value)); n > maxItemText || n == 0 && text.key != "request" {
			add(text.key, "%s 要有 1 至 %d 个字，现在有 %d 个", text.key, maxItemText, n)
		}
	}
	if item.Scale != 0 {
		if item.Scale < 1 || item.Scale > maxScale {
			add("scale", "scale 要在 1 至 %d 之间，现在是 %d", maxScale, item.Scale)
		}
		if item.Fact == "" || item.Column == "" {
			add("scale", "分档的条目要写 fact 和 column")
		}
		if item.Points != 0 || item.Feed != "" || item.Paper != "" || len(item.Deductions) > 0 {
			add("scale", "分档的条目没有 points、deductions、feed 和 paper")
		}
		return
	}
	if item.Fact != "" || item.Column != "" {
		add("column", "fact 和 column 只用于写了 scale 的条目")
	}
	scored := len(s.Feeds) > 0
	if scored && !feeds[item.Feed] {
		add("feed", "feeds 里没有 %q", item.Feed)
	}
	if !scored && (item.Feed != "" || item.Points != 0 || len(item.Deductions) > 0) {
		add("points", "没有 feeds 的表只查不打分，条目没有 points、deductions 和 feed")
	}
	if scored && (item.Points < 1 || item.Points > maxPoints) {
		add("points", "points 要在 1 至 %d 之间，现在是 %d", maxPoints, item.Points)
	}
	if !slices.IsSorted(item.Deductions) || len(slices.Compact(slices.Clone(item.Deductions))) != len(item.Deductions) {
		add("deductions", "扣分要从小到大，不能重复")
	}
	for _, d := range item.Deductions {
		if d < 1 || d > item.Points {
			add("deductions", "扣分 %d 不在 1 至 %d 之间", d, item.Points)
		}
	}
	s.checkPaper(add, item)
}

// checkPaper: the sheet says which paper a finding becomes, and a 走访评价 orders nothing.
func (s *Sheet) checkPaper(add func(key, format string, args ...any), item Item) {
	complete := item.Law.Name != "" && item.Law.Article != "" && item.Law.Competence != ""
	switch item.Paper {
	case supervision.PaperSuggestion, supervision.PaperAssignment, supervision.PaperTransfer:
		if item.Law != (Law{}) {
			add("law", "law 只用于 paper: order 的条目")
		}
	case supervision.PaperOrder:
		if !complete {
			add("law", "责令限期改正须写明 law 的 name（法律法规）、article（条款）、competence（本部门的职权依据）")
		}
		if s.Kind == VisitKind {
			add("paper", "走访评价不能责令，只能是 suggestion、assignment 或 transfer")
		}
	default:
		add("paper", "paper 只能是 suggestion（整改建议书）、assignment（问题交办单）、transfer（移送函），现在是 %q", item.Paper)
	}
	if (item.Paper == supervision.PaperTransfer) != (item.To != "") {
		add("to", "移送函要写 to（移送给谁），其他文书不写")
	}
	if strings.TrimSpace(item.Request) == "" {
		add("request", "请写明文书上要求做什么（request）")
	}
}

// File is a sheet as an operator keeps it.
type File struct {
	// Name is for messages, Data the bytes of the file.
	Name string
	Data []byte
}

// Sheets are the sheets in use. The zero value has none.
type Sheets struct {
	list   []Sheet
	hashes []string
}

// LoadSheets reads all files. Returns Invalid with every mistake, also for two versions that begin on one day, and for sheets of a series that need different numbers
// of signatures.
func LoadSheets(files ...File) (*Sheets, error) {
	s := &Sheets{}
	var bad []fault.Field
	where := map[string]string{}
	persons := map[string]int64{}
	for _, f := range files {
		sheet, err := ParseSheet(f.Name, f.Data)
		if err != nil {
			bad = append(bad, fault.FieldsOf(err)...)
			continue
		}
		fail := func(format string, args ...any) {
			bad = append(bad, fault.Field{Name: f.Name + ":1:1", Message: fmt.Sprintf(format, args...)})
		}
		for _, key := range []string{"版本 " + sheet.ID + " " + sheet.Version, "起用日 " + sheet.Series + " " + sheet.Level + " " + sheet.From.String()} {
			if first, twice := where[key]; twice {
				fail("%s 与 %s 相同", key, first)
			}
			where[key] = f.Name
		}
		if n, known := persons[sheet.Series]; known && n != sheet.Persons {
			fail("同一系列 %s 的表要的签名人数不同：%d 和 %d", sheet.Series, n, sheet.Persons)
		}
		persons[sheet.Series] = sheet.Persons
		s.list, s.hashes = append(s.list, sheet), append(s.hashes, HashSheet(f.Data))
	}
	if len(bad) > 0 {
		return nil, fault.InvalidFields("inspection.LoadSheets", bad...)
	}
	return s, nil
}

// Pick returns the sheet of a series for a service level on a day, and its hash. Returns Invalid if there is none.
func (s *Sheets) Pick(series, level string, day calendar.Date) (Sheet, string, error) {
	best := -1
	for i, sheet := range s.list {
		fits := sheet.Series == series && (sheet.Level == "" || sheet.Level == level) && sheet.From.Compare(day) <= 0
		if fits && (best < 0 || s.list[best].From.Compare(sheet.From) < 0) {
			best = i
		}
	}
	if best < 0 {
		return Sheet{}, "", fault.New("inspection.Pick", fault.Invalid, fmt.Sprintf("没有“%s”等级在 %s 可用的评价表", level, day.Chinese()))
	}
	return s.list[best], s.hashes[best], nil
}

// Series returns the newest sheet of each series on a day, to choose a kind of visit by.
func (s *Sheets) Series(day calendar.Date) []Sheet {
	var out []Sheet
	for _, sheet := range s.list {
		if sheet.From.Compare(day) <= 0 && !slices.ContainsFunc(out, func(o Sheet) bool { return o.Series == sheet.Series }) {
			out = append(out, sheet)
		}
	}
	return out
}

// persons is how many have to sign a sheet of the series; 0 if there is no such series.
func (s *Sheets) persons(series string) int64 {
	for _, sheet := range s.list {
		if sheet.Series == series {
			return sheet.Persons
		}
	}
	return 0
}
