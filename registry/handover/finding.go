package handover

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

// Answer is what was found at one item. Its id is <handover>/<item>.
type Answer struct {
	// Handover and Item say of what it is the answer.
	Handover string `json:"handover" privacy:"internal"`
	Item     string `json:"item" privacy:"public"`
	Found
	// Repaired: the liable party says that it was repaired; Repair is how.
	Repaired bool   `json:"repaired,omitempty"`
	Repair   string `json:"repair,omitempty" privacy:"internal"`
	// Judged is what the re-inspection found, "" if there was none since the last notice.
	Judged Value `json:"judged,omitempty" privacy:"public"`
	// Later says how an open finding goes on after the agreement, and is there for every defect that was found after the transfer; nil for all others.
	Later *Later `json:"later,omitempty"`
	// Given is who answered last.
	Given Hand `json:"given"`
}

// Later is a defect that outlives the agreement: carried into it with a promise, or found after the transfer.
type Later struct {
	// Keys are the scope keys of the handover, Opened the day on which they were stamped, Title the project with its phase: to-do pages list the defect by itself.
	Keys   []string      `json:"keys" privacy:"internal"`
	Opened calendar.Date `json:"opened"`
	Title  string        `json:"title" privacy:"public"`
	// How is what the developer promised, "" for a defect that was found after the transfer; Due is the last day of the repair.
	How string        `json:"how,omitempty" privacy:"internal"`
	Due calendar.Date `json:"due"`
	// Name is what has the defect and Seen the day on which it was found, only for one that was found after the transfer.
	Name string        `json:"name,omitempty" privacy:"internal"`
	Seen calendar.Date `json:"seen"`
}

// Value is an answer.
type Value string

// The answers.
const (
	// Conform: 符合.
	Conform Value = "conform"
	// Fail: 不符合.
	Fail Value = "fail"
	// NotApplicable: there is no such object (不适用).
	NotApplicable Value = "na"
)

// Values are the answers in the order of the buttons.
func Values() []Value { return []Value{Conform, Fail, NotApplicable} }

// Title is the answer for people.
func (v Value) Title() string {
	switch v {
	case Conform:
		return "符合"
	case Fail:
		return "不符合"
	case NotApplicable:
		return "不适用"
	}
	return "未查"
}

// Party is who is liable for a finding.
type Party string

// The liable parties.
const (
	// PartyDeveloper: the developer, as long as nothing else was found.
	PartyDeveloper Party = "developer"
	// PartyFirm: the firm damaged it or used it before.
	PartyFirm Party = "firm"
	// PartyUtility: water, power, gas, heat or communication; not part of the inspection (art. 17), only passed on.
	PartyUtility Party = "utility"
	// PartyOwner: an owner or user, as when a flat was rebuilt.
	PartyOwner Party = "owner"
	// PartyNobody: a dispute ended with that it is no defect; nobody answers so on the walk.
	PartyNobody Party = "nobody"
)

// AllParties are the parties in the order of the buttons.
func AllParties() []Party { return []Party{PartyDeveloper, PartyFirm, PartyUtility, PartyOwner} }

// Title is the party for people.
func (p Party) Title() string {
	switch p {
	case PartyDeveloper:
		return "建设单位"
	case PartyFirm:
		return "物业企业"
	case PartyUtility:
		return "专业经营单位"
	case PartyOwner:
		return "业主"
	case PartyNobody:
		return "不是问题"
	}
	return string(p)
}

// Found is what is said about one item.
type Found struct {
	// Value is one of Values.
	Value Value `json:"value" privacy:"public"`
	// Party is who is liable, only for Fail.
	Party Party `json:"party,omitempty" privacy:"public"`
	// Place (at most 60 characters), Note (at most 200) and Photos (at most 4) describe a finding.
	Place  string  `json:"place,omitempty" privacy:"internal"`
	Note   string  `json:"note,omitempty" privacy:"internal"`
	Photos []Photo `json:"photos,omitempty"`
}

// Photo is a picture that internal/files keeps: the SHA-256 of the original and of the copy that pages show.
type Photo struct {
	Original string `json:"original" privacy:"internal"`
	Shown    string `json:"shown" privacy:"internal"`
}

// The bounds of an answer.
const (
	maxPlace  = 60
	maxNote   = 200
	maxPhotos = 4
)

// photoForm is the form of file ids.
var photoForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// trimmed is the answer without blanks; what belongs to a finding is left out of any other answer.
func (f Found) trimmed() Found {
	f.Place, f.Note = strings.TrimSpace(f.Place), strings.TrimSpace(f.Note)
	if f.Value != Fail {
		return Found{Value: f.Value}
	}
	if f.Party == "" {
		f.Party = PartyDeveloper
	}
	return f
}

// faults checks an answer to an item; counted photos are not looked at. Field names are value, lost (the liable party), where, note, photos.
func (f Found) faults(item Item, counted bool) []fault.Field {
	bad := f.wordFaults(item)
	if f.Value != Fail {
		return bad
	}
	fail := failing(item, &bad)
	switch n := len(f.Photos); {
	case n > maxPhotos:
		fail("photos", "照片最多 %d 张，现在有 %d 张", maxPhotos, n)
	case n == 0:
		fail("photos", "不符合的，至少拍 1 张看得出位置的照片")
	}
	for _, p := range f.Photos {
		if !counted && (!photoForm.MatchString(p.Original) || !photoForm.MatchString(p.Shown)) {
			fail("photos", "没有“%.70s”这张照片，请重新拍摄", p.Original)
		}
	}
	return bad
}

// failing adds to faults, each with the item before it.
func failing(item Item, bad *[]fault.Field) func(name, format string, args ...any) {
	return func(name, format string, args ...any) {
		*bad = append(*bad, fault.Field{Name: name, Message: item.Where + item.Name + "：" + fmt.Sprintf(format, args...)})
	}
}

// wordFaults checks everything about an answer but its photos.
func (f Found) wordFaults(item Item) []fault.Field {
	var bad []fault.Field
	fail := failing(item, &bad)
	if !slices.Contains(Values(), f.Value) {
		if f.Value == "" {
			fail("value", "请选择符合、不符合、不适用")
		} else {
			fail("value", "没有“%s”这个答案，只能是符合、不符合、不适用", f.Value)
		}
		return bad
	}
	if f.Value != Fail {
		return nil
	}
	if !slices.Contains(AllParties(), f.Party) {
		fail("lost", "没有“%s”这种责任单位", f.Party)
	}
	switch n := utf8.RuneCountInString(f.Place); {
	case n > maxPlace:
		fail("where", "位置最多 %d 个字，现在有 %d 个", maxPlace, n)
	case n == 0:
		fail("where", "不符合的，请写明位置，例如 3 层东侧")
	}
	if n := utf8.RuneCountInString(f.Note); n > maxNote {
		fail("note", "说明最多 %d 个字，现在有 %d 个", maxNote, n)
	}
	return bad
}
