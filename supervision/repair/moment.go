package repair

import (
	"strings"
	"time"
)

// zone is how far the clocks of the county go before UTC.
const zone = 8 * time.Hour

// momentForms are the forms in which people and forms write a moment; without hour it is none.
var momentForms = []string{"2006-1-2 15:04", "2006-1-2 15:04:05", "2006-1-2T15:04", "2006/1/2 15:04", "2006/1/2 15:04:05", "2006.1.2 15:04", "2006年1月2日 15:04", "2006年1月2日15:04"}

// ParseMoment reads a moment in local time, to the minute: 2026-10-19 14:30. False for what is none.
func ParseMoment(text string) (time.Time, bool) {
	text = strings.TrimSpace(text)
	for _, form := range momentForms {
		if t, err := time.Parse(form, text); err == nil && t.Year() >= 2000 && t.Year() < 2100 {
			return t.Add(-zone).Truncate(time.Minute), true
		}
	}
	return time.Time{}, false
}

// MomentText is a moment in local time, to the minute: 2026-10-19 14:30; "" for none.
func MomentText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Add(zone).Format("2006-01-02 15:04")
}
