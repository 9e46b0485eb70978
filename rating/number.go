package rating

import (
	"regexp"
	"strings"
)

// numberForm is the form of a document number; brackets of other kinds are turned into 〔〕 first.
var numberForm = regexp.MustCompile(`^[\p{Han}A-Za-z]{2,20}〔(?:19|20)\d{2}〕[1-9]\d{0,4}号$`)

var brackets = strings.NewReplacer("[", "〔", "［", "〔", "【", "〔", "(", "〔", "（", "〔", "]", "〕", "］", "〕", "】", "〕", ")", "〕", "）", "〕", " ", "", "　", "")

// NumberClaim is the claim under which a document number (文号) belongs to one paper, whatever it is about.
const NumberClaim = "number"

// DocumentNumber brings a document number into its one form, such as 都建发〔2026〕12号; false if it is none.
func DocumentNumber(text string) (string, bool) {
	text = brackets.Replace(strings.TrimSpace(text))
	return text, numberForm.MatchString(text)
}
