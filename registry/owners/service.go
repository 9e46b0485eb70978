package owners

import (
	"context"
	"slices"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
)

// Register is what a founding looks up, and where its term is written; registry.Service answers.
type Register interface {
	// OneProject returns a project of the actor's scope. Returns Forbidden without ReadRegister, NotFound.
	OneProject(ctx context.Context, by policy.Actor, id string) (registry.ProjectRow, error)
	// Votes lists the votes of a project.
	Votes(ctx context.Context, by policy.Actor, project string) ([]registry.VoteRow, error)
	// SetBody writes a term. Returns Forbidden without WriteRegister, NotFound, Invalid, Conflict if seq is not the last change.
	SetBody(ctx context.Context, by policy.Actor, project string, seq int64, b registry.Body) error
	// AllProjects yields the projects of the actor's scope that the query finds, in its order.
	AllProjects(ctx context.Context, by policy.Actor, q registry.ProjectQuery, yield func(registry.ProjectRow) error) error
}

// Filings tells what was filed; *filing.Service does.
type Filings interface {
	// FiledOf lists the filings of a kind of a project that came in and were neither refused nor withdrawn; one without a number is not registered yet. Returns Forbidden without
	// ReadFiling.
	FiledOf(ctx context.Context, by policy.Actor, project, kind string) ([]registry.FiledRef, error)
}

// FilingKind is the kind of filing that both bodies stand on, in filings.yaml.
const FilingKind = "committee"

// Config is what the foundings need; everything is required.
type Config struct {
	// DB keeps them, Guard says who may do what, Now is the business clock.
	DB    *store.DB
	Guard *policy.Guard
	Now   func() time.Time
	// Register and Filings are looked up; Deadlines starts a deadline by its rule.
	Register  Register
	Filings   Filings
	Deadlines func(rule string, start calendar.Date) (calendar.Deadline, error)
}

// The deadlines of a founding.
const (
	meetingRule = "owners.first_meeting"
	qualifyRule = "owners.qualify"
	noticeRule  = "owners.candidates"
	fileRule    = "filing.committee"
)

// Service follows foundings. Every call names the actor; a refused call writes nothing.
type Service struct {
	Config
	*casework.Rows[Founding]
}

const (
	foundingKind = "owners-body"
	openClaim    = "owners-body-open"
	// byScope lists everything by the scope keys, byOpen what is open, by state.
	byScope = "scope"
	byOpen  = "open"
)

func document() casework.Kind[Founding] {
	keys := func(f *Founding) []string { return append([]string{policy.County}, f.Keys...) }
	stored := store.Kind[Founding]{Name: foundingKind, Version: 1, Indexes: []store.Index[Founding]{
		{Name: byScope, Keys: func(_ string, f *Founding) []string { return keys(f) }, Sort: func(_ string, f *Founding) string { return f.Group.On.String() }},
		{Name: byOpen, Keys: func(_ string, f *Founding) []string {
			if f.State.Final() {
				return nil
			}
			return keys(f)
		}, Sort: func(_ string, f *Founding) string { return f.Clock().Due.String() }},
	}}
	return casework.Kind[Founding]{Kind: stored, Word: "这次组建", Read: policy.ReadRegister, Row: func(f *Founding) casework.Row { return casework.Row{Keys: f.Keys, Day: f.Day, State: f.State.Title()} }}
}

// New opens the foundings.
func New(ctx context.Context, c Config) (*Service, error) {
	rows, err := casework.NewRows(ctx, c.DB, c.Guard, document())
	return &Service{c, rows}, err
}

func (s *Service) today() calendar.Date { return calendar.DateOf(s.Now()) }

// Open enters the preparatory group of a body and returns the founding. Returns Forbidden without PrepareBody, NotFound outside the scope, Invalid for refused fields (kind, on, members, owners,
// party), Conflict if a founding of the project is open, or for a 物管会 where a committee is in office.
func (s *Service) Open(ctx context.Context, by policy.Actor, project string, kind registry.BodyKind, g Group, idem *store.Idem) (store.Doc[Founding], error) {
	const op = "owners.Open"
	return s.Begin(ctx, by, policy.PrepareBody, string(StepOpen), idem, func(begun casework.New) (Founding, error) {
		p, err := s.Register.OneProject(ctx, by, project)
		if err != nil {
			return Founding{}, err
		}
		if err := begun.Scope.Require(op, p.DutyKeys(), s.today()); err != nil {
			return Founding{}, err
		}
		if now := p.Project.BodyOn(s.today()); kind == registry.BodyManagement && now.Kind == registry.BodyCommittee {
			return Founding{}, fault.New(op, fault.Conflict, p.Name+"有在任的业委会，没有业委会的小区才组建物管会")
		}
		var b registry.Faults
		if kind != registry.BodyCommittee && kind != registry.BodyManagement {
			b.Add("kind", "请选择业委会或者物管会")
		}
		b.Past("on", "筹备组成立日期", g.On, calendar.Date{}, s.today())
		b.Count("members", "筹备组", "人", g.Members, 3, 31)
		b.Count("owners", "业主代表", "人", g.Owners, 0, max(0, g.Members))
		if g.Members%2 == 0 {
			b.Add("members", "筹备组是 %d 人，要是单数（《业主大会和业主委员会指导规则》第十条）", g.Members)
		}
		if g.Members > 0 && 2*g.Owners < g.Members {
			b.Add("owners", "业主代表 %d 人，不到筹备组 %d 人的一半（《业主大会和业主委员会指导规则》第十条）", g.Owners, g.Members)
		}
		b.Count("party", "党员", "人", g.Party, 0, max(0, g.Members))
		if err := b.Err(op); err != nil {
			return Founding{}, err
		}
		next := Founding{Project: project, ProjectName: p.Name, Kind: kind, Keys: p.Keys(), Day: s.today(), State: Preparing, Last: StepOpen, Group: g,
			Renewal: slices.ContainsFunc(p.Project.Bodies, func(term registry.Body) bool { return term.Kind == kind })}
		if next.Meeting, err = s.Deadlines(meetingRule, g.On); err != nil {
			return Founding{}, err
		}
		err = s.DB.Claim(ctx, begun.Meta, openClaim, project, foundingKind+"/"+begun.ID)
		if fault.Is(err, fault.Conflict) {
			err = fault.Wrap(op, fault.Conflict, p.Name+"已经有一次正在办理的组建或者换届，请先办完那一次", err)
		}
		return next, err
	})
}

// Propose hands the candidates to the party organisation of the community. Returns Invalid for refused fields (on, seats, all, party).
func (s *Service) Propose(ctx context.Context, by policy.Actor, at casework.At, in Candidates) (store.Doc[Founding], error) {
	return s.step(ctx, by, at, StepPropose, func(f *Founding, b *registry.Faults) (err error) {
		p, err := s.Register.OneProject(ctx, by, f.Project)
		if err != nil {
			return err
		}
		least, most := seats(f.Kind, p.Households)
		b.Past("on", "报送日期", in.On, f.Group.On, s.today())
		b.Count("seats", f.BodyWord()+"应选", "人", in.Seats, least, most)
		if in.Seats%2 == 0 {
			b.Add("seats", "应选人数是 %d，要是单数", in.Seats)
		}
		b.Count("all", "候选人", "人", in.All, max(1, in.Seats), 99)
		b.Count("party", "党员候选人", "人", in.Party, 0, max(0, in.All))
		f.Candidates, f.Qualified, f.Notice, f.Ends, f.Objections, f.Reason = in, Count{}, Notice{}, calendar.Deadline{}, nil, ""
		f.Acts = []policy.Act{{Part: policy.PartMake, By: by.ID}}
		f.Qualify, err = s.Deadlines(qualifyRule, in.On)
		return err
	})
}

// Pass lets candidates stand. Returns Forbidden for who put them forward, Invalid for refused fields (on, all, party).
func (s *Service) Pass(ctx context.Context, by policy.Actor, at casework.At, in Count) (store.Doc[Founding], error) {
	return s.step(ctx, by, at, StepPass, func(f *Founding, b *registry.Faults) error {
		b.Past("on", "审查日期", in.On, f.Candidates.On, s.today())
		b.Count("all", "审查通过", "人", in.All, f.Candidates.Seats, f.Candidates.All)
		b.Count("party", "其中党员", "人", in.Party, 0, min(f.Candidates.Party, max(0, in.All)))
		f.Qualified = in
		return policy.Separate(by, policy.PartCheck, f.Acts)
	})
}

// Return gives the candidates back to the group with a reason. Returns Forbidden for who put them forward, Invalid for the reason.
func (s *Service) Return(ctx context.Context, by policy.Actor, at casework.At, reason string) (store.Doc[Founding], error) {
	return s.step(ctx, by, at, StepReturn, func(f *Founding, b *registry.Faults) error {
		b.Text("reason", "退回的理由", &reason, 2, 200)
		f.Reason = reason
		return policy.Separate(by, policy.PartCheck, f.Acts)
	})
}

// Publish begins the public notice of the candidates. Returns Invalid for refused fields (on, where).
func (s *Service) Publish(ctx context.Context, by policy.Actor, at casework.At, in Notice) (store.Doc[Founding], error) {
	return s.step(ctx, by, at, StepNotice, func(f *Founding, b *registry.Faults) (err error) {
		b.Past("on", "公示日期", in.On, f.Qualified.On, s.today())
		b.Text("where", "公示地点", &in.Where, 2, 60)
		f.Notice = in
		f.Ends, err = s.Deadlines(noticeRule, in.On)
		return err
	})
}

// maxObjections is how many objections a founding holds.
const maxObjections = 50

// Object records what was objected during the notice and how it was settled. Returns Invalid for refused fields (on, what, answer).
func (s *Service) Object(ctx context.Context, by policy.Actor, at casework.At, in Objection) (store.Doc[Founding], error) {
	return s.step(ctx, by, at, StepObject, func(f *Founding, b *registry.Faults) error {
		b.Past("on", "答复日期", in.On, f.Notice.On, s.today())
		b.Text("what", "异议", &in.What, 2, 200)
		b.Text("answer", "处理结果", &in.Answer, 2, 200)
		if len(f.Objections) >= maxObjections {
			b.Add("what", "异议已有 %d 条，不能再加", maxObjections)
		}
		f.Objections = append(slices.Clone(f.Objections), in)
		return nil
	})
}

// noticeOver is a Conflict while the notice of the candidates runs.
func (s *Service) noticeOver(f *Founding, day calendar.Date) error {
	const op = "owners.noticeOver"
	switch {
	case !f.Ends.Resolved():
		return fault.New(op, fault.Conflict, "候选人公示的期限暂时不能计算，请先载入当年的节假日安排")
	case day.Compare(f.Ends.Due) <= 0:
		return fault.New(op, fault.Conflict, "候选人公示到"+f.Ends.Due.Chinese()+"为止，"+day.Chinese()+"还在公示期内")
	}
	return nil
}

// electionOf finds the vote of an election that was held after the notice. Returns Conflict for one that was held before its end; a vote that is not there goes to b.
func (s *Service) electionOf(ctx context.Context, by policy.Actor, f *Founding, id string, b *registry.Faults) (registry.VoteRow, error) {
	votes, err := s.Register.Votes(ctx, by, f.Project)
	if err != nil {
		return registry.VoteRow{}, err
	}
	i := slices.IndexFunc(votes, func(v registry.VoteRow) bool { return v.ID == id })
	switch {
	case i < 0:
		b.Add("vote", "请选择选举的表决记录")
		return registry.VoteRow{}, nil
	case votes[i].Matter != registry.MatterElection:
		b.Add("vote", "这次表决的事项是“%s”，要是选举业主委员会的", registry.TextOf(registry.Matters(), votes[i].Matter))
		return registry.VoteRow{}, nil
	}
	return votes[i], s.noticeOver(f, votes[i].Held)
}

// Elect records the election of a committee. Returns Invalid for refused fields (vote, all, party), Conflict for a vote that did not carry or was held before the notice had ended.
func (s *Service) Elect(ctx context.Context, by policy.Actor, at casework.At, vote string, all, party int64) (store.Doc[Founding], error) {
	return s.step(ctx, by, at, StepVote, func(f *Founding, b *registry.Faults) error {
		v, err := s.electionOf(ctx, by, f, vote, b)
		if err != nil {
			return err
		}
		if v.ID != "" && !v.Check().Carried() {
			return fault.New("owners.Elect", fault.Conflict, "这次表决没有达到法定比例，请登记选举未通过，重新推选")
		}
		f.Vote = v.ID
		return s.choose(f, Count{v.Held, all, party}, b)
	})
}

// choose takes the members in.
func (s *Service) choose(f *Founding, in Count, b *registry.Faults) (err error) {
	b.Count("all", "当选", "人", in.All, f.Candidates.Seats/2+1, min(f.Candidates.Seats, f.Qualified.All))
	b.Count("party", "其中党员", "人", in.Party, 0, min(f.Qualified.Party, max(0, in.All)))
	f.Chosen = in
	f.FileBy, err = s.Deadlines(fileRule, in.On)
	return err
}

// Lose records an election that did not carry: the group begins anew. Returns Invalid (vote), Conflict for a vote that did carry.
func (s *Service) Lose(ctx context.Context, by policy.Actor, at casework.At, vote string) (store.Doc[Founding], error) {
	return s.step(ctx, by, at, StepLost, func(f *Founding, b *registry.Faults) error {
		v, err := s.electionOf(ctx, by, f, vote, b)
		if err == nil && v.ID != "" && v.Check().Carried() {
			err = fault.New("owners.Lose", fault.Conflict, "这次表决达到了法定比例，请登记选举结果")
		}
		f.Reason = v.Held.Chinese() + "的表决没有达到法定比例"
		return err
	})
}

// Name records who a 物管会 is made of, which is not elected. Returns Invalid for refused fields (on, all, party), Conflict before the notice has ended.
func (s *Service) Name(ctx context.Context, by policy.Actor, at casework.At, in Count) (store.Doc[Founding], error) {
	return s.step(ctx, by, at, StepName, func(f *Founding, b *registry.Faults) error {
		b.Past("on", "确定日期", in.On, f.Notice.On, s.today())
		if !in.On.IsZero() {
			if err := s.noticeOver(f, in.On); err != nil {
				return err
			}
		}
		return s.choose(f, in, b)
	})
}

// File ends a founding with its registered filing and writes the term into the register, so that it is in office there. Returns Forbidden without WriteRegister, Invalid for refused fields (filing,
// from, until), Conflict.
func (s *Service) File(ctx context.Context, by policy.Actor, at casework.At, filing string, days policy.Span) (store.Doc[Founding], error) {
	return s.step(ctx, by, at, StepFile, func(f *Founding, b *registry.Faults) error {
		const op = "owners.File"
		list, err := s.Filings.FiledOf(ctx, by, f.Project, FilingKind)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(r registry.FiledRef) bool { return r.ID == filing })
		switch {
		case i < 0 || list[i].Number == "":
			b.Add("filing", "请选择已经办结的业主委员会（物业管理委员会）备案")
		case list[i].Happened.Compare(f.Chosen.On) < 0:
			b.Add("filing", "%s备案的选举日期%s早于这次的%s，是以前一届的备案", list[i].Number, list[i].Happened.Chinese(), f.Chosen.On.Chinese())
		default:
			f.Filing, f.Number = list[i].ID, list[i].Number
		}
		last := days.From.AddMonths(12 * longestTerm(f.Kind)).Add(-1)
		switch {
		case days.From.IsZero():
			b.Add("from", "请填写任期起始日，例如 2026-10-19")
		case days.From.Compare(f.Chosen.On) < 0:
			b.Add("from", "任期起始日%s早于产生日期%s", days.From.Chinese(), f.Chosen.On.Chinese())
		case days.Until.IsZero():
			b.Add("until", "请填写任期届满日，例如 2031-10-18")
		case days.Until.Compare(days.From) < 0:
			b.Add("until", "任期届满日%s早于起始日%s", days.Until.Chinese(), days.From.Chinese())
		case days.Until.Compare(last) > 0:
			b.Add("until", "%s一届最长 %d 年，最晚到%s", f.BodyWord(), longestTerm(f.Kind), last.Chinese())
		}
		if err := b.Err(op); err != nil {
			return err
		}
		f.From = days.From
		return s.inOffice(ctx, by, f, registry.Body{Kind: f.Kind, Days: days, Members: f.Chosen.All, PartyMembers: f.Chosen.Party})
	})
}

// inOffice writes a term into the register before the founding itself is stored, so that one that says it is filed always has its term. A term that stands already, from a try that was cut
// off, is not written again.
func (s *Service) inOffice(ctx context.Context, by policy.Actor, f *Founding, term registry.Body) error {
	p, err := s.Register.OneProject(ctx, by, f.Project)
	if err != nil || slices.Contains(p.Project.Bodies, term) {
		return err
	}
	err = s.Register.SetBody(ctx, by, f.Project, p.Seq, term)
	if !fault.Is(err, fault.Invalid) {
		return err
	}
	// The names of the fields are those of the register's own form.
	fields := fault.FieldsOf(err)
	for i := range fields {
		switch fields[i].Name {
		case "body_until":
			fields[i].Name = "until"
		default:
			fields[i].Name = "from"
		}
	}
	return fault.InvalidFields("owners.inOffice", fields...)
}

// End gives a founding up with a reason. Returns Invalid for the reason.
func (s *Service) End(ctx context.Context, by policy.Actor, at casework.At, reason string) (store.Doc[Founding], error) {
	return s.step(ctx, by, at, StepEnd, func(f *Founding, b *registry.Faults) error {
		b.Text("reason", "终止的原因", &reason, 2, 200)
		f.Reason = reason
		return nil
	})
}

// step does a step of the table with what do makes of the founding. A final state gives the claim up.
func (s *Service) step(ctx context.Context, by policy.Actor, at casework.At, step Step, do func(*Founding, *registry.Faults) error) (store.Doc[Founding], error) {
	doc, err := s.Change(ctx, by, Needs(step), at, string(step), func(f *Founding) error {
		next, err := f.next(step)
		if err != nil {
			return err
		}
		var b registry.Faults
		if err := do(f, &b); err != nil {
			return err
		}
		f.State, f.Last = next, step
		return b.Err("owners.step")
	})
	if err != nil || !doc.State.State.Final() {
		return doc, err
	}
	return doc, s.DB.Release(ctx, store.Meta{By: by.ID, Action: string(Needs(step)), Why: string(step)}, openClaim, doc.State.Project, foundingKind+"/"+doc.ID)
}
