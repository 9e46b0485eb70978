package repair

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
)

// Outcome is what came of a call; "" before.
type Outcome string

// The outcomes.
const (
	// Satisfied and Dissatisfied: reached, it is repaired.
	Satisfied    Outcome = "satisfied"
	Dissatisfied Outcome = "dissatisfied"
	// Undone: reached, it is not repaired. Phantom: reached, nobody there reported it.
	Undone  Outcome = "undone"
	Phantom Outcome = "phantom"
	// WrongNumber: the number belongs to somebody else or to nobody.
	WrongNumber Outcome = "wrong_number"
	// Unreached: nobody answered, as often as the rules ask for.
	Unreached Outcome = "unreached"
)

// Outcomes lists what a call can come to.
func Outcomes() []registry.Choice {
	return []registry.Choice{{ID: string(Satisfied), Text: "接通，已修好，满意"}, {ID: string(Dissatisfied), Text: "接通，已修好，不满意"}, {ID: string(Undone), Text: "接通，没有修好"}, {ID: string(Phantom), Text: "接通，没有报过修"},
		{ID: string(WrongNumber), Text: "号码不对"}, {ID: string(Unreached), Text: "没有接通"}}
}

// Title is the outcome for people.
func (o Outcome) Title() string { return registry.TextOf(Outcomes(), o) }

// Call is one repair that was drawn and what came of calling back.
type Call struct {
	// Repair is its id, Number its number then.
	Repair string `json:"repair" privacy:"public"`
	Number string `json:"number" privacy:"public"`
	// Outcome is what came of it, "" while it is open; Tries how often nobody answered, Words what was said beside it.
	Outcome Outcome `json:"outcome,omitempty" privacy:"public"`
	Tries   int64   `json:"tries,omitempty"`
	Words   string  `json:"words,omitempty" privacy:"internal"`
	// Hand is who called last.
	Hand supervision.Hand `json:"hand,omitzero"`
}

// Sample is what was drawn of a firm's log of one compound and month.
type Sample struct {
	// Project to TownshipName are as in Repair.
	Project       string `json:"project" privacy:"public"`
	ProjectName   string `json:"project_name" privacy:"public"`
	Firm          string `json:"firm" privacy:"public"`
	FirmName      string `json:"firm_name" privacy:"public"`
	CommunityName string `json:"community_name" privacy:"public"`
	TownshipName  string `json:"township_name" privacy:"public"`
	// Keys are the scope keys, Day the last day on which something of it was reported, by which they are looked at.
	Keys []string      `json:"keys" privacy:"internal"`
	Day  calendar.Date `json:"day"`
	// Ended is the last day of the month in which the repairs were done.
	Ended calendar.Date `json:"ended"`
	// Drawn is when it was drawn, Seed by what (Draw), Frame the SHA-256 of the ids from which it was drawn, joined by line ends, Population their number.
	Drawn      journal.Time `json:"drawn"`
	Seed       string       `json:"seed" privacy:"public"`
	Frame      string       `json:"frame" privacy:"public"`
	Population int64        `json:"population"`
	// InTime is how many of them were answered in time as the log said then, Urgent how many were urgent.
	InTime int64 `json:"in_time"`
	Urgent int64 `json:"urgent"`
	// Calls are those drawn, Due until when they are called.
	Calls []Call            `json:"calls"`
	Due   calendar.Deadline `json:"due"`
}

// Open is how many calls are still to be made.
func (a *Sample) Open() int {
	n := 0
	for i := range a.Calls {
		if a.Calls[i].Outcome == "" {
			n++
		}
	}
	return n
}

// Counts are how many calls reached somebody and how many of these were satisfied. Who did not report anything, and a wrong number, are counted as reached and not satisfied: a log must be such that it can be checked.
func (a *Sample) Counts() (satisfied, reached int64) {
	for i := range a.Calls {
		switch a.Calls[i].Outcome {
		case Satisfied:
			satisfied++
			reached++
		case Dissatisfied, Undone, Phantom, WrongNumber:
			reached++
		}
	}
	return satisfied, reached
}

// Month is the month for people: 2026年9月.
func (a *Sample) Month() string {
	year, month, _ := a.Ended.Parts()
	return fmt.Sprintf("%d年%d月", year, month)
}

// mostCalls bounds the calls of one sample, so that it fits into its record.
const mostCalls = 200

func sampleDocument() store.Kind[Sample] {
	open := func(_ string, a *Sample) []string {
		var keys []string
		for _, key := range supervision.ListKeys(a.Keys) {
			keys = append(keys, key)
			if a.Open() > 0 {
				keys = append(keys, "open/"+key)
			}
		}
		return append(keys, "month/"+a.Ended.String())
	}
	return store.Kind[Sample]{Name: sampleKind, Version: 1, Indexes: []store.Index[Sample]{{Name: byScope, Keys: open, Sort: func(_ string, a *Sample) string { return a.Ended.String() + a.Project }}}}
}

// Draw draws so many of some ids by a seed: those with the smallest SHA-256 over "seed/id". Whoever has seed and ids draws the same again.
func Draw(seed string, ids []string, n int) []string {
	type ticket struct {
		id  string
		lot [sha256.Size]byte
	}
	tickets := make([]ticket, len(ids))
	for i, id := range ids {
		tickets[i] = ticket{id, sha256.Sum256([]byte(seed + "/" + id))}
	}
	slices.SortFunc(tickets, func(x, y ticket) int { return bytes.Compare(x.lot[:], y.lot[:]) })
	out := make([]string, min(n, len(ids)))
	for i := range out {
		out[i] = tickets[i].id
	}
	slices.Sort(out)
	return out
}

// size is how many of a population are called: the share, rounded up, at least one.
func (t *Terms) size(population int) int {
	return min(max(1, (population*int(t.file.SamplePercent)+99)/100), mostCalls)
}

// DrawDue draws the samples of the last two months whose days for completing the log are over and which were not drawn yet. A job of every night; twice is once.
func (s *Service) DrawDue(ctx context.Context) error {
	first, err := firstOf(s.today())
	if err != nil {
		return err
	}
	for back := range 2 {
		ended := first.AddMonths(-back).Add(-1)
		term, err := s.Deadlines(enterRule, ended)
		if err != nil {
			return err
		}
		if !term.Late(s.Now()) {
			continue
		}
		if err := s.draw(ctx, ended); err != nil {
			return err
		}
	}
	return nil
}

// draw draws the samples of one month, compound by compound.
func (s *Service) draw(ctx context.Context, ended calendar.Date) error {
	var log []store.Doc[Repair]
	flush := func() error {
		if len(log) == 0 {
			return nil
		}
		err := s.drawOne(ctx, ended, log)
		log = log[:0]
		return err
	}
	if err := s.eachOfMonth(ctx, "d/"+ended.String()[:7], func(d *store.Doc[Repair]) error {
		if len(log) > 0 && (log[0].State.Project != d.State.Project || log[0].State.Firm != d.State.Firm) {
			if err := flush(); err != nil {
				return err
			}
		}
		log = append(log, *d)
		return nil
	}); err != nil {
		return err
	}
	return flush()
}

// drawOne draws the sample of one compound, firm and month, if there is none yet.
func (s *Service) drawOne(ctx context.Context, ended calendar.Date, log []store.Doc[Repair]) error {
	last := &log[0].State
	id := last.Project + "." + ended.String()[:7] + "." + s.DB.MAC(sampleKind, last.Firm)[:22]
	if _, err := s.samples.Head(ctx, id); !fault.Is(err, fault.NotFound) {
		return err
	}
	due, err := s.Deadlines(callRule, s.today())
	if err != nil {
		return err
	}
	a := Sample{Ended: ended, Drawn: journal.At(s.Now()), Due: due, Population: int64(len(log))}
	ids, numbers := make([]string, len(log)), map[string]string{}
	for i := range log {
		r := &log[i].State
		ids[i], numbers[log[i].ID] = log[i].ID, r.Number
		if r.Day.Compare(last.Day) > 0 {
			last = r
		}
		if !r.Late(s.Now()) {
			a.InTime++
		}
		if r.Said.Urgent {
			a.Urgent++
		}
	}
	slices.Sort(ids)
	frame := sha256.Sum256([]byte(strings.Join(ids, "\n")))
	a.Project, a.ProjectName, a.Firm, a.FirmName, a.CommunityName, a.TownshipName, a.Keys, a.Day = last.Project, last.ProjectName, last.Firm, last.FirmName, last.CommunityName, last.TownshipName, last.Keys, last.Day
	// The seed depends on a secret and on the whole log: nobody can know it before, and nobody can choose it.
	a.Frame = hex.EncodeToString(frame[:])
	a.Seed = s.DB.MAC("repair/sample", id+"/"+a.Frame)[:32]
	for _, drawn := range Draw(a.Seed, ids, s.Terms.size(len(ids))) {
		a.Calls = append(a.Calls, Call{Repair: drawn, Number: numbers[drawn]})
	}
	_, err = s.samples.Commit(ctx, store.Meta{By: policy.SystemActor().ID, Action: string(policy.RunJob), Why: "抽取报修回访"}, id, 0, a)
	if fault.Is(err, fault.Conflict) {
		return nil // another process was quicker
	}
	return err
}

// SampleFilter narrows the list of samples; the zero value is everything.
type SampleFilter struct {
	// Open: only those with calls to make. Project and Firm are ids.
	Open          bool
	Project, Firm string
}

// Samples returns up to 50 samples, the last month first, and the cursor of the next page. Who may not call sees of open calls nothing but how many there are. Returns Forbidden without ReadRepairs.
func (s *Service) Samples(ctx context.Context, by policy.Actor, w SampleFilter, after string) (store.Page[Sample], error) {
	scope, err := s.calls.Scope(ctx, by, policy.ReadRepairs)
	if err != nil {
		return store.Page[Sample]{}, err
	}
	before := ""
	if w.Open {
		before = "open/"
	}
	q := supervision.ScopeQuery(scope, byScope, before, "")
	switch {
	case w.Project != "":
		q.Key, q.In = before+policy.ProjectKey(w.Project), nil
	case w.Firm != "":
		q.Key, q.In = before+policy.FirmKey(w.Firm), nil
	}
	q.After, q.Limit, q.Desc = after, perPage, true
	page, err := s.samples.ListWhere(ctx, q, func(d *store.Doc[Sample]) bool { return scope.Covers(d.State.Keys, d.State.Day) })
	for i := range page.Docs {
		s.hide(by, &page.Docs[i].State)
	}
	return page, err
}

// hide takes out what only those who call may know of calls that are not made yet, and of the seed by which they could be found.
func (s *Service) hide(by policy.Actor, a *Sample) {
	a.Due = s.Resolve(a.Due)
	if s.Guard.Allow(by, policy.CheckRepairs) || a.Open() == 0 {
		return
	}
	calls := slices.Clone(a.Calls)
	for i := range calls {
		if calls[i].Outcome == "" {
			calls[i] = Call{}
		}
	}
	a.Calls, a.Seed = calls, ""
}

// Called is one call with the repair that it is about, as the log has it now.
type Called struct {
	Call
	// About is nil for an open call and somebody who does not call. Its phone is whole for who is to call, else masked.
	About *Repair
}

// Sample returns a sample with what was drawn. Returns Forbidden without ReadRepairs, NotFound outside the scope.
func (s *Service) Sample(ctx context.Context, by policy.Actor, id string) (store.Doc[Sample], []Called, error) {
	scope, err := s.calls.Scope(ctx, by, policy.ReadRepairs)
	if err != nil {
		return store.Doc[Sample]{}, nil, err
	}
	doc, err := s.calls.Load(ctx, "repair.Sample", scope, id)
	if err != nil {
		return doc, nil, err
	}
	s.hide(by, &doc.State)
	calls := doc.State.Calls
	var ids []string
	for i := range calls {
		if calls[i].Repair != "" {
			ids = append(ids, calls[i].Repair)
		}
	}
	found, err := s.rows.LoadEach(ctx, ids)
	out := make([]Called, len(calls))
	for i := range calls {
		out[i].Call = calls[i]
		for _, d := range found {
			if d == nil || d.ID != calls[i].Repair {
				continue
			}
			r := d.State
			if calls[i].Outcome != "" {
				r.Said.Phone = Mask(r.Said.Phone)
			}
			out[i].About = &r
		}
	}
	return doc, out, err
}

// Call says what came of a call. What nobody answered stays open until it was tried as often as repairs.yaml asks for, on different days. Returns Forbidden without CheckRepairs or for somebody of a firm, NotFound outside the
// scope, Invalid for refused fields (outcome, words), Conflict if the call was made already or somebody was quicker.
func (s *Service) Call(ctx context.Context, by policy.Actor, at supervision.At, repair string, outcome Outcome, words string) (store.Doc[Sample], error) {
	const op = "repair.Call"
	for _, ap := range by.Appointments {
		if strings.HasPrefix(ap.Unit, policy.FirmKey("")) {
			return store.Doc[Sample]{}, &fault.Error{Op: op, Kind: fault.Forbidden, Message: "物业服务企业的人员不能回访报修", Rule: "报修台账规则：企业不能办理对自己的回访"}
		}
	}
	return s.calls.Change(ctx, by, policy.CheckRepairs, at, "登记报修回访", func(_ policy.Scope, a *Sample) error {
		var w wrong
		w.text("words", "说明", &words, 0, MaxWords)
		if outcome.Title() == string(outcome) {
			w.add("outcome", "请选择回访结果")
		}
		if len(w) > 0 {
			return fault.InvalidFields(op, w...)
		}
		calls := slices.Clone(a.Calls)
		i := slices.IndexFunc(calls, func(c Call) bool { return c.Repair == repair })
		switch {
		case i < 0:
			return fault.New(op, fault.NotFound, "这个月没有抽到这条报修")
		case calls[i].Outcome != "":
			return fault.New(op, fault.Conflict, "这一条已经回访过")
		}
		c, now := &calls[i], s.Now()
		if outcome == Unreached {
			if c.Tries > 0 && calendar.DateOf(c.Hand.At.Time) == calendar.DateOf(now) {
				return fault.New(op, fault.Conflict, "今天已经打过一次，没有接通的请改日再打")
			}
			c.Tries++
		}
		if outcome != Unreached || c.Tries >= s.Terms.file.Calls {
			c.Outcome = outcome
		}
		c.Words, c.Hand = words, supervision.HandOf(s.Guard.Rules(), by, policy.CheckRepairs, journal.At(now))
		a.Calls = calls
		return nil
	})
}

// ToCall returns up to 50 samples with calls that the actor is to make, the oldest first: in a community all of them, for the whole county those whose days are over. Returns Forbidden without CheckRepairs.
func (s *Service) ToCall(ctx context.Context, by policy.Actor) ([]store.Doc[Sample], error) {
	scope, err := s.calls.Scope(ctx, by, policy.CheckRepairs)
	if err != nil {
		return nil, err
	}
	q := supervision.ScopeQuery(scope, byScope, "open/", "")
	q.Limit = perPage
	now := s.Now()
	page, err := s.samples.ListWhere(ctx, q, func(d *store.Doc[Sample]) bool {
		d.State.Due = s.Resolve(d.State.Due)
		return scope.Covers(d.State.Keys, d.State.Day) && (!scope.All() || d.State.Due.Late(now))
	})
	return page.Docs, err
}

const (
	// Source is what the rating calls the logs and their samples.
	Source = "repair"
	// factCalls is the fact that the samples tell.
	factCalls = "repair_callbacks"
)

// Source implements supervision.Readings.
func (s *Service) Source() string { return Source }

// EachReading implements supervision.Readings: one reading for each repair of the span, and one for each sample of a month within it that was called to the end; a sample in which nobody was reached says nothing.
func (s *Service) EachReading(ctx context.Context, span calendar.Span, asOf time.Time, upTo int64, yield func(supervision.Reading) error) error {
	if err := s.eachInTime(ctx, span, asOf, upTo, yield); err != nil {
		return err
	}
	first, err := firstOf(span.First)
	if err != nil {
		return err
	}
	for ended := first.AddMonths(1).Add(-1); ended.Compare(span.Last) <= 0; ended = ended.Add(1).AddMonths(1).Add(-1) {
		for q := (store.Query{Index: byScope, Key: "month/" + ended.String(), Limit: store.MaxLimit}); ; {
			page, err := s.samples.ListHeads(ctx, q)
			if err != nil {
				return err
			}
			for _, c := range page.Heads {
				satisfied, reached := c.State.Counts()
				if c.State.Open() > 0 || reached == 0 || c.At.After(asOf) || c.N > upTo {
					continue
				}
				r := supervision.Reading{Project: c.State.Project, Firm: c.State.Firm, Fact: factCalls, Day: ended, Accepted: c.At, Record: c.RecordID, Hash: hex.EncodeToString(c.Hash[:]), N: c.N,
					Cells: []supervision.Cell{{Column: "repair_callbacks_satisfied", Number: num.FromInt(satisfied)}, {Column: "repair_callbacks_reached", Number: num.FromInt(reached)}}}
				for _, call := range c.State.Calls {
					r.ScoredBy = call.Hand.Signed()
				}
				if err := yield(r); err != nil {
					return err
				}
			}
			if q.After = page.Next; q.After == "" {
				break
			}
		}
	}
	return nil
}
