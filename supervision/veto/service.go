package veto

import (
	"context"
	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// Config is what the cases need; everything is required.
type Config struct {
	casework.Desk
	// Places tells who held a project on a day, Terms what a veto can rest on.
	Places supervision.Places
	Terms  *casework.Grounds
}

// Service runs cases. Every call names the actor; a refused call writes nothing. It is safe for concurrent use.
type Service struct {
	Config
	*casework.Rulings[Veto, State, Step]
}

// Chain is the id of the way of approval of the joint review in approvals.yaml; an early end takes the same.
const Chain = "veto"

// The firm's periods of deadlines.yaml: to plead after the notice, and to object to the decision.
const (
	RuleHearing   = "rating.veto_hearing"
	RuleObjection = "rating.veto_objection"
)

const (
	caseKind = "veto"
	// documentClaim holds a document of a project for one case.
	documentClaim = "veto-document"
	// ruleAnswer is the period of an answer in deadlines.yaml.
	ruleAnswer = "rating.veto_answer"
)

// New opens the cases on a store.
func New(ctx context.Context, c Config) (*Service, error) {
	s := &Service{Config: c}
	var err error
	s.Rulings, err = casework.NewRulings(ctx, c.Desk, casework.RulingKind[Veto, State, Step]{Name: caseKind, Word: word, Read: policy.ReadVeto, Plead: policy.PleadVeto, Inside: []policy.Action{policy.HandleVeto, policy.HearVeto, policy.AnswerVeto},
		Ruling: func(v *Veto) *casework.Ruling { return &v.Ruling }, Stands: func(v *Veto) (*State, *Step) { return &v.State, &v.Last }, On: (*Veto).StateOn, Steps: steps,
		Chain: Chain, Hearing: RuleHearing, Objecting: RuleObjection, Answering: ruleAnswer, Document: "生效文书", Objection: "异议", Ruled: "一票否决认定", Papers: [2]string{"告知书", "认定书"},
		Says: (*Veto).says, Issued: func(v *Veto, day calendar.Date) { v.Until = day.AddMonths(int(v.Months)).Add(-1) }, Own: s.ease, Waits: s.eases, Signing: (*Veto).Signing, Signed: s.lift,
		More: func(v *Veto) []casework.Outgoing {
			if v.Lift == nil {
				return nil
			}
			return []casework.Outgoing{{Slot: string(StepEase), Title: "联审纪要", Paper: *v.Lift, Joint: true}}
		}})
	return s, err
}

// Opening is what a new case says.
type Opening struct {
	// Project is an id.
	Project string
	casework.Rests
}

// Open begins a case about the firm that held the project on the day on which its document took effect. Returns Forbidden without HandleVeto, NotFound outside the scope, Invalid for refused fields (project, ground, source, number, issuer,
// effective, text), Conflict if there is a case of this project on the document.
func (s *Service) Open(ctx context.Context, by policy.Actor, in Opening, idem *store.Idem) (store.Doc[Veto], error) {
	const op = "veto.Open"
	return s.Begin(ctx, by, policy.HandleVeto, StepDraft.Title(), idem, func(begun casework.New) (Veto, error) {
		why, source, err := s.Rests(s.Terms, &in.Rests)
		if err != nil {
			return Veto{}, err
		}
		place, err := s.Places.Place(ctx, in.Project, in.Effective)
		if err != nil {
			return Veto{}, err
		}
		if err := begun.Scope.Require(op, place.Keys(), in.Effective); err != nil {
			return Veto{}, err
		}
		if place.Firm == "" {
			return Veto{}, fault.InvalidFields(op, fault.Field{Name: "effective", Message: place.Name + "在" + in.Effective.Chinese() + "没有物业企业服务"})
		}
		err = s.DB.Claim(ctx, begun.Meta, documentClaim, in.Project+"/"+in.Number, caseKind+"/"+begun.ID)
		if fault.Is(err, fault.Conflict) {
			return Veto{}, fault.Wrap(op, fault.Conflict, place.Name+"已经凭这份文书立过案，请在一票否决列表里办理", err)
		}
		return Veto{Ruling: casework.Ruling{Case: casework.Case{Project: in.Project, Name: place.Name, Place: place.CommunityName, Keys: place.Keys(), Opened: in.Effective, By: by.ID}, Firm: place.Firm, FirmName: place.FirmName, Drafted: s.Today(),
			Document: casework.Paper{Number: in.Number, Day: in.Effective, Text: in.Text, By: by.ID}}, Ground: why.ID, GroundTitle: why.Title, Months: why.Months, Source: in.Source, SourceTitle: source, Issuer: in.Issuer, State: Draft, Last: StepDraft}, err
	})
}

// Do carries a step out as casework.Rulings does; a case that is given up gives up its document too.
func (s *Service) Do(ctx context.Context, by policy.Actor, at casework.At, do Step, in casework.Input) (store.Doc[Veto], error) {
	doc, err := s.Rulings.Do(ctx, by, at, do, in)
	if err == nil && doc.State.State == Withdrawn {
		err = s.DB.Release(ctx, store.Meta{By: by.ID, Action: string(do.Action()), Why: do.Title()}, documentClaim, doc.State.Project+"/"+doc.State.Document.Number, caseKind+"/"+doc.ID)
	}
	return doc, err
}

// eases says why an early end cannot be proposed yet; nil if it can.
func (s *Service) eases(v *Veto, do Step) error {
	if do == StepEase && v.Clock.Rule != "" && !v.Clock.Late(s.Now()) {
		return fault.New("veto.eases", fault.Conflict, "企业提出异议的期限到"+v.Clock.Due.Chinese()+"才满，异议成立的直接撤销，现在不能提请解除")
	}
	return nil
}

// ease proposes the early end. Fields as those of send; text is the reason.
func (s *Service) ease(ctx context.Context, by policy.Actor, at casework.At, v *Veto, do Step, in casework.Input) error {
	file, err := s.MinutesOf(ctx, by, at, do, v.From, &in)
	if err != nil {
		return err
	}
	v.Lift, v.Clock = &casework.Paper{Number: in.Number, Day: in.Day, Text: in.Text, File: &file, By: by.ID}, calendar.Deadline{}
	v.Lifting, err = s.Approvals().Open(by, Chain, casework.Subject(caseKind, at), nil, v.saysLift())
	return err
}

// lift puts what became of the approval of an early end into the case; false for another one.
func (s *Service) lift(v *Veto, next policy.Approval) (Step, bool) {
	if v.State != Easing {
		return StepSign, false
	}
	v.Lifting = &next
	switch next.State {
	case policy.ApprovalApproved:
		v.Until, v.Reason = s.Today().Add(-1), v.Lift.Text
		return StepLift, true
	case policy.ApprovalRefused, policy.ApprovalReturned:
		return StepKeep, true
	}
	return StepSign, true
}

// Filter narrows a list; what is zero does not narrow.
type Filter struct {
	// Text is looked for in the names of project and firm, in the place and in the numbers; Project and Firm are ids, State and Ground codes.
	Text, Project, Firm, Ground string
	State                       State
}

// List returns a page of cases, the latest document first, or with due what is due first. A firm sees those of which it has notice. Returns Forbidden without ReadVeto.
func (s *Service) List(ctx context.Context, by policy.Actor, w Filter, due bool, after string) (store.Page[Veto], error) {
	today := s.Today()
	return s.Page(ctx, by, casework.ListQuery(due, after), func(v *Veto) bool {
		numbers := v.Document.Number
		for _, p := range []*casework.Paper{v.Notice, v.Decision} {
			if p != nil {
				numbers += " " + p.Number
			}
		}
		said := registry.Finds(v.Name, w.Text) || registry.Finds(v.FirmName, w.Text) || casework.Says(w.Text, v.Place, v.GroundTitle, numbers)
		return said && (w.State == "" || v.StateOn(today) == w.State) && (w.Ground == "" || v.Ground == w.Ground) && (w.Project == "" || v.Project == w.Project) && (w.Firm == "" || v.Firm == w.Firm)
	})
}
