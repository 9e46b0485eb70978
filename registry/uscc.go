package registry

import (
	"fmt"
	"strings"

	"golang.org/x/text/unicode/norm"

	"redsteward/internal/fault"
)

// USCC is a 统一社会信用代码 (GB 32100-2015) in its one form: 18 signs, upper case, with a right check sign. "" is none.
type USCC string

// The lengths and signs of GB 32100-2015 and, within it, of GB 11714 (positions 9 to 17).
const (
	usccLength   = 18
	usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	// innerAt and innerEnd cut out the organisation code whose last sign is its own check sign.
	innerAt, innerEnd = 8, 17
)

// ParseUSCC reads a code as people type it: full-width signs, lower case and blanks are accepted. Returns Invalid, whose message says what is wrong
// with the value found, for a wrong length, a sign that the code does not know, a county code that is none, or a wrong check sign.
func ParseUSCC(text string) (USCC, error) {
	const op = "registry.ParseUSCC"
	code := strings.ToUpper(strings.Join(strings.Fields(norm.NFKC.String(text)), ""))
	signs := []rune(code)
	if len(signs) != usccLength {
		return "", fault.New(op, fault.Invalid, fmt.Sprintf("统一社会信用代码有 %d 位，要填 18 位", len(signs)))
	}
	for i, sign := range signs {
		if !strings.ContainsRune(usccAlphabet, sign) {
			hint := "只用数字和大写字母（不用 I、O、S、V、Z）"
			switch sign {
			case 'O':
				hint = "没有字母 O，可能是数字 0"
			case 'I':
				hint = "没有字母 I，可能是数字 1"
			case 'Z':
				hint = "没有字母 Z，可能是数字 2"
			case 'S':
				hint = "没有字母 S，可能是数字 5"
			}
			return "", fault.New(op, fault.Invalid, fmt.Sprintf("统一社会信用代码第 %d 位是“%c”，代码中%s", i+1, sign, hint))
		}
		if i >= 2 && i < 8 && (sign < '0' || sign > '9') {
			return "", fault.New(op, fault.Invalid, fmt.Sprintf("统一社会信用代码第 %d 位是“%c”，第 3 至 8 位是登记机关区划，要填数字", i+1, sign))
		}
	}
	if want := usccCheck(code[:usccLength-1]); code[usccLength-1] != want {
		return "", fault.New(op, fault.Invalid, fmt.Sprintf("校验码应为 %c，请核对营业执照", want))
	}
	return USCC(code), nil
}

// usccCheck is the eighteenth sign that belongs to the first seventeen.
func usccCheck(body string) byte {
	sum, weight := 0, 1
	for i := range len(body) {
		sum += strings.IndexByte(usccAlphabet, body[i]) * weight
		weight = weight * 3 % 31
	}
	return usccAlphabet[(31-sum%31)%31]
}

// InnerWarning says in one Chinese sentence that the organisation code inside (GB 11714) has a wrong check sign, "" if it is right. Codes given out
// before 2015 may carry one without being wrong, so this is a warning and never a refusal.
func (u USCC) InnerWarning() string {
	if len(u) != usccLength {
		return ""
	}
	inner := string(u[innerAt:innerEnd])
	sum := 0
	for i, weight := range []int{3, 7, 9, 10, 5, 8, 4, 2} {
		// GB 11714 counts letters A=10 … Z=35.
		value := int(inner[i] - '0')
		if inner[i] >= 'A' {
			value = int(inner[i]-'A') + 10
		}
		sum += value * weight
	}
	want := "0123456789X0"[11-sum%11]
	if inner[8] == want {
		return ""
	}
	return fmt.Sprintf("代码第 17 位是“%c”，按组织机构代码（GB 11714）应为“%c”，请核对营业执照；确实无误的可以保存", inner[8], want)
}
