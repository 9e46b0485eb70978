package policy

import "strings"

// inventedMark ends the names of the demonstration.
const inventedMark = "（演示）"

// MaskName shows the first and the last character of a personal name: 张*敏, 刘*. The mark of an invented name stays whole.
func MaskName(name string) string {
	if person, ok := strings.CutSuffix(name, inventedMark); ok {
		return MaskName(person) + inventedMark
	}
	r := []rune(name)
	switch len(r) {
	case 0:
		return ""
	case 1:
		return "*"
	case 2:
		return string(r[0]) + "*"
	}
	return string(r[0]) + strings.Repeat("*", len(r)-2) + string(r[len(r)-1])
}

// MaskPhone shows the first three and the last four signs of a phone number: 138****5678 (domain.md §8.4). One that is too short shows nothing.
func MaskPhone(phone string) string {
	r := []rune(phone)
	if len(r) == 0 {
		return ""
	}
	if len(r) < 9 {
		return strings.Repeat("*", len(r))
	}
	return string(r[:3]) + strings.Repeat("*", len(r)-7) + string(r[len(r)-4:])
}
