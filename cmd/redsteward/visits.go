package main

import (
	"context"
	"io/fs"
	"sync"

	"redsteward/configs"
	"redsteward/internal/calendar"
	"redsteward/internal/web"
	"redsteward/rating/cycle"
	"redsteward/supervision"
	"redsteward/supervision/application"
	"redsteward/supervision/inspection"
	"redsteward/supervision/rectification"
	"redsteward/supervision/veto"
)

// openSupervision opens observations and visits over the register and the accounts.
func (s *service) openSupervision(ctx context.Context) error {
	register, crew := s.register.Register, s.accounts
	sheets, err := loadSheets(s.config.Files.Checklists)
	if err != nil {
		return err
	}
	chains, err := confirmationsOf(s.config, s.guard.Rules())
	if err != nil {
		return err
	}
	if s.observations, err = supervision.NewObservations(ctx, s.db, s.guard, register, register, chains, supervision.Papers{Keeper: s.keeper, Persons: crew}); err != nil {
		return err
	}
	if s.intake, err = supervision.NewObservationImports(ctx, s.observations, func() supervision.Finder { return s.register.Finder() }); err != nil {
		return err
	}
	if s.visits, err = inspection.NewVisits(ctx, inspection.Config{DB: s.db, Guard: s.guard, Places: register, Levels: register, Crew: crew, Sheets: sheets, Asked: s.secondsAsked}); err != nil {
		return err
	}
	desk, err := s.caseDesk()
	if err != nil {
		return err
	}
	agenda, err := agendaOf(s.config, sheets)
	if err != nil {
		return err
	}
	cards, err := inspection.NewCertificates(ctx, s.db, s.guard, crew)
	if err != nil {
		return err
	}
	recusals, err := inspection.NewRecusals(ctx, s.db, s.guard, register)
	if err != nil {
		return err
	}
	if s.inspections, err = inspection.NewInspections(ctx, inspection.ChecksConfig{Desk: desk, Places: register, Firms: register, Agenda: agenda, Certificates: cards, Recusals: recusals}); err != nil {
		return err
	}
	if s.draws, err = inspection.NewDraws(ctx, inspection.DrawsConfig{Inspections: s.inspections, Listing: s.register, Standing: drawStanding{s}}); err != nil {
		return err
	}
	remedy := ""
	if agenda.Remedy.On {
		remedy = agenda.Remedy.Text
	}
	if s.rectifications, err = rectification.New(ctx, rectification.Config{Visits: s.visits, Inspections: s.inspections, Firms: register, Remedy: remedy, Desk: desk}); err != nil {
		return err
	}
	grounds, t, err := ruled(s, s.config.Files.Vetoes, "vetoes.yaml", untimed(veto.ParseTerms))
	if err != nil {
		return err
	}
	if s.vetoes, err = veto.New(ctx, veto.Config{Desk: desk, Places: register, Terms: grounds}); err != nil {
		return err
	}
	terms, _, err := ruled(s, s.config.Files.Applications, "applications.yaml", timed(application.ParseTerms))
	if err != nil {
		return err
	}
	s.applications, err = application.New(ctx, application.Config{Desk: desk, Register: register, Terms: terms, Resolve: t.resolve})
	return err
}

// agendaOf reads the list of what is inspected of a configuration, with the items of the checklists that it names.
func agendaOf(c *config, sheets *inspection.Sheets) (*inspection.Agenda, error) {
	data, err := ownOr(c.Files.Inspections, "inspections.yaml")
	if err != nil {
		return nil, err
	}
	agenda, err := inspection.ParseAgenda("inspections.yaml", data)
	if err != nil {
		return nil, err
	}
	return agenda, agenda.Take(sheets)
}

// loadSheets reads an operator's sheets, or those that the program carries if he has none.
func loadSheets(names []string) (*inspection.Sheets, error) {
	read := readInput
	if len(names) == 0 {
		var err error
		if names, err = fs.Glob(configs.Files, "checklists/*.yaml"); err != nil {
			return nil, err
		}
		read = configs.Files.ReadFile
	}
	sheets := make([]inspection.File, len(names))
	for i, name := range names {
		data, err := read(name)
		if err != nil {
			return nil, err
		}
		sheets[i] = inspection.File{Name: name, Data: data}
	}
	return inspection.LoadSheets(sheets...)
}

// supervised is what the pages of observations and visits need.
func (s *service) supervised() *web.Supervision {
	return &web.Supervision{Observations: s.observations, Imports: s.intake, Visits: s.visits, Questions: &periodQuestions{cycle: s.cycle, today: func() calendar.Date { return calendar.DateOf(s.clocks.Business()) }},
		Projects: s.register, Colleagues: s.accounts, Photos: web.Pictures{Keeper: s.keeper}}
}

// periodQuestions are what the schemes of the periods ask that have begun and were not evaluated yet.
type periodQuestions struct {
	cycle *cycle.Service
	today func() calendar.Date
	// mu guards asks: what each period asks, by its id. A period keeps its scheme.
	mu   sync.Mutex
	asks map[string]map[string][]supervision.Ask
}

// Questions implements web.Questions.
func (q *periodQuestions) Questions(ctx context.Context, source string) ([]web.Question, error) {
	terms, err := q.cycle.Terms(ctx)
	if err != nil {
		return nil, err
	}
	var out []web.Question
	for _, term := range terms {
		if term.Days.First.Compare(q.today()) > 0 {
			continue
		}
		asks, err := q.asksOf(ctx, term.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, web.Question{Name: term.Name, Days: term.Days, Asks: asks[source]})
	}
	return out, nil
}

func (q *periodQuestions) asksOf(ctx context.Context, period string) (map[string][]supervision.Ask, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if asks, ok := q.asks[period]; ok {
		return asks, nil
	}
	scheme, err := q.cycle.Scheme(ctx, period)
	if err != nil {
		return nil, err
	}
	if q.asks == nil {
		q.asks = map[string]map[string][]supervision.Ask{}
	}
	q.asks[period] = cycle.Asks(scheme)
	return q.asks[period], nil
}

// secondsAsked is what lies near a cut and is to be scored a second time; the rating cycle opens after the visits.
func (s *service) secondsAsked(ctx context.Context) ([]inspection.Asked, error) {
	return s.cycle.SecondsAsked(ctx)
}
