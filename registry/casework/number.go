package casework

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// numberForm is the form of a document number; brackets of other kinds are turned into 〔〕 first.
var numberForm = regexp.MustCompile(`^([\p{Han}A-Za-z]{2,20})〔((?:19|20)\d{2})〕([1-9]\d{0,4})号$`)

var brackets = strings.NewReplacer("[", "〔", "［", "〔", "【", "〔", "(", "〔", "（", "〔", "]", "〕", "］", "〕", "】", "〕", ")", "〕", "）", "〕", " ", "", "　", "")

// Number is a document number (文号) taken apart: the word of its series (机关代字), the year and the number within it.
type Number struct {
	Word      string
	Year, Nth int64
}

// String writes the number as papers bear it, such as 都建发〔2026〕12号.
func (n Number) String() string { return fmt.Sprintf("%s〔%d〕%d号", n.Word, n.Year, n.Nth) }

// ReadNumber takes a document number apart; false if it is none.
func ReadNumber(text string) (Number, bool) {
	m := numberForm.FindStringSubmatch(brackets.Replace(strings.TrimSpace(text)))
	if m == nil {
		return Number{}, false
	}
	// The form holds digits only, few enough.
	year, _ := strconv.ParseInt(m[2], 10, 64)
	nth, _ := strconv.ParseInt(m[3], 10, 64)
	return Number{m[1], year, nth}, true
}

// DocumentNumber brings a document number into its one form, such as 都建发〔2026〕12号; false if it is none.
func DocumentNumber(text string) (string, bool) {
	text = brackets.Replace(strings.TrimSpace(text))
	return text, numberForm.MatchString(text)
}
