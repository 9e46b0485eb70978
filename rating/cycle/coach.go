package cycle

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision/application"
)

// The facts that a project can be coached on.
const (
	// CoachNow takes the year that runs: what is known of it now, with the quarters that were told or published.
	CoachNow = "now"
	// CoachYear takes the last published year again, as if the next one went like it.
	CoachYear = "year"
)

// Coached is what a project can still do for its star (争星晋位). Nothing of it is stored.
type Coached struct {
	// Project is the id; Name, Firm and Place are for people, Keys the scope keys of today.
	Project, Name, Firm, Place string
	Keys                       []string
	// Basis is CoachNow or CoachYear, Other whether the other one can be asked for.
	Basis string
	Other bool
	// Period is the year, Days its days, Known the moment up to which facts are known; zero for a year that is over.
	Period string
	Days   calendar.Span
	Known  time.Time
	// Agreed says, while the application for the star is still to come or not decided, that everything is rated as if every level agreed; "" if that is not assumed.
	Agreed string
	// Scheme is the rule of the year, Course what is rated.
	Scheme *rating.Scheme
	Course *rating.Course
	rating.Outlook
	// Quarters say how the quarters stand, Actions what can be done, those of the plan first; the others by what they bring for their effort, then those that cannot be done now with the reason.
	Quarters []CoachQuarter
	Actions  []CoachAction
	Risks    []rating.Risk
	// Expiries are what counts now and ceases to within twelve months after the year: commendations and what the register holds. Served is the last day of the firm's service, after which the star lapses; no date if it goes on longer.
	Expiries []rating.Expiry
	Served   calendar.Date
	// Tried is what the values that were tried come to, nil if none were.
	Tried *rating.Result
	// needed are, by the id of an action without which nothing counts and that is taken as done, what its fact is so far.
	needed map[string]rating.Value
}

// Doing says how many actions are to be taken for the next level, and their effort together: those of the plan and those without which nothing counts.
func (v *Coached) Doing() (actions, effort int) {
	for i := range v.Actions {
		if v.Actions[i].Steps > 0 {
			actions, effort = actions+1, effort+v.Actions[i].Cost
		}
	}
	return actions, effort
}

// Bound is the effort below which nothing leads to the next level; there must be a plan.
func (v *Coached) Bound() int {
	_, effort := v.Doing()
	return effort - v.Plan.Effort + v.Plan.AtLeast
}

// CoachQuarter is one quarter of the year.
type CoachQuarter struct {
	// ID is the period, Name is for people, State says how its score stands, Total is it; nil if it does not count.
	ID, Name, State string
	Total           *num.Num
}

// CoachAction is one action of coach.yaml for a project.
type CoachAction struct {
	*rating.Action
	// FactName, Unit and Voices belong to the fact, Now says how it stands, Then how it would after the steps; "" if it stays. Behind are the quarters in which it changes, which then bring the year points.
	FactName, Unit string
	Voices         []string
	Now, Then      string
	Behind         []CoachShift
	// Steps are those of the plan, 0 for an action outside it; Most is how many there are. Cost is the effort of the steps of the plan, or of one.
	Steps, Most, Cost int
	// Gain is what the steps of the plan, or all, add to the total alone.
	Gain num.Num
	// Until is the last day that still counts, no date while it is not laid down; Limit says which day that is.
	Until calendar.Date
	Limit string
	// Why says why it cannot be done, "" if it can.
	Why string
	// Needed: without it nothing counts, everything is rated as if it were done.
	Needed bool
}

// CoachShift is what a fact is in an earlier result that the year reads, and what it would be.
type CoachShift struct {
	// Name is that of the earlier result, Now and Then are the values for people.
	Name, Now, Then string
}

// CoachAsk is what is asked of a coach.
type CoachAsk struct {
	// Basis is CoachNow or CoachYear; "" takes the year that runs if there is a star in sight, else the last one.
	Basis string
	// Try are other values of facts, by their ids.
	Try map[string]rating.Value
	// Bare: only Basis, Scheme and Course are wanted, nothing is looked for.
	Bare bool
}

// CoachRow is a project in a list.
type CoachRow struct {
	// Project is the id; the names are for people.
	Project, Name, Firm, Place string
	// Period is the year, Running whether it runs; Now is how the project stands in it, nil if nothing is known.
	Period  string
	Running bool
	Now     *rating.Result
	// Agreed: it is rated as if every level agreed to its application.
	Agreed bool
}

// coachFresh is how long facts that were gathered are good for while others change something: a page says as of when it speaks.
const coachFresh = 5 * time.Minute

// coachDesk keeps what was gathered last, so that a page need not read every source again.
type coachDesk struct {
	mu   sync.Mutex
	held *coachHeld
}

// coachHeld are the facts of all projects in the running year and its running quarter, as of one moment.
type coachHeld struct {
	upTo          int64
	at            time.Time
	year, quarter *coachGathered
	round         *application.Round // the call for the applications of the year, nil for none
	today         map[string]registry.Holding
	advised       map[string]*Coached // by project and basis, what was looked for already; under the mutex of the desk
}

// maxAdvised is how many pieces of advice are kept until the facts are gathered anew.
const maxAdvised = 256

// coachGathered are the facts of one period.
type coachGathered struct {
	period   Period
	planned  bool
	scheme   *rating.Scheme
	projects map[string]coachFacts
}

// coachFacts are those of one project, as canonical JSON.
type coachFacts struct {
	values string
	halves []registry.HalfShown
}

// gathered reads what is known now of a period that runs, or of what it would be if it were planned now.
func (s *Service) gathered(ctx context.Context, id string) (*coachGathered, error) {
	out := &coachGathered{planned: true, projects: map[string]coachFacts{}}
	p, err := s.load(ctx, id)
	if fault.Is(err, fault.NotFound) {
		out.planned = false
		if p, err = parsePeriod(id); err != nil {
			return nil, err
		}
		file, err := s.toPlan(ctx, p.Rhythm)
		if err == nil && (file.scheme == nil || !inForce(file.scheme, p.Days.Last)) {
			err = fault.New("cycle.Coach", fault.NotFound, p.Name+"没有生效的评分方案")
		}
		if err != nil {
			return nil, err
		}
		out.scheme, p.Cutoff = file.scheme, p.Days.Last
	} else if err == nil {
		out.scheme, _, err = s.schemeOf(ctx, &p)
	}
	if err != nil {
		return nil, err
	}
	out.period = p
	g, err := s.gather(ctx, &p, out.scheme, func(int) error { return nil })
	if err != nil {
		return nil, err
	}
	for _, project := range g.order {
		b := g.buckets[project]
		f, _ := b.freeze(g)
		out.projects[project] = coachFacts{values: f.Values, halves: b.holding.Halves}
		b.facts = nil
	}
	return out, nil
}

// coachFacts gathers the running year and quarter, or hands out what was gathered a moment ago.
func (s *Service) coachFacts(ctx context.Context) (*coachHeld, error) {
	s.coach.mu.Lock()
	defer s.coach.mu.Unlock()
	upTo, err := s.db.Engine().LastN(ctx)
	if err != nil {
		return nil, err
	}
	now := s.db.Now()
	today := calendar.DateOf(now)
	if h := s.coach.held; h != nil && calendar.DateOf(h.at).Compare(today) == 0 && !now.Before(h.at) && (h.upTo == upTo || now.Sub(h.at) < coachFresh) {
		return h, nil
	}
	h := &coachHeld{upTo: upTo, at: now, today: map[string]registry.Holding{}, advised: map[string]*Coached{}}
	if h.year, err = s.gathered(ctx, calendar.Year(today.Year()).String()); err != nil {
		return nil, err
	}
	if h.quarter, err = s.gathered(ctx, calendar.QuarterOf(today).String()); err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	if h.round, err = s.called(ctx, h.year.period.ID); err != nil {
		return nil, err
	}
	if err := s.register.EachHolding(ctx, today, func(one registry.Holding) error {
		h.today[one.Project] = one
		return nil
	}); err != nil {
		return nil, err
	}
	s.coach.held = h
	return h, nil
}

// stage is a project in a period that was gathered.
func (g *coachGathered) stage(project string) (rating.Stage, bool, error) {
	f, ok := g.projects[project]
	if !ok {
		return rating.Stage{}, false, nil
	}
	sub, err := g.scheme.ReadSubject([]byte(f.values))
	return rating.Stage{Scheme: g.scheme, Subject: sub, History: rating.History{}}, true, err
}

// Coach tells what a project can do for its star: the next one and the least effort that leads to it, what would lose the present one, and what values that somebody tries come to. It writes nothing.
// Returns Forbidden without ReadCoach, NotFound for a project outside the scope and if there is nothing to be coached on, Invalid with fields (the ids of facts) for values that the scheme does not allow.
func (s *Service) Coach(ctx context.Context, by policy.Actor, project string, ask CoachAsk) (*Coached, error) {
	scope, held, err := s.coachScope(ctx, by)
	if err != nil {
		return nil, err
	}
	none := fault.New("cycle.Coach", fault.NotFound, "没有找到要看的内容")
	h, ok := held.today[project]
	if !ok || h.Firm == "" || !scope.Covers(h.Keys(), calendar.DateOf(held.at)) {
		return nil, none
	}
	v := &Coached{Project: project, Name: h.Name, Firm: h.FirmName, Place: place(h.CommunityName, h.TownshipName), Keys: h.Keys(), Basis: ask.Basis}
	if v, err = s.course(ctx, v, held, h.Firm); err != nil || v == nil {
		return nil, cmp.Or(err, error(none))
	}
	if ask.Bare {
		return v, nil
	}
	if v, err = s.advised(v, held); err != nil {
		return nil, err
	}
	return v, v.try(ask.Try)
}

// Coachable tells which of some projects Coach opens for an actor: those that a firm serves today, in his scope of today. What was told or published stays with the firm that earned it, also after it left. None without ReadCoach.
func (s *Service) Coachable(ctx context.Context, by policy.Actor, projects ...string) (map[string]bool, error) {
	out := map[string]bool{}
	if !s.guard.Allow(by, policy.ReadCoach) {
		return out, nil
	}
	scope, err := s.guard.Scope(ctx, by, policy.ReadCoach)
	if err != nil {
		return nil, err
	}
	today := calendar.DateOf(s.db.Now())
	for _, project := range projects {
		h, err := s.register.Holding(ctx, project, today)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		out[project] = err == nil && h.Firm != "" && scope.Covers(h.Keys(), today)
	}
	return out, nil
}

// advised hands out what was looked for a moment ago, or looks for it.
func (s *Service) advised(v *Coached, held *coachHeld) (*Coached, error) {
	key := v.Project + " " + v.Basis + " " + v.Firm
	for _, past := range v.Quarters { // a quarter may have been told or published since
		key += " " + past.State
	}
	s.coach.mu.Lock()
	found := held.advised[key]
	s.coach.mu.Unlock()
	if found != nil {
		again := *found
		return &again, nil
	}
	if err := s.advise(v, held); err != nil {
		return nil, err
	}
	s.coach.mu.Lock()
	defer s.coach.mu.Unlock()
	if len(held.advised) < maxAdvised {
		kept := *v
		held.advised[key] = &kept
	}
	return v, nil
}

// coachScope returns the rows that somebody may be coached on, and what is known of them. Returns Forbidden without ReadCoach.
func (s *Service) coachScope(ctx context.Context, by policy.Actor) (policy.Scope, *coachHeld, error) {
	if err := s.guard.Require(by, policy.ReadCoach); err != nil {
		return policy.Scope{}, nil, err
	}
	scope, err := s.guard.Scope(ctx, by, policy.ReadCoach)
	if err != nil {
		return policy.Scope{}, nil, err
	}
	held, err := s.coachFacts(ctx)
	return scope, held, err
}

// course chooses between the two bases of a project of a firm; nil if there is neither. v.Basis is what was asked for.
func (s *Service) course(ctx context.Context, v *Coached, held *coachHeld, firm string) (*Coached, error) {
	now, before := *v, *v
	found, err := s.courseNow(ctx, &now, held, firm)
	if err != nil {
		return nil, err
	}
	past, err := s.courseYear(ctx, &before, firm)
	if err != nil {
		return nil, err
	}
	sight := false
	if found {
		s.need(&now, held)
		if now.Outlook.Now, err = now.Course.Rate(); err != nil {
			return nil, err
		}
		sight = now.Outlook.Now.Status == rating.StatusRated
	}
	switch {
	case !found && !past:
		return nil, nil
	case found && (v.Basis == CoachNow || v.Basis != CoachYear && sight || !past):
		now.Basis, now.Other = CoachNow, past
		return &now, nil
	}
	s.need(&before, held)
	before.Basis, before.Other = CoachYear, found
	before.Outlook.Now, err = before.Course.Rate()
	return &before, err
}

// Coaches lists the projects of the actor's scope whose name, firm or place says a text, in the order of their names: at most so many (0 for all) from one on, and how many there are. Returns Forbidden without ReadCoach.
func (s *Service) Coaches(ctx context.Context, by policy.Actor, text string, from, most int) ([]CoachRow, int, error) {
	scope, held, err := s.coachScope(ctx, by)
	if err != nil {
		return nil, 0, err
	}
	var list []registry.Holding
	for _, h := range held.today {
		if h.Firm != "" && scope.Covers(h.Keys(), calendar.DateOf(held.at)) && casework.Says(text, h.Name, h.FirmName, place(h.CommunityName, h.TownshipName)) {
			list = append(list, h)
		}
	}
	slices.SortFunc(list, func(a, b registry.Holding) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Project, b.Project))
	})
	count := len(list)
	list = list[min(from, count):]
	if most > 0 {
		list = list[:min(most, len(list))]
	}
	out := make([]CoachRow, 0, len(list))
	for _, h := range list {
		row := CoachRow{Project: h.Project, Name: h.Name, Firm: h.FirmName, Place: place(h.CommunityName, h.TownshipName)}
		v, err := s.course(ctx, &Coached{Project: h.Project}, held, h.Firm)
		if err != nil {
			return nil, 0, err
		}
		if v != nil {
			row.Period, row.Running, row.Now, row.Agreed = v.Period, v.Basis == CoachNow, &v.Outlook.Now, v.Agreed != ""
		}
		out = append(out, row)
	}
	return out, count, nil
}

// courseNow fills in the year that runs; false if nothing of it is known of the project.
func (s *Service) courseNow(ctx context.Context, v *Coached, held *coachHeld, firm string) (bool, error) {
	stage, ok, err := held.year.stage(v.Project)
	if err != nil || !ok {
		return false, err
	}
	v.Period, v.Days, v.Known, v.Scheme = held.year.period.Name, held.year.period.Days, held.at, held.year.scheme
	v.Course = &rating.Course{Stage: stage}
	today := calendar.DateOf(held.at)
	v.Course.Rounds = calendar.QuarterOf(today).N - 1
	for i := range v.Scheme.History {
		e := &v.Scheme.History[i]
		id := rating.EarlierPeriod(held.year.period.ID, e.Rhythm, e.Back)
		quarter := CoachQuarter{ID: id, State: "还没有开始"}
		if named, err := parsePeriod(id); err == nil {
			quarter.Name = named.Name
			if named.Days.Last.Compare(today) < 0 {
				quarter.State = "得分还没有告知，先不算"
			}
		}
		result, told, err := s.toldEarlier(ctx, v.Scheme, e, id, v.Project, firm)
		if err != nil {
			return false, err
		}
		switch {
		case result != nil:
			v.Course.History[e.ID] = result.Past()
			if quarter.State = "已通报"; told {
				quarter.State = "已告知，还没有通报"
			}
			quarter.Total = totalOf(result)
		case held.quarter != nil && held.quarter.period.ID == id:
			if err := s.runningQuarter(v, held, e.ID, &quarter); err != nil {
				return false, err
			}
		}
		if named, err := parsePeriod(id); err == nil && named.Rhythm == RhythmQuarter {
			v.Quarters = append(v.Quarters, quarter)
		}
	}
	slices.SortFunc(v.Quarters, func(a, b CoachQuarter) int { return cmp.Compare(a.ID, b.ID) })
	return true, nil
}

// runningQuarter takes the quarter that runs as it stands, if enough is known of it.
func (s *Service) runningQuarter(v *Coached, held *coachHeld, id string, quarter *CoachQuarter) error {
	stage, ok, err := held.quarter.stage(v.Project)
	if err != nil || !ok {
		return err
	}
	v.Course.Running = &stage
	r := rating.Evaluate(stage.Scheme, nil, stage.Subject, nil)
	if quarter.State = "数据还不够，先不算"; r.Status == rating.StatusRated {
		quarter.State, quarter.Total = "按现在的事实算", totalOf(&r)
		v.Course.Feeds = append(v.Course.Feeds, rating.Feed{ID: id, Stage: stage})
	}
	return nil
}

func totalOf(r *rating.Result) *num.Num {
	if r.Status != rating.StatusRated || !r.Total.Counted {
		return nil
	}
	return &r.Total.Points
}

// toldEarlier is an earlier result that the firm knows: published, or told last. nil if there is none of this firm.
func (s *Service) toldEarlier(ctx context.Context, scheme *rating.Scheme, e *rating.Earlier, id, project, firm string) (r *rating.Result, told bool, err error) {
	p, err := s.load(ctx, id)
	if fault.Is(err, fault.NotFound) || err == nil && (p.State != StatePublished && !p.Told() || p.SchemeID != cmp.Or(e.Scheme, scheme.ID)) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	if p.State != StatePublished {
		p, told = p.shown(), true
	}
	stored, err := s.archive.Result(ctx, p.Evaluation, project)
	if fault.Is(err, fault.NotFound) || err == nil && !slices.Contains(stored.Keys, policy.FirmKey(firm)) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	r, err = rating.ReadResult([]byte(stored.Result))
	return r, told, err
}

// courseYear fills in the last published year, its quarters run again; false if there is none of this firm.
func (s *Service) courseYear(ctx context.Context, v *Coached, firm string) (bool, error) {
	years, err := s.newest(ctx, periodKey(RhythmYear, StatePublished), 1)
	if err != nil || len(years) == 0 {
		return false, err
	}
	stage, rated, err := s.frozenStage(ctx, &years[0], v.Project, firm)
	if err != nil || rated == nil {
		return false, err
	}
	v.Period, v.Days, v.Scheme = years[0].Name, years[0].Days, stage.Scheme
	v.Course = &rating.Course{Stage: stage, Replay: true}
	for i := range v.Scheme.History {
		e := &v.Scheme.History[i]
		p, err := s.load(ctx, rating.EarlierPeriod(years[0].ID, e.Rhythm, e.Back))
		if fault.Is(err, fault.NotFound) || err == nil && p.State != StatePublished {
			continue
		}
		if err != nil {
			return false, err
		}
		earlier, r, err := s.frozenStage(ctx, &p, v.Project, firm)
		if err != nil {
			return false, err
		}
		if r == nil {
			continue
		}
		if p.Rhythm == RhythmQuarter {
			v.Quarters = append(v.Quarters, CoachQuarter{ID: p.ID, Name: p.Name, State: "已通报", Total: totalOf(r)})
		}
		if p.Rhythm != RhythmQuarter || r.Status != rating.StatusRated {
			v.Course.History[e.ID] = r.Past()
			continue
		}
		v.Course.Feeds = append(v.Course.Feeds, rating.Feed{ID: e.ID, Stage: earlier})
	}
	slices.SortFunc(v.Quarters, func(a, b CoachQuarter) int { return cmp.Compare(a.ID, b.ID) })
	return true, nil
}

// frozenStage is a project with the facts that a published period froze, and its result; nil if it has none of this firm.
func (s *Service) frozenStage(ctx context.Context, p *Period, project, firm string) (rating.Stage, *rating.Result, error) {
	stored, err := s.archive.Result(ctx, p.Evaluation, project)
	if fault.Is(err, fault.NotFound) || err == nil && !slices.Contains(stored.Keys, policy.FirmKey(firm)) {
		return rating.Stage{}, nil, nil
	}
	if err != nil {
		return rating.Stage{}, nil, err
	}
	scheme, _, err := s.schemeOf(ctx, p)
	if err != nil {
		return rating.Stage{}, nil, err
	}
	sub, r, err := stored.Open(scheme)
	return rating.Stage{Scheme: scheme, Subject: sub, History: rating.History{}}, r, err
}

// openHalves are the half-years of public revenue that can still be shown in time, by the fact that counts them, with the last day of the first.
func (s *Service) openHalves(halves []registry.HalfShown, last, today calendar.Date) map[string]calendar.Date {
	open := map[string]calendar.Date{"revenue": {}}
	for _, h := range halves {
		until := s.known.revenueDue(h.Last)
		if h.Nothing || !h.Published.IsZero() || until.Compare(today) < 0 || until.Compare(last) > 0 {
			continue
		}
		if first := open["revenue"]; first.IsZero() || until.Compare(first) < 0 {
			open["revenue"] = until
		}
	}
	return open
}

// advise looks for the plan and says of every action how it stands.
func (s *Service) advise(v *Coached, held *coachHeld) error {
	var open map[string]calendar.Date // the facts of which only what falls due until a day can still be done, no date if nothing can
	if v.Basis == CoachNow {
		open = s.openHalves(held.year.projects[v.Project].halves, v.Days.Last, calendar.DateOf(held.at))
	}
	limits := map[string]int{}
	for fact, until := range open {
		limits[fact] = 0
		if !until.IsZero() {
			limits[fact] = 1
		}
	}
	var levers []rating.Lever
	var of []int // the action of each lever
	if s.actions != nil {
		for i := range s.actions.List {
			a := &s.actions.List[i]
			if a.Suits(v.Scheme) != "" {
				continue
			}
			one := CoachAction{Action: a, Cost: a.Effort}
			s.describe(&one, v)
			s.until(&one, v, held, open[a.Fact])
			if was, needed := v.needed[a.ID]; needed {
				one.Needed, one.Steps, one.Most, one.Now, one.Then = true, 1, 1, v.Scheme.TellValue(a.Fact, was), one.Now
				v.Actions = append(v.Actions, one)
				continue
			}
			l, why := v.Course.Lever(a, limits)
			if why == "" && v.closed(&one, held) {
				why = "期限" + one.Until.Chinese() + "已过"
			}
			if one.Why = why; why == "" {
				one.Most = len(l.Steps)
				levers, of = append(levers, l), append(of, len(v.Actions))
			}
			v.Actions = append(v.Actions, one)
		}
	}
	v.Outlook = v.Course.Outlook(levers)
	for i, at := range of {
		one := &v.Actions[at]
		steps := one.Most
		if v.Plan != nil && v.Plan.Steps[i] > 0 {
			one.Steps = v.Plan.Steps[i]
			steps, one.Cost = one.Steps, one.Steps*one.Effort
		}
		alone, err := v.Course.Rate(levers[i].Steps[steps-1]...)
		if err != nil {
			return err
		}
		if alone.Total.Counted && v.Now.Total.Counted {
			one.Gain = alone.Total.Points.Sub(v.Now.Total.Points)
		}
		if one.Steps == 0 && v.Now.Status == rating.StatusRated && one.Gain.Sign() <= 0 {
			one.Why, one.Most = "单独办了不加分：现在的工作表不用这一项，或者已经得满分", 0
			continue
		}
		one.shift(v, levers[i].Steps[steps-1])
	}
	slices.SortStableFunc(v.Actions, byUse)
	v.Risks = v.Course.Risks()
	v.Expiries = v.Course.Expiries(dateOf(v.Days.Last.AddMonths(12)))
	if v.Basis == CoachNow {
		v.ends(held.today[v.Project])
	}
	return nil
}

// shift says what some settings of its fact change: in the year, and in the earlier results that the year reads.
func (a *CoachAction) shift(v *Coached, step []rating.Setting) {
	for _, set := range step {
		if set.Stage == 0 {
			a.Then = v.Scheme.TellValue(a.Fact, set.Value)
			continue
		}
		feed := &v.Course.Feeds[set.Stage-1]
		one := CoachShift{Name: feed.ID, Now: feed.Scheme.TellValue(a.Fact, feed.Subject.Get(a.Fact)), Then: feed.Scheme.TellValue(a.Fact, set.Value)}
		if at := slices.IndexFunc(v.Scheme.History, func(e rating.Earlier) bool { return e.ID == feed.ID }); at >= 0 && v.Scheme.History[at].Name != "" {
			one.Name = v.Scheme.History[at].Name
		}
		a.Behind = append(a.Behind, one)
	}
}

// ends adds what the register says ends within twelve months after the year: the insurance, if it gives points, and the service of the firm.
func (v *Coached) ends(h registry.Holding) {
	last := v.Days.Last.AddMonths(12)
	within := func(day calendar.Date) bool { return !day.IsZero() && day.Compare(last) <= 0 }
	if _, rated := v.Scheme.FactIndex(factInsurance); rated && h.Insured && within(h.InsuredUntil) {
		r, err := v.Course.Rate(v.Course.Try(factInsurance, rating.Bool(false))...)
		if err == nil && r.Total.Points.Cmp(v.Now.Total.Points) != 0 {
			v.Expiries = append(v.Expiries, rating.Expiry{Fact: factInsurance, Until: dateOf(h.InsuredUntil), Result: r})
			slices.SortStableFunc(v.Expiries, func(a, b rating.Expiry) int { return cmp.Compare(a.Until, b.Until) })
		}
	}
	if within(h.ServedUntil) {
		v.Served = h.ServedUntil
	}
}

// byUse puts the plan first, then what can be done by what it brings for its effort, then the rest.
func byUse(a, b CoachAction) int {
	rank := func(x *CoachAction) int {
		switch {
		case x.Needed:
			return -1
		case x.Steps > 0:
			return 0
		case x.Why == "":
			return 1
		}
		return 2
	}
	worth := func(x *CoachAction) num.Num {
		return x.Gain.Mul(num.FromFrac(1, int64(x.Effort*max(x.Steps, x.Most, 1))))
	}
	return cmp.Or(rank(&a)-rank(&b), worth(&b).Cmp(worth(&a)))
}

// describe says what an action moves and who speaks through it.
func (s *Service) describe(one *CoachAction, v *Coached) {
	at, _ := v.Scheme.FactIndex(one.Fact)
	f := &v.Scheme.Facts[at]
	one.FactName, one.Unit, one.Now = f.Name, f.Unit, v.Scheme.TellValue(f.ID, v.Course.Subject.Values[at])
	for i := range v.Scheme.Indicators {
		in := &v.Scheme.Indicators[i]
		if !slices.Contains(v.Scheme.Reads(in.ID), one.Fact) {
			continue
		}
		for _, voice := range v.Scheme.Voices {
			if voice.ID == in.Voice && !slices.Contains(one.Voices, voice.Name) {
				one.Voices = append(one.Voices, voice.Name)
			}
		}
	}
}

// until is the last day that still counts for an action: of the quarter for what happens once a quarter, else of the year; or the last day for material, or the cut-off, of the quarter that runs.
func (s *Service) until(one *CoachAction, v *Coached, held *coachHeld, due calendar.Date) {
	year := held.year
	last := func(g *coachGathered) calendar.Date { return g.period.Days.Last }
	quarter := held.quarter
	if quarter == nil {
		quarter = year
	}
	switch {
	case one.Last == rating.LastWindow:
		s.window(one, v, held)
	case v.Course.Replay:
		one.Until, one.Limit = last(year), year.period.Name+"最后一天，一年里都要这样办"
	case !due.IsZero():
		one.Until, one.Limit = due, "公示期限"
	case one.Last == rating.LastSubmit && quarter.planned:
		one.Until, one.Limit = quarter.period.Submit, quarter.period.Name+"材料提交截止"
	case one.Last == rating.LastCutoff && quarter.planned:
		one.Until, one.Limit = quarter.period.Cutoff, quarter.period.Name+"统计截止"
	case one.Last != rating.LastDays:
		one.Limit = quarter.period.Name + "的截止日还没有定"
	case one.How == rating.HowRound || one.How == rating.HowRaise:
		one.Until, one.Limit = last(quarter), quarter.period.Name+"最后一天"
	default:
		one.Until, one.Limit = last(year), year.period.Name+"最后一天"
	}
}

// try rates what somebody tried.
func (v *Coached) try(values map[string]rating.Value) error {
	if len(values) == 0 {
		return nil
	}
	var with []rating.Setting
	var bad []fault.Field
	for i := range v.Scheme.Facts {
		id := v.Scheme.Facts[i].ID
		value, ok := values[id]
		if !ok {
			continue
		}
		set := v.Course.Try(id, value)
		if _, err := v.Course.Rate(set[0]); err != nil {
			bad = append(bad, fault.FieldsOf(err)...)
			continue
		}
		with = append(with, set...)
	}
	if len(bad) > 0 {
		return fault.InvalidFields("cycle.Coach", bad...)
	}
	r, err := v.Course.Rate(with...)
	v.Tried = &r
	return err
}
