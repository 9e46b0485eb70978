package wish

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// PointTerms are how services become points (积分). They belong to units, teams and firms, never to persons, so that nobody can be ranked.
type PointTerms struct {
	// On: services are booked. From is the first day of which they are, required with On.
	On   bool   `yaml:"on"`
	From string `yaml:"from"`
	// Rules are added up for one service.
	Rules []PointRule `yaml:"rules"`
}

// PointRule is one way in which a service gains points.
type PointRule struct {
	// ID is the code, Title is Chinese.
	ID    string `yaml:"id,required"`
	Title string `yaml:"title,required"`
	// Per is order or half_hour, Points how many each gains, 1 to 100.
	Per    string `yaml:"per,required"`
	Points int64  `yaml:"points,required"`
	// Least is the least rating for which it counts, 1 to 5; 0 for any.
	Least int64 `yaml:"least"`
}

// What a rule counts.
const (
	perOrder    = "order"
	perHalfHour = "half_hour"
)

// check looks at the rules; what is wrong goes to add with its place below points.
func (p *PointTerms) check(add func(place, message string)) {
	if _, err := calendar.ParseDate(p.From); err != nil && (p.On || p.From != "") {
		add("from", "积分从哪一天的服务算起要写成日期，例如 2027-01-01")
	}
	if p.On && len(p.Rules) == 0 {
		add("rules", "启用积分要至少有一条规则")
	}
	seen := map[string]bool{}
	for i, r := range p.Rules {
		at := fmt.Sprintf("rules.%d.", i)
		if seen[r.ID] || !codeForm.MatchString(r.ID) {
			add(at+"id", fmt.Sprintf("代码“%s”重复，或者不是小写字母、数字和下划线", r.ID))
		}
		seen[r.ID] = true
		if r.Per != perOrder && r.Per != perHalfHour {
			add(at+"per", fmt.Sprintf("per 只能是 order、half_hour，现在是“%s”", r.Per))
		}
		if r.Points < 1 || r.Points > 100 {
			add(at+"points", fmt.Sprintf("分数要在 1 至 100 之间，现在是 %d", r.Points))
		}
		if r.Least < 0 || r.Least > best {
			add(at+"least", fmt.Sprintf("最低评分要在 0 至 %d 之间，现在是 %d", best, r.Least))
		}
	}
}

// PointPart is what one rule gave.
type PointPart struct {
	// Title is that of the rule, Points what it gave.
	Title  string `json:"title" privacy:"public"`
	Points int64  `json:"points"`
}

// PointEntry is one line of the ledger of points. It is never changed: what was wrong is reversed by another one, once.
type PointEntry struct {
	// Keys are the scope keys of the service, Day the day of the entry.
	Keys []string      `json:"keys" privacy:"internal"`
	Day  calendar.Date `json:"day"`
	// Taker has the points. Wish is the service, Kind what it was.
	Taker Taker  `json:"taker"`
	Wish  string `json:"wish" privacy:"internal"`
	Kind  string `json:"kind" privacy:"public"`
	// Points are what it adds, below 0 for a reversal; Parts by rule, Terms the version of the rules.
	Points int64       `json:"points"`
	Parts  []PointPart `json:"parts,omitempty"`
	Terms  string      `json:"terms" privacy:"public"`
	// Of is the entry that it reverses, "" for none; Reason why, Hand by whom. Apart are the accounts that confirmed the service and entered its rating.
	Of     string           `json:"of,omitempty" privacy:"internal"`
	Reason string           `json:"reason,omitempty" privacy:"internal"`
	Hand   supervision.Hand `json:"hand,omitzero"`
	Apart  []string         `json:"apart,omitempty" privacy:"internal"`
}

const (
	pointKind = "points-entry"
	// byTaker lists the ledger by who has the points.
	byTaker = "taker"
	// earned is the key under which byScope lists the services that gain points.
	earned = "earned"
	// reversal ends the id of the entry that reverses another: there is one at most.
	reversal = ".r"
)

func pointDocument() casework.Kind[PointEntry] {
	sort := func(_ string, e *PointEntry) string { return e.Day.String() }
	stored := store.Kind[PointEntry]{Name: pointKind, Version: 1, Indexes: []store.Index[PointEntry]{
		{Name: byScope, Keys: func(_ string, e *PointEntry) []string { return supervision.ListKeys(e.Keys) }, Sort: sort},
		{Name: byTaker, Keys: func(_ string, e *PointEntry) []string { return []string{e.Taker.Key} }, Sort: sort},
	}}
	return casework.Kind[PointEntry]{Kind: stored, Word: "这笔积分", Read: policy.ReadWish, Row: func(e *PointEntry) casework.Row { return casework.Row{Keys: e.Keys, Day: e.Day} }}
}

// earns reports whether a wish is over, served, confirmed and rated, so that it can gain points; an errand of a station gains none.
func (w *Wish) earns() bool {
	return w.State == Done && w.Order == OrderWish && w.Rating != nil && w.Proof != nil && !w.Served.IsZero() && w.Taker != nil
}

// points is what a service gains by the rules.
func (p *PointTerms) points(w *Wish) (parts []PointPart, sum int64) {
	for _, r := range p.Rules {
		n := r.Points
		if r.Per == perHalfHour {
			n *= w.Proof.HalfHours
		}
		if w.Rating.Score >= r.Least && n > 0 {
			parts, sum = append(parts, PointPart{r.Title, n}), sum+n
		}
	}
	return parts, sum
}

// book books the points of a service if points are switched on and it counts; once, whoever calls it.
func (s *Service) book(ctx context.Context, id string, w *Wish) error {
	terms := &s.Terms.file.Points
	from, err := calendar.ParseDate(terms.From)
	if !terms.On || err != nil || !w.earns() || w.Served.Compare(from) < 0 {
		return nil
	}
	parts, sum := terms.points(w)
	if sum == 0 {
		return nil
	}
	e := PointEntry{Keys: w.Keys, Day: s.today(), Taker: *w.Taker, Wish: id, Kind: w.KindTitle, Points: sum, Parts: parts, Terms: s.Terms.Version(), Apart: []string{w.Confirmed.By, w.Rating.By.By}}
	_, err = s.points.Docs.Commit(ctx, store.Meta{By: policy.SystemActor().ID, Action: string(policy.RunJob), Why: "服务已评单，记积分"}, id, 0, e)
	if fault.Is(err, fault.Conflict) {
		return nil // it is booked
	}
	return err
}

// BookPoints books what a stop left unbooked since points were switched on. A job of every night.
func (s *Service) BookPoints(ctx context.Context) error {
	if !s.Terms.file.Points.On {
		return nil
	}
	for q := (store.Query{Index: byScope, Key: earned, Desc: true, Limit: store.MaxLimit}); ; {
		page, err := s.rows.Docs.List(ctx, q)
		if err != nil {
			return err
		}
		for _, d := range page.Docs {
			if _, err := s.points.Docs.Head(ctx, d.ID); err == nil {
				continue
			}
			if err := s.book(ctx, d.ID, &d.State); err != nil {
				return err
			}
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

// PointAccount is what a unit, team or firm has.
type PointAccount struct {
	Taker Taker
	// Services are those that were booked and not reversed, Points the balance; it is never below 0, because a reversal takes back one entry once.
	Services int
	Points   int64
}

// ownTakers are the keys of those for whom somebody takes wishes if he does nothing else with them; nil: he sees everybody's points in his scope.
func (s *Service) ownTakers(by policy.Actor) []string {
	if s.serving(by) {
		return append([]string{""}, s.serves(by, OrderWish)...)
	}
	return nil
}

// entries are the ledger as far as an actor may see it, the first entry first; of one taker if its key is not "".
func (s *Service) entries(ctx context.Context, by policy.Actor, taker string) ([]store.Doc[PointEntry], error) {
	q, own := store.Query{Index: byScope}, s.ownTakers(by)
	if taker != "" {
		q = store.Query{Index: byTaker, Key: taker}
	}
	return s.points.All(ctx, by, q, func(e *PointEntry) bool { return own == nil || slices.Contains(own, e.Taker.Key) })
}

// PointAccounts are the balances of a scope in the order of names: it is no ranking. Who takes wishes for a unit sees its own. Returns Forbidden without ReadWish.
func (s *Service) PointAccounts(ctx context.Context, by policy.Actor) ([]PointAccount, error) {
	list, err := s.entries(ctx, by, "")
	if err != nil {
		return nil, err
	}
	var out []PointAccount
	for _, d := range list {
		e := &d.State
		i := slices.IndexFunc(out, func(a PointAccount) bool { return a.Taker.Key == e.Taker.Key })
		if i < 0 {
			i, out = len(out), append(out, PointAccount{Taker: e.Taker})
		}
		out[i].Points += e.Points
		if out[i].Services++; e.Of != "" {
			out[i].Services -= 2
		}
	}
	slices.SortFunc(out, func(a, b PointAccount) int { return strings.Compare(a.Taker.Name, b.Taker.Name) })
	return out, nil
}

// PointEntries are the entries of one taker, the last first. Returns Forbidden without ReadWish, NotFound if the actor sees none.
func (s *Service) PointEntries(ctx context.Context, by policy.Actor, taker string) ([]store.Doc[PointEntry], error) {
	list, err := s.entries(ctx, by, taker)
	if err == nil && (len(list) == 0 || taker == "") {
		err = fault.New("wish.PointEntries", fault.NotFound, "没有这一户的积分")
	}
	slices.Reverse(list)
	return list, err
}

// PointsOn reports whether services gain points.
func (t *Terms) PointsOn() bool { return t.file.Points.On }

// PointRules are the rules of points.
func (t *Terms) PointRules() []PointRule { return t.file.Points.Rules }

// Text is the rule for people.
func (r PointRule) Text() string {
	per, least := "每件", ""
	if r.Per == perHalfHour {
		per = "每半小时"
	}
	if r.Least > 0 {
		least = fmt.Sprintf("，评 %d 分以上才算", r.Least)
	}
	return fmt.Sprintf("%s：%s %d 分%s", r.Title, per, r.Points, least)
}

// PointsToReverse returns an entry that somebody wants to take back. Returns Forbidden without KeepPoints, NotFound outside the scope.
func (s *Service) PointsToReverse(ctx context.Context, by policy.Actor, id string) (PointEntry, error) {
	scope, err := s.points.Scope(ctx, by, policy.KeepPoints)
	if err != nil {
		return PointEntry{}, err
	}
	d, err := s.points.In(ctx, by, scope, id)
	return d.State, err
}

// ReversePoints takes an entry back with another one, once. Returns Forbidden without KeepPoints and for who confirmed the service or entered its rating, NotFound outside the scope, Invalid without a reason (field reason),
// Conflict for a reversal and for what was reversed.
func (s *Service) ReversePoints(ctx context.Context, by policy.Actor, id, reason string) error {
	const op = "wish.ReversePoints"
	e, err := s.PointsToReverse(ctx, by, id)
	if err != nil {
		return err
	}
	var b bad
	b.text("reason", "冲正的原因", &reason, 2, supervision.MaxReason)
	if err := b.Err(op); err != nil {
		return err
	}
	switch {
	case e.Of != "":
		return fault.New(op, fault.Conflict, "冲正的记录不能再冲正")
	case slices.Contains(e.Apart, by.ID):
		return apart("这次服务由你确认或者登记评单，积分要由另一人冲正")
	}
	e.Day, e.Points, e.Parts, e.Of, e.Reason, e.Hand = s.today(), -e.Points, nil, id, reason, supervision.HandOf(s.Guard.Rules(), by, policy.KeepPoints, journal.At(s.Now()))
	_, err = s.points.Docs.Commit(ctx, store.Meta{By: by.ID, Action: string(policy.KeepPoints), Why: reason}, id+reversal, 0, e)
	if fault.Is(err, fault.Conflict) {
		return fault.Wrap(op, fault.Conflict, "这笔积分已经冲正过了", err)
	}
	return err
}
