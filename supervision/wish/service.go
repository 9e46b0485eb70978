package wish

import (
	"context"
	"slices"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// Register is what wishes look up; registry.Books answers.
type Register interface {
	supervision.Atlas
	// FirmNames returns the names of firms by id.
	FirmNames(ctx context.Context, ids []string) (map[string]string, error)
	// FirmChoices lists the firms.
	FirmChoices(ctx context.Context) ([]registry.Choice, error)
	// Helpers lists the units and teams of a community, those that were not withdrawn, by name. It asks for no right and shows nothing about persons.
	Helpers(ctx context.Context, community string) ([]registry.Helper, error)
	// HelperOf returns a unit or team by the id of its row. Returns NotFound for everything else.
	HelperOf(ctx context.Context, id string) (registry.Helper, error)
	// Offers lists what is offered to a community on a day (供给清单). It asks for no right and shows nothing about persons.
	Offers(ctx context.Context, community string, on calendar.Date) ([]registry.Offer, error)
}

// Config is what wishes need; everything is required.
type Config struct {
	// DB keeps them, Guard says who may do what, Keeper takes photos in, Now is the business clock.
	DB     *store.DB
	Guard  *policy.Guard
	Keeper *files.Keeper
	Now    func() time.Time
	// Register is looked up, Terms are the kinds.
	Register Register
	Terms    *Terms
	// Deadlines starts a deadline by its rule; NotFound for an unknown one. Resolve gives an unresolved one its due date if the calendar reaches that far by now.
	Deadlines func(rule string, start calendar.Date) (calendar.Deadline, error)
	Resolve   func(calendar.Deadline) calendar.Deadline
}

// Service follows wishes. Every call names the actor; a refused call writes nothing.
type Service struct {
	Config
	rows    *casework.Rows[Wish]
	members *casework.Rows[Member]
	points  *casework.Rows[PointEntry]
	tickets supervision.Tickets
}

const (
	wishKind = "wish"
	// byScope lists by scope key, by who has it and by what Wish.found adds, byOpen what is not over, byPublic what everybody sees, byEnd by the day on which it ended what still has an asker.
	byScope  = "scope"
	byOpen   = "open"
	byPublic = "public"
	byEnd    = "end"
	// everybody is the key of byPublic.
	everybody = "public"
	// personalRule is how long after its end a wish keeps who asked.
	personalRule  = "wish.personal"
	extensionRule = "wish.extension"
)

// stateRules are the deadlines of the states; Taken has that of the kind.
var stateRules = map[State]string{Asked: "wish.accept", Accepted: "wish.dispatch", Pooled: "wish.take", Dispatched: "wish.take", Proved: "wish.confirm", Served: "wish.rate", Following: "wish.follow"}

// listed are the keys under which a wish is found.
func (w *Wish) listed() []string {
	keys := supervision.ListKeys(w.Keys)
	if key := w.takerKey(); key != "" && !slices.Contains(keys, key) {
		keys = append(keys, key)
	}
	return keys
}

// found are the keys of byScope: those of listed, memberKey of the party members who took part in what was confirmed, and earned for what gains points.
func (w *Wish) found() []string {
	keys := w.listed()
	if !w.Served.IsZero() && w.Proof != nil {
		for _, id := range w.Proof.Members {
			keys = append(keys, memberKey(id))
		}
	}
	if w.earns() {
		keys = append(keys, earned)
	}
	return keys
}

func document() casework.Kind[Wish] {
	asked := func(_ string, w *Wish) string { return store.SortTime(w.Asked.At.Time) }
	stored := store.Kind[Wish]{Name: wishKind, Version: 1, Subject: func(id string, _ *Wish) string { return wishKind + "/" + id }, Indexes: []store.Index[Wish]{
		{Name: byScope, Keys: func(_ string, w *Wish) []string { return w.found() }, Sort: asked},
		{Name: byOpen, Keys: func(_ string, w *Wish) []string {
			if w.State.Final() {
				return nil
			}
			return w.listed()
		}, Sort: asked},
		{Name: byPublic, Keys: func(_ string, w *Wish) []string {
			if !w.Shown() {
				return nil
			}
			return []string{everybody, policy.CommunityKey(w.Community)}
		}, Sort: func(_ string, w *Wish) string { return w.Published.String() }},
		{Name: byEnd, Keys: func(_ string, w *Wish) []string {
			if !w.State.Final() || w.Asker == (Asker{}) {
				return nil
			}
			return []string{w.Ended.String()}
		}},
	}}
	return casework.Kind[Wish]{Kind: stored, Word: "这件心愿或代办", Read: policy.ReadWish, Row: func(w *Wish) casework.Row { return casework.Row{Keys: w.Keys, Day: w.Day, State: w.Title()} }}
}

// New opens the wishes.
func New(ctx context.Context, c Config) (*Service, error) {
	rows, err := casework.NewRows(ctx, c.DB, c.Guard, document())
	if err != nil {
		return nil, err
	}
	members, err := casework.NewRows(ctx, c.DB, c.Guard, memberDocument())
	if err != nil {
		return nil, err
	}
	points, err := casework.NewRows(ctx, c.DB, c.Guard, pointDocument())
	return &Service{Config: c, rows: rows, members: members, points: points, tickets: supervision.Tickets{DB: c.DB, Of: wishKind}}, err
}

func (s *Service) today() calendar.Date { return calendar.DateOf(s.Now()) }

func (s *Service) hand(by policy.Actor, action policy.Action) supervision.Hand {
	return supervision.HandOf(s.Guard.Rules(), by, action, journal.At(s.Now()))
}

// bad gathers what is wrong with an input.
type bad struct{ registry.Faults }

// text checks a text and that it holds nothing personal.
func (b *bad) text(name, label string, value *string, least, most int) {
	b.Words(name, label, value, least, most)
	if found := supervision.Personal(*value); found != "" {
		b.Add(name, "%s里的“%s”像是电话、证件号或门牌：这里不写个人信息", label, found)
	}
}

// optional is text for what may be left empty.
func (b *bad) optional(name, label string, value *string, most int) {
	if *value = strings.TrimSpace(*value); *value != "" {
		b.text(name, label, value, 1, most)
	}
}

// step does a step of the table with what f makes of the wish.
func (s *Service) step(ctx context.Context, by policy.Actor, at casework.At, step Step, f func(*Wish, *bad) error) (store.Doc[Wish], error) {
	var known Wish // what it is decides which right is asked for; it changes with StepAccept only
	if journal.ValidPart(at.ID) {
		if d, err := s.rows.Docs.Load(ctx, at.ID); err == nil {
			known = d.State
		}
	}
	action := known.Action(step)
	doc, err := s.rows.Change(ctx, by, action, at, string(step), func(w *Wish) error {
		if !s.shows(by, w) || w.Action(step) != action {
			return hiddenWish()
		}
		return s.apply(w, step, s.hand(by, action), f)
	})
	if err == nil {
		err = s.book(ctx, doc.ID, &doc.State)
	}
	if err != nil {
		return doc, err
	}
	return s.seen(ctx, by, doc)
}

// apply does a step whoever acts.
func (s *Service) apply(w *Wish, step Step, hand supervision.Hand, f func(*Wish, *bad) error) error {
	to, err := w.next(step)
	if err != nil {
		return err
	}
	s.resolve(w)
	w.Reason = ""
	var b bad
	if err := f(w, &b); err != nil {
		return err
	}
	if err := b.Err("wish.apply"); err != nil {
		return err
	}
	if to == onward {
		to = s.afterRating(w)
	}
	if to != w.State || step == StepDispatch {
		if w.Due, err = s.dueOf(w, to); err != nil {
			return err
		}
	}
	if to.Final() {
		w.Ended = s.today()
	}
	w.State, w.Last, w.Hand = to, step, hand
	return nil
}

// dueOf is the deadline of a state, empty without one.
func (s *Service) dueOf(w *Wish, to State) (calendar.Deadline, error) {
	if to == Taken {
		return w.ServeBy, nil
	}
	if rule := stateRules[to]; rule != "" {
		return s.Deadlines(rule, s.today())
	}
	return calendar.Deadline{}, nil
}

// resolve gives deadlines the due date that the calendar knows by now.
func (s *Service) resolve(w *Wish) {
	w.Due, w.ServeBy = s.Resolve(w.Due), s.Resolve(w.ServeBy)
}

func hiddenWish() error {
	return fault.New("wish.shows", fault.NotFound, "没有找到这件心愿或代办")
}

// shows reports whether a wish inside the scope exists for a person: for who serves wishes what waits for anybody and what is his own, for everybody else all.
func (s *Service) shows(by policy.Actor, w *Wish) bool {
	return slices.ContainsFunc(by.Appointments, func(a policy.Appointment) bool {
		if !s.may(a, policy.ReadWish) {
			return false
		}
		if s.may(a, policy.TakeWish) {
			return w.State == Pooled || w.Taker != nil && w.Taker.Key == a.Unit
		}
		return true
	})
}

// serves are the keys of those for whom a person serves an order: units, teams and firms of his appointments for wishes, the stations of his communities and his firms for errands.
func (s *Service) serves(by policy.Actor, order Order) []string {
	var out []string
	for _, a := range by.Appointments {
		switch {
		case order == OrderErrand && s.may(a, policy.DoErrand):
			for _, key := range append([]string{a.Unit}, a.Scopes...) {
				if of, _, _ := strings.Cut(key, ":"); (of == "c" || of == "f") && !slices.Contains(out, key) {
					out = append(out, key)
				}
			}
		case order == OrderWish && s.may(a, policy.TakeWish) && (strings.HasPrefix(a.Unit, registry.HelperPrefix) || strings.HasPrefix(a.Unit, policy.FirmKey(""))):
			out = append(out, a.Unit)
		}
	}
	return out
}

func (s *Service) may(a policy.Appointment, action policy.Action) bool {
	ok, _ := s.Guard.Rules().RoleAllows(a.Role, action)
	return ok
}

// Holds reports whether a person acts for who has the wish.
func (s *Service) Holds(by policy.Actor, w *Wish) bool {
	return w.Taker != nil && slices.Contains(s.serves(by, w.Order), w.Taker.Key)
}

// seen is a wish as a person may see it: without who asked for who lacks ReadAsker there, with what the calendar knows by now.
func (s *Service) seen(ctx context.Context, by policy.Actor, d store.Doc[Wish]) (store.Doc[Wish], error) {
	docs := []store.Doc[Wish]{d}
	err := s.mask(ctx, by, docs)
	return docs[0], err
}

// mask is seen for a list.
func (s *Service) mask(ctx context.Context, by policy.Actor, docs []store.Doc[Wish]) error {
	var askers policy.Scope
	if s.Guard.Allow(by, policy.ReadAsker) {
		var err error
		if askers, err = s.Guard.Scope(ctx, by, policy.ReadAsker); err != nil {
			return err
		}
	}
	for i := range docs {
		w := &docs[i].State
		s.resolve(w)
		w.Ticket = nil
		if !s.names(askers, by, w) {
			w.Asker = Asker{}
			if w.Rating != nil && s.serving(by) {
				r := *w.Rating
				r.Words = ""
				w.Rating = &r
			}
		}
	}
	return nil
}

// serving reports whether a person takes wishes and does nothing else with them.
func (s *Service) serving(by policy.Actor) bool {
	return s.Guard.Allow(by, policy.TakeWish) && !s.Guard.Allow(by, policy.DispatchWish)
}

// names reports whether a person sees who asked: inside the scope of ReadAsker, and who does an errand while he does it.
func (s *Service) names(askers policy.Scope, by policy.Actor, w *Wish) bool {
	return askers.Covers(w.Keys, w.Day) || w.Order == OrderErrand && (w.State == Taken || w.State == Proved) && s.Holds(by, w)
}

// Names reports whether a person sees who asked for a wish.
func (s *Service) Names(ctx context.Context, by policy.Actor, w *Wish) (bool, error) {
	var askers policy.Scope
	if s.Guard.Allow(by, policy.ReadAsker) {
		var err error
		if askers, err = s.Guard.Scope(ctx, by, policy.ReadAsker); err != nil {
			return false, err
		}
	}
	return s.names(askers, by, w), nil
}

// apart refuses somebody who did the other half.
func apart(message string) error {
	return &fault.Error{Op: "wish.apart", Kind: fault.Forbidden, Message: message, Rule: "不相容岗位规则 S-2：经办与审核必须由不同的人完成"}
}
