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
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating"
)

// Telling is one telling of a quarter's scores to the firms (得分告知) with the window in which they may object to single lines, or one publicity of a year's stars (公示), after which they may appeal.
type Telling struct {
	// Act says who told and when.
	Act
	// Evaluation is what was told.
	Evaluation string `json:"evaluation" privacy:"public"`
	// Projects is how many projects were told: all of them the first time, later those whose result is another than the one told before.
	Projects int `json:"projects"`
	// Window is the period of rating.objection, of a year that of rating.publicity; zero if nothing changed since the telling before.
	Window calendar.Deadline `json:"window,omitzero"`
	// Appeal is, of a year, the period of rating.appeal, which begins when the publicity has ended; without a start while nobody can say when that is.
	Appeal calendar.Deadline `json:"appeal,omitzero"`
	// Minutes, MinutesFile, MinutesKind and MinutesShown are the minutes of the joint review on which a publicity stands: see Publication.
	Minutes      string     `json:"minutes,omitempty" privacy:"internal"`
	MinutesFile  string     `json:"minutes_file,omitempty" privacy:"internal"`
	MinutesKind  files.Kind `json:"minutes_kind,omitempty" privacy:"internal"`
	MinutesShown string     `json:"minutes_shown,omitempty" privacy:"internal"`
	// Keys are the scope keys of these projects and their firms after the first telling; nil stands for everybody, as it does for more than maxToldKeys.
	Keys []string `json:"keys,omitempty" privacy:"internal"`
}

// maxToldKeys bounds the scope keys of a telling.
const maxToldKeys = 400

// The periods of deadlines.yaml: the window of objection and the answer to one; the publicity of a year, the window of appeals behind it, and the answer to one.
const (
	ruleObjection    = "rating.objection"
	ruleAnswer       = "rating.objection_answer"
	rulePublicity    = "rating.publicity"
	ruleAppeal       = "rating.appeal"
	ruleAppealAnswer = "rating.appeal_answer"
)

// Told reports whether the present evaluation was told to the firms.
func (p Period) Told() bool {
	n := len(p.Tellings)
	return n > 0 && p.Tellings[n-1].Evaluation == p.Evaluation
}

// ToTell reports whether the scores of a quarter wait to be told, or the stars of a year to be shown to the public, for the first time or again.
func (p Period) ToTell() bool {
	return p.State == StateEvaluated && !p.Told() && p.held(MoveTell) == ""
}

// shown is the period with the evaluation that was told last as its own: what firms see of it.
func (p Period) shown() Period {
	if n := len(p.Tellings); n > 0 {
		p.Evaluation = p.Tellings[n-1].Evaluation
	}
	return p
}

// Tell tells the scores of an evaluated quarter to the firms and opens their window of objection: the first time for every line, afterwards for the lines that changed. evaluation is the one
// that the person looked at. Returns Conflict if the period is not evaluated, is a year, was evaluated anew since, was told already or is being approved. A refused call writes nothing.
func (s *Service) Tell(ctx context.Context, by policy.Actor, id, evaluation string) (Period, error) {
	p, err := s.mayTell(ctx, by, id, evaluation)
	if err != nil {
		return Period{}, err
	}
	if p.Stars() {
		return Period{}, fault.New("cycle.Tell", fault.Conflict, p.Name+"评星级，不告知得分：星级公示以后可以申诉")
	}
	return s.tell(ctx, by, p, Telling{}, ruleObjection)
}

// Show shows the stars of an evaluated year to the public on the minutes of the joint review (公示), the first time all of them, afterwards those that changed; firms may appeal from then on until the window behind the publicity has ended. evaluation is
// the one that the person looked at. Returns Conflict if the period is not evaluated, is a quarter, was evaluated anew since, was shown already, is being approved, or its applications have not come to their end; Invalid with every wrong field (minutes,
// minutes_file). A refused call writes nothing.
func (s *Service) Show(ctx context.Context, by policy.Actor, id, evaluation string, minutes Minutes) (Period, error) {
	p, err := s.MayShow(ctx, by, id, evaluation)
	if err != nil {
		return Period{}, err
	}
	if err := s.checkMinutes(ctx, &minutes); err != nil {
		return Period{}, err
	}
	return s.tell(ctx, by, p, Telling{Minutes: minutes.Cited, MinutesFile: minutes.File, MinutesKind: minutes.Kind, MinutesShown: minutes.Shown}, rulePublicity)
}

// MayShow returns the period if this person may show this evaluation of it to the public now, before any minutes are looked at. It returns the errors of Show about rights, state and applications.
func (s *Service) MayShow(ctx context.Context, by policy.Actor, id, evaluation string) (Period, error) {
	p, err := s.mayTell(ctx, by, id, evaluation)
	if err != nil {
		return Period{}, err
	}
	if !p.Stars() {
		return Period{}, fault.New("cycle.Show", fault.Conflict, p.Name+"只告知得分，不公示")
	}
	why, err := s.unready(ctx, &p)
	if err == nil && why != "" {
		err = fault.New("cycle.Show", fault.Conflict, p.Name+why)
	}
	if err == nil {
		err = s.scoredTwice(ctx, &p)
	}
	return p, err
}

// mayTell returns a period whose present evaluation, the one that was looked at, may be told or shown now.
func (s *Service) mayTell(ctx context.Context, by policy.Actor, id, evaluation string) (Period, error) {
	if err := s.guard.Require(by, policy.ManagePeriod); err != nil {
		return Period{}, err
	}
	p, err := s.load(ctx, id)
	if err != nil {
		return Period{}, err
	}
	if _, err := p.after(MoveTell); err != nil {
		return Period{}, err
	}
	if err := p.same(evaluation); err != nil {
		return Period{}, err
	}
	if p.Told() {
		err = fault.New("cycle.Tell", fault.Conflict, p.Name+map[bool]string{false: "的这次得分已经告知企业", true: "的这次结果已经公示"}[p.Stars()])
	}
	return p, err
}

// tell puts a telling on record, with its window if something changed.
func (s *Service) tell(ctx context.Context, by policy.Actor, p Period, t Telling, rule string) (_ Period, err error) {
	now := s.db.Now()
	t.Act, t.Evaluation = Act{By: by.ID, At: journal.At(now)}, p.Evaluation
	if t.Projects, t.Keys, err = s.differing(ctx, &p); err != nil {
		return Period{}, err
	}
	if t.Projects > 0 {
		if t.Window, err = s.deadlines(rule, calendar.DateOf(now)); err != nil {
			return Period{}, err
		}
	}
	if t.Window.Rule == rulePublicity {
		t.Appeal = calendar.Deadline{Rule: ruleAppeal}
		if t.Window.Resolved() {
			if t.Appeal, err = s.deadlines(ruleAppeal, t.Window.Due); err != nil {
				return Period{}, err
			}
		}
	}
	p.Tellings = append(slices.Clone(p.Tellings), t)
	return s.commit(ctx, store.Meta{By: by.ID, Action: string(policy.ManagePeriod), Why: string(MoveTell)}, p)
}

// heardUntil is until when firms are heard on a telling: the objections of a quarter, the appeals of a year, which go on behind its publicity.
func (s *Service) heardUntil(t *Telling) calendar.Deadline {
	w := s.resolve(t.Window)
	switch {
	case t.Appeal.Rule == "":
		return w
	case t.Appeal.Start.IsZero() && w.Resolved():
		if appeal, err := s.deadlines(ruleAppeal, w.Due); err == nil {
			return appeal
		}
	}
	return s.resolve(t.Appeal)
}

// differing counts the projects whose result is another than the one told last, with their scope keys; all of them before the first telling.
func (s *Service) differing(ctx context.Context, p *Period) (int, []string, error) {
	if len(p.Tellings) == 0 {
		made, err := s.archive.Evaluation(ctx, p.Evaluation)
		return made.Count, nil, err
	}
	told := map[string]string{}
	for stored, err := range s.archive.Results(ctx, p.shown().Evaluation) {
		if err != nil {
			return 0, nil, err
		}
		told[stored.Subject] = stored.Result
	}
	n := 0
	var keys []string
	for stored, err := range s.archive.Results(ctx, p.Evaluation) {
		if err != nil {
			return 0, nil, err
		}
		other, err := saysOther(told[stored.Subject], stored.Result)
		if err != nil {
			return 0, nil, err
		}
		if !other {
			continue
		}
		n++
		for _, key := range stored.Keys {
			if (strings.HasPrefix(key, policy.ProjectKey("")) || strings.HasPrefix(key, policy.FirmKey(""))) && !slices.Contains(keys, key) && len(keys) <= maxToldKeys {
				keys = append(keys, key)
			}
		}
	}
	if len(keys) > maxToldKeys {
		keys = nil
	}
	return n, keys, nil
}

// saysOther reports whether a stored result says something else than the one told before, "" for none.
func saysOther(before, now string) (bool, error) {
	if before == "" || before == now {
		return before == "", nil
	}
	was, err := rating.ReadResult([]byte(before))
	if err != nil {
		return false, err
	}
	is, err := rating.ReadResult([]byte(now))
	if err != nil {
		return false, err
	}
	return otherResult(was, is), nil
}

// otherResult reports whether a result says something else than another one.
func otherResult(was, is *rating.Result) bool {
	return len(changedLines(was, is)) > 0 || was.Grade != is.Grade || !was.Total.Points.Equal(is.Total.Points)
}

// changedLines are the ids of the lines of a result that say something else than those of an earlier one.
func changedLines(was, is *rating.Result) []string {
	var out []string
	for i := range is.Lines {
		if l := &is.Lines[i]; !sameLine(was.Line(l.ID), l) {
			out = append(out, l.ID)
		}
	}
	return out
}

// sameLine reports whether two lines say the same to who reads them: points, state and facts; from which records does not matter.
func sameLine(a, b *rating.Line) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.State == b.State && a.Treated == b.Treated && a.Reason == b.Reason && a.Counted == b.Counted && a.HasValue == b.HasValue &&
		a.Value.Equal(b.Value) && a.Points.Equal(b.Points) && a.Max.Equal(b.Max) &&
		slices.EqualFunc(a.Facts, b.Facts, func(x, y rating.FactUse) bool {
			return x.ID == y.ID && x.Value.State == y.Value.State && x.Value.Number.Equal(y.Value.Number) && x.Value.Den.Equal(y.Value.Den) && x.Value.Day == y.Value.Day && x.Value.Text == y.Value.Text
		}) &&
		slices.EqualFunc(a.Items, b.Items, func(x, y rating.ItemLine) bool {
			return x.ID == y.ID && x.State == y.State && x.Value.Equal(y.Value) && x.Points.Equal(y.Points) && x.Max.Equal(y.Max) && x.Date == y.Date && x.Until == y.Until
		})
}

// sameRecords reports whether two lines rest on the same records.
func sameRecords(a, b *rating.Line) bool {
	if a == nil || b == nil {
		return a == b
	}
	return slices.EqualFunc(a.Facts, b.Facts, func(x, y rating.FactUse) bool { return slices.Equal(x.Value.Sources, y.Value.Sources) })
}

// Hearing is where a period stands between its evaluation and its approval.
type Hearing struct {
	// Stars: it is a year, which is shown to the public, and firms appeal.
	Stars bool
	// Tellings is how often the scores were told or shown, Told whether those of the present evaluation were.
	Tellings int
	Told     bool
	// Ends is the window of objection or appeal that ends last, zero if there was none; Runs reports whether it runs, or nobody can say yet when it ends.
	Ends calendar.Deadline
	Runs bool
	// Shown is the publicity of a year that ends last, Shows whether it runs; Remarks is how many remarks of the public wait for their answer.
	Shown   calendar.Deadline
	Shows   bool
	Remarks int
	// Counts are how many objections there are by state.
	Counts map[ObjectionState]int
}

// Contested is how many objections have not come to their end.
func (h Hearing) Contested() int { return h.Counts[ObjectionOpen] + h.Counts[ObjectionUpheld] }

// Why says after the name of the period why it can neither be sent through its approval nor published, "" if it can.
func (h Hearing) Why() string {
	const until = "以后才能送审和公布"
	switch {
	case h.Stars && h.Tellings == 0:
		return "的拟评星级还没有公示；公示期和申诉期届满" + until
	case h.Stars && !h.Told:
		return "公示以后又评价过，请再次公示：结果有变化的小区另有公示期和申诉期"
	case h.Shows && h.Shown.Resolved():
		return "的公示期到" + h.Shown.Chinese() + "，公示期和申诉期届满" + until
	case h.Stars && h.Runs && h.Ends.Resolved():
		return "的申诉期到" + h.Ends.Chinese() + "，期满" + until
	case h.Stars && h.Runs:
		return "的公示期、申诉期哪天届满还算不出（放假安排尚未装载）；装载并且届满" + until
	case h.Remarks > 0:
		return fmt.Sprintf("还有 %d 条公示意见没有答复；答复%s", h.Remarks, until)
	case h.Tellings == 0:
		return "的得分还没有告知企业；告知并且异议期届满" + until
	case !h.Told:
		return "告知得分以后又评价过，请再次告知：结果有变化的小区另有异议期"
	case h.Runs && !h.Ends.Resolved():
		return "的异议期哪天届满还算不出（放假安排尚未装载）；装载并且届满" + until
	case h.Runs:
		return "的异议期到" + h.Ends.Chinese() + "，期满" + until
	case h.Counts[ObjectionOpen] > 0:
		return fmt.Sprintf("还有 %d 项异议没有答复；答复%s", h.Counts[ObjectionOpen], until)
	case h.Counts[ObjectionUpheld] > 0:
		return fmt.Sprintf("还有 %d 项采纳的异议没有更正；更正%s", h.Counts[ObjectionUpheld], until)
	}
	return ""
}

// Hearing says where a period stands between its evaluation and its approval, in numbers only: it asks for no right.
func (s *Service) Hearing(ctx context.Context, p *Period) (h Hearing, err error) {
	h = Hearing{Stars: p.Stars(), Tellings: len(p.Tellings), Told: p.Told()}
	now := s.db.Now()
	for i := range p.Tellings {
		if w := s.heardUntil(&p.Tellings[i]); w.Rule != "" && laterEnd(w, h.Ends) {
			h.Ends = w
		}
		if w := s.resolve(p.Tellings[i].Window); p.Stars() && w.Rule != "" && laterEnd(w, h.Shown) {
			h.Shown = w
		}
	}
	h.Runs, h.Shows = runs(h.Ends, now), runs(h.Shown, now)
	if h.Counts, err = s.objected.counts(ctx, p.ID); err == nil && p.Stars() {
		h.Remarks, err = s.remarked.waiting(ctx, p.ID)
	}
	return h, err
}

// laterEnd reports whether a window ends after another one; one without a known end ends last.
func laterEnd(a, b calendar.Deadline) bool {
	return b.Rule == "" || b.Resolved() && (!a.Resolved() || a.Due.Compare(b.Due) > 0)
}

// runs reports whether a window has not ended; it never ends early, and one whose end nobody can compute yet has not ended.
func runs(w calendar.Deadline, now time.Time) bool { return w.Rule != "" && !w.Late(now) }

// heard refuses a period whose firms, and of a year the public, have not been heard on what it says, and a year whose applications have not come to their end.
func (s *Service) heard(ctx context.Context, p *Period) error {
	why := ""
	if p.Stars() {
		var err error
		if why, err = s.unready(ctx, p); err != nil {
			return err
		}
	}
	h, err := s.Hearing(ctx, p)
	if err != nil {
		return err
	}
	if why = cmp.Or(why, h.Why()); why != "" {
		return fault.New("cycle.heard", fault.Conflict, p.Name+why)
	}
	return nil
}

// Underway is a quarter whose scores were told to the firms and are not published yet, as far as anybody may know of it.
type Underway struct {
	// Name is the quarter's, Ends the last day of objection.
	Name string
	Ends calendar.Deadline
	// Runs: the window runs; Contested: an objection has not come to its end.
	Runs, Contested bool
}

// Underway returns the quarters that were told and are not published, the newest first. Anybody may ask.
func (s *Service) Underway(ctx context.Context) ([]Underway, error) {
	list, err := s.list(ctx, periodKey(RhythmQuarter, StateEvaluated))
	if err != nil {
		return nil, err
	}
	var out []Underway
	for i := range list {
		p := &list[i]
		if len(p.Tellings) == 0 {
			continue
		}
		h, err := s.Hearing(ctx, p)
		if err != nil {
			return nil, err
		}
		out = append(out, Underway{Name: p.Name, Ends: h.Ends, Runs: h.Runs, Contested: h.Contested() > 0})
	}
	return out, nil
}

// ToldScores are the scores of a quarter as they were told last, of the projects within somebody's scope.
type ToldScores struct {
	// Period is the quarter, Scheme its rule, Hearing where it stands.
	Period  Period
	Scheme  *rating.Scheme
	Hearing Hearing
	// Rows are the projects, the highest total first.
	Rows []ToldRow
}

// ToldRow is one project.
type ToldRow struct {
	PreviewRow
	// Until is the window of objection that runs for lines of it, zero if none does.
	Until calendar.Deadline
	// Objections are those to its lines, the latest first.
	Objections []store.Doc[Objection]
}

// ToldPeriods returns the quarters whose scores were told and the years whose stars were shown, the newest first. Returns Forbidden without ReadObjection.
func (s *Service) ToldPeriods(ctx context.Context, by policy.Actor) ([]Period, error) {
	if err := s.guard.Require(by, policy.ReadObjection); err != nil {
		return nil, err
	}
	var out []Period
	for _, key := range []string{periodKey(RhythmQuarter, StateEvaluated), periodKey(RhythmQuarter, StatePublished), periodKey(RhythmYear, StateEvaluated), periodKey(RhythmYear, StatePublished)} {
		list, err := s.list(ctx, key)
		if err != nil {
			return nil, err
		}
		out = append(out, slices.DeleteFunc(list, func(p Period) bool { return len(p.Tellings) == 0 })...)
	}
	slices.SortStableFunc(out, func(a, b Period) int { return b.Days.Last.Compare(a.Days.Last) })
	return out, nil
}

// toldPeriod loads a period whose scores were told or shown. Returns NotFound for every other one.
func (s *Service) toldPeriod(ctx context.Context, id string) (Period, error) {
	p, err := s.load(ctx, id)
	if err == nil && len(p.Tellings) == 0 {
		err = fault.New("cycle.told", fault.NotFound, "这个周期没有告知得分")
	}
	return p, err
}

// ToldScores returns the scores of a quarter as they were told last, as far as they lie in the actor's scope. Returns Forbidden without ReadObjection, NotFound if nothing was told.
func (s *Service) ToldScores(ctx context.Context, by policy.Actor, id string) (*ToldScores, error) {
	scope, err := s.objected.Scope(ctx, by, policy.ReadObjection)
	if err != nil {
		return nil, err
	}
	p, err := s.toldPeriod(ctx, id)
	if err != nil {
		return nil, err
	}
	v := &ToldScores{Period: p}
	if v.Scheme, _, err = s.schemeOf(ctx, &p); err != nil {
		return nil, err
	}
	if v.Hearing, err = s.Hearing(ctx, &p); err != nil {
		return nil, err
	}
	shown := p.shown()
	rows, err := s.rows(ctx, &shown, v.Scheme, func(keys []string) bool { return scope.Covers(keys, p.Days.Last) })
	if err != nil {
		return nil, err
	}
	objections, err := s.objected.All(ctx, by, store.Query{Index: byPeriod, Key: p.ID, Desc: true}, func(*Objection) bool { return true })
	if err != nil {
		return nil, err
	}
	of := map[string][]store.Doc[Objection]{}
	for _, o := range objections {
		of[o.State.Project] = append(of[o.State.Project], o)
	}
	for _, row := range rows {
		one := ToldRow{PreviewRow: row, Objections: of[row.Project]}
		lines, err := s.toldLines(ctx, &p, row.Project, row.result)
		if err != nil {
			return nil, err
		}
		for _, l := range lines {
			if l.Open && laterEnd(l.Window, one.Until) {
				one.Until = l.Window
			}
		}
		v.Rows = append(v.Rows, one)
	}
	return v, nil
}

// ToldResult is the result of a project as it was told last.
type ToldResult struct {
	Period Period
	Scheme *rating.Scheme
	// Stored is the result with its names, Result the same decoded.
	Stored rating.ArchivedResult
	Result *rating.Result
	// Lines say of each line, by indicator, until when it can be objected to and what became of it; of a year the whole result stands under "".
	Lines map[string]ToldLine
	// Gathered says of the facts how they were gathered.
	Gathered []GatheredFact
	// Before is the published quarter before as far as it lies in the actor's scope too, nil if there is none.
	Before *ToldBefore
	// Earlier are the results on which it rests, such as the quarters of a year.
	Earlier []rating.EarlierResult
	// Whole: the actor sees also the lines that the scheme keeps back from everybody but a few (policy.Guard.KeptScope).
	Whole bool
}

// ToldBefore is the result of a project in the published quarter before.
type ToldBefore struct {
	// Period is the quarter, Scheme its rule, Stored the result with its names.
	Period Period
	Scheme *rating.Scheme
	Stored rating.ArchivedResult
}

// toldBefore finds the result of a project in the published quarter before; nil if there is none within the scope.
func (s *Service) toldBefore(ctx context.Context, scope policy.Scope, p *Period, project string) (*ToldBefore, error) {
	before, err := s.before(ctx, p)
	if err != nil || before == nil {
		return nil, err
	}
	out := &ToldBefore{Period: *before}
	out.Stored, err = s.archive.Result(ctx, before.Evaluation, project)
	if fault.Is(err, fault.NotFound) || err == nil && !scope.Covers(out.Stored.Keys, before.Days.Last) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out.Scheme, _, err = s.schemeOf(ctx, before)
	return out, err
}

// ToldLine is what a firm may do about one line.
type ToldLine struct {
	// Window is the one that was opened when the line was told last as it is; Open reports whether it runs.
	Window calendar.Deadline
	Open   bool
	// Again: the line was told before with another result, Was is what it gave then, nil if it did not count.
	Again bool
	Was   *num.Num
	// Objections are those to it, the earliest first.
	Objections []store.Doc[Objection]
}

// toldLines follows the lines of a result through the tellings.
func (s *Service) toldLines(ctx context.Context, p *Period, project string, last *rating.Result) (map[string]ToldLine, error) {
	now, out := s.db.Now(), make(map[string]ToldLine, len(last.Lines))
	put := func(id string, t *Telling, again bool, was *num.Num) {
		window := s.heardUntil(t)
		out[id] = ToldLine{Window: window, Open: p.State == StateEvaluated && runs(window, now), Again: again, Was: was}
	}
	var before *rating.Result
	for i := range p.Tellings {
		result := last
		if i < len(p.Tellings)-1 {
			stored, err := s.archive.Result(ctx, p.Tellings[i].Evaluation, project)
			if fault.Is(err, fault.NotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			if result, err = rating.ReadResult([]byte(stored.Result)); err != nil {
				return nil, err
			}
		}
		if p.Stars() && (before == nil || otherResult(before, result)) {
			put(wholeResult, &p.Tellings[i], before != nil, nil)
		}
		for k := range result.Lines {
			id := result.Lines[k].ID
			switch {
			case before == nil:
				put(id, &p.Tellings[i], false, nil)
			case !sameLine(before.Line(id), &result.Lines[k]):
				put(id, &p.Tellings[i], true, linePoints(before, id))
			}
		}
		before = result
	}
	return out, nil
}

// ToldResult returns the result of a project as it was told last. Returns Forbidden without ReadObjection, NotFound outside the scope and if nothing was told.
func (s *Service) ToldResult(ctx context.Context, by policy.Actor, id, project string) (*ToldResult, error) {
	scope, err := s.objected.Scope(ctx, by, policy.ReadObjection)
	if err != nil {
		return nil, err
	}
	v, err := s.toldResult(ctx, scope, id, project)
	if err != nil {
		return nil, err
	}
	if v.Before, err = s.toldBefore(ctx, scope, &v.Period, project); err != nil {
		return nil, err
	}
	if v.Earlier, err = s.EarlierResults(ctx, v.Period.ID, v.Scheme, v.Result); err != nil {
		return nil, err
	}
	kept, err := s.guard.KeptScope(ctx, by)
	if err != nil {
		return nil, err
	}
	v.Whole = kept.Covers(v.Stored.Keys, v.Period.Days.Last)
	objections, err := s.objected.All(ctx, by, store.Query{Index: byPeriod, Key: id + "/" + project}, func(*Objection) bool { return true })
	if err != nil {
		return nil, err
	}
	for i := range objections {
		line := v.Lines[objections[i].State.Line]
		line.Objections = append(line.Objections, objections[i])
		v.Lines[objections[i].State.Line] = line
	}
	return v, nil
}

// toldResult returns the result of a project inside a scope as it was told last, without its objections.
func (s *Service) toldResult(ctx context.Context, scope policy.Scope, id, project string) (*ToldResult, error) {
	p, err := s.toldPeriod(ctx, id)
	if err != nil {
		return nil, err
	}
	v := &ToldResult{Period: p}
	none := fault.New("cycle.told", fault.NotFound, "没有找到要看的内容")
	v.Stored, err = s.archive.Result(ctx, p.shown().Evaluation, project)
	switch {
	case fault.Is(err, fault.NotFound), err == nil && !scope.Covers(v.Stored.Keys, p.Days.Last):
		return nil, none
	case err != nil:
		return nil, err
	}
	if v.Result, err = rating.ReadResult([]byte(v.Stored.Result)); err != nil {
		return nil, err
	}
	if v.Scheme, _, err = s.schemeOf(ctx, &p); err != nil {
		return nil, err
	}
	frozen, err := s.Facts(ctx, id, project)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err
	}
	v.Gathered = frozen.Rules
	v.Lines, err = s.toldLines(ctx, &p, project, v.Result)
	return v, err
}

// Heard is a period to whose scores somebody may object now, or appeal against whose stars.
type Heard struct {
	// Period is its id, Name for people; Window runs. Again: scores that were told before have changed. Stars: it is a year.
	Period, Name string
	Window       calendar.Deadline
	Again, Stars bool
}

// Hears returns the periods to which the actor may object or against which he may appeal now, the newest first, without reading a result. Returns Forbidden without RaiseObjection.
func (s *Service) Hears(ctx context.Context, by policy.Actor) ([]Heard, error) {
	scope, err := s.objected.Scope(ctx, by, policy.RaiseObjection)
	if err != nil {
		return nil, err
	}
	list, err := s.list(ctx, periodKey(RhythmQuarter, StateEvaluated))
	if err != nil {
		return nil, err
	}
	years, err := s.list(ctx, periodKey(RhythmYear, StateEvaluated))
	if err != nil {
		return nil, err
	}
	var out []Heard
	for _, p := range append(list, years...) {
		found := Heard{Period: p.ID, Name: p.Name, Stars: p.Stars()}
		for i, t := range p.Tellings {
			window := s.heardUntil(&t)
			if runs(window, s.db.Now()) && (len(t.Keys) == 0 || scope.Covers(t.Keys, p.Days.Last)) && laterEnd(window, found.Window) {
				found.Window, found.Again = window, i > 0
			}
		}
		if found.Window.Rule != "" {
			out = append(out, found)
		}
	}
	return out, nil
}
