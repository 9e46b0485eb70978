package cycle

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/registry/casework"
	"redsteward/supervision"
	"redsteward/supervision/application"
)

// Objections are the firms' objections to the scores that they were told. Every call names the actor; a refused call writes nothing.
type Objections struct {
	*casework.Rows[Objection]
	cycle *Service
	desk  casework.Desk
}

const (
	objectionKind = "objection"
	objectionWord = "这项异议"
	// objectionClaim is the claim under which a line that was told has at most one objection that stands.
	objectionClaim = "objection-line"
	// byPeriod lists the objections of a quarter, and of a project in it.
	byPeriod = "period"
	// The bounds of an objection's texts in characters, and of its files.
	leastGround, maxGround, maxAnswer, maxObjectionFiles = 6, 500, 500, 5
)

// Dues are the clocks of the answers to objections and appeals that run. It asks for no right: for reminders.
func (o *Objections) Dues(ctx context.Context) ([]casework.Due, error) {
	return o.Rows.Dues(ctx, casework.ByWork, policy.County, func(one *Objection) *casework.Case { return &one.Case }, func(one *Objection) (string, bool, casework.Acts) {
		if one.State != ObjectionOpen {
			return "", false, nil
		}
		return one.Name + "的" + one.PeriodName + map[bool]string{true: "申诉", false: "异议"}[one.Appeal()] + "，答复", false, func(ctx context.Context, by policy.Actor) (bool, error) {
			return o.Can(ctx, by, one, ObjectionUphold), nil
		}
	})
}

func newObjections(ctx context.Context, s *Service) (*Objections, error) {
	listed := func(_ string, o *Objection) []string { return append([]string{policy.County}, o.Keys...) }
	day := func(_ string, o *Objection) string { return store.SortTime(o.Raised.At.Time) }
	rows, err := casework.NewRows(ctx, s.db, s.guard, casework.Kind[Objection]{
		Kind: store.Kind[Objection]{Name: objectionKind, Version: 1, Indexes: []store.Index[Objection]{
			{Name: casework.ByScope, Keys: listed, Sort: day},
			{Name: casework.ByWork, Keys: func(id string, o *Objection) []string {
				if o.State.Final() {
					return nil
				}
				return listed(id, o)
			}, Sort: func(_ string, o *Objection) string {
				if due := o.Clock.Due; !due.IsZero() {
					return due.String()
				}
				return "9999-99-99"
			}},
			{Name: byPeriod, Keys: func(_ string, o *Objection) []string { return []string{o.Period, o.Period + "/" + o.Project} }, Sort: day},
		}},
		Word: objectionWord, Read: policy.ReadObjection,
		Row: func(o *Objection) casework.Row {
			return casework.Row{Keys: o.Keys, Day: o.Opened, State: o.State.Title()}
		},
	})
	return &Objections{Rows: rows, cycle: s, desk: casework.Desk{DB: s.db, Guard: s.guard, Keeper: s.keeper, Deadlines: s.deadlines, Now: s.db.Now}}, err
}

// Objections are the objections to the scores of quarters.
func (s *Service) Objections() *Objections { return s.objected }

// Today is the business day.
func (o *Objections) Today() calendar.Date { return o.desk.Today() }

// counts counts the objections of a quarter by state, from their heads.
func (o *Objections) counts(ctx context.Context, period string) (map[ObjectionState]int, error) {
	out := map[ObjectionState]int{}
	err := o.heads(ctx, period, func(one *Objection) { out[one.State]++ })
	return out, err
}

// heads calls yield for every objection of a quarter as it stands now, whoever asks.
func (o *Objections) heads(ctx context.Context, period string, yield func(*Objection)) error {
	for q := (store.Query{Index: byPeriod, Key: period, Limit: store.MaxLimit}); ; {
		page, err := o.Docs.ListHeads(ctx, q)
		if err != nil {
			return err
		}
		for i := range page.Heads {
			yield(&page.Heads[i].State)
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

// answerers are the accounts of those who answered objections of a quarter.
func (s *Service) answerers(ctx context.Context, period string) ([]string, error) {
	var out []string
	err := s.objected.heads(ctx, period, func(o *Objection) {
		for _, a := range o.Answers {
			out = append(out, a.By)
		}
		if o.Correction != nil {
			out = append(out, o.Correction.By)
		}
	})
	slices.Sort(out)
	return slices.Compact(out), err
}

// admitted are, by project, the facts for which what was accepted after the cut-off counts: those behind a line whose objection was upheld.
func (s *Service) admitted(ctx context.Context, p *Period) (map[string]map[string]bool, error) {
	out := map[string]map[string]bool{}
	if len(p.Tellings) == 0 {
		return out, nil
	}
	return out, s.objected.heads(ctx, p.ID, func(o *Objection) {
		if o.State != ObjectionUpheld && o.State != ObjectionCorrected {
			return
		}
		for _, fact := range o.Facts {
			if out[o.Project] == nil {
				out[o.Project] = map[string]bool{}
			}
			out[o.Project][fact] = true
		}
	})
}

// ObjectionInput is what the form of an objection says.
type ObjectionInput struct {
	// Period, Project and Line name the line; Ground says why.
	Period, Project, Line, Ground string
	// Upload is what shows it, nil for none.
	Upload *files.Upload
}

// Raise objects to one line of the scores that were told. Returns Forbidden without RaiseObjection, NotFound outside the scope, for a line that does not exist and if nothing was told; Invalid for
// refused fields (ground, paper); Conflict if the window has ended or the line has an objection already.
func (o *Objections) Raise(ctx context.Context, by policy.Actor, in ObjectionInput, idem *store.Idem) (store.Doc[Objection], error) {
	const op = "cycle.Raise"
	return o.Begin(ctx, by, policy.RaiseObjection, ObjectionRaise.Title(), idem, func(n casework.New) (Objection, error) {
		told, err := o.cycle.toldResult(ctx, n.Scope, in.Period, in.Project)
		if err != nil {
			return Objection{}, err
		}
		line, may := told.Result.Line(in.Line), told.Lines[in.Line]
		whole := told.Period.Stars() && in.Line == wholeResult
		if line == nil && !whole {
			return Objection{}, fault.New(op, fault.NotFound, "没有找到要看的内容")
		}
		if err := mayObject(&told.Period, may); err != nil {
			return Objection{}, err
		}
		one := Objection{Case: casework.Case{Project: in.Project, Name: told.Stored.Name, Place: told.Stored.Place, Keys: told.Stored.Keys, Opened: o.Today(), By: by.ID},
			Period: told.Period.ID, PeriodName: told.Period.Name, Evaluation: told.Stored.Evaluation, Line: in.Line, Title: indicatorName(told.Scheme, in.Line), Firm: told.Stored.Firm, Kept: told.Scheme.Keeps(in.Line),
			Raised: o.hand(by, policy.RaiseObjection), Ground: in.Ground, State: ObjectionOpen, Last: ObjectionRaise}
		if whole {
			one.Title = "整个结果（" + told.Result.Label + "）"
			for i := range told.Scheme.Facts {
				one.Facts = append(one.Facts, told.Scheme.Facts[i].ID)
			}
		} else {
			if line.Counted {
				one.Points, one.Max = &line.Points, &line.Max
			}
			for i := range line.Facts {
				one.Facts = append(one.Facts, line.Facts[i].ID)
			}
		}
		if err := o.words("ground", "理由", &one.Ground, leastGround, maxGround); err != nil {
			return Objection{}, err
		}
		withdrawn, err := o.taken(ctx, &one)
		if err != nil {
			return Objection{}, err
		}
		if in.Upload != nil {
			stored, err := o.desk.Keep(ctx, by, policy.RaiseObjection, in.Upload, "")
			if err != nil {
				return Objection{}, err
			}
			one.Files = []files.Stored{stored}
		}
		if one.Clock, err = o.desk.Deadlines(answerRule(&told.Period), o.Today()); err != nil {
			return Objection{}, err
		}
		return one, o.hold(ctx, n, &one, withdrawn) // last, so that a refused form takes nothing
	})
}

// answerRule is the period of an answer.
func answerRule(p *Period) string {
	if p.Stars() {
		return ruleAppealAnswer
	}
	return ruleAnswer
}

// mayObject refuses a line whose window has ended, and says where to turn next.
func mayObject(p *Period, line ToldLine) error {
	switch {
	case line.Open:
		return nil
	case p.Stars() && p.State == StatePublished:
		return fault.New("cycle.Raise", fault.Conflict, p.Name+"的星级已经公布，不能再申诉；认为有错的，请书面向县住建局物业管理股反映")
	case p.Stars():
		return fault.New("cycle.Raise", fault.Conflict, "对这一项的申诉期已于"+line.Window.Chinese()+"届满，不能再提；仍认为有错的，请书面向县住建局物业管理股反映")
	case p.State == StatePublished:
		return fault.New("cycle.Raise", fault.Conflict, p.Name+"的得分已经通报，不能再提异议；认为通报有错的，请书面向县住建局物业管理股反映，年度星级公示期内还可以申诉")
	}
	return fault.New("cycle.Raise", fault.Conflict, "对这一项的异议期已于"+line.Window.Chinese()+"届满，不能再提；仍认为有错的，请书面向县住建局物业管理股反映，年度星级公示期内还可以申诉")
}

// taken is the objection that holds a line of one telling, "" if none does; one that was withdrawn holds it until the next. Returns Conflict if it stands.
func (o *Objections) taken(ctx context.Context, one *Objection) (target string, err error) {
	target, err = o.desk.DB.Claimed(ctx, objectionClaim, one.claim())
	if fault.Is(err, fault.NotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	id, _ := strings.CutPrefix(target, objectionKind+"/")
	before, err := o.Docs.Load(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return "", nil // a try that came to nothing
	}
	if err == nil && before.State.State != ObjectionWithdrawn {
		err = one.again()
	}
	return target, err
}

// claim is the key of the line in one telling; again refuses a second objection to it.
func (o *Objection) claim() string { return o.Evaluation + "/" + o.Project + "/" + o.Line }

func (o *Objection) again() error {
	return fault.New("cycle.Raise", fault.Conflict, o.Name+"的“"+o.Title+"”已经提过异议，一项只提一次；要补充的，在那项异议里补充材料")
}

// hold takes the line for an objection, from one that was withdrawn.
func (o *Objections) hold(ctx context.Context, n casework.New, one *Objection, withdrawn string) error {
	if withdrawn != "" {
		if err := o.desk.DB.Release(ctx, n.Meta, objectionClaim, one.claim(), withdrawn); err != nil {
			return err
		}
	}
	err := o.desk.DB.Claim(ctx, n.Meta, objectionClaim, one.claim(), objectionKind+"/"+n.ID)
	if fault.Is(err, fault.Conflict) {
		return one.again()
	}
	return err
}

// words checks a text that others will read.
func (o *Objections) words(name, label string, text *string, least, most int) error {
	f := o.desk.Check()
	f.Text(name, label, text, least, most)
	if supervision.PrivateNumber(*text) {
		f.Fail(name, "%s里有电话或身份证号码，请删去", label)
	}
	return f.Err()
}

// hand is the actor acting now.
func (o *Objections) hand(by policy.Actor, action policy.Action) supervision.Hand {
	return supervision.HandOf(o.desk.Guard.Rules(), by, action, journal.At(o.desk.Now()))
}

// Do carries a step out with what its form said. Returns Forbidden without the right of the step, and with the rule to who scored or reviewed the line; NotFound outside the scope; Invalid for refused
// fields (text, paper); Conflict for a step that the state does not know, for a correction that changed nothing, or if somebody was quicker.
func (o *Objections) Do(ctx context.Context, by policy.Actor, at casework.At, do ObjectionStep, in casework.Input) (store.Doc[Objection], error) {
	return o.Change(ctx, by, do.Action(), at, do.Title(), func(one *Objection) error {
		next, err := objectionSteps.Next(objectionWord, one.State, do)
		if err != nil {
			return err
		}
		if err := o.apart(ctx, by, one, do); err != nil {
			return err
		}
		if err := o.step(ctx, by, one, do, in); err != nil {
			return err
		}
		if next != ObjectionOpen {
			one.Clock = calendar.Deadline{}
		}
		one.State, one.Last = next, do
		return nil
	})
}

// step does what a step means.
func (o *Objections) step(ctx context.Context, by policy.Actor, one *Objection, do ObjectionStep, in casework.Input) error {
	switch do {
	case ObjectionAttach:
		if len(one.Files) >= maxObjectionFiles {
			return fault.New("cycle.Objection", fault.Conflict, fmt.Sprintf("一项异议最多 %d 个附件", maxObjectionFiles))
		}
		stored, err := o.desk.Keep(ctx, by, policy.RaiseObjection, in.Upload, "请选择要补充的文件")
		if err == nil {
			one.Files = append(slices.Clone(one.Files), stored)
		}
		return err
	case ObjectionUphold, ObjectionRefuse:
		if err := o.words("text", "答复理由", &in.Text, leastGround, maxAnswer); err != nil {
			return err
		}
		one.Answers = append(slices.Clone(one.Answers), Answer{Hand: o.hand(by, policy.AnswerObjection), Upheld: do == ObjectionUphold, Words: in.Text})
		one.Reason = in.Text
	case ObjectionCorrect:
		return o.correct(ctx, by, one, in.Text)
	}
	return nil
}

// correct takes up what the present evaluation says. It refuses a line under which nothing changed: neither what it says nor the records that it rests on; of the whole a result that says the same.
func (o *Objections) correct(ctx context.Context, by policy.Actor, one *Objection, words string) error {
	p, err := o.cycle.load(ctx, one.Period)
	if err != nil {
		return err
	}
	var results [2]*rating.Result
	var lines [2]*rating.Line
	for i, evaluation := range []string{one.Evaluation, p.Evaluation} {
		stored, err := o.cycle.archive.Result(ctx, evaluation, one.Project)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if results[i], err = rating.ReadResult([]byte(stored.Result)); err != nil {
			return err
		}
		lines[i] = results[i].Line(one.Line)
	}
	same, what := sameLine(lines[0], lines[1]) && sameRecords(lines[0], lines[1]), "这一项"
	if one.Line == wholeResult {
		what = "结果"
		same = results[0] != nil && results[1] != nil && !otherResult(results[0], results[1])
	}
	if same {
		return fault.New("cycle.Objection", fault.Conflict, "重新评价后"+what+"没有变化：请先在来源更正记录（观察记录、走访评价表、佐证材料、登记、星级申报），再重新评价")
	}
	if err := o.words("text", "更正说明", &words, leastGround, maxAnswer); err != nil {
		return err
	}
	one.Correction = &Correction{Hand: o.hand(by, policy.AnswerObjection), Words: words, Evaluation: p.Evaluation}
	if lines[1] != nil && lines[1].Counted {
		one.Correction.Points = &lines[1].Points
	}
	return nil
}

// apart refuses to answer to who evaluated the period, and who scored or reviewed what stands behind the line: as it was told, and as it is now. Of a year it refuses who showed it to the public, and who had a hand in the application, too.
func (o *Objections) apart(ctx context.Context, by policy.Actor, one *Objection, do ObjectionStep) error {
	if do.Action() != policy.AnswerObjection {
		return nil
	}
	p, err := o.cycle.load(ctx, one.Period)
	if err != nil {
		return err
	}
	acts := []policy.Act{{Part: policy.PartScore, By: p.Evaluated.By}}
	add := func(part policy.Part, hands ...string) {
		for _, h := range hands {
			acts = append(acts, policy.Act{Part: part, By: account(h)})
		}
	}
	if p.Stars() {
		for _, t := range p.Tellings {
			add(policy.PartScore, t.By)
		}
	}
	behind := func(fact string) bool {
		return slices.Contains(one.Facts, fact) || p.Stars() && (fact == application.FactStanding || fact == application.FactJoint)
	}
	stored, err := o.cycle.archive.Result(ctx, one.Evaluation, one.Project)
	if err != nil {
		return err
	}
	result, err := rating.ReadResult([]byte(stored.Result))
	if err != nil {
		return err
	}
	for i := range result.Lines {
		for k := range result.Lines[i].Facts {
			if use := &result.Lines[i].Facts[k]; behind(use.ID) {
				add(policy.PartScore, use.Value.By)
				add(policy.PartReview, use.Value.Reviewed)
			}
		}
	}
	frozen, err := o.cycle.Facts(ctx, one.Period, one.Project)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	for _, rule := range frozen.Rules {
		if behind(rule.Fact) {
			add(policy.PartScore, rule.Scored...)
			add(policy.PartReview, rule.Reviewed...)
		}
	}
	return policy.Separate(by, policy.PartAppeal, acts)
}

// account is the account in what a reading says of who acted: an office with an account, or the account alone.
func account(hand string) string { return hand[strings.LastIndexByte(hand, '/')+1:] }

// Can reports whether the actor can take a step now.
func (o *Objections) Can(ctx context.Context, by policy.Actor, one *Objection, do ObjectionStep) bool {
	scope, err := o.Scope(ctx, by, do.Action())
	if err != nil || !scope.Covers(one.Keys, one.Opened) {
		return false
	}
	if _, err := objectionSteps.Next(objectionWord, one.State, do); err != nil || one.State == "" {
		return false
	}
	return o.apart(ctx, by, one, do) == nil
}

// List returns one page of the objections of the actor's scope, the latest first, or with due those in which something is to be done, what is due first on top. period keeps those of a quarter, "" all.
func (o *Objections) List(ctx context.Context, by policy.Actor, w casework.Filter, period string, due bool, after string) (store.Page[Objection], error) {
	q := casework.ListQuery(due, after)
	q.Limit = casework.PageSize
	return o.Page(ctx, by, q, func(one *Objection) bool {
		return (period == "" || one.Period == period) && w.Lets(&one.Case, string(one.State), one.Name, one.Place, one.Firm, one.Title)
	})
}

// indicatorName is the name of an indicator.
func indicatorName(s *rating.Scheme, id string) string {
	for i := range s.Indicators {
		if s.Indicators[i].ID == id {
			return s.Indicators[i].Name
		}
	}
	return id
}
