package web

import (
	"context"
	"fmt"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/rating/cycle"
)

// scorersPath is where the supervisor looks at how people score. There is no workbook of it and nothing in it can be sorted: it is no ranking of persons (practice.md §7).
const scorersPath = "/scorers"

// scorersView is what scorers.html shows.
type scorersView struct {
	Span, Quarters, Cuts, Window string
	People, Teams                []scorerLine
	Flagged                      int
	Tests                        int
	Least, Level                 int64
	Overlaps, Shrink             int64
}

// scorerLine is one person or team.
type scorerLine struct {
	Name                           string
	Visits                         string
	Above, Below, Chance, Adjusted string
	Flagged                        bool
	Overlaps, Gives                string
}

// scorers shows how people scored.
func (s *Server) scorers(c *fiber.Ctx, by policy.Actor) error {
	found, err := s.cycle.Scorers(c.UserContext(), by)
	if err != nil {
		return err
	}
	v := scorersView{Quarters: strings.Join(found.Quarters, "、"), Window: found.Window.String(), Tests: found.Tests, Least: found.Least, Level: found.Level, Overlaps: found.Overlaps, Shrink: found.Shrink}
	if !found.From.IsZero() {
		v.Span = found.From.Chinese() + "至" + found.Until.Chinese()
	}
	var cuts []string
	for _, cut := range found.Cuts {
		cuts = append(cuts, points(cut, 0))
	}
	v.Cuts = strings.Join(cuts, "、")
	for i, list := range [][]cycle.Scorer{found.People, found.Teams} {
		for k := range list {
			line, err := s.scorerLine(c.UserContext(), &list[k], found)
			if err != nil {
				return err
			}
			if line.Flagged {
				v.Flagged++
			}
			if i == 0 {
				v.People = append(v.People, line)
			} else {
				v.Teams = append(v.Teams, line)
			}
		}
	}
	return s.render(c, by, "scorers", page{Title: "打分一致性", Nav: scorersPath, Data: v, Script: true})
}

func (s *Server) scorerLine(ctx context.Context, one *cycle.Scorer, found *cycle.Scorers) (scorerLine, error) {
	name, err := s.scorerNames(ctx, one.Who)
	if err != nil {
		return scorerLine{}, err
	}
	b := &one.Bunching
	line := scorerLine{Name: name, Visits: count(one.Visits), Above: count(b.Above), Below: count(b.Below), Flagged: b.Flagged, Overlaps: count(one.Overlaps)}
	if b.Tested {
		line.Chance, line.Adjusted = chanceText(b.Chance), chanceText(b.Adjusted)
	} else {
		line.Chance = fmt.Sprintf("样本不足（%d 个，至少 %d 个）", b.Above+b.Below, found.Least)
	}
	switch {
	case one.Gives != nil:
		line.Gives = givesText(*one.Gives)
	case one.Overlaps == 0:
		line.Gives = "没有双评"
	default:
		line.Gives = fmt.Sprintf("样本不足（%d 次，至少 %d 次）", one.Overlaps, found.Overlaps)
	}
	return line, nil
}

// chanceText is a probability in percent.
func chanceText(p float64) string {
	if p < 0.001 {
		return "不到 0.1%"
	}
	return fmt.Sprintf("%.1f%%", 100*p)
}

// givesText says in words which way somebody scores, in percent of full marks.
func givesText(x float64) string {
	d := num.FromFrac(int64(x*100), 100)
	switch d.Sign() {
	case 1:
		return "偏宽 " + points(d, 1)
	case -1:
		return "偏严 " + points(d.Neg(), 1)
	}
	return "不偏"
}

// scorerNames are the names of those who scored. They are whole: who looks is to talk with them.
func (s *Server) scorerNames(ctx context.Context, who []string) (string, error) {
	var names []string
	for _, id := range who {
		name := id
		if s.supervision != nil {
			person, err := s.supervision.Visits.Crew.Person(ctx, id)
			switch {
			case fault.Is(err, fault.NotFound):
				name = "（已停用）"
			case err != nil:
				return "", err
			default:
				name = person.Name
			}
		}
		names = append(names, name)
	}
	return strings.Join(names, "、"), nil
}
