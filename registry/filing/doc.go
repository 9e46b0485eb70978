// Package filing runs the register's filings (登记备案): what is filed is data, how it is decided is one table of transitions.
//
//  1. A correction is asked once (一次性告知); while it is awaited the clock stands.
//  2. Who accepts a filing does not approve it; approval is a policy.Approval inside the filing's own stream, over one hash of what is filed.
//  3. A register number belongs to one filing: it is claimed before the last signature is stored.
//  4. The receipt opens the sheets of 三同步 (party, supervision, rating) in the same record; they delay nothing. What stands in them is data.
//  5. The community is told when a filing comes in; it delays nothing, and who says nothing in time does not object.
//  6. A kind is about a compound, or about a firm as such.
//  7. A filing under way names who filed it; drafts are seen by those who may apply only.
package filing

import (
	"fmt"
	"regexp"
	"slices"

	"redsteward/internal/fault"
	"redsteward/internal/yamlstrict"
	"redsteward/policy"
	"redsteward/registry"
)

// Kind is one kind of filing, as filings.yaml says it.
type Kind struct {
	// ID is the code, Title is Chinese, Basis the clause or practice that asks for it.
	ID    string `yaml:"id,required"`
	Title string `yaml:"title,required"`
	Basis string `yaml:"basis,required"`
	// Series begins the register number: 物合备〔2026〕1号.
	Series string `yaml:"series,required"`
	// By are the roles that file it.
	By []policy.Role `yaml:"by,required"`
	// Event is what the date of the form is called: 合同签订日期.
	Event string `yaml:"event,required"`
	// Within is the deadline of the applicant, counted from the event, "" for none; Clock that of the bureau, counted from the day on which it comes in.
	Within string `yaml:"within"`
	Clock  string `yaml:"clock,required"`
	// Chain is the way of approval in approvals.yaml.
	Chain string `yaml:"chain,required"`
	// Notice is the deadline within which the community may answer, counted from the day on which it comes in; "" if the community is not told.
	Notice string `yaml:"notice"`
	// FirmWide: it is about a firm and not about a compound.
	FirmWide bool `yaml:"firm_wide"`
	// Synchronous: the receipt opens the sheets of 三同步.
	Synchronous bool `yaml:"synchronous"`
	// Documents are what is handed in.
	Documents []Wanted `yaml:"documents,required"`
}

// Wanted is one document of a kind.
type Wanted struct {
	// ID is the code, Title is Chinese, Optional says that it may be missing.
	ID       string `yaml:"id,required"`
	Title    string `yaml:"title,required"`
	Optional bool   `yaml:"optional"`
}

// SheetForm is what one sheet of 三同步 asks for.
type SheetForm struct {
	// ID says which sheet it is, Title is Chinese, Within the deadline, counted from the receipt.
	ID     SheetKind `yaml:"id,required"`
	Title  string    `yaml:"title,required"`
	Within string    `yaml:"within,required"`
	// By are the roles that fill it in.
	By []policy.Role `yaml:"by,required"`
	// Fields are what it asks for; what the registers hold is shown beside them and not asked.
	Fields registry.Form `yaml:"fields,required"`
}

// Papers are the words that papers to an applicant bear besides what is filed; all may be empty.
type Papers struct {
	// Asking is on what the one request for a correction (一次性告知) rests.
	Asking string `yaml:"asking"`
	// Remedy is what somebody whose filing was refused can do against it.
	Remedy Remedy `yaml:"remedy"`
}

// Remedy is a paragraph about remedies; it stands on papers once the legal officer has switched it on.
type Remedy struct {
	On   bool   `yaml:"on"`
	Text string `yaml:"text"`
}

// Kinds are the kinds of filings.yaml, the sheets of 三同步 and the words of papers.
type Kinds struct {
	list   []Kind
	sheets []SheetForm
	papers Papers
}

// Asking is on what the one request for a correction rests, "" if the file does not say.
func (k *Kinds) Asking() string { return k.papers.Asking }

// Remedy is the paragraph about remedies, "" while it is not switched on.
func (k *Kinds) Remedy() string {
	if !k.papers.Remedy.On {
		return ""
	}
	return k.papers.Remedy.Text
}

// Sheets are the sheets of 三同步 in the order of the file.
func (k *Kinds) Sheets() []SheetForm { return k.sheets }

// Sheet returns what a sheet asks for. Returns NotFound.
func (k *Kinds) Sheet(id SheetKind) (SheetForm, error) {
	for _, one := range k.sheets {
		if one.ID == id {
			return one, nil
		}
	}
	return SheetForm{}, fault.New("filing.Sheet", fault.NotFound, "没有这张三同步表")
}

// All are all kinds in the order of the file.
func (k *Kinds) All() []Kind { return k.list }

// Find returns a kind. Returns NotFound.
func (k *Kinds) Find(id string) (Kind, error) {
	for _, one := range k.list {
		if one.ID == id {
			return one, nil
		}
	}
	return Kind{}, fault.New("filing.Find", fault.NotFound, "没有这种备案")
}

// Of are the kinds that a person files.
func (k *Kinds) Of(by policy.Actor) []Kind {
	return slices.DeleteFunc(slices.Clone(k.list), func(one Kind) bool { return !slices.ContainsFunc(one.By, by.Has) })
}

// wanted is a document of the kind.
func (k Kind) wanted(id string) (Wanted, bool) {
	i := slices.IndexFunc(k.Documents, func(w Wanted) bool { return w.ID == id })
	if i < 0 {
		return Wanted{}, false
	}
	return k.Documents[i], true
}

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// kindsFile is the shape of filings.yaml.
type kindsFile struct {
	Papers  Papers      `yaml:"papers"`
	Sheets  []SheetForm `yaml:"sheets"`
	Filings []Kind      `yaml:"filings,required"`
}

// Names tells which deadlines and ways of approval there are.
type Names struct {
	// Deadline and Chain report whether there is one of that id.
	Deadline, Chain func(id string) bool
}

// ParseKinds reads a filings.yaml. Returns Invalid with every mistake, named file:line:column.
func ParseKinds(file string, data []byte, rules *policy.Rules, names Names) (*Kinds, error) {
	var in kindsFile
	doc := yamlstrict.Decode(file, data, &in)
	checkSheets(doc, in.Sheets, rules, names)
	seen, synchronous := map[string]bool{}, false
	for i := range in.Filings {
		k, at := &in.Filings[i], fmt.Sprintf("filings.%d", i)
		add := func(place, format string, args ...any) { doc.Add(at+"."+place, fmt.Sprintf(format, args...)) }
		if !codeForm.MatchString(k.ID) && k.ID != "" {
			add("id", "代码“%s”只能用小写字母、数字和下划线，以字母开头", k.ID)
		}
		for _, key := range []string{"id " + k.ID, "series " + k.Series} {
			if seen[key] {
				add(key[:slices.Index([]byte(key), ' ')], "“%s”已经有了", key[slices.Index([]byte(key), ' ')+1:])
			}
			seen[key] = true
		}
		for n, role := range k.By {
			if ok, _ := rules.RoleAllows(role, policy.ApplyFiling); !ok {
				add(fmt.Sprintf("by.%d", n), "岗位 %s 没有“提交备案”的权限，请先在 roles.csv 里写明", role)
			}
		}
		for place, id := range map[string]string{"within": k.Within, "clock": k.Clock, "notice": k.Notice} {
			if id != "" && !names.Deadline(id) {
				add(place, "期限表里没有 %s", id)
			}
		}
		if k.FirmWide && k.Notice != "" {
			add("notice", "针对企业的备案不涉及某个社区，不能写 notice")
		}
		synchronous = synchronous || k.Synchronous
		if k.Chain != "" && !names.Chain(k.Chain) {
			add("chain", "approvals.yaml 里没有代码为 %s 的审批流程", k.Chain)
		}
		codes := map[string]bool{}
		for n, w := range k.Documents {
			if codes[w.ID] || !codeForm.MatchString(w.ID) {
				add(fmt.Sprintf("documents.%d.id", n), "代码“%s”重复，或者不是小写字母、数字和下划线", w.ID)
			}
			codes[w.ID] = true
		}
		if len(k.Documents) > MaxDocuments {
			add("documents", "一种备案最多 %d 份材料，现在有 %d 份", MaxDocuments, len(k.Documents))
		}
	}
	if synchronous && len(in.Sheets) != len(SheetKinds()) {
		doc.Add("filings", "有的备案打开三同步表（synchronous），要在 sheets 里写明三张表")
	}
	if in.Papers.Remedy.On && in.Papers.Remedy.Text == "" {
		doc.Add("papers.remedy.text", "救济告知打开了（on: true），要写内容")
	}
	return &Kinds{in.Filings, in.Sheets, in.Papers}, doc.Err()
}

// checkSheets looks at the sheets of 三同步.
func checkSheets(doc *yamlstrict.Document, sheets []SheetForm, rules *policy.Rules, names Names) {
	seen := map[SheetKind]bool{}
	for i, sheet := range sheets {
		add := func(place, format string, args ...any) {
			doc.Add(fmt.Sprintf("sheets.%d", i)+place, fmt.Sprintf(format, args...))
		}
		if !slices.Contains(SheetKinds(), sheet.ID) || seen[sheet.ID] {
			add(".id", "代码“%s”重复，或者不是 party、supervision、rating", sheet.ID)
		}
		seen[sheet.ID] = true
		if !names.Deadline(sheet.Within) {
			add(".within", "期限表里没有 %s", sheet.Within)
		}
		for n, role := range sheet.By {
			if ok, _ := rules.RoleAllows(role, sheet.ID.Action()); !ok {
				add(fmt.Sprintf(".by.%d", n), "岗位 %s 不能填写这张表，请先在 roles.csv 里写明", role)
			}
		}
		sheet.Fields.Check(add)
	}
}
