package standing

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/rating/cycle"
	"redsteward/registry"
	"redsteward/registry/casework"
)

// Periods are the published years; cycle.Service implements it.
type Periods interface {
	// Published lists the published periods of a rhythm, the newest first. Anybody may read them.
	Published(ctx context.Context, rhythm string) ([]cycle.Period, error)
	// Scheme returns the scheme that a period is rated by. Returns NotFound if the period was not planned.
	Scheme(ctx context.Context, id string) (*rating.Scheme, error)
}

// Config is what the service needs; everything is required.
type Config struct {
	casework.Desk
	// Cycle and Archive hold what was published, Grounds what a decision can rest on.
	Cycle   Periods
	Archive *rating.Archive
	Grounds *casework.Grounds
	// Ends says which stars had lapsed on a day, as registry.Register.StarEnds.
	Ends func(ctx context.Context, held map[string]string, rated, day calendar.Date) (map[string]registry.StarEnd, error)
	// Events tells what happened on a day or later that a case could rest on, as far as an actor may read it, such as Sources.Events.
	Events func(ctx context.Context, by policy.Actor, from, today calendar.Date) ([]Event, error)
}

// Service says how stars stand and runs the cases about them. Every call that asks for a right names the actor; a refused call writes nothing. It is safe for concurrent use.
type Service struct {
	Config
	*casework.Rulings[Decision, State, Step]
	drops *store.Collection[Drop]

	mu sync.Mutex
	// listed are the plates as they were looked up last, at looked.
	listed []Issued
	looked time.Time
	// published are the starred results by evaluation, which never change.
	published map[string][]Held
}

// Chain is the id of the way of approval of the joint review in approvals.yaml.
const Chain = "star-decision"

// The periods of deadlines.yaml: of the firm to plead after the notice and to appeal against the decision, and of the bureau to answer.
const (
	RuleHearing = "rating.star_hearing"
	RuleAppeal  = "rating.star_appeal"
	ruleAnswer  = "rating.star_appeal_answer"
)

const (
	caseKind = "star-decision"
	// openClaim lets a star have one case at a time.
	openClaim = "star-decision-open"
)

// groundsKind is the kind of a standing.yaml.
const groundsKind = "stars"

// maxTimes and maxWithin are how many complaints and how many months a ground can ask for.
const maxTimes, maxWithin = 20, 24

// repeats reports whether complaints lead to a ground, which it does only when they repeat.
func repeats(g casework.Ground) bool { return slices.Contains(g.Events, string(EventComplaints)) }

// ParseGrounds reads a standing.yaml. Returns Invalid with every mistake, named file:line:column.
func ParseGrounds(file string, data []byte) (*casework.Grounds, error) {
	return casework.ParseGrounds(file, data, groundsKind, func(g casework.Ground) (key, why string) {
		switch {
		case g.Months != 0:
			return "months", "降星、摘牌没有期限，不写 months"
		case slices.ContainsFunc(g.Events, func(e string) bool { return !slices.Contains(EventKinds(), EventKind(e)) }):
			return "events", "线索只能写 veto、penalty、judgment、proof、unfixed、refusal、complaints"
		case repeats(g) && (g.Times < 2 || g.Times > maxTimes || g.Within < 1 || g.Within > maxWithin):
			return "times", fmt.Sprintf("写了 complaints 的情形要写 times（2 至 %d 件）和 within（1 至 %d 个月）", maxTimes, maxWithin)
		case !repeats(g) && (g.Times != 0 || g.Within != 0):
			return "times", "只有写了 complaints 的情形写 times 和 within"
		case g.Levels < 0 || g.Levels > 5:
			return "levels", "降的星数要在 1 至 5 之间，摘牌的不写"
		}
		return "", ""
	})
}

// New opens the cases on a store.
func New(ctx context.Context, c Config) (*Service, error) {
	s := &Service{Config: c, published: map[string][]Held{}}
	var err error
	if s.drops, err = store.NewCollection(ctx, c.DB, store.Kind[Drop]{Name: dropKind, Version: 1}); err != nil {
		return nil, err
	}
	s.Rulings, err = casework.NewRulings(ctx, c.Desk, casework.RulingKind[Decision, State, Step]{Name: caseKind, Word: word, Read: policy.ReadStanding, Plead: policy.PleadStanding,
		Inside: []policy.Action{policy.HandleStanding, policy.HearStanding, policy.AnswerStanding},
		Ruling: func(d *Decision) *casework.Ruling { return &d.Ruling }, Stands: func(d *Decision) (*State, *Step) { return &d.State, &d.Last }, On: func(d *Decision, _ calendar.Date) State { return d.State }, Steps: steps,
		Chain: Chain, Hearing: RuleHearing, Objecting: RuleAppeal, Answering: ruleAnswer, Document: "凭据文书", Objection: "申诉", Ruled: "降星、摘牌", Papers: [2]string{"通知书", "决定书"},
		Says: func(d *Decision) any { return d.says() }, Issued: func(*Decision, calendar.Date) {}, Signing: func(d *Decision) *policy.Approval { return d.Approval }})
	return s, err
}

// Opening is what a new case says.
type Opening struct {
	// Project is an id; the case is about its star of the newest published year.
	Project string
	// Lead is the key of the lead from which it is begun, "" for none.
	Lead string
	casework.Rests
}

// Open begins a case about the star that a project has today. Returns Forbidden without HandleStanding, NotFound outside the scope or if the project has no star, Invalid for refused fields (ground, source,
// number, issuer, effective, text), Conflict if the star is not in force or has a case that is not decided.
func (s *Service) Open(ctx context.Context, by policy.Actor, in Opening, idem *store.Idem) (store.Doc[Decision], error) {
	const op = "standing.Open"
	return s.Begin(ctx, by, policy.HandleStanding, StepDraft.Title(), idem, func(begun casework.New) (Decision, error) {
		why, source, err := s.Rests(s.Grounds, &in.Rests)
		if err != nil {
			return Decision{}, err
		}
		today := s.Today()
		period, year, star, err := s.Of(ctx, in.Project, today)
		if err != nil {
			return Decision{}, err
		}
		if err := begun.Scope.Require(op, star.Keys, today); err != nil {
			return Decision{}, err
		}
		if !star.Status.Stands() {
			return Decision{}, fault.New(op, fault.Conflict, star.Name+"的星级"+star.Status.Title()+"（"+star.Why+"），不用再降星、摘牌")
		}
		if in.Lead != "" {
			lead, err := s.Lead(ctx, by, in.Lead)
			if err != nil {
				return Decision{}, err
			}
			if lead.Star.Project != in.Project {
				return Decision{}, fault.New(op, fault.NotFound, "这条线索不是"+star.Name+"的")
			}
		}
		d := Decision{Lead: in.Lead, Ruling: casework.Ruling{Case: casework.Case{Project: in.Project, Name: star.Name, Place: star.Place, Keys: star.Keys, Opened: today, By: by.ID}, Firm: star.Firm, FirmName: star.FirmName, Drafted: today,
			Document: casework.Paper{Number: in.Number, Day: in.Effective, Text: in.Text, By: by.ID}}, Period: period.ID, PeriodName: period.Name, Award: period.Publication.Number, Grade: star.Standing.Grade, GradeTitle: star.Label,
			Ground: why.ID, GroundTitle: why.Title, Source: in.Source, SourceTitle: source, Issuer: in.Issuer, State: Draft, Last: StepDraft}
		d.To = year.lower(d.Grade, why.Levels)
		d.ToTitle = year.label(d.To)
		return d, s.claim(ctx, begun, &d)
	})
}

// claim takes the one place that a star has for a case; what holds it and is over lets it go.
func (s *Service) claim(ctx context.Context, begun casework.New, d *Decision) error {
	name, holder := d.Period+"/"+d.Project, caseKind+"/"
	held, err := s.DB.Claimed(ctx, openClaim, name)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if err == nil {
		one, loadErr := s.Load(ctx, held[len(holder):])
		if loadErr != nil && !fault.Is(loadErr, fault.NotFound) {
			return loadErr
		}
		if loadErr == nil && !one.State.State.Final() && one.State.State != InEffect {
			return fault.New("standing.Open", fault.Conflict, d.Name+"的星级已经有一件降星摘牌在办，请在列表里办理")
		}
		if loadErr == nil {
			if err := s.DB.Release(ctx, begun.Meta, openClaim, name, held); err != nil {
				return err
			}
		}
	}
	err = s.DB.Claim(ctx, begun.Meta, openClaim, name, holder+begun.ID)
	if fault.Is(err, fault.Conflict) {
		return fault.Wrap("standing.Open", fault.Conflict, d.Name+"的星级刚刚有人立案，请刷新后再看", err)
	}
	return err
}

// Of is the star that a project has in the newest published year, with how it stands on a day. It asks for no right. Returns NotFound if nothing was published or the project has no star in it.
func (s *Service) Of(ctx context.Context, project string, day calendar.Date) (*cycle.Period, *Year, Held, error) {
	years, err := s.Cycle.Published(ctx, cycle.RhythmYear)
	if err != nil {
		return nil, nil, Held{}, err
	}
	if len(years) > 0 {
		year, all, err := s.All(ctx, &years[0], day)
		if err != nil {
			return nil, nil, Held{}, err
		}
		if i := slices.IndexFunc(all, func(h Held) bool { return h.Project == project }); i >= 0 {
			return &years[0], year, all[i], nil
		}
	}
	return nil, nil, Held{}, fault.New("standing.Of", fault.NotFound, "这个小区没有公布过的星级")
}

// Dues are the clocks of the cases that run: of the firm to plead, of the bureau to hear it and to answer an appeal. It asks for no right: for reminders.
func (s *Service) Dues(ctx context.Context) ([]casework.Due, error) {
	return s.Cases.Dues(ctx, casework.ByWork, policy.County, func(d *Decision) *casework.Case { return &d.Case }, func(d *Decision) (string, bool, casework.Acts) {
		can := func(do Step) casework.Acts {
			mine := s.Acting(do.Action(), d)
			return func(ctx context.Context, by policy.Actor) (bool, error) {
				reaches, err := mine(ctx, by)
				return reaches && s.Can(ctx, by, d, do), err
			}
		}
		switch {
		case d.State == Hearing && d.Unheard():
			return d.Name + "：听取" + d.Kind() + "的陈述申辩", false, can(StepHear)
		case d.State == Hearing:
			return d.Name + "：" + d.Kind() + "的陈述申辩，企业", true, can(StepPlead)
		case d.State == Appealed:
			return d.Name + "：作出" + d.Kind() + "的申诉决定", false, can(StepAnswer)
		}
		return "", false, nil
	})
}

// decided are the decisions about the stars of a year that were delivered, by project in the order of their delivery.
func (s *Service) decided(ctx context.Context, period string) (map[string][]*Decision, error) {
	out := map[string][]*Decision{}
	for doc, err := range s.Docs.Each(ctx) {
		if err != nil {
			return nil, err
		}
		if d := &doc.State; d.Period == period && d.Decision != nil {
			out[d.Project] = append(out[d.Project], d)
		}
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b *Decision) int { return a.From.Compare(b.From) })
	}
	return out, nil
}

// Filter narrows a list; what is zero does not narrow.
type Filter struct {
	// Text is looked for in the names of project and firm, in the place, the ground and the numbers; Project and Firm are ids, State and Ground codes, Effect is 降星 or 摘牌.
	Text, Project, Firm, Ground, Effect string
	State                               State
}

// List returns a page of cases, the latest first, or with due what is due first. A firm sees those of which it has notice. Returns Forbidden without ReadStanding.
func (s *Service) List(ctx context.Context, by policy.Actor, w Filter, due bool, after string) (store.Page[Decision], error) {
	return s.Page(ctx, by, casework.ListQuery(due, after), func(d *Decision) bool {
		numbers := d.Document.Number
		for _, p := range []*casework.Paper{d.Notice, d.Decision} {
			if p != nil {
				numbers += " " + p.Number
			}
		}
		said := registry.Finds(d.Name, w.Text) || registry.Finds(d.FirmName, w.Text) || casework.Says(w.Text, d.Place, d.GroundTitle, numbers)
		return said && (w.State == "" || d.State == w.State) && (w.Ground == "" || d.Ground == w.Ground) && (w.Project == "" || d.Project == w.Project) && (w.Firm == "" || d.Firm == w.Firm) && (w.Effect == "" || d.Kind() == w.Effect)
	})
}
