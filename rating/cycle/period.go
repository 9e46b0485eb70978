package cycle

import (
	"context"
	"fmt"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating"
)

// State is where a period stands.
type State string

// The states of a period.
const (
	// StatePlanned: the days and the scheme are laid down, nothing is taken yet.
	StatePlanned State = "planned"
	// StateOpen: proof is taken.
	StateOpen State = "open"
	// StateClosed: no more proof is taken; what was submitted may still be reviewed until the cut-off.
	StateClosed State = "closed"
	// StateEvaluated: there is a result, which is a proposal until it is published. It can be evaluated anew.
	StateEvaluated State = "evaluated"
	// StatePublished: the result was published and never changes.
	StatePublished State = "published"
)

// Chinese is the word for the state.
func (s State) Chinese() string {
	switch s {
	case StatePlanned:
		return "待开启"
	case StateOpen:
		return "收集材料中"
	case StateClosed:
		return "材料已截止"
	case StateEvaluated:
		return "已评价待公布"
	case StatePublished:
		return "已公布"
	}
	return string(s)
}

// Move is what can be done to a period.
type Move string

// The moves of a period.
const (
	MoveOpen     Move = "open"
	MoveClose    Move = "close"
	MoveEvaluate Move = "evaluate"
	// MoveTell tells the firms the scores of a quarter and opens their window of objection, or shows the stars of a year to the public.
	MoveTell Move = "tell"
	// MoveSend sends the result through its approval, MoveSign signs there, MoveWithdraw takes it back.
	MoveSend     Move = "send"
	MoveSign     Move = "sign"
	MoveWithdraw Move = "withdraw"
	MovePublish  Move = "publish"
)

// moves is the transition table: what it does not hold is refused. What an evaluated period allows is bounded further by where its approval stands (held).
var moves = map[State]map[Move]State{
	StatePlanned:   {MoveOpen: StateOpen},
	StateOpen:      {MoveClose: StateClosed},
	StateClosed:    {MoveEvaluate: StateEvaluated},
	StateEvaluated: {MoveEvaluate: StateEvaluated, MoveTell: StateEvaluated, MoveSend: StateEvaluated, MoveSign: StateEvaluated, MoveWithdraw: StateEvaluated, MovePublish: StatePublished},
}

// refusals say why a move is refused in a state, where the bare state does not say it.
var refusals = map[Move]map[State]string{
	MoveEvaluate: {StatePlanned: "还没有开启，不能评价", StateOpen: "材料提交还没有截止，请先截止再评价", StatePublished: "已经公布，结果不能再改"},
	MoveTell:     {StatePublished: "已经公布，不用再告知或者公示"},
	MoveSend:     {StatePublished: "已经公布过，不用再送审"},
	MovePublish:  {StatePublished: "已经公布过，不能重复公布"},
}

// The rhythms of a period.
const (
	RhythmQuarter = "quarter"
	RhythmYear    = "year"
)

// Period is one quarter or year of rating.
type Period struct {
	// ID is 2026Q3 for a quarter and 2026 for a year, Rhythm one of the rhythms, Name what people call it.
	ID     string `json:"id" privacy:"public"`
	Rhythm string `json:"rhythm" privacy:"public"`
	Name   string `json:"name" privacy:"public"`
	// Days are the days of the facts.
	Days calendar.Span `json:"days"`
	// State is where it stands.
	State State `json:"state" privacy:"public"`
	// SchemeID, SchemeVersion and SchemeHash name the scheme; the file with this SHA-256 is stored.
	SchemeID      string `json:"scheme_id" privacy:"public"`
	SchemeVersion string `json:"scheme_version" privacy:"public"`
	SchemeHash    string `json:"scheme_hash" privacy:"public"`
	// Submit is the last day on which proof may be submitted, Cutoff the last day on which what was accepted counts.
	Submit calendar.Date `json:"submit"`
	Cutoff calendar.Date `json:"cutoff"`
	// Opened and Closed say who moved the window and when.
	Opened Act `json:"opened,omitzero"`
	Closed Act `json:"closed,omitzero"`
	// Evaluation is the id of the present evaluation, Evaluated who let it run and when it began, before its facts were gathered, FactsUpTo the log number as of which facts were gathered.
	Evaluation string `json:"evaluation,omitempty" privacy:"public"`
	Evaluated  Act    `json:"evaluated,omitzero"`
	FactsUpTo  int64  `json:"facts_up_to,omitempty"`
	// Near are the projects that lay near a cut in the present evaluation (ranges.yaml), the nearest first, at most maxNear of them.
	Near []string `json:"near,omitempty" privacy:"internal"`
	// Tellings are the tellings of a quarter's scores to the firms, or the publicities of a year's stars, in their order; none of what was published before there were any.
	Tellings []Telling `json:"tellings,omitempty"`
	// Sent is what was last sent through the approval, Approval where that stands; both are nil for what was published before publications were approved. Scans
	// are the signed papers that stand for signatures, in the order in which they were recorded.
	Sent     *Sending         `json:"sent,omitempty"`
	Approval *policy.Approval `json:"approval,omitempty"`
	Scans    []files.Stored   `json:"scans,omitempty"`
	// Publication is there once it was published.
	Publication *Publication `json:"publication,omitempty"`

	// Seq is the number of the last record of the period; it is not part of it.
	Seq int64 `json:"-"`
}

// Act says who did something and when; the zero value is nobody.
type Act struct {
	// By is the opaque id of an account, or system.
	By string `json:"by" privacy:"internal"`
	// At is when, on the business clock.
	At journal.Time `json:"at"`
}

// Publication is the one record by which a period is published.
type Publication struct {
	Act
	// Number is the document number (文号), Minutes how the minutes of the joint review (联审纪要) are cited, MinutesFile the SHA-256 of their scan.
	Number      string `json:"number,omitempty" privacy:"public"`
	Minutes     string `json:"minutes,omitempty" privacy:"internal"`
	MinutesFile string `json:"minutes_file,omitempty" privacy:"internal"`
	// MinutesKind is what the scan is, MinutesShown the SHA-256 of the copy that pages show, "" if the kind has none.
	MinutesKind  files.Kind `json:"minutes_kind,omitempty" privacy:"internal"`
	MinutesShown string     `json:"minutes_shown,omitempty" privacy:"internal"`
	// Root is the Merkle root over all results, Count how many there are.
	Root  string `json:"root" privacy:"public"`
	Count int    `json:"count"`
	// Grades counts the results of each grade.
	Grades map[string]int `json:"grades,omitempty" privacy:"public"`
}

// Stars reports whether the period gives stars; a quarter gives a score only, without star and without rank.
func (p Period) Stars() bool { return p.Rhythm == RhythmYear }

// SubmitOver reports whether the last day of submission is over.
func (p Period) SubmitOver(now time.Time) bool { return !now.Before(p.Submit.Ends()) }

// after returns the state after a move. Returns Conflict that says why it cannot be.
func (p *Period) after(m Move) (State, error) {
	next, ok := moves[p.State][m]
	why := refusals[m][p.State]
	if ok && p.State == StateEvaluated {
		why = p.held(m)
	}
	switch {
	case ok && why == "":
		return next, nil
	case why == "":
		why = "现在是“" + p.State.Chinese() + "”，不能这样办理"
	}
	return "", fault.New("cycle.Period", fault.Conflict, p.Name+why)
}

// indexPeriods lists all periods under "", and those of a rhythm in a state under rhythm/state, by their last day; of one day the quarter stands before the year.
const indexPeriods = "periods"

func newPeriods(ctx context.Context, db *store.DB) (*store.Collection[Period], error) {
	return store.NewCollection(ctx, db, store.Kind[Period]{
		Name: "period", Version: 1,
		Indexes: []store.Index[Period]{{
			Name: indexPeriods,
			Keys: func(_ string, p *Period) []string { return []string{"", periodKey(p.Rhythm, p.State)} },
			Sort: func(_ string, p *Period) string { return p.Days.Last.String() + p.Rhythm },
		}},
	})
}

func periodKey(rhythm string, s State) string { return rhythm + "/" + string(s) }

// parsePeriod reads 2026Q3 or 2026.
func parsePeriod(id string) (Period, error) {
	if q, err := calendar.ParseQuarter(id); err == nil {
		return Period{ID: id, Rhythm: RhythmQuarter, Name: q.Chinese(), Days: q.Span()}, nil
	}
	y, err := calendar.ParseYear(id)
	if err != nil {
		return Period{}, fault.InvalidFields("cycle.Period", fault.Field{Name: "period", Message: fmt.Sprintf("周期要写成 2026Q3（季度）或 2026（年度），不能是“%s”", short(id))})
	}
	return Period{ID: id, Rhythm: RhythmYear, Name: y.Chinese() + "度", Days: y.Span()}, nil
}

// short cuts a text that is quoted in a message.
func short(text string) string {
	if r := []rune(text); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return text
}

// Plan lays down a period: its scheme, the last day of submission and the cut-off. Returns Conflict if it was planned before, Invalid with every wrong
// field: a period that is none, no scheme of this rhythm, a scheme that is not in force, days out of order.
func (s *Service) Plan(ctx context.Context, by policy.Actor, id string, submit, cutoff calendar.Date) (Period, error) {
	const op = "cycle.Plan"
	if err := s.guard.Require(by, policy.ManagePeriod); err != nil {
		return Period{}, err
	}
	p, err := parsePeriod(id)
	if err != nil {
		return Period{}, err
	}
	var bad []fault.Field
	fail := func(name, format string, args ...any) {
		bad = append(bad, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
	}
	file, err := s.toPlan(ctx, p.Rhythm)
	if err != nil {
		return Period{}, err
	}
	ok := file.scheme != nil
	if !ok {
		fail("period", "没有%s的评分方案", p.Name)
	}
	if submit.Compare(p.Days.First) < 0 {
		fail("submit", "材料提交截止日 %s 早于周期的第一天 %s", submit.Chinese(), p.Days.First.Chinese())
	}
	if cutoff.Compare(submit) < 0 {
		fail("cutoff", "统计截止日 %s 早于材料提交截止日 %s", cutoff.Chinese(), submit.Chinese())
	}
	if cutoff.Compare(p.Days.Last) < 0 {
		fail("cutoff", "统计截止日 %s 早于周期的最后一天 %s", cutoff.Chinese(), p.Days.Last.Chinese())
	}
	if ok && !inForce(file.scheme, p.Days.Last) {
		fail("period", "评分方案 %s %s 的有效期（%s 至 %s）不含 %s", file.scheme.ID, file.scheme.Version, file.scheme.Valid.From, file.scheme.Valid.Until, p.Days.Last)
	}
	if len(bad) > 0 {
		return Period{}, fault.InvalidFields(op, bad...)
	}
	if _, err := s.periods.Head(ctx, id); err == nil {
		return Period{}, fault.New(op, fault.Conflict, p.Name+"已经建立")
	} else if !fault.Is(err, fault.NotFound) {
		return Period{}, err
	}
	meta := store.Meta{By: by.ID, Action: string(policy.ManagePeriod)}
	if _, err := s.db.PutFile(ctx, meta, strings.NewReader(string(file.data)), rating.MaxSchemeBytes); err != nil {
		return Period{}, err
	}
	p.State, p.Submit, p.Cutoff = StatePlanned, submit, cutoff
	p.SchemeID, p.SchemeVersion, p.SchemeHash = file.scheme.ID, file.scheme.Version, file.scheme.Hash
	return s.commit(ctx, meta, p)
}

// inForce reports whether a scheme is valid on a day.
func inForce(s *rating.Scheme, day calendar.Date) bool {
	d := dateOf(day)
	return (s.Valid.From == 0 || s.Valid.From <= d) && (s.Valid.Until == 0 || d <= s.Valid.Until)
}

// commit stores a period after its last record.
func (s *Service) commit(ctx context.Context, meta store.Meta, p Period) (Period, error) {
	doc, err := s.periods.Commit(ctx, meta, p.ID, p.Seq, p)
	if fault.Is(err, fault.Conflict) {
		return Period{}, fault.Wrap("cycle.Period", fault.Conflict, p.Name+"刚刚有人动过，请刷新后再看", err)
	}
	if err != nil {
		return Period{}, err
	}
	doc.State.Seq = doc.Seq
	return doc.State, nil
}

// load returns a period without asking for rights.
func (s *Service) load(ctx context.Context, id string) (Period, error) {
	if _, err := parsePeriod(id); err != nil {
		return Period{}, fault.New("cycle.Period", fault.NotFound, "没有这个评价周期")
	}
	doc, err := s.periods.Load(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return Period{}, fault.Wrap("cycle.Period", fault.NotFound, "没有这个评价周期", err)
	}
	doc.State.Seq = doc.Seq
	return doc.State, err
}

// Open lets sources take proof for a planned period. Returns Conflict in any other state.
func (s *Service) Open(ctx context.Context, by policy.Actor, id string) (Period, error) {
	return s.moveWindow(ctx, by, id, MoveOpen)
}

// Close ends the taking of proof. A window never ends early: returns Conflict before the last day of submission is over, and if the period is not open.
func (s *Service) Close(ctx context.Context, by policy.Actor, id string) (Period, error) {
	return s.moveWindow(ctx, by, id, MoveClose)
}

func (s *Service) moveWindow(ctx context.Context, by policy.Actor, id string, m Move) (Period, error) {
	if err := s.guard.Require(by, policy.ManagePeriod); err != nil {
		return Period{}, err
	}
	p, err := s.load(ctx, id)
	if err != nil {
		return Period{}, err
	}
	if p.State, err = p.after(m); err != nil {
		return Period{}, err
	}
	if m == MoveOpen && p.SubmitOver(s.db.Now()) {
		return Period{}, fault.New("cycle.Open", fault.Conflict, p.Name+"的材料提交截止日 "+p.Submit.Chinese()+" 已过，不能再开启")
	}
	if m == MoveClose && !p.SubmitOver(s.db.Now()) {
		return Period{}, fault.New("cycle.Close", fault.Conflict, p.Name+"的材料提交到 "+p.Submit.Chinese()+" 为止，这一天还没有过完，不能提前截止；过后会自动截止")
	}
	act := Act{By: by.ID, At: journal.At(s.db.Now())}
	if m == MoveOpen {
		p.Opened = act
	} else {
		p.Closed = act
	}
	if p, err = s.commit(ctx, store.Meta{By: by.ID, Action: string(policy.ManagePeriod)}, p); err != nil {
		return Period{}, err
	}
	return p, s.tellWindows(ctx, &p)
}

// tellWindows tells the sources of proof where the window stands. The rule `period-window` does so again after a crash.
func (s *Service) tellWindows(ctx context.Context, p *Period) error {
	switch {
	case s.windows == nil || p.State == StatePlanned:
		return nil
	case p.State == StateOpen:
		scheme, _, err := s.schemeOf(ctx, p)
		if err != nil {
			return err
		}
		return s.windows.OpenWindow(ctx, Window{Period: p.ID, Name: p.Name, Days: p.Days, Opened: p.Opened.At.Time, Until: p.Submit, Asks: windowAsks(scheme)})
	}
	return s.windows.CloseWindow(ctx, p.ID, p.Closed.At.Time)
}

// windowRule repeats what a crash may have left untold.
func (s *Service) windowRule() store.Rule {
	return store.Rule{Name: "period-window", Title: "评价周期开启、截止以后开放、关闭材料提交", Kinds: []string{"period"}, Apply: func(ctx context.Context, e store.Event) error {
		p, err := s.load(ctx, e.ID)
		if err != nil || p.Seq != e.Seq || p.State != StateOpen && p.State != StateClosed {
			return err
		}
		return s.tellWindows(ctx, &p)
	}}
}

// Period returns one period. Returns NotFound if it was not planned.
func (s *Service) Period(ctx context.Context, by policy.Actor, id string) (Period, error) {
	if err := s.guard.Require(by, policy.ReadPeriods); err != nil {
		return Period{}, err
	}
	return s.load(ctx, id)
}

// Periods returns the periods, the newest first, at most store.MaxLimit of them.
func (s *Service) Periods(ctx context.Context, by policy.Actor) ([]Period, error) {
	if err := s.guard.Require(by, policy.ReadPeriods); err != nil {
		return nil, err
	}
	return s.list(ctx, "")
}

// Published returns the published periods of a rhythm, the newest first. Anybody may read them.
func (s *Service) Published(ctx context.Context, rhythm string) ([]Period, error) {
	return s.list(ctx, periodKey(rhythm, StatePublished))
}

func (s *Service) list(ctx context.Context, key string) ([]Period, error) {
	return s.newest(ctx, key, store.MaxLimit)
}

func (s *Service) newest(ctx context.Context, key string, limit int) ([]Period, error) {
	page, err := s.periods.List(ctx, store.Query{Index: indexPeriods, Key: key, Desc: true, Limit: limit})
	if err != nil {
		return nil, err
	}
	list := make([]Period, len(page.Docs))
	for i, d := range page.Docs {
		list[i] = d.State
		list[i].Seq = d.Seq
	}
	return list, nil
}
