package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
)

// shanghai is UTC+8 all year since 1991; every date on a page is told in it.
var shanghai = time.FixedZone("CST", 8*60*60)

// dateLong is 2026年10月19日; "—" for no date.
func dateLong(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	t = t.In(shanghai)
	return fmt.Sprintf("%d年%d月%d日", t.Year(), t.Month(), t.Day())
}

// dateTime is 2026年10月19日 09:12.
func dateTime(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	return dateLong(t) + t.In(shanghai).Format(" 15:04")
}

// dayOf is the day of a moment, no day for none.
func dayOf(t time.Time) calendar.Date {
	if t.IsZero() {
		return calendar.Date{}
	}
	return calendar.DateOf(t)
}

// weekday is 星期一.
func weekday(t time.Time) string {
	return "星期" + [...]string{"日", "一", "二", "三", "四", "五", "六"}[t.In(shanghai).Weekday()]
}

// count is a whole number with thousands: 1,164.
func count(n int) string {
	return grouped(strconv.Itoa(n))
}

// countOf is count for the whole numbers that templates hold.
func countOf(n any) (string, error) {
	switch n := n.(type) {
	case int:
		return count(n), nil
	case int64:
		return grouped(strconv.FormatInt(n, 10)), nil
	}
	return "", fmt.Errorf("count of a %T", n)
}

// grouped puts commas into the whole part of a plain decimal text.
func grouped(plain string) string {
	sign := ""
	for _, minus := range []string{"−", "-"} {
		if rest, ok := strings.CutPrefix(plain, minus); ok {
			sign, plain = "−", rest
		}
	}
	whole, fraction, dotted := strings.Cut(plain, ".")
	var b strings.Builder
	b.WriteString(sign)
	for i, r := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	if dotted {
		b.WriteString("." + fraction)
	}
	return b.String()
}

// points shows an exact number with the decimals that the scheme declares, rounded half-up for display only.
func points(n num.Num, places int) string { return strings.Replace(n.Fixed(places), "-", "−", 1) }

// signed is points with its sign: +3.00, −1.00; nothing lost or won is “—”.
func signed(n num.Num, places int) string {
	text := points(n, places)
	switch n.Sign() {
	case 0:
		return "—"
	case 1:
		return "+" + text
	}
	return text
}

// share is part of whole in percent with one decimal: 7.0%; “—” of nothing.
func share(part, whole int) string {
	if whole == 0 {
		return "—"
	}
	return num.FromFrac(int64(part)*100, int64(whole)).Fixed(1) + "%"
}

// rate is part of whole in percent with one decimal, exactly; “—” if there is no whole.
func rate(part, whole num.Num) string {
	q, err := part.Mul(num.FromInt(100)).Quo(whole)
	if err != nil {
		return "—"
	}
	return q.Fixed(1) + "%"
}

// fingerprint shows the first twelve hex digits of a hash in groups of four.
func fingerprint(hash string) string {
	if len(hash) < 12 {
		return hash
	}
	return hash[:4] + " " + hash[4:8] + " " + hash[8:12]
}
