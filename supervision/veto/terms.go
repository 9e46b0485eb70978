package veto

import (
	"fmt"

	"redsteward/registry/casework"
)

// maxMonths is for how long a veto can stand at most.
const maxMonths = 60

// ParseTerms reads a vetoes.yaml. Returns Invalid with every mistake, named file:line:column.
func ParseTerms(file string, data []byte) (*casework.Grounds, error) {
	return casework.ParseGrounds(file, data, "", func(g casework.Ground) (key, why string) {
		switch {
		case g.Months < 1 || g.Months > maxMonths:
			return "months", fmt.Sprintf("有效期要在 1 至 %d 个月之间，现在是 %d", maxMonths, g.Months)
		case len(g.Events) > 0:
			return "events", "一票否决不写 events"
		case g.Levels != 0:
			return "levels", "一票否决不写 levels"
		case g.Times != 0 || g.Within != 0:
			return "times", "一票否决不写 times 和 within"
		}
		return "", ""
	})
}
