package web

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/gateway"
	"redsteward/internal/imports"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/policy/outbox"
	"redsteward/rating/standing"
	"redsteward/registry"
	"redsteward/registry/change"
	"redsteward/registry/fund"
	"redsteward/registry/handover"
	"redsteward/registry/party"
	"redsteward/supervision/collection"
	"redsteward/supervision/matter"
	"redsteward/supervision/notice"
	"redsteward/supervision/rectification"
	"redsteward/supervision/repair"
	"redsteward/supervision/survey"
	"redsteward/supervision/wish"
)

// fieldsFile is the one place where stored names have Chinese words. A row is one of
//
//	kind:            the name of a kind of documents
//	field            a stored name, wherever it stands
//	a.b              the same, below a
//	kind:a.b         the same, of one kind
//
// The longest one that fits decides, one with a kind before one without. The unit says how a whole number reads: 元 for fen, 百分之一 for hundredths; or what a text names: @firm the id of a firm,
// and so for every kind; @stream a kind with an id, @key a scope key, @role a role, @job a job. Of a kind it says in which places stands what a document is called.
//
//go:embed fields.csv
var fieldsFile string

// fieldWord is what a stored name is called.
type fieldWord struct{ word, unit string }

// fieldWords are the rows of fieldsFile by their first column.
var fieldWords = func() map[string]fieldWord {
	rows, err := csv.NewReader(strings.NewReader(fieldsFile)).ReadAll()
	if err != nil {
		panic(err) // the file is part of the program
	}
	words := make(map[string]fieldWord, len(rows))
	for _, r := range rows[1:] {
		words[r[0]] = fieldWord{r[1], r[2]}
	}
	return words
}()

// wordOf finds the word of a place without numbers and keys, such as "phases.area".
func wordOf(kind, place string) (fieldWord, bool) {
	for _, before := range []string{kind + ":", ""} {
		for rest := place; ; {
			if w, is := fieldWords[before+rest]; is {
				return w, true
			}
			_, behind, more := strings.Cut(rest, ".")
			if !more {
				break
			}
			rest = behind
		}
	}
	return fieldWord{}, false
}

// kindWord is what a kind of documents is called, its code if it has no word.
func kindWord(kind string) string {
	if w, is := fieldWords[kind+":"]; is {
		return w.word
	}
	return kind
}

// element is the number or key of an element in a path.
var element = regexp.MustCompile(`\[([^\]]*)\]`)

// tellPlace is a stored path in words: "分期第 2 项 › 面积". unit is that of its value.
func tellPlace(kind, path string) (text, unit string) {
	var words []string
	place := ""
	for _, part := range strings.Split(path, ".") {
		name, _, _ := strings.Cut(part, "[")
		if place != "" {
			place += "."
		}
		place += name
		word, known := wordOf(kind, place)
		if !known {
			word.word = name
		}
		for _, m := range element.FindAllStringSubmatch(part, -1) {
			if _, err := strconv.Atoi(m[1]); err == nil {
				word.word += "第 " + m[1] + " 项"
			} else {
				word.word += "“" + m[1] + "”"
			}
		}
		words, unit = append(words, word.word), word.unit
	}
	return strings.Join(words, " › "), unit
}

// codesOf makes the words of a type of codes.
func codesOf[T ~string](list []registry.Choice) (reflect.Type, map[string]string) {
	words := make(map[string]string, len(list))
	for _, c := range list {
		words[c.ID] = c.Text
	}
	return reflect.TypeFor[T](), words
}

// codeWords are the words of the types whose codes are no words and that have no Title.
var codeWords = func() map[reflect.Type]map[string]string {
	all := map[reflect.Type]map[string]string{
		reflect.TypeFor[policy.ApprovalState](): {"pending": "审批中", "returned": "退回", "approved": "通过", "refused": "不同意", "withdrawn": "已撤回"},
		reflect.TypeFor[policy.ApprovalMove]():  {"agree": "同意", "return": "退回", "refuse": "不同意", "resubmit": "重新送审", "withdraw": "撤回", "confirm_paper": "确认签字件", "reject_paper": "不认可签字件"},
		reflect.TypeFor[policy.Duty]():          {"base": "基础", "business": "业务", "admin": "系统管理", "audit": "审计", "security": "安全管理"},
		reflect.TypeFor[policy.Part]():          {"score": "打分", "review": "复核", "audit": "抽查", "publish": "公布", "appeal": "答复申诉", "make": "经办", "check": "核对"},
		reflect.TypeFor[imports.State]():        {"accepted": "已确认，导入中", "done": "已导入", "reversing": "撤回中", "reversed": "已撤回"},
		reflect.TypeFor[files.Kind]():           {"jpeg": "JPEG 照片", "png": "PNG 图片", "pdf": "PDF", "xlsx": "Excel"},
		reflect.TypeFor[gateway.Outcome]():      {"taken": "对方已收下", "refused": "对方拒收", "later": "没有收下，可再试", "unknown": "不知道是否收下"},
		reflect.TypeFor[outbox.TemplateID]():    {"notice": "新的通知", "urging": "催办", "digest": "待办摘要", "probe": "试发"},
		reflect.TypeFor[collection.Every]():     {"month": "每月", "quarter": "每季"},
		reflect.TypeFor[standing.EventKind]():   {"veto": "一票否决", "penalty": "行政处罚", "judgment": "生效裁判", "proof": "佐证追回", "unfixed": "逾期未整改", "refusal": "拒不退出"},
	}
	add := func(t reflect.Type, words map[string]string) { all[t] = words }
	add(codesOf[change.Giver](change.Givers()))
	add(codesOf[collection.Kind](collection.Kinds()))
	add(codesOf[collection.RowsKind](collection.RowsKinds()))
	add(codesOf[collection.Source](collection.Sources()))
	add(codesOf[collection.UnitKind](collection.UnitKinds()))
	add(codesOf[fund.Base](fund.Bases()))
	add(codesOf[fund.Event](fund.Events()))
	add(codesOf[fund.LetterKind](fund.LetterKinds()))
	add(codesOf[fund.PenaltyEnd](fund.PenaltyEnds()))
	add(codesOf[fund.PenaltyKind](fund.PenaltyKinds()))
	add(codesOf[fund.Rounding](fund.Roundings()))
	add(codesOf[handover.Handing](handover.Handings()))
	add(codesOf[matter.Liable](matter.Liables()))
	add(codesOf[matter.Outcome](matter.Outcomes()))
	add(codesOf[matter.Satisfied](matter.Satisfactions()))
	add(codesOf[matter.Source](matter.Sources()))
	add(codesOf[notice.TargetKind](notice.TargetKinds()))
	add(codesOf[party.Kind](party.Kinds()))
	add(codesOf[rectification.RungKind](rectification.RungKinds()))
	add(codesOf[registry.BodyKind](registry.BodyKinds()))
	add(codesOf[registry.BuildingKind](registry.BuildingKinds()))
	add(codesOf[registry.Charge](registry.Charges()))
	add(codesOf[registry.ContractKind](registry.ContractKinds()))
	add(codesOf[registry.Level](registry.Levels()))
	add(codesOf[registry.Matter](registry.Matters()))
	add(codesOf[registry.Origin](registry.Origins()))
	add(codesOf[registry.PaperKind](registry.PaperKinds()))
	add(codesOf[registry.PartyForm](registry.PartyForms()))
	add(codesOf[registry.ProjectKind](registry.ProjectKinds()))
	add(codesOf[registry.RepairKind](registry.RepairKinds()))
	add(codesOf[registry.RoomKind](registry.RoomKinds()))
	add(codesOf[registry.ScanKind](registry.ScanKinds()))
	add(codesOf[registry.ServiceLevel](registry.ServiceLevels()))
	add(codesOf[registry.StandingState](registry.Standings()))
	add(codesOf[repair.Urgency](repair.Urgencies()))
	add(codesOf[survey.Way](survey.Ways()))
	add(codesOf[wish.Order](wish.Orders()))
	add(codesOf[wish.TakerKind](wish.TakerKinds()))
	return all
}()

// plainWords are the types whose stored values are words or numbers that people read as they are.
var plainWords = []string{"calendar.Unit", "change.Step", "conduct.Move", "deliberation.MeetingStep", "deliberation.Step", "evidence.Move", "filing.Move", "matter.Move", "owners.Step", "party.Move", "returns.Step", "station.ModelMove", "wish.MemberStep", "wish.Step", "registry.USCC"}

// titled is a code that says what it is called.
type titled interface{ Title() string }

var (
	titledType  = reflect.TypeFor[titled]()
	chineseType = reflect.TypeFor[interface{ Chinese() string }]()
	roleType    = reflect.TypeFor[policy.Role]()
)

// Untold lists the kinds, stored fields and types of codes that have no Chinese word, of all that a store keeps, the places of names that are not kept or not for everybody, and kinds to which a field leads that are not kept: a new one gets its row in fields.csv, or its words in codeWords.
func Untold(kept map[string][]store.StoredField) []string {
	lacking := map[string]bool{}
	for kind, fields := range kept {
		if _, is := fieldWords[kind+":"]; !is {
			lacking["kind "+kind] = true
		}
		for _, place := range namePlaces(kind) {
			shown := strings.HasPrefix(place, refMark) || slices.ContainsFunc(fields, func(f store.StoredField) bool { return f.Path == place && f.Tag != "pii" && f.Tag != "internal" })
			if !shown {
				lacking["name of "+kind+": "+place] = true
			}
		}
		for _, f := range fields {
			place := strings.ReplaceAll(f.Path, "[]", "")
			for end := 0; end < len(place); end++ {
				if next := strings.IndexByte(place[end:], '.'); next >= 0 {
					end += next
				} else {
					end = len(place)
				}
				if _, is := wordOf(kind, place[:end]); !is {
					lacking["field "+kind+":"+place[:end]] = true
				}
			}
			t := f.Type
			if t.Kind() != reflect.String || t.PkgPath() == "" || t.Implements(titledType) || t.Implements(chineseType) || t == roleType || codeWords[t] != nil || slices.Contains(plainWords, t.String()) {
				continue
			}
			lacking["codes of "+t.String()] = true
		}
	}
	for _, word := range fieldWords {
		for _, unit := range strings.Fields(word.unit) {
			kind, names := strings.CutPrefix(unit, refMark)
			if names && unit != refStream && unit != refKey && !slices.Contains(wordRefs, unit) && kept[kind] == nil && kind != accountKind {
				lacking["kind named by "+unit] = true
			}
		}
	}
	var out []string
	for one := range lacking {
		out = append(out, one)
	}
	slices.Sort(out)
	return out
}

// tellValue is a stored value in words.
func tellValue(rules *policy.Rules, t reflect.Type, unit, value string) string {
	if value == "" || t == nil {
		return value
	}
	switch {
	case t == reflect.TypeFor[calendar.Date]():
		if d, err := calendar.ParseDate(value); err == nil {
			return d.Chinese()
		}
	case t.String() == "journal.Time":
		if at, err := time.Parse(time.RFC3339, value); err == nil {
			return calendar.Moment(at)
		}
	case t == roleType:
		if role, known := rules.Role(policy.Role(value)); known {
			return role.Title
		}
	case t.Kind() == reflect.Bool:
		return map[string]string{"true": "是", "false": "否"}[value]
	case t.Kind() == reflect.Int64 && unit != "":
		n, err := strconv.ParseInt(value, 10, 64)
		switch {
		case err != nil:
		case unit == "元":
			return yuanText(n) + " 元"
		case unit == "百分之一":
			return num.FromFrac(n, 100).Fixed(2)
		}
	case t.Kind() == reflect.String && t.PkgPath() != "":
		if word := codeWords[t][value]; word != "" {
			return word
		}
		code := reflect.New(t).Elem()
		code.SetString(value)
		switch code := code.Interface().(type) {
		case titled:
			if word := code.Title(); word != "" {
				return word
			}
		case interface{ Chinese() string }:
			if word := code.Chinese(); word != "" {
				return word
			}
		}
	}
	return value
}

// toldChange is a place that a record changed, in words.
type toldChange struct {
	// Place is the name, Stored what it is called in the store.
	Place, Stored string
	Before, After toldValue
}

// changeRefs are the documents that the values of a change name.
func changeRefs(change *store.ChangeView) []store.Ref {
	var out []store.Ref
	for _, f := range change.Fields {
		_, unit := tellPlace(change.Kind, f.Path)
		for _, value := range []string{f.Before, f.After} {
			if ref, names := refOf(unit, value); names {
				out = append(out, ref)
			}
		}
	}
	return out
}

// tellChanges tells what a record changed, with names that were learnt: what may be shown, and the names of the rest, each once. With none of it may be shown anything.
func (n *naming) tellChanges(change *store.ChangeView, none bool) (shown []toldChange, hidden []string) {
	day := calendar.DateOf(change.Meta.At)
	fields := change.Fields
	if change.Kind == policy.SettingsKind && !none {
		shown, fields = tellSettings(change)
	}
	for _, f := range fields {
		if f.Hidden || none { // a key may say what its value does, so it is left out
			if place, _ := tellPlace(change.Kind, element.ReplaceAllString(f.Path, "")); !slices.Contains(hidden, place) {
				hidden = append(hidden, place)
			}
			continue
		}
		place, _ := tellPlace(change.Kind, f.Path)
		shown = append(shown, toldChange{Place: place, Stored: f.Path, Before: n.tell(change.Kind, f.Path, f.Type, f.Before, day), After: n.tell(change.Kind, f.Path, f.Type, f.After, day)})
	}
	return shown, hidden
}

// tellSettings tells the changed lines of a configuration file, which its record names itself, and gives back what else changed.
func tellSettings(change *store.ChangeView) (lines []toldChange, rest []store.FieldChange) {
	for i := 1; ; i++ {
		at := fmt.Sprintf("changes[%d]", i)
		place, is := change.Left[at+".place"]
		if !is {
			break
		}
		lines = append(lines, toldChange{Place: place.After, Stored: at, Before: toldValue{Text: change.Left[at+".before"].After}, After: toldValue{Text: change.Left[at+".after"].After}})
	}
	for _, f := range change.Fields {
		if !strings.HasPrefix(f.Path, "changes[") && f.Path != "text" { // the packed lines of which the changed ones stand above
			rest = append(rest, f)
		}
	}
	return lines, rest
}

// changeSheetRows is of how many records the workbook of the log tells what they changed.
const changeSheetRows = 2000

// changesLeftOut says that a workbook tells less than was found.
func changesLeftOut(found int) string {
	if found <= changeSheetRows {
		return ""
	}
	return fmt.Sprintf("只列出前 %d 条的修改内容，另有 %d 条，请缩短日期", changeSheetRows, found-changeSheetRows)
}
