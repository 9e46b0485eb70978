package standing

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/rating/cycle"
	"redsteward/registry"
)

// Status is how a published star stands.
type Status string

// The statuses. A new one gets a word and colour in internal/web/status.go, and the page 标牌核验 its sentence.
const (
	// InForce: it stands as it was published.
	InForce Status = "in_force"
	// Demoted: a decision lowered it; it stands with fewer stars.
	Demoted Status = "demoted"
	// Removed: a decision took it away.
	Removed Status = "removed"
	// Lapsed: its firm does not serve the compound without a break any more.
	Lapsed Status = "lapsed"
	// Expired: the last day of its validity is over.
	Expired Status = "expired"
	// Replaced: a newer year was published, which rates the compound anew.
	Replaced Status = "replaced"
)

// Statuses are all of them.
func Statuses() []Status {
	return []Status{InForce, Demoted, Removed, Lapsed, Expired, Replaced}
}

// Title is the status for people.
func (s Status) Title() string {
	return map[Status]string{InForce: "有效", Demoted: "已降星", Removed: "已摘牌", Lapsed: "企业更换而终止", Expired: "已到期", Replaced: "已由新年度接替"}[s]
}

// Stands reports whether there is a star: as published, or lowered.
func (s Status) Stands() bool { return s == InForce || s == Demoted }

// Star is one published star.
type Star struct {
	// Project and Firm are ids, Grade is that of the result.
	Project, Firm, Grade string
}

// Year is what was published with the stars.
type Year struct {
	// Period is the id of the published year, Last the last day that was rated, Published the day of the publication.
	Period          string
	Last, Published calendar.Date
	// Scheme is the rule, of which the grades and their validity count.
	Scheme *rating.Scheme
}

// Standing is how one star stands on a day.
type Standing struct {
	// Status is how, Since the first day of that, zero while it stands as published.
	Status Status
	Since  calendar.Date
	// Grade is the grade that it has, or had last; Until the last day of its validity, zero without end.
	Grade string
	Until calendar.Date
	// Why says in Chinese why it does not stand as published, for everybody; Number is the number of the decision, "" for none.
	Why, Number string
	// Contested: the firm's appeal against a decision about it waits for its answer.
	Contested bool

	// decided are the decisions about it that were ever delivered, in their order.
	decided []*Decision
}

// validUntil is the last day of the validity of a grade, zero without end.
func (y *Year) validUntil(grade string) calendar.Date {
	if g := y.grade(grade); g != nil && g.Months > 0 {
		return y.Published.AddMonths(g.Months).Add(-1)
	}
	return calendar.Date{}
}

// grade finds a grade of the scheme, nil for none.
func (y *Year) grade(id string) *rating.Grade {
	i := slices.IndexFunc(y.Scheme.Grades.List, func(g rating.Grade) bool { return g.ID == id })
	if i < 0 {
		return nil
	}
	return &y.Scheme.Grades.List[i]
}

// Level is how many stars a grade of the scheme stands for, 0 for none.
func (y *Year) Level(grade string) int64 {
	if g := y.grade(grade); g != nil && g.Level != nil {
		return int64(*g.Level)
	}
	return 0
}

// label is the name of a grade.
func (y *Year) label(grade string) string {
	if g := y.grade(grade); g != nil {
		return g.Label
	}
	return ""
}

// lower is the grade that is some stars below another one; "" where no star is left.
func (y *Year) lower(grade string, levels int64) string {
	want := y.Level(grade) - levels
	if levels == 0 || want < 1 {
		return ""
	}
	for i := range y.Scheme.Grades.List {
		if g := &y.Scheme.Grades.List[i]; g.Level != nil && int64(*g.Level) == want {
			return g.ID
		}
	}
	return ""
}

// Standings says how stars of a year stood on a day, by project. It asks for no right: what it tells is for everybody.
func (s *Service) Standings(ctx context.Context, year *Year, stars []Star, day calendar.Date) (map[string]Standing, error) {
	held := make(map[string]string, len(stars))
	for _, star := range stars {
		held[star.Project] = star.Firm
	}
	ends, err := s.Ends(ctx, held, year.Last, day)
	if err != nil {
		return nil, err
	}
	decided, err := s.decided(ctx, year.Period)
	if err != nil {
		return nil, err
	}
	newer, err := s.newer(ctx, year)
	if err != nil {
		return nil, err
	}
	out := make(map[string]Standing, len(stars))
	for _, star := range stars {
		out[star.Project] = year.standing(star, day, decided[star.Project], ends[star.Project], newer)
	}
	return out, nil
}

// standing is how one star stood on a day: what ended it first counts, and until then what lowered it.
func (y *Year) standing(star Star, day calendar.Date, decided []*Decision, end registry.StarEnd, newer *cycle.Period) Standing {
	at := Standing{Status: InForce, Grade: star.Grade, Until: y.validUntil(star.Grade), decided: decided}
	for _, d := range decided {
		at.Contested = at.Contested || d.State == Appealed
		if at.Status == Removed || !d.Counts(day) {
			continue
		}
		at.Since, at.Number = d.From, d.Decision.Number
		at.Why = d.GroundTitle + "（" + d.Decision.Number + "）"
		if at.Status = Demoted; d.To == "" {
			at.Status = Removed
			continue
		}
		at.Grade = d.To
	}
	type ended struct {
		status Status
		since  calendar.Date
		why    string
	}
	var ends []ended
	if at.Status == Removed {
		ends = append(ends, ended{Removed, at.Since, at.Why})
	}
	if !end.Last.IsZero() {
		ends = append(ends, ended{Lapsed, end.Last.Add(1), end.Why})
	}
	if !at.Until.IsZero() && day.Compare(at.Until) > 0 {
		ends = append(ends, ended{Expired, at.Until.Add(1), "有效期到" + at.Until.Chinese() + "为止"})
	}
	if newer != nil {
		ends = append(ends, ended{Replaced, calendar.DateOf(newer.Publication.At.Time), newer.Name + "的星级已经公布"})
	}
	if len(ends) > 0 {
		first := slices.MinFunc(ends, func(a, b ended) int { return a.since.Compare(b.since) })
		at.Status, at.Since, at.Why = first.status, first.since, first.why
		if first.status != Removed {
			at.Number = ""
		}
	}
	return at
}

// newer is the first year that was published after another one, nil for none.
func (s *Service) newer(ctx context.Context, year *Year) (*cycle.Period, error) {
	all, err := s.Cycle.Published(ctx, cycle.RhythmYear)
	if err != nil {
		return nil, err
	}
	var next *cycle.Period
	for i := range all {
		if p := &all[i]; p.Days.Last.Compare(year.Last) > 0 && (next == nil || p.Days.Last.Compare(next.Days.Last) < 0) {
			next = p
		}
	}
	return next, nil
}

// YearOf is a published year, as its stars are counted.
func (s *Service) YearOf(ctx context.Context, p *cycle.Period) (*Year, error) {
	if p.Publication == nil || !p.Stars() {
		return nil, fault.New("standing.YearOf", fault.NotFound, p.Name+"没有公布过星级")
	}
	scheme, err := s.Cycle.Scheme(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	return &Year{Period: p.ID, Last: p.Days.Last, Published: calendar.DateOf(p.Publication.At.Time), Scheme: scheme}, nil
}

// Held is one star with what is known of it on a day.
type Held struct {
	Star
	Standing
	// Name is what people call the compound, FirmName its firm, Place its divisions; Keys are the scope keys of the result.
	Name, FirmName, Place string
	Keys                  []string
	// Level is how many stars it has, Published how many were published; Label is the grade that it has, Was the one that was published.
	Level, Published int64
	Label, Was       string
	// Serial is its place, from 1, among the starred results of its year by project id.
	Serial int
}

// All are the stars of a published year on a day, by project id. It asks for no right.
func (s *Service) All(ctx context.Context, p *cycle.Period, day calendar.Date) (*Year, []Held, error) {
	year, err := s.YearOf(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	out, err := s.starred(ctx, year, p.Evaluation)
	if err != nil {
		return nil, nil, err
	}
	stars := make([]Star, len(out))
	for i := range out {
		stars[i] = out[i].Star
	}
	standings, err := s.Standings(ctx, year, stars, day)
	if err != nil {
		return nil, nil, err
	}
	for i := range out {
		h := &out[i]
		h.Standing = standings[h.Project]
		h.Level, h.Label = year.Level(h.Standing.Grade), year.label(h.Standing.Grade)
	}
	return year, out, nil
}

// starred are the starred results of an evaluation by project id; how they stand is left out.
func (s *Service) starred(ctx context.Context, year *Year, evaluation string) ([]Held, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.published[evaluation]; ok {
		return slices.Clone(known), nil
	}
	var out []Held
	for stored, err := range s.Archive.Results(ctx, evaluation) {
		if err != nil {
			return nil, err
		}
		result, err := rating.ReadResult([]byte(stored.Result))
		if err != nil {
			return nil, err
		}
		if year.Level(result.Grade) > 0 {
			out = append(out, Held{Star: Star{Project: stored.Subject, Firm: FirmOf(stored.Keys), Grade: result.Grade}, Name: cmp.Or(stored.Name, stored.Subject), FirmName: stored.Firm, Place: stored.Place, Keys: stored.Keys,
				Published: year.Level(result.Grade), Was: year.label(result.Grade)})
		}
	}
	slices.SortFunc(out, func(a, b Held) int { return cmp.Compare(a.Project, b.Project) })
	for i := range out {
		out[i].Serial = i + 1
	}
	s.published[evaluation] = out
	return slices.Clone(out), nil
}

// FirmOf is the firm among scope keys, "" for none.
func FirmOf(keys []string) string {
	for _, key := range keys {
		if firm, ok := strings.CutPrefix(key, policy.FirmKey("")); ok {
			return firm
		}
	}
	return ""
}
