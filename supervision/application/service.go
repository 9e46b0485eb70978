package application

import (
	"context"
	"fmt"
	"slices"

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

// Register tells who serves which compound; registry.Register implements it.
type Register interface {
	supervision.Places
	// EachHolding yields what is known on a day of every project that is not closed, in order of project id.
	EachHolding(ctx context.Context, on calendar.Date, yield func(registry.Holding) error) error
}

// Config is what the applications need; everything but Settled is required.
type Config struct {
	casework.Desk
	Register Register
	Terms    *Terms
	// Resolve looks again for the day of a period that lay beyond the loaded calendar.
	Resolve func(calendar.Deadline) calendar.Deadline
	// Settled reports whether the stars of a year are published, after which nothing about its applications changes; nil for never.
	Settled func(ctx context.Context, year string) (bool, error)
}

// Service runs the applications. Every call names the actor; a refused call writes nothing. It is safe for concurrent use.
type Service struct {
	Config
	*casework.Cases[Application]
	rounds *store.Collection[Round]
}

// Chain is the id of the way of approval of an application in approvals.yaml: one level after the other gives its opinion.
const Chain = "star-application"

const (
	caseKind = "star-application"
	// claimed holds a compound and year for one application that was not taken back.
	claimed = "star-application"
	// The bounds of texts in characters.
	leastWords, maxWords, maxNumber = 4, 500, 40
)

// Round is the call for the applications of a year (申报通知).
type Round struct {
	// Year is its id, as 2026; Name for people.
	Year string `json:"year" privacy:"public"`
	Name string `json:"name" privacy:"public"`
	// Called says who called and when, Text what the call says besides.
	Called supervision.Hand `json:"called"`
	Text   string           `json:"text,omitempty" privacy:"public"`
	// Window is until when firms may apply.
	Window calendar.Deadline `json:"window"`
}

// New opens the applications and calls on a store. Returns Invalid if the terms have another number of levels than the way of approval.
func New(ctx context.Context, c Config) (*Service, error) {
	chain, err := c.Chains.On(Chain, c.Today())
	if err != nil {
		return nil, err
	}
	if n := len(chain.Levels); n != c.Terms.Levels() {
		return nil, fault.New("application.New", fault.Invalid, fmt.Sprintf("applications.yaml 写了 %d 级的期限，approvals.yaml 的 %s 有 %d 级", c.Terms.Levels(), Chain, n))
	}
	cases, err := casework.NewCases(ctx, c.Desk, caseKind, word, policy.ReadApplication, func(a *Application) *casework.Case { return &a.Case }, func(a *Application) bool { return a.State.Final() })
	if err != nil {
		return nil, err
	}
	s := &Service{Config: c, Cases: cases}
	s.Sends((*Application).outgoing)
	s.Shows = s.shows
	s.rounds, err = store.NewCollection(ctx, c.DB, store.Kind[Round]{Name: "star-call", Version: 1, Indexes: []store.Index[Round]{
		{Name: "year", Keys: func(string, *Round) []string { return []string{""} }, Sort: func(_ string, r *Round) string { return r.Year }}}})
	return s, err
}

// shows tells which applications inside the scope exist for an actor: a draft is the firm's own.
func (s *Service) shows(_ context.Context, by policy.Actor) (func(*Application) bool, error) {
	own := s.Guard.Allow(by, policy.ApplyStar)
	return func(a *Application) bool { return own || len(a.Pledges) > 0 }, nil
}

// Call calls for the applications of a year from today on. Returns Forbidden without ManagePeriod, Invalid for refused fields (year, text), Conflict if they were called for.
func (s *Service) Call(ctx context.Context, by policy.Actor, year, text string) (Round, error) {
	const op = "application.Call"
	if err := s.Guard.Require(by, policy.ManagePeriod); err != nil {
		return Round{}, err
	}
	f := s.Check()
	y, err := calendar.ParseYear(year)
	today := s.Today()
	switch {
	case err != nil:
		f.Fail("year", "年度要写成 2026 的样子")
	case today.Year() < int(y) || today.Year() > int(y)+1:
		f.Fail("year", "%s的申报在当年或者下一年通知，今天是%s", y.Chinese()+"度", today.Chinese())
	}
	if text != "" {
		f.Text("text", "通知内容", &text, leastWords, maxWords)
	}
	if err := f.Err(); err != nil {
		return Round{}, err
	}
	if _, err := s.rounds.Head(ctx, year); err == nil {
		return Round{}, fault.New(op, fault.Conflict, y.Chinese()+"度的申报已经通知过")
	} else if !fault.Is(err, fault.NotFound) {
		return Round{}, err
	}
	window, err := s.Deadlines(s.Terms.file.Window, today)
	if err != nil {
		return Round{}, err
	}
	doc, err := s.rounds.Commit(ctx, store.Meta{By: by.ID, Action: string(policy.ManagePeriod), Why: "申报通知"}, year, 0,
		Round{Year: year, Name: y.Chinese() + "度", Called: supervision.HandOf(s.Guard.Rules(), by, policy.ManagePeriod, s.stamp()), Text: text, Window: window})
	if fault.Is(err, fault.Conflict) {
		err = fault.Wrap(op, fault.Conflict, y.Chinese()+"度的申报刚刚通知过，请刷新", err)
	}
	return doc.State, err
}

// Rounds are the calls, the newest first. Anybody may ask: a call is public.
func (s *Service) Rounds(ctx context.Context) ([]Round, error) {
	page, err := s.rounds.List(ctx, store.Query{Index: "year", Key: "", Desc: true, Limit: store.MaxLimit})
	out := make([]Round, len(page.Docs))
	for i := range page.Docs {
		out[i] = page.Docs[i].State
	}
	return out, err
}

// Round is the call of a year. Returns NotFound if there was none. Anybody may ask.
func (s *Service) Round(ctx context.Context, year string) (store.Doc[Round], error) {
	doc, err := s.rounds.Load(ctx, year)
	if fault.Is(err, fault.NotFound) {
		err = fault.Wrap("application.Round", fault.NotFound, "还没有通知这一年的星级申报", err)
	}
	return doc, err
}

// over reports whether a window or clock is over; one whose end nobody can compute yet is not.
func (s *Service) over(d calendar.Deadline) bool { return s.Resolve(d).Late(s.Now()) }

// Running are the calls whose window has not ended. Anybody may ask.
func (s *Service) Running(ctx context.Context) ([]Round, error) {
	rounds, err := s.Rounds(ctx)
	return slices.DeleteFunc(rounds, func(r Round) bool { return s.over(r.Window) }), err
}

// inWindow returns the call of a year if its window runs.
func (s *Service) inWindow(ctx context.Context, year string) (Round, error) {
	doc, err := s.Round(ctx, year)
	if err == nil && s.over(doc.State.Window) {
		err = fault.New("application.inWindow", fault.Conflict, doc.State.Name+"的申报期到"+s.Resolve(doc.State.Window).Due.Chinese()+"为止，已经过了，不能再申报")
	}
	return doc.State, err
}

// Begin begins an application of the firm that serves the compound today. Returns Forbidden without ApplyStar, NotFound outside the scope and without a call, Invalid for refused fields (project, year, words),
// Conflict if the window has ended or the compound has an application of that year.
func (s *Service) Begin(ctx context.Context, by policy.Actor, project, year, words string, idem *store.Idem) (store.Doc[Application], error) {
	const op = "application.Begin"
	return s.Rows.Begin(ctx, by, policy.ApplyStar, StepDraft.Title(), idem, func(begun casework.New) (Application, error) {
		f := s.Check()
		f.Text("words", "申报说明", &words, leastWords, maxWords)
		if err := f.Err(); err != nil {
			return Application{}, err
		}
		place, err := s.Register.Place(ctx, project, s.Today())
		if err != nil {
			return Application{}, err
		}
		if err := begun.Scope.Require(op, place.Keys(), s.Today()); err != nil {
			return Application{}, err
		}
		round, err := s.inWindow(ctx, year)
		if err != nil {
			return Application{}, err
		}
		if place.Firm == "" || !slices.Contains(begun.Scope.Keys(), policy.FirmKey(place.Firm)) {
			return Application{}, fault.InvalidFields(op, fault.Field{Name: "project", Message: place.Name + "今天不由你单位服务，由服务它的企业申报"})
		}
		err = s.DB.Claim(ctx, begun.Meta, claimed, claimKey(project, year), caseKind+"/"+begun.ID)
		if fault.Is(err, fault.Conflict) {
			return Application{}, fault.Wrap(op, fault.Conflict, place.Name+"已经申报了"+round.Name+"的星级，请在星级申报里办理", err)
		}
		return Application{Case: casework.Case{Project: project, Name: place.Name, Place: place.CommunityName, Keys: place.Keys(), Opened: s.Today(), By: by.ID, Clock: round.Window},
			Year: year, YearName: round.Name, Firm: place.Firm, FirmName: place.FirmName, Words: words, State: Draft, Last: StepDraft}, err
	})
}

func claimKey(project, year string) string { return project + "/" + year }

// Do carries a step out with what its form said. Returns Forbidden without the right of the step or for who must not do it, NotFound outside the scope, Invalid for refused fields (day, number, text, choice,
// paper, current), Conflict for a step that the state does not know, that comes too early or too late, or if somebody was quicker. Opinions are Sign's, beginning is Begin's.
func (s *Service) Do(ctx context.Context, by policy.Actor, at casework.At, do Step, in casework.Input) (store.Doc[Application], error) {
	if do.Action() == policy.SignApproval || do == StepDraft {
		return store.Doc[Application]{}, fault.New("application.Do", fault.Conflict, "这一步不能直接办理")
	}
	return s.do(ctx, by, at, do, in, nil)
}

// do carries a step out; minutes are those of a joint review of several, which were taken in already, nil otherwise.
func (s *Service) do(ctx context.Context, by policy.Actor, at casework.At, do Step, in casework.Input, minutes *files.Stored) (store.Doc[Application], error) {
	var before store.Doc[Application]
	if do == StepAgree {
		var err error
		if before, err = s.Load(ctx, at.ID); err != nil && !fault.Is(err, fault.NotFound) {
			return before, err
		}
	}
	doc, err := s.Change(ctx, by, do.Action(), at, do.Title(), func(a *Application) error {
		next, err := a.next(do)
		if err != nil {
			return err
		}
		if err := s.waits(ctx, by, a, do); err != nil {
			return err
		}
		if err := s.step(ctx, by, at, a, do, in, minutes); err != nil {
			return err
		}
		if do == StepAgree && a.Agreed.At.IsZero() && !a.Agreed.frees {
			a.Agreed.N, a.Agreed.At = before.N, journal.At(before.At)
		}
		if next.Final() {
			a.Clock = calendar.Deadline{}
		}
		a.State, a.Last = next, do
		return nil
	})
	if err == nil && doc.State.State == Withdrawn {
		err = s.DB.Release(ctx, store.Meta{By: by.ID, Action: string(do.Action()), Why: do.Title()}, claimed, claimKey(doc.State.Project, doc.State.Year), caseKind+"/"+doc.ID)
	}
	return doc, err
}

// waits says why a step cannot be taken yet, or by this actor, or any more; nil if it can.
func (s *Service) waits(ctx context.Context, by policy.Actor, a *Application, do Step) error {
	const op = "application.waits"
	clock := s.Resolve(a.Clock)
	late := clock.Late(s.Now())
	switch {
	case do == StepSubmit && a.State == Draft:
		if _, err := s.inWindow(ctx, a.Year); err != nil {
			return err
		}
	case do == StepSubmit && late:
		return fault.New(op, fault.Conflict, "补正的期限到"+clock.Due.Chinese()+"为止，已经过了")
	case do == StepLapse && !clock.Resolved():
		return fault.New(op, fault.Conflict, "补正期限那一年的放假安排还没有装载，期满的日子还算不出")
	case do == StepLapse && !late:
		return fault.New(op, fault.Conflict, "企业补正的期限到"+clock.Due.Chinese()+"才满")
	case do == StepFree && a.Held == nil:
		return fault.New(op, fault.Conflict, "联审没有限制这份申报")
	}
	if do != StepAgree && do != StepHold && do != StepFree {
		return nil
	}
	if s.Settled != nil {
		settled, err := s.Settled(ctx, a.Year)
		if err == nil && settled {
			err = fault.New(op, fault.Conflict, a.YearName+"的星级已经公布，不能再改联审的结果")
		}
		if err != nil {
			return err
		}
	}
	return policy.Separate(by, policy.PartCheck, a.signers())
}

// step does what a step means.
func (s *Service) step(ctx context.Context, by policy.Actor, at casework.At, a *Application, do Step, in casework.Input, minutes *files.Stored) error {
	switch do {
	case StepSubmit:
		return s.submit(ctx, by, at, a, in)
	case StepAgree:
		return s.agree(ctx, by, at.ID, a, in, minutes)
	case StepHold:
		return s.hold(ctx, by, at.ID, a, in, minutes)
	case StepFree, StepLapse, StepWithdraw:
		f := s.Check()
		f.Text("text", "理由", &in.Text, leastWords, maxWords)
		if a.Reason = in.Text; do == StepFree {
			a.Held = nil
		}
		return f.Err()
	}
	return fault.New("application.step", fault.Internal, "没有这一步："+string(do))
}

// submit hands it in with its pledge. Fields text (what was completed; only then), paper or current.
func (s *Service) submit(ctx context.Context, by policy.Actor, at casework.At, a *Application, in casework.Input) error {
	pledge := casework.Paper{Day: s.Today(), By: by.ID}
	if a.State == Completing {
		f := s.Check()
		f.Text("text", "补正说明", &in.Text, leastWords, maxWords)
		if err := f.Err(); err != nil {
			return err
		}
		pledge.Text = in.Text
	}
	if in.Upload == nil {
		if in.Password == "" {
			return fault.InvalidFields("application.submit", fault.Field{Name: "current", Message: "请输入登录密码签承诺书，或者上传签字盖章的承诺书"})
		}
		if err := s.Persons.Reauthenticate(ctx, by, in.Password); err != nil {
			return err
		}
	} else {
		file, err := s.Keep(ctx, by, policy.ApplyStar, in.Upload, "")
		if err != nil {
			return err
		}
		pledge.File = &file
	}
	a.Pledges = append(slices.Clone(a.Pledges), pledge)
	var err error
	if a.Approval, err = s.Approvals().Open(by, Chain, casework.Subject(caseKind, at), a.Approval, a.says()); err != nil {
		return err
	}
	a.Reason = ""
	return s.clock(a)
}

// clock starts the clock of the level that has to decide.
func (s *Service) clock(a *Application) (err error) {
	a.Clock, err = s.Deadlines(s.Terms.file.Levels[min(int(a.Approval.Level), s.Terms.Levels()-1)], s.Today())
	return err
}

// Sign gives the opinion of the actor's level, or looks at a signed paper a second time, with the password again. Returns Forbidden with the rule for whom it does not wait and for who signed at another level, Invalid
// (current, reason), Conflict if it does not wait for an opinion, was changed, was returned before, or somebody was quicker.
func (s *Service) Sign(ctx context.Context, by policy.Actor, at casework.At, sign policy.Sign, password string) (store.Doc[Application], error) {
	return s.sign(ctx, by, at, casework.Signature{Sign: sign, Password: password})
}

// SignOnPaper records an opinion that was signed on paper; it counts once another person has looked at the scan. Returns as Sign, and Invalid for refused fields (paper, signer, signed_on).
func (s *Service) SignOnPaper(ctx context.Context, by policy.Actor, at casework.At, in policy.OnPaper, password string) (store.Doc[Application], error) {
	return s.sign(ctx, by, at, casework.Signature{Paper: &in, Password: password})
}

// Waiting are the applications for which the actor can give an opinion now, what is due first on top. Returns Forbidden without ReadApplication.
func (s *Service) Waiting(ctx context.Context, by policy.Actor) (out []store.Doc[Application], err error) {
	all, err := s.All(ctx, by, store.Query{Index: casework.ByWork}, func(a *Application) bool { return a.State == Reviewing })
	return slices.DeleteFunc(all, func(d store.Doc[Application]) bool { return !s.Can(ctx, by, &d.State, StepSign) }), err
}

// maxAtOnce is how many applications one opinion is given to at once.
const maxAtOnce = 200

// AgreeAll gives the same opinion, to agree, to several applications as they were seen, with the password once, and returns to how many; those before a refused one keep theirs. Returns Invalid (current, reason, chosen), and what Sign returns,
// with the compound that it is about.
func (s *Service) AgreeAll(ctx context.Context, by policy.Actor, seen []casework.At, reason, password string) (int, error) {
	const op = "application.AgreeAll"
	if err := s.Guard.Require(by, policy.SignApproval); err != nil {
		return 0, err
	}
	f := s.Check()
	if n := len(seen); n < 1 || n > maxAtOnce {
		f.Fail("chosen", "请选择 1 至 %d 份申报，现在选了 %d 份", maxAtOnce, n)
	}
	f.Text("reason", "意见和理由", &reason, 2, maxWords)
	if err := f.Err(); err != nil {
		return 0, err
	}
	if err := s.Persons.Reauthenticate(ctx, by, password); err != nil {
		return 0, err
	}
	for n, at := range seen {
		doc, err := s.One(ctx, by, at.ID)
		if err == nil && doc.State.Approval == nil {
			err = fault.New(op, fault.Conflict, word+"还没有提交")
		}
		if err == nil {
			_, err = s.sign(ctx, by, at, casework.Signature{Sign: policy.Sign{Move: policy.MoveAgree, Reason: reason, SubjectHash: doc.State.Approval.SubjectHash}, Asked: true})
		}
		if err != nil {
			return n, fault.Wrap(op, fault.KindOf(err), fmt.Sprintf("已签 %d 份；%s没有签：%s", n, doc.State.Name, fault.MessageOf(err)), err)
		}
	}
	return len(seen), nil
}

func (s *Service) sign(ctx context.Context, by policy.Actor, at casework.At, in casework.Signature) (store.Doc[Application], error) {
	const op = "application.Sign"
	on := func(a *Application) (*policy.Approval, error) {
		if _, err := a.next(StepSign); err != nil {
			return nil, err
		}
		switch {
		case in.Sign.Move == policy.MoveAgree && in.Paper == nil && in.Sign.Reason == "":
			return nil, fault.InvalidFields(op, fault.Field{Name: "reason", Message: "请写明意见和理由"})
		case in.Sign.Move == policy.MoveReturn && a.Returned:
			return nil, fault.New(op, fault.Conflict, "这份申报已经退回补正过一次，不能再退回，请写明同意或者不同意")
		}
		return a.Approval, nil
	}
	return s.Cases.Sign(ctx, by, at, StepSign.Title(), in, on, func(a *Application, next policy.Approval) (err error) {
		level := a.Approval.Level
		a.Approval, a.Last = &next, StepSign
		switch next.State {
		case policy.ApprovalApproved:
			a.Last, a.Clock = StepPass, calendar.Deadline{}
		case policy.ApprovalRefused:
			a.Last, a.Clock = StepReject, calendar.Deadline{}
		case policy.ApprovalReturned:
			a.Last, a.Returned = StepReturn, true
			a.Clock, err = s.Deadlines(s.Terms.file.Completion, s.Today())
		default:
			if next.Level != level {
				err = s.clock(a)
			}
		}
		if err != nil {
			return err
		}
		a.State, err = a.next(a.Last)
		return err
	})
}

// Can reports whether the actor may do a step now, as far as state, clocks and rights say; what the form must hold is told by Do.
func (s *Service) Can(ctx context.Context, by policy.Actor, a *Application, do Step) bool {
	if _, err := a.next(do); err != nil {
		return false
	}
	switch do {
	case StepSign:
		return s.Approvals().MaySign(ctx, by, a.Approval, a.Keys, a.Opened)
	case StepDraft, StepReturn, StepReject, StepPass:
		return false
	}
	return s.Guard.Allow(by, do.Action()) && s.waits(ctx, by, a, do) == nil
}

// Filter narrows a list; what is zero does not narrow.
type Filter struct {
	// Text is looked for in the names of project, firm and place; Project and Firm are ids, Year an id, Level the name of a level.
	Text, Project, Firm, Year, Level string
	State                            State
}

// List returns a page of applications, the latest first, or with due what is due first. Returns Forbidden without ReadApplication.
func (s *Service) List(ctx context.Context, by policy.Actor, w Filter, due bool, after string) (store.Page[Application], error) {
	return s.Page(ctx, by, casework.ListQuery(due, after), func(a *Application) bool {
		said := registry.Finds(a.Name, w.Text) || registry.Finds(a.FirmName, w.Text) || casework.Says(w.Text, a.Place)
		return said && (w.State == "" || a.State == w.State) && (w.Year == "" || a.Year == w.Year) && (w.Level == "" || a.State == Reviewing && a.Level() == w.Level) &&
			(w.Project == "" || a.Project == w.Project) && (w.Firm == "" || a.Firm == w.Firm)
	})
}

// Dues are the clocks of the years whose window runs: of the firms that have not applied for a compound, of the levels that have to give their opinion, and of the firms that have to complete. It asks for no right: for reminders.
func (s *Service) Dues(ctx context.Context) ([]casework.Due, error) {
	out, err := s.Cases.Dues(ctx, casework.ByWork, policy.County, func(a *Application) *casework.Case { return &a.Case }, func(a *Application) (string, bool, casework.Acts) {
		about := a.Name + "的" + a.YearName + "星级申报，"
		switch a.State {
		case Reviewing:
			return about + a.Level(), false, func(ctx context.Context, by policy.Actor) (bool, error) {
				return s.Approvals().MaySign(ctx, by, a.Approval, a.Keys, a.Opened), nil
			}
		case Completing:
			return about + "企业补正", false, s.Acting(policy.ApplyStar, a)
		case Draft:
			return about + "企业签承诺书并提交", true, s.Acting(policy.ApplyStar, a)
		}
		return "", false, nil
	})
	if err != nil {
		return nil, err
	}
	running, err := s.Running(ctx)
	for _, r := range running {
		if err == nil {
			err = s.unapplied(ctx, r.Year, func(string) bool { return true }, func(p registry.Place) {
				out = append(out, casework.Due{Project: p.Project, Item: "star-call/" + r.Year, Name: p.Name, What: p.Name + "申报" + r.Name + "星级，企业", Until: r.Window, May: true, Acts: func(ctx context.Context, by policy.Actor) (bool, error) {
					if !s.Guard.Allow(by, policy.ApplyStar) {
						return false, nil
					}
					scope, err := s.Guard.Scope(ctx, by, policy.ApplyStar)
					return err == nil && scope.Covers(p.Keys(), s.Today()), err
				}})
			})
		}
	}
	return out, err
}

// Unapplied are the compounds that the actor's firm serves today and for which it has not applied in a year. Returns Forbidden without ApplyStar.
func (s *Service) Unapplied(ctx context.Context, by policy.Actor, year string) ([]registry.Place, error) {
	scope, err := s.Scope(ctx, by, policy.ApplyStar)
	if err != nil {
		return nil, err
	}
	var out []registry.Place
	err = s.unapplied(ctx, year, func(firm string) bool { return slices.Contains(scope.Keys(), policy.FirmKey(firm)) }, func(p registry.Place) { out = append(out, p) })
	return out, err
}

// unapplied yields the compounds that a firm serves today, of those firms that of keeps, and for which none has applied in a year.
func (s *Service) unapplied(ctx context.Context, year string, of func(firm string) bool, yield func(registry.Place)) error {
	return s.Register.EachHolding(ctx, s.Today(), func(h registry.Holding) error {
		if h.Firm == "" || !of(h.Firm) {
			return nil
		}
		switch _, err := s.DB.Claimed(ctx, claimed, claimKey(h.Project, year)); {
		case fault.Is(err, fault.NotFound):
			yield(h.Place)
		case err != nil:
			return err
		}
		return nil
	})
}
