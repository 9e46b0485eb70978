package main

import (
	"math"
	"math/rand/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/registry"
	"redsteward/supervision"
)

// What follows draws what happened in a quarter. A share is how much of what can be had a project earns, from 0 to 1; the schemes' rules are turned around, so that
// a share of a line's points becomes the numbers that give them. Parts of a whole are carried from quarter to quarter: the numbers of a year come out as
// drawn, although those of a quarter are small.

// counts makes the two cells of a ratio.
func counts(above string, done int64, below string, due int64) []supervision.Cell {
	if due == 0 {
		return []supervision.Cell{{Column: above, NA: true}, {Column: below, NA: true}}
	}
	return []supervision.Cell{number(above, done), number(below, due)}
}

func number(column string, n int64) supervision.Cell {
	return supervision.Cell{Column: column, Number: num.FromInt(n)}
}

func yesNo(column string, yes bool) []supervision.Cell {
	if yes {
		return []supervision.Cell{number(column, 1)}
	}
	return []supervision.Cell{number(column, 0)}
}

// quarterOf is the nth quarter of the county, counted from 0.
func (s countySize) quarterOf(n int) calendar.Quarter { return s.first.Add(n) }

// quarters is how many quarters have ended.
func (s countySize) quarters() int {
	n := 0
	for s.first.Add(n) != s.current {
		n++
	}
	return n
}

// tally carries a ratio through the quarters: due draws how much falls due in one, rate is the share of it that is done.
func (p *countyPlan) tally(quarter int, name string, of any, due drawnDue, rate func(quarter int) float64) (done, fell int64) {
	sum := draws(p.seed, name, of, "offset").Float64()
	for q := range quarter + 1 {
		fell = due(q, draws(p.seed, name, of, q))
		before := math.Floor(sum)
		sum += float64(fell) * min(max(rate(q), 0), 1)
		done = int64(math.Floor(sum) - before)
	}
	return min(done, fell), fell
}

// drawnDue draws how much falls due in a quarter.
type drawnDue func(quarter int, r *rand.Rand) int64

// always draws the same number.
func always(n int64) drawnDue { return func(int, *rand.Rand) int64 { return n } }

// between draws from n to m.
func between(n, m int64) drawnDue {
	return func(_ int, r *rand.Rand) int64 { return n + r.Int64N(m-n+1) }
}

// claimsDue are, of a project, the claims for which its firm is liable: where matters tell them, as many as there are complaints; before, from n to n+3 that somebody counted.
func (p *countyPlan) claimsDue(i int, n int64) drawnDue {
	return func(quarter int, r *rand.Rand) int64 {
		if p.size.toldByMatters(quarter) {
			return p.complaints(i, quarter)
		}
		return between(n, n+3)(quarter, r)
	}
}

// partyPoints is what the party sheets give the firm's projects of 20 points in the year of the first four quarters: 60 % quarter by quarter, 40 % by the year as a whole.
func (p *countyPlan) partyPoints(firm int) float64 {
	quarters, meetings, meetingsDue, trained, kinds := 0.0, 0.0, 0.0, 0.0, int64(0)
	for q := range 4 {
		held, due := p.meetings(firm, q)
		k := p.cobuildKinds(firm, q)
		train := p.training(firm, q)
		quarters += 9*float64(held)/float64(due) + []float64{0, 2, 4, 6}[min(k, 3)] + 5*train
		meetings, meetingsDue, trained, kinds = meetings+float64(held), meetingsDue+float64(due), trained+train, kinds+k
	}
	year := 9*meetings/meetingsDue + []float64{0, 1, 2, 3, 5, 6}[min(kinds, 5)] + 5*trained/4
	return 0.6*quarters/4 + 0.4*year
}

// meetings are the meetings held and due of a branch of one's own, or the visits of the instructor.
func (p *countyPlan) meetings(firm, quarter int) (held, due int64) {
	n := int64(3)
	if party := p.firms[firm].party; party.Form == registry.PartyOwn {
		n = 5 // one assembly, three theme days, one lecture
		if party.Members >= 7 {
			n = 8 // and a committee that meets every month
		}
	}
	return p.tally(quarter, "meetings", firm, always(n), func(int) float64 { return p.firms[firm].spirit })
}

func (p *countyPlan) cobuildKinds(firm, quarter int) int64 {
	n, _ := p.tally(quarter, "cobuild", firm, always(3), func(int) float64 { return p.firms[firm].spirit })
	return n
}

// attendance is the share of the members who came, which gives full points from 80 % on.
func (p *countyPlan) attendance(firm, quarter int) (present, expected int64) {
	held, _ := p.meetings(firm, quarter)
	expected = held * p.firms[firm].party.Members
	present, _ = p.tally(quarter, "attendance", firm, always(expected), func(int) float64 { return 0.84 * p.firms[firm].spirit })
	return present, expected
}

// training is the share of the five points for training, or for attendance in a branch.
func (p *countyPlan) training(firm, quarter int) float64 {
	if p.firms[firm].party.Form == registry.PartyOwn {
		present, expected := p.attendance(firm, quarter)
		if expected == 0 {
			return 0
		}
		return min(float64(present)/float64(expected)/0.8, 1)
	}
	return float64(p.trainings(firm, quarter))
}

func (p *countyPlan) trainings(firm, quarter int) int64 {
	n, _ := p.tally(quarter, "training", firm, always(1), func(int) float64 { return p.firms[firm].spirit })
	return n
}

// fiveStars is the cut of five stars, which no bonus carries a total across: who is to have five stars earns them without.
const fiveStars = 92

// share is what the project earns of the eighty points that do not come from the party sheets.
func (p *countyPlan) share(project, quarter int) float64 {
	pr := &p.projects[project]
	want := pr.target - p.firms[pr.firm].points + p.firms[pr.firm].trend*(float64(quarter)-1.5)
	for _, bonus := range []bool{pr.cameras, pr.insured, pr.commended} {
		if bonus && pr.target < fiveStars {
			want--
		}
	}
	return min(max(want/80, 0.3), 1)
}

// rate turns a share into the value of a fact that gives no points at zero and all of them at target.
func (p *countyPlan) rate(project int, zero, target float64) func(quarter int) float64 {
	return func(q int) float64 {
		s := p.share(project, q)
		if s >= 1 {
			return 1
		}
		return zero + (target-zero)*s
	}
}

// said is one thing that an observation says.
type said struct {
	fact  string
	cells []supervision.Cell
	from  string // where it comes from
}

// projectSays is what is recorded of a project in a quarter.
func (p *countyPlan) projectSays(i, quarter int) []said {
	pr := &p.projects[i]
	calls := 2 + pr.input.Households/110
	ratio := func(fact, above, below string, due drawnDue, rate func(int) float64, from string) said {
		done, fell := p.tally(quarter, fact, i, due, rate)
		return said{fact, counts(above, done, below, fell), from}
	}
	says := []said{
		ratio("matter_callbacks", "matter_callbacks_satisfied", "matter_callbacks_reached", p.claimsDue(i, calls), p.rate(i, 0.6, 0.95), "诉求回访记录（演示数据）"),
		ratio("repair_callbacks", "repair_callbacks_satisfied", "repair_callbacks_reached", between(calls, calls+4), p.rate(i, 0.6, 0.95), "报修电话回访记录（演示数据）"),
		ratio("answers", "answers_on_time", "answers_due", p.claimsDue(i, calls), p.rate(i, 0.6, 0.95), "诉求办理台账（演示数据）"),
		ratio("community_tasks", "community_tasks_done", "community_tasks_due", between(1, 3), p.rate(i, 0, 1), "议事任务和微心愿清单（演示数据）"),
		{"complaints", []supervision.Cell{number("complaints", p.complaints(i, quarter))}, "投诉核实登记（演示数据）"},
	}
	// Not every quarter has something to mend, and what is valid is looked through every half year.
	if mended := ratio("rectification", "rectified_on_time", "rectification_due", between(0, 4), p.rate(i, 0, 1), "整改复查台账（演示数据）"); !mended.cells[0].NA {
		says = append(says, mended)
	}
	if quarter%2 == 0 {
		says = append(says, ratio("upkeep", "upkeep_valid", "upkeep_due", always(pr.equipment), p.rate(i, 0, 1), "维保、检验和保险登记（演示数据）"))
	}
	return says
}

// complaints are those for which the firm was liable: the first of a quarter is free, the rest count by thousand households. Where matters tell them there is always one, so that they tell of every project.
func (p *countyPlan) complaints(i, quarter int) int64 {
	points, _ := p.tally(quarter, "complaints", i, always(4), p.rate(i, 0, 1))
	atMost := []float64{8, 6, 4, 2, 1}[points]
	n := 1 + int64(atMost*float64(p.projects[i].input.Households)/1000) - draws(p.seed, "complaint", i, quarter).Int64N(2)
	if p.size.toldByMatters(quarter) {
		return max(n, 1)
	}
	return n
}

// survey is what the owners answered in a year.
func (p *countyPlan) survey(i, year int) []supervision.Cell {
	pr := &p.projects[i]
	r := draws(p.seed, "survey", i, year)
	answers := max(pr.input.Households/4+r.Int64N(12), 36)
	if pr.oddity == noSurvey {
		answers = 6 + r.Int64N(3)
	}
	pleased := int64(math.Round(float64(answers) * p.rate(i, 0.5, 0.9)((year-p.size.first.Span().First.Year())*4+1)))
	pleased = min(pleased, answers)
	very, neutral := pleased*2/5, (answers-pleased)*3/5
	rest := answers - pleased - neutral
	return []supervision.Cell{number("survey_population", pr.input.Households), number("survey_very_satisfied", very), number("survey_satisfied", pleased-very),
		number("survey_neutral", neutral), number("survey_dissatisfied", rest-rest/4), number("survey_very_dissatisfied", rest/4)}
}

// onceSaid is what is recorded of a project once, before the first year is rated.
func (p *countyPlan) onceSaid(i int) []said {
	pr := &p.projects[i]
	out := []said{
		{"contract_filed", yesNo("contract_filed", pr.oddity != unfiled), "合同备案登记（演示数据）"},
		{"cameras", yesNo("cameras", pr.cameras), "防高空抛物设施登记（演示数据）"},
	}
	if pr.input.TakenOver.Year() >= 2011 {
		done, due := p.tally(0, "handover", i, always(3), p.rate(i, 0, 1))
		out = append(out, said{"handover_acts", counts("handover_acts_done", done, "handover_acts_due", due), "承接查验档案（演示数据）"})
	}
	return out
}

// proofSaid is what the firm proves with files in a quarter: what it says, by fact.
func (p *countyPlan) proofSaid(i, quarter int) []said {
	calls := 4 + p.projects[i].input.Households/30
	done, due := p.tally(quarter, "repairs", i, between(calls, calls*3/2), p.rate(i, 0.6, 0.95))
	return []said{{"repairs", counts("repairs_on_time", done, "repairs_due", due), "报修台账"}}
}
