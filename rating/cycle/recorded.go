package cycle

import (
	"context"
	"encoding/hex"
	"slices"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/conduct"
	"redsteward/registry/party"
	"redsteward/supervision"
	"redsteward/supervision/repair"
)

// The sources that are registers with records of their own. What they hold can be opened again, corrected and annulled, so what counts depends on the moment that is asked about.
const (
	// SourceParty are the confirmed sheets of party activities (党建台账).
	SourceParty = "party"
	// SourceHonours are the confirmed honours (表彰奖励).
	SourceHonours = "honour"
)

// restated is a source of records that are restated after they counted: it is asked as of the cut-off for what counts, and as of now for what came after it.
type restated interface {
	supervision.Readings
	// eachTwice yields the readings as of the cut-off, and then, as of now, those that were accepted after it.
	eachTwice(ctx context.Context, span calendar.Span, cutoff, now time.Time, upTo int64, yield func(supervision.Reading) error) error
}

// twice is eachTwice over EachReading of a source.
func twice(ctx context.Context, source supervision.Readings, span calendar.Span, cutoff, now time.Time, upTo int64, yield func(supervision.Reading) error) error {
	if now.Before(cutoff) {
		cutoff = now
	}
	if err := source.EachReading(ctx, span, cutoff, upTo, yield); err != nil || !now.After(cutoff) {
		return err
	}
	return source.EachReading(ctx, span, now, upTo, func(r supervision.Reading) error {
		if !r.Accepted.After(cutoff) {
			return nil
		}
		return yield(r)
	})
}

// Repairs makes readings of the logs of repairs (报修台账), whose rows are corrected after they counted.
type Repairs struct{ *repair.Service }

func (r Repairs) eachTwice(ctx context.Context, span calendar.Span, cutoff, now time.Time, upTo int64, yield func(supervision.Reading) error) error {
	return twice(ctx, r.Service, span, cutoff, now, upTo, yield)
}

// Firms tells how the party is organised in a firm and which compounds it holds; registry.Register does.
type Firms interface {
	supervision.Holdings
	// PartyOf is how the party is organised in a firm on a day, the zero value if nothing is known.
	PartyOf(ctx context.Context, firm string, on calendar.Date) (registry.Party, error)
}

// PartySheets makes readings of confirmed sheets: branch life counts for every compound of the firm, co-building for those in the community of the sheet.
type PartySheets struct {
	// Sheets are asked for what is confirmed, Firms for the rest.
	Sheets *party.Service
	Firms  Firms
}

// Source implements supervision.Readings.
func (p *PartySheets) Source() string { return SourceParty }

func (p *PartySheets) eachTwice(ctx context.Context, span calendar.Span, cutoff, now time.Time, upTo int64, yield func(supervision.Reading) error) error {
	return twice(ctx, p, span, cutoff, now, upTo, yield)
}

// kindsOf are the kinds of co-building that a firm and a community have done since the beginning of a span.
type kindsOf map[string]map[party.Kind]bool

// fresh is how many kinds of a sheet were not done before, and notes them.
func (k kindsOf) fresh(s *party.Sheet) int64 {
	pair := s.Firm + "/" + s.Community
	if k[pair] == nil {
		k[pair] = map[party.Kind]bool{}
	}
	n := int64(0)
	for _, l := range s.Lines {
		if l.Kind.Together() && !k[pair][l.Kind] {
			k[pair][l.Kind] = true
			n++
		}
	}
	return n
}

// EachReading implements supervision.Readings. Besides the sheets of one quarter it holds the kinds of co-building by firm and community.
func (p *PartySheets) EachReading(ctx context.Context, span calendar.Span, asOf time.Time, upTo int64, yield func(supervision.Reading) error) error {
	known := kindsOf{}
	return p.Sheets.EachStanding(ctx, span, asOf, upTo, func(q calendar.Quarter, sheets []store.Change[party.Sheet]) error {
		day := q.Span().Last
		if today := calendar.DateOf(asOf); today.Compare(day) < 0 {
			day = today
		}
		if !span.Has(day) {
			return nil
		}
		firm := sheets[0].State.Firm
		form, err := p.Firms.PartyOf(ctx, firm, day)
		if err != nil {
			return err
		}
		held, err := p.Firms.Held(ctx, firm, day)
		if err != nil {
			return err
		}
		life := branchLife{quarter: q, form: form, done: map[party.Kind]int{}}
		for i := range sheets {
			told := life.take(&sheets[i].State)
			together := supervision.Reading{Fact: "cobuild_kinds", Cells: cellsOf("cobuild_kinds", known.fresh(&sheets[i].State))}
			for _, place := range held {
				list := told
				if place.Community == sheets[i].State.Community {
					list = append(slices.Clone(told), together)
				}
				for _, r := range list {
					r.Project, r.Firm, r.Day = place.Project, firm, day
					signed(&r, &sheets[i])
					if err := yield(r); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
}

// signed puts the record of a sheet behind a reading: who handed it on and who confirmed it last.
func signed(r *supervision.Reading, sheet *store.Change[party.Sheet]) {
	r.Record, r.Hash, r.N, r.Accepted = sheet.RecordID, hex.EncodeToString(sheet.Hash[:]), sheet.N, sheet.At
	if a := sheet.State.Approval; a != nil && len(a.Decisions) > 0 {
		last := a.Decisions[len(a.Decisions)-1]
		r.ScoredBy, r.ReviewedBy = a.Maker, string(last.As)+"/"+last.By
	}
}

// cellsOf are cells of columns and whole numbers in turn.
func cellsOf(columnsAndNumbers ...any) []supervision.Cell {
	var out []supervision.Cell
	for i := 0; i < len(columnsAndNumbers); i += 2 {
		out = append(out, supervision.Cell{Column: columnsAndNumbers[i].(string), Number: num.FromInt(columnsAndNumbers[i+1].(int64))})
	}
	return out
}

// branchLife puts the sheets of a firm's quarter together. An activity that stands in the sheets of two communities counts once; of a kind no more count than are due, so that theme days do
// not make up for a lecture. What is due is told with the first sheet.
type branchLife struct {
	quarter calendar.Quarter
	form    registry.Party
	begun   bool
	seen    []party.Line
	done    map[party.Kind]int
}

// take returns what a sheet adds to the facts of the firm.
func (b *branchLife) take(s *party.Sheet) []supervision.Reading {
	var due, held, trainings, trained, present, expected int64
	branch := b.form.Form == registry.PartyOwn || b.form.Form == registry.PartyJoint
	if !b.begun {
		for _, c := range party.Kinds() {
			k := party.Kind(c.ID)
			if k == party.Training {
				trainings += int64(party.Due(b.form, k, b.quarter))
			} else {
				due += int64(party.Due(b.form, k, b.quarter))
			}
		}
		b.begun = true
	}
	for _, l := range s.Lines {
		if l.Kind.Together() || slices.ContainsFunc(b.seen, func(o party.Line) bool { return o.Kind == l.Kind && o.Day == l.Day }) {
			continue
		}
		b.seen = append(b.seen, l)
		if l.Kind.Meeting() {
			present, expected = present+l.Present, expected+l.Expected
		}
		if b.done[l.Kind] >= party.Due(b.form, l.Kind, b.quarter) {
			continue
		}
		b.done[l.Kind]++
		if l.Kind == party.Training {
			trained++
		} else {
			held++
		}
	}
	switch {
	case !branch:
		return []supervision.Reading{{Fact: "instructor_visits", Cells: cellsOf("instructor_visits_made", held, "instructor_visits_due", due)},
			{Fact: "training", Cells: cellsOf("training_held", trained, "training_due", trainings)}}
	case b.form.Form == registry.PartyJoint:
		return withAttendance(supervision.Reading{Fact: "joint_meetings", Cells: cellsOf("joint_meetings_joined", held, "joint_meetings_due", due)}, present, expected)
	}
	return withAttendance(supervision.Reading{Fact: "branch_meetings", Cells: cellsOf("branch_meetings_held", held, "branch_meetings_due", due)}, present, expected)
}

// withAttendance adds who came to the meetings, if there were any.
func withAttendance(meetings supervision.Reading, present, expected int64) []supervision.Reading {
	out := []supervision.Reading{meetings}
	if expected > 0 {
		out = append(out, supervision.Reading{Fact: "branch_attendance", Cells: cellsOf("attendance_present", present, "attendance_expected", expected)})
	}
	return out
}

// Honours makes readings of confirmed honours of a firm, which count for every compound that it holds on the last day, and of compounds. Those of persons do not count.
type Honours struct {
	// Books keep them, Firms tells what a firm holds.
	Books *conduct.Service
	Firms Firms
}

// Source implements supervision.Readings.
func (h *Honours) Source() string { return SourceHonours }

func (h *Honours) eachTwice(ctx context.Context, span calendar.Span, cutoff, now time.Time, upTo int64, yield func(supervision.Reading) error) error {
	return twice(ctx, h, span, cutoff, now, upTo, yield)
}

// EachReading implements supervision.Readings.
func (h *Honours) EachReading(ctx context.Context, span calendar.Span, asOf time.Time, upTo int64, yield func(supervision.Reading) error) error {
	return h.Books.EachStanding(ctx, conduct.Honours, asOf, upTo, func(c store.Change[conduct.Entry]) error {
		e := &c.State
		if e.Person != "" || !span.Has(e.Decided) {
			return nil
		}
		places := []registry.Place{{Project: e.Project}}
		if e.Project == "" {
			var err error
			if places, err = h.Firms.Held(ctx, e.Firm, span.Last); err != nil {
				return err
			}
		}
		r := supervision.Reading{Firm: e.Firm, Fact: "commendations", Day: e.Decided, Accepted: c.At, Record: c.RecordID, Hash: hex.EncodeToString(c.Hash[:]), N: c.N,
			Cells: []supervision.Cell{{Column: "commendations", Text: e.Class, Until: e.Until, Document: e.Number}}}
		for _, act := range e.Acts {
			if act.Part == policy.PartMake {
				r.ScoredBy = act.By
			} else {
				r.ReviewedBy = act.By
			}
		}
		for _, place := range places {
			r.Project = place.Project
			if err := yield(r); err != nil {
				return err
			}
		}
		return nil
	})
}
