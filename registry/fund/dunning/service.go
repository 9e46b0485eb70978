package dunning

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
)

// Estate says where a project lies and who built it; registry.Register answers.
type Estate interface {
	// Place returns NotFound if there is no such project.
	Place(ctx context.Context, project string, on calendar.Date) (registry.Place, error)
	// DeveloperName returns "" for an id that does not exist.
	DeveloperName(ctx context.Context, id string) (string, error)
}

// Config is what the cases need; everything is required.
type Config struct {
	fund.Desk
	// Estate is the register.
	Estate Estate
}

// Service runs the cases. Every call names the actor; a refused call writes nothing. It is safe for concurrent use.
type Service struct {
	Config
	*casework.Cases[Dunning]
}

const (
	dunningKind = "fund-dunning"
	// ruleDun is the period of deadlines.yaml.
	ruleDun = "fund.dun"
	// The bounds of a case's texts in characters, and of its letters.
	maxWords   = 200
	maxPlace   = 60
	maxLetters = 20
)

// New opens the cases on a store.
func New(ctx context.Context, c Config) (*Service, error) {
	cases, err := casework.NewCases(ctx, c.Desk.Desk, dunningKind, word, policy.ReadFund, func(d *Dunning) *casework.Case { return &d.Case }, func(d *Dunning) bool { return d.State.Final() })
	if err != nil {
		return nil, err
	}
	cases.Sends((*Dunning).outgoing)
	cases.Awaits((*Dunning).awaited)
	return &Service{Config: c, Cases: cases}, nil
}

// letterSlot is the place of the nth letter among what a case sends out, from 0.
func letterSlot(n int) string { return "letter" + strconv.Itoa(n+1) }

// outgoing are the letters that were delivered.
func (d *Dunning) outgoing() (out []casework.Outgoing) {
	for i, p := range d.Sent {
		out = append(out, casework.Outgoing{Slot: letterSlot(i), Title: "保修金催缴函", To: d.DeveloperName, Way: p.Text, Paper: p})
	}
	return out
}

// late is an amount of a ledger that is asked for here: late, by a rule. Returns NotFound for another id, Conflict if nothing of it is late, or if it is to be replenished.
func (s *Service) late(ledger fund.Ledger, due string) (fund.Due, error) {
	const op = "dunning.late"
	i := slices.IndexFunc(ledger.Dues, func(d fund.Due) bool { return d.ID == due && !d.Cancelled })
	if i < 0 {
		return fund.Due{}, fault.New(op, fault.NotFound, "没有找到这笔应缴")
	}
	switch d := ledger.Dues[i]; {
	case d.Claim != "":
		return d, fault.New(op, fault.Conflict, d.Phase+"是维修用去应补存的，在它的使用申请里催缴")
	case d.Open() <= 0:
		return d, fault.New(op, fault.Conflict, d.Phase+"已经缴清，不用催缴")
	case d.Age(s.Today()) <= 0:
		return d, fault.New(op, fault.Conflict, fmt.Sprintf("%s的缴存期限到%s，还没有过，不能催缴", d.Phase, d.Day.Chinese()))
	default:
		return d, nil
	}
}

// ask puts into a case what a letter of today would say of an amount.
func (s *Service) ask(d *Dunning, due fund.Due) {
	d.Asked, d.Fen = s.Today(), due.Open()
	d.Fee, d.Lines = due.LateFee(d.Asked)
}

// Open opens the case of an amount that is late. Returns Forbidden without AssessFund, NotFound outside the scope or for an unknown amount, Conflict if nothing of it is late, if it is to be replenished, or if a case runs for it.
func (s *Service) Open(ctx context.Context, by policy.Actor, project, due string, idem *store.Idem) (store.Doc[Dunning], error) {
	const op = "dunning.Open"
	return s.Begin(ctx, by, policy.AssessFund, StepOpen.Title(), idem, func(begun casework.New) (Dunning, error) {
		place, err := s.Estate.Place(ctx, project, s.Today())
		if err != nil {
			return Dunning{}, err
		}
		if err := begun.Scope.Require(op, place.DutyKeys(), s.Today()); err != nil {
			return Dunning{}, fault.Wrap(op, fault.NotFound, "没有找到这个小区", err)
		}
		ledger, err := s.Fund.Balance(ctx, project)
		if err != nil {
			return Dunning{}, err
		}
		found, err := s.late(ledger, due)
		if err != nil {
			return Dunning{}, err
		}
		running, err := s.running(ctx, project, due)
		if err != nil {
			return Dunning{}, err
		}
		if running {
			return Dunning{}, fault.New(op, fault.Conflict, found.Phase+"已经在催缴，请在那里接着办")
		}
		d := Dunning{Case: s.Case(by, place).Case, Developer: place.Developer, Due: due, Phase: found.Phase, Document: found.Document, Until: found.Day, State: Draft, Last: StepOpen}
		s.ask(&d, found)
		d.DeveloperName, err = s.Estate.DeveloperName(ctx, place.Developer)
		return d, err
	})
}

// running reports whether a case runs for an amount.
func (s *Service) running(ctx context.Context, project, due string) (bool, error) {
	cases, err := s.Of(ctx, project)
	return slices.ContainsFunc(cases, func(o store.Doc[Dunning]) bool { return o.State.Due == due && !o.State.State.Final() }), err
}

// Ready are the amounts of a ledger for which a case can be opened.
func (s *Service) Ready(ctx context.Context, project string, ledger fund.Ledger) ([]fund.Due, error) {
	var out []fund.Due
	for _, d := range ledger.Late(s.Today()) {
		if _, why := s.late(ledger, d.ID); why != nil {
			continue
		}
		running, err := s.running(ctx, project, d.ID)
		if err != nil {
			return nil, err
		}
		if !running {
			out = append(out, d)
		}
	}
	return out, nil
}

// Do carries a step out with what its form said. Returns Forbidden without the right of the step, NotFound outside the scope, Invalid for refused fields (number, day, text, paper), Conflict for a step that the state does not know,
// before a clock has run, for a letter that was not signed or says something else than the ledger, or if somebody was quicker. Signatures are Sign's, opening is Open's.
func (s *Service) Do(ctx context.Context, by policy.Actor, at casework.At, do Step, in casework.Input) (store.Doc[Dunning], error) {
	if do.Action() == policy.SignApproval || do == StepOpen {
		return store.Doc[Dunning]{}, fault.New("dunning.Do", fault.Conflict, "签署要在审批里办理")
	}
	return s.Change(ctx, by, do.Action(), at, do.Title(), func(d *Dunning) error {
		next, err := d.State.next(do)
		if err != nil {
			return err
		}
		if err := s.step(ctx, by, at, d, do, in); err != nil {
			return err
		}
		if next.Final() {
			d.Clock = calendar.Deadline{}
		}
		d.State, d.Last = next, do
		return nil
	})
}

// step does what a step means.
func (s *Service) step(ctx context.Context, by policy.Actor, at casework.At, d *Dunning, do Step, in casework.Input) error {
	if do == StepWithdraw {
		f := s.Check()
		f.Text("text", "理由", &in.Text, 4, maxWords)
		d.Reason = in.Text
		return f.Err()
	}
	due, why := s.dueOf(ctx, d)
	switch {
	case do == StepSettle && due.ID != "" && due.Open() == 0:
		return nil
	case do == StepSettle:
		return fault.New("dunning.step", fault.Conflict, fmt.Sprintf("账上还差 %s 元没有缴；到账后由出纳登记收款。这笔应缴已经冲正的，请撤回", fund.Yuan(due.Open())))
	case why != nil:
		return why
	case do == StepLetter:
		return s.send(by, at, d, due)
	}
	return s.deliver(ctx, by, at.ID, d, due, in)
}

// waits refuses the next letter before the period of the one before has run.
func (s *Service) waits(d *Dunning) error {
	switch {
	case d.State != Dunned:
		return nil
	case !d.Clock.Resolved():
		return fault.New("dunning.waits", fault.Conflict, "期限那一年的放假安排还没有装载，现在不能再次催缴")
	case !d.Clock.Late(s.Now()):
		return fault.New("dunning.waits", fault.Conflict, "上一份催缴通知书的期限到"+d.Clock.Due.Chinese()+"才满，现在不能再次催缴")
	case len(d.Sent) >= maxLetters:
		return fault.New("dunning.waits", fault.Conflict, fmt.Sprintf("已经催缴 %d 次，请依法处理", maxLetters))
	}
	return nil
}

// send sends the next letter through its approval, with what it says on the day.
func (s *Service) send(by policy.Actor, at casework.At, d *Dunning, due fund.Due) error {
	if err := s.waits(d); err != nil {
		return err
	}
	// Days alone make no other letter: only what the ledger says does.
	if said := d.says(); due.Open() == d.Fen || d.Signing() != nil && d.Signing().State == policy.ApprovalPending {
		if err := d.Letter.Unsent(string(StepDeliver), said); err != nil {
			return err
		}
	}
	s.ask(d, due)
	letter, err := s.SendNotice(by, casework.Subject(dunningKind, at), d.Letter, string(StepDeliver), d.says())
	if err == nil {
		d.Letter, d.Reason = letter, ""
	}
	return err
}

// deliver records that the letter was handed over, as it was signed, while the ledger still says it. Fields number, day, text (how), paper (the proof of delivery).
func (s *Service) deliver(ctx context.Context, by policy.Actor, id string, d *Dunning, due fund.Due, in casework.Input) error {
	said := *d
	said.Fen = due.Open()
	sent, err := d.Letter.Out(string(StepDeliver), "送达", said.says())
	if err != nil {
		return err
	}
	f := s.Check()
	f.Text("number", "文书编号", &in.Number, 2, 40)
	f.Past("day", "送达日期", in.Day, d.Asked)
	f.Text("text", "送达方式", &in.Text, 2, maxPlace)
	of := casework.Bearing{Target: dunningKind + "/" + id, Slot: letterSlot(len(d.Sent))}
	if err := errors.Join(s.FreeNumber(ctx, f, &in.Number, of), f.Err()); err != nil {
		return err
	}
	proof, err := s.Keep(ctx, by, policy.AssessFund, in.Upload, "请上传送达回证或者签收照片")
	if err != nil {
		return err
	}
	if err := s.TakeNumber(ctx, by, StepDeliver, in.Number, of); err != nil {
		return err
	}
	d.Letter, d.Sent = sent, append(slices.Clone(d.Sent), casework.Paper{Number: in.Number, Day: in.Day, Text: in.Text, File: &proof, By: by.ID})
	d.Clock, err = s.Deadlines(ruleDun, in.Day)
	return err
}

// Sign signs, returns or refuses the letter at the actor's level, or looks at a signed paper a second time, with the password again. Returns Forbidden with the rule for whom it does not wait, Invalid (current, reason), Conflict if no
// letter waits, it was changed, or somebody was quicker.
func (s *Service) Sign(ctx context.Context, by policy.Actor, at casework.At, sign policy.Sign, password string) (store.Doc[Dunning], error) {
	return s.sign(ctx, by, at, casework.Signature{Sign: sign, Password: password})
}

// SignOnPaper records what somebody signed on paper; it counts once another person has looked at the scan. Returns as Sign, and Invalid for refused fields (paper, signer, signed_on).
func (s *Service) SignOnPaper(ctx context.Context, by policy.Actor, at casework.At, in policy.OnPaper, password string) (store.Doc[Dunning], error) {
	return s.sign(ctx, by, at, casework.Signature{Paper: &in, Password: password})
}

// sign carries a signature out.
func (s *Service) sign(ctx context.Context, by policy.Actor, at casework.At, in casework.Signature) (store.Doc[Dunning], error) {
	on := func(d *Dunning) (*policy.Approval, error) {
		if _, err := d.State.next(StepSign); err != nil {
			return nil, err
		}
		if a := d.Signing(); a != nil {
			return a, nil
		}
		return nil, fault.New("dunning.Sign", fault.Conflict, "没有等待签署的文书")
	}
	return s.Cases.Sign(ctx, by, at, StepSign.Title(), in, on, func(d *Dunning, next policy.Approval) error {
		d.Last, d.Letter = StepSign, d.Letter.Signed(next)
		return nil
	})
}

// Can reports whether the actor may do a step now, as far as state and rights say; what the ledger and the form must hold is told by Do.
func (s *Service) Can(ctx context.Context, by policy.Actor, d *Dunning, do Step) bool {
	if _, err := d.State.next(do); err != nil {
		return false
	}
	switch do {
	case StepSign:
		return s.Approvals().MaySign(ctx, by, d.Signing(), d.Keys, d.Opened)
	case StepLetter:
		a := d.Signing()
		_, why := s.dueOf(ctx, d)
		return s.Guard.Allow(by, do.Action()) && why == nil && s.waits(d) == nil && (a == nil || a.State != policy.ApprovalPending) && !s.stands(ctx, d)
	case StepDeliver:
		return s.Guard.Allow(by, do.Action()) && s.stands(ctx, d)
	case StepSettle:
		due, _ := s.dueOf(ctx, d)
		return s.Guard.Allow(by, do.Action()) && due.ID != "" && due.Open() == 0
	}
	return s.Guard.Allow(by, do.Action())
}

// dueOf is the amount of a case as the ledger has it now; the error is what late says.
func (s *Service) dueOf(ctx context.Context, d *Dunning) (fund.Due, error) {
	ledger, err := s.Fund.Balance(ctx, d.Project)
	if err != nil {
		return fund.Due{}, err
	}
	return s.late(ledger, d.Due)
}

// stands reports whether the next letter was signed and the ledger still says what it says.
func (s *Service) stands(ctx context.Context, d *Dunning) bool {
	due, why := s.dueOf(ctx, d)
	return why == nil && due.Open() == d.Fen && d.Letter.Stands(string(StepDeliver), d.says())
}

// List returns a page of cases, the latest first, or with due what is due first; the text of a filter is looked for in name, place, developer and phase. Returns Forbidden without ReadFund.
func (s *Service) List(ctx context.Context, by policy.Actor, w casework.Filter, due bool, after string) (store.Page[Dunning], error) {
	return s.Page(ctx, by, casework.ListQuery(due, after), func(d *Dunning) bool {
		return w.Lets(&d.Case, string(d.State), d.Name, d.Place, d.DeveloperName, d.Phase)
	})
}

// Dunned are the letters that were delivered about amounts that are not settled, the earliest first, by project and amount with a slash between them. Returns Forbidden without ReadFund.
func (s *Service) Dunned(ctx context.Context, by policy.Actor) (map[string][]casework.Paper, error) {
	out := map[string][]casework.Paper{}
	for after := ""; ; {
		page, err := s.List(ctx, by, casework.Filter{State: string(Dunned)}, true, after)
		if err != nil {
			return nil, err
		}
		for _, d := range page.Docs {
			out[d.State.Project+"/"+d.State.Due] = d.State.Sent
		}
		if after = page.Next; after == "" {
			return out, nil
		}
	}
}
