package main

import (
	"context"
	"math"
	"slices"
	"strconv"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/registry/handover"
	"redsteward/supervision"
	"redsteward/supervision/survey"
)

// surveyTale is what becomes of one survey of the demonstration: it is opened so many days ago, and stops in a state.
type surveyTale struct {
	ago  int
	stop survey.State
	// few: too few answered. delivered: the slips were handed out; answers: how many have answered of one that is still open.
	few, delivered bool
	answers        int
	by             survey.Way
}

// surveyTales are the surveys of the year: three published, one without enough answers, one that waits for its publication, one that is over and waits to be counted, three that run, one prepared, one cancelled.
func surveyTales() []surveyTale {
	return []surveyTale{
		{ago: 62, stop: survey.Published}, {ago: 55, stop: survey.Published, by: survey.ByList}, {ago: 48, stop: survey.Published}, {ago: 58, stop: survey.NotEnough, few: true}, {ago: 20, stop: survey.Closed},
		{ago: 18, stop: survey.Open, delivered: true, answers: 34}, {ago: 9, stop: survey.Open, delivered: true, answers: 12}, {ago: 6, stop: survey.Open, answers: 5, by: survey.ByList}, {ago: 1, stop: survey.Open},
		{ago: 1, stop: survey.Prepared}, {ago: 30, stop: survey.Cancelled},
	}
}

// surveyed are the compounds of the surveys: small ones with nothing special, so that few answers do.
func (p *countyPlan) surveyed(n int) (out []int) {
	for i, pr := range p.projects {
		if pr.oddity == ordinary && pr.input.Households >= 100 && pr.input.Households < 300 && i != fedProject && len(out) < n {
			out = append(out, i)
		}
	}
	return out
}

// watched is the place of the compound whose owners' committee has everything to look at: an account in the guarantee fund, a handover whose walk goes on and a survey of this year; -1 in a county without one.
func (p *countyPlan) watched() int {
	funded, surveyed := p.fundProjects(), p.surveyed(len(surveyTales()))
	for k, i := range p.handoverProjects() {
		if pr := &p.projects[i]; handoverTales()[k].end == handover.Walking && slices.Contains(funded, i) && !slices.Contains(surveyed, i) && pr.input.Households < 300 {
			return i
		}
	}
	return -1
}

// fedProject has no survey: the tests observe how its households are satisfied.
const fedProject = 5

// surveyActs lets the year's surveys happen.
func (l *countyLoader) surveyActs() []act {
	end := calendar.DateOf(mustTime(demoStart))
	var acts []act
	tales := surveyTales()
	projects := l.plan.surveyed(len(tales))
	if at := l.plan.watched(); at >= 0 && len(projects) == len(tales) {
		tales, projects = append(tales, surveyTale{ago: 45, stop: survey.Published}), append(projects, at)
	}
	for k, project := range projects {
		tale := tales[k]
		if tale.by == "" {
			tale.by = survey.ByCode
		}
		now := &store.Doc[survey.Survey]{}
		opened := end.Add(-tale.ago)
		add := func(after, h int, do func(context.Context) (store.Doc[survey.Survey], error)) {
			acts = append(acts, act{hour(opened.Add(after), h), partSurveys, func(ctx context.Context) error {
				next, err := do(ctx)
				if next.ID != "" {
					*now = next
				}
				return err
			}})
		}
		at := func() supervision.At { return supervision.At{ID: now.ID, Seq: now.Seq} }
		officer, counter, worker := l.of("property_officer", k), l.of("inspector", k), l.of("community_worker", project%l.plan.size.communities)
		add(-1, 9, func(ctx context.Context) (store.Doc[survey.Survey], error) {
			return l.prepareSurvey(ctx, project, tale.by)
		})
		if tale.stop == survey.Cancelled {
			add(0, 9, func(ctx context.Context) (store.Doc[survey.Survey], error) {
				return l.surveys.Cancel(ctx, officer, at(), "楼栋户数登记有误，核对后重新准备（演示）")
			})
		}
		if tale.stop == survey.Cancelled || tale.stop == survey.Prepared {
			continue
		}
		add(0, 10, func(ctx context.Context) (store.Doc[survey.Survey], error) { return l.surveys.Open(ctx, officer, at()) })
		if tale.by == survey.ByCode && (tale.delivered || tale.stop != survey.Open) {
			add(1, 15, func(ctx context.Context) (store.Doc[survey.Survey], error) {
				return l.surveys.Deliver(ctx, worker, at(), int64(k%3))
			})
		}
		add(min(8, tale.ago-1), 16, func(ctx context.Context) (store.Doc[survey.Survey], error) {
			answers := tale.answers
			if tale.stop != survey.Open {
				answers = int(now.State.Needed) + k
			}
			if tale.few {
				answers = 12
			}
			if answers == 0 {
				return store.Doc[survey.Survey]{}, nil
			}
			tickets, err := l.surveyTickets(ctx, now)
			if err == nil {
				_, err = l.surveys.Enter(ctx, counter, now.ID, l.surveySheets(project, &now.State, tickets[:min(answers, len(tickets))]), false, false)
			}
			return store.Doc[survey.Survey]{}, err
		})
		if tale.stop == survey.Open {
			continue
		}
		add(17, 9, func(ctx context.Context) (store.Doc[survey.Survey], error) {
			return l.surveys.Close(ctx, officer, at())
		})
		if tale.stop != survey.Closed {
			add(20, 10, func(ctx context.Context) (store.Doc[survey.Survey], error) {
				return l.surveys.Publish(ctx, l.of("deputy_director", 0), at())
			})
		}
	}
	return acts
}

// prepareSurvey draws the households of a compound.
func (l *countyLoader) prepareSurvey(ctx context.Context, project int, by survey.Way) (store.Doc[survey.Survey], error) {
	officer := l.of("property_officer", 0)
	row, err := l.service.register.OneProject(ctx, officer, l.projects[project])
	if err != nil {
		return store.Doc[survey.Survey]{}, err
	}
	return l.surveys.Prepare(ctx, officer, survey.Plan{Project: l.projects[project], By: by, Frame: survey.FrameOf(&row)}, nil)
}

// surveyTickets are the codes, or the places, of the households that were drawn.
func (l *countyLoader) surveyTickets(ctx context.Context, o *store.Doc[survey.Survey]) (out []string, err error) {
	if o.State.By == survey.ByCode {
		slips, err := l.surveys.Slips(ctx, l.of("property_officer", 0), o.ID)
		for _, s := range slips {
			out = append(out, s.Codes...)
		}
		return out, err
	}
	drawn, err := l.surveys.DrawnOf(ctx, l.of("inspector", 0), o.ID)
	for b, d := range drawn {
		for _, place := range d.Places {
			out = append(out, strconv.Itoa(b+1)+"-"+strconv.FormatInt(place, 10))
		}
	}
	return out, err
}

// surveySheets are the answers of households: as many are satisfied as the plan wants of the compound.
func (l *countyLoader) surveySheets(project int, o *survey.Survey, tickets []string) (out []survey.Sheet) {
	r := draws(l.plan.seed, "survey answers", project)
	pleased := int(math.Round(float64(len(tickets)) * l.plan.rate(project, 0.5, 0.9)(l.plan.size.quarters()-1)))
	for _, ticket := range tickets {
		answers := strconv.Itoa(1 + r.IntN(2))
		if len(out) >= pleased {
			answers = strconv.Itoa(3 + r.IntN(3))
		}
		for range len(o.Form.Questions) - 1 {
			answers += strconv.Itoa(r.IntN(6))
		}
		out = append(out, survey.Sheet{Row: len(out) + 1, Ticket: ticket, Answers: answers})
	}
	return out
}
