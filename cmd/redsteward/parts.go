package main

import (
	"context"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/report/returns"
	"redsteward/internal/report/templates"
	"redsteward/policy"
	"redsteward/policy/witness"
	"redsteward/rating/standing"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/conduct"
	"redsteward/registry/handover"
	"redsteward/registry/party"
	"redsteward/registry/station"
	"redsteward/supervision/collection"
	"redsteward/supervision/deliberation"
	"redsteward/supervision/matter"
	"redsteward/supervision/repair"
	"redsteward/supervision/survey"
	"redsteward/supervision/wish"
)

// openParts opens every part that keeps documents over the open store, each after those that it stands on.
func (s *service) openParts(ctx context.Context, rules *policy.Rules, accounts policy.Options) (err error) {
	if err := s.openRegister(ctx, rules); err != nil {
		return err
	}
	if s.accounts, err = policy.NewService(ctx, s.db, s.guard, s.clocks, accounts); err != nil {
		return err
	}
	if s.settings, err = policy.NewSettingsLog(ctx, s.db); err != nil {
		return err
	}
	if s.witnesses, err = witness.New(ctx, s.db, s.guard); err != nil {
		return err
	}
	t, err := s.timetable()
	if err != nil {
		return err
	}
	if s.requests, err = policy.NewDataRequests(ctx, s.db, s.guard, s.clocks.Business, t.deadline, t.resolve); err != nil {
		return err
	}
	if s.phrases, err = policy.NewPhrases(ctx, s.db, s.guard); err != nil {
		return err
	}
	if s.views, err = policy.NewViews(ctx, s.db, s.guard); err != nil {
		return err
	}
	if s.printers, err = policy.NewPrintSettings(ctx, s.db, s.guard); err != nil {
		return err
	}
	for _, open := range []func(context.Context) error{s.openLetters, s.openFilings, s.openMatters, s.openRepairs, s.openConduct, s.openBooks, s.openWishes, s.openParty, s.openCollections, s.openReach, s.openSupervision, s.openSurveys, s.openHandovers, s.openDeliberation, s.openCycle, s.openResponses, s.openStanding,
		s.openClaims, s.openStations, s.openReturns} {
		if err := open(ctx); err != nil {
			return err
		}
	}
	// What is no case sends papers out too.
	for kind, sent := range map[string]func(context.Context, string) (casework.Borne, error){"return": s.returns.Sent, "collection-task": s.collections.Sent, "notice": s.notices.Sent, "matter": s.matters.Sent, "change": s.changes.Sent} {
		s.letters.Bear(kind, sent)
	}
	for _, b := range []conduct.Book{conduct.Credit, conduct.Marks} {
		s.letters.Bear("conduct-"+string(b), func(ctx context.Context, id string) (casework.Borne, error) {
			e, err := s.conduct.About(ctx, b, id)
			return casework.Borne{Name: e.FirmName, Project: e.Project, Keys: e.Keys, Day: e.Day}, err
		})
	}
	return s.letters.Watch()
}

// openLetters opens the register of what goes out, in which every kind of case enters its papers.
func (s *service) openLetters(ctx context.Context) error {
	series, _, err := ruled(s, s.config.Files.Numbers, "numbers.yaml", untimed(casework.ParseSeries))
	if err != nil {
		return err
	}
	s.letters, err = casework.NewLetters(ctx, casework.LettersConfig{DB: s.db, Guard: s.guard, Keeper: s.keeper, Now: s.clocks.Business, Series: series})
	return err
}

// timetable are the deadlines by rule and the calendar that resolves them.
type timetable struct {
	rules *calendar.Rules
	days  *calendar.Calendar
}

// readTimetable reads the deadlines and the calendar of a configuration.
func readTimetable(c *config) (*timetable, error) {
	const file = "deadlines.yaml"
	data, err := ownOr(c.Files.Deadlines, file)
	if err != nil {
		return nil, err
	}
	t := &timetable{}
	if t.rules, err = calendar.ParseRules(file, data); err != nil {
		return nil, err
	}
	t.days, err = loadCalendar(c)
	return t, err
}

// timetable reads deadlines and calendar once for all parts.
func (s *service) timetable() (*timetable, error) {
	if s.times != nil {
		return s.times, nil
	}
	t, err := readTimetable(s.config)
	if err == nil {
		s.times = t
	}
	return t, err
}

// has reports whether there is a deadline of an id.
func (t *timetable) has(id string) bool {
	_, err := t.rules.Find(id)
	return err == nil
}

// deadline starts the period of a rule.
func (t *timetable) deadline(rule string, start calendar.Date) (calendar.Deadline, error) {
	r, err := t.rules.Find(rule)
	if err != nil {
		return calendar.Deadline{}, err
	}
	return t.days.Deadline(r, start), nil
}

// resolve looks again for the day of a period that lay beyond the loaded calendar.
func (t *timetable) resolve(d calendar.Deadline) calendar.Deadline { return t.days.Resolve(d) }

// ruleParser reads a file of rules that may name deadlines.
type ruleParser[T any] func(file string, data []byte, t *timetable) (T, error)

// timed makes a parser of one that asks whether there is a deadline, untimed of one that asks for nothing.
func timed[T any](parse func(file string, data []byte, deadline func(id string) bool) (T, error)) ruleParser[T] {
	return func(file string, data []byte, t *timetable) (T, error) { return parse(file, data, t.has) }
}

func untimed[T any](parse func(file string, data []byte) (T, error)) ruleParser[T] {
	return func(file string, data []byte, _ *timetable) (T, error) { return parse(file, data) }
}

// ruled reads the operator's own file of rules, or the one that the program carries, and gives the timetable beside it.
func ruled[T any](s *service, own, shipped string, parse ruleParser[T]) (rules T, t *timetable, err error) {
	data, err := ownOr(own, shipped)
	if err != nil {
		return rules, nil, err
	}
	if t, err = s.timetable(); err != nil {
		return rules, nil, err
	}
	rules, err = parse(shipped, data, t)
	return rules, t, err
}

// openWishes opens the wishes over the register and its books.
func (s *service) openWishes(ctx context.Context) error {
	terms, t, err := ruled(s, s.config.Files.Wishes, "wishes.yaml", timed(wish.ParseTerms))
	if err != nil {
		return err
	}
	s.wishes, err = wish.New(ctx, wish.Config{DB: s.db, Guard: s.guard, Keeper: s.keeper, Now: s.clocks.Business, Register: s.books, Terms: terms, Deadlines: t.deadline, Resolve: t.days.Resolve})
	return err
}

// openCollections opens the tasks of collection over the register and the matters.
func (s *service) openCollections(ctx context.Context) error {
	desk, err := s.caseDesk()
	if err != nil {
		return err
	}
	s.collections, err = collection.New(ctx, collection.Config{Desk: desk, Register: s.register.Register, Matters: s.matters, Manager: s.books.ManagerOf, Holding: s.accounts.Holding})
	return err
}

// openDeliberation opens the deliberations over the register.
func (s *service) openDeliberation(ctx context.Context) error {
	terms, t, err := ruled(s, s.config.Files.Deliberation, "deliberation.yaml", timed(deliberation.ParseTerms))
	if err != nil {
		return err
	}
	s.deliberations, err = deliberation.New(ctx, deliberation.Config{DB: s.db, Guard: s.guard, Now: s.clocks.Business, Register: s.register, Terms: terms, Deadlines: t.deadline, Days: t.days})
	return err
}

// openConduct opens the books of conduct over the register.
func (s *service) openConduct(ctx context.Context) error {
	terms, t, err := ruled(s, s.config.Files.Conduct, "conduct.yaml", timed(conduct.ParseTerms))
	if err != nil {
		return err
	}
	s.conduct, err = conduct.New(ctx, conduct.Config{DB: s.db, Guard: s.guard, Keeper: s.keeper, Now: s.clocks.Business, Register: s.register.Register, Finder: s.register.Finder, Terms: terms, Deadlines: t.deadline})
	return err
}

// openParty opens the sheets of party organisations over the register.
func (s *service) openParty(ctx context.Context) (err error) {
	s.party, err = party.New(ctx, party.Config{DB: s.db, Guard: s.guard, Keeper: s.keeper, Now: s.clocks.Business, Register: s.register, Chains: s.chains, Persons: s.accounts, Posts: s.books})
	return err
}

// matterTree is the parser of a matters.yaml under the rights that there are.
func matterTree(rules *policy.Rules) ruleParser[*matter.Tree] {
	return func(file string, data []byte, t *timetable) (*matter.Tree, error) {
		return matter.ParseTree(file, data, rules, t.has)
	}
}

// openMatters opens what people report, over the register.
func (s *service) openMatters(ctx context.Context) error {
	tree, t, err := ruled(s, s.config.Files.Matters, "matters.yaml", matterTree(s.guard.Rules()))
	if err != nil {
		return err
	}
	s.matters, err = matter.New(ctx, matter.Config{DB: s.db, Guard: s.guard, Keeper: s.keeper, Now: s.clocks.Business, Places: s.register.Register, Tree: tree, Finder: s.register.Finder, Deadlines: t.deadline, Resolve: t.days.Resolve})
	return err
}

// openRepairs opens the repair logs over the register.
func (s *service) openRepairs(ctx context.Context) error {
	terms, t, err := ruled(s, s.config.Files.Repairs, "repairs.yaml", untimed(repair.ParseTerms))
	if err != nil {
		return err
	}
	s.repairs, err = repair.New(ctx, repair.Config{DB: s.db, Guard: s.guard, Now: s.clocks.Business, Places: s.register.Register, Terms: terms, Finder: s.register.Finder, Deadlines: t.deadline, Resolve: t.days.Resolve})
	if err == nil && s.modules.On(policy.ModuleRepair) {
		s.proofs.Keep(repair.Source, s.repairs.Logged)
	}
	return err
}

// openStanding opens what says how published stars stand.
func (s *service) openStanding(ctx context.Context) error {
	grounds, t, err := ruled(s, s.config.Files.Standing, "standing.yaml", untimed(standing.ParseGrounds))
	if err != nil {
		return err
	}
	s.standings, err = standing.New(ctx, standing.Config{Cycle: s.cycle, Archive: s.archive, Grounds: grounds, Ends: s.register.StarEnds,
		Events: func(ctx context.Context, by policy.Actor, from, today calendar.Date) ([]standing.Event, error) {
			told := standing.Sources{Vetoes: s.vetoes, Conduct: s.conduct, Changes: s.changes, Proofs: s.proofs, Rectifications: s.rectifications, Grounds: grounds, Issuer: s.config.Site.Authority}
			if s.modules.On(policy.ModuleMatter) {
				told.Matters = s.matters
			}
			return told.Events(ctx, by, from, today)
		},
		Desk: casework.Desk{DB: s.db, Letters: s.letters, Guard: s.guard, Keeper: s.keeper, Persons: s.accounts, Chains: s.chains, Deadlines: t.deadline, Now: s.clocks.Business}})
	return err
}

// openSurveys opens the surveys of satisfaction over the register.
func (s *service) openSurveys(ctx context.Context) error {
	terms, t, err := ruled(s, s.config.Files.Satisfaction, "satisfaction.yaml", untimed(survey.ParseTerms))
	if err != nil {
		return err
	}
	s.surveys, err = survey.New(ctx, survey.Config{DB: s.db, Guard: s.guard, Now: s.clocks.Business, Register: s.register, Terms: terms, Deadlines: t.deadline, Days: t.days})
	return err
}

// openBooks opens the registers whose columns are data.
func (s *service) openBooks(ctx context.Context) error {
	set, _, err := ruled(s, s.config.Files.Books, "books.yaml", untimed(registry.ParseBooks))
	if err != nil {
		return err
	}
	s.books, err = registry.NewBooks(ctx, s.register, set, s.keeper)
	return err
}

// openStations opens the work of the stations over their books.
func (s *service) openStations(ctx context.Context) error {
	t, err := s.timetable()
	if err != nil {
		return err
	}
	s.stations, err = station.New(ctx, station.Config{DB: s.db, Books: s.books, Files: s.keeper, Guard: s.guard, Days: t.days, Deadlines: t.deadline, Now: s.clocks.Business})
	if err == nil && s.proofs != nil {
		s.proofs.Spare(s.stations.Consents)
	}
	return err
}

// openReturns opens the desk of returns over everything that is counted, and the templates of papers beside its own.
func (s *service) openReturns(ctx context.Context) (err error) {
	if s.templates, err = templates.Open(ctx, s.db, "paper-template", s.guard, s.keeper, s.clocks.Business, templates.Rights{Read: policy.KeepPaperTemplate, Keep: policy.KeepPaperTemplate}); err != nil {
		return err
	}
	set, t, err := ruled(s, s.config.Files.Returns, "returns.yaml", returnSet(s.matters.Tree))
	if err != nil {
		return err
	}
	s.returns, err = returns.New(ctx, returns.Config{DB: s.db, Guard: s.guard, Keeper: s.keeper, Forms: set, Days: t.days, Now: s.clocks.Business,
		Sources: returns.Sources{Register: s.register, Books: s.books, Party: s.party, Fund: s.fund, Handovers: s.handovers, Stations: s.stations, Matters: s.matters, Inspections: s.inspections, Visits: s.visits, Rectifications: s.rectifications, Deliberations: s.deliberations, Wishes: s.wishes, Cycle: s.cycle}})
	return err
}

// returnSet is the parser of a returns.yaml beside the kinds of a matters.yaml.
func returnSet(tree *matter.Tree) ruleParser[*returns.Set] {
	return untimed(func(file string, data []byte) (*returns.Set, error) {
		return returns.ParseReturns(file, data, func(id string) bool {
			return slices.ContainsFunc(tree.Kinds(), func(k matter.Kind) bool { return k.ID == id })
		})
	})
}

// openHandovers opens handover inspections with the checklist of the configuration.
func (s *service) openHandovers(ctx context.Context) error {
	var hash string
	list, t, err := ruled(s, s.config.Files.Handover, "handover.yaml", func(file string, data []byte, _ *timetable) (handover.List, error) {
		hash = handover.Hash(data)
		return handover.ParseList(file, data)
	})
	if err != nil {
		return err
	}
	s.handovers, err = handover.New(ctx, handover.Config{DB: s.db, Guard: s.guard, Estate: s.register.Register, Filings: s.filings, Deadlines: t.deadline, List: list, Hash: hash, Keeper: s.keeper, Now: s.clocks.Business})
	return err
}
