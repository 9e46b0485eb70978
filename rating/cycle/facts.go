package cycle

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating"
)

// Facts are the frozen facts of one project in one period. The document `facts/<period>/<project>` gets a new record when a period is evaluated anew with
// other facts; each evaluation names the facts that it read by their hash.
type Facts struct {
	// Period and Project are the ids; Firm is the id of the firm that held the project at the cut-off.
	Period  string `json:"period" privacy:"public"`
	Project string `json:"project" privacy:"public"`
	Firm    string `json:"firm,omitempty" privacy:"public"`
	// Cutoff is the instant up to which acceptance counted, UpTo the last log number that was looked at.
	Cutoff journal.Time `json:"cutoff"`
	UpTo   int64        `json:"up_to"`
	// Scheme is the SHA-256 of the scheme's file.
	Scheme string `json:"scheme" privacy:"public"`
	// Values are the facts as canonical JSON: value, numerator, denominator, source hashes; Hash is its SHA-256.
	Values string `json:"values" privacy:"internal"`
	Hash   string `json:"hash" privacy:"public"`
	// Rules say of each fact that has a value how it was gathered.
	Rules []GatheredFact `json:"rules,omitempty"`
	// Late are readings that lie in the period but were accepted after the cut-off (截止后到达), at most MaxLate of them; LateCount counts all.
	Late      []LateReading `json:"late,omitempty"`
	LateCount int           `json:"late_count,omitempty"`
	// Refused are facts whose readings came to a value that the scheme does not allow; they count as missing.
	Refused []RefusedFact `json:"refused,omitempty"`
}

// MaxLate is how many late readings a document of facts lists one by one.
const MaxLate = 30

// GatheredFact says how one fact was gathered.
type GatheredFact struct {
	// Fact is the id in the scheme, Rule one of the gather rules, Unit the scheme's unit.
	Fact string `json:"fact" privacy:"public"`
	Rule string `json:"rule" privacy:"public"`
	Unit string `json:"unit,omitempty" privacy:"public"`
	// From and Until are the days of the window; From is no date for what counts ever since.
	From  calendar.Date `json:"from,omitzero"`
	Until calendar.Date `json:"until"`
	// Readings is how many readings were put together, Records are the ids of their records, unless there are more than maxSources of them.
	Readings int      `json:"readings"`
	Records  []string `json:"records,omitempty" privacy:"public"`
	// Source is which of two sources told it, where the scheme names a second one; "" where it does not.
	Source string `json:"source,omitempty" privacy:"public"`
	// Scored and Reviewed are who scored and who reviewed any of the readings, as opaque ids: none of them answers an objection to the line.
	Scored   []string `json:"scored,omitempty" privacy:"internal"`
	Reviewed []string `json:"reviewed,omitempty" privacy:"internal"`
	// Admitted: readings that were accepted after the cut-off count too, because an objection to a line that reads the fact was upheld.
	Admitted bool `json:"admitted,omitempty"`
}

// LateReading is one reading that came too late.
type LateReading struct {
	// Fact is the id of the fact, Day its day, Accepted when it was accepted, Record the id of its record.
	Fact     string        `json:"fact" privacy:"public"`
	Day      calendar.Date `json:"day"`
	Accepted journal.Time  `json:"accepted"`
	Record   string        `json:"record" privacy:"public"`
}

// RefusedFact is a fact whose value the scheme does not allow.
type RefusedFact struct {
	// Fact is the id, Message says in Chinese why.
	Fact    string `json:"fact" privacy:"public"`
	Message string `json:"message" privacy:"internal"`
}

// indexFactsPeriod lists the facts of a period by project.
const indexFactsPeriod = "period"

func newFacts(ctx context.Context, db *store.DB) (*store.Collection[Facts], error) {
	return store.NewCollection(ctx, db, store.Kind[Facts]{
		Name: "facts", Version: 1,
		Indexes: []store.Index[Facts]{{
			Name: indexFactsPeriod,
			Keys: func(_ string, f *Facts) []string { return []string{f.Period} },
		}},
	})
}

// factsID is the stream of the facts of a project in a period.
func factsID(period, project string) string { return period + "/" + project }

// Facts returns the frozen facts of a project in a period. Returns NotFound if none were frozen.
func (s *Service) Facts(ctx context.Context, period, project string) (Facts, error) {
	doc, err := s.facts.Load(ctx, factsID(period, project))
	return doc.State, err
}

// Uses says, for registry.Uses, in how many periods the facts of a project were frozen since a moment: “2 期评价”, "" for none and for keys of anything else.
// It asks for no right.
func (s *Service) Uses(ctx context.Context, key string, since time.Time) (string, error) {
	project, ok := strings.CutPrefix(key, policy.ProjectKey(""))
	if !ok {
		return "", nil
	}
	frozen := 0
	for q := (store.Query{Index: indexPeriods, Limit: store.MaxLimit}); ; {
		page, err := s.periods.List(ctx, q)
		if err != nil {
			return "", err
		}
		for _, p := range page.Docs {
			switch f, err := s.facts.Load(ctx, factsID(p.ID, project)); {
			case err == nil && !f.At.Before(since):
				frozen++
			case err != nil && !fault.Is(err, fault.NotFound):
				return "", err
			}
		}
		if q.After = page.Next; q.After != "" {
			continue
		}
		if frozen == 0 {
			return "", nil
		}
		return fmt.Sprintf("%d 期评价", frozen), nil
	}
}

// freeze makes the document of one project: the values put into the form that is hashed. Values that the scheme refuses are left out and named.
func (b *bucket) freeze(g *gathering) (Facts, rating.Subject) {
	s := g.scheme
	sub := s.NewSubject(b.holding.Project, g.period, dateOf(g.days.Last))
	f := Facts{Period: g.period, Project: b.holding.Project, Firm: b.holding.Firm, Cutoff: journal.At(g.cutoff), UpTo: g.upTo, Scheme: s.Hash,
		Late: firstLate(b.late), LateCount: len(b.late)}
	known := g.known.values(&b.holding, g.days.Last)
	for i := range s.Facts {
		m := &g.mergers[i]
		var v rating.Value
		var err error
		readings, source, hands := 0, m.fact.Source, hands{}
		var records []string
		if m.rule == RuleRegister {
			v = known[m.fact.ID]
		} else {
			var told *gathered
			told, source = b.told(i, m.fact)
			readings, records, hands = told.readings, told.namedRecords(), told.hands
			if g.fed(m.fact) {
				v, err = m.value(told)
			}
		}
		if err == nil {
			err = sub.Set(m.fact.ID, v)
		}
		if err != nil {
			f.Refused = append(f.Refused, RefusedFact{Fact: m.fact.ID, Message: refusal(err)})
			continue
		}
		if v.State == rating.Missing {
			continue
		}
		if m.fact.Otherwise == "" {
			source = "" // the scheme tells it
		}
		rule := GatheredFact{Fact: m.fact.ID, Rule: m.rule, Source: source, Unit: m.fact.Unit, From: m.span.First, Until: m.span.Last, Readings: readings, Records: records, Scored: hands.scored, Reviewed: hands.reviewed, Admitted: g.admitted[f.Project][m.fact.ID]}
		if m.fact.Window == "ever" || m.fact.Window == "at_cutoff" {
			rule.From = calendar.Date{}
		}
		f.Rules = append(f.Rules, rule)
	}
	f.Values, f.Hash = string(sub.Canonical()), sub.Hash()
	return f, sub
}

// firstLate are the readings that came in first, in an order that does not depend on the sources.
func firstLate(late []LateReading) []LateReading {
	slices.SortFunc(late, func(a, b LateReading) int {
		return cmp.Or(a.Accepted.Compare(b.Accepted.Time), cmp.Compare(a.Record, b.Record))
	})
	return late[:min(len(late), MaxLate)]
}

// refusal is what a person reads about a refused value.
func refusal(err error) string {
	if fields := fault.FieldsOf(err); len(fields) > 0 {
		return fields[0].Message
	}
	if m := fault.MessageOf(err); m != "" {
		return m
	}
	return fmt.Sprint(err)
}
