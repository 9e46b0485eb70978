package num

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"redsteward/internal/fault"
)

const (
	maxDecimal   = 64   // bytes Parse reads: far more than any form or rule needs
	maxCanonical = 4096 // bytes ParseCanonical reads: an exact sum of many ratios is long
)

// Parse reads a number as people write it: an optional sign, digits, and optionally a point followed by digits. There is no exponent, no
// thousands comma, no blank, no full-width digit, and both sides of the point have a digit.
// It returns Invalid, saying what is wrong, for anything else and for text of more than 64 bytes.
func Parse(text string) (Num, error) {
	if len(text) > maxDecimal {
		return Num{}, refuse(fmt.Sprintf("数字过长：最多 %d 个字符", maxDecimal))
	}
	return parseDecimal(text)
}

// MustParse is Parse for constants of the code; it panics instead of returning an error.
func MustParse(text string) Num {
	x, err := Parse(text)
	if err != nil {
		panic(err)
	}
	return x
}

// ParseCanonical reads what String writes: a decimal, or "n/d" with whole n and d and d above 0. Trailing zeros and fractions that are not
// reduced are read too. It returns Invalid for anything else and for text of more than 4096 bytes.
func ParseCanonical(text string) (Num, error) {
	if len(text) > maxCanonical {
		return Num{}, refuse(fmt.Sprintf("数字过长：最多 %d 个字符", maxCanonical))
	}
	above, below, fraction := strings.Cut(text, "/")
	if !fraction {
		return parseDecimal(text)
	}
	n, err := parseDecimal(above)
	if err != nil {
		return Num{}, err
	}
	d, err := parseDecimal(below)
	if err != nil {
		return Num{}, err
	}
	if !isDigits(strings.TrimPrefix(above, "-")) || !isDigits(below) || d.IsZero() {
		return Num{}, refuse(fmt.Sprintf("“%s”不是分数：应为“整数/正整数”", shorten(text)))
	}
	return n.Quo(d)
}

func parseDecimal(text string) (Num, error) {
	digits := text
	negative := false
	if digits != "" && (digits[0] == '-' || digits[0] == '+') {
		negative = digits[0] == '-'
		digits = digits[1:]
	}
	whole, decimals, point := strings.Cut(digits, ".")
	if !isDigits(whole) || point && !isDigits(decimals) {
		return Num{}, refuse(whyNotDecimal(text))
	}
	if len(whole)+len(decimals) <= 18 { // always fits int64, and so does the power of ten
		var n int64
		for _, part := range [2]string{whole, decimals} {
			for i := range len(part) {
				n = n*10 + int64(part[i]-'0')
			}
		}
		if negative {
			n = -n
		}
		return reduced(n, pow10[len(decimals)]), nil
	}
	n, ok := new(big.Int).SetString(whole+decimals, 10)
	if !ok {
		return Num{}, refuse(whyNotDecimal(text))
	}
	if negative {
		n.Neg(n)
	}
	return fromBig(new(big.Rat).SetFrac(n, bigPow10(len(decimals)))), nil
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// whyNotDecimal names the most likely mistake, so that whoever typed the number knows what to change.
func whyNotDecimal(text string) string {
	quoted := "“" + shorten(text) + "”"
	switch {
	case strings.TrimSpace(text) == "":
		return "没有填写数字"
	case strings.ContainsAny(text, ",，"):
		return quoted + "不是数字：不要用逗号分节，请写成 1234.5 的形式"
	case strings.ContainsAny(text, " \t\r\n\u00a0\u3000"):
		return quoted + "不是数字：数字里不能有空格"
	case strings.ContainsAny(text, "０１２３４５６７８９．－＋"):
		return quoted + "不是数字：请改用半角数字"
	case strings.ContainsAny(text, "%％"):
		return quoted + "不是数字：不要写百分号"
	case strings.ContainsAny(text, "eE") && strings.ContainsAny(text, "0123456789"):
		return quoted + "不是数字：不能用科学计数法"
	case strings.Contains(text, "."):
		return quoted + "不是数字：小数点前后都要有数字，且只能有一个小数点"
	}
	return quoted + "不是数字"
}

// shorten keeps an error message readable whatever was typed.
func shorten(text string) string {
	const most = 24
	text = strings.ToValidUTF8(text, "?")
	if r := []rune(text); len(r) > most {
		return string(r[:most]) + "…"
	}
	return text
}

func refuse(message string) error { return fault.New("num.Parse", fault.Invalid, message) }

// String returns the canonical text: the shortest decimal if the number terminates, else "n/d" in lowest terms.
func (x Num) String() string {
	if x.big == nil && x.dm1 == 0 {
		return strconv.FormatInt(x.n, 10)
	}
	return string(x.Append(make([]byte, 0, 24)))
}

// Append appends the canonical text, as String gives it, to b.
func (x Num) Append(b []byte) []byte {
	if x.big == nil {
		if x.dm1 == 0 {
			return strconv.AppendInt(b, x.n, 10)
		}
		if places, ok := decimals64(x.dm1 + 1); ok && places <= 18 {
			if scaled, ok := mul64(x.n, pow10[places]/(x.dm1+1)); ok {
				return pointed(b, scaled, places)
			}
		}
	}
	r := x.rat()
	if places, exact := r.FloatPrec(); exact {
		return append(b, r.FloatString(places)...)
	}
	return append(b, r.String()...)
}

// decimals64 returns how many decimals 1/d has; false if they never end.
func decimals64(d int64) (int, bool) {
	twos, fives := 0, 0
	for ; d%2 == 0; d /= 2 {
		twos++
	}
	for ; d%5 == 0; d /= 5 {
		fives++
	}
	return max(twos, fives), d == 1
}

// pointed appends scaled/10^places with exactly that many decimals.
func pointed(b []byte, scaled int64, places int) []byte {
	if places == 0 {
		return strconv.AppendInt(b, scaled, 10)
	}
	m := magnitude(scaled)
	one := uint64(pow10[places])
	if scaled < 0 {
		b = append(b, '-')
	}
	b = append(strconv.AppendUint(b, m/one, 10), '.')
	for rest := m % one; rest < one/10 && places > 1; one /= 10 { // zeros before the first digit that counts
		b = append(b, '0')
		places--
	}
	return strconv.AppendUint(b, m%uint64(pow10[places]), 10)
}

// Fixed returns x rounded half-up with exactly that many decimals, for people to read: 2 gives "86.50". places below 0 count as 0. A negative
// number has a U+002D minus; what rounds to zero has none.
func (x Num) Fixed(places int) string {
	places = max(places, 0)
	r := x.Round(places, HalfUp)
	if r.big == nil && places <= 18 {
		if scaled, ok := mul64(r.n, pow10[places]/(r.dm1+1)); ok {
			return string(pointed(make([]byte, 0, 24), scaled, places))
		}
	}
	return r.rat().FloatString(places)
}

// MarshalText returns the canonical text.
func (x Num) MarshalText() ([]byte, error) { return []byte(x.String()), nil }

// UnmarshalText reads what ParseCanonical reads.
func (x *Num) UnmarshalText(text []byte) error {
	v, err := ParseCanonical(string(text))
	if err == nil {
		*x = v
	}
	return err
}

// pow10 are the powers of ten that fit int64.
var pow10 = func() (p [19]int64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * 10
	}
	return p
}()

func bigPow10(places int) *big.Int {
	if places < len(pow10) {
		return big.NewInt(pow10[places])
	}
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil)
}

// Plain takes away what people put into numbers, for Parse: blanks, thousands separators, full-width digits.
func Plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == '．':
			return '.'
		case r == ',' || r == '，' || r == ' ' || r == '　':
			return -1
		}
		return r
	}, text)
}
