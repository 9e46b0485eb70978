package inspection

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/yamlstrict"
	"redsteward/supervision"
)

// InspectionKind is 行政检查, the other kind of visit: its sheets come from the list of matters, never from a file of configs/checklists.
const InspectionKind = "inspection"

// Unconfirmed stands in an inspections.yaml for what the legal officer has still to look up: what names it can be read, and is never inspected.
const Unconfirmed = "待确认"

// Agenda is the published list of what is inspected (行政检查事项清单): an inspections.yaml.
type Agenda struct {
	// Version names this list; it stands in every inspection that was made by it.
	Version string `yaml:"version,required"`
	// Bureau is this bureau as Matter.Department names it: only what it finds of its own matters becomes an order.
	Bureau string `yaml:"bureau,required"`
	// Cap is how many regular inspections a firm gets in a calendar year; 1 to 12. Basis is where it comes from, Proposal says that nobody has adopted it yet.
	Cap      int64  `yaml:"yearly_cap,required"`
	Basis    string `yaml:"basis,required"`
	Proposal bool   `yaml:"proposal"`
	// SpecialCap is how many special inspections (专项检查) a firm gets in a calendar year, 0 to 12; Specials are those that were ordered, without any of which there is none (国办发〔2024〕54号: number and time of special inspections are limited).
	SpecialCap int64     `yaml:"special_cap"`
	Specials   []Special `yaml:"specials"`
	// Draw says how draws (双随机) weigh.
	Draw DrawRules `yaml:"draw,required"`
	// Remedy is the paragraph about remedies that an order carries once the legal officer has switched it on.
	Remedy Remedy `yaml:"remedy,required"`
	// Matters are what is inspected.
	Matters []Matter `yaml:"matters,required"`
}

// Special is one 专项检查 that was ordered.
type Special struct {
	// ID is the code, Name the name, Document the paper that orders it, with its number.
	ID       string `yaml:"id,required" json:"id" privacy:"public"`
	Name     string `yaml:"name,required" json:"name" privacy:"public"`
	Document string `yaml:"document,required" json:"document" privacy:"public"`
	// From and Until are the days on which inspections of it lie, both included.
	From  calendar.Date `yaml:"from,required" json:"from"`
	Until calendar.Date `yaml:"until,required" json:"until"`
}

// Remedy is what somebody who gets an order can do against it.
type Remedy struct {
	// On: it stands on the paper. Text is what stands there.
	On   bool   `yaml:"on"`
	Text string `yaml:"text,required"`
}

// Matter is one matter of the list (检查事项).
type Matter struct {
	// ID is the code, Name the name, Department who inspects it.
	ID         string `yaml:"id,required"`
	Name       string `yaml:"name,required"`
	Department string `yaml:"department,required"`
	// Law, Article and Competence are what the inspection rests on.
	Law        string `yaml:"law"`
	Article    string `yaml:"article"`
	Competence string `yaml:"competence"`
	// Checks are what is looked at; or Sheet and Category name the items of a checklist, which Take puts there.
	Checks   []Point `yaml:"checks"`
	Sheet    string  `yaml:"sheet"`
	Category string  `yaml:"category"`
}

// Point is one thing that is looked at; its fields are those of Item.
type Point struct {
	ID       string                `yaml:"id,required"`
	Sentence string                `yaml:"sentence,required"`
	How      string                `yaml:"how,required"`
	Photo    bool                  `yaml:"photo"`
	Paper    supervision.PaperKind `yaml:"paper,required"`
	To       string                `yaml:"to"`
	Request  string                `yaml:"request,required"`
	// Law and Article are what an order about it rests on; the competence is that of the matter.
	Law     string `yaml:"law"`
	Article string `yaml:"article"`
}

// ParseAgenda reads an inspections.yaml strictly. Returns Invalid with every mistake, named file:line:column.
func ParseAgenda(file string, data []byte) (*Agenda, error) {
	a := &Agenda{}
	doc := yamlstrict.Decode(file, data, a)
	if doc.Err() == nil {
		a.check(doc)
	}
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return a, nil
}

// check notes what the form of the file allows but a list does not.
func (a *Agenda) check(doc *yamlstrict.Document) {
	if a.Cap < 1 || a.Cap > 12 {
		doc.Add("yearly_cap", fmt.Sprintf("同一企业每年的检查次数上限要在 1 至 12 之间，现在是 %d", a.Cap))
	}
	if a.SpecialCap < 0 || a.SpecialCap > 12 {
		doc.Add("special_cap", fmt.Sprintf("同一企业每年的专项检查次数上限要在 0 至 12 之间，现在是 %d", a.SpecialCap))
	}
	specials := map[string]bool{}
	for i, sp := range a.Specials {
		at := fmt.Sprintf("specials.%d", i)
		if !sheetIDForm.MatchString(sp.ID) || specials[sp.ID] {
			doc.Add(at+".id", fmt.Sprintf("专项检查代码 %q 重复，或者不是以字母开头的小写字母、数字和短横线", sp.ID))
		}
		specials[sp.ID] = true
		if sp.Until.Compare(sp.From) < 0 {
			doc.Add(at+".until", fmt.Sprintf("专项检查“%s”在 %s 结束，早于开始的 %s", sp.Name, sp.Until, sp.From))
		}
	}
	if len(a.Specials) > 0 && a.SpecialCap == 0 {
		doc.Add("special_cap", "写了专项检查，special_cap 要写同一企业一年里最多几次")
	}
	if key, said := a.Draw.fault(); key != "" {
		doc.Add("draw."+key, said)
	}
	ids := map[string]bool{}
	for i, m := range a.Matters {
		at := fmt.Sprintf("matters.%d", i)
		if !sheetIDForm.MatchString(m.ID) || ids[m.ID] {
			doc.Add(at+".id", fmt.Sprintf("事项代码 %q 重复，或者不是以字母开头的小写字母、数字和短横线", m.ID))
		}
		ids[m.ID] = true
		if named := m.Sheet != "" && m.Category != ""; named == (len(m.Checks) > 0) || (m.Sheet == "") != (m.Category == "") {
			doc.Add(at+".id", "事项“"+m.Name+"”要写检查内容 checks，或者写 sheet 和 category 用评价表的条目，二者选一")
		}
		for k, p := range m.Checks {
			a.checkPoint(doc, fmt.Sprintf("%s.checks.%d", at, k), m, p, ids)
		}
	}
}

// checkPoint notes what is wrong with one check; ids are those of matters and checks so far.
func (a *Agenda) checkPoint(doc *yamlstrict.Document, at string, m Matter, p Point, ids map[string]bool) {
	add := func(key, format string, args ...any) {
		doc.Add(at+"."+key, "检查内容 "+p.ID+"："+fmt.Sprintf(format, args...))
	}
	if !itemIDForm.MatchString(p.ID) || ids[p.ID] {
		add("id", "编号重复，或者不是字母、数字和 . _ -（最多 20 位）")
	}
	ids[p.ID] = true
	for _, text := range []struct{ key, value string }{{"sentence", p.Sentence}, {"how", p.How}, {"request", p.Request}} {
		if n := len([]rune(text.value)); n < 1 || n > maxItemText {
			add(text.key, "%s 要有 1 至 %d 个字，现在有 %d 个", text.key, maxItemText, n)
		}
	}
	if !slices.Contains(supervision.PaperKinds(), p.Paper) {
		add("paper", "paper 只能是 suggestion、assignment、order、transfer，现在是 %q", p.Paper)
	}
	if (p.Paper == supervision.PaperTransfer) != (p.To != "") {
		add("to", "移送函要写 to（移送给谁），其他文书不写")
	}
	switch {
	case p.Paper != supervision.PaperOrder && (p.Law != "" || p.Article != ""):
		add("law", "law 和 article 只用于 paper: order")
	case p.Paper == supervision.PaperOrder && m.Department != a.Bureau:
		add("paper", "责令限期改正只能由本局（%s）对自己的事项作出，这个事项是%s的", a.Bureau, m.Department)
	}
}

// Take puts the items of checklists where matters name them, so that visits and inspections look at the same. Returns Invalid for a checklist or category that is not there, and for an item
// that stands in the list twice or leads to no paper.
func (a *Agenda) Take(sheets *Sheets) error {
	const op = "inspection.Take"
	ids := map[string]bool{}
	for i := range a.Matters {
		m := &a.Matters[i]
		if m.Sheet != "" {
			m.Checks = nil
			for _, s := range sheets.list {
				for _, c := range s.Categories {
					if s.ID != m.Sheet || c.ID != m.Category {
						continue
					}
					m.Checks = nil // a later version of the sheet
					for _, item := range c.Items {
						m.Checks = append(m.Checks, Point{ID: item.ID, Sentence: item.Sentence, How: item.How, Photo: item.Photo, Paper: item.Paper, To: item.To, Request: item.Request})
					}
				}
			}
		}
		if len(m.Checks) == 0 {
			return fault.New(op, fault.Invalid, "事项“"+m.Name+"”用的评价表 "+m.Sheet+" 里没有 "+m.Category+" 这一类")
		}
		for _, p := range m.Checks {
			if ids[p.ID] || p.Paper == "" {
				return fault.New(op, fault.Invalid, "事项“"+m.Name+"”的检查内容 "+p.ID+" 在清单里写了两次，或者没有文书")
			}
			ids[p.ID] = true
		}
	}
	return nil
}

// confirmed reports whether a text says something that somebody has confirmed.
func confirmed(text string) bool { return strings.TrimSpace(text) != "" && text != Unconfirmed }

// Lacks says what of a matter is not confirmed, in words; "" if it can be inspected.
func (m *Matter) Lacks() string {
	var out []string
	for _, part := range []struct{ name, value string }{{"法律法规", m.Law}, {"条款", m.Article}, {"职权依据", m.Competence}} {
		if !confirmed(part.value) {
			out = append(out, part.name)
		}
	}
	for _, p := range m.Checks {
		if p.Paper == supervision.PaperOrder && !(confirmed(p.Law) && confirmed(p.Article)) {
			out = append(out, p.ID+" 的责令依据")
		}
	}
	return strings.Join(out, "、")
}

// Running are the special inspections that lie on a day.
func (a *Agenda) Running(on calendar.Date) (out []Special) {
	for _, sp := range a.Specials {
		if on.Compare(sp.From) >= 0 && on.Compare(sp.Until) <= 0 {
			out = append(out, sp)
		}
	}
	return out
}

// Find is a matter by its code, nil if there is none.
func (a *Agenda) Find(id string) *Matter {
	for i := range a.Matters {
		if a.Matters[i].ID == id {
			return &a.Matters[i]
		}
	}
	return nil
}

// sheet is what the record of some matters of one department asks, with the fingerprint under which it is kept.
func (a *Agenda) sheet(matters []*Matter, from calendar.Date) (Sheet, string, error) {
	s := Sheet{Format: 1, ID: InspectionKind, Version: a.Version, Title: "现场检查笔录", Series: InspectionKind, From: from, Kind: InspectionKind, Persons: minInspectors, Basis: "行政检查事项清单（" + a.Version + "）",
		Note: "出示执法证、说明来意后检查；逐项查完，检查人员全部签名，再由企业签收。"}
	for _, m := range matters {
		c := Category{ID: m.ID, Name: m.Name}
		for _, p := range m.Checks {
			item := Item{ID: p.ID, Sentence: p.Sentence, How: p.How, Photo: p.Photo, Paper: p.Paper, To: p.To, Request: p.Request}
			if p.Paper == supervision.PaperOrder {
				item.Law = Law{p.Law, p.Article, m.Competence}
			}
			c.Items = append(c.Items, item)
		}
		s.Categories = append(s.Categories, c)
	}
	raw, err := json.Marshal(s)
	if err != nil || len(raw) > maxStored || s.Count() > maxItems {
		return s, "", fault.New("inspection.sheet", fault.Invalid, fmt.Sprintf("一次检查最多 %d 项，现在有 %d 项，请分次检查", maxItems, s.Count()))
	}
	sum := sha256.Sum256(raw)
	return s, hex.EncodeToString(sum[:]), nil
}
