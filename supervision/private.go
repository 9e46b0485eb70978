package supervision

import "regexp"

// privateNumber finds what looks like the number of a phone or of an identity card.
var privateNumber = regexp.MustCompile(`1[3-9][0-9]{9}|[1-9][0-9]{16}[0-9Xx]`)

// PrivateNumber reports whether a text holds what looks like the number of a phone or of an identity card: texts that others read do not.
func PrivateNumber(text string) bool { return privateNumber.MatchString(text) }
