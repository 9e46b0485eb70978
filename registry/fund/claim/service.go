package claim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
)

// Estate is what claims ask of the register; registry.Register answers.
type Estate interface {
	// Place and Built return NotFound if there is no such project.
	Place(ctx context.Context, project string, on calendar.Date) (registry.Place, error)
	Built(ctx context.Context, project string) (registry.Project, error)
	// DeveloperName returns "" for an id that does not exist.
	DeveloperName(ctx context.Context, id string) (string, error)
}

// Defects knows the findings of handover inspections; handover.Service does.
type Defects interface {
	// Defect returns Conflict for a finding that cannot be claimed, NotFound for one that is not there.
	Defect(ctx context.Context, by policy.Actor, handover, finding string) (fund.Defect, error)
}

// Config is what the claims need.
type Config struct {
	fund.Desk
	// Estate is the register, Rules are the checked fund.yaml. Required.
	Estate Estate
	Rules  *Rules
	// Defects are the findings of handover inspections. Required.
	Defects Defects
}

// Service runs claims. Every call names the actor; a refused call writes nothing. It is safe for concurrent use.
type Service struct {
	Config
	*casework.Cases[Claim]
}

// The ids of the ways of approval in approvals.yaml.
const (
	// ChainClaim: a claim.
	ChainClaim = "fund-claim"
	// ChainUrgent: a claim whose work was done first because of danger.
	ChainUrgent = "fund-urgent"
)

const (
	claimKind = "fund-claim"
	// The periods of deadlines.yaml.
	ruleNotice    = "fund.warranty_notice"
	ruleUrge      = "fund.urge"
	ruleSite      = "fund.site_check"
	ruleUrgent    = "fund.urgent_sign"
	ruleShown     = "fund.use_shown"
	ruleReplenish = "fund.replenish"
	// The bounds of a claim's texts in characters, and of its dunning letters.
	maxWords = 200
	maxPlace = 60
	maxDuns  = 20
)

// New opens the claims on a store.
func New(ctx context.Context, c Config) (*Service, error) {
	cases, err := casework.NewCases(ctx, c.Desk.Desk, claimKind, word, policy.ReadClaim, func(c *Claim) *casework.Case { return &c.Case.Case }, func(c *Claim) bool { return c.State.Final() })
	if err != nil {
		return nil, err
	}
	cases.Sends((*Claim).outgoing)
	cases.Awaits((*Claim).awaited)
	return &Service{Config: c, Cases: cases}, nil
}

// dunSlot is the place of the nth dunning letter among what a claim sends out, from 0.
func dunSlot(n int) string { return string(StepDun) + strconv.Itoa(n+1) }

// outgoing are the letters of the bureau that went out. The warranty notice is the claimant's and has no number of the bureau.
func (c *Claim) outgoing() (out []casework.Outgoing) {
	add := func(slot, title string, p *casework.Paper) {
		if p != nil {
			out = append(out, casework.Outgoing{Slot: slot, Title: title, To: c.DeveloperName, Way: p.Text, Paper: *p})
		}
	}
	add(string(StepUrge), "督促通知书", c.Urge)
	add(string(StepAsk), "补存通知书", c.Ask)
	for i := range c.Dunned {
		add(dunSlot(i), "催缴函", &c.Dunned[i])
	}
	return out
}

// claimants are who may claim, in this order; the community only where there is no owners' body.
var claimants = []policy.Role{"owners_committee", "owner", "firm_manager", "project_manager", "community_worker", "community_secretary"}

// Opening is a claim as it is opened.
type Opening struct {
	// Project, Part (a code of the rules), Where and Defect say what is broken.
	Project, Part, Where, Defect string
	// Danger, if not empty, is why it cannot wait.
	Danger string
	// Completed and Delivered are the starts of the warranty.
	Completed, Delivered calendar.Date
	// Handover and Finding name the finding that it comes from, "" for none.
	Handover, Finding string
	// Photo shows the defect.
	Photo *files.Upload
	// Idem makes a retry safe.
	Idem *store.Idem
}

// Open opens a claim: the warranty notice can be printed. Returns Forbidden without ApplyClaim, NotFound outside the scope, Invalid for refused fields (part,
// where, defect, danger, completed, delivered, paper), Conflict for a lapsed warranty, naming both ends, for a community where there is an owners' body, naming who can
// claim, and for a finding that cannot be claimed.
func (s *Service) Open(ctx context.Context, by policy.Actor, in Opening) (store.Doc[Claim], error) {
	const op = "claim.Open"
	return s.Begin(ctx, by, policy.ApplyClaim, StepOpen.Title(), in.Idem, func(begun casework.New) (Claim, error) {
		place, built, err := s.project(ctx, begun.Scope, in.Project)
		if err != nil {
			return Claim{}, err
		}
		c := Claim{Case: s.Case(by, place), FirmName: place.FirmName, Part: in.Part, Where: in.Where, Defect: in.Defect, Danger: in.Danger, State: Draft, Last: StepOpen, Handover: in.Handover, Finding: in.Finding,
			Warranty: Warranty{Completed: in.Completed, Delivered: in.Delivered}}
		if c.Claimant, err = claimant(by, built, place, s.Today()); err != nil {
			return Claim{}, err
		}
		part, err := s.check(&c)
		if err != nil {
			return Claim{}, err
		}
		if c.Title = part.Title; in.Handover != "" {
			found, err := s.Defects.Defect(ctx, by, in.Handover, in.Finding)
			if err != nil {
				return Claim{}, err
			}
			if found.Project != in.Project {
				return Claim{}, fault.New(op, fault.Conflict, "这个查验问题不在"+place.Name)
			}
		}
		if c.Warranty, err = s.warranty(part, c.Warranty); err != nil {
			return Claim{}, err
		}
		if why := c.Warranty.Lapsed(part.Title, s.Today()); why != "" {
			return Claim{}, fault.New(op, fault.Conflict, why+"，不能使用保修金；可以申请使用住宅专项维修资金")
		}
		if c.DeveloperName, err = s.Estate.DeveloperName(ctx, place.Developer); err != nil {
			return Claim{}, err
		}
		photo, err := s.Keep(ctx, by, policy.ApplyClaim, in.Photo, "请上传看得出缺陷的照片")
		c.Photo = &photo
		return c, err
	})
}

// project is a project inside a scope with its register entry.
func (s *Service) project(ctx context.Context, scope policy.Scope, id string) (registry.Place, registry.Project, error) {
	place, err := s.Estate.Place(ctx, id, s.Today())
	if err != nil {
		return place, registry.Project{}, err
	}
	if err := scope.Require("claim.project", place.DutyKeys(), s.Today()); err != nil {
		return place, registry.Project{}, fault.Wrap("claim.project", fault.NotFound, "没有找到这个小区", err)
	}
	built, err := s.Estate.Built(ctx, id)
	return place, built, err
}

// claimant is the office in which somebody claims.
func claimant(by policy.Actor, built registry.Project, place registry.Place, today calendar.Date) (policy.Role, error) {
	i := slices.IndexFunc(claimants, by.Has)
	if i < 0 {
		return "", &fault.Error{Op: "claim.claimant", Kind: fault.Forbidden, Message: "由业委会（物管会）、业主或者物业企业提出", Rule: "保修金使用：申请人"}
	}
	body := built.BodyOn(today).Kind
	community := claimants[i] == "community_worker" || claimants[i] == "community_secretary"
	if community && (body == registry.BodyCommittee || body == registry.BodyManagement) {
		return "", fault.New("claim.claimant", fault.Conflict, place.Name+"有"+registry.TextOf(registry.BodyKinds(), body)+"，由它、业主或者物业企业提出；没有业委会、物管会的小区才由社区提出")
	}
	return claimants[i], nil
}

// check completes the texts of a claim and names what is wrong with them.
func (s *Service) check(c *Claim) (Part, error) {
	f := s.Check()
	part, err := s.Rules.Part(c.Part)
	for _, bad := range fault.FieldsOf(err) {
		f.Fail(bad.Name, "%s", bad.Message)
	}
	f.Text("where", "位置", &c.Where, 2, maxPlace)
	f.Text("defect", "缺陷情况", &c.Defect, 4, maxWords)
	f.Text("danger", "险情", &c.Danger, 0, maxWords)
	f.Past("completed", "竣工验收合格日期", c.Warranty.Completed, calendar.Date{})
	f.Past("delivered", "交付日期", c.Warranty.Delivered, calendar.Date{})
	if !c.Warranty.Delivered.IsZero() && c.Warranty.Delivered.Compare(c.Warranty.Completed) < 0 {
		f.Fail("delivered", "交付日期%s早于竣工验收合格日期%s", c.Warranty.Delivered.Chinese(), c.Warranty.Completed.Chinese())
	}
	return part, f.Err()
}

// warranty computes both ends.
func (s *Service) warranty(p Part, w Warranty) (Warranty, error) {
	for _, one := range []struct {
		start calendar.Date
		end   *calendar.Date
	}{{w.Completed, &w.UntilCompleted}, {w.Delivered, &w.UntilDelivered}} {
		if p.Rule == "" {
			*one.end = p.Season.end(one.start)
			continue
		}
		d, err := s.Deadlines(p.Rule, one.start)
		if err != nil {
			return w, err
		}
		*one.end = d.Due
	}
	return w, nil
}

// Prefill is what the form of a new claim can know: the days of the register, and the finding that it comes from. Returns NotFound outside the scope.
func (s *Service) Prefill(ctx context.Context, by policy.Actor, project, handover, finding string) (Opening, registry.Place, error) {
	out := Opening{Project: project, Handover: handover, Finding: finding}
	if handover != "" {
		d, err := s.Defects.Defect(ctx, by, handover, finding)
		if err != nil {
			return out, registry.Place{}, err
		}
		out.Project, out.Where, out.Defect = d.Project, strings.TrimSpace(d.Where), strings.TrimSpace(d.Name+" "+d.Text)
	}
	scope, err := s.Scope(ctx, by, policy.ApplyClaim)
	if err != nil {
		return out, registry.Place{}, err
	}
	place, built, err := s.project(ctx, scope, out.Project)
	if err != nil {
		return out, place, err
	}
	out.Delivered = built.Delivered
	for _, b := range built.StandingBuildings() {
		if !b.Completed.IsZero() && (out.Completed.IsZero() || b.Completed.Compare(out.Completed) < 0) {
			out.Completed = b.Completed
		}
	}
	return out, place, nil
}

// Do carries a step out with what its form said. Returns Forbidden without the right of the step or for who must not do it, NotFound outside the scope, Invalid
// for refused fields (day, amount, number, text, choice, paper), Conflict for a step that the state does not know, before a clock has run, without money, or if somebody was
// quicker. Signatures are Sign's, opening is Open's.
func (s *Service) Do(ctx context.Context, by policy.Actor, at casework.At, do Step, in casework.Input) (store.Doc[Claim], error) {
	action := do.Action()
	if do == StepRepaired && s.Guard.Allow(by, policy.HandleClaim) {
		action = policy.HandleClaim
	}
	if action == policy.SignApproval || do == StepOpen {
		return store.Doc[Claim]{}, fault.New("claim.Do", fault.Conflict, "签署要在审批里办理")
	}
	doc, err := s.Change(ctx, by, action, at, do.Title(), func(c *Claim) error {
		next, err := c.State.next(do)
		if err != nil {
			return err
		}
		if err := s.step(ctx, by, at, c, do, in); err != nil {
			return err
		}
		if next.Final() {
			c.Clock = calendar.Deadline{}
		}
		if next != c.State && c.waitingLetter() != nil {
			c.Letter = nil // there is nothing any more that it would be about
		}
		c.State, c.Last = next, do
		return nil
	})
	return s.freed(ctx, by, action, at.ID, doc, err)
}

// step does what a step means.
func (s *Service) step(ctx context.Context, by policy.Actor, at casework.At, c *Claim, do Step, in casework.Input) error {
	switch do {
	case StepAttach:
		return s.attach(ctx, by, c, in)
	case StepDeliver:
		return s.deliver(ctx, by, c, in)
	case StepAnswer:
		return s.answer(by, c, in)
	case StepLetter:
		return s.sendLetter(ctx, by, at, c)
	case StepUrge, StepAsk:
		return s.demand(ctx, by, at, c, do, in)
	case StepGone:
		return s.RecordGone(ctx, by, policy.HandleClaim, &c.Case, in)
	case StepFile:
		return s.file(ctx, c, in)
	case StepUrgent:
		return s.urgent(ctx, by, at, c, in)
	case StepCheck:
		return s.site(ctx, by, c, in)
	case StepSend:
		return s.send(by, at, c)
	case StepAccount:
		return s.account(ctx, by, c, in)
	case StepReview:
		return s.review(by, c, in)
	case StepPay:
		return s.pay(ctx, by, at, c, in)
	case StepBounce:
		c.Clock = calendar.Deadline{}
		return s.Bounced(ctx, by, at.ID, &c.Case, c.Where+c.Title+"维修款", in)
	case StepDun:
		return s.dun(ctx, by, at.ID, c, in)
	case StepSettle, StepWaive:
		return s.settle(ctx, c, do, at.ID)
	case StepRefuse, StepWithdraw, StepRepaired, StepRedo:
		if do == StepRedo {
			c.Cost, c.Shown, c.Reviewed, c.Clock = 0, nil, nil, calendar.Deadline{}
		}
		f := s.Check()
		f.Text("text", "理由", &in.Text, 4, maxWords)
		c.Reason = in.Text
		return f.Err()
	}
	return fault.New("claim.step", fault.Internal, "没有这一步："+string(do))
}

// attach puts a file in the place of a document. Field choice is the document.
func (s *Service) attach(ctx context.Context, by policy.Actor, c *Claim, in casework.Input) error {
	wanted, ok := s.Rules.document(in.Choice)
	if !ok {
		return fault.InvalidFields("claim.attach", fault.Field{Name: "choice", Message: "请选择这份文件是哪一项材料"})
	}
	file, err := s.Keep(ctx, by, policy.ApplyClaim, in.Upload, "请选择文件（PDF、JPG 或 PNG）")
	if err != nil {
		return err
	}
	c.Documents = append(slices.DeleteFunc(slices.Clone(c.Documents), func(d Document) bool { return d.ID == wanted.ID }), Document{wanted.ID, wanted.Title, file})
	return nil
}

// deliver starts the developer's clock. Fields number, day, text (how), paper (the proof of delivery).
func (s *Service) deliver(ctx context.Context, by policy.Actor, c *Claim, in casework.Input) error {
	f := s.Check()
	f.Text("number", "文书编号", &in.Number, 2, 40)
	f.Past("day", "送达日期", in.Day, c.Opened)
	f.Text("text", "送达方式", &in.Text, 2, maxPlace)
	if err := f.Err(); err != nil {
		return err
	}
	proof, err := s.Keep(ctx, by, policy.ApplyClaim, in.Upload, "请上传送达回证或者签收照片")
	if err != nil {
		return err
	}
	c.Notice = &casework.Paper{Number: in.Number, Day: in.Day, Text: in.Text, File: &proof, By: by.ID}
	c.Clock, err = s.Deadlines(ruleNotice, in.Day)
	return err
}

// answer keeps what the developer says. Field text.
func (s *Service) answer(by policy.Actor, c *Claim, in casework.Input) error {
	f := s.Check()
	f.Text("text", "答复", &in.Text, 4, maxWords)
	c.Answer = &casework.Paper{Day: s.Today(), Text: in.Text, By: by.ID}
	return f.Err()
}

// waits refuses what must wait for the clock.
func (s *Service) waits(c *Claim, what string) error {
	switch {
	case !c.Clock.Resolved():
		return fault.New("claim.waits", fault.Conflict, "期限那一年的放假安排还没有装载，现在不能"+what)
	case !c.Clock.Late(s.Now()):
		return fault.New("claim.waits", fault.Conflict, "期限到"+c.Clock.Due.Chinese()+"才满，现在不能"+what)
	}
	return nil
}

// demand gives the developer a paper of the bureau: the urging after the notice's clock, or the notice to replenish after the payment, with which the amount is due
// in the ledger. Fields number, day.
func (s *Service) demand(ctx context.Context, by policy.Actor, at casework.At, c *Claim, do Step, in casework.Input) error {
	before, rule := calendar.Date{}, ruleUrge
	if do == StepUrge {
		if err := s.waits(c, "督促"); err != nil {
			return err
		}
		before = c.Clock.Due
	} else {
		before, rule = c.Paid.Day, ruleReplenish
	}
	if err := c.goesOut(do); err != nil {
		return err
	}
	f := s.Check()
	f.Text("number", "文书编号", &in.Number, 2, 40)
	f.Past("day", "送达日期", in.Day, before)
	of := casework.Bearing{Target: claimKind + "/" + at.ID, Slot: string(do)}
	if err := errors.Join(s.FreeNumber(ctx, f, &in.Number, of), f.Err()); err != nil {
		return err
	}
	clock, err := s.Deadlines(rule, in.Day)
	if err != nil {
		return err
	}
	if err := s.TakeNumber(ctx, by, do, in.Number, of); err != nil {
		return err
	}
	c.Clock = clock
	paper := &casework.Paper{Number: in.Number, Day: in.Day, By: by.ID}
	if do == StepUrge {
		c.Urge = paper
		return nil
	}
	c.Ask = paper
	due := clock.Due
	if due.IsZero() {
		due = in.Day.Add(clock.N)
	}
	_, err = s.Fund.Replenish(ctx, fund.Order{By: by, Action: policy.HandleClaim, Project: c.Project, For: at.ID, Fen: c.Cost, Text: c.Title + "维修用去，应补存", Document: in.Number, Day: due})
	return err
}

// free is what the account of a project could hold for a repair now, in fen.
func (s *Service) free(ctx context.Context, project string) (int64, error) {
	ledger, err := s.Fund.Balance(ctx, project)
	return max(0, min(ledger.Balances.Free(), ledger.Balances.Deposit)), err
}

// file claims. Field amount. Returns Conflict also if the project has no money in the fund.
func (s *Service) file(ctx context.Context, c *Claim, in casework.Input) (err error) {
	const op = "claim.file"
	if c.Gone == nil {
		if c.State != Urged {
			return fault.New(op, fault.Conflict, "要先有保修通知书、督促通知书，两个期限都过了还没有修好，才能申请；建设单位已歇业、破产的，请物业管理股先登记")
		}
		if err := s.waits(c, "申请使用"); err != nil {
			return err
		}
	}
	f := s.Check()
	fund.CheckMoney(f, in.Fen)
	for _, w := range c.missing(s.Rules, WhenFile) {
		f.Fail("choice", "还缺“%s”", w.Title)
	}
	if err := f.Err(); err != nil {
		return err
	}
	switch free, err := s.free(ctx, c.Project); {
	case err != nil:
		return err
	case free == 0:
		return fault.New(op, fault.Conflict, c.Name+"没有可以使用的保修金；可以申请使用住宅专项维修资金")
	}
	c.Asked = in.Fen
	c.Clock, err = s.Deadlines(ruleSite, s.Today())
	return err
}

// granted checks what an officer found on site. Fields day, amount, text.
func (s *Service) granted(by policy.Actor, c *Claim, in casework.Input) error {
	f := s.Check()
	f.Past("day", "核查日期", in.Day, c.Opened)
	f.Text("text", "核查情况", &in.Text, 4, maxWords)
	fund.CheckMoney(f, in.Fen)
	if c.Asked > 0 && in.Fen > c.Asked {
		f.Fail("amount", "核定 %s 元，超过申请的 %s 元", fund.Yuan(in.Fen), fund.Yuan(c.Asked))
	}
	c.Granted, c.Checked = in.Fen, &casework.Paper{Day: in.Day, Text: in.Text, By: by.ID}
	return f.Err()
}

// site is the check on site. What it finds right must be there: else the last signature could not hold it.
func (s *Service) site(ctx context.Context, by policy.Actor, c *Claim, in casework.Input) error {
	if err := apart(by, c); err != nil {
		return err
	}
	free, err := s.free(ctx, c.Project)
	if err != nil {
		return err
	}
	c.Clock = calendar.Deadline{}
	if err := s.granted(by, c, in); err != nil || in.Fen <= free {
		return err
	}
	return fault.InvalidFields("claim.site", fault.Field{Name: "amount", Message: fmt.Sprintf("核定 %s 元，保修金只有 %s 元可用", fund.Yuan(in.Fen), fund.Yuan(free))})
}

// apart refuses the claimant: he does not handle his own claim.
func apart(by policy.Actor, c *Claim) error {
	return policy.Separate(by, policy.PartCheck, []policy.Act{{Part: policy.PartMake, By: c.By}})
}

// said is what everybody signs.
func (c *Claim) said() any {
	return []any{c.Project, c.Part, c.Where, c.Defect, c.Danger, c.Warranty, c.Notice, c.Urge, c.Gone, c.Asked, c.Checked, c.Granted}
}

// send sends a claim through its approval.
func (s *Service) send(by policy.Actor, at casework.At, c *Claim) (err error) {
	if err := apart(by, c); err != nil {
		return err
	}
	chain := ChainClaim
	if c.Danger != "" {
		chain = ChainUrgent
	}
	c.Reason = ""
	c.Approval, err = s.Approvals().Open(by, chain, casework.Subject(claimKind, at), c.Approval, c.said())
	return err
}

// urgent lets the work begin: the money is held at once, the second signature follows within its clock. Fields day, amount, text.
func (s *Service) urgent(ctx context.Context, by policy.Actor, at casework.At, c *Claim, in casework.Input) error {
	if c.Danger == "" {
		return fault.New("claim.urgent", fault.Conflict, "申请里没有写险情，不能紧急使用")
	}
	f := s.Check()
	for _, w := range c.missing(s.Rules, WhenUrgent) {
		f.Fail("choice", "还缺“%s”", w.Title)
	}
	if err := f.Err(); err != nil {
		return err
	}
	if err := s.granted(by, c, in); err != nil {
		return err
	}
	c.Asked = max(c.Asked, in.Fen)
	if err := s.send(by, at, c); err != nil {
		return err
	}
	clock, err := s.Deadlines(ruleUrgent, s.Today())
	if err != nil {
		return err
	}
	c.Clock = clock
	return s.hold(ctx, by, policy.HandleClaim, at.ID, c)
}

// hold holds the granted amount back.
func (s *Service) hold(ctx context.Context, by policy.Actor, action policy.Action, id string, c *Claim) error {
	_, err := s.Fund.HoldMoney(ctx, fund.Order{By: by, Action: action, Project: c.Project, For: id, Fen: c.Granted, Text: c.Where + c.Title + "维修预留"})
	return err
}

// release gives back what a claim holds, if it holds anything.
func (s *Service) release(ctx context.Context, by policy.Actor, action policy.Action, id string, c *Claim) error {
	ledger, err := s.Fund.Balance(ctx, c.Project)
	if err != nil || !slices.ContainsFunc(ledger.Holds, func(h fund.Hold) bool { return h.Claim == id }) {
		return err
	}
	_, err = s.Fund.ReleaseHold(ctx, fund.Order{By: by, Action: action, Project: c.Project, For: id, Text: c.Where + c.Title + "不再由保修金维修"})
	return err
}

// account shows the final account. Fields amount, day, text (where it hangs), paper (a photo of it).
func (s *Service) account(ctx context.Context, by policy.Actor, c *Claim, in casework.Input) error {
	f := s.Check()
	fund.CheckMoney(f, in.Fen)
	if in.Fen > c.Granted {
		f.Fail("amount", "决算 %s 元，超过批准预留的 %s 元；超出的部分由申请人另行解决", fund.Yuan(in.Fen), fund.Yuan(c.Granted))
	}
	f.Past("day", "公示第一天", in.Day, c.Opened)
	f.Text("text", "公示地点", &in.Text, 2, maxPlace)
	for _, w := range c.missing(s.Rules, WhenFile, WhenAccount) {
		f.Fail("choice", "还缺“%s”", w.Title)
	}
	if err := f.Err(); err != nil {
		return err
	}
	photo, err := s.Keep(ctx, by, policy.ApplyClaim, in.Upload, "请上传看得出地点的公示照片")
	if err != nil {
		return err
	}
	c.Cost, c.Reason, c.Shown = in.Fen, "", &casework.Paper{Day: in.Day, Text: in.Text, File: &photo, By: by.ID}
	c.Clock, err = s.Deadlines(ruleShown, in.Day)
	c.Shown.Until = c.Clock.Due
	return err
}

// review is the bureau's look at the final account, its documents and the finished work. Fields day, text.
func (s *Service) review(by policy.Actor, c *Claim, in casework.Input) error {
	if err := apart(by, c); err != nil {
		return err
	}
	if c.Reviewed != nil {
		return fault.New("claim.review", fault.Conflict, "决算已经在"+c.Reviewed.Day.Chinese()+"审核过；要改的请撤下决算重做")
	}
	f := s.Check()
	f.Past("day", "审核日期", in.Day, c.Shown.Day)
	f.Text("text", "审核情况", &in.Text, 4, maxWords)
	c.Reviewed = &casework.Paper{Day: in.Day, Text: in.Text, By: by.ID}
	return f.Err()
}

// pay pays the final account out of the hold. Fields number (of the voucher), paper (the bank's slip).
func (s *Service) pay(ctx context.Context, by policy.Actor, at casework.At, c *Claim, in casework.Input) error {
	if c.State != Bounced { // then the account was shown its days and reviewed before
		if err := s.waits(c, "支付，决算公示要满期"); err != nil {
			return err
		}
		if c.Reviewed == nil {
			return fault.New("claim.pay", fault.Conflict, "物业管理股还没有审核决算，审核以后才能支付")
		}
	}
	slip, err := s.PaySlip(ctx, by, policy.PayClaim, &c.Case, in, c.Checked, c.Reviewed)
	if err != nil {
		return err
	}
	if _, err := s.Fund.PayHold(ctx, fund.Order{By: by, Action: policy.PayClaim, Project: c.Project, For: at.ID, Fen: c.Cost, Text: c.Where + c.Title + "维修", Document: slip.Number, Paper: slip.File}); err != nil {
		return err
	}
	c.Clock, c.Paid = calendar.Deadline{}, &slip
	return nil
}

// owed is what the ledger still wants replenished for a claim, in fen; 0 before it was asked for. Without an id the amount is found by the number of its notice.
func (s *Service) owed(ctx context.Context, id string, c *Claim) (int64, error) {
	if c.Ask == nil {
		return 0, nil
	}
	ledger, err := s.Fund.Balance(ctx, c.Project)
	for _, d := range ledger.Dues {
		if d.Claim != "" && (d.Claim == id || id == "" && d.Document == c.Ask.Number) {
			return d.Open(), err
		}
	}
	return 0, err
}

// dun records a dunning letter, from the day after the period on, if the ledger still says what the letter does. Field number.
func (s *Service) dun(ctx context.Context, by policy.Actor, id string, c *Claim, in casework.Input) error {
	if err := s.waits(c, "催缴"); err != nil {
		return err
	}
	open, err := s.owed(ctx, id, c)
	if err != nil {
		return err
	}
	said := *c
	said.Owed = open
	if err := said.goesOut(StepDun); err != nil {
		return err
	}
	c.Letter = said.Letter
	f := s.Check()
	f.Text("number", "文书编号", &in.Number, 2, 40)
	if len(c.Dunned) >= maxDuns {
		f.Fail("number", "已经催缴 %d 次，请依法处理", maxDuns)
	}
	of := casework.Bearing{Target: claimKind + "/" + id, Slot: dunSlot(len(c.Dunned))}
	if err := errors.Join(s.FreeNumber(ctx, f, &in.Number, of), f.Err()); err != nil {
		return err
	}
	if err := s.TakeNumber(ctx, by, StepDun, in.Number, of); err != nil {
		return err
	}
	c.Dunned = append(slices.Clone(c.Dunned), casework.Paper{Number: in.Number, Day: s.Today(), By: by.ID})
	return nil
}

// settle closes a claim that was replenished, or that nobody is left to replenish.
func (s *Service) settle(ctx context.Context, c *Claim, do Step, id string) error {
	const op = "claim.settle"
	if do == StepWaive {
		if c.Gone == nil {
			return fault.New(op, fault.Conflict, "没有登记建设单位歇业、破产，不能免去补存")
		}
		return nil
	}
	open, err := s.owed(ctx, id, c)
	if err == nil && open > 0 {
		err = fault.New(op, fault.Conflict, fmt.Sprintf("还差 %s 元没有补存；到账后由出纳登记收款", fund.Yuan(open)))
	}
	return err
}
