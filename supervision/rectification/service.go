package rectification

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// Firms knows the names of firms; registry.Register does.
type Firms interface {
	// FirmNames returns the names by id; one that does not exist is left out.
	FirmNames(ctx context.Context, ids []string) (map[string]string, error)
}

// Config is what the cases need; everything but the ledgers of the desk is required.
type Config struct {
	casework.Desk
	// Visits are what visits found, Inspections what inspections (行政检查) found, Firms the names of firms.
	Visits, Inspections supervision.Findings
	Firms               Firms
	// Remedy is the paragraph about remedies that an order carries, "" while the legal officer has not switched it on.
	Remedy string
}

// Service runs cases. Every call names the actor; a refused call writes nothing. It is safe for concurrent use.
type Service struct {
	Config
	*casework.Cases[Case]
	addresses *store.Collection[Address]
}

// Chain is the id of the way of approval of papers in approvals.yaml, ChainOrder that of an order.
const (
	Chain      = "rectification"
	ChainOrder = "rectification-order"
)

const (
	caseKind    = "rectification"
	addressKind = "service-address"
	// findingClaim holds the findings of a visit for one paper.
	findingClaim = "rectification-finding"
	// The periods of deadlines.yaml besides those of Periods.
	ruleLook = "rectification.recheck"
	ruleRung = "rectification.rung"
	// The bounds of texts in characters, and of what a case holds.
	maxWords  = 200
	maxNumber = 40
	maxRungs  = 20
	maxRounds = 10
	// maxMore is by how many days a period can be extended at most.
	maxMore = 30
)

// Address is the address at which a firm lets itself be served electronically (送达地址确认书).
type Address struct {
	// Firm is its id, Text the address as the firm confirmed it, Day the day of the confirmation, Paper its scan.
	Firm  string        `json:"firm" privacy:"public"`
	Text  string        `json:"text" privacy:"internal"`
	Day   calendar.Date `json:"day"`
	Paper files.Stored  `json:"paper"`
	// By is who entered it.
	By string `json:"by" privacy:"internal"`
}

// New opens the cases on a store.
func New(ctx context.Context, c Config) (*Service, error) {
	s := &Service{Config: c}
	var err error
	s.Cases, err = casework.NewCases(ctx, c.Desk, caseKind, "这件整改", policy.ReadRectification, func(c *Case) *casework.Case { return &c.Case }, func(c *Case) bool { return c.State.Final() })
	if err != nil {
		return nil, err
	}
	s.Sends((*Case).outgoing)
	s.Awaits((*Case).awaited)
	s.Shows = s.shows
	s.addresses, err = store.NewCollection(ctx, c.DB, store.Kind[Address]{Name: addressKind, Version: 1})
	return s, err
}

// groupKey names the findings of a visit that one paper holds.
func groupKey(visit string, kind supervision.PaperKind, to string) string {
	return visit + "/" + string(kind) + "/" + to
}

// Draft drafts a paper for the findings of a visit of one kind; for a transfer, to one authority. Returns Forbidden without HandleRectification or ReadVisit, NotFound outside the scope,
// Invalid (kind) for a kind of which the visit has no findings or that a visit cannot have, Conflict for a visit that does not count, for one without a firm to answer, and if the paper was drafted already.
func (s *Service) Draft(ctx context.Context, by policy.Actor, visit string, kind supervision.PaperKind, to string, idem *store.Idem) (store.Doc[Case], error) {
	const op = "rectification.Draft"
	return s.Begin(ctx, by, policy.HandleRectification, StepDraft.Title(), idem, func(begun casework.New) (Case, error) {
		found, err := s.found(ctx, by, visit)
		if err != nil {
			return Case{}, err
		}
		if err := begun.Scope.Require(op, found.Keys, found.Day); err != nil {
			return Case{}, err
		}
		c := Case{Case: casework.Case{Project: found.Project, Name: found.Name, Keys: found.Keys, Opened: found.Day, By: by.ID}, Firm: found.Firm, Drafted: s.Today(), Visit: visit, Sheet: found.Sheet, Series: found.Series, Formal: found.Formal, Kind: kind, To: to,
			State: Draft, Last: StepDraft}
		if kind == supervision.PaperOrder && !found.Formal {
			return Case{}, fault.InvalidFields(op, fault.Field{Name: "kind", Message: "走访评价不能责令；责令限期改正要由行政检查提出"})
		}
		for _, f := range found.Findings {
			if f.Kind == kind && f.To == to {
				c.Findings = append(c.Findings, Finding{Item: f.Item, Sentence: f.Sentence, Problem: f.Problem, Basis: f.Basis, Request: f.Request, Lost: f.Lost, Photos: f.Photos, Law: f.Law, Article: f.Article, Competence: f.Competence})
			}
		}
		if len(c.Findings) == 0 {
			return Case{}, fault.InvalidFields(op, fault.Field{Name: "kind", Message: "这次走访没有要写进这种文书的问题"})
		}
		if kind == supervision.PaperOrder && slices.ContainsFunc(c.Findings, func(f Finding) bool { return f.Law == "" || f.Article == "" || f.Competence == "" }) {
			return Case{}, fault.InvalidFields(op, fault.Field{Name: "kind", Message: "责令限期改正要写明法律法规、条款和本局的职权依据，事项清单里没有写全"})
		}
		if c.Firm == "" && kind != supervision.PaperTransfer {
			return Case{}, fault.New(op, fault.Conflict, found.Name+"在"+found.Day.Chinese()+"没有物业企业服务，没有可以送达的企业")
		}
		names, err := s.Firms.FirmNames(ctx, []string{c.Firm})
		if err != nil {
			return Case{}, err
		}
		c.FirmName = names[c.Firm]
		if err := s.repeats(ctx, &c); err != nil {
			return Case{}, err
		}
		err = s.DB.Claim(ctx, begun.Meta, findingClaim, groupKey(visit, kind, to), caseKind+"/"+begun.ID)
		if fault.Is(err, fault.Conflict) {
			return Case{}, fault.Wrap(op, fault.Conflict, "这次"+map[bool]string{false: "走访", true: "检查"}[found.Formal]+"的"+kind.Title()+"已经起草过，请在整改列表里办理", err)
		}
		return c, err
	})
}

// found is what a visit or an inspection found; to whom neither exists it is not found.
func (s *Service) found(ctx context.Context, by policy.Actor, id string) (supervision.Found, error) {
	found, err := s.Visits.Findings(ctx, by, id)
	if s.Inspections != nil && fault.Is(err, fault.NotFound) {
		return s.Inspections.Findings(ctx, by, id)
	}
	return found, err
}

// repeats counts, for each finding, the cases of the project with the same item within a year before the visit.
func (s *Service) repeats(ctx context.Context, c *Case) error {
	before, err := s.Of(ctx, c.Project)
	if err != nil {
		return err
	}
	since := c.Opened.AddMonths(-12)
	for i := range c.Findings {
		f := &c.Findings[i]
		for _, d := range before {
			o := &d.State
			if o.State != Withdrawn && o.Series == c.Series && o.Visit != c.Visit && o.Opened.Compare(since) > 0 && o.Opened.Compare(c.Opened) <= 0 && slices.ContainsFunc(o.Findings, func(e Finding) bool { return e.Item == f.Item }) {
				f.Before++
			}
		}
	}
	return nil
}

// AddressOf is the confirmed address of a firm, false if there is none. It asks for no right.
func (s *Service) AddressOf(ctx context.Context, firm string) (Address, bool, error) {
	if firm == "" {
		return Address{}, false, nil
	}
	doc, err := s.addresses.Load(ctx, firm)
	if fault.Is(err, fault.NotFound) {
		return Address{}, false, nil
	}
	return doc.State, err == nil, err
}

// ConfirmAddress keeps the confirmed address of the firm of a case; a later one takes the place of an earlier one. Fields text, day, paper. Returns Forbidden without HandleRectification, NotFound outside the scope,
// Invalid for refused fields, Conflict for a case without a firm.
func (s *Service) ConfirmAddress(ctx context.Context, by policy.Actor, id string, in casework.Input) error {
	const op = "rectification.ConfirmAddress"
	if err := s.Guard.Require(by, policy.HandleRectification); err != nil {
		return err
	}
	doc, err := s.One(ctx, by, id)
	if err != nil {
		return err
	}
	if doc.State.Firm == "" {
		return fault.New(op, fault.Conflict, "这件没有要送达的企业")
	}
	f := s.Check()
	f.Text("text", "送达地址", &in.Text, 4, maxWords)
	f.Past("day", "确认日期", in.Day, calendar.Date{})
	if err := f.Err(); err != nil {
		return err
	}
	paper, err := s.Keep(ctx, by, policy.HandleRectification, in.Upload, "请上传送达地址确认书")
	if err != nil {
		return err
	}
	head, err := s.addresses.Head(ctx, doc.State.Firm)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	meta := store.Meta{By: by.ID, Action: string(policy.HandleRectification), Why: "送达地址确认书"}
	_, err = s.addresses.Commit(ctx, meta, doc.State.Firm, head.Seq, Address{Firm: doc.State.Firm, Text: in.Text, Day: in.Day, Paper: paper, By: by.ID})
	return err
}

// Do carries a step out with what its form said. Returns Forbidden without the right of the step or for who must not do it, NotFound outside the scope, Invalid for refused fields (day, number, text, choice,
// paper), Conflict for a step that the state does not know, or if somebody was quicker. Signatures are Sign's, drafting is Draft's.
func (s *Service) Do(ctx context.Context, by policy.Actor, at casework.At, do Step, in casework.Input) (store.Doc[Case], error) {
	const op = "rectification.Do"
	if do.Action() == policy.SignApproval || slices.Contains([]Step{StepDraft, StepAnswered, StepFixed, StepFailed, StepHandOn}, do) {
		return store.Doc[Case]{}, fault.New(op, fault.Conflict, "这一步不能直接办理")
	}
	doc, err := s.Change(ctx, by, do.Action(), at, do.Title(), func(c *Case) error {
		if _, err := c.State.next(do); err != nil {
			return err
		}
		c.Last = do
		if err := s.step(ctx, by, at, c, do, in); err != nil {
			return err
		}
		next, err := c.State.next(c.Last)
		if err != nil {
			return err
		}
		if c.State = next; next.Final() || next == HandedOn {
			c.Clock, c.RungClock = calendar.Deadline{}, calendar.Deadline{}
		}
		if next.Final() {
			c.Closed = s.Today()
		}
		return nil
	})
	if err == nil && doc.State.State == Withdrawn {
		err = s.release(ctx, by, do.Action(), doc)
	}
	return doc, err
}

// release lets the findings of a paper that was not sent be drafted again.
func (s *Service) release(ctx context.Context, by policy.Actor, action policy.Action, doc store.Doc[Case]) error {
	c := &doc.State
	return s.DB.Release(ctx, store.Meta{By: by.ID, Action: string(action), Why: StepWithdraw.Title()}, findingClaim, groupKey(c.Visit, c.Kind, c.To), caseKind+"/"+doc.ID)
}

// step does what a step means; it may say that another step was taken in its place.
func (s *Service) step(ctx context.Context, by policy.Actor, at casework.At, c *Case, do Step, in casework.Input) error {
	switch do {
	case StepSend:
		return s.send(by, at, c, in)
	case StepServe, StepHandOver:
		return s.serve(ctx, by, at, c, do, in)
	case StepAnswer:
		return s.answer(ctx, by, c, in)
	case StepMore:
		return s.more(by, c, in)
	case StepGrant:
		return s.grant(c, in)
	case StepLook:
		return s.look(ctx, by, c, in)
	case StepAgain:
		return s.again(c)
	case StepRung:
		return s.rung(ctx, by, at, c, in)
	case StepOutcome:
		return s.outcome(ctx, by, c, in)
	case StepClose, StepWithdraw:
		if do == StepClose && c.State == Running && !c.Clock.Late(s.Now()) {
			return fault.New("rectification.step", fault.Conflict, "整改期限还没有过，不能办结")
		}
		f := s.Check()
		f.Text("text", "理由", &in.Text, 4, maxWords)
		c.Reason = in.Text
		return f.Err()
	}
	return fault.New("rectification.step", fault.Internal, "没有这一步："+string(do))
}

// send opens the approval. Field choice is the firm's period.
func (s *Service) send(by policy.Actor, at casework.At, c *Case, in casework.Input) error {
	if c.Kind != supervision.PaperTransfer {
		if !slices.ContainsFunc(Periods(), func(p registry.Choice) bool { return p.ID == in.Choice }) {
			return fault.InvalidFields("rectification.send", fault.Field{Name: "choice", Message: "请选择整改期限"})
		}
		c.Period = in.Choice
	}
	c.Reason = ""
	chain := Chain
	if c.Kind == supervision.PaperOrder {
		chain, c.Remedy = ChainOrder, s.Remedy
	}
	// What is signed: the paper as it goes out.
	said := struct {
		Project, Firm, Visit, To, Period, Remedy string
		Kind                                     supervision.PaperKind
		Findings                                 []Finding
	}{c.Project, c.Firm, c.Visit, c.To, c.Period, c.Remedy, c.Kind, c.Findings}
	var err error
	c.Approval, err = s.Approvals().Open(by, chain, casework.Subject(caseKind, at), c.Approval, said)
	return err
}

// serve delivers the paper. Fields number (of the paper), day, choice (means), paper (the receipt; not for electronic delivery).
func (s *Service) serve(ctx context.Context, by policy.Actor, at casework.At, c *Case, do Step, in casework.Input) error {
	const op = "rectification.serve"
	transfer := c.Kind == supervision.PaperTransfer
	if transfer != (do == StepHandOver) {
		return fault.New(op, fault.Conflict, c.Kind.Title()+"不能"+do.Title())
	}
	f := s.Check()
	f.Text("number", "文号", &in.Number, 2, maxNumber)
	f.Past("day", "送达日期", in.Day, c.Drafted)
	switch {
	case transfer:
	case !slices.ContainsFunc(Means(), func(m registry.Choice) bool { return m.ID == in.Choice }):
		f.Fail("choice", "请选择送达方式")
	case in.Choice == meansElectronic:
		_, has, err := s.AddressOf(ctx, c.Firm)
		if err != nil {
			return err
		}
		if !has {
			f.Fail("choice", "%s没有送达地址确认书，不能电子送达；先登记确认书，或者用送达回证", c.FirmName)
		}
	}
	of := casework.Bearing{Target: caseKind + "/" + at.ID, Slot: slotServed}
	if err := errors.Join(s.FreeNumber(ctx, f, &in.Number, of), f.Err()); err != nil {
		return err
	}
	paper := casework.Paper{Number: in.Number, Day: in.Day, Text: in.Choice, By: by.ID}
	if transfer || in.Choice != meansElectronic {
		file, err := s.Keep(ctx, by, policy.HandleRectification, in.Upload, "请上传送达回证或者回执")
		if err != nil {
			return err
		}
		paper.File = &file
	}
	err := s.TakeNumber(ctx, by, do, in.Number, of)
	if err != nil {
		return err
	}
	c.Served = &paper
	if transfer {
		return nil
	}
	c.Round = 1
	c.Clock, err = s.Deadlines(c.Period, in.Day)
	return err
}

// one is the finding that a form names, among those that wait.
func (c *Case) one(item string) (*Finding, error) {
	open := c.waiting()
	for i := range c.Findings {
		if c.Findings[i].Item == item && slices.ContainsFunc(open, func(f Finding) bool { return f.Item == item }) {
			return &c.Findings[i], nil
		}
	}
	return nil, fault.InvalidFields("rectification.one", fault.Field{Name: "choice", Message: "请选择是哪一项"})
}

// answer says what the firm did about a finding. Fields choice (item), text, paper (a photo). The last answer stops the firm's clock and starts the officer's.
func (s *Service) answer(ctx context.Context, by policy.Actor, c *Case, in casework.Input) error {
	c.Findings = slices.Clone(c.Findings)
	one, err := c.one(in.Choice)
	if err != nil {
		return err
	}
	f := s.Check()
	f.Text("text", "整改情况", &in.Text, 2, maxWords)
	if err := f.Err(); err != nil {
		return err
	}
	if in.Upload != nil && !in.Upload.Kind.Image() {
		return fault.InvalidFields("rectification.answer", fault.Field{Name: "paper", Message: "请上传照片（JPG 或 PNG）"})
	}
	photo, err := s.Keep(ctx, by, policy.AnswerRectification, in.Upload, "请上传整改后的照片")
	if err != nil {
		return err
	}
	one.Answer = &casework.Paper{Day: s.Today(), Text: in.Text, File: &photo, By: by.ID}
	if len(c.waiting()) > 0 {
		return nil
	}
	c.Last = StepAnswered
	c.Clock, err = s.Deadlines(ruleLook, s.Today())
	return err
}

// more asks for a longer period, once and before it has run. Fields day (until when), text (why).
func (s *Service) more(by policy.Actor, c *Case, in casework.Input) error {
	const op = "rectification.more"
	switch {
	case c.More != nil:
		return fault.New(op, fault.Conflict, "已经申请过一次延期，不能再申请")
	case c.Round > 1:
		return fault.New(op, fault.Conflict, "再次限期整改的不能延期")
	case !c.Clock.Resolved():
		return fault.New(op, fault.Conflict, "整改期限还没有定，不用申请延期")
	case c.Clock.Late(s.Now()):
		return fault.New(op, fault.Conflict, "整改期限"+c.Clock.Due.Chinese()+"已经过了，不能再申请延期")
	}
	f := s.Check()
	f.Text("text", "理由", &in.Text, 4, maxWords)
	if last := c.Clock.Due.Add(maxMore); in.Day.Compare(c.Clock.Due) <= 0 || in.Day.Compare(last) > 0 {
		f.Fail("day", "延期要在%s以后，最长到%s", c.Clock.Due.Chinese(), last.Chinese())
	}
	c.More = &Extension{Until: in.Day, Why: in.Text, Asked: s.Today(), By: by.ID}
	return f.Err()
}

// grant decides about the extension. Fields choice (yes or no), text (why).
func (s *Service) grant(c *Case, in casework.Input) error {
	const op = "rectification.grant"
	if c.More == nil || !c.More.Decided.IsZero() {
		return fault.New(op, fault.Conflict, "没有等答复的延期申请")
	}
	f := s.Check()
	if in.Choice != "yes" && in.Choice != "no" {
		f.Fail("choice", "请选择同意或者不同意")
	}
	f.Text("text", "理由", &in.Text, 2, maxWords)
	if err := f.Err(); err != nil {
		return err
	}
	more := *c.More
	more.Decided, more.Granted, more.Reason = s.Today(), in.Choice == "yes", in.Text
	if c.More = &more; more.Granted {
		c.Clock.Due = more.Until
		c.Clock.Basis += "；" + more.Decided.Chinese() + "同意延期"
	}
	return nil
}

// look says what the bureau saw of a finding. Fields choice (item:fixed or item:failed), text, paper (a photo, required for what is not put right). The last look decides.
func (s *Service) look(ctx context.Context, by policy.Actor, c *Case, in casework.Input) error {
	const op = "rectification.look"
	c.Findings = slices.Clone(c.Findings)
	item, result, _ := strings.Cut(in.Choice, ":")
	one, err := c.one(item)
	if err != nil || result != "fixed" && result != "failed" {
		return fault.InvalidFields(op, fault.Field{Name: "choice", Message: "请选择哪一项、是否已经整改"})
	}
	f := s.Check()
	f.Text("text", "复查情况", &in.Text, 2, maxWords)
	if in.Upload != nil && !in.Upload.Kind.Image() {
		f.Fail("paper", "请上传照片（JPG 或 PNG）")
	}
	if err := f.Err(); err != nil {
		return err
	}
	look := casework.Paper{Day: s.Today(), Text: in.Text, By: by.ID}
	if result == "failed" || in.Upload != nil {
		photo, err := s.Keep(ctx, by, policy.LookRectification, in.Upload, "没有整改的，请拍一张现在的照片")
		if err != nil {
			return err
		}
		look.File = &photo
	}
	if one.Look, one.Fixed = &look, result == "fixed"; !one.Fixed {
		one.Failed++
	}
	if len(c.waiting()) > 0 {
		return nil
	}
	c.Clock = calendar.Deadline{}
	if c.Last = StepFixed; len(c.Open()) > 0 {
		c.Last = StepFailed
	}
	return nil
}

// again gives the firm another period for what is not put right.
func (s *Service) again(c *Case) (err error) {
	if c.Round >= maxRounds {
		return fault.New("rectification.again", fault.Conflict, fmt.Sprintf("已经限期 %d 次，请移送或者办结", maxRounds))
	}
	c.Findings = slices.Clone(c.Findings)
	for i := range c.Findings {
		if f := &c.Findings[i]; !f.Fixed {
			f.Answer, f.Look = nil, nil
		}
	}
	c.Round++
	c.Clock, err = s.Deadlines(c.Period, s.Today())
	return err
}

// rung takes a rung of the ladder: the one proposed, or a lower one again. Fields choice (the rung), number, day, text, paper (its scan, required for a talk and for what is handed on).
func (s *Service) rung(ctx context.Context, by policy.Actor, at casework.At, c *Case, in casework.Input) error {
	const op = "rectification.rung"
	kind := RungKind(in.Choice)
	place := func(k RungKind) int {
		return slices.IndexFunc(RungKinds(), func(r registry.Choice) bool { return r.ID == string(k) })
	}
	proposed := c.Proposed(s.Now())
	switch {
	case proposed == "":
		return fault.New(op, fault.Conflict, "现在没有要升级的：期限没有过，或者上一步还在办理")
	case place(kind) < 0:
		return fault.InvalidFields(op, fault.Field{Name: "choice", Message: "请选择升级措施"})
	case place(kind) > place(proposed):
		return fault.InvalidFields(op, fault.Field{Name: "choice", Message: "按步骤办理：现在是" + registry.TextOf(RungKinds(), proposed) + "，还不能" + registry.TextOf(RungKinds(), kind)})
	case len(c.Rungs) >= maxRungs:
		return fault.New(op, fault.Conflict, fmt.Sprintf("升级措施已有 %d 条", maxRungs))
	}
	f := s.Check()
	f.Text("number", "文号", &in.Number, 0, maxNumber)
	f.Text("text", "内容", &in.Text, 2, maxWords)
	f.Past("day", "日期", in.Day, c.Served.Day)
	of := casework.Bearing{Target: caseKind + "/" + at.ID, Slot: rungSlot(len(c.Rungs))}
	if err := errors.Join(s.FreeNumber(ctx, f, &in.Number, of), f.Err()); err != nil {
		return err
	}
	paper := casework.Paper{Number: in.Number, Day: in.Day, Text: in.Text, By: by.ID}
	if kind == RungTalk || kind == RungHandOn || in.Upload != nil {
		file, err := s.Keep(ctx, by, policy.HandleRectification, in.Upload, "请上传约谈记录或者移送函回执")
		if err != nil {
			return err
		}
		paper.File = &file
	}
	if err := s.TakeNumber(ctx, by, StepRung, in.Number, of); err != nil {
		return err
	}
	c.Rungs = append(slices.Clone(c.Rungs), Rung{kind, paper})
	if kind == RungHandOn {
		c.Last = StepHandOn
		return nil
	}
	var err error
	c.RungClock, err = s.Deadlines(ruleRung, in.Day)
	return err
}

// outcome says what the other authority did. Fields day, text, number, paper (optional).
func (s *Service) outcome(ctx context.Context, by policy.Actor, c *Case, in casework.Input) error {
	f := s.Check()
	f.Text("number", "文号", &in.Number, 0, maxNumber)
	f.Text("text", "处理结果", &in.Text, 2, maxWords)
	f.Past("day", "日期", in.Day, c.Served.Day)
	if err := f.Err(); err != nil {
		return err
	}
	c.Outcome = &casework.Paper{Number: in.Number, Day: in.Day, Text: in.Text, By: by.ID}
	if in.Upload == nil {
		return nil
	}
	file, err := s.Keep(ctx, by, policy.HandleRectification, in.Upload, "")
	c.Outcome.File = &file
	return err
}

// Sign signs, returns or refuses at the actor's level, or looks at a signed paper a second time, with the password again. Returns Forbidden with the rule for whom it does not wait, Invalid (current, reason),
// Conflict if it does not wait for approval, was changed, or somebody was quicker.
func (s *Service) Sign(ctx context.Context, by policy.Actor, at casework.At, sign policy.Sign, password string) (store.Doc[Case], error) {
	return s.sign(ctx, by, at, casework.Signature{Sign: sign, Password: password})
}

// SignOnPaper records what somebody signed on paper; it counts once another person has looked at the scan. Returns as Sign, and Invalid for refused fields (paper, signer, signed_on).
func (s *Service) SignOnPaper(ctx context.Context, by policy.Actor, at casework.At, in policy.OnPaper, password string) (store.Doc[Case], error) {
	return s.sign(ctx, by, at, casework.Signature{Paper: &in, Password: password})
}

// sign carries a signature out.
func (s *Service) sign(ctx context.Context, by policy.Actor, at casework.At, in casework.Signature) (store.Doc[Case], error) {
	on := func(c *Case) (*policy.Approval, error) { _, err := c.State.next(StepSign); return c.Approval, err }
	doc, err := s.Cases.Sign(ctx, by, at, StepSign.Title(), in, on, func(c *Case, next policy.Approval) (err error) {
		c.Last, c.Approval = StepSign, &next
		switch next.State {
		case policy.ApprovalApproved:
			c.Last = StepApprove
		case policy.ApprovalRefused:
			c.Last, c.Closed = StepReject, s.Today()
		case policy.ApprovalReturned:
			c.Last = StepReturn
		}
		c.State, err = c.State.next(c.Last)
		return err
	})
	if err == nil && doc.State.State == Withdrawn {
		err = s.release(ctx, by, policy.SignApproval, doc)
	}
	return doc, err
}

// Can reports whether the actor may do a step now, as far as state and rights say; what the form must hold is told by Do.
func (s *Service) Can(ctx context.Context, by policy.Actor, c *Case, do Step) bool {
	if _, err := c.State.next(do); err != nil {
		return false
	}
	now := s.Now()
	switch do {
	case StepSign:
		return s.Approvals().MaySign(ctx, by, c.Approval, c.Keys, c.Opened)
	case StepReturn, StepReject, StepApprove, StepAnswered, StepFixed, StepFailed, StepHandOn:
		return false
	case StepServe, StepHandOver:
		return s.Guard.Allow(by, do.Action()) && (c.Kind == supervision.PaperTransfer) == (do == StepHandOver)
	case StepMore:
		return s.Guard.Allow(by, do.Action()) && c.More == nil && c.Round == 1 && c.Clock.Resolved() && !c.Clock.Late(now)
	case StepGrant:
		return s.Guard.Allow(by, do.Action()) && c.More != nil && c.More.Decided.IsZero()
	case StepRung:
		return s.Guard.Allow(by, do.Action()) && c.Proposed(now) != ""
	case StepClose:
		return s.Guard.Allow(by, do.Action()) && (c.State == Failed || c.Clock.Late(now))
	}
	return s.Guard.Allow(by, do.Action())
}

// Filter narrows a list; what is zero does not narrow.
type Filter struct {
	// Text is looked for in the names of project and firm, in the problems and in the numbers of the papers; State, Kind, Project and Firm are codes or ids.
	Text, Project, Firm string
	State               State
	Kind                supervision.PaperKind
}

// lets reports whether a case passes.
func (w Filter) lets(c *Case) bool {
	said := registry.Finds(c.Name, w.Text) || registry.Finds(c.FirmName, w.Text) || slices.ContainsFunc(c.Findings, func(f Finding) bool { return casework.Says(w.Text, f.Problem) }) ||
		c.Served != nil && casework.Says(w.Text, c.Served.Number) || slices.ContainsFunc(c.Rungs, func(r Rung) bool { return r.Paper.Number != "" && casework.Says(w.Text, r.Paper.Number) })
	return said && (w.State == "" || c.State == w.State) && (w.Kind == "" || c.Kind == w.Kind) && (w.Project == "" || c.Project == w.Project) && (w.Firm == "" || c.Firm == w.Firm)
}

// List returns a page of cases, the latest visit first, or with due what is due first. Who answers for a firm sees those that were delivered. Returns Forbidden without ReadRectification.
func (s *Service) List(ctx context.Context, by policy.Actor, w Filter, due bool, after string) (store.Page[Case], error) {
	return s.Page(ctx, by, casework.ListQuery(due, after), w.lets)
}

// shows tells which cases inside the scope exist for an actor: nobody outside the bureau sees a paper that was not delivered, and who scores a visit a second time (双评) none of its findings
// before his own visit is accepted.
func (s *Service) shows(ctx context.Context, by policy.Actor) (func(*Case) bool, error) {
	kept, err := s.Visits.Kept(ctx, by)
	undelivered := s.Guard.Allow(by, policy.HandleRectification) || s.Guard.Allow(by, policy.LookRectification) || s.Guard.Allow(by, policy.SignApproval) || !s.Guard.Allow(by, policy.AnswerRectification)
	return func(c *Case) bool { return (undelivered || c.Served != nil) && !kept[c.Visit] }, err
}
